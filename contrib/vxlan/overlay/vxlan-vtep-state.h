// SPDX-License-Identifier: GPL-2.0-only
/** @file Private: what a Vtep holds. */
#ifndef VXLAN_VTEP_STATE_H
#define VXLAN_VTEP_STATE_H

#include "vxlan-vtep.h"

namespace weft::vxlan
{

struct Vtep::State
{
    struct Network
    {
        FloodNetwork flood;
        std::vector<MacAddress> ownStations;
    };

    /// A group and how many networks use it: joined with the first, left with the last.
    struct Group
    {
        IpAddress address;
        std::uint32_t networks = 0;
    };

    State(const VtepConfig& configuration, TimeNs now);

    // -- Networks
    void AddNetwork(const NetworkConfig& network, TimeNs now);
    bool RemoveNetwork(Vni vni, TimeNs now);
    bool UsesGroups() const;
    void Join(const IpAddress& group);
    void Leave(const IpAddress& group);
    bool IsJoined(const IpAddress& group) const;

    /// @return a network's domain index; nothing when it is not configured
    std::optional<std::uint16_t>
    DomainOf(Vni vni) const
    {
        const auto found = domains.find(vni);
        return found == domains.end() ? std::nullopt : std::optional(found->second);
    }

    // -- From the bridge
    DropReason OnLocalFrame(Vni vni, ByteView frame, TimeNs now, bool newLocalSource);
    DropReason ToTunnel(std::uint16_t domain, ByteView frame, TimeNs now, bool newLocalSource);
    bool ProxyArp(std::uint16_t domain, ByteView frame, const MacAddress& destination, TimeNs now);
    DropReason Unicast(std::uint16_t domain, ByteView frame, const IpAddress& remote);
    DropReason Flood(std::uint16_t domain, ByteView frame, FloodKind kind, AddressList targets);
    AddressList TargetsOf(std::uint16_t domain, ByteView frame, FloodKind kind);
    /// Wraps a frame and queues it. @param[out] sent what left
    DropReason Transmit(ByteView frame,
                        const IpAddress& source,
                        UnderlayMeta& meta,
                        FloodTargets& targets,
                        Sent& sent);
    DropReason CheckSize(std::uint16_t domain, ByteView frame, bool answer);
    bool AnswerTooBig(std::uint16_t domain,
                      ByteView frame,
                      std::size_t ipOffset,
                      std::uint32_t mtu);

    // -- From the underlay
    DropReason OnUnderlayPacket(ByteView packet, TimeNs now);
    DropReason OnTunnelPacket(ByteView packet, TimeNs now);
    DropReason OnProbe(ByteView packet, TimeNs now);
    DropReason Replicate(std::uint16_t domain, const Decapsulated& facts);
    ArpProxy& Proxy();

    /// @return the replication in force
    Replication&
    Replicator()
    {
        return fallback && !mapping->Connected() ? *fallback : *replication;
    }

    ReplicationKind
    ReplicationNow() const
    {
        return fallback && !mapping->Connected() ? *config.fallbackReplication : config.replication;
    }

    TimeNs NextDeadline() const;
    void OnDeadline(TimeNs now);
    void PumpProbes();

    VtepConfig config; ///< networks and flood lists left out
    std::unique_ptr<Encapsulation> encapsulation;
    std::unique_ptr<Mapping> mapping;
    std::unique_ptr<Replication> replication;
    std::unique_ptr<Replication> fallback; ///< null: the same
    std::unique_ptr<BfdResponder> responder;
    std::unique_ptr<ArpProxy> arp;
    VtepFdb fdb;
    absl::flat_hash_map<Vni, std::uint16_t> domains;
    std::vector<Network> networks; ///< by domain
    std::vector<std::uint16_t> freeDomains;
    std::vector<Group> groups;
    VtepCounters counters;

    PacketQueue wrapped; ///< of the frame in hand
    Dispatcher dispatcher;
    FanOut underlay;
    netbase::OutputQueue<LocalMeta> local;
    netbase::OutputQueue<GroupChange> membership;
    Bytes frame; ///< just decapsulated
    Bytes scratch;
};

} // namespace weft::vxlan

#endif
