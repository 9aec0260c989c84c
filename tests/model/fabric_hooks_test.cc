// SPDX-License-Identifier: GPL-2.0-only
/** @file What a multicast router gets from a router of the fabric: packets, ports, routes. */
#include "fabric_fixture.h"

#include "ns3/boolean.h"

#include <set>

namespace weft::tests
{
namespace
{

/// Takes what the router hands over.
struct Handler
{
    struct Taken
    {
        std::uint32_t port;
        Bytes packet;
    };

    void
    OnPacket(std::uint32_t port, Ptr<ns3::Packet> packet)
    {
        taken.push_back({port, ToBytes(packet)});
        if (router)
        {
            router->ForwardOnPorts(packet, ports);
        }
    }

    void
    OnPort(std::uint32_t port, bool up)
    {
        changes.emplace_back(port, up);
    }

    void
    OnRoutes()
    {
        ++routeChanges;
    }

    std::vector<Taken> taken;
    std::vector<std::pair<std::uint32_t, bool>> changes;
    int routeChanges = 0;
    Ptr<FabricRouter> router; ///< to forward at; null: does not
    std::vector<std::uint32_t> ports;
};

class FabricHooksTest : public FabricTest
{
  protected:
    Bytes
    ToGroup(const Host& from, std::uint32_t id, std::size_t size, std::uint8_t ttl, bool df = false)
    {
        Sent sent;
        sent.from = from.place.address;
        sent.to = group;
        sent.id = id;
        sent.size = size;
        sent.ttl = ttl;
        sent.dontFragment = df;
        return Packet(sent);
    }

    void
    Multicast(Host& from, const Bytes& packet)
    {
        from.place.device->SendFrame(
            ToPacket(Frame(netbase::GroupMac(group), from.place.mac, packet)));
    }

