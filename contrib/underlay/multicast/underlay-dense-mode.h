// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * PIM dense mode (RFC 3973): flood, prune, graft, assert, State Refresh. Names of states and timers
 * are those of its section 4.
 *
 * Invariant: after every event Update() has brought the upstream machine in line with olist(S,G).
 * Entries are made by data and live while data or State Refresh come.
 */
#ifndef UNDERLAY_DENSE_MODE_H
#define UNDERLAY_DENSE_MODE_H

#include "underlay-forwarding-cache.h"
#include "underlay-join-prune-batch.h"
#include "underlay-multicast-protocol.h"
#include "underlay-pim-assert.h"
#include "underlay-tree-timers.h"

namespace weft::multicast
{

class DenseMode : public MulticastProtocol
{
  public:
    explicit DenseMode(RouterContext& context);

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
    enum class Upstream : std::uint8_t
    {
        Forwarding,
        Pruned,
        AckPending,
    };

    /// Upstream(S,G) and, by port, Downstream(S,G,I): no record is NoInfo.
    struct Entry
    {
        IpAddress group;
        IpAddress source;
        Rpf rpf;
        Upstream upstream = Upstream::Forwarding;
        std::map<PortIndex, bool> prunes; ///< true: Prune-Pending
        AssertRecords asserts;
        std::uint8_t ttl = 0; ///< largest of the source's packets
        std::string shown;
    };

    using Sources = std::map<IpAddress, Entry>;

    Entry* Find(const IpAddress& group, const IpAddress& source);
    /// @return the entry, made if there is room; nullptr: none
    Entry* Make(const IpAddress& group, const IpAddress& source, TimeNs now);
    PortSet Outgoing(const Entry& entry) const;
    bool LostAssert(const Entry& entry, PortIndex port) const;
    void Update(Entry& entry, TimeNs now);
    void UpdateAll(TimeNs now);
    void Forget(Entry& entry, TimeNs now);
    void SendPrune(const Entry& entry, TimeNs now);
    void SendJoin(const Entry& entry);
    void SendGraft(const Entry& entry, TimeNs now);
    void UnprunePort(Entry& entry, PortIndex port);
    void OnPrune(Entry& entry, PortIndex port, std::uint16_t holdtime, TimeNs now);
    void OnForeignPrune(Entry& entry, PortIndex port, const IpAddress& upstream, TimeNs now);
    DropReason OnJoinPrune(PortIndex port,
                           const IpAddress& from,
                           const PimJoinPrune& message,
                           TimeNs now);
    DropReason OnGraft(PortIndex port, const IpAddress& from, const PimJoinPrune& m, TimeNs now);
    DropReason OnGraftAck(PortIndex port, const IpAddress& from, const PimJoinPrune& m, TimeNs now);
    DropReason OnStateRefresh(PortIndex port,
                              const IpAddress& from,
                              const PimStateRefresh& message,
                              TimeNs now);
    void SendStateRefresh(Entry& entry, const PimStateRefresh& heard, TimeNs now);
    DropReason OnAssert(PortIndex port, const IpAddress& from, const PimAssert& m, TimeNs now);
    void OnMetric(
        Entry& entry, PortIndex port, const AssertMetric& metric, bool cancel, TimeNs now);
    void WinAssert(Entry& entry, PortIndex port, TimeNs now);
    void SendAssertCancel(const Entry& entry, PortIndex port, TimeNs now);
    void ForgetLostAssert(Entry& entry, PortIndex port);
    void LoseAssert(Entry& entry, PortIndex port, const AssertMetric& winner, TimeNs now);
    AssertMetric MyMetric(const Entry& entry, PortIndex port) const;
    void ForgetDecision(const Entry& entry);
    void OnTimer(const TreeKey& key, TimeNs now);
    void Flush(TimeNs now);
    RouteEntry EntryOf(const Entry& entry) const;

    static TreeKey
    KeyOf(TreeTimer timer, const Entry& entry, PortIndex port = NO_PORT)
    {
        return {timer, port, entry.group, entry.source};
    }

    RouterContext& m_context;
    TreeTimers m_timers;
    std::map<IpAddress, Sources> m_groups;
    std::size_t m_count = 0;
    ForwardingCache m_cache;
    JoinPruneBatch m_batch;
};

} // namespace weft::multicast

#endif
