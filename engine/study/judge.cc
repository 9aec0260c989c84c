// SPDX-License-Identifier: GPL-2.0-only
#include "engine/study/judge.h"

#include "engine/record/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <optional>

namespace weft::engine
{

namespace
{

double
InSeconds(TimeNs time)
{
    return static_cast<double>(time.count()) / 1e9;
}

/// @return the value with four significant digits, for a sentence
std::string
Brief(double value)
{
    return fmt::format("{:.4g}", value);
}

} // namespace

std::string
AtText(TimeNs time)
{
    return fmt::format("{} s", Seconds(TimeNs((time.count() + 500) / 1000 * 1000)));
}

std::string
SpanText(const ResolvedWindow& window)
{
    return fmt::format("[{}, {}]", AtText(window.from), AtText(window.to));
}

std::vector<Direction>
DirectionsOf(const spec::Expectation& expectation, const FlowInfo& flow)
{
    switch (expectation.direction)
    {
    case spec::FlowDirection::Forward:
        return {Direction::Forward};
    case spec::FlowDirection::Backward:
        return {Direction::Backward};
    case spec::FlowDirection::Both:
        break;
    }
    if (flow.bothWays)
    {
        return {Direction::Forward, Direction::Backward};
    }
    return {Direction::Forward};
}

void
JudgeLan(const spec::Expectation& expectation,
         const Recorder::Flow& flow,
         const ResolvedWindow& window,
         Verdict& verdict)
{
    static constexpr std::array NAMES{"lost", "duplicate", "out of order"};
    verdict.statement = fmt::format(
        "The hosts of {} see no loss, duplicate or reordering {}.", flow.info.name, window.text);
    verdict.unit = "packets";
    verdict.threshold = 0;
    std::size_t total = 0;
    std::string counted;
    std::string faults;
    std::string silent;
    std::optional<TimeNs> first;
    for (const Direction direction : DirectionsOf(expectation, flow.info))
    {
        const FlowLog& log = flow.Log(direction);
        const FlowStatistics s = log.Statistics({window.from, window.to});
        if (s.sent == 0)
        {
            silent += fmt::format("{}{}", silent.empty() ? "" : " and ", ToString(direction));
            continue;
        }
        counted += fmt::format("{}{} {}", counted.empty() ? "" : ", ", s.sent, ToString(direction));
        const auto anomalies = log.Anomalies({window.from, window.to});
        total += anomalies.size();
        std::array<std::size_t, 3> counts{};
        for (const FlowAnomaly& anomaly : anomalies)
        {
            ++counts[static_cast<std::size_t>(anomaly.kind)];
        }
        if (anomalies.empty())
        {
            continue;
        }
        const FlowAnomaly& one = anomalies.front();
        faults += fmt::format(
            "{}{}: {} lost, {} duplicate, {} out of order of {}; the first, packet {}, {} at {}",
            faults.empty() ? "" : "; ",
            ToString(direction),
            counts[0],
            counts[1],
            counts[2],
            s.sent,
            one.sequence,
            NAMES[static_cast<std::size_t>(one.kind)],
            AtText(one.time));
        first = std::min(first.value_or(one.time), one.time);
    }
    if (!silent.empty())
    {
        verdict.detail =
            fmt::format("{} sent nothing {} in {}", flow.info.name, silent, SpanText(window));
        return;
    }
    verdict.measured = static_cast<double>(total);
    verdict.margin = -verdict.measured;
    verdict.passed = total == 0;
    verdict.atSeconds = InSeconds(first.value_or(window.from));
    verdict.detail =
        verdict.passed ? fmt::format("each once and in order: {} in {}", counted, SpanText(window))
                       : fmt::format("{} in {}", faults, SpanText(window));
}

void
JudgeCost(const spec::Expectation& expectation,
          const Recorder::Flow& flow,
          const ResolvedWindow& window,
          Verdict& verdict)
{
    verdict.statement = fmt::format(
        "{} costs {}x, parity aside, {}.", flow.info.name, Number(expectation.cost), window.text);
    verdict.unit = "x";
    verdict.threshold = expectation.cost;
    verdict.atSeconds = InSeconds(window.from);
    for (const Direction direction : DirectionsOf(expectation, flow.info))
    {
        const FlowStatistics s = flow.Log(direction).Statistics({window.from, window.to});
        if (s.wireData == 0)
        {
            verdict.passed = false;
            verdict.measured = NOT_AVAILABLE;
            verdict.margin = NOT_AVAILABLE;
            verdict.detail = fmt::format("no packet of {} {} was put on a WAN link in {}",
                                         flow.info.name,
                                         ToString(direction),
                                         SpanText(window));
            return;
        }
        const double margin = expectation.tolerance - std::abs(s.copies - expectation.cost);
        if (verdict.detail.empty() || margin < verdict.margin)
        {
            verdict.measured = s.copies;
            verdict.margin = margin;
            verdict.passed = margin >= 0;
            verdict.detail = fmt::format(
                "{}: {} data packets and {} further copies ({} parity) in {}; tolerance {}x",
                ToString(direction),
                s.wireData,
                s.wireCopies,
                s.wireParity,
                SpanText(window),
                Number(expectation.tolerance));
        }
    }
}

void
JudgeFollows(const spec::Expectation& expectation,
             const Recorder::Flow& flow,
             const ResolvedWindow& window,
             Verdict& verdict)
{
    verdict.statement =
        fmt::format("The return packets of {} take the tunnel of its forward packets, {} behind "
                    "at most, {}.",
                    flow.info.name,
                    AtText(expectation.lag),
                    window.text);
    verdict.unit = "ms";
    verdict.threshold = InSeconds(expectation.lag) * 1e3;
    verdict.atSeconds = InSeconds(window.from);
    const FlowLog& forward = flow.Log(Direction::Forward);
    const FlowLog& backward = flow.Log(Direction::Backward);
    if (forward.PathUses().empty() || backward.PathUses().empty())
    {
        verdict.detail = fmt::format("{} used no tunnel {}",
                                     flow.info.name,
                                     forward.PathUses().empty() ? "forward" : "backward");
        return;
    }
    // Between two changes of either direction nothing changes, so the instants of change say it
    // all.
    std::vector<TimeNs> instants{window.from};
    for (const FlowLog* log : {&forward, &backward})
    {
        for (const PathUse& use : log->PathUses())
        {
            if (use.time > window.from && use.time < window.to)
            {
                instants.push_back(use.time);
            }
        }
    }
    std::sort(instants.begin(), instants.end());
    instants.push_back(window.to);
    TimeNs longest{0};
    TimeNs longestAt = window.from;
    std::string longestText;
    bool differ = false;
    TimeNs apart{0}; // since when they differ
    std::string apartText;
    TimeNs compared{0};
    for (std::size_t i = 0; i + 1 < instants.size(); ++i)
    {
        const PathUse* there = forward.PathAt(instants[i]);
        const PathUse* back = backward.PathAt(instants[i]);
        if (!there || !back)
        {
            continue;
        }
        compared += instants[i + 1] - instants[i];
        if (there->tunnel == back->tunnel)
        {
            differ = false;
            continue;
        }
        if (!differ)
        {
            differ = true;
            apart = instants[i];
            apartText = fmt::format("forward on {}, backward on {}", there->label, back->label);
        }
        if (instants[i + 1] - apart > longest)
        {
            longest = instants[i + 1] - apart;
            longestAt = apart;
            longestText = apartText;
        }
    }
    if (compared.count() == 0)
    {
        verdict.detail =
            fmt::format("{} did not use tunnels both ways in {}", flow.info.name, SpanText(window));
        return;
    }
    verdict.measured = InSeconds(longest) * 1e3;
    verdict.margin = InSeconds(expectation.lag - longest) * 1e3;
    verdict.passed = longest <= expectation.lag;
    verdict.atSeconds = InSeconds(longestAt);
    verdict.detail =
        longest.count() == 0
            ? fmt::format("always on the same tunnel in {}", SpanText(window))
            : fmt::format("{} for {} from {} on", longestText, AtText(longest), AtText(longestAt));
}

namespace
{

struct MetricForm
{
    const char* words;
    const char* unit;
    double scale; ///< from the scenario's unit (s, fraction, MOS, bit/s) to ours
};

MetricForm
FormOf(spec::Metric metric)
{
    switch (metric)
    {
    case spec::Metric::DelayMean:
        return {"mean delay", "ms", 1e3};
    case spec::Metric::DelayP50:
        return {"median delay", "ms", 1e3};
    case spec::Metric::DelayP95:
        return {"95th percentile of the delay", "ms", 1e3};
    case spec::Metric::DelayP99:
        return {"99th percentile of the delay", "ms", 1e3};
    case spec::Metric::DelayMax:
        return {"largest delay", "ms", 1e3};
    case spec::Metric::Jitter:
        return {"largest RFC 3550 jitter", "ms", 1e3};
    case spec::Metric::Loss:
        return {"loss", "fraction", 1};
    case spec::Metric::MosMean:
        return {"mean MOS", "MOS", 1};
    case spec::Metric::MosMin:
        return {"least MOS", "MOS", 1};
    case spec::Metric::Throughput:
        return {"throughput", "kbit/s", 1e-3};
    case spec::Metric::RttMean:
        return {"mean round trip", "ms", 1e3};
    case spec::Metric::RttP50:
        return {"median round trip", "ms", 1e3};
    case spec::Metric::RttP95:
        return {"95th percentile of the round trip", "ms", 1e3};
    case spec::Metric::RttP99:
        return {"99th percentile of the round trip", "ms", 1e3};
    case spec::Metric::RttMax:
        return {"largest round trip", "ms", 1e3};
    }
    return {"metric", "", 1};
}

/// @return the metric in the unit of FormOf
double
Measure(spec::Metric metric, const FlowLog& log, Window window, TimeNs interval)
{
    const FlowStatistics s = log.Statistics(window);
    switch (metric)
    {
    case spec::Metric::DelayMean:
    case spec::Metric::RttMean: // a ping's delay is its round trip
        return s.delayMeanMs;
    case spec::Metric::DelayP50:
    case spec::Metric::RttP50: // a ping's delay is its round trip
        return s.delayP50Ms;
    case spec::Metric::DelayP95:
    case spec::Metric::RttP95: // a ping's delay is its round trip
        return s.delayP95Ms;
    case spec::Metric::DelayP99:
    case spec::Metric::RttP99: // a ping's delay is its round trip
        return s.delayP99Ms;
    case spec::Metric::DelayMax:
    case spec::Metric::RttMax: // a ping's delay is its round trip
        return s.delayMaxMs;
    case spec::Metric::Jitter:
        return s.jitterMaxMs;
    case spec::Metric::Loss:
        return s.loss;
    case spec::Metric::MosMean:
        return log.QualityOver(window, interval).mean;
    case spec::Metric::MosMin:
        return log.QualityOver(window, interval).minimum;
    case spec::Metric::Throughput:
        return s.sent > 0 || s.receivedBytes > 0 ? s.throughputBps / 1e3 : NOT_AVAILABLE;
    }
    return NOT_AVAILABLE;
}

} // namespace

void
JudgeMetric(const spec::Expectation& expectation,
            const Recorder::Flow& flow,
            const ResolvedWindow& window,
            TimeNs interval,
            Verdict& verdict)
{
    const MetricForm form = FormOf(expectation.metric);
    std::string limits;
    if (expectation.above)
    {
        limits = fmt::format("above {} {}", Brief(*expectation.above * form.scale), form.unit);
    }
    if (expectation.below)
    {
        limits += fmt::format("{}below {} {}",
                              limits.empty() ? "" : " and ",
                              Brief(*expectation.below * form.scale),
                              form.unit);
    }
    verdict.statement =
        fmt::format("The {} of {} is {} {}.", form.words, flow.info.name, limits, window.text);
    verdict.unit = form.unit;
    verdict.atSeconds = InSeconds(window.from);
    for (const Direction direction : DirectionsOf(expectation, flow.info))
    {
        const FlowLog& log = flow.Log(direction);
        const double value = Measure(expectation.metric, log, {window.from, window.to}, interval);
        if (std::isnan(value))
        {
            verdict.passed = false;
            verdict.measured = NOT_AVAILABLE;
            verdict.margin = NOT_AVAILABLE;
            verdict.threshold = NOT_AVAILABLE;
            verdict.detail = fmt::format("there is no {} of {} {} in {}",
                                         form.words,
                                         flow.info.name,
                                         ToString(direction),
                                         SpanText(window));
            return;
        }
        const auto consider = [&](double limit, double margin) {
            if (verdict.detail.empty() || margin < verdict.margin)
            {
                verdict.measured = value;
                verdict.threshold = limit;
                verdict.margin = margin;
                verdict.passed = margin > 0;
                verdict.detail = fmt::format("{}: {} {} in {}",
                                             ToString(direction),
                                             Brief(value),
                                             form.unit,
                                             SpanText(window));
            }
        };
        if (expectation.above)
        {
            const double limit = *expectation.above * form.scale;
            consider(limit, value - limit);
        }
        if (expectation.below)
        {
            const double limit = *expectation.below * form.scale;
            consider(limit, limit - value);
        }
    }
}

} // namespace weft::engine
