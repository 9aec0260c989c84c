// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Cost of an underlay crossing against a stock hop (PointToPointNetDevice, default queue disc,
 * Ipv4L3Protocol).
 *
 * Marginal costs: the same packets cross a short and a long chain, and the difference is divided by
 * the difference in crossings, so that source and sink cancel. Rounds interleave the variants;
 * ratios are taken within a round and their median is printed. CPU time of this process;
 * allocations are calls of operator new, in ns-3's libraries too.
 */
#include "whole_run.h"

#include "ns3/boolean.h"
#include "ns3/inet-socket-address.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-address-helper.h"
#include "ns3/ipv4-header.h"
#include "ns3/ipv4-interface-container.h"
#include "ns3/ipv4-list-routing.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/node-container.h"
#include "ns3/object-factory.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/udp-socket-factory.h"
#include "ns3/underlay-cloud-helper.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <new>
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

/// Receives from one access link and sends on over the next.
struct Relay
{
    Ptr<AccessDevice> out;
    double* delivered = nullptr;

    bool
    Forward(Ptr<Packet> packet)
    {
        if (out)
        {
            out->Send(packet, Address(), 0x0800);
        }
        else
        {
            ++*delivered;
        }
        return true;
    }
};

Cost
UnderlayChain(int hops,
              const std::string& scheduler,
              const weft::underlay::WeatherConfig& weather,
              const std::string& queue)
{
    SetScheduler(scheduler);
    NodeContainer nodes(static_cast<uint32_t>(hops + 1));
    const Ipv4Address near("203.0.113.1");
    const Ipv4Address far("203.0.113.2");
    double delivered = 0;
    std::vector<Relay> relays(hops + 1);
    for (int i = 0; i < hops; ++i)
    {
        CloudHelper cloud("cloud" + std::to_string(i), ProviderCloud::Internet, 1);
        cloud.SetDeviceAttribute("UplinkRate", StringValue("1Gbps"));
        cloud.SetDeviceAttribute("DownlinkRate", StringValue("1Gbps"));
        cloud.SetDeviceAttribute("QueueKind", StringValue(queue));
        relays[i].out = cloud.Install(nodes.Get(i), "near" + std::to_string(i), near);
        Ptr<AccessDevice> in = cloud.Install(nodes.Get(i + 1), "far" + std::to_string(i), far);
        relays[i + 1].delivered = &delivered;
        in->SetDatagramHandler(MakeCallback(&Relay::Forward, &relays[i + 1]));
        cloud.Connect("near" + std::to_string(i), "far" + std::to_string(i), weather);
    }

    struct Source
    {
        Ptr<AccessDevice> device;
        Ipv4Header header{};
        int left = COUNT;

        void
        Send()
        {
            Ptr<Packet> packet = Create<Packet>(PAYLOAD_BYTES + 8);
            packet->AddHeader(header);
            device->Send(packet, Address(), 0x0800);
            if (--left > 0)
            {
                Simulator::Schedule(NanoSeconds(GAP_NS), &Source::Send, this);
            }
        }
    } sender{relays[0].out};

    sender.header.SetSource(near);
    sender.header.SetDestination(far);
    sender.header.SetProtocol(17);
    sender.header.SetPayloadSize(PAYLOAD_BYTES + 8);
    Simulator::ScheduleWithContext(0, NanoSeconds(1), &Source::Send, &sender);
    return Measure(delivered);
}

/// Nanoseconds of one weather sample, packets as in the chains.
double
SampleNs(const weft::underlay::WeatherConfig& config)
{
    weft::underlay::PathWeather weather(1, "path", weft::underlay::Direction::Forward, config);
    const int samples = 2000000;
    std::int64_t sum = 0;
    const double start = CpuNs();
    for (int i = 0; i < samples; ++i)
    {
        sum += weather.At(i * std::chrono::nanoseconds(GAP_NS)).delay.count();
    }
    const double ns = (CpuNs() - start) / samples;
    if (sum < 0)
    {
        std::printf("impossible\n"); // keeps the samples from being optimised away
    }
    return ns;
}

} // namespace

int
main()
{
    const weft::underlay::WeatherConfig calm{.delay = 1ms};
    // Losses too rare to change how many packets go on, but the process is asked all the same.
    const weft::underlay::WeatherConfig rough{
        .delay = 1ms, .jitter = 500us, .loss = 1e-7, .badPeriod = 1us};
    std::printf("underlay crossing against a stock hop: %d packets of %u B, chains of %d and %d, "
                "median of %d interleaved rounds\n",
                COUNT,
                PAYLOAD_BYTES,
                SHORT_CHAIN,
                LONG_CHAIN,
                ROUNDS);
    std::printf("%-24s %-34s %12s %12s %8s %14s\n",
                "scheduler",
                "variant",
                "ns/crossing",
                "stock ns/hop",
                "ratio",
                "allocations");
    for (const std::string scheduler : {"MapScheduler", "PriorityQueueScheduler"})
    {
        struct Variant
        {
            std::string name;
            weft::underlay::WeatherConfig weather;
            std::string queue;
            std::vector<double> ns{};
            std::vector<double> ratio{};
            double allocations = 0;
        };

        std::vector<Variant> variants{
            {"fifo, constant delay", calm, "Fifo"},
            {"fifo, jitter and bursty loss", rough, "Fifo"},
            {"fq-codel, jitter and bursty loss", rough, "FqCoDel"},
        };
        std::vector<double> stockNs;
        double stockAllocations = 0;
        std::vector<double> sampleNs;
        std::vector<double> sampleRatio;
        std::vector<double> pathRatio;
        for (int round = 0; round < ROUNDS; ++round)
        {
            const Cost stock = Slope([&](int hops) { return StockChain(hops, scheduler); });
            stockNs.push_back(stock.ns);
            stockAllocations = stock.allocations;
            sampleNs.push_back(SampleNs(rough));
            sampleRatio.push_back(sampleNs.back() / stock.ns);
            pathRatio.push_back(StockChain(WHOLE_PATH, scheduler).ns /
                                UnderlayChain(WHOLE_PATH, scheduler, rough, "Fifo").ns);
            for (Variant& v : variants)
            {
                const Cost cost = Slope(
                    [&](int hops) { return UnderlayChain(hops, scheduler, v.weather, v.queue); });
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
        }
        std::printf("%-24s %-34s %12.0f %12.0f %8s %14.2f\n",
                    scheduler.c_str(),
                    "stock hop",
                    Median(stockNs),
                    Median(stockNs),
                    "1",
                    stockAllocations);
        for (const Variant& v : variants)
        {
            std::printf("%-24s %-34s %12.0f %12.0f %8.3f %14.2f\n",
                        scheduler.c_str(),
                        v.name.c_str(),
                        Median(v.ns),
                        Median(stockNs),
                        Median(v.ratio),
                        v.allocations);
        }
        std::printf("%-24s %-34s %12.1f %12.0f %8.4f\n",
                    scheduler.c_str(),
                    "weather sample",
                    Median(sampleNs),
                    Median(stockNs),
                    Median(sampleRatio));
        std::printf(
            "%-24s packet rate over a path of %d hops, as a multiple of stock nodes': %.1f\n",
            scheduler.c_str(),
            WHOLE_PATH,
            Median(pathRatio));
    }
    return 0;
}
