// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The resolved scenario's fabric, virtual networks, hypervisors and virtual machines.
 *
 * Every default is filled in: presets are resolved, addresses and MACs given out, generated things
 * named, and what a hypervisor overrides is merged into settings of its own. Units as in
 * scenario.h.
 */
#ifndef WEFT_SPEC_OVERLAY_H
#define WEFT_SPEC_OVERLAY_H

#include "engine/spec/basics.h"

#include "netbase-types.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::spec
{

using netbase::IpAddress;
using netbase::IpPrefix;
using netbase::MacAddress;

// ---------------------------------------------------------------- fabric

enum class FabricKind
{
    LeafSpine, ///< leaf1.., spine1.., every leaf linked to every spine
    Custom,    ///< routers and links as listed
};

enum class Forwarding
{
    Routed,  ///< routers; hypervisors have VTEPs
    Bridged, ///< 802.1Q switches; hypervisors have trunks and no VTEPs
};

/// What a router hashes to choose among equal paths.
enum class EcmpHash
{
    FiveTuple,
    Layer3,    ///< addresses only
    Inner,     ///< headers inside the envelope
    GreKey,    ///< addresses and the GRE key
    PerPacket, ///< round robin: no flow keeps its path
};

enum class EcmpSeed
{
    PerRouter,
    Same, ///< all routers alike: choices polarise
};

/// What a bundle (LAG) hashes to choose a member.
enum class LagHash
{
    Layer2,
    Layer3,
    Layer4,
};

enum class MulticastMode
{
    Off,
    PimSm,
    PimDm,
    Bidir,
    Static, ///< trees computed beforehand, without a protocol
};

/// When a last-hop router leaves the shared tree (PIM-SM).
enum class SptSwitch
{
    Immediate,
    Never,
    Threshold, ///< above UnderlayMulticast::sptThreshold
};

/// Multicast routing of the fabric.
struct UnderlayMulticast
{
    MulticastMode mode = MulticastMode::Off;
    Index rendezvousPoint = 0; ///< into Fabric::routers; PIM-SM and BIDIR
    unsigned igmpVersion = 3;  ///< of the hosts: 2 or 3
    SptSwitch spt = SptSwitch::Immediate;
    double sptThreshold = 0;        ///< bit/s
    bool registerForwarding = true; ///< the RP forwards what comes in Registers (PIM-SM)
};

/// A bump in the wire.
enum class FirewallKind
{
    None,
    Dns, ///< drops packets to or from UDP port 53 that are no DNS messages
};

/// What every Ethernet link of the fabric has.
struct EthernetSettings
{
    double rate = 10e9;                   ///< bit/s, each direction
    Duration delay{1000};                 ///< propagation, one way
    std::uint32_t mtu = 9214;             ///< bytes of an IP packet
    std::uint64_t queueLimit = 1U << 20U; ///< bytes, each direction
    double loss = 0;                      ///< fraction lost, each direction, independent
    unsigned members = 1;                 ///< links of the bundle
    LagHash lagHash = LagHash::Layer4;
    FirewallKind firewall = FirewallKind::None;
    std::uint16_t outerVlan = 0; ///< 802.1Q tag of everything on the link; 0: untagged
};

/// A router, or a switch of a bridged fabric.
struct FabricRouter
{
    std::string name;
    std::string about;
    bool leaf = false;      ///< of a leaf-spine fabric
    IpAddress address;      ///< loopback, a host route of its own
    IpPrefix subnet;        ///< of the hosts attached to it
    IpAddress gateway;      ///< the router's address there, where hosts share the network
    bool ownSubnet = false; ///< the file gives the network: hosts share it
};

/// Two routers joined.
struct FabricLink
{
    std::string name; ///< "leaf1.spine1"
    std::string about;
    Index first = 0; ///< into Fabric::routers
    Index second = 0;
    EthernetSettings settings;
};

struct Fabric
{
    FabricKind kind = FabricKind::LeafSpine;
    Forwarding forwarding = Forwarding::Routed;
    unsigned ipVersion = 4;
    EthernetSettings defaults; ///< of links and attachments that say nothing else
    Duration convergence{0};   ///< from a change of a link or router to new routes everywhere
    EcmpHash ecmpHash = EcmpHash::FiveTuple;
    EcmpSeed ecmpSeed = EcmpSeed::PerRouter;
    bool ecmpResilient = false; ///< flows on surviving paths stay there
    std::uint32_t macTable = 0; ///< entries of a switch (bridged)
    Duration macAgeing{0};      ///< of a switch (bridged)
    UnderlayMulticast multicast;
    std::vector<FabricRouter> routers; ///< leaves before spines, or as listed
    std::vector<FabricLink> links;     ///< for each leaf its spines in turn, or as listed
};

/// A host's link to its router, or its place behind an SD-WAN Edge.
struct Attachment
{
    std::optional<Index> router; ///< into Fabric::routers
    std::optional<Index> site;   ///< into Scenario::sites: on the LAN of its Edge
    EthernetSettings settings;   ///< members: links to the router, one bundle. Of no use at a site.
    IpAddress address;           ///< the host's own; the VTEP's
    unsigned prefixLength = 0;
    IpAddress gateway;
    MacAddress mac;
    std::optional<MacAddress> gatewayMac; ///< of the router's port; nothing: given out
};

// ---------------------------------------------------------------- overlay

/// Whose defaults the settings start from.
enum class OverlayPreset
{
    Rfc7348,
    Linux,
    Ovs,
};

enum class EncapsulationKind
{
    Vxlan,
    Nvgre,
    Gre,
    Stt,
    Geneve,
};

/// How a VTEP gets to know where MAC addresses are.
enum class Learning
{
    DataPlane,
    Static, ///< the whole table is given at the start
    Controller,
};

/// What a VTEP does with broadcast, unknown unicast and multicast.
enum class Replication
{
    Multicast,
    HeadEnd,
    ServiceNode,
    Assisted, ///< RFC 9574
    None,     ///< ARP is answered locally; the rest is dropped
};

/// What keeps an entry of the VTEP's table alive.
enum class AgeRefresh
{
    Receive,
    ReceiveOrTransmit,
};

enum class SourcePortKind
{
    Rfc,    ///< 49152-65535
    Linux,  ///< 32768-60999
    TopBit, ///< 32768-65535
    Full,   ///< 0-65535
    Fixed,  ///< OverlaySettings::fixedSourcePort
};

enum class OuterDf
{
    Clear,
    Set,
    Inherit,
};

/// Behaviour of a VTEP.
struct OverlaySettings
{
    OverlayPreset preset = OverlayPreset::Rfc7348;
    EncapsulationKind encapsulation = EncapsulationKind::Vxlan;
    Learning learning = Learning::DataPlane;
    Replication replication = Replication::Multicast;
    Duration ageing{0};       ///< of the VTEP's table
    Duration bridgeAgeing{0}; ///< of the bridge's table
    AgeRefresh ageRefresh = AgeRefresh::Receive;
    bool ageSweep = false;      ///< entries go at a sweep, as in the Linux kernel; else on time
    Duration arpTimeout{0};     ///< VMs' ARP caches: how long an entry is used unconfirmed
    std::uint32_t fdbLimit = 0; ///< entries of the VTEP's table
    std::uint16_t destinationPort =
        0; ///< of VXLAN, Geneve and STT; the encapsulation's own filled in
    SourcePortKind sourcePort = SourcePortKind::Rfc;
    std::uint16_t fixedSourcePort = 0;
    bool symmetricHash = false; ///< both directions of a flow get the same source port
    bool udpChecksum = false;
    bool ttlInherit = false;
    std::uint8_t ttl = 64; ///< also for what has none to inherit
    std::uint8_t multicastTtl = 64;
    bool tosInherit = false;
    std::uint8_t tos = 0;
    OuterDf df = OuterDf::Clear;
    bool dropReservedBits = false;
    bool keepInnerVlan = false;
    bool ecn = true;
    bool fragment =
        false;            ///< whether the VTEP fragments outer packets longer than its uplink's MTU
    bool pathMtu = false; ///< whether it answers a too long inner packet with DF by an ICMP error
    bool floodOnNewLocalMac = false;
    bool floodUnknown = true;
    bool arpSuppression = false;
    Duration probe{0};        ///< of service nodes and the controller
    unsigned probeMisses = 3; ///< unanswered probes in a row after which one counts as dead
};

/// A virtual network.
struct VirtualNetwork
{
    std::string name;
    std::string about;
    std::uint32_t vni = 0;
    IpAddress group;        ///< of the underlay; derived from the VNI unless given. None for IPv6
    std::uint16_t vlan = 0; ///< of tagged ports and bridged fabrics; 0: none
    IpPrefix subnet;
};

/// A host of virtual machines: a switch and, in a routed fabric, a VTEP.
struct Hypervisor
{
    std::string name;
    std::string about;
    Attachment attachment;
    bool vtep = true;        ///< false in a bridged fabric
    bool replicator = false; ///< assisted replication
    OverlaySettings overlay; ///< its own
};

/// A virtual router of RFC 5798.
struct Vrrp
{
    Index network = 0; ///< into Scenario::networks
    std::uint8_t id = 1;
    IpAddress address;
    std::uint8_t priority = 100;
    Duration advertise{0};
    bool preempt = true;
};

/// A virtual machine with one port.
struct Vm
{
    std::string name;
    std::string about;
    Index hypervisor = 0; ///< into Scenario::hypervisors: where it is at the start
    Index network = 0;    ///< into Scenario::networks
    IpAddress address;
    unsigned prefixLength = 0;
    MacAddress mac;
    IpAddress gateway; ///< none: only its own subnet
    std::uint32_t mtu = 1500;
    bool tagged = false; ///< its port is an 802.1Q trunk that carries the network's VLAN
    std::optional<Vrrp> vrrp;
};

/// A gateway's leg in a network.
struct GatewayInterface
{
    Index network = 0; ///< into Scenario::networks
    IpAddress address;
    unsigned prefixLength = 0;
    MacAddress mac;
};

/// Routes between virtual networks, on a hypervisor.
struct Gateway
{
    std::string name;
    std::string about;
    Index hypervisor = 0; ///< into Scenario::hypervisors
    std::vector<GatewayInterface> interfaces;
    std::uint32_t arpCache = 0; ///< entries
    Duration arpTimeout{0};
    std::vector<Vrrp> vrrp; ///< at most one a network
};

/// The central directory of learning: controller.
struct Controller
{
    std::string name = "controller";
    std::string about;
    Attachment attachment;
    Duration pushDelay{0};  ///< from a report to the pushes it causes
    Duration updateCost{0}; ///< work on each update, one after the other
};

/// Replicates for VTEPs (replication: service-node).
struct ServiceNode
{
    std::string name;
    std::string about;
    Attachment attachment;
};

// ---------------------------------------------------------------- wires and announcements

/// A wire that events and records name.
struct WireRef
{
    enum class Kind
    {
        Fabric, ///< "leaf1.spine1"
        Uplink, ///< "host1.uplink"; also of the controller and service nodes
        Port,   ///< "vm1.port": between the VM and its hypervisor's switch
    };
    Kind kind = Kind::Fabric;
    Index link = 0;        ///< Fabric: into Fabric::links
    NodeRef node;          ///< Uplink: whose; Port: of which VM
    unsigned member = 0;   ///< of a bundle ("leaf1.spine1.2"), from 1; 0: all of it
    bool reversed = false; ///< Fabric: named "spine1.leaf1", from second to first
    friend bool operator==(const WireRef&, const WireRef&) = default;
};

/// What tells the network that a VM has moved.
enum class Announcement
{
    None,
    Garp,
    Rarp,
    Qemu, ///< five RARPs at growing distances, as QEMU sends them
};

std::string_view ToString(FabricKind kind);
std::string_view ToString(Forwarding forwarding);
std::string_view ToString(EcmpHash hash);
std::string_view ToString(EcmpSeed seed);
std::string_view ToString(LagHash hash);
std::string_view ToString(MulticastMode mode);
std::string_view ToString(SptSwitch spt);
std::string_view ToString(FirewallKind kind);
std::string_view ToString(OverlayPreset preset);
std::string_view ToString(EncapsulationKind kind);
std::string_view ToString(Learning learning);
std::string_view ToString(Replication replication);
std::string_view ToString(AgeRefresh refresh);
std::string_view ToString(SourcePortKind kind);
std::string_view ToString(OuterDf df);
std::string_view ToString(Announcement announcement);
/// @return "hypervisor"
std::string_view ToString(NodeKind kind);

} // namespace weft::spec

#endif
