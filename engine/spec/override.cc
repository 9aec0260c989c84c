// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/document.h"
#include "engine/spec/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace weft::spec
{

namespace
{

/// A component of an override's path.
struct Step
{
    std::string key;
    Span span;
};

/// Applies one override.
class Setter
{
  public:
    Setter(std::vector<Step> path, const Node& value, Diagnostics& diagnostics)
        : m_path(std::move(path)), m_value(value), m_diagnostics(diagnostics)
    {
    }

    void
    Set(Node& node, std::size_t depth)
    {
        if (depth == m_path.size())
        {
            node = m_value;
            node.name = m_path.back().span;
            return;
        }
        const auto& step = m_path[depth];
        if (node.kind == Node::Kind::List)
        {
            SetInList(node, depth);
            return;
        }
        if (node.kind != Node::Kind::Map)
        {
            // Nothing there yet, or a word such as "off" where a map may stand too.
            node = Node{.kind = Node::Kind::Map, .span = step.span, .name = step.span};
        }
        if (step.key == "*")
        {
            SetEvery(node, depth);
            return;
        }
        auto* child = node.Find(step.key);
        if (!child)
        {
            node.entries.push_back({step.key, step.span, Node{}});
            child = &node.entries.back().node;
            child->span = child->name = step.span;
        }
        Set(*child, depth + 1);
    }

  private:
    void
    SetEvery(Node& node, std::size_t depth)
    {
        if (node.entries.empty())
        {
            m_diagnostics.Error(m_path[depth].span, "'*' stands for nothing here");
        }
        for (auto& entry : node.entries)
        {
            Set(entry.node, depth + 1);
        }
    }

    void
    SetInList(Node& list, std::size_t depth)
    {
        const auto& step = m_path[depth];
        if (step.key == "*")
        {
            SetEvery(list, depth);
            return;
        }
        std::vector<std::string> names;
        for (auto& entry : list.entries)
        {
            if (const auto* rule = entry.node.Find("rule"))
            {
                if (rule->text == step.key)
                {
                    Set(entry.node, depth + 1);
                    return;
                }
                names.push_back(rule->text);
            }
        }
        std::size_t index = 0;
        const auto* end = step.key.data() + step.key.size();
        const auto [last, error] = std::from_chars(step.key.data(), end, index);
        if (error == std::errc{} && last == end && index < list.entries.size())
        {
            Set(list.entries[index].node, depth + 1);
            return;
        }
        const auto near = Suggest(step.key, names);
        m_diagnostics.Error(step.span,
                            fmt::format("no item '{}' in a list of {} (the first is 0)",
                                        step.key,
                                        list.entries.size()),
                            near ? fmt::format("did you mean '{}'?", *near) : "");
    }

    std::vector<Step> m_path;
    const Node& m_value;
    Diagnostics& m_diagnostics;
};

/// Moves the positions of a tree to where the value stands in the override.
void
Shift(Node& node, std::size_t columns)
{
    for (auto* span : {&node.span, &node.name})
    {
        span->column += span->line == 1 ? columns : 0;
    }
    for (auto& entry : node.entries)
    {
        entry.keySpan.column += entry.keySpan.line == 1 ? columns : 0;
        Shift(entry.node, columns);
    }
}

} // namespace

void
ApplyOverride(Node& root,
              const std::string& text,
              const std::string& sourceName,
              Diagnostics& diagnostics)
{
    const auto source = diagnostics.AddSource(sourceName, text);
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
    {
        diagnostics.Error({source, 1, 1, std::max<std::size_t>(text.size(), 1)},
                          "an override is written path=value");
        return;
    }
    std::vector<Step> path;
    for (std::size_t at = 0; at <= equals;)
    {
        const auto end = std::min(text.find('.', at), equals);
        path.push_back({text.substr(at, end - at), {source, 1, at + 1, end - at}});
        if (path.back().key.empty())
        {
            diagnostics.Error({source, 1, at + 1, 1}, "empty component in the path");
            return;
        }
        at = end + 1;
    }
    // Spaces stand in for the path, so that what the parser reports has its place in the override.
    const auto rest = text.substr(equals + 1);
    Diagnostics inner;
    inner.AddSource("value", rest);
    auto value = rest.empty() ? std::nullopt : ReadDocument(rest, 0, inner);
    for (const auto& d : inner.All())
    {
        Span span{source, 1, d.span.column + equals + 1, d.span.length};
        diagnostics.Error(span, d.message, d.hint);
    }
    if (!value)
    {
        if (inner.All().empty())
        {
            diagnostics.Error({source, 1, equals + 1, 1}, "no value after '='");
        }
        return;
    }
    const auto setSource = [&](auto&& self, Node& node) -> void {
        node.span.source = node.name.source = source;
        for (auto& entry : node.entries)
        {
            entry.keySpan.source = source;
            self(self, entry.node);
        }
    };
    Shift(*value, equals + 1);
    setSource(setSource, *value);
    Setter(std::move(path), *value, diagnostics).Set(root, 0);
}

} // namespace weft::spec
