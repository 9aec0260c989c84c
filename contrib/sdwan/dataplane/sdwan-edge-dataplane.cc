// SPDX-License-Identifier: GPL-2.0-only
/** @file Construction, timers and counters of EdgeDataplane. */
#include "sdwan-edge-dataplane.h"

#include <algorithm>

namespace weft::sdwan
{

EdgeDataplane::EdgeDataplane(EdgeConfig config, TimeNs now)
    : m_config(std::move(config)),
      m_policy(m_config.rules, m_config.applications, m_config.defaultRule),
      m_sendFlows(m_config.maxFlows, m_config.flowIdleTimeout)
{
    Check(m_config);
    const std::size_t rules = m_policy.Rules().size() + 1;
    m_peers.reserve(m_config.peers.size());
    for (const auto& peer : m_config.peers)
    {
        m_peers.push_back({.clock = {},
                           .ids = FlowIdAllocator(peer.flowIdTopBit),
                           .tunnels = {},
                           .candidates = std::vector<std::vector<Candidate>>(rules)});
    }
    m_lanMtu = SIZE_MAX;
    for (const auto& link : m_config.links)
    {
        m_lanMtu = std::min(m_lanMtu, LargestPayload(link.mtu));
    }
    for (const auto& tunnel : m_config.tunnels)
    {
        AddTunnel(tunnel, now);
    }
}

EdgeDataplane::~EdgeDataplane() = default;

void
EdgeDataplane::AddTunnel(const EdgeTunnel& tunnel, TimeNs now)
{
    const auto id = static_cast<TunnelId>(m_tunnels.size());
    PeerState& peer = m_peers[tunnel.peer];
    SecureTunnelConfig crypto;
    crypto.suite = m_config.suite;
    crypto.secret = tunnel.secret;
    crypto.initiator = tunnel.initiator;
    crypto.rekeyInterval = m_config.rekeyInterval;
    crypto.overlap = m_config.rekeyOverlap;
    crypto.packetsPerKey = m_config.packetsPerKey;
    auto state = std::make_unique<TunnelState>(crypto, m_config.monitor, peer.clock, now);
    state->peer = tunnel.peer;
    state->link = tunnel.link;
    state->remoteAddress = tunnel.remoteAddress;
    state->remoteLink = tunnel.remoteLink;
    state->judges.resize(m_policy.Rules().size() + 1);
    m_tunnelByAddresses[(std::uint64_t{m_config.links[tunnel.link].address} << 32) |
                        tunnel.remoteAddress] = id;
    peer.tunnels.push_back(id);
    m_deadlines.Update({TimerOwner::Tunnel, id}, state->queued, state->monitor.NextDeadline());
    m_tunnels.push_back(std::move(state));
}

DropReason
EdgeDataplane::Count(DropReason reason, std::size_t bytes)
{
    DropCounter& counter = m_drops[static_cast<std::size_t>(reason)];
    ++counter.packets;
    counter.bytes += bytes;
    return reason;
}

void
EdgeDataplane::OnDeadline(TimeNs now)
{
    TimerOwner owner;
    TimeNs at;
    // An entry that is not its owner's live one was overtaken by an earlier one: the owner has been
    // served.
    while (m_deadlines.PopDue(now, owner, at))
    {
        switch (owner.kind)
        {
        case TimerOwner::Tunnel:
        {
            TunnelState& tunnel = *m_tunnels[owner.index];
            if (tunnel.queued == at)
            {
                tunnel.queued = NEVER;
                ServiceTunnel(static_cast<TunnelId>(owner.index), now);
            }
            break;
        }
        case TimerOwner::TunnelFec:
        {
            const auto id = static_cast<TunnelId>(owner.index / TRAFFIC_CLASSES);
            const std::size_t c = owner.index % TRAFFIC_CLASSES;
            TunnelState& tunnel = *m_tunnels[id];
            if (tunnel.fecQueued[c] == at)
            {
                tunnel.fecQueued[c] = NEVER;
                const auto last = m_sendById.find(FlowIndex(tunnel.peer, tunnel.fecFlow[c]));
                SendFlow* flow = last == m_sendById.end() ? nullptr : &last->second->value;
                SendParity(*tunnel.fecEncoders[c], id, flow, now);
                m_deadlines.Update(
                    owner, tunnel.fecQueued[c], tunnel.fecEncoders[c]->NextDeadline());
            }
            break;
        }
        case TimerOwner::FlowFec:
        case TimerOwner::SendFlow:
        {
            const auto found = m_sendById.find(owner.index);
            if (found == m_sendById.end())
            {
                break; // the flow has gone
            }
            SendEntry& entry = *found->second;
            SendFlow& flow = entry.value;
            if (owner.kind == TimerOwner::SendFlow && flow.queued == at)
            {
                flow.queued = NEVER;
                Judge(flow.peer, flow.ruleIndex, now);
                Steer(entry, now);
            }
            else if (owner.kind == TimerOwner::FlowFec && flow.fecQueued == at)
            {
                flow.fecQueued = NEVER;
                const TunnelId primary = flow.steering->Current().primary;
                if (primary != NO_TUNNEL)
                {
                    SendParity(*flow.fec, primary, &flow, now);
                    m_deadlines.Update(owner, flow.fecQueued, flow.fec->NextDeadline());
                }
            }
            break;
        }
        case TimerOwner::ReceiveFlow:
        {
            const auto found = m_receiveFlows.find(owner.index);
            if (found != m_receiveFlows.end() && found->second->queued == at)
            {
                found->second->queued = NEVER;
                Release(owner.index, *found->second, now);
            }
            break;
        }
        case TimerOwner::Housekeeping:
        {
            m_housekeepingQueued = NEVER;
            m_sendFlows.ExpireIdle(now, [this](SendEntry& entry) { ForgetSendFlow(entry); });
            TimeNs next = m_sendFlows.NextExpiry();
            // Before the sender does: one that starts the flow's numbers anew meets no memory of
            // the old.
            const TimeNs forgetAfter = m_config.flowIdleTimeout - m_config.flowIdleTimeout / 8;
            absl::erase_if(m_receiveFlows, [&](const auto& flow) {
                const TimeNs expiry = flow.second->lastUsed + forgetAfter;
                if (expiry > now)
                {
                    next = std::min(next, expiry);
                    return false;
                }
                ForgetReceiveFlow(*flow.second);
                return true;
            });
            // Not for each flow alone: a round looks at all of them.
            m_deadlines.Update(owner,
                               m_housekeepingQueued,
                               next == NEVER ? NEVER
                                             : std::max(next, now + m_config.flowIdleTimeout / 64));
            break;
        }
        }
    }
}

void
EdgeDataplane::PopEvent()
{
    if (++m_eventHead == m_events.size())
    {
        m_events.clear();
        m_eventHead = 0;
    }
}

const SendFlow*
EdgeDataplane::FindSendFlow(const FlowKey& key) const
{
    const auto* entry = m_sendFlows.Peek(key);
    return entry ? &entry->value : nullptr;
}

const ReceiveFlow*
EdgeDataplane::FindReceiveFlow(std::uint16_t peer, FlowId flow) const
{
    const auto found = m_receiveFlows.find(FlowIndex(peer, flow));
    return found == m_receiveFlows.end() ? nullptr : found->second.get();
}

std::size_t
EdgeDataplane::Buffered() const
{
    std::size_t n = 0;
    for (const auto& [index, flow] : m_receiveFlows)
    {
        n += flow->buffer.Depth();
    }
    return n;
}

FecCounters
EdgeDataplane::Fec() const
{
    FecCounters sum = m_retired;
    for (const auto& tunnel : m_tunnels)
    {
        sum += tunnel->fecDecoder.Counters();
        for (const auto& encoder : tunnel->fecEncoders)
        {
            if (encoder)
            {
                sum += encoder->Counters();
            }
        }
    }
    for (const auto& [index, entry] : m_sendById)
    {
        if (entry->value.fec)
        {
            sum += entry->value.fec->Counters();
        }
    }
    for (const auto& [index, flow] : m_receiveFlows)
    {
        if (flow->fecDecoder)
        {
            sum += flow->fecDecoder->Counters();
        }
    }
    return sum;
}

FecCounters&
FecCounters::operator+=(const FecEncoderCounters& c)
{
    sent += c.sent;
    flushed += c.flushed;
    return *this;
}

FecCounters&
FecCounters::operator+=(const FecDecoderCounters& c)
{
    received += c.received;
    used += c.used;
    wasted += c.wasted;
    unrecoverable += c.unrecoverable;
    late += c.late;
    malformed += c.malformed;
    return *this;
}

} // namespace weft::sdwan
