// SPDX-License-Identifier: GPL-2.0-only
#include "cli/verb.h"

#include "engine/spec/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <unistd.h>

namespace po = boost::program_options;

namespace weft::cli
{

namespace
{

std::vector<Verb>&
Registered()
{
    static std::vector<Verb> verbs;
    return verbs;
}

} // namespace

Registration::Registration(Verb verb)
{
    auto& verbs = Registered();
    const auto after = [](const Verb& a, const Verb& b) { return a.name < b.name; };
    verbs.insert(std::upper_bound(verbs.begin(), verbs.end(), verb, after), verb);
}

const std::vector<Verb>&
Verbs()
{
    return Registered();
}

bool
Arguments::Has(const std::string& option) const
{
    return options.count(option) > 0;
}

const std::string&
Arguments::Only(const std::string& what) const
{
    if (operands.empty())
    {
        throw UsageError("missing " + what);
    }
    if (operands.size() > 1)
    {
        throw UsageError(fmt::format("only one {} is accepted, not '{}' too", what, operands[1]));
    }
    return operands.front();
}

std::vector<std::string>
Arguments::Overrides() const
{
    std::vector<std::string> overrides;
    if (Has("set"))
    {
        overrides = options["set"].as<std::vector<std::string>>();
    }
    if (Has("seed"))
    {
        overrides.push_back("seed=" + options["seed"].as<std::string>());
    }
    return overrides;
}

std::string
Arguments::Variant() const
{
    return Has("variant") ? options["variant"].as<std::string>() : std::string();
}

void
AddScenarioOptions(po::options_description& options)
{
    options.add_options()("set",
                          po::value<std::vector<std::string>>()->value_name("path=value"),
                          "override a key of the scenario, such as duration=30s or "
                          "paths.1.jitter=5ms; may be repeated");
    options.add_options()("variant",
                          po::value<std::string>()->value_name("NAME"),
                          "apply the overrides of this variant of the scenario first");
}

void
AddJsonOption(po::options_description& options)
{
    options.add_options()("json", "print the result as JSON");
}

std::optional<spec::LoadResult>
LoadOrReport(const Arguments& arguments, const std::string& file)
{
    return Report(
        arguments, file, spec::LoadScenario(file, arguments.Overrides(), arguments.Variant()));
}

std::optional<spec::LoadResult>
Report(const Arguments& arguments, const std::string& file, spec::LoadResult result)
{
    if (!result.scenario && arguments.Has("json"))
    {
        fmt::print("{{\"file\": {}, \"valid\": false, \"diagnostics\": {}}}\n",
                   JsonString(file),
                   result.diagnostics.Json());
        return std::nullopt;
    }
    fmt::print(stderr, "{}", result.diagnostics.Text(Colour(stderr)));
    if (!result.scenario)
    {
        return std::nullopt;
    }
    return result;
}

bool
Colour(std::FILE* stream)
{
    const char* no = std::getenv("NO_COLOR");
    return (!no || !*no) && isatty(fileno(stream));
}

std::string
JsonString(std::string_view text)
{
    return spec::JsonString(text);
}

} // namespace weft::cli
