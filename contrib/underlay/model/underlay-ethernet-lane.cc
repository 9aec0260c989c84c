// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-ethernet-lane.h"

#include "underlay-ethernet-device.h"
#include "underlay-ethernet-link.h"
#include "underlay-firewall.h"

#include "ns3/simulator.h"

#include <algorithm>
#include <chrono>

namespace ns3
{
namespace underlay
{

namespace
{

/// @return the name of what the weather did @param reason what it did
FrameDrop
ToFrameDrop(weft::underlay::LossReason reason)
{
    switch (reason)
    {
    case weft::underlay::LossReason::CommonLoss:
        return FrameDrop::CommonLoss;
    case weft::underlay::LossReason::EventLoss:
        return FrameDrop::EventLoss;
    case weft::underlay::LossReason::Down:
        return FrameDrop::PathDown;
    default:
        return FrameDrop::Loss;
    }
}

} // namespace

EthernetLane::EthernetLane(EthernetDevice& from, EthernetDevice& to, EthernetLink& link)
    : m_from(from), m_to(to), m_link(link), m_deadline(this)
{
}

bool
EthernetLane::Accept(Ptr<Packet> frame)
{
    const uint32_t size = frame->GetSize();
    const int64_t now = Simulator::Now().GetNanoSeconds();
    FifoLine::Slot slot;
    if (!m_line.Offer(now, size + EthernetDevice::OVERHEAD, FifoLine::Tie::Departure, slot))
    {
        return m_from.DropSent(frame, FrameDrop::QueueFull);
    }
    m_transmitted.Add(size);
    m_busy += slot.end - slot.start;
    m_from.m_transmitted.Add(size);
    if (!m_from.m_transmitTrace.IsEmpty())
    {
        m_from.m_transmitTrace(frame, NanoSeconds(slot.end));
    }
    int64_t arrival = slot.end + m_link.m_delay.GetNanoSeconds();
    if (m_weather)
    {
        const auto fate = m_weather->At(std::chrono::nanoseconds(slot.end));
        if (fate.lost)
        {
            m_from.DropSent(frame, ToFrameDrop(fate.reason));
            return true;
        }
        arrival += fate.delay.count();
    }
    if (m_link.m_firewall && !m_link.m_firewall->Inspect(frame))
    {
        m_from.DropSent(frame, FrameDrop::NotDns);
        return true;
    }
    m_lastArrival = std::max(m_lastArrival, arrival);
    m_underWay.PushBack({m_lastArrival, std::move(frame)});
    Arm();
    return true;
}

void
EthernetLane::Arm()
{
    if (m_underWay.IsEmpty())
    {
        return;
    }
    m_deadline.At(m_underWay.Front().at, m_to.m_nodeId);
}

void
EthernetLane::OnDeadline()
{
    const int64_t now = Simulator::Now().GetNanoSeconds();
    while (!m_underWay.IsEmpty() && m_underWay.Front().at <= now)
    {
        Ptr<Packet> frame = std::move(m_underWay.Front().frame);
        m_underWay.PopFront();
        m_to.Receive(std::move(frame));
    }
    Arm();
}

void
EthernetLane::Flush()
{
    const int64_t now = Simulator::Now().GetNanoSeconds();
    m_line.Flush(now);
    m_lastArrival = now;
    while (!m_underWay.IsEmpty())
    {
        const Ptr<Packet> frame = m_underWay.Front().frame;
        m_underWay.PopFront();
        m_from.DropSent(frame, FrameDrop::LinkDown);
    }
}

} // namespace underlay
} // namespace ns3
