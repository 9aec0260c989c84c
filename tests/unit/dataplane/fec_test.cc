// SPDX-License-Identifier: GPL-2.0-only
// XOR N+1: golden bytes, every order of arrival, gaps, wraps, timers, books.
#include "sdwan-fec.h"
#include "sdwan-xor.h"
#include "wire_test_util.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>

namespace weft::sdwan::test
{
namespace
{

using namespace std::chrono_literals;

struct Packet
{
    VcmpHeader header;
    Bytes payload;
};

/// A sender that protects every packet; flow and tunnel sequences run together from given starts.
class Sender
{
  public:
    Sender(FecConfig config,
           std::uint32_t sequence = 0,
           std::uint32_t flowSequence = 0,
           std::uint64_t seed = 1)
        : m_encoder(config), m_random(seed), m_sequence(sequence), m_flowSequence(flowSequence)
    {
    }

    Packet
    Next(TimeNs now = 0ns)
    {
        Packet packet;
        packet.header = {.trafficClass = TrafficClass::Video,
                         .flags = vcmp::DATA | vcmp::FEC_PROTECTED | vcmp::ORDERED,
                         .segment = 3,
                         .sequence = m_sequence++,
                         .flow = 0x123456,
                         .flowSequence = m_flowSequence};
        m_flowSequence = SerialAdd<24>(m_flowSequence, 1);
        if (m_encoder.Config().grouping == FecGrouping::Flow)
        {
            packet.header.flags |= vcmp::FEC_BY_FLOW;
        }
        packet.payload = RandomBytes(m_random, Below(m_random, 200));
        m_encoder.Feed(packet.header, packet.payload, now);
        return packet;
    }

    std::vector<Packet>
    Parities(TimeNs now = 0ns)
    {
        std::vector<Packet> all;
        Packet packet;
        while (m_encoder.PollParity(now, packet.header, packet.payload))
        {
            packet.header.sequence = m_sequence++;
            all.push_back(packet);
            packet.payload.clear();
        }
        return all;
    }

    /// A tunnel carries other packets too.
    void
    Skip(std::uint32_t n)
    {
        m_sequence += n;
    }

    FecEncoder&
    Encoder()
    {
        return m_encoder;
    }

