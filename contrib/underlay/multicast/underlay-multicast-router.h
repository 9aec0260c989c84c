// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * A multicast router: IGMP towards hosts, one PIM mode (or static trees) towards other routers, and
 * the forwarding of data. Sans-I/O: packets and time come in, packets and deadlines go out.
 *
 * Invariants: a packet is never sent back out of the port it came by; state changes come from
 * packets, timers, routes and ports only, never from knowledge of other routers (static trees
 * excepted, which the host installs). A data packet of known state costs one look-up in the
 * forwarding cache and allocates nothing.
 *
 * IPv4 only.
 */
#ifndef UNDERLAY_MULTICAST_ROUTER_H
#define UNDERLAY_MULTICAST_ROUTER_H

#include "underlay-multicast-config.h"

#include "netbase-table-change.h"

#include <memory>
#include <span>

namespace weft::multicast
{

/// What became of a packet.
struct Verdict
{
    DropReason reason = DropReason::None; ///< why it went no further; None with ports or consumed
    bool control = false; ///< PIM, or IGMP of this link: taken by the router, or dropped as such
    /// Ports by which the host sends one copy each, TTL decremented. Valid until the next call.
    std::span<const PortIndex> ports{};
};

/// Where a packet that was polled goes.
struct PacketMeta
{
    PortIndex port = NO_PORT; ///< NO_PORT: unicast, by the host's own routing
};

struct RouterCounters
{
    std::uint64_t dataIn = 0;       ///< data packets given to OnPacket(), decapsulated ones not
    std::uint64_t copiesOut = 0;    ///< copies asked for, decapsulated and encapsulated ones not
    std::uint64_t decapsulated = 0; ///< Registers whose packet was forwarded
    std::uint64_t decapsulatedCopies = 0;
    std::uint64_t registersOut = 0; ///< with data
    std::uint64_t nullRegistersOut = 0;
    std::uint64_t registersIn = 0; ///< null ones included
    std::uint64_t registerStopsOut = 0;
    std::uint64_t registerStopsIn = 0;
    std::uint64_t joinPrunesOut = 0; ///< messages; Graft and Graft-Ack included
    std::uint64_t joinPrunesIn = 0;
    std::uint64_t hellosOut = 0;
    std::uint64_t assertsOut = 0;
    std::uint64_t stateRefreshesOut = 0;
    std::uint64_t electionsOut = 0; ///< messages of the Designated Forwarder election
    std::uint64_t queriesOut = 0;
    std::uint64_t cacheMisses = 0; ///< data packets that took the long way
    DropCounters dataDrops;        ///< of data packets, decapsulated ones included
    DropCounters controlDrops;     ///< of PIM and IGMP messages
};

/// One entry of the multicast forwarding table.
struct RouteEntry
{
    IpAddress group;
    IpAddress source; ///< none: (*,G)
    PortIndex incoming = NO_PORT;
    std::vector<PortIndex> outgoing;
    std::string flags; ///< words joined by blanks, such as "spt register"
};

class MulticastRouter
{
  public:
    /**
     * @param view lives longer than the router
     * @param now instant of switching on: first Hellos and queries are due soon after
     * @throws std::invalid_argument naming the field, its value and the rule
     */
    MulticastRouter(const RouterConfig& config, const UnicastView& view, TimeNs now);
    ~MulticastRouter();
    MulticastRouter(MulticastRouter&&) noexcept;
    MulticastRouter& operator=(MulticastRouter&&) noexcept;

    /// Takes an IPv4 packet: multicast data, IGMP, or PIM, multicast or addressed to this router.
    /// @param port it arrived by @param packet complete, header first; padding behind it is allowed
    Verdict OnPacket(PortIndex port, ByteView packet, TimeNs now);

    /**
     * Short cut for hosts that hold packets in pieces: decides from the first 20 octets alone,
     * which the host has checked (version, checksum, length).
     *
     * @return false: nothing was done, and the whole packet has to be given to OnPacket()
     */
    bool OnKnown(PortIndex port, ByteView header, TimeNs now, Verdict& verdict);

    /// Tells that a port went down or came up. Down: its neighbours and members are forgotten.
    void SetPortUp(PortIndex port, bool up, TimeNs now);

    /// Tells that the view may answer otherwise than before.
    void OnRoutesChanged(TimeNs now);

    /// Static trees alone: makes a tree's part in this router what is given.
    /// @param upstream port towards the root, or NO_PORT at the root itself
    /// @param ports all ports of the tree; upstream among them unless the root
    /// @throws std::logic_error in another mode
    void InstallTree(const IpAddress& group, PortIndex upstream, const PortSet& ports, TimeNs now);

    /// Static trees alone: the port towards the root for groups without entry.
    void SetRoot(PortIndex upstream, TimeNs now);

    /// Takes the next membership change of a link with hosts (static trees need it).
    bool PollMembership(PortIndex& port, IpAddress& group, bool& member);

    /// Takes the next packet to send; complete, with its TTL.
    bool PollPacket(Bytes& packet, PacketMeta& meta);

    /// Takes the next change of memberships (Table::Igmp) or entries (Table::Multicast).
    bool PollTableChange(netbase::TableChange& change);

    /// @return when to call OnDeadline(): may be early, never late; NEVER when nothing is pending
    TimeNs NextDeadline() const;
    void OnDeadline(TimeNs now);

    const RouterCounters& Counters() const;
    const RouterConfig& Config() const;

    // -- for those who watch

    /// @return all entries, by group, then source ((*,G) first)
    std::vector<RouteEntry> Entries() const;
    /// @return addresses of PIM neighbours on a port, ascending
    std::vector<IpAddress> Neighbours(PortIndex port) const;
    /// @return address of the port's Designated Router
    IpAddress DesignatedRouter(PortIndex port) const;
    /// Bidirectional: @return the link's Designated Forwarder for an RP; none: not elected
    IpAddress DesignatedForwarder(PortIndex port, const IpAddress& rp) const;
    /// @return whether this router is the querier of a link
    bool IsQuerier(PortIndex port) const;
    /// @return whether some host on the port wants the group (from any source)
    bool HasMember(PortIndex port, const IpAddress& group) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace weft::multicast

#endif
