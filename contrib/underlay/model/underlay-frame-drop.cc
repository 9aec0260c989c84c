// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-frame-drop.h"

namespace ns3
{
namespace underlay
{

const char*
ToString(FrameDrop reason)
{
    static constexpr std::array<const char*, static_cast<std::size_t>(FrameDrop::Count)> NAMES{
        "queue-full",   "link-down",        "mtu",           "loss",         "common-loss",
        "event-loss",   "path-down",        "not-dns",       "wrong-vlan",   "not-for-us",
        "malformed",    "node-down",        "bad-checksum",  "unknown-type", "ttl-expired",
        "too-big",      "no-route",         "next-hop-down", "unresolved",   "pending-full",
        "no-multicast", "unknown-protocol", "bad-source",    "port-blocked", "vlan-denied",
        "no-output",
    };
    static_assert(NAMES.back() != nullptr);
    return reason < FrameDrop::Count ? NAMES[static_cast<std::size_t>(reason)] : "none";
}

std::ostream&
operator<<(std::ostream& os, FrameDrop reason)
{
    return os << ToString(reason);
}

PacketCount
FrameDropCounts::Total() const
{
    PacketCount total;
    for (const PacketCount& count : m_counts)
    {
        total.packets += count.packets;
        total.bytes += count.bytes;
    }
    return total;
}

void
AppendDrops(const std::string& place,
            const FrameDropCounts& counts,
            std::vector<FrameDropRecord>& records)
{
    for (std::size_t i = 0; i < static_cast<std::size_t>(FrameDrop::Count); ++i)
    {
        const auto reason = static_cast<FrameDrop>(i);
        if (counts.Of(reason).packets > 0)
        {
            records.push_back({place, reason, counts.Of(reason)});
        }
    }
}

} // namespace underlay
} // namespace ns3
