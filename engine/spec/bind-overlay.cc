// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/bind-overlay.h"
#include "engine/spec/expand.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>

namespace weft::spec
{

namespace
{

IpPrefix
ToIp(const Prefix& prefix)
{
    return {IpAddress::V4(prefix.address), prefix.length};
}

/// @return the subnet of the n-th network where it gives none
IpPrefix
DefaultSubnet(std::uint32_t n)
{
    constexpr std::uint32_t FIRST = 0xc0a80000;  // 192.168.0.0, 256 of them
    constexpr std::uint32_t SECOND = 0xac100000; // 172.16.0.0, 4096 of them
    constexpr std::uint32_t THIRD = 0x64400000;  // 100.64.0.0, 16384 of them
    const auto base = n < 256          ? FIRST + n * 256
                      : n < 256 + 4096 ? SECOND + (n - 256) * 256
                                       : THIRD + (n - 256 - 4096) * 256;
    return {IpAddress::V4(base), 24};
}

void
BindNetworks(Binding& binding)
{
    auto& scenario = binding.scenario;
    std::unordered_map<std::uint32_t, Index> byVni;
    std::unordered_map<std::uint16_t, Index> byVlan;
    const bool bridged = scenario.fabric && scenario.fabric->forwarding == Forwarding::Bridged;
    constexpr std::uint32_t FIRST_VNI = 5001;
    for (const auto& [name, view] : binding.root.Entries("networks"))
    {
        VirtualNetwork network;
        const auto index = scenario.networks.size();
        network.name = name;
        network.about = About(view);
        network.vni = static_cast<std::uint32_t>(
            view.Integer("vni").value_or(FIRST_VNI + static_cast<std::int64_t>(index)));
        network.vlan = static_cast<std::uint16_t>(view.Integer("vlan").value_or(0));
        const auto subnet = view.Prefixes("subnet");
        network.subnet = subnet.empty() ? DefaultSubnet(static_cast<std::uint32_t>(index))
                                        : ToIp(subnet.front());
        if (!subnet.empty() && (subnet.front().length < 8 || subnet.front().length > 29))
        {
            binding.diagnostics.Error(view.ValueSpan("subnet"),
                                      "a network's subnet has a prefix length of 8 to 29");
        }
        constexpr std::uint32_t GROUPS = 0xef000000; // 239.0.0.0/8, RFC 2365
        network.group = IpAddress::V4(GROUPS | network.vni);
        if (scenario.fabric && scenario.fabric->ipVersion == 6)
        {
            network.group = {};
        }
        if (const auto group = AddressIn(view, "group"))
        {
            network.group = *group;
            if (!group->IsMulticast())
            {
                binding.diagnostics
                    .Error(view.ValueSpan("group"),
                           fmt::format("{} is no multicast group", group->ToString()))
                    .notes.emplace_back("groups are 224.0.0.0 to 239.255.255.255; 239.0.0.0/8 is "
                                        "for private use (RFC 2365)");
            }
            else if (group->IsV4() && group->ToV4() >> 8 == 0xe00000)
            {
                binding.diagnostics.Error(
                    view.ValueSpan("group"),
                    fmt::format("{} is one of 224.0.0.0/24, which no router forwards",
                                group->ToString()));
            }
            else if (scenario.fabric && group->IsV4() != (scenario.fabric->ipVersion == 4))
            {
                binding.diagnostics.Error(
                    view.ValueSpan("group"),
                    fmt::format("the underlay is IPv{}: fabric.ip", scenario.fabric->ipVersion));
            }
        }
        if (const auto [other, fresh] = byVni.emplace(network.vni, index); !fresh)
        {
            binding.diagnostics.Error(
                view.Where("vni"),
                fmt::format("network '{}' has the identifier {} of network '{}'",
                            name,
                            network.vni,
                            scenario.networks[other->second].name));
        }
        if (network.vlan != 0)
        {
            if (const auto [other, fresh] = byVlan.emplace(network.vlan, index); !fresh)
            {
                binding.diagnostics.Error(
                    view.Where("vlan"),
                    fmt::format("network '{}' has the VLAN {} of network '{}'",
                                name,
                                network.vlan,
                                scenario.networks[other->second].name));
            }
        }
        else if (bridged && !view.Has("vlan"))
        {
            auto& error = binding.diagnostics.Error(
                view.Where(""), fmt::format("network '{}' needs 'vlan' in a bridged fabric", name));
            error.notes.emplace_back(FindField("networks.vlan")->why);
        }
        scenario.networks.push_back(std::move(network));
    }
}

/// Gives out what hosts of the underlay do not say: addresses and MACs.
class HostBinder
{
  public:
    explicit HostBinder(Binding& binding)
        : m_binding(binding), m_scenario(binding.scenario), m_hosts(RouterCount() + 1)
    {
    }

