// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Geneve (RFC 8926 section 3): UDP port 6081 and 8 bytes: version and length of options, O and C
 * bits, protocol type 0x6558, VNI; then options.
 *
 * No option is understood: those received are skipped, unless one is critical. Control packets (O)
 * are not for tenants.
 */
#ifndef VXLAN_GENEVE_H
#define VXLAN_GENEVE_H

#include "vxlan-udp-tunnel.h"

namespace weft::vxlan
{

inline constexpr std::uint16_t GENEVE_PORT = 6081;
inline constexpr std::size_t GENEVE_HEADER = 8; ///< without options
inline constexpr std::size_t GENEVE_MAX_OPTIONS = 252;

class GeneveEncapsulation final : public UdpTunnel
{
  public:
    /// @throws std::invalid_argument unless geneveOptions is a list of whole options of at most 252
    /// bytes
    explicit GeneveEncapsulation(const EncapsulationConfig& config);

    DropReason Encapsulate(ByteView frame,
                           Vni vni,
                           const TunnelEnds& ends,
                           PacketQueue& packets) override;
    DropReason Decapsulate(ByteView packet, TimeNs now, Bytes& frame, Decapsulated& facts) override;
    std::uint32_t Overhead(std::size_t frameSize, bool ipv6) const override;

  private:
    std::array<std::uint8_t, GENEVE_HEADER + GENEVE_MAX_OPTIONS> m_header{}; ///< but for the VNI
    std::size_t m_headerSize = GENEVE_HEADER;
};

} // namespace weft::vxlan

#endif
