// SPDX-License-Identifier: GPL-2.0-only
#include "interval.h"
#include "underlay-gilbert-elliott.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace
{

using namespace weft::underlay;
using namespace std::chrono_literals;
using weft::tests::BinomialHalfWidth;
using weft::tests::SIGMAS;

RandomStream
Stream(std::uint64_t seed, const std::string& name = "path")
{
    return RandomStream(seed, name, Direction::Forward, "loss");
}

struct Spacing
{
    TimeNs gap;
    double toBad;  ///< 0 where the exact value is only computed
    double toGood; ///< likewise
};

class GilbertElliottSpacing : public testing::TestWithParam<Spacing>
{
};

// One channel of L = 1 %, B = 60 ms seen at three spacings, against exp(-w t) and against figures
// worked out by hand.
TEST_P(GilbertElliottSpacing, TransitionProbabilities)
{
    const double loss = 0.01;
    const double bad = 0.060;
    const double w = (1 / bad) * (1 + loss / (1 - loss));
    const double gap = std::chrono::duration<double>(GetParam().gap).count();
    const double toBad = loss * (1 - std::exp(-w * gap));
    const double toGood = (1 - loss) * (1 - std::exp(-w * gap));
    EXPECT_NEAR(toGood, GetParam().toGood, 0.0005);
    if (GetParam().toBad > 0)
    {
        EXPECT_NEAR(toBad, GetParam().toBad, 0.000001);
    }

    for (std::uint64_t seed = 1; seed <= 8; ++seed)
    {
        GilbertElliott channel(Stream(seed), loss, 60ms);
        double from[2] = {0, 0};
        double changed[2] = {0, 0};
        const int n = 400000;
        bool last = channel.IsLost(0ns);
        for (int i = 1; i < n; ++i)
        {
            const bool lost = channel.IsLost(i * GetParam().gap);
            ++from[last];
            changed[last] += lost != last;
            last = lost;
        }
        // Given the state it starts from, each step is an independent trial: the chain is Markov.
        EXPECT_NEAR(changed[0] / from[0], toBad, BinomialHalfWidth(toBad, from[0]));
        EXPECT_NEAR(changed[1] / from[1], toGood, BinomialHalfWidth(toGood, from[1]));
        // Mean loss, its variance inflated by the correlation of neighbours.
        const double m = std::exp(-w * gap);
        const double sd = std::sqrt(loss * (1 - loss) / n * (1 + m) / (1 - m));
        EXPECT_NEAR((from[1] + last) / n, loss, 1.2 * SIGMAS * sd + 10.0 / n);
    }
}

INSTANTIATE_TEST_SUITE_P(ThreeSpacings,
                         GilbertElliottSpacing,
                         testing::Values(Spacing{20ms, 0.002859, 0.283018},
                                         Spacing{100ms, 0, 0.806},
                                         Spacing{1200us, 0, 0.0198}));

TEST(GilbertElliott, PeriodsAreExponential)
{
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
    {
        GilbertElliott channel(Stream(seed), 0.2, 10ms);
        double sum[2] = {0, 0};
        double squares[2] = {0, 0};
        double count[2] = {0, 0};
        TimeNs t = channel.PeriodEnd(0ns);
        for (int i = 0; i < 100000; ++i)
        {
            const bool bad = channel.IsLost(t);
            const TimeNs end = channel.PeriodEnd(t);
            const double length = std::chrono::duration<double>(end - t).count();
            sum[bad] += length;
            squares[bad] += length * length;
            ++count[bad];
            t = end;
        }
        for (const bool bad : {false, true})
        {
            const double mean = bad ? 0.010 : 0.040;
            EXPECT_NEAR(sum[bad] / count[bad], mean, SIGMAS * mean / std::sqrt(count[bad]));
            EXPECT_NEAR(squares[bad] / count[bad],
                        2 * mean * mean,
                        1.3 * SIGMAS * mean * mean * std::sqrt(20 / count[bad]));
        }
    }
}

TEST(GilbertElliott, StateDoesNotDependOnWhoAsks)
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        // 1,500 periods and more, so that queries reach over several checkpoints.
        const TimeNs span = 60s;
        GilbertElliott forwards(Stream(seed), 0.3, 10ms);
        std::vector<bool> truth;
        for (TimeNs t = 0ns; t < span; t += 1ms)
        {
            truth.push_back(forwards.IsLost(t));
        }
        std::mt19937_64 order(seed);
        GilbertElliott jumping(Stream(seed), 0.3, 10ms);
        for (int i = 0; i < 4000; ++i)
        {
            const std::size_t at = order() % truth.size();
            ASSERT_EQ(jumping.IsLost(TimeNs{at * 1ms}), truth[at]);
            if (i % 7 == 0)
            {
                jumping.IsLost(TimeNs{static_cast<TimeNs::rep>(order() % (2 * span.count()))});
                jumping.PeriodEnd(TimeNs{static_cast<TimeNs::rep>(order() % span.count())});
            }
        }
    }
}

TEST(GilbertElliott, IndependentWhereBadPeriodIsZero)
{
    for (const double loss : {0.001, 0.05, 0.5})
    {
        for (std::uint64_t seed = 1; seed <= 4; ++seed)
        {
            GilbertElliott channel(Stream(seed), loss, 0ns);
            const int n = 300000;
            double lost = 0;
            double pairs = 0;
            bool last = false;
            for (int i = 0; i < n; ++i)
            {
                const bool now = channel.IsLost(i * 1us);
                EXPECT_EQ(now, channel.IsLost(i * 1us));
                lost += now;
                pairs += now && last;
                last = now;
            }
            EXPECT_NEAR(lost / n, loss, BinomialHalfWidth(loss, n));
            EXPECT_NEAR(pairs / n, loss * loss, 1.5 * BinomialHalfWidth(loss * loss, n));
            EXPECT_EQ(channel.LossProbability(0ns), loss);
        }
    }
}

TEST(GilbertElliott, Extremes)
{
    for (const TimeNs bad : {TimeNs{0}, TimeNs{10ms}})
    {
        GilbertElliott never(Stream(1), 0, bad);
        GilbertElliott always(Stream(1), 1, bad);
        for (TimeNs t = 0ns; t < 1s; t += 10ms)
        {
            EXPECT_FALSE(never.IsLost(t));
            EXPECT_TRUE(always.IsLost(t));
        }
        EXPECT_EQ(never.PeriodEnd(0ns), FOREVER);
    }
    // Periods of a nanosecond, and periods longer than time itself.
    GilbertElliott fast(Stream(1), 0.5, 1ns);
    GilbertElliott slow(Stream(1), 1e-12, 1h);
    fast.IsLost(100us);
    EXPECT_FALSE(slow.IsLost(FOREVER - 1ns) && slow.IsLost(0ns));
}

TEST(GilbertElliott, RefusesNonsense)
{
    EXPECT_THROW(GilbertElliott(Stream(1), -0.1, 1ms), std::invalid_argument);
    EXPECT_THROW(GilbertElliott(Stream(1), 1.1, 1ms), std::invalid_argument);
    EXPECT_THROW(GilbertElliott(Stream(1), std::nan(""), 1ms), std::invalid_argument);
    EXPECT_THROW(GilbertElliott(Stream(1), 0.1, -1ms), std::invalid_argument);
}

} // namespace
