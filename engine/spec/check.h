// SPDX-License-Identifier: GPL-2.0-only
/** @file Holds a document against the field table. */
#ifndef WEFT_SPEC_CHECK_H
#define WEFT_SPEC_CHECK_H

#include "engine/spec/document.h"
#include "engine/spec/field.h"

#include <string>
#include <string_view>

namespace weft::spec
{

/**
 * Checks keys, types, units, ranges and names of a whole document, and notes in every node what it
 * means (Node::field, Node::value). A node that is wrong keeps an empty value, so that later checks
 * pass it over instead of reporting it again.
 */
void CheckDocument(Node& root, Diagnostics& diagnostics);

/// Reads a scalar of a field: type, unit and range, but not whether names exist. Adds to @p
/// diagnostics.
void CheckScalar(Node& node, const Field& field, Diagnostics& diagnostics);

/// @return whether the text is a name: lower-case letters, digits and hyphens, no hyphen first
bool IsName(std::string_view text);

/// @return "sites: a, b": the names given in a map, as a note; long lists are cut
std::string ListNames(std::string_view what, const std::vector<std::string>& names);

/// @return "did you mean 'x'?", or nothing
std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates);

} // namespace weft::spec

#endif
