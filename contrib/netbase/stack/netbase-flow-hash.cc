// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-flow-hash.h"

#include "netbase-ethernet.h"
#include "netbase-ipv4.h"
#include "netbase-ipv6.h"

#include <utility>

namespace weft::netbase
{

namespace
{

constexpr std::uint16_t PROVIDER_TAG = 0x88a8; // 802.1ad
constexpr std::uint16_t GRE_CHECKSUM = 0x8000;
constexpr std::uint16_t GRE_KEY = 0x2000;
constexpr std::uint16_t GRE_VERSION = 7;

void
ReadUpper(ByteView segment, FlowFields& fields)
{
    switch (fields.protocol)
    {
    case protocol::TCP:
    case protocol::UDP:
    case 33:  // DCCP
    case 132: // SCTP
        if (segment.size() >= 4)
        {
            fields.sourcePort = Read16(segment.data());
            fields.destinationPort = Read16(segment.data() + 2);
        }
        break;
    case protocol::GRE:
        if (segment.size() >= 4)
        {
            const std::uint16_t flags = Read16(segment.data());
            const std::size_t key = (flags & GRE_CHECKSUM) != 0 ? 8 : 4;
            if ((flags & GRE_KEY) != 0 && (flags & GRE_VERSION) == 0 && segment.size() >= key + 4)
            {
                fields.greKey = Read32(segment.data() + key);
            }
        }
        break;
    default:
        break;
    }
}

void
ReadV4(ByteView packet, FlowFields& fields)
{
    // Light: the checksum is the receiver's business.
    const std::size_t header = packet.size() < IPV4_HEADER ? 0 : 4 * (packet[0] & std::size_t{15});
    if (header < IPV4_HEADER || packet[0] >> 4 != 4)
    {
        return;
    }
    fields.ip = true;
    fields.protocol = packet[9];
    fields.source = IpAddress::V4(Read32(packet.data() + 12));
    fields.destination = IpAddress::V4(Read32(packet.data() + 16));
    const bool fragment = (Read16(packet.data() + 6) & 0x3fff) != 0;
    if (!fragment && packet.size() > header)
    {
        ReadUpper(packet.subspan(header), fields);
    }
}

void
ReadV6(ByteView packet, FlowFields& fields)
{
    Ipv6Header header;
    if (ReadIpv6(packet, header) != DropReason::None)
    {
        return;
    }
    fields.ip = true;
    fields.v6 = true;
    fields.protocol = header.nextHeader;
    fields.source = header.source;
    fields.destination = header.destination;
    Ipv6Upper upper;
    if (ReadIpv6Upper(packet, upper) == DropReason::None)
    {
        fields.protocol = upper.protocol;
        if (!upper.isFragment)
        {
            ReadUpper(packet.first(IPV6_HEADER + header.payloadLength).subspan(upper.offset),
                      fields);
        }
    }
}

std::uint64_t
Read64(const std::uint8_t* p)
{
    return std::uint64_t{Read32(p)} << 32 | Read32(p + 4);
}

} // namespace

FlowFields
ReadFlowFields(ByteView frame)
{
    FlowFields fields;
    if (frame.size() < ETHERNET_HEADER)
    {
        return fields;
    }
    fields.destinationMac = MacAddress::Read(frame).ToInteger();
    fields.sourceMac = MacAddress::Read(frame.subspan(6)).ToInteger();
    std::size_t at = 12;
    fields.etherType = Read16(frame.data() + at);
    for (int tags = 0; tags < 2 && frame.size() >= at + VLAN_TAG + 2 &&
                       (fields.etherType == ethertype::VLAN || fields.etherType == PROVIDER_TAG);
         ++tags)
    {
        if (tags == 0)
        {
            fields.vlan = VlanOf(Read16(frame.data() + at + 2));
        }
        at += VLAN_TAG;
        fields.etherType = Read16(frame.data() + at);
    }
    const ByteView payload = frame.subspan(at + 2);
    if (fields.etherType == ethertype::IPV4)
    {
        ReadV4(payload, fields);
    }
    else if (fields.etherType == ethertype::IPV6)
    {
        ReadV6(payload, fields);
    }
    return fields;
}

FlowFields
ReadIpFlowFields(ByteView packet)
{
    FlowFields fields;
    fields.etherType = packet.empty()        ? std::uint16_t{0}
                       : packet[0] >> 4 == 4 ? ethertype::IPV4
                       : packet[0] >> 4 == 6 ? ethertype::IPV6
                                             : std::uint16_t{0};
    if (fields.etherType == ethertype::IPV4)
    {
        ReadV4(packet, fields);
    }
    else if (fields.etherType == ethertype::IPV6)
    {
        ReadV6(packet, fields);
    }
    return fields;
}

std::uint64_t
FlowHash(const FlowFields& fields, std::uint64_t key, bool symmetric, unsigned parts)
{
    if ((parts & flowpart::FLOW) != 0)
    {
        parts |= fields.ip ? flowpart::LAYER4 : flowpart::MACS | flowpart::ETHERTYPE;
    }
    std::uint64_t macA = fields.sourceMac;
    std::uint64_t macB = fields.destinationMac;
    const IpAddress* addressA = &fields.source;
    const IpAddress* addressB = &fields.destination;
    std::uint16_t portA = fields.sourcePort;
    std::uint16_t portB = fields.destinationPort;
    if (symmetric)
    {
        if (macB < macA)
        {
            std::swap(macA, macB);
        }
        // An address goes with its port, unless addresses do not count.
        const auto order = (parts & flowpart::ADDRESSES) != 0 ? *addressA <=> *addressB
                                                              : std::strong_ordering::equal;
        if (order > 0 || (order == 0 && portB < portA))
        {
            std::swap(addressA, addressB);
            std::swap(portA, portB);
        }
    }
    std::uint64_t hash = Mix64(key + 0x9e3779b97f4a7c15ull);
    const auto add = [&hash](std::uint64_t word) { hash = Mix64(hash ^ word); };
    if ((parts & flowpart::MACS) != 0)
    {
        add(macA);
        add(macB);
    }
    std::uint64_t small = 0;
    if ((parts & flowpart::ETHERTYPE) != 0)
    {
        small |= std::uint64_t{fields.etherType} << 48;
    }
    if ((parts & flowpart::VLAN) != 0)
    {
        small |= std::uint64_t{fields.vlan} << 32;
    }
    if ((parts & flowpart::PORTS) != 0)
    {
        small |= std::uint64_t{portA} << 16 | portB;
    }
    if ((parts & flowpart::ADDRESSES) != 0)
    {
        if (fields.v6)
        {
            add(Read64(addressA->octets.data()));
            add(Read64(addressA->octets.data() + 8));
            add(Read64(addressB->octets.data()));
            add(Read64(addressB->octets.data() + 8));
        }
        else
        {
            add(std::uint64_t{addressA->ToV4()} << 32 | addressB->ToV4());
        }
    }
    add(small);
    if ((parts & (flowpart::PROTOCOL | flowpart::GRE_KEY)) != 0)
    {
        add(((parts & flowpart::PROTOCOL) != 0 ? std::uint64_t{fields.protocol} << 32 : 0) |
            ((parts & flowpart::GRE_KEY) != 0 ? fields.greKey : 0));
    }
    return hash;
}

} // namespace weft::netbase
