// SPDX-License-Identifier: GPL-2.0-only
/** @file What ns-3 asks of every NetDevice and an Ethernet device answers by rote. */
#include "ns3/node.h"
#include "underlay-ethernet-device.h"
#include "underlay-ethernet-lane.h"
#include "underlay-ethernet-link.h"

#include <array>

namespace ns3
{
namespace underlay
{

void
EthernetDevice::SetMac(const weft::netbase::MacAddress& mac)
{
    m_mac = mac;
    Mac48Address address;
    address.CopyFrom(mac.octets.data());
    m_address = address;
}

const weft::netbase::MacAddress&
EthernetDevice::GetMac() const
{
    return m_mac;
}

Ptr<EthernetLink>
EthernetDevice::GetLink() const
{
    return m_link;
}

bool
EthernetDevice::IsFirst() const
{
    return m_first;
}

Ptr<EthernetDevice>
EthernetDevice::GetPeer() const
{
    return m_peer;
}

uint32_t
EthernetDevice::GetNMembers() const
{
    return static_cast<uint32_t>(m_lanes.size());
}

const PacketCount&
EthernetDevice::GetMemberTransmitted(uint32_t member) const
{
    return m_lanes.at(member)->GetTransmitted();
}

const PacketCount&
EthernetDevice::GetOffered() const
{
    return m_offered;
}

const PacketCount&
EthernetDevice::GetTransmitted() const
{
    return m_transmitted;
}

const PacketCount&
EthernetDevice::GetReceived() const
{
    return m_received;
}

const FrameDropCounts&
EthernetDevice::GetSendDrops() const
{
    return m_sendDrops;
}

const FrameDropCounts&
EthernetDevice::GetReceiveDrops() const
{
    return m_receiveDrops;
}

DataRate
EthernetDevice::GetRate() const
{
    return m_rate;
}

uint32_t
EthernetDevice::GetQueueLimit() const
{
    return m_queueLimit;
}

void
EthernetDevice::SetIfIndex(const uint32_t index)
{
    m_ifIndex = index;
}

uint32_t
EthernetDevice::GetIfIndex() const
{
    return m_ifIndex;
}

Ptr<Channel>
EthernetDevice::GetChannel() const
{
    return m_link;
}

void
EthernetDevice::SetAddress(Address address)
{
    std::array<uint8_t, 6> octets;
    Mac48Address::ConvertFrom(address).CopyTo(octets.data());
    SetMac(weft::netbase::MacAddress::Read(octets));
}

Address
EthernetDevice::GetAddress() const
{
    return m_address;
}

bool
EthernetDevice::SetMtu(const uint16_t mtu)
{
    m_mtu = mtu;
    return true;
}

uint16_t
EthernetDevice::GetMtu() const
{
    return static_cast<uint16_t>(m_mtu);
}

bool
EthernetDevice::IsLinkUp() const
{
    return m_works;
}

void
EthernetDevice::AddLinkChangeCallback(Callback<void> callback)
{
    m_linkChange.ConnectWithoutContext(callback);
}

bool
EthernetDevice::IsBroadcast() const
{
    return true;
}

Address
EthernetDevice::GetBroadcast() const
{
    return Mac48Address::GetBroadcast();
}

bool
EthernetDevice::IsMulticast() const
{
    return true;
}

Address
EthernetDevice::GetMulticast(Ipv4Address multicastGroup) const
{
    return Mac48Address::GetMulticast(multicastGroup);
}

Address
EthernetDevice::GetMulticast(Ipv6Address addr) const
{
    return Mac48Address::GetMulticast(addr);
}

bool
EthernetDevice::IsBridge() const
{
    return false;
}

bool
EthernetDevice::IsPointToPoint() const
{
    return false;
}

Ptr<Node>
EthernetDevice::GetNode() const
{
    return m_node;
}

void
EthernetDevice::SetNode(Ptr<Node> node)
{
    m_node = node;
    m_nodeId = node->GetId();
}

bool
EthernetDevice::NeedsArp() const
{
    return true;
}

void
EthernetDevice::SetReceiveCallback(NetDevice::ReceiveCallback cb)
{
    m_receive = cb;
}

void
EthernetDevice::SetPromiscReceiveCallback(PromiscReceiveCallback cb)
{
    m_promiscuous = cb;
}

bool
EthernetDevice::SupportsSendFrom() const
{
    return true;
}

} // namespace underlay
} // namespace ns3
