// SPDX-License-Identifier: GPL-2.0-only
#include "two_ends.h"

#include "sdwan-delay-stamp.h"

#include <gtest/gtest.h>

namespace weft::sdwan::test
{
namespace
{

TEST(DelayStamp, WrapsAndDiffers)
{
    EXPECT_EQ(StampOf(0ns), 0U);
    EXPECT_EQ(StampOf(999ns), 0U);
    EXPECT_EQ(StampOf(1us), 1U);
    EXPECT_EQ(StampOf(-1ns), STAMP_MASK);
    EXPECT_EQ(StampOf(-1us), STAMP_MASK);
    EXPECT_EQ(StampOf(std::chrono::microseconds{STAMP_PERIOD}), 0U);
    EXPECT_EQ(StampDifference(5, STAMP_MASK), 6);
    EXPECT_EQ(StampDifference(STAMP_MASK, 5), -6);
    EXPECT_EQ(StampDifference(0x800000, 0), -0x800000);
    EXPECT_NEAR(WrapMicroseconds(static_cast<double>(STAMP_PERIOD) + 3), 3, 1e-9);
}

TEST(PairClock, TakesTheFastestTunnelAndShareTheError)
{
    PairClock clock;
    const auto slow = clock.AddTunnel();
    const auto fast = clock.AddTunnel();
    EXPECT_FALSE(clock.Known());
    // Local clock ahead by 5 s = 5e6 us. Slow: 40 / 60 ms; fast: 4 / 6 ms (out / in).
    clock.Update(slow, 60e3 + 5e6, STAMP_PERIOD + 40e3 - 5e6, 0ns);
    EXPECT_TRUE(clock.Known());
    EXPECT_NEAR(clock.OffsetUs(), 5e6 + 10e3, 1e-3);
    EXPECT_NEAR(clock.UncertaintyUs(), 50e3, 1e-3);
    clock.Update(fast, 6e3 + 5e6, STAMP_PERIOD + 4e3 - 5e6, 0ns);
    EXPECT_EQ(clock.Reference(), fast);
    // Half the asymmetry of the fast tunnel, for all.
    EXPECT_NEAR(clock.OffsetUs(), 5e6 + 1e3, 1e-3);
    EXPECT_NEAR(clock.InboundUs(6e3 + 5e6), 5e3, 1e-3);
    EXPECT_NEAR(clock.OutboundUs(4e3 - 5e6), 5e3, 1e-3);
    EXPECT_NEAR(clock.InboundUs(60e3 + 5e6), 59e3, 1e-3);
    EXPECT_NEAR(clock.OutboundUs(40e3 - 5e6), 41e3, 1e-3);
    clock.Forget(fast);
    EXPECT_NEAR(clock.OffsetUs(), 5e6 + 1e3, 1e-3); // stays until another tunnel sets it
    clock.Update(slow, 60e3 + 5e6, STAMP_PERIOD + 40e3 - 5e6, 0ns);
    EXPECT_EQ(clock.Reference(), slow);
}

struct Latencies
{
    double forward[3];
    double reverse[3];
};

/// Three tunnels: 2.5 / 2.5 ms, 6 / 6 ms and 30 / 10 ms, idle.
Latencies
Measure(LocalClock one, TimeNs until)
{
    TwoEnds net(
        3,
        [](std::size_t tunnel, int from, TimeNs) -> std::optional<TimeNs> {
            constexpr TimeNs delays[3][2] = {{2500us, 2500us}, {6ms, 6ms}, {30ms, 10ms}};
            return delays[tunnel][from];
        },
        {},
        one);
    net.Stream(0, 1, 1s, until, 20ms); // one busy tunnel, two idle ones
    net.RunUntil(until);
    Latencies l{};
    for (std::size_t i = 0; i < 3; ++i)
    {
        EXPECT_TRUE(net.Monitor(0, i).Usable());
        l.forward[i] = net.Monitor(0, i).Forward().instantaneous.latency.value;
        l.reverse[i] = net.Monitor(0, i).Reverse().instantaneous.latency.value;
    }
    return l;
}

TEST(PairClock, OffsetOfAnHourAndSkewLeaveDifferencesUnchanged)
{
    const Latencies truth = Measure({}, 60s);
    EXPECT_NEAR(truth.forward[0], 2.5, 0.002);
    EXPECT_NEAR(truth.forward[1], 6, 0.002);
    EXPECT_NEAR(truth.forward[2], 30, 0.002);
    EXPECT_NEAR(truth.reverse[2], 10, 0.002);
    for (const TimeNs offset : {TimeNs{1h}, TimeNs{-1h}, TimeNs{8388607us}, TimeNs{0}})
    {
        for (const double skew : {0.0, 100e-6, -100e-6})
        {
            // Windows of two tunnels end up to a report apart (100 ms) and their means lie up to as
            // much apart: 100 ppm of that is 20 us. Without skew only the stamps' resolution is
            // left.
            const double tolerance = skew == 0 ? 0.003 : 0.03;
            const Latencies l = Measure({offset, skew}, 60s);
            for (int i = 0; i < 3; ++i)
            {
                EXPECT_NEAR(
                    l.forward[i] - l.forward[0], truth.forward[i] - truth.forward[0], tolerance)
                    << i << " " << offset.count() << " " << skew;
                EXPECT_NEAR(
                    l.reverse[i] - l.reverse[0], truth.reverse[i] - truth.reverse[0], tolerance);
                // The estimates of absolute latency move by the skew over one window, 0.1 ms a
                // second.
                EXPECT_NEAR(l.forward[i], truth.forward[i], skew == 0 ? 0.003 : 0.25);
            }
            EXPECT_LT(l.forward[0], l.forward[1]);
            EXPECT_LT(l.forward[1], l.forward[2]);
        }
    }
}

// Longer than many wraps of the stamp, with a skew that carries the offset through a whole period.
TEST(PairClock, StampWrapAndLongRuns)
{
    TwoEnds net(2,
                [](std::size_t tunnel, int, TimeNs) -> std::optional<TimeNs> {
                    return tunnel == 0 ? TimeNs{5ms} : TimeNs{9ms};
                },
                {},
                {8388600us, 0.01}); // 1 %: the offset passes half a period every 14 minutes
    net.RunUntil(40min);
    for (int end = 0; end < 2; ++end)
    {
        const double difference = net.Monitor(end, 1).Forward().instantaneous.latency.value -
                                  net.Monitor(end, 0).Forward().instantaneous.latency.value;
        EXPECT_NEAR(difference, 4, 6); // 1 % of 500 ms
        EXPECT_LT(
            net.Monitor(end, 0).Forward().smoothed.Jitter(JitterMetric::StandardDeviation).value,
            12);
        EXPECT_TRUE(net.Monitor(end, 0).Usable());
    }
}

TEST(PairClock, AbsoluteErrorIsHalfTheAsymmetryOfTheFastest)
{
    TwoEnds net(2,
                [](std::size_t tunnel, int from, TimeNs) -> std::optional<TimeNs> {
                    constexpr TimeNs delays[2][2] = {{4ms, 8ms}, {20ms, 20ms}};
                    return delays[tunnel][from];
                },
                {},
                {1h, 0});
    net.RunUntil(20s);
    EXPECT_NEAR(net.Monitor(0, 0).Forward().instantaneous.latency.value, 6, 0.003);
    EXPECT_NEAR(net.Monitor(0, 1).Forward().instantaneous.latency.value, 22, 0.003);
    EXPECT_NEAR(net.Monitor(0, 1).Reverse().instantaneous.latency.value, 18, 0.003);
    EXPECT_GE(net.pairClocks[0].UncertaintyUs() + 1, 2000);
    EXPECT_NEAR(net.Monitor(0, 1).Forward().rttMs, 40, 0.01);
}

} // namespace
} // namespace weft::sdwan::test
