// SPDX-License-Identifier: GPL-2.0-only
// Random, truncated and mutated datagrams: a named reason each, no crash, no change of state. Meant
// for asan and ubsan too.
#include "sdwan-fec.h"
#include "sdwan-secure-tunnel.h"
#include "wire_test_util.h"

#include <gtest/gtest.h>

namespace weft::sdwan::test
{
namespace
{

using namespace std::chrono_literals;

SecureTunnelConfig
Config(CipherSuite suite, bool initiator)
{
    return {.suite = suite, .secret = Bytes(32, 0x33), .initiator = initiator};
}

/// Changes bits, length, or splices: what a broken or hostile network could do.
void
Mutate(Random& random, Bytes& datagram)
{
    switch (Below(random, 5))
    {
    case 0:
        datagram.resize(Below(random, datagram.size() + 1));
        break;
    case 1:
        datagram.resize(datagram.size() + 1 + Below(random, 64),
                        static_cast<std::uint8_t>(random()));
        break;
    default:
        if (datagram.empty())
        {
            datagram.push_back(0);
            break;
        }
        for (std::uint64_t n = 1 + Below(random, 4); n > 0; --n)
        {
            datagram[Below(random, datagram.size())] ^=
                static_cast<std::uint8_t>(1 + Below(random, 255));
        }
    }
}

TEST(Fuzz, RandomDatagramsNeverOpen)
{
    for (const CipherSuite suite : {CipherSuite::Aes128Gcm, CipherSuite::Null})
    {
        Random random(41);
        SecureTunnel a(Config(suite, true));
        SecureTunnel b(Config(suite, false));
        std::array<std::uint64_t, static_cast<std::size_t>(DropReason::Count)> reasons{};
        for (int i = 0; i < 100'000; ++i)
        {
            Bytes garbage =
                RandomBytes(random, Below(random, 4) == 0 ? Below(random, 40) : Below(random, 200));
            if (garbage.size() > 1 && (i & 1) != 0)
            {
                garbage[0] =
                    static_cast<std::uint8_t>(0x40 | (garbage[0] & 0x3c)); // past the first checks
                garbage[1] = vcmp::DATA;
            }
            const DropReason reason = b.Open(garbage, 0s).reason;
            ASSERT_NE(reason, DropReason::None);
            ++reasons[static_cast<std::size_t>(reason)];
        }
        std::uint64_t total = 0;
        for (std::size_t r = 0; r < reasons.size(); ++r)
        {
            ASSERT_EQ(b.Counters().refused[r], reasons[r]);
            total += reasons[r];
        }
        EXPECT_EQ(total, 100'000U);
        for (const DropReason expected : {DropReason::Truncated,
                                          DropReason::BadVersion,
                                          DropReason::BadHeader,
                                          DropReason::UnknownEpoch,
                                          DropReason::AuthenticationFailed})
        {
            EXPECT_GT(b.Counters().Refused(expected), 100U) << ToString(expected);
        }
        EXPECT_EQ(b.Epoch(), 0U);
        Bytes good;
        ASSERT_TRUE(a.Seal({.flags = vcmp::DATA}, Bytes(10), good, 0s));
        EXPECT_EQ(b.Open(good, 0s).reason, DropReason::None) << "as if nothing had happened";
    }
}

/// The same conversation with and without an attacker who injects mutated copies: the ends cannot
/// tell the difference.
TEST(Fuzz, MutatedDatagramsChangeNothing)
{
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
    {
        const CipherSuite suite = seed % 2 == 0 ? CipherSuite::Null : CipherSuite::Aes256Gcm;
        Random random(seed);
        SecureTunnel a(Config(suite, true));
        SecureTunnel b(Config(suite, false));
        SecureTunnel witness(Config(suite, false));
        TimeNs now = 0s;
        for (int i = 0; i < 20'000; ++i)
        {
            now += 37ms;
            Bytes datagram;
            ASSERT_TRUE(a.Seal(
                {.flags = vcmp::DATA}, RandomBytes(random, Below(random, 80)), datagram, now));
            const bool before = (random() & 1) != 0;
            Bytes mutant = datagram;
            Mutate(random, mutant);
            const bool changed = mutant != datagram;
            if (before && changed)
            {
                ASSERT_NE(b.Open(mutant, now).reason, DropReason::None);
            }
            if (Below(random, 8) != 0)
            {
                const auto x = b.Open(datagram, now);
                const auto y = witness.Open(datagram, now);
                ASSERT_EQ(x.reason, DropReason::None);
                ASSERT_EQ(x.header, y.header);
                ASSERT_EQ(Copy(x.plaintext), Copy(y.plaintext));
            }
            if (!before && changed)
            {
                ASSERT_NE(b.Open(mutant, now).reason, DropReason::None);
            }
            ASSERT_EQ(b.Epoch(), witness.Epoch());
            if (i % 50 == 0)
            {
                Bytes reply;
                ASSERT_TRUE(b.Seal({.flags = vcmp::DATA}, {}, reply, now));
                ASSERT_EQ(a.Open(reply, now).reason, DropReason::None);
                Bytes same;
                ASSERT_TRUE(witness.Seal({.flags = vcmp::DATA}, {}, same, now));
                ASSERT_EQ(same, reply);
            }
        }
        EXPECT_GT(b.Epoch(), 5U);
    }
}

TEST(Fuzz, ParityFromAnywhereNeverHurts)
{
    // Authenticated peers send parity, but a faulty one may send anything. Rebuilt packets must
    // still be well formed.
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
    {
        Random random(seed);
        const FecGrouping grouping = seed % 2 == 0 ? FecGrouping::Flow : FecGrouping::TunnelClass;
        const auto byFlow =
            static_cast<std::uint8_t>(grouping == FecGrouping::Flow ? vcmp::FEC_BY_FLOW : 0);
        FecEncoder encoder(
            {.grouping = grouping, .data = 1 + Below(random, 8), .depth = 1 + Below(random, 3)});
        FecDecoder decoder({.grouping = grouping, .units = 64, .pending = 4});
        std::uint32_t sequence = static_cast<std::uint32_t>(random());
        std::uint64_t malformed = 0;
        std::uint64_t rebuiltCount = 0;
        for (int i = 0; i < 60'000; ++i)
        {
            const TimeNs now = i * 1ms;
            VcmpHeader header{
                .flags = static_cast<std::uint8_t>(vcmp::DATA | vcmp::FEC_PROTECTED | byFlow),
                .sequence = sequence,
                .flow = 9,
                .flowSequence = sequence & 0xffffff};
            ++sequence;
            const Bytes payload = RandomBytes(random, Below(random, 60));
            encoder.Feed(header, payload, now);
            if (Below(random, 10) != 0)
            {
                decoder.OnData(header, payload, now);
            }
            VcmpHeader parityHeader;
            Bytes parity;
            while (encoder.PollParity(now, parityHeader, parity))
            {
                if (Below(random, 2) == 0)
                {
                    Mutate(random, parity);
                }
                malformed += decoder.OnParity(parityHeader, parity, now) == DropReason::BadParity;
                parity.clear();
            }
            if (Below(random, 20) == 0)
            {
                Bytes garbage = RandomBytes(random, Below(random, 80));
                if (garbage.size() > 6)
                {
                    garbage[0] = static_cast<std::uint8_t>(grouping);
                    garbage[1] &= 7;
                    const std::uint32_t near =
                        header.flowSequence - static_cast<std::uint32_t>(Below(random, 20));
                    garbage[2] = grouping == FecGrouping::Flow
                                     ? 0
                                     : static_cast<std::uint8_t>(sequence >> 24);
                    garbage[3] = static_cast<std::uint8_t>(near >> 16);
                    garbage[4] = static_cast<std::uint8_t>(near >> 8);
                    garbage[5] = static_cast<std::uint8_t>(near);
                }
                malformed +=
                    decoder.OnParity({.flags = static_cast<std::uint8_t>(vcmp::PARITY | byFlow)},
                                     garbage,
                                     now) == DropReason::BadParity;
            }
            ByteView rebuilt;
            while (decoder.PollRebuilt(header, rebuilt))
            {
                ++rebuiltCount;
                ASSERT_TRUE(FlagsAgree(header.flags));
                ASSERT_TRUE(header.Has(vcmp::DATA));
                ASSERT_LE(rebuilt.size(), 200U);
            }
        }
        const auto& c = decoder.Counters();
        EXPECT_GT(malformed, 100U);
        EXPECT_GT(rebuiltCount, 100U);
        EXPECT_EQ(c.received,
                  c.used + c.wasted + c.unrecoverable + c.late + c.malformed + decoder.Waiting());
    }
}

} // namespace
} // namespace weft::sdwan::test
