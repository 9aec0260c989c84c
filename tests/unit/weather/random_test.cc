// SPDX-License-Identifier: GPL-2.0-only
#include "interval.h"
#include "underlay-random.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>
#include <string>
#include <vector>

namespace
{

using namespace weft::underlay;
using weft::tests::SIGMAS;

// Known-answer vectors of the Random123 distribution for philox4x32, 10 rounds.
TEST(Random, PhiloxKnownAnswers)
{
    using Block = std::array<std::uint32_t, 4>;
    EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}),
              (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    EXPECT_EQ(
        Philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
        (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    EXPECT_EQ(
        Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
        (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, DrawIsAFunctionOfNameAndCounter)
{
    const RandomStream a(7, "bristol>hq", Direction::Forward, "loss");
    const RandomStream other(8, "something else", Direction::Backward, "jitter");
    const RandomStream b(7, "bristol>hq", Direction::Forward, "loss");
    std::vector<std::uint64_t> forwards;
    for (std::uint64_t k = 0; k < 100; ++k)
    {
        forwards.push_back(a.Bits(k)[0]);
    }
    for (std::uint64_t k = 100; k-- > 0;)
    {
        (void)other.Bits(k);
        EXPECT_EQ(b.Bits(k)[0], forwards[k]);
    }
}

TEST(Random, EveryPartOfTheNameMatters)
{
    std::set<std::uint64_t> firsts;
    std::size_t streams = 0;
    for (const std::uint64_t seed : {0, 1, 2})
    {
        for (const std::string name : {"", "a", "ab", "b", "bc"})
        {
            for (const Direction direction : {Direction::Forward, Direction::Backward})
            {
                for (const std::string purpose : {"", "c", "bc", "loss"})
                {
                    firsts.insert(RandomStream(seed, name, direction, purpose).Bits(0)[0]);
                    ++streams;
                }
            }
        }
    }
    EXPECT_EQ(firsts.size(), streams);
}

TEST(Random, Moments)
{
    constexpr int N = 200000;
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        const RandomStream s(seed, "path", Direction::Forward, "moments");
        double u = 0, u2 = 0, e = 0, e2 = 0, n = 0, n2 = 0, n4 = 0, cross = 0;
        for (int k = 0; k < N; ++k)
        {
            const double a = s.Uniform(k);
            ASSERT_GT(a, 0.0);
            ASSERT_LT(a, 1.0);
            const double b = s.Exponential(k);
            const double c = s.Normal(k);
            u += a;
            u2 += a * a;
            e += b;
            e2 += b * b;
            n += c;
            n2 += c * c;
            n4 += c * c * c * c;
            cross += c * s.Normal(k + 1);
        }
        const double root = std::sqrt(static_cast<double>(N));
        EXPECT_NEAR(u / N, 0.5, SIGMAS * std::sqrt(1.0 / 12) / root);
        EXPECT_NEAR(u2 / N, 1.0 / 3, SIGMAS * std::sqrt(4.0 / 45) / root);
        EXPECT_NEAR(e / N, 1.0, SIGMAS * 1.0 / root);
        EXPECT_NEAR(e2 / N, 2.0, 1.2 * SIGMAS * std::sqrt(20.0) / root);
        EXPECT_NEAR(n / N, 0.0, SIGMAS / root);
        EXPECT_NEAR(n2 / N, 1.0, SIGMAS * std::sqrt(2.0) / root);
        EXPECT_NEAR(n4 / N, 3.0, 1.2 * SIGMAS * std::sqrt(96.0) / root);
        EXPECT_NEAR(cross / N, 0.0, SIGMAS / root);
    }
}

} // namespace
