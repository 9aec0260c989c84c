// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file Books of random fabrics under random failures: what was sent was received, dropped by name
 * or is under way - at every device, every router, and over all.
 */
#include "fabric_fixture.h"

#include "ns3/enum.h"
#include "ns3/uinteger.h"
#include "ns3/underlay-firewall.h"

#include <random>

namespace weft::tests
{
namespace
{

/// Drops that traces told of.
struct Traced
{
    std::uint64_t drops = 0;

    void
    OnDrop(Ptr<const ns3::Packet>, FrameDrop)
    {
        ++drops;
    }
};

/// Everything of one run that has to add up.
class Books
{
  public:
    Books(FabricHelper& fabric, std::vector<std::unique_ptr<Host>>& hosts)
        : m_fabric(fabric), m_hosts(hosts)
    {
        for (const auto& name : fabric.GetLinkNames())
        {
            const auto link = fabric.GetLink(name);
            for (const auto& device : {link->GetFirst(), link->GetSecond()})
            {
                device->TraceConnectWithoutContext("Drop",
                                                   ns3::MakeCallback(&Traced::OnDrop, &m_traced));
            }
        }
        for (const auto& name : fabric.GetRouterNames())
        {
            fabric.GetRouter(name)->TraceConnectWithoutContext(
                "Drop", ns3::MakeCallback(&Traced::OnDrop, &m_traced));
        }
    }

    void
    Check() const
    {
        std::uint64_t dropped = 0;
        std::map<const EthernetDevice*, std::uint64_t> receivedAt;
        for (const auto& name : m_fabric.GetLinkNames())
        {
            const auto link = m_fabric.GetLink(name);
            for (const auto& device : {link->GetFirst(), link->GetSecond()})
            {
                const auto& peer = *device->GetPeer();
                ASSERT_EQ(device->GetOffered().packets,
                          peer.GetReceived().packets + device->GetSendDrops().Total().packets +
                              peer.GetUnderWay())
                    << name;
                dropped += device->GetSendDrops().Total().packets +
                           device->GetReceiveDrops().Total().packets;
            }
        }
        for (const auto& name : m_fabric.GetRouterNames())
        {
            const auto router = m_fabric.GetRouter(name);
            const auto& counts = router->GetCounts();
            std::uint64_t in = 0;
            std::uint64_t out = 0;
            for (std::uint32_t port = 0; port < router->GetNPorts(); ++port)
            {
                const auto device = router->GetPortDevice(port);
                in += device->GetReceived().packets - device->GetReceiveDrops().Total().packets;
                out += device->GetOffered().packets;
            }
            ASSERT_EQ(counts.received.packets, in) << name;
            // Frames in and of its own: taken by itself, sent on, waiting, or dropped by name.
            ASSERT_EQ(counts.received.packets + counts.originated.packets +
                          counts.fragments.packets,
                      counts.local.packets + out + router->GetPending() +
                          router->GetDrops().Total().packets)
                << name;
            dropped += router->GetDrops().Total().packets;
        }
        std::uint64_t recorded = 0;
        for (const auto& record : m_fabric.GetDrops())
        {
            recorded += record.count.packets;
        }
        ASSERT_EQ(recorded, dropped);
        ASSERT_EQ(m_traced.drops, dropped) << "every drop is traced";
    }

