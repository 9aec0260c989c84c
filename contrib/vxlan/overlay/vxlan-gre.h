// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * GRE carrying Ethernet frames (RFC 2784, key and sequence number of RFC 2890; protocol type
 * 0x6558, IP protocol 47): what NVGRE and GRE-TEB share.
 */
#ifndef VXLAN_GRE_H
#define VXLAN_GRE_H

#include "vxlan-outer.h"

namespace weft::vxlan
{

/// A GRE header, taken apart.
struct GreHeader
{
    bool hasKey = false;
    std::uint32_t key = 0;
    bool hasChecksum = false;
    bool hasSequence = false;
};

class GreTunnel : public Encapsulation
{
  public:
    /// IP protocol 47 with protocol type 0x6558, whatever the flags.
    bool Matches(ByteView packet) const override;

  protected:
    explicit GreTunnel(const EncapsulationConfig& config);

    /// Pushes IP, GRE and @p frame as one packet; the checksum is computed when @p header has one.
    DropReason Wrap(ByteView frame,
                    const GreHeader& header,
                    const TunnelEnds& ends,
                    PacketQueue& packets);

    /**
     * Reads IP and GRE.
     *
     * RFC 2784 section 2.3: a packet with any of the bits 1 to 5 set which this receiver does not
     * understand is dropped, reserved bits 6 to 12 are ignored unless the configuration drops them.
     *
     * @param[out] payload the frame
     * @return Truncated, BadOuterHeader, NotForUs, BadTunnelHeader (version), ReservedBits,
     * BadChecksum
     */
    DropReason Unwrap(ByteView packet,
                      GreHeader& header,
                      std::uint8_t& tos,
                      ByteView& payload,
                      Decapsulated& facts) const;

    const EncapsulationConfig m_config;

  private:
    OuterWriter m_writer;
};

} // namespace weft::vxlan

#endif
