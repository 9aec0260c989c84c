// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-checksum.h"

#include <bit>
#include <cstring>

namespace weft::netbase
{

std::uint32_t
ChecksumAdd(ByteView bytes, std::uint32_t sum)
{
    // One's complement sums do not depend on octet order (RFC 1071 section 2 B): words are added as
    // they lie in memory, four octets at a time, and the result is swapped once.
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    const std::uint8_t* p = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, p += 8)
    {
        std::uint64_t word;
        std::memcpy(&word, p, 8);
        low += word & 0xffffffff;
        high += word >> 32;
    }
    std::uint64_t total = low + high;
    if (left >= 4)
    {
        std::uint32_t word;
        std::memcpy(&word, p, 4);
        total += word;
        left -= 4;
        p += 4;
    }
    if (left >= 2)
    {
        std::uint16_t word;
        std::memcpy(&word, p, 2);
        total += word;
        left -= 2;
        p += 2;
    }
    if (left == 1)
    {
        const std::uint8_t last[2] = {*p, 0};
        std::uint16_t word;
        std::memcpy(&word, last, 2);
        total += word;
    }
    total = (total & 0xffffffff) + (total >> 32);
    total = (total & 0xffffffff) + (total >> 32);
    auto folded = static_cast<std::uint32_t>((total & 0xffff) + (total >> 16));
    folded = (folded & 0xffff) + (folded >> 16);
    if constexpr (std::endian::native == std::endian::little)
    {
        folded = (folded & 0xff) << 8 | folded >> 8;
    }
    return sum + folded;
}

std::uint16_t
ChecksumFinish(std::uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

std::uint16_t
Checksum(ByteView bytes)
{
    return ChecksumFinish(ChecksumAdd(bytes));
}

std::uint32_t
PseudoHeaderSum(const IpAddress& source,
                const IpAddress& destination,
                std::uint8_t protocol,
                std::uint32_t length)
{
    const std::size_t first = source.IsV4() ? 12 : 0;
    std::uint32_t sum = ChecksumAdd(ByteView(source.octets).subspan(first));
    sum = ChecksumAdd(ByteView(destination.octets).subspan(first), sum);
    return sum + protocol + (length >> 16) + (length & 0xffff);
}

std::uint16_t
ChecksumUpdate(std::uint16_t checksum, std::uint16_t before, std::uint16_t after)
{
    const std::uint32_t sum = static_cast<std::uint16_t>(~checksum) +
                              static_cast<std::uint32_t>(static_cast<std::uint16_t>(~before)) +
                              after;
    return ChecksumFinish(sum);
}

} // namespace weft::netbase
