// SPDX-License-Identifier: GPL-2.0-only
/** @file Counts of discarded frames by reason. */
#ifndef VXLAN_DROPS_H
#define VXLAN_DROPS_H

#include "vxlan-types.h"

#include <array>

namespace weft::vxlan
{

/// Room for every DropReason.
inline constexpr std::size_t DROP_REASONS = 40;

class DropCounts
{
  public:
    void
    Add(DropReason reason, std::uint64_t count = 1)
    {
        m_counts[static_cast<std::size_t>(reason)] += count;
    }

    std::uint64_t
    operator[](DropReason reason) const
    {
        return m_counts[static_cast<std::size_t>(reason)];
    }

    std::uint64_t
    Total() const
    {
        std::uint64_t total = 0;
        for (const auto count : m_counts)
        {
            total += count;
        }
        return total;
    }

  private:
    std::array<std::uint64_t, DROP_REASONS> m_counts{};
};

} // namespace weft::vxlan

#endif
