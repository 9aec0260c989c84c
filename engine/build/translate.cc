// SPDX-License-Identifier: GPL-2.0-only
#include "engine/build/translate.h"

#include "ns3/sdwan-key-schedule.h"

#include <algorithm>
#include <string>

namespace weft::engine
{

namespace
{

constexpr double MS_PER_NS = 1e-6;
constexpr std::size_t SECRET_SIZE = 32;

double
Ms(spec::Duration d)
{
    return static_cast<double>(d.count()) * MS_PER_NS;
}

underlay::WeatherConfig
Base(const spec::Weather& weather)
{
    underlay::WeatherConfig config;
    config.delay = weather.delay;
    config.jitter = weather.jitter;
    config.jitterCorrelation = weather.jitterCorrelation;
    config.loss = weather.loss;
    config.badPeriod = weather.badPeriod;
    config.reorder = weather.reorder;
    config.reorderDelay = weather.reorderDelay;
    return config;
}

underlay::EventShape
Shape(spec::EventShape shape)
{
    switch (shape)
    {
    case spec::EventShape::Ramp:
        return underlay::EventShape::Ramp;
    case spec::EventShape::Square:
        return underlay::EventShape::Square;
    default:
        return underlay::EventShape::Step;
    }
}

sdwan::Ipv4Prefix
Prefix(const spec::Prefix& prefix)
{
    return {prefix.address, static_cast<std::uint8_t>(prefix.length)};
}

std::vector<sdwan::PortRange>
Ports(const std::vector<spec::PortRange>& ranges)
{
    std::vector<sdwan::PortRange> out;
    for (const auto& range : ranges)
    {
        out.push_back({range.first, range.last});
    }
    return out;
}

std::optional<std::uint8_t>
Number(const std::optional<spec::Protocol>& protocol)
{
    return protocol ? std::optional<std::uint8_t>(static_cast<std::uint8_t>(*protocol))
                    : std::nullopt;
}

sdwan::JitterMetric
Metric(spec::JitterMetric metric)
{
    switch (metric)
    {
    case spec::JitterMetric::Rfc3550:
        return sdwan::JitterMetric::Rfc3550;
    case spec::JitterMetric::Pdv95:
        return sdwan::JitterMetric::Pdv95;
    case spec::JitterMetric::Pdv99:
        return sdwan::JitterMetric::Pdv99;
    default:
        return sdwan::JitterMetric::StandardDeviation;
    }
}

sdwan::PolicyRule
RuleOf(const spec::Scenario& scenario, const spec::Rule& rule)
{
    sdwan::PolicyRule out;
    out.name = rule.name;
    const spec::Match& match = rule.match;
    if (match.application)
    {
        out.match.application = scenario.applications[*match.application].name;
    }
    out.match.tuple.protocol = Number(match.protocol);
    out.match.tuple.sourcePorts = Ports(match.sourcePorts);
    out.match.tuple.destinationPorts = Ports(match.destinationPorts);
    if (match.source)
    {
        out.match.tuple.sources = {Prefix(*match.source)};
    }
    if (match.destination)
    {
        out.match.tuple.destinations = {Prefix(*match.destination)};
    }
    if (match.segment)
    {
        out.match.segment = static_cast<std::uint8_t>(*match.segment);
    }
    out.trafficClass = static_cast<sdwan::TrafficClass>(rule.trafficClass);
    const spec::Sla& sla = scenario.slas[rule.sla];
    out.sla = sdwan::SlaProfile{.name = sla.name,
                                .latencyMs = Ms(sla.latency),
                                .jitterMs = Ms(sla.jitter),
                                .loss = sla.loss,
                                .jitterMetric = Metric(sla.jitterMetric)};
    out.links = {rule.links.prefer, rule.links.mandatory, rule.links.backup};

    const spec::Remedies& given = rule.remedies;
    sdwan::RemediationProfile& remedies = out.remedies;
    if (given.fec)
    {
        remedies.fec.mode = given.fec->when == spec::FecWhen::Always ? sdwan::FecMode::Always
                                                                     : sdwan::FecMode::Lossy;
        remedies.fec.perFlow = given.fec->group == spec::FecGroup::Flow;
        remedies.fec.data = given.fec->data;
        remedies.fec.depth = given.fec->depth;
        remedies.fec.flush = given.fec->flush;
    }
    if (given.jitterBuffer)
    {
        remedies.jitterBuffer = {.enabled = true,
                                 .cap = given.jitterBuffer->cap,
                                 .packets = given.jitterBuffer->packets};
    }
    remedies.duplicate = given.duplicate;
    remedies.switchPaths = given.switchPath;
    remedies.duplicateAfter = given.duplicateAfter;
    remedies.switchAfter = given.switchAfter;
    remedies.returnAfter = given.returnAfter;
    remedies.holdDown = given.holdDown;
    return out;
}

/// Stands in for the key exchange: both ends know the run's seed and the tunnel's name.
sdwan::Bytes
SecretOf(const spec::Scenario& scenario, const spec::Path& path)
{
    const std::string salt = "weft scenario " + std::to_string(scenario.seed);
    const std::string name = scenario.Name(path);
    const auto bytes = [](const std::string& s) {
        return sdwan::ByteView(reinterpret_cast<const std::uint8_t*>(s.data()), s.size());
    };
    sdwan::Bytes secret(SECRET_SIZE);
    sdwan::HkdfSha256(bytes(salt), bytes(name), {}, secret);
    return secret;
}

sdwan::CipherSuite
Suite(spec::Cipher cipher)
{
    switch (cipher)
    {
    case spec::Cipher::Aes256Gcm:
        return sdwan::CipherSuite::Aes256Gcm;
    case spec::Cipher::Null:
        return sdwan::CipherSuite::Null;
    default:
        return sdwan::CipherSuite::Aes128Gcm;
    }
}

} // namespace

std::uint32_t
WanAddress(const spec::Scenario& scenario, const spec::LinkRef& link)
{
    const spec::Index cloud = scenario.At(link).cloud;
    const auto host = static_cast<std::uint32_t>((link.site << 8) + link.link + 1);
    if (scenario.clouds[cloud].kind == spec::CloudKind::Internet)
    {
        return 0xc6120000u + host; // 198.18.0.0/15
    }
    return 0xac100000u + (static_cast<std::uint32_t>(cloud & 0x0f) << 16) + host; // 172.16.0.0/12
}

std::uint32_t
HostAddress(const spec::Site& site)
{
    const std::uint32_t hosts = site.lan.length >= 31 ? 1 : (1u << (32 - site.lan.length)) - 2;
    return site.lan.address + std::min<std::uint32_t>(10, hosts);
}

sdwan::FlowKey
KeyOf(const spec::Scenario& scenario, const spec::Flow& flow)
{
    return {.source = HostAddress(scenario.sites[flow.from]),
            .destination = HostAddress(scenario.sites[flow.to]),
            .sourcePort = flow.sourcePort,
            .destinationPort = flow.destinationPort,
            .protocol = static_cast<std::uint8_t>(flow.TransportProtocol()),
            .segment = 0};
}

PathWeatherConfigs
WeatherOf(const spec::Scenario& scenario, spec::Index path)
{
    const spec::Path& given = scenario.paths[path];
    PathWeatherConfigs out{Base(given.forward), Base(given.backward)};
    for (const auto& event : scenario.events)
    {
        underlay::WeatherEvent laid;
        laid.name = event.name;
        laid.at = event.at;
        laid.duration = event.end - event.at;
        laid.shape = Shape(event.shape);
        laid.period = event.period;
        laid.jitter = event.jitter;
        laid.loss = event.addLoss;
        laid.delay = event.addDelay;
        laid.down = event.down;
        for (const auto& target : event.targets)
        {
            if (target.path == path && target.forward)
            {
                out.forward.events.push_back(laid);
            }
            if (target.path == path && target.backward)
            {
                out.backward.events.push_back(laid);
            }
        }
    }
    return out;
}

sdwan::EdgeConfig
EdgeConfigOf(const spec::Scenario& scenario, spec::Index site)
{
    const spec::Site& here = scenario.sites[site];
    sdwan::EdgeConfig config;
    config.name = here.name;
    config.lan = {Prefix(here.lan)};
    for (spec::Index l = 0; l < here.links.size(); ++l)
    {
        config.links.push_back({.name = here.links[l].name,
                                .address = WanAddress(scenario, {site, l}),
                                .mtu = static_cast<std::uint16_t>(here.links[l].mtu)});
    }

    std::vector<int> peerOf(scenario.sites.size(), -1);
    for (const auto& path : scenario.paths)
    {
        if (path.first.site != site && path.second.site != site)
        {
            continue;
        }
        const bool initiator = path.first.site == site;
        const spec::LinkRef& local = initiator ? path.first : path.second;
        const spec::LinkRef& remote = initiator ? path.second : path.first;
        int& peer = peerOf[remote.site];
        if (peer < 0)
        {
            const spec::Site& there = scenario.sites[remote.site];
            peer = static_cast<int>(config.peers.size());
            config.peers.push_back({.name = there.name,
                                    .flowIdTopBit = site > remote.site,
                                    .prefixes = {Prefix(there.lan)}});
        }
        // No packet that the far link would refuse.
        auto& mtu = config.links[local.link].mtu;
        mtu = std::min(mtu, static_cast<std::uint16_t>(scenario.At(remote).mtu));
        config.tunnels.push_back({.peer = static_cast<std::uint16_t>(peer),
                                  .link = static_cast<std::uint16_t>(local.link),
                                  .remoteLink = scenario.At(remote).name,
                                  .remoteAddress = WanAddress(scenario, remote),
                                  .secret = SecretOf(scenario, path),
                                  .initiator = initiator});
    }

    for (const auto& application : scenario.applications)
    {
        sdwan::Application out;
        out.name = application.name;
        out.match.protocol = Number(application.protocol);
        out.match.sourcePorts = Ports(application.sourcePorts);
        out.match.destinationPorts = Ports(application.destinationPorts);
        for (const auto& prefix : application.prefixes)
        {
            out.match.destinations.push_back(Prefix(prefix));
        }
        config.applications.push_back(std::move(out));
    }
    // The scenario's last rule matches everything: it is the policy's default.
    for (std::size_t r = 0; r + 1 < scenario.rules.size(); ++r)
    {
        config.rules.push_back(RuleOf(scenario, scenario.rules[r]));
    }
    config.defaultRule = RuleOf(scenario, scenario.rules.back());

    config.suite = Suite(scenario.tunnels.cipher);
    config.rekeyInterval = scenario.tunnels.rekey;
    config.rekeyOverlap = std::min(config.rekeyOverlap, config.rekeyInterval / 2);
    config.monitor.probeInterval = scenario.tunnels.probe;
    config.monitor.idleProbeInterval = scenario.tunnels.idleProbe;
    config.monitor.idleAfter = scenario.tunnels.idleAfter;
    return config;
}

} // namespace weft::engine
