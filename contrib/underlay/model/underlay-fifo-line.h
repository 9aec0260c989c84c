// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * A transmission line behind a byte-limited FIFO, computed instead of simulated.
 */
#ifndef UNDERLAY_FIFO_LINE_H
#define UNDERLAY_FIFO_LINE_H

#include "underlay-ring.h"

#include "ns3/data-rate.h"

#include <array>
#include <cstdint>

namespace ns3
{
namespace underlay
{

/**
 * @ingroup underlay
 *
 * When a packet offered to a line starts and ends its transmission, known the moment it is offered:
 * a FIFO behind a constant rate needs no events. The packet in transmission is not in the queue; a
 * packet is refused if the packets waiting and itself exceed the limit, even where the line is idle
 * - the rules of a PointToPointNetDevice over a DropTailQueue whose MaxSize counts bytes.
 * Transmission times are DataRate's own.
 *
 * Packets must be offered in order of time. Times are nanoseconds since the start of the
 * simulation. A packet whose transmission starts at this very instant no longer waits.
 */
class FifoLine
{
  public:
    /// What comes first at one instant.
    enum class Tie
    {
        Departure, ///< the packet that gets onto the line no longer waits: locally sent packets
        Arrival,   ///< it still waits: packets from another node
    };

    /// When an accepted packet is on the line.
    struct Slot
    {
        int64_t start; ///< first bit
        int64_t end;   ///< last bit
    };

    /**
     * @param rate of the line from the next packet on; what was accepted keeps its times
     */
    void SetRate(DataRate rate);

    /// @return the rate of the line
    DataRate
    GetRate() const
    {
        return m_rate;
    }

    /// @param bytes most bytes waiting
    void
    SetLimit(uint32_t bytes)
    {
        m_limit = bytes;
    }

    /// @return most bytes waiting
    uint32_t
    GetLimit() const
    {
        return m_limit;
    }

    /**
     * @param bytes on the line, framing included
     * @return how long they take, ns
     */
    int64_t
    TxTime(uint32_t bytes)
    {
        TxTimeOf& known = m_txTimes[(bytes * 0x9E3779B1u) >> 28];
        if (known.bytes != bytes)
        {
            known = {bytes, ComputeTxTime(bytes)};
        }
        return known.time;
    }

    /// @return the instant from which the line is idle
    int64_t
    FreeAt() const
    {
        return m_freeAt;
    }

    /**
     * Offers a packet.
     *
     * @param now the instant
     * @param bytes on the line, framing included
     * @param tie what comes first at this instant
     * @param [out] slot its times, if accepted
     * @return whether there was room
     */
    bool
    Offer(int64_t now, uint32_t bytes, Tie tie, Slot& slot)
    {
        const int64_t gone = tie == Tie::Departure ? now : now - 1;
        while (!m_waiting.IsEmpty() && m_waiting.Front().start <= gone)
        {
            m_waitingBytes -= m_waiting.Front().bytes;
            m_waiting.PopFront();
        }
        if (m_waitingBytes + bytes > m_limit)
        {
            return false;
        }
        const bool waits = m_freeAt > gone;
        slot.start = m_freeAt > now ? m_freeAt : now;
        slot.end = slot.start + TxTime(bytes);
        m_freeAt = slot.end;
        if (waits)
        {
            m_waiting.PushBack({slot.start, bytes});
            m_waitingBytes += bytes;
        }
        return true;
    }

    /**
     * Forgets what waits and what is being transmitted.
     *
     * @param now the instant from which the line is idle
     */
    void Flush(int64_t now);

  private:
    /// A packet not yet on the line.
    struct Waiting
    {
        int64_t start;  ///< when its transmission starts
        uint32_t bytes; ///< its size
    };

    /// How long a size takes.
    struct TxTimeOf
    {
        uint32_t bytes{0}; ///< on the line
        int64_t time{0};   ///< ns
    };

    /// @param bytes on the line @return how long they take
    int64_t ComputeTxTime(uint32_t bytes) const;

    DataRate m_rate{100000000};           ///< rate
    uint32_t m_limit{256 * 1024};         ///< most bytes waiting
    int64_t m_freeAt{0};                  ///< the line is idle from here on
    uint64_t m_waitingBytes{0};           ///< sum over m_waiting
    Ring<Waiting> m_waiting;              ///< by start
    std::array<TxTimeOf, 16> m_txTimes{}; ///< the sizes seen last: flows have few
};

} // namespace underlay
} // namespace ns3

#endif
