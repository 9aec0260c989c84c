// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup sdwan-tests
 * The SD-WAN module's own suite, for the test runner of an ns-3 tree: two Edges and a host behind
 * each, over simple channels. The data plane is tested at length outside of it.
 */
#include "ns3/data-rate.h"
#include "ns3/error-model.h"
#include "ns3/ipv4-header.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/sdwan-edge.h"
#include "ns3/simple-channel.h"
#include "ns3/simple-net-device.h"
#include "ns3/simulator.h"
#include "ns3/test.h"
#include "ns3/udp-header.h"

#include <array>
#include <map>
#include <vector>

/**
 * @ingroup tests
 * @defgroup sdwan-tests Tests of the sdwan module
 */
namespace tests
{

using namespace ns3;
using weft::sdwan::CipherSuite;
using weft::sdwan::DropReason;
using weft::sdwan::SteeringAction;

constexpr uint16_t IPV4 = 0x0800; ///< EtherType
constexpr uint32_t PACKETS = 100; ///< sent by the first host
constexpr uint32_t PAYLOAD = 160; ///< bytes of each

/**
 * @ingroup sdwan-tests
 * Two sites, each a host and an Edge, with two links of 10 and 30 ms between the Edges. From one
 * second on the first host sends a packet every 20 ms to the second.
 */
class SdwanPairTestCase : public TestCase
{
  public:
    /// @param name of the case
    explicit SdwanPairTestCase(const std::string& name) : TestCase(name)
    {
    }

  protected:
    /**
     * @param suite of the tunnels
     * @param offset of the second Edge's clock
     */
    void
    Build(CipherSuite suite, Time offset = Seconds(0))
    {
        for (uint32_t site = 0; site < 2; ++site)
        {
            m_hosts[site] = CreateObject<Node>();
            m_nodes[site] = CreateObject<Node>();
            m_edges[site] = CreateObject<sdwan::Edge>();
        }
        m_edges[1]->SetAttribute("ClockOffset", TimeValue(offset));
        for (uint32_t site = 0; site < 2; ++site)
        {
            m_edges[site]->Configure(MakeConfig(site, suite));
            m_nodes[site]->AggregateObject(m_edges[site]);
        }
        for (uint16_t link = 0; link < 2; ++link)
        {
            const auto ends = Join(m_nodes[0], m_nodes[1], MilliSeconds(10 + 20 * link));
            for (uint32_t site = 0; site < 2; ++site)
            {
                m_edges[site]->AddWanDevice(link, ends[site]);
                m_wan[site][link] = ends[site];
            }
        }
        for (uint32_t site = 0; site < 2; ++site)
        {
            const auto ends = Join(m_hosts[site], m_nodes[site], MicroSeconds(5));
            m_lan[site] = ends[0];
            m_edges[site]->AddLanDevice(
                ends[1], Ipv4Address(Network(site)), Ipv4Mask("255.255.255.0"));
            m_hosts[site]->RegisterProtocolHandler(
                MakeCallback(&SdwanPairTestCase::OnHost, this), IPV4, ends[0]);
            m_edges[site]->TraceConnectWithoutContext(
                "Drop", MakeCallback(&SdwanPairTestCase::OnDrop, this));
        }
        m_edges[0]->TraceConnectWithoutContext("Event",
                                               MakeCallback(&SdwanPairTestCase::OnEvent, this));
        for (uint32_t i = 0; i < PACKETS; ++i)
        {
            Simulator::ScheduleWithContext(m_hosts[0]->GetId(),
                                           Seconds(1) + i * MilliSeconds(20),
                                           &SdwanPairTestCase::SendOne,
                                           this,
                                           i);
        }
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
        Simulator::Destroy();
    }

    /// Checks that every packet reached the other host once, in order and unchanged.
    void
    ExpectAllDelivered()
    {
        NS_TEST_ASSERT_MSG_EQ(m_received.size(), PACKETS, "packets delivered");
        for (uint32_t i = 0; i < PACKETS; ++i)
        {
            NS_TEST_EXPECT_MSG_EQ(m_received[i], i, "order of delivery");
        }
    }

    std::array<Ptr<Node>, 2> m_hosts;                         ///< behind the Edges
    std::array<Ptr<Node>, 2> m_nodes;                         ///< with the Edges
    std::array<Ptr<sdwan::Edge>, 2> m_edges;                  ///< under test
    std::array<Ptr<SimpleNetDevice>, 2> m_lan;                ///< of the hosts
    std::array<std::array<Ptr<SimpleNetDevice>, 2>, 2> m_wan; ///< by site and link
    std::vector<uint32_t> m_received;                         ///< numbers, as they came
    std::map<DropReason, uint32_t> m_dropped;                 ///< what was traced
    std::vector<std::pair<SteeringAction, Time>> m_events;    ///< of the first Edge

  private:
    /// @param site 0 or 1 @return network address of its LAN
    static uint32_t
    Network(uint32_t site)
    {
        return Ipv4Address("10.20.0.0").Get() + (site << 8);
    }

