// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * One end of a session between an agent and the controller: records delivered once each and in
 * order over datagrams that may be lost, doubled or reordered; a sign of life when idle.
 *
 * Updates are numbered from 1 and acknowledged cumulatively; at most @c window are under way; each
 * is sent again when it has not been acknowledged in time, the time doubling up to eightfold.
 * Silence of @c misses keepalive intervals ends the session (Dead()).
 */
#ifndef VXLAN_CONTROLLER_CHANNEL_H
#define VXLAN_CONTROLLER_CHANNEL_H

#include "vxlan-controller-message.h"

#include <deque>
#include <map>

namespace weft::vxlan
{

struct ControllerChannelConfig
{
    TimeNs keepalive = std::chrono::seconds{1};
    std::uint32_t misses = 3;
    TimeNs retransmit = std::chrono::milliseconds{200};
    std::uint32_t window = 64;   ///< Updates under way
    std::size_t datagram = 1400; ///< bytes of the longest datagram, 128 to 65000
};

/// @throws std::invalid_argument naming the field, its value and the rule
void Validate(const ControllerChannelConfig& config);

struct ControllerChannelCounters
{
    std::uint64_t updatesSent = 0;
    std::uint64_t retransmitted = 0;
    std::uint64_t keepalivesSent = 0; ///< acknowledgements without records included
    std::uint64_t updatesReceived = 0;
    std::uint64_t recordsReceived = 0;

    ControllerChannelCounters& operator+=(const ControllerChannelCounters& other);
};

class ControllerChannel
{
  public:
    explicit ControllerChannel(const ControllerChannelConfig& config);

    /// Begins a session, with nothing to send.
    void Open(std::uint32_t session, std::uint32_t peerSession, TimeNs now);

    /// Puts a record at the end of what is to be sent.
    void Send(const ControllerRecord& record);

    /**
     * An Update or KeepAlive of this session arrived.
     *
     * @return None; Duplicate and OutOfWindow, whose records are not heeded; BadRecord: the records
     * up to the bad one count
     */
    ControllerReason OnDatagram(const ControllerHeader& header, ByteView records, TimeNs now);

    struct Received
    {
        ControllerRecord record;
        /// When its event happened, by the clock here: the sender says how long before sending;
        /// the way of the datagram does not count.
        TimeNs happened{0};
    };

    /// Takes the next record in the order in which they were sent.
    bool PollRecord(Received& received);
    /// Takes the next datagram to send.
    bool PollDatagram(Bytes& datagram, TimeNs now);

    /// @return whether the peer has been silent for too long
    bool
    Dead(TimeNs now) const
    {
        return now >= m_heard + m_config.misses * m_config.keepalive;
    }

    /// @return when PollDatagram() has something to send again, or Dead() has to be asked
    TimeNs NextDeadline() const;

    /// @return records not yet acknowledged by the peer, in datagrams, and those not sent at all
    std::size_t
    Outstanding() const
    {
        return m_underWay.size() + m_backlog.size();
    }

    std::uint32_t
    Session() const
    {
        return m_session;
    }

    std::uint32_t
    PeerSession() const
    {
        return m_peerSession;
    }

    const ControllerChannelCounters&
    Counters() const
    {
        return m_counters;
    }

  private:
    struct UnderWay
    {
        std::uint32_t sequence = 0;
        Bytes bytes;
        TimeNs due{0}; ///< to be sent again
        std::uint32_t tries = 0;
    };

    struct Early
    {
        Bytes records;
        std::uint64_t clock = 0;
        TimeNs arrived{0};
    };

    ControllerReason Deliver(ByteView records, std::uint64_t clock, TimeNs arrived);
    void Acknowledged(std::uint32_t ack);
    void Stamp(Bytes& datagram, TimeNs now);

    ControllerChannelConfig m_config;
    std::uint32_t m_session = 0;
    std::uint32_t m_peerSession = 0;
    std::deque<ControllerRecord> m_backlog;
    std::deque<UnderWay> m_underWay; ///< ascending sequence
    std::uint32_t m_nextSequence = 1;
    std::map<std::uint32_t, Early> m_early; ///< Updates ahead of a missing one
    std::uint32_t m_received = 0;           ///< all up to this one
    std::deque<Received> m_records;
    bool m_ackDue = false;
    TimeNs m_heard{0};
    TimeNs m_spoken{0};
    ControllerChannelCounters m_counters;
};

} // namespace weft::vxlan

#endif
