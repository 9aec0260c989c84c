// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The text of the result files, as doc/results.md describes them: fixed column order, shortest
 * numbers that read back as the same value, nothing of the host but run.json's `volatile`.
 */
#ifndef WEFT_ENGINE_RECORD_WRITERS_H
#define WEFT_ENGINE_RECORD_WRITERS_H

#include "engine/record/recorder.h"
#include "engine/record/records.h"
#include "engine/record/results-dir.h"

#include <string>
#include <vector>

namespace weft::engine
{

/// @param interval length of a bin
std::string FlowsCsv(const Recorder& recorder, TimeNs interval);
std::string PathsCsv(const Recorder& recorder);
std::string DecisionsCsv(const Recorder& recorder);
std::string DropsCsv(const Recorder& recorder);
std::string RunJson(const RunInfo& run,
                    const Recorder& recorder,
                    const std::vector<Verdict>& verdicts);

/**
 * Writes every file of the run and commits the folder. A capture, when wanted, has been written to
 * dir.File("capture.pcapng") and closed before. Throws ResultsError.
 *
 * @param scenarioText the scenario file as given
 */
void WriteResults(ResultsDir& dir,
                  const RunInfo& run,
                  const Recorder& recorder,
                  const std::vector<Verdict>& verdicts,
                  std::string_view scenarioText);

} // namespace weft::engine

#endif
