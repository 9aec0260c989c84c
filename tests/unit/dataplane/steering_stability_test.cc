// SPDX-License-Identifier: GPL-2.0-only
/** @file How often steering moves a flow: damping, hold-down, flap rates in closed form. */
#include "steered_flow.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace weft::sdwan
{
namespace
{

double
Seconds(TimeNs t)
{
    return std::chrono::duration<double>(t).count();
}

TEST(PathDamping, DecaysByHalfLivesUpToACeiling)
{
    PathDamping damping({});
    damping.Penalise(0s);
    damping.Penalise(0s);
    EXPECT_EQ(damping.SuppressedUntil(0s), TimeNs{0}) << "2000 is not above 2000";
    damping.Penalise(0s);
    // 3000 has decayed to 750 after two half-lives of a minute.
    EXPECT_NEAR(Seconds(damping.SuppressedUntil(0s)), 120, 1e-6);
    EXPECT_NEAR(Seconds(damping.SuppressedUntil(60s)), 120, 1e-6);
    EXPECT_EQ(damping.SuppressedUntil(121s), TimeNs{121s});
    for (int i = 0; i < 1000; ++i)
    {
        damping.Penalise(200s);
    }
    EXPECT_NEAR(Seconds(damping.SuppressedUntil(200s)), 200 + 300, 1e-6);
}

TEST(PathDamping, RefusesBadConfiguration)
{
    for (const PathDampingConfig& c : {PathDampingConfig{.penaltyPerFlap = -1},
                                       PathDampingConfig{.reuseBelow = 0},
                                       PathDampingConfig{.reuseBelow = 2000},
                                       PathDampingConfig{.penaltyHalfLife = 0s},
                                       PathDampingConfig{.maxSuppress = -1s}})
    {
        EXPECT_THROW(PathDamping{c}, std::invalid_argument);
    }
}

TEST(SteeringStability, DampingDelaysReturns)
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
    EXPECT_NEAR(Seconds(b.log.back().at - third), wait, 3);
}

TEST(SteeringStability, HoldDownSeparatesMoves)
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
TEST(SteeringStability, AllRedDoesNotFlap)
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

// Independent samples; k bad ones in a row to leave, m good ones to return: 2 / (E(a, k) + E(b, m))
// moves per sample.
TEST(SteeringStability, FlapRateOfConsecutiveSamples)
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
            c.damping.penaltyPerFlap = 0;
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
TEST(SteeringStability, SquareWave)
{
    for (const TimeNs wait : {TimeNs{8s}, TimeNs{12s}})
    {
        SteeringConfig c;
        c.returnAfter = wait;
        c.damping.penaltyPerFlap = 0;
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

} // namespace
} // namespace weft::sdwan
