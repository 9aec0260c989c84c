// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Hosts with a bridge and a VTEP over an underlay that delivers at once and loses nothing: the
 * forwarding core without a simulator.
 */
#ifndef WEFT_OVERLAY_NET_H
#define WEFT_OVERLAY_NET_H

#include "overlay_test_util.h"
#include "vxlan-bridge.h"
#include "vxlan-service-node.h"
#include "vxlan-vtep.h"

#include "netbase-ip.h"

#include <algorithm>
#include <memory>
#include <set>
#include <stdexcept>

namespace weft::vxlan::test
{

using namespace std::chrono_literals;

/// A frame that left a bridge by a port.
struct Delivery
{
    std::size_t host = 0;
    PortId port = NO_PORT;
    Bytes frame;
};

/// A packet that crossed the underlay.
struct Crossing
{
    std::size_t from = 0; ///< host; service nodes count from NODE
    Bytes packet;
    UnderlayMeta meta;
};

struct Host
{
    Host(const VtepConfig& config, const BridgeConfig& bridgeConfig, TimeNs now)
        : bridge(bridgeConfig, now), vtep(config, now), address(config.address),
          replicatorAddress(config.replicatorAddress)
    {
        for (const NetworkConfig& network : config.networks)
        {
            bridge.AddNetwork(network.vni, true);
        }
    }

    Bridge bridge;
    Vtep vtep;
    IpAddress address;
    IpAddress replicatorAddress;
    std::set<IpAddress> groups;
    bool up = true; ///< false: the underlay does not reach it
};

class Net
{
  public:
    static constexpr std::size_t NODE = 1000;

    Host&
    AddHost(const VtepConfig& config, const BridgeConfig& bridge = {})
    {
        m_hosts.push_back(std::make_unique<Host>(config, bridge, m_now));
        Pump();
        return *m_hosts.back();
    }

    struct Node
    {
        explicit Node(const ServiceNodeConfig& config) : core(config), address(config.address)
        {
        }

        ServiceNode core;
        IpAddress address;
        bool up = true;
    };

    Node&
    AddNode(const ServiceNodeConfig& config)
    {
        m_nodes.push_back(std::make_unique<Node>(config));
        return *m_nodes.back();
    }

    Host&
    At(std::size_t host)
    {
        return *m_hosts[host];
    }

    std::size_t
    Size() const
    {
        return m_hosts.size();
    }

    TimeNs
    Now() const
    {
        return m_now;
    }

    /// A station behind a port sends. Everything that follows at once happens.
    DropReason
    Send(std::size_t host, PortId port, ByteView frame)
    {
        const auto reason = m_hosts[host]->bridge.OnFrame(port, frame, m_now);
        Pump();
        return reason;
    }

    /// Lets time pass, with every deadline on its way.
    void
    RunUntil(TimeNs end)
    {
        for (;;)
        {
            TimeNs next = end;
            for (const auto& host : m_hosts)
            {
                next = std::min({next, host->bridge.NextDeadline(), host->vtep.NextDeadline()});
            }
            for (const auto& node : m_nodes)
            {
                next = std::min(next, node->core.NextDeadline());
            }
            m_now = std::max(m_now, next);
            if (next >= end)
            {
                break;
            }
            Deadlines();
        }
        m_now = end;
        Deadlines();
    }

    /// Takes everything delivered since the last call.
    std::vector<Delivery>
    TakeDeliveries()
    {
        return std::exchange(m_deliveries, {});
    }

    /// Takes the packets that crossed the underlay since the last call, probes left out.
    std::vector<Crossing>
    TakeCrossings()
    {
        return std::exchange(m_crossings, {});
    }

    /// Lets everything under way arrive.
    void
    Pump()
    {
        std::size_t rounds = 0;
        for (bool busy = true; busy;)
        {
            busy = false;
            for (std::size_t i = 0; i < m_hosts.size(); ++i)
            {
                busy = PumpHost(i) || busy;
            }
            for (std::size_t i = 0; i < m_nodes.size(); ++i)
            {
                Crossing crossing{.from = NODE + i, .packet = {}, .meta = {}};
                while (m_nodes[i]->core.PollUnderlay(crossing.packet))
                {
                    busy = true;
                    crossing.meta.probe = IsBfd(crossing.packet);
                    if (m_nodes[i]->up)
                    {
                        Cross(crossing);
                    }
                }
            }
            if (++rounds > 10000)
            {
                throw std::logic_error("a packet goes round for ever");
            }
        }
    }

  private:
    void
    Deadlines()
    {
        for (const auto& host : m_hosts)
        {
            host->bridge.OnDeadline(m_now);
            host->vtep.OnDeadline(m_now);
        }
        for (const auto& node : m_nodes)
        {
            node->core.OnDeadline(m_now);
        }
        Pump();
    }

