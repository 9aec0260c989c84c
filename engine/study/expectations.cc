// SPDX-License-Identifier: GPL-2.0-only
#include "engine/study/expectations.h"

#include "engine/record/text.h"
#include "engine/study/judge-overlay.h"
#include "engine/study/judge.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <optional>
#include <stdexcept>

namespace weft::engine
{

namespace
{

/// An expectation whose window cannot be resolved; the text becomes the verdict's detail.
class Unresolved : public std::runtime_error
{
  public:
    using std::runtime_error::runtime_error;
};

double
InSeconds(TimeNs time)
{
    return static_cast<double>(time.count()) / 1e9;
}

std::string
Limit(double value, std::string_view metric)
{
    return metric == "loss" ? fmt::format("{:.3g} %", 100 * value)
                            : fmt::format("{:.4g} ms", value);
}

/// @return what a decision was and why, for a detail
std::string
Describe(const DecisionRecord& d)
{
    std::string text = fmt::format("{} at {} by edge {}", d.action, AtText(d.time), d.edge);
    if (!d.from.empty())
    {
        text += fmt::format(" from {}", d.from);
    }
    if (!d.to.empty())
    {
        text += fmt::format(" to {}", d.to);
    }
    if (!d.rule.empty())
    {
        text += fmt::format(", rule {}", d.rule);
    }
    if (!d.metric.empty() && !std::isnan(d.value))
    {
        text += fmt::format(", {} {}", d.metric, Limit(d.value, d.metric));
        if (!std::isnan(d.bound))
        {
            text += fmt::format(" (bound {})", Limit(d.bound, d.metric));
        }
        if (!std::isnan(d.threshold))
        {
            text += fmt::format(" against {}", Limit(d.threshold, d.metric));
        }
    }
    if (!d.timer.empty())
    {
        text += fmt::format(", timer {}", d.timer);
        if (!std::isnan(d.timerSeconds))
        {
            text += fmt::format(" {} s", Number(d.timerSeconds));
        }
    }
    return text;
}

/// @return e.g. "starts sending copies"
std::string_view
Verb(spec::Action action)
{
    switch (action)
    {
    case spec::Action::Open:
        return "opens";
    case spec::Action::Duplicate:
        return "sends copies";
    case spec::Action::StopDuplicate:
        return "stops sending copies";
    case spec::Action::Switch:
        return "moves";
    case spec::Action::Return:
        return "returns";
    case spec::Action::FecOn:
        return "starts FEC";
    case spec::Action::FecOff:
        return "stops FEC";
    case spec::Action::LeastBad:
        return "makes do with the least bad path";
    case spec::Action::PathDown:
        return "goes down";
    case spec::Action::PathUp:
        return "comes up";
    case spec::Action::Follow:
        return "follows its peer";
    }
    return "decides";
}

/// Judges the expectations of one run, each once, in the order their references ask for.
class Court
{
  public:
    Court(const spec::Scenario& scenario, const Recorder& recorder)
        : m_scenario(scenario), m_recorder(recorder), m_cases(scenario.expectations.size())
    {
    }

    std::vector<Verdict>
    All()
    {
        std::vector<Verdict> verdicts;
        for (spec::Index i = 0; i < m_cases.size(); ++i)
        {
            Settle(i);
            verdicts.push_back(m_cases[i].verdict);
        }
        return verdicts;
    }

  private:
    enum class Progress
    {
        Open,
        Underway,
        Done,
    };

    struct Case
    {
        Progress progress = Progress::Open;
        Verdict verdict;
        std::optional<std::size_t> decision; ///< in the record: the one that met the expectation
    };

    void
    Settle(spec::Index index)
    {
        Case& it = m_cases[index];
        if (it.progress != Progress::Open)
        {
            return;
        }
        it.progress = Progress::Underway;
        const spec::Expectation& expectation = m_scenario.expectations[index];
        it.verdict.name = expectation.name;
        it.verdict.kind = spec::ToString(expectation.kind);
        try
        {
            JudgeOne(expectation, it);
        }
        catch (const Unresolved& problem)
        {
            it.verdict.passed = false;
            it.verdict.detail = problem.what();
        }
        if (!expectation.about.empty())
        {
            it.verdict.statement = expectation.about;
        }
        else if (it.verdict.statement.empty())
        {
            it.verdict.statement = fmt::format("Expectation {} holds.", expectation.name);
        }
        it.progress = Progress::Done;
    }

