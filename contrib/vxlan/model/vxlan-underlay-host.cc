// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-underlay-host.h"

#include "ns3/abort.h"
#include "ns3/node.h"
#include "ns3/string.h"
#include "ns3/trace-source-accessor.h"

#include <algorithm>
#include <stdexcept>

namespace ns3
{
namespace vxlan
{

NS_OBJECT_ENSURE_REGISTERED(UnderlayHost);
NS_OBJECT_ENSURE_REGISTERED(ServiceNode);

using weft::netbase::ByteView;
using weft::netbase::NEVER;
using weft::netbase::TimeNs;

TypeId
UnderlayHost::GetTypeId()
{
    static TypeId tid = TypeId("ns3::vxlan::UnderlayHost")
                            .SetParent<Object>()
                            .SetGroupName("Vxlan")
                            .AddConstructor<UnderlayHost>()
                            .AddAttribute("Name",
                                          "Name, for messages.",
                                          StringValue("host"),
                                          MakeStringAccessor(&UnderlayHost::m_name),
                                          MakeStringChecker())
                            .AddTraceSource("Transmit",
                                            "A frame goes to the uplink.",
                                            MakeTraceSourceAccessor(&UnderlayHost::m_transmitTrace),
                                            "ns3::vxlan::UnderlayHost::FrameTracedCallback")
                            .AddTraceSource("Receive",
                                            "A frame came from the uplink.",
                                            MakeTraceSourceAccessor(&UnderlayHost::m_receiveTrace),
                                            "ns3::vxlan::UnderlayHost::FrameTracedCallback")
                            .AddTraceSource("TableChange",
                                            "The neighbour cache changed.",
                                            MakeTraceSourceAccessor(&UnderlayHost::m_tableTrace),
                                            "ns3::vxlan::UnderlayHost::TableChangeTracedCallback");
    return tid;
}

UnderlayHost::UnderlayHost() : m_timer(MakeCallback(&UnderlayHost::OnTimer, this))
{
}

UnderlayHost::~UnderlayHost() = default;

void
UnderlayHost::DoDispose()
{
    m_timer.Stop();
    m_uplink.reset();
    m_host.reset();
    Object::DoDispose();
}

void
UnderlayHost::Configure(weft::vxlan::ServiceHostConfig config, Ptr<NetDevice> uplink)
{
    const Ptr<Node> node = GetObject<Node>();
    NS_ABORT_MSG_IF(m_host, m_name << " is configured already");
    NS_ABORT_MSG_UNLESS(node && uplink->GetNode() == node,
                        m_name << " is not aggregated to the node of its device");
    m_context = node->GetId();
    m_uplink = std::make_unique<Uplink>(
        uplink, 0, MakeCallback(&UnderlayHost::OnFrame, this), Uplink::LinkHandler(), false);
    config.underlay.mac = m_uplink->GetMac();
    config.underlay.resolves = m_uplink->Resolves();
    if (!config.underlay.resolves && config.underlay.gateway.IsNone())
    {
        // Whoever is at the other end takes everything.
        config.underlay.prefixLength = 0;
    }
    m_host = std::make_unique<weft::vxlan::ServiceHost>(config, Now());
    Drain();
}

void
UnderlayHost::SetUp(bool up)
{
    if (up != IsUp())
    {
        m_host->SetUp(up, Now());
        OnUp(up);
        Drain();
    }
}

bool
UnderlayHost::IsUp() const
{
    return m_host->IsUp();
}

const weft::vxlan::ServiceHost&
UnderlayHost::GetHost() const
{
    return *m_host;
}

weft::vxlan::ServiceHost&
UnderlayHost::ChangeHost()
{
    return *m_host;
}

const std::string&
UnderlayHost::GetName() const
{
    return m_name;
}

void
UnderlayHost::OnDatagram(ByteView, const weft::vxlan::UnderlayDatagram&)
{
}

bool
UnderlayHost::SendMore()
{
    return false;
}

TimeNs
UnderlayHost::NextDeadline() const
{
    return NEVER;
}

void
UnderlayHost::OnDeadline()
{
}

void
UnderlayHost::OnUp(bool)
{
}

void
UnderlayHost::OnFrame(ByteView frame, uint32_t uplink)
{
    m_receiveTrace(frame, uplink);
    m_host->OnFrame(frame, Now());
    Drain();
}

void
UnderlayHost::OnTimer()
{
    m_host->OnDeadline(Now());
    if (IsUp())
    {
        OnDeadline();
    }
    Drain();
}

void
UnderlayHost::Drain()
{
    if (m_draining || !m_host)
    {
        return;
    }
    m_draining = true;
    weft::vxlan::UnderlayDatagram from;
    bool more = true;
    while (more)
    {
        more = IsUp() && SendMore();
        while (m_host->PollDatagram(m_buffer, from))
        {
            more = true;
            OnDatagram(m_buffer, from);
        }
        while (m_host->PollFrame(m_buffer))
        {
            more = true;
            m_transmitTrace(m_buffer, 0);
            // A device that refuses a frame counts it itself.
            m_uplink->Send(m_buffer);
        }
    }
    weft::netbase::TableChange change;
    while (m_host->PollTableChange(change))
    {
        m_tableTrace(change);
    }
    m_draining = false;
    const TimeNs own = IsUp() ? NextDeadline() : NEVER;
    m_timer.Arm(std::min(m_host->NextDeadline(), own), m_context);
}

TypeId
ServiceNode::GetTypeId()
{
    static TypeId tid = TypeId("ns3::vxlan::ServiceNode")
                            .SetParent<UnderlayHost>()
                            .SetGroupName("Vxlan")
                            .AddConstructor<ServiceNode>();
    return tid;
}

void
ServiceNode::SetMembers(weft::vxlan::Vni vni, const std::vector<weft::netbase::IpAddress>& vteps)
{
    if (!ChangeHost().Node())
    {
        throw std::invalid_argument("service node " + GetName() +
                                    ": serviceNode: none in its configuration");
    }
    ChangeHost().Node()->SetMembers(vni, vteps);
}

} // namespace vxlan
} // namespace ns3
