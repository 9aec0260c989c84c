// SPDX-License-Identifier: GPL-2.0-only
/** @file Expectations about fabrics judged over small hand-made records. */

#include "engine/study/expectations.h"
#include "engine/study/judge-overlay.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::engine
{
namespace
{

using spec::ExpectKind;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

/**
 * A record of 10 s over leaf1, spine1 and spine2 with hosts host1 and host2:
 *  - feed, 100 packets a second forward; those sent from 4 s to 4.5 s are lost, and all from 9.2 s
 * on;
 *  - echo, both ways; loses forward packet 10 (sent at 1 s), backward those from 2 s to 2.3 s;
 *  - host1's VTEP table: m1 behind 10.0.0.2 from 1 s, behind 10.0.0.3 from 5 s, gone at 7 s; m2
 * from 3 s;
 *  - frames on host1.uplink at 1 s, 2 s and 3 s out, one at 2 s in, and one on leaf1.spine1;
 *  - counters of both links of leaf1.
 */
class OverlayExpectations : public testing::Test
{
  protected:
    OverlayExpectations()
    {
        m_scenario.duration = seconds(10);
        m_scenario.record.interval = milliseconds(500);
        m_scenario.fabric.emplace();
        for (const char* name : {"leaf1", "spine1", "spine2"})
        {
            m_scenario.fabric->routers.emplace_back().name = name;
        }
        for (const spec::Index spine : {1, 2})
        {
            spec::FabricLink link;
            link.name = "leaf1.spine" + std::to_string(spine);
            link.first = 0;
            link.second = spine;
            m_scenario.fabric->links.push_back(link);
        }
        for (const char* name : {"host1", "host2"})
        {
            m_scenario.hypervisors.emplace_back().name = name;
        }
        AddFlow("feed", false);
        AddFlow("echo", true);
        Tables();
        Frames();
        m_recorder.SetScalar("link.leaf1.spine1.out.frames", 500);
        m_recorder.SetScalar("link.leaf1.spine2.out.frames", 520);
        m_recorder.SetScalar("link.leaf1.spine1.out.bytes", 500'000);
        m_recorder.SetScalar("link.leaf1.spine2.out.bytes", 520'000);
        m_recorder.SetScalar("link.leaf1.spine1.in.frames", 1000);
        m_recorder.SetScalar("link.leaf1.spine2.in.frames", 100);
        m_recorder.SetScalar("link.leaf1.spine1.out.flows", 0);
        m_recorder.SetScalar("link.leaf1.spine2.out.flows", 0);
        m_recorder.SetScalar("vtep.host1.flooded_copies", 3);
        m_recorder.Finish(m_scenario.duration);
    }

    void
    AddFlow(const char* name, bool bothWays)
    {
        spec::Flow flow;
        flow.name = name;
        flow.bothWays = bothWays;
        m_scenario.traffic.push_back(flow);
        FlowInfo info;
        info.name = name;
        info.bothWays = bothWays;
        const FlowIndex index = m_recorder.AddFlow(info);
        for (std::uint64_t i = 0; i < 1000; ++i)
        {
            const TimeNs sent = milliseconds(10) * i;
            Send(index, Direction::Forward, i, sent, bothWays ? i != 100 : FeedArrives(sent));
            if (bothWays)
            {
                Send(index,
                     Direction::Backward,
                     i,
                     sent,
                     sent < seconds(2) || sent >= milliseconds(2300));
            }
        }
    }

    static bool
    FeedArrives(TimeNs sent)
    {
        return sent < seconds(4) || (sent >= milliseconds(4500) && sent < milliseconds(9200));
    }

    void
    Send(FlowIndex flow, Direction direction, std::uint64_t i, TimeNs sent, bool arrives)
    {
        m_recorder.OnSent(flow, direction, i, sent, 100);
        if (arrives)
        {
            m_recorder.OnReceived(flow, direction, i, sent, sent + milliseconds(1), 100);
        }
    }

    void
    Tables()
    {
        const auto add = [this](TimeNs time, std::string op, std::string mac, std::string remote) {
            TableRecord row;
            row.time = time;
            row.node = "host1";
            row.table = "vtep-fdb";
            row.op = std::move(op);
            row.cause = "learned";
            row.domain = "864";
            row.mac = std::move(mac);
            row.remote = std::move(remote);
            m_recorder.Overlay().Tables().Add(row);
        };
        add(seconds(1), "add", "00:50:56:00:00:01", "10.0.0.2");
        add(seconds(3), "add", "00:50:56:00:00:02", "10.0.0.2");
        add(seconds(5), "update", "00:50:56:00:00:01", "10.0.0.3");
        add(seconds(7), "remove", "00:50:56:00:00:01", "10.0.0.3");
    }

    void
    Frames()
    {
        OverlayRecord& overlay = m_recorder.Overlay();
        const auto uplink = overlay.AddWatchedLink("host1.uplink");
        const auto link = overlay.AddWatchedLink("leaf1.spine1");
        const auto add =
            [&](TimeNs time, std::uint32_t on, bool outward, const char* port, const char* kind) {
                FrameRecord frame;
                frame.time = time;
                frame.link = on;
                frame.outward = outward;
                frame.size = 92;
                frame[FrameColumn::Encapsulation] = "vxlan";
                frame[FrameColumn::SourcePort] = port;
                frame[FrameColumn::InnerKind] = kind;
                frame[FrameColumn::Summary] = std::string("vxlan 864: ") + kind;
                overlay.OnFrame(frame);
            };
        add(seconds(1), uplink, true, "49152", "arp-request");
        add(seconds(1), link, true, "49152", "arp-request");
        add(seconds(2), uplink, true, "65535", "arp-reply");
        add(seconds(2), uplink, false, "49151", "ipv4");
        add(seconds(3), uplink, true, "", "ipv4");
    }

    spec::Expectation
    Expect(ExpectKind kind)
    {
        spec::Expectation e;
        e.name = "e";
        e.kind = kind;
        e.window.to = m_scenario.duration;
        return e;
    }

    spec::Expectation
    ExpectOutage(spec::Index flow)
    {
        auto e = Expect(ExpectKind::Outage);
        e.flow = flow;
        return e;
    }

    spec::Expectation
    ExpectTable(TimeNs at)
    {
        auto e = Expect(ExpectKind::Table);
        e.table = spec::TableKind::VtepFdb;
        e.node = {spec::NodeKind::Hypervisor, 0};
        spec::Moment moment;
        moment.time = at;
        e.at = moment;
        return e;
    }

    spec::Expectation
    ExpectFrames()
    {
        auto e = Expect(ExpectKind::Frames);
        spec::WireRef wire;
        wire.kind = spec::WireRef::Kind::Uplink;
        wire.node = {spec::NodeKind::Hypervisor, 0};
        e.wires = {wire};
        return e;
    }

    spec::Expectation
    ExpectBalance(spec::BalanceOf of, bool even)
    {
        auto e = Expect(ExpectKind::Balance);
        e.balanceOf = of;
        e.even = even;
        e.direction = spec::FlowDirection::Forward;
        for (const spec::Index link : {0, 1})
        {
            spec::WireRef wire;
            wire.link = link;
            e.wires.push_back(wire);
        }
        return e;
    }

    Verdict
    JudgeOne(spec::Expectation expectation)
    {
        m_scenario.expectations = {std::move(expectation)};
        return Judge(m_scenario, m_recorder).at(0);
    }

    spec::Scenario m_scenario;
    Recorder m_recorder;
};

// ---------------------------------------------------------------- outage

TEST_F(OverlayExpectations, OutageOfTheWholeRunIsTheLongest)
{
    auto e = ExpectOutage(0);
    e.below = 0.4;
    // The loss from 9.2 s on is too young to be one: 0.8 s of the run are left.
    const Verdict v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_DOUBLE_EQ(v.measured, 0.5);
    EXPECT_DOUBLE_EQ(v.threshold, 0.4);
    EXPECT_NEAR(v.margin, -0.1, 1e-12);
    EXPECT_EQ(v.unit, "s");
    EXPECT_DOUBLE_EQ(v.atSeconds, 4);
    EXPECT_THAT(v.detail, HasSubstr("forward: 0.5 s from 4 s on, 50 packets lost"));
}

TEST_F(OverlayExpectations, OutageBetweenTwoLimits)
{
    auto e = ExpectOutage(0);
    e.above = 0.45;
    e.below = 0.55;
    const Verdict v = JudgeOne(e);
    EXPECT_TRUE(v.passed) << v.detail;
    EXPECT_NEAR(v.margin, 0.05, 1e-12);
    EXPECT_THAT(v.statement, HasSubstr("above 0.45 and below 0.55 s"));
    e.above = 0.5;
    EXPECT_FALSE(JudgeOne(e).passed) << "the limit itself is not above it";
}

TEST_F(OverlayExpectations, NoOutageIsZeroSeconds)
{
    auto e = ExpectOutage(0);
    e.window.to = seconds(3);
    e.below = 0.001;
    const Verdict v = JudgeOne(e);
    EXPECT_TRUE(v.passed);
    EXPECT_EQ(v.measured, 0);
    EXPECT_THAT(v.detail, HasSubstr("nothing was lost"));
}

TEST_F(OverlayExpectations, AnOutageThatDoesNotEndSaysSo)
{
    auto e = ExpectOutage(0);
    e.window.from = milliseconds(4100);
    e.window.to = milliseconds(4400);
    e.below = 10;
    const Verdict v = JudgeOne(e);
    EXPECT_TRUE(v.passed);
    EXPECT_DOUBLE_EQ(v.measured, 0.3);
    EXPECT_THAT(v.detail, HasSubstr("; it did not end"));
}

TEST_F(OverlayExpectations, OutageOfTheWorseDirection)
{
    auto e = ExpectOutage(1);
    e.below = 1;
    Verdict v = JudgeOne(e);
    EXPECT_DOUBLE_EQ(v.measured, 0.3);
    EXPECT_THAT(v.detail, HasSubstr("backward: 0.3 s from 2 s on, 30 packets lost"));
    e.direction = spec::FlowDirection::Forward;
    v = JudgeOne(e);
    EXPECT_DOUBLE_EQ(v.measured, 0.01);
    EXPECT_DOUBLE_EQ(v.atSeconds, 1);
}

TEST_F(OverlayExpectations, OutageOfAFlowThatSentNothingFails)
{
    auto e = ExpectOutage(0);
    e.direction = spec::FlowDirection::Backward;
    e.below = 1;
    const Verdict v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_THAT(v.detail, HasSubstr("feed sent nothing backward"));
}

// ---------------------------------------------------------------- tables

TEST_F(OverlayExpectations, TableHasAnEntryAtAnInstant)
{
    auto e = ExpectTable(seconds(5));
    e.has.emplace();
    e.has->mac = netbase::MacAddress::Parse("00:50:56:00:00:01");
    e.has->remote = netbase::IpAddress::Parse("10.0.0.3");
    Verdict v = JudgeOne(e);
    EXPECT_TRUE(v.passed) << v.detail;
    EXPECT_EQ(v.measured, 1);
    EXPECT_DOUBLE_EQ(v.atSeconds, 5);
    EXPECT_EQ(v.statement,
              "The vtep-fdb of host1 at 5 s has at least 1 entry with MAC 00:50:56:00:00:01, "
              "remote 10.0.0.3.");
    EXPECT_THAT(v.detail, HasSubstr("1 of 2 entries agree"));
    e.at->time = seconds(5) - TimeNs(1);
    v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_THAT(v.detail,
                HasSubstr("none of its 2 entries agrees: 864 00:50:56:00:00:01 10.0.0.2"));
}

TEST_F(OverlayExpectations, TableLacksAnEntry)
{
    auto e = ExpectTable(seconds(7));
    e.lacks.emplace();
    e.lacks->mac = netbase::MacAddress::Parse("00:50:56:00:00:01");
    Verdict v = JudgeOne(e);
    EXPECT_TRUE(v.passed) << v.detail;
    EXPECT_EQ(v.measured, 0);
    e.at->time = seconds(7) - TimeNs(1);
    v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_EQ(v.margin, -1);
    EXPECT_THAT(v.statement, HasSubstr("has no entry with MAC 00:50:56:00:00:01"));
}

TEST_F(OverlayExpectations, TableCounts)
{
    auto e = ExpectTable(seconds(6));
    e.count = 2;
    EXPECT_TRUE(JudgeOne(e).passed);
    e.count = 3;
    Verdict v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_EQ(v.margin, -1);
    e.count.reset();
    e.atMost = 1;
    v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_EQ(v.threshold, 1);
    e.atMost = 2;
    EXPECT_TRUE(JudgeOne(e).passed);
    // An empty table counts nothing.
    e = ExpectTable(TimeNs(0));
    e.count = 0;
    v = JudgeOne(e);
    EXPECT_TRUE(v.passed);
    EXPECT_THAT(v.detail, HasSubstr("none of its 0 entries"));
}

TEST_F(OverlayExpectations, TablePatternsNeedEveryPart)
{
    auto e = ExpectTable(seconds(6));
    e.has.emplace();
    e.has->domain = 864;
    e.count = 2;
    EXPECT_TRUE(JudgeOne(e).passed);
    e.has->remote = netbase::IpAddress::Parse("10.0.0.2");
    e.count = 1;
    EXPECT_TRUE(JudgeOne(e).passed);
    e.has->domain = 865;
    e.count = 0;
    EXPECT_TRUE(JudgeOne(e).passed);
}

TEST_F(OverlayExpectations, TableOfAnotherNodeIsAnotherTable)
{
    auto e = ExpectTable(seconds(6));
    e.node.index = 1;
    e.count = 0;
    EXPECT_TRUE(JudgeOne(e).passed);
}

// ---------------------------------------------------------------- frames

TEST_F(OverlayExpectations, FramesByDirection)
{
    auto e = ExpectFrames();
    e.count = 4;
    EXPECT_TRUE(JudgeOne(e).passed);
    e.direction = spec::FlowDirection::Forward;
    e.count = 3;
    EXPECT_TRUE(JudgeOne(e).passed);
    e.direction = spec::FlowDirection::Backward;
    e.count = 1;
    const Verdict v = JudgeOne(e);
    EXPECT_TRUE(v.passed);
    EXPECT_THAT(v.statement, HasSubstr("On host1.uplink inwards, 1 frame passes"));
    EXPECT_THAT(v.detail, HasSubstr("the first at 2 s: vxlan 864: ipv4"));
}

TEST_F(OverlayExpectations, FramesByColumns)
{
    auto e = ExpectFrames();
    e.where = {{"inner_kind", {"arp-request", "arp-reply"}, {}}};
    e.count = 2;
    EXPECT_TRUE(JudgeOne(e).passed);
    e.where.push_back({"source_port", {}, std::pair<std::uint64_t, std::uint64_t>(49152, 65534)});
    e.count = 1;
    EXPECT_TRUE(JudgeOne(e).passed);
    e.where[1].range->second = 65535;
    e.count = 2;
    EXPECT_TRUE(JudgeOne(e).passed) << "both ends of a range belong to it";
    // An empty cell is no number.
    e.where = {{"source_port", {}, std::pair<std::uint64_t, std::uint64_t>(0, 65535)}};
    e.count = 3;
    EXPECT_TRUE(JudgeOne(e).passed);
    e.where = {{"size", {"92"}, {}}};
    e.count = 4;
    EXPECT_TRUE(JudgeOne(e).passed);
}

TEST_F(OverlayExpectations, FramesInAWindowItsEndsIncluded)
{
    auto e = ExpectFrames();
    e.window.from = seconds(1);
    e.window.to = seconds(2);
    e.count = 3;
    EXPECT_TRUE(JudgeOne(e).passed);
    e.window.from += TimeNs(1);
    e.count = 2;
    EXPECT_TRUE(JudgeOne(e).passed);
}

TEST_F(OverlayExpectations, FramesAtLeastAndAtMost)
{
    auto e = ExpectFrames();
    e.atLeast = 5;
    Verdict v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_EQ(v.margin, -1);
    EXPECT_EQ(v.threshold, 5);
    EXPECT_THAT(v.statement, HasSubstr("at least 5 frames"));
    e.atLeast = 2;
    e.atMost = 4;
    v = JudgeOne(e);
    EXPECT_TRUE(v.passed);
    EXPECT_EQ(v.margin, 0);
    EXPECT_EQ(v.threshold, 4);
}

TEST_F(OverlayExpectations, FramesOfAWireNamedTheOtherWayRound)
{
    auto e = Expect(ExpectKind::Frames);
    spec::WireRef wire;
    wire.link = 0;
    wire.reversed = true;
    e.wires = {wire};
    e.direction = spec::FlowDirection::Forward;
    e.count = 0;
    EXPECT_TRUE(JudgeOne(e).passed) << "spine1 sent nothing to leaf1";
    e.direction = spec::FlowDirection::Backward;
    e.count = 1;
    EXPECT_TRUE(JudgeOne(e).passed);
}

// ---------------------------------------------------------------- counters

TEST_F(OverlayExpectations, CounterEqualsWithTolerance)
{
    auto e = Expect(ExpectKind::Counter);
    e.counter = "vtep.host1.flooded_copies";
    e.equals = 3;
    Verdict v = JudgeOne(e);
    EXPECT_TRUE(v.passed);
    EXPECT_EQ(v.measured, 3);
    EXPECT_EQ(v.margin, 0);
    EXPECT_EQ(v.statement, "vtep.host1.flooded_copies is 3.");
    e.equals = 5;
    v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_EQ(v.margin, -2);
    e.tolerance = 2;
    v = JudgeOne(e);
    EXPECT_TRUE(v.passed);
    EXPECT_THAT(v.statement, HasSubstr("5 +-2"));
}

TEST_F(OverlayExpectations, CounterBelowAndAbove)
{
    auto e = Expect(ExpectKind::Counter);
    e.counter = "vtep.host1.flooded_copies";
    e.below = 3;
    EXPECT_FALSE(JudgeOne(e).passed);
    e.below = 4;
    EXPECT_TRUE(JudgeOne(e).passed);
    e.above = 3;
    EXPECT_FALSE(JudgeOne(e).passed);
    e.above = 2;
    EXPECT_TRUE(JudgeOne(e).passed);
}

TEST_F(OverlayExpectations, AnUnknownCounterFailsWithASuggestion)
{
    auto e = Expect(ExpectKind::Counter);
    e.counter = "vtep.host1.flooded_copy";
    e.equals = 0;
    const Verdict v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_TRUE(std::isnan(v.measured));
    EXPECT_EQ(v.detail,
              "this run has no figure vtep.host1.flooded_copy; did you mean "
              "vtep.host1.flooded_copies?");
}

// ---------------------------------------------------------------- balance

TEST(EvenProbability, KnownValues)
{
    // One degree of freedom: erfc(sqrt(x / 2)) at x = (60 - 50)^2 / 50 * 2 = 4.
    EXPECT_NEAR(EvenProbability({40, 60}), std::erfc(std::sqrt(2.0)), 1e-14);
    // Two degrees: exp(-x / 2) at x = (9 + 0 + 9) / 10 = 1.8.
    EXPECT_NEAR(EvenProbability({7, 10, 13}), std::exp(-0.9), 1e-14);
    // Four degrees: (1 + x / 2) exp(-x / 2) at x = (4 + 4) / 10 = 0.8.
    EXPECT_NEAR(EvenProbability({8, 12, 10, 10, 10}), 1.4 * std::exp(-0.4), 1e-14);
    // The upper point of 5 % with one degree of freedom is 3.841459.
    const double d = std::sqrt(3.841458820694124 * 1000 / 2);
    EXPECT_NEAR(EvenProbability({1000 - d, 1000 + d}), 0.05, 1e-12);
}

TEST(EvenProbability, Limits)
{
    EXPECT_EQ(EvenProbability({}), 1);
    EXPECT_EQ(EvenProbability({17}), 1);
    EXPECT_EQ(EvenProbability({0, 0}), 1);
    EXPECT_EQ(EvenProbability({500, 500, 500}), 1);
    EXPECT_LT(EvenProbability({1000, 0}), 1e-200);
}

TEST_F(OverlayExpectations, AnEvenLoad)
{
    Verdict v = JudgeOne(ExpectBalance(spec::BalanceOf::Frames, true));
    EXPECT_TRUE(v.passed) << v.detail;
    // x = 2 * 10^2 / 510.
    EXPECT_NEAR(v.measured, std::erfc(std::sqrt(200.0 / 510 / 2)), 1e-12);
    EXPECT_THAT(v.detail, HasSubstr("500, 520; most / mean 1.020; chi-square of 1 degrees"));
    v = JudgeOne(ExpectBalance(spec::BalanceOf::Frames, false));
    EXPECT_FALSE(v.passed);
    EXPECT_THAT(v.statement, HasSubstr("unevenly"));
}

TEST_F(OverlayExpectations, BytesSpreadAsFramesOfTheMeanSize)
{
    const Verdict v = JudgeOne(ExpectBalance(spec::BalanceOf::Bytes, true));
    EXPECT_TRUE(v.passed) << v.detail;
    EXPECT_NEAR(v.measured, std::erfc(std::sqrt(200.0 / 510 / 2)), 1e-12);
}

TEST_F(OverlayExpectations, AnUnevenLoad)
{
    auto e = ExpectBalance(spec::BalanceOf::Frames, true);
    e.direction = spec::FlowDirection::Backward;
    EXPECT_FALSE(JudgeOne(e).passed);
    e.even = false;
    EXPECT_TRUE(JudgeOne(e).passed);
}

TEST_F(OverlayExpectations, NothingCountedIsNeitherEvenNorUneven)
{
    for (const bool even : {true, false})
    {
        const Verdict v = JudgeOne(ExpectBalance(spec::BalanceOf::Flows, even));
        EXPECT_FALSE(v.passed);
        EXPECT_THAT(v.detail, HasSubstr("no flows were counted"));
    }
}

} // namespace
} // namespace weft::engine
