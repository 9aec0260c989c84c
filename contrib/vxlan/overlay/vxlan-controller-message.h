// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Datagrams between the VTEPs' agents and the central controller: doc/vxlan-controller.md is the
 * format. A header of 32 bytes, then records.
 *
 * Invariant: what a reader accepts, a writer writes back byte for byte, unknown records apart.
 */
#ifndef VXLAN_CONTROLLER_MESSAGE_H
#define VXLAN_CONTROLLER_MESSAGE_H

#include "vxlan-types.h"

namespace weft::vxlan
{

inline constexpr std::uint16_t CONTROLLER_PORT = 6640; ///< UDP, of server and agents
inline constexpr std::uint8_t CONTROLLER_VERSION = 1;
inline constexpr std::size_t CONTROLLER_HEADER = 32;

enum class ControllerMessage : std::uint8_t
{
    Hello = 1,     ///< an agent asks for a session
    Welcome = 2,   ///< the server's answer
    KeepAlive = 3, ///< acknowledges, or says that its sender lives
    Update = 4,    ///< numbered; carries records
    Reset = 5,     ///< the server does not know the session: say hello again
};

struct ControllerHeader
{
    ControllerMessage type = ControllerMessage::KeepAlive;
    std::uint32_t session = 0;     ///< the sender's own, not 0
    std::uint32_t peerSession = 0; ///< the receiver's as the sender knows it; 0 in Hello
    std::uint32_t sequence = 0;    ///< of an Update, from 1; otherwise 0
    std::uint32_t ack = 0;         ///< all Updates up to this one have come
    std::uint64_t clock = 0;       ///< the sender's, µs, when this copy was sent

    friend bool operator==(const ControllerHeader&, const ControllerHeader&) = default;
};

enum class ControllerRecordType : std::uint8_t
{
    Join = 1,     ///< agent: it has this network
    Leave = 2,    ///< agent: no longer
    Learn = 3,    ///< agent: a station is local, with its address where known
    Lose = 4,     ///< agent: no longer
    End = 5,      ///< both: that was all; what was not named is not there
    Install = 6,  ///< server: a station is behind a VTEP
    Withdraw = 7, ///< server: it is not
};

struct ControllerRecord
{
    ControllerRecordType type = ControllerRecordType::End;
    Vni vni = 0;
    MacAddress mac{};
    IpAddress address{};  ///< of the station; none when unknown
    IpAddress remote{};   ///< Install: VTEP
    std::uint64_t at = 0; ///< Learn, Lose: when it happened, by the agent's clock, µs

    friend bool operator==(const ControllerRecord&, const ControllerRecord&) = default;
};

/// Why a datagram was not heeded.
enum class ControllerReason : std::uint8_t
{
    None,
    Truncated,    ///< shorter than its header, its length field or a record says
    BadVersion,   ///< not CONTROLLER_VERSION
    BadMessage,   ///< unknown type, or fields that contradict it
    BadRecord,    ///< a record's length or fields are impossible
    StaleSession, ///< of another session than the present one
    UnknownPeer,  ///< no session with this sender
    Duplicate,    ///< an Update that had come
    OutOfWindow,  ///< an Update too far ahead
    TooMany,      ///< no room for one more agent
    Count
};

/// @return "stale-session": lower case, words joined by hyphens
std::string_view ToString(ControllerReason reason);

/// Reads a header. @param[out] records what follows it
/// @return None, Truncated, BadVersion, BadMessage
ControllerReason ReadController(ByteView datagram, ControllerHeader& header, ByteView& records);

/// Reads the next record; those of unknown type are skipped.
/// @param[in,out] records advanced behind it
/// @return None, or BadRecord; at the end None with @p found false
ControllerReason NextRecord(ByteView& records, ControllerRecord& record, bool& found);

/// Writes a header at the end of an empty buffer; the length field counts what is there when
/// FinishController() is called.
void StartController(Bytes& datagram, const ControllerHeader& header);

/// Appends a record.
void AppendRecord(Bytes& datagram, const ControllerRecord& record);

/// @return bytes of a record
std::size_t RecordSize(const ControllerRecord& record);

/// Writes the fields that are true of one copy only.
void FinishController(Bytes& datagram, std::uint32_t ack, std::uint64_t clock);

/// @return a time on the wire's clock
inline std::uint64_t
ControllerClock(TimeNs time)
{
    return static_cast<std::uint64_t>(time.count()) / 1000;
}

} // namespace weft::vxlan

#endif
