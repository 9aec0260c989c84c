// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-vm-device.h"

#include "vxlan-hypervisor-node.h"
#include "vxlan-offload.h"
#include "vxlan-uplink.h"

#include "ns3/log.h"
#include "ns3/mac48-address.h"
#include "ns3/netbase-arp.h"
#include "ns3/netbase-ethernet.h"
#include "ns3/netbase-ip.h"
#include "ns3/node.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <stdexcept>

namespace ns3
{
namespace vxlan
{

NS_LOG_COMPONENT_DEFINE("VxlanVmDevice");

using weft::netbase::Bytes;
using weft::netbase::ByteView;
using weft::netbase::IpAddress;
using weft::netbase::IpEndpoint;
using weft::netbase::MacAddress;
using weft::netbase::NEVER;
using weft::netbase::TimeNs;
using weft::vxlan::DropReason;
namespace netbase = weft::netbase;

VmDevice::VmDevice() : m_timer(MakeCallback(&VmDevice::OnTimer, this))
{
}

VmDevice::~VmDevice() = default;

void
VmDevice::DoDispose()
{
    m_timer.Stop();
    m_hypervisor = nullptr;
    m_node = nullptr;
    m_handler = nullptr;
    m_receive = NetDevice::ReceiveCallback();
    m_promiscuous = NetDevice::PromiscReceiveCallback();
    m_vrrp.reset();
    m_endpoint.reset();
    NetDevice::DoDispose();
}

void
VmDevice::Configure(const weft::netbase::EndpointConfig& config)
{
    NS_ABORT_MSG_IF(m_endpoint, "machine " << m_name << " has its addresses already");
    m_endpoint = std::make_unique<IpEndpoint>(config, Now());
    m_mac = ToNs3(config.mac);
    m_mtu = static_cast<uint16_t>(std::min<uint32_t>(config.mtu, UINT16_MAX));
}

const std::string&
VmDevice::GetName() const
{
    return m_name;
}

const IpEndpoint&
VmDevice::GetEndpoint() const
{
    return *m_endpoint;
}

void
VmDevice::SetPacketHandler(PacketHandler handler)
{
    m_handler = std::move(handler);
}

void
VmDevice::AddNeighbour(const IpAddress& address, const MacAddress& mac)
{
    m_endpoint->AddNeighbour(address, mac, Now());
    Flush();
}

void
VmDevice::EnableVrrp(const weft::vxlan::VrrpConfig& config)
{
    NS_ABORT_MSG_IF(m_vrrp, "machine " << m_name << " has a virtual router already");
    m_vrrp = std::make_unique<weft::vxlan::VrrpHost>(config, *m_endpoint, Now());
    if (Impediment() == DropReason::None)
    {
        m_vrrp->Start(Now());
    }
    Flush();
}

const weft::vxlan::Vrrp*
VmDevice::GetVrrp() const
{
    return m_vrrp ? &m_vrrp->Router() : nullptr;
}

void
VmDevice::SetUp(bool up)
{
    if (up == m_up)
    {
        return;
    }
    NS_LOG_INFO(m_name << (up ? " is switched on" : " is switched off"));
    m_up = up;
    if (!up)
    {
        DropArrivals(DropReason::NodeDown);
    }
    if (m_vrrp)
    {
        up ? m_vrrp->Start(Now()) : m_vrrp->Stop(Now(), false);
    }
    if (m_hypervisor)
    {
        m_hypervisor->Do([this, up](weft::vxlan::Hypervisor& core, TimeNs now) {
            core.SetPortUp(static_cast<weft::vxlan::PortId>(m_port), up, now);
        });
    }
    m_linkChange();
    if (up)
    {
        OnTimer();
    }
}

bool
VmDevice::IsRunning() const
{
    return m_up && !m_paused;
}

bool
VmDevice::IsMoving() const
{
    return m_paused;
}

Ptr<Hypervisor>
VmDevice::GetHypervisor() const
{
    return m_hypervisor;
}

uint32_t
VmDevice::GetPort() const
{
    return m_port;
}

bool
VmDevice::IsLinkUp() const
{
    return m_up && m_hypervisor;
}

void
VmDevice::Attach(Hypervisor* hypervisor, uint32_t port)
{
    m_hypervisor = hypervisor;
    m_port = port;
    m_ready = false;
    if (m_vrrp && m_vrrp->Router().State() == weft::vxlan::VrrpState::Initialize && IsRunning())
    {
        m_vrrp->Start(Now());
    }
    m_linkChange();
    Flush();
}

void
VmDevice::Detach()
{
    DropArrivals(m_paused ? DropReason::VmPaused : DropReason::VacantPort);
    m_hypervisor->Forget(this);
    m_hypervisor = nullptr;
    m_linkChange();
}

void
VmDevice::SetPaused(bool paused)
{
    m_paused = paused;
    if (paused)
    {
        DropArrivals(DropReason::VmPaused);
    }
    else
    {
        OnTimer();
    }
}

DropReason
VmDevice::Impediment() const
{
    if (!m_up)
    {
        return DropReason::NodeDown;
    }
    if (m_paused)
    {
        return DropReason::VmPaused;
    }
    return m_hypervisor ? DropReason::None : DropReason::PortDown;
}

uint32_t
VmDevice::GetContext() const
{
    if (m_node)
    {
        return m_node->GetId();
    }
    return m_hypervisor ? m_hypervisor->GetContext() : Simulator::NO_CONTEXT;
}

void
VmDevice::Drop(DropReason reason, std::size_t bytes)
{
    NS_LOG_LOGIC(m_name << " drops " << bytes << " bytes: " << ToString(reason));
    m_dropTrace(reason, static_cast<uint32_t>(bytes));
}

// -- out

bool
VmDevice::Send(Ptr<Packet> packet, const Address& dest, uint16_t protocolNumber)
{
    const std::size_t size = packet->GetSize();
    if (const auto reason = Impediment(); reason != DropReason::None)
    {
        Drop(reason, size);
        return false;
    }
    m_out.resize(IpEndpoint::HEADROOM + size);
    packet->CopyData(m_out.data() + IpEndpoint::HEADROOM, static_cast<uint32_t>(size));
    if (protocolNumber == netbase::ethertype::IPV4 || protocolNumber == netbase::ethertype::IPV6)
    {
        if (m_offload)
        {
            CompleteChecksums(std::span(m_out).subspan(IpEndpoint::HEADROOM));
        }
        return Transmit();
    }
    netbase::EthernetHeader header;
    header.destination = ToCore(dest);
    header.source = ToCore(m_mac);
    header.type = protocolNumber;
    netbase::WriteEthernet(m_out, header);
    m_raw.Push().bytes = m_out;
    Flush();
    return true;
}

bool
VmDevice::SendPacket(ByteView packet)
{
    if (const auto reason = Impediment(); reason != DropReason::None)
    {
        Drop(reason, packet.size());
        return false;
    }
    m_out.resize(IpEndpoint::HEADROOM);
    m_out.insert(m_out.end(), packet.begin(), packet.end());
    return Transmit();
}

bool
VmDevice::Transmit()
{
    const std::size_t size = m_out.size() - IpEndpoint::HEADROOM;
    const auto reason = m_endpoint->SendInPlace(m_out, Now());
    if (reason != netbase::DropReason::None)
    {
        m_hostDropTrace(reason, static_cast<uint32_t>(size));
    }
    Flush();
    return reason == netbase::DropReason::None;
}

void
VmDevice::SendGarp()
{
    m_endpoint->AnnounceGarp(Now());
    Flush();
}

void
VmDevice::SendRarp()
{
    m_endpoint->AnnounceRarp(Now());
    Flush();
}

void
VmDevice::Resolve(const IpAddress& address)
{
    const auto& config = m_endpoint->Config();
    if (!address.IsV4() || !config.address.IsV4())
    {
        throw std::invalid_argument("Resolve of " + m_name + ": " + address.ToString() +
                                    " is not asked for by ARP");
    }
    netbase::BuildArpRequest(m_raw.Push().bytes, config.mac, config.address, address);
    Flush();
}

bool
VmDevice::PollFrame(Bytes& frame)
{
    m_ready = false;
    if (Impediment() != DropReason::None)
    {
        return false;
    }
    NoMeta none;
    if (!m_endpoint->PollFrame(frame) && !m_raw.Pop(frame, none) &&
        !(m_vrrp && m_vrrp->PollFrame(frame)))
    {
        return false;
    }
    if (m_vlan != 0)
    {
        netbase::InsertTag(frame, netbase::MakeTci(m_vlan));
    }
    if (!m_transmitTrace.IsEmpty())
    {
        m_transmitTrace(frame);
    }
    return true;
}

// -- in

void
VmDevice::Deliver(ByteView frame, Time delay)
{
    if (const auto reason = Impediment(); reason != DropReason::None)
    {
        Drop(reason, frame.size());
        return;
    }
    if (delay.IsZero() && (!m_node || m_node->GetId() == m_hypervisor->GetContext()))
    {
        Take(frame);
        Flush();
        return;
    }
    if (!m_arrivals)
    {
        m_arrivals = std::make_unique<std::deque<Arrival>>();
    }
    m_arrivals->push_back({Now() + ToCore(delay), Bytes(frame.begin(), frame.end())});
    Arm();
}

void
VmDevice::DropArrivals(DropReason reason)
{
    if (m_arrivals)
    {
        for (const auto& arrival : *m_arrivals)
        {
            Drop(reason, arrival.frame.size());
        }
        m_arrivals->clear();
    }
}

void
VmDevice::OnTimer()
{
    const TimeNs now = Now();
    while (m_arrivals && !m_arrivals->empty() && m_arrivals->front().at <= now)
    {
        // What the machine does with one may discard the others.
        const Bytes frame = std::move(m_arrivals->front().frame);
        m_arrivals->pop_front();
        Take(frame);
    }
    if (IsRunning())
    {
        m_endpoint->OnDeadline(now);
        if (m_vrrp)
        {
            m_vrrp->OnDeadline(now);
        }
    }
    Flush();
}

void
VmDevice::Take(ByteView frame)
{
    if (!m_receiveTrace.IsEmpty())
    {
        m_receiveTrace(frame);
    }
    Bytes untagged;
    if (m_vlan != 0)
    {
        untagged.assign(frame.begin(), frame.end());
        const auto tci = netbase::RemoveTag(untagged);
        if (!tci || netbase::VlanOf(*tci) != m_vlan)
        {
            Drop(DropReason::VlanMismatch, frame.size());
            return;
        }
        frame = untagged;
    }
    const bool outermost = !m_flushing;
    m_flushing = true;
    ByteView packet;
    const auto reason = m_endpoint->Receive(frame, Now(), packet);
    if (reason != netbase::DropReason::None)
    {
        m_hostDropTrace(reason, static_cast<uint32_t>(frame.size()));
    }
    if (!packet.empty())
    {
        HandUp(packet, MacAddress::Read(frame.subspan(6)));
    }
    if (outermost)
    {
        m_flushing = false;
    }
}

void
VmDevice::HandUp(ByteView packet, const MacAddress& from)
{
    if (TakePing(packet) || (m_vrrp && m_vrrp->OnPacket(packet, Now())) ||
        (m_handler && m_handler(packet)))
    {
        return;
    }
    if (m_receive.IsNull() && m_promiscuous.IsNull())
    {
        return;
    }
    netbase::IpFacts facts;
    if (netbase::ReadIp(packet, facts) != netbase::DropReason::None)
    {
        return;
    }
    const Address mine = m_mac;
    const Address theirs = ToNs3(from);
    const uint16_t protocol = facts.v6 ? netbase::ethertype::IPV6 : netbase::ethertype::IPV4;
    const bool group = facts.destination.IsMulticast();
    const bool own = m_endpoint->OwnsAddress(facts.destination);
    const PacketType type = own ? PACKET_HOST : group ? PACKET_MULTICAST : PACKET_BROADCAST;
    const auto up = Create<Packet>(packet.data(), static_cast<uint32_t>(packet.size()));
    if (!m_promiscuous.IsNull())
    {
        m_promiscuous(this,
                      up,
                      protocol,
                      theirs,
                      own     ? mine
                      : group ? Address(ToNs3(netbase::GroupMac(facts.destination)))
                              : GetBroadcast(),
                      type);
    }
    if (!m_receive.IsNull())
    {
        m_receive(this, up, protocol, theirs);
    }
}

void
VmDevice::Flush()
{
    if (m_flushing || !m_endpoint)
    {
        return;
    }
    m_flushing = true;
    const MacAddress unknown;
    while (m_endpoint->PollPacket(m_in))
    {
        HandUp(m_in, unknown);
    }
    netbase::TableChange change;
    while (m_endpoint->PollTableChange(change))
    {
        m_tableTrace(change);
    }
    weft::vxlan::VrrpTransition transition;
    while (m_vrrp && m_vrrp->PollTransition(transition))
    {
        m_vrrpTrace(transition);
    }
    m_flushing = false;
    if (m_hypervisor && IsRunning())
    {
        m_hypervisor->Ready(this);
    }
    Arm();
}

void
VmDevice::Arm()
{
    TimeNs next = m_arrivals && !m_arrivals->empty() ? m_arrivals->front().at : NEVER;
    if (m_endpoint && IsRunning())
    {
        next = std::min(next, m_endpoint->NextDeadline());
        if (m_vrrp)
        {
            next = std::min(next, m_vrrp->NextDeadline());
        }
    }
    m_timer.Arm(next, GetContext());
}

} // namespace vxlan
} // namespace ns3
