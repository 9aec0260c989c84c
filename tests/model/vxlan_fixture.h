// SPDX-License-Identifier: GPL-2.0-only
// Hypervisors, machines, and what else there is in an overlay, on one Ethernet segment.
#ifndef WEFT_TESTS_MODEL_VXLAN_FIXTURE_H
#define WEFT_TESTS_MODEL_VXLAN_FIXTURE_H

#include "ns3/csma-helper.h"
#include "ns3/csma-net-device.h"
#include "ns3/enum.h"
#include "ns3/node.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"
#include "ns3/vxlan-controller-node.h"
#include "ns3/vxlan-hypervisor-node.h"
#include "ns3/vxlan-move.h"
#include "ns3/vxlan-underlay-host.h"
#include "ns3/vxlan-vm-device.h"

#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace vxlan_testing
{

using namespace ns3;
using vxlan::Hypervisor;
using vxlan::HypervisorSettings;
using vxlan::VmDevice;
using weft::netbase::ByteView;
using weft::netbase::IpAddress;
using weft::netbase::MacAddress;

inline constexpr std::uint32_t VNI = 864;

inline IpAddress
Ip(const std::string& text)
{
    return *IpAddress::Parse(text);
}

/// Everything on one CSMA segment, 10.0.0.0/24.
class Lan
{
  public:
    using Edit = std::function<void(weft::vxlan::HypervisorConfig&)>;

    Lan()
    {
        m_channel = CreateObject<CsmaChannel>();
        m_channel->SetAttribute("DataRate", StringValue("10Gbps"));
        m_channel->SetAttribute("Delay", StringValue("1us"));
    }

    ~Lan()
    {
        Simulator::Destroy();
    }

    Lan(const Lan&) = delete;
    Lan& operator=(const Lan&) = delete;

    /// @param number last octet of the address @param edit what differs from the defaults
    Ptr<Hypervisor>
    AddHost(
        int number, const Edit& edit = [](auto&) {})
    {
        const auto host = CreateObject<Hypervisor>();
        host->SetAttribute("Name", StringValue("h" + std::to_string(number)));
        const auto uplink = Plug(host);
        auto config = host->MakeConfig();
        config.vtep.address = Ip("10.0.0." + std::to_string(number));
        config.vtep.networks = networks;
        config.underlay = Endpoint(number);
        edit(config);
        host->Configure(std::move(config), {uplink});
        host->TraceConnectWithoutContext("Drop", MakeCallback(&Lan::OnDrop, this));
        host->TraceConnectWithoutContext("Encapsulate", MakeCallback(&Lan::OnEncapsulate, this));
        host->TraceConnectWithoutContext("Flood", MakeCallback(&Lan::OnFlood, this));
        hosts.push_back(host);
        return host;
    }

    /// @param host where @param number last octet of 192.168.0.x, and of the MAC
    Ptr<VmDevice>
    AddVm(Ptr<Hypervisor> host, int number, std::uint32_t vni = VNI)
    {
        const auto vm = MakeVm(number);
        weft::vxlan::PortConfig port;
        port.vni = vni;
        host->AddVm(vm, port);
        return vm;
    }

    static Ptr<VmDevice>
    MakeVm(int number)
    {
        const auto vm = CreateObject<VmDevice>();
        vm->SetAttribute("Name", StringValue("vm" + std::to_string(number)));
        weft::netbase::EndpointConfig config;
        config.mac = MacAddress::FromInteger(0x005056000000 + static_cast<std::uint64_t>(number));
        config.address = VmAddress(number);
        config.prefixLength = 24;
        vm->Configure(config);
        return vm;
    }

    static IpAddress
    VmAddress(int number)
    {
        return Ip("192.168.0." + std::to_string(number));
    }

    /// A device on the segment for an object's new node.
    Ptr<CsmaNetDevice>
    Plug(Ptr<Object> object)
    {
        const auto node = CreateObject<Node>();
        node->AggregateObject(object);
        CsmaHelper csma;
        csma.SetDeviceAttribute("Mtu", UintegerValue(1600));
        return DynamicCast<CsmaNetDevice>(csma.Install(node, m_channel).Get(0));
    }

    static weft::netbase::EndpointConfig
    Endpoint(int number)
    {
        weft::netbase::EndpointConfig config;
        config.address = Ip("10.0.0." + std::to_string(number));
        config.prefixLength = 24;
        return config;
    }

    static void
    RunUntil(Time until)
    {
        Simulator::Stop(until - Simulator::Now());
        Simulator::Run();
    }

    /// Pings so many times from now on, and runs until the answers are in. @return their number
    static int
    Ping(Ptr<VmDevice> from, const IpAddress& to, int count = 3)
    {
        int answers = 0;
        const Callback<void, const vxlan::PingReply&> listen(
            [&answers](const vxlan::PingReply&) { ++answers; });
        from->TraceConnectWithoutContext("PingReply", listen);
        for (int i = 0; i < count; ++i)
        {
            Simulator::Schedule(MilliSeconds(10) * i, [from, to]() { from->Ping(to); });
        }
        RunUntil(Simulator::Now() + MilliSeconds(10) * count + MilliSeconds(50));
        from->TraceDisconnectWithoutContext("PingReply", listen);
        return answers;
    }

    /// @return where a VTEP has a machine; "none"
    static std::string
    Where(Ptr<Hypervisor> host, int vm, std::uint32_t vni = VNI)
    {
        const auto* remote = host->GetCore().GetVtep()->Find(
            vni, MacAddress::FromInteger(0x005056000000 + static_cast<std::uint64_t>(vm)));
        return remote ? remote->ToString() : "none";
    }

    /// Of hosts added from here on: one, until it is changed.
    std::vector<weft::vxlan::NetworkConfig> networks{Network(VNI)};
    std::vector<Ptr<Hypervisor>> hosts;
    std::map<std::string, int> drops; ///< by reason, of all hosts
    int encapsulated = 0;
    int flooded = 0;

    static weft::vxlan::NetworkConfig
    Network(std::uint32_t vni)
    {
        weft::vxlan::NetworkConfig network;
        network.vni = vni;
        network.group = IpAddress::V4(0xef000000 + vni);
        return network;
    }

  private:
    void
    OnDrop(const weft::vxlan::HypervisorEvent& event)
    {
        ++drops[std::string(event.reason)];
    }

    void
    OnEncapsulate(const weft::vxlan::HypervisorEvent&)
    {
        ++encapsulated;
    }

    void
    OnFlood(const weft::vxlan::HypervisorEvent&)
    {
        ++flooded;
    }

    Ptr<CsmaChannel> m_channel;
};

} // namespace vxlan_testing

#endif
