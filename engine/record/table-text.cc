// SPDX-License-Identifier: GPL-2.0-only
#include "engine/record/table-text.h"

#include "engine/record/text.h"

#include <algorithm>
#include <fmt/format.h>

namespace weft::engine
{

namespace
{

/// Titles of the columns a table has; the cells of a row in the same order.
struct View
{
    std::vector<std::string> titles;
    std::vector<std::string> (*cells)(const TableRecord&);
};

std::string
OrDash(const std::string& text)
{
    return text.empty() ? "-" : text;
}

View
ViewOf(std::string_view table)
{
    if (table == "bridge-fdb")
    {
        return {{"network", "MAC", "port", "cause"}, [](const TableRecord& r) {
                    return std::vector<std::string>{r.domain, r.mac, OrDash(r.port), r.cause};
                }};
    }
    if (table == "vtep-fdb")
    {
        return {{"VNI", "MAC", "remote VTEP", "cause"}, [](const TableRecord& r) {
                    return std::vector<std::string>{r.domain, r.mac, OrDash(r.remote), r.cause};
                }};
    }
    if (table == "arp")
    {
        return {
            {"address", "MAC", "state", "cause"}, [](const TableRecord& r) {
                return std::vector<std::string>{r.address, OrDash(r.mac), OrDash(r.text), r.cause};
            }};
    }
    if (table == "groups")
    {
        return {{"group", "cause"}, [](const TableRecord& r) {
                    return std::vector<std::string>{r.address, r.cause};
                }};
    }
    if (table == "igmp")
    {
        return {{"group", "source", "port", "state"}, [](const TableRecord& r) {
                    return std::vector<std::string>{
                        r.address, r.source.empty() ? "*" : r.source, r.port, OrDash(r.text)};
                }};
    }
    if (table == "multicast")
    {
        return {{"source", "group", "incoming", "outgoing"}, [](const TableRecord& r) {
                    return std::vector<std::string>{r.source.empty() ? "*" : r.source,
                                                    r.address,
                                                    OrDash(r.port),
                                                    OrDash(r.text)};
                }};
    }
    return {{"network", "next hops", "cause"}, [](const TableRecord& r) {
                return std::vector<std::string>{
                    r.address + (r.domain.empty() ? "" : "/" + r.domain), OrDash(r.text), r.cause};
            }};
}

std::string
Entry(const TableRecord& r)
{
    std::string text;
    if (r.table == "arp")
    {
        text = r.address + (r.mac.empty() ? "" : " is at " + r.mac);
        return r.text.empty() ? text : text + ", " + r.text;
    }
    if (r.table == "groups")
    {
        return r.address;
    }
    if (r.table == "igmp" || r.table == "multicast")
    {
        text = fmt::format("({}, {})", r.source.empty() ? "*" : r.source, r.address);
        text += r.port.empty() ? "" : (r.table == "igmp" ? " on port " : " in ") + r.port;
        return r.text.empty() ? text : text + ", " + r.text;
    }
    if (r.table == "routes")
    {
        return fmt::format("{}/{} via {}", r.address, r.domain, OrDash(r.text));
    }
    text = fmt::format("{} in {}", r.mac, r.domain);
    if (!r.remote.empty())
    {
        text += " at " + r.remote;
    }
    if (!r.port.empty())
    {
        text += " on port " + r.port;
    }
    return text;
}

} // namespace

std::string
TableText(const std::map<TableLog::Key, TableRecord>& contents, TimeNs at)
{
    std::string out;
    for (auto it = contents.begin(); it != contents.end();)
    {
        const std::string& node = it->second.node;
        const std::string& table = it->second.table;
        const View view = ViewOf(table);
        std::vector<std::vector<std::string>> rows{view.titles};
        rows[0].push_back("since");
        auto last = it;
        for (; last != contents.end() && last->second.node == node && last->second.table == table;
             ++last)
        {
            rows.push_back(view.cells(last->second));
            rows.back().push_back(fmt::format(
                "{} s ({} s ago)", Seconds(last->second.time), Seconds(at - last->second.time)));
        }
        out += fmt::format("{}{} {}: {} {}\n",
                           out.empty() ? "" : "\n",
                           node,
                           table,
                           rows.size() - 1,
                           rows.size() == 2 ? "entry" : "entries");
        std::vector<std::size_t> widths(rows[0].size(), 0);
        for (const auto& row : rows)
        {
            for (std::size_t c = 0; c < row.size(); ++c)
            {
                widths[c] = std::max(widths[c], row[c].size());
            }
        }
        for (const auto& row : rows)
        {
            std::string line = " ";
            for (std::size_t c = 0; c < row.size(); ++c)
            {
                line += fmt::format(" {:<{}}", row[c], c + 1 < row.size() ? widths[c] + 1 : 0);
            }
            out += line + "\n";
        }
        it = last;
    }
    return out;
}

std::string
ChangesText(const std::vector<TableRecord>& changes)
{
    std::string out;
    for (const TableRecord& r : changes)
    {
        out += fmt::format("{:>14} s  {}  {}  {} {} ({})\n",
                           Seconds(r.time),
                           r.node,
                           r.table,
                           r.op == "add"      ? "+"
                           : r.op == "remove" ? "-"
                                              : "~",
                           Entry(r),
                           r.cause);
    }
    return out;
}

std::string
TableRowJson(const TableRecord& record)
{
    JsonWriter json;
    json.BeginObject();
    json.Time("time_s", record.time);
    json.Text("node", record.node);
    json.Text("table", record.table);
    json.Text("op", record.op);
    json.Text("cause", record.cause);
    json.Text("domain", record.domain);
    json.Text("mac", record.mac);
    json.Text("address", record.address);
    json.Text("source", record.source);
    json.Text("remote", record.remote);
    json.Text("port", record.port);
    json.Text("text", record.text);
    json.EndObject();
    std::string text = json.Take();
    while (!text.empty() && text.back() == '\n')
    {
        text.pop_back();
    }
    return text;
}

} // namespace weft::engine
