// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-stt-reassembly.h"

#include <algorithm>

namespace weft::vxlan
{

namespace
{

constexpr std::uint8_t ECN_MASK = 3; ///< CE is both bits

} // namespace

SttReassembly::SttReassembly(TimeNs timeout, std::size_t maxBytes)
    : m_timeout(timeout), m_maxBytes(maxBytes)
{
}

SttReassembly::Entry&
SttReassembly::Open(const Key& key, const Segment& segment, TimeNs now)
{
    while (m_bytes + segment.length > m_maxBytes)
    {
        GiveUpOldest();
        m_givenUpAt = now;
    }
    std::uint32_t slot = m_free;
    if (slot == NONE)
    {
        slot = static_cast<std::uint32_t>(m_entries.size());
        m_entries.emplace_back();
    }
    else
    {
        m_free = m_entries[slot].next;
    }
    Entry& entry = m_entries[slot];
    entry.key = key;
    entry.deadline = now + m_timeout;
    entry.tos = segment.tos;
    entry.data.resize(segment.length);
    entry.ranges.clear();
    entry.next = NONE;
    entry.previous = m_youngest;
    (m_youngest == NONE ? m_oldest : m_entries[m_youngest].next) = slot;
    m_youngest = slot;
    m_bytes += segment.length;
    m_index.emplace(key, slot);
    return entry;
}

void
SttReassembly::Close(std::uint32_t slot)
{
    Entry& entry = m_entries[slot];
    m_index.erase(entry.key);
    m_bytes -= entry.data.size();
    (entry.previous == NONE ? m_oldest : m_entries[entry.previous].next) = entry.next;
    (entry.next == NONE ? m_youngest : m_entries[entry.next].previous) = entry.previous;
    entry.next = m_free;
    m_free = slot;
}

void
SttReassembly::GiveUpOldest()
{
    Close(m_oldest);
    ++m_givenUp;
}

DropReason
SttReassembly::Mark(Entry& entry, std::uint32_t begin, std::uint32_t end)
{
    auto& ranges = entry.ranges;
    // The first range that ends at or behind the segment's beginning.
    auto at = std::lower_bound(ranges.begin(),
                               ranges.end(),
                               begin,
                               [](const auto& range, std::uint32_t x) { return range.second < x; });
    if (at != ranges.end() && at->first <= begin && end <= at->second)
    {
        return DropReason::Duplicate;
    }
    const bool joinsLeft = at != ranges.end() && at->second == begin;
    const auto right = joinsLeft ? at + 1 : at;
    if (right != ranges.end() && right->first < end)
    {
        return DropReason::BadTunnelHeader;
    }
    const bool joinsRight = right != ranges.end() && right->first == end;
    if (joinsLeft && joinsRight)
    {
        at->second = right->second;
        ranges.erase(right);
    }
    else if (joinsLeft)
    {
        at->second = end;
    }
    else if (joinsRight)
    {
        right->first = begin;
    }
    else
    {
        ranges.insert(at, {begin, end});
    }
    return DropReason::None;
}

DropReason
SttReassembly::Add(const Key& key, const Segment& segment, TimeNs now, Frame& frame)
{
    frame = {};
    const std::uint32_t end =
        std::uint32_t{segment.offset} + static_cast<std::uint32_t>(segment.data.size());
    if (segment.data.empty())
    {
        return DropReason::Truncated;
    }
    if (end > segment.length)
    {
        return DropReason::BadTunnelHeader;
    }
    if (segment.data.size() == segment.length)
    {
        frame = {segment.data, segment.tos};
        return DropReason::None;
    }
    const auto found = m_index.find(key);
    if (found == m_index.end() && segment.length > m_maxBytes)
    {
        return DropReason::NoBuffer;
    }
    Entry& entry = found == m_index.end() ? Open(key, segment, now) : m_entries[found->second];
    if (entry.data.size() != segment.length)
    {
        return DropReason::BadTunnelHeader;
    }
    if (const DropReason reason = Mark(entry, segment.offset, end); reason != DropReason::None)
    {
        return reason;
    }
    std::copy(segment.data.begin(), segment.data.end(), entry.data.begin() + segment.offset);
    if ((segment.tos & ECN_MASK) == ECN_MASK)
    {
        entry.tos |= ECN_MASK;
    }
    if (entry.ranges.front() == std::pair<std::uint32_t, std::uint32_t>{0, segment.length})
    {
        frame = {entry.data, entry.tos};
        Close(static_cast<std::uint32_t>(&entry - m_entries.data()));
    }
    return DropReason::None;
}

TimeNs
SttReassembly::NextDeadline() const
{
    if (m_givenUp != 0)
    {
        return m_givenUpAt;
    }
    return m_oldest == NONE ? NEVER : m_entries[m_oldest].deadline;
}

std::uint32_t
SttReassembly::Expire(TimeNs now)
{
    while (m_oldest != NONE && m_entries[m_oldest].deadline <= now)
    {
        GiveUpOldest();
    }
    return std::exchange(m_givenUp, 0);
}

} // namespace weft::vxlan
