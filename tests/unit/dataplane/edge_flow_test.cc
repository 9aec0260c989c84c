// SPDX-License-Identifier: GPL-2.0-only
/** @file The life of flows at an Edge: expiry, reopening, full tables, other peers, many at once.
 */
#include "edge_pair.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace weft::sdwan::testing
{

namespace
{

constexpr std::uint16_t CALLER = 50000;
constexpr std::uint16_t CALLEE = 3479;

FlowKey
KeyFrom(std::size_t edge, std::uint16_t callerPort = CALLER)
{
    const FlowKey key{HOST[0], HOST[1], callerPort, CALLEE, 17, 0};
    return edge == 0 ? key : key.Reversed();
}

/// One packet of the flow between callerPort at Edge 0 and CALLEE at Edge 1.
DropReason
Say(EdgePair& net,
    std::size_t from,
    std::uint32_t counter,
    std::uint16_t callerPort = CALLER,
    std::size_t size = 100)
{
    const FlowKey key = KeyFrom(from, callerPort);
    return net.Send(
        from,
        UdpPacket(key.source, key.destination, key.sourcePort, key.destinationPort, counter, size));
}

PolicyRule
Rule(const std::string& name)
{
    PolicyRule rule;
    rule.name = name;
    rule.match.tuple.protocol = 17;
    rule.trafficClass = TrafficClass::Voice;
    rule.links.prefer = {"broadband"};
    rule.remedies.jitterBuffer.enabled = true;
    return rule;
}

std::size_t
LargestSent(const EdgePair& net, std::size_t edge)
{
    std::size_t largest = 0;
    for (const auto& [info, bytes] : net.sent[edge])
    {
        largest = std::max(largest, bytes.size());
    }
    return largest;
}

} // namespace

TEST(EdgeFlow, ALongSilenceOfTheCalleeDoesNotPartTheAnswerFromTheCall)
{
    EdgePair net({"mpls", "broadband"}, [](EdgeConfig& config) {
        config.rules = {Rule("voice")};
        config.flowIdleTimeout = 10s;
    });
    net.RunUntil(1s);
    std::uint32_t n = 0;
    Say(net, 0, n++);
    net.RunUntil(net.now + 100ms);
    Say(net, 1, 0);
    for (; n < 1500; ++n) // 30 s in which only the caller speaks
    {
        Say(net, 0, n);
        net.RunUntil(net.now + 20ms);
    }
    Say(net, 1, 1);
    net.RunUntil(net.now + 1s);
    const auto* call = net.edges[0]->FindSendFlow(KeyFrom(0));
    const auto* answer = net.edges[1]->FindSendFlow(KeyFrom(1));
    ASSERT_TRUE(call && answer);
    EXPECT_EQ(answer->id, call->id);
    EXPECT_FALSE(answer->opener) << "the answer follows the caller's choice still";
    EXPECT_EQ(net.delivered[0].size(), 2u);

    // And the other way round: only the callee speaks.
    for (n = 0; n < 1500; ++n)
    {
        Say(net, 1, n);
        net.RunUntil(net.now + 20ms);
    }
    Say(net, 0, 1500);
    net.RunUntil(net.now + 1s);
    call = net.edges[0]->FindSendFlow(KeyFrom(0));
    answer = net.edges[1]->FindSendFlow(KeyFrom(1));
    ASSERT_TRUE(call && answer);
    EXPECT_EQ(answer->id, call->id);
    EXPECT_TRUE(call->opener);
    EXPECT_EQ(net.delivered[1].size(), 1501u);
}

TEST(EdgeFlow, AFlowReopenedUnderAnotherIdentifierTakesItsAnswerAlong)
{
    EdgePair net({"mpls", "broadband"}, [](EdgeConfig& config) {
        config.rules = {Rule("voice")};
        config.maxFlows = config.name == "bristol" ? 2 : 1000;
    });
    net.RunUntil(1s);
    const auto talk = [&net](std::uint32_t first) {
        for (std::uint32_t i = first; i < first + 20; ++i)
        {
            Say(net, 0, i);
            Say(net, 1, i);
            net.RunUntil(net.now + 20ms);
        }
        net.RunUntil(net.now + 100ms);
    };
    talk(0);
    const FlowId old = net.edges[0]->FindSendFlow(KeyFrom(0))->id;
    for (const std::uint16_t port : {50001, 50002}) // push the call out of the caller's table
    {
        Say(net, 0, 900, port);
        net.RunUntil(net.now + 20ms);
    }
    ASSERT_EQ(net.edges[0]->FindSendFlow(KeyFrom(0)), nullptr);
    talk(20);
    const auto* call = net.edges[0]->FindSendFlow(KeyFrom(0));
    const auto* answer = net.edges[1]->FindSendFlow(KeyFrom(1));
    ASSERT_TRUE(call && answer);
    EXPECT_NE(call->id, old);
    EXPECT_EQ(answer->id, call->id);
    EXPECT_FALSE(answer->opener);
    // The caller's path dies one way; the answer goes along with the move.
    net.paths[1].toPeer[0] = net.paths[1].toPeer[1] = [](TimeNs) { return std::nullopt; };
    for (std::uint32_t i = 40; i < 90; ++i)
    {
        Say(net, 0, i);
        net.RunUntil(net.now + 20ms);
    }
    EXPECT_EQ(net.edges[0]->FindSendFlow(KeyFrom(0))->steering->Current().primary, 0);
    EXPECT_EQ(net.edges[1]->FindSendFlow(KeyFrom(1))->steering->Current().primary, 0);
    std::set<std::uint32_t> back;
    for (const auto& arrival : net.delivered[0])
    {
        EXPECT_TRUE(back.insert(arrival.counter).second) << "twice: " << arrival.counter;
    }
    EXPECT_EQ(back.size(), 40u);
}

TEST(EdgeFlow, AFullTableOfReceivedFlowsMakesRoomForNewOnes)
{
    EdgePair net({"mpls"}, [](EdgeConfig& config) {
        config.rules = {Rule("voice")};
        config.maxFlows = config.name == "bristol" ? 10000 : 64;
    });
    net.RunUntil(1s);
    for (unsigned i = 0; i < 1000; ++i)
    {
        ASSERT_EQ(Say(net, 0, i, static_cast<std::uint16_t>(1000 + i)), DropReason::None);
        net.RunUntil(net.now + 1ms);
        if (i % 10 == 0)
        {
            Say(net, 0, 100000 + i); // a flow in steady use all the while
        }
    }
    net.RunUntil(net.now + 1s);
    EXPECT_EQ(net.edges[1]->Drops(DropReason::TableFull).packets, 0u);
    EXPECT_EQ(net.delivered[1].size(), 1100u);
    const auto* call = net.edges[0]->FindSendFlow(KeyFrom(0));
    const auto* there = net.edges[1]->FindReceiveFlow(0, call->id);
    ASSERT_TRUE(there) << "the flow in use was not the one to go";
    EXPECT_EQ(there->counters.delivered, 100u);
}

TEST(EdgeFlow, AnAnswerForgottenInAFloodOfFlowsIsNotTakenForItsOwnCopy)
{
    EdgePair net({"mpls"}, [](EdgeConfig& config) {
        config.rules = {Rule("voice")};
        config.maxFlows = config.name == "bristol" ? 10000 : 64;
    });
    net.RunUntil(1s);
    const auto talk = [&net](std::uint32_t from, std::uint32_t to) {
        for (std::uint32_t i = from; i < to; ++i)
        {
            Say(net, 0, i);
            net.RunUntil(net.now + 10ms);
            Say(net, 1, i);
            net.RunUntil(net.now + 10ms);
        }
    };
    talk(0, 500);
    for (std::uint16_t i = 0; i < 200; ++i) // pushes both directions out of HQ's tables
    {
        Say(net, 0, i, static_cast<std::uint16_t>(1000 + i));
        net.RunUntil(net.now + 1ms);
    }
    net.RunUntil(net.now + 1s);
    ASSERT_EQ(net.edges[1]->FindSendFlow(KeyFrom(1)), nullptr);
    talk(500, 600);
    net.RunUntil(net.now + 1s);
    EXPECT_EQ(net.delivered[0].size(), 600u);
    EXPECT_EQ(net.edges[0]->Drops(DropReason::Duplicate).packets, 0u);
}

TEST(EdgeFlow, APeerCannotTakeOverAFlowToAnotherPeer)
{
    // HQ knows two peers, which both end at Edge 0: the true one by link 0, another by link 1.
    EdgePair net({"mpls", "broadband"}, [](EdgeConfig& config) {
        config.peers.push_back(config.peers[0]);
        config.tunnels[1].peer = 1;
        // Edge 0 sends by the second, HQ by the first.
        config.peers[config.name == "bristol" ? 0 : 1].prefixes.clear();
    });
    net.RunUntil(1s);
    net.paths[0].toPeer[1] = [until = net.now](TimeNs sent) -> std::optional<TimeNs> {
        return sent <= until ? std::nullopt : std::optional<TimeNs>(5ms); // unheard, this once
    };
    ASSERT_EQ(Say(net, 1, 0), DropReason::None);
    net.RunUntil(net.now + 20ms);
    const FlowId id = net.edges[1]->FindSendFlow(KeyFrom(1))->id;
    ASSERT_EQ(Say(net, 0, 0), DropReason::None); // as if it came from the flow's other end
    net.RunUntil(net.now + 20ms);
    ASSERT_EQ(net.delivered[1].size(), 1u);
    const auto* flow = net.edges[1]->FindSendFlow(KeyFrom(1));
    ASSERT_TRUE(flow);
    EXPECT_EQ(flow->peer, 0) << "still goes where its destination is routed";
    EXPECT_EQ(flow->id, id);
}

TEST(EdgeFlow, ManyFlowsMovedAtOnceAreAnnouncedInDatagramsThatFit)
{
    EdgePair net({"mpls", "broadband"}, [](EdgeConfig& config) { config.rules = {Rule("voice")}; });
    net.keepBytes = true;
    net.RunUntil(1s);
    constexpr std::uint16_t FLOWS = 3000;
    for (std::uint16_t i = 0; i < FLOWS; ++i)
    {
        Say(net, 0, i, static_cast<std::uint16_t>(1000 + i));
    }
    net.RunUntil(net.now + 500ms);
    net.paths[1].toPeer[0] = [](TimeNs) { return std::nullopt; };
    net.RunUntil(net.now + 1s);
    EXPECT_LE(LargestSent(net, 0), 1500u);
    EXPECT_LE(LargestSent(net, 1), 1500u);
    unsigned moved = 0;
    for (std::uint16_t i = 0; i < FLOWS; ++i)
    {
        const auto port = static_cast<std::uint16_t>(1000 + i);
        moved += net.edges[1]->FindSendFlow(KeyFrom(1, port))->steering->Current().primary == 0;
    }
    EXPECT_EQ(moved, FLOWS);
}

TEST(EdgeFlow, ParityFitsTheLinkToTheByteWhoeverMadeTheGroup)
{
    // Two rules of one class share the encoder of a tunnel: the first to come sets its size.
    EdgePair net({"broadband"}, [](EdgeConfig& config) {
        PolicyRule wide = Rule("wide");
        wide.match.tuple.destinationPorts = {{CALLEE, CALLEE}};
        wide.match.tuple.sourcePorts = {{1000, 1000}};
        wide.remedies.fec = {.mode = FecMode::Always, .data = 10};
        PolicyRule narrow = Rule("narrow");
        narrow.remedies.fec = {.mode = FecMode::Always, .data = 2};
        config.rules = {wide, narrow};
    });
    net.keepBytes = true;
    net.RunUntil(1s);
    Say(net, 0, 0, 1000);
    const std::size_t mtu = net.edges[0]->LanMtu();
    std::uint32_t n = 0;
    for (std::size_t size = mtu - 40; size <= mtu; ++size)
    {
        for (unsigned i = 0; i < 10; ++i)
        {
            ASSERT_EQ(Say(net, 0, n++, 1001, size), DropReason::None);
        }
        net.RunUntil(net.now + 20ms);
    }
    net.RunUntil(net.now + 1s);
    EXPECT_EQ(LargestSent(net, 0), 1500u) << "the largest packet and the largest parity just fit";
    EXPECT_EQ(net.delivered[1].size(), n + 1u);
    std::size_t largestProtected = 0;
    for (const auto& [info, bytes] : net.sent[0])
    {
        if (info.flags & vcmp::FEC_PROTECTED)
        {
            largestProtected = std::max(largestProtected, bytes.size());
        }
    }
    EXPECT_EQ(largestProtected, 1500 - FecParityOverhead(10));
}

TEST(EdgeFlow, AClockBeforeItsEpochDoesNotStopTheWaitForParity)
{
    EdgePair net(
        {"broadband"},
        [](EdgeConfig& config) {
            PolicyRule rule = Rule("voice");
            rule.remedies.fec = {.mode = FecMode::Always};
            rule.remedies.fec.flush = 200ms;
            config.rules = {rule};
        },
        -1h);
    net.RunUntil(1s);
    net.paths[0].toPeer[0] = [start = net.now](TimeNs sent) -> std::optional<TimeNs> {
        const auto slot = (sent - start) / 20ms;
        return (sent - start) % 20ms == 0ns && sent > start && slot % 8 == 5
                   ? std::nullopt
                   : std::optional<TimeNs>(5ms);
    };
    for (std::uint32_t i = 0; i < 400; ++i)
    {
        Say(net, 0, i);
        net.RunUntil(net.now + 20ms);
    }
    net.RunUntil(net.now + 1s);
    ASSERT_EQ(net.delivered[1].size(), 400u);
    for (std::uint32_t i = 0; i < 400; ++i)
    {
        EXPECT_EQ(net.delivered[1][i].counter, i);
    }
}

TEST(EdgeFlow, AClockADayBeforeItsEpochDoesNotForbidTheReturn)
{
    EdgePair net(
        {"mpls", "broadband"},
        [](EdgeConfig& config) {
            config.rules = {Rule("voice")};
            config.rules[0].remedies.returnAfter = 2s;
            config.rules[0].remedies.holdDown = 1s;
        },
        -24h);
    net.RunUntil(1s);
    const auto talk = [&net](unsigned packets) {
        for (unsigned i = 0; i < packets; ++i)
        {
            Say(net, 1, i);
            net.RunUntil(net.now + 20ms);
        }
        return net.edges[1]->FindSendFlow(KeyFrom(1))->steering->Current().primary;
    };
    ASSERT_EQ(talk(50), 1);
    net.paths[1].toPeer[1] = [](TimeNs) { return std::nullopt; };
    ASSERT_EQ(talk(50), 0);
    net.paths[1].toPeer[1] = Steady(5ms);
    EXPECT_EQ(talk(1000), 1) << "one flap is far from suppression";
}

TEST(EdgeFlow, AUsedUpKeyFailsThePathAndNotTheEdge)
{
    EdgePair net({"mpls", "broadband"}, [](EdgeConfig& config) {
        config.rules = {Rule("voice")};
        config.packetsPerKey = 100;
        config.rekeyOverlap = 10ms;
    });
    net.RunUntil(1s);
    const auto talk = [&net](unsigned packets) {
        unsigned refused = 0;
        for (unsigned i = 0; i < packets; ++i)
        {
            refused += Say(net, 0, i) == DropReason::KeyExhausted;
            net.RunUntil(net.now + 1ms);
        }
        return refused;
    };
    EXPECT_EQ(talk(1000), 0u);
    net.paths[1].toPeer[1] = [](TimeNs) { return std::nullopt; };
    EXPECT_GT(talk(1000), 0u) << "no answer allows another key";
    EXPECT_EQ(net.edges[0]->FindSendFlow(KeyFrom(0))->steering->Current().primary, 0);
    EXPECT_EQ(talk(1000), 0u);
    net.paths[1].toPeer[1] = Steady(5ms);
    net.RunUntil(net.now + 2s);
    EXPECT_TRUE(net.edges[0]->Tunnel(1).monitor.Usable()) << "and it comes back";
}

TEST(EdgeFlow, ParityOfAnOpenGroupStaysOnTheTunnelOfItsMembers)
{
    EdgePair net({"mpls", "broadband"}, [](EdgeConfig& config) {
        PolicyRule rule = Rule("voice");
        rule.remedies.fec = {.mode = FecMode::Always};
        rule.remedies.fec.data = 20;
        rule.remedies.fec.flush = 2s;
        config.rules = {rule};
    });
    net.RunUntil(1s);
    for (std::uint32_t i = 0; i < 10; ++i) // half a group
    {
        Say(net, 0, i);
        net.RunUntil(net.now + 20ms);
    }
    net.paths[1].toPeer[0] = [](TimeNs) { return std::nullopt; };
    net.RunUntil(net.now + 600ms);
    net.paths[1].toPeer[0] = Steady(5ms);
    for (std::uint32_t i = 10; i < 20; ++i)
    {
        Say(net, 0, i);
        net.RunUntil(net.now + 20ms);
    }
    net.RunUntil(net.now + 3s);
    EXPECT_EQ(net.delivered[1].size(), 20u);
    const FecCounters fec = net.edges[1]->Fec();
    EXPECT_EQ(fec.received, 2u) << "one parity for each tunnel's half group";
    EXPECT_EQ(fec.wasted, 2u) << "and each found all its members";
}

TEST(EdgeFlow, FourTunnelsWhereAllAttachmentsMeet)
{
    EdgePair net({"mpls", "broadband"}, [](EdgeConfig& config) {
        config.rules = {Rule("voice")};
        const std::size_t e = config.name == "bristol" ? 0 : 1;
        config.tunnels.clear();
        for (std::uint16_t l = 0; l < 2; ++l)
        {
            for (std::uint16_t r = 0; r < 2; ++r)
            {
                const int pair = e == 0 ? 2 * l + r : 2 * r + l;
                config.tunnels.push_back({.peer = 0,
                                          .link = l,
                                          .remoteLink = r == 0 ? "mpls" : "broadband",
                                          .remoteAddress = EdgePair::Address(1 - e, r),
                                          .secret = Bytes(32, static_cast<std::uint8_t>(9 + pair)),
                                          .initiator = e == 0});
            }
        }
    });
    net.RunUntil(1s);
    for (TunnelId t = 0; t < 4; ++t)
    {
        EXPECT_TRUE(net.edges[0]->Tunnel(t).monitor.Usable()) << t;
        EXPECT_TRUE(net.edges[1]->Tunnel(t).monitor.Usable()) << t;
    }
    const auto talk = [&net](std::uint32_t from, std::uint32_t to) {
        for (std::uint32_t i = from; i < to; ++i)
        {
            Say(net, 0, i);
            Say(net, 1, i);
            net.RunUntil(net.now + 20ms);
        }
    };
    talk(0, 50);
    // Bristol's broadband dies: two tunnels at once.
    net.paths[1].toPeer[0] = [](TimeNs) { return std::nullopt; };
    talk(50, 150);
    net.RunUntil(net.now + 1s);
    const auto& there =
        net.edges[0]->Tunnel(net.edges[0]->FindSendFlow(KeyFrom(0))->steering->Current().primary);
    const auto& back =
        net.edges[1]->Tunnel(net.edges[1]->FindSendFlow(KeyFrom(1))->steering->Current().primary);
    EXPECT_EQ(there.link, 0);
    EXPECT_EQ(there.remoteAddress, net.edges[1]->Config().links[back.link].address)
        << "the answer takes the same tunnel";
    EXPECT_EQ(back.remoteAddress, EdgePair::Address(0, 0));
    EXPECT_EQ(net.delivered[1].back().counter, 149u);
    EXPECT_EQ(net.delivered[0].back().counter, 149u);
}

TEST(EdgeFlow, AnotherSegmentIsRefusedByName)
{
    EdgePair net({"mpls"},
                 [](EdgeConfig& config) { config.segment = config.name == "bristol" ? 3 : 4; });
    net.RunUntil(1s);
    ASSERT_EQ(Say(net, 0, 0), DropReason::None);
    net.RunUntil(net.now + 1s);
    EXPECT_TRUE(net.delivered[1].empty());
    EXPECT_EQ(net.edges[1]->Drops(DropReason::UnknownSegment).packets, 1u);
}

TEST(EdgeFlow, ATimeToLiveThatEndsAtTheFarEdgeIsCountedThere)
{
    EdgePair net({"mpls"});
    net.RunUntil(1s);
    for (const std::uint8_t ttl : {1, 2, 3})
    {
        Bytes packet = UdpPacket(HOST[0], HOST[1], CALLER, CALLEE, ttl);
        packet[8] = ttl;
        EXPECT_EQ(net.Send(0, packet), ttl == 1 ? DropReason::TtlExpired : DropReason::None);
        net.RunUntil(net.now + 100ms);
    }
    ASSERT_EQ(net.delivered[1].size(), 1u);
    EXPECT_EQ(net.delivered[1][0].bytes[8], 1);
    EXPECT_EQ(net.edges[1]->Drops(DropReason::TtlExpired).packets, 1u);
}

} // namespace weft::sdwan::testing
