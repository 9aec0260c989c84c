// SPDX-License-Identifier: GPL-2.0-only
/** @file The traffic applications over two stock ns-3 nodes. */

#include "engine/record/recorder.h"
#include "engine/traffic/stamp.h"
#include "engine/traffic/tcp-traffic.h"
#include "engine/traffic/udp-traffic.h"

#include "ns3/data-rate.h"
#include "ns3/error-model.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-address-helper.h"
#include "ns3/net-device-container.h"
#include "ns3/node-container.h"
#include "ns3/nstime.h"
#include "ns3/packet.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/point-to-point-net-device.h"
#include "ns3/pointer.h"
#include "ns3/simulator.h"
#include "ns3/string.h"

#include <array>
#include <gtest/gtest.h>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft::engine
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t IP_UDP = 28;
constexpr std::uint32_t PPP = 2;

/// Keeps what a Recorder does not: each call as it came.
class Listener : public FlowObserver
{
  public:
    struct Seen
    {
        FlowIndex flow;
        Direction direction;
        std::uint64_t sequence;
        TimeNs sentTime;
        TimeNs time;
        std::uint32_t bytes;
    };

    void
    OnSent(FlowIndex flow,
           Direction direction,
           std::uint64_t sequence,
           TimeNs time,
           std::uint32_t bytes) override
    {
        sent.push_back({flow, direction, sequence, time, time, bytes});
    }

    void
    OnReceived(FlowIndex flow,
               Direction direction,
               std::uint64_t sequence,
               TimeNs sentTime,
               TimeNs time,
               std::uint32_t bytes) override
    {
        received.push_back({flow, direction, sequence, sentTime, time, bytes});
    }

    static std::vector<Seen>
    Of(const std::vector<Seen>& all, Direction direction)
    {
        std::vector<Seen> some;
        for (const Seen& seen : all)
        {
            if (seen.direction == direction)
            {
                some.push_back(seen);
            }
        }
        return some;
    }

    std::vector<Seen> sent;
    std::vector<Seen> received;
};

/// Two hosts on a point-to-point link of 10 Mbit/s and 5 ms.
class Traffic : public testing::Test
{
  protected:
    Traffic()
    {
        m_nodes.Create(2);
        ns3::PointToPointHelper link;
        link.SetDeviceAttribute("DataRate", ns3::StringValue("10Mbps"));
        link.SetChannelAttribute("Delay", ns3::StringValue("5ms"));
        m_devices = link.Install(m_nodes);
        ns3::InternetStackHelper stack;
        stack.Install(m_nodes);
        ns3::Ipv4AddressHelper addresses("10.0.0.0", "255.255.255.0");
        const auto interfaces = addresses.Assign(m_devices);
        m_caller = interfaces.GetAddress(0);
        m_callee = interfaces.GetAddress(1);
    }

    ~Traffic() override
    {
        ns3::Simulator::Destroy();
    }

    template <typename App>
    ns3::Ptr<App>
    Add(std::uint32_t node, TimeNs start, TimeNs stop)
    {
        auto app = ns3::CreateObject<App>();
        m_nodes.Get(node)->AddApplication(app);
        app->SetStartTime(ns3::NanoSeconds(start.count()));
        app->SetStopTime(ns3::NanoSeconds(stop.count()));
        return app;
    }

    UdpEnd
    End(Direction sends, const UdpPattern& pattern, bool active = true) const
    {
        const bool caller = sends == Direction::Forward;
        return {.flow = 3,
                .sends = sends,
                .localAddress = caller ? m_caller : m_callee,
                .localPort = static_cast<std::uint16_t>(caller ? 50000 : 3479),
                .peerAddress = caller ? m_callee : m_caller,
                .peerPort = static_cast<std::uint16_t>(caller ? 3479 : 50000),
                .active = active,
                .pattern = pattern};
    }

    /// Runs a UDP flow from 1 s to 3 s and then until 4 s.
    void
    RunUdp(const UdpPattern& pattern, bool bothWays, FlowObserver& observer)
    {
        m_answering = Add<UdpTraffic>(1, seconds(1), seconds(3));
        m_answering->Configure(End(Direction::Backward, pattern, bothWays), observer);
        m_calling = Add<UdpTraffic>(0, seconds(1), seconds(3));
        m_calling->Configure(End(Direction::Forward, pattern), observer);
        ns3::Simulator::Stop(ns3::Seconds(4));
        ns3::Simulator::Run();
    }

    /// @return the delay of an otherwise idle link for a UDP payload
    static TimeNs
    LinkDelay(std::uint32_t payload)
    {
        return milliseconds(5) + TimeNs((payload + IP_UDP + PPP) * 800);
    }

