// SPDX-License-Identifier: GPL-2.0-only
// Hypervisors back to back: machines that know nothing of the overlay, and what crosses the wire.
#include "hypervisor_world.h"

#include <set>

namespace weft::vxlan::test
{
namespace
{

/// Encapsulated copies that left a host.
std::uint64_t
Encapsulated(World& world, std::size_t host)
{
    return world.Host(host).GetVtep()->Counters().encapsulated;
}

TEST(Hypervisor, PingAcrossByFloodAndLearn)
{
    World world;
    for (unsigned i = 0; i < 3; ++i)
    {
        world.AddHost(HostConfig(i));
    }
    const auto a = world.AddMachine(0, WEB, 0, 100);
    world.AddMachine(1, WEB, 0, 101);
    world.AddMachine(2, WEB, 0, 102);
    world.RunTo(1s);
    world.Ping(a, MachineAddress(0, 101), 1);
    world.RunFor(1s);
    ASSERT_EQ(world.Vm(a).replies.size(), 1U);
    // ARP request flooded to the group; reply, echo and echo reply by unicast.
    const VtepCounters& first = world.Host(0).GetVtep()->Counters();
    const VtepCounters& second = world.Host(1).GetVtep()->Counters();
    EXPECT_EQ(first.Flooded(FloodKind::Broadcast).frames, 1U);
    EXPECT_EQ(first.Flooded(FloodKind::Broadcast).copies, 1U);
    EXPECT_EQ(first.unicastFrames, 1U);
    EXPECT_EQ(second.FloodedTotal().frames, 0U);
    EXPECT_EQ(second.unicastFrames, 2U);
    EXPECT_EQ(Encapsulated(world, 2), 0U);
    EXPECT_EQ(*world.Host(0).GetVtep()->Find(WEB, MachineMac(101)), HostAddress(1));
    EXPECT_EQ(*world.Host(1).GetVtep()->Find(WEB, MachineMac(100)), HostAddress(0));
    EXPECT_EQ(*world.Host(2).GetVtep()->Find(WEB, MachineMac(100)), HostAddress(0))
        << "learned from the flooded request";
    EXPECT_EQ(world.Host(2).GetVtep()->Find(WEB, MachineMac(101)), nullptr);
}

TEST(Hypervisor, LocalTrafficIsNeverEncapsulated)
{
    World world;
    world.AddHost(HostConfig(0));
    world.AddHost(HostConfig(1));
    const auto a = world.AddMachine(0, WEB, 0, 100);
    world.AddMachine(0, WEB, 0, 101);
    world.Ping(a, MachineAddress(0, 101), 1);
    world.RunTo(1s);
    ASSERT_EQ(world.Vm(a).replies.size(), 1U);
    EXPECT_EQ(Encapsulated(world, 0), 1U) << "the ARP request is a broadcast";
    std::uint64_t uplink = 0;
    world.tap = [&](std::size_t, std::uint32_t, ByteView) { ++uplink; };
    for (std::uint16_t i = 0; i < 50; ++i)
    {
        world.Ping(a, MachineAddress(0, 101), i);
        world.RunFor(100ms); // within the 30 s for which ARP entries are reachable
    }
    EXPECT_EQ(world.Vm(a).replies.size(), 51U);
    EXPECT_EQ(Encapsulated(world, 0), 1U);
    EXPECT_EQ(uplink, 0U);
}

TEST(Hypervisor, DuplicateMacsInTwoNetworksDoNotMeet)
{
    World world;
    for (unsigned i = 0; i < 3; ++i)
    {
        world.AddHost(HostConfig(i));
    }
    const auto same = [](EndpointConfig& config) { config.mac = MachineMac(7); };
    const auto a = world.AddMachine(0, WEB, 0, 100);
    const auto b = world.AddMachine(0, DB, 0, 100);
    world.AddMachine(1, WEB, 0, 101, same);
    world.AddMachine(2, DB, 0, 101, same);
    world.Ping(a, MachineAddress(0, 101), 1);
    world.Ping(b, MachineAddress(0, 101), 2);
    world.RunTo(1s);
    ASSERT_EQ(world.Vm(a).replies.size(), 1U);
    ASSERT_EQ(world.Vm(b).replies.size(), 1U);
    EXPECT_EQ(world.Vm(a).replies[0].sequence, 1U);
    EXPECT_EQ(world.Vm(b).replies[0].sequence, 2U);
    EXPECT_EQ(*world.Host(0).GetVtep()->Find(WEB, MachineMac(7)), HostAddress(1));
    EXPECT_EQ(*world.Host(0).GetVtep()->Find(DB, MachineMac(7)), HostAddress(2));
}

TEST(Hypervisor, PortsComeAndGo)
{
    World world;
    world.AddHost(HostConfig(0));
    const auto a = world.AddMachine(0, WEB, 0, 100);
    const auto b = world.AddMachine(0, WEB, 0, 101);
    world.Ping(a, MachineAddress(0, 101), 1);
    world.RunTo(1s);
    EXPECT_EQ(world.Vm(a).replies.size(), 1U);
    const PortId port = world.Vm(b).port;
    EXPECT_EQ(world.Host(0).GetBridge().Find(WEB, MachineMac(101)), port);
    world.Host(0).SetPortUp(port, false, world.now);
    EXPECT_EQ(world.Host(0).GetBridge().Find(WEB, MachineMac(101)), NO_PORT);
    world.Ping(a, MachineAddress(0, 101), 2);
    world.RunFor(1s);
    EXPECT_EQ(world.Vm(a).replies.size(), 1U);
    EXPECT_EQ(world.Host(0).OnPortFrame(port, Bytes(64), world.now), DropReason::PortDown);
    world.Host(0).SetPortUp(port, true, world.now);
    world.Ping(a, MachineAddress(0, 101), 3);
    world.RunFor(1s);
    EXPECT_EQ(world.Vm(a).replies.size(), 2U);
}

TEST(Hypervisor, RefusesWhatIsNotThere)
{
    Hypervisor host(HostConfig(0), 0s);
    PortConfig port;
    port.vni = 1;
    EXPECT_THROW(host.AddPort(port, 0s), std::invalid_argument);
    port.kind = PortKind::Trunk;
    port.vlans = {{10, WEB}, {11, 1}};
    EXPECT_THROW(host.AddPort(port, 0s), std::invalid_argument);
    EXPECT_THROW(host.SetUplinkUp(1, false, 0s), std::invalid_argument);
    EXPECT_THROW(host.GetRouter(0), std::invalid_argument);
    RouterConfig router;
    router.interfaces.resize(1);
    router.interfaces[0].vni = 1;
    router.interfaces[0].mac = MachineMac(1);
    router.interfaces[0].address = MachineAddress(0, 1);
    EXPECT_THROW(host.AddRouter(router, 0s), std::invalid_argument);
    HypervisorConfig config = HostConfig(0);
    config.uplinks = 0;
    EXPECT_THROW(Hypervisor(config, 0s), std::invalid_argument);
    config.uplinks = 17;
    EXPECT_THROW(Hypervisor(config, 0s), std::invalid_argument);
    config = HostConfig(0);
    config.underlay.address = HostAddress(1);
    EXPECT_THROW(Hypervisor(config, 0s), std::invalid_argument);
    config = HostConfig(0);
    config.vtep.mtu = config.underlay.mtu + 1;
    EXPECT_THROW(Hypervisor(config, 0s), std::invalid_argument);
}

TEST(Hypervisor, NetworksComeAndGo)
{
    World world;
    for (unsigned i = 0; i < 2; ++i)
    {
        HypervisorConfig config = HostConfig(i);
        config.vtep.networks = {Network(DB)};
        world.AddHost(config);
        world.Host(i).AddNetwork(Network(WEB), 0s);
    }
    const auto a = world.AddMachine(0, WEB, 0, 100);
    world.AddMachine(1, WEB, 0, 101);
    world.Ping(a, MachineAddress(0, 101), 1);
    world.RunTo(1s);
    EXPECT_EQ(world.Vm(a).replies.size(), 1U);
    EXPECT_TRUE(world.Host(1).GetUnderlay()->IsMember(Network(WEB).group));
    world.Host(1).RemoveNetwork(WEB, world.now);
    EXPECT_FALSE(world.Host(1).GetUnderlay()->IsMember(Network(WEB).group));
    EXPECT_TRUE(world.Host(1).GetUnderlay()->IsMember(Network(DB).group));
    world.Ping(a, MachineAddress(0, 101), 2);
    world.RunFor(1s);
    EXPECT_EQ(world.Vm(a).replies.size(), 1U);
    EXPECT_GT(world.Host(1).GetVtep()->Counters().underlayDrops[DropReason::UnknownVni], 0U);
}

// -- The bond --------------------------------------------------------------------------------

TEST(HypervisorBond, FlowsKeepToAnUplinkAndSpreadOverAll)
{
    World world;
    for (unsigned i = 0; i < 2; ++i)
    {
        HypervisorConfig config = HostConfig(i);
        config.uplinks = 4;
        world.AddHost(config);
    }
    const auto a = world.AddMachine(0, WEB, 0, 100);
    const auto b = world.AddMachine(1, WEB, 0, 101);
    world.Ping(a, MachineAddress(0, 101), 1);
    world.RunTo(1s);
    std::map<std::uint16_t, std::set<std::uint32_t>> uplinksOfFlow;
    std::array<int, 4> frames{};
    world.tap = [&](std::size_t from, std::uint32_t uplink, ByteView frame) {
        if (from == 0 && frame.size() > 100)
        {
            uplinksOfFlow[netbase::Read16(&frame[34])].insert(uplink); // outer UDP source port
            ++frames[uplink];
        }
    };
    const int flows = 1000;
    for (int i = 0; i < flows; ++i)
    {
        Bytes packet;
        netbase::AppendUdpPacket(packet,
                                 {.source = MachineAddress(0, 100),
                                  .destination = MachineAddress(0, 101),
                                  .sourcePort = static_cast<std::uint16_t>(10'000 + i),
                                  .destinationPort = 6000},
                                 Bytes(60));
        for (int copy = 0; copy < 2; ++copy)
        {
            world.Vm(a).endpoint->SendPacket(packet, world.now);
            world.Flush();
        }
        world.RunFor(1us);
    }
    world.RunFor(1s);
    EXPECT_GT(uplinksOfFlow.size(), 900U);
    for (const auto& [port, uplinks] : uplinksOfFlow)
    {
        EXPECT_EQ(uplinks.size(), 1U) << port;
    }
    // 1000 flows on 4 links: chi-square with 3 degrees of freedom is above 30.66 once in a million.
    double chi = 0;
    for (const int count : frames)
    {
        const double share = count / 2.0;
        chi += (share - flows / 4.0) * (share - flows / 4.0) / (flows / 4.0);
    }
    EXPECT_LT(chi, 30.66);
    EXPECT_EQ(world.Vm(b).packets.size(), 2U * flows);
}

TEST(HypervisorBond, SurvivesAllUplinksButOne)
{
    World world;
    for (unsigned i = 0; i < 2; ++i)
    {
        HypervisorConfig config = HostConfig(i);
        config.uplinks = 2;
        world.AddHost(config);
    }
    const auto a = world.AddMachine(0, WEB, 0, 100);
    world.AddMachine(1, WEB, 0, 101);
    std::set<std::uint32_t> used;
    world.tap = [&](std::size_t from, std::uint32_t uplink, ByteView) {
        if (from == 0)
        {
            used.insert(uplink);
        }
    };
    for (const std::uint32_t down : {0U, 1U})
    {
        world.Host(0).SetUplinkUp(down, false, world.now);
        used.clear();
        for (std::uint16_t i = 0; i < 5; ++i)
        {
            world.Ping(a, MachineAddress(0, 101), i);
            world.RunFor(1s);
        }
        EXPECT_EQ(used, std::set<std::uint32_t>{1 - down});
        world.Host(0).SetUplinkUp(down, true, world.now);
    }
    EXPECT_EQ(world.Vm(a).replies.size(), 10U);
    EXPECT_EQ(world.Host(0).Counters().drops[DropReason::PortDown], 0U);

    world.Host(0).SetUplinkUp(0, false, world.now);
    world.Host(0).SetUplinkUp(1, false, world.now);
    world.Ping(a, MachineAddress(0, 101), 20);
    world.RunFor(5s);
    EXPECT_EQ(world.Vm(a).replies.size(), 10U);
    EXPECT_GT(world.Host(0).Counters().drops[DropReason::PortDown], 0U);
    world.Host(0).SetUplinkUp(1, true, world.now);
    world.Ping(a, MachineAddress(0, 101), 21);
    world.RunFor(5s);
    EXPECT_EQ(world.Vm(a).replies.back().sequence, 21U);
}

// -- MTU end to end --------------------------------------------------------------------------

struct MtuCase
{
    DfMode outerDf;
    MtuPolicy policy;
    std::uint32_t mtu;
};

/// Two machines with MTU 1500 over an underlay, one ping of 1500 bytes each way and one more of a
/// size that fits. @return the machine that pinged
Machine
PingOverMtu(const MtuCase& what, bool innerDf, std::uint64_t* outerFragments)
{
    World world;
    for (unsigned i = 0; i < 2; ++i)
    {
        HypervisorConfig config = HostConfig(i);
        config.vtep.encapsulation.df = what.outerDf;
        config.vtep.mtuPolicy = what.policy;
        config.vtep.mtu = what.mtu;
        config.vtep.encapsulation.mtu = what.mtu;
        config.underlay.mtu = what.mtu;
        world.AddHost(config);
    }
    const auto a = world.AddMachine(0, WEB, 0, 100);
    world.AddMachine(1, WEB, 0, 101);
    *outerFragments = 0;
    world.tap = [&](std::size_t from, std::uint32_t, ByteView frame) {
        netbase::Ipv4Header header;
        if (from == 0 && netbase::Read16(&frame[12]) == 0x0800 &&
            netbase::ReadIpv4(frame.subspan(14), header) == netbase::DropReason::None)
        {
            EXPECT_LE(header.totalLength, what.mtu);
            *outerFragments += header.IsFragment() ? 1 : 0;
        }
    };
    world.Ping(a, MachineAddress(0, 101), 1);
    world.RunTo(1s);
    world.Vm(a).endpoint->Ping(MachineAddress(0, 101), 7, 2, Bytes(1472), world.now, innerDf);
    world.RunFor(1s);
    return std::move(world.Vm(a));
}

TEST(HypervisorMtu, Fits)
{
    std::uint64_t fragments = 0;
    const Machine a = PingOverMtu({DfMode::Set, {}, 1550}, true, &fragments);
    EXPECT_EQ(a.replies.size(), 2U) << "1500 + 50 bytes on 1550";
    EXPECT_EQ(fragments, 0U);
}

TEST(HypervisorMtu, EnvelopeInFragments)
{
    std::uint64_t fragments = 0;
    const Machine a = PingOverMtu({DfMode::Clear, {.fragment = true}, 1500}, false, &fragments);
    EXPECT_EQ(a.replies.size(), 2U);
    EXPECT_EQ(fragments, 2U) << "1500 and 70 bytes";
}

TEST(HypervisorMtu, TheSenderIsToldByItsDestination)
{
    std::uint64_t fragments = 0;
    const Machine a =
        PingOverMtu({DfMode::Clear, {.fragment = true, .icmp = true}, 1500}, true, &fragments);
    EXPECT_EQ(a.replies.size(), 1U);
    EXPECT_EQ(fragments, 0U);
    ASSERT_EQ(a.packets.size(), 1U);
    netbase::IcmpMessage message;
    ASSERT_EQ(netbase::ReadIcmp(a.packets[0].packet, message), netbase::DropReason::None);
    EXPECT_EQ(message.kind, netbase::IcmpKind::PacketTooBig);
    EXPECT_EQ(message.mtu, 1450U);
    netbase::Ipv4Header header;
    netbase::ReadIpv4(a.packets[0].packet, header);
    EXPECT_EQ(header.source, MachineAddress(0, 101));
}

TEST(HypervisorMtu, SilentLoss)
{
    std::uint64_t fragments = 0;
    for (const MtuCase& what : {MtuCase{DfMode::Set, {.fragment = true, .icmp = true}, 1500},
                                MtuCase{DfMode::Clear, {}, 1500}})
    {
        const Machine a = PingOverMtu(what, false, &fragments);
        EXPECT_EQ(a.replies.size(), 1U);
        EXPECT_TRUE(a.packets.empty());
        EXPECT_EQ(fragments, 0U);
    }
}

// -- The underlay address as a host, and watching --------------------------------------------

TEST(HypervisorUnderlay, PingsAndDatagramsBetweenHosts)
{
    World world;
    world.AddHost(HostConfig(0));
    world.AddHost(HostConfig(1));
    Hypervisor& a = world.Host(0);
    Hypervisor& b = world.Host(1);
    b.BindUdp(7000);
    const Bytes text{1, 2, 3};
    EXPECT_EQ(a.Ping(HostAddress(1), 9, 1, text, world.now), DropReason::None);
    EXPECT_EQ(a.SendDatagram(7001, HostAddress(1), 7000, text, world.now), DropReason::None);
    EXPECT_EQ(a.SendDatagram(7001, HostAddress(1), 7002, text, world.now), DropReason::None);
    world.RunTo(1s);
    UnderlayDatagram datagram;
    Bytes payload;
    ASSERT_TRUE(b.PollDatagram(payload, datagram));
    EXPECT_EQ(payload, text);
    EXPECT_EQ(datagram.source, HostAddress(0));
    EXPECT_EQ(datagram.sourcePort, 7001);
    EXPECT_EQ(datagram.destinationPort, 7000);
    EXPECT_FALSE(b.PollDatagram(payload, datagram));
    Bytes packet;
    ASSERT_TRUE(a.PollUnderlayPacket(packet));
    netbase::IcmpMessage message;
    ASSERT_EQ(netbase::ReadIcmp(packet, message), netbase::DropReason::None);
    EXPECT_EQ(message.kind, netbase::IcmpKind::EchoReply);
    EXPECT_TRUE(b.PollUnderlayPacket(packet)) << "the datagram to a port that is not bound";
    // Whoever does not look has 64 at most.
    for (std::uint16_t i = 0; i < 100; ++i)
    {
        a.Ping(HostAddress(1), 9, i, text, world.now);
    }
    world.RunFor(1s);
    int waiting = 0;
    while (a.PollUnderlayPacket(packet))
    {
        ++waiting;
    }
    EXPECT_EQ(waiting, 64);
    EXPECT_EQ(a.Counters().drops[DropReason::NoBuffer], 36U);
}

TEST(HypervisorUnderlay, ALinkWithoutArpWorksToo)
{
    World world;
    for (unsigned i = 0; i < 2; ++i)
    {
        HypervisorConfig config = HostConfig(i);
        config.underlay.resolves = false;
        config.vtep.replication = ReplicationKind::HeadEnd;
        config.vtep.networks[0].floodList = {HostAddress(0), HostAddress(1)};
        world.AddHost(config);
    }
    const auto a = world.AddMachine(0, WEB, 0, 100);
    world.AddMachine(1, WEB, 0, 101);
    world.Ping(a, MachineAddress(0, 101), 1);
    world.RunTo(1s);
    EXPECT_EQ(world.Vm(a).replies.size(), 1U);
    EXPECT_EQ(world.Host(0).GetUnderlay()->Counters().requestsOut, 0U);
}

TEST(HypervisorEvents, NameEveryWayAndEveryDrop)
{
    World world;
    for (unsigned i = 0; i < 2; ++i)
    {
        HypervisorConfig config = HostConfig(i);
        config.events = true;
        config.tables = true;
        world.AddHost(config);
    }
    const auto a = world.AddMachine(0, WEB, 0, 100);
    world.AddMachine(1, WEB, 0, 101);
    world.Ping(a, MachineAddress(0, 101), 1);
    world.RunTo(1s);
    HypervisorEvent event;
    ASSERT_TRUE(world.Host(0).PollEvent(event));
    EXPECT_EQ(event.kind, HypervisorEventKind::Encapsulate);
    EXPECT_EQ(event.flood, FloodKind::Broadcast);
    EXPECT_EQ(event.remote, Network(WEB).group);
    EXPECT_EQ(event.vni, WEB);
    EXPECT_EQ(event.size, 42U);
    ASSERT_TRUE(world.Host(0).PollEvent(event));
    EXPECT_EQ(event.kind, HypervisorEventKind::Decapsulate);
    EXPECT_EQ(event.remote, HostAddress(1));
    ASSERT_TRUE(world.Host(0).PollEvent(event));
    EXPECT_EQ(event.kind, HypervisorEventKind::Encapsulate);
    EXPECT_FALSE(event.flood);
    EXPECT_EQ(event.size, 98U);
    while (world.Host(0).PollEvent(event))
    {
        EXPECT_NE(event.kind, HypervisorEventKind::Drop);
    }
    world.Host(0).OnPortFrame(world.Vm(a).port, Bytes(5), world.now);
    ASSERT_TRUE(world.Host(0).PollEvent(event));
    EXPECT_EQ(event.kind, HypervisorEventKind::Drop);
    EXPECT_EQ(event.place, "switch");
    EXPECT_EQ(event.reason, "bad-inner-frame");
    std::set<netbase::Table> tables;
    netbase::TableChange change;
    while (world.Host(0).PollTableChange(change))
    {
        tables.insert(change.table);
    }
    EXPECT_EQ(tables,
              (std::set<netbase::Table>{netbase::Table::BridgeFdb,
                                        netbase::Table::VtepFdb,
                                        netbase::Table::Arp,
                                        netbase::Table::Groups}));
}

} // namespace
} // namespace weft::vxlan::test
