// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * NVGRE (RFC 7637 section 3.2): GRE with a key of 24 bits VSID and 8 bits FlowID, without checksum
 * and sequence number.
 *
 * The FlowID is the entropy: switches have to look at the key to balance by it. VSIDs 0 to 0xfff
 * and 0xffffff are reserved.
 */
#ifndef VXLAN_NVGRE_H
#define VXLAN_NVGRE_H

#include "vxlan-gre.h"

namespace weft::vxlan
{

class NvgreEncapsulation final : public GreTunnel
{
  public:
    /// @throws std::invalid_argument when a checksum is to be computed: NVGRE has none
    explicit NvgreEncapsulation(const EncapsulationConfig& config);

    DropReason Encapsulate(ByteView frame,
                           Vni vni,
                           const TunnelEnds& ends,
                           PacketQueue& packets) override;
    DropReason Decapsulate(ByteView packet, TimeNs now, Bytes& frame, Decapsulated& facts) override;
    bool CarriesVni(Vni vni) const override;
    std::uint32_t Overhead(std::size_t frameSize, bool ipv6) const override;
};

} // namespace weft::vxlan

#endif