  private:
    FecEncoder m_encoder;
    Random m_random;
    std::uint32_t m_sequence;
    std::uint32_t m_flowSequence;
};

void
Give(FecDecoder& decoder, const Packet& packet, TimeNs now = 0ns)
{
    if (packet.header.Has(vcmp::PARITY))
    {
        ASSERT_EQ(decoder.OnParity(packet.header, packet.payload, now), DropReason::None);
    }
    else
    {
        decoder.OnData(packet.header, packet.payload, now);
    }
}

std::vector<Packet>
Rebuilt(FecDecoder& decoder)
{
    std::vector<Packet> all;
    VcmpHeader header;
    ByteView payload;
    while (decoder.PollRebuilt(header, payload))
    {
        all.push_back({header, Copy(payload)});
    }
    return all;
}

void
ExpectSame(const Packet& rebuilt, const Packet& original, FecGrouping grouping)
{
    VcmpHeader expected = original.header;
    expected.timestamp = 0;
    if (grouping == FecGrouping::Flow)
    {
        expected.sequence = 0;
    }
    EXPECT_EQ(rebuilt.header, expected);
    EXPECT_EQ(rebuilt.payload, original.payload);
}

void
ExpectBooks(const FecDecoder& decoder)
{
    const auto& c = decoder.Counters();
    EXPECT_EQ(c.received,
              c.used + c.wasted + c.unrecoverable + c.late + c.malformed + decoder.Waiting());
}

TEST(XorInto, AgreesWithTheDefinitionAtEverySizeAndAlignment)
{
    Random random(6);
    for (std::size_t n = 0; n < 600; ++n)
    {
        const std::size_t shiftA = Below(random, 33);
        const std::size_t shiftB = Below(random, 33);
        Bytes a = RandomBytes(random, n + 66);
        const Bytes b = RandomBytes(random, n + 66);
        Bytes expected = a;
        for (std::size_t i = 0; i < n; ++i)
        {
            expected[shiftA + i] ^= b[shiftB + i];
        }
        XorInto(a.data() + shiftA, b.data() + shiftB, n);
        ASSERT_EQ(a, expected) << n;
    }
}

TEST(XorAll, AgreesWithOneAfterTheOther)
{
    Random random(8);
    for (std::size_t count = 1; count <= 20; ++count)
    {
        for (const std::size_t n : {0U, 1U, 7U, 8U, 63U, 64U, 65U, 200U, 1412U})
        {
            std::vector<Bytes> sources;
            std::vector<const std::uint8_t*> pointers;
            Bytes together = RandomBytes(random, n);
            Bytes oneByOne(n);
            for (std::size_t k = 0; k < count; ++k)
            {
                sources.push_back(RandomBytes(random, n));
                XorInto(oneByOne.data(), sources.back().data(), n);
            }
            for (const Bytes& source : sources)
            {
                pointers.push_back(source.data());
            }
            XorAll(together.data(), pointers.data(), count, n);
            ASSERT_EQ(together, oneByOne) << count << " of " << n;
        }
    }
}

TEST(Fec, GoldenParity)
{
    FecEncoder encoder({.data = 2, .depth = 1});
    const VcmpHeader first{.trafficClass = TrafficClass::Voice,
                           .flags = vcmp::DATA | vcmp::FEC_PROTECTED,
                           .segment = 1,
                           .sequence = 0x11223344,
                           .flow = 0x800005,
                           .flowSequence = 0x00000a};
    VcmpHeader second = first;
    second.sequence = 0x11223347;
    second.flow = 0x000006;
    second.flowSequence = 0x0000ff;
    second.flags |= vcmp::ORDERED;
    encoder.Feed(first, Hex("0102030405"), 0ns);
    encoder.Feed(second, Hex("f0f1"), 0ns);
    VcmpHeader header;
    Bytes payload;
    ASSERT_TRUE(encoder.PollParity(0ns, header, payload));
    EXPECT_EQ(header.flags, vcmp::PARITY);
    EXPECT_EQ(header.flow, 0U);
    EXPECT_EQ(header.segment, 0U);
    EXPECT_EQ(payload,
              Hex("00"           // grouped by tunnel and class
                  "02"           // two members
                  "11223344"     // the first's tunnel sequence
                  "0003"         // the second's, from there
                  "00"           // class
                  "40"           // flags: 21 ^ 61
                  "00"           // segment: 01 ^ 01
                  "00"           //
                  "800003"       // flow
                  "0000f5"       // flow sequence
                  "0007"         // length: 5 ^ 2
                  "f1f3030405")) // payload, the shorter padded with zeros
        << "as documented in doc/vcmp.md";
    EXPECT_EQ(payload.size(), FecParityOverhead(2) + 5);
    EXPECT_FALSE(encoder.PollParity(0ns, header, payload));
    EXPECT_EQ(encoder.NextDeadline(), NEVER);
}

class FecShape : public testing::TestWithParam<std::tuple<FecGrouping, std::size_t, std::size_t>>
{
};

INSTANTIATE_TEST_SUITE_P(All,
                         FecShape,
                         testing::Combine(testing::Values(FecGrouping::TunnelClass,
                                                          FecGrouping::Flow),
                                          testing::Values(1, 2, 4, 10, 64),
                                          testing::Values(1, 2, 8)));

TEST_P(FecShape, AnySingleLossInAColumnIsRebuiltInAnyOrderOfArrival)
{
    const auto [grouping, data, depth] = GetParam();
    Random random(7);
    // Both sequences wrap on the way.
    Sender sender({.grouping = grouping, .data = data, .depth = depth}, 0xffffff80, 0xffff80);
    FecDecoder decoder({.grouping = grouping, .units = 4096});
    std::uint64_t lost = 0;
    for (int block = 0; block < 60; ++block)
    {
        std::vector<Packet> air;
        std::vector<Packet> gone;
        std::vector<std::size_t> victim(depth);
        for (auto& v : victim)
        {
            v = Below(random, data + 1); // data: the parity itself
        }
        for (std::size_t i = 0; i < data * depth; ++i)
        {
            sender.Skip(static_cast<std::uint32_t>(Below(random, 3)));
            Packet packet = sender.Next();
            (victim[i % depth] == i / depth ? gone : air).push_back(std::move(packet));
        }
        const auto parities = sender.Parities();
        ASSERT_EQ(parities.size(), depth);
        std::uint64_t parityLost = 0;
        for (std::size_t c = 0; c < depth; ++c)
        {
            if (victim[c] == data)
            {
                ++parityLost;
            }
            else
            {
                air.push_back(parities[c]);
            }
        }
        std::shuffle(air.begin(), air.end(), random);
        for (const Packet& packet : air)
        {
            Give(decoder, packet);
        }
        auto rebuilt = Rebuilt(decoder);
        ASSERT_EQ(rebuilt.size(), gone.size());
        lost += gone.size();
        const auto order = [](const Packet& a, const Packet& b) {
            return SerialBefore<24>(a.header.flowSequence, b.header.flowSequence);
        };
        std::sort(rebuilt.begin(), rebuilt.end(), order);
        for (std::size_t i = 0; i < gone.size(); ++i)
        {
            ExpectSame(rebuilt[i], gone[i], grouping);
        }
    }
    EXPECT_EQ(decoder.Counters().used, lost);
    EXPECT_EQ(decoder.Waiting(), 0U);
    EXPECT_EQ(decoder.Counters().unrecoverable, 0U);
    ExpectBooks(decoder);
}

TEST_P(FecShape, AFewThousandLostInARowLeaveItHealthy)
{
    const auto [grouping, data, depth] = GetParam();
    Sender sender({.grouping = grouping, .data = data, .depth = depth}, 0xfffff000);
    FecDecoder decoder({.grouping = grouping, .units = 4096});
    TimeNs now = 0ns;
    for (const int gap : {0, 5'000, 50'000})
    {
        for (int i = 0; i < gap; ++i)
        {
            sender.Next(now);
            sender.Parities(now);
            now += 1ms;
        }
        sender.Encoder().Flush();
        sender.Parities(now);
        // The first block after the gap already rebuilds its losses; so do ten more.
        for (int block = 0; block < 11; ++block)
        {
            Packet missing;
            for (std::size_t i = 0; i < data * depth; ++i)
            {
                Packet packet = sender.Next(now);
                now += 1us;
                if (i == 0)
                {
                    missing = packet;
                }
                else
                {
                    Give(decoder, packet, now);
                }
            }
            for (const Packet& parity : sender.Parities(now))
            {
                Give(decoder, parity, now);
            }
            const auto rebuilt = Rebuilt(decoder);
            ASSERT_EQ(rebuilt.size(), 1U) << "gap " << gap << " block " << block;
            ExpectSame(rebuilt[0], missing, grouping);
        }
    }
    EXPECT_EQ(decoder.Counters().late, 0U);
    ExpectBooks(decoder);
}

TEST(Fec, DepthKeepsMembersAndParityApart)
{
    Sender sender({.data = 3, .depth = 4});
    std::map<std::uint32_t, std::vector<std::uint32_t>> columns;
    for (std::uint32_t i = 0; i < 12; ++i)
    {
        ASSERT_TRUE(sender.Parities().empty());
        columns[i % 4].push_back(sender.Next().header.sequence);
    }
    const auto parities = sender.Parities();
    ASSERT_EQ(parities.size(), 4U);
    for (std::uint32_t c = 0; c < 4; ++c)
    {
        EXPECT_EQ(columns[c], (std::vector<std::uint32_t>{c, c + 4, c + 8}));
        EXPECT_EQ(parities[c].header.sequence, c + 12);
        EXPECT_EQ(Copy(ByteView(parities[c].payload).first(10)),
                  (Bytes{0, 3, 0, 0, 0, static_cast<std::uint8_t>(c), 0, 4, 0, 8}));
    }
}

TEST(Fec, FlushTimerProtectsAShortBlock)
{
    Sender sender({.data = 10, .depth = 1, .flush = 40ms});
    FecDecoder decoder;
    sender.Next(100ms);
    Give(decoder, sender.Next(120ms));
    EXPECT_EQ(sender.Encoder().NextDeadline(), 140ms);
    EXPECT_TRUE(sender.Parities(140ms - 1ns).empty());
    const auto parities = sender.Parities(140ms);
    ASSERT_EQ(parities.size(), 1U);
    EXPECT_EQ(sender.Encoder().NextDeadline(), NEVER);
    EXPECT_EQ(sender.Encoder().Counters().flushed, 1U);
    Give(decoder, parities[0]);
    EXPECT_EQ(Rebuilt(decoder).size(), 1U);
    // A block of a single packet is protected by what amounts to a copy.
    const Packet lone = sender.Next(1s);
    const auto copy = sender.Parities(1s + 40ms);
    ASSERT_EQ(copy.size(), 1U);
    Give(decoder, copy[0]);
    const auto rebuilt = Rebuilt(decoder);
    ASSERT_EQ(rebuilt.size(), 1U);
    ExpectSame(rebuilt[0], lone, FecGrouping::TunnelClass);
}

TEST(Fec, SparseMembersBeyondTheOffsetsStartANewBlock)
{
    Sender sender({.data = 3});
    FecDecoder decoder;
    Give(decoder, sender.Next());
    sender.Skip(65'534);
    Give(decoder, sender.Next()); // offset 65535: just fits
    EXPECT_TRUE(sender.Parities().empty());
    sender.Next(); // offset 65536: closes the block of two
    const auto parities = sender.Parities();
    ASSERT_EQ(parities.size(), 1U);
    EXPECT_EQ(parities[0].payload[1], 2);
    Give(decoder, parities[0]);
    EXPECT_EQ(decoder.Counters().wasted, 1U);
}

TEST(Fec, TwoMissingWaitForAStraggler)
{
    Sender sender({.data = 4});
    FecDecoder decoder({.patience = 500ms});
    std::vector<Packet> sent;
    for (int i = 0; i < 4; ++i)
    {
        sent.push_back(sender.Next());
    }
    Give(decoder, sent[0]);
    Give(decoder, sent[3]);
    Give(decoder, sender.Parities()[0]);
    EXPECT_TRUE(Rebuilt(decoder).empty());
    EXPECT_EQ(decoder.Waiting(), 1U);
    Give(decoder, sent[1], 499ms);
    const auto rebuilt = Rebuilt(decoder);
    ASSERT_EQ(rebuilt.size(), 1U);
    ExpectSame(rebuilt[0], sent[2], FecGrouping::TunnelClass);
    // The original, overtaken by its own reconstruction.
    Give(decoder, sent[2], 499ms);
    EXPECT_EQ(decoder.Counters().lateOriginals, 1U);
    EXPECT_TRUE(Rebuilt(decoder).empty());
    ExpectBooks(decoder);
}

TEST(Fec, PatienceEndsAndIsBooked)
{
    Sender sender({.data = 4});
    FecDecoder decoder({.patience = 500ms});
    std::vector<Packet> sent;
    for (int i = 0; i < 4; ++i)
    {
        sent.push_back(sender.Next());
    }
    Give(decoder, sent[0]);
    Give(decoder, sent[3]);
    Give(decoder, sender.Parities()[0]);
    Give(decoder, sent[1], 500ms);
    EXPECT_TRUE(Rebuilt(decoder).empty());
    EXPECT_EQ(decoder.Counters().unrecoverable, 1U);
    ExpectBooks(decoder);
}

TEST(Fec, CopiesAndRepeatedParityAreHarmless)
{
    Sender sender({.grouping = FecGrouping::Flow, .data = 4});
    FecDecoder decoder({.grouping = FecGrouping::Flow});
    std::vector<Packet> sent;
    for (int i = 0; i < 4; ++i)
    {
        sent.push_back(sender.Next());
    }
    for (int i = 0; i < 3; ++i)
    {
        Give(decoder, sent[static_cast<std::size_t>(i)]);
        Packet copy = sent[static_cast<std::size_t>(i)];
        copy.header.flags |= vcmp::DUPLICATE;
        copy.header.sequence += 1000; // of another tunnel
        Give(decoder, copy);
    }
    const auto parity = sender.Parities();
    Give(decoder, parity[0]);
    Give(decoder, parity[0]);
    EXPECT_EQ(Rebuilt(decoder).size(), 1U);
    EXPECT_EQ(decoder.Counters().members, 3U);
    EXPECT_EQ(decoder.Counters().wasted, 1U);
    ExpectBooks(decoder);
}

TEST(Fec, ParityOfForgottenMembersIsLate)
{
    Sender sender({.data = 4});
    FecDecoder decoder({.units = 64});
    std::vector<Packet> sent;
    for (int i = 0; i < 4; ++i)
    {
        Give(decoder, sender.Next());
    }
    const auto parity = sender.Parities();
    for (int i = 0; i < 64; ++i)
    {
        Give(decoder, sender.Next());
        sender.Parities();
    }
    Give(decoder, parity[0]);
    EXPECT_TRUE(Rebuilt(decoder).empty());
    EXPECT_EQ(decoder.Counters().late, 1U);
    ExpectBooks(decoder);
}

TEST(Fec, ParityThatLiesIsRefused)
{
    Sender sender({.data = 4});
    std::vector<Packet> sent;
    for (int i = 0; i < 4; ++i)
    {
        sent.push_back(sender.Next());
    }
    const Packet parity = sender.Parities()[0];
    const auto reason = [&](auto change) {
        FecDecoder decoder;
        Give(decoder, sent[0]);
        Give(decoder, sent[1]);
        Give(decoder, sent[3]);
        Packet bad = parity;
        change(bad);
        const DropReason r = decoder.OnParity(bad.header, bad.payload, 0ns);
        EXPECT_EQ(decoder.Counters().malformed, r == DropReason::BadParity ? 1U : 0U);
        EXPECT_EQ(Rebuilt(decoder).size(), r == DropReason::BadParity ? 0U : 1U);
        return r;
    };
    EXPECT_EQ(reason([](Packet&) {}), DropReason::None);
    EXPECT_EQ(reason([](Packet& p) { p.payload[0] = 1; }), DropReason::BadParity) << "grouping";
    EXPECT_EQ(reason([](Packet& p) { p.payload[1] = 0; }), DropReason::BadParity) << "no members";
    EXPECT_EQ(reason([](Packet& p) { p.payload[1] = 65; }), DropReason::BadParity)
        << "too many members";
    EXPECT_EQ(reason([](Packet& p) { p.payload[7] = 0; }), DropReason::BadParity)
        << "offsets do not ascend";
    EXPECT_EQ(reason([](Packet& p) { p.payload[12] ^= 0x80; }), DropReason::BadParity)
        << "class out of range";
    EXPECT_EQ(reason([](Packet& p) { p.payload[13] ^= vcmp::PARITY; }), DropReason::BadParity)
        << "flags";
    EXPECT_EQ(reason([](Packet& p) { p.payload[15] = 1; }), DropReason::BadParity)
        << "reserved byte";
    EXPECT_EQ(reason([](Packet& p) { p.payload[22] ^= 0x80; }), DropReason::BadParity) << "length";
    EXPECT_EQ(reason([](Packet& p) { p.payload.resize(20); }), DropReason::BadParity)
        << "truncated";
    EXPECT_EQ(reason([](Packet& p) { p.header.flags |= vcmp::FEC_BY_FLOW; }), DropReason::BadParity)
        << "flag against byte 0";
}

TEST(Fec, BadConfigurationIsNamed)
{
    EXPECT_THROW(FecEncoder({.data = 0}), std::invalid_argument);
    EXPECT_THROW(FecEncoder({.data = 65}), std::invalid_argument);
    EXPECT_THROW(FecEncoder({.depth = 0}), std::invalid_argument);
    EXPECT_THROW(FecEncoder({.depth = 33}), std::invalid_argument);
    EXPECT_THROW(FecEncoder({.flush = 0ns}), std::invalid_argument);
    EXPECT_THROW(FecDecoder({.units = 1}), std::invalid_argument);
    EXPECT_THROW(FecDecoder({.pending = 1}), std::invalid_argument);
    EXPECT_THROW(FecDecoder({.patience = 0ns}), std::invalid_argument);
}

} // namespace
} // namespace weft::sdwan::test
