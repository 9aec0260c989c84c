// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/canonical.h"

namespace weft::spec
{

namespace
{

void
AddEthernet(Lines& lines, const std::string& key, const EthernetSettings& e)
{
    lines.Add(key + ".rate", e.rate);
    lines.Add(key + ".delay", e.delay);
    lines.Add(key + ".mtu", e.mtu);
    lines.Add(key + ".queue_limit", e.queueLimit);
    lines.Add(key + ".loss", e.loss);
    lines.Add(key + ".members", fmt::format("{} {}", e.members, ToString(e.lagHash)));
    lines.Add(key + ".firewall", ToString(e.firewall));
    lines.Add(key + ".outer_vlan", e.outerVlan);
}

void
AddFabric(Lines& lines, const Fabric& fabric)
{
    lines.Add("fabric.kind", ToString(fabric.kind));
    lines.Add("fabric.forwarding", ToString(fabric.forwarding));
    lines.Add("fabric.ip", fabric.ipVersion);
    lines.Add("fabric.convergence", fabric.convergence);
    lines.Add("fabric.ecmp",
              fmt::format("{} {} {}",
                          ToString(fabric.ecmpHash),
                          ToString(fabric.ecmpSeed),
                          fabric.ecmpResilient));
    lines.Add("fabric.mac_table", fabric.macTable);
    lines.Add("fabric.mac_ageing", fabric.macAgeing);
    const auto& multicast = fabric.multicast;
    lines.Add("fabric.multicast.mode", ToString(multicast.mode));
    if (multicast.mode != MulticastMode::Off)
    {
        lines.Add("fabric.multicast.rp", fabric.routers.at(multicast.rendezvousPoint).name);
        lines.Add("fabric.multicast.igmp", multicast.igmpVersion);
        lines.Add("fabric.multicast.register_forwarding", multicast.registerForwarding);
        lines.Add("fabric.multicast.spt",
                  fmt::format("{} {}", ToString(multicast.spt), multicast.sptThreshold));
    }
    for (const auto& router : fabric.routers)
    {
        lines.Add(
            "fabric.routers." + router.name,
            fmt::format(
                "{} {} {}", router.address.ToString(), router.subnet.ToString(), router.ownSubnet));
    }
    for (const auto& link : fabric.links)
    {
        AddEthernet(lines, "fabric.links." + link.name, link.settings);
    }
}

void
AddAttachment(Lines& lines, const std::string& key, const Scenario& s, const Attachment& at)
{
    if (at.router)
    {
        lines.Add(key + ".leaf", s.fabric->routers.at(*at.router).name);
        AddEthernet(lines, key + ".uplink", at.settings);
    }
    if (at.site)
    {
        lines.Add(key + ".site", s.sites.at(*at.site).name);
    }
    lines.Add(
        key + ".address",
        fmt::format("{}/{} {}", at.address.ToString(), at.prefixLength, at.gateway.ToString()));
    lines.Add(key + ".mac", at.mac.ToString());
    if (at.gatewayMac)
    {
        lines.Add(key + ".gateway_mac", at.gatewayMac->ToString());
    }
}

void
AddSettings(Lines& lines, const std::string& key, const OverlaySettings& o)
{
    lines.Add(key + ".encapsulation", ToString(o.encapsulation));
    lines.Add(key + ".preset", ToString(o.preset));
    lines.Add(key + ".learning", ToString(o.learning));
    lines.Add(key + ".replication", ToString(o.replication));
    lines.Add(key + ".ageing", o.ageing);
    lines.Add(key + ".bridge_ageing", o.bridgeAgeing);
    lines.Add(key + ".age_refresh", ToString(o.ageRefresh));
    lines.Add(key + ".age_sweep", o.ageSweep);
    lines.Add(key + ".arp_timeout", o.arpTimeout);
    lines.Add(key + ".fdb_limit", o.fdbLimit);
    lines.Add(key + ".port", o.destinationPort);
    lines.Add(key + ".source_port",
              fmt::format("{} {}", ToString(o.sourcePort), o.fixedSourcePort));
    lines.Add(key + ".symmetric_hash", o.symmetricHash);
    lines.Add(key + ".udp_checksum", o.udpChecksum);
    lines.Add(key + ".ttl", fmt::format("{} {}", o.ttl, o.ttlInherit));
    lines.Add(key + ".multicast_ttl", o.multicastTtl);
    lines.Add(key + ".tos", fmt::format("{} {}", o.tos, o.tosInherit));
    lines.Add(key + ".df", ToString(o.df));
    lines.Add(key + ".reserved_bits", o.dropReservedBits);
    lines.Add(key + ".inner_vlan", o.keepInnerVlan);
    lines.Add(key + ".ecn", o.ecn);
    lines.Add(key + ".fragment", o.fragment);
    lines.Add(key + ".path_mtu", o.pathMtu);
    lines.Add(key + ".flood_on_new_local_mac", o.floodOnNewLocalMac);
    lines.Add(key + ".flood_unknown", o.floodUnknown);
    lines.Add(key + ".arp_suppression", o.arpSuppression);
    lines.Add(key + ".probe", o.probe);
    lines.Add(key + ".probe_misses", o.probeMisses);
}

std::string
Text(const Scenario& s, const Vrrp& v)
{
    return fmt::format("{} {} {} {} {} {}",
                       s.networks.at(v.network).name,
                       v.id,
                       v.address.ToString(),
                       v.priority,
                       v.advertise.count(),
                       v.preempt);
}

void
AddMachines(Lines& lines, const Scenario& s)
{
    for (const auto& vm : s.vms)
    {
        const auto key = "vms." + vm.name;
        lines.Add(key + ".on", s.hypervisors.at(vm.hypervisor).name);
        lines.Add(key + ".network", s.networks.at(vm.network).name);
        lines.Add(
            key + ".address",
            fmt::format("{}/{} {}", vm.address.ToString(), vm.prefixLength, vm.gateway.ToString()));
        lines.Add(key + ".mac", vm.mac.ToString());
        lines.Add(key + ".mtu", vm.mtu);
        lines.Add(key + ".tagged", vm.tagged);
        if (vm.vrrp)
        {
            lines.Add(key + ".vrrp", Text(s, *vm.vrrp));
        }
    }
    for (const auto& gateway : s.gateways)
    {
        const auto key = "gateways." + gateway.name;
        lines.Add(key + ".on", s.hypervisors.at(gateway.hypervisor).name);
        lines.Add(key + ".arp_cache", gateway.arpCache);
        lines.Add(key + ".arp_timeout", gateway.arpTimeout);
        for (const auto& leg : gateway.interfaces)
        {
            lines.Add(key + ".interface",
                      fmt::format("{} {}/{} {}",
                                  s.networks.at(leg.network).name,
                                  leg.address.ToString(),
                                  leg.prefixLength,
                                  leg.mac.ToString()));
        }
        for (const auto& vrrp : gateway.vrrp)
        {
            lines.Add(key + ".vrrp", Text(s, vrrp));
        }
    }
}

template <typename T>
std::string
Text(const std::optional<T>& value)
{
    if constexpr (requires { value->ToString(); })
    {
        return value ? value->ToString() : "-";
    }
    else
    {
        return value ? fmt::format("{}", *value) : "-";
    }
}

std::string
Text(const TablePattern& p)
{
    return fmt::format("{} {} {} {} {} {} {}",
                       Text(p.domain),
                       Text(p.mac),
                       Text(p.address),
                       Text(p.source),
                       Text(p.remote),
                       Text(p.port),
                       Text(p.text));
}

} // namespace

void
AddOverlay(Lines& lines, const Scenario& s)
{
    if (s.variant != "base")
    {
        lines.Add("variant", s.variant);
    }
    for (const auto& wire : s.record.frames)
    {
        lines.Add("record.frames", s.Name(wire));
    }
    if (s.record.tables)
    {
        lines.Add("record.tables", s.record.tables);
    }
    if (s.fabric)
    {
        AddFabric(lines, *s.fabric);
    }
    for (const auto& network : s.networks)
    {
        lines.Add("networks." + network.name,
                  fmt::format("{} {} {} {}",
                              network.vni,
                              network.group.ToString(),
                              network.vlan,
                              network.subnet.ToString()));
    }
    for (const auto& hypervisor : s.hypervisors)
    {
        const auto key = "hypervisors." + hypervisor.name;
        AddAttachment(lines, key, s, hypervisor.attachment);
        lines.Add(key + ".replicator", hypervisor.replicator);
        AddSettings(lines, key + ".overlay", hypervisor.overlay);
    }
    AddMachines(lines, s);
    if (s.controller)
    {
        AddAttachment(lines, "controller", s, s.controller->attachment);
        lines.Add("controller.push_delay", s.controller->pushDelay);
        lines.Add("controller.update_cost", s.controller->updateCost);
    }
    for (const auto& node : s.serviceNodes)
    {
        AddAttachment(lines, "service_nodes." + node.name, s, node.attachment);
    }
}

void
AddFabricEvent(Lines& lines, const std::string& key, const Scenario& s, const Event& event)
{
    switch (event.kind)
    {
    case EventKind::Weather:
        break;
    case EventKind::Move:
        lines.Add(key + ".move",
                  fmt::format("{} {} {} {} {} {}",
                              s.vms.at(event.move.vm).name,
                              s.hypervisors.at(event.move.to).name,
                              ToString(event.move.announce),
                              event.move.stun.count(),
                              event.move.oldPortDown,
                              event.move.newFirst));
        break;
    case EventKind::Wire:
        lines.Add(
            key + ".wire",
            fmt::format("{} {} {}", s.Name(event.wire), event.wireForward, event.wireBackward));
        break;
    case EventKind::Node:
        lines.Add(key + ".node", s.Name(event.node));
        break;
    }
}

void
AddFabricExpectation(Lines& lines, const std::string& key, const Scenario& s, const Expectation& e)
{
    lines.Add(key + ".at_least", e.atLeast);
    lines.Add(key + ".at_most", e.atMost);
    lines.Add(key + ".equals", e.equals);
    for (std::size_t i = 0; i < e.wires.size(); ++i)
    {
        lines.Add(fmt::format("{}.wires.{:06}", key, i), s.Name(e.wires[i]));
    }
    for (const auto& column : e.where)
    {
        lines.Add(fmt::format("{}.where.{}", key, column.column),
                  column.range ? fmt::format("{}-{}", column.range->first, column.range->second)
                               : fmt::format("{}", fmt::join(column.values, " ")));
    }
    switch (e.kind)
    {
    case ExpectKind::Table:
        lines.Add(key + ".table", fmt::format("{} {}", ToString(e.table), s.Name(e.node)));
        if (e.has)
        {
            lines.Add(key + ".has", Text(*e.has));
        }
        if (e.lacks)
        {
            lines.Add(key + ".lacks", Text(*e.lacks));
        }
        break;
    case ExpectKind::Counter:
        lines.Add(key + ".counter", e.counter);
        break;
    case ExpectKind::Balance:
        lines.Add(key + ".balance", fmt::format("{} {}", ToString(e.balanceOf), e.even));
        break;
    default:
        break;
    }
}

} // namespace weft::spec
