// SPDX-License-Identifier: GPL-2.0-only
// The reorder buffer: its promises under random networks, and exact results at a path switch.
#include "sdwan-jitter-buffer.h"
#include "wire_test_util.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>

namespace weft::sdwan::test
{
namespace
{

using namespace std::chrono_literals;
using Verdict = JitterBuffer::Verdict;

struct Output
{
    std::uint32_t sequence;
    TimeNs at;
    TimeNs arrived;
};

/// Host around the buffer: calls it at arrivals and at its deadlines, and checks what comes out.
class Host
{
  public:
    explicit Host(JitterBufferConfig config, TimeNs hold) : buffer(config)
    {
        buffer.SetHold(hold);
    }

    Verdict
    Arrive(std::uint32_t sequence, TimeNs now)
    {
        RunTo(now);
        const std::uint8_t bytes[2] = {static_cast<std::uint8_t>(sequence >> 8),
                                       static_cast<std::uint8_t>(sequence)};
        const Verdict verdict = buffer.OnPacket(sequence, bytes, now);
        if (verdict == Verdict::Deliver)
        {
            output.push_back({sequence, now, now});
        }
        Drain(now);
        return verdict;
    }

    /// Serves all deadlines up to and including @p now.
    void
    RunTo(TimeNs now)
    {
        while (buffer.NextDeadline() <= now)
        {
            const std::size_t before = output.size();
            const TimeNs deadline =
                std::max(buffer.NextDeadline(), m_now); // a shorter hold may lie in the past
            Drain(deadline);
            ASSERT_GT(output.size(), before) << "a deadline at which nothing leaves";
        }
    }

    void
    ExpectBooks() const
    {
        const auto& c = buffer.Counters();
        EXPECT_EQ(c.received, c.delivered + c.late + c.duplicates + buffer.Depth());
        EXPECT_EQ(c.delivered, output.size());
    }

    JitterBuffer buffer;
    std::vector<Output> output;

  private:
    TimeNs m_now{};

