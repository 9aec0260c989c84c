// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-fifo-line.h"

#include "ns3/nstime.h"

namespace ns3
{
namespace underlay
{

void
FifoLine::SetRate(DataRate rate)
{
    m_rate = rate;
    m_txTimes.fill({});
}

void
FifoLine::Flush(int64_t now)
{
    m_waiting.Clear();
    m_waitingBytes = 0;
    m_freeAt = now;
}

int64_t
FifoLine::ComputeTxTime(uint32_t bytes) const
{
    return m_rate.CalculateBytesTxTime(bytes).GetNanoSeconds();
}

} // namespace underlay
} // namespace ns3
