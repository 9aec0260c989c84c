// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * IPv6 headers, extension headers and fragmentation at the source (RFC 8200).
 */
#ifndef NETBASE_IPV6_H
#define NETBASE_IPV6_H

#include "netbase-drop-reason.h"
#include "netbase-types.h"

namespace weft::netbase
{

inline constexpr std::size_t IPV6_HEADER = 40;
inline constexpr std::size_t IPV6_FRAGMENT_HEADER = 8;
inline constexpr std::uint32_t IPV6_MIN_MTU = 1280;

struct Ipv6Header
{
    std::uint8_t trafficClass = 0; ///< DSCP in the 6 high bits, ECN in the 2 low ones
    std::uint32_t flowLabel = 0;   ///< 20 bits
    std::uint16_t payloadLength = 0;
    std::uint8_t nextHeader = 0; ///< of the first extension header, or the upper protocol
    std::uint8_t hopLimit = 64;
    IpAddress source;
    IpAddress destination;

    friend bool operator==(const Ipv6Header&, const Ipv6Header&) = default;
};

/// What stands behind the extension headers.
struct Ipv6Upper
{
    std::uint8_t protocol = 0; ///< upper-layer protocol
    std::size_t offset = 0;    ///< of its header, from the start of the packet
    bool isFragment = false;   ///< has a fragment header that is not "atomic" (RFC 6946)
    bool hasFragmentHeader = false;
    std::size_t fragmentHeader = 0;  ///< its offset from the start of the packet
    std::size_t nextHeaderField = 0; ///< offset of the field that announces it
    std::uint32_t id = 0;
    std::uint16_t fragmentOffset = 0; ///< octets
    bool moreFragments = false;
};

/// Reads and checks the fixed header. Octets behind the payload length are allowed; jumbograms are
/// not. @return None; Truncated; BadHeader (version)
DropReason ReadIpv6(ByteView packet, Ipv6Header& header);

/// Walks the extension headers (hop-by-hop, routing, destination options, fragment, authentication)
/// of a packet that ReadIpv6() accepts. What follows the header of a fragment is not walked: it is
/// the fragment's part.
/// @return None; Truncated; BadHeader (fragment of a length that is no multiple of 8, fragment
/// beyond 65535, more than 16 headers)
DropReason ReadIpv6Upper(ByteView packet, Ipv6Upper& upper);

/// Writes 40 octets. @return octets written
std::size_t WriteIpv6(std::span<std::uint8_t> out, const Ipv6Header& header);

/// Appends a complete packet; header.payloadLength is computed. @return None, or TooBig beyond
/// 65535
DropReason AppendIpv6Packet(Bytes& out, const Ipv6Header& header, ByteView payload);

/// Takes one from the hop limit. @param packet at least 40 octets @return false, nothing changed,
/// when it is 0 or 1
bool DecrementHopLimit(std::span<std::uint8_t> packet);

/// Replaces the traffic class. @param packet at least 40 octets
void SetTrafficClass(std::span<std::uint8_t> packet, std::uint8_t trafficClass);

/// Cuts a packet into fragments at its source (RFC 8200 section 4.5). The per-fragment part is the
/// fixed header alone or with the hop-by-hop and routing headers that follow it.
class Ipv6Fragmenter
{
  public:
    /// @param packet that ReadIpv6() accepts, without a fragment header; has to live as long as
    /// this
    /// @param mtu at least 1280 @param id identification, fresh for every packet
    Ipv6Fragmenter(ByteView packet, std::uint32_t mtu, std::uint32_t id);

    /// Appends the next fragment, or the whole packet when it fits.
    /// @return false when there is none left, nothing appended
    bool Next(Bytes& out);

  private:
    ByteView m_packet;
    std::uint32_t m_mtu;
    std::uint32_t m_id;
    std::size_t m_unfragmentable = IPV6_HEADER; ///< octets repeated in every fragment
    std::size_t m_nextHeaderField = 6;          ///< where the last of them announces what follows
    std::size_t m_done = 0;                     ///< fragmentable octets already in fragments
    bool m_finished = false;
};

} // namespace weft::netbase

#endif
