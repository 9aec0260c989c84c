// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-udp.h"

#include "netbase-checksum.h"
#include "netbase-ip.h"
#include "netbase-ipv4.h"

#include <algorithm>

namespace weft::netbase
{

DropReason
ReadUdp(ByteView segment, UdpHeader& header)
{
    if (segment.size() < UDP_HEADER)
    {
        return DropReason::Truncated;
    }
    const std::uint8_t* p = segment.data();
    header = {Read16(p), Read16(p + 2), Read16(p + 4), Read16(p + 6)};
    if (header.length < UDP_HEADER)
    {
        return DropReason::BadHeader;
    }
    return header.length > segment.size() ? DropReason::Truncated : DropReason::None;
}

std::size_t
WriteUdp(std::span<std::uint8_t> out, const UdpHeader& header)
{
    Write16(out.data(), header.sourcePort);
    Write16(out.data() + 2, header.destinationPort);
    Write16(out.data() + 4, header.length);
    Write16(out.data() + 6, header.checksum);
    return UDP_HEADER;
}

std::uint16_t
UdpChecksum(const IpAddress& source, const IpAddress& destination, ByteView segment)
{
    const auto length = static_cast<std::uint32_t>(segment.size());
    std::uint32_t sum = PseudoHeaderSum(source, destination, protocol::UDP, length);
    sum = ChecksumAdd(segment.first(6), sum);
    sum = ChecksumAdd(segment.subspan(8), sum);
    const std::uint16_t checksum = ChecksumFinish(sum);
    return checksum == 0 ? 0xffff : checksum;
}

bool
UdpChecksumOk(const IpAddress& source, const IpAddress& destination, ByteView segment)
{
    const std::uint16_t length = Read16(segment.data() + 4);
    if (Read16(segment.data() + 6) == 0)
    {
        return true;
    }
    const std::uint32_t sum = PseudoHeaderSum(source, destination, protocol::UDP, length);
    return ChecksumFinish(ChecksumAdd(segment.first(length), sum)) == 0;
}

DropReason
AppendUdpPacket(Bytes& out, const UdpDatagram& datagram, ByteView payload)
{
    if (payload.size() > 65535 - UDP_HEADER)
    {
        return DropReason::TooBig;
    }
    IpFacts facts;
    facts.tos = datagram.tos;
    facts.ttl = datagram.ttl;
    facts.protocol = protocol::UDP;
    facts.dontFragment = datagram.dontFragment;
    facts.source = datagram.source;
    facts.destination = datagram.destination;
    // The header goes in front of the payload in one buffer: made empty first, then extended.
    const std::size_t start = out.size();
    std::array<std::uint8_t, UDP_HEADER> header;
    WriteUdp(header,
             {datagram.sourcePort,
              datagram.destinationPort,
              static_cast<std::uint16_t>(UDP_HEADER + payload.size()),
              0});
    const bool v4 = datagram.source.IsV4();
    const std::size_t length = (v4 ? 20 : 40) + UDP_HEADER + payload.size();
    if (v4 && length > 65535)
    {
        return DropReason::TooBig;
    }
    AppendIpPacket(out, facts, header, datagram.id);
    out.insert(out.end(), payload.begin(), payload.end());
    const std::span<std::uint8_t> packet = std::span(out).subspan(start);
    if (v4)
    {
        const auto before = Read16(packet.data() + 2);
        const auto checksum = Read16(packet.data() + 10);
        Write16(packet.data() + 2, static_cast<std::uint16_t>(length));
        Write16(packet.data() + 10,
                ChecksumUpdate(checksum, before, static_cast<std::uint16_t>(length)));
    }
    else
    {
        Write16(packet.data() + 4, static_cast<std::uint16_t>(length - 40));
    }
    if (datagram.checksum)
    {
        const std::span<std::uint8_t> segment = packet.subspan(v4 ? 20 : 40);
        Write16(segment.data() + 6, UdpChecksum(datagram.source, datagram.destination, segment));
    }
    return DropReason::None;
}

} // namespace weft::netbase
