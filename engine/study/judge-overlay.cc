// SPDX-License-Identifier: GPL-2.0-only
#include "engine/study/judge-overlay.h"

#include "engine/record/text.h"
#include "engine/spec/suggest.h"

#include <boost/math/special_functions/gamma.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace weft::engine
{

namespace
{

/// Least mean count at which the chi-square distribution is a good approximation (Cochran 1954).
constexpr double LEAST_EXPECTED = 5;

double
InSeconds(TimeNs time)
{
    return static_cast<double>(time.count()) / 1e9;
}

/// How many of something there have to be.
class Wanted
{
  public:
    explicit Wanted(const spec::Expectation& e)
    {
        if (e.count)
        {
            m_least = *e.count;
            m_most = *e.count;
            return;
        }
        if (e.atLeast || e.atMost)
        {
            m_least = e.atLeast.value_or(0);
            m_most = e.atMost.value_or(NO_LIMIT);
        }
    }

    std::string
    Text(std::string_view one, std::string_view many) const
    {
        if (m_least == m_most)
        {
            return fmt::format("{} {}", m_least, m_least == 1 ? one : many);
        }
        if (m_most == NO_LIMIT)
        {
            return fmt::format("at least {} {}", m_least, m_least == 1 ? one : many);
        }
        return m_least == 0 ? fmt::format("at most {} {}", m_most, m_most == 1 ? one : many)
                            : fmt::format("{} to {} {}", m_least, m_most, many);
    }

    void
    Judge(std::uint64_t count, std::string_view unit, Verdict& verdict) const
    {
        const auto value = static_cast<double>(count);
        const double above = value - static_cast<double>(m_least);
        const double below = m_most == NO_LIMIT ? above : static_cast<double>(m_most) - value;
        verdict.unit = unit;
        verdict.measured = value;
        verdict.threshold = static_cast<double>(
            m_most != NO_LIMIT && (count > m_most || below < above) ? m_most : m_least);
        verdict.margin = std::min(above, below);
        verdict.passed = count >= m_least && count <= m_most;
    }

  private:
    static constexpr std::uint64_t NO_LIMIT = ~std::uint64_t{0};

    std::uint64_t m_least = 1;
    std::uint64_t m_most = NO_LIMIT;
};

/// Judges a value by the limits of an expectation. @return the limits in words
std::string
JudgeLimits(const spec::Expectation& e, double value, double scale, Verdict& verdict)
{
    std::string words;
    verdict.measured = value * scale;
    verdict.passed = true;
    verdict.margin = NOT_AVAILABLE;
    const auto consider = [&](std::string text, double limit, double margin, bool passed) {
        words += (words.empty() ? "" : " and ") + text;
        if (std::isnan(verdict.margin) || margin * scale < verdict.margin)
        {
            verdict.margin = margin * scale;
            verdict.threshold = limit * scale;
        }
        verdict.passed = verdict.passed && passed;
    };
    if (e.equals)
    {
        const double off = std::abs(value - *e.equals);
        consider(
            e.tolerance > 0
                ? fmt::format("{} +-{}", Number(*e.equals * scale), Number(e.tolerance * scale))
                : Number(*e.equals * scale),
            *e.equals,
            e.tolerance - off,
            off <= e.tolerance);
    }
    if (e.above)
    {
        consider("above " + Number(*e.above * scale), *e.above, value - *e.above, value > *e.above);
    }
    if (e.below)
    {
        consider("below " + Number(*e.below * scale), *e.below, *e.below - value, value < *e.below);
    }
    return words;
}

// ---------------------------------------------------------------- tables

bool
Agrees(const spec::TablePattern& pattern, const TableRecord& row)
{
    const auto same = [](const auto& wanted, const std::string& cell) {
        return !wanted || wanted->ToString() == cell;
    };
    return (!pattern.domain || std::to_string(*pattern.domain) == row.domain) &&
           same(pattern.mac, row.mac) && same(pattern.address, row.address) &&
           same(pattern.source, row.source) && same(pattern.remote, row.remote) &&
           (!pattern.port || *pattern.port == row.port) &&
           (!pattern.text || row.text.find(*pattern.text) != std::string::npos);
}

std::string
PatternText(const spec::TablePattern& pattern)
{
    std::string text;
    const auto add = [&text](std::string_view name, const std::string& value) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value);
    };
    if (pattern.domain)
    {
        add("network", std::to_string(*pattern.domain));
    }
    if (pattern.mac)
    {
        add("MAC", pattern.mac->ToString());
    }
    if (pattern.address)
    {
        add("address", pattern.address->ToString());
    }
    if (pattern.source)
    {
        add("source", pattern.source->ToString());
    }
    if (pattern.remote)
    {
        add("remote", pattern.remote->ToString());
    }
    if (pattern.port)
    {
        add("port", *pattern.port);
    }
    if (pattern.text)
    {
        add("text", *pattern.text);
    }
    return text;
}

