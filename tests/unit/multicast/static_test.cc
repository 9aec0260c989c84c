// SPDX-License-Identifier: GPL-2.0-only
// Static trees: computed, installed, followed.
#include "planned_network.h"

#include <gtest/gtest.h>

namespace weft::multicast::test
{
namespace
{

const IpAddress GROUP = Ip("239.0.3.96");

/// Two spines (0, 1), four leaves (2 to 5) with a host each.
struct LeafSpine
{
    Network network;
    std::vector<std::size_t> hosts;
    std::unique_ptr<PlannedNetwork> planned;

    LeafSpine()
    {
        for (int i = 0; i < 6; ++i)
        {
            network.AddRouter();
        }
        for (std::size_t leaf = 2; leaf < 6; ++leaf)
        {
            network.AddLink({leaf, 0});
            network.AddLink({leaf, 1});
        }
        for (std::size_t leaf = 2; leaf < 6; ++leaf)
        {
            hosts.push_back(network.AddHostAt(leaf));
        }
        RouterConfig config;
        config.mode = Mode::Static;
        network.Watch();
        network.Start(config);
        planned = std::make_unique<PlannedNetwork>(network, 8, 0);
        network.Run(1s);
    }

    /// @return copies of a packet on the links between routers
    unsigned
    Crossings(std::uint32_t id) const
    {
        unsigned sum = 0;
        for (std::size_t link = 0; link < 8; ++link)
        {
            sum += network.Crossings(link, id);
        }
        return sum;
    }
};

TEST(StaticTrees, CrossEveryMembersLeafOnceAndSendNothing)
{
    LeafSpine f;
    for (const auto host : f.hosts)
    {
        f.network.Join(host, GROUP);
    }
    f.network.Run(100ms);
    const auto id = f.network.Send(f.hosts[0], GROUP);
    f.network.Run(100ms);
    for (std::size_t i = 1; i < 4; ++i)
    {
        EXPECT_EQ(f.network.Received(f.hosts[i], id), 1u);
    }
    EXPECT_EQ(f.Crossings(id), 4u) << "N leaves, N crossings: one up, N - 1 down";
    EXPECT_TRUE(f.network.Seen<PimHello>().empty());
    EXPECT_TRUE(f.network.Seen<PimJoinPrune>().empty());
}

TEST(StaticTrees, FollowMembersByIgmp)
{
    LeafSpine f;
    f.network.Join(f.hosts[1], GROUP);
    f.network.Run(10ms);
    const auto first = f.network.Send(f.hosts[0], GROUP);
    f.network.Run(100ms);
    EXPECT_EQ(f.network.Received(f.hosts[1], first), 1u) << "its source is no member";
    EXPECT_EQ(f.Crossings(first), 2u);
    f.network.Leave(f.hosts[1], GROUP);
    f.network.Run(2500ms);
    const auto second = f.network.Send(f.hosts[0], GROUP);
    f.network.Run(100ms);
    EXPECT_EQ(f.Crossings(second), 1u) << "to the root, where it ends";
    EXPECT_EQ(f.network.Router(0).Counters().dataDrops.Of(DropReason::NoState), 1u);
    EXPECT_TRUE(f.network.Router(0).Entries().empty());
    EXPECT_TRUE(f.network.Router(3).Entries().empty());
}

TEST(StaticTrees, GoAroundAFailedLink)
{
    LeafSpine f;
    f.network.Join(f.hosts[1], GROUP);
    f.network.Run(100ms);
    f.network.SetLinkUp(0, false, NEVER); // leaf of the source to the root
    f.planned->SetLinkUp(0, false);
    const auto id = f.network.Send(f.hosts[0], GROUP);
    f.network.Run(100ms);
    EXPECT_EQ(f.network.Received(f.hosts[1], id), 1u);
    EXPECT_EQ(f.Crossings(id), 3u) << "by the other spine to the member's leaf, and to the root";
}

TEST(StaticTreePlanner, RefusesWhatMakesNoSense)
{
    StaticTreePlanner planner;
    planner.AddRouter();
    EXPECT_THROW(planner.AddLink(0, 0, 1, 0, 1), std::invalid_argument);
    EXPECT_THROW(planner.SetRoot(1), std::invalid_argument);
    planner.AddRouter();
    EXPECT_THROW(planner.AddLink(0, 0, 1, 0, 0), std::invalid_argument);
    planner.AddLink(0, 0, 1, 0, 1);
    planner.SetRoot(0);
    EXPECT_EQ(planner.Upstream(0), NO_PORT);
    EXPECT_EQ(planner.Upstream(1), 0);
}

} // namespace
} // namespace weft::multicast::test
