// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-gilbert-elliott.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace weft::underlay
{

GilbertElliott::GilbertElliott(const RandomStream& stream, double loss, TimeNs badPeriod)
    : m_stream(stream), m_loss(loss), m_badPeriod(badPeriod)
{
    if (!(loss >= 0 && loss <= 1))
    {
        throw std::invalid_argument("loss: " + std::to_string(loss) + " is not within 0 and 1");
    }
    if (badPeriod < TimeNs{0})
    {
        throw std::invalid_argument("bad period: " + std::to_string(badPeriod.count()) +
                                    " ns is negative");
    }
    if (loss == 0 || loss == 1)
    {
        m_kind = Kind::Constant;
        return;
    }
    if (badPeriod == TimeNs{0})
    {
        m_kind = Kind::Independent;
        return;
    }
    m_kind = Kind::Chain;
    m_goodMeanNs = static_cast<double>(badPeriod.count()) * (1 - loss) / loss;
    m_firstBad = m_stream.Uniform(0) < loss;
    m_checkpoints.reserve(64);
    m_checkpoints.push_back(TimeNs{0});
    EnterPeriod(0, TimeNs{0});
}

TimeNs
GilbertElliott::PeriodEnd(TimeNs t)
{
    if (m_kind != Kind::Chain)
    {
        return FOREVER;
    }
    IsLost(t);
    return m_end;
}

void
GilbertElliott::EnterPeriod(std::uint64_t index, TimeNs start)
{
    m_index = index;
    m_start = start;
    m_bad = m_firstBad == (index % 2 == 0);
    const double mean = m_bad ? static_cast<double>(m_badPeriod.count()) : m_goodMeanNs;
    // The first period counts from time 0: what is left of an exponential period is exponential
    // again. A period is at least 1 ns long, and one that would run past the end of time lasts
    // forever.
    const double length = std::max(1.0, std::round(m_stream.Exponential(index + 1) * mean));
    const double room = static_cast<double>((FOREVER - start).count());
    m_end = length < 0.5 * room ? start + TimeNs{static_cast<TimeNs::rep>(length)} : FOREVER;
}

void
GilbertElliott::Seek(TimeNs t)
{
    t = std::max(t, TimeNs{0});
    if (t < m_start)
    {
        const auto after = std::upper_bound(m_checkpoints.begin(), m_checkpoints.end(), t);
        const auto checkpoint = static_cast<std::uint64_t>(after - m_checkpoints.begin()) - 1;
        EnterPeriod(checkpoint * CHECKPOINT_PERIODS, m_checkpoints[checkpoint]);
    }
    while (t >= m_end)
    {
        if (m_end == FOREVER)
        {
            return;
        }
        EnterPeriod(m_index + 1, m_end);
        if (m_index == m_checkpoints.size() * CHECKPOINT_PERIODS)
        {
            m_checkpoints.push_back(m_start);
        }
    }
}

} // namespace weft::underlay
