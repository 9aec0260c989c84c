// SPDX-License-Identifier: GPL-2.0-only
// What an end host does with frames that it hears.
#include "netbase-endpoint-extra.h"
#include "netbase-ipv4.h"
#include "netbase-ipv6.h"

#include <algorithm>

namespace weft::netbase
{

namespace
{

constexpr std::size_t MAX_PATH_LIMITS = 64;
constexpr TimeNs PATH_LIMIT_LIFE = std::chrono::minutes(10);
constexpr std::uint8_t NEIGHBOUR_SOLICITATION = 135;
constexpr std::uint8_t NEIGHBOUR_ADVERTISEMENT = 136;

/// RFC 1191 section 7.1: what to try when a router says that a packet was too big, but not why.
std::uint32_t
Plateau(std::size_t length)
{
    for (const std::uint32_t plateau : {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296})
    {
        if (plateau < length)
        {
            return plateau;
        }
    }
    return IPV4_MIN_MTU;
}

} // namespace

DropReason
IpEndpoint::OnFrame(ByteView frame, TimeNs now)
{
    ByteView packet;
    const DropReason reason = Receive(frame, now, packet);
    if (!packet.empty())
    {
        m_packets.Push().bytes.assign(packet.begin(), packet.end());
    }
    return reason;
}

DropReason
IpEndpoint::Receive(ByteView frame, TimeNs now, ByteView& packet)
{
    packet = {};
    ++m_counts.framesIn;
    EthernetHeader header;
    DropReason reason = ReadEthernet(frame, header);
    if (reason == DropReason::None)
    {
        reason = Filter(header);
    }
    if (reason != DropReason::None)
    {
        return m_counts.drops.Add(reason);
    }
    const ByteView payload = frame.subspan(header.payloadOffset);
    switch (header.type)
    {
    case ethertype::IPV4:
    case ethertype::IPV6:
        return OnIp(payload, header.type == ethertype::IPV6, now, packet);
    case ethertype::ARP:
        return m_counts.drops.Add(OnArp(payload, !header.destination.IsGroup(), now));
    case ethertype::RARP:
        return m_counts.drops.Add(DropReason::Rarp);
    default:
        return m_counts.drops.Add(DropReason::UnknownEtherType);
    }
}

DropReason
IpEndpoint::Filter(const EthernetHeader& header) const
{
    const MacAddress& to = header.destination;
    if (!to.IsGroup())
    {
        if (!OwnsMac(to))
        {
            return DropReason::NotOurMac;
        }
    }
    else if (!to.IsBroadcast())
    {
        // The IP layer looks at the group itself; several share a MAC address.
        const bool joined = m_extra && m_extra->groupMacs.contains(to);
        const bool v6 = !m_config.address.IsV4();
        const auto solicits = [&to](const LocalAddress& local) {
            return to == GroupMac(SolicitedNode(local.address));
        };
        if (!joined && to != GroupMac(v6 ? ALL_NODES : IpAddress::V4(IGMP_ALL_HOSTS)) &&
            !(v6 &&
              (solicits({m_config.address, m_config.mac}) ||
               (m_extra &&
                std::any_of(m_extra->addresses.begin(), m_extra->addresses.end(), solicits)))))
        {
            return DropReason::NotOurGroup;
        }
    }
    if (header.source.IsGroup())
    {
        return DropReason::BadSource;
    }
    if (OwnsMac(header.source))
    {
        return DropReason::OwnSource;
    }
    return header.tci && VlanOf(*header.tci) != 0 ? DropReason::Tagged : DropReason::None;
}

/// RFC 826, "Packet Reception", with the address conflict test of RFC 5227.
DropReason
IpEndpoint::OnArp(ByteView payload, bool unicast, TimeNs now)
{
    ArpPacket arp;
    const DropReason reason = ReadArp(payload, arp);
    if (reason != DropReason::None)
    {
        return reason;
    }
    if (arp.operation != ArpOperation::Request && arp.operation != ArpOperation::Reply)
    {
        return DropReason::Unsupported;
    }
    if (arp.senderMac.IsGroup() || arp.senderMac.IsZero())
    {
        return DropReason::BadSource;
    }
    if (FindLocal(arp.sender))
    {
        return DropReason::AddressConflict;
    }
    const auto target = FindLocal(arp.target);
    const bool probe = arp.sender.ToV4() == 0; // RFC 5227: nothing to learn
    bool merged = false;
    if (!probe && m_neighbours)
    {
        // A reply sent to us alone answers a question; everything else is hearsay.
        merged = unicast && target && arp.operation == ArpOperation::Reply
                     ? m_neighbours->OnAnswer(arp.sender, arp.senderMac, now)
                     : m_neighbours->Update(arp.sender, arp.senderMac, now);
    }
    if (!target)
    {
        Pump(now);
        return merged ? DropReason::None : DropReason::NotOurArp;
    }
    if (!probe && !merged)
    {
        Cache().Learn(arp.sender, arp.senderMac, now);
    }
    if (arp.operation == ArpOperation::Request)
    {
        BuildArpReply(m_swap, arp, target->mac);
        ++m_counts.repliesOut;
        PushFrame(m_swap);
    }
    Pump(now);
    return DropReason::None;
}

/// RFC 4861 sections 7.2.3 to 7.2.5.
DropReason
IpEndpoint::OnNdp(ByteView packet, TimeNs now)
{
    NdpMessage message;
    const DropReason reason = ReadNdp(packet, message);
    if (reason != DropReason::None)
    {
        return reason;
    }
    if (message.linkAddress && (message.linkAddress->IsGroup() || message.linkAddress->IsZero()))
    {
        return DropReason::BadSource;
    }
    const auto target = FindLocal(message.target);
    if (FindLocal(message.source) || (!message.solicitation && target))
    {
        return DropReason::AddressConflict;
    }
    if (message.solicitation)
    {
        if (!target)
        {
            return DropReason::NotOurArp;
        }
        const bool probe = message.source.IsNone();
        if (!probe && message.linkAddress)
        {
            Cache().Learn(message.source, *message.linkAddress, now);
        }
        Advertise(*target, probe ? ALL_NODES : message.source, !probe, now);
        Pump(now);
        return DropReason::None;
    }
    const auto known = m_neighbours ? m_neighbours->Find(message.target, now)
                                    : decltype(m_neighbours->Find({}, now)){};
    if (!known)
    {
        return DropReason::NotOurArp; // advertisements create no entries
    }
    const bool incomplete = known->first == NeighbourCache::State::Incomplete;
    const bool moves = message.linkAddress && *message.linkAddress != known->second;
    if (!message.linkAddress)
    {
        if (incomplete)
        {
            return DropReason::NotOurArp;
        }
        if (message.solicited)
        {
            m_neighbours->Confirm(message.target, now);
        }
    }
    else if (!incomplete && moves && !message.override)
    {
        return DropReason::NotOurArp;
    }
    else if (message.solicited)
    {
        m_neighbours->OnAnswer(message.target, *message.linkAddress, now);
    }
    else
    {
        m_neighbours->Update(message.target, *message.linkAddress, now);
    }
    Pump(now);
    return DropReason::None;
}

DropReason
IpEndpoint::OnIp(ByteView payload, bool v6, TimeNs now, ByteView& packet)
{
    IpFacts facts;
    DropReason reason = ReadIp(payload, facts);
    if (reason == DropReason::None && facts.v6 != v6)
    {
        reason = DropReason::BadHeader;
    }
    if (reason == DropReason::None)
    {
        if (facts.source.IsMulticast() || IsBroadcast(facts.source))
        {
            reason = DropReason::BadSource;
        }
        else if (facts.destination.IsMulticast())
        {
            reason = IsOurGroup(facts.destination) ? DropReason::None : DropReason::NotOurGroup;
        }
        else if (!FindLocal(facts.destination) && !IsBroadcast(facts.destination))
        {
            reason = DropReason::NotOurAddress;
        }
    }
    if (reason != DropReason::None)
    {
        return m_counts.drops.Add(reason);
    }
    if (facts.fragment)
    {
        return OnFragment(payload, facts, now);
    }
    const ByteView whole = payload.first(facts.totalLength);
    bool consumed = false;
    reason = OnWhole(whole, facts, now, consumed);
    if (reason == DropReason::None && !consumed)
    {
        packet = whole;
        ++m_counts.packetsDelivered;
    }
    return m_counts.drops.Add(reason);
}

DropReason
IpEndpoint::OnFragment(ByteView packet, const IpFacts& facts, TimeNs now)
{
    Extra& extra = Rare();
    if (!extra.reassembly)
    {
        extra.reassembly = std::make_unique<Reassembly>(m_config.reassembly);
    }
    const DropReason reason = extra.reassembly->OnFragment(packet, facts, now, extra.whole);
    Mirror(extra.reassembly->Counters().drops, extra.reassemblyDrops);
    if (!extra.whole.empty())
    {
        Loop(extra.whole, now);
    }
    return reason;
}

/// Takes a whole packet to this host that no frame carries as it is: reassembled, or our own.
DropReason
IpEndpoint::Loop(ByteView packet, TimeNs now)
{
    IpFacts facts;
    DropReason reason = ReadIp(packet, facts);
    bool consumed = false;
    if (reason == DropReason::None && !facts.fragment)
    {
        reason = OnWhole(packet.first(facts.totalLength), facts, now, consumed);
    }
    if (reason == DropReason::None && !consumed)
    {
        m_packets.Push().bytes.assign(packet.begin(), packet.end());
        ++m_counts.packetsDelivered;
    }
    return m_counts.drops.Add(reason);
}

/// Does what the host itself has to do with a packet. @param[out] consumed it is not for others
DropReason
IpEndpoint::OnWhole(ByteView packet, const IpFacts& facts, TimeNs now, bool& consumed)
{
    if (facts.protocol == protocol::IGMP && !facts.v6)
    {
        if (m_extra && m_extra->igmp)
        {
            m_extra->igmp->OnMessage(facts.Payload(packet), facts.source, facts.destination, now);
            PumpGroups(now);
        }
        return DropReason::None;
    }
    if (facts.protocol != (facts.v6 ? protocol::ICMPV6 : protocol::ICMP))
    {
        return DropReason::None;
    }
    const ByteView payload = facts.Payload(packet);
    if (facts.v6 && !payload.empty() &&
        (payload[0] == NEIGHBOUR_SOLICITATION || payload[0] == NEIGHBOUR_ADVERTISEMENT))
    {
        consumed = true;
        return OnNdp(packet, now);
    }
    IcmpMessage message;
    const DropReason reason = ReadIcmp(packet, message);
    if (reason != DropReason::None)
    {
        return reason;
    }
    if (message.kind == IcmpKind::PacketTooBig)
    {
        NoteTooBig(message, now);
    }
    else if (message.kind == IcmpKind::EchoRequest && m_config.answersEcho &&
             FindLocal(facts.destination))
    {
        consumed = true;
        ++m_counts.echoes;
        m_made.assign(HEADROOM, 0);
        AppendEcho(m_made,
                   facts.destination,
                   facts.source,
                   true,
                   message.id,
                   message.sequence,
                   message.body,
                   m_config.ttl,
                   facts.tos);
        SendMade(now);
    }
    return DropReason::None;
}

/// RFC 1191 section 6.3, RFC 8201 section 4: remembers a limit that concerns a packet of ours.
void
IpEndpoint::NoteTooBig(const IcmpMessage& message, TimeNs now)
{
    // The packet that is quoted was cut, so only its fixed header can be read.
    const ByteView quoted = message.body;
    const bool v6 = !m_config.address.IsV4();
    if (quoted.size() < (v6 ? IPV6_HEADER : IPV4_HEADER) || quoted[0] >> 4 != (v6 ? 6 : 4))
    {
        return;
    }
    const std::uint8_t* p = quoted.data();
    const IpAddress source = v6 ? IpAddress::V6(quoted.subspan(8)) : IpAddress::V4(Read32(p + 12));
    const IpAddress to = v6 ? IpAddress::V6(quoted.subspan(24)) : IpAddress::V4(Read32(p + 16));
    std::uint32_t mtu = message.mtu;
    if (mtu == 0 && !v6)
    {
        mtu = Plateau(Read16(p + 2));
    }
    mtu = std::max(mtu, v6 ? IPV6_MIN_MTU : IPV4_MIN_MTU);
    if (!FindLocal(source) || mtu >= PathMtu(to, now))
    {
        return;
    }
    auto& limits = Rare().limits;
    std::erase_if(limits, [&to, now](const Extra::PathLimit& limit) {
        return limit.to == to || limit.until <= now;
    });
    if (limits.size() == MAX_PATH_LIMITS)
    {
        limits.erase(limits.begin());
    }
    limits.push_back({to, mtu, now + PATH_LIMIT_LIFE});
}

} // namespace weft::netbase
