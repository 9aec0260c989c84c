// SPDX-License-Identifier: GPL-2.0-only
/** @file Expectations judged over small hand-made records. */

#include "expectations_fixture.h"

namespace weft::engine
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

// ---------------------------------------------------------------- decisions

TEST_F(Expectations, DecisionInTime)
{
    auto e = ExpectDecision("duplicates", spec::Action::Duplicate);
    e.from = "broadband";
    e.to = "mpls";
    e.window.after = AfterEvent();
    e.window.within = seconds(2);
    const Verdict v = JudgeOne(e);
    EXPECT_TRUE(v.passed);
    EXPECT_EQ(v.kind, "decision");
    EXPECT_DOUBLE_EQ(v.measured, 0.4) << "seconds after the event";
    EXPECT_DOUBLE_EQ(v.threshold, 2);
    EXPECT_DOUBLE_EQ(v.margin, 1.6);
    EXPECT_EQ(v.unit, "s");
    EXPECT_DOUBLE_EQ(v.atSeconds, 30.4);
    EXPECT_THAT(v.statement, HasSubstr("within 2 s after spike"));
    EXPECT_THAT(v.detail, HasSubstr("jitter 19.5 ms (bound 16.25 ms) against 15 ms"));
}

TEST_F(Expectations, DecisionTooLateSaysWhenItCame)
{
    auto e = ExpectDecision("duplicates", spec::Action::Duplicate);
    e.window.after = AfterEvent();
    e.window.within = milliseconds(300);
    const Verdict v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_DOUBLE_EQ(v.measured, 0.4);
    EXPECT_DOUBLE_EQ(v.threshold, 0.3);
    EXPECT_NEAR(v.margin, -0.1, 1e-12);
    EXPECT_THAT(v.detail, HasSubstr("[30 s, 30.3 s]"));
    EXPECT_THAT(v.detail, HasSubstr("duplicate at 30.4 s by edge bristol"));
}

TEST_F(Expectations, WindowsIncludeTheirEnds)
{
    auto e = ExpectDecision("returns", spec::Action::Return);
    e.window.from = seconds(50);
    e.window.to = seconds(50);
    EXPECT_TRUE(JudgeOne(e).passed);
    e.window.from = seconds(50) + TimeNs(1);
    e.window.to = seconds(51);
    EXPECT_FALSE(JudgeOne(e).passed);
    e.window.from = seconds(49);
    e.window.to = seconds(50) - TimeNs(1);
    EXPECT_FALSE(JudgeOne(e).passed);
}

TEST_F(Expectations, WrongLinkIsNotTheDecision)
{
    auto e = ExpectDecision("opens", spec::Action::Open);
    e.to = "mpls";
    const Verdict v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_TRUE(std::isnan(v.measured));
    EXPECT_THAT(v.detail, HasSubstr("nor elsewhere"));
    EXPECT_THAT(v.detail, HasSubstr("open at 0 s by edge bristol to broadband"));
    EXPECT_THAT(v.detail, HasSubstr("and 1 more"));
}

TEST_F(Expectations, DecisionsOfTheOtherEdgeDoNotCount)
{
    auto e = ExpectDecision("moves", spec::Action::Switch);
    EXPECT_TRUE(JudgeOne(e).passed);
    e.edge = 1;
    EXPECT_FALSE(JudgeOne(e).passed);
}

TEST_F(Expectations, ChainsFollowDecisionsInAnyOrderOfTheFile)
{
    auto moves = ExpectDecision("moves", spec::Action::Switch);
    moves.window.after = AfterDecision(1);
    moves.window.within = milliseconds(2100);
    auto duplicates = ExpectDecision("duplicates", spec::Action::Duplicate);
    duplicates.window.after = AfterEvent();
    const auto verdicts = JudgeAll({moves, duplicates});
    EXPECT_TRUE(AllPassed(verdicts));
    EXPECT_DOUBLE_EQ(verdicts[0].measured, 2.0);
    EXPECT_THAT(verdicts[0].statement, HasSubstr("after duplicates"));
}

