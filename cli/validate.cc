// SPDX-License-Identifier: GPL-2.0-only
/** @file weft validate: reads scenarios and says whether they are valid. */

#include "cli/verb.h"

#include <fmt/format.h>

namespace
{

using namespace weft;

/// @return "2 sites, 1 paths", or what a fabric has
std::string
Topology(const spec::Scenario& s)
{
    std::string text;
    if (!s.sites.empty() || !s.fabric)
    {
        text = fmt::format("{} sites, {} paths, ", s.sites.size(), s.paths.size());
    }
    if (!s.hypervisors.empty())
    {
        text += fmt::format("{} routers, {} hypervisors, {} VMs, {} networks, ",
                            s.fabric ? s.fabric->routers.size() : 0,
                            s.hypervisors.size(),
                            s.vms.size(),
                            s.networks.size());
    }
    return text;
}

/// One reading of a file: as it stands, or a variant of it.
struct Reading
{
    std::string variant; ///< empty: as asked for
    spec::LoadResult result;
};

/// Reads a file and, unless one was asked for, all its variants.
std::vector<Reading>
Read(const cli::Arguments& arguments, const std::string& file)
{
    std::vector<Reading> readings;
    readings.push_back({"", spec::LoadScenario(file, arguments.Overrides(), arguments.Variant())});
    if (!readings[0].result.scenario || arguments.Has("variant"))
    {
        return readings; // what is wrong with the file would be said again for each variant
    }
    const auto variants = readings[0].result.scenario->variants;
    for (const auto& variant : variants)
    {
        readings.push_back({variant.name,
                            spec::ParseScenario(file == "-" ? "<stdin>" : file,
                                                readings[0].result.text,
                                                arguments.Overrides(),
                                                variant.name)});
    }
    return readings;
}

/// @return whether the file and all its variants are valid
bool
Print(const std::string& file, const std::vector<Reading>& readings)
{
    bool valid = true;
    for (const auto& [variant, result] : readings)
    {
        const auto what = variant.empty() ? file : fmt::format("{}, variant {}", file, variant);
        const auto& first = readings.front().result.diagnostics;
        // Warnings of the file itself are not repeated for each variant.
        if (variant.empty() || result.diagnostics.Text() != first.Text())
        {
            fmt::print(stderr, "{}", result.diagnostics.Text(cli::Colour(stderr)));
        }
        if (!result.scenario)
        {
            const auto errors = result.diagnostics.Errors();
            fmt::print(stderr, "{}: {} error{}\n", what, errors, errors == 1 ? "" : "s");
            valid = false;
            continue;
        }
        const auto& s = *result.scenario;
        fmt::print("{}: valid (scenario {}, digest {}: {}{} flows, {} events, {} expectations)\n",
                   what,
                   s.name,
                   s.digest,
                   Topology(s),
                   s.traffic.size(),
                   s.events.size(),
                   s.expectations.size());
    }
    return valid;
}

std::string
Json(const std::string& file, const std::vector<Reading>& readings)
{
    bool valid = true;
    std::string variants;
    for (const auto& [variant, result] : readings)
    {
        valid = valid && result.scenario;
        if (!variant.empty())
        {
            variants += fmt::format(
                "{}{{\"variant\": {}, \"valid\": {}, \"digest\": {}, \"diagnostics\": {}}}",
                variants.empty() ? "" : ", ",
                cli::JsonString(variant),
                result.scenario.has_value(),
                result.scenario ? cli::JsonString(result.scenario->digest) : "null",
                result.diagnostics.Json());
        }
    }
    const auto& result = readings.front().result;
    return fmt::format("{{\"file\": {}, \"valid\": {}, \"scenario\": {}, \"digest\": {}, "
                       "\"diagnostics\": {}, \"variants\": [{}]}}",
                       cli::JsonString(file),
                       valid,
                       result.scenario ? cli::JsonString(result.scenario->name) : "null",
                       result.scenario ? cli::JsonString(result.scenario->digest) : "null",
                       result.diagnostics.Json(),
                       variants);
}

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
        const auto readings = Read(arguments, file);
        bool valid = true;
        if (json)
        {
            array += (array.empty() ? "" : ",\n ") + Json(file, readings);
            for (const auto& reading : readings)
            {
                valid = valid && reading.result.scenario;
            }
        }
        else
        {
            valid = Print(file, readings);
        }
        code = valid ? code : cli::INVALID;
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
        "Variants of a scenario are checked too, unless --variant asks for one.\n"
        "With --json an object for each file goes to stdout (an array for several files):\n"
        "file, valid, scenario, digest, diagnostics, variants. FILE - reads standard input.\n",
    .options =
        [](auto& options) {
            cli::AddScenarioOptions(options);
            cli::AddJsonOption(options);
        },
    .run = Run,
}};

} // namespace
