// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-hypervisor.h"

#include <algorithm>
#include <stdexcept>

namespace weft::vxlan
{

namespace
{

[[noreturn]] void
Refuse(const std::string& text)
{
    throw std::invalid_argument(text);
}

void
Check(const HypervisorConfig& config)
{
    if (config.uplinks < 1 || config.uplinks > MAX_UPLINKS)
    {
        Refuse("hypervisor.uplinks is " + std::to_string(config.uplinks) + "; it is 1 to " +
               std::to_string(MAX_UPLINKS));
    }
    if (config.hasVtep && config.underlay.address != config.vtep.address)
    {
        Refuse("hypervisor.underlay.address is " + config.underlay.address.ToString() +
               "; it is the VTEP's, " + config.vtep.address.ToString());
    }
    if (config.hasVtep && config.underlay.mtu < config.vtep.mtu)
    {
        Refuse("hypervisor.underlay.mtu is " + std::to_string(config.underlay.mtu) +
               "; it is at least the VTEP's, " + std::to_string(config.vtep.mtu));
    }
}

void
CheckVlan(const std::vector<NetworkConfig>& networks, const NetworkConfig& network)
{
    if (network.vlan < 1 || network.vlan > 4094)
    {
        Refuse("network " + std::to_string(network.vni) + ": vlan is " +
               std::to_string(network.vlan) + "; without a VTEP it is 1 to 4094");
    }
    for (const NetworkConfig& other : networks)
    {
        if (other.vni == network.vni)
        {
            Refuse("network " + std::to_string(network.vni) + " exists already");
        }
        if (other.vlan == network.vlan)
        {
            Refuse("network " + std::to_string(network.vni) + ": vlan is " +
                   std::to_string(network.vlan) + ", as that of network " +
                   std::to_string(other.vni) + "; every network has a VLAN of its own");
        }
    }
}

} // namespace

Hypervisor::Hypervisor(const HypervisorConfig& config, TimeNs now)
    : m_bridge((Check(config), config.bridge), now), m_uplinks(config.uplinks),
      m_uplinksUp((1U << config.uplinks) - 1), m_bondKey(config.bondKey), m_events(config.events),
      m_tables(config.tables)
{
    m_bridge.EnableTableLog(config.tables);
    if (config.hasVtep)
    {
        netbase::EndpointConfig underlay = config.underlay;
        underlay.neighbours.reportsChanges = config.tables;
        m_underlay = std::make_unique<netbase::IpEndpoint>(underlay, now);
        m_vtep = std::make_unique<Vtep>(config.vtep, now);
        m_vtep->EnableTableLog(config.tables);
        if (!config.vtep.replicatorAddress.IsNone())
        {
            m_underlay->AddAddress(config.vtep.replicatorAddress, now);
        }
        for (const NetworkConfig& network : config.vtep.networks)
        {
            m_bridge.AddNetwork(network.vni, true);
        }
    }
    else
    {
        m_vlans = std::make_unique<std::vector<NetworkConfig>>();
        for (const NetworkConfig& network : config.vtep.networks)
        {
            CheckVlan(*m_vlans, network);
            m_vlans->push_back(network);
            m_bridge.AddNetwork(network.vni, false);
        }
        JoinVlans(now);
    }
    Pump(now);
}

Hypervisor::~Hypervisor() = default;

// -- Configuration ---------------------------------------------------------------------------

bool
Hypervisor::HasNetwork(Vni vni) const
{
    if (m_vtep)
    {
        return m_vtep->HasNetwork(vni);
    }
    return std::any_of(m_vlans->begin(), m_vlans->end(), [&](const NetworkConfig& network) {
        return network.vni == vni;
    });
}

void
Hypervisor::SetOwner(PortId port, const Owner& owner)
{
    if (m_owners.size() <= static_cast<std::size_t>(port))
    {
        m_owners.resize(static_cast<std::size_t>(port) + 1);
    }
    m_owners[static_cast<std::size_t>(port)] = owner;
}

/// Makes the uplink a trunk of all VLANs.
void
Hypervisor::JoinVlans(TimeNs now)
{
    if (m_uplinkPort != NO_PORT)
    {
        m_bridge.RemovePort(m_uplinkPort, now);
        SetOwner(m_uplinkPort, {});
    }
    PortConfig trunk;
    trunk.kind = PortKind::Trunk;
    for (const NetworkConfig& network : *m_vlans)
    {
        trunk.vlans[network.vlan] = network.vni;
    }
    trunk.up = m_uplinksUp != 0;
    m_uplinkPort = m_bridge.AddPort(trunk);
    SetOwner(m_uplinkPort, {.kind = Behind::Uplink});
}

PortId
Hypervisor::AddPort(const PortConfig& config, TimeNs now)
{
    const auto check = [&](Vni vni) {
        if (!HasNetwork(vni))
        {
            Refuse("port: network " + std::to_string(vni) + " is not configured here");
        }
    };
    if (config.kind == PortKind::Access)
    {
        check(config.vni);
    }
    else
    {
        for (const auto& [vlan, vni] : config.vlans)
        {
            check(vni);
        }
        if (config.native)
        {
            check(*config.native);
        }
    }
    const PortId port = m_bridge.AddPort(config);
    SetOwner(port, {.kind = Behind::Machine});
    Pump(now);
    return port;
}

void
Hypervisor::RemovePort(PortId port, TimeNs now)
{
    m_bridge.RemovePort(port, now);
    SetOwner(port, {});
    Pump(now);
}

void
Hypervisor::SetPortUp(PortId port, bool up, TimeNs now)
{
    m_bridge.SetPortUp(port, up, now);
    Pump(now);
}

void
Hypervisor::SetUplinkUp(std::uint32_t uplink, bool up, TimeNs now)
{
    if (uplink >= m_uplinks)
    {
        Refuse("uplink " + std::to_string(uplink) + " does not exist; there are " +
               std::to_string(m_uplinks));
    }
    const bool before = m_uplinksUp != 0;
    const std::uint32_t bit = 1U << uplink;
    m_uplinksUp = up ? m_uplinksUp | bit : m_uplinksUp & ~bit;
    const bool after = m_uplinksUp != 0;
    if (before == after)
    {
        return;
    }
    if (m_uplinkPort != NO_PORT)
    {
        m_bridge.SetPortUp(m_uplinkPort, after, now);
    }
    if (m_underlay && !after)
    {
        m_underlay->FlushNeighbours(now);
    }
    Pump(now);
}

bool
Hypervisor::IsUplinkUp(std::uint32_t uplink) const
{
    return uplink < m_uplinks && (m_uplinksUp >> uplink & 1) != 0;
}

void
Hypervisor::SetNodeUp(bool up, TimeNs now)
{
    if (up == m_nodeUp)
    {
        return;
    }
    if (!up)
    {
        Forget(now);
        return;
    }
    m_nodeUp = true;
    OnDeadline(now); // what fell due meanwhile
    for (const IpAddress& group : m_groups)
    {
        m_underlay->JoinGroup(group, now);
    }
    for (std::size_t i = 0; m_rare && i < m_rare->routers.size(); ++i)
    {
        m_rare->routers[i].router->Start(now);
    }
    Pump(now);
}

/// Loses what a crash loses: routers, learned entries, neighbours, memberships, all that waits.
void
Hypervisor::Forget(TimeNs now)
{
    for (std::size_t i = 0; m_rare && i < m_rare->routers.size(); ++i)
    {
        m_rare->routers[i].router->Stop(now, false);
    }
    for (std::size_t port = 1; port < m_owners.size(); ++port)
    {
        const auto id = static_cast<PortId>(port);
        if (m_owners[port].kind != Behind::Nobody && m_bridge.IsPortUp(id))
        {
            m_bridge.SetPortUp(id, false, now);
            m_bridge.SetPortUp(id, true, now);
        }
    }
    if (m_vtep)
    {
        std::vector<MacAddress> macs;
        m_bridge.Fdb().Entries().ForEach([&](const auto& slot, const auto& entry) {
            if (static_cast<PortId>(slot.value) == TUNNEL_PORT &&
                entry.origin == FdbOrigin::Learned)
            {
                macs.push_back(MacTable::MacOf(slot.key));
            }
        });
        std::vector<IpAddress> remotes;
        m_vtep->Fdb().Entries().ForEach([&](const auto& slot, const auto& entry) {
            if (entry.origin == FdbOrigin::Learned)
            {
                remotes.push_back(m_vtep->Fdb().RemoteOf(slot));
            }
        });
        std::sort(remotes.begin(), remotes.end());
        remotes.erase(std::unique(remotes.begin(), remotes.end()), remotes.end());
        for (const IpAddress& remote : remotes)
        {
            m_vtep->FlushRemote(remote, now);
        }
        for (const Vni vni : m_vtep->Networks())
        {
            for (const MacAddress& mac : macs)
            {
                if (m_bridge.Find(vni, mac) == TUNNEL_PORT)
                {
                    m_bridge.RemoveEntry(vni, mac, now);
                }
            }
        }
        for (const IpAddress& group : m_groups)
        {
            m_underlay->LeaveGroup(group, now);
        }
        m_underlay->FlushNeighbours(now);
    }
    m_nodeUp = false; // what comes of all this goes nowhere
    Pump(now);
}

bool
Hypervisor::IsNodeUp() const
{
    return m_nodeUp;
}

void
Hypervisor::AddNetwork(const NetworkConfig& network, TimeNs now)
{
    if (m_vtep)
    {
        m_vtep->AddNetwork(network, now);
        m_bridge.AddNetwork(network.vni, true);
    }
    else
    {
        CheckVlan(*m_vlans, network);
        m_bridge.AddNetwork(network.vni, false);
        m_vlans->push_back(network);
        JoinVlans(now);
    }
    Pump(now);
}

void
Hypervisor::RemoveNetwork(Vni vni, TimeNs now)
{
    m_bridge.RemoveNetwork(vni, now);
    if (m_vtep)
    {
        m_vtep->RemoveNetwork(vni, now);
    }
    else
    {
        std::erase_if(*m_vlans, [&](const NetworkConfig& network) { return network.vni == vni; });
        JoinVlans(now);
    }
    Pump(now);
}

// -- Routers ---------------------------------------------------------------------------------

std::size_t
Hypervisor::AddRouter(const RouterConfig& config, TimeNs now)
{
    for (const RouterInterfaceConfig& interface : config.interfaces)
    {
        if (!HasNetwork(interface.vni))
        {
            Refuse("router: network " + std::to_string(interface.vni) + " is not configured here");
        }
    }
    if (RouterCount() == MAX_ROUTERS || config.interfaces.size() > 65'535)
    {
        Refuse("router: there are " + std::to_string(RouterCount()) + " routers; at most " +
               std::to_string(MAX_ROUTERS) + " fit, of 65535 interfaces each");
    }
    RouterConfig own = config;
    own.neighbours.reportsChanges = m_tables;
    RouterSlot slot;
    slot.router = std::make_unique<Router>(own);
    Rare& rare = GetRare();
    const auto index = static_cast<std::uint8_t>(rare.routers.size());
    for (std::uint32_t i = 0; i < config.interfaces.size(); ++i)
    {
        const RouterInterfaceConfig& interface = config.interfaces[i];
        PortConfig port;
        port.vni = interface.vni;
        const PortId id = m_bridge.AddPort(port);
        slot.ports.push_back(id);
        SetOwner(
            id,
            {.kind = Behind::Router, .router = index, .interface = static_cast<std::uint16_t>(i)});
        if (m_vtep)
        {
            m_vtep->AddOwnStation(interface.vni, interface.mac);
        }
    }
    rare.routers.push_back(std::move(slot));
    if (m_nodeUp)
    {
        rare.routers.back().router->Start(now);
    }
    Pump(now);
    return index;
}

const Router&
Hypervisor::GetRouter(std::size_t index) const
{
    if (index >= RouterCount())
    {
        Refuse("router " + std::to_string(index) + " does not exist; there are " +
               std::to_string(RouterCount()));
    }
    return *m_rare->routers[index].router;
}

std::size_t
Hypervisor::RouterCount() const
{
    return m_rare ? m_rare->routers.size() : 0;
}

void
Hypervisor::SetRouterUp(std::size_t index, bool up, TimeNs now, bool orderly)
{
    GetRouter(index);
    RouterSlot& slot = m_rare->routers[index];
    if (slot.router->IsUp() == up || !m_nodeUp)
    {
        return;
    }
    if (!up)
    {
        slot.router->Stop(now, orderly);
        Pump(now); // its last words leave by ports that are still up
    }
    for (const PortId port : slot.ports)
    {
        m_bridge.SetPortUp(port, up, now);
    }
    if (up)
    {
        slot.router->Start(now);
    }
    Pump(now);
}

void
Hypervisor::AnnounceRouter(std::size_t index, TimeNs now)
{
    GetRouter(index);
    m_rare->routers[index].router->AnnounceGarp();
    Pump(now);
}

// -- Watching --------------------------------------------------------------------------------

bool
Hypervisor::PollTableChange(netbase::TableChange& change)
{
    if (!m_tables)
    {
        return false;
    }
    if (m_bridge.PollTableChange(change) || (m_vtep && m_vtep->PollTableChange(change)) ||
        (m_underlay && m_underlay->PollTableChange(change)))
    {
        return true;
    }
    for (std::size_t i = 0; m_rare && i < m_rare->routers.size(); ++i)
    {
        if (m_rare->routers[i].router->PollTableChange(change))
        {
            return true;
        }
    }
    return false;
}

bool
Hypervisor::PollTransition(VrrpTransition& transition,
                           std::size_t& router,
                           std::uint32_t& interface)
{
    for (std::size_t i = 0; m_rare && i < m_rare->routers.size(); ++i)
    {
        if (m_rare->routers[i].router->PollTransition(transition, interface))
        {
            router = i;
            return true;
        }
    }
    return false;
}

bool
Hypervisor::PollEvent(HypervisorEvent& event)
{
    Bytes none;
    return m_rare && m_rare->events.Pop(none, event);
}

bool
Hypervisor::PollStation(StationReport& report)
{
    return m_bridge.PollStation(report);
}

const HypervisorCounters&
Hypervisor::Counters() const
{
    return m_counters;
}

Vtep*
Hypervisor::GetVtep()
{
    return m_vtep.get();
}

const Vtep*
Hypervisor::GetVtep() const
{
    return m_vtep.get();
}

const Bridge&
Hypervisor::GetBridge() const
{
    return m_bridge;
}

netbase::IpEndpoint*
Hypervisor::GetUnderlay()
{
    return m_underlay.get();
}

const netbase::IpEndpoint*
Hypervisor::GetUnderlay() const
{
    return m_underlay.get();
}

Hypervisor::Rare&
Hypervisor::GetRare()
{
    if (!m_rare)
    {
        m_rare = std::make_unique<Rare>();
    }
    return *m_rare;
}

} // namespace weft::vxlan
