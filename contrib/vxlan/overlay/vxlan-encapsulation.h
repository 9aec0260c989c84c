// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * An encapsulation: how a frame of a virtual network becomes IP packets of the underlay, and back.
 *
 * One implementation a file: VXLAN, NVGRE, GRE-TEB, STT, Geneve. All other forwarding is the same
 * whatever the encapsulation.
 */
#ifndef VXLAN_ENCAPSULATION_H
#define VXLAN_ENCAPSULATION_H

#include "vxlan-types.h"

#include "netbase-output-queue.h"

#include <memory>

namespace weft::vxlan
{

enum class EncapsulationKind : std::uint8_t
{
    Vxlan,  ///< RFC 7348, UDP port 4789
    Nvgre,  ///< RFC 7637, IP protocol 47 with a key
    GreTeb, ///< RFC 2784 and 2890: transparent Ethernet bridging, key where the VNI is not 0
    Stt,    ///< draft-davie-stt-08: TCP-shaped segments to port 7471
    Geneve, ///< RFC 8926, UDP port 6081
};

/// How the source port is drawn from the hash of the inner headers.
enum class SourcePortMode : std::uint8_t
{
    Rfc,    ///< 49152-65535 (RFC 7348 section 5)
    Linux,  ///< 32768-60999, the kernel's default ip_local_port_range
    TopBit, ///< 32768-65535: only the top bit is fixed
    Full,   ///< 0-65535, well-known ports included
    Fixed,  ///< always the same
    Range,  ///< sourcePortMin to sourcePortMax
};

enum class ChecksumMode : std::uint8_t
{
    Zero,     ///< send 0
    Computed, ///< send the true one
};

/// Where the outer TTL or TOS comes from.
enum class FieldMode : std::uint8_t
{
    Fixed,   ///< a configured value
    Inherit, ///< the inner IP header's; the configured value for what is not IP
};

enum class DfMode : std::uint8_t
{
    Clear,
    Set,
    Inherit, ///< the inner IPv4 header's; set for IPv6, which routers never fragment; else clear
};

/// Behaviour of the encapsulation. The defaults are RFC 7348's; presets are in vxlan-preset.h.
struct EncapsulationConfig
{
    EncapsulationKind kind = EncapsulationKind::Vxlan;
    std::uint16_t destinationPort = 0; ///< 0: the encapsulation's own
    SourcePortMode sourcePort = SourcePortMode::Rfc;
    std::uint16_t fixedSourcePort = 4789;
    std::uint16_t sourcePortMin = 49152; ///< of SourcePortMode::Range
    std::uint16_t sourcePortMax = 65535;
    bool symmetricHash = false; ///< both directions of a flow hash alike (as the Linux kernel)
    std::uint64_t hashKey = 0;  ///< key of the hash, different for every VTEP
    /// Of UDP, and of GRE-TEB (4 bytes more). NVGRE has none; STT's is always computed.
    ChecksumMode checksum = ChecksumMode::Zero;
    /// Receive: UDP over IPv6 without a checksum (RFC 6935) is taken; otherwise it is BadChecksum.
    bool zeroChecksumOverIpv6 = true;
    bool dropReservedBits = false; ///< receive: RFC 7348 ignores them; Linux and OVS drop
    bool dropInnerVlan = true;     ///< receive and send: RFC 7348 section 6.1
    FieldMode ttlMode = FieldMode::Fixed;
    std::uint8_t ttl = 64;
    std::uint8_t multicastTtl = 64;
    FieldMode tosMode = FieldMode::Fixed;
    std::uint8_t tos = 0;
    bool ecn = true;         ///< RFC 6040: copy ECN on encapsulation, combine on decapsulation
    bool ecnHidesCe = false; ///< an inner CE leaves as ECT(0) (RFC 3168 section 9.1.1; Linux, OVS)
    bool ecnCeOnly = false;  ///< decapsulation heeds CE, not ECT(1) (OVS)
    DfMode df = DfMode::Clear;
    std::uint32_t mtu = 1500; ///< underlay MTU: what STT cuts its segments to
    /// VXLAN group policy extension (draft-smith-vxlan-group-policy): its bits are not reserved, D
    /// is heeded.
    bool groupPolicy = false;
    std::uint16_t groupPolicyId = 0; ///< sent when not 0
    /// NVGRE: VSIDs 0-0xfff, which RFC 7637 section 3.2 reserves, are allowed.
    bool reservedVsids = false;
    Bytes geneveOptions{}; ///< sent with every Geneve packet; whole options, at most 252 bytes
    TimeNs reassemblyTimeout = std::chrono::seconds{30}; ///< of STT frames, since the first segment
    std::size_t reassemblyBytes = std::size_t{4} << 20;  ///< of incomplete STT frames together
};

/// Where an encapsulated packet goes.
struct TunnelEnds
{
    IpAddress source;      ///< this VTEP
    IpAddress destination; ///< remote VTEP or group
};

/// Facts about a frame taken out of its envelope.
struct Decapsulated
{
    Vni vni = 0;
    IpAddress source;      ///< outer
    IpAddress destination; ///< outer: a group when it was flooded by multicast
    bool dontLearn = false;
    std::uint16_t sourcePort = 0;
};

/// Accompanies an outgoing packet.
struct NoMeta
{
};

using PacketQueue = netbase::OutputQueue<NoMeta>;

/// Strategy interface. An instance belongs to one VTEP.
class Encapsulation
{
  public:
    virtual ~Encapsulation() = default;

