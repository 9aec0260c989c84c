// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay-tests
 * Fabrics under ns-3's own stack, for the test runner of an ns-3 tree. Cores, failures, books and
 * whole fabrics are tested at length outside of it.
 */
#include "ns3/boolean.h"
#include "ns3/inet-socket-address.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/ipv4.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/simulator.h"
#include "ns3/socket.h"
#include "ns3/test.h"
#include "ns3/udp-socket-factory.h"
#include "ns3/uinteger.h"
#include "ns3/underlay-fabric-helper.h"

#include <vector>

namespace tests
{

using namespace ns3;
using underlay::FabricAttachment;
using underlay::FabricHelper;
using underlay::FabricHostConfig;
using underlay::FabricLinkConfig;
using underlay::FrameDrop;

/**
 * @ingroup underlay-tests
 * Base of the cases: stock hosts with UDP on a fabric.
 */
class FabricTestCase : public TestCase
{
  public:
    /// @param name of the case
    explicit FabricTestCase(const std::string& name) : TestCase(name)
    {
    }

  protected:
    /// @param fabric to attach to @param name of the router or switch @param config of the place
    /// @return the number of a new host with ns-3's IPv4
    std::size_t
    AddHost(FabricHelper& fabric, const std::string& name, const FabricHostConfig& config = {})
    {
        Ptr<Node> node = CreateObject<Node>();
        InternetStackHelper stack;
        stack.Install(node);
        const FabricAttachment place = fabric.AttachHost(name, node, config);
        Ptr<Ipv4> ipv4 = node->GetObject<Ipv4>();
        const uint32_t interface = ipv4->AddInterface(place.device);
        ipv4->AddAddress(
            interface,
            Ipv4InterfaceAddress(Ipv4Address(place.address.ToV4()), Ipv4Mask("255.255.255.0")));
        ipv4->SetUp(interface);
        if (!place.gateway.IsNone())
        {
            Ipv4StaticRoutingHelper().GetStaticRouting(ipv4)->SetDefaultRoute(
                Ipv4Address(place.gateway.ToV4()), interface);
        }
        Ptr<Socket> sink = Socket::CreateSocket(node, UdpSocketFactory::GetTypeId());
        sink->Bind(InetSocketAddress(Ipv4Address::GetAny(), 9));
        sink->SetRecvCallback(MakeCallback(&FabricTestCase::Read, this));
        m_nodes.push_back(node);
        m_places.push_back(place);
        m_sinks.push_back(sink);
        m_received.push_back(0);
        return m_nodes.size() - 1;
    }

    /// @param from number of a host @param to number of another @param flows to open @param packets
    /// of each, a millisecond apart, from 1 s on, after one that has the neighbours resolved @param
    /// size of the payload
    void
    SendMany(std::size_t from, std::size_t to, int flows, int packets, uint32_t size)
    {
        for (int flow = 0; flow < flows; ++flow)
        {
            Ptr<Socket> socket = Socket::CreateSocket(m_nodes[from], UdpSocketFactory::GetTypeId());
            socket->Connect(InetSocketAddress(Ipv4Address(m_places[to].address.ToV4()), 9));
            for (int i = 0; i < packets; ++i)
            {
                Simulator::ScheduleWithContext(
                    m_nodes[from]->GetId(),
                    Seconds(1) + i * MilliSeconds(1) + flow * MicroSeconds(5),
                    [socket, size]() { socket->Send(Create<Packet>(size)); });
            }
            if (flow == 0)
            {
                // ns-3's ARP waits for up to 10 ms before it asks, and keeps three packets.
                Simulator::ScheduleWithContext(m_nodes[from]->GetId(),
                                               MilliSeconds(900),
                                               [socket]() { socket->Send(Create<Packet>(1)); });
            }
        }
    }

    /// @param fabric where @param reason why @return packets dropped
    static uint64_t
    Dropped(const FabricHelper& fabric, FrameDrop reason)
    {
        uint64_t sum = 0;
        for (const auto& record : fabric.GetDrops())
        {
            sum += record.reason == reason ? record.count.packets : 0;
        }
        return sum;
    }

    void
    DoTeardown() override
    {
        m_nodes.clear();
        m_places.clear();
        m_sinks.clear();
        Simulator::Destroy();
    }

    std::vector<Ptr<Node>> m_nodes;         ///< hosts
    std::vector<FabricAttachment> m_places; ///< theirs
    std::vector<Ptr<Socket>> m_sinks;       ///< theirs
    std::vector<int> m_received;            ///< packets, by host

