// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-delay-window.h"
#include "sdwan-interval.h"
#include "sdwan-jitter-metrics.h"

#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <random>

namespace weft::sdwan
{
namespace
{

using namespace std::chrono_literals;

constexpr double DELAYS[] = {20, 25, 20, 35, 20, 20, 30};

TEST(JitterMetrics, Rfc3550HandVector)
{
    constexpr double expected[] = {0.3125, 0.60547, 1.50513, 2.34856, 2.20177, 2.68916};
    Rfc3550Jitter j;
    j.Add(DELAYS[0]);
    EXPECT_EQ(j.Value(), 0); // the first packet has no predecessor
    for (int i = 1; i < 7; ++i)
    {
        j.Add(DELAYS[i] + 3600e3); // a constant clock offset ...
        if (i == 1)
        {
            // ... would count only if it came between two packets; start over with it in place
            j = Rfc3550Jitter{};
            j.Add(DELAYS[0] + 3600e3);
            j.Add(DELAYS[1] + 3600e3);
        }
        EXPECT_NEAR(j.Value(), expected[i - 1], 5e-6) << i;
    }
}

TEST(JitterMetrics, PdvHandVector)
{
    const auto pdv = [](double q) {
        std::vector<double> d(std::begin(DELAYS), std::end(DELAYS));
        return PdvPercentile(d, q);
    };
    // PDV 0 5 0 15 0 0 10, sorted 0 0 0 0 5 10 15.
    EXPECT_EQ(pdv(1), 15);
    EXPECT_EQ(pdv(0.99), 15);
    EXPECT_EQ(pdv(6.0 / 7), 10);
    EXPECT_EQ(pdv(5.0 / 7), 5);
    EXPECT_EQ(pdv(0.5), 0);
}

TEST(JitterMetrics, StandardDeviation)
{
    // Mean 24.2857, squares about it 203.571... / 6.
    EXPECT_NEAR(StandardDeviation(DELAYS), std::sqrt(221.428571 / 6), 1e-6);
    EXPECT_EQ(StandardDeviation(std::span(DELAYS, 1)), 0);
}

// The same vector through the window that measures, in microseconds, across the wrap of the stamp,
// with the clocks an hour apart.
TEST(JitterMetrics, HandVectorThroughTheWindow)
{
    PairClock clock;
    const TimeNs start = std::chrono::microseconds{STAMP_PERIOD} * 9 - 70ms;
    DelayWindow window(2s, 2min, clock, start);
    TimeNs sent = start;
    for (const double d : DELAYS)
    {
        window.OnReceived(StampOf(sent - 1h),
                          sent + std::chrono::microseconds{static_cast<int>(d * 1000)});
        sent += 40ms;
    }
    WindowStatistics s;
    window.Instantaneous(s, NormalQuantile(0.95));
    EXPECT_EQ(s.delays, 7U);
    EXPECT_NEAR(s.rfc3550Us, 2689.16, 0.01);
    EXPECT_NEAR(s.meanExcessUs, 4285.71, 0.01);
    EXPECT_EQ(s.pdv99.value, 15000);
    EXPECT_EQ(s.pdv95.value, 15000);
    const double hour = std::fmod(3600e6 + 20000, STAMP_PERIOD);
    EXPECT_NEAR(s.minUs, hour, 1);
}

/// Feeds @p n delays to RFC 3550 and returns the mean of J and its standard error by batch means.
std::pair<double, double>
MeanJitter(const std::function<double()>& next, int n)
{
    Rfc3550Jitter j;
    for (int i = 0; i < 400; ++i)
    {
        j.Add(next());
    }
    constexpr int BATCHES = 100;
    double sum = 0;
    double squares = 0;
    for (int b = 0; b < BATCHES; ++b)
    {
        double mean = 0;
        for (int i = 0; i < n / BATCHES; ++i)
        {
            j.Add(next());
            mean += j.Value();
        }
        mean /= n / BATCHES;
        sum += mean;
        squares += mean * mean;
    }
    const double mean = sum / BATCHES;
    return {mean, std::sqrt((squares / BATCHES - mean * mean) / (BATCHES - 1))};
}

// E[J] = E|D|.
TEST(JitterMetrics, Rfc3550ClosedForms)
{
    for (std::uint64_t seed = 1; seed <= 3; ++seed)
    {
        std::mt19937_64 random(seed);
        std::normal_distribution<> normal;
        std::uniform_real_distribution<> uniform(-6, 6);
        std::exponential_distribution<> exponential(1 / 5.0);
        double ar = 4 * normal(random);
        const auto step = [&] {
            ar = 0.8 * ar + 4 * 0.6 * normal(random);
            return ar;
        };
        const std::pair<std::function<double()>, double> cases[] = {
            {[&] { return 4 * normal(random); }, 4.5135},
            {[&] { return uniform(random); }, 4.0},
            {[&] { return exponential(random); }, 5.0},
            {step, 2.0185},
        };
        for (const auto& [next, expected] : cases)
        {
            const auto [mean, error] = MeanJitter(next, 400000);
            EXPECT_NEAR(mean, expected, 6 * error + 5e-5) << expected << " seed " << seed;
            EXPECT_LT(error, 0.02);
        }
    }
}

/// AR(1) delays at 50 packets a second through a DelayWindow.
struct Ar1Feed
{
    Ar1Feed(double sdMs, double rho, std::uint64_t seed, double skew = 0)
        : sd(sdMs), rho(rho), skew(skew), random(seed), x(normal(random))
    {
    }

