// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * ARP (RFC 826) and RARP (RFC 903) for IPv4 over Ethernet: 28 octets behind the Ethernet header.
 */
#ifndef NETBASE_ARP_H
#define NETBASE_ARP_H

#include "netbase-drop-reason.h"
#include "netbase-types.h"

namespace weft::netbase
{

inline constexpr std::size_t ARP_SIZE = 28;

enum class ArpOperation : std::uint16_t
{
    Request = 1,
    Reply = 2,
    ReverseRequest = 3, ///< RARP
    ReverseReply = 4,
};

/// An ARP or RARP packet. Addresses are IPv4; 0.0.0.0 is IpAddress::V4(0).
struct ArpPacket
{
    ArpOperation operation = ArpOperation::Request;
    MacAddress senderMac;
    IpAddress sender = IpAddress::V4(0);
    MacAddress targetMac;
    IpAddress target = IpAddress::V4(0);

    friend bool operator==(const ArpPacket&, const ArpPacket&) = default;
};

/// How a host announces an address that nobody asked for (RFC 5227 section 3).
enum class GarpForm : std::uint8_t
{
    Request,
    Reply,
};

/// Reads what follows the Ethernet header; padding is ignored.
/// @return None; Truncated; Unsupported (not IPv4 over Ethernet, or another operation)
DropReason ReadArp(ByteView payload, ArpPacket& packet);

/// Appends the 28 octets.
void AppendArp(Bytes& out, const ArpPacket& packet);

/// @return whether sender and target address are the same, and not 0.0.0.0
bool IsGratuitous(const ArpPacket& packet);

// Builders of complete, unpadded frames; @p frame is replaced.

/// A frame of the EtherType that the operation belongs to.
void BuildArpFrame(Bytes& frame,
                   const MacAddress& destination,
                   const MacAddress& source,
                   const ArpPacket& packet);

/// Asks for the MAC address of @p target. @param destination broadcast, or unicast to check
void BuildArpRequest(Bytes& frame,
                     const MacAddress& mac,
                     const IpAddress& sender,
                     const IpAddress& target,
                     const MacAddress& destination = MacAddress::Broadcast());

/// Answers @p request: "@p mac has the address that was asked for", to the asker.
void BuildArpReply(Bytes& frame, const ArpPacket& request, const MacAddress& mac);

/// Gratuitous ARP, broadcast. The target MAC is zero in a request, broadcast in a reply.
void BuildGarp(Bytes& frame,
               const MacAddress& mac,
               const IpAddress& address,
               GarpForm form = GarpForm::Request);

/// RARP request with the station's own MAC as sender and target, broadcast: what hypervisors send
/// for a VM that came, so that switches learn ("notify switches").
void BuildRarp(Bytes& frame, const MacAddress& mac);

} // namespace weft::netbase

#endif
