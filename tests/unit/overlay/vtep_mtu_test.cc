// SPDX-License-Identifier: GPL-2.0-only
/** @file What happens to frames whose envelope does not fit: the four outcomes against two DF bits.
 */
#include "overlay_net.h"

#include "netbase-icmp.h"

#include <gtest/gtest.h>

namespace
{

using namespace weft::vxlan;
using namespace weft::vxlan::test;

constexpr Vni NETWORK = 5000;
const MacAddress HERE = Mac("00:50:56:00:00:64");
const MacAddress THERE = Mac("00:50:56:00:00:65");

enum class Outcome
{
    Fits,
    Fragments,
    Icmp,
    Silent,
};

VtepConfig
Config(const char* address, DfMode df, MtuPolicy policy)
{
    VtepConfig config;
    config.address = Ip(address);
    config.encapsulation.df = df;
    config.mtuPolicy = policy;
    config.replication = ReplicationKind::HeadEnd;
    config.networks = {{.vni = NETWORK}};
    return config;
}

/// @return a frame with an IP packet of @p size bytes
Bytes
FrameOf(std::size_t size, bool df, bool v6 = false)
{
    FrameSpec spec{.df = df};
    if (v6)
    {
        spec.from = Ip("2001:db8::100");
        spec.to = Ip("2001:db8::101");
    }
    spec.payload = size - (v6 ? 48 : 28);
    return UdpFrame(spec);
}

/// @return what a VTEP does with a frame for a known remote
Outcome
OutcomeOf(Vtep& vtep, const Bytes& frame, std::vector<Bytes>& packets, Bytes& answer)
{
    vtep.Install(NETWORK,
                 THERE,
                 vtep.Config().address.IsV4() ? Ip("10.0.0.2") : Ip("2001:db8:1::2"),
                 FdbOrigin::Static,
                 0s);
    const auto reason = vtep.OnLocalFrame(NETWORK, frame, 0s);
    UnderlayMeta meta;
    packets.clear();
    for (Bytes packet; vtep.PollUnderlay(packet, meta);)
    {
        EXPECT_LE(packet.size(), vtep.Config().mtu);
        packets.push_back(packet);
    }
    LocalMeta local;
    const bool answered = vtep.PollLocal(answer, local);
    if (reason == DropReason::None)
    {
        EXPECT_FALSE(answered);
        return packets.size() == 1 ? Outcome::Fits : Outcome::Fragments;
    }
    EXPECT_EQ(reason, DropReason::TooBig);
    EXPECT_TRUE(packets.empty());
    EXPECT_EQ(vtep.Counters().localDrops[DropReason::TooBig], 1u);
    EXPECT_EQ(vtep.Counters().icmpSent, answered ? 1u : 0u);
    return answered ? Outcome::Icmp : Outcome::Silent;
}

TEST(VtepMtu, TheMatrixOfBothDfBits)
{
    const MtuPolicy rfc{.fragment = false, .icmp = false};
    const MtuPolicy kernel{.fragment = true, .icmp = true};
    const MtuPolicy fragmenting{.fragment = true, .icmp = false};

    struct Case
    {
        MtuPolicy policy;
        DfMode outer;
        bool inner;
        Outcome expected;
    };

    for (const auto& [policy, outer, inner, expected] : std::vector<Case>{
             {rfc, DfMode::Clear, false, Outcome::Silent},
             {rfc, DfMode::Clear, true, Outcome::Silent},
             {rfc, DfMode::Set, false, Outcome::Silent},
             {rfc, DfMode::Inherit, true, Outcome::Silent},
             {kernel, DfMode::Clear, false, Outcome::Fragments},
             {kernel, DfMode::Clear, true, Outcome::Icmp},
             {kernel, DfMode::Set, false, Outcome::Silent},
             {kernel, DfMode::Set, true, Outcome::Icmp},
             {kernel, DfMode::Inherit, false, Outcome::Fragments},
             {kernel, DfMode::Inherit, true, Outcome::Icmp},
             {fragmenting, DfMode::Clear, true, Outcome::Fragments},
             {fragmenting, DfMode::Inherit, true, Outcome::Silent},
         })
    {
        SCOPED_TRACE(testing::Message()
                     << "outer " << static_cast<int>(outer) << " inner " << inner << " fragment "
                     << policy.fragment << " icmp " << policy.icmp);
        std::vector<Bytes> packets;
        Bytes answer;
        {
            Vtep vtep(Config("10.0.0.1", outer, policy), 0s);
            EXPECT_EQ(OutcomeOf(vtep, FrameOf(1450, inner), packets, answer), Outcome::Fits);
            EXPECT_EQ(packets[0].size(), 1500u);
        }
        Vtep vtep(Config("10.0.0.1", outer, policy), 0s);
        EXPECT_EQ(OutcomeOf(vtep, FrameOf(1500, inner), packets, answer), expected);
        if (expected == Outcome::Fragments)
        {
            // As the kernel was seen to: 1500 and 70 bytes, the second at offset 1480.
            ASSERT_EQ(packets.size(), 2u);
            EXPECT_EQ(packets[0].size(), 1500u);
            EXPECT_EQ(packets[1].size(), 70u);
            weft::netbase::Ipv4Header header;
            ASSERT_EQ(weft::netbase::ReadIpv4(packets[1], header), weft::netbase::DropReason::None);
            EXPECT_EQ(header.fragmentOffset, 1480u);
            EXPECT_FALSE(header.moreFragments);
            EXPECT_EQ(vtep.Counters().fragmentsSent, 2u);
            EXPECT_EQ(vtep.Counters().encapsulated, 1u);
        }
        if (expected == Outcome::Icmp)
        {
            EXPECT_EQ(MacAddress::Read(answer), HERE);
            EXPECT_EQ(MacAddress::Read(ByteView(answer).subspan(6)), THERE);
            const auto packet = ByteView(answer).subspan(14);
            weft::netbase::IcmpMessage message;
            ASSERT_EQ(weft::netbase::ReadIcmp(packet, message), weft::netbase::DropReason::None);
            EXPECT_EQ(message.kind, weft::netbase::IcmpKind::PacketTooBig);
            EXPECT_EQ(message.mtu, 1450u);
            weft::netbase::Ipv4Header header;
            ASSERT_EQ(weft::netbase::ReadIpv4(packet, header), weft::netbase::DropReason::None);
            EXPECT_EQ(header.source, Ip("192.168.0.101")) << "the inner destination complains";
            EXPECT_EQ(header.destination, Ip("192.168.0.100"));
        }
    }
}

TEST(VtepMtu, OneByteDecides)
{
    Random random(9);
    for (int i = 0; i < 40; ++i)
    {
        auto config = Config("10.0.0.1", DfMode::Clear, {});
        config.mtu = 600 + static_cast<std::uint32_t>(Below(random, 8000));
        std::vector<Bytes> packets;
        Bytes answer;
        Vtep fits(config, 0s);
        EXPECT_EQ(OutcomeOf(fits, FrameOf(config.mtu - 50, false), packets, answer), Outcome::Fits);
        EXPECT_EQ(packets[0].size(), config.mtu);
        Vtep not1(config, 0s);
        EXPECT_EQ(OutcomeOf(not1, FrameOf(config.mtu - 49, false), packets, answer),
                  Outcome::Silent);
    }
}

TEST(VtepMtu, Ipv6InsideAndOutside)
{
    std::vector<Bytes> packets;
    Bytes answer;
    const MtuPolicy kernel{.fragment = true, .icmp = true};
    Vtep inside(Config("10.0.0.1", DfMode::Clear, kernel), 0s);
    EXPECT_EQ(OutcomeOf(inside, FrameOf(1500, false, true), packets, answer), Outcome::Icmp);
    weft::netbase::IcmpMessage message;
    ASSERT_EQ(weft::netbase::ReadIcmp(ByteView(answer).subspan(14), message),
              weft::netbase::DropReason::None);
    EXPECT_EQ(message.mtu, 1450u);

    Vtep outside(Config("2001:db8:1::1", DfMode::Clear, kernel), 0s);
    EXPECT_EQ(OutcomeOf(outside, FrameOf(1430, false), packets, answer), Outcome::Fits);
    EXPECT_EQ(packets[0].size(), 1500u) << "70 bytes with both Ethernet headers";
    Vtep cut(Config("2001:db8:1::1", DfMode::Clear, kernel), 0s);
    EXPECT_EQ(OutcomeOf(cut, FrameOf(1500, false), packets, answer), Outcome::Fragments);
    EXPECT_EQ(packets.size(), 2u);
}

TEST(VtepMtu, EveryCopyOfAFloodIsCut)
{
    auto config = Config("10.0.0.1", DfMode::Clear, {.fragment = true, .icmp = true});
    config.networks[0].floodList = {Ip("10.0.0.2"), Ip("10.0.0.3"), Ip("10.0.0.4")};
    Vtep vtep(config, 0s);
    EXPECT_EQ(vtep.OnLocalFrame(NETWORK, FrameOf(1500, false), 0s), DropReason::None);
    std::map<IpAddress, std::size_t> bytes;
    UnderlayMeta meta;
    for (Bytes packet; vtep.PollUnderlay(packet, meta);)
    {
        weft::netbase::Ipv4Header header;
        ASSERT_EQ(weft::netbase::ReadIpv4(packet, header), weft::netbase::DropReason::None);
        EXPECT_EQ(header.destination, meta.destination);
        bytes[header.destination] += packet.size();
    }
    EXPECT_EQ(bytes.size(), 3u);
    for (const auto& [to, sum] : bytes)
    {
        EXPECT_EQ(sum, 1500u + 70u);
    }
    EXPECT_EQ(vtep.Counters().Flooded(FloodKind::UnknownUnicast).copies, 3u);
    EXPECT_EQ(vtep.Counters().Flooded(FloodKind::UnknownUnicast).bytes, 3u * 1570u);
}

} // namespace