    bool
    PumpHost(std::size_t index)
    {
        Host& host = *m_hosts[index];
        bool busy = false;
        TunnelMeta tunnel;
        while (host.bridge.PollTunnel(m_frame, tunnel))
        {
            busy = true;
            host.vtep.OnLocalFrame(tunnel.vni, m_frame, m_now, tunnel.newLocalSource);
        }
        GroupChange change;
        while (host.vtep.PollMembership(change))
        {
            change.join ? void(host.groups.insert(change.group))
                        : void(host.groups.erase(change.group));
        }
        Crossing crossing{.from = index, .packet = {}, .meta = {}};
        while (host.vtep.PollUnderlay(crossing.packet, crossing.meta))
        {
            busy = true;
            if (host.up)
            {
                Cross(crossing);
            }
        }
        LocalMeta local;
        while (host.vtep.PollLocal(m_frame, local))
        {
            busy = true;
            host.bridge.OnTunnelFrame(local.vni, m_frame, m_now);
        }
        PortId port = NO_PORT;
        while (host.bridge.PollFrame(m_frame, port))
        {
            m_deliveries.push_back({.host = index, .port = port, .frame = m_frame});
        }
        return busy;
    }

    void
    Cross(const Crossing& crossing)
    {
        if (!crossing.meta.probe)
        {
            m_crossings.push_back(crossing);
        }
        netbase::IpFacts facts;
        if (netbase::ReadIp(crossing.packet, facts) != netbase::DropReason::None)
        {
            throw std::logic_error("a malformed packet was sent");
        }
        if (facts.fragment)
        {
            return; // reassembly is the endpoint's, which is not here
        }
        const IpAddress& to = facts.destination;
        for (std::size_t i = 0; i < m_hosts.size(); ++i)
        {
            Host& host = *m_hosts[i];
            if (host.up && (host.address == to || (host.replicatorAddress == to && !to.IsNone()) ||
                            (i != crossing.from && host.groups.contains(to))))
            {
                host.vtep.OnUnderlayPacket(crossing.packet, m_now);
            }
        }
        for (const auto& node : m_nodes)
        {
            if (node->up && node->address == to)
            {
                node->core.OnUnderlayPacket(crossing.packet, m_now);
            }
        }
    }

    std::vector<std::unique_ptr<Host>> m_hosts;
    std::vector<std::unique_ptr<Node>> m_nodes;
    std::vector<Delivery> m_deliveries;
    std::vector<Crossing> m_crossings;
    TimeNs m_now{0};
    Bytes m_frame;
};

/// @return address of the VTEP of a host, 10.0.1.1 for host 0
inline IpAddress
VtepAddress(std::size_t host)
{
    return IpAddress::V4(0x0a000101 + static_cast<std::uint32_t>(host));
}

/// @return every VTEP of a net of @p count
inline std::vector<IpAddress>
AllVteps(std::size_t count)
{
    std::vector<IpAddress> all;
    for (std::size_t i = 0; i < count; ++i)
    {
        all.push_back(VtepAddress(i));
    }
    return all;
}

/// @return an Ethernet frame between stations with a payload that tells it from others
inline Bytes
PlainFrame(const MacAddress& destination,
           const MacAddress& source,
           std::uint32_t serial = 0,
           std::size_t size = 60)
{
    Bytes frame;
    netbase::AppendEthernet(
        frame, {.destination = destination, .source = source, .tci = {}, .type = 0x88b5});
    frame.resize(std::max<std::size_t>(size, frame.size() + 4));
    netbase::Write32(&frame[14], serial);
    return frame;
}

/// @return the serial number of a PlainFrame()
inline std::uint32_t
SerialOf(ByteView frame)
{
    return netbase::Read32(frame.data() + 14);
}

/// @return number of the station's MAC address, 02:00:00:..
inline MacAddress
StationMac(std::uint32_t number)
{
    return MacAddress::FromInteger(0x020000000000 | number);
}

/// Both books of a VTEP and its bridge.
/// @return empty, or what does not balance
inline std::string
Unbalanced(const Host& host)
{
    const VtepCounters& v = host.vtep.Counters();
    if (v.localFrames != v.unicastFrames + v.FloodedTotal().frames + v.localDrops.Total())
    {
        return "local side of the VTEP";
    }
    if (v.underlayPackets !=
        v.decapsulated + v.segments + v.probesReceived + v.underlayDrops.Total())
    {
        return "underlay side of the VTEP";
    }
    const BridgeCounters& b = host.bridge.Counters();
    return b.framesIn == b.unicast + b.flooded + b.drops.Total() ? "" : "bridge";
}

} // namespace weft::vxlan::test

#endif
