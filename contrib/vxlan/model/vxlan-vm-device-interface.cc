// SPDX-License-Identifier: GPL-2.0-only
/** @file What ns-3 asks of every NetDevice and a virtual machine's card answers by rote. */
#include "vxlan-uplink.h"
#include "vxlan-vm-device.h"

#include "ns3/abort.h"
#include "ns3/boolean.h"
#include "ns3/channel.h"
#include "ns3/node.h"
#include "ns3/string.h"
#include "ns3/trace-source-accessor.h"
#include "ns3/uinteger.h"

namespace ns3
{
namespace vxlan
{

NS_OBJECT_ENSURE_REGISTERED(VmDevice);

TypeId
VmDevice::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::vxlan::VmDevice")
            .SetParent<NetDevice>()
            .SetGroupName("Vxlan")
            .AddConstructor<VmDevice>()
            .AddAttribute("Name",
                          "Name of the machine, for messages.",
                          StringValue("vm"),
                          MakeStringAccessor(&VmDevice::m_name),
                          MakeStringChecker())
            .AddAttribute("Mtu",
                          "Largest IP packet, bytes.",
                          UintegerValue(1500),
                          MakeUintegerAccessor(&VmDevice::SetMtu, &VmDevice::GetMtu),
                          MakeUintegerChecker<uint16_t>(68))
            .AddAttribute("Vlan",
                          "802.1Q VLAN of the machine's frames, both ways; 0: untagged.",
                          UintegerValue(0),
                          MakeUintegerAccessor(&VmDevice::m_vlan),
                          MakeUintegerChecker<uint16_t>(0, 4094))
            .AddAttribute("ChecksumOffload",
                          "Whether the card completes the checksums that the node's stack leaves "
                          "at zero.",
                          BooleanValue(true),
                          MakeBooleanAccessor(&VmDevice::m_offload),
                          MakeBooleanChecker())
            .AddTraceSource("Drop",
                            "A frame or packet was discarded at the card, and why.",
                            MakeTraceSourceAccessor(&VmDevice::m_dropTrace),
                            "ns3::vxlan::VmDevice::DropTracedCallback")
            .AddTraceSource("HostDrop",
                            "The machine's own IP ignored or refused a frame or packet, and why.",
                            MakeTraceSourceAccessor(&VmDevice::m_hostDropTrace),
                            "ns3::vxlan::VmDevice::HostDropTracedCallback")
            .AddTraceSource("TableChange",
                            "The neighbour cache or a membership changed.",
                            MakeTraceSourceAccessor(&VmDevice::m_tableTrace),
                            "ns3::vxlan::VmDevice::TableChangeTracedCallback")
            .AddTraceSource("PingReply",
                            "An echo request of Ping() was answered.",
                            MakeTraceSourceAccessor(&VmDevice::m_pingTrace),
                            "ns3::vxlan::VmDevice::PingReplyTracedCallback")
            .AddTraceSource("Move",
                            "A step of a move.",
                            MakeTraceSourceAccessor(&VmDevice::m_moveTrace),
                            "ns3::vxlan::VmDevice::MoveTracedCallback")
            .AddTraceSource("Transmit",
                            "A frame goes to the switch.",
                            MakeTraceSourceAccessor(&VmDevice::m_transmitTrace),
                            "ns3::vxlan::VmDevice::FrameTracedCallback")
            .AddTraceSource("Receive",
                            "A frame arrived at the card.",
                            MakeTraceSourceAccessor(&VmDevice::m_receiveTrace),
                            "ns3::vxlan::VmDevice::FrameTracedCallback")
            .AddTraceSource("Vrrp",
                            "The virtual router changed its state.",
                            MakeTraceSourceAccessor(&VmDevice::m_vrrpTrace),
                            "ns3::vxlan::VmDevice::VrrpTracedCallback");
    return tid;
}

void
VmDevice::SetIfIndex(const uint32_t index)
{
    m_ifIndex = index;
}

uint32_t
VmDevice::GetIfIndex() const
{
    return m_ifIndex;
}

Ptr<Channel>
VmDevice::GetChannel() const
{
    return nullptr;
}

void
VmDevice::SetAddress(Address address)
{
    NS_ABORT_MSG_IF(m_endpoint && Mac48Address::ConvertFrom(address) != m_mac,
                    "the address of " << m_name << " was given to Configure()");
    m_mac = Mac48Address::ConvertFrom(address);
}

Address
VmDevice::GetAddress() const
{
    return m_mac;
}

bool
VmDevice::SetMtu(const uint16_t mtu)
{
    if (m_endpoint)
    {
        m_endpoint->SetMtu(mtu);
    }
    m_mtu = mtu;
    return true;
}

uint16_t
VmDevice::GetMtu() const
{
    return m_mtu;
}

void
VmDevice::AddLinkChangeCallback(Callback<void> callback)
{
    m_linkChange.ConnectWithoutContext(callback);
}

bool
VmDevice::IsBroadcast() const
{
    return true;
}

Address
VmDevice::GetBroadcast() const
{
    return Mac48Address::GetBroadcast();
}

bool
VmDevice::IsMulticast() const
{
    return true;
}

Address
VmDevice::GetMulticast(Ipv4Address multicastGroup) const
{
    return Mac48Address::GetMulticast(multicastGroup);
}

Address
VmDevice::GetMulticast(Ipv6Address addr) const
{
    return Mac48Address::GetMulticast(addr);
}

bool
VmDevice::IsBridge() const
{
    return false;
}

bool
VmDevice::IsPointToPoint() const
{
    return false;
}

bool
VmDevice::SendFrom(Ptr<Packet> packet,
                   const Address& /* source */,
                   const Address& dest,
                   uint16_t protocolNumber)
{
    return Send(packet, dest, protocolNumber);
}

Ptr<Node>
VmDevice::GetNode() const
{
    return m_node;
}

void
VmDevice::SetNode(Ptr<Node> node)
{
    m_node = node;
}

bool
VmDevice::NeedsArp() const
{
    return false;
}

void
VmDevice::SetReceiveCallback(NetDevice::ReceiveCallback cb)
{
    m_receive = cb;
}

void
VmDevice::SetPromiscReceiveCallback(PromiscReceiveCallback cb)
{
    m_promiscuous = cb;
}

bool
VmDevice::SupportsSendFrom() const
{
    return false;
}

} // namespace vxlan
} // namespace ns3
