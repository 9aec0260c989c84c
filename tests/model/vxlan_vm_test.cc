// SPDX-License-Identifier: GPL-2.0-only
// A virtual machine's card: attached, tagged, delayed, switched off, in the middle of a move.
#include "vxlan_fixture.h"

#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4.h"
#include "ns3/netbase-arp.h"
#include "ns3/netbase-checksum.h"
#include "ns3/netbase-ethernet.h"
#include "ns3/netbase-ip.h"
#include "ns3/netbase-udp.h"
#include "ns3/uinteger.h"
#include "ns3/vxlan-offload.h"

#include <random>

namespace vxlan_testing
{

namespace
{

using weft::netbase::Bytes;

Bytes
UdpPacket(const IpAddress& from, const IpAddress& to, std::size_t size)
{
    weft::netbase::UdpDatagram datagram;
    datagram.source = from;
    datagram.destination = to;
    datagram.sourcePort = 1000;
    datagram.destinationPort = 2000;
    Bytes packet;
    weft::netbase::AppendUdpPacket(packet, datagram, Bytes(size));
    return packet;
}

TEST(VxlanVm, AnswersInTheSameEventUnlessThereIsADelay)
{
    for (const Time& delay : {MicroSeconds(0), MicroSeconds(7)})
    {
        Lan lan;
        const auto host = lan.AddHost(1);
        host->SetAttribute("PortDelay", TimeValue(delay));
        const auto a = lan.AddVm(host, 1);
        lan.AddVm(host, 2);
        std::vector<Time> rtt;
        a->TraceConnectWithoutContext("PingReply",
                                      Callback<void, const vxlan::PingReply&>(
                                          [&rtt](const auto& reply) { rtt.push_back(reply.rtt); }));
        EXPECT_EQ(Lan::Ping(a, Lan::VmAddress(2)), 3);
        // The first waits for ARP: two crossings more.
        EXPECT_EQ(rtt, (std::vector<Time>{4 * delay, 2 * delay, 2 * delay}));
    }
}

TEST(VxlanVm, AnswersWithoutEndDoNotNest)
{
    // Two machines throw a packet to and fro in no time, far more often than a stack is deep.
    constexpr int THROWS = 200000;
    Lan lan;
    const auto host = lan.AddHost(1);
    const auto a = lan.AddVm(host, 1);
    const auto b = lan.AddVm(host, 2);
    int throws = 0;
    const auto there = UdpPacket(Lan::VmAddress(1), Lan::VmAddress(2), 20);
    const auto back = UdpPacket(Lan::VmAddress(2), Lan::VmAddress(1), 20);
    b->SetPacketHandler([&](ByteView) { return b->SendPacket(back); });
    a->SetPacketHandler([&](ByteView) { return ++throws < THROWS && a->SendPacket(there); });
    Simulator::Schedule(Seconds(1), [&]() { a->SendPacket(there); });
    Lan::RunUntil(Seconds(2));
    EXPECT_EQ(throws, THROWS);
}

TEST(VxlanVm, OnATrunkItsFramesAreTagged)
{
    Lan lan;
    const auto host = lan.AddHost(1);
    const auto plain = lan.AddVm(host, 1);
    const auto tagged = Lan::MakeVm(2);
    weft::vxlan::PortConfig trunk;
    trunk.kind = weft::vxlan::PortKind::Trunk;
    trunk.vlans[96] = VNI;
    host->AddVm(tagged, trunk);
    int tags = 0;
    int frames = 0;
    const Callback<void, ByteView> look([&](ByteView frame) {
        ++frames;
        weft::netbase::EthernetHeader header;
        ASSERT_EQ(weft::netbase::ReadEthernet(frame, header), weft::netbase::DropReason::None);
        tags += header.tci && weft::netbase::VlanOf(*header.tci) == 96;
    });
    tagged->TraceConnectWithoutContext("Transmit", look);
    tagged->TraceConnectWithoutContext("Receive", look);
    EXPECT_EQ(Lan::Ping(plain, Lan::VmAddress(2)), 3);
    EXPECT_EQ(frames, 2 * 4);
    EXPECT_EQ(tags, frames);
}

TEST(VxlanVm, SwitchedOffItIsDeafAndDumbAndForgotten)
{
    Lan lan;
    const auto h1 = lan.AddHost(1);
    const auto h2 = lan.AddHost(2);
    const auto a = lan.AddVm(h1, 1);
    const auto b = lan.AddVm(h2, 2);
    EXPECT_EQ(Lan::Ping(a, Lan::VmAddress(2)), 3);
    const auto mac = b->GetEndpoint().Config().mac;
    EXPECT_GT(h2->GetCore().GetBridge().Find(VNI, mac), 0);
    std::map<weft::vxlan::DropReason, int> drops;
    b->TraceConnectWithoutContext(
        "Drop",
        Callback<void, weft::vxlan::DropReason, uint32_t>(
            [&drops](weft::vxlan::DropReason reason, uint32_t) { ++drops[reason]; }));
    b->SetUp(false);
    EXPECT_FALSE(b->IsLinkUp());
    EXPECT_EQ(h2->GetCore().GetBridge().Find(VNI, mac), weft::vxlan::NO_PORT);
    EXPECT_EQ(Lan::Ping(a, Lan::VmAddress(2)), 0);
    EXPECT_FALSE(b->SendPacket(UdpPacket(Lan::VmAddress(2), Lan::VmAddress(1), 20)));
    EXPECT_EQ(drops[weft::vxlan::DropReason::NodeDown], 1);
    b->SetUp(true);
    EXPECT_EQ(Lan::Ping(a, Lan::VmAddress(2)), 3);
}

TEST(VxlanVm, AHypervisorThatFailsCutsItsMachinesOff)
{
    Lan lan;
    const auto h1 = lan.AddHost(1);
    const auto h2 = lan.AddHost(2);
    const auto a = lan.AddVm(h1, 1);
    lan.AddVm(h2, 2);
    EXPECT_EQ(Lan::Ping(a, Lan::VmAddress(2)), 3);
    h2->SetUp(false);
    EXPECT_EQ(Lan::Ping(a, Lan::VmAddress(2)), 0);
    EXPECT_GT(lan.drops["node-down"], 0);
    h2->SetUp(true);
    EXPECT_EQ(Lan::Ping(a, Lan::VmAddress(2)), 3);
}

TEST(VxlanVm, TheNeighbourCacheComesAlongInAMove)
{
    Lan lan;
    const auto h1 = lan.AddHost(1);
    const auto h2 = lan.AddHost(2);
    const auto a = lan.AddVm(h1, 1);
    lan.AddVm(h1, 2);
    EXPECT_EQ(Lan::Ping(a, Lan::VmAddress(2)), 3);
    const auto asked = a->GetEndpoint().Counters().requestsOut;
    vxlan::MoveVm(a, h2, {vxlan::Announce::None, MilliSeconds(5)});
    Lan::RunUntil(Simulator::Now() + MilliSeconds(10));
    EXPECT_EQ(Lan::Ping(a, Lan::VmAddress(2)), 3);
    EXPECT_EQ(a->GetEndpoint().Counters().requestsOut, asked) << "it knew the address";
}

TEST(VxlanVm, AMachineOfANodeMovesWithItsApplications)
{
    Lan lan;
    const auto h1 = lan.AddHost(1);
    const auto h2 = lan.AddHost(2);
    const auto node = CreateObject<Node>();
    InternetStackHelper().Install(node);
    const auto a = Lan::MakeVm(1);
    node->AddDevice(a);
    const auto ipv4 = node->GetObject<Ipv4>();
    const uint32_t interface = ipv4->AddInterface(a);
    ipv4->AddAddress(interface, Ipv4InterfaceAddress("192.168.0.1", "255.255.255.0"));
    ipv4->SetUp(interface);
    weft::vxlan::PortConfig port;
    port.vni = VNI;
    h1->AddVm(a, port);
    const auto b = lan.AddVm(h2, 2);
    EXPECT_EQ(Lan::Ping(b, Lan::VmAddress(1)), 3);
    // Whatever runs in the machine runs in the context of its node.
    std::set<uint32_t> contexts;
    a->SetPacketHandler([&contexts](ByteView) {
        contexts.insert(Simulator::GetContext());
        return true;
    });
    const auto packet = UdpPacket(Lan::VmAddress(2), Lan::VmAddress(1), 20);
    Simulator::Schedule(Seconds(1), [&]() { b->SendPacket(packet); });
    Simulator::Schedule(Seconds(2), [&]() { vxlan::MoveVm(a, h2); });
    Simulator::Schedule(Seconds(3), [&]() { b->SendPacket(packet); });
    Lan::RunUntil(Seconds(4));
    EXPECT_EQ(contexts, (std::set<uint32_t>{node->GetId()}));
    EXPECT_EQ(Lan::Ping(b, Lan::VmAddress(1)), 3);
}

TEST(VxlanVm, ResolveAsksWhateverIsKnown)
{
    Lan lan;
    const auto host = lan.AddHost(1);
    const auto a = lan.AddVm(host, 1);
    lan.AddVm(host, 2);
    int requests = 0;
    a->TraceConnectWithoutContext("Transmit", Callback<void, ByteView>([&](ByteView frame) {
                                      requests += weft::netbase::Read16(&frame[12]) == 0x0806;
                                  }));
    for (int i = 1; i <= 3; ++i)
    {
        Simulator::Schedule(Seconds(i), [&]() { a->Resolve(Lan::VmAddress(2)); });
    }
    Lan::RunUntil(Seconds(4));
    EXPECT_EQ(requests, 3);
    EXPECT_THROW(a->Resolve(Ip("2001:db8::1")), std::invalid_argument);
}

TEST(VxlanVm, VirtualRouterFailsOverBetweenMachines)
{
    Lan lan;
    const auto h1 = lan.AddHost(1);
    const auto h2 = lan.AddHost(2);
    const auto h3 = lan.AddHost(3);
    const auto first = lan.AddVm(h1, 1);
    const auto second = lan.AddVm(h2, 2);
    const auto client = lan.AddVm(h3, 3);
    weft::vxlan::VrrpConfig config;
    config.vrid = 10;
    config.addresses = {Lan::VmAddress(254)};
    config.priority = 200;
    first->EnableVrrp(config);
    config.priority = 100;
    second->EnableVrrp(config);
    Lan::RunUntil(Seconds(5));
    EXPECT_EQ(first->GetVrrp()->State(), weft::vxlan::VrrpState::Master);
    EXPECT_EQ(second->GetVrrp()->State(), weft::vxlan::VrrpState::Backup);
    EXPECT_EQ(Lan::Ping(client, Lan::VmAddress(254)), 3);
    const auto virtualMac = MacAddress::FromInteger(0x00005e00010a);
    const auto* before = h3->GetCore().GetVtep()->Find(VNI, virtualMac);
    ASSERT_NE(before, nullptr);
    EXPECT_EQ(before->ToString(), "10.0.0.1");
    first->SetUp(false);
    // Three advertisements and the skew of priority 100: 3.61 s.
    Lan::RunUntil(Simulator::Now() + Seconds(4));
    EXPECT_EQ(second->GetVrrp()->State(), weft::vxlan::VrrpState::Master);
    const auto* after = h3->GetCore().GetVtep()->Find(VNI, virtualMac);
    ASSERT_NE(after, nullptr);
    EXPECT_EQ(after->ToString(), "10.0.0.2") << "learned from the new master's announcement";
    EXPECT_EQ(Lan::Ping(client, Lan::VmAddress(254)), 3);
}

TEST(VxlanOffload, CompletesWhatIsZeroAndNothingElse)
{
    std::mt19937 random(1);
    for (int i = 0; i < 2000; ++i)
    {
        const auto size = std::uniform_int_distribution<std::size_t>(0, 300)(random);
        const bool v6 = i % 2 == 1;
        const auto from = v6 ? Ip("2001:db8::1") : Ip("192.168.0.1");
        const auto to = v6 ? Ip("2001:db8::2") : Ip("192.168.0.2");
        Bytes packet = UdpPacket(from, to, size);
        const std::size_t upper = v6 ? 40 : 20;
        for (std::size_t b = upper + 8; b < packet.size(); ++b)
        {
            packet[b] = static_cast<std::uint8_t>(random());
        }
        Bytes zeroed = packet;
        weft::netbase::Write16(&zeroed[upper + 6], 0);
        if (!v6)
        {
            weft::netbase::Write16(&zeroed[10], 0);
        }
        vxlan::CompleteChecksums(zeroed);
        weft::netbase::IpFacts facts;
        ASSERT_EQ(weft::netbase::ReadIp(zeroed, facts), weft::netbase::DropReason::None);
        EXPECT_NE(weft::netbase::Read16(&zeroed[upper + 6]), 0);
        EXPECT_TRUE(weft::netbase::UdpChecksumOk(from, to, facts.Payload(zeroed)));
        // What is there, even wrong, stays.
        Bytes wrong = zeroed;
        weft::netbase::Write16(&wrong[upper + 6], 0x1234);
        const Bytes before = wrong;
        vxlan::CompleteChecksums(wrong);
        EXPECT_EQ(wrong, before);
        // Rubbish is left alone.
        Bytes rubbish(size);
        for (auto& octet : rubbish)
        {
            octet = static_cast<std::uint8_t>(random());
        }
        vxlan::CompleteChecksums(rubbish);
    }
}

} // namespace

} // namespace vxlan_testing
