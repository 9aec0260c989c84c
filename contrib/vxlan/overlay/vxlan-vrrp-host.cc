// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-vrrp-host.h"

#include "netbase-ip.h"

#include <stdexcept>

namespace weft::vxlan
{

VrrpHost::VrrpHost(const VrrpConfig& config, netbase::IpEndpoint& endpoint, TimeNs now)
    : m_endpoint(endpoint), m_vrrp(config, endpoint.Config().address)
{
    if (config.priority == 255)
    {
        throw std::invalid_argument("vrrp.priority is 255; on a host it is 1 to 254, because its "
                                    "own address cannot move to the virtual MAC");
    }
    m_endpoint.JoinGroup(VrrpGroup(), now);
}

void
VrrpHost::Start(TimeNs now)
{
    m_vrrp.Start(now);
    Follow(now);
}

void
VrrpHost::Stop(TimeNs now, bool orderly)
{
    if (orderly)
    {
        m_vrrp.Shutdown(now);
    }
    else
    {
        m_vrrp.Fail(now);
    }
    Follow(now);
}

bool
VrrpHost::OnPacket(ByteView packet, TimeNs now)
{
    netbase::IpFacts facts;
    if (netbase::ReadIp(packet, facts) != netbase::DropReason::None ||
        facts.protocol != VRRP_PROTOCOL)
    {
        return false;
    }
    m_vrrp.OnPacket(packet, now);
    Follow(now);
    return true;
}

bool
VrrpHost::PollFrame(Bytes& frame)
{
    return m_vrrp.PollFrame(frame);
}

bool
VrrpHost::PollTransition(VrrpTransition& transition)
{
    return m_vrrp.PollTransition(transition);
}

TimeNs
VrrpHost::NextDeadline() const
{
    return m_vrrp.NextDeadline();
}

void
VrrpHost::OnDeadline(TimeNs now)
{
    m_vrrp.OnDeadline(now);
    Follow(now);
}

const Vrrp&
VrrpHost::Router() const
{
    return m_vrrp;
}

void
VrrpHost::Follow(TimeNs now)
{
    const bool master = m_vrrp.State() == VrrpState::Master;
    if (master == m_holds)
    {
        return;
    }
    m_holds = master;
    for (const IpAddress& address : m_vrrp.Config().addresses)
    {
        if (master)
        {
            m_endpoint.AddAddress(address, now, m_vrrp.Mac());
        }
        else
        {
            m_endpoint.RemoveAddress(address);
        }
    }
}

} // namespace weft::vxlan
