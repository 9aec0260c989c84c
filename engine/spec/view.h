// SPDX-License-Identifier: GPL-2.0-only
/** @file Typed access to a checked document, with the defaults of the field table. */
#ifndef WEFT_SPEC_VIEW_H
#define WEFT_SPEC_VIEW_H

#include "engine/spec/check.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::spec
{

/**
 * A map of the document, or one that is absent, as the table describes it.
 *
 * A key that is absent or wrong gives its default; without default, nothing. Wrong keys have been
 * reported by CheckDocument.
 */
class View
{
  public:
    /// @param node null when the map is absent @param path of its field, "" for the top
    View(const Node* node, std::string_view path)
        : m_node(node && node->kind == Node::Kind::Map ? node : nullptr), m_path(path)
    {
    }

    /// @return whether the map is there
    explicit operator bool() const
    {
        return m_node != nullptr;
    }

    /// @return whether the key is there, right or wrong
    bool
    Has(std::string_view key) const
    {
        return Find(key) != nullptr;
    }

    const Node* Find(std::string_view key) const;

    /// @return where the key, or else the map, stands
    Span Where(std::string_view key) const;
    /// @return where the value of the key, or else the map, stands
    Span ValueSpan(std::string_view key) const;

    std::optional<std::string> Text(std::string_view key) const;
    std::optional<std::int64_t> Integer(std::string_view key) const;
    std::optional<double> Real(std::string_view key) const;
    std::optional<bool> Toggle(std::string_view key) const;
    std::optional<Duration> Time(std::string_view key) const;
    std::vector<PortRange> Ports(std::string_view key) const;
    std::vector<Prefix> Prefixes(std::string_view key) const;
    std::vector<std::string> Names(std::string_view key) const;
    std::optional<std::pair<Duration, Duration>> TimeWindow(std::string_view key) const;

    /// @return the position of a Choice's value among those of the table, as the enumeration
    template <typename E>
    std::optional<E>
    Choice(std::string_view key) const
    {
        const auto index = ChoiceIndex(key);
        return index ? std::optional(static_cast<E>(*index)) : std::nullopt;
    }

    /// @return the map below a key
    View Sub(std::string_view key) const;

    /// @return the entries below a key: names (empty for lists) and views. Entries that are no maps
    /// are left out.
    std::vector<std::pair<std::string, View>> Entries(std::string_view key) const;

  private:
    const Field& FieldOf(std::string_view key) const;
    /// @return what the key means, by its default when it is absent
    Value Get(std::string_view key) const;
    std::optional<std::size_t> ChoiceIndex(std::string_view key) const;

    const Node* m_node;
    std::string m_path;
};

} // namespace weft::spec

#endif
