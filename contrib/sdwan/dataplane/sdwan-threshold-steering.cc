// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-threshold-steering.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <tuple>

namespace weft::sdwan
{

namespace
{

void
Require(bool ok, const char* field, double value, const char* rule)
{
    if (!ok)
    {
        throw std::invalid_argument(std::string("steering: ") + field + " = " +
                                    std::to_string(value) + ": " + rule);
    }
}

double
Seconds(TimeNs t)
{
    return std::chrono::duration<double>(t).count();
}

const SteeringConfig&
Checked(const SteeringConfig& c)
{
    const std::pair<const char*, TimeNs> times[] = {{"duplicateAfter", c.duplicateAfter},
                                                    {"stopDuplicateAfter", c.stopDuplicateAfter},
                                                    {"switchAfter", c.switchAfter},
                                                    {"returnAfter", c.returnAfter},
                                                    {"holdDown", c.holdDown},
                                                    {"followPatience", c.followPatience},
                                                    {"fecOffAfter", c.fecOffAfter}};
    for (const auto& [field, value] : times)
    {
        Require(value >= TimeNs{0}, field, Seconds(value), "must not be negative");
    }
    Require(c.fecLossLevel > 0 && c.fecLossLevel < 1,
            "fecLossLevel",
            c.fecLossLevel,
            "must lie between 0 and 1");
    Require(
        c.leastBadAdvantage >= 0, "leastBadAdvantage", c.leastBadAdvantage, "must not be negative");
    return c;
}

/// Usable and not shown to be out of SLA.
bool
Good(const Candidate& c)
{
    return c.usable && c.sla.state != SlaState::Out;
}

/// "2 s", "0.3 s"
std::string
Describe(TimeNs t)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.6g s", Seconds(t));
    return text;
}

void
TakeVerdict(Decision& d, const SlaVerdict& v)
{
    d.metric = v.metric;
    d.value = v.value;
    d.bound = v.bound;
    d.threshold = v.limit;
}

} // namespace

ThresholdSteering::ThresholdSteering(const SteeringConfig& config, std::string rule)
    : m_config(Checked(config)), m_rule(std::move(rule))
{
    PathDamping{m_config.damping}; // refuses what is wrong now rather than when a path is met
}

bool
ThresholdSteering::Learn(TunnelId tunnel)
{
    if (tunnel == m_learned)
    {
        return false;
    }
    m_learned = tunnel;
    m_learnedNew = true;
    return m_config.role == FlowRole::Follower;
}

TimeNs
ThresholdSteering::NextDeadline() const
{
    return m_deadline;
}

bool
ThresholdSteering::Due(TimeNs at, TimeNs now)
{
    if (at <= now)
    {
        return true;
    }
    m_deadline = std::min(m_deadline, at);
    return false;
}

TimeNs
ThresholdSteering::HoldDownEnd(TimeNs now) const
{
    return m_moved ? m_lastMove + m_config.holdDown : now;
}

// What is remembered of each path

ThresholdSteering::Memory&
ThresholdSteering::MemoryOf(TunnelId tunnel)
{
    for (Memory& m : m_memory)
    {
        if (m.tunnel == tunnel)
        {
            return m;
        }
    }
    return m_memory.emplace_back(Memory{tunnel, PathDamping(m_config.damping)});
}

void
ThresholdSteering::Remember(Candidates candidates, TimeNs now)
{
    for (const Candidate& c : candidates)
    {
        const std::size_t known = m_memory.size();
        Memory& m = MemoryOf(c.tunnel);
        // A path met for the first time may have been as it is since before this flow began.
        const TimeNs since = m_memory.size() > known ? std::min(c.sla.since, now) : now;
        m.link = c.link;
        if (Good(c))
        {
            m.goodSince = m.goodSince == NEVER ? since : m.goodSince;
            m.badSince = NEVER;
        }
        else
        {
            m.badSince = m.badSince == NEVER ? (c.usable ? since : now) : m.badSince;
            m.goodSince = NEVER;
        }
    }
}

// Choosing among paths

const Candidate*
ThresholdSteering::Find(Candidates candidates, TunnelId tunnel)
{
    for (const Candidate& c : candidates)
    {
        if (c.tunnel == tunnel)
        {
            return &c;
        }
    }
    return nullptr;
}

