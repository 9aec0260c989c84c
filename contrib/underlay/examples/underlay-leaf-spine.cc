// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 *
 * Four hosts with ns-3's own UDP, IPv4 and ARP on a leaf-spine fabric. Host 1 sends 400 flows, a
 * packet of each every 10 ms, to host 4 on the other leaf; at 1 s one spine fails, at 2 s it comes
 * back. What crossed each link of leaf 1, and what arrived, is shown by tenths of a second around
 * both.
 *
 * @verbatim
 *         spine1   spine2   spine3   spine4
 *            \\       |        |       //        each leaf to each spine: 10 Gbit/s
 *           leaf1 ------------------ leaf2
 *           /   \                    /   \
 *       host1   host2            host3   host4
 * @endverbatim
 */
#include "ns3/command-line.h"
#include "ns3/inet-socket-address.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/ipv4.h"
#include "ns3/node-container.h"
#include "ns3/simulator.h"
#include "ns3/socket.h"
#include "ns3/string.h"
#include "ns3/udp-socket-factory.h"
#include "ns3/underlay-fabric-helper.h"

#include <iomanip>
#include <iostream>
#include <vector>

using namespace ns3;
using namespace ns3::underlay;

namespace
{

uint32_t g_received = 0; ///< packets at host 4

/// @param socket with something to read
void
Read(Ptr<Socket> socket)
{
    while (socket->Recv())
    {
        ++g_received;
    }
}

/// @param sockets one of each flow
void
SendAll(const std::vector<Ptr<Socket>>& sockets)
{
    for (std::size_t i = 0; i < sockets.size(); ++i)
    {
        Simulator::Schedule(i * MicroSeconds(25),
                            [socket = sockets[i]]() { socket->Send(Create<Packet>(1000)); });
    }
}

/// @param fabric whose links of leaf 1 are looked at @param before counts of the last time
void
Report(const FabricHelper& fabric, std::vector<uint64_t>& before)
{
    std::cout << std::fixed << std::setprecision(1) << std::setw(5) << Simulator::Now().GetSeconds()
              << std::setw(10) << g_received;
    g_received = 0;
    for (std::size_t spine = 0; spine < before.size(); ++spine)
    {
        const auto link = fabric.GetLink("leaf1.spine" + std::to_string(spine + 1));
        const uint64_t now = link->GetFirst()->GetTransmitted().packets;
        std::cout << std::setw(10) << now - before[spine];
        before[spine] = now;
    }
    std::cout << "\n";
}

} // namespace

int
main(int argc, char* argv[])
{
    uint32_t seed = 1;
    std::string hash = "FiveTuple";
    CommandLine cmd(__FILE__);
    cmd.AddValue("seed", "Seed of the routers' hashes", seed);
    cmd.AddValue("hash", "FiveTuple, Layer3 or PerPacket", hash);
    cmd.Parse(argc, argv);

    FabricHelper fabric(seed);
    fabric.SetConvergence(MilliSeconds(50));
    fabric.SetRouterAttribute("EcmpHash", StringValue(hash));
    fabric.LeafSpine(2, 4);

    NodeContainer hosts(4);
    InternetStackHelper stack;
    stack.Install(hosts);
    std::vector<FabricAttachment> places;
    for (uint32_t i = 0; i < hosts.GetN(); ++i)
    {
        places.push_back(fabric.AttachHost(i < 2 ? "leaf1" : "leaf2", hosts.Get(i), {}));
        Ptr<Ipv4> ipv4 = hosts.Get(i)->GetObject<Ipv4>();
        const uint32_t interface = ipv4->AddInterface(places[i].device);
        ipv4->AddAddress(
            interface,
            Ipv4InterfaceAddress(Ipv4Address(places[i].address.ToV4()), Ipv4Mask("255.255.255.0")));
        ipv4->SetUp(interface);
        Ipv4StaticRoutingHelper().GetStaticRouting(ipv4)->SetDefaultRoute(
            Ipv4Address(places[i].gateway.ToV4()), interface);
    }
    fabric.Start();

    Ptr<Socket> sink = Socket::CreateSocket(hosts.Get(3), UdpSocketFactory::GetTypeId());
    sink->Bind(InetSocketAddress(Ipv4Address::GetAny(), 9));
    sink->SetRecvCallback(MakeCallback(&Read));
    std::vector<Ptr<Socket>> sockets;
    for (int flow = 0; flow < 400; ++flow)
    {
        sockets.push_back(Socket::CreateSocket(hosts.Get(0), UdpSocketFactory::GetTypeId()));
        sockets.back()->Connect(InetSocketAddress(Ipv4Address(places[3].address.ToV4()), 9));
    }
    for (int i = 0; i < 300; ++i)
    {
        Simulator::ScheduleWithContext(
            hosts.Get(0)->GetId(), i * MilliSeconds(10), &SendAll, sockets);
    }
    Simulator::Schedule(
        Seconds(1), &FabricRouter::SetUp, PeekPointer(fabric.GetRouter("spine2")), false);
    Simulator::Schedule(
        Seconds(2), &FabricRouter::SetUp, PeekPointer(fabric.GetRouter("spine2")), true);

    std::cout << "    s  received    spine1    spine2    spine3    spine4\n";
    std::vector<uint64_t> before(4);
    for (int tenth = 8; tenth <= 24; ++tenth)
    {
        Simulator::Schedule(tenth * MilliSeconds(100),
                            [&fabric, &before]() { Report(fabric, before); });
    }
    Simulator::Stop(Seconds(3.1));
    Simulator::Run();
    for (const FrameDropRecord& drop : fabric.GetDrops())
    {
        std::cout << drop.place << ": " << drop.reason << " " << drop.count.packets << " packets\n";
    }
    Simulator::Destroy();
    return 0;
}
