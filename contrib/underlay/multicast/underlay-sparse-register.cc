// SPDX-License-Identifier: GPL-2.0-only
/** @file Sparse mode: Register, from both ends (RFC 7761 section 4.4). */
#include "underlay-sparse-mode.h"

#include <algorithm>

namespace weft::multicast
{

namespace
{

constexpr std::size_t MOST_PAYLOAD =
    65535 - netbase::IPV4_HEADER - PIM_REGISTER_HEADER; ///< octets of a data packet

} // namespace

// CouldRegister(S,G) and what follows from its changes.
void
SparseMode::UpdateRegister(Group& group, Source& source, TimeNs now)
{
    const Rpf& rpf = source.tree.rpf;
    const bool could = !group.rp.IsNone() && !group.isRp && rpf.attached &&
                       m_context.IsUp(rpf.port) && m_context.neighbours.IsDesignated(rpf.port) &&
                       KeepaliveRuns(group, source);
    if (could && source.reg == RegisterState::NoInfo)
    {
        source.reg = RegisterState::Join;
        source.registerPort = rpf.port;
    }
    else if (!could && source.reg != RegisterState::NoInfo)
    {
        source.reg = RegisterState::NoInfo;
        m_timers.Stop({TreeTimer::RegisterStop, NO_PORT, group.name, source.address});
    }
    (void)now;
}

IpAddress
SparseMode::RegisterAddress(const Source& source) const
{
    return m_context.config.address.IsNone() ? m_context.Address(source.registerPort)
                                             : m_context.config.address;
}

DropReason
SparseMode::SendRegister(const Group& group, const Source& source, ByteView packet)
{
    if (packet.size() > MOST_PAYLOAD)
    {
        return DropReason::RegisterTooLong;
    }
    ++m_context.counters.registersOut;
    auto& slot = m_context.packets.Push();
    PimRegister message;
    message.packet = packet;
    constexpr std::uint8_t TTL = 64;
    AppendPimPacket(slot.bytes, RegisterAddress(source), group.rp, message, TTL);
    // The packet passes this router as if it were forwarded onto a link.
    netbase::DecrementIpv4Ttl(
        std::span(slot.bytes).subspan(netbase::IPV4_HEADER + PIM_REGISTER_HEADER));
    return DropReason::None;
}

void
SparseMode::SendNullRegister(const Group& group, const Source& source)
{
    ++m_context.counters.nullRegistersOut;
    // RFC 7761 section 4.9.3: a header that says no more than source and group.
    std::array<std::uint8_t, netbase::IPV4_HEADER> dummy{};
    netbase::WriteIpv4(dummy,
                       {.totalLength = netbase::IPV4_HEADER,
                        .ttl = 64,
                        .protocol = netbase::protocol::PIM,
                        .source = source.address,
                        .destination = group.name});
    auto& slot = m_context.packets.Push();
    PimRegister message;
    message.null = true;
    message.packet = dummy;
    constexpr std::uint8_t TTL = 64;
    AppendPimPacket(slot.bytes, RegisterAddress(source), group.rp, message, TTL);
}

DropReason
SparseMode::OnRegister(const netbase::Ipv4Header& outer, const PimRegister& message, TimeNs now)
{
    ++m_context.counters.registersIn;
    netbase::Ipv4Header inner;
    if (const auto why = netbase::ReadIpv4(message.packet, inner); why != netbase::DropReason::None)
    {
        return why == netbase::DropReason::Truncated     ? DropReason::Truncated
               : why == netbase::DropReason::BadChecksum ? DropReason::BadChecksum
                                                         : DropReason::BadHeader;
    }
    if (!inner.destination.IsMulticast() || inner.source.IsMulticast() ||
        IsLinkLocal(inner.destination))
    {
        return DropReason::BadHeader;
    }
    const PimRegisterStop stop{.group = inner.destination, .source = inner.source};
    const IpAddress rp = m_context.RpOf(inner.destination);
    if (rp.IsNone() || rp != outer.destination || !m_context.IsOwn(rp))
    {
        m_context.SendUnicast(outer.destination, outer.source, stop);
        return DropReason::WrongRp;
    }
    Group& group = Make(inner.destination);
    Source* source = MakeSource(group, inner.source);
    if (!source)
    {
        return DropReason::CacheFull;
    }
    group.star.rpf = m_context.RpfTo(group.rp);
    group.isRp = true;
    // RFC 7761 section 4.4.2. SwitchToSptDesired(S,G) is the RP's own policy here.
    const bool joins = m_context.config.rpJoinsSources;
    const bool stopped = source->spt || (joins && Inherited(group, *source).Empty());
    if (stopped)
    {
        m_context.SendUnicast(outer.destination, outer.source, stop);
    }
    const bool late = source->spt;
    if (source->spt || joins)
    {
        RestartKeepalive(group,
                         *source,
                         stopped ? m_context.config.pim.rpKeepalive
                                 : m_context.config.pim.keepalive,
                         now);
    }
    if (message.null)
    {
        SettleSource(stop.group, stop.source, now);
        return DropReason::None;
    }
    DropReason why = DropReason::None;
    if (late)
    {
        why = DropReason::LateRegister;
    }
    else if (!m_context.config.registerForwarding)
    {
        why = DropReason::RegisterNotForwarded;
    }
    else
    {
        // Forwarded by the state that was there, before the join that it sets off.
        why = ForwardDecapsulated(group, *source, inner, message.packet);
    }
    m_context.counters.dataDrops.Add(why);
    SettleSource(stop.group, stop.source, now);
    return DropReason::None;
}

DropReason
SparseMode::ForwardDecapsulated(const Group& group,
                                const Source& source,
                                const netbase::Ipv4Header& inner,
                                ByteView packet)
{
    const PortSet ports = InheritedRpt(group, &source, source.address);
    if (ports.Empty())
    {
        return DropReason::NoListener;
    }
    if (inner.ttl <= 1)
    {
        return DropReason::TtlExpired;
    }
    ++m_context.counters.decapsulated;
    ports.ForEach([this, &inner, packet](PortIndex port) {
        ++m_context.counters.decapsulatedCopies;
        auto& slot = m_context.packets.Push();
        slot.meta.port = port;
        slot.bytes.assign(packet.begin(), packet.begin() + inner.totalLength);
        netbase::DecrementIpv4Ttl(slot.bytes);
    });
    return DropReason::None;
}

DropReason
SparseMode::OnRegisterStop(const PimRegisterStop& message, TimeNs now)
{
    ++m_context.counters.registerStopsIn;
    Group* group = Find(message.group);
    if (!group)
    {
        return DropReason::NoState;
    }
    // RFC 7761 section 4.4.1: RST is drawn, so that not all sources probe at once. A stop without
    // source is about all of them (section 4.9.4).
    bool found = false;
    std::vector<IpAddress> stopped;
    for (auto& [address, source] : group->sources)
    {
        const bool meant = message.source.ToV4() == 0 || address == message.source;
        if (!meant || source.reg == RegisterState::NoInfo)
        {
            continue;
        }
        found = true;
        if (source.reg == RegisterState::Prune)
        {
            continue;
        }
        source.reg = RegisterState::Prune;
        const TimeNs suppression = m_context.config.pim.registerSuppression;
        m_timers.Set({TreeTimer::RegisterStop, NO_PORT, message.group, address},
                     now + m_context.draws.Uniform(suppression / 2, suppression * 3 / 2) -
                         m_context.config.pim.registerProbe);
        stopped.push_back(address);
    }
    for (const IpAddress& address : stopped)
    {
        SettleSource(message.group, address, now);
    }
    return found ? DropReason::None : DropReason::NoState;
}

} // namespace weft::multicast
