// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Trees computed beforehand: the cheap mode for large sweeps. One bidirectional tree a group, as
 * BIDIR-PIM would build it, but installed from outside (see StaticTreePlanner) instead of being
 * asked for with messages.
 *
 * A packet that comes by a port of the tree leaves by all others. One that comes by another port
 * (its source is no member) goes towards the root, and on the first router of the tree everywhere.
 */
#ifndef UNDERLAY_STATIC_MODE_H
#define UNDERLAY_STATIC_MODE_H

#include "underlay-forwarding-cache.h"
#include "underlay-multicast-protocol.h"

#include <map>

namespace weft::multicast
{

class StaticMode : public MulticastProtocol
{
  public:
    explicit StaticMode(RouterContext& context);

    void Install(const IpAddress& group, PortIndex upstream, const PortSet& ports, TimeNs now);
    void SetRoot(PortIndex upstream, TimeNs now);

    const CachedDecision* Known(PortIndex port,
                                std::uint32_t group,
                                std::uint32_t source,
                                TimeNs now) override;
    Verdict OnData(PortIndex port,
                   const netbase::Ipv4Header& header,
                   ByteView packet,
                   TimeNs now) override;
    DropReason OnMessage(PortIndex port,
                         const netbase::Ipv4Header& header,
                         const PimMessage& message,
                         TimeNs now) override;
    void OnMembership(PortIndex port, const IpAddress& group, TimeNs now) override;
    void OnNeighbour(const NeighbourEvent& event, TimeNs now) override;
    void OnPortUp(PortIndex port, bool up, TimeNs now) override;
    void OnRoutesChanged(TimeNs now) override;
    TimeNs NextDeadline() const override;
    void OnDeadline(TimeNs now) override;
    std::vector<RouteEntry> Entries() const override;

  private:
    struct Tree
    {
        PortIndex upstream = NO_PORT;
        PortSet ports;
        std::string shown;
    };

    RouterContext& m_context;
    PortIndex m_root = NO_PORT;
    std::map<IpAddress, Tree> m_trees;
    ForwardingCache m_cache; ///< by group and port of arrival
};

} // namespace weft::multicast

#endif
