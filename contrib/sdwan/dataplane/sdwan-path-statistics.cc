// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-path-statistics.h"

#include "sdwan-interval.h"

#include <algorithm>
#include <cmath>

namespace weft::sdwan
{

namespace
{

constexpr double US_PER_MS = 1000;
/// Fewer delay samples than this support no bound at all.
constexpr std::uint32_t LEAST_DELAYS = 5;
/// Fewer packets than this support no lower bound of loss.
constexpr double LEAST_PACKETS = 20;
/// Samples in the memory of an exponential average with gain 1/16: (2 - g) / g.
constexpr double RFC3550_MEMORY = 31;

MetricEstimate
Make(double valueUs, Interval us, double samples, bool bounded)
{
    MetricEstimate e;
    e.value = valueUs / US_PER_MS;
    e.samples = samples;
    e.lower = bounded ? std::max(0.0, us.lower / US_PER_MS) : 0;
    e.upper = bounded ? us.upper / US_PER_MS : std::numeric_limits<double>::infinity();
    return e;
}

MetricEstimate
LossEstimate(const WindowStatistics& s, double z)
{
    MetricEstimate e;
    const double n = double{1} * s.received + s.lost;
    if (n <= 0)
    {
        return e;
    }
    e.value = s.lost / n;
    // Without any loss there is no sign of runs, and n packets count as n.
    const double run = s.lossRuns > 0 ? double{1} * s.lost / s.lossRuns : 1;
    e.samples = EffectiveSizeOfLoss(n, e.value, run);
    const Interval i = WilsonInterval(e.value, e.samples, z);
    e.upper = i.upper;
    // Few runs do not reveal how long runs are, so the effective size above is not to be trusted
    // for the lower bound: one burst, however long, is one event. Runs are taken as a Poisson
    // process of geometric lengths, whose count carries the information of runs / (1 + cv^2)
    // events, cv^2 = 1 - 1 / run.
    const double events = s.lossRuns / (2 - 1 / run);
    e.lower = n < LEAST_PACKETS ? 0 : std::min(i.lower, e.value * PoissonLowerRatio(events, z));
    return e;
}

} // namespace

WindowQuality
Estimate(const WindowStatistics& s,
         PathDirection direction,
         const PairClock& clock,
         double z,
         bool runningJitter)
{
    WindowQuality q;
    q.received = s.received;
    q.lost = s.lost;
    q.reordered = s.reordered;
    q.loss = LossEstimate(s, z);
    if (s.delays == 0)
    {
        return q;
    }
    const double n = s.delays;
    const bool bounded = s.delays >= LEAST_DELAYS;
    if (clock.Known())
    {
        const double relative = s.minUs + s.meanExcessUs;
        const double us = direction == PathDirection::Inbound ? clock.InboundUs(relative)
                                                              : clock.OutboundUs(relative);
        const double size = EffectiveSizeOfMean(n, s.correlation);
        q.latency = Make(us, MeanInterval(us, s.deviationUs, size, z), size, bounded);
    }
    if (s.delays < 2)
    {
        return q;
    }
    const double size = EffectiveSizeOfVariance(n, s.correlation);
    const auto jitter = [&q](JitterMetric m) -> MetricEstimate& {
        return q.jitter[static_cast<std::size_t>(m)];
    };
    jitter(JitterMetric::StandardDeviation) =
        Make(s.deviationUs, StandardDeviationInterval(s.deviationUs, size, z), size, bounded);
    const double steps = runningJitter ? std::min(n - 1, RFC3550_MEMORY) : n - 1;
    jitter(JitterMetric::Rfc3550) =
        Make(s.rfc3550Us, MeanInterval(s.rfc3550Us, s.ipdvDeviationUs, steps, z), steps, bounded);
    jitter(JitterMetric::Pdv95) =
        Make(s.pdv95.value, {s.pdv95.lower, s.pdv95.upper}, size, bounded);
    jitter(JitterMetric::Pdv99) =
        Make(s.pdv99.value, {s.pdv99.lower, s.pdv99.upper}, size, bounded);
    return q;
}

} // namespace weft::sdwan
