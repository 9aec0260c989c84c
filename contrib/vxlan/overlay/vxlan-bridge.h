// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The learning layer-2 switch of a hypervisor (or of a gateway between virtual networks and VLANs).
 *
 * Domains are virtual networks. A port is an access port of one network, or an 802.1Q trunk with a
 * map from VLAN to network. Inside the bridge, frames carry no tag of ours: a trunk's tag is taken
 * off on the way in and put on on the way out (PCP 0). A network may have the tunnel as one more
 * port: what is for it comes out of PollTunnel() and goes to a Vtep.
 *
 * Invariants: a frame leaves by ports of its own network only, never by the port it came in by;
 * what came from the tunnel never goes back to it; every frame taken in leaves in one copy or more,
 * or is dropped for exactly one reason (BridgeCounters prove it). There is no spanning tree:
 * whoever wires ports into a loop gets a loop.
 */
#ifndef VXLAN_BRIDGE_H
#define VXLAN_BRIDGE_H

#include "vxlan-drops.h"
#include "vxlan-fdb.h"

#include "netbase-output-queue.h"

#include <map>
#include <optional>

namespace weft::vxlan
{

/// The tunnel as the bridge FDB reports it. Ordinary ports are 1 and up.
inline constexpr PortId TUNNEL_PORT = 0;

enum class PortKind : std::uint8_t
{
    Access, ///< frames of one network, untagged
    Trunk,  ///< 802.1Q: the tag says the network
};

struct PortConfig
{
    PortKind kind = PortKind::Access;
    Vni vni = 0; ///< Access: its network
    /// Access: frames that carry a tag are switched as they are, tag inside; else VlanMismatch.
    /// Whether the tunnel carries them is the encapsulation's matter.
    bool passTags = false;
    std::map<std::uint16_t, Vni> vlans{}; ///< Trunk: VLAN (1-4094) to network
    std::optional<Vni> native{};          ///< Trunk: network of untagged and priority-tagged frames
    bool up = true;
};

struct BridgeConfig
{
    FdbConfig fdb;
    bool reportStations = false; ///< whether PollStation() says anything
};

struct BridgeCounters
{
    std::uint64_t framesIn = 0;     ///< from ports and from the tunnel
    std::uint64_t unicast = 0;      ///< of these: sent to one known port
    std::uint64_t flooded = 0;      ///< of these: sent to all others of the network
    std::uint64_t portCopies = 0;   ///< frames out by ports
    std::uint64_t tunnelCopies = 0; ///< frames out to the tunnel
    DropCounts drops;               ///< of framesIn: framesIn == unicast + flooded + all drops
};

/// Accompanies a frame to the tunnel.
struct TunnelMeta
{
    Vni vni = 0;
    /// No frame of this source has gone to the tunnel since the station became local here.
    bool newLocalSource = false;
};

enum class StationEvent : std::uint8_t
{
    Appeared, ///< a source was learned at a local port (or moved there from the tunnel)
    Address,  ///< its IPv4 address was heard in ARP, or is another one than before
    Gone,     ///< aged, port down, or seen from the tunnel
};

/// Something about a station at a local port, for a control plane.
struct StationReport
{
    StationEvent event = StationEvent::Appeared;
    Vni vni = 0;
    MacAddress mac;
    IpAddress address; ///< with Address
    PortId port = NO_PORT;
    TableCause cause = TableCause::Learned;
};

class Bridge
{
  public:
    Bridge(const BridgeConfig& config, TimeNs now);

    /// Adds a network. @param tunnel whether it reaches other hosts through the VTEP
    /// @throws std::invalid_argument when it exists, or is one too many (65,535)
    void AddNetwork(Vni vni, bool tunnel);
    /// Removes a network with its entries; ports keep pointing to it and drop (UnknownVni).
    void RemoveNetwork(Vni vni, TimeNs now);

