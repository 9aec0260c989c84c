// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-join-prune-batch.h"

#include "netbase-ipv4.h"

#include <algorithm>

namespace weft::multicast
{

void
JoinPruneBatch::Add(PortIndex port,
                    const IpAddress& upstream,
                    const IpAddress& group,
                    const PimSource& source,
                    bool join)
{
    if (port == NO_PORT || upstream.IsNone())
    {
        return;
    }
    PimGroupRecord& record = m_records[{port, upstream}][group];
    record.group = group;
    std::erase(record.joins, source);
    std::erase(record.prunes, source);
    (join ? record.joins : record.prunes).push_back(source);
}

bool
JoinPruneBatch::Take(std::uint32_t mtu,
                     std::uint16_t holdtime,
                     bool bidirectional,
                     PortIndex& port,
                     PimJoinPrune& message)
{
    if (m_records.empty())
    {
        return false;
    }
    constexpr std::size_t FIXED = netbase::IPV4_HEADER + PIM_HEADER + 10;
    constexpr std::size_t GROUP = 12;
    constexpr std::size_t SOURCE = 8;
    constexpr std::size_t MOST_GROUPS = 255; // the count has one octet
    const auto first = m_records.begin();
    Groups& groups = first->second;
    port = first->first.first;
    message = {.upstream = first->first.second, .holdtime = holdtime, .groups = {}};
    std::size_t room = mtu - FIXED;
    while (!groups.empty() && message.groups.size() < MOST_GROUPS)
    {
        PimGroupRecord& record = groups.begin()->second;
        record.bidirectional = bidirectional;
        const std::size_t sources = record.joins.size() + record.prunes.size();
        if (GROUP + SOURCE * sources <= room)
        {
            room -= GROUP + SOURCE * sources;
            message.groups.push_back(std::move(record));
            groups.erase(groups.begin());
            continue;
        }
        if (message.groups.empty())
        {
            // Too long by itself: joins first, for that of (*,G) stands at their head.
            std::size_t fit = (room - GROUP) / SOURCE;
            PimGroupRecord part{
                .group = record.group, .bidirectional = bidirectional, .joins = {}, .prunes = {}};
            const auto move = [&fit](std::vector<PimSource>& from, std::vector<PimSource>& to) {
                const auto count = static_cast<std::ptrdiff_t>(std::min(fit, from.size()));
                to.assign(from.begin(), from.begin() + count);
                from.erase(from.begin(), from.begin() + count);
                fit -= static_cast<std::size_t>(count);
            };
            move(record.joins, part.joins);
            move(record.prunes, part.prunes);
            message.groups.push_back(std::move(part));
        }
        break;
    }
    if (groups.empty())
    {
        m_records.erase(first);
    }
    return true;
}

} // namespace weft::multicast
