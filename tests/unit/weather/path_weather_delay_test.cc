// SPDX-License-Identifier: GPL-2.0-only
// Delay of a path: spread, floor, order of arrival, and events upon it.
#include "interval.h"
#include "underlay-path-weather.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>
#include <vector>

namespace
{

using namespace weft::underlay;
using namespace std::chrono_literals;
using weft::tests::SIGMAS;

PathWeather
Make(const WeatherConfig& config, std::uint64_t seed = 1, Direction direction = Direction::Forward)
{
    return PathWeather(seed, "a>b", direction, config);
}

double
Ms(TimeNs t)
{
    return std::chrono::duration<double, std::milli>(t).count();
}

/// A configuration with a bit of everything, drawn from @p random.
WeatherConfig
RandomConfig(std::mt19937_64& random)
{
    const auto below = [&](int n) { return static_cast<int>(random() % n); };
    WeatherConfig c;
    c.delay = below(30) * 1ms + below(1000) * 1us;
    c.jitter = below(3) == 0 ? 0ms : below(40) * 1ms;
    c.jitterCorrelation = (1 + below(300)) * 1ms + below(1000) * 1ns;
    c.loss = below(2) * 0.05;
    c.badPeriod = below(3) * 7ms;
    for (int i = below(5); i > 0; --i)
    {
        WeatherEvent e;
        e.name = "event " + std::to_string(i);
        e.at = below(4000) * 1ms + below(1000) * 1ns;
        e.duration = (1 + below(3000)) * 1ms + below(1000) * 1ns;
        e.shape = static_cast<EventShape>(below(3));
        e.period = e.shape == EventShape::Square ? (1 + below(900)) * 1ms + below(1000) * 1ns : 0ms;
        e.delay = below(200) * 1ms;
        if (below(2))
        {
            e.jitter = below(60) * 1ms;
        }
        e.loss = below(2) * 0.3;
        e.down = below(5) == 0;
        c.events.push_back(e);
    }
    return c;
}

TEST(PathWeatherDelay, JitterIsTheStandardDeviationOverTime)
{
    const TimeNs jitter = 1ms;
    const double gridCorrelation = std::exp(-0.2);
    const double c = PathWeather::JitterScale(gridCorrelation);
    const double meanExtra = c * 1.0 / std::sqrt(2 * std::numbers::pi);
    // Spread at a grid point would need 1.7129; linear interpolation takes 4 % of it away again.
    EXPECT_NEAR(c, 1.7831, 0.0005);
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
    {
        auto weather = Make({.delay = 10ms, .jitter = jitter}, seed);
        double sum = 0;
        double squares = 0;
        double atBase = 0;
        const int n = 2000000;
        for (int i = 0; i < n; ++i)
        {
            const double extra = Ms(weather.DelayAt(i * 7ms)) - 10;
            ASSERT_GE(extra, 0);
            sum += extra;
            squares += extra * extra;
            atBase += extra == 0;
        }
        const double mean = sum / n;
        // Independent samples come about twice a correlation time apart.
        const double independent = n * 7e-3 / 0.2;
        EXPECT_NEAR(mean, meanExtra, SIGMAS / std::sqrt(independent));
        EXPECT_NEAR(
            std::sqrt(squares / n - mean * mean), 1.0, 1.5 * SIGMAS / std::sqrt(independent));
        // At base between two grid points that both are: P(both floored) = 1/2 - acos(r) / (2 pi).
        const double both = 0.5 - std::acos(gridCorrelation) / (2 * std::numbers::pi);
        EXPECT_GT(atBase / n, both - 0.01);
    }
}

TEST(PathWeatherDelay, WithoutJitterItIsTheBase)
{
    auto weather = Make({.delay = 6ms});
    for (const TimeNs t : {-5s + 0ns, 0s + 0ns, 1s + 0ns, 100000h + 0ns})
    {
        EXPECT_EQ(weather.At(t).delay, TimeNs{6ms});
        EXPECT_FALSE(weather.At(t).lost);
    }
}

TEST(PathWeatherDelay, StepAddsAndItsEndKeepsOrder)
{
    auto weather = Make(
        {.delay = 20ms, .events = {{.name = "detour", .at = 1s, .duration = 1s, .delay = 100ms}}});
    EXPECT_EQ(weather.DelayAt(1s - 1ns), TimeNs{20ms});
    EXPECT_EQ(weather.DelayAt(1s), TimeNs{120ms});
    EXPECT_EQ(weather.DelayAt(2s - 1ns), TimeNs{120ms});
    // Whoever enters after the end leaves no earlier than the last who entered before it.
    for (const TimeNs after : {0ms, 1ms, 50ms, 99ms, 100ms, 101ms, 500ms})
    {
        EXPECT_EQ(weather.DelayAt(2s + after), std::max(TimeNs{20ms}, TimeNs{120ms - after}));
    }
}

TEST(PathWeatherDelay, RampIsLinear)
{
    auto weather = Make({.delay = 5ms,
                         .events = {{.name = "ramp",
                                     .at = 1s,
                                     .duration = 2s,
                                     .shape = EventShape::Ramp,
                                     .delay = 200ms}}});
    for (int i = 0; i <= 20; ++i)
    {
        const TimeNs t = 1s + i * 100ms - (i == 20 ? 1ns : 0ns);
        EXPECT_NEAR(Ms(weather.DelayAt(t)), 5 + 10 * i, 1e-3);
    }
    EXPECT_EQ(weather.DelayAt(3s + 300ms), TimeNs{5ms});
    // A day-long ramp of a second: more than 64 bits of product.
    auto slow = Make(
        {.events = {{.name = "ramp", .duration = 24h, .shape = EventShape::Ramp, .delay = 1s}}});
    EXPECT_EQ(slow.DelayAt(6h), TimeNs{250ms});
    EXPECT_EQ(slow.DelayAt(12h), TimeNs{500ms});
}

TEST(PathWeatherDelay, SquareWaveAlternates)
{
    auto weather = Make({.delay = 1ms,
                         .events = {{.name = "wave",
                                     .at = 1s,
                                     .duration = 10s,
                                     .shape = EventShape::Square,
                                     .period = 2s,
                                     .delay = 30ms}}});
    for (int i = 0; i < 12; ++i)
    {
        const bool on = i >= 1 && i < 11 && i % 2 == 1;
        EXPECT_EQ(weather.DelayAt(i * 1s + 500ms), on ? TimeNs{31ms} : TimeNs{1ms}) << i;
        EXPECT_EQ(weather.DelayAt(i * 1s + 999ms), on ? TimeNs{31ms} : TimeNs{1ms}) << i;
    }
}

TEST(PathWeatherDelay, NoOvertakingUnderRandomEvents)
{
    std::mt19937_64 random(20);
    double waits = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed)
    {
        const WeatherConfig config = RandomConfig(random);
        auto weather = Make(config, seed);
        TimeNs t = 0ns;
        TimeNs last = 0ns;
        for (int i = 0; i < 20000; ++i)
        {
            t += TimeNs{static_cast<TimeNs::rep>(random() % (i % 3 == 0 ? 3 : 600000))};
            const TimeNs arrival = t + weather.At(t).delay;
            ASSERT_GE(arrival, last) << "seed " << seed << " at " << t.count();
            ASSERT_GE(arrival, t + config.delay);
            waits += arrival == last;
            last = arrival;
        }
    }
    EXPECT_GT(waits, 100) << "the configurations never put arrival order to the test";
}

