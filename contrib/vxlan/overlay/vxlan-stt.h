// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * STT, the stateless transport tunnel (draft-davie-stt-08): frames up to 64 KB cut into segments
 * that look like TCP to network cards, without handshake, acknowledgement or retransmission.
 *
 * Wire: TCP's 20 bytes to port 7471, whose sequence number is frame length (16 bits) and offset (16
 * bits) and whose acknowledgement number is the frame's identification; in the first segment 18
 * bytes of STT header: version 0, flags, L4 offset, reserved, maximum segment size, VLAN field
 * (PCP 3, V 1, VID 12), context (64 bits: the VNI), 2 bytes padding. The loss of one segment loses
 * the frame. An inner 802.1Q tag travels in the VLAN field, unless its DEI bit is set: then it
 * stays in the frame, which has room for that bit.
 *
 * The checksum is TCP's own, always sent and always verified. The fields that hand offloads over to
 * the receiver (flags, L4 offset, maximum segment size) are sent as zero: inner packets here are
 * complete. Of flags received none changes anything.
 */
#ifndef VXLAN_STT_H
#define VXLAN_STT_H

#include "vxlan-outer.h"
#include "vxlan-source-port.h"
#include "vxlan-stt-reassembly.h"

namespace weft::vxlan
{

inline constexpr std::uint16_t STT_PORT = 7471;
inline constexpr std::size_t STT_HEADER = 18;
inline constexpr std::size_t STT_TCP_HEADER = 20;
/// Longest inner frame: the frame length has 16 bits and counts the STT header.
inline constexpr std::size_t STT_MAX_FRAME = 0xffff - STT_HEADER;
/// Smallest underlay MTU: every segment carries something, over IPv6 too.
inline constexpr std::uint32_t STT_MIN_MTU = 128;

class SttEncapsulation final : public Encapsulation
{
  public:
    /// @throws std::invalid_argument when the MTU is below STT_MIN_MTU, the reassembly timeout is
    /// not positive, or reassemblyBytes cannot hold one frame of 65535 bytes
    explicit SttEncapsulation(const EncapsulationConfig& config);

    DropReason Encapsulate(ByteView frame,
                           Vni vni,
                           const TunnelEnds& ends,
                           PacketQueue& packets) override;
    bool Matches(ByteView packet) const override;
    DropReason Decapsulate(ByteView packet, TimeNs now, Bytes& frame, Decapsulated& facts) override;
    TimeNs NextDeadline() const override;
    std::uint32_t OnDeadline(TimeNs now) override;
    /// The context has 64 bits.
    bool CarriesVni(Vni vni) const override;
    std::uint32_t Overhead(std::size_t frameSize, bool ipv6) const override;

  private:
    /// @return bytes of an STT frame that fit into one segment
    std::size_t SegmentSize(bool ipv6) const;
    DropReason Open(const SttReassembly::Frame& whole, Bytes& frame, Decapsulated& facts) const;

    const EncapsulationConfig m_config;
    const std::uint16_t m_port;
    const PortRange m_sourcePorts;
    OuterWriter m_writer;
    SttReassembly m_reassembly;
    std::uint32_t m_nextId = 0;
};

} // namespace weft::vxlan

#endif
