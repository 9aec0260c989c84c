// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-icmp.h"

#include "netbase-checksum.h"
#include "netbase-ip.h"
#include "netbase-ipv4.h"
#include "netbase-ipv6.h"

#include <algorithm>

namespace weft::netbase
{

namespace
{

constexpr std::size_t ICMP_HEADER = 8;

namespace v4
{
constexpr std::uint8_t ECHO_REPLY = 0;
constexpr std::uint8_t UNREACHABLE = 3;
constexpr std::uint8_t CODE_FRAGMENTATION_NEEDED = 4;
constexpr std::uint8_t ECHO_REQUEST = 8;
constexpr std::uint8_t TIME_EXCEEDED = 11;
constexpr std::size_t ERROR_SIZE = 576; ///< RFC 1812 section 4.3.2.3
} // namespace v4

namespace v6
{
constexpr std::uint8_t UNREACHABLE = 1;
constexpr std::uint8_t PACKET_TOO_BIG = 2;
constexpr std::uint8_t TIME_EXCEEDED = 3;
constexpr std::uint8_t PARAMETER_PROBLEM = 4;
constexpr std::uint8_t ECHO_REQUEST = 128;
constexpr std::uint8_t ECHO_REPLY = 129;
constexpr std::size_t ERROR_SIZE = IPV6_MIN_MTU; ///< RFC 4443 section 2.4 (c)
} // namespace v6

IcmpKind
KindOf(bool ipv6, std::uint8_t type, std::uint8_t code)
{
    if (ipv6)
    {
        switch (type)
        {
        case v6::UNREACHABLE:
            return IcmpKind::DestinationUnreachable;
        case v6::PACKET_TOO_BIG:
            return IcmpKind::PacketTooBig;
        case v6::TIME_EXCEEDED:
            return IcmpKind::TimeExceeded;
        case v6::ECHO_REQUEST:
            return IcmpKind::EchoRequest;
        case v6::ECHO_REPLY:
            return IcmpKind::EchoReply;
        default:
            return IcmpKind::Other;
        }
    }
    switch (type)
    {
    case v4::ECHO_REPLY:
        return IcmpKind::EchoReply;
    case v4::UNREACHABLE:
        return code == v4::CODE_FRAGMENTATION_NEEDED ? IcmpKind::PacketTooBig
                                                     : IcmpKind::DestinationUnreachable;
    case v4::ECHO_REQUEST:
        return IcmpKind::EchoRequest;
    case v4::TIME_EXCEEDED:
        return IcmpKind::TimeExceeded;
    default:
        return IcmpKind::Other;
    }
}

/// What an ICMP message is made of beside its body.
struct Head
{
    std::uint8_t type;
    std::uint8_t code;
    std::uint32_t word; ///< octets 4 to 7
};

DropReason
AppendIcmp(Bytes& out,
           const IpAddress& source,
           const IpAddress& destination,
           std::uint8_t ttl,
           std::uint8_t tos,
           const Head& head,
           ByteView body)
{
    const bool ipv6 = !source.IsV4();
    if (body.size() > 65535 - ICMP_HEADER - (ipv6 ? 0 : IPV4_HEADER))
    {
        return DropReason::TooBig;
    }
    const std::size_t start = out.size();
    const std::size_t ipHeader = ipv6 ? IPV6_HEADER : IPV4_HEADER;
    const std::size_t length = ICMP_HEADER + body.size();
    out.resize(start + ipHeader + length);
    const std::span<std::uint8_t> packet = std::span(out).subspan(start);
    if (ipv6)
    {
        Ipv6Header header;
        header.trafficClass = tos;
        header.payloadLength = static_cast<std::uint16_t>(length);
        header.nextHeader = protocol::ICMPV6;
        header.hopLimit = ttl;
        header.source = source;
        header.destination = destination;
        WriteIpv6(packet, header);
    }
    else
    {
        Ipv4Header header;
        header.tos = tos;
        header.totalLength = static_cast<std::uint16_t>(ipHeader + length);
        header.ttl = ttl;
        header.protocol = protocol::ICMP;
        header.source = source;
        header.destination = destination;
        WriteIpv4(packet, header);
    }
    const std::span<std::uint8_t> message = packet.subspan(ipHeader);
    message[0] = head.type;
    message[1] = head.code;
    Write16(message.data() + 2, 0);
    Write32(message.data() + 4, head.word);
    std::copy(body.begin(), body.end(), message.begin() + ICMP_HEADER);
    const std::uint32_t sum =
        ipv6 ? PseudoHeaderSum(
                   source, destination, protocol::ICMPV6, static_cast<std::uint32_t>(length))
             : 0;
    Write16(message.data() + 2, ChecksumFinish(ChecksumAdd(message, sum)));
    return DropReason::None;
}

DropReason
AppendError(Bytes& out,
            const IpAddress& source,
            ByteView offending,
            IcmpKind kind,
            const Head& ipv4,
            const Head& ipv6)
{
    IpFacts facts;
    if (ReadIp(offending, facts) != DropReason::None)
    {
        return DropReason::BadHeader;
    }
    if (facts.v6 == source.IsV4() || !MayReportError(offending, kind))
    {
        return DropReason::Unsupported;
    }
    const std::size_t room = facts.v6 ? v6::ERROR_SIZE - IPV6_HEADER - ICMP_HEADER
                                      : v4::ERROR_SIZE - IPV4_HEADER - ICMP_HEADER;
    const ByteView quoted = offending.first(std::min(facts.totalLength, room));
    // Network control class, as RFC 1812 section 4.3.2.5 has it for IPv4 errors.
    return AppendIcmp(
        out, source, facts.source, 64, facts.v6 ? 0 : 0xc0, facts.v6 ? ipv6 : ipv4, quoted);
}

} // namespace

DropReason
ReadIcmp(ByteView packet, IcmpMessage& message)
{
    IpFacts facts;
    const DropReason reason = ReadIp(packet, facts);
    if (reason == DropReason::Truncated)
    {
        return reason;
    }
    if (reason != DropReason::None)
    {
        return DropReason::BadHeader;
    }
    if (facts.fragment || facts.protocol != (facts.v6 ? protocol::ICMPV6 : protocol::ICMP))
    {
        return DropReason::Unsupported;
    }
    const ByteView payload = facts.Payload(packet);
    if (payload.size() < ICMP_HEADER)
    {
        return DropReason::Truncated;
    }
    const std::uint32_t sum = facts.v6 ? PseudoHeaderSum(facts.source,
                                                         facts.destination,
                                                         protocol::ICMPV6,
                                                         static_cast<std::uint32_t>(payload.size()))
                                       : 0;
    if (ChecksumFinish(ChecksumAdd(payload, sum)) != 0)
    {
        return DropReason::BadChecksum;
    }
    message = IcmpMessage{};
    message.type = payload[0];
    message.code = payload[1];
    message.kind = KindOf(facts.v6, message.type, message.code);
    message.body = payload.subspan(ICMP_HEADER);
    if (message.kind == IcmpKind::EchoRequest || message.kind == IcmpKind::EchoReply)
    {
        message.id = Read16(payload.data() + 4);
        message.sequence = Read16(payload.data() + 6);
    }
    else if (message.kind == IcmpKind::PacketTooBig)
    {
        message.mtu = facts.v6 ? Read32(payload.data() + 4) : Read16(payload.data() + 6);
    }
    return DropReason::None;
}

DropReason
AppendEcho(Bytes& out,
           const IpAddress& source,
           const IpAddress& destination,
           bool reply,
           std::uint16_t id,
           std::uint16_t sequence,
           ByteView data,
           std::uint8_t ttl,
           std::uint8_t tos)
{
    const std::uint8_t type = source.IsV4() ? (reply ? v4::ECHO_REPLY : v4::ECHO_REQUEST)
                                            : (reply ? v6::ECHO_REPLY : v6::ECHO_REQUEST);
    return AppendIcmp(
        out, source, destination, ttl, tos, {type, 0, std::uint32_t{id} << 16 | sequence}, data);
}

DropReason
AppendEchoReply(Bytes& out, ByteView request, const IpAddress& source)
{
    IcmpMessage message;
    const DropReason reason = ReadIcmp(request, message);
    if (reason != DropReason::None)
    {
        return reason;
    }
    if (message.kind != IcmpKind::EchoRequest)
    {
        return DropReason::Unsupported;
    }
    IpFacts facts;
    ReadIp(request, facts);
    return AppendEcho(
        out, source, facts.source, true, message.id, message.sequence, message.body, 64, facts.tos);
}

bool
MayReportError(ByteView packet, IcmpKind kind)
{
    IpFacts facts;
    if (ReadIp(packet, facts) != DropReason::None)
    {
        return false;
    }
    const auto isHost = [&facts](const IpAddress& address) {
        const bool nobody = facts.v6 ? address.IsNone()
                                     : address.ToV4() == 0 || address.ToV4() >> 24 == 127 ||
                                           address.ToV4() >= 0xf0000000;
        return !address.IsMulticast() && !nobody;
    };
    const bool groupAllowed = facts.v6 && kind == IcmpKind::PacketTooBig;
    if (!isHost(facts.source) || facts.fragmentOffset != 0 ||
        (!isHost(facts.destination) && !groupAllowed))
    {
        return false;
    }
    const ByteView payload = facts.Payload(packet);
    if (facts.protocol == (facts.v6 ? protocol::ICMPV6 : protocol::ICMP))
    {
        // What cannot be seen to be no error counts as one.
        if (payload.empty())
        {
            return false;
        }
        return facts.v6
                   ? payload[0] >= 128
                   : payload[0] == v4::ECHO_REPLY || payload[0] == v4::ECHO_REQUEST ||
                         (payload[0] >= 9 && payload[0] != v4::TIME_EXCEEDED && payload[0] != 12);
    }
    return true;
}

DropReason
AppendPacketTooBig(Bytes& out, const IpAddress& source, ByteView offending, std::uint32_t mtu)
{
    return AppendError(
        out,
        source,
        offending,
        IcmpKind::PacketTooBig,
        {v4::UNREACHABLE, v4::CODE_FRAGMENTATION_NEEDED, std::min<std::uint32_t>(mtu, 65535)},
        {v6::PACKET_TOO_BIG, 0, mtu});
}

DropReason
AppendTimeExceeded(Bytes& out, const IpAddress& source, ByteView offending, bool reassembly)
{
    const std::uint8_t code = reassembly ? 1 : 0;
    return AppendError(out,
                       source,
                       offending,
                       IcmpKind::TimeExceeded,
                       {v4::TIME_EXCEEDED, code, 0},
                       {v6::TIME_EXCEEDED, code, 0});
}

DropReason
AppendUnreachable(Bytes& out, const IpAddress& source, ByteView offending, Unreachable what)
{
    std::uint8_t ipv4 = 0;
    Head ipv6{v6::UNREACHABLE, 0, 0};
    switch (what)
    {
    case Unreachable::Network:
        break;
    case Unreachable::Host:
        ipv4 = 1;
        ipv6.code = 3;
        break;
    case Unreachable::Protocol:
        ipv4 = 2;
        ipv6 = {v6::PARAMETER_PROBLEM, 1, 6}; // points to the fixed header's next header field
        break;
    case Unreachable::Port:
        ipv4 = 3;
        ipv6.code = 4;
        break;
    case Unreachable::Filtered:
        ipv4 = 13;
        ipv6.code = 1;
        break;
    }
    return AppendError(
        out, source, offending, IcmpKind::DestinationUnreachable, {v4::UNREACHABLE, ipv4, 0}, ipv6);
}

} // namespace weft::netbase
