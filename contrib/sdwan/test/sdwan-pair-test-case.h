// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup sdwan-tests
 * Two Edges with two point-to-point links between them and a host behind each.
 */
#ifndef SDWAN_PAIR_TEST_CASE_H
#define SDWAN_PAIR_TEST_CASE_H

#include "ns3/double.h"
#include "ns3/error-model.h"
#include "ns3/ipv4-header.h"
#include "ns3/net-device-container.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/point-to-point-net-device.h"
#include "ns3/sdwan-edge-helper.h"
#include "ns3/sdwan-edge.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/test.h"
#include "ns3/udp-header.h"

#include <array>
#include <map>
#include <vector>

namespace tests
{

using namespace ns3;
using sdwan::Edge;
using sdwan::EdgeHelper;
using weft::sdwan::CipherSuite;
using weft::sdwan::DropReason;
using weft::sdwan::SteeringAction;

inline constexpr uint16_t IPV4 = 0x0800; ///< EtherType
inline constexpr uint32_t PACKETS = 100; ///< sent by each host
inline constexpr uint32_t PAYLOAD = 160; ///< bytes of each
inline constexpr uint32_t TTL_PLACE =
    8; ///< of the TTL in an IPv4 header; the checksum is 2 further on

/**
 * @ingroup sdwan-tests
 * Two sites, each a host and an Edge, with two links of 10 and 30 ms between the Edges. From one
 * second on each host sends the other a packet every 20 ms.
 */
class SdwanPairTestCase : public TestCase
{
  public:
    /// @param name of the case
    explicit SdwanPairTestCase(const std::string& name) : TestCase(name)
    {
    }

  protected:
    /// A decision as the trace tells it, but for the clock of the Edge that took it.
    struct Event
    {
        SteeringAction action; ///< what
        uint16_t from;         ///< tunnel
        uint16_t to;           ///< tunnel
        Time at;               ///< simulated time
    };

    /**
     * @param suite of the tunnels
     * @param offset of the second Edge's clock
     * @param skewPpm of the second Edge's clock
     */
    void
    Build(CipherSuite suite, Time offset = Seconds(0), double skewPpm = 0)
    {
        EdgeHelper helper(1);
        helper.SetCipher(suite);
        PointToPointHelper pointToPoint;
        pointToPoint.SetDeviceAttribute("DataRate", StringValue("100Mbps"));
        for (uint32_t site = 0; site < 2; ++site)
        {
            m_hosts[site] = CreateObject<Node>();
            m_nodes[site] = CreateObject<Node>();
            pointToPoint.SetChannelAttribute("Delay", StringValue("5us"));
            const auto ends = pointToPoint.Install(m_hosts[site], m_nodes[site]);
            m_lan[site] = ends.Get(0);
            if (site == 1)
            {
                helper.SetEdgeAttribute("ClockOffset", TimeValue(offset));
                helper.SetEdgeAttribute("ClockSkew", DoubleValue(skewPpm));
            }
            helper.AddEdge(NAMES[site],
                           m_nodes[site],
                           ends.Get(1),
                           Ipv4Address(Network(site)),
                           Ipv4Mask("255.255.255.0"));
        }
        for (uint32_t link = 0; link < 2; ++link)
        {
            const std::string name = link == 0 ? "short" : "long";
            pointToPoint.SetChannelAttribute("Delay", TimeValue(MilliSeconds(link == 0 ? 10 : 30)));
            const auto ends = pointToPoint.Install(m_nodes[0], m_nodes[1]);
            for (uint32_t site = 0; site < 2; ++site)
            {
                m_wan[site][link] = ends.Get(site);
                helper.AddLink(NAMES[site],
                               name,
                               ends.Get(site),
                               Ipv4Address(Ipv4Address("198.51.100.1").Get() + 10 * site + link));
            }
            helper.Connect(NAMES[0], name, NAMES[1], name);
        }
        helper.Install();
        for (uint32_t site = 0; site < 2; ++site)
        {
            m_edges[site] = helper.GetEdge(NAMES[site]);
            m_hosts[site]->RegisterProtocolHandler(
                MakeCallback(&SdwanPairTestCase::OnHost, this), IPV4, m_lan[site]);
            m_edges[site]->TraceConnectWithoutContext(
                "Drop", MakeCallback(&SdwanPairTestCase::OnDrop, this));
            for (uint32_t i = 0; i < PACKETS; ++i)
            {
                Simulator::ScheduleWithContext(m_hosts[site]->GetId(),
                                               Seconds(1) + i * MilliSeconds(20),
                                               &SdwanPairTestCase::SendOne,
                                               this,
                                               site,
                                               i);
            }
        }
        m_edges[0]->TraceConnectWithoutContext("Event",
                                               MakeCallback(&SdwanPairTestCase::OnEvent, this));
    }

    /// @param at when the short link falls silent both ways
    void
    CutAt(Time at)
    {
        Simulator::Schedule(at, [this]() {
            for (uint32_t site = 0; site < 2; ++site)
            {
                auto all = CreateObject<RateErrorModel>();
                all->SetUnit(RateErrorModel::ERROR_UNIT_PACKET);
                all->SetRate(1.0);
                DynamicCast<PointToPointNetDevice>(m_wan[site][0])->SetReceiveErrorModel(all);
            }
        });
    }

    /// @param until simulated end
    void
    Run(Time until)
    {
        Simulator::Stop(until);
        Simulator::Run();
    }

