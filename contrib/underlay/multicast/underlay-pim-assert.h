// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Who forwards onto a link when several routers could: metrics and states of the assert mechanism
 * (RFC 7761 section 4.6, RFC 3973 section 4.6).
 */
#ifndef UNDERLAY_PIM_ASSERT_H
#define UNDERLAY_PIM_ASSERT_H

#include "underlay-pim-message.h"

#include <map>
#include <tuple>

namespace weft::multicast
{

struct AssertMetric
{
    bool rpTree = true;
    std::uint32_t preference = 0x7fffffff;
    std::uint32_t metric = 0xffffffff;
    IpAddress address; ///< the highest decides

    /// @return whether this wins against another
    bool
    Beats(const AssertMetric& other) const
    {
        return std::tie(rpTree, preference, metric, other.address) <
               std::tie(other.rpTree, other.preference, other.metric, address);
    }

    bool
    IsInfinite() const
    {
        return preference == 0x7fffffff && metric == 0xffffffff;
    }

    /// @return of a message from a router
    static AssertMetric
    Of(const PimAssert& message, const IpAddress& from)
    {
        return {message.rpTree, message.preference, message.metric, from};
    }
};

/// State of one tree on one port; no record is NoInfo. The winner is us: Winner; else Loser.
struct AssertRecord
{
    AssertMetric winner;
    bool onRpf = false; ///< the port was the RPF interface when the assert was lost
};

using AssertRecords = std::map<PortIndex, AssertRecord>;

} // namespace weft::multicast

#endif
