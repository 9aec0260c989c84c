// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * A YAML document as a tree with positions, before anything is known of its meaning.
 *
 * The subset: one document; maps with plain keys, lists, scalars; anchors and aliases (an alias is
 * a copy, which reports the positions of its anchor). Duplicate keys, tags, merge keys and further
 * documents are errors.
 */
#ifndef WEFT_SPEC_DOCUMENT_H
#define WEFT_SPEC_DOCUMENT_H

#include "engine/spec/diagnostic.h"
#include "engine/spec/scenario.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weft::spec
{

struct Field;

/// What a scalar or short list means once it has been read against the field table: nothing yet (or
/// wrong); text; a whole number, time (ns) or size (bytes); a real number, rate (bit/s) or
/// fraction; on or off; ports; networks; names.
using Value = std::variant<std::monostate,
                           std::string,
                           std::int64_t,
                           double,
                           bool,
                           std::vector<PortRange>,
                           std::vector<Prefix>,
                           std::vector<std::string>,
                           std::vector<std::int64_t>>;

/// A node of the tree.
struct Node
{
    enum class Kind
    {
        Null, ///< nothing was written
        Scalar,
        List,
        Map,
    };

    struct Entry;

    Kind kind = Kind::Null;
    std::string text{};  ///< scalars
    bool quoted = false; ///< scalars
    Span span{};         ///< of the value
    Span name{};         ///< of the key that leads here, or of the value where there is none
    std::vector<Entry> entries{}; ///< maps and lists; the keys of a list are empty

    const Field* field = nullptr; ///< what the field table says of it
    Value value{};                ///< what it means
    bool plus = false;            ///< quantities: written with a leading '+'

    /// @return the entry of a map, or null
    const Node* Find(std::string_view key) const;
    Node* Find(std::string_view key);
};

struct Node::Entry
{
    std::string key;
    Span keySpan;
    Node node;
};

/// Reads a document. Mistakes are added to @p diagnostics.
/// @return the root, or nothing when there is no usable tree
std::optional<Node> ReadDocument(std::string_view text,
                                 std::size_t source,
                                 Diagnostics& diagnostics);

/**
 * Applies one "--set path=value" to a tree.
 *
 * The path is dotted; list items go by index, or in the policy by the rule's name; "*" stands for
 * every entry. Maps that are missing on the way are made. The value is YAML.
 *
 * @param text as given
 * @param source what diagnostics call it, such as "--set #1"
 */
void ApplyOverride(Node& root,
                   const std::string& text,
                   const std::string& source,
                   Diagnostics& diagnostics);

} // namespace weft::spec

#endif
