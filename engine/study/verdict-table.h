// SPDX-License-Identifier: GPL-2.0-only
/** @file Verdicts for the eye and for programs. */
#ifndef WEFT_ENGINE_STUDY_VERDICT_TABLE_H
#define WEFT_ENGINE_STUDY_VERDICT_TABLE_H

#include "engine/record/records.h"

#include <string>
#include <vector>

namespace weft::engine
{

/// @return whether to colour what goes to file descriptor @p fd: a terminal, with NO_COLOR unset or
/// empty
bool UseColour(int fd);

/**
 * @param verdicts the verdicts
 * @param colour mark pass and fail in colour
 * @return one line for each verdict: status, name, measured value, limit and margin; a failing one
 * is followed by its statement and what was measured, when and where; then one line of counts
 */
std::string VerdictTable(const std::vector<Verdict>& verdicts, bool colour);

/// @return a JSON array of the verdicts, as in run.json
std::string VerdictsJson(const std::vector<Verdict>& verdicts);

} // namespace weft::engine

#endif