    /// First pass: what the file says.
    Attachment
    Bind(const View& view, std::string_view name, bool hypervisor)
    {
        Attachment at;
        const auto& fabric = m_scenario.fabric;
        at.settings = BindEthernet(view, fabric ? fabric->defaults : EthernetSettings{}, "uplinks");
        if (hypervisor && view.Has("site"))
        {
            BindSite(view, at);
        }
        else if (!fabric)
        {
            auto& error = m_binding.diagnostics.Error(
                view.Where(""), fmt::format("'{}' has no place: there is no fabric", name));
            error.notes.emplace_back("`fabric` gives routers; `site` puts a hypervisor behind the "
                                     "Edge of a site");
        }
        else if (const auto leaf = view.Text("leaf"))
        {
            at.router = IndexOf(fabric->routers, *leaf);
        }
        if (const auto mac = MacIn(view, "mac"))
        {
            at.mac = *mac;
            if (!m_macs.insert(*mac).second)
            {
                m_binding.diagnostics.Error(view.ValueSpan("mac"),
                                            fmt::format("{} is taken already", mac->ToString()));
            }
        }
        if (hypervisor)
        {
            at.gatewayMac = MacIn(view, "gateway_mac");
        }
        if (const auto address = AddressIn(view, "address"))
        {
            if (Bridged())
            {
                m_binding.diagnostics.Error(
                    view.Where("address"),
                    "a host of a bridged fabric has no underlay address: it has no VTEP");
                return at;
            }
            at.address = *address;
            if (!m_addresses.insert(*address).second)
            {
                m_binding.diagnostics.Error(
                    view.ValueSpan("address"),
                    fmt::format("{} is taken already", address->ToString()));
            }
        }
        return at;
    }

    /// @return the routers that hosts are spread over
    std::vector<Index>
    Spread() const
    {
        std::vector<Index> routers;
        if (m_scenario.fabric)
        {
            const auto& all = m_scenario.fabric->routers;
            for (Index i = 0; i < all.size(); ++i)
            {
                if (all[i].leaf || m_scenario.fabric->kind == FabricKind::Custom)
                {
                    routers.push_back(i);
                }
            }
        }
        return routers;
    }

    /// Second pass, once all routers are chosen.
    void
    Complete(Attachment& at, const View& view, std::string_view name)
    {
        while (at.mac.IsZero())
        {
            const auto mac = MacAddress::FromInteger(FIRST_MAC + m_nextMac++);
            if (m_macs.insert(mac).second)
            {
                at.mac = mac;
            }
        }
        if (Bridged())
        {
            return;
        }
        if (at.site)
        {
            CompleteAtSite(at, view, name);
        }
        else if (at.router && m_scenario.fabric)
        {
            CompleteAtRouter(at, view, name);
        }
    }

  private:
    static constexpr std::uint64_t FIRST_MAC = 0x020000000001;

    std::size_t
    RouterCount() const
    {
        return m_scenario.fabric ? m_scenario.fabric->routers.size() : 0;
    }

    bool
    Bridged() const
    {
        return m_scenario.fabric && m_scenario.fabric->forwarding == Forwarding::Bridged;
    }

    void
    BindSite(const View& view, Attachment& at)
    {
        at.site = IndexOf(m_scenario.sites, view.Text("site").value_or(""));
        for (const auto key : {"leaf",
                               "rate",
                               "delay",
                               "mtu",
                               "queue_limit",
                               "loss",
                               "uplinks",
                               "firewall",
                               "outer_vlan",
                               "gateway_mac"})
        {
            if (view.Has(key))
            {
                m_binding.diagnostics.Error(
                    view.Where(key),
                    fmt::format("'{}' is of a link to a router, and this is behind an Edge", key));
            }
        }
        at.settings.mtu = 1500;
    }

