// SPDX-License-Identifier: GPL-2.0-only
// The router as its host sees it: configuration refused, packets refused by name, the cache, the
// changes of tables.
#include "network.h"

#include <gtest/gtest.h>

namespace weft::multicast::test
{
namespace
{

const IpAddress GROUP = Ip("239.0.3.96");

struct NoRoutes : UnicastView
{
    std::optional<UnicastRoute>
    RouteTo(const IpAddress&) const override
    {
        return std::nullopt;
    }
};

RouterConfig
Good()
{
    RouterConfig config;
    config.ports = {{.address = Ip("10.0.0.1")}, {.address = Ip("10.0.1.1")}};
    config.rps = {{.rp = Ip("10.255.0.1")}};
    return config;
}

TEST(Router, RefusesBadConfigurationByName)
{
    const NoRoutes view;
    const auto refused = [&view](const std::string& field, auto&& change) {
        RouterConfig config = Good();
        change(config);
        try
        {
            const MulticastRouter router(config, view, 0s);
            ADD_FAILURE() << field << " was taken";
        }
        catch (const std::invalid_argument& error)
        {
            EXPECT_EQ(std::string(error.what()).rfind(field, 0), 0u) << error.what();
        }
    };
    EXPECT_NO_THROW(MulticastRouter(Good(), view, 0s));
    refused("rps", [](RouterConfig& c) { c.rps.clear(); });
    refused("rps[0].rp", [](RouterConfig& c) { c.rps[0].rp = GROUP; });
    refused("rps[0].groups", [](RouterConfig& c) { c.rps[0].groups = {Ip("10.0.0.0"), 8}; });
    refused("ports[1].address", [](RouterConfig& c) { c.ports[1].address = Ip("2001:db8::1"); });
    refused("ports[0].prefixLength", [](RouterConfig& c) { c.ports[0].prefixLength = 33; });
    refused("address", [](RouterConfig& c) { c.address = GROUP; });
    refused("igmpVersion", [](RouterConfig& c) { c.igmpVersion = 1; });
    refused("sptThreshold", [](RouterConfig& c) { c.sptSwitch = SptSwitch::Threshold; });
    refused("mtu", [](RouterConfig& c) { c.mtu = 500; });
    refused("maxSources", [](RouterConfig& c) { c.maxSources = 0; });
    refused("pim.hello", [](RouterConfig& c) { c.pim.hello = 0s; });
    refused("pim.assertTime", [](RouterConfig& c) { c.pim.assertTime = 1s; });
    refused("igmp.robustness", [](RouterConfig& c) { c.igmp.robustness = 8; });
    refused("igmp.queryResponse", [](RouterConfig& c) { c.igmp.queryResponse = 200s; });
    refused("igmp.lastMemberCount", [](RouterConfig& c) { c.igmp.lastMemberCount = 0; });
}

Bytes
Data(const IpAddress& source, const IpAddress& group, std::uint8_t ttl = 10)
{
    Bytes packet;
    netbase::AppendIpv4Packet(
        packet, {.ttl = ttl, .protocol = 17, .source = source, .destination = group}, Bytes(20));
    return packet;
}

TEST(Router, EveryRefusalHasItsReasonAndItsCount)
{
    Network network;
    network.AddRouter();
    network.AddRouter();
    network.AddLink({0, 1});
    network.AddLink({0});
    RouterConfig config;
    config.rps = {{.groups = {Ip("239.0.0.0"), 8}, .rp = Network::Loopback(0)}};
    network.Start(config);
    network.Run(10s);
    MulticastRouter& router = network.Router(0);
    const TimeNs now = network.Now();
    const IpAddress host = Ip("10.0.1.100");
    std::uint64_t dataDrops = router.Counters().dataDrops.Total();
    const auto give = [&](PortIndex port, const Bytes& packet) {
        const Verdict verdict = router.OnPacket(port, packet, now);
        EXPECT_TRUE(verdict.ports.empty());
        return verdict.reason;
    };
    EXPECT_EQ(give(1, Data(host, Ip("224.0.0.251"))), DropReason::LinkLocal);
    EXPECT_EQ(give(1, Data(host, GROUP, 1)), DropReason::TtlExpired);
    EXPECT_EQ(give(1, Data(host, Ip("10.0.0.9"))), DropReason::NotMulticast);
    EXPECT_EQ(give(7, Data(host, GROUP)), DropReason::PortDown);
    EXPECT_EQ(give(1, Data(GROUP, GROUP)), DropReason::BadHeader);
    EXPECT_EQ(give(1, Data(host, Ip("238.1.1.1"))), DropReason::NoRp);
    EXPECT_EQ(give(0, Data(Ip("10.7.7.7"), GROUP)), DropReason::NoState);
    EXPECT_EQ(give(1, Data(host, GROUP)), DropReason::NoListener);
    Bytes bad = Data(host, GROUP);
    bad[10] ^= 1;
    EXPECT_EQ(give(1, bad), DropReason::BadChecksum);
    EXPECT_EQ(give(1, Bytes(bad.begin(), bad.begin() + 10)), DropReason::Truncated);
    dataDrops += 10;
    EXPECT_EQ(router.Counters().dataDrops.Total(), dataDrops);

    const auto control = [&](const IpAddress& from, const IpAddress& to, const PimMessage& m) {
        Bytes packet;
        AppendPimPacket(packet, from, to, m);
        return give(0, packet);
    };
    const IpAddress peer = network.AddressOf(1, 0);
    const IpAddress all = Ip("224.0.0.13");
    EXPECT_EQ(control(Ip("10.0.0.77"), all, PimJoinPrune{}), DropReason::NoNeighbour);
    EXPECT_EQ(control(network.AddressOf(0, 0), all, PimHello{}), DropReason::OwnPacket);
    EXPECT_EQ(
        control(peer,
                all,
                PimStateRefresh{GROUP, host, host, false, 0, 0, 0, 0, false, false, false, 60}),
        DropReason::WrongMode);
    EXPECT_EQ(control(peer, all, PimDfElection{DfKind::Offer, Network::Loopback(0), {}, {}, {}, 0}),
              DropReason::WrongMode);
    EXPECT_EQ(control(peer, all, PimAssert{.group = GROUP, .source = Ip("10.7.7.7")}),
              DropReason::None)
        << "a group is known: the source's";
    EXPECT_EQ(control(peer, all, PimAssert{.group = Ip("239.9.9.9"), .source = host}),
              DropReason::NoState);
    EXPECT_EQ(control(peer,
                      Network::Loopback(0),
                      PimRegisterStop{.group = Ip("239.9.9.9"), .source = host}),
              DropReason::NoState);
    PimJoinPrune join;
    join.upstream = network.AddressOf(0, 0);
    join.groups.push_back({.group = GROUP,
                           .joins = {{.address = Ip("10.6.6.6"), .wildcard = true, .rpTree = true}},
                           .prunes = {}});
    EXPECT_EQ(control(peer, all, join), DropReason::WrongRp);
    PimRegister data;
    const Bytes inner = Data(Ip("10.7.7.7"), Ip("238.1.1.1"));
    data.packet = inner;
    EXPECT_EQ(control(peer, Network::Loopback(0), data), DropReason::WrongRp);
    EXPECT_EQ(control(peer, Ip("10.88.8.8"), data), DropReason::NotForUs);
}

TEST(Router, KnownPacketsCostOneLookUpAndTheShortWayAgrees)
{
    Network network;
    network.AddRouter();
    const auto in = network.AddHostAt(0);
    const auto out = network.AddHostAt(0);
    RouterConfig config;
    config.rps = {{.rp = Network::Loopback(0)}};
    network.Start(config);
    network.Join(out, GROUP);
    network.Run(1s);
    MulticastRouter& router = network.Router(0);
    const Bytes packet = Data(network.HostAddress(in), GROUP);
    Verdict verdict;
    EXPECT_FALSE(router.OnKnown(0, packet, network.Now(), verdict)) << "never seen";
    for (int i = 0; i < 3; ++i)
    {
        const Verdict slow = router.OnPacket(0, packet, network.Now());
        ASSERT_EQ(slow.ports.size(), 1u);
        EXPECT_EQ(slow.ports[0], 1);
    }
    EXPECT_EQ(router.Counters().cacheMisses, 1u);
    ASSERT_TRUE(router.OnKnown(0, packet, network.Now(), verdict));
    ASSERT_EQ(verdict.ports.size(), 1u);
    EXPECT_EQ(verdict.ports[0], 1);
    EXPECT_FALSE(router.OnKnown(1, packet, network.Now(), verdict)) << "from elsewhere";
    EXPECT_EQ(router.Counters().cacheMisses, 1u);
    EXPECT_EQ(router.Counters().dataIn, 4u);
    EXPECT_EQ(router.Counters().copiesOut, 4u);
    network.Leave(out, GROUP);
    network.Run(3s);
    EXPECT_FALSE(router.OnKnown(0, packet, network.Now(), verdict)) << "state changed";
    EXPECT_EQ(router.OnPacket(0, packet, network.Now()).reason, DropReason::NoListener);
}

/// Replaying all changes gives the tables as they are.
TEST(Router, ChangesOfTablesReplayIntoTheTables)
{
    Network network;
    for (int i = 0; i < 3; ++i)
    {
        network.AddRouter();
    }
    network.AddLink({0, 1});
    network.AddLink({1, 2});
    network.AddLink({0, 2});
    const auto source = network.AddHostAt(0);
    const auto member = network.AddHostAt(2);
    RouterConfig config;
    config.rps = {{.rp = Network::Loopback(1)}};
    network.Start(config);
    network.Run(10s);
    network.Join(member, GROUP);
    for (int i = 0; i < 5; ++i)
    {
        network.Run(1s);
        network.Send(source, GROUP);
    }
    network.Run(1s);
    const auto count = [&network](netbase::Table table, netbase::TableOp op) {
        return std::count_if(network.changes.begin(), network.changes.end(), [&](const auto& c) {
            return c.table == table && c.op == op;
        });
    };
    std::size_t entries = 0;
    for (std::size_t r = 0; r < 3; ++r)
    {
        entries += network.Router(r).Entries().size();
    }
    using netbase::Table;
    using netbase::TableOp;
    EXPECT_EQ(count(Table::Multicast, TableOp::Add) - count(Table::Multicast, TableOp::Remove),
              static_cast<std::ptrdiff_t>(entries));
    EXPECT_EQ(count(Table::Igmp, TableOp::Add), 1);
    network.Leave(member, GROUP);
    network.Run(600s);
    EXPECT_EQ(count(Table::Igmp, TableOp::Remove), 1);
    EXPECT_EQ(count(Table::Multicast, TableOp::Add), count(Table::Multicast, TableOp::Remove));
    for (std::size_t r = 0; r < 3; ++r)
    {
        EXPECT_TRUE(network.Router(r).Entries().empty()) << r;
    }
}

TEST(Router, EqualKeysGiveEqualRuns)
{
    const auto run = [](std::uint64_t seed) {
        Network network(seed);
        network.AddRouter();
        network.AddRouter();
        network.AddLink({0, 1});
        const auto source = network.AddHostAt(0);
        const auto member = network.AddHostAt(1);
        RouterConfig config;
        config.rps = {{.rp = Network::Loopback(0)}};
        network.Watch();
        network.Start(config);
        network.Join(member, GROUP);
        for (int i = 0; i < 300; ++i)
        {
            network.Send(source, GROUP);
            network.Run(1s);
        }
        std::vector<std::pair<TimeNs, Bytes>> all;
        for (const auto& sighting : network.sightings)
        {
            all.emplace_back(sighting.at, sighting.packet);
        }
        return all;
    };
    EXPECT_EQ(run(3), run(3));
    EXPECT_NE(run(3), run(4));
}

TEST(Router, FullOfSourcesItSaysSo)
{
    Network network;
    network.AddRouter();
    network.AddLink({0});
    RouterConfig config;
    config.rps = {{.rp = Network::Loopback(0)}};
    config.maxSources = 10;
    network.Start(config);
    MulticastRouter& router = network.Router(0);
    for (std::uint32_t i = 0; i < 20; ++i)
    {
        const auto reason =
            router.OnPacket(0, Data(IpAddress::V4(0x0a000064 + i), GROUP), network.Now()).reason;
        EXPECT_EQ(reason, i < 10 ? DropReason::NoListener : DropReason::CacheFull) << i;
    }
}

} // namespace
} // namespace weft::multicast::test
