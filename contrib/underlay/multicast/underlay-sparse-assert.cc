// SPDX-License-Identifier: GPL-2.0-only
/** @file Sparse mode: assert, so that one router alone forwards onto a link (RFC 7761 section 4.6).
 */
#include "underlay-sparse-mode.h"

namespace weft::multicast
{

bool
SparseMode::CouldAssertStar(const Group& group, PortIndex port) const
{
    return port != group.star.rpf.port && (group.joins.Has(port) || group.included.Has(port));
}

bool
SparseMode::CouldAssert(const Group& group, const Source& source, PortIndex port) const
{
    if (!source.spt || port == source.tree.rpf.port)
    {
        return false;
    }
    const PortSet candidates =
        (((group.joins - PrunedRpt(source)) | (group.included - Excluded(group, source.address))) -
         group.lost) |
        source.tree.downstream.Ports() | Included(group, &source);
    return candidates.Has(port);
}

bool
SparseMode::TracksStar(const Group& group, PortIndex port) const
{
    const auto* members = m_context.igmp.Find(group.name);
    const auto wants = members ? members->find(port) : IgmpRouter::PortGroups::const_iterator{};
    const bool receivers = members && wants != members->end() && wants->second.exclude;
    return CouldAssertStar(group, port) || (receivers && m_context.neighbours.IsDesignated(port)) ||
           (port == group.star.rpf.port && StarJoinDesired(group));
}

bool
SparseMode::Tracks(const Group& group,
                   const Source* source,
                   const IpAddress& address,
                   PortIndex port) const
{
    PortSet ports = (group.joins - (source ? PrunedRpt(*source) : PortSet{})) |
                    (group.included - Excluded(group, address));
    ports -= group.lost;
    if (source)
    {
        ports |= source->tree.downstream.Ports();
        ports |= Included(group, source);
    }
    if (ports.Has(port))
    {
        return true;
    }
    const auto* members = m_context.igmp.Find(group.name);
    if (members && m_context.neighbours.IsDesignated(port))
    {
        const auto wants = members->find(port);
        if (wants != members->end() && wants->second.Wants(address))
        {
            return true;
        }
    }
    const Rpf rpf = source ? source->tree.rpf : m_context.RpfTo(address);
    return (source && port == rpf.port && JoinDesired(group, *source)) ||
           (port == group.star.rpf.port && StarJoinDesired(group) && !(source && source->spt));
}

AssertMetric
SparseMode::StarMetric(const Group& group, PortIndex port) const
{
    if (!CouldAssertStar(group, port))
    {
        return {};
    }
    return {true, group.star.rpf.preference, group.star.rpf.metric, m_context.Address(port)};
}

// my_assert_metric(S,G,I)
AssertMetric
SparseMode::MyMetric(const Group& group, const Source* source, PortIndex port) const
{
    if (source && CouldAssert(group, *source, port))
    {
        return {
            false, source->tree.rpf.preference, source->tree.rpf.metric, m_context.Address(port)};
    }
    return StarMetric(group, port);
}

void
SparseMode::SendAssert(
    const Group& group, const Source* source, PortIndex port, bool cancel, TimeNs now)
{
    const AssertMetric metric = source ? MyMetric(group, source, port) : StarMetric(group, port);
    PimAssert message{.group = group.name,
                      .source = source ? source->address : IpAddress::V4(0),
                      .rpTree = metric.rpTree,
                      .preference = metric.preference,
                      .metric = metric.metric};
    if (cancel)
    {
        // RFC 7761 section 4.6.3: as bad as can be, with the RPT bit.
        message.rpTree = true;
        message.preference = 0x7fffffff;
        message.metric = 0xffffffff;
    }
    m_context.SendLink(port, message, now);
}

// Actions A1 and A3.
void
SparseMode::WinAssert(Group& group, Source* source, PortIndex port, TimeNs now)
{
    const AssertMetric mine = source ? MyMetric(group, source, port) : StarMetric(group, port);
    if (mine.IsInfinite())
    {
        return;
    }
    SendAssert(group, source, port, false, now);
    AssertRecords& records = source ? source->tree.asserts : group.star.asserts;
    records[port] = {mine, false};
    m_timers.Set({TreeTimer::Assert, port, group.name, source ? source->address : IpAddress{}},
                 now + m_context.config.pim.assertTime - m_context.config.pim.assertOverride);
}

// Actions A2 and A6.
void
SparseMode::LoseAssert(
    Group& group, Source* source, PortIndex port, const AssertMetric& winner, TimeNs now)
{
    Tree& tree = source ? source->tree : group.star;
    tree.asserts[port] = {winner, port == tree.rpf.port};
    m_timers.Set({TreeTimer::Assert, port, group.name, source ? source->address : IpAddress{}},
                 now + m_context.config.pim.assertTime);
    if (source && port == tree.rpf.port && tree.upstream.Joined())
    {
        source->spt = true;
    }
}

DropReason
SparseMode::OnAssert(PortIndex port, const IpAddress& from, const PimAssert& message, TimeNs now)
{
    Group* group = Find(message.group);
    if (!group)
    {
        return DropReason::NoState;
    }
    const AssertMetric metric = AssertMetric::Of(message, from);
    const bool ofSource = message.source.ToV4() != 0;
    if (!ofSource || (!OnSourceAssert(*group, port, metric, message.source, now) && metric.rpTree))
    {
        OnStarAssert(*group, port, metric, now);
    }
    UpdateGroup(message.group, now);
    return DropReason::None;
}

// RFC 7761 section 4.6.1. @return whether the machine of (S,G) had a use for the message
bool
SparseMode::OnSourceAssert(
    Group& group, PortIndex port, const AssertMetric& metric, const IpAddress& address, TimeNs now)
{
    Source* source = FindSource(group, address);
    const AssertMetric mine = MyMetric(group, source, port);
    const auto record = source ? source->tree.asserts.find(port) : AssertRecords::iterator{};
    if (!source || record == source->tree.asserts.end())
    {
        if (source && CouldAssert(group, *source, port) && (metric.rpTree || mine.Beats(metric)))
        {
            WinAssert(group, source, port, now);
            return true;
        }
        if (!metric.rpTree && metric.Beats(mine) && Tracks(group, source, address, port))
        {
            source = source ? source : MakeSource(group, address);
            if (source)
            {
                LoseAssert(group, source, port, metric, now);
            }
            return true;
        }
        return false;
    }
    AssertRecord& state = record->second;
    if (state.winner.address == m_context.Address(port))
    {
        if (metric.Beats(mine))
        {
            LoseAssert(group, source, port, metric, now);
        }
        else
        {
            WinAssert(group, source, port, now);
        }
        return true;
    }
    if (metric.address == state.winner.address)
    {
        if (metric.IsInfinite() || metric.rpTree || mine.Beats(metric))
        {
            source->tree.asserts.erase(record);
            m_timers.Stop({TreeTimer::Assert, port, group.name, address});
        }
        else
        {
            LoseAssert(group, source, port, metric, now);
        }
        return true;
    }
    if (metric.Beats(state.winner))
    {
        LoseAssert(group, source, port, metric, now);
        return true;
    }
    return false;
}

// RFC 7761 section 4.6.2.
void
SparseMode::OnStarAssert(Group& group, PortIndex port, const AssertMetric& metric, TimeNs now)
{
    const AssertMetric mine = StarMetric(group, port);
    const auto record = group.star.asserts.find(port);
    if (record == group.star.asserts.end())
    {
        if (CouldAssertStar(group, port) && mine.Beats(metric))
        {
            WinAssert(group, nullptr, port, now);
        }
        else if (metric.Beats(mine) && !metric.IsInfinite() && TracksStar(group, port))
        {
            LoseAssert(group, nullptr, port, metric, now);
        }
        return;
    }
    const AssertMetric winner = record->second.winner;
    if (winner.address == m_context.Address(port))
    {
        if (metric.Beats(mine))
        {
            LoseAssert(group, nullptr, port, metric, now);
        }
        else
        {
            WinAssert(group, nullptr, port, now);
        }
    }
    else if (metric.address == winner.address && (metric.IsInfinite() || mine.Beats(metric)))
    {
        group.star.asserts.erase(record);
        m_timers.Stop({TreeTimer::Assert, port, group.name, {}});
    }
    else if (metric.address == winner.address || metric.Beats(winner))
    {
        LoseAssert(group, nullptr, port, metric, now);
    }
}

// Transitions that follow from our own state: actions A4 and A5.
void
SparseMode::CheckAsserts(Group& group, Source* source, TimeNs now)
{
    Tree& tree = source ? source->tree : group.star;
    for (auto it = tree.asserts.begin(); it != tree.asserts.end();)
    {
        const PortIndex port = it->first;
        const AssertRecord& record = it->second;
        bool ends = false;
        if (record.winner.address == m_context.Address(port))
        {
            ends = source ? !CouldAssert(group, *source, port) : !CouldAssertStar(group, port);
            if (ends)
            {
                SendAssert(group, source, port, true, now);
            }
        }
        else
        {
            const AssertMetric mine =
                source ? MyMetric(group, source, port) : StarMetric(group, port);
            const bool tracks =
                source ? Tracks(group, source, source->address, port) : TracksStar(group, port);
            ends = !tracks || mine.Beats(record.winner) ||
                   !m_context.neighbours.Knows(port, record.winner.address) ||
                   record.onRpf != (port == tree.rpf.port);
        }
        if (ends)
        {
            m_timers.Stop(
                {TreeTimer::Assert, port, group.name, source ? source->address : IpAddress{}});
            it = tree.asserts.erase(it);
        }
        else
        {
            ++it;
        }
    }
}

} // namespace weft::multicast
