// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-threshold-steering.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace weft::sdwan
{
namespace
{

using namespace std::chrono_literals;

constexpr TunnelId BROADBAND = 0;
constexpr TunnelId MPLS = 1;
constexpr TunnelId LTE = 2;

/// A flow with candidates whose state the test sets by hand.
struct Bench
{
    explicit Bench(SteeringConfig config, std::size_t paths = 2) : steering(config, "teams-audio")
    {
        for (std::size_t i = 0; i < paths; ++i)
        {
            Candidate c;
            c.tunnel = static_cast<TunnelId>(i);
            c.link = static_cast<std::uint16_t>(10 + i);
            c.rank = i == BROADBAND ? LinkRank::Preferred : LinkRank::Available;
            c.usable = true;
            c.quality = &quality[i];
            candidates.push_back(c);
            In(i);
        }
    }

    void
    In(std::size_t path, double jitter = 4)
    {
        Set(path, SlaState::In, SlaMetric::Jitter, jitter, jitter + 2, 15);
    }

    void
    Out(std::size_t path, double jitter = 25)
    {
        Set(path, SlaState::Out, SlaMetric::Jitter, jitter, jitter - 8, 15);
    }

    void
    Late(std::size_t path, double latency)
    {
        Set(path, SlaState::Out, SlaMetric::Latency, latency, latency - 1, 65);
    }

    void
    Set(std::size_t path,
        SlaState state,
        SlaMetric metric,
        double value,
        double bound,
        double limit)
    {
        SlaVerdict& v = candidates[path].sla;
        if (v.state != state)
        {
            v.since = now;
        }
        v.state = state;
        v.metric = metric;
        v.value = value;
        v.bound = bound;
        v.limit = limit;
        v.margin = (limit - value) / limit;
        v.marginMetric = metric;
    }

    /// Lets time pass to @p t, evaluating each 100 ms and at each deadline asked for.
    void
    Until(TimeNs t)
    {
        while (now < t)
        {
            const TimeNs tick = now + 100ms;
            now = std::min({tick, t, std::max(steering.NextDeadline(), now + 1ns)});
            Evaluate();
        }
    }

    void
    Evaluate()
    {
        steering.Evaluate(candidates, now, log);
    }

    std::vector<SteeringAction>
    Actions() const
    {
        std::vector<SteeringAction> a;
        for (const Decision& d : log)
        {
            a.push_back(d.action);
        }
        return a;
    }

    std::size_t
    Moves() const
    {
        std::size_t n = 0;
        for (const Decision& d : log)
        {
            n += d.from != NO_TUNNEL &&
                 (d.action == SteeringAction::Switch || d.action == SteeringAction::Return ||
                  d.action == SteeringAction::LeastBad || d.action == SteeringAction::Follow);
        }
        return n;
    }

    Selection
    Now() const
    {
        return steering.Current();
    }

    PathQuality quality[3];
    std::vector<Candidate> candidates;
    ThresholdSteering steering;
    TimeNs now{0};
    std::vector<Decision> log;
};

SteeringConfig
Voice()
{
    SteeringConfig c;
    c.duplicate = true;
    c.fec = FecMode::Always;
    return c;
}

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
    c.suppressAbove = 10;
    c.reuseBelow = 5;
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

TEST(Steering, DampingDelaysReturns)
{
    SteeringConfig c;
    c.returnAfter = 1s;
    c.holdDown = 0s;
    Bench b(c);
    b.Evaluate();
    const auto flap = [&b] {
        b.Out(BROADBAND);
        b.Until(b.now + 3s);
        EXPECT_EQ(b.Now().primary, MPLS);
        b.In(BROADBAND);
    };
    flap();
    b.Until(b.now + 3s);
    EXPECT_EQ(b.Now().primary, BROADBAND);
    flap();
    b.Until(b.now + 3s);
    EXPECT_EQ(b.Now().primary, BROADBAND);
    flap();
    // Three flaps about 6 s apart with a half-life of 60 s: a little under 2 * 1000 + 1000,
    // suppressed; reuse when it has decayed to 750.
    const TimeNs third = b.log.back().at;
    const double penalty = 1000 * (1 + std::exp2(-0.1) + std::exp2(-0.2));
    const double wait = 60 * std::log2(penalty / 750);
    b.Until(third + 5min);
    ASSERT_EQ(b.log.back().action, SteeringAction::Return);
    EXPECT_NEAR(std::chrono::duration<double>(b.log.back().at - third).count(), wait, 3);
}

TEST(Steering, HoldDownSeparatesMoves)
{
    SteeringConfig c;
    c.holdDown = 10s;
    c.switchAfter = 0s;
    Bench b(c);
    b.Evaluate();
    b.Until(1s);
    b.Out(BROADBAND);
    b.Evaluate();
    EXPECT_EQ(b.Now().primary, MPLS);
    b.In(BROADBAND);
    b.Out(MPLS);
    b.Until(30s);
    ASSERT_EQ(b.Moves(), 2U);
    EXPECT_EQ(b.log.back().at, TimeNs{11s});
}

// Latency over the limit on every path for ever, wandering: one least-bad choice and no flapping.
TEST(Steering, AllRedDoesNotFlap)
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        std::mt19937_64 random(seed);
        std::normal_distribution<> normal(0, 2);
        Bench b(Voice());
        b.Late(BROADBAND, 125);
        b.Late(MPLS, 122);
        b.Evaluate();
        EXPECT_EQ(b.log[0].action, SteeringAction::LeastBad);
        EXPECT_EQ(b.log[0].to, MPLS);
        for (int i = 1; i < 36000; ++i)
        {
            b.Late(BROADBAND, 125 + normal(random));
            b.Late(MPLS, 122 + normal(random));
            b.now = i * 100ms;
            b.Evaluate();
        }
        EXPECT_EQ(b.Moves(), 0U);
        EXPECT_EQ(b.Now().duplicate, NO_TUNNEL); // copies do not help latency
        // A clear and lasting advantage does move it, once.
        for (int i = 0; i < 600; ++i)
        {
            b.Late(BROADBAND, 80 + normal(random));
            b.now += 100ms;
            b.Evaluate();
        }
        EXPECT_EQ(b.Moves(), 1U);
        EXPECT_EQ(b.Now().primary, BROADBAND);
        EXPECT_EQ(b.log.back().action, SteeringAction::LeastBad);
        EXPECT_EQ(b.log.back().timer, "switch_after");
    }
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

// Independent samples; k bad ones in a row to leave, m good ones to return: 2 / (E(a, k) + E(b, m))
// moves per sample.
TEST(Steering, FlapRateOfConsecutiveSamples)
{
    const auto expectedWait = [](double q, int k) {
        return (1 - std::pow(q, k)) / (std::pow(q, k) * (1 - q));
    };
    struct Point
    {
        double a;
        int k, m;
    };
    for (const Point p : {Point{0.1, 1, 1}, {0.1, 3, 1}, {0.4, 2, 3}, {0.5, 3, 5}})
    {
        const double rate = 2 / (expectedWait(p.a, p.k) + expectedWait(1 - p.a, p.m));
        if (p.a == 0.1)
        {
            EXPECT_NEAR(rate, p.k == 1 ? 0.18 : 0.0018, 0.00002);
        }
        for (std::uint64_t seed : {1, 2, 3})
        {
            SteeringConfig c;
            c.switchAfter = (p.k - 1) * 100ms;
            c.returnAfter = (p.m - 1) * 100ms;
            c.holdDown = 0s;
            c.penaltyPerFlap = 0;
            Bench b(c);
            b.Evaluate();
            std::mt19937_64 random(seed);
            std::uniform_real_distribution<> uniform;
            constexpr int SAMPLES = 200000;
            for (int i = 1; i <= SAMPLES; ++i)
            {
                b.now = i * 100ms;
                uniform(random) < p.a ? b.Out(BROADBAND) : b.In(BROADBAND);
                b.Evaluate();
            }
            // Waiting times for runs have a deviation below their mean times two: 2 sqrt(count)
            // bounds the error's sigma.
            const double moves = rate * SAMPLES;
            EXPECT_NEAR(static_cast<double>(b.Moves()), moves, 5.5 * std::sqrt(moves) + 2)
                << p.a << " " << p.k << " " << p.m;
        }
    }
}

// An impairment of period P: a return time longer than its good phase gives exactly one switch, a
// shorter one a round trip in each period.
TEST(Steering, SquareWave)
{
    for (const TimeNs wait : {TimeNs{8s}, TimeNs{12s}})
    {
        SteeringConfig c;
        c.returnAfter = wait;
        c.penaltyPerFlap = 0;
        Bench b(c);
        b.Evaluate();
        constexpr int PERIODS = 30;
        for (int p = 0; p < PERIODS; ++p)
        {
            b.Out(BROADBAND);
            b.Until(b.now + 10s);
            b.In(BROADBAND);
            b.Until(b.now + 10s);
        }
        EXPECT_EQ(b.Moves(), wait > 10s ? 1U : 2U * PERIODS);
    }
    // Damping turns the round trips into few: at most one in each time the penalty takes to decay.
    SteeringConfig c;
    c.returnAfter = 5s;
    Bench b(c);
    b.Evaluate();
    for (int p = 0; p < 30; ++p)
    {
        b.Out(BROADBAND);
        b.Until(b.now + 10s);
        b.In(BROADBAND);
        b.Until(b.now + 10s);
    }
    EXPECT_LE(b.Moves(), 24U);
}

TEST(Steering, RefusesBadConfiguration)
{
    SteeringConfig c;
    c.switchAfter = -1s;
    EXPECT_THROW(ThresholdSteering(c, "r"), std::invalid_argument);
    c = {};
    c.reuseBelow = 3000;
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
