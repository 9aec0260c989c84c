// SPDX-License-Identifier: GPL-2.0-only
// Fragments cut by one end are put together by the other, whatever the network does to their order.
#include "netbase-checksum.h"
#include "netbase-icmp.h"
#include "netbase-ipv4.h"
#include "netbase-ipv6.h"
#include "netbase-reassembly.h"
#include "netbase-udp.h"
#include "netbase_test_util.h"

#include <algorithm>

namespace weft::netbase::test
{
namespace
{

using namespace std::chrono_literals;

Bytes
Datagram(Random& random, bool v6, std::size_t size, std::uint16_t id)
{
    UdpDatagram datagram;
    datagram.source = v6 ? Ip("2001:db8::1") : Ip("10.0.0.1");
    datagram.destination = v6 ? Ip("2001:db8::2") : Ip("10.0.0.2");
    datagram.id = id;
    Bytes packet;
    AppendUdpPacket(packet, datagram, RandomBytes(random, size));
    return packet;
}

std::vector<Bytes>
Cut(const Bytes& packet, std::uint32_t mtu, std::uint32_t id)
{
    std::vector<Bytes> parts;
    const auto collect = [&parts](auto fragmenter) {
        Bytes part;
        while (fragmenter.Next(part))
        {
            parts.push_back(part);
            part.clear();
        }
    };
    packet[0] >> 4 == 6 ? collect(Ipv6Fragmenter(packet, mtu, id))
                        : collect(Ipv4Fragmenter(packet, mtu));
    return parts;
}

DropReason
Give(Reassembly& reassembly, const Bytes& part, TimeNs now, Bytes& whole)
{
    IpFacts facts;
    EXPECT_EQ(ReadIp(part, facts), DropReason::None);
    EXPECT_TRUE(facts.fragment);
    return reassembly.OnFragment(part, facts, now, whole);
}

void
ExpectBooks(const Reassembly& reassembly)
{
    const auto& c = reassembly.Counters();
    EXPECT_EQ(c.fragments, c.used + reassembly.Waiting() + c.drops.Total());
}

TEST(Fragmenter, CutsAsTheStandardsSay)
{
    Random random(21);
    const Bytes packet = Datagram(random, false, 1542, 7); // a frame of 1500 in VXLAN: 1570
    const auto parts = Cut(packet, 1500, 0);
    ASSERT_EQ(parts.size(), 2u);
    EXPECT_EQ(parts[0].size(), 1500u);
    EXPECT_EQ(parts[1].size(), 90u); // 20 + 1550 - 1480
    Ipv4Header header;
    ASSERT_EQ(ReadIpv4(parts[1], header), DropReason::None);
    EXPECT_EQ(header.fragmentOffset, 1480);
    EXPECT_FALSE(header.moreFragments);
    for (int i = 0; i < 2'000; ++i)
    {
        const bool v6 = i % 2 == 0;
        const std::uint32_t mtu =
            static_cast<std::uint32_t>(v6 ? 1280 + Below(random, 300) : 68 + Below(random, 1500));
        const Bytes whole = Datagram(random, v6, Below(random, 6000), 1);
        std::size_t octets = 0;
        for (const Bytes& part : Cut(whole, mtu, 1))
        {
            ASSERT_LE(part.size(), mtu);
            IpFacts facts;
            ASSERT_EQ(ReadIp(part, facts), DropReason::None);
            ASSERT_TRUE(!facts.fragment || facts.fragmentOffset == octets);
            octets += part.size() - facts.payloadOffset;
        }
        ASSERT_EQ(octets, whole.size() - (v6 ? 40 : 20));
    }
}

TEST(Fragmenter, CopiesOptionsThatSaySo)
{
    // Router alert (copied) and a timestamp of 8 octets (not copied).
    Bytes packet = Hex("4800 0000 0001 0000 4011 0000 0a000001 0a000002"
                       "9404 0000 4408 0500 0000 0000");
    packet.resize(32 + 200, 7);
    Write16(packet.data() + 2, static_cast<std::uint16_t>(packet.size()));
    Write16(packet.data() + 10, Checksum(ByteView(packet).first(32)));
    const auto parts = Cut(packet, 100, 0);
    ASSERT_EQ(parts.size(), 3u);
    Ipv4Header header;
    ASSERT_EQ(ReadIpv4(parts[0], header), DropReason::None);
    EXPECT_EQ(header.headerLength, 32);
    ASSERT_EQ(ReadIpv4(parts[1], header), DropReason::None);
    EXPECT_EQ(header.headerLength, 24);
    EXPECT_TRUE(header.routerAlert);
    Reassembly reassembly;
    Bytes whole;
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)
    {
        ASSERT_EQ(Give(reassembly, *part, 0s, whole), DropReason::None);
    }
    EXPECT_EQ(whole, packet);
}

TEST(Reassembly, AnyOrderAndDuplicatesGiveTheDatagramBack)
{
    Random random(22);
    Reassembly reassembly;
    for (int i = 0; i < 3'000; ++i)
    {
        const bool v6 = i % 2 == 0;
        const Bytes packet =
            Datagram(random, v6, 1300 + Below(random, 9000), static_cast<std::uint16_t>(i));
        auto parts = Cut(packet, v6 ? 1280 : 576, static_cast<std::uint32_t>(i));
        ASSERT_GT(parts.size(), 1u);
        if (i % 3 == 0)
        {
            // Cut again on the way (IPv4 only).
            std::vector<Bytes> smaller;
            for (const Bytes& part : parts)
            {
                const auto again = v6 ? std::vector<Bytes>{part} : Cut(part, 300, 0);
                smaller.insert(smaller.end(), again.begin(), again.end());
            }
            parts = smaller;
        }
        std::shuffle(parts.begin(), parts.end(), random);
        const std::size_t twice = Below(random, parts.size() - 1);
        Bytes whole;
        for (std::size_t p = 0; p < parts.size(); ++p)
        {
            ASSERT_TRUE(whole.empty());
            ASSERT_EQ(Give(reassembly, parts[p], 0s, whole), DropReason::None);
            if (p == twice)
            {
                Bytes nothing;
                ASSERT_EQ(Give(reassembly, parts[p], 0s, nothing), DropReason::FragmentDuplicate);
            }
        }
        ASSERT_EQ(whole, packet) << i;
    }
    EXPECT_EQ(reassembly.Waiting(), 0u);
    EXPECT_EQ(reassembly.Counters().datagrams, 3'000u);
    ExpectBooks(reassembly);
}

TEST(Reassembly, OverlapDropsTheDatagram)
{
    Random random(23);
    const Bytes packet = Datagram(random, false, 2000, 5);
    const auto parts = Cut(packet, 576, 0);
    const auto others = Cut(packet, 300, 0);
    Reassembly reassembly;
    Bytes whole;
    ASSERT_EQ(Give(reassembly, parts[0], 0s, whole), DropReason::None);
    ASSERT_EQ(Give(reassembly, parts[2], 0s, whole), DropReason::None);
    ASSERT_EQ(Give(reassembly, others[1], 0s, whole), DropReason::FragmentOverlap);
    EXPECT_EQ(reassembly.Waiting(), 0u);
    EXPECT_EQ(reassembly.Counters().drops.Of(DropReason::FragmentOverlap), 3u);
    ExpectBooks(reassembly);
}

TEST(Reassembly, TimeoutIsSinceTheFirstFragmentAndTellsIt)
{
    Random random(24);
    const Bytes packet = Datagram(random, false, 2000, 5);
    const auto parts = Cut(packet, 576, 0);
    Reassembly reassembly;
    Bytes whole;
    EXPECT_EQ(reassembly.NextDeadline(), NEVER);
    ASSERT_EQ(Give(reassembly, parts[1], 1s, whole), DropReason::None);
    ASSERT_EQ(Give(reassembly, parts[0], 20s, whole), DropReason::None);
    EXPECT_EQ(reassembly.NextDeadline(), 31s);
    reassembly.OnDeadline(30s);
    EXPECT_EQ(reassembly.Waiting(), 2u);
    reassembly.OnDeadline(31s);
    EXPECT_EQ(reassembly.Waiting(), 0u);
    EXPECT_EQ(reassembly.Counters().drops.Of(DropReason::FragmentTimeout), 2u);
    Bytes first;
    ASSERT_TRUE(reassembly.PollExpired(first));
    EXPECT_EQ(first, parts[0]);
    EXPECT_FALSE(reassembly.PollExpired(first));
    // What comes late is a datagram of its own.
    ASSERT_EQ(Give(reassembly, parts[2], 40s, whole), DropReason::None);
    EXPECT_EQ(reassembly.NextDeadline(), 70s);
    ExpectBooks(reassembly);
}

TEST(Reassembly, MemoryIsBounded)
{
    Random random(25);
    ReassemblyConfig config;
    config.maxDatagrams = 3;
    Reassembly reassembly(config);
    Bytes whole;
    for (std::uint16_t id = 0; id < 10; ++id)
    {
        const auto parts = Cut(Datagram(random, false, 2000, id), 576, 0);
        ASSERT_EQ(Give(reassembly, parts[0], 0s, whole), DropReason::None);
    }
    EXPECT_EQ(reassembly.Waiting(), 3u);
    EXPECT_EQ(reassembly.Counters().drops.Of(DropReason::FragmentEvicted), 7u);
    ExpectBooks(reassembly);

    config.maxDatagrams = 64;
    config.maxOctets = 65535;
    Reassembly small(config);
    const auto a = Cut(Datagram(random, false, 60'000, 1), 1500, 0);
    const auto b = Cut(Datagram(random, false, 60'000, 2), 1500, 0);
    ASSERT_EQ(Give(small, a.back(), 0s, whole), DropReason::None);
    ASSERT_EQ(Give(small, b.back(), 0s, whole), DropReason::None); // pushes the other out
    EXPECT_EQ(small.Waiting(), 1u);
    for (std::size_t i = 0; i + 1 < b.size(); ++i)
    {
        ASSERT_EQ(Give(small, b[i], 0s, whole), DropReason::None);
    }
    EXPECT_EQ(whole.size(), 60'028u);
    ExpectBooks(small);
    EXPECT_THROW(Reassembly({.maxOctets = 1}), std::invalid_argument);
    EXPECT_THROW(Reassembly({.timeout = 0s}), std::invalid_argument);
    EXPECT_THROW(Reassembly({.maxDatagrams = 0}), std::invalid_argument);
}

/// Random fragments of few datagrams, mutated too: nothing is lost from the books.
TEST(Reassembly, BooksBalanceUnderNoise)
{
    Random random(26);
    ReassemblyConfig config;
    config.maxDatagrams = 5;
    Reassembly reassembly(config);
    TimeNs now = 0s;
    std::vector<std::vector<Bytes>> datagrams;
    for (std::uint16_t id = 0; id < 8; ++id)
    {
        datagrams.push_back(Cut(Datagram(random, id % 2 == 0, 3000, id), 1280, id));
    }
    for (int i = 0; i < 100'000; ++i)
    {
        now += 100ms;
        reassembly.OnDeadline(now);
        auto& parts = datagrams[Below(random, datagrams.size())];
        Bytes part = parts[Below(random, parts.size())];
        if (Below(random, 4) == 0)
        {
            part[Below(random, 48)] ^= static_cast<std::uint8_t>(1u << Below(random, 8));
            Write16(part.data() + 10, 0);
            if (part[0] >> 4 == 4)
            {
                Write16(part.data() + 10, Checksum(ByteView(part).first(20)));
            }
        }
        IpFacts facts;
        if (ReadIp(part, facts) != DropReason::None || !facts.fragment)
        {
            continue;
        }
        Bytes whole;
        reassembly.OnFragment(part, facts, now, whole);
        if (!whole.empty())
        {
            ASSERT_EQ(ReadIp(whole, facts), DropReason::None);
            ASSERT_FALSE(facts.fragment);
        }
    }
    EXPECT_GT(reassembly.Counters().datagrams, 100u);
    EXPECT_GT(reassembly.Counters().drops.Entries().size(), 3u);
    ExpectBooks(reassembly);
}

TEST(Reassembly, CongestionIsKept)
{
    Random random(27);
    Bytes packet = Datagram(random, false, 2000, 5);
    SetTos(packet, 2); // ECT(0)
    auto parts = Cut(packet, 1500, 0);
    SetTos(parts[1], 3);
    Reassembly reassembly;
    Bytes whole;
    Give(reassembly, parts[0], 0s, whole);
    Give(reassembly, parts[1], 0s, whole);
    IpFacts facts;
    ASSERT_EQ(ReadIp(whole, facts), DropReason::None);
    EXPECT_EQ(facts.tos, 3);
}

} // namespace
} // namespace weft::netbase::test
