// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * PIM sparse mode with static Rendezvous Points (RFC 7761). Names of sets and states are those of
 * its section 4.
 *
 * How it is kept right: messages, timers, members, neighbours and routes change primitive state
 * only; UpdateGroup() or UpdateSource() then derives everything else from it (sets of ports, joins
 * desired, asserts, prunes of the shared tree) and sends what follows. Nothing is derived twice in
 * different ways.
 */
#ifndef UNDERLAY_SPARSE_MODE_H
#define UNDERLAY_SPARSE_MODE_H

#include "underlay-forwarding-cache.h"
#include "underlay-join-prune-batch.h"
#include "underlay-multicast-protocol.h"
#include "underlay-pim-assert.h"
#include "underlay-tree-timers.h"

namespace weft::multicast
{

class SparseMode : public MulticastProtocol
{
  public:
    explicit SparseMode(RouterContext& context);

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
    enum class RegisterState : std::uint8_t
    {
        NoInfo,
        Join,
        JoinPending,
        Prune,
    };

    /// Downstream (S,G,rpt) machine of a port; no record is NoInfo.
    struct RptPort
    {
        bool pending = false;   ///< Prune-Pending
        bool temporary = false; ///< PruneTmp or Prune-Pending-Tmp, within one message
    };

    enum class RptUpstream : std::uint8_t
    {
        NotJoined,
        Pruned,
        NotPruned,
    };

    /// What (*,G) and (S,G) have in common.
    struct Tree
    {
        Rpf rpf;
        UpstreamJoin upstream;
        DownstreamJoins downstream;
        AssertRecords asserts;
        std::string shown;
    };

    struct Source
    {
        IpAddress address;
        Tree tree;
        bool spt = false;
        RegisterState reg = RegisterState::NoInfo;
        PortIndex registerPort = NO_PORT; ///< where the source is attached
        std::map<PortIndex, RptPort> rpt;
        RptUpstream rptUpstream = RptUpstream::NotJoined;
        Rpf rptTowards; ///< RPF'(S,G,rpt) as last seen
    };

    struct Group
    {
        IpAddress name;
        IpAddress rp;      ///< none: not configured, or source-specific
        bool isRp = false; ///< we are it
        Tree star;
        std::map<IpAddress, Source> sources;
        // Sets of (*,G), as of the last UpdateGroup().
        PortSet joins;    ///< joins(*,G)
        PortSet included; ///< pim_include(*,G)
        PortSet lost;     ///< lost_assert(*,G)
    };

    // State (underlay-sparse-state.cc).
    Group* Find(const IpAddress& group);
    Group& Make(const IpAddress& group);
    Source* FindSource(Group& group, const IpAddress& source);
    Source* MakeSource(Group& group, const IpAddress& source);
    void UpdateGroup(const IpAddress& name, TimeNs now);
    void UpdateSource(Group& group, Source& source, TimeNs now);
    void SettleSource(const IpAddress& group, const IpAddress& source, TimeNs now);
    void UpdateRptUpstream(Group& group, Source& source, TimeNs now);
    void UpdateRegister(Group& group, Source& source, TimeNs now);
    void UpdateAll(TimeNs now);
    bool IsEmpty(const Source& source, const Group& group) const;
    void Forget(Group& group, Source& source, TimeNs now);
    void Show(Group& group, TimeNs now);
    void Show(Group& group, Source& source, TimeNs now);
    RouteEntry EntryOf(const Group& group) const;
    RouteEntry EntryOf(const Group& group, const Source& source) const;

    // Sets of ports (underlay-sparse-sets.cc).
    bool MayServe(const Group& group, PortIndex port) const;
    PortSet IncludedStar(const Group& group) const;
    PortSet Included(const Group& group, const Source* source) const;
    PortSet Excluded(const Group& group, const IpAddress& source) const;
    PortSet LostStar(const Group& group) const;
    PortSet Lost(const Group& group, const Source& source) const;
    PortSet LostRpt(const Group& group, const Source& source) const;
    PortSet PrunedRpt(const Source& source) const;
    PortSet ImmediateStar(const Group& group) const;
    PortSet Immediate(const Group& group, const Source& source) const;
    PortSet InheritedRpt(const Group& group, const Source* source, const IpAddress& address) const;
    PortSet Inherited(const Group& group, const Source& source) const;
    bool JoinDesired(const Group& group, const Source& source) const;
    bool StarJoinDesired(const Group& group) const;
    Rpf RptTowards(const Group& group, const Source& source) const;
    bool KeepaliveRuns(const Group& group, const Source& source) const;

