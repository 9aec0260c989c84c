// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup vxlan-tests
 * The VXLAN module's own suite, for the test runner of an ns-3 tree: hypervisors on stock devices,
 * machines that ping each other, run applications and move. The overlay core is tested at length
 * outside of it.
 */
#include "vxlan-lan-test-case.h"

#include "ns3/boolean.h"
#include "ns3/config.h"
#include "ns3/enum.h"
#include "ns3/global-value.h"
#include "ns3/inet-socket-address.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/ipv4.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/socket.h"
#include "ns3/tcp-socket-factory.h"
#include "ns3/udp-socket-factory.h"
#include "ns3/uinteger.h"

#include <functional>
#include <stdexcept>

/**
 * @ingroup tests
 * @defgroup vxlan-tests Tests of the vxlan module
 */
namespace tests
{

/**
 * @ingroup vxlan-tests
 * Two machines on two of three hosts find each other and answer, whatever the envelope and the way
 * of flooding.
 */
class VxlanPingTestCase : public VxlanLanTestCase
{
  public:
    /// @param encapsulation envelope @param replication way of flooding @param name of both
    VxlanPingTestCase(HypervisorSettings::EncapsulationKind encapsulation,
                      HypervisorSettings::ReplicationKind replication,
                      const std::string& name)
        : VxlanLanTestCase("pings by " + name), m_encapsulation(encapsulation),
          m_replication(replication)
    {
    }

  private:
    void
    DoRun() override
    {
        m_helper.SetHypervisorAttribute("Encapsulation", EnumValue(m_encapsulation));
        m_helper.SetHypervisorAttribute("Replication", EnumValue(m_replication));
        Build(3);
        m_helper.AddVm("vm1", "h1", VNI, "192.168.0.100/24");
        m_helper.AddVm("vm2", "h2", VNI, "192.168.0.101/24");
        Start();
        PingFrom("vm1", "192.168.0.101", Seconds(1), MilliSeconds(10), 10);
        Run(Seconds(2));
        NS_TEST_EXPECT_MSG_EQ(m_replies["vm1"].size(), 10, "answers");
        for (const auto& [sequence, rtt] : m_replies["vm1"])
        {
            // Two crossings each way at least, of 1 us and some bits.
            NS_TEST_EXPECT_MSG_GT(rtt, MicroSeconds(2), "time of flight");
            NS_TEST_EXPECT_MSG_LT(rtt, MilliSeconds(1), "time of flight");
        }
        // The ARP request is flooded, and nothing else: the answer is known by then.
        const uint64_t copies = m_replication == HypervisorSettings::HeadEnd ? 2 : 1;
        NS_TEST_EXPECT_MSG_EQ(Total(m_flooded), 1, "flooded frames");
        NS_TEST_EXPECT_MSG_EQ(m_encapsulated["h1"], copies + 10, "copies from the first host");
        NS_TEST_EXPECT_MSG_EQ(m_encapsulated["h2"], 1 + 10, "copies from the second host");
        NS_TEST_EXPECT_MSG_EQ(m_decapsulated["h3"], 1, "the third host hears the request only");
        const auto vm1 = m_helper.GetVm("vm1")->GetEndpoint().Config().mac;
        const auto vm2 = m_helper.GetVm("vm2")->GetEndpoint().Config().mac;
        const auto find = [this](const char* host, const auto& mac) {
            const auto* remote = m_helper.GetHypervisor(host)->GetCore().GetVtep()->Find(VNI, mac);
            return remote ? remote->ToString() : "none";
        };
        NS_TEST_EXPECT_MSG_EQ(find("h1", vm2), "10.0.0.2", "learned from the answer");
        NS_TEST_EXPECT_MSG_EQ(find("h2", vm1), "10.0.0.1", "learned from the request");
        NS_TEST_EXPECT_MSG_EQ(find("h3", vm1), "10.0.0.1", "learned from the request");
        NS_TEST_EXPECT_MSG_EQ(find("h3", vm2), "none", "the answer was not flooded");
    }

    HypervisorSettings::EncapsulationKind m_encapsulation; ///< envelope
    HypervisorSettings::ReplicationKind m_replication;     ///< way of flooding
};

/**
 * @ingroup vxlan-tests
 * Machines of one host talk without a tunnel; machines of two networks with the same addresses do
 * not hear each other.
 */
class VxlanLocalTestCase : public VxlanLanTestCase
{
  public:
    VxlanLocalTestCase() : VxlanLanTestCase("one host, two networks")
    {
    }

