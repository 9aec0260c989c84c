// SPDX-License-Identifier: GPL-2.0-only
/** @file Replication by the underlay's multicast: one copy to the network's group. */
#ifndef VXLAN_REPLICATION_GROUP_H
#define VXLAN_REPLICATION_GROUP_H

#include "vxlan-replication.h"

namespace weft::vxlan
{

class GroupReplication : public Replication
{
  public:
    AddressList
    Targets(const FloodNetwork& network, FloodKind, std::uint64_t) override
    {
        return network.groupList;
    }

    bool
    UsesGroups() const override
    {
        return true;
    }
};

} // namespace weft::vxlan

#endif
