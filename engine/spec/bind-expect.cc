// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/bind-expect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace weft::spec
{

namespace
{

constexpr std::array VERBS{"decision",
                           "no_decision",
                           "lan",
                           "cost",
                           "follows",
                           "metric",
                           "outage",
                           "table",
                           "frames",
                           "counter",
                           "balance"};
/// How many of these a scenario of sites alone can use.
constexpr std::size_t SITE_VERBS = 6;

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

/// @return whether an expectation is of the variant in force
bool
Applies(Binding& binding, const View& view)
{
    const auto named = [&](std::string_view key) {
        const auto names = view.Names(key);
        return std::find(names.begin(), names.end(), binding.scenario.variant) != names.end();
    };
    if (view.Has("only") && view.Has("except"))
    {
        binding.diagnostics.Error(view.Where("except"), "'only' already says which variants");
    }
    return view.Has("only") ? named("only") : !named("except");
}

/// Takes out what is not of the variant in force and mends the references between the rest.
void
Drop(Binding& binding, const std::vector<View>& views, const std::vector<bool>& applies)
{
    auto& all = binding.scenario.expectations;
    std::vector<Index> place(all.size());
    Index next = 0;
    for (Index i = 0; i < all.size(); ++i)
    {
        place[i] = next;
        next += applies[i];
    }
    std::vector<Expectation> kept;
    for (Index i = 0; i < all.size(); ++i)
    {
        if (!applies[i])
        {
            continue;
        }
        auto& e = all[i];
        for (const auto& [key, moment] : {std::pair("after", &e.window.after),
                                          std::pair("until", &e.window.until),
                                          std::pair("at", &e.at)})
        {
            if (!*moment || (*moment)->kind != Moment::Kind::Decision)
            {
                continue;
            }
            if (!applies[(*moment)->index])
            {
                binding.diagnostics.Error(
                    views[i].ValueSpan(key),
                    fmt::format("'{}' refers to '{}', which is not expected in variant '{}'",
                                e.name,
                                all[(*moment)->index].name,
                                binding.scenario.variant));
            }
            (*moment)->index = place[(*moment)->index];
        }
        kept.push_back(std::move(e));
    }
    all = std::move(kept);
}

} // namespace

void
ExpectationBinder::Bind()
{
    BindFlow();
    const auto direction = m_view.Text("direction");
    const bool wire = m_e.kind == ExpectKind::Frames || m_e.kind == ExpectKind::Balance;
    m_e.direction = direction == "forward" || (direction == "out" && wire) ? FlowDirection::Forward
                    : direction == "backward" || (direction == "in" && wire)
                        ? FlowDirection::Backward
                        : FlowDirection::Both;
    if (!wire && (direction == "out" || direction == "in"))
    {
        Error("direction", "flows go forward and backward; out and in are of wires");
    }
    if (!wire && m_e.direction == FlowDirection::Backward && m_e.flow && !FlowOf().bothWays)
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
        NeedSites();
        m_e.cost = m_view.Real("cost").value_or(1);
        BindTolerance(Dimension::Copies, 0.02);
        break;
    case ExpectKind::Follows:
        BindFollows();
        break;
    case ExpectKind::Metric:
        BindMetric();
        break;
    case ExpectKind::Outage:
        BindOutage();
        break;
    case ExpectKind::Table:
        BindTable();
        break;
    case ExpectKind::Frames:
        BindFrames();
        break;
    case ExpectKind::Counter:
        BindCounter();
        break;
    case ExpectKind::Balance:
        BindBalance();
        break;
    }
    BindWindow();
}

void
ExpectationBinder::Error(std::string_view key, std::string message)
{
    m_binding.diagnostics.Error(m_view.ValueSpan(key), std::move(message));
}

const Flow&
ExpectationBinder::FlowOf() const
{
    return m_scenario.traffic[*m_e.flow];
}

void
ExpectationBinder::BindFlow()
{
    const auto* key = m_e.kind == ExpectKind::Follows  ? "follows"
                      : m_e.kind == ExpectKind::Outage ? "outage"
                                                       : "flow";
    if (const auto name = m_view.Text(key))
    {
        m_e.flow = IndexOf(m_scenario.traffic, *name);
    }
}

void
ExpectationBinder::NeedFlow()
{
    if (!m_view.Has("flow"))
    {
        m_binding.diagnostics.Error(
            m_view.Where(""), fmt::format("missing key 'flow' in expectation '{}'", m_e.name));
    }
}

