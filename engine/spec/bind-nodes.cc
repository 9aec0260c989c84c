// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/bind.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::spec
{

namespace
{

/// @return "a router", "an SD-WAN site"
std::string_view
Describe(NodeKind kind)
{
    switch (kind)
    {
    case NodeKind::Site:
        return "a site";
    case NodeKind::Router:
        return "a router";
    case NodeKind::Hypervisor:
        return "a hypervisor";
    case NodeKind::Vm:
        return "a VM";
    case NodeKind::Gateway:
        return "a gateway";
    case NodeKind::Controller:
        return "the controller";
    case NodeKind::ServiceNode:
        return "a service node";
    case NodeKind::None:
        break;
    }
    return "nothing";
}

/// Resolves the parts of a wire's name.
class WireBinder
{
  public:
    WireBinder(Binding& binding, Span span, const std::string& text, bool ports)
        : m_binding(binding), m_scenario(binding.scenario), m_span(span), m_text(text),
          m_ports(ports), m_parts(Split(text, '.'))
    {
    }

    std::optional<WireRef>
    Bind()
    {
        if (m_parts.size() < 2 || m_parts.size() > 3)
        {
            return Fail(fmt::format("'{}' is not a wire, such as leaf1.spine1 or host1.uplink{}",
                                    m_text,
                                    m_ports ? " or vm1.port" : ""));
        }
        const auto node = FindNode(m_binding, m_parts[0]);
        if (!node)
        {
            return NoNode();
        }
        switch (node->kind)
        {
        case NodeKind::Router:
            return BindLink(node->index);
        case NodeKind::Hypervisor:
        case NodeKind::Controller:
        case NodeKind::ServiceNode:
            return BindUplink(*node);
        case NodeKind::Vm:
            if (m_ports)
            {
                return BindPort(*node);
            }
            [[fallthrough]];
        default:
            return Fail(fmt::format(
                "'{}' is {}, which has no wire of the fabric", m_parts[0], Describe(node->kind)));
        }
    }

  private:
    std::nullopt_t
    Fail(std::string message, std::string hint = {}, std::string note = {})
    {
        auto& error = m_binding.diagnostics.Error(m_span, std::move(message), std::move(hint));
        if (!note.empty())
        {
            error.notes.push_back(std::move(note));
        }
        return std::nullopt;
    }

    std::nullopt_t
    NoNode()
    {
        if (!m_binding.fabricKnown)
        {
            return std::nullopt;
        }
        std::vector<std::string> known;
        for (const auto& [name, node] : m_binding.nodes)
        {
            if (node.kind != NodeKind::Gateway && node.kind != NodeKind::Site &&
                (m_ports || node.kind != NodeKind::Vm))
            {
                known.push_back(name);
            }
        }
        return Fail(fmt::format("no router or host '{}'", m_parts[0]),
                    DidYouMean(m_parts[0], known),
                    ListNames("routers and hosts", known));
    }

    std::optional<WireRef>
    BindLink(Index router)
    {
        const auto& fabric = *m_scenario.fabric;
        std::vector<std::string> neighbours;
        for (Index i = 0; i < fabric.links.size(); ++i)
        {
            const auto& link = fabric.links[i];
            if (link.first != router && link.second != router)
            {
                continue;
            }
            const auto& other = fabric.routers[link.first == router ? link.second : link.first];
            neighbours.push_back(other.name);
            if (other.name == m_parts[1])
            {
                WireRef wire;
                wire.link = i;
                wire.reversed = link.second == router;
                return WithMember(wire, link.settings.members);
            }
        }
        if (!m_binding.fabricKnown)
        {
            return std::nullopt;
        }
        return Fail(fmt::format("router '{}' has no link to '{}'", m_parts[0], m_parts[1]),
                    DidYouMean(m_parts[1], neighbours),
                    ListNames("links of " + m_parts[0] + " lead to", neighbours));
    }

    std::optional<WireRef>
    BindUplink(const NodeRef& node)
    {
        if (m_parts[1] != "uplink")
        {
            return Fail(fmt::format("'{}' has no wire '{}'", m_parts[0], m_parts[1]),
                        fmt::format("did you mean '{}.uplink'?", m_parts[0]));
        }
        WireRef wire;
        wire.kind = WireRef::Kind::Uplink;
        wire.node = node;
        return WithMember(wire, m_scenario.AttachmentOf(node).settings.members);
    }

    std::optional<WireRef>
    BindPort(const NodeRef& node)
    {
        if (m_parts[1] != "port" || m_parts.size() > 2)
        {
            return Fail(fmt::format("VM '{}' has no wire '{}'",
                                    m_parts[0],
                                    m_text.substr(m_parts[0].size() + 1)),
                        fmt::format("did you mean '{}.port'?", m_parts[0]));
        }
        WireRef wire;
        wire.kind = WireRef::Kind::Port;
        wire.node = node;
        return wire;
    }

    std::optional<WireRef>
    WithMember(WireRef wire, unsigned members)
    {
        if (m_parts.size() < 3)
        {
            return wire;
        }
        for (unsigned i = 1; i <= members; ++i)
        {
            if (m_parts[2] == std::to_string(i))
            {
                wire.member = i;
                return wire;
            }
        }
        return Fail(fmt::format("'{}.{}' is {}; there is no link '{}' in it",
                                m_parts[0],
                                m_parts[1],
                                members == 1 ? std::string("a single link")
                                             : fmt::format("a bundle of {} links, from 1", members),
                                m_parts[2]));
    }

    Binding& m_binding;
    const Scenario& m_scenario;
    Span m_span;
    const std::string& m_text;
    bool m_ports;
    std::vector<std::string> m_parts;
};

} // namespace

void
AddNode(Binding& binding, Span span, const std::string& name, NodeRef node)
{
    const auto [other, fresh] = binding.nodes.emplace(name, node);
    if (!fresh && other->second.kind != node.kind)
    {
        binding.diagnostics
            .Error(span, fmt::format("'{}' is {} already", name, Describe(other->second.kind)))
            .notes.emplace_back("sites, routers, hypervisors, VMs, gateways, service nodes and the "
                                "controller have names of their own");
    }
}

std::optional<NodeRef>
FindNode(const Binding& binding, std::string_view name)
{
    const auto found = binding.nodes.find(name);
    return found == binding.nodes.end() ? std::nullopt : std::optional(found->second);
}

std::optional<WireRef>
BindWire(Binding& binding, Span span, const std::string& text, bool ports)
{
    return WireBinder(binding, span, text, ports).Bind();
}

std::vector<WireRef>
BindWires(Binding& binding, const View& view, std::string_view key, bool ports)
{
    std::vector<WireRef> wires;
    const auto* node = view.Find(key);
    if (!node || node->kind != Node::Kind::List)
    {
        return wires;
    }
    for (const auto& entry : node->entries)
    {
        if (entry.node.kind != Node::Kind::Scalar)
        {
            continue;
        }
        const auto wire = BindWire(binding, entry.node.span, entry.node.text, ports);
        const bool twice = wire && std::any_of(wires.begin(), wires.end(), [&](WireRef other) {
                               other.reversed =
                                   wire->reversed; // the same wire, whichever end is named first
                               return other == *wire;
                           });
        if (twice)
        {
            binding.diagnostics.Error(entry.node.span,
                                      fmt::format("'{}' is given twice", entry.node.text));
        }
        else if (wire)
        {
            wires.push_back(*wire);
        }
    }
    return wires;
}

std::optional<IpAddress>
AddressIn(const View& view, std::string_view key)
{
    const auto text = view.Text(key);
    return text ? IpAddress::Parse(*text) : std::nullopt;
}

std::optional<MacAddress>
MacIn(const View& view, std::string_view key)
{
    const auto text = view.Text(key);
    return text ? MacAddress::Parse(*text) : std::nullopt;
}

void
BindRecord(Binding& binding)
{
    auto& record = binding.scenario.record;
    const auto view = binding.root.Sub("record");
    const auto& fabric = binding.scenario.fabric;
    record.tables = view.Toggle("tables").value_or(binding.root.Has("fabric") ||
                                                   binding.root.Has("hypervisors"));
    if (view.Has("frames") && !fabric && binding.scenario.hypervisors.empty())
    {
        binding.diagnostics.Error(view.Where("frames"), "there is no fabric and so no wire");
        return;
    }
    if (view.Text("frames") != "all")
    {
        record.frames = BindWires(binding, view, "frames", true);
        return;
    }
    for (Index i = 0; fabric && i < fabric->links.size(); ++i)
    {
        WireRef wire;
        wire.link = i;
        record.frames.push_back(wire);
    }
    const auto uplink = [&](NodeKind kind, Index index) {
        WireRef wire;
        wire.kind = WireRef::Kind::Uplink;
        wire.node = {kind, index};
        record.frames.push_back(wire);
    };
    for (Index i = 0; i < binding.scenario.hypervisors.size(); ++i)
    {
        uplink(NodeKind::Hypervisor, i);
    }
    for (Index i = 0; i < binding.scenario.serviceNodes.size(); ++i)
    {
        uplink(NodeKind::ServiceNode, i);
    }
    if (binding.scenario.controller)
    {
        uplink(NodeKind::Controller, 0);
    }
}

} // namespace weft::spec
