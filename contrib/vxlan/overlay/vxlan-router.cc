// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-router.h"

#include "netbase-arp.h"
#include "netbase-ethernet.h"
#include "netbase-icmp.h"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace weft::vxlan
{

namespace
{

std::uint32_t
MaskOf(unsigned length)
{
    return length == 0 ? 0 : ~std::uint32_t{0} << (32 - length);
}

bool
IsUnicast(const IpAddress& address)
{
    const std::uint32_t value = address.ToV4();
    return address.IsV4() && value >> 28 < 14 && value >> 24 != 0 && value >> 24 != 127;
}

[[noreturn]] void
Refuse(const std::string& text)
{
    throw std::invalid_argument(text);
}

void
CheckInterface(const RouterInterfaceConfig& interface, const std::string& name)
{
    if (interface.vni > MAX_VNI)
    {
        Refuse(name + ".vni is " + std::to_string(interface.vni) + "; it is 0 to 16777215");
    }
    if (interface.mac.IsZero() || interface.mac.IsGroup())
    {
        Refuse(name + ".mac is " + interface.mac.ToString() + "; it is a station's address");
    }
    if (!IsUnicast(interface.address))
    {
        Refuse(name + ".address is " + interface.address.ToString() + "; it is IPv4 unicast");
    }
    if (interface.prefixLength < 1 || interface.prefixLength > 31)
    {
        Refuse(name + ".prefixLength is " + std::to_string(interface.prefixLength) +
               "; it is 1 to 31");
    }
    if (interface.mtu < netbase::IPV4_MIN_MTU || interface.mtu > 65535)
    {
        Refuse(name + ".mtu is " + std::to_string(interface.mtu) + "; it is 68 to 65535");
    }
    const std::uint32_t mask = MaskOf(interface.prefixLength);
    if (interface.vrrp)
    {
        for (const IpAddress& address : interface.vrrp->addresses)
        {
            if (address.IsV4() && ((address.ToV4() ^ interface.address.ToV4()) & mask) != 0)
            {
                Refuse(name + ".vrrp.addresses has " + address.ToString() +
                       ", which is not in the interface's subnet");
            }
        }
    }
}

void
Check(const RouterConfig& config)
{
    if (config.interfaces.empty())
    {
        Refuse("router.interfaces is empty; a router has at least one");
    }
    for (std::size_t i = 0; i < config.interfaces.size(); ++i)
    {
        const RouterInterfaceConfig& a = config.interfaces[i];
        const std::string name = "router.interfaces[" + std::to_string(i) + "]";
        CheckInterface(a, name);
        for (std::size_t k = 0; k < i; ++k)
        {
            const RouterInterfaceConfig& b = config.interfaces[k];
            if (a.vni == b.vni)
            {
                Refuse(name + ".vni is " + std::to_string(a.vni) + ", as that of interface " +
                       std::to_string(k) + "; every interface has a network of its own");
            }
            const std::uint32_t mask = MaskOf(std::min(a.prefixLength, b.prefixLength));
            if (((a.address.ToV4() ^ b.address.ToV4()) & mask) == 0)
            {
                Refuse(name + ".address is " + a.address.ToString() + "/" +
                       std::to_string(a.prefixLength) +
                       ", whose subnet overlaps that of interface " + std::to_string(k));
            }
        }
    }
    if (!config.defaultGateway.IsNone() &&
        std::none_of(config.interfaces.begin(), config.interfaces.end(), [&](const auto& i) {
            return IsUnicast(config.defaultGateway) && i.address != config.defaultGateway &&
                   ((i.address.ToV4() ^ config.defaultGateway.ToV4()) & MaskOf(i.prefixLength)) ==
                       0;
        }))
    {
        Refuse("router.defaultGateway is " + config.defaultGateway.ToString() +
               "; it is another station in a subnet of an interface");
    }
}

DropReason
FromNetbase(netbase::DropReason reason)
{
    switch (reason)
    {
    case netbase::DropReason::None:
        return DropReason::None;
    case netbase::DropReason::Truncated:
        return DropReason::Truncated;
    case netbase::DropReason::BadChecksum:
        return DropReason::BadChecksum;
    case netbase::DropReason::TooBig:
        return DropReason::TooBig;
    case netbase::DropReason::CacheFull:
    case netbase::DropReason::PendingFull:
        return DropReason::NoBuffer;
    default:
        return DropReason::BadInnerFrame;
    }
}

} // namespace

Router::Router(const RouterConfig& config)
    : m_config((Check(config), config)), m_neighbours(config.neighbours)
{
    for (const RouterInterfaceConfig& interface : config.interfaces)
    {
        Interface& added = m_interfaces.emplace_back();
        added.address = interface.address.ToV4();
        added.mask = MaskOf(interface.prefixLength);
        added.network = added.address & added.mask;
        if (interface.vrrp)
        {
            added.vrrp.emplace(*interface.vrrp, interface.address);
        }
    }
}

// -- Who we are ------------------------------------------------------------------------------

bool
Router::IsOurMac(std::uint32_t interface, const MacAddress& mac) const
{
    const auto& vrrp = m_interfaces[interface].vrrp;
    return mac == m_config.interfaces[interface].mac ||
           (vrrp && vrrp->State() == VrrpState::Master && mac == vrrp->Mac());
}

std::optional<MacAddress>
Router::MacFor(std::uint32_t interface, const IpAddress& address) const
{
    const auto& vrrp = m_interfaces[interface].vrrp;
    if (vrrp)
    {
        const auto& addresses = vrrp->Config().addresses;
        if (std::find(addresses.begin(), addresses.end(), address) != addresses.end())
        {
            return vrrp->State() == VrrpState::Master ? std::optional(vrrp->Mac()) : std::nullopt;
        }
    }
    if (address == m_config.interfaces[interface].address)
    {
        return m_config.interfaces[interface].mac;
    }
    return std::nullopt;
}

bool
Router::IsOurAddress(std::uint32_t address) const
{
    return std::any_of(m_interfaces.begin(), m_interfaces.end(), [&](const Interface& interface) {
        if (interface.address == address)
        {
            return true;
        }
        if (!interface.vrrp || interface.vrrp->State() != VrrpState::Master)
        {
            return false;
        }
        const auto& addresses = interface.vrrp->Config().addresses;
        return std::find(addresses.begin(), addresses.end(), IpAddress::V4(address)) !=
               addresses.end();
    });
}

/// @return whether packets to an own address are taken (RFC 5798 section 6.1, Accept_Mode)
bool
Router::AcceptsFor(std::uint32_t address) const
{
    return std::any_of(m_interfaces.begin(), m_interfaces.end(), [&](const Interface& interface) {
        if (interface.address == address)
        {
            return true;
        }
        if (!interface.vrrp || !interface.vrrp->Config().accept)
        {
            return false;
        }
        const auto& addresses = interface.vrrp->Config().addresses;
        return std::find(addresses.begin(), addresses.end(), IpAddress::V4(address)) !=
               addresses.end();
    });
}

bool
Router::IsSubnetBroadcast(std::uint32_t address) const
{
    return std::any_of(m_interfaces.begin(), m_interfaces.end(), [&](const Interface& interface) {
        // A /31 has no broadcast address (RFC 3021).
        return interface.mask != 0xfffffffe && address == (interface.network | ~interface.mask);
    });
}

std::optional<Router::Hop>
Router::RouteTo(const IpAddress& destination) const
{
    const auto connected = [&](const IpAddress& address) -> std::optional<Hop> {
        const std::uint32_t value = address.ToV4();
        for (std::uint32_t i = 0; i < m_interfaces.size(); ++i)
        {
            if ((value & m_interfaces[i].mask) == m_interfaces[i].network)
            {
                return Hop{i, address};
            }
        }
        return std::nullopt;
    };
    if (const auto hop = connected(destination))
    {
        return hop;
    }
    return m_config.defaultGateway.IsNone() ? std::nullopt : connected(m_config.defaultGateway);
}

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
        return Drop(FromNetbase(reason));
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
        return Drop(FromNetbase(reason));
    }
    packet = packet.first(header.totalLength);
    if (to.IsGroup())
    {
        return header.protocol == VRRP_PROTOCOL && header.destination == VrrpGroup()
                   ? OnVrrp(interface, packet, now)
                   : Drop(DropReason::NotForUs);
    }
    const std::uint32_t destination = header.destination.ToV4();
    if (!IsUnicast(header.source) || IsSubnetBroadcast(header.source.ToV4()))
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
    if (!IsUnicast(header.destination) || IsSubnetBroadcast(destination))
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
            return Drop(FromNetbase(reason));
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
    return reason == netbase::DropReason::None ? DropReason::None : Drop(FromNetbase(reason));
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

