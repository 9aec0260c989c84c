// SPDX-License-Identifier: GPL-2.0-only
/** @file Copies of a flooded frame in each replication mode against the number of VTEPs; nodes that
 * replicate, and their death. */
#include "overlay_net.h"

#include <gtest/gtest.h>

#include <map>

namespace
{

using namespace weft::vxlan;
using namespace weft::vxlan::test;

constexpr Vni NETWORK = 5000;
const IpAddress GROUP = Ip("239.1.1.1");
const IpAddress NODE1 = Ip("10.0.9.1");
const IpAddress NODE2 = Ip("10.0.9.2");
const IpAddress REPLICATOR = Ip("10.0.8.1");

VtepConfig
Config(std::size_t host, std::size_t count, ReplicationKind kind)
{
    VtepConfig config;
    config.address = VtepAddress(host);
    config.replication = kind;
    config.encapsulation.hashKey = host + 1;
    config.networks = {{.vni = NETWORK, .group = GROUP, .floodList = AllVteps(count)}};
    return config;
}

struct Built
{
    Net net;
    std::vector<PortId> ports;
};

void
Build(Built& built,
      std::size_t count,
      ReplicationKind kind,
      const std::function<void(VtepConfig&, std::size_t)>& change = {})
{
    for (std::size_t i = 0; i < count; ++i)
    {
        auto config = Config(i, count, kind);
        if (change)
        {
            change(config, i);
        }
        built.ports.push_back(built.net.AddHost(config).bridge.AddPort({.vni = NETWORK}));
    }
}

ServiceNodeConfig
NodeConfig(const IpAddress& address)
{
    ServiceNodeConfig config;
    config.address = address;
    return config;
}

/// @return hosts that a broadcast from @p host reached, each once or the test fails
std::set<std::size_t>
Broadcast(Built& built, std::size_t host, std::uint32_t serial)
{
    built.net.TakeDeliveries();
    built.net.Send(
        host,
        built.ports[host],
        PlainFrame(MacAddress::Broadcast(), StationMac(static_cast<std::uint32_t>(host)), serial));
    std::set<std::size_t> reached;
    for (const auto& delivery : built.net.TakeDeliveries())
    {
        EXPECT_EQ(SerialOf(delivery.frame), serial);
        EXPECT_TRUE(reached.insert(delivery.host).second) << "twice at " << delivery.host;
    }
    return reached;
}

std::set<std::size_t>
AllBut(std::size_t count, std::size_t host)
{
    std::set<std::size_t> all;
    for (std::size_t i = 0; i < count; ++i)
    {
        if (i != host)
        {
            all.insert(i);
        }
    }
    return all;
}

TEST(Replication, CopiesOutOfTheIngressAgainstTheNumberOfVteps)
{
    for (const std::size_t count : {2u, 3u, 8u, 32u})
    {
        struct Case
        {
            ReplicationKind kind;
            std::size_t ingress; ///< copies out of the ingress VTEP
            std::size_t node;    ///< copies out of the node
        };

        for (const auto& [kind, ingress, node] : {Case{ReplicationKind::Multicast, 1, 0},
                                                  Case{ReplicationKind::HeadEnd, count - 1, 0},
                                                  Case{ReplicationKind::ServiceNode, 1, count - 1}})
        {
            Built built;
            auto& core = built.net.AddNode(NodeConfig(NODE1)).core;
            core.SetMembers(NETWORK, AllVteps(count));
            Build(built, count, kind, [](VtepConfig& config, std::size_t) {
                config.nodes = {NODE1};
            });
            built.net.TakeCrossings();
            EXPECT_EQ(Broadcast(built, 0, 1), AllBut(count, 0));
            std::size_t fromIngress = 0;
            std::size_t fromNode = 0;
            for (const auto& crossing : built.net.TakeCrossings())
            {
                (crossing.from == 0 ? fromIngress : fromNode) += 1;
            }
            EXPECT_EQ(fromIngress, ingress);
            EXPECT_EQ(fromNode, node);
            const auto& flooded = built.net.At(0).vtep.Counters().Flooded(FloodKind::Broadcast);
            EXPECT_EQ(flooded.frames, 1u);
            EXPECT_EQ(flooded.copies, ingress);
            EXPECT_EQ(flooded.bytes, ingress * (60u + 36u));
            EXPECT_EQ(core.Counters().copies, node);
            // Whoever copied it: everybody learned the ingress.
            for (std::size_t i = 1; i < count; ++i)
            {
                const auto* remote = built.net.At(i).vtep.Find(NETWORK, StationMac(0));
                ASSERT_TRUE(remote);
                EXPECT_EQ(*remote, VtepAddress(0));
                EXPECT_EQ(Unbalanced(built.net.At(i)), "");
            }
        }
    }
}

TEST(Replication, HeadEndOrderAndOneSourcePort)
{
    for (const auto order : {HeadEndOrder::List, HeadEndOrder::Linux})
    {
        Built built;
        Build(built, 6, ReplicationKind::HeadEnd, [&](VtepConfig& config, std::size_t) {
            config.headEndOrder = order;
        });
        Broadcast(built, 0, 1);
        std::vector<IpAddress> to;
        std::set<std::uint16_t> ports;
        std::uint32_t copy = 0;
        for (const auto& crossing : built.net.TakeCrossings())
        {
            to.push_back(crossing.meta.destination);
            ports.insert(weft::netbase::Read16(&crossing.packet[20]));
            EXPECT_EQ(IpAddress::V4(weft::netbase::Read32(&crossing.packet[16])), to.back());
            EXPECT_EQ(crossing.meta.copy, copy++);
        }
        std::vector<IpAddress> expected{
            VtepAddress(1), VtepAddress(2), VtepAddress(3), VtepAddress(4), VtepAddress(5)};
        if (order == HeadEndOrder::Linux)
        {
            std::rotate(expected.begin(), expected.begin() + 1, expected.end());
        }
        EXPECT_EQ(to, expected);
        EXPECT_EQ(ports.size(), 1u);
    }
}

TEST(Replication, AReaddressedCopyIsAValidPacket)
{
    Random random(11);
    for (const auto kind : {EncapsulationKind::Vxlan,
                            EncapsulationKind::Nvgre,
                            EncapsulationKind::GreTeb,
                            EncapsulationKind::Geneve,
                            EncapsulationKind::Stt})
    {
        for (const auto checksum : {ChecksumMode::Zero, ChecksumMode::Computed})
        {
            if (kind == EncapsulationKind::Nvgre && checksum == ChecksumMode::Computed)
            {
                continue; // has none
            }
            for (const bool v6 : {false, true})
            {
                EncapsulationConfig config;
                config.kind = kind;
                config.checksum = checksum;
                const auto address = [v6](int n) {
                    return Ip((v6 ? "2001:db8::" : "10.9.8.") + std::to_string(n));
                };
                for (int i = 0; i < 20; ++i)
                {
                    const auto frame = PlainFrame(random, 60 + Below(random, 1000));
                    const auto encapsulation = MakeEncapsulation(config);
                    const TunnelEnds first{address(1), address(2)};
                    const TunnelEnds second{address(1), address(200 + i)};
                    auto copy = Wrap(*encapsulation, frame, 5000, first);
                    ASSERT_FALSE(copy.empty());
                    const auto original = copy;
                    Readdress(copy, second.destination);
                    Bytes back;
                    Decapsulated facts;
                    ASSERT_EQ(encapsulation->Decapsulate(copy, 0s, back, facts), DropReason::None)
                        << "kind " << static_cast<int>(kind) << (v6 ? " IPv6" : " IPv4");
                    EXPECT_EQ(back, frame);
                    EXPECT_EQ(facts.destination, second.destination);
                    EXPECT_EQ(facts.source, first.source);
                    // And back again it is the first packet, to the last bit.
                    Readdress(copy, first.destination);
                    EXPECT_EQ(copy, original);
                }
            }
        }
    }
}

TEST(Replication, ManyNetworksShareOneGroup)
{
    Net net;
    VtepConfig config;
    config.address = VtepAddress(0);
    config.networks = {{.vni = 1, .group = GROUP}, {.vni = 2, .group = GROUP}};
    Host& host = net.AddHost(config);
    VtepConfig other = config;
    other.address = VtepAddress(1);
    other.networks = {{.vni = 1, .group = GROUP}};
    Host& narrow = net.AddHost(other);
    EXPECT_EQ(host.groups, std::set<IpAddress>{GROUP});

    // Wasted delivery: a broadcast of network 2 reaches a VTEP that has only network 1.
    const PortId port = host.bridge.AddPort({.vni = 2});
    net.Send(0, port, PlainFrame(MacAddress::Broadcast(), StationMac(1)));
    EXPECT_EQ(narrow.vtep.Counters().underlayDrops[DropReason::UnknownVni], 1u);

    host.vtep.RemoveNetwork(1, net.Now());
    net.Pump();
    EXPECT_EQ(host.groups, std::set<IpAddress>{GROUP}) << "network 2 still needs it";
    host.vtep.RemoveNetwork(2, net.Now());
    net.Pump();
    EXPECT_TRUE(host.groups.empty());
    host.vtep.AddNetwork({.vni = 2, .group = GROUP}, net.Now());
    net.Pump();
    EXPECT_EQ(host.groups, std::set<IpAddress>{GROUP});
}

TEST(Replication, NoTargetIsANamedDrop)
{
    Built built;
    Build(built, 1, ReplicationKind::HeadEnd);
    built.net.Send(0, built.ports[0], PlainFrame(MacAddress::Broadcast(), StationMac(0)));
    EXPECT_EQ(built.net.At(0).vtep.Counters().localDrops[DropReason::NoDestination], 1u);
    EXPECT_EQ(Unbalanced(built.net.At(0)), "");
}

class ServiceNodes : public testing::Test
{
  protected:
    static constexpr std::size_t COUNT = 4;