    // Join/Prune messages (underlay-sparse-join-prune.cc).
    DropReason OnJoinPrune(PortIndex port,
                           const IpAddress& from,
                           const PimJoinPrune& m,
                           TimeNs now);
    DropReason OnOwnRecord(PortIndex port,
                           const PimGroupRecord& record,
                           const IpAddress& from,
                           TimeNs hold,
                           TimeNs now);
    void OnRptPrune(Group& group, PortIndex port, const IpAddress& source, TimeNs hold, TimeNs now);
    void OnForeignRecord(PortIndex port,
                         const IpAddress& upstream,
                         const PimGroupRecord& record,
                         TimeNs hold,
                         TimeNs now);
    void SendStarJoin(Group& group);
    void SendPruneEcho(const TreeKey& key, TimeNs now);
    void Flush(TimeNs now);

    // Register (underlay-sparse-register.cc).
    IpAddress RegisterAddress(const Source& source) const;
    DropReason SendRegister(const Group& group, const Source& source, ByteView packet);
    void SendNullRegister(const Group& group, const Source& source);
    DropReason OnRegister(const netbase::Ipv4Header& outer, const PimRegister& m, TimeNs now);
    DropReason ForwardDecapsulated(const Group& group,
                                   const Source& source,
                                   const netbase::Ipv4Header& inner,
                                   ByteView packet);
    DropReason OnRegisterStop(const PimRegisterStop& m, TimeNs now);

    // Data (underlay-sparse-data.cc).
    Verdict DecideData(PortIndex port,
                       const netbase::Ipv4Header& header,
                       ByteView packet,
                       TimeNs now);
    void UpdateSptBit(Group& group, Source& source, PortIndex port, TimeNs now);
    void CheckSwitchToSpt(Group& group,
                          Source* source,
                          const IpAddress& address,
                          CachedDecision& decision,
                          std::size_t bytes,
                          TimeNs now);
    bool WantsSpt(CachedDecision& decision, std::size_t bytes, TimeNs now) const;
    void RestartKeepalive(Group& group, Source& source, TimeNs period, TimeNs now);
    void OnWrongPort(Group& group, Source* source, PortIndex port, TimeNs now);
    void ForgetDecisions(Group& group, const Source* source);

    // Assert (underlay-sparse-assert.cc).
    bool CouldAssertStar(const Group& group, PortIndex port) const;
    bool CouldAssert(const Group& group, const Source& source, PortIndex port) const;
    bool TracksStar(const Group& group, PortIndex port) const;
    bool Tracks(const Group& group, const Source* source, const IpAddress& s, PortIndex port) const;
    AssertMetric StarMetric(const Group& group, PortIndex port) const;
    AssertMetric MyMetric(const Group& group, const Source* source, PortIndex port) const;
    void WinAssert(Group& group, Source* source, PortIndex port, TimeNs now);
    void LoseAssert(
        Group& group, Source* source, PortIndex port, const AssertMetric& winner, TimeNs now);
    DropReason OnAssert(PortIndex port, const IpAddress& from, const PimAssert& m, TimeNs now);
    bool OnSourceAssert(Group& group,
                        PortIndex port,
                        const AssertMetric& metric,
                        const IpAddress& address,
                        TimeNs now);
    void OnStarAssert(Group& group, PortIndex port, const AssertMetric& metric, TimeNs now);
    void CheckAsserts(Group& group, Source* source, TimeNs now);
    void SendAssert(
        const Group& group, const Source* source, PortIndex port, bool cancel, TimeNs now);

    void OnTimer(const TreeKey& key, TimeNs now);

    static PimSource
    StarSource(const IpAddress& rp)
    {
        return {.address = rp, .wildcard = true, .rpTree = true};
    }

    RouterContext& m_context;
    TreeTimers m_timers;
    std::map<IpAddress, Group> m_groups;
    std::size_t m_sourceCount = 0;
    ForwardingCache m_cache;
    JoinPruneBatch m_batch;
    std::vector<PortIndex> m_verdictPorts; ///< of the last packet that took the long way
};

} // namespace weft::multicast

#endif
