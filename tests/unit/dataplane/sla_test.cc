// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-sla.h"

#include "sdwan-interval.h"
#include "two_ends.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace weft::sdwan
{
namespace
{

using namespace std::chrono_literals;

constexpr double INF = std::numeric_limits<double>::infinity();

MetricEstimate
Known(double value, double lower, double upper, double samples = 100)
{
    return {value, lower, upper, samples};
}

/// Quality with the same numbers in both windows.
PathQuality
Quality(MetricEstimate latency, MetricEstimate jitter, MetricEstimate loss)
{
    PathQuality q;
    for (WindowQuality* w : {&q.instantaneous, &q.smoothed})
    {
        w->latency = latency;
        w->jitter.fill(jitter);
        w->loss = loss;
    }
    return q;
}

PathQuality
Jitter(double value, double lower, double upper)
{
    return Quality(Known(6, 5.9, 6.1), Known(value, lower, upper), Known(0.001, 0, 0.009));
}

SlaProfile
Voice15()
{
    SlaProfile p = PresetSla(TrafficClass::Voice);
    p.jitterMs = 15;
    return p;
}

TEST(Sla, PresetsAreThePublishedCriticalLimits)
{
    const SlaProfile voice = PresetSla(TrafficClass::Voice);
    EXPECT_EQ(voice.latencyMs, 65);
    EXPECT_EQ(voice.jitterMs, 30);
    EXPECT_EQ(voice.loss, 0.01);
    const SlaProfile video = PresetSla(TrafficClass::Video);
    EXPECT_EQ(video.latencyMs, 65);
    EXPECT_EQ(video.jitterMs, 10);
    EXPECT_EQ(video.loss, 0.001);
    const SlaProfile transactional = PresetSla(TrafficClass::Transactional);
    EXPECT_EQ(transactional.latencyMs, 80);
    EXPECT_EQ(transactional.jitterMs, 200);
    EXPECT_EQ(transactional.loss, 0.03);
}

TEST(Sla, LeavesByTheLowerAndReturnsByTheUpperBound)
{
    SlaJudge judge(Voice15(), 2min, 1.96, 0s);
    EXPECT_EQ(judge.Verdict().state, SlaState::Unknown);
    EXPECT_EQ(judge.Judge(PathQuality{}, 0s).state, SlaState::Unknown);
    EXPECT_EQ(judge.Judge(Jitter(4, 3, 6), 1s).state, SlaState::In);
    // Over the limit, but not surely.
    EXPECT_EQ(judge.Judge(Jitter(20, 14, 30), 2s).state, SlaState::In);
    const SlaVerdict& out = judge.Judge(Jitter(25, 16, 40), 3s);
    EXPECT_EQ(out.state, SlaState::Out);
    EXPECT_EQ(out.since, TimeNs{3s});
    EXPECT_EQ(out.metric, SlaMetric::Jitter);
    EXPECT_EQ(out.value, 25);
    EXPECT_EQ(out.bound, 16);
    EXPECT_EQ(out.limit, 15);
    EXPECT_NEAR(out.margin, (15.0 - 25) / 15, 1e-12);
    EXPECT_EQ(out.marginMetric, SlaMetric::Jitter);
    // Under the limit, but not surely.
    EXPECT_EQ(judge.Judge(Jitter(10, 7, 16), 4s).state, SlaState::Out);
    const SlaVerdict& in = judge.Judge(Jitter(4, 3, 14), 5s);
    EXPECT_EQ(in.state, SlaState::In);
    EXPECT_EQ(in.since, TimeNs{5s});
    EXPECT_EQ(in.metric, SlaMetric::Jitter);
    EXPECT_EQ(in.bound, 14);
    EXPECT_NEAR(in.margin, (15.0 - 4) / 15, 1e-12);
}

TEST(Sla, BothWindowsMustBeUnderForAReturnButOnlyTheShortOneLeaves)
{
    SlaJudge judge(Voice15(), 2min, 1.96, 0s);
    PathQuality q = Jitter(4, 3, 6);
    q.smoothed.jitter.fill(Known(25, 20, 30));
    EXPECT_EQ(judge.Judge(q, 1s).state, SlaState::In);
    EXPECT_EQ(judge.Judge(Jitter(25, 20, 30), 2s).state, SlaState::Out);
    EXPECT_EQ(judge.Judge(q, 3s).state, SlaState::Out);
    EXPECT_EQ(judge.Judge(Jitter(4, 3, 6), 4s).state, SlaState::In);
}

TEST(Sla, AReturnMustHold)
{
    SlaJudge judge(Voice15(), 2min, 1.96, 2s);
    judge.Judge(Jitter(25, 20, 30), 0s);
    EXPECT_EQ(judge.Judge(Jitter(4, 3, 6), 1s).state, SlaState::Out);
    EXPECT_EQ(judge.Judge(Jitter(4, 3, 16), 2s).state, SlaState::Out); // interrupts
    EXPECT_EQ(judge.Judge(Jitter(4, 3, 6), 3s).state, SlaState::Out);
    EXPECT_EQ(judge.Judge(Jitter(4, 3, 6), 4900ms).state, SlaState::Out);
    EXPECT_EQ(judge.Judge(Jitter(4, 3, 6), 5s).state, SlaState::In);
}

TEST(Sla, MetricsAreIndependent)
{
    SlaJudge judge(Voice15(), 2min, 1.96, 0s);
    const auto q = [](double latencyLow, double lossLow) {
        return Quality(Known(latencyLow + 1, latencyLow, latencyLow + 2),
                       Known(4, 3, 5),
                       Known(lossLow + 0.001, lossLow, lossLow + 0.002, 10000));
    };
    EXPECT_EQ(judge.Judge(q(66, 0.02), 1s).state, SlaState::Out);
    EXPECT_EQ(judge.Verdict().metric, SlaMetric::Loss); // relative to its limit the worse
    EXPECT_EQ(judge.Judge(q(66, 0.001), 2s).state, SlaState::Out);
    EXPECT_EQ(judge.Verdict().metric, SlaMetric::Latency);
    EXPECT_EQ(judge.Judge(q(10, 0.001), 3s).state, SlaState::In);
}

TEST(Sla, JitterMetricIsTheOneNamed)
{
    SlaProfile p = Voice15();
    PathQuality q = Jitter(4, 3, 6);
    q.instantaneous.jitter[static_cast<std::size_t>(JitterMetric::Pdv95)] = Known(40, 30, 50);
    p.jitterMetric = JitterMetric::Rfc3550;
    EXPECT_EQ(SlaJudge(p).Judge(q, 1s).state, SlaState::In);
    p.jitterMetric = JitterMetric::Pdv95;
    EXPECT_EQ(SlaJudge(p).Judge(q, 1s).state, SlaState::Out);
}

// 100 probes cannot show a loss below 1 %: their value decides, once the long window is full of
// samples taken since.
TEST(Sla, UndecidableLossReturnsByValueAfterAFullWindow)
{
    SlaJudge judge(Voice15(), 2min, 1.96, 0s);
    const auto q = [](MetricEstimate s, MetricEstimate l) {
        PathQuality quality = Jitter(4, 3, 6);
        quality.instantaneous.loss = s;
        quality.smoothed.loss = l;
        return quality;
    };
    const MetricEstimate clean = Known(0, 0, 0.037, 100);
    judge.Judge(q(Known(0.1, 0.05, 0.2), clean), 0s);
    EXPECT_EQ(judge.Verdict().state, SlaState::Out);
    EXPECT_EQ(judge.Judge(q(clean, clean), 119s).state, SlaState::Out);
    EXPECT_EQ(judge.Judge(q(clean, clean), 120s).state, SlaState::In);
    // With a long window that can decide there is no need to wait ...
    judge.Judge(q(Known(0.1, 0.05, 0.2), clean), 200s);
    EXPECT_EQ(judge.Judge(q(clean, Known(0.002, 0, 0.008, 1000)), 201s).state, SlaState::In);
    // ... and its value alone is not enough.
    judge.Judge(q(Known(0.1, 0.05, 0.2), clean), 300s);
    EXPECT_EQ(judge.Judge(q(clean, Known(0.009, 0.005, 0.015, 1000)), 600s).state, SlaState::Out);
}

TEST(Sla, RefusesLimitsThatAreNotPositive)
{
    SlaProfile p = Voice15();
    p.loss = 0;
    EXPECT_THROW(SlaJudge{p}, std::invalid_argument);
    p = Voice15();
    p.jitterMs = std::nan("");
    EXPECT_THROW(SlaJudge{p}, std::invalid_argument);
    p.jitterMs = INF;
    EXPECT_NO_THROW(SlaJudge{p});
}

// Independent looks that are surely over with probability a and surely under with probability b:
// transitions per look = 2ab / (a + b).
TEST(Sla, FlapRateClosedForm)
{
    for (const auto& [a, b] : {std::pair{0.1, 0.9}, {0.3, 0.3}, {0.02, 0.5}})
    {
        for (std::uint64_t seed : {1, 2, 3})
        {
            std::mt19937_64 random(seed);
            std::uniform_real_distribution<> uniform;
            SlaJudge judge(Voice15(), 2min, 1.96, 0s);
            judge.Judge(Jitter(4, 3, 6), 0s);
            constexpr int LOOKS = 400000;
            int transitions = 0;
            SlaState state = SlaState::In;
            for (int i = 1; i <= LOOKS; ++i)
            {
                const double u = uniform(random);
                const PathQuality q = u < a       ? Jitter(25, 20, 30)
                                      : u < a + b ? Jitter(4, 3, 6)
                                                  : Jitter(15, 10, 20);
                const SlaState next = judge.Judge(q, i * 100ms).state;
                transitions += next != state;
                state = next;
            }
            const double rate = 2 * a * b / (a + b);
            // Renewal process: cycles have variance (1-a)/a^2 + (1-b)/b^2 about 1/a + 1/b, two
            // transitions each.
            const double mean = 1 / a + 1 / b;
            const double variance = (1 - a) / (a * a) + (1 - b) / (b * b);
            const double error = 2 * std::sqrt(LOOKS * variance / (mean * mean * mean));
            EXPECT_NEAR(transitions, rate * LOOKS, 5.5 * error + 2) << a << " " << b;
        }
    }
}

/// Delay of the kind an access link gives: base plus a floored, correlated normal, order kept.
class BurstyDelay
{
  public:
    BurstyDelay(TimeNs correlation, std::uint64_t seed)
        : m_correlation(correlation), m_random(seed), m_z(m_normal(m_random))
    {
    }

    TimeNs
    At(TimeNs t, double jitterMs)
    {
        const double r = std::exp(-static_cast<double>((t - m_at).count()) /
                                  static_cast<double>(m_correlation.count()));
        m_at = t;
        m_z = r * m_z + std::sqrt(1 - r * r) * m_normal(m_random);
        // 0.5838 is the deviation of a unit normal floored at 0.
        const double ms = 6 + jitterMs / 0.5838 * std::max(0.0, m_z);
        m_arrival = std::max(m_arrival, t + TimeNs{static_cast<std::int64_t>(ms * 1e6)});
        return m_arrival - t;
    }

  private:
    TimeNs m_correlation;
    std::mt19937_64 m_random;
    std::normal_distribution<> m_normal;
    double m_z;
    TimeNs m_at{0};
    TimeNs m_arrival{0};
};

// A call of 50 packets a second on a path of 4 ms jitter that spikes to 25 ms for five seconds,
// against a limit of 15 ms; the call leaves the path after three seconds, and 100 ms probes alone
// must show its recovery. Correlation time 20 ms.
TEST(Sla, JudgesAJitterSpikeInTime)
{
    constexpr int SEEDS = 200;
    int falseAlarms = 0;
    int late = 0;
    int forgotten = 0;
    int neverBack = 0;
    for (int seed = 1; seed <= SEEDS; ++seed)
    {
        BurstyDelay delays[2] = {{20ms, static_cast<std::uint64_t>(2 * seed)},
                                 {20ms, static_cast<std::uint64_t>(2 * seed + 1)}};
        test::TwoEnds net(1, [&](std::size_t, int from, TimeNs t) -> std::optional<TimeNs> {
            return delays[from].At(t, t >= 15s && t < 20s ? 25 : 4);
        });
        SlaJudge judge(Voice15());
        TimeNs out = NEVER;
        TimeNs back = NEVER;
        net.onRenewal = [&](int end, std::size_t) {
            if (end != 0)
            {
                return;
            }
            const SlaState before = judge.Verdict().state;
            const SlaState after = judge.Judge(net.Monitor(0).Forward(), net.now).state;
            if (before != SlaState::Out && after == SlaState::Out)
            {
                falseAlarms += net.now < 15s || net.now > 21s;
                out = std::min(out, net.now);
            }
            if (before == SlaState::Out && after == SlaState::In)
            {
                forgotten += net.now < 20s;
                back = net.now;
            }
        };
        net.Stream(0, 0, 5s, 18s, 20ms);
        net.Stream(1, 0, 5s, 18s, 20ms);
        net.RunUntil(50s);
        late += out > 17500ms;
        neverBack += back == NEVER;
    }
    EXPECT_EQ(falseAlarms, 0);
    EXPECT_EQ(forgotten, 0);
    // Two seconds and a half suffice in 99.8 % of cases: five seconds of such delay hold some
    // hundred independent samples.
    EXPECT_LE(late, 4);
    EXPECT_EQ(neverBack, 0);
}

} // namespace
} // namespace weft::sdwan
