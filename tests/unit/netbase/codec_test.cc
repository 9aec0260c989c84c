// SPDX-License-Identifier: GPL-2.0-only
// Golden octets, written down by hand or taken from the standards, and closed forms.
#include "netbase-arp.h"
#include "netbase-checksum.h"
#include "netbase-ethernet.h"
#include "netbase-icmp.h"
#include "netbase-igmp.h"
#include "netbase-ip.h"
#include "netbase-ipv4.h"
#include "netbase-ipv6.h"
#include "netbase-ndp.h"
#include "netbase-udp.h"
#include "netbase_test_util.h"

#include <numeric>

namespace weft::netbase::test
{
namespace
{

using namespace std::chrono_literals;

/// RFC 1071 section 4.1, word by word.
std::uint16_t
PlainChecksum(ByteView bytes)
{
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 2)
    {
        sum += std::uint32_t{bytes[i]} << 8 | (i + 1 < bytes.size() ? bytes[i + 1] : 0u);
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(~sum);
}

TEST(Checksum, Rfc1071ExampleAndEveryLength)
{
    EXPECT_EQ(Checksum(Hex("0001 f203 f4f5 f6f7")), 0x220d); // section 3: sum ddf2
    Random random(2);
    for (std::size_t size = 0; size < 300; ++size)
    {
        const Bytes bytes = RandomBytes(random, size);
        ASSERT_EQ(Checksum(bytes), PlainChecksum(bytes)) << size;
        const std::size_t cut = Below(random, size + 1) & ~std::size_t{1};
        ASSERT_EQ(ChecksumFinish(ChecksumAdd(ByteView(bytes).subspan(cut),
                                             ChecksumAdd(ByteView(bytes).first(cut)))),
                  PlainChecksum(bytes));
    }
    EXPECT_EQ(Checksum(Bytes(65535, 0xff)), PlainChecksum(Bytes(65535, 0xff)));
}

TEST(Checksum, UpdateEqualsRecomputation)
{
    Random random(3);
    for (int i = 0; i < 20'000; ++i)
    {
        Bytes header = RandomBytes(random, 20);
        if (i % 8 == 0)
        {
            header.assign(20, i % 16 == 0 ? 0xff : 0); // the corners of RFC 1624 section 3
            header[0] = 0x45;
        }
        Write16(header.data() + 10, 0);
        Write16(header.data() + 10, Checksum(header));
        const std::size_t at = 2 + 2 * Below(random, 4); // the first word of a header is never zero
        const auto value = static_cast<std::uint16_t>(i % 4 == 0 ? 0 : random());
        const std::uint16_t updated =
            ChecksumUpdate(Read16(header.data() + 10), Read16(header.data() + at), value);
        Write16(header.data() + at, value);
        Write16(header.data() + 10, updated);
        ASSERT_EQ(PlainChecksum(header), 0) << i;
    }
}

TEST(Ethernet, TagsComeAndGo)
{
    Bytes frame = Hex("ffffffffffff 005056000064 0800 45");
    EthernetHeader header;
    ASSERT_EQ(ReadEthernet(frame, header), DropReason::None);
    EXPECT_EQ(header.type, ethertype::IPV4);
    EXPECT_FALSE(header.tci);
    InsertTag(frame, MakeTci(100, 5));
    EXPECT_EQ(frame, Hex("ffffffffffff 005056000064 8100 a064 0800 45"));
    ASSERT_EQ(ReadEthernet(frame, header), DropReason::None);
    EXPECT_EQ(header.tci, 0xa064);
    EXPECT_EQ(VlanOf(*header.tci), 100);
    EXPECT_EQ(header.payloadOffset, 18u);
    Bytes written;
    AppendEthernet(written, header);
    EXPECT_EQ(written, Bytes(frame.begin(), frame.begin() + 18));
    EXPECT_EQ(RemoveTag(frame), 0xa064);
    EXPECT_FALSE(RemoveTag(frame));
    EXPECT_EQ(frame, Hex("ffffffffffff 005056000064 0800 45"));
}

TEST(Arp, GoldenFrames)
{
    const MacAddress mac = Mac("00:50:56:00:00:64");
    Bytes frame;
    BuildArpRequest(frame, mac, Ip("192.168.0.100"), Ip("192.168.0.101"));
    EXPECT_EQ(frame,
              Hex("ffffffffffff 005056000064 0806 0001 0800 06 04 0001"
                  "005056000064 c0a80064 000000000000 c0a80065"));
    ArpPacket request;
    ASSERT_EQ(ReadArp(ByteView(frame).subspan(14), request), DropReason::None);
    BuildArpReply(frame, request, Mac("00:50:56:00:00:65"));
    EXPECT_EQ(frame,
              Hex("005056000064 005056000065 0806 0001 0800 06 04 0002"
                  "005056000065 c0a80065 005056000064 c0a80064"));
    BuildGarp(frame, mac, Ip("192.168.0.100"));
    EXPECT_EQ(frame,
              Hex("ffffffffffff 005056000064 0806 0001 0800 06 04 0001"
                  "005056000064 c0a80064 000000000000 c0a80064"));
    ASSERT_EQ(ReadArp(ByteView(frame).subspan(14), request), DropReason::None);
    EXPECT_TRUE(IsGratuitous(request));
    BuildRarp(frame, mac);
    EXPECT_EQ(frame,
              Hex("ffffffffffff 005056000064 8035 0001 0800 06 04 0003"
                  "005056000064 00000000 005056000064 00000000"));
}

TEST(Ipv4, GoldenHeaderAndTtl)
{
    // The well known worked example: 192.168.0.1 to 192.168.0.199, checksum b861.
    Bytes packet = Hex("4500 0073 0000 4000 4011 b861 c0a80001 c0a800c7");
    packet.resize(0x73);
    Ipv4Header header;
    ASSERT_EQ(ReadIpv4(packet, header), DropReason::None);
    EXPECT_TRUE(header.dontFragment);
    EXPECT_EQ(header.protocol, protocol::UDP);
    Bytes written(20);
    EXPECT_EQ(WriteIpv4(written, header), 20u);
    EXPECT_EQ(written, Bytes(packet.begin(), packet.begin() + 20));
    for (int ttl = 63; ttl >= 1; --ttl)
    {
        ASSERT_TRUE(DecrementTtl(packet));
        ASSERT_EQ(ReadIpv4(packet, header), DropReason::None);
        ASSERT_EQ(header.ttl, ttl);
    }
    EXPECT_FALSE(DecrementTtl(packet));
    SetTos(packet, 0xb8);
    ASSERT_EQ(ReadIpv4(packet, header), DropReason::None);
    EXPECT_EQ(header.tos, 0xb8);
}

TEST(Ipv4, RefusesByName)
{
    const Bytes good = Hex("4500 0014 0000 4000 4011 b8c0 c0a80001 c0a800c7");
    Ipv4Header header;
    ASSERT_EQ(ReadIpv4(good, header), DropReason::None);
    const auto reason = [&](std::size_t at, std::uint8_t value, bool mend = true) {
        Bytes packet = good;
        packet[at] = value;
        if (mend)
        {
            Write16(packet.data() + 10, 0);
            Write16(packet.data() + 10, Checksum(packet));
        }
        return ReadIpv4(packet, header);
    };
    EXPECT_EQ(reason(0, 0x65), DropReason::BadHeader);
    EXPECT_EQ(reason(0, 0x44), DropReason::BadHeader);
    EXPECT_EQ(reason(3, 0x13), DropReason::BadHeader);
    EXPECT_EQ(reason(3, 0x15), DropReason::Truncated);
    EXPECT_EQ(reason(8, 0x41, false), DropReason::BadChecksum);
    EXPECT_EQ(reason(8, 0x41, true), DropReason::None);
    Bytes ping = good; // an end beyond 65535
    ping[6] = 0x1f;
    ping[7] = 0xff;
    ping[3] = 0x1c;
    ping.resize(28);
    Write16(ping.data() + 10, 0);
    Write16(ping.data() + 10, Checksum(ByteView(ping).first(20)));
    EXPECT_EQ(ReadIpv4(ping, header), DropReason::BadHeader);
}

TEST(Udp, ChecksumsOfBothVersions)
{
    Random random(4);
    for (int i = 0; i < 2'000; ++i)
    {
        UdpDatagram datagram;
        const bool v6 = i % 2 == 0;
        datagram.source = v6 ? Ip("2001:db8::1") : Ip("10.0.0.1");
        datagram.destination = v6 ? Ip("2001:db8::2") : Ip("10.0.0.2");
        datagram.sourcePort = static_cast<std::uint16_t>(random());
        datagram.destinationPort = 4789;
        datagram.tos = 0xb8;
        datagram.id = static_cast<std::uint16_t>(random());
        datagram.checksum = i % 3 != 0;
        const Bytes payload = RandomBytes(random, Below(random, 100));
        Bytes packet;
        ASSERT_EQ(AppendUdpPacket(packet, datagram, payload), DropReason::None);
        IpFacts facts;
        ASSERT_EQ(ReadIp(packet, facts), DropReason::None);
        EXPECT_EQ(facts.source, datagram.source);
        EXPECT_EQ(facts.destination, datagram.destination);
        EXPECT_EQ(facts.tos, 0xb8);
        UdpHeader header;
        const ByteView segment = facts.Payload(packet);
        ASSERT_EQ(ReadUdp(segment, header), DropReason::None);
        EXPECT_EQ(header.sourcePort, datagram.sourcePort);
        EXPECT_EQ(header.length, 8 + payload.size());
        EXPECT_EQ(header.checksum == 0, !datagram.checksum);
        ASSERT_TRUE(UdpChecksumOk(facts.source, facts.destination, segment));
        if (datagram.checksum)
        {
            Bytes broken(segment.begin(), segment.end());
            broken[Below(random, 2)] ^= 1;
            ASSERT_FALSE(UdpChecksumOk(facts.source, facts.destination, broken));
        }
    }
    EXPECT_EQ(AppendUdpPacket(*std::make_unique<Bytes>(),
                              {.source = Ip("10.0.0.1"), .destination = Ip("10.0.0.2")},
                              Bytes(65508)),
              DropReason::TooBig);
}

TEST(Icmp, GoldenEchoAndErrors)
{
    Bytes packet;
    ASSERT_EQ(AppendEcho(packet, Ip("10.0.0.1"), Ip("10.0.0.2"), false, 0x1234, 7, Hex("6162")),
              DropReason::None);
    EXPECT_EQ(packet,
              Hex("4500 001e 0000 0000 4001 66dd 0a000001 0a000002 0800 8462 1234 0007 6162"));
    IcmpMessage message;
    ASSERT_EQ(ReadIcmp(packet, message), DropReason::None);
    EXPECT_EQ(message.kind, IcmpKind::EchoRequest);
    EXPECT_EQ(message.sequence, 7);
    Bytes reply;
    ASSERT_EQ(AppendEchoReply(reply, packet, Ip("10.0.0.2")), DropReason::None);
    ASSERT_EQ(ReadIcmp(reply, message), DropReason::None);
    EXPECT_EQ(message.kind, IcmpKind::EchoReply);
    EXPECT_EQ(Bytes(message.body.begin(), message.body.end()), Hex("6162"));

    UdpDatagram datagram;
    datagram.source = Ip("10.0.0.1");
    datagram.destination = Ip("10.9.0.2");
    Bytes big;
    ASSERT_EQ(AppendUdpPacket(big, datagram, Bytes(1472, 1)), DropReason::None);
    Bytes error;
    ASSERT_EQ(AppendPacketTooBig(error, Ip("10.0.0.254"), big, 1450), DropReason::None);
    EXPECT_EQ(error.size(), 576u);
    ASSERT_EQ(ReadIcmp(error, message), DropReason::None);
    EXPECT_EQ(message.kind, IcmpKind::PacketTooBig);
    EXPECT_EQ(message.mtu, 1450u);
    EXPECT_EQ(message.type, 3);
    EXPECT_EQ(message.code, 4);
    EXPECT_TRUE(std::equal(message.body.begin(), message.body.end(), big.begin()));

    // Never an error about an error, a group, or a later fragment.
    Bytes nothing;
    EXPECT_EQ(AppendTimeExceeded(nothing, Ip("10.0.0.254"), error), DropReason::Unsupported);
    datagram.destination = Ip("239.1.1.1");
    big.clear();
    AppendUdpPacket(big, datagram, {});
    EXPECT_EQ(AppendUnreachable(nothing, Ip("10.0.0.254"), big, Unreachable::Port),
              DropReason::Unsupported);
    datagram.destination = Ip("10.9.0.2");
    big.clear();
    AppendUdpPacket(big, datagram, Bytes(1472, 1));
    Ipv4Fragmenter fragments(big, 576);
    Bytes first;
    Bytes second;
    fragments.Next(first);
    fragments.Next(second);
    EXPECT_EQ(AppendTimeExceeded(nothing, Ip("10.0.0.254"), first), DropReason::None);
    nothing.clear();
    EXPECT_EQ(AppendTimeExceeded(nothing, Ip("10.0.0.254"), second), DropReason::Unsupported);
    EXPECT_TRUE(nothing.empty());
}

TEST(Icmp, Version6)
{
    Bytes packet;
    const IpAddress a = Ip("2001:db8::1");
    const IpAddress b = Ip("2001:db8::2");
    ASSERT_EQ(AppendEcho(packet, a, b, false, 1, 2, Bytes(1400, 9)), DropReason::None);
    IcmpMessage message;
    ASSERT_EQ(ReadIcmp(packet, message), DropReason::None);
    EXPECT_EQ(message.type, 128);
    Bytes error;
    ASSERT_EQ(AppendPacketTooBig(error, Ip("2001:db8::ff"), packet, 1280), DropReason::None);
    EXPECT_EQ(error.size(), 1280u);
    ASSERT_EQ(ReadIcmp(error, message), DropReason::None);
    EXPECT_EQ(message.kind, IcmpKind::PacketTooBig);
    EXPECT_EQ(message.mtu, 1280u);
    error[60] ^= 1;
    EXPECT_EQ(ReadIcmp(error, message), DropReason::BadChecksum);
}

TEST(Ndp, RoundTripAndRules)
{
    NdpMessage message;
    message.solicitation = true;
    message.source = Ip("2001:db8::1");
    message.target = Ip("2001:db8::12:3456");
    message.destination = SolicitedNode(message.target);
    message.linkAddress = Mac("00:50:56:00:00:01");
    EXPECT_EQ(message.destination, Ip("ff02::1:ff12:3456"));
    Bytes packet;
    AppendNdp(packet, message);
    EXPECT_EQ(packet.size(), 72u);
    NdpMessage read;
    ASSERT_EQ(ReadNdp(packet, read), DropReason::None);
    EXPECT_EQ(read, message);
    packet[7] = 254; // came through a router
    EXPECT_EQ(ReadNdp(packet, read), DropReason::BadHeader);
    message.solicitation = false;
    message.router = message.solicited = message.override = true;
    message.linkAddress.reset();
    packet.clear();
    AppendNdp(packet, message);
    ASSERT_EQ(ReadNdp(packet, read), DropReason::None);
    EXPECT_EQ(read, message);
}

TEST(Igmp, GoldenPackets)
{
    // A Linux host's join, version 3: TOS c0, DF, id 0, TTL 1, router alert.
    IgmpMessage join;
    join.type = IgmpType::V3Report;
    join.records.push_back({IgmpRecordType::ChangeToExclude, Ip("239.0.3.96"), {}});
    Bytes packet;
    AppendIgmpPacket(packet, Ip("10.0.0.1"), IpAddress::V4(IGMP_V3_REPORTS), join);
    EXPECT_EQ(packet,
              Hex("46c0 0028 0000 4000 0102 f9f8 0a000001 e0000016 9404 0000"
                  "2200 e79d 0000 0001 0400 0000 ef000360"));
    Ipv4Header header;
    ASSERT_EQ(ReadIpv4(packet, header), DropReason::None);
    EXPECT_TRUE(header.routerAlert);
    Bytes query;
    IgmpMessage general;
    general.version = 2;
    general.maxResponse = 10s;
    AppendIgmp(query, general);
    EXPECT_EQ(query, Hex("1164 ee9b 00000000"));
}

TEST(Igmp, CodesOfRfc3376)
{
    EXPECT_EQ(DecodeIgmpCode(127), 127u);
    EXPECT_EQ(DecodeIgmpCode(0x80), 128u);
    EXPECT_EQ(DecodeIgmpCode(0xff), 31744u);
    for (unsigned code = 0; code < 256; ++code)
    {
        ASSERT_EQ(EncodeIgmpCode(DecodeIgmpCode(static_cast<std::uint8_t>(code))), code);
    }
    for (std::uint32_t units = 0; units < 40'000; ++units)
    {
        const std::uint32_t back = DecodeIgmpCode(EncodeIgmpCode(units));
        ASSERT_LE(back, units);
        ASSERT_GE(back, std::min(units, 31744u) * 15 / 16);
    }
}

TEST(DropReasons, HaveDifferentNames)
{
    std::vector<std::string_view> names;
    for (unsigned i = 0; i < static_cast<unsigned>(DropReason::Count); ++i)
    {
        names.push_back(ToString(static_cast<DropReason>(i)));
        EXPECT_FALSE(names.back().empty());
    }
    std::sort(names.begin(), names.end());
    EXPECT_EQ(std::unique(names.begin(), names.end()), names.end());
    DropCounters counters;
    counters.Add(DropReason::TooBig);
    counters.Add(DropReason::TooBig, 2);
    counters.Add(DropReason::None, 5);
    EXPECT_EQ(counters.Of(DropReason::TooBig), 3u);
    EXPECT_EQ(counters.Total(), 3u);
}

} // namespace
} // namespace weft::netbase::test
