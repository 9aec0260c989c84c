// SPDX-License-Identifier: GPL-2.0-only
// What a VTEP accepts and drops, behaviour by behaviour: the receive matrix as observed with Linux
// 6.18 and Open vSwitch 3.1, and as RFC 7348 wants it.
#include "overlay_test_util.h"
#include "vxlan-outer.h"
#include "vxlan-preset.h"

#include <gtest/gtest.h>

#include <functional>

namespace weft::vxlan::test
{
namespace
{

constexpr Vni VNI = 864;
constexpr std::size_t UDP = 20;   ///< offset of the UDP header
constexpr std::size_t VXLAN = 28; ///< offset of the VXLAN header
constexpr std::size_t INNER = 36; ///< offset of the frame

struct Outcome
{
    DropReason reason = DropReason::None;
    Bytes frame;
    Decapsulated facts;
};

Outcome
Receive(const EncapsulationConfig& config, ByteView packet)
{
    Outcome outcome;
    const auto encapsulation = MakeEncapsulation(config);
    EXPECT_TRUE(encapsulation->Matches(packet));
    outcome.reason = encapsulation->Decapsulate(packet, TimeNs{0}, outcome.frame, outcome.facts);
    EXPECT_EQ(outcome.frame.empty(), outcome.reason != DropReason::None);
    return outcome;
}

/// A packet as RFC 7348 sends it, with @p change done to it.
Bytes
Packet(
    const std::function<void(Bytes&)>& change = [](Bytes&) {},
    const Bytes& frame = UdpFrame(),
    const TunnelEnds& ends = V4_ENDS,
    ChecksumMode checksum = ChecksumMode::Zero)
{
    EncapsulationConfig config;
    config.dropInnerVlan = false;
    config.checksum = checksum;
    Bytes packet = Wrap(*MakeEncapsulation(config), frame, VNI, ends);
    change(packet);
    return packet;
}

struct Row
{
    std::string name;
    Bytes packet;
    DropReason rfc;
    DropReason kernel;
    DropReason ovs;
};

TEST(ReceiveMatrix, EveryPresetDoesAsItsModel)
{
    using enum DropReason;
    const auto computed = ChecksumMode::Computed;
    const Bytes plain = UdpFrame();
    const auto set = [](std::size_t offset, std::uint8_t bits) {
        return [=](Bytes& packet) { packet[offset] |= bits; };
    };
    const std::vector<Row> rows{
        {"checksum 0", Packet(), None, None, None},
        {"checksum good", Packet([](Bytes&) {}, plain, V4_ENDS, computed), None, None, None},
        {"checksum bad",
         Packet([](Bytes& p) { p[UDP + 6] = 0x12; }),
         BadChecksum,
         BadChecksum,
         BadChecksum},
        {"payload changed under a checksum",
         Packet([](Bytes& p) { p.back() ^= 1; }, plain, V4_ENDS, computed),
         BadChecksum,
         BadChecksum,
         BadChecksum},
        {"IPv6, checksum good", Packet([](Bytes&) {}, plain, V6_ENDS, computed), None, None, None},
        {"IPv6, checksum 0", Packet([](Bytes&) {}, plain, V6_ENDS), None, BadChecksum, None},
        {"reserved flag 0x04", Packet(set(VXLAN, 0x04)), None, ReservedBits, ReservedBits},
        {"reserved flag 0x80", Packet(set(VXLAN, 0x80)), None, ReservedBits, ReservedBits},
        {"reserved octet 1", Packet(set(VXLAN + 1, 0x01)), None, ReservedBits, ReservedBits},
        {"reserved octet 3", Packet(set(VXLAN + 3, 0xff)), None, ReservedBits, ReservedBits},
        {"reserved octet 7", Packet(set(VXLAN + 7, 0x01)), None, ReservedBits, ReservedBits},
        {"I flag clear", Packet([](Bytes& p) { p[VXLAN] = 0; }), NoVniFlag, NoVniFlag, NoVniFlag},
        {"source port 1000",
         Packet([](Bytes& p) { netbase::Write16(&p[UDP], 1000); }),
         None,
         None,
         None},
        {"inner 802.1Q", Packet([](Bytes&) {}, UdpFrame({.tci = 7})), InnerVlan, None, None},
        {"inner 802.1ad",
         Packet([](Bytes& p) { netbase::Write16(&p[INNER + 12], 0x88a8); }),
         InnerVlan,
         None,
         None},
        {"inner source a group",
         Packet([](Bytes& p) { p[INNER + 6] |= 1; }),
         BadInnerFrame,
         BadInnerFrame,
         BadInnerFrame},
        {"outer CE, inner not-ECT",
         Packet([](Bytes& p) {
             p[1] |= 3;
             MendIpv4(p);
         }),
         EcnCe,
         EcnCe,
         EcnCe},
        {"outer header checksum wrong",
         Packet([](Bytes& p) { ++p[8]; }),
         BadOuterHeader,
         BadOuterHeader,
         BadOuterHeader},
    };
    for (const Row& row : rows)
    {
        const std::array<std::pair<Preset, DropReason>, 3> expected{
            {{Preset::Rfc7348, row.rfc}, {Preset::Linux, row.kernel}, {Preset::Ovs, row.ovs}}};
        for (const auto& [preset, reason] : expected)
        {
            const Outcome outcome = Receive(MakeConfig(preset), row.packet);
            EXPECT_EQ(ToString(outcome.reason), ToString(reason))
                << row.name << ", " << ToString(preset);
            if (reason == DropReason::None)
            {
                EXPECT_EQ(outcome.facts.vni, VNI);
                EXPECT_FALSE(outcome.facts.dontLearn);
                const std::size_t headers = row.packet[0] >> 4 == 6 ? 56 : 36;
                EXPECT_EQ(ToHex(outcome.frame), ToHex(ByteView(row.packet).subspan(headers)));
            }
        }
    }
}

/// Lengths cut at every byte. Shorter than an Ethernet header is no frame; what is cut without the
/// outer headers' knowledge is truncated.
TEST(ReceiveMatrix, TruncatedAnywhere)
{
    const Bytes whole = Packet();
    for (const Preset preset : {Preset::Rfc7348, Preset::Linux, Preset::Ovs})
    {
        const auto encapsulation = MakeEncapsulation(MakeConfig(preset));
        for (std::size_t size = 0; size < whole.size(); ++size)
        {
            Bytes packet(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            Bytes frame;
            Decapsulated facts;
            EXPECT_EQ(encapsulation->Decapsulate(packet, TimeNs{0}, frame, facts),
                      DropReason::Truncated)
                << size;
            if (size < 20)
            {
                continue;
            }
            // The same with an outer length that agrees.
            netbase::Write16(&packet[2], static_cast<std::uint16_t>(size));
            MendIpv4(packet);
            EXPECT_EQ(encapsulation->Decapsulate(packet, TimeNs{0}, frame, facts),
                      DropReason::Truncated)
                << "UDP says more than IP has, " << size;
            if (size < 28)
            {
                continue;
            }
            netbase::Write16(&packet[24], static_cast<std::uint16_t>(size - 20));
            const DropReason expected = size < 36   ? DropReason::Truncated
                                        : size < 50 ? DropReason::BadInnerFrame
                                                    : DropReason::None;
            EXPECT_EQ(encapsulation->Decapsulate(packet, TimeNs{0}, frame, facts), expected)
                << size;
        }
    }
}

TEST(ReceiveMatrix, PaddingBehindTheDatagramIsNoPartOfTheFrame)
{
    Bytes packet = Packet();
    const std::size_t size = packet.size() - INNER;
    packet.resize(packet.size() + 17, 0xee);
    EXPECT_EQ(Receive({}, packet).frame.size(), size);
}

TEST(ReceiveMatrix, FactsAreThoseOfTheEnvelope)
{
    EncapsulationConfig config;
    config.sourcePort = SourcePortMode::Fixed;
    config.fixedSourcePort = 50123;
    for (const TunnelEnds& ends : {V4_ENDS, V6_ENDS, GROUP_ENDS})
    {
        const Outcome outcome =
            Receive({}, Wrap(*MakeEncapsulation(config), UdpFrame(), 0xfedcba, ends));
        EXPECT_EQ(outcome.facts.vni, 0xfedcbau);
        EXPECT_EQ(outcome.facts.source, ends.source);
        EXPECT_EQ(outcome.facts.destination, ends.destination);
        EXPECT_EQ(outcome.facts.sourcePort, 50123);
    }
}

/// The bits of the group policy extension are reserved ones to whom does not know it.
TEST(ReceiveMatrix, GroupPolicy)
{
    const Bytes packet = Packet([](Bytes& p) {
        p[VXLAN] |= 0x80;
        p[VXLAN + 1] |= 0x48; // don't learn, policy applied
        p[VXLAN + 3] = 0x05;
    });
    EncapsulationConfig config = MakeConfig(Preset::Linux);
    EXPECT_EQ(Receive(config, packet).reason, DropReason::ReservedBits);
    config.groupPolicy = true;
    const Outcome outcome = Receive(config, packet);
    EXPECT_EQ(outcome.reason, DropReason::None);
    EXPECT_TRUE(outcome.facts.dontLearn);
    const Bytes stranger = Packet([](Bytes& p) { p[VXLAN + 1] |= 0x40; });
    EXPECT_EQ(Receive(config, stranger).reason, DropReason::ReservedBits) << "D without G";
}

TEST(ReceiveMatrix, DemultiplexingByPortAndProtocol)
{
    for (const EncapsulationKind sender : ALL_KINDS)
    {
        for (const EncapsulationKind receiver : ALL_KINDS)
        {
            EncapsulationConfig config = MakeConfig(Preset::Rfc7348, sender);
            const Bytes packet = Wrap(*MakeEncapsulation(config), UdpFrame(), 0x1234);
            const bool gre =
                sender == EncapsulationKind::Nvgre || sender == EncapsulationKind::GreTeb;
            const bool greToo =
                receiver == EncapsulationKind::Nvgre || receiver == EncapsulationKind::GreTeb;
            EXPECT_EQ(MakeEncapsulation(MakeConfig(Preset::Rfc7348, receiver))->Matches(packet),
                      sender == receiver || (gre && greToo));
        }
    }
    EncapsulationConfig config;
    config.destinationPort = 8472;
    const Bytes packet = Wrap(*MakeEncapsulation(config), UdpFrame(), VNI);
    EXPECT_FALSE(MakeEncapsulation({})->Matches(packet)) << "another port";
    EXPECT_TRUE(MakeEncapsulation(config)->Matches(packet));
    const Bytes fragment = Packet([](Bytes& p) { p[6] = 0x20; });
    EXPECT_FALSE(MakeEncapsulation({})->Matches(fragment)) << "a fragment shows no ports";
}

TEST(ReceiveMatrix, Gre)
{
    const EncapsulationConfig nvgre = MakeConfig(Preset::Rfc7348, EncapsulationKind::Nvgre);
    const EncapsulationConfig teb = MakeConfig(Preset::Rfc7348, EncapsulationKind::GreTeb);
    const Bytes packet = Wrap(*MakeEncapsulation(nvgre), UdpFrame(), 0x123456);
    EXPECT_EQ(Receive(nvgre, packet).facts.vni, 0x123456u);
    EXPECT_EQ(Receive(teb, packet).facts.vni >> 8, 0x123456u) << "the key with its FlowID";
    const auto with = [&](std::size_t offset, std::uint8_t bits) {
        Bytes changed = packet;
        changed[20 + offset] ^= bits;
        return changed;
    };
    EXPECT_EQ(Receive(nvgre, with(0, 0x20)).reason, DropReason::BadTunnelHeader) << "no key";
    EXPECT_EQ(Receive(nvgre, with(0, 0x10)).reason, DropReason::BadTunnelHeader) << "sequence";
    EXPECT_EQ(Receive(nvgre, with(1, 0x01)).reason, DropReason::BadTunnelHeader) << "version";
    EXPECT_EQ(Receive(nvgre, with(0, 0x40)).reason, DropReason::ReservedBits) << "routing";
    EXPECT_EQ(Receive(nvgre, with(1, 0x08)).reason, DropReason::None) << "reserved, ignored";
    EXPECT_EQ(Receive(MakeConfig(Preset::Linux, EncapsulationKind::Nvgre), with(1, 0x08)).reason,
              DropReason::ReservedBits);
    Bytes reserved = packet;
    reserved[24] = 0;
    reserved[25] = 0;
    EXPECT_EQ(Receive(nvgre, reserved).reason, DropReason::UnknownVni) << "reserved VSID";

    EncapsulationConfig summed = teb;
    summed.checksum = ChecksumMode::Computed;
    for (const std::size_t payload : {71u, 72u})
    {
        Bytes checked =
            Wrap(*MakeEncapsulation(summed), UdpFrame({.payload = payload}), 0xabcdef01);
        EXPECT_EQ(checked.size(), UdpFrame({.payload = payload}).size() + 32);
        EXPECT_EQ(Receive(teb, checked).facts.vni, 0xabcdef01u);
        checked.back() ^= 0x40;
        EXPECT_EQ(Receive(teb, checked).reason, DropReason::BadChecksum);
    }
}

TEST(ReceiveMatrix, Geneve)
{
    const EncapsulationConfig plain = MakeConfig(Preset::Rfc7348, EncapsulationKind::Geneve);
    EncapsulationConfig withOptions = plain;
    withOptions.geneveOptions = Hex("0102 03 01 deadbeef 0102 04 00");
    const Bytes packet = Wrap(*MakeEncapsulation(withOptions), UdpFrame(), VNI);
    const Outcome outcome = Receive(plain, packet);
    EXPECT_EQ(outcome.frame, UdpFrame()) << "options it does not know are skipped";
    EXPECT_EQ(outcome.facts.vni, VNI);
    withOptions.geneveOptions = Hex("0102 03 01 deadbeef 0102 84 00");
    EXPECT_EQ(Receive(plain, Wrap(*MakeEncapsulation(withOptions), UdpFrame(), VNI)).reason,
              DropReason::BadTunnelHeader)
        << "a critical one";
    const auto changed = [&](std::size_t offset, std::uint8_t value) {
        Bytes copy = packet;
        copy[28 + offset] = value;
        return copy;
    };
    EXPECT_EQ(Receive(plain, changed(0, 0x43)).reason, DropReason::BadTunnelHeader) << "version 1";
    EXPECT_EQ(Receive(plain, changed(0, 0x02)).reason, DropReason::None) << "one option less";
    EXPECT_EQ(Receive(plain, changed(0, 0x01)).reason, DropReason::BadTunnelHeader) << "cut option";
    EXPECT_EQ(Receive(plain, changed(0, 0x3f)).reason, DropReason::Truncated);
    EXPECT_EQ(Receive(plain, changed(1, 0x80)).reason, DropReason::NotForUs) << "control packet";
    EXPECT_EQ(Receive(plain, changed(2, 0x08)).reason, DropReason::NotForUs) << "not Ethernet";
    EXPECT_EQ(Receive(plain, changed(7, 1)).reason, DropReason::None);
    EXPECT_EQ(Receive(MakeConfig(Preset::Linux, EncapsulationKind::Geneve), changed(7, 1)).reason,
              DropReason::ReservedBits);
}

TEST(ReceiveMatrix, SttCarriesTagsInItsHeader)
{
    EncapsulationConfig config = MakeConfig(Preset::Rfc7348, EncapsulationKind::Stt);
    for (const std::uint16_t tci : {0x0007, 0xe00a, 0xf00a})
    {
        const Bytes frame = UdpFrame({.tci = tci});
        const Bytes packet = Wrap(*MakeEncapsulation(config), frame, VNI);
        const bool dei = (tci & 0x1000) != 0;
        EXPECT_EQ(packet.size(), frame.size() + 58 - (dei ? 0 : 4));
        EXPECT_EQ(netbase::Read16(&packet[46]), dei ? 0 : tci | 0x1000);
        EXPECT_EQ(Receive(config, packet).frame, frame);
        EncapsulationConfig strict = config;
        strict.dropInnerVlan = true;
        EXPECT_EQ(Receive(strict, packet).reason, DropReason::InnerVlan);
    }
}

} // namespace
} // namespace weft::vxlan::test
