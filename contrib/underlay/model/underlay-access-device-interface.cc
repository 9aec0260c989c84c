// SPDX-License-Identifier: GPL-2.0-only
/** @file What ns-3 asks of every NetDevice and an access link answers by rote. */
#include "underlay-access-device.h"
#include "underlay-provider-cloud.h"

#include "ns3/node.h"

namespace ns3
{

namespace underlay
{

void
AccessDevice::SetIfIndex(const uint32_t index)
{
    m_ifIndex = index;
}

uint32_t
AccessDevice::GetIfIndex() const
{
    return m_ifIndex;
}

Ptr<Channel>
AccessDevice::GetChannel() const
{
    return m_cloud;
}

void
AccessDevice::SetAddress(Address address)
{
    m_mac = Mac48Address::ConvertFrom(address);
    m_macAddress = address;
}

Address
AccessDevice::GetAddress() const
{
    return m_macAddress;
}

bool
AccessDevice::SetMtu(const uint16_t mtu)
{
    m_mtu = mtu;
    return true;
}

uint16_t
AccessDevice::GetMtu() const
{
    return static_cast<uint16_t>(m_mtu);
}

bool
AccessDevice::IsLinkUp() const
{
    return m_adminUp && m_cloud;
}

void
AccessDevice::AddLinkChangeCallback(Callback<void> callback)
{
    m_linkChange.ConnectWithoutContext(callback);
}

bool
AccessDevice::IsBroadcast() const
{
    return true;
}

Address
AccessDevice::GetBroadcast() const
{
    return Mac48Address::GetBroadcast();
}

bool
AccessDevice::IsMulticast() const
{
    return true;
}

Address
AccessDevice::GetMulticast(Ipv4Address multicastGroup) const
{
    return Mac48Address::GetMulticast(multicastGroup);
}

Address
AccessDevice::GetMulticast(Ipv6Address addr) const
{
    return Mac48Address::GetMulticast(addr);
}

bool
AccessDevice::IsBridge() const
{
    return false;
}

bool
AccessDevice::IsPointToPoint() const
{
    return false;
}

bool
AccessDevice::SendFrom(Ptr<Packet> packet,
                       const Address& /* source */,
                       const Address& dest,
                       uint16_t protocolNumber)
{
    return Send(packet, dest, protocolNumber);
}

Ptr<Node>
AccessDevice::GetNode() const
{
    return m_node;
}

void
AccessDevice::SetNode(Ptr<Node> node)
{
    m_node = node;
    m_nodeId = node->GetId();
}

bool
AccessDevice::NeedsArp() const
{
    return false;
}

void
AccessDevice::SetReceiveCallback(NetDevice::ReceiveCallback cb)
{
    m_receive = cb;
}

void
AccessDevice::SetPromiscReceiveCallback(PromiscReceiveCallback cb)
{
    m_promiscuous = cb;
}

bool
AccessDevice::SupportsSendFrom() const
{
    return false;
}

} // namespace underlay
} // namespace ns3
