// SPDX-License-Identifier: GPL-2.0-only
// PIM sparse mode between routers in memory: trees, Register, latencies, failures.
#include "network.h"

#include <gtest/gtest.h>

namespace weft::multicast::test
{
namespace
{

const IpAddress GROUP = Ip("239.0.3.96");

RouterConfig
Sparse(const IpAddress& rp)
{
    RouterConfig config;
    config.mode = Mode::Sparse;
    config.rps = {{.rp = rp}};
    return config;
}

/// source - first hop 0 - {RP 1, short cut 2} - last hop 3 - receiver; the way by 2 is the shorter.
struct Diamond
{
    Network network;
    std::size_t toRp, fromRp, toShort, fromShort;
    std::size_t source, receiver;

    explicit Diamond(TimeNs rpDelay = 5ms, std::uint64_t seed = 1) : network(seed)
    {
        for (int i = 0; i < 4; ++i)
        {
            network.AddRouter();
        }
        toRp = network.AddLink({0, 1}, rpDelay, 10);
        fromRp = network.AddLink({1, 3}, rpDelay, 10);
        toShort = network.AddLink({0, 2}, 1ms, 1);
        fromShort = network.AddLink({2, 3}, 1ms, 1);
        source = network.AddHostAt(0);
        receiver = network.AddHostAt(3);
    }