// -- State -----------------------------------------------------------------------------------

void
Router::Start(TimeNs now)
{
    if (m_up)
    {
        return;
    }
    m_up = true;
    for (Interface& interface : m_interfaces)
    {
        if (interface.vrrp)
        {
            interface.vrrp->Start(now);
        }
    }
    PumpVrrp();
}

void
Router::Stop(TimeNs now, bool orderly)
{
    if (!m_up)
    {
        return;
    }
    for (Interface& interface : m_interfaces)
    {
        if (interface.vrrp && orderly)
        {
            interface.vrrp->Shutdown(now);
        }
        else if (interface.vrrp)
        {
            interface.vrrp->Fail(now);
        }
    }
    PumpVrrp();
    m_up = false;
    m_neighbours.Flush(now, netbase::TableCause::PortDown);
    PumpCache(now);
}

bool
Router::IsUp() const
{
    return m_up;
}

void
Router::AnnounceGarp()
{
    for (std::uint32_t i = 0; i < m_interfaces.size() && m_up; ++i)
    {
        const RouterInterfaceConfig& interface = m_config.interfaces[i];
        if (const auto mac = MacFor(i, interface.address))
        {
            auto& slot = m_frames.Push();
            slot.meta.interface = i;
            netbase::BuildGarp(slot.bytes, *mac, interface.address);
            ++m_counters.gratuitousSent;
        }
    }
}

