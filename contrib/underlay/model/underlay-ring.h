// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * A queue in a growing ring.
 */
#ifndef UNDERLAY_RING_H
#define UNDERLAY_RING_H

#include <cstddef>
#include <utility>
#include <vector>

namespace ns3
{
namespace underlay
{

/**
 * @ingroup underlay
 *
 * First-in-first-out queue that allocates only when it grows: std::deque frees and allocates blocks
 * for ever.
 *
 * @tparam T value, default-constructible; a popped place is reset to T{}
 */
template <typename T>
class Ring
{
  public:
    /// @return whether nothing is in it
    bool
    IsEmpty() const
    {
        return m_size == 0;
    }

    /// @return how many are in it
    std::size_t
    GetSize() const
    {
        return m_size;
    }

    /// @return the oldest
    T&
    Front()
    {
        return m_places[m_head];
    }

    /// @return the oldest
    const T&
    Front() const
    {
        return m_places[m_head];
    }

    /// Takes the oldest out.
    void
    PopFront()
    {
        m_places[m_head] = T{};
        m_head = (m_head + 1) & (m_places.size() - 1);
        --m_size;
    }

    /// @param value to put in
    void
    PushBack(T value)
    {
        if (m_size == m_places.size())
        {
            Grow();
        }
        m_places[(m_head + m_size) & (m_places.size() - 1)] = std::move(value);
        ++m_size;
    }

    /// Takes everything out.
    void
    Clear()
    {
        while (!IsEmpty())
        {
            PopFront();
        }
    }

  private:
    /// Doubles the ring.
    void
    Grow()
    {
        std::vector<T> places(m_places.empty() ? 16 : 2 * m_places.size());
        for (std::size_t i = 0; i < m_size; ++i)
        {
            places[i] = std::move(m_places[(m_head + i) & (m_places.size() - 1)]);
        }
        m_places.swap(places);
        m_head = 0;
    }

    std::vector<T> m_places; ///< size is 0 or a power of two
    std::size_t m_head{0};   ///< place of the oldest
    std::size_t m_size{0};   ///< how many
};

} // namespace underlay
} // namespace ns3

#endif
