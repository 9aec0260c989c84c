// SPDX-License-Identifier: GPL-2.0-only
#include "engine/study/verdict-table.h"

#include "engine/record/verdict-json.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <unistd.h>

namespace weft::engine
{

namespace
{

constexpr const char* GREEN = "\033[32m";
constexpr const char* RED = "\033[1;31m";
constexpr const char* PLAIN = "\033[0m";
constexpr std::pair<const char*, const char*> SINGULARS[] = {
    {"packets", "packet"}, {"frames", "frame"}, {"entries", "entry"}, {"decisions", "decision"}};

/// @return the number for the eye: four significant digits and its unit; a dash when there is none
std::string
Quantity(double value, const std::string& unit)
{
    if (!std::isfinite(value))
    {
        return "-";
    }
    value += 0.0; // no "-0"
    if (unit == "fraction")
    {
        return fmt::format("{:.4g} %", 100 * value);
    }
    if (unit == "x")
    {
        return fmt::format("{:.4g}x", value);
    }
    if (std::abs(value) == 1)
    {
        for (const auto& [many, one] : SINGULARS)
        {
            if (unit == many)
            {
                return fmt::format("{:.4g} {}", value, one);
            }
        }
    }
    return unit.empty() ? fmt::format("{:.4g}", value) : fmt::format("{:.4g} {}", value, unit);
}

} // namespace

bool
UseColour(int fd)
{
    const char* refused = std::getenv("NO_COLOR");
    return (!refused || *refused == '\0') && ::isatty(fd) == 1;
}

std::string
VerdictTable(const std::vector<Verdict>& verdicts, bool colour)
{
    if (verdicts.empty())
    {
        return "no expectations\n";
    }
    struct Row
    {
        std::string measured;
        std::string limit;
        std::string margin;
    };
    std::vector<Row> rows;
    std::size_t nameWidth = 11;    // "expectation"
    std::size_t measuredWidth = 8; // "measured"
    std::size_t limitWidth = 5;    // "limit"
    std::size_t passed = 0;
    for (const Verdict& v : verdicts)
    {
        rows.push_back({Quantity(v.measured, v.unit),
                        Quantity(v.threshold, v.unit),
                        Quantity(v.margin, v.unit)});
        nameWidth = std::max(nameWidth, v.name.size());
        measuredWidth = std::max(measuredWidth, rows.back().measured.size());
        limitWidth = std::max(limitWidth, rows.back().limit.size());
        passed += v.passed;
    }
    std::string text = fmt::format("      {:<{}}  {:>{}}  {:>{}}  margin\n",
                                   "expectation",
                                   nameWidth,
                                   "measured",
                                   measuredWidth,
                                   "limit",
                                   limitWidth);
    const auto mark = [colour](bool good) {
        const char* word = good ? "pass" : "FAIL";
        return colour ? fmt::format("{}{}{}", good ? GREEN : RED, word, PLAIN) : std::string(word);
    };
    for (std::size_t i = 0; i < verdicts.size(); ++i)
    {
        const Verdict& v = verdicts[i];
        text += fmt::format("{}  {:<{}}  {:>{}}  {:>{}}  {}\n",
                            mark(v.passed),
                            v.name,
                            nameWidth,
                            rows[i].measured,
                            measuredWidth,
                            rows[i].limit,
                            limitWidth,
                            rows[i].margin);
        if (!v.passed)
        {
            text += fmt::format("      expected: {}\n      found:    {}\n", v.statement, v.detail);
        }
    }
    text += fmt::format("{} of {} expectations met\n", passed, verdicts.size());
    return text;
}

std::string
VerdictsJson(const std::vector<Verdict>& verdicts)
{
    JsonWriter json;
    json.BeginArray();
    for (const Verdict& verdict : verdicts)
    {
        WriteVerdict(json, verdict);
    }
    json.EndArray();
    return json.Take();
}

} // namespace weft::engine
