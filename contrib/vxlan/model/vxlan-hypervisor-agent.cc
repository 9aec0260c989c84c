// SPDX-License-Identifier: GPL-2.0-only
/** @file The part of a hypervisor that talks to a controller. */
#include "vxlan-hypervisor-node.h"

#include "ns3/abort.h"
#include "ns3/vxlan-controller-message.h"

#include <stdexcept>

namespace ns3
{
namespace vxlan
{

using weft::vxlan::CONTROLLER_PORT;

void
Hypervisor::SetController(const weft::netbase::IpAddress& server,
                          weft::vxlan::ControllerAgentConfig config)
{
    NS_ABORT_MSG_IF(m_agent, "hypervisor " << m_name << " has a controller already");
    const auto* vtep = m_core->GetVtep();
    if (!vtep || vtep->Config().mapping != weft::vxlan::MappingKind::Controller)
    {
        throw std::invalid_argument("hypervisor " + m_name +
                                    ": vtep.mapping: a controller feeds a VTEP whose mapping is "
                                    "Controller");
    }
    DeriveKey(config.key, "controller");
    m_core->BindUdp(CONTROLLER_PORT);
    m_agent = std::make_unique<Agent>();
    m_agent->server = server;
    m_agent->config = config;
    StartAgent();
    Drain();
}

const weft::vxlan::ControllerAgent*
Hypervisor::GetAgent() const
{
    return m_agent ? m_agent->core.get() : nullptr;
}

void
Hypervisor::StartAgent()
{
    m_agent->core = std::make_unique<weft::vxlan::ControllerAgent>(m_agent->config, Now());
    for (const auto vni : m_core->GetVtep()->Networks())
    {
        m_agent->core->Join(vni, Now());
    }
    m_core->GetVtep()->SetControllerConnected(false, Now());
}

bool
Hypervisor::DrainAgent()
{
    if (!m_agent)
    {
        return false;
    }
    bool any = false;
    auto& agent = *m_agent->core;
    weft::vxlan::StationReport report;
    while (m_core->PollStation(report))
    {
        any = true;
        agent.OnStation(report, Now());
    }
    weft::vxlan::UnderlayDatagram from;
    while (m_core->PollDatagram(m_frame, from))
    {
        any = true;
        // What is not the server's, or malformed, is counted by the agent or dropped here.
        if (from.source == m_agent->server)
        {
            agent.OnDatagram(m_frame, Now());
        }
        else
        {
            Drop(weft::vxlan::DropReason::NotForUs, m_frame);
        }
    }
    weft::vxlan::ControllerCommand command;
    while (agent.PollCommand(command))
    {
        any = true;
        m_commandTrace(command);
        const auto objection = Apply(command, *m_core->GetVtep(), Now());
        if (objection != weft::vxlan::DropReason::None)
        {
            ++m_refusedCommands;
        }
        m_core->Run(Now());
    }
    while (IsUp() && agent.PollDatagram(m_frame, Now()))
    {
        any = true;
        // A datagram that does not get away is sent again by the channel; the core counts it.
        m_core->SendDatagram(CONTROLLER_PORT, m_agent->server, CONTROLLER_PORT, m_frame, Now());
    }
    return any;
}

uint64_t
Hypervisor::GetRefusedCommands() const
{
    return m_refusedCommands;
}

} // namespace vxlan
} // namespace ns3