TEST_F(Expectations, WrongOrderFails)
{
    auto moves = ExpectDecision("moves", spec::Action::Switch);
    auto duplicates = ExpectDecision("duplicates", spec::Action::Duplicate);
    duplicates.window.after = AfterDecision(0);
    const auto verdicts = JudgeAll({moves, duplicates});
    EXPECT_TRUE(verdicts[0].passed);
    EXPECT_FALSE(verdicts[1].passed);
    EXPECT_LT(verdicts[1].measured, 0) << "it came before";
}

TEST_F(Expectations, AfterADecisionThatWasNeverTaken)
{
    auto fec = ExpectDecision("fec", spec::Action::FecOn);
    auto moves = ExpectDecision("moves", spec::Action::Switch);
    moves.window.after = AfterDecision(0);
    auto stays = ExpectDecision("stays", spec::Action::Return, spec::ExpectKind::NoDecision);
    stays.window.until = AfterDecision(0);
    auto clean = Expect("clean", spec::ExpectKind::LanClean);
    clean.window.until = AfterDecision(0);
    const auto verdicts = JudgeAll({fec, moves, stays, clean});
    for (const Verdict& v : verdicts)
    {
        EXPECT_FALSE(v.passed) << v.name;
        EXPECT_FALSE(v.statement.empty()) << v.name;
    }
    EXPECT_THAT(verdicts[1].detail, HasSubstr("'after: fec' has no instant"));
    EXPECT_THAT(verdicts[2].detail, HasSubstr("'until: fec' has no instant"));
    EXPECT_THAT(verdicts[3].detail, HasSubstr("'until: fec' has no instant"));
}

TEST_F(Expectations, CirclesFail)
{
    auto a = ExpectDecision("a", spec::Action::Open);
    a.window.after = AfterDecision(1);
    auto b = ExpectDecision("b", spec::Action::Switch);
    b.window.after = AfterDecision(0);
    auto self = ExpectDecision("self", spec::Action::Switch);
    self.window.after = AfterDecision(2);
    const auto verdicts = JudgeAll({a, b, self});
    EXPECT_FALSE(verdicts[0].passed);
    EXPECT_FALSE(verdicts[1].passed);
    EXPECT_FALSE(verdicts[2].passed);
    EXPECT_THAT(verdicts[1].detail, HasSubstr("circle"));
    EXPECT_THAT(verdicts[2].detail, HasSubstr("circle"));
}

TEST_F(Expectations, EmptyWindowFails)
{
    auto e = ExpectDecision("stays", spec::Action::FecOn, spec::ExpectKind::NoDecision);
    e.window.after = AfterEvent(true);
    e.window.to = seconds(20);
    const Verdict v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_THAT(v.detail, HasSubstr("empty"));
}

TEST_F(Expectations, NoDecision)
{
    auto e = ExpectDecision("stays-away", spec::Action::Return, spec::ExpectKind::NoDecision);
    e.window.after = AfterEvent(true);
    e.window.within = milliseconds(14999);
    Verdict v = JudgeOne(e);
    EXPECT_TRUE(v.passed);
    EXPECT_EQ(v.measured, 0);
    EXPECT_THAT(v.detail, HasSubstr("the nearest: return at 50 s"));
    e.window.within = seconds(15);
    v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_EQ(v.measured, 1);
    EXPECT_EQ(v.margin, -1);
    EXPECT_DOUBLE_EQ(v.atSeconds, 50);
}

TEST_F(Expectations, NoSecondDecisionAfterTheFirst)
{
    auto first = ExpectDecision("moves", spec::Action::Switch);
    auto again = ExpectDecision("once", spec::Action::Switch, spec::ExpectKind::NoDecision);
    again.window.after = AfterDecision(0);
    EXPECT_TRUE(AllPassed(JudgeAll({first, again}))) << "the decision itself is not after itself";
}

TEST_F(Expectations, ExactCount)
{
    auto e = ExpectDecision("moves-once", spec::Action::Switch);
    e.count = 1;
    EXPECT_TRUE(JudgeOne(e).passed);
    e.count = 2;
    const Verdict v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_EQ(v.measured, 1);
    EXPECT_EQ(v.threshold, 2);
}

TEST_F(Expectations, DecisionsOfPaths)
{
    auto e = ExpectDecision("down", spec::Action::PathDown);
    e.flow.reset();
    EXPECT_TRUE(JudgeOne(e).passed);
    e.path = 0;
    EXPECT_TRUE(JudgeOne(e).passed) << "by the link of the Edge that saw it";
    e.edge = 0;
    EXPECT_FALSE(JudgeOne(e).passed);
}

