// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup vxlan
 * Time at the border of ns-3 and the cores, and the one timer each owner has.
 */
#ifndef VXLAN_TIMER_H
#define VXLAN_TIMER_H

#include "ns3/callback.h"
#include "ns3/netbase-types.h"
#include "ns3/nstime.h"
#include "ns3/ptr.h"

#include <cstdint>
#include <vector>

namespace ns3
{

class EventImpl;

namespace vxlan
{

/// @return the present, since the simulation's start
weft::netbase::TimeNs Now();

/// @return the same span for a core @param time of ns-3
weft::netbase::TimeNs ToCore(Time time);

/**
 * @ingroup vxlan
 * The deadline of a core as a pending event, always the same one. A deadline that moves away leaves
 * the event where it is: waking too early does no harm.
 */
class Timer
{
  public:
    /// @param expired called when a deadline has come, or before
    explicit Timer(Callback<void> expired);
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    /**
     * @param deadline instant by which the callback is to be called; one that has passed is the
     * present, NEVER is none
     * @param context id of the node that the event belongs to
     */
    void Arm(weft::netbase::TimeNs deadline, uint32_t context);
    /// Calls nobody any more.
    void Stop();

  private:
    class Event;

    Callback<void> m_expired;                     ///< whom to call
    Ptr<EventImpl> m_event;                       ///< made when first needed
    std::vector<weft::netbase::TimeNs> m_pending; ///< instants it is pending for, earliest last
};

} // namespace vxlan
} // namespace ns3

#endif
