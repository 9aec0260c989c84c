// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Neighbour cache: IP address to MAC address of stations on the link, for ARP (RFC 826) and IPv6
 * neighbour discovery (RFC 4861 section 7.3). Holds packets while an address is being resolved.
 *
 * The cache knows no frame formats: it says which address to ask for (PollRequest), the host tells
 * it what was heard (Update, Learn, OnAnswer). Held packets are opaque octets.
 *
 * States: Incomplete (asked, no answer) - Reachable (confirmed less than `reachable` ago) - Stale
 * (still used) - Delay (used while stale; asks unless confirmed within `delay`) - Probe (asking by
 * unicast, still used). A static entry never changes state. Without revalidation (many routers,
 * and the sources' simple hosts) a Reachable entry is removed when `reachable` is over.
 *
 * Invariants: packets held = released + failed + dropped by reason + waiting. At most maxEntries
 * entries; the one that was used or learned longest ago makes room, unless it is static.
 */
#ifndef NETBASE_NEIGHBOUR_CACHE_H
#define NETBASE_NEIGHBOUR_CACHE_H

#include "netbase-drop-reason.h"
#include "netbase-output-queue.h"
#include "netbase-table-change.h"
#include "netbase-types.h"

#include <absl/container/flat_hash_map.h>

namespace weft::netbase
{

/// Timers and bounds. The default is Linux's.
struct NeighbourConfig
{
    TimeNs reachable{std::chrono::seconds(30)}; ///< confirmation holds that long; positive
    TimeNs delay{std::chrono::seconds(5)};      ///< from first use of a stale entry to asking
    TimeNs retransmit{std::chrono::seconds(1)}; ///< between questions; positive
    TimeNs garbage{std::chrono::seconds(60)};   ///< a stale entry unused for so long goes; NEVER
    std::uint32_t maxEntries = 1024;            ///< at least 1
    std::uint32_t pendingPackets = 101; ///< held for each unresolved address, at least 1 (RFC 1122
                                        ///< section 2.3.2.2); a full queue drops its oldest
    std::uint8_t multicastProbes = 3;   ///< questions before an unresolved address fails, 1 to 255
    std::uint8_t unicastProbes = 3;     ///< questions before a stale entry is removed, 0 to 255
    bool revalidates = true;        ///< false: removed after `reachable`, never asked by unicast
    bool learnsFromRequests = true; ///< RFC 826: who asks us becomes known
    bool reportsChanges = true;     ///< false: PollTableChange() stays empty

    /// Reachable 30 s (Linux: 15 to 45 s at random), delay 5 s, 3 + 3 questions 1 s apart, unused
    /// stale entries gone after 60 s; at most 1024 entries, 101 packets of 2304 octets held.
    static NeighbourConfig Linux();

    /// Entries live for @p lifetime after the last confirmation, whether used or not, and one
    /// packet is held for each unresolved address: a router, or a simple host.
    /// @param lifetime 1200 s to 14400 s are common with routers
    static NeighbourConfig Router(TimeNs lifetime = std::chrono::seconds(14400));
};

class NeighbourCache
{
  public:
    enum class State : std::uint8_t
    {
        Incomplete,
        Reachable,
        Stale,
        Delay,
        Probe,
        Static,
    };

    /// A question to be sent.
    struct Request
    {
        IpAddress address;
        std::optional<MacAddress> unicast; ///< ask this station only; nothing: broadcast or group
    };

    struct Counts
    {
        std::uint64_t hits = 0;      ///< Lookup() that found a MAC address
        std::uint64_t misses = 0;    ///< Lookup() that did not
        std::uint64_t requests = 0;  ///< questions, all kinds
        std::uint64_t held = 0;      ///< packets given to Hold()
        std::uint64_t released = 0;  ///< of these, sent on
        std::uint64_t failed = 0;    ///< of these, given back by PollFailed(), as NeighbourFailed
        std::uint64_t evictions = 0; ///< entries removed to make room
        std::uint64_t unlearned = 0; ///< Learn() for which there was no room: all is static
        DropCounters drops;          ///< held packets dropped: PendingFull, CacheFull; failed ones
                                     ///< are not in here
    };

    /// @throws std::invalid_argument naming the field, its value and the rule
    explicit NeighbourCache(const NeighbourConfig& config);

    /// Throws what the constructor would: for hosts that make the cache later.
    static void Check(const NeighbourConfig& config);

    /// Finds the MAC address to send to; counts as a use. Does not ask: a miss is followed by
    /// Hold() if it matters. @return nothing when unknown or unresolved; valid until the next call
    const MacAddress* Lookup(const IpAddress& address, TimeNs now);

    /// Keeps a packet until an address is resolved, and asks for it. For a resolved address the
    /// packet is released at once.
    /// @return None; CacheFull (the packet was dropped). A packet that it pushed out of the queue
    /// counts as PendingFull.
    DropReason Hold(const IpAddress& address, ByteView packet, TimeNs now);

    /// Heard that @p address is at @p mac. Changes an entry that exists, also one that is being
    /// resolved; creates none (RFC 826: the merge flag). An entry whose MAC changes, or that was
    /// Stale, becomes Stale; one being resolved resolves. Static entries stay.
    /// @return whether there was an entry
    bool Update(const IpAddress& address, const MacAddress& mac, TimeNs now);

    /// As Update(), and creates an entry (Stale) if there was none: RFC 826 for a packet to us.
    void Learn(const IpAddress& address, const MacAddress& mac, TimeNs now);

    /// An answer to a question of ours: as Update(), and the entry is Reachable.
    /// @return whether there was an entry
    bool OnAnswer(const IpAddress& address, const MacAddress& mac, TimeNs now);

    /// An upper layer knows that the neighbour received what was sent (RFC 4861 section 7.3.1).
    void Confirm(const IpAddress& address, TimeNs now);

    /// Adds or replaces an entry that stays.
    /// @throws std::invalid_argument when the cache is full of static entries
    void AddStatic(const IpAddress& address, const MacAddress& mac, TimeNs now);

    /// Removes an entry; held packets are failed. @return whether there was one
    bool Remove(const IpAddress& address, TimeNs now, TableCause cause = TableCause::Configured);

    /// Removes all but static entries: the link went down.
    void Flush(TimeNs now, TableCause cause = TableCause::Flushed);

    /// Takes the next question to send.
    bool PollRequest(Request& request);

    /// Takes the next held packet whose address is resolved, in the order they were held.
    bool PollReleased(Bytes& packet, MacAddress& destination);

    /// Takes the next held packet whose address was not resolved.
    bool PollFailed(Bytes& packet, IpAddress& address);

    /// Takes the next change: Table::Arp, address, mac, text is empty or "static".
    bool PollTableChange(TableChange& change);

    /// @return when to call OnDeadline(): may be early, never late
    TimeNs NextDeadline() const;
    void OnDeadline(TimeNs now);

    /// @return what is known about an address, without counting as a use; nothing when there is no
    /// entry. The MAC address of an Incomplete entry is zero.
    std::optional<std::pair<State, MacAddress>> Find(const IpAddress& address, TimeNs now) const;

    /// @return entries, Incomplete ones included
    std::size_t Size() const;
    /// @return packets held for unresolved addresses
    std::size_t Waiting() const;

    const Counts&
    Counters() const
    {
        return m_counts;
    }

  private:
    static constexpr std::uint32_t NONE = 0xffffffff;

    struct Entry
    {
        IpAddress address;
        MacAddress mac;
        State state = State::Incomplete;
        std::uint8_t asked = 0;
        TimeNs confirmed{0};
        TimeNs used{0};
        TimeNs deadline{NEVER};     ///< of its state; NEVER for none
        TimeNs queued{NEVER};       ///< for which the heap has an entry
        std::uint32_t older = NONE; ///< in the list by use; free list
        std::uint32_t newer = NONE;
        std::vector<Bytes> pending; ///< oldest first
    };

    struct Timer
    {
        TimeNs at;
        std::uint32_t slot;
        friend auto operator<=>(const Timer&, const Timer&) = default;
    };

    struct Resolved
    {
        MacAddress mac;
    };

    struct Failed
    {
        IpAddress address;
    };

    Entry* FindEntry(const IpAddress& address);
    Entry* Create(const IpAddress& address, TimeNs now);
    bool MakeRoom(TimeNs now);
    Entry* Merge(const IpAddress& address, const MacAddress& mac, TimeNs now);
    void Erase(Entry& entry, TimeNs now, TableCause cause);
    void Enter(Entry& entry, State state, TimeNs now);
    void Ask(Entry& entry, TimeNs now);
    void Schedule(Entry& entry, TimeNs deadline);
    void Use(Entry& entry, TimeNs now);
    void Unlink(std::uint32_t slot);
    void LinkNewest(std::uint32_t slot);
    void Expire(Entry& entry, TimeNs now);
    void Release(Entry& entry);
    std::uint32_t SlotOf(const Entry& entry) const;
    void Recycle(Bytes& buffer);
    TimeNs RestDeadline(const Entry& entry) const;
    void Report(const Entry& entry, TimeNs now, TableOp op, TableCause cause);
    Bytes TakeBuffer();

    NeighbourConfig m_config;
    std::vector<Entry> m_entries;
    absl::flat_hash_map<IpAddress, std::uint32_t> m_index;
    std::uint32_t m_free = NONE;
    std::uint32_t m_oldest = NONE; ///< least recently used
    std::uint32_t m_newest = NONE;
    std::vector<Timer> m_timers; ///< min-heap, corrected lazily
    std::size_t m_waiting = 0;
    OutputQueue<Request> m_requests;
    OutputQueue<Resolved> m_released;
    OutputQueue<Failed> m_failed;
    OutputQueue<TableChange> m_changes;
    std::vector<Bytes> m_spare; ///< buffers for held packets
    Counts m_counts;
};

} // namespace weft::netbase

#endif
