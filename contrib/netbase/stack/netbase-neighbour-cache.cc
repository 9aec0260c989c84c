// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-neighbour-cache.h"

#include <algorithm>
#include <functional>
#include <stdexcept>

namespace weft::netbase
{

namespace
{

void
CheckPositive(const char* field, TimeNs value)
{
    if (value <= TimeNs::zero())
    {
        throw std::invalid_argument(std::string(field) + ": " + std::to_string(value.count()) +
                                    " ns; has to be positive");
    }
}

void
CheckAtLeastOne(const char* field, std::uint32_t value)
{
    if (value == 0)
    {
        throw std::invalid_argument(std::string(field) + ": 0; has to be at least 1");
    }
}

/// NEVER stays NEVER.
TimeNs
After(TimeNs start, TimeNs length)
{
    return length == NEVER || start > NEVER - length ? NEVER : start + length;
}

} // namespace

NeighbourConfig
NeighbourConfig::Linux()
{
    return {};
}

NeighbourConfig
NeighbourConfig::Router(TimeNs lifetime)
{
    NeighbourConfig config;
    config.reachable = lifetime;
    config.revalidates = false;
    config.pendingPackets = 1;
    return config;
}

NeighbourCache::NeighbourCache(const NeighbourConfig& config) : m_config(config)
{
    Check(config);
}

void
NeighbourCache::Check(const NeighbourConfig& config)
{
    CheckPositive("reachable", config.reachable);
    CheckPositive("delay", config.delay);
    CheckPositive("retransmit", config.retransmit);
    CheckPositive("garbage", config.garbage);
    CheckAtLeastOne("maxEntries", config.maxEntries);
    CheckAtLeastOne("pendingPackets", config.pendingPackets);
    CheckAtLeastOne("multicastProbes", config.multicastProbes);
}

const MacAddress*
NeighbourCache::Lookup(const IpAddress& address, TimeNs now)
{
    Entry* entry = FindEntry(address);
    if (entry == nullptr || entry->state == State::Incomplete)
    {
        ++m_counts.misses;
        return nullptr;
    }
    if (entry->state == State::Reachable && now >= After(entry->confirmed, m_config.reachable))
    {
        if (!m_config.revalidates)
        {
            Erase(*entry, now, TableCause::Aged);
            ++m_counts.misses;
            return nullptr;
        }
        entry->state = State::Stale;
    }
    ++m_counts.hits;
    Use(*entry, now);
    if (entry->state == State::Stale)
    {
        Enter(*entry, State::Delay, now);
    }
    return &entry->mac;
}

DropReason
NeighbourCache::Hold(const IpAddress& address, ByteView packet, TimeNs now)
{
    ++m_counts.held;
    Entry* entry = FindEntry(address);
    if (entry == nullptr)
    {
        entry = Create(address, now);
        if (entry == nullptr)
        {
            return m_counts.drops.Add(DropReason::CacheFull);
        }
        Ask(*entry, now);
    }
    if (entry->state != State::Incomplete)
    {
        auto& slot = m_released.Push();
        slot.meta.mac = entry->mac;
        slot.bytes.assign(packet.begin(), packet.end());
        ++m_counts.released;
        return DropReason::None;
    }
    if (entry->pending.size() == m_config.pendingPackets)
    {
        m_counts.drops.Add(DropReason::PendingFull);
        Recycle(entry->pending.front());
        entry->pending.erase(entry->pending.begin());
        --m_waiting;
    }
    Bytes& buffer = entry->pending.emplace_back(TakeBuffer());
    buffer.assign(packet.begin(), packet.end());
    ++m_waiting;
    return DropReason::None;
}

bool
NeighbourCache::Update(const IpAddress& address, const MacAddress& mac, TimeNs now)
{
    return Merge(address, mac, now) != nullptr;
}

void
NeighbourCache::Learn(const IpAddress& address, const MacAddress& mac, TimeNs now)
{
    if (Merge(address, mac, now) != nullptr || !m_config.learnsFromRequests)
    {
        return;
    }
    Entry* entry = Create(address, now);
    if (entry == nullptr)
    {
        ++m_counts.unlearned;
        return;
    }
    entry->mac = mac;
    Enter(*entry, m_config.revalidates ? State::Stale : State::Reachable, now);
    Report(*entry, now, TableOp::Add, TableCause::Learned);
}

bool
NeighbourCache::OnAnswer(const IpAddress& address, const MacAddress& mac, TimeNs now)
{
    Entry* entry = Merge(address, mac, now);
    if (entry != nullptr && entry->state != State::Static)
    {
        entry->confirmed = now;
        Enter(*entry, State::Reachable, now);
    }
    return entry != nullptr;
}

void
NeighbourCache::Confirm(const IpAddress& address, TimeNs now)
{
    Entry* entry = FindEntry(address);
    if (entry != nullptr && entry->state != State::Static && entry->state != State::Incomplete)
    {
        entry->confirmed = now;
        Enter(*entry, State::Reachable, now);
    }
}

void
NeighbourCache::AddStatic(const IpAddress& address, const MacAddress& mac, TimeNs now)
{
    Entry* entry = FindEntry(address);
    if (entry == nullptr)
    {
        entry = Create(address, now);
        if (entry == nullptr)
        {
            throw std::invalid_argument("static neighbour " + address.ToString() + ": all " +
                                        std::to_string(m_config.maxEntries) +
                                        " entries are static; raise maxEntries");
        }
    }
    const bool known = entry->state != State::Incomplete;
    entry->mac = mac;
    Enter(*entry, State::Static, now);
    Report(*entry, now, known ? TableOp::Update : TableOp::Add, TableCause::Configured);
    Release(*entry);
}

bool
NeighbourCache::Remove(const IpAddress& address, TimeNs now, TableCause cause)
{
    Entry* entry = FindEntry(address);
    if (entry != nullptr)
    {
        Erase(*entry, now, cause);
    }
    return entry != nullptr;
}

void
NeighbourCache::Flush(TimeNs now, TableCause cause)
{
    for (std::uint32_t slot = m_oldest; slot != NONE;)
    {
        Entry& entry = m_entries[slot];
        slot = entry.newer;
        if (entry.state != State::Static)
        {
            Erase(entry, now, cause);
        }
    }
}

bool
NeighbourCache::PollRequest(Request& request)
{
    Bytes unused;
    return m_requests.Pop(unused, request);
}

bool
NeighbourCache::PollReleased(Bytes& packet, MacAddress& destination)
{
    Resolved meta;
    const bool some = m_released.Pop(packet, meta);
    destination = meta.mac;
    return some;
}

bool
NeighbourCache::PollFailed(Bytes& packet, IpAddress& address)
{
    Failed meta;
    const bool some = m_failed.Pop(packet, meta);
    address = meta.address;
    return some;
}

bool
NeighbourCache::PollTableChange(TableChange& change)
{
    Bytes unused;
    return m_changes.Pop(unused, change);
}

TimeNs
NeighbourCache::NextDeadline() const
{
    return m_timers.empty() ? NEVER : m_timers.front().at;
}

void
NeighbourCache::OnDeadline(TimeNs now)
{
    while (!m_timers.empty() && m_timers.front().at <= now)
    {
        std::pop_heap(m_timers.begin(), m_timers.end(), std::greater<>());
        const Timer timer = m_timers.back();
        m_timers.pop_back();
        Entry& entry = m_entries[timer.slot];
        if (timer.at != entry.queued)
        {
            continue; // a later decision took its place
        }
        entry.queued = NEVER;
        if (entry.deadline <= now)
        {
            Expire(entry, now);
        }
        else
        {
            Schedule(entry, entry.deadline);
        }
    }
}

std::optional<std::pair<NeighbourCache::State, MacAddress>>
NeighbourCache::Find(const IpAddress& address, TimeNs now) const
{
    const auto found = m_index.find(address);
    if (found == m_index.end())
    {
        return std::nullopt;
    }
    const Entry& entry = m_entries[found->second];
    State state = entry.state;
    if (state == State::Reachable && now >= After(entry.confirmed, m_config.reachable))
    {
        if (!m_config.revalidates)
        {
            return std::nullopt;
        }
        state = State::Stale;
    }
    return std::pair(state, entry.mac);
}

std::size_t
NeighbourCache::Size() const
{
    return m_index.size();
}

std::size_t
NeighbourCache::Waiting() const
{
    return m_waiting;
}

NeighbourCache::Entry*
NeighbourCache::Merge(const IpAddress& address, const MacAddress& mac, TimeNs now)
{
    Entry* entry = FindEntry(address);
    if (entry == nullptr || entry->state == State::Static)
    {
        return entry;
    }
    if (entry->state == State::Incomplete)
    {
        entry->mac = mac;
        entry->confirmed = now;
        // Held packets are a use: with revalidation the unasked-for answer is put to the test.
        Enter(*entry, m_config.revalidates ? State::Delay : State::Reachable, now);
        Report(*entry, now, TableOp::Add, TableCause::Learned);
        Release(*entry);
    }
    else if (entry->mac != mac)
    {
        entry->mac = mac;
        entry->confirmed = now;
        Enter(*entry, m_config.revalidates ? State::Stale : State::Reachable, now);
        Report(*entry, now, TableOp::Update, TableCause::Moved);
    }
    else if (!m_config.revalidates)
    {
        entry->confirmed = now;
        Enter(*entry, State::Reachable, now);
    }
    return entry;
}

/// Enters a state other than Incomplete and Probe, with its timer.
void
NeighbourCache::Enter(Entry& entry, State state, TimeNs now)
{
    entry.state = state;
    entry.asked = 0;
    switch (state)
    {
    case State::Static:
        entry.deadline = NEVER;
        break;
    case State::Delay:
        Schedule(entry, After(now, m_config.delay));
        break;
    default:
        Schedule(entry, RestDeadline(entry));
        break;
    }
}

/// Sends a question of the entry's state, by group while Incomplete, by unicast in Probe.
void
NeighbourCache::Ask(Entry& entry, TimeNs now)
{
    auto& request = m_requests.Push().meta;
    request.address = entry.address;
    if (entry.state == State::Probe)
    {
        request.unicast = entry.mac;
    }
    ++entry.asked;
    ++m_counts.requests;
    Schedule(entry, After(now, m_config.retransmit));
}

void
NeighbourCache::Expire(Entry& entry, TimeNs now)
{
    switch (entry.state)
    {
    case State::Static:
        return;
    case State::Incomplete:
        if (entry.asked < m_config.multicastProbes)
        {
            Ask(entry, now);
            return;
        }
        break;
    case State::Delay:
        entry.state = State::Probe;
        entry.asked = 0;
        [[fallthrough]];
    case State::Probe:
        if (entry.asked < m_config.unicastProbes)
        {
            Ask(entry, now);
            return;
        }
        break;
    case State::Reachable:
    case State::Stale:
        if (RestDeadline(entry) > now)
        {
            Schedule(entry, RestDeadline(entry));
            return;
        }
        break;
    }
    Erase(entry, now, TableCause::Aged);
}

void
NeighbourCache::Schedule(Entry& entry, TimeNs deadline)
{
    entry.deadline = deadline;
    if (deadline < entry.queued)
    {
        entry.queued = deadline;
        m_timers.push_back({deadline, SlotOf(entry)});
        std::push_heap(m_timers.begin(), m_timers.end(), std::greater<>());
    }
}

/// @return when an unused entry goes
TimeNs
NeighbourCache::RestDeadline(const Entry& entry) const
{
    const TimeNs confirmed = After(entry.confirmed, m_config.reachable);
    return m_config.revalidates ? std::max(confirmed, After(entry.used, m_config.garbage))
                                : confirmed;
}

void
NeighbourCache::Report(const Entry& entry, TimeNs now, TableOp op, TableCause cause)
{
    if (!m_config.reportsChanges)
    {
        return;
    }
    TableChange& change = m_changes.Push().meta;
    change.at = now;
    change.table = Table::Arp;
    change.op = op;
    change.cause = cause;
    change.mac = entry.mac;
    change.address = entry.address;
    if (entry.state == State::Static)
    {
        change.text = "static";
    }
}

} // namespace weft::netbase
