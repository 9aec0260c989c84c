// SPDX-License-Identifier: GPL-2.0-only
/** @file The capture file: byte layout, and what tshark reads from it. */

#include "engine/record/pcapng.h"
#include "support/workspace.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft::engine
{
namespace
{

namespace fs = std::filesystem;
using support::ReadAll;

class Pcapng : public testing::Test
{
  protected:
    support::Workspace m_workspace;
    const fs::path m_dir = m_workspace.Path();
};

/// IPv4 UDP 10.20.30.2:50000 > 10.20.10.2:3479 with 5 bytes of payload; the IP checksum is right.
constexpr std::array<std::uint8_t, 33> PACKET{
    0x45, 0x00, 0x00, 0x21, 0x00, 0x01, 0x00, 0x00, 0x40, 0x11, 0x3e, 0xa0, 10,  20,  30,  2,  10,
    20,   10,   2,    0xc3, 0x50, 0x0d, 0x97, 0x00, 0x0d, 0x00, 0x00, 'h',  'e', 'l', 'l', 'o'};

void
WriteSample(const fs::path& path)
{
    PcapngWriter writer(path);
    const auto broadband = writer.AddInterface("bristol.broadband", "cloud internet");
    const auto mpls = writer.AddInterface("bristol.mpls");
    writer.Write(broadband, TimeNs(1'234'567'891), PACKET, "copy of flow 17");
    writer.Write(mpls, std::chrono::hours(2) + TimeNs(3), PACKET);
    const auto late = writer.AddInterface("hq.dia");
    writer.Write(
        late, std::chrono::hours(2) + TimeNs(4), std::span(PACKET).first(31), "odd length");
    EXPECT_EQ(writer.Packets(), 3u);
    EXPECT_THROW(writer.Write(3, TimeNs(0), PACKET), std::out_of_range);
    writer.Close();
}

TEST_F(Pcapng, EachInterfaceHasItsLinkType)
{
    {
        PcapngWriter writer(m_dir / "types.pcapng");
        writer.AddInterface("bristol.broadband");
        writer.AddInterface("host1.uplink", {}, LinkType::Ethernet);
        writer.AddInterface("ip", {}, LinkType::RawIp);
        writer.Close();
    }
    const std::string bytes = ReadAll(m_dir / "types.pcapng");
    const auto word = [&](std::size_t at) {
        return static_cast<std::uint8_t>(bytes.at(at)) |
               static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes.at(at + 1))) << 8 |
               static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes.at(at + 2))) << 16;
    };
    std::vector<std::uint32_t> types;
    for (std::size_t at = 0; at < bytes.size(); at += word(at + 4))
    {
        ASSERT_GT(word(at + 4), 0u);
        if (word(at) == 1) // interface description: link type in its first two bytes
        {
            types.push_back(word(at + 8) & 0xffff);
        }
    }
    EXPECT_EQ(types, (std::vector<std::uint32_t>{101, 1, 101}));
}

TEST_F(Pcapng, BlocksAddUp)
{
    WriteSample(m_dir / "a.pcapng");
    const std::string bytes = ReadAll(m_dir / "a.pcapng");
    const auto word = [&](std::size_t at) {
        std::uint32_t value = 0;
        for (int i = 3; i >= 0; --i)
        {
            value = value << 8 | static_cast<std::uint8_t>(bytes.at(at + i));
        }
        return value;
    };
    EXPECT_EQ(word(0), 0x0a0d0d0au);
    std::vector<std::uint32_t> types;
    std::size_t at = 0;
    while (at < bytes.size())
    {
        const std::uint32_t length = word(at + 4);
        ASSERT_GE(length, 12u);
        ASSERT_EQ(length % 4, 0u);
        ASSERT_LE(at + length, bytes.size());
        ASSERT_EQ(word(at + length - 4), length) << "the length stands at both ends";
        types.push_back(word(at));
        at += length;
    }
    EXPECT_EQ(at, bytes.size());
    EXPECT_EQ(types, (std::vector<std::uint32_t>{0x0a0d0d0a, 1, 1, 6, 6, 1, 6}));
}

TEST_F(Pcapng, SameBytesEachTime)
{
    WriteSample(m_dir / "a.pcapng");
    WriteSample(m_dir / "b.pcapng");
    EXPECT_EQ(ReadAll(m_dir / "a.pcapng"), ReadAll(m_dir / "b.pcapng"));
}

TEST_F(Pcapng, TsharkDecodesIt)
{
    if (std::system("command -v tshark >/dev/null 2>&1") != 0)
    {
        GTEST_SKIP() << "tshark is not installed";
    }
    WriteSample(m_dir / "a.pcapng");
    const auto read = support::Shell(
        "tshark -n -r " + (m_dir / "a.pcapng").string() +
        " -T fields -E separator='|' -e frame.interface_name -e frame.time_epoch -e frame.comment"
        " -e ip.src -e ip.dst -e udp.srcport -e udp.dstport -e udp.length -e ip.checksum.status -o "
        "ip.check_checksum:TRUE 2>/dev/null");
    EXPECT_EQ(
        read.text,
        "bristol.broadband|1.234567891|copy of flow 17|10.20.30.2|10.20.10.2|50000|3479|13|1\n"
        "bristol.mpls|7200.000000003||10.20.30.2|10.20.10.2|50000|3479|13|1\n"
        "hq.dia|7200.000000004|odd length|10.20.30.2|10.20.10.2|50000|3479|13|1\n");
}

TEST_F(Pcapng, UnwritablePathSaysSo)
{
    try
    {
        PcapngWriter writer(m_dir / "missing" / "a.pcapng");
        FAIL() << "expected an error";
    }
    catch (const ResultsError& error)
    {
        EXPECT_NE(std::string(error.what()).find("missing/a.pcapng"), std::string::npos)
            << error.what();
    }
}

} // namespace
} // namespace weft::engine
