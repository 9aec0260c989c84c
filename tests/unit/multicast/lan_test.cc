// SPDX-License-Identifier: GPL-2.0-only
// Several routers on one link: election, assert, prune override, join suppression.
#include "network.h"

#include <gtest/gtest.h>

namespace weft::multicast::test
{
namespace
{

const IpAddress GROUP = Ip("239.0.3.96");

/// Routers 1 and 2 lead from router 0, which has the source and is the RP, onto a LAN; routers 3
/// and 4 hang on the LAN. From router 4 the way by 2 is forced by cost.
struct Lan
{
    Network network;
    std::size_t up1, up2, lan;
    std::size_t source, onLan, behind3, behind4;

    explicit Lan(std::uint64_t seed = 1) : network(seed)
    {
        for (int i = 0; i < 5; ++i)
        {
            network.AddRouter();
        }
        up1 = network.AddLink({0, 1}, 1ms, 1);
        up2 = network.AddLink({0, 2}, 1ms, 1);
        lan = network.AddLink({1, 2, 3, 4}, 1ms, 1);
        source = network.AddHostAt(0);
        onLan = network.AddHost(lan);
        behind3 = network.AddHostAt(3);
        behind4 = network.AddHostAt(4);
    }

    void
    Start(Mode mode, const std::function<void(std::size_t, RouterConfig&)>& change = {})
    {
        RouterConfig config;
        config.mode = mode;
        config.rps = {{.rp = Network::Loopback(0)}};
        network.Start(config, change);
        network.Run(10s);
    }

