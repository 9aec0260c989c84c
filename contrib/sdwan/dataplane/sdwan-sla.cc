// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-sla.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>

namespace weft::sdwan
{

SlaProfile
PresetSla(TrafficClass c)
{
    switch (c)
    {
    case TrafficClass::Voice:
        return {"voice", 65, 30, 0.01, JitterMetric::StandardDeviation};
    case TrafficClass::Video:
        return {"video", 65, 10, 0.001, JitterMetric::StandardDeviation};
    case TrafficClass::Transactional:
        return {"transactional", 80, 200, 0.03, JitterMetric::StandardDeviation};
    case TrafficClass::Bulk:
        break;
    }
    return {"bulk", 400, 500, 0.1, JitterMetric::StandardDeviation};
}

std::string_view
ToString(SlaState state)
{
    constexpr std::string_view names[] = {"unknown", "in", "out"};
    return names[static_cast<std::size_t>(state)];
}

std::string_view
ToString(SlaMetric metric)
{
    constexpr std::string_view names[] = {"", "latency", "jitter", "loss", "usable"};
    return names[static_cast<std::size_t>(metric)];
}

namespace
{

/// Whether an estimate lies under a limit as far as its sample can tell; see the header on what it
/// cannot.
bool
Under(const MetricEstimate& e, double limit, bool isLoss, bool valueMayDecide, double z)
{
    if (!e.Known())
    {
        return false;
    }
    if (e.upper < limit)
    {
        return true;
    }
    const double upperOfNone = z * z / (e.samples + z * z);
    return isLoss && valueMayDecide && upperOfNone >= limit && e.value <= limit;
}

void
CheckLimit(const SlaProfile& p, const char* field, double value)
{
    if (!(value > 0))
    {
        throw std::invalid_argument("SLA " + p.name + ": " + field + " = " + std::to_string(value) +
                                    ": a limit must be positive");
    }
}

} // namespace

std::string
Describe(const SlaVerdict& v)
{
    if (v.metric == SlaMetric::None)
    {
        return "not measured yet";
    }
    const bool loss = v.metric == SlaMetric::Loss;
    const double scale = loss ? 100 : 1;
    const char* unit = loss ? "%" : "ms";
    char text[160];
    std::snprintf(text,
                  sizeof text,
                  "%s %.3g %s, at %s %.3g %s, limit %.3g %s",
                  ToString(v.metric).data(),
                  v.value * scale,
                  unit,
                  v.state == SlaState::Out ? "least" : "most",
                  v.bound * scale,
                  unit,
                  v.limit * scale,
                  unit);
    return text;
}

SlaJudge::SlaJudge(const SlaProfile& profile, TimeNs smoothedWindow, double z, TimeNs returnHold)
    : m_profile(profile), m_smoothedWindow(smoothedWindow), m_z(z), m_returnHold(returnHold)
{
    CheckLimit(profile, "latency", profile.latencyMs);
    CheckLimit(profile, "jitter", profile.jitterMs);
    CheckLimit(profile, "loss", profile.loss);
}

const SlaVerdict&
SlaJudge::Judge(const PathQuality& quality, TimeNs now)
{
    const WindowQuality& inst = quality.instantaneous;
    const WindowQuality& smooth = quality.smoothed;
    const std::array<const MetricEstimate*, 3> shortTerm = {
        &inst.latency, &inst.Jitter(m_profile.jitterMetric), &inst.loss};
    const std::array<const MetricEstimate*, 3> longTerm = {
        &smooth.latency, &smooth.Jitter(m_profile.jitterMetric), &smooth.loss};
    const std::array<double, 3> limits = {m_profile.latencyMs, m_profile.jitterMs, m_profile.loss};

    double worst = -std::numeric_limits<double>::infinity();
    bool known = false;
    std::size_t out = 3;
    m_verdict.margin = 1;
    m_verdict.marginMetric = SlaMetric::None;
    for (std::size_t i = 0; i < 3; ++i)
    {
        const MetricEstimate& s = *shortTerm[i];
        const MetricEstimate& l = *longTerm[i];
        Metric& metric = m_metrics[i];
        const double limit = limits[i];
        known = known || s.Known();
        if (!metric.out && s.Known() && s.lower > limit)
        {
            metric.out = true;
            metric.leftAt = now;
        }
        else if (metric.out)
        {
            const bool full = now - metric.leftAt >= m_smoothedWindow;
            const bool under =
                Under(s, limit, i == 2, true, m_z) && Under(l, limit, i == 2, full, m_z);
            metric.underSince = under ? std::min(metric.underSince, now) : NEVER;
            if (under && now - metric.underSince >= m_returnHold)
            {
                metric.out = false;
                metric.underSince = NEVER;
                m_returned = i;
            }
        }
        const double value = std::max(s.Known() ? s.value : 0, l.Known() ? l.value : 0);
        const double margin = std::isinf(limit) ? 1 : (limit - value) / limit;
        if ((s.Known() || l.Known()) && margin < m_verdict.margin)
        {
            m_verdict.margin = margin;
            m_verdict.marginMetric = static_cast<SlaMetric>(i + 1);
        }
        const double excess = (s.value - limit) / limit;
        if (metric.out && excess > worst)
        {
            worst = excess;
            out = i;
        }
    }
    const SlaState state = out < 3 ? SlaState::Out : known ? SlaState::In : m_verdict.state;
    if (state != m_verdict.state)
    {
        m_verdict.state = state;
        m_verdict.since = now;
    }
    // What the verdict rests on: the metric that is out, else the one that came back last, else the
    // tightest.
    std::size_t shown = out;
    if (shown == 3)
    {
        shown = m_returned < 3 ? m_returned
                : m_verdict.marginMetric != SlaMetric::None
                    ? static_cast<std::size_t>(m_verdict.marginMetric) - 1
                    : 3;
    }
    if (shown == 3)
    {
        m_verdict.metric = SlaMetric::None;
        return m_verdict;
    }
    m_verdict.metric = static_cast<SlaMetric>(shown + 1);
    m_verdict.value = shortTerm[shown]->value;
    m_verdict.bound = state == SlaState::Out ? shortTerm[shown]->lower : shortTerm[shown]->upper;
    m_verdict.limit = limits[shown];
    return m_verdict;
}

} // namespace weft::sdwan
