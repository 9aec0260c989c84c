// SPDX-License-Identifier: GPL-2.0-only
/** @file The little of JSON that writers need. */
#ifndef WEFT_SPEC_JSON_H
#define WEFT_SPEC_JSON_H

#include <string>
#include <string_view>

namespace weft::spec
{

/// @return @p text as a JSON string with its quotes (RFC 8259). Bytes that are not UTF-8 become
/// U+FFFD.
std::string JsonString(std::string_view text);

} // namespace weft::spec

#endif
