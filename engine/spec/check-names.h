// SPDX-License-Identifier: GPL-2.0-only
/** @file Holds the names that a document uses against those it gives. */
#ifndef WEFT_SPEC_CHECK_NAMES_H
#define WEFT_SPEC_CHECK_NAMES_H

#include "engine/spec/document.h"
#include "engine/spec/field.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weft::spec
{

/// @return what @p text most likely was to be as a name
std::string LowerName(std::string_view text);

class NameChecker
{
  public:
    /// Both outlive this.
    NameChecker(const Node& root, Diagnostics& diagnostics);

    /// Empties the value of a node that names what is not there, and says so.
    /// @param map the one in which the node stands; may be null
    void Check(Node& node, const Field& field, const Node* map);

    /// Says so when a key that has to be a name from a list is not.
    void CheckKey(const Node::Entry& entry, std::string_view list);

  private:
    /// The names of a list; `known` is false when something wrong hides some of them.
    struct Names
    {
        std::vector<std::string> all;
        bool known = true;
    };

    /// @return the names given in a map at the top, of generated things too; of the links of all
    /// sites; of the routers; of all nodes
    const Names& NamesIn(std::string_view map) const;
    Names MakeNames(std::string_view map) const;
    Names RouterNames() const;
    void CheckName(Node& node, Span span, std::string_view lists, const std::string& name);
    void Dangling(Node& node,
                  Span span,
                  const std::vector<std::string>& maps,
                  const std::string& name);
    void CheckLinkName(Node& node);
    void CheckMoment(Node& node);

    const Node& m_root;
    Diagnostics& m_diagnostics;
    mutable std::map<std::string, Names, std::less<>> m_lists;
};

} // namespace weft::spec

#endif
