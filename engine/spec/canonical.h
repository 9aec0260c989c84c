// SPDX-License-Identifier: GPL-2.0-only
/** @file What the parts of the canonical text share. */
#ifndef WEFT_SPEC_CANONICAL_H
#define WEFT_SPEC_CANONICAL_H

#include "engine/spec/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace weft::spec
{

/// Collects "key: value" lines.
class Lines
{
  public:
    template <typename T>
    void
    Add(const std::string& key, const T& value)
    {
        m_lines.push_back(fmt::format("{}: {}\n", key, value));
    }

    void
    Add(const std::string& key, const Duration& value)
    {
        Add(key, value.count());
    }

    template <typename T>
    void
    Add(const std::string& key, const std::optional<T>& value)
    {
        if (value)
        {
            Add(key, *value);
        }
    }

    void
    Add(const std::string& key, const std::vector<PortRange>& ranges)
    {
        for (std::size_t i = 0; i < ranges.size(); ++i)
        {
            Add(fmt::format("{}.{}", key, i),
                fmt::format("{}-{}", ranges[i].first, ranges[i].last));
        }
    }

    void
    Add(const std::string& key, const std::vector<std::string>& names)
    {
        Add(key, fmt::format("{}", fmt::join(names, ",")));
    }

    std::string
    Text()
    {
        std::sort(m_lines.begin(), m_lines.end());
        return fmt::format("{}", fmt::join(m_lines, ""));
    }

  private:
    std::vector<std::string> m_lines;
};

/// Adds the fabric, the virtual networks and what is in them.
void AddOverlay(Lines& lines, const Scenario& scenario);

/// Adds what an event or expectation about a fabric says beyond the others.
void AddFabricEvent(Lines& lines, const std::string& key, const Scenario& s, const Event& event);
void AddFabricExpectation(Lines& lines,
                          const std::string& key,
                          const Scenario& s,
                          const Expectation& expectation);

} // namespace weft::spec

#endif
