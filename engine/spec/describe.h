// SPDX-License-Identifier: GPL-2.0-only
/** @file Texts made from the field table: the answer to `weft explain`, the reference page, the
 * JSON Schema. */
#ifndef WEFT_SPEC_DESCRIBE_H
#define WEFT_SPEC_DESCRIBE_H

#include "engine/spec/field.h"

#include <string>
#include <string_view>

namespace weft::spec
{

/// @return the path with NAME and N where a file has names and positions:
/// "sites.NAME.links.NAME.mtu"
std::string DisplayPath(const Field& field);

/// @return what the value of @p with means in prose: "only with kind: onoff or bulk-udp"; empty
/// without
std::string DescribeCondition(const Field& field);

/// @return everything known of one key, for a terminal
std::string Explain(const Field& field);

/// @return the keys below a path ("" for the top) with one line each
std::string ExplainKeys(std::string_view path);

/// @return one key as a JSON object
std::string ExplainJson(const Field& field);

/// @return the reference page in Markdown
std::string ReferencePage();

/// @return the JSON Schema (draft-07) of scenario files
std::string JsonSchema();

} // namespace weft::spec

#endif
