// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * A queue of outputs whose byte buffers are reused, so that a warm data plane allocates nothing per
 * packet.
 *
 * Invariants: first in, first out; a slot's buffer keeps its capacity when it is popped; the slot
 * returned by Front() stays valid until the next Push() or Pop().
 */
#ifndef SDWAN_OUTPUT_QUEUE_H
#define SDWAN_OUTPUT_QUEUE_H

#include "sdwan-types.h"

#include <vector>

namespace weft::sdwan
{

/// @tparam Meta what accompanies the bytes; default constructible.
template <typename Meta>
class OutputQueue
{
  public:
    struct Slot
    {
        Meta meta{};
        Bytes bytes;
    };

    bool
    Empty() const
    {
        return m_size == 0;
    }

    std::size_t
    Size() const
    {
        return m_size;
    }

    /// Adds a slot at the end and returns it with an empty buffer (whose capacity is that of an
    /// earlier use).
    Slot&
    Push()
    {
        if (m_size == m_slots.size())
        {
            Grow();
        }
        Slot& slot = m_slots[(m_head + m_size) & (m_slots.size() - 1)];
        ++m_size;
        slot.meta = Meta{};
        slot.bytes.clear();
        return slot;
    }

    /// Takes back the slot just pushed.
    void
    Unpush()
    {
        --m_size;
    }

    /// The oldest slot; the queue must not be empty.
    Slot&
    Front()
    {
        return m_slots[m_head];
    }

    void
    Pop()
    {
        m_head = (m_head + 1) & (m_slots.size() - 1);
        --m_size;
    }

  private:
    void
    Grow()
    {
        std::vector<Slot> larger(m_slots.empty() ? 16 : 2 * m_slots.size());
        for (std::size_t i = 0; i < m_size; ++i)
        {
            larger[i] = std::move(m_slots[(m_head + i) & (m_slots.size() - 1)]);
        }
        m_slots = std::move(larger);
        m_head = 0;
    }

    std::vector<Slot> m_slots; ///< ring; its size is 0 or a power of two
    std::size_t m_head = 0;
    std::size_t m_size = 0;
};

} // namespace weft::sdwan

#endif
