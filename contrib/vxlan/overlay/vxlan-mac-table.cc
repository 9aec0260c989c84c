// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-mac-table.h"

#include <algorithm>
#include <bit>

namespace weft::vxlan
{

namespace
{

constexpr std::size_t FIRST_SLOTS = 8;
constexpr std::size_t SPARSE_FROM = 256; ///< slots
constexpr std::size_t SPARSE_TO = 2048;  ///< 32 kB, a first-level cache
constexpr std::size_t ARITY = 4;

} // namespace

MacTable::Slot&
MacTable::Insert(std::uint64_t key, std::uint32_t value, FdbOrigin origin, TimeNs now)
{
    // Middling tables can afford to be emptier, so that almost every search ends at its first slot.
    // The smallest are for networks of a thousand VTEPs, which can not.
    const bool sparse = m_slots.size() >= SPARSE_FROM && m_slots.size() <= SPARSE_TO;
    const std::size_t room = m_slots.size() / (sparse ? 4 : 2);
    if (m_size >= room)
    {
        Grow();
    }
    std::uint32_t entry = m_free;
    if (entry != NO_ENTRY)
    {
        m_free = m_entries[entry].heap;
    }
    else
    {
        entry = static_cast<std::uint32_t>(m_entries.size());
        m_entries.emplace_back();
    }
    m_entries[entry] = {.key = key, .seen = now, .origin = origin};
    if (origin == FdbOrigin::Learned)
    {
        Push(entry);
    }
    ++m_size;
    return Place({.key = key, .value = value, .entry = entry});
}

void
MacTable::SetOrigin(const Slot& slot, FdbOrigin origin, TimeNs now)
{
    Entry& entry = m_entries[slot.entry];
    entry.seen = now;
    entry.origin = origin;
    const bool ages = origin == FdbOrigin::Learned;
    if (ages && entry.heap == NO_ENTRY)
    {
        Push(slot.entry);
    }
    else if (!ages && entry.heap != NO_ENTRY)
    {
        Unlink(slot.entry);
    }
}

void
MacTable::Erase(std::uint64_t key)
{
    Slot* found = Find(key);
    const std::uint32_t entry = found->entry;
    if (m_entries[entry].heap != NO_ENTRY)
    {
        Unlink(entry);
    }
    m_entries[entry].heap = m_free;
    m_free = entry;
    --m_size;
    // Backward shift: whoever was pushed past the hole moves into it, so that no search ends early.
    std::size_t hole = static_cast<std::size_t>(found - m_slots.data());
    for (std::size_t i = (hole + 1) & m_mask; m_slots[i].entry != NO_ENTRY; i = (i + 1) & m_mask)
    {
        const std::size_t home = Home(m_slots[i].key);
        if (((i - home) & m_mask) >= ((i - hole) & m_mask))
        {
            m_slots[hole] = m_slots[i];
            hole = i;
        }
    }
    m_slots[hole] = Slot{};
}

const MacTable::Entry&
MacTable::Oldest()
{
    for (;;)
    {
        Node& head = m_heap.front();
        const Entry& entry = m_entries[head.entry];
        if (entry.seen == head.seen)
        {
            return entry;
        }
        head.seen = entry.seen;
        SiftDown(0);
    }
}

std::size_t
MacTable::Footprint() const
{
    return m_slots.capacity() * sizeof(Slot) + m_entries.capacity() * sizeof(Entry) +
           m_heap.capacity() * sizeof(Node);
}

void
MacTable::Grow()
{
    std::vector<Slot> old(std::max(FIRST_SLOTS, 2 * m_slots.size()));
    old.swap(m_slots);
    m_mask = m_slots.size() - 1;
    m_shift = 64 - static_cast<unsigned>(std::countr_zero(m_slots.size()));
    for (const Slot& slot : old)
    {
        if (slot.entry != NO_ENTRY)
        {
            Place(slot);
        }
    }
}

MacTable::Slot&
MacTable::Place(const Slot& slot)
{
    std::size_t i = Home(slot.key);
    while (m_slots[i].entry != NO_ENTRY)
    {
        i = (i + 1) & m_mask;
    }
    m_slots[i] = slot;
    return m_slots[i];
}

void
MacTable::Push(std::uint32_t entry)
{
    m_heap.push_back({.seen = m_entries[entry].seen, .entry = entry});
    SiftUp(m_heap.size() - 1);
}

void
MacTable::Unlink(std::uint32_t entry)
{
    const std::size_t i = m_entries[entry].heap;
    m_entries[entry].heap = NO_ENTRY;
    const Node last = m_heap.back();
    m_heap.pop_back();
    if (i == m_heap.size())
    {
        return;
    }
    Put(i, last);
    SiftUp(i);
    SiftDown(m_entries[last.entry].heap);
}

void
MacTable::Put(std::size_t i, const Node& node)
{
    m_heap[i] = node;
    m_entries[node.entry].heap = static_cast<std::uint32_t>(i);
}

void
MacTable::SiftUp(std::size_t i)
{
    const Node node = m_heap[i];
    while (i > 0)
    {
        const std::size_t parent = (i - 1) / ARITY;
        if (m_heap[parent].seen <= node.seen)
        {
            break;
        }
        Put(i, m_heap[parent]);
        i = parent;
    }
    Put(i, node);
}

void
MacTable::SiftDown(std::size_t i)
{
    const Node node = m_heap[i];
    for (;;)
    {
        const std::size_t first = ARITY * i + 1;
        if (first >= m_heap.size())
        {
            break;
        }
        const std::size_t end = std::min(first + ARITY, m_heap.size());
        std::size_t least = first;
        for (std::size_t child = first + 1; child < end; ++child)
        {
            if (m_heap[child].seen < m_heap[least].seen)
            {
                least = child;
            }
        }
        if (node.seen <= m_heap[least].seen)
        {
            break;
        }
        Put(i, m_heap[least]);
        i = least;
    }
    Put(i, node);
}

} // namespace weft::vxlan