    void
    Start(const std::function<void(RouterConfig&)>& change = {})
    {
        RouterConfig config = Sparse(Network::Loopback(1));
        if (change)
        {
            change(config);
        }
        network.Start(config);
        network.Run(10s);
        network.Join(receiver, GROUP);
        network.Run(5s);
    }
};

TEST(Sparse, SharedTreeThenTheSourcesOwn)
{
    Diamond d;
    d.Start();
    const auto first = d.network.Send(d.source, GROUP);
    d.network.Run(1s);
    EXPECT_EQ(d.network.Received(d.receiver, first), 1u) << "the RP forwards the Register's packet";
    EXPECT_EQ(d.network.Crossings(d.toRp, first), 0u) << "to the RP it went encapsulated";
    EXPECT_EQ(d.network.Crossings(d.fromRp, first), 1u);
    EXPECT_EQ(d.network.Router(0).Counters().registersOut, 1u);
    const auto second = d.network.Send(d.source, GROUP);
    d.network.Run(1s);
    EXPECT_EQ(d.network.Received(d.receiver, second), 1u);
    EXPECT_EQ(d.network.Crossings(d.fromShort, second), 1u) << "the last hop joined the source";
    EXPECT_EQ(d.network.Router(3).Counters().dataDrops.Of(DropReason::RpfFailed), 1u)
        << "and drops what the shared tree still brings";
    const auto third = d.network.Send(d.source, GROUP);
    d.network.Run(1s);
    EXPECT_EQ(d.network.Received(d.receiver, third), 1u);
    EXPECT_EQ(d.network.Crossings(d.fromRp, third), 0u) << "until it is pruned off";
    EXPECT_EQ(d.network.Crossings(d.toRp, third), 0u) << "and the RP, without listeners, too";
    EXPECT_EQ(d.network.Crossings(d.fromShort, third), 1u);
}

TEST(Sparse, SwitchOverMayDuplicateOnePacketWhenTheSharedTreeIsFaster)
{
    Diamond d(100us);
    d.Start();
    std::vector<unsigned> received;
    for (int i = 0; i < 5; ++i)
    {
        const auto id = d.network.Send(d.source, GROUP);
        d.network.Run(1s);
        received.push_back(d.network.Received(d.receiver, id));
    }
    EXPECT_EQ(received, (std::vector<unsigned>{1, 2, 1, 1, 1}));
}

TEST(Sparse, FirstPacketIsLostWhereRegistersAreNotForwarded)
{
    Diamond d;
    d.Start([](RouterConfig& config) { config.registerForwarding = false; });
    d.network.Watch();
    const auto first = d.network.Send(d.source, GROUP);
    d.network.Run(1s);
    const auto second = d.network.Send(d.source, GROUP);
    const TimeNs sent = d.network.Now();
    d.network.Run(1s);
    EXPECT_EQ(d.network.Received(d.receiver, first), 0u);
    EXPECT_EQ(d.network.Received(d.receiver, second), 1u) << "natively, by the tree then built";
    EXPECT_EQ(d.network.Router(1).Counters().dataDrops.Of(DropReason::RegisterNotForwarded), 1u);
    const auto stops = d.network.Seen<PimRegisterStop>();
    ASSERT_EQ(stops.size(), 1u);
    // The second Register meets the first native packet at the RP, 5 ms away: as seen live, the
    // stop follows at once.
    EXPECT_GE(stops[0].first.at, sent + 5ms);
    EXPECT_LE(stops[0].first.at, sent + 6ms);
}

TEST(Sparse, NeverSwitchingStaysOnTheSharedTree)
{
    Diamond d;
    d.Start([](RouterConfig& config) { config.sptSwitch = SptSwitch::Never; });
    for (int i = 0; i < 10; ++i)
    {
        const auto id = d.network.Send(d.source, GROUP);
        d.network.Run(1s);
        EXPECT_EQ(d.network.Received(d.receiver, id), 1u) << i;
        EXPECT_EQ(d.network.Crossings(d.fromRp, id), 1u) << i;
        EXPECT_EQ(d.network.Crossings(d.fromShort, id), 0u) << i;
    }
    EXPECT_LE(d.network.Router(0).Counters().registersOut, 2u) << "the RP joined the source";
}

TEST(Sparse, ThresholdSwitchesOnceTheSourceIsFast)
{
    Diamond d;
    d.Start([](RouterConfig& config) {
        config.sptSwitch = SptSwitch::Threshold;
        config.sptThreshold = 64'000;
    });
    std::uint32_t id = 0;
    for (int i = 0; i < 20; ++i) // 84-octet packets, 10 a second: 6.7 kbit/s
    {
        id = d.network.Send(d.source, GROUP);
        d.network.Run(100ms);
    }
    EXPECT_EQ(d.network.Crossings(d.fromShort, id), 0u);
    for (int i = 0; i < 20; ++i) // 1020-octet packets, 10 a second: 82 kbit/s
    {
        id = d.network.Send(d.source, GROUP, 32, 1000);
        d.network.Run(100ms);
    }
    EXPECT_EQ(d.network.Crossings(d.fromShort, id), 1u);
    EXPECT_EQ(d.network.Crossings(d.fromRp, id), 0u);
}

TEST(Sparse, NobodyListensAndTheRegisterIsStoppedAtOnce)
{
    Diamond d;
    d.network.Start(Sparse(Network::Loopback(1)));
    d.network.Run(10s);
    d.network.Watch();
    for (int i = 0; i < 5; ++i)
    {
        d.network.Send(d.source, GROUP);
        d.network.Run(1s);
    }
    EXPECT_EQ(d.network.Router(0).Counters().registersOut, 1u);
    EXPECT_EQ(d.network.Router(0).Counters().registerStopsIn, 1u);
    EXPECT_EQ(d.network.Router(0).Counters().dataDrops.Of(DropReason::NoListener), 4u);
    // While the source sends, null Registers probe every 30 to 90 s (RFC 7761 section 4.4.1).
    for (int i = 0; i < 600; ++i)
    {
        d.network.Send(d.source, GROUP);
        d.network.Run(1s);
    }
    EXPECT_GE(d.network.Router(0).Counters().nullRegistersOut, 600u / 95);
    EXPECT_LE(d.network.Router(0).Counters().nullRegistersOut, 600u / 25);
    EXPECT_EQ(d.network.Router(0).Counters().registersOut, 1u);
    // A receiver who comes now is served by the state that the probes keep.
    d.network.Join(d.receiver, GROUP);
    d.network.Run(100ms);
    const auto id = d.network.Send(d.source, GROUP);
    d.network.Run(1s);
    EXPECT_EQ(d.network.Received(d.receiver, id), 1u);
}

TEST(Sparse, JoinLatencyIsThePathAndLeaveLatencyTheLastMemberQueryTime)
{
    Diamond d;
    d.Start();
    std::vector<std::uint32_t> ids;
    for (int i = 0; i < 5; ++i)
    {
        d.network.Send(d.source, GROUP);
        d.network.Run(1s);
    }
    d.network.Leave(d.receiver, GROUP);
    const TimeNs left = d.network.Now();
    TimeNs last{0};
    for (int i = 0; i < 500; ++i)
    {
        const auto id = d.network.Send(d.source, GROUP);
        const TimeNs at = d.network.Now();
        d.network.Run(10ms);
        last = d.network.Crossings(d.network.HostLink(d.receiver), id) > 0 ? at : last;
    }
    EXPECT_GE(last - left, 1980ms) << "last member query time: two queries, a second apart";
    EXPECT_LE(last - left, 2020ms);
    EXPECT_FALSE(d.network.Router(3).HasMember(2, GROUP));
    d.network.Join(d.receiver, GROUP);
    const TimeNs joined = d.network.Now();
    TimeNs first = NEVER;
    for (int i = 0; i < 500 && first == NEVER; ++i)
    {
        const auto id = d.network.Send(d.source, GROUP);
        d.network.Run(10ms);
        first = d.network.ReceivedAt(d.receiver, id);
    }
    EXPECT_LE(first - joined, 60ms) << "report 1 ms, join to the RP and on to the source 15 ms";
}

TEST(Sparse, StateOfASilentSourceGoesAfterItsKeepalives)
{
    Diamond d;
    d.Start();
    for (int i = 0; i < 3; ++i)
    {
        d.network.Send(d.source, GROUP);
        d.network.Run(1s);
    }
    const auto hasSource = [&d](std::size_t router) {
        const auto entries = d.network.Router(router).Entries();
        return std::any_of(
            entries.begin(), entries.end(), [](const RouteEntry& e) { return !e.source.IsNone(); });
    };
    d.network.Run(200s);
    EXPECT_TRUE(hasSource(0));
    EXPECT_TRUE(hasSource(3));
    d.network.Run(20s);
    EXPECT_FALSE(hasSource(3));
    EXPECT_FALSE(hasSource(2)) << "the last hop pruned it when it forgot";
    EXPECT_TRUE(hasSource(0)) << "the RP was told by null Registers until the keepalive ended";
    d.network.Run(185s);
    EXPECT_FALSE(hasSource(0));
    EXPECT_FALSE(hasSource(1));
    ASSERT_EQ(d.network.Router(3).Entries().size(), 1u) << "the shared tree stays";
    const auto id = d.network.Send(d.source, GROUP);
    d.network.Run(1s);
    EXPECT_EQ(d.network.Received(d.receiver, id), 1u) << "by Register again";
}

TEST(Sparse, SourceSpecificMembersNeedNoRendezvousPoint)
{
    Diamond d;
    d.network.Start(Sparse(Network::Loopback(1)));
    d.network.Run(10s);
    const IpAddress group = Ip("232.1.1.1");
    netbase::IgmpMessage report;
    report.type = netbase::IgmpType::V3Report;
    report.records = {
        {netbase::IgmpRecordType::AllowNewSources, group, {d.network.HostAddress(d.source)}}};
    Bytes packet;
    netbase::AppendIgmpPacket(packet, d.network.HostAddress(d.receiver), Ip("224.0.0.22"), report);
    d.network.SendRaw(d.receiver, packet);
    d.network.Run(1s);
    const auto id = d.network.Send(d.source, group);
    d.network.Run(1s);
    EXPECT_EQ(d.network.Crossings(d.network.HostLink(d.receiver), id), 1u);
    EXPECT_EQ(d.network.Crossings(d.fromShort, id), 1u);
    EXPECT_EQ(d.network.Router(0).Counters().registersOut, 0u);
}

TEST(Sparse, DeadRendezvousPointLeavesSourcesTreesAndStopsNewSources)
{
    Diamond d;
    const auto other = d.network.AddHostAt(2);
    d.Start();
    for (int i = 0; i < 4; ++i)
    {
        d.network.Send(d.source, GROUP);
        d.network.Run(1s);
    }
    d.network.Kill(1);
    d.network.Run(2s);
    const auto known = d.network.Send(d.source, GROUP);
    const auto unknown = d.network.Send(other, GROUP);
    d.network.Run(2s);
    EXPECT_EQ(d.network.Received(d.receiver, known), 1u) << "its own tree does not touch the RP";
    EXPECT_EQ(d.network.Received(d.receiver, unknown), 0u) << "nobody knows of this one";
}

TEST(Sparse, LinkFailureMovesTheTreeWithTheRoutes)
{
    Diamond d;
    d.Start();
    for (int i = 0; i < 4; ++i)
    {
        d.network.Send(d.source, GROUP);
        d.network.Run(1s);
    }
    d.network.SetLinkUp(d.toShort, false, 200ms);
    std::vector<std::uint32_t> ids;
    const TimeNs cut = d.network.Now();
    for (int i = 0; i < 100; ++i)
    {
        ids.push_back(d.network.Send(d.source, GROUP));
        d.network.Run(10ms);
    }
    d.network.Run(1s);
    unsigned lost = 0;
    for (const auto id : ids)
    {
        lost += d.network.Received(d.receiver, id) == 0 ? 1 : 0;
        EXPECT_LE(d.network.Received(d.receiver, id), 1u);
    }
    EXPECT_GE(lost, 20u) << "until routes converge";
    EXPECT_LE(lost, 24u) << "then a join across two links";
    EXPECT_EQ(d.network.Crossings(d.fromRp, ids.back()), 1u);
    // And back.
    d.network.SetLinkUp(d.toShort, true, 200ms);
    d.network.Run(10s);
    const auto id = d.network.Send(d.source, GROUP);
    d.network.Run(1s);
    EXPECT_EQ(d.network.Received(d.receiver, id), 1u);
    EXPECT_EQ(d.network.Crossings(d.fromShort, id), 1u);
    EXPECT_GT(d.network.Now(), cut);
}

TEST(Sparse, SourceAtTheRendezvousPointNeedsNoRegister)
{
    Diamond d;
    const auto source = d.network.AddHostAt(1);
    d.Start();
    for (int i = 0; i < 4; ++i)
    {
        const auto id = d.network.Send(source, GROUP);
        d.network.Run(1s);
        EXPECT_EQ(d.network.Received(d.receiver, id), 1u) << i;
    }
    EXPECT_EQ(d.network.Router(1).Counters().registersOut, 0u);
    EXPECT_EQ(d.network.Router(1).Counters().registersIn, 0u);
}

TEST(Sparse, PeriodicJoinsKeepTheTree)
{
    Diamond d;
    d.Start();
    d.network.Run(1000s);
    const auto id = d.network.Send(d.source, GROUP);
    d.network.Run(1s);
    EXPECT_EQ(d.network.Received(d.receiver, id), 1u);
    // Without them the RP forgets after the holdtime.
    d.network.loses = [&d](std::size_t link, std::size_t receiver, ByteView) {
        return link == d.fromRp && receiver == 1;
    };
    d.network.Run(150s);
    ASSERT_FALSE(d.network.Router(1).Entries().empty());
    d.network.Run(61s);
    EXPECT_TRUE(d.network.Router(1).Entries().empty() ||
                d.network.Router(1).Entries()[0].outgoing.empty());
}

} // namespace
} // namespace weft::multicast::test
