// SPDX-License-Identifier: GPL-2.0-only
// What XOR N+1 and duplication leave of the loss, against the closed forms of the literature,
// encoder, decoder and duplicate window in the loop. Every interval is 5.8 standard errors of batch
// means.
#include "sdwan-dedup-window.h"
#include "sdwan-fec.h"
#include "wire_test_util.h"

#include <gtest/gtest.h>

namespace weft::sdwan::test
{
namespace
{

using namespace std::chrono_literals;

struct Residual
{
    double mean;
    double halfWidth;
};

/// Sends data packets and their parities over a packet-clocked channel, one slot each, and counts
/// what stays lost.
Residual
Measure(
    std::size_t data, std::size_t depth, double a, double r, std::uint64_t seed, std::size_t blocks)
{
    FecEncoder encoder({.data = data, .depth = depth});
    FecDecoder decoder;
    PacketChannel channel(a, r, seed);
    const std::size_t size = data * depth;
    BatchMean residual(blocks / 250);
    std::uint32_t sequence = 0;
    std::uint32_t flowSequence = 0;
    TimeNs now = 0ns;
    Bytes payload(24);
    Bytes parity;
    for (std::size_t block = 0; block < blocks; ++block)
    {
        std::size_t arrived = 0;
        for (std::size_t i = 0; i < size; ++i)
        {
            now += 20ms;
            payload[i % 24] = static_cast<std::uint8_t>(block + i);
            const VcmpHeader header{.flags = vcmp::DATA | vcmp::FEC_PROTECTED,
                                    .sequence = sequence++,
                                    .flow = 1,
                                    .flowSequence = flowSequence};
            flowSequence = SerialAdd<24>(flowSequence, 1);
            encoder.Feed(header, payload, now);
            if (!channel.Lost())
            {
                decoder.OnData(header, payload, now);
                ++arrived;
            }
        }
        VcmpHeader header;
        while (encoder.PollParity(now, header, parity))
        {
            header.sequence = sequence++;
            if (!channel.Lost())
            {
                EXPECT_EQ(decoder.OnParity(header, parity, now), DropReason::None);
            }
            parity.clear();
        }
        ByteView rebuilt;
        while (decoder.PollRebuilt(header, rebuilt))
        {
            ++arrived;
        }
        residual.Add(1.0 - static_cast<double>(arrived) / static_cast<double>(size));
    }
    return {residual.Mean(), residual.HalfWidth()};
}

/// Mean loss and mean run of a two-state chain to its transition probabilities.
struct Gilbert
{
    double a;
    double r;
};

Gilbert
FromLossAndRun(double loss, double run)
{
    return {loss / (1 - loss) / run, 1 / run};
}

/// Residual of XOR N+1 whose members stand `depth` packets apart on a two-state channel
/// (contiguous: depth 1).
double
GilbertResidual(double loss, double run, double n, double depth)
{
    const auto [a1, r1] = FromLossAndRun(loss, run);
    const double memory = std::pow(1 - a1 - r1, depth);
    const double a = loss * (1 - memory);
    const double r = (1 - loss) * (1 - memory);
    const double recovered =
        (r * std::pow(1 - a, n - 1) + (n - 1) * r * r * std::pow(1 - a, n - 2)) / n;
    return loss * (1 - recovered);
}

TEST(ClosedForms, AgreeWithTheirPublishedValues)
{
    EXPECT_NEAR(GilbertResidual(0.02, 2, 4, 1), 1.390e-2, 5e-6);
    EXPECT_NEAR(GilbertResidual(0.02, 3, 4, 1), 1.672e-2, 5e-6);
    EXPECT_NEAR(GilbertResidual(0.02, 2, 4, 4), 3.321e-3, 5e-7);
    EXPECT_NEAR(GilbertResidual(0.02, 2, 4, 8), 1.657e-3, 5e-7);
    const double p = 0.02;
    EXPECT_NEAR(GilbertResidual(p, 1 / (1 - p), 4, 1), p * (1 - std::pow(1 - p, 4)), 1e-12);
    EXPECT_NEAR(p * (1 - std::pow(1 - p, 4)), 1.5526368e-3, 1e-10);
}

TEST(FecResidual, BernoulliLossLeavesPTimesOneMinusQToTheN)
{
    struct
    {
        double p;
        std::size_t n;
    } const points[] = {{0.01, 4}, {0.05, 4}, {0.01, 10}, {0.1, 4}};

    for (const auto& [p, n] : points)
    {
        const double expected = p * (1 - std::pow(1 - p, static_cast<double>(n)));
        for (std::uint64_t seed = 1; seed <= 5; ++seed)
        {
            const Residual got = Measure(n, 1, p, 1 - p, seed, p < 0.02 ? 400'000 : 100'000);
            EXPECT_NEAR(got.mean, expected, got.halfWidth)
                << "p " << p << " N " << n << " seed " << seed;
            EXPECT_LT(got.halfWidth, 0.4 * expected) << "the interval must be able to fail";
        }
    }
}

TEST(FecResidual, InterleavingChangesNothingUnderBernoulliLoss)
{
    const double p = 0.05;
    const double expected = p * (1 - std::pow(1 - p, 4));
    for (std::uint64_t seed = 11; seed <= 15; ++seed)
    {
        const Residual got = Measure(4, 4, p, 1 - p, seed, 40'000);
        EXPECT_NEAR(got.mean, expected, got.halfWidth) << seed;
    }
}

TEST(FecResidual, GilbertLossWithAndWithoutInterleaving)
{
    struct
    {
        double loss;
        double run;
        std::size_t n;
        std::size_t depth;
    } const points[] = {
        {0.02, 1.5, 4, 1},
        {0.02, 2, 4, 1},
        {0.02, 3, 4, 1},
        {0.05, 3, 10, 1},
        {0.02, 2, 4, 2},
        {0.02, 2, 4, 4},
        {0.02, 2, 4, 8},
        {0.05, 3, 4, 8},
    };

    for (const auto& point : points)
    {
        const auto [a, r] = FromLossAndRun(point.loss, point.run);
        const double expected = GilbertResidual(
            point.loss, point.run, static_cast<double>(point.n), static_cast<double>(point.depth));
        for (std::uint64_t seed = 21; seed <= 24; ++seed)
        {
            const Residual got =
                Measure(point.n, point.depth, a, r, seed, 400'000 / (point.n * point.depth) * 2);
            EXPECT_NEAR(got.mean, expected, got.halfWidth)
                << "loss " << point.loss << " run " << point.run << " N " << point.n << " depth "
                << point.depth << " seed " << seed;
            EXPECT_LT(got.halfWidth, 0.35 * expected) << "the interval must be able to fail";
        }
    }
}

/// Both paths fail together with probability q; else each by itself. Exact correlation c of the two
/// losses.
TEST(Duplication, LeavesTheProductPlusTheCorrelation)
{
    struct
    {
        double p1;
        double p2;
        double c;
    } const points[] = {
        {0.02, 0.02, 0}, {0.02, 0.02, 0.1}, {0.02, 0.02, 0.3}, {0.1, 0.05, 0}, {0.1, 0.05, 0.25}};

    EXPECT_NEAR(0.02 * 0.02 + 0.1 * 0.02 * 0.98, 2.36e-3, 1e-12);
    EXPECT_NEAR(0.02 * 0.02 + 0.3 * 0.02 * 0.98, 6.28e-3, 1e-12);
    for (const auto& [p1, p2, c] : points)
    {
        const double both = p1 * p2 + c * std::sqrt(p1 * (1 - p1) * p2 * (1 - p2));
        // q + (1-q) x1 = p1, q + (1-q) x2 = p2, q + (1-q) x1 x2 = both  =>  q = (both - p1 p2) / (1
        // + both - p1 - p2)
        const double q = (both - p1 * p2) / (1 + both - p1 - p2);
        const double x1 = (p1 - q) / (1 - q);
        const double x2 = (p2 - q) / (1 - q);
        for (std::uint64_t seed = 31; seed <= 35; ++seed)
        {
            Random random(seed);
            DedupWindow window;
            BatchMean residual(2000);
            // The second path is 37 packets slower, and the sequence wraps on the way.
            constexpr std::uint32_t LAG = 37;
            std::vector<char> second(LAG);
            std::vector<char> got(LAG);
            std::uint64_t delivered = 0;
            const std::uint32_t start = 0xffffff - 200'000;
            for (std::uint32_t i = 0; i < 500'000; ++i)
            {
                const bool common = Uniform(random) < q;
                const bool lost1 = common || Uniform(random) < x1;
                const bool lost2 = common || Uniform(random) < x2;
                const std::uint32_t slot = i % LAG;
                if (i >= LAG)
                {
                    if (!second[slot] &&
                        window.Accept(SerialAdd<24>(start, i - LAG)) == DropReason::None)
                    {
                        ASSERT_FALSE(got[slot]) << "delivered twice";
                        got[slot] = 1;
                    }
                    delivered += got[slot];
                    residual.Add(got[slot] ? 0 : 1);
                }
                second[slot] = lost2;
                got[slot] = !lost1 && window.Accept(SerialAdd<24>(start, i)) == DropReason::None;
                ASSERT_EQ(got[slot], !lost1) << "a first copy is never refused";
            }
            EXPECT_NEAR(residual.Mean(), both, residual.HalfWidth())
                << p1 << " " << p2 << " correlation " << c << " seed " << seed;
            EXPECT_EQ(window.Restarts(), 0U);
        }
    }
}

} // namespace
} // namespace weft::sdwan::test
