// SPDX-License-Identifier: GPL-2.0-only
#include "engine/build/traffic.h"

#include "engine/build/translate.h"
#include "engine/record/e-model.h"
#include "engine/traffic/tcp-traffic.h"
#include "engine/traffic/udp-traffic.h"

#include "ns3/nstime.h"

#include "ns3/sdwan-policy.h"

namespace weft::engine
{

namespace
{

constexpr std::uint32_t IPV4_TCP_HEADERS = 40;
constexpr std::uint32_t TCP_TIMESTAMP_OPTION = 12; ///< RFC 7323, padded
constexpr spec::Duration ANSWER_LEAD = std::chrono::milliseconds(1);

ns3::Time
At(spec::Duration d)
{
    return ns3::NanoSeconds(d.count());
}

UdpPattern
PatternOf(const spec::Flow& flow)
{
    if (flow.kind == spec::TrafficKind::Voice)
    {
        return UdpPattern::Voice(flow.codec == spec::Codec::G711 ? CODEC_G711 : CODEC_TEAMS);
    }
    UdpPattern pattern;
    pattern.rateBps = flow.rate;
    pattern.payloadBytes = flow.size;
    if (flow.kind == spec::TrafficKind::OnOff)
    {
        pattern.on = flow.on;
        pattern.off = flow.off;
    }
    return pattern;
}

template <typename App>
ns3::Ptr<App>
Add(ns3::Ptr<ns3::Node> host, spec::Duration start, spec::Duration stop)
{
    auto app = ns3::CreateObject<App>();
    host->AddApplication(app);
    app->SetStartTime(At(start));
    app->SetStopTime(At(stop));
    return app;
}

} // namespace

FlowInfo
FlowInfoOf(const spec::Scenario& scenario, const spec::Flow& flow)
{
    const sdwan::EdgeConfig edge = EdgeConfigOf(scenario, flow.from);
    const sdwan::Policy policy(edge.rules, edge.applications, edge.defaultRule);
    const auto* rule = policy.Classify(KeyOf(scenario, flow)).rule;
    const sdwan::SlaProfile sla = rule->Sla();
    FlowInfo info;
    info.name = flow.name;
    info.from = scenario.sites[flow.from].name;
    info.to = scenario.sites[flow.to].name;
    info.kind = spec::ToString(flow.kind);
    info.trafficClass = sdwan::ToString(rule->trafficClass);
    info.rule = rule->name;
    if (flow.kind == spec::TrafficKind::Voice)
    {
        info.codec = spec::ToString(flow.codec);
    }
    info.start = flow.start;
    info.stop = flow.stop;
    info.bothWays = flow.bothWays;
    info.sla = {
        sla.latencyMs, sla.jitterMs, sla.loss, std::string(sdwan::ToString(sla.jitterMetric))};
    return info;
}

void
InstallTraffic(const spec::Scenario& scenario, const Network& network, FlowObserver& observer)
{
    for (spec::Index f = 0; f < scenario.traffic.size(); ++f)
    {
        const spec::Flow& flow = scenario.traffic[f];
        const SiteNodes& from = network.Sites()[flow.from];
        const SiteNodes& to = network.Sites()[flow.to];
        const ns3::Ipv4Address caller(HostAddress(scenario.sites[flow.from]));
        const ns3::Ipv4Address callee(HostAddress(scenario.sites[flow.to]));
        const auto index = static_cast<FlowIndex>(f);
        if (flow.kind == spec::TrafficKind::BulkTcp)
        {
            const std::size_t mtu =
                std::min(from.edge->GetDataplane().LanMtu(), to.edge->GetDataplane().LanMtu());
            const auto segment =
                static_cast<std::uint32_t>(mtu) - IPV4_TCP_HEADERS - TCP_TIMESTAMP_OPTION;
            const auto early = std::max(flow.start - ANSWER_LEAD, spec::Duration{0});
            auto receiver = Add<TcpBulkReceiver>(to.host, early, scenario.duration);
            receiver->Configure(index, callee, flow.destinationPort, segment, observer);
            auto sender = Add<TcpBulkSender>(from.host, flow.start, flow.stop);
            sender->Configure(index,
                              caller,
                              flow.sourcePort,
                              callee,
                              flow.destinationPort,
                              segment,
                              flow.bytes,
                              observer);
            continue;
        }
        const UdpPattern pattern = PatternOf(flow);
        auto answering = Add<UdpTraffic>(to.host, flow.start, flow.stop);
        answering->Configure({.flow = index,
                              .sends = Direction::Backward,
                              .localAddress = callee,
                              .localPort = flow.destinationPort,
                              .peerAddress = caller,
                              .peerPort = flow.sourcePort,
                              .active = flow.bothWays,
                              .answers = true,
                              .pattern = pattern},
                             observer);
        auto calling = Add<UdpTraffic>(from.host, flow.start, flow.stop);
        calling->Configure({.flow = index,
                            .sends = Direction::Forward,
                            .localAddress = caller,
                            .localPort = flow.sourcePort,
                            .peerAddress = callee,
                            .peerPort = flow.destinationPort,
                            .active = true,
                            .answers = false,
                            .pattern = pattern},
                           observer);
    }
}

} // namespace weft::engine
