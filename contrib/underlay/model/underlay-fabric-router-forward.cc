// SPDX-License-Identifier: GPL-2.0-only
/** @file What a router does with every packet. */
#include "ns3/netbase-ethernet.h"
#include "ns3/netbase-icmp.h"
#include "ns3/netbase-ipv4.h"
#include "ns3/netbase-ipv6.h"
#include "underlay-fabric-router-impl.h"
#include "underlay-frame-edit.h"

#include "ns3/log.h"

#include <algorithm>
#include <cstring>

namespace ns3
{
namespace underlay
{

NS_LOG_COMPONENT_DEFINE("UnderlayFabricForward");

namespace netbase = weft::netbase;
using netbase::IpAddress;
using netbase::MacAddress;
using netbase::Read16;
using netbase::Read32;
using weft::underlay::NextHop;

namespace
{

/// Octets of the Ethernet header.
constexpr uint32_t ETHERNET = netbase::ETHERNET_HEADER;
/// Octets of a frame up to the end of the IPv4 header checksum.
constexpr uint32_t EDITED_V4 = ETHERNET + 12;
/// Octets of a frame up to the end of the IPv6 hop limit.
constexpr uint32_t EDITED_V6 = ETHERNET + 8;

/// @return the folded sum of 16-bit words, 0xffff when the checksum among them is right
/// @param p first @param size octets, even
uint32_t
Sum(const uint8_t* p, uint32_t size)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < size; i += 2)
    {
        sum += Read16(p + i);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16);
}

/// @return whether the frame holds IPv6 @param frame its bytes
bool
IsV6(const uint8_t* frame)
{
    return Read16(frame + 12) == netbase::ethertype::IPV6;
}

} // namespace

uint32_t
FabricRouter::Impl::PeekSize() const
{
    constexpr uint32_t HEADERS = 96; // with some options
    return owner.m_ecmpHash == INNER ? sizeof(Start::octets) : HEADERS;
}

bool
FabricRouter::Impl::Port::OnFrame(Ptr<Packet> frame)
{
    router->Receive(*this, std::move(frame));
    return true;
}

void
FabricRouter::Impl::Drop(Ptr<const Packet> frame, FrameDrop reason)
{
    NS_LOG_LOGIC(name << " drops a frame of " << frame->GetSize() << " bytes: " << reason);
    drops.Add(reason, frame->GetSize());
    owner.m_dropTrace(frame, reason);
}

void
FabricRouter::Impl::Receive(Port& in, Ptr<Packet> frame)
{
    Start start;
    start.size = frame->CopyData(start.octets, PeekSize());
    counts.received.Add(frame->GetSize());
    if (start.size < ETHERNET)
    {
        Drop(frame, FrameDrop::Malformed);
        return;
    }
    const bool group = start.octets[0] & 1;
    if (!group && std::memcmp(start.octets, in.device->GetMac().octets.data(), 6) != 0)
    {
        Drop(frame, FrameDrop::NotForUs);
        return;
    }
    switch (Read16(start.octets + 12))
    {
    case netbase::ethertype::IPV4:
        ReceiveV4(in, std::move(frame), start);
        return;
    case netbase::ethertype::IPV6:
        ReceiveV6(in, std::move(frame), start);
        return;
    case netbase::ethertype::ARP:
        ReceiveArp(in, std::move(frame));
        return;
    default:
        Drop(frame, FrameDrop::UnknownType);
    }
}

void
FabricRouter::Impl::ReceiveV4(Port& in, Ptr<Packet> frame, Start& start)
{
    const uint8_t* ip = start.octets + ETHERNET;
    const uint32_t header = (ip[0] & 0x0fu) * 4;
    if (start.size < ETHERNET + 20 || ip[0] >> 4 != 4 || header < 20 ||
        start.size < ETHERNET + header)
    {
        Drop(frame, FrameDrop::Malformed);
        return;
    }
    const uint32_t length = Read16(ip + 2);
    const uint32_t size = frame->GetSize() - ETHERNET;
    if (length < header || length > size)
    {
        Drop(frame, FrameDrop::Malformed);
        return;
    }
    if (Sum(ip, header) != 0xffff)
    {
        Drop(frame, FrameDrop::BadChecksum);
        return;
    }
    if (length < size)
    {
        frame->RemoveAtEnd(size - length); // what the link padded
    }
    const uint32_t source = Read32(ip + 12);
    if (source >> 28 >= 14)
    {
        Drop(frame, FrameDrop::BadSource);
        return;
    }
    const uint32_t destination = Read32(ip + 16);
    if (destination >> 28 == 14)
    {
        if (multicast.IsNull())
        {
            Drop(frame, FrameDrop::NoMulticast);
            return;
        }
        counts.local.Add(frame->GetSize());
        frame->RemoveAtStart(ETHERNET);
        multicast(in.number, frame);
        return;
    }
    if (start.octets[0] & 1)
    {
        // RFC 1812 section 5.3.4: what came as a link-layer broadcast is not forwarded.
        Drop(frame, FrameDrop::NotForUs);
        return;
    }
    const auto found = fib.LookUpV4(destination);
    if (!found)
    {
        SendUnreachable(&in, frame, static_cast<uint8_t>(netbase::Unreachable::Network));
        Drop(frame, FrameDrop::NoRoute);
        return;
    }
    if (*found == LOCAL)
    {
        Local(in, std::move(frame), ip[9]);
        return;
    }
    Forward(in, std::move(frame), start, *found);
}

