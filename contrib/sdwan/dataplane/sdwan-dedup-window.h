// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Lets each sequence of a flow through once, whichever tunnel brings it.
 *
 * The input is authenticated and free of replays, so everything odd here is the sender's doing:
 * copies, reordering, a restarted counter. Invariant: within the window no sequence passes twice. A
 * sequence left of the window is refused as a duplicate, as nothing tells any more whether it came
 * - unless the whole flow has moved there: RESTART_RUN of them in ascending order with nothing
 * newer in between make the window start anew at the last of them.
 */
#ifndef SDWAN_DEDUP_WINDOW_H
#define SDWAN_DEDUP_WINDOW_H

#include "sdwan-replay-window.h"
#include "sdwan-vcmp-header.h"

namespace weft::sdwan
{

class DedupWindow
{
  public:
    /// Old sequences in a row that mean "the sender's counter was restarted".
    static constexpr unsigned RESTART_RUN = 16;

    /**
     * @param size sequences remembered, 64..2^21; at least the packets sent during the delay spread
     * of the paths
     * @throws std::invalid_argument outside that range
     */
    explicit DedupWindow(std::uint32_t size = 1024) : m_window(size)
    {
    }

    /// @return None the first time a sequence comes, Duplicate otherwise.
    DropReason
    Accept(std::uint32_t flowSequence)
    {
        switch (m_window.Look(flowSequence))
        {
        case Window::State::New:
            m_window.Mark(flowSequence);
            m_oldRun = 0;
            ++m_accepted;
            return DropReason::None;
        case Window::State::Seen:
            m_oldRun = 0;
            ++m_duplicates;
            return DropReason::Duplicate;
        default:
            return AcceptOld(flowSequence);
        }
    }

    std::uint64_t
    Accepted() const
    {
        return m_accepted;
    }

    std::uint64_t
    Duplicates() const
    {
        return m_duplicates;
    }

    /// How often the window started anew. A caller that orders the flow resets its buffer when this
    /// grows.
    std::uint64_t
    Restarts() const
    {
        return m_restarts;
    }

  private:
    using Window = SequenceWindow<FLOW_SEQUENCE_BITS>;

    DropReason
    AcceptOld(std::uint32_t flowSequence)
    {
        const bool follows =
            m_oldRun > 0 && SerialBefore<FLOW_SEQUENCE_BITS>(m_lastOld, flowSequence);
        m_oldRun = follows ? m_oldRun + 1 : 1;
        m_lastOld = flowSequence;
        if (m_oldRun < RESTART_RUN)
        {
            ++m_duplicates;
            return DropReason::Duplicate;
        }
        m_oldRun = 0;
        ++m_restarts;
        ++m_accepted;
        m_window.Clear();
        m_window.Mark(flowSequence);
        return DropReason::None;
    }

    Window m_window;
    unsigned m_oldRun = 0;
    std::uint32_t m_lastOld = 0;
    std::uint64_t m_accepted = 0;
    std::uint64_t m_duplicates = 0;
    std::uint64_t m_restarts = 0;
};

} // namespace weft::sdwan

#endif
