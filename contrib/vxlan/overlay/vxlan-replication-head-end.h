// SPDX-License-Identifier: GPL-2.0-only
/** @file Replication by the sending VTEP itself, and none at all. */
#ifndef VXLAN_REPLICATION_HEAD_END_H
#define VXLAN_REPLICATION_HEAD_END_H

#include "vxlan-replication.h"

namespace weft::vxlan
{

/// One copy to every other VTEP, all with the source port of the one frame.
class HeadEndReplication : public Replication
{
  public:
    AddressList
    Targets(const FloodNetwork& network, FloodKind, std::uint64_t) override
    {
        return network.others;
    }
};

/// Nothing is flooded (local ARP answers only).
class NoReplication : public Replication
{
  public:
    AddressList
    Targets(const FloodNetwork&, FloodKind, std::uint64_t) override
    {
        return nullptr;
    }
};

} // namespace weft::vxlan

#endif
