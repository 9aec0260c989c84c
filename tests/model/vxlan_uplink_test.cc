// SPDX-License-Identifier: GPL-2.0-only
// What a hypervisor's frames cross: bonds of Ethernet links, IPv6, several sizes of packets.
#include "vxlan_fixture.h"

#include "ns3/netbase-udp.h"
#include "ns3/underlay-ethernet-device.h"
#include "ns3/underlay-ethernet-link.h"

namespace vxlan_testing
{

namespace
{

using underlay::EthernetDevice;
using underlay::EthernetLink;
using weft::netbase::Bytes;

/// Two hypervisors with two links between them, a bond at each end.
struct Bond
{
    std::vector<Ptr<EthernetLink>> links;
    std::vector<Ptr<Hypervisor>> hosts;
    std::vector<Ptr<VmDevice>> vms;
    std::map<uint32_t, int> sent; ///< frames of the first host, by uplink
    int received = 0;             ///< datagrams at the second machine

    Bond()
    {
        std::vector<Ptr<Node>> nodes{CreateObject<Node>(), CreateObject<Node>()};
        std::vector<std::vector<Ptr<NetDevice>>> devices(2);
        for (int i = 0; i < 2; ++i)
        {
            std::vector<Ptr<EthernetDevice>> ends;
            for (int end = 0; end < 2; ++end)
            {
                ends.push_back(CreateObject<EthernetDevice>());
                ends.back()->SetMtu(1600);
                nodes[end]->AddDevice(ends.back());
                devices[end].push_back(ends.back());
            }
            links.push_back(CreateObject<EthernetLink>());
            links.back()->Attach(ends[0], ends[1], "link" + std::to_string(i));
        }
        for (int end = 0; end < 2; ++end)
        {
            const auto host = CreateObject<Hypervisor>();
            host->SetAttribute("Name", StringValue("h" + std::to_string(end + 1)));
            host->SetAttribute("Replication", EnumValue(HypervisorSettings::HeadEnd));
            nodes[end]->AggregateObject(host);
            auto config = host->MakeConfig();
            config.underlay = Lan::Endpoint(end + 1);
            config.vtep.address = config.underlay.address;
            config.vtep.networks = {Lan::Network(VNI)};
            config.vtep.networks[0].floodList = {Lan::Endpoint(2 - end).address};
            host->Configure(config, devices[end]);
            hosts.push_back(host);
            vms.push_back(Lan::MakeVm(end + 1));
            weft::vxlan::PortConfig port;
            port.vni = VNI;
            host->AddVm(vms.back(), port);
        }
        hosts[0]->TraceConnectWithoutContext(
            "Transmit", Callback<void, ByteView, uint32_t>([this](ByteView frame, uint32_t uplink) {
                sent[uplink] += frame.size() > 200;
            }));
        vms[1]->SetPacketHandler([this](ByteView packet) {
            received += packet.size() > 100;
            return true;
        });
    }

    ~Bond()
    {
        Simulator::Destroy();
    }

