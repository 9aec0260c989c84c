// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The 24-bit microsecond send stamp of a VCMP datagram and its arithmetic.
 *
 * A stamp is the sender's local clock in microseconds, modulo 2^24 (it wraps every 16.777 s).
 * Receive clock minus stamp is the datagram's *relative delay*: one-way delay plus the offset of
 * the two clocks, modulo 2^24. The arithmetic here is exact as long as two values that are compared
 * lie less than 8.388 s apart.
 */
#ifndef SDWAN_DELAY_STAMP_H
#define SDWAN_DELAY_STAMP_H

#include "sdwan-types.h"

#include <cmath>

namespace weft::sdwan
{

inline constexpr std::uint32_t STAMP_MASK = 0xffffff;
/// Microseconds after which a stamp repeats.
inline constexpr std::int64_t STAMP_PERIOD = 1 << 24;

/// @return the stamp of the instant @p now of the local clock.
constexpr std::uint32_t
StampOf(TimeNs now)
{
    // Floor, not truncation: stamps stay continuous through the epoch of a host whose clock is
    // behind.
    const std::int64_t ns = now.count();
    const std::int64_t us = ns >= 0 ? ns / 1000 : -((-ns + 999) / 1000);
    return static_cast<std::uint32_t>(us & STAMP_MASK);
}

/// @return @p a - @p b in microseconds, in [-2^23, 2^23).
constexpr std::int32_t
StampDifference(std::uint32_t a, std::uint32_t b)
{
    const std::uint32_t d = (a - b) & STAMP_MASK;
    return d & 0x800000 ? static_cast<std::int32_t>(d) - (1 << 24) : static_cast<std::int32_t>(d);
}

/// @return @p us (any real number of microseconds) reduced to [-2^23, 2^23].
inline double
WrapMicroseconds(double us)
{
    return std::remainder(us, static_cast<double>(STAMP_PERIOD));
}

} // namespace weft::sdwan

#endif
