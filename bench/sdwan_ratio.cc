// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Cost of the SD-WAN tunnel against a stock hop (PointToPointNetDevice, default queue disc,
 * Ipv4L3Protocol), and what the statistics of flows cost a whole run.
 *
 * A tunnel is an Edge, one underlay crossing and another Edge; its tax is the cost of a packet over
 * it less that of the same packet over the bare crossing. Rounds interleave the variants; ratios
 * are taken within a round and their median is printed.
 */
#include "whole_run.h"

#include "engine/build/network.h"
#include "engine/build/traffic.h"
#include "engine/record/recorder.h"
#include "engine/run/edge-observer.h"
#include "engine/spec/load.h"

#include "ns3/ipv4-header.h"
#include "ns3/node-container.h"
#include "ns3/sdwan-edge.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/udp-header.h"
#include "ns3/underlay-cloud-helper.h"
#include "ns3/virtual-net-device.h"

#include <cstdio>
#include <string>
#include <vector>

namespace
{

using namespace ns3;
using namespace weft::bench;
using namespace std::chrono_literals;
using underlay::AccessDevice;
using underlay::CloudHelper;
using underlay::ProviderCloud;

constexpr std::int64_t START_NS = 1000000000; ///< tunnels are up by then
const Ipv4Address WAN[2] = {Ipv4Address("203.0.113.1"), Ipv4Address("203.0.113.2")};
const Ipv4Address HOST[2] = {Ipv4Address("10.20.30.10"), Ipv4Address("10.20.10.10")};

/// Hands an IPv4 packet to whatever sends it, COUNT times.
struct Source
{
    Callback<void, Ptr<Packet>> out;
    Ipv4Header ip{};
    UdpHeader udp{};
    int left = COUNT;

    void
    Send()
    {
        Ptr<Packet> packet = Create<Packet>(PAYLOAD_BYTES);
        packet->AddHeader(udp);
        packet->AddHeader(ip);
        out(packet);
        if (--left > 0)
        {
            Simulator::Schedule(NanoSeconds(GAP_NS), &Source::Send, this);
        }
    }

    void
    Address(Ipv4Address from, Ipv4Address to)
    {
        udp.SetSourcePort(50000);
        udp.SetDestinationPort(3479);
        ip.SetSource(from);
        ip.SetDestination(to);
        ip.SetProtocol(17);
        ip.SetTtl(64);
        ip.SetPayloadSize(PAYLOAD_BYTES + 8);
    }
};

CloudHelper
Cloud(NodeContainer nodes, Ptr<AccessDevice> (&links)[2])
{
    CloudHelper cloud("internet", ProviderCloud::Internet, 1);
    cloud.SetDeviceAttribute("UplinkRate", StringValue("1Gbps"));
    cloud.SetDeviceAttribute("DownlinkRate", StringValue("1Gbps"));
    links[0] = cloud.Install(nodes.Get(0), "near", WAN[0]);
    links[1] = cloud.Install(nodes.Get(1), "far", WAN[1]);
    cloud.Connect("near", "far", {.delay = 1ms});
    return cloud;
}

struct Counter
{
    double delivered = 0;

    bool
    OnDatagram(Ptr<Packet>)
    {
        ++delivered;
        return true;
    }

