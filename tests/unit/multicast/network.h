// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * A network in memory: multicast routers, hosts and links with delay. Links are LANs: everything
 * sent on one reaches everybody else on it. Unicast routes are shortest paths, computed when asked.
 *
 * Addresses: link n is 10.(n/256).(n%256).0/24, on which router r has host part r + 1 and host h
 * 100 + h; router r's own (loopback) address is 10.255.0.(r + 1).
 */
#ifndef WEFT_TESTS_MULTICAST_NETWORK_H
#define WEFT_TESTS_MULTICAST_NETWORK_H

#include "netbase-igmp-host.h"
#include "netbase-ipv4.h"
#include "underlay-multicast-router.h"
#include "underlay-pim-message.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>

namespace weft::multicast::test
{

using namespace std::chrono_literals;
using netbase::Ipv4Header;

inline IpAddress
Ip(const std::string& text)
{
    return IpAddress::Parse(text).value();
}

class Network
{
  public:
    explicit Network(std::uint64_t seed = 1) : m_seed(seed)
    {
    }

    /// What crossed a link or was sent on it.
    struct Sighting
    {
        TimeNs at{0};
        std::size_t link = 0;
        IpAddress from; ///< source address of the packet
        Bytes packet;
    };

    // -- building

    std::size_t
    AddRouter()
    {
        m_routers.push_back(std::make_unique<RouterNode>());
        m_routers.back()->index = m_routers.size() - 1;
        m_routers.back()->network = this;
        return m_routers.size() - 1;
    }

    /// @return the link's number
    std::size_t
    AddLink(const std::vector<std::size_t>& routers, TimeNs delay = 1ms, std::uint32_t cost = 1)
    {
        const std::size_t link = m_links.size();
        m_links.push_back({.delay = delay, .cost = cost, .up = true, .routers = {}, .hosts = {}});
        for (const std::size_t r : routers)
        {
            RouterNode& router = *m_routers[r];
            m_links[link].routers.push_back({r, static_cast<PortIndex>(router.links.size())});
            router.links.push_back(link);
        }
        return link;
    }

    std::size_t
    AddHost(std::size_t link, unsigned igmpVersion = 3)
    {
        auto host = std::make_unique<HostNode>();
        host->link = link;
        host->address = OnLink(link, 100 + static_cast<unsigned>(m_links[link].hosts.size()));
        host->igmp = std::make_unique<netbase::IgmpHost>(
            netbase::IgmpHostConfig{.address = host->address,
                                    .version = igmpVersion,
                                    .key = m_seed * 1000 + m_hosts.size()});
        m_hosts.push_back(std::move(host));
        m_links[link].hosts.push_back(m_hosts.size() - 1);
        return m_hosts.size() - 1;
    }

    /// A link of its own behind a router, with a host on it.
    std::size_t
    AddHostAt(std::size_t router, unsigned igmpVersion = 3)
    {
        return AddHost(AddLink({router}), igmpVersion);
    }

    /// Switches all routers on. @param change alters what routers share
    void
    Start(RouterConfig shared, const std::function<void(std::size_t, RouterConfig&)>& change = {})
    {
        ComputeRoutes();
        for (const auto& router : m_routers)
        {
            RouterConfig config = shared;
            config.key = m_seed * 7919 + router->index;
            for (const std::size_t link : router->links)
            {
                config.ports.push_back(
                    {.address = OnLink(link, static_cast<unsigned>(router->index) + 1)});
            }
            if (change)
            {
                change(router->index, config);
            }
            router->core = std::make_unique<MulticastRouter>(config, *router, m_now);
        }
        Pump();
    }

    // -- acting

    TimeNs
    Now() const
    {
        return m_now;
    }

    void
    Run(TimeNs length)
    {
        const TimeNs end = m_now + length;
        while (true)
        {
            TimeNs next = m_events.empty() ? NEVER : m_events.top().at;
            for (const auto& router : m_routers)
            {
                next = std::min(next, router->dead ? NEVER : router->core->NextDeadline());
            }
            for (const auto& host : m_hosts)
            {
                next = std::min(next, host->igmp->NextDeadline());
            }
            if (next > end)
            {
                break;
            }
            m_now = std::max(m_now, next);
            if (!m_events.empty() && m_events.top().at <= m_now)
            {
                const auto act = m_events.top().act;
                m_events.pop();
                act();
            }
            else
            {
                for (const auto& router : m_routers)
                {
                    if (!router->dead && router->core->NextDeadline() <= m_now)
                    {
                        router->core->OnDeadline(m_now);
                    }
                }
                for (const auto& host : m_hosts)
                {
                    if (host->igmp->NextDeadline() <= m_now)
                    {
                        host->igmp->OnDeadline(m_now);
                    }
                }
            }
            Pump();
        }
        m_now = end;
    }

    void
    Join(std::size_t host, const IpAddress& group)
    {
        m_hosts[host]->igmp->Join(group, m_now);
        m_hosts[host]->groups.insert(group);
        Pump();
    }

    void
    Leave(std::size_t host, const IpAddress& group)
    {
        m_hosts[host]->igmp->Leave(group, m_now);
        m_hosts[host]->groups.erase(group);
        Pump();
    }

