// SPDX-License-Identifier: GPL-2.0-only
// PIM messages: golden bytes, round trips, every truncation, mutations.
#include "network.h"

#include <gtest/gtest.h>

#include <random>

namespace weft::multicast::test
{
namespace
{

Bytes
Hex(const std::string& text)
{
    Bytes bytes;
    for (std::size_t i = 0; i < text.size();)
    {
        if (text[i] == ' ')
        {
            ++i;
            continue;
        }
        bytes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
        i += 2;
    }
    return bytes;
}

Bytes
Written(const PimMessage& message)
{
    Bytes bytes;
    AppendPim(bytes, message);
    return bytes;
}

PimHello
FullHello()
{
    PimHello hello;
    hello.holdtime = 105;
    hello.lanPruneDelay = PimLanPruneDelay{.tracking = true, .propagation = 500, .override = 2500};
    hello.drPriority = 1;
    hello.generationId = 0x12345678;
    hello.stateRefreshInterval = 60;
    hello.bidirectional = true;
    hello.addresses = {Ip("10.0.0.1"), Ip("192.168.7.7")};
    return hello;
}

PimJoinPrune
FullJoinPrune()
{
    PimJoinPrune message;
    message.upstream = Ip("10.1.1.1");
    message.holdtime = 210;
    message.groups.push_back(
        {.group = Ip("239.0.3.96"),
         .joins = {{.address = Ip("10.255.0.1"), .wildcard = true, .rpTree = true}},
         .prunes = {{.address = Ip("10.0.0.7"), .rpTree = true}}});
    message.groups.push_back({.group = Ip("239.0.3.97"),
                              .bidirectional = true,
                              .joins = {{.address = Ip("10.0.0.8")}},
                              .prunes = {}});
    return message;
}

/// One message of each kind with something in every field.
std::vector<PimMessage>
Samples()
{
    PimJoinPrune graft = FullJoinPrune();
    graft.type = PimType::Graft;
    graft.holdtime = 0;
    PimJoinPrune ack = graft;
    ack.type = PimType::GraftAck;
    PimDfElection offer{.kind = DfKind::Offer, .rp = Ip("10.255.0.1"), .sender = {110, 20}};
    PimDfElection winner = offer;
    winner.kind = DfKind::Winner;
    PimDfElection backoff = offer;
    backoff.kind = DfKind::Backoff;
    backoff.other = Ip("10.1.1.2");
    backoff.otherMetric = {110, 10};
    backoff.interval = 1000;
    PimDfElection pass = backoff;
    pass.kind = DfKind::Pass;
    pass.interval = 0;
    return {FullHello(),
            PimHello{},
            FullJoinPrune(),
            graft,
            ack,
            PimRegisterStop{.group = Ip("239.1.1.1"), .source = Ip("10.0.0.9")},
            PimAssert{.group = Ip("239.1.1.1"),
                      .source = Ip("10.0.0.9"),
                      .rpTree = true,
                      .preference = 0x7fffffff,
                      .metric = 0xffffffff},
            PimStateRefresh{.group = Ip("239.1.1.1"),
                            .source = Ip("10.0.0.9"),
                            .originator = Ip("10.0.0.1"),
                            .rpTree = false,
                            .preference = 110,
                            .metric = 3,
                            .maskLength = 24,
                            .ttl = 17,
                            .pruneIndicator = true,
                            .pruneNow = true,
                            .assertOverride = true,
                            .interval = 60},
            offer,
            winner,
            backoff,
            pass};
}

TEST(PimMessage, GoldenBytes)
{
    // Computed by hand from RFC 7761 section 4.9.
    EXPECT_EQ(Written(FullHello()),
              Hex("20 00 15 b9"
                  "0001 0002 0069"
                  "0002 0004 81f4 09c4"
                  "0013 0004 00000001"
                  "0014 0004 12345678"
                  "0015 0004 01 3c 0000"
                  "0016 0000"
                  "0018 000c 0100 0a000001 0100 c0a80707"));
    EXPECT_EQ(Written(FullJoinPrune()),
              Hex("23 00 36 b4"
                  "0100 0a010101 00 02 00d2"
                  "0100 00 20 ef000360 0001 0001"
                  "0100 07 20 0aff0001"
                  "0100 05 20 0a000007"
                  "0100 80 20 ef000361 0001 0000"
                  "0100 04 20 0a000008"));
    EXPECT_EQ(Written(PimRegisterStop{.group = Ip("239.1.1.1"), .source = Ip("10.0.0.9")}),
              Hex("22 00 e1 d3  0100 00 20 ef010101  0100 0a000009"));
    EXPECT_EQ(Written(PimAssert{.group = Ip("239.1.1.1"),
                                .source = Ip("10.0.0.9"),
                                .rpTree = true,
                                .preference = 110,
                                .metric = 3}),
              Hex("25 00 5e 62  0100 00 20 ef010101  0100 0a000009  8000006e 00000003"));
    EXPECT_EQ(Written(PimDfElection{.kind = DfKind::Backoff,
                                    .rp = Ip("10.255.0.1"),
                                    .sender = {110, 20},
                                    .other = Ip("10.1.1.2"),
                                    .otherMetric = {110, 10},
                                    .interval = 1000}),
              Hex("2a 30 b8 ea  0100 0aff0001 0000006e 00000014"
                  "0100 0a010102 0000006e 0000000a 03e8"));
}

TEST(PimMessage, EveryKindSurvivesARoundTrip)
{
    for (const PimMessage& message : Samples())
    {
        PimMessage read;
        ASSERT_EQ(ReadPim(Written(message), read), DropReason::None) << message.index();
        ASSERT_EQ(read.index(), message.index());
        std::visit(
            [&read](const auto& sent) {
                using Message = std::decay_t<decltype(sent)>;
                if constexpr (!std::is_same_v<Message, PimRegister>)
                {
                    EXPECT_EQ(std::get<Message>(read), sent);
                }
            },
            message);
    }
}

TEST(PimMessage, RegisterCarriesAPacketOutsideItsChecksum)
{
    const Bytes inner(40, 0x55);
    PimRegister message;
    message.null = true;
    message.border = true;
    message.packet = inner;
    Bytes wire = Written(message);
    EXPECT_EQ(wire.size(), PIM_REGISTER_HEADER + inner.size());
    EXPECT_EQ(Bytes(wire.begin(), wire.begin() + 8), Hex("21 00 1e ff c0000000"));
    wire.back() ^= 0xff;
    PimMessage read;
    EXPECT_EQ(ReadPim(wire, read), DropReason::None) << "the packet has checksums of its own";
    EXPECT_TRUE(std::get<PimRegister>(read).null);
    EXPECT_TRUE(std::get<PimRegister>(read).border);
    EXPECT_EQ(std::get<PimRegister>(read).packet.size(), inner.size());
    wire[4] ^= 0x40;
    EXPECT_EQ(ReadPim(wire, read), DropReason::BadChecksum);
}

TEST(PimMessage, RegisterWithAChecksumOverAllIsTaken)
{
    PimRegister message;
    const Bytes inner{1, 2, 3, 4};
    message.packet = inner;
    Bytes wire = Written(message);
    wire[2] = wire[3] = 0;
    // 0x2100 + 0x0102 + 0x0304
    netbase::Write16(wire.data() + 2, static_cast<std::uint16_t>(~(0x2100 + 0x0102 + 0x0304)));
    PimMessage read;
    EXPECT_EQ(ReadPim(wire, read), DropReason::None);
}

TEST(PimMessage, EveryTruncationHasAReason)
{
    for (const PimMessage& message : Samples())
    {
        const Bytes whole = Written(message);
        for (std::size_t size = 0; size < whole.size(); ++size)
        {
            PimMessage read;
            // A Hello may end after any option; but then its checksum is another.
            const DropReason reason = ReadPim(ByteView(whole).first(size), read);
            EXPECT_TRUE(reason == DropReason::Truncated || reason == DropReason::BadChecksum)
                << message.index() << " of " << size << ": " << ToString(reason);
        }
    }
}

/// The checksum put right, so that what is behind it gets tested.
void
Mend(Bytes& wire)
{
    if (wire.size() < 4)
    {
        return;
    }
    wire[2] = wire[3] = 0;
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < wire.size(); i += 2)
    {
        sum += static_cast<std::uint32_t>(wire[i] << 8) + (i + 1 < wire.size() ? wire[i + 1] : 0);
    }
    while (sum >> 16 != 0)
    {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    netbase::Write16(wire.data() + 2, static_cast<std::uint16_t>(~sum));
}

TEST(PimMessage, TruncatedBehindARightChecksum)
{
    for (const PimMessage& message : Samples())
    {
        if (std::holds_alternative<PimHello>(message))
        {
            continue; // any whole number of options is a Hello
        }
        const Bytes whole = Written(message);
        for (std::size_t size = 4; size < whole.size(); ++size)
        {
            Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            Mend(cut);
            PimMessage read;
            EXPECT_EQ(ReadPim(cut, read), DropReason::Truncated) << message.index() << " " << size;
        }
    }
}

TEST(PimMessage, MutationsNeverBreakTheReader)
{
    std::mt19937_64 random(11);
    std::map<DropReason, unsigned> reasons;
    const auto samples = Samples();
    for (int i = 0; i < 200'000; ++i)
    {
        Bytes wire = Written(samples[random() % samples.size()]);
        for (std::uint64_t n = 1 + random() % 4; n > 0; --n)
        {
            wire[random() % wire.size()] ^= static_cast<std::uint8_t>(1 + random() % 255);
        }
        if (random() % 4 == 0)
        {
            wire.resize(random() % (wire.size() + 1));
        }
        if (random() % 8 != 0)
        {
            Mend(wire);
        }
        PimMessage read;
        const DropReason reason = ReadPim(wire, read);
        ++reasons[reason];
        if (reason == DropReason::None && !std::holds_alternative<PimRegister>(read))
        {
            // What was understood can be said, and is understood the same.
            Bytes again;
            AppendPim(again, read);
            PimMessage twice;
            ASSERT_EQ(ReadPim(again, twice), DropReason::None);
            ASSERT_EQ(twice.index(), read.index());
        }
    }
    for (const DropReason reason : {DropReason::None,
                                    DropReason::Truncated,
                                    DropReason::BadHeader,
                                    DropReason::BadChecksum,
                                    DropReason::Unsupported})
    {
        EXPECT_GT(reasons[reason], 100u) << ToString(reason);
    }
    EXPECT_EQ(reasons.size(), 5u);
}

TEST(PimMessage, AddressesThatMakeNoSenseAreRefused)
{
    const auto refused = [](const PimMessage& message) {
        PimMessage read;
        return ReadPim(Written(message), read);
    };
    EXPECT_EQ(refused(PimRegisterStop{.group = Ip("10.0.0.1"), .source = Ip("10.0.0.9")}),
              DropReason::BadHeader)
        << "the group is none";
    EXPECT_EQ(refused(PimRegisterStop{.group = Ip("239.0.0.1"), .source = Ip("239.0.0.9")}),
              DropReason::BadHeader)
        << "the source is a group";
    PimJoinPrune message = FullJoinPrune();
    message.groups[0].maskLength = 33;
    EXPECT_EQ(refused(message), DropReason::BadHeader);
    Bytes version = Written(FullHello());
    version[0] = 0x10;
    PimMessage read;
    EXPECT_EQ(ReadPim(version, read), DropReason::Unsupported);
}

TEST(PimMessage, PacketsAreAsRoutersSendThem)
{
    Bytes packet;
    AppendPimPacket(packet, Ip("10.0.0.1"), Ip("224.0.0.13"), FullHello());
    Ipv4Header header;
    ASSERT_EQ(netbase::ReadIpv4(packet, header), netbase::DropReason::None);
    EXPECT_EQ(header.ttl, 1);
    EXPECT_EQ(header.tos, 0xc0);
    EXPECT_EQ(header.protocol, 103);
    EXPECT_EQ(header.totalLength, packet.size());
}

} // namespace
} // namespace weft::multicast::test
