// SPDX-License-Identifier: GPL-2.0-only
/** @file Routers end to end: delivery, headers, TTL, ICMP, MTU, ARP and neighbour discovery. */
#include "fabric_fixture.h"

#include "ns3/boolean.h"
#include "ns3/uinteger.h"

#include <set>

namespace weft::tests
{
namespace
{

class FabricRouterTest : public FabricTest,
                         public testing::WithParamInterface<bool> // IPv6
{
  protected:
    FabricRouterTest()
    {
        fabric.SetIpv6(GetParam());
    }

    FabricHelper fabric{1};
};

INSTANTIATE_TEST_SUITE_P(Families, FabricRouterTest, testing::Values(false, true));

TEST_P(FabricRouterTest, LeafSpineDeliversInLineTime)
{
    fabric.LeafSpine(2, 2);
    Host a(fabric, "leaf1");
    Host b(fabric, "leaf2");
    fabric.Start();
    b.SendAt(Seconds(1), {.to = a.place.address, .id = 1});
    a.SendAt(Seconds(2), {.to = b.place.address, .id = 2, .size = 1000});
    RunUntil(Seconds(3));
    EXPECT_EQ(a.Ids(), std::vector<std::uint32_t>{1});
    ASSERT_EQ(b.Ids(), std::vector<std::uint32_t>{2});
    const Got& got = b.received.front();
    EXPECT_EQ(got.ip.ttl, 61) << "three routers";
    EXPECT_EQ(got.ethernet.destination, b.place.mac);
    EXPECT_EQ(got.ethernet.source, b.place.gatewayMac);
    // Four links of 1 us and (1000 + 14 + 24) octets at 10 Gbit/s; b's address was asked for.
    const std::int64_t exchange = 2 * 1000;
    const std::int64_t crossing = 1000 + 1038 * 8 / 10;
    EXPECT_GE(got.at, 2000000000 + 4 * crossing + exchange);
    EXPECT_LE(got.at, 2000000000 + 4 * crossing + exchange + 300);
    EXPECT_EQ(b.questions, 1);
    EXPECT_EQ(Dropped(fabric), 0u);
    // Now everybody is known.
    a.SendAt(Seconds(1), {.to = b.place.address, .id = 3, .size = 1000});
    const std::int64_t start = Simulator::Now().GetNanoSeconds() + 1000000000;
    RunUntil(Seconds(5));
    ASSERT_EQ(b.received.size(), 2u);
    EXPECT_EQ(b.received.back().at, start + 4 * crossing);
    EXPECT_EQ(b.questions, 1);
}

TEST_P(FabricRouterTest, HostsOfOneLeafTalkThroughIt)
{
    fabric.AddRouter("leaf1");
    Host a(fabric, "leaf1");
    Host b(fabric, "leaf1");
    fabric.Start();
    a.SendAt(Seconds(1), {.to = b.place.address, .id = 7});
    Simulator::Run();
    EXPECT_EQ(b.Ids(), std::vector<std::uint32_t>{7});
    EXPECT_EQ(b.received.front().ip.ttl, 63);
}

TEST_P(FabricRouterTest, TtlRunsOutWhereItShould)
{
    fabric.LeafSpine(2, 1);
    Host a(fabric, "leaf1");
    Host b(fabric, "leaf2");
    fabric.Start();
    for (std::uint8_t ttl = 1; ttl <= 4; ++ttl)
    {
        a.SendAt(Seconds(ttl), {.to = b.place.address, .id = ttl, .ttl = ttl});
    }
    Simulator::Run();
    EXPECT_EQ(b.Ids(), std::vector<std::uint32_t>{4});
    EXPECT_EQ(b.received.front().ip.ttl, 1);
    ASSERT_EQ(a.icmp.size(), 3u);
    std::set<IpAddress> sources;
    for (const Got& got : a.icmp)
    {
        netbase::IcmpMessage message;
        ASSERT_EQ(netbase::ReadIcmp(got.packet, message), netbase::DropReason::None);
        EXPECT_EQ(message.kind, netbase::IcmpKind::TimeExceeded);
        sources.insert(got.ip.source);
    }
    // Leaf 1's host port, the spine's port to leaf 1, leaf 2's port to the spine.
    EXPECT_EQ(sources.size(), 3u);
    EXPECT_TRUE(sources.contains(a.place.gateway));
    EXPECT_TRUE(fabric.GetRouter("spine1")->IsOwnAddress(a.icmp[1].ip.source));
    EXPECT_TRUE(fabric.GetRouter("leaf2")->IsOwnAddress(a.icmp[2].ip.source));
    EXPECT_EQ(Dropped(fabric, FrameDrop::TtlExpired), 3u);
    for (const char* name : {"leaf1", "spine1", "leaf2"})
    {
        EXPECT_EQ(fabric.GetRouter(name)->GetDrops().Of(FrameDrop::TtlExpired).packets, 1u);
    }
}

TEST_P(FabricRouterTest, EveryRouterAnswersPingsToAllItsAddresses)
{
    fabric.LeafSpine(2, 2);
    Host a(fabric, "leaf1");
    fabric.Start();
    std::set<IpAddress> targets;
    for (const auto& name : fabric.GetRouterNames())
    {
        const auto router = fabric.GetRouter(name);
        targets.insert(router->GetLoopbacks().front());
        for (std::uint32_t port = 0; port < router->GetNPorts(); ++port)
        {
            targets.insert(router->GetPortAddresses(port).front().address);
        }
    }
    EXPECT_EQ(targets.size(), 4u + 8u + 1u);
    std::uint16_t sequence = 0;
    for (const IpAddress& target : targets)
    {
        Bytes echo;
        const Bytes data{1, 2, 3};
        netbase::AppendEcho(echo, a.place.address, target, false, 5, ++sequence, data);
        Simulator::ScheduleWithContext(a.place.device->GetNode()->GetId(),
                                       MilliSeconds(sequence),
                                       [&a, echo]() { a.SendPacket(echo); });
    }
    Simulator::Run();
    ASSERT_EQ(a.icmp.size(), targets.size());
    std::set<IpAddress> answered;
    for (const Got& got : a.icmp)
    {
        netbase::IcmpMessage message;
        ASSERT_EQ(netbase::ReadIcmp(got.packet, message), netbase::DropReason::None);
        EXPECT_EQ(message.kind, netbase::IcmpKind::EchoReply);
        EXPECT_EQ(message.id, 5);
        EXPECT_EQ(Bytes(message.body.begin(), message.body.end()), (Bytes{1, 2, 3}));
        answered.insert(got.ip.source);
    }
    EXPECT_EQ(answered, targets);
}

TEST_P(FabricRouterTest, UnknownDestinationsAndProtocolsAreReported)
{
    fabric.LeafSpine(1, 1);
    Host a(fabric, "leaf1");
    fabric.Start();
    const auto nowhere = *IpAddress::Parse(GetParam() ? "2001:db8::1" : "198.51.100.1");
    a.SendAt(Seconds(1), {.to = nowhere});
    a.SendAt(Seconds(2), {.to = fabric.GetRouter("spine1")->GetLoopbacks().front()});
    Simulator::Run();
    ASSERT_EQ(a.icmp.size(), 2u);
    std::vector<std::pair<int, int>> codes;
    for (const Got& got : a.icmp)
    {
        netbase::IcmpMessage message;
        ASSERT_EQ(netbase::ReadIcmp(got.packet, message), netbase::DropReason::None);
        EXPECT_EQ(message.kind, netbase::IcmpKind::DestinationUnreachable);
        codes.emplace_back(message.type, message.code);
    }
    EXPECT_EQ(codes,
              (GetParam() ? std::vector<std::pair<int, int>>{{1, 0}, {1, 4}}
                          : std::vector<std::pair<int, int>>{{3, 0}, {3, 3}}));
    EXPECT_EQ(Dropped(fabric, FrameDrop::NoRoute), 1u);
    EXPECT_EQ(Dropped(fabric, FrameDrop::UnknownProtocol), 1u);
}

TEST_P(FabricRouterTest, AHostThatDoesNotAnswerIsUnreachable)
{
    fabric.LeafSpine(2, 1);
    Host a(fabric, "leaf1");
    Host b(fabric, "leaf2");
    b.answers = false;
    fabric.Start();
    for (int i = 0; i < 5; ++i)
    {
        a.SendAt(MilliSeconds(1 + i), {.to = b.place.address});
    }
    RunUntil(Seconds(1));
    EXPECT_EQ(fabric.GetRouter("leaf2")->GetPending(), 5u);
    Simulator::Run();
    EXPECT_EQ(b.questions, 3);
    EXPECT_EQ(b.received.size(), 0u);
    EXPECT_EQ(Dropped(fabric, FrameDrop::Unresolved), 5u);
    EXPECT_EQ(fabric.GetRouter("leaf2")->GetPending(), 0u);
    EXPECT_EQ(a.icmp.size(), 5u);
}

TEST_P(FabricRouterTest, PacketsThatWaitKeepTheirOrderAndAreBounded)
{
    fabric.SetRouterAttribute("PendingLimit", ns3::UintegerValue(4));
    fabric.LeafSpine(2, 1);
    Host a(fabric, "leaf1");
    Host b(fabric, "leaf2");
    fabric.Start();
    for (std::uint32_t i = 0; i < 10; ++i)
    {
        a.SendAt(Seconds(1) + ns3::NanoSeconds(150 * i), {.to = b.place.address, .id = i});
    }
    Simulator::Run();
    // While the question is under way, for 2 us, newer packets push out older ones.
    const auto dropped = Dropped(fabric, FrameDrop::PendingFull);
    EXPECT_GT(dropped, 3u);
    const auto ids = b.Ids();
    ASSERT_EQ(ids.size() + dropped, 10u);
    for (std::size_t i = 0; i < ids.size(); ++i)
    {
        EXPECT_EQ(ids[i], dropped + i);
    }
}

TEST_P(FabricRouterTest, PacketsTooBigAreReportedWithTheMtuOfTheLink)
{
    fabric.AddRouter("leaf1");
    fabric.AddRouter("leaf2");
    FabricLinkConfig narrow;
    narrow.mtu = 1400;
    fabric.Connect("leaf1", "leaf2", narrow);
    Host a(fabric, "leaf1");
    Host b(fabric, "leaf2");
    fabric.Start();
    a.SendAt(Seconds(1), {.to = b.place.address, .id = 1, .size = 1400, .dontFragment = true});
    a.SendAt(Seconds(2), {.to = b.place.address, .id = 2, .size = 1401, .dontFragment = true});
    Simulator::Run();
    EXPECT_EQ(b.Ids(), std::vector<std::uint32_t>{1});
    ASSERT_EQ(a.icmp.size(), 1u);
    netbase::IcmpMessage message;
    ASSERT_EQ(netbase::ReadIcmp(a.icmp.front().packet, message), netbase::DropReason::None);
    EXPECT_EQ(message.kind, netbase::IcmpKind::PacketTooBig);
    EXPECT_EQ(message.mtu, 1400u);
    EXPECT_EQ(Dropped(fabric, FrameDrop::TooBig), 1u);
}

TEST_F(FabricTest, LongPacketsWithoutDfAreCutOrDropped)
{
    for (const bool cut : {true, false})
    {
        FabricHelper fabric(1);
        fabric.SetRouterAttribute("Fragment", ns3::BooleanValue(cut));
        fabric.AddRouter("leaf1");
        fabric.AddRouter("leaf2");
        FabricLinkConfig narrow;
        narrow.mtu = 1500;
        fabric.Connect("leaf1", "leaf2", narrow);
        Host a(fabric, "leaf1");
        Host b(fabric, "leaf2");
        fabric.Start();
        a.SendAt(Seconds(1), {.to = b.place.address, .id = 9, .size = 4000});
        Simulator::Run();
        const auto& counts = fabric.GetRouter("leaf1")->GetCounts();
        if (cut)
        {
            ASSERT_EQ(b.received.size(), 3u);
            std::size_t payload = 0;
            for (const Got& got : b.received)
            {
                EXPECT_TRUE(got.ip.fragment);
                EXPECT_EQ(got.ip.ttl, 62);
                EXPECT_EQ(got.ip.fragmentOffset, payload);
                payload += got.ip.totalLength - got.ip.payloadOffset;
            }
            EXPECT_EQ(payload, 3980u);
            EXPECT_EQ(counts.fragments.packets, 2u);
            EXPECT_EQ(Dropped(fabric), 0u);
        }
        else
        {
            EXPECT_EQ(b.received.size(), 0u);
            EXPECT_EQ(Dropped(fabric, FrameDrop::TooBig), 1u);
            EXPECT_EQ(counts.fragments.packets, 0u);
        }
        EXPECT_EQ(a.icmp.size(), 0u);
        Simulator::Destroy();
    }
}

TEST_F(FabricTest, NextHopsMacIsInEveryFrameAndMaySet)
{
    FabricHelper fabric(1);
    fabric.AddRouter("r1");
    FabricHostConfig config;
    config.address = *IpAddress::Parse("10.1.1.10");
    config.mac = MacAddress::Parse("00:50:56:00:00:0a");
    config.gatewayMac = MacAddress::Parse("00:13:73:0c:76:24");
    Host a(fabric, "r1", config);
    config.address = *IpAddress::Parse("20.1.1.10");
    config.mac = MacAddress::Parse("00:50:56:00:00:0b");
    config.gatewayMac = MacAddress::Parse("00:13:73:0c:76:25");
    Host b(fabric, "r1", config);
    fabric.Start();
    EXPECT_EQ(a.place.gateway, *IpAddress::Parse("10.1.1.1"));
    a.SendAt(Seconds(1), {.to = b.place.address});
    Simulator::Run();
    ASSERT_EQ(b.received.size(), 1u);
    EXPECT_EQ(b.received.front().ethernet.source.ToString(), "00:13:73:0c:76:25");
    EXPECT_EQ(b.received.front().ethernet.destination.ToString(), "00:50:56:00:00:0b");
}

TEST_F(FabricTest, HostsAskForTheirGatewayAndForNeighboursBehindOtherPorts)
{
    FabricHelper fabric(1);
    fabric.AddRouter("r1");
    FabricHostConfig config;
    config.address = *IpAddress::Parse("10.1.1.10");
    Host a(fabric, "r1", config);
    config.address = *IpAddress::Parse("10.1.1.11");
    Host b(fabric, "r1", config);
    fabric.Start();
    struct Answers
    {
        std::map<std::string, MacAddress> macs;

        bool
        OnFrame(Ptr<ns3::Packet> frame)
        {
            const Bytes bytes = ToBytes(frame);
            netbase::ArpPacket arp;
            EXPECT_EQ(netbase::ReadArp(ByteView(bytes).subspan(14), arp),
                      netbase::DropReason::None);
            macs[arp.sender.ToString()] = arp.senderMac;
            return true;
        }
    } answers;

    a.place.device->SetFrameHandler(ns3::MakeCallback(&Answers::OnFrame, &answers));
    // The gateway, a host of the same network elsewhere, itself, nobody, and beyond the network.
    for (const char* target : {"10.1.1.1", "10.1.1.11", "10.1.1.10", "10.1.1.77", "10.2.2.2"})
    {
        Bytes request;
        netbase::BuildArpRequest(request, a.place.mac, a.place.address, *IpAddress::Parse(target));
        a.place.device->SendFrame(ToPacket(request));
    }
    Simulator::Run();
    EXPECT_EQ(answers.macs,
              (std::map<std::string, MacAddress>{{"10.1.1.1", a.place.gatewayMac},
                                                 {"10.1.1.11", a.place.gatewayMac}}));
}

TEST_F(FabricTest, WhatNoHostSendsIsDroppedByName)
{
    FabricHelper fabric(1);
    fabric.LeafSpine(1, 1);
    Host a(fabric, "leaf1");
    Host b(fabric, "leaf1");
    fabric.Start();
    const Bytes good = Packet({.from = a.place.address, .to = b.place.address});
    const auto send = [&a](Bytes packet, MacAddress to) {
        a.place.device->SendFrame(ToPacket(Frame(to, a.place.mac, packet)));
    };
    const MacAddress gateway = a.place.gatewayMac;
    Bytes bad = good;
    bad[12] ^= 1;
    send(bad, gateway); // checksum
    send(Packet({.from = *IpAddress::Parse("255.255.255.255"), .to = b.place.address}), gateway);
    send(good, MacAddress::FromInteger(0x020000009999));
    send(good, MacAddress::Broadcast());
    send(Packet({.from = a.place.address, .to = *IpAddress::Parse("239.1.1.1")}),
         netbase::GroupMac(*IpAddress::Parse("239.1.1.1")));
    send(Bytes(good.begin(), good.begin() + 30), gateway); // cut short
    Bytes alien(60);
    gateway.Write(alien);
    netbase::Write16(&alien[12], 0x88cc);
    a.place.device->SendFrame(ToPacket(alien));
    Bytes padded = good;
    padded.resize(padded.size() + 6);
    send(padded, gateway);
    Simulator::Run();
    const auto& drops = fabric.GetRouter("leaf1")->GetDrops();
    EXPECT_EQ(drops.Of(FrameDrop::BadChecksum).packets, 1u);
    EXPECT_EQ(drops.Of(FrameDrop::BadSource).packets, 1u);
    EXPECT_EQ(drops.Of(FrameDrop::NotForUs).packets, 2u);
    EXPECT_EQ(drops.Of(FrameDrop::NoMulticast).packets, 1u);
    EXPECT_EQ(drops.Of(FrameDrop::Malformed).packets, 1u);
    EXPECT_EQ(drops.Of(FrameDrop::UnknownType).packets, 1u);
    EXPECT_EQ(drops.Total().packets, 7u);
    ASSERT_EQ(b.received.size(), 1u);
    EXPECT_EQ(b.received.front().packet.size(), good.size()) << "padding is not forwarded";
}

} // namespace
} // namespace weft::tests