    void
    SendFor(int seconds)
    {
        for (int i = 0; i < seconds; ++i)
        {
            network.Send(source, GROUP);
            network.Run(1s);
        }
    }
};

TEST(Lan, HighestPriorityThenHighestAddressIsDesignatedRouter)
{
    Lan plain;
    plain.Start(Mode::Sparse);
    for (const std::size_t r : {1, 2, 3, 4})
    {
        const PortIndex port = plain.network.PortOn(r, plain.lan);
        EXPECT_EQ(plain.network.Router(r).DesignatedRouter(port),
                  plain.network.AddressOf(4, plain.lan));
        EXPECT_EQ(plain.network.Router(r).Neighbours(port).size(), 3u);
    }
    Lan preferred;
    preferred.Start(Mode::Sparse,
                    [](std::size_t r, RouterConfig& c) { c.drPriority = r == 2 ? 7 : 1; });
    const PortIndex port = preferred.network.PortOn(3, preferred.lan);
    EXPECT_EQ(preferred.network.Router(3).DesignatedRouter(port),
              preferred.network.AddressOf(2, preferred.lan));
    // It falls silent: after its holdtime of 105 s the next one takes over.
    preferred.network.Kill(2, NEVER);
    preferred.network.Run(70s);
    EXPECT_EQ(preferred.network.Router(3).DesignatedRouter(port),
              preferred.network.AddressOf(2, preferred.lan));
    preferred.network.Run(40s);
    EXPECT_EQ(preferred.network.Router(3).DesignatedRouter(port),
              preferred.network.AddressOf(4, preferred.lan));
}

TEST(Lan, LowestAddressIsQuerier)
{
    Lan l;
    l.Start(Mode::Sparse);
    for (const std::size_t r : {1, 2, 3, 4})
    {
        EXPECT_EQ(l.network.Router(r).IsQuerier(l.network.PortOn(r, l.lan)), r == 1) << r;
    }
    l.network.Kill(1, NEVER);
    l.network.Run(400s); // other querier present interval: 255 s
    EXPECT_TRUE(l.network.Router(2).IsQuerier(l.network.PortOn(2, l.lan)));
    EXPECT_FALSE(l.network.Router(3).IsQuerier(l.network.PortOn(3, l.lan)));
}

/// Downstream routers join different upstream routers; both forward, until assert settles it.
TEST(Lan, AssertLeavesOneForwarder)
{
    Lan l;
    // Two ways of equal cost: who joins whom is forced by letting router 4 see the way by 1 die.
    l.Start(Mode::Sparse, [](std::size_t, RouterConfig& c) { c.sptSwitch = SptSwitch::Never; });
    l.network.Watch();
    // Hand-made Join of router 4 to router 2, while router 3 joined router 1.
    l.network.Join(l.behind3, GROUP);
    l.network.Run(1s);
    PimJoinPrune join;
    join.upstream = l.network.AddressOf(2, l.lan);
    join.holdtime = 210;
    join.groups.push_back(
        {.group = GROUP,
         .joins = {{.address = Network::Loopback(0), .wildcard = true, .rpTree = true}},
         .prunes = {}});
    Bytes packet;
    AppendPimPacket(packet, l.network.AddressOf(4, l.lan), Ip("224.0.0.13"), join);
    l.network.SendRaw(l.onLan, packet);
    l.network.Run(100ms);
    const auto first = l.network.Send(l.source, GROUP);
    l.network.Run(500ms);
    EXPECT_EQ(l.network.Crossings(l.lan, first), 2u) << "both forwarded";
    const auto second = l.network.Send(l.source, GROUP);
    l.network.Run(500ms);
    EXPECT_EQ(l.network.Crossings(l.lan, second), 1u) << "the assert's winner alone";
    EXPECT_EQ(l.network.Received(l.behind3, second), 1u);
    const auto asserts = l.network.Seen<PimAssert>();
    ASSERT_GE(asserts.size(), 1u);
    // Equal metrics: the highest address wins, router 2; router 3 joins it then.
    l.SendFor(5);
    const auto third = l.network.Send(l.source, GROUP);
    l.network.Run(500ms);
    EXPECT_EQ(l.network.Crossings(l.lan, third), 1u);
    EXPECT_EQ(l.network.Crossings(l.up2, third), 1u);
    EXPECT_EQ(l.network.Crossings(l.up1, third), 0u) << "the loser has nobody left to serve";
}

TEST(Lan, APruneIsOverriddenByWhoStillWants)
{
    Lan l;
    l.Start(Mode::Sparse);
    l.network.Join(l.behind3, GROUP);
    l.network.Join(l.behind4, GROUP);
    l.network.Run(5s);
    l.SendFor(5);
    l.network.Watch();
    const TimeNs since = l.network.Now();
    l.network.Leave(l.behind4, GROUP);
    std::vector<std::uint32_t> ids;
    for (int i = 0; i < 100; ++i)
    {
        ids.push_back(l.network.Send(l.source, GROUP));
        l.network.Run(100ms);
    }
    for (const auto id : ids)
    {
        EXPECT_EQ(l.network.Received(l.behind3, id), 1u) << "not one packet is lost by the prune";
    }
    bool pruned = false;
    bool overridden = false;
    for (const auto& [sighting, message] : l.network.Seen<PimJoinPrune>(since))
    {
        for (const auto& record : message.groups)
        {
            pruned = pruned ||
                     (!record.prunes.empty() && sighting.from == l.network.AddressOf(4, l.lan));
            overridden = overridden || (pruned && !record.joins.empty() &&
                                        sighting.from == l.network.AddressOf(3, l.lan));
        }
    }
    EXPECT_TRUE(pruned);
    EXPECT_TRUE(overridden);
    // And when the last one goes, it takes the override interval of 3 s, not longer.
    l.network.Leave(l.behind3, GROUP);
    l.network.Run(2s + 3s + 200ms);
    const auto id = l.network.Send(l.source, GROUP);
    l.network.Run(1s);
    EXPECT_EQ(l.network.Crossings(l.lan, id), 0u);
}

TEST(Lan, JoinsSuppressEachOther)
{
    Lan l;
    l.Start(Mode::Sparse, [](std::size_t, RouterConfig& c) { c.sptSwitch = SptSwitch::Never; });
    l.network.Join(l.behind3, GROUP);
    l.network.Join(l.behind4, GROUP);
    l.network.Run(100s);
    l.network.Watch();
    const TimeNs since = l.network.Now();
    l.network.Run(1200s);
    std::size_t joins = 0;
    for (const auto& [sighting, message] : l.network.Seen<PimJoinPrune>(since))
    {
        joins += sighting.link == l.lan && !message.groups[0].joins.empty() ? 1 : 0;
    }
    // Two routers unsuppressed send 40; one of them alone 20.
    EXPECT_GE(joins, 18u);
    EXPECT_LE(joins, 26u);
}

TEST(Lan, HostsAreServedByOneRouterOnly)
{
    Lan l;
    l.Start(Mode::Sparse);
    l.network.Join(l.onLan, GROUP);
    l.network.Run(5s);
    l.SendFor(10);
    const auto id = l.network.Send(l.source, GROUP);
    l.network.Run(1s);
    EXPECT_EQ(l.network.Received(l.onLan, id), 1u);
    EXPECT_EQ(l.network.Crossings(l.lan, id), 1u);
}

} // namespace
} // namespace weft::multicast::test
