// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-outer.h"

#include "netbase-checksum.h"
#include "netbase-ethernet.h"
#include "netbase-ipv4.h"
#include "netbase-ipv6.h"
#include "netbase-udp.h"

namespace weft::vxlan
{

namespace
{

using netbase::ETHERNET_HEADER;
using netbase::IPV4_HEADER;
using netbase::IPV6_HEADER;
using netbase::Read16;

constexpr std::uint16_t TYPE_8021AD = 0x88a8;
constexpr std::uint16_t IPV4_DF = 0x4000;
constexpr std::uint16_t IPV4_FRAGMENT = 0x3fff; ///< more fragments, and the offset

std::uint8_t
FieldOf(FieldMode mode, bool isIp, std::uint8_t inner, std::uint8_t configured)
{
    return mode == FieldMode::Inherit && isIp ? inner : configured;
}

} // namespace

DropReason
ReadInner(ByteView frame, bool dropTagged, InnerFrame& inner)
{
    inner = {};
    if (frame.size() < ETHERNET_HEADER || (frame[6] & 1) != 0)
    {
        return DropReason::BadInnerFrame;
    }
    std::size_t offset = ETHERNET_HEADER;
    std::uint16_t type = Read16(&frame[12]);
    if (type == netbase::ethertype::VLAN || type == TYPE_8021AD)
    {
        inner.tagged = true;
        if (dropTagged)
        {
            return DropReason::InnerVlan;
        }
        if (frame.size() < ETHERNET_HEADER + netbase::VLAN_TAG)
        {
            return DropReason::None;
        }
        type = Read16(&frame[16]);
        offset += 4;
    }
    const std::size_t room = frame.size() - offset;
    if (type == netbase::ethertype::IPV4 && room >= IPV4_HEADER)
    {
        const std::uint8_t* ip = &frame[offset];
        inner.ipv4 = ip[0] >> 4 == 4 && (ip[0] & 0xf) >= 5;
        if (inner.ipv4)
        {
            inner.tos = ip[1];
            inner.ttl = ip[8];
            inner.df = (Read16(ip + 6) & IPV4_DF) != 0;
            inner.ipOffset = offset;
        }
    }
    else if (type == netbase::ethertype::IPV6 && room >= IPV6_HEADER)
    {
        const std::uint8_t* ip = &frame[offset];
        inner.ipv6 = ip[0] >> 4 == 6;
        if (inner.ipv6)
        {
            inner.tos = static_cast<std::uint8_t>(ip[0] << 4 | ip[1] >> 4);
            inner.ttl = ip[7];
            inner.ipOffset = offset;
        }
    }
    return DropReason::None;
}

std::uint8_t
EcnAtIngress(std::uint8_t inner, bool hideCe)
{
    return hideCe && inner == ECN_CE ? ECN_ECT0 : inner;
}

std::optional<std::uint8_t>
EcnAtEgress(std::uint8_t outer, std::uint8_t inner, bool ceOnly)
{
    if (outer == ECN_CE)
    {
        return inner == ECN_NOT_ECT ? std::nullopt : std::optional(ECN_CE);
    }
    if (outer == ECN_ECT1 && inner == ECN_ECT0 && !ceOnly)
    {
        return ECN_ECT1;
    }
    return inner;
}

OuterWriter::OuterWriter(const EncapsulationConfig& config) : m_config(config)
{
}

std::uint16_t
OuterWriter::NextId(const IpAddress& destination)
{
    const std::uint32_t spread = destination.ToV4() * 0x9e3779b1U; // Fibonacci hashing
    std::uint16_t& id = m_ids[spread >> 26];
    ++id;
    id += id == 0;
    return id;
}

std::size_t
OuterWriter::WriteIp(const TunnelEnds& ends,
                     const InnerFrame& inner,
                     std::uint8_t protocol,
                     std::size_t payload,
                     std::span<std::uint8_t> out)
{
    const bool isIp = inner.ipOffset != 0;
    const std::uint8_t configuredTtl =
        ends.destination.IsMulticast() ? m_config.multicastTtl : m_config.ttl;
    const std::uint8_t ttl = FieldOf(m_config.ttlMode, isIp, inner.ttl, configuredTtl);
    std::uint8_t tos = FieldOf(m_config.tosMode, isIp, inner.tos, m_config.tos) & 0xfc;
    if (m_config.ecn && isIp)
    {
        tos |= EcnAtIngress(inner.tos & 3, m_config.ecnHidesCe);
    }
    if (!ends.destination.IsV4())
    {
        return netbase::WriteIpv6(out,
                                  {.trafficClass = tos,
                                   .payloadLength = static_cast<std::uint16_t>(payload),
                                   .nextHeader = protocol,
                                   .hopLimit = ttl,
                                   .source = ends.source,
                                   .destination = ends.destination});
    }
    return netbase::WriteIpv4(
        out,
        {.tos = tos,
         .totalLength = static_cast<std::uint16_t>(IPV4_HEADER + payload),
         .id = NextId(ends.destination),
         .dontFragment = m_config.df == DfMode::Set ||
                         (m_config.df == DfMode::Inherit && (inner.df || inner.ipv6)),
         .ttl = ttl,
         .protocol = protocol,
         .source = ends.source,
         .destination = ends.destination});
}

DropReason
ReadOuter(ByteView packet, netbase::IpFacts& outer)
{
    switch (netbase::ReadIp(packet, outer))
    {
    case netbase::DropReason::None:
        return outer.fragment ? DropReason::NotForUs : DropReason::None;
    case netbase::DropReason::Truncated:
        return DropReason::Truncated;
    default:
        return DropReason::BadOuterHeader;
    }
}

const std::uint8_t*
PeekTransport(ByteView packet, std::uint8_t protocol)
{
    std::size_t header = 0;
    if (packet.size() >= IPV4_HEADER && packet[0] >> 4 == 4)
    {
        header = std::size_t{4} * (packet[0] & 0xf);
        if (packet[9] != protocol || (Read16(&packet[6]) & IPV4_FRAGMENT) != 0)
        {
            return nullptr;
        }
    }
    else if (packet.size() >= IPV6_HEADER && packet[0] >> 4 == 6)
    {
        header = IPV6_HEADER;
        if (packet[6] != protocol)
        {
            netbase::IpFacts facts; // extension headers stand between
            if (netbase::ReadIp(packet, facts) != netbase::DropReason::None || facts.fragment ||
                facts.protocol != protocol)
            {
                return nullptr;
            }
            header = facts.payloadOffset;
        }
    }
    else
    {
        return nullptr;
    }
    return packet.size() >= header + 4 ? packet.data() + header : nullptr;
}

bool
PeekPort(ByteView packet, std::uint8_t protocol, std::uint16_t port)
{
    const std::uint8_t* transport = PeekTransport(packet, protocol);
    return transport != nullptr && Read16(transport + 2) == port;
}

std::uint16_t
TransportChecksum(const IpAddress& source,
                  const IpAddress& destination,
                  std::uint8_t protocol,
                  ByteView segment)
{
    return netbase::ChecksumFinish(netbase::ChecksumAdd(
        segment,
        netbase::PseudoHeaderSum(
            source, destination, protocol, static_cast<std::uint32_t>(segment.size()))));
}

DropReason
ReadOuterUdp(const netbase::IpFacts& outer,
             ByteView packet,
             bool zeroOverIpv6,
             std::uint16_t& sourcePort,
             ByteView& payload)
{
    const ByteView segment = outer.Payload(packet);
    netbase::UdpHeader udp;
    if (netbase::ReadUdp(segment, udp) != netbase::DropReason::None)
    {
        return DropReason::Truncated;
    }
    const ByteView datagram = segment.first(udp.length);
    if (udp.checksum == 0
            ? outer.v6 && !zeroOverIpv6
            : TransportChecksum(
                  outer.source, outer.destination, netbase::protocol::UDP, datagram) != 0)
    {
        return DropReason::BadChecksum;
    }
    sourcePort = udp.sourcePort;
    payload = datagram.subspan(netbase::UDP_HEADER);
    return DropReason::None;
}

DropReason
OpenInner(const EncapsulationConfig& config, std::uint8_t outerTos, ByteView bytes, Bytes& frame)
{
    frame.clear();
    InnerFrame inner;
    if (const DropReason reason = ReadInner(bytes, config.dropInnerVlan, inner);
        reason != DropReason::None)
    {
        return reason;
    }
    std::uint8_t ecn = inner.tos & 3;
    if (config.ecn && inner.ipOffset != 0)
    {
        const auto merged = EcnAtEgress(outerTos & 3, ecn, config.ecnCeOnly);
        if (!merged)
        {
            return DropReason::EcnCe;
        }
        ecn = *merged;
    }
    frame.assign(bytes.begin(), bytes.end());
    if (ecn != (inner.tos & 3))
    {
        netbase::SetTos(std::span(frame).subspan(inner.ipOffset),
                        static_cast<std::uint8_t>((inner.tos & 0xfc) | ecn));
    }
    return DropReason::None;
}

} // namespace weft::vxlan
