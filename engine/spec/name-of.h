// SPDX-License-Identifier: GPL-2.0-only
/** @file Names of enumerators. */
#ifndef WEFT_SPEC_NAME_OF_H
#define WEFT_SPEC_NAME_OF_H

#include <array>
#include <cstddef>
#include <string_view>

namespace weft::spec
{

/// @return the name of an enumerator, given those of its enumeration in order
template <typename E, std::size_t N>
std::string_view
NameOf(E value, const std::array<std::string_view, N>& names)
{
    return names.at(static_cast<std::size_t>(value));
}

} // namespace weft::spec

#endif