TEST(PathWeatherDelay, FateDoesNotDependOnWhoAsks)
{
    std::mt19937_64 random(21);
    for (std::uint64_t seed = 1; seed <= 30; ++seed)
    {
        const WeatherConfig config = RandomConfig(random);
        auto forwards = Make(config, seed);
        std::vector<TimeNs> times;
        std::vector<Fate> fates;
        TimeNs t = 0ns;
        for (int i = 0; i < 3000; ++i)
        {
            t += TimeNs{static_cast<TimeNs::rep>(random() % 5000000)};
            times.push_back(t);
            fates.push_back(forwards.At(t));
        }
        auto jumping = Make(config, seed);
        for (int i = 0; i < 3000; ++i)
        {
            const std::size_t at = random() % times.size();
            if (i % 5 == 0)
            {
                jumping.At(TimeNs{static_cast<TimeNs::rep>(random() % 40000000000)});
                jumping.TruthOver(times[at], times[at] + 3ms);
            }
            const Fate fate = jumping.At(times[at]);
            ASSERT_EQ(fate.delay, fates[at].delay) << "seed " << seed;
            ASSERT_EQ(fate.reason, fates[at].reason) << "seed " << seed;
        }
    }
}

TEST(PathWeatherDelay, JitterEventScalesTheSameProcess)
{
    const WeatherConfig base{.delay = 6ms, .jitter = 1ms, .jitterCorrelation = 1s};
    WeatherConfig spiked = base;
    spiked.events = {{.name = "spike", .at = 30s, .duration = 5s, .jitter = 3ms}};
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
    {
        auto calm = Make(base, seed);
        auto spike = Make(spiked, seed);
        for (TimeNs t = 0ns; t < 60s; t += 10ms)
        {
            if (t == 35s)
            {
                continue; // the drop at the end of the spike is limited by order of arrival
            }
            const double ratio = t >= 30s && t < 35s ? 3 : 1;
            EXPECT_NEAR(Ms(spike.DelayAt(t)) - 6, ratio * (Ms(calm.DelayAt(t)) - 6), 1e-5);
        }
    }
}

