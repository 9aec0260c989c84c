// SPDX-License-Identifier: GPL-2.0-only
#include "cli/run-support.h"

#include <fmt/format.h>

#include <sys/wait.h>
#include <unistd.h>

namespace weft::cli
{

namespace
{

constexpr const char* PYTHON = "/usr/bin/python3";

} // namespace

void
AddRunOptions(boost::program_options::options_description& options)
{
    namespace po = boost::program_options;
    AddScenarioOptions(options);
    AddJsonOption(options);
    options.add_options()("seed",
                          po::value<std::string>()->value_name("N"),
                          "run with this seed: short for --set seed=N");
    options.add_options()("results",
                          po::value<std::string>()->value_name("DIR")->default_value("results"),
                          "where results go");
    options.add_options()("quiet", "no progress on stderr");
}

RunAttempt
TryRun(const spec::LoadResult& loaded, const Arguments& arguments)
{
    RunAttempt attempt;
    engine::RunOptions options;
    options.results = arguments.options["results"].as<std::string>();
    options.command = {arguments.commandLine};
    options.quiet = arguments.Has("quiet");
    try
    {
        attempt.outcome = engine::RunScenario(loaded, options);
        for (const auto& verdict : attempt.outcome->verdicts)
        {
            if (!verdict.passed)
            {
                attempt.exitCode = EXPECTATION_FAILED;
            }
        }
    }
    catch (const engine::Interrupted& e)
    {
        fmt::print(stderr, "weft: {}\n", e.what());
        attempt.exitCode = STOPPED;
    }
    catch (const std::exception& e)
    {
        fmt::print(
            stderr, "weft: the simulation of '{}' failed: {}\n", loaded.scenario->name, e.what());
        attempt.exitCode = SIMULATION_FAILED;
    }
    return attempt;
}

std::optional<std::filesystem::path>
MakeReport(const std::filesystem::path& run)
{
    const std::string folder = std::filesystem::absolute(run).string();
    const pid_t child = fork();
    if (child == 0)
    {
        dup2(STDERR_FILENO, STDOUT_FILENO);
        if (chdir(WEFT_SOURCE_DIR) == 0)
        {
            execl(PYTHON, PYTHON, "-m", "report", folder.c_str(), static_cast<char*>(nullptr));
        }
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) ||
        WEXITSTATUS(status) != 0)
    {
        fmt::print(
            stderr,
            "weft: the report could not be made; the run's results are complete. Try again with\n"
            "      cd {} && {} -m report {}\n",
            WEFT_SOURCE_DIR,
            PYTHON,
            folder);
        return std::nullopt;
    }
    return run / "report" / "index.html";
}

std::string
Shown(const std::filesystem::path& path)
{
    const auto relative = std::filesystem::absolute(path).lexically_normal().lexically_relative(
        std::filesystem::current_path());
    return relative.empty() || *relative.begin() == ".." ? path.string() : relative.string();
}

} // namespace weft::cli
