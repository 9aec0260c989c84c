// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * VXLAN (RFC 7348 section 5): UDP port 4789 and 8 bytes: flags with I (0x08), 24 reserved bits,
 * VNI, 8 reserved bits; optionally the group policy extension (draft-smith-vxlan-group-policy-05).
 */
#ifndef VXLAN_VXLAN_H
#define VXLAN_VXLAN_H

#include "vxlan-udp-tunnel.h"

namespace weft::vxlan
{

inline constexpr std::uint16_t VXLAN_PORT = 4789;
/// What the Linux driver uses when it is told no port: from before the assignment of 4789.
inline constexpr std::uint16_t VXLAN_PORT_LINUX_DEFAULT = 8472;
inline constexpr std::size_t VXLAN_HEADER = 8;

class VxlanEncapsulation final : public UdpTunnel
{
  public:
    explicit VxlanEncapsulation(const EncapsulationConfig& config);

    DropReason Encapsulate(ByteView frame,
                           Vni vni,
                           const TunnelEnds& ends,
                           PacketQueue& packets) override;
    DropReason Decapsulate(ByteView packet, TimeNs now, Bytes& frame, Decapsulated& facts) override;
    std::uint32_t Overhead(std::size_t frameSize, bool ipv6) const override;
};

} // namespace weft::vxlan

#endif
