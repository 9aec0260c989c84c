// SPDX-License-Identifier: GPL-2.0-only
// Hypervisors with a central controller, and with service nodes: that they work, fail, and recover.
#include "vxlan_fixture.h"

namespace vxlan_testing
{

namespace
{

constexpr int CONTROLLER = 100; ///< last octets of addresses
constexpr int NODE = 110;

using weft::vxlan::ReplicationKind;

/// Three hosts with a machine each, fed by a controller, flooding by multicast without it.
struct Controlled
{
    Lan lan;
    Ptr<vxlan::ControllerNode> controller;
    std::vector<Ptr<Hypervisor>> hosts;
    std::vector<Ptr<VmDevice>> vms;

    Controlled()
    {
        controller = CreateObject<vxlan::ControllerNode>();
        const auto uplink = lan.Plug(controller);
        controller->Configure(controller->MakeConfig(), Lan::Endpoint(CONTROLLER), uplink);
        for (int i = 1; i <= 3; ++i)
        {
            hosts.push_back(lan.AddHost(i, [](auto& config) {
                config.vtep.mapping = weft::vxlan::MappingKind::Controller;
                config.vtep.replication = ReplicationKind::Multicast;
            }));
            hosts.back()->SetController(Ip("10.0.0.100"));
            vms.push_back(lan.AddVm(hosts.back(), i));
        }
    }

    /// Every machine says something, so that its switch knows it.
    void
    Speak()
    {
        for (const auto& vm : vms)
        {
            vm->SendGarp();
        }
        Lan::RunUntil(Simulator::Now() + Seconds(1));
    }
};

TEST(VxlanController, TellsEveryVtepOfEveryStation)
{
    Controlled world;
    Lan::RunUntil(Seconds(3));
    EXPECT_EQ(world.controller->GetServer().Agents(), 3u);
    world.Speak();
    EXPECT_EQ(world.controller->GetServer().Stations(), 3u);
    for (int host = 1; host <= 3; ++host)
    {
        for (int vm = 1; vm <= 3; ++vm)
        {
            const std::string expected = host == vm ? "none" : "10.0.0." + std::to_string(vm);
            EXPECT_EQ(Lan::Where(world.hosts[host - 1], vm), expected) << host << " " << vm;
        }
        EXPECT_TRUE(world.hosts[host - 1]->GetCore().GetVtep()->ControllerConnected());
        EXPECT_EQ(world.hosts[host - 1]->GetRefusedCommands(), 0u);
    }
    EXPECT_EQ(Lan::Ping(world.vms[0], Lan::VmAddress(3)), 3);
}

TEST(VxlanController, FollowsAMoveAfterItsPushDelay)
{
    Controlled world;
    Lan::RunUntil(Seconds(3));
    world.Speak();
    std::vector<Time> pushes;
    world.hosts[0]->TraceConnectWithoutContext(
        "ControllerCommand",
        Callback<void, const weft::vxlan::ControllerCommand&>(
            [&pushes](const auto&) { pushes.push_back(Simulator::Now()); }));
    const Time begin = Simulator::Now();
    vxlan::MoveVm(world.vms[2], world.hosts[1], {vxlan::Announce::Rarp});
    Lan::RunUntil(begin + Seconds(1));
    EXPECT_EQ(Lan::Where(world.hosts[0], 3), "10.0.0.2");
    ASSERT_FALSE(pushes.empty());
    EXPECT_GE(pushes.back() - begin, MilliSeconds(10));
    EXPECT_LE(pushes.back() - begin, MilliSeconds(12));
    EXPECT_EQ(Lan::Ping(world.vms[0], Lan::VmAddress(3)), 3);
}

TEST(VxlanController, ItsLossMeansFloodingAndItsReturnDoesNot)
{
    Controlled world;
    Lan::RunUntil(Seconds(3));
    world.Speak();
    world.controller->SetUp(false);
    EXPECT_FALSE(world.controller->IsUp());
    Lan::RunUntil(Simulator::Now() + Seconds(5));
    for (const auto& host : world.hosts)
    {
        EXPECT_FALSE(host->GetCore().GetVtep()->ControllerConnected());
        EXPECT_FALSE(host->GetAgent()->Connected());
        EXPECT_EQ(host->GetAgent()->Counters().lost, 1u);
    }
    // Flood and learn: a machine that nobody was told of is found.
    const auto late = world.lan.AddVm(world.hosts[2], 4);
    world.lan.flooded = 0;
    EXPECT_EQ(Lan::Ping(world.vms[0], Lan::VmAddress(4)), 3);
    EXPECT_GT(world.lan.flooded, 0);
    EXPECT_EQ(Lan::Where(world.hosts[0], 4), "10.0.0.3");
    // The controller comes back knowing nothing, and is told everything.
    world.controller->SetUp(true);
    Lan::RunUntil(Simulator::Now() + Seconds(5));
    EXPECT_EQ(world.controller->GetServer().Stations(), 4u);
    for (const auto& host : world.hosts)
    {
        EXPECT_TRUE(host->GetCore().GetVtep()->ControllerConnected());
    }
    EXPECT_EQ(Lan::Ping(late, Lan::VmAddress(2)), 3);
    EXPECT_EQ(Lan::Where(world.hosts[1], 4), "10.0.0.3");
}

TEST(VxlanController, AHostThatFailsIsToldEverythingAgain)
{
    Controlled world;
    Lan::RunUntil(Seconds(3));
    world.Speak();
    world.hosts[0]->SetUp(false);
    Lan::RunUntil(Simulator::Now() + Seconds(2));
    world.hosts[0]->SetUp(true);
    EXPECT_EQ(Lan::Where(world.hosts[0], 2), "none");
    Lan::RunUntil(Simulator::Now() + Seconds(6));
    EXPECT_EQ(Lan::Where(world.hosts[0], 2), "10.0.0.2");
    EXPECT_EQ(Lan::Where(world.hosts[0], 3), "10.0.0.3");
}

TEST(VxlanController, RefusesAVtepThatLearnsOtherwise)
{
    Lan lan;
    EXPECT_THROW(lan.AddHost(1)->SetController(Ip("10.0.0.100")), std::invalid_argument);
}

/// Four hosts with a machine each, and service nodes.
struct Served
{
    Lan lan;
    std::vector<Ptr<vxlan::ServiceNode>> nodes;
    std::vector<Ptr<VmDevice>> vms;