const Candidate*
ThresholdSteering::Best(Candidates candidates, TunnelId except, TimeNs now, LinkRank below)
{
    const bool backups = std::none_of(candidates.begin(), candidates.end(), [](const Candidate& c) {
        return c.usable && c.rank < LinkRank::Backup;
    });
    const auto order = [this, now](const Candidate& c) {
        const bool bad = !Good(c);
        const bool suppressed = MemoryOf(c.tunnel).damping.SuppressedUntil(now) > now;
        // Among paths that are all out of SLA only the margin counts.
        const auto rank = bad ? LinkRank::Preferred : c.rank;
        return std::make_tuple(bad, suppressed, rank, -c.sla.margin, c.tunnel);
    };
    const Candidate* best = nullptr;
    for (const Candidate& c : candidates)
    {
        if (!c.usable || c.rank >= below || c.tunnel == except ||
            (c.rank == LinkRank::Backup && !backups))
        {
            continue;
        }
        if (!best || order(c) < order(*best))
        {
            best = &c;
        }
    }
    return best;
}

Decision
ThresholdSteering::Make(SteeringAction action, TimeNs now) const
{
    Decision d;
    d.action = action;
    d.at = now;
    d.rule = m_rule;
    return d;
}

void
ThresholdSteering::MoveTo(const Candidate& to, Decision decision, std::vector<Decision>& out)
{
    decision.from = m_selection.primary;
    if (decision.from != NO_TUNNEL)
    {
        decision.fromLink = MemoryOf(decision.from).link;
        m_moved = true;
        m_lastMove = decision.at;
    }
    decision.to = to.tunnel;
    decision.toLink = to.link;
    m_selection.primary = to.tunnel;
    m_selection.duplicate = NO_TUNNEL;
    m_betterTunnel = NO_TUNNEL;
    out.push_back(std::move(decision));
}

// The steps

void
ThresholdSteering::Evaluate(Candidates candidates, TimeNs now, std::vector<Decision>& decisions)
{
    m_deadline = NEVER;
    Remember(candidates, now);
    if (m_selection.primary == NO_TUNNEL)
    {
        Open(candidates, now, decisions);
    }
    // At most one move in one evaluation, by the most urgent cause.
    else if (!LeaveDead(candidates, now, decisions) && !Follow(candidates, now, decisions) &&
             !LeaveBad(candidates, now, decisions))
    {
        ReturnToBetter(candidates, now, decisions);
    }
    if (m_selection.primary != NO_TUNNEL)
    {
        Copies(candidates, now, decisions);
        Parity(candidates, now, decisions);
    }
}

void
ThresholdSteering::Open(Candidates candidates, TimeNs now, std::vector<Decision>& out)
{
    const Candidate* best = Best(candidates, NO_TUNNEL, now);
    Decision d = Make(SteeringAction::Open, now);
    const Candidate* learned = Find(candidates, m_learned);
    if (m_config.role == FlowRole::Follower && learned && learned->usable &&
        learned->rank != LinkRank::Forbidden)
    {
        m_learnedNew = false;
        d.reason = "the peer sends this flow here";
        TakeVerdict(d, learned->sla);
        MoveTo(*learned, std::move(d), out);
        return;
    }
    if (!best)
    {
        return;
    }
    TakeVerdict(d, best->sla);
    if (!Good(*best))
    {
        d.action = SteeringAction::LeastBad;
        d.reason = "every path is out of SLA; this one least (" + Describe(best->sla) + ")";
    }
    else
    {
        d.reason = best->rank == LinkRank::Preferred ? "preferred and in SLA ("
                   : best->rank == LinkRank::Backup  ? "backup, as no other path is usable ("
                                                     : "the most margin of the paths in SLA (";
        d.reason += Describe(best->sla) + ")";
    }
    MoveTo(*best, std::move(d), out);
}

bool
ThresholdSteering::LeaveDead(Candidates candidates, TimeNs now, std::vector<Decision>& out)
{
    const Candidate* primary = Find(candidates, m_selection.primary);
    if (primary && primary->usable)
    {
        return false;
    }
    const Candidate* best = Best(candidates, m_selection.primary, now);
    if (best)
    {
        MemoryOf(m_selection.primary).damping.Penalise(now);
        Decision d = Make(SteeringAction::Switch, now);
        d.metric = SlaMetric::Usability;
        d.timer = "missed-answers";
        d.reason = "the path in use does not answer";
        if (!Good(*best))
        {
            d.reason += "; every other path is out of SLA";
        }
        MoveTo(*best, std::move(d), out);
    }
    return true;
}

