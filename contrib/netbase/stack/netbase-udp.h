// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * UDP (RFC 768) over IPv4 and IPv6.
 */
#ifndef NETBASE_UDP_H
#define NETBASE_UDP_H

#include "netbase-drop-reason.h"
#include "netbase-types.h"

namespace weft::netbase
{

inline constexpr std::size_t UDP_HEADER = 8;

struct UdpHeader
{
    std::uint16_t sourcePort = 0;
    std::uint16_t destinationPort = 0;
    std::uint16_t length = 0;   ///< header and payload
    std::uint16_t checksum = 0; ///< 0: none

    friend bool operator==(const UdpHeader&, const UdpHeader&) = default;
};

/// Reads a header; does not check the checksum. @param segment IP payload @return None; Truncated;
/// BadHeader (length below 8)
DropReason ReadUdp(ByteView segment, UdpHeader& header);

/// Writes 8 octets as they are. @return 8
std::size_t WriteUdp(std::span<std::uint8_t> out, const UdpHeader& header);

/// @param segment header and payload; its checksum field counts as zero
/// @return the checksum to send, never 0 (0 is sent as 0xffff)
std::uint16_t UdpChecksum(const IpAddress& source, const IpAddress& destination, ByteView segment);

/// @param segment for which ReadUdp() is None @return whether the checksum is correct, or zero:
/// whether zero is acceptable (IPv6, RFC 6935) is the caller's business
bool UdpChecksumOk(const IpAddress& source, const IpAddress& destination, ByteView segment);

/// A datagram to build; the IP version is that of the addresses.
struct UdpDatagram
{
    IpAddress source;
    IpAddress destination;
    std::uint16_t sourcePort = 0;
    std::uint16_t destinationPort = 0;
    std::uint8_t ttl = 64;
    std::uint8_t tos = 0;
    bool dontFragment = false;
    std::uint16_t id = 0;
    bool checksum = true; ///< false: send 0
};

/// Appends a complete IP packet. @return None or TooBig
DropReason AppendUdpPacket(Bytes& out, const UdpDatagram& datagram, ByteView payload);

} // namespace weft::netbase

#endif
