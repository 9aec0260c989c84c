// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/check-names.h"

#include "engine/spec/check.h"
#include "engine/spec/presets.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::spec
{

namespace
{

/// What one entry of a named map is called.
std::string_view
Singular(std::string_view map)
{
    return map == "clouds"         ? "cloud"
           : map == "sites"        ? "site"
           : map == "links"        ? "link"
           : map == "applications" ? "application"
           : map == "slas"         ? "SLA"
           : map == "traffic"      ? "flow"
           : map == "events"       ? "event"
                                   : "expectation";
}

std::vector<std::string>
KeysOf(const Node* map)
{
    std::vector<std::string> keys;
    if (map && map->kind == Node::Kind::Map)
    {
        for (const auto& entry : map->entries)
        {
            keys.push_back(entry.key);
        }
    }
    return keys;
}

bool
Contains(const std::vector<std::string>& words, std::string_view word)
{
    return std::find(words.begin(), words.end(), word) != words.end();
}

} // namespace

std::string
LowerName(std::string_view text)
{
    std::string lower(text);
    for (auto& c : lower)
    {
        const bool upper = c >= 'A' && c <= 'Z';
        c = c == '_' || c == ' ' ? '-' : static_cast<char>(upper ? c - 'A' + 'a' : c);
    }
    return lower;
}

NameChecker::NameChecker(const Node& root, Diagnostics& diagnostics)
    : m_root(root), m_diagnostics(diagnostics)
{
}

std::vector<std::string>
NameChecker::NamesIn(std::string_view map) const
{
    if (map == "links")
    {
        std::vector<std::string> names;
        if (const auto* sites = m_root.Find("sites"))
        {
            for (const auto& site : sites->entries)
            {
                for (const auto& link : KeysOf(site.node.Find("links")))
                {
                    if (!Contains(names, link))
                    {
                        names.push_back(link);
                    }
                }
            }
        }
        return names;
    }
    auto names = KeysOf(m_root.Find(map));
    if (map == "slas")
    {
        for (const auto& preset : Presets())
        {
            if (!Contains(names, preset.name))
            {
                names.push_back(preset.name);
            }
        }
    }
    return names;
}

void
NameChecker::Check(Node& node, const Field& field)
{
    if (field.type == Type::Name)
    {
        const auto names = NamesIn(field.refers);
        if (!Contains(names, node.text))
        {
            Dangling(node, node.span, field.refers, node.text, names);
        }
    }
    else if (field.type == Type::LinkName)
    {
        CheckLinkName(node);
    }
    else if (field.type == Type::Moment)
    {
        CheckMoment(node);
    }
}

void
NameChecker::Dangling(Node& node,
                      Span span,
                      std::string_view map,
                      const std::string& name,
                      const std::vector<std::string>& names)
{
    node.value = {};
    for (const auto& other : names)
    {
        if (!IsName(other) && LowerName(other) == name)
        {
            return; // there, but misspelt, which is reported where it stands
        }
    }
    auto& error = m_diagnostics.Error(
        span, fmt::format("no {} '{}'", Singular(map), name), DidYouMean(name, names));
    error.notes.push_back(ListNames(map, names));
}

void
NameChecker::CheckLinkName(Node& node)
{
    const auto dot = node.text.find('.');
    if (dot == std::string::npos)
    {
        m_diagnostics.Error(node.span,
                            fmt::format("'{}' is not a link, written site.link", node.text));
        node.value = {};
        return;
    }
    const auto site = node.text.substr(0, dot);
    const auto link = node.text.substr(dot + 1);
    const auto sites = NamesIn("sites");
    const auto quote = node.quoted ? 1 : 0;
    if (!Contains(sites, site))
    {
        auto span = node.span;
        span.column += static_cast<std::size_t>(quote);
        span.length = std::max<std::size_t>(1, site.size());
        Dangling(node, span, "sites", site, sites);
        return;
    }
    const auto* found = m_root.Find("sites")->Find(site);
    const auto links = KeysOf(found->Find("links"));
    if (!Contains(links, link))
    {
        auto span = node.span;
        span.column += dot + 1 + static_cast<std::size_t>(quote);
        span.length = std::max<std::size_t>(1, link.size());
        auto& error = m_diagnostics.Error(
            span, fmt::format("site '{}' has no link '{}'", site, link), DidYouMean(link, links));
        error.notes.push_back(ListNames("links of " + site, links));
        node.value = {};
    }
}

void
NameChecker::CheckMoment(Node& node)
{
    const auto events = NamesIn("events");
    const auto expectations = NamesIn("expect");
    std::string name = node.text;
    std::string end;
    for (const std::string_view suffix : {".start", ".end"})
    {
        if (name.ends_with(suffix))
        {
            end = suffix;
            name.resize(name.size() - suffix.size());
        }
    }
    if (Contains(events, name))
    {
        return;
    }
    if (Contains(expectations, name))
    {
        const auto* other = m_root.Find("expect")->Find(name);
        if (!end.empty())
        {
            m_diagnostics.Error(node.span,
                                fmt::format("a decision is an instant and has no '{}'", end),
                                fmt::format("did you mean '{}'?", name));
            node.value = {};
        }
        else if (!other->Find("decision"))
        {
            m_diagnostics.Error(
                node.span,
                fmt::format("expectation '{}' is not about a decision taken, so it has no time",
                            name));
            node.value = {};
        }
        return;
    }
    if (!node.text.empty() && node.text[0] >= '0' && node.text[0] <= '9')
    {
        const auto time = ParseQuantity(node.text, Dimension::Time);
        if (time)
        {
            node.value = time.quantity.integer;
            return;
        }
        m_diagnostics.Error(node.span, time.error, time.hint);
        node.value = {};
        return;
    }
    auto names = events;
    names.insert(names.end(), expectations.begin(), expectations.end());
    auto& error = m_diagnostics.Error(
        node.span, fmt::format("no event or expectation '{}'", name), DidYouMean(name, names));
    error.notes.push_back(ListNames("events", events));
    error.notes.push_back(ListNames("expectations", expectations));
    node.value = {};
}

} // namespace weft::spec
