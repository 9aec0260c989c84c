// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The resolved scenario: what a scenario file says once it has been read, checked and completed
 * with defaults. Plain structures, without YAML and without a simulator.
 *
 * Units: time in nanoseconds, rates in bit/s, sizes in bytes, fractions from 0 to 1. Things that a
 * file names are held in the order of the file; references between them are indices, already
 * checked.
 */
#ifndef WEFT_SPEC_SCENARIO_H
#define WEFT_SPEC_SCENARIO_H

#include "engine/spec/basics.h"
#include "engine/spec/expectation.h"
#include "engine/spec/overlay.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::spec
{

// ---------------------------------------------------------------- underlay

/// What a provider cloud is: the open Internet, or a private layer-3 VPN.
enum class CloudKind
{
    Internet,
    L3vpn,
};

/// A provider network that carries datagrams between the links attached to it, and nowhere else.
struct Cloud
{
    std::string name;
    std::string about;
    CloudKind kind = CloudKind::Internet;
};

/// A place on Earth, in degrees (WGS 84).
struct Location
{
    double latitude = 0;
    double longitude = 0;
};

/// An IPv4 network. Host bits are zero.
struct Prefix
{
    std::uint32_t address = 0; ///< host byte order
    unsigned length = 0;       ///< 0 to 32

    /// @return whether @p host (host byte order) lies in the network
    bool Contains(std::uint32_t host) const;
    /// @return whether the two networks share an address
    bool Overlaps(const Prefix& other) const;
    friend bool operator==(const Prefix&, const Prefix&) = default;
};

/// How a site's clock differs from simulated time: local = offset + now * (1 + skewPpm * 1e-6).
struct Clock
{
    Duration offset{0};
    double skewPpm = 0;
};

/// Queue of an access link.
enum class QueueKind
{
    Fifo,    ///< drop tail, limited in bytes
    FqCodel, ///< RFC 8290
};

/// A site's attachment to a cloud.
struct Link
{
    std::string name;
    std::string about;
    Index cloud = 0;
    double up = 0;   ///< bit/s, from the site
    double down = 0; ///< bit/s, to the site
    QueueKind queue = QueueKind::Fifo;
    std::uint64_t upQueueLimit = 0;   ///< bytes
    std::uint64_t downQueueLimit = 0; ///< bytes
    std::uint32_t mtu = 1500;         ///< bytes of an IPv4 datagram
};

/// An office: one Edge, one LAN, any number of links.
struct Site
{
    std::string name;
    std::string about;
    std::optional<Location> location;
    Prefix lan;
    Clock clock;
    std::vector<Link> links;
};

/// A link of a site, by indices.
struct LinkRef
{
    Index site = 0;
    Index link = 0;
    friend bool operator==(const LinkRef&, const LinkRef&) = default;
};

/// The weather of one path in one direction.
struct Weather
{
    Duration delay{0};             ///< one way, the least any packet meets beyond queueing
    Duration jitter{0};            ///< standard deviation of the delay that is added
    Duration jitterCorrelation{0}; ///< time constant of the delay's autocorrelation
    double loss = 0;               ///< mean fraction lost
    Duration badPeriod{0};         ///< mean length of a period of loss
    double reorder = 0;            ///< fraction of packets held back so that later ones overtake
    Duration reorderDelay{0};      ///< by how much
};

/// Two links of different sites in the same cloud that reach each other.
struct Path
{
    LinkRef first;
    LinkRef second;
    Weather forward;  ///< from first to second
    Weather backward; ///< from second to first
};

// ---------------------------------------------------------------- overlay

/// Packet protection of the tunnels.
enum class Cipher
{
    Aes128Gcm,
    Aes256Gcm,
    Null, ///< no protection, the same bytes on the wire
};

/// Settings shared by all tunnels.
struct Tunnels
{
    Cipher cipher = Cipher::Aes128Gcm;
    Duration rekey{0};     ///< life of a key
    Duration probe{0};     ///< between probes of a path without traffic
    Duration idleProbe{0}; ///< the same once the pair of sites has been idle for idleAfter
    Duration idleAfter{0};
};

/// Transport protocol that a policy can tell apart.
enum class Protocol
{
    Tcp = 6,
    Udp = 17,
};

/// Inclusive range of ports.
struct PortRange
{
    std::uint16_t first = 0;
    std::uint16_t last = 0;
    friend bool operator==(const PortRange&, const PortRange&) = default;
};

/// What makes packets an application. Every condition given has to hold; an empty list matches all.
struct Application
{
    std::string name;
    std::string about;
    std::optional<Protocol> protocol;
    std::vector<PortRange> sourcePorts;
    std::vector<PortRange> destinationPorts;
    std::vector<Prefix> prefixes; ///< of the destination
};

/// Service class.
enum class TrafficClass
{
    Voice,
    Video,
    Transactional,
    Bulk,
};

/// Which definition of jitter an SLA is judged by.
enum class JitterMetric
{
    Rfc3550, ///< smoothed mean deviation of RFC 3550
    Pdv95,   ///< 95th percentile of the packet delay variation of RFC 5481
    Pdv99,   ///< 99th percentile of the same
    Stddev,  ///< standard deviation of the one-way delay
};

/// Limits beyond which a path is out of SLA.
struct Sla
{
    std::string name;
    std::string about;
    Duration latency{0}; ///< one way
    Duration jitter{0};
    double loss = 0;
    JitterMetric jitterMetric = JitterMetric::Stddev;
};

/// Conditions on a packet. Every condition given has to hold; none given matches everything.
struct Match
{
    std::optional<Index> application; ///< into Scenario::applications
    std::optional<Protocol> protocol;
    std::optional<Prefix> source;
    std::optional<Prefix> destination;
    std::vector<PortRange> sourcePorts;
    std::vector<PortRange> destinationPorts;
    std::optional<unsigned> segment; ///< 0 to 255
};

/// Local links by name, as the Edge of any site knows them. Empty lists express no wish.
struct LinkChoice
{
    std::vector<std::string> prefer;    ///< used while in SLA, in this order
    std::vector<std::string> mandatory; ///< no other is ever used
    std::vector<std::string> backup;    ///< only when no other is usable
};

/// Which packets share a parity packet.
enum class FecGroup
{
    TunnelClass, ///< all of a class that leave by the same tunnel
    Flow,        ///< those of one flow
};

/// When parity is sent.
enum class FecWhen
{
    Always,
    Lossy, ///< while the path loses more than the SLA allows
};

/// XOR parity: one parity packet for every `data` packets.
struct Fec
{
    unsigned data = 4;
    FecGroup group = FecGroup::TunnelClass;
    unsigned depth = 1; ///< groups that are filled in turn
    Duration flush{0};  ///< age at which an unfilled group gets its parity
    FecWhen when = FecWhen::Always;
};

/// Receiver's buffer that puts a flow back in order and at its pace.
struct JitterBuffer
{
    Duration cap{0};       ///< longest hold
    unsigned packets = 10; ///< most packets held
};

/// What may be done for a flow whose path is out of SLA.
struct Remedies
{
    std::optional<Fec> fec;
    bool duplicate = false;
    std::optional<JitterBuffer> jitterBuffer;
    bool switchPath = true;
    Duration duplicateAfter{0}; ///< time out of SLA before copies are sent
    Duration switchAfter{0};    ///< time out of SLA before the flow moves
    Duration returnAfter{0};    ///< time the preferred path has to have been in SLA
    Duration holdDown{0};       ///< least time between two moves of a flow, unless its path is dead
};

/// One rule of the Business Policy; the first that matches decides.
struct Rule
{
    std::string name;
    std::string about;
    Match match;
    TrafficClass trafficClass = TrafficClass::Bulk;
    Index sla = 0; ///< into Scenario::slas
    LinkChoice links;
    Remedies remedies;
};

// ---------------------------------------------------------------- traffic and events

enum class TrafficKind
{
    Voice,     ///< constant rate, both ways by default, judged by MOS
    OnOff,     ///< UDP at a rate, in periods of on and off
    BulkUdp,   ///< UDP at a constant rate
    BulkTcp,   ///< TCP as fast as it goes
    Ping,      ///< ICMP echo every interval
    Broadcast, ///< UDP broadcast at a constant rate to all VMs of the sender's network
    Arp,       ///< forgets and resolves an address every interval
};

enum class Codec
{
    Teams, ///< Opus-like wide-band profile
    G711,
};

/// A flow between hosts on the LANs of two sites, or between VMs; pings between hypervisors too.
struct Flow
{
    std::string name;
    std::string about;
    TrafficKind kind = TrafficKind::Voice;
    std::optional<Index> application; ///< into Scenario::applications; its ports include the flow's
    Index from = 0;                   ///< into the list of fromKind
    Index to = 0;                     ///< into the list of toKind
    NodeKind fromKind = NodeKind::Site; ///< Site, Vm or (ping) Hypervisor
    NodeKind toKind = NodeKind::Site;   ///< likewise; None for broadcasts and for toAddress
    std::optional<IpAddress> toAddress; ///< ping, arp: an address in place of a node
    bool bothWays = false;              ///< the answering host sends the same in return
    Duration start{0};
    Duration stop{0};
    std::uint16_t sourcePort = 0;
    std::uint16_t destinationPort = 0;
    Codec codec = Codec::Teams; ///< voice
    double rate = 0;            ///< onoff, bulk-udp, broadcast: bit/s of UDP payload while on
    std::uint32_t size =
        0; ///< onoff, bulk-udp, broadcast: bytes of UDP payload of a packet; ping: of ICMP payload
    Duration interval{0};                 ///< ping, arp: from one to the next
    bool dontFragment = false;            ///< ping: DF is set
    std::optional<std::uint64_t> packets; ///< ping, broadcast, arp: how many at most
    Duration on{0};                       ///< onoff
    Duration off{0};                      ///< onoff
    std::optional<std::uint64_t> bytes; ///< bulk-tcp: amount; without it the flow lasts until stop

    /// @return Tcp for bulk-tcp, Udp for every other kind (ping and arp have neither)
    Protocol TransportProtocol() const;

    NodeRef
    From() const
    {
        return {fromKind, from};
    }

    NodeRef
    To() const
    {
        return {toKind, to};
    }
};

enum class EventShape
{
    Step,   ///< full effect from start to end
    Ramp,   ///< effect grows linearly from nothing at the start to full at the end
    Square, ///< full effect in the first half of every period
};

/// Directions of a path that an event touches.
struct EventTarget
{
    Index path = 0; ///< into Scenario::paths
    bool forward = false;
    bool backward = false;
};

enum class EventKind
{
    Weather, ///< of paths between sites
    Move,    ///< a VM moves
    Wire,    ///< of the fabric
    Node,    ///< of a router, hypervisor, VM, gateway, controller or service node
};

/// A VM's way to another hypervisor.
struct Move
{
    Index vm = 0; ///< into Scenario::vms
    Index to = 0; ///< into Scenario::hypervisors
    Announcement announce = Announcement::Garp;
    Duration stun{0};        ///< time for which the VM stands still
    bool oldPortDown = true; ///< the port it leaves goes down; else it stays up and is mute
    bool newFirst = false;   ///< the new port comes up before the old one goes down
};

/// Something that happens at a stated time.
struct Event
{
    std::string name;
    std::string about;
    EventKind kind = EventKind::Weather;
    Move move;               ///< Move; end = at + stun
    WireRef wire;            ///< Wire: down, or addLoss in the directions below
    NodeRef node;            ///< Node: down
    bool wireForward = true; ///< Wire, loss: from the node named first, or away from the host
    bool wireBackward = true;
    Duration at{0};
    Duration end{0};                  ///< end of the run when the file gives no `for`
    std::optional<LinkRef> link;      ///< set when the event was given for a link
    std::vector<EventTarget> targets; ///< every path direction touched, for either form
    std::string targetText; ///< as written: "bristol.broadband" or "bristol.broadband>hq.dia"
    EventShape shape = EventShape::Step;
    Duration period{0};             ///< square
    std::optional<Duration> jitter; ///< stands in for the path's jitter while it lasts
    double addLoss = 0;             ///< added to the path's loss
    Duration addDelay{0};           ///< added to the path's delay, one way
    bool down = false;              ///< nothing passes
};

// ---------------------------------------------------------------- all together

/// What is recorded besides decisions and totals.
struct Record
{
    Duration interval{0};        ///< width of the bins of time series
    bool capture = false;        ///< pcapng of every WAN link and of the wires below
    std::vector<WireRef> frames; ///< whose frames are decoded to frames.csv; all named by "all"
    bool tables = false;         ///< every change of every table
};

/// A named set of overrides.
struct Variant
{
    std::string name;
    std::string about;
    std::vector<std::string> set; ///< each as "path=value"
};

struct Scenario
{
    std::string name;
    std::string about;
    Duration duration{0};
    std::uint64_t seed = 1;
    Record record;
    std::vector<Cloud> clouds;
    std::vector<Site> sites;
    std::vector<Path> paths;
    std::optional<Fabric> fabric;
    OverlaySettings overlay; ///< of hypervisors that override nothing
    std::vector<VirtualNetwork> networks;
    std::vector<Hypervisor> hypervisors;
    std::vector<Vm> vms;
    std::vector<Gateway> gateways;
    std::optional<Controller> controller;
    std::vector<ServiceNode> serviceNodes;
    Tunnels tunnels;
    std::vector<Application> applications;
    std::vector<Sla> slas; ///< the built-in ones (voice, video, transactional, bulk) first
    std::vector<Rule>
        rules; ///< the last one matches everything; added when the file has no such rule
    std::vector<Flow> traffic;
    std::vector<Event> events;
    std::vector<Expectation> expectations;

    std::string file;   ///< as given on the command line
    std::string digest; ///< 8 hexadecimal digits that tell scenarios apart; seed and prose left out
    std::vector<std::string> overrides; ///< each as "path=value"; those of the variant come first
    std::string variant = "base";       ///< the one in force; "base": none
    std::vector<Variant> variants;      ///< all that the file gives

    /// @return the link a reference stands for
    const Link& At(const LinkRef& ref) const;
    /// @return "site.link"
    std::string Name(const LinkRef& ref) const;
    /// @return "site.link>site.link", from first to second
    std::string Name(const Path& path) const;
    /// @return "host1"; nothing for NodeKind::None
    std::string Name(const NodeRef& node) const;
    /// @return "leaf1.spine1", "leaf1.spine1.2", "host1.uplink", "vm1.port"
    std::string Name(const WireRef& wire) const;
    /// @return the settings of a wire; not for ports
    const EthernetSettings& At(const WireRef& wire) const;
    /// @return the host's link to the fabric or site; hypervisors, controller, service nodes
    const Attachment& AttachmentOf(const NodeRef& host) const;
};

/// Names as written in files and results.
std::string_view ToString(CloudKind kind);
std::string_view ToString(QueueKind kind);
std::string_view ToString(Cipher cipher);
std::string_view ToString(Protocol protocol);
std::string_view ToString(TrafficClass trafficClass);
std::string_view ToString(JitterMetric metric);
std::string_view ToString(FecGroup group);
std::string_view ToString(FecWhen when);
std::string_view ToString(TrafficKind kind);
std::string_view ToString(Codec codec);
std::string_view ToString(EventShape shape);
std::string_view ToString(EventKind kind);
/// @return "10.20.30.0/24"
std::string ToString(const Prefix& prefix);

} // namespace weft::spec

#endif
