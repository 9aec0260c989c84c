// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-path-monitor.h"

#include "sdwan-interval.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace weft::sdwan
{

namespace
{

using namespace std::chrono_literals;

/// Sends that ask for an answer are remembered at most this often; liveness needs no more.
constexpr TimeNs MARK_SPACING = 10ms;

void
Require(bool ok, const char* field, const std::string& value, const char* rule)
{
    if (!ok)
    {
        throw std::invalid_argument(std::string("path monitor: ") + field + " = " + value + ": " +
                                    rule);
    }
}

void
RequireTime(bool ok, const char* field, TimeNs value, const char* rule)
{
    Require(ok, field, std::to_string(value.count()) + " ns", rule);
}

const PathMonitorConfig&
Checked(const PathMonitorConfig& c)
{
    RequireTime(c.probeInterval > 0ns, "probeInterval", c.probeInterval, "must be positive");
    RequireTime(c.idleProbeInterval >= c.probeInterval,
                "idleProbeInterval",
                c.idleProbeInterval,
                "must not be below probeInterval");
    RequireTime(c.idleAfter >= 0ns, "idleAfter", c.idleAfter, "must not be negative");
    RequireTime(c.reportInterval > 0ns, "reportInterval", c.reportInterval, "must be positive");
    Require(c.missesToFail >= 1, "missesToFail", std::to_string(c.missesToFail), "must be >= 1");
    Require(c.answersToRecover >= 1,
            "answersToRecover",
            std::to_string(c.answersToRecover),
            "must be >= 1");
    RequireTime(c.delayWindow >= 20ms, "delayWindow", c.delayWindow, "must be at least 20 ms");
    RequireTime(c.lossWindow >= 50ms, "lossWindow", c.lossWindow, "must be at least 50 ms");
    RequireTime(c.smoothedWindow >= c.delayWindow &&
                    c.smoothedWindow.count() % c.delayWindow.count() == 0 &&
                    c.smoothedWindow / c.delayWindow <= 240,
                "smoothedWindow",
                c.smoothedWindow,
                "must be 1 to 240 times delayWindow");
    RequireTime(c.reorderWait >= 8ns, "reorderWait", c.reorderWait, "must be at least 8 ns");
    Require(c.confidence > 0 && c.confidence < 1,
            "confidence",
            std::to_string(c.confidence),
            "must lie between 0 and 1");
    return c;
}

TimeNs
FloorToUs(TimeNs t)
{
    return std::chrono::floor<std::chrono::microseconds>(t);
}

std::uint32_t
MicrosecondsSince(TimeNs since, TimeNs now)
{
    return static_cast<std::uint32_t>((now - since) / 1us);
}

std::uint32_t
Narrow(std::uint64_t n)
{
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(n, 0xffffffff));
}

void
Fill(WindowStatistics& s, const LossCounts& c)
{
    s.received = Narrow(c.received);
    s.lost = Narrow(c.lost);
    s.lossRuns = Narrow(c.runs);
    s.reordered = Narrow(c.reordered);
}

} // namespace

PathMonitor::PathMonitor(const PathMonitorConfig& config, PairClock& clock, TimeNs start)
    : m_config(Checked(config)), m_clock(clock), m_slot(clock.AddTunnel()),
      m_z(NormalQuantile(config.confidence)),
      m_loss(config.reorderWait, config.lossWindow, config.smoothedWindow, start),
      m_delay(config.delayWindow, config.smoothedWindow, clock, start),
      m_lastAsked(start - config.probeInterval), m_lastData(start), m_nextReport(start),
      m_nextRenewal(start + config.reportInterval)
{
}

void
PathMonitor::OnReceived(std::uint32_t tunnelSequence, std::uint32_t stamp, TimeNs now, bool isData)
{
    if (!m_usable)
    {
        m_loss.Skip(tunnelSequence);
    }
    m_loss.OnReceived(tunnelSequence, now);
    m_delay.OnReceived(stamp, now);
    // A reordered older datagram does not replace the newest as the one to echo.
    if (!m_received || StampDifference(stamp, m_receivedStamp) > 0 || now - m_receivedAt > 1s)
    {
        m_receivedStamp = stamp;
        m_receivedAt = now;
    }
    m_received = true;
    m_heardAt = now;
    if (isData)
    {
        m_reportOwed = true;
        m_lastData = now;
    }
}

