// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * A hypervisor of ours in real time on a tap device, told what to do on standard input: the other
 * end of kernel_vxlan_test.cc. Ends with its input.
 *
 * Commands, a line each, answered by a line each:
 *   ping VM ADDRESS COUNT     so many pings, 20 ms apart; "answered N"
 *   send VM ADDRESS COUNT     so many datagrams of 200 bytes to port 7000, 1 ms apart; "sent N"
 *   received VM               "received N": distinct datagrams that came to port 7000
 *   detach VM | attach VM     leaves without a word | comes with a gratuitous ARP; "ok"
 *   where MAC                 "where ADDRESS": the VTEP behind which it was learned, or "none"
 *   drops                     "drops REASON=N ...": of frames from the underlay
 */
#include "ns3/boolean.h"
#include "ns3/enum.h"
#include "ns3/fd-net-device.h"
#include "ns3/global-value.h"
#include "ns3/mac48-address.h"
#include "ns3/netbase-ip.h"
#include "ns3/netbase-ipv4.h"
#include "ns3/netbase-udp.h"
#include "ns3/node.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"
#include "ns3/vxlan-hypervisor-node.h"
#include "ns3/vxlan-vm-device.h"

#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <linux/if_tun.h>
#include <map>
#include <net/if.h>
#include <set>
#include <sstream>
#include <string>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>

namespace
{

using namespace ns3;
using namespace ns3::vxlan;
using weft::netbase::ByteView;
using weft::netbase::IpAddress;
using weft::netbase::MacAddress;
namespace netbase = weft::netbase;

constexpr std::uint32_t VNI = 864;
constexpr std::uint16_t PORT = 7000;
constexpr std::uint16_t UNDERLAY_MTU = 1600;
constexpr std::size_t DATAGRAM = 200;
constexpr int WAITS = 200;  ///< of 50 ms, for the last answers to pings
constexpr int LIFE_S = 300; ///< then it ends whatever happens

/// @return a descriptor of a tap device of the namespace that this process is in
int
OpenTap(const std::string& name)
{
    const int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    ifreq request{};
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    name.copy(request.ifr_name, IFNAMSIZ - 1);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0)
    {
        std::cerr << "tap " << name << ": " << std::strerror(errno) << "\n";
        std::exit(1);
    }
    return fd;
}

void
Answer(const std::string& line)
{
    std::cout << line << std::endl;
}

struct Machine
{
    Ptr<VmDevice> card;
    std::set<std::uint32_t> received;
    int answered = 0;

    void
    OnReply(const PingReply&)
    {
        ++answered;
    }

    bool
    OnPacket(ByteView packet)
    {
        netbase::IpFacts facts;
        netbase::UdpHeader udp;
        if (netbase::ReadIp(packet, facts) != netbase::DropReason::None ||
            facts.protocol != netbase::protocol::UDP)
        {
            return false;
        }
        const ByteView segment = facts.Payload(packet);
        if (netbase::ReadUdp(segment, udp) != netbase::DropReason::None ||
            udp.destinationPort != PORT || segment.size() < netbase::UDP_HEADER + 4 ||
            !netbase::UdpChecksumOk(facts.source, facts.destination, segment))
        {
            return false;
        }
        received.insert(netbase::Read32(&segment[netbase::UDP_HEADER]));
        return true;
    }
};

class Peer
{
  public:
    Peer(const std::string& tap, bool multicast)
    {
        m_node = CreateObject<Node>();
        const auto device = CreateObject<FdNetDevice>();
        device->SetAddress(Mac48Address("02:00:00:00:01:02"));
        device->SetMtu(UNDERLAY_MTU);
        m_node->AddDevice(device);
        device->SetFileDescriptor(OpenTap(tap));
        m_hypervisor = CreateObject<Hypervisor>();
        m_hypervisor->SetAttribute("Preset", EnumValue(HypervisorSettings::Linux));
        m_hypervisor->SetAttribute(
            "Replication",
            EnumValue(multicast ? HypervisorSettings::Multicast : HypervisorSettings::HeadEnd));
        m_node->AggregateObject(m_hypervisor);
        auto config = m_hypervisor->MakeConfig();
        config.vtep.address = *IpAddress::Parse("10.96.0.2");
        config.vtep.networks.resize(1);
        config.vtep.networks[0].vni = VNI;
        config.vtep.networks[0].group = *IpAddress::Parse("239.0.3.96");
        config.vtep.networks[0].floodList = {*IpAddress::Parse("10.96.0.1")};
        config.underlay.address = config.vtep.address;
        config.underlay.prefixLength = 24;
        m_hypervisor->Configure(config, {device});
        m_hypervisor->TraceConnectWithoutContext("Drop", MakeCallback(&Peer::OnDrop, this));
        Add("s1", "192.168.96.11", 0x020000000011);
        Add("x", "192.168.96.20", 0x020000000020);
    }

