// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-fq-codel-line.h"

#include "ns3/address.h"
#include "ns3/codel-queue-disc.h"
#include "ns3/fq-codel-queue-disc.h"
#include "ns3/ipv4-header.h"
#include "ns3/ipv4-queue-disc-item.h"
#include "ns3/queue-size.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <cstring>

namespace ns3
{
namespace underlay
{

namespace
{

/// @return the IPv4 header of @p packet, which will be written back as it was, checksum or none.
Ipv4Header
TakeHeader(Ptr<Packet> packet)
{
    uint8_t start[12] = {};
    packet->CopyData(start, sizeof(start));
    Ipv4Header header;
    if (start[10] != 0 || start[11] != 0)
    {
        header.EnableChecksum();
    }
    packet->RemoveHeader(header);
    return header;
}

/// @return @p item as the packet it came as.
Ptr<Packet>
Whole(Ptr<const QueueDiscItem> item)
{
    Ptr<Packet> packet = item->GetPacket()->Copy();
    if (packet->GetSize() < item->GetSize())
    {
        packet->AddHeader(DynamicCast<const Ipv4QueueDiscItem>(item)->GetHeader());
    }
    return packet;
}

} // namespace

FqCodelLine::FqCodelLine(DataRate rate,
                         uint32_t packets,
                         uint32_t quantum,
                         uint32_t overhead,
                         StartCallback start,
                         DropCallback drop)
    : m_rate(rate), m_overhead(overhead), m_start(start), m_drop(drop)
{
    Ptr<FqCoDelQueueDisc> disc = CreateObject<FqCoDelQueueDisc>();
    disc->SetAttribute("MaxSize",
                       QueueSizeValue(QueueSize(QueueSizeUnit::PACKETS, std::max(1u, packets))));
    disc->SetQuantum(quantum);
    disc->Initialize();
    disc->TraceConnectWithoutContext("DropBeforeEnqueue", MakeCallback(&FqCodelLine::OnDrop, this));
    disc->TraceConnectWithoutContext("DropAfterDequeue", MakeCallback(&FqCodelLine::OnDrop, this));
    m_disc = disc;
}

FqCodelLine::~FqCodelLine()
{
    m_next.Cancel();
    m_disc->TraceDisconnectWithoutContext("DropBeforeEnqueue",
                                          MakeCallback(&FqCodelLine::OnDrop, this));
    m_disc->TraceDisconnectWithoutContext("DropAfterDequeue",
                                          MakeCallback(&FqCodelLine::OnDrop, this));
    m_disc->Dispose();
}

void
FqCodelLine::Enqueue(Ptr<Packet> packet)
{
    const Ipv4Header header = TakeHeader(packet);
    m_disc->Enqueue(Create<Ipv4QueueDiscItem>(packet, Address(), 0x0800, header));
    Run();
}

void
FqCodelLine::Run()
{
    const Time now = Simulator::Now();
    if (m_freeAt <= now && m_next.IsExpired())
    {
        if (Ptr<QueueDiscItem> item = m_disc->Dequeue())
        {
            item->AddHeader();
            Ptr<Packet> packet = item->GetPacket();
            m_freeAt = now + m_rate.CalculateBytesTxTime(packet->GetSize() + m_overhead);
            m_start(packet, m_freeAt.GetNanoSeconds());
        }
    }
    if (m_disc->GetNPackets() > 0 && m_next.IsExpired())
    {
        m_next = Simulator::Schedule(m_freeAt - now, &FqCodelLine::Run, this);
    }
}

void
FqCodelLine::Flush(Callback<void, Ptr<const Packet>> out)
{
    m_next.Cancel();
    m_freeAt = Simulator::Now();
    while (Ptr<QueueDiscItem> item = m_disc->Dequeue())
    {
        out(Whole(item));
    }
}

uint32_t
FqCodelLine::GetBacklog() const
{
    return m_disc->GetNPackets();
}

void
FqCodelLine::OnDrop(Ptr<const QueueDiscItem> item, const char* reason)
{
    m_drop(Whole(item), std::strstr(reason, CoDelQueueDisc::TARGET_EXCEEDED_DROP) != nullptr);
}

} // namespace underlay
} // namespace ns3
