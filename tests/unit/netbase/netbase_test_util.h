// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What tests of netbase share: seeded random octets, mutation, octets from text.
 */
#ifndef NETBASE_TEST_UTIL_H
#define NETBASE_TEST_UTIL_H

#include "netbase-types.h"

#include <gtest/gtest.h>

#include <random>
#include <string_view>

namespace weft::netbase::test
{

using Random = std::mt19937_64;

inline std::uint64_t
Below(Random& random, std::uint64_t count)
{
    return random() % count;
}

inline Bytes
RandomBytes(Random& random, std::size_t size)
{
    Bytes bytes(size);
    for (std::uint8_t& octet : bytes)
    {
        octet = static_cast<std::uint8_t>(random());
    }
    return bytes;
}

inline IpAddress
Ip(std::string_view text)
{
    const auto address = IpAddress::Parse(text);
    EXPECT_TRUE(address) << text;
    return address.value_or(IpAddress{});
}

inline MacAddress
Mac(std::string_view text)
{
    const auto address = MacAddress::Parse(text);
    EXPECT_TRUE(address) << text;
    return address.value_or(MacAddress{});
}

/// "45 00 001c": pairs of hexadecimal digits, blanks ignored.
inline Bytes
Hex(std::string_view text)
{
    Bytes bytes;
    int high = -1;
    for (const char c : text)
    {
        if (c == ' ' || c == '\n')
        {
            continue;
        }
        const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        if (high < 0)
        {
            high = digit;
            continue;
        }
        bytes.push_back(static_cast<std::uint8_t>(high << 4 | digit));
        high = -1;
    }
    return bytes;
}

/// Changes bits, length, or splices: what a broken or hostile network could do.
inline void
Mutate(Random& random, Bytes& octets)
{
    switch (Below(random, 6))
    {
    case 0:
        octets.resize(Below(random, octets.size() + 1));
        break;
    case 1:
        octets.resize(octets.size() + 1 + Below(random, 64), static_cast<std::uint8_t>(random()));
        break;
    default:
        for (std::uint64_t n = octets.empty() ? 0 : 1 + Below(random, 4); n > 0; --n)
        {
            octets[Below(random, octets.size())] ^=
                static_cast<std::uint8_t>(1 + Below(random, 255));
        }
    }
}

/// @return a copy whose end is the end of its allocation, so that a sanitizer sees any read beyond
inline Bytes
Tight(const Bytes& octets)
{
    return Bytes(octets.begin(), octets.end());
}

} // namespace weft::netbase::test

#endif
