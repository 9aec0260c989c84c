// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-outer-header.h"

namespace weft::sdwan
{

namespace
{

constexpr std::uint8_t PROTOCOL_UDP = 17;
constexpr std::uint8_t TTL = 64;

std::uint32_t
Read16(ByteView b, std::size_t at)
{
    return (std::uint32_t{b[at]} << 8) | b[at + 1];
}

std::uint32_t
Read32(ByteView b, std::size_t at)
{
    return (Read16(b, at) << 16) | Read16(b, at + 2);
}

void
Write16(std::span<std::uint8_t> b, std::size_t at, std::uint32_t value)
{
    b[at] = static_cast<std::uint8_t>(value >> 8);
    b[at + 1] = static_cast<std::uint8_t>(value);
}

void
Write32(std::span<std::uint8_t> b, std::size_t at, std::uint32_t value)
{
    Write16(b, at, value >> 16);
    Write16(b, at + 2, value & 0xffff);
}

/// RFC 1071 sum of the first @p size bytes, folded, not complemented.
std::uint32_t
Sum16(ByteView b, std::size_t size)
{
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < size; i += 2)
    {
        sum += Read16(b, i);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16);
}

} // namespace

void
WriteOuterHeader(std::span<std::uint8_t> datagram,
                 std::uint32_t source,
                 std::uint32_t destination,
                 std::uint8_t dscp)
{
    datagram[0] = 0x45;
    datagram[1] = static_cast<std::uint8_t>(dscp << 2);
    Write16(datagram, 2, static_cast<std::uint32_t>(datagram.size()));
    Write32(datagram, 4, 0x00004000); // identification 0 (RFC 6864: atomic datagram), DF
    datagram[8] = TTL;
    datagram[9] = PROTOCOL_UDP;
    Write16(datagram, 10, 0);
    Write32(datagram, 12, source);
    Write32(datagram, 16, destination);
    Write16(datagram, 10, ~Sum16(datagram, 20) & 0xffff);
    Write16(datagram, 20, VCMP_PORT);
    Write16(datagram, 22, VCMP_PORT);
    Write16(datagram, 24, static_cast<std::uint32_t>(datagram.size() - 20));
    Write16(datagram, 26, 0);
}

DropReason
ReadOuterHeader(ByteView packet, OuterHeader& header)
{
    if (packet.size() < OUTER_IPV4_UDP_SIZE)
    {
        return DropReason::Truncated;
    }
    const std::size_t ihl = 4u * (packet[0] & 0x0f);
    const std::size_t total = Read16(packet, 2);
    if ((packet[0] >> 4) != 4 || ihl < 20 || total < ihl + 8)
    {
        return DropReason::BadHeader;
    }
    if (packet.size() < total)
    {
        return DropReason::Truncated;
    }
    const bool fragment = (Read16(packet, 6) & 0x3fff) != 0;
    const bool checksumWrong = Read16(packet, 10) != 0 && Sum16(packet, ihl) != 0xffff;
    if (fragment || checksumWrong || packet[9] != PROTOCOL_UDP ||
        Read16(packet, ihl + 2) != VCMP_PORT)
    {
        return DropReason::BadHeader;
    }
    const std::size_t udpLength = Read16(packet, ihl + 4);
    if (udpLength < 8 || ihl + udpLength > total)
    {
        return DropReason::BadHeader;
    }
    header.source = Read32(packet, 12);
    header.destination = Read32(packet, 16);
    header.payload = packet.subspan(ihl + 8, udpLength - 8);
    return DropReason::None;
}

bool
DecrementTtl(std::span<std::uint8_t> packet)
{
    if (packet[8] <= 1)
    {
        return false;
    }
    const std::uint32_t before = Read16(packet, 8);
    --packet[8];
    const std::uint32_t checksum = Read16(packet, 10);
    if (checksum != 0)
    {
        // RFC 1624, equation 3: HC' = ~(~HC + ~m + m')
        std::uint32_t sum = (~checksum & 0xffff) + (~before & 0xffff) + Read16(packet, 8);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        Write16(packet, 10, ~sum & 0xffff);
    }
    return true;
}

} // namespace weft::sdwan