std::string
RowText(const TableRecord& row)
{
    std::string text;
    for (const std::string* cell :
         {&row.domain, &row.mac, &row.address, &row.source, &row.remote, &row.port, &row.text})
    {
        if (!cell->empty())
        {
            text += (text.empty() ? "" : " ") + *cell;
        }
    }
    return text;
}

// ---------------------------------------------------------------- frames

bool
Agrees(const spec::ColumnPattern& pattern, const std::string& cell)
{
    if (!pattern.range)
    {
        return std::find(pattern.values.begin(), pattern.values.end(), cell) !=
               pattern.values.end();
    }
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
    return error == std::errc() && end == cell.data() + cell.size() &&
           number >= pattern.range->first && number <= pattern.range->second;
}

bool
Agrees(const std::vector<spec::ColumnPattern>& where, const FrameRecord& frame)
{
    return std::all_of(where.begin(), where.end(), [&](const spec::ColumnPattern& pattern) {
        if (pattern.column == "size")
        {
            return Agrees(pattern, std::to_string(frame.size));
        }
        const auto column = FindFrameColumn(pattern.column);
        return column && Agrees(pattern, frame[*column]);
    });
}

std::string
WhereText(const std::vector<spec::ColumnPattern>& where)
{
    std::string text;
    for (const spec::ColumnPattern& pattern : where)
    {
        text += text.empty() ? " with " : ", ";
        text += pattern.column + " ";
        text += pattern.range ? fmt::format("{}-{}", pattern.range->first, pattern.range->second)
                              : fmt::format("{}", fmt::join(pattern.values, " or "));
    }
    return text;
}

/// The name a wire has in the record: without its direction.
std::string
CanonicalName(const spec::Scenario& scenario, spec::WireRef wire)
{
    wire.reversed = false;
    return scenario.Name(wire);
}

/// @return whether frames going from the first to the second end, or back, are looked at
bool
LooksAt(const spec::Expectation& e, const spec::WireRef& wire, bool outward)
{
    switch (e.direction)
    {
    case spec::FlowDirection::Forward:
        return outward != wire.reversed;
    case spec::FlowDirection::Backward:
        return outward == wire.reversed;
    case spec::FlowDirection::Both:
        break;
    }
    return true;
}

std::string_view
DirectionText(spec::FlowDirection direction)
{
    switch (direction)
    {
    case spec::FlowDirection::Forward:
        return " outwards";
    case spec::FlowDirection::Backward:
        return " inwards";
    case spec::FlowDirection::Both:
        break;
    }
    return "";
}

} // namespace

double
EvenProbability(const std::vector<double>& counts)
{
    if (counts.size() < 2)
    {
        return 1;
    }
    const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
    const double mean = total / static_cast<double>(counts.size());
    if (mean <= 0)
    {
        return 1;
    }
    double statistic = 0;
    for (const double count : counts)
    {
        statistic += (count - mean) * (count - mean) / mean;
    }
    return boost::math::gamma_q(static_cast<double>(counts.size() - 1) / 2, statistic / 2);
}

