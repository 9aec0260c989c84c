// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Steering by SLA thresholds: preference while in SLA, remedies of rising cost when not, and a slow
 * return.
 *
 * For the flow's opener, in order of force:
 *  1. a dead primary is left at once for the best usable path; no timer, hold-down or damping
 * delays that;
 *  2. a primary that has been out of SLA for `duplicateAfter` gets its packets copied onto the best
 * other path;
 *  3. one that has been out for `switchAfter` is left for a path in SLA, or, where none is, for one
 * whose margin is better by `leastBadAdvantage` for that long;
 *  4. a usable path of better rank that has been in SLA for `returnAfter` without a break takes the
 * flow back. Steps 3 and 4 keep `holdDown` between two moves, and avoid targets that damping
 * suppresses as long as there is another. "Best" is: usable, in SLA, not suppressed, lower rank,
 * larger margin, lower tunnel id - in this order. Backup paths count only while no other allowed
 * path is usable.
 *
 * A follower sends where the peer's packets come from. It makes copies on its own account (2),
 * leaves a dead path (1), and leaves the peer's choice only after `switchAfter + followPatience`
 * out of SLA.
 */
#ifndef SDWAN_THRESHOLD_STEERING_H
#define SDWAN_THRESHOLD_STEERING_H

#include "sdwan-path-damping.h"
#include "sdwan-steering.h"

namespace weft::sdwan
{

/// When parity is sent.
enum class FecMode : std::uint8_t
{
    Off,
    Always,
    Lossy, ///< while the primary's loss is shown to be above `fecLossLevel`
};

struct SteeringConfig
{
    FlowRole role = FlowRole::Opener;
    bool duplicate = false; ///< copies are allowed
    bool switchPaths =
        true; ///< moving off an out-of-SLA path is allowed (a dead path is left in any case)
    FecMode fec = FecMode::Off;
    double fecLossLevel = 0.01;                    ///< fraction in (0, 1)
    TimeNs fecOffAfter = std::chrono::seconds{10}; ///< parity ends after this long without cause
    TimeNs duplicateAfter{0};                      ///< out of SLA for so long: copy
    TimeNs stopDuplicateAfter = std::chrono::seconds{1}; ///< back in SLA for so long: stop copying
    TimeNs switchAfter = std::chrono::seconds{2};        ///< out of SLA for so long: move
    TimeNs returnAfter = std::chrono::seconds{20};   ///< better path in SLA for so long: move back
    TimeNs holdDown = std::chrono::seconds{5};       ///< least time between two moves
    TimeNs followPatience = std::chrono::seconds{5}; ///< see above
    double leastBadAdvantage = 0.25;                 ///< of margin; >= 0
    PathDampingConfig damping;                       ///< of paths left for being bad
};

class ThresholdSteering : public SteeringStrategy
{
  public:
    /**
     * @param config timers and permissions
     * @param rule name of the policy rule, copied into decisions
     * @throws std::invalid_argument naming field, value and rule
     */
    ThresholdSteering(const SteeringConfig& config, std::string rule);

    void Evaluate(std::span<const Candidate> candidates,
                  TimeNs now,
                  std::vector<Decision>& decisions) override;
    bool Learn(TunnelId tunnel) override;
    TimeNs NextDeadline() const override;

    const SteeringConfig&
    Config() const
    {
        return m_config;
    }

  private:
    /// What is remembered of a candidate.
    struct Memory
    {
        TunnelId tunnel;
        PathDamping damping;
        std::uint16_t link = 0;
        TimeNs goodSince = NEVER; ///< usable and not Out, without a break; NEVER: not now
        TimeNs badSince = NEVER;  ///< Out or unusable; NEVER: not now
    };

    using Candidates = std::span<const Candidate>;

    void Remember(Candidates candidates, TimeNs now);
    Memory& MemoryOf(TunnelId tunnel);
    static const Candidate* Find(Candidates candidates, TunnelId tunnel);
    /// The best path that is not @p except and of rank below @p below; null if none is usable.
    const Candidate* Best(Candidates candidates,
                          TunnelId except,
                          TimeNs now,
                          LinkRank below = LinkRank::Forbidden);

    void Open(Candidates candidates, TimeNs now, std::vector<Decision>& out);
    bool LeaveDead(Candidates candidates, TimeNs now, std::vector<Decision>& out);
    bool Follow(Candidates candidates, TimeNs now, std::vector<Decision>& out);
    bool LeaveBad(Candidates candidates, TimeNs now, std::vector<Decision>& out);
    bool LeaveForLeastBad(const Candidate& primary,
                          const Candidate& best,
                          TimeNs now,
                          std::vector<Decision>& out);
    bool ReturnToBetter(Candidates candidates, TimeNs now, std::vector<Decision>& out);
    void Copies(Candidates candidates, TimeNs now, std::vector<Decision>& out);
    void Parity(Candidates candidates, TimeNs now, std::vector<Decision>& out);

    Decision Make(SteeringAction action, TimeNs now) const;
    void MoveTo(const Candidate& to, Decision decision, std::vector<Decision>& out);
    /// Whether @p at has come; if not, Evaluate() wants to be called then.
    bool Due(TimeNs at, TimeNs now);
    TimeNs HoldDownEnd(TimeNs now) const;

    SteeringConfig m_config;
    std::string m_rule;
    std::vector<Memory> m_memory;
    TunnelId m_learned = NO_TUNNEL;
    bool m_learnedNew = false;
    bool m_overriding = false; ///< a follower that left the peer's choice
    bool m_moved = false;
    TimeNs m_lastMove{0};
    TimeNs m_betterSince = NEVER; ///< all bad: since when another path has been clearly better
    TunnelId m_betterTunnel = NO_TUNNEL;
    TimeNs m_lastCause{0}; ///< last instant with cause for parity
    TimeNs m_deadline = NEVER;
};

} // namespace weft::sdwan

#endif
