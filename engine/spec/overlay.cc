// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/name-of.h"
#include "engine/spec/scenario.h"

#include <fmt/format.h>

#include <stdexcept>

namespace weft::spec
{

std::string
Scenario::Name(const NodeRef& node) const
{
    switch (node.kind)
    {
    case NodeKind::None:
        return "";
    case NodeKind::Site:
        return sites.at(node.index).name;
    case NodeKind::Router:
        return fabric.value().routers.at(node.index).name;
    case NodeKind::Hypervisor:
        return hypervisors.at(node.index).name;
    case NodeKind::Vm:
        return vms.at(node.index).name;
    case NodeKind::Gateway:
        return gateways.at(node.index).name;
    case NodeKind::Controller:
        return controller.value().name;
    case NodeKind::ServiceNode:
        return serviceNodes.at(node.index).name;
    }
    return "";
}

std::string
Scenario::Name(const WireRef& wire) const
{
    std::string name;
    switch (wire.kind)
    {
    case WireRef::Kind::Fabric:
    {
        const auto& link = fabric.value().links.at(wire.link);
        name = fabric->routers.at(wire.reversed ? link.second : link.first).name + "." +
               fabric->routers.at(wire.reversed ? link.first : link.second).name;
        break;
    }
    case WireRef::Kind::Uplink:
        name = Name(wire.node) + ".uplink";
        break;
    case WireRef::Kind::Port:
        return Name(wire.node) + ".port";
    }
    return wire.member ? fmt::format("{}.{}", name, wire.member) : name;
}

const Attachment&
Scenario::AttachmentOf(const NodeRef& host) const
{
    switch (host.kind)
    {
    case NodeKind::Hypervisor:
        return hypervisors.at(host.index).attachment;
    case NodeKind::Controller:
        return controller.value().attachment;
    case NodeKind::ServiceNode:
        return serviceNodes.at(host.index).attachment;
    default:
        throw std::logic_error(fmt::format("a {} has no attachment", ToString(host.kind)));
    }
}

const EthernetSettings&
Scenario::At(const WireRef& wire) const
{
    if (wire.kind == WireRef::Kind::Port)
    {
        throw std::logic_error("a VM's port has no settings");
    }
    return wire.kind == WireRef::Kind::Fabric ? fabric.value().links.at(wire.link).settings
                                              : AttachmentOf(wire.node).settings;
}

std::string_view
ToString(FabricKind kind)
{
    return NameOf(kind, std::array<std::string_view, 2>{"leaf-spine", "custom"});
}

std::string_view
ToString(Forwarding forwarding)
{
    return NameOf(forwarding, std::array<std::string_view, 2>{"routed", "bridged"});
}

std::string_view
ToString(EcmpHash hash)
{
    return NameOf(
        hash,
        std::array<std::string_view, 5>{"5-tuple", "layer-3", "inner", "gre-key", "per-packet"});
}

std::string_view
ToString(EcmpSeed seed)
{
    return NameOf(seed, std::array<std::string_view, 2>{"per-router", "same"});
}

std::string_view
ToString(LagHash hash)
{
    return NameOf(hash, std::array<std::string_view, 3>{"layer-2", "layer-3", "layer-4"});
}

std::string_view
ToString(MulticastMode mode)
{
    return NameOf(mode,
                  std::array<std::string_view, 5>{"off", "pim-sm", "pim-dm", "bidir", "static"});
}

std::string_view
ToString(SptSwitch spt)
{
    return NameOf(spt, std::array<std::string_view, 3>{"immediate", "never", "threshold"});
}

std::string_view
ToString(FirewallKind kind)
{
    return NameOf(kind, std::array<std::string_view, 2>{"none", "dns"});
}

std::string_view
ToString(OverlayPreset preset)
{
    return NameOf(preset, std::array<std::string_view, 3>{"rfc7348", "linux", "ovs"});
}

std::string_view
ToString(EncapsulationKind kind)
{
    return NameOf(kind, std::array<std::string_view, 5>{"vxlan", "nvgre", "gre", "stt", "geneve"});
}

std::string_view
ToString(Learning learning)
{
    return NameOf(learning, std::array<std::string_view, 3>{"data-plane", "static", "controller"});
}

std::string_view
ToString(Replication replication)
{
    return NameOf(replication,
                  std::array<std::string_view, 5>{
                      "multicast", "head-end", "service-node", "assisted", "none"});
}

std::string_view
ToString(AgeRefresh refresh)
{
    return NameOf(refresh, std::array<std::string_view, 2>{"receive", "receive-or-transmit"});
}

std::string_view
ToString(SourcePortKind kind)
{
    return NameOf(kind,
                  std::array<std::string_view, 5>{"rfc", "linux", "top-bit", "full", "fixed"});
}

std::string_view
ToString(OuterDf df)
{
    return NameOf(df, std::array<std::string_view, 3>{"clear", "set", "inherit"});
}

std::string_view
ToString(Announcement announcement)
{
    return NameOf(announcement, std::array<std::string_view, 4>{"none", "garp", "rarp", "qemu"});
}

std::string_view
ToString(NodeKind kind)
{
    return NameOf(
        kind,
        std::array<std::string_view, 8>{
            "none", "site", "router", "hypervisor", "vm", "gateway", "controller", "service-node"});
}

} // namespace weft::spec
