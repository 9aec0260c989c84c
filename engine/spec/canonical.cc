// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/canonical.h"
#include "engine/spec/load.h"

namespace weft::spec
{

namespace
{

void
AddWeather(Lines& lines, const std::string& key, const Weather& weather)
{
    lines.Add(key + ".delay", weather.delay);
    lines.Add(key + ".jitter", weather.jitter);
    lines.Add(key + ".jitter_correlation", weather.jitterCorrelation);
    lines.Add(key + ".loss", weather.loss);
    lines.Add(key + ".bad_period", weather.badPeriod);
    lines.Add(key + ".reorder", weather.reorder);
    lines.Add(key + ".reorder_delay", weather.reorderDelay);
}

void
AddTopology(Lines& lines, const Scenario& s)
{
    for (const auto& cloud : s.clouds)
    {
        lines.Add(fmt::format("clouds.{}.kind", cloud.name), ToString(cloud.kind));
    }
    for (const auto& site : s.sites)
    {
        const auto key = "sites." + site.name;
        if (site.location)
        {
            lines.Add(key + ".location",
                      fmt::format("{} {}", site.location->latitude, site.location->longitude));
        }
        lines.Add(key + ".lan", ToString(site.lan));
        lines.Add(key + ".clock.offset", site.clock.offset);
        lines.Add(key + ".clock.skew", site.clock.skewPpm);
        for (const auto& link : site.links)
        {
            const auto at = fmt::format("{}.links.{}", key, link.name);
            lines.Add(at + ".cloud", s.clouds[link.cloud].name);
            lines.Add(at + ".up", link.up);
            lines.Add(at + ".down", link.down);
            lines.Add(at + ".queue", ToString(link.queue));
            lines.Add(at + ".queue_limit",
                      fmt::format("{} {}", link.upQueueLimit, link.downQueueLimit));
            lines.Add(at + ".mtu", link.mtu);
        }
    }
    for (const auto& path : s.paths)
    {
        const auto key = "paths." + s.Name(path);
        AddWeather(lines, key + ".forward", path.forward);
        AddWeather(lines, key + ".backward", path.backward);
    }
}

void
AddPolicy(Lines& lines, const Scenario& s)
{
    for (const auto& application : s.applications)
    {
        const auto key = "applications." + application.name;
        if (application.protocol)
        {
            lines.Add(key + ".protocol", ToString(*application.protocol));
        }
        lines.Add(key + ".source_ports", application.sourcePorts);
        lines.Add(key + ".destination_ports", application.destinationPorts);
        for (const auto& prefix : application.prefixes)
        {
            lines.Add(key + ".prefix", ToString(prefix));
        }
    }
    for (const auto& sla : s.slas)
    {
        const auto key = "slas." + sla.name;
        lines.Add(key + ".latency", sla.latency);
        lines.Add(key + ".jitter", sla.jitter);
        lines.Add(key + ".loss", sla.loss);
        lines.Add(key + ".jitter_metric", ToString(sla.jitterMetric));
    }
    for (std::size_t i = 0; i < s.rules.size(); ++i)
    {
        const auto& rule = s.rules[i];
        const auto key = fmt::format("policy.{:06}", i);
        lines.Add(key + ".rule", rule.name);
        const auto& match = rule.match;
        if (match.application)
        {
            lines.Add(key + ".match.application", s.applications[*match.application].name);
        }
        if (match.protocol)
        {
            lines.Add(key + ".match.protocol", ToString(*match.protocol));
        }
        if (match.source)
        {
            lines.Add(key + ".match.source", ToString(*match.source));
        }
        if (match.destination)
        {
            lines.Add(key + ".match.destination", ToString(*match.destination));
        }
        lines.Add(key + ".match.source_ports", match.sourcePorts);
        lines.Add(key + ".match.destination_ports", match.destinationPorts);
        lines.Add(key + ".match.segment", match.segment);
        lines.Add(key + ".class", ToString(rule.trafficClass));
        lines.Add(key + ".sla", s.slas[rule.sla].name);
        lines.Add(key + ".links.prefer", rule.links.prefer);
        lines.Add(key + ".links.mandatory", rule.links.mandatory);
        lines.Add(key + ".links.backup", rule.links.backup);
        const auto& remedies = rule.remedies;
        if (remedies.fec)
        {
            lines.Add(key + ".fec.data", remedies.fec->data);
            lines.Add(key + ".fec.group", ToString(remedies.fec->group));
            lines.Add(key + ".fec.depth", remedies.fec->depth);
            lines.Add(key + ".fec.flush", remedies.fec->flush);
            lines.Add(key + ".fec.when", ToString(remedies.fec->when));
        }
        if (remedies.jitterBuffer)
        {
            lines.Add(key + ".jitter_buffer.cap", remedies.jitterBuffer->cap);
            lines.Add(key + ".jitter_buffer.packets", remedies.jitterBuffer->packets);
        }
        lines.Add(key + ".duplicate", remedies.duplicate);
        lines.Add(key + ".switch", remedies.switchPath);
        lines.Add(key + ".duplicate_after", remedies.duplicateAfter);
        lines.Add(key + ".switch_after", remedies.switchAfter);
        lines.Add(key + ".return_after", remedies.returnAfter);
        lines.Add(key + ".hold_down", remedies.holdDown);
    }
}

void
AddTraffic(Lines& lines, const Scenario& s)
{
    for (const auto& flow : s.traffic)
    {
        const auto key = "traffic." + flow.name;
        lines.Add(key + ".kind", ToString(flow.kind));
        if (flow.application)
        {
            lines.Add(key + ".application", s.applications[*flow.application].name);
        }
        lines.Add(key + ".from", s.Name(flow.From()));
        lines.Add(key + ".to", flow.toAddress ? flow.toAddress->ToString() : s.Name(flow.To()));
        lines.Add(key + ".both_ways", flow.bothWays);
        lines.Add(key + ".start", flow.start);
        lines.Add(key + ".stop", flow.stop);
        lines.Add(key + ".source_port", flow.sourcePort);
        lines.Add(key + ".destination_port", flow.destinationPort);
        lines.Add(key + ".codec", ToString(flow.codec));
        lines.Add(key + ".rate", flow.rate);
        lines.Add(key + ".size", flow.size);
        lines.Add(key + ".on", flow.on);
        lines.Add(key + ".off", flow.off);
        lines.Add(key + ".bytes", flow.bytes);
        lines.Add(key + ".packets", flow.packets);
        if (flow.dontFragment)
        {
            lines.Add(key + ".df", "on");
        }
        if (flow.kind == TrafficKind::Ping || flow.kind == TrafficKind::Arp)
        {
            lines.Add(key + ".interval", flow.interval);
        }
    }
    for (const auto& event : s.events)
    {
        const auto key = "events." + event.name;
        lines.Add(key + ".at", event.at);
        lines.Add(key + ".end", event.end);
        for (const auto& target : event.targets)
        {
            lines.Add(fmt::format("{}.target.{}", key, s.Name(s.paths[target.path])),
                      fmt::format("{} {}", target.forward, target.backward));
        }
        lines.Add(key + ".shape", ToString(event.shape));
        lines.Add(key + ".period", event.period);
        lines.Add(key + ".jitter", event.jitter);
        lines.Add(key + ".loss", event.addLoss);
        lines.Add(key + ".delay", event.addDelay);
        lines.Add(key + ".down", event.down);
        AddFabricEvent(lines, key, s, event);
    }
}

std::string
DescribeMoment(const Scenario& s, const Moment& moment)
{
    switch (moment.kind)
    {
    case Moment::Kind::EventStart:
        return s.events[moment.index].name + ".start";
    case Moment::Kind::EventEnd:
        return s.events[moment.index].name + ".end";
    case Moment::Kind::Decision:
        return s.expectations[moment.index].name;
    case Moment::Kind::Time:
        break;
    }
    return fmt::format("{}", moment.time.count());
}

void
AddExpectations(Lines& lines, const Scenario& s)
{
    for (const auto& e : s.expectations)
    {
        const auto key = "expect." + e.name;
        lines.Add(key + ".kind", ToString(e.kind));
        lines.Add(key + ".window",
                  fmt::format("{} {}", e.window.from.count(), e.window.to.count()));
        if (e.window.after)
        {
            lines.Add(key + ".after", DescribeMoment(s, *e.window.after));
        }
        if (e.window.until)
        {
            lines.Add(key + ".until", DescribeMoment(s, *e.window.until));
        }
        lines.Add(key + ".within", e.window.within);
        if (e.flow)
        {
            lines.Add(key + ".flow", s.traffic[*e.flow].name);
        }
        if (e.edge)
        {
            lines.Add(key + ".edge", s.sites[*e.edge].name);
        }
        if (e.path)
        {
            lines.Add(key + ".path", s.Name(s.paths[*e.path]));
        }
        lines.Add(key + ".direction", ToString(e.direction));
        lines.Add(key + ".action", ToString(e.action));
        lines.Add(key + ".from", e.from);
        lines.Add(key + ".to", e.to);
        lines.Add(key + ".count", e.count);
        lines.Add(key + ".cost", e.cost);
        lines.Add(key + ".tolerance", e.tolerance);
        lines.Add(key + ".lag", e.lag);
        lines.Add(key + ".metric", ToString(e.metric));
        lines.Add(key + ".below", e.below);
        lines.Add(key + ".above", e.above);
        if (e.at)
        {
            lines.Add(key + ".at", DescribeMoment(s, *e.at));
        }
        AddFabricExpectation(lines, key, s, e);
    }
}

} // namespace

std::string
CanonicalText(const Scenario& scenario)
{
    Lines lines;
    lines.Add("scenario", scenario.name);
    lines.Add("duration", scenario.duration);
    lines.Add("record.interval", scenario.record.interval);
    lines.Add("record.capture", scenario.record.capture);
    lines.Add("tunnels.cipher", ToString(scenario.tunnels.cipher));
    lines.Add("tunnels.rekey", scenario.tunnels.rekey);
    lines.Add("tunnels.probe", scenario.tunnels.probe);
    lines.Add("tunnels.idle_probe", scenario.tunnels.idleProbe);
    lines.Add("tunnels.idle_after", scenario.tunnels.idleAfter);
    AddTopology(lines, scenario);
    AddOverlay(lines, scenario);
    AddPolicy(lines, scenario);
    AddTraffic(lines, scenario);
    AddExpectations(lines, scenario);
    return lines.Text();
}

} // namespace weft::spec