  private:
    FabricHelper& m_fabric;
    std::vector<std::unique_ptr<Host>>& m_hosts;
    Traced m_traced;
};

TEST_F(FabricTest, BooksBalanceOverRandomFabricsAndFailures)
{
    std::mt19937_64 random(31);
    std::map<FrameDrop, std::uint64_t> reasons;
    std::uint64_t delivered = 0;
    for (int round = 0; round < 60; ++round)
    {
        FabricHelper fabric(random());
        fabric.SetIpv6(round % 3 == 2);
        fabric.SetConvergence(MilliSeconds(1 + random() % 20));
        fabric.SetSameHashSeed(random() & 1);
        fabric.SetRouterAttribute(
            "EcmpHash", ns3::EnumValue(static_cast<FabricRouter::EcmpHash>(random() % 5)));
        fabric.SetRouterAttribute("ResilientBuckets", ns3::UintegerValue(random() % 2 * 64));
        fabric.SetRouterAttribute("PendingLimit", ns3::UintegerValue(1 + random() % 5));
        const int n = 2 + static_cast<int>(random() % 6);
        for (int i = 0; i < n; ++i)
        {
            fabric.AddRouter("r" + std::to_string(i));
        }
        const auto config = [&random] {
            FabricLinkConfig c;
            c.rate = ns3::DataRate(1'000'000 << random() % 8);
            c.delay = MicroSeconds(random() % 3000);
            c.queueLimit = 2000 + random() % 20000;
            c.mtu = random() % 4 == 0 ? 1300 : 1500;
            c.members = random() % 4 == 0 ? 3 : 1;
            c.firewall = random() % 4 == 0;
            c.outerVlan = random() % 4 == 0 ? 100 : 0;
            if (random() % 3 == 0)
            {
                c.forward.loss = 0.1;
                c.backward.loss = 0.05;
                c.backward.jitter = std::chrono::milliseconds(1);
            }
            return c;
        };
        int links = 0;
        for (int i = 1; i < n; ++i)
        {
            fabric.Connect("r" + std::to_string(i - 1),
                           "r" + std::to_string(i),
                           config(),
                           "l" + std::to_string(links++));
        }
        for (int i = 0; i < 2 * n; ++i)
        {
            const auto a = random() % n;
            const auto b = random() % n;
            if (a != b)
            {
                fabric.Connect("r" + std::to_string(a),
                               "r" + std::to_string(b),
                               config(),
                               "l" + std::to_string(links++));
            }
        }
        std::vector<std::unique_ptr<Host>> hosts;
        for (int i = 0; i < 2 * n; ++i)
        {
            FabricHostConfig host;
            host.link = config();
            host.link.mtu = 1500;
            hosts.push_back(
                std::make_unique<Host>(fabric, "r" + std::to_string(random() % n), host));
            hosts.back()->answers = random() % 8 != 0;
        }
        fabric.Start();
        Books books(fabric, hosts);
        for (int i = 0; i < 600; ++i)
        {
            Host& from = *hosts[random() % hosts.size()];
            const Host& to = *hosts[random() % hosts.size()];
            Sent sent;
            sent.to = to.place.address;
            sent.sourcePort = static_cast<std::uint16_t>(1024 + random() % 50);
            sent.destinationPort = random() % 10 == 0 ? 53 : 4789;
            sent.size = 100 + random() % 1400;
            sent.ttl = static_cast<std::uint8_t>(1 + random() % 8);
            sent.dontFragment = random() & 1;
            if (&from != &to)
            {
                from.SendAt(MicroSeconds(random() % 300000), sent);
            }
        }
        for (int i = 0; i < 12; ++i)
        {
            const auto at = MicroSeconds(random() % 300000);
            const auto what = random() % 4;
            const bool up = random() & 1;
            if (what == 0)
            {
                const auto router = fabric.GetRouter("r" + std::to_string(random() % n));
                Simulator::Schedule(at, &FabricRouter::SetUp, PeekPointer(router), up);
            }
            else if (what == 1)
            {
                const auto link = fabric.GetLink("l" + std::to_string(random() % links));
                Simulator::Schedule(at,
                                    &EthernetLink::SetMemberUp,
                                    PeekPointer(link),
                                    static_cast<std::uint32_t>(random() % link->GetNMembers()),
                                    up);
            }
            else
            {
                const auto& names = fabric.GetLinkNames();
                const auto link = fabric.GetLink(names[random() % names.size()]);
                Simulator::Schedule(at, &EthernetLink::SetUp, PeekPointer(link), up);
            }
        }
        for (int i = 1; i <= 40; ++i)
        {
            RunUntil(MilliSeconds(10 * i));
            books.Check();
            ASSERT_FALSE(HasFatalFailure()) << "round " << round << " at " << i * 10 << " ms";
        }
        RunUntil(Seconds(10));
        books.Check();
        ASSERT_FALSE(HasFatalFailure()) << "round " << round;
        for (const auto& name : fabric.GetLinkNames())
        {
            EXPECT_EQ(fabric.GetLink(name)->GetUnderWay(), 0u);
        }
        for (const auto& host : hosts)
        {
            delivered += host->received.size();
        }
        for (const auto& record : fabric.GetDrops())
        {
            reasons[record.reason] += record.count.packets;
        }
        Simulator::Destroy();
    }
    EXPECT_GT(delivered, 1000u);
    // The runs were rough enough to meet nearly every reason a router or link has.
    for (const FrameDrop reason : {FrameDrop::QueueFull,
                                   FrameDrop::LinkDown,
                                   FrameDrop::Loss,
                                   FrameDrop::NotDns,
                                   FrameDrop::TtlExpired,
                                   FrameDrop::TooBig,
                                   FrameDrop::NoRoute,
                                   FrameDrop::NextHopDown,
                                   FrameDrop::Unresolved,
                                   FrameDrop::PendingFull})
    {
        EXPECT_GT(reasons[reason], 0u) << ns3::underlay::ToString(reason);
    }
}

TEST_F(FabricTest, FirewallRefusesWhatIsNoDns)
{
    for (const bool v6 : {false, true})
    {
        FabricHelper fabric(1);
        fabric.SetIpv6(v6);
        fabric.AddRouter("r1");
        FabricHostConfig config;
        config.link.firewall = true;
        Host a(fabric, "r1", config);
        Host b(fabric, "r1");
        fabric.Start();
        netbase::UdpDatagram datagram;
        datagram.source = a.place.address;
        datagram.destination = b.place.address;
        const auto send = [&](std::uint16_t from, std::uint16_t to, const Bytes& payload) {
            datagram.sourcePort = from;
            datagram.destinationPort = to;
            Bytes packet;
            netbase::AppendUdpPacket(packet, datagram, payload);
            a.SendPacket(packet);
        };
        const Bytes query{0x12, 0x34, 1,   0,   0,   1, 0, 0, 0, 0, 0,
                          0,    3,    'w', 'w', 'w', 0, 0, 1, 0, 1};
        Bytes vxlan{8, 0, 0, 0, 0, 3, 0x60, 0};
        vxlan.resize(60);
        send(5000, 53, query);
        send(5000, 53, vxlan);
        send(53, 4789, vxlan); // a tunnel's source port that fell on 53
        send(54, 4789, vxlan);
        send(49152, 4789, vxlan);
        Simulator::Run();
        EXPECT_EQ(b.received.size(), 3u);
        EXPECT_EQ(Dropped(fabric, FrameDrop::NotDns), 2u);
        EXPECT_EQ(a.place.link->GetFirewall()->GetInspected().packets, 3u);
        EXPECT_EQ(a.place.link->GetFirewall()->GetRefused().packets, 2u);
        Simulator::Destroy();
    }
}

TEST_F(FabricTest, OuterTagIsOnTheWireOnly)
{
    FabricHelper fabric(1);
    fabric.AddRouter("r1");
    fabric.AddRouter("r2");
    FabricLinkConfig config;
    config.outerVlan = 100;
    config.mtu = 1500;
    const auto link = fabric.Connect("r1", "r2", config);
    Host a(fabric, "r1");
    Host b(fabric, "r2");
    fabric.Start();

    struct Wire
    {
        Bytes frame;

        void
        OnTransmit(Ptr<const ns3::Packet> packet, ns3::Time)
        {
            frame = ToBytes(packet);
        }
    } wire;

    link->GetFirst()->TraceConnectWithoutContext("Transmit",
                                                 ns3::MakeCallback(&Wire::OnTransmit, &wire));
    a.SendAt(Seconds(1), {.to = b.place.address, .id = 5, .size = 1500});
    RunUntil(Seconds(2));
    EXPECT_EQ(b.Ids(), std::vector<std::uint32_t>{5}) << "the tag does not count for the MTU";
    netbase::EthernetHeader header;
    ASSERT_EQ(netbase::ReadEthernet(wire.frame, header), netbase::DropReason::None);
    EXPECT_EQ(header.tci, netbase::MakeTci(100));
    EXPECT_EQ(header.type, netbase::ethertype::IPV4);
    EXPECT_EQ(header.destination, link->GetSecond()->GetMac()) << "the next hop's";
    EXPECT_EQ(wire.frame.size(), 1518u);
    // The far end expects another VLAN: nothing passes.
    link->GetSecond()->SetAttribute("OuterVlan", ns3::UintegerValue(200));
    a.Send({.to = b.place.address});
    RunUntil(Seconds(3));
    EXPECT_EQ(Dropped(fabric, FrameDrop::WrongVlan), 1u);
}

} // namespace
} // namespace weft::tests
