// SPDX-License-Identifier: GPL-2.0-only
/** @file Holds the names that a document uses against those it gives. */
#ifndef WEFT_SPEC_CHECK_NAMES_H
#define WEFT_SPEC_CHECK_NAMES_H

#include "engine/spec/document.h"
#include "engine/spec/field.h"

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
    void Check(Node& node, const Field& field);

  private:
    /// @return the names given in a map at the top, or of the links of all sites
    std::vector<std::string> NamesIn(std::string_view map) const;
    void Dangling(Node& node,
                  Span span,
                  std::string_view map,
                  const std::string& name,
                  const std::vector<std::string>& names);
    void CheckLinkName(Node& node);
    void CheckMoment(Node& node);

    const Node& m_root;
    Diagnostics& m_diagnostics;
};

} // namespace weft::spec

#endif
