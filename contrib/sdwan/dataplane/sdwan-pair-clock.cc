// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-pair-clock.h"

#include "sdwan-delay-stamp.h"

namespace weft::sdwan
{

std::size_t
PairClock::AddTunnel()
{
    m_tunnels.emplace_back();
    return m_tunnels.size() - 1;
}

void
PairClock::Update(std::size_t slot, double minInUs, double minOutUs, TimeNs now)
{
    m_tunnels[slot] = {true, minInUs, minOutUs, WrapMicroseconds(minInUs + minOutUs), now};
    const Tunnel* best = nullptr;
    for (std::size_t i = 0; i < m_tunnels.size(); ++i)
    {
        const Tunnel& t = m_tunnels[i];
        if (t.known && (!best || t.rttUs < best->rttUs))
        {
            best = &t;
            m_reference = i;
        }
    }
    m_known = true;
    m_offsetUs = WrapMicroseconds(best->minInUs - best->rttUs / 2);
    m_uncertaintyUs = best->rttUs / 2;
}

void
PairClock::Forget(std::size_t slot)
{
    m_tunnels[slot].known = false;
}

double
PairClock::InboundUs(double relativeUs) const
{
    return WrapMicroseconds(relativeUs - m_offsetUs);
}

double
PairClock::OutboundUs(double relativeUs) const
{
    return WrapMicroseconds(relativeUs + m_offsetUs);
}

} // namespace weft::sdwan
