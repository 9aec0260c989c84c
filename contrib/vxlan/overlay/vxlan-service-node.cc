// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-service-node.h"

#include "vxlan-fan-out.h"

#include <algorithm>
#include <stdexcept>

namespace weft::vxlan
{

struct ServiceNode::State
{
    State(const ServiceNodeConfig& configuration)
        : config(configuration),
          responder(
              configuration.probe, configuration.maxSessions, configuration.encapsulation.hashKey)
    {
        if (config.address.IsNone() || config.address.IsMulticast())
        {
            throw std::invalid_argument("service node: address is " + config.address.ToString() +
                                        ", but has to be unicast");
        }
        config.encapsulation.mtu = config.mtu;
        encapsulation = MakeEncapsulation(config.encapsulation);
    }

    DropReason OnTunnelPacket(ByteView packet, TimeNs now);
    DropReason OnProbe(ByteView packet, TimeNs now);
    void PumpProbes();

    ServiceNodeConfig config;
    std::unique_ptr<Encapsulation> encapsulation;
    BfdResponder responder;
    absl::flat_hash_map<Vni, AddressList> members;
    ServiceNodeCounters counters;
    PacketQueue wrapped;
    Dispatcher dispatcher;
    FanOut underlay;
    Bytes frame;
    Bytes scratch;
};

DropReason
ServiceNode::State::OnTunnelPacket(ByteView packet, TimeNs now)
{
    Decapsulated facts;
    frame.clear();
    if (const auto reason = encapsulation->Decapsulate(packet, now, frame, facts);
        reason != DropReason::None)
    {
        return reason;
    }
    if (frame.empty())
    {
        ++counters.segments;
        return DropReason::None;
    }
    if (facts.destination != config.address)
    {
        return DropReason::NotForUs;
    }
    const auto found = members.find(facts.vni);
    if (found == members.end())
    {
        return DropReason::UnknownVni;
    }
    const FloodTargets targets{.list = found->second, .skip = facts.source};
    const std::size_t first = targets.Next(0);
    if (first == targets.list->size())
    {
        return DropReason::NoDestination;
    }
    const bool stt = config.encapsulation.kind == EncapsulationKind::Stt;
    if (!stt &&
        frame.size() + encapsulation->Overhead(frame.size(), !config.address.IsV4()) > config.mtu)
    {
        return DropReason::TooBig;
    }
    UnderlayMeta meta;
    meta.vni = facts.vni;
    meta.destination = (*targets.list)[first];
    meta.replicated = true;
    meta.frameSize = static_cast<std::uint32_t>(frame.size());
    const TunnelEnds ends{.source = config.keepSource ? facts.source : config.address,
                          .destination = meta.destination};
    if (const auto reason = encapsulation->Encapsulate(frame, facts.vni, ends, wrapped);
        reason != DropReason::None)
    {
        return reason;
    }
    const Sent sent = dispatcher.Send(wrapped, meta, targets, config.mtu, underlay);
    ++counters.replicated;
    counters.copies += sent.copies;
    counters.copyBytes += sent.bytes;
    return DropReason::None;
}

DropReason
ServiceNode::State::OnProbe(ByteView packet, TimeNs now)
{
    BfdPacket probe;
    IpAddress source;
    IpAddress destination;
    auto reason = ReadBfdPacket(packet, probe, source, destination);
    if (reason == DropReason::None)
    {
        reason = destination == config.address ? responder.OnPacket(source, destination, probe, now)
                                               : DropReason::NotForUs;
    }
    if (reason == DropReason::None)
    {
        ++counters.probes;
        PumpProbes();
    }
    return reason;
}

void
ServiceNode::State::PumpProbes()
{
    for (scratch.clear(); responder.Poll(scratch); scratch.clear())
    {
        ++counters.probesSent;
        UnderlayMeta meta;
        meta.probe = true;
        underlay.Push(scratch, meta);
    }
}

ServiceNode::ServiceNode(const ServiceNodeConfig& config) : m_state(std::make_unique<State>(config))
{
}

ServiceNode::~ServiceNode() = default;

void
ServiceNode::SetMembers(Vni vni, const std::vector<IpAddress>& vteps)
{
    if (vteps.empty())
    {
        m_state->members.erase(vni);
        return;
    }
    m_state->members[vni] = OrderFloodList(vteps, m_state->config.address, HeadEndOrder::List);
}

bool
ServiceNode::Matches(ByteView ipPacket) const
{
    return m_state->encapsulation->Matches(ipPacket) || IsBfd(ipPacket);
}

DropReason
ServiceNode::OnUnderlayPacket(ByteView ipPacket, TimeNs now)
{
    ++m_state->counters.packets;
    DropReason reason = DropReason::NotForUs;
    if (m_state->encapsulation->Matches(ipPacket))
    {
        reason = m_state->OnTunnelPacket(ipPacket, now);
    }
    else if (IsBfd(ipPacket))
    {
        reason = m_state->OnProbe(ipPacket, now);
    }
    if (reason != DropReason::None)
    {
        m_state->counters.drops.Add(reason);
    }
    return reason;
}

bool
ServiceNode::PollUnderlay(Bytes& ipPacket)
{
    UnderlayMeta meta;
    return m_state->underlay.Poll(ipPacket, meta);
}

TimeNs
ServiceNode::NextDeadline() const
{
    return std::min(m_state->encapsulation->NextDeadline(), m_state->responder.NextDeadline());
}

void
ServiceNode::OnDeadline(TimeNs now)
{
    m_state->counters.framesLost += m_state->encapsulation->OnDeadline(now);
    m_state->responder.OnDeadline(now);
    m_state->PumpProbes();
}

const ServiceNodeCounters&
ServiceNode::Counters() const
{
    return m_state->counters;
}

} // namespace weft::vxlan