void
JudgeOutage(const spec::Expectation& expectation,
            const Recorder::Flow& flow,
            const ResolvedWindow& window,
            Verdict& verdict)
{
    verdict.unit = "s";
    verdict.atSeconds = InSeconds(window.from);
    FlowOutage worst;
    std::string_view worstDirection = "forward";
    for (const Direction direction : DirectionsOf(expectation, flow.info))
    {
        const FlowLog& log = flow.Log(direction);
        if (log.Statistics({window.from, window.to}).sent == 0)
        {
            verdict.statement =
                fmt::format("{} has no outage out of bounds {}.", flow.info.name, window.text);
            verdict.detail = fmt::format(
                "{} sent nothing {} in {}", flow.info.name, ToString(direction), SpanText(window));
            return;
        }
        const FlowOutage outage = log.LongestOutage({window.from, window.to});
        if (outage.length > worst.length)
        {
            worst = outage;
            worstDirection = ToString(direction);
        }
    }
    const std::string limits = JudgeLimits(expectation, InSeconds(worst.length), 1, verdict);
    verdict.statement =
        fmt::format("The longest outage of {} is {} s {}.", flow.info.name, limits, window.text);
    if (worst.lost == 0)
    {
        verdict.detail = fmt::format("nothing was lost in {}", SpanText(window));
        return;
    }
    verdict.atSeconds = InSeconds(worst.from);
    verdict.detail = fmt::format("{}: {} from {} on, {} packets lost{}",
                                 worstDirection,
                                 AtText(worst.length),
                                 AtText(worst.from),
                                 worst.lost,
                                 worst.recovered ? "" : "; it did not end");
}

void
JudgeTable(const spec::Scenario& scenario,
           const spec::Expectation& expectation,
           const Recorder& recorder,
           TimeNs at,
           Verdict& verdict)
{
    const std::string node = scenario.Name(expectation.node);
    const std::string_view table = spec::ToString(expectation.table);
    const auto contents = recorder.Overlay().Tables().ContentsAt(at, node, table);
    const std::string where = fmt::format("{} of {} at {}", table, node, AtText(at));
    const spec::TablePattern any;
    const spec::TablePattern& pattern = expectation.has     ? *expectation.has
                                        : expectation.lacks ? *expectation.lacks
                                                            : any;
    std::vector<const TableRecord*> matching;
    for (const auto& entry : contents)
    {
        if (Agrees(pattern, entry.second))
        {
            matching.push_back(&entry.second);
        }
    }
    verdict.atSeconds = InSeconds(at);
    if (expectation.lacks)
    {
        verdict.statement =
            fmt::format("The {} has no entry with {}.", where, PatternText(pattern));
        verdict.unit = "entries";
        verdict.measured = static_cast<double>(matching.size());
        verdict.threshold = 0;
        verdict.margin = -verdict.measured;
        verdict.passed = matching.empty();
    }
    else
    {
        const Wanted wanted(expectation);
        const std::string with = PatternText(pattern);
        verdict.statement = fmt::format("The {} has {}{}.",
                                        where,
                                        wanted.Text("entry", "entries"),
                                        with.empty() ? "" : " with " + with);
        wanted.Judge(matching.size(), "entries", verdict);
    }
    if (!matching.empty())
    {
        verdict.detail = fmt::format("{} of {} entries agree, such as {}, there since {}",
                                     matching.size(),
                                     contents.size(),
                                     RowText(*matching.front()),
                                     AtText(matching.front()->time));
        return;
    }
    verdict.detail = fmt::format("none of its {} entries agrees", contents.size());
    constexpr std::size_t MOST = 3;
    std::size_t shown = 0;
    for (const auto& entry : contents)
    {
        if (shown++ == MOST)
        {
            break;
        }
        verdict.detail += (shown == 1 ? ": " : "; ") + RowText(entry.second);
    }
}

void
JudgeFrames(const spec::Scenario& scenario,
            const spec::Expectation& expectation,
            const Recorder& recorder,
            const ResolvedWindow& window,
            Verdict& verdict)
{
    const spec::WireRef& wire = expectation.wires.at(0);
    const std::string name = CanonicalName(scenario, wire);
    const Wanted wanted(expectation);
    verdict.statement = fmt::format("On {}{}, {}{} {}.",
                                    scenario.Name(wire),
                                    DirectionText(expectation.direction),
                                    wanted.Text("frame passes", "frames pass"),
                                    WhereText(expectation.where),
                                    window.text);
    const OverlayRecord& overlay = recorder.Overlay();
    std::uint64_t passed = 0;
    std::uint64_t count = 0;
    const FrameRecord* first = nullptr;
    for (const FrameRecord& frame : overlay.Frames())
    {
        if (frame.time < window.from || frame.time > window.to ||
            overlay.WatchedLinks()[frame.link] != name ||
            !LooksAt(expectation, wire, frame.outward))
        {
            continue;
        }
        ++passed;
        if (Agrees(expectation.where, frame))
        {
            ++count;
            first = first ? first : &frame;
        }
    }
    wanted.Judge(count, "frames", verdict);
    verdict.atSeconds = first ? InSeconds(first->time) : InSeconds(window.from);
    verdict.detail = fmt::format("{} of the {} frames in {}", count, passed, SpanText(window));
    if (first)
    {
        verdict.detail += fmt::format(
            "; the first at {}: {}", AtText(first->time), (*first)[FrameColumn::Summary]);
    }
}

