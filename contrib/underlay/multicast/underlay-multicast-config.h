// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What a multicast router is told at its construction. Defaults are those of the standards named.
 */
#ifndef UNDERLAY_MULTICAST_CONFIG_H
#define UNDERLAY_MULTICAST_CONFIG_H

#include "underlay-multicast-types.h"

namespace weft::multicast
{

enum class Mode : std::uint8_t
{
    Sparse,        ///< PIM-SM, RFC 7761
    Dense,         ///< PIM-DM, RFC 3973
    Bidirectional, ///< BIDIR-PIM, RFC 5015
    Static,        ///< trees computed beforehand and installed; no PIM message is ever sent
};

/// @return "sparse", "dense", "bidirectional" or "static"
std::string_view ToString(Mode mode);

/// When a last-hop router leaves the shared tree for the source's own (RFC 7761 section 4.2.1).
enum class SptSwitch : std::uint8_t
{
    Immediate, ///< on a source's first packet
    Never,
    Threshold, ///< once a source sends faster than RouterConfig::sptThreshold
};

/// A Rendezvous Point and the groups it serves. The longest matching prefix decides.
struct RpMapping
{
    IpPrefix groups{IpAddress::V4(0xe0000000), 4}; ///< default 224.0.0.0/4
    IpAddress rp;                                  ///< IPv4
};

/// RFC 7761 section 4.11, RFC 3973 section 4.8, RFC 5015 section 3.6.
struct PimTimers
{
    TimeNs hello{std::chrono::seconds(30)};
    TimeNs helloHoldtime{std::chrono::seconds(105)};
    TimeNs triggeredHello{std::chrono::seconds(5)};      ///< longest random delay
    TimeNs joinPrune{std::chrono::seconds(60)};          ///< t_periodic
    TimeNs joinPruneHoldtime{std::chrono::seconds(210)}; ///< lifetime of what a message asks for
    TimeNs propagation{std::chrono::milliseconds(500)};  ///< of LAN Prune Delay
    TimeNs override{std::chrono::milliseconds(2500)};    ///< of LAN Prune Delay
    TimeNs registerSuppression{std::chrono::seconds(60)};
    TimeNs registerProbe{std::chrono::seconds(5)};
    TimeNs keepalive{std::chrono::seconds(210)};
    TimeNs rpKeepalive{std::chrono::seconds(185)};
    TimeNs assertTime{std::chrono::seconds(180)};
    TimeNs assertOverride{std::chrono::seconds(3)};
    TimeNs graftRetry{std::chrono::seconds(3)};
    TimeNs pruneLimit{std::chrono::seconds(210)};   ///< t_limit: prunes from one router
    TimeNs sourceActive{std::chrono::seconds(210)}; ///< dense: life of an entry without data
    TimeNs stateRefresh{std::chrono::seconds(60)};
    TimeNs dfOffer{std::chrono::milliseconds(100)};
    TimeNs dfBackoff{std::chrono::seconds(1)};
    unsigned dfRobustness = 3;
};

/// RFC 3376 section 8, RFC 2236 section 8.
struct IgmpTimers
{
    unsigned robustness = 2; ///< 1 to 7
    TimeNs queryInterval{std::chrono::seconds(125)};
    TimeNs queryResponse{std::chrono::seconds(10)};
    TimeNs lastMemberInterval{std::chrono::seconds(1)};
    unsigned lastMemberCount = 2;

    /// Group Membership Interval: 260 s by default.
    TimeNs
    Membership() const
    {
        return queryInterval * robustness + queryResponse;
    }

    /// Other Querier Present Interval: 255 s by default.
    TimeNs
    OtherQuerier() const
    {
        return queryInterval * robustness + queryResponse / 2;
    }

    /// Last Member Query Time: 2 s by default.
    TimeNs
    LastMember() const
    {
        return lastMemberInterval * lastMemberCount;
    }
};

/// An interface of the router.
struct PortConfig
{
    IpAddress address;          ///< IPv4 unicast, unique on the link; source of what is sent there.
                                ///< None is allowed where neither PIM nor IGMP runs
    unsigned prefixLength = 24; ///< of the link's network, 1 to 32
    bool pim = true;            ///< false: no Hello is sent and no PIM message taken (host link)
    bool igmp = true;           ///< false: no queries and no reports (link between routers)
    bool up = true;
};

struct RouterConfig
{
    Mode mode = Mode::Sparse;
    std::vector<PortConfig> ports;
    IpAddress address;          ///< IPv4, unique in the network: source of Registers, to which
                                ///< Register-Stops come. None: the address of the source's port
    std::vector<RpMapping> rps; ///< needed by Sparse and Bidirectional
    unsigned igmpVersion = 3;   ///< 2 or 3
    SptSwitch sptSwitch = SptSwitch::Immediate;
    std::uint64_t sptThreshold = 0; ///< bit/s of IP packets, over sptWindow; for Threshold
    TimeNs sptWindow{std::chrono::seconds(1)};
    bool rpJoinsSources = true;     ///< the RP joins (S,G) when a Register arrives
    bool registerForwarding = true; ///< the RP forwards decapsulated Registers (RFC 7761 4.4.2)
    bool joinSuppression = true;    ///< a Join seen on the link delays one's own (RFC 7761 4.5.4)
    bool stateRefresh = true;       ///< dense: first-hop routers originate State Refresh
    std::uint32_t drPriority = 1;
    std::size_t maxSources = 65536; ///< (S,G) entries; beyond: CacheFull
    std::uint32_t mtu = 1500;       ///< longest Join/Prune message as an IP packet, 576 up
    std::uint64_t key = 0;          ///< of random delays and Generation IDs; different per router
    PimTimers pim{};
    IgmpTimers igmp{};
};

/// Checks every field. @throws std::invalid_argument naming the field, its value and the rule
void CheckConfig(const RouterConfig& config);

} // namespace weft::multicast

#endif
