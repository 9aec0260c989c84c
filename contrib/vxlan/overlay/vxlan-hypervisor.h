// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * A hypervisor: a layer-2 switch with ports for virtual machines, a VTEP between it and the
 * physical network cards, the IP end of the underlay, and routers between virtual networks.
 *
 * Frames between local machines never leave it. Without a VTEP its networks leave as 802.1Q VLANs
 * instead. The uplinks form one bond: one MAC and IP address, every flow on one of the links that
 * are up, by a hash of its headers. A port of 802.1Q trunk kind, with its map of VLANs to networks,
 * is the layer-2 gateway between both worlds.
 *
 * Frames are complete Ethernet frames without FCS. An outer 802.1Q tag is the network card's
 * affair. Sans-I/O: after every call that takes a time, poll until the Poll functions return false.
 */
#ifndef VXLAN_HYPERVISOR_H
#define VXLAN_HYPERVISOR_H

#include "vxlan-bridge.h"
#include "vxlan-router.h"
#include "vxlan-udp-ports.h"
#include "vxlan-vtep.h"

#include "netbase-endpoint.h"
#include "netbase-output-queue.h"

#include <memory>

namespace weft::vxlan
{

inline constexpr std::uint32_t MAX_UPLINKS = 16;
inline constexpr std::size_t MAX_ROUTERS = 256; ///< of one hypervisor

struct HypervisorConfig
{
    bool hasVtep = true; ///< false: networks leave the uplink as 802.1Q VLANs
    /// Its networks are the switch's too. Without VTEP only these count, and each has a VLAN of its
    /// own.
    VtepConfig vtep;
    /// Of the bond; not used without VTEP. Its address is the VTEP's, its MTU at least the VTEP's.
    netbase::EndpointConfig underlay;
    std::uint32_t uplinks = 1; ///< 1 to MAX_UPLINKS
    std::uint64_t bondKey = 0; ///< of the hash that chooses an uplink
    BridgeConfig bridge;
    bool events = false; ///< every drop and every way through the tunnel, for PollEvent()
    bool tables = false; ///< every change of a table, for PollTableChange()
};

/// Counts by reason where few ever occur: takes memory for these only.
class FewDrops
{
  public:
    void
    Add(DropReason reason)
    {
        for (auto& [known, count] : m_counts)
        {
            if (known == reason)
            {
                ++count;
                return;
            }
        }
        m_counts.emplace_back(reason, 1);
    }

    std::uint64_t
    operator[](DropReason reason) const
    {
        for (const auto& [known, count] : m_counts)
        {
            if (known == reason)
            {
                return count;
            }
        }
        return 0;
    }

    std::uint64_t
    Total() const
    {
        std::uint64_t total = 0;
        for (const auto& [reason, count] : m_counts)
        {
            total += count;
        }
        return total;
    }

  private:
    std::vector<std::pair<DropReason, std::uint64_t>> m_counts;
};

/// Invariants: frames taken in = what the switch (VLANs: and the uplink) or the underlay side took
/// + refused; frames of the underlay side (VLANs: of the switch to the uplink) = out + unsent.
struct HypervisorCounters
{
    std::uint64_t portFramesIn = 0;
    std::uint64_t portFramesRefused = 0; ///< of these: the node was down
    std::uint64_t portFramesOut = 0;
    std::uint64_t uplinkFramesIn = 0;
    std::uint64_t uplinkFramesRefused = 0; ///< of these: node or uplink was down
    std::uint64_t uplinkFramesOut = 0;
    std::uint64_t uplinkBytesOut = 0;
    std::uint64_t uplinkFramesUnsent = 0; ///< no uplink was up, or the node was down
    std::uint64_t datagramsIn = 0;        ///< to a bound UDP port
    std::uint64_t datagramsOut = 0;
    /// What no part of it dropped but the hypervisor itself: PortDown (uplink), NodeDown,
    /// VacantPort, NoBuffer and BadChecksum (datagrams and packets for the host). Switch, VTEP,
    /// underlay side and routers count their own.
    FewDrops drops;
};

enum class HypervisorEventKind : std::uint8_t
{
    Drop,
    Encapsulate, ///< one copy of a frame went into a tunnel
    Decapsulate, ///< a frame came out of one
};

/// Something that happened to one frame.
struct HypervisorEvent
{
    TimeNs at{0};
    HypervisorEventKind kind = HypervisorEventKind::Drop;
    std::string_view place;         ///< of Drop: "switch", "vtep", "underlay", "router", "uplink"
    std::string_view reason;        ///< of Drop: in words, from DropReason or netbase::DropReason
    Vni vni = 0;                    ///< 0 when unknown
    IpAddress remote;               ///< or group
    std::optional<FloodKind> flood; ///< of Encapsulate: why it is a flooded frame's copy
    std::uint32_t copy = 0;         ///< of Encapsulate: of how many before it
    std::uint32_t size = 0;         ///< of the frame
};

class Hypervisor
{
  public:
    /// @throws std::invalid_argument naming the field, its value and the rule
    Hypervisor(const HypervisorConfig& config, TimeNs now);
    ~Hypervisor();
    Hypervisor(const Hypervisor&) = delete;
    Hypervisor& operator=(const Hypervisor&) = delete;