    /**
     * Wraps a frame.
     *
     * @param frame complete inner Ethernet frame, without FCS
     * @param vni network
     * @param ends outer addresses, both IPv4 or both IPv6
     * @param[out] packets complete IP packets are pushed here: one, or several with STT
     * @return None; InnerVlan, BadInnerFrame, TooBig (longer than the encapsulation can carry),
     * UnknownVni (see CarriesVni())
     */
    virtual DropReason Encapsulate(ByteView frame,
                                   Vni vni,
                                   const TunnelEnds& ends,
                                   PacketQueue& packets) = 0;

    /// @return whether an IP packet (IP header first) is of this encapsulation: by UDP port, IP
    /// protocol or TCP port
    virtual bool Matches(ByteView packet) const = 0;

    /**
     * Unwraps a packet.
     *
     * @param packet complete, unfragmented IP packet for which Matches() holds; not modified
     * @param now the present, for reassembly
     * @param[out] frame the inner frame; empty when more segments are needed (STT)
     * @param[out] facts valid when @p frame is not empty
     * @return None, or why the packet was dropped
     */
    virtual DropReason Decapsulate(ByteView packet,
                                   TimeNs now,
                                   Bytes& frame,
                                   Decapsulated& facts) = 0;

    /// @return when OnDeadline() has to be called: reassembly timeouts; NEVER mostly
    virtual TimeNs
    NextDeadline() const
    {
        return NEVER;
    }

    /// Gives up on incomplete frames. @return how many were discarded since it was last called, of
    /// age or for want of room (each a FragmentLost)
    virtual std::uint32_t
    OnDeadline(TimeNs now)
    {
        static_cast<void>(now);
        return 0;
    }

    /// @return whether a network may have this number: 24 bits; NVGRE reserves some (RFC 7637
    /// section 3.2), unless EncapsulationConfig::reservedVsids
    virtual bool CarriesVni(Vni vni) const = 0;

    /// @return bytes added to an untagged frame of this size, outer IP header included, outer
    /// Ethernet excluded; all packets together. VNI 0 and GRE-TEB: 4 less
    virtual std::uint32_t Overhead(std::size_t frameSize, bool ipv6) const = 0;
};

/// @throws std::invalid_argument naming the field, its value and the rule
std::unique_ptr<Encapsulation> MakeEncapsulation(const EncapsulationConfig& config);

} // namespace weft::vxlan

#endif
