// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Names of the timers of multicast trees, and the two state machines that the sparse and the
 * bidirectional mode share: joins from downstream (RFC 7761 sections 4.5.1 and 4.5.2) and the join
 * towards the root (sections 4.5.4 and 4.5.5).
 */
#ifndef UNDERLAY_TREE_TIMERS_H
#define UNDERLAY_TREE_TIMERS_H

#include "underlay-router-context.h"
#include "underlay-timer-set.h"

#include <map>

namespace weft::multicast
{

enum class TreeTimer : std::uint8_t
{
    Expiry,          ///< ET: a downstream join
    PrunePending,    ///< PPT
    Join,            ///< JT: upstream
    Keepalive,       ///< KAT of (S,G)
    RegisterStop,    ///< RST
    RptExpiry,       ///< ET of a downstream (S,G,rpt) prune
    RptPrunePending, ///< PPT of it
    RptOverride,     ///< OT of (S,G,rpt)
    Assert,          ///< AT
    Graft,           ///< GRT, dense mode
    PruneLimit,      ///< PLT, dense mode
    Override,        ///< OT, dense mode
    Prune,           ///< PT: a downstream prune, dense mode
    StateRefresh,    ///< SRT, dense mode
    Election,        ///< DFT, bidirectional; the group is the RP
};

/// Which timer of which entry. The source is none for (*,G); the port is NO_PORT if there is only
/// one.
struct TreeKey
{
    TreeTimer timer = TreeTimer::Expiry;
    PortIndex port = NO_PORT;
    IpAddress group;
    IpAddress source;
    friend bool operator==(const TreeKey&, const TreeKey&) = default;

    template <typename H>
    friend H
    AbslHashValue(H state, const TreeKey& key)
    {
        return H::combine(std::move(state), key.timer, key.port, key.group, key.source);
    }
};

using TreeTimers = TimerSet<TreeKey>;

/// Of one tree, who joined it on which port. States: no entry is NoInfo.
class DownstreamJoins
{
  public:
    /// A Join addressed to us. @param until expiry; NEVER is for ever
    void OnJoin(TreeTimers& timers, TreeKey key, TimeNs until);
    /// A Prune addressed to us. @param delay J/P override interval @return whether the port left
    /// the tree at once
    bool OnPrune(TreeTimers& timers, TreeKey key, TimeNs delay, TimeNs now);
    /// ET or PPT expired, or the port went down. @return whether the port was in the tree
    bool Drop(TreeTimers& timers, TreeKey key);

    bool
    Empty() const
    {
        return m_pending.empty();
    }

    /// @return ports in state Join or Prune-Pending
    PortSet Ports() const;

    bool
    Has(PortIndex port) const
    {
        return m_pending.contains(port);
    }

  private:
    std::map<PortIndex, bool> m_pending; ///< true: Prune-Pending
};

/// Of one tree, our own join towards its root.
class UpstreamJoin
{
  public:
    /// What has to be sent.
    struct Actions
    {
        bool join = false;  ///< to the present RPF neighbour
        bool prune = false; ///< to the one in pruneFrom
        Rpf pruneFrom;
    };

    /// Brings the machine in line with JoinDesired and RPF'.
    Actions Update(RouterContext& context,
                   TreeTimers& timers,
                   const TreeKey& key,
                   bool desired,
                   const Rpf& rpf,
                   TimeNs now);

    /// JT expired: the Join is to be sent again.
    void OnTimer(RouterContext& context, TreeTimers& timers, const TreeKey& key, TimeNs now);
    /// Another router's Join to RPF' delays ours.
    void SeeJoin(
        RouterContext& context, TreeTimers& timers, const TreeKey& key, TimeNs hold, TimeNs now);
    /// Another router's Prune to RPF', or RPF' restarted: ours has to come soon.
    void Hurry(RouterContext& context, TreeTimers& timers, const TreeKey& key, TimeNs now);

    bool
    Joined() const
    {
        return m_joined;
    }

    const Rpf&
    Towards() const
    {
        return m_rpf;
    }

  private:
    bool m_joined = false;
    Rpf m_rpf;
};

/// @return the expiry of what a message with a holdtime asked for
inline TimeNs
HoldUntil(std::uint16_t holdtime, TimeNs now)
{
    return holdtime == PIM_FOREVER ? NEVER : now + std::chrono::seconds(holdtime);
}

} // namespace weft::multicast

#endif
