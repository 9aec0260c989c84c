// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-drop-reason.h"

namespace ns3
{
namespace underlay
{

const char*
ToString(DropReason reason)
{
    static constexpr std::array<const char*, static_cast<std::size_t>(DropReason::Count)> NAMES{
        "queue-full-up",
        "queue-full-down",
        "codel-up",
        "codel-down",
        "mtu",
        "link-down",
        "not-ipv4",
        "no-such-member",
        "not-in-vpn",
        "no-path",
        "loss",
        "common-loss",
        "event-loss",
        "path-down",
    };
    return reason < DropReason::Count ? NAMES[static_cast<std::size_t>(reason)] : "none";
}

std::ostream&
operator<<(std::ostream& os, DropReason reason)
{
    return os << ToString(reason);
}

void
AppendDrops(const std::string& place, const DropCounts& counts, std::vector<DropRecord>& records)
{
    for (std::size_t i = 0; i < counts.size(); ++i)
    {
        if (counts[i].packets > 0)
        {
            records.push_back({place, static_cast<DropReason>(i), counts[i]});
        }
    }
}

} // namespace underlay
} // namespace ns3
