// SPDX-License-Identifier: GPL-2.0-only
/** @file What fills the VTEP's table and what may not: static, controller, echoes, ARP proxy. */
#include "overlay_net.h"

#include <gtest/gtest.h>

namespace
{

using namespace weft::vxlan;
using namespace weft::vxlan::test;

constexpr Vni NETWORK = 5000;
const IpAddress GROUP = Ip("239.1.1.1");

VtepConfig
Config(std::size_t host)
{
    VtepConfig config;
    config.address = VtepAddress(host);
    config.networks = {{.vni = NETWORK, .group = GROUP, .floodList = AllVteps(3)}};
    return config;
}

class Mapped : public testing::Test
{
  protected:
    void
    Build(const VtepConfig& like)
    {
        for (std::size_t i = 0; i < 3; ++i)
        {
            VtepConfig config = like;
            config.address = VtepAddress(i);
            m_port[i] = m_net.AddHost(config).bridge.AddPort({.vni = NETWORK});
        }
    }

    Vtep&
    VtepOf(std::size_t host)
    {
        return m_net.At(host).vtep;
    }

    DropReason
    Send(std::size_t host, const MacAddress& to)
    {
        m_net.TakeCrossings();
        m_net.TakeDeliveries();
        return m_net.Send(
            host, m_port[host], PlainFrame(to, StationMac(static_cast<std::uint32_t>(host))));
    }

