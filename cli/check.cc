// SPDX-License-Identifier: GPL-2.0-only
/** @file `weft check`: run scenarios for their verdicts alone. */
#include "cli/run-support.h"
#include "engine/study/verdict-table.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace
{

using namespace weft;

volatile pid_t g_child = 0; ///< the running simulation

/// Checks one file; the result goes to stdout. @return the exit code
int
CheckOne(const cli::Arguments& arguments, const std::string& file)
{
    const auto loaded = cli::LoadOrReport(arguments, file);
    if (!loaded)
    {
        return cli::INVALID;
    }
    const bool json = arguments.Has("json");
    if (loaded->scenario->expectations.empty())
    {
        fmt::print(stderr,
                   "{}: error: nothing is expected, so there is nothing to check: add an 'expect:' "
                   "section\n",
                   file);
        return cli::INVALID;
    }
    const cli::RunAttempt attempt = cli::TryRun(*loaded, arguments);
    if (!attempt.outcome)
    {
        return attempt.exitCode;
    }
    if (json)
    {
        fmt::print("{{\"scenario\": {}, \"file\": {}, \"passed\": {}, \"verdicts\": {}}}\n",
                   cli::JsonString(loaded->scenario->name),
                   cli::JsonString(file),
                   attempt.exitCode == cli::OK,
                   engine::VerdictsJson(attempt.outcome->verdicts));
    }
    else
    {
        fmt::print(
            "{}\n{}", file, engine::VerdictTable(attempt.outcome->verdicts, cli::Colour(stdout)));
    }
    return attempt.exitCode;
}

int
Run(const cli::Arguments& arguments)
{
    if (arguments.operands.empty())
    {
        throw cli::UsageError("check needs at least one scenario file");
    }
    int worst = cli::OK;
    for (const auto& file : arguments.operands)
    {
        // The simulator is one per process and does not forget everything: each scenario gets a
        // fresh one.
        std::fflush(nullptr);
        const pid_t child = fork();
        if (child == 0)
        {
            const int code = CheckOne(arguments, file);
            std::fflush(nullptr);
            _exit(code);
        }
        // Stopping is the child's business, which cleans up: a Ctrl-C reaches it anyway, a SIGTERM
        // is passed on.
        g_child = child;
        const auto interrupt = std::signal(SIGINT, SIG_IGN);
        const auto terminate = std::signal(SIGTERM, [](int signal) { kill(g_child, signal); });
        int status = 0;
        int code = cli::SIMULATION_FAILED;
        const bool ended = child > 0 && waitpid(child, &status, 0) == child;
        std::signal(SIGINT, interrupt);
        std::signal(SIGTERM, terminate);
        if (ended)
        {
            if (WIFEXITED(status))
            {
                code = WEXITSTATUS(status);
            }
            else
            {
                fmt::print(stderr,
                           "{}: error: the simulation died of signal {}\n",
                           file,
                           WTERMSIG(status));
            }
        }
        if (code == cli::STOPPED)
        {
            return code;
        }
        worst = std::max(worst, code);
    }
    return worst;
}

const cli::Registration REGISTRATION{{
    .name = "check",
    .summary = "run scenarios for their verdicts, without reports",
    .operands = "FILE...",
    .details = "Exit code 0: every expectation of every file was met; 1: one was not; 2: a "
               "scenario is invalid or\n"
               "expects nothing; 3: a simulation failed. The highest of the files' codes counts.",
    .options = cli::AddRunOptions,
    .run = Run,
}};

} // namespace