    void
    Drain(TimeNs now)
    {
        m_now = now;
        JitterBuffer::Released released;
        while (buffer.PollRelease(now, released))
        {
            ASSERT_EQ(released.bytes.size(), 2U);
            ASSERT_EQ(released.bytes[0], static_cast<std::uint8_t>(released.sequence >> 8));
            ASSERT_EQ(released.bytes[1], static_cast<std::uint8_t>(released.sequence));
            output.push_back({released.sequence, now, released.arrived});
        }
    }
};

std::vector<std::uint32_t>
Sequences(const Host& host)
{
    std::vector<std::uint32_t> all;
    for (const Output& o : host.output)
    {
        all.push_back(o.sequence);
    }
    return all;
}

TEST(JitterBuffer, InOrderLeavesAtOnceWithoutACopy)
{
    Host host({}, 50ms);
    for (std::uint32_t s = 0; s < 1000; ++s)
    {
        ASSERT_EQ(host.Arrive(s, s * 20ms), Verdict::Deliver);
        ASSERT_EQ(host.buffer.NextDeadline(), NEVER);
    }
    EXPECT_EQ(host.buffer.Counters().held, 0U);
    host.ExpectBooks();
}

TEST(JitterBuffer, AFilledGapLeavesInOrder)
{
    Host host({}, 50ms);
    host.Arrive(0, 0ms);
    EXPECT_EQ(host.Arrive(2, 10ms), Verdict::Held);
    EXPECT_EQ(host.Arrive(3, 20ms), Verdict::Held);
    EXPECT_EQ(host.buffer.NextDeadline(), 60ms);
    EXPECT_EQ(host.Arrive(1, 25ms), Verdict::Deliver);
    EXPECT_EQ(Sequences(host), (std::vector<std::uint32_t>{0, 1, 2, 3}));
    EXPECT_EQ(host.buffer.NextDeadline(), NEVER);
    const auto& c = host.buffer.Counters();
    EXPECT_EQ(c.reordered, 1U);
    EXPECT_EQ(c.held, 2U);
    EXPECT_EQ(c.addedDelay, 20ms);
    EXPECT_EQ(c.maxAddedDelay, 15ms);
    EXPECT_EQ(c.gaps, 0U);
    EXPECT_EQ(c.maxDepth, 2U);
}

TEST(JitterBuffer, AGapIsGivenUpAtTheDeadlineAndItsPacketIsLate)
{
    Host host({}, 50ms);
    host.Arrive(0, 0ms);
    host.Arrive(3, 10ms);
    host.Arrive(4, 30ms);
    host.RunTo(60ms - 1ns);
    EXPECT_EQ(host.output.size(), 1U);
    host.RunTo(60ms);
    EXPECT_EQ(Sequences(host), (std::vector<std::uint32_t>{0, 3, 4})) << "4 follows without a gap";
    EXPECT_EQ(host.Arrive(1, 61ms), Verdict::Late);
    EXPECT_EQ(host.Arrive(2, 61ms), Verdict::Late);
    EXPECT_EQ(host.Arrive(5, 61ms), Verdict::Deliver);
    const auto& c = host.buffer.Counters();
    EXPECT_EQ(c.gaps, 1U);
    EXPECT_EQ(c.missing, 2U);
    EXPECT_EQ(c.late, 2U);
    host.ExpectBooks();
}

TEST(JitterBuffer, TheOneThatWaitedLongestDecides)
{
    Host host({}, 50ms);
    host.Arrive(0, 0ms);
    host.Arrive(5, 10ms);
    host.Arrive(
        2, 40ms); // earlier in the flow, later here: leaves with 5 at 60 ms, having waited 20 ms
    EXPECT_EQ(host.buffer.NextDeadline(), 60ms);
    host.RunTo(60ms);
    EXPECT_EQ(Sequences(host), (std::vector<std::uint32_t>{0, 2, 5}));
    EXPECT_EQ(host.buffer.Counters().gaps, 2U);
}

TEST(JitterBuffer, TooManyWaitingGiveTheGapUp)
{
    Host host({.maxPackets = 4}, 200ms);
    host.Arrive(0, 0ms);
    for (std::uint32_t s = 2; s < 6; ++s)
    {
        EXPECT_EQ(host.Arrive(s, 1ms), Verdict::Held);
    }
    EXPECT_EQ(host.output.size(), 1U);
    host.Arrive(6, 2ms);
    EXPECT_EQ(Sequences(host), (std::vector<std::uint32_t>{0, 2, 3, 4, 5, 6}));
    EXPECT_EQ(host.buffer.Counters().overflows, 1U);
    EXPECT_EQ(host.buffer.Counters().maxDepth, 4U);
}

TEST(JitterBuffer, TheStartOfAFlowMayBeReordered)
{
    Host host({}, 30ms);
    EXPECT_EQ(host.Arrive(1, 0ms), Verdict::Held);
    EXPECT_EQ(host.Arrive(0, 5ms), Verdict::Deliver);
    EXPECT_EQ(Sequences(host), (std::vector<std::uint32_t>{0, 1}));
    Host lost({}, 30ms);
    lost.Arrive(1, 0ms);
    lost.RunTo(30ms);
    EXPECT_EQ(Sequences(lost), (std::vector<std::uint32_t>{1})) << "0 never came";
    Host middle({}, 30ms);
    EXPECT_EQ(middle.Arrive(123'456, 0ms), Verdict::Deliver) << "joined in mid-flow";
}

TEST(JitterBuffer, HoldIsCapped)
{
    JitterBuffer buffer({.cap = 200ms});
    EXPECT_EQ(buffer.Hold(), 0ns);
    buffer.SetHold(1s);
    EXPECT_EQ(buffer.Hold(), 200ms);
    buffer.SetHold(-1s);
    EXPECT_EQ(buffer.Hold(), 0ns);
}

TEST(JitterBuffer, OffItPassesEverythingAndSwitchingOnLosesNothing)
{
    Host host({}, 0ns);
    for (const std::uint32_t s : {0U, 3U, 1U, 4U})
    {
        EXPECT_EQ(host.Arrive(s, 0ms), Verdict::Deliver);
    }
    host.buffer.SetHold(50ms);
    EXPECT_EQ(host.Arrive(6, 1ms), Verdict::Held);
    EXPECT_EQ(host.Arrive(2, 2ms), Verdict::Deliver)
        << "passed over while the buffer was off: not late";
    EXPECT_EQ(host.Arrive(5, 3ms), Verdict::Deliver);
    EXPECT_EQ(Sequences(host), (std::vector<std::uint32_t>{0, 3, 1, 4, 2, 5, 6}));
    // Switched off with packets waiting: they leave in order.
    host.Arrive(9, 4ms);
    host.Arrive(8, 4ms);
    host.buffer.SetHold(0ns);
    host.RunTo(4ms);
    EXPECT_EQ(host.Arrive(7, 5ms), Verdict::Deliver);
    EXPECT_EQ(Sequences(host), (std::vector<std::uint32_t>{0, 3, 1, 4, 2, 5, 6, 8, 9, 7}));
    host.ExpectBooks();
}

TEST(JitterBuffer, SequenceWrapsUnnoticed)
{
    Host host({}, 50ms);
    std::vector<std::uint32_t> expected;
    for (std::uint32_t i = 0; i < 100; ++i)
    {
        expected.push_back(SerialAdd<24>(0xffffd0, i));
    }
    host.Arrive(expected[0], 0ms);
    for (std::uint32_t i = 1; i + 1 < 100; i += 2)
    {
        host.Arrive(expected[i + 1], i * 1ms);
        host.Arrive(expected[i], i * 1ms);
    }
    host.Arrive(expected[99], 200ms);
    EXPECT_EQ(Sequences(host), expected);
    EXPECT_EQ(host.buffer.Counters().late, 0U);
}

TEST(JitterBuffer, LargeGapsAndRestartsLeaveItHealthy)
{
    Host host({}, 50ms);
    std::uint32_t s = 0;
    TimeNs now = 0ns;
    for (const std::uint32_t gap : {5'000U, 50'000U, 8'000'000U})
    {
        for (int i = 0; i < 20; ++i)
        {
            host.Arrive(s, now += 20ms);
            s = SerialAdd<24>(s, 1);
        }
        EXPECT_EQ(host.buffer.Depth(), 0U);
        s = SerialAdd<24>(s, gap);
    }
    EXPECT_EQ(host.buffer.Counters().late, 0U);
    EXPECT_EQ(host.buffer.Counters().delivered, 60U);
    EXPECT_EQ(host.buffer.Counters().gaps, 2U);
    // The sender starts again from 0, a packet of the old numbering still waiting.
    host.Arrive(SerialAdd<24>(s, 7), now += 1s);
    host.RunTo(now + 1s);
    host.Arrive(0, now += 2s);
    host.Arrive(1, now += 20ms);
    EXPECT_EQ(host.buffer.Counters().restarts, 1U);
    host.ExpectBooks();
}

TEST(JitterBuffer, ResetLetsGoOfWhatWaits)
{
    Host host({}, 50ms);
    host.Arrive(100, 0ms);
    host.Arrive(103, 1ms);
    host.Arrive(102, 1ms);
    host.buffer.Reset();
    host.RunTo(1ms);
    EXPECT_EQ(Sequences(host), (std::vector<std::uint32_t>{100, 102, 103}));
    EXPECT_EQ(host.Arrive(0, 2ms), Verdict::Deliver);
    EXPECT_EQ(host.Arrive(1, 3ms), Verdict::Deliver);
    host.ExpectBooks();
}

/// A flow moves from a slow path to a fast one: exactly the packets overtaken by more than the hold
/// are late.
TEST(JitterBuffer, PathSwitchLosesExactlyWhatTheSpreadExceedsTheHoldBy)
{
    const TimeNs spacing = 20ms;
    const TimeNs fast = 5ms;
    for (const TimeNs slow : {TimeNs(5ms), TimeNs(24ms), TimeNs(65ms), TimeNs(151ms)})
    {
        for (const TimeNs hold :
             {TimeNs(10ms), TimeNs(39ms), TimeNs(61ms), TimeNs(120ms), TimeNs(146ms)})
        {
            const std::uint32_t change = 50;
            std::multimap<TimeNs, std::uint32_t> arrivals;
            for (std::uint32_t s = 0; s < 100; ++s)
            {
                arrivals.emplace(s * spacing + (s < change ? slow : fast), s);
            }
            Host host({.cap = 1s, .maxPackets = 100}, hold);
            for (const auto& [at, s] : arrivals)
            {
                host.Arrive(s, at);
            }
            std::uint64_t late = 0;
            for (std::uint32_t s = 0; s < change; ++s)
            {
                late += s * spacing + slow > change * spacing + fast + hold ? 1 : 0;
            }
            EXPECT_EQ(host.buffer.Counters().late, late) << slow.count() << " " << hold.count();
            EXPECT_EQ(host.output.size(), 100 - late);
            const auto order = Sequences(host);
            EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
            if (hold >= slow - fast)
            {
                EXPECT_EQ(late, 0U) << "a hold of the delay spread is enough";
            }
        }
    }
}

/// Loss, copies, reordering and a moving hold: the promises of the header.
TEST(JitterBuffer, PromisesHoldOnRandomNetworks)
{
    for (std::uint64_t seed = 1; seed <= 30; ++seed)
    {
        Random random(seed);
        const std::size_t maxPackets = 1 + Below(random, 40);
        Host host({.cap = 80ms, .maxPackets = maxPackets},
                  std::chrono::milliseconds(1 + Below(random, 100)));
        const std::uint32_t start =
            SerialAdd<24>(0, -static_cast<std::int64_t>(Below(random, 6000)) - 100);
        const bool wander = (seed & 1) == 0;
        std::multimap<TimeNs, std::uint32_t> arrivals;
        for (std::uint32_t i = 0; i < 10'000; ++i)
        {
            const int copies = Below(random, 20) == 0 ? 0 : Below(random, 4) == 0 ? 2 : 1;
            for (int c = 0; c < copies; ++c)
            {
                const TimeNs delay = std::chrono::microseconds(
                    Below(random, Below(random, 50) == 0 ? 150'000 : 12'000));
                arrivals.emplace(i * 5ms + delay, i);
            }
        }
        TimeNs longest = host.buffer.Hold();
        for (const auto& [at, i] : arrivals)
        {
            host.RunTo(at);
            if (wander && Below(random, 100) == 0)
            {
                host.buffer.SetHold(std::chrono::milliseconds(1 + Below(random, 100)));
                longest = std::max(longest, host.buffer.Hold());
                host.RunTo(at);
            }
            host.Arrive(SerialAdd<24>(start, i), at);
            ASSERT_LE(host.buffer.Depth(), maxPackets);
        }
        host.RunTo(1000s);
        ASSERT_EQ(host.buffer.Depth(), 0U);
        host.ExpectBooks();
        TimeNs added = 0ns;
        for (std::size_t n = 0; n < host.output.size(); ++n)
        {
            const Output& o = host.output[n];
            ASSERT_LE(o.at - o.arrived, longest) << "held longer than the hold";
            added += o.at - o.arrived;
            if (n > 0)
            {
                ASSERT_TRUE(SerialBefore<24>(host.output[n - 1].sequence, o.sequence))
                    << "seed " << seed;
                ASSERT_GE(o.at, host.output[n - 1].at);
            }
        }
        EXPECT_EQ(host.buffer.Counters().addedDelay, added);
        EXPECT_GT(host.buffer.Counters().late, 0U);
        EXPECT_LE(host.buffer.Counters().maxDepth, maxPackets);
    }
}

TEST(JitterBuffer, BadConfigurationIsNamed)
{
    EXPECT_THROW(JitterBuffer({.cap = -1ns}), std::invalid_argument);
    EXPECT_THROW(JitterBuffer({.maxPackets = 0}), std::invalid_argument);
    EXPECT_THROW(JitterBuffer({.maxPackets = 65537}), std::invalid_argument);
}

} // namespace
} // namespace weft::sdwan::test
