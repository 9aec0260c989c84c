// SPDX-License-Identifier: GPL-2.0-only
/** @file The way of a frame through a VTEP. */
#include "vxlan-outer.h"
#include "vxlan-vtep-state.h"

#include "netbase-ethernet.h"
#include "netbase-flow-hash.h"
#include "netbase-icmp.h"

#include <algorithm>

namespace weft::vxlan
{

namespace
{

using netbase::ETHERNET_HEADER;

constexpr std::size_t SOURCE = 6; ///< offset of the source address in a frame

} // namespace

DropReason
Vtep::State::OnLocalFrame(Vni vni, ByteView inner, TimeNs now, bool newLocalSource)
{
    ++counters.localFrames;
    fdb.Expire(now);
    DropReason reason = DropReason::UnknownVni;
    if (const auto domain = DomainOf(vni))
    {
        reason = inner.size() < ETHERNET_HEADER ? DropReason::BadInnerFrame
                                                : ToTunnel(*domain, inner, now, newLocalSource);
    }
    if (reason != DropReason::None)
    {
        counters.localDrops.Add(reason);
    }
    return reason;
}

DropReason
Vtep::State::ToTunnel(std::uint16_t domain, ByteView inner, TimeNs now, bool newLocalSource)
{
    const auto destination = MacAddress::Read(inner);
    if ((arp || config.arpSuppression || ReplicationNow() == ReplicationKind::None) &&
        ProxyArp(domain, inner, destination, now))
    {
        return DropReason::ArpSuppressed;
    }
    if (destination.IsGroup())
    {
        const auto kind = destination.IsBroadcast() ? FloodKind::Broadcast : FloodKind::Multicast;
        return Flood(domain, inner, kind, TargetsOf(domain, inner, kind));
    }
    const IpAddress* remote = config.ageRefresh == AgeRefresh::OnReceiveOrTransmit
                                  ? fdb.FindAndTouch(domain, destination, now)
                                  : fdb.Find(domain, destination);
    if (remote)
    {
        if (newLocalSource && config.floodOnNewLocalMac)
        {
            // Where nothing can be flooded, the one who is known still gets the frame.
            auto targets = TargetsOf(domain, inner, FloodKind::NewSource);
            if (targets && !targets->empty())
            {
                return Flood(domain, inner, FloodKind::NewSource, std::move(targets));
            }
        }
        return Unicast(domain, inner, *remote);
    }
    if (!config.floodUnknownUnicast || ReplicationNow() == ReplicationKind::None)
    {
        return DropReason::UnknownUnicast;
    }
    return Flood(domain,
                 inner,
                 FloodKind::UnknownUnicast,
                 TargetsOf(domain, inner, FloodKind::UnknownUnicast));
}

/// @return whether an ARP request goes no further: it was answered here, or nobody is asked
bool
Vtep::State::ProxyArp(std::uint16_t domain,
                      ByteView inner,
                      const MacAddress& destination,
                      TimeNs now)
{
    netbase::ArpPacket packet;
    if (netbase::Read16(inner.data() + 2 * SOURCE) != netbase::ethertype::ARP ||
        netbase::ReadArp(inner.subspan(ETHERNET_HEADER), packet) != netbase::DropReason::None)
    {
        return false;
    }
    ArpProxy& proxy = Proxy();
    proxy.Overhear(domain, packet, false, now);
    const bool asksAll = destination.IsBroadcast() && ArpProxy::IsQuestion(packet);
    const bool silent = ReplicationNow() == ReplicationKind::None;
    if (!asksAll || (!config.arpSuppression && !silent))
    {
        return false;
    }
    if (proxy.Answer(domain, packet, now, scratch))
    {
        auto& slot = local.Push();
        slot.meta.vni = networks[domain].flood.vni;
        slot.bytes.swap(scratch);
        return true;
    }
    return silent;
}

AddressList
Vtep::State::TargetsOf(std::uint16_t domain, ByteView inner, FloodKind kind)
{
    const bool chooses = !config.nodes.empty();
    const std::uint64_t hash =
        chooses ? netbase::FlowHash(netbase::ReadFlowFields(inner), config.encapsulation.hashKey)
                : 0;
    return Replicator().Targets(networks[domain].flood, kind, hash);
}

DropReason
Vtep::State::Unicast(std::uint16_t domain, ByteView inner, const IpAddress& remote)
{
    if (const auto reason = CheckSize(domain, inner, true); reason != DropReason::None)
    {
        return reason;
    }
    UnderlayMeta meta;
    meta.vni = networks[domain].flood.vni;
    meta.destination = remote;
    FloodTargets nobodyElse;
    Sent sent;
    const auto reason = Transmit(inner, config.address, meta, nobodyElse, sent);
    if (reason == DropReason::None)
    {
        ++counters.unicastFrames;
    }
    return reason;
}

DropReason
Vtep::State::Flood(std::uint16_t domain, ByteView inner, FloodKind kind, AddressList targets)
{
    if (!targets || targets->empty())
    {
        return DropReason::NoDestination;
    }
    if (const auto reason = CheckSize(domain, inner, true); reason != DropReason::None)
    {
        return reason;
    }
    UnderlayMeta meta;
    meta.vni = networks[domain].flood.vni;
    meta.flood = kind;
    FloodTargets flood{.list = std::move(targets), .skip = {}};
    Sent sent;
    const auto reason = Transmit(inner, config.address, meta, flood, sent);
    if (reason == DropReason::None)
    {
        FloodCount& count = counters.flooded[static_cast<std::size_t>(kind)];
        ++count.frames;
        count.copies += sent.copies;
        count.bytes += sent.bytes;
    }
    return reason;
}

/// @param targets no list: to meta.destination; else all of them, of whom there is one at least
DropReason
Vtep::State::Transmit(
    ByteView inner, const IpAddress& source, UnderlayMeta& meta, FloodTargets& targets, Sent& sent)
{
    if (targets.list)
    {
        meta.destination = (*targets.list)[targets.Next(0)];
        if (targets.list->size() == 1)
        {
            targets.list.reset();
        }
    }
    meta.frameSize = static_cast<std::uint32_t>(inner.size());
    const auto reason = encapsulation->Encapsulate(
        inner, meta.vni, {.source = source, .destination = meta.destination}, wrapped);
    if (reason != DropReason::None)
    {
        return reason;
    }
    sent = dispatcher.Send(wrapped, meta, targets, config.mtu, underlay);
    counters.encapsulated += sent.copies;
    counters.encapsulatedBytes += sent.bytes;
    counters.fragmentsSent += sent.fragments;
    return DropReason::None;
}

/// @param answer whether the sender is told
/// @return TooBig, or None when the envelope fits or may be cut into fragments
DropReason
Vtep::State::CheckSize(std::uint16_t domain, ByteView inner, bool answer)
{
    if (config.encapsulation.kind == EncapsulationKind::Stt)
    {
        return DropReason::None; // its segments fit by themselves
    }
    const std::uint32_t overhead = encapsulation->Overhead(inner.size(), !config.address.IsV4());
    if (inner.size() + overhead <= config.mtu)
    {
        return DropReason::None;
    }
    InnerFrame facts;
    if (const auto bad = ReadInner(inner, config.encapsulation.dropInnerVlan, facts);
        bad != DropReason::None)
    {
        return bad;
    }
    const bool innerDf = (facts.ipv4 && facts.df) || facts.ipv6;
    if (answer && config.mtuPolicy.icmp && innerDf &&
        AnswerTooBig(domain,
                     inner,
                     facts.ipOffset,
                     config.mtu - overhead - static_cast<std::uint32_t>(facts.ipOffset)))
    {
        ++counters.icmpSent;
        return DropReason::TooBig;
    }
    const DfMode df = config.encapsulation.df;
    const bool outerDf = df == DfMode::Set || (df == DfMode::Inherit && facts.ipv4 && facts.df);
    return config.mtuPolicy.fragment && !outerDf ? DropReason::None : DropReason::TooBig;
}

/// Tells a local sender that its packet is too big, in the name of the packet's destination: the
/// VTEP has no address in the network.
/// @return false when no error may be sent about such a packet
bool
Vtep::State::AnswerTooBig(std::uint16_t domain,
                          ByteView inner,
                          std::size_t ipOffset,
                          std::uint32_t mtu)
{
    const ByteView packet = inner.subspan(ipOffset);
    netbase::IpFacts facts;
    if (netbase::ReadIp(packet, facts) != netbase::DropReason::None)
    {
        return false;
    }
    scratch.assign(inner.begin(), inner.begin() + static_cast<std::ptrdiff_t>(ipOffset));
    std::swap_ranges(scratch.begin(), scratch.begin() + SOURCE, scratch.begin() + SOURCE);
    if (netbase::AppendPacketTooBig(scratch, facts.destination, packet, mtu) !=
        netbase::DropReason::None)
    {
        return false;
    }
    auto& slot = local.Push();
    slot.meta.vni = networks[domain].flood.vni;
    slot.bytes.swap(scratch);
    return true;
}

DropReason
Vtep::State::OnUnderlayPacket(ByteView packet, TimeNs now)
{
    ++counters.underlayPackets;
    fdb.Expire(now);
    DropReason reason = DropReason::NotForUs;
    if (encapsulation->Matches(packet))
    {
        reason = OnTunnelPacket(packet, now);
    }
    else if (IsBfd(packet))
    {
        reason = OnProbe(packet, now);
    }
    if (reason != DropReason::None)
    {
        counters.underlayDrops.Add(reason);
    }
    return reason;
}

DropReason
Vtep::State::OnTunnelPacket(ByteView packet, TimeNs now)
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
        counters.decapsulatedBytes += packet.size();
        return DropReason::None;
    }
    const bool toReplicator =
        facts.destination == config.replicatorAddress && !config.replicatorAddress.IsNone();
    const bool group = facts.destination.IsMulticast();
    if (!toReplicator && facts.destination != config.address &&
        !(group && IsJoined(facts.destination)))
    {
        return DropReason::NotForUs;
    }
    if (facts.source == config.address)
    {
        return DropReason::OwnSource;
    }
    const auto domain = DomainOf(facts.vni);
    if (!domain)
    {
        return DropReason::UnknownVni;
    }
    const auto source = MacAddress::Read(ByteView(frame).subspan(SOURCE));
    const auto& own = networks[*domain].ownStations;
    if (std::find(own.begin(), own.end(), source) != own.end())
    {
        return DropReason::OwnSource;
    }
    const bool known = !facts.dontLearn && Replicator().SourceIsOrigin(facts.source);
    if (const auto reason = mapping->OnRemoteSource(fdb, *domain, source, facts.source, known, now);
        reason != DropReason::None)
    {
        return reason;
    }
    if (arp || config.arpSuppression)
    {
        netbase::ArpPacket heard;
        if (netbase::Read16(frame.data() + 2 * SOURCE) == netbase::ethertype::ARP &&
            netbase::ReadArp(ByteView(frame).subspan(ETHERNET_HEADER), heard) ==
                netbase::DropReason::None)
        {
            Proxy().Overhear(*domain, heard, true, now);
        }
    }
    if (toReplicator && MacAddress::Read(frame).IsGroup())
    {
        if (const auto reason = Replicate(*domain, facts); reason != DropReason::None)
        {
            counters.replicationDrops.Add(reason);
        }
    }
    ++counters.decapsulated;
    counters.decapsulatedBytes += packet.size();
    auto& slot = local.Push();
    slot.meta.vni = facts.vni;
    slot.meta.remote = facts.source;
    slot.meta.group = group;
    slot.meta.sourcePort = facts.sourcePort;
    slot.bytes.swap(frame);
    return DropReason::None;
}

