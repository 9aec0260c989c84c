// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-types.h"

#include <algorithm>
#include <cstring>

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

/// Four decimal numbers 0 to 255 joined by points, without leading zeros.
std::optional<std::uint32_t>
ParseV4(std::string_view text)
{
    std::uint32_t address = 0;
    for (int part = 0; part < 4; ++part)
    {
        if (part > 0)
        {
            if (text.empty() || text.front() != '.')
            {
                return std::nullopt;
            }
            text.remove_prefix(1);
        }
        std::uint32_t value = 0;
        std::size_t digits = 0;
        while (digits < text.size() && digits < 4 && text[digits] >= '0' && text[digits] <= '9')
        {
            value = 10 * value + static_cast<std::uint32_t>(text[digits++] - '0');
        }
        if (digits == 0 || value > 255 || (digits > 1 && text.front() == '0'))
        {
            return std::nullopt;
        }
        text.remove_prefix(digits);
        address = address << 8 | value;
    }
    return text.empty() ? std::optional(address) : std::nullopt;
}

/// RFC 4291 section 2.2: groups of 1 to 4 hexadecimal digits, one "::", an IPv4 address at the end.
std::optional<std::array<std::uint8_t, 16>>
ParseV6(std::string_view text)
{
    std::array<std::uint8_t, 16> octets{};
    std::size_t filled = 0;
    std::optional<std::size_t> gap; // octets before "::"
    if (text.starts_with("::"))
    {
        gap = 0;
        text.remove_prefix(2);
    }
    while (!text.empty())
    {
        const auto end = text.find(':');
        const std::string_view group = text.substr(0, end);
        if (end == std::string_view::npos && group.find('.') != std::string_view::npos)
        {
            const auto v4 = ParseV4(group);
            if (!v4 || filled > 12)
            {
                return std::nullopt;
            }
            Write32(octets.data() + filled, *v4);
            filled += 4;
            break;
        }
        if (group.empty() || group.size() > 4 || filled > 14)
        {
            return std::nullopt;
        }
        unsigned value = 0;
        for (const char c : group)
        {
            const int digit = HexDigit(c);
            if (digit < 0)
            {
                return std::nullopt;
            }
            value = value << 4 | static_cast<unsigned>(digit);
        }
        Write16(octets.data() + filled, static_cast<std::uint16_t>(value));
        filled += 2;
        if (end == std::string_view::npos)
        {
            break;
        }
        text.remove_prefix(end + 1);
        if (text.starts_with(":"))
        {
            if (gap)
            {
                return std::nullopt;
            }
            gap = filled;
            text.remove_prefix(1);
        }
        else if (text.empty())
        {
            return std::nullopt;
        }
    }
    if (!gap)
    {
        return filled == 16 ? std::optional(octets) : std::nullopt;
    }
    if (filled > 14)
    {
        return std::nullopt;
    }
    std::copy_backward(octets.begin() + *gap, octets.begin() + filled, octets.end());
    std::fill_n(octets.begin() + *gap, 16 - filled, std::uint8_t{0});
    return octets;
}

std::string
FormatV4(std::uint32_t address)
{
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8)
    {
        text += std::to_string(address >> shift & 0xff);
        if (shift > 0)
        {
            text += '.';
        }
    }
    return text;
}

/// RFC 5952 section 4: lower case, no leading zeros, the longest run of two zero groups or more (of
/// equal ones the first) is "::".
std::string
FormatV6(const std::array<std::uint8_t, 16>& octets)
{
    std::size_t best = 8;
    std::size_t bestLength = 1;
    for (std::size_t i = 0; i < 8;)
    {
        std::size_t j = i;
        while (j < 8 && Read16(octets.data() + 2 * j) == 0)
        {
            ++j;
        }
        if (j - i > bestLength)
        {
            best = i;
            bestLength = j - i;
        }
        i = std::max(j, i + 1);
    }
    constexpr char DIGITS[] = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < 8; ++i)
    {
        if (i == best)
        {
            text += "::";
            i += bestLength - 1;
            continue;
        }
        if (!text.empty() && text.back() != ':')
        {
            text += ':';
        }
        const unsigned group = Read16(octets.data() + 2 * i);
        bool started = false;
        for (int shift = 12; shift >= 0; shift -= 4)
        {
            const unsigned digit = group >> shift & 15;
            started = started || digit != 0 || shift == 0;
            if (started)
            {
                text += DIGITS[digit];
            }
        }
    }
    return text;
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
    if (const auto v4 = ParseV4(text))
    {
        return V4(*v4);
    }
    if (const auto v6 = ParseV6(text))
    {
        return V6(*v6);
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
    return IsV4() ? FormatV4(ToV4()) : FormatV6(octets);
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