TEST(PathWeatherDelay, JitterEventOnACalmPath)
{
    auto weather = Make(
        {.delay = 6ms, .events = {{.name = "spike", .at = 1s, .duration = 9s, .jitter = 2ms}}});
    double extra = 0;
    for (TimeNs t = 1s; t < 10s; t += 1ms)
    {
        extra += Ms(weather.DelayAt(t)) - 6;
    }
    EXPECT_GT(extra, 0);
    EXPECT_EQ(weather.DelayAt(500ms), TimeNs{6ms});
    EXPECT_EQ(weather.DelayAt(11s), TimeNs{6ms});
}

TEST(PathWeatherDelay, ReorderingOnlyByItsKnob)
{
    const WeatherConfig plain{.delay = 10ms, .jitter = 5ms, .loss = 0.02, .badPeriod = 20ms};
    WeatherConfig reordering = plain;
    reordering.reorder = 0.05;
    reordering.reorderDelay = 30ms;
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
    {
        auto a = Make(plain, seed);
        auto b = Make(reordering, seed);
        const int n = 100000;
        double held = 0;
        for (int i = 0; i < n; ++i)
        {
            const Fate calm = a.At(i * 1ms);
            const Fate fate = b.At(i * 1ms);
            ASSERT_FALSE(calm.heldBack);
            ASSERT_EQ(fate.reason, calm.reason);
            ASSERT_EQ(fate.delay, calm.delay + (fate.heldBack ? TimeNs{30ms} : TimeNs{0}));
            held += fate.heldBack;
        }
        EXPECT_NEAR(held / n, 0.05, weft::tests::BinomialHalfWidth(0.05, n));
    }
}

TEST(PathWeatherDelay, TruthIsWhatPacketsSee)
{
    std::mt19937_64 random(22);
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
    {
        const WeatherConfig config = RandomConfig(random);
        auto weather = Make(config, seed);
        auto asked = Make(config, seed);
        for (TimeNs from = 0ns; from < 6s; from += 500ms)
        {
            const Truth truth = asked.TruthOver(from, from + 500ms);
            double sum = 0;
            double squares = 0;
            for (int i = 0; i < 500; ++i)
            {
                const double x = Ms(weather.DelayAt(from + i * 1ms));
                sum += x;
                squares += x * x;
            }
            const double mean = sum / 500;
            EXPECT_NEAR(Ms(truth.meanDelay), mean, 1e-5);
            EXPECT_NEAR(
                Ms(truth.sdDelay), std::sqrt(std::max(0.0, squares / 500 - mean * mean)), 1e-3);
        }
    }
    auto still = Make({.delay = 3ms});
    EXPECT_EQ(still.TruthOver(1s, 1s).meanDelay, TimeNs{3ms});
    EXPECT_EQ(still.TruthOver(1s, 2s).sdDelay, TimeNs{0});
}

} // namespace