/// As replicator: sends a leaf's frame on to every other VTEP (RFC 9574 section 5.1).
DropReason
Vtep::State::Replicate(std::uint16_t domain, const Decapsulated& facts)
{
    FloodTargets targets{.list = networks[domain].flood.others, .skip = facts.source};
    if (targets.Next(0) == targets.list->size())
    {
        return DropReason::NoDestination;
    }
    if (const auto reason = CheckSize(domain, frame, false); reason != DropReason::None)
    {
        return reason;
    }
    UnderlayMeta meta;
    meta.vni = facts.vni;
    meta.replicated = true;
    Sent sent;
    const auto reason =
        Transmit(frame,
                 config.replicatorKeepsSource ? facts.source : config.replicatorAddress,
                 meta,
                 targets,
                 sent);
    if (reason == DropReason::None)
    {
        ++counters.replicated.frames;
        counters.replicated.copies += sent.copies;
        counters.replicated.bytes += sent.bytes;
    }
    return reason;
}

DropReason
Vtep::State::OnProbe(ByteView packet, TimeNs now)
{
    BfdPacket probe;
    IpAddress source;
    IpAddress destination;
    if (const auto reason = ReadBfdPacket(packet, probe, source, destination);
        reason != DropReason::None)
    {
        return reason;
    }
    DropReason reason = DropReason::NotForUs;
    if (replication->OnBfd(source, probe, now) || (fallback && fallback->OnBfd(source, probe, now)))
    {
        reason = DropReason::None;
    }
    else if (responder && destination == config.replicatorAddress)
    {
        reason = responder->OnPacket(source, destination, probe, now);
    }
    if (reason == DropReason::None)
    {
        ++counters.probesReceived;
        PumpProbes();
    }
    return reason;
}

} // namespace weft::vxlan
