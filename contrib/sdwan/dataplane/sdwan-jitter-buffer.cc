// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-jitter-buffer.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace weft::sdwan
{

namespace
{

constexpr std::uint32_t
Next(std::uint32_t sequence)
{
    return SerialAdd<FLOW_SEQUENCE_BITS>(sequence, 1);
}

} // namespace

JitterBuffer::JitterBuffer(const JitterBufferConfig& config) : m_config(config)
{
    if (config.cap < TimeNs::zero())
    {
        throw std::invalid_argument("jitter buffer cap: must be at least 0");
    }
    if (config.maxPackets < 1 || config.maxPackets > 65536)
    {
        throw std::invalid_argument("jitter buffer maxPackets: " +
                                    std::to_string(config.maxPackets) + "; must be 1..65536");
    }
}

void
JitterBuffer::SetHold(TimeNs hold)
{
    m_hold = std::clamp(hold, TimeNs::zero(), m_config.cap);
}

void
JitterBuffer::Reset()
{
    ++m_counters.restarts;
    m_started = false;
    m_draining = m_depth > 0;
}

void
JitterBuffer::StepPast(std::uint32_t sequence)
{
    m_next = Next(sequence);
    if (!Active())
    {
        m_floor = m_next;
    }
    else if (((m_next - m_floor) & SERIAL_MASK<FLOW_SEQUENCE_BITS>) > RESTART_DISTANCE)
    {
        m_floor = SerialAdd<FLOW_SEQUENCE_BITS>(m_next, -RESTART_DISTANCE);
    }
}

JitterBuffer::Verdict
JitterBuffer::OnPacket(std::uint32_t sequence, ByteView bytes, TimeNs now)
{
    ++m_counters.received;
    if (m_started && SerialDistance<FLOW_SEQUENCE_BITS>(m_next, sequence) < -RESTART_DISTANCE)
    {
        Reset();
    }
    if (!m_started)
    {
        m_started = true;
        // A flow starts at 0: a low first number means that others were overtaken and are worth
        // waiting for.
        m_next = Active() && sequence <= m_config.maxPackets ? 0 : sequence;
        m_floor = Active() ? SerialAdd<FLOW_SEQUENCE_BITS>(m_next, -RESTART_DISTANCE) : m_next;
    }
    const std::int32_t ahead = SerialDistance<FLOW_SEQUENCE_BITS>(m_next, sequence);
    if (ahead < 0)
    {
        if (Active() && !SerialBefore<FLOW_SEQUENCE_BITS>(sequence, m_floor))
        {
            ++m_counters.late;
            return Verdict::Late;
        }
        ++m_counters.reordered;
        ++m_counters.delivered;
        return Verdict::Deliver;
    }
    if (ahead > 0 && Active())
    {
        return Keep(sequence, bytes, now);
    }
    m_counters.reordered += m_first != NIL && !m_draining ? 1 : 0;
    ++m_counters.delivered;
    StepPast(sequence);
    return Verdict::Deliver;
}

JitterBuffer::Verdict
JitterBuffer::Keep(std::uint32_t sequence, ByteView bytes, TimeNs now)
{
    std::uint32_t before = m_last;
    while (before != NIL && SerialBefore<FLOW_SEQUENCE_BITS>(sequence, m_slots[before].sequence))
    {
        before = m_slots[before].before;
    }
    if (before != NIL && m_slots[before].sequence == sequence)
    {
        ++m_counters.duplicates;
        return Verdict::Duplicate;
    }
    std::uint32_t slot = m_free;
    if (slot == NIL)
    {
        slot = static_cast<std::uint32_t>(m_slots.size());
        m_slots.emplace_back();
    }
    else
    {
        m_free = m_slots[slot].before;
    }
    const std::uint32_t after = before == NIL ? m_first : m_slots[before].after;
    Slot& entry = m_slots[slot];
    entry.sequence = sequence;
    entry.arrived = now;
    entry.bytes.assign(bytes.begin(), bytes.end());
    entry.before = before;
    entry.after = after;
    entry.older = m_youngest;
    entry.younger = NIL;
    (before == NIL ? m_first : m_slots[before].after) = slot;
    (after == NIL ? m_last : m_slots[after].before) = slot;
    (m_youngest == NIL ? m_oldest : m_slots[m_youngest].younger) = slot;
    m_youngest = slot;
    ++m_depth;
    ++m_counters.held;
    m_counters.reordered += after != NIL ? 1 : 0;
    m_counters.maxDepth = std::max(m_counters.maxDepth, std::min(m_depth, m_config.maxPackets));
    return Verdict::Held;
}

/// Takes a slot out of both lists. @return the slot
std::uint32_t
JitterBuffer::Unlink(std::uint32_t slot)
{
    const Slot& entry = m_slots[slot];
    (entry.before == NIL ? m_first : m_slots[entry.before].after) = entry.after;
    (entry.after == NIL ? m_last : m_slots[entry.after].before) = entry.before;
    (entry.older == NIL ? m_oldest : m_slots[entry.older].younger) = entry.younger;
    (entry.younger == NIL ? m_youngest : m_slots[entry.younger].older) = entry.older;
    --m_depth;
    return slot;
}

/// Whether the first packet may leave; by time or by number, if its place has not come yet.
bool
JitterBuffer::MayLeave(TimeNs now) const
{
    return m_first != NIL &&
           (m_draining || !Active() || m_slots[m_first].sequence == m_next ||
            m_depth > m_config.maxPackets || now - m_slots[m_oldest].arrived >= m_hold);
}

bool
JitterBuffer::PollRelease(TimeNs now, Released& released)
{
    if (m_released != NIL)
    {
        m_slots[m_released].before = m_free;
        m_free = m_released;
        m_released = NIL;
    }
    if (!MayLeave(now))
    {
        return false;
    }
    const bool overflow = m_depth > m_config.maxPackets;
    m_released = Unlink(m_first);
    const Slot& entry = m_slots[m_released];
    if (!m_draining)
    {
        const std::int32_t gap = SerialDistance<FLOW_SEQUENCE_BITS>(m_next, entry.sequence);
        if (gap > 0)
        {
            ++m_counters.gaps;
            m_counters.missing += static_cast<std::uint64_t>(gap);
            m_counters.overflows += overflow ? 1 : 0;
        }
        if (gap >= 0)
        {
            StepPast(entry.sequence);
        }
    }
    m_draining = m_draining && m_depth > 0;
    const TimeNs waited = now - entry.arrived;
    m_counters.addedDelay += waited;
    m_counters.maxAddedDelay = std::max(m_counters.maxAddedDelay, waited);
    ++m_counters.delivered;
    released = {entry.sequence, entry.bytes, entry.arrived};
    return true;
}

TimeNs
JitterBuffer::NextDeadline() const
{
    if (m_first == NIL)
    {
        return NEVER;
    }
    const TimeNs arrived = m_slots[m_oldest].arrived;
    return MayLeave(arrived) ? arrived : arrived + m_hold;
}

} // namespace weft::sdwan