bool
ThresholdSteering::Follow(Candidates candidates, TimeNs now, std::vector<Decision>& out)
{
    if (m_config.role != FlowRole::Follower || m_learned == NO_TUNNEL)
    {
        return false;
    }
    if (m_learned == m_selection.primary)
    {
        m_overriding = false;
        m_learnedNew = false;
        return false;
    }
    const Candidate* learned = Find(candidates, m_learned);
    if (!learned || !learned->usable || learned->rank == LinkRank::Forbidden)
    {
        return false;
    }
    Decision d = Make(SteeringAction::Follow, now);
    d.reason = "the peer sends this flow here";
    if (m_overriding && !m_learnedNew)
    {
        const Memory& m = MemoryOf(m_learned);
        if (m.goodSince == NEVER || !Due(m.goodSince + m_config.returnAfter, now))
        {
            return false;
        }
        d.timer = "return_after";
        d.timerValue = m_config.returnAfter;
        d.reason += ", and it has been in SLA again for " + Describe(m_config.returnAfter);
    }
    TakeVerdict(d, learned->sla);
    m_overriding = false;
    m_learnedNew = false;
    MoveTo(*learned, std::move(d), out);
    return true;
}

bool
ThresholdSteering::LeaveBad(Candidates candidates, TimeNs now, std::vector<Decision>& out)
{
    const Candidate& primary = *Find(candidates, m_selection.primary);
    const Candidate* best = Best(candidates, primary.tunnel, now);
    if (Good(primary) || !m_config.switchPaths || !best)
    {
        m_betterTunnel = NO_TUNNEL;
        return false;
    }
    if (!Good(*best))
    {
        return LeaveForLeastBad(primary, *best, now, out);
    }
    m_betterTunnel = NO_TUNNEL;
    TimeNs wait = m_config.switchAfter;
    if (m_config.role == FlowRole::Follower)
    {
        wait += m_config.followPatience;
    }
    Memory& memory = MemoryOf(primary.tunnel);
    if (!Due(std::max(memory.badSince + wait, HoldDownEnd(now)), now))
    {
        return false;
    }
    memory.damping.Penalise(now);
    Decision d = Make(SteeringAction::Switch, now);
    TakeVerdict(d, primary.sla);
    d.timer = "switch_after";
    d.timerValue = wait;
    d.reason = "out of SLA for " + Describe(now - memory.badSince) + " (" + Describe(primary.sla) +
               "); the other path is in";
    m_overriding = m_config.role == FlowRole::Follower;
    MoveTo(*best, std::move(d), out);
    return true;
}

bool
ThresholdSteering::LeaveForLeastBad(const Candidate& primary,
                                    const Candidate& best,
                                    TimeNs now,
                                    std::vector<Decision>& out)
{
    if (m_config.role == FlowRole::Follower ||
        best.sla.margin <= primary.sla.margin + m_config.leastBadAdvantage)
    {
        m_betterTunnel = NO_TUNNEL;
        return false;
    }
    if (m_betterTunnel != best.tunnel)
    {
        m_betterTunnel = best.tunnel;
        m_betterSince = now;
    }
    if (!Due(std::max(m_betterSince + m_config.switchAfter, HoldDownEnd(now)), now))
    {
        return false;
    }
    Decision d = Make(SteeringAction::LeastBad, now);
    TakeVerdict(d, primary.sla);
    d.timer = "switch_after";
    d.timerValue = m_config.switchAfter;
    char margins[96];
    std::snprintf(margins,
                  sizeof margins,
                  "margin %.2f against %.2f, for %s",
                  best.sla.margin,
                  primary.sla.margin,
                  Describe(now - m_betterSince).c_str());
    d.reason = "every path is out of SLA; the other clearly less (" + std::string(margins) + ")";
    MoveTo(best, std::move(d), out);
    return true;
}

bool
ThresholdSteering::ReturnToBetter(Candidates candidates, TimeNs now, std::vector<Decision>& out)
{
    const Candidate& primary = *Find(candidates, m_selection.primary);
    if (m_config.role == FlowRole::Follower || !Good(primary))
    {
        return false;
    }
    const Candidate* best = nullptr;
    for (const Candidate& c : candidates)
    {
        if (!Good(c) || c.rank >= primary.rank)
        {
            continue;
        }
        Memory& m = MemoryOf(c.tunnel);
        const bool due = Due(std::max({m.goodSince + m_config.returnAfter,
                                       HoldDownEnd(now),
                                       m.damping.SuppressedUntil(now)}),
                             now);
        if (due && (!best || std::make_tuple(c.rank, -c.sla.margin) <
                                 std::make_tuple(best->rank, -best->sla.margin)))
        {
            best = &c;
        }
    }
    if (!best)
    {
        return false;
    }
    Decision d = Make(SteeringAction::Return, now);
    TakeVerdict(d, best->sla);
    d.timer = "return_after";
    d.timerValue = m_config.returnAfter;
    d.reason = "a path of better rank has been in SLA for " +
               Describe(now - MemoryOf(best->tunnel).goodSince) + " (" + Describe(best->sla) + ")";
    MoveTo(*best, std::move(d), out);
    return true;
}

