// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace weft::spec
{

namespace
{

template <typename T>
std::optional<T>
As(const Value& value)
{
    const auto* held = std::get_if<T>(&value);
    return held ? std::optional(*held) : std::nullopt;
}

} // namespace

const Node*
View::Find(std::string_view key) const
{
    return m_node ? m_node->Find(key) : nullptr;
}

Span
View::Where(std::string_view key) const
{
    const auto* node = Find(key);
    return node ? node->name : m_node ? m_node->name : Span{};
}

Span
View::ValueSpan(std::string_view key) const
{
    const auto* node = Find(key);
    return node ? node->span : Where(key);
}

const Field&
View::FieldOf(std::string_view key) const
{
    const auto path = m_path.empty() ? std::string(key) : fmt::format("{}.{}", m_path, key);
    const auto* field = FindField(path);
    if (!field)
    {
        throw std::logic_error("the field table has no key " + path);
    }
    return *field;
}

Value
View::Get(std::string_view key) const
{
    const auto& field = FieldOf(key);
    if (const auto* node = Find(key))
    {
        if (node->value.index() != 0)
        {
            return node->value;
        }
    }
    if (field.fallback.empty())
    {
        return {};
    }
    Node node;
    node.text = field.fallback;
    Diagnostics none;
    CheckScalar(node, field, none);
    return node.value;
}

std::optional<std::string>
View::Text(std::string_view key) const
{
    return As<std::string>(Get(key));
}

std::optional<std::int64_t>
View::Integer(std::string_view key) const
{
    return As<std::int64_t>(Get(key));
}

std::optional<double>
View::Real(std::string_view key) const
{
    return As<double>(Get(key));
}

std::optional<bool>
View::Toggle(std::string_view key) const
{
    return As<bool>(Get(key));
}

std::optional<Duration>
View::Time(std::string_view key) const
{
    const auto value = Integer(key);
    return value ? std::optional(Duration(*value)) : std::nullopt;
}

std::vector<PortRange>
View::Ports(std::string_view key) const
{
    return As<std::vector<PortRange>>(Get(key)).value_or(std::vector<PortRange>{});
}

std::vector<Prefix>
View::Prefixes(std::string_view key) const
{
    return As<std::vector<Prefix>>(Get(key)).value_or(std::vector<Prefix>{});
}

std::vector<std::string>
View::Names(std::string_view key) const
{
    return As<std::vector<std::string>>(Get(key)).value_or(std::vector<std::string>{});
}

std::optional<std::pair<Duration, Duration>>
View::TimeWindow(std::string_view key) const
{
    const auto times = As<std::vector<std::int64_t>>(Get(key));
    if (!times || times->size() != 2)
    {
        return std::nullopt;
    }
    return std::pair(Duration((*times)[0]), Duration((*times)[1]));
}

std::optional<std::size_t>
View::ChoiceIndex(std::string_view key) const
{
    const auto text = Text(key);
    if (!text)
    {
        return std::nullopt;
    }
    const auto values = Split(FieldOf(key).values, '|');
    const auto at = std::find(values.begin(), values.end(), *text);
    return at == values.end() ? std::nullopt
                              : std::optional(static_cast<std::size_t>(at - values.begin()));
}

View
View::Sub(std::string_view key) const
{
    return {Find(key), FieldOf(key).path};
}

std::vector<std::pair<std::string, View>>
View::Entries(std::string_view key) const
{
    std::vector<std::pair<std::string, View>> entries;
    if (const auto* node = Find(key))
    {
        for (const auto& entry : node->entries)
        {
            if (entry.node.kind == Node::Kind::Map)
            {
                entries.emplace_back(entry.key, View(&entry.node, FieldOf(key).path));
            }
        }
    }
    return entries;
}

} // namespace weft::spec
