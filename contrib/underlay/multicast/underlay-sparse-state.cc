// SPDX-License-Identifier: GPL-2.0-only
/** @file Sparse mode: entries, and what follows from a change of their state. */
#include "underlay-sparse-mode.h"

namespace weft::multicast
{

std::unique_ptr<MulticastProtocol>
MakeSparseMode(RouterContext& context, TimeNs)
{
    return std::make_unique<SparseMode>(context);
}

SparseMode::SparseMode(RouterContext& context) : m_context(context)
{
}

SparseMode::Group*
SparseMode::Find(const IpAddress& group)
{
    const auto it = m_groups.find(group);
    return it == m_groups.end() ? nullptr : &it->second;
}

SparseMode::Group&
SparseMode::Make(const IpAddress& name)
{
    const auto [it, isNew] = m_groups.try_emplace(name);
    Group& group = it->second;
    if (isNew)
    {
        group.name = name;
        const bool sourceSpecific = name.ToV4() >> 24 == 232; // RFC 4607
        group.rp = sourceSpecific ? IpAddress{} : m_context.RpOf(name);
    }
    return group;
}

SparseMode::Source*
SparseMode::FindSource(Group& group, const IpAddress& source)
{
    const auto it = group.sources.find(source);
    return it == group.sources.end() ? nullptr : &it->second;
}

SparseMode::Source*
SparseMode::MakeSource(Group& group, const IpAddress& address)
{
    if (Source* known = FindSource(group, address))
    {
        return known;
    }
    if (m_sourceCount >= m_context.config.maxSources)
    {
        return nullptr;
    }
    ++m_sourceCount;
    Source& source = group.sources[address];
    source.address = address;
    source.tree.rpf = m_context.RpfTo(address);
    return &source;
}

void
SparseMode::UpdateGroup(const IpAddress& name, TimeNs now)
{
    Group* found = Find(name);
    if (!found)
    {
        const auto* members = m_context.igmp.Find(name);
        if (!members || IsLinkLocal(name))
        {
            return;
        }
        found = &Make(name);
    }
    Group& group = *found;
    // Sources that some member names have entries of their own (RFC 7761 section 4.1.6).
    if (const auto* members = m_context.igmp.Find(name))
    {
        for (const auto& [port, wants] : *members)
        {
            for (const IpAddress& source : wants.exclude ? std::set<IpAddress>{} : wants.wanted)
            {
                MakeSource(group, source);
            }
        }
    }
    Tree& star = group.star;
    star.rpf = group.rp.IsNone() ? Rpf{} : m_context.RpfTo(group.rp);
    group.isRp = star.rpf.local;
    const auto refresh = [this, &group] {
        group.joins = group.star.downstream.Ports();
        group.included = IncludedStar(group);
        group.lost = LostStar(group);
    };
    refresh();
    CheckAsserts(group, nullptr, now);
    if (const auto record = star.asserts.find(star.rpf.port);
        record != star.asserts.end() &&
        record->second.winner.address != m_context.Address(star.rpf.port))
    {
        star.rpf.neighbour = record->second.winner.address;
        star.rpf.byAssert = true;
    }
    refresh();
    const TreeKey key{TreeTimer::Join, NO_PORT, name, {}};
    const auto actions =
        star.upstream.Update(m_context, m_timers, key, StarJoinDesired(group), star.rpf, now);
    if (actions.prune)
    {
        m_batch.Prune(
            actions.pruneFrom.port, actions.pruneFrom.neighbour, name, StarSource(group.rp));
    }
    if (actions.join)
    {
        SendStarJoin(group);
    }
    ForgetDecisions(group, nullptr);
    Show(group, now);
    for (auto it = group.sources.begin(); it != group.sources.end();)
    {
        Source& source = (it++)->second; // updating may remove it
        UpdateSource(group, source, now);
    }
    if (group.sources.empty() && star.downstream.Empty() && star.asserts.empty() &&
        !star.upstream.Joined() && !m_context.igmp.Find(name))
    {
        m_groups.erase(name);
    }
}

void
SparseMode::SettleSource(const IpAddress& name, const IpAddress& address, TimeNs now)
{
    Group* group = Find(name);
    Source* source = group ? FindSource(*group, address) : nullptr;
    if (!source)
    {
        return;
    }
    UpdateSource(*group, *source, now);
    if (group->sources.empty())
    {
        UpdateGroup(name, now); // may be empty by now
    }
}

void
SparseMode::UpdateSource(Group& group, Source& source, TimeNs now)
{
    Tree& tree = source.tree;
    tree.rpf = m_context.RpfTo(source.address);
    CheckAsserts(group, &source, now);
    if (const auto record = tree.asserts.find(tree.rpf.port);
        record != tree.asserts.end() &&
        record->second.winner.address != m_context.Address(tree.rpf.port))
    {
        tree.rpf.neighbour = record->second.winner.address;
        tree.rpf.byAssert = true;
    }
    UpdateRegister(group, source, now);
    const TreeKey key{TreeTimer::Join, NO_PORT, group.name, source.address};
    const auto actions =
        tree.upstream.Update(m_context, m_timers, key, JoinDesired(group, source), tree.rpf, now);
    const PimSource encoded{.address = source.address};
    if (actions.prune)
    {
        m_batch.Prune(actions.pruneFrom.port, actions.pruneFrom.neighbour, group.name, encoded);
    }
    if (actions.join)
    {
        m_batch.Join(tree.rpf.port, tree.rpf.neighbour, group.name, encoded);
    }
    // Without a way to the source, the shared tree is better than nothing.
    if (!tree.upstream.Joined() || !tree.rpf.Reachable())
    {
        source.spt = false;
    }
    UpdateRptUpstream(group, source, now);
    ForgetDecisions(group, &source);
    if (IsEmpty(source, group))
    {
        Forget(group, source, now);
        return;
    }
    Show(group, source, now);
}

// RFC 7761 section 4.5.7.
void
SparseMode::UpdateRptUpstream(Group& group, Source& source, TimeNs now)
{
    const TreeKey override{TreeTimer::RptOverride, NO_PORT, group.name, source.address};
    const Rpf towards = RptTowards(group, source);
    const PimSource encoded{.address = source.address, .rpTree = true};
    const bool sharedTree = StarJoinDesired(group);
    if (!sharedTree || group.isRp)
    {
        source.rptUpstream = RptUpstream::NotJoined;
        source.rptTowards = towards;
        m_timers.Stop(override);
        return;
    }
    const bool otherWay = source.spt && (group.star.rpf.port != source.tree.rpf.port ||
                                         group.star.rpf.neighbour != source.tree.rpf.neighbour);
    const bool prune = InheritedRpt(group, &source, source.address).Empty() || otherWay;
    const bool moved =
        source.rptTowards.port != towards.port || source.rptTowards.neighbour != towards.neighbour;
    source.rptTowards = towards;
    if (prune && (source.rptUpstream != RptUpstream::Pruned || moved))
    {
        source.rptUpstream = RptUpstream::Pruned;
        m_timers.Stop(override);
        m_batch.Prune(towards.port, towards.neighbour, group.name, encoded);
    }
    else if (!prune && source.rptUpstream == RptUpstream::Pruned)
    {
        source.rptUpstream = RptUpstream::NotPruned;
        m_timers.Stop(override);
        m_batch.Join(towards.port, towards.neighbour, group.name, encoded);
    }
    else if (!prune)
    {
        source.rptUpstream = RptUpstream::NotPruned;
        if (moved && towards.port != NO_PORT && towards.byAssert)
        {
            m_timers.Set(override,
                         now + m_context.draws.Uniform(
                                   TimeNs(0), m_context.neighbours.OverrideInterval(towards.port)));
        }
    }
}

bool
SparseMode::IsEmpty(const Source& source, const Group& group) const
{
    return source.tree.downstream.Empty() && source.tree.asserts.empty() &&
           !source.tree.upstream.Joined() && source.rpt.empty() &&
           source.reg == RegisterState::NoInfo && !KeepaliveRuns(group, source) &&
           Included(group, &source).Empty();
}

void
SparseMode::Forget(Group& group, Source& source, TimeNs now)
{
    m_context.Report(
        group.name, source.address, NO_PORT, {}, source.tree.shown, netbase::TableCause::Aged, now);
    for (const TreeTimer timer : {TreeTimer::Join, TreeTimer::RegisterStop, TreeTimer::RptOverride})
    {
        m_timers.Stop({timer, NO_PORT, group.name, source.address});
    }
    --m_sourceCount;
    group.sources.erase(IpAddress(source.address));
}

void
SparseMode::UpdateAll(TimeNs now)
{
    for (auto it = m_groups.begin(); it != m_groups.end();)
    {
        const IpAddress name = (it++)->first;
        UpdateGroup(name, now);
    }
    m_cache.Clear();
    Flush(now);
}

void
SparseMode::OnMembership(PortIndex, const IpAddress& group, TimeNs now)
{
    UpdateGroup(group, now);
    Flush(now);
}

void
SparseMode::OnNeighbour(const NeighbourEvent& event, TimeNs now)
{
    if (event.change == NeighbourChange::Restarted)
    {
        // RFC 7761 section 4.5.4: who forgot everything has to be told again, soon.
        for (auto& [name, group] : m_groups)
        {
            if (group.star.rpf.neighbour == event.address && group.star.rpf.port == event.port)
            {
                group.star.upstream.Hurry(
                    m_context, m_timers, {TreeTimer::Join, NO_PORT, name, {}}, now);
            }
            for (auto& [address, source] : group.sources)
            {
                if (source.tree.rpf.neighbour == event.address &&
                    source.tree.rpf.port == event.port)
                {
                    source.tree.upstream.Hurry(
                        m_context, m_timers, {TreeTimer::Join, NO_PORT, name, address}, now);
                }
            }
        }
    }
    UpdateAll(now);
}

void
SparseMode::OnPortUp(PortIndex port, bool up, TimeNs now)
{
    if (!up)
    {
        for (auto& [name, group] : m_groups)
        {
            group.star.downstream.Drop(m_timers, {TreeTimer::Expiry, port, name, {}});
            group.star.asserts.erase(port);
            for (auto& [address, source] : group.sources)
            {
                source.tree.downstream.Drop(m_timers, {TreeTimer::Expiry, port, name, address});
                source.tree.asserts.erase(port);
                source.rpt.erase(port);
            }
        }
    }
    UpdateAll(now);
}

void
SparseMode::OnRoutesChanged(TimeNs now)
{
    UpdateAll(now);
}

TimeNs
SparseMode::NextDeadline() const
{
    return m_timers.NextDeadline();
}

void
SparseMode::OnDeadline(TimeNs now)
{
    TreeKey key;
    while (m_timers.PopDue(now, key))
    {
        OnTimer(key, now);
    }
    Flush(now);
}

void
SparseMode::OnTimer(const TreeKey& key, TimeNs now)
{
    Group* group = Find(key.group);
    Source* source = group && !key.source.IsNone() ? FindSource(*group, key.source) : nullptr;
    if (group && key.timer == TreeTimer::RptOverride)
    {
        // There need not be an entry of the source: the shared tree alone is reason enough.
        const Rpf towards = source ? source->rptTowards : group->star.rpf;
        m_batch.Join(
            towards.port, towards.neighbour, key.group, {.address = key.source, .rpTree = true});
        return;
    }
    if (!group || (!key.source.IsNone() && !source))
    {
        return;
    }
    Tree& tree = source ? source->tree : group->star;
    switch (key.timer)
    {
    case TreeTimer::Expiry:
        tree.downstream.Drop(m_timers, key);
        break;
    case TreeTimer::PrunePending:
        tree.downstream.Drop(m_timers, key);
        SendPruneEcho(key, now);
        break;
    case TreeTimer::Join:
        tree.upstream.OnTimer(m_context, m_timers, key, now);
        if (source)
        {
            m_batch.Join(tree.rpf.port, tree.rpf.neighbour, key.group, {.address = key.source});
        }
        else
        {
            SendStarJoin(*group);
        }
        return;
    case TreeTimer::Keepalive:
    {
        // Packets restart it only in their cache entry, so that they need no second look-up.
        const CachedDecision* decision = m_cache.Find(key.group, key.source.ToV4());
        if (decision && decision->keepsAlive &&
            decision->lastUsed + m_context.config.pim.keepalive > now)
        {
            m_timers.Set(key, decision->lastUsed + m_context.config.pim.keepalive);
            return;
        }
        break;
    }
    case TreeTimer::RegisterStop:
        if (source->reg == RegisterState::Prune)
        {
            source->reg = RegisterState::JoinPending;
            SendNullRegister(*group, *source);
            m_timers.Set(key, now + m_context.config.pim.registerProbe);
        }
        else if (source->reg == RegisterState::JoinPending)
        {
            source->reg = RegisterState::Join;
        }
        break;
    case TreeTimer::RptExpiry:
        source->rpt.erase(key.port);
        m_timers.Stop({TreeTimer::RptPrunePending, key.port, key.group, key.source});
        break;
    case TreeTimer::RptPrunePending:
        if (const auto it = source->rpt.find(key.port); it != source->rpt.end())
        {
            it->second.pending = false;
        }
        break;
    case TreeTimer::Assert:
        if (const auto it = tree.asserts.find(key.port); it != tree.asserts.end())
        {
            if (it->second.winner.address == m_context.Address(key.port))
            {
                WinAssert(*group, source, key.port, now);
                return;
            }
            tree.asserts.erase(it);
        }
        break;
    default:
        return;
    }
    if (source)
    {
        SettleSource(key.group, key.source, now);
    }
    else
    {
        UpdateGroup(key.group, now);
    }
}

RouteEntry
SparseMode::EntryOf(const Group& group) const
{
    return {.group = group.name,
            .source = {},
            .incoming = group.star.rpf.port,
            .outgoing = ImmediateStar(group).ToVector(),
            .flags = group.isRp ? "rp" : ""};
}

RouteEntry
SparseMode::EntryOf(const Group& group, const Source& source) const
{
    PortSet out =
        source.spt ? Inherited(group, source) : InheritedRpt(group, &source, source.address);
    const PortIndex incoming =
        source.spt || group.star.rpf.port == NO_PORT ? source.tree.rpf.port : group.star.rpf.port;
    out.Remove(incoming);
    RouteEntry entry{.group = group.name,
                     .source = source.address,
                     .incoming = incoming,
                     .outgoing = out.ToVector(),
                     .flags = {}};
    const auto flag = [&entry](bool set, const char* word) {
        if (set)
        {
            entry.flags += (entry.flags.empty() ? "" : " ") + std::string(word);
        }
    };
    flag(source.spt, "spt");
    flag(source.tree.upstream.Joined(), "joined");
    flag(source.reg == RegisterState::Join, "register");
    flag(source.reg == RegisterState::Prune || source.reg == RegisterState::JoinPending,
         "register-stopped");
    flag(source.rptUpstream == RptUpstream::Pruned, "rpt-pruned");
    return entry;
}

namespace
{

std::string
TextOf(const RouteEntry& entry)
{
    std::string text = "out:";
    for (const PortIndex port : entry.outgoing)
    {
        text += " " + std::to_string(port);
    }
    return entry.flags.empty() ? text : text + " (" + entry.flags + ")";
}

} // namespace

void
SparseMode::Show(Group& group, TimeNs now)
{
    const bool there = group.star.upstream.Joined() || !group.star.downstream.Empty();
    const RouteEntry entry = EntryOf(group);
    m_context.Report(group.name,
                     {},
                     entry.incoming,
                     there ? TextOf(entry) : std::string(),
                     group.star.shown,
                     netbase::TableCause::Protocol,
                     now);
}

void
SparseMode::Show(Group& group, Source& source, TimeNs now)
{
    const RouteEntry entry = EntryOf(group, source);
    m_context.Report(group.name,
                     source.address,
                     entry.incoming,
                     TextOf(entry),
                     source.tree.shown,
                     netbase::TableCause::Protocol,
                     now);
}

std::vector<RouteEntry>
SparseMode::Entries() const
{
    std::vector<RouteEntry> entries;
    for (const auto& [name, group] : m_groups)
    {
        if (group.star.upstream.Joined() || !group.star.downstream.Empty())
        {
            entries.push_back(EntryOf(group));
        }
        for (const auto& [address, source] : group.sources)
        {
            entries.push_back(EntryOf(group, source));
        }
    }
    return entries;
}

} // namespace weft::multicast
