// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-timer.h"

#include "ns3/event-impl.h"
#include "ns3/simulator.h"

#include <algorithm>

namespace ns3
{
namespace vxlan
{

using weft::netbase::NEVER;
using weft::netbase::TimeNs;

TimeNs
Now()
{
    return TimeNs{Simulator::Now().GetNanoSeconds()};
}

TimeNs
ToCore(Time time)
{
    return TimeNs{time.GetNanoSeconds()};
}

/// Scheduled again and again; may outlive its timer in the event queue.
class Timer::Event : public EventImpl
{
  public:
    /// @param timer whose event this is
    explicit Event(Timer* timer) : m_timer(timer)
    {
    }

    /// The timer is gone.
    void
    Detach()
    {
        m_timer = nullptr;
    }

  protected:
    void
    Notify() override
    {
        if (m_timer)
        {
            m_timer->m_pending.pop_back();
            m_timer->m_expired();
        }
    }

  private:
    Timer* m_timer; ///< owner; null when there is none any more
};

Timer::Timer(Callback<void> expired) : m_expired(expired)
{
}

Timer::~Timer()
{
    Stop();
}

void
Timer::Arm(TimeNs deadline, uint32_t context)
{
    if (deadline == NEVER)
    {
        return;
    }
    const TimeNs at = std::max(deadline, Now());
    if (!m_pending.empty() && m_pending.back() <= at)
    {
        return;
    }
    if (!m_event)
    {
        m_event = Create<Event>(this);
    }
    m_pending.push_back(at);
    m_event->Ref();
    Simulator::ScheduleWithContext(
        context, NanoSeconds((at - Now()).count()), PeekPointer(m_event));
}

void
Timer::Stop()
{
    if (m_event)
    {
        static_cast<Event*>(PeekPointer(m_event))->Detach();
        m_event = nullptr;
        m_pending.clear();
    }
}

} // namespace vxlan
} // namespace ns3
