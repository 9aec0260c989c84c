// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Datagrams to UDP ports of an underlay address: what control protocols such as a controller's live
 * from.
 */
#ifndef VXLAN_UDP_PORTS_H
#define VXLAN_UDP_PORTS_H

#include "vxlan-drops.h"

#include "netbase-endpoint.h"
#include "netbase-output-queue.h"

namespace weft::vxlan
{

/// Accompanies a datagram that was received.
struct UnderlayDatagram
{
    IpAddress source;
    std::uint16_t sourcePort = 0;
    std::uint16_t destinationPort = 0;
};

class UdpPorts
{
  public:
    static constexpr std::size_t MAX_WAITING = 4096; ///< datagrams that nobody takes

    /// Keeps datagrams to a port. Once is enough.
    void Bind(std::uint16_t port);

    /// @param packet complete IP packet
    /// @param[out] reason None; BadChecksum, or NoBuffer when MAX_WAITING datagrams wait
    /// @return whether it is a datagram to one of the ports, kept or dropped
    bool Take(ByteView packet, DropReason& reason);

    bool Poll(Bytes& payload, UnderlayDatagram& datagram);

    /// Sends a datagram from an endpoint's address.
    /// @return None; TooBig, NoRoute, NoBuffer
    static DropReason Send(netbase::IpEndpoint& endpoint,
                           std::uint16_t sourcePort,
                           const IpAddress& to,
                           std::uint16_t destinationPort,
                           ByteView payload,
                           TimeNs now);

  private:
    std::vector<std::uint16_t> m_ports;
    netbase::OutputQueue<UnderlayDatagram> m_datagrams;
};

} // namespace weft::vxlan

#endif
