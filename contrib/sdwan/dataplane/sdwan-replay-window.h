// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Sliding bitmap over a wrapping sequence number: which of the last N have been seen (RFC 6479,
 * with serial arithmetic).
 *
 * Invariants: every sequence in (newest - size, newest] is either marked or not; nothing older is
 * answered for; the bitmap has at least one word more than the size asks for, so that advancing
 * clears whole words and never shifts bits.
 */
#ifndef SDWAN_REPLAY_WINDOW_H
#define SDWAN_REPLAY_WINDOW_H

#include "sdwan-types.h"
#include "sdwan-vcmp-serial.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>

namespace weft::sdwan
{

template <unsigned BITS>
class SequenceWindow
{
  public:
    enum class State
    {
        New,
        Seen,
        TooOld,
    };

    /**
     * @param size how many sequences are remembered, the newest included
     * @throws std::invalid_argument outside 64..2^(BITS-3)
     */
    explicit SequenceWindow(std::uint32_t size = 4096)
    {
        if (size < 64 || size > (1U << (BITS - 3)))
        {
            throw std::invalid_argument("window: " + std::to_string(size) +
                                        " sequences; must be 64.." +
                                        std::to_string(1U << (BITS - 3)));
        }
        m_words.resize(std::bit_ceil((size + 63) / 64 + 1));
        m_mask = static_cast<std::uint32_t>(m_words.size() - 1);
        m_size = static_cast<std::int32_t>(size);
    }

    /// @return how many sequences are remembered.
    std::uint32_t
    Size() const
    {
        return static_cast<std::uint32_t>(m_size);
    }

    bool
    Empty() const
    {
        return !m_started;
    }

    /// @return the furthest sequence marked; meaningless while Empty().
    std::uint32_t
    Newest() const
    {
        return m_newest;
    }

    /// @return how many steps @p sequence lies ahead of the newest (negative: behind).
    std::int32_t
    Ahead(std::uint32_t sequence) const
    {
        return SerialDistance<BITS>(m_newest, sequence);
    }

    /// Tells the state of a sequence and changes nothing.
    State
    Look(std::uint32_t sequence) const
    {
        const std::int32_t ahead = Ahead(sequence);
        if (ahead > 0 || !m_started)
        {
            return State::New;
        }
        if (ahead <= -m_size)
        {
            return State::TooOld;
        }
        return (Word(sequence) & Bit(sequence)) != 0 ? State::Seen : State::New;
    }

    /// Marks a sequence as seen, moving the window if it lies ahead. Only for one whose state is
    /// New.
    void
    Mark(std::uint32_t sequence)
    {
        const std::int32_t ahead = Ahead(sequence);
        if (!m_started)
        {
            m_started = true;
            m_newest = sequence;
        }
        else if (ahead > 0)
        {
            Advance(sequence, ahead);
        }
        Word(sequence) |= Bit(sequence);
    }

    /// Forgets everything.
    void
    Clear()
    {
        std::fill(m_words.begin(), m_words.end(), 0);
        m_started = false;
    }

  private:
    static std::uint64_t
    Bit(std::uint32_t sequence)
    {
        return std::uint64_t{1} << (sequence & 63);
    }

    const std::uint64_t&
    Word(std::uint32_t sequence) const
    {
        return m_words[(sequence >> 6) & m_mask];
    }

    std::uint64_t&
    Word(std::uint32_t sequence)
    {
        return m_words[(sequence >> 6) & m_mask];
    }

    void
    Advance(std::uint32_t sequence, std::int32_t ahead)
    {
        // Words strictly after the newest's, up to and including the new one's, leave the past and
        // become the future.
        const std::uint32_t first = m_newest >> 6;
        const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(
            ((m_newest & 63) + static_cast<std::uint64_t>(ahead)) >> 6, m_words.size()));
        for (std::uint32_t i = 1; i <= count; ++i)
        {
            m_words[(first + i) & m_mask] = 0;
        }
        m_newest = sequence;
    }

    std::vector<std::uint64_t>
        m_words; ///< power of two of them; divides the sequence space, so a wrap is seamless
    std::uint32_t m_mask = 0;
    std::int32_t m_size = 0;
    std::uint32_t m_newest = 0;
    bool m_started = false;
};

/// Anti-replay window of a tunnel. Look() before authenticating, Mark() only after: forged
/// datagrams move nothing.
using ReplayWindow = SequenceWindow<32>;

} // namespace weft::sdwan

#endif
