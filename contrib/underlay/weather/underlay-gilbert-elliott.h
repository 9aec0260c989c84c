// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Two-state loss as a process in continuous time.
 *
 * The path is good or bad; what is offered while it is bad is lost. Good and bad periods are
 * exponential, so that the state is a Markov chain in continuous time (Gilbert 1960; the
 * loss-free-good, loss-all-bad case of Elliott 1963). It is set by the mean loss L (the stationary
 * probability of bad) and the mean bad period B: the rate out of bad is 1/B, into bad L / (B (1 -
 * L)), and two instants t apart are correlated by exp(-w t), w = (1/B) (1 + L / (1 - L)). Packets
 * spaced t therefore see P(good to bad) = L (1 - exp(-w t)), P(bad to good) = (1 - L) (1 - exp(-w
 * t)).
 *
 * Invariants: the state at t is a function of (stream, L, B, t) alone - never of who asked before,
 * how often or in which order. It is sampled exactly, period by period, and lazily; asking
 * backwards restarts from a checkpoint. Cost: amortised constant for instants that do not run
 * backwards; no allocation but for one checkpoint in CHECKPOINT_PERIODS periods.
 */
#ifndef UNDERLAY_GILBERT_ELLIOTT_H
#define UNDERLAY_GILBERT_ELLIOTT_H

#include "underlay-random.h"
#include "underlay-types.h"

#include <cstdint>
#include <vector>

namespace weft::underlay
{

/// Stationary two-state loss; see the head of this file.
class GilbertElliott
{
  public:
    /**
     * @param stream the randomness of this process
     * @param loss mean loss L, 0 to 1. 0 never loses, 1 always.
     * @param badPeriod mean bad period B, 0 or more. 0 makes every nanosecond an independent draw,
     * so that packets are lost independently with probability L.
     * @throws std::invalid_argument if a value is out of range
     */
    GilbertElliott(const RandomStream& stream, double loss, TimeNs badPeriod);

    /// @return whether a packet offered at @p t is lost.
    bool
    IsLost(TimeNs t)
    {
        if (m_kind == Kind::Constant)
        {
            return m_loss > 0;
        }
        if (m_kind == Kind::Independent)
        {
            return m_stream.Uniform(static_cast<std::uint64_t>(t.count())) < m_loss;
        }
        if (t < m_start || t >= m_end)
        {
            Seek(t);
        }
        return m_bad;
    }

    /// @return the probability that a packet offered at @p t is lost given the state then: 0 or 1,
    /// but L itself
    ///         where packets are lost independently.
    double
    LossProbability(TimeNs t)
    {
        return m_kind == Kind::Independent ? m_loss : (IsLost(t) ? 1.0 : 0.0);
    }

    /// @return the end of the period that holds @p t: LossProbability() is constant from t up to
    /// it.
    TimeNs PeriodEnd(TimeNs t);

    double
    MeanLoss() const
    {
        return m_loss;
    }

    TimeNs
    MeanBadPeriod() const
    {
        return m_badPeriod;
    }

    /// Periods between two checkpoints.
    static constexpr std::uint64_t CHECKPOINT_PERIODS = 256;

  private:
    enum class Kind : std::uint8_t
    {
        Constant,    ///< loss 0 or 1
        Independent, ///< one draw an instant
        Chain,
    };

    void Seek(TimeNs t);
    void EnterPeriod(std::uint64_t index, TimeNs start);

    RandomStream m_stream;
    double m_loss;
    TimeNs m_badPeriod;
    double m_goodMeanNs = 0; ///< mean good period
    Kind m_kind;
    bool m_firstBad = false; ///< state of period 0; even periods have it, odd ones the other
    // The period last looked at: [m_start, m_end), number m_index, in state m_bad.
    bool m_bad = false;
    std::uint64_t m_index = 0;
    TimeNs m_start{0};
    TimeNs m_end{0};
    std::vector<TimeNs> m_checkpoints; ///< start of period i * CHECKPOINT_PERIODS
};

} // namespace weft::underlay

#endif
