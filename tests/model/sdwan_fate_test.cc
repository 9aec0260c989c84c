// SPDX-License-Identifier: GPL-2.0-only
// What the Edges put on the wire beside the data changes nothing for the data; clocks and
// reordering change no measurement that counts.
#include "sdwan_fixture.h"

#include "ns3/underlay-path-weather.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <random>

namespace
{

using namespace ns3;
using namespace std::chrono_literals;
using namespace weft::tests;
using weft::sdwan::PolicyRule;
using weft::sdwan::SteeringAction;
using weft::underlay::WeatherConfig;

class SdwanFate : public SdwanTest
{
};

/// What the Edges add to the data.
struct Extra
{
    const char* name;
    bool fec = false;
    bool perFlow = false;
    bool duplicate = false;
    bool fastProbes = false;
};

constexpr uint32_t PACKETS = 3000;

WeatherConfig
Lossy()
{
    // Both links are fine when the flows open, so that all of them open on the preferred one.
    return {.delay = 6ms,
            .jitter = 3ms,
            .badPeriod = 25ms,
            .events = {{.name = "rain", .at = 2100ms, .loss = 0.03}}};
}

/// Two sites with two links each for half a minute; both send a packet every 10 ms or so.
std::unique_ptr<SdwanNet>
RunTwoSites(uint64_t seed, const Extra& extra)
{
    auto net = std::make_unique<SdwanNet>(seed);
    CloudHelper& cloud = net->AddCloud("internet");
    // Fast lines: no data packet waits behind a probe, so each departs when it is sent.
    cloud.SetDeviceAttribute("UplinkRate", StringValue("10Gbps"));
    cloud.SetDeviceAttribute("DownlinkRate", StringValue("10Gbps"));
    for (const auto* name : {"a", "b"})
    {
        const std::size_t site = net->AddSite(name);
        net->AddLink(site, cloud, "one");
        net->AddLink(site, cloud, "two");
    }
    net->Connect(cloud, 0, "one", 1, "one", Lossy());
    net->Connect(cloud, 0, "two", 1, "two", {.delay = 9ms, .jitter = 1ms});
    PolicyRule rule;
    rule.name = "all";
    rule.sla = weft::sdwan::SlaProfile{.name = "strict", .loss = 0.002};
    rule.links.prefer = {"one"};
    rule.remedies.switchPaths = false;
    rule.remedies.duplicate = extra.duplicate;
    rule.remedies.fec.mode = extra.fec ? weft::sdwan::FecMode::Always : weft::sdwan::FecMode::Off;
    rule.remedies.fec.perFlow = extra.perFlow;
    rule.remedies.jitterBuffer.enabled = extra.fec;
    net->helper.SetDefaultRule(rule);
    if (extra.fastProbes)
    {
        weft::sdwan::PathMonitorConfig monitor;
        monitor.probeInterval = 11ms;
        monitor.reportInterval = 13ms;
        monitor.missesToFail = 40; // or a bad period of the weather would be taken for a dead path
        net->helper.SetMonitor(monitor);
    }
    net->Install();
    std::mt19937_64 random(seed);
    for (uint32_t i = 0; i < PACKETS; ++i)
    {
        for (uint32_t site = 0; site < 2; ++site)
        {
            const auto offset = static_cast<int64_t>(random() % 5000000);
            net->SendAt(Seconds(2) + i * MilliSeconds(10) + NanoSeconds(offset),
                        site,
                        1 - site,
                        2 * i + site);
        }
    }
    net->Run(Seconds(33));
    return net;
}

TEST_F(SdwanFate, DataMeetsTheSameWeatherWhateverElseIsSent)
{
    const Extra extras[] = {
        {.name = "parity by tunnel", .fec = true},
        {.name = "parity by flow", .fec = true, .perFlow = true},
        {.name = "copies", .duplicate = true},
        {.name = "probes", .fastProbes = true},
        {.name = "all", .fec = true, .duplicate = true, .fastProbes = true},
    };
    for (uint64_t seed = 1; seed <= 3; ++seed)
    {
        const auto bare = RunTwoSites(seed, {.name = "bare"});
        Simulator::Destroy();
        for (std::size_t site = 0; site < 2; ++site)
        {
            const auto& sender = *bare->sites[site];
            EXPECT_EQ(sender.departures.size(), PACKETS);
            EXPECT_EQ(sender.copiesSent.size(), sender.dataSent) << "no copies";
            // A mean loss of 3 % over 30 s; far fewer would put nothing to the test.
            EXPECT_GT(sender.taken.size(), 30u);
            // The weather itself, asked without any traffic, says the same.
            weft::underlay::PathWeather weather(seed,
                                                "a.one>b.one",
                                                site == 0 ? weft::underlay::Direction::Forward
                                                          : weft::underlay::Direction::Backward,
                                                Lossy());
            for (const auto& [number, departure] : sender.departures)
            {
                EXPECT_EQ(weather.At(weft::underlay::TimeNs{departure}).lost,
                          sender.taken.count({number, departure}) == 1);
            }
        }
        for (const Extra& extra : extras)
        {
            SCOPED_TRACE(std::string(extra.name) + ", seed " + std::to_string(seed));
            const auto other = RunTwoSites(seed, extra);
            Simulator::Destroy();
            for (std::size_t site = 0; site < 2; ++site)
            {
                const auto& plain = *bare->sites[site];
                const auto& laden = *other->sites[site];
                EXPECT_GT(laden.wanSent, plain.wanSent + 500) << "something was added";
                EXPECT_EQ(laden.departures, plain.departures);
                EXPECT_EQ(laden.taken, plain.taken);
                ASSERT_EQ(laden.arrivedAt.size(), plain.arrivedAt.size());
                for (const auto& [number, at] : plain.arrivedAt)
                {
                    ASSERT_EQ(laden.arrivedAt.count(number), 1u);
                    // Up to a few datagrams before the downlink.
                    EXPECT_LE(std::abs(laden.arrivedAt.at(number) - at), 1000) << number;
                }
            }
        }
    }
}

/// What an Edge thought of its two paths each second, and what it decided.
struct View
{
    std::vector<SdwanNet::Event> events;
    std::vector<std::array<double, 2>> latencyMs;
};

/// A call over two links, the preferred of which jitters for a while. @return both Edges' views
std::array<View, 2>
RunCall(uint64_t seed, Time offset, double skewPpm)
{
    SdwanNet net(seed);
    CloudHelper& cloud = net.AddCloud("internet");
    for (const auto* name : {"a", "b"})
    {
        if (name[0] == 'b')
        {
            net.helper.SetEdgeAttribute("ClockOffset", TimeValue(offset));
            net.helper.SetEdgeAttribute("ClockSkew", DoubleValue(skewPpm));
        }
        const std::size_t site = net.AddSite(name);
        net.AddLink(site, cloud, "broadband");
        net.AddLink(site, cloud, "mpls");
    }
    net.Connect(cloud,
                0,
                "broadband",
                1,
                "broadband",
                {.delay = 6ms,
                 .jitter = 2ms,
                 .events = {{.name = "torrent", .at = 8s, .duration = 6s, .jitter = 40ms}}});
    net.Connect(cloud, 0, "mpls", 1, "mpls", {.delay = 12ms, .jitter = 500us});
    PolicyRule rule;
    rule.name = "voice";
    rule.trafficClass = weft::sdwan::TrafficClass::Voice;
    rule.sla = weft::sdwan::SlaProfile{.name = "voice", .jitterMs = 15};
    rule.links.prefer = {"broadband"};
    rule.remedies.duplicate = true;
    rule.remedies.jitterBuffer.enabled = true;
    rule.remedies.returnAfter = 8s;
    net.helper.SetDefaultRule(rule);
    weft::sdwan::PathMonitorConfig monitor;
    monitor.smoothedWindow = 8s;
    net.helper.SetMonitor(monitor);
    net.Install();
    for (uint32_t i = 0; i < 1900; ++i)
    {
        net.SendAt(Seconds(2) + i * MilliSeconds(20), 0, 1, 2 * i);
        net.SendAt(Seconds(2) + i * MilliSeconds(20) + MicroSeconds(9100), 1, 0, 2 * i + 1);
    }
    std::array<View, 2> views;
    for (int second = 4; second < 40; ++second)
    {
        net.Run(Seconds(second));
        for (std::size_t e = 0; e < 2; ++e)
        {
            const auto& edge = net.sites[e]->edge->GetDataplane();
            views[e].latencyMs.push_back(
                {edge.Tunnel(0).monitor.Reverse().instantaneous.latency.value,
                 edge.Tunnel(1).monitor.Reverse().instantaneous.latency.value});
        }
    }
    for (std::size_t e = 0; e < 2; ++e)
    {
        // Followers go where the peer's packets come from, one by one, and so with the weather.
        std::copy_if(net.sites[e]->events.begin(),
                     net.sites[e]->events.end(),
                     std::back_inserter(views[e].events),
                     [](const auto& event) { return event.own; });
    }
    Simulator::Destroy();
    return views;
}

std::string
Text(const std::vector<SdwanNet::Event>& events)
{
    std::string text;
    for (const auto& event : events)
    {
        text += std::to_string(static_cast<double>(event.at) * 1e-9) + " s " +
                std::string(ToString(event.action)) + " " + std::to_string(event.from) + " > " +
                std::to_string(event.to) + "\n";
    }
    return text;
}

TEST_F(SdwanFate, ClocksChangeNoDecisionAndNoRanking)
{
    for (uint64_t seed = 1; seed <= 3; ++seed)
    {
        const auto plain = RunCall(seed, Seconds(0), 0);
        const auto count = [&](SteeringAction action) {
            return std::count_if(plain[0].events.begin(),
                                 plain[0].events.end(),
                                 [&](const auto& e) { return e.action == action; });
        };
        EXPECT_GE(count(SteeringAction::Duplicate), 1) << "seed " << seed;
        EXPECT_EQ(count(SteeringAction::Switch), 1) << "seed " << seed;
        EXPECT_EQ(count(SteeringAction::Return), 1) << "seed " << seed;
        for (const auto& [offset, skew] : {std::pair{Hours(1), 0.0},
                                           std::pair{Hours(-1), 0.0},
                                           std::pair{Seconds(0), 100.0},
                                           std::pair{Hours(1), 100.0},
                                           std::pair{Hours(1), -100.0}})
        {
            SCOPED_TRACE("seed " + std::to_string(seed) + ", offset " +
                         std::to_string(offset.GetSeconds()) + " s, skew " + std::to_string(skew));
            const auto other = RunCall(seed, offset, skew);
            for (std::size_t e = 0; e < 2; ++e)
            {
                ASSERT_EQ(other[e].events.size(), plain[e].events.size())
                    << "Edge " << e << "\n"
                    << Text(other[e].events) << "against\n"
                    << Text(plain[e].events);
                for (std::size_t i = 0; i < plain[e].events.size(); ++i)
                {
                    const auto& was = plain[e].events[i];
                    const auto& is = other[e].events[i];
                    EXPECT_EQ(is.action, was.action) << "Edge " << e << " event " << i;
                    EXPECT_EQ(is.from, was.from) << "Edge " << e << " event " << i;
                    EXPECT_EQ(is.to, was.to) << "Edge " << e << " event " << i;
                    // Skewed timers sample the weather at other instants: one report either way.
                    EXPECT_LE(std::abs(is.at - was.at), skew == 0 ? 0 : 200000000)
                        << "Edge " << e << " event " << i;
                }
                for (std::size_t s = 0; s < plain[e].latencyMs.size(); ++s)
                {
                    const double was = plain[e].latencyMs[s][0] - plain[e].latencyMs[s][1];
                    const double is = other[e].latencyMs[s][0] - other[e].latencyMs[s][1];
                    // Where the two are close, and in the middle of the torrent, other sampling
                    // instants show.
                    EXPECT_NEAR(is, was, skew == 0 ? 0.01 : 0.5 + 0.2 * std::abs(was))
                        << "Edge " << e << " at " << s + 4;
                    EXPECT_TRUE(std::abs(was) < 1 || (is < 0) == (was < 0))
                        << "Edge " << e << " at " << s + 4;
                }
            }
        }
    }
}

TEST_F(SdwanFate, ReorderingIsNotLoss)
{
    for (const double loss : {0.0, 0.02})
    {
        for (uint64_t seed = 1; seed <= 3; ++seed)
        {
            SdwanNet net(seed);
            CloudHelper& cloud = net.AddCloud("internet");
            for (const auto* name : {"a", "b"})
            {
                net.AddLink(net.AddSite(name), cloud, "only");
            }
            net.Connect(cloud,
                        0,
                        "only",
                        1,
                        "only",
                        {.delay = 10ms,
                         .jitter = 1ms,
                         .loss = loss,
                         .reorder = 0.05,
                         .reorderDelay = 18ms});
            net.Install();
            const uint32_t n = 4000;
            for (uint32_t i = 0; i < n; ++i)
            {
                net.SendAt(Seconds(1) + i * MilliSeconds(5), 0, 1, 2 * i);
                net.SendAt(Seconds(1) + i * MilliSeconds(5) + MicroSeconds(700), 1, 0, 2 * i + 1);
            }
            double lost = 0;
            double reordered = 0;
            for (int tenth = 15; tenth < 230; ++tenth)
            {
                net.Run(MilliSeconds(100 * tenth));
                for (const auto& site : net.sites)
                {
                    const auto& monitor = site->edge->GetDataplane().Tunnel(0).monitor;
                    for (const auto* quality : {&monitor.Reverse(), &monitor.Forward()})
                    {
                        lost = std::max(lost, quality->instantaneous.lost);
                        lost = std::max(lost, quality->smoothed.lost);
                        reordered = std::max(reordered, quality->smoothed.reordered);
                    }
                }
            }
            EXPECT_GT(reordered, 50) << "seed " << seed;
            if (loss == 0)
            {
                EXPECT_EQ(lost, 0) << "seed " << seed;
                for (const auto& site : net.sites)
                {
                    EXPECT_EQ(site->delivered.size(), n);
                    EXPECT_TRUE(site->drops.empty());
                }
            }
            else
            {
                EXPECT_GT(lost, 0) << "seed " << seed << ": loss is seen where there is some";
            }
            Simulator::Destroy();
        }
    }
}

} // namespace
