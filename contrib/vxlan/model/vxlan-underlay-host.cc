// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-underlay-host.h"

#include "ns3/abort.h"
#include "ns3/node.h"
#include "ns3/string.h"
#include "ns3/trace-source-accessor.h"
#include "ns3/vxlan-types.h"

#include <algorithm>

namespace ns3
{
namespace vxlan
{

NS_OBJECT_ENSURE_REGISTERED(UnderlayHost);

using weft::netbase::ByteView;
using weft::netbase::IpEndpoint;
namespace netbase = weft::netbase;

TypeId
UnderlayHost::GetTypeId()
{
    static TypeId tid = TypeId("ns3::vxlan::UnderlayHost")
                            .SetParent<Object>()
                            .SetGroupName("Vxlan")
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
                            .AddTraceSource("Drop",
                                            "A frame or packet was discarded, and why.",
                                            MakeTraceSourceAccessor(&UnderlayHost::m_dropTrace),
                                            "ns3::vxlan::UnderlayHost::DropTracedCallback")
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
    m_endpoint.reset();
    Object::DoDispose();
}

void
UnderlayHost::AttachTo(netbase::EndpointConfig config, Ptr<NetDevice> uplink)
{
    const Ptr<Node> node = GetObject<Node>();
    NS_ABORT_MSG_IF(m_endpoint, m_name << " is configured already");
    NS_ABORT_MSG_UNLESS(node && uplink->GetNode() == node,
                        m_name << " is aggregated to the node whose device it uses");
    m_context = node->GetId();
    m_uplink = std::make_unique<Uplink>(
        uplink, 0, MakeCallback(&UnderlayHost::OnFrame, this), Uplink::LinkHandler());
    config.mac = m_uplink->GetMac();
    config.resolves = m_uplink->Resolves();
    m_endpoint = std::make_unique<IpEndpoint>(config, Now());
}

void
UnderlayHost::SetUp(bool up)
{
    if (up != m_up)
    {
        m_up = up;
        OnUp(up);
        OnTimer();
    }
}

bool
UnderlayHost::IsUp() const
{
    return m_up;
}

void
UnderlayHost::OnUp(bool)
{
}

const IpEndpoint&
UnderlayHost::GetEndpoint() const
{
    return *m_endpoint;
}

const std::string&
UnderlayHost::GetName() const
{
    return m_name;
}

void
UnderlayHost::Drop(std::string_view reason, std::size_t bytes)
{
    m_dropTrace(reason, static_cast<uint32_t>(bytes));
}

void
UnderlayHost::OnFrame(ByteView frame, uint32_t uplink)
{
    m_receiveTrace(frame, uplink);
    if (!m_up)
    {
        Drop(ToString(weft::vxlan::DropReason::NodeDown), frame.size());
        return;
    }
    ByteView packet;
    const auto reason = m_endpoint->Receive(frame, Now(), packet);
    if (reason != netbase::DropReason::None)
    {
        Drop(netbase::ToString(reason), frame.size());
    }
    if (!packet.empty())
    {
        OnPacket(packet);
    }
    Drain();
}

void
UnderlayHost::OnTimer()
{
    if (m_up)
    {
        m_endpoint->OnDeadline(Now());
        OnDeadline();
        Drain();
    }
}

void
UnderlayHost::Drain()
{
    if (m_draining || !m_up || !m_endpoint)
    {
        return;
    }
    m_draining = true;
    bool more = true;
    while (more)
    {
        more = false;
        while (m_endpoint->PollPacket(m_buffer))
        {
            more = true;
            OnPacket(m_buffer);
        }
        while (PollPacket(m_buffer))
        {
            more = true;
            const auto reason = m_endpoint->SendPacket(m_buffer, Now());
            if (reason != netbase::DropReason::None)
            {
                Drop(netbase::ToString(reason), m_buffer.size());
            }
        }
        while (m_endpoint->PollFrame(m_buffer))
        {
            more = true;
            m_transmitTrace(m_buffer, 0);
            // A device that refuses a frame counts it itself.
            m_uplink->Send(m_buffer);
        }
    }
    netbase::TableChange change;
    while (m_endpoint->PollTableChange(change))
    {
        m_tableTrace(change);
    }
    m_draining = false;
    m_timer.Arm(std::min(m_endpoint->NextDeadline(), NextDeadline()), m_context);
}

} // namespace vxlan
} // namespace ns3
