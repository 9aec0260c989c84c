// SPDX-License-Identifier: GPL-2.0-only
// Loss on a path: its own, shared, scripted, and down; and what it may not depend on.
#include "interval.h"
#include "underlay-path-weather.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <memory>
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

PathWeather
Make(const WeatherConfig& config,
     std::uint64_t seed = 1,
     const std::string& name = "a>b",
     Direction direction = Direction::Forward)
{
    return PathWeather(seed, name, direction, config);
}

TEST(PathWeatherLoss, EventsLeaveTheBaseWeatherAlone)
{
    const WeatherConfig base{.delay = 6ms, .jitter = 1ms, .loss = 0.05, .badPeriod = 30ms};
    WeatherConfig eventful = base;
    eventful.events = {
        {.name = "torrent", .at = 10s, .duration = 5s, .loss = 0.3, .badPeriod = 10ms},
        {.name = "cut", .at = 20s, .duration = 1s, .down = true},
        {.name = "storm",
         .at = 25s,
         .duration = 9s,
         .shape = EventShape::Square,
         .period = 1s,
         .jitter = 8ms,
         .loss = 0.1},
    };
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
    {
        auto calm = Make(base, seed);
        auto eventually = Make(eventful, seed);
        for (TimeNs t = 0ns; t < 60s; t += 1ms)
        {
            const Fate a = calm.At(t);
            const Fate b = eventually.At(t);
            const bool cut = t >= 20s && t < 21s;
            ASSERT_EQ(b.reason == LossReason::Down, cut);
            ASSERT_TRUE(cut || (a.reason == LossReason::Loss) == (b.reason == LossReason::Loss));
            const bool quiet = t < 10s || (t >= 15s && t < 20s) || (t >= 21s && t < 25s) || t > 35s;
            if (quiet)
            {
                ASSERT_EQ(a.reason, b.reason);
                ASSERT_EQ(a.delay, b.delay);
            }
        }
    }
}

TEST(PathWeatherLoss, EventLossComposesIndependently)
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        auto weather = Make({.loss = 0.1, .events = {{.name = "torrent", .loss = 0.2}}}, seed);
        const int n = 300000;
        double own = 0;
        double event = 0;
        for (int i = 0; i < n; ++i)
        {
            const Fate fate = weather.At(i * 1us);
            own += fate.reason == LossReason::Loss;
            event += fate.reason == LossReason::EventLoss;
            ASSERT_EQ(fate.lost, fate.reason != LossReason::None);
        }
        EXPECT_NEAR(own / n, 0.1, BinomialHalfWidth(0.1, n));
        EXPECT_NEAR(event / n, 0.9 * 0.2, BinomialHalfWidth(0.18, n));
        EXPECT_NEAR((own + event) / n, 1 - 0.9 * 0.8, BinomialHalfWidth(0.28, n));
    }
}

TEST(PathWeatherLoss, RampThinsItsLosses)
{
    for (const TimeNs bad : {TimeNs{0}, TimeNs{1ms}})
    {
        auto weather = Make({.events = {{.name = "ramp",
                                         .duration = 100s,
                                         .shape = EventShape::Ramp,
                                         .loss = 1.0,
                                         .badPeriod = bad}}});
        const int n = 20000;
        for (int decile = 0; decile < 10; ++decile)
        {
            double lost = 0;
            for (int i = 0; i < n; ++i)
            {
                lost += weather.At(decile * 10s + i * 500us).lost;
            }
            const double expected = (decile + 0.5) / 10;
            EXPECT_NEAR(lost / n, expected, BinomialHalfWidth(expected, n));
        }
        EXPECT_FALSE(weather.At(100s).lost);
    }
}

