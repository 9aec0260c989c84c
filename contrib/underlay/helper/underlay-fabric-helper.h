// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * Builds fabrics of routers or switches: leaf-spine and arbitrary graphs, and hosts on them.
 */
#ifndef UNDERLAY_FABRIC_HELPER_H
#define UNDERLAY_FABRIC_HELPER_H

#include "ns3/netbase-types.h"

#include "ns3/attribute.h"
#include "ns3/data-rate.h"
#include "ns3/nstime.h"
#include "ns3/object-factory.h"
#include "ns3/ptr.h"
#include "ns3/underlay-ethernet-device.h"
#include "ns3/underlay-ethernet-link.h"
#include "ns3/underlay-fabric-router.h"
#include "ns3/underlay-fabric-routing.h"
#include "ns3/underlay-spanning-tree.h"
#include "ns3/underlay-vlan-switch.h"
#include "ns3/underlay-weather-config.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ns3
{

class Node;

namespace underlay
{

/// Properties of a link; each end gets the same.
struct FabricLinkConfig
{
    DataRate rate{DataRate("10Gbps")};                              ///< of each member
    Time delay{MicroSeconds(1)};                                    ///< propagation
    uint32_t queueLimit{1024 * 1024};                               ///< octets before each line
    uint16_t mtu{9214};                                             ///< largest IP packet, octets
    uint32_t members{1};                                            ///< above 1: a bundle
    EthernetDevice::BundleHash bundleHash{EthernetDevice::LAYER_4}; ///< chooses the member
    uint16_t outerVlan{0};                    ///< 802.1Q tag of all its frames; 0: none
    bool firewall{false};                     ///< "not-dns" firewall in the wire
    uint32_t cost{1};                         ///< for shortest paths and the spanning tree
    weft::underlay::WeatherConfig forward{};  ///< what happens to frames from the first end
    weft::underlay::WeatherConfig backward{}; ///< and to those from the second
};

/// How a host hangs on a router or switch.
struct FabricHostConfig
{
    FabricLinkConfig link{};            ///< its link, from the host (forward) to the fabric
    weft::netbase::IpAddress address{}; ///< none: chosen by the helper
    unsigned prefixLength{0};           ///< of its network; 0: 24 for IPv4, 64 for IPv6
    weft::netbase::IpAddress gateway{}; ///< none: the first address of the network
    std::optional<weft::netbase::MacAddress> mac{}; ///< of the host's device; nothing: chosen
    std::optional<weft::netbase::MacAddress>
        gatewayMac{}; ///< of the router's port; nothing: chosen
    std::string
        name{}; ///< of the link; empty: "hostH.ROUTER", H counted from 1 at each router or switch
    std::vector<uint16_t> vlans{}; ///< at a switch: tagged VLANs; empty: all
    uint16_t nativeVlan{1};        ///< at a switch: of untagged frames; 0: none
};

/// A host's place in the fabric.
struct FabricAttachment
{
    Ptr<EthernetDevice> device;           ///< of the host
    Ptr<EthernetDevice> farDevice;        ///< of the router or switch
    Ptr<EthernetLink> link;               ///< between them; first is the host's
    uint32_t port{0};                     ///< of the router or switch
    weft::netbase::IpAddress address;     ///< of the host; none at a switch without one given
    unsigned prefixLength{0};             ///< of its network
    weft::netbase::IpAddress gateway;     ///< the router's address; none at a switch
    weft::netbase::MacAddress mac;        ///< of the host
    weft::netbase::MacAddress gatewayMac; ///< of the router's port
};

/**
 * @ingroup underlay
 *
 * Addresses, where none are given. IPv4: loopback of the n-th router 10.255.(n/256).(n%256), links
 * between routers from 172.16.0.0/12 as /31s, the h-th host of the n-th router 10.n.h.10/24 with
 * gateway 10.n.h.1 (at most 254 routers with hosts and 254 hosts each; more need addresses given).
 * IPv6: fd00:ffff::n, fd00:fffe::/127s, fd00:0:n:h::10/64 with gateway ::1. MAC addresses are
 * counted from 02:00:00:00:00:01 in order of creation.
 *
 * @code
 *   FabricHelper fabric(seed);
 *   fabric.LeafSpine(4, 2);
 *   const FabricAttachment host = fabric.AttachHost("leaf1", node, {});
 *   fabric.Start();
 * @endcode
 */
class FabricHelper
{
  public:
    /// @param seed of the run: of weather, and of the routers' hashes
    explicit FabricHelper(uint64_t seed);

    /// @param name of an attribute of FabricRouter, for those made from here on @param value value
    void SetRouterAttribute(const std::string& name, const AttributeValue& value);
    /// @param name of an attribute of VlanSwitch, for those made from here on @param value value
    void SetSwitchAttribute(const std::string& name, const AttributeValue& value);
    /// @param time from a change of a link to new routes and a new spanning tree
    void SetConvergence(Time time);
    /// @param v6 whether addresses chosen from here on are IPv6 @note the routers forward both
    void SetIpv6(bool v6);
    /// @param same whether all routers hash with the same key; otherwise each with its own
    void SetSameHashSeed(bool same);

    /// @param name unique @return a new router on a new node
    Ptr<FabricRouter> AddRouter(const std::string& name);
    /// @param name unique @return a new switch on a new node
    Ptr<VlanSwitch> AddSwitch(const std::string& name);
    /// Links two routers, or two switches. @param first name @param second name @param config
    /// properties @param name of the link; empty: "FIRST.SECOND" @return the link
    Ptr<EthernetLink> Connect(const std::string& first,
                              const std::string& second,
                              const FabricLinkConfig& config,
                              const std::string& name = "");
    /// Makes leaf1.., spine1.. and a link "leafL.spineS" for each pair. @param leaves how many
    /// @param spines how many @param config of every link @param bridged of switches, not routers
    void LeafSpine(uint32_t leaves,
                   uint32_t spines,
                   const FabricLinkConfig& config = {},
                   bool bridged = false);
    /// Links a host to a router or switch. Neither gets an IP stack from this: what the host does
    /// with its address is the caller's. @param name of the router or switch @param host its node
    /// @param config properties @return its place
    FabricAttachment AttachHost(const std::string& name,
                                Ptr<Node> host,
                                const FabricHostConfig& config);
    /// Computes routes and the spanning tree; to be called once all is there, and again after more
    /// hosts were attached.
    void Start();

    /// @param name of a router @return it, null if there is none
    Ptr<FabricRouter> GetRouter(const std::string& name) const;
    /// @param name of a switch @return it, null if there is none
    Ptr<VlanSwitch> GetSwitch(const std::string& name) const;
    /// @param name of a link @return it, null if there is none
    Ptr<EthernetLink> GetLink(const std::string& name) const;
    /// @return names of routers in order of creation
    const std::vector<std::string>& GetRouterNames() const;
    /// @return names of switches in order of creation
    const std::vector<std::string>& GetSwitchNames() const;
    /// @return names of links in order of creation
    const std::vector<std::string>& GetLinkNames() const;
    /// @return route computation
    Ptr<FabricRouting> GetRouting() const;
    /// @return spanning tree computation
    Ptr<SpanningTree> GetSpanningTree() const;
    /// @return every drop so far: links, routers, switches, in order of creation
    std::vector<FrameDropRecord> GetDrops() const;

    /**
     * Everything is keyed by seed and name and draws from no ns-3 stream.
     *
     * @param stream first stream index to use
     * @return 0, the number of streams used
     */
    int64_t AssignStreams(int64_t stream) const;

  private:
    /// @return a MAC address not given before
    weft::netbase::MacAddress NextMac();
    /// @return a device with a link's properties, on a node @param node the node @param config
    /// properties @param name of the link
    Ptr<EthernetDevice> MakeDevice(Ptr<Node> node,
                                   const FabricLinkConfig& config,
                                   const std::string& name);
    /// @return a link between two devices @param first one @param second other @param config
    /// properties @param name unique
    Ptr<EthernetLink> MakeLink(Ptr<EthernetDevice> first,
                               Ptr<EthernetDevice> second,
                               const FabricLinkConfig& config,
                               const std::string& name);

    uint64_t m_seed;               ///< seed
    bool m_v6{false};              ///< addresses to choose
    ObjectFactory m_routerFactory; ///< makes routers
    ObjectFactory m_switchFactory; ///< makes switches
    bool m_sameHashSeed{false};    ///< one key for all
    uint64_t m_macs{0};            ///< given so far
    uint32_t m_links{0};           ///< addresses given to links between routers
    Ptr<FabricRouting> m_routing;  ///< routes
    Ptr<SpanningTree> m_tree;      ///< of switches
    std::map<std::string, Ptr<FabricRouter>> m_routers;     ///< by name
    std::map<std::string, Ptr<VlanSwitch>> m_switches;      ///< by name
    std::map<std::string, Ptr<EthernetLink>> m_linksByName; ///< by name
    std::map<std::string, uint32_t> m_hosts; ///< attached so far, by router or switch
    std::vector<std::string> m_routerNames;  ///< in order
    std::vector<std::string> m_switchNames;  ///< in order
    std::vector<std::string> m_linkNames;    ///< in order
};

} // namespace underlay
} // namespace ns3

#endif
