// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What VXLAN and Geneve share: IP, UDP with a source port of the inner flow's hash, a tunnel
 * header, the frame.
 */
#ifndef VXLAN_UDP_TUNNEL_H
#define VXLAN_UDP_TUNNEL_H

#include "vxlan-outer.h"
#include "vxlan-source-port.h"

namespace weft::vxlan
{

class UdpTunnel : public Encapsulation
{
  public:
    bool Matches(ByteView packet) const override;
    bool CarriesVni(Vni vni) const override;

  protected:
    /// @param port the encapsulation's own, unless the configuration names another
    UdpTunnel(const EncapsulationConfig& config, std::uint16_t port);

    /// Pushes IP, UDP, @p header and @p frame as one packet.
    DropReason Wrap(ByteView frame, ByteView header, const TunnelEnds& ends, PacketQueue& packets);

    /// Reads IP and UDP. @param[out] payload from the tunnel header on
    DropReason Unwrap(ByteView packet,
                      std::uint8_t& tos,
                      ByteView& payload,
                      Decapsulated& facts) const;

    const EncapsulationConfig m_config;

  private:
    const std::uint16_t m_port;
    const PortRange m_sourcePorts;
    OuterWriter m_writer;
};

} // namespace weft::vxlan

#endif
