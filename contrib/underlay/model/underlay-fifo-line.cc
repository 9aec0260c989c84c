// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-fifo-line.h"

#include "ns3/nstime.h"

namespace ns3
{
namespace underlay
{

namespace
{
/// Sizes above this are computed each time.
constexpr uint32_t REMEMBERED_SIZES = 10000;
} // namespace

void
FifoLine::SetRate(DataRate rate)
{
    m_rate = rate;
    m_txTimes.clear();
}

void
FifoLine::Flush(int64_t now)
{
    m_waiting.Clear();
    m_waitingBytes = 0;
    m_freeAt = now;
}

int64_t
FifoLine::ComputeTxTime(uint32_t bytes)
{
    const int64_t time = m_rate.CalculateBytesTxTime(bytes).GetNanoSeconds();
    if (bytes < REMEMBERED_SIZES)
    {
        if (bytes >= m_txTimes.size())
        {
            m_txTimes.resize(bytes + 1, -1);
        }
        m_txTimes[bytes] = time;
    }
    return time;
}

} // namespace underlay
} // namespace ns3
