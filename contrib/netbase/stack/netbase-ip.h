// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What IPv4 and IPv6 packets have in common, for code that serves both.
 */
#ifndef NETBASE_IP_H
#define NETBASE_IP_H

#include "netbase-drop-reason.h"
#include "netbase-types.h"

namespace weft::netbase
{

/// Facts about a packet.
struct IpFacts
{
    bool v6 = false;
    std::uint8_t tos = 0;             ///< or traffic class
    std::uint8_t ttl = 0;             ///< or hop limit
    std::uint8_t protocol = 0;        ///< behind extension headers
    bool dontFragment = false;        ///< IPv4's bit; true for IPv6 (routers never fragment it)
    bool fragment = false;            ///< part of a datagram, not a whole one
    std::uint16_t fragmentOffset = 0; ///< octets
    std::size_t payloadOffset = 0;    ///< where the upper layer starts; in a fragment: its part
    std::size_t totalLength = 0;      ///< header and payload; what follows is padding
    IpAddress source;
    IpAddress destination;

    /// @return the upper layer's octets. @param packet the one that was read
    ByteView
    Payload(ByteView packet) const
    {
        return packet.subspan(payloadOffset, totalLength - payloadOffset);
    }
};

/// Reads and checks either version, by the first four bits.
/// @return None, or the reason of ReadIpv4(), ReadIpv6() or ReadIpv6Upper()
DropReason ReadIp(ByteView packet, IpFacts& facts);

/// Takes one from TTL or hop limit. @param packet that ReadIp() accepts
/// @return false, nothing changed, when it is 0 or 1
bool DecrementTtl(std::span<std::uint8_t> packet);

/// Replaces TOS or traffic class. @param packet that ReadIp() accepts
void SetTos(std::span<std::uint8_t> packet, std::uint8_t tos);

/// @return EtherType of a packet by its version: 0x0800 or 0x86dd; 0 when it is neither or empty
std::uint16_t EtherTypeOf(ByteView packet);

/// Appends a complete packet of the version of the addresses (no fragment, no options).
/// @return None or TooBig
DropReason AppendIpPacket(Bytes& out, const IpFacts& facts, ByteView payload, std::uint16_t id = 0);

} // namespace weft::netbase

#endif
