// SPDX-License-Identifier: GPL-2.0-only
/** @file weft explain: what one key of a scenario file means. */

#include "cli/verb.h"

#include "engine/spec/describe.h"
#include "engine/spec/suggest.h"

#include <fmt/format.h>

namespace
{

using namespace weft;

/// @return the paths that somebody who asked for @p path may have meant
std::vector<std::string>
Candidates(const std::string& path)
{
    // A key by itself: wherever it stands.
    std::vector<std::string> found;
    std::vector<std::string> all;
    for (const auto& field : spec::Fields())
    {
        all.emplace_back(field.path);
        if (field.Key() == path)
        {
            found.emplace_back(field.path);
        }
    }
    if (!found.empty())
    {
        return found;
    }
    // A mistake in the last component: the nearest of its neighbours.
    const auto dot = path.rfind('.');
    if (dot != std::string::npos)
    {
        if (const auto* parent = spec::ResolvePath(path.substr(0, dot)))
        {
            std::vector<std::string> keys;
            for (const auto* child : spec::ChildrenOf(parent->path))
            {
                keys.emplace_back(child->Key());
            }
            if (const auto near = spec::Suggest(path.substr(dot + 1), keys))
            {
                return {fmt::format("{}.{}", parent->path, *near)};
            }
        }
    }
    if (const auto near = spec::Suggest(path, all))
    {
        return {*near};
    }
    std::vector<std::string> keys;
    for (const auto& field : spec::Fields())
    {
        keys.emplace_back(field.Key());
    }
    const auto near = spec::Suggest(path, keys);
    return near && *near != path ? Candidates(*near) : std::vector<std::string>{};
}

int
Run(const cli::Arguments& arguments)
{
    const bool json = arguments.Has("json");
    if (arguments.operands.empty() && !json)
    {
        fmt::print("Keys at the top of a scenario file:\n{}", spec::ExplainKeys(""));
        return cli::OK;
    }
    if (arguments.operands.empty())
    {
        std::string array;
        for (const auto& field : spec::Fields())
        {
            array += (array.empty() ? "" : ",\n ") + spec::ExplainJson(field);
        }
        fmt::print("[{}]\n", array);
        return cli::OK;
    }
    const auto& path = arguments.Only("KEY");
    if (const auto* field = spec::ResolvePath(path))
    {
        fmt::print(
            "{}{}", json ? spec::ExplainJson(*field) : spec::Explain(*field), json ? "\n" : "");
        return cli::OK;
    }
    const auto meant = Candidates(path);
    if (const auto* only = meant.size() == 1 ? spec::FindField(meant[0]) : nullptr;
        only && only->Key() == path)
    {
        fmt::print(
            "{}{}", json ? spec::ExplainJson(*only) : spec::Explain(*only), json ? "\n" : "");
        return cli::OK;
    }
    throw cli::UsageError(fmt::format("no key '{}'{}{}{}",
                                      path,
                                      meant.empty() ? "" : "; did you mean ",
                                      fmt::join(meant, " or "),
                                      meant.empty() ? "; `weft explain` lists the keys" : "?"));
}

const cli::Registration REGISTRATION{{
    .name = "explain",
    .summary = "explain a key of scenario files",
    .operands = "[KEY]",
    .details = "KEY is dotted; names and positions may be left out or be those of a file:\n"
               "sites.links.mtu, sites.bristol.links.mpls.mtu, policy.remedies.fec.\n"
               "Without KEY, the keys at the top; with --json and no KEY, all keys.\n",
    .options = [](auto& options) { cli::AddJsonOption(options); },
    .run = Run,
}};

} // namespace
