// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup sdwan
 *
 * Two sites, two links between them, and a call. Bristol's host sends a 200-byte packet every 20 ms
 * to HQ's and gets an answer to each. After four seconds the broadband link falls silent for three;
 * the Edges notice, move the call to MPLS, and take it back once broadband has held for a while.
 *
 * @verbatim
 *   host -- Bristol ==== mpls       20 ms, 10 Mbit/s ==== HQ -- host
 *                   ==== broadband   6 ms, 50 Mbit/s ====
 * @endverbatim
 */
#include "ns3/command-line.h"
#include "ns3/error-model.h"
#include "ns3/inet-socket-address.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/ipv4.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/point-to-point-net-device.h"
#include "ns3/sdwan-edge-helper.h"
#include "ns3/simulator.h"
#include "ns3/socket.h"
#include "ns3/string.h"
#include "ns3/udp-socket-factory.h"

#include <iomanip>
#include <iostream>
#include <string>
#include <vector>

using namespace ns3;
using namespace std::chrono_literals;

namespace
{

const char* const SITES[] = {"bristol", "hq"};
const char* const LINKS[] = {"mpls", "broadband"};
const Time INTERVAL = MilliSeconds(20);
const Time STOP = Seconds(20);

int g_sent = 0;     ///< packets from Bristol
int g_answered = 0; ///< answers back at Bristol

/// @param socket of Bristol's host, connected to HQ's
void
Send(Ptr<Socket> socket)
{
    ++g_sent;
    socket->Send(Create<Packet>(172));
    if (Simulator::Now() + INTERVAL < STOP - Seconds(1))
    {
        Simulator::Schedule(INTERVAL, &Send, socket);
    }
}

/// @param socket of HQ's host: sends back whatever comes
void
Answer(Ptr<Socket> socket)
{
    Address from;
    while (Ptr<Packet> packet = socket->RecvFrom(from))
    {
        socket->SendTo(packet, 0, from);
    }
}

/// @param socket of Bristol's host
void
Count(Ptr<Socket> socket)
{
    while (socket->Recv())
    {
        ++g_answered;
    }
}

/// @param site of the Edge @param event what it decided or noticed
void
Tell(std::string site, const weft::sdwan::EdgeEvent& event)
{
    const auto& decision = event.decision;
    const bool to = decision.to != weft::sdwan::NO_TUNNEL;
    std::cout << std::fixed << std::setprecision(3) << std::setw(7) << Simulator::Now().GetSeconds()
              << " s  " << std::left << std::setw(8) << site << std::setw(10)
              << ToString(decision.action) << std::setw(10)
              << LINKS[to ? decision.toLink : decision.fromLink] << std::right << decision.reason
              << "\n";
}

/// @param devices the ends of a link @param up whether it works
void
SetUp(NetDeviceContainer devices, bool up)
{
    for (uint32_t i = 0; i < 2; ++i)
    {
        auto all = CreateObject<RateErrorModel>();
        all->SetUnit(RateErrorModel::ERROR_UNIT_PACKET);
        all->SetRate(up ? 0 : 1);
        DynamicCast<PointToPointNetDevice>(devices.Get(i))->SetReceiveErrorModel(all);
    }
}

} // namespace

int
main(int argc, char* argv[])
{
    bool pcap = false;
    CommandLine cmd(__FILE__);
    cmd.AddValue("pcap", "Write what the Edges send to sdwan-two-sites.pcap", pcap);
    cmd.Parse(argc, argv);

    // Sites: a host and an Edge each. The Edge needs no IP stack.
    NodeContainer hosts(2);
    NodeContainer edges(2);
    InternetStackHelper stack;
    stack.SetRoutingHelper(Ipv4StaticRoutingHelper());
    stack.Install(hosts);
    PointToPointHelper lan;
    lan.SetDeviceAttribute("DataRate", StringValue("1Gbps"));
    sdwan::EdgeHelper helper(1);
    for (uint32_t site = 0; site < 2; ++site)
    {
        const auto ends = lan.Install(hosts.Get(site), edges.Get(site));
        const Ipv4Address network(Ipv4Address("10.20.0.0").Get() + (site << 8));
        const Ipv4Mask mask("255.255.255.0");
        Ptr<Ipv4> ipv4 = hosts.Get(site)->GetObject<Ipv4>();
        const uint32_t interface = ipv4->AddInterface(ends.Get(0));
        ipv4->AddAddress(interface, Ipv4InterfaceAddress(Ipv4Address(network.Get() + 10), mask));
        ipv4->SetUp(interface);
        Ipv4StaticRoutingHelper().GetStaticRouting(ipv4)->SetDefaultRoute("0.0.0.0", interface);
        helper.AddEdge(SITES[site], edges.Get(site), ends.Get(1), network, mask);
    }

    // Links: each joins the two sites by itself, so there are two tunnels.
    std::vector<NetDeviceContainer> links;
    for (uint32_t link = 0; link < 2; ++link)
    {
        PointToPointHelper wan;
        wan.SetDeviceAttribute("DataRate", StringValue(link == 0 ? "10Mbps" : "50Mbps"));
        wan.SetChannelAttribute("Delay", StringValue(link == 0 ? "20ms" : "6ms"));
        links.push_back(wan.Install(edges));
        for (uint32_t site = 0; site < 2; ++site)
        {
            helper.AddLink(SITES[site],
                           LINKS[link],
                           links[link].Get(site),
                           Ipv4Address(Ipv4Address("198.18.0.1").Get() + (site << 8) + link));
        }
        helper.Connect(SITES[0], LINKS[link], SITES[1], LINKS[link]);
    }

    // Policy: UDP is voice and prefers broadband.
    weft::sdwan::PolicyRule voice;
    voice.name = "voice";
    voice.match.tuple.protocol = 17;
    voice.trafficClass = weft::sdwan::TrafficClass::Voice;
    voice.links.prefer = {"broadband"};
    voice.remedies.returnAfter = 5s;
    helper.AddRule(voice);
    helper.Install();
    for (const auto& site : SITES)
    {
        helper.GetEdge(site)->TraceConnect("Event", site, MakeCallback(&Tell));
    }
    if (pcap)
    {
        helper.EnablePcap("sdwan-two-sites.pcap");
    }

    Ptr<Socket> hq = Socket::CreateSocket(hosts.Get(1), UdpSocketFactory::GetTypeId());
    hq->Bind(InetSocketAddress(Ipv4Address::GetAny(), 3479));
    hq->SetRecvCallback(MakeCallback(&Answer));
    Ptr<Socket> bristol = Socket::CreateSocket(hosts.Get(0), UdpSocketFactory::GetTypeId());
    bristol->Connect(InetSocketAddress("10.20.1.10", 3479));
    bristol->SetRecvCallback(MakeCallback(&Count));
    Simulator::ScheduleWithContext(hosts.Get(0)->GetId(), Seconds(1), &Send, bristol);
    Simulator::Schedule(Seconds(4), &SetUp, links[1], false);
    Simulator::Schedule(Seconds(7), &SetUp, links[1], true);
    Simulator::Stop(STOP);
    Simulator::Run();
    std::cout << g_answered << " of " << g_sent << " packets were answered\n";
    Simulator::Destroy();
    return 0;
}
