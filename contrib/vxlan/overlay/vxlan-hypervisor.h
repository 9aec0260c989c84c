// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * A hypervisor: a layer-2 switch with ports for virtual machines, a VTEP between it and the
 * physical network cards, the IP end of the underlay, and routers between virtual networks.
 *
 * Frames between local machines never leave it. Without a VTEP its networks leave as 802.1Q VLANs
 * instead. The uplinks form one bond: one MAC and IP address, every flow on one of the links that
 * are up, by a hash of its headers. A port of 802.1Q trunk kind, with its map of VLANs to VNIs, is
 * the layer-2 gateway between both worlds.
 *
 * Frames are complete Ethernet frames without FCS. An outer 802.1Q tag is the network card's
 * affair. Sans-I/O: after every call that takes a time, poll until the Poll functions return false.
 */
#ifndef VXLAN_HYPERVISOR_H
#define VXLAN_HYPERVISOR_H

#include "vxlan-bridge.h"
#include "vxlan-router.h"
#include "vxlan-vtep.h"

#include "netbase-endpoint.h"

namespace weft::vxlan
{

/// A port of the hypervisor's switch. Never reused while the hypervisor lives.
using PortId = std::uint32_t;

struct HypervisorConfig
{
    bool hasVtep = true; ///< false: networks leave the uplink as 802.1Q VLANs
    VtepConfig vtep;     ///< its networks are the switch's too; vlan is used without VTEP
    netbase::EndpointConfig underlay; ///< of the bond; address must equal vtep.address
    std::uint32_t uplinks = 1;        ///< 1-16
    BridgeConfig bridge;
    std::uint64_t bondHashKey = 0;
    /// Record every drop, encapsulation, decapsulation and flood for PollEvent().
    bool events = false;
};

struct HypervisorCounters
{
    std::uint64_t portFramesIn = 0;
    std::uint64_t portFramesOut = 0;
    std::uint64_t uplinkFramesIn = 0;
    std::uint64_t uplinkFramesOut = 0;
    std::uint64_t udpIn = 0; ///< datagrams to a bound UDP port of the underlay address
    std::uint64_t udpOut = 0;
    /// by DropReason: of the switch, the VTEP, the underlay side and the routers together
    std::array<std::uint64_t, 64> drops{};
};

enum class HypervisorEventKind : std::uint8_t
{
    Drop,
    Encapsulate, ///< a frame went into a tunnel, to one remote
    Flood,       ///< a frame went to a group or to several remotes
    Decapsulate,
};

/// Something that happened to one frame.
struct HypervisorEvent
{
    TimeNs at{0};
    HypervisorEventKind kind = HypervisorEventKind::Drop;
    DropReason reason = DropReason::None;
    Vni vni = 0;
    IpAddress remote;
    std::uint32_t size = 0; ///< of the inner frame where there is one
};

/// A datagram of the underlay that is not a tunnel's: what a controller's agent lives from.
struct UnderlayDatagram
{
    IpAddress source;
    std::uint16_t sourcePort = 0;
    std::uint16_t destinationPort = 0;
    Bytes payload;
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

    /// Attaches a machine (access port of a VNI) or a VLAN trunk. The port is up.
    /// @throws std::invalid_argument for a network that is not configured here
    PortId AddPort(const PortConfig& config, TimeNs now);
    /// Detaches: what was learned behind the port is forgotten.
    void RemovePort(PortId port, TimeNs now);
    /// Going down forgets what was learned behind the port, and drops what would leave by it.
    void SetPortUp(PortId port, bool up, TimeNs now);
    void SetUplinkUp(std::uint32_t uplink, bool up, TimeNs now);
    bool IsUplinkUp(std::uint32_t uplink) const;

    void AddNetwork(const NetworkConfig& network, TimeNs now);
    void RemoveNetwork(Vni vni, TimeNs now);

    /// Adds a router; every interface gets a port of the switch. @return its index
    std::size_t AddRouter(const RouterConfig& config, TimeNs now);
    const Router& GetRouter(std::size_t index) const;
    std::size_t RouterCount() const;
    /// Takes a router out of service in an orderly way, or back into it.
    void SetRouterUp(std::size_t index, bool up, TimeNs now);

    // -- Frames ------------------------------------------------------------------------------

    /// A frame came from a machine. @return None, or why it went nowhere at all
    DropReason OnPortFrame(PortId port, ByteView frame, TimeNs now);
    /// A frame came from the physical network.
    DropReason OnUplinkFrame(std::uint32_t uplink, ByteView frame, TimeNs now);
    bool PollPortFrame(Bytes& frame, PortId& port);
    bool PollUplinkFrame(Bytes& frame, std::uint32_t& uplink);

    // -- The underlay address as a host ------------------------------------------------------

    /// Datagrams to this UDP port of the underlay address are kept for PollDatagram(). 8 at most.
    void BindUdp(std::uint16_t port);
    DropReason SendDatagram(std::uint16_t sourcePort,
                            const IpAddress& to,
                            std::uint16_t destinationPort,
                            ByteView payload,
                            TimeNs now);
    bool PollDatagram(UnderlayDatagram& datagram);
    /// Sends an echo request from the underlay address.
    void PingUnderlay(const IpAddress& to,
                      std::uint16_t id,
                      std::uint16_t sequence,
                      ByteView payload,
                      TimeNs now);
    /// Takes an IP packet to the underlay address that is neither a tunnel's nor to a bound port:
    /// echo replies, ICMP errors.
    bool PollUnderlayPacket(Bytes& packet);

    // -- Time and watching -------------------------------------------------------------------

    TimeNs NextDeadline() const;
    void OnDeadline(TimeNs now);

    /// Takes a change of a table: bridge FDB, VTEP FDB, ARP (of underlay and routers), groups.
    bool PollTableChange(netbase::TableChange& change);
    bool PollEvent(HypervisorEvent& event);

    HypervisorCounters Counters() const;
    /// @return the VTEP, or nullptr without one
    Vtep* GetVtep();
    const Vtep* GetVtep() const;
    const Bridge& GetBridge() const;
    const netbase::IpEndpoint* GetUnderlay() const;
    const HypervisorConfig& Config() const;

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace weft::vxlan

#endif
