// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-fec-unit.h"
#include "sdwan-fec.h"

#include <stdexcept>
#include <string>

namespace weft::sdwan
{

FecEncoder::FecEncoder(const FecConfig& config) : m_config(config)
{
    if (config.data < 1 || config.data > FEC_MAX_MEMBERS)
    {
        throw std::invalid_argument("fec data: " + std::to_string(config.data) + "; must be 1..64");
    }
    if (config.depth < 1 || config.depth > FEC_MAX_DEPTH)
    {
        throw std::invalid_argument("fec depth: " + std::to_string(config.depth) +
                                    "; must be 1..32");
    }
    if (config.flush <= TimeNs::zero())
    {
        throw std::invalid_argument("fec flush: must be above 0");
    }
    m_columns.resize(2 * config.depth);
}

std::uint32_t
FecEncoder::SequenceOf(const VcmpHeader& header) const
{
    return m_config.grouping == FecGrouping::Flow ? header.flowSequence : header.sequence;
}

void
FecEncoder::Feed(const VcmpHeader& header, ByteView payload, TimeNs now)
{
    const std::uint32_t sequence = SequenceOf(header);
    const std::uint32_t mask = m_config.grouping == FecGrouping::Flow
                                   ? SERIAL_MASK<FLOW_SEQUENCE_BITS>
                                   : SERIAL_MASK<TUNNEL_SEQUENCE_BITS>;
    {
        const Column& column = m_columns[m_open + m_column];
        if (column.members > 0 && ((sequence - column.base) & mask) > 0xffff)
        {
            Flush(); // an offset would not fit its two bytes
        }
    }
    if (m_count == 0)
    {
        m_deadline = now + m_config.flush;
        m_template = header;
        m_template.flags = vcmp::PARITY;
        if (m_config.grouping == FecGrouping::Flow)
        {
            m_template.flags |= vcmp::FEC_BY_FLOW;
        }
        else
        {
            m_template.flow = 0;
            m_template.segment = 0;
        }
    }
    Column& column = m_columns[m_open + m_column];
    if (column.members == 0)
    {
        column.base = sequence;
        fec::MakeUnit(header, payload, column.sum);
    }
    else
    {
        fec::AddUnit(header, payload, column.sum);
    }
    column.offsets[column.members++] = static_cast<std::uint16_t>(sequence - column.base);
    ++m_counters.members;
    ++m_count;
    m_column = m_column + 1 == m_config.depth ? 0 : m_column + 1;
    if (m_count == m_config.data * m_config.depth)
    {
        Flush();
    }
}

void
FecEncoder::Flush()
{
    if (m_count == 0)
    {
        return;
    }
    m_ready = m_count < m_config.depth ? m_count : m_config.depth;
    m_nextReady = m_open;
    m_open = m_open == 0 ? m_config.depth : 0;
    m_column = 0;
    m_count = 0;
    m_deadline = NEVER;
    for (std::size_t i = 0; i < m_config.depth; ++i)
    {
        m_columns[m_open + i].members = 0;
    }
}

bool
FecEncoder::PollParity(TimeNs now, VcmpHeader& header, Bytes& payload)
{
    if (m_ready == 0 && now >= m_deadline)
    {
        Flush();
    }
    if (m_ready == 0)
    {
        return false;
    }
    const Column& column = m_columns[m_nextReady++];
    --m_ready;
    header = m_template;
    header.flowSequence =
        m_config.grouping == FecGrouping::Flow ? column.base & SERIAL_MASK<FLOW_SEQUENCE_BITS> : 0;
    const std::size_t start = payload.size();
    payload.resize(start + 6 + 2 * (column.members - 1) + column.sum.size());
    std::uint8_t* out = payload.data() + start;
    *out++ = static_cast<std::uint8_t>(m_config.grouping);
    *out++ = static_cast<std::uint8_t>(column.members);
    out = fec::Put(out, column.base, 4);
    for (std::size_t i = 1; i < column.members; ++i)
    {
        out = fec::Put(out, column.offsets[i], 2);
    }
    std::copy(column.sum.begin(), column.sum.end(), out);
    ++m_counters.sent;
    m_counters.flushed += column.members < m_config.data ? 1 : 0;
    m_counters.bytes += payload.size() - start;
    return true;
}

TimeNs
FecEncoder::NextDeadline() const
{
    return m_ready > 0 ? TimeNs::min() : m_deadline;
}

} // namespace weft::sdwan
