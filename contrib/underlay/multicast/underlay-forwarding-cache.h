// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What was decided about packets of a source to a group, so that the next one costs one look-up.
 *
 * Entries are thrown away when the state that they were made from changes, and made again by the
 * next packet. Bounded: when it is full it is emptied.
 */
#ifndef UNDERLAY_FORWARDING_CACHE_H
#define UNDERLAY_FORWARDING_CACHE_H

#include "underlay-multicast-types.h"

#include <absl/container/flat_hash_map.h>

namespace weft::multicast
{

struct CachedDecision
{
    std::vector<PortIndex> ports;         ///< where copies go
    PortIndex incoming = NO_PORT;         ///< decided for packets from this port only
    DropReason reason = DropReason::None; ///< when there are no ports
    bool slow = false;                    ///< every packet has to take the long way
    bool keepsAlive = false;              ///< packets keep the (S,G) entry alive
    TimeNs lastUsed{0};
    TimeNs windowStart{0}; ///< of the measurement of rate, for a threshold
    std::uint64_t windowBytes = 0;
};

class ForwardingCache
{
  public:
    /// @param second IPv4 source address, or whatever else tells packets of a group apart
    CachedDecision*
    Find(std::uint32_t group, std::uint32_t second)
    {
        const auto it = m_entries.find(std::uint64_t{group} << 32 | second);
        return it == m_entries.end() ? nullptr : &it->second;
    }

    CachedDecision*
    Find(const IpAddress& group, std::uint32_t second)
    {
        return Find(group.ToV4(), second);
    }

    /// @return the decision about packets of a source that come by a port, used at an instant;
    /// nullptr: unknown, or every packet has to take the long way
    const CachedDecision*
    Use(PortIndex port, std::uint32_t group, std::uint32_t source, TimeNs now)
    {
        CachedDecision* known = Find(group, source);
        if (!known || known->incoming != port || known->slow)
        {
            return nullptr;
        }
        known->lastUsed = now;
        return known;
    }

    /// @return an entry, new or as it was. Valid until the next call of any method but Find()
    CachedDecision&
    Make(const IpAddress& group, std::uint32_t second)
    {
        if (m_entries.size() >= MOST)
        {
            Clear();
        }
        const auto [it, isNew] = m_entries.try_emplace(KeyOf(group, second));
        if (isNew)
        {
            m_byGroup[group.ToV4()].push_back(second);
        }
        return it->second;
    }

    /// Forgets one entry.
    void
    Forget(const IpAddress& group, std::uint32_t second)
    {
        if (m_entries.erase(KeyOf(group, second)) > 0)
        {
            std::erase(m_byGroup[group.ToV4()], second);
        }
    }

    /// Forgets all entries of a group.
    void
    ForgetGroup(const IpAddress& group)
    {
        const auto it = m_byGroup.find(group.ToV4());
        if (it == m_byGroup.end())
        {
            return;
        }
        for (const std::uint32_t second : it->second)
        {
            m_entries.erase(KeyOf(group, second));
        }
        m_byGroup.erase(it);
    }

    void
    Clear()
    {
        m_entries.clear();
        m_byGroup.clear();
    }

  private:
    static constexpr std::size_t MOST = 1 << 20;

    static std::uint64_t
    KeyOf(const IpAddress& group, std::uint32_t second)
    {
        return std::uint64_t{group.ToV4()} << 32 | second;
    }

    absl::flat_hash_map<std::uint64_t, CachedDecision> m_entries;
    absl::flat_hash_map<std::uint32_t, std::vector<std::uint32_t>> m_byGroup;
};

} // namespace weft::multicast

#endif