    explicit Served(int count)
    {
        std::vector<IpAddress> addresses;
        std::vector<IpAddress> vteps;
        for (int i = 0; i < count; ++i)
        {
            addresses.push_back(Ip("10.0.0." + std::to_string(NODE + i)));
        }
        for (int i = 1; i <= 4; ++i)
        {
            vteps.push_back(Ip("10.0.0." + std::to_string(i)));
        }
        for (int i = 0; i < count; ++i)
        {
            const auto node = CreateObject<vxlan::ServiceNode>();
            const auto uplink = lan.Plug(node);
            weft::vxlan::ServiceHostConfig config;
            config.underlay = Lan::Endpoint(NODE + i);
            config.serviceNode.emplace();
            config.serviceNode->address = config.underlay.address;
            config.serviceNode->mtu = 1600;
            node->Configure(config, uplink);
            node->SetMembers(VNI, vteps);
            nodes.push_back(node);
        }
        for (int i = 1; i <= 4; ++i)
        {
            const auto host = lan.AddHost(i, [&addresses](auto& config) {
                config.vtep.replication = ReplicationKind::ServiceNode;
                config.vtep.nodes = addresses;
            });
            vms.push_back(lan.AddVm(host, i));
        }
    }

    std::uint64_t
    Copies(std::size_t node) const
    {
        return nodes[node]->GetHost().Node()->Counters().copies;
    }
};

TEST(VxlanServiceNode, ReplicatesForTheSender)
{
    Served world(1);
    Lan::RunUntil(Seconds(5));
    world.lan.encapsulated = 0;
    EXPECT_EQ(Lan::Ping(world.vms[0], Lan::VmAddress(4), 1), 1);
    // One copy of the request to the node, three from it; then request, answer and answer of ARP.
    EXPECT_EQ(world.Copies(0), 3u);
    EXPECT_EQ(world.lan.encapsulated, 1 + 3);
    EXPECT_EQ(world.lan.flooded, 1);
}

TEST(VxlanServiceNode, ADeadNodeIsReplacedAfterThreeProbes)
{
    Served world(2);
    Lan::RunUntil(Seconds(5));
    const auto flood = [&world]() {
        for (const auto& vm : world.vms)
        {
            vm->SendGarp();
        }
        Lan::RunUntil(Simulator::Now() + MilliSeconds(10));
    };
    for (int i = 0; i < 4; ++i)
    {
        flood();
    }
    const auto before = world.Copies(0) + world.Copies(1);
    EXPECT_EQ(before, 4u * 4 * 3) << "each announcement reaches the three others";
    world.nodes[0]->SetUp(false);
    Lan::RunUntil(Simulator::Now() + Seconds(6));
    const auto dead = world.Copies(0);
    const auto alive = world.Copies(1);
    flood();
    EXPECT_EQ(world.Copies(0), dead);
    EXPECT_EQ(world.Copies(1) - alive, 4u * 3);
    world.nodes[0]->SetUp(true);
    Lan::RunUntil(Simulator::Now() + Seconds(6));
    const auto sum = world.Copies(0) + world.Copies(1);
    flood();
    EXPECT_EQ(world.Copies(0) + world.Copies(1) - sum, 4u * 3);
}

TEST(VxlanServiceNode, RefusesMembersOfNoNode)
{
    Lan lan;
    const auto host = CreateObject<vxlan::ServiceNode>();
    const auto uplink = lan.Plug(host);
    weft::vxlan::ServiceHostConfig config;
    config.underlay = Lan::Endpoint(NODE);
    host->Configure(config, uplink);
    EXPECT_THROW(host->SetMembers(VNI, {}), std::invalid_argument);
}

} // namespace

} // namespace vxlan_testing
