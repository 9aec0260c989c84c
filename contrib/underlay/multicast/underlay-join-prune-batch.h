// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Collects what is to be joined and pruned during one event, so that everything for one neighbour
 * leaves in as few messages as fit the MTU (RFC 7761 section 4.9.5).
 *
 * Invariant: of one source in one group either the join or the prune is held, whichever came last.
 * A group's (*,G) Join and its (S,G,rpt) prunes stay in one message, unless they alone exceed it.
 */
#ifndef UNDERLAY_JOIN_PRUNE_BATCH_H
#define UNDERLAY_JOIN_PRUNE_BATCH_H

#include "underlay-pim-message.h"

#include <map>

namespace weft::multicast
{

class JoinPruneBatch
{
  public:
    /// Nothing is held when there is no neighbour to ask.
    void
    Join(PortIndex port, const IpAddress& upstream, const IpAddress& group, const PimSource& source)
    {
        Add(port, upstream, group, source, true);
    }

    void
    Prune(PortIndex port,
          const IpAddress& upstream,
          const IpAddress& group,
          const PimSource& source)
    {
        Add(port, upstream, group, source, false);
    }

    bool
    Empty() const
    {
        return m_records.empty();
    }

    /// Takes the next message, at most @p mtu octets as an IP packet. @param bidirectional B bit
    bool Take(std::uint32_t mtu,
              std::uint16_t holdtime,
              bool bidirectional,
              PortIndex& port,
              PimJoinPrune& message);

  private:
    void Add(PortIndex port,
             const IpAddress& upstream,
             const IpAddress& group,
             const PimSource& source,
             bool join);

    using Groups = std::map<IpAddress, PimGroupRecord>;
    std::map<std::pair<PortIndex, IpAddress>, Groups> m_records;
};

} // namespace weft::multicast

#endif
