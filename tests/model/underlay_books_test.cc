// SPDX-License-Identifier: GPL-2.0-only
// Every packet is accounted for, at every instant, whatever happens to the links; and FqCoDel as
// access queue.
#include "underlay_fixture.h"

#include <algorithm>
#include <random>

namespace
{

using namespace ns3;
using namespace std::chrono_literals;
using namespace weft::tests;

class UnderlayBooks : public UnderlayTest
{
};

uint64_t
Dropped(const CloudHelper& cloud)
{
    uint64_t sum = 0;
    for (const auto& record : cloud.GetCloud()->GetDrops())
    {
        sum += record.count.packets;
    }
    return sum;
}

TEST_F(UnderlayBooks, BalanceUnderRandomTraffic)
{
    for (uint64_t seed = 1; seed <= 12; ++seed)
    {
        std::mt19937_64 random(seed);
        CloudHelper cloud("internet", ProviderCloud::Internet, seed);
        std::vector<Ptr<AccessDevice>> devices;
        Log log;
        for (int i = 0; i < 5; ++i)
        {
            cloud.SetDeviceAttribute("UplinkRate",
                                     DataRateValue(DataRate(1000000 * (1 + random() % 20))));
            cloud.SetDeviceAttribute("DownlinkRate",
                                     DataRateValue(DataRate(1000000 * (1 + random() % 20))));
            cloud.SetDeviceAttribute("QueueLimit", UintegerValue(3000 + random() % 40000));
            cloud.SetDeviceAttribute("QueueKind", StringValue(random() % 3 ? "Fifo" : "FqCoDel"));
            devices.push_back(Install(cloud,
                                      "member" + std::to_string(i),
                                      ("203.0.113." + std::to_string(i + 1)).c_str()));
            log.Watch(devices.back());
        }
        for (int i = 0; i < 5; ++i)
        {
            for (int j = 0; j < i; ++j)
            {
                if (random() % 5 == 0)
                {
                    continue; // no path
                }
                weft::underlay::WeatherConfig weather;
                weather.delay = (random() % 50) * 1ms;
                weather.jitter = (random() % 20) * 1ms;
                weather.loss = 0.02;
                weather.badPeriod = (random() % 20) * 1ms;
                weather.reorder = 0.02;
                weather.reorderDelay = 5ms;
                weather.events.push_back({.name = "cut",
                                          .at = (random() % 3000) * 1ms,
                                          .duration = 300ms,
                                          .down = true});
                cloud.Connect("member" + std::to_string(i), "member" + std::to_string(j), weather);
            }
        }
        const int n = 6000;
        for (int i = 0; i < n; ++i)
        {
            const std::size_t from = random() % 5;
            const auto to = static_cast<uint32_t>(random() % 6);
            SendAt(NanoSeconds(static_cast<int64_t>(random() % 4000000000)),
                   devices[from],
                   Numbered(i,
                            static_cast<uint32_t>(40 + random() % 1470),
                            devices[from]->GetCloudAddress(),
                            Ipv4Address(0xcb007101 + to),
                            static_cast<uint16_t>(random())));
        }
        for (int i = 0; i < 30; ++i)
        {
            Ptr<AccessDevice> device = devices[random() % 5];
            const bool up = random() % 2;
            Simulator::Schedule(NanoSeconds(static_cast<int64_t>(random() % 4000000000)),
                                [device, up]() { device->SetAdminUp(up); });
        }
        const auto balance = [&]() {
            uint64_t offered = 0;
            uint64_t received = 0;
            for (const auto& device : devices)
            {
                offered += device->GetOffered().packets;
                received += device->GetReceived().packets;
            }
            ASSERT_EQ(offered, received + Dropped(cloud) + cloud.GetCloud()->GetUnderWay())
                << "seed " << seed << " at " << Simulator::Now();
        };
        for (int i = 1; i <= 40; ++i)
        {
            Simulator::Schedule(MilliSeconds(100 * i), balance);
        }
        Simulator::Run();
        EXPECT_EQ(cloud.GetCloud()->GetUnderWay(), 0u);
        // No packet twice, none nowhere: arrivals and traced drops together are the numbers sent.
        std::vector<uint32_t> seen;
        for (const auto& arrival : log.arrivals)
        {
            seen.push_back(arrival.id);
        }
        uint64_t traced = 0;
        for (const auto& [reason, ids] : log.drops)
        {
            seen.insert(seen.end(), ids.begin(), ids.end());
            traced += ids.size();
        }
        EXPECT_EQ(traced, Dropped(cloud));
        std::sort(seen.begin(), seen.end());
        ASSERT_EQ(seen.size(), static_cast<std::size_t>(n));
        for (int i = 0; i < n; ++i)
        {
            ASSERT_EQ(seen[i], static_cast<uint32_t>(i));
        }
        Simulator::Destroy();
    }
}

TEST_F(UnderlayBooks, FqCodelKeepsTheQueueShortAndTheThinFlowFree)
{
    double meanWait[2] = {0, 0};
    for (const bool codel : {false, true})
    {
        CloudHelper cloud("internet", ProviderCloud::Internet, 1);
        cloud.SetDeviceAttribute("UplinkRate", StringValue("10Mbps"));
        cloud.SetDeviceAttribute("DownlinkRate", StringValue("1Gbps"));
        cloud.SetDeviceAttribute("QueueKind", StringValue(codel ? "FqCoDel" : "Fifo"));
        cloud.SetDeviceAttribute("QueueLimit", UintegerValue(200000));
        Ptr<AccessDevice> a = Install(cloud, "a", "203.0.113.1");
        Ptr<AccessDevice> b = Install(cloud, "b", "203.0.113.2");
        cloud.Connect("a", "b", {.delay = 1ms});
        Log log;
        log.Watch(a);
        log.Watch(b);
        // A fat flow at 20 Mbit/s, a thin one at 80 kbit/s.
        const Ipv4Address from("203.0.113.1");
        const Ipv4Address to("203.0.113.2");
        for (int i = 0; i < 10000; ++i)
        {
            SendAt(MicroSeconds(500 * i), a, Numbered(i, 1250, from, to, 1111));
        }
        for (int i = 0; i < 250; ++i)
        {
            SendAt(MilliSeconds(20 * i) + MicroSeconds(3),
                   a,
                   Numbered(1000000 + i, 200, from, to, 2222));
        }
        Simulator::Run();
        int thin = 0;
        for (const auto& arrival : log.arrivals)
        {
            if (arrival.id >= 1000000)
            {
                ++thin;
                meanWait[codel] += static_cast<double>(arrival.at) - (arrival.id - 1000000) * 20e6;
            }
        }
        meanWait[codel] /= thin;
        EXPECT_EQ(log.arrivals.size() + Dropped(cloud), 10250u);
        EXPECT_EQ(a->GetUpDrops()[static_cast<std::size_t>(DropReason::CodelUp)].packets > 0,
                  codel);
        EXPECT_GT(Dropped(cloud), 1000u);
        if (codel)
        {
            EXPECT_EQ(thin, 250) << "the thin flow loses nothing";
        }
        Simulator::Destroy();
    }
    // 200 kB at 10 Mbit/s are 160 ms; under FqCoDel the thin flow waits for about one packet of the
    // fat one.
    EXPECT_GT(meanWait[0], 100e6);
    EXPECT_LT(meanWait[1], 5e6);
}

} // namespace