    // -- Configuration -----------------------------------------------------------------------

    /// Attaches a machine (access port of a network) or a VLAN trunk.
    /// @return its number, 1 and up; numbers of removed ports are used again
    /// @throws std::invalid_argument for a network that is not configured here
    PortId AddPort(const PortConfig& config, TimeNs now);
    /// Detaches: what was learned behind the port is forgotten.
    void RemovePort(PortId port, TimeNs now);
    /// Going down forgets what was learned behind the port.
    void SetPortUp(PortId port, bool up, TimeNs now);
    void SetUplinkUp(std::uint32_t uplink, bool up, TimeNs now);
    bool IsUplinkUp(std::uint32_t uplink) const;
    /// The whole host fails without a word, or comes back having forgotten what it learned. While
    /// it is down everything that comes is dropped (NodeDown), and nothing goes out.
    void SetNodeUp(bool up, TimeNs now);
    bool IsNodeUp() const;

    void AddNetwork(const NetworkConfig& network, TimeNs now);
    /// Ports of the network stay and drop (UnknownVni).
    void RemoveNetwork(Vni vni, TimeNs now);

    /// Adds a router, in service; every interface gets a port of the switch. @return its index
    /// @throws std::invalid_argument as Router; for a network that is not configured here; for one
    /// router more than MAX_ROUTERS
    std::size_t AddRouter(const RouterConfig& config, TimeNs now);
    const Router& GetRouter(std::size_t index) const;
    std::size_t RouterCount() const;
    /// Takes a router out of service or back into it. @param orderly VRRP says so (priority 0)
    void SetRouterUp(std::size_t index, bool up, TimeNs now, bool orderly = true);
    /// Gratuitous ARP for the router's own addresses.
    void AnnounceRouter(std::size_t index, TimeNs now);

    // -- Frames ------------------------------------------------------------------------------

    /// A frame came from a machine. @return None, or why the switch dropped it
    DropReason OnPortFrame(PortId port, ByteView frame, TimeNs now);
    /// A frame came from the physical network.
    void OnUplinkFrame(std::uint32_t uplink, ByteView frame, TimeNs now);
    bool PollPortFrame(Bytes& frame, PortId& port);
    bool PollUplinkFrame(Bytes& frame, std::uint32_t& uplink);

    // -- The underlay address as a host; only with a VTEP --------------------------------------

    /// Keeps datagrams to a UDP port of the underlay address for PollDatagram().
    void BindUdp(std::uint16_t port);
    /// @return NoBuffer, TooBig or NoRoute when it was not sent
    DropReason SendDatagram(std::uint16_t sourcePort,
                            const IpAddress& to,
                            std::uint16_t destinationPort,
                            ByteView payload,
                            TimeNs now);
    bool PollDatagram(Bytes& payload, UnderlayDatagram& datagram);
    /// Sends an echo request from the underlay address.
    DropReason Ping(
        const IpAddress& to, std::uint16_t id, std::uint16_t sequence, ByteView data, TimeNs now);
    /// Takes an IP packet to the underlay address that is neither a tunnel's nor to a bound port:
    /// echo replies, ICMP errors. At most 64 wait.
    bool PollUnderlayPacket(Bytes& packet);

