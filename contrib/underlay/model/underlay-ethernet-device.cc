// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-ethernet-device.h"

#include "underlay-compat.h"
#include "underlay-ethernet-lane.h"
#include "underlay-ethernet-link.h"
#include "underlay-frame-edit.h"

#include "ns3/enum.h"
#include "ns3/log.h"
#include "ns3/netbase-checksum.h"
#include "ns3/netbase-ethernet.h"
#include "ns3/netbase-flow-hash.h"
#include "ns3/node.h"
#include "ns3/trace-source-accessor.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <array>

namespace ns3
{
namespace underlay
{

NS_LOG_COMPONENT_DEFINE("UnderlayEthernetDevice");
NS_OBJECT_ENSURE_REGISTERED(EthernetDevice);

namespace netbase = weft::netbase;

namespace
{
/// Octets of an Ethernet header.
constexpr uint32_t HEADER = netbase::ETHERNET_HEADER;
/// Octets of both addresses in it.
constexpr uint32_t ADDRESSES = 12;
/// Octets of the longest IPv4 header.
constexpr uint32_t MOST_IPV4 = 60;

/**
 * What the checksum offload of a network card does: ns-3's stack leaves the field zero unless its
 * global ChecksumEnabled is set.
 *
 * @param packet IPv4 packet
 * @param header receives its header with the checksum filled in, MOST_IPV4 octets
 * @return octets of the header, 0 when there was nothing to do
 */
uint32_t
FillChecksum(Ptr<const Packet> packet, uint8_t* header)
{
    const uint32_t copied = packet->CopyData(header, MOST_IPV4);
    const uint32_t length = copied > 0 ? (header[0] & 0x0fu) * 4 : 0;
    if (length < 20 || length > copied || netbase::Read16(header + 10) != 0)
    {
        return 0;
    }
    netbase::Write16(header + 10, netbase::Checksum({header, length}));
    return length;
}

} // namespace

TypeId
EthernetDevice::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::underlay::EthernetDevice")
            .SetParent<NetDevice>()
            .SetGroupName("Underlay")
            .AddConstructor<EthernetDevice>()
            .AddAttribute("Rate",
                          "Rate of the line, of each member of a bundle.",
                          DataRateValue(DataRate("10Gbps")),
                          MakeDataRateAccessor(&EthernetDevice::SetRate, &EthernetDevice::GetRate),
                          MakeDataRateChecker())
            .AddAttribute("QueueLimit",
                          "Most bytes waiting before each line, 24 of framing a frame included.",
                          UintegerValue(1024 * 1024),
                          MakeUintegerAccessor(&EthernetDevice::SetQueueLimit,
                                               &EthernetDevice::GetQueueLimit),
                          MakeUintegerChecker<uint32_t>())
            .AddAttribute("Mtu",
                          "Largest payload of a frame (IP packet), bytes; a tag does not count.",
                          UintegerValue(1500),
                          MakeUintegerAccessor(&EthernetDevice::SetMtu, &EthernetDevice::GetMtu),
                          MakeUintegerChecker<uint16_t>(68))
            .AddAttribute("OuterVlan",
                          "802.1Q tag that every frame on the link carries; 0: none.",
                          UintegerValue(0),
                          MakeUintegerAccessor(&EthernetDevice::m_outerVlan),
                          MakeUintegerChecker<uint16_t>(0, 4094))
            .AddAttribute("BundleHash",
                          "What chooses among the members of a bundle.",
                          EnumValue(LAYER_4),
                          MakeEnumMemberAccessor<BundleHash>(&EthernetDevice::m_bundleHash),
                          MakeEnumChecker(LAYER_2, "Layer2", LAYER_3, "Layer3", LAYER_4, "Layer4"))
            .AddAttribute("HashSeed",
                          "Key of the hash that chooses among the members of a bundle.",
                          UintegerValue(0),
                          MakeUintegerAccessor(&EthernetDevice::m_hashSeed),
                          MakeUintegerChecker<uint64_t>())
            .AddTraceSource("Drop",
                            "A frame given to this device, or that arrived at it, is discarded.",
                            MakeTraceSourceAccessor(&EthernetDevice::m_dropTrace),
                            "ns3::underlay::EthernetDevice::DropTracedCallback")
            .AddTraceSource("Transmit",
                            "A frame, as on the wire, got onto the line or into its queue.",
                            MakeTraceSourceAccessor(&EthernetDevice::m_transmitTrace),
                            "ns3::underlay::EthernetDevice::TransmitTracedCallback")
            .AddTraceSource("Receive",
                            "A frame, as on the wire, arrived.",
                            MakeTraceSourceAccessor(&EthernetDevice::m_receiveTrace),
                            "ns3::Packet::TracedCallback");
    return tid;
}

EthernetDevice::EthernetDevice()
{
    std::array<uint8_t, 6> octets;
    Mac48Address::Allocate().CopyTo(octets.data());
    SetMac(netbase::MacAddress::Read(octets));
}

EthernetDevice::~EthernetDevice() = default;

void
EthernetDevice::DoDispose()
{
    if (m_peer)
    {
        // Lanes refer to both ends.
        m_peer->m_lanes.clear();
        m_peer->m_peer = nullptr;
    }
    m_lanes.clear();
    m_peer = nullptr;
    m_link = nullptr;
    m_node = nullptr;
    m_frameHandler = FrameHandler();
    m_receive = NetDevice::ReceiveCallback();
    m_promiscuous = PromiscReceiveCallback();
    NetDevice::DoDispose();
}

void
EthernetDevice::SetFrameHandler(FrameHandler handler)
{
    m_frameHandler = handler;
}

bool
EthernetDevice::Send(Ptr<Packet> packet, const Address& dest, uint16_t protocolNumber)
{
    return SendFrom(packet, m_address, dest, protocolNumber);
}

bool
EthernetDevice::SendFrom(Ptr<Packet> packet,
                         const Address& source,
                         const Address& dest,
                         uint16_t protocolNumber)
{
    std::array<uint8_t, HEADER + MOST_IPV4> start;
    Mac48Address::ConvertFrom(dest).CopyTo(start.data());
    Mac48Address::ConvertFrom(source).CopyTo(start.data() + 6);
    netbase::Write16(&start[ADDRESSES], protocolNumber);
    Ptr<Packet> frame = packet->Copy();
    const uint32_t filled =
        protocolNumber == netbase::ethertype::IPV4 ? FillChecksum(packet, &start[HEADER]) : 0;
    ReplaceStart(frame, filled, {start.data(), HEADER + filled});
    return SendFrame(std::move(frame));
}

bool
EthernetDevice::SendFrame(Ptr<Packet> frame)
{
    const uint32_t size = frame->GetSize();
    m_offered.Add(size);
    if (size > m_mtu + HEADER || size < HEADER)
    {
        std::array<uint8_t, HEADER> header;
        if (frame->CopyData(header.data(), HEADER) < HEADER)
        {
            return DropSent(frame, FrameDrop::Malformed);
        }
        const bool tagged = netbase::Read16(&header[ADDRESSES]) == netbase::ethertype::VLAN;
        if (size > m_mtu + HEADER + (tagged ? netbase::VLAN_TAG : 0))
        {
            return DropSent(frame, FrameDrop::Mtu);
        }
    }
    if (!m_works)
    {
        return DropSent(frame, FrameDrop::LinkDown);
    }
    if (m_outerVlan != 0)
    {
        std::array<uint8_t, ADDRESSES + netbase::VLAN_TAG> start;
        frame->CopyData(start.data(), ADDRESSES);
        netbase::Write16(&start[ADDRESSES], netbase::ethertype::VLAN);
        netbase::Write16(&start[ADDRESSES + 2], netbase::MakeTci(m_outerVlan));
        ReplaceStart(frame, ADDRESSES, start);
    }
    const uint32_t member = m_lanes.size() == 1 ? 0 : ChooseMember(frame);
    return m_lanes[member]->Accept(std::move(frame));
}

uint32_t
EthernetDevice::ChooseMember(Ptr<const Packet> frame) const
{
    using weft::underlay::HashMode;
    uint32_t up = 0;
    for (const auto& lane : m_lanes)
    {
        up += lane->IsUp();
    }
    std::array<uint8_t, weft::underlay::HASHED_OCTETS> start;
    const uint32_t copied = frame->CopyData(start.data(), start.size());
    const HashMode mode = m_bundleHash == LAYER_2   ? HashMode::Layer2
                          : m_bundleHash == LAYER_3 ? HashMode::Layer3
                                                    : HashMode::FiveTuple;
    uint32_t turn =
        netbase::HashBelow(weft::underlay::HashFrame({start.data(), copied}, mode, m_hashSeed), up);
    // The link works, so some member is up.
    uint32_t member = 0;
    while (!m_lanes[member]->IsUp() || turn-- > 0)
    {
        ++member;
    }
    return member;
}

bool
EthernetDevice::DropSent(Ptr<const Packet> frame, FrameDrop reason)
{
    NS_LOG_LOGIC("drops a frame of " << frame->GetSize() << " bytes: " << reason);
    m_sendDrops.Add(reason, frame->GetSize());
    m_dropTrace(frame, reason);
    return false;
}

void
EthernetDevice::DropReceived(Ptr<const Packet> frame, FrameDrop reason)
{
    NS_LOG_LOGIC("drops an arrived frame of " << frame->GetSize() << " bytes: " << reason);
    m_receiveDrops.Add(reason, frame->GetSize());
    m_dropTrace(frame, reason);
}

void
EthernetDevice::Receive(Ptr<Packet> frame)
{
    m_received.Add(frame->GetSize());
    if (!m_receiveTrace.IsEmpty())
    {
        m_receiveTrace(frame);
    }
    if (m_outerVlan != 0)
    {
        std::array<uint8_t, ADDRESSES + netbase::VLAN_TAG> start;
        if (frame->CopyData(start.data(), start.size()) < start.size() ||
            netbase::Read16(&start[ADDRESSES]) != netbase::ethertype::VLAN ||
            netbase::VlanOf(netbase::Read16(&start[ADDRESSES + 2])) != m_outerVlan)
        {
            DropReceived(frame, FrameDrop::WrongVlan);
            return;
        }
        ReplaceStart(frame, start.size(), {start.data(), ADDRESSES});
    }
    if (!m_frameHandler.IsNull() && m_frameHandler(frame))
    {
        return;
    }
    ToNode(std::move(frame));
}

void
EthernetDevice::ToNode(Ptr<Packet> frame)
{
    std::array<uint8_t, HEADER> header;
    if (frame->CopyData(header.data(), HEADER) < HEADER)
    {
        DropReceived(frame, FrameDrop::Malformed);
        return;
    }
    const auto destination = netbase::MacAddress::Read(header);
    const PacketType type = destination.IsBroadcast() ? PACKET_BROADCAST
                            : destination.IsGroup()   ? PACKET_MULTICAST
                            : destination == m_mac    ? PACKET_HOST
                                                      : PACKET_OTHERHOST;
    if (m_promiscuous.IsNull() && (type == PACKET_OTHERHOST || m_receive.IsNull()))
    {
        DropReceived(frame, FrameDrop::NotForUs);
        return;
    }
    Mac48Address to;
    Mac48Address from;
    to.CopyFrom(header.data());
    from.CopyFrom(header.data() + 6);
    const uint16_t protocol = netbase::Read16(&header[ADDRESSES]);
    frame->RemoveAtStart(HEADER);
    if (!m_promiscuous.IsNull())
    {
        m_promiscuous(this, frame, protocol, from, to, type);
    }
    if (type != PACKET_OTHERHOST && !m_receive.IsNull())
    {
        m_receive(this, frame, protocol, from);
    }
}

void
EthernetDevice::SetWorking(bool works)
{
    m_works = works;
    if (!works)
    {
        for (const auto& lane : m_lanes)
        {
            lane->Flush();
        }
    }
    m_linkChange();
}

void
EthernetDevice::Update()
{
    if (m_link)
    {
        m_link->Update();
    }
}

void
EthernetDevice::SetAdminUp(bool up)
{
    m_adminUp = up;
    Update();
}

bool
EthernetDevice::IsAdminUp() const
{
    return m_adminUp;
}

void
EthernetDevice::SetPowered(bool on)
{
    m_powered = on;
    Update();
}

void
EthernetDevice::SetRate(DataRate rate)
{
    m_rate = rate;
    for (const auto& lane : m_lanes)
    {
        lane->GetLine().SetRate(rate);
    }
}

void
EthernetDevice::SetQueueLimit(uint32_t bytes)
{
    m_queueLimit = bytes;
    for (const auto& lane : m_lanes)
    {
        lane->GetLine().SetLimit(bytes);
    }
}

uint64_t
EthernetDevice::GetUnderWay() const
{
    uint64_t sum = 0;
    if (m_peer)
    {
        for (const auto& lane : m_peer->m_lanes)
        {
            sum += lane->GetUnderWay();
        }
    }
    return sum;
}

Time
EthernetDevice::GetBusyTime() const
{
    int64_t sum = 0;
    for (const auto& lane : m_lanes)
    {
        sum += lane->GetBusy();
    }
    return NanoSeconds(sum);
}

} // namespace underlay
} // namespace ns3