TEST(PathWeatherLoss, DirectionsAreIndependentAndEventsKeepToTheirs)
{
    WeatherConfig config{.loss = 0.2};
    config.events = {
        {.name = "up", .at = 1s, .duration = 1s, .scope = EventScope::Forward, .down = true},
        {.name = "back", .at = 3s, .duration = 1s, .scope = EventScope::Backward, .down = true},
    };
    auto forward = Make(config, 1, "a>b", Direction::Forward);
    auto backward = Make(config, 1, "a>b", Direction::Backward);
    EXPECT_EQ(forward.At(1500ms).reason, LossReason::Down);
    EXPECT_NE(backward.At(1500ms).reason, LossReason::Down);
    EXPECT_NE(forward.At(3500ms).reason, LossReason::Down);
    EXPECT_EQ(backward.At(3500ms).reason, LossReason::Down);
    const int n = 200000;
    double both = 0;
    for (int i = 0; i < n; ++i)
    {
        both += forward.At(10s + i * 1us).lost && backward.At(10s + i * 1us).lost;
    }
    EXPECT_NEAR(both / n, 0.04, BinomialHalfWidth(0.04, n));
}

// What data packets meet is the same with and without probes and parity between them, and whatever
// paths exist.
TEST(PathWeatherLoss, FateDoesNotDependOnTraffic)
{
    const WeatherConfig config{.delay = 5ms,
                               .jitter = 3ms,
                               .loss = 0.05,
                               .badPeriod = 15ms,
                               .reorder = 0.1,
                               .reorderDelay = 2ms};
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
    {
        auto alone = Make(config, seed);
        std::vector<Fate> data;
        for (int i = 0; i < 3000; ++i)
        {
            data.push_back(alone.At(i * 20ms));
        }
        std::vector<std::unique_ptr<PathWeather>> others;
        for (int i = 0; i < 10; ++i)
        {
            others.push_back(std::make_unique<PathWeather>(
                seed, "other " + std::to_string(i), Direction::Forward, config));
            others.back()->At(1s);
        }
        auto busy = Make(config, seed);
        for (int i = 0; i < 3000; ++i)
        {
            const Fate fate = busy.At(i * 20ms);
            ASSERT_EQ(fate.reason, data[i].reason);
            ASSERT_EQ(fate.delay, data[i].delay);
            for (int probe = 1; probe < 5; ++probe)
            {
                busy.At(i * 20ms + probe * 3ms);
            }
        }
    }
}

TEST(PathWeatherLoss, PathsAreIndependentOfEachOther)
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        const WeatherConfig config{.loss = 0.1, .badPeriod = 5ms};
        auto a = Make(config, seed, "a>b");
        auto b = Make(config, seed, "a>c");
        // Sampled each 100 ms, 18 correlation times apart: independent trials.
        const int n = 100000;
        double both = 0;
        for (int i = 0; i < n; ++i)
        {
            both += a.At(i * 100ms).lost && b.At(i * 100ms).lost;
        }
        EXPECT_NEAR(both / n, 0.01, BinomialHalfWidth(0.01, n));
    }
}

// Form 6 of the duplication table: with a common cause of probability q, both copies are lost with
// q + (1-q) p1 p2.
TEST(PathWeatherLoss, CommonCauseIsExact)
{
    const double q = 0.03;
    const double p1 = 0.1;
    const double p2 = 0.2;
    for (const TimeNs bad : {TimeNs{0}, TimeNs{5ms}})
    {
        for (std::uint64_t seed = 1; seed <= 5; ++seed)
        {
            const CommonLoss duct{"duct", q, bad};
            auto a = Make({.loss = p1, .common = {duct}}, seed, "a>b");
            auto b = Make({.loss = p2, .common = {duct}}, seed, "c>d", Direction::Backward);
            const int n = 200000;
            double both = 0;
            double common = 0;
            double justA = 0;
            for (int i = 0; i < n; ++i)
            {
                const Fate x = a.At(i * 100ms);
                const Fate y = b.At(i * 100ms);
                both += x.lost && y.lost;
                justA += x.lost;
                common += x.reason == LossReason::CommonLoss;
                // The cause is one: what it takes on one path it takes on the other, unless that
                // lost it first.
                ASSERT_TRUE(x.reason != LossReason::CommonLoss || y.lost);
            }
            EXPECT_NEAR(both / n, q + (1 - q) * p1 * p2, BinomialHalfWidth(q + p1 * p2, n));
            EXPECT_NEAR(justA / n, 1 - (1 - q) * (1 - p1), BinomialHalfWidth(q + p1, n));
            EXPECT_NEAR(common / n, (1 - p1) * q, BinomialHalfWidth(q, n));
        }
    }
}

