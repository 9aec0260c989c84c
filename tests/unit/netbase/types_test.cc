// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-types.h"
#include "netbase_test_util.h"

#include <arpa/inet.h>

namespace weft::netbase::test
{
namespace
{

TEST(MacAddress, TextAndOctets)
{
    const MacAddress mac = Mac("00:50:56:aB:0c:64");
    EXPECT_EQ(mac.ToString(), "00:50:56:ab:0c:64");
    EXPECT_EQ(mac.ToInteger(), 0x005056ab0c64u);
    EXPECT_EQ(MacAddress::FromInteger(mac.ToInteger()), mac);
    EXPECT_TRUE(MacAddress::Broadcast().IsGroup());
    EXPECT_TRUE(Mac("01:00:5e:00:00:01").IsGroup());
    EXPECT_FALSE(mac.IsGroup());
    for (const char* wrong : {"",
                              "00:50:56:ab:0c",
                              "00:50:56:ab:0c:6",
                              "00-50-56-ab-0c-64",
                              "00:50:56:ab:0c:64 ",
                              "0g:50:56:ab:0c:64"})
    {
        EXPECT_FALSE(MacAddress::Parse(wrong)) << wrong;
    }
}

TEST(IpAddress, TextOfRfc5952)
{
    const std::pair<const char*, const char*> cases[] = {
        {"2001:0db8:0:0:0:0:0:1", "2001:db8::1"},
        {"2001:db8::0:1", "2001:db8::1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, // one zero group stays
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},          // the longer run
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},    // of equal runs the first
        {"2001:DB8::AbCd", "2001:db8::abcd"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"::ffff:10.1.2.3", "10.1.2.3"}, // the same address here
        {"fe80::1:2.3.4.5", "fe80::1:203:405"},
        {"10.0.0.1", "10.0.0.1"},
        {"255.255.255.255", "255.255.255.255"},
    };
    for (const auto& [text, canonical] : cases)
    {
        EXPECT_EQ(Ip(text).ToString(), canonical) << text;
    }
    for (const char* wrong : {"",
                              "10.0.0",
                              "10.0.0.256",
                              "10.0.0.01",
                              "10.0.0.1.",
                              "1.2.3.4.5",
                              "a.b.c.d",
                              ":",
                              ":::",
                              "1::2::3",
                              "1:2:3:4:5:6:7",
                              "1:2:3:4:5:6:7:8:9",
                              "12345::",
                              "g::",
                              "1:",
                              "::1:",
                              "1:2:3:4:5:6:7:1.2.3.4",
                              "::1.2.3",
                              " ::1",
                              "1:2:3:4:5:6:7:8::",
                              "+1.2.3.4"})
    {
        EXPECT_FALSE(IpAddress::Parse(wrong)) << wrong;
    }
}

/// The system's parser and printer are the independent reading.
TEST(IpAddress, RandomTextsAgreeWithTheSystem)
{
    Random random(1);
    const std::string alphabet = "0123456789abcdefF::::...";
    int valid = 0;
    for (int i = 0; i < 200'000; ++i)
    {
        std::string text;
        if (i % 2 == 0)
        {
            Bytes octets = RandomBytes(random, 16);
            for (std::uint8_t& octet : octets)
            {
                octet = Below(random, 2) == 0 ? 0 : octet;
            }
            char buffer[INET6_ADDRSTRLEN];
            inet_ntop(AF_INET6, octets.data(), buffer, sizeof buffer);
            text = buffer;
            if (Below(random, 2) == 0)
            {
                text[Below(random, text.size())] = alphabet[Below(random, alphabet.size())];
            }
        }
        else
        {
            for (auto n = Below(random, 16); n > 0; --n)
            {
                text += alphabet[Below(random, alphabet.size())];
            }
        }
        std::array<std::uint8_t, 16> octets{};
        std::array<std::uint8_t, 4> v4{};
        const auto parsed = IpAddress::Parse(text);
        if (inet_pton(AF_INET, text.c_str(), v4.data()) == 1)
        {
            ASSERT_TRUE(parsed) << text;
            ASSERT_EQ(parsed->ToV4(), Read32(v4.data()));
            ASSERT_EQ(IpAddress::Parse(parsed->ToString()), parsed);
        }
        else if (inet_pton(AF_INET6, text.c_str(), octets.data()) == 1)
        {
            ++valid;
            ASSERT_TRUE(parsed) << text;
            ASSERT_EQ(parsed->octets, octets) << text;
            ASSERT_EQ(IpAddress::Parse(parsed->ToString()), parsed) << text;
            char buffer[INET6_ADDRSTRLEN];
            inet_ntop(AF_INET6, octets.data(), buffer, sizeof buffer);
            // glibc prints ::a.b.c.d for the deprecated IPv4-compatible addresses.
            if (!parsed->IsV4() && std::string_view(buffer).find('.') == std::string_view::npos)
            {
                ASSERT_EQ(parsed->ToString(), buffer);
            }
        }
        else
        {
            ASSERT_FALSE(parsed) << text;
        }
    }
    EXPECT_GT(valid, 50'000);
}

TEST(IpPrefix, Contains)
{
    const IpPrefix v4{Ip("10.1.0.0"), 16};
    EXPECT_TRUE(v4.Contains(Ip("10.1.255.1")));
    EXPECT_FALSE(v4.Contains(Ip("10.2.0.1")));
    EXPECT_FALSE(v4.Contains(Ip("2001:db8::1")));
    const IpPrefix v6{Ip("2001:db8::"), 33};
    EXPECT_TRUE(v6.Contains(Ip("2001:db8:7fff::1")));
    EXPECT_FALSE(v6.Contains(Ip("2001:db8:8000::1")));
    EXPECT_TRUE((IpPrefix{Ip("0.0.0.0"), 0}).Contains(Ip("200.1.1.1")));
    EXPECT_EQ(v4.ToString(), "10.1.0.0/16");
}

TEST(IpAddress, GroupMacs)
{
    EXPECT_EQ(GroupMac(Ip("239.129.3.96")), Mac("01:00:5e:01:03:60")); // 23 bits: RFC 1112
    EXPECT_EQ(GroupMac(Ip("ff02::1:ff00:1234")), Mac("33:33:ff:00:12:34"));
}

} // namespace
} // namespace weft::netbase::test
