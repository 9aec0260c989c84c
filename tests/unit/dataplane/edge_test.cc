// SPDX-License-Identifier: GPL-2.0-only
#include "edge_pair.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace weft::sdwan::testing
{

namespace
{

/// Sends `count` packets at `interval` from Edge `from`, numbered from `first`.
void
Talk(EdgePair& net, std::size_t from, unsigned count, TimeNs interval = 20ms, unsigned first = 0)
{
    for (unsigned i = 0; i < count; ++i)
    {
        ASSERT_EQ(net.Send(from,
                           UdpPacket(HOST[from],
                                     HOST[1 - from],
                                     from == 0 ? 50000 : 3479,
                                     from == 0 ? 3479 : 50000,
                                     first + i,
                                     200)),
                  DropReason::None);
        net.RunUntil(net.now + interval);
    }
}

std::vector<std::uint32_t>
Counters(const std::vector<EdgePair::Arrival>& arrivals)
{
    std::vector<std::uint32_t> out;
    for (const auto& a : arrivals)
    {
        out.push_back(a.counter);
    }
    return out;
}

std::vector<std::uint32_t>
Range(unsigned n)
{
    std::vector<std::uint32_t> out(n);
    for (unsigned i = 0; i < n; ++i)
    {
        out[i] = i;
    }
    return out;
}

PolicyRule
VoiceRule(bool fec, bool duplicate)
{
    PolicyRule rule;
    rule.name = "voice";
    rule.match.tuple.protocol = 17;
    rule.trafficClass = TrafficClass::Voice;
    rule.links.prefer = {"broadband"};
    rule.remedies.fec.mode = fec ? FecMode::Always : FecMode::Off;
    rule.remedies.jitterBuffer.enabled = true;
    rule.remedies.duplicate = duplicate;
    return rule;
}

std::function<void(EdgeConfig&)>
WithRule(const PolicyRule& rule)
{
    return [rule](EdgeConfig& config) { config.rules = {rule}; };
}

} // namespace

TEST(EdgeDataplane, CarriesPacketsBothWaysUnchangedButForTheTtl)
{
    EdgePair net({"mpls", "broadband"});
    net.RunUntil(1s);
    const Bytes packet = UdpPacket(HOST[0], HOST[1], 1234, 80, 7, 500);
    EXPECT_EQ(net.Send(0, packet), DropReason::None);
    net.RunUntil(2s);
    ASSERT_EQ(net.delivered[1].size(), 1u);
    Bytes expected = packet;
    expected[8] -= 2; // each Edge is a router
    EXPECT_EQ(net.delivered[1][0].bytes, expected);
    EXPECT_EQ(net.delivered[1][0].at, 1s + 5ms);
    EXPECT_EQ(net.Send(1, UdpPacket(HOST[1], HOST[0], 80, 1234, 8, 500)), DropReason::None);
    net.RunUntil(3s);
    ASSERT_EQ(net.delivered[0].size(), 1u);
}

TEST(EdgeDataplane, RefusesWhatItCannotForwardWithAReason)
{
    EdgePair net({"mpls"});
    EXPECT_EQ(net.Send(0, UdpPacket(HOST[0], HOST[1], 1, 2, 0)), DropReason::NoPath)
        << "no tunnel has answered yet";
    net.RunUntil(1s);
    EXPECT_EQ(net.Send(0, UdpPacket(HOST[0], 0x08080808, 1, 2, 0)), DropReason::NoRoute);
    Bytes dying = UdpPacket(HOST[0], HOST[1], 1, 2, 0);
    dying[8] = 1;
    EXPECT_EQ(net.Send(0, dying), DropReason::TtlExpired);
    const std::size_t largest = 1500 - VCMP_OVERHEAD;
    EXPECT_EQ(net.edges[0]->LanMtu(), largest);
    EXPECT_EQ(net.Send(0, UdpPacket(HOST[0], HOST[1], 1, 2, 0, largest)), DropReason::None);
    EXPECT_EQ(net.Send(0, UdpPacket(HOST[0], HOST[1], 1, 2, 0, largest + 1)), DropReason::TooBig);
    EXPECT_EQ(net.edges[0]->Drops(DropReason::TooBig).packets, 1u);
    EXPECT_EQ(net.Send(0, Bytes(10, 0x45)), DropReason::Truncated);
    EXPECT_EQ(net.Send(0, Bytes(40, 0x60)), DropReason::NotIpv4);
}

TEST(EdgeDataplane, TheAnswerFollowsTheOpener)
{
    EdgePair net({"mpls", "broadband"}, WithRule(VoiceRule(false, false)));
    net.paths[0].toPeer[0] = net.paths[0].toPeer[1] = Steady(2ms);
    net.RunUntil(1s);
    Talk(net, 0, 5);
    Talk(net, 1, 5);
    const FlowKey key{HOST[0], HOST[1], 50000, 3479, 17, 0};
    const auto* forward = net.edges[0]->FindSendFlow(key);
    const auto* backward = net.edges[1]->FindSendFlow(key.Reversed());
    ASSERT_TRUE(forward && backward);
    EXPECT_EQ(forward->id, backward->id) << "both directions have one identifier";
    EXPECT_EQ(forward->steering->Current().primary, 1) << "prefers broadband";
    EXPECT_EQ(backward->steering->Current().primary, 1);
    EXPECT_FALSE(backward->opener);
    const auto follows =
        std::count_if(net.events[1].begin(), net.events[1].end(), [](const auto& e) {
            return e.ofFlow && e.decision.action == SteeringAction::Follow;
        });
    EXPECT_EQ(follows, 0) << "it starts on the right path, and need not be moved there";
}

TEST(EdgeDataplane, PacketsStillUnderWayOnTheOldPathDoNotCallTheAnswerBack)
{
    EdgePair net({"mpls", "broadband"}, WithRule(VoiceRule(false, false)));
    net.paths[0].toPeer[0] = net.paths[0].toPeer[1] = Steady(2ms);
    net.paths[1].toPeer[0] = net.paths[1].toPeer[1] = Steady(50ms);
    net.RunUntil(1s);
    Talk(net, 0, 100);
    Talk(net, 1, 1);
    // From now on broadband is dead for what it carries to HQ's own questions, but what was sent
    // still arrives.
    net.paths[1].toPeer[1] = [](TimeNs) { return std::nullopt; };
    Talk(net, 0, 100, 20ms, 100);
    net.RunUntil(net.now + 1s);
    const auto moved = std::count_if(net.events[1].begin(), net.events[1].end(), [](const auto& e) {
        return e.ofFlow && e.decision.action != SteeringAction::Open;
    });
    std::string story;
    for (const auto& e : net.events[1])
    {
        story += std::string(ToString(e.decision.action)) + " at " + std::to_string(e.decision.at.count()) + " " + e.decision.reason + "\n";
    }
    EXPECT_EQ(moved, 1) << "one move to the new path, and none back:\n" << story;
}

TEST(EdgeDataplane, OfTwoSimultaneousOpenersOneGivesWay)
{
    EdgePair net({"mpls", "broadband"}, [](EdgeConfig& config) {
        config.rules = {VoiceRule(false, false)};
        if (config.name == "hq")
        {
            config.rules[0].links.prefer = {"mpls"};
        }
    });
    net.RunUntil(1s);
    for (unsigned i = 0; i < 50; ++i)
    {
        net.Send(0, UdpPacket(HOST[0], HOST[1], 50000, 3479, i, 200));
        net.Send(1, UdpPacket(HOST[1], HOST[0], 3479, 50000, i, 200));
        net.RunUntil(net.now + 20ms);
    }
    net.RunUntil(net.now + 1s);
    const FlowKey key{HOST[0], HOST[1], 50000, 3479, 17, 0};
    const auto* forward = net.edges[0]->FindSendFlow(key);
    const auto* backward = net.edges[1]->FindSendFlow(key.Reversed());
    EXPECT_NE(forward->opener, backward->opener);
    EXPECT_EQ(forward->id, backward->id);
    EXPECT_EQ(forward->steering->Current().primary, backward->steering->Current().primary);
    EXPECT_EQ(Counters(net.delivered[0]), Range(50));
    EXPECT_EQ(Counters(net.delivered[1]), Range(50));
}

TEST(EdgeDataplane, LeavesADeadPathWithinThreeHundredMillisecondsAndAProbe)
{
    for (const bool oneWay : {false, true})
    {
        EdgePair net({"mpls", "broadband"}, WithRule(VoiceRule(false, false)));
        net.RunUntil(1s);
        Talk(net, 0, 100);
        const TimeNs broken = net.now;
        net.paths[1].toPeer[0] = [](TimeNs) { return std::nullopt; };
        if (!oneWay)
        {
            net.paths[1].toPeer[1] = net.paths[1].toPeer[0];
        }
        Talk(net, 0, 100, 20ms, 100);
        const auto moved =
            std::find_if(net.events[0].begin(), net.events[0].end(), [](const auto& e) {
                return e.ofFlow && e.decision.action == SteeringAction::Switch;
            });
        ASSERT_NE(moved, net.events[0].end());
        EXPECT_LE(moved->decision.at - broken, 400ms) << "one way: " << oneWay;
        EXPECT_EQ(moved->decision.to, 0);
        EXPECT_EQ(net.delivered[1].back().counter, 199u);
    }
}

TEST(EdgeDataplane, ASwitchToAFasterPathReordersNothingOnTheLan)
{
    // 60 ms against 2 ms: packets under way on the slow path are overtaken by three of the next.
    EdgePair net({"mpls", "broadband"}, WithRule(VoiceRule(false, false)));
    net.paths[0].toPeer[0] = net.paths[0].toPeer[1] = Steady(2ms);
    net.paths[1].toPeer[0] = net.paths[1].toPeer[1] = Steady(60ms);
    net.RunUntil(1s);
    Talk(net, 0, 100);
    // Broadband dies towards the peer only for what is sent from now on.
    net.paths[1].toPeer[0] = [&net, from = net.now](TimeNs sent) -> std::optional<TimeNs> {
        return sent < from ? std::optional<TimeNs>(60ms) : std::nullopt;
    };
    Talk(net, 0, 100, 20ms, 100);
    net.RunUntil(net.now + 1s);
    const auto got = Counters(net.delivered[1]);
    EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
    EXPECT_EQ(std::adjacent_find(got.begin(), got.end()), got.end())
        << "a packet was delivered twice";
    EXPECT_EQ(got.back(), 199u);
}

TEST(EdgeDataplane, ParityRebuildsSingleLossesInOrder)
{
    for (const bool perFlow : {false, true})
    {
        PolicyRule rule = VoiceRule(true, false);
        rule.remedies.fec.perFlow = perFlow;
        rule.remedies.fec.flush = 200ms;
        EdgePair net({"broadband"}, WithRule(rule));
        net.RunUntil(1s);
        const TimeNs start = net.now;
        // Loses every eighth packet, the second of its group of four, and no parity: parity leaves
        // with the fourth.
        net.paths[0].toPeer[0] = [start](TimeNs sent) -> std::optional<TimeNs> {
            const auto slot = (sent - start) / 20ms;
            return (sent - start) % 20ms == 0ns && sent > start && slot % 8 == 5
                       ? std::nullopt
                       : std::optional<TimeNs>(5ms);
        };
        Talk(net, 0, 400);
        net.RunUntil(net.now + 1s);
        EXPECT_GE(net.lost, 50u);
        EXPECT_EQ(Counters(net.delivered[1]), Range(400)) << "per flow: " << perFlow;
        const FecCounters fec = net.edges[1]->Fec();
        EXPECT_EQ(net.edges[1]->Received().rebuilt, 50u);
        EXPECT_EQ(fec.used, 50u);
        EXPECT_EQ(fec.malformed, 0u);
    }
}

TEST(EdgeDataplane, ForgedReplayedAndForeignDatagramsGetANamedReason)
{
    EdgePair net({"mpls", "broadband"});
    net.keepBytes = true;
    net.RunUntil(1s);
    ASSERT_EQ(net.Send(0, UdpPacket(HOST[0], HOST[1], 1, 2, 0, 100)), DropReason::None);
    const auto link = net.sent[0].back().first.link;
    const Bytes datagram = net.sent[0].back().second;
    net.RunUntil(2s);
    ASSERT_EQ(net.delivered[1].size(), 1u);
    EXPECT_EQ(net.Inject(1, link, datagram), DropReason::Replayed);
    for (std::size_t i = OUTER_IPV4_UDP_SIZE + 16; i < datagram.size(); ++i)
    {
        Bytes forged = datagram;
        forged[i] ^= 0x10;
        const DropReason reason = net.Inject(1, link, forged);
        EXPECT_TRUE(reason == DropReason::Replayed || reason == DropReason::AuthenticationFailed);
    }
    Bytes foreign = datagram;
    foreign[15] ^= 1; // outer source; its header checksum no longer fits
    EXPECT_EQ(net.Inject(1, link, foreign), DropReason::BadHeader);
    foreign[10] = foreign[11] = 0;
    EXPECT_EQ(net.Inject(1, link, foreign), DropReason::UnknownTunnel);
    EXPECT_EQ(net.Inject(1, static_cast<std::uint16_t>(1 - link), datagram),
              DropReason::UnknownTunnel);
    EXPECT_EQ(net.delivered[1].size(), 1u) << "nothing of that reached the LAN";
}

TEST(EdgeDataplane, RandomAndTruncatedInputIsRefusedAndHarmless)
{
    EdgePair net({"mpls"});
    net.keepBytes = true;
    net.RunUntil(1s);
    net.Send(0, UdpPacket(HOST[0], HOST[1], 1, 2, 0, 300));
    const Bytes good = net.sent[0].back().second;
    net.RunUntil(2s);
    std::mt19937 random(7);
    for (int i = 0; i < 20000; ++i)
    {
        Bytes bytes = i % 2 ? good : Bytes(random() % 400);
        for (auto& b : bytes)
        {
            if (i % 2 == 0 || random() % 40 == 0)
            {
                b = static_cast<std::uint8_t>(random());
            }
        }
        bytes.resize(i % 3 ? bytes.size() : random() % (bytes.size() + 1));
        EXPECT_NE(net.Inject(1, 0, bytes), DropReason::None);
        net.edges[0]->OnLanPacket(bytes, net.Local(0));
    }
    EXPECT_EQ(net.delivered[1].size(), 1u);
    net.RunUntil(3s);
    ASSERT_EQ(net.Send(0, UdpPacket(HOST[0], HOST[1], 1, 2, 1, 300)), DropReason::None);
    net.RunUntil(4s);
    EXPECT_GE(net.delivered[1].size(), 2u) << "still alive";
}

TEST(EdgeDataplane, AnHourBetweenTheClocksChangesNothing)
{
    std::vector<std::vector<std::uint32_t>> got;
    std::vector<std::vector<TunnelId>> choices;
    for (const TimeNs offset : {TimeNs{0}, TimeNs{1h}, TimeNs{-1h}})
    {
        EdgePair net({"mpls", "broadband"}, WithRule(VoiceRule(false, false)), offset);
        net.paths[0].toPeer[0] = Steady(3ms);
        net.paths[1].toPeer[0] = Steady(9ms);
        net.RunUntil(5s);
        Talk(net, 0, 200);
        got.push_back(Counters(net.delivered[1]));
        auto& choice = choices.emplace_back();
        for (const auto& event : net.events[0])
        {
            choice.push_back(event.decision.to);
        }
        const auto& a = net.edges[0]->Tunnel(0).monitor.Forward().instantaneous.latency;
        const auto& b = net.edges[0]->Tunnel(1).monitor.Forward().instantaneous.latency;
        ASSERT_TRUE(a.Known() && b.Known());
        EXPECT_NEAR(b.value - a.value, 6.0, 0.002)
            << "differences are exact to the stamp's microsecond";
    }
    EXPECT_EQ(got[0], got[1]);
    EXPECT_EQ(got[0], got[2]);
    EXPECT_EQ(choices[0], choices[1]);
    EXPECT_EQ(choices[0], choices[2]);
}

TEST(EdgeDataplane, KeysRotateUnderLoadWithoutLoss)
{
    EdgePair net({"mpls"}, [](EdgeConfig& config) {
        config.rekeyInterval = 2s;
        config.rekeyOverlap = 500ms;
    });
    net.RunUntil(1s);
    Talk(net, 0, 2000, 5ms);
    net.RunUntil(net.now + 100ms);
    EXPECT_EQ(Counters(net.delivered[1]), Range(2000));
    EXPECT_GE(net.edges[0]->Tunnel(0).secure.Counters().epochChanges, 4u);
}

TEST(EdgeDataplane, ConfigurationErrorsNameFieldAndRule)
{
    const auto message = [](const std::function<void(EdgeConfig&)>& adjust) {
        try
        {
            EdgePair net({"mpls"}, adjust);
        }
        catch (const std::invalid_argument& e)
        {
            return std::string(e.what());
        }
        return std::string("accepted");
    };
    EXPECT_EQ(message([](EdgeConfig& c) { c.links[0].mtu = 500; }),
              "edge 'bristol': mtu of link 'mpls' is 500, but IPv4 needs at least 576 bytes");
    EXPECT_EQ(message([](EdgeConfig& c) { c.tunnels[0].peer = 3; }),
              "edge 'bristol': tunnels[0].peer is 3, but there are only 1 peers");
    EXPECT_EQ(message([](EdgeConfig& c) { c.tunnels[0].secret.resize(3); }),
              "edge 'bristol': tunnels[0].secret has 3 bytes, but needs at least 16");
    EXPECT_EQ(message([](EdgeConfig& c) { c.tunnels.push_back(c.tunnels[0]); }),
              "edge 'bristol': tunnels[1] joins the same two addresses as an earlier tunnel");
}

} // namespace weft::sdwan::testing
