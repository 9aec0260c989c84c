// SPDX-License-Identifier: GPL-2.0-only
/** @file Statistics of a flow's packets against values worked out by hand. */

#include "engine/record/flow-log.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <stdexcept>
#include <vector>

namespace weft::engine
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Sends packets every 20 ms from time 0 and delivers each after its delay (ms); a negative delay
/// loses it.
FlowLog
Sequence(const std::vector<double>& delaysMs,
         const Codec* codec = nullptr,
         TimeNs end = seconds(100))
{
    FlowLog log(codec);
    struct Arrival
    {
        TimeNs time;
        std::uint64_t sequence;
    };
    std::vector<Arrival> arrivals;
    for (std::size_t i = 0; i < delaysMs.size(); ++i)
    {
        const TimeNs sent = milliseconds(20) * i;
        log.OnSent(i, sent, 100);
        if (delaysMs[i] >= 0)
        {
            arrivals.push_back({sent + TimeNs(std::llround(delaysMs[i] * 1e6)), i});
        }
    }
    std::stable_sort(arrivals.begin(), arrivals.end(), [](const Arrival& a, const Arrival& b) {
        return a.time < b.time;
    });
    for (const Arrival& arrival : arrivals)
    {
        log.OnReceived(arrival.sequence, milliseconds(20) * arrival.sequence, arrival.time, 100);
    }
    log.Finish(end);
    return log;
}

TEST(FlowLog, JitterHandVector)
{
    // Delays 20 25 20 35 20 20 30 ms; RFC 3550 jitter after each but the first.
    const std::vector<double> delays{20, 25, 20, 35, 20, 20, 30};
    const double expected[] = {0.3125, 0.60547, 1.50513, 2.34856, 2.20177, 2.68916};
    const FlowLog log = Sequence(delays);
    for (std::size_t i = 1; i < delays.size(); ++i)
    {
        const TimeNs arrived = milliseconds(20) * i + TimeNs(std::llround(delays[i] * 1e6));
        EXPECT_NEAR(
            log.Statistics({TimeNs(0), arrived + TimeNs(1)}).jitterMs, expected[i - 1], 5e-6)
            << i;
    }
    EXPECT_EQ(log.Statistics({TimeNs(0), milliseconds(20) + TimeNs(1)}).jitterMs, 0)
        << "the first packet has no difference";
}

TEST(FlowLog, DelayOfDeliveredPackets)
{
    std::vector<double> delays;
    for (int i = 1; i <= 100; ++i)
    {
        delays.push_back(i);
    }
    const FlowStatistics s = Sequence(delays).Statistics({});
    EXPECT_EQ(s.sent, 100u);
    EXPECT_EQ(s.delivered, 100u);
    EXPECT_DOUBLE_EQ(s.delayMeanMs, 50.5);
    EXPECT_DOUBLE_EQ(s.delayP50Ms, 50);
    EXPECT_DOUBLE_EQ(s.delayP95Ms, 95);
    EXPECT_DOUBLE_EQ(s.delayP99Ms, 99);
    EXPECT_DOUBLE_EQ(s.delayMaxMs, 100);
    EXPECT_EQ(s.deliveredBytes, 10000u);
}

TEST(FlowLog, ReorderingIsNotLoss)
{
    // Packet 1 is held back 50 ms: 2 and 3 overtake it.
    const FlowStatistics s = Sequence({5, 55, 5, 5, 5}).Statistics({});
    EXPECT_EQ(s.lost, 0u);
    EXPECT_EQ(s.loss, 0);
    EXPECT_EQ(s.reordered, 1u);
    EXPECT_EQ(s.duplicates, 0u);
}

TEST(FlowLog, LossIsCountedBySendingTime)
{
    const FlowLog log = Sequence({5, -1, 5, -1, -1, 5});
    EXPECT_EQ(log.Statistics({}).lost, 3u);
    EXPECT_DOUBLE_EQ(log.Statistics({}).loss, 0.5);
    EXPECT_EQ(log.Statistics({milliseconds(20), milliseconds(40)}).lost, 1u);
    EXPECT_EQ(log.Statistics({milliseconds(60), milliseconds(100)}).lost, 2u);
    EXPECT_EQ(log.Statistics({milliseconds(0), milliseconds(20)}).lost, 0u);
    const auto anomalies = log.Anomalies({});
    ASSERT_EQ(anomalies.size(), 3u);
    EXPECT_EQ(anomalies[0].sequence, 1u);
    EXPECT_EQ(anomalies[0].time, milliseconds(20));
    EXPECT_EQ(anomalies[0].kind, FlowAnomaly::Kind::Lost);
}

