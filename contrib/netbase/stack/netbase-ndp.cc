// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-ndp.h"

#include "netbase-checksum.h"
#include "netbase-ipv4.h"
#include "netbase-ipv6.h"

#include <algorithm>

namespace weft::netbase
{

namespace
{

constexpr std::uint8_t SOLICITATION = 135;
constexpr std::uint8_t ADVERTISEMENT = 136;
constexpr std::uint8_t OPTION_SOURCE = 1;
constexpr std::uint8_t OPTION_TARGET = 2;
constexpr std::size_t MESSAGE = 24; ///< octets before the options
constexpr std::size_t OPTION = 8;   ///< octets of a link-layer address option
constexpr std::uint32_t ROUTER = 0x80000000;
constexpr std::uint32_t SOLICITED = 0x40000000;
constexpr std::uint32_t OVERRIDE = 0x20000000;

} // namespace

IpAddress
SolicitedNode(const IpAddress& address)
{
    IpAddress group;
    group.octets = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0};
    std::copy(address.octets.begin() + 13, address.octets.end(), group.octets.begin() + 13);
    return group;
}

DropReason
ReadNdp(ByteView packet, NdpMessage& message)
{
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
    if (upper.isFragment || upper.protocol != protocol::ICMPV6)
    {
        return DropReason::Unsupported;
    }
    const ByteView payload =
        packet.subspan(upper.offset, IPV6_HEADER + header.payloadLength - upper.offset);
    if (payload.empty())
    {
        return DropReason::Truncated;
    }
    if (payload[0] != SOLICITATION && payload[0] != ADVERTISEMENT)
    {
        return DropReason::Unsupported;
    }
    if (payload.size() < MESSAGE)
    {
        return DropReason::Truncated;
    }
    const std::uint32_t sum = PseudoHeaderSum(header.source,
                                              header.destination,
                                              protocol::ICMPV6,
                                              static_cast<std::uint32_t>(payload.size()));
    if (ChecksumFinish(ChecksumAdd(payload, sum)) != 0)
    {
        return DropReason::BadChecksum;
    }
    message = NdpMessage{};
    message.solicitation = payload[0] == SOLICITATION;
    message.source = header.source;
    message.destination = header.destination;
    message.target = IpAddress::V6(payload.subspan(8));
    if (header.hopLimit != 255 || payload[1] != 0 || message.target.IsMulticast())
    {
        return DropReason::BadHeader;
    }
    if (!message.solicitation)
    {
        const std::uint32_t flags = Read32(payload.data() + 4);
        message.router = (flags & ROUTER) != 0;
        message.solicited = (flags & SOLICITED) != 0;
        message.override = (flags & OVERRIDE) != 0;
    }
    const std::uint8_t wanted = message.solicitation ? OPTION_SOURCE : OPTION_TARGET;
    for (ByteView options = payload.subspan(MESSAGE); !options.empty();)
    {
        if (options.size() < 2)
        {
            return DropReason::Truncated;
        }
        const std::size_t length = OPTION * options[1];
        if (length == 0)
        {
            return DropReason::BadHeader;
        }
        if (length > options.size())
        {
            return DropReason::Truncated;
        }
        if (options[0] == wanted && length == OPTION)
        {
            message.linkAddress = MacAddress::Read(options.subspan(2));
        }
        options = options.subspan(length);
    }
    return DropReason::None;
}

void
AppendNdp(Bytes& out, const NdpMessage& message)
{
    std::array<std::uint8_t, MESSAGE + OPTION> octets{};
    const std::size_t size = MESSAGE + (message.linkAddress ? OPTION : 0);
    octets[0] = message.solicitation ? SOLICITATION : ADVERTISEMENT;
    if (!message.solicitation)
    {
        Write32(octets.data() + 4,
                (message.router ? ROUTER : 0) | (message.solicited ? SOLICITED : 0) |
                    (message.override ? OVERRIDE : 0));
    }
    std::copy(message.target.octets.begin(), message.target.octets.end(), octets.begin() + 8);
    if (message.linkAddress)
    {
        octets[MESSAGE] = message.solicitation ? OPTION_SOURCE : OPTION_TARGET;
        octets[MESSAGE + 1] = 1;
        message.linkAddress->Write(std::span(octets).subspan(MESSAGE + 2));
    }
    const ByteView payload = ByteView(octets).first(size);
    const std::uint32_t sum = PseudoHeaderSum(
        message.source, message.destination, protocol::ICMPV6, static_cast<std::uint32_t>(size));
    Write16(octets.data() + 2, ChecksumFinish(ChecksumAdd(payload, sum)));
    Ipv6Header header;
    header.nextHeader = protocol::ICMPV6;
    header.hopLimit = 255;
    header.source = message.source;
    header.destination = message.destination;
    AppendIpv6Packet(out, header, payload);
}

} // namespace weft::netbase
