// SPDX-License-Identifier: GPL-2.0-only
// TTL, TOS, ECN and DF of the envelope, and what the envelope's ECN does to the frame.
#include "overlay_test_util.h"
#include "vxlan-outer.h"
#include "vxlan-preset.h"

#include <gtest/gtest.h>

namespace weft::vxlan::test
{
namespace
{

constexpr std::array<std::uint8_t, 4> CODEPOINTS{ECN_NOT_ECT, ECN_ECT0, ECN_ECT1, ECN_CE};

/// RFC 6040 figure 4: rows are the inner, columns the outer codepoint, in the order of CODEPOINTS.
/// 9: dropped.
constexpr std::uint8_t DROP = 9;
constexpr std::uint8_t RFC6040[4][4] = {
    {ECN_NOT_ECT, ECN_NOT_ECT, ECN_NOT_ECT, DROP},
    {ECN_ECT0, ECN_ECT0, ECN_ECT1, ECN_CE},
    {ECN_ECT1, ECN_ECT1, ECN_ECT1, ECN_CE},
    {ECN_CE, ECN_CE, ECN_CE, ECN_CE},
};

std::uint8_t
TosOf(ByteView ip)
{
    return ip[0] >> 4 == 4 ? ip[1] : static_cast<std::uint8_t>(ip[0] << 4 | ip[1] >> 4);
}

FrameSpec
Inner(bool ipv6, std::uint8_t tos)
{
    FrameSpec spec;
    spec.tos = tos;
    if (ipv6)
    {
        spec.from = Ip("fd00::1");
        spec.to = Ip("fd00::2");
    }
    return spec;
}

/// Every inner by every outer codepoint, over both versions inside and outside, tagged or not, with
/// a DSCP that must survive; the inner IPv4 checksum must hold.
TEST(Ecn, WholeTableAtTheEgress)
{
    for (const EncapsulationKind kind : ALL_KINDS)
    {
        EncapsulationConfig config = MakeConfig(Preset::Rfc7348, kind);
        config.dropInnerVlan = false;
        config.reservedVsids = true;
        EncapsulationConfig sending = config;
        sending.ecn = false; // so that the outer codepoint is the one that is configured
        const auto receiver = MakeEncapsulation(config);
        for (int variant = 0; variant < 8; ++variant)
        {
            const bool inner6 = (variant & 1) != 0;
            const TunnelEnds& ends = (variant & 2) != 0 ? V6_ENDS : V4_ENDS;
            for (int i = 0; i < 4; ++i)
            {
                FrameSpec spec = Inner(inner6, 0xb8 | CODEPOINTS[i]);
                if ((variant & 4) != 0)
                {
                    spec.tci = 5;
                }
                const Bytes frame = UdpFrame(spec);
                for (int o = 0; o < 4; ++o)
                {
                    const auto sender = MakeEncapsulation(sending);
                    Bytes packet = Wrap(*sender, frame, 864, ends);
                    if (ends.source.IsV4())
                    {
                        packet[1] |= CODEPOINTS[o];
                        MendIpv4(packet);
                    }
                    else
                    {
                        packet[1] |= static_cast<std::uint8_t>(CODEPOINTS[o] << 4);
                    }
                    Bytes out;
                    Decapsulated facts;
                    const DropReason reason = receiver->Decapsulate(packet, TimeNs{0}, out, facts);
                    if (RFC6040[i][o] == DROP)
                    {
                        EXPECT_EQ(reason, DropReason::EcnCe);
                        EXPECT_TRUE(out.empty());
                        continue;
                    }
                    FrameSpec expected = spec;
                    expected.tos = static_cast<std::uint8_t>(0xb8 | RFC6040[i][o]);
                    EXPECT_EQ(reason, DropReason::None);
                    EXPECT_EQ(ToHex(out), ToHex(UdpFrame(expected))) << i << " by " << o;
                }
            }
        }
    }
}

TEST(Ecn, OvsHeedsCeOnly)
{
    for (int i = 0; i < 4; ++i)
    {
        for (int o = 0; o < 4; ++o)
        {
            const auto merged = EcnAtEgress(CODEPOINTS[o], CODEPOINTS[i], true);
            const bool theCase = CODEPOINTS[i] == ECN_ECT0 && CODEPOINTS[o] == ECN_ECT1;
            EXPECT_EQ(merged.value_or(DROP), theCase ? ECN_ECT0 : RFC6040[i][o]);
        }
    }
}

TEST(Ecn, IngressCopiesOrHidesCe)
{
    for (const std::uint8_t inner : CODEPOINTS)
    {
        const Bytes frame = UdpFrame(Inner(false, static_cast<std::uint8_t>(0x28 | inner)));
        const auto outer = [&](const EncapsulationConfig& config) {
            return TosOf(Wrap(*MakeEncapsulation(config), frame, 864));
        };
        EXPECT_EQ(outer(MakeConfig(Preset::Rfc7348)), inner) << "RFC 6040 normal mode; DSCP 0";
        EXPECT_EQ(outer(MakeConfig(Preset::Linux)), inner == ECN_CE ? ECN_ECT0 : inner);
        EncapsulationConfig off;
        off.ecn = false;
        EXPECT_EQ(outer(off), ECN_NOT_ECT);
    }
}

TEST(Ecn, OffIgnoresTheOuterCodepoint)
{
    EncapsulationConfig off;
    off.ecn = false;
    Bytes packet = Wrap(*MakeEncapsulation(off), UdpFrame(), 864);
    packet[1] |= ECN_CE;
    MendIpv4(packet);
    Bytes frame;
    Decapsulated facts;
    EXPECT_EQ(MakeEncapsulation(off)->Decapsulate(packet, TimeNs{0}, frame, facts),
              DropReason::None);
    EXPECT_EQ(frame, UdpFrame());
}

Bytes
Arp()
{
    Bytes frame;
    netbase::BuildArpRequest(
        frame, Mac("00:50:56:00:00:64"), Ip("192.168.0.100"), Ip("192.168.0.101"));
    return frame;
}

TEST(OuterFields, ArpUnderCeIsDelivered)
{
    Bytes packet = Wrap(*MakeEncapsulation({}), Arp(), 864);
    packet[1] |= ECN_CE;
    MendIpv4(packet);
    Bytes frame;
    Decapsulated facts;
    EXPECT_EQ(MakeEncapsulation({})->Decapsulate(packet, TimeNs{0}, frame, facts),
              DropReason::None);
    EXPECT_EQ(frame, Arp()) << "there is no ECN field to mark";
}

TEST(OuterFields, TosFixedAndInherited)
{
    EncapsulationConfig config;
    config.tos = 0x68;
    const Bytes voice = UdpFrame(Inner(false, 0xb8));
    const Bytes voice6 = UdpFrame(Inner(true, 0xb8));
    const auto tos = [&](const Bytes& frame, const TunnelEnds& ends) {
        return TosOf(Wrap(*MakeEncapsulation(config), frame, 864, ends));
    };
    for (const TunnelEnds& ends : {V4_ENDS, V6_ENDS})
    {
        config.tosMode = FieldMode::Fixed;
        EXPECT_EQ(tos(voice, ends), 0x68);
        EXPECT_EQ(tos(Arp(), ends), 0x68);
        config.tosMode = FieldMode::Inherit;
        EXPECT_EQ(tos(voice, ends), 0xb8);
        EXPECT_EQ(tos(voice6, ends), 0xb8);
        EXPECT_EQ(tos(Arp(), ends), 0x68) << "the configured value for what is not IP";
    }
}

TEST(OuterFields, TtlFixedInheritedAndOfGroups)
{
    const auto ttl =
        [](const EncapsulationConfig& config, const Bytes& frame, const TunnelEnds& ends) {
            const Bytes packet = Wrap(*MakeEncapsulation(config), frame, 864, ends);
            return ends.source.IsV4() ? packet[8] : packet[7];
        };
    FrameSpec low;
    low.ttl = 7;
    EncapsulationConfig config = MakeConfig(Preset::Linux);
    EXPECT_EQ(ttl(config, UdpFrame(low), V4_ENDS), 64);
    EXPECT_EQ(ttl(config, UdpFrame(low), V6_ENDS), 64);
    EXPECT_EQ(ttl(config, UdpFrame(low), GROUP_ENDS), 1);
    EXPECT_EQ(ttl(MakeConfig(Preset::Rfc7348), UdpFrame(low), GROUP_ENDS), 64);
    config.ttlMode = FieldMode::Inherit;
    EXPECT_EQ(ttl(config, UdpFrame(low), V4_ENDS), 7);
    EXPECT_EQ(ttl(config, UdpFrame(low), V6_ENDS), 7);
    EXPECT_EQ(ttl(config, Arp(), V4_ENDS), 64);
}

TEST(OuterFields, DontFragmentInThreeModes)
{
    FrameSpec marked;
    marked.df = true;
    const auto df = [](DfMode mode, const Bytes& frame) {
        EncapsulationConfig config;
        config.df = mode;
        return (Wrap(*MakeEncapsulation(config), frame, 864)[6] & 0x40) != 0;
    };
    for (const Bytes& frame : {UdpFrame(), UdpFrame(marked), Arp(), UdpFrame(Inner(true, 0))})
    {
        EXPECT_FALSE(df(DfMode::Clear, frame));
        EXPECT_TRUE(df(DfMode::Set, frame));
    }
    EXPECT_FALSE(df(DfMode::Inherit, UdpFrame()));
    EXPECT_TRUE(df(DfMode::Inherit, UdpFrame(marked)));
    EXPECT_TRUE(df(DfMode::Inherit, UdpFrame(Inner(true, 0))));
    EXPECT_FALSE(df(DfMode::Inherit, Arp()));
    EXPECT_EQ(MakeConfig(Preset::Ovs).df, DfMode::Set);
    EXPECT_EQ(MakeConfig(Preset::Linux).df, DfMode::Clear);
}

} // namespace
} // namespace weft::vxlan::test