    void
    JudgeOne(const spec::Expectation& expectation, Case& it)
    {
        // Said first, so that the statement stands even when the window cannot be resolved.
        if (expectation.kind == spec::ExpectKind::Decision ||
            expectation.kind == spec::ExpectKind::NoDecision)
        {
            it.verdict.statement = DecisionStatement(expectation, WindowText(expectation.window));
        }
        const ResolvedWindow window = Resolve(expectation);
        if (expectation.kind == spec::ExpectKind::Decision ||
            expectation.kind == spec::ExpectKind::NoDecision)
        {
            JudgeDecision(expectation, window, it);
            return;
        }
        switch (expectation.kind)
        {
        case spec::ExpectKind::Table:
            JudgeTable(m_scenario,
                       expectation,
                       m_recorder,
                       expectation.at ? Instant(*expectation.at, "at").first : window.to,
                       it.verdict);
            return;
        case spec::ExpectKind::Frames:
            JudgeFrames(m_scenario, expectation, m_recorder, window, it.verdict);
            return;
        case spec::ExpectKind::Counter:
            JudgeCounter(expectation, m_recorder, it.verdict);
            return;
        case spec::ExpectKind::Balance:
            JudgeBalance(m_scenario, expectation, m_recorder, it.verdict);
            return;
        default:
            break;
        }
        const Recorder::Flow& flow = FlowOf(expectation);
        switch (expectation.kind)
        {
        case spec::ExpectKind::Outage:
            JudgeOutage(expectation, flow, window, it.verdict);
            break;
        case spec::ExpectKind::LanClean:
            JudgeLan(expectation, flow, window, it.verdict);
            break;
        case spec::ExpectKind::Cost:
            JudgeCost(expectation, flow, window, it.verdict);
            break;
        case spec::ExpectKind::Follows:
            JudgeFollows(expectation, flow, window, it.verdict);
            break;
        default:
            JudgeMetric(expectation,
                        flow,
                        window,
                        m_scenario.record.interval.count() > 0 ? m_scenario.record.interval
                                                               : std::chrono::milliseconds(500),
                        it.verdict);
        }
    }

    const Recorder::Flow&
    FlowOf(const spec::Expectation& expectation) const
    {
        if (!expectation.flow)
        {
            throw Unresolved("the expectation names no flow");
        }
        const std::string& name = m_scenario.traffic.at(*expectation.flow).name;
        const Recorder::Flow* flow = m_recorder.FindFlow(name);
        if (!flow)
        {
            throw Unresolved(fmt::format("no flow {} was recorded", name));
        }
        return *flow;
    }

    // ---------------------------------------------------------------- windows

    std::string
    MomentText(const spec::Moment& moment) const
    {
        switch (moment.kind)
        {
        case spec::Moment::Kind::Time:
            return AtText(moment.time);
        case spec::Moment::Kind::EventStart:
            return m_scenario.events.at(moment.index).name;
        case spec::Moment::Kind::EventEnd:
            return fmt::format("the end of {}", m_scenario.events.at(moment.index).name);
        case spec::Moment::Kind::Decision:
            return m_scenario.expectations.at(moment.index).name;
        }
        return {};
    }

    std::string
    WindowText(const spec::Window& window) const
    {
        std::string text;
        const auto add = [&](std::string part) { text += (text.empty() ? "" : ", ") + part; };
        const bool whole = window.from.count() == 0 && window.to >= m_scenario.duration;
        if (!whole)
        {
            add(fmt::format("between {} and {}", AtText(window.from), AtText(window.to)));
        }
        if (window.within && window.after)
        {
            add(fmt::format(
                "within {} after {}", AtText(*window.within), MomentText(*window.after)));
        }
        else if (window.after)
        {
            add(fmt::format("from {} on", MomentText(*window.after)));
        }
        else if (window.within)
        {
            add(fmt::format("within {}", AtText(*window.within)));
        }
        if (window.until)
        {
            add(fmt::format("until {}", MomentText(*window.until)));
        }
        return text.empty() ? "in the whole run" : text;
    }

