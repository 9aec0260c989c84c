// SPDX-License-Identifier: GPL-2.0-only
/** @file How a VTEP behaves. The defaults are RFC 7348's. */
#ifndef VXLAN_VTEP_CONFIG_H
#define VXLAN_VTEP_CONFIG_H

#include "vxlan-arp-proxy.h"
#include "vxlan-encapsulation.h"
#include "vxlan-mapping.h"
#include "vxlan-replication.h"

#include <optional>

namespace weft::vxlan
{

/// One virtual network.
struct NetworkConfig
{
    Vni vni = 0;                        ///< at most MAX_VNI
    IpAddress group{};                  ///< of its broadcasts; several networks may share one
    std::vector<IpAddress> floodList{}; ///< the other VTEPs; this one's own address is skipped
    std::uint16_t vlan = 0;             ///< its VLAN on trunks, 1-4094; 0: none
};

/// When is an entry of the VTEP FDB refreshed?
enum class AgeRefresh : std::uint8_t
{
    OnReceive,           ///< by frames from the station (Linux since about 6.15)
    OnReceiveOrTransmit, ///< by frames to it too (Linux before): a silent move never heals
};

/**
 * What happens to a frame whose envelope exceeds the underlay's MTU. In this order:
 * inner DF set and @ref icmp: dropped, and the sender gets "fragmentation needed" (RFC 1191), or
 * ICMPv6 "packet too big", from its destination's address;
 * outer DF clear and @ref fragment: the envelope is cut into fragments;
 * else: dropped silently.
 */
struct MtuPolicy
{
    bool fragment = false; ///< RFC 7348 section 4.3: a VTEP must not
    bool icmp = false;
};

struct VtepConfig
{
    IpAddress address; ///< unicast
    EncapsulationConfig encapsulation;
    std::vector<NetworkConfig> networks;

    MappingKind mapping = MappingKind::DataPlane;
    FdbConfig fdb; ///< ageing, sweep, limit
    AgeRefresh ageRefresh = AgeRefresh::OnReceive;

    ReplicationKind replication = ReplicationKind::Multicast;
    /// Controller mapping: replication while the controller is lost. Default: as @ref replication.
    std::optional<ReplicationKind> fallbackReplication;
    HeadEndOrder headEndOrder = HeadEndOrder::List;
    std::vector<IpAddress> nodes; ///< service nodes, or replicators of assisted replication
    BfdConfig probe;              ///< of the nodes
    bool probes = true;
    /// This VTEP replicates for others what is sent to this address of its own (AR-IP of RFC 9574,
    /// which must differ from @ref address). None: it does not.
    IpAddress replicatorAddress;
    /// Its copies carry the address of the VTEP that sent the frame, so that data-plane learning
    /// works; else its own, and nobody learns from them.
    bool replicatorKeepsSource = true;

    bool floodUnknownUnicast = true;
    /// Floods frames of stations that are new here though their destination is known, so that other
    /// VTEPs notice a move.
    bool floodOnNewLocalMac = false;
    /// Answers ARP requests for known addresses instead of flooding them. With
    /// ReplicationKind::None this is always so.
    bool arpSuppression = false;
    ArpProxyConfig arp;

    std::uint32_t mtu = 1500; ///< IP MTU of the underlay, at least 576 (IPv6: 1280)
    MtuPolicy mtuPolicy;
};

/// @param self the VTEP's address
/// @throws std::invalid_argument naming the field, its value and the rule
void Validate(const NetworkConfig& network, const IpAddress& self);
/// Likewise.
void Validate(const VtepConfig& config);

} // namespace weft::vxlan

#endif
