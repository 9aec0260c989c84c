// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Receive statistics of one tunnel over one window, as measured by the receiver and carried in a
 * Report, and the estimates drawn from them.
 *
 * Delays here are *relative* (receive clock minus send stamp), in microseconds; only their minimum
 * depends on the clocks, and it is kept modulo 2^24.
 */
#ifndef SDWAN_PATH_STATISTICS_H
#define SDWAN_PATH_STATISTICS_H

#include "sdwan-pair-clock.h"
#include "sdwan-path-quality.h"

namespace weft::sdwan
{

/// A percentile of delay minus minimum, us, with distribution-free bounds (order statistics).
struct PercentileUs
{
    double value = 0;
    double lower = 0;
    double upper = 0;

    friend bool operator==(const PercentileUs&, const PercentileUs&) = default;
};

/// Receive statistics over one window.
struct WindowStatistics
{
    // loss
    std::uint32_t received = 0;  ///< sequence numbers judged received
    std::uint32_t lost = 0;      ///< sequence numbers judged lost
    std::uint32_t lossRuns = 0;  ///< maximal runs of consecutive losses
    std::uint32_t reordered = 0; ///< arrivals behind a later one
    // delay
    std::uint32_t delays = 0;   ///< delay samples; 0: the fields below mean nothing
    double minUs = 0;           ///< smallest relative delay, in [0, 2^24)
    double meanExcessUs = 0;    ///< mean minus minimum
    double deviationUs = 0;     ///< standard deviation, corrected for autocorrelation
    double correlation = 0;     ///< lag-1 autocorrelation of the samples, in [0, 1)
    double rfc3550Us = 0;       ///< RFC 3550 J (window of seconds) or mean |D| (window of minutes)
    double ipdvDeviationUs = 0; ///< standard deviation of |D|
    PercentileUs pdv95;         ///< RFC 5481
    PercentileUs pdv99;

    friend bool operator==(const WindowStatistics&, const WindowStatistics&) = default;
};

/// Which way the packets of the statistics went, seen from here.
enum class PathDirection : std::uint8_t
{
    Outbound, ///< from here to the peer; statistics came in a Report
    Inbound,  ///< towards here; statistics measured here
};

/**
 * Estimates and intervals from raw statistics.
 *
 * @param s the statistics
 * @param direction which of the pair clock's two corrections applies
 * @param clock gives latency; while it is not Known(), latency stays unknown
 * @param z normal quantile of the confidence level, see NormalQuantile()
 * @param runningJitter whether rfc3550Us is the running J (an average of about 31 values) rather
 * than a mean over all
 */
WindowQuality Estimate(const WindowStatistics& s,
                       PathDirection direction,
                       const PairClock& clock,
                       double z,
                       bool runningJitter);

} // namespace weft::sdwan

#endif
