// SPDX-License-Identifier: GPL-2.0-only
/** @file A random network with random members, the same for equal seeds. */
#ifndef WEFT_TESTS_MULTICAST_RANDOM_NETWORK_H
#define WEFT_TESTS_MULTICAST_RANDOM_NETWORK_H

#include "network.h"
#include "planned_network.h"

#include <algorithm>
#include <random>
#include <sstream>

namespace weft::multicast::test
{

class RandomNetwork
{
  public:
    RandomNetwork(std::uint64_t s, Mode m) : network(s), seed(s), mode(m), m_random(s * 77 + 5)
    {
        const std::size_t routers = 3 + Below(6);
        for (std::size_t r = 0; r < routers; ++r)
        {
            network.AddRouter();
        }
        // A random tree, then short cuts; costs are random, delays follow them.
        for (std::size_t r = 1; r < routers; ++r)
        {
            Connect({Below(r), r});
        }
        for (std::size_t extra = Below(routers + 1); extra > 0; --extra)
        {
            const std::size_t a = Below(routers);
            const std::size_t b = Below(routers);
            if (a != b)
            {
                Connect({a, b});
            }
        }
        // Static trees know links between two routers only.
        if (mode != Mode::Static && Below(2) == 0)
        {
            std::vector<std::size_t> all(routers);
            for (std::size_t r = 0; r < routers; ++r)
            {
                all[r] = r;
            }
            std::shuffle(all.begin(), all.end(), m_random);
            all.resize(3);
            Connect(all);
        }
        backbone = network.Links();
        for (std::size_t r = 0; r < routers; ++r)
        {
            hosts.push_back(network.AddHostAt(r, Below(3) == 0 ? 2 : 3));
        }
        for (std::size_t h = 0; h < hosts.size(); ++h)
        {
            if (Below(2) == 0)
            {
                members.insert(h);
            }
        }
        members.insert(Below(hosts.size()));
        sources = {Below(hosts.size()), Below(hosts.size())};
        rp = Below(routers);
    }

    void
    Start()
    {
        RouterConfig config;
        config.mode = mode;
        config.rps = {{.rp = Network::Loopback(rp)}};
        network.Start(config);
        if (mode == Mode::Static)
        {
            planned = std::make_unique<PlannedNetwork>(network, backbone, rp);
        }
    }

    void
    ChangeMembers()
    {
        const std::set<std::size_t> before = members;
        for (const std::size_t host : before)
        {
            if (Below(2) == 0 && members.size() > 1)
            {
                network.Leave(host, group);
                members.erase(host);
            }
        }
        const std::size_t newcomer = Below(hosts.size());
        if (members.insert(newcomer).second)
        {
            network.Join(newcomer, group);
        }
    }

    /// Cuts a backbone link without which the network is still whole. @return whether there is one
    bool
    CutSomeLink()
    {
        for (std::size_t i = 0; i < 2 * backbone; ++i)
        {
            const std::size_t link = Below(backbone);
            if (IsWholeWithout(link))
            {
                network.SetLinkUp(link, false);
                if (planned)
                {
                    planned->SetLinkUp(link, false);
                }
                return true;
            }
        }
        return false;
    }

    /// @return links that carried a packet though nobody behind them wanted it. In the modes with
    /// one tree a group, packets may travel to the root.
    std::set<std::size_t>
    CarriesForNobody(std::uint32_t id, std::size_t source, Mode m) const
    {
        const bool toRoot = m == Mode::Bidirectional || m == Mode::Static;
        std::set<std::size_t> carrying;
        for (std::size_t link = 0; link < network.Links(); ++link)
        {
            if (network.Crossings(link, id) > 0)
            {
                carrying.insert(link);
            }
        }
        std::set<std::size_t> idle;
        for (bool again = true; again;)
        {
            again = false;
            for (const std::size_t link : std::set<std::size_t>(carrying))
            {
                bool useful = link == network.HostLink(source);
                for (const std::size_t host : members)
                {
                    useful = useful || (network.HostLink(host) == link && host != source);
                }
                // Links that go on from here are looked at by themselves.
                std::size_t onward = 0;
                for (const auto& end : network.Attached(link))
                {
                    bool goesOn = toRoot && end.router == rp;
                    for (const std::size_t other : carrying)
                    {
                        goesOn = goesOn ||
                                 (other != link && network.PortOn(end.router, other) != NO_PORT);
                    }
                    onward += goesOn ? 1 : 0;
                }
                if (!useful && onward < 2)
                {
                    carrying.erase(link);
                    idle.insert(link);
                    again = true;
                }
            }
        }
        return idle;
    }

    std::string
    Describe()
    {
        std::ostringstream text;
        text << "rp " << rp << "\n";
        for (std::size_t link = 0; link < network.Links(); ++link)
        {
            text << "link " << link << (network.IsLinkUp(link) ? ":" : " (down):");
            for (const auto& end : network.Attached(link))
            {
                text << " r" << end.router << "." << end.port;
            }
            text << "\n";
        }
        for (std::size_t r = 0; r < network.Routers(); ++r)
        {
            for (const RouteEntry& entry : network.Router(r).Entries())
            {
                text << "r" << r << ": " << (entry.source.IsNone() ? "*" : entry.source.ToString())
                     << " in " << entry.incoming << " out";
                for (const PortIndex port : entry.outgoing)
                {
                    text << " " << port;
                }
                text << " " << entry.flags << "\n";
            }
        }
        return text.str();
    }

    Network network;
    std::uint64_t seed;
    Mode mode;
    IpAddress group = Ip("239.1.2.3");
    std::size_t rp = 0;
    std::size_t backbone = 0; ///< links below this number join routers
    std::vector<std::size_t> hosts;
    std::set<std::size_t> members;
    std::vector<std::size_t> sources;
    std::unique_ptr<PlannedNetwork> planned;

  private:
    std::size_t
    Below(std::size_t limit)
    {
        return static_cast<std::size_t>(m_random() % limit);
    }

    void
    Connect(const std::vector<std::size_t>& routers)
    {
        const auto cost = static_cast<std::uint32_t>(1 + Below(5));
        network.AddLink(routers, std::chrono::microseconds(200) * cost, cost);
    }

    bool
    IsWholeWithout(std::size_t without) const
    {
        std::set<std::size_t> seen{0};
        for (bool again = true; again;)
        {
            again = false;
            for (std::size_t link = 0; link < backbone; ++link)
            {
                if (link == without || !network.IsLinkUp(link))
                {
                    continue;
                }
                bool touched = false;
                for (const auto& end : network.Attached(link))
                {
                    touched = touched || seen.contains(end.router);
                }
                for (const auto& end : network.Attached(link))
                {
                    again = (touched && seen.insert(end.router).second) || again;
                }
            }
        }
        return seen.size() == network.Routers();
    }

    std::mt19937_64 m_random;
};

} // namespace weft::multicast::test

#endif
