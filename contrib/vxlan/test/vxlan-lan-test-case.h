// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup vxlan-tests
 * Hypervisors on one Ethernet segment, and machines on them.
 */
#ifndef VXLAN_LAN_TEST_CASE_H
#define VXLAN_LAN_TEST_CASE_H

#include "ns3/csma-helper.h"
#include "ns3/net-device-container.h"
#include "ns3/node-container.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/test.h"
#include "ns3/vxlan-helper.h"
#include "ns3/vxlan-hypervisor-node.h"
#include "ns3/vxlan-vm-device.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tests
{

using namespace ns3;
using vxlan::HypervisorSettings;
using vxlan::MoveOptions;
using vxlan::VmDevice;
using vxlan::VxlanHelper;
using weft::netbase::IpAddress;
using weft::vxlan::HypervisorEvent;

inline constexpr uint32_t VNI = 8640; ///< of most cases (NVGRE keeps those below 4096)

/**
 * @ingroup vxlan-tests
 * Hypervisors h1, h2, ... with addresses 10.0.0.1, .2, ... on a CSMA segment of 1 Gbit/s; network
 * 8640 with the group 239.0.3.96.
 */
class VxlanLanTestCase : public TestCase
{
  public:
    /// @param name of the case
    explicit VxlanLanTestCase(const std::string& name) : TestCase(name)
    {
    }

  protected:
    /// @param hosts how many hypervisors
    void
    Build(uint32_t hosts)
    {
        m_nodes.Create(hosts);
        CsmaHelper csma;
        csma.SetChannelAttribute("DataRate", StringValue("1Gbps"));
        csma.SetChannelAttribute("Delay", StringValue("1us"));
        m_devices = csma.Install(m_nodes);
        m_helper.AddNetwork(VNI, "239.0.3.96", 96);
        for (uint32_t i = 0; i < hosts; ++i)
        {
            const std::string number = std::to_string(i + 1);
            m_helper.AddHypervisor(
                "h" + number, m_nodes.Get(i), m_devices.Get(i), "10.0.0." + number + "/24");
        }
    }

    /// Installs everything and listens to it.
    void
    Start()
    {
        m_helper.Install();
        for (uint32_t i = 0; i < m_nodes.GetN(); ++i)
        {
            const auto name = "h" + std::to_string(i + 1);
            const auto host = m_helper.GetHypervisor(name);
            host->TraceConnect("Drop", name, MakeCallback(&VxlanLanTestCase::OnDrop, this));
            host->TraceConnect(
                "Encapsulate", name, MakeCallback(&VxlanLanTestCase::OnEncapsulate, this));
            host->TraceConnect(
                "Decapsulate", name, MakeCallback(&VxlanLanTestCase::OnDecapsulate, this));
            host->TraceConnect("Flood", name, MakeCallback(&VxlanLanTestCase::OnFlood, this));
        }
    }

    /**
     * Pings regularly, and notes the answers.
     *
     * @param from name of a machine @param to address @param at first one @param interval between
     * two @param count how many
     */
    void
    PingFrom(const std::string& from, const std::string& to, Time at, Time interval, uint32_t count)
    {
        const Ptr<VmDevice> vm = m_helper.GetVm(from);
        const IpAddress address = *IpAddress::Parse(to);
        if (m_replies.find(from) == m_replies.end())
        {
            m_replies[from];
            vm->TraceConnect("PingReply", from, MakeCallback(&VxlanLanTestCase::OnReply, this));
        }
        for (uint32_t i = 0; i < count; ++i)
        {
            Simulator::Schedule(at + i * interval, [vm, address]() { vm->Ping(address); });
        }
    }

    /// @param until simulated end
    void
    Run(Time until)
    {
        Simulator::Stop(until);
        Simulator::Run();
    }

    void
    DoTeardown() override
    {
        m_nodes = NodeContainer();
        m_devices = NetDeviceContainer();
        m_helper = VxlanHelper(1);
        m_replies.clear();
        m_drops.clear();
        m_encapsulated.clear();
        m_decapsulated.clear();
        m_flooded.clear();
        Simulator::Destroy();
    }

    /// @return how many events of one kind there were @param counts by hypervisor
    static uint64_t
    Total(const std::map<std::string, uint64_t>& counts)
    {
        uint64_t total = 0;
        for (const auto& [name, count] : counts)
        {
            total += count;
        }
        return total;
    }

    NodeContainer m_nodes;                                     ///< of the hypervisors
    NetDeviceContainer m_devices;                              ///< their uplinks
    VxlanHelper m_helper{1};                                   ///< made everything
    std::map<std::string, std::map<uint16_t, Time>> m_replies; ///< RTT by machine and ping
    std::map<std::string, uint64_t> m_drops;                   ///< by place and reason
    std::map<std::string, uint64_t> m_encapsulated;            ///< copies, by hypervisor
    std::map<std::string, uint64_t> m_decapsulated;            ///< frames, by hypervisor
    std::map<std::string, uint64_t> m_flooded;                 ///< frames, by hypervisor

  private:
    /// @param vm name of the machine @param reply to a ping of it
    void
    OnReply(std::string vm, const vxlan::PingReply& reply)
    {
        m_replies[vm][reply.sequence] = reply.rtt;
    }

    /// @param host where @param event what
    void
    OnDrop(std::string host, const HypervisorEvent& event)
    {
        (void)host;
        ++m_drops[std::string(event.place) + " " + std::string(event.reason)];
    }

    /// @param host where @param event what
    void
    OnEncapsulate(std::string host, const HypervisorEvent& event)
    {
        (void)event;
        ++m_encapsulated[host];
    }

    /// @param host where @param event what
    void
    OnDecapsulate(std::string host, const HypervisorEvent& event)
    {
        (void)event;
        ++m_decapsulated[host];
    }

    /// @param host where @param event what
    void
    OnFlood(std::string host, const HypervisorEvent& event)
    {
        (void)event;
        ++m_flooded[host];
    }
};

} // namespace tests

#endif
