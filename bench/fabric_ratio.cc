// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Cost of a hop through a flow-hash router of the fabric against a stock hop
 * (PointToPointNetDevice, default queue disc, Ipv4L3Protocol): link, look-up, hash over two
 * equal-cost next hops, header rewritten.
 *
 * Marginal costs, as in the other whole-run ratios: the same packets cross a short and a long
 * chain, and the difference is divided by the difference in hops. The chain's routers are joined by
 * two links each, so that every hop hashes. Multicast copies: what a copy more costs at a router
 * that forwards to 1 and to 17 ports.
 */
#include "whole_run.h"

#include "ns3/enum.h"
#include "ns3/ipv4-header.h"
#include "ns3/netbase-udp.h"
#include "ns3/node.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/underlay-fabric-helper.h"

#include <cstdio>
#include <string>
#include <vector>

namespace
{

using namespace ns3;
using namespace weft::bench;
using underlay::EthernetDevice;
using underlay::FabricAttachment;
using underlay::FabricHelper;
using underlay::FabricLinkConfig;
using underlay::FabricRouter;
namespace netbase = weft::netbase;

/// Counts what a host gets.
struct Counter
{
    double* delivered;

    bool
    OnFrame(Ptr<Packet>)
    {
        ++*delivered;
        return true;
    }
};

/// Sends COUNT frames of 64 flows in turn.
struct Source
{
    Ptr<EthernetDevice> device;
    std::vector<netbase::Bytes> frames;
    int left = COUNT;

    void
    Send()
    {
        const auto& frame = frames[static_cast<std::size_t>(left) % frames.size()];
        device->SendFrame(Create<Packet>(frame.data(), static_cast<uint32_t>(frame.size())));
        if (--left > 0)
        {
            Simulator::Schedule(NanoSeconds(GAP_NS), &Source::Send, this);
        }
    }
};

/// @return frames from a host to its gateway, for @p to
std::vector<netbase::Bytes>
Frames(const FabricAttachment& from, const netbase::IpAddress& to, const netbase::MacAddress& mac)
{
    std::vector<netbase::Bytes> frames;
    for (std::uint16_t flow = 0; flow < 64; ++flow)
    {
        netbase::UdpDatagram datagram;
        datagram.source = from.address;
        datagram.destination = to;
        datagram.sourcePort = static_cast<std::uint16_t>(49152 + flow);
        datagram.destinationPort = 4789;
        const netbase::Bytes payload(PAYLOAD_BYTES);
        netbase::Bytes packet;
        netbase::AppendUdpPacket(packet, datagram, payload);
        netbase::Bytes frame(14);
        mac.Write(frame);
        from.mac.Write(std::span(frame).subspan(6));
        netbase::Write16(&frame[12], to.IsV4() ? 0x0800 : 0x86dd);
        frame.insert(frame.end(), packet.begin(), packet.end());
        frames.push_back(std::move(frame));
    }
    return frames;
}

struct Variant
{
    std::string name;
    bool v6 = false;
    FabricRouter::EcmpHash hash = FabricRouter::FIVE_TUPLE;
    int links = 2;
    std::vector<double> ns{};
    std::vector<double> ratio{};
    double allocations = 0;
};

Cost
FabricChain(int hops, const std::string& scheduler, const Variant& variant)
{
    SetScheduler(scheduler);
    FabricHelper fabric(1);
    fabric.SetIpv6(variant.v6);
    fabric.SetRouterAttribute("EcmpHash", EnumValue(variant.hash));
    FabricLinkConfig link;
    link.rate = DataRate("1Gbps");
    link.delay = MilliSeconds(1);
    link.mtu = 1500;
    // A hop is a link and the router behind it: hops + 1 links, of which the first is the host's.
    for (int i = 0; i < hops; ++i)
    {
        fabric.AddRouter("r" + std::to_string(i));
    }
    for (int i = 0; i + 1 < hops; ++i)
    {
        for (int k = 0; k < variant.links; ++k)
        {
            fabric.Connect("r" + std::to_string(i),
                           "r" + std::to_string(i + 1),
                           link,
                           "l" + std::to_string(i) + "." + std::to_string(k));
        }
    }
    underlay::FabricHostConfig config;
    config.link = link;
    const auto a = fabric.AttachHost("r0", CreateObject<Node>(), config);
    const auto b = fabric.AttachHost("r" + std::to_string(hops - 1), CreateObject<Node>(), config);
    // The last host is known: hops are measured, not its resolution.
    fabric.GetRouter("r" + std::to_string(hops - 1))->SetNeighbour(b.port, b.address, b.mac);
    fabric.Start();
    double delivered = 0;
    Counter counter{&delivered};
    b.device->SetFrameHandler(MakeCallback(&Counter::OnFrame, &counter));
    Source source{a.device, Frames(a, b.address, a.gatewayMac)};
    Simulator::ScheduleWithContext(
        a.device->GetNode()->GetId(), NanoSeconds(1), &Source::Send, &source);
    return Measure(delivered);
}

/// Hands every multicast packet to the first ports behind the one it came in by.
struct Replicator
{
    Ptr<FabricRouter> router;
    std::vector<uint32_t> ports;