    void
    Packets(DelayWindow& window, int n)
    {
        for (int i = 0; i < n; ++i)
        {
            sent += 20ms;
            const double delayUs = 60000 + 1000 * sd * x;
            const double drift = skew * static_cast<double>(sent.count());
            window.OnReceived(StampOf(sent),
                              sent + TimeNs{static_cast<std::int64_t>(delayUs * 1000 + drift)});
            x = rho * x + std::sqrt(1 - rho * rho) * normal(random);
        }
    }

    double sd;
    double rho;
    double skew;
    std::mt19937_64 random;
    std::normal_distribution<> normal;
    double x;
    TimeNs sent{0};
};

TEST(DelayWindow, DeviationOfCorrelatedDelayIsUnbiased)
{
    for (const double rho : {0.0, 0.5, 0.8})
    {
        double variance = 0;
        double squares = 0;
        double correlation = 0;
        constexpr int TRIALS = 1500;
        for (int t = 0; t < TRIALS; ++t)
        {
            PairClock clock;
            DelayWindow window(2s, 2min, clock, 0ns);
            Ar1Feed feed(4, rho, static_cast<std::uint64_t>(t) + 1);
            feed.Packets(window, 99);
            WindowStatistics s;
            window.Instantaneous(s, 1.96);
            const double v = s.deviationUs * s.deviationUs / 16e6;
            variance += v / TRIALS;
            squares += v * v / TRIALS;
            correlation += s.correlation / TRIALS;
        }
        const double error = std::sqrt((squares - variance * variance) / TRIALS);
        // The estimated correlation is itself biased a little in so short a window: 3 % are left at
        // rho = 0.8.
        EXPECT_NEAR(variance, 1, 5 * error + 0.03) << rho;
        EXPECT_NEAR(correlation, rho, 0.06);
    }
}

TEST(DelayWindow, SkewIsNotJitter)
{
    for (const double skew : {-100e-6, 0.0, 100e-6})
    {
        PairClock clock;
        DelayWindow window(2s, 2min, clock, 0ns);
        Ar1Feed feed(0.5, 0, 9, skew);
        feed.Packets(window, 50 * 150);
        WindowStatistics s;
        window.Smoothed(s, 1.96);
        // Over two minutes the skew shifts delay by 12 ms.
        EXPECT_NEAR(s.deviationUs, 500, 15) << skew;
        EXPECT_LT(s.pdv99.value, 5000) << skew;
    }
}

TEST(DelayWindow, ForgetsAndStaysBounded)
{
    PairClock clock;
    DelayWindow window(2s, 2min, clock, 0ns);
    Ar1Feed feed(4, 0.5, 3);
    feed.Packets(window, 1000);
    WindowStatistics s;
    window.Advance(feed.sent + 3s);
    window.Instantaneous(s, 1.96);
    EXPECT_EQ(s.delays, 0U);
    window.Smoothed(s, 1.96);
    EXPECT_GT(s.delays, 500U);
    window.Advance(feed.sent + 10min);
    s = {};
    window.Smoothed(s, 1.96);
    EXPECT_EQ(s.delays, 0U);
}

TEST(DelayWindow, ManySamplesAreThinnedEvenly)
{
    PairClock clock;
    DelayWindow window(2s, 2min, clock, 0ns);
    // 20,000 packets in the window, delay uniform on 0..10 ms in a fixed order.
    TimeNs sent = 0ns;
    for (int i = 0; i < 20000; ++i)
    {
        sent += 99us;
        window.OnReceived(StampOf(sent), sent + std::chrono::microseconds{(i * 7919) % 10000});
    }
    WindowStatistics s;
    window.Instantaneous(s, 1.96);
    EXPECT_EQ(s.delays, 20000U);
    EXPECT_NEAR(s.pdv95.value, 9500, 300);
    EXPECT_NEAR(s.deviationUs, 10000 / std::sqrt(12), 40);
    EXPECT_LE(s.pdv95.lower, s.pdv95.value);
    EXPECT_GE(s.pdv95.upper, s.pdv95.value);
}

} // namespace
} // namespace weft::sdwan