TEST(FlowLog, YoungPacketsAtTheEndAreNotLost)
{
    // Sent at 0, 20 and 40 ms, none arrives; the run ends LOSS_WAIT after the second.
    const FlowLog log = Sequence({-1, -1, -1}, nullptr, LOSS_WAIT + milliseconds(20));
    const FlowStatistics s = log.Statistics({});
    EXPECT_EQ(s.sent, 3u);
    EXPECT_EQ(s.lost, 2u);
    EXPECT_EQ(s.delivered, 0u);
    EXPECT_TRUE(std::isnan(s.delayMeanMs));
}

TEST(FlowLog, DuplicatesAreCountedWhenTheyArrive)
{
    FlowLog log;
    log.OnSent(0, TimeNs(0), 50);
    log.OnReceived(0, TimeNs(0), milliseconds(5), 50);
    log.OnReceived(0, TimeNs(0), milliseconds(700), 50);
    log.Finish(seconds(3));
    const auto bins = log.Bins(milliseconds(500));
    ASSERT_EQ(bins.size(), 6u);
    EXPECT_EQ(bins[0].delivered, 1u);
    EXPECT_EQ(bins[0].duplicates, 0u);
    EXPECT_EQ(bins[1].duplicates, 1u);
    EXPECT_EQ(bins[0].receivedBytes, 50u);
    EXPECT_EQ(bins[1].receivedBytes, 0u);
    // The anomaly belongs to the packet, and so to when it was sent.
    EXPECT_EQ(log.Anomalies({TimeNs(0), milliseconds(1)}).size(), 1u);
    EXPECT_EQ(log.Anomalies({milliseconds(1), seconds(3)}).size(), 0u);
}

TEST(FlowLog, WhatWasNeverSentCountsAsUnknown)
{
    FlowLog log;
    log.OnSent(0, milliseconds(10), 50);
    log.OnReceived(7, milliseconds(10), milliseconds(15), 50);
    log.OnReceived(0, milliseconds(11), milliseconds(15), 50); // the wrong sending time
    log.Finish(seconds(3));
    EXPECT_EQ(log.Unknown(), 2u);
    EXPECT_EQ(log.Statistics({}).delivered, 0u);
    EXPECT_THROW(log.OnSent(5, milliseconds(20), 50), std::logic_error);
}

TEST(FlowLog, WireCostInAWindow)
{
    FlowLog log;
    for (int i = 0; i < 100; ++i)
    {
        const TimeNs time = milliseconds(20) * i;
        log.OnWire(time, WireKind::Data, 200);
        if (i >= 25 && i < 75)
        {
            log.OnWire(time, WireKind::Copy, 200);
        }
        if (i % 4 == 3)
        {
            log.OnWire(time, WireKind::Parity, 220);
        }
    }
    log.Finish(seconds(10));
    EXPECT_DOUBLE_EQ(log.Statistics({TimeNs(0), milliseconds(500)}).copies, 1);
    EXPECT_DOUBLE_EQ(log.Statistics({milliseconds(500), milliseconds(1500)}).copies, 2);
    EXPECT_DOUBLE_EQ(log.Statistics({}).copies, 1.5);
    EXPECT_EQ(log.Statistics({}).wireParity, 25u);
    EXPECT_EQ(log.Statistics({}).wireBytes, 150u * 200 + 25 * 220);
    EXPECT_TRUE(std::isnan(log.Statistics({seconds(5), seconds(6)}).copies));
}

TEST(FlowLog, Throughput)
{
    const FlowLog log = Sequence(std::vector<double>(100, 10.0), nullptr, seconds(10));
    // 50 packets of 100 bytes a second
    EXPECT_NEAR(log.Statistics({seconds(1), seconds(2)}).throughputBps, 40000, 1e-6);
}

