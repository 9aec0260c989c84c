// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-loss-window.h"

#include <algorithm>

namespace weft::sdwan
{

LossCounts&
LossCounts::operator+=(const LossCounts& o)
{
    received += o.received;
    lost += o.lost;
    runs += o.runs;
    reordered += o.reordered;
    return *this;
}

LossCounts&
LossCounts::operator-=(const LossCounts& o)
{
    received -= o.received;
    lost -= o.lost;
    runs -= o.runs;
    reordered -= o.reordered;
    return *this;
}

RollingCounts::RollingCounts(TimeNs window, std::size_t buckets, TimeNs start)
    : m_width(window / static_cast<std::int64_t>(buckets)), m_bucketEnd(start + m_width),
      m_buckets(buckets)
{
}

void
RollingCounts::Advance(TimeNs now)
{
    if (now < m_bucketEnd)
    {
        return;
    }
    const auto steps = static_cast<std::size_t>((now - m_bucketEnd) / m_width) + 1;
    for (std::size_t i = 0; i < std::min(steps, m_buckets.size()); ++i)
    {
        m_newest = (m_newest + 1) % m_buckets.size();
        m_total -= m_buckets[m_newest];
        m_buckets[m_newest] = {};
    }
    m_bucketEnd += m_width * static_cast<std::int64_t>(steps);
}

void
RollingCounts::Add(const LossCounts& c)
{
    m_buckets[m_newest] += c;
    m_total += c;
}

LossWindow::LossWindow(TimeNs wait, TimeNs instantaneous, TimeNs smoothed, TimeNs start)
    : m_wait(wait), m_instantaneous(instantaneous, 50, start), m_smoothed(smoothed, 60, start)
{
}

void
LossWindow::Restart(std::uint64_t sequence)
{
    m_started = true;
    m_judged = sequence;
    m_next = sequence;
    m_marked = sequence;
    m_lastLost = false;
    m_markCount = 0;
    m_bits.fill(0);
}

void
LossWindow::Skip(std::uint32_t sequence)
{
    if (!m_started || static_cast<std::int32_t>(sequence - static_cast<std::uint32_t>(m_next)) > 0)
    {
        // The extended number starts high enough that nothing before it is negative.
        Restart(m_started ? m_next + (sequence - static_cast<std::uint32_t>(m_next))
                          : (std::uint64_t{1} << 32) + sequence);
    }
}

void
LossWindow::OnReceived(std::uint32_t sequence, TimeNs now)
{
    if (!m_started)
    {
        Restart((std::uint64_t{1} << 32) + sequence);
    }
    const auto ahead = static_cast<std::int32_t>(sequence - static_cast<std::uint32_t>(m_next));
    if (ahead > RESTART || ahead < -RESTART)
    {
        Restart(m_next + (std::uint64_t{1} << 32) + sequence - static_cast<std::uint32_t>(m_next));
    }
    const std::uint64_t s =
        m_next + static_cast<std::uint64_t>(static_cast<std::int64_t>(
                     static_cast<std::int32_t>(sequence - static_cast<std::uint32_t>(m_next))));
    if (s >= m_next)
    {
        if (s - m_judged >= BITS)
        {
            JudgeUpTo(s - BITS + 1);
        }
        m_bits[(s % BITS) / 64] |= std::uint64_t{1} << (s % 64);
        m_next = s + 1;
        AddMark(now);
        return;
    }
    ++m_pending.reordered;
    if (s < m_judged)
    {
        ++m_late;
        return;
    }
    m_bits[(s % BITS) / 64] |= std::uint64_t{1} << (s % 64);
}

void
LossWindow::AddMark(TimeNs now)
{
    if (m_markCount > 0)
    {
        Mark& last = m_marks[(m_firstMark + m_markCount - 1) % MARKS];
        if (now - last.at < m_wait / 8)
        {
            // Numbers passed since that mark wait for the next one, which is made by a packet or by
            // Advance(): none is judged early.
            return;
        }
        if (m_markCount == MARKS)
        {
            JudgeUpTo(m_marks[m_firstMark].next);
            m_firstMark = (m_firstMark + 1) % MARKS;
            --m_markCount;
        }
    }
    m_marks[(m_firstMark + m_markCount) % MARKS] = {now, m_next};
    m_marked = m_next;
    ++m_markCount;
}

void
LossWindow::JudgeUpTo(std::uint64_t next)
{
    // Numbers beyond the highest received have no bit of their own.
    const std::uint64_t within = std::min(next, m_next);
    for (; m_judged < within; ++m_judged)
    {
        std::uint64_t& word = m_bits[(m_judged % BITS) / 64];
        const std::uint64_t bit = std::uint64_t{1} << (m_judged % 64);
        const bool lost = !(word & bit);
        word &= ~bit;
        m_pending.received += !lost;
        m_pending.lost += lost;
        m_pending.runs += lost && !m_lastLost;
        m_lastLost = lost;
    }
    if (m_judged < next)
    {
        m_pending.lost += next - m_judged;
        m_pending.runs += !m_lastLost;
        m_lastLost = true;
        m_judged = next;
    }
}

void
LossWindow::Advance(TimeNs now)
{
    if (m_started && m_next > m_marked)
    {
        AddMark(now);
    }
    while (m_markCount > 0 && now - m_marks[m_firstMark].at >= m_wait)
    {
        JudgeUpTo(m_marks[m_firstMark].next);
        m_firstMark = (m_firstMark + 1) % MARKS;
        --m_markCount;
    }
    m_instantaneous.Advance(now);
    m_smoothed.Advance(now);
    m_instantaneous.Add(m_pending);
    m_smoothed.Add(m_pending);
    m_pending = {};
}

} // namespace weft::sdwan
