// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-bridge.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace weft::vxlan
{

namespace
{

constexpr std::size_t MAX_NETWORKS = 65535;

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
