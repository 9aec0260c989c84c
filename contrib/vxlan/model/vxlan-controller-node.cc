// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-controller-node.h"

#include "vxlan-key.h"

#include "ns3/vxlan-controller-message.h"

namespace ns3
{
namespace vxlan
{

NS_OBJECT_ENSURE_REGISTERED(ControllerNode);

using weft::netbase::ByteView;
using weft::netbase::TimeNs;
using weft::vxlan::CONTROLLER_PORT;

TypeId
ControllerNode::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::vxlan::ControllerNode")
            .SetParent<UnderlayHost>()
            .SetGroupName("Vxlan")
            .AddConstructor<ControllerNode>()
            .AddAttribute("PushDelay",
                          "Time from the end of a report's work to its pushes.",
                          TimeValue(MilliSeconds(10)),
                          MakeTimeAccessor(&ControllerNode::m_pushDelay),
                          MakeTimeChecker(Seconds(0)))
            .AddAttribute("UpdateCost",
                          "Time that the work on a report takes; one is worked on at a time.",
                          TimeValue(MicroSeconds(50)),
                          MakeTimeAccessor(&ControllerNode::m_updateCost),
                          MakeTimeChecker(Seconds(0)))
            .AddAttribute("Hold",
                          "How long the stations of a VTEP that is silent are kept.",
                          TimeValue(Seconds(60)),
                          MakeTimeAccessor(&ControllerNode::m_hold),
                          MakeTimeChecker(Seconds(0)));
    return tid;
}

ControllerNode::ControllerNode() = default;

ControllerNode::~ControllerNode() = default;

void
ControllerNode::DoDispose()
{
    UnderlayHost::DoDispose();
    m_core.reset();
}

weft::vxlan::ControllerServerConfig
ControllerNode::MakeConfig() const
{
    weft::vxlan::ControllerServerConfig config;
    config.pushDelay = ToCore(m_pushDelay);
    config.updateCost = ToCore(m_updateCost);
    config.hold = ToCore(m_hold);
    return config;
}

void
ControllerNode::Configure(weft::vxlan::ControllerServerConfig config,
                          const weft::netbase::EndpointConfig& underlay,
                          Ptr<NetDevice> uplink)
{
    if (config.key == 0)
    {
        config.key = DeriveKey(0, GetName());
    }
    m_core = std::make_unique<weft::vxlan::ControllerServer>(config, Now());
    weft::vxlan::ServiceHostConfig host;
    host.underlay = underlay;
    host.ports = {CONTROLLER_PORT};
    host.tables = true;
    UnderlayHost::Configure(std::move(host), uplink);
}

const weft::vxlan::ControllerServer&
ControllerNode::GetServer() const
{
    return *m_core;
}

void
ControllerNode::OnDatagram(ByteView payload, const weft::vxlan::UnderlayDatagram& from)
{
    // What is malformed is counted by the server.
    m_core->OnDatagram(from.source, from.sourcePort, payload, Now());
}

bool
ControllerNode::SendMore()
{
    bool any = false;
    weft::netbase::IpAddress to;
    uint16_t port = 0;
    while (m_core->PollDatagram(m_payload, to, port, Now()))
    {
        any = true;
        // A datagram that does not get away is sent again by the channel; the host counts it.
        ChangeHost().SendDatagram(CONTROLLER_PORT, to, port, m_payload, Now());
    }
    return any;
}

TimeNs
ControllerNode::NextDeadline() const
{
    return m_core->NextDeadline();
}

void
ControllerNode::OnDeadline()
{
    m_core->OnDeadline(Now());
}

void
ControllerNode::OnUp(bool up)
{
    if (up)
    {
        m_core->Restart(Now());
    }
}

} // namespace vxlan
} // namespace ns3
