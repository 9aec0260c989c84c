// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Cost of the overlay against a stock hop (PointToPointNetDevice, default queue disc,
 * Ipv4L3Protocol), of many remote VTEPs against few, of a flooded frame against its copies, and of
 * setting up a large overlay.
 *
 * A tunnel is a hypervisor, one crossing and another hypervisor; its tax is the cost of a frame
 * from machine to machine over it less that of the same bytes over the bare crossing. Rounds
 * interleave the variants; ratios are taken within a round and their median is printed.
 */
#include "whole_run.h"

#include "allocations.h"

#include "ns3/boolean.h"
#include "ns3/enum.h"
#include "ns3/mac48-address.h"
#include "ns3/netbase-udp.h"
#include "ns3/node-container.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/virtual-net-device.h"
#include "ns3/vxlan-hypervisor-node.h"
#include "ns3/vxlan-vm-device.h"

#include <cstdio>
#include <malloc.h>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace
{

using namespace ns3;
using namespace weft::bench;
using vxlan::Hypervisor;
using vxlan::HypervisorSettings;
using vxlan::VmDevice;
using weft::netbase::Bytes;
using weft::netbase::ByteView;
using weft::netbase::IpAddress;
using weft::netbase::MacAddress;

constexpr std::uint32_t VNI = 864;
constexpr std::int64_t START_NS = 1000000000; ///< addresses are resolved and learned by then
constexpr std::uint16_t UNDERLAY_MTU = 1600;
constexpr int FEW = 4;
constexpr int MANY = 256;
constexpr int FANOUT = 16;
constexpr int LARGE_VTEPS = 1000;
constexpr int LARGE_VMS = 20;     ///< a VTEP
constexpr int LARGE_NETWORKS = 4; ///< a VTEP

std::uint64_t
Key(const Address& address)
{
    std::uint8_t octets[8] = {};
    address.CopyTo(octets);
    std::uint64_t key = 0;
    for (const auto octet : octets)
    {
        key = key << 8 | octet;
    }
    return key;
}

/// An ideal switch: a frame is at the device of its destination 1 us later, by one event; at all
/// others if it is for a group. Its cost does not depend on how many devices there are.
class Crossbar
{
  public:
    Ptr<NetDevice>
    Attach(Ptr<Node> node)
    {
        const auto device = CreateObject<VirtualNetDevice>();
        device->SetAddress(Mac48Address::Allocate());
        device->SetMtu(UNDERLAY_MTU);
        device->SetNeedsArp(true);
        node->AddDevice(device);
        device->SetSendCallback(MakeCallback(&Crossbar::Send, this));
        m_all.push_back(device);
        m_devices[Key(device->GetAddress())] = device;
        return device;
    }

  private:
    bool
    Send(Ptr<Packet> packet, const Address& source, const Address& to, std::uint16_t protocol)
    {
        const auto found = m_devices.find(Key(to));
        if (found != m_devices.end())
        {
            Deliver(found->second, packet, source, to, protocol, NetDevice::PACKET_HOST);
            return true;
        }
        for (const auto& device : m_all)
        {
            if (device->GetAddress() != source)
            {
                Deliver(device, packet->Copy(), source, to, protocol, NetDevice::PACKET_BROADCAST);
            }
        }
        return true;
    }

    static void
    Deliver(Ptr<VirtualNetDevice> device,
            Ptr<Packet> packet,
            const Address& source,
            const Address& to,
            std::uint16_t protocol,
            NetDevice::PacketType type)
    {
        Simulator::ScheduleWithContext(device->GetNode()->GetId(),
                                       MicroSeconds(1),
                                       [device, packet, protocol, source, to, type]() {
                                           device->Receive(packet, protocol, source, to, type);
                                       });
    }

    std::vector<Ptr<VirtualNetDevice>> m_all;
    std::unordered_map<std::uint64_t, Ptr<VirtualNetDevice>> m_devices;
};

/// Carries nothing.
bool
Swallow(Ptr<Packet>, const Address&, const Address&, std::uint16_t)
{
    return true;
}

/// All other VTEPs in one: sends every frame back 1 us later as its receiver's answer to it.
class Mirror
{
  public:
    Ptr<NetDevice>
    Attach(Ptr<Node> node)
    {
        m_device = CreateObject<VirtualNetDevice>();
        m_device->SetAddress(Mac48Address::Allocate());
        m_device->SetMtu(UNDERLAY_MTU);
        m_device->SetNeedsArp(true);
        node->AddDevice(m_device);
        m_device->SetSendCallback(MakeCallback(&Mirror::Send, this));
        return m_device;
    }

  private:
    bool
    Send(Ptr<Packet> packet, const Address& source, const Address& to, std::uint16_t protocol)
    {
        constexpr std::size_t OUTER_SOURCE = 12;
        constexpr std::size_t INNER = 36; ///< frame behind IPv4, UDP, VXLAN
        constexpr std::size_t INNER_SOURCE = INNER + 14 + 12;
        m_bytes.resize(packet->GetSize());
        packet->CopyData(m_bytes.data(), packet->GetSize());
        if (protocol != 0x0800 || m_bytes.size() < PAYLOAD_BYTES)
        {
            return true;
        }
        // Sums do not change when addresses change places.
        Swap(OUTER_SOURCE, 4);
        Swap(INNER, 6);
        Swap(INNER_SOURCE, 4);
        const auto back =
            Create<Packet>(m_bytes.data(), static_cast<std::uint32_t>(m_bytes.size()));
        Simulator::ScheduleWithContext(
            m_device->GetNode()->GetId(), MicroSeconds(1), [this, back, source, to, protocol]() {
                m_device->Receive(back, protocol, to, source, NetDevice::PACKET_HOST);
            });
        return true;
    }

    /// Two fields of a size, one behind the other, change places.
    void
    Swap(std::size_t place, std::size_t size)
    {
        for (std::size_t i = place; i < place + size; ++i)
        {
            std::swap(m_bytes[i], m_bytes[i + size]);
        }
    }

    Ptr<VirtualNetDevice> m_device;
    Bytes m_bytes;
};

IpAddress
HostAddress(int host)
{
    return IpAddress::V4(0x0a000001 + static_cast<std::uint32_t>(host));
}

IpAddress
VmAddress(int vm)
{
    return IpAddress::V4(0xc0a80001 + static_cast<std::uint32_t>(vm));
}

Ptr<VmDevice>
MakeVm(int number)
{
    const auto vm = CreateObject<VmDevice>();
    weft::netbase::EndpointConfig config;
    config.mac = MacAddress::FromInteger(0x020000000000 + static_cast<std::uint64_t>(number));
    config.address = VmAddress(number);
    config.prefixLength = 16;
    vm->Configure(config);
    return vm;
}

/// A UDP packet from one machine to another, or to all.
Bytes
MakePacket(const IpAddress& from, const IpAddress& to)
{
    const Bytes payload(PAYLOAD_BYTES);
    weft::netbase::UdpDatagram datagram;
    datagram.source = from;
    datagram.destination = to;
    datagram.sourcePort = 50000;
    datagram.destinationPort = 3479;
    Bytes packet;
    weft::netbase::AppendUdpPacket(packet, datagram, payload);
    return packet;
}

/// One machine on each of several hypervisors. The first sends to the others in turn, or to all.
struct World
{
    Crossbar crossbar;
    std::vector<Ptr<Hypervisor>> hosts;
    std::vector<Ptr<VmDevice>> vms;
    std::vector<Bytes> packets;
    double delivered = 0;
    int left = COUNT;
    std::int64_t gap = GAP_NS;

    World(int remotes, bool traced)
    {
        SetScheduler("PriorityQueueScheduler");
        std::vector<IpAddress> vteps;
        for (int host = 0; host <= remotes; ++host)
        {
            vteps.push_back(HostAddress(host));
        }
        for (int host = 0; host <= remotes; ++host)
        {
            const auto node = CreateObject<Node>();
            const auto hypervisor = CreateObject<Hypervisor>();
            hypervisor->SetAttribute("Name", StringValue("host" + std::to_string(host)));
            hypervisor->SetAttribute("Replication", EnumValue(HypervisorSettings::HeadEnd));
            hypervisor->SetAttribute("TraceFrames", BooleanValue(traced));
            node->AggregateObject(hypervisor);
            auto config = hypervisor->MakeConfig();
            config.vtep.address = HostAddress(host);
            config.vtep.networks.resize(1);
            config.vtep.networks[0].vni = VNI;
            config.vtep.networks[0].floodList = vteps;
            config.underlay.address = HostAddress(host);
            config.underlay.prefixLength = 16;
            hypervisor->Configure(config, {crossbar.Attach(node)});
            hosts.push_back(hypervisor);
            vms.push_back(MakeVm(host));
            vms.back()->SetPacketHandler([this](ByteView packet) {
                delivered += packet.size() > PAYLOAD_BYTES;
                return true;
            });
            weft::vxlan::PortConfig port;
            port.vni = VNI;
            hypervisor->AddVm(vms.back(), port);
            if (host > 0)
            {
                packets.push_back(MakePacket(VmAddress(0), VmAddress(host)));
            }
        }
        // Everybody is known before the first packet.
        for (int host = 1; host <= remotes; ++host)
        {
            Simulator::ScheduleWithContext(
                0, MilliSeconds(1) * host, [this, host]() { vms[0]->Ping(VmAddress(host)); });
        }
        Simulator::ScheduleWithContext(0, NanoSeconds(START_NS), &World::Send, this);
    }

    void
    Send()
    {
        vms[0]->SendPacket(packets[static_cast<std::size_t>(left) % packets.size()]);
        if (--left > 0)
        {
            Simulator::Schedule(NanoSeconds(gap), &World::Send, this);
        }
    }
};

Cost
Unicast(int remotes, bool traced)
{
    World world(remotes, traced);
    return Measure(world.delivered, START_NS);
}

/// One VTEP and machines behind many others: the cost of a frame out and one back.
Cost
ManyRemotes(int remotes)
{
    SetScheduler("PriorityQueueScheduler");
    const auto node = CreateObject<Node>();
    const auto hypervisor = CreateObject<Hypervisor>();
    hypervisor->SetAttribute("Replication", EnumValue(HypervisorSettings::HeadEnd));
    hypervisor->SetAttribute("TraceFrames", BooleanValue(false));
    node->AggregateObject(hypervisor);
    auto config = hypervisor->MakeConfig();
    config.vtep.address = HostAddress(0);
    config.vtep.networks.resize(1);
    config.vtep.networks[0].vni = VNI;
    config.underlay.address = HostAddress(0);
    config.underlay.prefixLength = 16;
    Mirror mirror;
    hypervisor->Configure(config, {mirror.Attach(node)});
    const auto vm = CreateObject<VmDevice>();
    weft::netbase::EndpointConfig endpoint;
    endpoint.mac = MacAddress::FromInteger(0x020000000000);
    endpoint.address = VmAddress(0);
    endpoint.prefixLength = 16;
    // Entries stay fresh for the whole run.
    endpoint.neighbours.reachable = std::chrono::hours(1);
    vm->Configure(endpoint);
    weft::vxlan::PortConfig port;
    port.vni = VNI;
    hypervisor->AddVm(vm, port);
    double delivered = 0;
    vm->SetPacketHandler([&delivered](ByteView) {
        ++delivered;
        return true;
    });
    struct Source
    {
        Ptr<VmDevice> vm;
        std::vector<Bytes> packets{};
        int left = COUNT;

        void
        Send()
        {
            vm->SendPacket(packets[static_cast<std::size_t>(left) % packets.size()]);
            if (--left > 0)
            {
                Simulator::Schedule(NanoSeconds(GAP_NS), &Source::Send, this);
            }
        }
    } source{vm};

    for (int remote = 1; remote <= remotes; ++remote)
    {
        const auto mac =
            MacAddress::FromInteger(0x020000000000 + static_cast<std::uint64_t>(remote));
        hypervisor->Do([&](weft::vxlan::Hypervisor& core, weft::netbase::TimeNs now) {
            core.GetUnderlay()->AddNeighbour(HostAddress(remote), mac, now);
            core.GetVtep()->Install(
                VNI, mac, HostAddress(remote), weft::vxlan::FdbOrigin::Controller, now);
        });
        vm->AddNeighbour(VmAddress(remote), mac);
        source.packets.push_back(MakePacket(VmAddress(0), VmAddress(remote)));
    }
    Simulator::ScheduleWithContext(0, NanoSeconds(START_NS), &Source::Send, &source);
    return Measure(delivered, START_NS);
}

/// A broadcast reaches FANOUT machines.
Cost
Flood()
{
    World world(FANOUT, false);
    world.packets = {MakePacket(VmAddress(0), IpAddress::V4(0xffffffff))};
    return Measure(world.delivered, START_NS);
}

/// The bytes of a tunnel's packets over the bare crossing, made and received by no one else.
Cost
Crossing()
{
    SetScheduler("PriorityQueueScheduler");
    Crossbar crossbar;
    NodeContainer nodes(2);
    const auto near = crossbar.Attach(nodes.Get(0));
    const auto far = crossbar.Attach(nodes.Get(1));
    double delivered = 0;
    struct Sink
    {
        double* delivered;

        void
        Take(Ptr<NetDevice>,
             Ptr<const Packet>,
             std::uint16_t,
             const Address&,
             const Address&,
             NetDevice::PacketType)
        {
            ++*delivered;
        }
    } sink{&delivered};

    nodes.Get(1)->RegisterProtocolHandler(MakeCallback(&Sink::Take, &sink), 0, far, true);
    struct Source
    {
        Ptr<NetDevice> device;
        Address to;
        Bytes bytes = Bytes(PAYLOAD_BYTES + 28 + 14 + 36);
        int left = COUNT;

        void
        Send()
        {
            device->Send(
                Create<Packet>(bytes.data(), static_cast<std::uint32_t>(bytes.size())), to, 0x0800);
            if (--left > 0)
            {
                Simulator::Schedule(NanoSeconds(GAP_NS), &Source::Send, this);
            }
        }
    } source{near, far->GetAddress()};

    Simulator::ScheduleWithContext(0, NanoSeconds(START_NS), &Source::Send, &source);
    return Measure(delivered, START_NS);
}

struct SetUp
{
    double seconds = 0;
    double vtepBytes = 0; ///< a VTEP, without its node, device and machines
    double vmBytes = 0;   ///< a machine, with its port
};

double
HeapBytes()
{
    return static_cast<double>(mallinfo2().uordblks);
}

/// Hypervisors and machines that have not yet said anything.
SetUp
Large()
{
    SetScheduler("PriorityQueueScheduler");
    SetUp result;
    std::vector<Ptr<Hypervisor>> hosts;
    std::vector<Ptr<NetDevice>> uplinks;
    const double start = CpuNs();
    std::vector<Ptr<Node>> nodes;
    for (int host = 0; host < LARGE_VTEPS; ++host)
    {
        nodes.push_back(CreateObject<Node>());
        const auto device = CreateObject<VirtualNetDevice>();
        device->SetAddress(Mac48Address::Allocate());
        device->SetSendCallback(MakeCallback(&Swallow));
        nodes.back()->AddDevice(device);
        uplinks.push_back(device);
    }
    hosts.reserve(LARGE_VTEPS);
    const double bare = HeapBytes();
    for (int host = 0; host < LARGE_VTEPS; ++host)
    {
        const auto hypervisor = CreateObject<Hypervisor>();
        hypervisor->SetAttribute("Name", StringValue("host" + std::to_string(host)));
        nodes[static_cast<std::size_t>(host)]->AggregateObject(hypervisor);
        auto config = hypervisor->MakeConfig();
        config.vtep.address = HostAddress(host);
        config.underlay.address = HostAddress(host);
        config.underlay.prefixLength = 16;
        for (int network = 0; network < LARGE_NETWORKS; ++network)
        {
            weft::vxlan::NetworkConfig one;
            one.vni = static_cast<std::uint32_t>(1 + (host + network * 7) % 50);
            one.group = IpAddress::V4(0xef000000 + one.vni);
            config.vtep.networks.push_back(one);
        }
        hypervisor->Configure(config, {uplinks[static_cast<std::size_t>(host)]});
        hosts.push_back(hypervisor);
    }
    const double vteps = HeapBytes();
    std::vector<Ptr<VmDevice>> vms;
    vms.reserve(LARGE_VTEPS * LARGE_VMS);
    for (int host = 0; host < LARGE_VTEPS; ++host)
    {
        for (int vm = 0; vm < LARGE_VMS; ++vm)
        {
            vms.push_back(MakeVm(host * LARGE_VMS + vm));
            weft::vxlan::PortConfig port;
            port.vni = static_cast<std::uint32_t>(1 + (host + vm % LARGE_NETWORKS * 7) % 50);
            hosts[static_cast<std::size_t>(host)]->AddVm(vms.back(), port);
        }
    }
    const double all = HeapBytes();
    result.seconds = (CpuNs() - start) * 1e-9;
    result.vtepBytes = (vteps - bare) / LARGE_VTEPS;
    result.vmBytes = (all - vteps) / (LARGE_VTEPS * LARGE_VMS);
    Simulator::Destroy();
    return result;
}

} // namespace

