// SPDX-License-Identifier: GPL-2.0-only
// A service node on the wire: what hypervisors flood through it, and what its death costs.
#include "hypervisor_world.h"

namespace weft::vxlan::test
{
namespace
{

const IpAddress NODE = IpAddress::V4(0x0a0100c8);

ServiceHostConfig
NodeConfig(unsigned number = 0)
{
    ServiceHostConfig config;
    config.underlay.mac = MacAddress::FromInteger(0x020000000900 + number);
    config.underlay.address = IpAddress::V4(NODE.ToV4() + number);
    config.underlay.prefixLength = 16;
    config.underlay.mtu = 1600;
    config.serviceNode.emplace();
    config.serviceNode->address = config.underlay.address;
    config.serviceNode->mtu = 1600;
    return config;
}

/// Three hypervisors that flood through service nodes.
std::unique_ptr<World>
ServedWorld(unsigned nodes)
{
    auto made = std::make_unique<World>();
    World& world = *made;
    for (unsigned i = 0; i < nodes; ++i)
    {
        world.AddService(NodeConfig(i));
        world.Service(i).Node()->SetMembers(WEB, {HostAddress(0), HostAddress(1), HostAddress(2)});
    }
    for (unsigned i = 0; i < 3; ++i)
    {
        HypervisorConfig config = HostConfig(i);
        config.vtep.replication = ReplicationKind::ServiceNode;
        for (unsigned node = 0; node < nodes; ++node)
        {
            config.vtep.nodes.push_back(IpAddress::V4(NODE.ToV4() + node));
        }
        world.AddHost(config);
    }
    return made;
}

TEST(ServiceHostTest, ReplicatesForAllOthers)
{
    const auto made = ServedWorld(1);
    World& world = *made;
    const auto a = world.AddMachine(0, WEB, 0, 100);
    world.AddMachine(1, WEB, 0, 101);
    world.AddMachine(2, WEB, 0, 102);
    world.RunTo(5s); // probes have found the node alive
    world.Ping(a, MachineAddress(0, 101), 1);
    world.RunFor(1s);
    EXPECT_EQ(world.Vm(a).replies.size(), 1U);
    const ServiceNodeCounters& node = world.Service(0).Node()->Counters();
    EXPECT_EQ(node.replicated, 1U);
    EXPECT_EQ(node.copies, 2U);
    EXPECT_EQ(world.Host(0).GetVtep()->Counters().FloodedTotal().copies, 1U);
    EXPECT_EQ(*world.Host(2).GetVtep()->Find(WEB, MachineMac(100)), HostAddress(0))
        << "copies keep the source";
}

TEST(ServiceHostTest, ItsDeathIsNoticedAndAnotherTakesOver)
{
    const auto made = ServedWorld(2);
    World& world = *made;
    const auto a = world.AddMachine(0, WEB, 0, 100);
    world.AddMachine(1, WEB, 0, 101);
    world.RunTo(10s);
    world.Service(0).SetUp(false, world.now);
    EXPECT_EQ(world.Service(0).NextDeadline(), NEVER);
    world.RunFor(10s); // three probes of a second, and some
    const auto before = world.Service(1).Node()->Counters().replicated;
    for (std::uint16_t i = 0; i < 8; ++i)
    {
        world.SendUdp(a, IpAddress::V4(0xffffffff), Bytes(20 + i));
    }
    world.RunFor(1s);
    EXPECT_EQ(world.Service(1).Node()->Counters().replicated, before + 8);
    EXPECT_GT(world.Service(0).Counters().drops[DropReason::NodeDown], 0U);
}

TEST(ServiceHostTest, CarriesDatagramsForAController)
{
    World world;
    world.AddHost(HostConfig(0));
    ServiceHostConfig config = NodeConfig();
    config.serviceNode.reset();
    config.ports = {7000};
    config.tables = true;
    world.AddService(config);
    EXPECT_EQ(world.Service(0).Node(), nullptr);
    world.Host(0).BindUdp(7001);
    const Bytes text{1, 2, 3};
    world.Host(0).SendDatagram(7001, NODE, 7000, text, world.now);
    world.Host(0).SendDatagram(7001, NODE, 7002, text, world.now);
    world.RunTo(1s);
    Bytes payload;
    UnderlayDatagram datagram;
    ASSERT_TRUE(world.Service(0).PollDatagram(payload, datagram));
    EXPECT_EQ(payload, text);
    EXPECT_EQ(datagram.source, HostAddress(0));
    EXPECT_FALSE(world.Service(0).PollDatagram(payload, datagram));
    EXPECT_EQ(world.Service(0).Counters().drops[DropReason::NotForUs], 1U);
    EXPECT_EQ(
        world.Service(0).SendDatagram(7000, datagram.source, datagram.sourcePort, text, world.now),
        DropReason::None);
    world.RunFor(1s);
    ASSERT_TRUE(world.Host(0).PollDatagram(payload, datagram));
    EXPECT_EQ(datagram.source, NODE);
    netbase::TableChange change;
    ASSERT_TRUE(world.Service(0).PollTableChange(change));
    EXPECT_EQ(change.table, netbase::Table::Arp);
    EXPECT_EQ(change.address, HostAddress(0));
    world.Service(0).SetUp(false, world.now);
    EXPECT_EQ(world.Service(0).SendDatagram(1, HostAddress(0), 7001, text, world.now),
              DropReason::NodeDown);
    config.serviceNode.emplace();
    config.serviceNode->address = HostAddress(5);
    EXPECT_THROW(ServiceHost(config, 0s), std::invalid_argument);
}

} // namespace
} // namespace weft::vxlan::test
