// SPDX-License-Identifier: GPL-2.0-only
/** @file What every part of the resolved scenario is made of. */
#ifndef WEFT_SPEC_BASICS_H
#define WEFT_SPEC_BASICS_H

#include <chrono>
#include <cstddef>

namespace weft::spec
{

/// Length of simulated time, or an instant counted from the start of the run.
using Duration = std::chrono::nanoseconds;

/// Index into one of the scenario's lists.
using Index = std::size_t;

/// What a thing of a scenario is that can send, be named or go down.
enum class NodeKind
{
    None,        ///< nothing: a broadcast has no receiver of its own
    Site,        ///< Scenario::sites: the host on the LAN of an SD-WAN site
    Router,      ///< Fabric::routers; switches of a bridged fabric are here too
    Hypervisor,  ///< Scenario::hypervisors
    Vm,          ///< Scenario::vms
    Gateway,     ///< Scenario::gateways
    Controller,  ///< Scenario::controller; the index is 0
    ServiceNode, ///< Scenario::serviceNodes
};

/// A thing of the scenario, by its list and place.
struct NodeRef
{
    NodeKind kind = NodeKind::None;
    Index index = 0;
    friend bool operator==(const NodeRef&, const NodeRef&) = default;
};

} // namespace weft::spec

#endif
