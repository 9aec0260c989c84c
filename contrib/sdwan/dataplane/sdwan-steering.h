// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Which tunnel a flow is sent on: the values that go in and come out, and the interface of a
 * strategy.
 *
 * One strategy object steers one flow (or one group of flows of the same rule and peer). The Edge
 * calls Evaluate() when the quality or usability of a candidate changed, when the peer's tunnel for
 * the flow changed, and at NextDeadline(); it sends by Current(), which is two loads on the packet
 * path.
 */
#ifndef SDWAN_STEERING_H
#define SDWAN_STEERING_H

#include "sdwan-sla.h"

#include <span>
#include <string>
#include <vector>

namespace weft::sdwan
{

/// What policy says of a link for a rule; lower is better.
enum class LinkRank : std::uint8_t
{
    Preferred = 0,
    Available = 1,
    Backup = 2,    ///< used only while no other allowed path is usable
    Forbidden = 3, ///< never used (the rule has mandatory links and this is none of them)
};

/// A tunnel to the flow's peer, as it stands now.
struct Candidate
{
    TunnelId tunnel = NO_TUNNEL;
    std::uint16_t link = 0; ///< index of the local link's name, copied to decisions
    LinkRank rank = LinkRank::Available;
    bool usable = false;
    const PathQuality* quality = nullptr; ///< outbound; never null in a call
    SlaVerdict sla;                       ///< of that quality, by the rule's profile
};

/// Where packets go. Copies go to `duplicate` unless it is NO_TUNNEL.
struct Selection
{
    TunnelId primary = NO_TUNNEL;
    TunnelId duplicate = NO_TUNNEL;
    bool fec = false;

    friend bool operator==(const Selection&, const Selection&) = default;
};

enum class SteeringAction : std::uint8_t
{
    Open,          ///< first path of the flow
    Duplicate,     ///< copies start
    StopDuplicate, ///< copies end; the primary stays
    Switch,        ///< the primary moves because its path is out of SLA or dead; copies end
    Return,        ///< the primary moves back to a path of better rank; copies end
    FecOn,
    FecOff,
    LeastBad, ///< the primary is, or moves to, the least bad of paths that are all out of SLA
    Follow,   ///< the primary moves to the tunnel the peer sends this flow on; copies end
    PathDown, ///< not of a flow: the tunnel became unusable
    PathUp,
};

/// @return the name used in result files, such as "stop-duplicate".
std::string_view ToString(SteeringAction action);

/// One decision with everything that caused it.
struct Decision
{
    SteeringAction action = SteeringAction::Open;
    TimeNs at{0};
    TunnelId from = NO_TUNNEL; ///< primary before
    TunnelId to = NO_TUNNEL; ///< the tunnel the action is about: new primary, or the copies' tunnel
    std::uint16_t fromLink = 0; ///< valid unless the tunnel is NO_TUNNEL
    std::uint16_t toLink = 0;
    SlaMetric metric = SlaMetric::None;
    double value = 0;       ///< measured; ms or fraction
    double bound = 0;       ///< the interval bound that was compared
    double threshold = 0;   ///< the limit it was compared with
    std::string_view timer; ///< name of the timer that expired, e.g. "switch_after"; empty: none
    TimeNs timerValue{0};
    std::string rule;   ///< policy rule
    std::string reason; ///< one sentence
};

/// Who chooses the path of the flow.
enum class FlowRole : std::uint8_t
{
    Opener,   ///< this Edge
    Follower, ///< the peer opened the flow; return packets go where the peer's come from
};

class SteeringStrategy
{
  public:
    virtual ~SteeringStrategy() = default;

    /**
     * Decides.
     *
     * @param candidates all tunnels to the peer, in a constant order
     * @param now the present, not before that of an earlier call
     * @param[out] decisions what changed is appended in order; untouched when nothing did
     */
    virtual void Evaluate(std::span<const Candidate> candidates,
                          TimeNs now,
                          std::vector<Decision>& decisions) = 0;

    /**
     * Learns the tunnel a (non-duplicate) packet of this flow from the peer arrived on. Cheap
     * enough for every packet.
     *
     * @return whether it is another than before, so that Evaluate() should be called now
     */
    virtual bool Learn(TunnelId tunnel) = 0;

    /// When Evaluate() could decide differently though no candidate changes.
    virtual TimeNs NextDeadline() const = 0;

    const Selection&
    Current() const
    {
        return m_selection;
    }

  protected:
    Selection m_selection;
};

} // namespace weft::sdwan

#endif
