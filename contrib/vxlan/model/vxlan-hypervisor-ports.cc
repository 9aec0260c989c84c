// SPDX-License-Identifier: GPL-2.0-only
/** @file A hypervisor's type and its ports. */
#include "vxlan-hypervisor-node.h"

#include "ns3/abort.h"
#include "ns3/string.h"
#include "ns3/trace-source-accessor.h"
#include "ns3/uinteger.h"

#include <stdexcept>

namespace ns3
{
namespace vxlan
{

NS_OBJECT_ENSURE_REGISTERED(Hypervisor);

using weft::vxlan::PortId;

TypeId
Hypervisor::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::vxlan::Hypervisor")
            .SetParent<HypervisorSettings>()
            .SetGroupName("Vxlan")
            .AddConstructor<Hypervisor>()
            .AddAttribute("Name",
                          "Name, for messages and keys.",
                          StringValue("hypervisor"),
                          MakeStringAccessor(&Hypervisor::m_name),
                          MakeStringChecker())
            .AddAttribute("Seed",
                          "What keys of hashes are derived from, together with Name.",
                          UintegerValue(1),
                          MakeUintegerAccessor(&Hypervisor::m_seed),
                          MakeUintegerChecker<uint64_t>())
            .AddAttribute("PortDelay",
                          "Time from the switch to a machine. Zero: the same event.",
                          TimeValue(Seconds(0)),
                          MakeTimeAccessor(&Hypervisor::m_portDelay),
                          MakeTimeChecker(Seconds(0)))
            .AddTraceSource("Drop",
                            "A frame was discarded: where, and why.",
                            MakeTraceSourceAccessor(&Hypervisor::m_dropTrace),
                            "ns3::vxlan::Hypervisor::EventTracedCallback")
            .AddTraceSource("Encapsulate",
                            "One copy of a frame goes into a tunnel.",
                            MakeTraceSourceAccessor(&Hypervisor::m_encapsulateTrace),
                            "ns3::vxlan::Hypervisor::EventTracedCallback")
            .AddTraceSource("Decapsulate",
                            "A frame came out of a tunnel.",
                            MakeTraceSourceAccessor(&Hypervisor::m_decapsulateTrace),
                            "ns3::vxlan::Hypervisor::EventTracedCallback")
            .AddTraceSource("Flood",
                            "A frame is flooded into tunnels; once for all its copies.",
                            MakeTraceSourceAccessor(&Hypervisor::m_floodTrace),
                            "ns3::vxlan::Hypervisor::EventTracedCallback")
            .AddTraceSource("TableChange",
                            "An entry of a table came, changed or went.",
                            MakeTraceSourceAccessor(&Hypervisor::m_tableTrace),
                            "ns3::vxlan::Hypervisor::TableChangeTracedCallback")
            .AddTraceSource("Transmit",
                            "A frame goes to an uplink.",
                            MakeTraceSourceAccessor(&Hypervisor::m_transmitTrace),
                            "ns3::vxlan::Hypervisor::FrameTracedCallback")
            .AddTraceSource("Receive",
                            "A frame came from an uplink.",
                            MakeTraceSourceAccessor(&Hypervisor::m_receiveTrace),
                            "ns3::vxlan::Hypervisor::FrameTracedCallback")
            .AddTraceSource("UnderlayPacket",
                            "An IP packet came for the underlay address that is no tunnel's.",
                            MakeTraceSourceAccessor(&Hypervisor::m_packetTrace),
                            "ns3::vxlan::Hypervisor::PacketTracedCallback")
            .AddTraceSource("Vrrp",
                            "A virtual router of a router here changed its state.",
                            MakeTraceSourceAccessor(&Hypervisor::m_vrrpTrace),
                            "ns3::vxlan::Hypervisor::VrrpTracedCallback")
            .AddTraceSource("ControllerCommand",
                            "The controller pushed an entry, was lost, or came back.",
                            MakeTraceSourceAccessor(&Hypervisor::m_commandTrace),
                            "ns3::vxlan::Hypervisor::CommandTracedCallback")
            .AddTraceSource("Move",
                            "A step of a machine's move from or to here.",
                            MakeTraceSourceAccessor(&Hypervisor::m_moveTrace),
                            "ns3::vxlan::Hypervisor::MoveTracedCallback");
    return tid;
}

uint32_t
Hypervisor::MakePort(const weft::vxlan::PortConfig& config)
{
    const auto port = static_cast<uint32_t>(m_core->AddPort(config, Now()));
    if (m_ports.size() <= port)
    {
        m_ports.resize(port + 1);
    }
    m_ports[port].used = true;
    m_ports[port].config = config;
    return port;
}

void
Hypervisor::DropPort(uint32_t port)
{
    GetPort(port) = Port();
    m_core->RemovePort(static_cast<PortId>(port), Now());
    Drain();
}

Hypervisor::Port&
Hypervisor::GetPort(uint32_t port)
{
    NS_ABORT_MSG_UNLESS(port < m_ports.size() && m_ports[port].used,
                        "hypervisor " << m_name << " has no port " << port);
    return m_ports[port];
}

uint32_t
Hypervisor::AddVm(Ptr<VmDevice> vm, const weft::vxlan::PortConfig& config)
{
    if (vm->GetHypervisor())
    {
        throw std::invalid_argument("hypervisor " + m_name + ": machine " + vm->GetName() +
                                    " is attached to " + vm->GetHypervisor()->GetName());
    }
    const uint32_t port = MakePort(config);
    if (config.kind == weft::vxlan::PortKind::Trunk && vm->m_vlan == 0 && !config.native &&
        config.vlans.size() == 1)
    {
        vm->m_vlan = config.vlans.begin()->first;
    }
    m_ports[port].vm = vm;
    vm->Attach(this, port);
    return port;
}

void
Hypervisor::RemoveVm(Ptr<VmDevice> vm)
{
    if (vm->GetHypervisor() != this)
    {
        throw std::invalid_argument("hypervisor " + m_name + ": machine " + vm->GetName() +
                                    " is not attached here");
    }
    const uint32_t port = vm->GetPort();
    vm->Detach();
    DropPort(port);
}

uint32_t
Hypervisor::AddPort(Ptr<NetDevice> device, const weft::vxlan::PortConfig& config)
{
    if (device->GetNode() != GetNode() || !device->SupportsSendFrom())
    {
        throw std::invalid_argument("hypervisor " + m_name +
                                    ": a device attached to its switch is "
                                    "one of its node, and can carry frames of other stations");
    }
    const uint32_t port = MakePort(config);
    m_ports[port].wire = std::make_unique<Uplink>(device,
                                                  port,
                                                  MakeCallback(&Hypervisor::OnWireFrame, this),
                                                  MakeCallback(&Hypervisor::OnWireChange, this),
                                                  true);
    return port;
}

uint32_t
Hypervisor::AddRouter(const weft::vxlan::RouterConfig& config)
{
    const auto index = static_cast<uint32_t>(m_core->AddRouter(config, Now()));
    Drain();
    return index;
}

std::vector<Ptr<VmDevice>>
Hypervisor::GetVms() const
{
    std::vector<Ptr<VmDevice>> vms;
    for (const Port& port : m_ports)
    {
        if (port.vm)
        {
            vms.push_back(port.vm);
        }
    }
    return vms;
}

} // namespace vxlan
} // namespace ns3