  private:
    void
    DoRun() override
    {
        Build(2);
        m_helper.AddNetwork(865, "239.0.3.97");
        m_helper.AddVm("a1", "h1", VNI, "192.168.0.100/24");
        m_helper.AddVm("a2", "h1", VNI, "192.168.0.101/24");
        m_helper.AddVm("b1", "h1", 865, "192.168.0.100/24");
        Start();
        PingFrom("a1", "192.168.0.101", Seconds(1), MilliSeconds(10), 3);
        PingFrom("b1", "192.168.0.101", Seconds(1), MilliSeconds(10), 3);
        Run(Seconds(10));
        NS_TEST_EXPECT_MSG_EQ(m_replies["a1"].size(), 3, "answers in the same network");
        NS_TEST_EXPECT_MSG_EQ(m_replies["a1"][1], Seconds(0), "in no time");
        NS_TEST_EXPECT_MSG_EQ(m_replies["b1"].size(), 0, "answers from another network");
        // Requests of both networks are flooded, and the other host has nobody to answer.
        NS_TEST_EXPECT_MSG_EQ(Total(m_encapsulated), Total(m_flooded), "floods only");
        NS_TEST_EXPECT_MSG_EQ(m_encapsulated["h2"], 0, "nothing comes back");
    }
};

/**
 * @ingroup vxlan-tests
 * Sockets of a stock stack on machines: a datagram longer than the MTU, a broadcast, and a TCP
 * connection, byte for byte; what goes out carries its checksums.
 */
class VxlanSocketTestCase : public VxlanLanTestCase
{
  public:
    VxlanSocketTestCase() : VxlanLanTestCase("sockets of a stock stack")
    {
    }

  private:
    static constexpr uint32_t STREAM = 300000; ///< bytes over TCP
    static constexpr uint32_t LONG = 4000;     ///< bytes of the datagram

    /// @return a byte of any stream @param place of it
    static uint8_t
    ByteAt(std::size_t place)
    {
        return static_cast<uint8_t>(place * 7 + place / 256);
    }

    /// @return such bytes @param size how many
    static Ptr<Packet>
    MakeBytes(uint32_t size)
    {
        std::vector<uint8_t> bytes(size);
        for (uint32_t i = 0; i < size; ++i)
        {
            bytes[i] = ByteAt(i);
        }
        return Create<Packet>(bytes.data(), size);
    }

    void
    DoRun() override
    {
        Config::SetDefault("ns3::TcpSocket::SegmentSize", UintegerValue(1400));
        Config::SetDefault("ns3::TcpSocket::SndBufSize", UintegerValue(STREAM));
        Build(2);
        NodeContainer nodes(2);
        InternetStackHelper stack;
        stack.SetRoutingHelper(Ipv4StaticRoutingHelper());
        stack.Install(nodes);
        m_devices.Get(0)->SetMtu(1600);
        m_devices.Get(1)->SetMtu(1600);
        m_helper.AddVm("vm1", "h1", VNI, "192.168.0.100/24", "", nodes.Get(0));
        m_helper.AddVm("vm2", "h2", VNI, "192.168.0.101/24", "", nodes.Get(1));
        Start();
        for (const char* vm : {"vm1", "vm2"})
        {
            m_helper.GetVm(vm)->TraceConnectWithoutContext(
                "HostDrop", MakeCallback(&VxlanSocketTestCase::OnHostDrop, this));
            m_helper.GetVm(vm)->TraceConnectWithoutContext(
                "Transmit", MakeCallback(&VxlanSocketTestCase::OnFrame, this));
        }
        Ptr<Socket> sink = Socket::CreateSocket(nodes.Get(1), UdpSocketFactory::GetTypeId());
        sink->Bind(InetSocketAddress(Ipv4Address::GetAny(), 9));
        sink->SetRecvCallback(MakeCallback(&VxlanSocketTestCase::OnDatagram, this));
        Ptr<Socket> source = Socket::CreateSocket(nodes.Get(0), UdpSocketFactory::GetTypeId());
        source->SetAllowBroadcast(true);
        source->Bind();
        Simulator::ScheduleWithContext(nodes.Get(0)->GetId(), Seconds(1), [source]() {
            source->SendTo(MakeBytes(LONG), 0, InetSocketAddress("192.168.0.101", 9));
            source->SendTo(MakeBytes(100), 0, InetSocketAddress("255.255.255.255", 9));
            source->SendTo(MakeBytes(200), 0, InetSocketAddress("192.168.0.255", 9));
        });
        Ptr<Socket> listener = Socket::CreateSocket(nodes.Get(1), TcpSocketFactory::GetTypeId());
        listener->Bind(InetSocketAddress(Ipv4Address::GetAny(), 80));
        listener->Listen();
        listener->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
                                    MakeCallback(&VxlanSocketTestCase::OnAccept, this));
        Ptr<Socket> client = Socket::CreateSocket(nodes.Get(0), TcpSocketFactory::GetTypeId());
        Simulator::ScheduleWithContext(nodes.Get(0)->GetId(), Seconds(2), [client]() {
            client->Connect(InetSocketAddress("192.168.0.101", 80));
            client->Send(MakeBytes(STREAM));
        });
        Run(Seconds(10));
        NS_TEST_ASSERT_MSG_EQ(m_datagrams.size(), 3, "datagrams");
        NS_TEST_EXPECT_MSG_EQ(m_datagrams[0], 100, "limited broadcast needs no ARP");
        NS_TEST_EXPECT_MSG_EQ(m_datagrams[1], 200, "nor does the network's");
        NS_TEST_EXPECT_MSG_EQ(m_datagrams[2], LONG, "fragments, put together");
        NS_TEST_EXPECT_MSG_EQ(m_stream, STREAM, "bytes over TCP");
        NS_TEST_EXPECT_MSG_EQ(m_wrong, 0, "bytes that are not as sent");
        NS_TEST_EXPECT_MSG_EQ(m_hostDrops, 0, "packets that the cards refused");
        NS_TEST_EXPECT_MSG_GT(m_checked, STREAM / 1400, "packets with checksums");
        NS_TEST_EXPECT_MSG_EQ(m_unsummed, 0, "packets without checksums");
        Config::Reset();
    }

