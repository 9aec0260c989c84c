// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-multicast-router.h"

#include "underlay-multicast-protocol.h"
#include "underlay-router-context.h"
#include "underlay-static-mode.h"

#include <stdexcept>

namespace weft::multicast
{

struct MulticastRouter::Impl
{
    Impl(const RouterConfig& config, const UnicastView& view, TimeNs now)
        : context(config, view, now)
    {
        switch (config.mode)
        {
        case Mode::Sparse:
            protocol = MakeSparseMode(context, now);
            break;
        case Mode::Dense:
            protocol = MakeDenseMode(context, now);
            break;
        case Mode::Bidirectional:
            protocol = MakeBidirectionalMode(context, now);
            break;
        case Mode::Static:
        {
            auto made = std::make_unique<StaticMode>(context);
            trees = made.get();
            protocol = std::move(made);
            break;
        }
        }
    }

    Verdict OnIgmp(PortIndex port, const netbase::Ipv4Header& header, ByteView packet, TimeNs now);
    DropReason OnPim(PortIndex port,
                     const netbase::Ipv4Header& header,
                     ByteView payload,
                     TimeNs now);
    Verdict OnData(PortIndex port, const netbase::Ipv4Header& header, ByteView packet, TimeNs now);
    /// Passes on what neighbours and members did.
    void Settle(TimeNs now);

