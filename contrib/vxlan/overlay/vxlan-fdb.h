// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The two forwarding tables of a host with an overlay: the bridge's (domain, MAC -> port) and the
 * VTEP's (VNI, MAC -> remote VTEP).
 *
 * They are separate tables with separate clocks: a station can be forgotten by one and known to the
 * other. Both are bounded. Callers call Expire() before they look up, so that a look-up itself does
 * not read the clock.
 *
 * Ageing is exact (an entry goes when it has not been refreshed for the ageing time) or as the
 * Linux VXLAN driver's: a sweep at least every 10 s, re-armed at each sweep to the nearest expiry,
 * so that an ageing time below 10 s is overshot by up to 10 s.
 */
#ifndef VXLAN_FDB_H
#define VXLAN_FDB_H

#include "vxlan-mac-table.h"

#include "netbase-table-change.h"

#include <absl/container/flat_hash_map.h>

#include <optional>
#include <vector>

namespace weft::vxlan
{

using netbase::Table;
using netbase::TableCause;
using netbase::TableChange;
using netbase::TableOp;

enum class AgeingMode : std::uint8_t
{
    Exact,
    LinuxSweep, ///< vxlan_cleanup() of the kernel's driver
};

/// What a full table does with a new station.
enum class FullPolicy : std::uint8_t
{
    Refuse,      ///< it is not learned, hence flooded to (Linux)
    EvictOldest, ///< the learned entry not refreshed for longest gives way
};

struct FdbConfig
{
    TimeNs ageing = std::chrono::seconds{300}; ///< 0 or NEVER: entries stay
    AgeingMode mode = AgeingMode::Exact;
    std::size_t maxEntries = std::size_t{1} << 20;
    FullPolicy full = FullPolicy::Refuse;
};

struct FdbCounters
{
    std::uint64_t learned = 0; ///< new entries from frames
    std::uint64_t moved = 0;   ///< learned elsewhere than they were known
    std::uint64_t aged = 0;
    std::uint64_t flushed = 0;         ///< port down, network removed, cleared by order
    std::uint64_t refused = 0;         ///< not learned: the table was full
    std::uint64_t evicted = 0;         ///< gave way to another
    std::uint64_t staticConflicts = 0; ///< a source seen elsewhere than a static entry says
};

/// Changes of tables until somebody reads them. Off until Enable(): then recording costs a branch.
class TableLog
{
  public:
    void
    Enable(bool on)
    {
        m_on = on;
    }

    bool
    On() const
    {
        return m_on;
    }

    void
    Add(TableChange change)
    {
        if (m_on)
        {
            m_changes.push_back(std::move(change));
        }
    }

    /// Takes the oldest change. @return false when there is none
    bool Poll(TableChange& change);

  private:
    bool m_on = false;
    std::vector<TableChange> m_changes;
    std::size_t m_read = 0;
};

/// Ageing of a MacTable: when to look, and what has to go.
class FdbAgeing
{
  public:
    /// @param now start of the sweep's rhythm
    FdbAgeing(const FdbConfig& config, TimeNs now);

    bool
    Due(const MacTable& table, TimeNs now) const
    {
        return now >= NextDeadline(table);
    }

    /// @return when the next entry can go; may be early, never late
    TimeNs
    NextDeadline(const MacTable& table) const
    {
        if (!table.HasLearned() || m_ageing == NEVER)
        {
            return NEVER;
        }
        return m_mode == AgeingMode::Exact ? table.OldestBound() + m_ageing : m_nextSweep;
    }

    /// Before an entry joins a table without learned entries: the sweeps went on meanwhile.
    void OnFirst(TimeNs now);
    /// @return whether the oldest learned entry is to go now; the caller erases it and asks again
    bool Expired(MacTable& table, TimeNs now) const;
    /// After the last Expired(): sets the next sweep.
    void Done(MacTable& table, TimeNs now);

  private:
    TimeNs m_ageing;
    AgeingMode m_mode;
    TimeNs m_nextSweep;
};

/// What learning a source came to.
enum class LearnResult : std::uint8_t
{
    Refreshed,
    Added,
    Moved,
    Refused,  ///< the table is full
    Conflict, ///< a static entry says otherwise: the frame is to be dropped
};

/// What installing an entry came to.
enum class InstallResult : std::uint8_t
{
    Done,
    Full,
    Conflict, ///< a controller does not replace a static entry
};

/// A port of a bridge.
using PortId = std::uint32_t;
inline constexpr PortId NO_PORT = 0xffffffff;

/// The bridge's table. Domains are small indices which the caller hands out; their numbers (VNI,
/// VLAN) appear in reports only.
class BridgeFdb
{
  public:
    BridgeFdb(const FdbConfig& config, TimeNs now);

    /// Sets the number by which a domain is reported.
    void NameDomain(std::uint16_t domain, std::uint32_t number);

    /// @return the port of a station; NO_PORT when it is unknown
    PortId
    Find(std::uint16_t domain, const MacAddress& mac) const
    {
        const auto* slot = m_table.Find(MacTable::Key(domain, mac));
        return slot ? slot->value : NO_PORT;
    }

    /// A source was seen at a port. @param[out] before where it was known; NO_PORT: nowhere
    LearnResult Learn(
        std::uint16_t domain, const MacAddress& mac, PortId port, TimeNs now, PortId& before);
    /// @return the owner's flags of a station's entry; null when it is unknown
    std::uint8_t* Flags(std::uint16_t domain, const MacAddress& mac);
    /// Adds or replaces by a static entry. @return false when the table is full
    bool SetStatic(std::uint16_t domain, const MacAddress& mac, PortId port, TimeNs now);
    /// @return whether there was an entry
    bool Remove(std::uint16_t domain, const MacAddress& mac, TableCause cause, TimeNs now);

