// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The white paper's packet walk-through: VM1 (192.168.0.100) resolves VM2 (192.168.0.101) over VNI
 * 864. Three VTEPs, tables and wire after every step.
 */
#include "overlay_net.h"

#include <gtest/gtest.h>

namespace
{

using namespace weft::vxlan;
using namespace weft::vxlan::test;
using weft::netbase::Table;
using weft::netbase::TableCause;
using weft::netbase::TableChange;
using weft::netbase::TableOp;

constexpr Vni NETWORK = 864;

const MacAddress VM1 = Mac("00:50:56:00:00:64");
const MacAddress VM2 = Mac("00:50:56:00:00:65");
const MacAddress VM3 = Mac("00:50:56:00:00:66");
const IpAddress GROUP = Ip("239.0.3.96");

class Walkthrough : public testing::Test
{
  protected:
    Walkthrough()
    {
        for (std::size_t i = 0; i < 3; ++i)
        {
            VtepConfig config;
            config.address = VtepAddress(i);
            config.networks = {{.vni = NETWORK, .group = GROUP}};
            Host& host = m_net.AddHost(config);
            host.vtep.EnableTableLog(true);
            m_ports[i] = host.bridge.AddPort({.vni = NETWORK});
        }
    }

    /// @return where each VTEP believes a station to be; none: it does not know
    std::vector<IpAddress>
    Believed(const MacAddress& station)
    {
        std::vector<IpAddress> remotes;
        for (std::size_t i = 0; i < 3; ++i)
        {
            const auto* remote = m_net.At(i).vtep.Find(NETWORK, station);
            remotes.push_back(remote ? *remote : IpAddress{});
        }
        return remotes;
    }

    std::vector<std::pair<std::size_t, Bytes>>
    Delivered()
    {
        std::vector<std::pair<std::size_t, Bytes>> all;
        for (auto& delivery : m_net.TakeDeliveries())
        {
            EXPECT_EQ(delivery.port, m_ports[delivery.host]);
            all.emplace_back(delivery.host, delivery.frame);
        }
        return all;
    }

