// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-types.h"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>

namespace weft::netbase
{

namespace
{

constexpr std::array<std::uint8_t, 12> V4_MAPPED{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

int
HexDigit(char c)
{
    if (c >= '0' && c <= '9')
    {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

} // namespace

MacAddress
MacAddress::Broadcast()
{
    return {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
}

MacAddress
MacAddress::FromInteger(std::uint64_t value)
{
    MacAddress address;
    for (std::size_t i = 0; i < 6; ++i)
    {
        address.octets[i] = static_cast<std::uint8_t>(value >> (40 - 8 * i));
    }
    return address;
}

std::optional<MacAddress>
MacAddress::Parse(std::string_view text)
{
    if (text.size() != 17)
    {
        return std::nullopt;
    }
    MacAddress address;
    for (std::size_t i = 0; i < 6; ++i)
    {
        const int high = HexDigit(text[3 * i]);
        const int low = HexDigit(text[3 * i + 1]);
        if (high < 0 || low < 0 || (i < 5 && text[3 * i + 2] != ':'))
        {
            return std::nullopt;
        }
        address.octets[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return address;
}

MacAddress
MacAddress::Read(ByteView octets)
{
    MacAddress address;
    std::copy_n(octets.begin(), 6, address.octets.begin());
    return address;
}

void
MacAddress::Write(std::span<std::uint8_t> out) const
{
    std::copy(octets.begin(), octets.end(), out.begin());
}

std::uint64_t
MacAddress::ToInteger() const
{
    return std::uint64_t{Read16(octets.data())} << 32 | Read32(octets.data() + 2);
}

bool
MacAddress::IsBroadcast() const
{
    return *this == Broadcast();
}

bool
MacAddress::IsGroup() const
{
    return (octets[0] & 1) != 0;
}

bool
MacAddress::IsZero() const
{
    return *this == MacAddress{};
}

std::string
MacAddress::ToString() const
{
    constexpr char DIGITS[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t octet : octets)
    {
        if (!text.empty())
        {
            text += ':';
        }
        text += DIGITS[octet >> 4];
        text += DIGITS[octet & 15];
    }
    return text;
}

IpAddress
IpAddress::V4(std::uint32_t address)
{
    IpAddress result;
    std::copy(V4_MAPPED.begin(), V4_MAPPED.end(), result.octets.begin());
    Write32(result.octets.data() + 12, address);
    return result;
}

IpAddress
IpAddress::V6(ByteView octets)
{
    IpAddress result;
    std::copy_n(octets.begin(), 16, result.octets.begin());
    return result;
}

std::optional<IpAddress>
IpAddress::Parse(std::string_view text)
{
    const std::string copy(text);
    std::array<std::uint8_t, 16> octets{};
    if (inet_pton(AF_INET, copy.c_str(), octets.data()) == 1)
    {
        return V4(Read32(octets.data()));
    }
    if (inet_pton(AF_INET6, copy.c_str(), octets.data()) == 1)
    {
        return V6(octets);
    }
    return std::nullopt;
}

bool
IpAddress::IsNone() const
{
    return *this == IpAddress{};
}

bool
IpAddress::IsV4() const
{
    return std::memcmp(octets.data(), V4_MAPPED.data(), V4_MAPPED.size()) == 0;
}

bool
IpAddress::IsMulticast() const
{
    return IsV4() ? (octets[12] & 0xf0) == 0xe0 : octets[0] == 0xff;
}

std::uint32_t
IpAddress::ToV4() const
{
    return Read32(octets.data() + 12);
}

std::string
IpAddress::ToString() const
{
    char text[INET6_ADDRSTRLEN] = "";
    if (IsV4())
    {
        inet_ntop(AF_INET, octets.data() + 12, text, sizeof text);
    }
    else
    {
        inet_ntop(AF_INET6, octets.data(), text, sizeof text);
    }
    return text;
}

bool
IpPrefix::Contains(const IpAddress& host) const
{
    if (host.IsV4() != address.IsV4())
    {
        return false;
    }
    unsigned bits = address.IsV4() ? length + 96 : length;
    for (std::size_t i = 0; i < 16 && bits > 0; ++i)
    {
        const unsigned here = std::min(bits, 8u);
        const auto mask = static_cast<std::uint8_t>(0xff << (8 - here));
        if (((host.octets[i] ^ address.octets[i]) & mask) != 0)
        {
            return false;
        }
        bits -= here;
    }
    return true;
}

std::string
IpPrefix::ToString() const
{
    return address.ToString() + "/" + std::to_string(length);
}

MacAddress
GroupMac(const IpAddress& group)
{
    if (group.IsV4())
    {
        return MacAddress::FromInteger(0x01005e000000ull | (group.ToV4() & 0x7fffff));
    }
    return MacAddress::FromInteger(0x333300000000ull | Read32(group.octets.data() + 12));
}

} // namespace weft::netbase
