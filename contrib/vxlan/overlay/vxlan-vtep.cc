// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-vtep.h"

#include "vxlan-vtep-state.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace weft::vxlan
{

namespace
{

constexpr std::size_t MAX_NETWORKS = 65535;
constexpr std::size_t MAX_PROBERS = 65536; ///< BFD sessions of a replicator

/// A replicator replicates its own frames itself (RFC 9574 section 5.1).
ReplicationKind
KindFor(const VtepConfig& config, ReplicationKind kind)
{
    return kind == ReplicationKind::Assisted && !config.replicatorAddress.IsNone()
               ? ReplicationKind::HeadEnd
               : kind;
}

EncapsulationConfig
EncapsulationOf(const VtepConfig& config)
{
    EncapsulationConfig encapsulation = config.encapsulation;
    encapsulation.mtu = config.mtu;
    return encapsulation;
}

} // namespace

FloodCount
VtepCounters::FloodedTotal() const
{
    FloodCount total;
    for (const FloodCount& count : flooded)
    {
        total.frames += count.frames;
        total.copies += count.copies;
        total.bytes += count.bytes;
    }
    return total;
}

Vtep::State::State(const VtepConfig& configuration, TimeNs now)
    : config(configuration), mapping(MakeMapping(configuration.mapping)),
      fdb(configuration.fdb, now)
{
    Validate(config);
    config.encapsulation = EncapsulationOf(config);
    encapsulation = MakeEncapsulation(config.encapsulation);
    const ReplicationConfig replicate{.address = config.address,
                                      .nodes = config.nodes,
                                      .probe = config.probe,
                                      .probes = config.probes,
                                      .key = config.encapsulation.hashKey};
    replication = MakeReplication(KindFor(config, config.replication), replicate, now);
    if (config.fallbackReplication && *config.fallbackReplication != config.replication)
    {
        fallback = MakeReplication(KindFor(config, *config.fallbackReplication), replicate, now);
    }
    if (!config.replicatorAddress.IsNone())
    {
        responder =
            std::make_unique<BfdResponder>(config.probe, MAX_PROBERS, config.encapsulation.hashKey);
    }
    const auto list = std::move(config.networks);
    config.networks.clear();
    for (const NetworkConfig& network : list)
    {
        AddNetwork(network, now);
    }
}

void
Vtep::State::AddNetwork(const NetworkConfig& network, TimeNs)
{
    Validate(network, config.address);
    if (domains.contains(network.vni))
    {
        throw std::invalid_argument("vtep: network.vni is " + std::to_string(network.vni) +
                                    ", but the network exists already");
    }
    std::uint16_t domain = 0;
    if (!freeDomains.empty())
    {
        domain = freeDomains.back();
        freeDomains.pop_back();
    }
    else
    {
        if (networks.size() == MAX_NETWORKS)
        {
            throw std::invalid_argument("vtep: networks is 65536, but has to be 65535 at most");
        }
        domain = static_cast<std::uint16_t>(networks.size());
        networks.emplace_back();
    }
    domains[network.vni] = domain;
    fdb.NameDomain(domain, network.vni);
    FloodNetwork& flood = networks[domain].flood;
    flood.vni = network.vni;
    flood.group = network.group;
    flood.others = OrderFloodList(network.floodList, config.address, config.headEndOrder);
    if (!network.group.IsNone())
    {
        flood.groupList = std::make_shared<const std::vector<IpAddress>>(1, network.group);
        Join(network.group);
    }
}

bool
Vtep::State::RemoveNetwork(Vni vni, TimeNs now)
{
    const auto domain = DomainOf(vni);
    if (!domain)
    {
        return false;
    }
    fdb.FlushDomain(*domain, TableCause::Flushed, now);
    if (arp)
    {
        arp->RemoveDomain(*domain);
    }
    if (networks[*domain].flood.groupList)
    {
        Leave(networks[*domain].flood.group);
    }
    networks[*domain] = Network{};
    domains.erase(vni);
    freeDomains.push_back(*domain);
    return true;
}

/// @return whether groups are joined. While a controller is there they are joined for the day it is
/// not: other VTEPs may have lost it already and flood to them.
bool
Vtep::State::UsesGroups() const
{
    return replication->UsesGroups() || (fallback && fallback->UsesGroups());
}

void
Vtep::State::Join(const IpAddress& group)
{
    if (!UsesGroups())
    {
        return;
    }
    const auto found = std::find_if(
        groups.begin(), groups.end(), [&group](const Group& g) { return g.address == group; });
    if (found != groups.end())
    {
        ++found->networks;
        return;
    }
    groups.push_back({.address = group, .networks = 1});
    membership.Push().meta = {.group = group, .join = true};
}

void
Vtep::State::Leave(const IpAddress& group)
{
    const auto found = std::find_if(
        groups.begin(), groups.end(), [&group](const Group& g) { return g.address == group; });
    if (found != groups.end() && --found->networks == 0)
    {
        groups.erase(found);
        membership.Push().meta = {.group = group, .join = false};
    }
}

bool
Vtep::State::IsJoined(const IpAddress& group) const
{
    return std::any_of(
        groups.begin(), groups.end(), [&group](const Group& g) { return g.address == group; });
}

ArpProxy&
Vtep::State::Proxy()
{
    if (!arp)
    {
        arp = std::make_unique<ArpProxy>(config.arp);
    }
    return *arp;
}

TimeNs
Vtep::State::NextDeadline() const
{
    TimeNs next =
        std::min({fdb.NextDeadline(), encapsulation->NextDeadline(), replication->NextDeadline()});
    if (fallback)
    {
        next = std::min(next, fallback->NextDeadline());
    }
    if (responder)
    {
        next = std::min(next, responder->NextDeadline());
    }
    return next;
}

void
Vtep::State::OnDeadline(TimeNs now)
{
    fdb.Expire(now);
    counters.framesLost += encapsulation->OnDeadline(now);
    replication->OnDeadline(now);
    if (fallback)
    {
        fallback->OnDeadline(now);
    }
    if (responder)
    {
        responder->OnDeadline(now);
    }
    PumpProbes();
}

void
Vtep::State::PumpProbes()
{
    const auto pump = [this](auto poll) {
        for (scratch.clear(); poll(scratch); scratch.clear())
        {
            ++counters.probesSent;
            UnderlayMeta meta;
            meta.probe = true;
            underlay.Push(scratch, meta);
        }
    };
    pump([this](Bytes& packet) { return replication->PollProbe(packet); });
    if (fallback)
    {
        pump([this](Bytes& packet) { return fallback->PollProbe(packet); });
    }
    if (responder)
    {
        pump([this](Bytes& packet) { return responder->Poll(packet); });
    }
}

Vtep::Vtep(const VtepConfig& config, TimeNs now) : m_state(std::make_unique<State>(config, now))
{
}

Vtep::~Vtep() = default;

void
Vtep::AddNetwork(const NetworkConfig& network, TimeNs now)
{
    m_state->AddNetwork(network, now);
}

bool
Vtep::RemoveNetwork(Vni vni, TimeNs now)
{
    return m_state->RemoveNetwork(vni, now);
}

bool
Vtep::HasNetwork(Vni vni) const
{
    return m_state->domains.contains(vni);
}

DropReason
Vtep::SetFloodList(Vni vni, const std::vector<IpAddress>& others)
{
    const auto domain = m_state->DomainOf(vni);
    if (!domain)
    {
        return DropReason::UnknownVni;
    }
    const VtepConfig& config = m_state->config;
    Validate(NetworkConfig{.vni = vni, .group = {}, .floodList = others, .vlan = 0},
             config.address);
    m_state->networks[*domain].flood.others =
        OrderFloodList(others, config.address, config.headEndOrder);
    return DropReason::None;
}

void
Vtep::SetMtu(std::uint32_t mtu)
{
    VtepConfig changed = m_state->config;
    changed.mtu = mtu;
    Validate(changed);
    m_state->config.mtu = mtu;
    m_state->config.encapsulation.mtu = mtu;
    if (changed.encapsulation.kind == EncapsulationKind::Stt)
    {
        // Only STT cuts segments by it; frames half received are given up.
        m_state->counters.framesLost += m_state->encapsulation->OnDeadline(NEVER);
        m_state->encapsulation = MakeEncapsulation(m_state->config.encapsulation);
    }
}

DropReason
Vtep::OnLocalFrame(Vni vni, ByteView frame, TimeNs now, bool newLocalSource)
{
    return m_state->OnLocalFrame(vni, frame, now, newLocalSource);
}

bool
Vtep::Matches(ByteView ipPacket) const
{
    const bool probed = m_state->responder || !m_state->config.nodes.empty();
    return m_state->encapsulation->Matches(ipPacket) || (probed && IsBfd(ipPacket));
}

DropReason
Vtep::OnUnderlayPacket(ByteView ipPacket, TimeNs now)
{
    return m_state->OnUnderlayPacket(ipPacket, now);
}

bool
Vtep::PollUnderlay(Bytes& ipPacket, UnderlayMeta& meta)
{
    return m_state->underlay.Poll(ipPacket, meta);
}

bool
Vtep::PollLocal(Bytes& frame, LocalMeta& meta)
{
    return m_state->local.Pop(frame, meta);
}

bool
Vtep::PollMembership(GroupChange& change)
{
    Bytes none;
    return m_state->membership.Pop(none, change);
}

DropReason
Vtep::Install(Vni vni,
              const MacAddress& mac,
              const IpAddress& remote,
              FdbOrigin origin,
              TimeNs now,
              const IpAddress& address)
{
    const auto domain = m_state->DomainOf(vni);
    if (!domain)
    {
        return DropReason::UnknownVni;
    }
    switch (m_state->fdb.Install(*domain, mac, remote, origin, now))
    {
    case InstallResult::Full:
        return DropReason::NoBuffer;
    case InstallResult::Conflict:
        return DropReason::StaticConflict;
    case InstallResult::Done:
        break;
    }
    return address.IsNone() ? DropReason::None : SetArp(vni, address, mac, origin, now);
}

DropReason
Vtep::Withdraw(
    Vni vni, const MacAddress& mac, FdbOrigin origin, TimeNs now, const IpAddress& address)
{
    const auto domain = m_state->DomainOf(vni);
    if (!domain)
    {
        return DropReason::UnknownVni;
    }
    bool removed = m_state->fdb.Withdraw(*domain, mac, origin, now);
    if (!address.IsNone() && m_state->arp)
    {
        removed = m_state->arp->Remove(*domain, address, origin) || removed;
    }
    return removed ? DropReason::None : DropReason::NoDestination;
}

DropReason
Vtep::SetArp(Vni vni, const IpAddress& address, const MacAddress& mac, FdbOrigin origin, TimeNs now)
{
    const auto domain = m_state->DomainOf(vni);
    if (!domain)
    {
        return DropReason::UnknownVni;
    }
    return m_state->Proxy().Set(*domain, address, mac, origin, now) ? DropReason::None
                                                                    : DropReason::NoBuffer;
}

void
Vtep::SetControllerConnected(bool connected, TimeNs now)
{
    if (!connected && m_state->arp && m_state->mapping->Connected())
    {
        m_state->arp->ReleaseController(now);
    }
    m_state->mapping->SetConnected(m_state->fdb, connected, now);
}

bool
Vtep::ControllerConnected() const
{
    return m_state->mapping->Kind() == MappingKind::Controller && m_state->mapping->Connected();
}

void
Vtep::FlushRemote(const IpAddress& remote, TimeNs now)
{
    m_state->fdb.FlushRemote(remote, TableCause::Flushed, now);
}

void
Vtep::AddOwnStation(Vni vni, const MacAddress& mac)
{
    const auto domain = m_state->DomainOf(vni);
    if (!domain)
    {
        throw std::invalid_argument("vtep: own station is in network " + std::to_string(vni) +
                                    ", but that is not configured");
    }
    m_state->networks[*domain].ownStations.push_back(mac);
}

const IpAddress*
Vtep::Find(Vni vni, const MacAddress& mac) const
{
    const auto domain = m_state->DomainOf(vni);
    return domain ? m_state->fdb.Find(*domain, mac) : nullptr;
}

TimeNs
Vtep::NextDeadline() const
{
    return m_state->NextDeadline();
}

void
Vtep::OnDeadline(TimeNs now)
{
    m_state->OnDeadline(now);
}

void
Vtep::EnableTableLog(bool on)
{
    m_state->fdb.Log().Enable(on);
}

bool
Vtep::PollTableChange(TableChange& change)
{
    return m_state->fdb.Log().Poll(change);
}

const VtepCounters&
Vtep::Counters() const
{
    return m_state->counters;
}

const VtepFdb&
Vtep::Fdb() const
{
    return m_state->fdb;
}

const ArpProxy*
Vtep::Arp() const
{
    return m_state->arp.get();
}

const VtepConfig&
Vtep::Config() const
{
    return m_state->config;
}

std::vector<Vni>
Vtep::Networks() const
{
    std::vector<Vni> vnis;
    for (const auto& [vni, domain] : m_state->domains)
    {
        vnis.push_back(vni);
    }
    std::sort(vnis.begin(), vnis.end());
    return vnis;
}

} // namespace weft::vxlan
