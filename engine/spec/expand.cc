// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/expand.h"

#include "engine/spec/check.h"

#include <fmt/format.h>

#include <charconv>
#include <unordered_map>
#include <unordered_set>

namespace weft::spec
{

namespace
{

/// Raises the value of a counted key. @return whether it stays in range
bool
Raise(Node& node, const Field& field, std::uint32_t steps)
{
    if (auto* number = std::get_if<std::int64_t>(&node.value))
    {
        *number += steps;
        std::int64_t most = 0;
        std::from_chars(field.max.data(), field.max.data() + field.max.size(), most);
        return *number <= most;
    }
    if (auto* text = std::get_if<std::string>(&node.value))
    {
        if (const auto address = netbase::IpAddress::Parse(*text))
        {
            *text = Next(*address, steps).ToString();
        }
        else if (const auto mac = netbase::MacAddress::Parse(*text))
        {
            *text = Next(*mac, steps).ToString();
        }
    }
    return true;
}

class Expander
{
  public:
    Expander(Node& map, Diagnostics& diagnostics) : m_map(map), m_diagnostics(diagnostics)
    {
    }

    void
    Expand()
    {
        std::unordered_map<std::string_view, std::size_t> given;
        for (std::size_t i = 0; i < m_map.entries.size(); ++i)
        {
            if (CountOf(m_map.entries[i].node) == 0)
            {
                given.emplace(m_map.entries[i].key, i);
            }
        }
        std::unordered_set<std::string> made;
        std::unordered_set<std::size_t> merged;
        std::vector<Node::Entry> entries;
        for (const auto& entry : m_map.entries)
        {
            for (std::size_t i = 1, count = CountOf(entry.node); i <= count; ++i)
            {
                auto copy = Copy(entry, i);
                if (!made.insert(copy.key).second)
                {
                    m_diagnostics.Error(entry.keySpan, fmt::format("'{}' is made twice", copy.key));
                    return;
                }
                if (const auto other = given.find(copy.key); other != given.end())
                {
                    merged.insert(other->second);
                    Merge(copy, m_map.entries[other->second]);
                }
                entries.push_back(std::move(copy));
            }
            if (m_failed)
            {
                return;
            }
            if (CountOf(entry.node) == 0)
            {
                entries.push_back(entry);
                m_kept.push_back(&entry - m_map.entries.data());
            }
            else
            {
                m_kept.resize(entries.size(), -1);
            }
        }
        // What only says how a made one differs is no thing of its own.
        std::vector<Node::Entry> left;
        for (std::size_t i = 0; i < entries.size(); ++i)
        {
            if (m_kept[i] < 0 || !merged.contains(static_cast<std::size_t>(m_kept[i])))
            {
                left.push_back(std::move(entries[i]));
            }
        }
        m_map.entries = std::move(left);
    }

  private:
    static std::size_t
    CountOf(const Node& node)
    {
        const auto* count = node.Find("count");
        const auto* value = count ? std::get_if<std::int64_t>(&count->value) : nullptr;
        return value ? static_cast<std::size_t>(*value) : 0;
    }

    Node::Entry
    Copy(const Node::Entry& entry, std::size_t number)
    {
        auto copy = entry;
        copy.key += std::to_string(number);
        if (number == 1 && !IsName(entry.key + std::to_string(CountOf(entry.node))))
        {
            m_diagnostics.Error(entry.keySpan, "the names made of this are longer than 64");
        }
        std::erase_if(copy.node.entries, [](const Node::Entry& e) { return e.key == "count"; });
        for (auto& child : copy.node.entries)
        {
            const auto* field = child.node.field;
            if (!m_failed && field && field->counts &&
                !Raise(child.node, *field, static_cast<std::uint32_t>(number - 1)))
            {
                m_failed = true;
                auto& error = m_diagnostics.Error(
                    child.node.span,
                    fmt::format("counting up, '{}' comes to {}, which is out of range; '{}' is {}",
                                field->Key(),
                                std::get<std::int64_t>(child.node.value),
                                field->Key(),
                                DescribeRange(*field)));
                error.notes.push_back(
                    fmt::format("this is that of '{}', one of {}", copy.key, CountOf(entry.node)));
                if (!field->why.empty())
                {
                    error.notes.emplace_back(field->why);
                }
            }
        }
        return copy;
    }

    static void
    Merge(Node::Entry& copy, const Node::Entry& differing)
    {
        copy.keySpan = differing.keySpan;
        copy.node.name = differing.node.name;
        for (const auto& child : differing.node.entries)
        {
            if (auto* there = copy.node.Find(child.key))
            {
                *there = child.node;
            }
            else
            {
                copy.node.entries.push_back(child);
            }
        }
    }

    Node& m_map;
    Diagnostics& m_diagnostics;
    std::vector<std::ptrdiff_t> m_kept; ///< for each new entry its place before, or -1
    bool m_failed = false;
};

} // namespace

void
ExpandCounts(Node& root, Diagnostics& diagnostics)
{
    for (auto& entry : root.entries)
    {
        if (entry.node.kind == Node::Kind::Map && MakesSeveral(entry.key))
        {
            Expander(entry.node, diagnostics).Expand();
        }
    }
}

netbase::IpAddress
Next(netbase::IpAddress address, std::uint32_t steps)
{
    std::uint64_t carry = steps;
    for (std::size_t i = address.octets.size(); i-- > 0 && carry > 0;)
    {
        carry += address.octets[i];
        address.octets[i] = static_cast<std::uint8_t>(carry);
        carry >>= 8;
    }
    return address;
}

netbase::MacAddress
Next(const netbase::MacAddress& address, std::uint64_t steps)
{
    return netbase::MacAddress::FromInteger(address.ToInteger() + steps);
}

} // namespace weft::spec