    /// @param packet received @param place of its first byte in the stream
    void
    Compare(Ptr<Packet> packet, std::size_t place)
    {
        std::vector<uint8_t> bytes(packet->GetSize());
        packet->CopyData(bytes.data(), packet->GetSize());
        for (std::size_t i = 0; i < bytes.size(); ++i)
        {
            m_wrong += bytes[i] != ByteAt(place + i);
        }
    }

    /// @param socket with a datagram
    void
    OnDatagram(Ptr<Socket> socket)
    {
        while (Ptr<Packet> packet = socket->Recv())
        {
            Compare(packet, 0);
            m_datagrams.push_back(packet->GetSize());
        }
    }

    /// @param socket of the connection @param from unused
    void
    OnAccept(Ptr<Socket> socket, const Address& from)
    {
        (void)from;
        socket->SetRecvCallback(MakeCallback(&VxlanSocketTestCase::OnStream, this));
    }

    /// @param socket with bytes of the stream
    void
    OnStream(Ptr<Socket> socket)
    {
        while (Ptr<Packet> packet = socket->Recv())
        {
            Compare(packet, m_stream);
            m_stream += packet->GetSize();
        }
    }

    /// @param reason why @param bytes how many
    void
    OnHostDrop(weft::netbase::DropReason reason, uint32_t bytes)
    {
        (void)reason;
        (void)bytes;
        ++m_hostDrops;
    }

    /// @param frame of a machine
    void
    OnFrame(weft::netbase::ByteView frame)
    {
        constexpr std::size_t TYPE = 12;
        constexpr std::size_t PROTOCOL = 23;
        constexpr std::size_t FRAGMENT = 20;
        constexpr std::size_t CHECKSUM = 24;
        constexpr std::size_t UPPER = 34;
        if (weft::netbase::Read16(&frame[TYPE]) != 0x0800)
        {
            return;
        }
        m_unsummed += weft::netbase::Read16(&frame[CHECKSUM]) == 0;
        if ((weft::netbase::Read16(&frame[FRAGMENT]) & 0x3fff) == 0)
        {
            ++m_checked;
            const std::size_t place = UPPER + (frame[PROTOCOL] == 6 ? 16 : 6);
            m_unsummed += weft::netbase::Read16(&frame[place]) == 0;
        }
    }

    std::vector<uint32_t> m_datagrams; ///< sizes, as they came
    std::size_t m_stream = 0;          ///< bytes over TCP
    uint32_t m_wrong = 0;              ///< bytes
    uint32_t m_hostDrops = 0;          ///< packets
    uint32_t m_checked = 0;            ///< whole packets sent
    uint32_t m_unsummed = 0;           ///< of them without checksum
};

/**
 * @ingroup vxlan-tests
 * A machine moves: what is lost, and where.
 */
