// SPDX-License-Identifier: GPL-2.0-only
/** @file "Did you mean": the nearest of a set of words. */
#ifndef WEFT_SPEC_SUGGEST_H
#define WEFT_SPEC_SUGGEST_H

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weft::spec
{

/// @return the least number of insertions, deletions, substitutions and swaps of neighbours that
/// turn
/// @p a into @p b (optimal string alignment distance)
std::size_t EditDistance(std::string_view a, std::string_view b);

/// @return the candidate that a writer of @p word most likely meant; nothing when none is near.
/// Near: at most one edit for every three characters of the longer word (at least one), or for
/// every two when the first letters agree, and something in common; or one is the other with whole
/// parts added ("ports" and "source_ports"). Ties go to the earlier candidate.
std::optional<std::string> Suggest(std::string_view word, std::span<const std::string> candidates);

} // namespace weft::spec

#endif
