// SPDX-License-Identifier: GPL-2.0-only
// Random, truncated and mutated packets thrown at working routers of every mode: a named reason
// each, no crash, and the network still delivers afterwards. Meant for asan and ubsan too.
#include "random_network.h"

#include <gtest/gtest.h>

namespace weft::multicast::test
{
namespace
{

class Fuzz : public testing::TestWithParam<Mode>
{
};

/// The length and checksum of the header put right again, half of the time.
void
MendHeader(std::mt19937_64& random, Bytes& packet)
{
    if (packet.size() < 20 || random() % 2 == 0)
    {
        return;
    }
    packet[0] = static_cast<std::uint8_t>(0x40 | (packet[0] & 15));
    const std::size_t header = std::size_t{packet[0] & 15u} * 4;
    if (header < 20 || header > packet.size())
    {
        packet[0] = 0x45;
    }
    netbase::Write16(packet.data() + 2, static_cast<std::uint16_t>(packet.size()));
    packet[10] = packet[11] = 0;
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < std::size_t{packet[0] & 15u} * 4; i += 2)
    {
        sum += netbase::Read16(packet.data() + i);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    netbase::Write16(packet.data() + 10, static_cast<std::uint16_t>(~sum));
}

TEST_P(Fuzz, NothingOnTheWireBreaksARouter)
{
    for (std::uint64_t seed = 1; seed <= 6; ++seed)
    {
        RandomNetwork r(seed, GetParam());
        r.network.Watch();
        r.Start();
        r.network.Run(10s);
        for (const std::size_t host : r.members)
        {
            r.network.Join(host, r.group);
        }
        r.network.Run(2s);
        for (const std::size_t host : r.sources)
        {
            r.network.Send(host, r.group);
        }
        r.network.Run(2s);
        std::vector<Bytes> seen;
        for (const auto& sighting : r.network.sightings)
        {
            seen.push_back(sighting.packet);
        }
        std::mt19937_64 random(seed);
        std::uint64_t dropped = 0;
        for (int i = 0; i < 5000; ++i)
        {
            Bytes packet = seen[random() % seen.size()];
            for (std::uint64_t n = random() % 5; n > 0; --n)
            {
                packet[random() % packet.size()] ^= static_cast<std::uint8_t>(1 + random() % 255);
            }
            if (random() % 4 == 0)
            {
                packet.resize(random() % (packet.size() + 1));
            }
            MendHeader(random, packet);
            const std::size_t router = random() % r.network.Routers();
            const auto port = static_cast<PortIndex>(random() % 4);
            const Verdict verdict =
                r.network.Router(router).OnPacket(port, packet, r.network.Now());
            dropped += verdict.reason != DropReason::None ? 1 : 0;
            for (const PortIndex out : verdict.ports)
            {
                ASSERT_NE(out, port);
            }
            r.network.Pump();
            if (i % 100 == 0)
            {
                r.network.Run(100ms);
            }
        }
        EXPECT_GT(dropped, 1000u);
        // They go on working: hosts are still asked, and a report is still understood.
        const IpAddress other = Ip("239.200.200.200");
        r.network.Run(300s);
        r.network.Join(r.hosts[0], other);
        r.network.Run(1s);
        const std::size_t link = r.network.HostLink(r.hosts[0]);
        EXPECT_TRUE(r.network.Router(0).HasMember(r.network.PortOn(0, link), other));
        EXPECT_GT(r.network.Router(0).Counters().queriesOut, 4u);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Modes,
    Fuzz,
    testing::Values(Mode::Sparse, Mode::Dense, Mode::Bidirectional, Mode::Static),
    [](const auto& info) { return std::string(ToString(info.param)); });

} // namespace
} // namespace weft::multicast::test
