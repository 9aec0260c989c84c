// SPDX-License-Identifier: GPL-2.0-only
// Hypervisors wired to one Ethernet, with machines on them, in memory: frames cross the wire after
// a fixed delay, timers run when they are due.
#ifndef TESTS_OVERLAY_HYPERVISOR_WORLD_H
#define TESTS_OVERLAY_HYPERVISOR_WORLD_H

#include "vxlan-hypervisor.h"
#include "vxlan-service-host.h"

#include "netbase-icmp.h"
#include "netbase-udp.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <queue>

namespace weft::vxlan::test
{

using namespace std::chrono_literals;
using netbase::EndpointConfig;
using netbase::EthernetHeader;
using netbase::IpEndpoint;

inline constexpr Vni WEB = 864;
inline constexpr Vni DB = 865;

/// Address of a machine: network n is 192.168.n.0/24.
inline IpAddress
MachineAddress(unsigned network, unsigned host)
{
    return IpAddress::V4(0xc0a80000 + (network << 8) + host);
}

inline MacAddress
MachineMac(unsigned number)
{
    return MacAddress::FromInteger(0x005056000000 + number);
}

inline IpAddress
HostAddress(unsigned host)
{
    return IpAddress::V4(0x0a010000 + host + 1);
}

inline NetworkConfig
Network(Vni vni, std::uint16_t vlan = 0)
{
    NetworkConfig network;
    network.vni = vni;
    network.group = IpAddress::V4(0xef000000 + vni);
    network.vlan = vlan;
    return network;
}

/// A hypervisor on 10.1.0.0/16 with both networks.
inline HypervisorConfig
HostConfig(unsigned host)
{
    HypervisorConfig config;
    config.vtep.address = HostAddress(host);
    config.vtep.networks = {Network(WEB, 10), Network(DB, 20)};
    config.vtep.mtu = 1600;
    config.vtep.encapsulation.mtu = 1600;
    config.underlay.mac = MacAddress::FromInteger(0x020000000100 + host);
    config.underlay.address = HostAddress(host);
    config.underlay.prefixLength = 16;
    config.underlay.mtu = 1600;
    config.underlay.key = host;
    config.bondKey = 77 + host;
    return config;
}

struct Received
{
    TimeNs at{0};
    Bytes packet;
};

struct EchoReply
{
    TimeNs at{0};
    std::uint16_t sequence = 0;
};

/// A machine on a port.
struct Machine
{
    std::unique_ptr<IpEndpoint> endpoint;
    std::size_t host = 0;
    PortId port = NO_PORT;             ///< NO_PORT: attached nowhere
    std::optional<std::uint16_t> vlan; ///< sends and takes frames with this tag
    std::vector<EchoReply> replies;
    std::vector<Received> packets; ///< all but echo replies
};

class World
{
  public:
    explicit World(TimeNs delay = 10us) : m_delay(delay)
    {
    }

    // -- Building --------------------------------------------------------------------------

    std::size_t
    AddHost(const HypervisorConfig& config)
    {
        m_macs[config.underlay.mac] = m_hosts.size();
        m_hosts.push_back(std::make_unique<Hypervisor>(config, now));
        Drain(m_hosts.size() - 1);
        return m_hosts.size() - 1;
    }

    /// A host on the wire that serves VTEPs. @return its number
    std::size_t
    AddService(const ServiceHostConfig& config)
    {
        m_macs[config.underlay.mac] = SERVICES + m_services.size();
        m_services.push_back(std::make_unique<ServiceHost>(config, now));
        return m_services.size() - 1;
    }

    ServiceHost&
    Service(std::size_t i)
    {
        return *m_services[i];
    }

    /// @param number makes address and MAC @param network n of 192.168.n.0/24
    std::size_t
    AddMachine(std::size_t host,
               Vni vni,
               unsigned network,
               unsigned number,
               const std::function<void(EndpointConfig&)>& change = {})
    {
        PortConfig port;
        port.vni = vni;
        const std::size_t machine = AddDetached(network, number, change);
        Attach(machine, host, port);
        return machine;
    }

    std::size_t
    AddDetached(unsigned network,
                unsigned number,
                const std::function<void(EndpointConfig&)>& change = {})
    {
        EndpointConfig config;
        config.mac = MachineMac(number);
        config.address = MachineAddress(network, number);
        config.prefixLength = 24;
        config.key = number;
        if (change)
        {
            change(config);
        }
        Machine machine;
        machine.endpoint = std::make_unique<IpEndpoint>(config, now);
        m_machines.push_back(std::move(machine));
        return m_machines.size() - 1;
    }

    void
    Attach(std::size_t machine, std::size_t host, const PortConfig& port)
    {
        Machine& m = m_machines[machine];
        m.host = host;
        m.port = m_hosts[host]->AddPort(port, now);
        m_behind[{host, m.port}] = machine;
        Drain(host);
    }