    ns3::NodeContainer m_nodes;
    ns3::NetDeviceContainer m_devices;
    ns3::Ipv4Address m_caller;
    ns3::Ipv4Address m_callee;
    ns3::Ptr<UdpTraffic> m_calling;
    ns3::Ptr<UdpTraffic> m_answering;
};

TEST(StampTest, ReadsBackWhatItWrote)
{
    std::array<std::uint8_t, Stamp::SIZE> bytes{};
    const Stamp stamp{
        0x7ffffffe, Direction::Backward, 0x0123456789abcdef, TimeNs(987654321012345678)};
    stamp.Write(bytes);
    EXPECT_EQ(std::string(bytes.begin(), bytes.begin() + 4), "WEFT");
    const auto read = Stamp::Read(bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->flow, stamp.flow);
    EXPECT_EQ(read->direction, stamp.direction);
    EXPECT_EQ(read->sequence, stamp.sequence);
    EXPECT_EQ(read->time, stamp.time);
    EXPECT_FALSE(Stamp::Read(std::span(bytes).first(Stamp::SIZE - 1)));
    bytes[0] ^= 1;
    EXPECT_FALSE(Stamp::Read(bytes));
}

TEST(StampTest, RtpHeaderOfRfc3550)
{
    std::array<std::uint8_t, RtpHeader::SIZE> bytes{};
    RtpHeader{0, 0x1234, 0x89abcdef, 0xdeadbeef, false}.Write(bytes);
    EXPECT_EQ(bytes,
              (std::array<std::uint8_t, 12>{
                  0x80, 0, 0x12, 0x34, 0x89, 0xab, 0xcd, 0xef, 0xde, 0xad, 0xbe, 0xef}));
}

TEST_F(Traffic, VoiceOneWay)
{
    Listener seen;
    RunUdp(UdpPattern::Voice(CODEC_G711), false, seen);
    ASSERT_EQ(seen.sent.size(), 100u) << "2 s of 50 packets a second";
    ASSERT_EQ(seen.received.size(), 100u);
    for (std::size_t i = 0; i < 100; ++i)
    {
        EXPECT_EQ(seen.sent[i].sequence, i);
        EXPECT_EQ(seen.sent[i].time, seconds(1) + milliseconds(20) * i);
        EXPECT_EQ(seen.sent[i].bytes, 172u) << "160 bytes of G.711 behind 12 of RTP";
        EXPECT_EQ(seen.received[i].sequence, i);
        EXPECT_EQ(seen.received[i].sentTime, seen.sent[i].time);
        EXPECT_EQ(seen.received[i].time, seen.sent[i].time + LinkDelay(172));
        EXPECT_EQ(seen.received[i].bytes, 172u);
        EXPECT_EQ(seen.received[i].flow, 3u);
    }
    EXPECT_EQ(m_calling->Sent(), 100u);
    EXPECT_EQ(m_answering->Received(), 100u);
    EXPECT_EQ(m_answering->Sent(), 0u);
    EXPECT_EQ(m_calling->Refused(), 0u);
}

TEST_F(Traffic, VoiceBothWays)
{
    Listener seen;
    RunUdp(UdpPattern::Voice(CODEC_TEAMS), true, seen);
    for (const Direction d : {Direction::Forward, Direction::Backward})
    {
        const auto sent = Listener::Of(seen.sent, d);
        const auto received = Listener::Of(seen.received, d);
        ASSERT_EQ(sent.size(), 100u);
        ASSERT_EQ(received.size(), 100u);
        EXPECT_EQ(received[99].sequence, 99u);
        EXPECT_EQ(received[0].bytes, 120u)
            << "90 bytes of speech, 20 of RTP with its extension, 10 of SRTP tag";
    }
    EXPECT_EQ(m_calling->Foreign() + m_answering->Foreign(), 0u);
}

