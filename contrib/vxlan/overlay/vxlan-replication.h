// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * How broadcast, unknown unicast and multicast of a network reach its other VTEPs.
 *
 * A strategy answers one question: to which outer addresses does this frame go, in which order. One
 * implementation a file: IP multicast, head-end, service node, assisted replication, none.
 */
#ifndef VXLAN_REPLICATION_H
#define VXLAN_REPLICATION_H

#include "vxlan-bfd.h"

#include <memory>
#include <span>
#include <vector>

namespace weft::vxlan
{

enum class ReplicationKind : std::uint8_t
{
    Multicast,   ///< one copy to the network's group
    HeadEnd,     ///< one copy to every VTEP of the network's flood list
    ServiceNode, ///< one copy to a service node, which replicates
    Assisted,    ///< leaf of RFC 9574: broadcast and multicast to a replicator, the rest head-end
    None,        ///< nothing is flooded; ARP is answered locally
};

/// Why a frame is flooded.
enum class FloodKind : std::uint8_t
{
    Broadcast,
    Multicast,
    UnknownUnicast,
    NewSource, ///< destination known, but the source is new here (flood on new local MAC)
};

inline constexpr std::size_t FLOOD_KINDS = 4;

/// Order of head-end copies.
enum class HeadEndOrder : std::uint8_t
{
    List,  ///< as configured
    Linux, ///< second first, ..., last, then the first: what the kernel's driver does
};

/// Immutable, shared between a network and copies under way.
using AddressList = std::shared_ptr<const std::vector<IpAddress>>;

/// What a strategy may know of a network.
struct FloodNetwork
{
    Vni vni = 0;
    IpAddress group;       ///< none: the network has no group
    AddressList groupList; ///< the group alone; null without one
    AddressList others;    ///< other VTEPs in the order of copies; never null
};

class Replication
{
  public:
    virtual ~Replication() = default;

    /// @param hash of the frame's flow: spreads over several nodes
    /// @return where a frame goes, one copy each; empty or null: nowhere (NoDestination)
    virtual AddressList Targets(const FloodNetwork& network,
                                FloodKind kind,
                                std::uint64_t hash) = 0;

    /// @return whether the group of every network has to be joined
    virtual bool
    UsesGroups() const
    {
        return false;
    }

    /// @return whether the outer source of what comes from this address says where a station is.
    /// It does not for a node that replicates under its own address.
    virtual bool
    SourceIsOrigin(const IpAddress& source) const
    {
        static_cast<void>(source);
        return true;
    }

    /// A BFD packet came. @return false when its sender is not one of our nodes
    virtual bool
    OnBfd(const IpAddress& source, const BfdPacket& packet, TimeNs now)
    {
        static_cast<void>(source);
        static_cast<void>(packet);
        static_cast<void>(now);
        return false;
    }

    /// Appends the next probe to send, a whole IP packet. @return false when there is none
    virtual bool
    PollProbe(Bytes& packet)
    {
        static_cast<void>(packet);
        return false;
    }

    virtual TimeNs
    NextDeadline() const
    {
        return NEVER;
    }

    virtual void
    OnDeadline(TimeNs now)
    {
        static_cast<void>(now);
    }
};

struct ReplicationConfig
{
    IpAddress address;            ///< this VTEP
    std::vector<IpAddress> nodes; ///< service nodes or replicators
    BfdConfig probe;
    bool probes = true; ///< false: nodes are taken to be alive
    std::uint64_t key = 0;
};

/// @throws std::invalid_argument naming the field, its value and the rule
std::unique_ptr<Replication> MakeReplication(ReplicationKind kind,
                                             const ReplicationConfig& config,
                                             TimeNs now);

/// @return the flood list in the order of copies, without @p self and repetitions
AddressList OrderFloodList(const std::vector<IpAddress>& list,
                           const IpAddress& self,
                           HeadEndOrder order);

/**
 * Replaces the destination of a complete IP packet and corrects the checksums that cover it (IPv4
 * header; UDP unless it is zero; TCP), by RFC 1624.
 *
 * @param packet without extension headers and unfragmented, as encapsulations write it
 * @param to of the same family
 */
void Readdress(std::span<std::uint8_t> packet, const IpAddress& to);

} // namespace weft::vxlan

#endif
