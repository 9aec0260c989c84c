// SPDX-License-Identifier: GPL-2.0-only
/** @file The way of a frame through the bridge. */
#include "vxlan-bridge.h"

#include "netbase-arp.h"
#include "netbase-ethernet.h"

#include <algorithm>

namespace weft::vxlan
{

namespace
{

namespace ethertype = netbase::ethertype;
using netbase::ETHERNET_HEADER;
using netbase::VLAN_TAG;

constexpr std::size_t ADDRESSES = 12; ///< octets before tag or EtherType

/// Flag of an FDB entry: a local station of which nothing has gone to the tunnel yet.
constexpr std::uint8_t UNANNOUNCED = 1;

std::uint16_t
TypeOf(ByteView frame)
{
    return netbase::Read16(frame.data() + ADDRESSES);
}

} // namespace

DropReason
Bridge::OnFrame(PortId port, ByteView frame, TimeNs now)
{
    ++m_counters.framesIn;
    Expire(now);
    DropReason reason = DropReason::None;
    Vni vni = 0;
    if (!IsPortUp(port))
    {
        reason = DropReason::PortDown;
    }
    else if (frame.size() < ETHERNET_HEADER)
    {
        reason = DropReason::BadInnerFrame;
    }
    else
    {
        reason = Classify(m_ports[port], frame, vni);
    }
    if (reason == DropReason::None)
    {
        const auto found = m_domains.find(vni);
        reason = found == m_domains.end() ? DropReason::UnknownVni
                                          : Forward(found->second, port, frame, now);
    }
    if (reason != DropReason::None)
    {
        m_counters.drops.Add(reason);
    }
    return reason;
}

DropReason
Bridge::OnTunnelFrame(Vni vni, ByteView frame, TimeNs now)
{
    ++m_counters.framesIn;
    Expire(now);
    DropReason reason = DropReason::None;
    if (frame.size() < ETHERNET_HEADER)
    {
        reason = DropReason::BadInnerFrame;
    }
    else
    {
        const auto found = m_domains.find(vni);
        reason = found == m_domains.end() || !m_networks[found->second].tunnel
                     ? DropReason::UnknownVni
                     : Forward(found->second, TUNNEL_PORT, frame, now);
    }
    if (reason != DropReason::None)
    {
        m_counters.drops.Add(reason);
    }
    return reason;
}

/// Finds a frame's network, and takes the tag off that said it.
DropReason
Bridge::Classify(const Port& port, ByteView& frame, Vni& vni)
{
    const PortConfig& config = port.config;
    const bool access = config.kind == PortKind::Access;
    std::optional<std::uint16_t> tag;
    if (TypeOf(frame) == ethertype::VLAN)
    {
        if (frame.size() < ETHERNET_HEADER + VLAN_TAG)
        {
            return DropReason::BadInnerFrame;
        }
        tag = netbase::VlanOf(netbase::Read16(frame.data() + ETHERNET_HEADER));
    }
    if (access)
    {
        vni = config.vni;
        if (!tag || config.passTags)
        {
            return DropReason::None;
        }
        if (*tag != 0)
        {
            return DropReason::VlanMismatch;
        }
    }
    else if (!tag || *tag == 0)
    {
        if (!config.native)
        {
            return DropReason::VlanMismatch;
        }
        vni = *config.native;
    }
    else
    {
        const auto found = config.vlans.find(*tag);
        if (found == config.vlans.end())
        {
            return DropReason::VlanMismatch;
        }
        vni = found->second;
    }
    if (tag)
    {
        const auto rest = frame.subspan(ADDRESSES + VLAN_TAG);
        m_untagged.assign(frame.begin(), frame.begin() + ADDRESSES);
        m_untagged.insert(m_untagged.end(), rest.begin(), rest.end());
        frame = m_untagged;
    }
    return DropReason::None;
}

DropReason
Bridge::Forward(std::uint16_t domain, PortId from, ByteView frame, TimeNs now)
{
    const auto source = MacAddress::Read(frame.subspan(6));
    if (source.IsGroup())
    {
        return DropReason::BadInnerFrame;
    }
    PortId before = NO_PORT;
    switch (m_fdb.Learn(domain, source, from, now, before))
    {
    case LearnResult::Conflict:
        return DropReason::StaticConflict;
    case LearnResult::Added:
    case LearnResult::Moved:
        OnLearned(domain, source, from, before);
        break;
    case LearnResult::Refreshed:
    case LearnResult::Refused:
        break;
    }
    if (m_config.reportStations && from != TUNNEL_PORT)
    {
        Overhear(domain, from, frame);
    }
    const auto destination = MacAddress::Read(frame);
    if (destination.IsGroup())
    {
        return Flood(domain, from, frame);
    }
    const PortId to = m_fdb.Find(domain, destination);
    if (to == NO_PORT)
    {
        return Flood(domain, from, frame);
    }
    if (to == from)
    {
        return from == TUNNEL_PORT ? DropReason::SplitHorizon : DropReason::SamePort;
    }
    const Network& network = m_networks[domain];
    if (to == TUNNEL_PORT)
    {
        if (!network.tunnel)
        {
            return DropReason::NoDestination;
        }
        ++m_counters.unicast;
        SendToTunnel(domain, frame);
        return DropReason::None;
    }
    const auto member = std::find_if(network.members.begin(),
                                     network.members.end(),
                                     [to](const Member& m) { return m.port == to; });
    if (member == network.members.end() || !m_ports[to].up)
    {
        return DropReason::PortDown;
    }
    ++m_counters.unicast;
    SendToPort(*member, frame);
    return DropReason::None;
}

DropReason
Bridge::Flood(std::uint16_t domain, PortId from, ByteView frame)
{
    const Network& network = m_networks[domain];
    bool sent = false;
    for (const Member& member : network.members)
    {
        if (member.port != from && m_ports[member.port].up)
        {
            SendToPort(member, frame);
            sent = true;
        }
    }
    if (network.tunnel && from != TUNNEL_PORT)
    {
        SendToTunnel(domain, frame);
        sent = true;
    }
    if (!sent)
    {
        return DropReason::NoDestination;
    }
    ++m_counters.flooded;
    return DropReason::None;
}

void
Bridge::OnLearned(std::uint16_t domain, const MacAddress& mac, PortId from, PortId before)
{
    const auto cause = before == NO_PORT ? TableCause::Learned : TableCause::Moved;
    if (from == TUNNEL_PORT)
    {
        *m_fdb.Flags(domain, mac) = 0;
        if (before != NO_PORT)
        {
            Report(StationEvent::Gone, domain, mac, before, cause);
        }
        return;
    }
    // From one local port to another, remote VTEPs have nothing to learn.
    if (before == NO_PORT || before == TUNNEL_PORT)
    {
        *m_fdb.Flags(domain, mac) = UNANNOUNCED;
    }
    Report(StationEvent::Appeared, domain, mac, from, cause);
}

/// Station addresses for a control plane: what the senders of ARP say about themselves.
void
Bridge::Overhear(std::uint16_t domain, PortId from, ByteView frame)
{
    netbase::ArpPacket arp;
    if (TypeOf(frame) != ethertype::ARP ||
        netbase::ReadArp(frame.subspan(ETHERNET_HEADER), arp) != netbase::DropReason::None ||
        arp.sender == IpAddress::V4(0) || arp.senderMac != MacAddress::Read(frame.subspan(6)) ||
        m_fdb.Find(domain, arp.senderMac) != from)
    {
        return;
    }
    IpAddress& known = m_addresses[MacTable::Key(domain, arp.senderMac)];
    if (known != arp.sender)
    {
        known = arp.sender;
        Report(StationEvent::Address, domain, arp.senderMac, from, TableCause::Learned, arp.sender);
    }
}

void
Bridge::SendToPort(const Member& member, ByteView frame)
{
    auto& slot = m_toPorts.Push();
    slot.meta.port = member.port;
    if (member.vlan == 0)
    {
        slot.bytes.assign(frame.begin(), frame.end());
    }
    else
    {
        slot.bytes.resize(frame.size() + VLAN_TAG);
        std::copy_n(frame.begin(), ADDRESSES, slot.bytes.begin());
        netbase::Write16(&slot.bytes[ADDRESSES], ethertype::VLAN);
        netbase::Write16(&slot.bytes[ADDRESSES + 2], netbase::MakeTci(member.vlan));
        std::copy(
            frame.begin() + ADDRESSES, frame.end(), slot.bytes.begin() + ADDRESSES + VLAN_TAG);
    }
    ++m_counters.portCopies;
}

void
Bridge::SendToTunnel(std::uint16_t domain, ByteView frame)
{
    auto& slot = m_toTunnel.Push();
    slot.meta.vni = m_networks[domain].vni;
    slot.bytes.assign(frame.begin(), frame.end());
    if (auto* flags = m_fdb.Flags(domain, MacAddress::Read(frame.subspan(6))))
    {
        slot.meta.newLocalSource = (*flags & UNANNOUNCED) != 0;
        *flags = 0;
    }
    ++m_counters.tunnelCopies;
}

} // namespace weft::vxlan
