// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * Why a packet ended in the underlay, and the counters that every discard goes through.
 */
#ifndef UNDERLAY_DROP_REASON_H
#define UNDERLAY_DROP_REASON_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace ns3
{
namespace underlay
{

/// Why the underlay discarded a packet. Every discard has exactly one reason, is counted under it
/// and traced.
enum class DropReason : std::uint8_t
{
    // at the access link
    QueueFullUp = 0, ///< no room in the queue before the uplink
    QueueFullDown,   ///< no room in the queue before the downlink
    CodelUp,         ///< FqCoDel before the uplink shortened a standing queue
    CodelDown,       ///< FqCoDel before the downlink shortened a standing queue
    Mtu,             ///< larger than the MTU of the access link it was to cross
    LinkDown, ///< the access link is down, or went down while the packet was on it or before it
    NotIpv4,  ///< not an IPv4 packet, or too short to be one
    // in the cloud
    NoSuchMember, ///< Internet: no member has the destination address
    NotInVpn,     ///< L3VPN: the destination is no member of it
    NoPath,       ///< both are members, but no path was set between them
    Loss,         ///< weather: the path's own loss
    CommonLoss,   ///< weather: a cause of loss shared with other paths
    EventLoss,    ///< weather: loss added by an event
    PathDown,     ///< weather: an event has the path down
    Count
};

/**
 * @param reason the reason
 * @return the lower-case, hyphenated name used in files and counters, such as "queue-full-up"
 */
const char* ToString(DropReason reason);

/**
 * @param os the stream
 * @param reason the reason
 * @return the stream
 */
std::ostream& operator<<(std::ostream& os, DropReason reason);

/// Packets and their bytes (of the IPv4 packet, without framing).
struct PacketCount
{
    uint64_t packets{0}; ///< packets
    uint64_t bytes{0};   ///< bytes of these packets

    /// @param size bytes of one more packet
    void
    Add(uint32_t size)
    {
        ++packets;
        bytes += size;
    }
};

/// Drops of one place, by reason.
using DropCounts = std::array<PacketCount, static_cast<std::size_t>(DropReason::Count)>;

/// One line of a table of drops.
struct DropRecord
{
    std::string place;                    ///< such as "link bristol.mpls up"
    DropReason reason{DropReason::Count}; ///< why
    PacketCount count;                    ///< how much
};

/**
 * Appends one record for every reason of @p counts that is not zero, in the order of DropReason.
 *
 * @param place where the drops happened
 * @param counts the drops
 * @param records the table
 */
void AppendDrops(const std::string& place,
                 const DropCounts& counts,
                 std::vector<DropRecord>& records);

} // namespace underlay
} // namespace ns3

#endif
