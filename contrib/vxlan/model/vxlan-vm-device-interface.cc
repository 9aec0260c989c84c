// SPDX-License-Identifier: GPL-2.0-only
/** @file What ns-3 asks of every NetDevice and a virtual machine's card answers by rote. */
#include "vxlan-uplink.h"
#include "vxlan-vm-device.h"

#include "ns3/channel.h"
#include "ns3/node.h"

namespace ns3
{
namespace vxlan
{

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
