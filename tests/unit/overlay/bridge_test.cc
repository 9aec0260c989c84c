// SPDX-License-Identifier: GPL-2.0-only
/** @file The learning bridge: networks, tags, ports going up and down, station reports. */
#include "overlay_net.h"

#include <gtest/gtest.h>

namespace
{

using namespace weft::vxlan;
using namespace weft::vxlan::test;

/// @return what leaves by ports, in order
std::vector<std::pair<PortId, Bytes>>
Out(Bridge& bridge)
{
    std::vector<std::pair<PortId, Bytes>> all;
    PortId port = NO_PORT;
    for (Bytes frame; bridge.PollFrame(frame, port);)
    {
        all.emplace_back(port, frame);
    }
    return all;
}

Bytes
Tagged(Bytes frame, std::uint16_t vlan)
{
    weft::netbase::InsertTag(frame, vlan);
    return frame;
}

class BridgeTest : public testing::Test
{
  protected:
    BridgeTest() : m_bridge({.fdb = {.ageing = 300s}, .reportStations = true}, 0s)
    {
        m_bridge.AddNetwork(100, true);
        m_bridge.AddNetwork(200, false);
    }

    Bridge m_bridge;
    const Bytes m_broadcast = PlainFrame(MacAddress::Broadcast(), StationMac(1));
};

TEST_F(BridgeTest, TrunkIsAGatewayBetweenVlansAndNetworks)
{
    const PortId vm = m_bridge.AddPort({.vni = 100});
    const PortId trunk =
        m_bridge.AddPort({.kind = PortKind::Trunk, .vlans = {{10, 100}, {20, 200}}, .native = {}});
    // Out of the trunk under the network's VLAN, into the tunnel without tag.
    EXPECT_EQ(m_bridge.OnFrame(vm, m_broadcast, 0s), DropReason::None);
    const auto out = Out(m_bridge);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].first, trunk);
    EXPECT_EQ(out[0].second, Tagged(m_broadcast, 10));
    Bytes frame;
    TunnelMeta meta;
    ASSERT_TRUE(m_bridge.PollTunnel(frame, meta));
    EXPECT_EQ(frame, m_broadcast);
    EXPECT_EQ(meta.vni, 100u);

    // And back: the tag comes off.
    const auto answer = PlainFrame(StationMac(1), StationMac(2));
    EXPECT_EQ(m_bridge.OnFrame(trunk, Tagged(answer, 10), 0s), DropReason::None);
    EXPECT_EQ(Out(m_bridge), (std::vector<std::pair<PortId, Bytes>>{{vm, answer}}));

    // VLANs that are not mapped, and frames without one, are not allowed.
    EXPECT_EQ(m_bridge.OnFrame(trunk, Tagged(answer, 11), 0s), DropReason::VlanMismatch);
    EXPECT_EQ(m_bridge.OnFrame(trunk, answer, 0s), DropReason::VlanMismatch);
    EXPECT_EQ(m_bridge.OnFrame(trunk, Tagged(answer, 0), 0s), DropReason::VlanMismatch);
    // Network 200 has nobody else.
    EXPECT_EQ(m_bridge.OnFrame(trunk, Tagged(answer, 20), 0s), DropReason::NoDestination);
    EXPECT_FALSE(m_bridge.PollTunnel(frame, meta));
}

TEST_F(BridgeTest, NativeVlanTakesUntaggedAndPriorityTagged)
{
    const PortId vm = m_bridge.AddPort({.vni = 100});
    const PortId trunk =
        m_bridge.AddPort({.kind = PortKind::Trunk, .vlans = {{20, 200}}, .native = Vni{100}});
    EXPECT_EQ(m_bridge.OnFrame(trunk, m_broadcast, 0s), DropReason::None);
    EXPECT_EQ(m_bridge.OnFrame(trunk, Tagged(m_broadcast, 0), 0s), DropReason::None);
    EXPECT_EQ(Out(m_bridge),
              (std::vector<std::pair<PortId, Bytes>>{{vm, m_broadcast}, {vm, m_broadcast}}));
    const auto answer = PlainFrame(StationMac(1), StationMac(2));
    m_bridge.OnFrame(vm, answer, 0s);
    EXPECT_EQ(Out(m_bridge), (std::vector<std::pair<PortId, Bytes>>{{trunk, answer}}));
}

