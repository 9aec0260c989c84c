// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Small value types shared by the whole SD-WAN data plane.
 *
 * Units: time is nanoseconds since the host's arbitrary epoch, always passed in by the caller and
 * never read from a clock. Nothing in this folder knows a simulator, a socket or a global.
 */
#ifndef SDWAN_TYPES_H
#define SDWAN_TYPES_H

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::sdwan
{

/// Instant (since the host's epoch) or length of time.
using TimeNs = std::chrono::nanoseconds;

/// "No deadline": later than every instant.
inline constexpr TimeNs NEVER = TimeNs::max();

using ByteView = std::span<const std::uint8_t>;
using Bytes = std::vector<std::uint8_t>;

/// Service class of a flow; decides its SLA and how it is grouped for FEC. Two bits on the wire.
enum class TrafficClass : std::uint8_t
{
    Voice = 0,
    Video = 1,
    Transactional = 2,
    Bulk = 3,
};

inline constexpr std::size_t TRAFFIC_CLASSES = 4;

constexpr std::string_view
ToString(TrafficClass c)
{
    constexpr std::string_view names[] = {"voice", "video", "transactional", "bulk"};
    return names[static_cast<std::size_t>(c) & 3];
}

/// Index of a tunnel at one Edge: dense, from 0, in order of creation.
using TunnelId = std::uint16_t;

inline constexpr TunnelId NO_TUNNEL = 0xffff;

/// Flow identifier on the wire, 24 bits; the top bit tells which of the two peers allocated it.
using FlowId = std::uint32_t;

/// The IPv4 5-tuple and the segment (VRF) it lives in. Addresses and ports in host byte order;
/// ports 0 where the protocol has none, and for every fragment but the first.
struct FlowKey
{
    std::uint32_t source = 0;
    std::uint32_t destination = 0;
    std::uint16_t sourcePort = 0;
    std::uint16_t destinationPort = 0;
    std::uint8_t protocol = 0;
    std::uint8_t segment = 0;

    /// The key of the packets that answer this one.
    constexpr FlowKey
    Reversed() const
    {
        return {destination, source, destinationPort, sourcePort, protocol, segment};
    }

    friend constexpr bool operator==(const FlowKey&, const FlowKey&) = default;

    template <typename H>
    friend H
    AbslHashValue(H h, const FlowKey& k)
    {
        return H::combine(std::move(h),
                          (std::uint64_t{k.source} << 32) | k.destination,
                          (std::uint64_t{k.sourcePort} << 32) |
                              (std::uint32_t{k.destinationPort} << 16) |
                              (std::uint32_t{k.protocol} << 8) | k.segment);
    }
};

/// Why the data plane discarded a datagram or packet. Every discard has exactly one reason and is
/// counted under it.
enum class DropReason : std::uint8_t
{
    None = 0,
    // wire
    Truncated,  ///< shorter than its header says
    BadVersion, ///< VCMP version not ours
    BadHeader,  ///< reserved bits set or fields that contradict each other
    BadControl, ///< control message that does not parse
    BadParity,  ///< parity packet that does not parse
    // security
    UnknownTunnel,        ///< no tunnel between these outer addresses
    UnknownEpoch,         ///< key epoch neither current, previous nor next
    AuthenticationFailed, ///< forged or damaged: the authentication tag does not match
    Replayed,             ///< tunnel sequence already seen
    TooOld,               ///< tunnel sequence left of the anti-replay window
    // remedies
    Duplicate, ///< flow sequence already delivered or buffered
    Late,      ///< arrived after its place in the flow had been given up
    // forwarding
    NotIpv4,        ///< LAN packet that is not IPv4
    NoRoute,        ///< no overlay route to the destination
    NoPath,         ///< route known but no usable tunnel that policy allows
    TooBig,         ///< larger than the tunnel's MTU
    UnknownSegment, ///< segment not configured here
    TtlExpired,     ///< time to live used up
    TableFull,      ///< no room for another flow
    KeyExhausted,   ///< key used up and the peer silent: nothing may be sealed
    Count
};

/// @return the lower-case, hyphenated name used in files and counters, such as
/// "authentication-failed".
std::string_view ToString(DropReason reason);

} // namespace weft::sdwan

#endif
