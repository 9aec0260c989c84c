// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-fdb.h"

#include <algorithm>

namespace weft::vxlan
{

namespace
{

constexpr TimeNs SWEEP = std::chrono::seconds{10}; ///< FDB_AGE_INTERVAL of the kernel's driver

/// @return a + b, or NEVER when that is later
TimeNs
After(TimeNs a, TimeNs b)
{
    return b >= NEVER - a ? NEVER : a + b;
}

const char*
TextOf(FdbOrigin origin)
{
    switch (origin)
    {
    case FdbOrigin::Static:
        return "static";
    case FdbOrigin::Controller:
        return "controller";
    case FdbOrigin::Learned:
        break;
    }
    return "";
}

std::uint32_t
NameOf(const std::vector<std::uint32_t>& names, std::uint64_t key)
{
    const auto domain = MacTable::DomainOf(key);
    return domain < names.size() ? names[domain] : domain;
}

void
SetName(std::vector<std::uint32_t>& names, std::uint16_t domain, std::uint32_t number)
{
    if (names.size() <= domain)
    {
        names.resize(domain + 1u);
    }
    names[domain] = number;
}

} // namespace

bool
TableLog::Poll(TableChange& change)
{
    if (m_read == m_changes.size())
    {
        m_changes.clear();
        m_read = 0;
        return false;
    }
    change = std::move(m_changes[m_read++]);
    return true;
}

FdbAgeing::FdbAgeing(const FdbConfig& config, TimeNs now)
    : m_ageing(config.ageing == TimeNs::zero() ? NEVER : config.ageing), m_mode(config.mode),
      m_nextSweep(After(now, SWEEP))
{
}

void
FdbAgeing::OnFirst(TimeNs now)
{
    if (m_nextSweep <= now)
    {
        // Sweeps of an empty table were not asked for: they only kept their rhythm.
        m_nextSweep += SWEEP * ((now - m_nextSweep) / SWEEP + 1);
    }
}

bool
FdbAgeing::Expired(MacTable& table, TimeNs now) const
{
    return table.HasLearned() && After(table.Oldest().seen, m_ageing) <= now;
}

void
FdbAgeing::Done(MacTable& table, TimeNs now)
{
    m_nextSweep = After(now, SWEEP);
    if (table.HasLearned())
    {
        m_nextSweep = std::min(m_nextSweep, After(table.Oldest().seen, m_ageing));
    }
}

BridgeFdb::BridgeFdb(const FdbConfig& config, TimeNs now) : m_config(config), m_ageing(config, now)
{
}

void
BridgeFdb::NameDomain(std::uint16_t domain, std::uint32_t number)
{
    SetName(m_names, domain, number);
}

LearnResult
BridgeFdb::Learn(
    std::uint16_t domain, const MacAddress& mac, PortId port, TimeNs now, PortId& before)
{
    const auto key = MacTable::Key(domain, mac);
    if (auto* slot = m_table.Find(key))
    {
        before = slot->value;
        if (slot->value == port)
        {
            m_table.Touch(*slot, now);
            return LearnResult::Refreshed;
        }
        if (m_table.EntryOf(*slot).origin != FdbOrigin::Learned)
        {
            ++m_counters.staticConflicts;
            return LearnResult::Conflict;
        }
        slot->value = port;
        m_table.Touch(*slot, now);
        ++m_counters.moved;
        Report(TableOp::Update, TableCause::Moved, *slot, now);
        return LearnResult::Moved;
    }
    before = NO_PORT;
    if (!MakeRoom(now))
    {
        ++m_counters.refused;
        return LearnResult::Refused;
    }
    if (!m_table.HasLearned())
    {
        m_ageing.OnFirst(now);
    }
    const auto& slot = m_table.Insert(key, port, FdbOrigin::Learned, now);
    ++m_counters.learned;
    Report(TableOp::Add, TableCause::Learned, slot, now);
    return LearnResult::Added;
}

std::uint8_t*
BridgeFdb::Flags(std::uint16_t domain, const MacAddress& mac)
{
    auto* slot = m_table.Find(MacTable::Key(domain, mac));
    return slot ? &m_table.EntryOf(*slot).flags : nullptr;
}

bool
BridgeFdb::SetStatic(std::uint16_t domain, const MacAddress& mac, PortId port, TimeNs now)
{
    const auto key = MacTable::Key(domain, mac);
    if (auto* slot = m_table.Find(key))
    {
        slot->value = port;
        m_table.SetOrigin(*slot, FdbOrigin::Static, now);
        Report(TableOp::Update, TableCause::Configured, *slot, now);
        return true;
    }
    if (!MakeRoom(now))
    {
        ++m_counters.refused;
        return false;
    }
    Report(TableOp::Add,
           TableCause::Configured,
           m_table.Insert(key, port, FdbOrigin::Static, now),
           now);
    return true;
}

bool
BridgeFdb::Remove(std::uint16_t domain, const MacAddress& mac, TableCause cause, TimeNs now)
{
    const auto key = MacTable::Key(domain, mac);
    if (!m_table.Find(key))
    {
        return false;
    }
    ++m_counters.flushed;
    Erase(key, cause, now);
    return true;
}

template <typename Condition>
void
BridgeFdb::FlushIf(Condition condition, TableCause cause, TimeNs now, std::vector<Gone>* gone)
{
    std::vector<Gone> chosen;
    m_table.ForEach([&](const MacTable::Slot& slot, const MacTable::Entry& entry) {
        if (condition(slot, entry))
        {
            chosen.push_back({MacTable::DomainOf(slot.key), MacTable::MacOf(slot.key), slot.value});
        }
    });
    for (const Gone& station : chosen)
    {
        ++m_counters.flushed;
        Erase(MacTable::Key(station.domain, station.mac), cause, now);
    }
    if (gone)
    {
        gone->insert(gone->end(), chosen.begin(), chosen.end());
    }
}

void
BridgeFdb::FlushPort(PortId port, TableCause cause, TimeNs now, std::vector<Gone>* gone)
{
    FlushIf(
        [port](const MacTable::Slot& slot, const MacTable::Entry& entry) {
            return slot.value == port && entry.origin == FdbOrigin::Learned;
        },
        cause,
        now,
        gone);
}

void
BridgeFdb::FlushDomain(std::uint16_t domain, TableCause cause, TimeNs now, std::vector<Gone>* gone)
{
    FlushIf([domain](const MacTable::Slot& slot,
                     const MacTable::Entry&) { return MacTable::DomainOf(slot.key) == domain; },
            cause,
            now,
            gone);
}

void
BridgeFdb::ExpireDue(TimeNs now, std::vector<Gone>* gone)
{
    while (m_ageing.Expired(m_table, now))
    {
        const auto key = m_table.Oldest().key;
        if (gone)
        {
            gone->push_back(
                {MacTable::DomainOf(key), MacTable::MacOf(key), m_table.Find(key)->value});
        }
        ++m_counters.aged;
        Erase(key, TableCause::Aged, now);
    }
    m_ageing.Done(m_table, now);
}

bool
BridgeFdb::MakeRoom(TimeNs now)
{
    if (m_table.Size() < m_config.maxEntries)
    {
        return true;
    }
    if (m_config.full == FullPolicy::Refuse || !m_table.HasLearned())
    {
        return false;
    }
    ++m_counters.evicted;
    Erase(m_table.Oldest().key, TableCause::Evicted, now);
    return true;
}

void
BridgeFdb::Erase(std::uint64_t key, TableCause cause, TimeNs now)
{
    if (m_log.On())
    {
        Report(TableOp::Remove, cause, *m_table.Find(key), now);
    }
    m_table.Erase(key);
}

void
BridgeFdb::Report(TableOp op, TableCause cause, const MacTable::Slot& slot, TimeNs now)
{
    if (m_log.On())
    {
        TableChange change;
        change.at = now;
        change.table = Table::BridgeFdb;
        change.op = op;
        change.cause = cause;
        change.domain = NameOf(m_names, slot.key);
        change.mac = MacTable::MacOf(slot.key);
        change.port = static_cast<std::int32_t>(slot.value);
        change.text = TextOf(m_table.EntryOf(slot).origin);
        m_log.Add(std::move(change));
    }
}

VtepFdb::VtepFdb(const FdbConfig& config, TimeNs now) : m_config(config), m_ageing(config, now)
{
}

void
VtepFdb::NameDomain(std::uint16_t domain, std::uint32_t number)
{
    SetName(m_names, domain, number);
}

const IpAddress*
VtepFdb::FindAndTouch(std::uint16_t domain, const MacAddress& mac, TimeNs now)
{
    auto* slot = m_table.Find(MacTable::Key(domain, mac));
    if (!slot)
    {
        return nullptr;
    }
    m_table.Touch(*slot, now);
    return &m_remotes[slot->value].address;
}

LearnResult
VtepFdb::Learn(std::uint16_t domain, const MacAddress& mac, const IpAddress& remote, TimeNs now)
{
    const auto key = MacTable::Key(domain, mac);
    if (auto* slot = m_table.Find(key))
    {
        if (m_remotes[slot->value].address == remote)
        {
            m_table.Touch(*slot, now);
            return LearnResult::Refreshed;
        }
        if (m_table.EntryOf(*slot).origin != FdbOrigin::Learned)
        {
            ++m_counters.staticConflicts;
            return LearnResult::Conflict;
        }
        Repoint(*slot, remote);
        m_table.Touch(*slot, now);
        ++m_counters.moved;
        Report(TableOp::Update, TableCause::Moved, *slot, now);
        return LearnResult::Moved;
    }
    if (!MakeRoom(now))
    {
        ++m_counters.refused;
        return LearnResult::Refused;
    }
    if (!m_table.HasLearned())
    {
        m_ageing.OnFirst(now);
    }
    const auto& slot = m_table.Insert(key, Acquire(remote), FdbOrigin::Learned, now);
    ++m_counters.learned;
    Report(TableOp::Add, TableCause::Learned, slot, now);
    return LearnResult::Added;
}

InstallResult
VtepFdb::Install(std::uint16_t domain,
                 const MacAddress& mac,
                 const IpAddress& remote,
                 FdbOrigin origin,
                 TimeNs now)
{
    const auto cause =
        origin == FdbOrigin::Controller ? TableCause::Controller : TableCause::Configured;
    const auto key = MacTable::Key(domain, mac);
    if (auto* slot = m_table.Find(key))
    {
        auto& entry = m_table.EntryOf(*slot);
        if (entry.origin == FdbOrigin::Static && origin != FdbOrigin::Static)
        {
            return InstallResult::Conflict;
        }
        if (entry.origin == origin && m_remotes[slot->value].address == remote)
        {
            return InstallResult::Done;
        }
        Repoint(*slot, remote);
        m_table.SetOrigin(*slot, origin, now);
        Report(TableOp::Update, cause, *slot, now);
        return InstallResult::Done;
    }
    if (!MakeRoom(now))
    {
        ++m_counters.refused;
        return InstallResult::Full;
    }
    Report(TableOp::Add, cause, m_table.Insert(key, Acquire(remote), origin, now), now);
    return InstallResult::Done;
}

bool
VtepFdb::Withdraw(std::uint16_t domain, const MacAddress& mac, FdbOrigin origin, TimeNs now)
{
    const auto key = MacTable::Key(domain, mac);
    const auto* slot = m_table.Find(key);
    if (!slot || m_table.EntryOf(*slot).origin != origin)
    {
        return false;
    }
    Erase(key,
          origin == FdbOrigin::Controller ? TableCause::Controller : TableCause::Configured,
          now);
    return true;
}

bool
VtepFdb::Remove(std::uint16_t domain, const MacAddress& mac, TableCause cause, TimeNs now)
{
    const auto key = MacTable::Key(domain, mac);
    if (!m_table.Find(key))
    {
        return false;
    }
    ++m_counters.flushed;
    Erase(key, cause, now);
    return true;
}

void
VtepFdb::FlushDomain(std::uint16_t domain, TableCause cause, TimeNs now)
{
    FlushIf([&](const MacTable::Slot& slot,
                const MacTable::Entry&) { return MacTable::DomainOf(slot.key) == domain; },
            cause,
            now);
}

void
VtepFdb::FlushRemote(const IpAddress& remote, TableCause cause, TimeNs now)
{
    FlushIf(
        [&](const MacTable::Slot& slot, const MacTable::Entry& entry) {
            return entry.origin == FdbOrigin::Learned && m_remotes[slot.value].address == remote;
        },
        cause,
        now);
}

template <typename Condition>
void
VtepFdb::FlushIf(Condition condition, TableCause cause, TimeNs now)
{
    std::vector<std::uint64_t> keys;
    m_table.ForEach([&](const MacTable::Slot& slot, const MacTable::Entry& entry) {
        if (condition(slot, entry))
        {
            keys.push_back(slot.key);
        }
    });
    for (const auto key : keys)
    {
        ++m_counters.flushed;
        Erase(key, cause, now);
    }
}

void
VtepFdb::ReleaseController(TimeNs now)
{
    std::vector<std::uint64_t> keys;
    m_table.ForEach([&](const MacTable::Slot& slot, const MacTable::Entry& entry) {
        if (entry.origin == FdbOrigin::Controller)
        {
            keys.push_back(slot.key);
        }
    });
    if (!keys.empty() && !m_table.HasLearned())
    {
        m_ageing.OnFirst(now);
    }
    for (const auto key : keys)
    {
        const auto& slot = *m_table.Find(key);
        m_table.SetOrigin(slot, FdbOrigin::Learned, now);
        Report(TableOp::Update, TableCause::Controller, slot, now);
    }
}

bool
VtepFdb::Contradicts(std::uint16_t domain, const MacAddress& mac, const IpAddress& remote)
{
    const auto* slot = m_table.Find(MacTable::Key(domain, mac));
    if (!slot || m_table.EntryOf(*slot).origin != FdbOrigin::Static ||
        m_remotes[slot->value].address == remote)
    {
        return false;
    }
    ++m_counters.staticConflicts;
    return true;
}

std::optional<FdbOrigin>
VtepFdb::OriginOf(std::uint16_t domain, const MacAddress& mac) const
{
    const auto* slot = m_table.Find(MacTable::Key(domain, mac));
    return slot ? std::optional(m_table.EntryOf(*slot).origin) : std::nullopt;
}

std::uint32_t
VtepFdb::Acquire(const IpAddress& address)
{
    const auto [found, added] = m_remoteIndex.try_emplace(address, 0);
    if (added)
    {
        if (m_freeRemotes.empty())
        {
            found->second = static_cast<std::uint32_t>(m_remotes.size());
            m_remotes.emplace_back();
        }
        else
        {
            found->second = m_freeRemotes.back();
            m_freeRemotes.pop_back();
        }
        m_remotes[found->second] = {.address = address, .entries = 0};
    }
    ++m_remotes[found->second].entries;
    return found->second;
}

void
VtepFdb::Release(std::uint32_t remote)
{
    if (--m_remotes[remote].entries == 0)
    {
        m_remoteIndex.erase(m_remotes[remote].address);
        m_freeRemotes.push_back(remote);
    }
}

void
VtepFdb::Repoint(MacTable::Slot& slot, const IpAddress& remote)
{
    const auto before = slot.value;
    slot.value = Acquire(remote);
    Release(before);
}

void
VtepFdb::ExpireDue(TimeNs now)
{
    while (m_ageing.Expired(m_table, now))
    {
        ++m_counters.aged;
        Erase(m_table.Oldest().key, TableCause::Aged, now);
    }
    m_ageing.Done(m_table, now);
}

bool
VtepFdb::MakeRoom(TimeNs now)
{
    if (m_table.Size() < m_config.maxEntries)
    {
        return true;
    }
    if (m_config.full == FullPolicy::Refuse || !m_table.HasLearned())
    {
        return false;
    }
    ++m_counters.evicted;
    Erase(m_table.Oldest().key, TableCause::Evicted, now);
    return true;
}

void
VtepFdb::Erase(std::uint64_t key, TableCause cause, TimeNs now)
{
    const auto& slot = *m_table.Find(key);
    Report(TableOp::Remove, cause, slot, now);
    const auto remote = slot.value;
    m_table.Erase(key);
    Release(remote);
}

void
VtepFdb::Report(TableOp op, TableCause cause, const MacTable::Slot& slot, TimeNs now)
{
    if (m_log.On())
    {
        TableChange change;
        change.at = now;
        change.table = Table::VtepFdb;
        change.op = op;
        change.cause = cause;
        change.domain = NameOf(m_names, slot.key);
        change.mac = MacTable::MacOf(slot.key);
        change.remote = m_remotes[slot.value].address;
        change.text = TextOf(m_table.EntryOf(slot).origin);
        m_log.Add(std::move(change));
    }
}

} // namespace weft::vxlan
