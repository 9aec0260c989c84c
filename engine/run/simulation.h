// SPDX-License-Identifier: GPL-2.0-only
/** @file Runs one scenario once: network, traffic, record, verdicts, results. */
#ifndef WEFT_ENGINE_RUN_SIMULATION_H
#define WEFT_ENGINE_RUN_SIMULATION_H

#include "engine/record/records.h"
#include "engine/spec/load.h"

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft::engine
{

struct RunOptions
{
    std::filesystem::path results = "results"; ///< root of the results
    std::vector<std::string> command;          ///< as the user gave it, for run.json
    bool quiet = false;                        ///< no progress on stderr
};

struct RunOutcome
{
    std::filesystem::path folder; ///< of the finished run
    std::vector<Verdict> verdicts;
    Books books;
    double wallSeconds = 0;
};

/// The run was stopped by a signal. Nothing of it is left that looks finished.
class Interrupted : public std::runtime_error
{
  public:
    using std::runtime_error::runtime_error;
};

/**
 * Runs a scenario and leaves its results under options.results.
 *
 * Once per process at a time: the simulator is a process-wide singleton. SIGINT and SIGTERM stop
 * the run at the next tick of simulated time.
 *
 * @param loaded a scenario without errors, and its text
 * @param options see there
 * @return what came out
 * @throws Interrupted; ResultsError when results cannot be written; std::exception when a model
 * refuses its configuration
 */
RunOutcome RunScenario(const spec::LoadResult& loaded, const RunOptions& options);

} // namespace weft::engine

#endif
