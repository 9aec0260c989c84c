// SPDX-License-Identifier: GPL-2.0-only
/** @file How packets and routes move through the network in memory; the second part of network.h.
 */
#ifndef WEFT_TESTS_MULTICAST_NETWORK_MOVES_H
#define WEFT_TESTS_MULTICAST_NETWORK_MOVES_H

#include "network.h"

namespace weft::multicast::test
{

inline void
Network::ComputeRoutes()
{
    for (const auto& from : m_routers)
    {
        // Dijkstra over routers; first hops are remembered, and ties go to the lowest router.
        std::map<std::size_t, UnicastRoute> best;
        std::set<std::pair<std::uint32_t, std::size_t>> open{{0, from->index}};
        best[from->index] = {};
        from->byLink.clear();
        from->loopbacks.clear();
        std::set<std::size_t> done;
        while (!open.empty() && !from->dead)
        {
            const auto [cost, at] = *open.begin();
            open.erase(open.begin());
            if (!done.insert(at).second)
            {
                continue;
            }
            const UnicastRoute here = best[at];
            for (std::size_t p = 0; p < m_routers[at]->links.size(); ++p)
            {
                const std::size_t number = m_routers[at]->links[p];
                const Link& link = m_links[number];
                if (!link.up)
                {
                    continue;
                }
                const std::uint32_t next = cost + link.cost;
                UnicastRoute viaHere = here;
                viaHere.metric = next;
                viaHere.preference = 110;
                if (at == from->index)
                {
                    viaHere.port = static_cast<PortIndex>(p);
                    viaHere.preference = 0;
                }
                const auto known = from->byLink.find(static_cast<std::uint32_t>(number));
                if (known == from->byLink.end() || next < known->second.metric)
                {
                    from->byLink[static_cast<std::uint32_t>(number)] = viaHere;
                }
                for (const Attachment& peer : link.routers)
                {
                    if (m_routers[peer.router]->dead || peer.router == from->index)
                    {
                        continue;
                    }
                    UnicastRoute route = viaHere;
                    route.preference = 110;
                    if (at == from->index)
                    {
                        route.neighbour = OnLink(number, static_cast<unsigned>(peer.router) + 1);
                    }
                    const auto old = best.find(peer.router);
                    if (old == best.end() || next < old->second.metric)
                    {
                        best[peer.router] = route;
                        open.insert({next, peer.router});
                    }
                }
            }
        }
        for (const auto& [router, route] : best)
        {
            if (router != from->index)
            {
                from->loopbacks[Loopback(router)] = route;
            }
        }
    }
}

inline bool
Network::PumpRouter(RouterNode& router)
{
    if (!router.core)
    {
        return false;
    }
    bool any = false;
    netbase::TableChange change;
    while (router.core->PollTableChange(change))
    {
        changes.push_back(change);
    }
    PortIndex port = NO_PORT;
    IpAddress group;
    bool member = false;
    while (router.core->PollMembership(port, group, member))
    {
        any = true;
        if (onMembership)
        {
            onMembership(router.index, port, group, member);
        }
    }
    Bytes packet;
    PacketMeta meta;
    while (router.core->PollPacket(packet, meta))
    {
        any = true;
        if (router.dead)
        {
            continue;
        }
        if (meta.port != NO_PORT)
        {
            Transmit(
                router.links[static_cast<std::size_t>(meta.port)], packet, router.index, NO_ROUTER);
        }
        else
        {
            Unicast(router, packet);
        }
    }
    return any;
}

inline void
Network::Transmit(std::size_t link,
                  const Bytes& packet,
                  std::size_t fromRouter,
                  std::size_t fromHost)
{
    if (!m_links[link].up)
    {
        return;
    }
    Ipv4Header header;
    netbase::ReadIpv4(packet, header);
    if (const auto id = DataId(packet, header))
    {
        ++m_crossings[{link, *id}];
    }
    else if (m_watch)
    {
        sightings.push_back({m_now, link, header.source, packet});
    }
    At(m_now + m_links[link].delay, [this, link, packet, header, fromRouter, fromHost] {
        if (!m_links[link].up)
        {
            return;
        }
        for (const Attachment& to : m_links[link].routers)
        {
            if (to.router != fromRouter && !m_routers[to.router]->dead &&
                !(loses && loses(link, to.router, packet)))
            {
                Deliver(*m_routers[to.router], to.port, packet);
            }
        }
        for (const std::size_t h : m_links[link].hosts)
        {
            if (h != fromHost)
            {
                DeliverToHost(*m_hosts[h], packet, header);
            }
        }
    });
}

inline void
Network::Deliver(RouterNode& router, PortIndex port, const Bytes& packet)
{
    const Verdict verdict = router.core->OnPacket(port, packet, m_now);
    const std::vector<PortIndex> ports(verdict.ports.begin(), verdict.ports.end());
    Bytes copy = packet;
    if (!ports.empty())
    {
        netbase::DecrementIpv4Ttl(copy);
    }
    for (const PortIndex out : ports)
    {
        Transmit(router.links[static_cast<std::size_t>(out)], copy, router.index, NO_ROUTER);
    }
}

inline void
Network::DeliverToHost(HostNode& host, const Bytes& packet, const Ipv4Header& header)
{
    if (header.protocol == netbase::protocol::IGMP)
    {
        host.igmp->OnMessage(ByteView(packet).subspan(header.headerLength),
                             header.source,
                             header.destination,
                             m_now);
    }
    else if (const auto id = DataId(packet, header); id && host.groups.contains(header.destination))
    {
        ++host.received[*id];
        host.at.try_emplace(*id, m_now);
    }
}

inline void
Network::Unicast(RouterNode& from, const Bytes& packet)
{
    Ipv4Header header;
    netbase::ReadIpv4(packet, header);
    if (m_watch)
    {
        sightings.push_back({m_now, m_links.size(), header.source, packet});
    }
    TimeNs delay{0};
    RouterNode* at = &from;
    PortIndex arrival = NO_PORT;
    for (int hops = 0; hops < 64; ++hops)
    {
        const auto route = at->RouteTo(header.destination);
        if (!route)
        {
            return;
        }
        if (route->port == NO_PORT)
        {
            At(m_now + delay, [this, at, arrival, packet] {
                if (!at->dead)
                {
                    Deliver(*at, std::max<PortIndex>(arrival, 0), packet);
                }
            });
            return;
        }
        const std::size_t link = at->links[static_cast<std::size_t>(route->port)];
        const IpAddress next = route->neighbour.IsNone() ? header.destination : route->neighbour;
        RouterNode* to = nullptr;
        for (const Attachment& peer : m_links[link].routers)
        {
            if (next == OnLink(link, static_cast<unsigned>(peer.router) + 1))
            {
                to = m_routers[peer.router].get();
                arrival = peer.port;
            }
        }
        if (!to || to->dead || !m_links[link].up)
        {
            return;
        }
        delay += m_links[link].delay;
        at = to;
    }
}

} // namespace weft::multicast::test

#endif
