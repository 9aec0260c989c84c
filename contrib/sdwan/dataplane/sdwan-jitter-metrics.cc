// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-jitter-metrics.h"

#include <algorithm>

namespace weft::sdwan
{

double
StandardDeviation(std::span<const double> delays)
{
    if (delays.size() < 2)
    {
        return 0;
    }
    const double n = static_cast<double>(delays.size());
    double mean = 0;
    for (const double d : delays)
    {
        mean += d / n;
    }
    double squares = 0;
    for (const double d : delays)
    {
        squares += (d - mean) * (d - mean);
    }
    return std::sqrt(squares / (n - 1));
}

double
PdvPercentile(std::span<double> delays, double q)
{
    if (delays.empty())
    {
        return 0;
    }
    const double min = *std::min_element(delays.begin(), delays.end());
    const auto rank = static_cast<std::size_t>(
        std::max(1.0, std::ceil(q * static_cast<double>(delays.size()) - 1e-9)));
    const auto nth =
        delays.begin() + static_cast<std::ptrdiff_t>(std::min(rank, delays.size()) - 1);
    std::nth_element(delays.begin(), nth, delays.end());
    return *nth - min;
}

} // namespace weft::sdwan
