// SPDX-License-Identifier: GPL-2.0-only
/** @file Sets of ports of sparse mode: the macros of RFC 7761 section 4.1.6. */
#include "underlay-sparse-mode.h"

namespace weft::multicast
{

// ( I_am_DR(I) AND lost_assert(*,G,I) == FALSE ) OR AssertWinner(*,G,I) == me
bool
SparseMode::MayServe(const Group& group, PortIndex port) const
{
    if (!m_context.IsUp(port))
    {
        return false;
    }
    const auto record = group.star.asserts.find(port);
    if (record == group.star.asserts.end())
    {
        return m_context.neighbours.IsDesignated(port);
    }
    return record->second.winner.address == m_context.Address(port) ||
           (m_context.neighbours.IsDesignated(port) && port == group.star.rpf.port);
}

PortSet
SparseMode::IncludedStar(const Group& group) const
{
    PortSet ports;
    if (const auto* members = m_context.igmp.Find(group.name))
    {
        for (const auto& [port, wants] : *members)
        {
            if (wants.exclude && MayServe(group, port))
            {
                ports.Add(port);
            }
        }
    }
    return ports;
}

// pim_include(S,G), where local_receiver_include(S,G,I) is wanting S by name
PortSet
SparseMode::Included(const Group& group, const Source* source) const
{
    PortSet ports;
    const auto* members = source ? m_context.igmp.Find(group.name) : nullptr;
    if (!members)
    {
        return ports;
    }
    for (const auto& [port, wants] : *members)
    {
        if (wants.exclude || !wants.wanted.contains(source->address) || !m_context.IsUp(port))
        {
            continue;
        }
        const auto record = source->tree.asserts.find(port);
        if (record == source->tree.asserts.end()
                ? m_context.neighbours.IsDesignated(port)
                : record->second.winner.address == m_context.Address(port))
        {
            ports.Add(port);
        }
    }
    return ports;
}

PortSet
SparseMode::Excluded(const Group& group, const IpAddress& source) const
{
    PortSet ports;
    if (const auto* members = m_context.igmp.Find(group.name))
    {
        for (const auto& [port, wants] : *members)
        {
            if (wants.exclude && wants.unwanted.contains(source) && MayServe(group, port))
            {
                ports.Add(port);
            }
        }
    }
    return ports;
}

PortSet
SparseMode::LostStar(const Group& group) const
{
    PortSet ports;
    for (const auto& [port, record] : group.star.asserts)
    {
        if (port != group.star.rpf.port && record.winner.address != m_context.Address(port))
        {
            ports.Add(port);
        }
    }
    return ports;
}

PortSet
SparseMode::Lost(const Group& group, const Source& source) const
{
    PortSet ports;
    for (const auto& [port, record] : source.tree.asserts)
    {
        const AssertMetric spt{
            false, source.tree.rpf.preference, source.tree.rpf.metric, m_context.Address(port)};
        if (port != source.tree.rpf.port && record.winner.address != m_context.Address(port) &&
            record.winner.Beats(spt))
        {
            ports.Add(port);
        }
    }
    (void)group;
    return ports;
}

PortSet
SparseMode::LostRpt(const Group& group, const Source& source) const
{
    PortSet ports;
    for (const auto& [port, record] : source.tree.asserts)
    {
        if (port != group.star.rpf.port && !(port == source.tree.rpf.port && source.spt) &&
            record.winner.address != m_context.Address(port))
        {
            ports.Add(port);
        }
    }
    return ports;
}

PortSet
SparseMode::PrunedRpt(const Source& source) const
{
    PortSet ports;
    for (const auto& [port, state] : source.rpt)
    {
        if (!state.pending && !state.temporary)
        {
            ports.Add(port);
        }
    }
    return ports;
}

PortSet
SparseMode::ImmediateStar(const Group& group) const
{
    return (group.joins | group.included) - group.lost;
}

PortSet
SparseMode::Immediate(const Group& group, const Source& source) const
{
    return (source.tree.downstream.Ports() | Included(group, &source)) - Lost(group, source);
}

PortSet
SparseMode::InheritedRpt(const Group& group, const Source* source, const IpAddress& address) const
{
    PortSet joined = group.joins;
    PortSet lost = group.lost;
    if (source)
    {
        joined -= PrunedRpt(*source);
        lost |= LostRpt(group, *source);
    }
    return (joined | (group.included - Excluded(group, address))) - lost;
}

PortSet
SparseMode::Inherited(const Group& group, const Source& source) const
{
    return InheritedRpt(group, &source, source.address) | Immediate(group, source);
}

bool
SparseMode::KeepaliveRuns(const Group& group, const Source& source) const
{
    return m_timers.IsRunning({TreeTimer::Keepalive, NO_PORT, group.name, source.address});
}

bool
SparseMode::JoinDesired(const Group& group, const Source& source) const
{
    return !Immediate(group, source).Empty() ||
           (KeepaliveRuns(group, source) && !Inherited(group, source).Empty());
}

bool
SparseMode::StarJoinDesired(const Group& group) const
{
    return !group.rp.IsNone() && !ImmediateStar(group).Empty();
}

Rpf
SparseMode::RptTowards(const Group& group, const Source& source) const
{
    Rpf rpf = group.star.rpf;
    const auto record = source.tree.asserts.find(rpf.port);
    if (record != source.tree.asserts.end() &&
        record->second.winner.address != m_context.Address(rpf.port))
    {
        rpf.neighbour = record->second.winner.address;
        rpf.byAssert = true;
    }
    return rpf;
}

} // namespace weft::multicast
