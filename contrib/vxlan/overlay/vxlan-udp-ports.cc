// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-udp-ports.h"

#include "vxlan-reason.h"

#include "netbase-ipv4.h"
#include "netbase-udp.h"

#include <algorithm>

namespace weft::vxlan
{

void
UdpPorts::Bind(std::uint16_t port)
{
    if (std::find(m_ports.begin(), m_ports.end(), port) == m_ports.end())
    {
        m_ports.push_back(port);
    }
}

bool
UdpPorts::Take(ByteView packet, DropReason& reason)
{
    netbase::IpFacts facts;
    netbase::UdpHeader header;
    reason = DropReason::None;
    if (m_ports.empty() || netbase::ReadIp(packet, facts) != netbase::DropReason::None ||
        facts.fragment || facts.protocol != netbase::protocol::UDP)
    {
        return false;
    }
    const ByteView segment = facts.Payload(packet);
    if (netbase::ReadUdp(segment, header) != netbase::DropReason::None ||
        std::find(m_ports.begin(), m_ports.end(), header.destinationPort) == m_ports.end())
    {
        return false;
    }
    const ByteView datagram = segment.first(header.length);
    if (!netbase::UdpChecksumOk(facts.source, facts.destination, datagram))
    {
        reason = DropReason::BadChecksum;
        return true;
    }
    if (m_datagrams.Size() >= MAX_WAITING)
    {
        reason = DropReason::NoBuffer;
        return true;
    }
    auto& slot = m_datagrams.Push();
    slot.meta = {.source = facts.source,
                 .sourcePort = header.sourcePort,
                 .destinationPort = header.destinationPort};
    slot.bytes.assign(datagram.begin() + netbase::UDP_HEADER, datagram.end());
    return true;
}

bool
UdpPorts::Poll(Bytes& payload, UnderlayDatagram& datagram)
{
    return m_datagrams.Pop(payload, datagram);
}

DropReason
UdpPorts::Send(netbase::IpEndpoint& endpoint,
               std::uint16_t sourcePort,
               const IpAddress& to,
               std::uint16_t destinationPort,
               ByteView payload,
               TimeNs now)
{
    Bytes packet;
    const netbase::UdpDatagram header{.source = endpoint.Config().address,
                                      .destination = to,
                                      .sourcePort = sourcePort,
                                      .destinationPort = destinationPort};
    auto reason = netbase::AppendUdpPacket(packet, header, payload);
    if (reason == netbase::DropReason::None)
    {
        reason = endpoint.SendPacket(packet, now);
    }
    return ToDropReason(reason);
}

} // namespace weft::vxlan
