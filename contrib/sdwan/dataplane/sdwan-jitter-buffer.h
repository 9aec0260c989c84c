// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Per-flow reorder buffer: hands packets on in flow order, waiting a bounded time for the ones that
 * are missing.
 *
 * A packet in its place leaves at once. Behind a gap packets wait until the gap fills, until the
 * one that has waited longest has done so for `hold`, or until more than `maxPackets` wait; then
 * the places before it are given up. A packet whose place was given up is refused as Late. With
 * hold 0 the buffer is inactive: everything passes at once, in whatever order it comes. What passed
 * over a gap while inactive can still be passed over later, so that switching the buffer on loses
 * nothing.
 *
 * Invariants (while hold > 0 since the flow began): sequences leave strictly ascending; nothing is
 * held longer than the hold in force, given that the host calls PollRelease() at NextDeadline();
 * received = delivered + late + duplicates + depth. The hold should be at least the spread of
 * one-way delay between the paths in use (plus their jitter).
 */
#ifndef SDWAN_JITTER_BUFFER_H
#define SDWAN_JITTER_BUFFER_H

#include "sdwan-vcmp-header.h"

namespace weft::sdwan
{

struct JitterBufferConfig
{
    TimeNs cap = std::chrono::milliseconds(200); ///< the hold is never longer; >= 0
    std::size_t maxPackets = 10;                 ///< packets held at most, 1..65536
};

struct JitterBufferCounters
{
    std::uint64_t received = 0;
    std::uint64_t delivered = 0;  ///< handed on, at once or after waiting
    std::uint64_t held = 0;       ///< of these or still here: had to wait
    std::uint64_t reordered = 0;  ///< came after one with a later sequence
    std::uint64_t late = 0;       ///< refused: place given up
    std::uint64_t duplicates = 0; ///< refused: already waiting here
    std::uint64_t gaps = 0;       ///< runs of missing packets given up
    std::uint64_t missing = 0;    ///< packets in those runs
    std::uint64_t overflows = 0;  ///< gaps given up because too many were waiting
    std::uint64_t restarts = 0;   ///< Reset() or a jump backwards of RESTART_DISTANCE
    std::size_t maxDepth = 0;
    TimeNs addedDelay{}; ///< sum over the packets that waited
    TimeNs maxAddedDelay{};
};

class JitterBuffer
{
  public:
    enum class Verdict : std::uint8_t
    {
        Deliver,   ///< hand the bytes on now (nothing was copied), then poll
        Held,      ///< kept; poll
        Late,      ///< refused
        Duplicate, ///< refused
    };

    struct Released
    {
        std::uint32_t sequence = 0;
        ByteView bytes; ///< valid until the next call of OnPacket() or PollRelease()
        TimeNs arrived{};
    };

    /// A packet this far behind starts the flow anew.
    static constexpr std::int32_t RESTART_DISTANCE = 1 << 16;

    /// @throws std::invalid_argument naming the field that is out of range
    explicit JitterBuffer(const JitterBufferConfig& config = {});

    /**
     * Takes a packet of the flow.
     *
     * @param sequence flow sequence, 24 bits
     * @param bytes copied only if held
     * @param now the present
     */
    Verdict OnPacket(std::uint32_t sequence, ByteView bytes, TimeNs now);

    /// Takes the next packet that may leave. Call until false after each OnPacket(), and at
    /// NextDeadline().
    bool PollRelease(TimeNs now, Released& released);

    /// When PollRelease() is to be called again; NEVER if nothing waits.
    TimeNs NextDeadline() const;

    /// Sets how long to wait for missing packets, at most the cap; 0 switches the buffer off and
    /// frees what waits.
    void SetHold(TimeNs hold);

    TimeNs
    Hold() const
    {
        return m_hold;
    }

    std::size_t
    Depth() const
    {
        return m_depth;
    }

    /// The sender's counter was restarted: what waits leaves, the next packet starts the flow.
    void Reset();

    const JitterBufferCounters&
    Counters() const
    {
        return m_counters;
    }

  private:
    static constexpr std::uint32_t NIL = 0xffffffff;

    struct Slot
    {
        std::uint32_t sequence = 0;
        std::uint32_t before = NIL; ///< neighbour in sequence order; also links the free slots
        std::uint32_t after = NIL;
        std::uint32_t older = NIL; ///< neighbour in order of arrival
        std::uint32_t younger = NIL;
        TimeNs arrived{};
        Bytes bytes;
    };

    bool
    Active() const
    {
        return m_hold > TimeNs::zero();
    }

    bool MayLeave(TimeNs now) const;
    Verdict Keep(std::uint32_t sequence, ByteView bytes, TimeNs now);
    std::uint32_t Unlink(std::uint32_t slot);
    void StepPast(std::uint32_t sequence);

    JitterBufferConfig m_config;
    TimeNs m_hold{};
    std::vector<Slot> m_slots;
    std::uint32_t m_free = NIL;
    std::uint32_t m_released = NIL; ///< slot whose bytes the caller may be looking at
    std::uint32_t m_first = NIL;    ///< lowest sequence
    std::uint32_t m_last = NIL;
    std::uint32_t m_oldest = NIL; ///< earliest arrival
    std::uint32_t m_youngest = NIL;
    std::size_t m_depth = 0;
    bool m_started = false;
    bool m_draining = false;  ///< Reset(): all that waits leaves, whatever the gaps
    std::uint32_t m_next = 0; ///< place that is waited for
    std::uint32_t m_floor =
        0; ///< places before it passed while the buffer was off: never refused as late
    JitterBufferCounters m_counters;
};

} // namespace weft::sdwan

#endif
