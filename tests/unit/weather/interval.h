// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Bounds for closed-form tests: a sample may leave them by chance less than once in a million
 * tests.
 */
#ifndef WEFT_TESTS_WEATHER_INTERVAL_H
#define WEFT_TESTS_WEATHER_INTERVAL_H

#include <cmath>

namespace weft::tests
{

/// Normal quantile for a two-sided false alarm of 5.7e-7.
inline constexpr double SIGMAS = 5.0;

/// @return half width of the interval of a mean of @p n independent trials of probability @p p,
/// with half a count of continuity correction and room for skew.
inline double
BinomialHalfWidth(double p, double n)
{
    return SIGMAS * std::sqrt(p * (1 - p) / n) + 10.0 / n;
}

} // namespace weft::tests

#endif