void
PathMonitor::OnSent(TimeNs now, bool isData)
{
    if (isData)
    {
        m_lastData = now;
    }
    if (!isData && !m_probeTaken)
    {
        return; // asks for no answer
    }
    m_probeTaken = false;
    m_lastAsked = now;
    if (!m_usable && m_everAnswered)
    {
        return; // nothing left to find out by silence
    }
    const TimeNs at = FloorToUs(now);
    if (m_askedCount > 0)
    {
        const TimeNs last = m_asked[(m_askedFirst + m_askedCount - 1) % MARKS];
        if (at - last < MARK_SPACING || m_askedCount == MARKS)
        {
            return;
        }
    }
    m_asked[(m_askedFirst + m_askedCount) % MARKS] = at;
    ++m_askedCount;
}

void
PathMonitor::OnControl(const ControlMessage& message, TimeNs now)
{
    if (const auto* probe = std::get_if<Probe>(&message))
    {
        m_reportOwed = true;
        if (m_replyCount < m_replies.size())
        {
            m_replies[m_replyCount] = {probe->id, m_receivedStamp, 0};
            m_replyFrom[m_replyCount] = m_receivedAt;
            ++m_replyCount;
        }
    }
    else if (const auto* reply = std::get_if<ProbeReply>(&message))
    {
        Confirm(reply->stamp, reply->holdUs, now);
    }
    else if (const auto* report = std::get_if<Report>(&message))
    {
        Confirm(report->stamp, report->holdUs, now);
        m_reportedMinUs = report->instantaneous.minUs;
        m_reportedDelays = report->instantaneous.delays > 0;
        UpdateClock(now);
        m_forward.instantaneous =
            Estimate(report->instantaneous, PathDirection::Outbound, m_clock, m_z, true);
        m_forward.smoothed =
            Estimate(report->smoothed, PathDirection::Outbound, m_clock, m_z, false);
        m_forward.rttMs = m_rttUs / 1000;
        m_forward.updated = now;
        ++m_version;
    }
}

void
PathMonitor::Confirm(std::uint32_t echoedStamp, std::uint32_t holdUs, TimeNs now)
{
    const std::uint32_t age = (StampOf(now) - echoedStamp) & STAMP_MASK;
    if (holdUs > age)
    {
        return; // contradicts itself: held for longer than since it was sent
    }
    const TimeNs sent = FloorToUs(now) - std::chrono::microseconds{age};
    if (m_everAnswered && sent <= m_lastConfirmed)
    {
        return;
    }
    // RFC 6298 section 2.
    const double rtt = age - holdUs;
    if (m_rttKnown)
    {
        m_rttVarUs += (std::abs(rtt - m_rttUs) - m_rttVarUs) / 4;
        m_rttUs += (rtt - m_rttUs) / 8;
    }
    else
    {
        m_rttKnown = true;
        m_rttUs = rtt;
        m_rttVarUs = rtt / 2;
    }
    while (m_askedCount > 0 && m_asked[m_askedFirst] <= sent)
    {
        m_askedFirst = (m_askedFirst + 1) % MARKS;
        --m_askedCount;
    }
    if (!m_usable)
    {
        // A report and a reply to the same probe are one answer; a pause starts the count anew.
        const TimeNs since = sent - m_lastConfirmed;
        if (!m_everAnswered || since >= m_config.probeInterval / 2)
        {
            const bool inRow =
                since <= m_config.missesToFail * m_config.probeInterval && m_answersInRow > 0;
            m_answersInRow = inRow ? m_answersInRow + 1 : 1;
        }
        if (!m_everAnswered || m_answersInRow >= m_config.answersToRecover)
        {
            m_askedCount = 0;
            m_lastConfirmed = sent;
            Raise(true, now, m_answersInRow, "answers", 0ns);
        }
    }
    m_everAnswered = true;
    m_lastConfirmed = sent;
}

TimeNs
PathMonitor::AnswerAllowance() const
{
    const double us = m_rttKnown ? m_rttUs + 4 * m_rttVarUs : 0;
    return std::max(m_config.probeInterval, TimeNs{static_cast<std::int64_t>(us * 1000)});
}

TimeNs
PathMonitor::FailureDeadline() const
{
    // Misses - 1 further probes go out after the first unanswered datagram, and the last of them
    // has its time to be answered. What is left of one probe interval since the last datagram that
    // did get through is granted on top, as a report may wait that long at the peer; the path
    // cannot have broken before that datagram.
    const TimeNs first = m_asked[m_askedFirst];
    const TimeNs grant = std::clamp(
        m_config.probeInterval - (first - m_lastConfirmed), TimeNs{0}, m_config.probeInterval);
    return first + (m_config.missesToFail - 1) * m_config.probeInterval + AnswerAllowance() + grant;
}

