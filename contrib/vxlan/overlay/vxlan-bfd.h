// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Bidirectional Forwarding Detection (RFC 5880), asynchronous mode without authentication, over
 * multihop IP (RFC 5883: UDP port 4784): how a VTEP learns that a service node or replicator died.
 *
 * A session is dead to its user when it was up and no packet came for multiplier x interval, or
 * when it never came up within that time of its start. Until then it is usable: a VTEP need not
 * wait for the three-way handshake before it sends its first broadcast.
 */
#ifndef VXLAN_BFD_H
#define VXLAN_BFD_H

#include "vxlan-types.h"

#include <map>
#include <utility>

namespace weft::vxlan
{

inline constexpr std::uint16_t BFD_PORT = 4784;     ///< RFC 5883 section 5
inline constexpr std::size_t BFD_CONTROL_SIZE = 24; ///< octets, without authentication

/// RFC 5880 section 4.1
enum class BfdState : std::uint8_t
{
    AdminDown = 0,
    Down = 1,
    Init = 2,
    Up = 3,
};

/// A control packet. Times in us, as on the wire.
struct BfdPacket
{
    std::uint8_t diagnostic = 0; ///< 5 bits; 1: detection time expired
    BfdState state = BfdState::Down;
    bool poll = false;
    bool final = false;
    std::uint8_t multiplier = 3;
    std::uint32_t myDiscriminator = 0;
    std::uint32_t yourDiscriminator = 0;
    std::uint32_t desiredMinTx = 1'000'000;
    std::uint32_t requiredMinRx = 1'000'000;

    friend bool operator==(const BfdPacket&, const BfdPacket&) = default;
};

/// Reads a UDP payload by the rules of RFC 5880 section 6.8.6 that need no session.
/// @return None, Truncated, BadOuterHeader (a value that the RFC makes one discard)
DropReason ReadBfd(ByteView payload, BfdPacket& packet);
/// Appends 24 octets.
void AppendBfd(Bytes& out, const BfdPacket& packet);

struct BfdConfig
{
    TimeNs interval = std::chrono::seconds{1}; ///< 1 ms to 1 hour, both directions
    std::uint8_t multiplier = 3;               ///< 1-255
};

/// @throws std::invalid_argument naming the field, its value and the rule
void Validate(const BfdConfig& config);

/// One end of a session.
class BfdSession
{
  public:
    /// @param discriminator not 0, different for every session of this end
    /// @param key of the jitter, which RFC 5880 section 6.8.7 demands
    /// @throws std::invalid_argument naming the field, its value and the rule
    BfdSession(const BfdConfig& config,
               const IpAddress& local,
               const IpAddress& remote,
               std::uint32_t discriminator,
               std::uint64_t key,
               TimeNs now);

    /// A control packet came from the remote end.
    void OnPacket(const BfdPacket& packet, TimeNs now);
    TimeNs NextDeadline() const;
    void OnDeadline(TimeNs now);
    /// Appends the IP packet that is due. @return false when none is
    bool Poll(Bytes& packet);

    /// @return whether the remote end may be used
    bool
    Usable() const
    {
        return m_usable;
    }

    BfdState
    State() const
    {
        return m_state;
    }

    const IpAddress&
    Remote() const
    {
        return m_remote;
    }

    std::uint32_t
    Discriminator() const
    {
        return m_discriminator;
    }

  private:
    BfdConfig m_config;
    IpAddress m_local;
    IpAddress m_remote;
    std::uint32_t m_discriminator;
    std::uint64_t m_random;
    std::uint32_t m_remoteDiscriminator = 0;
    BfdState m_state = BfdState::Down;
    std::uint8_t m_diagnostic = 0;
    bool m_usable = true;
    bool m_due = false;
    bool m_final = false;    ///< a poll has to be answered
    bool m_polling = false;  ///< our interval changed and the remote end has not confirmed it
    TimeNs m_detect;         ///< when silence becomes failure; NEVER when it already has
    TimeNs m_transmit;       ///< next regular packet
    TimeNs m_remoteInterval; ///< larger of our required and the remote's desired interval
    std::uint8_t m_remoteMultiplier;
    TimeNs m_remoteRequired; ///< least interval that the remote end accepts
    std::uint16_t m_ipId = 0;
};

/// The passive ends of a node's sessions: one for every VTEP that probes it, made when its first
/// packet comes and forgotten when it falls silent.
class BfdResponder
{
  public:
    BfdResponder(const BfdConfig& config, std::size_t maxSessions, std::uint64_t key);
    /// @param destination address of ours that was probed
    /// @return None; NoBuffer: too many sessions
    DropReason OnPacket(const IpAddress& source,
                        const IpAddress& destination,
                        const BfdPacket& packet,
                        TimeNs now);
    TimeNs NextDeadline() const;
    void OnDeadline(TimeNs now);
    /// Appends an IP packet that is due. @return false when none is
    bool Poll(Bytes& packet);

    std::size_t
    Size() const
    {
        return m_sessions.size();
    }

  private:
    BfdConfig m_config;
    std::size_t m_maxSessions;
    std::uint64_t m_key;
    std::uint32_t m_last = 0;                                         ///< discriminator
    std::map<std::pair<IpAddress, IpAddress>, BfdSession> m_sessions; ///< by source, destination
};

/// @return whether an IP packet is UDP to BFD_PORT; no checksum is looked at
bool IsBfd(ByteView ipPacket);
/// Reads a whole IP packet for which IsBfd() holds.
DropReason ReadBfdPacket(ByteView ipPacket,
                         BfdPacket& packet,
                         IpAddress& source,
                         IpAddress& destination);

} // namespace weft::vxlan

#endif
