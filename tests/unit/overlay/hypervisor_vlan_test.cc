// SPDX-License-Identifier: GPL-2.0-only
// The gateway between networks and VLANs, and hypervisors whose networks are VLANs on the wire.
#include "hypervisor_world.h"

#include <set>

namespace weft::vxlan::test
{
namespace
{

TEST(HypervisorGateway, ATrunkJoinsVlansAndNetworks)
{
    World world;
    world.AddHost(HostConfig(0));
    world.AddHost(HostConfig(1));
    const auto vm = world.AddMachine(0, WEB, 0, 100);
    PortConfig trunk;
    trunk.kind = PortKind::Trunk;
    trunk.vlans = {{10, WEB}, {20, DB}};
    const auto server = world.AddDetached(0, 50);
    world.Vm(server).vlan = 10;
    world.Attach(server, 1, trunk);
    std::uint64_t tagged = 0;
    world.portTap = [&](std::size_t machine, ByteView frame) {
        EthernetHeader header;
        netbase::ReadEthernet(frame, header);
        tagged += header.tci ? 1 : 0;
        EXPECT_EQ(header.tci.has_value(), machine == server);
        if (header.tci)
        {
            EXPECT_EQ(*header.tci, 10U);
        }
    };
    world.tap = [&](std::size_t, std::uint32_t, ByteView frame) {
        if (frame.size() > 64 && netbase::Read16(&frame[12]) == 0x0800)
        {
            EXPECT_NE(netbase::Read16(&frame[14 + 28 + 8 + 12]), 0x8100) << "no inner tag";
        }
    };
    world.Ping(vm, MachineAddress(0, 50), 1);
    world.Ping(server, MachineAddress(0, 100), 2);
    world.RunTo(1s);
    EXPECT_EQ(world.Vm(vm).replies.size(), 1U);
    EXPECT_EQ(world.Vm(server).replies.size(), 1U);
    EXPECT_GT(tagged, 2U);
    // Another VLAN, or none, is not let in.
    const PortId port = world.Vm(server).port;
    Bytes frame;
    netbase::BuildGarp(frame, MachineMac(50), MachineAddress(0, 50));
    EXPECT_EQ(world.Host(1).OnPortFrame(port, frame, world.now), DropReason::VlanMismatch);
    netbase::InsertTag(frame, 30);
    EXPECT_EQ(world.Host(1).OnPortFrame(port, frame, world.now), DropReason::VlanMismatch);
}

/// A wire that is a VLAN switch, with a MAC table of its own.
class VlanWire
{
  public:
    explicit VlanWire(World& world) : m_world(world), bridge({}, 0s)
    {
        for (const auto& [vlan, network] : {std::pair{10, WEB}, {20, DB}})
        {
            bridge.AddNetwork(network, false);
            m_trunk.vlans[static_cast<std::uint16_t>(vlan)] = network;
        }
        m_trunk.kind = PortKind::Trunk;
        world.wire = [this](std::size_t from, std::uint32_t, const Bytes& frame) {
            while (m_ports.size() < m_world.Hosts())
            {
                m_ports.push_back(bridge.AddPort(m_trunk));
            }
            bridge.OnFrame(m_ports[from], frame, m_world.now);
            Bytes out;
            PortId port = NO_PORT;
            while (bridge.PollFrame(out, port))
            {
                m_world.Deliver(from, static_cast<std::size_t>(port) - 1, out);
            }
        };
    }

  private:
    World& m_world;
    PortConfig m_trunk;
    std::vector<PortId> m_ports;

  public:
    Bridge bridge;
};

TEST(HypervisorVlans, NetworksLeaveAsVlansWithoutVtep)
{
    World world;
    for (unsigned i = 0; i < 3; ++i)
    {
        HypervisorConfig config = HostConfig(i);
        config.hasVtep = false;
        world.AddHost(config);
    }
    VlanWire wire(world);
    const auto a = world.AddMachine(0, WEB, 0, 100);
    const auto b = world.AddMachine(0, DB, 0, 100);
    world.AddMachine(1, WEB, 0, 101);
    world.AddMachine(2, DB, 0, 101);
    std::set<std::uint16_t> vlans;
    world.tap = [&](std::size_t, std::uint32_t, ByteView frame) {
        EthernetHeader header;
        ASSERT_EQ(netbase::ReadEthernet(frame, header), netbase::DropReason::None);
        ASSERT_TRUE(header.tci);
        vlans.insert(*header.tci);
    };
    world.Ping(a, MachineAddress(0, 101), 1);
    world.Ping(b, MachineAddress(0, 101), 2);
    world.RunTo(1s);
    ASSERT_EQ(world.Vm(a).replies.size(), 1U);
    ASSERT_EQ(world.Vm(b).replies.size(), 1U);
    EXPECT_EQ(vlans, (std::set<std::uint16_t>{10, 20}));
    EXPECT_EQ(world.Host(0).GetVtep(), nullptr);
    EXPECT_EQ(world.Host(0).GetUnderlay(), nullptr);
    // The switch between them knows every machine: what the overlay spares it. Machine 100 of
    // both networks has one MAC, and an entry in each.
    EXPECT_EQ(wire.bridge.Fdb().Size(), 4U);
    // A network more, while it runs.
    EXPECT_THROW(world.Host(0).AddNetwork(Network(900, 10), world.now), std::invalid_argument);
    EXPECT_THROW(world.Host(0).AddNetwork(Network(900), world.now), std::invalid_argument);
    EXPECT_THROW(world.Host(0).AddNetwork(Network(WEB, 30), world.now), std::invalid_argument);
    world.Host(0).AddNetwork(Network(900, 30), world.now);
    world.Ping(a, MachineAddress(0, 101), 3);
    world.RunFor(1s);
    EXPECT_EQ(world.Vm(a).replies.size(), 2U);
    EXPECT_THROW(world.Host(0).BindUdp(1), std::invalid_argument);
    EXPECT_EQ(world.Host(0).Ping(HostAddress(1), 1, 1, {}, world.now), DropReason::NoRoute);
}

TEST(HypervisorVlans, MachinesMoveAndTheUplinkFails)
{
    World world;
    for (unsigned i = 0; i < 3; ++i)
    {
        HypervisorConfig config = HostConfig(i);
        config.hasVtep = false;
        world.AddHost(config);
    }
    VlanWire wire(world);
    const auto a = world.AddMachine(0, WEB, 0, 100);
    const auto b = world.AddMachine(1, WEB, 0, 101);
    world.Ping(a, MachineAddress(0, 101), 1);
    world.RunTo(1s);
    world.Move(b, 2, WEB);
    world.Vm(b).endpoint->AnnounceGarp(world.now);
    world.RunFor(1s);
    world.Ping(a, MachineAddress(0, 101), 2);
    world.RunFor(1s);
    EXPECT_EQ(world.Vm(a).replies.size(), 2U);
    world.Host(0).SetUplinkUp(0, false, world.now);
    world.Ping(a, MachineAddress(0, 101), 3);
    world.RunFor(1s);
    EXPECT_EQ(world.Vm(a).replies.size(), 2U);
    EXPECT_GT(world.Host(0).GetBridge().Counters().drops.Total(), 0U);
    world.Host(0).SetUplinkUp(0, true, world.now);
    world.Ping(a, MachineAddress(0, 101), 4);
    world.RunFor(1s);
    EXPECT_EQ(world.Vm(a).replies.size(), 3U);
}

} // namespace
} // namespace weft::vxlan::test
