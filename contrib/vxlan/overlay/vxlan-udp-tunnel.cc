// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-udp-tunnel.h"

#include "netbase-ipv4.h"
#include "netbase-udp.h"

namespace weft::vxlan
{

UdpTunnel::UdpTunnel(const EncapsulationConfig& config, std::uint16_t port)
    : m_config(config), m_port(config.destinationPort != 0 ? config.destinationPort : port),
      m_sourcePorts(SourcePorts(config)), m_writer(m_config)
{
}

bool
UdpTunnel::Matches(ByteView packet) const
{
    return PeekPort(packet, netbase::protocol::UDP, m_port);
}

bool
UdpTunnel::CarriesVni(Vni vni) const
{
    return vni <= MAX_VNI;
}

DropReason
UdpTunnel::Wrap(ByteView frame, ByteView header, const TunnelEnds& ends, PacketQueue& packets)
{
    InnerFrame inner;
    if (const DropReason reason = ReadInner(frame, m_config.dropInnerVlan, inner);
        reason != DropReason::None)
    {
        return reason;
    }
    const std::size_t datagram = netbase::UDP_HEADER + header.size() + frame.size();
    if (datagram > 0xffff - (ends.destination.IsV4() ? netbase::IPV4_HEADER : 0))
    {
        return DropReason::TooBig;
    }
    std::array<std::uint8_t, MAX_OUTER_HEADER> outer;
    const std::size_t ip = m_writer.WriteIp(ends, inner, netbase::protocol::UDP, datagram, outer);
    const std::size_t udp =
        netbase::WriteUdp(std::span(outer).subspan(ip),
                          {.sourcePort = SourcePort(m_sourcePorts, EntropyHash(m_config, frame)),
                           .destinationPort = m_port,
                           .length = static_cast<std::uint16_t>(datagram),
                           .checksum = 0});
    Bytes& bytes = packets.Push().bytes;
    bytes.reserve(ip + datagram);
    bytes.assign(outer.begin(), outer.begin() + static_cast<std::ptrdiff_t>(ip + udp));
    bytes.insert(bytes.end(), header.begin(), header.end());
    bytes.insert(bytes.end(), frame.begin(), frame.end());
    if (m_config.checksum == ChecksumMode::Computed)
    {
        const std::uint16_t checksum =
            netbase::UdpChecksum(ends.source, ends.destination, ByteView(bytes).subspan(ip));
        netbase::Write16(&bytes[ip + 6], checksum);
    }
    return DropReason::None;
}

DropReason
UdpTunnel::Unwrap(ByteView packet, std::uint8_t& tos, ByteView& payload, Decapsulated& facts) const
{
    netbase::IpFacts outer;
    if (const DropReason reason = ReadOuter(packet, outer); reason != DropReason::None)
    {
        return reason;
    }
    facts = {.source = outer.source, .destination = outer.destination};
    tos = outer.tos;
    return ReadOuterUdp(outer, packet, m_config.zeroChecksumOverIpv6, facts.sourcePort, payload);
}

} // namespace weft::vxlan
