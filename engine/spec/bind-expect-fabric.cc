// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/bind-expect.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::spec
{

void
ExpectationBinder::BindCounts()
{
    if (const auto count = m_view.Integer("count"))
    {
        m_e.count = static_cast<unsigned>(*count);
    }
    const auto number = [&](std::string_view key, std::optional<std::uint64_t>& field) {
        if (const auto value = m_view.Integer(key))
        {
            field = static_cast<std::uint64_t>(*value);
            if (m_e.count)
            {
                Error("count", fmt::format("'count' leaves nothing to say for '{}'", key));
            }
        }
    };
    number("at_least", m_e.atLeast);
    number("at_most", m_e.atMost);
    if (m_e.atLeast && m_e.atMost && *m_e.atLeast > *m_e.atMost)
    {
        Error("at_most", "no number is this at most and as much as 'at_least' says");
    }
}

bool
ExpectationBinder::NeedFabric(std::string_view verb)
{
    if (!m_binding.root.Has("fabric") && !m_binding.root.Has("hypervisors"))
    {
        m_binding.diagnostics.Error(m_view.Where(verb),
                                    fmt::format("'{}' is about a fabric, and there is none", verb));
        return false;
    }
    return true;
}

void
ExpectationBinder::BindOutage()
{
    if (m_e.flow && FlowOf().kind == TrafficKind::BulkTcp)
    {
        Error("outage",
              fmt::format("flow '{}' is TCP, which has no sending interval", FlowOf().name));
    }
    m_e.metric = Metric::DelayMax; // a time
    BindBounds("outage");
}

void
ExpectationBinder::BindTable()
{
    if (!NeedFabric("table"))
    {
        return;
    }
    m_e.table = m_view.Choice<TableKind>("table").value_or(TableKind::BridgeFdb);
    if (const auto node = FindNode(m_binding, m_view.Text("node").value_or("")))
    {
        m_e.node = *node;
        CheckTableOf();
    }
    if (const auto has = m_view.Sub("has"))
    {
        m_e.has = BindTablePattern(m_binding, has, m_e.table);
    }
    if (const auto lacks = m_view.Sub("lacks"))
    {
        m_e.lacks = BindTablePattern(m_binding, lacks, m_e.table);
    }
    BindCounts();
    const bool counts = m_view.Has("count") || m_view.Has("at_least") || m_view.Has("at_most");
    if (m_view.Has("lacks") && counts && !m_view.Has("has"))
    {
        Error("lacks", "what is lacking is not counted");
    }
    if (!m_view.Has("has") && !m_view.Has("lacks") && !counts)
    {
        m_binding.diagnostics.Error(
            m_view.Where("table"),
            fmt::format("expectation '{}' needs 'has', 'lacks' or a count", m_e.name));
    }
    m_e.at = BindMoment("at");
    if (m_e.at && m_e.at->kind != Moment::Kind::Decision && m_e.at->time > m_scenario.duration)
    {
        Error("at", "this is after the end of the run");
    }
    for (const auto key : {"between", "after", "within", "until"})
    {
        if (m_view.Has("at") && m_view.Has(key))
        {
            m_binding.diagnostics.Error(m_view.Where(key),
                                        "'at' already says when the table is looked at");
        }
    }
}

void
ExpectationBinder::CheckTableOf()
{
    using K = TableKind;
    using N = NodeKind;
    const auto kind = m_e.node.kind;
    const bool bridged = m_scenario.fabric && m_scenario.fabric->forwarding == Forwarding::Bridged;
    bool has = false;
    switch (m_e.table)
    {
    case K::BridgeFdb:
        has = kind == N::Hypervisor || (kind == N::Router && bridged);
        break;
    case K::VtepFdb:
        has = kind == N::Hypervisor && !bridged;
        break;
    case K::Arp:
        has = kind != N::Router || !bridged;
        break;
    case K::Groups:
        has = kind == N::Hypervisor || kind == N::Vm || kind == N::ServiceNode;
        break;
    case K::Igmp:
    case K::Multicast:
    case K::Routes:
        has = kind == N::Router && !bridged;
        break;
    }
    if (!has)
    {
        Error("node",
              fmt::format("'{}' is a {} and has no table {}",
                          m_scenario.Name(m_e.node),
                          kind == N::Router && bridged ? "switch" : ToString(kind),
                          ToString(m_e.table)));
    }
}

void
ExpectationBinder::BindFrames()
{
    if (!NeedFabric("frames"))
    {
        return;
    }
    const auto name = m_view.Text("frames");
    if (const auto wire =
            name ? BindWire(m_binding, m_view.ValueSpan("frames"), *name, true) : std::nullopt)
    {
        m_e.wires.push_back(*wire);
        if (wire->member != 0)
        {
            Error("frames", "frames are recorded of a whole bundle, not of one link");
        }
    }
    if (const auto where = m_view.Sub("where"))
    {
        m_e.where = BindColumns(m_binding, where);
    }
    BindCounts();
}

void
ExpectationBinder::BindCounter()
{
    m_e.counter = m_view.Text("counter").value_or("");
    m_e.equals = m_view.Real("equals");
    m_e.metric = Metric::MosMean; // a number without unit
    BindBounds("counter", "equals");
    BindTolerance(Dimension::None, 0);
    if (m_view.Has("tolerance") && !m_view.Has("equals"))
    {
        m_binding.diagnostics.Error(m_view.Where("tolerance"), "'tolerance' goes with 'equals'");
    }
    if (m_e.equals && (m_e.below || m_e.above))
    {
        Error(m_e.below ? "below" : "above", "'equals' already says what the counter is");
    }
    for (const auto key : {"between", "after", "within", "until"})
    {
        if (m_view.Has(key))
        {
            m_binding.diagnostics.Error(m_view.Where(key),
                                        "a counter is read at the end of the run");
        }
    }
}

void
ExpectationBinder::BindBalance()
{
    if (!NeedFabric("balance"))
    {
        return;
    }
    m_e.wires = BindWires(m_binding, m_view, "balance", false);
    const auto* list = m_view.Find("balance");
    if (list && list->kind == Node::Kind::List && list->entries.size() < 2)
    {
        Error("balance", "a balance is between two wires or more");
    }
    m_e.balanceOf = m_view.Choice<BalanceOf>("of").value_or(BalanceOf::Flows);
    m_e.even = m_view.Toggle("even").value_or(true);
}

} // namespace weft::spec