    void
    CompleteAtSite(Attachment& at, const View& view, std::string_view name)
    {
        const auto& site = m_scenario.sites[*at.site];
        const auto lan = ToIp(site.lan);
        at.prefixLength = lan.length;
        at.gateway = Next(lan.address);
        const auto hosts = (std::uint32_t{1} << (32 - lan.length)) - 2;
        const auto host = Next(lan.address, std::min<std::uint32_t>(10, hosts));
        if (at.address.IsNone())
        {
            constexpr std::uint32_t FIRST = 11; // 1 is the Edge, 10 the site's host
            for (std::uint32_t i = FIRST; i <= hosts && at.address.IsNone(); ++i)
            {
                const auto address = Next(lan.address, i);
                if (address != host && m_addresses.insert(address).second)
                {
                    at.address = address;
                }
            }
            if (at.address.IsNone())
            {
                m_binding.diagnostics.Error(
                    view.Where("site"),
                    fmt::format("LAN {} of '{}' has no address left for '{}'",
                                lan.ToString(),
                                site.name,
                                name));
            }
        }
        else if (!lan.Contains(at.address))
        {
            m_binding.diagnostics.Error(view.ValueSpan("address"),
                                        fmt::format("{} is outside LAN {} of site '{}'",
                                                    at.address.ToString(),
                                                    lan.ToString(),
                                                    site.name));
        }
        else if (at.address == at.gateway || at.address == host)
        {
            m_binding.diagnostics.Error(
                view.ValueSpan("address"),
                fmt::format("{} is the {} of site '{}'",
                            at.address.ToString(),
                            at.address == host ? "host for traffic" : "Edge",
                            site.name));
        }
    }

    /// Checks that the network an address lies in is no other router's.
    void
    CheckNetwork(const Attachment& at, const View& view)
    {
        const auto& routers = m_scenario.fabric->routers;
        const auto span = view.ValueSpan("address");
        const auto other = m_networks.find(at.gateway);
        if (other != m_networks.end() && other->second != *at.router)
        {
            m_binding.diagnostics.Error(span,
                                        fmt::format("{} is in a network of router '{}' already",
                                                    at.address.ToString(),
                                                    routers[other->second].name));
        }
        for (const auto& router : routers)
        {
            if (router.ownSubnet && router.subnet.Contains(at.address))
            {
                m_binding.diagnostics.Error(span,
                                            fmt::format("{} is in network {} of router '{}'",
                                                        at.address.ToString(),
                                                        router.subnet.ToString(),
                                                        router.name));
            }
        }
        for (const auto kept : {"10.254.0.0/15", "172.16.0.0/12", "fd00:fffe::/31"})
        {
            const std::string_view text(kept);
            const auto slash = text.find('/');
            const IpPrefix prefix{
                *IpAddress::Parse(text.substr(0, slash)),
                static_cast<unsigned>(std::stoul(std::string(text.substr(slash + 1))))};
            if (prefix.Contains(at.address))
            {
                m_binding.diagnostics.Error(
                    span,
                    fmt::format("{} is in {}, which the fabric keeps for itself",
                                at.address.ToString(),
                                kept));
            }
        }
    }

    void
    CompleteAtRouter(Attachment& at, const View& view, std::string_view name)
    {
        const auto& router = m_scenario.fabric->routers[*at.router];
        const bool v4 = m_scenario.fabric->ipVersion == 4;
        const bool given = !at.address.IsNone();
        auto& number = m_hosts[*at.router];
        // Hosts of the same router have networks of their own, unless the file gives one for all.
        while (at.address.IsNone())
        {
            const auto h = number++;
            constexpr std::uint32_t NETWORKS = 254;
            constexpr std::uint32_t FIRST_HOST = 10;
            auto address = Next(router.subnet.address, FIRST_HOST + h);
            if (!router.ownSubnet && v4)
            {
                const auto base = (h % NETWORKS + 1) * 256;
                address = Next(router.subnet.address, base + FIRST_HOST + h / NETWORKS);
            }
            else if (!router.ownSubnet)
            {
                address = router.subnet.address;
                address.octets[6] = static_cast<std::uint8_t>((h + 1) >> 8);
                address.octets[7] = static_cast<std::uint8_t>(h + 1);
                address.octets[15] = 0x10;
            }
            if (!router.subnet.Contains(address) || h / NETWORKS > 240)
            {
                m_binding.diagnostics.Error(view.Where(""),
                                            fmt::format("network {} of router '{}' has no address "
                                                        "left for '{}'",
                                                        router.subnet.ToString(),
                                                        router.name,
                                                        name));
                return;
            }
            if (m_addresses.insert(address).second)
            {
                at.address = address;
            }
        }
        at.prefixLength = router.ownSubnet ? router.subnet.length : v4 ? 24 : 64;
        at.gateway = router.gateway;
        if (!router.ownSubnet)
        {
            at.gateway = at.address;
            const std::size_t kept = v4 ? 15 : 8;
            std::fill(at.gateway.octets.begin() + kept, at.gateway.octets.end(), 0);
            at.gateway = Next(at.gateway);
        }
        if (router.ownSubnet && given && !router.subnet.Contains(at.address))
        {
            m_binding.diagnostics.Error(view.ValueSpan("address"),
                                        fmt::format("{} is outside network {} of router '{}'",
                                                    at.address.ToString(),
                                                    router.subnet.ToString(),
                                                    router.name));
        }
        else if (!router.ownSubnet && given)
        {
            CheckNetwork(at, view);
        }
        if (!router.ownSubnet)
        {
            m_networks.emplace(at.gateway, *at.router);
        }
        if (given && at.address == at.gateway)
        {
            m_binding.diagnostics.Error(view.ValueSpan("address"),
                                        fmt::format("{} is the address of router '{}'",
                                                    at.address.ToString(),
                                                    router.name));
        }
    }

