// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The VRRP version 3 advertisement over IPv4 (RFC 5798 section 5) and the addresses that belong to
 * it.
 *
 * The checksum covers the message and a pseudo header of the IPv4 addresses, protocol and length
 * (section 5.2.8).
 */
#ifndef VXLAN_VRRP_MESSAGE_H
#define VXLAN_VRRP_MESSAGE_H

#include "vxlan-types.h"

namespace weft::vxlan
{

inline constexpr std::uint8_t VRRP_PROTOCOL = 112;
inline constexpr std::uint8_t VRRP_TTL = 255;

/// @return 224.0.0.18
IpAddress VrrpGroup();

/// @return 00:00:5e:00:01:VRID (section 7.3)
MacAddress VrrpMac(std::uint8_t vrid);

struct VrrpMessage
{
    std::uint8_t vrid = 1;
    std::uint8_t priority = 100;      ///< 0: the sender stops being Master
    std::uint16_t interval = 100;     ///< centiseconds, 12 bits
    IpAddress source;                 ///< of the IP packet: the sender's primary address
    std::vector<IpAddress> addresses; ///< of the virtual router, IPv4; at most 255
};

/// Why an advertisement was not accepted (section 7.1).
enum class VrrpError : std::uint8_t
{
    None,
    NotVrrp,    ///< another protocol or destination, or not IPv4
    Truncated,  ///< shorter than its headers and its address count say
    BadHeader,  ///< IPv4 header malformed, or its checksum wrong
    TtlNot255,  ///< not from this link
    BadVersion, ///< not version 3
    BadType,    ///< not an advertisement
    BadChecksum,
    OtherRouter,  ///< another VRID
    OwnAdvert,    ///< sent by this router
    AddressOwner, ///< from a peer, though this router owns the addresses and it claims to own them
                  ///< too
    Inactive,     ///< the interface is down here
    Count,
};

/// @return "ttl-not-255": lower case, words joined by hyphens
std::string_view ToString(VrrpError error);

/// Writes a complete Ethernet frame: from the virtual MAC to 01:00:5e:00:00:12, TTL 255, TOS 0xc0.
void WriteVrrpFrame(const VrrpMessage& message, Bytes& frame);

/**
 * Reads an advertisement.
 *
 * @param packet complete IPv4 packet
 * @param[out] message valid when None is returned; its buffer is reused
 * @return None, NotVrrp, Truncated, BadHeader, TtlNot255, BadVersion, BadType or BadChecksum
 */
VrrpError ReadVrrpPacket(ByteView packet, VrrpMessage& message);

} // namespace weft::vxlan

#endif
