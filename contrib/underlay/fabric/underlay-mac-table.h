// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * MAC table of a switch: (VLAN, MAC address) to port, bounded, with exact ageing.
 *
 * Entries stand in a list by the time they were last seen, so that the ageing of any number of them
 * costs nothing until it is due. An entry lives to the instant lastSeen + ageing, exclusive. A full
 * table learns nothing new (IEEE 802.1Q section 8.8.8 permits either; most hardware refuses): it is
 * counted, and the address is flooded to.
 */
#ifndef UNDERLAY_MAC_TABLE_H
#define UNDERLAY_MAC_TABLE_H

#include "netbase-table-change.h"
#include "netbase-types.h"

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace weft::underlay
{

class MacTable
{
  public:
    struct Counters
    {
        std::uint64_t learned = 0; ///< new entries
        std::uint64_t moved = 0;   ///< entries that changed their port
        std::uint64_t aged = 0;    ///< entries not seen for the ageing time
        std::uint64_t flushed = 0; ///< entries forgotten because a port or the topology changed
        std::uint64_t refused = 0; ///< frames whose source found no room
    };

    struct Entry
    {
        std::uint16_t vlan = 0;
        netbase::MacAddress mac;
        std::uint32_t port = 0;
        netbase::TimeNs lastSeen{0};
    };

    /**
     * @param limit entries, at least 1
     * @param ageing time without a frame after which an entry goes; 0: never
     * @throws std::invalid_argument
     */
    MacTable(std::size_t limit, netbase::TimeNs ageing);

    /// Notes that an address sends from a port. Group addresses are not learned.
    void Learn(std::uint16_t vlan,
               const netbase::MacAddress& mac,
               std::uint32_t port,
               netbase::TimeNs now);

    /// @return the port behind which an address is
    std::optional<std::uint32_t> LookUp(std::uint16_t vlan,
                                        const netbase::MacAddress& mac,
                                        netbase::TimeNs now);

    /// Forgets the addresses behind a port.
    void FlushPort(std::uint32_t port, netbase::TimeNs now);
    /// Forgets everything.
    void Flush(netbase::TimeNs now);

    /// Drops what is due. Need not be called for correct answers, only for changes to be reported
    /// when they happen.
    void OnDeadline(netbase::TimeNs now);
    /// @return when the next entry is due; NEVER if none is
    netbase::TimeNs NextDeadline() const;

    /// @param report whether changes are kept for PollTableChange(); off at first
    void SetReporting(bool report);
    /// Takes the next change. @return false when there is none
    bool PollTableChange(netbase::TableChange& change);

    std::size_t
    Size() const
    {
        return m_index.size();
    }

    const Counters&
    GetCounters() const
    {
        return m_counters;
    }

    /// @return every entry, by VLAN and address
    std::vector<Entry> Entries() const;

  private:
    struct Slot
    {
        Entry entry;
        std::uint32_t older;
        std::uint32_t newer;
    };

    static constexpr std::uint32_t NONE = ~std::uint32_t{0};

    static std::uint64_t Key(std::uint16_t vlan, const netbase::MacAddress& mac);
    void Unlink(std::uint32_t slot);
    void LinkNewest(std::uint32_t slot);
    void Erase(std::uint32_t slot, netbase::TableCause cause, netbase::TimeNs at);
    void Report(const Entry& entry,
                netbase::TableOp op,
                netbase::TableCause cause,
                netbase::TimeNs at);

    std::size_t m_limit;
    netbase::TimeNs m_ageing;
    bool m_reporting = false;
    absl::flat_hash_map<std::uint64_t, std::uint32_t> m_index; ///< slot by (VLAN, MAC)
    std::vector<Slot> m_slots;
    std::vector<std::uint32_t> m_free; ///< slots not in use
    std::uint32_t m_oldest = NONE;
    std::uint32_t m_newest = NONE;
    Counters m_counters;
    std::vector<netbase::TableChange> m_changes; ///< not yet polled, from m_polled on
    std::size_t m_polled = 0;
};

} // namespace weft::underlay

#endif
