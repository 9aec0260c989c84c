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

/// A file, or a variant of one, to be run.
struct Case
{
    std::string file;
    std::string title; ///< what is printed above the verdicts
    spec::LoadResult loaded;
};

/// Runs one case; the result goes to stdout. @return the exit code
int
CheckOne(const cli::Arguments& arguments, const Case& given)
{
    const auto& scenario = *given.loaded.scenario;
    const cli::RunAttempt attempt = cli::TryRun(given.loaded, arguments);
    if (!attempt.outcome)
    {
        return attempt.exitCode;
    }
    if (arguments.Has("json"))
    {
        fmt::print("{{\"scenario\": {}, \"file\": {}, \"variant\": {}, \"passed\": {}, "
                   "\"verdicts\": {}}}\n",
                   cli::JsonString(scenario.name),
                   cli::JsonString(given.file),
                   cli::JsonString(scenario.variant),
                   attempt.exitCode == cli::OK,
                   engine::VerdictsJson(attempt.outcome->verdicts));
    }
    else
    {
        fmt::print("{}\n{}",
                   given.title,
                   engine::VerdictTable(attempt.outcome->verdicts, cli::Colour(stdout)));
    }
    return attempt.exitCode;
}

/// Reads a file and, unless one was asked for, its variants, and reports what is wrong.
/// @return those that expect something
std::vector<Case>
CasesOf(const cli::Arguments& arguments, const std::string& file, int& code)
{
    std::vector<Case> cases;
    const auto base = cli::LoadOrReport(arguments, file);
    if (!base)
    {
        code = std::max<int>(code, cli::INVALID);
        return cases;
    }
    const auto add = [&](const std::string& title, const spec::LoadResult& loaded) {
        if (!loaded.scenario->expectations.empty())
        {
            cases.push_back({file, title, loaded});
        }
    };
    add(arguments.Has("variant") ? fmt::format("{}, variant {}", file, arguments.Variant()) : file,
        *base);
    if (!arguments.Has("variant"))
    {
        for (const auto& variant : base->scenario->variants)
        {
            const auto title = fmt::format("{}, variant {}", file, variant.name);
            const auto loaded = cli::Report(arguments,
                                            file,
                                            spec::ParseScenario(file == "-" ? "<stdin>" : file,
                                                                base->text,
                                                                arguments.Overrides(),
                                                                variant.name));
            if (!loaded)
            {
                fmt::print(stderr, "{}: invalid\n", title);
                code = std::max<int>(code, cli::INVALID);
                continue;
            }
            add(title, *loaded);
        }
    }
    if (cases.empty())
    {
        fmt::print(stderr,
                   "{}: error: nothing is expected, so there is nothing to check: add an 'expect:' "
                   "section\n",
                   file);
        code = std::max<int>(code, cli::INVALID);
    }
    return cases;
}

/// Runs one case in a process of its own: the simulator is one per process and does not forget
/// everything. @return its exit code
int
CheckApart(const cli::Arguments& arguments, const Case& given)
{
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0)
    {
        const int code = CheckOne(arguments, given);
        std::fflush(nullptr);
        _exit(code);
    }
    // Stopping is the child's business, which cleans up: a Ctrl-C reaches it anyway, a SIGTERM
    // is passed on.
    g_child = child;
    const auto interrupt = std::signal(SIGINT, SIG_IGN);
    const auto terminate = std::signal(SIGTERM, [](int signal) { kill(g_child, signal); });
    int status = 0;
    const bool ended = child > 0 && waitpid(child, &status, 0) == child;
    std::signal(SIGINT, interrupt);
    std::signal(SIGTERM, terminate);
    if (ended && WIFEXITED(status))
    {
        return WEXITSTATUS(status);
    }
    if (ended)
    {
        fmt::print(
            stderr, "{}: error: the simulation died of signal {}\n", given.title, WTERMSIG(status));
    }
    return cli::SIMULATION_FAILED;
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
        for (const auto& one : CasesOf(arguments, file, worst))
        {
            const int code = CheckApart(arguments, one);
            if (code == cli::STOPPED)
            {
                return code;
            }
            worst = std::max(worst, code);
        }
    }
    return worst;
}

const cli::Registration REGISTRATION{{
    .name = "check",
    .summary = "run scenarios for their verdicts, without reports",
    .operands = "FILE...",
    .details = "A scenario with variants is run as it stands and then in each variant, unless "
               "--variant asks for one.\n"
               "Exit code 0: every expectation of every file was met; 1: one was not; 2: a "
               "scenario is invalid or\n"
               "expects nothing; 3: a simulation failed. The highest of the files' codes counts.",
    .options = cli::AddRunOptions,
    .run = Run,
}};

} // namespace
