// SPDX-License-Identifier: GPL-2.0-only
/** @file Sparse mode: Join/Prune messages, addressed to us or to others (RFC 7761 section 4.5). */
#include "underlay-sparse-mode.h"

namespace weft::multicast
{

DropReason
SparseMode::OnMessage(PortIndex port,
                      const netbase::Ipv4Header& header,
                      const PimMessage& message,
                      TimeNs now)
{
    DropReason reason = DropReason::WrongMode;
    if (const auto* joinPrune = std::get_if<PimJoinPrune>(&message))
    {
        if (joinPrune->type == PimType::JoinPrune)
        {
            reason = OnJoinPrune(port, header.source, *joinPrune, now);
        }
    }
    else if (const auto* data = std::get_if<PimRegister>(&message))
    {
        reason = OnRegister(header, *data, now);
    }
    else if (const auto* stop = std::get_if<PimRegisterStop>(&message))
    {
        reason = OnRegisterStop(*stop, now);
    }
    else if (const auto* assertion = std::get_if<PimAssert>(&message))
    {
        reason = OnAssert(port, header.source, *assertion, now);
    }
    Flush(now);
    return reason;
}

DropReason
SparseMode::OnJoinPrune(PortIndex port,
                        const IpAddress& from,
                        const PimJoinPrune& message,
                        TimeNs now)
{
    ++m_context.counters.joinPrunesIn;
    const TimeNs until = HoldUntil(message.holdtime, now);
    DropReason reason = DropReason::None;
    for (const PimGroupRecord& record : message.groups)
    {
        if (record.maskLength != 32 || IsLinkLocal(record.group))
        {
            reason = DropReason::Unsupported;
        }
        else if (message.upstream != m_context.Address(port))
        {
            OnForeignRecord(
                port, message.upstream, record, until == NEVER ? NEVER : until - now, now);
        }
        else if (const DropReason why = OnOwnRecord(port, record, from, until, now);
                 why != DropReason::None)
        {
            reason = why;
        }
    }
    return reason;
}

DropReason
SparseMode::OnOwnRecord(
    PortIndex port, const PimGroupRecord& record, const IpAddress& from, TimeNs until, TimeNs now)
{
    if (from == m_context.Address(port))
    {
        return DropReason::OwnPacket;
    }
    DropReason reason = DropReason::None;
    const TimeNs delay = m_context.neighbours.PruneDelay(port);
    Group& group = Make(record.group);
    for (const PimSource& source : record.joins)
    {
        const TreeKey key{
            TreeTimer::Expiry, port, group.name, source.wildcard ? IpAddress{} : source.address};
        if (source.wildcard)
        {
            if (group.rp != source.address || !source.rpTree)
            {
                reason = DropReason::WrongRp;
                continue;
            }
            group.star.downstream.OnJoin(m_timers, key, until);
            group.star.asserts.erase(port); // RFC 7761 section 4.6.2: whoever joins us wants us
            // Prunes of the shared tree hold only if this message repeats them.
            for (auto& [address, entry] : group.sources)
            {
                if (const auto it = entry.rpt.find(port); it != entry.rpt.end())
                {
                    it->second.temporary = true;
                }
            }
            continue;
        }
        if (source.rpTree)
        {
            if (Source* entry = FindSource(group, source.address))
            {
                entry->rpt.erase(port);
                m_timers.Stop({TreeTimer::RptExpiry, port, group.name, source.address});
                m_timers.Stop({TreeTimer::RptPrunePending, port, group.name, source.address});
            }
            continue;
        }
        Source* entry = MakeSource(group, source.address);
        if (!entry)
        {
            reason = DropReason::CacheFull;
            continue;
        }
        entry->tree.downstream.OnJoin(m_timers, key, until);
        entry->tree.asserts.erase(port);
    }
    for (const PimSource& source : record.prunes)
    {
        if (source.wildcard)
        {
            if (group.rp != source.address)
            {
                reason = DropReason::WrongRp;
                continue;
            }
            group.star.downstream.OnPrune(
                m_timers, {TreeTimer::Expiry, port, group.name, {}}, delay, now);
        }
        else if (source.rpTree)
        {
            OnRptPrune(group, port, source.address, until, now);
        }
        else if (Source* entry = FindSource(group, source.address))
        {
            entry->tree.downstream.OnPrune(
                m_timers, {TreeTimer::Expiry, port, group.name, source.address}, delay, now);
        }
    }
    for (auto& [address, entry] : group.sources)
    {
        const auto it = entry.rpt.find(port);
        if (it != entry.rpt.end() && it->second.temporary)
        {
            entry.rpt.erase(it);
            m_timers.Stop({TreeTimer::RptExpiry, port, group.name, address});
            m_timers.Stop({TreeTimer::RptPrunePending, port, group.name, address});
        }
    }
    UpdateGroup(record.group, now);
    return reason;
}

// RFC 7761 section 4.5.3.
void
SparseMode::OnRptPrune(
    Group& group, PortIndex port, const IpAddress& address, TimeNs until, TimeNs now)
{
    if (!group.star.downstream.Has(port))
    {
        return; // nothing that could be pruned
    }
    Source* source = MakeSource(group, address);
    if (!source)
    {
        return;
    }
    const TreeKey expiry{TreeTimer::RptExpiry, port, group.name, address};
    const auto [it, isNew] = source->rpt.try_emplace(port);
    it->second.temporary = false;
    if (isNew)
    {
        const TimeNs delay = m_context.neighbours.PruneDelay(port);
        it->second.pending = delay > TimeNs(0);
        if (it->second.pending)
        {
            m_timers.Set({TreeTimer::RptPrunePending, port, group.name, address}, now + delay);
        }
        m_timers.Set(expiry, until);
    }
    else if (until == NEVER || m_timers.At(expiry) < until)
    {
        m_timers.Set(expiry, until);
    }
}

// What other routers of the link ask of their upstream neighbour (RFC 7761 sections 4.5.4, 4.5.5
// and 4.5.7): their join makes ours superfluous for a while, their prune has to be overridden.
void
SparseMode::OnForeignRecord(PortIndex port,
                            const IpAddress& upstream,
                            const PimGroupRecord& record,
                            TimeNs hold,
                            TimeNs now)
{
    Group* group = Find(record.group);
    if (!group)
    {
        return;
    }
    const auto towards = [port, &upstream](const Rpf& rpf) {
        return rpf.port == port && rpf.neighbour == upstream;
    };
    const TreeKey star{TreeTimer::Join, NO_PORT, group->name, {}};
    const auto keyOf = [group](TreeTimer timer, const IpAddress& source) {
        return TreeKey{timer, NO_PORT, group->name, source};
    };
    for (const PimSource& join : record.joins)
    {
        Source* source = join.wildcard ? nullptr : FindSource(*group, join.address);
        if (join.wildcard && towards(group->star.rpf))
        {
            group->star.upstream.SeeJoin(m_context, m_timers, star, hold, now);
        }
        else if (join.rpTree)
        {
            m_timers.Stop(keyOf(TreeTimer::RptOverride, join.address));
        }
        else if (source && towards(source->tree.rpf))
        {
            source->tree.upstream.SeeJoin(
                m_context, m_timers, keyOf(TreeTimer::Join, join.address), hold, now);
        }
    }
    for (const PimSource& prune : record.prunes)
    {
        if (prune.wildcard)
        {
            if (towards(group->star.rpf))
            {
                group->star.upstream.Hurry(m_context, m_timers, star, now);
            }
            for (auto& [address, source] : group->sources)
            {
                if (towards(source.tree.rpf))
                {
                    source.tree.upstream.Hurry(
                        m_context, m_timers, keyOf(TreeTimer::Join, address), now);
                }
            }
            continue;
        }
        Source* source = FindSource(*group, prune.address);
        if (source && towards(source->tree.rpf))
        {
            source->tree.upstream.Hurry(
                m_context, m_timers, keyOf(TreeTimer::Join, prune.address), now);
        }
        const bool wanted = group->star.upstream.Joined() &&
                            (!source || source->rptUpstream == RptUpstream::NotPruned);
        if (wanted && towards(source ? RptTowards(*group, *source) : group->star.rpf))
        {
            const TreeKey override = keyOf(TreeTimer::RptOverride, prune.address);
            const TimeNs at = now + m_context.draws.Uniform(
                                        TimeNs(0), m_context.neighbours.OverrideInterval(port));
            m_timers.Set(override, std::min(at, m_timers.At(override)));
        }
    }
}

// RFC 7761 section 4.5.6: the prunes of the shared tree travel with its Join.
void
SparseMode::SendStarJoin(Group& group)
{
    const Rpf& rpf = group.star.rpf;
    m_batch.Join(rpf.port, rpf.neighbour, group.name, StarSource(group.rp));
    for (const auto& [address, source] : group.sources)
    {
        if (source.rptUpstream == RptUpstream::Pruned)
        {
            m_batch.Prune(
                rpf.port, rpf.neighbour, group.name, {.address = address, .rpTree = true});
        }
    }
}

// After a prune took effect, those who were to override it are told once more whom it hit.
void
SparseMode::SendPruneEcho(const TreeKey& key, TimeNs now)
{
    const Group* group = Find(key.group);
    if (!group || m_context.neighbours.Count(key.port) <= 1)
    {
        return;
    }
    PimJoinPrune echo;
    echo.upstream = m_context.Address(key.port);
    echo.holdtime = static_cast<std::uint16_t>(
        std::chrono::duration_cast<std::chrono::seconds>(m_context.config.pim.joinPruneHoldtime)
            .count());
    PimGroupRecord& record = echo.groups.emplace_back();
    record.group = key.group;
    record.prunes.push_back(key.source.IsNone() ? StarSource(group->rp)
                                                : PimSource{.address = key.source});
    m_context.SendLink(key.port, echo, now);
}

void
SparseMode::Flush(TimeNs now)
{
    const auto holdtime = static_cast<std::uint16_t>(
        std::chrono::duration_cast<std::chrono::seconds>(m_context.config.pim.joinPruneHoldtime)
            .count());
    PortIndex port = NO_PORT;
    PimJoinPrune message;
    while (m_batch.Take(m_context.config.mtu, holdtime, false, port, message))
    {
        m_context.SendLink(port, message, now);
    }
}

} // namespace weft::multicast
