// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The outer IPv4 and UDP headers of a tunnel datagram, and the few edits a router makes to an inner
 * IPv4 header.
 *
 * Sources: RFC 791 (IPv4), RFC 768 (UDP; the checksum may be zero over IPv4, and every datagram is
 * authenticated by its own tag), RFC 1071 and RFC 1624 (Internet checksum and its incremental
 * update). UDP port 2426 is registered with IANA for VCMP.
 */
#ifndef SDWAN_OUTER_HEADER_H
#define SDWAN_OUTER_HEADER_H

#include "sdwan-types.h"
#include "sdwan-vcmp-header.h"

namespace weft::sdwan
{

/**
 * Writes outer IPv4 and UDP headers in front of a tunnel datagram.
 *
 * The packet is marked DF, so that path MTU discovery on the underlay works; TTL is 64; the UDP
 * checksum is 0.
 *
 * @param datagram the whole packet; its first OUTER_IPV4_UDP_SIZE bytes are written
 * @param source outer source address, host byte order
 * @param destination outer destination address, host byte order
 * @param dscp differentiated services code point, 0..63
 */
void WriteOuterHeader(std::span<std::uint8_t> datagram,
                      std::uint32_t source,
                      std::uint32_t destination,
                      std::uint8_t dscp);

/// What an outer header said.
struct OuterHeader
{
    std::uint32_t source = 0;      ///< host byte order
    std::uint32_t destination = 0; ///< host byte order
    ByteView payload;              ///< the VCMP datagram
};

/**
 * Reads outer IPv4 and UDP headers.
 *
 * @param packet from the first byte of the IPv4 header; trailing link padding is ignored
 * @param[out] header what it says; valid only when None is returned
 * @return None; Truncated; BadHeader (not IPv4, a fragment, a wrong header checksum unless it is
 * zero, not UDP, or not to VCMP_PORT)
 */
DropReason ReadOuterHeader(ByteView packet, OuterHeader& header);

/**
 * Takes one from the time to live of an IPv4 packet, updating the header checksum by RFC 1624. A
 * checksum of zero is taken to mean "not computed" (as simulators do) and stays zero.
 *
 * @param packet a complete IPv4 header at least
 * @return false if the packet may not be forwarded (TTL 0 or 1); it is then unchanged
 */
bool DecrementTtl(std::span<std::uint8_t> packet);

} // namespace weft::sdwan

#endif