TEST(FlowLog, PathInUse)
{
    FlowLog log;
    log.OnPathUse({seconds(1), "a", "broadband", "", ""});
    log.OnPathUse({seconds(2), "x", "lte", "", ""});
    log.OnPathUse({seconds(2), "b", "mpls", "", ""});
    EXPECT_EQ(log.PathAt(milliseconds(999)), nullptr);
    EXPECT_EQ(log.PathAt(seconds(1))->label, "broadband");
    EXPECT_EQ(log.PathAt(seconds(2))->label, "mpls") << "the last word of an instant counts";
    EXPECT_EQ(log.PathAt(seconds(9))->label, "mpls");
    EXPECT_EQ(log.PathUses().size(), 2u);
}

TEST(FlowLog, LatePacketsAreLostToTheListener)
{
    // Least delay 10 ms, buffer 60 ms: 70 ms plays, more does not.
    std::vector<double> delays(100, 10.0);
    delays[10] = 70;
    delays[20] = 70.001;
    delays[21] = 300;
    const FlowStatistics s = Sequence(delays, &CODEC_G711).Statistics({});
    ASSERT_TRUE(s.quality);
    EXPECT_EQ(s.lost, 0u);
    EXPECT_DOUBLE_EQ(s.quality->loss, 0.02);
    EXPECT_DOUBLE_EQ(s.quality->delayMs, 10 + 60 + 20);
    EXPECT_DOUBLE_EQ(s.quality->burstR, 2 * 0.98) << "one burst of two";
    EXPECT_DOUBLE_EQ(s.quality->mos,
                     RateCall(CODEC_G711, DelayImpairment::Full, 90, 0.02, 2 * 0.98).mos);
}

TEST(FlowLog, QualityOverBins)
{
    std::vector<double> delays(100, 10.0); // 2 s
    for (int i = 50; i < 60; ++i)
    {
        delays[i] = -1; // 200 ms of nothing from 1 s on
    }
    const FlowLog log = Sequence(delays, &CODEC_G711);
    const QualityRange range = log.QualityOver({}, milliseconds(500));
    const double best = RateCall(CODEC_G711, DelayImpairment::Full, 90, 0).mos;
    const double worst = log.Statistics({seconds(1), milliseconds(1500)}).quality->mos;
    EXPECT_LT(worst, 3);
    EXPECT_EQ(range.minimumAt, seconds(1));
    EXPECT_DOUBLE_EQ(range.minimum, worst);
    EXPECT_NEAR(range.mean, (3 * best + worst) / 4, 1e-12);
    EXPECT_FALSE(Sequence(delays).Statistics({}).quality) << "no codec, no MOS";
}

/// RFC 3550 jitter of independent delays: the mean is E|D|; for Normal(s) 2 s / sqrt(pi).
class JitterOfNormalDelays : public testing::TestWithParam<unsigned>
{
};

TEST_P(JitterOfNormalDelays, HasItsClosedForm)
{
    constexpr double S = 4;
    constexpr std::size_t N = 200'000;
    std::mt19937_64 random(GetParam());
    std::normal_distribution<double> normal(100, S);
    FlowLog log;
    double sum = 0;
    for (std::size_t i = 0; i < N; ++i)
    {
        // 1 s apart, so that nothing overtakes
        const TimeNs sent = seconds(i);
        log.OnSent(i, sent, 100);
        const TimeNs arrived = sent + TimeNs(std::llround(normal(random) * 1e6));
        log.OnReceived(i, sent, arrived, 100);
    }
    log.Finish(seconds(N));
    for (std::size_t i = 100; i < N; i += 20)
    {
        sum += log.Statistics({seconds(i), seconds(i + 1)}).jitterMs;
    }
    const double mean = sum / static_cast<double>((N - 100 + 19) / 20);
    // The standard deviation of J is about |D|'s (3.4) * sqrt(g / (2 - g)) = 0.61, samples 20 apart
    // are correlated by (15/16)^20 = 0.28, and neighbouring differences a little: 0.61 * sqrt(1.77
    // / 9995) * 1.2 < 0.01. Six of these.
    EXPECT_NEAR(mean, 2 * S / std::sqrt(M_PI), 0.06);
}

INSTANTIATE_TEST_SUITE_P(Seeds, JitterOfNormalDelays, testing::Values(1, 2, 3));

} // namespace
} // namespace weft::engine
