// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-drop-reason.h"

#include <array>
#include <cstddef>

namespace weft::netbase
{

std::string_view
ToString(DropReason reason)
{
    constexpr std::array<std::string_view, static_cast<std::size_t>(DropReason::Count)> NAMES{
        "none",
        "truncated",
        "bad-header",
        "bad-checksum",
        "unsupported",
        "bad-source",
        "own-source",
        "not-our-mac",
        "not-our-group",
        "tagged",
        "unknown-ether-type",
        "not-our-arp",
        "rarp",
        "address-conflict",
        "not-our-address",
        "too-big",
        "no-route",
        "neighbour-failed",
        "pending-full",
        "cache-full",
        "fragment-overlap",
        "fragment-duplicate",
        "fragment-timeout",
        "fragment-evicted",
        "ttl-expired",
        "not-joined",
    };
    static_assert(!NAMES.back().empty(), "every reason has a name");
    const auto index = static_cast<std::size_t>(reason);
    return index < NAMES.size() ? NAMES[index] : std::string_view("?");
}

DropReason
DropCounters::Add(DropReason reason, std::uint64_t count)
{
    if (reason == DropReason::None || count == 0)
    {
        return reason;
    }
    for (Entry& entry : m_entries)
    {
        if (entry.reason == reason)
        {
            entry.count += count;
            return reason;
        }
    }
    m_entries.push_back({reason, count});
    return reason;
}

std::uint64_t
DropCounters::Of(DropReason reason) const
{
    for (const Entry& entry : m_entries)
    {
        if (entry.reason == reason)
        {
            return entry.count;
        }
    }
    return 0;
}

std::uint64_t
DropCounters::Total() const
{
    std::uint64_t total = 0;
    for (const Entry& entry : m_entries)
    {
        total += entry.count;
    }
    return total;
}

} // namespace weft::netbase