    /// Moves a machine. @param oldPortDown false: the old port stays, with nobody behind it
    void
    Move(std::size_t machine, std::size_t to, Vni vni, bool oldPortDown = true)
    {
        Machine& m = m_machines[machine];
        m_behind.erase({m.host, m.port});
        if (oldPortDown)
        {
            m_hosts[m.host]->RemovePort(m.port, now);
            Drain(m.host);
        }
        PortConfig port;
        port.vni = vni;
        Attach(machine, to, port);
    }

    // -- Acting ----------------------------------------------------------------------------

    void
    Ping(std::size_t from, const IpAddress& to, std::uint16_t sequence, std::size_t size = 56)
    {
        m_machines[from].endpoint->Ping(to, 7, sequence, Bytes(size, 0x5a), now);
        DrainMachine(from);
    }

    /// A machine sends a frame that is not its endpoint's.
    void
    Inject(std::size_t machine, const Bytes& frame)
    {
        At(now,
           [this,
            machine,
            host = m_machines[machine].host,
            port = m_machines[machine].port,
            frame] {
               m_hosts[host]->OnPortFrame(port, frame, now);
               Drain(host);
           });
    }

    netbase::DropReason
    SendUdp(std::size_t from, const IpAddress& to, ByteView payload, bool dontFragment = false)
    {
        IpEndpoint& endpoint = *m_machines[from].endpoint;
        Bytes packet;
        netbase::AppendUdpPacket(packet,
                                 {.source = endpoint.Config().address,
                                  .destination = to,
                                  .sourcePort = 5000,
                                  .destinationPort = 6000,
                                  .dontFragment = dontFragment},
                                 payload);
        const auto reason = endpoint.SendPacket(packet, now);
        DrainMachine(from);
        return reason;
    }

    /// Calls something later.
    void
    At(TimeNs at, std::function<void()> act)
    {
        m_events.push({at, m_sequence++, std::move(act)});
    }

    void
    Flush()
    {
        for (std::size_t i = 0; i < m_hosts.size(); ++i)
        {
            Drain(i);
        }
        for (std::size_t i = 0; i < m_services.size(); ++i)
        {
            DrainService(i);
        }
        for (std::size_t i = 0; i < m_machines.size(); ++i)
        {
            DrainMachine(i);
        }
    }

    void
    RunTo(TimeNs until)
    {
        Flush();
        while (true)
        {
            TimeNs next = m_events.empty() ? NEVER : m_events.top().at;
            for (const auto& host : m_hosts)
            {
                next = std::min(next, host->NextDeadline());
            }
            for (const auto& service : m_services)
            {
                next = std::min(next, service->NextDeadline());
            }
            for (const Machine& machine : m_machines)
            {
                next = std::min(next, machine.endpoint->NextDeadline());
            }
            if (next > until)
            {
                break;
            }
            ASSERT_GE(next, now) << "a deadline in the past";
            ASSERT_LT(++m_steps, maxSteps) << "no end of events: a loop";
            now = next;
            for (std::size_t i = 0; i < m_hosts.size(); ++i)
            {
                if (m_hosts[i]->NextDeadline() <= now)
                {
                    m_hosts[i]->OnDeadline(now);
                    Drain(i);
                }
            }
            for (std::size_t i = 0; i < m_services.size(); ++i)
            {
                if (m_services[i]->NextDeadline() <= now)
                {
                    m_services[i]->OnDeadline(now);
                    DrainService(i);
                }
            }
            for (std::size_t i = 0; i < m_machines.size(); ++i)
            {
                if (m_machines[i].endpoint->NextDeadline() <= now)
                {
                    m_machines[i].endpoint->OnDeadline(now);
                    DrainMachine(i);
                }
            }
            while (!m_events.empty() && m_events.top().at <= now)
            {
                const auto act = m_events.top().act;
                m_events.pop();
                act();
            }
        }
        now = until;
    }

    void
    RunFor(TimeNs time)
    {
        RunTo(now + time);
    }

    Hypervisor&
    Host(std::size_t i)
    {
        return *m_hosts[i];
    }

    std::size_t
    Hosts() const
    {
        return m_hosts.size();
    }

    Machine&
    Vm(std::size_t i)
    {
        return m_machines[i];
    }

    std::size_t
    Machines() const
    {
        return m_machines.size();
    }

    TimeNs now{0};
    std::uint64_t maxSteps = 10'000'000;
    /// What the wire loses.
    std::function<bool(std::size_t from, std::size_t to, ByteView frame)> loses =
        [](std::size_t, std::size_t, ByteView) { return false; };
    /// Sees every frame that leaves an uplink.
    std::function<void(std::size_t from, std::uint32_t uplink, ByteView frame)> tap =
        [](std::size_t, std::uint32_t, ByteView) {};
    /// Sees every frame that reaches a machine.
    std::function<void(std::size_t machine, ByteView frame)> portTap = [](std::size_t, ByteView) {};
    /// Replaces the wire: gets every frame from an uplink.
    std::function<void(std::size_t from, std::uint32_t uplink, const Bytes& frame)> wire;
    std::uint64_t vacant = 0; ///< frames to a port with nobody behind

