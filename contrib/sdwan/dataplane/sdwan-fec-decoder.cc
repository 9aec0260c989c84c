// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-fec-unit.h"
#include "sdwan-fec.h"

#include <bit>
#include <stdexcept>
#include <string>

namespace weft::sdwan
{

FecDecoder::FecDecoder(const FecDecoderConfig& config) : m_config(config)
{
    if (config.units < 64 || config.units > 32768)
    {
        throw std::invalid_argument("fec decoder units: " + std::to_string(config.units) +
                                    "; must be 64..32768");
    }
    if (config.pending < 2 || config.pending > 1024)
    {
        throw std::invalid_argument("fec decoder pending: " + std::to_string(config.pending) +
                                    "; must be 2..1024");
    }
    if (config.patience <= TimeNs::zero())
    {
        throw std::invalid_argument("fec decoder patience: must be above 0");
    }
}

void
FecDecoder::Allocate()
{
    m_units.resize(m_config.units);
    const std::size_t cells = std::bit_ceil(4 * m_config.units);
    m_index.resize(cells);
    m_indexShift = 32 - static_cast<unsigned>(std::countr_zero(cells));
    m_pool.resize(m_config.pending + 1); // one more: the parity that is being looked at
    m_free.reserve(m_pool.size());
    for (std::uint32_t i = 0; i < m_pool.size(); ++i)
    {
        m_free.push_back(i);
    }
    m_waiting.reserve(m_pool.size());
    m_ready.reserve(m_pool.size());
}

std::uint32_t
FecDecoder::Mask() const
{
    return m_config.grouping == FecGrouping::Flow ? SERIAL_MASK<FLOW_SEQUENCE_BITS>
                                                  : SERIAL_MASK<TUNNEL_SEQUENCE_BITS>;
}

std::uint32_t
FecDecoder::SequenceOf(const VcmpHeader& header) const
{
    return m_config.grouping == FecGrouping::Flow ? header.flowSequence : header.sequence;
}

std::size_t
FecDecoder::IndexOf(std::uint32_t sequence) const
{
    return (sequence * 0x9e3779b1U) >> m_indexShift;
}

FecDecoder::Unit*
FecDecoder::Find(std::uint32_t sequence)
{
    const std::size_t mask = m_index.size() - 1;
    for (std::size_t i = IndexOf(sequence); m_index[i] != 0; i = (i + 1) & mask)
    {
        Unit& unit = m_units[m_index[i] - 1U];
        if (unit.sequence == sequence)
        {
            return &unit;
        }
    }
    return nullptr;
}

/// Gives the oldest slot to a sequence that is not there yet.
std::uint32_t
FecDecoder::Store(std::uint32_t sequence)
{
    const std::uint32_t slot = m_nextUnit;
    m_nextUnit = slot + 1 == m_units.size() ? 0 : slot + 1;
    Unit& unit = m_units[slot];
    if (unit.used)
    {
        IndexErase(unit.sequence);
        m_evicted = true;
        m_lastEvicted = unit.sequence;
    }
    unit.used = true;
    unit.rebuilt = false;
    unit.sequence = sequence;
    const std::size_t mask = m_index.size() - 1;
    std::size_t i = IndexOf(sequence);
    while (m_index[i] != 0)
    {
        i = (i + 1) & mask;
    }
    m_index[i] = static_cast<std::uint16_t>(slot + 1);
    return slot;
}

/// Removes by shifting back what follows in the run (Knuth 6.4, algorithm R): no tombstones, so no
/// clean-up ever.
void
FecDecoder::IndexErase(std::uint32_t sequence)
{
    const std::size_t mask = m_index.size() - 1;
    std::size_t hole = IndexOf(sequence);
    while (m_units[m_index[hole] - 1U].sequence != sequence)
    {
        hole = (hole + 1) & mask;
    }
    for (std::size_t i = (hole + 1) & mask; m_index[i] != 0; i = (i + 1) & mask)
    {
        const std::size_t home = IndexOf(m_units[m_index[i] - 1U].sequence);
        if (((i - home) & mask) >= ((i - hole) & mask))
        {
            m_index[hole] = m_index[i];
            hole = i;
        }
    }
    m_index[hole] = 0;
}

/// Whether the sequence lies so close behind the last one evicted that it may have come and gone.
bool
FecDecoder::Forgotten(std::uint32_t sequence) const
{
    return m_evicted && ((m_lastEvicted - sequence) & Mask()) < 0x20000;
}

void
FecDecoder::OnData(const VcmpHeader& header, ByteView payload, TimeNs now)
{
    if (m_units.empty())
    {
        Allocate();
    }
    Expire(now);
    const std::uint32_t sequence = SequenceOf(header);
    if (Unit* known = Find(sequence))
    {
        m_counters.lateOriginals += known->rebuilt ? 1 : 0;
        known->rebuilt = false;
        return;
    }
    ++m_counters.members;
    const std::uint32_t slot = Store(sequence);
    fec::MakeUnit(header, payload, m_units[slot].bytes);
    if (!m_waiting.empty())
    {
        Absorb(slot);
    }
}

bool
FecDecoder::Parse(const VcmpHeader& header, ByteView payload, Pending& parity)
{
    const bool byFlow = m_config.grouping == FecGrouping::Flow;
    if (payload.size() < 6 + FEC_UNIT_PREFIX || header.Has(vcmp::FEC_BY_FLOW) != byFlow ||
        payload[0] != static_cast<std::uint8_t>(m_config.grouping))
    {
        return false;
    }
    const std::size_t members = payload[1];
    const std::uint32_t base = fec::Get(payload.data() + 2, 4);
    if (members < 1 || members > FEC_MAX_MEMBERS || (base & Mask()) != base ||
        payload.size() < FecParityOverhead(members))
    {
        return false;
    }
    const std::uint8_t* at = payload.data() + 6;
    const ByteView sum = payload.subspan(6 + 2 * (members - 1));
    parity.base = base;
    parity.missing = 0;
    parity.sum.resize(sum.size());
    std::array<const std::uint8_t*, FEC_MAX_MEMBERS + 1> present;
    std::array<std::size_t, FEC_MAX_MEMBERS + 1> sizes;
    present[0] = sum.data();
    std::size_t count = 1;
    std::size_t common = sum.size();
    std::uint32_t last = 0;
    for (std::size_t i = 0; i < members; ++i)
    {
        const std::uint32_t offset = i == 0 ? 0 : fec::Get(at + 2 * (i - 1), 2);
        if (i > 0 && offset <= last)
        {
            return false;
        }
        last = offset;
        const Unit* unit = Find((base + offset) & Mask());
        if (unit == nullptr)
        {
            parity.offsets[parity.missing++] = static_cast<std::uint16_t>(offset);
            continue;
        }
        if (unit->bytes.size() > sum.size())
        {
            return false;
        }
        present[count] = unit->bytes.data();
        sizes[count++] = unit->bytes.size();
        common = std::min(common, unit->bytes.size());
    }
    // All that the units have in common in one pass, then what the longer ones have beyond.
    XorAll(parity.sum.data(), present.data(), count, common);
    std::copy(sum.begin() + static_cast<std::ptrdiff_t>(common),
              sum.end(),
              parity.sum.begin() + static_cast<std::ptrdiff_t>(common));
    for (std::size_t i = 1; i < count; ++i)
    {
        XorInto(parity.sum.data() + common, present[i] + common, sizes[i] - common);
    }
    return true;
}

DropReason
FecDecoder::OnParity(const VcmpHeader& header, ByteView payload, TimeNs now)
{
    if (m_units.empty())
    {
        Allocate();
    }
    Expire(now);
    ++m_counters.received;
    const std::uint32_t slot = m_free.back();
    Pending& parity = m_pool[slot];
    if (!Parse(header, payload, parity))
    {
        ++m_counters.malformed;
        return DropReason::BadParity;
    }
    if (parity.missing == 0)
    {
        ++m_counters.wasted;
        return DropReason::None;
    }
    for (std::size_t i = 0; i < parity.missing; ++i)
    {
        if (Forgotten((parity.base + parity.offsets[i]) & Mask()))
        {
            ++m_counters.late;
            return DropReason::None;
        }
    }
    if (parity.missing == 1)
    {
        return Rebuild(parity) ? DropReason::None : DropReason::BadParity;
    }
    if (m_waiting.size() == m_config.pending)
    {
        ++m_counters.unrecoverable;
        Settle(m_waiting.front());
    }
    parity.arrived = now;
    m_free.pop_back();
    m_waiting.push_back(slot);
    return DropReason::None;
}

/// Tells the waiting parities of a unit that has come; of those it completes, the rebuilt units in
/// turn.
void
FecDecoder::Absorb(std::uint32_t slot)
{
    const Unit& unit = m_units[slot];
    for (std::size_t w = 0; w < m_waiting.size();)
    {
        const std::uint32_t index = m_waiting[w];
        Pending& parity = m_pool[index];
        const std::uint32_t offset = (unit.sequence - parity.base) & Mask();
        const auto end = parity.offsets.begin() + static_cast<std::ptrdiff_t>(parity.missing);
        const auto found = offset > 0xffff ? end : std::find(parity.offsets.begin(), end, offset);
        if (found == end)
        {
            ++w;
            continue;
        }
        if (unit.bytes.size() > parity.sum.size())
        {
            ++m_counters.malformed;
            Settle(index);
            continue;
        }
        XorInto(parity.sum.data(), unit.bytes.data(), unit.bytes.size());
        std::copy(found + 1, end, found);
        if (--parity.missing == 1)
        {
            Settle(index);
            Rebuild(parity); // may call Absorb(); the list then differs, so look at it afresh
            w = 0;
            continue;
        }
        ++w;
    }
}

/// Takes a parity off the list of those that wait.
void
FecDecoder::Settle(std::uint32_t slot)
{
    m_waiting.erase(std::find(m_waiting.begin(), m_waiting.end(), slot));
    m_free.push_back(slot);
}

bool
FecDecoder::Rebuild(const Pending& parity)
{
    const std::uint32_t sequence = (parity.base + parity.offsets[0]) & Mask();
    VcmpHeader header;
    std::size_t length = 0;
    if (!fec::ReadUnit(parity.sum, header, length) ||
        (m_config.grouping == FecGrouping::Flow && header.flowSequence != sequence))
    {
        ++m_counters.malformed;
        return false;
    }
    if (Find(sequence) != nullptr) // another parity was quicker
    {
        ++m_counters.wasted;
        return true;
    }
    ++m_counters.used;
    const std::uint32_t slot = Store(sequence);
    Unit& unit = m_units[slot];
    unit.rebuilt = true;
    unit.bytes.resize(FEC_UNIT_PREFIX + length);
    std::copy_n(parity.sum.begin(), unit.bytes.size(), unit.bytes.begin());
    if (m_readyHead == m_ready.size())
    {
        m_ready.clear();
        m_readyHead = 0;
    }
    m_ready.push_back({slot, sequence});
    if (!m_waiting.empty())
    {
        Absorb(slot);
    }
    return true;
}

bool
FecDecoder::PollRebuilt(VcmpHeader& header, ByteView& payload)
{
    while (m_readyHead < m_ready.size())
    {
        const Ready ready = m_ready[m_readyHead++];
        const Unit& unit = m_units[ready.slot];
        if (!unit.used || unit.sequence != ready.sequence)
        {
            continue;
        }
        std::size_t length = 0;
        fec::ReadUnit(unit.bytes, header, length);
        header.sequence = m_config.grouping == FecGrouping::Flow ? 0 : ready.sequence;
        payload = ByteView(unit.bytes).subspan(FEC_UNIT_PREFIX);
        return true;
    }
    return false;
}

void
FecDecoder::Expire(TimeNs now)
{
    while (!m_waiting.empty() && now - m_pool[m_waiting.front()].arrived >= m_config.patience)
    {
        ++m_counters.unrecoverable;
        Settle(m_waiting.front());
    }
}

} // namespace weft::sdwan