TEST(PathWeatherLoss, TruthIntegratesLossAndDownExactly)
{
    WeatherConfig config{.loss = 0.1};
    config.events = {
        {.name = "cut", .at = 1s, .duration = 250ms, .down = true},
        {.name = "torrent", .at = 5s, .duration = 1s, .loss = 0.5},
        {.name = "ramp", .at = 8s, .duration = 1s, .shape = EventShape::Ramp, .loss = 0.5},
    };
    auto weather = Make(config);
    const Truth quiet = weather.TruthOver(3s, 4s);
    EXPECT_NEAR(quiet.lost, 0.1, 1e-12);
    EXPECT_EQ(quiet.down, 0);
    const Truth cut = weather.TruthOver(1s, 2s);
    EXPECT_NEAR(cut.down, 0.25, 1e-12);
    EXPECT_NEAR(cut.lost, 0.25 + 0.75 * 0.1, 1e-12);
    EXPECT_NEAR(weather.TruthOver(5s, 6s).lost, 1 - 0.9 * 0.5, 1e-12);
    EXPECT_NEAR(weather.TruthOver(8s, 9s).lost, 1 - 0.9 * (1 - 0.25), 1e-9);

    // Against packets every 10 us through a chain: they can miss a period's ends by one packet
    // each.
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        auto chain = Make({.loss = 0.2,
                           .badPeriod = 20ms,
                           .events = {{.name = "e", .loss = 0.3, .badPeriod = 8ms}}},
                          seed);
        const double truth = chain.TruthOver(2s, 4s).lost;
        double lost = 0;
        for (int i = 0; i < 200000; ++i)
        {
            lost += chain.At(2s + i * 10us).lost;
        }
        EXPECT_NEAR(truth, lost / 200000, 1000.0 / 200000);
    }
}

TEST(PathWeatherLoss, RefusalsNameFieldValueAndRule)
{
    const auto refused = [](const WeatherConfig& config, const std::string& text) {
        try
        {
            Make(config);
        }
        catch (const std::invalid_argument& e)
        {
            EXPECT_NE(std::string(e.what()).find(text), std::string::npos) << e.what();
            return;
        }
        ADD_FAILURE() << "accepted: " << text;
    };
    refused({.delay = -1ms}, "delay");
    refused({.jitter = -1ms}, "jitter");
    refused({.jitter = 1ms, .jitterCorrelation = 0ms}, "correlation");
    refused({.loss = 1.5}, "loss 1.5");
    refused({.badPeriod = -1ms}, "bad period");
    refused({.reorder = -0.5}, "reorder");
    refused({.reorderDelay = -1ms}, "reorder delay");
    refused({.common = {{"duct", 2.0, 0ms}}}, "duct");
    refused({.events = {{.name = "x", .duration = 0s}}}, "duration of event x");
    refused({.events = {{.name = "x", .shape = EventShape::Ramp}}}, "ramp of event x");
    refused({.events = {{.name = "x", .shape = EventShape::Square}}}, "period of event x");
    refused({.events = {{.name = "x", .loss = -1}}}, "loss of event x");
    refused({.delay = 5ms, .events = {{.name = "x", .delay = -6ms}}}, "delay");
    refused({.events = {{.name = "x", .loss = 0.1}, {.name = "x", .loss = 0.2}}}, "unique");
}

} // namespace
