// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * A transmission line behind ns-3's FqCoDel.
 */
#ifndef UNDERLAY_FQ_CODEL_LINE_H
#define UNDERLAY_FQ_CODEL_LINE_H

#include "ns3/callback.h"
#include "ns3/data-rate.h"
#include "ns3/event-id.h"
#include "ns3/nstime.h"
#include "ns3/packet.h"
#include "ns3/ptr.h"

#include <cstdint>

namespace ns3
{

class QueueDisc;
class QueueDiscItem;

namespace underlay
{

/**
 * @ingroup underlay
 *
 * A constant-rate line fed by an FqCoDelQueueDisc (RFC 8290) of the traffic-control module. CoDel
 * decides when a packet is taken out, so it cannot be computed ahead as in FifoLine: a backlog
 * costs one event a packet.
 */
class FqCodelLine
{
  public:
    /// Called as a packet's transmission starts, with the instant (ns) at which it ends.
    using StartCallback = Callback<void, Ptr<Packet>, int64_t>;
    /// Called with a discarded packet; true: because its queue was standing, false: because the
    /// limit was met.
    using DropCallback = Callback<void, Ptr<const Packet>, bool>;

    /**
     * @param rate of the line
     * @param packets limit of the queue
     * @param quantum of the deficit round robin, bytes: the MTU
     * @param overhead bytes of framing added to each packet on the line
     * @param start called for each packet that gets onto the line
     * @param drop called for each packet that does not
     */
    FqCodelLine(DataRate rate,
                uint32_t packets,
                uint32_t quantum,
                uint32_t overhead,
                StartCallback start,
                DropCallback drop);
    ~FqCodelLine();

    FqCodelLine(const FqCodelLine&) = delete;
    FqCodelLine& operator=(const FqCodelLine&) = delete;

    /// @param packet IPv4 packet, header included; must be the line's own
    void Enqueue(Ptr<Packet> packet);

    /**
     * Takes every waiting packet out and forgets the one in transmission.
     *
     * @param out called for each packet that waited
     */
    void Flush(Callback<void, Ptr<const Packet>> out);

    /// @return packets waiting
    uint32_t GetBacklog() const;

    /// @param rate of the line from the next packet on
    void
    SetRate(DataRate rate)
    {
        m_rate = rate;
    }

  private:
    /// Starts the next transmission if the line is idle, and sees to it that the one after it
    /// follows.
    void Run();
    /**
     * @param item a packet the queue disc discarded
     * @param reason the queue disc's text
     */
    void OnDrop(Ptr<const QueueDiscItem> item, const char* reason);

    DataRate m_rate;       ///< rate
    uint32_t m_overhead;   ///< bytes of framing
    StartCallback m_start; ///< a packet is on the line
    DropCallback m_drop;   ///< a packet is lost
    Ptr<QueueDisc> m_disc; ///< the queue
    Time m_freeAt;         ///< the line is idle from here on
    EventId m_next;        ///< end of a transmission with more waiting
};

} // namespace underlay
} // namespace ns3

#endif
