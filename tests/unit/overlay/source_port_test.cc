// SPDX-License-Identifier: GPL-2.0-only
// The outer source port: range and evenness in every mode, stability of a flow, what counts as one.
#include "netbase-icmp.h"
#include "overlay_test_util.h"
#include "vxlan-preset.h"
#include "vxlan-source-port.h"

#include <gtest/gtest.h>

#include <set>

namespace weft::vxlan::test
{
namespace
{

constexpr Vni VNI = 864;

std::uint16_t
PortOf(Encapsulation& encapsulation, const Bytes& frame)
{
    return netbase::Read16(&Wrap(encapsulation, frame, VNI)[20]);
}

FrameSpec
RandomFlow(Random& random)
{
    FrameSpec spec;
    spec.from = IpAddress::V4(0x0a000000 + static_cast<std::uint32_t>(Below(random, 1 << 16)));
    spec.to = IpAddress::V4(0x0a010000 + static_cast<std::uint32_t>(Below(random, 1 << 16)));
    spec.sourcePort = static_cast<std::uint16_t>(random());
    spec.destinationPort = static_cast<std::uint16_t>(random());
    spec.payload = 8;
    return spec;
}

FrameSpec
Reversed(FrameSpec spec)
{
    std::swap(spec.from, spec.to);
    std::swap(spec.source, spec.destination);
    std::swap(spec.sourcePort, spec.destinationPort);
    return spec;
}

struct Mode
{
    SourcePortMode mode;
    unsigned first;
    unsigned last;
};

/// 64 equal parts of the range are hit alike by random flows, and by flows that differ in one port
/// only; nothing lies outside; the ends are reached.
TEST(SourcePort, EvenInItsRange)
{
    Random random(11);
    for (const Mode& m : {Mode{SourcePortMode::Rfc, 49152, 65535},
                          Mode{SourcePortMode::Linux, 32768, 60999},
                          Mode{SourcePortMode::TopBit, 32768, 65535},
                          Mode{SourcePortMode::Full, 0, 65535},
                          Mode{SourcePortMode::Range, 5000, 5063}})
    {
        EncapsulationConfig config;
        config.sourcePort = m.mode;
        config.sourcePortMin = 5000;
        config.sourcePortMax = 5063;
        config.hashKey = 42;
        const auto encapsulation = MakeEncapsulation(config);
        for (const bool series : {false, true})
        {
            std::vector<std::uint64_t> parts(64);
            unsigned lowest = 65535;
            unsigned highest = 0;
            const FrameSpec base;
            for (unsigned i = 0; i < 65536; ++i)
            {
                FrameSpec spec = series ? base : RandomFlow(random);
                if (series)
                {
                    spec.sourcePort = static_cast<std::uint16_t>(i);
                }
                const unsigned port = PortOf(*encapsulation, UdpFrame(spec));
                ASSERT_GE(port, m.first);
                ASSERT_LE(port, m.last);
                lowest = std::min(lowest, port);
                highest = std::max(highest, port);
                ++parts[(port - m.first) * parts.size() / (m.last - m.first + 1)];
            }
            EXPECT_TRUE(Even(parts)) << m.first << (series ? " series" : " random");
            // An edge of 1/512 of the range is missed by 65536 flows with probability exp(-128).
            const unsigned edge = (m.last - m.first) / 512;
            EXPECT_LE(lowest, m.first + edge);
            EXPECT_GE(highest, m.last - edge);
        }
    }
}

TEST(SourcePort, MapsTheWholeHashOntoTheRange)
{
    for (const PortRange range : {PortRange{0, 65535}, PortRange{32768, 60999}, PortRange{7, 7}})
    {
        EXPECT_EQ(SourcePort(range, 0), range.first);
        EXPECT_EQ(SourcePort(range, ~std::uint64_t{0}), range.last);
    }
}

TEST(SourcePort, FixedIsFixed)
{
    Random random(12);
    EncapsulationConfig config;
    config.sourcePort = SourcePortMode::Fixed;
    config.fixedSourcePort = 53;
    const auto encapsulation = MakeEncapsulation(config);
    for (int i = 0; i < 100; ++i)
    {
        EXPECT_EQ(PortOf(*encapsulation, UdpFrame(RandomFlow(random))), 53);
    }
}

/// A flow keeps its port whatever else is in its packets, and in every instance with the key.
TEST(SourcePort, OneFlowOnePort)
{
    Random random(13);
    EncapsulationConfig config;
    config.hashKey = 99;
    const auto one = MakeEncapsulation(config);
    config.kind = EncapsulationKind::Geneve;
    const auto other = MakeEncapsulation(config);
    config.kind = EncapsulationKind::Stt;
    const auto third = MakeEncapsulation(config);
    for (int i = 0; i < 2000; ++i)
    {
        FrameSpec spec = RandomFlow(random);
        const std::uint16_t port = PortOf(*one, UdpFrame(spec));
        spec.payload = Below(random, 1000);
        spec.tos = static_cast<std::uint8_t>(random());
        spec.ttl = static_cast<std::uint8_t>(1 + Below(random, 255));
        spec.df = true;
        EXPECT_EQ(PortOf(*one, UdpFrame(spec)), port);
        EXPECT_EQ(PortOf(*other, UdpFrame(spec)), port);
        EXPECT_EQ(PortOf(*third, UdpFrame(spec)), port);
    }
}

/// Collisions of a pair of random ports have probability 1/16384: of 2000 pairs fewer than 8 but
/// with probability 1e-12.
TEST(SourcePort, SymmetricOnlyWhenAskedFor)
{
    Random random(14);
    EncapsulationConfig config;
    const auto asymmetric = MakeEncapsulation(config);
    config.symmetricHash = true;
    const auto symmetric = MakeEncapsulation(config);
    int same = 0;
    for (int i = 0; i < 2000; ++i)
    {
        const FrameSpec spec = RandomFlow(random);
        EXPECT_EQ(PortOf(*symmetric, UdpFrame(spec)), PortOf(*symmetric, UdpFrame(Reversed(spec))));
        same +=
            PortOf(*asymmetric, UdpFrame(spec)) == PortOf(*asymmetric, UdpFrame(Reversed(spec)));
    }
    EXPECT_LT(same, 8);
    EXPECT_TRUE(MakeConfig(Preset::Linux).symmetricHash);
    EXPECT_FALSE(MakeConfig(Preset::Ovs).symmetricHash);
}

TEST(SourcePort, KeysOfVtepsGiveUnrelatedPorts)
{
    Random random(15);
    EncapsulationConfig config;
    const auto one = MakeEncapsulation(config);
    config.hashKey = 1;
    const auto other = MakeEncapsulation(config);
    int same = 0;
    for (int i = 0; i < 2000; ++i)
    {
        const Bytes frame = UdpFrame(RandomFlow(random));
        same += PortOf(*one, frame) == PortOf(*other, frame);
    }
    EXPECT_LT(same, 8);
}

Bytes
PingFrame(std::uint16_t id, std::uint16_t sequence, std::string_view from, std::string_view to)
{
    Bytes icmp = {8, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4};
    netbase::Write16(&icmp[4], id);
    netbase::Write16(&icmp[6], sequence);
    Bytes frame;
    netbase::AppendEthernet(frame,
                            {.destination = Mac("00:50:56:00:00:65"),
                             .source = Mac("00:50:56:00:00:64"),
                             .tci = {},
                             .type = netbase::ethertype::IPV4});
    netbase::AppendIpv4Packet(
        frame,
        {.protocol = netbase::protocol::ICMP, .source = Ip(from), .destination = Ip(to)},
        icmp);
    return frame;
}

TEST(SourcePort, IdentifierOfIcmpIsNotInTheHash)
{
    const auto encapsulation = MakeEncapsulation({});
    std::set<std::uint16_t> ports;
    std::set<std::uint16_t> others;
    for (std::uint16_t i = 0; i < 100; ++i)
    {
        ports.insert(PortOf(*encapsulation, PingFrame(i, 7 * i, "10.0.0.1", "10.0.0.2")));
        others.insert(
            PortOf(*encapsulation, PingFrame(1, 1, "10.0.0.1", "10.0.1." + std::to_string(i))));
    }
    EXPECT_EQ(ports.size(), 1u);
    EXPECT_GT(others.size(), 90u);
}

TEST(SourcePort, WhatIsNotIpHashesOnMacAddresses)
{
    Random random(16);
    const auto encapsulation = MakeEncapsulation({});
    const Bytes base = PlainFrame(random, 60);
    std::set<std::uint16_t> contents;
    std::set<std::uint16_t> stations;
    for (int i = 0; i < 100; ++i)
    {
        Bytes frame = PlainFrame(random, 60);
        std::copy(base.begin(), base.begin() + 14, frame.begin());
        contents.insert(PortOf(*encapsulation, frame));
        frame = base;
        frame[5] = static_cast<std::uint8_t>(i);
        stations.insert(PortOf(*encapsulation, frame));
    }
    EXPECT_EQ(contents.size(), 1u);
    EXPECT_GT(stations.size(), 90u);
}

/// NVGRE's entropy is the FlowID.
TEST(SourcePort, FlowIdsAreEven)
{
    Random random(17);
    const auto encapsulation =
        MakeEncapsulation(MakeConfig(Preset::Rfc7348, EncapsulationKind::Nvgre));
    std::vector<std::uint64_t> counts(256);
    for (int i = 0; i < 65536; ++i)
    {
        const FrameSpec spec = RandomFlow(random);
        const std::uint8_t id = Wrap(*encapsulation, UdpFrame(spec), 0x1234)[27];
        ++counts[id];
        ASSERT_EQ(Wrap(*encapsulation, UdpFrame(spec), 0x5678)[27], id);
    }
    EXPECT_TRUE(Even(counts));
}

} // namespace
} // namespace weft::vxlan::test
