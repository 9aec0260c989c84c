// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/bind.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::spec
{

namespace
{

bool
HasPorts(TrafficKind kind)
{
    return kind != TrafficKind::Ping && kind != TrafficKind::Arp;
}

bool
Inside(const std::vector<PortRange>& ranges, std::uint16_t port)
{
    return ranges.empty() || std::any_of(ranges.begin(), ranges.end(), [&](const PortRange& r) {
               return r.first <= port && port <= r.last;
           });
}

/// @return the first port of the ranges, or from @p first up, that @p taken does not refuse
template <typename F>
std::uint16_t
FreePort(const std::vector<PortRange>& ranges, unsigned first, F taken)
{
    const std::vector<PortRange> any{{static_cast<std::uint16_t>(first), 65535}};
    const auto& from = ranges.empty() ? any : ranges;
    for (const auto& range : from)
    {
        for (unsigned port = range.first; port <= range.last; ++port)
        {
            if (!taken(static_cast<std::uint16_t>(port)))
            {
                return static_cast<std::uint16_t>(port);
            }
        }
    }
    return from.front().first; // all taken: flows share, unless their 5-tuples clash
}

void
BindPorts(Binding& binding, const View& view, Flow& flow)
{
    const auto& scenario = binding.scenario;
    static const std::vector<PortRange> none;
    const auto* application =
        flow.application ? &scenario.applications[*flow.application] : nullptr;
    const auto& sources = application ? application->sourcePorts : none;
    const auto& destinations = application ? application->destinationPorts : none;
    const auto given =
        [&](std::string_view key, const std::vector<PortRange>& ranges, std::uint16_t& port) {
            const auto value = view.Integer(key);
            if (!value)
            {
                return false;
            }
            port = static_cast<std::uint16_t>(*value);
            if (!Inside(ranges, port))
            {
                binding.diagnostics.Error(
                    view.ValueSpan(key),
                    fmt::format("port {} is not one of application '{}'", port, application->name));
            }
            return true;
        };
    if (!given("source_port", sources, flow.sourcePort))
    {
        flow.sourcePort = FreePort(sources, 49152, [&](std::uint16_t port) {
            return std::any_of(
                scenario.traffic.begin(), scenario.traffic.end(), [&](const Flow& f) {
                    return f.From() == flow.From() && f.sourcePort == port;
                });
        });
    }
    if (!given("destination_port", destinations, flow.destinationPort))
    {
        flow.destinationPort = FreePort(destinations, 10000, [&](std::uint16_t port) {
            return std::any_of(
                scenario.traffic.begin(), scenario.traffic.end(), [&](const Flow& f) {
                    return f.To() == flow.To() && f.destinationPort == port;
                });
        });
    }
    for (const auto& other : scenario.traffic)
    {
        if (other.From() == flow.From() && other.To() == flow.To() && HasPorts(other.kind) &&
            other.TransportProtocol() == flow.TransportProtocol() &&
            other.sourcePort == flow.sourcePort && other.destinationPort == flow.destinationPort)
        {
            binding.diagnostics.Error(
                view.Where("source_port"),
                fmt::format("flow '{}' has the {}, protocol and ports of flow '{}'",
                            flow.name,
                            flow.fromKind == NodeKind::Site ? "sites" : "VMs",
                            other.name));
        }
    }
}

/// @return the networks that a flow's answering end stands for
std::string
EndName(const Scenario& scenario, const Flow& flow)
{
    const bool site = flow.toKind == NodeKind::Site;
    return fmt::format("{} of {} '{}'",
                       site ? "LAN " + ToString(scenario.sites[flow.to].lan)
                            : "address " + scenario.vms[flow.to].address.ToString(),
                       site ? "site" : "VM",
                       scenario.Name(flow.To()));
}

void
CheckApplication(Binding& binding, const View& view, const Flow& flow)
{
    const auto& application = binding.scenario.applications[*flow.application];
    if (application.protocol && *application.protocol != flow.TransportProtocol())
    {
        binding.diagnostics.Error(view.ValueSpan("application"),
                                  fmt::format("application '{}' is {}, but {} traffic is {}",
                                              application.name,
                                              ToString(*application.protocol),
                                              ToString(flow.kind),
                                              ToString(flow.TransportProtocol())));
    }
    const bool site = flow.toKind == NodeKind::Site;
    if (!site && (flow.toKind != NodeKind::Vm || binding.scenario.vms[flow.to].address.IsNone()))
    {
        return;
    }
    const auto lan = site ? binding.scenario.sites[flow.to].lan
                          : Prefix{binding.scenario.vms[flow.to].address.ToV4(), 32};
    const auto& prefixes = application.prefixes;
    const bool inside = std::any_of(prefixes.begin(), prefixes.end(), [&](const Prefix& prefix) {
        return prefix.length <= lan.length && prefix.Overlaps(lan);
    });
    if (!prefixes.empty() && !inside)
    {
        binding.diagnostics.Error(view.ValueSpan("application"),
                                  fmt::format("{} is not inside the prefixes of application '{}'",
                                              EndName(binding.scenario, flow),
                                              application.name));
    }
}

/// Checks that the two sites reach each other.
void
CheckReach(Binding& binding, const View& view, const Flow& flow)
{
    const auto& scenario = binding.scenario;
    const auto& from = scenario.sites[flow.from];
    const auto& to = scenario.sites[flow.to];
    if (flow.from == flow.to)
    {
        binding.diagnostics.Error(
            view.ValueSpan("to"),
            fmt::format("flow '{}' stays inside site '{}'", flow.name, from.name));
        return;
    }
    const bool reach =
        std::any_of(scenario.paths.begin(), scenario.paths.end(), [&](const Path& path) {
            return (path.first.site == flow.from && path.second.site == flow.to) ||
                   (path.first.site == flow.to && path.second.site == flow.from);
        });
    if (reach || !binding.pathsKnown)
    {
        return;
    }
    auto& error = binding.diagnostics.Error(
        view.ValueSpan("to"),
        fmt::format("no path between site '{}' and site '{}'", from.name, to.name));
    const auto clouds = [&](const Site& site) {
        std::vector<std::string> names;
        for (const auto& link : site.links)
        {
            names.push_back(scenario.clouds[link.cloud].name);
        }
        return ListNames("clouds of " + site.name, names);
    };
    error.notes.push_back(clouds(from));
    error.notes.push_back(clouds(to));
    error.notes.push_back("`paths` lists the pairs of links that reach each other");
}

/// Checks what VMs and hypervisors can say to each other.
void
CheckMachines(Binding& binding, const View& view, const Flow& flow)
{
    const auto& scenario = binding.scenario;
    const auto error = [&](std::string_view key, std::string message) {
        binding.diagnostics.Error(view.ValueSpan(key), std::move(message));
    };
    const bool ping = flow.kind == TrafficKind::Ping;
    const bool one = flow.toKind != NodeKind::None;
    if ((flow.fromKind == NodeKind::Site || flow.toKind == NodeKind::Site) &&
        (flow.fromKind != flow.toKind))
    {
        error("to",
              fmt::format("flow '{}' is between a site and something else; hosts of sites talk to "
                          "each other, and VMs do",
                          flow.name));
        return;
    }
    if (flow.fromKind == NodeKind::Hypervisor || flow.toKind == NodeKind::Hypervisor)
    {
        if (!ping)
        {
            error(flow.fromKind == NodeKind::Hypervisor ? "from" : "to",
                  fmt::format("a hypervisor sends and answers only pings, not {}",
                              ToString(flow.kind)));
        }
        else if (flow.fromKind != flow.toKind && !flow.toAddress)
        {
            error("to",
                  fmt::format("hypervisors and what runs on them do not see each other: {} is in "
                              "the underlay, {} in the overlay",
                              scenario.Name(flow.fromKind == NodeKind::Hypervisor ? flow.From()
                                                                                  : flow.To()),
                              scenario.Name(flow.fromKind == NodeKind::Hypervisor ? flow.To()
                                                                                  : flow.From())));
        }
        else if (scenario.fabric && scenario.fabric->forwarding == Forwarding::Bridged)
        {
            error("from", "hypervisors of a bridged fabric have no addresses to ping");
        }
    }
    if (flow.toKind == NodeKind::Gateway && !ping && flow.kind != TrafficKind::Arp)
    {
        error("to",
              fmt::format("a gateway answers only pings and ARP, not {}", ToString(flow.kind)));
    }
    if (one && flow.From() == flow.To())
    {
        error("to", fmt::format("'{}' sends to itself", scenario.Name(flow.From())));
        return;
    }
    if (flow.fromKind != NodeKind::Vm || scenario.networks.empty())
    {
        return;
    }
    const auto& from = scenario.vms[flow.from];
    const auto joined = [&](Index network) {
        return network == from.network || !from.gateway.IsNone();
    };
    const auto apart = [&](std::string_view where) {
        auto& wrong = binding.diagnostics.Error(
            view.ValueSpan("to"),
            fmt::format("'{}' does not reach {}: it is in network '{}' and has no gateway",
                        from.name,
                        where,
                        scenario.networks[from.network].name));
        wrong.notes.emplace_back("`gateways` route between networks");
    };
    if (flow.kind == TrafficKind::Arp && flow.toKind == NodeKind::Vm &&
        scenario.vms[flow.to].network != from.network)
    {
        error("to",
              fmt::format("'{}' resolves addresses of its own network '{}', and '{}' is in '{}'",
                          from.name,
                          scenario.networks[from.network].name,
                          scenario.vms[flow.to].name,
                          scenario.networks[scenario.vms[flow.to].network].name));
    }
    else if (flow.toKind == NodeKind::Vm && !joined(scenario.vms[flow.to].network))
    {
        apart(fmt::format("'{}' in network '{}'",
                          scenario.vms[flow.to].name,
                          scenario.networks[scenario.vms[flow.to].network].name));
    }
    else if (flow.toAddress && !scenario.networks[from.network].subnet.Contains(*flow.toAddress) &&
             (from.gateway.IsNone() || flow.kind == TrafficKind::Arp))
    {
        apart(flow.toAddress->ToString());
    }
    else if (flow.toKind == NodeKind::Gateway)
    {
        const auto& legs = scenario.gateways[flow.to].interfaces;
        if (std::none_of(legs.begin(), legs.end(), [&](const GatewayInterface& leg) {
                return leg.network == from.network;
            }))
        {
            error("to",
                  fmt::format("gateway '{}' has no interface in network '{}' of '{}'",
                              scenario.gateways[flow.to].name,
                              scenario.networks[from.network].name,
                              from.name));
        }
    }
}

/// Reads who talks to whom. @return whether both are known
bool
BindEnds(Binding& binding, const View& view, Flow& flow, bool kindKnown)
{
    const bool broadcast = flow.kind == TrafficKind::Broadcast;
    const auto name = view.Text("to").value_or("");
    flow.toAddress = IpAddress::Parse(name);
    const auto from = FindNode(binding, view.Text("from").value_or(""));
    const auto to = FindNode(binding, name);
    if (!from || (!to && !flow.toAddress && !broadcast))
    {
        return false;
    }
    flow.fromKind = from->kind;
    flow.from = from->index;
    flow.toKind = to ? to->kind : NodeKind::None;
    flow.to = to ? to->index : 0;
    const bool machines =
        flow.kind == TrafficKind::Ping || flow.kind == TrafficKind::Arp || broadcast;
    if (kindKnown && flow.toAddress && (!machines || broadcast))
    {
        binding.diagnostics.Error(
            view.ValueSpan("to"),
            fmt::format("{} goes to a site or VM by name, not to an address", ToString(flow.kind)));
        return false;
    }
    if (kindKnown && machines && from->kind == NodeKind::Site)
    {
        binding.diagnostics.Error(view.ValueSpan("from"),
                                  fmt::format("{} is sent by VMs, and '{}' is a site",
                                              ToString(flow.kind),
                                              binding.scenario.Name(*from)));
        return false;
    }
    if (from->kind == NodeKind::Site && flow.toKind == NodeKind::Site)
    {
        CheckReach(binding, view, flow);
        return true;
    }
    CheckMachines(binding, view, flow);
    return from->kind == NodeKind::Vm && flow.toKind != NodeKind::Site;
}

void
BindTimes(Binding& binding, const View& view, Flow& flow)
{
    const auto duration = binding.scenario.duration;
    flow.start = view.Time("start").value_or(Duration{0});
    flow.stop = view.Time("stop").value_or(duration);
    if (duration == Duration{0})
    {
        return; // wrong, and reported
    }
    if (flow.start >= duration)
    {
        binding.diagnostics.Error(view.ValueSpan("start"), "starts after the end of the run");
    }
    else if (flow.stop > duration)
    {
        binding.diagnostics.Error(view.ValueSpan("stop"), "stops after the end of the run");
    }
    else if (flow.stop <= flow.start)
    {
        binding.diagnostics.Error(view.ValueSpan("stop"), "stops before it starts");
    }
}

} // namespace

void
BindTraffic(Binding& binding)
{
    auto& scenario = binding.scenario;
    for (const auto& [name, view] : binding.root.Entries("traffic"))
    {
        Flow flow;
        flow.name = name;
        flow.about = About(view);
        const auto kind = view.Choice<TrafficKind>("kind");
        flow.kind = kind.value_or(TrafficKind::Voice);
        if (const auto application = view.Text("application"))
        {
            flow.application = IndexOf(scenario.applications, *application);
        }
        flow.bothWays = view.Toggle("both_ways").value_or(flow.kind == TrafficKind::Voice);
        flow.codec = view.Text("codec") == "teams" ? Codec::Teams : Codec::G711;
        flow.rate = view.Real("rate").value_or(0);
        constexpr std::int64_t UDP_SIZE = 1200;
        constexpr std::int64_t PING_SIZE = 56; // as ping(8) sends
        flow.size = static_cast<std::uint32_t>(
            view.Integer("size").value_or(flow.kind == TrafficKind::Ping ? PING_SIZE : UDP_SIZE));
        flow.on = view.Time("on_time").value_or(Duration{0});
        flow.off = view.Time("off_time").value_or(Duration{0});
        if (const auto bytes = view.Integer("bytes"))
        {
            flow.bytes = static_cast<std::uint64_t>(*bytes);
        }
        flow.interval = view.Time("interval").value_or(Duration{0});
        flow.dontFragment = view.Toggle("df").value_or(false);
        if (const auto packets = view.Integer("packets"))
        {
            flow.packets = static_cast<std::uint64_t>(*packets);
        }
        BindTimes(binding, view, flow);
        if (BindEnds(binding, view, flow, kind.has_value()))
        {
            if (flow.application && kind)
            {
                CheckApplication(binding, view, flow);
            }
            if (HasPorts(flow.kind))
            {
                BindPorts(binding, view, flow);
            }
        }
        scenario.traffic.push_back(std::move(flow));
    }
}

} // namespace weft::spec
