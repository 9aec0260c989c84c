// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-replication.h"

#include "vxlan-replication-group.h"
#include "vxlan-replication-head-end.h"
#include "vxlan-replication-node.h"

#include "netbase-checksum.h"
#include "netbase-ipv4.h"

#include <algorithm>

namespace weft::vxlan
{

namespace
{

/// Replaces 16-bit words and accounts for them in checksums of the packet.
void
ReplaceWords(std::uint8_t* field,
             const std::uint8_t* with,
             std::size_t size,
             std::uint8_t* headerChecksum,
             std::uint8_t* transportChecksum)
{
    for (std::size_t i = 0; i < size; i += 2)
    {
        const auto before = netbase::Read16(field + i);
        const auto after = netbase::Read16(with + i);
        if (before == after)
        {
            continue;
        }
        netbase::Write16(field + i, after);
        for (std::uint8_t* checksum : {headerChecksum, transportChecksum})
        {
            if (checksum)
            {
                netbase::Write16(checksum,
                                 netbase::ChecksumUpdate(netbase::Read16(checksum), before, after));
            }
        }
    }
}

} // namespace

std::unique_ptr<Replication>
MakeReplication(ReplicationKind kind, const ReplicationConfig& config, TimeNs now)
{
    switch (kind)
    {
    case ReplicationKind::Multicast:
        return std::make_unique<GroupReplication>();
    case ReplicationKind::HeadEnd:
        return std::make_unique<HeadEndReplication>();
    case ReplicationKind::ServiceNode:
        return std::make_unique<NodeReplication>(config, NodeReplication::Leaf::Pure, now);
    case ReplicationKind::Assisted:
        return std::make_unique<NodeReplication>(config, NodeReplication::Leaf::Assisted, now);
    case ReplicationKind::None:
        break;
    }
    return std::make_unique<NoReplication>();
}

AddressList
OrderFloodList(const std::vector<IpAddress>& list, const IpAddress& self, HeadEndOrder order)
{
    std::vector<IpAddress> ordered;
    ordered.reserve(list.size());
    std::vector<IpAddress> sorted(list);
    std::sort(sorted.begin(), sorted.end());
    const bool repeats = std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
    for (const IpAddress& address : list)
    {
        if (address != self &&
            (!repeats || std::find(ordered.begin(), ordered.end(), address) == ordered.end()))
        {
            ordered.push_back(address);
        }
    }
    if (order == HeadEndOrder::Linux && !ordered.empty())
    {
        std::rotate(ordered.begin(), ordered.begin() + 1, ordered.end());
    }
    return std::make_shared<const std::vector<IpAddress>>(std::move(ordered));
}

void
Readdress(std::span<std::uint8_t> packet, const IpAddress& to)
{
    const bool v4 = packet[0] >> 4 == 4;
    const std::size_t header = v4 ? (packet[0] & 0xfu) * 4u : 40u;
    const std::uint8_t protocol = v4 ? packet[9] : packet[6];
    std::uint8_t* checksum = nullptr;
    if (protocol == netbase::protocol::UDP && packet.size() >= header + 8)
    {
        checksum = packet.data() + header + 6;
        if (netbase::Read16(checksum) == 0)
        {
            checksum = nullptr; // none was computed
        }
    }
    else if (protocol == netbase::protocol::TCP && packet.size() >= header + 20)
    {
        checksum = packet.data() + header + 16;
    }
    if (v4)
    {
        ReplaceWords(packet.data() + 16, to.octets.data() + 12, 4, packet.data() + 10, checksum);
    }
    else
    {
        ReplaceWords(packet.data() + 24, to.octets.data(), 16, nullptr, checksum);
    }
    if (checksum && protocol == netbase::protocol::UDP && netbase::Read16(checksum) == 0)
    {
        netbase::Write16(checksum, 0xffff); // RFC 768: 0 means none
    }
}

} // namespace weft::vxlan
