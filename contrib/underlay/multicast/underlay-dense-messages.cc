// SPDX-License-Identifier: GPL-2.0-only
/** @file Dense mode: messages heard and sent (RFC 3973 sections 4.4 to 4.6). */
#include "underlay-dense-mode.h"

namespace weft::multicast
{

namespace
{

std::uint16_t
Seconds(TimeNs time)
{
    return static_cast<std::uint16_t>(
        std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

} // namespace

DropReason
DenseMode::OnMessage(PortIndex port,
                     const netbase::Ipv4Header& header,
                     const PimMessage& message,
                     TimeNs now)
{
    DropReason reason = DropReason::WrongMode;
    if (const auto* joinPrune = std::get_if<PimJoinPrune>(&message))
    {
        ++m_context.counters.joinPrunesIn;
        switch (joinPrune->type)
        {
        case PimType::Graft:
            reason = OnGraft(port, header.source, *joinPrune, now);
            break;
        case PimType::GraftAck:
            reason = OnGraftAck(port, header.source, *joinPrune, now);
            break;
        default:
            reason = OnJoinPrune(port, header.source, *joinPrune, now);
            break;
        }
    }
    else if (const auto* refresh = std::get_if<PimStateRefresh>(&message))
    {
        reason = OnStateRefresh(port, header.source, *refresh, now);
    }
    else if (const auto* assertion = std::get_if<PimAssert>(&message))
    {
        reason = OnAssert(port, header.source, *assertion, now);
    }
    Flush(now);
    return reason;
}

DropReason
DenseMode::OnJoinPrune(PortIndex port, const IpAddress&, const PimJoinPrune& message, TimeNs now)
{
    const bool ours = message.upstream == m_context.Address(port);
    DropReason reason = DropReason::None;
    for (const PimGroupRecord& record : message.groups)
    {
        if (record.maskLength != 32 || IsLinkLocal(record.group))
        {
            reason = DropReason::Unsupported;
            continue;
        }
        for (const PimSource& join : record.joins)
        {
            Entry* entry = Find(record.group, join.address);
            if (!entry || join.rpTree || join.wildcard)
            {
                reason = entry ? DropReason::Unsupported : DropReason::NoState;
                continue;
            }
            if (ours)
            {
                ForgetLostAssert(*entry, port);
                UnprunePort(*entry, port);
                Update(*entry, now);
            }
            else if (port == entry->rpf.port && message.upstream == entry->rpf.neighbour)
            {
                m_timers.Stop(KeyOf(TreeTimer::Override, *entry));
            }
        }
        for (const PimSource& prune : record.prunes)
        {
            if (prune.rpTree || prune.wildcard)
            {
                reason = DropReason::Unsupported;
                continue;
            }
            Entry* entry = Find(record.group, prune.address);
            if (!entry)
            {
                reason = DropReason::NoState;
            }
            else if (ours)
            {
                OnPrune(*entry, port, message.holdtime, now);
                Update(*entry, now);
            }
            else
            {
                OnForeignPrune(*entry, port, message.upstream, now);
            }
        }
    }
    return reason;
}

// Downstream(S,G,I) (RFC 3973 section 4.4.2).
void
DenseMode::OnPrune(Entry& entry, PortIndex port, std::uint16_t holdtime, TimeNs now)
{
    if (port == entry.rpf.port)
    {
        return; // not downstream
    }
    const TimeNs delay = m_context.neighbours.PruneDelay(port);
    const TimeNs until = HoldUntil(holdtime, now);
    const TreeKey expiry = KeyOf(TreeTimer::Prune, entry, port);
    const auto [it, isNew] = entry.prunes.try_emplace(port, delay > TimeNs(0));
    if (isNew && it->second)
    {
        m_timers.Set(KeyOf(TreeTimer::PrunePending, entry, port), now + delay);
    }
    if (isNew || (m_timers.IsRunning(expiry) && m_timers.At(expiry) < until))
    {
        m_timers.Set(expiry, until);
    }
}

void
DenseMode::UnprunePort(Entry& entry, PortIndex port)
{
    entry.prunes.erase(port);
    m_timers.Stop(KeyOf(TreeTimer::Prune, entry, port));
    m_timers.Stop(KeyOf(TreeTimer::PrunePending, entry, port));
}

// Another router of the link prunes what we want: it is told otherwise, if nobody else does.
void
DenseMode::OnForeignPrune(Entry& entry, PortIndex port, const IpAddress& upstream, TimeNs now)
{
    const TreeKey override = KeyOf(TreeTimer::Override, entry);
    if (port != entry.rpf.port || upstream != entry.rpf.neighbour || Outgoing(entry).Empty() ||
        m_timers.IsRunning(override))
    {
        return;
    }
    m_timers.Set(
        override,
        now + m_context.draws.Uniform(TimeNs(0), m_context.neighbours.OverrideInterval(port)));
}

DropReason
DenseMode::OnGraft(PortIndex port, const IpAddress& from, const PimJoinPrune& message, TimeNs now)
{
    if (message.upstream != m_context.Address(port))
    {
        return DropReason::NotForUs;
    }
    for (const PimGroupRecord& record : message.groups)
    {
        for (const PimSource& join : record.joins)
        {
            if (Entry* entry = Find(record.group, join.address))
            {
                ForgetLostAssert(*entry, port);
                UnprunePort(*entry, port);
                Update(*entry, now);
            }
        }
    }
    // Acknowledged even where there is no entry: nothing is pruned then.
    PimJoinPrune answer = message;
    answer.type = PimType::GraftAck;
    m_context.SendUnicast(m_context.Address(port), from, answer);
    return DropReason::None;
}

DropReason
DenseMode::OnGraftAck(PortIndex port,
                      const IpAddress& from,
                      const PimJoinPrune& message,
                      TimeNs now)
{
    bool found = false;
    for (const PimGroupRecord& record : message.groups)
    {
        for (const PimSource& join : record.joins)
        {
            Entry* entry = Find(record.group, join.address);
            if (entry && entry->upstream == Upstream::AckPending && port == entry->rpf.port &&
                from == entry->rpf.neighbour)
            {
                found = true;
                entry->upstream = Upstream::Forwarding;
                m_timers.Stop(KeyOf(TreeTimer::Graft, *entry));
                Update(*entry, now);
            }
        }
    }
    return found ? DropReason::None : DropReason::NoState;
}

DropReason
DenseMode::OnStateRefresh(PortIndex port,
                          const IpAddress& from,
                          const PimStateRefresh& message,
                          TimeNs now)
{
    if (IsLinkLocal(message.group) || m_context.RpfTo(message.source).port == NO_PORT)
    {
        return DropReason::NoRoute;
    }
    Entry* entry = Make(message.group, message.source, now);
    if (!entry)
    {
        return DropReason::CacheFull;
    }
    Update(*entry, now);
    const AssertMetric metric{message.rpTree, message.preference, message.metric, from};
    if (port != entry->rpf.port)
    {
        OnMetric(*entry, port, metric, false, now);
        Update(*entry, now);
        return DropReason::None;
    }
    if (from != entry->rpf.neighbour)
    {
        return DropReason::RpfFailed;
    }
    m_timers.Set(KeyOf(TreeTimer::Keepalive, *entry), now + m_context.config.pim.sourceActive);
    const bool wanted = !Outgoing(*entry).Empty();
    if (message.pruneIndicator)
    {
        if (wanted && entry->upstream == Upstream::Forwarding)
        {
            // Upstream believes that nobody is here.
            entry->upstream = Upstream::AckPending;
            SendGraft(*entry, now);
        }
        else if (!wanted)
        {
            m_timers.Set(KeyOf(TreeTimer::PruneLimit, *entry),
                         now + m_context.config.pim.pruneLimit);
        }
    }
    else if (entry->upstream == Upstream::AckPending)
    {
        entry->upstream = Upstream::Forwarding;
        m_timers.Stop(KeyOf(TreeTimer::Graft, *entry));
    }
    else if (entry->upstream == Upstream::Pruned)
    {
        SendPrune(*entry, now);
    }
    if (message.ttl > 1)
    {
        PimStateRefresh onward = message;
        --onward.ttl;
        SendStateRefresh(*entry, onward, now);
    }
    return DropReason::None;
}

// RFC 3973 section 4.5.1: to every downstream link with neighbours; what is pruned there stays so.
void
DenseMode::SendStateRefresh(Entry& entry, const PimStateRefresh& heard, TimeNs now)
{
    for (std::size_t i = 0; i < m_context.up.size(); ++i)
    {
        const auto port = static_cast<PortIndex>(i);
        if (port == entry.rpf.port || !m_context.up[i] || m_context.neighbours.Count(port) == 0 ||
            LostAssert(entry, port))
        {
            continue;
        }
        const auto prune = entry.prunes.find(port);
        const bool pruned = prune != entry.prunes.end() && !prune->second;
        PimStateRefresh message = heard;
        message.preference = entry.rpf.preference;
        message.metric = entry.rpf.metric;
        message.pruneIndicator = pruned;
        m_context.SendLink(port, message, now);
        if (pruned)
        {
            m_timers.Set(KeyOf(TreeTimer::Prune, entry, port),
                         now + m_context.config.pim.joinPruneHoldtime);
        }
    }
}

void
DenseMode::SendPrune(const Entry& entry, TimeNs now)
{
    m_batch.Prune(entry.rpf.port,
                  entry.rpf.neighbour,
                  entry.group,
                  {.address = entry.source, .sparse = false});
    m_timers.Set(KeyOf(TreeTimer::PruneLimit, entry), now + m_context.config.pim.pruneLimit);
}

void
DenseMode::SendJoin(const Entry& entry)
{
    m_batch.Join(entry.rpf.port,
                 entry.rpf.neighbour,
                 entry.group,
                 {.address = entry.source, .sparse = false});
}

void
DenseMode::SendGraft(const Entry& entry, TimeNs now)
{
    if (entry.rpf.neighbour.IsNone())
    {
        return; // a neighbour that comes up is grafted to then
    }
    PimJoinPrune graft;
    graft.type = PimType::Graft;
    graft.upstream = entry.rpf.neighbour;
    PimGroupRecord& record = graft.groups.emplace_back();
    record.group = entry.group;
    record.joins.push_back({.address = entry.source, .sparse = false});
    m_context.SendUnicast(m_context.Address(entry.rpf.port), entry.rpf.neighbour, graft);
    m_timers.Set(KeyOf(TreeTimer::Graft, entry), now + m_context.config.pim.graftRetry);
}

AssertMetric
DenseMode::MyMetric(const Entry& entry, PortIndex port) const
{
    return {false, entry.rpf.preference, entry.rpf.metric, m_context.Address(port)};
}

DropReason
DenseMode::OnAssert(PortIndex port, const IpAddress& from, const PimAssert& message, TimeNs now)
{
    Entry* entry = Find(message.group, message.source);
    if (!entry)
    {
        return DropReason::NoState;
    }
    const AssertMetric metric = AssertMetric::Of(message, from);
    OnMetric(*entry, port, metric, metric.IsInfinite(), now);
    Update(*entry, now);
    return DropReason::None;
}

// RFC 3973 section 4.6.4; CouldAssert(S,G,I) is RPF_interface(S) != I.
void
DenseMode::OnMetric(
    Entry& entry, PortIndex port, const AssertMetric& metric, bool cancel, TimeNs now)
{
    const auto record = entry.asserts.find(port);
    const bool known = record != entry.asserts.end();
    const bool lost = known && record->second.winner.address != m_context.Address(port);
    if (lost && metric.address == record->second.winner.address &&
        (cancel || (port != entry.rpf.port && MyMetric(entry, port).Beats(metric))))
    {
        entry.asserts.erase(record);
        m_timers.Stop(KeyOf(TreeTimer::Assert, entry, port));
        return;
    }
    if (cancel)
    {
        return;
    }
    if (port == entry.rpf.port)
    {
        // We only have to know whom to ask.
        if (!known || metric.address == record->second.winner.address ||
            metric.Beats(record->second.winner))
        {
            LoseAssert(entry, port, metric, now);
        }
        return;
    }
    const AssertMetric mine = MyMetric(entry, port);
    if (!lost && mine.Beats(metric))
    {
        WinAssert(entry, port, now);
    }
    else if (!lost || metric.address == record->second.winner.address ||
             metric.Beats(record->second.winner))
    {
        LoseAssert(entry, port, metric, now);
    }
}

void
DenseMode::WinAssert(Entry& entry, PortIndex port, TimeNs now)
{
    const AssertMetric mine = MyMetric(entry, port);
    m_context.SendLink(port,
                       PimAssert{.group = entry.group,
                                 .source = entry.source,
                                 .rpTree = false,
                                 .preference = mine.preference,
                                 .metric = mine.metric},
                       now);
    entry.asserts[port] = {mine, false};
    m_timers.Set(KeyOf(TreeTimer::Assert, entry, port), now + m_context.config.pim.assertTime);
}

// RFC 3973 section 4.6.4.4: as bad as can be.
void
DenseMode::SendAssertCancel(const Entry& entry, PortIndex port, TimeNs now)
{
    m_context.SendLink(port,
                       PimAssert{.group = entry.group,
                                 .source = entry.source,
                                 .rpTree = true,
                                 .preference = 0x7fffffff,
                                 .metric = 0xffffffff},
                       now);
}

// Whoever asks us for packets takes us for the winner.
void
DenseMode::ForgetLostAssert(Entry& entry, PortIndex port)
{
    if (LostAssert(entry, port))
    {
        entry.asserts.erase(port);
        m_timers.Stop(KeyOf(TreeTimer::Assert, entry, port));
    }
}

void
DenseMode::LoseAssert(Entry& entry, PortIndex port, const AssertMetric& winner, TimeNs now)
{
    const bool isNew = !LostAssert(entry, port);
    entry.asserts[port] = {winner, port == entry.rpf.port};
    m_timers.Set(KeyOf(TreeTimer::Assert, entry, port), now + m_context.config.pim.assertTime);
    if (port != entry.rpf.port && isNew)
    {
        // We need nothing from this link; whoever does will object.
        m_batch.Prune(
            port, winner.address, entry.group, {.address = entry.source, .sparse = false});
    }
}

void
DenseMode::Flush(TimeNs now)
{
    PortIndex port = NO_PORT;
    PimJoinPrune message;
    while (m_batch.Take(m_context.config.mtu,
                        Seconds(m_context.config.pim.joinPruneHoldtime),
                        false,
                        port,
                        message))
    {
        m_context.SendLink(port, message, now);
    }
}

} // namespace weft::multicast
