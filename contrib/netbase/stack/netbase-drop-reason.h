// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Why bytes, a frame or a packet went no further, and how often.
 *
 * Every decoder and every input of this folder answers with one of these; None means that nothing
 * was dropped.
 */
#ifndef NETBASE_DROP_REASON_H
#define NETBASE_DROP_REASON_H

#include <cstdint>
#include <string_view>
#include <vector>

namespace weft::netbase
{

enum class DropReason : std::uint8_t
{
    None,             ///< it was not dropped
    Truncated,        ///< shorter than its headers say, or than its format's minimum
    BadHeader,        ///< a field has a value that the format's standard forbids
    BadChecksum,      ///< IP, UDP, ICMP or IGMP checksum wrong
    Unsupported,      ///< well formed, of a kind that is not implemented (type or extension header)
    BadSource,        ///< source MAC, or MAC claimed in ARP, is a group address
    OwnSource,        ///< source MAC is our own: an echo, or a duplicate of us
    NotOurMac,        ///< unicast to another station
    NotOurGroup,      ///< sent to a group that was not joined
    Tagged,           ///< 802.1Q tag with a VLAN number, where none is expected
    UnknownEtherType, ///< neither IP nor ARP
    NotOurArp,        ///< ARP that neither asks us nor changes what we know
    Rarp,             ///< RARP: for switches to learn from, not for hosts
    AddressConflict,  ///< ARP from another station that claims one of our addresses
    NotOurAddress,    ///< IP packet for another host: we are no router
    TooBig,           ///< longer than the (path) MTU and may not be fragmented
    NoRoute,          ///< destination not on the link, and no gateway of its family
    NeighbourFailed,  ///< the next hop never answered ARP or neighbour solicitation
    PendingFull,      ///< waited for a next hop's answer; a newer packet took its place
    CacheFull,        ///< the neighbour cache is full of entries that may not be evicted
    FragmentOverlap,  ///< fragments of one datagram overlap (RFC 5722): all of them are dropped
    FragmentDuplicate, ///< a fragment that is already held, octet range for octet range
    FragmentTimeout,   ///< the other fragments did not come in time
    FragmentEvicted,   ///< given up to make room for other datagrams' fragments
    TtlExpired,        ///< TTL or hop limit ran out
    NotJoined,         ///< IGMP about a group of which we are no member
    Count              ///< number of reasons; not a reason
};

/// @return "not-our-mac": lower case, words joined by hyphens
std::string_view ToString(DropReason reason);

/// Counts by reason. Takes memory only for reasons that occurred: most of an idle host's never do.
class DropCounters
{
  public:
    struct Entry
    {
        DropReason reason;
        std::uint64_t count;
    };

    /// Adds to a reason; None is not counted. @return @p reason, for the caller to pass on
    DropReason Add(DropReason reason, std::uint64_t count = 1);
    std::uint64_t Of(DropReason reason) const;
    std::uint64_t Total() const;

    /// @return reasons that occurred, in order of first occurrence
    const std::vector<Entry>&
    Entries() const
    {
        return m_entries;
    }

  private:
    std::vector<Entry> m_entries;
};

} // namespace weft::netbase

#endif
