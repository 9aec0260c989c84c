// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-loss-window.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

namespace weft::sdwan
{
namespace
{

using namespace std::chrono_literals;

LossWindow
Window()
{
    return LossWindow(200ms, 5s, 2min, 0ns);
}

TEST(LossWindow, CountsGapsAndRuns)
{
    LossWindow w = Window();
    TimeNs now = 0ns;
    for (std::uint32_t s = 0; s < 200; ++s, now += 20ms)
    {
        const bool lost = s == 10 || (s >= 50 && s < 53) || s == 60;
        if (!lost)
        {
            w.OnReceived(s, now);
        }
        w.Advance(now);
    }
    w.Advance(now + 300ms);
    EXPECT_EQ(w.Instantaneous().lost, 5U);
    EXPECT_EQ(w.Instantaneous().runs, 3U);
    EXPECT_EQ(w.Instantaneous().reordered, 0U);
    EXPECT_GE(w.Instantaneous().received, 190U);
    EXPECT_EQ(w.Smoothed().lost, 5U);
    w.Advance(now + 6s);
    EXPECT_EQ(w.Instantaneous().lost, 0U);
    EXPECT_EQ(w.Smoothed().lost, 5U);
    w.Advance(now + 3min);
    EXPECT_EQ(w.Smoothed().received, 0U);
}

// A gap is nothing until the wait is over.
TEST(LossWindow, JudgesAfterTheWaitAndNotBefore)
{
    LossWindow w = Window();
    w.OnReceived(0, 0ns);
    w.OnReceived(2, 100ms);
    w.Advance(299ms);
    EXPECT_EQ(w.Instantaneous().lost, 0U);
    w.Advance(300ms);
    EXPECT_EQ(w.Instantaneous().lost, 1U);
    EXPECT_EQ(w.Late(), 0U);
    w.OnReceived(1, 310ms); // too late: stays lost
    w.Advance(320ms);
    EXPECT_EQ(w.Instantaneous().lost, 1U);
    EXPECT_EQ(w.Instantaneous().reordered, 1U);
    EXPECT_EQ(w.Late(), 1U);
}

// 1 % of packets held back by up to 150 ms, none lost: zero loss, over the wrap of the sequence
// number.
TEST(LossWindow, ReorderWithoutLossReportsZeroLoss)
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        std::mt19937_64 random(seed);
        std::vector<std::pair<TimeNs, std::uint32_t>> arrivals;
        const std::uint32_t first = 0xffffffff - 5000;
        int held = 0;
        for (std::uint32_t i = 0; i < 20000; ++i)
        {
            TimeNs at = i * 2ms;
            if (random() % 100 == 0)
            {
                at += 5ms + TimeNs{static_cast<std::int64_t>(random() % 145000000)};
                ++held;
            }
            arrivals.emplace_back(at, first + i);
        }
        std::sort(arrivals.begin(), arrivals.end());
        LossWindow w(200ms, 100s, 200s, 0ns);
        for (const auto& [at, sequence] : arrivals)
        {
            w.OnReceived(sequence, at);
            w.Advance(at);
        }
        w.Advance(41s);
        EXPECT_EQ(w.Instantaneous().lost, 0U);
        EXPECT_EQ(w.Late(), 0U);
        EXPECT_EQ(w.Instantaneous().reordered, static_cast<std::uint64_t>(held));
        EXPECT_GE(w.Instantaneous().received, 19900U);
    }
}

// Random loss is counted to the packet, at a rate where the bitmap wraps many times.
TEST(LossWindow, CountsRandomLossExactly)
{
    std::mt19937_64 random(3);
    LossWindow w(200ms, 100s, 200s, 0ns);
    std::uint64_t lost = 0;
    TimeNs now = 0ns;
    for (std::uint32_t s = 0; s < 200000; ++s, now += 100us)
    {
        // The last ones must be judged: no loss at the end, and time to pass.
        if (s < 190000 && s > 0 && random() % 50 == 0)
        {
            ++lost;
        }
        else
        {
            w.OnReceived(s, now);
        }
        if (s % 1000 == 0)
        {
            w.Advance(now);
        }
    }
    w.Advance(now + 1s);
    EXPECT_EQ(w.Instantaneous().lost, lost);
}

TEST(LossWindow, ALongGapIsOneRun)
{
    LossWindow w = Window();
    w.OnReceived(5, 0ns);
    w.OnReceived(100005, 1s); // more than the bitmap holds
    w.Advance(1500ms);
    EXPECT_EQ(w.Instantaneous().lost, 99999U);
    EXPECT_EQ(w.Instantaneous().runs, 1U);
    w.OnReceived(100006, 1500ms);
    w.Advance(2s);
    EXPECT_EQ(w.Instantaneous().lost, 99999U);
    EXPECT_EQ(w.Instantaneous().received, 3U);
}

TEST(LossWindow, RestartOfThePeerIsNotLoss)
{
    LossWindow w = Window();
    w.OnReceived(3'000'000'000, 0ns);
    w.OnReceived(7, 1s);
    w.OnReceived(8, 1100ms);
    w.Advance(2s);
    EXPECT_EQ(w.Instantaneous().lost, 0U);
}

TEST(LossWindow, SkippedNumbersAreNotLost)
{
    LossWindow w = Window();
    w.OnReceived(1, 0ns);
    w.Skip(500);
    w.OnReceived(500, 10s);
    w.OnReceived(502, 10s);
    w.Advance(10500ms);
    w.Advance(11s);
    EXPECT_EQ(w.Instantaneous().lost, 1U);
    EXPECT_EQ(w.Smoothed().lost, 1U);
}

} // namespace
} // namespace weft::sdwan
