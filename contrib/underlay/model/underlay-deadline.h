// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * An event that its owner schedules again and again, so that a packet costs no allocation for it.
 */
#ifndef UNDERLAY_DEADLINE_H
#define UNDERLAY_DEADLINE_H

#include "ns3/event-impl.h"
#include "ns3/nstime.h"
#include "ns3/ptr.h"
#include "ns3/simple-ref-count.h"
#include "ns3/simulator.h"

#include <cstdint>
#include <vector>

namespace ns3
{
namespace underlay
{

/**
 * @ingroup underlay
 *
 * Calls Owner::OnDeadline() at the instants asked for. An instant later than one that is pending is
 * not scheduled: the owner asks again when it is called. So usually one event is pending.
 *
 * @tparam Owner has OnDeadline(), and befriends this class
 */
template <typename Owner>
class Deadline
{
  public:
    /// @param owner to call; has to outlive this
    explicit Deadline(Owner* owner) : m_event(Create<Event>(this)), m_owner(owner)
    {
    }

    ~Deadline()
    {
        m_event->m_deadline = nullptr;
    }

    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    /// @param at instant, ns; not before now @param node context of the event
    void
    At(int64_t at, uint32_t node)
    {
        if (m_pending.empty() || at < m_pending.back())
        {
            m_pending.push_back(at);
            m_event->Ref();
            Simulator::ScheduleWithContext(
                node, NanoSeconds(at) - Simulator::Now(), PeekPointer(m_event));
        }
    }

  private:
    /// The event.
    class Event : public EventImpl
    {
      public:
        /// @param deadline to call
        explicit Event(Deadline* deadline) : m_deadline(deadline)
        {
        }

        Deadline* m_deadline; ///< null once it is gone

      protected:
        void
        Notify() override
        {
            if (m_deadline)
            {
                m_deadline->m_pending.pop_back();
                m_deadline->m_owner->OnDeadline();
            }
        }
    };

    Ptr<Event> m_event;             ///< used over and over
    Owner* m_owner;                 ///< to call
    std::vector<int64_t> m_pending; ///< instants for which it is scheduled, the earliest last
};

} // namespace underlay
} // namespace ns3

#endif