    /// @return the instant; also the decision's place in the record when it is one
    std::pair<TimeNs, std::optional<std::size_t>>
    Instant(const spec::Moment& moment, std::string_view key)
    {
        if (moment.kind != spec::Moment::Kind::Decision)
        {
            return {moment.time, std::nullopt};
        }
        const std::string& name = m_scenario.expectations.at(moment.index).name;
        Settle(moment.index);
        const Case& other = m_cases[moment.index];
        if (other.progress == Progress::Underway)
        {
            throw Unresolved(
                fmt::format("'{}: {}' goes round in a circle and has no instant", key, name));
        }
        if (!other.decision)
        {
            throw Unresolved(fmt::format(
                "'{}: {}' has no instant: that decision was not taken in its own window",
                key,
                name));
        }
        return {m_recorder.Decisions()[*other.decision].time, other.decision};
    }

    ResolvedWindow
    Resolve(const spec::Expectation& expectation)
    {
        const spec::Window& w = expectation.window;
        ResolvedWindow window;
        window.text = WindowText(w);
        window.from = w.from;
        window.to = w.to.count() > 0 ? w.to : m_scenario.duration;
        if (w.after)
        {
            const auto [time, decision] = Instant(*w.after, "after");
            window.from = std::max(window.from, time);
            window.since = time;
            // What follows a decision comes after it in the record, also at the same instant.
            window.firstDecision = decision ? *decision + 1 : 0;
        }
        if (w.within)
        {
            window.to = std::min(window.to, window.from + *w.within);
        }
        if (w.until)
        {
            window.to = std::min(window.to, Instant(*w.until, "until").first);
        }
        if (window.to < window.from)
        {
            throw Unresolved(fmt::format("the window is empty: it would begin at {} and end at {}",
                                         AtText(window.from),
                                         AtText(window.to)));
        }
        return window;
    }

    // ---------------------------------------------------------------- decisions

    std::string
    DecisionStatement(const spec::Expectation& e, const std::string& when) const
    {
        std::string subject = "The Edge";
        if (e.path)
        {
            subject = m_scenario.Name(m_scenario.paths.at(*e.path));
        }
        else if (e.flow)
        {
            subject = m_scenario.traffic.at(*e.flow).name;
        }
        else if (e.action == spec::Action::PathDown || e.action == spec::Action::PathUp)
        {
            subject = "a path";
        }
        std::string links;
        if (e.from)
        {
            links += fmt::format(" from {}", *e.from);
        }
        if (e.to)
        {
            links += fmt::format(
                " {} {}",
                e.action == spec::Action::Open || e.action == spec::Action::Duplicate ? "on" : "to",
                *e.to);
        }
        const std::string by =
            e.edge ? fmt::format(" at {}", m_scenario.sites.at(*e.edge).name) : std::string();
        if (e.kind == spec::ExpectKind::NoDecision)
        {
            return fmt::format(
                "It never happens that {} {}{}{} {}.", subject, Verb(e.action), links, by, when);
        }
        return fmt::format("{} {}{}{} {}{}.",
                           subject,
                           Verb(e.action),
                           links,
                           by,
                           e.count ? fmt::format("{} times ", *e.count) : std::string(),
                           when);
    }

    /// @return whether the record is of the kind and subject expected, whenever it was taken
    bool
    Matches(const spec::Expectation& e, const DecisionRecord& d) const
    {
        if (d.action != spec::ToString(e.action) || (e.from && d.from != *e.from) ||
            (e.to && d.to != *e.to))
        {
            return false;
        }
        if (e.edge && d.edge != m_scenario.sites.at(*e.edge).name)
        {
            return false;
        }
        if (e.flow)
        {
            const spec::Flow& flow = m_scenario.traffic.at(*e.flow);
            return d.flow == flow.name && (e.edge || d.edge == m_scenario.sites.at(flow.from).name);
        }
        return !e.path || OfPath(m_scenario.paths.at(*e.path), d);
    }

    bool
    OfPath(const spec::Path& path, const DecisionRecord& d) const
    {
        const std::string first = m_scenario.Name(path.first);
        const std::string second = m_scenario.Name(path.second);
        if (!d.path.empty())
        {
            return d.path == first + ">" + second || d.path == second + ">" + first;
        }
        // Without a path's name the deciding Edge's link tells it, as far as a link can.
        for (const spec::LinkRef& end : {path.first, path.second})
        {
            const std::string& link = m_scenario.At(end).name;
            if (d.edge == m_scenario.sites.at(end.site).name && (d.from == link || d.to == link))
            {
                return true;
            }
        }
        return false;
    }

