// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-vrrp-message.h"

#include "netbase-checksum.h"
#include "netbase-ethernet.h"
#include "netbase-ipv4.h"

namespace weft::vxlan
{

namespace
{

constexpr std::uint8_t VERSION = 3;
constexpr std::uint8_t ADVERTISEMENT = 1;
constexpr std::size_t FIXED_SIZE = 8; ///< of a message, before the addresses
constexpr std::uint8_t TOS_CONTROL = 0xc0;

/// @return 0 over a message with a correct checksum; its checksum field otherwise, if it was 0
std::uint16_t
MessageChecksum(const IpAddress& source, const IpAddress& destination, ByteView message)
{
    const std::uint32_t pseudo = netbase::PseudoHeaderSum(
        source, destination, VRRP_PROTOCOL, static_cast<std::uint32_t>(message.size()));
    return netbase::ChecksumFinish(netbase::ChecksumAdd(message, pseudo));
}

VrrpError
FromReason(netbase::DropReason reason)
{
    return reason == netbase::DropReason::Truncated ? VrrpError::Truncated : VrrpError::BadHeader;
}

} // namespace

IpAddress
VrrpGroup()
{
    return IpAddress::V4(0xe0000012);
}

MacAddress
VrrpMac(std::uint8_t vrid)
{
    return MacAddress::FromInteger(0x00005e000100 | vrid);
}

std::string_view
ToString(VrrpError error)
{
    switch (error)
    {
    case VrrpError::None:
        return "none";
    case VrrpError::NotVrrp:
        return "not-vrrp";
    case VrrpError::Truncated:
        return "truncated";
    case VrrpError::BadHeader:
        return "bad-header";
    case VrrpError::TtlNot255:
        return "ttl-not-255";
    case VrrpError::BadVersion:
        return "bad-version";
    case VrrpError::BadType:
        return "bad-type";
    case VrrpError::BadChecksum:
        return "bad-checksum";
    case VrrpError::OtherRouter:
        return "other-router";
    case VrrpError::OwnAdvert:
        return "own-advert";
    case VrrpError::AddressOwner:
        return "address-owner";
    case VrrpError::Inactive:
        return "inactive";
    case VrrpError::Count:
        break;
    }
    return "?";
}

void
WriteVrrpFrame(const VrrpMessage& message, Bytes& frame)
{
    const std::size_t size = FIXED_SIZE + 4 * message.addresses.size();
    frame.resize(netbase::ETHERNET_HEADER + netbase::IPV4_HEADER + size);
    std::span<std::uint8_t> rest(frame);
    rest = rest.subspan(netbase::WriteEthernet(rest,
                                               {.destination = netbase::GroupMac(VrrpGroup()),
                                                .source = VrrpMac(message.vrid),
                                                .tci = {},
                                                .type = netbase::ethertype::IPV4}));
    netbase::Ipv4Header header;
    header.tos = TOS_CONTROL;
    header.totalLength = static_cast<std::uint16_t>(netbase::IPV4_HEADER + size);
    header.ttl = VRRP_TTL;
    header.protocol = VRRP_PROTOCOL;
    header.source = message.source;
    header.destination = VrrpGroup();
    rest = rest.subspan(netbase::WriteIpv4(rest, header));
    rest[0] = VERSION << 4 | ADVERTISEMENT;
    rest[1] = message.vrid;
    rest[2] = message.priority;
    rest[3] = static_cast<std::uint8_t>(message.addresses.size());
    netbase::Write16(&rest[4], message.interval & 0x0fff);
    netbase::Write16(&rest[6], 0);
    for (std::size_t i = 0; i < message.addresses.size(); ++i)
    {
        netbase::Write32(&rest[FIXED_SIZE + 4 * i], message.addresses[i].ToV4());
    }
    netbase::Write16(&rest[6], MessageChecksum(message.source, VrrpGroup(), rest));
}

VrrpError
ReadVrrpPacket(ByteView packet, VrrpMessage& message)
{
    netbase::Ipv4Header header;
    if (const auto reason = netbase::ReadIpv4(packet, header); reason != netbase::DropReason::None)
    {
        return FromReason(reason);
    }
    if (header.protocol != VRRP_PROTOCOL || header.destination != VrrpGroup() ||
        header.IsFragment())
    {
        return VrrpError::NotVrrp;
    }
    if (header.ttl != VRRP_TTL)
    {
        return VrrpError::TtlNot255;
    }
    const ByteView body =
        packet.subspan(header.headerLength, header.totalLength - header.headerLength);
    if (body.size() < FIXED_SIZE)
    {
        return VrrpError::Truncated;
    }
    if (body[0] >> 4 != VERSION)
    {
        return VrrpError::BadVersion;
    }
    if ((body[0] & 0x0f) != ADVERTISEMENT)
    {
        return VrrpError::BadType;
    }
    const std::size_t count = body[3];
    if (body.size() < FIXED_SIZE + 4 * count)
    {
        return VrrpError::Truncated;
    }
    if (MessageChecksum(header.source, header.destination, body) != 0)
    {
        return VrrpError::BadChecksum;
    }
    message.vrid = body[1];
    message.priority = body[2];
    message.interval = netbase::Read16(&body[4]) & 0x0fff;
    message.source = header.source;
    message.addresses.clear();
    for (std::size_t i = 0; i < count; ++i)
    {
        message.addresses.push_back(IpAddress::V4(netbase::Read32(&body[FIXED_SIZE + 4 * i])));
    }
    return VrrpError::None;
}

} // namespace weft::vxlan
