// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Loss by sequence gap, with reordering never counted as loss (RFC 2680: lost means not there after
 * a stated wait).
 *
 * A sequence number is judged once `wait` has passed since a later one was seen (to a granularity
 * of wait/8, never sooner), or when one 8192 further on arrives. Until then a gap is neither loss
 * nor receipt. What arrives after its judgement stays lost and is counted as late.
 */
#ifndef SDWAN_LOSS_WINDOW_H
#define SDWAN_LOSS_WINDOW_H

#include "sdwan-types.h"

#include <array>
#include <vector>

namespace weft::sdwan
{

/// Counts over a window.
struct LossCounts
{
    std::uint64_t received = 0;
    std::uint64_t lost = 0;
    std::uint64_t runs = 0; ///< maximal runs of consecutive lost sequence numbers
    std::uint64_t reordered = 0;

    LossCounts& operator+=(const LossCounts& o);
    LossCounts& operator-=(const LossCounts& o);
};

/// Sums over the last `window`, in a ring of equal buckets; the newest bucket is still filling.
class RollingCounts
{
  public:
    RollingCounts(TimeNs window, std::size_t buckets, TimeNs start);

    /// Moves the window so that it ends in the bucket of @p now.
    void Advance(TimeNs now);

    /// Counts in the newest bucket, for the caller to add to, by way of Add().
    void Add(const LossCounts& c);

    const LossCounts&
    Total() const
    {
        return m_total;
    }

  private:
    TimeNs m_width;
    TimeNs m_bucketEnd;
    std::vector<LossCounts> m_buckets;
    std::size_t m_newest = 0;
    LossCounts m_total;
};

/// Loss of one direction of one tunnel.
class LossWindow
{
  public:
    LossWindow(TimeNs wait, TimeNs instantaneous, TimeNs smoothed, TimeNs start);

    /// A datagram with this (low 32 bits of) tunnel sequence arrived; each number is given at most
    /// once.
    void OnReceived(std::uint32_t sequence, TimeNs now);

    /**
     * Forgives the numbers before @p sequence that have not been judged: the path was down, and
     * what is sent into a path known to be down is unavailability, not loss (ITU-T Y.1540). Call
     * before OnReceived().
     */
    void Skip(std::uint32_t sequence);

    /// Judges what is due and moves the windows. Call at least each few hundred milliseconds.
    void Advance(TimeNs now);

    const LossCounts&
    Instantaneous() const
    {
        return m_instantaneous.Total();
    }

    const LossCounts&
    Smoothed() const
    {
        return m_smoothed.Total();
    }

    /// Highest sequence received, extended; 0 with Started() false before the first.
    std::uint64_t
    Highest() const
    {
        return m_next - 1;
    }

    bool
    Started() const
    {
        return m_started;
    }

    /// Arrivals after they had been judged lost.
    std::uint64_t
    Late() const
    {
        return m_late;
    }

  private:
    static constexpr std::size_t BITS = 8192;
    static constexpr std::size_t MARKS = 16;
    /// A jump further than this in either direction is a restart of the peer, not loss.
    static constexpr std::int64_t RESTART = 1 << 20;

    struct Mark
    {
        TimeNs at{0};
        std::uint64_t next = 0;
    };

    void Restart(std::uint64_t sequence);
    void JudgeUpTo(std::uint64_t next);
    void AddMark(TimeNs now);

    bool
    Test(std::uint64_t s) const
    {
        return (m_bits[(s % BITS) / 64] >> (s % 64)) & 1;
    }

    TimeNs m_wait;
    RollingCounts m_instantaneous;
    RollingCounts m_smoothed;
    LossCounts m_pending; ///< judged, not yet in the windows
    bool m_started = false;
    bool m_lastLost = false;    ///< verdict on m_judged - 1
    std::uint64_t m_judged = 0; ///< next number to judge
    std::uint64_t m_next = 0;   ///< one after the highest received
    std::uint64_t m_marked = 0; ///< `next` of the newest mark
    std::uint64_t m_late = 0;
    std::array<Mark, MARKS> m_marks{}; ///< ring: at `at`, every number below `next` had been passed
    std::size_t m_firstMark = 0;
    std::size_t m_markCount = 0;
    std::array<std::uint64_t, BITS / 64>
        m_bits{}; ///< received, for numbers in [m_judged, m_judged + BITS)
};

} // namespace weft::sdwan

#endif