    void
    JudgeDecision(const spec::Expectation& e, const ResolvedWindow& window, Case& it)
    {
        const auto& decisions = m_recorder.Decisions();
        std::vector<std::size_t> found;
        std::optional<std::size_t> outside; // nearest to the window
        for (std::size_t i = 0; i < decisions.size(); ++i)
        {
            const DecisionRecord& d = decisions[i];
            if (!Matches(e, d))
            {
                continue;
            }
            if (i >= window.firstDecision && d.time >= window.from && d.time <= window.to)
            {
                found.push_back(i);
            }
            else if (!outside || Distance(d, window) < Distance(decisions[*outside], window))
            {
                outside = i;
            }
        }
        Verdict& verdict = it.verdict;
        if (e.kind == spec::ExpectKind::NoDecision || e.count)
        {
            const std::size_t wanted = e.kind == spec::ExpectKind::NoDecision ? 0 : *e.count;
            verdict.unit = "decisions";
            verdict.measured = static_cast<double>(found.size());
            verdict.threshold = static_cast<double>(wanted);
            verdict.margin = -std::abs(verdict.measured - verdict.threshold);
            verdict.passed = found.size() == wanted;
            verdict.atSeconds =
                InSeconds(found.empty() ? window.from : decisions[found.front()].time);
            verdict.detail = fmt::format("{} in {}", found.size(), SpanText(window));
            if (!found.empty())
            {
                it.decision = found.front();
                verdict.detail +=
                    fmt::format("; the first: {}", Describe(decisions[found.front()]));
            }
            else if (outside)
            {
                verdict.detail += fmt::format("; the nearest: {}", Describe(decisions[*outside]));
            }
            return;
        }
        // With `after`, times are told from that instant; otherwise from the start of the run.
        const TimeNs zero = e.window.after ? window.since : TimeNs(0);
        verdict.unit = "s";
        verdict.threshold = InSeconds(window.to - zero);
        if (!found.empty())
        {
            const DecisionRecord& d = decisions[found.front()];
            it.decision = found.front();
            verdict.passed = true;
            verdict.measured = InSeconds(d.time - zero);
            verdict.margin = InSeconds(window.to - d.time);
            verdict.atSeconds = InSeconds(d.time);
            verdict.detail = Describe(d);
            return;
        }
        verdict.detail = fmt::format("no such decision in {}", SpanText(window));
        verdict.atSeconds = InSeconds(window.from);
        if (outside)
        {
            const DecisionRecord& d = decisions[*outside];
            verdict.measured = InSeconds(d.time - zero);
            verdict.margin = -InSeconds(Distance(d, window));
            verdict.detail += fmt::format("; the nearest: {}", Describe(d));
        }
        else
        {
            verdict.detail += " nor elsewhere; " + Instead(e, window);
        }
    }

    static TimeNs
    Distance(const DecisionRecord& d, const ResolvedWindow& window)
    {
        return d.time < window.from ? window.from - d.time
                                    : std::max(d.time - window.to, TimeNs(0));
    }

    /// @return what was decided about the same flow or path in the window
    std::string
    Instead(const spec::Expectation& e, const ResolvedWindow& window) const
    {
        static constexpr std::size_t MOST = 3;
        std::string text;
        std::size_t count = 0;
        for (const DecisionRecord& d : m_recorder.Decisions())
        {
            const bool same =
                e.flow ? d.flow == m_scenario.traffic.at(*e.flow).name : d.flow.empty();
            if (same && d.time >= window.from && d.time <= window.to && count++ < MOST)
            {
                text += (text.empty() ? "" : "; ") + Describe(d);
            }
        }
        if (count == 0)
        {
            return "nothing was decided in that time";
        }
        return fmt::format(
            "instead: {}{}", text, count > MOST ? fmt::format(" and {} more", count - MOST) : "");
    }

    const spec::Scenario& m_scenario;
    const Recorder& m_recorder;
    std::vector<Case> m_cases;
};

} // namespace

std::vector<Verdict>
Judge(const spec::Scenario& scenario, const Recorder& recorder)
{
    return Court(scenario, recorder).All();
}

bool
AllPassed(const std::vector<Verdict>& verdicts)
{
    return std::all_of(
        verdicts.begin(), verdicts.end(), [](const Verdict& verdict) { return verdict.passed; });
}

} // namespace weft::engine
