// SPDX-License-Identifier: GPL-2.0-only
/** @file What the micro-benchmarks share: allocations per packet, and one thing against another. */
#ifndef WEFT_BENCH_METER_H
#define WEFT_BENCH_METER_H

#include "allocations.h"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft::bench
{

/// Counts the allocations of the loop and reports them per packet.
class AllocationMeter
{
  public:
    explicit AllocationMeter(benchmark::State& state) : m_state(state), m_before(Allocations())
    {
    }

    void
    Report(double packetsPerIteration = 1) const
    {
        const double packets = static_cast<double>(m_state.iterations()) * packetsPerIteration;
        m_state.counters["allocs/packet"] = static_cast<double>(Allocations() - m_before) / packets;
        m_state.SetItemsProcessed(static_cast<std::int64_t>(packets));
    }

  private:
    benchmark::State& m_state;
    std::uint64_t m_before;
};

/// @return the present on a steady clock, s
inline double
Seconds()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/**
 * Times @p ours and @p reference in turn, in blocks of @p calls, and reports the median of the
 * blocks' ratios, so that the machine's moods cancel. The benchmark's own time is that of ours, for
 * one call.
 */
template <typename Ours, typename Reference>
void
Against(benchmark::State& state, int calls, Ours ours, Reference reference)
{
    std::vector<double> ratios;
    std::vector<double> mine;
    std::vector<double> theirs;
    ratios.reserve(1 << 20);
    mine.reserve(1 << 20);
    theirs.reserve(1 << 20);
    for (int i = 0; i < calls; ++i)
    {
        ours();
        reference();
    }
    const std::uint64_t before = Allocations();
    for (auto _ : state)
    {
        const double start = Seconds();
        for (int i = 0; i < calls; ++i)
        {
            ours();
        }
        const double between = Seconds();
        for (int i = 0; i < calls; ++i)
        {
            reference();
        }
        const double end = Seconds();
        state.SetIterationTime((between - start) / calls);
        if (ratios.size() < ratios.capacity())
        {
            ratios.push_back((between - start) / (end - between));
            mine.push_back((between - start) / calls * 1e9);
            theirs.push_back((end - between) / calls * 1e9);
        }
    }
    const double packets = static_cast<double>(state.iterations()) * calls;
    state.counters["allocs/packet"] = static_cast<double>(Allocations() - before) / packets;
    const auto median = [](std::vector<double>& v) {
        std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
        return v[v.size() / 2];
    };
    state.counters["ratio"] = median(ratios);
    state.counters["ours_ns"] = median(mine);
    state.counters["reference_ns"] = median(theirs);
}

} // namespace weft::bench

#endif
