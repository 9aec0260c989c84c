// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Timers named by a key: a heap of deadlines, corrected lazily.
 *
 * Invariants: every running timer has a heap entry that is not later than it; entries whose timer
 * was stopped or moved are recognised when they come to the top. So putting a timer off costs one
 * hash look-up, and timers that expire at the same instant do so in the order in which their heap
 * entries were made.
 */
#ifndef UNDERLAY_TIMER_SET_H
#define UNDERLAY_TIMER_SET_H

#include "underlay-multicast-types.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>

namespace weft::multicast
{

/// @tparam Key copyable, hashable with absl, comparable for equality
template <typename Key>
class TimerSet
{
  public:
    /// Starts a timer, or moves a running one. NEVER stops it.
    void
    Set(const Key& key, TimeNs at)
    {
        if (at == NEVER)
        {
            Stop(key);
            return;
        }
        auto [it, isNew] = m_running.try_emplace(key, Running{at, NEVER});
        it->second.at = at;
        if (at < it->second.queuedAt)
        {
            Push(key, it->second);
        }
    }

    void
    Stop(const Key& key)
    {
        m_running.erase(key);
    }

    bool
    IsRunning(const Key& key) const
    {
        return m_running.contains(key);
    }

    /// @return when a timer expires; NEVER when it does not run
    TimeNs
    At(const Key& key) const
    {
        const auto it = m_running.find(key);
        return it == m_running.end() ? NEVER : it->second.at;
    }

    /// @return a lower bound of the earliest expiry
    TimeNs
    NextDeadline() const
    {
        return m_heap.empty() ? NEVER : m_heap.front().at;
    }

    /// Takes the next timer that has expired; it no longer runs.
    bool
    PopDue(TimeNs now, Key& key)
    {
        while (!m_heap.empty() && m_heap.front().at <= now)
        {
            std::pop_heap(m_heap.begin(), m_heap.end());
            const Entry entry = m_heap.back();
            m_heap.pop_back();
            const auto it = m_running.find(entry.key);
            if (it == m_running.end() || it->second.queuedAt != entry.at)
            {
                continue;
            }
            if (it->second.at > now)
            {
                Push(entry.key, it->second);
                continue;
            }
            key = entry.key;
            m_running.erase(it);
            return true;
        }
        return false;
    }

  private:
    struct Running
    {
        TimeNs at;
        TimeNs queuedAt; ///< of its earliest heap entry
    };

    struct Entry
    {
        TimeNs at;
        std::uint64_t order;
        Key key;

        friend bool
        operator<(const Entry& a, const Entry& b)
        {
            return a.at != b.at ? a.at > b.at : a.order > b.order;
        }
    };

    void
    Push(const Key& key, Running& running)
    {
        running.queuedAt = running.at;
        m_heap.push_back({running.at, m_order++, key});
        std::push_heap(m_heap.begin(), m_heap.end());
    }

    absl::flat_hash_map<Key, Running> m_running;
    std::vector<Entry> m_heap; ///< earliest first
    std::uint64_t m_order = 0;
};

} // namespace weft::multicast

#endif
