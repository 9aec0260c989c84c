// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/graph-text.h"

#include "engine/spec/quantity.h"

#include <fmt/format.h>

namespace weft::spec
{

std::string
Html(std::string_view text)
{
    std::string html;
    for (char c : text)
    {
        html += c == '<'   ? "&lt;"
                : c == '>' ? "&gt;"
                : c == '&' ? "&amp;"
                : c == '"' ? "&quot;"
                           : std::string(1, c);
    }
    return html;
}

std::string
Mermaid(std::string_view text)
{
    std::string out;
    for (char c : text)
    {
        out += c == '"' ? "#quot;" : c == '<' ? "#lt;" : c == '>' ? "#gt;" : std::string(1, c);
    }
    return out;
}

std::string
Time(Duration time)
{
    constexpr double MS = 1e6;
    const auto value = static_cast<double>(time.count());
    return time < std::chrono::seconds(1) ? fmt::format("{:.6g}ms", value / MS)
                                          : FormatQuantity(value, Dimension::Time);
}

std::string
DotHead(const Scenario& s, std::string_view view, std::string_view layout)
{
    return fmt::format("graph \"{}\" {{\n"
                       "  graph [{}, fontname=\"Helvetica\", fontsize=14, fontcolor=\"{}\", "
                       "labelloc=t, pad=0.3,\n"
                       "         label=<<b>{}</b> <font color=\"{}\">{}</font>>];\n"
                       "  node [fontname=\"Helvetica\", fontsize=12, fontcolor=\"{}\"];\n"
                       "  edge [fontname=\"Helvetica\", fontsize=10, fontcolor=\"{}\"];\n",
                       s.name,
                       layout,
                       INK,
                       Html(s.name),
                       FAINT,
                       view,
                       INK,
                       INK);
}

} // namespace weft::spec
