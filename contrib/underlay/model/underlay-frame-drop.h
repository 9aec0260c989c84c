// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * Why a frame ended in a fabric of routers and switches, and the counters that every discard goes
 * through.
 */
#ifndef UNDERLAY_FRAME_DROP_H
#define UNDERLAY_FRAME_DROP_H

#include "underlay-drop-reason.h"

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

/// Why a frame was discarded. Every discard has exactly one reason, is counted under it and traced.
enum class FrameDrop : std::uint8_t
{
    // at a device and on its link
    QueueFull = 0, ///< no room in the queue before the line
    LinkDown,      ///< the link is down, or went down while the frame was on it or before it
    Mtu,           ///< given to a device whose MTU it exceeds
    Loss,          ///< the link's own loss
    CommonLoss,    ///< a cause of loss shared with other links
    EventLoss,     ///< loss added by an event
    PathDown,      ///< an event of the link's weather has it down
    NotDns,        ///< firewall: to or from port 53, but no DNS message
    WrongVlan,     ///< outer 802.1Q tag missing or of another VLAN than the link's
    NotForUs,      ///< unicast to another station
    Malformed,     ///< too short, or a header that contradicts itself
    // at a router
    NodeDown,        ///< the router or switch is down
    BadChecksum,     ///< of the IPv4 header
    UnknownType,     ///< neither IP nor ARP
    TtlExpired,      ///< TTL or hop limit ran out
    TooBig,          ///< larger than the next link's MTU and may not be fragmented
    NoRoute,         ///< no entry in the table, or one without a next hop
    NextHopDown,     ///< the chosen next hop's link is down and routes are not yet recomputed
    Unresolved,      ///< the host never answered ARP or neighbour solicitation
    PendingFull,     ///< waited for a host's answer, and a newer packet took its place
    NoMulticast,     ///< to a group, and nobody here forwards multicast
    UnknownProtocol, ///< to an address of the router, of a protocol that it does not speak
    BadSource,       ///< source address that no single host has
    // at a switch
    PortBlocked, ///< the port is not part of the spanning tree
    VlanDenied,  ///< the port is no member of the frame's VLAN
    NoOutput,    ///< no port to send it to but the one it came from
    Count
};

/// @return the lower-case, hyphenated name used in files and counters, such as "queue-full"
/// @param reason the reason
const char* ToString(FrameDrop reason);

/// @param os the stream @param reason the reason @return the stream
std::ostream& operator<<(std::ostream& os, FrameDrop reason);

/// Drops of one place, by reason; bytes are those of frames, without FCS.
class FrameDropCounts
{
  public:
    /// Counts one. @param reason why @param size bytes of the frame
    void
    Add(FrameDrop reason, uint32_t size)
    {
        m_counts[static_cast<std::size_t>(reason)].Add(size);
    }

    /// @return the count of one reason @param reason which
    const PacketCount&
    Of(FrameDrop reason) const
    {
        return m_counts[static_cast<std::size_t>(reason)];
    }

    /// @return the sum over all reasons
    PacketCount Total() const;

  private:
    std::array<PacketCount, static_cast<std::size_t>(FrameDrop::Count)> m_counts{}; ///< by reason
};

/// One line of a table of drops.
struct FrameDropRecord
{
    std::string place;                  ///< such as "leaf1.spine1 forward" or "router leaf1"
    FrameDrop reason{FrameDrop::Count}; ///< why
    PacketCount count;                  ///< how much
};

/**
 * Appends one record for every reason that is not zero, in the order of FrameDrop.
 *
 * @param place where the drops happened
 * @param counts the drops
 * @param records the table
 */
void AppendDrops(const std::string& place,
                 const FrameDropCounts& counts,
                 std::vector<FrameDropRecord>& records);

} // namespace underlay
} // namespace ns3

#endif
