// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-df-election.h"

#include <set>

namespace weft::multicast
{

DfElection::DfElection(RouterContext& context, TreeTimers& timers)
    : m_context(context), m_timers(timers)
{
}

void
DfElection::Start(TimeNs now)
{
    for (std::size_t i = 0; i < m_context.up.size(); ++i)
    {
        if (m_context.up[i])
        {
            OnPortUp(static_cast<PortIndex>(i), true, now);
        }
    }
}

void
DfElection::OnPortUp(PortIndex port, bool up, TimeNs now)
{
    for (const RpMapping& mapping : m_context.config.rps)
    {
        const Key key{mapping.rp, port};
        if (!up)
        {
            m_changed = m_links.erase(key) > 0 || m_changed;
            SetTimer(key, NEVER);
        }
        else if (!m_links.contains(key))
        {
            BeginOffer(key, m_links[key], OfferLow(), now);
        }
    }
}

// OPlow: a random part of Offer_Period, so that routers do not all speak at once.
TimeNs
DfElection::OfferLow()
{
    const TimeNs period = m_context.config.pim.dfOffer;
    return m_context.draws.Uniform(period / 2, period);
}

void
DfElection::SetTimer(const Key& key, TimeNs at)
{
    m_timers.Set({TreeTimer::Election, key.second, key.first, {}}, at);
}

DfElection::Candidate
DfElection::Mine(const IpAddress& rp, PortIndex port) const
{
    const Rpf rpf = m_context.RpfTo(rp);
    Candidate mine{{}, m_context.Address(port)};
    if (rpf.local)
    {
        mine.metric = {0, 0};
    }
    else if (rpf.port != NO_PORT && rpf.port != port)
    {
        mine.metric = {rpf.preference, rpf.metric};
    }
    return mine;
}

void
DfElection::BeginOffer(const Key& key, Link& link, TimeNs delay, TimeNs now)
{
    link.state = State::Offer;
    link.sent = 0;
    link.mine = Mine(key.first, key.second).metric;
    const bool candidate = link.mine != DfMetric{};
    SetTimer(key, candidate ? now + delay : NEVER);
}

void
DfElection::SetForwarder(Link& link, const Candidate& forwarder)
{
    m_changed = m_changed || link.forwarder.address != forwarder.address;
    link.forwarder = forwarder;
}

void
DfElection::Win(const Key& key, Link& link, TimeNs now)
{
    const Candidate mine = Mine(key.first, key.second);
    link.state = State::Win;
    link.mine = mine.metric;
    SetTimer(key, NEVER);
    SetForwarder(link, mine);
    Send(key, DfKind::Winner, mine, now);
}

void
DfElection::Lose(const Key& key, Link& link, const Candidate& winner)
{
    link.state = State::Lose;
    SetTimer(key, NEVER);
    SetForwarder(link, winner);
}

void
DfElection::Send(
    const Key& key, DfKind kind, const Candidate& mine, TimeNs now, const Candidate& other)
{
    PimDfElection message;
    message.kind = kind;
    message.rp = key.first;
    message.sender = mine.metric;
    message.other = other.address;
    message.otherMetric = other.metric;
    message.interval = static_cast<std::uint16_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(m_context.config.pim.dfBackoff)
            .count());
    m_context.SendLink(key.second, message, now);
}

DropReason
DfElection::OnMessage(PortIndex port,
                      const IpAddress& from,
                      const PimDfElection& message,
                      TimeNs now)
{
    const Key key{message.rp, port};
    const auto it = m_links.find(key);
    if (it == m_links.end())
    {
        return DropReason::WrongRp;
    }
    Link& link = it->second;
    const Candidate sender{message.sender, from};
    const Candidate other{message.otherMetric, message.other};
    switch (message.kind)
    {
    case DfKind::Offer:
        OnOffer(key, link, sender, now);
        break;
    case DfKind::Winner:
        OnClaim(key, link, sender, now);
        break;
    case DfKind::Pass:
        if (other.address == m_context.Address(port))
        {
            Win(key, link, now);
        }
        else
        {
            OnClaim(key, link, other, now);
        }
        break;
    case DfKind::Backoff:
        if (link.state == State::Win || link.state == State::Backoff)
        {
            OnClaim(key, link, sender, now); // somebody else believes to be the forwarder
        }
        else if (link.state == State::Offer)
        {
            // The forwarder gives way after the interval; offers are pointless until then.
            SetForwarder(link, sender);
            BeginOffer(key, link, std::chrono::milliseconds(message.interval) + OfferLow(), now);
        }
        break;
    }
    return DropReason::None;
}

