// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/bind.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::spec
{

namespace
{

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
                    return f.from == flow.from && f.sourcePort == port;
                });
        });
    }
    if (!given("destination_port", destinations, flow.destinationPort))
    {
        flow.destinationPort = FreePort(destinations, 10000, [&](std::uint16_t port) {
            return std::any_of(
                scenario.traffic.begin(), scenario.traffic.end(), [&](const Flow& f) {
                    return f.to == flow.to && f.destinationPort == port;
                });
        });
    }
    for (const auto& other : scenario.traffic)
    {
        if (other.from == flow.from && other.to == flow.to &&
            other.TransportProtocol() == flow.TransportProtocol() &&
            other.sourcePort == flow.sourcePort && other.destinationPort == flow.destinationPort)
        {
            binding.diagnostics.Error(
                view.Where("source_port"),
                fmt::format("flow '{}' has the sites, protocol and ports of flow '{}'",
                            flow.name,
                            other.name));
        }
    }
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
    const auto& lan = binding.scenario.sites[flow.to].lan;
    const auto& prefixes = application.prefixes;
    const bool inside = std::any_of(prefixes.begin(), prefixes.end(), [&](const Prefix& prefix) {
        return prefix.length <= lan.length && prefix.Overlaps(lan);
    });
    if (!prefixes.empty() && !inside)
    {
        binding.diagnostics.Error(view.ValueSpan("application"),
                                  fmt::format("LAN {} of site '{}' is not inside the prefixes of "
                                              "application '{}'",
                                              ToString(lan),
                                              binding.scenario.sites[flow.to].name,
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
        flow.size = static_cast<std::uint32_t>(view.Integer("size").value_or(0));
        flow.on = view.Time("on_time").value_or(Duration{0});
        flow.off = view.Time("off_time").value_or(Duration{0});
        if (const auto bytes = view.Integer("bytes"))
        {
            flow.bytes = static_cast<std::uint64_t>(*bytes);
        }
        BindTimes(binding, view, flow);
        const auto from = IndexOf(scenario.sites, view.Text("from").value_or(""));
        const auto to = IndexOf(scenario.sites, view.Text("to").value_or(""));
        if (from && to)
        {
            flow.from = *from;
            flow.to = *to;
            CheckReach(binding, view, flow);
            if (flow.application && kind)
            {
                CheckApplication(binding, view, flow);
            }
            BindPorts(binding, view, flow);
        }
        scenario.traffic.push_back(std::move(flow));
    }
}

void
BindEvents(Binding& binding)
{
    auto& scenario = binding.scenario;
    for (const auto& [name, view] : binding.root.Entries("events"))
    {
        Event event;
        event.name = name;
        event.about = About(view);
        event.at = view.Time("at").value_or(Duration{0});
        const auto length = view.Time("for");
        event.end = length ? event.at + *length : scenario.duration;
        if (scenario.duration > Duration{0} && event.at >= scenario.duration)
        {
            binding.diagnostics.Error(view.ValueSpan("at"), "begins after the end of the run");
        }
        else if (scenario.duration > Duration{0} && event.end > scenario.duration)
        {
            binding.diagnostics.Error(view.ValueSpan("for"), "lasts beyond the end of the run");
        }
        event.shape = view.Choice<EventShape>("shape").value_or(EventShape::Step);
        event.period = view.Time("period").value_or(Duration{0});
        event.jitter = view.Time("jitter");
        event.addLoss = view.Real("loss").value_or(0);
        event.addDelay = view.Time("delay").value_or(Duration{0});
        event.down = view.Text("state") == "down";
        const auto effects = {"jitter", "loss", "delay", "state"};
        if (std::none_of(effects.begin(), effects.end(), [&](auto key) { return view.Has(key); }))
        {
            binding.diagnostics.Error(
                view.Where(""),
                fmt::format("event '{}' changes nothing: give jitter, loss, delay or state", name));
        }
        const auto direction = view.Text("direction").value_or("both");
        const bool forward = direction != "backward";
        const bool backward = direction != "forward";
        if (view.Has("path") == view.Has("link"))
        {
            binding.diagnostics.Error(
                view.Where("link"), fmt::format("event '{}' needs either 'path' or 'link'", name));
        }
        else if (view.Has("path"))
        {
            if (const auto found = BindPath(binding, view, "path"))
            {
                const auto [path, same] = *found;
                event.targets.push_back(
                    {path, same ? forward : backward, same ? backward : forward});
                event.targetText = fmt::format("{}", fmt::join(view.Names("path"), ">"));
            }
        }
        else if (const auto link = FindLink(scenario, view.Text("link").value_or("")))
        {
            event.link = link;
            event.targetText = scenario.Name(*link);
            for (Index i = 0; i < scenario.paths.size(); ++i)
            {
                const bool first = scenario.paths[i].first == *link;
                if (first || scenario.paths[i].second == *link)
                {
                    event.targets.push_back(
                        {i, first ? forward : backward, first ? backward : forward});
                }
            }
            if (event.targets.empty() && binding.pathsKnown)
            {
                binding.diagnostics.Error(
                    view.ValueSpan("link"),
                    fmt::format("no path uses link {}", scenario.Name(*link)));
            }
        }
        scenario.events.push_back(std::move(event));
    }
}

void
BindGeneral(Binding& binding)
{
    auto& scenario = binding.scenario;
    const auto& root = binding.root;
    scenario.name = root.Text("scenario").value_or("");
    scenario.about = About(root);
    scenario.duration = root.Time("duration").value_or(Duration{0});
    scenario.seed = static_cast<std::uint64_t>(root.Integer("seed").value_or(1));
    const auto record = root.Sub("record");
    scenario.record.interval = record.Time("interval").value_or(Duration{0});
    scenario.record.capture = record.Toggle("capture").value_or(false);
    const auto tunnels = root.Sub("tunnels");
    scenario.tunnels.cipher = tunnels.Choice<Cipher>("cipher").value_or(Cipher::Aes128Gcm);
    scenario.tunnels.rekey = tunnels.Time("rekey").value_or(Duration{0});
    scenario.tunnels.probe = tunnels.Time("probe").value_or(Duration{0});
    scenario.tunnels.idleProbe = tunnels.Time("idle_probe").value_or(Duration{0});
    scenario.tunnels.idleAfter = tunnels.Time("idle_after").value_or(Duration{0});
    if (scenario.tunnels.idleProbe < scenario.tunnels.probe)
    {
        binding.diagnostics.Error(
            tunnels.ValueSpan(tunnels.Has("idle_probe") ? "idle_probe" : "probe"),
            "idle paths are not probed more often than others: 'idle_probe' is "
            "at least 'probe'");
    }
}

} // namespace weft::spec
