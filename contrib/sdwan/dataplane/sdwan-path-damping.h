// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Flap damping of one path, after RFC 2439: each time the path is left for being bad its penalty
 * grows by `penaltyPerFlap`; the penalty decays with `penaltyHalfLife`; the path is suppressed
 * once the penalty is above `suppressAbove` until it has decayed to `reuseBelow`, at most
 * `maxSuppress`.
 */
#ifndef SDWAN_PATH_DAMPING_H
#define SDWAN_PATH_DAMPING_H

#include "sdwan-types.h"

namespace weft::sdwan
{

struct PathDampingConfig
{
    double penaltyPerFlap = 1000;                     ///< >= 0; 0: no damping
    double suppressAbove = 2000;                      ///< above this penalty the path is suppressed
    double reuseBelow = 750;                          ///< > 0, < suppressAbove
    TimeNs penaltyHalfLife = std::chrono::minutes{1}; ///< > 0
    TimeNs maxSuppress = std::chrono::minutes{5};     ///< >= 0, counted from the last flap
};

class PathDamping
{
  public:
    /// @throws std::invalid_argument naming field, value and rule
    explicit PathDamping(const PathDampingConfig& config);

    /// The path was left for being bad. @p now must not be before the last call's.
    void Penalise(TimeNs now);

    /// @return when the path may be returned to; @p now if it is not suppressed
    TimeNs SuppressedUntil(TimeNs now);

  private:
    PathDampingConfig m_config;
    double m_penalty = 0; ///< as of m_penaltyAt
    TimeNs m_penaltyAt{0};
    bool m_suppressed = false;
};

} // namespace weft::sdwan

#endif
