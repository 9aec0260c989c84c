// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-arp.h"

#include "netbase-ethernet.h"

namespace weft::netbase
{

namespace
{

constexpr std::uint16_t HARDWARE_ETHERNET = 1;

bool
IsReverse(ArpOperation operation)
{
    return operation == ArpOperation::ReverseRequest || operation == ArpOperation::ReverseReply;
}

} // namespace

DropReason
ReadArp(ByteView payload, ArpPacket& packet)
{
    if (payload.size() < 8)
    {
        return DropReason::Truncated;
    }
    const std::uint8_t* p = payload.data();
    const std::uint16_t operation = Read16(p + 6);
    if (Read16(p) != HARDWARE_ETHERNET || Read16(p + 2) != ethertype::IPV4 || p[4] != 6 ||
        p[5] != 4 || operation < 1 || operation > 4)
    {
        return DropReason::Unsupported;
    }
    if (payload.size() < ARP_SIZE)
    {
        return DropReason::Truncated;
    }
    packet.operation = static_cast<ArpOperation>(operation);
    packet.senderMac = MacAddress::Read(payload.subspan(8));
    packet.sender = IpAddress::V4(Read32(p + 14));
    packet.targetMac = MacAddress::Read(payload.subspan(18));
    packet.target = IpAddress::V4(Read32(p + 24));
    return DropReason::None;
}

void
AppendArp(Bytes& out, const ArpPacket& packet)
{
    const std::size_t start = out.size();
    out.resize(start + ARP_SIZE);
    const std::span<std::uint8_t> octets = std::span(out).subspan(start);
    std::uint8_t* p = octets.data();
    Write16(p, HARDWARE_ETHERNET);
    Write16(p + 2, ethertype::IPV4);
    p[4] = 6;
    p[5] = 4;
    Write16(p + 6, static_cast<std::uint16_t>(packet.operation));
    packet.senderMac.Write(octets.subspan(8));
    Write32(p + 14, packet.sender.ToV4());
    packet.targetMac.Write(octets.subspan(18));
    Write32(p + 24, packet.target.ToV4());
}

bool
IsGratuitous(const ArpPacket& packet)
{
    return packet.sender == packet.target && packet.sender.ToV4() != 0;
}

void
BuildArpFrame(Bytes& frame,
              const MacAddress& destination,
              const MacAddress& source,
              const ArpPacket& packet)
{
    frame.clear();
    EthernetHeader header;
    header.destination = destination;
    header.source = source;
    header.type = IsReverse(packet.operation) ? ethertype::RARP : ethertype::ARP;
    AppendEthernet(frame, header);
    AppendArp(frame, packet);
}

void
BuildArpRequest(Bytes& frame,
                const MacAddress& mac,
                const IpAddress& sender,
                const IpAddress& target,
                const MacAddress& destination)
{
    BuildArpFrame(frame, destination, mac, {ArpOperation::Request, mac, sender, {}, target});
}

void
BuildArpReply(Bytes& frame, const ArpPacket& request, const MacAddress& mac)
{
    BuildArpFrame(frame,
                  request.senderMac,
                  mac,
                  {ArpOperation::Reply, mac, request.target, request.senderMac, request.sender});
}

void
BuildGarp(Bytes& frame, const MacAddress& mac, const IpAddress& address, GarpForm form)
{
    const bool reply = form == GarpForm::Reply;
    BuildArpFrame(frame,
                  MacAddress::Broadcast(),
                  mac,
                  {reply ? ArpOperation::Reply : ArpOperation::Request,
                   mac,
                   address,
                   reply ? MacAddress::Broadcast() : MacAddress{},
                   address});
}

void
BuildRarp(Bytes& frame, const MacAddress& mac)
{
    BuildArpFrame(frame,
                  MacAddress::Broadcast(),
                  mac,
                  {ArpOperation::ReverseRequest, mac, IpAddress::V4(0), mac, IpAddress::V4(0)});
}

} // namespace weft::netbase
