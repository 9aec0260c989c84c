// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Types shared by the overlay core: network identifiers, drop reasons.
 */
#ifndef VXLAN_TYPES_H
#define VXLAN_TYPES_H

#include "netbase-types.h"

#include <string_view>

namespace weft::vxlan
{

using netbase::Bytes;
using netbase::ByteView;
using netbase::IpAddress;
using netbase::MacAddress;
using netbase::NEVER;
using netbase::TimeNs;

/// Identifier of a virtual network: VXLAN's VNI, NVGRE's VSID, Geneve's VNI (24 bits), the low bits
/// of GRE's key or STT's context.
using Vni = std::uint32_t;

inline constexpr Vni MAX_VNI = 0xffffff;

/// Why a frame or packet went no further. Every discard has one of these.
enum class DropReason : std::uint8_t
{
    None,            ///< it was not dropped
    Truncated,       ///< shorter than its headers say
    NotForUs,        ///< another address, port or protocol
    BadOuterHeader,  ///< outer IP header malformed or its checksum wrong
    BadChecksum,     ///< outer UDP or GRE checksum is not zero and wrong
    ReservedBits,    ///< reserved bits set, and the behaviour is to drop these
    NoVniFlag,       ///< VXLAN's I flag is clear
    UnknownVni,      ///< the network is not configured here
    BadInnerFrame,   ///< inner frame shorter than an Ethernet header, or its source is a group
    InnerVlan,       ///< inner 802.1Q tag where none is allowed (RFC 7348 section 6.1)
    EcnCe,           ///< outer CE over an inner not-ECT packet (RFC 6040 section 4.2)
    OwnSource,       ///< inner source is a local station, or outer source is this VTEP: an echo
    StaticConflict,  ///< claims a static entry's address from elsewhere
    SplitHorizon,    ///< came from a tunnel and would go to a tunnel
    SamePort,        ///< its destination is where it came from
    NoDestination,   ///< nowhere to flood it: replication list empty, or no strategy floods it
    UnknownUnicast,  ///< unknown destination, and unknown unicast is not flooded
    ArpSuppressed,   ///< answered or swallowed locally instead of being flooded
    TooBig,          ///< does not fit the underlay's MTU and may not be fragmented
    FragmentLost,    ///< a fragment or segment never came; what had come was discarded
    NoBuffer,        ///< a queue or reassembly table was full
    PortDown,        ///< the port it would leave by is down
    NoNeighbour,     ///< the next hop did not answer ARP
    TtlExpired,      ///< inner TTL ran out at a router
    NoRoute,         ///< a router has no route for it
    VlanMismatch,    ///< 802.1Q tag not allowed on the port
    BadTunnelHeader, ///< header of the encapsulation: unknown version or critical option, fields
                     ///< that contradict each other
    Duplicate,       ///< a segment that had come already
    VacantPort,      ///< the port is up, but nobody is behind it any more
    VmPaused,        ///< from or to a virtual machine that does not run: it is being moved
    NodeDown,        ///< from or to a node that failed
};

/// @return "unknown-vni": lower case, words joined by hyphens
std::string_view ToString(DropReason reason);

} // namespace weft::vxlan

#endif
