// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/bind.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace weft::spec
{

namespace
{

constexpr std::array VERBS{"decision", "no_decision", "lan", "cost", "follows", "metric"};

bool
IsPathAction(Action action)
{
    return action == Action::PathDown || action == Action::PathUp;
}

Dimension
DimensionOf(Metric metric)
{
    switch (metric)
    {
    case Metric::Loss:
        return Dimension::Fraction;
    case Metric::MosMean:
    case Metric::MosMin:
        return Dimension::None;
    case Metric::Throughput:
        return Dimension::Rate;
    default:
        return Dimension::Time;
    }
}

class ExpectationBinder
{
  public:
    ExpectationBinder(Binding& binding, const View& view, Expectation& expectation)
        : m_binding(binding), m_scenario(binding.scenario), m_view(view), m_e(expectation)
    {
    }

    void
    Bind()
    {
        BindFlow();
        const auto direction = m_view.Text("direction");
        m_e.direction = direction == "forward"    ? FlowDirection::Forward
                        : direction == "backward" ? FlowDirection::Backward
                                                  : FlowDirection::Both;
        if (m_e.direction == FlowDirection::Backward && m_e.flow && !FlowOf().bothWays)
        {
            Error("direction", fmt::format("flow '{}' sends nothing backward", FlowOf().name));
        }
        switch (m_e.kind)
        {
        case ExpectKind::Decision:
            BindDecision("decision");
            break;
        case ExpectKind::NoDecision:
            BindDecision("no_decision");
            break;
        case ExpectKind::LanClean:
            RefuseTcp("lan");
            break;
        case ExpectKind::Cost:
            NeedFlow();
            m_e.cost = m_view.Real("cost").value_or(1);
            m_e.tolerance = m_view.Real("tolerance").value_or(0);
            break;
        case ExpectKind::Follows:
            BindFollows();
            break;
        case ExpectKind::Metric:
            BindMetric();
            break;
        default:
            break;
        }
        BindWindow();
    }

  private:
    void
    Error(std::string_view key, std::string message)
    {
        m_binding.diagnostics.Error(m_view.ValueSpan(key), std::move(message));
    }

    const Flow&
    FlowOf() const
    {
        return m_scenario.traffic[*m_e.flow];
    }

    void
    BindFlow()
    {
        const auto* key = m_e.kind == ExpectKind::Follows ? "follows" : "flow";
        if (const auto name = m_view.Text(key))
        {
            m_e.flow = IndexOf(m_scenario.traffic, *name);
        }
    }

    void
    NeedFlow()
    {
        if (!m_view.Has("flow"))
        {
            m_binding.diagnostics.Error(
                m_view.Where(""), fmt::format("missing key 'flow' in expectation '{}'", m_e.name));
        }
    }

    void
    RefuseTcp(std::string_view key)
    {
        NeedFlow();
        if (m_e.flow && FlowOf().kind == TrafficKind::BulkTcp)
        {
            Error(key,
                  fmt::format("not measured for flow '{}': TCP hides it; of TCP flows throughput "
                              "is measured",
                              FlowOf().name));
        }
    }

    void
    BindDecision(std::string_view verb)
    {
        const auto action = m_view.Choice<Action>(verb);
        if (!action)
        {
            return;
        }
        m_e.action = *action;
        if (const auto count = m_view.Integer("count"))
        {
            m_e.count = static_cast<unsigned>(*count);
        }
        if (const auto edge = m_view.Text("edge"))
        {
            m_e.edge = IndexOf(m_scenario.sites, *edge);
        }
        if (IsPathAction(*action))
        {
            for (const auto key : {"flow", "from", "to"})
            {
                if (m_view.Has(key))
                {
                    m_binding.diagnostics.Error(
                        m_view.Where(key),
                        fmt::format("{} is about a path and has no '{}'", ToString(*action), key));
                }
            }
            if (const auto path = BindPath(m_binding, m_view, "path"))
            {
                m_e.path = path->first;
            }
            return;
        }
        NeedFlow();
        if (!m_e.flow)
        {
            return;
        }
        if (m_e.edge && *m_e.edge != FlowOf().from && *m_e.edge != FlowOf().to)
        {
            Error("edge",
                  fmt::format("flow '{}' does not touch site '{}'",
                              FlowOf().name,
                              m_scenario.sites[*m_e.edge].name));
        }
        if (!m_view.Has("edge"))
        {
            m_e.edge = FlowOf().from;
        }
        if (m_e.edge)
        {
            m_e.from = BindLinkOf(*m_e.edge, "from");
            m_e.to = BindLinkOf(*m_e.edge, "to");
        }
    }

    /// Reads the name of one of an Edge's own links.
    std::optional<std::string>
    BindLinkOf(Index site, std::string_view key)
    {
        const auto name = m_view.Text(key);
        const auto& links = m_scenario.sites[site].links;
        if (!name || IndexOf(links, *name))
        {
            return name;
        }
        std::vector<std::string> known;
        for (const auto& link : links)
        {
            known.push_back(link.name);
        }
        const auto& siteName = m_scenario.sites[site].name;
        auto& error =
            m_binding.diagnostics.Error(m_view.ValueSpan(key),
                                        fmt::format("site '{}' has no link '{}'", siteName, *name),
                                        DidYouMean(*name, known));
        error.notes.push_back(ListNames("links of " + siteName, known));
        return std::nullopt;
    }

    void
    BindFollows()
    {
        m_e.lag = m_view.Time("lag").value_or(Duration{0});
        if (!m_e.flow)
        {
            return;
        }
        const auto& flow = FlowOf();
        if (!flow.bothWays && flow.kind != TrafficKind::BulkTcp)
        {
            Error("follows", fmt::format("flow '{}' sends nothing backward", flow.name));
        }
        m_e.edge = flow.to;
        if (const auto site = m_view.Text("at");
            site && IndexOf(m_scenario.sites, *site) != std::optional(flow.to))
        {
            Error("at",
                  fmt::format("the return packets of flow '{}' come from site '{}'",
                              flow.name,
                              m_scenario.sites[flow.to].name));
        }
    }

    void
    BindMetric()
    {
        const auto metric = m_view.Choice<Metric>("metric");
        if (!metric)
        {
            return;
        }
        m_e.metric = *metric;
        if (*metric == Metric::Throughput)
        {
            NeedFlow();
        }
        else
        {
            RefuseTcp("metric");
        }
        const bool mos = *metric == Metric::MosMean || *metric == Metric::MosMin;
        if (mos && m_e.flow && FlowOf().kind != TrafficKind::Voice)
        {
            Error("metric", fmt::format("flow '{}' is not voice and has no MOS", FlowOf().name));
        }
        m_e.below = BindBound("below");
        m_e.above = BindBound("above");
        if (!m_view.Has("below") && !m_view.Has("above"))
        {
            Error("metric", fmt::format("expectation '{}' needs 'below' or 'above'", m_e.name));
        }
        if (m_e.below && m_e.above && *m_e.below <= *m_e.above)
        {
            Error("below", "nothing is below this and above the other bound");
        }
    }

    std::optional<double>
    BindBound(std::string_view key)
    {
        const auto text = m_view.Text(key);
        if (!text)
        {
            return std::nullopt;
        }
        const auto dimension = DimensionOf(m_e.metric);
        const auto result = ParseQuantity(*text, dimension);
        if (!result)
        {
            m_binding.diagnostics.Error(m_view.ValueSpan(key), result.error, result.hint);
            return std::nullopt;
        }
        constexpr double NS_PER_S = 1e9;
        return dimension == Dimension::Time ? result.quantity.value / NS_PER_S
                                            : result.quantity.value;
    }

    // ------------------------------------------------------------ windows

    void
    BindWindow()
    {
        auto& window = m_e.window;
        window.to = m_scenario.duration;
        const auto duration = m_scenario.duration;
        if (duration == Duration{0})
        {
            return; // wrong, and reported
        }
        if (const auto between = m_view.TimeWindow("between"))
        {
            std::tie(window.from, window.to) = *between;
            if (window.from >= window.to)
            {
                Error("between", "the window is empty");
                return;
            }
            if (window.from < Duration{0} || window.to > duration)
            {
                Error("between",
                      fmt::format(
                          "the window leaves the run, which ends at {}",
                          FormatQuantity(static_cast<double>(duration.count()), Dimension::Time)));
                return;
            }
        }
        window.after = BindMoment("after");
        window.until = BindMoment("until");
        window.within = m_view.Time("within");
        CheckWindow();
    }

    /// Checks what is known of the window before the run.
    void
    CheckWindow()
    {
        const auto& window = m_e.window;
        const auto known = [](const std::optional<Moment>& moment) {
            return moment && moment->kind != Moment::Kind::Decision;
        };
        const auto duration = m_scenario.duration;
        for (const auto key : {"after", "until"})
        {
            const auto& moment = key == std::string_view("after") ? window.after : window.until;
            if (known(moment) && moment->time > duration)
            {
                Error(key, "this is after the end of the run");
                return;
            }
        }
        const auto begin =
            std::max(window.from, known(window.after) ? window.after->time : Duration{0});
        auto end = std::min(window.to, known(window.until) ? window.until->time : window.to);
        const auto* last = known(window.until) ? "until" : "between";
        const bool beginKnown = !window.after || known(window.after);
        if (window.within && beginKnown)
        {
            if (*window.within > duration - begin)
            {
                Error("within",
                      fmt::format(
                          "the window leaves the run, which ends at {}",
                          FormatQuantity(static_cast<double>(duration.count()), Dimension::Time)));
                return;
            }
            end = std::min(end, begin + *window.within);
        }
        if (begin >= end)
        {
            Error(m_view.Has(last) ? last : "after", "the window is empty");
        }
    }

    std::optional<Moment>
    BindMoment(std::string_view key)
    {
        const auto* node = m_view.Find(key);
        if (!node)
        {
            return std::nullopt;
        }
        if (const auto* time = std::get_if<std::int64_t>(&node->value))
        {
            return Moment{Moment::Kind::Time, Duration(*time), 0};
        }
        const auto* text = std::get_if<std::string>(&node->value);
        if (!text)
        {
            return std::nullopt;
        }
        const bool end = text->ends_with(".end");
        const auto name = text->substr(0, text->find('.'));
        if (const auto event = IndexOf(m_scenario.events, name))
        {
            const auto& e = m_scenario.events[*event];
            return Moment{end ? Moment::Kind::EventEnd : Moment::Kind::EventStart,
                          end ? e.end : e.at,
                          *event};
        }
        if (const auto other = IndexOf(m_scenario.expectations, name))
        {
            return Moment{Moment::Kind::Decision, Duration{0}, *other};
        }
        return std::nullopt;
    }

    Binding& m_binding;
    const Scenario& m_scenario;
    const View& m_view;
    Expectation& m_e;
};

/// @return whether the time of an expectation depends on that of @p target
bool
DependsOn(const Scenario& scenario, Index at, Index target, std::vector<bool>& seen)
{
    const auto& window = scenario.expectations[at].window;
    for (const auto& moment : {window.after, window.until})
    {
        if (!moment || moment->kind != Moment::Kind::Decision)
        {
            continue;
        }
        if (moment->index == target)
        {
            return true;
        }
        if (!seen[moment->index])
        {
            seen[moment->index] = true;
            if (DependsOn(scenario, moment->index, target, seen))
            {
                return true;
            }
        }
    }
    return false;
}

} // namespace

void
BindExpectations(Binding& binding)
{
    auto& scenario = binding.scenario;
    std::vector<View> views;
    for (const auto& [name, view] : binding.root.Entries("expect"))
    {
        std::vector<std::size_t> verbs;
        for (std::size_t i = 0; i < VERBS.size(); ++i)
        {
            if (view.Has(VERBS[i]))
            {
                verbs.push_back(i);
            }
        }
        Expectation expectation;
        expectation.name = name;
        expectation.about = About(view);
        if (verbs.size() != 1)
        {
            auto& error = binding.diagnostics.Error(
                verbs.empty() ? view.Where("") : view.Where(VERBS[verbs[1]]),
                fmt::format("expectation '{}' says {}",
                            name,
                            verbs.empty() ? "nothing to expect" : "two things at once"));
            error.notes.push_back(
                fmt::format("an expectation has one of: {}", fmt::join(VERBS, ", ")));
        }
        expectation.kind = verbs.empty() ? ExpectKind::Decision : static_cast<ExpectKind>(verbs[0]);
        scenario.expectations.push_back(std::move(expectation));
        views.push_back(view);
    }
    for (Index i = 0; i < views.size(); ++i)
    {
        ExpectationBinder(binding, views[i], scenario.expectations[i]).Bind();
    }
    for (Index i = 0; i < views.size(); ++i)
    {
        std::vector<bool> seen(views.size());
        if (DependsOn(scenario, i, i, seen))
        {
            binding.diagnostics.Error(
                views[i].ValueSpan(views[i].Has("after") ? "after" : "until"),
                fmt::format("the window of '{}' depends on itself", scenario.expectations[i].name));
        }
    }
}

} // namespace weft::spec
