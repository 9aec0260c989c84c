// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-static-mode.h"

namespace weft::multicast
{

StaticMode::StaticMode(RouterContext& context) : m_context(context)
{
}

void
StaticMode::Install(const IpAddress& group, PortIndex upstream, const PortSet& ports, TimeNs now)
{
    Tree& tree = m_trees[group];
    tree.upstream = upstream;
    tree.ports = ports;
    m_cache.ForgetGroup(group);
    m_context.Report(group,
                     {},
                     upstream,
                     ports.Empty() ? std::string() : "out: " + ports.ToString(),
                     tree.shown,
                     netbase::TableCause::Configured,
                     now);
    if (ports.Empty())
    {
        m_trees.erase(group);
    }
}

void
StaticMode::SetRoot(PortIndex upstream, TimeNs)
{
    m_root = upstream;
    m_cache.Clear();
}

const CachedDecision*
StaticMode::Known(PortIndex port, std::uint32_t group, std::uint32_t, TimeNs)
{
    return m_cache.Find(group, static_cast<std::uint32_t>(port));
}

Verdict
StaticMode::OnData(PortIndex port, const netbase::Ipv4Header& header, ByteView, TimeNs)
{
    const IpAddress& group = header.destination;
    if (const CachedDecision* known = Known(port, header.destination.ToV4(), 0, TimeNs(0)))
    {
        return {.reason = known->reason, .ports = known->ports};
    }
    ++m_context.counters.cacheMisses;
    const auto tree = m_trees.find(group);
    PortSet ports;
    DropReason reason = DropReason::NoListener;
    if (tree != m_trees.end())
    {
        ports = tree->second.ports;
        if (tree->second.upstream != NO_PORT)
        {
            ports.Add(tree->second.upstream);
        }
    }
    else if (port != m_root && m_root != NO_PORT)
    {
        ports.Add(m_root);
    }
    else
    {
        reason = DropReason::NoState;
    }
    ports.Remove(port);
    CachedDecision& decision = m_cache.Make(group, static_cast<std::uint32_t>(port));
    decision.ports = ports.ToVector();
    decision.reason = ports.Empty() ? reason : DropReason::None;
    return {.reason = decision.reason, .ports = decision.ports};
}

DropReason
StaticMode::OnMessage(PortIndex, const netbase::Ipv4Header&, const PimMessage&, TimeNs)
{
    return DropReason::WrongMode;
}

void
StaticMode::OnMembership(PortIndex, const IpAddress&, TimeNs)
{
    // The planner is told, and installs what follows.
}

void
StaticMode::OnNeighbour(const NeighbourEvent&, TimeNs)
{
    // There are none without Hello messages.
}

void
StaticMode::OnPortUp(PortIndex, bool, TimeNs)
{
    m_cache.Clear();
}

void
StaticMode::OnRoutesChanged(TimeNs)
{
    // Trees follow the planner's topology.
}

TimeNs
StaticMode::NextDeadline() const
{
    return NEVER;
}

void
StaticMode::OnDeadline(TimeNs)
{
}

std::vector<RouteEntry>
StaticMode::Entries() const
{
    std::vector<RouteEntry> entries;
    for (const auto& [group, tree] : m_trees)
    {
        entries.push_back({.group = group,
                           .source = {},
                           .incoming = tree.upstream,
                           .outgoing = tree.ports.ToVector(),
                           .flags = "static"});
    }
    return entries;
}

} // namespace weft::multicast
