// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Equal-cost next hops, and the choice among them by a flow's hash.
 *
 * Without resilience the hash space is cut into equal regions, one a member in their order
 * (hash-threshold, RFC 2992): when a member goes, flows of the others move too.
 * With resilience a fixed number of buckets is dealt out; when a member goes only its buckets are
 * dealt out anew, and when one comes it takes no more than its share (as Linux's resilient next-hop
 * groups do with an idle timer of 0).
 */
#ifndef UNDERLAY_NEXT_HOP_GROUP_H
#define UNDERLAY_NEXT_HOP_GROUP_H

#include "netbase-types.h"

#include <cstdint>
#include <vector>

namespace weft::underlay
{

/// One way on.
struct NextHop
{
    std::uint32_t port = 0;       ///< of the router
    netbase::IpAddress neighbour; ///< none: the destination itself is on the link

    friend auto operator<=>(const NextHop&, const NextHop&) = default;
};

class NextHopGroup
{
  public:
    NextHopGroup() = default;

    /// @param buckets of the resilient table; 0: hash-threshold
    explicit NextHopGroup(std::uint32_t buckets);

    /**
     * Replaces the members. Equal members keep their buckets.
     *
     * @param members without repetition, in any order; kept sorted. May be empty
     * @param metric cost of the way, the same over each member
     */
    void Set(std::vector<NextHop> members, std::uint32_t metric);

    const std::vector<NextHop>&
    Members() const
    {
        return m_members;
    }

    std::uint32_t
    Metric() const
    {
        return m_metric;
    }

    bool
    IsEmpty() const
    {
        return m_members.empty();
    }

    /// @return the member for a hash; the group must not be empty
    const NextHop& Select(std::uint64_t hash) const;

    /// @return the member for the @p turn -th packet: round robin
    const NextHop& SelectTurn(std::uint64_t turn) const;

  private:
    void DealOut(const std::vector<NextHop>& before);

    std::vector<NextHop> m_members;
    std::vector<std::uint16_t> m_buckets; ///< index into m_members; empty: hash-threshold
    std::uint32_t m_bucketCount = 0;
    std::uint32_t m_metric = 0;
};

} // namespace weft::underlay

#endif
