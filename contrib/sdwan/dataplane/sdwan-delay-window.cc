// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-delay-window.h"

#include "sdwan-interval.h"

#include <algorithm>
#include <cmath>

namespace weft::sdwan
{

namespace
{

constexpr double MOST_CORRELATED = 0.98;

/// What of AR(1) samples can be told from the sum of squares about their mean and from successive
/// differences.
struct Spread
{
    double correlation; ///< by von Neumann's ratio: E[D^2] = 2 variance (1 - rho)
    double variance; ///< unbiased to first order: E[squares] = variance (n - (1 + rho) / (1 - rho))
};

Spread
SpreadOf(double squares, double n, double groups, double meanStepSquare)
{
    Spread s{0, n > groups ? squares / (n - groups) : 0};
    for (int i = 0; i < 2 && s.variance > 0; ++i)
    {
        s.correlation = std::clamp(1 - meanStepSquare / (2 * s.variance), 0.0, MOST_CORRELATED);
        const double taken = groups * (1 + s.correlation) / (1 - s.correlation);
        s.variance = squares / (n - std::min(taken, n / 2));
    }
    return s;
}

double
Modulo(double us)
{
    const double r = std::fmod(us, static_cast<double>(STAMP_PERIOD));
    return r < 0 ? r + static_cast<double>(STAMP_PERIOD) : r;
}

} // namespace

DelayWindow::DelayWindow(TimeNs window, TimeNs smoothed, const PairClock& clock, TimeNs start)
    : m_width(window / static_cast<std::int64_t>(BUCKETS)), m_bucketEnd(start + m_width),
      m_clock(clock), m_summaries(static_cast<std::size_t>(smoothed / window))
{
    m_scratch.reserve(BUCKETS * KEPT);
}

void
DelayWindow::Advance(TimeNs now)
{
    if (now < m_bucketEnd)
    {
        return;
    }
    auto steps = static_cast<std::size_t>((now - m_bucketEnd) / m_width) + 1;
    m_bucketEnd += m_width * static_cast<std::int64_t>(steps);
    // After a silence longer than the long window, everything is empty however often it is closed.
    steps = std::min(steps, BUCKETS * (m_summaries.size() + 1));
    for (; steps > 0; --steps)
    {
        if (m_newest + 1 == BUCKETS)
        {
            Close();
        }
        m_newest = (m_newest + 1) % BUCKETS;
        m_buckets[m_newest].n = 0;
        m_buckets[m_newest].steps = 0;
    }
}

void
DelayWindow::OnReceived(std::uint32_t stamp, TimeNs now)
{
    Advance(now);
    const std::uint32_t relative = (StampOf(now) - stamp) & STAMP_MASK;
    Bucket& b = m_buckets[m_newest];
    double step = 0;
    if (m_started)
    {
        const std::int32_t d =
            StampDifference(relative, static_cast<std::uint32_t>(m_last) & STAMP_MASK);
        m_last += d;
        step = std::abs(static_cast<double>(d));
        m_rfc3550 += (step - m_rfc3550) / 16;
    }
    else
    {
        m_last = relative;
    }
    if (b.n == 0)
    {
        b = Bucket{};
        b.reference = m_last;
        b.min = m_last;
    }
    if (m_started)
    {
        ++b.steps;
        b.stepSum += step;
        b.stepSquares += step * step;
    }
    m_started = true;
    const auto x = static_cast<double>(m_last - b.reference);
    b.sum += x;
    b.squares += x * x;
    b.min = std::min(b.min, m_last);
    if (b.n % b.stride == 0)
    {
        if (b.kept == KEPT)
        {
            for (std::uint32_t i = 0; i < KEPT / 2; ++i)
            {
                b.samples[i] = b.samples[2 * i];
            }
            b.kept = KEPT / 2;
            b.stride *= 2;
        }
        if (b.n % b.stride == 0)
        {
            b.samples[b.kept++] = static_cast<std::int32_t>(m_last - b.reference);
        }
    }
    ++b.n;
}

DelayWindow::Moments
DelayWindow::Gather() const
{
    Moments m;
    for (const Bucket& b : m_buckets)
    {
        if (b.n == 0)
        {
            continue;
        }
        if (m.n == 0)
        {
            m.reference = b.reference;
            m.min = b.min;
        }
        const auto shift = static_cast<double>(b.reference - m.reference);
        m.n += b.n;
        m.steps += b.steps;
        m.sum += b.sum + b.n * shift;
        m.squares += b.squares + 2 * shift * b.sum + b.n * shift * shift;
        m.min = std::min(m.min, b.min);
        m.stepSum += b.stepSum;
        m.stepSquares += b.stepSquares;
    }
    return m;
}

void
DelayWindow::CollectSamples(const Moments& m)
{
    m_scratch.clear();
    for (const Bucket& b : m_buckets)
    {
        if (b.n == 0)
        {
            continue;
        }
        const double weight = static_cast<double>(b.n) / b.kept;
        for (std::uint32_t i = 0; i < b.kept; ++i)
        {
            m_scratch.push_back({static_cast<double>(b.reference + b.samples[i] - m.min), weight});
        }
    }
    std::sort(m_scratch.begin(), m_scratch.end(), [](const Weighted& a, const Weighted& b) {
        return a.value < b.value;
    });
}

void
DelayWindow::Instantaneous(WindowStatistics& s, double z)
{
    const Moments m = Gather();
    s.delays = static_cast<std::uint32_t>(m.n);
    if (m.n == 0)
    {
        return;
    }
    const double mean = m.sum / m.n;
    const Spread spread = SpreadOf(
        std::max(0.0, m.squares - m.sum * mean), m.n, 1, m.steps > 0 ? m.stepSquares / m.steps : 0);
    s.minUs = Modulo(static_cast<double>(m.min));
    s.meanExcessUs = std::max(0.0, static_cast<double>(m.reference - m.min) + mean);
    s.deviationUs = std::sqrt(spread.variance);
    s.correlation = spread.correlation;
    s.rfc3550Us = m_rfc3550;
    const double meanStep = m.steps > 0 ? m.stepSum / m.steps : 0;
    s.ipdvDeviationUs =
        m.steps > 1 ? std::sqrt(std::max(0.0, m.stepSquares / m.steps - meanStep * meanStep)) : 0;
    CollectSamples(m);
    const double size = EffectiveSizeOfVariance(m.n, s.correlation);
    const auto quantile = [this, &m](double q) {
        double below = 0;
        for (const Weighted& w : m_scratch)
        {
            below += w.weight;
            if (below >= q * m.n - 1e-6)
            {
                return w.value;
            }
        }
        return m_scratch.back().value;
    };
    const auto percentile = [&](double q) {
        const double half = z * std::sqrt(q * (1 - q) / size);
        return PercentileUs{quantile(q), quantile(std::max(0.0, q - half)), quantile(q + half)};
    };
    s.pdv95 = percentile(0.95);
    s.pdv99 = percentile(0.99);
}

double
DelayWindow::OffsetNow() const
{
    return m_clock.Known() ? m_clock.OffsetUs() : 0;
}

std::size_t
DelayWindow::Bin(double us)
{
    return us < 16 ? 0 : std::min(BINS - 1, 1 + static_cast<std::size_t>(4 * std::log2(us / 16)));
}

double
DelayWindow::BinUpper(std::size_t bin)
{
    return 16 * std::exp2(static_cast<double>(bin) / 4);
}

void
DelayWindow::Close()
{
    Summary& s = m_summaries[m_nextSummary];
    m_nextSummary = (m_nextSummary + 1) % m_summaries.size();
    m_closed = std::min(m_closed + 1, m_summaries.size());
    m_smoothedValid = false;
    const Moments m = Gather();
    s.n = m.n;
    s.steps = m.steps;
    if (m.n == 0)
    {
        return;
    }
    const double mean = m.sum / m.n;
    s.mean = static_cast<double>(m.reference) + mean;
    s.min = static_cast<double>(m.min);
    s.offset = OffsetNow();
    s.squares = std::max(0.0, m.squares - m.sum * mean);
    s.stepSum = m.stepSum;
    s.stepSquares = m.stepSquares;
    s.bins.fill(0);
    CollectSamples(m);
    for (const Weighted& w : m_scratch)
    {
        s.bins[Bin(w.value)] += static_cast<float>(w.weight / m.n);
    }
}

void
DelayWindow::Smoothed(WindowStatistics& s, double z)
{
    if (!m_smoothedValid)
    {
        Pool(z);
        m_smoothedValid = true;
    }
    if (m_pooled.delays == 0)
    {
        Instantaneous(s, z);
        return;
    }
    s.delays = m_pooled.delays;
    s.minUs = Modulo(m_pooledMin + OffsetNow());
    s.meanExcessUs = m_pooled.meanExcessUs;
    s.deviationUs = m_pooled.deviationUs;
    s.correlation = m_pooled.correlation;
    s.rfc3550Us = m_pooled.rfc3550Us;
    s.ipdvDeviationUs = m_pooled.ipdvDeviationUs;
    s.pdv95 = m_pooled.pdv95;
    s.pdv99 = m_pooled.pdv99;
}

void
DelayWindow::Pool(double z)
{
    m_pooled = {};
    double weights = 0;
    double inverse =
        0; // sum of weight^2 / n: the size of an equally weighted average is weights^2 / inverse
    double squares = 0;
    double freedom = 0;
    double mean = 0;
    double step = 0;
    double stepSquares = 0;
    double stepWeights = 0;
    std::array<double, BINS> bins{};
    // Clock offsets are modulo 2^24 and delays are not: refer all windows to the first one's, by
    // the short way round.
    bool first = true;
    double base = 0;
    double min = 0;
    for (std::size_t i = 0; i < m_closed; ++i)
    {
        const Summary& w = m_summaries[i];
        if (w.n == 0)
        {
            continue;
        }
        // Every short window counts alike however many packets it had, but for those with hardly
        // any.
        const double weight = std::min(1.0, w.n / 16);
        const double m = w.mean - w.offset;
        if (first)
        {
            base = m;
        }
        const double about = WrapMicroseconds(m - base);
        const double low = about - (w.mean - w.min);
        min = first ? low : std::min(min, low);
        first = false;
        weights += weight;
        inverse += weight * weight / w.n;
        mean += weight * about;
        squares += weight * w.squares / w.n;
        freedom += weight / w.n;
        if (w.steps > 0)
        {
            step += weight * w.stepSum / w.steps;
            stepSquares += weight * w.stepSquares / w.steps;
            stepWeights += weight;
        }
        for (std::size_t b = 0; b < BINS; ++b)
        {
            bins[b] += weight * w.bins[b];
        }
    }
    if (weights <= 0)
    {
        return;
    }
    const double size = weights * weights / inverse;
    m_pooled.delays = static_cast<std::uint32_t>(std::max(1.0, size));
    mean /= weights;
    if (stepWeights > 0)
    {
        step /= stepWeights;
        stepSquares /= stepWeights;
    }
    // As if `size` samples fell into `groups` windows: squares / weights estimates variance (1 - k
    // groups / size).
    const double groups = std::min(size * freedom / weights, size / 2);
    const Spread spread = SpreadOf(squares / weights * size, size, groups, stepSquares);
    m_pooledMin = base + min;
    m_pooled.meanExcessUs = std::max(0.0, mean - min);
    m_pooled.deviationUs = std::sqrt(spread.variance);
    m_pooled.correlation = spread.correlation;
    m_pooled.rfc3550Us = step;
    m_pooled.ipdvDeviationUs = std::sqrt(std::max(0.0, stepSquares - step * step));
    const double effective = EffectiveSizeOfVariance(size, spread.correlation);
    const auto quantile = [&bins, weights](double q) {
        double below = 0;
        std::size_t last = 0;
        for (std::size_t b = 0; b < BINS; ++b)
        {
            if (bins[b] > 0)
            {
                const double next = below + bins[b] / weights;
                last = b;
                if (next >= q - 1e-6)
                {
                    const double lower = b == 0 ? 0 : BinUpper(b - 1);
                    return lower + (BinUpper(b) - lower) * (q - below) / (next - below);
                }
                below = next;
            }
        }
        return BinUpper(last);
    };
    const auto percentile = [&](double q) {
        const double half = z * std::sqrt(q * (1 - q) / effective);
        return PercentileUs{quantile(q), quantile(std::max(0.0, q - half)), quantile(q + half)};
    };
    m_pooled.pdv95 = percentile(0.95);
    m_pooled.pdv99 = percentile(0.99);
}

} // namespace weft::sdwan
