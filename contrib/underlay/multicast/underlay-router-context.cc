// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-router-context.h"

namespace weft::multicast
{

RouterContext::RouterContext(const RouterConfig& c, const UnicastView& v, TimeNs now)
    : config(c), view(v), draws(c.key), igmp(c, now), neighbours(config, draws, now)
{
    for (const PortConfig& port : config.ports)
    {
        up.push_back(port.up);
    }
}

bool
RouterContext::IsOwn(const IpAddress& address) const
{
    if (!config.address.IsNone() && address == config.address)
    {
        return true;
    }
    for (const PortConfig& port : config.ports)
    {
        if (port.address == address)
        {
            return true;
        }
    }
    const auto route = view.RouteTo(address);
    return route && route->port == NO_PORT;
}

IpAddress
RouterContext::RpOf(const IpAddress& group) const
{
    const RpMapping* best = nullptr;
    for (const RpMapping& mapping : config.rps)
    {
        if (mapping.groups.Contains(group) &&
            (!best || mapping.groups.length > best->groups.length))
        {
            best = &mapping;
        }
    }
    return best ? best->rp : IpAddress{};
}

Rpf
RouterContext::RpfTo(const IpAddress& address) const
{
    Rpf rpf;
    const auto route = view.RouteTo(address);
    if (!route)
    {
        return rpf;
    }
    rpf.preference = route->preference;
    rpf.metric = route->metric;
    if (route->port == NO_PORT)
    {
        rpf.local = true;
        return rpf;
    }
    rpf.port = route->port;
    rpf.attached = route->neighbour.IsNone();
    const IpAddress& next = rpf.attached ? address : route->neighbour;
    if (neighbours.Knows(rpf.port, next))
    {
        rpf.neighbour = next;
    }
    return rpf;
}

void
RouterContext::SendLink(PortIndex port, const PimMessage& message, TimeNs now)
{
    if (!IsUp(port) || !config.ports[static_cast<std::size_t>(port)].pim)
    {
        return;
    }
    PimHello hello;
    if (!std::holds_alternative<PimHello>(message) && neighbours.TakeHelloBefore(port, hello, now))
    {
        SendLink(port, hello, now);
    }
    counters.hellosOut += std::holds_alternative<PimHello>(message) ? 1 : 0;
    counters.joinPrunesOut += std::holds_alternative<PimJoinPrune>(message) ? 1 : 0;
    counters.assertsOut += std::holds_alternative<PimAssert>(message) ? 1 : 0;
    counters.stateRefreshesOut += std::holds_alternative<PimStateRefresh>(message) ? 1 : 0;
    counters.electionsOut += std::holds_alternative<PimDfElection>(message) ? 1 : 0;
    auto& slot = packets.Push();
    slot.meta.port = port;
    AppendPimPacket(slot.bytes, Address(port), IpAddress::V4(PIM_ALL_ROUTERS), message);
}

void
RouterContext::SendUnicast(const IpAddress& from, const IpAddress& to, const PimMessage& message)
{
    counters.joinPrunesOut += std::holds_alternative<PimJoinPrune>(message) ? 1 : 0;
    counters.registerStopsOut += std::holds_alternative<PimRegisterStop>(message) ? 1 : 0;
    constexpr std::uint8_t TTL = 64;
    auto& slot = packets.Push();
    AppendPimPacket(slot.bytes, from, to, message, TTL);
}

void
RouterContext::Report(const IpAddress& group,
                      const IpAddress& source,
                      PortIndex incoming,
                      const std::string& text,
                      std::string& shown,
                      netbase::TableCause cause,
                      TimeNs now)
{
    // The incoming port is part of what is compared, though it has a field of its own.
    const std::string whole = text.empty() ? std::string() : std::to_string(incoming) + "|" + text;
    if (whole == shown)
    {
        return;
    }
    netbase::TableChange& change = tableChanges.Push().meta;
    change.at = now;
    change.table = netbase::Table::Multicast;
    change.op = shown.empty()   ? netbase::TableOp::Add
                : whole.empty() ? netbase::TableOp::Remove
                                : netbase::TableOp::Update;
    change.cause = cause;
    change.address = group;
    change.source = source;
    change.port = incoming;
    change.text = text;
    shown = whole;
}

} // namespace weft::multicast
