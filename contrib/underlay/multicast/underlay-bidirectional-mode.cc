// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-bidirectional-mode.h"

namespace weft::multicast
{

std::unique_ptr<MulticastProtocol>
MakeBidirectionalMode(RouterContext& context, TimeNs now)
{
    return std::make_unique<BidirectionalMode>(context, now);
}

BidirectionalMode::BidirectionalMode(RouterContext& context, TimeNs now)
    : m_context(context), m_election(context, m_timers)
{
    m_election.Start(now);
}

BidirectionalMode::Group&
BidirectionalMode::Make(const IpAddress& name)
{
    const auto [it, isNew] = m_groups.try_emplace(name);
    if (isNew)
    {
        it->second.name = name;
        it->second.rp = m_context.RpOf(name);
    }
    return it->second;
}

Rpf
BidirectionalMode::RpfOf(const IpAddress& rp) const
{
    Rpf rpf = m_context.RpfTo(rp);
    rpf.neighbour = {};
    if (rpf.port != NO_PORT)
    {
        // RFC 5015 section 3.2: RPF' is the forwarder, whatever unicast routing says.
        const IpAddress forwarder = m_election.Forwarder(rp, rpf.port);
        if (m_context.neighbours.Knows(rpf.port, forwarder))
        {
            rpf.neighbour = forwarder;
        }
    }
    return rpf;
}

// Where packets go down: who joined, or hosts that want the group, on links that are ours to serve.
PortSet
BidirectionalMode::Downstream(const Group& group) const
{
    PortSet ports;
    const auto add = [this, &group, &ports](PortIndex port) {
        if (m_context.IsUp(port) && port != group.rpf.port &&
            m_election.IsForwarder(group.rp, port))
        {
            ports.Add(port);
        }
    };
    group.downstream.Ports().ForEach(add);
    if (const auto* members = m_context.igmp.Find(group.name))
    {
        for (const auto& [port, wants] : *members)
        {
            add(port); // sources cannot be told apart on this tree
        }
    }
    return ports;
}

const CachedDecision*
BidirectionalMode::Known(PortIndex port, std::uint32_t group, std::uint32_t, TimeNs)
{
    return m_cache.Find(group, static_cast<std::uint32_t>(port));
}

Verdict
BidirectionalMode::OnData(PortIndex port, const netbase::Ipv4Header& header, ByteView, TimeNs)
{
    const IpAddress& name = header.destination;
    if (const CachedDecision* known = Known(port, header.destination.ToV4(), 0, TimeNs(0)))
    {
        return {.reason = known->reason, .ports = known->ports};
    }
    ++m_context.counters.cacheMisses;
    const auto it = m_groups.find(name);
    const IpAddress rp = it == m_groups.end() ? m_context.RpOf(name) : it->second.rp;
    PortSet ports;
    DropReason reason = DropReason::NoListener;
    if (rp.IsNone())
    {
        reason = DropReason::NoRp;
    }
    else
    {
        const Rpf rpf = m_context.RpfTo(rp);
        if (port != rpf.port && !m_election.IsForwarder(rp, port))
        {
            reason = rpf.Reachable() ? DropReason::NotForwarder : DropReason::NoRoute;
        }
        else
        {
            if (it != m_groups.end())
            {
                ports = Downstream(it->second);
            }
            if (rpf.port != NO_PORT)
            {
                ports.Add(rpf.port);
            }
            ports.Remove(port);
        }
    }
    CachedDecision& decision = m_cache.Make(name, static_cast<std::uint32_t>(port));
    decision.ports = ports.ToVector();
    decision.reason = ports.Empty() ? reason : DropReason::None;
    return {.reason = decision.reason, .ports = decision.ports};
}

void
BidirectionalMode::Update(const IpAddress& name, TimeNs now)
{
    const auto* members = m_context.igmp.Find(name);
    if (IsLinkLocal(name) || (!members && !m_groups.contains(name)))
    {
        return;
    }
    Group& group = Make(name);
    group.rpf = group.rp.IsNone() ? Rpf{} : RpfOf(group.rp);
    const TreeKey key{TreeTimer::Join, NO_PORT, name, {}};
    const PortSet downstream = Downstream(group);
    const auto actions = group.upstream.Update(
        m_context, m_timers, key, !downstream.Empty() && !group.rp.IsNone(), group.rpf, now);
    if (actions.prune)
    {
        m_batch.Prune(actions.pruneFrom.port,
                      actions.pruneFrom.neighbour,
                      name,
                      {.address = group.rp, .wildcard = true, .rpTree = true});
    }
    if (actions.join)
    {
        SendJoin(group);
    }
    m_cache.ForgetGroup(name);
    m_context.Report(name,
                     {},
                     group.rpf.port,
                     downstream.Empty() ? std::string() : "out: " + downstream.ToString(),
                     group.shown,
                     netbase::TableCause::Protocol,
                     now);
    if (!members && group.downstream.Empty())
    {
        m_groups.erase(name);
    }
}

void
BidirectionalMode::UpdateAll(TimeNs now)
{
    for (auto it = m_groups.begin(); it != m_groups.end();)
    {
        const IpAddress name = (it++)->first;
        Update(name, now);
    }
    m_cache.Clear();
}

void
BidirectionalMode::SendJoin(const Group& group)
{
    m_batch.Join(group.rpf.port,
                 group.rpf.neighbour,
                 group.name,
                 {.address = group.rp, .wildcard = true, .rpTree = true});
}

DropReason
BidirectionalMode::OnMessage(PortIndex port,
                             const netbase::Ipv4Header& header,
                             const PimMessage& message,
                             TimeNs now)
{
    DropReason reason = DropReason::WrongMode;
    if (const auto* election = std::get_if<PimDfElection>(&message))
    {
        reason = m_election.OnMessage(port, header.source, *election, now);
    }
    else if (const auto* joinPrune = std::get_if<PimJoinPrune>(&message);
             joinPrune && joinPrune->type == PimType::JoinPrune)
    {
        reason = OnJoinPrune(port, *joinPrune, now);
    }
    Flush(now);
    return reason;
}

DropReason
BidirectionalMode::OnJoinPrune(PortIndex port, const PimJoinPrune& message, TimeNs now)
{
    ++m_context.counters.joinPrunesIn;
    DropReason reason = DropReason::None;
    const TimeNs until = HoldUntil(message.holdtime, now);
    for (const PimGroupRecord& record : message.groups)
    {
        if (record.maskLength != 32 || IsLinkLocal(record.group))
        {
            reason = DropReason::Unsupported;
            continue;
        }
        if (message.upstream != m_context.Address(port))
        {
            if (const auto it = m_groups.find(record.group); it != m_groups.end())
            {
                const TimeNs hold = until == NEVER ? NEVER : until - now;
                OnForeign(it->second, port, message.upstream, record, hold, now);
            }
            continue;
        }
        Group& group = Make(record.group);
        const TreeKey key{TreeTimer::Expiry, port, record.group, {}};
        const auto right = [this, &group, &reason, port](const PimSource& source) {
            if (!source.wildcard || !source.rpTree)
            {
                reason = DropReason::WrongMode; // there is no (S,G) here
            }
            else if (source.address != group.rp)
            {
                reason = DropReason::WrongRp;
            }
            else if (!m_election.IsForwarder(group.rp, port))
            {
                reason = DropReason::NotForwarder;
            }
            else
            {
                return true;
            }
            return false;
        };
        for (const PimSource& join : record.joins)
        {
            if (right(join))
            {
                group.downstream.OnJoin(m_timers, key, until);
            }
        }
        for (const PimSource& prune : record.prunes)
        {
            if (right(prune))
            {
                group.downstream.OnPrune(m_timers, key, m_context.neighbours.PruneDelay(port), now);
            }
        }
        Update(record.group, now);
    }
    return reason;
}

void
BidirectionalMode::OnForeign(Group& group,
                             PortIndex port,
                             const IpAddress& upstream,
                             const PimGroupRecord& record,
                             TimeNs hold,
                             TimeNs now)
{
    if (port != group.rpf.port || upstream != group.rpf.neighbour)
    {
        return;
    }
    const TreeKey key{TreeTimer::Join, NO_PORT, group.name, {}};
    for (const PimSource& join : record.joins)
    {
        if (join.wildcard)
        {
            group.upstream.SeeJoin(m_context, m_timers, key, hold, now);
        }
    }
    for (const PimSource& prune : record.prunes)
    {
        if (prune.wildcard)
        {
            group.upstream.Hurry(m_context, m_timers, key, now);
        }
    }
}

void
BidirectionalMode::OnMembership(PortIndex, const IpAddress& group, TimeNs now)
{
    Update(group, now);
    Flush(now);
}

void
BidirectionalMode::OnNeighbour(const NeighbourEvent& event, TimeNs now)
{
    m_election.OnNeighbour(event, now);
    if (event.change == NeighbourChange::Restarted)
    {
        for (auto& [name, group] : m_groups)
        {
            if (group.rpf.port == event.port && group.rpf.neighbour == event.address)
            {
                group.upstream.Hurry(
                    m_context, m_timers, {TreeTimer::Join, NO_PORT, name, {}}, now);
            }
        }
    }
    UpdateAll(now);
    Flush(now);
}

void
BidirectionalMode::OnPortUp(PortIndex port, bool up, TimeNs now)
{
    m_election.OnPortUp(port, up, now);
    if (!up)
    {
        for (auto& [name, group] : m_groups)
        {
            group.downstream.Drop(m_timers, {TreeTimer::Expiry, port, name, {}});
        }
    }
    UpdateAll(now);
    Flush(now);
}

void
BidirectionalMode::OnRoutesChanged(TimeNs now)
{
    m_election.OnRoutesChanged(now);
    UpdateAll(now);
    Flush(now);
}

TimeNs
BidirectionalMode::NextDeadline() const
{
    return m_timers.NextDeadline();
}

void
BidirectionalMode::OnDeadline(TimeNs now)
{
    TreeKey key;
    while (m_timers.PopDue(now, key))
    {
        OnTimer(key, now);
    }
    Flush(now);
}

void
BidirectionalMode::OnTimer(const TreeKey& key, TimeNs now)
{
    if (key.timer == TreeTimer::Election)
    {
        m_election.OnTimer(key, now);
        return;
    }
    const auto it = m_groups.find(key.group);
    if (it == m_groups.end())
    {
        return;
    }
    Group& group = it->second;
    if (key.timer == TreeTimer::Join)
    {
        group.upstream.OnTimer(m_context, m_timers, key, now);
        SendJoin(group);
        return;
    }
    group.downstream.Drop(m_timers, key);
    if (key.timer == TreeTimer::PrunePending && m_context.neighbours.Count(key.port) > 1)
    {
        m_batch.Prune(key.port,
                      m_context.Address(key.port),
                      key.group,
                      {.address = group.rp, .wildcard = true, .rpTree = true});
    }
    Update(key.group, now);
}

void
BidirectionalMode::Flush(TimeNs now)
{
    if (m_election.TakeChanged())
    {
        UpdateAll(now);
    }
    const auto holdtime = static_cast<std::uint16_t>(
        std::chrono::duration_cast<std::chrono::seconds>(m_context.config.pim.joinPruneHoldtime)
            .count());
    PortIndex port = NO_PORT;
    PimJoinPrune message;
    while (m_batch.Take(m_context.config.mtu, holdtime, true, port, message))
    {
        m_context.SendLink(port, message, now);
    }
}

std::vector<RouteEntry>
BidirectionalMode::Entries() const
{
    std::vector<RouteEntry> entries;
    for (const auto& [name, group] : m_groups)
    {
        entries.push_back({.group = name,
                           .source = {},
                           .incoming = group.rpf.port,
                           .outgoing = Downstream(group).ToVector(),
                           .flags = group.rpf.local ? "bidir rp" : "bidir"});
    }
    return entries;
}

IpAddress
BidirectionalMode::DesignatedForwarder(PortIndex port, const IpAddress& rp) const
{
    return m_election.Forwarder(rp, port);
}

} // namespace weft::multicast