    bool
    OnLan(Ptr<Packet>, const Address&, const Address&, uint16_t)
    {
        ++delivered;
        return true;
    }
};

/// The same packets over the bare crossing.
Cost
Crossing()
{
    SetScheduler("PriorityQueueScheduler");
    NodeContainer nodes(2);
    Ptr<AccessDevice> links[2];
    const CloudHelper cloud = Cloud(nodes, links);
    Counter counter;
    links[1]->SetDatagramHandler(MakeCallback(&Counter::OnDatagram, &counter));
    struct Out
    {
        Ptr<AccessDevice> device;

        void
        Send(Ptr<Packet> packet)
        {
            device->Send(packet, Address(), 0x0800);
        }
    } out{links[0]};

    Source source{MakeCallback(&Out::Send, &out)};
    source.Address(WAN[0], WAN[1]);
    Simulator::ScheduleWithContext(0, NanoSeconds(START_NS), &Source::Send, &source);
    return Measure(counter.delivered, START_NS);
}

/// What the Edges do.
struct TunnelVariant
{
    const char* name;
    weft::sdwan::CipherSuite suite;
    bool remedies; ///< parity 4+1, deduplication and the jitter buffer
};

/// The packets over two Edges.
Cost
Tunnel(const TunnelVariant& variant)
{
    SetScheduler("PriorityQueueScheduler");
    NodeContainer nodes(2);
    Ptr<AccessDevice> links[2];
    const CloudHelper cloud = Cloud(nodes, links);
    Counter counter;
    Ptr<VirtualNetDevice> lan[2];
    for (std::size_t e = 0; e < 2; ++e)
    {
        weft::sdwan::EdgeConfig config;
        config.name = e == 0 ? "near" : "far";
        config.links = {{.name = "wan", .address = WAN[e].Get()}};
        config.lan = {{HOST[e].Get() & 0xffffff00, 24}};
        config.peers = {{.name = "peer",
                         .flowIdTopBit = e == 1,
                         .prefixes = {{HOST[1 - e].Get() & 0xffffff00, 24}}}};
        config.tunnels = {{.peer = 0,
                           .link = 0,
                           .remoteLink = "wan",
                           .remoteAddress = WAN[1 - e].Get(),
                           .secret = weft::sdwan::Bytes(32, 7),
                           .initiator = e == 0}};
        config.suite = variant.suite;
        auto& rule = config.defaultRule;
        rule.trafficClass = weft::sdwan::TrafficClass::Voice;
        rule.remedies.fec.mode =
            variant.remedies ? weft::sdwan::FecMode::Always : weft::sdwan::FecMode::Off;
        rule.remedies.jitterBuffer.enabled = variant.remedies;

        auto edge = CreateObject<sdwan::Edge>();
        edge->Configure(std::move(config));
        nodes.Get(static_cast<uint32_t>(e))->AggregateObject(edge);
        edge->AddWanDevice(0, links[e]);
        lan[e] = CreateObject<VirtualNetDevice>();
        nodes.Get(static_cast<uint32_t>(e))->AddDevice(lan[e]);
        lan[e]->SetSendCallback(MakeCallback(&Counter::OnLan, &counter));
        edge->AddLanDevice(
            lan[e], Ipv4Address(HOST[e].Get() & 0xffffff00), Ipv4Mask("255.255.255.0"));
    }
    struct Out
    {
        Ptr<VirtualNetDevice> device;

        void
        Send(Ptr<Packet> packet)
        {
            device->Receive(
                packet, 0x0800, device->GetAddress(), device->GetAddress(), NetDevice::PACKET_HOST);
        }
    } out{lan[0]};

    Source source{MakeCallback(&Out::Send, &out)};
    source.Address(HOST[0], HOST[1]);
    Simulator::ScheduleWithContext(0, NanoSeconds(START_NS), &Source::Send, &source);
    return Measure(counter.delivered, START_NS);
}

/// Observes nothing.
struct Blind : weft::engine::FlowObserver
{
    void
    OnSent(weft::engine::FlowIndex,
           weft::engine::Direction,
           std::uint64_t,
           weft::engine::TimeNs,
           std::uint32_t) override
    {
    }