TEST_F(BridgeTest, AccessPortsAndTags)
{
    const PortId plain = m_bridge.AddPort({.vni = 100});
    const PortId passing = m_bridge.AddPort({.vni = 100, .passTags = true});
    EXPECT_EQ(m_bridge.OnFrame(plain, Tagged(m_broadcast, 5), 0s), DropReason::VlanMismatch);
    EXPECT_EQ(m_bridge.OnFrame(passing, Tagged(m_broadcast, 5), 0s), DropReason::None);
    EXPECT_EQ(Out(m_bridge),
              (std::vector<std::pair<PortId, Bytes>>{{plain, Tagged(m_broadcast, 5)}}));
}

TEST_F(BridgeTest, APortThatGoesDownIsForgotten)
{
    const PortId a = m_bridge.AddPort({.vni = 100});
    const PortId b = m_bridge.AddPort({.vni = 100});
    m_bridge.EnableTableLog(true);
    m_bridge.OnFrame(a, PlainFrame(MacAddress::Broadcast(), StationMac(1)), 1s);
    m_bridge.OnFrame(b, PlainFrame(StationMac(1), StationMac(2)), 2s);
    Out(m_bridge);
    m_bridge.SetPortUp(a, false, 3s);
    EXPECT_EQ(m_bridge.Find(100, StationMac(1)), NO_PORT);
    EXPECT_EQ(m_bridge.OnFrame(a, m_broadcast, 3s), DropReason::PortDown);
    // Unknown now: flooded, but not to a port that is down.
    EXPECT_EQ(m_bridge.OnFrame(b, PlainFrame(StationMac(1), StationMac(2)), 3s), DropReason::None);
    EXPECT_TRUE(Out(m_bridge).empty());
    Bytes frame;
    TunnelMeta meta;
    std::size_t tunnelled = 0;
    while (m_bridge.PollTunnel(frame, meta))
    {
        ++tunnelled;
    }
    EXPECT_EQ(tunnelled, 2u);
    std::vector<TableCause> causes;
    for (TableChange change; m_bridge.PollTableChange(change);)
    {
        causes.push_back(change.cause);
    }
    EXPECT_EQ(
        causes,
        (std::vector<TableCause>{TableCause::Learned, TableCause::Learned, TableCause::PortDown}));
    m_bridge.RemovePort(b, 4s);
    EXPECT_EQ(m_bridge.Find(100, StationMac(2)), NO_PORT);
    EXPECT_EQ(m_bridge.OnFrame(b, m_broadcast, 4s), DropReason::PortDown);
}

TEST_F(BridgeTest, TheTunnelNeverHearsItselfAndPortsNeither)
{
    const PortId vm = m_bridge.AddPort({.vni = 100});
    EXPECT_EQ(m_bridge.OnTunnelFrame(100, m_broadcast, 0s), DropReason::None);
    EXPECT_EQ(Out(m_bridge).size(), 1u);
    // Station 1 is behind the tunnel: another frame from there to it goes nowhere.
    EXPECT_EQ(m_bridge.OnTunnelFrame(100, PlainFrame(StationMac(1), StationMac(3)), 0s),
              DropReason::SplitHorizon);
    m_bridge.OnFrame(vm, PlainFrame(MacAddress::Broadcast(), StationMac(4)), 0s);
    EXPECT_EQ(m_bridge.OnFrame(vm, PlainFrame(StationMac(4), StationMac(5)), 0s),
              DropReason::SamePort);
    // A network without tunnel takes nothing from it.
    EXPECT_EQ(m_bridge.OnTunnelFrame(200, m_broadcast, 0s), DropReason::UnknownVni);
    EXPECT_EQ(m_bridge.OnTunnelFrame(300, m_broadcast, 0s), DropReason::UnknownVni);
    EXPECT_EQ(m_bridge.OnFrame(vm, Bytes(13), 0s), DropReason::BadInnerFrame);
    EXPECT_EQ(m_bridge.OnFrame(vm, PlainFrame(StationMac(1), MacAddress::Broadcast()), 0s),
              DropReason::BadInnerFrame);
}