    /// A hundred flows of one datagram each. @return how many arrived
    int
    Flows()
    {
        sent.clear();
        received = 0;
        for (uint16_t flow = 0; flow < 100; ++flow)
        {
            Simulator::Schedule(MicroSeconds(100) * flow, [this, flow]() {
                weft::netbase::UdpDatagram datagram;
                datagram.source = Lan::VmAddress(1);
                datagram.destination = Lan::VmAddress(2);
                datagram.sourcePort = static_cast<uint16_t>(20000 + flow);
                datagram.destinationPort = 7;
                Bytes packet;
                weft::netbase::AppendUdpPacket(packet, datagram, Bytes(200));
                vms[0]->SendPacket(packet);
            });
        }
        Lan::RunUntil(Simulator::Now() + Seconds(1));
        return received;
    }
};

TEST(VxlanUplink, ABondUsesTheLinksThatAreUp)
{
    Bond world;
    EXPECT_EQ(Lan::Ping(world.vms[0], Lan::VmAddress(2)), 3);
    EXPECT_EQ(world.Flows(), 100);
    // Of 100 fair draws fewer than 20 for one side: less than 1e-9.
    EXPECT_GE(world.sent[0], 20);
    EXPECT_GE(world.sent[1], 20);
    EXPECT_EQ(world.sent[0] + world.sent[1], 100);
    for (const uint32_t dead : {0, 1})
    {
        world.links[dead]->SetUp(false);
        EXPECT_EQ(world.Flows(), 100);
        EXPECT_EQ(world.sent[dead], 0);
        EXPECT_EQ(world.sent[1 - dead], 100);
        world.links[dead]->SetUp(true);
    }
    world.links[0]->SetUp(false);
    world.links[1]->SetUp(false);
    EXPECT_EQ(world.Flows(), 0);
    // What waits for the neighbour's answer is given up.
    Lan::RunUntil(Simulator::Now() + Seconds(5));
    world.links[1]->SetUp(true);
    EXPECT_EQ(world.Flows(), 100);
}

TEST(VxlanUplink, OverIpv6ByHeadEndAndByGroup)
{
    for (const bool headEnd : {true, false})
    {
        Lan lan;
        lan.networks[0].group = Ip("ff05::864");
        const auto address = [](int number) { return Ip("2001:db8::" + std::to_string(number)); };
        std::vector<Ptr<Hypervisor>> hosts;
        for (int i = 1; i <= 3; ++i)
        {
            hosts.push_back(lan.AddHost(i, [&](auto& config) {
                config.underlay.address = address(i);
                config.underlay.prefixLength = 64;
                config.vtep.address = address(i);
                config.vtep.replication = headEnd ? weft::vxlan::ReplicationKind::HeadEnd
                                                  : weft::vxlan::ReplicationKind::Multicast;
                config.vtep.networks[0].floodList = {address(1), address(2), address(3)};
            }));
        }
        const auto a = lan.AddVm(hosts[0], 1);
        lan.AddVm(hosts[1], 2);
        EXPECT_EQ(Lan::Ping(a, Lan::VmAddress(2)), 3);
        EXPECT_EQ(Lan::Where(hosts[0], 2), "2001:db8::2");
        EXPECT_EQ(Lan::Where(hosts[2], 1), "2001:db8::1");
        EXPECT_EQ(Lan::Where(hosts[2], 2), "none");
    }
}

TEST(VxlanUplink, TheMtuIsThatOfTheSmallestUplinkUnlessItIsSaid)
{
    Lan lan;
    const auto tight = lan.AddHost(1, [](auto& config) { EXPECT_EQ(config.vtep.mtu, 0u); });
    EXPECT_EQ(tight->GetCore().GetVtep()->Config().mtu, 1600u);
    const auto said = lan.AddHost(2, [](auto& config) {
        config.vtep.mtu = 1400;
        config.underlay.mtu = 1400;
    });
    EXPECT_EQ(said->GetCore().GetVtep()->Config().mtu, 1400u);
    // 1550 bytes of envelope fit 1600, and do not fit 1400.
    const auto a = lan.AddVm(tight, 1);
    const auto b = lan.AddVm(said, 2);
    Simulator::Schedule(Seconds(1), [&]() { a->Ping(Lan::VmAddress(2), 1472); });
    Lan::RunUntil(Seconds(3));
    EXPECT_EQ(lan.drops["too-big"], 1) << "the answer, at the second host";
    EXPECT_EQ(b->GetEndpoint().Counters().echoes, 1u);
}

TEST(VxlanUplink, ConfigurationThatCannotBeIsRefused)
{
    Lan lan;
    const auto host = CreateObject<Hypervisor>();
    const auto uplink = lan.Plug(host);
    auto config = host->MakeConfig();
    config.underlay = Lan::Endpoint(1);
    config.vtep.address = config.underlay.address;
    EXPECT_THROW(host->Configure(config, {}), std::invalid_argument);
    const auto other = CreateObject<Hypervisor>();
    const auto foreign = lan.Plug(other);
    EXPECT_THROW(host->Configure(config, {foreign}), std::invalid_argument);
    config.vtep.address = Ip("10.0.0.2");
    EXPECT_THROW(host->Configure(config, {uplink}), std::invalid_argument);
}

} // namespace

} // namespace vxlan_testing
