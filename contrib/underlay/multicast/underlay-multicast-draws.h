// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * A router's random delays, all from one injected key: equal keys and equal inputs give equal
 * outputs. Generator: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
 */
#ifndef UNDERLAY_MULTICAST_DRAWS_H
#define UNDERLAY_MULTICAST_DRAWS_H

#include "underlay-multicast-types.h"

namespace weft::multicast
{

class Draws
{
  public:
    explicit Draws(std::uint64_t key) : m_state(key)
    {
    }

    std::uint64_t
    Next()
    {
        std::uint64_t x = (m_state += 0x9E3779B97F4A7C15);
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    /// @return a uniform delay in [low, high)
    TimeNs
    Uniform(TimeNs low, TimeNs high)
    {
        constexpr double TWO_TO_MINUS_53 = 0x1p-53;
        const double u = static_cast<double>(Next() >> 11) * TWO_TO_MINUS_53;
        return low +
               TimeNs(static_cast<std::int64_t>(u * static_cast<double>((high - low).count())));
    }

  private:
    std::uint64_t m_state;
};

} // namespace weft::multicast

#endif
