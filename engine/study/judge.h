// SPDX-License-Identifier: GPL-2.0-only
/** @file What the kinds of expectation share: a window in time, and words for times and directions.
 */
#ifndef WEFT_ENGINE_STUDY_JUDGE_H
#define WEFT_ENGINE_STUDY_JUDGE_H

#include "engine/record/recorder.h"
#include "engine/spec/scenario.h"

#include <string>
#include <vector>

namespace weft::engine
{

/// The stretch of the run that an expectation is about, its references resolved.
struct ResolvedWindow
{
    TimeNs from{0};
    TimeNs to{0};
    TimeNs since{0}; ///< the instant that `within` counts from; zero without `after`
    std::size_t firstDecision =
        0;            ///< decisions before this one in the record are not in the window
    std::string text; ///< how the scenario puts it, e.g. "within 2 s after spike"
};

/// @return "12.34 s", to the microsecond
std::string AtText(TimeNs time);

/// @return "[12.34 s, 15 s]"
std::string SpanText(const ResolvedWindow& window);

/// @return the directions an expectation looks at: those asked for, of which `both` means each the
/// flow sends in
std::vector<Direction> DirectionsOf(const spec::Expectation& expectation, const FlowInfo& flow);

// Each fills in everything of the verdict but its name and kind.
void JudgeLan(const spec::Expectation& expectation,
              const Recorder::Flow& flow,
              const ResolvedWindow& window,
              Verdict& verdict);
void JudgeCost(const spec::Expectation& expectation,
               const Recorder::Flow& flow,
               const ResolvedWindow& window,
               Verdict& verdict);
void JudgeFollows(const spec::Expectation& expectation,
                  const Recorder::Flow& flow,
                  const ResolvedWindow& window,
                  Verdict& verdict);
void JudgeMetric(const spec::Expectation& expectation,
                 const Recorder::Flow& flow,
                 const ResolvedWindow& window,
                 TimeNs interval,
                 Verdict& verdict);

} // namespace weft::engine

#endif
