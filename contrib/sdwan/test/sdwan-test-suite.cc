// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup sdwan-tests
 * The SD-WAN module's own suite, for the test runner of an ns-3 tree: two Edges with two
 * point-to-point links between them and a host behind each. The data plane is tested at length
 * outside of it.
 */
#include "sdwan-pair-test-case.h"

#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/sdwan-edge-helper.h"
#include "ns3/sdwan-edge.h"
#include "ns3/simulator.h"
#include "ns3/test.h"

#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <vector>

/**
 * @ingroup tests
 * @defgroup sdwan-tests Tests of the sdwan module
 */
namespace tests
{

/**
 * @ingroup sdwan-tests
 * Through the tunnel and out again, both ways, whatever the cipher and however wrong the other
 * clock.
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
 * A copy sent again is refused as replayed, a copy with one bit changed as forged, one from a
 * stranger as of no tunnel.
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
        NS_TEST_EXPECT_MSG_EQ(m_dropped[DropReason::UnknownTunnel], PACKETS, "strangers");
        NS_TEST_EXPECT_MSG_EQ(m_dropped.size(), 3, "and for no other reason");
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
        // The lower half of the outer source address; a checksum of zero is one not computed.
        bytes[14] ^= 1;
        bytes[10] = bytes[11] = 0;
        device->Send(Create<Packet>(bytes.data(), packet->GetSize()), device->GetBroadcast(), IPV4);
        Simulator::Schedule(MilliSeconds(5), [device, replay = packet->Copy()]() {
            device->Send(replay, device->GetBroadcast(), IPV4);
        });
    }

    uint32_t m_caught = 0; ///< datagrams copied
};

/**
 * @ingroup sdwan-tests
 * The link in use falls silent both ways: noticed within 300 ms and one probe, traced, and the flow
 * goes on by the other link.
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
        CutAt(cut);
        Run(Seconds(4));
        std::map<SteeringAction, Event> first;
        for (const auto& event : m_events)
        {
            first.emplace(event.action, event);
        }
        NS_TEST_ASSERT_MSG_EQ(first.count(SteeringAction::Open), 1, "the flow opens");
        NS_TEST_EXPECT_MSG_EQ(
            first[SteeringAction::Open].at, Seconds(1) + m_lanDelay, "with its first packet");
        NS_TEST_EXPECT_MSG_EQ(first[SteeringAction::Open].to, 0, "on the short link");
        NS_TEST_ASSERT_MSG_EQ(first.count(SteeringAction::PathDown), 1, "the path is found dead");
        const Time down = first[SteeringAction::PathDown].at;
        NS_TEST_EXPECT_MSG_GT(down, cut, "after it died");
        NS_TEST_EXPECT_MSG_LT_OR_EQ(down - cut, MilliSeconds(400), "soon");
        NS_TEST_ASSERT_MSG_EQ(first.count(SteeringAction::Switch), 1, "the flow moves");
        NS_TEST_EXPECT_MSG_EQ(first[SteeringAction::Switch].at, down, "at once");
        NS_TEST_EXPECT_MSG_EQ(first[SteeringAction::Switch].to, 1, "to the long link");
        for (uint32_t site = 0; site < 2; ++site)
        {
            NS_TEST_ASSERT_MSG_EQ(m_received[site].empty(), false, "packets arrive");
            NS_TEST_EXPECT_MSG_EQ(m_received[site].back(), PACKETS - 1, "to the last one");
            NS_TEST_EXPECT_MSG_GT(m_received[site].size() + 25, PACKETS, "a gap of half a second");
            NS_TEST_EXPECT_MSG_LT(m_received[site].size(), PACKETS, "but a gap");
        }
    }

    /// 5 us, and 190 bytes at 100 Mbit/s.
    Time m_lanDelay = MicroSeconds(5) + NanoSeconds((PAYLOAD + 28 + 2) * 80);
};

/**
 * @ingroup sdwan-tests
 * An hour's offset changes no decision nor its time; a skew of 100 ppm no decision, and its time by
 * no more than a probe.
 */
class SdwanClockTestCase : public SdwanPairTestCase
{
  public:
    SdwanClockTestCase() : SdwanPairTestCase("decisions do not depend on the clocks")
    {
    }

  private:
    void
    DoRun() override
    {
        const auto run = [this](Time offset, double skewPpm) {
            Build(CipherSuite::Null, offset, skewPpm);
            CutAt(Seconds(2));
            Run(Seconds(4));
            const std::vector<Event> events = m_events;
            DoTeardown();
            return events;
        };
        const auto plain = run(Seconds(0), 0);
        NS_TEST_EXPECT_MSG_GT(plain.size(), 3, "there are decisions");
        for (const auto& [offset, skewPpm, tolerance] :
             {std::make_tuple(Hours(1), 0.0, Time()),
              std::make_tuple(Hours(-1), 0.0, Time()),
              std::make_tuple(Seconds(0), 100.0, MilliSeconds(100)),
              std::make_tuple(Hours(1), -100.0, MilliSeconds(100))})
        {
            const auto other = run(offset, skewPpm);
            NS_TEST_ASSERT_MSG_EQ(other.size(), plain.size(), "as many decisions");
            for (std::size_t i = 0; i < plain.size(); ++i)
            {
                NS_TEST_EXPECT_MSG_EQ((other[i].action == plain[i].action), true, "action");
                NS_TEST_EXPECT_MSG_EQ(other[i].from, plain[i].from, "from");
                NS_TEST_EXPECT_MSG_EQ(other[i].to, plain[i].to, "to");
                NS_TEST_EXPECT_MSG_LT_OR_EQ(Abs(other[i].at - plain[i].at), tolerance, "time");
            }
        }
    }
};

/**
 * @ingroup sdwan-tests
 * What can be set and watched, as the manual lists it.
 */
class SdwanTypeIdTestCase : public TestCase
{
  public:
    SdwanTypeIdTestCase() : TestCase("attributes and trace sources are those of the manual")
    {
    }

