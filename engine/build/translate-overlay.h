// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * From a scenario's hypervisors, machines and gateways to what the overlay's cores are configured
 * with. Pure functions: no node is made here.
 */
#ifndef WEFT_ENGINE_BUILD_TRANSLATE_OVERLAY_H
#define WEFT_ENGINE_BUILD_TRANSLATE_OVERLAY_H

#include "engine/spec/scenario.h"

#include "ns3/netbase-endpoint.h"
#include "ns3/vxlan-hypervisor.h"
#include "ns3/vxlan-service-host.h"

#include <vector>

namespace weft::engine
{

/// @return whether a scenario wants its tables recorded: it says so, or expects something of them
bool WantsTables(const spec::Scenario& scenario);

/// @return the virtual networks a hypervisor takes part in, ascending: those of machines that are
/// there at the start or that an event moves there, and of its gateways
std::vector<spec::Index> NetworksOf(const spec::Scenario& scenario, spec::Index hypervisor);

/// @return the second address of a replicator of assisted replication (AR-IP of RFC 9574), chosen
/// by its place in the scenario
netbase::IpAddress ReplicatorAddress(const spec::Scenario& scenario, spec::Index hypervisor);

/// @return a stable key from the seed and a name, for hashes and random delays of one node
std::uint64_t KeyOf(const spec::Scenario& scenario, std::string_view name);

/// @return everything but uplinks and MAC address, which come from the devices
vxlan::HypervisorConfig HypervisorConfigOf(const spec::Scenario& scenario, spec::Index hypervisor);

/// @return the envelope of a VTEP's settings
vxlan::EncapsulationConfig EncapsulationOf(const spec::Scenario& scenario,
                                           const spec::OverlaySettings& settings,
                                           std::uint32_t mtu,
                                           std::string_view name);

/// @return the underlay side of an attached host
netbase::EndpointConfig EndpointOf(const spec::Scenario& scenario,
                                   const spec::Attachment& attachment,
                                   std::string_view name);

/// @return the addresses of the VTEPs that take part in a network
std::vector<netbase::IpAddress> VtepsOf(const spec::Scenario& scenario, spec::Index network);

vxlan::ServiceHostConfig ServiceNodeConfigOf(const spec::Scenario& scenario, spec::Index node);

netbase::EndpointConfig VmEndpointOf(const spec::Scenario& scenario, spec::Index vm);

/// @return the port of a machine: of its network, or a trunk with that network's VLAN
vxlan::PortConfig PortOf(const spec::Scenario& scenario, spec::Index vm);

vxlan::VrrpConfig VrrpOf(const spec::Vrrp& vrrp);

vxlan::RouterConfig RouterConfigOf(const spec::Scenario& scenario, spec::Index gateway);

} // namespace weft::engine

#endif
