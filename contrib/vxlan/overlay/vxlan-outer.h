// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Outer headers: IP and UDP around a tunnel header, written and read; what they take from the inner
 * frame and give back to it (TTL, TOS, ECN, DF).
 *
 * Sources: RFC 791, 8200, 768, 6935 (zero UDP checksums over IPv6), 6040 (ECN), reference behaviour
 * of the Linux kernel where EncapsulationConfig says so.
 */
#ifndef VXLAN_OUTER_H
#define VXLAN_OUTER_H

#include "vxlan-encapsulation.h"

#include "netbase-ip.h"

#include <optional>

namespace weft::vxlan
{

/// Room for outer IP and UDP headers.
inline constexpr std::size_t MAX_OUTER_HEADER = 48;

/// What of an inner frame its envelope depends on.
struct InnerFrame
{
    bool tagged = false;      ///< 802.1Q or 802.1ad
    bool ipv4 = false;        ///< with a whole header, also behind one tag
    bool ipv6 = false;        ///< likewise
    bool df = false;          ///< IPv4: don't fragment
    std::uint8_t tos = 0;     ///< DSCP and ECN; 0 for what is not IP
    std::uint8_t ttl = 0;     ///< or hop limit
    std::size_t ipOffset = 0; ///< of the IP header; 0 for what is not IP
};

/// @return BadInnerFrame when it is shorter than an Ethernet header or its source is a group;
/// InnerVlan when it is tagged and @p dropTagged
DropReason ReadInner(ByteView frame, bool dropTagged, InnerFrame& inner);

// Codepoints of the two ECN bits (RFC 3168).
inline constexpr std::uint8_t ECN_NOT_ECT = 0;
inline constexpr std::uint8_t ECN_ECT1 = 1;
inline constexpr std::uint8_t ECN_ECT0 = 2;
inline constexpr std::uint8_t ECN_CE = 3;

/// @return the outer ECN bits at the ingress: RFC 6040 section 4.1, normal mode; with @p hideCe RFC
/// 3168's full functionality
std::uint8_t EcnAtIngress(std::uint8_t inner, bool hideCe);

/// @return the ECN bits to forward at the egress (RFC 6040 section 4.2, figure 4); nothing when the
/// packet has to be dropped. With @p ceOnly an outer ECT(1) does not change an inner ECT(0).
std::optional<std::uint8_t> EcnAtEgress(std::uint8_t outer, std::uint8_t inner, bool ceOnly);

/// Writes outer headers of one VTEP.
class OuterWriter
{
  public:
    /// The configuration must outlive the writer.
    explicit OuterWriter(const EncapsulationConfig& config);

    /**
     * Writes an IP header without options.
     *
     * @param ends both IPv4 or both IPv6
     * @param protocol of the payload
     * @param payload bytes after the IP header; with the header at most 65535
     * @param[out] out room for 40 bytes
     * @return size of the header
     */
    std::size_t WriteIp(const TunnelEnds& ends,
                        const InnerFrame& inner,
                        std::uint8_t protocol,
                        std::size_t payload,
                        std::span<std::uint8_t> out);

  private:
    /// The next identification for a destination, never 0. Destinations share 64 counters by their
    /// hash, so that no packets of one pair of addresses alike in it are less than 65535 apart.
    std::uint16_t NextId(const IpAddress& destination);

    const EncapsulationConfig& m_config;
    std::array<std::uint16_t, 64> m_ids{};
};

/// Reads and checks an outer IP header. @return Truncated, BadOuterHeader (version, lengths, IPv4
/// header checksum), NotForUs (a fragment), None
DropReason ReadOuter(ByteView packet, netbase::IpFacts& outer);

/// @return where the transport header begins, when a packet looks like a whole one of a protocol
/// and has 4 bytes behind its IP header; otherwise nullptr. No checksum is looked at.
const std::uint8_t* PeekTransport(ByteView packet, std::uint8_t protocol);

/// @return whether it is a UDP or TCP packet to a port, as far as PeekTransport() looks
bool PeekPort(ByteView packet, std::uint8_t protocol, std::uint16_t port);

/// @return checksum over the pseudo-header and a transport header with its payload: 0 when the
/// checksum in there is right
std::uint16_t TransportChecksum(const IpAddress& source,
                                const IpAddress& destination,
                                std::uint8_t protocol,
                                ByteView segment);

/// Reads an outer UDP header and checks its checksum. @param[out] payload of UDP
/// @return Truncated, BadChecksum, None
DropReason ReadOuterUdp(const netbase::IpFacts& outer,
                        ByteView packet,
                        bool zeroOverIpv6,
                        std::uint16_t& sourcePort,
                        ByteView& payload);

/// Checks an inner frame, and copies it with the outer ECN merged in.
/// @return BadInnerFrame, InnerVlan, EcnCe (@p frame is then empty), None
DropReason OpenInner(const EncapsulationConfig& config,
                     std::uint8_t outerTos,
                     ByteView inner,
                     Bytes& frame);

} // namespace weft::vxlan

#endif