    Binding& m_binding;
    Scenario& m_scenario;
    std::set<IpAddress> m_addresses;
    std::set<MacAddress> m_macs;
    std::map<IpAddress, Index> m_networks; ///< routers by the first address of hosts' networks
    std::uint64_t m_nextMac = 0;
    std::vector<std::uint32_t> m_hosts; ///< given out at each router
};

} // namespace

void
BindOverlay(Binding& binding)
{
    auto& scenario = binding.scenario;
    const bool bridged = scenario.fabric && scenario.fabric->forwarding == Forwarding::Bridged;
    scenario.overlay.replication =
        scenario.fabric && scenario.fabric->multicast.mode != MulticastMode::Off
            ? Replication::Multicast
            : Replication::HeadEnd;
    BindSettings(binding, binding.root.Sub("overlay"), scenario.overlay);
    if (!scenario.fabric && !binding.root.Has("hypervisors"))
    {
        return; // keys that are there without need are reported by CheckOverlay
    }
    BindNetworks(binding);
    HostBinder hosts(binding);
    const auto routers = hosts.Spread();
    std::vector<std::pair<Attachment*, std::pair<View, std::string>>> all;
    const auto hypervisors = binding.root.Entries("hypervisors");
    const auto serviceNodes = binding.root.Entries("service_nodes");
    scenario.hypervisors.reserve(hypervisors.size());
    scenario.serviceNodes.reserve(serviceNodes.size());
    std::size_t spread = 0;
    for (const auto& [name, view] : hypervisors)
    {
        Hypervisor hypervisor;
        hypervisor.name = name;
        hypervisor.about = About(view);
        hypervisor.vtep = !bridged;
        hypervisor.replicator = view.Toggle("replicator").value_or(false);
        hypervisor.overlay = scenario.overlay;
        if (const auto overlay = view.Sub("overlay"))
        {
            BindSettings(binding, overlay, hypervisor.overlay);
        }
        hypervisor.attachment = hosts.Bind(view, name, true);
        if (!view.Has("leaf") && !view.Has("site") && !routers.empty())
        {
            hypervisor.attachment.router = routers[spread++ % routers.size()];
        }
        AddNode(binding, view.Where(""), name, {NodeKind::Hypervisor, scenario.hypervisors.size()});
        scenario.hypervisors.push_back(std::move(hypervisor));
        all.push_back({&scenario.hypervisors.back().attachment, {view, name}});
    }
    const auto fixed = [&](Attachment& at, const View& view) {
        if (!view.Has("leaf") && !routers.empty())
        {
            at.router = routers.front();
        }
    };
    for (const auto& [name, view] : serviceNodes)
    {
        ServiceNode node{name, About(view), hosts.Bind(view, name, false)};
        fixed(node.attachment, view);
        AddNode(
            binding, view.Where(""), name, {NodeKind::ServiceNode, scenario.serviceNodes.size()});
        scenario.serviceNodes.push_back(std::move(node));
        all.push_back({&scenario.serviceNodes.back().attachment, {view, name}});
    }
    if (const auto view = binding.root.Sub("controller"))
    {
        auto& controller = scenario.controller.emplace();
        controller.about = About(view);
        controller.attachment = hosts.Bind(view, "controller", false);
        fixed(controller.attachment, view);
        controller.pushDelay = view.Time("push_delay").value_or(Duration{0});
        controller.updateCost = view.Time("update_cost").value_or(Duration{0});
        AddNode(binding, view.Where(""), "controller", {NodeKind::Controller, 0});
        all.push_back({&controller.attachment, {view, "controller"}});
    }
    for (auto& [attachment, source] : all)
    {
        hosts.Complete(*attachment, source.first, source.second);
    }
}

} // namespace weft::spec
