// SPDX-License-Identifier: GPL-2.0-only
// Every LAN packet and every datagram is accounted for, under random topologies, weather, policies
// and traffic, and behind a bottleneck.
#include "sdwan_fixture.h"

#include <random>

namespace
{

using namespace ns3;
using namespace std::chrono_literals;
using namespace weft::tests;
using weft::sdwan::PolicyRule;

class SdwanBooks : public SdwanTest
{
};

/// Datagrams of data that came in, and packets rebuilt, each ended in one way.
::testing::AssertionResult
ReceiverBalances(const SdwanNet& net)
{
    for (const auto& site : net.sites)
    {
        const auto& edge = site->edge->GetDataplane();
        const auto& r = edge.Received();
        uint64_t otherwise = 0;
        for (const auto& [reason, count] : site->drops)
        {
            switch (reason)
            {
            case SdwanDrop::Late:
            case SdwanDrop::Duplicate: // both are in the counters of received packets
            case SdwanDrop::NoRoute:
            case SdwanDrop::NoPath:
            case SdwanDrop::TooBig: // refused from the LAN
                break;
            default:
                otherwise += count;
            }
        }
        const uint64_t in = site->dataReceived.size() + edge.Fec().used;
        const uint64_t out = r.delivered + r.duplicates + r.late + edge.Buffered() + otherwise;
        if (in != out)
        {
            return ::testing::AssertionFailure()
                   << site->name << ": " << site->dataReceived.size() << " data and "
                   << edge.Fec().used << " rebuilt, but " << r.delivered << " delivered, "
                   << r.duplicates << " duplicates, " << r.late << " late, " << edge.Buffered()
                   << " buffered, " << otherwise << " refused, at " << Simulator::Now();
        }
    }
    return ::testing::AssertionSuccess();
}

/// Once nothing is under way: every packet given to an Edge was refused with a reason, delivered
/// once, late, or lost with all its copies.
void
ExpectLanBalances(const SdwanNet& net, const std::map<uint32_t, std::size_t>& destination)
{
    EXPECT_EQ(net.UnderWay(), 0u);
    uint64_t lostDatagrams = 0;
    for (const auto& site : net.sites)
    {
        uint64_t refused = 0;
        for (const auto reason : {SdwanDrop::NoRoute, SdwanDrop::NoPath, SdwanDrop::TooBig})
        {
            refused += site->drops.count(reason) ? site->drops.at(reason) : 0;
        }
        EXPECT_EQ(site->given.size(), site->copiesSent.size() + refused) << site->name;
        EXPECT_EQ(site->edge->GetDataplane().Buffered(), 0u) << site->name;
        for (const auto& [reason, count] : site->drops)
        {
            EXPECT_EQ(site->edge->GetDataplane().Drops(reason).packets, count)
                << site->name << ": traced and counted " << ToString(reason);
        }
        for (const auto& [reason, count] : site->dataLostWhy)
        {
            lostDatagrams += count;
        }
    }
    uint64_t sent = 0;
    uint64_t arrived = 0;
    std::vector<uint64_t> lateAt(net.sites.size());
    std::vector<uint64_t> rebuiltAt(net.sites.size());
    for (const auto& site : net.sites)
    {
        sent += site->dataSent;
        arrived += site->dataReceived.size();
        for (const auto& [number, copies] : site->copiesSent)
        {
            const std::size_t to = destination.at(number);
            const auto& peer = *net.sites[to];
            const auto got = peer.dataReceived.count(number);
            const auto delivered = peer.delivered.count(number);
            EXPECT_LE(got, copies);
            EXPECT_LE(delivered, 1u) << number << " was delivered twice";
            lateAt[to] += got > 0 && delivered == 0;
            rebuiltAt[to] += got == 0 && delivered == 1;
        }
    }
    EXPECT_EQ(sent, arrived + lostDatagrams) << "data datagrams, by what the underlay traced";
    for (std::size_t s = 0; s < net.sites.size(); ++s)
    {
        const auto& site = *net.sites[s];
        const auto& r = site.edge->GetDataplane().Received();
        EXPECT_EQ(site.delivered.size(), r.delivered) << site.name;
        EXPECT_LE(lateAt[s], r.late) << site.name << ": what came and was not delivered was late";
        EXPECT_LE(rebuiltAt[s], r.rebuilt) << site.name;
    }
}

/// @return a rule of random remedies for flows of the source port
PolicyRule
RandomRule(std::mt19937_64& random, uint16_t port)
{
    PolicyRule rule;
    rule.name = "port " + std::to_string(port);
    rule.match.tuple.sourcePorts = {{port, port}};
    rule.trafficClass = static_cast<weft::sdwan::TrafficClass>(random() % 4);
    rule.remedies.fec.mode = static_cast<weft::sdwan::FecMode>(random() % 3);
    rule.remedies.fec.perFlow = random() % 2;
    rule.remedies.fec.data = 2 + random() % 6;
    rule.remedies.fec.depth = 1 + random() % 3;
    rule.remedies.duplicate = random() % 2;
    rule.remedies.jitterBuffer.enabled = random() % 2;
    rule.remedies.switchAfter = (random() % 2000) * 1ms;
    rule.remedies.holdDown = 500ms;
    rule.remedies.returnAfter = 1s;
    return rule;
}

TEST_F(SdwanBooks, BalanceUnderRandomTopologiesAndTraffic)
{
    uint64_t rebuilt = 0;
    uint64_t duplicates = 0;
    uint64_t buffered = 0;
    std::map<std::string, uint64_t> reasons;
    for (uint64_t seed = 1; seed <= 16; ++seed)
    {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        SdwanNet net(seed);
        const std::size_t clouds = 1 + random() % 3;
        std::vector<CloudHelper*> cloud;
        const std::size_t siteCount = 2 + random() % 3;
        for (std::size_t s = 0; s < siteCount; ++s)
        {
            net.AddSite("site" + std::to_string(s));
        }
        for (std::size_t c = 0; c < clouds; ++c)
        {
            const std::string link = "link" + std::to_string(c);
            cloud.push_back(&net.AddCloud("cloud" + std::to_string(c)));
            for (std::size_t s = 0; s < siteCount; ++s)
            {
                CloudHelper& here = *cloud.back();
                here.SetDeviceAttribute("UplinkRate",
                                        DataRateValue(DataRate(1000000 * (1 + random() % 20))));
                here.SetDeviceAttribute("DownlinkRate",
                                        DataRateValue(DataRate(1000000 * (1 + random() % 20))));
                here.SetDeviceAttribute("QueueLimit", UintegerValue(5000 + random() % 40000));
                here.SetDeviceAttribute("QueueKind",
                                        StringValue(random() % 3 ? "Fifo" : "FqCoDel"));
                net.AddLink(s, here, link);
            }
            for (std::size_t a = 0; a < siteCount; ++a)
            {
                for (std::size_t b = a + 1; b < siteCount; ++b)
                {
                    weft::underlay::WeatherConfig weather;
                    weather.delay = (1 + random() % 40) * 1ms;
                    weather.jitter = (random() % 15) * 1ms;
                    weather.loss = 0.01 * static_cast<double>(random() % 6);
                    weather.badPeriod = (random() % 40) * 1ms;
                    weather.reorder = random() % 2 ? 0.02 : 0;
                    weather.reorderDelay = 15ms;
                    weather.events.push_back({.name = "cut",
                                              .at = (random() % 4000) * 1ms,
                                              .duration = 600ms,
                                              .down = true});
                    net.Connect(*cloud.back(), a, link, b, link, weather);
                }
            }
        }
        for (uint16_t port = 1; port <= 4; ++port)
        {
            net.helper.AddRule(RandomRule(random, port));
        }
        net.Install();
        std::map<uint32_t, std::size_t> destination;
        for (uint32_t i = 0; i < 5000; ++i)
        {
            const std::size_t from = random() % siteCount;
            // One past the last site: a network nobody has.
            const std::size_t to = random() % 100 ? random() % siteCount : siteCount;
            if (from == to)
            {
                continue;
            }
            destination[i] = to;
            net.SendAt(NanoSeconds(static_cast<int64_t>(random() % 5000000000)),
                       from,
                       to,
                       i,
                       static_cast<uint32_t>(random() % 50 ? 60 + random() % 1380 : 1441),
                       static_cast<uint16_t>(1 + random() % 5));
        }
        for (int tenth = 1; tenth <= 50; ++tenth)
        {
            net.Run(MilliSeconds(100 * tenth));
            ASSERT_TRUE(net.WanBalances());
            ASSERT_TRUE(ReceiverBalances(net));
            for (const auto& site : net.sites)
            {
                buffered += site->edge->GetDataplane().Buffered();
            }
        }
        // The last probes go out just before the lines are cut; then all that is under way ends.
        Simulator::Schedule(Seconds(2), [&net]() {
            for (const auto& site : net.sites)
            {
                for (const auto& device : site->links)
                {
                    device->SetAdminUp(false);
                }
            }
        });
        net.Run(Seconds(8));
        ASSERT_TRUE(net.WanBalances());
        ASSERT_TRUE(ReceiverBalances(net));
        ExpectLanBalances(net, destination);
        for (const auto& site : net.sites)
        {
            rebuilt += site->edge->GetDataplane().Received().rebuilt;
            duplicates += site->edge->GetDataplane().Received().duplicates;
            for (const auto& [reason, count] : site->drops)
            {
                reasons[std::string(ToString(reason))] += count;
            }
            for (const auto& [reason, count] : site->dataLostWhy)
            {
                reasons[reason] += count;
            }
        }
        Simulator::Destroy();
    }
    // The sweep met what it is about.
    EXPECT_GT(rebuilt, 100u);
    EXPECT_GT(duplicates, 100u);
    EXPECT_GT(buffered, 10u);
    for (const auto* reason : {"no-route", "no-path", "too-big", "late", "loss", "path-down"})
    {
        EXPECT_GT(reasons[reason], 0u) << reason;
    }
}

TEST_F(SdwanBooks, BalanceBehindAnFqCodelBottleneck)
{
    for (const std::string queue : {"Fifo", "FqCoDel"})
    {
        SCOPED_TRACE(queue);
        SdwanNet net(1);
        CloudHelper& cloud = net.AddCloud("internet");
        cloud.SetDeviceAttribute("QueueKind", StringValue(queue));
        cloud.SetDeviceAttribute("QueueLimit", UintegerValue(64000));
        cloud.SetDeviceAttribute("UplinkRate", StringValue("2Mbps"));
        cloud.SetDeviceAttribute("DownlinkRate", StringValue("20Mbps"));
        net.AddLink(net.AddSite("a"), cloud, "only");
        net.AddLink(net.AddSite("b"), cloud, "only");
        net.Connect(cloud, 0, "only", 1, "only", {.delay = 10ms});
        PolicyRule rule;
        rule.name = "all";
        rule.remedies.fec.mode = weft::sdwan::FecMode::Always;
        rule.remedies.jitterBuffer.enabled = true;
        net.helper.SetDefaultRule(rule);
        net.Install();
        // 4 Mbit/s of 1000-byte packets for five seconds in three flows, and parity on top.
        std::map<uint32_t, std::size_t> destination;
        for (uint32_t i = 0; i < 2500; ++i)
        {
            destination[i] = 1;
            net.SendAt(
                Seconds(1) + i * MilliSeconds(2), 0, 1, i, 1000, static_cast<uint16_t>(1 + i % 3));
        }
        for (int tenth = 1; tenth <= 60; ++tenth)
        {
            net.Run(MilliSeconds(100 * tenth));
            ASSERT_TRUE(net.WanBalances());
            ASSERT_TRUE(ReceiverBalances(net));
        }
        for (const auto& site : net.sites)
        {
            Ptr<AccessDevice> device = site->links[0];
            Simulator::Schedule(Seconds(2), [device]() { device->SetAdminUp(false); });
        }
        net.Run(Seconds(9));
        ASSERT_TRUE(net.WanBalances());
        ExpectLanBalances(net, destination);
        auto& why = net.sites[0]->dataLostWhy;
        EXPECT_GT(why[queue == "Fifo" ? "queue-full-up" : "codel-up"], 300u);
        // The line carries 2 Mbit/s of 1060-byte datagrams for about five seconds, one in five of
        // them parity.
        EXPECT_GT(net.sites[1]->delivered.size(), 800u);
        EXPECT_LT(net.sites[1]->delivered.size(), 1300u);
        Simulator::Destroy();
    }
}

} // namespace