    /// Hands a frame to a host's uplink after the wire's delay.
    void
    Deliver(std::size_t from, std::size_t to, const Bytes& frame)
    {
        if (loses(from, to, frame))
        {
            ++lost;
            return;
        }
        At(now + m_delay, [this, to, frame] {
            if (to >= SERVICES)
            {
                m_services[to - SERVICES]->OnFrame(frame, now);
                DrainService(to - SERVICES);
                return;
            }
            Hypervisor& host = *m_hosts[to];
            std::uint32_t uplink = 0;
            while (uplink < MAX_UPLINKS - 1 && !host.IsUplinkUp(uplink))
            {
                ++uplink;
            }
            host.OnUplinkFrame(host.IsUplinkUp(uplink) ? uplink : 0, frame, now);
            Drain(to);
        });
    }

    std::uint64_t lost = 0;

  private:
    struct Event
    {
        TimeNs at;
        std::uint64_t sequence;
        std::function<void()> act;

        bool
        operator<(const Event& other) const
        {
            return std::pair(at, sequence) > std::pair(other.at, other.sequence);
        }
    };

    void
    Drain(std::size_t host)
    {
        Hypervisor& hypervisor = *m_hosts[host];
        Bytes frame;
        bool busy = true;
        while (busy)
        {
            busy = false;
            PortId port = NO_PORT;
            while (hypervisor.PollPortFrame(frame, port))
            {
                busy = true;
                const auto behind = m_behind.find({host, port});
                if (behind == m_behind.end())
                {
                    ++vacant;
                    continue;
                }
                ToMachine(behind->second, frame);
            }
            std::uint32_t uplink = 0;
            while (hypervisor.PollUplinkFrame(frame, uplink))
            {
                busy = true;
                tap(host, uplink, frame);
                FromUplink(host, uplink, frame);
            }
        }
    }

    void
    FromUplink(std::size_t host, std::uint32_t uplink, const Bytes& frame)
    {
        if (wire)
        {
            wire(host, uplink, frame);
            return;
        }
        const auto to = m_macs.find(MacAddress::Read(frame));
        if (to != m_macs.end())
        {
            Deliver(host, to->second, frame);
            return;
        }
        for (std::size_t i = 0; i < m_hosts.size(); ++i)
        {
            if (i != host)
            {
                Deliver(host, i, frame);
            }
        }
        for (std::size_t i = SERVICES; i < SERVICES + m_services.size(); ++i)
        {
            if (i != host)
            {
                Deliver(host, i, frame);
            }
        }
    }

    void
    DrainService(std::size_t service)
    {
        Bytes frame;
        while (m_services[service]->PollFrame(frame))
        {
            FromUplink(SERVICES + service, 0, frame);
        }
    }

    void
    ToMachine(std::size_t machine, Bytes& frame)
    {
        portTap(machine, frame);
        Machine& m = m_machines[machine];
        if (m.vlan)
        {
            const auto tci = netbase::RemoveTag(frame);
            if (!tci || netbase::VlanOf(*tci) != *m.vlan)
            {
                return;
            }
        }
        m.endpoint->OnFrame(frame, now);
        DrainMachine(machine);
    }

    /// Takes what a machine has to send, and what was delivered to it.
    void
    DrainMachine(std::size_t machine)
    {
        Machine& m = m_machines[machine];
        Bytes bytes;
        while (m.endpoint->PollPacket(bytes))
        {
            netbase::IcmpMessage message;
            if (netbase::ReadIcmp(bytes, message) == netbase::DropReason::None &&
                message.kind == netbase::IcmpKind::EchoReply)
            {
                m.replies.push_back({now, message.sequence});
            }
            else
            {
                m.packets.push_back({now, bytes});
            }
        }
        while (m.endpoint->PollFrame(bytes))
        {
            if (m.port == NO_PORT)
            {
                continue;
            }
            if (m.vlan)
            {
                netbase::InsertTag(bytes, *m.vlan);
            }
            // Through the queue: a machine's frame never cuts into the handling of another.
            At(now, [this, machine, host = m.host, port = m.port, frame = bytes] {
                if (m_machines[machine].host == host && m_machines[machine].port == port)
                {
                    m_hosts[host]->OnPortFrame(port, frame, now);
                    Drain(host);
                }
            });
        }
    }

    static constexpr std::size_t SERVICES = 1000; ///< first number of a service on the wire

    TimeNs m_delay;
    std::vector<std::unique_ptr<Hypervisor>> m_hosts;
    std::vector<std::unique_ptr<ServiceHost>> m_services;
    std::vector<Machine> m_machines;
    std::map<std::pair<std::size_t, PortId>, std::size_t> m_behind;
    std::map<MacAddress, std::size_t> m_macs;
    std::priority_queue<Event> m_events;
    std::uint64_t m_sequence = 0;
    std::uint64_t m_steps = 0;
};

} // namespace weft::vxlan::test

#endif
