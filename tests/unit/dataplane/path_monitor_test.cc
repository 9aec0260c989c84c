// SPDX-License-Identifier: GPL-2.0-only
#include "two_ends.h"

#include <gtest/gtest.h>
#include <random>

namespace weft::sdwan::test
{
namespace
{

/// Fixed delay, with one direction (or both, -1) dark from an instant on.
TwoEnds::Weather
Dark(TimeNs delay, int direction, TimeNs from, TimeNs to = NEVER)
{
    return [=](std::size_t, int end, TimeNs t) -> std::optional<TimeNs> {
        if (t >= from && t < to && (direction < 0 || direction == end))
        {
            return std::nullopt;
        }
        return delay;
    };
}

TEST(PathMonitor, ProbesFastThenSlowWhenIdleAndNeverWhenBusy)
{
    TwoEnds net(1, Dark(6ms, -1, NEVER));
    net.RunUntil(10s);
    EXPECT_TRUE(net.Monitor(0).Usable());
    EXPECT_NEAR(static_cast<double>(net.probes), 200, 4); // each end 10 a second
    // Data from both ends each 20 ms: no probes at all, but reports.
    net.Stream(0, 0, 10s, 20s, 20ms);
    net.Stream(1, 0, 10s, 20s, 20ms);
    net.RunUntil(10100ms);
    const auto before = net.probes;
    const auto control = net.controlDatagrams;
    net.RunUntil(20s);
    EXPECT_EQ(net.probes, before);
    EXPECT_NEAR(static_cast<double>(net.controlDatagrams - control), 198, 6);
    EXPECT_TRUE(net.Monitor(0).Usable());
    // Five minutes later the probes thin out to two a second.
    net.RunUntil(20s + 301s);
    const auto slow = net.probes;
    net.RunUntil(20s + 311s);
    EXPECT_NEAR(static_cast<double>(net.probes - slow), 40, 3);
    EXPECT_TRUE(net.Monitor(0).Usable());
    EXPECT_TRUE(net.Monitor(1).Usable());
}

// One-way data: the side that only receives has no data to be confirmed by, so it probes.
TEST(PathMonitor, OneWayDataKeepsBothEndsInformed)
{
    TwoEnds net(1, Dark(6ms, -1, NEVER));
    int events = 0;
    net.onEvent = [&](int, std::size_t, const PathEvent&) { ++events; };
    net.Stream(0, 0, 1s, 60s, 20ms);
    net.RunUntil(60s);
    EXPECT_EQ(events, 2); // each end came up once
    EXPECT_NEAR(net.Monitor(0).Forward().instantaneous.received, 250, 60);
    EXPECT_EQ(net.Monitor(0).Forward().instantaneous.loss.value, 0);
    EXPECT_NEAR(net.Monitor(0).Forward().rttMs, 12, 0.01);
}

struct Blackout
{
    const char* name;
    int direction;     ///< end whose sending dies; -1 both
    TimeNs spacing[2]; ///< data spacing of each end; 0 idle
    TimeNs at;
    TimeNs probe; ///< probe interval in force
};

class Detection : public testing::TestWithParam<Blackout>
{
};

// Both ends know within 300 ms plus one probe interval, at every phase of the timers.
TEST_P(Detection, Within300MsPlusOneProbe)
{
    const Blackout& b = GetParam();
    TimeNs worst{0};
    for (int phase = 0; phase < 40; ++phase)
    {
        const TimeNs at = b.at + phase * 13777us;
        TwoEnds net(1, Dark(6ms, b.direction, at));
        TimeNs down[2] = {NEVER, NEVER};
        net.onEvent = [&](int end, std::size_t, const PathEvent& e) {
            if (!e.up)
            {
                EXPECT_GE(net.now, at) << "false alarm";
                down[end] = std::min(down[end], net.now);
                EXPECT_EQ(e.timer, "missed-answers");
                EXPECT_EQ(e.count, 3U);
            }
        };
        for (int end = 0; end < 2; ++end)
        {
            if (b.spacing[end] > 0ns)
            {
                net.Stream(end, 0, 1s + end * 3ms, at + 2s, b.spacing[end]);
            }
        }
        net.RunUntil(at + 2s);
        for (int end = 0; end < 2; ++end)
        {
            ASSERT_NE(down[end], NEVER) << "end " << end << " phase " << phase;
            worst = std::max(worst, down[end] - at);
            EXPECT_FALSE(net.Monitor(end).Usable());
        }
    }
    // What was in flight when the path broke still arrives: up to one one-way delay.
    EXPECT_LE(worst, 300ms + b.probe + 6ms);
    EXPECT_GE(worst, 200ms);
}

INSTANTIATE_TEST_SUITE_P(
    Blackouts,
    Detection,
    testing::Values(Blackout{"idle_both", -1, {0ns, 0ns}, 3s, 100ms},
                    Blackout{"idle_outbound", 0, {0ns, 0ns}, 3s, 100ms},
                    Blackout{"idle_inbound", 1, {0ns, 0ns}, 3s, 100ms},
                    Blackout{"busy_both", -1, {20ms, 20ms}, 3s, 100ms},
                    Blackout{"busy_outbound", 0, {20ms, 20ms}, 3s, 100ms},
                    Blackout{"busy_inbound", 1, {20ms, 20ms}, 3s, 100ms},
                    Blackout{"fast_outbound", 0, {1ms, 1ms}, 3s, 100ms},
                    Blackout{"one_way_data_outbound", 0, {20ms, 0ns}, 3s, 100ms},
                    Blackout{"one_way_data_inbound", 1, {20ms, 0ns}, 3s, 100ms},
                    Blackout{"sparse_data", -1, {90ms, 170ms}, 3s, 100ms},
                    Blackout{"idle_5min_both", -1, {0ns, 0ns}, 310s, 500ms},
                    Blackout{"idle_5min_outbound", 0, {0ns, 0ns}, 310s, 500ms},
                    Blackout{"idle_5min_inbound", 1, {0ns, 0ns}, 310s, 500ms}),
    [](const auto& info) { return info.param.name; });

TEST(PathMonitor, ComesBackAfterThreeAnswersAndBlackoutIsNotLoss)
{
    TwoEnds net(1, Dark(6ms, -1, 5s, 12s));
    std::vector<std::pair<bool, TimeNs>> events;
    net.onEvent = [&](int end, std::size_t, const PathEvent& e) {
        if (end == 0)
        {
            events.emplace_back(e.up, net.now);
            if (e.up && net.now > 1s)
            {
                EXPECT_EQ(e.count, 3U);
            }
        }
    };
    net.Stream(0, 0, 1s, 30s, 20ms);
    net.Stream(1, 0, 1s, 30s, 20ms);
    net.RunUntil(20s);
    ASSERT_EQ(events.size(), 3U);
    EXPECT_TRUE(events[0].first);
    EXPECT_FALSE(events[1].first);
    EXPECT_TRUE(events[2].first);
    EXPECT_GE(events[2].second, 12s + 200ms);
    EXPECT_LE(events[2].second, 12s + 600ms);
    EXPECT_EQ(net.Monitor(0).Forward().smoothed.lost, 0);
    EXPECT_EQ(net.Monitor(0).Reverse().smoothed.lost, 0);
}

TEST(PathMonitor, NamesTheDirectionByWhatItStillHears)
{
    TwoEnds net(1, Dark(6ms, 0, 5s));
    bool seen = false;
    net.onEvent = [&](int end, std::size_t, const PathEvent& e) {
        if (!e.up)
        {
            seen = true;
            // End 0 goes unheard but hears; end 1 hears nothing.
            EXPECT_EQ(e.at - e.lastReceived <= 150ms, end == 0) << end;
        }
    };
    net.Stream(0, 0, 1s, 30s, 20ms);
    net.Stream(1, 0, 1s, 30s, 20ms);
    net.RunUntil(8s);
    EXPECT_TRUE(seen);
}

// Random loss that is no blackout must not be called one, idle or busy: 2 % each way.
TEST(PathMonitor, RandomLossIsNotABlackout)
{
    for (const bool busy : {false, true})
    {
        std::mt19937_64 random(11);
        TwoEnds net(1, [&](std::size_t, int, TimeNs) -> std::optional<TimeNs> {
            if (random() % 100 < 2)
            {
                return std::nullopt;
            }
            return 6ms;
        });
        int downs = 0;
        net.onEvent = [&](int, std::size_t, const PathEvent& e) { downs += !e.up; };
        if (busy)
        {
            net.Stream(0, 0, 1s, 1h, 20ms);
            net.Stream(1, 0, 1s, 1h, 20ms);
        }
        // Idle, three probes in a row must go unanswered: 0.04^3 a probe, 5,800 probes, 0.4
        // expected. Busy, three reports in a row must be lost: 0.02^3, 72,000 reports, 0.6
        // expected. The bounds are Poisson tails below 1e-6.
        net.RunUntil(busy ? 1h : 290s);
        EXPECT_LE(downs, busy ? 8 : 7);
        if (busy)
        {
            EXPECT_NEAR(net.Monitor(0).Forward().smoothed.loss.value, 0.02, 0.01);
        }
    }
}

TEST(PathMonitor, LongRoundTripIsNotABlackout)
{
    TwoEnds net(1, Dark(150ms, -1, 60s));
    int downs = 0;
    TimeNs down = NEVER;
    net.onEvent = [&](int end, std::size_t, const PathEvent& e) {
        if (!e.up && end == 0)
        {
            ++downs;
            down = net.now;
        }
    };
    net.Stream(0, 0, 1s, 70s, 20ms);
    net.RunUntil(60s);
    EXPECT_EQ(downs, 0);
    EXPECT_NEAR(net.Monitor(0).Forward().rttMs, 300, 1);
    net.RunUntil(65s);
    EXPECT_EQ(downs, 1);
    EXPECT_LE(down, 60s + 300ms + 100ms + 300ms);
}

TEST(PathMonitor, MeasuresBothDirections)
{
    std::mt19937_64 random(5);
    TwoEnds net(1, [&](std::size_t, int from, TimeNs t) -> std::optional<TimeNs> {
        const bool lost = from == 0 && random() % 100 < 5;
        if (lost)
        {
            return std::nullopt;
        }
        // End 0 to 1: 10 ms +- 2 ms square wave with a period of 40 ms; the way back 10 ms flat.
        return from == 0 ? ((t / 20ms) % 2 ? 12ms : 8ms) : 10ms;
    });
    net.Stream(0, 0, 1s, 200s, 10ms);
    net.Stream(1, 0, 1s, 200s, 10ms);
    net.RunUntil(199s);
    for (const auto* q : {&net.Monitor(0).Forward(), &net.Monitor(1).Reverse()})
    {
        EXPECT_NEAR(q->smoothed.loss.value, 0.05, 0.011); // 12,000 packets: 5.5 sigma
        EXPECT_LT(q->smoothed.loss.lower, q->smoothed.loss.value);
        EXPECT_GT(q->smoothed.loss.upper, q->smoothed.loss.value);
        EXPECT_NEAR(q->instantaneous.Jitter(JitterMetric::StandardDeviation).value, 2, 0.15);
        EXPECT_NEAR(q->instantaneous.Jitter(JitterMetric::Pdv95).value, 4, 0.01);
        EXPECT_NEAR(q->smoothed.Jitter(JitterMetric::Rfc3550).value, 2, 0.25);
    }
    EXPECT_EQ(net.Monitor(0).Reverse().instantaneous.loss.value, 0);
    EXPECT_NEAR(net.Monitor(0).Reverse().instantaneous.Jitter(JitterMetric::Pdv99).value, 0, 1e-3);
}

TEST(PathMonitor, SequenceWrapIsNotLoss)
{
    TwoEnds net(1, Dark(6ms, -1, NEVER));
    net.firstSequence = 0xffffffff - 700;
    net.Stream(0, 0, 1s, 60s, 20ms);
    net.RunUntil(60s);
    EXPECT_EQ(net.Monitor(0).Forward().smoothed.lost, 0);
    EXPECT_EQ(net.Monitor(0).Forward().smoothed.reordered, 0);
    EXPECT_GT(net.Monitor(0).Forward().smoothed.received, 2000);
}

TEST(PathMonitor, RefusesBadConfiguration)
{
    PairClock clock;
    const auto refuse = [&](auto change) {
        PathMonitorConfig c;
        change(c);
        EXPECT_THROW(PathMonitor(c, clock, 0ns), std::invalid_argument);
    };
    refuse([](auto& c) { c.probeInterval = 0ns; });
    refuse([](auto& c) { c.idleProbeInterval = 50ms; });
    refuse([](auto& c) { c.confidence = 1; });
    refuse([](auto& c) { c.smoothedWindow = 121s; });
    refuse([](auto& c) { c.missesToFail = 0; });
    try
    {
        PathMonitorConfig c;
        c.reportInterval = -1ns;
        PathMonitor(c, clock, 0ns);
        FAIL();
    }
    catch (const std::invalid_argument& e)
    {
        EXPECT_STREQ(e.what(), "path monitor: reportInterval = -1 ns: must be positive");
    }
}

} // namespace
} // namespace weft::sdwan::test
