// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-ipv4.h"

#include "netbase-checksum.h"

#include <algorithm>

namespace weft::netbase
{

namespace
{

constexpr std::uint16_t DF = 0x4000;
constexpr std::uint16_t MF = 0x2000;
constexpr std::uint8_t OPTION_END = 0;
constexpr std::uint8_t OPTION_NOP = 1;
constexpr std::uint8_t OPTION_ROUTER_ALERT = 0x94;
constexpr std::uint8_t OPTION_COPIED = 0x80;

/// @return octets of the option at the start, 0 when it does not fit
std::size_t
OptionLength(ByteView options)
{
    if (options[0] == OPTION_NOP || options[0] == OPTION_END)
    {
        return 1;
    }
    const std::size_t length = options.size() < 2 ? 0 : options[1];
    return length < 2 || length > options.size() ? 0 : length;
}

/// Options of all fragments but the first, padded to a multiple of four octets.
std::size_t
CopiedOptions(ByteView options, std::span<std::uint8_t> out)
{
    std::size_t size = 0;
    while (!options.empty() && options[0] != OPTION_END)
    {
        const std::size_t length = OptionLength(options);
        if ((options[0] & OPTION_COPIED) != 0)
        {
            std::copy_n(options.begin(), length, out.begin() + size);
            size += length;
        }
        options = options.subspan(length);
    }
    while (size % 4 != 0)
    {
        out[size++] = OPTION_END;
    }
    return size;
}

void
SetChecksum(std::span<std::uint8_t> header)
{
    Write16(header.data() + 10, 0);
    Write16(header.data() + 10, Checksum(header));
}

} // namespace

DropReason
ReadIpv4(ByteView packet, Ipv4Header& header)
{
    if (packet.size() < IPV4_HEADER)
    {
        return DropReason::Truncated;
    }
    const std::uint8_t* p = packet.data();
    header.headerLength = static_cast<std::uint16_t>(4 * (p[0] & 15));
    if (p[0] >> 4 != 4 || header.headerLength < IPV4_HEADER)
    {
        return DropReason::BadHeader;
    }
    header.totalLength = Read16(p + 2);
    if (header.totalLength < header.headerLength)
    {
        return DropReason::BadHeader;
    }
    if (packet.size() < header.totalLength)
    {
        return DropReason::Truncated;
    }
    if (Checksum(packet.first(header.headerLength)) != 0)
    {
        return DropReason::BadChecksum;
    }
    header.tos = p[1];
    header.id = Read16(p + 4);
    const std::uint16_t fragment = Read16(p + 6);
    header.dontFragment = (fragment & DF) != 0;
    header.moreFragments = (fragment & MF) != 0;
    header.fragmentOffset = static_cast<std::uint16_t>((fragment & 0x1fff) * 8);
    if (header.fragmentOffset + header.totalLength - header.headerLength > 65535)
    {
        return DropReason::BadHeader;
    }
    header.ttl = p[8];
    header.protocol = p[9];
    header.source = IpAddress::V4(Read32(p + 12));
    header.destination = IpAddress::V4(Read32(p + 16));
    header.routerAlert = false;
    ByteView options = packet.subspan(IPV4_HEADER, header.headerLength - IPV4_HEADER);
    while (!options.empty() && options[0] != OPTION_END)
    {
        const std::size_t length = OptionLength(options);
        if (length == 0)
        {
            return DropReason::BadHeader;
        }
        if (options[0] == OPTION_ROUTER_ALERT && length == 4 && Read16(options.data() + 2) == 0)
        {
            header.routerAlert = true;
        }
        options = options.subspan(length);
    }
    return DropReason::None;
}

std::size_t
WriteIpv4(std::span<std::uint8_t> out, const Ipv4Header& header)
{
    const std::size_t length = IPV4_HEADER + (header.routerAlert ? IPV4_ROUTER_ALERT : 0);
    std::uint8_t* p = out.data();
    p[0] = static_cast<std::uint8_t>(0x40 | length / 4);
    p[1] = header.tos;
    Write16(p + 2, header.totalLength);
    Write16(p + 4, header.id);
    Write16(p + 6,
            static_cast<std::uint16_t>((header.dontFragment ? DF : 0) |
                                       (header.moreFragments ? MF : 0) |
                                       header.fragmentOffset / 8));
    p[8] = header.ttl;
    p[9] = header.protocol;
    Write32(p + 12, header.source.ToV4());
    Write32(p + 16, header.destination.ToV4());
    if (header.routerAlert)
    {
        p[20] = OPTION_ROUTER_ALERT;
        p[21] = 4;
        Write16(p + 22, 0);
    }
    SetChecksum(out.first(length));
    return length;
}

DropReason
AppendIpv4Packet(Bytes& out, const Ipv4Header& header, ByteView payload)
{
    const std::size_t length = IPV4_HEADER + (header.routerAlert ? IPV4_ROUTER_ALERT : 0);
    if (length + payload.size() > 65535)
    {
        return DropReason::TooBig;
    }
    Ipv4Header complete = header;
    complete.totalLength = static_cast<std::uint16_t>(length + payload.size());
    const std::size_t start = out.size();
    out.resize(start + complete.totalLength);
    WriteIpv4(std::span(out).subspan(start), complete);
    std::copy(payload.begin(), payload.end(), out.begin() + start + length);
    return DropReason::None;
}

void
ReplaceIpv4Word(std::span<std::uint8_t> packet, std::size_t offset, std::uint16_t value)
{
    std::uint8_t* p = packet.data();
    Write16(p + 10, ChecksumUpdate(Read16(p + 10), Read16(p + offset), value));
    Write16(p + offset, value);
}

bool
DecrementIpv4Ttl(std::span<std::uint8_t> packet)
{
    const std::uint8_t ttl = packet[8];
    if (ttl <= 1)
    {
        return false;
    }
    ReplaceIpv4Word(packet, 8, static_cast<std::uint16_t>((ttl - 1) << 8 | packet[9]));
    return true;
}

void
SetIpv4Tos(std::span<std::uint8_t> packet, std::uint8_t tos)
{
    ReplaceIpv4Word(packet, 0, static_cast<std::uint16_t>(packet[0] << 8 | tos));
}

Ipv4Fragmenter::Ipv4Fragmenter(ByteView packet, std::uint32_t mtu)
    : m_packet(packet), m_mtu(std::max(mtu, IPV4_MIN_MTU))
{
    m_finished = ReadIpv4(packet, m_header) != DropReason::None;
}

bool
Ipv4Fragmenter::Next(Bytes& out)
{
    if (m_finished)
    {
        return false;
    }
    const std::size_t payload = m_header.totalLength - m_header.headerLength;
    const std::size_t start = out.size();
    if (m_header.totalLength <= m_mtu)
    {
        out.insert(out.end(), m_packet.begin(), m_packet.begin() + m_header.totalLength);
        m_finished = true;
        return true;
    }
    std::array<std::uint8_t, 60> header;
    std::size_t length = m_header.headerLength;
    std::copy_n(m_packet.begin(), length, header.begin());
    if (m_done > 0)
    {
        length = IPV4_HEADER + CopiedOptions(m_packet.subspan(IPV4_HEADER, length - IPV4_HEADER),
                                             std::span(header).subspan(IPV4_HEADER));
    }
    std::size_t part = payload - m_done;
    bool more = m_header.moreFragments;
    if (length + part > m_mtu)
    {
        part = (m_mtu - length) / 8 * 8;
        more = true;
    }
    header[0] = static_cast<std::uint8_t>(0x40 | length / 4);
    Write16(header.data() + 2, static_cast<std::uint16_t>(length + part));
    Write16(header.data() + 6,
            static_cast<std::uint16_t>((m_header.dontFragment ? DF : 0) | (more ? MF : 0) |
                                       (m_header.fragmentOffset + m_done) / 8));
    SetChecksum(std::span(header).first(length));
    out.resize(start + length + part);
    std::copy_n(header.begin(), length, out.begin() + start);
    std::copy_n(
        m_packet.begin() + m_header.headerLength + m_done, part, out.begin() + start + length);
    m_done += part;
    m_finished = m_done == payload;
    return true;
}

} // namespace weft::netbase
