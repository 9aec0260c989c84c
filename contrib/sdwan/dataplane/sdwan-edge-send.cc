// SPDX-License-Identifier: GPL-2.0-only
/** @file The sending half of EdgeDataplane: from a LAN packet to datagrams. */
#include "sdwan-edge-dataplane.h"
#include "sdwan-flow-key.h"

namespace weft::sdwan
{

namespace
{

/// RFC 4594: EF for voice, AF41 for video, AF21 for transactional, default forwarding for bulk.
constexpr std::uint8_t DSCP[TRAFFIC_CLASSES] = {46, 34, 18, 0};

} // namespace

DropReason
EdgeDataplane::OnLanPacket(ByteView packet, TimeNs now)
{
    FlowKey key;
    Ipv4Info info;
    DropReason reason = ParseFlowKey(packet, m_config.segment, key, &info);
    if (reason != DropReason::None)
    {
        return Count(reason, packet.size());
    }
    m_packet.assign(packet.begin(), packet.begin() + info.totalLength);
    if (!DecrementTtl(m_packet))
    {
        return Count(DropReason::TtlExpired, packet.size());
    }
    if (m_packet.size() > m_lanMtu)
    {
        return Count(DropReason::TooBig, packet.size());
    }
    SendEntry* entry = m_sendFlows.Find(key, now);
    if (!entry)
    {
        entry = OpenFlow(key, now, reason);
        if (!entry)
        {
            return Count(reason, packet.size());
        }
    }
    SendFlow& flow = entry->value;
    const Selection& path = flow.steering->Current();
    if (path.primary == NO_TUNNEL)
    {
        return Count(DropReason::NoPath, packet.size());
    }
    const FecRemedy& fec = flow.rule->remedies.fec;
    // By the group's true size: rules of one class share the encoder of a tunnel.
    const bool protect =
        path.fec &&
        m_packet.size() + FecParityOverhead(EncoderFor(flow, path.primary).Config().data) <=
            m_lanMtu;

    VcmpHeader header;
    header.trafficClass = flow.rule->trafficClass;
    header.segment = m_config.segment;
    header.flow = flow.id;
    header.flowSequence = flow.nextSequence;
    header.flags = vcmp::DATA;
    header.flags |= flow.rule->remedies.jitterBuffer.enabled ? vcmp::ORDERED : 0;
    header.flags |= protect ? vcmp::FEC_PROTECTED : 0;
    header.flags |= protect && fec.perFlow ? vcmp::FEC_BY_FLOW : 0;
    flow.nextSequence = (flow.nextSequence + 1) & ((1u << FLOW_SEQUENCE_BITS) - 1);

    const std::uint8_t dscp = DSCP[static_cast<std::size_t>(header.trafficClass)];
    header.sequence = m_tunnels[path.primary]->secure.NextSequence();
    const std::size_t sent = SendOn(path.primary, header, m_packet, now, dscp);
    if (sent == 0)
    {
        return Count(DropReason::KeyExhausted, packet.size());
    }
    flow.counters.wireBytes += sent;
    ++flow.counters.packets;
    ++flow.counters.copies;
    if (path.duplicate != NO_TUNNEL)
    {
        VcmpHeader copy = header;
        copy.flags |= vcmp::DUPLICATE;
        // A copy stands in no parity group of the second tunnel.
        copy.flags &= static_cast<std::uint8_t>(~(vcmp::FEC_PROTECTED | vcmp::FEC_BY_FLOW));
        const std::size_t second = SendOn(path.duplicate, copy, m_packet, now, dscp);
        flow.counters.wireBytes += second;
        flow.counters.copies += second > 0;
    }
    if (protect)
    {
        Protect(flow, header, m_packet, now);
    }
    return DropReason::None;
}

EdgeDataplane::SendEntry*
EdgeDataplane::OpenFlow(const FlowKey& key, TimeNs now, DropReason& reason)
{
    // Longest prefix wins; prefixes are few and a flow is routed once.
    int best = -1;
    std::uint16_t peer = 0;
    for (std::uint16_t p = 0; p < m_config.peers.size(); ++p)
    {
        for (const auto& prefix : m_config.peers[p].prefixes)
        {
            if (prefix.Contains(key.destination) && prefix.length > best)
            {
                best = prefix.length;
                peer = p;
            }
        }
    }
    if (best < 0)
    {
        reason = DropReason::NoRoute;
        return nullptr;
    }
    return &AddSendFlow(key, peer, m_peers[peer].ids.Allocate(), NO_TUNNEL, now);
}

EdgeDataplane::SendEntry&
EdgeDataplane::AddSendFlow(
    const FlowKey& key, std::uint16_t peer, FlowId id, TunnelId learned, TimeNs now)
{
    SendEntry& entry = m_sendFlows.Insert(key, now, [this](SendEntry& evicted) {
        ForgetSendFlow(evicted);
        m_evicted = true;
    });
    const Classification found = m_policy.Classify(key);
    SendFlow& flow = entry.value;
    flow.id = id;
    flow.peer = peer;
    flow.rule = found.rule;
    flow.ruleIndex = found.ruleIndex;
    flow.opener = learned == NO_TUNNEL;
    const FlowRole role = flow.opener ? FlowRole::Opener : FlowRole::Follower;
    flow.steering =
        std::make_unique<ThresholdSteering>(found.rule->Steering(role), found.rule->name);
    if (!flow.opener)
    {
        flow.steering->Learn(learned);
        if (m_evicted)
        {
            // The answer may have been sent before and forgotten, and its identifier is the peer's:
            // numbers from the clock are not taken for copies of the old ones.
            flow.nextSequence = static_cast<std::uint32_t>(now / std::chrono::milliseconds{1}) &
                                ((1u << FLOW_SEQUENCE_BITS) - 1);
        }
    }
    m_sendById[FlowIndex(peer, id)] = &entry;
    Judge(peer, flow.ruleIndex, now);
    Steer(entry, now);
    m_deadlines.Update(
        {TimerOwner::Housekeeping, 0}, m_housekeepingQueued, now + m_config.flowIdleTimeout);
    return entry;
}

void
EdgeDataplane::ForgetSendFlow(SendEntry& entry)
{
    const SendFlow& flow = entry.value;
    m_sendById.erase(FlowIndex(flow.peer, flow.id));
    if (m_peers[flow.peer].ids.Own(flow.id))
    {
        m_peers[flow.peer].ids.Release(flow.id);
    }
    if (flow.fec)
    {
        m_retired += flow.fec->Counters();
    }
}

std::size_t
EdgeDataplane::SendOn(
    TunnelId id, const VcmpHeader& header, ByteView payload, TimeNs now, std::uint8_t dscp)
{
    TunnelState& tunnel = *m_tunnels[id];
    auto& slot = m_transmit.Push();
    slot.meta = {.tunnel = id,
                 .link = tunnel.link,
                 .localAddress = m_config.links[tunnel.link].address,
                 .remoteAddress = tunnel.remoteAddress,
                 .dscp = dscp,
                 .flags = header.flags,
                 .flow = header.flow,
                 .peer = tunnel.peer};
    slot.bytes.resize(m_config.transmitHeadroom);
    const bool sealed = tunnel.secure.Seal(header, payload, slot.bytes, now);
    // Also what could not be sealed will not be answered: so a used-up key fails the path.
    const bool data = !header.Has(vcmp::CONTROL);
    tunnel.monitor.OnSent(now, data);
    if (data)
    {
        m_deadlines.Update({TimerOwner::Tunnel, id}, tunnel.queued, tunnel.monitor.NextDeadline());
    }
    if (!sealed)
    {
        m_transmit.Unpush();
        return 0;
    }
    return slot.bytes.size() - m_config.transmitHeadroom + OUTER_IPV4_UDP_SIZE;
}

FecEncoder&
EdgeDataplane::EncoderFor(SendFlow& flow, TunnelId tunnel)
{
    const FecRemedy& remedy = flow.rule->remedies.fec;
    const auto c = static_cast<std::size_t>(flow.rule->trafficClass);
    auto& encoder = remedy.perFlow ? flow.fec : m_tunnels[tunnel]->fecEncoders[c];
    if (!encoder)
    {
        encoder = std::make_unique<FecEncoder>(
            FecConfig{.grouping = remedy.perFlow ? FecGrouping::Flow : FecGrouping::TunnelClass,
                      .data = remedy.data,
                      .depth = remedy.depth,
                      .flush = remedy.flush});
    }
    return *encoder;
}

void
EdgeDataplane::Protect(SendFlow& flow, const VcmpHeader& header, ByteView payload, TimeNs now)
{
    const TunnelId tunnel = flow.steering->Current().primary;
    FecEncoder& encoder = EncoderFor(flow, tunnel);
    encoder.Feed(header, payload, now);
    SendParity(encoder, tunnel, &flow, now);
    if (header.Has(vcmp::FEC_BY_FLOW))
    {
        m_deadlines.Update({TimerOwner::FlowFec, FlowIndex(flow.peer, flow.id)},
                           flow.fecQueued,
                           encoder.NextDeadline());
    }
    else
    {
        const auto c = static_cast<std::size_t>(flow.rule->trafficClass);
        m_tunnels[tunnel]->fecFlow[c] = flow.id;
        m_deadlines.Update({TimerOwner::TunnelFec, tunnel * TRAFFIC_CLASSES + c},
                           m_tunnels[tunnel]->fecQueued[c],
                           encoder.NextDeadline());
    }
}

void
EdgeDataplane::SendParity(FecEncoder& encoder, TunnelId tunnel, SendFlow* flow, TimeNs now)
{
    VcmpHeader header;
    m_parity.clear();
    while (encoder.PollParity(now, header, m_parity))
    {
        header.segment = m_config.segment;
        header.flow = flow ? flow->id : 0;
        const std::size_t bytes = SendOn(
            tunnel, header, m_parity, now, DSCP[static_cast<std::size_t>(header.trafficClass)]);
        if (flow)
        {
            flow->counters.parity += bytes > 0;
            flow->counters.wireBytes += bytes;
        }
        m_parity.clear();
    }
}

} // namespace weft::sdwan
