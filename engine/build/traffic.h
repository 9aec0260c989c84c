// SPDX-License-Identifier: GPL-2.0-only
/** @file Puts the traffic of a scenario onto the hosts of its network. */
#ifndef WEFT_ENGINE_BUILD_TRAFFIC_H
#define WEFT_ENGINE_BUILD_TRAFFIC_H

#include "engine/build/network.h"
#include "engine/record/flow-observer.h"
#include "engine/record/records.h"
#include "engine/spec/scenario.h"

namespace weft::engine
{

/// @return what the record says of a flow of the scenario
FlowInfo FlowInfoOf(const spec::Scenario& scenario, const spec::Flow& flow);

/**
 * Installs the two ends of every flow.
 *
 * @param scenario the scenario; flow i is reported under index i
 * @param network its network
 * @param observer told of every packet; must outlive the simulation
 */
void InstallTraffic(const spec::Scenario& scenario, const Network& network, FlowObserver& observer);

} // namespace weft::engine

#endif