  private:
    /// @param socket with something to read
    void
    Read(Ptr<Socket> socket)
    {
        for (std::size_t i = 0; i < m_sinks.size(); ++i)
        {
            while (m_sinks[i] == socket && socket->Recv())
            {
                ++m_received[i];
            }
        }
    }
};

/**
 * @ingroup underlay-tests
 * ns-3's UDP, IPv4 and ARP over a leaf-spine fabric: flows spread, a link fails, routes converge.
 */
class FabricLeafSpineTestCase : public FabricTestCase
{
  public:
    FabricLeafSpineTestCase() : FabricTestCase("stock hosts on a leaf-spine fabric")
    {
    }

  private:
    void
    DoRun() override
    {
        FabricHelper fabric(1);
        fabric.SetConvergence(MilliSeconds(5));
        fabric.LeafSpine(2, 2);
        const auto a = AddHost(fabric, "leaf1");
        const auto b = AddHost(fabric, "leaf2");
        fabric.Start();
        SendMany(a, b, 40, 50, 500);
        Simulator::Schedule(MicroSeconds(1020500),
                            &underlay::EthernetLink::SetUp,
                            PeekPointer(fabric.GetLink("leaf1.spine1")),
                            false);
        Simulator::Stop(Seconds(2));
        Simulator::Run();
        const auto lost = Dropped(fabric, FrameDrop::NextHopDown);
        NS_TEST_EXPECT_MSG_GT(lost, 0, "a black hole until routes converge");
        NS_TEST_EXPECT_MSG_LT(lost, 5 * 40, "for the flows of one link, for 5 ms");
        NS_TEST_EXPECT_MSG_EQ(m_received[b] + lost, 2001, "the rest arrives");
        NS_TEST_EXPECT_MSG_GT(
            fabric.GetRouter("spine1")->GetCounts().forwarded.packets, 100, "one way was used");
        NS_TEST_EXPECT_MSG_GT(
            fabric.GetRouter("spine2")->GetCounts().forwarded.packets, 1000, "and the other");
    }
};

/**
 * @ingroup underlay-tests
 * Stock hosts over switches, of two VLANs.
 */
class FabricSwitchTestCase : public FabricTestCase
{
  public:
    FabricSwitchTestCase() : FabricTestCase("stock hosts on switches")
    {
    }

  private:
    void
    DoRun() override
    {
        FabricHelper fabric(1);
        fabric.LeafSpine(2, 2, {}, true);
        FabricHostConfig config;
        config.vlans = {10};
        config.nativeVlan = 10;
        config.address = *weft::netbase::IpAddress::Parse("192.168.0.1");
        const auto a = AddHost(fabric, "leaf1", config);
        config.address = *weft::netbase::IpAddress::Parse("192.168.0.2");
        const auto b = AddHost(fabric, "leaf2", config);
        config.address = *weft::netbase::IpAddress::Parse("192.168.0.3");
        config.vlans = {20};
        config.nativeVlan = 20;
        const auto c = AddHost(fabric, "leaf2", config);
        fabric.Start();
        SendMany(a, b, 1, 10, 500);
        SendMany(a, c, 1, 10, 500);
        Simulator::Stop(Seconds(10));
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ(m_received[b], 11, "the same VLAN");
        NS_TEST_EXPECT_MSG_EQ(m_received[c], 0, "another VLAN");
        NS_TEST_EXPECT_MSG_EQ(fabric.GetSwitch("leaf1")->GetTable().Size(), 2, "a and b");
    }
};

/**
 * @ingroup underlay-tests
 * A router cuts what is too long for a link, where it may.
 */
class FabricMtuTestCase : public FabricTestCase
{
  public:
    FabricMtuTestCase() : FabricTestCase("fragmentation at a router")
    {
    }

  private:
    void
    DoRun() override
    {
        FabricHelper fabric(1);
        fabric.AddRouter("r1");
        fabric.AddRouter("r2");
        FabricLinkConfig narrow;
        narrow.mtu = 1400;
        fabric.Connect("r1", "r2", narrow);
        const auto a = AddHost(fabric, "r1");
        const auto b = AddHost(fabric, "r2");
        fabric.Start();
        SendMany(a, b, 1, 10, 3000);
        Simulator::Stop(Seconds(2));
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ(m_received[b], 11, "put together again by ns-3's IPv4");
        NS_TEST_EXPECT_MSG_EQ(
            fabric.GetRouter("r1")->GetCounts().fragments.packets, 20, "two more of each");
    }
};

/**
 * @ingroup underlay-tests
 * The suite.
 */
class UnderlayFabricTestSuite : public TestSuite
{
  public:
    UnderlayFabricTestSuite() : TestSuite("underlay-fabric", Type::UNIT)
    {
        AddTestCase(new FabricLeafSpineTestCase());
        AddTestCase(new FabricSwitchTestCase());
        AddTestCase(new FabricMtuTestCase());
    }
};

static UnderlayFabricTestSuite g_underlayFabricTestSuite; ///< registers itself

} // namespace tests
