// SPDX-License-Identifier: GPL-2.0-only
#include "engine/build/network.h"

#include "engine/build/translate.h"

#include "ns3/data-rate.h"
#include "ns3/double.h"
#include "ns3/enum.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/ipv4.h"
#include "ns3/net-device-container.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"
#include "ns3/underlay-cloud-helper.h"

namespace weft::engine
{

namespace
{

ns3::DataRate
Rate(double bitsPerSecond)
{
    return ns3::DataRate(static_cast<std::uint64_t>(bitsPerSecond));
}

} // namespace

Network::Network(const spec::Scenario& scenario)
{
    std::vector<ns3::underlay::CloudHelper> helpers;
    for (const auto& cloud : scenario.clouds)
    {
        helpers.emplace_back(cloud.name,
                             cloud.kind == spec::CloudKind::Internet
                                 ? ns3::underlay::ProviderCloud::Internet
                                 : ns3::underlay::ProviderCloud::L3vpn,
                             scenario.seed);
        m_clouds.push_back(helpers.back().GetCloud());
    }
    for (spec::Index s = 0; s < scenario.sites.size(); ++s)
    {
        SiteNodes site;
        site.host = ns3::CreateObject<ns3::Node>();
        site.node = ns3::CreateObject<ns3::Node>();
        for (spec::Index l = 0; l < scenario.sites[s].links.size(); ++l)
        {
            const spec::Link& link = scenario.sites[s].links[l];
            auto& helper = helpers[link.cloud];
            helper.SetDeviceAttribute("UplinkRate", ns3::DataRateValue(Rate(link.up)));
            helper.SetDeviceAttribute("DownlinkRate", ns3::DataRateValue(Rate(link.down)));
            helper.SetDeviceAttribute("QueueLimit", ns3::UintegerValue(link.upQueueLimit));
            helper.SetDeviceAttribute("DownlinkQueueLimit",
                                      ns3::UintegerValue(link.downQueueLimit));
            helper.SetDeviceAttribute("Mtu", ns3::UintegerValue(link.mtu));
            helper.SetDeviceAttribute(
                "QueueKind",
                ns3::StringValue(link.queue == spec::QueueKind::Fifo ? "Fifo" : "FqCoDel"));
            site.links.push_back(helper.Install(site.node,
                                                scenario.Name(spec::LinkRef{s, l}),
                                                ns3::Ipv4Address(WanAddress(scenario, {s, l}))));
        }
        m_sites.push_back(site);
    }
    for (spec::Index p = 0; p < scenario.paths.size(); ++p)
    {
        const spec::Path& path = scenario.paths[p];
        const PathWeatherConfigs weather = WeatherOf(scenario, p);
        const std::string from = scenario.Name(path.first);
        const std::string to = scenario.Name(path.second);
        const spec::Index cloud = scenario.At(path.first).cloud;
        helpers[cloud].Connect(from, to, weather.forward, weather.backward);
        m_paths.push_back(
            {m_clouds[cloud]->GetWeather(from, to), m_clouds[cloud]->GetWeather(to, from)});
    }
    for (spec::Index s = 0; s < scenario.sites.size(); ++s)
    {
        AddSite(scenario, s);
    }
}

void
Network::AddSite(const spec::Scenario& scenario, spec::Index index)
{
    const spec::Site& given = scenario.sites[index];
    SiteNodes& site = m_sites[index];

    site.edge = ns3::CreateObject<ns3::sdwan::Edge>();
    site.edge->SetAttribute("ClockOffset",
                            ns3::TimeValue(ns3::NanoSeconds(given.clock.offset.count())));
    site.edge->SetAttribute("ClockSkew", ns3::DoubleValue(given.clock.skewPpm));
    site.edge->Configure(EdgeConfigOf(scenario, index));
    site.node->AggregateObject(site.edge);
    for (std::uint16_t l = 0; l < site.links.size(); ++l)
    {
        site.edge->AddWanDevice(l, site.links[l]);
    }

    ns3::PointToPointHelper lan;
    lan.SetDeviceAttribute("DataRate", ns3::StringValue("1Gbps"));
    lan.SetChannelAttribute("Delay", ns3::StringValue("5us"));
    const ns3::NetDeviceContainer ends = lan.Install(site.host, site.node);
    const auto mtu = static_cast<std::uint16_t>(site.edge->GetDataplane().LanMtu());
    ends.Get(0)->SetMtu(mtu);
    ends.Get(1)->SetMtu(mtu);
    const ns3::Ipv4Mask mask(given.lan.length == 0 ? 0u : ~0u << (32 - given.lan.length));
    site.edge->AddLanDevice(ends.Get(1), ns3::Ipv4Address(given.lan.address), mask);

    ns3::InternetStackHelper stack;
    stack.SetIpv6StackInstall(false);
    stack.SetRoutingHelper(ns3::Ipv4StaticRoutingHelper());
    stack.Install(site.host);
    auto ipv4 = site.host->GetObject<ns3::Ipv4>();
    const std::uint32_t interface = ipv4->AddInterface(ends.Get(0));
    ipv4->AddAddress(interface,
                     ns3::Ipv4InterfaceAddress(ns3::Ipv4Address(HostAddress(given)), mask));
    ipv4->SetMetric(interface, 1);
    ipv4->SetUp(interface);
    ns3::Ipv4StaticRoutingHelper().GetStaticRouting(ipv4)->SetDefaultRoute(
        ns3::Ipv4Address("0.0.0.0"), interface);
}

} // namespace weft::engine
