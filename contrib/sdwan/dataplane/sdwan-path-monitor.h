// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Measurement of one tunnel at one end: liveness, and quality in both directions.
 *
 * How it is driven (sans-I/O). `now` is the Edge's *local* clock, the one its datagrams are stamped
 * from (StampOf(now)); it may be offset from and skewed against the peer's.
 *  - every authenticated datagram of the tunnel: OnReceived(); then OnControl() for each control
 * message in it;
 *  - every datagram sent on the tunnel: OnSent();
 *  - at NextDeadline(), and after any of the calls above: PollControl() until it returns nothing,
 * packing what it returns into one control datagram; then PollEvent().
 *
 * Who measures what. The receiver measures a direction from the tunnel sequence and stamp of
 * *every* datagram, data or control, and returns it in Reports each 100 ms. While data is being
 * sent there are no probes; when the tunnel is idle a probe goes out each 100 ms (500 ms after five
 * minutes without data in either direction).
 *
 * Liveness. Probes and data ask for an answer; ProbeReply and Report give it by echoing the send
 * stamp of what arrived. Three answers missed in a row make the tunnel unusable: 300 ms after the
 * first datagram that stays unanswered (plus, for a round-trip time beyond 100 ms, the excess), and
 * never later than 300 ms plus one probe interval after the path broke, in either direction, idle
 * or busy. In the slow idle mode the first missed answer returns probing to 100 ms at once.
 */
#ifndef SDWAN_PATH_MONITOR_H
#define SDWAN_PATH_MONITOR_H

#include "sdwan-control-message.h"
#include "sdwan-delay-window.h"
#include "sdwan-loss-window.h"
#include "sdwan-pair-clock.h"
#include "sdwan-path-quality.h"

#include <array>
#include <optional>

namespace weft::sdwan
{

struct PathMonitorConfig
{
    TimeNs probeInterval = std::chrono::milliseconds{100};     ///< > 0
    TimeNs idleProbeInterval = std::chrono::milliseconds{500}; ///< >= probeInterval
    TimeNs idleAfter = std::chrono::minutes{5};                ///< >= 0
    TimeNs reportInterval = std::chrono::milliseconds{100};    ///< > 0
    unsigned missesToFail = 3; ///< consecutive missed answers that make the tunnel unusable; >= 1
    unsigned answersToRecover = 3; ///< consecutive answers that make it usable again; >= 1
    TimeNs delayWindow = std::chrono::seconds{2}; ///< instantaneous window of delay and jitter
    TimeNs lossWindow = std::chrono::seconds{5};  ///< instantaneous window of loss
    TimeNs smoothedWindow =
        std::chrono::minutes{2}; ///< a multiple of delayWindow, at most 240 of them
    TimeNs reorderWait = std::chrono::milliseconds{200}; ///< a gap is loss only after this wait
    double confidence = 0.95;                            ///< level of all intervals, in (0, 1)
};

/// The tunnel became usable or unusable.
struct PathEvent
{
    bool up = false;
    TimeNs at{0};
    std::string_view timer; ///< what ran out: "missed-answers"; for up: "answers"
    TimeNs timerValue{0};   ///< its length
    unsigned count = 0;     ///< answers missed, or answers received
    TimeNs lastAnswer{0}; ///< send instant of the last datagram known to have arrived; 0: none ever
    TimeNs lastReceived{
        0}; ///< last datagram from the peer: recent if only the outbound direction broke
};

class PathMonitor
{
  public:
    /**
     * @param config attributes
     * @param clock the peer's PairClock; must outlive the monitor
     * @param start the present
     * @throws std::invalid_argument naming the field, its value and the rule
     */
    PathMonitor(const PathMonitorConfig& config, PairClock& clock, TimeNs start);

    /**
     * An authenticated, not replayed datagram arrived.
     *
     * @param tunnelSequence low 32 bits of its tunnel sequence (counts every datagram of the
     * direction)
     * @param stamp its 24-bit send stamp
     * @param now arrival
     * @param isData false if it carries only control messages
     */
    void OnReceived(std::uint32_t tunnelSequence, std::uint32_t stamp, TimeNs now, bool isData);

