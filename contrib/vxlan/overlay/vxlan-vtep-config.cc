// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-vtep-config.h"

#include <stdexcept>
#include <string>

namespace weft::vxlan
{

namespace
{

[[noreturn]] void
Refuse(const std::string& field, const std::string& value, const std::string& rule)
{
    throw std::invalid_argument("vtep: " + field + " is " + value + ", but " + rule);
}

bool
IsUnicast(const IpAddress& address)
{
    return !address.IsNone() && !address.IsMulticast();
}

void
CheckAgeing(const std::string& field, TimeNs ageing)
{
    if (ageing < TimeNs::zero())
    {
        Refuse(field, std::to_string(ageing.count()) + " ns", "a time is not negative");
    }
}

} // namespace

void
Validate(const NetworkConfig& network, const IpAddress& self)
{
    if (network.vni > MAX_VNI)
    {
        Refuse("network.vni", std::to_string(network.vni), "has to be at most 16777215");
    }
    if (!network.group.IsNone() &&
        (!network.group.IsMulticast() || network.group.IsV4() != self.IsV4()))
    {
        Refuse("network.group",
               network.group.ToString(),
               "has to be a multicast address of the VTEP's family");
    }
    if (network.vlan > 4094)
    {
        Refuse("network.vlan", std::to_string(network.vlan), "has to be 0 to 4094");
    }
    for (const IpAddress& other : network.floodList)
    {
        if (!IsUnicast(other) || other.IsV4() != self.IsV4())
        {
            Refuse("network.floodList",
                   "a list with " + other.ToString(),
                   "holds unicast addresses of the VTEP's family");
        }
    }
}

void
Validate(const VtepConfig& config)
{
    const IpAddress& self = config.address;
    if (!IsUnicast(self))
    {
        Refuse("address", self.ToString(), "has to be unicast");
    }
    if (!config.replicatorAddress.IsNone() &&
        (!IsUnicast(config.replicatorAddress) || config.replicatorAddress.IsV4() != self.IsV4() ||
         config.replicatorAddress == self))
    {
        Refuse("replicatorAddress",
               config.replicatorAddress.ToString(),
               "has to be another unicast address of the same family (RFC 9574)");
    }
    const std::uint32_t least = self.IsV4() ? 576 : 1280;
    if (config.mtu < least || config.mtu > 65535)
    {
        Refuse(
            "mtu", std::to_string(config.mtu), "has to be " + std::to_string(least) + " to 65535");
    }
    CheckAgeing("fdb.ageing", config.fdb.ageing);
    CheckAgeing("arp.ageing", config.arp.ageing);
    if (config.fdb.maxEntries == 0 || config.fdb.maxEntries >= MacTable::NO_ENTRY)
    {
        Refuse(
            "fdb.maxEntries", std::to_string(config.fdb.maxEntries), "has to be 1 to 4294967294");
    }
    if (config.fallbackReplication && config.mapping != MappingKind::Controller)
    {
        Refuse("fallbackReplication", "set", "only a controller can be lost");
    }
    const auto usesNodes = [](ReplicationKind kind) {
        return kind == ReplicationKind::ServiceNode || kind == ReplicationKind::Assisted;
    };
    if (config.fallbackReplication && *config.fallbackReplication != config.replication &&
        usesNodes(*config.fallbackReplication) && usesNodes(config.replication))
    {
        Refuse("fallbackReplication",
               "by nodes as well",
               "only one of both replications can use the nodes");
    }
    Validate(config.probe);
    for (const NetworkConfig& network : config.networks)
    {
        Validate(network, self);
    }
}

} // namespace weft::vxlan
