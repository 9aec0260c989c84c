// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-interval.h"

#include "sdwan-path-statistics.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace weft::sdwan
{
namespace
{

const double Z95 = NormalQuantile(0.95);

TEST(Interval, NormalQuantiles)
{
    EXPECT_NEAR(NormalQuantile(0.95), 1.959963985, 1e-8);
    EXPECT_NEAR(NormalQuantile(0.99), 2.575829304, 1e-8);
    EXPECT_NEAR(NormalQuantile(0.5), 0.674489750, 1e-8);
    EXPECT_NEAR(NormalQuantile(0.9999), 3.890591886, 1e-8);
}

TEST(Interval, ChiSquareQuantilesAgainstTables)
{
    EXPECT_NEAR(ChiSquareQuantile(19, Z95), 32.852, 0.05);
    EXPECT_NEAR(ChiSquareQuantile(19, -Z95), 8.907, 0.05);
    EXPECT_NEAR(ChiSquareQuantile(5, Z95), 12.833, 0.07);
    EXPECT_NEAR(ChiSquareQuantile(99, -Z95), 73.361, 0.05);
}

// Samples without loss after which the 95 % upper bound is below a limit.
TEST(Interval, ZeroLossSamplesNeeded)
{
    const auto needed = [](double limit) {
        int n = 1;
        while (WilsonInterval(0, n, Z95).upper >= limit)
        {
            ++n;
        }
        return n;
    };
    EXPECT_EQ(needed(0.01), 381);
    EXPECT_EQ(needed(0.003), 1277);
    EXPECT_EQ(needed(0.0005), 7680);
}

TEST(Interval, WilsonKnownValuesAndEdges)
{
    const Interval i = WilsonInterval(0.1, 100, Z95);
    EXPECT_NEAR(i.lower, 0.05523, 1e-5);
    EXPECT_NEAR(i.upper, 0.17437, 1e-5);
    EXPECT_EQ(WilsonInterval(0.3, 0, Z95).lower, 0);
    EXPECT_EQ(WilsonInterval(0.3, 0, Z95).upper, 1);
    EXPECT_EQ(WilsonInterval(1, 10, Z95).upper, 1);
}

TEST(Interval, PoissonLowerRatioAgainstExactLimits)
{
    // Garwood's lower limits at 95 %: 0.0253, 0.619, 4.795.
    EXPECT_NEAR(PoissonLowerRatio(1, Z95), 0.0253, 0.02);
    EXPECT_NEAR(PoissonLowerRatio(3, Z95), 0.619 / 3, 0.01);
    EXPECT_NEAR(PoissonLowerRatio(10, Z95), 0.4795, 0.002);
    EXPECT_EQ(PoissonLowerRatio(0, Z95), 0);
}

TEST(Interval, GilbertInflation)
{
    // Loss 2 %, mean run 3: variance 4.88 times that of independent loss.
    EXPECT_NEAR(2000 / EffectiveSizeOfLoss(2000, 0.02, 3), 4.88, 0.005);
    EXPECT_EQ(EffectiveSizeOfLoss(1000, 0, 1), 1000);
    // Independent loss has runs of mean 1 / (1 - L).
    EXPECT_NEAR(EffectiveSizeOfLoss(1000, 0.2, 1.25), 1000, 1e-6);
}

/// Two-state loss with mean loss L and mean run 1 / r.
class Gilbert
{
  public:
    Gilbert(double loss, double run, std::uint64_t seed)
        : m_a(loss / run / (1 - loss)), m_r(1 / run), m_random(seed)
    {
        m_lost = Uniform() < loss;
    }

    bool
    Next()
    {
        m_lost = Uniform() < (m_lost ? 1 - m_r : m_a);
        return m_lost;
    }

  private:
    double
    Uniform()
    {
        return std::uniform_real_distribution<>()(m_random);
    }

    double m_a;
    double m_r;
    std::mt19937_64 m_random;
    bool m_lost;
};

// Var = L(1-L)/n [ (1+m)/(1-m) - 2m(1-m^n)/(n(1-m)^2) ]
TEST(Interval, WindowMeanVarianceOfGilbertLoss)
{
    struct Point
    {
        double loss, run;
        int n;
    };
    for (const Point p : {Point{0.02, 3, 2000}, Point{0.1, 1.5, 500}, Point{0.05, 8, 1000}})
    {
        const double m = GilbertCorrelation(p.loss, p.run);
        const double expected =
            p.loss * (1 - p.loss) / p.n *
            ((1 + m) / (1 - m) - 2 * m * (1 - std::pow(m, p.n)) / (p.n * (1 - m) * (1 - m)));
        for (std::uint64_t seed : {1, 2, 3})
        {
            constexpr int WINDOWS = 4000;
            double squares = 0;
            double fourths = 0;
            for (int w = 0; w < WINDOWS; ++w)
            {
                Gilbert g(p.loss, p.run, seed * 1000003 + static_cast<std::uint64_t>(w));
                int lost = 0;
                for (int i = 0; i < p.n; ++i)
                {
                    lost += g.Next();
                }
                const double d = double(lost) / p.n - p.loss;
                squares += d * d / WINDOWS;
                fourths += d * d * d * d / WINDOWS;
            }
            const double error = std::sqrt((fourths - squares * squares) / WINDOWS);
            EXPECT_NEAR(squares, expected, 5.5 * error) << p.loss << " " << p.run << " " << seed;
            // What the intervals use is the leading term of the same formula.
            EXPECT_NEAR(p.loss * (1 - p.loss) / EffectiveSizeOfLoss(p.n, p.loss, p.run),
                        expected,
                        0.06 * expected);
        }
    }
}

// One look at a window: how often loss is called "above the limit" though it is exactly at the
// limit. The lower bound is one-sided at 2.5 %; the exact binomial gives the rate for independent
// loss.
TEST(Interval, FalseAlarmsOfTheLossBoundAgainstTheBinomial)
{
    PairClock clock;
    constexpr int N = 250;
    constexpr double LIMIT = 0.04;
    // Single losses, as independent loss mostly gives: runs = lost.
    double exact = 0;
    double pmf = std::pow(1 - LIMIT, N);
    for (int k = 0; k <= N; ++k)
    {
        WindowStatistics s;
        s.received = static_cast<std::uint32_t>(N - k);
        s.lost = static_cast<std::uint32_t>(k);
        s.lossRuns = s.lost;
        const MetricEstimate e = Estimate(s, PathDirection::Inbound, clock, Z95, true).loss;
        exact += e.lower > LIMIT ? pmf : 0;
        pmf *= double(N - k) / (k + 1) * LIMIT / (1 - LIMIT);
    }
    EXPECT_LE(exact, 0.025);
    EXPECT_GE(exact, 0.005); // not bought by never alarming

    // Bursts: the same packets lost in runs of three on average must not raise it.
    int alarms = 0;
    constexpr int TRIALS = 20000;
    for (int t = 0; t < TRIALS; ++t)
    {
        Gilbert g(LIMIT, 3, 77 + static_cast<std::uint64_t>(t));
        WindowStatistics s;
        bool before = false;
        for (int i = 0; i < N; ++i)
        {
            const bool lost = g.Next();
            s.lost += lost;
            s.lossRuns += lost && !before;
            s.received += !lost;
            before = lost;
        }
        alarms += Estimate(s, PathDirection::Inbound, clock, Z95, true).loss.lower > LIMIT;
    }
    const double rate = double(alarms) / TRIALS;
    EXPECT_LE(rate, 0.025 + 5 * std::sqrt(0.025 * 0.975 / TRIALS));
    EXPECT_GE(rate, 0.0005);
}

// The bounds of the deviation of AR(1) samples cover the truth about as often as they say.
TEST(Interval, CoverageOfDeviationBounds)
{
    for (const double rho : {0.0, 0.5, 0.8})
    {
        std::mt19937_64 random(5);
        std::normal_distribution<> normal;
        constexpr int N = 400;
        constexpr int TRIALS = 4000;
        int covered = 0;
        for (int t = 0; t < TRIALS; ++t)
        {
            double x = normal(random);
            double sum = 0;
            double squares = 0;
            for (int i = 0; i < N; ++i)
            {
                sum += x;
                squares += x * x;
                x = rho * x + std::sqrt(1 - rho * rho) * normal(random);
            }
            const double variance = (squares - sum * sum / N) / (N - (1 + rho) / (1 - rho));
            const Interval i = StandardDeviationInterval(
                std::sqrt(variance), EffectiveSizeOfVariance(N, rho), Z95);
            covered += i.lower <= 1 && 1 <= i.upper;
        }
        EXPECT_NEAR(double(covered) / TRIALS, 0.95, 0.02) << rho;
    }
}

} // namespace
} // namespace weft::sdwan
