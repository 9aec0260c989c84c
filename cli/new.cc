// SPDX-License-Identifier: GPL-2.0-only
/** @file weft new: a commented scenario to start from. */

#include "cli/templates.h"
#include "cli/verb.h"

#include "engine/spec/check.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

namespace
{

using namespace weft;
namespace fs = std::filesystem;
namespace po = boost::program_options;

constexpr std::string_view SUFFIX = ".weft.yaml";

/// @return the schema as an editor finds it from a file's folder: relative inside the project, else
/// absolute
std::string
SchemaFrom(const fs::path& folder)
{
    const fs::path project = WEFT_SOURCE_DIR;
    const auto schema = project / "doc/scenario.schema.json";
    const auto inside =
        fs::weakly_canonical(folder).lexically_relative(fs::weakly_canonical(project));
    if (!inside.empty() && *inside.begin() != "..")
    {
        return schema.lexically_relative(fs::weakly_canonical(folder)).string();
    }
    return schema.string();
}

std::string
Replace(std::string text, std::string_view what, std::string_view with)
{
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    {
        text.replace(at, what.size(), with);
    }
    return text;
}

int
Run(const cli::Arguments& arguments)
{
    if (arguments.Has("list"))
    {
        for (const auto& t : cli::TEMPLATES)
        {
            fmt::print("{:<10} {}\n", t.name, t.summary);
        }
        return cli::OK;
    }
    const auto wanted = arguments.options["template"].as<std::string>();
    const cli::Template* found = nullptr;
    std::vector<std::string> names;
    for (const auto& t : cli::TEMPLATES)
    {
        found = t.name == wanted ? &t : found;
        names.emplace_back(t.name);
    }
    if (!found)
    {
        const auto hint = spec::DidYouMean(wanted, names);
        throw cli::UsageError(fmt::format("no template '{}'; there are {}{}{}",
                                          wanted,
                                          fmt::join(names, ", "),
                                          hint.empty() ? "" : "; ",
                                          hint));
    }
    fs::path file;
    std::string name(found->name);
    if (!arguments.operands.empty())
    {
        auto given = arguments.Only("FILE");
        if (!given.ends_with(SUFFIX))
        {
            given += SUFFIX;
        }
        file = given;
        name = file.filename().string();
        name.resize(name.size() - SUFFIX.size());
        if (!spec::IsName(name))
        {
            throw cli::UsageError(
                fmt::format("'{}' is not a name for a scenario: names are lower-case "
                            "letters, digits and hyphens",
                            name));
        }
    }
    const auto folder = file.empty() ? fs::current_path() : fs::absolute(file).parent_path();
    auto text = Replace(std::string(found->text), "@NAME@", name);
    text = fmt::format("# yaml-language-server: $schema={}\n{}", SchemaFrom(folder), text);
    if (file.empty())
    {
        fmt::print("{}", text);
        return cli::OK;
    }
    if (fs::exists(file) && !arguments.Has("force"))
    {
        throw cli::UsageError(
            fmt::format("'{}' is there already; --force replaces it", file.string()));
    }
    std::ofstream out(file, std::ios::binary);
    out << text;
    out.close();
    if (!out)
    {
        throw cli::UsageError(fmt::format("cannot write '{}'", file.string()));
    }
    fmt::print(stderr, "wrote {}; `weft run {}` runs it\n", file.string(), file.string());
    return cli::OK;
}

const cli::Registration REGISTRATION{{
    .name = "new",
    .summary = "write a commented scenario to start from",
    .operands = "[FILE]",
    .details = "Without FILE it goes to stdout. `.weft.yaml` is added to a FILE without it.\n",
    .options =
        [](auto& options) {
            options.add_options()("template,t",
                                  po::value<std::string>()->default_value("branch"),
                                  "what to start from")("list", "list the templates")(
                "force", "replace a file that is there");
        },
    .run = Run,
}};

} // namespace
