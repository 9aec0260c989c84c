// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * ICMP (RFC 792) and ICMPv6 (RFC 4443): echo and errors, by one structure for both versions.
 */
#ifndef NETBASE_ICMP_H
#define NETBASE_ICMP_H

#include "netbase-drop-reason.h"
#include "netbase-types.h"

namespace weft::netbase
{

enum class IcmpKind : std::uint8_t
{
    EchoRequest,
    EchoReply,
    DestinationUnreachable, ///< but for "fragmentation needed"
    PacketTooBig,           ///< IPv4: unreachable, code 4 (RFC 1191); IPv6: type 2
    TimeExceeded,
    Other,
};

/// Codes that differ between the versions go by name.
enum class Unreachable : std::uint8_t
{
    Network,  ///< IPv4 0, IPv6 0 (no route)
    Host,     ///< IPv4 1, IPv6 3 (address)
    Protocol, ///< IPv4 2; IPv6: parameter problem 4/1
    Port,     ///< IPv4 3, IPv6 4
    Filtered, ///< IPv4 13, IPv6 1 (administratively prohibited)
};

struct IcmpMessage
{
    IcmpKind kind = IcmpKind::Other;
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint16_t id = 0;       ///< of echo
    std::uint16_t sequence = 0; ///< of echo
    std::uint32_t mtu = 0;      ///< of PacketTooBig; 0: the router did not say
    ByteView body;              ///< behind the 8 octets: echo data, or the packet complained about
};

/// Reads an ICMP or ICMPv6 message in a complete, unfragmented IP packet; checks its checksum.
/// @return None; Truncated; BadChecksum; BadHeader (IP header); Unsupported (another protocol, or a
/// fragment)
DropReason ReadIcmp(ByteView packet, IcmpMessage& message);

// Builders of complete IP packets, of the version of the addresses; appended to @p out.

/// Echo request or reply. @return None or TooBig
DropReason AppendEcho(Bytes& out,
                      const IpAddress& source,
                      const IpAddress& destination,
                      bool reply,
                      std::uint16_t id,
                      std::uint16_t sequence,
                      ByteView data,
                      std::uint8_t ttl = 64,
                      std::uint8_t tos = 0);

/// Answers an echo request: addresses exchanged, everything else as it came (RFC 1122 section
/// 3.2.2.6). @param request packet with an echo request to a unicast address @param source the
/// answer's source @return None, or why it was no such packet
DropReason AppendEchoReply(Bytes& out, ByteView request, const IpAddress& source);

/// @return whether an error may be sent about a packet: not about an ICMP error, a group or
/// broadcast destination, a fragment but the first, a source that is no single host (RFC 1122
/// section 3.2.2, RFC 4443 section 2.4; PacketTooBig about an IPv6 group is the exception)
bool MayReportError(ByteView packet, IcmpKind kind);

/// Errors about @p offending, to its source, quoting as much of it as makes at most 576 (IPv4) or
/// 1280 octets (IPv6). @param source address of the node that complains
/// @return None; Unsupported when MayReportError() forbids it; BadHeader when it is no IP packet
DropReason AppendPacketTooBig(Bytes& out,
                              const IpAddress& source,
                              ByteView offending,
                              std::uint32_t mtu);
DropReason AppendTimeExceeded(Bytes& out,
                              const IpAddress& source,
                              ByteView offending,
                              bool reassembly = false);
DropReason AppendUnreachable(Bytes& out,
                             const IpAddress& source,
                             ByteView offending,
                             Unreachable what);

} // namespace weft::netbase

#endif
