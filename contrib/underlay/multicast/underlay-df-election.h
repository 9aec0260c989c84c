// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Election of the Designated Forwarder of every link for every Rendezvous Point: the router whose
 * way to the RP is shortest (RFC 5015 section 3.5).
 *
 * Invariants: at any instant a link has at most one router in state Win or Backoff, but for
 * messages under way; a router whose way to the RP leads over the link itself never offers.
 *
 * Choice where the standard leaves room: such a router stays silent instead of offering an
 * infinite metric, and the forwarder repeats its Winner message for every new neighbour.
 */
#ifndef UNDERLAY_DF_ELECTION_H
#define UNDERLAY_DF_ELECTION_H

#include "underlay-tree-timers.h"

namespace weft::multicast
{

class DfElection
{
  public:
    /// @param timers where the election's timers (TreeTimer::Election) run
    DfElection(RouterContext& context, TreeTimers& timers);

    /// Begins on all ports that are up, for every Rendezvous Point configured.
    void Start(TimeNs now);

    /// @return None, or why the message was dropped
    DropReason OnMessage(PortIndex port,
                         const IpAddress& from,
                         const PimDfElection& message,
                         TimeNs now);
    void OnTimer(const TreeKey& key, TimeNs now);
    void OnNeighbour(const NeighbourEvent& event, TimeNs now);
    void OnPortUp(PortIndex port, bool up, TimeNs now);
    void OnRoutesChanged(TimeNs now);

    /// @return the link's forwarder; none: not known
    IpAddress Forwarder(const IpAddress& rp, PortIndex port) const;
    bool IsForwarder(const IpAddress& rp, PortIndex port) const;

    /// @return whether a forwarder changed since the last call
    bool
    TakeChanged()
    {
        return std::exchange(m_changed, false);
    }

  private:
    enum class State : std::uint8_t
    {
        Offer,
        Lose,
        Win,
        Backoff,
    };

    struct Candidate
    {
        DfMetric metric;
        IpAddress address; ///< the highest decides

        bool
        Beats(const Candidate& other) const
        {
            return metric != other.metric ? metric < other.metric : address > other.address;
        }
    };

    struct Link
    {
        State state = State::Offer;
        unsigned sent = 0;   ///< offers in a row
        Candidate forwarder; ///< address none: unknown
        Candidate best;      ///< Backoff: to whom it will pass
        DfMetric mine;       ///< as last told
    };

    using Key = std::pair<IpAddress, PortIndex>;

    Candidate Mine(const IpAddress& rp, PortIndex port) const;
    void BeginOffer(const Key& key, Link& link, TimeNs delay, TimeNs now);
    void SetForwarder(Link& link, const Candidate& forwarder);
    void Win(const Key& key, Link& link, TimeNs now);
    void Lose(const Key& key, Link& link, const Candidate& winner);
    void Send(const Key& key,
              DfKind kind,
              const Candidate& mine,
              TimeNs now,
              const Candidate& other = {});
    void OnOffer(const Key& key, Link& link, const Candidate& from, TimeNs now);
    void OnClaim(const Key& key, Link& link, const Candidate& winner, TimeNs now);
    void Check(const Key& key, Link& link, TimeNs now);
    TimeNs OfferLow();
    void SetTimer(const Key& key, TimeNs at);

    RouterContext& m_context;
    TreeTimers& m_timers;
    std::map<Key, Link> m_links;
    bool m_changed = false;
};

} // namespace weft::multicast

#endif
