// SPDX-License-Identifier: GPL-2.0-only
// What a cloud carries and what it refuses: reachability, weather, link state, queues, and who gets
// the packet.
#include "underlay_fixture.h"

#include "ns3/inet-socket-address.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4.h"
#include "ns3/node-container.h"
#include "ns3/socket.h"
#include "ns3/udp-socket-factory.h"

#include <algorithm>

namespace
{

using namespace ns3;
using namespace std::chrono_literals;
using namespace weft::tests;
using weft::underlay::WeatherConfig;

const Ipv4Address A("203.0.113.1");
const Ipv4Address B("203.0.113.2");
const Ipv4Address C("203.0.113.3");

class UnderlayCloud : public UnderlayTest
{
};

/// @return drops of @p cloud under @p place and @p reason.
uint64_t
Drops(const CloudHelper& cloud, const std::string& place, DropReason reason)
{
    for (const auto& record : cloud.GetCloud()->GetDrops())
    {
        if (record.place == place && record.reason == reason)
        {
            return record.count.packets;
        }
    }
    return 0;
}

TEST_F(UnderlayCloud, DelayIsUplinkPlusWeatherPlusDownlink)
{
    CloudHelper cloud("internet", ProviderCloud::Internet, 1);
    cloud.SetDeviceAttribute("UplinkRate", StringValue("8Mbps"));
    cloud.SetDeviceAttribute("DownlinkRate", StringValue("80Mbps"));
    Ptr<AccessDevice> a = Install(cloud, "a", "203.0.113.1");
    Ptr<AccessDevice> b = Install(cloud, "b", "203.0.113.2");
    cloud.Connect("a", "b", {.delay = 6ms});
    Log log;
    log.Watch(b);
    SendAt(Seconds(1), a, Numbered(7, 1000, A, B));
    Simulator::Run();
    // 1000 B at 8 Mbit/s: 1 ms; at 80 Mbit/s: 0.1 ms.
    EXPECT_EQ(log.arrivals, (std::vector<Arrival>{{7, 1007100000}}));
    EXPECT_EQ(b->GetReceived().bytes, 1000u);
    EXPECT_EQ(cloud.GetCloud()->GetPath("a", "b")->carried.packets, 1u);
    EXPECT_TRUE(cloud.GetCloud()->GetDrops().empty());
}

TEST_F(UnderlayCloud, OneEventACrossing)
{
    CloudHelper cloud("internet", ProviderCloud::Internet, 1);
    Ptr<AccessDevice> a = Install(cloud, "a", "203.0.113.1");
    Ptr<AccessDevice> b = Install(cloud, "b", "203.0.113.2");
    cloud.Connect("a", "b", {.delay = 6ms, .jitter = 2ms});
    Log log;
    log.Watch(b);
    const int n = 1000;
    for (int i = 0; i < n; ++i)
    {
        SendAt(MilliSeconds(i), a, Numbered(i, 500, A, B));
    }
    Simulator::Run();
    EXPECT_EQ(log.arrivals.size(), static_cast<std::size_t>(n));
    // One event sends, one delivers, also where jitter bunches packets up and they wait before the
    // downlink. Four more initialise the nodes and devices.
    EXPECT_EQ(Simulator::GetEventCount(), 2u * n + 4);
}

TEST_F(UnderlayCloud, BytesArriveAsSentAndTheSenderKeepsItsPacket)
{
    CloudHelper cloud("internet", ProviderCloud::Internet, 1);
    Ptr<AccessDevice> a = Install(cloud, "a", "203.0.113.1");
    Ptr<AccessDevice> b = Install(cloud, "b", "203.0.113.2");
    cloud.Connect("a", "b", {.delay = 6ms});
    Ptr<Packet> sent = Numbered(1, 300, A, B);
    std::vector<uint8_t> before(300);
    sent->CopyData(before.data(), 300);
    std::vector<uint8_t> after(300);

    struct Reader
    {
        std::vector<uint8_t>* bytes;
        const Packet* sent;

        bool
        Read(Ptr<Packet> packet)
        {
            EXPECT_NE(PeekPointer(packet), sent);
            packet->CopyData(bytes->data(), 300);
            return true;
        }
    } reader{&after, PeekPointer(sent)};

    b->SetDatagramHandler(MakeCallback(&Reader::Read, &reader));
    SendAt(Seconds(1), a, sent);
    Simulator::Run();
    EXPECT_EQ(before, after);
}

TEST_F(UnderlayCloud, ReachesMembersOnly)
{
    for (const auto kind : {ProviderCloud::Internet, ProviderCloud::L3vpn})
    {
        CloudHelper cloud("net", kind, 1);
        Ptr<AccessDevice> a = Install(cloud, "a", "203.0.113.1");
        Ptr<AccessDevice> b = Install(cloud, "b", "203.0.113.2");
        Ptr<AccessDevice> c = Install(cloud, "c", "203.0.113.3");
        cloud.Connect("a", "b", {.delay = 1ms});
        Log log;
        log.Watch(a);
        log.Watch(b);
        log.Watch(c);
        SendAt(Seconds(1), a, Numbered(1, 100, A, B));
        SendAt(Seconds(1), a, Numbered(2, 100, A, C));
        SendAt(Seconds(1), a, Numbered(3, 100, A, Ipv4Address("198.51.100.1")));
        SendAt(Seconds(1), a, Numbered(4, 100, A, A));
        Simulator::Run();
        ASSERT_EQ(log.arrivals.size(), 1u);
        EXPECT_EQ(log.arrivals[0].id, 1u);
        EXPECT_EQ(log.drops[DropReason::NoPath], (std::vector<uint32_t>{2, 4}));
        const auto outside =
            kind == ProviderCloud::L3vpn ? DropReason::NotInVpn : DropReason::NoSuchMember;
        EXPECT_EQ(log.drops[outside], (std::vector<uint32_t>{3}));
        EXPECT_EQ(Drops(cloud, "link a up", outside), 1u);
        EXPECT_EQ(Drops(cloud, "link a up", DropReason::NoPath), 2u);
        Simulator::Destroy();
    }
}

TEST_F(UnderlayCloud, RoutesLeadToMembersLongestPrefixFirst)
{
    CloudHelper cloud("vpn", ProviderCloud::L3vpn, 1);
    Ptr<AccessDevice> a = Install(cloud, "a", "203.0.113.1");
    Ptr<AccessDevice> b = Install(cloud, "b", "203.0.113.2");
    Ptr<AccessDevice> c = Install(cloud, "c", "203.0.113.3");
    cloud.Connect("a", "b", {.delay = 1ms});
    cloud.Connect("a", "c", {.delay = 1ms});
    cloud.GetCloud()->AddRoute(Ipv4Address("10.0.0.0"), Ipv4Mask("255.0.0.0"), "b");
    Log toB;
    Log toC;
    toB.Watch(b);
    toC.Watch(c);
    SendAt(Seconds(1), a, Numbered(1, 100, A, Ipv4Address("10.1.1.1")));
    Simulator::Schedule(Seconds(2), [&cloud]() {
        cloud.GetCloud()->AddRoute(Ipv4Address("10.1.0.0"), Ipv4Mask("255.255.0.0"), "c");
    });
    SendAt(Seconds(3), a, Numbered(2, 100, A, Ipv4Address("10.1.1.1")));
    SendAt(Seconds(3), a, Numbered(3, 100, A, Ipv4Address("10.2.1.1")));
    Simulator::Run();
    ASSERT_EQ(toB.arrivals.size(), 2u);
    EXPECT_EQ(toB.arrivals[0].id, 1u);
    EXPECT_EQ(toB.arrivals[1].id, 3u);
    ASSERT_EQ(toC.arrivals.size(), 1u);
    EXPECT_EQ(toC.arrivals[0].id, 2u);
}

TEST_F(UnderlayCloud, RefusesWhatDoesNotFitOrIsNotIpv4)
{
    CloudHelper cloud("internet", ProviderCloud::Internet, 1);
    Ptr<AccessDevice> a = Install(cloud, "a", "203.0.113.1");
    cloud.SetDeviceAttribute("Mtu", UintegerValue(1400));
    Ptr<AccessDevice> b = Install(cloud, "b", "203.0.113.2");
    cloud.Connect("a", "b", {.delay = 1ms});
    Log log;
    log.Watch(a);
    log.Watch(b);
    const auto send = [&](uint32_t id, uint32_t size) {
        return a->Send(Numbered(id, size, A, B), Address(), 0x0800);
    };
    EXPECT_FALSE(send(1, 1501));
    EXPECT_TRUE(send(2, 1401));
    EXPECT_TRUE(send(3, 1400));
    EXPECT_FALSE(a->Send(Numbered(4, 100, A, B), Address(), 0x86dd));
    EXPECT_FALSE(a->Send(Create<Packet>(19), Address(), 0x0800));
    Simulator::Run();
    ASSERT_EQ(log.arrivals.size(), 1u);
    EXPECT_EQ(log.arrivals[0].id, 3u);
    EXPECT_EQ(Drops(cloud, "link a up", DropReason::Mtu), 1u);
    EXPECT_EQ(Drops(cloud, "link b down", DropReason::Mtu), 1u);
    EXPECT_EQ(Drops(cloud, "link a up", DropReason::NotIpv4), 2u);
}

TEST_F(UnderlayCloud, WeatherTakesExactlyWhatItSays)
{
    const WeatherConfig weather{
        .delay = 3ms,
        .jitter = 1ms,
        .loss = 0.1,
        .badPeriod = 20ms,
        .common = {{"duct", 0.05, 5ms}},
        .events = {{.name = "torrent", .at = 1s, .duration = 1s, .loss = 0.3},
                   {.name = "cut", .at = 3s, .duration = 500ms, .down = true}}};
    CloudHelper cloud("internet", ProviderCloud::Internet, 9);
    cloud.SetDeviceAttribute("UplinkRate", StringValue("1Gbps"));
    cloud.SetDeviceAttribute("DownlinkRate", StringValue("1Gbps"));
    Ptr<AccessDevice> a = Install(cloud, "a", "203.0.113.1");
    Ptr<AccessDevice> b = Install(cloud, "b", "203.0.113.2");
    cloud.Connect("a", "b", weather);
    Log log;
    log.Watch(a);
    log.Watch(b);
    const int n = 5000;
    for (int i = 0; i < n; ++i)
    {
        SendAt(MilliSeconds(i), a, Numbered(i, 125, A, B));
    }
    Simulator::Run();

    // The weather can be asked again afterwards, here of a twin made from nothing but seed, name
    // and numbers.
    weft::underlay::PathWeather twin(9, "a>b", weft::underlay::Direction::Forward, weather);
    std::map<DropReason, std::vector<uint32_t>> expected;
    std::size_t delivered = 0;
    for (int i = 0; i < n; ++i)
    {
        const auto fate = twin.At(i * 1ms + 1us); // a microsecond on the uplink
        switch (fate.reason)
        {
        case weft::underlay::LossReason::None:
            ASSERT_LT(delivered, log.arrivals.size());
            EXPECT_EQ(log.arrivals[delivered].id, static_cast<uint32_t>(i));
            // Another on the downlink, and a few more where jitter bunches packets up.
            EXPECT_GE(log.arrivals[delivered].at, i * int64_t{1000000} + fate.delay.count() + 2000);
            EXPECT_LE(log.arrivals[delivered].at, i * int64_t{1000000} + fate.delay.count() + 9000);
            ++delivered;
            break;
        case weft::underlay::LossReason::Loss:
            expected[DropReason::Loss].push_back(i);
            break;
        case weft::underlay::LossReason::CommonLoss:
            expected[DropReason::CommonLoss].push_back(i);
            break;
        case weft::underlay::LossReason::EventLoss:
            expected[DropReason::EventLoss].push_back(i);
            break;
        case weft::underlay::LossReason::Down:
            expected[DropReason::PathDown].push_back(i);
            break;
        }
    }
    EXPECT_EQ(delivered, log.arrivals.size());
    EXPECT_EQ(log.drops, expected);
    EXPECT_EQ(log.drops.size(), 4u) << "every reason was put to the test";
    for (const auto& [reason, ids] : expected)
    {
        EXPECT_EQ(Drops(cloud, "cloud internet a>b", reason), ids.size()) << reason;
    }
}

// Probes and parity between data packets change no data packet's fate, as long as nothing queues.
TEST_F(UnderlayCloud, OtherTrafficChangesNoFate)
{
    std::vector<Arrival> arrivals[2];
    for (const bool busy : {false, true})
    {
        CloudHelper cloud("internet", ProviderCloud::Internet, 4);
        cloud.SetDeviceAttribute("UplinkRate", StringValue("1Gbps"));
        cloud.SetDeviceAttribute("DownlinkRate", StringValue("1Gbps"));
        Ptr<AccessDevice> a = Install(cloud, "a", "203.0.113.1");
        Ptr<AccessDevice> b = Install(cloud, "b", "203.0.113.2");
        Ptr<AccessDevice> c = Install(cloud, "c", "203.0.113.3");
        const WeatherConfig weather{.delay = 6ms, .jitter = 1ms, .loss = 0.05, .badPeriod = 30ms};
        cloud.Connect("a", "b", weather);
        cloud.Connect("c", "b", weather);
        Log log;
        log.Watch(b);
        for (int i = 0; i < 3000; ++i)
        {
            SendAt(MilliSeconds(20 * i), a, Numbered(i, 200, A, B));
            if (busy)
            {
                SendAt(MilliSeconds(20 * i + 7), a, Numbered(1000000, 100, A, B));
                SendAt(MilliSeconds(20 * i + 13), c, Numbered(1000000, 100, C, B));
            }
        }
        Simulator::Run();
        std::copy_if(log.arrivals.begin(),
                     log.arrivals.end(),
                     std::back_inserter(arrivals[busy]),
                     [](const Arrival& x) { return x.id < 1000000; });
        Simulator::Destroy();
    }
    ASSERT_EQ(arrivals[0].size(), arrivals[1].size());
    int shifted = 0;
    for (std::size_t i = 0; i < arrivals[0].size(); ++i)
    {
        ASSERT_EQ(arrivals[0][i].id, arrivals[1][i].id);
        // Two packets may meet before the downlink: then one waits for the other, a microsecond or
        // two.
        shifted += arrivals[0][i].at != arrivals[1][i].at;
        ASSERT_NEAR(
            static_cast<double>(arrivals[0][i].at), static_cast<double>(arrivals[1][i].at), 2000);
    }
    EXPECT_LT(shifted, 20);
}

TEST_F(UnderlayCloud, NotConsumedGoesToTheNode)
{
    CloudHelper cloud("internet", ProviderCloud::Internet, 1);
    NodeContainer nodes(2);
    InternetStackHelper stack;
    stack.Install(nodes);
    Ptr<AccessDevice> devices[2];
    for (int i = 0; i < 2; ++i)
    {
        const Ipv4Address address = i == 0 ? A : B;
        devices[i] = cloud.Install(nodes.Get(i), i == 0 ? "a" : "b", address);
        Ptr<Ipv4> ipv4 = nodes.Get(i)->GetObject<Ipv4>();
        const uint32_t interface = ipv4->AddInterface(devices[i]);
        ipv4->AddAddress(interface, Ipv4InterfaceAddress(address, Ipv4Mask("255.255.255.0")));
        ipv4->SetUp(interface);
    }
    cloud.Connect("a", "b", {.delay = 5ms});

    struct Counter
    {
        int packets = 0;
        int64_t at = 0;

        void
        Read(Ptr<Socket> socket)
        {
            while (socket->Recv())
            {
                ++packets;
                at = Simulator::Now().GetNanoSeconds();
            }
        }

        bool
        Refuse(Ptr<Packet>)
        {
            return false;
        }
    } counter;

    Ptr<Socket> sink = Socket::CreateSocket(nodes.Get(1), UdpSocketFactory::GetTypeId());
    sink->Bind(InetSocketAddress(B, 9));
    sink->SetRecvCallback(MakeCallback(&Counter::Read, &counter));
    Ptr<Socket> source = Socket::CreateSocket(nodes.Get(0), UdpSocketFactory::GetTypeId());
    source->Connect(InetSocketAddress(B, 9));
    devices[1]->SetDatagramHandler(MakeCallback(&Counter::Refuse, &counter));
    Simulator::ScheduleWithContext(
        0, Seconds(1), [source]() { source->Send(Create<Packet>(972)); });
    // Larger than the MTU: the stack makes fragments of it.
    Simulator::ScheduleWithContext(
        0, Seconds(2), [source]() { source->Send(Create<Packet>(4000)); });
    Simulator::Stop(Seconds(3));
    Simulator::Run();
    EXPECT_EQ(counter.packets, 2);
    EXPECT_EQ(devices[1]->GetReceived().packets, 4u);
}

TEST_F(UnderlayCloud, LinkDownLosesWhatWaitsAndWhatMeetsIt)
{
    CloudHelper cloud("internet", ProviderCloud::Internet, 1);
    cloud.SetDeviceAttribute("UplinkRate", StringValue("8Mbps"));
    cloud.SetDeviceAttribute("DownlinkRate", StringValue("8Mbps"));
    Ptr<AccessDevice> a = Install(cloud, "a", "203.0.113.1");
    Ptr<AccessDevice> b = Install(cloud, "b", "203.0.113.2");
    cloud.Connect("a", "b", {.delay = 10ms});
    Log log;
    log.Watch(a);
    log.Watch(b);
    // Ten packets of 1 ms at t = 1 s leave at 1.001 ... 1.010 s.
    for (int i = 0; i < 10; ++i)
    {
        SendAt(Seconds(1), a, Numbered(i, 1000, A, B));
    }
    const auto set = [](Ptr<AccessDevice> device, bool up) { device->SetAdminUp(up); };
    Simulator::Schedule(MicroSeconds(1004500), [&]() {
        set(a, false);
        EXPECT_FALSE(a->IsLinkUp());
    });
    SendAt(MicroSeconds(1005000), a, Numbered(10, 1000, A, B));
    Simulator::Schedule(MicroSeconds(1006000), [&]() { set(a, true); });
    SendAt(MicroSeconds(1007000), a, Numbered(11, 1000, A, B));
    Simulator::Schedule(Seconds(2), [&]() {
        // Four had left, and the one sent after the link came back found the uplink idle.
        ASSERT_EQ(log.arrivals.size(), 5u);
        EXPECT_EQ(log.arrivals[3].id, 3u);
        EXPECT_EQ(log.arrivals[4], (Arrival{11, 1019000000}));
        auto lost = log.drops[DropReason::LinkDown];
        std::sort(lost.begin(), lost.end());
        EXPECT_EQ(lost, (std::vector<uint32_t>{4, 5, 6, 7, 8, 9, 10}));
        EXPECT_EQ(Drops(cloud, "link a up", DropReason::LinkDown), 7u);
    });

    // The far link goes down with one packet on it, one waiting, and some still in the cloud.
    for (int i = 0; i < 4; ++i)
    {
        SendAt(Seconds(3), a, Numbered(20 + i, 1000, A, B));
    }
    Simulator::Schedule(MicroSeconds(3011500),
                        [&]() { set(b, false); }); // 20 is on it; 21 to 23 are to come
    Simulator::Schedule(MicroSeconds(3013500), [&]() { set(b, true); });
    Simulator::Run();
    ASSERT_EQ(log.arrivals.size(), 6u);
    EXPECT_EQ(log.arrivals[5].id, 23u);
    EXPECT_EQ(Drops(cloud, "link b down", DropReason::LinkDown), 3u);
    EXPECT_EQ(cloud.GetCloud()->GetUnderWay(), 0u);
}

TEST_F(UnderlayCloud, SeveralSourcesAreServedInOrderOfArrival)
{
    CloudHelper cloud("internet", ProviderCloud::Internet, 1);
    cloud.SetDeviceAttribute("UplinkRate", StringValue("1Gbps"));
    cloud.SetDeviceAttribute("DownlinkRate", StringValue("8Mbps"));
    Ptr<AccessDevice> far = Install(cloud, "far", "203.0.113.1");
    Ptr<AccessDevice> near = Install(cloud, "near", "203.0.113.2");
    Ptr<AccessDevice> to = Install(cloud, "to", "203.0.113.3");
    cloud.Connect("far", "to", {.delay = 50ms});
    cloud.Connect("near", "to", {.delay = 1ms});
    Log log;
    log.Watch(to);
    // Sent first, arrives last; and a short packet that arrives while a long one is on the line
    // waits for it.
    SendAt(MilliSeconds(0), far, Numbered(1, 1000, A, C));
    SendAt(MilliSeconds(10), near, Numbered(2, 1000, B, C));
    SendAt(MicroSeconds(49400), near, Numbered(3, 125, B, C));
    Simulator::Run();
    ASSERT_EQ(log.arrivals.size(), 3u);
    EXPECT_EQ(log.arrivals[0], (Arrival{2, 12008000}));
    EXPECT_EQ(log.arrivals[1], (Arrival{1, 51008000}));
    EXPECT_EQ(log.arrivals[2], (Arrival{3, 51133000}));
}

TEST_F(UnderlayCloud, NothingDependsOnTheOrderOfCreation)
{
    std::vector<Arrival> first;
    for (const bool swapped : {false, true})
    {
        CloudHelper cloud("internet", ProviderCloud::Internet, 4);
        Ptr<AccessDevice> a;
        Ptr<AccessDevice> b;
        const WeatherConfig weather{.delay = 6ms, .jitter = 4ms, .loss = 0.1, .badPeriod = 30ms};
        if (swapped)
        {
            Install(cloud, "other", "203.0.113.9");
            b = Install(cloud, "b", "203.0.113.2");
            a = Install(cloud, "a", "203.0.113.1");
            cloud.Connect("other", "a", weather);
        }
        else
        {
            a = Install(cloud, "a", "203.0.113.1");
            b = Install(cloud, "b", "203.0.113.2");
        }
        cloud.Connect("a", "b", weather);
        Log log;
        log.Watch(b);
        for (int i = 0; i < 1000; ++i)
        {
            SendAt(MilliSeconds(5 * i), a, Numbered(i, 200, A, B));
        }
        Simulator::Run();
        if (swapped)
        {
            EXPECT_EQ(log.arrivals, first);
        }
        first = log.arrivals;
        Simulator::Destroy();
    }
}

} // namespace
