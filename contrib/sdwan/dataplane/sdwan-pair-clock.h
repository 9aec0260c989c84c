// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * One-way latency between two Edges whose clocks are not synchronised.
 *
 * With theta = local clock minus peer clock, a datagram's relative delay (receive clock minus send
 * stamp) is
 *
 *     inbound:  r_in  = d_in  + theta        outbound (reported by the peer):  r_out = d_out -
 * theta
 *
 * theta is the same for every tunnel of the peer. Hence (all modulo 2^24 us):
 *  - r_in + r_out is the round-trip time, exactly;
 *  - the difference of two tunnels' r_in (or r_out) is the difference of their one-way delays,
 * exactly: ranking needs no clock at all;
 *  - absolute one-way delay is not observable. It is *estimated* by taking the fastest tunnel to be
 * symmetric: theta = (min r_in - min r_out) / 2 there. The error is half the asymmetry of that
 * tunnel, at most half its round-trip time (Uncertainty()), and it is one and the same for all
 * tunnels of the peer.
 *
 * Skew: theta is taken from windows of a few seconds; 100 ppm moves it by 0.1 ms in a second, alike
 * for all tunnels.
 */
#ifndef SDWAN_PAIR_CLOCK_H
#define SDWAN_PAIR_CLOCK_H

#include "sdwan-types.h"

#include <optional>
#include <vector>

namespace weft::sdwan
{

/// The clock offset shared by all tunnels to one peer. One object per peer, owned by the Edge;
/// outlives its PathMonitors.
class PairClock
{
  public:
    /// Adds a tunnel of this peer. @return its slot
    std::size_t AddTunnel();

    /**
     * Takes a tunnel's window minima of relative delay in both directions, modulo 2^24 us.
     *
     * @param slot from AddTunnel()
     * @param minInUs measured here
     * @param minOutUs reported by the peer
     * @param now instant of the update
     */
    void Update(std::size_t slot, double minInUs, double minOutUs, TimeNs now);

    /// Says that a tunnel's numbers no longer hold (it is down). The offset last known stays until
    /// another tunnel sets it.
    void Forget(std::size_t slot);

    /// Whether an offset is known.
    bool
    Known() const
    {
        return m_known;
    }

    /// Estimated one-way delay towards here, us, of relative delay @p relativeUs measured here.
    /// Needs Known().
    double InboundUs(double relativeUs) const;
    /// Estimated one-way delay towards the peer, us, of relative delay @p relativeUs measured by
    /// the peer. Needs Known().
    double OutboundUs(double relativeUs) const;

    /// Estimated local clock minus peer clock, modulo 2^24 us.
    double
    OffsetUs() const
    {
        return m_offsetUs;
    }

    /// Bound of the error of absolute one-way delays, us: half the round-trip time of the reference
    /// tunnel.
    double
    UncertaintyUs() const
    {
        return m_uncertaintyUs;
    }

    /// Slot of the tunnel the offset is taken from: the one with the smallest round-trip time.
    std::size_t
    Reference() const
    {
        return m_reference;
    }

  private:
    struct Tunnel
    {
        bool known = false;
        double minInUs = 0;
        double minOutUs = 0;
        double rttUs = 0;
        TimeNs at{0};
    };

    std::vector<Tunnel> m_tunnels;
    std::size_t m_reference = 0;
    bool m_known = false;
    double m_offsetUs = 0;
    double m_uncertaintyUs = 0;
};

} // namespace weft::sdwan

#endif