bool
ExpectationBinder::NeedSites()
{
    if (m_e.flow && FlowOf().fromKind != NodeKind::Site)
    {
        Error(m_view.Has("flow") ? "flow" : "follows",
              fmt::format("flow '{}' is not between sites: no Edge sends it", FlowOf().name));
        return false;
    }
    return m_e.flow.has_value();
}

void
ExpectationBinder::BindTolerance(Dimension dimension, double otherwise)
{
    m_e.tolerance = otherwise;
    if (const auto text = m_view.Text("tolerance"))
    {
        const auto result = ParseQuantity(*text, dimension);
        constexpr double MOST_COPIES = 16;
        if (!result)
        {
            m_binding.diagnostics.Error(m_view.ValueSpan("tolerance"), result.error, result.hint);
        }
        else if (result.quantity.value < 0 ||
                 (dimension == Dimension::Copies && result.quantity.value > MOST_COPIES))
        {
            Error("tolerance",
                  fmt::format("{} is out of range; 'tolerance' is {}",
                              *text,
                              dimension == Dimension::Copies ? "0x to 16x" : "at least 0"));
        }
        else
        {
            m_e.tolerance = result.quantity.value;
        }
    }
}

void
ExpectationBinder::BindBounds(std::string_view verb, std::string_view also)
{
    m_e.below = BindBound("below");
    m_e.above = BindBound("above");
    if (!m_view.Has("below") && !m_view.Has("above") && (also.empty() || !m_view.Has(also)))
    {
        Error(verb,
              fmt::format("expectation '{}' needs {}'below' or 'above'",
                          m_e.name,
                          also.empty() ? std::string() : fmt::format("'{}', ", also)));
    }
    if (m_e.below && m_e.above && *m_e.below <= *m_e.above)
    {
        Error("below", "nothing is below this and above the other bound");
    }
}

void
ExpectationBinder::RefuseTcp(std::string_view key)
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
ExpectationBinder::BindDecision(std::string_view verb)
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
        constexpr std::int64_t MOST = 1'000'000;
        if (*count < 1 || *count > MOST)
        {
            Error("count", fmt::format("{} is out of range; 'count' is 1 to 1000000", *count));
        }
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
    if (!NeedSites())
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

std::optional<std::string>
ExpectationBinder::BindLinkOf(Index site, std::string_view key)
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
ExpectationBinder::BindFollows()
{
    m_e.lag = m_view.Time("lag").value_or(Duration{0});
    if (!NeedSites())
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
ExpectationBinder::BindMetric()
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
    CheckPing(*metric);
    const bool mos = *metric == Metric::MosMean || *metric == Metric::MosMin;
    if (mos && m_e.flow && FlowOf().kind != TrafficKind::Voice)
    {
        Error("metric", fmt::format("flow '{}' is not voice and has no MOS", FlowOf().name));
    }
    BindBounds("metric");
}

void
ExpectationBinder::CheckPing(Metric metric)
{
    if (!m_e.flow)
    {
        return;
    }
    const bool rtt = metric >= Metric::RttMean;
    const bool echo = FlowOf().kind == TrafficKind::Ping || FlowOf().kind == TrafficKind::Arp;
    if (rtt && !echo)
    {
        Error("metric", fmt::format("flow '{}' is no ping and has no round trip", FlowOf().name));
    }
    else if (echo && !rtt && metric != Metric::Loss)
    {
        Error("metric",
              fmt::format("flow '{}' is {}, of which round trips (rtt) and loss are measured",
                          FlowOf().name,
                          FlowOf().kind == TrafficKind::Ping ? "a ping" : "ARP"));
    }
}

std::optional<double>
ExpectationBinder::BindBound(std::string_view key)
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
    return dimension == Dimension::Time ? result.quantity.value / NS_PER_S : result.quantity.value;
}

void
BindExpectations(Binding& binding)
{
    auto& scenario = binding.scenario;
    std::vector<View> views;
    std::vector<bool> applies;
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
            const bool fabric = binding.root.Has("fabric") || binding.root.Has("hypervisors");
            error.notes.push_back(fmt::format(
                "an expectation has one of: {}",
                fmt::join(
                    VERBS.begin(), VERBS.begin() + (fabric ? VERBS.size() : SITE_VERBS), ", ")));
        }
        expectation.kind = verbs.empty() ? ExpectKind::Decision : static_cast<ExpectKind>(verbs[0]);
        scenario.expectations.push_back(std::move(expectation));
        views.push_back(view);
        applies.push_back(Applies(binding, view));
    }
    for (Index i = 0; i < views.size(); ++i)
    {
        if (applies[i])
        {
            ExpectationBinder(binding, views[i], scenario.expectations[i]).Bind();
        }
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
    Drop(binding, views, applies);
}

} // namespace weft::spec