    void
    OnReceived(weft::engine::FlowIndex,
               weft::engine::Direction,
               std::uint64_t,
               weft::engine::TimeNs,
               weft::engine::TimeNs,
               std::uint32_t) override
    {
    }
};

/// A whole run of a scenario with a bulk flow, with its statistics or without any.
double
WholeRunNs(bool statistics)
{
    static const auto loaded = weft::spec::ParseScenario("bench",
                                                         R"(
scenario: bench
about: A bulk flow between two sites.
duration: 6s
clouds: { internet: { kind: internet } }
sites:
  a: { lan: 10.1.0.0/24, links: { wan: { cloud: internet, rate: 1Gbps } } }
  b: { lan: 10.2.0.0/24, links: { wan: { cloud: internet, rate: 1Gbps } } }
paths:
  - { between: [a.wan, b.wan], rtt: 10ms }
traffic:
  bulk: { kind: bulk-udp, from: a, to: b, rate: 50Mbps, size: 1200B, start: 1s, stop: 5s, source_port: 1000, destination_port: 2000 }
)");
    if (!loaded.scenario)
    {
        std::fprintf(stderr, "%s", loaded.diagnostics.Text(false).c_str());
        std::exit(1);
    }
    const auto& scenario = *loaded.scenario;
    SetScheduler("PriorityQueueScheduler");
    weft::engine::Recorder recorder;
    Blind blind;
    const weft::engine::Network network(scenario);
    std::unique_ptr<weft::engine::EdgeObserver> observer;
    if (statistics)
    {
        for (const auto& flow : scenario.traffic)
        {
            recorder.AddFlow(weft::engine::FlowInfoOf(scenario, flow));
        }
        observer = std::make_unique<weft::engine::EdgeObserver>(scenario, network, recorder);
    }
    weft::engine::FlowObserver& sink = recorder;
    const weft::engine::Traffic traffic(
        scenario, network, nullptr, statistics ? sink : blind);
    Simulator::Stop(Seconds(6));
    const double start = CpuNs();
    Simulator::Run();
    const double ns = CpuNs() - start;
    Simulator::Destroy();
    return ns;
}

} // namespace

int
main()
{
    const TunnelVariant variants[] = {
        {"tunnel, null cipher", weft::sdwan::CipherSuite::Null, false},
        {"tunnel, AES-128-GCM", weft::sdwan::CipherSuite::Aes128Gcm, false},
        {"AES-128-GCM, FEC 4+1, dedup, jitter buffer", weft::sdwan::CipherSuite::Aes128Gcm, true},
        {"AES-256-GCM, FEC 4+1, dedup, jitter buffer", weft::sdwan::CipherSuite::Aes256Gcm, true},
    };
    constexpr std::size_t VARIANTS = std::size(variants);
    std::vector<double> stockNs;
    std::vector<double> tax[VARIANTS];
    std::vector<double> ratio[VARIANTS];
    double allocations[VARIANTS] = {};
    std::vector<double> statistics;
    const double packets = 0.9 * COUNT;
    for (int round = 0; round < ROUNDS; ++round)
    {
        const Cost stock =
            Slope([](int hops) { return StockChain(hops, "PriorityQueueScheduler"); });
        const Cost crossing = Crossing();
        stockNs.push_back(stock.ns);
        for (std::size_t v = 0; v < VARIANTS; ++v)
        {
            const Cost cost = Tunnel(variants[v]);
            if (cost.delivered < 0.89 * COUNT)
            {
                std::fprintf(stderr, "%s: only %.0f delivered\n", variants[v].name, cost.delivered);
                return 1;
            }
            tax[v].push_back((cost.ns - crossing.ns) / packets);
            ratio[v].push_back(tax[v].back() / stock.ns);
            allocations[v] = (cost.allocations - crossing.allocations) / packets;
        }
        // In the order A B B A, so that what one run leaves behind in the heap serves both sides
        // alike.
        const double before = WholeRunNs(false);
        const double with = WholeRunNs(true) + WholeRunNs(true);
        statistics.push_back(with / (before + WholeRunNs(false)));
    }
    std::printf("%-46s %10s %10s %14s\n", "", "ns/packet", "stock hops", "allocations");
    std::printf("%-46s %10.0f %10s\n", "stock hop", Median(stockNs), "1");
    for (std::size_t v = 0; v < VARIANTS; ++v)
    {
        std::printf("%-46s %10.0f %10.3f %14.2f\n",
                    variants[v].name,
                    Median(tax[v]),
                    Median(ratio[v]),
                    allocations[v]);
    }
    std::printf("flow statistics, whole run with them / without: %.3f\n", Median(statistics));
    return 0;
}
