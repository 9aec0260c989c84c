// SPDX-License-Identifier: GPL-2.0-only
#include "engine/build/overlay.h"

#include "engine/build/translate-overlay.h"

#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/ipv4.h"
#include "ns3/nstime.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/string.h"

#include <algorithm>

namespace weft::engine
{

namespace
{

/// From switch to machine. Above zero, so that time passes in a conversation within one host.
const ns3::Time PORT_DELAY = ns3::MicroSeconds(1);

/// Joins a hypervisor to the LAN of an SD-WAN Edge. @return the hypervisor's device
ns3::Ptr<ns3::NetDevice>
JoinLan(const SiteNodes& site, ns3::Ptr<ns3::Node> node, const netbase::IpAddress& address)
{
    ns3::PointToPointHelper lan;
    lan.SetDeviceAttribute("DataRate", ns3::StringValue("1Gbps"));
    lan.SetChannelAttribute("Delay", ns3::StringValue("5us"));
    const ns3::NetDeviceContainer ends = lan.Install(node, site.node);
    const auto mtu = static_cast<std::uint16_t>(site.edge->GetDataplane().LanMtu());
    ends.Get(0)->SetMtu(mtu);
    ends.Get(1)->SetMtu(mtu);
    site.edge->AddLanDevice(
        ends.Get(1), ns3::Ipv4Address(address.ToV4()), ns3::Ipv4Mask("255.255.255.255"));
    return ends.Get(0);
}

} // namespace

Overlay::Overlay(const spec::Scenario& scenario, const Network& network) : m_scenario(scenario)
{
    if (scenario.fabric)
    {
        m_fabric = std::make_unique<Fabric>(scenario);
    }
    for (spec::Index h = 0; h < scenario.hypervisors.size(); ++h)
    {
        AddHypervisor(h, network);
    }
    AddController();
    AddServiceNodes();
    if (m_fabric)
    {
        m_fabric->Start();
    }
    for (spec::Index v = 0; v < scenario.vms.size(); ++v)
    {
        AddVm(v);
    }
    for (spec::Index g = 0; g < scenario.gateways.size(); ++g)
    {
        m_gateways.push_back(m_hypervisors.at(scenario.gateways[g].hypervisor)
                                 ->AddRouter(RouterConfigOf(scenario, g)));
    }
    InstallStaticEntries();
}

void
Overlay::AddHypervisor(spec::Index index, const Network& network)
{
    const spec::Hypervisor& given = m_scenario.hypervisors[index];
    const auto node = ns3::CreateObject<ns3::Node>();
    const auto hypervisor = ns3::CreateObject<ns3::vxlan::Hypervisor>();
    hypervisor->SetAttribute("Name", ns3::StringValue(given.name));
    hypervisor->SetAttribute("PortDelay", ns3::TimeValue(PORT_DELAY));
    node->AggregateObject(hypervisor);
    vxlan::HypervisorConfig config = HypervisorConfigOf(m_scenario, index);
    ns3::Ptr<ns3::NetDevice> uplink;
    if (given.attachment.site)
    {
        uplink =
            JoinLan(network.Sites().at(*given.attachment.site), node, given.attachment.address);
        config.vtep.mtu = uplink->GetMtu();
        config.vtep.encapsulation.mtu = uplink->GetMtu();
        config.underlay.mtu = uplink->GetMtu();
    }
    else
    {
        const auto attached = m_fabric->Attach({spec::NodeKind::Hypervisor, index}, node);
        uplink = attached.device;
        if (!config.vtep.replicatorAddress.IsNone())
        {
            m_fabric->Router(*given.attachment.router)
                ->AddHost(attached.port, config.vtep.replicatorAddress);
        }
    }
    hypervisor->Configure(std::move(config), {uplink});
    m_hypervisors.push_back(hypervisor);
}

void
Overlay::AddController()
{
    if (!m_scenario.controller)
    {
        return;
    }
    const spec::Controller& given = *m_scenario.controller;
    const auto node = ns3::CreateObject<ns3::Node>();
    const auto attached = m_fabric->Attach({spec::NodeKind::Controller, 0}, node);
    m_controller = ns3::CreateObject<ns3::vxlan::ControllerNode>();
    m_controller->SetAttribute("Name", ns3::StringValue(given.name));
    node->AggregateObject(m_controller);
    vxlan::ControllerServerConfig config;
    config.pushDelay = given.pushDelay;
    config.updateCost = given.updateCost;
    config.channel.keepalive = m_scenario.overlay.probe;
    config.channel.misses = m_scenario.overlay.probeMisses;
    config.key = KeyOf(m_scenario, given.name);
    m_controller->Configure(
        config, EndpointOf(m_scenario, given.attachment, given.name), attached.device);
    for (spec::Index h = 0; h < m_hypervisors.size(); ++h)
    {
        const spec::Hypervisor& hypervisor = m_scenario.hypervisors[h];
        if (!hypervisor.vtep || hypervisor.overlay.learning != spec::Learning::Controller)
        {
            continue;
        }
        vxlan::ControllerAgentConfig agent;
        agent.hello = hypervisor.overlay.probe;
        agent.channel.keepalive = hypervisor.overlay.probe;
        agent.channel.misses = hypervisor.overlay.probeMisses;
        agent.key = KeyOf(m_scenario, "agent of " + hypervisor.name);
        m_hypervisors[h]->SetController(given.attachment.address, agent);
    }
}

void
Overlay::AddServiceNodes()
{
    for (spec::Index n = 0; n < m_scenario.serviceNodes.size(); ++n)
    {
        const spec::ServiceNode& given = m_scenario.serviceNodes[n];
        const auto node = ns3::CreateObject<ns3::Node>();
        const auto attached = m_fabric->Attach({spec::NodeKind::ServiceNode, n}, node);
        const auto service = ns3::CreateObject<ns3::vxlan::ServiceNode>();
        service->SetAttribute("Name", ns3::StringValue(given.name));
        node->AggregateObject(service);
        service->Configure(ServiceNodeConfigOf(m_scenario, n), attached.device);
        for (spec::Index v = 0; v < m_scenario.networks.size(); ++v)
        {
            service->SetMembers(m_scenario.networks[v].vni, VtepsOf(m_scenario, v));
        }
        m_serviceNodes.push_back(service);
    }
}

bool
Overlay::NeedsStack(spec::Index vm) const
{
    const auto uses = [vm](const spec::NodeRef& end) {
        return end == spec::NodeRef{spec::NodeKind::Vm, vm};
    };
    return std::any_of(
        m_scenario.traffic.begin(), m_scenario.traffic.end(), [&](const spec::Flow& flow) {
            switch (flow.kind)
            {
            case spec::TrafficKind::Ping:
            case spec::TrafficKind::Broadcast:
            case spec::TrafficKind::Arp:
                return false;
            default:
                return uses(flow.From()) || uses(flow.To());
            }
        });
}

void
Overlay::AddVm(spec::Index index)
{
    const spec::Vm& given = m_scenario.vms[index];
    const auto vm = ns3::CreateObject<ns3::vxlan::VmDevice>();
    vm->SetAttribute("Name", ns3::StringValue(given.name));
    vm->Configure(VmEndpointOf(m_scenario, index));
    if (NeedsStack(index))
    {
        const auto node = ns3::CreateObject<ns3::Node>();
        node->AddDevice(vm);
        ns3::InternetStackHelper stack;
        stack.SetIpv6StackInstall(false);
        stack.SetRoutingHelper(ns3::Ipv4StaticRoutingHelper());
        stack.Install(node);
        const auto ipv4 = node->GetObject<ns3::Ipv4>();
        const std::uint32_t interface = ipv4->AddInterface(vm);
        const ns3::Ipv4Mask mask(given.prefixLength == 0 ? 0u : ~0u << (32 - given.prefixLength));
        ipv4->AddAddress(interface,
                         ns3::Ipv4InterfaceAddress(ns3::Ipv4Address(given.address.ToV4()), mask));
        ipv4->SetMetric(interface, 1);
        ipv4->SetUp(interface);
        // The card itself chooses the next hop.
        ns3::Ipv4StaticRoutingHelper().GetStaticRouting(ipv4)->SetDefaultRoute(
            ns3::Ipv4Address("0.0.0.0"), interface);
    }
    if (given.vrrp)
    {
        vm->EnableVrrp(VrrpOf(*given.vrrp));
    }
    m_hypervisors.at(given.hypervisor)->AddVm(vm, PortOf(m_scenario, index));
    m_vms.push_back(vm);
}

void
Overlay::InstallStaticEntries()
{
    for (spec::Index h = 0; h < m_hypervisors.size(); ++h)
    {
        const spec::Hypervisor& here = m_scenario.hypervisors[h];
        if (!here.vtep || here.overlay.learning != spec::Learning::Static)
        {
            continue;
        }
        m_hypervisors[h]->Do([&](vxlan::Hypervisor& core, netbase::TimeNs now) {
            for (const auto& vm : m_scenario.vms)
            {
                const vxlan::Vni vni = m_scenario.networks[vm.network].vni;
                if (!core.GetVtep()->HasNetwork(vni))
                {
                    continue;
                }
                if (vm.hypervisor == h)
                {
                    core.GetVtep()->SetArp(vni, vm.address, vm.mac, vxlan::FdbOrigin::Static, now);
                    continue;
                }
                core.GetVtep()->Install(vni,
                                        vm.mac,
                                        m_scenario.hypervisors[vm.hypervisor].attachment.address,
                                        vxlan::FdbOrigin::Static,
                                        now,
                                        vm.address);
            }
        });
    }
}

} // namespace weft::engine
