// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-tree-timers.h"

namespace weft::multicast
{

namespace
{

TreeKey
As(TreeKey key, TreeTimer timer)
{
    key.timer = timer;
    return key;
}

} // namespace

void
DownstreamJoins::OnJoin(TreeTimers& timers, TreeKey key, TimeNs until)
{
    m_pending[key.port] = false;
    timers.Stop(As(key, TreeTimer::PrunePending));
    // RFC 7761 section 4.5.1: the larger of what is left and what the message says.
    const TreeKey expiry = As(key, TreeTimer::Expiry);
    if (!timers.IsRunning(expiry) || timers.At(expiry) < until)
    {
        timers.Set(expiry, until);
    }
}

bool
DownstreamJoins::OnPrune(TreeTimers& timers, TreeKey key, TimeNs delay, TimeNs now)
{
    const auto it = m_pending.find(key.port);
    if (it == m_pending.end() || it->second)
    {
        return false;
    }
    if (delay > TimeNs(0))
    {
        it->second = true;
        timers.Set(As(key, TreeTimer::PrunePending), now + delay);
        return false;
    }
    return Drop(timers, key);
}

bool
DownstreamJoins::Drop(TreeTimers& timers, TreeKey key)
{
    timers.Stop(As(key, TreeTimer::PrunePending));
    timers.Stop(As(key, TreeTimer::Expiry));
    return m_pending.erase(key.port) > 0;
}

PortSet
DownstreamJoins::Ports() const
{
    PortSet ports;
    for (const auto& [port, pending] : m_pending)
    {
        ports.Add(port);
    }
    return ports;
}

UpstreamJoin::Actions
UpstreamJoin::Update(RouterContext& context,
                     TreeTimers& timers,
                     const TreeKey& key,
                     bool desired,
                     const Rpf& rpf,
                     TimeNs now)
{
    Actions actions;
    const Rpf before = m_rpf;
    m_rpf = rpf;
    const TreeKey timer = As(key, TreeTimer::Join);
    if (desired != m_joined)
    {
        m_joined = desired;
        actions.join = desired;
        actions.prune = !desired;
        actions.pruneFrom = before;
        timers.Set(timer, desired ? now + context.config.pim.joinPrune : NEVER);
    }
    else if (m_joined && (before.port != rpf.port || before.neighbour != rpf.neighbour))
    {
        if (before.port == rpf.port && (rpf.byAssert || before.byAssert))
        {
            Hurry(context, timers, key, now);
            return actions;
        }
        actions.join = true;
        actions.prune = true;
        actions.pruneFrom = before;
        timers.Set(timer, now + context.config.pim.joinPrune);
    }
    return actions;
}

void
UpstreamJoin::OnTimer(RouterContext& context, TreeTimers& timers, const TreeKey& key, TimeNs now)
{
    timers.Set(As(key, TreeTimer::Join), now + context.config.pim.joinPrune);
}

void
UpstreamJoin::SeeJoin(
    RouterContext& context, TreeTimers& timers, const TreeKey& key, TimeNs hold, TimeNs now)
{
    if (!m_joined || !context.neighbours.SuppressionEnabled(m_rpf.port))
    {
        return;
    }
    const TimeNs period = context.config.pim.joinPrune;
    const TimeNs suppressed = context.draws.Uniform(period * 11 / 10, period * 14 / 10);
    const TimeNs until = now + std::min(suppressed, hold);
    const TreeKey timer = As(key, TreeTimer::Join);
    if (timers.At(timer) < until)
    {
        timers.Set(timer, until);
    }
}

void
UpstreamJoin::Hurry(RouterContext& context, TreeTimers& timers, const TreeKey& key, TimeNs now)
{
    if (!m_joined || m_rpf.port == NO_PORT)
    {
        return;
    }
    const TreeKey timer = As(key, TreeTimer::Join);
    const TimeNs at =
        now + context.draws.Uniform(TimeNs(0), context.neighbours.OverrideInterval(m_rpf.port));
    timers.Set(timer, std::min(at, timers.At(timer)));
}

} // namespace weft::multicast
