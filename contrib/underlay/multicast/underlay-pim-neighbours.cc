// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-pim-neighbours.h"

namespace weft::multicast
{

namespace
{

std::uint16_t
Seconds(TimeNs time)
{
    return static_cast<std::uint16_t>(
        std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

std::uint16_t
Milliseconds(TimeNs time)
{
    return static_cast<std::uint16_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

} // namespace

PimNeighbours::PimNeighbours(const RouterConfig& config, Draws& draws, TimeNs now)
    : m_config(config), m_draws(draws)
{
    for (const PortConfig& port : config.ports)
    {
        m_ports.push_back({.config = port, .designated = port.address, .neighbours = {}});
    }
    for (std::size_t i = 0; i < m_ports.size(); ++i)
    {
        SetPortUp(static_cast<PortIndex>(i), m_ports[i].config.up, now);
    }
}

void
PimNeighbours::SetPortUp(PortIndex index, bool up, TimeNs now)
{
    Port& port = m_ports[static_cast<std::size_t>(index)];
    if (!port.config.pim || m_config.mode == Mode::Static || port.up == up)
    {
        return;
    }
    port.up = up;
    if (up)
    {
        port.generationId = static_cast<std::uint32_t>(m_draws.Next());
        port.helloDue = true;
        m_timers.Set({index, {}}, now + m_draws.Uniform(TimeNs(0), m_config.pim.triggeredHello));
        return;
    }
    m_timers.Stop({index, {}});
    for (const auto& [address, neighbour] : port.neighbours)
    {
        m_timers.Stop({index, address});
        m_events.push_back({index, address, NeighbourChange::Down});
    }
    port.neighbours.clear();
    Elect(index);
}

void
PimNeighbours::OnHello(PortIndex index, const IpAddress& from, const PimHello& hello, TimeNs now)
{
    Port& port = m_ports[static_cast<std::size_t>(index)];
    const bool isNew = !port.neighbours.contains(from);
    if (hello.holdtime == 0)
    {
        if (!isNew)
        {
            port.neighbours.erase(from);
            m_timers.Stop({index, from});
            m_events.push_back({index, from, NeighbourChange::Down});
            Elect(index);
        }
        return;
    }
    Neighbour& neighbour = port.neighbours[from];
    const bool restarted = !isNew && neighbour.generationId != hello.generationId;
    neighbour = {hello.generationId, hello.drPriority, hello.lanPruneDelay};
    const TimeNs holdtime =
        hello.holdtime ? std::chrono::seconds(*hello.holdtime) : TimeNs(std::chrono::seconds(105));
    m_timers.Set({index, from}, hello.holdtime == PIM_FOREVER ? NEVER : now + holdtime);
    if (isNew || restarted)
    {
        m_events.push_back({index, from, isNew ? NeighbourChange::Up : NeighbourChange::Restarted});
        // RFC 7761 section 4.3.1: greet a newcomer soon, but not all at once.
        port.helloDue = true;
        const Key own{index, {}};
        const TimeNs at = now + m_draws.Uniform(TimeNs(0), m_config.pim.triggeredHello);
        m_timers.Set(own, std::min(at, m_timers.At(own)));
    }
    Elect(index);
}

void
PimNeighbours::Elect(PortIndex index)
{
    Port& port = m_ports[static_cast<std::size_t>(index)];
    // RFC 7761 section 4.3.2: priorities count only if everybody states one.
    bool priorities = true;
    for (const auto& [address, neighbour] : port.neighbours)
    {
        priorities = priorities && neighbour.drPriority.has_value();
    }
    std::pair<std::uint32_t, IpAddress> best{priorities ? m_config.drPriority : 0,
                                             port.config.address};
    for (const auto& [address, neighbour] : port.neighbours)
    {
        best = std::max(best, {priorities ? *neighbour.drPriority : 0, address});
    }
    if (best.second != port.designated)
    {
        port.designated = best.second;
        m_events.push_back({index, {}, NeighbourChange::Election});
    }
}

bool
PimNeighbours::Knows(PortIndex port, const IpAddress& address) const
{
    return port >= 0 && m_ports[static_cast<std::size_t>(port)].neighbours.contains(address);
}

std::size_t
PimNeighbours::Count(PortIndex port) const
{
    return m_ports[static_cast<std::size_t>(port)].neighbours.size();
}

std::vector<IpAddress>
PimNeighbours::Addresses(PortIndex port) const
{
    std::vector<IpAddress> addresses;
    for (const auto& [address, neighbour] : m_ports[static_cast<std::size_t>(port)].neighbours)
    {
        addresses.push_back(address);
    }
    return addresses;
}

bool
PimNeighbours::AllHaveLanPruneDelay(const Port& port) const
{
    for (const auto& [address, neighbour] : port.neighbours)
    {
        if (!neighbour.lanPruneDelay)
        {
            return false;
        }
    }
    return true;
}

TimeNs
PimNeighbours::OverrideInterval(PortIndex index) const
{
    const Port& port = m_ports[static_cast<std::size_t>(index)];
    TimeNs most = m_config.pim.override;
    if (AllHaveLanPruneDelay(port))
    {
        for (const auto& [address, neighbour] : port.neighbours)
        {
            most = std::max(most,
                            TimeNs(std::chrono::milliseconds(neighbour.lanPruneDelay->override)));
        }
    }
    return most;
}

TimeNs
PimNeighbours::PruneDelay(PortIndex index) const
{
    const Port& port = m_ports[static_cast<std::size_t>(index)];
    if (port.neighbours.size() <= 1)
    {
        return TimeNs(0);
    }
    TimeNs propagation = m_config.pim.propagation;
    if (AllHaveLanPruneDelay(port))
    {
        for (const auto& [address, neighbour] : port.neighbours)
        {
            propagation =
                std::max(propagation,
                         TimeNs(std::chrono::milliseconds(neighbour.lanPruneDelay->propagation)));
        }
    }
    return propagation + OverrideInterval(index);
}

bool
PimNeighbours::SuppressionEnabled(PortIndex index) const
{
    const Port& port = m_ports[static_cast<std::size_t>(index)];
    if (!m_config.joinSuppression || !AllHaveLanPruneDelay(port))
    {
        return m_config.joinSuppression;
    }
    for (const auto& [address, neighbour] : port.neighbours)
    {
        if (!neighbour.lanPruneDelay->tracking)
        {
            return true;
        }
    }
    return port.neighbours.empty();
}

PimHello
PimNeighbours::MakeHello(const Port& port) const
{
    PimHello hello;
    hello.holdtime = Seconds(m_config.pim.helloHoldtime);
    hello.lanPruneDelay = PimLanPruneDelay{.tracking = !m_config.joinSuppression,
                                           .propagation = Milliseconds(m_config.pim.propagation),
                                           .override = Milliseconds(m_config.pim.override)};
    hello.drPriority = m_config.drPriority;
    hello.generationId = port.generationId;
    hello.bidirectional = m_config.mode == Mode::Bidirectional;
    if (m_config.mode == Mode::Dense && m_config.stateRefresh)
    {
        hello.stateRefreshInterval = static_cast<std::uint8_t>(Seconds(m_config.pim.stateRefresh));
    }
    return hello;
}

void
PimNeighbours::Greet(PortIndex index, TimeNs now)
{
    Port& port = m_ports[static_cast<std::size_t>(index)];
    port.helloDue = false;
    m_timers.Set({index, {}}, now + m_config.pim.hello);
}

bool
PimNeighbours::TakeHelloBefore(PortIndex index, PimHello& hello, TimeNs now)
{
    const Port& port = m_ports[static_cast<std::size_t>(index)];
    if (!port.up || !port.helloDue)
    {
        return false;
    }
    hello = MakeHello(port);
    Greet(index, now);
    return true;
}

void
PimNeighbours::OnDeadline(TimeNs now)
{
    Key key;
    while (m_timers.PopDue(now, key))
    {
        Port& port = m_ports[static_cast<std::size_t>(key.port)];
        if (key.neighbour.IsNone())
        {
            m_hellos.emplace_back(key.port, MakeHello(port));
            Greet(key.port, now);
        }
        else if (port.neighbours.erase(key.neighbour) > 0)
        {
            m_events.push_back({key.port, key.neighbour, NeighbourChange::Down});
            Elect(key.port);
        }
    }
}

bool
PimNeighbours::PollHello(PortIndex& port, PimHello& hello)
{
    if (m_hellos.empty())
    {
        return false;
    }
    port = m_hellos.front().first;
    hello = std::move(m_hellos.front().second);
    m_hellos.pop_front();
    return true;
}

bool
PimNeighbours::PollEvent(NeighbourEvent& event)
{
    if (m_events.empty())
    {
        return false;
    }
    event = m_events.front();
    m_events.pop_front();
    return true;
}

} // namespace weft::multicast
