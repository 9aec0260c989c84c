// SPDX-License-Identifier: GPL-2.0-only
// Random, truncated and mutated octets into every decoder: a named reason each, no read out of
// bounds. Meant for asan and ubsan too. What is accepted is written again and has to be the same.
#include "netbase-arp.h"
#include "netbase-checksum.h"
#include "netbase-endpoint.h"
#include "netbase-flow-hash.h"
#include "netbase-igmp.h"
#include "netbase-ipv4.h"
#include "netbase-ipv6.h"
#include "netbase-udp.h"
#include "netbase_test_util.h"

#include <algorithm>

namespace weft::netbase::test
{
namespace
{

using namespace std::chrono_literals;

IpAddress
RandomAddress(Random& random, bool v6)
{
    if (!v6)
    {
        return IpAddress::V4(0x0a000000u | static_cast<std::uint32_t>(Below(random, 1 << 24)));
    }
    Bytes octets = RandomBytes(random, 16);
    octets[0] = 0x20;
    return IpAddress::V6(octets);
}

IgmpMessage
RandomIgmp(Random& random)
{
    const auto group = [&] {
        return IpAddress::V4(0xe0000000u | static_cast<std::uint32_t>(Below(random, 1 << 28)));
    };
    const auto sources = [&] {
        std::vector<IpAddress> list;
        for (auto n = Below(random, 4); n > 0; --n)
        {
            list.push_back(RandomAddress(random, false));
        }
        return list;
    };
    IgmpMessage message;
    message.group = group();
    switch (Below(random, 5))
    {
    case 0:
        message.type = IgmpType::V2Report;
        message.version = 2;
        break;
    case 1:
        message.type = IgmpType::V2Leave;
        message.version = 2;
        break;
    case 2:
        message.type = IgmpType::V3Report;
        message.group = IpAddress::V4(0);
        for (auto n = Below(random, 4); n > 0; --n)
        {
            message.records.push_back(
                {static_cast<IgmpRecordType>(1 + Below(random, 6)), group(), sources()});
        }
        break;
    case 3:
        message.version = 2;
        message.maxResponse = (1 + Below(random, 255)) * 100ms;
        break;
    default:
        message.maxResponse = DecodeIgmpCode(static_cast<std::uint8_t>(random())) * 100ms;
        message.queryInterval =
            std::chrono::seconds(DecodeIgmpCode(static_cast<std::uint8_t>(random())));
        message.robustness = static_cast<unsigned>(Below(random, 8));
        message.suppress = Below(random, 2) == 0;
        message.sources = sources();
    }
    return message;
}

/// A well-formed IP packet of some kind.
Bytes
RandomPacket(Random& random)
{
    const bool v6 = Below(random, 2) == 0;
    const IpAddress a = RandomAddress(random, v6);
    const IpAddress b = RandomAddress(random, v6);
    Bytes packet;
    switch (Below(random, v6 ? 4 : 5))
    {
    case 0:
    {
        UdpDatagram datagram;
        datagram.source = a;
        datagram.destination = b;
        datagram.checksum = Below(random, 2) == 0;
        AppendUdpPacket(packet, datagram, RandomBytes(random, Below(random, 80)));
        break;
    }
    case 1:
        AppendEcho(
            packet, a, b, Below(random, 2) == 0, 1, 2, RandomBytes(random, Below(random, 80)));
        break;
    case 2:
    {
        Bytes inner;
        AppendEcho(inner, a, b, false, 1, 2, RandomBytes(random, Below(random, 80)));
        AppendPacketTooBig(packet, b, inner, 1400);
        break;
    }
    case 3:
        if (v6)
        {
            NdpMessage message;
            message.solicitation = Below(random, 2) == 0;
            message.source = a;
            message.destination = b;
            message.target = RandomAddress(random, true);
            message.linkAddress = MacAddress::FromInteger(random() & 0xfeffffffffff);
            AppendNdp(packet, message);
        }
        else
        {
            Ipv4Header header;
            header.protocol = static_cast<std::uint8_t>(random());
            header.moreFragments = true;
            header.fragmentOffset = static_cast<std::uint16_t>(8 * Below(random, 20));
            header.source = a;
            header.destination = b;
            AppendIpv4Packet(packet, header, RandomBytes(random, 8 * Below(random, 9)));
        }
        break;
    default:
        AppendIgmpPacket(packet, a, IpAddress::V4(IGMP_V3_REPORTS), RandomIgmp(random));
    }
    if (v6 && Below(random, 2) == 0)
    {
        // A chain of extension headers in front.
        Ipv6Header header;
        ReadIpv6(packet, header);
        Bytes payload(packet.begin() + 40, packet.end());
        for (auto n = 1 + Below(random, 3); n > 0; --n)
        {
            const std::uint8_t kinds[] = {0, 43, 60, 44};
            const std::uint8_t kind = kinds[Below(random, 4)];
            Bytes extension(kind == 44 ? 8 : 8 * (1 + Below(random, 2)));
            extension[0] = header.nextHeader;
            extension[1] = static_cast<std::uint8_t>(kind == 44 ? 0 : extension.size() / 8 - 1);
            payload.insert(payload.begin(), extension.begin(), extension.end());
            header.nextHeader = kind;
        }
        packet.clear();
        AppendIpv6Packet(packet, header, payload);
    }
    return packet;
}

/// Gives octets to every decoder. @return how many accepted
int
DecodeAll(const Bytes& octets)
{
    const Bytes tight = Tight(octets);
    int accepted = 0;
    const auto count = [&accepted](DropReason reason) {
        EXPECT_LT(reason, DropReason::Count);
        accepted += reason == DropReason::None ? 1 : 0;
    };
    EthernetHeader ethernet;
    count(ReadEthernet(tight, ethernet));
    ArpPacket arp;
    if (ReadArp(tight, arp) == DropReason::None)
    {
        ++accepted;
        Bytes again;
        AppendArp(again, arp);
        EXPECT_TRUE(std::equal(again.begin(), again.end(), tight.begin()));
    }
    Ipv4Header v4;
    count(ReadIpv4(tight, v4));
    Ipv6Header v6;
    count(ReadIpv6(tight, v6));
    IpFacts facts;
    if (ReadIp(tight, facts) == DropReason::None)
    {
        ++accepted;
        EXPECT_LE(facts.payloadOffset, facts.totalLength);
        EXPECT_LE(facts.totalLength, tight.size());
        static_cast<void>(facts.Payload(tight));
        MayReportError(tight, IcmpKind::TimeExceeded);
        Bytes packet = tight;
        SetTos(packet, 0xff);
        DecrementTtl(packet);
        EXPECT_EQ(ReadIp(packet, facts), DropReason::None);
        Bytes error;
        AppendTimeExceeded(error, facts.v6 ? Ip("2001:db8::ff") : Ip("10.0.0.254"), tight);
        Bytes fragment;
        Ipv4Fragmenter cut4(tight, 68);
        Ipv6Fragmenter cut6(tight, 1280, 1);
        while (cut4.Next(fragment) || cut6.Next(fragment))
        {
            fragment.clear();
        }
        if (facts.fragment)
        {
            Reassembly reassembly;
            Bytes whole;
            reassembly.OnFragment(tight, facts, 0s, whole);
        }
    }
    UdpHeader udp;
    if (ReadUdp(tight, udp) == DropReason::None)
    {
        ++accepted;
        UdpChecksumOk(Ip("10.0.0.1"), Ip("10.0.0.2"), tight);
    }
    IcmpMessage icmp;
    count(ReadIcmp(tight, icmp));
    Bytes reply;
    count(AppendEchoReply(reply, tight, Ip("10.0.0.1")));
    NdpMessage ndp;
    count(ReadNdp(tight, ndp));
    IgmpMessage igmp;
    count(ReadIgmp(tight, igmp));
    static_cast<void>(ReadFlowFields(tight));
    static_cast<void>(ReadIpFlowFields(tight));
    Bytes tagged = tight;
    RemoveTag(tagged);
    return accepted;
}

TEST(Fuzz, EveryTruncationHasAReason)
{
    Random random(11);
    for (int i = 0; i < 300; ++i)
    {
        const Bytes packet = RandomPacket(random);
        IpFacts facts;
        ASSERT_EQ(ReadIp(packet, facts), DropReason::None) << i;
        for (std::size_t size = 0; size < packet.size(); ++size)
        {
            const Bytes cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
            ASSERT_EQ(ReadIp(cut, facts), DropReason::Truncated) << i << " " << size;
            DecodeAll(cut);
        }
    }
    for (int i = 0; i < 300; ++i)
    {
        Bytes payload;
        AppendIgmp(payload, RandomIgmp(random));
        for (std::size_t size = 0; size < payload.size(); ++size)
        {
            IgmpMessage message;
            const Bytes cut(payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(size));
            // 8 octets of a longer query are a query of an older version, were it not for the sum.
            ASSERT_NE(ReadIgmp(cut, message), DropReason::None) << i << " " << size;
        }
    }
}

TEST(Fuzz, MutationsAndNoise)
{
    Random random(12);
    int accepted = 0;
    for (int i = 0; i < 60'000; ++i)
    {
        Bytes octets;
        switch (Below(random, 4))
        {
        case 0:
            octets = RandomBytes(random, Below(random, 100));
            break;
        case 1:
            AppendIgmp(octets, RandomIgmp(random));
            Mutate(random, octets);
            break;
        default:
            octets = RandomPacket(random);
            Mutate(random, octets);
            if (Below(random, 2) == 0 && octets.size() >= 20 && octets[0] >> 4 == 4)
            {
                // Past the header checksum, so that what lies behind it is reached.
                const std::size_t header =
                    std::clamp<std::size_t>(4 * (octets[0] & 15), 20, octets.size());
                Write16(octets.data() + 10, 0);
                Write16(octets.data() + 10, Checksum(ByteView(octets).first(header)));
            }
        }
        accepted += DecodeAll(octets);
    }
    EXPECT_GT(accepted, 10'000);
}

TEST(Fuzz, RoundTrips)
{
    Random random(13);
    for (int i = 0; i < 20'000; ++i)
    {
        const IgmpMessage message = RandomIgmp(random);
        Bytes payload;
        AppendIgmp(payload, message);
        IgmpMessage read;
        // A version 3 query without response time would still be one of version 3.
        ASSERT_EQ(ReadIgmp(payload, read), DropReason::None);
        ASSERT_EQ(read, message) << i;

        Ipv4Header header;
        header.tos = static_cast<std::uint8_t>(random());
        header.id = static_cast<std::uint16_t>(random());
        header.dontFragment = Below(random, 2) == 0;
        header.moreFragments = Below(random, 2) == 0;
        header.fragmentOffset = static_cast<std::uint16_t>(8 * Below(random, 8000));
        header.ttl = static_cast<std::uint8_t>(random());
        header.protocol = static_cast<std::uint8_t>(random());
        header.source = IpAddress::V4(static_cast<std::uint32_t>(random()));
        header.destination = IpAddress::V4(static_cast<std::uint32_t>(random()));
        header.routerAlert = Below(random, 2) == 0;
        Bytes packet;
        ASSERT_EQ(AppendIpv4Packet(packet, header, RandomBytes(random, 33)), DropReason::None);
        Ipv4Header back;
        ASSERT_EQ(ReadIpv4(packet, back), DropReason::None);
        header.totalLength = static_cast<std::uint16_t>(packet.size());
        header.headerLength = header.routerAlert ? 24 : 20;
        ASSERT_EQ(back, header);

        Ipv6Header six;
        six.trafficClass = static_cast<std::uint8_t>(random());
        six.flowLabel = static_cast<std::uint32_t>(Below(random, 1 << 20));
        six.nextHeader = protocol::UDP;
        six.hopLimit = static_cast<std::uint8_t>(random());
        six.source = RandomAddress(random, true);
        six.destination = RandomAddress(random, true);
        packet.clear();
        ASSERT_EQ(AppendIpv6Packet(packet, six, RandomBytes(random, 33)), DropReason::None);
        six.payloadLength = 33;
        Ipv6Header sixBack;
        ASSERT_EQ(ReadIpv6(packet, sixBack), DropReason::None);
        ASSERT_EQ(sixBack, six);
    }
}

/// Noise and mutated frames into a whole host: it answers nothing but ARP and echo for its own
/// addresses, and every frame has one fate.
TEST(Fuzz, HostsKeepTheirBooks)
{
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
    {
        Random random(seed);
        const bool v6 = seed % 2 == 0;
        EndpointConfig config;
        config.mac = Mac("00:50:56:00:00:01");
        config.address = v6 ? Ip("2001:db8::1") : Ip("10.0.0.1");
        config.prefixLength = v6 ? 64 : 8;
        config.neighbours.maxEntries = 16;
        config.reassembly.maxDatagrams = 4;
        IpEndpoint host(config, 0s);
        host.JoinGroup(v6 ? Ip("ff05::5") : Ip("239.1.1.1"), 0s);
        TimeNs now = 0s;
        std::uint64_t delivered = 0;
        for (int i = 0; i < 40'000; ++i)
        {
            now += 10ms;
            if (host.NextDeadline() <= now)
            {
                host.OnDeadline(now);
            }
            Bytes packet = RandomPacket(random);
            if (Below(random, 2) == 0 && packet.size() >= 40)
            {
                const bool six = packet[0] >> 4 == 6;
                std::copy(config.address.octets.begin() + (six ? 0 : 12),
                          config.address.octets.end(),
                          packet.begin() + (six ? 24 : 16));
            }
            if (Below(random, 4) == 0)
            {
                packet.clear();
                AppendEcho(packet,
                           RandomAddress(random, v6),
                           config.address,
                           false,
                           1,
                           2,
                           RandomBytes(random, Below(random, 80)));
            }
            else if (v6 && Below(random, 4) == 0)
            {
                NdpMessage message;
                message.solicitation = Below(random, 4) != 0;
                message.source = RandomAddress(random, true);
                message.destination = config.address;
                message.target = message.solicitation ? config.address : message.source;
                message.linkAddress = MacAddress::FromInteger(random() & 0xfeffffffffff);
                packet.clear();
                AppendNdp(packet, message);
            }
            if (Below(random, 2) == 0)
            {
                Mutate(random, packet);
            }
            if (packet.size() >= 20 && packet[0] == 0x45)
            {
                Write16(packet.data() + 10, 0);
                Write16(packet.data() + 10, Checksum(ByteView(packet).first(20)));
            }
            Bytes frame;
            EthernetHeader header;
            header.destination = config.mac;
            header.source = Mac("00:50:56:00:00:02");
            header.type = EtherTypeOf(packet);
            AppendEthernet(frame, header);
            frame.insert(frame.end(), packet.begin(), packet.end());
            if (Below(random, 4) == 0)
            {
                BuildArpRequest(frame,
                                header.source,
                                RandomAddress(random, false),
                                Below(random, 2) == 0 ? config.address
                                                      : RandomAddress(random, false));
            }
            if (Below(random, 8) == 0)
            {
                Mutate(random, frame);
            }
            const std::uint64_t before = host.Counters().drops.Total();
            const DropReason reason = host.OnFrame(Tight(frame), now);
            // Drops without a reason for the frame are of answers, or of what these push out.
            ASSERT_TRUE(reason == DropReason::None || host.Counters().drops.Total() > before);
            Bytes out;
            while (host.PollPacket(out))
            {
                ++delivered;
            }
            while (host.PollFrame(out))
            {
                EthernetHeader sent;
                ASSERT_EQ(ReadEthernet(out, sent), DropReason::None);
                ASSERT_EQ(sent.source, config.mac);
                ArpPacket arp;
                if (sent.type == ethertype::ARP)
                {
                    ASSERT_EQ(ReadArp(ByteView(out).subspan(14), arp), DropReason::None);
                    ASSERT_EQ(arp.sender, config.address);
                }
            }
            TableChange change;
            while (host.PollTableChange(change))
            {
            }
        }
        const auto& c = host.Counters();
        EXPECT_EQ(c.framesIn, 40'000u);
        EXPECT_EQ(c.packetsDelivered, delivered);
        EXPECT_GT(delivered, 500u);
        EXPECT_GT(c.echoes, 100u);
        EXPECT_GT(c.drops.Entries().size(), 6u);
        const auto* fragments = host.Fragments();
        ASSERT_NE(fragments, nullptr);
        EXPECT_EQ(fragments->Counters().fragments,
                  fragments->Counters().used + fragments->Waiting() +
                      fragments->Counters().drops.Total());
        ASSERT_NE(host.Neighbours(), nullptr);
        const auto& n = host.Neighbours()->Counters();
        EXPECT_EQ(n.held, n.released + n.failed + n.drops.Total() + host.Waiting());
        EXPECT_LE(host.Neighbours()->Size(), 16u);
    }
}

} // namespace
} // namespace weft::netbase::test
