// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What only some end hosts need: made with its first use, so that idle ones stay small. Private to
 * IpEndpoint.
 */
#ifndef NETBASE_ENDPOINT_EXTRA_H
#define NETBASE_ENDPOINT_EXTRA_H

#include "netbase-endpoint.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

namespace weft::netbase
{

/// ff02::1
inline constexpr IpAddress ALL_NODES{{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

struct IpEndpoint::Extra
{
    struct PathLimit
    {
        IpAddress to;
        std::uint32_t mtu;
        TimeNs until;
    };

    std::vector<LocalAddress> addresses; ///< beside the configured one
    absl::flat_hash_set<IpAddress> groups;
    absl::flat_hash_map<MacAddress, std::uint32_t> groupMacs; ///< how many groups share each
    std::vector<PathLimit> limits;                            ///< oldest first
    std::unique_ptr<IgmpHost> igmp;
    std::unique_ptr<Reassembly> reassembly;
    DropCounters reassemblyDrops; ///< of its, what is in the endpoint's counters
    Bytes whole;                  ///< last reassembled datagram
    Bytes part;                   ///< frame with a fragment, being made
    OutputQueue<TableChange> changes;
};

} // namespace weft::netbase

#endif
