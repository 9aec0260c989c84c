// SPDX-License-Identifier: GPL-2.0-only
#include "engine/run/frame-decode.h"

#include "ns3/netbase-arp.h"
#include "ns3/netbase-ethernet.h"
#include "ns3/netbase-icmp.h"
#include "ns3/netbase-igmp.h"
#include "ns3/netbase-ip.h"
#include "ns3/netbase-ipv4.h"
#include "ns3/netbase-udp.h"

#include <array>
#include <fmt/format.h>

namespace weft::engine
{

namespace
{

using netbase::ByteView;
using C = FrameColumn;

constexpr std::uint16_t VXLAN_PORT = 4789;
constexpr std::uint16_t VXLAN_LINUX_PORT = 8472;
constexpr std::uint16_t GENEVE_PORT = 6081;
constexpr std::uint16_t STT_PORT = 7471;
constexpr std::size_t VXLAN_HEADER = 8;
constexpr std::size_t TCP_HEADER = 20;
constexpr std::size_t STT_HEADER = 18;
constexpr std::size_t STT_TAG = 6;           ///< where the inner frame's tag is carried
constexpr std::uint16_t STT_TAGGED = 0x1000; ///< it is one
constexpr std::uint16_t GRE_CHECKSUM = 0x8000;
constexpr std::uint16_t GRE_KEY = 0x2000;
constexpr std::uint16_t GRE_SEQUENCE = 0x1000;

std::string
ArpKind(const netbase::ArpPacket& arp)
{
    switch (arp.operation)
    {
    case netbase::ArpOperation::Request:
        return netbase::IsGratuitous(arp) ? "garp" : "arp-request";
    case netbase::ArpOperation::Reply:
        return netbase::IsGratuitous(arp) ? "garp" : "arp-reply";
    case netbase::ArpOperation::ReverseRequest:
    case netbase::ArpOperation::ReverseReply:
        break;
    }
    return "rarp";
}

std::string
ArpText(const netbase::ArpPacket& arp)
{
    const std::string kind = ArpKind(arp);
    if (kind == "arp-request")
    {
        return fmt::format(
            "ARP: who has {}? tell {}", arp.target.ToString(), arp.sender.ToString());
    }
    if (kind == "rarp")
    {
        return fmt::format("RARP: {} is here", arp.senderMac.ToString());
    }
    return fmt::format("{}: {} is at {}",
                       kind == "garp" ? "gratuitous ARP" : "ARP",
                       arp.sender.ToString(),
                       arp.senderMac.ToString());
}

std::string
ProtocolName(std::uint8_t protocol)
{
    switch (protocol)
    {
    case netbase::protocol::ICMP:
        return "icmp";
    case netbase::protocol::IGMP:
        return "igmp";
    case netbase::protocol::TCP:
        return "tcp";
    case netbase::protocol::UDP:
        return "udp";
    case netbase::protocol::GRE:
        return "gre";
    case netbase::protocol::ICMPV6:
        return "icmp6";
    case netbase::protocol::PIM:
        return "pim";
    case netbase::protocol::VRRP:
        return "vrrp";
    default:
        return std::to_string(protocol);
    }
}

/// Message name and a sentence of a packet that is no envelope.
struct Meaning
{
    std::string kind; ///< icmp-request, icmp-reply, udp, ...
    std::string text;
};

std::string
IgmpName(const netbase::IgmpMessage& message)
{
    switch (message.type)
    {
    case netbase::IgmpType::Query:
        return message.group == netbase::IpAddress::V4(0) ? "igmp-query" : "igmp-group-query";
    case netbase::IgmpType::V2Leave:
        return "igmp-leave";
    case netbase::IgmpType::V3Report:
        return "igmp-v3-report";
    case netbase::IgmpType::V1Report:
    case netbase::IgmpType::V2Report:
        break;
    }
    return "igmp-report";
}

std::string
IgmpGroups(const netbase::IgmpMessage& message)
{
    if (message.type != netbase::IgmpType::V3Report)
    {
        return message.group.ToString();
    }
    std::string text;
    for (const auto& record : message.records)
    {
        const bool leave =
            record.type == netbase::IgmpRecordType::ChangeToInclude && record.sources.empty();
        text += (text.empty() ? "" : ", ") + std::string(leave ? "leave " : "") +
                record.group.ToString();
    }
    return text;
}

std::string
PimName(ByteView payload)
{
    static constexpr std::array NAMES{"pim-hello",
                                      "pim-register",
                                      "pim-register-stop",
                                      "pim-join-prune",
                                      "pim-bootstrap",
                                      "pim-assert",
                                      "pim-graft",
                                      "pim-graft-ack",
                                      "pim-candidate-rp",
                                      "pim-state-refresh",
                                      "pim-df-election"};
    const std::size_t type = payload.empty() ? NAMES.size() : payload[0] & 15u;
    return type < NAMES.size() ? NAMES[type] : "pim-unknown";
}

Meaning
MeaningOf(ByteView packet, const netbase::IpFacts& ip)
{
    const std::string ends =
        fmt::format("{} > {}", ip.source.ToString(), ip.destination.ToString());
    const ByteView payload = ip.Payload(packet);
    const std::string name = ProtocolName(ip.protocol);
    if (ip.fragmentOffset != 0)
    {
        return {name, fmt::format("{} fragment at {}, {}", name, ip.fragmentOffset, ends)};
    }
    netbase::IcmpMessage icmp;
    if ((ip.protocol == netbase::protocol::ICMP || ip.protocol == netbase::protocol::ICMPV6) &&
        netbase::ReadIcmp(packet, icmp) == netbase::DropReason::None)
    {
        switch (icmp.kind)
        {
        case netbase::IcmpKind::EchoRequest:
            return {"icmp-request", fmt::format("ping request {}, {}", icmp.sequence, ends)};
        case netbase::IcmpKind::EchoReply:
            return {"icmp-reply", fmt::format("ping reply {}, {}", icmp.sequence, ends)};
        case netbase::IcmpKind::PacketTooBig:
            return {"icmp-too-big", fmt::format("too big, MTU {}, {}", icmp.mtu, ends)};
        case netbase::IcmpKind::TimeExceeded:
            return {"icmp-time-exceeded", "time exceeded, " + ends};
        case netbase::IcmpKind::DestinationUnreachable:
            return {"icmp-unreachable", "unreachable, " + ends};
        case netbase::IcmpKind::Other:
            return {name, fmt::format("{} type {}, {}", name, icmp.type, ends)};
        }
    }
    netbase::IgmpMessage igmp;
    if (ip.protocol == netbase::protocol::IGMP &&
        netbase::ReadIgmp(payload, igmp) == netbase::DropReason::None)
    {
        return {IgmpName(igmp), fmt::format("{} {}, {}", IgmpName(igmp), IgmpGroups(igmp), ends)};
    }
    if (ip.protocol == netbase::protocol::PIM)
    {
        return {PimName(payload), fmt::format("{}, {}", PimName(payload), ends)};
    }
    if (ip.protocol == netbase::protocol::VRRP && payload.size() >= 3)
    {
        return {"vrrp", fmt::format("VRRP {} priority {}, {}", payload[1], payload[2], ends)};
    }
    if (name == "udp" || name == "tcp")
    {
        if (payload.size() >= 4)
        {
            return {name,
                    fmt::format("{} {}:{} > {}:{}",
                                name,
                                ip.source.ToString(),
                                netbase::Read16(payload.data()),
                                ip.destination.ToString(),
                                netbase::Read16(payload.data() + 2))};
        }
    }
    return {name, fmt::format("{}, {}", name, ends)};
}

/// What is inside an envelope.
void
DecodeInner(ByteView frame, FrameRecord& record)
{
    netbase::EthernetHeader ethernet;
    if (netbase::ReadEthernet(frame, ethernet) != netbase::DropReason::None)
    {
        record[C::Summary] += ": inner frame cut short";
        return;
    }
    record[C::InnerSource] = ethernet.source.ToString();
    record[C::InnerDestination] = ethernet.destination.ToString();
    if (ethernet.tci)
    {
        record[C::InnerVlan] = std::to_string(netbase::VlanOf(*ethernet.tci));
    }
    const ByteView payload = frame.subspan(ethernet.payloadOffset);
    netbase::ArpPacket arp;
    netbase::IpFacts ip;
    if ((ethernet.type == netbase::ethertype::ARP || ethernet.type == netbase::ethertype::RARP) &&
        netbase::ReadArp(payload, arp) == netbase::DropReason::None)
    {
        record[C::InnerKind] = ArpKind(arp);
        record[C::Summary] += ": " + ArpText(arp);
    }
    else if (netbase::ReadIp(payload, ip) == netbase::DropReason::None)
    {
        const Meaning meaning = MeaningOf(payload, ip);
        record[C::InnerKind] = meaning.kind;
        record[C::Summary] += ": " + meaning.text;
    }
    else if (!record[C::Fragment].empty())
    {
        record[C::Summary] += ": the first part of a frame";
    }
    else
    {
        record[C::InnerKind] = "other";
        record[C::Summary] += fmt::format(": EtherType {:#06x}", ethernet.type);
    }
}

void
Envelope(std::string_view name, std::uint32_t vni, ByteView inner, FrameRecord& record)
{
    record[C::Encapsulation] = name;
    record[C::Vni] = std::to_string(vni);
    record[C::Summary] = fmt::format("{} {}", name, vni);
    DecodeInner(inner, record);
}

/// @return whether the UDP payload is an envelope
bool
DecodeUdp(ByteView segment, const EnvelopeHints& hints, FrameRecord& record)
{
    if (segment.size() < netbase::UDP_HEADER)
    {
        return false;
    }
    // Not ReadUdp(): in the first of several fragments its length is more than is there.
    netbase::UdpHeader udp;
    udp.sourcePort = netbase::Read16(segment.data());
    udp.destinationPort = netbase::Read16(segment.data() + 2);
    udp.checksum = netbase::Read16(segment.data() + 6);
    record[C::SourcePort] = std::to_string(udp.sourcePort);
    record[C::DestinationPort] = std::to_string(udp.destinationPort);
    record[C::UdpChecksum] = std::to_string(udp.checksum);
    const ByteView payload = segment.subspan(netbase::UDP_HEADER);
    if (payload.size() < VXLAN_HEADER)
    {
        return false;
    }
    const std::uint32_t vni = netbase::Read24(payload.data() + 4);
    const bool own = hints.port != 0 && udp.destinationPort == hints.port && !hints.stt;
    const std::size_t options = 4u * (payload[0] & 0x3f);
    if (udp.destinationPort == GENEVE_PORT || (own && hints.geneve))
    {
        if (payload.size() < VXLAN_HEADER + options)
        {
            return false;
        }
        Envelope("geneve", vni, payload.subspan(VXLAN_HEADER + options), record);
        return true;
    }
    if (udp.destinationPort == VXLAN_PORT || udp.destinationPort == VXLAN_LINUX_PORT || own)
    {
        Envelope("vxlan", vni, payload.subspan(VXLAN_HEADER), record);
        return true;
    }
    return false;
}

bool
DecodeGre(ByteView payload, bool nvgre, FrameRecord& record)
{
    if (payload.size() < 4 || netbase::Read16(payload.data() + 2) != netbase::ethertype::TEB)
    {
        return false;
    }
    const std::uint16_t flags = netbase::Read16(payload.data());
    std::size_t offset = 4 + ((flags & GRE_CHECKSUM) != 0 ? 4 : 0);
    const bool keyed = (flags & GRE_KEY) != 0;
    if (payload.size() < offset + 8)
    {
        return false;
    }
    const std::uint32_t key = keyed ? netbase::Read32(payload.data() + offset) : 0;
    offset += (keyed ? 4 : 0) + ((flags & GRE_SEQUENCE) != 0 ? 4 : 0);
    if (payload.size() < offset)
    {
        return false;
    }
    // RFC 7637: 24 bits of VSID and 8 of FlowID.
    Envelope(nvgre ? "nvgre" : "gre", nvgre ? key >> 8 : key, payload.subspan(offset), record);
    return true;
}

bool
DecodeStt(ByteView segment, const EnvelopeHints& hints, FrameRecord& record)
{
    if (segment.size() < TCP_HEADER)
    {
        return false;
    }
    record[C::SourcePort] = std::to_string(netbase::Read16(segment.data()));
    record[C::DestinationPort] = std::to_string(netbase::Read16(segment.data() + 2));
    const std::uint16_t port = netbase::Read16(segment.data() + 2);
    if (port != STT_PORT && !(hints.stt && port == hints.port))
    {
        return false;
    }
    record[C::Protocol] = "stt";
    const std::uint16_t length = netbase::Read16(segment.data() + 4);
    const std::uint16_t offset = netbase::Read16(segment.data() + 6);
    if (offset != 0)
    {
        record[C::Encapsulation] = "stt";
        record[C::Summary] = fmt::format("stt segment at {} of {}", offset, length);
        return true;
    }
    const ByteView payload = segment.subspan(TCP_HEADER);
    if (payload.size() < STT_HEADER)
    {
        return false;
    }
    Envelope("stt", netbase::Read32(payload.data() + 12), payload.subspan(STT_HEADER), record);
    const std::uint16_t tag = netbase::Read16(payload.data() + STT_TAG);
    if ((tag & STT_TAGGED) != 0)
    {
        record[C::InnerVlan] = std::to_string(netbase::VlanOf(tag));
    }
    return true;
}

void
DecodeIp(ByteView packet, const EnvelopeHints& hints, FrameRecord& record)
{
    netbase::IpFacts ip;
    if (netbase::ReadIp(packet, ip) != netbase::DropReason::None)
    {
        record[C::Summary] = "malformed IP packet";
        return;
    }
    record[C::Source] = ip.source.ToString();
    record[C::Destination] = ip.destination.ToString();
    record[C::Ttl] = std::to_string(ip.ttl);
    record[C::Tos] = std::to_string(ip.tos);
    record[C::Df] = ip.dontFragment ? "1" : "0";
    record[C::Protocol] = ProtocolName(ip.protocol);
    if (ip.fragment)
    {
        // Of IPv6 the fragment header stands right before the fragment's part.
        const std::uint8_t more = ip.v6 ? packet[ip.payloadOffset - 5] & 1 : packet[6] & 0x20;
        const bool last = more == 0;
        record[C::Fragment] = ip.fragmentOffset == 0 ? "first" : last ? "last" : "middle";
    }
    const Meaning meaning = MeaningOf(packet, ip);
    record[C::Message] = meaning.kind;
    record[C::Summary] = meaning.text;
    if (ip.fragmentOffset != 0)
    {
        return;
    }
    const ByteView payload = ip.Payload(packet);
    bool envelope = false;
    switch (ip.protocol)
    {
    case netbase::protocol::UDP:
        envelope = DecodeUdp(payload, hints, record);
        break;
    case netbase::protocol::GRE:
        envelope = DecodeGre(payload, hints.nvgre, record);
        break;
    case netbase::protocol::TCP:
        envelope = DecodeStt(payload, hints, record);
        break;
    default:
        break;
    }
    if (envelope)
    {
        record[C::Message].clear();
    }
}

} // namespace

void
DecodeFrame(netbase::ByteView frame, const EnvelopeHints& hints, FrameRecord& record)
{
    record.columns = {};
    netbase::EthernetHeader ethernet;
    if (netbase::ReadEthernet(frame, ethernet) != netbase::DropReason::None)
    {
        record[C::Summary] = "cut short";
        return;
    }
    record[C::EthSource] = ethernet.source.ToString();
    record[C::EthDestination] = ethernet.destination.ToString();
    if (ethernet.tci)
    {
        record[C::OuterVlan] = std::to_string(netbase::VlanOf(*ethernet.tci));
    }
    const ByteView payload = frame.subspan(ethernet.payloadOffset);
    netbase::ArpPacket arp;
    switch (ethernet.type)
    {
    case netbase::ethertype::ARP:
    case netbase::ethertype::RARP:
        record[C::Protocol] = ethernet.type == netbase::ethertype::ARP ? "arp" : "rarp";
        if (netbase::ReadArp(payload, arp) == netbase::DropReason::None)
        {
            record[C::Message] = ArpKind(arp);
            record[C::Summary] = ArpText(arp);
        }
        else
        {
            record[C::Summary] = "malformed ARP packet";
        }
        break;
    case netbase::ethertype::IPV4:
    case netbase::ethertype::IPV6:
        DecodeIp(payload, hints, record);
        break;
    default:
        record[C::Summary] = fmt::format("EtherType {:#06x}", ethernet.type);
    }
}

} // namespace weft::engine