void
FabricRouter::Impl::ReceiveV6(Port& in, Ptr<Packet> frame, Start& start)
{
    const uint8_t* ip = start.octets + ETHERNET;
    if (start.size < ETHERNET + 40 || ip[0] >> 4 != 6)
    {
        Drop(frame, FrameDrop::Malformed);
        return;
    }
    const uint32_t length = 40u + Read16(ip + 4);
    const uint32_t size = frame->GetSize() - ETHERNET;
    if (length > size)
    {
        Drop(frame, FrameDrop::Malformed);
        return;
    }
    if (length < size)
    {
        frame->RemoveAtEnd(size - length);
    }
    if (ip[8] == 0xff)
    {
        Drop(frame, FrameDrop::BadSource);
        return;
    }
    if (ip[6] == netbase::protocol::ICMPV6 && ReceiveNdp(in, frame))
    {
        return;
    }
    if (ip[24] == 0xff)
    {
        Drop(frame, FrameDrop::NoMulticast); // the multicast part speaks IPv4
        return;
    }
    if (start.octets[0] & 1)
    {
        Drop(frame, FrameDrop::NotForUs);
        return;
    }
    const auto found = fib.LookUp(IpAddress::V6({ip + 24, 16}));
    if (!found)
    {
        SendUnreachable(&in, frame, static_cast<uint8_t>(netbase::Unreachable::Network));
        Drop(frame, FrameDrop::NoRoute);
        return;
    }
    if (*found == LOCAL)
    {
        Local(in, std::move(frame), ip[6]);
        return;
    }
    Forward(in, std::move(frame), start, *found);
}

const NextHop&
FabricRouter::Impl::Choose(GroupId group, const Start& start)
{
    const auto& members = groups[group];
    if (members.Members().size() == 1)
    {
        return members.Members().front();
    }
    if (owner.m_ecmpHash == PER_PACKET)
    {
        return members.SelectTurn(turns[group]++);
    }
    return members.Select(weft::underlay::HashFrame(
        start.View(), static_cast<weft::underlay::HashMode>(owner.m_ecmpHash), owner.m_hashSeed));
}

void
FabricRouter::Impl::Forward(Port& in, Ptr<Packet> frame, Start& start, GroupId group)
{
    if (groups[group].IsEmpty())
    {
        SendUnreachable(&in, frame, static_cast<uint8_t>(netbase::Unreachable::Network));
        Drop(frame, FrameDrop::NoRoute);
        return;
    }
    const bool v6 = IsV6(start.octets);
    uint8_t* ip = start.octets + ETHERNET;
    uint8_t& ttl = v6 ? ip[7] : ip[8];
    if (ttl <= 1)
    {
        SendTimeExceeded(&in, frame);
        Drop(frame, FrameDrop::TtlExpired);
        return;
    }
    const NextHop& hop = Choose(group, start);
    Port& out = *ports[hop.port];
    if (!out.device->IsLinkUp())
    {
        Drop(frame, FrameDrop::NextHopDown);
        return;
    }
    const uint32_t length = frame->GetSize() - ETHERNET;
    if (length > out.device->GetMtu())
    {
        TooLong(&in, std::move(frame), start, hop);
        return;
    }
    --ttl;
    if (!v6)
    {
        // RFC 1624: the word of TTL and protocol fell by 0x0100.
        const uint32_t sum = Read16(ip + 10) + 0x0100u;
        netbase::Write16(ip + 10, static_cast<uint16_t>(sum + (sum >> 16)));
    }
    counts.forwarded.Add(frame->GetSize());
    Output(std::move(frame), start, v6 ? EDITED_V6 : EDITED_V4, hop);
}

bool
FabricRouter::Impl::Output(Ptr<Packet> frame, Start& start, uint32_t edited, const NextHop& hop)
{
    Port& out = *ports[hop.port];
    std::memcpy(start.octets + 6, out.device->GetMac().octets.data(), 6);
    IpAddress address = hop.neighbour;
    if (address.IsNone())
    {
        // The destination itself is on the link.
        const uint8_t* ip = start.octets + ETHERNET;
        address =
            IsV6(start.octets) ? IpAddress::V6({ip + 24, 16}) : IpAddress::V4(Read32(ip + 16));
    }
    for (const auto& [neighbour, mac] : out.neighbours)
    {
        if (neighbour == address)
        {
            std::memcpy(start.octets, mac.octets.data(), 6);
            ReplaceStart(frame, edited, {start.octets, edited});
            return out.device->SendFrame(std::move(frame));
        }
    }
    const auto now = Now();
    if (const MacAddress* mac = Cache().Lookup(address, now))
    {
        std::memcpy(start.octets, mac->octets.data(), 6);
        ReplaceStart(frame, edited, {start.octets, edited});
        const bool sent = out.device->SendFrame(std::move(frame));
        if (Cache().NextDeadline() != netbase::NEVER)
        {
            deadline.At(std::max(Cache().NextDeadline(), now).count(), nodeId);
        }
        return sent;
    }
    ReplaceStart(frame, edited, {start.octets, edited});
    Resolve(out, address, std::move(frame));
    return true;
}