    /// @param site 0 or 1 @param link 0 or 1 @return address on the underlay
    static uint32_t
    WanAddress(uint32_t site, uint32_t link)
    {
        return Ipv4Address("198.51.100.0").Get() + 10 * site + link + 1;
    }

    /// @param site 0 or 1 @param suite of the tunnels @return what its Edge is told
    static weft::sdwan::EdgeConfig
    MakeConfig(uint32_t site, CipherSuite suite)
    {
        const uint32_t other = 1 - site;
        weft::sdwan::EdgeConfig config;
        config.name = site == 0 ? "first" : "second";
        config.suite = suite;
        config.lan = {{Network(site), 24}};
        config.peers.resize(1);
        config.peers[0].name = site == 0 ? "second" : "first";
        config.peers[0].flowIdTopBit = site == 1;
        config.peers[0].prefixes = {{Network(other), 24}};
        for (uint16_t link = 0; link < 2; ++link)
        {
            const std::string name = link == 0 ? "short" : "long";
            config.links.push_back({name, WanAddress(site, link), 1500});
            weft::sdwan::EdgeTunnel tunnel;
            tunnel.link = link;
            tunnel.remoteLink = name;
            tunnel.remoteAddress = WanAddress(other, link);
            tunnel.secret = weft::sdwan::Bytes(32, static_cast<uint8_t>(link + 1));
            tunnel.initiator = site == 0;
            config.tunnels.push_back(tunnel);
        }
        return config;
    }

    /// @param a one end @param b other end @param delay of the link @return the two devices
    static std::array<Ptr<SimpleNetDevice>, 2>
    Join(Ptr<Node> a, Ptr<Node> b, Time delay)
    {
        auto channel = CreateObject<SimpleChannel>();
        channel->SetAttribute("Delay", TimeValue(delay));
        std::array<Ptr<SimpleNetDevice>, 2> ends;
        const std::array<Ptr<Node>, 2> nodes{a, b};
        for (uint32_t i = 0; i < 2; ++i)
        {
            ends[i] = CreateObject<SimpleNetDevice>();
            ends[i]->SetAttribute("DataRate", DataRateValue(DataRate("100Mbps")));
            ends[i]->SetAddress(Mac48Address::Allocate());
            nodes[i]->AddDevice(ends[i]);
            ends[i]->SetChannel(channel);
        }
        return ends;
    }

    /// @param number of the packet, written into its payload
    void
    SendOne(uint32_t number)
    {
        std::array<uint8_t, PAYLOAD> payload;
        payload.fill(static_cast<uint8_t>(number));
        Ptr<Packet> packet = Create<Packet>(payload.data(), PAYLOAD);
        UdpHeader udp;
        udp.SetSourcePort(50000);
        udp.SetDestinationPort(3479);
        packet->AddHeader(udp);
        Ipv4Header ipv4;
        ipv4.SetSource(Ipv4Address(Network(0) + 1));
        ipv4.SetDestination(Ipv4Address(Network(1) + 1));
        ipv4.SetProtocol(17);
        ipv4.SetTtl(64);
        ipv4.SetPayloadSize(static_cast<uint16_t>(packet->GetSize()));
        ipv4.EnableChecksum();
        packet->AddHeader(ipv4);
        m_lan[0]->Send(packet, m_lan[0]->GetBroadcast(), IPV4);
    }

    /**
     * Takes a packet out of the tunnel; the parameters are those of a protocol handler.
     * @param device it came by @param original the packet @param protocol IPv4
     * @param from unused @param to unused @param type unused
     */
    void
    OnHost(Ptr<NetDevice> device,
           Ptr<const Packet> original,
           uint16_t protocol,
           const Address& from,
           const Address& to,
           NetDevice::PacketType type)
    {
        (void)device;
        (void)protocol;
        (void)from;
        (void)to;
        (void)type;
        Ptr<Packet> packet = original->Copy();
        Ipv4Header ipv4;
        ipv4.EnableChecksum();
        packet->RemoveHeader(ipv4);
        UdpHeader udp;
        packet->RemoveHeader(udp);
        NS_TEST_EXPECT_MSG_EQ(ipv4.IsChecksumOk(), true, "checksum of the inner header");
        NS_TEST_EXPECT_MSG_EQ(ipv4.GetDestination(), Ipv4Address(Network(1) + 1), "destination");
        NS_TEST_EXPECT_MSG_EQ(udp.GetDestinationPort(), 3479, "port");
        NS_TEST_ASSERT_MSG_EQ(packet->GetSize(), PAYLOAD, "payload size");
        std::array<uint8_t, PAYLOAD> payload;
        packet->CopyData(payload.data(), PAYLOAD);
        for (const uint8_t byte : payload)
        {
            NS_TEST_ASSERT_MSG_EQ(+byte, +payload[0], "payload");
        }
        m_received.push_back(payload[0]);
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
        m_events.emplace_back(event.decision.action, Simulator::Now());
    }
};

/**
 * @ingroup sdwan-tests
 * Through the tunnel and out again, whatever the cipher and however wrong the other clock.
 */
class SdwanDeliveryTestCase : public SdwanPairTestCase
{
  public:
    /// @param suite of the tunnels @param offset of the second Edge's clock
    SdwanDeliveryTestCase(CipherSuite suite, Time offset)
        : SdwanPairTestCase("delivery with " + std::string(weft::sdwan::ToString(suite))),
          m_suite(suite), m_offset(offset)
    {
    }

