// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/bind-overlay.h"
#include "engine/spec/expand.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace weft::spec
{

namespace
{

/// What is taken in a network, and by whom.
struct Taken
{
    std::map<IpAddress, std::string> addresses;
    std::map<MacAddress, std::string> macs;
    std::map<std::uint8_t, IpAddress> virtualRouters;
    std::uint32_t next = 0;
};

/// The first and the last address of a subnet's hosts.
struct Range
{
    IpAddress first;
    IpAddress last;
};

Range
HostsOf(const IpPrefix& subnet)
{
    const auto size = std::uint32_t{1} << (32 - subnet.length);
    return {Next(subnet.address), Next(subnet.address, size - 2)};
}

class MachineBinder
{
  public:
    explicit MachineBinder(Binding& binding)
        : m_binding(binding), m_scenario(binding.scenario), m_taken(m_scenario.networks.size())
    {
    }

    void
    Bind()
    {
        // What is given comes first, so that what is given out does not take it.
        BindGateways();
        BindVms();
        for (auto& [index, view] : m_vms)
        {
            Complete(m_scenario.vms[index], view);
        }
        CompleteGateways();
    }

  private:
    Diagnostic&
    Error(Span span, std::string message)
    {
        return m_binding.diagnostics.Error(span, std::move(message));
    }

    /// Checks that an address is one of a network's hosts'.
    bool
    Inside(Span span, const IpAddress& address, Index network)
    {
        const auto& [name, subnet] =
            std::pair(m_scenario.networks[network].name, m_scenario.networks[network].subnet);
        const auto range = HostsOf(subnet);
        if (!subnet.Contains(address))
        {
            Error(span,
                  fmt::format("{} is outside {}, the subnet of network '{}'",
                              address.ToString(),
                              subnet.ToString(),
                              name));
            return false;
        }
        if (address < range.first || address > range.last)
        {
            Error(
                span,
                fmt::format("{} is no host's in {}, the subnet of network '{}'; hosts are {} to {}",
                            address.ToString(),
                            subnet.ToString(),
                            name,
                            range.first.ToString(),
                            range.last.ToString()));
            return false;
        }
        return true;
    }

    void
    TakeAddress(Span span, const IpAddress& address, Index network, const std::string& owner)
    {
        const auto [other, fresh] = m_taken[network].addresses.emplace(address, owner);
        if (!fresh)
        {
            Error(span,
                  fmt::format("{} is the address of '{}' already, in network '{}'",
                              address.ToString(),
                              other->second,
                              m_scenario.networks[network].name));
        }
    }

    void
    BindVms()
    {
        const auto& networks = m_scenario.networks;
        const auto& hypervisors = m_scenario.hypervisors;
        const auto entries = m_binding.root.Entries("vms");
        m_scenario.vms.reserve(entries.size());
        std::size_t spread = 0;
        for (const auto& [name, view] : entries)
        {
            Vm vm;
            vm.name = name;
            vm.about = About(view);
            vm.mtu = static_cast<std::uint32_t>(view.Integer("mtu").value_or(1500));
            vm.tagged = view.Toggle("tagged").value_or(false);
            AddNode(m_binding, view.Where(""), name, {NodeKind::Vm, m_scenario.vms.size()});
            const auto on = view.Text("on");
            const auto hypervisor = on ? IndexOf(hypervisors, *on) : std::nullopt;
            if (!on && !view.Has("on") && !hypervisors.empty())
            {
                vm.hypervisor = spread++ % hypervisors.size();
            }
            else
            {
                vm.hypervisor = hypervisor.value_or(0);
            }
            const auto network = view.Text("network");
            const auto found = network ? IndexOf(networks, *network) : std::nullopt;
            if (!view.Has("network") && networks.size() > 1)
            {
                auto& error =
                    Error(view.Where(""), fmt::format("missing key 'network' in vms.{}", name));
                error.notes.push_back("network: needed where there are several networks");
            }
            vm.network = found.value_or(0);
            const bool known = found || (!view.Has("network") && networks.size() == 1);
            if (known)
            {
                BindGiven(vm, view);
                m_vms.emplace_back(m_scenario.vms.size(), view);
            }
            m_scenario.vms.push_back(std::move(vm));
        }
    }

    void
    BindGiven(Vm& vm, const View& view)
    {
        const auto& network = m_scenario.networks[vm.network];
        vm.prefixLength = network.subnet.length;
        if (const auto address = AddressIn(view, "address"))
        {
            vm.address = *address;
            if (Inside(view.ValueSpan("address"), vm.address, vm.network))
            {
                TakeAddress(view.ValueSpan("address"), vm.address, vm.network, vm.name);
            }
        }
        if (const auto mac = MacIn(view, "mac"))
        {
            vm.mac = *mac;
            const auto [other, fresh] = m_taken[vm.network].macs.emplace(*mac, vm.name);
            if (!fresh)
            {
                Error(view.ValueSpan("mac"),
                      fmt::format("{} is the MAC address of '{}' already, in network '{}'",
                                  mac->ToString(),
                                  other->second,
                                  network.name))
                    .notes.emplace_back("the same MAC address is allowed in different networks, "
                                        "not twice in one");
            }
        }
        if (const auto gateway = AddressIn(view, "gateway"))
        {
            vm.gateway = *gateway;
            Inside(view.ValueSpan("gateway"), vm.gateway, vm.network);
        }
        if (const auto vrrp = view.Sub("vrrp"))
        {
            vm.vrrp = BindMembership(vrrp, vm.network);
        }
        if (vm.tagged && network.vlan == 0)
        {
            Error(view.Where("tagged"),
                  fmt::format("network '{}' has no VLAN to tag frames with", network.name))
                .notes.push_back(fmt::format("networks.{}.vlan gives it one", network.name));
        }
    }

    /// Reads a membership and holds it against the others of the virtual router.
    Vrrp
    BindMembership(const View& view, Index network)
    {
        const auto vrrp = BindVrrp(m_binding, view, network);
        if (vrrp.address.IsNone() || !Inside(view.ValueSpan("address"), vrrp.address, network))
        {
            return vrrp;
        }
        const auto [other, fresh] = m_taken[network].virtualRouters.emplace(vrrp.id, vrrp.address);
        if (!fresh && other->second != vrrp.address)
        {
            Error(view.ValueSpan("address"),
                  fmt::format("virtual router {} of network '{}' has address {} elsewhere",
                              vrrp.id,
                              m_scenario.networks[network].name,
                              other->second.ToString()));
        }
        if (fresh)
        {
            TakeAddress(view.ValueSpan("address"),
                        vrrp.address,
                        network,
                        fmt::format("virtual router {}", vrrp.id));
        }
        return vrrp;
    }

    void
    Complete(Vm& vm, const View& view)
    {
        auto& taken = m_taken[vm.network];
        const auto& network = m_scenario.networks[vm.network];
        const auto range = HostsOf(network.subnet);
        constexpr std::uint32_t FIRST = 10; // leaves some to gateways
        const auto hosts = (std::uint32_t{1} << (32 - network.subnet.length)) - 2;
        const auto first = hosts > 2 * FIRST ? FIRST : 1;
        while (vm.address.IsNone())
        {
            const auto address = Next(network.subnet.address, first + taken.next++);
            if (address > range.last)
            {
                Error(view.Where(""),
                      fmt::format("{}, the subnet of network '{}', has no address left for '{}'",
                                  network.subnet.ToString(),
                                  network.name,
                                  vm.name));
                return;
            }
            if (taken.addresses.emplace(address, vm.name).second)
            {
                vm.address = address;
            }
        }
        constexpr std::uint64_t FIRST_MAC = 0x005056000001;
        while (vm.mac.IsZero())
        {
            const auto mac = MacAddress::FromInteger(FIRST_MAC + m_nextMac++);
            if (taken.macs.emplace(mac, vm.name).second)
            {
                vm.mac = mac;
            }
        }
        if (!view.Has("gateway"))
        {
            vm.gateway = GatewayOf(vm.network);
        }
    }

    IpAddress
    GatewayOf(Index network) const
    {
        IpAddress own;
        for (const auto& gateway : m_scenario.gateways)
        {
            for (const auto& vrrp : gateway.vrrp)
            {
                if (vrrp.network == network)
                {
                    return vrrp.address;
                }
            }
            for (const auto& leg : gateway.interfaces)
            {
                own = own.IsNone() && leg.network == network ? leg.address : own;
            }
        }
        return own;
    }

    void
    BindGateways()
    {
        for (const auto& [name, view] : m_binding.root.Entries("gateways"))
        {
            Gateway gateway;
            gateway.name = name;
            gateway.about = About(view);
            gateway.hypervisor =
                IndexOf(m_scenario.hypervisors, view.Text("on").value_or("")).value_or(0);
            gateway.arpCache = static_cast<std::uint32_t>(view.Integer("arp_cache").value_or(1024));
            gateway.arpTimeout = view.Time("arp_timeout").value_or(m_scenario.overlay.arpTimeout);
            AddNode(
                m_binding, view.Where(""), name, {NodeKind::Gateway, m_scenario.gateways.size()});
            const auto* interfaces = view.Find("interfaces");
            for (const auto& entry : interfaces ? interfaces->entries : std::vector<Node::Entry>{})
            {
                const auto network = IndexOf(m_scenario.networks, entry.key);
                const auto* text = std::get_if<std::string>(&entry.node.value);
                const auto address = text ? IpAddress::Parse(*text) : std::nullopt;
                if (!network || !address)
                {
                    continue;
                }
                if (Inside(entry.node.span, *address, *network))
                {
                    TakeAddress(entry.node.span, *address, *network, name);
                }
                gateway.interfaces.push_back(
                    {*network, *address, m_scenario.networks[*network].subnet.length, {}});
            }
            for (const auto& [networkName, vrrp] : view.Entries("vrrp"))
            {
                const auto network = IndexOf(m_scenario.networks, networkName);
                const auto leg =
                    std::find_if(gateway.interfaces.begin(),
                                 gateway.interfaces.end(),
                                 [&](const GatewayInterface& i) { return network == i.network; });
                if (leg != gateway.interfaces.end())
                {
                    gateway.vrrp.push_back(BindMembership(vrrp, *network));
                    continue;
                }
                std::vector<std::string> known;
                for (const auto& i : gateway.interfaces)
                {
                    known.push_back(m_scenario.networks[i.network].name);
                }
                auto& error = Error(
                    vrrp.Where(""),
                    fmt::format("gateway '{}' has no interface in network '{}'", name, networkName),
                    DidYouMean(networkName, known));
                error.notes.push_back(ListNames("interfaces", known));
            }
            m_scenario.gateways.push_back(std::move(gateway));
        }
    }

    Diagnostic&
    Error(Span span, std::string message, std::string hint)
    {
        return m_binding.diagnostics.Error(span, std::move(message), std::move(hint));
    }

    void
    CompleteGateways()
    {
        constexpr std::uint64_t FIRST_MAC = 0x005056800001;
        std::uint64_t next = 0;
        for (auto& gateway : m_scenario.gateways)
        {
            for (auto& leg : gateway.interfaces)
            {
                while (leg.mac.IsZero())
                {
                    const auto mac = MacAddress::FromInteger(FIRST_MAC + next++);
                    if (m_taken[leg.network].macs.emplace(mac, gateway.name).second)
                    {
                        leg.mac = mac;
                    }
                }
            }
        }
    }

    Binding& m_binding;
    Scenario& m_scenario;
    std::vector<Taken> m_taken; ///< by network
    std::vector<std::pair<Index, View>> m_vms;
    std::uint64_t m_nextMac = 0;
};

} // namespace

Vrrp
BindVrrp(Binding& binding, const View& view, Index network)
{
    Vrrp vrrp;
    vrrp.network = network;
    vrrp.id = static_cast<std::uint8_t>(view.Integer("id").value_or(1));
    vrrp.address = AddressIn(view, "address").value_or(IpAddress{});
    vrrp.priority = static_cast<std::uint8_t>(view.Integer("priority").value_or(100));
    vrrp.advertise = view.Time("advertise").value_or(Duration{0});
    vrrp.preempt = view.Toggle("preempt").value_or(true);
    // RFC 5798 section 5.2.7: the interval goes over the wire in hundredths of a second.
    constexpr Duration STEP = std::chrono::milliseconds(10);
    if (vrrp.advertise % STEP != Duration{0})
    {
        binding.diagnostics.Error(view.ValueSpan("advertise"),
                                  "advertisements are whole hundredths of a second apart");
    }
    return vrrp;
}

void
BindMachines(Binding& binding)
{
    MachineBinder(binding).Bind();
}

} // namespace weft::spec
