// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * PIM neighbours of all of a router's links: Hello messages sent and heard, liveness, Designated
 * Router election, and the delays that a link's routers agree on (RFC 7761 sections 4.3 and 4.3.3).
 *
 * Invariants: a neighbour is known exactly while its liveness timer runs (for ever with holdtime
 * 65535); no other PIM message leaves by a port before a Hello did that the neighbours of that
 * moment have heard.
 */
#ifndef UNDERLAY_PIM_NEIGHBOURS_H
#define UNDERLAY_PIM_NEIGHBOURS_H

#include "underlay-multicast-config.h"
#include "underlay-multicast-draws.h"
#include "underlay-pim-message.h"
#include "underlay-timer-set.h"

#include <deque>
#include <map>

namespace weft::multicast
{

/// What changed about a neighbour.
enum class NeighbourChange : std::uint8_t
{
    Up,
    Down,
    Restarted, ///< its Generation ID changed: it has forgotten what it was told
    Election,  ///< the port's Designated Router changed; no address
};

struct NeighbourEvent
{
    PortIndex port = NO_PORT;
    IpAddress address;
    NeighbourChange change = NeighbourChange::Up;
};

class PimNeighbours
{
  public:
    /// @param draws lives longer than this
    PimNeighbours(const RouterConfig& config, Draws& draws, TimeNs now);

    /// Takes a Hello from another router.
    void OnHello(PortIndex port, const IpAddress& from, const PimHello& hello, TimeNs now);

    void SetPortUp(PortIndex port, bool up, TimeNs now);

    bool Knows(PortIndex port, const IpAddress& address) const;
    /// @return number of neighbours on a port
    std::size_t Count(PortIndex port) const;
    std::vector<IpAddress> Addresses(PortIndex port) const;

    /// @return address of the Designated Router, perhaps our own
    const IpAddress&
    DesignatedRouter(PortIndex port) const
    {
        return m_ports[static_cast<std::size_t>(port)].designated;
    }

    bool
    IsDesignated(PortIndex port) const
    {
        const Port& p = m_ports[static_cast<std::size_t>(port)];
        return p.designated == p.config.address;
    }

    /// @return J/P_Override_Interval: 0 when there is at most one neighbour to override
    TimeNs PruneDelay(PortIndex port) const;
    /// @return Effective_Override_Interval
    TimeNs OverrideInterval(PortIndex port) const;
    /// @return Suppression_Enabled: not every router of the link can track joins
    bool SuppressionEnabled(PortIndex port) const;

    /// Takes the Hello that has to go before another message, if one has to.
    bool TakeHelloBefore(PortIndex port, PimHello& hello, TimeNs now);
    /// Takes the next Hello that is due.
    bool PollHello(PortIndex& port, PimHello& hello);
    bool PollEvent(NeighbourEvent& event);

    TimeNs
    NextDeadline() const
    {
        return m_timers.NextDeadline();
    }

    void OnDeadline(TimeNs now);

  private:
    struct Neighbour
    {
        std::optional<std::uint32_t> generationId;
        std::optional<std::uint32_t> drPriority;
        std::optional<PimLanPruneDelay> lanPruneDelay;
    };

    struct Port
    {
        PortConfig config;
        bool up = false;
        bool helloDue = false; ///< a neighbour has not heard us yet
        std::uint32_t generationId = 0;
        IpAddress designated;
        std::map<IpAddress, Neighbour> neighbours;
    };

    /// A neighbour's liveness, or with no address the port's own Hello.
    struct Key
    {
        PortIndex port;
        IpAddress neighbour;
        friend bool operator==(const Key&, const Key&) = default;

        template <typename H>
        friend H
        AbslHashValue(H state, const Key& key)
        {
            return H::combine(std::move(state), key.port, key.neighbour);
        }
    };

    PimHello MakeHello(const Port& port) const;
    void Elect(PortIndex index);
    bool AllHaveLanPruneDelay(const Port& port) const;
    void Greet(PortIndex index, TimeNs now);

    RouterConfig m_config;
    Draws& m_draws;
    std::vector<Port> m_ports;
    TimerSet<Key> m_timers;
    std::deque<std::pair<PortIndex, PimHello>> m_hellos;
    std::deque<NeighbourEvent> m_events;
};

} // namespace weft::multicast

#endif
