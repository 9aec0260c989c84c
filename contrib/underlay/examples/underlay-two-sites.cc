// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 *
 * Two sites on an Internet cloud, with ns-3's own UDP and IPv4 on top. For a minute Bristol sends a
 * 200-byte packet every 20 ms to HQ; after 20 s somebody saturates its broadband and the jitter
 * rises fivefold for ten seconds. Each second of what HQ received stands beside what the weather
 * truly was.
 *
 * @verbatim
 *   bristol ---- 20/5 Mbit/s ----( internet: 6 ms, jitter 2 ms, loss 1 % )---- 1 Gbit/s ---- hq
 * @endverbatim
 */
#include "ns3/command-line.h"
#include "ns3/inet-socket-address.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4.h"
#include "ns3/node-container.h"
#include "ns3/simulator.h"
#include "ns3/socket.h"
#include "ns3/string.h"
#include "ns3/udp-socket-factory.h"
#include "ns3/underlay-cloud-helper.h"

#include <iomanip>
#include <iostream>

using namespace ns3;
using namespace ns3::underlay;
using namespace std::chrono_literals;

namespace
{

/// What HQ saw in a second.
struct Second
{
    int received = 0; ///< packets
    Time delay;       ///< their sum of delays
    Time delayMax;    ///< the largest
};

std::vector<Second> g_seconds(60); ///< by the second a packet was sent in

/// @param socket with something to read
void
Read(Ptr<Socket> socket)
{
    while (Ptr<Packet> packet = socket->Recv())
    {
        uint32_t number = 0;
        packet->CopyData(reinterpret_cast<uint8_t*>(&number), sizeof(number));
        Second& second = g_seconds[number / 50];
        const Time delay = Simulator::Now() - number * MilliSeconds(20);
        ++second.received;
        second.delay += delay;
        second.delayMax = std::max(second.delayMax, delay);
    }
}

/// @param socket to send over @param number of the packet
void
Send(Ptr<Socket> socket, uint32_t number)
{
    uint8_t payload[172] = {};
    std::copy_n(reinterpret_cast<const uint8_t*>(&number), sizeof(number), payload);
    socket->Send(Create<Packet>(payload, sizeof(payload)));
    if (number + 1 < 50 * g_seconds.size())
    {
        Simulator::Schedule(MilliSeconds(20), &Send, socket, number + 1);
    }
}

} // namespace

int
main(int argc, char* argv[])
{
    uint32_t seed = 1;
    CommandLine cmd(__FILE__);
    cmd.AddValue("seed", "Seed of the weather", seed);
    cmd.Parse(argc, argv);

    NodeContainer nodes(2);
    InternetStackHelper stack;
    stack.Install(nodes);

    CloudHelper internet("internet", ProviderCloud::Internet, seed);
    internet.SetDeviceAttribute("UplinkRate", StringValue("5Mbps"));
    internet.SetDeviceAttribute("DownlinkRate", StringValue("20Mbps"));
    Ptr<AccessDevice> bristol = internet.Install(nodes.Get(0), "bristol", "203.0.113.1");
    internet.SetDeviceAttribute("UplinkRate", StringValue("1Gbps"));
    internet.SetDeviceAttribute("DownlinkRate", StringValue("1Gbps"));
    Ptr<AccessDevice> hq = internet.Install(nodes.Get(1), "hq", "203.0.113.2");
    internet.Connect("bristol",
                     "hq",
                     {.delay = 6ms,
                      .jitter = 2ms,
                      .loss = 0.01,
                      .badPeriod = 60ms,
                      .events = {{.name = "torrent", .at = 20s, .duration = 10s, .jitter = 10ms}}});

    for (const auto& device : {bristol, hq})
    {
        Ptr<Ipv4> ipv4 = device->GetNode()->GetObject<Ipv4>();
        const uint32_t interface = ipv4->AddInterface(device);
        ipv4->AddAddress(
            interface, Ipv4InterfaceAddress(device->GetCloudAddress(), Ipv4Mask("255.255.255.0")));
        ipv4->SetUp(interface);
    }
    Ptr<Socket> sink = Socket::CreateSocket(nodes.Get(1), UdpSocketFactory::GetTypeId());
    sink->Bind(InetSocketAddress(Ipv4Address::GetAny(), 9));
    sink->SetRecvCallback(MakeCallback(&Read));
    Ptr<Socket> source = Socket::CreateSocket(nodes.Get(0), UdpSocketFactory::GetTypeId());
    source->Connect(InetSocketAddress(hq->GetCloudAddress(), 9));
    Simulator::ScheduleWithContext(nodes.Get(0)->GetId(), Time(), &Send, source, 0);
    Simulator::Run();

    std::cout << "  s  received  mean ms   max ms | truth: mean ms   sd ms   lost\n" << std::fixed;
    const auto weather = internet.GetCloud()->GetWeather("bristol", "hq");
    for (std::size_t s = 0; s < g_seconds.size(); s += 4)
    {
        const Second& second = g_seconds[s];
        const auto truth = weather->TruthOver(s * 1s, (s + 1) * 1s);
        std::cout << std::setw(3) << s << std::setw(10) << second.received << std::setprecision(2)
                  << std::setw(9) << second.delay.GetSeconds() * 1e3 / std::max(1, second.received)
                  << std::setw(9) << second.delayMax.GetSeconds() * 1e3 << " |" << std::setw(15)
                  << static_cast<double>(truth.meanDelay.count()) / 1e6 << std::setw(8)
                  << static_cast<double>(truth.sdDelay.count()) / 1e6 << std::setw(7) << truth.lost
                  << "\n";
    }
    for (const DropRecord& drop : internet.GetCloud()->GetDrops())
    {
        std::cout << drop.place << ": " << drop.reason << " " << drop.count.packets << " packets\n";
    }
    Simulator::Destroy();
    return 0;
}
