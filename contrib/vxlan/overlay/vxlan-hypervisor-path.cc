// SPDX-License-Identifier: GPL-2.0-only
// The ways of frames through a hypervisor.
#include "vxlan-hypervisor.h"

#include "vxlan-reason.h"

#include "netbase-flow-hash.h"

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace weft::vxlan
{

namespace
{

constexpr std::size_t MAX_WAITING = 64; ///< packets that nobody takes

constexpr std::string_view AT_SWITCH = "switch";
constexpr std::string_view AT_VTEP = "vtep";
constexpr std::string_view AT_UNDERLAY = "underlay";
constexpr std::string_view AT_ROUTER = "router";
constexpr std::string_view AT_UPLINK = "uplink";

/// @return whether a frame was merely flooded past a station it is not for
bool
IsBystander(netbase::DropReason reason)
{
    return reason == netbase::DropReason::NotOurMac || reason == netbase::DropReason::NotOurGroup ||
           reason == netbase::DropReason::NotOurArp;
}

} // namespace

// -- In --------------------------------------------------------------------------------------

DropReason
Hypervisor::OnPortFrame(PortId port, ByteView frame, TimeNs now)
{
    ++m_counters.portFramesIn;
    if (!m_nodeUp)
    {
        ++m_counters.portFramesRefused;
        return NoteDrop(AT_SWITCH, DropReason::NodeDown, 0, frame, now);
    }
    const DropReason reason = m_bridge.OnFrame(port, frame, now);
    if (reason != DropReason::None)
    {
        Note(AT_SWITCH, ToString(reason), 0, frame, now);
    }
    Pump(now);
    return reason;
}

void
Hypervisor::OnUplinkFrame(std::uint32_t uplink, ByteView frame, TimeNs now)
{
    ++m_counters.uplinkFramesIn;
    if (!m_nodeUp || !IsUplinkUp(uplink))
    {
        ++m_counters.uplinkFramesRefused;
        NoteDrop(AT_UPLINK, m_nodeUp ? DropReason::PortDown : DropReason::NodeDown, 0, frame, now);
        return;
    }
    if (!m_underlay)
    {
        const DropReason reason = m_bridge.OnFrame(m_uplinkPort, frame, now);
        if (reason != DropReason::None)
        {
            Note(AT_SWITCH, ToString(reason), 0, frame, now);
        }
        Pump(now);
        return;
    }
    ByteView packet;
    const netbase::DropReason reason = m_underlay->Receive(frame, now, packet);
    if (reason != netbase::DropReason::None && !IsBystander(reason))
    {
        Note(AT_UNDERLAY, netbase::ToString(reason), 0, frame, now);
    }
    if (!packet.empty())
    {
        OnUnderlayPacket(packet, now);
    }
    Pump(now);
}

/// A whole IP packet came for the underlay address or a group.
void
Hypervisor::OnUnderlayPacket(ByteView packet, TimeNs now)
{
    if (m_vtep->Matches(packet))
    {
        const DropReason reason = m_vtep->OnUnderlayPacket(packet, now);
        if (reason != DropReason::None)
        {
            Note(AT_VTEP, ToString(reason), 0, packet, now);
        }
        return;
    }
    Rare& rare = GetRare();
    DropReason reason = DropReason::None;
    if (rare.udp.Take(packet, reason))
    {
        if (reason == DropReason::None)
        {
            ++m_counters.datagramsIn;
            return;
        }
        NoteDrop(AT_UNDERLAY, reason, 0, packet, now);
        return;
    }
    auto& packets = rare.packets;
    if (packets.Size() >= MAX_WAITING)
    {
        NoteDrop(AT_UNDERLAY, DropReason::NoBuffer, 0, packet, now);
        return;
    }
    packets.Push().bytes.assign(packet.begin(), packet.end());
}

// -- Between the parts -----------------------------------------------------------------------

void
Hypervisor::Run(TimeNs now)
{
    Pump(now);
}

/// Carries outputs of every part to the next until all is quiet.
void
Hypervisor::Pump(TimeNs now)
{
    bool busy = true;
    while (busy)
    {
        busy = PumpSwitch(now);
        busy = (m_vtep && PumpTunnel(now)) || busy;
        busy = (m_rare && !m_rare->routers.empty() && PumpRouters(now)) || busy;
    }
}

bool
Hypervisor::PumpSwitch(TimeNs now)
{
    bool busy = false;
    PortId port = NO_PORT;
    while (m_bridge.PollFrame(m_scratch, port))
    {
        const Owner& owner = m_owners[static_cast<std::size_t>(port)];
        switch (owner.kind)
        {
        case Behind::Machine:
        {
            auto& slot = m_toPorts.Push();
            slot.meta.port = port;
            slot.bytes.swap(m_scratch);
            ++m_counters.portFramesOut;
            break;
        }
        case Behind::Router:
        {
            const DropReason reason =
                m_rare->routers[owner.router].router->OnFrame(owner.interface, m_scratch, now);
            if (reason != DropReason::None && reason != DropReason::NotForUs)
            {
                Note(AT_ROUTER, ToString(reason), 0, m_scratch, now);
            }
            busy = true;
            break;
        }
        case Behind::Uplink:
            SendOnUplink(m_scratch, now);
            break;
        case Behind::Nobody:
            NoteDrop(AT_SWITCH, DropReason::VacantPort, 0, m_scratch, now);
            break;
        }
    }
    return busy;
}

bool
Hypervisor::PumpTunnel(TimeNs now)
{
    bool busy = false;
    TunnelMeta toTunnel;
    while (m_bridge.PollTunnel(m_scratch, toTunnel))
    {
        const DropReason reason =
            m_vtep->OnLocalFrame(toTunnel.vni, m_scratch, now, toTunnel.newLocalSource);
        if (reason != DropReason::None)
        {
            Note(AT_VTEP, ToString(reason), toTunnel.vni, m_scratch, now);
        }
    }
    LocalMeta toBridge;
    while (m_vtep->PollLocal(m_scratch, toBridge))
    {
        busy = true;
        if (m_events && !toBridge.remote.IsNone())
        {
            auto& event = GetRare().events.Push().meta;
            event.at = now;
            event.kind = HypervisorEventKind::Decapsulate;
            event.vni = toBridge.vni;
            event.remote = toBridge.remote;
            event.size = static_cast<std::uint32_t>(m_scratch.size());
        }
        const DropReason reason = m_bridge.OnTunnelFrame(toBridge.vni, m_scratch, now);
        if (reason != DropReason::None)
        {
            Note(AT_SWITCH, ToString(reason), toBridge.vni, m_scratch, now);
        }
    }
    return PumpUnderlay(now) || busy;
}

bool
Hypervisor::PumpUnderlay(TimeNs now)
{
    bool busy = false;
    GroupChange change;
    while (m_vtep->PollMembership(change))
    {
        if (change.join)
        {
            m_underlay->JoinGroup(change.group, now);
            m_groups.push_back(change.group);
        }
        else
        {
            m_underlay->LeaveGroup(change.group, now);
            std::erase(m_groups, change.group);
        }
    }
    // A VTEP that may not fragment must not have it done by its host either.
    const netbase::SendOptions options{.sourceMac = {},
                                       .dontFragment = !m_vtep->Config().mtuPolicy.fragment};
    UnderlayMeta meta;
    while (m_vtep->PollUnderlay(m_packet, meta))
    {
        if (m_nodeUp && m_uplinksUp == 0)
        {
            // No carrier: nothing waits for a neighbour that cannot be asked.
            NoteDrop(AT_UPLINK, DropReason::PortDown, meta.vni, m_packet, now);
            continue;
        }
        const netbase::DropReason reason = m_underlay->SendPacket(m_packet, now, options);
        if (reason != netbase::DropReason::None)
        {
            Note(AT_UNDERLAY, netbase::ToString(reason), meta.vni, m_packet, now);
        }
        else if (m_events && !meta.probe)
        {
            auto& event = GetRare().events.Push().meta;
            event.at = now;
            event.kind = HypervisorEventKind::Encapsulate;
            event.vni = meta.vni;
            event.remote = meta.destination;
            event.flood = meta.flood;
            event.copy = meta.copy;
            event.size = meta.frameSize;
        }
    }
    while (m_underlay->PollPacket(m_packet))
    {
        OnUnderlayPacket(m_packet, now);
        busy = true;
    }
    while (m_underlay->PollFrame(m_packet))
    {
        SendOnUplink(m_packet, now);
    }
    netbase::TableChange unread;
    while (!m_tables && m_underlay->PollTableChange(unread))
    {
    }
    return busy;
}

bool
Hypervisor::PumpRouters(TimeNs now)
{
    bool busy = false;
    RouterOutput output;
    for (RouterSlot& slot : m_rare->routers)
    {
        while (slot.router->PollFrame(m_scratch, output))
        {
            busy = true;
            const DropReason reason =
                m_bridge.OnFrame(slot.ports[output.interface], m_scratch, now);
            if (reason != DropReason::None)
            {
                Note(AT_SWITCH, ToString(reason), 0, m_scratch, now);
            }
        }
    }
    return busy;
}

// -- Out -------------------------------------------------------------------------------------

/// @return the uplink for a frame's flow; nothing when none is up
std::optional<std::uint32_t>
Hypervisor::ChooseUplink(ByteView frame) const
{
    if (m_uplinksUp == 0)
    {
        return std::nullopt;
    }
    const auto up = static_cast<std::uint32_t>(std::popcount(m_uplinksUp));
    std::uint32_t skip =
        up == 1
            ? 0
            : netbase::HashBelow(netbase::FlowHash(netbase::ReadFlowFields(frame), m_bondKey), up);
    std::uint32_t bits = m_uplinksUp;
    for (; skip > 0; --skip)
    {
        bits &= bits - 1;
    }
    return static_cast<std::uint32_t>(std::countr_zero(bits));
}

void
Hypervisor::SendOnUplink(Bytes& frame, TimeNs now)
{
    const auto uplink = m_nodeUp ? ChooseUplink(frame) : std::nullopt;
    if (!uplink)
    {
        ++m_counters.uplinkFramesUnsent;
        NoteDrop(AT_UPLINK, m_nodeUp ? DropReason::PortDown : DropReason::NodeDown, 0, frame, now);
        return;
    }
    ++m_counters.uplinkFramesOut;
    m_counters.uplinkBytesOut += frame.size();
    auto& slot = m_toUplinks.Push();
    slot.meta.uplink = *uplink;
    slot.bytes.swap(frame);
}

bool
Hypervisor::PollPortFrame(Bytes& frame, PortId& port)
{
    PortMeta meta;
    if (!m_toPorts.Pop(frame, meta))
    {
        return false;
    }
    port = meta.port;
    return true;
}

bool
Hypervisor::PollUplinkFrame(Bytes& frame, std::uint32_t& uplink)
{
    UplinkMeta meta;
    if (!m_toUplinks.Pop(frame, meta))
    {
        return false;
    }
    uplink = meta.uplink;
    return true;
}

// -- The underlay address as a host ----------------------------------------------------------

void
Hypervisor::BindUdp(std::uint16_t port)
{
    if (!m_underlay)
    {
        throw std::invalid_argument(
            "port " + std::to_string(port) +
            " cannot be bound: without a VTEP there is no underlay address");
    }
    GetRare().udp.Bind(port);
}

DropReason
Hypervisor::SendDatagram(std::uint16_t sourcePort,
                         const IpAddress& to,
                         std::uint16_t destinationPort,
                         ByteView payload,
                         TimeNs now)
{
    if (!m_underlay || !m_nodeUp)
    {
        return NoteDrop(
            AT_UNDERLAY, m_underlay ? DropReason::NodeDown : DropReason::NoRoute, 0, payload, now);
    }
    const DropReason reason =
        UdpPorts::Send(*m_underlay, sourcePort, to, destinationPort, payload, now);
    if (reason != DropReason::None)
    {
        return NoteDrop(AT_UNDERLAY, reason, 0, payload, now);
    }
    ++m_counters.datagramsOut;
    Pump(now);
    return DropReason::None;
}

bool
Hypervisor::PollDatagram(Bytes& payload, UnderlayDatagram& datagram)
{
    return m_rare && m_rare->udp.Poll(payload, datagram);
}

DropReason
Hypervisor::Ping(
    const IpAddress& to, std::uint16_t id, std::uint16_t sequence, ByteView data, TimeNs now)
{
    if (!m_underlay || !m_nodeUp)
    {
        return NoteDrop(
            AT_UNDERLAY, m_underlay ? DropReason::NodeDown : DropReason::NoRoute, 0, data, now);
    }
    const netbase::DropReason reason = m_underlay->Ping(to, id, sequence, data, now);
    Pump(now);
    return reason == netbase::DropReason::None
               ? DropReason::None
               : NoteDrop(AT_UNDERLAY, ToDropReason(reason), 0, data, now);
}

bool
Hypervisor::PollUnderlayPacket(Bytes& packet)
{
    UplinkMeta none;
    return m_rare && m_rare->packets.Pop(packet, none);
}

// -- Time ------------------------------------------------------------------------------------

TimeNs
Hypervisor::NextDeadline() const
{
    if (!m_nodeUp)
    {
        return NEVER;
    }
    TimeNs next = m_bridge.NextDeadline();
    if (m_vtep)
    {
        next = std::min({next, m_vtep->NextDeadline(), m_underlay->NextDeadline()});
    }
    for (std::size_t i = 0; m_rare && i < m_rare->routers.size(); ++i)
    {
        next = std::min(next, m_rare->routers[i].router->NextDeadline());
    }
    return next;
}

void
Hypervisor::OnDeadline(TimeNs now)
{
    if (!m_nodeUp)
    {
        return;
    }
    m_bridge.OnDeadline(now);
    if (m_vtep)
    {
        m_vtep->OnDeadline(now);
        m_underlay->OnDeadline(now);
    }
    for (std::size_t i = 0; m_rare && i < m_rare->routers.size(); ++i)
    {
        m_rare->routers[i].router->OnDeadline(now);
    }
    Pump(now);
}

// -- Watching --------------------------------------------------------------------------------

/// Records a drop that one of the parts has counted.
void
Hypervisor::Note(
    std::string_view place, std::string_view reason, Vni vni, ByteView frame, TimeNs now)
{
    if (!m_events)
    {
        return;
    }
    auto& event = GetRare().events.Push().meta;
    event.at = now;
    event.kind = HypervisorEventKind::Drop;
    event.place = place;
    event.reason = reason;
    event.vni = vni;
    event.size = static_cast<std::uint32_t>(frame.size());
}

/// Records and counts a drop of the hypervisor's own.
DropReason
Hypervisor::NoteDrop(std::string_view place, DropReason reason, Vni vni, ByteView frame, TimeNs now)
{
    m_counters.drops.Add(reason);
    Note(place, ToString(reason), vni, frame, now);
    return reason;
}

} // namespace weft::vxlan
