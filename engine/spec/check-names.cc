// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/check-names.h"

#include "engine/spec/check.h"
#include "engine/spec/presets.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_set>

namespace weft::spec
{

namespace
{

/// What one entry of a named map is called.
std::string_view
Singular(std::string_view map)
{
    static const std::map<std::string_view, std::string_view> words{
        {"clouds", "cloud"},
        {"sites", "site"},
        {"links", "link"},
        {"applications", "application"},
        {"slas", "SLA"},
        {"traffic", "flow"},
        {"events", "event"},
        {"networks", "network"},
        {"hypervisors", "hypervisor"},
        {"vms", "VM"},
        {"gateways", "gateway"},
        {"service_nodes", "service node"},
        {"routers", "router"},
        {"variants", "variant"},
        {"controller", "controller"},
    };
    const auto word = words.find(map);
    return word == words.end() ? "expectation" : word->second;
}

/// The lists of what can go down and has tables.
const std::vector<std::string> NODES{
    "routers", "hypervisors", "vms", "gateways", "controller", "service_nodes"};

/// @return "a, b or c"
std::string
Either(const std::vector<std::string>& maps)
{
    std::string text;
    for (std::size_t i = 0; i < maps.size(); ++i)
    {
        text += i == 0 ? "" : i + 1 == maps.size() ? " or " : ", ";
        text += Singular(maps[i]);
    }
    return text;
}

/// @return a whole number as the checker reads one; nothing when it is none
std::optional<std::size_t>
Whole(const Node* node, std::size_t otherwise, std::size_t most)
{
    if (!node)
    {
        return otherwise;
    }
    std::size_t value = 0;
    const auto& text = node->text;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && value <= most && value > 0
               ? std::optional(value)
               : std::nullopt;
}

/// Adds NAME1 to NAMEn, without those that are there.
void
AddNumbered(std::vector<std::string>& names,
            std::unordered_set<std::string>& seen,
            const std::string& name,
            std::size_t count)
{
    for (std::size_t i = 1; i <= count; ++i)
    {
        if (auto numbered = name + std::to_string(i); seen.insert(numbered).second)
        {
            names.push_back(std::move(numbered));
        }
    }
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

const NameChecker::Names&
NameChecker::NamesIn(std::string_view map) const
{
    auto list = m_lists.find(map);
    if (list == m_lists.end())
    {
        list = m_lists.emplace(map, MakeNames(map)).first;
    }
    return list->second;
}

NameChecker::Names
NameChecker::RouterNames() const
{
    Names names;
    const auto* fabric = m_root.Find("fabric");
    if (!fabric)
    {
        return names;
    }
    const auto* kind = fabric->Find("kind");
    std::unordered_set<std::string> seen;
    if (!kind || kind->text == "leaf-spine")
    {
        const auto leaves = Whole(fabric->Find("leaves"), 2, 1000);
        const auto spines = Whole(fabric->Find("spines"), 2, 1000);
        names.known = leaves && spines;
        AddNumbered(names.all, seen, "leaf", leaves.value_or(0));
        AddNumbered(names.all, seen, "spine", spines.value_or(0));
        return names;
    }
    names.all = KeysOf(fabric->Find("routers"));
    names.known = kind->text == "custom";
    return names;
}

NameChecker::Names
NameChecker::MakeNames(std::string_view map) const
{
    Names names;
    if (map == "links")
    {
        if (const auto* sites = m_root.Find("sites"))
        {
            for (const auto& site : sites->entries)
            {
                for (const auto& link : KeysOf(site.node.Find("links")))
                {
                    if (!Contains(names.all, link))
                    {
                        names.all.push_back(link);
                    }
                }
            }
        }
        return names;
    }
    if (map == "routers")
    {
        return RouterNames();
    }
    if (map == "controller")
    {
        return m_root.Find("controller") ? Names{{"controller"}, true} : Names{};
    }
    std::unordered_set<std::string> seen;
    if (const auto* node = m_root.Find(map); node && node->kind == Node::Kind::Map)
    {
        const bool counted = MakesSeveral(map);
        for (const auto& entry : node->entries)
        {
            const auto* count = counted ? entry.node.Find("count") : nullptr;
            if (!count)
            {
                if (seen.insert(entry.key).second)
                {
                    names.all.push_back(entry.key);
                }
                continue;
            }
            constexpr std::size_t MOST = 1'000'000;
            const auto number = Whole(count, 0, MOST);
            names.known = names.known && number;
            AddNumbered(names.all, seen, entry.key, number.value_or(0));
        }
    }
    if (map == "slas")
    {
        for (const auto& preset : Presets())
        {
            if (!Contains(names.all, preset.name))
            {
                names.all.push_back(preset.name);
            }
        }
    }
    if (map == "variants")
    {
        std::erase(names.all, "base"); // reported where it is given
        names.all.insert(names.all.begin(), "base");
    }
    return names;
}

void
NameChecker::Check(Node& node, const Field& field, const Node* map)
{
    switch (field.type)
    {
    case Type::Name:
        CheckName(node, node.span, field.refers, node.text);
        break;
    case Type::NameOrAddress:
        if (!netbase::IpAddress::Parse(node.text))
        {
            CheckName(node, node.span, field.refers, node.text);
        }
        break;
    case Type::LinkName:
        CheckLinkName(node);
        break;
    case Type::WireOrLink:
        // Wires are looked up once the fabric is known.
        if ((!m_root.Find("fabric") && !m_root.Find("hypervisors")) ||
            Contains(NamesIn("sites").all, node.text.substr(0, node.text.find('.'))))
        {
            CheckLinkName(node);
        }
        break;
    case Type::Moment:
        CheckMoment(node);
        break;
    case Type::PlaceOrMoment:
        if (map && map->Find("follows"))
        {
            CheckName(node, node.span, "sites", node.text);
        }
        else
        {
            CheckMoment(node);
        }
        break;
    default:
        break;
    }
}

void
NameChecker::CheckKey(const Node::Entry& entry, std::string_view list)
{
    Node key;
    CheckName(key, entry.keySpan, list, entry.key);
}

void
NameChecker::CheckName(Node& node, Span span, std::string_view lists, const std::string& name)
{
    auto maps = lists == "nodes" ? NODES : Split(lists, '|');
    // What the file has none of is not spoken of.
    const auto first = maps.front();
    std::erase_if(maps, [&](const std::string& map) {
        return map != "variants" && map != "slas" && NamesIn(map).all.empty() && NamesIn(map).known;
    });
    if (maps.empty())
    {
        maps.push_back(first);
    }
    const bool found = std::any_of(maps.begin(), maps.end(), [&](const std::string& map) {
        return !NamesIn(map).known || Contains(NamesIn(map).all, name);
    });
    if (!found)
    {
        Dangling(node, span, maps, name);
    }
}

void
NameChecker::Dangling(Node& node,
                      Span span,
                      const std::vector<std::string>& maps,
                      const std::string& name)
{
    node.value = {};
    std::vector<std::string> names;
    for (const auto& map : maps)
    {
        for (const auto& other : NamesIn(map).all)
        {
            if (!IsName(other) && LowerName(other) == name)
            {
                return; // there, but misspelt, which is reported where it stands
            }
            names.push_back(other);
        }
    }
    auto& error = m_diagnostics.Error(
        span, fmt::format("no {} '{}'", Either(maps), name), DidYouMean(name, names));
    for (const auto& map : maps)
    {
        error.notes.push_back(ListNames(map, NamesIn(map).all));
    }
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
    const auto& sites = NamesIn("sites").all;
    const auto quote = node.quoted ? 1 : 0;
    if (!Contains(sites, site))
    {
        auto span = node.span;
        span.column += static_cast<std::size_t>(quote);
        span.length = std::max<std::size_t>(1, site.size());
        Dangling(node, span, {"sites"}, site);
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
    const auto& events = NamesIn("events").all;
    const auto& expectations = NamesIn("expect").all;
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
