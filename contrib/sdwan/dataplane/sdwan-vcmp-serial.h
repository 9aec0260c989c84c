// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Serial-number arithmetic (RFC 1982) for the 24- and 32-bit counters of VCMP, and their
 * unwrapping.
 *
 * Invariant: values of a BITS-wide counter are kept masked to BITS bits. Two values are comparable
 * when they are less than half the space apart; exactly half apart, the later-named one counts as
 * older (RFC 1982 leaves it undefined).
 */
#ifndef SDWAN_VCMP_SERIAL_H
#define SDWAN_VCMP_SERIAL_H

#include "sdwan-types.h"

namespace weft::sdwan
{

/// All ones in the lowest BITS bits: the largest value of a BITS-wide counter.
template <unsigned BITS>
inline constexpr std::uint32_t SERIAL_MASK = BITS == 32 ? 0xffffffffU : (1U << BITS) - 1;

/// @return @p value advanced by @p steps (negative: backwards), modulo 2^BITS.
template <unsigned BITS>
constexpr std::uint32_t
SerialAdd(std::uint32_t value, std::int64_t steps)
{
    return static_cast<std::uint32_t>(value + static_cast<std::uint64_t>(steps)) &
           SERIAL_MASK<BITS>;
}

/// @return the signed number of steps from @p from to @p to, in [-2^(BITS-1), 2^(BITS-1)).
template <unsigned BITS>
constexpr std::int32_t
SerialDistance(std::uint32_t from, std::uint32_t to)
{
    static_assert(BITS >= 2 && BITS <= 32);
    return static_cast<std::int32_t>((to - from) << (32 - BITS)) >> (32 - BITS);
}

/// @return whether @p a comes before @p b.
template <unsigned BITS>
constexpr bool
SerialBefore(std::uint32_t a, std::uint32_t b)
{
    return SerialDistance<BITS>(a, b) > 0;
}

/// @return the integer congruent to @p value modulo 2^BITS that is nearest to @p reference.
template <unsigned BITS>
constexpr std::int64_t
UnwrapNear(std::uint32_t value, std::int64_t reference)
{
    const auto low =
        static_cast<std::uint32_t>(static_cast<std::uint64_t>(reference)) & SERIAL_MASK<BITS>;
    return reference + SerialDistance<BITS>(low, value & SERIAL_MASK<BITS>);
}

/// Turns a wrapping counter into one that runs on: each value is taken as the one nearest to the
/// furthest so far.
template <unsigned BITS>
class SerialUnwrapper
{
  public:
    /// @return the unwrapped value; the first one stands for itself. Jumps of half the space or
    /// more are misread.
    std::int64_t
    Unwrap(std::uint32_t value)
    {
        if (!m_started)
        {
            m_started = true;
            m_furthest = value & SERIAL_MASK<BITS>;
            return m_furthest;
        }
        const std::int64_t unwrapped = UnwrapNear<BITS>(value, m_furthest);
        m_furthest = unwrapped > m_furthest ? unwrapped : m_furthest;
        return unwrapped;
    }

  private:
    std::int64_t m_furthest = 0;
    bool m_started = false;
};

/// Width of the VCMP timestamp; it counts microseconds and so wraps every 16.777216 s.
inline constexpr unsigned TIMESTAMP_BITS = 24;

/// @return the wire timestamp of @p now: whole microseconds modulo 2^24.
constexpr std::uint32_t
ToTimestamp(TimeNs now)
{
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(now.count() / 1000)) &
           SERIAL_MASK<TIMESTAMP_BITS>;
}

/**
 * Unwraps a peer's timestamp against the local clock.
 *
 * @param timestamp the 24 bits from the wire
 * @param now the local clock at reception
 * @return the instant congruent to the timestamp that is nearest to @p now, a multiple of 1 us.
 * `now - result` is the transit time plus the offset between the two clocks, modulo 16.777216 s, in
 * +-8.388608 s: right as it stands for clocks that agree to a few seconds, and for any offset a
 * value whose differences are right.
 */
constexpr TimeNs
FromTimestamp(std::uint32_t timestamp, TimeNs now)
{
    return TimeNs{UnwrapNear<TIMESTAMP_BITS>(timestamp, now.count() / 1000) * 1000};
}

} // namespace weft::sdwan

#endif
