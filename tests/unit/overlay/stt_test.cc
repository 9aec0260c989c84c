// SPDX-License-Identifier: GPL-2.0-only
// STT: frames in segments; order, loss, duplication, age and room of reassembly.
#include "overlay_test_util.h"
#include "vxlan-preset.h"
#include "vxlan-stt.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace weft::vxlan::test
{
namespace
{

using namespace std::chrono_literals;

constexpr Vni VNI = 864;

EncapsulationConfig
Config()
{
    return MakeConfig(Preset::Rfc7348, EncapsulationKind::Stt);
}

class Stt : public testing::Test
{
  protected:
    std::vector<Bytes>
    Send(const Bytes& frame, const TunnelEnds& ends = V4_ENDS)
    {
        PacketQueue queue;
        EXPECT_EQ(m_sender.Encapsulate(frame, VNI, ends, queue), DropReason::None);
        return Drain(queue);
    }

    DropReason
    Receive(const Bytes& packet, TimeNs now = 0s)
    {
        return m_receiver.Decapsulate(packet, now, m_frame, m_facts);
    }

    SttEncapsulation m_sender{Config()};
    SttEncapsulation m_receiver{Config()};
    Bytes m_frame;
    Decapsulated m_facts;
    Random m_random{21};
};

TEST_F(Stt, AnyOrderOfSegmentsMakesTheFrame)
{
    for (int round = 0; round < 300; ++round)
    {
        const TunnelEnds& ends = round % 2 == 0 ? V4_ENDS : V6_ENDS;
        const Bytes frame = PlainFrame(m_random, 1443 + Below(m_random, 20'000));
        auto packets = Send(frame, ends);
        ASSERT_GT(packets.size(), 1u);
        std::shuffle(packets.begin(), packets.end(), m_random);
        for (std::size_t i = 0; i < packets.size(); ++i)
        {
            ASSERT_EQ(Receive(packets[i]), DropReason::None);
            ASSERT_EQ(m_frame.empty(), i + 1 < packets.size());
        }
        ASSERT_EQ(m_frame, frame);
        ASSERT_EQ(m_facts.vni, VNI);
        ASSERT_EQ(m_facts.source, ends.source);
    }
    EXPECT_EQ(m_receiver.NextDeadline(), NEVER);
    EXPECT_EQ(m_receiver.OnDeadline(1h), 0u);
}

TEST_F(Stt, LongestFrame)
{
    const Bytes frame = PlainFrame(m_random, STT_MAX_FRAME);
    const auto packets = Send(frame);
    EXPECT_EQ(packets.size(), 45u);
    for (const Bytes& packet : packets)
    {
        EXPECT_EQ(Receive(packet), DropReason::None);
    }
    EXPECT_EQ(m_frame, frame);
    PacketQueue queue;
    EXPECT_EQ(m_sender.Encapsulate(PlainFrame(m_random, STT_MAX_FRAME + 1), VNI, V4_ENDS, queue),
              DropReason::TooBig);
}

/// Each of the segments missing in turn: no frame, and one loss when its time is over.
TEST_F(Stt, OneSegmentLostLosesTheFrame)
{
    const Bytes frame = PlainFrame(m_random, 9000);
    const std::size_t count = Send(frame).size();
    ASSERT_EQ(count, 7u);
    for (std::size_t lost = 0; lost < count; ++lost)
    {
        const TimeNs start = 100s * static_cast<int>(lost);
        const auto packets = Send(frame);
        for (std::size_t i = 0; i < count; ++i)
        {
            if (i != lost)
            {
                ASSERT_EQ(Receive(packets[i], start + i * 1s), DropReason::None);
                ASSERT_TRUE(m_frame.empty());
            }
        }
        const TimeNs first = lost == 0 ? start + 1s : start;
        ASSERT_EQ(m_receiver.NextDeadline(), first + 30s) << "counted from the first segment";
        ASSERT_EQ(m_receiver.OnDeadline(first + 30s - 1ns), 0u);
        ASSERT_EQ(m_receiver.OnDeadline(first + 30s), 1u);
        ASSERT_EQ(m_receiver.NextDeadline(), NEVER);
        // What was lost comes after all: of no use, and given up in its turn.
        ASSERT_EQ(Receive(packets[lost], first + 31s), DropReason::None);
        ASSERT_TRUE(m_frame.empty());
        ASSERT_EQ(m_receiver.OnDeadline(first + 61s), 1u);
    }
}

TEST_F(Stt, RandomLossLosesFramesByTheLawOfAllSegments)
{
    // 4 segments, each lost with p = 0.1: a frame survives with 0.9^4 = 0.6561. Of 4000 frames the
    // standard deviation is 30.04; 5.2 of these are a false alarm of 2e-7.
    const Bytes frame = PlainFrame(m_random, 4 * 1460 - 18);
    int arrived = 0;
    std::uint32_t lost = 0;
    std::uint32_t never = 0;
    for (int i = 0; i < 4000; ++i)
    {
        const TimeNs now = i * 1ms;
        const auto packets = Send(frame);
        ASSERT_EQ(packets.size(), 4u);
        int came = 0;
        for (const Bytes& packet : packets)
        {
            if (Below(m_random, 10) != 0)
            {
                ++came;
                ASSERT_EQ(Receive(packet, now), DropReason::None);
                arrived += !m_frame.empty();
            }
        }
        never += came == 0;
        lost += m_receiver.OnDeadline(now);
    }
    lost += m_receiver.OnDeadline(1h);
    EXPECT_NEAR(arrived, 4000 * 0.6561, 5.2 * 30.04);
    EXPECT_EQ(static_cast<std::uint32_t>(arrived) + lost + never, 4000u)
        << "every frame arrived, was counted lost, or never showed";
}

TEST_F(Stt, DuplicatesAreNamedAndHarmless)
{
    const Bytes frame = PlainFrame(m_random, 5000);
    const auto packets = Send(frame);
    ASSERT_EQ(packets.size(), 4u);
    EXPECT_EQ(Receive(packets[2]), DropReason::None);
    EXPECT_EQ(Receive(packets[2]), DropReason::Duplicate);
    EXPECT_EQ(Receive(packets[0]), DropReason::None);
    EXPECT_EQ(Receive(packets[1]), DropReason::None);
    EXPECT_EQ(Receive(packets[0]), DropReason::Duplicate) << "inside a longer range";
    EXPECT_EQ(Receive(packets[1]), DropReason::Duplicate);
    EXPECT_EQ(Receive(packets[3]), DropReason::None);
    EXPECT_EQ(m_frame, frame);
}

TEST_F(Stt, FramesInterleavedByNumberPortAndSource)
{
    std::vector<std::vector<Bytes>> sent;
    std::vector<Bytes> frames;
    for (int i = 0; i < 8; ++i)
    {
        frames.push_back(PlainFrame(m_random, 4000));
        const TunnelEnds ends{Ip("10.1.1." + std::to_string(10 + i % 2)), V4_ENDS.destination};
        sent.push_back(Send(frames.back(), ends));
    }
    for (std::size_t segment = 0; segment < 3; ++segment)
    {
        for (std::size_t i = 0; i < frames.size(); ++i)
        {
            ASSERT_EQ(Receive(sent[i][segment]), DropReason::None);
            ASSERT_EQ(m_frame.empty(), segment < 2);
            if (segment == 2)
            {
                EXPECT_EQ(m_frame, frames[i]);
            }
        }
    }
}

TEST_F(Stt, CongestionOfAnySegmentMarksTheFrame)
{
    FrameSpec spec;
    spec.payload = 3000;
    spec.tos = 2;
    auto packets = Send(UdpFrame(spec));
    ASSERT_EQ(packets.size(), 3u);
    packets[1][1] |= 3;
    MendIpv4(packets[1]);
    for (const Bytes& packet : packets)
    {
        ASSERT_EQ(Receive(packet), DropReason::None);
    }
    spec.tos = 3;
    EXPECT_EQ(m_frame, UdpFrame(spec));
}

class SttReassemblyTest : public testing::Test
{
  protected:
    /// Feeds bytes [begin, end) of a frame of @p length.
    DropReason
    Feed(std::uint32_t id,
         std::uint16_t length,
         std::uint16_t begin,
         std::uint16_t end,
         TimeNs now = 0s)
    {
        Bytes data;
        for (int i = begin; i < end; ++i)
        {
            data.push_back(static_cast<std::uint8_t>(i));
        }
        return m_reassembly.Add({.source = V4_ENDS.source,
                                 .destination = V4_ENDS.destination,
                                 .sourcePort = 50000,
                                 .id = id},
                                {.length = length, .offset = begin, .tos = 0, .data = data},
                                now,
                                m_out);
    }

    SttReassembly m_reassembly{10s, 1000};
    SttReassembly::Frame m_out;
};

TEST_F(SttReassemblyTest, OverlapsAndContradictionsAreRefused)
{
    EXPECT_EQ(Feed(1, 100, 40, 60), DropReason::None);
    EXPECT_EQ(Feed(1, 100, 30, 50), DropReason::BadTunnelHeader);
    EXPECT_EQ(Feed(1, 100, 50, 70), DropReason::BadTunnelHeader);
    EXPECT_EQ(Feed(1, 100, 30, 70), DropReason::BadTunnelHeader);
    EXPECT_EQ(Feed(1, 100, 45, 55), DropReason::Duplicate);
    EXPECT_EQ(Feed(1, 101, 60, 70), DropReason::BadTunnelHeader) << "another length";
    EXPECT_EQ(Feed(1, 100, 90, 101), DropReason::BadTunnelHeader) << "beyond the frame";
    EXPECT_EQ(Feed(1, 100, 90, 90), DropReason::Truncated);
    EXPECT_EQ(Feed(1, 100, 0, 20), DropReason::None);
    EXPECT_EQ(Feed(1, 100, 10, 40), DropReason::BadTunnelHeader);
    EXPECT_EQ(Feed(1, 100, 20, 40), DropReason::None);
    EXPECT_TRUE(m_out.bytes.empty());
    EXPECT_EQ(Feed(1, 100, 60, 100), DropReason::None);
    ASSERT_EQ(m_out.bytes.size(), 100u);
    for (std::size_t i = 0; i < 100; ++i)
    {
        EXPECT_EQ(m_out.bytes[i], i);
    }
    EXPECT_EQ(m_reassembly.Waiting(), 0u);
}

TEST_F(SttReassemblyTest, TheOldestMakesRoom)
{
    for (std::uint32_t id = 1; id <= 10; ++id)
    {
        EXPECT_EQ(Feed(id, 100, 0, 10, id * 1s), DropReason::None);
    }
    EXPECT_EQ(m_reassembly.Waiting(), 10u);
    EXPECT_EQ(m_reassembly.NextDeadline(), 11s);
    EXPECT_EQ(Feed(11, 150, 0, 10, 10500ms), DropReason::None);
    EXPECT_EQ(m_reassembly.Waiting(), 9u) << "two of 100 bytes gave way to one of 150";
    EXPECT_EQ(m_reassembly.NextDeadline(), 10500ms) << "their loss is to be counted at once";
    EXPECT_EQ(m_reassembly.Expire(10500ms), 2u);
    EXPECT_EQ(m_reassembly.NextDeadline(), 13s) << "the third is the oldest now";
    EXPECT_EQ(Feed(3, 100, 10, 100, 10600ms), DropReason::None);
    EXPECT_EQ(m_out.bytes.size(), 100u) << "and not hurt";
    EXPECT_EQ(Feed(12, 1001, 0, 10, 10700ms), DropReason::NoBuffer);
    EXPECT_EQ(m_reassembly.Waiting(), 8u) << "what can never fit displaces nothing";
    EXPECT_EQ(m_reassembly.Expire(1h), 8u);
    EXPECT_EQ(m_reassembly.Waiting(), 0u);
}

/// Against a map of bytes, over random segments.
TEST_F(SttReassemblyTest, AgreesWithAPlainModel)
{
    Random random(31);
    for (int round = 0; round < 500; ++round)
    {
        const auto id = static_cast<std::uint32_t>(1000 + round);
        const auto length = static_cast<std::uint16_t>(2 + Below(random, 60));
        std::vector<bool> here(length);
        for (int step = 0; step < 1000; ++step)
        {
            const auto begin = static_cast<std::uint16_t>(Below(random, length));
            const auto end = static_cast<std::uint16_t>(begin + 1 + Below(random, length - begin));
            if (end - begin == length)
            {
                continue;
            }
            const auto known = std::count(here.begin() + begin, here.begin() + end, true);
            const DropReason reason = Feed(id, length, begin, end);
            if (known == end - begin)
            {
                ASSERT_EQ(reason, DropReason::Duplicate);
                continue;
            }
            ASSERT_EQ(reason, known == 0 ? DropReason::None : DropReason::BadTunnelHeader);
            if (known == 0)
            {
                std::fill(here.begin() + begin, here.begin() + end, true);
            }
            const bool complete = std::count(here.begin(), here.end(), true) == length;
            ASSERT_EQ(m_out.bytes.size(), complete ? length : 0u);
            if (complete)
            {
                break;
            }
        }
        m_reassembly.Expire(1h);
    }
}

} // namespace
} // namespace weft::vxlan::test
