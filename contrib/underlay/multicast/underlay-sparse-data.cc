// SPDX-License-Identifier: GPL-2.0-only
/** @file Sparse mode: data packets (RFC 7761 section 4.2). */
#include "underlay-sparse-mode.h"

namespace weft::multicast
{

const CachedDecision*
SparseMode::Known(PortIndex port, std::uint32_t group, std::uint32_t source, TimeNs now)
{
    return m_cache.Use(port, group, source, now);
}

Verdict
SparseMode::OnData(PortIndex port, const netbase::Ipv4Header& header, ByteView packet, TimeNs now)
{
    if (const CachedDecision* known =
            Known(port, header.destination.ToV4(), header.source.ToV4(), now))
    {
        return {.reason = known->reason, .ports = known->ports};
    }
    ++m_context.counters.cacheMisses;
    const Verdict verdict = DecideData(port, header, packet, now);
    Flush(now);
    return verdict;
}

Verdict
SparseMode::DecideData(PortIndex port,
                       const netbase::Ipv4Header& header,
                       ByteView packet,
                       TimeNs now)
{
    const IpAddress& name = header.destination;
    const Rpf rpf = m_context.RpfTo(header.source);
    const bool attached = rpf.attached && rpf.port == port;
    Group* group = Find(name);
    Source* source = group ? FindSource(*group, header.source) : nullptr;
    if (attached && !source)
    {
        const bool sourceSpecific = name.ToV4() >> 24 == 232;
        if (!group && !sourceSpecific && m_context.RpOf(name).IsNone())
        {
            return {.reason = DropReason::NoRp};
        }
        UpdateGroup(name, now);
        group = &Make(name);
        group->star.rpf = group->rp.IsNone() ? Rpf{} : m_context.RpfTo(group->rp);
        group->isRp = group->star.rpf.local;
        source = MakeSource(*group, header.source);
        if (!source)
        {
            return {.reason = DropReason::CacheFull};
        }
    }
    if (!group)
    {
        CachedDecision& decision = m_cache.Make(name, header.source.ToV4());
        decision = {.ports = {}, .incoming = port, .reason = DropReason::NoState};
        return {.reason = DropReason::NoState};
    }
    if (source && (attached || (port == source->tree.rpf.port && source->tree.upstream.Joined() &&
                                !Inherited(*group, *source).Empty())))
    {
        RestartKeepalive(*group, *source, m_context.config.pim.keepalive, now);
    }
    if (source)
    {
        UpdateSptBit(*group, *source, port, now);
        UpdateSource(*group, *source, now); // the Keepalive Timer keeps it
    }
    source = FindSource(*group, header.source);

    PortSet ports;
    DropReason reason = DropReason::NoListener;
    const bool onSpt = source && source->spt && port == source->tree.rpf.port;
    const bool onRpt = !onSpt && !(source && source->spt) && port == group->star.rpf.port;
    if (onSpt)
    {
        ports = Inherited(*group, *source);
    }
    else if (onRpt)
    {
        ports = InheritedRpt(*group, source, header.source);
    }
    else if (!attached)
    {
        OnWrongPort(*group, source, port, now);
        return {.reason = DropReason::RpfFailed};
    }
    ports.Remove(port);

    // The decision outlives this packet; the state may change it right below.
    CachedDecision& decision = m_cache.Make(name, header.source.ToV4());
    decision.ports = ports.ToVector();
    decision.incoming = port;
    decision.lastUsed = now;
    decision.keepsAlive = onSpt || attached;
    decision.slow = false;
    if (source && source->reg == RegisterState::Join && attached)
    {
        decision.slow = true; // until the Register-Stop
        reason = SendRegister(*group, *source, packet);
    }
    if (!ports.Empty())
    {
        m_context.counters.dataDrops.Add(reason == DropReason::NoListener ? DropReason::None
                                                                          : reason);
        reason = DropReason::None;
    }
    decision.reason = reason;
    m_verdictPorts = decision.ports;
    const Verdict verdict{.reason = decision.reason, .ports = m_verdictPorts};
    if (onRpt && !attached)
    {
        const PortSet receivers =
            (group->included - Excluded(*group, header.source)) | Included(*group, source);
        if (!receivers.Empty())
        {
            CheckSwitchToSpt(*group, source, header.source, decision, header.totalLength, now);
        }
    }
    return verdict;
}

// CheckSwitchToSpt(S,G), where somebody on our links wants the packet.
void
SparseMode::CheckSwitchToSpt(Group& group,
                             Source* source,
                             const IpAddress& address,
                             CachedDecision& decision,
                             std::size_t bytes,
                             TimeNs now)
{
    if (!WantsSpt(decision, bytes, now))
    {
        return;
    }
    source = source ? source : MakeSource(group, address);
    if (!source)
    {
        m_context.counters.controlDrops.Add(DropReason::CacheFull);
        return;
    }
    // Restarting the timer is what makes (S,G) be joined.
    RestartKeepalive(group, *source, m_context.config.pim.keepalive, now);
    UpdateSource(group, *source, now);
}

bool
SparseMode::WantsSpt(CachedDecision& decision, std::size_t bytes, TimeNs now) const
{
    switch (m_context.config.sptSwitch)
    {
    case SptSwitch::Immediate:
        return true;
    case SptSwitch::Never:
        return false;
    case SptSwitch::Threshold:
        break;
    }
    decision.slow = true; // every packet is counted
    const TimeNs window = m_context.config.sptWindow;
    if (now - decision.windowStart >= window)
    {
        decision.windowStart = now;
        decision.windowBytes = 0;
    }
    decision.windowBytes += bytes;
    const double seconds = std::chrono::duration<double>(window).count();
    return 8.0 * static_cast<double>(decision.windowBytes) >
           static_cast<double>(m_context.config.sptThreshold) * seconds;
}

void
SparseMode::RestartKeepalive(Group& group, Source& source, TimeNs period, TimeNs now)
{
    m_timers.Set({TreeTimer::Keepalive, NO_PORT, group.name, source.address}, now + period);
}

// Update_SPTbit(S,G,iif)
void
SparseMode::UpdateSptBit(Group& group, Source& source, PortIndex port, TimeNs now)
{
    const Rpf& rpf = source.tree.rpf;
    if (source.spt || port != rpf.port || !JoinDesired(group, source))
    {
        return;
    }
    const Rpf& star = group.star.rpf;
    const auto record = source.tree.asserts.find(port);
    const bool loser = record != source.tree.asserts.end() &&
                       record->second.winner.address != m_context.Address(port);
    const bool sameNeighbour = rpf.neighbour == star.neighbour && !rpf.neighbour.IsNone();
    source.spt = rpf.attached || rpf.port != star.port ||
                 InheritedRpt(group, &source, source.address).Empty() || sameNeighbour || loser;
    (void)now;
}

void
SparseMode::OnWrongPort(Group& group, Source* source, PortIndex port, TimeNs now)
{
    // A packet that comes from where we send it: another router forwards onto the link as well.
    if (source && source->spt)
    {
        if (CouldAssert(group, *source, port) && !source->tree.asserts.contains(port))
        {
            WinAssert(group, source, port, now);
        }
    }
    else if (CouldAssertStar(group, port) && !group.star.asserts.contains(port) &&
             InheritedRpt(group, source, source ? source->address : IpAddress{}).Has(port))
    {
        WinAssert(group, nullptr, port, now);
    }
}

void
SparseMode::ForgetDecisions(Group& group, const Source* source)
{
    // What the cache knows about the last packet moves into the timer.
    const auto keep = [this, &group](const IpAddress& address) {
        const CachedDecision* decision = m_cache.Find(group.name, address.ToV4());
        const TreeKey key{TreeTimer::Keepalive, NO_PORT, group.name, address};
        if (decision && decision->keepsAlive && m_timers.IsRunning(key))
        {
            const TimeNs until = decision->lastUsed + m_context.config.pim.keepalive;
            m_timers.Set(key, std::max(until, m_timers.At(key)));
        }
    };
    if (source)
    {
        keep(source->address);
        m_cache.Forget(group.name, source->address.ToV4());
        return;
    }
    for (const auto& [address, entry] : group.sources)
    {
        keep(address);
    }
    m_cache.ForgetGroup(group.name);
}

} // namespace weft::multicast