class VxlanMoveTestCase : public VxlanLanTestCase
{
  public:
    /// @param options of the move @param lost pings that may be lost, at least and at most
    /// @param name of the case
    VxlanMoveTestCase(const MoveOptions& options,
                      std::pair<uint32_t, uint32_t> lost,
                      const std::string& name)
        : VxlanLanTestCase("move: " + name), m_options(options), m_lost(lost)
    {
    }

  private:
    void
    DoRun() override
    {
        Build(3);
        m_helper.AddVm("vm1", "h1", VNI, "192.168.0.100/24");
        m_helper.AddVm("vm2", "h2", VNI, "192.168.0.101/24");
        Start();
        const auto vm2 = m_helper.GetVm("vm2");
        vm2->TraceConnectWithoutContext("Move", MakeCallback(&VxlanMoveTestCase::OnMove, this));
        // 400 pings 10 ms apart; the machine moves after 100 of them.
        PingFrom("vm1", "192.168.0.101", Seconds(1), MilliSeconds(10), 400);
        Simulator::Schedule(MilliSeconds(1995),
                            [this]() { m_helper.Move("vm2", "h3", m_options); });
        Run(Seconds(6));
        const uint32_t lost = 400 - static_cast<uint32_t>(m_replies["vm1"].size());
        NS_TEST_EXPECT_MSG_GT_OR_EQ(lost, m_lost.first, "pings lost");
        NS_TEST_EXPECT_MSG_LT_OR_EQ(lost, m_lost.second, "pings lost");
        NS_TEST_EXPECT_MSG_EQ(vm2->GetHypervisor(), m_helper.GetHypervisor("h3"), "where it is");
        NS_TEST_EXPECT_MSG_EQ(vm2->IsRunning(), true, "it runs");
        using vxlan::MoveStep;
        const bool newFirst = m_options.order == vxlan::MoveOrder::NewFirst;
        std::vector<MoveStep> expected{MoveStep::Paused,
                                       newFirst ? MoveStep::PortUp : MoveStep::PortLeft,
                                       newFirst ? MoveStep::PortLeft : MoveStep::PortUp,
                                       MoveStep::Resumed};
        const std::size_t rounds = m_options.announce == vxlan::Announce::None   ? 0
                                   : m_options.announce == vxlan::Announce::Qemu ? 5
                                                                                 : 1;
        expected.insert(expected.end(), rounds, MoveStep::Announced);
        NS_TEST_EXPECT_MSG_EQ((m_steps == expected), true, "steps of the move");
        // What reached a port without a running machine behind it is lost by name.
        const uint64_t named = m_drops["port vm-paused"] + m_drops["port vacant-port"];
        NS_TEST_EXPECT_MSG_EQ((named > 0), !m_options.oldPortDown || newFirst, "named losses");
    }

    /// @param event step of the move
    void
    OnMove(const vxlan::MoveEvent& event)
    {
        m_steps.push_back(event.step);
    }

    MoveOptions m_options;                ///< of the move
    std::pair<uint32_t, uint32_t> m_lost; ///< pings, at least and at most
    std::vector<vxlan::MoveStep> m_steps; ///< as told
};

/**
 * @ingroup vxlan-tests
 * Uplinks without address resolution, as towards a router: two hosts on a point-to-point link.
 */
class VxlanPointToPointTestCase : public TestCase
{
  public:
    VxlanPointToPointTestCase() : TestCase("uplinks without ARP")
    {
    }

  private:
    void
    DoRun() override
    {
        NodeContainer nodes(2);
        PointToPointHelper link;
        link.SetDeviceAttribute("DataRate", StringValue("1Gbps"));
        link.SetDeviceAttribute("Mtu", UintegerValue(1600));
        link.SetChannelAttribute("Delay", StringValue("1ms"));
        const auto ends = link.Install(nodes);
        VxlanHelper helper(1);
        helper.SetHypervisorAttribute("Replication", EnumValue(HypervisorSettings::HeadEnd));
        helper.AddNetwork(VNI);
        helper.AddHypervisor("h1", nodes.Get(0), ends.Get(0), "10.0.0.1/32");
        helper.AddHypervisor("h2", nodes.Get(1), ends.Get(1), "10.9.0.1/32");
        helper.AddVm("vm1", "h1", VNI, "192.168.0.100/24");
        helper.AddVm("vm2", "h2", VNI, "192.168.0.101/24");
        helper.Install();
        const auto vm1 = helper.GetVm("vm1");
        uint32_t replies = 0;
        vm1->TraceConnectWithoutContext(
            "PingReply",
            Callback<void, const vxlan::PingReply&>([&](const vxlan::PingReply& reply) {
                ++replies;
                NS_TEST_EXPECT_MSG_GT(reply.rtt, MilliSeconds(2), "time of flight");
                NS_TEST_EXPECT_MSG_EQ(reply.size, 1472, "payload");
            }));
        Simulator::Schedule(Seconds(1),
                            [vm1]() { vm1->Ping(*IpAddress::Parse("192.168.0.101"), 1472); });
        Simulator::Stop(Seconds(3));
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ(replies, 1, "answers");
        Simulator::Destroy();
    }
};