void
DfElection::OnOffer(const Key& key, Link& link, const Candidate& from, TimeNs now)
{
    const Candidate mine = Mine(key.first, key.second);
    const bool better = from.Beats(mine);
    switch (link.state)
    {
    case State::Offer:
        BeginOffer(key,
                   link,
                   better ? m_context.config.pim.dfOffer * m_context.config.pim.dfRobustness
                          : OfferLow(),
                   now);
        break;
    case State::Lose:
        if (from.address == link.forwarder.address)
        {
            SetForwarder(link, {}); // it has forgotten that it won
        }
        if (!better)
        {
            BeginOffer(key, link, OfferLow(), now);
        }
        break;
    case State::Win:
    case State::Backoff:
        if (!better)
        {
            Send(key, DfKind::Winner, mine, now);
            break;
        }
        if (link.state == State::Win || from.Beats(link.best))
        {
            link.best = from;
        }
        link.state = State::Backoff;
        Send(key, DfKind::Backoff, mine, now, link.best);
        SetTimer(key, now + m_context.config.pim.dfBackoff);
        break;
    }
}

// Somebody is, or was made, the forwarder.
void
DfElection::OnClaim(const Key& key, Link& link, const Candidate& winner, TimeNs now)
{
    const Candidate mine = Mine(key.first, key.second);
    if (winner.Beats(mine))
    {
        Lose(key, link, winner);
    }
    else if (link.state == State::Win || link.state == State::Backoff)
    {
        Win(key, link, now); // say so again
    }
    else
    {
        SetForwarder(link, winner.metric == DfMetric{} ? Candidate{} : winner);
        BeginOffer(key, link, OfferLow(), now);
    }
}

void
DfElection::OnTimer(const TreeKey& timer, TimeNs now)
{
    const Key key{timer.group, timer.port};
    const auto it = m_links.find(key);
    if (it == m_links.end())
    {
        return;
    }
    Link& link = it->second;
    const Candidate mine = Mine(key.first, key.second);
    if (link.state == State::Backoff)
    {
        Send(key, DfKind::Pass, mine, now, link.best);
        Lose(key, link, link.best);
    }
    else if (link.state == State::Offer && mine.metric != DfMetric{})
    {
        if (link.sent >= m_context.config.pim.dfRobustness)
        {
            Win(key, link, now);
            return;
        }
        ++link.sent;
        Send(key, DfKind::Offer, mine, now);
        SetTimer(key, now + OfferLow());
    }
}

void
DfElection::OnNeighbour(const NeighbourEvent& event, TimeNs now)
{
    for (auto& [key, link] : m_links)
    {
        if (key.second != event.port)
        {
            continue;
        }
        const bool isNew =
            event.change == NeighbourChange::Up || event.change == NeighbourChange::Restarted;
        if (isNew && link.state == State::Win)
        {
            Send(key, DfKind::Winner, Mine(key.first, key.second), now);
        }
        if (event.change == NeighbourChange::Down && link.forwarder.address == event.address)
        {
            SetForwarder(link, {});
            BeginOffer(key, link, OfferLow(), now);
        }
    }
}

void
DfElection::OnRoutesChanged(TimeNs now)
{
    for (auto& [key, link] : m_links)
    {
        Check(key, link, now);
    }
}

// RFC 5015 section 3.5.2.4: what a changed metric leads to.
void
DfElection::Check(const Key& key, Link& link, TimeNs now)
{
    const Candidate mine = Mine(key.first, key.second);
    if (mine.metric == link.mine)
    {
        return;
    }
    const bool worse = link.mine < mine.metric;
    link.mine = mine.metric;
    const bool lost = mine.metric == DfMetric{};
    switch (link.state)
    {
    case State::Win:
    case State::Backoff:
        if (lost)
        {
            // An infinite metric: whoever has a way takes over.
            Send(key, DfKind::Winner, mine, now);
            SetForwarder(link, {});
            BeginOffer(key, link, OfferLow(), now);
        }
        else if (worse)
        {
            Win(key, link, now);
        }
        break;
    case State::Lose:
        if (mine.Beats(link.forwarder))
        {
            BeginOffer(key, link, OfferLow(), now);
        }
        break;
    case State::Offer:
        BeginOffer(key, link, OfferLow(), now);
        break;
    }
}

IpAddress
DfElection::Forwarder(const IpAddress& rp, PortIndex port) const
{
    const auto it = m_links.find({rp, port});
    return it == m_links.end() ? IpAddress{} : it->second.forwarder.address;
}

bool
DfElection::IsForwarder(const IpAddress& rp, PortIndex port) const
{
    const auto it = m_links.find({rp, port});
    return it != m_links.end() &&
           (it->second.state == State::Win || it->second.state == State::Backoff);
}

} // namespace weft::multicast
