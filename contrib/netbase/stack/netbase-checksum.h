// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624).
 *
 * Invariant: a sum is a one's complement sum of 16-bit words in network order, folded or not; only
 * the first octet range of a chain of ChecksumAdd() calls may be followed by another if its length
 * is even.
 */
#ifndef NETBASE_CHECKSUM_H
#define NETBASE_CHECKSUM_H

#include "netbase-types.h"

namespace weft::netbase
{

/// Adds octets to a sum. @param bytes even length, unless it is the last range of the sum
/// @return the sum, at most 17 bits more than 16
std::uint32_t ChecksumAdd(ByteView bytes, std::uint32_t sum = 0);

/// @return the checksum field of a sum: folded and complemented
std::uint16_t ChecksumFinish(std::uint32_t sum);

/// @return the checksum of octets, whose own checksum field has to be zero; 0 over octets that
/// contain a correct checksum
std::uint16_t Checksum(ByteView bytes);

/// @return the sum over the pseudo header of RFC 768/793 (IPv4) or RFC 8200 section 8.1 (IPv6)
/// @param length of the upper-layer packet
std::uint32_t PseudoHeaderSum(const IpAddress& source,
                              const IpAddress& destination,
                              std::uint8_t protocol,
                              std::uint32_t length);

/// @return @p checksum after one 16-bit word of the data changed (RFC 1624 equation 3)
std::uint16_t ChecksumUpdate(std::uint16_t checksum, std::uint16_t before, std::uint16_t after);

} // namespace weft::netbase

#endif