TEST_F(BridgeTest, StaticEntriesAreDefended)
{
    const PortId a = m_bridge.AddPort({.vni = 100});
    const PortId b = m_bridge.AddPort({.vni = 100});
    m_bridge.SetStatic(100, StationMac(1), a, 0s);
    EXPECT_EQ(m_bridge.OnFrame(b, m_broadcast, 0s), DropReason::StaticConflict);
    EXPECT_EQ(m_bridge.OnFrame(a, m_broadcast, 0s), DropReason::None);
    m_bridge.SetPortUp(a, false, 0s);
    EXPECT_EQ(m_bridge.OnFrame(b, PlainFrame(StationMac(1), StationMac(2)), 0s),
              DropReason::PortDown);
}

TEST_F(BridgeTest, StationsAreReportedWithTheirAddresses)
{
    const PortId vm = m_bridge.AddPort({.vni = 100});
    Bytes request;
    weft::netbase::BuildArpRequest(request, StationMac(1), Ip("192.168.0.1"), Ip("192.168.0.2"));
    m_bridge.OnFrame(vm, request, 1s);
    m_bridge.OnFrame(vm, request, 2s); // nothing new
    m_bridge.OnTunnelFrame(100, PlainFrame(MacAddress::Broadcast(), StationMac(9)), 2s);
    m_bridge.OnTunnelFrame(100, m_broadcast, 3s); // it moved to another host
    m_bridge.OnFrame(vm, m_broadcast, 4s);        // and back
    m_bridge.OnDeadline(304s);

    std::vector<std::tuple<StationEvent, TableCause, IpAddress>> events;
    for (StationReport report; m_bridge.PollStation(report);)
    {
        EXPECT_EQ(report.mac, StationMac(1)) << "stations behind the tunnel are not local";
        EXPECT_EQ(report.vni, 100u);
        EXPECT_EQ(report.port, vm);
        events.emplace_back(report.event, report.cause, report.address);
    }
    const IpAddress none;
    EXPECT_EQ(events,
              (std::vector<std::tuple<StationEvent, TableCause, IpAddress>>{
                  {StationEvent::Appeared, TableCause::Learned, none},
                  {StationEvent::Address, TableCause::Learned, Ip("192.168.0.1")},
                  {StationEvent::Gone, TableCause::Moved, none},
                  {StationEvent::Appeared, TableCause::Moved, none},
                  {StationEvent::Gone, TableCause::Aged, none}}));
}

TEST_F(BridgeTest, OnlyTheFirstFrameIntoTheTunnelIsNew)
{
    const PortId vm = m_bridge.AddPort({.vni = 100});
    const PortId other = m_bridge.AddPort({.vni = 100});
    const auto isNew = [&] {
        Bytes frame;
        TunnelMeta meta;
        EXPECT_TRUE(m_bridge.PollTunnel(frame, meta));
        return meta.newLocalSource;
    };
    m_bridge.OnFrame(vm, m_broadcast, 0s);
    EXPECT_TRUE(isNew());
    m_bridge.OnFrame(vm, m_broadcast, 0s);
    EXPECT_FALSE(isNew());
    m_bridge.OnFrame(other, m_broadcast, 0s); // another local port: remote VTEPs need not care
    EXPECT_FALSE(isNew());
    m_bridge.OnTunnelFrame(100, m_broadcast, 0s);
    m_bridge.OnFrame(vm, m_broadcast, 0s); // came back from another host
    EXPECT_TRUE(isNew());
}

