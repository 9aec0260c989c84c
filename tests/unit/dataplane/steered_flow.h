// SPDX-License-Identifier: GPL-2.0-only
/** @file A flow under steering whose candidates' state the test sets by hand. */
#ifndef WEFT_TESTS_STEERED_FLOW_H
#define WEFT_TESTS_STEERED_FLOW_H

#include "sdwan-threshold-steering.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace weft::sdwan
{

using namespace std::chrono_literals;

inline constexpr TunnelId BROADBAND = 0;
inline constexpr TunnelId MPLS = 1;
inline constexpr TunnelId LTE = 2;

struct Bench
{
    explicit Bench(SteeringConfig config, std::size_t paths = 2) : steering(config, "teams-audio")
    {
        for (std::size_t i = 0; i < paths; ++i)
        {
            Candidate c;
            c.tunnel = static_cast<TunnelId>(i);
            c.link = static_cast<std::uint16_t>(10 + i);
            c.rank = i == BROADBAND ? LinkRank::Preferred : LinkRank::Available;
            c.usable = true;
            c.quality = &quality[i];
            candidates.push_back(c);
            In(i);
        }
    }

    void
    In(std::size_t path, double jitter = 4)
    {
        Set(path, SlaState::In, SlaMetric::Jitter, jitter, jitter + 2, 15);
    }

    void
    Out(std::size_t path, double jitter = 25)
    {
        Set(path, SlaState::Out, SlaMetric::Jitter, jitter, jitter - 8, 15);
    }

    void
    Late(std::size_t path, double latency)
    {
        Set(path, SlaState::Out, SlaMetric::Latency, latency, latency - 1, 65);
    }

    void
    Set(std::size_t path,
        SlaState state,
        SlaMetric metric,
        double value,
        double bound,
        double limit)
    {
        SlaVerdict& v = candidates[path].sla;
        if (v.state != state)
        {
            v.since = now;
        }
        v.state = state;
        v.metric = metric;
        v.value = value;
        v.bound = bound;
        v.limit = limit;
        v.margin = (limit - value) / limit;
        v.marginMetric = metric;
    }

    /// Lets time pass to @p t, evaluating each 100 ms and at each deadline asked for.
    void
    Until(TimeNs t)
    {
        while (now < t)
        {
            const TimeNs tick = now + 100ms;
            now = std::min({tick, t, std::max(steering.NextDeadline(), now + 1ns)});
            Evaluate();
        }
    }

    void
    Evaluate()
    {
        steering.Evaluate(candidates, now, log);
    }

    std::vector<SteeringAction>
    Actions() const
    {
        std::vector<SteeringAction> a;
        for (const Decision& d : log)
        {
            a.push_back(d.action);
        }
        return a;
    }

    std::size_t
    Moves() const
    {
        std::size_t n = 0;
        for (const Decision& d : log)
        {
            n += d.from != NO_TUNNEL &&
                 (d.action == SteeringAction::Switch || d.action == SteeringAction::Return ||
                  d.action == SteeringAction::LeastBad || d.action == SteeringAction::Follow);
        }
        return n;
    }

    Selection
    Now() const
    {
        return steering.Current();
    }

    PathQuality quality[3];
    std::vector<Candidate> candidates;
    ThresholdSteering steering;
    TimeNs now{0};
    std::vector<Decision> log;
};

inline SteeringConfig
Voice()
{
    SteeringConfig c;
    c.duplicate = true;
    c.fec = FecMode::Always;
    return c;
}

} // namespace weft::sdwan

#endif
