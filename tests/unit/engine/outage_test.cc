// SPDX-License-Identifier: GPL-2.0-only
/** @file The longest outage of a flow, against closed forms and a plain search. */

#include "engine/record/recorder.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace weft::engine
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimeNs GAP = milliseconds(20);

/// Packets every 20 ms from 0 s on; those named are lost, the others take 1 ms.
FlowLog
LogOf(std::size_t packets, const std::vector<std::size_t>& lost, TimeNs end)
{
    FlowLog log;
    for (std::size_t i = 0; i < packets; ++i)
    {
        log.OnSent(i, GAP * i, 100);
        if (std::find(lost.begin(), lost.end(), i) == lost.end())
        {
            log.OnReceived(i, GAP * i, GAP * i + milliseconds(1), 100);
        }
    }
    log.Finish(end);
    return log;
}

TEST(Outage, NothingLostIsNone)
{
    const FlowOutage outage = LogOf(100, {}, seconds(10)).LongestOutage({});
    EXPECT_EQ(outage.length, TimeNs(0));
    EXPECT_EQ(outage.lost, 0u);
    EXPECT_TRUE(outage.recovered);
}

TEST(Outage, LastsFromTheFirstLostToTheFirstDelivered)
{
    // 10, 11, 12 lost: sent at 200, 220, 240 ms; 13 arrives again, sent at 260 ms.
    const FlowOutage outage = LogOf(100, {5, 10, 11, 12, 40}, seconds(10)).LongestOutage({});
    EXPECT_EQ(outage.from, milliseconds(200));
    EXPECT_EQ(outage.length, 3 * GAP);
    EXPECT_EQ(outage.lost, 3u);
    EXPECT_TRUE(outage.recovered);
}

TEST(Outage, TheFirstOfTwoEquals)
{
    EXPECT_EQ(LogOf(100, {60, 10}, seconds(10)).LongestOutage({}).from, milliseconds(200));
}

TEST(Outage, OneThatNeverEndsLastsToTheEndOfTheWindow)
{
    std::vector<std::size_t> lost;
    for (std::size_t i = 50; i < 500; ++i)
    {
        lost.push_back(i);
    }
    const FlowLog log = LogOf(500, lost, seconds(10));
    const FlowOutage whole = log.LongestOutage({});
    EXPECT_EQ(whole.from, seconds(1));
    EXPECT_EQ(whole.length, seconds(9));
    EXPECT_FALSE(whole.recovered);
    const FlowOutage part = log.LongestOutage({seconds(2), seconds(5)});
    EXPECT_EQ(part.from, seconds(2));
    EXPECT_EQ(part.length, seconds(3));
    EXPECT_EQ(part.lost, 150u);
}

TEST(Outage, PacketsTooYoungToBeLostAreLeftOut)
{
    // 4 s of packets and 450 ms more: those sent after 3.45 s may still arrive.
    const std::vector<std::size_t> lost{200, 201, 202};
    EXPECT_EQ(LogOf(203, lost, milliseconds(4450)).LongestOutage({}).lost, 0u);
    EXPECT_EQ(LogOf(203, lost, milliseconds(4450)).LongestOutage({}).length, TimeNs(0));
    // Once they are a second old they are lost.
    const FlowOutage outage = LogOf(203, lost, milliseconds(5040)).LongestOutage({});
    EXPECT_EQ(outage.lost, 3u);
    EXPECT_FALSE(outage.recovered);
}

TEST(Outage, AFlowThatHasStoppedIsNotSilent)
{
    // The last packet of a flow that stopped at 4 s is lost; the run goes on until 60 s.
    const FlowOutage outage = LogOf(200, {199}, seconds(60)).LongestOutage({});
    EXPECT_EQ(outage.from, GAP * 199);
    EXPECT_EQ(outage.length, GAP);
    EXPECT_FALSE(outage.recovered);
}

TEST(Outage, AgreesWithAPlainSearch)
{
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round)
    {
        const std::size_t packets = 20 + random() % 100;
        const double rate = 0.05 + 0.9 * (random() % 100) / 100.0;
        std::vector<std::size_t> lost;
        std::size_t longest = 0;
        std::size_t run = 0;
        for (std::size_t i = 0; i < packets; ++i)
        {
            const bool gone = (random() % 1000) / 1000.0 < rate;
            if (gone)
            {
                lost.push_back(i);
            }
            run = gone ? run + 1 : 0;
            longest = std::max(longest, run);
        }
        const FlowOutage outage = LogOf(packets, lost, seconds(100)).LongestOutage({});
        EXPECT_EQ(outage.lost, longest);
        EXPECT_EQ(outage.length, GAP * longest);
    }
}

TEST(Outage, IsAScalarOfEveryFlow)
{
    Recorder recorder;
    FlowInfo info;
    info.name = "feed";
    recorder.AddFlow(info);
    for (std::uint64_t i = 0; i < 100; ++i)
    {
        recorder.OnSent(0, Direction::Forward, i, GAP * i, 100);
        if (i < 50 || i >= 75)
        {
            recorder.OnReceived(0, Direction::Forward, i, GAP * i, GAP * i + TimeNs(1), 100);
        }
        recorder.OnSent(0, Direction::Backward, i, GAP * i, 100);
        recorder.OnReceived(0, Direction::Backward, i, GAP * i, GAP * i + TimeNs(1), 100);
    }
    recorder.Finish(seconds(10));
    EXPECT_EQ(recorder.FindScalar("feed.forward.outage_s"), 0.5);
    EXPECT_EQ(recorder.FindScalar("feed.forward.outage_from_s"), 1);
    EXPECT_EQ(recorder.FindScalar("feed.backward.outage_s"), 0);
    EXPECT_FALSE(recorder.FindScalar("feed.backward.outage_from_s"));
}

} // namespace
} // namespace weft::engine
