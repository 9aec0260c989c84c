// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/diagnostic.h"

#include "engine/spec/json.h"
#include "engine/spec/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>

namespace weft::spec
{

namespace
{

/// A file of nonsense gives as many findings as it has lines; nobody reads more than these.
constexpr std::size_t MOST_SHOWN = 100;

/// Longer source lines are shown in part, around the caret.
constexpr std::size_t WIDEST = 140;

/// A source line made fit for a terminal, and where in it the caret goes.
struct Excerpt
{
    std::string line;
    std::string padding; ///< what stands before the caret
    std::size_t carets = 1;
};

/// @return the columns (characters) of @p text, tabs kept, what does not print replaced
std::string
Printable(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size();)
    {
        const auto length = Utf8Length(text, i);
        const auto c = static_cast<unsigned char>(text[i]);
        if (length == 0 || (c < 0x20 && c != '\t') || c == 0x7f)
        {
            out += '?';
            ++i;
            continue;
        }
        out += text.substr(i, length);
        i += length;
    }
    return out;
}

/// @return the number of characters in @p text, broken ones counted by the byte
std::size_t
Characters(std::string_view text)
{
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++count)
    {
        i += std::max<std::size_t>(1, Utf8Length(text, i));
    }
    return count;
}

Excerpt
MakeExcerpt(std::string_view line, std::size_t column, std::size_t length)
{
    std::size_t at = std::min(column > 0 ? column - 1 : 0, line.size());
    std::string before;
    std::string after;
    if (line.size() > WIDEST)
    {
        std::size_t first = at > WIDEST / 2 ? at - WIDEST / 2 : 0;
        while (first > 0 && (static_cast<unsigned char>(line[first]) & 0xc0) == 0x80)
        {
            --first;
        }
        before = first > 0 ? "..." : "";
        after = first + WIDEST < line.size() ? "..." : "";
        line = line.substr(first, WIDEST);
        at -= first;
    }
    Excerpt excerpt;
    excerpt.line = before + Printable(line) + after;
    excerpt.padding = std::string(before.size(), ' ');
    const auto left = line.substr(0, at);
    for (std::size_t i = 0; i < left.size();)
    {
        excerpt.padding += left[i] == '\t' ? '\t' : ' ';
        i += std::max<std::size_t>(1, Utf8Length(left, i));
    }
    excerpt.carets = std::max<std::size_t>(1, Characters(line.substr(at, length)));
    return excerpt;
}

std::string_view
Word(Severity severity)
{
    return severity == Severity::Error ? "error" : "warning";
}

} // namespace

std::size_t
Diagnostics::AddSource(std::string name, std::string_view text)
{
    Source source{std::move(name), {}};
    while (!text.empty())
    {
        const auto end = text.find('\n');
        auto line = text.substr(0, end);
        if (line.ends_with('\r'))
        {
            line.remove_suffix(1);
        }
        source.lines.emplace_back(line);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    }
    m_sources.push_back(std::move(source));
    return m_sources.size() - 1;
}

Diagnostic&
Diagnostics::Error(Span span, std::string message, std::string hint)
{
    return m_all.emplace_back(
        Diagnostic{Severity::Error, span, std::move(message), std::move(hint), {}});
}

Diagnostic&
Diagnostics::Warning(Span span, std::string message, std::string hint)
{
    return m_all.emplace_back(
        Diagnostic{Severity::Warning, span, std::move(message), std::move(hint), {}});
}

std::size_t
Diagnostics::Errors() const
{
    return static_cast<std::size_t>(std::count_if(
        m_all.begin(), m_all.end(), [](const auto& d) { return d.severity == Severity::Error; }));
}

void
Diagnostics::Sort()
{
    const auto place = [](const Diagnostic& d) {
        return std::tuple(d.span.source, d.span.line, d.span.column);
    };
    std::stable_sort(m_all.begin(), m_all.end(), [&](const auto& a, const auto& b) {
        return place(a) < place(b);
    });
    const auto same = [&](const auto& a, const auto& b) {
        return place(a) == place(b) && a.message == b.message;
    };
    m_all.erase(std::unique(m_all.begin(), m_all.end(), same), m_all.end());
}

std::string
Diagnostics::Text(bool colour) const
{
    const std::string_view strong = colour ? "\x1b[1m" : "";
    const std::string_view green = colour ? "\x1b[1;32m" : "";
    const std::string_view off = colour ? "\x1b[0m" : "";
    std::string text;
    auto out = std::back_inserter(text);
    std::size_t shown = 0;
    for (const auto& d : m_all)
    {
        if (shown++ == MOST_SHOWN)
        {
            fmt::format_to(out, "... and {} more\n", m_all.size() - MOST_SHOWN);
            break;
        }
        const std::string_view red =
            !colour ? "" : (d.severity == Severity::Error ? "\x1b[1;31m" : "\x1b[1;35m");
        const auto& source = m_sources.at(d.span.source);
        fmt::format_to(out, "{}{}:", strong, source.name);
        if (d.span.line > 0)
        {
            fmt::format_to(out, "{}:{}:", d.span.line, d.span.column);
        }
        fmt::format_to(out, "{} {}{}:{} {}\n", off, red, Word(d.severity), off, d.message);
        if (d.span.line > 0 && d.span.line <= source.lines.size())
        {
            const auto e = MakeExcerpt(source.lines[d.span.line - 1], d.span.column, d.span.length);
            fmt::format_to(out, "{:>4} | {}\n", d.span.line, e.line);
            fmt::format_to(out,
                           "     | {}{}{}{}{}{}\n",
                           e.padding,
                           green,
                           std::string(e.carets, '^'),
                           d.hint.empty() ? "" : " ",
                           d.hint,
                           off);
        }
        else if (!d.hint.empty())
        {
            fmt::format_to(out, "note: {}\n", d.hint);
        }
        for (const auto& note : d.notes)
        {
            fmt::format_to(out, "note: {}\n", note);
        }
    }
    return text;
}

std::string
Diagnostics::Json() const
{
    std::string text = "[";
    auto out = std::back_inserter(text);
    const char* separator = "";
    for (const auto& d : m_all)
    {
        fmt::format_to(out,
                       "{}{{\"file\": {}, \"line\": {}, \"column\": {}, \"end_column\": {}, "
                       "\"severity\": \"{}\", \"message\": {}, \"hint\": {}, \"notes\": [",
                       separator,
                       JsonString(m_sources.at(d.span.source).name),
                       d.span.line,
                       d.span.column,
                       d.span.column + d.span.length,
                       Word(d.severity),
                       JsonString(d.message),
                       JsonString(d.hint));
        separator = ", ";
        for (std::size_t i = 0; i < d.notes.size(); ++i)
        {
            fmt::format_to(out, "{}{}", i ? ", " : "", JsonString(d.notes[i]));
        }
        text += "]}";
    }
    return text + "]";
}

} // namespace weft::spec
