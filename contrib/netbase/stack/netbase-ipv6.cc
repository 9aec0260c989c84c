// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-ipv6.h"

#include "netbase-ipv4.h"

#include <algorithm>

namespace weft::netbase
{

namespace
{

constexpr std::uint8_t HOP_BY_HOP = 0;
constexpr std::uint8_t ROUTING = 43;
constexpr std::uint8_t AUTHENTICATION = 51;
constexpr std::uint8_t DESTINATION_OPTIONS = 60;
constexpr int MAX_HEADERS = 16;

} // namespace

DropReason
ReadIpv6(ByteView packet, Ipv6Header& header)
{
    if (packet.empty())
    {
        return DropReason::Truncated;
    }
    if (packet[0] >> 4 != 6)
    {
        return DropReason::BadHeader;
    }
    if (packet.size() < IPV6_HEADER)
    {
        return DropReason::Truncated;
    }
    const std::uint8_t* p = packet.data();
    header.payloadLength = Read16(p + 4);
    if (packet.size() < IPV6_HEADER + header.payloadLength)
    {
        return DropReason::Truncated;
    }
    const std::uint32_t first = Read32(p);
    header.trafficClass = static_cast<std::uint8_t>(first >> 20);
    header.flowLabel = first & 0xfffff;
    header.nextHeader = p[6];
    header.hopLimit = p[7];
    header.source = IpAddress::V6(packet.subspan(8));
    header.destination = IpAddress::V6(packet.subspan(24));
    return DropReason::None;
}

DropReason
ReadIpv6Upper(ByteView packet, Ipv6Upper& upper)
{
    upper = Ipv6Upper{};
    const std::size_t end = IPV6_HEADER + Read16(packet.data() + 4);
    std::size_t field = 6; // where the next header is announced
    std::size_t at = IPV6_HEADER;
    for (int headers = 0; headers <= MAX_HEADERS; ++headers)
    {
        const std::uint8_t kind = packet[field];
        if (kind != HOP_BY_HOP && kind != ROUTING && kind != DESTINATION_OPTIONS &&
            kind != AUTHENTICATION && kind != protocol::IPV6_FRAGMENT)
        {
            upper.protocol = kind;
            upper.offset = at;
            return DropReason::None;
        }
        if (at + 8 > end)
        {
            return DropReason::Truncated;
        }
        std::size_t length = 8;
        if (kind == protocol::IPV6_FRAGMENT)
        {
            const std::uint16_t word = Read16(packet.data() + at + 2);
            upper.hasFragmentHeader = true;
            upper.fragmentHeader = at;
            upper.nextHeaderField = field;
            upper.id = Read32(packet.data() + at + 4);
            upper.fragmentOffset = word & 0xfff8;
            upper.moreFragments = (word & 1) != 0;
            upper.isFragment = upper.fragmentOffset != 0 || upper.moreFragments;
            if (upper.isFragment)
            {
                const std::size_t part = end - at - 8;
                upper.protocol = packet[at];
                upper.offset = at + 8;
                return (upper.moreFragments && part % 8 != 0) || upper.fragmentOffset + part > 65535
                           ? DropReason::BadHeader
                           : DropReason::None;
            }
        }
        else if (kind == AUTHENTICATION)
        {
            length = 4 * (packet[at + 1] + std::size_t{2}); // RFC 4302 section 2.2
        }
        else
        {
            length = 8 * (packet[at + 1] + std::size_t{1});
        }
        if (at + length > end)
        {
            return DropReason::Truncated;
        }
        field = at;
        at += length;
    }
    return DropReason::BadHeader;
}

std::size_t
WriteIpv6(std::span<std::uint8_t> out, const Ipv6Header& header)
{
    std::uint8_t* p = out.data();
    Write32(p,
            0x60000000u | std::uint32_t{header.trafficClass} << 20 | (header.flowLabel & 0xfffff));
    Write16(p + 4, header.payloadLength);
    p[6] = header.nextHeader;
    p[7] = header.hopLimit;
    std::copy(header.source.octets.begin(), header.source.octets.end(), p + 8);
    std::copy(header.destination.octets.begin(), header.destination.octets.end(), p + 24);
    return IPV6_HEADER;
}

DropReason
AppendIpv6Packet(Bytes& out, const Ipv6Header& header, ByteView payload)
{
    if (payload.size() > 65535)
    {
        return DropReason::TooBig;
    }
    Ipv6Header complete = header;
    complete.payloadLength = static_cast<std::uint16_t>(payload.size());
    const std::size_t start = out.size();
    out.resize(start + IPV6_HEADER + payload.size());
    WriteIpv6(std::span(out).subspan(start), complete);
    std::copy(payload.begin(), payload.end(), out.begin() + start + IPV6_HEADER);
    return DropReason::None;
}

bool
DecrementHopLimit(std::span<std::uint8_t> packet)
{
    if (packet[7] <= 1)
    {
        return false;
    }
    --packet[7];
    return true;
}

void
SetTrafficClass(std::span<std::uint8_t> packet, std::uint8_t trafficClass)
{
    packet[0] = static_cast<std::uint8_t>(0x60 | trafficClass >> 4);
    packet[1] = static_cast<std::uint8_t>(trafficClass << 4 | (packet[1] & 15));
}

Ipv6Fragmenter::Ipv6Fragmenter(ByteView packet, std::uint32_t mtu, std::uint32_t id)
    : m_packet(packet), m_mtu(std::max(mtu, IPV6_MIN_MTU)), m_id(id)
{
    Ipv6Header header;
    if (ReadIpv6(packet, header) != DropReason::None)
    {
        m_finished = true;
        return;
    }
    m_packet = packet.first(IPV6_HEADER + header.payloadLength);
    while (m_packet[m_nextHeaderField] == HOP_BY_HOP || m_packet[m_nextHeaderField] == ROUTING)
    {
        // The rest is cut anywhere when these headers fill a fragment or run past the end.
        if (m_unfragmentable + 8 > m_packet.size())
        {
            break;
        }
        const std::size_t length = 8 * (m_packet[m_unfragmentable + 1] + std::size_t{1});
        if (m_unfragmentable + length > m_packet.size() ||
            m_unfragmentable + length + IPV6_FRAGMENT_HEADER + 8 > m_mtu)
        {
            break;
        }
        m_nextHeaderField = m_unfragmentable;
        m_unfragmentable += length;
    }
}

bool
Ipv6Fragmenter::Next(Bytes& out)
{
    if (m_finished)
    {
        return false;
    }
    const std::size_t start = out.size();
    if (m_packet.size() <= m_mtu)
    {
        out.insert(out.end(), m_packet.begin(), m_packet.end());
        m_finished = true;
        return true;
    }
    const std::size_t total = m_packet.size() - m_unfragmentable;
    const std::size_t overhead = m_unfragmentable + IPV6_FRAGMENT_HEADER;
    std::size_t part = total - m_done;
    const bool more = overhead + part > m_mtu;
    if (more)
    {
        part = (m_mtu - overhead) / 8 * 8;
    }
    out.resize(start + overhead + part);
    std::uint8_t* p = out.data() + start;
    std::copy_n(m_packet.begin(), m_unfragmentable, p);
    Write16(p + 4, static_cast<std::uint16_t>(overhead - IPV6_HEADER + part));
    p[m_nextHeaderField] = protocol::IPV6_FRAGMENT;
    std::uint8_t* fragment = p + m_unfragmentable;
    fragment[0] = m_packet[m_nextHeaderField];
    fragment[1] = 0;
    Write16(fragment + 2, static_cast<std::uint16_t>(m_done | (more ? 1 : 0)));
    Write32(fragment + 4, m_id);
    std::copy_n(m_packet.begin() + m_unfragmentable + m_done, part, fragment + 8);
    m_done += part;
    m_finished = !more;
    return true;
}

} // namespace weft::netbase
