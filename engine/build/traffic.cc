// SPDX-License-Identifier: GPL-2.0-only
#include "engine/build/traffic.h"

#include "engine/build/translate.h"
#include "engine/record/e-model.h"
#include "engine/traffic/tcp-traffic.h"
#include "engine/traffic/udp-traffic.h"

#include "ns3/nstime.h"

#include "ns3/sdwan-policy.h"

#include <cmath>

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

namespace
{

/// Where one end of a flow of UDP or TCP runs.
struct End
{
    ns3::Ptr<ns3::Node> host;
    ns3::Ipv4Address address;
    std::size_t mtu = 0;
};

End
EndOf(const spec::Scenario& scenario,
      const Network& network,
      const Overlay* overlay,
      const spec::NodeRef& end)
{
    if (end.kind == spec::NodeKind::Vm)
    {
        const spec::Vm& vm = scenario.vms.at(end.index);
        return {
            overlay->Vms().at(end.index)->GetNode(), ns3::Ipv4Address(vm.address.ToV4()), vm.mtu};
    }
    const SiteNodes& site = network.Sites().at(end.index);
    return {site.host,
            ns3::Ipv4Address(HostAddress(scenario.sites[end.index])),
            site.edge->GetDataplane().LanMtu()};
}

void
AddTcp(const spec::Scenario& scenario,
       const End& from,
       const End& to,
       spec::Index f,
       FlowObserver& observer)
{
    const spec::Flow& flow = scenario.traffic[f];
    const auto index = static_cast<FlowIndex>(f);
    const auto segment = static_cast<std::uint32_t>(std::min(from.mtu, to.mtu)) - IPV4_TCP_HEADERS -
                         TCP_TIMESTAMP_OPTION;
    const auto early = std::max(flow.start - ANSWER_LEAD, spec::Duration{0});
    auto receiver = Add<TcpBulkReceiver>(to.host, early, scenario.duration);
    receiver->Configure(index, to.address, flow.destinationPort, segment, observer);
    auto sender = Add<TcpBulkSender>(from.host, flow.start, flow.stop);
    sender->Configure(index,
                      from.address,
                      flow.sourcePort,
                      to.address,
                      flow.destinationPort,
                      segment,
                      flow.bytes,
                      observer);
}

void
AddUdp(const spec::Scenario& scenario,
       const End& from,
       const End& to,
       spec::Index f,
       FlowObserver& observer)
{
    const spec::Flow& flow = scenario.traffic[f];
    const auto index = static_cast<FlowIndex>(f);
    const UdpPattern pattern = PatternOf(flow);
    auto answering = Add<UdpTraffic>(to.host, flow.start, flow.stop);
    answering->Configure({.flow = index,
                          .sends = Direction::Backward,
                          .localAddress = to.address,
                          .localPort = flow.destinationPort,
                          .peerAddress = from.address,
                          .peerPort = flow.sourcePort,
                          .active = flow.bothWays,
                          .answers = true,
                          .pattern = pattern},
                         observer);
    auto calling = Add<UdpTraffic>(from.host, flow.start, flow.stop);
    calling->Configure({.flow = index,
                        .sends = Direction::Forward,
                        .localAddress = from.address,
                        .localPort = flow.sourcePort,
                        .peerAddress = to.address,
                        .peerPort = flow.destinationPort,
                        .active = true,
                        .answers = false,
                        .pattern = pattern},
                       observer);
}

netbase::IpAddress
AddressOf(const spec::Scenario& scenario, const spec::NodeRef& end)
{
    switch (end.kind)
    {
    case spec::NodeKind::Vm:
        return scenario.vms.at(end.index).address;
    case spec::NodeKind::Hypervisor:
        return scenario.hypervisors.at(end.index).attachment.address;
    default:
        return {};
    }
}

/// What the record says of a flow over the fabric: there is no policy, hence no class.
FlowInfo
OverlayFlowInfo(const spec::Scenario& scenario, const spec::Flow& flow)
{
    FlowInfo info;
    info.name = flow.name;
    info.from = scenario.Name(flow.From());
    info.to = flow.toAddress ? flow.toAddress->ToString() : scenario.Name(flow.To());
    info.kind = spec::ToString(flow.kind);
    if (flow.kind == spec::TrafficKind::Voice)
    {
        info.codec = spec::ToString(flow.codec);
    }
    info.start = flow.start;
    info.stop = flow.stop;
    info.bothWays = flow.bothWays;
    return info;
}

} // namespace

