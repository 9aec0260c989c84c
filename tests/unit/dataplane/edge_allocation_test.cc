// SPDX-License-Identifier: GPL-2.0-only
/** @file A warm Edge allocates nothing per packet, with every remedy at work. */
#include "edge_pair.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

namespace
{

std::uint64_t g_allocations = 0; ///< calls of operator new in this process

} // namespace

// Not inlined, or the compiler sees a free() of what a new gave.
[[gnu::noinline]] void*
operator new(std::size_t size)
{
    ++g_allocations;
    if (void* p = std::malloc(size))
    {
        return p;
    }
    throw std::bad_alloc();
}

[[gnu::noinline]] void
operator delete(void* p) noexcept
{
    std::free(p);
}

[[gnu::noinline]] void
operator delete(void* p, std::size_t) noexcept
{
    std::free(p);
}

namespace weft::sdwan::testing
{

namespace
{

/// Parity, copies and the jitter buffer all at work: the preferred path loses every seventh packet.
PolicyRule
EveryRemedy(bool perFlow)
{
    PolicyRule rule;
    rule.name = "a-name-that-does-not-fit-a-small-string";
    rule.match.tuple.protocol = 17;
    rule.trafficClass = TrafficClass::Voice;
    rule.links.prefer = {"broadband"};
    rule.remedies.fec.mode = FecMode::Always;
    rule.remedies.fec.perFlow = perFlow;
    rule.remedies.jitterBuffer.enabled = true;
    rule.remedies.duplicate = true;
    rule.remedies.switchPaths = false;
    return rule;
}

void
Talk(EdgePair& net, unsigned packets, unsigned first)
{
    for (unsigned i = 0; i < packets; ++i)
    {
        for (const std::size_t e : {0u, 1u})
        {
            net.Send(e,
                     UdpPacket(HOST[e],
                               HOST[1 - e],
                               e == 0 ? 50000 : 3479,
                               e == 0 ? 3479 : 50000,
                               first + i,
                               200 + (i % 5) * 100));
        }
        net.RunUntil(net.now + 5ms);
    }
}

} // namespace

TEST(EdgeAllocation, NoneOnThePacketPathOnceWarm)
{
    for (const bool perFlow : {false, true})
    {
        EdgePair net({"mpls", "broadband"},
                     [&](EdgeConfig& config) { config.rules = {EveryRemedy(perFlow)}; });
        net.paths[0].toPeer[0] = net.paths[0].toPeer[1] = Steady(25ms);
        net.paths[1].toPeer[0] =
            net.paths[1].toPeer[1] = [n = 0u](TimeNs) mutable -> std::optional<TimeNs> {
            return ++n % 7 == 0 ? std::nullopt : std::optional<TimeNs>(5ms);
        };
        net.RunUntil(1s);
        Talk(net, 20000, 0);
        const auto& selection =
            net.edges[0]->FindSendFlow({HOST[0], HOST[1], 50000, 3479, 17, 0})->steering->Current();
        ASSERT_NE(selection.duplicate, NO_TUNNEL);
        ASSERT_TRUE(selection.fec);
        const auto before = net.edges[1]->Received();
        const auto fecBefore = net.edges[1]->Fec();

        net.meter = [] { return g_allocations; };
        Talk(net, 2000, 20000);

        const auto& after = net.edges[1]->Received();
        EXPECT_GT(after.duplicates, before.duplicates);
        EXPECT_GT(after.rebuilt, before.rebuilt);
        EXPECT_GT(net.edges[1]->Fec().sent, fecBefore.sent);
        EXPECT_EQ(net.spent.onLan, 0u) << "per flow: " << perFlow;
        EXPECT_EQ(net.spent.onData, 0u) << "per flow: " << perFlow;
        EXPECT_EQ(net.spent.onDeadline, 0u) << "timers, reports included; per flow: " << perFlow;
        EXPECT_EQ(net.spent.onControl, 0u) << "per flow: " << perFlow;
    }
}

} // namespace weft::sdwan::testing
