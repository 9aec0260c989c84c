// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * An IPv4 router between virtual networks: one interface a network, connected routes and an
 * optional default route, one bounded ARP cache for all interfaces.
 *
 * It is a station of each of its networks: the hypervisor gives every interface a port of the
 * bridge. A cache smaller than the number of stations it serves shows as evictions and extra ARP
 * requests in its counters (the source paper: "the ARP cache must accommodate the number of VMs").
 * IPv6 is not routed; such packets are counted as NoRoute.
 */
#ifndef VXLAN_ROUTER_H
#define VXLAN_ROUTER_H

#include "vxlan-drops.h"
#include "vxlan-vrrp.h"

#include "netbase-ipv4.h"
#include "netbase-neighbour-cache.h"
#include "netbase-table-change.h"

#include <optional>
#include <vector>

namespace weft::vxlan
{

/// @return whether it is the IPv4 address of a single station: no group, network 0 or loopback
bool IsUnicastV4(const IpAddress& address);

struct RouterInterfaceConfig
{
    Vni vni = 0;
    MacAddress mac;
    IpAddress address;              ///< IPv4
    unsigned prefixLength = 24;     ///< 1-31
    std::uint32_t mtu = 1500;       ///< bytes of an IP packet, at least 68
    std::optional<VrrpConfig> vrrp; ///< a virtual router on this interface
};

struct RouterConfig
{
    std::vector<RouterInterfaceConfig> interfaces; ///< distinct VNIs, subnets that do not overlap
    IpAddress defaultGateway;            ///< in one of the subnets; none: no default route
    netbase::NeighbourConfig neighbours; ///< of the ARP cache
};

/// Invariant: forwarded + made = sent + packets waiting for ARP + drops of NoNeighbour + NoBuffer.
struct RouterCounters
{
    std::uint64_t forwarded = 0;  ///< packets with a way from one station to another
    std::uint64_t delivered = 0;  ///< packets to the router itself
    std::uint64_t made = 0;       ///< the router's own packets: echo replies, ICMP errors
    std::uint64_t echoes = 0;     ///< of these: echo replies
    std::uint64_t icmpErrors = 0; ///< of these: time exceeded, unreachable, too big
    std::uint64_t sent = 0;       ///< packets that left
    std::uint64_t sentBytes = 0;  ///< of IP
    std::uint64_t fragmented = 0; ///< of sent: left as fragments
    std::uint64_t arpRequestsSent = 0;
    std::uint64_t arpRepliesSent = 0;
    std::uint64_t gratuitousSent = 0; ///< by AnnounceGarp(); VRRP counts its own
    DropCounts drops;
};

/// Accompanies a frame that the router sends.
struct RouterOutput
{
    std::uint32_t interface = 0; ///< index in RouterConfig::interfaces
};

/// Sans-I/O. Limits: no redirects are sent, and ICMP errors are not rate-limited.
class Router
{
  public:
    /// @throws std::invalid_argument naming the field, its value and the rule
    explicit Router(const RouterConfig& config);

    /// A frame arrived from an interface's network, without a tag.
    /// @return why it went no further; None when it was forwarded, answered or waits for ARP.
    /// NotForUs: for another station, since a switch floods
    DropReason OnFrame(std::uint32_t interface, ByteView frame, TimeNs now);

    /// The interfaces came into service, all at once: VRRP starts.
    void Start(TimeNs now);
    /// They go out of service. @param orderly VRRP says so (priority 0); else they just die
    void Stop(TimeNs now, bool orderly);
    bool IsUp() const;

    /// Announces the address of every interface by gratuitous ARP.
    void AnnounceGarp();

    bool PollFrame(Bytes& frame, RouterOutput& output);
    /// Takes a change of the ARP cache: domain is the VNI, source the interface's address.
    bool PollTableChange(netbase::TableChange& change);
    /// Takes a change of a virtual router. @param[out] interface where
    bool PollTransition(VrrpTransition& transition, std::uint32_t& interface);

    TimeNs NextDeadline() const;
    void OnDeadline(TimeNs now);

    const RouterConfig& Config() const;
    const RouterCounters& Counters() const;
    const netbase::NeighbourCache& Neighbours() const;
    /// @return the virtual router of an interface, or nullptr
    const Vrrp* VrrpOf(std::uint32_t interface) const;

  private:
    struct Interface
    {
        std::uint32_t network = 0; ///< IPv4, host bits zero
        std::uint32_t mask = 0;
        std::uint32_t address = 0;
        std::optional<Vrrp> vrrp;
    };

    /// Where a packet goes next.
    struct Hop
    {
        std::uint32_t interface;
        IpAddress address;
    };

    bool IsOurMac(std::uint32_t interface, const MacAddress& mac) const;
    /// @return MAC to answer ARP for an address with; nothing when it is not ours now
    std::optional<MacAddress> MacFor(std::uint32_t interface, const IpAddress& address) const;
    bool IsOurAddress(std::uint32_t address) const;
    bool AcceptsFor(std::uint32_t address) const;
    bool IsSubnetBroadcast(std::uint32_t address) const;
    std::optional<Hop> RouteTo(const IpAddress& destination) const;

    DropReason OnArp(std::uint32_t interface, ByteView payload, TimeNs now);
    DropReason OnIpv4(std::uint32_t interface, const MacAddress& to, ByteView packet, TimeNs now);
    DropReason OnVrrp(std::uint32_t interface, ByteView packet, TimeNs now);
    DropReason Deliver(ByteView packet, const netbase::Ipv4Header& header, TimeNs now);
    DropReason Forward(ByteView packet, const netbase::Ipv4Header& header, TimeNs now);
    DropReason Emit(const Hop& hop, ByteView packet, TimeNs now);
    void EmitFrame(std::uint32_t interface, const MacAddress& to, ByteView packet);
    /// Sends the packet in m_made, which is the router's own.
    void SendMade(TimeNs now);
    void PumpCache(TimeNs now);
    void PumpVrrp();
    DropReason Drop(DropReason reason);

    RouterConfig m_config;
    std::vector<Interface> m_interfaces;
    netbase::NeighbourCache m_neighbours;
    netbase::OutputQueue<RouterOutput> m_frames;
    Bytes m_made;   ///< packet under construction
    Bytes m_packet; ///< packet whose TTL was changed, or a fragment
    Bytes m_fragment;
    Bytes m_held;                    ///< packet that comes back from the cache
    Bytes m_failed;                  ///< of these, one to complain about
    std::uint64_t m_pendingLost = 0; ///< of the cache's drops, already in ours
    bool m_up = false;
    RouterCounters m_counters;
};

} // namespace weft::vxlan

#endif
