// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-ip.h"

#include "netbase-ethernet.h"
#include "netbase-ipv4.h"
#include "netbase-ipv6.h"

namespace weft::netbase
{

DropReason
ReadIp(ByteView packet, IpFacts& facts)
{
    if (packet.empty())
    {
        return DropReason::Truncated;
    }
    facts.v6 = packet[0] >> 4 == 6;
    if (!facts.v6)
    {
        Ipv4Header header;
        const DropReason reason = ReadIpv4(packet, header);
        if (reason != DropReason::None)
        {
            return reason;
        }
        facts.tos = header.tos;
        facts.ttl = header.ttl;
        facts.protocol = header.protocol;
        facts.dontFragment = header.dontFragment;
        facts.fragment = header.IsFragment();
        facts.fragmentOffset = header.fragmentOffset;
        facts.payloadOffset = header.headerLength;
        facts.totalLength = header.totalLength;
        facts.source = header.source;
        facts.destination = header.destination;
        return DropReason::None;
    }
    Ipv6Header header;
    Ipv6Upper upper;
    DropReason reason = ReadIpv6(packet, header);
    if (reason == DropReason::None)
    {
        reason = ReadIpv6Upper(packet, upper);
    }
    if (reason != DropReason::None)
    {
        return reason;
    }
    facts.tos = header.trafficClass;
    facts.ttl = header.hopLimit;
    facts.protocol = upper.protocol;
    facts.dontFragment = true;
    facts.fragment = upper.isFragment;
    facts.fragmentOffset = upper.fragmentOffset;
    facts.payloadOffset = upper.offset;
    facts.totalLength = IPV6_HEADER + header.payloadLength;
    facts.source = header.source;
    facts.destination = header.destination;
    return DropReason::None;
}

bool
DecrementTtl(std::span<std::uint8_t> packet)
{
    return packet[0] >> 4 == 6 ? DecrementHopLimit(packet) : DecrementIpv4Ttl(packet);
}

void
SetTos(std::span<std::uint8_t> packet, std::uint8_t tos)
{
    if (packet[0] >> 4 == 6)
    {
        SetTrafficClass(packet, tos);
    }
    else
    {
        SetIpv4Tos(packet, tos);
    }
}

std::uint16_t
EtherTypeOf(ByteView packet)
{
    const unsigned version = packet.empty() ? 0 : packet[0] >> 4;
    return version == 4 ? ethertype::IPV4 : version == 6 ? ethertype::IPV6 : 0;
}

DropReason
AppendIpPacket(Bytes& out, const IpFacts& facts, ByteView payload, std::uint16_t id)
{
    if (facts.source.IsV4())
    {
        Ipv4Header header;
        header.tos = facts.tos;
        header.id = id;
        header.dontFragment = facts.dontFragment;
        header.ttl = facts.ttl;
        header.protocol = facts.protocol;
        header.source = facts.source;
        header.destination = facts.destination;
        return AppendIpv4Packet(out, header, payload);
    }
    Ipv6Header header;
    header.trafficClass = facts.tos;
    header.hopLimit = facts.ttl;
    header.nextHeader = facts.protocol;
    header.source = facts.source;
    header.destination = facts.destination;
    return AppendIpv6Packet(out, header, payload);
}

} // namespace weft::netbase
