// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * An IP router that spreads flows over equal-cost ways by their hash.
 */
#ifndef UNDERLAY_FABRIC_ROUTER_H
#define UNDERLAY_FABRIC_ROUTER_H

#include "ns3/netbase-table-change.h"
#include "ns3/netbase-types.h"
#include "ns3/underlay-hash-mode.h"
#include "ns3/underlay-next-hop-group.h"
#include "underlay-ethernet-device.h"
#include "underlay-frame-drop.h"

#include "ns3/callback.h"
#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/packet.h"
#include "ns3/ptr.h"
#include "ns3/traced-callback.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ns3
{
namespace underlay
{

/// An address of a router's port and its network.
struct PortAddress
{
    weft::netbase::IpAddress address; ///< the router's own
    unsigned prefixLength{0};         ///< 0 to 32 for IPv4, 0 to 128 for IPv6
};

template <typename Owner>
class Deadline;

/// Where a router sends packets for a destination.
struct FabricRoute
{
    bool local{false};                ///< an address of the router itself; the rest means nothing
    uint32_t port{0};                 ///< port of the router
    weft::netbase::IpAddress nextHop; ///< neighbour; none: the destination is on the link
    uint32_t metric{0};               ///< cost of the way
};

/**
 * @ingroup underlay
 *
 * Forwards IPv4 (RFC 1812) and IPv6 between its ports; aggregated to a Node that needs no IP stack.
 *
 * A packet: Ethernet destination is the port's own address, header intact, longest prefix match,
 * member of the next-hop group by the flow's hash, TTL, MTU of the way out, and the header is
 * rewritten in place. Errors are answered by ICMP: time exceeded, fragmentation needed or packet
 * too big, unreachable; they are not rate limited. Echo requests to the router's addresses are
 * answered. IPv4 packets over the MTU without DF are cut into fragments if Fragment says so.
 *
 * Neighbours. Between routers they are configured (SetNeighbour): no ARP crosses a link of the
 * fabric. Hosts are resolved by ARP or neighbour solicitation, and may resolve the router. A host
 * that asks for another address of its own network gets the router as answer where that address is
 * behind another port (proxy ARP, RFC 1027): the hosts of one network may be spread over ports.
 *
 * When a port's link goes down, packets that the hash sends there are lost (NextHopDown) until
 * SetGroup() leaves it out: FabricRouting does so after its convergence time.
 */
class FabricRouter : public Object
{
  public:
    /// What is hashed to choose among equal-cost next hops; see weft::underlay::HashMode.
    enum EcmpHash
    {
        FIVE_TUPLE,
        LAYER_3,
        INNER,
        GRE_KEY,
        PER_PACKET,
    };

    /// Number of a next-hop group.
    using GroupId = uint32_t;
    /// Takes multicast and multicast control: the port it came in by, and the IP packet, which it
    /// may keep and alter. The TTL is not yet decremented.
    using MulticastHandler = Callback<void, uint32_t, Ptr<Packet>>;
    /// Called with a port that went up (true) or down.
    using PortCallback = Callback<void, uint32_t, bool>;

    /// @param frame or packet @param reason why it ended
    typedef void (*DropTracedCallback)(Ptr<const Packet> frame, FrameDrop reason);
    /// @param change of the table of routes or of ARP
    typedef void (*TableChangeTracedCallback)(const weft::netbase::TableChange& change);

    /// Packets (bytes of IP packets) by what became of them.
    struct Counts
    {
        PacketCount received;  ///< frames that came in and were for the router
        PacketCount forwarded; ///< unicast packets sent on
        PacketCount local;     ///< taken by the router: ARP, ND, echo, the multicast handler
        PacketCount
            originated;        ///< packets and frames of its own: ARP, ICMP, SendIp(), SendOnPort()
        PacketCount copies;    ///< multicast copies sent by ForwardOnPorts()
        PacketCount fragments; ///< further packets that fragmentation made
    };

    /// @return the TypeId
    static TypeId GetTypeId();
    FabricRouter();
    ~FabricRouter() override;

    /// @param name such as "leaf1"; with a seed of its own it also keys the hash
    void SetName(const std::string& name);
    /// @return name
    const std::string& GetName() const;

    // Ports.

    /**
     * @param device of this router's node, with its link attached or not
     * @param name such as "spine1" (the far end)
     * @return number of the port, from 0 on
     */
    uint32_t AddPort(Ptr<EthernetDevice> device, const std::string& name);
    /// @param port number @param address further address of the port; its network is reachable on
    /// the link unless @p onLink is false (hosts then need routes of their own: AddHost())
    /// @param onLink whether the whole network is on this link
    void AddPortAddress(uint32_t port, const PortAddress& address, bool onLink = true);
    /// @param address of the router itself, on no port: routing identity, rendezvous point
    void AddLoopback(const weft::netbase::IpAddress& address);
    /// @param port number @param address of a host on the link, which is resolved by ARP or ND
    void AddHost(uint32_t port, const weft::netbase::IpAddress& address);
    /// Configures a neighbour, which is then never asked. @param port number @param address its
    /// address @param mac its MAC address
    void SetNeighbour(uint32_t port,
                      const weft::netbase::IpAddress& address,
                      const weft::netbase::MacAddress& mac);

    /// @return number of ports
    uint32_t GetNPorts() const;
    /// @param port number @return its device
    Ptr<EthernetDevice> GetPortDevice(uint32_t port) const;
    /// @param port number @return its name
    const std::string& GetPortName(uint32_t port) const;
    /// @param port number @return its addresses
    const std::vector<PortAddress>& GetPortAddresses(uint32_t port) const;
    /// @param port number @return whether neighbours were configured: a link between routers
    bool IsFabricPort(uint32_t port) const;
    /// @param port number @return whether its link works
    bool IsPortUp(uint32_t port) const;
    /// @return loopback addresses
    const std::vector<weft::netbase::IpAddress>& GetLoopbacks() const;
    /// @return every address and host that others have to reach through this router, as prefixes
    std::vector<weft::netbase::IpPrefix> GetConnected() const;
    /// @param address any @return whether it is the router's own
    bool IsOwnAddress(const weft::netbase::IpAddress& address) const;

    // Routes.

    /// @return number of a new group without members
    GroupId AddGroup();
    /// Replaces the members of a group. @param group number @param members equal-cost next hops
    /// @param metric cost
    void SetGroup(GroupId group,
                  const std::vector<weft::underlay::NextHop>& members,
                  uint32_t metric);
    /// @param group number @return the group
    const weft::underlay::NextHopGroup& GetGroup(GroupId group) const;
    /// Leads a prefix to a group. @param prefix network @param group number
    void AddRoute(const weft::netbase::IpPrefix& prefix, GroupId group);
    /// Leads a prefix to next hops of its own. @param prefix network @param members next hops
    /// @param metric cost @return number of the group that was made
    GroupId AddRoute(const weft::netbase::IpPrefix& prefix,
                     const std::vector<weft::underlay::NextHop>& members,
                     uint32_t metric = 1);
    /// @param prefix network whose route goes @return whether there was one
    bool RemoveRoute(const weft::netbase::IpPrefix& prefix);
    /// @return the way to an address, for reverse path checks: of equal ones that to the highest
    /// neighbour, whatever its port's state; nothing when there is none @param address unicast
    std::optional<FabricRoute> RouteTo(const weft::netbase::IpAddress& address) const;
    /// To be called after a set of changes: tells those who asked.
    void NotifyRoutesChanged();

    // Multicast.

    /// @param handler gets every IPv4 packet to 224.0.0.0/4 and every packet to the router's own
    /// addresses of protocol 2 (IGMP) or 103 (PIM); a null callback: none
    void SetMulticastHandler(MulticastHandler handler);
    /**
     * Forwards a packet to the group's Ethernet address: TTL, MTU and counters as for unicast.
     *
     * @param packet IP packet, as the handler got it; not modified
     * @param ports numbers; those whose link is down drop their copy (LinkDown)
     */
    void ForwardOnPorts(Ptr<const Packet> packet, const std::vector<uint32_t>& ports);
    /**
     * Sends a packet as it is.
     *
     * @param port number
     * @param packet IP packet; taken over
     * @param destination MAC address: of a group or of a neighbour
     */
    void SendOnPort(uint32_t port,
                    Ptr<Packet> packet,
                    const weft::netbase::MacAddress& destination);
    /// Routes a packet of the router's own, as it is. @param packet IP packet to a unicast address;
    /// taken over @return false if it was dropped at once
    bool SendIp(Ptr<Packet> packet);

    /// @param callback called after a port went up or down
    void AddPortChangeCallback(PortCallback callback);
    /// @param callback called after routes changed
    void AddRouteChangeCallback(Callback<void> callback);

    // State and counters.

    /// @param up whether the router runs: otherwise all its links are down and what it learned of
    /// neighbours is gone
    void SetUp(bool up);
    /// @return whether it runs
    bool IsUp() const;
    /// @return packets by what became of them
    const Counts& GetCounts() const;
    /// @return drops inside the router, by reason; those of its devices are counted there
    const FrameDropCounts& GetDrops() const;
    /// @return packets that wait for a host's answer to ARP or neighbour solicitation
    uint64_t GetPending() const;
    /// @return routes: prefixes and groups; longest first
    std::vector<std::pair<weft::netbase::IpPrefix, GroupId>> GetRoutes() const;

  protected:
    void DoDispose() override;

  private:
    class Impl;
    friend class Deadline<Impl>;

    std::unique_ptr<Impl> m_impl;    ///< everything but what attributes and traces need here
    EcmpHash m_ecmpHash{FIVE_TUPLE}; ///< for groups
    uint64_t m_hashSeed{0};          ///< key of that hash
    uint32_t m_buckets{0};           ///< of resilient groups
    bool m_fragment{true};           ///< IPv4 without DF
    Time m_arpTimeout;               ///< of hosts
    uint32_t m_arpLimit{0};          ///< hosts known at a time
    uint32_t m_pendingLimit{0};      ///< frames waiting for one host
    TracedCallback<Ptr<const Packet>, FrameDrop> m_dropTrace;       ///< Drop
    TracedCallback<const weft::netbase::TableChange&> m_tableTrace; ///< TableChange
};

} // namespace underlay
} // namespace ns3

#endif
