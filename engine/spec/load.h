// SPDX-License-Identifier: GPL-2.0-only
/** @file Reads a scenario file: text in, resolved scenario or diagnostics out. */
#ifndef WEFT_SPEC_LOAD_H
#define WEFT_SPEC_LOAD_H

#include "engine/spec/diagnostic.h"
#include "engine/spec/scenario.h"

#include <optional>
#include <string>
#include <vector>

namespace weft::spec
{

/// What reading a scenario gave. There is a scenario exactly when no diagnostic is an error.
struct LoadResult
{
    std::optional<Scenario> scenario;
    Diagnostics diagnostics;
    std::string text; ///< the file as it was read, for a run's records
};

/**
 * Reads, checks and completes the scenario in a file. All mistakes are reported at once.
 *
 * @param file path; "-" reads standard input
 * @param overrides each "path=value", applied in order before anything is checked
 * @param variant whose overrides are applied before those; "base" or empty: none
 * @return the scenario or the diagnostics; an unreadable file and an unknown variant are
 * diagnostics too
 */
LoadResult LoadScenario(const std::string& file,
                        const std::vector<std::string>& overrides = {},
                        const std::string& variant = {});

/// The same for text already in memory. @p file is the name that diagnostics show.
LoadResult ParseScenario(const std::string& file,
                         std::string text,
                         const std::vector<std::string>& overrides = {},
                         const std::string& variant = {});

/// @return the resolved scenario as canonical text (one "key: value" a line, sorted, base units),
/// of which the digest is the SHA-256; seed and prose are left out
std::string CanonicalText(const Scenario& scenario);

} // namespace weft::spec

#endif
