// SPDX-License-Identifier: GPL-2.0-only
/** @file Two Edges joined by made-up paths, without a simulator: a queue of arrivals and the Edges'
 * own deadlines. */
#ifndef EDGE_PAIR_H
#define EDGE_PAIR_H

#include "sdwan-edge-dataplane.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace weft::sdwan::testing
{

using namespace std::chrono_literals;

/// What a path does with a datagram sent at an instant: its delay, or nothing when it is lost.
using PathModel = std::function<std::optional<TimeNs>(TimeNs sent)>;

inline PathModel
Steady(TimeNs delay)
{
    return [delay](TimeNs) { return std::optional<TimeNs>(delay); };
}

/// An IPv4 UDP packet with a four-byte counter for payload, padded to @p size bytes in all.
inline Bytes
UdpPacket(std::uint32_t source,
          std::uint32_t destination,
          std::uint16_t sourcePort,
          std::uint16_t destinationPort,
          std::uint32_t counter,
          std::size_t size = 60)
{
    Bytes p(size, 0);
    const auto put16 = [&p](std::size_t at, std::uint32_t v) {
        p[at] = static_cast<std::uint8_t>(v >> 8);
        p[at + 1] = static_cast<std::uint8_t>(v);
    };
    p[0] = 0x45;
    put16(2, static_cast<std::uint32_t>(size));
    p[8] = 64;
    p[9] = 17;
    put16(12, source >> 16);
    put16(14, source & 0xffff);
    put16(16, destination >> 16);
    put16(18, destination & 0xffff);
    put16(20, sourcePort);
    put16(22, destinationPort);
    put16(24, static_cast<std::uint32_t>(size - 20));
    put16(28, counter >> 16);
    put16(30, counter & 0xffff);
    return p;
}

inline std::uint32_t
CounterOf(ByteView packet)
{
    return (std::uint32_t{packet[28]} << 24) | (std::uint32_t{packet[29]} << 16) |
           (std::uint32_t{packet[30]} << 8) | packet[31];
}

inline constexpr std::uint32_t HOST[2] = {0x0a141e0a, 0x0a140a0a}; // 10.20.30.10, 10.20.10.10

/// Two Edges, 0 and 1, with any number of links each; link i of one meets link i of the other.
class EdgePair
{
  public:
    struct Arrival
    {
        TimeNs at;
        std::uint32_t counter;
        Bytes bytes;
    };

    struct Path
    {
        PathModel toPeer[2]; ///< from Edge 0, from Edge 1
    };

    /// @param links names of the links; @param adjust changes the configuration of both Edges
    explicit EdgePair(std::vector<std::string> links,
                      const std::function<void(EdgeConfig&)>& adjust = {},
                      TimeNs offsetOfSecond = TimeNs{0})
        : paths(links.size()), m_offset{TimeNs{0}, offsetOfSecond}
    {
        for (std::size_t e = 0; e < 2; ++e)
        {
            EdgeConfig config;
            config.name = e == 0 ? "bristol" : "hq";
            config.lan = {{HOST[e] & 0xffffff00, 24}};
            config.peers = {{.name = e == 0 ? "hq" : "bristol",
                             .flowIdTopBit = e == 1,
                             .prefixes = {{HOST[1 - e] & 0xffffff00, 24}}}};
            config.transmitHeadroom = OUTER_IPV4_UDP_SIZE;
            for (std::size_t l = 0; l < links.size(); ++l)
            {
                config.links.push_back({.name = links[l], .address = Address(e, l)});
                config.tunnels.push_back({.peer = 0,
                                          .link = static_cast<std::uint16_t>(l),
                                          .remoteLink = links[l],
                                          .remoteAddress = Address(1 - e, l),
                                          .secret = Bytes(32, static_cast<std::uint8_t>(l + 1)),
                                          .initiator = e == 0});
            }
            if (adjust)
            {
                adjust(config);
            }
            edges.push_back(std::make_unique<EdgeDataplane>(config, Local(e)));
        }
        for (auto& path : paths)
        {
            path.toPeer[0] = path.toPeer[1] = Steady(5ms);
        }
    }

    static std::uint32_t
    Address(std::size_t edge, std::size_t link)
    {
        return 0xc6120001u + static_cast<std::uint32_t>((edge << 8) + link);
    }

    /// The clock of an Edge.
    TimeNs
    Local(std::size_t edge) const
    {
        return now + m_offset[edge];
    }

    /// Hands a LAN packet to an Edge now.
    DropReason
    Send(std::size_t edge, ByteView packet)
    {
        const std::uint64_t before = Probe();
        const DropReason reason = edges[edge]->OnLanPacket(packet, Local(edge));
        spent.onLan += Probe() - before;
        Drain(edge);
        return reason;
    }

    /// Lets time pass.
    void
    RunUntil(TimeNs end)
    {
        for (;;)
        {
            TimeNs next = end;
            for (std::size_t e = 0; e < 2; ++e)
            {
                next = std::min(next, std::max(edges[e]->NextDeadline() - m_offset[e], now));
            }
            if (!m_wire.empty() && m_wire.begin()->first < next)
            {
                next = m_wire.begin()->first;
            }
            now = next;
            while (!m_wire.empty() && m_wire.begin()->first <= now)
            {
                const InFlight flight = std::move(m_wire.begin()->second);
                m_wire.erase(m_wire.begin());
                const std::uint64_t before = Probe();
                edges[flight.to]->OnOuterPacket(flight.link, flight.bytes, Local(flight.to));
                ((flight.flags & vcmp::CONTROL) ? spent.onControl : spent.onData) +=
                    Probe() - before;
                Drain(flight.to);
            }
            for (std::size_t e = 0; e < 2; ++e)
            {
                if (edges[e]->NextDeadline() - m_offset[e] <= now)
                {
                    const std::uint64_t before = Probe();
                    edges[e]->OnDeadline(Local(e));
                    spent.onDeadline += Probe() - before;
                    Drain(e);
                }
            }
            if (now >= end)
            {
                return;
            }
        }
    }

    /// Hands raw bytes to an Edge as if they came from the wire.
    DropReason
    Inject(std::size_t edge, std::uint16_t link, ByteView packet)
    {
        const DropReason reason = edges[edge]->OnOuterPacket(link, packet, Local(edge));
        Drain(edge);
        return reason;
    }

    TimeNs now{0};
    std::vector<std::unique_ptr<EdgeDataplane>> edges;
    std::vector<Path> paths;
    std::vector<Arrival> delivered[2]; ///< to the LAN of each Edge
    std::vector<EdgeEvent> events[2];
    std::vector<std::pair<TransmitInfo, Bytes>> sent[2]; ///< everything put on the wire
    bool keepBytes = false;                              ///< also keep the bytes in `sent`
    std::uint64_t lost = 0;

    /// By how much `meter` grew during the calls of each kind.
    struct Spent
    {
        std::uint64_t onLan = 0;
        std::uint64_t onData = 0;    ///< OnOuterPacket() of data and parity
        std::uint64_t onControl = 0; ///< OnOuterPacket() of control
        std::uint64_t onDeadline = 0;
    };

    std::uint64_t (*meter)() = nullptr; ///< such as a count of allocations
    Spent spent;

  private:
    struct InFlight
    {
        std::size_t to;
        std::uint16_t link;
        std::uint8_t flags;
        Bytes bytes;
    };

    std::uint64_t
    Probe() const
    {
        return meter ? meter() : 0;
    }

    void
    Drain(std::size_t e)
    {
        EdgeDataplane& edge = *edges[e];
        while (auto* event = edge.PollEvent())
        {
            events[e].push_back(*event);
            edge.PopEvent();
        }
        while (auto* out = edge.PollTransmit())
        {
            WriteOuterHeader(
                out->bytes, out->meta.localAddress, out->meta.remoteAddress, out->meta.dscp);
            sent[e].emplace_back(out->meta, keepBytes ? out->bytes : Bytes{});
            const auto delay = paths[out->meta.link].toPeer[e](now);
            if (delay)
            {
                const auto link = static_cast<std::uint16_t>((out->meta.remoteAddress & 0xff) - 1);
                m_wire.emplace(now + *delay, InFlight{1 - e, link, out->meta.flags, out->bytes});
            }
            else
            {
                ++lost;
            }
            edge.PopTransmit();
        }
        while (auto* out = edge.PollDelivery())
        {
            delivered[e].push_back({now, CounterOf(out->bytes), out->bytes});
            edge.PopDelivery();
        }
    }

    TimeNs m_offset[2];
    std::multimap<TimeNs, InFlight> m_wire; ///< equal instants keep the order of sending
};

} // namespace weft::sdwan::testing

#endif
