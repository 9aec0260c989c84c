// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-access-device.h"

#include "underlay-compat.h"
#include "underlay-provider-cloud.h"

#include "ns3/enum.h"
#include "ns3/log.h"
#include "ns3/node.h"
#include "ns3/simulator.h"
#include "ns3/trace-source-accessor.h"
#include "ns3/uinteger.h"

#include <algorithm>

namespace ns3
{
namespace underlay
{

NS_LOG_COMPONENT_DEFINE("UnderlayAccessDevice");
NS_OBJECT_ENSURE_REGISTERED(AccessDevice);

namespace
{
/// EtherType of IPv4.
constexpr uint16_t IPV4 = 0x0800;
} // namespace

TypeId
AccessDevice::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::underlay::AccessDevice")
            .SetParent<NetDevice>()
            .SetGroupName("Underlay")
            .AddConstructor<AccessDevice>()
            .AddAttribute(
                "UplinkRate",
                "Rate from the site into the cloud.",
                DataRateValue(DataRate("100Mbps")),
                MakeDataRateAccessor(&AccessDevice::SetUplinkRate, &AccessDevice::GetUplinkRate),
                MakeDataRateChecker())
            .AddAttribute("DownlinkRate",
                          "Rate from the cloud to the site.",
                          DataRateValue(DataRate("100Mbps")),
                          MakeDataRateAccessor(&AccessDevice::SetDownlinkRate,
                                               &AccessDevice::GetDownlinkRate),
                          MakeDataRateChecker())
            .AddAttribute(
                "QueueLimit",
                "Most bytes waiting before each line, framing included.",
                UintegerValue(256 * 1024),
                MakeUintegerAccessor(&AccessDevice::SetQueueLimit, &AccessDevice::GetQueueLimit),
                MakeUintegerChecker<uint32_t>())
            .AddAttribute(
                "DownlinkQueueLimit",
                "Most bytes waiting before the downlink, framing included; 0: QueueLimit.",
                UintegerValue(0),
                MakeUintegerAccessor(&AccessDevice::SetDownlinkQueueLimit,
                                     &AccessDevice::GetDownlinkQueueLimit),
                MakeUintegerChecker<uint32_t>())
            .AddAttribute("QueueKind",
                          "Discipline of the queues; set before the first packet.",
                          EnumValue(Fifo),
                          MakeEnumMemberAccessor<QueueKind>(&AccessDevice::m_queueKind),
                          MakeEnumChecker(Fifo, "Fifo", FqCoDel, "FqCoDel"))
            .AddAttribute("Mtu",
                          "Largest IPv4 packet, bytes.",
                          UintegerValue(1500),
                          MakeUintegerAccessor(&AccessDevice::SetMtu, &AccessDevice::GetMtu),
                          MakeUintegerChecker<uint16_t>(68))
            .AddAttribute(
                "FrameOverhead",
                "Bytes that framing adds to each packet on both lines and in their queues.",
                UintegerValue(0),
                MakeUintegerAccessor(&AccessDevice::m_overhead),
                MakeUintegerChecker<uint32_t>(0, 1000))
            .AddTraceSource("Drop",
                            "A packet this device sent, or that was to reach it, is discarded.",
                            MakeTraceSourceAccessor(&AccessDevice::m_dropTrace),
                            "ns3::underlay::AccessDevice::DropTracedCallback")
            .AddTraceSource("Transmit",
                            "A packet got onto the uplink, or into the FIFO before it.",
                            MakeTraceSourceAccessor(&AccessDevice::m_transmitTrace),
                            "ns3::underlay::AccessDevice::TransmitTracedCallback")
            .AddTraceSource("Receive",
                            "A packet is delivered to the node.",
                            MakeTraceSourceAccessor(&AccessDevice::m_receiveTrace),
                            "ns3::Packet::TracedCallback");
    return tid;
}

AccessDevice::AccessDevice()
    : m_mac(Mac48Address::Allocate()), m_macAddress(m_mac), m_deadline(this)
{
}

AccessDevice::~AccessDevice() = default;

void
AccessDevice::DoDispose()
{
    m_cloud = nullptr;
    m_lastPath = nullptr;
    m_paths.clear();
    m_node = nullptr;
    m_upCodel.reset();
    m_downCodel.reset();
    m_arrivals.Clear();
    m_deliveries.Clear();
    m_datagramHandler = DatagramHandler();
    m_receive = NetDevice::ReceiveCallback();
    m_promiscuous = NetDevice::PromiscReceiveCallback();
    NetDevice::DoDispose();
}

void
AccessDevice::SetDatagramHandler(DatagramHandler handler)
{
    m_datagramHandler = handler;
}

bool
AccessDevice::Send(Ptr<Packet> packet, const Address& /* dest */, uint16_t protocolNumber)
{
    const uint32_t size = packet->GetSize();
    m_offered.Add(size);
    if (protocolNumber != IPV4 || size < 20)
    {
        return Drop(Side::Up, packet, DropReason::NotIpv4);
    }
    if (!m_adminUp || !m_cloud)
    {
        return Drop(Side::Up, packet, DropReason::LinkDown);
    }
    if (size > m_mtu)
    {
        return Drop(Side::Up, packet, DropReason::Mtu);
    }
    if (m_queueKind == FqCoDel)
    {
        MakeFqCodel();
        m_upCodel->Enqueue(packet->Copy());
        return true;
    }
    FifoLine::Slot slot;
    const int64_t now = Simulator::Now().GetNanoSeconds();
    if (!m_up.Offer(now, size + m_overhead, FifoLine::Tie::Departure, slot))
    {
        return Drop(Side::Up, packet, DropReason::QueueFullUp);
    }
    Depart(packet->Copy(), slot.end);
    return true;
}

void
AccessDevice::Depart(Ptr<Packet> packet, int64_t departure)
{
    m_transmitted.Add(packet->GetSize());
    if (!m_transmitTrace.IsEmpty())
    {
        m_transmitTrace(packet, NanoSeconds(departure));
    }
    m_cloud->Carry(*this, packet, departure);
}

bool
AccessDevice::Drop(Side side, Ptr<const Packet> packet, DropReason reason)
{
    NS_LOG_LOGIC(m_name << " drops a packet of " << packet->GetSize() << " bytes: " << reason);
    DropCounts& counts = side == Side::Up ? m_upDrops : m_downDrops;
    counts[static_cast<std::size_t>(reason)].Add(packet->GetSize());
    m_dropTrace(packet, reason);
    return false;
}

void
AccessDevice::Expect(const ArrivalQueue::Entry& entry)
{
    m_arrivals.Push(entry);
    Arm();
}

void
AccessDevice::Arm()
{
    int64_t due;
    if (!m_deliveries.IsEmpty())
    {
        due = m_deliveries.Front().at;
        if (m_queueKind == FqCoDel && !m_arrivals.IsEmpty())
        {
            due = std::min(due, m_arrivals.Top().arrival);
        }
    }
    else if (!m_arrivals.IsEmpty())
    {
        // With nothing before it, the first to arrive is the first out: one event for both.
        const ArrivalQueue::Entry& next = m_arrivals.Top();
        due = m_queueKind == FqCoDel
                  ? next.arrival
                  : std::max(next.arrival, m_down.FreeAt()) + m_down.TxTime(next.size + m_overhead);
    }
    else
    {
        return;
    }
    m_deadline.At(due, m_nodeId);
}

void
AccessDevice::OnDeadline()
{
    Advance(Simulator::Now().GetNanoSeconds());
    Arm();
}

void
AccessDevice::Advance(int64_t now)
{
    // Whoever arrives by now was sent before now, so the order of arrival is final.
    while (!m_arrivals.IsEmpty() && m_arrivals.Top().arrival <= now)
    {
        const ArrivalQueue::Entry entry = m_arrivals.Pop();
        if (entry.packet)
        {
            Arrive(entry);
        }
    }
    while (!m_deliveries.IsEmpty() && m_deliveries.Front().at <= now)
    {
        const Ptr<Packet> packet = m_deliveries.Front().packet;
        m_deliveries.PopFront();
        Deliver(packet);
    }
}

void
AccessDevice::Arrive(const ArrivalQueue::Entry& entry)
{
    FifoLine::Slot slot;
    if (!m_adminUp)
    {
        Drop(Side::Down, entry.packet, DropReason::LinkDown);
    }
    else if (entry.size > m_mtu)
    {
        Drop(Side::Down, entry.packet, DropReason::Mtu);
    }
    else if (m_queueKind == FqCoDel)
    {
        MakeFqCodel();
        m_downCodel->Enqueue(entry.packet);
    }
    else if (m_down.Offer(entry.arrival, entry.size + m_overhead, FifoLine::Tie::Arrival, slot))
    {
        m_deliveries.PushBack({slot.end, entry.packet});
    }
    else
    {
        Drop(Side::Down, entry.packet, DropReason::QueueFullDown);
    }
}

void
AccessDevice::Deliver(Ptr<Packet> packet)
{
    m_received.Add(packet->GetSize());
    m_receiveTrace(packet);
    if (!m_datagramHandler.IsNull() && m_datagramHandler(packet))
    {
        return;
    }
    if (!m_promiscuous.IsNull())
    {
        m_promiscuous(this, packet, IPV4, m_macAddress, m_macAddress, PACKET_HOST);
    }
    if (!m_receive.IsNull())
    {
        m_receive(this, packet, IPV4, m_macAddress);
    }
}

void
AccessDevice::SetAdminUp(bool up)
{
    if (up == m_adminUp)
    {
        return;
    }
    NS_LOG_INFO(m_name << (up ? " comes up" : " goes down"));
    const int64_t now = Simulator::Now().GetNanoSeconds();
    // Those who arrived by now met the old state. Delivering stays with the event, which has the
    // node's context.
    while (!m_arrivals.IsEmpty() && m_arrivals.Top().arrival <= now)
    {
        const ArrivalQueue::Entry entry = m_arrivals.Pop();
        if (entry.packet)
        {
            Arrive(entry);
        }
    }
    m_adminUp = up;
    if (!up)
    {
        m_up.Flush(now);
        m_down.Flush(now);
        if (m_cloud)
        {
            m_cloud->Revoke(*this);
        }
        while (!m_deliveries.IsEmpty())
        {
            const Ptr<Packet> packet = m_deliveries.Front().packet;
            m_deliveries.PopFront();
            Drop(Side::Down, packet, DropReason::LinkDown);
        }
        if (m_upCodel)
        {
            m_upCodel->Flush(MakeCallback(&AccessDevice::OnUpFlush, this));
            m_downCodel->Flush(MakeCallback(&AccessDevice::OnDownFlush, this));
        }
    }
    m_linkChange();
    Arm();
}

void
AccessDevice::MakeFqCodel()
{
    if (m_upCodel)
    {
        return;
    }
    m_upCodel = std::make_unique<FqCodelLine>(m_up.GetRate(),
                                              m_up.GetLimit() / m_mtu,
                                              m_mtu,
                                              m_overhead,
                                              MakeCallback(&AccessDevice::Depart, this),
                                              MakeCallback(&AccessDevice::OnUpDrop, this));
    m_downCodel = std::make_unique<FqCodelLine>(m_down.GetRate(),
                                                m_down.GetLimit() / m_mtu,
                                                m_mtu,
                                                m_overhead,
                                                MakeCallback(&AccessDevice::OnDownStart, this),
                                                MakeCallback(&AccessDevice::OnDownDrop, this));
}

void
AccessDevice::OnDownStart(Ptr<Packet> packet, int64_t end)
{
    m_deliveries.PushBack({end, packet});
    Arm();
}

void
AccessDevice::OnUpDrop(Ptr<const Packet> packet, bool codel)
{
    Drop(Side::Up, packet, codel ? DropReason::CodelUp : DropReason::QueueFullUp);
}

void
AccessDevice::OnDownDrop(Ptr<const Packet> packet, bool codel)
{
    Drop(Side::Down, packet, codel ? DropReason::CodelDown : DropReason::QueueFullDown);
}

void
AccessDevice::OnUpFlush(Ptr<const Packet> packet)
{
    Drop(Side::Up, packet, DropReason::LinkDown);
}

void
AccessDevice::OnDownFlush(Ptr<const Packet> packet)
{
    Drop(Side::Down, packet, DropReason::LinkDown);
}

bool
AccessDevice::IsAdminUp() const
{
    return m_adminUp;
}

const std::string&
AccessDevice::GetName() const
{
    return m_name;
}

Ipv4Address
AccessDevice::GetCloudAddress() const
{
    return m_cloudAddress;
}

Ptr<ProviderCloud>
AccessDevice::GetCloud() const
{
    return m_cloud;
}

const PacketCount&
AccessDevice::GetOffered() const
{
    return m_offered;
}

const PacketCount&
AccessDevice::GetTransmitted() const
{
    return m_transmitted;
}

const PacketCount&
AccessDevice::GetReceived() const
{
    return m_received;
}

const DropCounts&
AccessDevice::GetUpDrops() const
{
    return m_upDrops;
}

const DropCounts&
AccessDevice::GetDownDrops() const
{
    return m_downDrops;
}

uint64_t
AccessDevice::GetUnderWay() const
{
    const uint64_t computed = m_arrivals.GetSize() + m_deliveries.GetSize();
    return m_upCodel ? computed + m_upCodel->GetBacklog() + m_downCodel->GetBacklog() : computed;
}

void
AccessDevice::SetUplinkRate(DataRate rate)
{
    m_up.SetRate(rate);
    if (m_upCodel)
    {
        m_upCodel->SetRate(rate);
    }
}

DataRate
AccessDevice::GetUplinkRate() const
{
    return m_up.GetRate();
}

void
AccessDevice::SetDownlinkRate(DataRate rate)
{
    m_down.SetRate(rate);
    if (m_downCodel)
    {
        m_downCodel->SetRate(rate);
    }
}

DataRate
AccessDevice::GetDownlinkRate() const
{
    return m_down.GetRate();
}

void
AccessDevice::SetQueueLimit(uint32_t bytes)
{
    m_up.SetLimit(bytes);
    m_down.SetLimit(bytes);
}

uint32_t
AccessDevice::GetQueueLimit() const
{
    return m_up.GetLimit();
}

void
AccessDevice::SetDownlinkQueueLimit(uint32_t bytes)
{
    if (bytes > 0)
    {
        m_down.SetLimit(bytes);
    }
}

uint32_t
AccessDevice::GetDownlinkQueueLimit() const
{
    return m_down.GetLimit();
}

} // namespace underlay
} // namespace ns3