void
FabricRouter::Impl::TooLong(Port* in, Ptr<Packet> frame, Start& start, const NextHop& hop)
{
    const uint32_t mtu = ports[hop.port]->device->GetMtu();
    const bool v6 = IsV6(start.octets);
    const bool dontFragment = v6 || (start.octets[ETHERNET + 6] & 0x40);
    if (dontFragment || !owner.m_fragment)
    {
        if (dontFragment)
        {
            SendTooBig(in, frame, mtu);
        }
        Drop(frame, FrameDrop::TooBig);
        return;
    }
    netbase::Bytes packet(frame->GetSize());
    frame->CopyData(packet.data(), static_cast<uint32_t>(packet.size()));
    packet.erase(packet.begin(), packet.begin() + ETHERNET);
    if (in)
    {
        netbase::DecrementIpv4Ttl(packet);
        counts.forwarded.Add(frame->GetSize());
    }
    const auto pieces = Cut(packet, mtu);
    for (std::size_t i = 0; i < pieces.size(); ++i)
    {
        Ptr<Packet> piece = MakePacket(pieces[i]);
        if (i > 0)
        {
            counts.fragments.Add(piece->GetSize() + ETHERNET);
        }
        Start header;
        std::memcpy(header.octets, start.octets, ETHERNET);
        ReplaceStart(piece, 0, {header.octets, ETHERNET});
        header.size = piece->CopyData(header.octets, PeekSize());
        Output(std::move(piece), header, ETHERNET, hop);
    }
}

std::vector<netbase::Bytes>
FabricRouter::Impl::Cut(netbase::ByteView packet, uint32_t mtu)
{
    std::vector<netbase::Bytes> pieces;
    netbase::Ipv4Fragmenter cutter(packet, mtu);
    netbase::Bytes piece;
    while (cutter.Next(piece))
    {
        pieces.push_back(std::move(piece));
        piece.clear();
    }
    return pieces;
}

void
FabricRouter::ForwardOnPorts(Ptr<const Packet> packet, const std::vector<uint32_t>& ports)
{
    Impl& impl = *m_impl;
    uint8_t start[ETHERNET + 20];
    if (packet->CopyData(start + ETHERNET, 20) < 20)
    {
        impl.Drop(packet, FrameDrop::Malformed);
        return;
    }
    uint8_t* ip = start + ETHERNET;
    if (ip[8] <= 1)
    {
        impl.Drop(packet, FrameDrop::TtlExpired);
        return;
    }
    const MacAddress group = netbase::GroupMac(IpAddress::V4(Read32(ip + 16)));
    group.Write({start, 6});
    netbase::Write16(start + 12, netbase::ethertype::IPV4);
    --ip[8];
    const uint32_t sum = Read16(ip + 10) + 0x0100u;
    netbase::Write16(ip + 10, static_cast<uint16_t>(sum + (sum >> 16)));
    const uint32_t length = packet->GetSize();
    for (const uint32_t number : ports)
    {
        EthernetDevice& device = *impl.ports.at(number)->device;
        device.GetMac().Write({start + 6, 6});
        Ptr<Packet> copy = packet->Copy();
        ReplaceStart(copy, 12, {start, EDITED_V4});
        if (length <= device.GetMtu())
        {
            impl.counts.copies.Add(copy->GetSize());
            device.SendFrame(std::move(copy));
            continue;
        }
        if (!m_fragment || (ip[6] & 0x40))
        {
            impl.Drop(copy, FrameDrop::TooBig); // no error is sent about a multicast packet
            continue;
        }
        netbase::Bytes bytes(copy->GetSize());
        copy->CopyData(bytes.data(), static_cast<uint32_t>(bytes.size()));
        const auto pieces = impl.Cut(netbase::ByteView(bytes).subspan(ETHERNET), device.GetMtu());
        for (std::size_t i = 0; i < pieces.size(); ++i)
        {
            Ptr<Packet> piece = MakePacket(pieces[i]);
            ReplaceStart(piece, 0, {start, ETHERNET});
            (i == 0 ? impl.counts.copies : impl.counts.fragments).Add(piece->GetSize());
            device.SendFrame(std::move(piece));
        }
    }
}

} // namespace underlay
} // namespace ns3
