// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/bind.h"
#include "engine/spec/expand.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::spec
{

namespace
{

/// Addresses of the routers; those of their hosts are given out in bind-overlay.cc.
IpAddress
LoopbackOf(unsigned ipVersion, std::uint32_t number)
{
    constexpr std::uint32_t FIRST = 0x0aff0000; // 10.255.0.0
    return ipVersion == 4 ? IpAddress::V4(FIRST + number)
                          : Next(*IpAddress::Parse("fd00:ffff::"), number);
}

IpPrefix
SubnetOf(unsigned ipVersion, std::uint32_t number)
{
    constexpr std::uint32_t FIRST = 0x0a000000; // 10.0.0.0
    return ipVersion == 4 ? IpPrefix{IpAddress::V4(FIRST | number << 16), 16}
                          : IpPrefix{*IpAddress::Parse(fmt::format("fd00:0:{:x}::", number)), 48};
}

IpPrefix
ParseNetwork(const std::string& text)
{
    const auto slash = text.find('/');
    return {*IpAddress::Parse(std::string_view(text).substr(0, slash)),
            static_cast<unsigned>(std::stoul(text.substr(slash + 1)))};
}

bool
Overlap(const IpPrefix& a, const IpPrefix& b)
{
    return a.Contains(b.address) || b.Contains(a.address);
}

class FabricBinder
{
  public:
    FabricBinder(Binding& binding, const View& view)
        : m_binding(binding), m_view(view), m_fabric(binding.scenario.fabric.emplace())
    {
    }

    void
    Bind()
    {
        const auto kind = m_view.Choice<FabricKind>("kind");
        const auto forwarding = m_view.Choice<Forwarding>("forwarding");
        for (const auto key : {"kind", "forwarding", "leaves", "spines"})
        {
            const auto* node = m_view.Find(key);
            m_binding.fabricKnown = m_binding.fabricKnown && !(node && node->value.index() == 0);
        }
        m_fabric.kind = kind.value_or(FabricKind::LeafSpine);
        m_fabric.forwarding = forwarding.value_or(Forwarding::Routed);
        m_fabric.ipVersion = m_view.Text("ip") == "6" ? 6 : 4;
        m_fabric.defaults.rate = m_view.Real("rate").value_or(0);
        m_fabric.defaults.delay = m_view.Time("delay").value_or(Duration{0});
        m_fabric.defaults.mtu = static_cast<std::uint32_t>(m_view.Integer("mtu").value_or(0));
        m_fabric.defaults.queueLimit =
            static_cast<std::uint64_t>(m_view.Integer("queue_limit").value_or(0));
        m_fabric.convergence = m_view.Time("convergence").value_or(Duration{0});
        const auto ecmp = m_view.Sub("ecmp");
        m_fabric.ecmpHash = ecmp.Choice<EcmpHash>("hash").value_or(EcmpHash::FiveTuple);
        m_fabric.ecmpSeed = ecmp.Choice<EcmpSeed>("seed").value_or(EcmpSeed::PerRouter);
        m_fabric.ecmpResilient = ecmp.Toggle("resilient").value_or(false);
        m_fabric.macTable = static_cast<std::uint32_t>(m_view.Integer("mac_table").value_or(0));
        m_fabric.macAgeing = m_view.Time("mac_ageing").value_or(Duration{0});
        const bool bridged = m_fabric.forwarding == Forwarding::Bridged;
        for (const auto key : {"ecmp", "multicast", "convergence", "ip"})
        {
            if (bridged && m_view.Has(key))
            {
                Error(key, fmt::format("switches do not route: '{}' has no meaning here", key));
            }
        }
        BindRouters();
        BindLinks();
        BindMulticast();
        CheckConnected();
    }

  private:
    Diagnostic&
    Error(std::string_view key, std::string message)
    {
        return m_binding.diagnostics.Error(m_view.Where(key), std::move(message));
    }

    void
    AddRouter(const std::string& name, bool leaf, Span span)
    {
        const auto number = static_cast<std::uint32_t>(m_fabric.routers.size() + 1);
        FabricRouter router;
        router.name = name;
        router.leaf = leaf;
        router.address = LoopbackOf(m_fabric.ipVersion, number);
        router.subnet = SubnetOf(m_fabric.ipVersion, number);
        router.gateway = Next(router.subnet.address);
        AddNode(m_binding, span, name, {NodeKind::Router, m_fabric.routers.size()});
        m_fabric.routers.push_back(std::move(router));
    }

    void
    BindRouters()
    {
        if (m_fabric.kind == FabricKind::LeafSpine)
        {
            const auto leaves = m_view.Integer("leaves");
            const auto spines = m_view.Integer("spines");
            for (std::int64_t i = 1; i <= leaves.value_or(0); ++i)
            {
                AddRouter(fmt::format("leaf{}", i), true, m_view.Where("leaves"));
            }
            for (std::int64_t i = 1; i <= spines.value_or(0); ++i)
            {
                AddRouter(fmt::format("spine{}", i), false, m_view.Where("spines"));
            }
            m_leaves = m_fabric.routers.size() - static_cast<Index>(spines.value_or(0));
        }
        for (const auto& [name, view] : m_view.Entries("routers"))
        {
            if (m_fabric.kind == FabricKind::Custom)
            {
                constexpr std::size_t MOST = 192; // addresses are given out by number
                if (m_fabric.routers.size() == MOST)
                {
                    m_binding.diagnostics.Error(view.Where(""),
                                                fmt::format("more than {} routers", MOST));
                    m_binding.fabricKnown = false;
                    return;
                }
                AddRouter(name, false, view.Where(""));
            }
            const auto index = IndexOf(m_fabric.routers, name);
            if (!index)
            {
                std::vector<std::string> names;
                for (const auto& router : m_fabric.routers)
                {
                    names.push_back(router.name);
                }
                auto& error = m_binding.diagnostics.Error(
                    view.Where(""),
                    fmt::format("a leaf-spine fabric has no router '{}'", name),
                    DidYouMean(name, names));
                error.notes.push_back(ListNames("routers", names));
                continue;
            }
            BindRouter(view, *index);
        }
        if (m_fabric.kind == FabricKind::Custom && m_fabric.routers.empty())
        {
            m_binding.fabricKnown = false;
            Error("kind", "a custom fabric needs 'routers'");
        }
    }

    void
    BindRouter(const View& view, Index index)
    {
        auto& router = m_fabric.routers[index];
        router.about = About(view);
        const bool bridged = m_fabric.forwarding == Forwarding::Bridged;
        for (const auto key : {"address", "subnet"})
        {
            if (bridged && view.Has(key))
            {
                m_binding.diagnostics.Error(view.Where(key), "a switch has no addresses");
            }
        }
        const auto version = [&](std::string_view key, const IpAddress& address) {
            if (address.IsV4() != (m_fabric.ipVersion == 4))
            {
                m_binding.diagnostics.Error(
                    view.ValueSpan(key),
                    fmt::format("the underlay is IPv{}: fabric.ip", m_fabric.ipVersion));
            }
        };
        if (const auto address = AddressIn(view, "address"))
        {
            version("address", *address);
            router.address = *address;
        }
        if (const auto subnet = view.Text("subnet"))
        {
            router.subnet = ParseNetwork(*subnet);
            router.gateway = Next(router.subnet.address);
            router.ownSubnet = true;
            version("subnet", router.subnet.address);
            const unsigned most = m_fabric.ipVersion == 4 ? 29 : 120;
            if (router.subnet.length > most)
            {
                m_binding.diagnostics.Error(
                    view.ValueSpan("subnet"),
                    fmt::format("the network of a router's hosts has a prefix length of {} or less",
                                most));
            }
        }
        for (const auto& other : m_fabric.routers)
        {
            if (&other == &router)
            {
                continue;
            }
            if (other.ownSubnet && router.ownSubnet && Overlap(other.subnet, router.subnet))
            {
                m_binding.diagnostics.Error(view.ValueSpan("subnet"),
                                            fmt::format("network {} of '{}' overlaps {} of '{}'",
                                                        router.subnet.ToString(),
                                                        router.name,
                                                        other.subnet.ToString(),
                                                        other.name));
            }
            if (view.Has("address") && other.address == router.address)
            {
                m_binding.diagnostics.Error(view.ValueSpan("address"),
                                            fmt::format("{} is the address of '{}' too",
                                                        router.address.ToString(),
                                                        other.name));
            }
        }
    }

    std::optional<Index>
    LinkBetween(Index a, Index b) const
    {
        for (Index i = 0; i < m_fabric.links.size(); ++i)
        {
            const auto& link = m_fabric.links[i];
            if ((link.first == a && link.second == b) || (link.first == b && link.second == a))
            {
                return i;
            }
        }
        return std::nullopt;
    }

    void
    AddLink(Index first, Index second)
    {
        m_fabric.links.push_back(
            {m_fabric.routers[first].name + "." + m_fabric.routers[second].name,
             "",
             first,
             second,
             m_fabric.defaults});
    }

    void
    BindLinks()
    {
        const auto& routers = m_fabric.routers;
        for (Index leaf = 0; leaf < m_leaves; ++leaf)
        {
            for (Index spine = m_leaves; spine < routers.size(); ++spine)
            {
                AddLink(leaf, spine);
            }
        }
        std::vector<bool> said(m_fabric.links.size());
        for (const auto& [unused, view] : m_view.Entries("links"))
        {
            const auto names = view.Names("between");
            const auto span = view.ValueSpan("between");
            if (names.size() != 2)
            {
                m_binding.fabricKnown = false;
                if (!names.empty())
                {
                    m_binding.diagnostics.Error(span, "a link is between two routers");
                }
                continue;
            }
            const auto none = routers.size();
            const auto first = IndexOf(routers, names[0]).value_or(none);
            const auto second = IndexOf(routers, names[1]).value_or(none);
            if (first == none || second == none)
            {
                m_binding.fabricKnown = false;
                continue;
            }
            if (first == second)
            {
                m_binding.fabricKnown = false;
                m_binding.diagnostics.Error(
                    span, fmt::format("both ends are router '{}'", names.front()));
                continue;
            }
            auto at = LinkBetween(first, second);
            if (at && said[*at])
            {
                m_binding.diagnostics
                    .Error(span,
                           fmt::format(
                               "the link between {} and {} is given twice", names[0], names[1]))
                    .notes.emplace_back("`members` makes a bundle of several links");
                continue;
            }
            if (!at)
            {
                at = m_fabric.links.size();
                AddLink(first, second);
                said.push_back(true);
            }
            said[*at] = true;
            m_fabric.links[*at].about = About(view);
            m_fabric.links[*at].settings = BindEthernet(view, m_fabric.defaults, "members");
        }
    }

    void
    BindMulticast()
    {
        const auto view = m_view.Sub("multicast");
        auto& multicast = m_fabric.multicast;
        if (!view)
        {
            // A map that is there but wrong is not known to be off.
            return;
        }
        const auto mode = view.Text("mode");
        multicast.mode = mode == "pim-sm"   ? MulticastMode::PimSm
                         : mode == "pim-dm" ? MulticastMode::PimDm
                         : mode == "bidir"  ? MulticastMode::Bidir
                                            : MulticastMode::Static;
        multicast.registerForwarding = view.Toggle("register_forwarding").value_or(true);
        multicast.igmpVersion = view.Text("igmp") == "2" ? 2 : 3;
        multicast.rendezvousPoint =
            m_leaves < m_fabric.routers.size() && m_fabric.kind == FabricKind::LeafSpine ? m_leaves
                                                                                         : 0;
        if (const auto rp = view.Text("rp"))
        {
            multicast.rendezvousPoint = IndexOf(m_fabric.routers, *rp).value_or(0);
        }
        const auto spt = view.Text("spt");
        multicast.spt = spt == "immediate" ? SptSwitch::Immediate
                        : spt == "never"   ? SptSwitch::Never
                                           : SptSwitch::Threshold;
        multicast.sptThreshold = view.Real("spt").value_or(0);
        if (m_fabric.ipVersion == 6)
        {
            m_binding.diagnostics
                .Error(m_view.Where("multicast"), "multicast routing is not supported over IPv6")
                .notes.emplace_back(
                    "overlay.replication: head-end, service-node and assisted work over IPv6");
        }
    }

    void
    CheckConnected()
    {
        const auto& routers = m_fabric.routers;
        if (!m_binding.fabricKnown || routers.empty())
        {
            return;
        }
        std::vector<bool> reached(routers.size());
        std::vector<Index> open{0};
        reached[0] = true;
        while (!open.empty())
        {
            const auto at = open.back();
            open.pop_back();
            for (const auto& link : m_fabric.links)
            {
                const auto next = link.first == at    ? link.second
                                  : link.second == at ? link.first
                                                      : at;
                if (!reached[next])
                {
                    reached[next] = true;
                    open.push_back(next);
                }
            }
        }
        const auto apart = std::find(reached.begin(), reached.end(), false);
        if (apart != reached.end())
        {
            Error(m_view.Has("links") ? "links" : "routers",
                  fmt::format("the fabric falls apart: no way from '{}' to '{}'",
                              routers.front().name,
                              routers[static_cast<Index>(apart - reached.begin())].name));
        }
    }

    Binding& m_binding;
    const View& m_view;
    Fabric& m_fabric;
    Index m_leaves = 0;
};

} // namespace

EthernetSettings
BindEthernet(const View& view, const EthernetSettings& base, std::string_view members)
{
    EthernetSettings settings = base;
    settings.rate = view.Real("rate").value_or(base.rate);
    settings.delay = view.Time("delay").value_or(base.delay);
    settings.mtu = static_cast<std::uint32_t>(view.Integer("mtu").value_or(base.mtu));
    settings.queueLimit = static_cast<std::uint64_t>(
        view.Integer("queue_limit").value_or(static_cast<std::int64_t>(base.queueLimit)));
    settings.loss = view.Real("loss").value_or(0);
    settings.members = static_cast<unsigned>(view.Integer(members).value_or(1));
    settings.lagHash = view.Choice<LagHash>("lag_hash").value_or(LagHash::Layer4);
    settings.firewall = view.Choice<FirewallKind>("firewall").value_or(FirewallKind::None);
    settings.outerVlan = static_cast<std::uint16_t>(view.Integer("outer_vlan").value_or(0));
    return settings;
}

void
BindFabric(Binding& binding)
{
    if (const auto view = binding.root.Sub("fabric"))
    {
        FabricBinder(binding, view).Bind();
    }
}

} // namespace weft::spec