    void
    OnPacket(uint32_t, Ptr<Packet> packet)
    {
        router->ForwardOnPorts(packet, ports);
    }
};

Cost
Copies(int copies, const std::string& scheduler)
{
    SetScheduler(scheduler);
    FabricHelper fabric(1);
    FabricLinkConfig link;
    link.rate = DataRate("1Gbps");
    link.delay = MilliSeconds(1);
    link.mtu = 1500;
    underlay::FabricHostConfig config;
    config.link = link;
    Replicator replicator{fabric.AddRouter("r"), {}};
    const auto a = fabric.AttachHost("r", CreateObject<Node>(), config);
    double delivered = 0;
    Counter counter{&delivered};
    for (int i = 0; i < copies; ++i)
    {
        const auto b = fabric.AttachHost("r", CreateObject<Node>(), config);
        b.device->SetFrameHandler(MakeCallback(&Counter::OnFrame, &counter));
        replicator.ports.push_back(b.port);
    }
    replicator.router->SetMulticastHandler(MakeCallback(&Replicator::OnPacket, &replicator));
    fabric.Start();
    const auto group = *netbase::IpAddress::Parse("239.0.3.96");
    Source source{a.device, Frames(a, group, netbase::GroupMac(group))};
    Simulator::ScheduleWithContext(
        a.device->GetNode()->GetId(), NanoSeconds(1), &Source::Send, &source);
    return Measure(delivered);
}

} // namespace

int
main()
{
    std::printf("hop through a flow-hash router against a stock hop: %d packets of %u B, chains of "
                "%d and %d, median of %d interleaved rounds\n",
                COUNT,
                PAYLOAD_BYTES,
                SHORT_CHAIN,
                LONG_CHAIN,
                ROUNDS);
    std::printf("%-24s %-34s %12s %12s %8s %14s\n",
                "scheduler",
                "variant",
                "ns/hop",
                "stock ns/hop",
                "ratio",
                "allocations");
    for (const std::string scheduler : {"MapScheduler", "PriorityQueueScheduler"})
    {
        std::vector<Variant> variants{
            {"IPv4, 5-tuple, two ways", false, FabricRouter::FIVE_TUPLE, 2},
            {"IPv4, inner, two ways", false, FabricRouter::INNER, 2},
            {"IPv4, one way", false, FabricRouter::FIVE_TUPLE, 1},
            {"IPv6, 5-tuple, two ways", true, FabricRouter::FIVE_TUPLE, 2},
        };
        std::vector<double> stockNs;
        double stockAllocations = 0;
        std::vector<double> copyNs;
        std::vector<double> copyRatio;
        double copyAllocations = 0;
        for (int round = 0; round < ROUNDS; ++round)
        {
            const Cost stock = Slope([&](int hops) { return StockChain(hops, scheduler); });
            stockNs.push_back(stock.ns);
            stockAllocations = stock.allocations;
            for (Variant& v : variants)
            {
                const Cost cost = Slope([&](int hops) { return FabricChain(hops, scheduler, v); });
                if (cost.delivered < 0.89 * COUNT)
                {
                    std::fprintf(
                        stderr, "%s: only %.0f delivered\n", v.name.c_str(), cost.delivered);
                    return 1;
                }
                v.ns.push_back(cost.ns);
                v.ratio.push_back(cost.ns / stock.ns);
                v.allocations = cost.allocations;
            }
            const Cost one = Copies(1, scheduler);
            const Cost many = Copies(17, scheduler);
            copyNs.push_back((many.ns - one.ns) / (16 * COUNT * 0.9));
            copyAllocations = (many.allocations - one.allocations) / (16 * COUNT * 0.9);
            copyRatio.push_back(copyNs.back() / stock.ns);
        }
        const auto print =
            [&scheduler,
             &stockNs](const std::string& name, double ns, double ratio, double allocations) {
                std::printf("%-24s %-34s %12.0f %12.0f %8.3f %14.2f\n",
                            scheduler.c_str(),
                            name.c_str(),
                            ns,
                            Median(stockNs),
                            ratio,
                            allocations);
            };
        print("stock hop", Median(stockNs), 1, stockAllocations);
        for (const Variant& v : variants)
        {
            print(v.name, Median(v.ns), Median(v.ratio), v.allocations);
        }
        print("multicast, one copy more", Median(copyNs), Median(copyRatio), copyAllocations);
    }
    return 0;
}
