// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * IPv6 neighbour discovery: solicitations and advertisements (RFC 4861 sections 4.3, 4.4).
 */
#ifndef NETBASE_NDP_H
#define NETBASE_NDP_H

#include "netbase-drop-reason.h"
#include "netbase-types.h"

namespace weft::netbase
{

/// A neighbour solicitation or advertisement.
struct NdpMessage
{
    bool solicitation = false; ///< otherwise an advertisement
    IpAddress source;          ///< of the packet; none in duplicate address detection
    IpAddress destination;     ///< of the packet
    IpAddress target;
    std::optional<MacAddress> linkAddress; ///< source (solicitation) or target link-layer address
    bool router = false;                   ///< advertisement's flags
    bool solicited = false;
    bool override = false;

    friend bool operator==(const NdpMessage&, const NdpMessage&) = default;
};

/// @return ff02::1:ffXX:XXXX of a unicast address (RFC 4291 section 2.7.1)
IpAddress SolicitedNode(const IpAddress& address);

/// Reads a complete IPv6 packet. @return None; Truncated; BadChecksum; BadHeader (hop limit not
/// 255, code not 0, option of length 0, target a group: RFC 4861 section 7.1); Unsupported (neither
/// of the two)
DropReason ReadNdp(ByteView packet, NdpMessage& message);

/// Appends a complete IPv6 packet with hop limit 255.
void AppendNdp(Bytes& out, const NdpMessage& message);

} // namespace weft::netbase

#endif