    Net m_net;
    PortId m_port[3];
};

TEST_F(Mapped, StaticLearnsNothingAndDefendsItsEntries)
{
    auto config = Config(0);
    config.mapping = MappingKind::Static;
    config.replication = ReplicationKind::HeadEnd;
    Build(config);
    EXPECT_EQ(VtepOf(1).Install(NETWORK, StationMac(0), VtepAddress(2), FdbOrigin::Static, 0s),
              DropReason::None);
    Send(0, MacAddress::Broadcast());
    EXPECT_EQ(VtepOf(2).Fdb().Size(), 0u);
    EXPECT_EQ(VtepOf(1).Counters().underlayDrops[DropReason::StaticConflict], 1u);
    EXPECT_EQ(m_net.TakeDeliveries().size(), 1u);
    EXPECT_EQ(VtepOf(1).Withdraw(NETWORK, StationMac(0), FdbOrigin::Static, 0s), DropReason::None);
    EXPECT_EQ(VtepOf(1).Withdraw(NETWORK, StationMac(0), FdbOrigin::Static, 0s),
              DropReason::NoDestination);
    EXPECT_EQ(VtepOf(1).Install(7, StationMac(0), VtepAddress(2), FdbOrigin::Static, 0s),
              DropReason::UnknownVni);
    for (std::size_t i = 0; i < 3; ++i)
    {
        EXPECT_EQ(Unbalanced(m_net.At(i)), "");
    }
}

TEST_F(Mapped, ControllerIsObeyedAndItsLossSurvived)
{
    auto config = Config(0);
    config.mapping = MappingKind::Controller;
    config.replication = ReplicationKind::None;
    config.fallbackReplication = ReplicationKind::Multicast;
    config.fdb.ageing = 60s;
    Build(config);
    for (std::size_t i = 0; i < 3; ++i)
    {
        EXPECT_EQ(m_net.At(i).groups, std::set<IpAddress>{GROUP}) << "ready for the day";
        VtepOf(i).SetControllerConnected(true, 0s);
        VtepOf(i).EnableTableLog(true);
    }
    // Connected: nothing is flooded, nothing learned.
    Send(0, MacAddress::Broadcast());
    EXPECT_TRUE(m_net.TakeCrossings().empty());
    VtepOf(0).Install(NETWORK,
                      StationMac(1),
                      VtepAddress(1),
                      FdbOrigin::Controller,
                      m_net.Now(),
                      Ip("192.168.0.1"));
    EXPECT_EQ(Send(0, StationMac(1)), DropReason::None);
    EXPECT_EQ(m_net.TakeDeliveries().size(), 1u);
    EXPECT_EQ(VtepOf(1).Find(NETWORK, StationMac(0)), nullptr);
    m_net.RunUntil(1000s);
    EXPECT_TRUE(VtepOf(0).Find(NETWORK, StationMac(1))) << "a controller's entry does not age";

    // Lost: flood and learn; its entries serve on, but may move.
    for (std::size_t i = 0; i < 3; ++i)
    {
        VtepOf(i).SetControllerConnected(false, m_net.Now());
    }
    Send(2, MacAddress::Broadcast());
    EXPECT_EQ(m_net.TakeCrossings().size(), 1u);
    EXPECT_EQ(*VtepOf(0).Find(NETWORK, StationMac(2)), VtepAddress(2));
    EXPECT_EQ(*VtepOf(0).Find(NETWORK, StationMac(1)), VtepAddress(1));
    m_net.Send(2, m_port[2], PlainFrame(MacAddress::Broadcast(), StationMac(1)));
    EXPECT_EQ(*VtepOf(0).Find(NETWORK, StationMac(1)), VtepAddress(2)) << "it moved";
    m_net.RunUntil(m_net.Now() + 60s);
    EXPECT_EQ(VtepOf(0).Fdb().Size(), 0u);

    // Back: pushed entries rule again.
    VtepOf(0).SetControllerConnected(true, m_net.Now());
    VtepOf(0).Install(NETWORK, StationMac(1), VtepAddress(2), FdbOrigin::Controller, m_net.Now());
    m_net.Send(1, m_port[1], PlainFrame(MacAddress::Broadcast(), StationMac(1)));
    EXPECT_EQ(*VtepOf(0).Find(NETWORK, StationMac(1)), VtepAddress(2));

    std::vector<TableCause> causes;
    for (TableChange change; VtepOf(0).PollTableChange(change);)
    {
        causes.push_back(change.cause);
    }
    EXPECT_EQ(causes,
              (std::vector<TableCause>{TableCause::Controller, // pushed
                                       TableCause::Controller, // released
                                       TableCause::Learned,
                                       TableCause::Moved,
                                       TableCause::Aged,
                                       TableCause::Aged,
                                       TableCause::Controller}));
}

TEST_F(Mapped, EchoesAreDropped)
{
    auto config = Config(0);
    Build(config);
    m_net.At(1).vtep.AddOwnStation(NETWORK, StationMac(0));
    Send(0, MacAddress::Broadcast());
    EXPECT_EQ(VtepOf(1).Counters().underlayDrops[DropReason::OwnSource], 1u);
    EXPECT_EQ(VtepOf(1).Find(NETWORK, StationMac(0)), nullptr);
    // A group's copy that comes back to its sender.
    const auto wire = m_net.TakeCrossings();
    ASSERT_EQ(wire.size(), 1u);
    EXPECT_EQ(VtepOf(0).OnUnderlayPacket(wire[0].packet, m_net.Now()), DropReason::OwnSource);
    // A packet to a group nobody joined here, or to another host.
    Bytes stray = wire[0].packet;
    Readdress(stray, Ip("239.9.9.9"));
    EXPECT_EQ(VtepOf(2).OnUnderlayPacket(stray, m_net.Now()), DropReason::NotForUs);
    Readdress(stray, VtepAddress(1));
    EXPECT_EQ(VtepOf(2).OnUnderlayPacket(stray, m_net.Now()), DropReason::NotForUs);
    EXPECT_EQ(Unbalanced(m_net.At(2)), "");
}

TEST_F(Mapped, UnknownUnicastMayBeForbidden)
{
    auto config = Config(0);
    config.floodUnknownUnicast = false;
    Build(config);
    Send(0, StationMac(9));
    EXPECT_TRUE(m_net.TakeCrossings().empty());
    EXPECT_EQ(VtepOf(0).Counters().localDrops[DropReason::UnknownUnicast], 1u);
    Send(0, MacAddress::Broadcast());
    EXPECT_EQ(m_net.TakeCrossings().size(), 1u);
}

class ArpSuppression : public Mapped
{
  protected:
    ArpSuppression()
    {
        auto config = Config(0);
        config.arpSuppression = true;
        config.arp.ageing = 100s;
        Build(config);
    }

    static IpAddress
    AddressOf(std::size_t host)
    {
        return IpAddress::V4(0xc0a80001 + static_cast<std::uint32_t>(host));
    }

