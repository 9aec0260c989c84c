// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-gre.h"

#include "netbase-checksum.h"
#include "netbase-ethernet.h"
#include "netbase-ipv4.h"

namespace weft::vxlan
{

namespace
{

constexpr std::uint16_t FLAG_CHECKSUM = 0x8000;
constexpr std::uint16_t FLAG_KEY = 0x2000;
constexpr std::uint16_t FLAG_SEQUENCE = 0x1000;
constexpr std::uint16_t MUST_BE_ZERO = 0x4c00; ///< bits 1, 4, 5: routing and more, of RFC 1701
constexpr std::uint16_t RESERVED = 0x03f8;     ///< bits 6 to 12
constexpr std::uint16_t VERSION = 0x0007;
constexpr std::size_t BASE = 4;
constexpr std::size_t MAX_HEADER = 16;

} // namespace

GreTunnel::GreTunnel(const EncapsulationConfig& config) : m_config(config), m_writer(m_config)
{
}

bool
GreTunnel::Matches(ByteView packet) const
{
    const std::uint8_t* gre = PeekTransport(packet, netbase::protocol::GRE);
    return gre != nullptr && netbase::Read16(gre + 2) == netbase::ethertype::TEB;
}

DropReason
GreTunnel::Wrap(ByteView frame,
                const GreHeader& header,
                const TunnelEnds& ends,
                PacketQueue& packets)
{
    InnerFrame inner;
    if (const DropReason reason = ReadInner(frame, m_config.dropInnerVlan, inner);
        reason != DropReason::None)
    {
        return reason;
    }
    std::array<std::uint8_t, MAX_HEADER> gre{};
    std::uint16_t flags = 0;
    std::size_t size = BASE;
    if (header.hasChecksum)
    {
        flags |= FLAG_CHECKSUM;
        size += 4;
    }
    if (header.hasKey)
    {
        flags |= FLAG_KEY;
        netbase::Write32(&gre[size], header.key);
        size += 4;
    }
    netbase::Write16(&gre[0], flags);
    netbase::Write16(&gre[2], netbase::ethertype::TEB);
    const std::size_t payload = size + frame.size();
    if (payload > 0xffff - (ends.destination.IsV4() ? netbase::IPV4_HEADER : 0))
    {
        return DropReason::TooBig;
    }
    if (header.hasChecksum)
    {
        const std::uint32_t sum = netbase::ChecksumAdd(ByteView(gre).first(size));
        netbase::Write16(&gre[BASE], netbase::ChecksumFinish(netbase::ChecksumAdd(frame, sum)));
    }
    std::array<std::uint8_t, MAX_OUTER_HEADER> outer;
    const std::size_t ip = m_writer.WriteIp(ends, inner, netbase::protocol::GRE, payload, outer);
    Bytes& bytes = packets.Push().bytes;
    bytes.reserve(ip + payload);
    bytes.assign(outer.begin(), outer.begin() + static_cast<std::ptrdiff_t>(ip));
    bytes.insert(bytes.end(), gre.begin(), gre.begin() + static_cast<std::ptrdiff_t>(size));
    bytes.insert(bytes.end(), frame.begin(), frame.end());
    return DropReason::None;
}

DropReason
GreTunnel::Unwrap(ByteView packet,
                  GreHeader& header,
                  std::uint8_t& tos,
                  ByteView& payload,
                  Decapsulated& facts) const
{
    netbase::IpFacts outer;
    if (const DropReason reason = ReadOuter(packet, outer); reason != DropReason::None)
    {
        return reason;
    }
    facts = {.source = outer.source, .destination = outer.destination};
    tos = outer.tos;
    const ByteView gre = outer.Payload(packet);
    if (gre.size() < BASE)
    {
        return DropReason::Truncated;
    }
    const std::uint16_t flags = netbase::Read16(&gre[0]);
    if ((flags & VERSION) != 0)
    {
        return DropReason::BadTunnelHeader;
    }
    if (netbase::Read16(&gre[2]) != netbase::ethertype::TEB)
    {
        return DropReason::NotForUs;
    }
    if ((flags & MUST_BE_ZERO) != 0 || (m_config.dropReservedBits && (flags & RESERVED) != 0))
    {
        return DropReason::ReservedBits;
    }
    header = {.hasKey = (flags & FLAG_KEY) != 0,
              .key = 0,
              .hasChecksum = (flags & FLAG_CHECKSUM) != 0,
              .hasSequence = (flags & FLAG_SEQUENCE) != 0};
    const std::size_t size = BASE + std::size_t{4} * (std::size_t{header.hasChecksum} +
                                                      header.hasKey + header.hasSequence);
    if (gre.size() < size)
    {
        return DropReason::Truncated;
    }
    if (header.hasChecksum && netbase::Checksum(gre) != 0)
    {
        return DropReason::BadChecksum;
    }
    if (header.hasKey)
    {
        header.key = netbase::Read32(&gre[header.hasChecksum ? BASE + 4 : BASE]);
    }
    payload = gre.subspan(size);
    return DropReason::None;
}

} // namespace weft::vxlan
