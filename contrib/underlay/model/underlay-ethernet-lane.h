// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * One direction of one member of an Ethernet link: queue, line and wire.
 */
#ifndef UNDERLAY_ETHERNET_LANE_H
#define UNDERLAY_ETHERNET_LANE_H

#include "ns3/underlay-path-weather.h"
#include "underlay-deadline.h"
#include "underlay-fifo-line.h"
#include "underlay-frame-drop.h"
#include "underlay-ring.h"

#include "ns3/packet.h"
#include "ns3/ptr.h"

#include <cstdint>
#include <memory>

namespace ns3
{
namespace underlay
{

class EthernetDevice;
class EthernetLink;

/**
 * @ingroup underlay
 *
 * Frames are delivered in the order in which they were accepted: weather that would let one
 * overtake another (its reorder setting) delays the others with it.
 */
class EthernetLane
{
  public:
    /// @param from the sending end @param to the receiving end @param link theirs
    EthernetLane(EthernetDevice& from, EthernetDevice& to, EthernetLink& link);

    EthernetLane(const EthernetLane&) = delete;
    EthernetLane& operator=(const EthernetLane&) = delete;

    /**
     * Takes a frame, or drops it.
     *
     * @param frame the lane's from here on
     * @return false if there was no room
     */
    bool Accept(Ptr<Packet> frame);

    /// Loses what waits, is being transmitted or is on the wire.
    void Flush();

    /// @param up whether the cable is whole; Flush() is the caller's to call
    void
    SetUp(bool up)
    {
        m_up = up;
    }

    /// @return whether the cable is whole
    bool
    IsUp() const
    {
        return m_up;
    }

    /// @param weather of the wire; null: none
    void
    SetWeather(std::unique_ptr<weft::underlay::PathWeather> weather)
    {
        m_weather = std::move(weather);
    }

    /// @return the line, to set its rate and queue limit
    FifoLine&
    GetLine()
    {
        return m_line;
    }

    /// @return frames that got onto the line or into its queue
    const PacketCount&
    GetTransmitted() const
    {
        return m_transmitted;
    }

    /// @return how much time these take on the line, ns
    int64_t
    GetBusy() const
    {
        return m_busy;
    }

    /// @return frames under way
    uint64_t
    GetUnderWay() const
    {
        return m_underWay.GetSize();
    }

  private:
    friend class Deadline<EthernetLane>;

    /// A frame under way.
    struct Delivery
    {
        int64_t at{0};     ///< its last bit at the far end
        Ptr<Packet> frame; ///< the frame
    };

    /// Makes sure that an event is pending for the next delivery.
    void Arm();
    /// Delivers what is due.
    void OnDeadline();

    EthernetDevice& m_from;                                 ///< sending end
    EthernetDevice& m_to;                                   ///< receiving end
    EthernetLink& m_link;                                   ///< link
    bool m_up{true};                                        ///< cable
    FifoLine m_line;                                        ///< queue and line
    int64_t m_lastArrival{0};                               ///< nothing arrives before
    int64_t m_busy{0};                                      ///< sum of transmission times
    PacketCount m_transmitted;                              ///< accepted
    Ring<Delivery> m_underWay;                              ///< by time
    Deadline<EthernetLane> m_deadline;                      ///< the next delivery
    std::unique_ptr<weft::underlay::PathWeather> m_weather; ///< of the wire
};

} // namespace underlay
} // namespace ns3

#endif
