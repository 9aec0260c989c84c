// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * PIM version 2 messages: RFC 7761 section 4.9 (Hello, Register, Register-Stop, Join/Prune,
 * Assert), RFC 3973 section 4.7 (Graft, Graft-Ack, State Refresh), RFC 5015 section 3.7 (Designated
 * Forwarder election). IPv4 addresses in native encoding only.
 *
 * Times are whole seconds on the wire, but for LAN Prune Delay and Backoff (milliseconds).
 */
#ifndef UNDERLAY_PIM_MESSAGE_H
#define UNDERLAY_PIM_MESSAGE_H

#include "underlay-multicast-types.h"

#include <optional>
#include <variant>

namespace weft::multicast
{

inline constexpr std::uint32_t PIM_ALL_ROUTERS = 0xe000000d; ///< 224.0.0.13
inline constexpr std::uint16_t PIM_FOREVER = 0xffff;         ///< a holdtime that never ends
inline constexpr std::size_t PIM_HEADER = 4;                 ///< octets
inline constexpr std::size_t PIM_REGISTER_HEADER = 8;        ///< octets before the data packet

enum class PimType : std::uint8_t
{
    Hello = 0,
    Register = 1,
    RegisterStop = 2,
    JoinPrune = 3,
    Assert = 5,
    Graft = 6,
    GraftAck = 7,
    StateRefresh = 9,
    DfElection = 10,
};

/// LAN Prune Delay option.
struct PimLanPruneDelay
{
    bool tracking = false;         ///< T bit: sender can disable join suppression
    std::uint16_t propagation = 0; ///< ms, 15 bits
    std::uint16_t override = 0;    ///< ms
    friend bool operator==(const PimLanPruneDelay&, const PimLanPruneDelay&) = default;
};

struct PimHello
{
    std::optional<std::uint16_t> holdtime; ///< s; absent: 105 s (RFC 7761 section 4.3.2)
    std::optional<PimLanPruneDelay> lanPruneDelay;
    std::optional<std::uint32_t> drPriority;
    std::optional<std::uint32_t> generationId;
    std::optional<std::uint8_t> stateRefreshInterval; ///< s; State Refresh Capable
    bool bidirectional = false;                       ///< Bidirectional Capable
    std::vector<IpAddress> addresses;                 ///< secondary ones
    friend bool operator==(const PimHello&, const PimHello&) = default;
};

/// An encoded source address with its flags.
struct PimSource
{
    IpAddress address;
    bool sparse = true;    ///< S: always set in sparse mode
    bool wildcard = false; ///< W: the address is that of an RP, the entry is (*,G)
    bool rpTree = false;   ///< R: about the tree of the RP
    friend bool operator==(const PimSource&, const PimSource&) = default;
};

/// What is joined and pruned of one group.
struct PimGroupRecord
{
    IpAddress group;
    unsigned maskLength = 32;
    bool bidirectional = false; ///< B bit
    std::vector<PimSource> joins;
    std::vector<PimSource> prunes;
    friend bool operator==(const PimGroupRecord&, const PimGroupRecord&) = default;
};

/// Join/Prune, Graft or Graft-Ack: one format.
struct PimJoinPrune
{
    PimType type = PimType::JoinPrune; ///< or Graft, GraftAck
    IpAddress upstream;                ///< the neighbour it is meant for
    std::uint16_t holdtime = 0;        ///< s; 0 in Graft and Graft-Ack
    std::vector<PimGroupRecord> groups;
    friend bool operator==(const PimJoinPrune&, const PimJoinPrune&) = default;
};

struct PimRegister
{
    bool border = false; ///< B: a PIM multicast border router sent it
    bool null = false;   ///< N: a probe; the packet is a header alone
    ByteView packet;     ///< the data packet, within the message that was read
};

struct PimRegisterStop
{
    IpAddress group;
    IpAddress source;
    friend bool operator==(const PimRegisterStop&, const PimRegisterStop&) = default;
};

struct PimAssert
{
    IpAddress group;
    IpAddress source;             ///< 0.0.0.0 in an assert of the shared tree
    bool rpTree = false;          ///< R: metrics are of the route to the RP
    std::uint32_t preference = 0; ///< 31 bits; 0x7fffffff with metric 0xffffffff: cancel
    std::uint32_t metric = 0;
    friend bool operator==(const PimAssert&, const PimAssert&) = default;
};

struct PimStateRefresh
{
    IpAddress group;
    IpAddress source;
    IpAddress originator;
    bool rpTree = false;
    std::uint32_t preference = 0;
    std::uint32_t metric = 0;
    std::uint8_t maskLength = 0;
    std::uint8_t ttl = 0;
    bool pruneIndicator = false; ///< P: the sender's interface is pruned
    bool pruneNow = false;       ///< N: sent on every third refresh for quick overriding
    bool assertOverride = false; ///< O
    std::uint8_t interval = 60;  ///< s
    friend bool operator==(const PimStateRefresh&, const PimStateRefresh&) = default;
};

enum class DfKind : std::uint8_t
{
    Offer = 1,
    Winner = 2,
    Backoff = 3,
    Pass = 4,
};

/// How far a router is from an RP; all ones: not at all.
struct DfMetric
{
    std::uint32_t preference = 0xffffffff;
    std::uint32_t metric = 0xffffffff;
    friend auto operator<=>(const DfMetric&, const DfMetric&) = default;
};

struct PimDfElection
{
    DfKind kind = DfKind::Offer;
    IpAddress rp;
    DfMetric sender;
    IpAddress other{};          ///< Backoff: the offering router; Pass: the new winner
    DfMetric otherMetric{};     ///< of that router
    std::uint16_t interval = 0; ///< ms; Backoff alone
    friend bool operator==(const PimDfElection&, const PimDfElection&) = default;
};

using PimMessage = std::variant<PimHello,
                                PimJoinPrune,
                                PimRegister,
                                PimRegisterStop,
                                PimAssert,
                                PimStateRefresh,
                                PimDfElection>;

/**
 * Reads the payload of an IP packet of protocol 103.
 *
 * Unknown Hello options are skipped; of an option given twice the last one counts.
 * @param[out] message unspecified unless None is returned
 * @return None; Truncated; BadChecksum (of a Register, over its header, or over all of it as old
 * implementations did: RFC 7761 section 4.9.3); BadHeader (a mask or an address that makes no
 * sense); Unsupported (version other than 2, type or address family not known here)
 */
DropReason ReadPim(ByteView payload, PimMessage& message);

/// Appends the payload of an IP packet, checksum included; of a Register, the data packet too.
void AppendPim(Bytes& out, const PimMessage& message);

/// Appends a complete IPv4 packet: TOS 0xc0, TTL @p ttl.
void AppendPimPacket(Bytes& out,
                     const IpAddress& source,
                     const IpAddress& destination,
                     const PimMessage& message,
                     std::uint8_t ttl = 1);

} // namespace weft::multicast

#endif
