// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-service-host.h"

namespace ns3
{
namespace vxlan
{

NS_OBJECT_ENSURE_REGISTERED(ServiceNode);

using weft::netbase::Bytes;
using weft::netbase::ByteView;
using weft::netbase::TimeNs;

TypeId
ServiceNode::GetTypeId()
{
    static TypeId tid = TypeId("ns3::vxlan::ServiceNode")
                            .SetParent<UnderlayHost>()
                            .SetGroupName("Vxlan")
                            .AddConstructor<ServiceNode>();
    return tid;
}

ServiceNode::ServiceNode() = default;

ServiceNode::~ServiceNode() = default;

void
ServiceNode::DoDispose()
{
    UnderlayHost::DoDispose();
    m_core.reset();
}

void
ServiceNode::Configure(const weft::vxlan::ServiceNodeConfig& config,
                       weft::netbase::EndpointConfig endpoint,
                       Ptr<NetDevice> uplink)
{
    m_core = std::make_unique<weft::vxlan::ServiceNode>(config, Now());
    endpoint.address = config.address;
    AttachTo(std::move(endpoint), uplink);
    Drain();
}

void
ServiceNode::SetMembers(weft::vxlan::Vni vni, const std::vector<weft::netbase::IpAddress>& vteps)
{
    m_core->SetMembers(vni, vteps);
}

const weft::vxlan::ServiceNode&
ServiceNode::GetCore() const
{
    return *m_core;
}

void
ServiceNode::OnPacket(ByteView packet)
{
    auto reason = weft::vxlan::DropReason::NotForUs;
    if (m_core->Matches(packet))
    {
        reason = m_core->OnUnderlayPacket(packet, Now());
    }
    if (reason != weft::vxlan::DropReason::None)
    {
        Drop(ToString(reason), packet.size());
    }
}

bool
ServiceNode::PollPacket(Bytes& packet)
{
    return m_core->PollUnderlay(packet);
}

TimeNs
ServiceNode::NextDeadline() const
{
    return m_core->NextDeadline();
}

void
ServiceNode::OnDeadline()
{
    m_core->OnDeadline(Now());
}

} // namespace vxlan
} // namespace ns3
