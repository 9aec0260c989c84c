// SPDX-License-Identifier: GPL-2.0-only
#include "interval.h"
#include "underlay-ou-jitter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <stdexcept>
#include <vector>

namespace
{

using namespace weft::underlay;
using namespace std::chrono_literals;
using weft::tests::SIGMAS;

RandomStream
Stream(std::uint64_t seed)
{
    return RandomStream(seed, "path", Direction::Forward, "jitter");
}

TEST(OuJitter, MomentsAndAutocorrelation)
{
    const int n = 300000;
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        OuJitter z(Stream(seed), 100ms);
        EXPECT_EQ(z.Grid(), 20ms);
        const double r = std::exp(-0.2);
        std::vector<double> x;
        for (int i = 0; i < n + 40; ++i)
        {
            x.push_back(z.AtGrid(i));
        }
        double mean = 0;
        for (int i = 0; i < n; ++i)
        {
            mean += x[i];
        }
        mean /= n;
        // Variance of a mean of an AR(1), and of its mean product, by the sum of its
        // autocovariances.
        const double inflation = (1 + r) / (1 - r);
        EXPECT_NEAR(mean, 0, SIGMAS * std::sqrt(inflation / n));
        for (const int lag : {0, 1, 2, 5, 10, 25})
        {
            double product = 0;
            for (int i = 0; i < n; ++i)
            {
                product += x[i] * x[i + lag];
            }
            const double expected = std::exp(-0.2 * lag);
            // Bartlett: var = (1/n) sum over k of (g(k)^2 + g(k + lag) g(k - lag)).
            double variance = 0;
            for (int k = -200; k <= 200; ++k)
            {
                variance += std::exp(-0.4 * std::abs(k)) +
                            std::exp(-0.2 * (std::abs(k + lag) + std::abs(k - lag)));
            }
            EXPECT_NEAR(product / n, expected, SIGMAS * std::sqrt(variance / n)) << "lag " << lag;
        }
    }
}

TEST(OuJitter, LinearBetweenGridPoints)
{
    OuJitter z(Stream(3), 50ms);
    for (int i = 0; i < 100; ++i)
    {
        const double left = z.AtGrid(i);
        const double right = z.AtGrid(i + 1);
        EXPECT_EQ(z.At(i * 10ms), left);
        EXPECT_NEAR(z.At(i * 10ms + 2500us), 0.75 * left + 0.25 * right, 1e-12);
    }
    EXPECT_EQ(z.At(-5s), z.At(0s));
}

TEST(OuJitter, ValueDoesNotDependOnWhoAsks)
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        OuJitter forwards(Stream(seed), 100ms);
        std::vector<double> truth;
        for (int i = 0; i < 3000; ++i)
        {
            truth.push_back(forwards.AtGrid(i));
        }
        OuJitter jumping(Stream(seed), 100ms);
        std::mt19937_64 order(seed);
        for (int i = 0; i < 3000; ++i)
        {
            const std::size_t at = order() % truth.size();
            ASSERT_EQ(jumping.AtGrid(at), truth[at]);
            if (at > 0 && i % 3 == 0)
            {
                ASSERT_EQ(jumping.AtGrid(at - 1), truth[at - 1]);
            }
        }
    }
}

TEST(OuJitter, RefusesNonsense)
{
    EXPECT_THROW(OuJitter(Stream(1), 4ns), std::invalid_argument);
    EXPECT_THROW(OuJitter(Stream(1), -1s), std::invalid_argument);
}

} // namespace
