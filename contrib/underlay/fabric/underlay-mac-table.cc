// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-mac-table.h"

#include <algorithm>
#include <stdexcept>
#include <tuple>

namespace weft::underlay
{

using netbase::MacAddress;
using netbase::TableCause;
using netbase::TableChange;
using netbase::TableOp;
using netbase::TimeNs;

MacTable::MacTable(std::size_t limit, TimeNs ageing)
    : m_limit(limit), m_ageing(ageing == TimeNs{0} ? netbase::NEVER : ageing)
{
    if (limit < 1)
    {
        throw std::invalid_argument("limit 0: must be at least 1");
    }
    if (ageing < TimeNs{0})
    {
        throw std::invalid_argument("ageing " + std::to_string(ageing.count()) +
                                    " ns: must not be negative");
    }
}

std::uint64_t
MacTable::Key(std::uint16_t vlan, const MacAddress& mac)
{
    return std::uint64_t{vlan} << 48 | mac.ToInteger();
}

void
MacTable::Unlink(std::uint32_t slot)
{
    const Slot& s = m_slots[slot];
    (s.older == NONE ? m_oldest : m_slots[s.older].newer) = s.newer;
    (s.newer == NONE ? m_newest : m_slots[s.newer].older) = s.older;
}

void
MacTable::LinkNewest(std::uint32_t slot)
{
    m_slots[slot].older = m_newest;
    m_slots[slot].newer = NONE;
    (m_newest == NONE ? m_oldest : m_slots[m_newest].newer) = slot;
    m_newest = slot;
}

void
MacTable::Report(const Entry& entry, TableOp op, TableCause cause, TimeNs at)
{
    if (!m_reporting)
    {
        return;
    }
    TableChange change;
    change.at = at;
    change.table = netbase::Table::BridgeFdb;
    change.op = op;
    change.cause = cause;
    change.domain = entry.vlan;
    change.mac = entry.mac;
    change.port = static_cast<std::int32_t>(entry.port);
    m_changes.push_back(std::move(change));
}

void
MacTable::Erase(std::uint32_t slot, TableCause cause, TimeNs at)
{
    const Entry& entry = m_slots[slot].entry;
    Report(entry, TableOp::Remove, cause, at);
    ++(cause == TableCause::Aged ? m_counters.aged : m_counters.flushed);
    m_index.erase(Key(entry.vlan, entry.mac));
    Unlink(slot);
    m_free.push_back(slot);
}

void
MacTable::OnDeadline(TimeNs now)
{
    while (NextDeadline() <= now)
    {
        Erase(m_oldest, TableCause::Aged, NextDeadline());
    }
}

TimeNs
MacTable::NextDeadline() const
{
    if (m_oldest == NONE || m_ageing == netbase::NEVER)
    {
        return netbase::NEVER;
    }
    return m_slots[m_oldest].entry.lastSeen + m_ageing;
}

void
MacTable::Learn(std::uint16_t vlan, const MacAddress& mac, std::uint32_t port, TimeNs now)
{
    if (mac.IsGroup())
    {
        return;
    }
    OnDeadline(now);
    const auto at = m_index.find(Key(vlan, mac));
    if (at != m_index.end())
    {
        Entry& entry = m_slots[at->second].entry;
        entry.lastSeen = now;
        if (at->second != m_newest)
        {
            Unlink(at->second);
            LinkNewest(at->second);
        }
        if (entry.port != port)
        {
            entry.port = port;
            ++m_counters.moved;
            Report(entry, TableOp::Update, TableCause::Moved, now);
        }
        return;
    }
    if (m_index.size() >= m_limit)
    {
        ++m_counters.refused;
        return;
    }
    std::uint32_t slot;
    if (m_free.empty())
    {
        slot = static_cast<std::uint32_t>(m_slots.size());
        m_slots.emplace_back();
    }
    else
    {
        slot = m_free.back();
        m_free.pop_back();
    }
    m_slots[slot].entry = {vlan, mac, port, now};
    LinkNewest(slot);
    m_index.emplace(Key(vlan, mac), slot);
    ++m_counters.learned;
    Report(m_slots[slot].entry, TableOp::Add, TableCause::Learned, now);
}

std::optional<std::uint32_t>
MacTable::LookUp(std::uint16_t vlan, const MacAddress& mac, TimeNs now)
{
    OnDeadline(now);
    const auto at = m_index.find(Key(vlan, mac));
    return at == m_index.end() ? std::nullopt : std::optional(m_slots[at->second].entry.port);
}

void
MacTable::FlushPort(std::uint32_t port, TimeNs now)
{
    OnDeadline(now);
    for (std::uint32_t slot = m_oldest; slot != NONE;)
    {
        const std::uint32_t next = m_slots[slot].newer;
        if (m_slots[slot].entry.port == port)
        {
            Erase(slot, TableCause::PortDown, now);
        }
        slot = next;
    }
}

void
MacTable::Flush(TimeNs now)
{
    OnDeadline(now);
    while (m_oldest != NONE)
    {
        Erase(m_oldest, TableCause::Flushed, now);
    }
}

void
MacTable::SetReporting(bool report)
{
    m_reporting = report;
}

bool
MacTable::PollTableChange(TableChange& change)
{
    if (m_polled == m_changes.size())
    {
        m_changes.clear();
        m_polled = 0;
        return false;
    }
    change = std::move(m_changes[m_polled++]);
    return true;
}

std::vector<MacTable::Entry>
MacTable::Entries() const
{
    std::vector<Entry> entries;
    entries.reserve(m_index.size());
    for (std::uint32_t slot = m_oldest; slot != NONE; slot = m_slots[slot].newer)
    {
        entries.push_back(m_slots[slot].entry);
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return std::tie(a.vlan, a.mac) < std::tie(b.vlan, b.mac);
    });
    return entries;
}

} // namespace weft::underlay