    /// @return crossings and answers of a request
    std::pair<std::size_t, std::size_t>
    Ask(std::size_t host, std::size_t target)
    {
        Bytes request;
        weft::netbase::BuildArpRequest(request,
                                       StationMac(static_cast<std::uint32_t>(host)),
                                       AddressOf(host),
                                       AddressOf(target));
        m_net.TakeCrossings();
        m_net.TakeDeliveries();
        m_net.Send(host, m_port[host], request);
        const auto crossings = m_net.TakeCrossings().size();
        std::size_t answers = 0;
        for (const auto& delivery : m_net.TakeDeliveries())
        {
            answers += delivery.host == host;
        }
        return {crossings, answers};
    }
};

TEST_F(ArpSuppression, KnownTargetsAreAnsweredHereWithoutAPacket)
{
    EXPECT_EQ(Ask(0, 1), (std::pair<std::size_t, std::size_t>{1, 0})) << "unknown: flooded";
    // Everybody overheard who asked.
    EXPECT_EQ(Ask(1, 0), (std::pair<std::size_t, std::size_t>{0, 1}));
    EXPECT_EQ(Ask(2, 0), (std::pair<std::size_t, std::size_t>{0, 1}));
    EXPECT_EQ(VtepOf(1).Counters().localDrops[DropReason::ArpSuppressed], 1u);
    // Not for ever.
    m_net.RunUntil(100s);
    EXPECT_EQ(Ask(2, 0), (std::pair<std::size_t, std::size_t>{1, 0}));
}

TEST_F(ArpSuppression, AnnouncementsAndProbesAreForEverybody)
{
    Ask(0, 1);
    Bytes frame;
    weft::netbase::BuildGarp(frame, StationMac(1), AddressOf(0));
    m_net.Send(1, m_port[1], frame);
    EXPECT_EQ(m_net.TakeCrossings().size(), 1u);
    // The address changed hands: the new MAC is in the answer.
    EXPECT_EQ(VtepOf(2).Arp()->Find(0, AddressOf(0), m_net.Now()), StationMac(1));
    weft::netbase::BuildArpRequest(frame, StationMac(2), IpAddress::V4(0), AddressOf(0));
    m_net.Send(2, m_port[2], frame);
    EXPECT_EQ(m_net.TakeCrossings().size(), 1u) << "a probe is not answered by proxy";
}

TEST_F(ArpSuppression, AStationThatCameHereAnswersForItself)
{
    Ask(0, 2);
    EXPECT_TRUE(VtepOf(1).Arp()->Find(0, AddressOf(0), m_net.Now()));
    // Station 0 turns up at host 1 and asks something: no proxy answers for it there any more.
    Bytes request;
    weft::netbase::BuildArpRequest(request, StationMac(0), AddressOf(0), AddressOf(9));
    m_net.Send(1, m_port[1], request);
    EXPECT_FALSE(VtepOf(1).Arp()->Find(0, AddressOf(0), m_net.Now()));
}

TEST(VtepConfiguration, ImpossibleOnesAreRefused)
{
    const auto refused = [](auto change) {
        VtepConfig config = Config(0);
        change(config);
        EXPECT_THROW(Vtep(config, 0s), std::invalid_argument);
    };
    EXPECT_NO_THROW(Vtep(Config(0), 0s));
    refused([](VtepConfig& c) { c.address = {}; });
    refused([](VtepConfig& c) { c.address = GROUP; });
    refused([](VtepConfig& c) { c.mtu = 575; });
    refused([](VtepConfig& c) { c.mtu = 65536; });
    refused([](VtepConfig& c) { c.networks[0].vni = MAX_VNI + 1; });
    refused([](VtepConfig& c) { c.networks[0].group = VtepAddress(1); });
    refused([](VtepConfig& c) { c.networks[0].group = Ip("ff02::1"); });
    refused([](VtepConfig& c) { c.networks[0].floodList = {GROUP}; });
    refused([](VtepConfig& c) { c.networks[0].floodList = {Ip("2001:db8::1")}; });
    refused([](VtepConfig& c) { c.networks.push_back(c.networks[0]); });
    refused([](VtepConfig& c) { c.fdb.maxEntries = 0; });
    refused([](VtepConfig& c) { c.fdb.ageing = -1s; });
    refused([](VtepConfig& c) { c.replicatorAddress = c.address; });
    refused([](VtepConfig& c) { c.replication = ReplicationKind::ServiceNode; });
    refused([](VtepConfig& c) { c.fallbackReplication = ReplicationKind::HeadEnd; });
    refused([](VtepConfig& c) { c.probe.multiplier = 0; });
    refused([](VtepConfig& c) {
        c.replication = ReplicationKind::ServiceNode;
        c.nodes = {Ip("2001:db8::1")};
    });
}

} // namespace