TEST_F(BridgeTest, NetworksComeAndGoUnderTheirPorts)
{
    const PortId early = m_bridge.AddPort({.vni = 300});
    EXPECT_EQ(m_bridge.OnFrame(early, m_broadcast, 0s), DropReason::UnknownVni);
    m_bridge.AddNetwork(300, true);
    EXPECT_EQ(m_bridge.OnFrame(early, m_broadcast, 0s), DropReason::None);
    m_bridge.RemoveNetwork(300, 1s);
    EXPECT_EQ(m_bridge.OnFrame(early, m_broadcast, 1s), DropReason::UnknownVni);
    m_bridge.AddNetwork(400, true); // takes the place; nothing of 300 is left in it
    EXPECT_EQ(m_bridge.Find(400, StationMac(1)), NO_PORT);
    EXPECT_EQ(m_bridge.Fdb().Size(), 0u);
}

TEST_F(BridgeTest, ImpossibleConfigurationsAreRefused)
{
    EXPECT_THROW(m_bridge.AddNetwork(100, true), std::invalid_argument);
    EXPECT_THROW(m_bridge.AddNetwork(MAX_VNI + 1, true), std::invalid_argument);
    EXPECT_THROW(m_bridge.AddPort({.kind = PortKind::Trunk, .vlans = {{0, 100}}}),
                 std::invalid_argument);
    EXPECT_THROW(m_bridge.AddPort({.kind = PortKind::Trunk, .vlans = {{4095, 100}}}),
                 std::invalid_argument);
    EXPECT_THROW(m_bridge.AddPort({.kind = PortKind::Trunk, .vlans = {{10, 100}, {11, 100}}}),
                 std::invalid_argument);
    EXPECT_THROW(m_bridge.SetStatic(999, StationMac(1), 1, 0s), std::invalid_argument);
}

TEST(BridgeBooks, EveryFrameLeavesOrIsDroppedByName)
{
    Random random(21);
    Bridge bridge({.fdb = {.ageing = 5s, .maxEntries = 12}}, 0s);
    bridge.AddNetwork(1, true);
    bridge.AddNetwork(2, false);
    std::vector<PortId> ports;
    for (int i = 0; i < 4; ++i)
    {
        ports.push_back(bridge.AddPort({.vni = static_cast<Vni>(1 + i % 2)}));
    }
    ports.push_back(bridge.AddPort({.kind = PortKind::Trunk, .vlans = {{10, 1}, {20, 2}}}));
    TimeNs now{0};
    std::uint64_t reasons = 0;
    for (int i = 0; i < 20'000; ++i)
    {
        now += 1ms * static_cast<int>(Below(random, 50));
        auto frame =
            PlainFrame(Below(random, 4) ? StationMac(static_cast<std::uint32_t>(Below(random, 20)))
                                        : MacAddress::Broadcast(),
                       StationMac(static_cast<std::uint32_t>(Below(random, 20))));
        if (Below(random, 3) == 0)
        {
            frame = Tagged(frame, static_cast<std::uint16_t>(10 * Below(random, 4)));
        }
        const auto before = bridge.Counters();
        const auto from = ports[Below(random, ports.size())];
        const auto reason = Below(random, 4) ? bridge.OnFrame(from, frame, now)
                                             : bridge.OnTunnelFrame(1, frame, now);
        const auto& after = bridge.Counters();
        const auto copies =
            after.portCopies + after.tunnelCopies - before.portCopies - before.tunnelCopies;
        EXPECT_EQ(copies == 0, reason != DropReason::None);
        EXPECT_EQ(after.drops.Total() - before.drops.Total(), reason != DropReason::None ? 1u : 0u);
        reasons |= std::uint64_t{1} << static_cast<unsigned>(reason);
        if (Below(random, 50) == 0)
        {
            bridge.SetPortUp(from, !bridge.IsPortUp(from), now);
        }
        Out(bridge);
    }
    const auto& b = bridge.Counters();
    EXPECT_EQ(b.framesIn, b.unicast + b.flooded + b.drops.Total());
    for (const auto met : {DropReason::None,
                           DropReason::PortDown,
                           DropReason::VlanMismatch,
                           DropReason::SamePort,
                           DropReason::SplitHorizon})
    {
        EXPECT_TRUE(reasons >> static_cast<unsigned>(met) & 1) << ToString(met);
    }
}

} // namespace
