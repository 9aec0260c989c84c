// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * A queue of outputs whose byte buffers are reused, so that a warm core allocates nothing per
 * packet.
 *
 * Invariants: first in, first out; Pop() exchanges buffers with the caller, so capacities
 * circulate.
 */
#ifndef NETBASE_OUTPUT_QUEUE_H
#define NETBASE_OUTPUT_QUEUE_H

#include "netbase-types.h"

#include <utility>

namespace weft::netbase
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

    /// Adds a slot at the end and returns it with an empty buffer. Valid until the next Push() or
    /// Pop().
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

    /// Takes the oldest slot. @return false when there is none
    bool
    Pop(Bytes& bytes, Meta& meta)
    {
        if (m_size == 0)
        {
            return false;
        }
        Slot& slot = m_slots[m_head];
        bytes.swap(slot.bytes);
        meta = std::move(slot.meta);
        m_head = (m_head + 1) & (m_slots.size() - 1);
        --m_size;
        return true;
    }

  private:
    void
    Grow()
    {
        std::vector<Slot> larger(m_slots.empty() ? 1 : 2 * m_slots.size());
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

} // namespace weft::netbase

#endif
