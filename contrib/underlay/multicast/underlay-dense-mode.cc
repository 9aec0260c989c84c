// SPDX-License-Identifier: GPL-2.0-only
/** @file Dense mode: entries, data, and what follows from changes. */
#include "underlay-dense-mode.h"

namespace weft::multicast
{

std::unique_ptr<MulticastProtocol>
MakeDenseMode(RouterContext& context, TimeNs)
{
    return std::make_unique<DenseMode>(context);
}

DenseMode::DenseMode(RouterContext& context) : m_context(context)
{
}

DenseMode::Entry*
DenseMode::Find(const IpAddress& group, const IpAddress& source)
{
    const auto sources = m_groups.find(group);
    if (sources == m_groups.end())
    {
        return nullptr;
    }
    const auto it = sources->second.find(source);
    return it == sources->second.end() ? nullptr : &it->second;
}

DenseMode::Entry*
DenseMode::Make(const IpAddress& group, const IpAddress& source, TimeNs now)
{
    if (Entry* known = Find(group, source))
    {
        return known;
    }
    if (m_count >= m_context.config.maxSources)
    {
        return nullptr;
    }
    ++m_count;
    Entry& entry = m_groups[group][source];
    entry.group = group;
    entry.source = source;
    entry.rpf = m_context.RpfTo(source);
    m_timers.Set(KeyOf(TreeTimer::Keepalive, entry), now + m_context.config.pim.sourceActive);
    if (entry.rpf.attached && m_context.config.stateRefresh)
    {
        m_timers.Set(KeyOf(TreeTimer::StateRefresh, entry),
                     now + m_context.config.pim.stateRefresh);
    }
    return &entry;
}

bool
DenseMode::LostAssert(const Entry& entry, PortIndex port) const
{
    const auto record = entry.asserts.find(port);
    return port != entry.rpf.port && record != entry.asserts.end() &&
           record->second.winner.address != m_context.Address(port);
}

// olist(S,G)
PortSet
DenseMode::Outgoing(const Entry& entry) const
{
    PortSet ports;
    for (std::size_t i = 0; i < m_context.up.size(); ++i)
    {
        const auto port = static_cast<PortIndex>(i);
        const auto prune = entry.prunes.find(port);
        const bool pruned = prune != entry.prunes.end() && !prune->second;
        if (m_context.up[i] && !pruned && m_context.neighbours.Count(port) > 0)
        {
            ports.Add(port);
        }
    }
    if (const auto* members = m_context.igmp.Find(entry.group))
    {
        for (const auto& [port, wants] : *members)
        {
            if (wants.Wants(entry.source) && m_context.IsUp(port))
            {
                ports.Add(port);
            }
        }
    }
    for (const auto& [port, record] : entry.asserts)
    {
        if (LostAssert(entry, port))
        {
            ports.Remove(port);
        }
    }
    ports.Remove(entry.rpf.port);
    return ports;
}

const CachedDecision*
DenseMode::Known(PortIndex port, std::uint32_t group, std::uint32_t source, TimeNs now)
{
    return m_cache.Use(port, group, source, now);
}

Verdict
DenseMode::OnData(PortIndex port, const netbase::Ipv4Header& header, ByteView, TimeNs now)
{
    const std::uint32_t source = header.source.ToV4();
    if (const CachedDecision* known =
            Known(port, header.destination.ToV4(), header.source.ToV4(), now))
    {
        return {.reason = known->reason, .ports = known->ports};
    }
    ++m_context.counters.cacheMisses;
    const Rpf rpf = m_context.RpfTo(header.source);
    if (rpf.port == NO_PORT)
    {
        return {.reason = DropReason::NoRoute};
    }
    Entry* entry = Make(header.destination, header.source, now);
    if (!entry)
    {
        return {.reason = DropReason::CacheFull};
    }
    if (port != entry->rpf.port)
    {
        // CouldAssert(S,G,I): two routers of the link would forward onto it, or one does without
        // being asked to (RFC 3973 section 4.6).
        if (!entry->asserts.contains(port) && m_context.neighbours.Count(port) > 0)
        {
            WinAssert(*entry, port, now);
        }
        Flush(now);
        return {.reason = DropReason::RpfFailed};
    }
    entry->ttl = std::max(entry->ttl, header.ttl);
    m_timers.Set(KeyOf(TreeTimer::Keepalive, *entry), now + m_context.config.pim.sourceActive);
    const PortSet ports = Outgoing(*entry);
    Update(*entry, now);
    const TreeKey limit = KeyOf(TreeTimer::PruneLimit, *entry);
    if (ports.Empty() && entry->upstream == Upstream::Pruned && !m_timers.IsRunning(limit))
    {
        SendPrune(*entry, now);
    }
    CachedDecision& decision = m_cache.Make(header.destination, source);
    decision.ports = ports.ToVector();
    decision.incoming = port;
    decision.lastUsed = now;
    decision.keepsAlive = true;
    // Data that still comes after a prune may have to be pruned again.
    decision.slow = entry->upstream == Upstream::Pruned;
    decision.reason = !ports.Empty()          ? DropReason::None
                      : entry->prunes.empty() ? DropReason::NoListener
                                              : DropReason::Pruned;
    Flush(now);
    return {.reason = decision.reason, .ports = decision.ports};
}

// The upstream machine (RFC 3973 section 4.4.1).
void
DenseMode::Update(Entry& entry, TimeNs now)
{
    for (auto it = entry.asserts.begin(); it != entry.asserts.end();)
    {
        const PortIndex port = it->first;
        const AssertMetric& winner = it->second.winner;
        const bool lost = winner.address != m_context.Address(port);
        const bool over = lost ? !m_context.neighbours.Knows(port, winner.address) ||
                                     it->second.onRpf != (port == entry.rpf.port)
                               : port == entry.rpf.port;
        if (over)
        {
            m_timers.Stop(KeyOf(TreeTimer::Assert, entry, port));
            if (!lost)
            {
                SendAssertCancel(entry, port, now);
            }
        }
        it = over ? entry.asserts.erase(it) : std::next(it);
    }
    const Rpf before = entry.rpf;
    entry.rpf = m_context.RpfTo(entry.source);
    if (const auto record = entry.asserts.find(entry.rpf.port);
        record != entry.asserts.end() &&
        record->second.winner.address != m_context.Address(entry.rpf.port))
    {
        entry.rpf.neighbour = record->second.winner.address;
        entry.rpf.byAssert = true;
    }
    const bool moved = before.port != entry.rpf.port || before.neighbour != entry.rpf.neighbour;
    if (moved)
    {
        entry.prunes.erase(entry.rpf.port); // it is no downstream port any more
        m_timers.Stop(KeyOf(TreeTimer::Override, entry));
        m_timers.Stop(KeyOf(TreeTimer::PruneLimit, entry));
    }
    const bool wanted = !Outgoing(entry).Empty();
    if (entry.rpf.attached || !entry.rpf.Reachable())
    {
        entry.upstream = Upstream::Forwarding;
        m_timers.Stop(KeyOf(TreeTimer::Graft, entry));
    }
    else if (!wanted && (entry.upstream != Upstream::Pruned || moved))
    {
        entry.upstream = Upstream::Pruned;
        m_timers.Stop(KeyOf(TreeTimer::Graft, entry));
        m_timers.Stop(KeyOf(TreeTimer::Override, entry));
        SendPrune(entry, now);
    }
    else if (wanted && (entry.upstream == Upstream::Pruned || moved))
    {
        entry.upstream = Upstream::AckPending;
        SendGraft(entry, now);
    }
    ForgetDecision(entry);
    const RouteEntry shown = EntryOf(entry);
    std::string text = "out:";
    for (const PortIndex port : shown.outgoing)
    {
        text += " " + std::to_string(port);
    }
    text += shown.flags.empty() ? "" : " (" + shown.flags + ")";
    m_context.Report(entry.group,
                     entry.source,
                     entry.rpf.port,
                     text,
                     entry.shown,
                     netbase::TableCause::Protocol,
                     now);
}

void
DenseMode::ForgetDecision(const Entry& entry)
{
    const CachedDecision* decision = m_cache.Find(entry.group, entry.source.ToV4());
    const TreeKey key = KeyOf(TreeTimer::Keepalive, entry);
    if (decision && decision->keepsAlive && m_timers.IsRunning(key))
    {
        const TimeNs until = decision->lastUsed + m_context.config.pim.sourceActive;
        m_timers.Set(key, std::max(until, m_timers.At(key)));
    }
    m_cache.Forget(entry.group, entry.source.ToV4());
}

void
DenseMode::Forget(Entry& entry, TimeNs now)
{
    m_context.Report(
        entry.group, entry.source, NO_PORT, {}, entry.shown, netbase::TableCause::Aged, now);
    for (const TreeTimer timer : {TreeTimer::Keepalive,
                                  TreeTimer::Graft,
                                  TreeTimer::PruneLimit,
                                  TreeTimer::Override,
                                  TreeTimer::StateRefresh})
    {
        m_timers.Stop(KeyOf(timer, entry));
    }
    m_cache.Forget(entry.group, entry.source.ToV4());
    --m_count;
    const IpAddress group = entry.group;
    const IpAddress source = entry.source;
    Sources& sources = m_groups[group];
    sources.erase(source);
    if (sources.empty())
    {
        m_groups.erase(group);
    }
}

void
DenseMode::UpdateAll(TimeNs now)
{
    for (auto& [group, sources] : m_groups)
    {
        for (auto& [source, entry] : sources)
        {
            Update(entry, now);
        }
    }
    m_cache.Clear();
    Flush(now);
}

void
DenseMode::OnMembership(PortIndex, const IpAddress& group, TimeNs now)
{
    const auto sources = m_groups.find(group);
    if (sources == m_groups.end())
    {
        return;
    }
    for (auto& [source, entry] : sources->second)
    {
        Update(entry, now);
    }
    Flush(now);
}

void
DenseMode::OnNeighbour(const NeighbourEvent& event, TimeNs now)
{
    const bool forgot =
        event.change == NeighbourChange::Restarted || event.change == NeighbourChange::Up;
    for (auto& [group, sources] : m_groups)
    {
        for (auto& [source, entry] : sources)
        {
            if (forgot)
            {
                UnprunePort(entry, event.port); // a newcomer has pruned nothing
            }
            if (event.change == NeighbourChange::Restarted && event.port == entry.rpf.port &&
                event.address == entry.rpf.neighbour && entry.upstream != Upstream::Forwarding)
            {
                entry.upstream = Upstream::Forwarding; // as after its first packet
            }
        }
    }
    UpdateAll(now);
}

void
DenseMode::OnPortUp(PortIndex port, bool up, TimeNs now)
{
    for (auto& [group, sources] : m_groups)
    {
        for (auto& [source, entry] : sources)
        {
            if (!up)
            {
                UnprunePort(entry, port);
                entry.asserts.erase(port);
            }
        }
    }
    UpdateAll(now);
}

void
DenseMode::OnRoutesChanged(TimeNs now)
{
    UpdateAll(now);
}

TimeNs
DenseMode::NextDeadline() const
{
    return m_timers.NextDeadline();
}

void
DenseMode::OnDeadline(TimeNs now)
{
    TreeKey key;
    while (m_timers.PopDue(now, key))
    {
        OnTimer(key, now);
    }
    Flush(now);
}

void
DenseMode::OnTimer(const TreeKey& key, TimeNs now)
{
    Entry* entry = Find(key.group, key.source);
    if (!entry)
    {
        return;
    }
    const PimTimers& pim = m_context.config.pim;
    switch (key.timer)
    {
    case TreeTimer::Keepalive:
    {
        const CachedDecision* decision = m_cache.Find(key.group, key.source.ToV4());
        if (decision && decision->keepsAlive && decision->lastUsed + pim.sourceActive > now)
        {
            m_timers.Set(key, decision->lastUsed + pim.sourceActive);
            return;
        }
        Forget(*entry, now);
        return;
    }
    case TreeTimer::PrunePending:
    {
        const auto prune = entry->prunes.find(key.port);
        if (prune == entry->prunes.end())
        {
            return;
        }
        prune->second = false;
        if (m_context.neighbours.Count(key.port) > 1)
        {
            // Prune echo: whoever missed it can still object (RFC 3973 section 4.4.2.2).
            m_batch.Prune(key.port,
                          m_context.Address(key.port),
                          key.group,
                          {.address = key.source, .sparse = false});
        }
        break;
    }
    case TreeTimer::Prune:
        entry->prunes.erase(key.port);
        break;
    case TreeTimer::Graft:
        if (entry->upstream == Upstream::AckPending)
        {
            SendGraft(*entry, now);
        }
        return;
    case TreeTimer::Override:
        SendJoin(*entry);
        return;
    case TreeTimer::Assert:
        if (const auto record = entry->asserts.find(key.port); record != entry->asserts.end())
        {
            // A winner falls back to NoInfo too; data will tell whether it still matters.
            entry->asserts.erase(record);
        }
        break;
    case TreeTimer::StateRefresh:
    {
        if (!entry->rpf.attached)
        {
            return; // another router is the first hop now
        }
        PimStateRefresh own;
        own.group = entry->group;
        own.source = entry->source;
        own.originator = m_context.Address(entry->rpf.port);
        own.maskLength = static_cast<std::uint8_t>(
            m_context.config.ports[static_cast<std::size_t>(entry->rpf.port)].prefixLength);
        own.ttl = entry->ttl;
        own.interval = static_cast<std::uint8_t>(
            std::chrono::duration_cast<std::chrono::seconds>(pim.stateRefresh).count());
        SendStateRefresh(*entry, own, now);
        m_timers.Set(key, now + pim.stateRefresh);
        return;
    }
    default:
        return;
    }
    Update(*entry, now);
}

RouteEntry
DenseMode::EntryOf(const Entry& entry) const
{
    RouteEntry shown{.group = entry.group,
                     .source = entry.source,
                     .incoming = entry.rpf.port,
                     .outgoing = Outgoing(entry).ToVector(),
                     .flags = {}};
    shown.flags = entry.upstream == Upstream::Pruned       ? "pruned"
                  : entry.upstream == Upstream::AckPending ? "grafting"
                                                           : "";
    return shown;
}

std::vector<RouteEntry>
DenseMode::Entries() const
{
    std::vector<RouteEntry> entries;
    for (const auto& [group, sources] : m_groups)
    {
        for (const auto& [source, entry] : sources)
        {
            entries.push_back(EntryOf(entry));
        }
    }
    return entries;
}

} // namespace weft::multicast