    Net m_net;
    PortId m_ports[3];
};

TEST_F(Walkthrough, ArpAndFirstPacketsOfVni864)
{
    const IpAddress none;
    // Bring-up: no associations; everybody is in the network's group.
    for (std::size_t i = 0; i < 3; ++i)
    {
        EXPECT_EQ(m_net.At(i).groups, std::set<IpAddress>{GROUP});
        EXPECT_EQ(m_net.At(i).vtep.Fdb().Size(), 0u);
    }

    // 1-4: VM1 asks for 192.168.0.101; one packet to the group; both others learn and deliver.
    Bytes request;
    weft::netbase::BuildArpRequest(request, VM1, Ip("192.168.0.100"), Ip("192.168.0.101"));
    EXPECT_EQ(m_net.Send(0, m_ports[0], request), DropReason::None);
    auto wire = m_net.TakeCrossings();
    ASSERT_EQ(wire.size(), 1u);
    const Bytes& packet = wire[0].packet;
    ASSERT_EQ(packet.size(), 20u + 8 + 8 + request.size());
    EXPECT_EQ(packet[9], 17) << "UDP";
    EXPECT_EQ(IpAddress::V4(weft::netbase::Read32(&packet[12])), VtepAddress(0));
    EXPECT_EQ(IpAddress::V4(weft::netbase::Read32(&packet[16])), GROUP);
    EXPECT_EQ(weft::netbase::Read16(&packet[22]), 4789);
    EXPECT_EQ(weft::netbase::Read16(&packet[26]), 0) << "UDP checksum";
    EXPECT_EQ(ToHex(ByteView(packet).subspan(28, 8)), "0800000000036000") << "I flag, VNI 864";
    EXPECT_EQ(Bytes(packet.begin() + 36, packet.end()), request);
    EXPECT_EQ(wire[0].meta.flood, FloodKind::Broadcast);
    EXPECT_EQ(Believed(VM1), (std::vector<IpAddress>{none, VtepAddress(0), VtepAddress(0)}));
    EXPECT_EQ(Believed(VM2), (std::vector<IpAddress>{none, none, none}));
    EXPECT_EQ(Delivered(),
              (std::vector<std::pair<std::size_t, Bytes>>{{1, request}, {2, request}}));
    EXPECT_EQ(m_net.At(0).bridge.Find(NETWORK, VM1), m_ports[0]);
    EXPECT_EQ(m_net.At(1).bridge.Find(NETWORK, VM1), TUNNEL_PORT);

    // 5-7: VM2 answers; unicast to VTEP1, which alone learns VM2.
    weft::netbase::ArpPacket asked;
    ASSERT_EQ(weft::netbase::ReadArp(ByteView(request).subspan(14), asked),
              weft::netbase::DropReason::None);
    Bytes reply;
    weft::netbase::BuildArpReply(reply, asked, VM2);
    EXPECT_EQ(m_net.Send(1, m_ports[1], reply), DropReason::None);
    wire = m_net.TakeCrossings();
    ASSERT_EQ(wire.size(), 1u);
    EXPECT_EQ(wire[0].meta.destination, VtepAddress(0));
    EXPECT_FALSE(wire[0].meta.flood);
    EXPECT_EQ(IpAddress::V4(weft::netbase::Read32(&wire[0].packet[16])), VtepAddress(0));
    EXPECT_EQ(Believed(VM1), (std::vector<IpAddress>{none, VtepAddress(0), VtepAddress(0)}));
    EXPECT_EQ(Believed(VM2), (std::vector<IpAddress>{VtepAddress(1), none, none}));
    EXPECT_EQ(Delivered(), (std::vector<std::pair<std::size_t, Bytes>>{{0, reply}}));

    // Any further unicast goes to VTEP2 alone, and back likewise.
    const auto data = UdpFrame();
    EXPECT_EQ(m_net.Send(0, m_ports[0], data), DropReason::None);
    wire = m_net.TakeCrossings();
    ASSERT_EQ(wire.size(), 1u);
    EXPECT_EQ(wire[0].meta.destination, VtepAddress(1));
    EXPECT_EQ(Delivered(), (std::vector<std::pair<std::size_t, Bytes>>{{1, data}}));

    // The journal of VTEP1 and VTEP3, with causes.
    TableChange change;
    ASSERT_TRUE(m_net.At(0).vtep.PollTableChange(change));
    EXPECT_EQ(change.table, Table::VtepFdb);
    EXPECT_EQ(change.op, TableOp::Add);
    EXPECT_EQ(change.cause, TableCause::Learned);
    EXPECT_EQ(change.domain, NETWORK);
    EXPECT_EQ(change.mac, VM2);
    EXPECT_EQ(change.remote, VtepAddress(1));
    EXPECT_FALSE(m_net.At(0).vtep.PollTableChange(change));
    ASSERT_TRUE(m_net.At(2).vtep.PollTableChange(change));
    EXPECT_EQ(change.mac, VM1);
    EXPECT_FALSE(m_net.At(2).vtep.PollTableChange(change));

    EXPECT_EQ(m_net.At(0).vtep.Counters().Flooded(FloodKind::Broadcast).frames, 1u);
    EXPECT_EQ(m_net.At(0).vtep.Counters().unicastFrames, 1u);
    EXPECT_EQ(m_net.At(2).vtep.Counters().decapsulated, 1u);
    for (std::size_t i = 0; i < 3; ++i)
    {
        EXPECT_EQ(Unbalanced(m_net.At(i)), "");
    }
}

TEST_F(Walkthrough, LocalTrafficIsNeverEncapsulated)
{
    const PortId second = m_net.At(0).bridge.AddPort({.vni = NETWORK});
    // The first frame teaches the switch where VM3 is, and goes to the tunnel as its destination is
    // unknown; from then on both talk without a packet.
    m_net.Send(0, second, PlainFrame(VM1, VM3, 1));
    m_net.Send(0, m_ports[0], PlainFrame(VM3, VM1, 2));
    m_net.TakeCrossings();
    m_net.TakeDeliveries();
    for (std::uint32_t i = 3; i < 9; ++i)
    {
        EXPECT_EQ(m_net.Send(0, second, PlainFrame(VM1, VM3, i)), DropReason::None);
        EXPECT_EQ(m_net.Send(0, m_ports[0], PlainFrame(VM3, VM1, i)), DropReason::None);
    }
    EXPECT_TRUE(m_net.TakeCrossings().empty());
    EXPECT_EQ(m_net.TakeDeliveries().size(), 12u);
}

TEST_F(Walkthrough, GratuitousArpMovesAStationEverywhere)
{
    Bytes announcement;
    weft::netbase::BuildGarp(announcement, VM1, Ip("192.168.0.100"));
    m_net.Send(0, m_ports[0], announcement);
    m_net.Send(2, m_ports[2], announcement);
    EXPECT_EQ(Believed(VM1)[1], VtepAddress(2));
    EXPECT_EQ(m_net.At(1).vtep.Fdb().Counters().moved, 1u);
    // The old host's bridge follows as well: to it the station is now behind the tunnel.
    EXPECT_EQ(m_net.At(0).bridge.Find(NETWORK, VM1), TUNNEL_PORT);
    EXPECT_EQ(m_net.At(0).vtep.Find(NETWORK, VM1) ? *m_net.At(0).vtep.Find(NETWORK, VM1)
                                                  : IpAddress{},
              VtepAddress(2));
}

} // namespace
