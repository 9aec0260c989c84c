// SPDX-License-Identifier: GPL-2.0-only
// What an end host sends: packets of upper layers, questions, answers, announcements.
#include "netbase-endpoint-extra.h"
#include "netbase-ipv4.h"
#include "netbase-ipv6.h"

#include <algorithm>
#include <stdexcept>

namespace weft::netbase
{

namespace
{
constexpr std::uint16_t DONT_FRAGMENT = 0x4000;
}

DropReason
IpEndpoint::SendPacket(ByteView packet, TimeNs now, const SendOptions& options)
{
    m_swap.resize(HEADROOM);
    m_swap.insert(m_swap.end(), packet.begin(), packet.end());
    return SendInPlace(m_swap, now, options);
}

DropReason
IpEndpoint::SendInPlace(Bytes& buffer, TimeNs now, const SendOptions& options)
{
    ++m_counts.packetsSent;
    const DropReason reason = Transmit(buffer, now, options);
    if (m_held)
    {
        // Only now: what is sent from there uses the buffers that Transmit() may be cutting up.
        m_held = false;
        Pump(now);
    }
    // The cache's own drops come into our counters with it, in Pump().
    return reason == DropReason::CacheFull ? reason : m_counts.drops.Add(reason);
}

DropReason
IpEndpoint::Transmit(Bytes& buffer, TimeNs now, const SendOptions& options)
{
    if (buffer.size() <= HEADROOM)
    {
        return DropReason::Truncated;
    }
    std::uint8_t* const p = buffer.data() + HEADROOM;
    const bool v6 = p[0] >> 4 == 6;
    if (!v6 && p[0] >> 4 != 4)
    {
        return DropReason::BadHeader;
    }
    const std::size_t header = v6 ? IPV6_HEADER : IPV4_HEADER;
    if (buffer.size() < HEADROOM + header)
    {
        return DropReason::Truncated;
    }
    const std::size_t length = v6 ? IPV6_HEADER + Read16(p + 4) : Read16(p + 2);
    if (length < header)
    {
        return DropReason::BadHeader;
    }
    if (buffer.size() < HEADROOM + length)
    {
        return DropReason::Truncated;
    }
    buffer.resize(HEADROOM + length);
    const ByteView view(p, length);
    const IpAddress to = v6 ? IpAddress::V6(view.subspan(24)) : IpAddress::V4(Read32(p + 16));
    if (FindLocal(to))
    {
        ++m_counts.packetsLooped;
        const Bytes copy(view.begin(), view.end()); // an answer may be made in this very buffer
        return Loop(copy, now);
    }
    MacAddress source = m_config.mac;
    if (m_extra && !m_extra->addresses.empty())
    {
        const auto local =
            FindLocal(v6 ? IpAddress::V6(view.subspan(8)) : IpAddress::V4(Read32(p + 12)));
        source = local ? local->mac : source;
    }
    IpAddress nextHop = to;
    if (!to.IsMulticast() && !IsBroadcast(to) && !IsOnLink(to))
    {
        nextHop = m_config.gateway;
        if (nextHop.IsNone() || to.IsV4() != nextHop.IsV4())
        {
            return DropReason::NoRoute;
        }
    }
    if (options.sourceMac)
    {
        source = *options.sourceMac;
    }
    source.Write(std::span(buffer).subspan(6));
    Write16(buffer.data() + 12, v6 ? ethertype::IPV6 : ethertype::IPV4);
    if (length <= m_config.mtu && (!m_extra || m_extra->limits.empty()))
    {
        return SendFrame(buffer, nextHop, now);
    }
    const std::uint32_t mtu = PathMtu(to, now);
    if (length <= mtu)
    {
        return SendFrame(buffer, nextHop, now);
    }
    const bool mayCut = v6 ? m_config.fragmentsIpv6 : (Read16(p + 6) & DONT_FRAGMENT) == 0;
    if (options.dontFragment || !mayCut)
    {
        return DropReason::TooBig;
    }
    return TransmitFragments(buffer, nextHop, mtu, now);
}

DropReason
IpEndpoint::TransmitFragments(const Bytes& buffer,
                              const IpAddress& nextHop,
                              std::uint32_t mtu,
                              TimeNs now)
{
    const ByteView packet = ByteView(buffer).subspan(HEADROOM);
    IpFacts facts;
    const DropReason reason = ReadIp(packet, facts);
    if (reason != DropReason::None)
    {
        return reason;
    }
    if (facts.v6 && facts.fragment)
    {
        return DropReason::TooBig; // a fragment is cut again by nobody (RFC 8200 section 4.5)
    }
    ++m_counts.packetsFragmented;
    Bytes& frame = Rare().part;
    const auto send = [&](auto fragmenter) {
        DropReason worst = DropReason::None;
        for (;;)
        {
            frame.assign(buffer.begin(), buffer.begin() + HEADROOM);
            if (!fragmenter.Next(frame))
            {
                return worst;
            }
            ++m_counts.fragmentsOut;
            const DropReason one = SendFrame(frame, nextHop, now);
            worst = one == DropReason::None ? worst : one;
        }
    };
    return facts.v6 ? send(Ipv6Fragmenter(packet, mtu, ++m_packetId))
                    : send(Ipv4Fragmenter(packet, mtu));
}

/// Sends a frame that is complete but for its destination. @param frame is taken; comes back as
/// some other buffer
DropReason
IpEndpoint::SendFrame(Bytes& frame, const IpAddress& nextHop, TimeNs now)
{
    const std::span<std::uint8_t> destination = frame;
    if (nextHop.IsMulticast())
    {
        GroupMac(nextHop).Write(destination);
    }
    else if (!m_config.resolves || IsBroadcast(nextHop))
    {
        MacAddress::Broadcast().Write(destination);
    }
    else
    {
        NeighbourCache& cache = Cache();
        const MacAddress* mac = cache.Lookup(nextHop, now);
        if (mac == nullptr)
        {
            m_held = true;
            return cache.Hold(nextHop, frame, now);
        }
        mac->Write(destination);
    }
    PushFrame(frame);
    return DropReason::None;
}

void
IpEndpoint::PushFrame(Bytes& frame)
{
    m_frames.Push().bytes.swap(frame);
    ++m_counts.framesOut;
}

/// Sends the packet in m_made, with an identification of its own.
DropReason
IpEndpoint::SendMade(TimeNs now, const SendOptions& options)
{
    if (m_made.size() > HEADROOM && m_made[HEADROOM] >> 4 == 4)
    {
        ReplaceIpv4Word(
            std::span(m_made).subspan(HEADROOM), 4, static_cast<std::uint16_t>(++m_packetId));
    }
    return SendInPlace(m_made, now, options);
}

DropReason
IpEndpoint::Ping(const IpAddress& to,
                 std::uint16_t id,
                 std::uint16_t sequence,
                 ByteView data,
                 TimeNs now,
                 bool dontFragment)
{
    m_made.assign(HEADROOM, 0);
    DropReason reason = DropReason::NoRoute;
    if (to.IsV4() == m_config.address.IsV4())
    {
        reason = AppendEcho(m_made, m_config.address, to, false, id, sequence, data, m_config.ttl);
    }
    if (reason != DropReason::None)
    {
        ++m_counts.packetsSent;
        return m_counts.drops.Add(reason);
    }
    if (dontFragment && to.IsV4())
    {
        ReplaceIpv4Word(std::span(m_made).subspan(HEADROOM), 6, DONT_FRAGMENT);
    }
    SendOptions options;
    options.dontFragment = dontFragment;
    return SendMade(now, options);
}

void
IpEndpoint::AnnounceGarp(TimeNs now, const IpAddress& address, GarpForm form)
{
    if (!address.IsNone() && !FindLocal(address))
    {
        throw std::invalid_argument("address: " + address.ToString() +
                                    "; has to be one of this host's");
    }
    const auto announce = [&](const LocalAddress& local) {
        if (!address.IsNone() && local.address != address)
        {
            return;
        }
        ++m_counts.announcements;
        if (!local.address.IsV4())
        {
            Advertise(local, ALL_NODES, false, now);
            return;
        }
        BuildGarp(m_swap, local.mac, local.address, form);
        PushFrame(m_swap);
    };
    announce({m_config.address, m_config.mac});
    if (m_extra)
    {
        std::for_each(m_extra->addresses.begin(), m_extra->addresses.end(), announce);
    }
}

void
IpEndpoint::AnnounceRarp(TimeNs now)
{
    static_cast<void>(now);
    BuildRarp(m_swap, m_config.mac);
    ++m_counts.announcements;
    PushFrame(m_swap);
}

void
IpEndpoint::SendQuestion(const NeighbourCache::Request& request)
{
    ++m_counts.requestsOut;
    if (request.address.IsV4())
    {
        BuildArpRequest(m_swap,
                        m_config.mac,
                        m_config.address,
                        request.address,
                        request.unicast.value_or(MacAddress::Broadcast()));
        PushFrame(m_swap);
        return;
    }
    NdpMessage message;
    message.solicitation = true;
    message.source = m_config.address;
    message.destination = request.unicast ? request.address : SolicitedNode(request.address);
    message.target = request.address;
    message.linkAddress = m_config.mac;
    SendNdp(message, m_config.mac, request.unicast.value_or(GroupMac(message.destination)));
}

void
IpEndpoint::Advertise(const LocalAddress& local, const IpAddress& to, bool solicited, TimeNs now)
{
    NdpMessage message;
    message.source = local.address;
    message.destination = to;
    message.target = local.address;
    message.linkAddress = local.mac;
    message.solicited = solicited;
    message.override = true;
    if (to.IsMulticast())
    {
        SendNdp(message, local.mac, GroupMac(to));
        return;
    }
    ++m_counts.repliesOut;
    const MacAddress* mac = m_config.resolves ? Cache().Lookup(to, now) : nullptr;
    if (mac != nullptr || !m_config.resolves)
    {
        SendNdp(message, local.mac, mac != nullptr ? *mac : MacAddress::Broadcast());
        return;
    }
    // Asked by unicast without a link-layer address: resolve the asker first.
    m_made.assign(HEADROOM, 0);
    AppendNdp(m_made, message);
    SendMade(now);
}

void
IpEndpoint::SendNdp(const NdpMessage& message, const MacAddress& source, const MacAddress& to)
{
    EthernetHeader header;
    header.destination = to;
    header.source = source;
    header.type = ethertype::IPV6;
    m_swap.clear();
    AppendEthernet(m_swap, header);
    AppendNdp(m_swap, message);
    PushFrame(m_swap);
}

/// Moves on what the neighbour cache has ready: questions, packets whose next hop answered, packets
/// whose next hop did not.
void
IpEndpoint::Pump(TimeNs now)
{
    static_cast<void>(now);
    if (!m_neighbours)
    {
        return;
    }
    NeighbourCache::Request request;
    while (m_neighbours->PollRequest(request))
    {
        SendQuestion(request);
        request = {};
    }
    MacAddress mac;
    while (m_neighbours->PollReleased(m_swap, mac))
    {
        mac.Write(m_swap);
        PushFrame(m_swap);
    }
    IpAddress failed;
    while (m_neighbours->PollFailed(m_swap, failed))
    {
        m_counts.drops.Add(DropReason::NeighbourFailed);
    }
    Mirror(m_neighbours->Counters().drops, m_neighbourDrops);
}

/// Sends what IGMP has to say.
void
IpEndpoint::PumpGroups(TimeNs now)
{
    Bytes packet;
    while (m_extra->igmp->PollPacket(packet))
    {
        m_made.assign(HEADROOM, 0);
        m_made.insert(m_made.end(), packet.begin(), packet.end());
        SendInPlace(m_made, now);
    }
}

/// Adds to our counters what another's counted since the last time.
void
IpEndpoint::Mirror(const DropCounters& from, DropCounters& seen)
{
    for (const DropCounters::Entry& entry : from.Entries())
    {
        const std::uint64_t fresh = entry.count - seen.Of(entry.reason);
        m_counts.drops.Add(entry.reason, fresh);
        seen.Add(entry.reason, fresh);
    }
}

} // namespace weft::netbase
