// SPDX-License-Identifier: GPL-2.0-only
/** @file The steering and control half of EdgeDataplane. */
#include "sdwan-edge-dataplane.h"

namespace weft::sdwan
{

namespace
{

constexpr std::uint8_t DSCP_CONTROL = 48; ///< CS6, RFC 4594: network control

} // namespace

const PolicyRule&
EdgeDataplane::RuleAt(std::size_t index) const
{
    return index < m_policy.Rules().size() ? m_policy.Rules()[index] : m_policy.Default();
}

void
EdgeDataplane::Judge(std::uint16_t peer, std::size_t rule, TimeNs now)
{
    PeerState& state = m_peers[peer];
    auto& candidates = state.candidates[rule];
    const PolicyRule& policy = RuleAt(rule);
    if (candidates.empty())
    {
        for (const TunnelId id : state.tunnels)
        {
            const TunnelState& tunnel = *m_tunnels[id];
            candidates.push_back({.tunnel = id,
                                  .link = tunnel.link,
                                  .rank = policy.links.Rank(m_config.links[tunnel.link].name),
                                  .usable = false,
                                  .quality = &tunnel.monitor.Forward(),
                                  .sla = {}});
        }
    }
    for (auto& candidate : candidates)
    {
        TunnelState& tunnel = *m_tunnels[candidate.tunnel];
        auto& judge = tunnel.judges[rule];
        if (!judge)
        {
            judge = std::make_unique<SlaJudge>(policy.Sla(), m_config.monitor.smoothedWindow);
        }
        candidate.usable = tunnel.monitor.Usable();
        candidate.sla = judge->Judge(tunnel.monitor.Forward(), now);
    }
}

void
EdgeDataplane::Steer(SendEntry& entry, TimeNs now)
{
    SendFlow& flow = entry.value;
    m_decisions.clear();
    flow.steering->Evaluate(m_peers[flow.peer].candidates[flow.ruleIndex], now, m_decisions);
    for (auto& decision : m_decisions)
    {
        Announce({.decision = std::move(decision),
                  .peer = flow.peer,
                  .ofFlow = true,
                  .flow = flow.id,
                  .key = entry.key,
                  .opener = flow.opener},
                 now);
    }
    m_deadlines.Update({TimerOwner::SendFlow, FlowIndex(flow.peer, flow.id)},
                       flow.queued,
                       flow.steering->NextDeadline());
}

void
EdgeDataplane::SteerPeer(std::uint16_t peer, TimeNs now)
{
    PeerState& state = m_peers[peer];
    for (std::size_t rule = 0; rule < state.candidates.size(); ++rule)
    {
        if (!state.candidates[rule].empty())
        {
            Judge(peer, rule, now);
        }
    }
    m_sendFlows.ForEach([&](SendEntry& entry) {
        if (entry.value.peer == peer)
        {
            Steer(entry, now);
        }
    });
}

void
EdgeDataplane::Announce(const EdgeEvent& event, TimeNs now)
{
    m_events.push_back(event);
    const auto action = event.decision.action;
    const bool moved = action == SteeringAction::Open || action == SteeringAction::Switch ||
                       action == SteeringAction::Return || action == SteeringAction::LeastBad;
    if (event.ofFlow && event.opener && moved && event.decision.to != NO_TUNNEL)
    {
        // Tells the peer at once where the answer belongs; its own first look at the data would
        // tell it too.
        TunnelState& tunnel = *m_tunnels[event.decision.to];
        const auto flow = m_sendById.find(FlowIndex(event.peer, event.flow));
        const std::uint32_t from = flow == m_sendById.end() ? 0 : flow->second->value.nextSequence;
        tunnel.affinities.push_back({event.flow, event.key, from});
        m_deadlines.Update({TimerOwner::Tunnel, event.decision.to}, tunnel.queued, now);
    }
}

void
EdgeDataplane::ServiceTunnel(TunnelId id, TimeNs now)
{
    TunnelState& tunnel = *m_tunnels[id];
    m_control.clear();
    std::uint8_t flags = vcmp::CONTROL;
    while (const auto message = tunnel.monitor.PollControl(now))
    {
        if (std::holds_alternative<Probe>(*message))
        {
            flags |= vcmp::ACK_WANTED;
        }
        Encode(*message, m_control);
    }
    const auto send = [&] {
        VcmpHeader header;
        header.flags = flags;
        SendOn(id, header, m_control, now, DSCP_CONTROL);
        m_control.clear();
        flags = vcmp::CONTROL;
    };
    for (const auto& affinity : tunnel.affinities)
    {
        const ControlMessage message{affinity};
        if (m_control.size() + EncodedSize(message) > m_lanMtu)
        {
            send(); // many flows moved at once
        }
        Encode(message, m_control);
    }
    tunnel.affinities.clear();
    if (!m_control.empty())
    {
        send();
    }
    while (const auto event = tunnel.monitor.PollEvent())
    {
        Decision decision;
        decision.action = event->up ? SteeringAction::PathUp : SteeringAction::PathDown;
        decision.at = event->at;
        decision.from = event->up ? NO_TUNNEL : id;
        decision.to = event->up ? id : NO_TUNNEL;
        decision.fromLink = decision.toLink = tunnel.link;
        decision.metric = SlaMetric::Usability;
        decision.value = event->count;
        decision.bound = event->count;
        decision.threshold = event->up ? event->count : m_config.monitor.missesToFail;
        decision.timer = event->timer;
        decision.timerValue = event->timerValue;
        decision.reason = event->up ? "the path answers"
                                    : std::to_string(event->count) + " answers missed in a row";
        Announce({.decision = std::move(decision),
                  .peer = tunnel.peer,
                  .ofFlow = false,
                  .flow = 0,
                  .key = {},
                  .opener = false},
                 now);
    }
    if (tunnel.versionSeen != tunnel.monitor.Version())
    {
        tunnel.versionSeen = tunnel.monitor.Version();
        SteerPeer(tunnel.peer, now);
    }
    m_deadlines.Update({TimerOwner::Tunnel, id}, tunnel.queued, tunnel.monitor.NextDeadline());
}

} // namespace weft::sdwan