    RouterContext context;
    std::unique_ptr<MulticastProtocol> protocol;
    StaticMode* trees = nullptr; ///< the protocol, if it is that
    netbase::OutputQueue<std::tuple<PortIndex, IpAddress, bool>> memberships;
};

MulticastRouter::MulticastRouter(const RouterConfig& config, const UnicastView& view, TimeNs now)
{
    CheckConfig(config);
    m_impl = std::make_unique<Impl>(config, view, now);
}

MulticastRouter::~MulticastRouter() = default;
MulticastRouter::MulticastRouter(MulticastRouter&&) noexcept = default;
MulticastRouter& MulticastRouter::operator=(MulticastRouter&&) noexcept = default;

Verdict
MulticastRouter::OnPacket(PortIndex port, ByteView packet, TimeNs now)
{
    netbase::Ipv4Header header;
    DropReason reason = DropReason::None;
    switch (netbase::ReadIpv4(packet, header))
    {
    case netbase::DropReason::None:
        break;
    case netbase::DropReason::Truncated:
        reason = DropReason::Truncated;
        break;
    case netbase::DropReason::BadChecksum:
        reason = DropReason::BadChecksum;
        break;
    default:
        reason = DropReason::BadHeader;
        break;
    }
    if (reason == DropReason::None && !m_impl->context.IsUp(port))
    {
        reason = DropReason::PortDown;
    }
    if (reason != DropReason::None)
    {
        ++m_impl->context.counters.dataIn;
        return {.reason = m_impl->context.counters.dataDrops.Add(reason)};
    }
    const ByteView whole = packet.first(header.totalLength);
    const bool toGroup = header.destination.IsMulticast();
    const bool linkLocal = toGroup && IsLinkLocal(header.destination);
    // Fragments of control messages do not exist: the messages fit the least MTU.
    if (header.protocol == netbase::protocol::IGMP && !header.IsFragment() &&
        (linkLocal || header.ttl <= 1))
    {
        return m_impl->OnIgmp(port, header, whole, now);
    }
    if (header.protocol == netbase::protocol::PIM && !header.IsFragment() &&
        (linkLocal || !toGroup))
    {
        Verdict verdict{.control = true};
        verdict.reason = m_impl->context.counters.controlDrops.Add(
            m_impl->OnPim(port, header, whole.subspan(header.headerLength), now));
        m_impl->Settle(now);
        return verdict;
    }
    return m_impl->OnData(port, header, whole, now);
}

bool
MulticastRouter::OnKnown(PortIndex port, ByteView header, TimeNs now, Verdict& verdict)
{
    const std::uint8_t ttl = header[8];
    const std::uint32_t source = netbase::Read32(header.data() + 12);
    const std::uint32_t destination = netbase::Read32(header.data() + 16);
    RouterContext& context = m_impl->context;
    if (ttl <= 1 || destination >> 28 != 14 || destination >> 8 == 0xe00000 || !context.IsUp(port))
    {
        return false;
    }
    const CachedDecision* decision = m_impl->protocol->Known(port, destination, source, now);
    if (!decision)
    {
        return false;
    }
    ++context.counters.dataIn;
    context.counters.copiesOut += decision->ports.size();
    context.counters.dataDrops.Add(decision->reason);
    verdict = {.reason = decision->reason, .ports = decision->ports};
    return true;
}

Verdict
MulticastRouter::Impl::OnIgmp(PortIndex port,
                              const netbase::Ipv4Header& header,
                              ByteView packet,
                              TimeNs now)
{
    Verdict verdict{.control = true};
    verdict.reason = context.counters.controlDrops.Add(
        context.igmp.OnMessage(port, packet.subspan(header.headerLength), header.source, now));
    Settle(now);
    return verdict;
}

DropReason
MulticastRouter::Impl::OnPim(PortIndex port,
                             const netbase::Ipv4Header& header,
                             ByteView payload,
                             TimeNs now)
{
    if (context.config.mode == Mode::Static)
    {
        return DropReason::WrongMode;
    }
    PimMessage message;
    if (const DropReason reason = ReadPim(payload, message); reason != DropReason::None)
    {
        return reason;
    }
    const bool tunnelled = std::holds_alternative<PimRegister>(message) ||
                           std::holds_alternative<PimRegisterStop>(message);
    if (header.destination.IsMulticast() == tunnelled)
    {
        // Registers travel by unicast; all else stays on the link, but for Graft and Graft-Ack.
        const auto* graft = std::get_if<PimJoinPrune>(&message);
        if (tunnelled || !graft || graft->type == PimType::JoinPrune)
        {
            return DropReason::BadHeader;
        }
    }
    if (tunnelled)
    {
        return context.IsOwn(header.destination) ? protocol->OnMessage(port, header, message, now)
                                                 : DropReason::NotForUs;
    }
    if (!context.config.ports[static_cast<std::size_t>(port)].pim)
    {
        return DropReason::Disabled;
    }
    if (context.IsOwn(header.source))
    {
        return DropReason::OwnPacket;
    }
    if (const auto* hello = std::get_if<PimHello>(&message))
    {
        context.neighbours.OnHello(port, header.source, *hello, now);
        return DropReason::None;
    }
    // RFC 7761 section 4.3.1: others are not listened to.
    if (!context.neighbours.Knows(port, header.source))
    {
        return DropReason::NoNeighbour;
    }
    return protocol->OnMessage(port, header, message, now);
}

Verdict
MulticastRouter::Impl::OnData(PortIndex port,
                              const netbase::Ipv4Header& header,
                              ByteView packet,
                              TimeNs now)
{
    ++context.counters.dataIn;
    Verdict verdict;
    if (!header.destination.IsMulticast())
    {
        verdict.reason = DropReason::NotMulticast;
    }
    else if (IsLinkLocal(header.destination))
    {
        verdict.reason = DropReason::LinkLocal;
    }
    else if (header.ttl <= 1)
    {
        verdict.reason = DropReason::TtlExpired;
    }
    else if (header.source.IsMulticast() || header.source.ToV4() == 0)
    {
        verdict.reason = DropReason::BadHeader;
    }
    else
    {
        verdict = protocol->OnData(port, header, packet, now);
        context.counters.copiesOut += verdict.ports.size();
    }
    context.counters.dataDrops.Add(verdict.reason);
    return verdict;
}

void
MulticastRouter::Impl::Settle(TimeNs now)
{
    PortIndex port = NO_PORT;
    PimHello hello;
    while (context.neighbours.PollHello(port, hello))
    {
        context.SendLink(port, hello, now);
    }
    NeighbourEvent event;
    while (context.neighbours.PollEvent(event))
    {
        protocol->OnNeighbour(event, now);
    }
    IpAddress group;
    while (context.igmp.PollChange(port, group))
    {
        protocol->OnMembership(port, group, now);
        if (trees)
        {
            const auto* members = context.igmp.Find(group);
            memberships.Push().meta = {port, group, members && members->contains(port)};
        }
    }
}

void
MulticastRouter::SetPortUp(PortIndex port, bool up, TimeNs now)
{
    RouterContext& context = m_impl->context;
    if (port < 0 || static_cast<std::size_t>(port) >= context.up.size() || context.IsUp(port) == up)
    {
        return;
    }
    context.up[static_cast<std::size_t>(port)] = up;
    context.igmp.SetPortUp(port, up, now);
    context.neighbours.SetPortUp(port, up, now);
    m_impl->protocol->OnPortUp(port, up, now);
    m_impl->Settle(now);
}

void
MulticastRouter::OnRoutesChanged(TimeNs now)
{
    m_impl->protocol->OnRoutesChanged(now);
    m_impl->Settle(now);
}

void
MulticastRouter::InstallTree(const IpAddress& group,
                             PortIndex upstream,
                             const PortSet& ports,
                             TimeNs now)
{
    if (!m_impl->trees)
    {
        throw std::logic_error("trees can be installed in the static mode only");
    }
    m_impl->trees->Install(group, upstream, ports, now);
}

void
MulticastRouter::SetRoot(PortIndex upstream, TimeNs now)
{
    if (!m_impl->trees)
    {
        throw std::logic_error("a root can be set in the static mode only");
    }
    m_impl->trees->SetRoot(upstream, now);
}

bool
MulticastRouter::PollMembership(PortIndex& port, IpAddress& group, bool& member)
{
    Bytes none;
    std::tuple<PortIndex, IpAddress, bool> change;
    if (!m_impl->memberships.Pop(none, change))
    {
        return false;
    }
    std::tie(port, group, member) = change;
    return true;
}

bool
MulticastRouter::PollPacket(Bytes& packet, PacketMeta& meta)
{
    if (m_impl->context.packets.Pop(packet, meta))
    {
        return true;
    }
    if (m_impl->context.igmp.PollPacket(packet, meta.port))
    {
        ++m_impl->context.counters.queriesOut;
        return true;
    }
    return false;
}

bool
MulticastRouter::PollTableChange(netbase::TableChange& change)
{
    Bytes none;
    return m_impl->context.igmp.PollTableChange(change) ||
           m_impl->context.tableChanges.Pop(none, change);
}

TimeNs
MulticastRouter::NextDeadline() const
{
    const RouterContext& context = m_impl->context;
    return std::min({context.igmp.NextDeadline(),
                     context.neighbours.NextDeadline(),
                     m_impl->protocol->NextDeadline()});
}

void
MulticastRouter::OnDeadline(TimeNs now)
{
    m_impl->context.igmp.OnDeadline(now);
    m_impl->context.neighbours.OnDeadline(now);
    m_impl->Settle(now);
    m_impl->protocol->OnDeadline(now);
}

const RouterCounters&
MulticastRouter::Counters() const
{
    return m_impl->context.counters;
}

const RouterConfig&
MulticastRouter::Config() const
{
    return m_impl->context.config;
}

std::vector<RouteEntry>
MulticastRouter::Entries() const
{
    return m_impl->protocol->Entries();
}

std::vector<IpAddress>
MulticastRouter::Neighbours(PortIndex port) const
{
    return m_impl->context.neighbours.Addresses(port);
}

IpAddress
MulticastRouter::DesignatedRouter(PortIndex port) const
{
    return m_impl->context.neighbours.DesignatedRouter(port);
}

IpAddress
MulticastRouter::DesignatedForwarder(PortIndex port, const IpAddress& rp) const
{
    return m_impl->protocol->DesignatedForwarder(port, rp);
}

bool
MulticastRouter::IsQuerier(PortIndex port) const
{
    return m_impl->context.igmp.IsQuerier(port);
}

bool
MulticastRouter::HasMember(PortIndex port, const IpAddress& group) const
{
    const auto* members = m_impl->context.igmp.Find(group);
    return members && members->contains(port);
}

} // namespace weft::multicast