TimeNs
Router::NextDeadline() const
{
    TimeNs next = m_up ? m_neighbours.NextDeadline() : NEVER;
    for (const Interface& interface : m_interfaces)
    {
        next = interface.vrrp ? std::min(next, interface.vrrp->NextDeadline()) : next;
    }
    return next;
}

void
Router::OnDeadline(TimeNs now)
{
    for (Interface& interface : m_interfaces)
    {
        if (interface.vrrp)
        {
            interface.vrrp->OnDeadline(now);
        }
    }
    PumpVrrp();
    if (m_up)
    {
        m_neighbours.OnDeadline(now);
        PumpCache(now);
    }
}

bool
Router::PollTableChange(netbase::TableChange& change)
{
    if (!m_neighbours.PollTableChange(change))
    {
        return false;
    }
    if (const auto hop = RouteTo(change.address))
    {
        change.domain = m_config.interfaces[hop->interface].vni;
        change.source = m_config.interfaces[hop->interface].address;
        change.port = static_cast<std::int32_t>(hop->interface);
    }
    return true;
}

bool
Router::PollTransition(VrrpTransition& transition, std::uint32_t& interface)
{
    for (std::uint32_t i = 0; i < m_interfaces.size(); ++i)
    {
        if (m_interfaces[i].vrrp && m_interfaces[i].vrrp->PollTransition(transition))
        {
            interface = i;
            return true;
        }
    }
    return false;
}

const RouterConfig&
Router::Config() const
{
    return m_config;
}

const RouterCounters&
Router::Counters() const
{
    return m_counters;
}

const netbase::NeighbourCache&
Router::Neighbours() const
{
    return m_neighbours;
}

const Vrrp*
Router::VrrpOf(std::uint32_t interface) const
{
    const auto& vrrp = m_interfaces.at(interface).vrrp;
    return vrrp ? &*vrrp : nullptr;
}

DropReason
Router::Drop(DropReason reason)
{
    m_counters.drops.Add(reason);
    return reason;
}

} // namespace weft::vxlan
