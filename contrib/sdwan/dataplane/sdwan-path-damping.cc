// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-path-damping.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace weft::sdwan
{

namespace
{

void
Require(bool ok, const char* field, double value, const char* rule)
{
    if (!ok)
    {
        throw std::invalid_argument(std::string("path damping: ") + field + " = " +
                                    std::to_string(value) + ": " + rule);
    }
}

double
Seconds(TimeNs t)
{
    return std::chrono::duration<double>(t).count();
}

const PathDampingConfig&
Checked(const PathDampingConfig& c)
{
    Require(c.penaltyPerFlap >= 0, "penaltyPerFlap", c.penaltyPerFlap, "must not be negative");
    Require(c.reuseBelow > 0 && c.reuseBelow < c.suppressAbove,
            "reuseBelow",
            c.reuseBelow,
            "must lie between 0 and suppressAbove");
    Require(c.penaltyHalfLife > TimeNs{0},
            "penaltyHalfLife",
            Seconds(c.penaltyHalfLife),
            "must be positive");
    Require(
        c.maxSuppress >= TimeNs{0}, "maxSuppress", Seconds(c.maxSuppress), "must not be negative");
    return c;
}

} // namespace

PathDamping::PathDamping(const PathDampingConfig& config) : m_config(Checked(config))
{
}

void
PathDamping::Penalise(TimeNs now)
{
    const double halfLife = Seconds(m_config.penaltyHalfLife);
    // Before the first flap m_penaltyAt means nothing: the clock may stand far before its epoch.
    const double decayed =
        m_penalty > 0 ? m_penalty * std::exp2(-Seconds(now - m_penaltyAt) / halfLife) : 0;
    // The ceiling is the penalty that takes maxSuppress to decay to reuseBelow (RFC 2439
    // section 4.2).
    const double ceiling =
        m_config.reuseBelow * std::exp2(Seconds(m_config.maxSuppress) / halfLife);
    m_penalty = std::min(ceiling, decayed + m_config.penaltyPerFlap);
    m_penaltyAt = now;
    m_suppressed = m_suppressed || m_penalty > m_config.suppressAbove;
}

TimeNs
PathDamping::SuppressedUntil(TimeNs now)
{
    if (!m_suppressed)
    {
        return now;
    }
    const double lives = std::log2(std::max(1.0, m_penalty / m_config.reuseBelow));
    const TimeNs until = m_penaltyAt + std::chrono::ceil<TimeNs>(std::chrono::duration<double>(
                                           lives * Seconds(m_config.penaltyHalfLife)));
    m_suppressed = until > now;
    return std::max(until, now);
}

} // namespace weft::sdwan
