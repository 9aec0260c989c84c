// SPDX-License-Identifier: GPL-2.0-only
/// @file A controller and agents over a network that delays, loses, doubles and reorders datagrams,
/// with a clock of its own. Each agent's table is kept as a mapping would.
#ifndef WEFT_CONTROLLER_NET_H
#define WEFT_CONTROLLER_NET_H

#include "overlay_test_util.h"
#include "vxlan-controller-agent.h"
#include "vxlan-controller-server.h"

#include <functional>
#include <memory>

namespace weft::vxlan::test
{

using Station = std::pair<Vni, MacAddress>;

struct Weather
{
    double loss = 0;
    double twice = 0;
    TimeNs delay = std::chrono::milliseconds(1);
    TimeNs jitter{0}; ///< uniform on top: reorders
};

class ControllerNet
{
  public:
    ControllerNet(std::size_t agents,
                  const ControllerServerConfig& server,
                  const Weather& weather,
                  std::uint64_t seed)
        : m_weather(weather), m_random(seed), m_server(server, TimeNs{0})
    {
        for (std::size_t i = 0; i < agents; ++i)
        {
            m_hosts.push_back(std::make_unique<Host>(AgentConfig(i), m_now));
        }
    }

    static ControllerAgentConfig
    AgentConfig(std::size_t i)
    {
        ControllerAgentConfig config;
        config.key = 1000 + i;
        return config;
    }

    static IpAddress
    AddressOf(std::size_t agent)
    {
        return IpAddress::V4(0x0a010000 + static_cast<std::uint32_t>(agent) + 1);
    }

    TimeNs
    Now() const
    {
        return m_now;
    }

    ControllerServer&
    Server()
    {
        return m_server;
    }

    ControllerAgent&
    Agent(std::size_t i)
    {
        return m_hosts[i]->agent;
    }

    Weather&
    Sky()
    {
        return m_weather;
    }

    const std::map<Station, IpAddress>&
    TableOf(std::size_t i) const
    {
        return m_hosts[i]->table;
    }

    /// When the agent was last told Back or Lost.
    TimeNs
    BackAt(std::size_t i) const
    {
        return m_hosts[i]->back;
    }

    TimeNs
    LostAt(std::size_t i) const
    {
        return m_hosts[i]->lost;
    }

    /// When an agent's table last changed for a station.
    TimeNs
    ChangedAt(std::size_t i, const Station& station) const
    {
        const auto it = m_hosts[i]->changed.find(station);
        return it == m_hosts[i]->changed.end() ? TimeNs{-1} : it->second;
    }

    /// Nothing gets to or from the server while it is down; it forgets everything.
    void
    SetServerUp(bool up)
    {
        m_serverUp = up;
        if (up)
        {
            m_server.Restart(m_now);
        }
    }

    /// Nothing gets to or from an agent's host.
    void
    SetReachable(std::size_t i, bool reachable)
    {
        m_hosts[i]->reachable = reachable;
    }

    /// The host fails and comes back with an empty agent.
    void
    RestartAgent(std::size_t i)
    {
        m_hosts[i] = std::make_unique<Host>(AgentConfig(i), m_now);
    }

    /// Who else wants the agents' commands, as mappings do.
    void
    SetListener(std::function<void(std::size_t, const ControllerCommand&)> listener)
    {
        m_listener = std::move(listener);
    }

    /// Something happens at a time to come.
    void
    At(TimeNs at, std::function<void()> what)
    {
        m_events.emplace(at, std::move(what));
    }

    void
    RunUntil(TimeNs end)
    {
        Drain();
        while (true)
        {
            TimeNs next = end;
            if (!m_events.empty())
            {
                next = std::min(next, m_events.begin()->first);
            }
            if (m_serverUp)
            {
                next = std::min(next, m_server.NextDeadline());
            }
            for (const auto& host : m_hosts)
            {
                next = std::min(next, host->agent.NextDeadline());
            }
            m_now = std::max(m_now, next);
            while (!m_events.empty() && m_events.begin()->first <= m_now)
            {
                const auto what = std::move(m_events.begin()->second);
                m_events.erase(m_events.begin());
                what();
            }
            if (m_serverUp && m_server.NextDeadline() <= m_now)
            {
                m_server.OnDeadline(m_now);
            }
            for (const auto& host : m_hosts)
            {
                if (host->agent.NextDeadline() <= m_now)
                {
                    host->agent.OnDeadline(m_now);
                }
            }
            Drain();
            if (m_now >= end)
            {
                return;
            }
        }
    }

  private:
    struct Host
    {
        Host(const ControllerAgentConfig& config, TimeNs now) : agent(config, now)
        {
        }

        ControllerAgent agent;
        std::map<Station, IpAddress> table;
        std::map<Station, TimeNs> changed;
        TimeNs back{-1};
        TimeNs lost{-1};
        bool reachable = true;
    };

    void
    Deliver(const std::function<void()>& arrival)
    {
        if (std::uniform_real_distribution<>()(m_random) < m_weather.loss)
        {
            return;
        }
        const int copies = std::uniform_real_distribution<>()(m_random) < m_weather.twice ? 2 : 1;
        for (int i = 0; i < copies; ++i)
        {
            const auto jitter =
                static_cast<std::int64_t>(std::uniform_real_distribution<>()(m_random) *
                                          static_cast<double>(m_weather.jitter.count()));
            At(m_now + m_weather.delay + TimeNs{jitter}, arrival);
        }
    }

    void
    Drain()
    {
        Bytes payload;
        IpAddress to;
        std::uint16_t port = 0;
        while (m_serverUp && m_server.PollDatagram(payload, to, port, m_now))
        {
            const std::size_t i = to.ToV4() - 0x0a010001;
            Deliver([this, i, payload] {
                if (m_hosts[i]->reachable && m_serverUp)
                {
                    m_hosts[i]->agent.OnDatagram(payload, m_now);
                }
            });
        }
        for (std::size_t i = 0; i < m_hosts.size(); ++i)
        {
            Host& host = *m_hosts[i];
            while (host.agent.PollDatagram(payload, m_now))
            {
                Deliver([this, i, payload] {
                    if (m_hosts[i]->reachable && m_serverUp)
                    {
                        m_server.OnDatagram(AddressOf(i), CONTROLLER_PORT, payload, m_now);
                    }
                });
            }
            for (ControllerCommand command; host.agent.PollCommand(command);)
            {
                const Station station{command.vni, command.mac};
                if (m_listener)
                {
                    m_listener(i, command);
                }
                switch (command.kind)
                {
                case ControllerCommandKind::Install:
                    host.table[station] = command.remote;
                    host.changed[station] = m_now;
                    break;
                case ControllerCommandKind::Withdraw:
                    host.table.erase(station);
                    host.changed[station] = m_now;
                    break;
                case ControllerCommandKind::Back:
                    host.back = m_now;
                    break;
                case ControllerCommandKind::Lost:
                    host.lost = m_now;
                    host.table.clear();
                    break;
                }
            }
        }
    }

    Weather m_weather;
    Random m_random;
    TimeNs m_now{0};
    ControllerServer m_server;
    bool m_serverUp = true;
    std::vector<std::unique_ptr<Host>> m_hosts;
    std::multimap<TimeNs, std::function<void()>> m_events;
    std::function<void(std::size_t, const ControllerCommand&)> m_listener;
};

} // namespace weft::vxlan::test

#endif
