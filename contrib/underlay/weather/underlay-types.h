// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Small value types shared by the weather of the underlay.
 *
 * Units: time is nanoseconds since the start of the weather (time 0 of a run), always passed in and
 * never read from a clock. The weather of negative instants is that of instant 0. Nothing in this
 * folder knows a simulator or a global.
 */
#ifndef UNDERLAY_TYPES_H
#define UNDERLAY_TYPES_H

#include <chrono>
#include <cstdint>
#include <string_view>

namespace weft::underlay
{

/// Instant (since the start of the weather) or length of time.
using TimeNs = std::chrono::nanoseconds;

/// "Without end": later than every instant.
inline constexpr TimeNs FOREVER = TimeNs::max();

/// Which way along a named path: Forward runs from its first named end to its second.
enum class Direction : std::uint8_t
{
    Forward = 0,
    Backward = 1,
};

/// @return "forward" or "backward".
constexpr std::string_view
ToString(Direction direction)
{
    return direction == Direction::Forward ? "forward" : "backward";
}

} // namespace weft::underlay

#endif