/**
 * @ingroup vxlan-tests
 * The 802.1Q baseline, and a gateway to a stock host: a port of the switch that is a stock device.
 */
class VxlanGatewayTestCase : public VxlanLanTestCase
{
  public:
    /// @param vtep whether the hosts have VTEPs
    explicit VxlanGatewayTestCase(bool vtep)
        : VxlanLanTestCase(vtep ? "gateway to a stock host" : "802.1Q and a stock host"),
          m_vtep(vtep)
    {
    }

  private:
    void
    DoRun() override
    {
        // The machines check checksums, as real ones do.
        GlobalValue::Bind("ChecksumEnabled", BooleanValue(true));
        m_helper.SetHypervisorAttribute("HasVtep", BooleanValue(m_vtep));
        Build(2);
        m_helper.AddVm("vm1", "h1", VNI, "192.168.0.100/24");
        m_helper.AddVm("vm2", "h2", VNI, "192.168.0.101/24");
        // A stock host on a segment of its own, behind the second hypervisor.
        NodeContainer segment(CreateObject<Node>(), m_nodes.Get(1));
        CsmaHelper csma;
        const auto wires = csma.Install(segment);
        InternetStackHelper stack;
        stack.Install(segment.Get(0));
        const auto ipv4 = segment.Get(0)->GetObject<Ipv4>();
        const uint32_t interface = ipv4->AddInterface(wires.Get(0));
        ipv4->AddAddress(interface, Ipv4InterfaceAddress("192.168.0.200", "255.255.255.0"));
        ipv4->SetUp(interface);
        Start();
        weft::vxlan::PortConfig port;
        port.vni = VNI;
        m_helper.GetHypervisor("h2")->AddPort(wires.Get(1), port);
        PingFrom("vm1", "192.168.0.101", Seconds(1), MilliSeconds(10), 5);
        PingFrom("vm2", "192.168.0.200", Seconds(1), MilliSeconds(10), 5);
        PingFrom("vm1", "192.168.0.200", Seconds(2), MilliSeconds(10), 5);
        Run(Seconds(3));
        NS_TEST_EXPECT_MSG_EQ(m_replies["vm1"].size(), 10, "answers to the first machine");
        NS_TEST_EXPECT_MSG_EQ(m_replies["vm2"].size(), 5, "answers to the second machine");
        NS_TEST_EXPECT_MSG_EQ((Total(m_encapsulated) > 0), m_vtep, "tunnels");
        GlobalValue::Bind("ChecksumEnabled", BooleanValue(false));
    }

    bool m_vtep; ///< VTEPs, or 802.1Q
};

/**
 * @ingroup vxlan-tests
 * Mistakes are refused with their names.
 */
class VxlanRefusalTestCase : public VxlanLanTestCase
{
  public:
    VxlanRefusalTestCase() : VxlanLanTestCase("mistakes are refused")
    {
    }

  private:
    /// @param what is expected in the message @param mistake throws
    void
    Expect(const std::string& what, const std::function<void()>& mistake)
    {
        std::string message = "nothing thrown";
        try
        {
            mistake();
        }
        catch (const std::invalid_argument& error)
        {
            message = error.what();
        }
        catch (const std::logic_error& error)
        {
            message = error.what();
        }
        NS_TEST_EXPECT_MSG_EQ((message.find(what) != std::string::npos),
                              true,
                              "'" << message << "' does not say '" << what << "'");
    }