int
main()
{
    std::vector<double> stock;
    std::vector<double> tax;
    std::vector<double> ratio;
    std::vector<double> tracedRatio;
    std::vector<double> remotes;
    std::vector<double> crowds;
    std::vector<double> flood;
    std::vector<double> seconds;
    double allocations = 0;
    double stockAllocations = 0;
    SetUp large;
    const double packets = 0.9 * COUNT;
    const auto check = [](const char* what, const Cost& cost, double expected) {
        if (cost.delivered < expected)
        {
            std::fprintf(stderr, "%s: only %.0f delivered\n", what, cost.delivered);
            std::exit(1);
        }
    };
    for (int round = 0; round < ROUNDS; ++round)
    {
        large = Large();
        seconds.push_back(large.seconds);
        const Cost hop = Slope([](int hops) { return StockChain(hops, "PriorityQueueScheduler"); });
        const Cost crossing = Crossing();
        const Cost tunnel = Unicast(1, false);
        const Cost traced = Unicast(1, true);
        const Cost few = ManyRemotes(FEW);
        const Cost many = ManyRemotes(MANY);
        const Cost crowd = Unicast(MANY, false);
        const Cost flooded = Flood();
        check("crossing", crossing, 0.89 * COUNT);
        check("tunnel", tunnel, 0.89 * COUNT);
        check("traced tunnel", traced, 0.89 * COUNT);
        check("few remotes", few, 0.89 * COUNT);
        check("many remotes", many, 0.89 * COUNT);
        check("many VTEPs", crowd, 0.89 * COUNT);
        check("flood", flooded, 0.89 * COUNT * FANOUT);
        stock.push_back(hop.ns);
        stockAllocations = hop.allocations;
        tax.push_back((tunnel.ns - crossing.ns) / packets);
        ratio.push_back(tax.back() / hop.ns);
        tracedRatio.push_back((traced.ns - crossing.ns) / packets / hop.ns);
        allocations = (tunnel.allocations - crossing.allocations) / packets;
        remotes.push_back((many.ns - crossing.ns) / (few.ns - crossing.ns));
        crowds.push_back((crowd.ns - crossing.ns) / (tunnel.ns - crossing.ns));
        // What FANOUT unicast frames cost, crossings included.
        flood.push_back(flooded.ns / (FANOUT * tunnel.ns));
    }
    std::printf("%-52s %10s %12s\n", "", "ns/frame", "allocations");
    std::printf("%-52s %10.0f %12.2f\n", "stock hop", Median(stock), stockAllocations);
    std::printf("%-52s %10.0f %12.2f\n",
                "encapsulation and decapsulation, machine to machine",
                Median(tax),
                allocations);
    std::printf("encapsulation and decapsulation / stock hop: %.3f (target 0.5)\n", Median(ratio));
    std::printf("the same with every frame traced: %.3f\n", Median(tracedRatio));
    std::printf("a VTEP's unicast with %d remote VTEPs / with %d: %.3f (target 1.1)\n",
                MANY,
                FEW,
                Median(remotes));
    std::printf("unicast to %d simulated VTEPs in turn / to one: %.3f\n", MANY, Median(crowds));
    std::printf(
        "flooded frame / (%d copies x unicast frame): %.3f (target 1.2)\n", FANOUT, Median(flood));
    std::printf("%d VTEPs with %d machines: set up in %.2f s (target 5)\n",
                LARGE_VTEPS,
                LARGE_VTEPS * LARGE_VMS,
                Median(seconds));
    std::printf("a VTEP: %.1f kB, its %d machines: %.1f kB (%.0f B each), together %.1f kB "
                "(target 25)\n",
                large.vtepBytes / 1000,
                LARGE_VMS,
                large.vmBytes * LARGE_VMS / 1000,
                large.vmBytes,
                (large.vtepBytes + large.vmBytes * LARGE_VMS) / 1000);
    return 0;
}