    const IpAddress group = *IpAddress::Parse("239.0.3.96");
    FabricHelper fabric{1};
    Handler handler;
};

TEST_F(FabricHooksTest, CopiesGoToThePortsNamedWithTheGroupsMacAndOneHopLess)
{
    const auto router = fabric.AddRouter("r1");
    Host source(fabric, "r1");
    std::vector<std::unique_ptr<Host>> receivers;
    FabricHostConfig config;
    for (int i = 0; i < 4; ++i)
    {
        config.link.mtu = i == 3 ? 600 : 1500;
        receivers.push_back(std::make_unique<Host>(fabric, "r1", config));
    }
    handler.router = router;
    handler.ports = {receivers[0]->place.port, receivers[2]->place.port, receivers[3]->place.port};
    router->SetMulticastHandler(ns3::MakeCallback(&Handler::OnPacket, &handler));
    fabric.Start();
    const Bytes sent = ToGroup(source, 1, 500, 16);
    Multicast(source, sent);
    RunUntil(Seconds(1));
    ASSERT_EQ(handler.taken.size(), 1u);
    EXPECT_EQ(handler.taken[0].port, source.place.port);
    EXPECT_EQ(handler.taken[0].packet, sent) << "as it came";
    for (std::size_t i = 0; i < receivers.size(); ++i)
    {
        ASSERT_EQ(receivers[i]->received.size(), i == 1 ? 0u : 1u);
        if (i == 1)
        {
            continue;
        }
        const Got& got = receivers[i]->received[0];
        EXPECT_EQ(got.ip.ttl, 15);
        EXPECT_EQ(got.ethernet.destination, netbase::GroupMac(group));
        EXPECT_EQ(got.ethernet.source, receivers[i]->place.gatewayMac);
        EXPECT_EQ(got.packet.size(), 500u);
    }
    EXPECT_EQ(router->GetCounts().copies.packets, 3u);
    // TTL 1 stays; a long one is cut for the narrow link, or dropped with DF; a dead port's copy is
    // lost.
    Multicast(source, ToGroup(source, 2, 500, 1));
    Multicast(source, ToGroup(source, 3, 1000, 16));
    Multicast(source, ToGroup(source, 4, 1000, 16, true));
    RunUntil(Seconds(2));
    EXPECT_EQ(Dropped(fabric, FrameDrop::TtlExpired), 1u);
    EXPECT_EQ(Dropped(fabric, FrameDrop::TooBig), 1u);
    EXPECT_EQ(receivers[0]->Ids(), (std::vector<std::uint32_t>{1, 3, 4}));
    EXPECT_EQ(receivers[3]->received.size(), 3u) << "one whole, one in two pieces";
    EXPECT_EQ(router->GetCounts().fragments.packets, 1u);
    EXPECT_TRUE(source.icmp.empty()) << "no errors about multicast";
    receivers[0]->place.link->SetUp(false);
    Multicast(source, ToGroup(source, 5, 100, 16));
    RunUntil(Seconds(3));
    EXPECT_EQ(Dropped(fabric, FrameDrop::LinkDown), 1u);
    EXPECT_EQ(receivers[2]->Ids().back(), 5u);
}

TEST_F(FabricHooksTest, ControlForTheRouterReachesTheHandlerAndDataDoesNot)
{
    const auto router = fabric.AddRouter("r1");
    Host a(fabric, "r1");
    router->SetMulticastHandler(ns3::MakeCallback(&Handler::OnPacket, &handler));
    fabric.Start();
    const IpAddress own = router->GetLoopbacks().front();
    for (const std::uint8_t protocol : {std::uint8_t{2}, std::uint8_t{103}, std::uint8_t{17}})
    {
        netbase::Ipv4Header header;
        header.protocol = protocol;
        header.source = a.place.address;
        header.destination = own;
        Bytes packet;
        netbase::AppendIpv4Packet(packet, header, Bytes(16));
        a.SendPacket(packet);
    }
    RunUntil(Seconds(1));
    ASSERT_EQ(handler.taken.size(), 2u);
    EXPECT_EQ(handler.taken[0].packet[9], 2);
    EXPECT_EQ(handler.taken[1].packet[9], 103);
    EXPECT_EQ(Dropped(fabric, FrameDrop::UnknownProtocol), 1u);
}

TEST_F(FabricHooksTest, RoutesPortsAndTheirChanges)
{
    fabric.SetConvergence(MilliSeconds(10));
    fabric.LeafSpine(2, 2);
    Host a(fabric, "leaf1");
    Host b(fabric, "leaf2");
    const auto leaf = fabric.GetRouter("leaf1");
    leaf->AddPortChangeCallback(ns3::MakeCallback(&Handler::OnPort, &handler));
    leaf->AddRouteChangeCallback(ns3::MakeCallback(&Handler::OnRoutes, &handler));
    fabric.Start();
    EXPECT_EQ(handler.routeChanges, 1);
    const auto near = leaf->RouteTo(a.place.address);
    ASSERT_TRUE(near);
    EXPECT_EQ(near->port, a.place.port);
    EXPECT_TRUE(near->nextHop.IsNone());
    EXPECT_EQ(near->metric, 0u);
    EXPECT_FALSE(leaf->IsFabricPort(near->port));
    const auto far = leaf->RouteTo(b.place.address);
    ASSERT_TRUE(far);
    EXPECT_EQ(far->metric, 2u);
    EXPECT_TRUE(leaf->IsFabricPort(far->port));
    EXPECT_EQ(leaf->GetPortName(far->port), "spine2") << "the highest neighbour";
    EXPECT_TRUE(fabric.GetRouter("spine2")->IsOwnAddress(far->nextHop));
    EXPECT_TRUE(leaf->RouteTo(leaf->GetLoopbacks().front())->local);
    EXPECT_FALSE(leaf->RouteTo(*IpAddress::Parse("198.51.100.1")));
    fabric.GetLink("leaf1.spine2")->SetUp(false);
    EXPECT_EQ(handler.changes, (std::vector<std::pair<std::uint32_t, bool>>{{far->port, false}}));
    EXPECT_FALSE(leaf->IsPortUp(far->port));
    EXPECT_EQ(leaf->RouteTo(b.place.address)->port, far->port) << "not yet known";
    RunUntil(MilliSeconds(11));
    EXPECT_EQ(handler.routeChanges, 2);
    EXPECT_EQ(leaf->GetPortName(leaf->RouteTo(b.place.address)->port), "spine1");
}

TEST_F(FabricHooksTest, PacketsOfItsOwnAreSentAsTheyAre)
{
    fabric.LeafSpine(2, 1);
    Host a(fabric, "leaf1");
    Host b(fabric, "leaf2");
    fabric.Start();
    const auto leaf = fabric.GetRouter("leaf1");
    Sent sent;
    sent.from = leaf->GetLoopbacks().front();
    sent.to = b.place.address;
    sent.ttl = 10;
    sent.id = 1;
    EXPECT_TRUE(leaf->SendIp(ToPacket(Packet(sent))));
    sent.to = group;
    sent.ttl = 1;
    leaf->SendOnPort(a.place.port, ToPacket(Packet(sent)), netbase::GroupMac(group));
    sent.to = *IpAddress::Parse("198.51.100.1");
    EXPECT_FALSE(leaf->SendIp(ToPacket(Packet(sent))));
    RunUntil(Seconds(1));
    ASSERT_EQ(b.received.size(), 1u);
    EXPECT_EQ(b.received[0].ip.ttl, 8) << "two routers behind the first";
    ASSERT_EQ(a.received.size(), 1u);
    EXPECT_EQ(a.received[0].ip.ttl, 1);
    EXPECT_EQ(a.received[0].ethernet.destination, netbase::GroupMac(group));
    EXPECT_EQ(Dropped(fabric, FrameDrop::NoRoute), 1u);
    EXPECT_EQ(leaf->GetCounts().originated.packets, 3u);
}

TEST_F(FabricHooksTest, TableChangesTellOfRoutesAndNeighbours)
{
    fabric.SetConvergence(MilliSeconds(10));
    fabric.LeafSpine(2, 2);
    Host a(fabric, "leaf1");
    Host b(fabric, "leaf2");

    struct Watcher
    {
        void
        OnChange(const netbase::TableChange& change)
        {
            const auto key = std::pair(change.table, change.address);
            EXPECT_EQ(change.op == netbase::TableOp::Add, !tables.contains(key));
            if (change.op == netbase::TableOp::Remove)
            {
                tables.erase(key);
            }
            else
            {
                tables[key] = change;
            }
        }

        std::map<std::pair<netbase::Table, IpAddress>, netbase::TableChange> tables;
    } watcher;

    const auto leaf = fabric.GetRouter("leaf1");
    leaf->TraceConnectWithoutContext("TableChange",
                                     ns3::MakeCallback(&Watcher::OnChange, &watcher));
    fabric.Start();
    using netbase::Table;
    // Loopbacks of four, links of four with two ends, hosts, gateways.
    EXPECT_EQ(watcher.tables.size(), 4u + 8u + 2u + 2u);
    EXPECT_EQ((watcher.tables.at({Table::Routes, b.place.address}).text), "spine1 spine2");
    EXPECT_EQ((watcher.tables.at({Table::Routes, b.place.address}).domain), 32u);
    EXPECT_EQ((watcher.tables.at({Table::Routes, a.place.gateway}).text), "local");
    fabric.GetLink("leaf2.spine1")->SetUp(false);
    RunUntil(MilliSeconds(11));
    EXPECT_EQ((watcher.tables.at({Table::Routes, b.place.address}).text), "spine2");
    b.SendAt(MilliSeconds(1), {.to = a.place.address});
    RunUntil(MilliSeconds(20));
    const auto& arp = watcher.tables.at({Table::Arp, a.place.address});
    EXPECT_EQ(arp.mac, a.place.mac);
    EXPECT_EQ(arp.port, static_cast<std::int32_t>(a.place.port));
    a.place.link->SetUp(false);
    EXPECT_FALSE(watcher.tables.contains({Table::Arp, a.place.address})) << "with its port";
}

} // namespace
} // namespace weft::tests
