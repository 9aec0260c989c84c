// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Bidirectional PIM (RFC 5015): one tree a group, rooted at the Rendezvous Point; packets go up and
 * down it, and no state knows a source. On each link the Designated Forwarder alone takes packets
 * up and sends them down.
 *
 * A group without members has no state, and yet its packets travel to the Rendezvous Point
 * (section 3.3.2): there they end.
 */
#ifndef UNDERLAY_BIDIRECTIONAL_MODE_H
#define UNDERLAY_BIDIRECTIONAL_MODE_H

#include "underlay-df-election.h"
#include "underlay-forwarding-cache.h"
#include "underlay-join-prune-batch.h"
#include "underlay-multicast-protocol.h"

namespace weft::multicast
{

class BidirectionalMode : public MulticastProtocol
{
  public:
    BidirectionalMode(RouterContext& context, TimeNs now);

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
    IpAddress DesignatedForwarder(PortIndex port, const IpAddress& rp) const override;

  private:
    struct Group
    {
        IpAddress name;
        IpAddress rp;
        Rpf rpf; ///< its neighbour is the forwarder of the RPF link
        UpstreamJoin upstream;
        DownstreamJoins downstream;
        std::string shown;
    };

    Group& Make(const IpAddress& name);
    PortSet Downstream(const Group& group) const;
    Rpf RpfOf(const IpAddress& rp) const;
    void Update(const IpAddress& name, TimeNs now);
    void UpdateAll(TimeNs now);
    void SendJoin(const Group& group);
    DropReason OnJoinPrune(PortIndex port, const PimJoinPrune& message, TimeNs now);
    void OnForeign(Group& group,
                   PortIndex port,
                   const IpAddress& upstream,
                   const PimGroupRecord& record,
                   TimeNs hold,
                   TimeNs now);
    void OnTimer(const TreeKey& key, TimeNs now);
    void Flush(TimeNs now);

    RouterContext& m_context;
    TreeTimers m_timers;
    DfElection m_election;
    std::map<IpAddress, Group> m_groups;
    ForwardingCache m_cache; ///< by group and port of arrival
    JoinPruneBatch m_batch;
};

} // namespace weft::multicast

#endif
