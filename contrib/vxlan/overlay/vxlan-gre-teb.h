// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * GRE with transparent Ethernet bridging, as Open vSwitch's and Linux' gretap ports: the network is
 * the key (RFC 2890), VNI 0 has no key. A checksum is optional (RFC 2784).
 *
 * With key = VSID * 256 + FlowID it is what NVGRE sends. There is no entropy outside the key.
 */
#ifndef VXLAN_GRE_TEB_H
#define VXLAN_GRE_TEB_H

#include "vxlan-gre.h"

namespace weft::vxlan
{

class GreTebEncapsulation final : public GreTunnel
{
  public:
    explicit GreTebEncapsulation(const EncapsulationConfig& config);

    DropReason Encapsulate(ByteView frame,
                           Vni vni,
                           const TunnelEnds& ends,
                           PacketQueue& packets) override;
    DropReason Decapsulate(ByteView packet, TimeNs now, Bytes& frame, Decapsulated& facts) override;
    /// The key has 32 bits.
    bool CarriesVni(Vni vni) const override;
    std::uint32_t Overhead(std::size_t frameSize, bool ipv6) const override;
};

} // namespace weft::vxlan

#endif
