// SPDX-License-Identifier: GPL-2.0-only
// PIM sparse mode between routers in memory.
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

    explicit Diamond(std::uint64_t seed = 1) : network(seed)
    {
        for (int i = 0; i < 4; ++i)
        {
            network.AddRouter();
        }
        toRp = network.AddLink({0, 1}, 1ms, 10);
        fromRp = network.AddLink({1, 3}, 1ms, 10);
        toShort = network.AddLink({0, 2}, 1ms, 1);
        fromShort = network.AddLink({2, 3}, 1ms, 1);
        source = network.AddHostAt(0);
        receiver = network.AddHostAt(3);
    }
};

TEST(Sparse, SharedTreeThenTheSourcesOwn)
{
    Diamond d;
    d.network.Start(Sparse(Network::Loopback(1)));
    d.network.Run(10s);
    d.network.Join(d.receiver, GROUP);
    d.network.Run(5s);
    const auto first = d.network.Send(d.source, GROUP);
    d.network.Run(1s);
    EXPECT_EQ(d.network.Received(d.receiver, first), 1u) << "the RP forwards the Register's packet";
    EXPECT_EQ(d.network.Crossings(d.toRp, first), 0u) << "to the RP it went encapsulated";
    EXPECT_EQ(d.network.Crossings(d.fromRp, first), 1u);
    EXPECT_EQ(d.network.Router(0).Counters().registersOut, 1u);
    d.network.Run(2s);
    const auto second = d.network.Send(d.source, GROUP);
    d.network.Run(1s);
    EXPECT_EQ(d.network.Received(d.receiver, second), 1u);
    EXPECT_EQ(d.network.Crossings(d.fromShort, second), 1u) << "the last hop joined the source";
    const auto third = d.network.Send(d.source, GROUP);
    d.network.Run(1s);
    EXPECT_EQ(d.network.Received(d.receiver, third), 1u);
    EXPECT_EQ(d.network.Crossings(d.fromRp, third), 0u) << "and pruned it off the shared tree";
    EXPECT_EQ(d.network.Crossings(d.fromShort, third), 1u);
}

} // namespace
} // namespace weft::multicast::test
