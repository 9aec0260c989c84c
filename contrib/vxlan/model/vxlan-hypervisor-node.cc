// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-hypervisor-node.h"

#include "vxlan-key.h"
#include "vxlan-move.h"

#include "ns3/abort.h"
#include "ns3/log.h"
#include "ns3/node.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <stdexcept>

namespace ns3
{
namespace vxlan
{

NS_LOG_COMPONENT_DEFINE("VxlanHypervisor");

using weft::netbase::ByteView;
using weft::netbase::TimeNs;
using weft::vxlan::DropReason;
using weft::vxlan::HypervisorEventKind;
using weft::vxlan::PortId;

namespace
{

/// Frames at one instant after which it is said that time stands still.
constexpr uint64_t TOO_MANY = 10000000;

} // namespace

Hypervisor::Hypervisor() : m_timer(MakeCallback(&Hypervisor::OnTimer, this))
{
}

Hypervisor::~Hypervisor() = default;

void
Hypervisor::DoDispose()
{
    m_timer.Stop();
    for (Port& port : m_ports)
    {
        if (port.vm)
        {
            port.vm->Detach();
        }
    }
    m_ports.clear();
    m_ready.clear();
    m_uplinks.clear();
    m_agent.reset();
    m_core.reset();
    Object::DoDispose();
}

void
Hypervisor::DeriveKey(uint64_t& key, const char* purpose) const
{
    if (key == 0)
    {
        key = vxlan::DeriveKey(m_seed, m_name + " " + purpose);
    }
}

void
Hypervisor::Configure(weft::vxlan::HypervisorConfig config,
                      const std::vector<Ptr<NetDevice>>& uplinks)
{
    NS_LOG_FUNCTION(this << m_name);
    NS_ABORT_MSG_IF(m_core, "hypervisor " << m_name << " is configured already");
    NS_ABORT_MSG_UNLESS(GetNode(), "hypervisor " << m_name << " is not aggregated to a node");
    if (uplinks.empty())
    {
        throw std::invalid_argument("hypervisor " + m_name + ": uplinks: none; at least 1");
    }
    m_context = GetNode()->GetId();
    config.uplinks = static_cast<uint32_t>(uplinks.size());
    uint32_t mtu = UINT16_MAX;
    for (std::size_t i = 0; i < uplinks.size(); ++i)
    {
        if (uplinks[i]->GetNode() != GetNode())
        {
            throw std::invalid_argument("hypervisor " + m_name + ": uplink " + std::to_string(i) +
                                        " is not a device of its node");
        }
        mtu = std::min<uint32_t>(mtu, uplinks[i]->GetMtu());
        if (i > 0)
        {
            uplinks[i]->SetAddress(uplinks[0]->GetAddress());
        }
        if (!config.hasVtep && !uplinks[i]->SupportsSendFrom())
        {
            throw std::invalid_argument("hypervisor " + m_name + ": uplink " + std::to_string(i) +
                                        " cannot carry frames of other stations (SendFrom), which "
                                        "a hypervisor without VTEP has");
        }
        m_uplinks.push_back(
            std::make_unique<Uplink>(uplinks[i],
                                     static_cast<uint32_t>(i),
                                     MakeCallback(&Hypervisor::OnUplinkFrame, this),
                                     MakeCallback(&Hypervisor::OnUplinkChange, this),
                                     !config.hasVtep));
    }
    if (config.hasVtep)
    {
        config.underlay.mac = m_uplinks[0]->GetMac();
        config.underlay.resolves = m_uplinks[0]->Resolves();
        if (!config.underlay.resolves && config.underlay.gateway.IsNone())
        {
            // Whoever is at the other end takes everything.
            config.underlay.prefixLength = 0;
        }
        if (config.vtep.mtu == 0)
        {
            config.vtep.mtu = mtu;
            config.vtep.encapsulation.mtu = mtu;
            config.underlay.mtu = mtu;
        }
        DeriveKey(config.underlay.key, "underlay");
        DeriveKey(config.vtep.encapsulation.hashKey, "source port");
    }
    DeriveKey(config.bondKey, "bond");
    if (config.vtep.mapping == weft::vxlan::MappingKind::Controller)
    {
        config.bridge.reportStations = true;
    }
    m_core = std::make_unique<weft::vxlan::Hypervisor>(config, Now());
    for (uint32_t i = 0; i < m_uplinks.size(); ++i)
    {
        if (!m_uplinks[i]->IsUp())
        {
            m_core->SetUplinkUp(i, false, Now());
        }
    }
    // What it has to say at once, such as the groups it joins, waits for the first event of the
    // node, so that whoever connects to its traces after this hears it.
    Simulator::ScheduleWithContext(m_context, Time(0), &Hypervisor::Start, Ptr<Hypervisor>(this));
}

void
Hypervisor::Start()
{
    m_started = true;
    Drain();
}

// -- what comes

void
Hypervisor::OnUplinkFrame(ByteView frame, uint32_t uplink)
{
    if (!m_receiveTrace.IsEmpty())
    {
        m_receiveTrace(frame, uplink);
    }
    m_core->OnUplinkFrame(uplink, frame, Now());
    Drain();
}

void
Hypervisor::OnUplinkChange(uint32_t uplink)
{
    if (m_core)
    {
        m_core->SetUplinkUp(uplink, m_uplinks[uplink]->IsUp(), Now());
        Drain();
    }
}

void
Hypervisor::OnWireFrame(ByteView frame, uint32_t port)
{
    m_core->OnPortFrame(static_cast<PortId>(port), frame, Now());
    Drain();
}

void
Hypervisor::OnWireChange(uint32_t port)
{
    m_core->SetPortUp(static_cast<PortId>(port), m_ports[port].wire->IsUp(), Now());
    Drain();
}

void
Hypervisor::OnTimer()
{
    m_core->OnDeadline(Now());
    if (m_agent && IsUp())
    {
        m_agent->core->OnDeadline(Now());
    }
    Drain();
}

void
Hypervisor::Do(const Change& change)
{
    change(*m_core, Now());
    m_core->Run(Now());
    Drain();
}

void
Hypervisor::SetUp(bool up)
{
    NS_LOG_INFO(m_name << (up ? " comes back" : " fails"));
    if (m_agent && !up)
    {
        // What the controller pushed is lost as what was learned is.
        m_core->GetVtep()->SetControllerConnected(false, Now());
    }
    m_core->SetNodeUp(up, Now());
    if (m_agent && up)
    {
        StartAgent();
    }
    Drain();
}

bool
Hypervisor::IsUp() const
{
    return m_core->IsNodeUp();
}

void
Hypervisor::Ready(VmDevice* vm)
{
    if (!vm->m_ready)
    {
        vm->m_ready = true;
        m_ready.push_back(vm);
    }
    Drain();
}

void
Hypervisor::Forget(VmDevice* vm)
{
    std::erase(m_ready, vm);
}

// -- what goes

void
Hypervisor::Drain()
{
    if (m_draining || !m_started || !m_core)
    {
        return;
    }
    m_draining = true;
    uint64_t rounds = 0;
    bool more = true;
    while (more)
    {
        more = DrainVms();
        more = DrainCore() || more;
        more = DrainAgent() || more;
        NS_ABORT_MSG_IF(++rounds == TOO_MANY,
                        "hypervisor " << m_name << ": machines answer each other without end while "
                                      << "time stands still; set PortDelay");
    }
    m_draining = false;
    const TimeNs own = m_core->NextDeadline();
    m_timer.Arm(m_agent && IsUp() ? std::min(own, m_agent->core->NextDeadline()) : own, m_context);
}

bool
Hypervisor::DrainVms()
{
    if (m_ready.empty())
    {
        return false;
    }
    bool any = false;
    m_taking.swap(m_ready);
    for (VmDevice* vm : m_taking)
    {
        while (vm->PollFrame(m_frame))
        {
            any = true;
            m_core->OnPortFrame(static_cast<PortId>(vm->m_port), m_frame, Now());
        }
    }
    m_taking.clear();
    return any;
}

bool
Hypervisor::DrainCore()
{
    bool any = false;
    PortId port = 0;
    while (m_core->PollPortFrame(m_frame, port))
    {
        any = true;
        DeliverAt(static_cast<uint32_t>(port), m_frame);
    }
    uint32_t uplink = 0;
    while (m_core->PollUplinkFrame(m_frame, uplink))
    {
        any = true;
        if (!m_transmitTrace.IsEmpty())
        {
            m_transmitTrace(m_frame, uplink);
        }
        // A device that refuses a frame counts it itself.
        m_uplinks[uplink]->Send(m_frame);
    }
    Report();
    return any;
}

void
Hypervisor::DeliverAt(uint32_t port, ByteView frame)
{
    if (port >= m_ports.size() || !m_ports[port].used)
    {
        Drop(DropReason::PortDown, frame);
        return;
    }
    Port& there = m_ports[port];
    if (there.wire)
    {
        there.wire->Send(frame);
        return;
    }
    if (!there.vm)
    {
        Drop(DropReason::VacantPort, frame);
        return;
    }
    // While it is being moved it has two ports, and its card knows of one.
    const auto reason = there.vm->m_paused ? DropReason::VmPaused : there.vm->Impediment();
    if (reason != DropReason::None)
    {
        Drop(reason, frame);
        return;
    }
    const Ptr<VmDevice> vm = there.vm;
    vm->Deliver(frame, m_portDelay);
}

void
Hypervisor::Drop(DropReason reason, ByteView frame)
{
    m_portDrops.Add(reason);
    weft::vxlan::HypervisorEvent event;
    event.at = Now();
    event.kind = HypervisorEventKind::Drop;
    event.place = "port";
    event.reason = ToString(reason);
    event.size = static_cast<uint32_t>(frame.size());
    m_dropTrace(event);
}

void
Hypervisor::Report()
{
    weft::vxlan::HypervisorEvent event;
    while (m_core->PollEvent(event))
    {
        switch (event.kind)
        {
        case HypervisorEventKind::Drop:
            m_dropTrace(event);
            break;
        case HypervisorEventKind::Encapsulate:
            if (event.flood && event.copy == 0)
            {
                m_floodTrace(event);
            }
            m_encapsulateTrace(event);
            break;
        case HypervisorEventKind::Decapsulate:
            m_decapsulateTrace(event);
            break;
        }
    }
    weft::netbase::TableChange change;
    while (m_core->PollTableChange(change))
    {
        m_tableTrace(change);
    }
    weft::vxlan::VrrpTransition transition;
    std::size_t router = 0;
    uint32_t interface = 0;
    while (m_core->PollTransition(transition, router, interface))
    {
        m_vrrpTrace(transition, static_cast<uint32_t>(router), interface);
    }
    while (m_core->PollUnderlayPacket(m_frame))
    {
        m_packetTrace(m_frame);
    }
}

// -- what is

const weft::vxlan::Hypervisor&
Hypervisor::GetCore() const
{
    return *m_core;
}

const weft::vxlan::DropCounts&
Hypervisor::GetPortDrops() const
{
    return m_portDrops;
}

const std::string&
Hypervisor::GetName() const
{
    return m_name;
}

Ptr<Node>
Hypervisor::GetNode() const
{
    return GetObject<Node>();
}

uint32_t
Hypervisor::GetContext() const
{
    return m_context;
}

} // namespace vxlan
} // namespace ns3
