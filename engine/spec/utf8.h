// SPDX-License-Identifier: GPL-2.0-only
/** @file UTF-8, as far as positions and JSON need it (RFC 3629). */
#ifndef WEFT_SPEC_UTF8_H
#define WEFT_SPEC_UTF8_H

#include <cstddef>
#include <string_view>

namespace weft::spec
{

/// @return the number of bytes of the well-formed character at @p at; 0 when there is none
std::size_t Utf8Length(std::string_view text, std::size_t at);

/// @return the offset of the first byte that is not well-formed UTF-8; npos when all is
std::size_t FindBadUtf8(std::string_view text);

} // namespace weft::spec

#endif
