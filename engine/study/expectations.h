// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Judges a run by its scenario's expectations.
 */
#ifndef WEFT_ENGINE_STUDY_EXPECTATIONS_H
#define WEFT_ENGINE_STUDY_EXPECTATIONS_H

#include "engine/record/recorder.h"
#include "engine/spec/scenario.h"

#include <string>
#include <vector>

namespace weft::engine
{

/**
 * Judges every expectation of the scenario by what the recorder holds after Recorder::Finish().
 *
 * Flows are found by name in the recorder. A reference that cannot be resolved (`after` a decision
 * that was never taken), a flow that sent nothing and a measurement that does not exist fail with a
 * detail that says so; they never pass by default. Expectations may refer to one another in any
 * order; a circle fails.
 *
 * @return one verdict for each expectation, in the scenario's order
 */
std::vector<Verdict> Judge(const spec::Scenario& scenario, const Recorder& recorder);

/// @return whether every verdict passed
bool AllPassed(const std::vector<Verdict>& verdicts);

} // namespace weft::engine

#endif
