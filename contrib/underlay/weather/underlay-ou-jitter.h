// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Ornstein-Uhlenbeck process on a time grid: the slowly wandering part of a path's delay.
 *
 * A stationary Gaussian process z with mean 0, variance 1 and correlation exp(-|s - t| / T)
 * (Uhlenbeck and Ornstein 1930). On the grid i * T / 5 it is exactly the autoregression z[i+1] = r
 * z[i] + sqrt(1 - r^2) n[i+1], r = exp(-grid / T), with z[0] and every n[i] standard normal draws
 * of the stream. Between grid points users interpolate linearly.
 *
 * Invariants: z[i] is a function of (stream, T, i) alone - never of who asked before, how often or
 * in which order. Asking backwards restarts from a checkpoint. Amortised constant cost forwards.
 */
#ifndef UNDERLAY_OU_JITTER_H
#define UNDERLAY_OU_JITTER_H

#include "underlay-random.h"
#include "underlay-types.h"

#include <cstdint>
#include <vector>

namespace weft::underlay
{

/// Unit Ornstein-Uhlenbeck process; see the head of this file.
class OuJitter
{
  public:
    /**
     * @param stream the randomness of this process
     * @param correlation time T after which the correlation has fallen to 1/e; at least 5 ns
     * @throws std::invalid_argument if the correlation is too short
     */
    OuJitter(const RandomStream& stream, TimeNs correlation);

    /// @return z at grid point @p index.
    double
    AtGrid(std::uint64_t index)
    {
        if (index == m_index)
        {
            return m_value;
        }
        if (index + 1 == m_index && m_hasPrevious)
        {
            return m_previous;
        }
        Seek(index);
        return m_value;
    }

    /// @return z at @p t, interpolated linearly between the grid points around it.
    double At(TimeNs t);

    /// @return distance of two grid points: a fifth of the correlation time.
    TimeNs
    Grid() const
    {
        return m_grid;
    }

    /// @return correlation of two neighbouring grid points.
    double
    GridCorrelation() const
    {
        return m_rho;
    }

    /// Grid points in a correlation time.
    static constexpr int POINTS_PER_CORRELATION = 5;
    /// Grid points between two checkpoints.
    static constexpr std::uint64_t CHECKPOINT_POINTS = 256;

  private:
    void Seek(std::uint64_t index);

    RandomStream m_stream;
    TimeNs m_grid;
    double m_rho;        ///< correlation of neighbours
    double m_innovation; ///< sqrt(1 - rho^2)
    std::uint64_t m_index = 0;
    double m_value = 0;    ///< z at m_index
    double m_previous = 0; ///< z at m_index - 1, for users who step back and forth over one cell
    bool m_hasPrevious = false;        ///< m_previous is set
    std::vector<double> m_checkpoints; ///< z at i * CHECKPOINT_POINTS
};

} // namespace weft::underlay

#endif
