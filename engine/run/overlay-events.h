// SPDX-License-Identifier: GPL-2.0-only
/** @file Makes the events of a scenario happen to its overlay and fabric: moves, cuts, failures. */
#ifndef WEFT_ENGINE_RUN_OVERLAY_EVENTS_H
#define WEFT_ENGINE_RUN_OVERLAY_EVENTS_H

#include "engine/build/overlay.h"
#include "engine/spec/scenario.h"

#include <string>

namespace weft::engine
{

/// Schedules them. Loss on a wire is not among them: it is part of the wire's weather.
/// @param scenario the scenario @param overlay its overlay; both must outlive the simulation
void ScheduleOverlayEvents(const spec::Scenario& scenario, const Overlay& overlay);

/// @return what an event of a fabric does, for a plot: "moves to host3, GARP"; empty for weather
std::string OverlayEventLabel(const spec::Scenario& scenario, const spec::Event& event);

} // namespace weft::engine

#endif
