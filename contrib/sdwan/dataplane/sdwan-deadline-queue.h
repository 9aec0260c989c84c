// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The earliest deadline of many timer owners (tunnels, FEC groups, jitter buffers, flows).
 *
 * A binary heap with lazy correction: an owner whose deadline moves later keeps its old entry,
 * which is found early when it comes up and is put back at its true place. So Update() is O(1) in
 * the common case of a deadline that only moves away, and the host needs a single timer for the
 * whole data plane.
 */
#ifndef SDWAN_DEADLINE_QUEUE_H
#define SDWAN_DEADLINE_QUEUE_H

#include "sdwan-types.h"

#include <algorithm>
#include <vector>

namespace weft::sdwan
{

/// Names a timer owner: what it is, and which one.
struct TimerOwner
{
    enum Kind : std::uint8_t
    {
        Tunnel,      ///< measurement and control of a tunnel
        TunnelFec,   ///< parity of a (tunnel, class)
        FlowFec,     ///< parity of a flow
        ReceiveFlow, ///< jitter buffer
        SendFlow,    ///< steering
        Housekeeping,
    };

    Kind kind = Tunnel;
    std::uint64_t index = 0;

    friend bool operator==(const TimerOwner&, const TimerOwner&) = default;
};

class DeadlineQueue
{
  public:
    /**
     * Says that an owner wants to be called at @p deadline.
     *
     * @param owner the owner
     * @param queued the instant for which the owner has an entry in this queue, NEVER if none; kept
     * by the owner, written here
     * @param deadline when it wants to be called; NEVER for not at all
     */
    void
    Update(TimerOwner owner, TimeNs& queued, TimeNs deadline)
    {
        if (deadline < queued)
        {
            queued = deadline;
            m_heap.push_back({deadline, m_serial++, owner});
            std::push_heap(m_heap.begin(), m_heap.end(), Later);
        }
    }

    /// When to call PopDue() next; NEVER when nobody waits. May be early, never late.
    TimeNs
    Next() const
    {
        return m_heap.empty() ? NEVER : m_heap.front().at;
    }

    /**
     * Takes the next entry that is due.
     *
     * @param now the present
     * @param[out] owner whose entry it was
     * @param[out] at the instant of the entry: it is the owner's live entry if it equals the
     * owner's `queued`
     * @return whether there was one
     */
    bool
    PopDue(TimeNs now, TimerOwner& owner, TimeNs& at)
    {
        if (m_heap.empty() || m_heap.front().at > now)
        {
            return false;
        }
        std::pop_heap(m_heap.begin(), m_heap.end(), Later);
        owner = m_heap.back().owner;
        at = m_heap.back().at;
        m_heap.pop_back();
        return true;
    }

  private:
    struct Entry
    {
        TimeNs at;
        std::uint64_t serial; ///< equal instants come up in the order of Update(), so runs repeat
        TimerOwner owner;
    };

    static bool
    Later(const Entry& a, const Entry& b)
    {
        return a.at != b.at ? a.at > b.at : a.serial > b.serial;
    }

    std::vector<Entry> m_heap;
    std::uint64_t m_serial = 0;
};

} // namespace weft::sdwan

#endif