void
ThresholdSteering::Copies(Candidates candidates, TimeNs now, std::vector<Decision>& out)
{
    const Candidate* primary = Find(candidates, m_selection.primary);
    if (!primary || !primary->usable)
    {
        return;
    }
    const Memory& memory = MemoryOf(primary->tunnel);
    const auto stop = [&](Decision d) {
        const TunnelId copies = std::exchange(m_selection.duplicate, NO_TUNNEL);
        d.from = primary->tunnel;
        d.fromLink = primary->link;
        d.to = copies;
        d.toLink = MemoryOf(copies).link;
        out.push_back(std::move(d));
    };
    if (m_selection.duplicate != NO_TUNNEL)
    {
        const Candidate* copies = Find(candidates, m_selection.duplicate);
        if (!copies || !copies->usable)
        {
            Decision d = Make(SteeringAction::StopDuplicate, now);
            d.metric = SlaMetric::Usability;
            d.timer = "missed-answers";
            d.reason = "the copies' path does not answer";
            stop(std::move(d));
        }
        else if (Good(*primary) && Due(memory.goodSince + m_config.stopDuplicateAfter, now))
        {
            Decision d = Make(SteeringAction::StopDuplicate, now);
            TakeVerdict(d, primary->sla);
            d.timer = "stop_duplicate_after";
            d.timerValue = m_config.stopDuplicateAfter;
            d.reason = "the path in use is back in SLA (" + Describe(primary->sla) + ")";
            stop(std::move(d));
        }
        else
        {
            return;
        }
    }
    if (!m_config.duplicate || Good(*primary))
    {
        return;
    }
    const Candidate* best = Best(candidates, primary->tunnel, now);
    // Copies on a bad path still help against loss and jitter (the first one counts), but not
    // against a latency both have.
    if (!best || (!Good(*best) && primary->sla.metric == SlaMetric::Latency) ||
        !Due(memory.badSince + m_config.duplicateAfter, now))
    {
        return;
    }
    Decision d = Make(SteeringAction::Duplicate, now);
    TakeVerdict(d, primary->sla);
    d.timer = "duplicate_after";
    d.timerValue = m_config.duplicateAfter;
    d.from = primary->tunnel;
    d.fromLink = primary->link;
    d.to = best->tunnel;
    d.toLink = best->link;
    d.reason = "the path in use is out of SLA (" + Describe(primary->sla) + ")";
    m_selection.duplicate = best->tunnel;
    out.push_back(std::move(d));
}

void
ThresholdSteering::Parity(Candidates candidates, TimeNs now, std::vector<Decision>& out)
{
    if (m_config.fec == FecMode::Off)
    {
        return;
    }
    const Candidate* primary = Find(candidates, m_selection.primary);
    if (!primary)
    {
        return;
    }
    const MetricEstimate& loss = primary->quality->instantaneous.loss;
    const bool always = m_config.fec == FecMode::Always;
    const bool cause =
        always || (loss.Known() && (loss.lower > m_config.fecLossLevel ||
                                    (m_selection.fec && loss.value > m_config.fecLossLevel)));
    if (cause)
    {
        m_lastCause = now;
    }
    // Usually nothing changes, and no decision is made up.
    if (cause == m_selection.fec || (!cause && !Due(m_lastCause + m_config.fecOffAfter, now)))
    {
        return;
    }
    m_selection.fec = cause;
    Decision d = Make(cause ? SteeringAction::FecOn : SteeringAction::FecOff, now);
    d.from = primary->tunnel;
    d.fromLink = primary->link;
    d.to = primary->tunnel;
    d.toLink = primary->link;
    d.metric = SlaMetric::Loss;
    d.value = loss.value;
    d.threshold = always ? 0 : m_config.fecLossLevel;
    if (cause)
    {
        d.bound = loss.Known() ? loss.lower : 0;
        d.reason =
            always ? "the rule asks for parity at all times" : "loss is above the level for parity";
    }
    else
    {
        d.bound = loss.Known() ? loss.upper : 0;
        d.timer = "fec_off_after";
        d.timerValue = m_config.fecOffAfter;
        d.reason = "loss has not been above the level for " + Describe(m_config.fecOffAfter);
    }
    out.push_back(std::move(d));
}

} // namespace weft::sdwan