  private:
    void
    DoRun() override
    {
        Build(m_suite, m_offset);
        Run(Seconds(4));
        ExpectAllDelivered();
        NS_TEST_EXPECT_MSG_EQ(m_dropped.empty(), true, "nothing is dropped");
    }

    CipherSuite m_suite; ///< of the tunnels
    Time m_offset;       ///< of the second Edge's clock
};

/**
 * @ingroup sdwan-tests
 * A copy sent again is refused as replayed, a copy with one bit changed as forged.
 */
class SdwanForgeryTestCase : public SdwanPairTestCase
{
  public:
    SdwanForgeryTestCase() : SdwanPairTestCase("replayed and forged datagrams are refused")
    {
    }

  private:
    void
    DoRun() override
    {
        Build(CipherSuite::Aes128Gcm);
        m_edges[0]->TraceConnectWithoutContext(
            "Transmit", MakeCallback(&SdwanForgeryTestCase::OnTransmit, this));
        Run(Seconds(4));
        ExpectAllDelivered();
        NS_TEST_EXPECT_MSG_EQ(m_dropped[DropReason::Replayed], PACKETS, "replays");
        NS_TEST_EXPECT_MSG_EQ(m_dropped[DropReason::AuthenticationFailed], PACKETS, "forgeries");
    }

    /// @param info of the datagram @param packet from the outer header on
    void
    OnTransmit(const weft::sdwan::TransmitInfo& info, Ptr<const Packet> packet)
    {
        if (m_caught == PACKETS || packet->GetSize() < PAYLOAD)
        {
            return;
        }
        ++m_caught;
        std::vector<uint8_t> bytes(packet->GetSize());
        packet->CopyData(bytes.data(), packet->GetSize());
        bytes.back() ^= 1;
        // The forgery overtakes what it imitates, or it would be refused as replayed.
        Ptr<NetDevice> device = m_wan[0][info.link];
        device->Send(Create<Packet>(bytes.data(), packet->GetSize()), device->GetBroadcast(), IPV4);
        Simulator::Schedule(MilliSeconds(5), [device, replay = packet->Copy()]() {
            device->Send(replay, device->GetBroadcast(), IPV4);
        });
    }

    uint32_t m_caught = 0; ///< datagrams copied
};

/**
 * @ingroup sdwan-tests
 * The link in use falls silent both ways: noticed within 300 ms and one probe, and the flow goes
 * on.
 */
class SdwanFailureTestCase : public SdwanPairTestCase
{
  public:
    SdwanFailureTestCase() : SdwanPairTestCase("a dead path is left")
    {
    }

  private:
    void
    DoRun() override
    {
        Build(CipherSuite::Null);
        const Time cut = Seconds(2);
        Simulator::Schedule(cut, [this]() {
            for (uint32_t site = 0; site < 2; ++site)
            {
                auto all = CreateObject<RateErrorModel>();
                all->SetUnit(RateErrorModel::ERROR_UNIT_PACKET);
                all->SetRate(1.0);
                m_wan[site][0]->SetReceiveErrorModel(all);
            }
        });
        Run(Seconds(4));
        Time down;
        for (const auto& [action, at] : m_events)
        {
            if (action == SteeringAction::PathDown)
            {
                down = at;
                break;
            }
        }
        NS_TEST_EXPECT_MSG_GT(down, cut, "the path is found dead");
        NS_TEST_EXPECT_MSG_LT_OR_EQ(down - cut, MilliSeconds(410), "soon");
        NS_TEST_ASSERT_MSG_EQ(m_received.empty(), false, "packets arrive");
        NS_TEST_EXPECT_MSG_EQ(m_received.back(), PACKETS - 1, "to the last one");
        NS_TEST_EXPECT_MSG_GT(m_received.size() + 30, PACKETS, "a gap of half a second at most");
    }
};

/**
 * @ingroup sdwan-tests
 * The suite.
 */
class SdwanTestSuite : public TestSuite
{
  public:
    SdwanTestSuite() : TestSuite("sdwan", Type::UNIT)
    {
        AddTestCase(new SdwanDeliveryTestCase(CipherSuite::Null, Seconds(0)));
        AddTestCase(new SdwanDeliveryTestCase(CipherSuite::Aes128Gcm, Hours(1)));
        AddTestCase(new SdwanDeliveryTestCase(CipherSuite::Aes256Gcm, Hours(-1)));
        AddTestCase(new SdwanForgeryTestCase());
        AddTestCase(new SdwanFailureTestCase());
    }
};

static SdwanTestSuite g_sdwanTestSuite; ///< registers itself

} // namespace tests
