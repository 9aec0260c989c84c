// SPDX-License-Identifier: GPL-2.0-only
/** @file weft validate: reads scenarios and says whether they are valid. */

#include "cli/verb.h"

#include <fmt/format.h>

namespace
{

using namespace weft;

int
Run(const cli::Arguments& arguments)
{
    if (arguments.operands.empty())
    {
        throw cli::UsageError("missing FILE");
    }
    const bool json = arguments.Has("json");
    const bool many = arguments.operands.size() > 1;
    int code = cli::OK;
    std::string array;
    for (const auto& file : arguments.operands)
    {
        const auto result = spec::LoadScenario(file, arguments.Overrides());
        if (!result.scenario)
        {
            code = cli::INVALID;
        }
        if (json)
        {
            array +=
                fmt::format("{}{{\"file\": {}, \"valid\": {}, \"scenario\": {}, \"digest\": {}, "
                            "\"diagnostics\": {}}}",
                            array.empty() ? "" : ",\n ",
                            cli::JsonString(file),
                            result.scenario.has_value(),
                            result.scenario ? cli::JsonString(result.scenario->name) : "null",
                            result.scenario ? cli::JsonString(result.scenario->digest) : "null",
                            result.diagnostics.Json());
            continue;
        }
        fmt::print(stderr, "{}", result.diagnostics.Text(cli::Colour(stderr)));
        if (!result.scenario)
        {
            const auto errors = result.diagnostics.Errors();
            fmt::print(stderr, "{}: {} error{}\n", file, errors, errors == 1 ? "" : "s");
            continue;
        }
        const auto& s = *result.scenario;
        fmt::print("{}: valid (scenario {}, digest {}: {} sites, {} paths, {} flows, {} events, {} "
                   "expectations)\n",
                   file,
                   s.name,
                   s.digest,
                   s.sites.size(),
                   s.paths.size(),
                   s.traffic.size(),
                   s.events.size(),
                   s.expectations.size());
    }
    if (json)
    {
        fmt::print("{}{}{}\n", many ? "[" : "", array, many ? "]" : "");
    }
    return code;
}

const cli::Registration REGISTRATION{{
    .name = "validate",
    .summary = "check scenario files, without running them",
    .operands = "FILE...",
    .details =
        "All mistakes of a file are reported at once, as file:line:col: error: ... on stderr.\n"
        "With --json an object for each file goes to stdout (an array for several files):\n"
        "file, valid, scenario, digest, diagnostics. FILE - reads standard input.\n",
    .options =
        [](auto& options) {
            cli::AddScenarioOptions(options);
            cli::AddJsonOption(options);
        },
    .run = Run,
}};

} // namespace