// ---------------------------------------------------------------- the LAN

TEST_F(Expectations, LanClean)
{
    auto e = Expect("clean", spec::ExpectKind::LanClean);
    e.window.after = AfterEvent();
    const Verdict v = JudgeOne(e);
    EXPECT_TRUE(v.passed) << v.detail;
    EXPECT_EQ(v.measured, 0);
    EXPECT_THAT(v.detail, HasSubstr("1500 forward, 1500 backward"));
}

TEST_F(Expectations, LanNotClean)
{
    auto e = Expect("clean", spec::ExpectKind::LanClean);
    const Verdict v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_EQ(v.measured, 3);
    EXPECT_DOUBLE_EQ(v.atSeconds, 2);
    EXPECT_THAT(v.detail, HasSubstr("forward: 1 lost, 0 duplicate, 1 out of order of 3000"));
    EXPECT_THAT(v.detail, HasSubstr("packet 100, lost at 2 s"));
    EXPECT_THAT(v.detail, HasSubstr("backward: 0 lost, 1 duplicate, 0 out of order of 3000"));
}

TEST_F(Expectations, LanOfOneDirectionAndEachFault)
{
    struct Case
    {
        spec::FlowDirection direction;
        TimeNs from;
        bool clean;
    };
    for (const Case& c : {Case{spec::FlowDirection::Forward, seconds(2), false},
                          Case{spec::FlowDirection::Backward, seconds(2), true},
                          Case{spec::FlowDirection::Forward, seconds(4), true},
                          Case{spec::FlowDirection::Backward, seconds(4), false},
                          Case{spec::FlowDirection::Forward, seconds(6), false},
                          Case{spec::FlowDirection::Backward, seconds(6), true}})
    {
        auto e = Expect("clean", spec::ExpectKind::LanClean);
        e.direction = c.direction;
        e.window.from = c.from;
        e.window.to = c.from + seconds(1);
        EXPECT_EQ(JudgeOne(e).passed, c.clean) << c.from.count();
    }
}

TEST_F(Expectations, SilenceIsNotClean)
{
    auto e = Expect("clean", spec::ExpectKind::LanClean);
    e.window.from = seconds(61);
    const Verdict v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_THAT(v.detail, HasSubstr("sent nothing forward and backward"));
}

// ---------------------------------------------------------------- cost, follows

TEST_F(Expectations, Cost)
{
    auto duplicates = ExpectDecision("duplicates", spec::Action::Duplicate);
    auto moves = ExpectDecision("moves", spec::Action::Switch);
    auto before = Expect("before", spec::ExpectKind::Cost);
    before.cost = 1;
    before.tolerance = 0.02;
    before.window.until = AfterDecision(0);
    auto during = Expect("during", spec::ExpectKind::Cost);
    during.cost = 2;
    during.tolerance = 0.02;
    during.window.after = AfterDecision(0);
    during.window.until = AfterDecision(1);
    auto wrong = Expect("wrong", spec::ExpectKind::Cost);
    wrong.cost = 1;
    wrong.tolerance = 0.02;
    const auto v = JudgeAll({duplicates, moves, before, during, wrong});
    EXPECT_TRUE(v[2].passed) << v[2].detail;
    EXPECT_TRUE(v[3].passed) << v[3].detail;
    EXPECT_DOUBLE_EQ(v[3].measured, 2);
    EXPECT_FALSE(v[4].passed);
    EXPECT_DOUBLE_EQ(v[4].measured, 3100.0 / 3000);
    EXPECT_LT(v[4].margin, 0);
    EXPECT_THAT(v[4].detail, HasSubstr("3000 data packets and 100 further copies"));
}

TEST_F(Expectations, Follows)
{
    auto e = Expect("follows", spec::ExpectKind::Follows);
    e.lag = milliseconds(10);
    Verdict v = JudgeOne(e);
    EXPECT_TRUE(v.passed) << v.detail;
    EXPECT_DOUBLE_EQ(v.measured, 10);
    e.lag = milliseconds(9);
    v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_DOUBLE_EQ(v.margin, -1);
    EXPECT_THAT(v.detail,
                HasSubstr("forward on mpls, backward on broadband for 0.01 s from 32.4 s on"));
    e.window.from = seconds(33);
    e.window.to = seconds(49);
    v = JudgeOne(e);
    EXPECT_TRUE(v.passed);
    EXPECT_THAT(v.detail, HasSubstr("always on the same tunnel"));
}