    void
    DoRun() override
    {
        Build(2);
        m_helper.AddVm("vm1", "h1", VNI, "192.168.0.100/24");
        Expect("there is a network 8640", [this]() { m_helper.AddNetwork(VNI); });
        Expect("'x' is no IP address", [this]() { m_helper.AddNetwork(1, "x"); });
        Expect("no network 7", [this]() { m_helper.AddVm("v", "h1", 7, "10.0.0.1/8"); });
        Expect("no hypervisor 'h9' (known: h1, h2)",
               [this]() { m_helper.AddVm("v", "h9", VNI, "10.0.0.1/8"); });
        Expect("no prefix length", [this]() { m_helper.AddVm("v", "h1", VNI, "10.0.0.1"); });
        Expect("no prefix length", [this]() { m_helper.AddVm("v", "h1", VNI, "10.0.0.1/33"); });
        Expect("has the address of 'vm1'",
               [this]() { m_helper.AddVm("v", "h2", VNI, "192.168.0.100/24"); });
        Expect("comes after Install()", [this]() { m_helper.GetVm("vm1"); });
        Start();
        Expect("comes before Install()", [this]() { m_helper.AddNetwork(1); });
        Expect("it is at h1 already", [this]() { m_helper.Move("vm1", "h1"); });
        Expect("no room for the instant",
               [this]() { m_helper.GetVm("vm1")->Ping(*IpAddress::Parse("192.168.0.1"), 7); });
        m_helper.Move("vm1", "h2", {vxlan::Announce::None, Seconds(1)});
        Expect("in the middle of a move", [this]() { m_helper.Move("vm1", "h2"); });
        m_helper.GetHypervisor("h1")->Do(
            [](weft::vxlan::Hypervisor& core, weft::netbase::TimeNs now) {
                core.RemoveNetwork(VNI, now);
            });
        Run(Seconds(2));
        Expect("8640", [this]() { m_helper.Move("vm1", "h1"); });
        NS_TEST_EXPECT_MSG_EQ(m_helper.GetVm("vm1")->IsRunning(), true, "it stays and runs");
    }
};

/**
 * @ingroup vxlan-tests
 * The suite.
 */
class VxlanTestSuite : public TestSuite
{
  public:
    VxlanTestSuite() : TestSuite("vxlan", TestSuite::Type::SYSTEM)
    {
        using Settings = HypervisorSettings;
        const std::pair<Settings::EncapsulationKind, const char*> envelopes[] = {
            {Settings::Vxlan, "VXLAN"},
            {Settings::Nvgre, "NVGRE"},
            {Settings::GreTeb, "GRE-TEB"},
            {Settings::Stt, "STT"},
            {Settings::Geneve, "Geneve"}};
        for (const auto& [kind, name] : envelopes)
        {
            // STT is made of TCP segments, which no group gets.
            if (kind != Settings::Stt)
            {
                AddTestCase(new VxlanPingTestCase(
                    kind, Settings::Multicast, std::string(name) + " and a group"));
            }
            AddTestCase(new VxlanPingTestCase(
                kind, Settings::HeadEnd, std::string(name) + " and head-end copies"));
        }
        AddTestCase(new VxlanLocalTestCase);
        AddTestCase(new VxlanSocketTestCase);
        AddMoves();
        AddTestCase(new VxlanPointToPointTestCase);
        AddTestCase(new VxlanGatewayTestCase(true));
        AddTestCase(new VxlanGatewayTestCase(false));
        AddTestCase(new VxlanRefusalTestCase);
    }

  private:
    /// Moves of all kinds.
    void
    AddMoves()
    {
        using vxlan::Announce;
        using vxlan::MoveOrder;
        // The machine is silent otherwise, so without an announcement the old place gets all pings:
        // 300 less those that come when nothing was sent. With one the stun time is what is lost.
        const Time stun = MilliSeconds(200);
        AddTestCase(new VxlanMoveTestCase({Announce::Garp, stun}, {20, 21}, "announced by ARP"));
        AddTestCase(new VxlanMoveTestCase({Announce::Rarp, stun}, {20, 21}, "announced by RARP"));
        AddTestCase(
            new VxlanMoveTestCase({Announce::Qemu, stun}, {20, 21}, "announced five times"));
        AddTestCase(new VxlanMoveTestCase({Announce::Garp, stun, true, MoveOrder::NewFirst},
                                          {20, 21},
                                          "announced, new port first"));
        AddTestCase(new VxlanMoveTestCase(
            {Announce::Garp, stun, false}, {20, 21}, "announced, old port stays up"));
        AddTestCase(new VxlanMoveTestCase({Announce::Garp, Seconds(0)}, {0, 1}, "in no time"));
        AddTestCase(
            new VxlanMoveTestCase({Announce::None, stun, false}, {300, 300}, "not announced"));
    }
};

static VxlanTestSuite g_vxlanTestSuite; ///< registers itself

} // namespace tests
