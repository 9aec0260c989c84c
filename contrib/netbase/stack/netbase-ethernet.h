// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Ethernet II frames without FCS, with or without one 802.1Q tag (IEEE 802.3, 802.1Q).
 */
#ifndef NETBASE_ETHERNET_H
#define NETBASE_ETHERNET_H

#include "netbase-drop-reason.h"
#include "netbase-types.h"

namespace weft::netbase
{

namespace ethertype
{
inline constexpr std::uint16_t IPV4 = 0x0800;
inline constexpr std::uint16_t ARP = 0x0806;
inline constexpr std::uint16_t TEB = 0x6558; ///< transparent Ethernet bridging, in GRE
inline constexpr std::uint16_t RARP = 0x8035;
inline constexpr std::uint16_t VLAN = 0x8100; ///< 802.1Q customer tag
inline constexpr std::uint16_t IPV6 = 0x86dd;
} // namespace ethertype

inline constexpr std::size_t ETHERNET_HEADER = 14; ///< octets, untagged
inline constexpr std::size_t VLAN_TAG = 4;         ///< octets that a tag adds

struct EthernetHeader
{
    MacAddress destination;
    MacAddress source;
    std::optional<std::uint16_t> tci; ///< tag control information of the outermost 802.1Q tag
    std::uint16_t type = 0;           ///< EtherType behind the tag; below 0x0600 an 802.3 length
    std::size_t payloadOffset = ETHERNET_HEADER; ///< 14 or 18; not written

    friend bool operator==(const EthernetHeader&, const EthernetHeader&) = default;
};

/// @return VLAN number of a tag, 0 to 4095; 0 is a priority tag
constexpr std::uint16_t
VlanOf(std::uint16_t tci)
{
    return tci & 0x0fff;
}

/// @return tag of a VLAN @param vlan 0 to 4095 @param priority 0 to 7
constexpr std::uint16_t
MakeTci(std::uint16_t vlan, std::uint8_t priority = 0)
{
    return static_cast<std::uint16_t>((priority & 7) << 13 | (vlan & 0x0fff));
}

/// Reads the header of a frame. Of several tags the outermost is read; the inner one is then @c
/// type.
/// @return None or Truncated (@p header is then unspecified)
DropReason ReadEthernet(ByteView frame, EthernetHeader& header);

/// Writes 14 octets, or 18 when there is a tag. @param out large enough @return octets written
std::size_t WriteEthernet(std::span<std::uint8_t> out, const EthernetHeader& header);

/// Appends the header to a buffer.
void AppendEthernet(Bytes& out, const EthernetHeader& header);

/// Puts an 802.1Q tag behind the addresses of a frame of at least 14 octets.
void InsertTag(Bytes& frame, std::uint16_t tci);

/// Takes the outermost 802.1Q tag out of a frame. @return its tag; nothing when there was none, and
/// the frame is as before
std::optional<std::uint16_t> RemoveTag(Bytes& frame);

} // namespace weft::netbase

#endif