TEST_F(Traffic, VoiceBytesAreRtpOnTheReversedFiveTuple)
{
    struct Wire
    {
        static void
        Look(std::vector<std::vector<std::uint8_t>>* packets, ns3::Ptr<const ns3::Packet> packet)
        {
            std::vector<std::uint8_t> bytes(packet->GetSize());
            packet->CopyData(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
            packets->push_back(bytes);
        }
    };
    std::vector<std::vector<std::uint8_t>> packets;
    m_devices.Get(0)->TraceConnectWithoutContext("PhyTxEnd",
                                                 ns3::MakeBoundCallback(&Wire::Look, &packets));
    std::vector<std::vector<std::uint8_t>> replies;
    m_devices.Get(1)->TraceConnectWithoutContext("PhyTxEnd",
                                                 ns3::MakeBoundCallback(&Wire::Look, &replies));
    Listener seen;
    RunUdp(UdpPattern::Voice(CODEC_G711), true, seen);
    ASSERT_EQ(packets.size(), 100u);
    ASSERT_EQ(replies.size(), 100u);
    const auto be16 = [](const std::vector<std::uint8_t>& p, std::size_t at) {
        return p[at] << 8 | p[at + 1];
    };
    const auto be32 = [&](const std::vector<std::uint8_t>& p, std::size_t at) {
        return static_cast<std::uint32_t>(be16(p, at)) << 16 |
               static_cast<std::uint32_t>(be16(p, at + 2));
    };
    const std::size_t udp = PPP + 20;
    const std::size_t rtp = udp + 8;
    for (std::size_t i = 0; i < 100; ++i)
    {
        EXPECT_EQ(be16(packets[i], udp), 50000);
        EXPECT_EQ(be16(packets[i], udp + 2), 3479);
        EXPECT_EQ(be16(replies[i], udp), 3479);
        EXPECT_EQ(be16(replies[i], udp + 2), 50000);
        EXPECT_EQ(packets[i][rtp], 0x80);
        EXPECT_EQ(packets[i][rtp + 1], 0) << "PCMU";
        EXPECT_EQ(static_cast<std::size_t>(be16(packets[i], rtp + 2)), i);
        EXPECT_EQ(be32(packets[i], rtp + 4), 160 * i) << "8 kHz clock";
        EXPECT_EQ(be32(packets[i], rtp + 8), 3u);
        EXPECT_EQ(be32(replies[i], rtp + 8), 0x80000003u);
    }
}

TEST_F(Traffic, BulkUdpKeepsItsRateWithoutDrift)
{
    // 3 Mbit/s in payloads of 1000 bytes: the gap is not a whole number of nanoseconds.
    UdpPattern pattern;
    pattern.rateBps = 3e6;
    pattern.payloadBytes = 1000;
    Listener seen;
    RunUdp(pattern, false, seen);
    ASSERT_EQ(seen.sent.size(), 750u);
    for (std::size_t i = 0; i < seen.sent.size(); ++i)
    {
        const double exact = 1e9 + static_cast<double>(i) * 8e12 / 3e6;
        EXPECT_NEAR(static_cast<double>(seen.sent[i].time.count()), exact, 0.51) << i;
    }
    EXPECT_EQ(seen.received.size(), 750u);
}

TEST_F(Traffic, OnOffSendsOnlyWhileOn)
{
    UdpPattern pattern;
    pattern.rateBps = 800'000;
    pattern.payloadBytes = 1000; // one each 10 ms
    pattern.on = milliseconds(105);
    pattern.off = milliseconds(195);
    Listener seen;
    RunUdp(pattern, false, seen);
    // Periods begin at 1.0, 1.3, ..., 2.8 s: 11 packets each (0 to 100 ms).
    ASSERT_EQ(seen.sent.size(), 7u * 11);
    for (const auto& packet : seen.sent)
    {
        EXPECT_LT((packet.time - seconds(1)) % milliseconds(300), milliseconds(105));
    }
    EXPECT_EQ(seen.sent[11].time, milliseconds(1300));
}

TEST_F(Traffic, StrangersAreNotReceived)
{
    Listener seen;
    UdpPattern pattern;
    pattern.rateBps = 80'000;
    pattern.payloadBytes = 100;
    auto receiver = Add<UdpTraffic>(1, seconds(1), seconds(3));
    receiver->Configure(End(Direction::Backward, pattern, false), seen);
    auto stranger = Add<UdpTraffic>(0, seconds(1), seconds(2));
    UdpEnd end = End(Direction::Forward, pattern);
    end.flow = 4; // another flow to the same port
    end.localPort = 50001;
    stranger->Configure(end, seen);
    ns3::Simulator::Stop(ns3::Seconds(4));
    ns3::Simulator::Run();
    EXPECT_EQ(seen.sent.size(), 100u);
    EXPECT_TRUE(seen.received.empty());
    EXPECT_EQ(receiver->Foreign(), 100u);
}

TEST_F(Traffic, LossesReachTheRecord)
{
    auto errors = ns3::CreateObject<ns3::ReceiveListErrorModel>();
    errors->SetList({10, 11, 42});
    m_devices.Get(1)->SetAttribute("ReceiveErrorModel", ns3::PointerValue(errors));
    Recorder recorder;
    for (const char* name : {"a", "b", "c", "call"})
    {
        FlowInfo info;
        info.name = name;
        recorder.AddFlow(info);
    }
    RunUdp(UdpPattern::Voice(CODEC_G711), false, recorder);
    recorder.Finish(seconds(4));
    const FlowLog& log = recorder.FindFlow("call")->Log(Direction::Forward);
    const auto anomalies = log.Anomalies({});
    ASSERT_EQ(anomalies.size(), 3u);
    EXPECT_EQ(anomalies[0].sequence, 10u);
    EXPECT_EQ(anomalies[2].sequence, 42u);
    EXPECT_DOUBLE_EQ(log.Statistics({}).loss, 0.03);
    EXPECT_DOUBLE_EQ(log.Statistics({}).delayMaxMs, 5.1616);
    EXPECT_DOUBLE_EQ(log.Statistics({}).jitterMs, 0);
}

TEST_F(Traffic, RefusesWhatCannotBeSent)
{
    Listener seen;
    auto app = ns3::CreateObject<UdpTraffic>();
    UdpPattern pattern;
    pattern.payloadBytes = 23;
    pattern.rateBps = 1e6;
    EXPECT_THROW(app->Configure(End(Direction::Forward, pattern), seen), std::invalid_argument);
    pattern.payloadBytes = 24;
    EXPECT_NO_THROW(app->Configure(End(Direction::Forward, pattern), seen));
    pattern.rateBps = 0;
    EXPECT_THROW(app->Configure(End(Direction::Forward, pattern), seen), std::invalid_argument);
}

class TcpTraffic : public Traffic
{
  protected:
    void
    RunTcp(std::optional<std::uint64_t> bytes, TimeNs stop, TimeNs end, FlowObserver& observer)
    {
        m_receiver = Add<TcpBulkReceiver>(1, TimeNs(0), end);
        m_receiver->Configure(3, m_callee, 80, 1400, observer);
        m_sender = Add<TcpBulkSender>(0, milliseconds(100), stop);
        m_sender->Configure(3, m_caller, 40000, m_callee, 80, 1400, bytes, observer);
        ns3::Simulator::Stop(ns3::NanoSeconds(end.count()));
        ns3::Simulator::Run();
    }

    ns3::Ptr<TcpBulkReceiver> m_receiver;
    ns3::Ptr<TcpBulkSender> m_sender;
};

TEST_F(TcpTraffic, DeliversTheAmountAskedFor)
{
    Listener seen;
    RunTcp(1'000'001, seconds(60), seconds(10), seen);
    const std::uint64_t blocks = 977; // 1,000,001 bytes in blocks of 1024
    EXPECT_EQ(m_sender->SentBlocks(), blocks);
    ASSERT_EQ(seen.received.size(), blocks);
    for (std::size_t i = 0; i < blocks; ++i)
    {
        EXPECT_EQ(seen.received[i].sequence, i);
        EXPECT_EQ(seen.received[i].sentTime, seen.sent[i].time);
        EXPECT_GE(seen.received[i].time - seen.received[i].sentTime, milliseconds(5));
    }
    EXPECT_EQ(m_receiver->ReceivedBytes(), blocks * 1024);
    EXPECT_EQ(m_receiver->Foreign(), 0u);
    EXPECT_FALSE(m_sender->Failed());
}

TEST_F(TcpTraffic, FillsTheLinkUntilTheStop)
{
    Listener seen;
    RunTcp(std::nullopt, seconds(5), seconds(8), seen);
    EXPECT_EQ(seen.sent.size(), seen.received.size())
        << "what was sent before the stop still arrives";
    // At most the link's rate times 1400 / 1454; at least 80 % of that after slow start.
    const double rate = static_cast<double>(m_receiver->ReceivedBytes()) * 8 / 4.9;
    EXPECT_LT(rate, 10e6 * 1400 / 1442 * 1.05);
    EXPECT_GT(rate, 8e6);
    EXPECT_LE(seen.sent.back().time, seconds(5));
}

TEST_F(TcpTraffic, RepairsLosses)
{
    auto errors = ns3::CreateObject<ns3::ReceiveListErrorModel>();
    errors->SetList({20, 21, 60, 200});
    m_devices.Get(1)->SetAttribute("ReceiveErrorModel", ns3::PointerValue(errors));
    Listener seen;
    RunTcp(500'000, seconds(60), seconds(20), seen);
    ASSERT_EQ(seen.received.size(), 489u);
    EXPECT_EQ(seen.received.back().sequence, 488u);
    EXPECT_EQ(m_receiver->Foreign(), 0u);
}

} // namespace
} // namespace weft::engine
