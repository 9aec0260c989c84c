// SPDX-License-Identifier: GPL-2.0-only
// BIDIR-PIM between routers in memory. No live implementation was at hand to check against, so
// that what the standard promises is checked instead.
#include "random_network.h"

#include <gtest/gtest.h>

namespace weft::multicast::test
{
namespace
{

/// The way to the RP, by which forwarders are chosen; nothing when it leads over the link itself.
std::optional<std::pair<std::uint32_t, std::uint32_t>>
MetricFrom(const RandomNetwork& r, std::size_t router, std::size_t link)
{
    const auto route = r.network.RouteFrom(router, Network::Loopback(r.rp));
    if (!route || route->port == r.network.PortOn(router, link))
    {
        return std::nullopt;
    }
    return route->port == NO_PORT ? std::pair(0u, 0u) : std::pair(route->preference, route->metric);
}

void
ExpectForwarders(RandomNetwork& r, const std::string& when)
{
    for (std::size_t link = 0; link < r.network.Links(); ++link)
    {
        if (!r.network.IsLinkUp(link))
        {
            continue;
        }
        // The nearest router, the highest address among equals, of those not behind the link.
        std::optional<std::pair<std::uint32_t, std::uint32_t>> best;
        IpAddress expected;
        for (const auto& end : r.network.Attached(link))
        {
            const auto metric = MetricFrom(r, end.router, link);
            if (metric && (!best || *metric < *best ||
                           (*metric == *best && r.network.AddressOf(end.router, link) > expected)))
            {
                best = metric;
                expected = r.network.AddressOf(end.router, link);
            }
        }
        for (const auto& end : r.network.Attached(link))
        {
            EXPECT_EQ(
                r.network.Router(end.router).DesignatedForwarder(end.port, Network::Loopback(r.rp)),
                expected)
                << when << ": link " << link << " at router " << end.router << " seed " << r.seed;
        }
    }
}

TEST(Bidirectional, TheRouterNearestTheRpForwardsOnEveryLink)
{
    for (std::uint64_t seed = 1; seed <= 300; ++seed)
    {
        RandomNetwork r(seed, Mode::Bidirectional);
        r.Start();
        r.network.Run(15s);
        ExpectForwarders(r, "at first");
        if (r.CutSomeLink())
        {
            r.network.Run(10s);
            ExpectForwarders(r, "after a link failed");
        }
        ASSERT_FALSE(HasFailure()) << r.Describe();
    }
}

TEST(Bidirectional, NoPacketIsEverDuplicatedOrLooped)
{
    // Not only after convergence: also while forwarders are being elected and links fail.
    for (std::uint64_t seed = 1; seed <= 100; ++seed)
    {
        RandomNetwork r(seed, Mode::Bidirectional);
        r.Start();
        std::vector<std::uint32_t> ids;
        for (const std::size_t host : r.members)
        {
            r.network.Join(host, r.group);
        }
        for (int i = 0; i < 100; ++i)
        {
            ids.push_back(r.network.Send(r.sources[0], r.group));
            r.network.Run(50ms);
        }
        for (const auto id : ids)
        {
            for (std::size_t link = 0; link < r.network.Links(); ++link)
            {
                ASSERT_LE(r.network.Crossings(link, id), 2u) << "seed " << seed;
            }
        }
        ASSERT_EQ(r.network.Received(*r.members.begin(), ids.back()),
                  *r.members.begin() == r.sources[0] ? 0u : 1u);
    }
}

TEST(Bidirectional, ElectionTakesThreeOffersAndAWinner)
{
    Network network;
    network.AddRouter();
    network.AddRouter();
    const auto link = network.AddLink({0, 1});
    RouterConfig config;
    config.mode = Mode::Bidirectional;
    config.rps = {{.rp = Network::Loopback(0)}};
    network.Watch();
    network.Start(config);
    network.Run(1s);
    const auto seen = network.Seen<PimDfElection>();
    ASSERT_GE(seen.size(), 4u);
    for (int i = 0; i < 3; ++i)
    {
        EXPECT_EQ(seen[i].second.kind, DfKind::Offer);
    }
    EXPECT_EQ(seen[3].second.kind, DfKind::Winner);
    EXPECT_LE(seen[3].first.at, 4 * 100ms);
    EXPECT_GE(seen[3].first.at, 4 * 50ms);
    EXPECT_EQ(network.Router(1).DesignatedForwarder(network.PortOn(1, link), Network::Loopback(0)),
              network.AddressOf(0, link));
}

TEST(Bidirectional, NoStateKnowsASourceAndNoRegisterIsSent)
{
    RandomNetwork r(5, Mode::Bidirectional);
    r.network.Watch();
    r.Start();
    r.network.Run(10s);
    for (const std::size_t host : r.members)
    {
        r.network.Join(host, r.group);
    }
    r.network.Run(2s);
    for (std::size_t host = 0; host < r.hosts.size(); ++host)
    {
        r.network.Send(host, r.group);
    }
    r.network.Run(2s);
    for (std::size_t router = 0; router < r.network.Routers(); ++router)
    {
        EXPECT_LE(r.network.Router(router).Entries().size(), 1u);
    }
    EXPECT_TRUE(r.network.Seen<PimRegister>().empty());
}

TEST(Bidirectional, ABetterRouterTakesOverByBackoffAndPass)
{
    // 0 is the RP; 1 and 2 both reach the LAN. 2's way is cut at first, and mended later.
    Network network;
    for (int i = 0; i < 3; ++i)
    {
        network.AddRouter();
    }
    network.AddLink({0, 1}, 1ms, 5);
    const auto good = network.AddLink({0, 2}, 1ms, 1);
    const auto lan = network.AddLink({1, 2}, 1ms, 10);
    RouterConfig config;
    config.mode = Mode::Bidirectional;
    config.rps = {{.rp = Network::Loopback(0)}};
    network.Start(config);
    network.SetLinkUp(good, false);
    network.Run(10s);
    const auto forwarder = [&network, lan](std::size_t router) {
        return network.Router(router).DesignatedForwarder(network.PortOn(router, lan),
                                                          Network::Loopback(0));
    };
    EXPECT_EQ(forwarder(1), network.AddressOf(1, lan));
    EXPECT_EQ(forwarder(2), network.AddressOf(1, lan));
    network.Watch();
    network.SetLinkUp(good, true);
    network.Run(5s);
    EXPECT_EQ(forwarder(1), network.AddressOf(2, lan));
    EXPECT_EQ(forwarder(2), network.AddressOf(2, lan));
    TimeNs backoff = NEVER;
    TimeNs pass = NEVER;
    for (const auto& [sighting, message] : network.Seen<PimDfElection>())
    {
        if (sighting.link == lan && message.kind == DfKind::Backoff && backoff == NEVER)
        {
            backoff = sighting.at;
        }
        if (sighting.link == lan && message.kind == DfKind::Pass)
        {
            pass = sighting.at;
        }
    }
    ASSERT_NE(backoff, NEVER);
    ASSERT_NE(pass, NEVER);
    EXPECT_EQ(pass - backoff, 1s);
}

} // namespace
} // namespace weft::multicast::test
