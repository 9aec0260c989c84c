// SPDX-License-Identifier: GPL-2.0-only
// Header bytes of every encapsulation, and what they add to a frame. The IPv4 checksums in the
// literals were computed apart from the code under test.
#include "overlay_test_util.h"
#include "vxlan-preset.h"

#include <gtest/gtest.h>

namespace weft::vxlan::test
{
namespace
{

constexpr Vni VNI = 864; ///< of the white paper's walk-through

/// The envelope's headers alone, in hex.
std::string
Envelope(const EncapsulationConfig& config, ByteView frame, Vni vni, const TunnelEnds& ends)
{
    const auto encapsulation = MakeEncapsulation(config);
    const Bytes packet = Wrap(*encapsulation, frame, vni, ends);
    if (packet.size() < frame.size() ||
        !std::equal(frame.begin(), frame.end(), packet.end() - static_cast<long>(frame.size())))
    {
        return "the packet does not end with the frame";
    }
    return ToHex(ByteView(packet).first(packet.size() - frame.size()));
}

EncapsulationConfig
Fixed(EncapsulationKind kind)
{
    EncapsulationConfig config = MakeConfig(Preset::Rfc7348, kind);
    config.sourcePort = SourcePortMode::Fixed;
    config.fixedSourcePort = 0xc001;
    config.reservedVsids = true;
    return config;
}

TEST(Golden, VxlanOfTheWalkThrough)
{
    const Bytes frame = UdpFrame();
    ASSERT_EQ(frame.size(), 114u);
    EXPECT_EQ(Envelope(Fixed(EncapsulationKind::Vxlan), frame, VNI, V4_ENDS),
              "4500009600010000401163370a01010a0a010214" // IPv4: 150 bytes, id 1, TTL 64, UDP
              "c00112b500820000"                         // to port 4789, 130 bytes, checksum 0
              "0800000000036000");                       // I flag; VNI 864 at bytes 4 to 6
}

TEST(Golden, VxlanToTheGroupOfTheWalkThrough)
{
    Bytes arp;
    netbase::BuildArpRequest(
        arp, Mac("00:50:56:00:00:64"), Ip("192.168.0.100"), Ip("192.168.0.101"));
    ASSERT_EQ(arp.size(), 42u);
    EXPECT_EQ(Envelope(Fixed(EncapsulationKind::Vxlan), arp, VNI, GROUP_ENDS),
              "4500004e0001000040117d330a01010aef000360"
              "c00112b5003a0000"
              "0800000000036000");
}

TEST(Golden, VxlanOverIpv6)
{
    EXPECT_EQ(Envelope(Fixed(EncapsulationKind::Vxlan), UdpFrame(), VNI, V6_ENDS),
              "600000000082114020010db800010000000000000000001020010db8000200000000000000000020"
              "c00112b500820000"
              "0800000000036000");
}

TEST(Golden, Nvgre)
{
    const std::string headers = Envelope(Fixed(EncapsulationKind::Nvgre), UdpFrame(), VNI, V4_ENDS);
    ASSERT_EQ(headers.size(), 2 * 28u);
    EXPECT_EQ(headers.substr(0, 54),
              "4500008e00010000402f63210a01010a0a010214"
              "20006558" // key present; transparent Ethernet bridging
              "000360"); // VSID; the last byte is the flow's
}

TEST(Golden, GreTeb)
{
    EXPECT_EQ(Envelope(Fixed(EncapsulationKind::GreTeb), UdpFrame(), VNI, V4_ENDS),
              "4500008e00010000402f63210a01010a0a010214"
              "20006558"
              "00000360");
    EXPECT_EQ(Envelope(Fixed(EncapsulationKind::GreTeb), UdpFrame(), 0, V4_ENDS),
              "4500008a00010000402f63250a01010a0a010214"
              "00006558");
    // The key that makes it NVGRE: VSID * 256 + FlowID.
    EXPECT_EQ(
        Envelope(Fixed(EncapsulationKind::GreTeb), UdpFrame(), 0x0abcde5a, V4_ENDS).substr(40),
        "200065580abcde5a");
}

TEST(Golden, Stt)
{
    const auto encapsulation = MakeEncapsulation(Fixed(EncapsulationKind::Stt));
    const Bytes packet = Wrap(*encapsulation, UdpFrame(), VNI);
    ASSERT_EQ(packet.size(), 114 + 18 + 40u);
    EXPECT_EQ(ToHex(ByteView(packet).first(36)),
              "450000ac000100004006632c0a01010a0a010214"
              "c0011d2f"   // to port 7471
              "00840000"   // 132 bytes, offset 0
              "00000000"   // the first frame
              "5018ffff"); // 20 bytes, ACK and PSH
    EXPECT_EQ(ToHex(ByteView(packet).subspan(38, 20)),
              "0000"             // urgent pointer
              "00000000"         // version, flags, L4 offset, reserved
              "00000000"         // maximum segment size, VLAN field
              "0000000000000360" // context
              "0000");           // padding
    EXPECT_EQ(Wrap(*encapsulation, UdpFrame(), VNI)[31], 1) << "the second frame's number";
}

TEST(Golden, Geneve)
{
    EXPECT_EQ(Envelope(Fixed(EncapsulationKind::Geneve), UdpFrame(), VNI, V4_ENDS),
              "4500009600010000401163370a01010a0a010214"
              "c00117c100820000" // to port 6081
              "0000655800036000");
    EncapsulationConfig options = Fixed(EncapsulationKind::Geneve);
    options.geneveOptions = Hex("0102 83 01 deadbeef");
    EXPECT_EQ(Envelope(options, UdpFrame(), VNI, V4_ENDS).substr(56),
              "0240655800036000" // 8 bytes of options, one of them critical
              "01028301deadbeef");
}

TEST(Golden, GroupPolicy)
{
    EncapsulationConfig config = Fixed(EncapsulationKind::Vxlan);
    config.groupPolicy = true;
    config.groupPolicyId = 0x1234;
    EXPECT_EQ(Envelope(config, UdpFrame(), VNI, V4_ENDS).substr(56), "8800123400036000");
}

/// Ethernet included, as the literature counts it.
TEST(Golden, OverheadIsExact)
{
    const Bytes frame = UdpFrame({.payload = 1458});
    ASSERT_EQ(frame.size(), 1500u);
    struct Case
    {
        EncapsulationKind kind;
        Vni vni;
        const TunnelEnds& ends;
        std::uint32_t bytes;
    };
    for (const Case& c : {Case{EncapsulationKind::Vxlan, VNI, V4_ENDS, 50},
                          Case{EncapsulationKind::Vxlan, VNI, V6_ENDS, 70},
                          Case{EncapsulationKind::Nvgre, VNI, V4_ENDS, 42},
                          Case{EncapsulationKind::GreTeb, VNI, V4_ENDS, 42},
                          Case{EncapsulationKind::GreTeb, 0, V4_ENDS, 38},
                          Case{EncapsulationKind::Geneve, VNI, V4_ENDS, 50},
                          Case{EncapsulationKind::Geneve, VNI, V6_ENDS, 70}})
    {
        const auto encapsulation = MakeEncapsulation(Fixed(c.kind));
        const Bytes packet = Wrap(*encapsulation, frame, c.vni, c.ends);
        const auto added = static_cast<std::uint32_t>(packet.size() - frame.size());
        EXPECT_EQ(added + 14, c.bytes);
        EXPECT_EQ(encapsulation->Overhead(frame.size(), !c.ends.source.IsV4()),
                  added + (c.kind == EncapsulationKind::GreTeb && c.vni == 0 ? 4 : 0));
    }
}

TEST(Golden, OverheadOfSttIs72And54ForEverySegmentMore)
{
    const auto encapsulation = MakeEncapsulation(Fixed(EncapsulationKind::Stt));
    for (const std::size_t size : {60u, 1442u, 1443u, 9000u, 65517u})
    {
        PacketQueue queue;
        const Bytes frame = UdpFrame({.payload = size - 42});
        ASSERT_EQ(frame.size(), size);
        ASSERT_EQ(encapsulation->Encapsulate(frame, VNI, V4_ENDS, queue), DropReason::None);
        const auto packets = Drain(queue);
        std::size_t wire = 0;
        for (const Bytes& packet : packets)
        {
            EXPECT_LE(packet.size(), 1500u);
            wire += packet.size() + 14;
        }
        // 1460 bytes a segment, 18 of them the STT header once.
        ASSERT_EQ(packets.size(), (size + 18 + 1459) / 1460);
        EXPECT_EQ(wire - size, 72 + 54 * (packets.size() - 1)) << size;
        EXPECT_EQ(encapsulation->Overhead(size, false), wire - size - 14 * packets.size());
    }
}

TEST(Golden, IdentificationCountsByDestinationAndIsNeverZero)
{
    const auto encapsulation = MakeEncapsulation({});
    const TunnelEnds other{V4_ENDS.source, Ip("10.1.2.21")};
    const auto id = [&](const TunnelEnds& ends) {
        return netbase::Read16(&Wrap(*encapsulation, UdpFrame(), VNI, ends)[4]);
    };
    EXPECT_EQ(id(V4_ENDS), 1);
    EXPECT_EQ(id(V4_ENDS), 2);
    EXPECT_EQ(id(other), 1);
    EXPECT_EQ(id(V4_ENDS), 3);
    for (int i = 4; i <= 0xffff; ++i)
    {
        ASSERT_EQ(id(V4_ENDS), i);
    }
    EXPECT_EQ(id(V4_ENDS), 1);
}

TEST(Golden, WhatCannotBeCarriedIsRefused)
{
    for (const EncapsulationKind kind : ALL_KINDS)
    {
        EncapsulationConfig config = Fixed(kind);
        config.dropInnerVlan = true;
        const auto encapsulation = MakeEncapsulation(config);
        PacketQueue queue;
        const auto send = [&](const Bytes& frame, Vni vni = VNI) {
            return encapsulation->Encapsulate(frame, vni, V4_ENDS, queue);
        };
        Random random(7);
        EXPECT_EQ(send(Bytes(13)), DropReason::BadInnerFrame);
        EXPECT_EQ(send(UdpFrame({.source = Mac("01:00:5e:00:00:01")})), DropReason::BadInnerFrame);
        EXPECT_EQ(send(UdpFrame({.tci = 5})), DropReason::InnerVlan);
        EXPECT_EQ(send(PlainFrame(random, 0xffff)), DropReason::TooBig);
        if (kind == EncapsulationKind::Vxlan || kind == EncapsulationKind::Nvgre ||
            kind == EncapsulationKind::Geneve)
        {
            EXPECT_FALSE(encapsulation->CarriesVni(MAX_VNI + 1));
            EXPECT_EQ(send(UdpFrame(), MAX_VNI + 1), DropReason::UnknownVni);
        }
        EXPECT_TRUE(queue.Empty());
        EXPECT_EQ(send(UdpFrame()), DropReason::None);
    }
}

TEST(Golden, NvgreReservesVsids)
{
    const auto strict = MakeEncapsulation({.kind = EncapsulationKind::Nvgre});
    PacketQueue queue;
    for (const Vni vni : {0u, 0xfffu, 0xffffffu})
    {
        EXPECT_FALSE(strict->CarriesVni(vni));
        EXPECT_EQ(strict->Encapsulate(UdpFrame(), vni, V4_ENDS, queue), DropReason::UnknownVni);
    }
    EXPECT_TRUE(strict->CarriesVni(0x1000));
    EXPECT_TRUE(strict->CarriesVni(0xfffffe));
    EXPECT_TRUE(MakeEncapsulation(Fixed(EncapsulationKind::Nvgre))->CarriesVni(VNI));
}

/// @return what MakeEncapsulation() says against a configuration; empty when it does not
std::string
Refusal(const EncapsulationConfig& config)
{
    try
    {
        MakeEncapsulation(config);
        return {};
    }
    catch (const std::invalid_argument& e)
    {
        return e.what();
    }
}

TEST(Golden, BadConfigurationNamesFieldValueAndRule)
{
    EncapsulationConfig config = Fixed(EncapsulationKind::Nvgre);
    config.checksum = ChecksumMode::Computed;
    EXPECT_EQ(Refusal(config), "checksum: computed; NVGRE has no checksum (RFC 7637 section 3.2)");
    config = Fixed(EncapsulationKind::Vxlan);
    config.ttl = 0;
    EXPECT_EQ(Refusal(config), "ttl: 0; must be 1 to 255");
    config = Fixed(EncapsulationKind::Vxlan);
    config.sourcePort = SourcePortMode::Range;
    config.sourcePortMin = 9;
    config.sourcePortMax = 8;
    EXPECT_EQ(Refusal(config), "sourcePortMin: 9; must not be above sourcePortMax, 8");
    config = Fixed(EncapsulationKind::Stt);
    config.mtu = 127;
    EXPECT_EQ(Refusal(config), "mtu: 127; STT needs at least 128 bytes");
    config = Fixed(EncapsulationKind::Stt);
    config.reassemblyBytes = 1000;
    EXPECT_EQ(Refusal(config), "reassemblyBytes: 1000; must hold one frame, 65535 bytes");
    config = Fixed(EncapsulationKind::Geneve);
    config.geneveOptions = Hex("01020302 00000000");
    EXPECT_NE(Refusal(config).find("geneveOptions: 8 bytes"), std::string::npos);
    config.geneveOptions = Bytes(256);
    EXPECT_NE(Refusal(config).find("geneveOptions: 256 bytes"), std::string::npos);
}

} // namespace
} // namespace weft::vxlan::test
