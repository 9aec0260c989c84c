// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-stt.h"

#include "netbase-ethernet.h"
#include "netbase-ipv4.h"
#include "netbase-ipv6.h"

#include <algorithm>
#include <stdexcept>

namespace weft::vxlan
{

namespace
{

using netbase::Read16;
using netbase::Read32;
using netbase::Write16;
using netbase::Write32;

constexpr std::uint16_t VLAN_VALID = 0x1000; ///< V of the STT header's VLAN field; DEI of a tag
constexpr std::size_t ADDRESSES = 12;        ///< of an Ethernet header, before its tag
constexpr std::uint8_t TCP_ACK = 0x10;
constexpr std::uint8_t TCP_PSH = 0x08;

/// Three pieces of memory read as one.
class Gather
{
  public:
    explicit Gather(const std::array<ByteView, 3>& pieces) : m_pieces(pieces)
    {
    }

    std::size_t
    Size() const
    {
        return m_pieces[0].size() + m_pieces[1].size() + m_pieces[2].size();
    }

    /// Appends @p count bytes from @p offset on.
    void
    Append(std::size_t offset, std::size_t count, Bytes& out) const
    {
        for (const ByteView piece : m_pieces)
        {
            if (offset >= piece.size())
            {
                offset -= piece.size();
                continue;
            }
            const ByteView part = piece.subspan(offset, std::min(count, piece.size() - offset));
            out.insert(out.end(), part.begin(), part.end());
            count -= part.size();
            offset = 0;
        }
    }

