// SPDX-License-Identifier: GPL-2.0-only
// VRRP on the wire: golden bytes, and a decoder that survives everything.
#include "vxlan-vrrp.h"

#include "netbase-checksum.h"

#include <gtest/gtest.h>

#include <random>

namespace weft::vxlan::test
{
namespace
{

using namespace std::chrono_literals;

constexpr std::size_t IP = 14;      ///< where the IPv4 header starts
constexpr std::size_t MESSAGE = 34; ///< where VRRP starts

VrrpMessage
Message()
{
    return {.vrid = 10,
            .priority = 100,
            .interval = 100,
            .source = IpAddress::V4(0xc0a80001),
            .addresses = {IpAddress::V4(0xc0a800fe)}};
}

ByteView
Packet(const Bytes& frame)
{
    return ByteView(frame).subspan(IP);
}

TEST(VrrpMessage, GoldenBytes)
{
    Bytes frame;
    WriteVrrpFrame(Message(), frame);
    // Checksums by hand. VRRP with pseudo header: c0a8+0001+e000+0012+0070+000c+310a+6401+0064+
    // c0a8+00fe = 2f84c, folded f84e, complement 07b1. IPv4: 45c0+0020+ff70+c0a8+0001+e000+0012 =
    // 2e60b, folded e60d, complement 19f2.
    const Bytes golden{0x01, 0x00, 0x5e, 0x00, 0x00, 0x12, 0x00, 0x00, 0x5e, 0x00, 0x01, 0x0a,
                       0x08, 0x00, 0x45, 0xc0, 0x00, 0x20, 0x00, 0x00, 0x00, 0x00, 0xff, 0x70,
                       0x19, 0xf2, 0xc0, 0xa8, 0x00, 0x01, 0xe0, 0x00, 0x00, 0x12, 0x31, 0x0a,
                       0x64, 0x01, 0x00, 0x64, 0x07, 0xb1, 0xc0, 0xa8, 0x00, 0xfe};
    EXPECT_EQ(frame, golden);
}

TEST(VrrpMessage, RoundTrip)
{
    std::mt19937_64 random(3);
    Bytes frame;
    VrrpMessage read;
    for (int i = 0; i < 10'000; ++i)
    {
        VrrpMessage message;
        message.vrid = static_cast<std::uint8_t>(random());
        message.priority = static_cast<std::uint8_t>(random());
        message.interval = static_cast<std::uint16_t>(random() & 0xfff);
        message.source = IpAddress::V4(static_cast<std::uint32_t>(random()));
        for (std::uint64_t n = random() % 256; n > 0; --n)
        {
            message.addresses.push_back(IpAddress::V4(static_cast<std::uint32_t>(random())));
        }
        WriteVrrpFrame(message, frame);
        ASSERT_EQ(frame.size(), MESSAGE + 8 + 4 * message.addresses.size());
        ASSERT_EQ(ReadVrrpPacket(Packet(frame), read), VrrpError::None);
        ASSERT_EQ(read.vrid, message.vrid);
        ASSERT_EQ(read.priority, message.priority);
        ASSERT_EQ(read.interval, message.interval);
        ASSERT_EQ(read.source, message.source);
        ASSERT_EQ(read.addresses, message.addresses);
    }
}

/// Changes an octet of the IP header and mends its checksum.
void
SetIp(Bytes& frame, std::size_t offset, std::uint8_t value)
{
    frame[IP + offset] = value;
    netbase::Write16(&frame[IP + 10], 0);
    netbase::Write16(&frame[IP + 10], netbase::Checksum(ByteView(frame).subspan(IP, 20)));
}

TEST(VrrpMessage, WhatSection71RefusesHasAName)
{
    const auto read = [](auto change) {
        Bytes frame;
        WriteVrrpFrame(Message(), frame);
        change(frame);
        VrrpMessage message;
        return ReadVrrpPacket(Packet(frame), message);
    };
    EXPECT_EQ(read([](Bytes&) {}), VrrpError::None);
    EXPECT_EQ(read([](Bytes& f) { SetIp(f, 8, 254); }), VrrpError::TtlNot255);
    EXPECT_EQ(read([](Bytes& f) { SetIp(f, 9, 17); }), VrrpError::NotVrrp);
    EXPECT_EQ(read([](Bytes& f) { SetIp(f, 19, 0x13); }), VrrpError::NotVrrp);
    EXPECT_EQ(read([](Bytes& f) { f[IP + 10] ^= 1; }), VrrpError::BadHeader);
    EXPECT_EQ(read([](Bytes& f) { f[MESSAGE] = 0x21; }), VrrpError::BadVersion);
    EXPECT_EQ(read([](Bytes& f) { f[MESSAGE] = 0x32; }), VrrpError::BadType);
    EXPECT_EQ(read([](Bytes& f) { f[MESSAGE + 3] = 2; }), VrrpError::Truncated);
    EXPECT_EQ(read([](Bytes& f) { f[MESSAGE + 6] ^= 1; }), VrrpError::BadChecksum);
    EXPECT_EQ(read([](Bytes& f) { f[MESSAGE + 2] ^= 1; }), VrrpError::BadChecksum);
    EXPECT_EQ(read([](Bytes& f) { f.pop_back(); }), VrrpError::Truncated);
    EXPECT_EQ(read([](Bytes& f) { f.push_back(0); }), VrrpError::None) << "Ethernet padding";
    // The source is in the pseudo header: another one with a mended IP checksum is noticed.
    EXPECT_EQ(read([](Bytes& f) { SetIp(f, 15, 9); }), VrrpError::BadChecksum);
}

TEST(VrrpMessage, TheRouterNamesWhatItRefuses)
{
    VrrpConfig config{.vrid = 10, .addresses = {IpAddress::V4(0xc0a800fe)}};
    Vrrp router(config, IpAddress::V4(0xc0a80002));
    const auto offer = [&](VrrpMessage message) {
        Bytes frame;
        WriteVrrpFrame(message, frame);
        return router.OnPacket(Packet(frame), 1s);
    };
    EXPECT_EQ(offer(Message()), VrrpError::Inactive);
    router.Start(1s);
    EXPECT_EQ(offer(Message()), VrrpError::None);
    VrrpMessage message = Message();
    message.vrid = 11;
    EXPECT_EQ(offer(message), VrrpError::OtherRouter);
    message = Message();
    message.source = IpAddress::V4(0xc0a80002);
    EXPECT_EQ(offer(message), VrrpError::OwnAdvert);
    message = Message();
    message.addresses = {IpAddress::V4(0xc0a800fd)};
    EXPECT_EQ(offer(message), VrrpError::None);
    EXPECT_EQ(router.Counters().addressMismatches, 1U);
    EXPECT_EQ(router.Counters().advertsReceived, 2U);
    for (const VrrpError error :
         {VrrpError::Inactive, VrrpError::OtherRouter, VrrpError::OwnAdvert})
    {
        EXPECT_EQ(router.Counters().errors[static_cast<std::size_t>(error)], 1U) << ToString(error);
    }
}

TEST(VrrpFuzz, RandomAndMutatedPacketsAreNamedAndCounted)
{
    std::mt19937_64 random(11);
    VrrpConfig config{.vrid = 10, .addresses = {IpAddress::V4(0xc0a800fe)}};
    Vrrp router(config, IpAddress::V4(0xc0a80002));
    router.Start(0s);
    std::array<std::uint64_t, static_cast<std::size_t>(VrrpError::Count)> seen{};
    const std::uint64_t rounds = 200'000;
    for (std::uint64_t i = 0; i < rounds; ++i)
    {
        Bytes frame;
        WriteVrrpFrame(Message(), frame);
        if (random() % 4 == 0)
        {
            frame.resize(IP + random() % 60);
            for (std::size_t k = IP; k < frame.size(); ++k)
            {
                frame[k] = static_cast<std::uint8_t>(random());
            }
        }
        else
        {
            for (std::uint64_t n = random() % 3; n > 0; --n)
            {
                frame[IP + random() % (frame.size() - IP)] ^=
                    static_cast<std::uint8_t>(1 + random() % 255);
            }
            if (random() % 4 == 0)
            {
                frame.resize(IP + random() % (frame.size() - IP + 8));
            }
            if (random() % 2 == 0 && frame.size() >= IP + 20)
            {
                SetIp(frame, 8, static_cast<std::uint8_t>(random() % 2 == 0 ? 255 : random()));
            }
        }
        ++seen[static_cast<std::size_t>(router.OnPacket(Packet(frame), 0s))];
    }
    std::uint64_t refused = 0;
    for (std::size_t e = 1; e < seen.size(); ++e)
    {
        EXPECT_EQ(router.Counters().errors[e], seen[e]) << ToString(static_cast<VrrpError>(e));
        refused += seen[e];
    }
    EXPECT_EQ(refused + router.Counters().advertsReceived, rounds);
    EXPECT_EQ(router.Counters().advertsReceived, seen[0]);
    EXPECT_GT(seen[0], 0U);
    for (const VrrpError error :
         {VrrpError::Truncated, VrrpError::BadHeader, VrrpError::TtlNot255, VrrpError::BadChecksum})
    {
        EXPECT_GT(seen[static_cast<std::size_t>(error)], 0U) << ToString(error);
    }
}

} // namespace
} // namespace weft::vxlan::test
