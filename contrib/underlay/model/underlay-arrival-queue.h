// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * Packets on their way to an access link, in order of arrival.
 */
#ifndef UNDERLAY_ARRIVAL_QUEUE_H
#define UNDERLAY_ARRIVAL_QUEUE_H

#include "ns3/packet.h"
#include "ns3/ptr.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ns3
{
namespace underlay
{

/**
 * @ingroup underlay
 *
 * A priority queue by (instant of arrival, order of insertion). It allocates only when it grows.
 */
class ArrivalQueue
{
  public:
    /// A packet under way.
    struct Entry
    {
        Ptr<Packet> packet;   ///< null if it was revoked
        uint32_t source{0};   ///< member that sent it
        uint32_t size{0};     ///< bytes of the packet
        int64_t arrival{0};   ///< when it reaches the access link, ns
        int64_t departure{0}; ///< when its last bit left the sender's access link, ns
    };

    /// @return whether nothing is under way
    bool
    IsEmpty() const
    {
        return m_heap.empty();
    }

    /// @return packets under way
    std::size_t
    GetSize() const
    {
        return m_heap.size() - m_revoked;
    }

    /// @return the next to arrive
    const Entry&
    Top() const
    {
        return m_entries[m_heap.front().place];
    }

    /// @param entry to put in
    void Push(const Entry& entry);

    /// @return the next to arrive, taken out
    Entry Pop();

    /**
     * Revokes the packets of one sender that had not left its access link; their entries stay,
     * without a packet.
     *
     * @param source member that sent them
     * @param now packets whose departure is later are revoked
     * @param [out] packets receives them
     */
    void Revoke(uint32_t source, int64_t now, std::vector<Ptr<Packet>>& packets);

    /// Forgets everything.
    void Clear();

  private:
    /// What the heap moves about.
    struct Key
    {
        int64_t arrival; ///< first key
        uint64_t serial; ///< second key
        uint32_t place;  ///< in m_entries

        /// @param other key @return whether this comes later
        bool
        operator>(const Key& other) const
        {
            return arrival != other.arrival ? arrival > other.arrival : serial > other.serial;
        }
    };

    std::vector<Key> m_heap;      ///< binary heap, earliest first
    std::vector<Entry> m_entries; ///< by place
    std::vector<uint32_t> m_free; ///< places not in use
    uint64_t m_serial{0};         ///< next order of insertion
    std::size_t m_revoked{0};     ///< entries without a packet
};

} // namespace underlay
} // namespace ns3

#endif