    ServiceNodes()
    {
        for (const auto& address : {NODE1, NODE2})
        {
            m_built.net.AddNode(NodeConfig(address)).core.SetMembers(NETWORK, AllVteps(COUNT));
        }
    }

    void
    Start(std::vector<IpAddress> nodes, ReplicationKind kind = ReplicationKind::ServiceNode)
    {
        Build(m_built, COUNT, kind, [&](VtepConfig& config, std::size_t) { config.nodes = nodes; });
    }

    Built m_built;
};

TEST_F(ServiceNodes, ProbesComeUpAndFailOverTakesThreeIntervals)
{
    // A second net object holds the handle of the node to be killed.
    Net& net = m_built.net;
    auto& mortal = net.AddNode(NodeConfig(Ip("10.0.9.3")));
    mortal.core.SetMembers(NETWORK, AllVteps(COUNT));
    Start({Ip("10.0.9.3"), NODE1});
    net.RunUntil(10s);
    EXPECT_GT(mortal.core.Counters().probes, COUNT * 8);

    // Of many flows some use the node that is going to die.
    net.TakeCrossings();
    const auto towards = [&](std::uint32_t serial) {
        Bytes frame = UdpFrame({.destination = MacAddress::Broadcast(),
                                .source = StationMac(0),
                                .to = Ip("255.255.255.255"),
                                .sourcePort = static_cast<std::uint16_t>(10000 + serial)});
        net.Send(0, m_built.ports[0], frame);
        const auto wire = net.TakeCrossings();
        return wire.empty() ? IpAddress{} : wire[0].meta.destination;
    };
    std::map<IpAddress, int> chosen;
    std::uint32_t victim = 0;
    for (std::uint32_t serial = 0; serial < 200; ++serial)
    {
        const auto node = towards(serial);
        ++chosen[node];
        if (node == mortal.address)
        {
            victim = serial;
        }
        EXPECT_EQ(towards(serial), node) << "a flow stays with its node";
    }
    // Binomial(200, 1/2): beyond 60..140 once in 1e8.
    EXPECT_EQ(chosen.size(), 2u);
    EXPECT_GT(chosen[NODE1], 60);
    EXPECT_LT(chosen[NODE1], 140);

    // It dies; its last probe was up to one interval ago, and three intervals of silence count.
    const TimeNs died = net.Now();
    mortal.up = false;
    TimeNs recovered = NEVER;
    for (TimeNs at = died; at < died + 5s && recovered == NEVER; at += 10ms)
    {
        net.RunUntil(at);
        if (towards(victim) == NODE1)
        {
            recovered = at - died;
        }
    }
    EXPECT_GE(recovered, 2s);
    EXPECT_LE(recovered, 3s + 10ms);
    EXPECT_EQ(Broadcast(m_built, 0, 7), AllBut(COUNT, 0));

    // It comes back within a probe and an answer.
    mortal.up = true;
    net.RunUntil(net.Now() + 3s);
    net.TakeCrossings();
    EXPECT_EQ(towards(victim), mortal.address);
}

TEST_F(ServiceNodes, WithoutAnyNodeNothingIsFloodedByName)
{
    Net& net = m_built.net;
    auto& only = net.AddNode(NodeConfig(Ip("10.0.9.3")));
    only.up = false;
    Start({Ip("10.0.9.3")});
    // Never heard of: in use until three intervals have gone by.
    net.RunUntil(2900ms);
    EXPECT_TRUE(Broadcast(m_built, 0, 1).empty());
    EXPECT_EQ(net.At(0).vtep.Counters().localDrops.Total(), 0u);
    net.RunUntil(3s);
    EXPECT_TRUE(Broadcast(m_built, 0, 2).empty());
    EXPECT_EQ(net.At(0).vtep.Counters().localDrops[DropReason::NoDestination], 1u);
    EXPECT_EQ(Unbalanced(net.At(0)), "");
}

TEST_F(ServiceNodes, ANodeUnderItsOwnAddressTeachesNobody)
{
    auto config = NodeConfig(Ip("10.0.9.3"));
    config.keepSource = false;
    auto& node = m_built.net.AddNode(config);
    node.core.SetMembers(NETWORK, AllVteps(COUNT));
    Start({Ip("10.0.9.3")});
    EXPECT_EQ(Broadcast(m_built, 0, 1), AllBut(COUNT, 0));
    EXPECT_EQ(m_built.net.At(1).vtep.Find(NETWORK, StationMac(0)), nullptr);
    EXPECT_EQ(node.core.Counters().packets,
              node.core.Counters().replicated + node.core.Counters().probes);
}

TEST(AssistedReplication, LeafSendsOneCopyAndTheReplicatorTheRest)
{
    constexpr std::size_t COUNT = 5;
    Built built;
    Build(built, COUNT, ReplicationKind::Assisted, [](VtepConfig& config, std::size_t i) {
        if (i == 4)
        {
            config.replicatorAddress = REPLICATOR;
        }
        else
        {
            config.nodes = {REPLICATOR};
        }
    });
    Net& net = built.net;
    net.RunUntil(5s);
    net.TakeCrossings();
    EXPECT_EQ(Broadcast(built, 0, 1), AllBut(COUNT, 0));
    auto wire = net.TakeCrossings();
    ASSERT_EQ(wire.size(), 1u + (COUNT - 2));
    EXPECT_EQ(wire[0].meta.destination, REPLICATOR);
    for (std::size_t i = 1; i < wire.size(); ++i)
    {
        EXPECT_EQ(wire[i].from, 4u);
        EXPECT_TRUE(wire[i].meta.replicated);
        EXPECT_NE(wire[i].meta.destination, VtepAddress(0)) << "back to the leaf";
    }
    EXPECT_EQ(*net.At(2).vtep.Find(NETWORK, StationMac(0)), VtepAddress(0));
    EXPECT_EQ(net.At(4).vtep.Counters().replicated.copies, COUNT - 2);

    // The replicator's own broadcasts, and anybody's unknown unicast, are head-end replicated.
    EXPECT_EQ(Broadcast(built, 4, 2), AllBut(COUNT, 4));
    EXPECT_EQ(net.TakeCrossings().size(), COUNT - 1);
    net.Send(0, built.ports[0], PlainFrame(StationMac(77), StationMac(0), 3));
    EXPECT_EQ(net.TakeCrossings().size(), COUNT - 1);
    EXPECT_EQ(net.TakeDeliveries().size(), COUNT - 1);

    // Without its replicator a leaf helps itself.
    net.At(4).up = false;
    net.RunUntil(net.Now() + 4s);
    net.TakeCrossings();
    auto reached = AllBut(COUNT, 0);
    reached.erase(4);
    EXPECT_EQ(Broadcast(built, 0, 4), reached);
    EXPECT_EQ(net.TakeCrossings().size(), COUNT - 1);
    for (std::size_t i = 0; i < COUNT; ++i)
    {
        EXPECT_EQ(Unbalanced(net.At(i)), "");
    }
}

TEST(NoReplication, NothingLeavesAndEverythingIsNamed)
{
    Built built;
    Build(built, 2, ReplicationKind::None);
    Net& net = built.net;
    net.Send(0, built.ports[0], PlainFrame(MacAddress::Broadcast(), StationMac(0)));
    net.Send(0, built.ports[0], PlainFrame(Mac("01:00:5e:00:00:05"), StationMac(0)));
    net.Send(0, built.ports[0], PlainFrame(StationMac(9), StationMac(0)));
    EXPECT_TRUE(net.TakeCrossings().empty());
    const auto& drops = net.At(0).vtep.Counters().localDrops;
    EXPECT_EQ(drops[DropReason::NoDestination], 2u);
    EXPECT_EQ(drops[DropReason::UnknownUnicast], 1u);

    // With the station known, ARP is answered here and the frame goes to one remote.
    net.At(0).vtep.Install(
        NETWORK, StationMac(9), VtepAddress(1), FdbOrigin::Static, net.Now(), Ip("192.168.0.9"));
    Bytes request;
    weft::netbase::BuildArpRequest(request, StationMac(0), Ip("192.168.0.1"), Ip("192.168.0.9"));
    net.Send(0, built.ports[0], request);
    EXPECT_TRUE(net.TakeCrossings().empty());
    const auto answers = net.TakeDeliveries();
    ASSERT_EQ(answers.size(), 1u);
    weft::netbase::ArpPacket answer;
    ASSERT_EQ(weft::netbase::ReadArp(ByteView(answers[0].frame).subspan(14), answer),
              weft::netbase::DropReason::None);
    EXPECT_EQ(answer.operation, weft::netbase::ArpOperation::Reply);
    EXPECT_EQ(answer.senderMac, StationMac(9));
    EXPECT_EQ(answer.sender, Ip("192.168.0.9"));
    EXPECT_EQ(MacAddress::Read(answers[0].frame), StationMac(0));
    net.Send(0, built.ports[0], PlainFrame(StationMac(9), StationMac(0)));
    EXPECT_EQ(net.TakeCrossings().size(), 1u);

    // A question nobody can answer is swallowed, as by the kernel's proxy.
    weft::netbase::BuildArpRequest(request, StationMac(0), Ip("192.168.0.1"), Ip("192.168.0.10"));
    net.Send(0, built.ports[0], request);
    EXPECT_TRUE(net.TakeCrossings().empty());
    EXPECT_EQ(drops[DropReason::ArpSuppressed], 2u);
    EXPECT_EQ(net.At(0).vtep.Arp()->Counters().answered, 1u);
    EXPECT_EQ(net.At(0).vtep.Arp()->Counters().missed, 1u);
    EXPECT_EQ(Unbalanced(net.At(0)), "");
}

} // namespace
