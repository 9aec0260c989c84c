// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/suggest.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace weft::spec
{

namespace
{

std::string
Lower(std::string_view text)
{
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return lower;
}

/// @return whether @p part stands in @p whole between separators
bool
IsPartOf(std::string_view part, std::string_view whole)
{
    const auto separator = [](char c) { return c == '_' || c == '-' || c == '.'; };
    if (part.size() < 3)
    {
        return false;
    }
    for (auto at = whole.find(part); at != std::string_view::npos; at = whole.find(part, at + 1))
    {
        const auto end = at + part.size();
        if ((at == 0 || separator(whole[at - 1])) && (end == whole.size() || separator(whole[end])))
        {
            return true;
        }
    }
    return false;
}

} // namespace

std::size_t
EditDistance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
    {
        last[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i)
    {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j)
        {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

std::optional<std::string>
Suggest(std::string_view word, std::span<const std::string> candidates)
{
    constexpr std::size_t LONGEST = 64; // longer words are not typing mistakes
    if (word.empty() || word.size() > LONGEST)
    {
        return std::nullopt;
    }
    const auto lower = Lower(word);
    const std::string* best = nullptr;
    std::size_t least = LONGEST;
    for (const auto& candidate : candidates)
    {
        const auto distance = EditDistance(lower, Lower(candidate));
        const auto longer = std::max(word.size(), candidate.size());
        const bool alike = !candidate.empty() && Lower(candidate)[0] == lower[0];
        const auto allowed = std::max<std::size_t>(1, longer / (alike ? 2 : 3));
        if (distance <= allowed && distance < longer && distance < least)
        {
            least = distance;
            best = &candidate;
        }
    }
    if (!best)
    {
        for (const auto& candidate : candidates)
        {
            if (IsPartOf(lower, candidate) || IsPartOf(candidate, lower))
            {
                best = &candidate;
                break;
            }
        }
    }
    return best ? std::optional(*best) : std::nullopt;
}

} // namespace weft::spec