    /// A line from standard input.
    void
    Handle(std::string line)
    {
        std::istringstream words(line);
        std::string verb;
        std::string name;
        std::string address;
        int count = 0;
        words >> verb >> name >> address >> count;
        if (verb == "ping")
        {
            Machine& machine = m_machines.at(name);
            machine.answered = 0;
            Repeat(count, MilliSeconds(20), [&machine, address](int) {
                machine.card->Ping(*IpAddress::Parse(address));
            });
            Simulator::Schedule(
                MilliSeconds(20) * count, &Peer::AwaitAnswers, this, &machine, count, WAITS);
        }
        else if (verb == "send")
        {
            Machine& machine = m_machines.at(name);
            Repeat(count, MilliSeconds(1), [this, &machine, address](int i) {
                SendDatagram(machine, *IpAddress::Parse(address), static_cast<std::uint32_t>(i));
            });
            Simulator::Schedule(MilliSeconds(1) * count,
                                [count]() { Answer("sent " + std::to_string(count)); });
        }
        else if (verb == "received")
        {
            Answer("received " + std::to_string(m_machines.at(name).received.size()));
        }
        else if (verb == "detach")
        {
            m_hypervisor->RemoveVm(m_machines.at(name).card);
            Answer("ok");
        }
        else if (verb == "attach")
        {
            Attach(m_machines.at(name));
            m_machines.at(name).card->SendGarp();
            Answer("ok");
        }
        else if (verb == "where")
        {
            const auto* remote =
                m_hypervisor->GetCore().GetVtep()->Find(VNI, *MacAddress::Parse(name));
            Answer("where " + (remote ? remote->ToString() : std::string("none")));
        }
        else if (verb == "drops")
        {
            std::string text = "drops";
            for (const auto& [reason, drops] : m_drops)
            {
                text += " " + reason + "=" + std::to_string(drops);
            }
            Answer(text);
        }
        else
        {
            Answer("what is '" + line + "'?");
        }
    }

    std::uint32_t
    Context() const
    {
        return m_node->GetId();
    }

  private:
    void
    Add(const std::string& name, const std::string& address, std::uint64_t mac)
    {
        Machine& machine = m_machines[name];
        machine.card = CreateObject<VmDevice>();
        netbase::EndpointConfig config;
        config.mac = MacAddress::FromInteger(mac);
        config.address = *IpAddress::Parse(address);
        config.prefixLength = 24;
        config.mtu = 1500;
        machine.card->Configure(config);
        machine.card->TraceConnectWithoutContext("PingReply",
                                                 MakeCallback(&Machine::OnReply, &machine));
        machine.card->SetPacketHandler(
            [&machine](ByteView packet) { return machine.OnPacket(packet); });
        Attach(machine);
    }

    void
    Attach(Machine& machine)
    {
        weft::vxlan::PortConfig port;
        port.vni = VNI;
        m_hypervisor->AddVm(machine.card, port);
    }

    /// Says how many pings were answered once all are, or when patience ends.
    void
    AwaitAnswers(Machine* machine, int count, int waits)
    {
        if (machine->answered < count && waits > 0)
        {
            Simulator::Schedule(
                MilliSeconds(50), &Peer::AwaitAnswers, this, machine, count, waits - 1);
            return;
        }
        Answer("answered " + std::to_string(machine->answered));
    }

    template <typename Action>
    void
    Repeat(int count, Time interval, Action action)
    {
        for (int i = 0; i < count; ++i)
        {
            Simulator::Schedule(interval * i, [action, i]() { action(i); });
        }
    }

    void
    SendDatagram(Machine& machine, const IpAddress& to, std::uint32_t number)
    {
        weft::netbase::Bytes payload(DATAGRAM);
        netbase::Write32(payload.data(), number);
        netbase::UdpDatagram datagram;
        datagram.source = machine.card->GetEndpoint().Config().address;
        datagram.destination = to;
        datagram.sourcePort = PORT;
        datagram.destinationPort = PORT;
        m_packet.clear();
        netbase::AppendUdpPacket(m_packet, datagram, payload);
        machine.card->SendPacket(m_packet);
    }

    void
    OnDrop(const weft::vxlan::HypervisorEvent& event)
    {
        ++m_drops[std::string(event.place) + ":" + std::string(event.reason)];
    }

    Ptr<Node> m_node;
    Ptr<Hypervisor> m_hypervisor;
    std::map<std::string, Machine> m_machines;
    std::map<std::string, int> m_drops;
    weft::netbase::Bytes m_packet;
};

} // namespace

int
main(int argc, char* argv[])
{
    if (argc != 3)
    {
        std::cerr << "usage: kernel-vxlan-peer TAP multicast|head-end\n";
        return 2;
    }
    GlobalValue::Bind("SimulatorImplementationType", StringValue("ns3::RealtimeSimulatorImpl"));
    Peer peer(argv[1], std::string(argv[2]) == "multicast");
    std::thread input([&peer]() {
        std::string line;
        while (std::getline(std::cin, line))
        {
            Simulator::ScheduleWithContext(peer.Context(), Time(0), &Peer::Handle, &peer, line);
        }
        Simulator::ScheduleWithContext(peer.Context(), Time(0), []() { Simulator::Stop(); });
    });
    input.detach();
    Simulator::Schedule(Seconds(0), []() { Answer("ready"); });
    Simulator::Stop(Seconds(LIFE_S));
    Simulator::Run();
    // The reader may still wait for its input, and is not waited for.
    std::cout.flush();
    _exit(0);
}
