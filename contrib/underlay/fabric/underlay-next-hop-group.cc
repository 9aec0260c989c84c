// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-next-hop-group.h"

#include "netbase-flow-hash.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace weft::underlay
{

NextHopGroup::NextHopGroup(std::uint32_t buckets) : m_bucketCount(buckets)
{
    if (buckets > 65535)
    {
        throw std::invalid_argument("buckets " + std::to_string(buckets) + ": at most 65535");
    }
}

void
NextHopGroup::Set(std::vector<NextHop> members, std::uint32_t metric)
{
    std::sort(members.begin(), members.end());
    if (std::adjacent_find(members.begin(), members.end()) != members.end())
    {
        throw std::invalid_argument("members: a next hop is given twice");
    }
    if (m_bucketCount > 0 && members.size() > m_bucketCount)
    {
        throw std::invalid_argument("buckets " + std::to_string(m_bucketCount) +
                                    ": fewer than the group's " + std::to_string(members.size()) +
                                    " members");
    }
    m_metric = metric;
    if (members == m_members)
    {
        return;
    }
    members.swap(m_members);
    if (m_bucketCount > 0)
    {
        DealOut(members);
    }
}

void
NextHopGroup::DealOut(const std::vector<NextHop>& before)
{
    constexpr std::uint16_t UNDEALT = 65535;
    if (m_members.empty())
    {
        m_buckets.clear();
        return;
    }
    const auto count = static_cast<std::uint32_t>(m_members.size());
    std::vector<std::uint16_t> moved(before.size(), UNDEALT);
    for (std::size_t i = 0; i < before.size(); ++i)
    {
        const auto at = std::lower_bound(m_members.begin(), m_members.end(), before[i]);
        if (at != m_members.end() && *at == before[i])
        {
            moved[i] = static_cast<std::uint16_t>(at - m_members.begin());
        }
    }
    // A share is the floor or the ceiling of the mean; who keeps most has the ceiling.
    std::vector<std::uint32_t> held(count, 0);
    if (m_buckets.empty())
    {
        m_buckets.assign(m_bucketCount, UNDEALT);
    }
    else
    {
        for (std::uint16_t& bucket : m_buckets)
        {
            bucket = moved[bucket];
            if (bucket != UNDEALT)
            {
                ++held[bucket];
            }
        }
    }
    std::vector<std::uint16_t> order(count);
    for (std::uint32_t i = 0; i < count; ++i)
    {
        order[i] = static_cast<std::uint16_t>(i);
    }
    std::stable_sort(order.begin(), order.end(), [&held](std::uint16_t a, std::uint16_t b) {
        return held[a] > held[b];
    });
    std::vector<std::uint32_t> share(count);
    for (std::uint32_t i = 0; i < count; ++i)
    {
        share[order[i]] = m_bucketCount / count + (i < m_bucketCount % count);
    }
    for (std::uint16_t& bucket : m_buckets)
    {
        if (bucket != UNDEALT && held[bucket] > share[bucket])
        {
            --held[bucket];
            bucket = UNDEALT;
        }
    }
    std::uint16_t next = 0;
    for (std::uint16_t& bucket : m_buckets)
    {
        if (bucket != UNDEALT)
        {
            continue;
        }
        while (held[next] >= share[next])
        {
            next = static_cast<std::uint16_t>((next + 1) % count);
        }
        bucket = next;
        ++held[next];
        next = static_cast<std::uint16_t>((next + 1) % count);
    }
}

const NextHop&
NextHopGroup::Select(std::uint64_t hash) const
{
    if (m_buckets.empty())
    {
        return m_members[netbase::HashBelow(hash, static_cast<std::uint32_t>(m_members.size()))];
    }
    return m_members[m_buckets[netbase::HashBelow(hash,
                                                  static_cast<std::uint32_t>(m_buckets.size()))]];
}

const NextHop&
NextHopGroup::SelectTurn(std::uint64_t turn) const
{
    return m_members[turn % m_members.size()];
}

} // namespace weft::underlay