    /// A datagram was sent (stamped StampOf(now)). For control datagrams, call after packing what
    /// PollControl() returned.
    void OnSent(TimeNs now, bool isData);

    /// A control message of the datagram last given to OnReceived(). FlowAffinity is ignored here.
    void OnControl(const ControlMessage& message, TimeNs now);

    /// Runs the timers and returns the next control message to send on this tunnel, if any.
    std::optional<ControlMessage> PollControl(TimeNs now);

    /// The next change of usability, oldest first.
    std::optional<PathEvent> PollEvent();

    /// When to call PollControl() next; never NEVER, as a tunnel is always probed.
    TimeNs NextDeadline() const;

    /// Whether the tunnel answers. False until its first answer.
    bool
    Usable() const
    {
        return m_usable;
    }

    /// From here to the peer, as the peer last reported it.
    const PathQuality&
    Forward() const
    {
        return m_forward;
    }

    /// From the peer to here, as measured here; renewed each reportInterval.
    const PathQuality&
    Reverse() const
    {
        return m_reverse;
    }

    /// Grows with every renewal of Forward(), Reverse() or Usable(): a cheap "did anything
    /// change?".
    std::uint64_t
    Version() const
    {
        return m_version;
    }

  private:
    /// Send instants of datagrams that ask for an answer, at least 10 ms apart.
    static constexpr std::size_t MARKS = 128;

    void Confirm(std::uint32_t echoedStamp, std::uint32_t holdUs, TimeNs now);
    void CheckLiveness(TimeNs now);
    void Renew(TimeNs now);
    void UpdateClock(TimeNs now);
    TimeNs FailureDeadline() const;
    TimeNs AnswerAllowance() const;
    TimeNs ProbeDeadline() const;
    void Raise(bool up, TimeNs now, unsigned count, std::string_view timer, TimeNs value);

    PathMonitorConfig m_config;
    PairClock& m_clock;
    std::size_t m_slot;
    double m_z;
    LossWindow m_loss;
    DelayWindow m_delay;

    // liveness
    bool m_usable = false;
    bool m_everAnswered = false;
    unsigned m_answersInRow = 0;
    TimeNs m_lastConfirmed{0}; ///< send instant of the newest datagram known to have arrived
    std::array<TimeNs, MARKS> m_asked{}; ///< ring, ascending: unconfirmed send instants
    std::size_t m_askedFirst = 0;
    std::size_t m_askedCount = 0;
    double m_rttUs = 0; ///< smoothed, RFC 6298
    double m_rttVarUs = 0;
    bool m_rttKnown = false;

    // sending
    std::uint32_t m_nextProbe = 1;
    bool m_probeTaken = false; ///< a probe was handed out and not yet seen in OnSent()
    TimeNs m_lastAsked;        ///< last datagram sent that asks for an answer
    TimeNs m_lastData;         ///< last data datagram in either direction
    TimeNs m_nextReport;
    bool m_reportOwed = false;

    // receiving
    bool m_received = false;
    std::uint32_t m_receivedStamp = 0; ///< of the latest datagram
    TimeNs m_receivedAt{0};
    TimeNs m_heardAt{0};                   ///< arrival of any datagram
    bool m_reportedDelays = false;         ///< the peer's last report had delay samples
    double m_reportedMinUs = 0;            ///< their minimum
    std::array<ProbeReply, 4> m_replies{}; ///< owed; holdUs is filled in when they are taken
    std::array<TimeNs, 4> m_replyFrom{};
    std::size_t m_replyCount = 0;

    std::array<PathEvent, 4> m_events{};
    std::size_t m_eventFirst = 0;
    std::size_t m_eventCount = 0;

    WindowStatistics m_in;
    WindowStatistics m_inSmoothed;
    PathQuality m_forward;
    PathQuality m_reverse;
    std::uint64_t m_version = 0;
    TimeNs m_nextRenewal;
};

} // namespace weft::sdwan

#endif
