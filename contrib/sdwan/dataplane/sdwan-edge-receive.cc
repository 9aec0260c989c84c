// SPDX-License-Identifier: GPL-2.0-only
/** @file The receiving half of EdgeDataplane: from a datagram to packets for the LAN. */
#include "sdwan-edge-dataplane.h"
#include "sdwan-flow-key.h"

#include <algorithm>

namespace weft::sdwan
{

namespace
{

/// A flow's packets may still be on their way on a path for this long after the last one came by
/// it.
constexpr TimeNs PATH_MEMORY = std::chrono::seconds{2};
/// How often the hold of a jitter buffer follows the measurements.
constexpr TimeNs HOLD_REFRESH = std::chrono::milliseconds{100};
/// Added to every hold: covers the grain of timestamps and of the measurements.
constexpr TimeNs HOLD_MARGIN = std::chrono::milliseconds{5};

TimeNs
FromMs(double ms)
{
    return TimeNs{static_cast<std::int64_t>(ms * 1e6)};
}

} // namespace

DropReason
EdgeDataplane::OnOuterPacket(std::uint16_t link, ByteView packet, TimeNs now)
{
    OuterHeader outer;
    DropReason reason = ReadOuterHeader(packet, outer);
    if (reason != DropReason::None)
    {
        return Count(reason, packet.size());
    }
    const auto found =
        m_tunnelByAddresses.find((std::uint64_t{outer.destination} << 32) | outer.source);
    if (found == m_tunnelByAddresses.end() || m_tunnels[found->second]->link != link)
    {
        return Count(DropReason::UnknownTunnel, packet.size());
    }
    const TunnelId id = found->second;
    TunnelState& tunnel = *m_tunnels[id];
    const auto opened = tunnel.secure.Open(outer.payload, now);
    if (opened.reason != DropReason::None)
    {
        return Count(opened.reason, packet.size());
    }
    const VcmpHeader& header = opened.header;
    const bool control = header.Has(vcmp::CONTROL);
    tunnel.monitor.OnReceived(header.sequence, header.timestamp, now, !control);
    if (control)
    {
        reason = OnControl(id, opened.plaintext, now);
    }
    else if (header.Has(vcmp::PARITY))
    {
        reason = OnParity(id, header, opened.plaintext, now);
    }
    else
    {
        reason = OnData(id, header, opened.plaintext, false, now);
    }
    // A busy tunnel is served by its timer; an answer to a control message goes out at once.
    if (control)
    {
        ServiceTunnel(id, now);
    }
    else
    {
        m_deadlines.Update({TimerOwner::Tunnel, id}, tunnel.queued, tunnel.monitor.NextDeadline());
    }
    return reason == DropReason::None ? reason : Count(reason, packet.size());
}

DropReason
EdgeDataplane::OnControl(TunnelId id, ByteView payload, TimeNs now)
{
    if (CheckControlPayload(payload) != DropReason::None)
    {
        return DropReason::BadControl;
    }
    ControlMessage message;
    for (ControlReader reader(payload); !reader.AtEnd();)
    {
        reader.Next(message);
        if (const auto* affinity = std::get_if<FlowAffinity>(&message))
        {
            const std::uint64_t index = FlowIndex(m_tunnels[id]->peer, affinity->flow);
            const auto found = m_receiveFlows.find(index);
            if (found != m_receiveFlows.end())
            {
                LearnPath(index, *found->second, affinity->fromSequence, id, now);
            }
        }
        else
        {
            m_tunnels[id]->monitor.OnControl(message, now);
        }
    }
    return DropReason::None;
}

DropReason
EdgeDataplane::OnParity(TunnelId id, const VcmpHeader& header, ByteView payload, TimeNs now)
{
    FecDecoder* decoder = &m_tunnels[id]->fecDecoder;
    if (header.Has(vcmp::FEC_BY_FLOW))
    {
        const auto found = m_receiveFlows.find(FlowIndex(m_tunnels[id]->peer, header.flow));
        if (found == m_receiveFlows.end() || !found->second->fecDecoder)
        {
            return DropReason::None; // the whole group was lost, or the flow has expired: nothing
                                     // to rebuild
        }
        decoder = found->second->fecDecoder.get();
    }
    const DropReason reason = decoder->OnParity(header, payload, now);
    if (reason == DropReason::None)
    {
        TakeRebuilt(*decoder, id, now);
    }
    return reason;
}

void
EdgeDataplane::TakeRebuilt(FecDecoder& decoder, TunnelId id, TimeNs now)
{
    VcmpHeader header;
    ByteView payload;
    while (decoder.PollRebuilt(header, payload))
    {
        // One whose copy came by another tunnel is refused as a duplicate here; that is no loss.
        OnData(id, header, payload, true, now);
    }
}

void
EdgeDataplane::ForgetReceiveFlow(const ReceiveFlow& flow)
{
    if (flow.fecDecoder)
    {
        m_retired += flow.fecDecoder->Counters();
    }
}

void
EdgeDataplane::EvictReceiveFlows(TimeNs now)
{
    // A sixteenth part at a time: so a flood of new flows costs a constant amount for each.
    std::vector<std::pair<TimeNs, std::uint64_t>> byAge;
    byAge.reserve(m_receiveFlows.size());
    for (const auto& [index, flow] : m_receiveFlows)
    {
        byAge.emplace_back(flow->lastUsed, index);
    }
    const auto end = byAge.begin() + static_cast<std::ptrdiff_t>((byAge.size() + 15) / 16);
    std::partial_sort(byAge.begin(), end, byAge.end());
    for (auto it = byAge.begin(); it != end; ++it)
    {
        const auto found = m_receiveFlows.find(it->second);
        ReceiveFlow& flow = *found->second;
        flow.buffer.Reset();
        Release(it->second, flow, now); // what waits is delivered rather than lost
        ForgetReceiveFlow(flow);
        m_receiveFlows.erase(found);
    }
}

ReceiveFlow*
EdgeDataplane::ReceiverOf(TunnelId tunnel,
                          const VcmpHeader& header,
                          ByteView payload,
                          bool rebuilt,
                          TimeNs now,
                          DropReason& reason)
{
    const std::uint16_t peer = m_tunnels[tunnel]->peer;
    const std::uint64_t index = FlowIndex(peer, header.flow);
    const auto found = m_receiveFlows.find(index);
    if (found != m_receiveFlows.end())
    {
        found->second->lastUsed = now;
        return found->second.get();
    }
    FlowKey key;
    reason = ParseFlowKey(payload, header.segment, key);
    if (reason != DropReason::None)
    {
        return nullptr;
    }
    if (m_receiveFlows.size() >= m_config.maxFlows)
    {
        if (rebuilt)
        {
            reason = DropReason::TableFull; // the flow whose parity gave it must not go now
            return nullptr;
        }
        EvictReceiveFlows(now);
    }
    auto& flow = m_receiveFlows[index];
    flow = std::make_unique<ReceiveFlow>(key, *m_policy.Classify(key).rule);
    flow->lastUsed = now;
    m_deadlines.Update(
        {TimerOwner::Housekeeping, 0}, m_housekeepingQueued, now + m_config.flowIdleTimeout);
    // The answer has the same identifier and follows the opener's choice.
    if (!m_peers[peer].ids.Own(header.flow))
    {
        const FlowKey answer = key.Reversed();
        SendEntry* own = m_sendFlows.Find(answer, now);
        // Both ends opened the flow before they heard of each other: the one with the top bit gives
        // way. Or the peer reopened what is answered here. What goes to another peer stays there.
        if (own && own->value.peer == peer && own->value.id != header.flow &&
            (!own->value.opener || m_config.peers[peer].flowIdTopBit))
        {
            ForgetSendFlow(*own);
            m_sendFlows.Erase(answer);
            own = nullptr;
        }
        if (!own)
        {
            AddSendFlow(answer, peer, header.flow, tunnel, now);
        }
    }
    return flow.get();
}

DropReason
EdgeDataplane::OnData(
    TunnelId id, const VcmpHeader& header, ByteView payload, bool rebuilt, TimeNs now)
{
    if (header.segment != m_config.segment)
    {
        return DropReason::UnknownSegment;
    }
    const std::uint64_t index = FlowIndex(m_tunnels[id]->peer, header.flow);
    DropReason reason = DropReason::None;
    ReceiveFlow* flow = ReceiverOf(id, header, payload, rebuilt, now, reason);
    if (!flow)
    {
        return reason;
    }
    if (!rebuilt && !header.Has(vcmp::DUPLICATE))
    {
        LearnPath(index, *flow, header.flowSequence, id, now);
    }
    FecDecoder* decoder = nullptr;
    if (!rebuilt && header.Has(vcmp::FEC_PROTECTED))
    {
        flow->protectedAt = now;
        decoder = &m_tunnels[id]->fecDecoder;
        if (header.Has(vcmp::FEC_BY_FLOW))
        {
            if (!flow->fecDecoder)
            {
                flow->fecDecoder =
                    std::make_unique<FecDecoder>(FecDecoderConfig{.grouping = FecGrouping::Flow});
            }
            decoder = flow->fecDecoder.get();
        }
        decoder->OnData(header, payload, now);
    }

    reason = flow->dedup.Accept(header.flowSequence);
    if (reason == DropReason::Duplicate)
    {
        ++flow->counters.duplicates;
        ++m_received.duplicates;
    }
    else
    {
        flow->counters.rebuilt += rebuilt;
        m_received.rebuilt += rebuilt;
        if (header.Has(vcmp::ORDERED))
        {
            reason = Order(index, *flow, header, payload, rebuilt ? NO_TUNNEL : id, now);
        }
        else
        {
            reason = Deliver(*flow, payload);
        }
    }
    if (decoder)
    {
        TakeRebuilt(*decoder, id, now);
    }
    return reason;
}

void
EdgeDataplane::LearnPath(
    std::uint64_t index, ReceiveFlow& flow, std::uint32_t sequence, TunnelId id, TimeNs now)
{
    // After a switch packets of the old path are still under way: only the newest tells where the
    // peer sends.
    if (flow.seen && SerialBefore<FLOW_SEQUENCE_BITS>(sequence, flow.newest))
    {
        return;
    }
    flow.seen = true;
    flow.newest = sequence;
    const auto answer = m_sendById.find(index);
    if (answer == m_sendById.end())
    {
        return;
    }
    // A flow is in use while either direction is: else the silent end would reopen it under another
    // identifier.
    answer->second->lastUsed = now;
    if (answer->second->value.steering->Learn(id))
    {
        Steer(*answer->second, now);
    }
}

DropReason
EdgeDataplane::Order(std::uint64_t index,
                     ReceiveFlow& flow,
                     const VcmpHeader& header,
                     ByteView payload,
                     TunnelId id,
                     TimeNs now)
{
    if (flow.restarts != flow.dedup.Restarts())
    {
        flow.restarts = flow.dedup.Restarts();
        flow.buffer.Reset();
        Release(index, flow, now);
    }
    UpdateHold(flow, id, now);
    const std::uint64_t reordered = flow.buffer.Counters().reordered;
    DropReason reason = DropReason::None;
    switch (flow.buffer.OnPacket(header.flowSequence, payload, now))
    {
    case JitterBuffer::Verdict::Deliver:
        reason = Deliver(flow, payload);
        break;
    case JitterBuffer::Verdict::Held:
        break;
    case JitterBuffer::Verdict::Late:
        ++flow.counters.late;
        ++m_received.late;
        reason = DropReason::Late;
        break;
    case JitterBuffer::Verdict::Duplicate:
        ++flow.counters.duplicates;
        ++m_received.duplicates;
        reason = DropReason::Duplicate;
        break;
    }
    flow.counters.reordered += flow.buffer.Counters().reordered - reordered;
    m_received.reordered += flow.buffer.Counters().reordered - reordered;
    Release(index, flow, now);
    return reason;
}

void
EdgeDataplane::UpdateHold(ReceiveFlow& flow, TunnelId id, TimeNs now)
{
    bool newPath = false;
    if (id != NO_TUNNEL)
    {
        const auto it = std::find_if(flow.arrivals.begin(),
                                     flow.arrivals.end(),
                                     [id](const auto& a) { return a.tunnel == id; });
        newPath = it == flow.arrivals.end() || now - it->at > PATH_MEMORY;
        if (it == flow.arrivals.end())
        {
            flow.arrivals.push_back({id, now});
        }
        else
        {
            it->at = now;
        }
    }
    if (!newPath && now < flow.holdUntil)
    {
        return;
    }
    flow.holdUntil = now + HOLD_REFRESH;

    // A packet overtaken on the fastest path in use is waited for as long as the slowest path in
    // use may need.
    unsigned paths = 0;
    double fastestMs = 0;
    double slowestMs = 0;
    double variationMs = 0;
    for (const auto& arrival : flow.arrivals)
    {
        const WindowQuality& window = m_tunnels[arrival.tunnel]->monitor.Reverse().instantaneous;
        if (now - arrival.at > PATH_MEMORY || !window.latency.Known())
        {
            continue;
        }
        const double mean = window.latency.value;
        const double variation = window.Jitter(JitterMetric::Pdv99).value;
        fastestMs = paths == 0 ? mean : std::min(fastestMs, mean);
        slowestMs = paths == 0 ? mean + variation : std::max(slowestMs, mean + variation);
        variationMs = std::max(variationMs, variation);
        ++paths;
    }
    TimeNs hold{0};
    if (paths > 1)
    {
        hold = FromMs(slowestMs - fastestMs) + HOLD_MARGIN;
    }
    if (flow.protectedAt != NEVER && now - flow.protectedAt <= PATH_MEMORY)
    {
        // The parity that rebuilds a packet leaves at most `flush` after the packet did.
        hold = std::max(hold, flow.rule->remedies.fec.flush + FromMs(variationMs) + HOLD_MARGIN);
    }
    flow.buffer.SetHold(std::min(hold, flow.rule->remedies.jitterBuffer.cap));
}

void
EdgeDataplane::Release(std::uint64_t index, ReceiveFlow& flow, TimeNs now)
{
    JitterBuffer::Released released;
    while (flow.buffer.PollRelease(now, released))
    {
        const DropReason reason = Deliver(flow, released.bytes);
        if (reason != DropReason::None)
        {
            Count(reason, released.bytes.size());
        }
    }
    m_deadlines.Update({TimerOwner::ReceiveFlow, index}, flow.queued, flow.buffer.NextDeadline());
}

DropReason
EdgeDataplane::Deliver(ReceiveFlow& flow, ByteView packet)
{
    FlowKey key;
    Ipv4Info info;
    const DropReason reason = ParseFlowKey(packet, flow.key.segment, key, &info);
    if (reason != DropReason::None)
    {
        return reason;
    }
    const bool ours =
        std::any_of(m_config.lan.begin(), m_config.lan.end(), [&](const auto& prefix) {
            return prefix.Contains(key.destination);
        });
    if (!ours)
    {
        return DropReason::NoRoute;
    }
    auto& slot = m_delivery.Push();
    slot.bytes.assign(packet.begin(), packet.begin() + info.totalLength);
    if (!DecrementTtl(slot.bytes))
    {
        m_delivery.Unpush();
        return DropReason::TtlExpired;
    }
    slot.meta = {.destination = key.destination, .segment = flow.key.segment};
    ++flow.counters.delivered;
    ++m_received.delivered;
    return DropReason::None;
}

} // namespace weft::sdwan