    /// @return number of the new port, 1 and up, never used again
    /// @throws std::invalid_argument for an impossible configuration
    PortId AddPort(const PortConfig& config);
    /// Removes a port and what was learned there (cause PortDown).
    void RemovePort(PortId port, TimeNs now);
    /// A port that goes down loses what was learned there.
    void SetPortUp(PortId port, bool up, TimeNs now);
    bool IsPortUp(PortId port) const;

    /// A frame came in by a port. @return why it was dropped; None: it is on its way
    DropReason OnFrame(PortId port, ByteView frame, TimeNs now);
    /// A frame came out of the tunnel.
    DropReason OnTunnelFrame(Vni vni, ByteView frame, TimeNs now);

    /// Takes the next frame that leaves by a port. @return false when there is none
    bool PollFrame(Bytes& frame, PortId& port);
    /// Takes the next frame for the tunnel.
    bool PollTunnel(Bytes& frame, TunnelMeta& meta);
    bool PollStation(StationReport& report);

    /// Adds or replaces by a static entry. @return false when the table is full
    bool SetStatic(Vni vni, const MacAddress& mac, PortId port, TimeNs now);
    bool RemoveEntry(Vni vni, const MacAddress& mac, TimeNs now);
    /// @return port of a station; NO_PORT when it is unknown
    PortId Find(Vni vni, const MacAddress& mac) const;

    TimeNs NextDeadline() const;
    void OnDeadline(TimeNs now);

    /// Whether PollTableChange() is fed. Off at first.
    void
    EnableTableLog(bool on)
    {
        m_fdb.Log().Enable(on);
    }

    bool
    PollTableChange(TableChange& change)
    {
        return m_fdb.Log().Poll(change);
    }

    const BridgeCounters&
    Counters() const
    {
        return m_counters;
    }

    const BridgeFdb&
    Fdb() const
    {
        return m_fdb;
    }

  private:
    struct Member
    {
        PortId port = NO_PORT;
        std::uint16_t vlan = 0; ///< tag put on on the way out; 0: none
    };

    struct Network
    {
        Vni vni = 0;
        bool tunnel = false;
        std::vector<Member> members; ///< by port number
    };

    struct Port
    {
        bool exists = false;
        bool up = false;
        PortConfig config;
    };

    struct PortMeta
    {
        PortId port = NO_PORT;
    };

    DropReason Classify(const Port& port, ByteView& frame, Vni& vni);
    DropReason Forward(std::uint16_t domain, PortId from, ByteView frame, TimeNs now);
    DropReason Flood(std::uint16_t domain, PortId from, ByteView frame);
    void OnLearned(std::uint16_t domain, const MacAddress& mac, PortId from, PortId before);
    void Overhear(std::uint16_t domain, PortId from, ByteView frame);
    void SendToPort(const Member& member, ByteView frame);
    void SendToTunnel(std::uint16_t domain, ByteView frame);
    void Expire(TimeNs now);
    void ReportGone(const std::vector<BridgeFdb::Gone>& gone, TableCause cause);
    void Report(StationEvent event,
                std::uint16_t domain,
                const MacAddress& mac,
                PortId port,
                TableCause cause,
                const IpAddress& address = {});
    void Enlist(Network& network, PortId port, const PortConfig& config);
    std::vector<BridgeFdb::Gone>* GoneList();

    BridgeConfig m_config;
    BridgeFdb m_fdb;
    absl::flat_hash_map<Vni, std::uint16_t> m_domains;
    std::vector<Network> m_networks; ///< by domain
    std::vector<Port> m_ports;       ///< by number; 0 is the tunnel
    netbase::OutputQueue<PortMeta> m_toPorts;
    netbase::OutputQueue<TunnelMeta> m_toTunnel;
    netbase::OutputQueue<StationReport> m_stations;
    absl::flat_hash_map<std::uint64_t, IpAddress> m_addresses; ///< of local stations, by FDB key
    Bytes m_untagged;
    std::vector<BridgeFdb::Gone> m_gone;
    std::vector<std::uint16_t> m_freeDomains;
    BridgeCounters m_counters;
};

} // namespace weft::vxlan

#endif