    // -- Time and watching -------------------------------------------------------------------

    TimeNs NextDeadline() const;
    void OnDeadline(TimeNs now);
    /// Carries on with what is pending in the parts, after one of them was used directly: entries
    /// installed in GetVtep(), say.
    void Run(TimeNs now);

    /// Takes a change of a table: bridge FDB, VTEP FDB, ARP of the underlay (domain 0) and of
    /// routers (domain: VNI), groups.
    bool PollTableChange(netbase::TableChange& change);
    bool PollEvent(HypervisorEvent& event);
    /// Takes a report about a local station (BridgeConfig::reportStations).
    bool PollStation(StationReport& report);
    /// Takes a change of a router's VRRP. @param[out] router its index @param[out] interface where
    bool PollTransition(VrrpTransition& transition, std::size_t& router, std::uint32_t& interface);

    const HypervisorCounters& Counters() const;
    /// @return the VTEP, or nullptr without one
    Vtep* GetVtep();
    const Vtep* GetVtep() const;
    const Bridge& GetBridge() const;
    /// @return the underlay side, or nullptr without a VTEP
    netbase::IpEndpoint* GetUnderlay();
    const netbase::IpEndpoint* GetUnderlay() const;

  private:
    enum class Behind : std::uint8_t
    {
        Nobody,
        Machine,
        Router,
        Uplink, ///< the VLANs' way out, without a VTEP
    };

    /// What is behind a port of the switch.
    struct Owner
    {
        Behind kind = Behind::Nobody;
        std::uint8_t router = 0;
        std::uint16_t interface = 0;
    };

    struct RouterSlot
    {
        std::unique_ptr<Router> router;
        std::vector<PortId> ports; ///< by interface
    };

    struct UplinkMeta
    {
        std::uint32_t uplink = 0;
    };

    struct PortMeta
    {
        PortId port = NO_PORT;
    };

    /// What only some hypervisors have, or only for a while.
    struct Rare
    {
        std::vector<RouterSlot> routers;
        UdpPorts udp;
        netbase::OutputQueue<UplinkMeta> packets; ///< for PollUnderlayPacket()
        netbase::OutputQueue<HypervisorEvent> events;
    };

    void JoinVlans(TimeNs now);
    bool HasNetwork(Vni vni) const;
    void SetOwner(PortId port, const Owner& owner);
    void Pump(TimeNs now);
    bool PumpSwitch(TimeNs now);
    bool PumpTunnel(TimeNs now);
    bool PumpUnderlay(TimeNs now);
    bool PumpRouters(TimeNs now);
    void OnUnderlayPacket(ByteView packet, TimeNs now);
    void SendOnUplink(Bytes& frame, TimeNs now);
    std::optional<std::uint32_t> ChooseUplink(ByteView frame) const;
    void Forget(TimeNs now);
    void Note(std::string_view place, std::string_view reason, Vni vni, ByteView frame, TimeNs now);
    DropReason NoteDrop(
        std::string_view place, DropReason reason, Vni vni, ByteView frame, TimeNs now);
    Rare& GetRare();

    Bridge m_bridge;
    std::unique_ptr<Vtep> m_vtep;
    std::unique_ptr<netbase::IpEndpoint> m_underlay;
    std::vector<Owner> m_owners; ///< by port
    std::unique_ptr<Rare> m_rare;
    std::unique_ptr<std::vector<NetworkConfig>> m_vlans; ///< networks, without a VTEP
    PortId m_uplinkPort = NO_PORT;                       ///< of the VLANs
    std::vector<IpAddress> m_groups;                     ///< joined for the VTEP
    std::uint32_t m_uplinks = 1;
    std::uint32_t m_uplinksUp = 1; ///< bit by uplink
    std::uint64_t m_bondKey = 0;
    bool m_events = false;
    bool m_tables = false;
    bool m_nodeUp = true;
    Bytes m_scratch; ///< moves between the parts' queues
    Bytes m_packet;
    netbase::OutputQueue<PortMeta> m_toPorts;
    netbase::OutputQueue<UplinkMeta> m_toUplinks;
    HypervisorCounters m_counters;
};

} // namespace weft::vxlan

#endif
