// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What the weather of one path is made of: base weather, causes shared with other paths, and
 * scripted events.
 */
#ifndef UNDERLAY_WEATHER_CONFIG_H
#define UNDERLAY_WEATHER_CONFIG_H

#include "underlay-types.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft::underlay
{

/**
 * A cause of loss shared by every path that names it, in either direction (a common duct, a common
 * CPE): while it is bad, all of them lose. Paths of one run that give the same name must give the
 * same numbers.
 */
struct CommonLoss
{
    std::string name{};
    double loss = 0;     ///< mean loss, 0 to 1
    TimeNs badPeriod{0}; ///< mean bad period; 0: an independent draw for each instant
};

/// How the strength of an event runs over its time, from 0 (not there) to 1 (in full).
enum class EventShape : std::uint8_t
{
    Step,   ///< 1 from start to end
    Ramp,   ///< rises linearly from 0 at its start to 1 at its end, then is gone
    Square, ///< 1 in the first half of each period, 0 in the second
};

/// Which directions of its path an event touches.
enum class EventScope : std::uint8_t
{
    Both,
    Forward,
    Backward,
};

/// @return whether an event of @p scope touches @p direction.
constexpr bool
Touches(EventScope scope, Direction direction)
{
    return scope == EventScope::Both ||
           (scope == EventScope::Forward) == (direction == Direction::Forward);
}

/**
 * A scripted change laid over the base weather, which it leaves unchanged. At strength s it moves
 * the jitter by s of the way from the value under it to its own, adds s times its delay, loses a
 * packet its own loss process says is lost with probability s, and takes the path down where s > 0.
 * Events add up in the order given: of two that set the jitter, the later wins. An event covers
 * [at, at + duration).
 */
struct WeatherEvent
{
    std::string name{}; ///< names its loss process: unique on the path
    TimeNs at{0};
    TimeNs duration = FOREVER;
    EventShape shape = EventShape::Step;
    TimeNs period{0}; ///< of a square wave; at least 2 ns
    EventScope scope = EventScope::Both;
    std::optional<TimeNs> jitter{}; ///< replaces the path's jitter
    double loss = 0; ///< independent of the path's own loss, 0 to 1: 1 - (1 - a) (1 - b) in all
    std::optional<TimeNs> badPeriod{}; ///< of its loss; the path's own where not given
    TimeNs delay{0}; ///< added to the path's delay; may be negative down to a delay of 0
    bool down = false;
};

/// The weather of one direction of a path, and the events upon it.
struct WeatherConfig
{
    TimeNs delay{0};  ///< base one-way delay, the floor of what a packet takes
    TimeNs jitter{0}; ///< standard deviation of the delay over time
    TimeNs jitterCorrelation = std::chrono::milliseconds{100}; ///< correlation time of the jitter
    double loss = 0;                                           ///< mean loss, 0 to 1
    TimeNs badPeriod{0}; ///< mean bad period of the loss; 0: an independent draw for each instant
    double reorder = 0;  ///< probability that a packet is held back by reorderDelay, 0 to 1
    TimeNs reorderDelay{0};
    std::vector<CommonLoss> common{};
    std::vector<WeatherEvent> events{};
};

} // namespace weft::underlay

#endif
