// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What a router or a bundle of links hashes to choose among equal ways.
 *
 * The hash itself is netbase's; here stands which bytes of a frame go into it. All fragments of a
 * datagram hash alike: without ports, the first one too, as a router that keeps no state has to.
 */
#ifndef UNDERLAY_HASH_MODE_H
#define UNDERLAY_HASH_MODE_H

#include "netbase-types.h"

#include <cstdint>
#include <string_view>

namespace weft::underlay
{

enum class HashMode : std::uint8_t
{
    FiveTuple, ///< addresses, protocol, ports (Linux fib_multipath_hash_policy=1)
    Layer3,    ///< addresses (policy 0)
    Inner,     ///< of what VXLAN (UDP 4789, 8472), Geneve (6081) or GRE with Ethernet (TEB) carries
               ///< over IPv4 or IPv6; of everything else the five-tuple
    GreKey,    ///< addresses, protocol, and GRE's key; of everything but GRE the five-tuple
    PerPacket, ///< nothing: the next packet takes the next way
    Layer2,    ///< MAC addresses, EtherType and VLAN
};

/// @return "5-tuple", "layer-3", "inner", "gre-key", "per-packet", "layer-2"
std::string_view ToString(HashMode mode);

/// Octets from the start of a frame that a hash may look at: outer and inner headers.
inline constexpr std::size_t HASHED_OCTETS = 192;

/**
 * @param frame Ethernet frame or its start, at least HASHED_OCTETS of it where it is that long
 * @param mode what counts; PerPacket gives the same hash for all
 * @param key seed: equal keys give equal hashes of equal frames, different keys unrelated ones
 * @return 64 well mixed bits
 */
std::uint64_t HashFrame(netbase::ByteView frame, HashMode mode, std::uint64_t key);

} // namespace weft::underlay

#endif
