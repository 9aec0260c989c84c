// SPDX-License-Identifier: GPL-2.0-only
// The ways of packets through the router between networks.
#include "vxlan-reason.h"
#include "vxlan-router.h"

#include "netbase-arp.h"
#include "netbase-ethernet.h"
#include "netbase-icmp.h"

#include <algorithm>

namespace weft::vxlan
{

// -- Frames in -------------------------------------------------------------------------------

DropReason
Router::OnFrame(std::uint32_t interface, ByteView frame, TimeNs now)
{
    if (!m_up)
    {
        return Drop(DropReason::PortDown);
    }
    netbase::EthernetHeader header;
    if (netbase::ReadEthernet(frame, header) != netbase::DropReason::None)
    {
        return Drop(DropReason::Truncated);
    }
    if (header.tci)
    {
        return Drop(DropReason::VlanMismatch);
    }
    if (header.source.IsGroup())
    {
        return Drop(DropReason::BadInnerFrame);
    }
    if (header.source == m_config.interfaces[interface].mac)
    {
        return Drop(DropReason::OwnSource);
    }
    const ByteView payload = frame.subspan(header.payloadOffset);
    if (!header.destination.IsGroup() && !IsOurMac(interface, header.destination))
    {
        return Drop(DropReason::NotForUs);
    }
    switch (header.type)
    {
    case netbase::ethertype::ARP:
        return OnArp(interface, payload, now);
    case netbase::ethertype::IPV4:
        return OnIpv4(interface, header.destination, payload, now);
    case netbase::ethertype::IPV6:
        return Drop(header.destination.IsGroup() ? DropReason::NotForUs : DropReason::NoRoute);
    default:
        return Drop(DropReason::NotForUs);
    }
}

DropReason
Router::OnArp(std::uint32_t interface, ByteView payload, TimeNs now)
{
    netbase::ArpPacket arp;
    if (const auto reason = netbase::ReadArp(payload, arp); reason != netbase::DropReason::None)
    {
        return Drop(ToDropReason(reason));
    }
    const Interface& own = m_interfaces[interface];
    if (arp.senderMac.IsGroup())
    {
        return Drop(DropReason::BadInnerFrame);
    }
    const bool onLink = (arp.sender.ToV4() & own.mask) == own.network;
    const auto mac = MacFor(interface, arp.target);
    if (onLink && !MacFor(interface, arp.sender))
    {
        if (arp.operation == netbase::ArpOperation::Reply && mac)
        {
            m_neighbours.OnAnswer(arp.sender, arp.senderMac, now);
        }
        else if (mac)
        {
            m_neighbours.Learn(arp.sender, arp.senderMac, now);
        }
        else
        {
            m_neighbours.Update(arp.sender, arp.senderMac, now);
        }
        PumpCache(now);
    }
    if (arp.operation != netbase::ArpOperation::Request || !mac)
    {
        return arp.operation == netbase::ArpOperation::Reply && mac ? DropReason::None
                                                                    : Drop(DropReason::NotForUs);
    }
    // RFC 5798 section 8.1.2: the answer carries the virtual MAC, its frame the physical one.
    auto& slot = m_frames.Push();
    slot.meta.interface = interface;
    netbase::BuildArpFrame(slot.bytes,
                           arp.senderMac,
                           m_config.interfaces[interface].mac,
                           {.operation = netbase::ArpOperation::Reply,
                            .senderMac = *mac,
                            .sender = arp.target,
                            .targetMac = arp.senderMac,
                            .target = arp.sender});
    ++m_counters.arpRepliesSent;
    return DropReason::None;
}

DropReason
Router::OnIpv4(std::uint32_t interface, const MacAddress& to, ByteView packet, TimeNs now)
{
    netbase::Ipv4Header header;
    if (const auto reason = netbase::ReadIpv4(packet, header); reason != netbase::DropReason::None)
    {
        return Drop(ToDropReason(reason));
    }
    packet = packet.first(header.totalLength);
    if (to.IsGroup())
    {
        return header.protocol == VRRP_PROTOCOL && header.destination == VrrpGroup()
                   ? OnVrrp(interface, packet, now)
                   : Drop(DropReason::NotForUs);
    }
    const std::uint32_t destination = header.destination.ToV4();
    if (!IsUnicastV4(header.source) || IsSubnetBroadcast(header.source.ToV4()))
    {
        return Drop(DropReason::BadInnerFrame);
    }
    if (IsOurAddress(header.source.ToV4()))
    {
        return Drop(DropReason::OwnSource);
    }
    if (IsOurAddress(destination))
    {
        return Deliver(packet, header, now);
    }
    if (!IsUnicastV4(header.destination) || IsSubnetBroadcast(destination))
    {
        return Drop(DropReason::NotForUs);
    }
    return Forward(packet, header, now);
}

DropReason
Router::OnVrrp(std::uint32_t interface, ByteView packet, TimeNs now)
{
    auto& vrrp = m_interfaces[interface].vrrp;
    if (!vrrp)
    {
        return Drop(DropReason::NotForUs);
    }
    const VrrpError error = vrrp->OnPacket(packet, now);
    PumpVrrp();
    switch (error)
    {
    case VrrpError::None:
        return DropReason::None;
    case VrrpError::OtherRouter:
        return Drop(DropReason::NotForUs);
    case VrrpError::OwnAdvert:
        return Drop(DropReason::OwnSource);
    case VrrpError::BadChecksum:
        return Drop(DropReason::BadChecksum);
    case VrrpError::Truncated:
        return Drop(DropReason::Truncated);
    default: // the reason proper is in the virtual router's counters
        return Drop(DropReason::BadInnerFrame);
    }
}

DropReason
Router::Deliver(ByteView packet, const netbase::Ipv4Header& header, TimeNs now)
{
    if (!AcceptsFor(header.destination.ToV4()))
    {
        return Drop(DropReason::NotForUs);
    }
    netbase::IcmpMessage message;
    m_made.clear();
    if (header.protocol == netbase::protocol::ICMP)
    {
        if (const auto reason = netbase::ReadIcmp(packet, message);
            reason != netbase::DropReason::None)
        {
            return Drop(ToDropReason(reason));
        }
        if (message.kind == netbase::IcmpKind::EchoRequest &&
            netbase::AppendEchoReply(m_made, packet, header.destination) ==
                netbase::DropReason::None)
        {
            ++m_counters.echoes;
            SendMade(now);
        }
    }
    else if (netbase::AppendUnreachable(m_made,
                                        header.destination,
                                        packet,
                                        header.protocol == netbase::protocol::UDP
                                            ? netbase::Unreachable::Port
                                            : netbase::Unreachable::Protocol) ==
             netbase::DropReason::None)
    {
        ++m_counters.icmpErrors;
        SendMade(now);
    }
    ++m_counters.delivered;
    return DropReason::None;
}

DropReason
Router::Forward(ByteView packet, const netbase::Ipv4Header& header, TimeNs now)
{
    const auto complain = [&](auto append) {
        const auto back = RouteTo(header.source);
        m_made.clear();
        if (back &&
            append(m_config.interfaces[back->interface].address) == netbase::DropReason::None)
        {
            ++m_counters.icmpErrors;
            SendMade(now);
        }
    };
    if (header.ttl <= 1)
    {
        complain([&](const IpAddress& from) {
            return netbase::AppendTimeExceeded(m_made, from, packet);
        });
        return Drop(DropReason::TtlExpired);
    }
    const auto hop = RouteTo(header.destination);
    if (!hop)
    {
        complain([&](const IpAddress& from) {
            return netbase::AppendUnreachable(m_made, from, packet, netbase::Unreachable::Network);
        });
        return Drop(DropReason::NoRoute);
    }
    const std::uint32_t mtu = m_config.interfaces[hop->interface].mtu;
    if (packet.size() > mtu && header.dontFragment)
    {
        complain([&](const IpAddress& from) {
            return netbase::AppendPacketTooBig(m_made, from, packet, mtu);
        });
        return Drop(DropReason::TooBig);
    }
    m_packet.assign(packet.begin(), packet.end());
    netbase::DecrementIpv4Ttl(m_packet);
    ++m_counters.forwarded;
    return Emit(*hop, m_packet, now);
}

// -- Frames out ------------------------------------------------------------------------------

DropReason
Router::Emit(const Hop& hop, ByteView packet, TimeNs now)
{
    if (const MacAddress* mac = m_neighbours.Lookup(hop.address, now))
    {
        EmitFrame(hop.interface, *mac, packet);
        PumpCache(now);
        return DropReason::None;
    }
    const auto reason = m_neighbours.Hold(hop.address, packet, now);
    PumpCache(now);
    return reason == netbase::DropReason::None ? DropReason::None : Drop(ToDropReason(reason));
}

void
Router::EmitFrame(std::uint32_t interface, const MacAddress& to, ByteView packet)
{
    const RouterInterfaceConfig& config = m_config.interfaces[interface];
    const auto send = [&](ByteView bytes) {
        auto& slot = m_frames.Push();
        slot.meta.interface = interface;
        slot.bytes.resize(netbase::ETHERNET_HEADER + bytes.size());
        netbase::WriteEthernet(
            slot.bytes,
            {.destination = to, .source = config.mac, .tci = {}, .type = netbase::ethertype::IPV4});
        std::copy(bytes.begin(), bytes.end(), slot.bytes.begin() + netbase::ETHERNET_HEADER);
    };
    ++m_counters.sent;
    m_counters.sentBytes += packet.size();
    if (packet.size() <= config.mtu)
    {
        send(packet);
        return;
    }
    ++m_counters.fragmented;
    netbase::Ipv4Fragmenter fragmenter(packet, config.mtu);
    for (m_fragment.clear(); fragmenter.Next(m_fragment); m_fragment.clear())
    {
        send(m_fragment);
    }
}

void
Router::SendMade(TimeNs now)
{
    const IpAddress destination = IpAddress::V4(netbase::Read32(&m_made[16]));
    if (const auto hop = RouteTo(destination))
    {
        ++m_counters.made;
        Emit(*hop, m_made, now);
        return;
    }
    Drop(DropReason::NoRoute);
}

void
Router::PumpCache(TimeNs now)
{
    netbase::NeighbourCache::Request request;
    while (m_neighbours.PollRequest(request))
    {
        const auto hop = RouteTo(request.address);
        if (!hop)
        {
            continue; // cannot be: the cache holds next hops only
        }
        auto& slot = m_frames.Push();
        slot.meta.interface = hop->interface;
        const RouterInterfaceConfig& interface = m_config.interfaces[hop->interface];
        netbase::BuildArpRequest(slot.bytes,
                                 interface.mac,
                                 interface.address,
                                 request.address,
                                 request.unicast.value_or(MacAddress::Broadcast()));
        ++m_counters.arpRequestsSent;
    }
    MacAddress mac;
    while (m_neighbours.PollReleased(m_held, mac))
    {
        const auto hop = RouteTo(IpAddress::V4(netbase::Read32(&m_held[16])));
        EmitFrame(hop->interface, mac, m_held);
    }
    IpAddress failed;
    while (m_neighbours.PollFailed(m_held, failed))
    {
        Drop(DropReason::NoNeighbour);
        if (!m_up)
        {
            continue;
        }
        m_failed.swap(m_held);
        const auto back = RouteTo(IpAddress::V4(netbase::Read32(&m_failed[12])));
        m_made.clear();
        if (back &&
            netbase::AppendUnreachable(m_made,
                                       m_config.interfaces[back->interface].address,
                                       m_failed,
                                       netbase::Unreachable::Host) == netbase::DropReason::None)
        {
            ++m_counters.icmpErrors;
            SendMade(now);
        }
    }
    const std::uint64_t lost = m_neighbours.Counters().drops.Of(netbase::DropReason::PendingFull);
    m_counters.drops.Add(DropReason::NoBuffer, lost - m_pendingLost);
    m_pendingLost = lost;
}

void
Router::PumpVrrp()
{
    for (std::uint32_t i = 0; i < m_interfaces.size(); ++i)
    {
        while (m_interfaces[i].vrrp && m_interfaces[i].vrrp->PollFrame(m_held))
        {
            auto& slot = m_frames.Push();
            slot.meta.interface = i;
            slot.bytes.swap(m_held);
        }
    }
}

bool
Router::PollFrame(Bytes& frame, RouterOutput& output)
{
    return m_frames.Pop(frame, output);
}

} // namespace weft::vxlan
