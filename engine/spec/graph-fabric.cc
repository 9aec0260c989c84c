// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/graph-text.h"
#include "engine/spec/quantity.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace weft::spec
{

namespace
{

/// A hypervisor with more machines than this tells how many it has instead.
constexpr std::size_t MOST_VMS = 12;

constexpr std::string_view FABRIC_LINE = "#2563a8";
constexpr std::string_view FABRIC_FILL = "#e8f1fb";
constexpr std::string_view NETWORK_LINE = "#0f766e";
constexpr std::string_view NETWORK_FILL = "#e3f4f1";

std::string
Rate(const EthernetSettings& settings)
{
    const auto rate = FormatQuantity(settings.rate, Dimension::Rate);
    return settings.members == 1 ? rate : fmt::format("{} x {}", settings.members, rate);
}

/// @return "10Gbps, loss 1%, firewall, cut, 5s to 7s": what is worth saying of a wire
std::string
WireText(const Scenario& s, const WireRef& wire)
{
    const auto& settings = s.At(wire);
    std::string text = Rate(settings);
    if (settings.loss > 0)
    {
        text += ", loss " + FormatQuantity(settings.loss, Dimension::Fraction);
    }
    if (settings.firewall != FirewallKind::None)
    {
        text += ", firewall";
    }
    if (settings.outerVlan != 0)
    {
        text += fmt::format(", VLAN {}", settings.outerVlan);
    }
    return text;
}

/// @return "cut, 5s to 7s" for every event that touches the wire, or the node
std::vector<std::string>
EventsOf(const Scenario& s, const WireRef* wire, const NodeRef* node)
{
    std::vector<std::string> events;
    for (const auto& event : s.events)
    {
        const bool same = (wire && event.kind == EventKind::Wire && event.wire.kind == wire->kind &&
                           event.wire.link == wire->link && event.wire.node == wire->node) ||
                          (node && event.kind == EventKind::Node && event.node == *node);
        if (same)
        {
            events.push_back(
                fmt::format("{}, {} to {}", event.name, Time(event.at), Time(event.end)));
        }
    }
    return events;
}

std::string
DotLines(const std::vector<std::string>& lines, std::string_view colour)
{
    std::string text;
    for (const auto& line : lines)
    {
        text +=
            fmt::format("<br/><font point-size=\"10\" color=\"{}\">{}</font>", colour, Html(line));
    }
    return text;
}

/// The hosts of the fabric: hypervisors, service nodes, the controller.
std::vector<NodeRef>
HostsOf(const Scenario& s)
{
    std::vector<NodeRef> hosts;
    for (Index i = 0; i < s.hypervisors.size(); ++i)
    {
        hosts.push_back({NodeKind::Hypervisor, i});
    }
    for (Index i = 0; i < s.serviceNodes.size(); ++i)
    {
        hosts.push_back({NodeKind::ServiceNode, i});
    }
    if (s.controller)
    {
        hosts.push_back({NodeKind::Controller, 0});
    }
    return hosts;
}

WireRef
UplinkOf(const NodeRef& host)
{
    WireRef wire;
    wire.kind = WireRef::Kind::Uplink;
    wire.node = host;
    return wire;
}

/// @return what stands on a host: its address, its machines, its gateways, what happens to it
std::vector<std::string>
ContentsOf(const Scenario& s, const NodeRef& host)
{
    std::vector<std::string> lines;
    const auto& at = s.AttachmentOf(host);
    if (!at.address.IsNone())
    {
        lines.push_back(at.address.ToString());
    }
    if (host.kind != NodeKind::Hypervisor)
    {
        return lines;
    }
    std::vector<std::string> vms;
    for (const auto& vm : s.vms)
    {
        if (vm.hypervisor == host.index)
        {
            vms.push_back(fmt::format("{} {}", vm.name, vm.address.ToString()));
        }
    }
    if (vms.size() > MOST_VMS)
    {
        lines.push_back(fmt::format("{} VMs", vms.size()));
    }
    else
    {
        lines.insert(lines.end(), vms.begin(), vms.end());
    }
    for (const auto& gateway : s.gateways)
    {
        if (gateway.hypervisor == host.index)
        {
            lines.push_back("gateway " + gateway.name);
        }
    }
    return lines;
}

/// The networks with a machine or gateway on a hypervisor, now or after a move.
std::set<Index>
NetworksOn(const Scenario& s, Index hypervisor)
{
    std::set<Index> networks;
    for (const auto& vm : s.vms)
    {
        if (vm.hypervisor == hypervisor)
        {
            networks.insert(vm.network);
        }
    }
    for (const auto& event : s.events)
    {
        if (event.kind == EventKind::Move && event.move.to == hypervisor)
        {
            networks.insert(s.vms[event.move.vm].network);
        }
    }
    for (const auto& gateway : s.gateways)
    {
        for (const auto& leg : gateway.interfaces)
        {
            if (gateway.hypervisor == hypervisor)
            {
                networks.insert(leg.network);
            }
        }
    }
    return networks;
}

/// @return "VNI 864, 239.0.3.96", or "VLAN 10" in a bridged fabric
std::string
NetworkText(const Scenario& s, const VirtualNetwork& network)
{
    if (s.fabric && s.fabric->forwarding == Forwarding::Bridged)
    {
        return fmt::format("VLAN {}, {}", network.vlan, network.subnet.ToString());
    }
    const bool grouped = s.overlay.replication == Replication::Multicast;
    return fmt::format("VNI {}, {}{}",
                       network.vni,
                       network.subnet.ToString(),
                       grouped ? ", group " + network.group.ToString() : std::string());
}

/// @return the hypervisor that a flow's end is on or is, or nothing
std::optional<Index>
HypervisorOf(const Scenario& s, const NodeRef& node)
{
    switch (node.kind)
    {
    case NodeKind::Vm:
        return s.vms[node.index].hypervisor;
    case NodeKind::Gateway:
        return s.gateways[node.index].hypervisor;
    case NodeKind::Hypervisor:
        return node.index;
    default:
        return std::nullopt;
    }
}

/// Flows between two hypervisors, drawn as one arrow.
struct Arrow
{
    Index from = 0;
    Index to = 0;
    bool bothWays = false;
    std::string text; ///< "ping: vm1 to vm2 (ping)", "many1: vm1 to vm2 (bulk-udp) and 63 more"
};

std::vector<Arrow>
ArrowsOf(const Scenario& s)
{
    std::map<std::tuple<Index, Index, bool>, std::vector<const Flow*>> pairs;
    for (const auto& flow : s.traffic)
    {
        const auto from = HypervisorOf(s, flow.From());
        const auto to = HypervisorOf(s, flow.To());
        if (from && to)
        {
            pairs[{*from, *to, flow.bothWays}].push_back(&flow);
        }
    }
    std::vector<Arrow> arrows;
    for (const auto& [pair, flows] : pairs)
    {
        const auto& first = *flows.front();
        auto text = fmt::format("{}: {} to {} ({})",
                                first.name,
                                s.Name(first.From()),
                                s.Name(first.To()),
                                ToString(first.kind));
        if (flows.size() > 1)
        {
            text += fmt::format(" and {} more", flows.size() - 1);
        }
        arrows.push_back(
            {std::get<0>(pair), std::get<1>(pair), std::get<2>(pair), std::move(text)});
    }
    return arrows;
}

/// @return "move, 6s: vm2 to host3"
std::vector<std::string>
MovesTo(const Scenario& s, Index hypervisor)
{
    std::vector<std::string> moves;
    for (const auto& event : s.events)
    {
        if (event.kind == EventKind::Move && event.move.to == hypervisor)
        {
            moves.push_back(fmt::format(
                "{}, {}: {} comes", event.name, Time(event.at), s.vms[event.move.vm].name));
        }
    }
    return moves;
}

std::string
DotBox(std::string_view id,
       std::string_view title,
       const std::string& lines,
       std::string_view line,
       std::string_view fill)
{
    return fmt::format("  \"{}\" [shape=box, style=\"rounded,filled\", fillcolor=\"{}\", "
                       "color=\"{}\", penwidth=1.4, margin=\"0.16,0.08\",\n"
                       "    label=<<b>{}</b>{}>];\n",
                       id,
                       fill,
                       line,
                       title,
                       lines);
}

/// A host, with what is on it and what happens to it.
std::string
DotHost(const Scenario& s, const NodeRef& host)
{
    auto lines =
        DotLines(ContentsOf(s, host), FAINT) + DotLines(EventsOf(s, nullptr, &host), ALARM);
    if (host.kind == NodeKind::Hypervisor)
    {
        lines += DotLines(MovesTo(s, host.index), ALARM);
    }
    return DotBox("host " + s.Name(host), s.Name(host), lines, INK, "#ffffff");
}

/// Identifiers of Mermaid: it takes no hyphens next to its own arrows.
std::string
MermaidHost(const NodeRef& host)
{
    const char kind = host.kind == NodeKind::Hypervisor    ? 'h'
                      : host.kind == NodeKind::ServiceNode ? 'n'
                                                           : 'k';
    return fmt::format("{}{}", kind, host.index);
}

std::string
MermaidBox(const std::string& id, const std::string& title, const std::vector<std::string>& lines)
{
    std::string text = fmt::format("  {}[\"<b>{}</b>", id, title);
    for (const auto& line : lines)
    {
        text += "<br/>" + Mermaid(line);
    }
    return text + "\"]\n";
}

std::vector<std::string>
Joined(std::vector<std::string> first, const std::vector<std::string>& second)
{
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

} // namespace

std::string
DotFabricUnderlay(const Scenario& s)
{
    std::string text;
    for (Index i = 0; s.fabric && i < s.fabric->routers.size(); ++i)
    {
        const auto& router = s.fabric->routers[i];
        const NodeRef node{NodeKind::Router, i};
        text += DotBox("router " + router.name,
                       router.name,
                       DotLines(EventsOf(s, nullptr, &node), ALARM),
                       FABRIC_LINE,
                       FABRIC_FILL);
    }
    // Spines stand above leaves, leaves above hosts.
    for (Index i = 0; s.fabric && i < s.fabric->links.size(); ++i)
    {
        const auto& link = s.fabric->links[i];
        WireRef wire;
        wire.link = i;
        text += fmt::format("  \"router {}\" -- \"router {}\" [color=\"{}\", penwidth=1.6, "
                            "label=<&nbsp;{}&nbsp;{}>];\n",
                            s.fabric->routers[link.second].name,
                            s.fabric->routers[link.first].name,
                            FABRIC_LINE,
                            WireText(s, wire),
                            DotLines(EventsOf(s, &wire, nullptr), ALARM));
    }
    for (const auto& host : HostsOf(s))
    {
        text += DotHost(s, host);
        const auto& at = s.AttachmentOf(host);
        const auto wire = UplinkOf(host);
        if (at.router)
        {
            text += fmt::format("  \"router {}\" -- \"host {}\" [color=\"{}\", penwidth=1.6, "
                                "label=<&nbsp;{}&nbsp;{}>];\n",
                                s.fabric->routers[*at.router].name,
                                s.Name(host),
                                INK,
                                WireText(s, wire),
                                DotLines(EventsOf(s, &wire, nullptr), ALARM));
        }
        else if (at.site)
        {
            text += fmt::format("  \"site {}\" -- \"host {}\" [color=\"{}\", penwidth=1.6];\n",
                                s.sites[*at.site].name,
                                s.Name(host),
                                INK);
        }
    }
    return text;
}

std::string
DotFabricOverlay(const Scenario& s)
{
    std::string text;
    for (const auto& host : HostsOf(s))
    {
        text += DotHost(s, host);
    }
    for (const auto& network : s.networks)
    {
        text += fmt::format("  \"network {0}\" [shape=ellipse, style=filled, fillcolor=\"{1}\", "
                            "color=\"{2}\", penwidth=1.4,\n    label=<<b>{0}</b>{3}>];\n",
                            network.name,
                            NETWORK_FILL,
                            NETWORK_LINE,
                            DotLines({NetworkText(s, network)}, FAINT));
    }
    for (Index i = 0; i < s.hypervisors.size(); ++i)
    {
        for (const auto network : NetworksOn(s, i))
        {
            text += fmt::format("  \"host {}\" -- \"network {}\" [color=\"{}\", penwidth=1.6];\n",
                                s.hypervisors[i].name,
                                s.networks[network].name,
                                NETWORK_LINE);
        }
    }
    for (const auto& arrow : ArrowsOf(s))
    {
        text += fmt::format("  \"host {}\" -- \"host {}\" [style=dashed, color=\"{}\", dir={}, "
                            "constraint=false, arrowsize=0.8, penwidth=1.2, label=<<i>{}</i>>];\n",
                            s.hypervisors[arrow.from].name,
                            s.hypervisors[arrow.to].name,
                            INK,
                            arrow.bothWays ? "both" : "forward",
                            arrow.text);
    }
    return text;
}

std::string
MermaidFabricUnderlay(const Scenario& s)
{
    std::string text;
    for (Index i = 0; s.fabric && i < s.fabric->routers.size(); ++i)
    {
        const NodeRef node{NodeKind::Router, i};
        text += MermaidBox(
            fmt::format("r{}", i), s.fabric->routers[i].name, EventsOf(s, nullptr, &node));
    }
    const auto label = [&](const WireRef& wire) {
        return fmt::format(
            "{}", fmt::join(Joined({WireText(s, wire)}, EventsOf(s, &wire, nullptr)), "<br/>"));
    };
    for (Index i = 0; s.fabric && i < s.fabric->links.size(); ++i)
    {
        const auto& link = s.fabric->links[i];
        WireRef wire;
        wire.link = i;
        text += fmt::format("  r{} ---|\"{}\"| r{}\n", link.second, label(wire), link.first);
    }
    for (const auto& host : HostsOf(s))
    {
        text += MermaidBox(MermaidHost(host),
                           s.Name(host),
                           Joined(ContentsOf(s, host), EventsOf(s, nullptr, &host)));
        const auto& at = s.AttachmentOf(host);
        if (at.router)
        {
            text += fmt::format(
                "  r{} ---|\"{}\"| {}\n", *at.router, label(UplinkOf(host)), MermaidHost(host));
        }
        else if (at.site)
        {
            text += fmt::format("  s{} --- {}\n", *at.site, MermaidHost(host));
        }
    }
    return text;
}

std::string
MermaidFabricOverlay(const Scenario& s)
{
    std::string text;
    for (const auto& host : HostsOf(s))
    {
        auto lines = Joined(ContentsOf(s, host), EventsOf(s, nullptr, &host));
        if (host.kind == NodeKind::Hypervisor)
        {
            lines = Joined(lines, MovesTo(s, host.index));
        }
        text += MermaidBox(MermaidHost(host), s.Name(host), lines);
    }
    for (Index i = 0; i < s.networks.size(); ++i)
    {
        text += fmt::format("  v{}([\"<b>{}</b><br/>{}\"])\n",
                            i,
                            s.networks[i].name,
                            NetworkText(s, s.networks[i]));
    }
    for (Index i = 0; i < s.hypervisors.size(); ++i)
    {
        for (const auto network : NetworksOn(s, i))
        {
            text += fmt::format("  h{} --- v{}\n", i, network);
        }
    }
    for (const auto& arrow : ArrowsOf(s))
    {
        text += fmt::format("  h{} {}|\"{}\"| h{}\n",
                            arrow.from,
                            arrow.bothWays ? "<-.->" : "-.->",
                            arrow.text,
                            arrow.to);
    }
    return text;
}

} // namespace weft::spec
