// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What the whole-run benchmarks share: the cost of a run, and the stock hop they are held
 * against.
 *
 * CPU time of this process; allocations are calls of operator new, in ns-3's libraries too.
 */
#ifndef WEFT_BENCH_WHOLE_RUN_H
#define WEFT_BENCH_WHOLE_RUN_H

#include <cstdint>
#include <string>
#include <vector>

namespace weft::bench
{

inline constexpr int COUNT = 20000;
inline constexpr std::uint32_t PAYLOAD_BYTES = 1200;
inline constexpr std::int64_t GAP_NS = 12000;
inline constexpr int SHORT_CHAIN = 2;
inline constexpr int LONG_CHAIN = 10;
inline constexpr int WHOLE_PATH = 8;
inline constexpr int ROUNDS = 7;

/// What one run cost.
struct Cost
{
    double ns = 0;
    double allocations = 0;
    double delivered = 0;
};

/// @return CPU time of this process, ns
double CpuNs();

/// Makes the simulator use a scheduler, e.g. "MapScheduler".
void SetScheduler(const std::string& scheduler);

/**
 * Runs what was set up, which sends COUNT packets GAP_NS apart from @p startNs on. The first tenth
 * of them is left out, so that vectors and pools have grown. Destroys the simulation.
 *
 * @param delivered where the set-up counts what arrives
 */
Cost Measure(const double& delivered, std::int64_t startNs = 0);

/// A chain of stock nodes: PointToPointNetDevice, default queue disc, Ipv4L3Protocol.
Cost StockChain(int hops, const std::string& scheduler);

/// @return the median
double Median(std::vector<double> values);

/// Cost per packet and hop between two chain lengths, so that source and sink cancel.
template <typename Chain>
Cost
Slope(Chain chain)
{
    const Cost a = chain(SHORT_CHAIN);
    const Cost b = chain(LONG_CHAIN);
    const double crossings = (LONG_CHAIN - SHORT_CHAIN) * COUNT * 0.9;
    return {(b.ns - a.ns) / crossings, (b.allocations - a.allocations) / crossings, b.delivered};
}

} // namespace weft::bench

#endif
