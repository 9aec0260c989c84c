// SPDX-License-Identifier: GPL-2.0-only
// Where a neighbour cache keeps its entries and held packets: slots, the list by use, buffers.
#include "netbase-neighbour-cache.h"

#include <algorithm>

namespace weft::netbase
{

namespace
{
constexpr std::size_t MAX_SPARE = 16;
}

NeighbourCache::Entry*
NeighbourCache::FindEntry(const IpAddress& address)
{
    const auto found = m_index.find(address);
    return found == m_index.end() ? nullptr : &m_entries[found->second];
}

NeighbourCache::Entry*
NeighbourCache::Create(const IpAddress& address, TimeNs now)
{
    if (m_index.size() >= m_config.maxEntries && !MakeRoom(now))
    {
        return nullptr;
    }
    std::uint32_t slot = m_free;
    if (slot == NONE)
    {
        slot = static_cast<std::uint32_t>(m_entries.size());
        m_entries.emplace_back();
    }
    else
    {
        m_free = m_entries[slot].older;
    }
    Entry& entry = m_entries[slot];
    entry.address = address;
    entry.mac = MacAddress{};
    entry.state = State::Incomplete;
    entry.asked = 0;
    entry.confirmed = now;
    entry.used = now;
    m_index.emplace(address, slot);
    LinkNewest(slot);
    return &entry;
}

bool
NeighbourCache::MakeRoom(TimeNs now)
{
    for (std::uint32_t slot = m_oldest; slot != NONE; slot = m_entries[slot].newer)
    {
        Entry& entry = m_entries[slot];
        if (entry.state != State::Static)
        {
            m_counts.drops.Add(DropReason::CacheFull, entry.pending.size());
            m_waiting -= entry.pending.size();
            std::for_each(entry.pending.begin(), entry.pending.end(), [this](Bytes& packet) {
                Recycle(packet);
            });
            entry.pending.clear();
            ++m_counts.evictions;
            Erase(entry, now, TableCause::Evicted);
            return true;
        }
    }
    return false;
}

void
NeighbourCache::Erase(Entry& entry, TimeNs now, TableCause cause)
{
    for (Bytes& packet : entry.pending)
    {
        auto& slot = m_failed.Push();
        slot.meta.address = entry.address;
        slot.bytes.swap(packet);
        Recycle(packet);
        ++m_counts.failed;
        --m_waiting;
    }
    entry.pending.clear();
    if (entry.state != State::Incomplete)
    {
        Report(entry, now, TableOp::Remove, cause);
    }
    const std::uint32_t slot = SlotOf(entry);
    m_index.erase(entry.address);
    Unlink(slot);
    entry.deadline = NEVER;
    entry.queued = NEVER;
    entry.older = m_free;
    m_free = slot;
}

void
NeighbourCache::Release(Entry& entry)
{
    for (Bytes& packet : entry.pending)
    {
        auto& slot = m_released.Push();
        slot.meta.mac = entry.mac;
        slot.bytes.swap(packet);
        Recycle(packet);
        ++m_counts.released;
        --m_waiting;
    }
    entry.pending.clear();
}

void
NeighbourCache::Use(Entry& entry, TimeNs now)
{
    entry.used = now;
    const std::uint32_t slot = SlotOf(entry);
    if (slot != m_newest)
    {
        Unlink(slot);
        LinkNewest(slot);
    }
}

void
NeighbourCache::Unlink(std::uint32_t slot)
{
    const Entry& entry = m_entries[slot];
    (entry.older == NONE ? m_oldest : m_entries[entry.older].newer) = entry.newer;
    (entry.newer == NONE ? m_newest : m_entries[entry.newer].older) = entry.older;
}

void
NeighbourCache::LinkNewest(std::uint32_t slot)
{
    m_entries[slot].older = m_newest;
    m_entries[slot].newer = NONE;
    (m_newest == NONE ? m_oldest : m_entries[m_newest].newer) = slot;
    m_newest = slot;
}

std::uint32_t
NeighbourCache::SlotOf(const Entry& entry) const
{
    return static_cast<std::uint32_t>(&entry - m_entries.data());
}

Bytes
NeighbourCache::TakeBuffer()
{
    Bytes buffer;
    if (!m_spare.empty())
    {
        buffer = std::move(m_spare.back());
        m_spare.pop_back();
    }
    return buffer;
}

void
NeighbourCache::Recycle(Bytes& buffer)
{
    if (buffer.capacity() > 0 && m_spare.size() < MAX_SPARE)
    {
        m_spare.push_back(std::move(buffer));
    }
}

} // namespace weft::netbase
