// SPDX-License-Identifier: GPL-2.0-only
/** @file Links and routers that fail and come back: black holes, reconvergence, bundles, loss. */
#include "fabric_fixture.h"

#include "ns3/enum.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace weft::tests
{
namespace
{

class FabricFailureTest : public FabricTest
{
  protected:
    /// Sends packet i at start + i gap, of flows in turn.
    static void
    Stream(Host& from, Host& to, ns3::Time start, ns3::Time gap, std::uint32_t count, int flows)
    {
        for (std::uint32_t i = 0; i < count; ++i)
        {
            from.SendAt(start + i * gap,
                        {.to = to.place.address,
                         .sourcePort = static_cast<std::uint16_t>(1000 + i % flows),
                         .id = i});
        }
    }

    /// @return whether the flow of a packet is one that goes over a link
    static std::set<std::uint32_t>
    Missing(const Host& host, std::uint32_t count)
    {
        std::set<std::uint32_t> missing;
        for (std::uint32_t i = 0; i < count; ++i)
        {
            missing.insert(i);
        }
        for (const Got& got : host.received)
        {
            missing.erase(got.id);
        }
        return missing;
    }
};

TEST_F(FabricFailureTest, FlowsOverADeadLinkAreLostUntilRoutesConverge)
{
    FabricHelper fabric(1);
    fabric.SetConvergence(MilliSeconds(50));
    fabric.LeafSpine(2, 4);
    Host a(fabric, "leaf1");
    Host b(fabric, "leaf2");
    fabric.Start();
    // 64 flows, one packet of them each 100 us for a second; the cut is at 300 ms, for 300 ms.
    const std::uint32_t count = 10000;
    Stream(a, b, Seconds(1), MicroSeconds(100), count, 64);
    Simulator::Schedule(MilliSeconds(1300),
                        &EthernetLink::SetUp,
                        PeekPointer(fabric.GetLink("leaf1.spine2")),
                        false);
    Simulator::Schedule(MilliSeconds(1600),
                        &EthernetLink::SetUp,
                        PeekPointer(fabric.GetLink("leaf1.spine2")),
                        true);
    RunUntil(Seconds(3));
    const auto missing = Missing(b, count);
    EXPECT_EQ(missing.size(),
              Dropped(fabric, FrameDrop::NextHopDown) + Dropped(fabric, FrameDrop::LinkDown));
    ASSERT_GT(missing.size(), 50u);
    std::set<std::uint32_t> flows;
    for (const std::uint32_t id : missing)
    {
        EXPECT_GE(id, 3000u - 1) << "but what was on the wire";
        EXPECT_LT(id, 3500u) << "no loss after the convergence time, nor when it comes back";
        flows.insert(id % 64);
    }
    EXPECT_LT(flows.size(), 33u) << "only the flows that the hash sends there";
    // Every packet of those flows within the 50 ms is lost.
    std::size_t expected = 0;
    for (std::uint32_t id = 3000; id < 3500; ++id)
    {
        expected += flows.contains(id % 64);
    }
    EXPECT_NEAR(static_cast<double>(missing.size()), static_cast<double>(expected), 1);
    EXPECT_EQ(fabric.GetRouting()->GetComputations(), 3u);
    // Four ways again.
    const auto leaf = fabric.GetRouter("leaf1");
    bool found = false;
    for (const auto& [prefix, group] : leaf->GetRoutes())
    {
        if (prefix.address == b.place.address)
        {
            EXPECT_EQ(leaf->GetGroup(group).Members().size(), 4u);
            found = true;
        }
    }
    EXPECT_TRUE(found);
}

TEST_F(FabricFailureTest, ADeadSpineIsRoutedAround)
{
    FabricHelper fabric(1);
    fabric.SetConvergence(MilliSeconds(20));
    fabric.LeafSpine(3, 2);
    Host a(fabric, "leaf1");
    Host b(fabric, "leaf3");
    fabric.Start();
    const std::uint32_t count = 5000;
    Stream(a, b, Seconds(1), MicroSeconds(100), count, 32);
    Simulator::Schedule(
        MilliSeconds(1100), &FabricRouter::SetUp, PeekPointer(fabric.GetRouter("spine1")), false);
    RunUntil(Seconds(2));
    const auto missing = Missing(b, count);
    ASSERT_FALSE(missing.empty());
    EXPECT_GE(*missing.begin(), 999u);
    EXPECT_LT(*missing.rbegin(), 1200u);
    EXPECT_FALSE(fabric.GetLink("leaf2.spine1")->IsWorking());
    const auto spine2 = fabric.GetRouter("spine2");
    EXPECT_GT(spine2->GetCounts().forwarded.packets, 3900u);
    // Without any way left there is no route, and the sender is told.
    fabric.GetRouter("spine2")->SetUp(false);
    RunUntil(Seconds(3));
    a.Send({.to = b.place.address});
    RunUntil(Seconds(4));
    EXPECT_EQ(Dropped(fabric, FrameDrop::NoRoute), 1u);
    EXPECT_EQ(a.icmp.size(), 1u);
    fabric.GetRouter("spine1")->SetUp(true);
    RunUntil(Seconds(5));
    a.Send({.to = b.place.address, .id = 77});
    RunUntil(Seconds(6));
    EXPECT_EQ(b.Ids().back(), 77u);
}

TEST_F(FabricFailureTest, WhatIsQueuedAndOnTheWireIsLostWithTheLink)
{
    FabricHelper fabric(1);
    fabric.AddRouter("r1");
    FabricHostConfig config;
    config.link.rate = ns3::DataRate("10Mbps");
    config.link.delay = MilliSeconds(10);
    Host a(fabric, "r1", config);
    Host b(fabric, "r1");
    fabric.Start();
    // 1000 octets and 38 of framing take 0.83 ms: after 20 ms 24 are sent, 12 have arrived.
    for (std::uint32_t i = 0; i < 40; ++i)
    {
        a.SendAt(Seconds(1), {.to = b.place.address, .id = i, .size = 1000});
    }
    RunUntil(MilliSeconds(1020));
    EXPECT_EQ(a.place.link->GetUnderWay(), 28u);
    a.place.device->SetAdminUp(false);
    EXPECT_EQ(a.place.link->GetUnderWay(), 0u);
    EXPECT_EQ(a.place.device->GetSendDrops().Of(FrameDrop::LinkDown).packets, 28u);
    EXPECT_FALSE(a.place.farDevice->IsLinkUp()) << "the far end sees it too";
    a.Send({.to = b.place.address, .id = 99});
    RunUntil(MilliSeconds(1030));
    a.place.device->SetAdminUp(true);
    a.Send({.to = b.place.address, .id = 100, .size = 1000});
    RunUntil(MilliSeconds(1041));
    ASSERT_EQ(b.received.size(), 13u);
    EXPECT_EQ(b.Ids().back(), 100u);
    // The line is free at once: 10 ms and 0.83 ms after it was sent it is at the router.
    EXPECT_LT(b.received.back().at, 1030000000 + 10000000 + 831000 + 5000);
    EXPECT_EQ(a.place.device->GetSendDrops().Of(FrameDrop::LinkDown).packets, 29u);
}

TEST_F(FabricFailureTest, BundleSpreadsFlowsAndLeavesOutADeadMemberAtOnce)
{
    for (const auto hash : {EthernetDevice::LAYER_4, EthernetDevice::LAYER_2})
    {
        FabricHelper fabric(1);
        fabric.AddRouter("r1");
        fabric.AddRouter("r2");
        FabricLinkConfig config;
        config.members = 4;
        config.bundleHash = hash;
        config.delay = MicroSeconds(10);
        const auto link = fabric.Connect("r1", "r2", config);
        Host a(fabric, "r1");
        Host b(fabric, "r2");
        fabric.Start();
        const std::uint32_t count = 4096;
        Stream(a, b, Seconds(1), MicroSeconds(10), count, 4096);
        RunUntil(Seconds(2));
        std::vector<double> sent;
        int used = 0;
        std::uint32_t busiest = 0;
        for (std::uint32_t member = 0; member < 4; ++member)
        {
            sent.push_back(
                static_cast<double>(link->GetFirst()->GetMemberTransmitted(member).packets));
            used += sent.back() > 0;
            busiest = sent.back() > sent[busiest] ? member : busiest;
        }
        if (hash == EthernetDevice::LAYER_2)
        {
            EXPECT_EQ(used, 1) << "between two routers all frames have the same addresses";
        }
        else
        {
            double chi = 0;
            for (const double n : sent)
            {
                chi += (n - count / 4.0) * (n - count / 4.0) / (count / 4.0);
            }
            EXPECT_LT(chi, 35.0) << "3 degrees of freedom: 1e-7";
        }
        EXPECT_EQ(b.received.size(), count);
        // The busiest dies with frames on its wire.
        Stream(a, b, Seconds(1), MicroSeconds(10), count, 4096);
        Simulator::Schedule(
            MilliSeconds(1020), &EthernetLink::SetMemberUp, PeekPointer(link), busiest, false);
        RunUntil(Seconds(4));
        const auto lost = link->GetFirst()->GetSendDrops().Of(FrameDrop::LinkDown).packets;
        EXPECT_LE(lost, 2u) << "10 us of delay at a packet each 10 us";
        EXPECT_EQ(b.received.size(), 2 * count - lost);
        EXPECT_TRUE(link->IsWorking());
        EXPECT_EQ(fabric.GetRouting()->GetComputations(), 1u) << "no route changed";
        const auto before = link->GetFirst()->GetMemberTransmitted(busiest).packets;
        a.Send({.to = b.place.address});
        RunUntil(Seconds(5));
        EXPECT_EQ(link->GetFirst()->GetMemberTransmitted(busiest).packets, before);
        for (std::uint32_t member = 0; member < 4; ++member)
        {
            link->SetMemberUp(member, false);
        }
        EXPECT_FALSE(link->IsWorking());
        Simulator::Destroy();
    }
}

TEST_F(FabricFailureTest, PolarisationIsSeenWhereAllRoutersHashAlike)
{
    // leaf1 - 2 aggregation routers - 2 cores each - leaf2: two choices in a row.
    const auto used = [this](bool same) {
        FabricHelper fabric(1);
        fabric.SetSameHashSeed(same);
        for (const char* name :
             {"leaf1", "agg1", "agg2", "core1", "core2", "core3", "core4", "leaf2"})
        {
            fabric.AddRouter(name);
        }
        fabric.Connect("leaf1", "agg1", {});
        fabric.Connect("leaf1", "agg2", {});
        fabric.Connect("agg1", "core1", {});
        fabric.Connect("agg1", "core2", {});
        fabric.Connect("agg2", "core3", {});
        fabric.Connect("agg2", "core4", {});
        for (const char* core : {"core1", "core2", "core3", "core4"})
        {
            fabric.Connect(core, "leaf2", {});
        }
        Host a(fabric, "leaf1");
        Host b(fabric, "leaf2");
        fabric.Start();
        Stream(a, b, Seconds(1), MicroSeconds(10), 1024, 1024);
        RunUntil(Seconds(2));
        EXPECT_EQ(b.received.size(), 1024u);
        int links = 0;
        for (const char* core : {"core1", "core2", "core3", "core4"})
        {
            links += fabric.GetRouter(core)->GetCounts().forwarded.packets > 0;
        }
        Simulator::Destroy();
        return links;
    };
    EXPECT_EQ(used(true), 2);
    EXPECT_EQ(used(false), 4);
}

TEST_F(FabricFailureTest, LossIsThatOfTheLinksNameWhateverElseIsThere)
{
    const auto lost = [this](bool more, std::uint64_t seed) {
        FabricHelper fabric(seed);
        fabric.AddRouter("r1");
        FabricHostConfig config;
        if (more)
        {
            config.link.forward.loss = 0.3;
            config.name = "other";
            fabric.AttachHost("r1", ns3::CreateObject<ns3::Node>(), config);
        }
        config.name = "lossy";
        config.link.forward.loss = 0.2;
        config.link.backward.loss = 0;
        config.address = *IpAddress::Parse("10.9.9.10");
        Host a(fabric, "r1", config);
        config = {};
        config.address = *IpAddress::Parse("10.9.8.10");
        Host b(fabric, "r1", config);
        fabric.Start();
        Stream(a, b, Seconds(1), MicroSeconds(100), 5000, 1);
        Stream(b, a, Seconds(1), MicroSeconds(100), 5000, 1);
        RunUntil(Seconds(3));
        EXPECT_EQ(a.received.size(), 5000u) << "nothing is lost the other way";
        EXPECT_EQ(Missing(b, 5000).size(),
                  a.place.device->GetSendDrops().Of(FrameDrop::Loss).packets);
        auto missing = Missing(b, 5000);
        Simulator::Destroy();
        return missing;
    };
    const auto alone = lost(false, 1);
    // Five standard deviations of a binomial.
    EXPECT_NEAR(static_cast<double>(alone.size()), 1000, 5 * std::sqrt(5000 * 0.2 * 0.8));
    EXPECT_EQ(lost(true, 1), alone);
    EXPECT_NE(lost(false, 2), alone);
}

TEST_F(FabricFailureTest, RoutesConvergeWhenTheHelperIsGone)
{
    auto fabric = std::make_unique<FabricHelper>(1);
    fabric->LeafSpine(2, 2);
    Host a(*fabric, "leaf1");
    Host b(*fabric, "leaf2");
    fabric->Start();
    const auto link = fabric->GetLink("leaf1.spine1");
    fabric.reset();
    link->SetUp(false);
    Stream(a, b, Seconds(1), MicroSeconds(100), 100, 100);
    RunUntil(Seconds(2));
    EXPECT_EQ(b.received.size(), 100u);
}

TEST_F(FabricFailureTest, QueueHoldsItsLimitAndTakesItsTime)
{
    FabricHelper fabric(1);
    fabric.AddRouter("r1");
    FabricHostConfig config;
    config.link.rate = ns3::DataRate("8Mbps");
    config.link.delay = MilliSeconds(1);
    config.link.queueLimit = 5000;
    Host a(fabric, "r1", config);
    Host b(fabric, "r1");
    fabric.Start();
    for (std::uint32_t i = 0; i < 10; ++i)
    {
        a.SendAt(Seconds(1), {.to = b.place.address, .id = i, .size = 962});
    }
    RunUntil(Seconds(2));
    // A thousand octets each with framing: one on the line, five waiting.
    EXPECT_EQ(b.Ids(), (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5}));
    EXPECT_EQ(a.place.device->GetSendDrops().Of(FrameDrop::QueueFull).packets, 4u);
    EXPECT_EQ(a.place.device->GetBusyTime(), MilliSeconds(6));
    for (std::size_t i = 2; i < 6; ++i) // the first was held up by the question for its address
    {
        EXPECT_EQ(b.received[i].at - b.received[i - 1].at, 1000000);
    }
}

} // namespace
} // namespace weft::tests