    struct Gone
    {
        std::uint16_t domain;
        MacAddress mac;
        PortId port;
    };

    /// Removes all entries of a domain, static ones too. @param[out] gone as below
    void FlushDomain(std::uint16_t domain,
                     TableCause cause,
                     TimeNs now,
                     std::vector<Gone>* gone = nullptr);
    /// Removes what was learned at a port. @param[out] gone when not null: each removed entry
    void FlushPort(PortId port, TableCause cause, TimeNs now, std::vector<Gone>* gone = nullptr);

    /// Removes what has aged. @param[out] gone when not null: each removed entry
    void
    Expire(TimeNs now, std::vector<Gone>* gone = nullptr)
    {
        if (m_ageing.Due(m_table, now))
        {
            ExpireDue(now, gone);
        }
    }

    TimeNs
    NextDeadline() const
    {
        return m_ageing.NextDeadline(m_table);
    }

    std::size_t
    Size() const
    {
        return m_table.Size();
    }

    const FdbCounters&
    Counters() const
    {
        return m_counters;
    }

    TableLog&
    Log()
    {
        return m_log;
    }

    const MacTable&
    Entries() const
    {
        return m_table;
    }

  private:
    void ExpireDue(TimeNs now, std::vector<Gone>* gone);
    template <typename Condition>
    void FlushIf(Condition condition, TableCause cause, TimeNs now, std::vector<Gone>* gone);
    bool MakeRoom(TimeNs now);
    void Erase(std::uint64_t key, TableCause cause, TimeNs now);
    void Report(TableOp op, TableCause cause, const MacTable::Slot& slot, TimeNs now);

    FdbConfig m_config;
    MacTable m_table;
    FdbAgeing m_ageing;
    std::vector<std::uint32_t> m_names;
    FdbCounters m_counters;
    TableLog m_log;
};

/// The VTEP's table.
class VtepFdb
{
  public:
    VtepFdb(const FdbConfig& config, TimeNs now);

    void NameDomain(std::uint16_t domain, std::uint32_t number);

    /// @return the VTEP a station is behind; null when it is unknown. Valid until the table
    /// changes.
    const IpAddress*
    Find(std::uint16_t domain, const MacAddress& mac) const
    {
        const auto* slot = m_table.Find(MacTable::Key(domain, mac));
        return slot ? &m_remotes[slot->value].address : nullptr;
    }

    /// As Find(), and a learned entry is refreshed.
    const IpAddress* FindAndTouch(std::uint16_t domain, const MacAddress& mac, TimeNs now);

    /// A source was seen from a remote VTEP.
    LearnResult Learn(std::uint16_t domain,
                      const MacAddress& mac,
                      const IpAddress& remote,
                      TimeNs now);
    /// Adds or replaces by an entry that does not age.
    /// @param origin Static or Controller
    InstallResult Install(std::uint16_t domain,
                          const MacAddress& mac,
                          const IpAddress& remote,
                          FdbOrigin origin,
                          TimeNs now);
    /// @return whether there was an entry of that origin
    bool Withdraw(std::uint16_t domain, const MacAddress& mac, FdbOrigin origin, TimeNs now);
    bool Remove(std::uint16_t domain, const MacAddress& mac, TableCause cause, TimeNs now);
    void FlushDomain(std::uint16_t domain, TableCause cause, TimeNs now);
    /// Removes what was learned from a remote, in all domains.
    void FlushRemote(const IpAddress& remote, TableCause cause, TimeNs now);
    /// Turns a controller's entries into learned ones, which age and move, from now on.
    void ReleaseController(TimeNs now);
    /// @return whether a static entry puts a station elsewhere (counted as a conflict)
    bool Contradicts(std::uint16_t domain, const MacAddress& mac, const IpAddress& remote);
    /// @return origin of an entry; nothing when it is unknown
    std::optional<FdbOrigin> OriginOf(std::uint16_t domain, const MacAddress& mac) const;

    void
    Expire(TimeNs now)
    {
        if (m_ageing.Due(m_table, now))
        {
            ExpireDue(now);
        }
    }

    TimeNs
    NextDeadline() const
    {
        return m_ageing.NextDeadline(m_table);
    }

    std::size_t
    Size() const
    {
        return m_table.Size();
    }

    const FdbCounters&
    Counters() const
    {
        return m_counters;
    }

    TableLog&
    Log()
    {
        return m_log;
    }

    const MacTable&
    Entries() const
    {
        return m_table;
    }

    /// @return the address a slot's value stands for
    const IpAddress&
    RemoteOf(const MacTable::Slot& slot) const
    {
        return m_remotes[slot.value].address;
    }

  private:
    /// An address that entries point to; freed with its last entry.
    struct Remote
    {
        IpAddress address;
        std::uint32_t entries = 0;
    };

    std::uint32_t Acquire(const IpAddress& address);
    void Release(std::uint32_t remote);
    void Repoint(MacTable::Slot& slot, const IpAddress& remote);
    template <typename Condition>
    void FlushIf(Condition condition, TableCause cause, TimeNs now);
    void ExpireDue(TimeNs now);
    bool MakeRoom(TimeNs now);
    void Erase(std::uint64_t key, TableCause cause, TimeNs now);
    void Report(TableOp op, TableCause cause, const MacTable::Slot& slot, TimeNs now);

    FdbConfig m_config;
    MacTable m_table;
    FdbAgeing m_ageing;
    std::vector<Remote> m_remotes;
    std::vector<std::uint32_t> m_freeRemotes;
    absl::flat_hash_map<IpAddress, std::uint32_t> m_remoteIndex;
    std::vector<std::uint32_t> m_names;
    FdbCounters m_counters;
    TableLog m_log;
};

} // namespace weft::vxlan

#endif
