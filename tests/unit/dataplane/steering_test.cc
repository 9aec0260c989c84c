// SPDX-License-Identifier: GPL-2.0-only
#include "steered_flow.h"

#include <gtest/gtest.h>

namespace weft::sdwan
{
namespace
{

using namespace std::chrono_literals;

// Bristol: the preferred broadband spikes, copies at once, MPLS alone two seconds later, recovery,
// and a return only after broadband has been in SLA for returnAfter.
TEST(Steering, TheWorkedExample)
{
    Bench b(Voice());
    b.In(MPLS, 0.5); // much more margin, yet preference wins
    b.now = 5s;
    b.Evaluate();
    ASSERT_EQ(b.log.size(), 2U);
    EXPECT_EQ(b.log[0].action, SteeringAction::Open);
    EXPECT_EQ(b.log[0].to, BROADBAND);
    EXPECT_EQ(b.log[0].toLink, 10);
    EXPECT_EQ(b.log[0].rule, "teams-audio");
    EXPECT_EQ(b.log[1].action, SteeringAction::FecOn);
    EXPECT_EQ(b.Now(), (Selection{BROADBAND, NO_TUNNEL, true}));

    b.Until(31s);
    b.Out(BROADBAND);
    b.Evaluate();
    ASSERT_EQ(b.log.size(), 3U);
    const Decision duplicate = b.log[2];
    EXPECT_EQ(duplicate.action, SteeringAction::Duplicate);
    EXPECT_EQ(duplicate.at, TimeNs{31s});
    EXPECT_EQ(duplicate.from, BROADBAND);
    EXPECT_EQ(duplicate.to, MPLS);
    EXPECT_EQ(duplicate.metric, SlaMetric::Jitter);
    EXPECT_EQ(duplicate.value, 25);
    EXPECT_EQ(duplicate.bound, 17);
    EXPECT_EQ(duplicate.threshold, 15);
    EXPECT_EQ(duplicate.timer, "duplicate_after");
    EXPECT_EQ(b.Now(), (Selection{BROADBAND, MPLS, true}));

    b.Until(34s);
    ASSERT_EQ(b.log.size(), 4U);
    const Decision change = b.log[3];
    EXPECT_EQ(change.action, SteeringAction::Switch);
    EXPECT_EQ(change.at, TimeNs{33s}); // to the nanosecond, by NextDeadline()
    EXPECT_EQ(change.from, BROADBAND);
    EXPECT_EQ(change.to, MPLS);
    EXPECT_EQ(change.timer, "switch_after");
    EXPECT_EQ(change.timerValue, TimeNs{2s});
    EXPECT_EQ(
        change.reason,
        "out of SLA for 2 s (jitter 25 ms, at least 17 ms, limit 15 ms); the other path is in");
    EXPECT_EQ(b.Now(), (Selection{MPLS, NO_TUNNEL, true}));

    b.Until(40s);
    b.In(BROADBAND);
    b.Evaluate();
    b.Until(80s);
    ASSERT_EQ(b.log.size(), 5U);
    const Decision back = b.log[4];
    EXPECT_EQ(back.action, SteeringAction::Return);
    EXPECT_EQ(back.at, TimeNs{60s});
    EXPECT_EQ(back.to, BROADBAND);
    EXPECT_EQ(back.timer, "return_after");
    EXPECT_EQ(back.bound, 6); // the upper one
    EXPECT_EQ(b.Now(), (Selection{BROADBAND, NO_TUNNEL, true}));
}

TEST(Steering, RemediesThatAreOffStayOff)
{
    for (const bool duplicate : {false, true})
    {
        for (const bool change : {false, true})
        {
            SteeringConfig c;
            c.duplicate = duplicate;
            c.switchPaths = change;
            Bench b(c);
            b.Evaluate();
            b.Out(BROADBAND);
            b.Until(60s);
            EXPECT_EQ(b.Now().primary, change ? MPLS : BROADBAND);
            EXPECT_EQ(b.Now().duplicate, duplicate && !change ? MPLS : NO_TUNNEL);
            EXPECT_FALSE(b.Now().fec);
            EXPECT_EQ(b.log.size(), 1U + duplicate + change);
        }
    }
}

TEST(Steering, CopiesStopWhenThePathRecoversBeforeTheSwitch)
{
    Bench b(Voice());
    b.Evaluate();
    b.Until(10s);
    b.Out(BROADBAND);
    b.Until(11s);
    EXPECT_EQ(b.Now().duplicate, MPLS);
    b.In(BROADBAND);
    b.Until(20s);
    ASSERT_EQ(b.log.back().action, SteeringAction::StopDuplicate);
    EXPECT_EQ(b.log.back().at, TimeNs{12100ms}); // seen at the next look, and a second in SLA
    EXPECT_EQ(b.log.back().to, MPLS);
    EXPECT_EQ(b.Moves(), 0U);
}

TEST(Steering, TheTwoTimersAreSeparate)
{
    SteeringConfig c = Voice();
    c.duplicateAfter = 500ms;
    c.switchAfter = 3s;
    Bench b(c);
    b.Evaluate();
    b.Until(10s);
    b.Out(BROADBAND);
    b.Evaluate();
    b.Until(20s);
    ASSERT_EQ(b.log.size(), 4U);
    EXPECT_EQ(b.log[2].action, SteeringAction::Duplicate);
    EXPECT_EQ(b.log[2].at, TimeNs{10500ms});
    EXPECT_EQ(b.log[3].action, SteeringAction::Switch);
    EXPECT_EQ(b.log[3].at, TimeNs{13s});
}

TEST(Steering, ADeadPathIsLeftAtOnceWhateverDampingSays)
{
    SteeringConfig c = Voice();
    c.holdDown = 1h;
    c.damping.suppressAbove = 10;
    c.damping.reuseBelow = 5;
    Bench b(c);
    b.Evaluate();
    // Both paths are suppressed after one death each; hold-down would forbid every move.
    for (int i = 1; i <= 20; ++i)
    {
        b.Until(i * 1s);
        const std::size_t dying = b.Now().primary;
        b.candidates[dying].usable = false;
        b.Evaluate();
        EXPECT_EQ(b.Now().primary, 1 - dying);
        EXPECT_EQ(b.log.back().action, SteeringAction::Switch);
        EXPECT_EQ(b.log.back().at, b.now);
        EXPECT_EQ(b.log.back().metric, SlaMetric::Usability);
        b.candidates[dying].usable = true;
    }
    EXPECT_EQ(b.Moves(), 20U);
}

TEST(Steering, NothingToGoToMeansNoDecision)
{
    Bench b(Voice());
    b.candidates[0].usable = b.candidates[1].usable = false;
    b.Until(1s);
    EXPECT_TRUE(b.log.empty());
    EXPECT_EQ(b.Now().primary, NO_TUNNEL);
    b.candidates[0].usable = true;
    b.Until(2s);
    EXPECT_EQ(b.Now().primary, BROADBAND);
    b.candidates[0].usable = false;
    b.Until(60s);
    EXPECT_EQ(b.Moves(), 0U);
}

TEST(Steering, AllRedByLossStillCopies)
{
    Bench b(Voice());
    b.Set(BROADBAND, SlaState::Out, SlaMetric::Loss, 0.05, 0.03, 0.01);
    b.Set(MPLS, SlaState::Out, SlaMetric::Loss, 0.05, 0.03, 0.01);
    b.Evaluate();
    EXPECT_EQ(b.Now().primary, BROADBAND);
    EXPECT_EQ(b.Now().duplicate, MPLS);
}

TEST(Steering, TheFirstPathBackInSlaIsTaken)
{
    Bench b(SteeringConfig{});
    b.Late(BROADBAND, 100);
    b.Late(MPLS, 120);
    b.Evaluate();
    EXPECT_EQ(b.Now().primary, BROADBAND);
    b.Until(10s);
    b.In(MPLS);
    b.Until(12s);
    EXPECT_EQ(b.Now().primary, MPLS);
    EXPECT_EQ(b.log.back().action, SteeringAction::Switch);
}

TEST(Steering, BackupOnlyWhileNothingElseIsUsable)
{
    Bench b(Voice(), 3);
    b.candidates[LTE].rank = LinkRank::Backup;
    b.Evaluate();
    b.Out(BROADBAND);
    b.Out(MPLS);
    b.Until(20s);
    EXPECT_NE(b.Now().primary, LTE);
    EXPECT_NE(b.Now().duplicate, LTE);
    b.candidates[BROADBAND].usable = false;
    b.candidates[MPLS].usable = false;
    b.Evaluate();
    EXPECT_EQ(b.Now().primary, LTE);
    b.candidates[MPLS].usable = true;
    b.In(MPLS);
    const TimeNs since = b.now + 100ms;
    b.Until(b.now + 60s);
    EXPECT_EQ(b.Now().primary, MPLS);
    EXPECT_EQ(b.log.back().action, SteeringAction::Return);
    EXPECT_EQ(b.log.back().at, since + 20s);
}

TEST(Steering, ForbiddenLinksAreNeverUsed)
{
    Bench b(Voice());
    b.candidates[MPLS].rank = LinkRank::Forbidden;
    b.Evaluate();
    b.Out(BROADBAND);
    b.Until(10s);
    b.candidates[BROADBAND].usable = false;
    b.Until(20s);
    EXPECT_EQ(b.Now(), (Selection{BROADBAND, NO_TUNNEL, true}));
}

TEST(Steering, MostMarginAmongEqualRanks)
{
    Bench b(SteeringConfig{}, 3);
    b.candidates[BROADBAND].rank = LinkRank::Available;
    b.In(BROADBAND, 4);
    b.In(MPLS, 1);
    b.In(LTE, 9);
    b.Evaluate();
    EXPECT_EQ(b.Now().primary, MPLS);
    // A larger margin elsewhere is no reason to move; leaving SLA is, and then margin chooses.
    b.In(BROADBAND, 0.1);
    b.Until(100s);
    EXPECT_EQ(b.Moves(), 0U);
    b.Out(MPLS);
    b.Until(110s);
    EXPECT_EQ(b.Now().primary, BROADBAND);
}

TEST(Steering, AFollowerFollows)
{
    SteeringConfig c = Voice();
    c.role = FlowRole::Follower;
    Bench b(c);
    b.candidates[BROADBAND].rank = LinkRank::Available; // no preference at this end
    b.In(MPLS, 0.5);
    EXPECT_TRUE(b.steering.Learn(BROADBAND));
    EXPECT_FALSE(b.steering.Learn(BROADBAND));
    b.Evaluate();
    EXPECT_EQ(b.Now().primary, BROADBAND);
    EXPECT_EQ(b.log[0].action, SteeringAction::Open);
    b.Until(10s);
    // It copies on its own account while its direction is out of SLA, and leaves moving to the
    // peer.
    b.Out(BROADBAND);
    b.Until(12500ms);
    EXPECT_EQ(b.Now(), (Selection{BROADBAND, MPLS, true}));
    EXPECT_TRUE(b.steering.Learn(MPLS));
    b.Evaluate();
    EXPECT_EQ(b.Now(), (Selection{MPLS, NO_TUNNEL, true}));
    EXPECT_EQ(b.log.back().action, SteeringAction::Follow);
    b.In(BROADBAND);
    b.Until(60s);
    EXPECT_EQ(b.Moves(), 1U); // no return of its own
    b.steering.Learn(BROADBAND);
    b.Evaluate();
    EXPECT_EQ(b.Now().primary, BROADBAND);
}

TEST(Steering, AFollowerLeavesADeadPathAndAPathThatStaysBad)
{
    SteeringConfig c = Voice();
    c.role = FlowRole::Follower;
    Bench b(c);
    b.steering.Learn(BROADBAND);
    b.Evaluate();
    b.candidates[BROADBAND].usable = false;
    b.Until(1s);
    EXPECT_EQ(b.Now().primary, MPLS);
    b.candidates[BROADBAND].usable = true;
    b.Until(2s);
    EXPECT_EQ(b.Now().primary, BROADBAND);
    b.Until(10s);
    b.Out(BROADBAND);
    b.Evaluate();
    b.Until(30s);
    EXPECT_EQ(b.Now().primary, MPLS);
    EXPECT_EQ(b.log.back().at, TimeNs{17s}); // switchAfter + followPatience
    // Back to the peer's choice when that has been good for long.
    b.In(BROADBAND);
    b.Evaluate();
    b.Until(60s);
    EXPECT_EQ(b.Now().primary, BROADBAND);
    EXPECT_EQ(b.log.back().action, SteeringAction::Follow);
    EXPECT_EQ(b.log.back().at, TimeNs{50s});
}

TEST(Steering, ParityOnlyWhileLossy)
{
    SteeringConfig c;
    c.fec = FecMode::Lossy;
    c.fecLossLevel = 0.01;
    Bench b(c);
    b.quality[BROADBAND].instantaneous.loss = {0.02, 0.008, 0.03, 200};
    b.Evaluate();
    EXPECT_FALSE(b.Now().fec); // not surely above
    b.quality[BROADBAND].instantaneous.loss = {0.03, 0.012, 0.05, 200};
    b.Until(5s);
    EXPECT_TRUE(b.Now().fec);
    EXPECT_EQ(b.log.back().action, SteeringAction::FecOn);
    EXPECT_EQ(b.log.back().bound, 0.012);
    b.Until(9s);
    b.quality[BROADBAND].instantaneous.loss = {0, 0, 0.01, 200};
    b.Until(40s);
    EXPECT_FALSE(b.Now().fec);
    EXPECT_EQ(b.log.back().action, SteeringAction::FecOff);
    EXPECT_EQ(b.log.back().at, TimeNs{19s});
}

TEST(Steering, RefusesBadConfiguration)
{
    SteeringConfig c;
    c.switchAfter = -1s;
    EXPECT_THROW(ThresholdSteering(c, "r"), std::invalid_argument);
    c = {};
    c.damping.reuseBelow = 3000;
    EXPECT_THROW(ThresholdSteering(c, "r"), std::invalid_argument);
    c = {};
    c.fecLossLevel = 0;
    EXPECT_THROW(ThresholdSteering(c, "r"), std::invalid_argument);
}

TEST(Steering, NamesOfActions)
{
    EXPECT_EQ(ToString(SteeringAction::Open), "open");
    EXPECT_EQ(ToString(SteeringAction::StopDuplicate), "stop-duplicate");
    EXPECT_EQ(ToString(SteeringAction::LeastBad), "least-bad");
    EXPECT_EQ(ToString(SteeringAction::Follow), "follow");
    EXPECT_EQ(ToString(SteeringAction::PathUp), "path-up");
}

} // namespace
} // namespace weft::sdwan