    /// A host falls silent: it neither leaves nor answers any more.
    void
    Silence(std::size_t host)
    {
        m_hosts[host]->silent = true;
    }

    /// Sends a data packet. @return its number, by which Received() and Crossings() know it
    std::uint32_t
    Send(std::size_t host, const IpAddress& group, std::uint8_t ttl = 32, std::size_t size = 64)
    {
        const std::uint32_t id = ++m_lastId;
        Bytes payload(size);
        netbase::Write32(payload.data(), id);
        Bytes packet;
        netbase::AppendIpv4Packet(packet,
                                  {.ttl = ttl,
                                   .protocol = netbase::protocol::UDP,
                                   .source = m_hosts[host]->address,
                                   .destination = group},
                                  payload);
        Transmit(m_hosts[host]->link, packet, NO_ROUTER, host);
        return id;
    }

    /// Sends any packet as if a host had.
    void
    SendRaw(std::size_t host, const Bytes& packet)
    {
        Transmit(m_hosts[host]->link, packet, NO_ROUTER, host);
    }

    /// Cuts or mends a link; routes follow after a while if @p convergence is not NEVER.
    void
    SetLinkUp(std::size_t link, bool up, TimeNs convergence = 50ms)
    {
        m_links[link].up = up;
        for (const auto& [r, port] : m_links[link].routers)
        {
            if (!m_routers[r]->dead)
            {
                m_routers[r]->core->SetPortUp(port, up, m_now);
            }
        }
        Pump();
        Converge(convergence);
    }

    /// A router stops: it sends and hears nothing, and its neighbours see no link go down.
    void
    Kill(std::size_t router, TimeNs convergence = 50ms)
    {
        m_routers[router]->dead = true;
        Converge(convergence);
    }

    void
    At(TimeNs at, std::function<void()> act)
    {
        m_events.push({at, m_order++, std::move(act)});
    }

    // -- looking

    MulticastRouter&
    Router(std::size_t router)
    {
        return *m_routers[router]->core;
    }

    PortIndex
    PortOn(std::size_t router, std::size_t link) const
    {
        for (std::size_t p = 0; p < m_routers[router]->links.size(); ++p)
        {
            if (m_routers[router]->links[p] == link)
            {
                return static_cast<PortIndex>(p);
            }
        }
        return NO_PORT;
    }

    IpAddress
    AddressOf(std::size_t router, std::size_t link) const
    {
        return OnLink(link, static_cast<unsigned>(router) + 1);
    }

    static IpAddress
    Loopback(std::size_t router)
    {
        return IpAddress::V4(0x0aff0001 + static_cast<std::uint32_t>(router));
    }

    IpAddress
    HostAddress(std::size_t host) const
    {
        return m_hosts[host]->address;
    }

    std::size_t
    HostLink(std::size_t host) const
    {
        return m_hosts[host]->link;
    }

    /// @return how often a member received a packet
    unsigned
    Received(std::size_t host, std::uint32_t id) const
    {
        const auto it = m_hosts[host]->received.find(id);
        return it == m_hosts[host]->received.end() ? 0 : it->second;
    }

    /// @return when a packet was first received; NEVER: not at all
    TimeNs
    ReceivedAt(std::size_t host, std::uint32_t id) const
    {
        const auto it = m_hosts[host]->at.find(id);
        return it == m_hosts[host]->at.end() ? NEVER : it->second;
    }

    /// @return how often a data packet was sent on a link, Registers not counted
    unsigned
    Crossings(std::size_t link, std::uint32_t id) const
    {
        const auto it = m_crossings.find({link, id});
        return it == m_crossings.end() ? 0 : it->second;
    }

    std::size_t
    Links() const
    {
        return m_links.size();
    }

    std::size_t
    Routers() const
    {
        return m_routers.size();
    }

    /// @return distance of a router to an address by cost; nothing when unreachable
    std::optional<UnicastRoute>
    RouteFrom(std::size_t router, const IpAddress& address) const
    {
        return m_routers[router]->RouteTo(address);
    }

    /// Every control packet that was sent, in order, if Watch() was called.
    std::vector<Sighting> sightings;

    void
    Watch()
    {
        m_watch = true;
    }

    /// Control messages of one type among the sightings, of a time.
    template <typename Message>
    std::vector<std::pair<Sighting, Message>>
    Seen(TimeNs since = TimeNs(0)) const
    {
        std::vector<std::pair<Sighting, Message>> found;
        for (const Sighting& sighting : sightings)
        {
            Ipv4Header header;
            PimMessage message;
            if (sighting.at >= since &&
                netbase::ReadIpv4(sighting.packet, header) == netbase::DropReason::None &&
                header.protocol == netbase::protocol::PIM &&
                ReadPim(ByteView(sighting.packet).subspan(header.headerLength), message) ==
                    DropReason::None &&
                std::holds_alternative<Message>(message))
            {
                found.emplace_back(sighting, std::get<Message>(message));
            }
        }
        return found;
    }

