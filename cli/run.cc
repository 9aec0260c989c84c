// SPDX-License-Identifier: GPL-2.0-only
/** @file `weft run`: simulate a scenario, judge it, leave results and a report. */
#include "cli/run-support.h"
#include "engine/study/verdict-table.h"

#include <fmt/format.h>

namespace
{

using namespace weft;

int
Run(const cli::Arguments& arguments)
{
    const std::string& file = arguments.Only("a scenario file");
    const auto loaded = cli::LoadOrReport(arguments, file);
    if (!loaded)
    {
        return cli::INVALID;
    }
    const cli::RunAttempt attempt = cli::TryRun(*loaded, arguments);
    if (!attempt.outcome)
    {
        return attempt.exitCode;
    }
    const auto& outcome = *attempt.outcome;
    std::optional<std::filesystem::path> report;
    if (!arguments.Has("no-report"))
    {
        report = cli::MakeReport(outcome.folder);
    }
    if (arguments.Has("json"))
    {
        fmt::print(
            "{{\"scenario\": {}, \"variant\": {}, \"passed\": {}, \"folder\": {}, \"report\": {}, "
            "\"verdicts\": {}}}\n",
            cli::JsonString(loaded->scenario->name),
            cli::JsonString(loaded->scenario->variant),
            attempt.exitCode == cli::OK,
            cli::JsonString(outcome.folder.string()),
            report ? cli::JsonString(report->string()) : "null",
            engine::VerdictsJson(outcome.verdicts));
        return attempt.exitCode;
    }
    fmt::print("{}", engine::VerdictTable(outcome.verdicts, cli::Colour(stdout)));
    fmt::print("results: {}\n", cli::Shown(outcome.folder));
    if (report)
    {
        fmt::print("report:  {}\n", cli::Shown(*report));
    }
    return attempt.exitCode;
}

const cli::Registration REGISTRATION{{
    .name = "run",
    .summary = "simulate a scenario, judge it and write its report",
    .operands = "FILE",
    .details =
        "Results go to results/<scenario>/<digest>/run-<seed>/, with the report in "
        "report/index.html.\n"
        "Exit code 0: every expectation was met; 1: one was not; 2: the scenario is invalid;\n"
        "3: the simulation failed; 130: stopped by a signal.",
    .options =
        [](auto& options) {
            cli::AddRunOptions(options);
            options.add_options()("no-report", "results only");
        },
    .run = Run,
}};

} // namespace