FlowInfo
FlowInfoOf(const spec::Scenario& scenario, const spec::Flow& flow)
{
    if (flow.fromKind != spec::NodeKind::Site)
    {
        return OverlayFlowInfo(scenario, flow);
    }
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
Traffic::AddCardTraffic(const spec::Scenario& scenario,
                        const Overlay& overlay,
                        spec::Index f,
                        FlowObserver& observer)
{
    const spec::Flow& flow = scenario.traffic[f];
    const auto index = static_cast<FlowIndex>(f);
    SendPlan plan{flow.start, flow.stop, flow.interval, flow.packets};
    const netbase::IpAddress to = flow.toAddress ? *flow.toAddress : AddressOf(scenario, flow.To());
    if (flow.fromKind == spec::NodeKind::Hypervisor)
    {
        m_cards.push_back(std::make_unique<UnderlayPingTraffic>(
            index, overlay.Hypervisors().at(flow.from), to, flow.size, plan, observer));
        return;
    }
    const auto from = overlay.Vms().at(flow.from);
    if (flow.kind == spec::TrafficKind::Ping)
    {
        m_cards.push_back(std::make_unique<PingTraffic>(
            index, from, to, flow.size, flow.dontFragment, plan, observer));
        return;
    }
    if (flow.kind == spec::TrafficKind::Arp)
    {
        m_cards.push_back(std::make_unique<ArpTraffic>(index, from, to, plan, observer));
        return;
    }
    BroadcastTraffic::Config config;
    config.flow = index;
    config.name = flow.name;
    config.from = from;
    config.source = scenario.vms[flow.from].address;
    for (spec::Index v = 0; v < scenario.vms.size(); ++v)
    {
        if (v != flow.from && scenario.vms[v].network == scenario.vms[flow.from].network)
        {
            config.receivers.push_back(overlay.Vms()[v]);
        }
    }
    config.sourcePort = flow.sourcePort;
    config.destinationPort = flow.destinationPort;
    config.size = flow.size;
    plan.interval = spec::Duration(std::llround(flow.size * 8e9 / flow.rate));
    config.plan = plan;
    m_cards.push_back(std::make_unique<BroadcastTraffic>(std::move(config), m_ports, observer));
}

Traffic::Traffic(const spec::Scenario& scenario,
                 const Network& network,
                 const Overlay* overlay,
                 FlowObserver& observer)
{
    for (spec::Index f = 0; f < scenario.traffic.size(); ++f)
    {
        const spec::Flow& flow = scenario.traffic[f];
        switch (flow.kind)
        {
        case spec::TrafficKind::Ping:
        case spec::TrafficKind::Broadcast:
        case spec::TrafficKind::Arp:
            AddCardTraffic(scenario, *overlay, f, observer);
            break;
        case spec::TrafficKind::BulkTcp:
            AddTcp(scenario,
                   EndOf(scenario, network, overlay, flow.From()),
                   EndOf(scenario, network, overlay, flow.To()),
                   f,
                   observer);
            break;
        default:
            AddUdp(scenario,
                   EndOf(scenario, network, overlay, flow.From()),
                   EndOf(scenario, network, overlay, flow.To()),
                   f,
                   observer);
        }
    }
}

void
Traffic::Finish(Recorder& recorder) const
{
    for (const auto& each : m_cards)
    {
        each->Finish(recorder);
    }
}

} // namespace weft::engine
