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

#include "vxlan-vrrp.h"

#include "netbase-neighbour-cache.h"
#include "netbase-table-change.h"

#include <memory>

namespace weft::vxlan
{

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

struct RouterCounters
{
    std::uint64_t forwarded = 0; ///< packets sent from one interface to another or the same
    std::uint64_t forwardedBytes = 0;
    std::uint64_t delivered = 0;  ///< to the router itself: echo requests
    std::uint64_t fragmented = 0; ///< packets that left as fragments
    std::uint64_t arpRequestsSent = 0;
    std::uint64_t arpRepliesSent = 0;
    std::uint64_t icmpSent = 0; ///< errors: time exceeded, unreachable, fragmentation needed
    std::array<std::uint64_t, 64> drops{}; ///< by DropReason
};

/// Accompanies a frame that the router sends.
struct RouterOutput
{
    std::uint32_t interface = 0; ///< index in RouterConfig::interfaces
};

/// Sans-I/O.
class Router
{
  public:
    /// @throws std::invalid_argument naming the field, its value and the rule
    Router(const RouterConfig& config, TimeNs now);
    ~Router();
    Router(Router&&) noexcept;
    Router& operator=(Router&&) noexcept;

    /// A frame arrived from an interface's network, without a tag. Frames for other stations are
    /// ignored: a switch floods them here.
    /// @return why it went no further; None when it was forwarded, answered or waits for ARP
    DropReason OnFrame(std::uint32_t interface, ByteView frame, TimeNs now);

    /// The interface's port went up or down. VRRP starts and fails with it.
    void SetInterfaceUp(std::uint32_t interface, bool up, TimeNs now);

    /// Orderly stop of VRRP on all interfaces (priority 0), as for maintenance.
    void ShutdownVrrp(TimeNs now);

    /// Sends an echo request. @return NoRoute when the address is not on a connected network and
    /// there is no default route
    DropReason Ping(const IpAddress& to, std::uint16_t id, std::uint16_t sequence, TimeNs now);

    bool PollFrame(Bytes& frame, RouterOutput& output);
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
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace weft::vxlan

#endif
