// SPDX-License-Identifier: GPL-2.0-only
/** @file `weft tables`: the forwarding tables of a finished run at any time, and what changed. */
#include "cli/verb.h"

#include "engine/record/overlay-writers.h"
#include "engine/record/table-text.h"
#include "engine/spec/quantity.h"
#include "engine/spec/suggest.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace
{

using namespace weft;
namespace po = boost::program_options;

engine::TimeNs
TimeOption(const cli::Arguments& arguments, const std::string& name)
{
    const std::string text = arguments.options[name].as<std::string>();
    const spec::QuantityResult result = spec::ParseQuantity(text, spec::Dimension::Time);
    if (!result)
    {
        throw cli::UsageError(fmt::format("--{} {}: {}{}",
                                          name,
                                          text,
                                          result.error,
                                          result.hint.empty() ? "" : "; " + result.hint));
    }
    return engine::TimeNs(result.quantity.integer);
}

engine::TableLog
ReadRun(const std::filesystem::path& run)
{
    if (!std::filesystem::exists(run / "run.json"))
    {
        throw cli::UsageError(fmt::format(
            "'{}' is not the folder of a finished run: it has no run.json; `weft run` prints the "
            "folder as 'results:'",
            run.string()));
    }
    std::ifstream in(run / "tables.csv", std::ios::binary);
    if (!in)
    {
        throw cli::UsageError(fmt::format("'{}' has no tables.csv: the scenario has no fabric, or "
                                          "was run with 'record.tables: off'",
                                          run.string()));
    }
    std::ostringstream text;
    text << in.rdbuf();
    try
    {
        return engine::ReadTablesCsv(text.str());
    }
    catch (const std::invalid_argument& problem)
    {
        throw cli::UsageError(fmt::format("{}: {}", (run / "tables.csv").string(), problem.what()));
    }
}

/// Refuses a name that no row has.
void
CheckKnown(const std::string& name, const std::string& option, const std::set<std::string>& known)
{
    if (name.empty() || known.contains(name))
    {
        return;
    }
    const std::vector<std::string> names(known.begin(), known.end());
    const auto near = spec::Suggest(name, names);
    throw cli::UsageError(fmt::format("--{} {}: nothing was recorded under that name{}",
                                      option,
                                      name,
                                      near ? fmt::format("; did you mean '{}'?", *near) : ""));
}

int
Run(const cli::Arguments& arguments)
{
    const std::filesystem::path run = arguments.Only("run folder");
    const engine::TableLog log = ReadRun(run);
    const auto& records = log.Records();
    std::set<std::string> nodes;
    std::set<std::string> tables;
    for (const auto& record : records)
    {
        nodes.insert(record.node);
        tables.insert(record.table);
    }
    const auto node = arguments.Has("node") ? arguments.options["node"].as<std::string>() : "";
    const auto table = arguments.Has("table") ? arguments.options["table"].as<std::string>() : "";
    CheckKnown(node, "node", nodes);
    CheckKnown(table, "table", tables);
    const engine::TimeNs at = arguments.Has("at") ? TimeOption(arguments, "at")
                              : records.empty()   ? engine::TimeNs(0)
                                                  : records.back().time;
    // The last step is the last instant at which anything (of what is asked for) changed.
    engine::TimeNs since{-1};
    if (arguments.Has("since"))
    {
        since = TimeOption(arguments, "since");
    }
    else
    {
        for (const auto& record : log.Changes(engine::TimeNs(-1), at, node, table))
        {
            since = record.time - engine::TimeNs(1);
        }
    }
    const auto contents = log.ContentsAt(at, node, table);
    const auto changes = log.Changes(since, at, node, table);
    if (arguments.Has("json"))
    {
        const auto list = [](const auto& rows, const auto& record) {
            std::string text;
            for (const auto& row : rows)
            {
                text += (text.empty() ? "" : ",\n") + engine::TableRowJson(record(row));
            }
            return text;
        };
        fmt::print("{{\"entries\": [{}],\n\"changes\": [{}]}}\n",
                   list(contents, [](const auto& entry) { return entry.second; }),
                   list(changes, [](const auto& row) { return row; }));
        return cli::OK;
    }
    const std::string text = engine::TableText(contents, at);
    fmt::print("{}", text.empty() ? "no entries\n" : text);
    if (!changes.empty())
    {
        fmt::print("\n{}\n{}",
                   arguments.Has("since") ? "changes since then:" : "the last step:",
                   engine::ChangesText(changes));
    }
    return cli::OK;
}

const cli::Registration REGISTRATION{{
    .name = "tables",
    .summary = "show forwarding tables, caches and memberships of a run at any time",
    .operands = "RUN",
    .details =
        "RUN is the folder of a finished run. Tables: bridge-fdb, vtep-fdb, arp, groups, igmp,\n"
        "multicast, routes. Below the contents stands what changed: since --since, or in the last\n"
        "step, the latest instant at which anything changed.",
    .options =
        [](auto& options) {
            options.add_options()("at", po::value<std::string>(), "instant; by default the end")(
                "since", po::value<std::string>(), "show the changes after this instant")(
                "node", po::value<std::string>(), "only this node")(
                "table", po::value<std::string>(), "only this table");
            cli::AddJsonOption(options);
        },
    .run = Run,
}};

} // namespace
