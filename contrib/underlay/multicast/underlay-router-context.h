// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What every part of a multicast router works with: configuration, routes, neighbours, members,
 * and the queue of packets to send.
 */
#ifndef UNDERLAY_ROUTER_CONTEXT_H
#define UNDERLAY_ROUTER_CONTEXT_H

#include "underlay-igmp-router.h"
#include "underlay-multicast-config.h"
#include "underlay-multicast-draws.h"
#include "underlay-multicast-router.h"
#include "underlay-pim-message.h"
#include "underlay-pim-neighbours.h"

namespace weft::multicast
{

/// Reverse path towards an address.
struct Rpf
{
    PortIndex port = NO_PORT; ///< RPF interface; NO_PORT: unreachable, or one of our addresses
    IpAddress neighbour;      ///< RPF': the PIM neighbour to ask; none: there is none
    bool local = false;       ///< the address is ours
    bool attached = false;    ///< the address is on the port's link
    bool byAssert = false;    ///< the neighbour is the winner of an assert
    std::uint32_t preference = 0;
    std::uint32_t metric = 0;

    bool
    Reachable() const
    {
        return local || port != NO_PORT;
    }

    friend bool operator==(const Rpf&, const Rpf&) = default;
};

struct RouterContext
{
    RouterContext(const RouterConfig& config, const UnicastView& view, TimeNs now);

    const IpAddress&
    Address(PortIndex port) const
    {
        return config.ports[static_cast<std::size_t>(port)].address;
    }

    bool
    IsUp(PortIndex port) const
    {
        return port >= 0 && static_cast<std::size_t>(port) < up.size() &&
               up[static_cast<std::size_t>(port)];
    }

    /// @return whether an address is one of the router's own, of a port or by routing (loopback)
    bool IsOwn(const IpAddress& address) const;

    /// @return the Rendezvous Point of a group; none: not configured
    IpAddress RpOf(const IpAddress& group) const;

    /// Looks up the reverse path; RPF' is the next hop if it is a PIM neighbour.
    Rpf RpfTo(const IpAddress& address) const;

    /// Sends to 224.0.0.13, after the Hello that may be due.
    void SendLink(PortIndex port, const PimMessage& message, TimeNs now);
    /// Sends to one router by unicast routing.
    void SendUnicast(const IpAddress& from, const IpAddress& to, const PimMessage& message);

    /// Reports an entry whose text or incoming port may have changed.
    /// @param shown text as last reported, empty: not there; is brought up to date
    void Report(const IpAddress& group,
                const IpAddress& source,
                PortIndex incoming,
                const std::string& text,
                std::string& shown,
                netbase::TableCause cause,
                TimeNs now);

    RouterConfig config;
    const UnicastView& view;
    Draws draws;
    std::vector<bool> up;
    RouterCounters counters;
    IgmpRouter igmp;
    PimNeighbours neighbours;
    netbase::OutputQueue<PacketMeta> packets;
    netbase::OutputQueue<netbase::TableChange> tableChanges;
};

} // namespace weft::multicast

#endif
