// SPDX-License-Identifier: GPL-2.0-only
/** @file Expectations about a fabric and what runs over it: outages, tables, frames, counters, load
 * balance. Each fills in everything of the verdict but its name and kind. */
#ifndef WEFT_ENGINE_STUDY_JUDGE_OVERLAY_H
#define WEFT_ENGINE_STUDY_JUDGE_OVERLAY_H

#include "engine/study/judge.h"

namespace weft::engine
{

/// Least probability of the counts seen if the load were spread at random and evenly, at which it
/// still counts as even: one run in a million is called uneven by chance.
inline constexpr double BALANCE_SIGNIFICANCE = 1e-6;

/// @return probability of a chi-square statistic at least that of @p counts if each were equally
/// likely; 1 for fewer than two counts
double EvenProbability(const std::vector<double>& counts);

void JudgeOutage(const spec::Expectation& expectation,
                 const Recorder::Flow& flow,
                 const ResolvedWindow& window,
                 Verdict& verdict);

/// @param at the instant at which the table is looked at
void JudgeTable(const spec::Scenario& scenario,
                const spec::Expectation& expectation,
                const Recorder& recorder,
                TimeNs at,
                Verdict& verdict);

void JudgeFrames(const spec::Scenario& scenario,
                 const spec::Expectation& expectation,
                 const Recorder& recorder,
                 const ResolvedWindow& window,
                 Verdict& verdict);

void JudgeCounter(const spec::Expectation& expectation, const Recorder& recorder, Verdict& verdict);

void JudgeBalance(const spec::Scenario& scenario,
                  const spec::Expectation& expectation,
                  const Recorder& recorder,
                  Verdict& verdict);

} // namespace weft::engine

#endif