void
JudgeCounter(const spec::Expectation& expectation, const Recorder& recorder, Verdict& verdict)
{
    const auto value = recorder.FindScalar(expectation.counter);
    if (!value)
    {
        verdict.statement = fmt::format("{} is within its bounds.", expectation.counter);
        std::vector<std::string> names;
        for (const auto& scalar : recorder.Scalars())
        {
            names.push_back(scalar.first);
        }
        const auto near = spec::Suggest(expectation.counter, names);
        verdict.detail = fmt::format("this run has no figure {}{}",
                                     expectation.counter,
                                     near ? fmt::format("; did you mean {}?", *near) : "");
        return;
    }
    const std::string limits = JudgeLimits(expectation, *value, 1, verdict);
    verdict.statement = fmt::format("{} is {}.", expectation.counter, limits);
    verdict.atSeconds = InSeconds(recorder.End());
    verdict.detail = fmt::format("it is {}", Number(*value));
}

void
JudgeBalance(const spec::Scenario& scenario,
             const spec::Expectation& expectation,
             const Recorder& recorder,
             Verdict& verdict)
{
    const std::string_view what = spec::ToString(expectation.balanceOf);
    std::vector<std::string> names;
    std::vector<double> counts;
    double total = 0;
    double frames = 0;
    for (const spec::WireRef& wire : expectation.wires)
    {
        names.push_back(scenario.Name(wire));
        double count = 0;
        for (const bool outward : {true, false})
        {
            if (LooksAt(expectation, wire, outward))
            {
                const std::string prefix = fmt::format(
                    "link.{}.{}.", CanonicalName(scenario, wire), outward ? "out" : "in");
                count += recorder.FindScalar(prefix + std::string(what)).value_or(0);
                frames += recorder.FindScalar(prefix + "frames").value_or(0);
            }
        }
        counts.push_back(count);
        total += count;
    }
    const bool bytes = expectation.balanceOf == spec::BalanceOf::Bytes;
    const double expected = total / static_cast<double>(std::max<std::size_t>(counts.size(), 1));
    verdict.statement = fmt::format("The {} are {} spread over {}.",
                                    what,
                                    expectation.even ? "evenly" : "unevenly",
                                    fmt::join(names, ", "));
    verdict.unit = "probability";
    verdict.threshold = BALANCE_SIGNIFICANCE;
    verdict.atSeconds = InSeconds(recorder.End());
    if (total <= 0)
    {
        verdict.detail = fmt::format("no {} were counted on these links", what);
        return;
    }
    if (expectation.even && !bytes && expected < LEAST_EXPECTED)
    {
        verdict.detail = fmt::format("{:g} {} on {} links are too few to tell: the chi-square test "
                                     "wants {:g} a link",
                                     total,
                                     what,
                                     counts.size(),
                                     LEAST_EXPECTED);
        return;
    }
    // Bytes do not come one by one: their spread is that of frames of the mean size.
    std::vector<double> units = counts;
    if (bytes && frames > 0)
    {
        for (double& unit : units)
        {
            unit *= frames / total;
        }
    }
    const double probability = EvenProbability(units);
    verdict.measured = probability;
    verdict.margin = (probability - BALANCE_SIGNIFICANCE) * (expectation.even ? 1 : -1);
    verdict.passed = (probability > BALANCE_SIGNIFICANCE) == expectation.even;
    const double largest = *std::max_element(counts.begin(), counts.end());
    std::vector<std::string> shown;
    for (const double count : counts)
    {
        shown.push_back(Number(count));
    }
    verdict.detail = fmt::format(
        "{}; most / mean {:.3f}; chi-square of {} degrees of freedom, probability {:.3g}",
        fmt::join(shown, ", "),
        largest * static_cast<double>(counts.size()) / total,
        counts.size() - 1,
        probability);
}

} // namespace weft::engine
