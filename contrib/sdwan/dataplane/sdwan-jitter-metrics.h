// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Jitter by named definitions, as plain functions of delays: the reference against which windows
 * are tested.
 */
#ifndef SDWAN_JITTER_METRICS_H
#define SDWAN_JITTER_METRICS_H

#include <cmath>
#include <cstddef>
#include <span>

namespace weft::sdwan
{

/// RFC 3550 section 6.4.1: J += (|D| - J) / 16, D the difference of successive transit times;
/// starts at 0 with the *second* packet.
class Rfc3550Jitter
{
  public:
    /// @param transit receive time minus send time, in any unit and with any constant offset
    void
    Add(double transit)
    {
        if (m_started)
        {
            m_jitter += (std::abs(transit - m_previous) - m_jitter) / 16;
        }
        m_started = true;
        m_previous = transit;
    }

    /// J in the unit of the transits.
    double
    Value() const
    {
        return m_jitter;
    }

  private:
    bool m_started = false;
    double m_previous = 0;
    double m_jitter = 0;
};

/// Standard deviation with n - 1; 0 below two samples.
double StandardDeviation(std::span<const double> delays);

/**
 * RFC 5481 packet delay variation: a percentile of delay minus the minimum.
 *
 * @param delays may be reordered in place
 * @param q in (0, 1]; the smallest value with at least a fraction q of the samples at or below it
 */
double PdvPercentile(std::span<double> delays, double q);

} // namespace weft::sdwan

#endif
