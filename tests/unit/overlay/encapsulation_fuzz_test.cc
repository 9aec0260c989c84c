// SPDX-License-Identifier: GPL-2.0-only
// Random frames go through every encapsulation unchanged; random, truncated and mutated packets
// have a named reason each and harm nothing. Meant for asan and ubsan too.
#include "overlay_test_util.h"
#include "vxlan-preset.h"

#include <gtest/gtest.h>

#include <set>

namespace weft::vxlan::test
{
namespace
{

/// A configuration and where it came from.
struct Behaviour
{
    EncapsulationConfig config;
    std::string name;
};

std::vector<Behaviour>
Behaviours()
{
    std::vector<Behaviour> all;
    for (const Preset preset : {Preset::Rfc7348, Preset::Linux, Preset::Ovs})
    {
        for (const EncapsulationKind kind : ALL_KINDS)
        {
            Behaviour b{MakeConfig(preset, kind), std::string(ToString(preset))};
            b.config.reservedVsids = true;
            b.name += " " + std::to_string(static_cast<int>(kind));
            all.push_back(b);
            if (kind == EncapsulationKind::GreTeb || kind == EncapsulationKind::Vxlan)
            {
                b.config.checksum = ChecksumMode::Computed;
                b.name += " with checksum";
                all.push_back(b);
            }
        }
    }
    return all;
}

/// Changes bits or length, or splices: what a broken or hostile network could do.
void
Mutate(Random& random, Bytes& packet)
{
    switch (Below(random, 6))
    {
    case 0:
        packet.resize(Below(random, packet.size() + 1));
        break;
    case 1:
        packet.resize(packet.size() + 1 + Below(random, 64), static_cast<std::uint8_t>(random()));
        break;
    default:
        if (packet.empty())
        {
            packet.push_back(0);
            break;
        }
        for (std::uint64_t n = 1 + Below(random, 4); n > 0; --n)
        {
            // Headers are worth more than payload.
            const std::uint64_t range =
                Below(random, 4) != 0 ? std::min<std::size_t>(packet.size(), 80) : packet.size();
            packet[Below(random, range)] ^= static_cast<std::uint8_t>(1 + Below(random, 255));
        }
        if (packet.size() >= 20 && packet[0] == 0x45 && Below(random, 4) != 0)
        {
            MendIpv4(packet); // past the first check
        }
    }
}

Bytes
RandomFrame(Random& random)
{
    const std::size_t size = 14 + Below(random, Below(random, 8) == 0 ? 9000 : 1500);
    Bytes frame = PlainFrame(random, size, static_cast<std::uint16_t>(random()));
    if (Below(random, 2) == 0)
    {
        FrameSpec spec;
        spec.payload = Below(random, 1400);
        spec.tos = static_cast<std::uint8_t>(random());
        spec.sourcePort = static_cast<std::uint16_t>(random());
        frame = UdpFrame(spec);
    }
    return frame;
}

/// Whatever a frame is, it comes out as it went in, with its network; or it is refused for its tag.
TEST(EncapsulationProperty, RoundTrip)
{
    for (const Behaviour& b : Behaviours())
    {
        Random random(51);
        const auto sender = MakeEncapsulation(b.config);
        const auto receiver = MakeEncapsulation(b.config);
        PacketQueue queue;
        int refused = 0;
        for (int i = 0; i < 1500; ++i)
        {
            Bytes frame = RandomFrame(random);
            if (i % 50 == 0 && frame.size() >= 18)
            {
                netbase::Write16(&frame[12], i % 100 == 0 ? 0x8100 : 0x88a8);
            }
            auto vni = static_cast<Vni>(Below(random, MAX_VNI - 1) + 1);
            const TunnelEnds& ends = i % 3 == 0 ? V6_ENDS : (i % 3 == 1 ? V4_ENDS : GROUP_ENDS);
            const DropReason sent = sender->Encapsulate(frame, vni, ends, queue);
            if (sent != DropReason::None)
            {
                ASSERT_EQ(sent, DropReason::InnerVlan) << b.name;
                ASSERT_TRUE(b.config.dropInnerVlan);
                ++refused;
                continue;
            }
            Bytes out;
            Decapsulated facts;
            const auto packets = Drain(queue);
            std::size_t bytes = 0;
            for (const Bytes& packet : packets)
            {
                bytes += packet.size();
                ASSERT_TRUE(receiver->Matches(packet));
                ASSERT_EQ(receiver->Decapsulate(packet, TimeNs{i}, out, facts), DropReason::None)
                    << b.name;
                ASSERT_EQ(out.empty(), &packet != &packets.back());
            }
            ASSERT_EQ(ToHex(out), ToHex(frame)) << b.name;
            ASSERT_EQ(facts.vni, vni);
            ASSERT_EQ(facts.source, ends.source);
            ASSERT_EQ(facts.destination, ends.destination);
            const bool tagged = netbase::Read16(&frame[12]) == 0x8100;
            if (!tagged)
            {
                ASSERT_EQ(bytes,
                          frame.size() + sender->Overhead(frame.size(), !ends.source.IsV4()));
            }
        }
        EXPECT_EQ(refused > 0, b.config.dropInnerVlan) << b.name;
        EXPECT_EQ(receiver->OnDeadline(std::chrono::hours(1)), 0u);
    }
}

/// A frame that comes out of a mutated packet is at least a frame.
void
ExpectSane(DropReason reason, const Bytes& frame, bool stt)
{
    if (reason != DropReason::None || (frame.empty() && stt))
    {
        ASSERT_TRUE(frame.empty());
        return;
    }
    ASSERT_GE(frame.size(), 14u);
    ASSERT_EQ(frame[6] & 1, 0);
}

TEST(EncapsulationFuzz, MutatedPackets)
{
    for (const Behaviour& b : Behaviours())
    {
        Random random(52);
        const bool stt = b.config.kind == EncapsulationKind::Stt;
        const auto sender = MakeEncapsulation(b.config);
        const auto receiver = MakeEncapsulation(b.config);
        std::set<DropReason> reasons;
        PacketQueue queue;
        for (int i = 0; i < 4000; ++i)
        {
            const Bytes frame = RandomFrame(random);
            if (sender->Encapsulate(frame, 1 + static_cast<Vni>(i), V4_ENDS, queue) !=
                DropReason::None)
            {
                continue;
            }
            for (Bytes packet : Drain(queue))
            {
                Mutate(random, packet);
                Bytes out;
                Decapsulated facts;
                const bool matches = receiver->Matches(packet);
                const DropReason reason =
                    receiver->Decapsulate(packet, std::chrono::milliseconds(i), out, facts);
                static_cast<void>(matches);
                reasons.insert(reason);
                ExpectSane(reason, out, stt);
            }
            receiver->OnDeadline(std::chrono::milliseconds(i));
        }
        EXPECT_TRUE(reasons.contains(DropReason::Truncated)) << b.name;
        EXPECT_TRUE(reasons.contains(DropReason::BadOuterHeader)) << b.name;
        EXPECT_GE(reasons.size(), 4u) << b.name;
        // As if nothing had happened.
        Bytes out;
        Decapsulated facts;
        ASSERT_EQ(receiver->Decapsulate(
                      Wrap(*sender, UdpFrame(), 0x1234), std::chrono::hours(1), out, facts),
                  DropReason::None);
        EXPECT_EQ(out, UdpFrame());
    }
}

/// With a checksum over everything, no change of one bit goes unnoticed.
TEST(EncapsulationFuzz, EveryBitFlippedUnderAChecksum)
{
    EncapsulationConfig config = MakeConfig(Preset::Linux);
    config.dropInnerVlan = true;
    for (const EncapsulationKind kind : {EncapsulationKind::Vxlan, EncapsulationKind::Geneve})
    {
        config.kind = kind;
        const auto sender = MakeEncapsulation(config);
        const auto receiver = MakeEncapsulation(config);
        const Bytes packet = Wrap(*sender, UdpFrame(), 864);
        for (std::size_t bit = 0; bit < 8 * packet.size(); ++bit)
        {
            Bytes changed = packet;
            changed[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
            Bytes out;
            Decapsulated facts;
            EXPECT_NE(receiver->Decapsulate(changed, TimeNs{0}, out, facts), DropReason::None)
                << bit;
        }
    }
}

TEST(EncapsulationFuzz, RandomBytes)
{
    for (const Behaviour& b : Behaviours())
    {
        Random random(53);
        const auto receiver = MakeEncapsulation(b.config);
        for (int i = 0; i < 20'000; ++i)
        {
            Bytes garbage = RandomBytes(random, Below(random, 200));
            if (garbage.size() >= 20 && i % 2 == 0)
            {
                garbage[0] = 0x45;
                netbase::Write16(&garbage[2], static_cast<std::uint16_t>(garbage.size()));
                garbage[6] = 0;
                garbage[7] = 0;
                MendIpv4(garbage);
            }
            else if (garbage.size() >= 40)
            {
                garbage[0] = 0x60;
                netbase::Write16(&garbage[4], static_cast<std::uint16_t>(garbage.size() - 40));
            }
            Bytes out;
            Decapsulated facts;
            receiver->Matches(garbage);
            ExpectSane(receiver->Decapsulate(garbage, TimeNs{i}, out, facts),
                       out,
                       b.config.kind == EncapsulationKind::Stt);
        }
    }
}

/// Random bytes as frames to send.
TEST(EncapsulationFuzz, RandomFrames)
{
    for (const Behaviour& b : Behaviours())
    {
        Random random(54);
        const auto sender = MakeEncapsulation(b.config);
        PacketQueue queue;
        for (int i = 0; i < 5'000; ++i)
        {
            const Bytes garbage = RandomBytes(random, Below(random, 80));
            const DropReason reason = sender->Encapsulate(garbage, 864, V6_ENDS, queue);
            ASSERT_EQ(reason != DropReason::None, Drain(queue).empty());
            if (garbage.size() < 14 || (garbage[6] & 1) != 0)
            {
                ASSERT_EQ(reason, DropReason::BadInnerFrame);
            }
        }
    }
}

} // namespace
} // namespace weft::vxlan::test
