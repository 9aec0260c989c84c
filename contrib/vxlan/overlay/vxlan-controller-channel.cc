// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-controller-channel.h"

#include <algorithm>
#include <stdexcept>

namespace weft::vxlan
{

namespace
{

constexpr std::uint32_t MAX_DOUBLINGS = 3;

} // namespace

void
Validate(const ControllerChannelConfig& config)
{
    const auto require = [](bool good, const char* message) {
        if (!good)
        {
            throw std::invalid_argument(message);
        }
    };
    require(config.keepalive > TimeNs{0}, "keepalive: must be positive");
    require(config.misses > 0, "misses: 0; must be 1 or more");
    require(config.retransmit > TimeNs{0}, "retransmit: must be positive");
    require(config.window > 0, "window: 0; must be 1 or more");
    if (config.datagram < 128 || config.datagram > 65000)
    {
        throw std::invalid_argument("datagram: " + std::to_string(config.datagram) +
                                    "; must be 128 to 65000 bytes");
    }
}

ControllerChannelCounters&
ControllerChannelCounters::operator+=(const ControllerChannelCounters& other)
{
    updatesSent += other.updatesSent;
    retransmitted += other.retransmitted;
    keepalivesSent += other.keepalivesSent;
    updatesReceived += other.updatesReceived;
    recordsReceived += other.recordsReceived;
    return *this;
}

ControllerChannel::ControllerChannel(const ControllerChannelConfig& config) : m_config(config)
{
}

void
ControllerChannel::Open(std::uint32_t session, std::uint32_t peerSession, TimeNs now)
{
    const ControllerChannelCounters counters = m_counters;
    *this = ControllerChannel(m_config);
    m_counters = counters;
    m_session = session;
    m_peerSession = peerSession;
    m_heard = now;
    m_spoken = now;
}

void
ControllerChannel::Send(const ControllerRecord& record)
{
    m_backlog.push_back(record);
}

ControllerReason
ControllerChannel::Deliver(ByteView records, std::uint64_t clock, TimeNs arrived)
{
    ++m_counters.updatesReceived;
    Received received;
    bool found = true;
    while (true)
    {
        const ControllerReason reason = NextRecord(records, received.record, found);
        if (!found)
        {
            return reason;
        }
        // A clock far off must not lead before all time.
        const std::uint64_t age = clock > received.record.at ? clock - received.record.at : 0;
        received.happened =
            arrived -
            std::min<TimeNs>(arrived,
                             std::chrono::microseconds(std::min(age, ControllerClock(arrived))));
        ++m_counters.recordsReceived;
        m_records.push_back(received);
    }
}

void
ControllerChannel::Acknowledged(std::uint32_t ack)
{
    while (!m_underWay.empty() && m_underWay.front().sequence <= ack)
    {
        m_underWay.pop_front();
    }
}

ControllerReason
ControllerChannel::OnDatagram(const ControllerHeader& header, ByteView records, TimeNs now)
{
    m_heard = now;
    Acknowledged(header.ack);
    if (header.type != ControllerMessage::Update)
    {
        return ControllerReason::None;
    }
    m_ackDue = true;
    if (header.sequence <= m_received || m_early.contains(header.sequence))
    {
        return ControllerReason::Duplicate;
    }
    if (header.sequence - m_received > m_config.window)
    {
        return ControllerReason::OutOfWindow;
    }
    if (header.sequence != m_received + 1)
    {
        m_early[header.sequence] = {{records.begin(), records.end()}, header.clock, now};
        return ControllerReason::None;
    }
    ControllerReason reason = Deliver(records, header.clock, now);
    ++m_received;
    for (auto next = m_early.begin(); next != m_early.end() && next->first == m_received + 1;
         next = m_early.erase(next))
    {
        const ControllerReason later =
            Deliver(next->second.records, next->second.clock, next->second.arrived);
        reason = reason == ControllerReason::None ? later : reason;
        ++m_received;
    }
    return reason;
}

bool
ControllerChannel::PollRecord(Received& received)
{
    if (m_records.empty())
    {
        return false;
    }
    received = m_records.front();
    m_records.pop_front();
    return true;
}

void
ControllerChannel::Stamp(Bytes& datagram, TimeNs now)
{
    FinishController(datagram, m_received, ControllerClock(now));
    m_ackDue = false;
    m_spoken = now;
}

bool
ControllerChannel::PollDatagram(Bytes& datagram, TimeNs now)
{
    if (m_session == 0)
    {
        return false;
    }
    for (UnderWay& old : m_underWay)
    {
        if (old.due <= now)
        {
            old.tries = std::min(old.tries + 1, MAX_DOUBLINGS);
            old.due = now + m_config.retransmit * (1 << old.tries);
            ++m_counters.retransmitted;
            Stamp(old.bytes, now);
            datagram = old.bytes;
            return true;
        }
    }
    if (!m_backlog.empty() && m_underWay.size() < m_config.window)
    {
        UnderWay& fresh = m_underWay.emplace_back();
        fresh.sequence = m_nextSequence++;
        fresh.due = now + m_config.retransmit;
        StartController(fresh.bytes,
                        {.type = ControllerMessage::Update,
                         .session = m_session,
                         .peerSession = m_peerSession,
                         .sequence = fresh.sequence});
        while (!m_backlog.empty() &&
               fresh.bytes.size() + RecordSize(m_backlog.front()) <= m_config.datagram)
        {
            AppendRecord(fresh.bytes, m_backlog.front());
            m_backlog.pop_front();
        }
        ++m_counters.updatesSent;
        Stamp(fresh.bytes, now);
        datagram = fresh.bytes;
        return true;
    }
    if (m_ackDue || now >= m_spoken + m_config.keepalive)
    {
        StartController(datagram,
                        {.type = ControllerMessage::KeepAlive,
                         .session = m_session,
                         .peerSession = m_peerSession});
        ++m_counters.keepalivesSent;
        Stamp(datagram, now);
        return true;
    }
    return false;
}

TimeNs
ControllerChannel::NextDeadline() const
{
    if (m_session == 0)
    {
        return NEVER;
    }
    TimeNs next =
        std::min(m_spoken + m_config.keepalive, m_heard + m_config.misses * m_config.keepalive);
    for (const UnderWay& old : m_underWay)
    {
        next = std::min(next, old.due);
    }
    return next;
}

} // namespace weft::vxlan
