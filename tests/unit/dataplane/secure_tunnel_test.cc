// SPDX-License-Identifier: GPL-2.0-only
// Tunnel ends against each other: bytes, epochs, outages, and every kind of refusal.
#include "sdwan-secure-tunnel.h"
#include "wire_test_util.h"

#include <gtest/gtest.h>
#include <queue>

namespace weft::sdwan::test
{
namespace
{

using namespace std::chrono_literals;

struct Pair
{
    explicit Pair(SecureTunnelConfig config = {})
        : a((config.initiator = true, config.secret = Bytes(32, 0x5a), config)),
          b((config.initiator = false, config))
    {
    }

    SecureTunnel a;
    SecureTunnel b;
};

Bytes
Send(SecureTunnel& from, TimeNs now, ByteView payload = {})
{
    Bytes out;
    EXPECT_TRUE(from.Seal({.flags = vcmp::DATA}, payload, out, now));
    return out;
}

DropReason
Receive(SecureTunnel& to, ByteView datagram, TimeNs now)
{
    return to.Open(datagram, now).reason;
}

class SecureTunnelSuite : public testing::TestWithParam<CipherSuite>
{
};

INSTANTIATE_TEST_SUITE_P(All,
                         SecureTunnelSuite,
                         testing::Values(CipherSuite::Aes128Gcm,
                                         CipherSuite::Aes256Gcm,
                                         CipherSuite::Null));

TEST(SecureTunnel, GoldenDatagrams)
{
    // Computed by an independent HKDF and GCM: secret 00..1f, initiator, epoch 0, sequence
    // 0x01020304.
    const std::pair<CipherSuite, const char*> cases[] = {
        {CipherSuite::Aes128Gcm,
         "446107abcdef01020304800001000102cd7c9ecccb4d72b56db63d90b1632ed8860bcda0cb4199ece779eb7b9"
         "d4b54"
         "3c739b4c"},
        {CipherSuite::Aes256Gcm,
         "446107abcdef010203048000010001029904b5cbf2b5c04753cbe57a24f54fc37ab980c8e75e5198b49c34456"
         "ec0ac"
         "7419fae2"}};
    for (const auto& [suite, expected] : cases)
    {
        SecureTunnelConfig config{.suite = suite, .initiator = true, .firstSequence = 0x01020304};
        for (unsigned i = 0; i < 32; ++i)
        {
            config.secret.push_back(static_cast<std::uint8_t>(i));
        }
        SecureTunnel tunnel(config);
        const std::string_view text = "The quick brown fox";
        const VcmpHeader header{.trafficClass = TrafficClass::Video,
                                .flags = vcmp::DATA | vcmp::FEC_PROTECTED | vcmp::ORDERED,
                                .segment = 7,
                                .flow = 0x800001,
                                .flowSequence = 0x000102};
        Bytes out;
        ASSERT_TRUE(tunnel.Seal(header,
                                {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()},
                                out,
                                std::chrono::microseconds(0xabcdef)));
        EXPECT_EQ(out, Hex(expected));
    }
}

TEST_P(SecureTunnelSuite, RoundTripsOverRandomInputs)
{
    Random random(5);
    Pair pair({.suite = GetParam()});
    TimeNs now = 0ns;
    for (int i = 0; i < 20'000; ++i)
    {
        now += std::chrono::microseconds(Below(random, 20'000));
        const bool forward = (random() & 1) != 0;
        SecureTunnel& from = forward ? pair.a : pair.b;
        SecureTunnel& to = forward ? pair.b : pair.a;
        VcmpHeader header{.trafficClass = static_cast<TrafficClass>(Below(random, 4)),
                          .flags = vcmp::DATA,
                          .segment = static_cast<std::uint8_t>(random()),
                          .flow = static_cast<std::uint32_t>(Below(random, 1 << 24)),
                          .flowSequence = static_cast<std::uint32_t>(Below(random, 1 << 24))};
        const Bytes payload = RandomBytes(random, Below(random, 10) == 0 ? 0 : Below(random, 1500));
        Bytes out = {1, 2, 3}; // appended to
        const std::uint32_t sequence = from.NextSequence();
        ASSERT_TRUE(from.Seal(header, payload, out, now));
        ASSERT_EQ(out.size(), 3 + VCMP_HEADER_SIZE + payload.size() + VCMP_TAG_SIZE);
        const auto opened = to.Open(ByteView(out).subspan(3), now);
        ASSERT_EQ(opened.reason, DropReason::None);
        ASSERT_EQ(Copy(opened.plaintext), payload);
        header.epoch = opened.header.epoch;
        header.sequence = sequence;
        header.timestamp = ToTimestamp(now);
        ASSERT_EQ(opened.header, header);
    }
    EXPECT_GT(pair.a.Epoch(), 1U);
}

TEST_P(SecureTunnelSuite, EveryChangedBitIsRefusedAndChangesNothing)
{
    Pair pair({.suite = GetParam()});
    for (int i = 0; i < 10; ++i)
    {
        ASSERT_EQ(Receive(pair.b, Send(pair.a, 0ns), 0ns), DropReason::None);
    }
    const Bytes good = Send(pair.a, 0ns, Bytes(40, 3));
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit)
    {
        Bytes bad = good;
        bad[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
        const DropReason reason = Receive(pair.b, bad, 0ns);
        const DropReason expected = bit / 8 > 1            ? DropReason::AuthenticationFailed
                                    : bit == 6 || bit == 7 ? DropReason::BadVersion
                                    : bit < 2              ? DropReason::BadHeader
                                                           : reason;
        // A flipped bit of the sequence may also name one that has been seen, or one left of the
        // window.
        const bool sequenceBit = bit / 8 >= 6 && bit / 8 <= 9;
        if (sequenceBit)
        {
            ASSERT_TRUE(reason == DropReason::AuthenticationFailed ||
                        reason == DropReason::Replayed || reason == DropReason::TooOld);
        }
        else
        {
            ASSERT_EQ(reason, expected) << "bit " << bit;
        }
        ASSERT_NE(reason, DropReason::None) << "bit " << bit;
    }
    EXPECT_EQ(pair.b.Epoch(), 0U);
    EXPECT_EQ(Receive(pair.b, good, 0ns), DropReason::None)
        << "none of the forgeries moved the window";
    EXPECT_EQ(pair.b.Counters().opened, 11U);
}

TEST_P(SecureTunnelSuite, ReplaysAndReflectionsAreRefused)
{
    Pair pair({.suite = GetParam()});
    std::vector<Bytes> sent;
    for (int i = 0; i < 6000; ++i)
    {
        sent.push_back(Send(pair.a, 0ns));
        ASSERT_EQ(Receive(pair.b, sent.back(), 0ns), DropReason::None);
    }
    ASSERT_EQ(Receive(pair.b, sent.back(), 0ns), DropReason::Replayed);
    ASSERT_EQ(Receive(pair.b, sent[6000 - 4096], 0ns), DropReason::Replayed);
    ASSERT_EQ(Receive(pair.b, sent[0], 0ns), DropReason::TooOld);
    ASSERT_EQ(Receive(pair.a, sent[0], 0ns), DropReason::AuthenticationFailed)
        << "reflected to its sender";
    EXPECT_EQ(pair.b.Counters().Refused(DropReason::Replayed), 2U);
    EXPECT_EQ(pair.b.Counters().Refused(DropReason::TooOld), 1U);
    EXPECT_EQ(pair.a.Counters().Refused(DropReason::AuthenticationFailed), 1U);
}

TEST(SecureTunnel, TunnelSequenceWraps)
{
    Pair pair({.firstSequence = 0xffffff00});
    std::vector<Bytes> sent;
    for (unsigned i = 0; i < 512; ++i)
    {
        sent.push_back(Send(pair.a, 0ns));
        const auto opened = pair.b.Open(sent.back(), 0ns);
        ASSERT_EQ(opened.reason, DropReason::None);
        ASSERT_EQ(opened.header.sequence, 0xffffff00 + i);
    }
    for (const Bytes& datagram : sent)
    {
        ASSERT_EQ(Receive(pair.b, datagram, 0ns), DropReason::Replayed);
    }
}

TEST(SecureTunnel, EpochChangesByAgeAndThePreviousLivesForTheOverlap)
{
    Pair pair({.rekeyInterval = 60s, .overlap = 5s});
    const Bytes straggler1 = Send(pair.a, 59s);
    const Bytes straggler2 = Send(pair.a, 59s);
    const Bytes first = Send(pair.a, 60s);
    EXPECT_EQ(pair.a.Epoch(), 1U);
    const auto opened = pair.b.Open(first, 60s);
    ASSERT_EQ(opened.reason, DropReason::None);
    EXPECT_EQ(opened.header.epoch, 1);
    EXPECT_EQ(opened.header.sequence, 2U) << "the sequence runs on";
    EXPECT_EQ(pair.b.Epoch(), 1U) << "the other end follows";
    EXPECT_EQ(Receive(pair.b, straggler1, 65s), DropReason::None);
    EXPECT_EQ(Receive(pair.b, straggler2, 65s + 1ns), DropReason::UnknownEpoch);
    EXPECT_EQ(Receive(pair.a, Send(pair.b, 66s), 66s), DropReason::None);
}

TEST(SecureTunnel, SecondChangeWaitsForThePeer)
{
    Pair pair({.rekeyInterval = 60s, .overlap = 5s});
    // The whole direction b -> a is dead for an hour: a moves once, then waits, and both still
    // understand each other.
    for (TimeNs now = 0s; now < 1h; now += 1s)
    {
        ASSERT_EQ(Receive(pair.b, Send(pair.a, now), now), DropReason::None);
        Send(pair.b, now);
    }
    EXPECT_EQ(pair.a.Epoch(), 1U);
    EXPECT_EQ(pair.b.Epoch(), 2U) << "b has heard a in epoch 1, so it may move on by itself";
    EXPECT_EQ(Receive(pair.a, Send(pair.b, 1h), 1h), DropReason::None);
    EXPECT_EQ(pair.a.Epoch(), 2U);
}

TEST(SecureTunnel, EveryEpochValueIsClassified)
{
    // b at epoch 4, a datagram of every two-bit value: previous, current and next are tried, the
    // fourth is unknown.
    Pair pair({.rekeyInterval = 60s, .overlap = 5s});
    TimeNs now = 0s;
    while (pair.b.Epoch() < 4)
    {
        now += 1s;
        Receive(pair.b, Send(pair.a, now), now);
        Receive(pair.a, Send(pair.b, now), now);
    }
    Bytes datagram = Send(pair.a, now);
    const DropReason expected[] = {DropReason::None,
                                   DropReason::AuthenticationFailed,
                                   DropReason::UnknownEpoch,
                                   DropReason::AuthenticationFailed};
    for (const unsigned step : {3U, 2U, 1U, 0U}) // the good one last: it may be opened once only
    {
        Bytes changed = datagram;
        changed[0] = static_cast<std::uint8_t>((changed[0] & 0xcf) | (((4 + step) & 3) << 4));
        EXPECT_EQ(Receive(pair.b, changed, now), expected[step]) << "epoch + " << step;
    }
    EXPECT_EQ(pair.b.Epoch(), 4U);
}

TEST(SecureTunnel, KeyIsReplacedBeforeItIsUsedUpAndNeverOverused)
{
    Pair pair({.rekeyInterval = NEVER, .overlap = 0ns, .packetsPerKey = 100});
    Bytes out;
    for (int i = 0; i < 100; ++i)
    {
        Send(pair.a, 0ns);
    }
    EXPECT_EQ(pair.a.Epoch(), 0U);
    const Bytes next = Send(pair.a, 0ns);
    EXPECT_EQ(pair.a.Epoch(), 1U);
    for (int i = 1; i < 200; ++i)
    {
        Send(pair.a, 0ns);
    }
    EXPECT_FALSE(pair.a.Seal({.flags = vcmp::DATA}, {}, out, 0ns))
        << "peer silent: rather nothing than a nonce twice";
    EXPECT_TRUE(out.empty());
    EXPECT_EQ(pair.a.Counters().exhausted, 1U);
    ASSERT_EQ(Receive(pair.b, next, 0ns), DropReason::None);
    ASSERT_EQ(Receive(pair.a, Send(pair.b, 0ns), 0ns), DropReason::None);
    EXPECT_TRUE(pair.a.Seal({.flags = vcmp::DATA}, {}, out, 0ns));
    EXPECT_EQ(pair.a.Epoch(), 2U);
}

/// Both ends over a bad network for hours: outages of either direction, loss, reordering within the
/// overlap.
TEST(SecureTunnel, WhateverIsLostWhatArrivesOpens)
{
    for (std::uint64_t seed = 1; seed <= 8; ++seed)
    {
        Random random(seed);
        Pair pair({.suite = CipherSuite::Null, .rekeyInterval = 10s, .overlap = 2s});
        struct Flight
        {
            TimeNs at;
            bool toB;
            Bytes bytes;

            bool
            operator<(const Flight& o) const
            {
                return at > o.at;
            }
        };
        std::priority_queue<Flight> air;
        TimeNs outageUntil[2] = {};
        std::uint64_t delivered = 0;
        for (TimeNs now = 0s; now < 3h; now += 100ms)
        {
            for (const bool toB : {false, true})
            {
                if (Below(random, 3000) == 0)
                {
                    outageUntil[toB] = now + std::chrono::milliseconds(Below(random, 600'000));
                }
                Bytes datagram = Send(toB ? pair.a : pair.b, now);
                if (now >= outageUntil[toB] && Below(random, 10) != 0)
                {
                    air.push({now + std::chrono::microseconds(Below(random, 1'900'000)),
                              toB,
                              std::move(datagram)});
                }
            }
            while (!air.empty() && air.top().at <= now)
            {
                const Flight& flight = air.top();
                ASSERT_EQ(Receive(flight.toB ? pair.b : pair.a, flight.bytes, flight.at),
                          DropReason::None)
                    << "seed " << seed << " at " << now.count();
                ++delivered;
                air.pop();
            }
            ASSERT_LE(std::abs(static_cast<int>(pair.a.Epoch()) - static_cast<int>(pair.b.Epoch())),
                      1);
        }
        EXPECT_GT(delivered, 30'000U);
        EXPECT_GT(pair.a.Epoch(), 50U);
    }
}

TEST(SecureTunnel, LossAroundAnEpochChangeCostsNothingElse)
{
    // Every pattern of loss of the four datagrams on each side of the change.
    for (unsigned pattern = 0; pattern < 256; ++pattern)
    {
        Pair pair({.rekeyInterval = 60s, .overlap = 5s});
        std::vector<Bytes> sent;
        for (int i = 0; i < 8; ++i)
        {
            sent.push_back(Send(pair.a, i < 4 ? 59s : 60s));
        }
        for (unsigned i = 0; i < 8; ++i)
        {
            const unsigned arrival = (i * 3) & 7; // out of order, across the change
            if ((pattern >> arrival & 1) != 0)
            {
                ASSERT_EQ(Receive(pair.b, sent[arrival], 61s), DropReason::None) << pattern;
            }
        }
    }
}

TEST(SecureTunnel, BadConfigurationIsNamed)
{
    const auto message = [](SecureTunnelConfig config) -> std::string {
        try
        {
            SecureTunnel tunnel(config);
        }
        catch (const std::invalid_argument& e)
        {
            return e.what();
        }
        return "";
    };
    const Bytes secret(16);
    EXPECT_EQ(message({.secret = secret}), "");
    EXPECT_NE(message({.secret = Bytes(3)}).find("secret: 3 bytes"), std::string::npos);
    EXPECT_NE(message({.secret = secret, .rekeyInterval = 0s}).find("rekeyInterval"),
              std::string::npos);
    EXPECT_NE(message({.secret = secret, .overlap = 60s}).find("overlap"), std::string::npos);
    EXPECT_NE(message({.secret = secret, .replayWindow = 63}).find("63"), std::string::npos);
    EXPECT_NE(message({.secret = secret, .packetsPerKey = 0}).find("packetsPerKey"),
              std::string::npos);
}

} // namespace
} // namespace weft::sdwan::test
