// SPDX-License-Identifier: GPL-2.0-only
// The computed access links against stock nodes: PointToPointNetDevices over byte-limited
// DropTailQueues, and a router.
#include "underlay_fixture.h"

#include "ns3/inet-socket-address.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-address-helper.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/node-container.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/socket.h"
#include "ns3/traffic-control-helper.h"
#include "ns3/traffic-control-layer.h"
#include "ns3/udp-socket-factory.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace
{

using namespace ns3;
using namespace weft::tests;
using std::chrono::nanoseconds;

/// What is sent: by which sender, when, and of which size as an IPv4 packet.
struct Sending
{
    int sender;
    int64_t at;
    uint32_t size;
};

struct Setting
{
    const char* name;
    std::string up;    ///< rate of the senders' uplinks
    std::string down;  ///< rate of the receiver's downlink
    uint32_t queue;    ///< bytes
    int64_t delays[2]; ///< one-way, ns
    double gapNs;      ///< mean gap of one sender
    bool congested;
};

std::ostream&
operator<<(std::ostream& os, const Setting& setting)
{
    return os << setting.name;
}

/// Poisson traffic of mixed sizes from two senders; numbers are positions in this list.
std::vector<Sending>
Traffic(const Setting& setting, uint64_t seed)
{
    std::mt19937_64 random(seed);
    std::vector<Sending> sendings;
    for (int sender = 0; sender < 2; ++sender)
    {
        double t = 1e6;
        for (int i = 0; i < 3000; ++i)
        {
            t += -std::log((static_cast<double>(random() >> 11) + 0.5) * 0x1p-53) * setting.gapNs;
            const uint32_t sizes[] = {60, 200, 576, 1300, 1500};
            sendings.push_back({sender, static_cast<int64_t>(t), sizes[random() % 5]});
        }
    }
    return sendings;
}

std::vector<Arrival>
OverCloud(const Setting& setting, const std::vector<Sending>& sendings)
{
    CloudHelper cloud("internet", ProviderCloud::Internet, 1);
    cloud.SetDeviceAttribute("UplinkRate", StringValue(setting.up));
    cloud.SetDeviceAttribute("DownlinkRate", StringValue(setting.down));
    cloud.SetDeviceAttribute("QueueLimit", UintegerValue(setting.queue));
    cloud.SetDeviceAttribute("FrameOverhead", UintegerValue(2)); // the PPP header of the twin
    Ptr<AccessDevice> senders[2] = {
        cloud.Install(CreateObject<Node>(), "a", Ipv4Address("10.0.0.1")),
        cloud.Install(CreateObject<Node>(), "b", Ipv4Address("10.0.0.2"))};
    Ptr<AccessDevice> receiver = cloud.Install(CreateObject<Node>(), "c", Ipv4Address("10.0.0.3"));
    cloud.Connect("a", "c", {.delay = nanoseconds(setting.delays[0])});
    cloud.Connect("b", "c", {.delay = nanoseconds(setting.delays[1])});
    Log log;
    log.Watch(receiver);
    for (uint32_t id = 0; id < sendings.size(); ++id)
    {
        const Sending& s = sendings[id];
        SendAt(NanoSeconds(s.at),
               senders[s.sender],
               Numbered(id, s.size, Ipv4Address("10.0.0.1"), Ipv4Address("10.0.0.3")));
    }
    Simulator::Run();
    uint64_t dropped = 0;
    for (const auto& record : cloud.GetCloud()->GetDrops())
    {
        dropped += record.count.packets;
    }
    EXPECT_EQ(log.arrivals.size() + dropped, sendings.size());
    Simulator::Destroy();
    return log.arrivals;
}

class StockReceiver
{
  public:
    void
    Read(Ptr<Socket> socket)
    {
        while (Ptr<Packet> packet = socket->Recv())
        {
            uint8_t bytes[4] = {};
            packet->CopyData(bytes, 4);
            const uint32_t id = (uint32_t{bytes[0]} << 24) | (uint32_t{bytes[1]} << 16) |
                                (uint32_t{bytes[2]} << 8) | bytes[3];
            arrivals.push_back({id, Simulator::Now().GetNanoSeconds()});
        }
    }

    std::vector<Arrival> arrivals;
};

std::vector<Arrival>
OverStockNodes(const Setting& setting, const std::vector<Sending>& sendings)
{
    NodeContainer nodes(4); // two senders, a router, a receiver
    InternetStackHelper stack;
    stack.Install(nodes);
    Ipv4AddressHelper addresses("10.1.0.0", "255.255.255.0");
    const auto connect = [&](int a, int b, const std::string& rate, int64_t delay) {
        PointToPointHelper link;
        link.DisableFlowControl(); // drops belong to the device's queue alone
        link.SetDeviceAttribute("DataRate", StringValue(rate));
        link.SetChannelAttribute("Delay", TimeValue(NanoSeconds(delay)));
        link.SetQueue("ns3::DropTailQueue<Packet>",
                      "MaxSize",
                      QueueSizeValue(QueueSize(QueueSizeUnit::BYTES, setting.queue)));
        const auto interfaces = addresses.Assign(link.Install(nodes.Get(a), nodes.Get(b)));
        addresses.NewNetwork();
        return interfaces;
    };
    const auto uplinkA = connect(0, 2, setting.up, setting.delays[0]);
    const auto uplinkB = connect(1, 2, setting.up, setting.delays[1]);
    const auto downlink = connect(2, 3, setting.down, 0);
    for (const auto& interfaces : {uplinkA, uplinkB, downlink})
    {
        for (uint32_t i = 0; i < 2; ++i)
        {
            Ptr<NetDevice> device = interfaces.Get(i).first->GetNetDevice(interfaces.Get(i).second);
            if (device->GetNode()->GetObject<TrafficControlLayer>()->GetRootQueueDiscOnDevice(
                    device))
            {
                TrafficControlHelper().Uninstall(device);
            }
        }
    }
    const Ipv4Address to = downlink.GetAddress(1);
    Ipv4StaticRoutingHelper routing;
    routing.GetStaticRouting(nodes.Get(0)->GetObject<Ipv4>())
        ->AddHostRouteTo(to, uplinkA.GetAddress(1), 1);
    routing.GetStaticRouting(nodes.Get(1)->GetObject<Ipv4>())
        ->AddHostRouteTo(to, uplinkB.GetAddress(1), 1);

    StockReceiver receiver;
    Ptr<Socket> sink = Socket::CreateSocket(nodes.Get(3), UdpSocketFactory::GetTypeId());
    sink->SetAttribute("RcvBufSize", UintegerValue(1 << 24));
    sink->Bind(InetSocketAddress(to, 9));
    sink->SetRecvCallback(MakeCallback(&StockReceiver::Read, &receiver));
    Ptr<Socket> sources[2];
    for (int i = 0; i < 2; ++i)
    {
        sources[i] = Socket::CreateSocket(nodes.Get(i), UdpSocketFactory::GetTypeId());
        sources[i]->Connect(InetSocketAddress(to, 9));
    }
    for (uint32_t id = 0; id < sendings.size(); ++id)
    {
        const Sending& s = sendings[id];
        std::vector<uint8_t> payload(s.size - 28);
        for (int i = 0; i < 4; ++i)
        {
            payload[i] = static_cast<uint8_t>(id >> (24 - 8 * i));
        }
        Ptr<Packet> packet = Create<Packet>(payload.data(), static_cast<uint32_t>(payload.size()));
        Ptr<Socket> source = sources[s.sender];
        Simulator::ScheduleWithContext(nodes.Get(s.sender)->GetId(),
                                       NanoSeconds(s.at),
                                       [source, packet]() { source->Send(packet); });
    }
    Simulator::Run();
    Simulator::Destroy();
    return receiver.arrivals;
}

class UnderlayTwin : public testing::TestWithParam<Setting>
{
};

// Same packets, same order, same nanosecond; and so the same drops.
TEST_P(UnderlayTwin, EqualsStockNodes)
{
    for (uint64_t seed = 1; seed <= 3; ++seed)
    {
        const auto sendings = Traffic(GetParam(), seed);
        const auto ours = OverCloud(GetParam(), sendings);
        const auto stock = OverStockNodes(GetParam(), sendings);
        if (GetParam().congested)
        {
            EXPECT_LT(stock.size(), 0.97 * static_cast<double>(sendings.size()));
            EXPECT_GT(stock.size(), 0.2 * static_cast<double>(sendings.size()));
        }
        else
        {
            EXPECT_EQ(stock.size(), sendings.size());
        }
        ASSERT_EQ(ours.size(), stock.size()) << "seed " << seed;
        for (std::size_t i = 0; i < ours.size(); ++i)
        {
            ASSERT_EQ(ours[i].id, stock[i].id) << "seed " << seed << " arrival " << i;
            ASSERT_LE(std::abs(ours[i].at - stock[i].at), 1) << "seed " << seed << " arrival " << i;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Settings,
    UnderlayTwin,
    testing::Values(
        Setting{"uncongested", "1Gbps", "1Gbps", 1000000, {3000000, 17000000}, 300e3, false},
        Setting{"queueing", "100Mbps", "150Mbps", 10000000, {3000000, 3500000}, 90e3, false},
        Setting{"congested_uplinks", "50Mbps", "1Gbps", 20000, {5000000, 1000000}, 100e3, true},
        Setting{"congested_downlink", "1Gbps", "80Mbps", 30000, {5000000, 1000000}, 100e3, true},
        Setting{"congested_both", "60Mbps", "90Mbps", 9000, {10000, 7000000}, 110e3, true},
        // Equal rates make arrivals coincide with ends of transmission: ties go as in the stock
        // event order.
        Setting{"equal_rates", "40Mbps", "40Mbps", 6000, {1000000, 1000001}, 200e3, true},
        Setting{"tiny_queue", "30Mbps", "30Mbps", 1502, {1000000, 1000001}, 300e3, true}),
    testing::PrintToStringParamName());

} // namespace
