// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What is known about one direction of one tunnel, with its uncertainty.
 *
 * Units: delays, latencies and jitters are milliseconds; loss is a fraction 0..1.
 */
#ifndef SDWAN_PATH_QUALITY_H
#define SDWAN_PATH_QUALITY_H

#include "sdwan-types.h"

#include <array>
#include <limits>
#include <optional>

namespace weft::sdwan
{

/// The named definitions of jitter. They are different numbers; an SLA says which one it means.
enum class JitterMetric : std::uint8_t
{
    StandardDeviation, ///< standard deviation of one-way delay
    Rfc3550,           ///< RFC 3550 section 6.4.1: J += (|D| - J) / 16
    Pdv95,             ///< RFC 5481 packet delay variation (delay minus minimum), 95th percentile
    Pdv99,             ///< the same, 99th percentile
};

inline constexpr std::size_t JITTER_METRICS = 4;

/// @return "stddev", "rfc3550", "pdv95" or "pdv99".
constexpr std::string_view
ToString(JitterMetric m)
{
    constexpr std::string_view names[] = {"stddev", "rfc3550", "pdv95", "pdv99"};
    return names[static_cast<std::size_t>(m) & 3];
}

/// A number and the interval it lies in at the configured confidence.
struct MetricEstimate
{
    double value = 0;
    double lower = 0;
    double upper = std::numeric_limits<double>::infinity();
    double samples = 0; ///< effective sample size; 0: not measured, the other fields mean nothing

    bool
    Known() const
    {
        return samples > 0;
    }
};

/// The estimates over one window.
struct WindowQuality
{
    /// One-way latency. Differences between tunnels of one peer are exact; the absolute value is an
    /// estimate that shares one error with all tunnels of the peer, see PairClock.
    MetricEstimate latency;
    std::array<MetricEstimate, JITTER_METRICS> jitter; ///< by JitterMetric
    MetricEstimate loss;
    double received = 0;  ///< packets judged received
    double lost = 0;      ///< packets judged lost
    double reordered = 0; ///< packets that arrived after a later one; never counted as lost

    const MetricEstimate&
    Jitter(JitterMetric m) const
    {
        return jitter[static_cast<std::size_t>(m)];
    }
};

/// One direction of one tunnel.
struct PathQuality
{
    WindowQuality instantaneous; ///< the last seconds
    WindowQuality smoothed;      ///< the last minutes
    double rttMs = 0;            ///< round-trip time, latest; 0: not measured
    TimeNs updated{0};           ///< when these numbers were computed here

    bool
    Known() const
    {
        return instantaneous.loss.Known() || instantaneous.jitter[0].Known() ||
               smoothed.loss.Known();
    }
};

} // namespace weft::sdwan

#endif
