// SPDX-License-Identifier: GPL-2.0-only
#include "whole_run.h"

#include "allocations.h"

#include "ns3/inet-socket-address.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-address-helper.h"
#include "ns3/ipv4-interface-container.h"
#include "ns3/ipv4-list-routing.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/node-container.h"
#include "ns3/object-factory.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/udp-socket-factory.h"

#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

namespace weft::bench
{

using namespace ns3;

double
CpuNs()
{
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

void
SetScheduler(const std::string& scheduler)
{
    ObjectFactory factory;
    factory.SetTypeId("ns3::" + scheduler);
    Simulator::SetScheduler(factory);
}

Cost
Measure(const double& delivered, std::int64_t startNs)
{
    const Time warm = NanoSeconds(startNs + COUNT / 10 * GAP_NS);
    Simulator::Stop(warm);
    Simulator::Run();
    Cost cost;
    const std::uint64_t allocations = Allocations();
    const double start = CpuNs();
    const double before = delivered;
    Simulator::Stop(NanoSeconds((COUNT + 20000) * GAP_NS));
    Simulator::Run();
    cost.ns = CpuNs() - start;
    cost.allocations = static_cast<double>(Allocations() - allocations);
    cost.delivered = delivered - before;
    Simulator::Destroy();
    return cost;
}

Cost
StockChain(int hops, const std::string& scheduler)
{
    SetScheduler(scheduler);
    NodeContainer nodes(static_cast<uint32_t>(hops + 1));
    InternetStackHelper stack;
    stack.Install(nodes);
    PointToPointHelper link;
    link.SetDeviceAttribute("DataRate", StringValue("1Gbps"));
    link.SetChannelAttribute("Delay", StringValue("1ms"));
    Ipv4AddressHelper addresses("10.0.0.0", "255.255.255.0");
    Ipv4Address last;
    Ipv4StaticRoutingHelper routing;
    std::vector<Ipv4InterfaceContainer> interfaces;
    for (int i = 0; i < hops; ++i)
    {
        interfaces.push_back(addresses.Assign(link.Install(nodes.Get(i), nodes.Get(i + 1))));
        addresses.NewNetwork();
        last = interfaces.back().GetAddress(1);
    }
    for (int i = 0; i + 1 < hops; ++i)
    {
        routing.GetStaticRouting(nodes.Get(i)->GetObject<Ipv4>())
            ->AddHostRouteTo(last, interfaces[i].GetAddress(1), 1 + (i > 0));
    }
    double delivered = 0;
    Ptr<Socket> sink = Socket::CreateSocket(nodes.Get(hops), UdpSocketFactory::GetTypeId());
    sink->Bind(InetSocketAddress(last, 9));
    struct Sink
    {
        double* delivered;

        void
        Read(Ptr<Socket> socket)
        {
            while (socket->Recv())
            {
                ++*delivered;
            }
        }
    } reader{&delivered};

    sink->SetRecvCallback(MakeCallback(&Sink::Read, &reader));
    Ptr<Socket> source = Socket::CreateSocket(nodes.Get(0), UdpSocketFactory::GetTypeId());
    source->Connect(InetSocketAddress(last, 9));

    struct Source
    {
        Ptr<Socket> socket;
        int left = COUNT;

        void
        Send()
        {
            socket->Send(Create<Packet>(PAYLOAD_BYTES));
            if (--left > 0)
            {
                Simulator::Schedule(NanoSeconds(GAP_NS), &Source::Send, this);
            }
        }
    } sender{source};

    Simulator::ScheduleWithContext(0, NanoSeconds(1), &Source::Send, &sender);
    return Measure(delivered, 0);
}

double
Median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

} // namespace weft::bench
