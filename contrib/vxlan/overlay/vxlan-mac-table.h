// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * A bounded table from (domain, MAC) to a 32-bit value, with the age of every entry.
 *
 * Bridge FDB and VTEP FDB are both built on it. A look-up reads one 16-byte slot of an open
 * addressing table (linear probing, at most half full), hence one cache line mostly; what ageing
 * needs stands apart.
 *
 * Invariants: every occupied slot names one live entry and the reverse; ageing entries, and only
 * these, have one node in a heap ordered by the last time seen when the node was placed. A refresh
 * writes the entry alone; the heap is corrected when an entry comes to its head. So the head's time
 * is never later than the true oldest, and neither refreshing nor expiring ever walks the table.
 */
#ifndef VXLAN_MAC_TABLE_H
#define VXLAN_MAC_TABLE_H

#include "vxlan-types.h"

#include <cstdint>
#include <vector>

namespace weft::vxlan
{

/// Who put an entry there. Only learned entries age, move and give way to others.
enum class FdbOrigin : std::uint8_t
{
    Learned,    ///< from a frame that was seen
    Static,     ///< configured; stays until removed
    Controller, ///< pushed by a controller; stays until withdrawn
};

class MacTable
{
  public:
    static constexpr std::uint32_t NO_ENTRY = 0xffffffff;

    struct Slot
    {
        std::uint64_t key = 0;
        std::uint32_t value = 0;
        std::uint32_t entry = NO_ENTRY; ///< NO_ENTRY: the slot is free
    };

    struct Entry
    {
        std::uint64_t key = 0;
        TimeNs seen{0}; ///< last refresh
        std::uint32_t heap = NO_ENTRY;
        FdbOrigin origin = FdbOrigin::Learned;
        std::uint8_t flags = 0; ///< the owner's
    };

    /// @param domain index of the domain (not its VNI), at most 65535
    static std::uint64_t
    Key(std::uint16_t domain, const MacAddress& mac)
    {
        const std::uint8_t* octets = mac.octets.data();
        return std::uint64_t{domain} << 48 | std::uint64_t{netbase::Read16(octets)} << 32 |
               netbase::Read32(octets + 2);
    }

    static std::uint16_t
    DomainOf(std::uint64_t key)
    {
        return static_cast<std::uint16_t>(key >> 48);
    }

    static MacAddress
    MacOf(std::uint64_t key)
    {
        return MacAddress::FromInteger(key & 0xffffffffffff);
    }

    std::size_t
    Size() const
    {
        return m_size;
    }

    /// @return the slot of a key, or null. Valid until the next Insert() or Erase().
    Slot*
    Find(std::uint64_t key)
    {
        if (m_slots.empty())
        {
            return nullptr;
        }
        for (std::size_t i = Home(key);; i = (i + 1) & m_mask)
        {
            Slot& slot = m_slots[i];
            if (slot.entry == NO_ENTRY)
            {
                return nullptr;
            }
            if (slot.key == key)
            {
                return &slot;
            }
        }
    }

    const Slot*
    Find(std::uint64_t key) const
    {
        return const_cast<MacTable*>(this)->Find(key);
    }

    Entry&
    EntryOf(const Slot& slot)
    {
        return m_entries[slot.entry];
    }

    const Entry&
    EntryOf(const Slot& slot) const
    {
        return m_entries[slot.entry];
    }

    /// The entry was seen again.
    void
    Touch(const Slot& slot, TimeNs now)
    {
        m_entries[slot.entry].seen = now;
    }

    /// Adds an entry whose key is absent. @return its slot
    Slot& Insert(std::uint64_t key, std::uint32_t value, FdbOrigin origin, TimeNs now);
    /// Changes who stands behind an entry, and with it whether the entry ages. Refreshes it.
    void SetOrigin(const Slot& slot, FdbOrigin origin, TimeNs now);
    /// Removes a key that is present.
    void Erase(std::uint64_t key);

    /// @return whether anything can age
    bool
    HasLearned() const
    {
        return !m_heap.empty();
    }

    /// @return a time no later than the oldest learned entry's last refresh. HasLearned() holds.
    TimeNs
    OldestBound() const
    {
        return m_heap.front().seen;
    }

    /// @return the learned entry not refreshed for longest. HasLearned() holds.
    const Entry& Oldest();

    /// Calls visit(slot, entry) for all, in the order of the slots. It must not change the table.
    template <typename Visit>
    void
    ForEach(Visit visit) const
    {
        for (const Slot& slot : m_slots)
        {
            if (slot.entry != NO_ENTRY)
            {
                visit(slot, m_entries[slot.entry]);
            }
        }
    }

    /// Memory held, B.
    std::size_t Footprint() const;

  private:
    struct Node
    {
        TimeNs seen{0};
        std::uint32_t entry = NO_ENTRY;
    };

    /// @return where the search for a key begins
    std::size_t
    Home(std::uint64_t key) const
    {
        key *= 0x9e3779b97f4a7c15;
        key ^= key >> 32;
        return (key * 0xd6e8feb86659fd93) >> m_shift;
    }

    void Grow();
    Slot& Place(const Slot& slot);
    void Push(std::uint32_t entry);
    void Unlink(std::uint32_t entry);
    void SiftUp(std::size_t i);
    void SiftDown(std::size_t i);
    void Put(std::size_t i, const Node& node);

    std::vector<Slot> m_slots; ///< none, or a power of two
    std::size_t m_mask = 0;
    unsigned m_shift = 64; ///< the hash's top bits are the slot
    std::size_t m_size = 0;
    std::vector<Entry> m_entries;
    std::uint32_t m_free = NO_ENTRY; ///< chain of free entries, linked by heap
    std::vector<Node> m_heap;        ///< 4-ary
};

} // namespace weft::vxlan

#endif