// ---------------------------------------------------------------- metrics

TEST_F(Expectations, Metrics)
{
    struct Case
    {
        spec::Metric metric;
        double measured;
        const char* unit;
    };
    // Forward: 2999 delivered, all 6 ms but one 60 ms; throughput of the window [10 s, 20 s).
    const double best = RateCall(CODEC_G711, DelayImpairment::Full, 86, 0).mos;
    for (const Case& c : {Case{spec::Metric::DelayMean, 6, "ms"},
                          Case{spec::Metric::DelayP50, 6, "ms"},
                          Case{spec::Metric::DelayP95, 6, "ms"},
                          Case{spec::Metric::DelayP99, 6, "ms"},
                          Case{spec::Metric::DelayMax, 6, "ms"},
                          Case{spec::Metric::Loss, 0, "fraction"},
                          Case{spec::Metric::MosMean, best, "MOS"},
                          Case{spec::Metric::MosMin, best, "MOS"},
                          Case{spec::Metric::Throughput, 68.8, "kbit/s"}})
    {
        auto e = Expect("metric", spec::ExpectKind::Metric);
        e.metric = c.metric;
        e.direction = spec::FlowDirection::Forward;
        e.window.from = seconds(10);
        e.window.to = seconds(20);
        const double scale = std::string(c.unit) == "ms"       ? 1e-3
                             : std::string(c.unit) == "kbit/s" ? 1e3
                                                               : 1;
        e.below = (c.measured + 1) * scale;
        Verdict v = JudgeOne(e);
        EXPECT_TRUE(v.passed) << v.detail;
        EXPECT_NEAR(v.measured, c.measured, 1e-9);
        EXPECT_NEAR(v.margin, 1, 1e-9);
        EXPECT_EQ(v.unit, c.unit);
        e.below.reset();
        e.above = (c.measured + 1) * scale;
        v = JudgeOne(e);
        EXPECT_FALSE(v.passed);
        EXPECT_NEAR(v.margin, -1, 1e-9);
        e.above = (c.measured - 0.25) * scale;
        e.below = (c.measured + 1) * scale;
        v = JudgeOne(e);
        EXPECT_TRUE(v.passed);
        EXPECT_NEAR(v.margin, 0.25, 1e-9) << "the nearer limit";
    }
}

TEST_F(Expectations, MetricsOfBothDirectionsTakeTheWorse)
{
    auto e = Expect("loss", spec::ExpectKind::Metric);
    e.metric = spec::Metric::Loss;
    e.below = 0.0001;
    const Verdict v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_DOUBLE_EQ(v.measured, 1.0 / 3000);
    EXPECT_THAT(v.detail, HasSubstr("forward"));
    e.direction = spec::FlowDirection::Backward;
    EXPECT_TRUE(JudgeOne(e).passed);
}

TEST_F(Expectations, MissingMeasurementsFail)
{
    auto e = Expect("delay", spec::ExpectKind::Metric);
    e.metric = spec::Metric::DelayP95;
    e.below = 1;
    e.window.from = seconds(61);
    const Verdict v = JudgeOne(e);
    EXPECT_FALSE(v.passed);
    EXPECT_THAT(v.detail, HasSubstr("there is no 95th percentile of the delay"));
}

TEST_F(Expectations, UnrecordedFlowFails)
{
    m_scenario.traffic[0].name = "other";
    const Verdict v = JudgeOne(Expect("clean", spec::ExpectKind::LanClean));
    EXPECT_FALSE(v.passed);
    EXPECT_THAT(v.detail, HasSubstr("no flow other was recorded"));
}

TEST_F(Expectations, TheAuthorsSentenceWins)
{
    auto e = Expect("clean", spec::ExpectKind::LanClean);
    e.about = "Nobody hears a thing.";
    EXPECT_EQ(JudgeOne(e).statement, "Nobody hears a thing.");
}

} // namespace
} // namespace weft::engine
