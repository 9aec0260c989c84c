// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * IPv4 headers and fragmentation (RFC 791). Packets are complete: header first.
 */
#ifndef NETBASE_IPV4_H
#define NETBASE_IPV4_H

#include "netbase-drop-reason.h"
#include "netbase-types.h"

namespace weft::netbase
{

namespace protocol
{
inline constexpr std::uint8_t ICMP = 1;
inline constexpr std::uint8_t IGMP = 2;
inline constexpr std::uint8_t TCP = 6;
inline constexpr std::uint8_t UDP = 17;
inline constexpr std::uint8_t IPV6_FRAGMENT = 44;
inline constexpr std::uint8_t GRE = 47;
inline constexpr std::uint8_t ICMPV6 = 58;
inline constexpr std::uint8_t PIM = 103;
inline constexpr std::uint8_t VRRP = 112;
} // namespace protocol

inline constexpr std::size_t IPV4_HEADER = 20;      ///< octets, without options
inline constexpr std::size_t IPV4_ROUTER_ALERT = 4; ///< octets of the option (RFC 2113)
inline constexpr std::uint32_t IPV4_MIN_MTU = 68;   ///< RFC 791

struct Ipv4Header
{
    std::uint8_t tos = 0; ///< DSCP in the 6 high bits, ECN in the 2 low ones
    std::uint16_t totalLength = 0;
    std::uint16_t id = 0;
    bool dontFragment = false;
    bool moreFragments = false;
    std::uint16_t fragmentOffset = 0; ///< octets, a multiple of 8
    std::uint8_t ttl = 64;
    std::uint8_t protocol = 0;
    IpAddress source;
    IpAddress destination;
    bool routerAlert = false;        ///< RFC 2113 option with value 0
    std::uint16_t headerLength = 20; ///< octets; read only, written as 20 or 24 (router alert)

    bool
    IsFragment() const
    {
        return moreFragments || fragmentOffset != 0;
    }

    friend bool operator==(const Ipv4Header&, const Ipv4Header&) = default;
};

/**
 * Reads and checks a header. Octets behind the total length (padding) are allowed.
 *
 * @return None; Truncated; BadHeader (version, header length, fragment beyond 65535); BadChecksum
 */
DropReason ReadIpv4(ByteView packet, Ipv4Header& header);

/// Writes 20 octets (24 with router alert), checksum included. @param out large enough
/// @param header totalLength has to count header and payload @return octets written
std::size_t WriteIpv4(std::span<std::uint8_t> out, const Ipv4Header& header);

/// Appends a complete packet; header.totalLength is computed. @param payload at most 65515 octets
/// (65511 with router alert), or nothing is appended
/// @return None or TooBig
DropReason AppendIpv4Packet(Bytes& out, const Ipv4Header& header, ByteView payload);

/// Takes one from the TTL of a packet and updates its checksum (RFC 1624). @param packet that
/// ReadIpv4() accepts @return false, nothing changed, when it is 0 or 1
bool DecrementIpv4Ttl(std::span<std::uint8_t> packet);

/// Replaces TOS and updates the checksum. @param packet that ReadIpv4() accepts
void SetIpv4Tos(std::span<std::uint8_t> packet, std::uint8_t tos);

/// Replaces a 16-bit word of the header and updates the checksum (RFC 1624). @param packet that
/// ReadIpv4() accepts @param offset even, not 10 (the checksum itself)
void ReplaceIpv4Word(std::span<std::uint8_t> packet, std::size_t offset, std::uint16_t value);

/// Cuts a packet into fragments of at most an MTU, in order (RFC 791 section 3.2). A fragment may
/// be cut again. Options go into the first fragment only unless their copy bit is set.
class Ipv4Fragmenter
{
  public:
    /// @param packet that ReadIpv4() accepts; has to live as long as this. DF is the caller's to
    /// look at @param mtu at least 68
    Ipv4Fragmenter(ByteView packet, std::uint32_t mtu);

    /// Appends the next fragment, or the whole packet when it fits.
    /// @return false when there is none left, nothing appended
    bool Next(Bytes& out);

  private:
    ByteView m_packet;
    std::uint32_t m_mtu;
    Ipv4Header m_header;
    std::size_t m_done = 0; ///< payload octets already in fragments
    bool m_finished = false;
};

} // namespace weft::netbase

#endif