  private:
    std::array<ByteView, 3> m_pieces;
};

/// @return whether a frame has an 802.1Q tag that fits the STT header's VLAN field
bool
TagFits(ByteView frame)
{
    return frame.size() >= netbase::ETHERNET_HEADER + netbase::VLAN_TAG &&
           Read16(&frame[ADDRESSES]) == netbase::ethertype::VLAN &&
           (Read16(&frame[ADDRESSES + 2]) & VLAN_VALID) == 0;
}

} // namespace

SttEncapsulation::SttEncapsulation(const EncapsulationConfig& config)
    : m_config(config), m_port(config.destinationPort != 0 ? config.destinationPort : STT_PORT),
      m_sourcePorts(SourcePorts(config)), m_writer(m_config),
      m_reassembly(config.reassemblyTimeout, config.reassemblyBytes)
{
    if (config.mtu < STT_MIN_MTU)
    {
        throw std::invalid_argument("mtu: " + std::to_string(config.mtu) +
                                    "; STT needs at least 128 bytes");
    }
    if (config.reassemblyTimeout <= TimeNs{0})
    {
        throw std::invalid_argument("reassemblyTimeout: must be positive");
    }
    if (config.reassemblyBytes < 0xffff)
    {
        throw std::invalid_argument("reassemblyBytes: " + std::to_string(config.reassemblyBytes) +
                                    "; must hold one frame, 65535 bytes");
    }
}

std::size_t
SttEncapsulation::SegmentSize(bool ipv6) const
{
    const std::size_t ip = ipv6 ? netbase::IPV6_HEADER : netbase::IPV4_HEADER;
    const std::size_t packet = std::min<std::size_t>(m_config.mtu, 0xffff);
    return packet - ip - STT_TCP_HEADER;
}

DropReason
SttEncapsulation::Encapsulate(ByteView frame, Vni vni, const TunnelEnds& ends, PacketQueue& packets)
{
    InnerFrame inner;
    if (const DropReason reason = ReadInner(frame, m_config.dropInnerVlan, inner);
        reason != DropReason::None)
    {
        return reason;
    }
    std::array<std::uint8_t, STT_HEADER> header{};
    ByteView rest = frame.subspan(ADDRESSES);
    if (TagFits(frame))
    {
        Write16(&header[6], Read16(&frame[ADDRESSES + 2]) | VLAN_VALID);
        rest = rest.subspan(netbase::VLAN_TAG);
    }
    Write32(&header[12], vni);
    const Gather whole({header, frame.first(ADDRESSES), rest});
    if (whole.Size() > 0xffff)
    {
        return DropReason::TooBig;
    }
    const std::uint16_t port = SourcePort(m_sourcePorts, EntropyHash(m_config, frame));
    const std::size_t segment = SegmentSize(!ends.destination.IsV4());
    for (std::size_t offset = 0; offset < whole.Size(); offset += segment)
    {
        const std::size_t size = std::min(segment, whole.Size() - offset);
        std::array<std::uint8_t, netbase::IPV6_HEADER + STT_TCP_HEADER> outer{};
        const std::size_t ip =
            m_writer.WriteIp(ends, inner, netbase::protocol::TCP, STT_TCP_HEADER + size, outer);
        std::uint8_t* tcp = &outer[ip];
        Write16(tcp, port);
        Write16(tcp + 2, m_port);
        Write32(tcp + 4, static_cast<std::uint32_t>(whole.Size() << 16 | offset));
        Write32(tcp + 8, m_nextId);
        tcp[12] = STT_TCP_HEADER / 4 << 4;
        // As a network card cuts a large segment: PSH stays with the last part.
        tcp[13] = offset + size == whole.Size() ? TCP_ACK | TCP_PSH : TCP_ACK;
        Write16(tcp + 14, 0xffff);
        Bytes& bytes = packets.Push().bytes;
        bytes.reserve(ip + STT_TCP_HEADER + size);
        bytes.assign(outer.begin(),
                     outer.begin() + static_cast<std::ptrdiff_t>(ip + STT_TCP_HEADER));
        whole.Append(offset, size, bytes);
        Write16(&bytes[ip + 16],
                TransportChecksum(ends.source,
                                  ends.destination,
                                  netbase::protocol::TCP,
                                  ByteView(bytes).subspan(ip)));
    }
    ++m_nextId;
    return DropReason::None;
}

bool
SttEncapsulation::Matches(ByteView packet) const
{
    return PeekPort(packet, netbase::protocol::TCP, m_port);
}

DropReason
SttEncapsulation::Decapsulate(ByteView packet, TimeNs now, Bytes& frame, Decapsulated& facts)
{
    frame.clear();
    netbase::IpFacts outer;
    if (const DropReason reason = ReadOuter(packet, outer); reason != DropReason::None)
    {
        return reason;
    }
    const ByteView tcp = outer.Payload(packet);
    if (tcp.size() < STT_TCP_HEADER)
    {
        return DropReason::Truncated;
    }
    if (TransportChecksum(outer.source, outer.destination, netbase::protocol::TCP, tcp) != 0)
    {
        return DropReason::BadChecksum;
    }
    const std::size_t header = std::size_t{4} * (tcp[12] >> 4);
    if (header < STT_TCP_HEADER)
    {
        return DropReason::BadTunnelHeader;
    }
    if (tcp.size() < header)
    {
        return DropReason::Truncated;
    }
    facts = {
        .source = outer.source, .destination = outer.destination, .sourcePort = Read16(&tcp[0])};
    SttReassembly::Frame whole;
    const DropReason reason = m_reassembly.Add({.source = outer.source,
                                                .destination = outer.destination,
                                                .sourcePort = facts.sourcePort,
                                                .id = Read32(&tcp[8])},
                                               {.length = Read16(&tcp[4]),
                                                .offset = Read16(&tcp[6]),
                                                .tos = outer.tos,
                                                .data = tcp.subspan(header)},
                                               now,
                                               whole);
    if (reason != DropReason::None || whole.bytes.empty())
    {
        return reason;
    }
    return Open(whole, frame, facts);
}

DropReason
SttEncapsulation::Open(const SttReassembly::Frame& whole, Bytes& frame, Decapsulated& facts) const
{
    const ByteView header = whole.bytes;
    if (header.size() < STT_HEADER)
    {
        return DropReason::Truncated;
    }
    if (header[0] != 0)
    {
        return DropReason::BadTunnelHeader;
    }
    const std::uint16_t vlan = Read16(&header[6]);
    if (m_config.dropReservedBits &&
        ((header[1] & 0xf0) != 0 || header[3] != 0 || ((vlan & VLAN_VALID) == 0 && vlan != 0)))
    {
        return DropReason::ReservedBits;
    }
    if (Read32(&header[8]) != 0)
    {
        return DropReason::UnknownVni;
    }
    facts.vni = Read32(&header[12]);
    const bool tagged = (vlan & VLAN_VALID) != 0;
    if (tagged && m_config.dropInnerVlan)
    {
        return DropReason::InnerVlan;
    }
    const DropReason reason = OpenInner(m_config, whole.tos, header.subspan(STT_HEADER), frame);
    if (reason == DropReason::None && tagged)
    {
        netbase::InsertTag(frame, vlan & ~VLAN_VALID & 0xffff);
    }
    return reason;
}

TimeNs
SttEncapsulation::NextDeadline() const
{
    return m_reassembly.NextDeadline();
}

std::uint32_t
SttEncapsulation::OnDeadline(TimeNs now)
{
    return m_reassembly.Expire(now);
}

bool
SttEncapsulation::CarriesVni(Vni /* vni */) const
{
    return true;
}

std::uint32_t
SttEncapsulation::Overhead(std::size_t frameSize, bool ipv6) const
{
    const std::size_t ip = ipv6 ? netbase::IPV6_HEADER : netbase::IPV4_HEADER;
    const std::size_t segment = SegmentSize(ipv6);
    const std::size_t segments = (STT_HEADER + frameSize + segment - 1) / segment;
    return static_cast<std::uint32_t>(STT_HEADER + segments * (ip + STT_TCP_HEADER));
}

} // namespace weft::vxlan
