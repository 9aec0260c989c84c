// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-uplink.h"

namespace ns3
{
namespace vxlan
{

using weft::netbase::ByteView;
using weft::netbase::MacAddress;

namespace
{

constexpr std::size_t HEADER = 14; ///< of an Ethernet frame
constexpr std::size_t MAC = 6;     ///< bytes of an EUI-48
constexpr std::size_t TYPE = 12;   ///< place of the EtherType

} // namespace

MacAddress
ToCore(const Address& address)
{
    MacAddress mac;
    if (Mac48Address::IsMatchingType(address))
    {
        Mac48Address::ConvertFrom(address).CopyTo(mac.octets.data());
    }
    return mac;
}

Mac48Address
ToNs3(const MacAddress& address)
{
    Mac48Address mac;
    mac.CopyFrom(address.octets.data());
    return mac;
}

Uplink::Uplink(
    Ptr<NetDevice> device, uint32_t index, FrameHandler frame, LinkHandler link, bool promiscuous)
    : m_device(device), m_index(index), m_frame(frame), m_link(link),
      m_handler(MakeCallback(&Uplink::Receive, this)), m_promiscuous(promiscuous),
      m_mac(ToCore(device->GetAddress()))
{
    // All protocols. A promiscuous handler is the one that is told the destination.
    device->GetNode()->RegisterProtocolHandler(m_handler, 0, device, true);
    if (!m_link.IsNull())
    {
        m_relay = Create<Relay>();
        m_relay->uplink = this;
        device->AddLinkChangeCallback(MakeCallback(&Relay::Fire, m_relay));
    }
}

Uplink::~Uplink()
{
    if (m_relay)
    {
        m_relay->uplink = nullptr;
    }
    if (Ptr<Node> node = m_device->GetNode())
    {
        node->UnregisterProtocolHandler(m_handler);
    }
}

bool
Uplink::Send(ByteView frame)
{
    const auto packet =
        Create<Packet>(frame.data() + HEADER, static_cast<uint32_t>(frame.size() - HEADER));
    const uint16_t protocol = weft::netbase::Read16(frame.data() + TYPE);
    const Mac48Address destination = ToNs3(MacAddress::Read(frame));
    const MacAddress source = MacAddress::Read(frame.subspan(MAC));
    if (source != m_mac && m_device->SupportsSendFrom())
    {
        return m_device->SendFrom(packet, ToNs3(source), destination, protocol);
    }
    return m_device->Send(packet, destination, protocol);
}

void
Uplink::Receive(Ptr<NetDevice>,
                Ptr<const Packet> packet,
                uint16_t protocol,
                const Address& from,
                const Address& to,
                NetDevice::PacketType type)
{
    if (type == NetDevice::PACKET_OTHERHOST && !m_promiscuous)
    {
        return;
    }
    const std::size_t size = packet->GetSize();
    m_scratch.resize(HEADER + size);
    const bool resolves = Resolves();
    const MacAddress destination =
        resolves || type == NetDevice::PACKET_BROADCAST || type == NetDevice::PACKET_MULTICAST
            ? ToCore(to)
            : m_mac;
    destination.Write(m_scratch);
    ToCore(from).Write(std::span(m_scratch).subspan(MAC));
    weft::netbase::Write16(m_scratch.data() + TYPE, protocol);
    packet->CopyData(m_scratch.data() + HEADER, static_cast<uint32_t>(size));
    m_frame(m_scratch, m_index);
}

void
Uplink::Relay::Fire()
{
    if (uplink)
    {
        uplink->m_link(uplink->m_index);
    }
}

Ptr<NetDevice>
Uplink::GetDevice() const
{
    return m_device;
}

MacAddress
Uplink::GetMac() const
{
    return m_mac;
}

bool
Uplink::Resolves() const
{
    return m_device->NeedsArp();
}

bool
Uplink::IsUp() const
{
    return m_device->IsLinkUp();
}

} // namespace vxlan
} // namespace ns3