  private:
    void
    DoRun() override
    {
        const std::set<std::string> documented{
            "ns3::sdwan::Edge attribute ClockOffset",
            "ns3::sdwan::Edge attribute ClockSkew",
            "ns3::sdwan::Edge trace Drop",
            "ns3::sdwan::Edge trace Event",
            "ns3::sdwan::Edge trace Transmit",
        };
        std::set<std::string> found;
        for (uint16_t i = 0; i < TypeId::GetRegisteredN(); ++i)
        {
            const TypeId type = TypeId::GetRegistered(i);
            if (type.GetGroupName() != "Sdwan")
            {
                continue;
            }
            for (std::size_t a = 0; a < type.GetAttributeN(); ++a)
            {
                found.insert(type.GetName() + " attribute " + type.GetAttribute(a).name);
            }
            for (std::size_t t = 0; t < type.GetTraceSourceN(); ++t)
            {
                found.insert(type.GetName() + " trace " + type.GetTraceSource(t).name);
            }
        }
        for (const auto& name : found)
        {
            NS_TEST_EXPECT_MSG_EQ(documented.count(name), 1, name << " is not documented");
        }
        for (const auto& name : documented)
        {
            NS_TEST_EXPECT_MSG_EQ(found.count(name), 1, name << " does not exist");
        }
    }
};

/**
 * @ingroup sdwan-tests
 * The helper says what is wrong, and with what name.
 */
class SdwanHelperTestCase : public TestCase
{
  public:
    SdwanHelperTestCase() : TestCase("the helper's refusals")
    {
    }

  private:
    /// @param part of the message that is expected @param mistake to make
    void
    Expect(const std::string& part, const std::function<void()>& mistake)
    {
        std::string message = "nothing";
        try
        {
            mistake();
        }
        catch (const std::logic_error& error)
        {
            message = error.what();
        }
        NS_TEST_EXPECT_MSG_NE(
            message.find(part), std::string::npos, "'" << part << "' in '" << message << "'");
    }

    void
    DoRun() override
    {
        Ptr<Node> node = CreateObject<Node>();
        Ptr<Node> host = CreateObject<Node>();
        const auto lan = PointToPointHelper().Install(node, host);
        const auto wan = PointToPointHelper().Install(node, host);
        const Ipv4Mask mask("255.255.255.0");
        EdgeHelper helper(1);
        Expect("LAN device of edge 'a'",
               [&]() { helper.AddEdge("a", node, lan.Get(1), "10.0.0.0", mask); });
        helper.AddEdge("a", node, lan.Get(0), "10.0.0.0", mask);
        helper.AddEdge("b", host, lan.Get(1), "10.0.1.0", mask);
        Expect("an edge 'a' already",
               [&]() { helper.AddEdge("a", node, lan.Get(0), "10.0.0.0", mask); });
        Expect("no edge 'c' (edges: a, b)",
               [&]() { helper.AddLink("c", "x", wan.Get(0), "198.18.0.1"); });
        Expect("device of link 'a.x' has another use",
               [&]() { helper.AddLink("a", "x", lan.Get(0), "198.18.0.1"); });
        Expect("device of link 'a.x' is not a device",
               [&]() { helper.AddLink("a", "x", wan.Get(1), "198.18.0.1"); });
        helper.AddLink("a", "x", wan.Get(0), "198.18.0.1");
        Expect("address of link 'a.x'",
               [&]() { helper.AddLink("b", "y", wan.Get(1), "198.18.0.1"); });
        helper.AddLink("b", "y", wan.Get(1), "198.18.0.2");
        Expect("edge 'b' has no link 'x' (links: y)",
               [&]() { helper.Connect("a", "x", "b", "x"); });
        Expect("cannot be connected to itself", [&]() { helper.Connect("a", "x", "a", "x"); });
        Expect("after Install()", [&]() { helper.GetEdge("a"); });
        helper.Connect("a", "x", "b", "y");
        helper.Install();
        Expect("after Install()", [&]() { helper.Connect("a", "x", "b", "y"); });
        const auto& mirrored = helper.GetEdge("b")->GetDataplane().Config();
        NS_TEST_EXPECT_MSG_EQ(mirrored.peers.at(0).flowIdTopBit, true, "the second has the bit");
        NS_TEST_EXPECT_MSG_EQ(mirrored.tunnels.at(0).initiator, false, "the first opens");
        NS_TEST_EXPECT_MSG_EQ((mirrored.tunnels.at(0).secret ==
                               helper.GetEdge("a")->GetDataplane().Config().tunnels.at(0).secret),
                              true,
                              "one secret");
        NS_TEST_EXPECT_MSG_EQ(lan.Get(1)->GetMtu(), 1440, "MTU of the LAN");
        NS_TEST_EXPECT_MSG_EQ(helper.AssignStreams(5), 0, "no streams");
    }

    void
    DoTeardown() override
    {
        Simulator::Destroy();
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
        AddTestCase(new SdwanClockTestCase());
        AddTestCase(new SdwanTypeIdTestCase());
        AddTestCase(new SdwanHelperTestCase());
    }
};

static SdwanTestSuite g_sdwanTestSuite; ///< registers itself

} // namespace tests
