// SPDX-License-Identifier: GPL-2.0-only
/** @file What `run` and `check` share: running a scenario, its exit code, its report. */
#ifndef WEFT_CLI_RUN_SUPPORT_H
#define WEFT_CLI_RUN_SUPPORT_H

#include "cli/verb.h"
#include "engine/run/simulation.h"

#include <filesystem>
#include <optional>
#include <string>

namespace weft::cli
{

/// Exit code of a run that a signal stopped, as shells have it for SIGINT.
inline constexpr int STOPPED = 130;

/// Adds `--set`, `--seed`, `--results`, `--quiet` and `--json`.
void AddRunOptions(boost::program_options::options_description& options);

/// The outcome of a run, or the exit code that stands for the failure already reported on stderr.
struct RunAttempt
{
    std::optional<engine::RunOutcome> outcome;
    int exitCode = OK;
};

/// Runs a scenario that was loaded without errors; reports what goes wrong on stderr.
RunAttempt TryRun(const spec::LoadResult& loaded, const Arguments& arguments);

/**
 * Makes the report of a finished run with Debian's Python.
 *
 * @return the page, or nothing when it could not be made; why is on stderr
 */
std::optional<std::filesystem::path> MakeReport(const std::filesystem::path& run);

/// @return @p path as seen from the working folder if it lies below it
std::string Shown(const std::filesystem::path& path);

} // namespace weft::cli

#endif
