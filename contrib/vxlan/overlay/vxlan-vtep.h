// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * A VXLAN tunnel end point: frames of virtual networks in and out on one side, IP packets of the
 * underlay on the other.
 *
 * Forwarding is the same whatever the encapsulation: known unicast goes to one remote VTEP;
 * broadcast, multicast and unknown unicast go where the replication strategy says; what came from
 * the underlay is delivered locally and never sent back (but for the copies of a replicator).
 * Switching between local ports is the bridge's and never comes here.
 *
 * Books, provable from VtepCounters: every local frame was sent in one copy or more, or dropped for
 * exactly one reason; every underlay packet was delivered, or was a segment or probe, or was
 * dropped for exactly one reason.
 *
 * Sans-I/O: after every call that takes a time, poll until the Poll functions return false.
 */
#ifndef VXLAN_VTEP_H
#define VXLAN_VTEP_H

#include "vxlan-drops.h"
#include "vxlan-fan-out.h"
#include "vxlan-vtep-config.h"

namespace weft::vxlan
{

/// Accompanies a frame to the bridge.
struct LocalMeta
{
    Vni vni = 0;
    IpAddress remote;   ///< VTEP it came from; none: made here (ARP answer, ICMP error)
    bool group = false; ///< the envelope was addressed to a group
    std::uint16_t sourcePort = 0;
};

/// A multicast group that the underlay address has to join or leave.
struct GroupChange
{
    IpAddress group;
    bool join = true;
};

struct FloodCount
{
    std::uint64_t frames = 0;
    std::uint64_t copies = 0;
    std::uint64_t bytes = 0; ///< of IP packets, all copies
};

struct VtepCounters
{
    // From the bridge: localFrames == unicastFrames + all flooded frames + localDrops.Total()
    std::uint64_t localFrames = 0;
    std::uint64_t unicastFrames = 0;
    std::array<FloodCount, FLOOD_KINDS> flooded{}; ///< by FloodKind
    DropCounts
        localDrops; ///< ArpSuppressed: answered by the proxy, or not flooded for lack of an answer
    std::uint64_t encapsulated = 0;      ///< frames times copies that went into a tunnel
    std::uint64_t encapsulatedBytes = 0; ///< of IP packets
    std::uint64_t fragmentsSent = 0;     ///< of envelopes that were cut
    std::uint64_t icmpSent = 0;          ///< "too big" made for local stations

    // From the underlay: underlayPackets == decapsulated + segments + probesReceived
    //                                       + underlayDrops.Total()
    std::uint64_t underlayPackets = 0;
    std::uint64_t decapsulated = 0;      ///< packets that completed a frame which was accepted
    std::uint64_t decapsulatedBytes = 0; ///< of IP packets, segments included
    std::uint64_t segments = 0;          ///< packets kept until their frame is complete (STT)
    std::uint64_t probesReceived = 0;
    DropCounts underlayDrops;
    std::uint64_t framesLost = 0; ///< incomplete frames given up (FragmentLost)

    FloodCount replicated;       ///< as replicator: frames sent on, and their copies
    DropCounts replicationDrops; ///< as replicator: accepted here, but not sent on
    std::uint64_t probesSent = 0;

    const FloodCount&
    Flooded(FloodKind kind) const
    {
        return flooded[static_cast<std::size_t>(kind)];
    }

    /// @return all kinds together
    FloodCount FloodedTotal() const;
};

class Vtep
{
  public:
    /// @throws std::invalid_argument naming the field, its value and the rule
    Vtep(const VtepConfig& config, TimeNs now);
    ~Vtep();
    Vtep(const Vtep&) = delete;
    Vtep& operator=(const Vtep&) = delete;

    /// @throws std::invalid_argument when it exists or is impossible
    void AddNetwork(const NetworkConfig& network, TimeNs now);
    /// @return false when there is none such
    bool RemoveNetwork(Vni vni, TimeNs now);
    bool HasNetwork(Vni vni) const;
    /// Replaces the other VTEPs of a network. @return UnknownVni or None
    DropReason SetFloodList(Vni vni, const std::vector<IpAddress>& others);
    /// The envelope's limit changed. @param mtu as in the configuration
    void SetMtu(std::uint32_t mtu);

    /**
     * A frame of a local station that the bridge has for the tunnel.
     *
     * @param newLocalSource the source's first frame into the tunnel since it became local
     * @return why nothing was sent; ArpSuppressed: the answer may be at PollLocal()
     */
    DropReason OnLocalFrame(Vni vni, ByteView frame, TimeNs now, bool newLocalSource = false);

    /// @return whether an IP packet addressed to this host is for OnUnderlayPacket()
    bool Matches(ByteView ipPacket) const;
    /// A complete, unfragmented IP packet arrived for one of our addresses or groups.
    /// @return why it was dropped
    DropReason OnUnderlayPacket(ByteView ipPacket, TimeNs now);

    /// Takes the next packet to send. The buffer's capacity circulates.
    bool PollUnderlay(Bytes& ipPacket, UnderlayMeta& meta);
    /// Takes the next frame for the bridge.
    bool PollLocal(Bytes& frame, LocalMeta& meta);
    bool PollMembership(GroupChange& change);

    // -- Mapping: stations ---------------------------------------------------------------------

    /// Puts a station behind a remote VTEP.
    /// @param origin Static (configured) or Controller
    /// @param address of the station where known: then ARP for it can be answered
    /// @return UnknownVni; NoBuffer when a table is full; StaticConflict when a controller's entry
    /// would replace a static one; None
    DropReason Install(Vni vni,
                       const MacAddress& mac,
                       const IpAddress& remote,
                       FdbOrigin origin,
                       TimeNs now,
                       const IpAddress& address = {});
    /// Takes it back. @return UnknownVni; NoDestination when there was no such entry; None
    DropReason Withdraw(Vni vni,
                        const MacAddress& mac,
                        FdbOrigin origin,
                        TimeNs now,
                        const IpAddress& address = {});
    /// Tells the ARP proxy of a station that is local, or moved: an address without a tunnel.
    DropReason SetArp(
        Vni vni, const IpAddress& address, const MacAddress& mac, FdbOrigin origin, TimeNs now);
    /// The controller came or went (MappingKind::Controller).
    void SetControllerConnected(bool connected, TimeNs now);
    bool ControllerConnected() const;
    /// Forgets what was learned from a remote VTEP.
    void FlushRemote(const IpAddress& remote, TimeNs now);
    /// A station of the host's own (a router's interface): frames that claim its address from
    /// elsewhere are echoes (OwnSource).
    void AddOwnStation(Vni vni, const MacAddress& mac);

    /// @return the VTEP a station is known behind; null when it is unknown
    const IpAddress* Find(Vni vni, const MacAddress& mac) const;

    TimeNs NextDeadline() const;
    void OnDeadline(TimeNs now);

    /// Whether PollTableChange() is fed. Off at first.
    void EnableTableLog(bool on);
    bool PollTableChange(TableChange& change);

    const VtepCounters& Counters() const;
    const VtepFdb& Fdb() const;
    const ArpProxy* Arp() const; ///< null while never needed
    const VtepConfig& Config() const;
    std::vector<Vni> Networks() const; ///< ascending

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace weft::vxlan

#endif
