// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-ethernet.h"
#include "netbase-flow-hash.h"
#include "netbase-ipv4.h"
#include "netbase-ipv6.h"
#include "netbase-udp.h"
#include "netbase_test_util.h"

#include <bit>
#include <cmath>

namespace weft::netbase::test
{
namespace
{

FlowFields
RandomFlow(Random& random, bool v6)
{
    UdpDatagram datagram;
    datagram.source = v6 ? IpAddress::V6(RandomBytes(random, 16))
                         : IpAddress::V4(static_cast<std::uint32_t>(random()));
    datagram.destination = v6 ? IpAddress::V6(RandomBytes(random, 16))
                              : IpAddress::V4(static_cast<std::uint32_t>(random()));
    datagram.sourcePort = static_cast<std::uint16_t>(random());
    datagram.destinationPort = static_cast<std::uint16_t>(random());
    Bytes packet;
    AppendUdpPacket(packet, datagram, {});
    return ReadIpFlowFields(packet);
}

FlowFields
Reverse(FlowFields fields)
{
    std::swap(fields.source, fields.destination);
    std::swap(fields.sourcePort, fields.destinationPort);
    std::swap(fields.sourceMac, fields.destinationMac);
    return fields;
}

TEST(FlowFields, OfFrames)
{
    Bytes frame = Hex("005056000002 005056000001 0800");
    UdpDatagram datagram;
    datagram.source = Ip("10.0.0.1");
    datagram.destination = Ip("10.0.0.2");
    datagram.sourcePort = 5000;
    datagram.destinationPort = 53;
    AppendUdpPacket(frame, datagram, Bytes(10));
    const FlowFields plain = ReadFlowFields(frame);
    EXPECT_TRUE(plain.ip);
    EXPECT_EQ(plain.sourceMac, 0x005056000001u);
    EXPECT_EQ(plain.sourcePort, 5000);
    EXPECT_EQ(plain.destinationPort, 53);
    EXPECT_EQ(plain.source, datagram.source);
    InsertTag(frame, MakeTci(7));
    FlowFields tagged = ReadFlowFields(frame);
    EXPECT_EQ(tagged.vlan, 7);
    tagged.vlan = 0;
    EXPECT_EQ(tagged, plain);
    const FlowFields arp = ReadFlowFields(Hex("ffffffffffff 005056000001 0806 0001"));
    EXPECT_FALSE(arp.ip);
    EXPECT_EQ(arp.etherType, ethertype::ARP);

    Bytes gre;
    Ipv4Header header;
    header.protocol = protocol::GRE;
    header.source = datagram.source;
    header.destination = datagram.destination;
    AppendIpv4Packet(gre, header, Hex("2000 6558 0abcde5a"));
    EXPECT_EQ(ReadIpFlowFields(gre).greKey, 0x0abcde5au);
    gre.clear();
    AppendIpv4Packet(gre, header, Hex("a000 6558 12340000 0abcde5a"));
    EXPECT_EQ(ReadIpFlowFields(gre).greKey, 0x0abcde5au);
}

TEST(FlowFields, AreTheSameForAllFragments)
{
    for (const bool v6 : {false, true})
    {
        UdpDatagram datagram;
        datagram.source = v6 ? Ip("2001:db8::1") : Ip("10.0.0.1");
        datagram.destination = v6 ? Ip("2001:db8::2") : Ip("10.0.0.2");
        datagram.sourcePort = 5000;
        Bytes packet;
        AppendUdpPacket(packet, datagram, Bytes(4000));
        std::vector<FlowFields> seen;
        Bytes part;
        const auto collect = [&](auto fragmenter) {
            while (part.clear(), fragmenter.Next(part))
            {
                seen.push_back(ReadIpFlowFields(part));
            }
        };
        v6 ? collect(Ipv6Fragmenter(packet, 1500, 1)) : collect(Ipv4Fragmenter(packet, 1500));
        ASSERT_EQ(seen.size(), 3u);
        EXPECT_EQ(seen[0], seen[1]);
        EXPECT_EQ(seen[1], seen[2]);
        EXPECT_EQ(seen[0].sourcePort, 0);
        EXPECT_EQ(seen[0].protocol, protocol::UDP);
    }
}

TEST(FlowHash, SymmetryAndParts)
{
    Random random(5);
    for (int i = 0; i < 10'000; ++i)
    {
        FlowFields fields = RandomFlow(random, i % 2 == 0);
        fields.sourceMac = random() >> 16;
        fields.destinationMac = random() >> 16;
        const std::uint64_t key = random();
        for (const unsigned parts :
             {flowpart::FLOW, flowpart::LAYER2, flowpart::LAYER3, flowpart::LAYER4})
        {
            ASSERT_EQ(FlowHash(fields, key, true, parts),
                      FlowHash(Reverse(fields), key, true, parts));
            ASSERT_NE(FlowHash(fields, key, false, parts),
                      FlowHash(Reverse(fields), key, false, parts));
        }
        FlowFields other = fields;
        other.sourcePort ^= 1;
        ASSERT_NE(FlowHash(fields, key), FlowHash(other, key));
        ASSERT_EQ(FlowHash(fields, key, false, flowpart::LAYER3),
                  FlowHash(other, key, false, flowpart::LAYER3));
        other = fields;
        other.sourceMac ^= 1;
        ASSERT_EQ(FlowHash(fields, key), FlowHash(other, key)) << "MACs do not count for IP";
        ASSERT_NE(FlowHash(fields, key, false, flowpart::LAYER2),
                  FlowHash(other, key, false, flowpart::LAYER2));
        other.ip = fields.ip = false;
        ASSERT_NE(FlowHash(fields, key), FlowHash(other, key)) << "but do for what is not IP";
    }
}

/// Each input bit flips each output bit half of the time. 64 output bits x 8 inputs are tested with
/// n = 20000 trials each: a deviation of 6 sigma has a chance of 2e-9 a bit, 1e-6 together.
TEST(FlowHash, Avalanche)
{
    Random random(6);
    constexpr int TRIALS = 20'000;
    std::array<std::array<int, 64>, 8> flips{};
    for (int i = 0; i < TRIALS; ++i)
    {
        const FlowFields fields = RandomFlow(random, i % 2 == 0);
        const std::uint64_t base = FlowHash(fields, 77);
        for (std::size_t input = 0; input < flips.size(); ++input)
        {
            FlowFields other = fields;
            std::uint64_t key = 77;
            const auto bit = Below(random, 16);
            switch (input)
            {
            case 0:
                other.sourcePort = static_cast<std::uint16_t>(other.sourcePort ^ 1u << bit);
                break;
            case 1:
                other.destinationPort =
                    static_cast<std::uint16_t>(other.destinationPort ^ 1u << bit);
                break;
            case 2:
                other.source.octets[15] ^= static_cast<std::uint8_t>(1u << (bit & 7));
                break;
            case 3:
                other.source.octets[12] ^= static_cast<std::uint8_t>(1u << (bit & 7));
                break;
            case 4:
                other.destination.octets[15] ^= static_cast<std::uint8_t>(1u << (bit & 7));
                break;
            case 5:
                other.destination.octets[13] ^= static_cast<std::uint8_t>(1u << (bit & 7));
                break;
            case 6:
                other.protocol ^= static_cast<std::uint8_t>(1u << (bit & 7));
                break;
            default:
                key ^= 1ull << (4 * bit);
            }
            const std::uint64_t difference = base ^ FlowHash(other, key);
            for (std::size_t out = 0; out < 64; ++out)
            {
                flips[input][out] += static_cast<int>(difference >> out & 1);
            }
        }
    }
    const double sigma = std::sqrt(TRIALS * 0.25);
    for (std::size_t input = 0; input < flips.size(); ++input)
    {
        for (std::size_t out = 0; out < 64; ++out)
        {
            EXPECT_NEAR(flips[input][out], TRIALS / 2, 6.2 * sigma) << input << " -> " << out;
        }
    }
}

/// Consecutive ports and addresses, the usual case, over k buckets: chi-square below its 1 - 1e-7
/// quantile at k - 1 = 15 degrees of freedom (63.9).
TEST(FlowHash, NeighbouringFlowsSpreadEvenly)
{
    for (const std::uint64_t key : {0ull, 1ull, 0xdeadbeefull})
    {
        for (const bool byAddress : {false, true})
        {
            std::array<int, 16> buckets{};
            constexpr int FLOWS = 16'000;
            FlowFields fields = RandomFlow(*std::make_unique<Random>(7), false);
            for (int i = 0; i < FLOWS; ++i)
            {
                if (byAddress)
                {
                    fields.source = IpAddress::V4(0x0a000000u + static_cast<std::uint32_t>(i));
                }
                else
                {
                    fields.sourcePort = static_cast<std::uint16_t>(32768 + i);
                }
                ++buckets[HashBelow(FlowHash(fields, key), 16)];
            }
            double chi = 0;
            for (const int count : buckets)
            {
                chi += (count - FLOWS / 16.0) * (count - FLOWS / 16.0) / (FLOWS / 16.0);
            }
            EXPECT_LT(chi, 63.9) << key << byAddress;
        }
    }
}

} // namespace
} // namespace weft::netbase::test
