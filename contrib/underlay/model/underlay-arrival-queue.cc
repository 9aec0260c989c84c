// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-arrival-queue.h"

#include <algorithm>
#include <functional>

namespace ns3
{
namespace underlay
{

void
ArrivalQueue::Push(const Entry& entry)
{
    uint32_t place;
    if (m_free.empty())
    {
        place = static_cast<uint32_t>(m_entries.size());
        m_entries.push_back(entry);
    }
    else
    {
        place = m_free.back();
        m_free.pop_back();
        m_entries[place] = entry;
    }
    m_heap.push_back({entry.arrival, m_serial++, place});
    std::push_heap(m_heap.begin(), m_heap.end(), std::greater<Key>());
}

ArrivalQueue::Entry
ArrivalQueue::Pop()
{
    const uint32_t place = m_heap.front().place;
    std::pop_heap(m_heap.begin(), m_heap.end(), std::greater<Key>());
    m_heap.pop_back();
    m_free.push_back(place);
    Entry entry = m_entries[place];
    m_entries[place].packet = nullptr;
    if (!entry.packet)
    {
        --m_revoked;
    }
    return entry;
}

void
ArrivalQueue::Revoke(uint32_t source, int64_t now, std::vector<Ptr<Packet>>& packets)
{
    for (const Key& key : m_heap)
    {
        Entry& entry = m_entries[key.place];
        if (entry.packet && entry.source == source && entry.departure > now)
        {
            packets.push_back(entry.packet);
            entry.packet = nullptr;
            ++m_revoked;
        }
    }
}

void
ArrivalQueue::Clear()
{
    m_heap.clear();
    m_entries.clear();
    m_free.clear();
    m_revoked = 0;
}

} // namespace underlay
} // namespace ns3
