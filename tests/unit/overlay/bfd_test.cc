// SPDX-License-Identifier: GPL-2.0-only
/** @file BFD: wire format, three-way handshake, detection times, jitter, hostile bytes. */
#include "overlay_net.h"
#include "vxlan-bfd.h"

#include <gtest/gtest.h>

namespace
{

using namespace weft::vxlan;
using namespace weft::vxlan::test;

TEST(Bfd, WireFormatOfRfc5880)
{
    Bytes bytes;
    AppendBfd(bytes,
              {.diagnostic = 1,
               .state = BfdState::Up,
               .poll = true,
               .multiplier = 3,
               .myDiscriminator = 0x01020304,
               .yourDiscriminator = 0x05060708,
               .desiredMinTx = 1'000'000,
               .requiredMinRx = 300'000});
    EXPECT_EQ(ToHex(bytes),
              "21e00318"
              "01020304"
              "05060708"
              "000f4240"
              "000493e0"
              "00000000");
    BfdPacket back;
    ASSERT_EQ(ReadBfd(bytes, back), DropReason::None);
    EXPECT_EQ(back.state, BfdState::Up);
    EXPECT_TRUE(back.poll);
    EXPECT_EQ(back.diagnostic, 1);
    EXPECT_EQ(back.requiredMinRx, 300'000u);
}

TEST(Bfd, WhatTheRfcMakesOneDiscard)
{
    Bytes good;
    AppendBfd(good, {.state = BfdState::Up, .myDiscriminator = 1, .yourDiscriminator = 2});
    BfdPacket packet;
    const auto with = [&](std::size_t at, std::uint8_t value) {
        Bytes bytes = good;
        bytes[at] = value;
        return ReadBfd(bytes, packet);
    };
    EXPECT_EQ(ReadBfd(good, packet), DropReason::None);
    EXPECT_EQ(with(0, 0x40), DropReason::BadOuterHeader) << "version 2";
    EXPECT_EQ(with(2, 0), DropReason::BadOuterHeader) << "multiplier 0";
    EXPECT_EQ(with(3, 23), DropReason::Truncated);
    EXPECT_EQ(with(3, 25), DropReason::Truncated);
    EXPECT_EQ(with(7, 0), DropReason::BadOuterHeader) << "my discriminator 0";
    EXPECT_EQ(with(11, 0), DropReason::BadOuterHeader) << "up without knowing us";
    EXPECT_EQ(with(1, 0xc4), DropReason::BadOuterHeader) << "authentication";
    Random random(1);
    for (int i = 0; i < 100'000; ++i)
    {
        auto bytes = RandomBytes(random, Below(random, 40));
        if (i % 2 && !bytes.empty())
        {
            bytes = good;
            bytes[Below(random, bytes.size())] = static_cast<std::uint8_t>(random());
            bytes.resize(Below(random, 30));
        }
        ReadBfd(bytes, packet);
        IsBfd(bytes);
    }
}

/// Two ends whose packets arrive after a delay, or not at all.
struct Pair
{
    explicit Pair(TimeNs interval, TimeNs delay = 1ms)
        : a({.interval = interval}, VtepAddress(0), VtepAddress(1), 1, 77, 0s),
          b({.interval = interval}, VtepAddress(1), VtepAddress(0), 2, 78, 0s), m_delay(delay)
    {
    }

    void
    RunUntil(TimeNs end)
    {
        while (true)
        {
            Bytes packet;
            for (auto* end1 : {&a, &b})
            {
                for (packet.clear(); end1->Poll(packet); packet.clear())
                {
                    ++sent;
                    if (up)
                    {
                        m_flying.emplace(now + m_delay, std::pair(end1 == &a ? &b : &a, packet));
                    }
                }
            }
            TimeNs next = std::min(a.NextDeadline(), b.NextDeadline());
            if (!m_flying.empty())
            {
                next = std::min(next, m_flying.begin()->first);
            }
            if (next > end)
            {
                now = end;
                return;
            }
            now = std::max(now, next);
            while (!m_flying.empty() && m_flying.begin()->first <= now)
            {
                const auto [to, bytes] = m_flying.begin()->second;
                m_flying.erase(m_flying.begin());
                BfdPacket read;
                IpAddress source;
                IpAddress destination;
                ASSERT_TRUE(IsBfd(bytes));
                ASSERT_EQ(ReadBfdPacket(bytes, read, source, destination), DropReason::None);
                to->OnPacket(read, now);
            }
            a.OnDeadline(now);
            b.OnDeadline(now);
        }
    }

    BfdSession a;
    BfdSession b;
    TimeNs now{0};
    bool up = true;
    std::uint64_t sent = 0;

  private:
    TimeNs m_delay;
    std::multimap<TimeNs, std::pair<BfdSession*, Bytes>> m_flying;
};

TEST(Bfd, ComesUpInOneExchangeAndDetectsSilence)
{
    for (const auto interval : {TimeNs(100ms), TimeNs(1s)})
    {
        Pair pair(interval);
        EXPECT_TRUE(pair.a.Usable()) << "not yet proved dead";
        pair.RunUntil(20ms);
        EXPECT_EQ(pair.a.State(), BfdState::Up);
        EXPECT_EQ(pair.b.State(), BfdState::Up);
        pair.RunUntil(20s);
        EXPECT_EQ(pair.a.State(), BfdState::Up);
        // 75 to 100 % of the interval: between 1 and 4/3 packets an interval, from both ends.
        const double each = static_cast<double>(pair.sent) / 2 * (interval / 1ms) / 20'000;
        EXPECT_GT(each, 1.0);
        EXPECT_LT(each, 4.0 / 3 + 0.1);

        const TimeNs cut = pair.now;
        pair.up = false;
        pair.RunUntil(cut + 2 * interval - 2ms);
        EXPECT_TRUE(pair.a.Usable());
        pair.RunUntil(cut + 3 * interval + 2ms);
        EXPECT_FALSE(pair.a.Usable());
        EXPECT_FALSE(pair.b.Usable());
        EXPECT_EQ(pair.a.State(), BfdState::Down);
        pair.up = true;
        pair.RunUntil(pair.now + 1100ms); // while down a packet a second at most
        EXPECT_TRUE(pair.a.Usable());
        EXPECT_TRUE(pair.b.Usable());
    }
}

TEST(Bfd, NeverHeardIsDeadAfterTheDetectionTime)
{
    BfdSession session(
        {.interval = 1s, .multiplier = 3}, VtepAddress(0), VtepAddress(1), 1, 5, 10s);
    session.OnDeadline(12'999ms);
    EXPECT_TRUE(session.Usable());
    session.OnDeadline(13s);
    EXPECT_FALSE(session.Usable());
}

TEST(Bfd, ARestartedPeerIsNotTakenForTheOldOne)
{
    Pair pair(1s);
    pair.RunUntil(2s);
    ASSERT_EQ(pair.a.State(), BfdState::Up);
    // Somebody else's answer, to another discriminator, changes nothing.
    pair.a.OnPacket({.state = BfdState::Down, .myDiscriminator = 9, .yourDiscriminator = 4711}, 2s);
    EXPECT_EQ(pair.a.State(), BfdState::Up);
    // The peer says it is down: so are we, at once.
    pair.a.OnPacket({.state = BfdState::Down, .myDiscriminator = 2, .yourDiscriminator = 1}, 2s);
    EXPECT_EQ(pair.a.State(), BfdState::Down);
    EXPECT_FALSE(pair.a.Usable());
}

TEST(Bfd, AResponderForgetsTheSilentAndIsBounded)
{
    BfdResponder responder({}, 2, 1);
    const BfdPacket hello{.state = BfdState::Down, .myDiscriminator = 7};
    EXPECT_EQ(responder.OnPacket(VtepAddress(1), VtepAddress(0), hello, 0s), DropReason::None);
    EXPECT_EQ(responder.OnPacket(VtepAddress(2), VtepAddress(0), hello, 0s), DropReason::None);
    EXPECT_EQ(responder.OnPacket(VtepAddress(3), VtepAddress(0), hello, 0s), DropReason::NoBuffer);
    responder.OnDeadline(3s);
    EXPECT_EQ(responder.Size(), 0u);
    EXPECT_EQ(responder.OnPacket(VtepAddress(3), VtepAddress(0), hello, 3s), DropReason::None);
}

TEST(Bfd, ImpossibleIntervalsAreRefused)
{
    EXPECT_THROW(Validate(BfdConfig{.interval = 0s}), std::invalid_argument);
    EXPECT_THROW(Validate(BfdConfig{.interval = 2h}), std::invalid_argument);
    EXPECT_THROW(Validate(BfdConfig{.interval = 1s, .multiplier = 0}), std::invalid_argument);
}

} // namespace
