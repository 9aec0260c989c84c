// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Strategy of a multicast router: one implementation for each mode.
 */
#ifndef UNDERLAY_MULTICAST_PROTOCOL_H
#define UNDERLAY_MULTICAST_PROTOCOL_H

#include "underlay-forwarding-cache.h"
#include "underlay-router-context.h"

#include "netbase-ipv4.h"

namespace weft::multicast
{

class MulticastProtocol
{
  public:
    virtual ~MulticastProtocol() = default;

    /// @return what is known about packets like this, which counts as one of them; nullptr: the
    /// packet has to take the long way
    virtual const CachedDecision* Known(PortIndex port,
                                        std::uint32_t group,
                                        std::uint32_t source,
                                        TimeNs now) = 0;

    /// Decides about a data packet. Its TTL is at least 2, its source unicast and not ours.
    virtual Verdict OnData(PortIndex port,
                           const netbase::Ipv4Header& header,
                           ByteView packet,
                           TimeNs now) = 0;

    /// Takes any PIM message but Hello. From a neighbour, unless it is a Register or Register-Stop.
    /// @return None, or why it was dropped
    virtual DropReason OnMessage(PortIndex port,
                                 const netbase::Ipv4Header& header,
                                 const PimMessage& message,
                                 TimeNs now) = 0;

    /// The members of a group on a port changed.
    virtual void OnMembership(PortIndex port, const IpAddress& group, TimeNs now) = 0;
    virtual void OnNeighbour(const NeighbourEvent& event, TimeNs now) = 0;
    virtual void OnPortUp(PortIndex port, bool up, TimeNs now) = 0;
    virtual void OnRoutesChanged(TimeNs now) = 0;
    virtual TimeNs NextDeadline() const = 0;
    virtual void OnDeadline(TimeNs now) = 0;
    virtual std::vector<RouteEntry> Entries() const = 0;

    /// @return the Designated Forwarder of a link; none in modes that have none
    virtual IpAddress
    DesignatedForwarder(PortIndex /* port */, const IpAddress& /* rp */) const
    {
        return {};
    }
};

std::unique_ptr<MulticastProtocol> MakeSparseMode(RouterContext& context, TimeNs now);
std::unique_ptr<MulticastProtocol> MakeDenseMode(RouterContext& context, TimeNs now);
std::unique_ptr<MulticastProtocol> MakeBidirectionalMode(RouterContext& context, TimeNs now);

} // namespace weft::multicast

#endif
