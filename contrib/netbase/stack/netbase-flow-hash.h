// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Fields that tell flows apart, and a keyed hash of them: source ports of tunnels, ECMP, link
 * aggregation, service nodes.
 *
 * Invariants: a hash depends on nothing but fields, parts, key and symmetry. All fragments of a
 * datagram have the same fields (ports are 0 in every fragment, the first too).
 */
#ifndef NETBASE_FLOW_HASH_H
#define NETBASE_FLOW_HASH_H

#include "netbase-types.h"

namespace weft::netbase
{

/// Fields of a frame or packet; what is not there is zero.
struct FlowFields
{
    std::uint64_t sourceMac = 0;
    std::uint64_t destinationMac = 0;
    std::uint16_t etherType = 0; ///< behind up to two VLAN tags (802.1Q, 802.1ad)
    std::uint16_t vlan = 0;      ///< of the outermost tag
    bool ip = false;             ///< addresses and protocol are there
    bool v6 = false;
    std::uint8_t protocol = 0;
    std::uint16_t sourcePort = 0; ///< TCP, UDP, SCTP, DCCP; not of fragments
    std::uint16_t destinationPort = 0;
    std::uint32_t greKey = 0; ///< of GRE with a key
    IpAddress source;
    IpAddress destination;

    friend bool operator==(const FlowFields&, const FlowFields&) = default;
};

/// Which fields go into a hash; may be joined by |.
namespace flowpart
{
inline constexpr unsigned MACS = 1;
inline constexpr unsigned ETHERTYPE = 2;
inline constexpr unsigned VLAN = 4;
inline constexpr unsigned ADDRESSES = 8;
inline constexpr unsigned PROTOCOL = 16;
inline constexpr unsigned PORTS = 32;
inline constexpr unsigned GRE_KEY = 64;
/// IP: addresses, protocol, ports; what is not IP: MAC addresses and EtherType. What a tunnel's
/// source port or a router's "5-tuple" hash takes.
inline constexpr unsigned FLOW = 128;
inline constexpr unsigned LAYER2 = MACS | ETHERTYPE | VLAN;
inline constexpr unsigned LAYER3 = ADDRESSES;
inline constexpr unsigned LAYER4 = ADDRESSES | PROTOCOL | PORTS;
} // namespace flowpart

/// Reads an Ethernet frame as far as it goes: never fails, a malformed packet has fewer fields.
FlowFields ReadFlowFields(ByteView frame);

/// Reads a complete IP packet, likewise. MAC addresses are zero, the EtherType that of its version.
FlowFields ReadIpFlowFields(ByteView packet);

/**
 * Hashes fields.
 *
 * @param key different keys give unrelated hashes
 * @param symmetric both directions of a flow get the same hash
 * @param parts which fields count
 * @return 64 bits, each of which depends on every bit that counts
 */
std::uint64_t FlowHash(const FlowFields& fields,
                       std::uint64_t key,
                       bool symmetric = false,
                       unsigned parts = flowpart::FLOW);

/// @return a number below @p count from a hash, evenly (multiplication, no division).
/// @param count at least 1, below 2^32
constexpr std::uint32_t
HashBelow(std::uint64_t hash, std::uint32_t count)
{
    return static_cast<std::uint32_t>(((hash >> 32) * count) >> 32);
}

/// @return a well mixed 64-bit number: a bijection (the finaliser of MurmurHash3)
constexpr std::uint64_t
Mix64(std::uint64_t x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdull;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ull;
    return x ^ x >> 33;
}

} // namespace weft::netbase

#endif
