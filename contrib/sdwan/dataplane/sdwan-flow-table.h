// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The table of live flows, and the allocation of flow identifiers.
 */
#ifndef SDWAN_FLOW_TABLE_H
#define SDWAN_FLOW_TABLE_H

#include "sdwan-types.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft::sdwan
{

/**
 * Flows by key, bounded, with expiry of idle ones.
 *
 * Values live in stable places: a pointer holds until its flow is erased. A look-up writes only the
 * entry's time of use; the queue of expiry times is corrected when an entry comes up in it, so a
 * flow expires exactly at its last use plus the timeout.
 *
 * @tparam Value state of a flow; default constructible, movable
 */
template <typename Value>
class FlowTable
{
  public:
    struct Entry
    {
        FlowKey key;
        TimeNs lastUsed{0};
        Value value{};

      private:
        friend class FlowTable;
        std::uint32_t generation = 0; ///< odd while in use
    };

    /**
     * @param capacity most flows held, 1..2^22
     * @param idleTimeout a flow not used for so long expires; > 0
     * @throws std::invalid_argument
     */
    explicit FlowTable(std::size_t capacity = 65536, TimeNs idleTimeout = std::chrono::minutes{5})
        : m_capacity(capacity), m_idleTimeout(idleTimeout)
    {
        if (capacity < 1 || capacity > (std::size_t{1} << 22))
        {
            throw std::invalid_argument("flow table: capacity " + std::to_string(capacity) +
                                        " is not in 1..4194304");
        }
        if (idleTimeout <= TimeNs{0})
        {
            throw std::invalid_argument("flow table: idle timeout " +
                                        std::to_string(idleTimeout.count()) +
                                        " ns is not positive");
        }
    }

    std::size_t
    Size() const
    {
        return m_index.size();
    }

    /// @return the flow, marked as used at @p now; null if there is none
    Entry*
    Find(const FlowKey& key, TimeNs now)
    {
        const auto it = m_index.find(key);
        if (it == m_index.end())
        {
            return nullptr;
        }
        it->second->lastUsed = now;
        return it->second;
    }

    /// @return the flow, not marked as used; null if there is none
    const Entry*
    Peek(const FlowKey& key) const
    {
        const auto it = m_index.find(key);
        return it == m_index.end() ? nullptr : it->second;
    }

    /**
     * Adds a flow that is not in the table.
     *
     * @param key its key
     * @param now marks it as used
     * @param evict called with the least recently used entry, which makes room if the table is
     * full: void(Entry&)
     */
    template <typename Evict>
    Entry&
    Insert(const FlowKey& key, TimeNs now, Evict&& evict)
    {
        if (m_index.size() >= m_capacity)
        {
            Entry& oldest = *Oldest();
            evict(oldest);
            Release(oldest);
        }
        if (m_free.empty())
        {
            m_chunks.push_back(std::make_unique<Entry[]>(CHUNK));
            for (std::size_t i = CHUNK; i-- > 0;)
            {
                m_free.push_back(&m_chunks.back()[i]);
            }
        }
        Entry& entry = *m_free.back();
        m_free.pop_back();
        ++entry.generation;
        entry.key = key;
        entry.lastUsed = now;
        m_index.emplace(key, &entry);
        PushTimer({now, entry.generation, &entry});
        return entry;
    }

    /// Removes a flow. @return whether there was one
    bool
    Erase(const FlowKey& key)
    {
        const auto it = m_index.find(key);
        if (it == m_index.end())
        {
            return false;
        }
        Release(*it->second);
        return true;
    }

    /**
     * Removes flows idle at @p now.
     *
     * @param now the present
     * @param expire called with each entry before it goes: void(Entry&)
     * @return number removed
     */
    template <typename Expire>
    std::size_t
    ExpireIdle(TimeNs now, Expire&& expire)
    {
        std::size_t n = 0;
        while (!m_timers.empty() && now - m_timers.front().used >= m_idleTimeout)
        {
            Entry* oldest = Oldest();
            if (!oldest || now - oldest->lastUsed < m_idleTimeout)
            {
                break;
            }
            expire(*oldest);
            Release(*oldest);
            ++n;
        }
        return n;
    }

    /// When to call ExpireIdle(); NEVER when empty. Early where flows have been used meanwhile,
    /// never late.
    TimeNs
    NextExpiry() const
    {
        return m_timers.empty() ? NEVER : m_timers.front().used + m_idleTimeout;
    }

    /// Calls f(Entry&) for every flow, in the order of their places (the same in every run).
    template <typename F>
    void
    ForEach(F&& f)
    {
        for (auto& chunk : m_chunks)
        {
            for (std::size_t i = 0; i < CHUNK; ++i)
            {
                if (chunk[i].generation & 1)
                {
                    f(chunk[i]);
                }
            }
        }
    }

  private:
    static constexpr std::size_t CHUNK = 256;

    /// An entry's place in the heap: its time of use when it was put there, at or before the true
    /// one.
    struct Timer
    {
        TimeNs used;
        std::uint32_t generation;
        Entry* entry;
    };

    static bool
    Later(const Timer& a, const Timer& b)
    {
        return a.used > b.used;
    }

    void
    PushTimer(const Timer& t)
    {
        m_timers.push_back(t);
        std::push_heap(m_timers.begin(), m_timers.end(), Later);
    }

    /// Corrects the heap until its head is the live entry unused for longest. Null if there is
    /// none.
    Entry*
    Oldest()
    {
        while (!m_timers.empty())
        {
            const Timer head = m_timers.front();
            const bool live = head.entry->generation == head.generation;
            if (live && head.entry->lastUsed == head.used)
            {
                return head.entry;
            }
            std::pop_heap(m_timers.begin(), m_timers.end(), Later);
            m_timers.pop_back();
            if (live)
            {
                PushTimer({head.entry->lastUsed, head.generation, head.entry});
            }
        }
        return nullptr;
    }

    void
    Release(Entry& entry)
    {
        m_index.erase(entry.key);
        entry.value = Value{};
        ++entry.generation;
        m_free.push_back(&entry);
    }

    std::size_t m_capacity;
    TimeNs m_idleTimeout;
    absl::flat_hash_map<FlowKey, Entry*> m_index;
    std::vector<std::unique_ptr<Entry[]>> m_chunks;
    std::vector<Entry*> m_free;
    std::vector<Timer> m_timers; ///< heap, earliest first; one for each live entry, and stale ones
};

/**
 * Flow identifiers of one peer pair: 24 bits, the top bit tells which end allocated it, so the two
 * ends never collide. Identifiers are given out in rising order and reused only after all 2^23
 * were, so a late packet of a dead flow is not taken for one of a new flow.
 */
class FlowIdAllocator
{
  public:
    /// @param topBit this end's value of the top bit; the peer must have the other
    explicit FlowIdAllocator(bool topBit) : m_top(topBit ? TOP : 0)
    {
    }

    static constexpr FlowId TOP = 0x800000;

    /// Whether @p id was allocated by the end with this top bit.
    bool
    Own(FlowId id) const
    {
        return (id & TOP) == m_top;
    }

    /// @return an identifier not in use. At most 2^22 may be in use at once.
    FlowId
    Allocate()
    {
        for (;;)
        {
            const FlowId id = m_top | (m_next & (TOP - 1));
            m_next = m_next == TOP - 1 ? 1 : m_next + 1;
            if (m_inUse.insert(id).second)
            {
                return id;
            }
        }
    }

    void
    Release(FlowId id)
    {
        m_inUse.erase(id);
    }

  private:
    FlowId m_top;
    FlowId m_next = 1; ///< identifier 0 means "no flow" on the wire
    absl::flat_hash_set<FlowId> m_inUse;
};

} // namespace weft::sdwan

#endif
