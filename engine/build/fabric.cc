// SPDX-License-Identifier: GPL-2.0-only
#include "engine/build/fabric.h"

#include "ns3/boolean.h"
#include "ns3/enum.h"
#include "ns3/nstime.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <algorithm>

namespace weft::engine
{

namespace
{

/// Enough that the shares of a few dozen members differ by little.
constexpr std::uint32_t RESILIENT_BUCKETS = 256;

using ns3::underlay::EthernetDevice;
using ns3::underlay::FabricLinkConfig;

EthernetDevice::BundleHash
BundleHashOf(spec::LagHash hash)
{
    switch (hash)
    {
    case spec::LagHash::Layer2:
        return EthernetDevice::LAYER_2;
    case spec::LagHash::Layer3:
        return EthernetDevice::LAYER_3;
    case spec::LagHash::Layer4:
        break;
    }
    return EthernetDevice::LAYER_4;
}

std::string
EcmpHashOf(spec::EcmpHash hash)
{
    switch (hash)
    {
    case spec::EcmpHash::Layer3:
        return "Layer3";
    case spec::EcmpHash::Inner:
        return "Inner";
    case spec::EcmpHash::GreKey:
        return "GreKey";
    case spec::EcmpHash::PerPacket:
        return "PerPacket";
    case spec::EcmpHash::FiveTuple:
        break;
    }
    return "FiveTuple";
}

std::string
ModeOf(spec::MulticastMode mode)
{
    switch (mode)
    {
    case spec::MulticastMode::PimDm:
        return "Dense";
    case spec::MulticastMode::Bidir:
        return "Bidirectional";
    case spec::MulticastMode::Static:
        return "Static";
    case spec::MulticastMode::PimSm:
    case spec::MulticastMode::Off:
        break;
    }
    return "Sparse";
}

std::string
SptOf(spec::SptSwitch spt)
{
    switch (spt)
    {
    case spec::SptSwitch::Never:
        return "Never";
    case spec::SptSwitch::Threshold:
        return "Threshold";
    case spec::SptSwitch::Immediate:
        break;
    }
    return "Immediate";
}

FabricLinkConfig
LinkConfigOf(const spec::Scenario& scenario,
             const spec::WireRef& ref,
             const spec::EthernetSettings& settings)
{
    FabricLinkConfig config;
    config.rate = ns3::DataRate(static_cast<std::uint64_t>(settings.rate));
    config.delay = ns3::NanoSeconds(settings.delay.count());
    config.queueLimit = static_cast<std::uint32_t>(settings.queueLimit);
    config.mtu = static_cast<std::uint16_t>(settings.mtu);
    config.members = settings.members;
    config.bundleHash = BundleHashOf(settings.lagHash);
    config.outerVlan = settings.outerVlan;
    config.firewall = settings.firewall == spec::FirewallKind::Dns;
    config.forward = LossOf(scenario, ref, true);
    config.backward = LossOf(scenario, ref, false);
    return config;
}

} // namespace

underlay::WeatherConfig
LossOf(const spec::Scenario& scenario, const spec::WireRef& ref, bool forward)
{
    underlay::WeatherConfig weather;
    weather.loss = scenario.At(ref).loss;
    for (const auto& event : scenario.events)
    {
        if (event.kind != spec::EventKind::Wire || event.down || event.addLoss <= 0)
        {
            continue;
        }
        spec::WireRef touched = event.wire;
        const bool swap = touched.reversed;
        touched.reversed = false;
        touched.member = 0;
        const bool outward = forward != swap;
        if (touched == ref && (outward ? event.wireForward : event.wireBackward))
        {
            underlay::WeatherEvent laid;
            laid.name = event.name;
            laid.at = event.at;
            laid.duration = event.end - event.at;
            laid.loss = event.addLoss;
            weather.events.push_back(laid);
        }
    }
    return weather;
}

Fabric::Fabric(const spec::Scenario& scenario)
    : m_scenario(scenario), m_helper(scenario.seed), m_multicast(scenario.seed)
{
    const spec::Fabric& given = scenario.fabric.value();
    const bool bridged = given.forwarding == spec::Forwarding::Bridged;
    m_helper.SetIpv6(given.ipVersion == 6);
    m_helper.SetSameHashSeed(given.ecmpSeed == spec::EcmpSeed::Same);
    m_helper.SetConvergence(ns3::NanoSeconds(given.convergence.count()));
    m_helper.SetRouterAttribute("EcmpHash", ns3::StringValue(EcmpHashOf(given.ecmpHash)));
    m_helper.SetRouterAttribute("ResilientBuckets",
                                ns3::UintegerValue(given.ecmpResilient ? RESILIENT_BUCKETS : 0));
    m_helper.SetSwitchAttribute("TableLimit", ns3::UintegerValue(given.macTable));
    m_helper.SetSwitchAttribute("Ageing",
                                ns3::TimeValue(ns3::NanoSeconds(given.macAgeing.count())));
    for (const auto& router : given.routers)
    {
        if (bridged)
        {
            m_helper.AddSwitch(router.name);
        }
        else
        {
            m_helper.AddRouter(router.name)->AddLoopback(router.address);
        }
    }
    for (spec::Index l = 0; l < given.links.size(); ++l)
    {
        const spec::FabricLink& link = given.links[l];
        spec::WireRef ref;
        ref.kind = spec::WireRef::Kind::Fabric;
        ref.link = l;
        const auto made = m_helper.Connect(given.routers[link.first].name,
                                           given.routers[link.second].name,
                                           LinkConfigOf(scenario, ref, link.settings),
                                           link.name);
        m_wires.push_back({link.name, made, ref});
    }
}

ns3::underlay::FabricAttachment
Fabric::Attach(const spec::NodeRef& host, ns3::Ptr<ns3::Node> node)
{
    const spec::Attachment& given = m_scenario.AttachmentOf(host);
    spec::WireRef ref;
    ref.kind = spec::WireRef::Kind::Uplink;
    ref.node = host;
    ns3::underlay::FabricHostConfig config;
    config.link = LinkConfigOf(m_scenario, ref, given.settings);
    config.address = given.address;
    config.prefixLength = given.prefixLength;
    config.gateway = given.gateway;
    config.mac = given.mac;
    config.gatewayMac = given.gatewayMac;
    config.name = m_scenario.Name(ref);
    const auto attached =
        m_helper.AttachHost(m_scenario.fabric->routers.at(*given.router).name, node, config);
    m_wires.push_back({config.name, attached.link, ref});
    return attached;
}

void
Fabric::Start()
{
    m_helper.Start();
    const spec::UnderlayMulticast& multicast = m_scenario.fabric->multicast;
    if (multicast.mode == spec::MulticastMode::Off)
    {
        return;
    }
    m_multicast.SetAttribute("Mode", ns3::StringValue(ModeOf(multicast.mode)));
    m_multicast.SetAttribute("SptSwitch", ns3::StringValue(SptOf(multicast.spt)));
    if (multicast.spt == spec::SptSwitch::Threshold)
    {
        m_multicast.SetAttribute(
            "SptThreshold",
            ns3::DataRateValue(ns3::DataRate(static_cast<std::uint64_t>(multicast.sptThreshold))));
    }
    m_multicast.SetAttribute("RegisterForwarding", ns3::BooleanValue(multicast.registerForwarding));
    m_multicast.SetAttribute("IgmpVersion", ns3::UintegerValue(multicast.igmpVersion));
    const auto& routers = m_scenario.fabric->routers;
    if (multicast.mode == spec::MulticastMode::PimSm ||
        multicast.mode == spec::MulticastMode::Bidir)
    {
        m_multicast.SetRendezvousPoint(routers.at(multicast.rendezvousPoint).name);
    }
    if (multicast.mode == spec::MulticastMode::Static)
    {
        // The root of all trees: the first spine, or the first router of a fabric without leaves.
        const auto root = std::find_if(
            routers.begin(), routers.end(), [](const auto& router) { return !router.leaf; });
        m_multicast.SetRendezvousPoint(root == routers.end() ? routers.at(0).name : root->name);
    }
    m_multicast.Install(m_helper);
}

ns3::Ptr<ns3::underlay::MulticastAgent>
Fabric::Multicast(spec::Index router) const
{
    return m_multicast.GetAgent(m_scenario.fabric->routers.at(router).name);
}

ns3::Ptr<ns3::underlay::EthernetLink>
Fabric::Find(const spec::WireRef& ref) const
{
    spec::WireRef whole = ref;
    whole.member = 0;
    whole.reversed = false;
    for (const Wire& wire : m_wires)
    {
        if (wire.ref == whole)
        {
            return wire.link;
        }
    }
    return nullptr;
}

ns3::Ptr<ns3::underlay::FabricRouter>
Fabric::Router(spec::Index index) const
{
    return m_helper.GetRouter(m_scenario.fabric->routers.at(index).name);
}

ns3::Ptr<ns3::underlay::VlanSwitch>
Fabric::Switch(spec::Index index) const
{
    return m_helper.GetSwitch(m_scenario.fabric->routers.at(index).name);
}

} // namespace weft::engine
