// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup vxlan
 *
 * VNI 864 on three hypervisors: a machine pings another, which then moves. What is flooded, what
 * the VTEPs learn, and what the move costs is printed as it happens.
 *
 * @verbatim
 *   vm1 -- host1 --+
 *   vm2 -- host2 --+-- Ethernet, 10.20.10.0/24, group 239.0.3.96
 *          host3 --+
 * @endverbatim
 */
#include "ns3/boolean.h"
#include "ns3/command-line.h"
#include "ns3/csma-helper.h"
#include "ns3/enum.h"
#include "ns3/node-container.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"
#include "ns3/vxlan-helper.h"

#include <iomanip>
#include <iostream>
#include <string>

using namespace ns3;
using namespace ns3::vxlan;

namespace
{

constexpr uint32_t VNI = 864;
const Time INTERVAL = MilliSeconds(20);
const Time MOVE = Seconds(3);
const Time STOP = Seconds(6);

int g_sent = 0;     ///< echo requests
int g_answered = 0; ///< echo replies

/// @return the beginning of a line @param who is speaking
std::ostream&
Line(const std::string& who)
{
    return std::cout << std::fixed << std::setprecision(6) << std::setw(10)
                     << Simulator::Now().GetSeconds() << " s  " << std::left << std::setw(7) << who
                     << std::right;
}

/// @param host that reports @param change of a table of its
void
OnTable(std::string host, const weft::netbase::TableChange& change)
{
    if (change.table == weft::netbase::Table::VtepFdb)
    {
        Line(host) << (change.op == weft::netbase::TableOp::Remove ? "forgets " : "learns ")
                   << change.mac.ToString() << " behind " << change.remote.ToString() << "\n";
    }
}

/// @param host that reports @param event a frame that it floods
void
OnFlood(std::string host, const weft::vxlan::HypervisorEvent& event)
{
    Line(host) << "floods " << event.size << " bytes to " << event.remote.ToString() << "\n";
}

/// @param event step of the move
void
OnMove(const MoveEvent& event)
{
    Line(event.vm->GetName()) << ToString(event.step) << " (" << event.from->GetName() << " to "
                              << event.to->GetName() << ")\n";
}

/// @param reply to an echo request
void
OnReply(const PingReply& reply)
{
    if (++g_answered <= 2)
    {
        Line("vm1") << "answer from " << reply.from.ToString() << " after "
                    << reply.rtt.GetMicroSeconds() << " us\n";
    }
}

/// @param vm that pings
void
Ping(Ptr<VmDevice> vm)
{
    ++g_sent;
    vm->Ping(*weft::netbase::IpAddress::Parse("192.168.0.101"));
    if (Simulator::Now() + INTERVAL < STOP - Seconds(1))
    {
        Simulator::Schedule(INTERVAL, &Ping, vm);
    }
}

} // namespace

int
main(int argc, char* argv[])
{
    bool pcap = false;
    bool headEnd = false;
    std::string announce = "garp";
    CommandLine cmd(__FILE__);
    cmd.AddValue("pcap", "Write what crosses the uplinks to vxlan-two-hypervisors-*.pcap", pcap);
    cmd.AddValue("headEnd", "Flood by head-end copies instead of a group", headEnd);
    cmd.AddValue("announce", "How the move is told: none, garp or rarp", announce);
    cmd.Parse(argc, argv);

    NodeContainer nodes(3);
    CsmaHelper csma;
    csma.SetChannelAttribute("DataRate", StringValue("10Gbps"));
    csma.SetChannelAttribute("Delay", StringValue("1us"));
    csma.SetDeviceAttribute("Mtu", UintegerValue(1600));
    const auto devices = csma.Install(nodes);

    VxlanHelper helper(1);
    if (headEnd)
    {
        helper.SetHypervisorAttribute("Replication", EnumValue(HypervisorSettings::HeadEnd));
    }
    helper.AddNetwork(VNI, "239.0.3.96");
    for (uint32_t i = 0; i < nodes.GetN(); ++i)
    {
        const std::string number = std::to_string(i + 1);
        helper.AddHypervisor(
            "host" + number, nodes.Get(i), devices.Get(i), "10.20.10." + number + "0/24");
    }
    helper.AddVm("vm1", "host1", VNI, "192.168.0.100/24");
    helper.AddVm("vm2", "host2", VNI, "192.168.0.101/24");
    helper.Install();
    for (const char* host : {"host1", "host2", "host3"})
    {
        helper.GetHypervisor(host)->TraceConnect("TableChange", host, MakeCallback(&OnTable));
        helper.GetHypervisor(host)->TraceConnect("Flood", host, MakeCallback(&OnFlood));
    }
    helper.GetVm("vm1")->TraceConnectWithoutContext("PingReply", MakeCallback(&OnReply));
    helper.GetVm("vm2")->TraceConnectWithoutContext("Move", MakeCallback(&OnMove));
    if (pcap)
    {
        helper.EnablePcap("vxlan-two-hypervisors");
    }

    MoveOptions options;
    options.announce = announce == "none"   ? Announce::None
                       : announce == "rarp" ? Announce::Rarp
                                            : Announce::Garp;
    options.stun = MilliSeconds(200);
    options.oldPortDown = false;
    Simulator::Schedule(Seconds(1), &Ping, helper.GetVm("vm1"));
    Simulator::Schedule(MOVE, [&]() { helper.Move("vm2", "host3", options); });
    Simulator::Stop(STOP);
    Simulator::Run();
    std::cout << g_answered << " of " << g_sent << " pings were answered\n";
    Simulator::Destroy();
    return 0;
}
