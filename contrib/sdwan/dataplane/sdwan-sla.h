// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * SLA judgement that knows its own uncertainty.
 *
 * Each metric (one-way latency, jitter by a named definition, loss) is judged on its own, with
 * hysteresis given by the confidence interval instead of a second threshold:
 *  - it *leaves* when the LOWER bound over the instantaneous window is above the limit;
 *  - it *returns* when the UPPER bound is under the limit over the instantaneous and over the
 * smoothed window. A path is Out while any metric is.
 *
 * Some limits cannot be decided at the packet rate at hand (zero losses in 100 probes leave an
 * upper bound of 3.7 %). Where even a perfect window would leave the upper bound over the limit,
 * that window's value decides on the return instead; for the smoothed window only once it has been
 * full since the metric left.
 */
#ifndef SDWAN_SLA_H
#define SDWAN_SLA_H

#include "sdwan-path-quality.h"

#include <array>
#include <string>

namespace weft::sdwan
{

/// Limits of one class or rule. Infinity: no limit.
struct SlaProfile
{
    std::string name;
    double latencyMs = std::numeric_limits<double>::infinity(); ///< one way, > 0
    double jitterMs = std::numeric_limits<double>::infinity();  ///< > 0
    double loss = std::numeric_limits<double>::infinity();      ///< fraction, > 0
    JitterMetric jitterMetric = JitterMetric::StandardDeviation;
};

/**
 * The preset of a class.
 *
 * Voice 65 ms / 30 ms / 1 %, video 65 ms / 10 ms / 0.1 %, transactional 80 ms / 200 ms / 3 %
 * (latency one way / jitter / loss): the "critical" column of the VMware SD-WAN QoE thresholds,
 * Broadcom KB 312376, taken as the limits to leave. Bulk is not in that table; 400 ms / 500 ms / 10
 * % here, the 10 % being the loss that KB 330715 calls unstable. The KB does not say which jitter
 * it means; the presets use the standard deviation.
 */
SlaProfile PresetSla(TrafficClass c);

enum class SlaState : std::uint8_t
{
    Unknown, ///< not measured yet
    In,      ///< measured, and not shown to be over a limit
    Out,     ///< shown to be over a limit, and not yet shown to be back under it
};

enum class SlaMetric : std::uint8_t
{
    None,
    Latency,
    Jitter,
    Loss,
    Usability, ///< not an SLA metric: the path does not answer
};

std::string_view ToString(SlaState state);   ///< "unknown", "in", "out"
std::string_view ToString(SlaMetric metric); ///< "", "latency", "jitter", "loss", "usable"

/// The judgement on one path, and what it rests on.
struct SlaVerdict
{
    SlaState state = SlaState::Unknown;
    TimeNs since{0};                    ///< when the path entered this state
    SlaMetric metric = SlaMetric::None; ///< Out: the metric that is out (the worst, relative to its
                                        ///< limit); In: the one that returned last, if any
    double value = 0;                   ///< its value at the last judgement, ms or fraction
    double bound = 0;  ///< the bound compared: lower while Out, upper after a return
    double limit = 0;  ///< its limit
    double margin = 0; ///< smallest (limit - value) / limit over metrics and windows; 1 perfect,
                       ///< negative over the limit
    SlaMetric marginMetric = SlaMetric::None; ///< the metric with the smallest margin
};

/// @return "jitter 24.1 ms, at least 17.3 ms, limit 15 ms", for the reason of a decision
std::string Describe(const SlaVerdict& verdict);

/// Judges one path by one profile.
class SlaJudge
{
  public:
    /**
     * @param profile the limits
     * @param smoothedWindow length of the smoothed window, see PathMonitorConfig
     * @param z normal quantile of the estimates' confidence level
     * @param returnHold see above; about one instantaneous window
     * @throws std::invalid_argument for limits that are not positive
     */
    explicit SlaJudge(const SlaProfile& profile,
                      TimeNs smoothedWindow = std::chrono::minutes{2},
                      double z = 1.959964,
                      TimeNs returnHold = std::chrono::seconds{2});

    /// Judges by the numbers at @p now; call whenever they changed.
    const SlaVerdict& Judge(const PathQuality& quality, TimeNs now);

    const SlaVerdict&
    Verdict() const
    {
        return m_verdict;
    }

    const SlaProfile&
    Profile() const
    {
        return m_profile;
    }

  private:
    struct Metric
    {
        bool out = false;
        TimeNs leftAt{0};
        TimeNs underSince = NEVER; ///< while out: since when it meets the condition to return
    };

    SlaProfile m_profile;
    TimeNs m_smoothedWindow;
    double m_z;
    TimeNs m_returnHold;
    std::size_t m_returned = 3;        ///< index of the metric that returned last; 3: none
    std::array<Metric, 3> m_metrics{}; ///< latency, jitter, loss
    SlaVerdict m_verdict;
};

} // namespace weft::sdwan

#endif