    void
    DoTeardown() override
    {
        m_hosts = {};
        m_nodes = {};
        m_edges = {};
        m_lan = {};
        m_wan = {};
        m_received = {};
        m_dropped.clear();
        m_events.clear();
        Simulator::Destroy();
    }

    /// Checks that every packet reached the other host once, in order; OnHost() saw to the bytes.
    void
    ExpectAllDelivered()
    {
        for (uint32_t site = 0; site < 2; ++site)
        {
            NS_TEST_ASSERT_MSG_EQ(m_received[site].size(), PACKETS, "packets delivered");
            for (uint32_t i = 0; i < PACKETS; ++i)
            {
                NS_TEST_EXPECT_MSG_EQ(m_received[site][i], i, "order of delivery");
            }
        }
    }

    static constexpr std::array<const char*, 2> NAMES{"first", "second"}; ///< of the Edges
    std::array<Ptr<Node>, 2> m_hosts;                                     ///< behind the Edges
    std::array<Ptr<Node>, 2> m_nodes;                                     ///< with the Edges
    std::array<Ptr<Edge>, 2> m_edges;                                     ///< under test
    std::array<Ptr<NetDevice>, 2> m_lan;                                  ///< of the hosts
    std::array<std::array<Ptr<NetDevice>, 2>, 2> m_wan;                   ///< by site and link
    std::array<std::vector<uint32_t>, 2> m_received; ///< numbers, as they came, by receiving site
    std::map<DropReason, uint32_t> m_dropped;        ///< what was traced
    std::vector<Event> m_events;                     ///< of the first Edge

  private:
    /// @return network address of a LAN @param site 0 or 1
    static uint32_t
    Network(uint32_t site)
    {
        return Ipv4Address("10.20.0.0").Get() + (site << 8);
    }

    /// @return the packet of that number @param site it is sent from @param number of it
    static Ptr<Packet>
    MakePacket(uint32_t site, uint32_t number)
    {
        std::array<uint8_t, PAYLOAD> payload;
        for (uint32_t i = 0; i < PAYLOAD; ++i)
        {
            payload[i] = static_cast<uint8_t>(number + 7 * i);
        }
        Ptr<Packet> packet = Create<Packet>(payload.data(), PAYLOAD);
        UdpHeader udp;
        udp.SetSourcePort(site == 0 ? 50000 : 3479);
        udp.SetDestinationPort(site == 0 ? 3479 : 50000);
        packet->AddHeader(udp);
        Ipv4Header ipv4;
        ipv4.SetSource(Ipv4Address(Network(site) + 1));
        ipv4.SetDestination(Ipv4Address(Network(1 - site) + 1));
        ipv4.SetProtocol(17);
        ipv4.SetTtl(64);
        ipv4.SetIdentification(static_cast<uint16_t>(number));
        ipv4.SetPayloadSize(static_cast<uint16_t>(packet->GetSize()));
        ipv4.EnableChecksum();
        packet->AddHeader(ipv4);
        return packet;
    }

    /// @return its bytes @param packet any
    static std::vector<uint8_t>
    BytesOf(Ptr<const Packet> packet)
    {
        std::vector<uint8_t> bytes(packet->GetSize());
        packet->CopyData(bytes.data(), packet->GetSize());
        return bytes;
    }

    /// @param site of the host @param number of the packet
    void
    SendOne(uint32_t site, uint32_t number)
    {
        m_lan[site]->Send(MakePacket(site, number), m_lan[site]->GetBroadcast(), IPV4);
    }

    /**
     * Takes a packet out of the tunnel; the parameters are those of a protocol handler.
     * @param device it came by @param packet it @param protocol IPv4
     * @param from unused @param to unused @param type unused
     */
    void
    OnHost(Ptr<NetDevice> device,
           Ptr<const Packet> packet,
           uint16_t protocol,
           const Address& from,
           const Address& to,
           NetDevice::PacketType type)
    {
        (void)protocol;
        (void)from;
        (void)to;
        (void)type;
        const uint32_t site = device == m_lan[0] ? 0 : 1;
        Ipv4Header ipv4;
        ipv4.EnableChecksum();
        packet->PeekHeader(ipv4);
        NS_TEST_EXPECT_MSG_EQ(ipv4.IsChecksumOk(), true, "checksum of the inner header");
        std::vector<uint8_t> expected = BytesOf(MakePacket(1 - site, ipv4.GetIdentification()));
        std::vector<uint8_t> bytes = BytesOf(packet);
        NS_TEST_ASSERT_MSG_EQ(bytes.size(), expected.size(), "size");
        NS_TEST_EXPECT_MSG_EQ(+bytes[TTL_PLACE], expected[TTL_PLACE] - 2, "TTL: two routers");
        for (std::size_t i : {0, 2, 3})
        {
            bytes[TTL_PLACE + i] = expected[TTL_PLACE + i] = 0;
        }
        NS_TEST_EXPECT_MSG_EQ((bytes == expected), true, "every other byte");
        m_received[site].push_back(ipv4.GetIdentification());
    }

    /// @param reason why @param bytes how many
    void
    OnDrop(DropReason reason, uint32_t bytes)
    {
        (void)bytes;
        ++m_dropped[reason];
    }

    /// @param event of the first Edge
    void
    OnEvent(const weft::sdwan::EdgeEvent& event)
    {
        const auto& decision = event.decision;
        m_events.push_back({decision.action, decision.from, decision.to, Simulator::Now()});
    }
};

} // namespace tests

#endif