    std::vector<netbase::TableChange> changes; ///< of all routers, in order
    /// Whether a packet on a link gets lost. @param receiver router's number, or NO_ROUTER
    std::function<bool(std::size_t link, std::size_t receiver, ByteView packet)> loses;
    /// What becomes of membership changes (static trees).
    std::function<void(std::size_t router, PortIndex, const IpAddress&, bool)> onMembership;

    static constexpr std::size_t NO_ROUTER = ~std::size_t{0};

    /// A router's port on a link.
    struct Attachment
    {
        std::size_t router;
        PortIndex port;
    };

    const std::vector<Attachment>&
    Attached(std::size_t link) const
    {
        return m_links[link].routers;
    }

    std::uint32_t
    CostOf(std::size_t link) const
    {
        return m_links[link].cost;
    }

    bool
    IsLinkUp(std::size_t link) const
    {
        return m_links[link].up;
    }

    void
    Pump()
    {
        bool again = true;
        while (again)
        {
            again = false;
            for (const auto& router : m_routers)
            {
                again = PumpRouter(*router) || again;
            }
            for (std::size_t h = 0; h < m_hosts.size(); ++h)
            {
                Bytes packet;
                while (m_hosts[h]->igmp->PollPacket(packet))
                {
                    again = true;
                    if (!m_hosts[h]->silent)
                    {
                        Transmit(m_hosts[h]->link, packet, NO_ROUTER, h);
                    }
                }
            }
        }
    }

  private:
    struct Link
    {
        TimeNs delay;
        std::uint32_t cost;
        bool up;
        std::vector<Attachment> routers;
        std::vector<std::size_t> hosts;
    };

    struct RouterNode : UnicastView
    {
        std::optional<UnicastRoute>
        RouteTo(const IpAddress& address) const override
        {
            if (address == Loopback(index))
            {
                return UnicastRoute{};
            }
            const auto loopback = loopbacks.find(address);
            if (loopback != loopbacks.end())
            {
                return loopback->second;
            }
            for (std::size_t p = 0; p < links.size(); ++p)
            {
                if (address == OnLink(links[p], static_cast<unsigned>(index) + 1))
                {
                    return UnicastRoute{};
                }
            }
            const std::uint32_t v4 = address.ToV4();
            const auto it = v4 >> 24 == 10 ? byLink.find(v4 >> 8 & 0xffff) : byLink.end();
            return it == byLink.end() ? std::nullopt : std::optional(it->second);
        }

        Network* network = nullptr;
        std::size_t index = 0;
        bool dead = false;
        std::vector<std::size_t> links; ///< by port
        std::unique_ptr<MulticastRouter> core;
        std::map<IpAddress, UnicastRoute> loopbacks;
        std::map<std::uint32_t, UnicastRoute> byLink;
    };

    struct HostNode
    {
        std::size_t link = 0;
        IpAddress address;
        bool silent = false;
        std::set<IpAddress> groups;
        std::unique_ptr<netbase::IgmpHost> igmp;
        std::map<std::uint32_t, unsigned> received;
        std::map<std::uint32_t, TimeNs> at;
    };

    struct Event
    {
        TimeNs at;
        std::uint64_t order;
        std::function<void()> act;

        bool
        operator<(const Event& other) const
        {
            return at != other.at ? at > other.at : order > other.order;
        }
    };

    static IpAddress
    OnLink(std::size_t link, unsigned part)
    {
        return IpAddress::V4(0x0a000000 | static_cast<std::uint32_t>(link) << 8 | part);
    }

    void
    Converge(TimeNs after)
    {
        if (after == NEVER)
        {
            return;
        }
        At(m_now + after, [this] {
            ComputeRoutes();
            for (const auto& router : m_routers)
            {
                if (!router->dead)
                {
                    router->core->OnRoutesChanged(m_now);
                }
            }
        });
    }

    void ComputeRoutes();

    bool PumpRouter(RouterNode& router);

    static std::optional<std::uint32_t>
    DataId(ByteView packet, const Ipv4Header& header)
    {
        if (header.protocol != netbase::protocol::UDP ||
            packet.size() < header.headerLength + std::size_t{4})
        {
            return std::nullopt;
        }
        return netbase::Read32(packet.data() + header.headerLength);
    }

    void Transmit(std::size_t link,
                  const Bytes& packet,
                  std::size_t fromRouter,
                  std::size_t fromHost);

    void Deliver(RouterNode& router, PortIndex port, const Bytes& packet);

    void DeliverToHost(HostNode& host, const Bytes& packet, const Ipv4Header& header);

    /// Carries a unicast packet along the routes to the router that owns the address.
    void Unicast(RouterNode& from, const Bytes& packet);

    std::uint64_t m_seed;
    TimeNs m_now{0};
    std::uint64_t m_order = 0;
    std::uint32_t m_lastId = 0;
    bool m_watch = false;
    std::vector<Link> m_links;
    std::vector<std::unique_ptr<RouterNode>> m_routers;
    std::vector<std::unique_ptr<HostNode>> m_hosts;
    std::priority_queue<Event> m_events;
    std::map<std::pair<std::size_t, std::uint32_t>, unsigned> m_crossings;
};

} // namespace weft::multicast::test

#include "network_moves.h"

#endif
