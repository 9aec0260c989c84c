// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-bridge.h"

#include "netbase-arp.h"
#include "netbase-ethernet.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace weft::vxlan
{

namespace
{

namespace ethertype = netbase::ethertype;
using netbase::ETHERNET_HEADER;
using netbase::VLAN_TAG;

constexpr std::size_t ADDRESSES = 12; ///< octets before tag or EtherType
constexpr std::size_t MAX_NETWORKS = 65535;

/// Flag of an FDB entry: a local station of which nothing has gone to the tunnel yet.
constexpr std::uint8_t UNANNOUNCED = 1;

std::uint16_t
TypeOf(ByteView frame)
{
    return netbase::Read16(frame.data() + ADDRESSES);
}

[[noreturn]] void
Refuse(const std::string& field, const std::string& value, const std::string& rule)
{
    throw std::invalid_argument("bridge: " + field + " is " + value + ", but " + rule);
}

/// The one place that knows which networks a port carries, and under which tag.
template <typename Visit>
void
ForNetworksOf(const PortConfig& config, Visit visit)
{
    if (config.kind == PortKind::Access)
    {
        visit(config.vni, std::uint16_t{0});
        return;
    }
    for (const auto& [vlan, vni] : config.vlans)
    {
        visit(vni, vlan);
    }
    if (config.native)
    {
        visit(*config.native, std::uint16_t{0});
    }
}

void
Validate(const PortConfig& config)
{
    std::vector<Vni> seen;
    ForNetworksOf(config, [&seen](Vni vni, std::uint16_t) {
        if (vni > MAX_VNI)
        {
            Refuse("vni", std::to_string(vni), "has to be at most 16777215");
        }
        if (std::find(seen.begin(), seen.end(), vni) != seen.end())
        {
            Refuse("vlans",
                   "a map with two VLANs for network " + std::to_string(vni),
                   "a trunk carries a network under one VLAN");
        }
        seen.push_back(vni);
    });
    for (const auto& [vlan, vni] : config.vlans)
    {
        if (vlan < 1 || vlan > 4094)
        {
            Refuse("vlans", std::to_string(vlan), "a VLAN is 1 to 4094");
        }
    }
}

} // namespace

Bridge::Bridge(const BridgeConfig& config, TimeNs now)
    : m_config(config), m_fdb(config.fdb, now), m_ports(1)
{
}

void
Bridge::AddNetwork(Vni vni, bool tunnel)
{
    if (vni > MAX_VNI)
    {
        Refuse("vni", std::to_string(vni), "has to be at most 16777215");
    }
    if (m_domains.contains(vni))
    {
        Refuse("vni", std::to_string(vni), "the network exists already");
    }
    std::uint16_t domain = 0;
    if (!m_freeDomains.empty())
    {
        domain = m_freeDomains.back();
        m_freeDomains.pop_back();
    }
    else
    {
        if (m_networks.size() == MAX_NETWORKS)
        {
            Refuse("networks", "65536", "a bridge has 65535 at most");
        }
        domain = static_cast<std::uint16_t>(m_networks.size());
        m_networks.emplace_back();
    }
    m_domains[vni] = domain;
    m_fdb.NameDomain(domain, vni);
    Network& network = m_networks[domain];
    network.vni = vni;
    network.tunnel = tunnel;
    for (PortId port = 1; port < m_ports.size(); ++port)
    {
        if (m_ports[port].exists)
        {
            Enlist(network, port, m_ports[port].config);
        }
    }
}

void
Bridge::RemoveNetwork(Vni vni, TimeNs now)
{
    const auto found = m_domains.find(vni);
    if (found == m_domains.end())
    {
        return;
    }
    const auto domain = found->second;
    m_fdb.FlushDomain(domain, TableCause::Flushed, now, GoneList());
    ReportGone(m_gone, TableCause::Flushed);
    m_networks[domain] = Network{};
    m_freeDomains.push_back(domain);
    m_domains.erase(found);
}

void
Bridge::Enlist(Network& network, PortId port, const PortConfig& config)
{
    ForNetworksOf(config, [&](Vni vni, std::uint16_t vlan) {
        if (vni == network.vni)
        {
            network.members.push_back({.port = port, .vlan = vlan});
        }
    });
}

PortId
Bridge::AddPort(const PortConfig& config)
{
    Validate(config);
    const auto port = static_cast<PortId>(m_ports.size());
    m_ports.push_back({.exists = true, .up = config.up, .config = config});
    ForNetworksOf(config, [&](Vni vni, std::uint16_t vlan) {
        if (const auto found = m_domains.find(vni); found != m_domains.end())
        {
            m_networks[found->second].members.push_back({.port = port, .vlan = vlan});
        }
    });
    return port;
}

void
Bridge::RemovePort(PortId port, TimeNs now)
{
    if (port == TUNNEL_PORT || port >= m_ports.size() || !m_ports[port].exists)
    {
        return;
    }
    SetPortUp(port, false, now);
    ForNetworksOf(m_ports[port].config, [&](Vni vni, std::uint16_t) {
        if (const auto found = m_domains.find(vni); found != m_domains.end())
        {
            std::erase_if(m_networks[found->second].members,
                          [port](const Member& member) { return member.port == port; });
        }
    });
    m_ports[port] = Port{};
}

void
Bridge::SetPortUp(PortId port, bool up, TimeNs now)
{
    if (port == TUNNEL_PORT || port >= m_ports.size() || !m_ports[port].exists ||
        m_ports[port].up == up)
    {
        return;
    }
    m_ports[port].up = up;
    if (!up)
    {
        m_fdb.FlushPort(port, TableCause::PortDown, now, GoneList());
        ReportGone(m_gone, TableCause::PortDown);
    }
}

bool
Bridge::IsPortUp(PortId port) const
{
    return port < m_ports.size() && m_ports[port].up;
}

DropReason
Bridge::OnFrame(PortId port, ByteView frame, TimeNs now)
{
    ++m_counters.framesIn;
    Expire(now);
    DropReason reason = DropReason::None;
    Vni vni = 0;
    if (!IsPortUp(port))
    {
        reason = DropReason::PortDown;
    }
    else if (frame.size() < ETHERNET_HEADER)
    {
        reason = DropReason::BadInnerFrame;
    }
    else
    {
        reason = Classify(m_ports[port], frame, vni);
    }
    if (reason == DropReason::None)
    {
        const auto found = m_domains.find(vni);
        reason = found == m_domains.end() ? DropReason::UnknownVni
                                          : Forward(found->second, port, frame, now);
    }
    if (reason != DropReason::None)
    {
        m_counters.drops.Add(reason);
    }
    return reason;
}

DropReason
Bridge::OnTunnelFrame(Vni vni, ByteView frame, TimeNs now)
{
    ++m_counters.framesIn;
    Expire(now);
    DropReason reason = DropReason::None;
    if (frame.size() < ETHERNET_HEADER)
    {
        reason = DropReason::BadInnerFrame;
    }
    else
    {
        const auto found = m_domains.find(vni);
        reason = found == m_domains.end() || !m_networks[found->second].tunnel
                     ? DropReason::UnknownVni
                     : Forward(found->second, TUNNEL_PORT, frame, now);
    }
    if (reason != DropReason::None)
    {
        m_counters.drops.Add(reason);
    }
    return reason;
}

/// Finds a frame's network, and takes the tag off that said it.
DropReason
Bridge::Classify(const Port& port, ByteView& frame, Vni& vni)
{
    const PortConfig& config = port.config;
    const bool access = config.kind == PortKind::Access;
    std::optional<std::uint16_t> tag;
    if (TypeOf(frame) == ethertype::VLAN)
    {
        if (frame.size() < ETHERNET_HEADER + VLAN_TAG)
        {
            return DropReason::BadInnerFrame;
        }
        tag = netbase::VlanOf(netbase::Read16(frame.data() + ETHERNET_HEADER));
    }
    if (access)
    {
        vni = config.vni;
        if (!tag || config.passTags)
        {
            return DropReason::None;
        }
        if (*tag != 0)
        {
            return DropReason::VlanMismatch;
        }
    }
    else if (!tag || *tag == 0)
    {
        if (!config.native)
        {
            return DropReason::VlanMismatch;
        }
        vni = *config.native;
    }
    else
    {
        const auto found = config.vlans.find(*tag);
        if (found == config.vlans.end())
        {
            return DropReason::VlanMismatch;
        }
        vni = found->second;
    }
    if (tag)
    {
        const auto rest = frame.subspan(ADDRESSES + VLAN_TAG);
        m_untagged.assign(frame.begin(), frame.begin() + ADDRESSES);
        m_untagged.insert(m_untagged.end(), rest.begin(), rest.end());
        frame = m_untagged;
    }
    return DropReason::None;
}

DropReason
Bridge::Forward(std::uint16_t domain, PortId from, ByteView frame, TimeNs now)
{
    const auto source = MacAddress::Read(frame.subspan(6));
    if (source.IsGroup())
    {
        return DropReason::BadInnerFrame;
    }
    PortId before = NO_PORT;
    switch (m_fdb.Learn(domain, source, from, now, before))
    {
    case LearnResult::Conflict:
        return DropReason::StaticConflict;
    case LearnResult::Added:
    case LearnResult::Moved:
        OnLearned(domain, source, from, before);
        break;
    case LearnResult::Refreshed:
    case LearnResult::Refused:
        break;
    }
    if (m_config.reportStations && from != TUNNEL_PORT)
    {
        Overhear(domain, from, frame);
    }
    const auto destination = MacAddress::Read(frame);
    if (destination.IsGroup())
    {
        return Flood(domain, from, frame);
    }
    const PortId to = m_fdb.Find(domain, destination);
    if (to == NO_PORT)
    {
        return Flood(domain, from, frame);
    }
    if (to == from)
    {
        return from == TUNNEL_PORT ? DropReason::SplitHorizon : DropReason::SamePort;
    }
    const Network& network = m_networks[domain];
    if (to == TUNNEL_PORT)
    {
        if (!network.tunnel)
        {
            return DropReason::NoDestination;
        }
        ++m_counters.unicast;
        SendToTunnel(domain, frame);
        return DropReason::None;
    }
    const auto member = std::find_if(network.members.begin(),
                                     network.members.end(),
                                     [to](const Member& m) { return m.port == to; });
    if (member == network.members.end() || !m_ports[to].up)
    {
        return DropReason::PortDown;
    }
    ++m_counters.unicast;
    SendToPort(*member, frame);
    return DropReason::None;
}

DropReason
Bridge::Flood(std::uint16_t domain, PortId from, ByteView frame)
{
    const Network& network = m_networks[domain];
    bool sent = false;
    for (const Member& member : network.members)
    {
        if (member.port != from && m_ports[member.port].up)
        {
            SendToPort(member, frame);
            sent = true;
        }
    }
    if (network.tunnel && from != TUNNEL_PORT)
    {
        SendToTunnel(domain, frame);
        sent = true;
    }
    if (!sent)
    {
        return DropReason::NoDestination;
    }
    ++m_counters.flooded;
    return DropReason::None;
}

void
Bridge::OnLearned(std::uint16_t domain, const MacAddress& mac, PortId from, PortId before)
{
    const auto cause = before == NO_PORT ? TableCause::Learned : TableCause::Moved;
    if (from == TUNNEL_PORT)
    {
        *m_fdb.Flags(domain, mac) = 0;
        if (before != NO_PORT)
        {
            Report(StationEvent::Gone, domain, mac, before, cause);
        }
        return;
    }
    // From one local port to another, remote VTEPs have nothing to learn.
    if (before == NO_PORT || before == TUNNEL_PORT)
    {
        *m_fdb.Flags(domain, mac) = UNANNOUNCED;
    }
    Report(StationEvent::Appeared, domain, mac, from, cause);
}

/// Station addresses for a control plane: what the senders of ARP say about themselves.
void
Bridge::Overhear(std::uint16_t domain, PortId from, ByteView frame)
{
    netbase::ArpPacket arp;
    if (TypeOf(frame) != ethertype::ARP ||
        netbase::ReadArp(frame.subspan(ETHERNET_HEADER), arp) != netbase::DropReason::None ||
        arp.sender == IpAddress::V4(0) || arp.senderMac != MacAddress::Read(frame.subspan(6)) ||
        m_fdb.Find(domain, arp.senderMac) != from)
    {
        return;
    }
    IpAddress& known = m_addresses[MacTable::Key(domain, arp.senderMac)];
    if (known != arp.sender)
    {
        known = arp.sender;
        Report(StationEvent::Address, domain, arp.senderMac, from, TableCause::Learned, arp.sender);
    }
}

void
Bridge::SendToPort(const Member& member, ByteView frame)
{
    auto& slot = m_toPorts.Push();
    slot.meta.port = member.port;
    if (member.vlan == 0)
    {
        slot.bytes.assign(frame.begin(), frame.end());
    }
    else
    {
        slot.bytes.resize(frame.size() + VLAN_TAG);
        std::copy_n(frame.begin(), ADDRESSES, slot.bytes.begin());
        netbase::Write16(&slot.bytes[ADDRESSES], ethertype::VLAN);
        netbase::Write16(&slot.bytes[ADDRESSES + 2], netbase::MakeTci(member.vlan));
        std::copy(
            frame.begin() + ADDRESSES, frame.end(), slot.bytes.begin() + ADDRESSES + VLAN_TAG);
    }
    ++m_counters.portCopies;
}

void
Bridge::SendToTunnel(std::uint16_t domain, ByteView frame)
{
    auto& slot = m_toTunnel.Push();
    slot.meta.vni = m_networks[domain].vni;
    slot.bytes.assign(frame.begin(), frame.end());
    if (auto* flags = m_fdb.Flags(domain, MacAddress::Read(frame.subspan(6))))
    {
        slot.meta.newLocalSource = (*flags & UNANNOUNCED) != 0;
        *flags = 0;
    }
    ++m_counters.tunnelCopies;
}

bool
Bridge::PollFrame(Bytes& frame, PortId& port)
{
    PortMeta meta;
    if (!m_toPorts.Pop(frame, meta))
    {
        return false;
    }
    port = meta.port;
    return true;
}

bool
Bridge::PollTunnel(Bytes& frame, TunnelMeta& meta)
{
    return m_toTunnel.Pop(frame, meta);
}

bool
Bridge::PollStation(StationReport& report)
{
    Bytes none;
    return m_stations.Pop(none, report);
}

bool
Bridge::SetStatic(Vni vni, const MacAddress& mac, PortId port, TimeNs now)
{
    const auto found = m_domains.find(vni);
    if (found == m_domains.end() || port >= m_ports.size())
    {
        Refuse("static entry",
               "of network " + std::to_string(vni) + ", port " + std::to_string(port),
               "network and port have to exist");
    }
    return m_fdb.SetStatic(found->second, mac, port, now);
}

bool
Bridge::RemoveEntry(Vni vni, const MacAddress& mac, TimeNs now)
{
    const auto found = m_domains.find(vni);
    return found != m_domains.end() &&
           m_fdb.Remove(found->second, mac, TableCause::Configured, now);
}

PortId
Bridge::Find(Vni vni, const MacAddress& mac) const
{
    const auto found = m_domains.find(vni);
    return found == m_domains.end() ? NO_PORT : m_fdb.Find(found->second, mac);
}

TimeNs
Bridge::NextDeadline() const
{
    return m_fdb.NextDeadline();
}

void
Bridge::OnDeadline(TimeNs now)
{
    Expire(now);
}

void
Bridge::Expire(TimeNs now)
{
    if (now < m_fdb.NextDeadline())
    {
        return;
    }
    m_fdb.Expire(now, GoneList());
    ReportGone(m_gone, TableCause::Aged);
}

/// @return where to note removed entries; null when nobody wants to know
std::vector<BridgeFdb::Gone>*
Bridge::GoneList()
{
    m_gone.clear();
    return m_config.reportStations ? &m_gone : nullptr;
}

void
Bridge::ReportGone(const std::vector<BridgeFdb::Gone>& gone, TableCause cause)
{
    for (const auto& station : gone)
    {
        if (station.port != TUNNEL_PORT)
        {
            Report(StationEvent::Gone, station.domain, station.mac, station.port, cause);
        }
    }
}

void
Bridge::Report(StationEvent event,
               std::uint16_t domain,
               const MacAddress& mac,
               PortId port,
               TableCause cause,
               const IpAddress& address)
{
    if (!m_config.reportStations)
    {
        return;
    }
    if (event == StationEvent::Gone)
    {
        m_addresses.erase(MacTable::Key(domain, mac));
    }
    m_stations.Push().meta = {.event = event,
                              .vni = m_networks[domain].vni,
                              .mac = mac,
                              .address = address,
                              .port = port,
                              .cause = cause};
}

} // namespace weft::vxlan