TimeNs
PathMonitor::ProbeDeadline() const
{
    if (m_lastAsked - m_lastData < m_config.idleAfter)
    {
        return m_lastAsked + m_config.probeInterval;
    }
    TimeNs slow = m_lastAsked + m_config.idleProbeInterval;
    if (m_askedCount > 0)
    {
        slow = std::min(slow,
                        std::max(m_asked[m_askedFirst] + AnswerAllowance(),
                                 m_lastAsked + m_config.probeInterval));
    }
    return slow;
}

void
PathMonitor::CheckLiveness(TimeNs now)
{
    if (m_usable && m_askedCount > 0 && now >= FailureDeadline())
    {
        const TimeNs waited = now - m_asked[m_askedFirst];
        m_askedCount = 0;
        m_answersInRow = 0;
        m_clock.Forget(m_slot);
        Raise(false, now, m_config.missesToFail, "missed-answers", waited);
    }
}

void
PathMonitor::Raise(bool up, TimeNs now, unsigned count, std::string_view timer, TimeNs value)
{
    m_usable = up;
    ++m_version;
    if (m_eventCount == m_events.size())
    {
        m_eventFirst = (m_eventFirst + 1) % m_events.size();
        --m_eventCount;
    }
    m_events[(m_eventFirst + m_eventCount) % m_events.size()] = {
        up, now, timer, value, count, m_lastConfirmed, m_heardAt};
    ++m_eventCount;
}

std::optional<PathEvent>
PathMonitor::PollEvent()
{
    if (m_eventCount == 0)
    {
        return std::nullopt;
    }
    const PathEvent event = m_events[m_eventFirst];
    m_eventFirst = (m_eventFirst + 1) % m_events.size();
    --m_eventCount;
    return event;
}

void
PathMonitor::UpdateClock(TimeNs now)
{
    if (m_usable && m_reportedDelays && m_in.delays > 0)
    {
        m_clock.Update(m_slot, m_in.minUs, m_reportedMinUs, now);
    }
}

void
PathMonitor::Renew(TimeNs now)
{
    m_loss.Advance(now);
    m_delay.Advance(now);
    m_in = {};
    m_inSmoothed = {};
    Fill(m_in, m_loss.Instantaneous());
    Fill(m_inSmoothed, m_loss.Smoothed());
    m_delay.Instantaneous(m_in, m_z);
    m_delay.Smoothed(m_inSmoothed, m_z);
    UpdateClock(now);
    m_reverse.instantaneous = Estimate(m_in, PathDirection::Inbound, m_clock, m_z, true);
    m_reverse.smoothed = Estimate(m_inSmoothed, PathDirection::Inbound, m_clock, m_z, false);
    m_reverse.rttMs = m_rttUs / 1000;
    m_reverse.updated = now;
    ++m_version;
    const bool slow = now - m_lastData >= m_config.idleAfter;
    m_nextRenewal = now + (slow ? m_config.idleProbeInterval : m_config.reportInterval);
}

std::optional<ControlMessage>
PathMonitor::PollControl(TimeNs now)
{
    CheckLiveness(now);
    if (m_replyCount > 0)
    {
        --m_replyCount;
        ProbeReply reply = m_replies[m_replyCount];
        reply.holdUs = MicrosecondsSince(m_replyFrom[m_replyCount], now);
        return reply;
    }
    if (m_reportOwed && now >= m_nextReport)
    {
        Renew(now);
        m_reportOwed = false;
        m_nextReport = now + m_config.reportInterval;
        Report report;
        report.highestSequence = static_cast<std::uint32_t>(m_loss.Highest());
        report.stamp = m_receivedStamp;
        report.holdUs = MicrosecondsSince(m_receivedAt, now);
        report.instantaneous = m_in;
        report.smoothed = m_inSmoothed;
        return report;
    }
    if (now >= m_nextRenewal)
    {
        Renew(now);
    }
    if (!m_probeTaken && now >= ProbeDeadline())
    {
        m_probeTaken = true;
        return Probe{m_nextProbe++};
    }
    return std::nullopt;
}

TimeNs
PathMonitor::NextDeadline() const
{
    if (m_replyCount > 0)
    {
        return m_replyFrom[0];
    }
    TimeNs next = std::min(m_nextRenewal, ProbeDeadline());
    if (m_reportOwed)
    {
        next = std::min(next, m_nextReport);
    }
    if (m_usable && m_askedCount > 0)
    {
        next = std::min(next, FailureDeadline());
    }
    return next;
}

} // namespace weft::sdwan
