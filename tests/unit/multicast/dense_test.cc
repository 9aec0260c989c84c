// SPDX-License-Identifier: GPL-2.0-only
// PIM dense mode between routers in memory.
#include "network.h"

#include <gtest/gtest.h>

namespace weft::multicast::test
{
namespace
{

const IpAddress GROUP = Ip("239.0.3.96");

/// A chain of routers with a branch: source 0 - 1 - 2 receiver, 1 - 3 nobody.
struct Branch
{
    Network network;
    std::size_t trunk, toMember, toNobody, source, member, other;

    explicit Branch(const std::function<void(RouterConfig&)>& change = {})
    {
        for (int i = 0; i < 4; ++i)
        {
            network.AddRouter();
        }
        trunk = network.AddLink({0, 1});
        toMember = network.AddLink({1, 2});
        toNobody = network.AddLink({1, 3});
        source = network.AddHostAt(0);
        member = network.AddHostAt(2);
        other = network.AddHostAt(3);
        RouterConfig config;
        config.mode = Mode::Dense;
        if (change)
        {
            change(config);
        }
        network.Start(config);
        network.Run(10s);
    }

    std::uint32_t
    SendAndWait(TimeNs wait = 1s)
    {
        const auto id = network.Send(source, GROUP);
        network.Run(wait);
        return id;
    }
};

TEST(Dense, TheFirstPacketFloodsAndTheSecondDoesNot)
{
    Branch b;
    b.network.Join(b.member, GROUP);
    b.network.Run(1s);
    const auto first = b.SendAndWait();
    EXPECT_EQ(b.network.Received(b.member, first), 1u) << "no tree has to be built first";
    EXPECT_EQ(b.network.Crossings(b.toNobody, first), 1u);
    const auto second = b.SendAndWait();
    EXPECT_EQ(b.network.Received(b.member, second), 1u);
    EXPECT_EQ(b.network.Crossings(b.toNobody, second), 0u) << "pruned";
}

TEST(Dense, NobodyWantsItAndItEndsAtTheFirstRouter)
{
    Branch b;
    b.SendAndWait();
    const auto second = b.SendAndWait();
    EXPECT_EQ(b.network.Crossings(b.trunk, second), 0u);
    EXPECT_EQ(b.network.Router(0).Counters().dataDrops.Of(DropReason::Pruned), 1u);
}

TEST(Dense, AGraftBringsAPrunedBranchBack)
{
    Branch b;
    b.SendAndWait();
    b.SendAndWait();
    b.network.Join(b.other, GROUP);
    b.network.Run(20ms); // report, graft, graft: 1 ms each
    const auto id = b.SendAndWait();
    EXPECT_EQ(b.network.Received(b.other, id), 1u);
    EXPECT_EQ(b.network.Crossings(b.toMember, id), 0u);
}

TEST(Dense, ALostGraftIsRepeated)
{
    Branch b;
    b.SendAndWait();
    b.SendAndWait();
    // Grafts travel by unicast; the acknowledgement is what gets lost here.
    b.network.Kill(1, NEVER);
    b.network.Watch();
    b.network.Join(b.other, GROUP);
    b.network.Run(10s);
    std::size_t grafts = 0;
    for (const auto& [sighting, message] : b.network.Seen<PimJoinPrune>())
    {
        grafts += message.type == PimType::Graft ? 1 : 0;
    }
    EXPECT_EQ(grafts, 4u) << "at once, then every 3 s";
}

TEST(Dense, StateRefreshKeepsPrunesAlive)
{
    Branch b;
    std::uint32_t crossings = 0;
    for (int i = 0; i < 700; ++i)
    {
        crossings += b.network.Crossings(b.trunk, b.SendAndWait());
    }
    EXPECT_EQ(crossings, 1u) << "the flood of the first packet alone";
    EXPECT_GE(b.network.Router(0).Counters().stateRefreshesOut, 10u);
}

TEST(Dense, WithoutStateRefreshItFloodsAgainEvery210Seconds)
{
    Branch b([](RouterConfig& config) { config.stateRefresh = false; });
    std::vector<int> floods;
    for (int i = 0; i < 700; ++i)
    {
        if (b.network.Crossings(b.toNobody, b.SendAndWait()) > 0)
        {
            floods.push_back(i);
        }
    }
    ASSERT_GE(floods.size(), 3u);
    for (std::size_t i = 1; i < floods.size(); ++i)
    {
        if (floods[i] - floods[i - 1] > 1)
        {
            EXPECT_NEAR(floods[i] - floods[i - 1], 210, 5);
        }
    }
    EXPECT_EQ(b.network.Router(0).Counters().stateRefreshesOut, 0u);
}

TEST(Dense, ALoopIsCutByAsserts)
{
    Network network;
    for (int i = 0; i < 3; ++i)
    {
        network.AddRouter();
    }
    network.AddLink({0, 1});
    network.AddLink({0, 2});
    const auto cross = network.AddLink({1, 2});
    const auto source = network.AddHostAt(0);
    const auto a = network.AddHostAt(1);
    const auto b = network.AddHostAt(2);
    RouterConfig config;
    config.mode = Mode::Dense;
    network.Start(config);
    network.Run(10s);
    network.Join(a, GROUP);
    network.Join(b, GROUP);
    network.Run(1s);
    const auto first = network.Send(source, GROUP);
    network.Run(1s);
    EXPECT_EQ(network.Crossings(cross, first), 2u) << "both flood the link between them";
    EXPECT_EQ(network.Received(a, first), 1u);
    EXPECT_EQ(network.Received(b, first), 1u);
    network.Run(5s);
    const auto second = network.Send(source, GROUP);
    network.Run(1s);
    EXPECT_EQ(network.Crossings(cross, second), 0u);
    EXPECT_EQ(network.Received(a, second), 1u);
    EXPECT_EQ(network.Received(b, second), 1u);
}

} // namespace
} // namespace weft::multicast::test
