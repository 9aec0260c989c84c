// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-edge.h"

#include "ns3/double.h"
#include "ns3/log.h"
#include "ns3/node.h"
#include "ns3/nstime.h"
#include "ns3/sdwan-outer-header.h"
#include "ns3/simulator.h"
#include "ns3/trace-source-accessor.h"

#include <algorithm>
#include <cmath>

namespace ns3
{
namespace sdwan
{

NS_LOG_COMPONENT_DEFINE("SdwanEdge");
NS_OBJECT_ENSURE_REGISTERED(Edge);

namespace
{

constexpr std::uint16_t ETHERTYPE_IPV4 = 0x0800;

} // namespace

TypeId
Edge::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::sdwan::Edge")
            .SetParent<Object>()
            .SetGroupName("Sdwan")
            .AddConstructor<Edge>()
            .AddAttribute("ClockOffset",
                          "What the Edge's clock shows at simulated time zero.",
                          TimeValue(Seconds(0)),
                          MakeTimeAccessor(&Edge::m_clockOffset),
                          MakeTimeChecker())
            .AddAttribute(
                "ClockSkew",
                "How much faster than simulated time the Edge's clock runs, in parts per million.",
                DoubleValue(0.0),
                MakeDoubleAccessor(&Edge::m_clockSkewPpm),
                MakeDoubleChecker<double>(-1000.0, 1000.0))
            .AddTraceSource("Event",
                            "A steering decision, or a path that went up or down.",
                            MakeTraceSourceAccessor(&Edge::m_eventTrace),
                            "ns3::sdwan::Edge::EventTracedCallback")
            .AddTraceSource("Drop",
                            "A packet or datagram was discarded, and why.",
                            MakeTraceSourceAccessor(&Edge::m_dropTrace),
                            "ns3::sdwan::Edge::DropTracedCallback")
            .AddTraceSource("Transmit",
                            "A datagram goes out on a WAN link.",
                            MakeTraceSourceAccessor(&Edge::m_transmitTrace),
                            "ns3::sdwan::Edge::TransmitTracedCallback");
    return tid;
}

Edge::Edge() : m_timerAt(weft::sdwan::NEVER)
{
}

Edge::~Edge() = default;

void
Edge::Configure(weft::sdwan::EdgeConfig config)
{
    NS_LOG_FUNCTION(this << config.name);
    config.transmitHeadroom = weft::sdwan::OUTER_IPV4_UDP_SIZE;
    m_wan.resize(config.links.size());
    m_dataplane = std::make_unique<weft::sdwan::EdgeDataplane>(std::move(config),
                                                               LocalTime(Simulator::Now()));
}

void
Edge::AddLanDevice(Ptr<NetDevice> device, Ipv4Address network, Ipv4Mask mask)
{
    // Longest prefix first, so that the first match is the right one.
    const auto place = std::find_if(m_lan.begin(), m_lan.end(), [mask](const auto& port) {
        return port.mask.GetPrefixLength() < mask.GetPrefixLength();
    });
    m_lan.insert(place, {device, network, mask});
    device->GetNode()->RegisterProtocolHandler(
        MakeCallback(&Edge::ReceiveFromLan, this), ETHERTYPE_IPV4, device);
}

void
Edge::AddWanDevice(std::uint16_t link, Ptr<NetDevice> device)
{
    m_wan.at(link) = device;
    device->GetNode()->RegisterProtocolHandler(
        MakeCallback(&Edge::ReceiveFromWan, this), ETHERTYPE_IPV4, device);
}

const weft::sdwan::EdgeDataplane&
Edge::GetDataplane() const
{
    return *m_dataplane;
}

weft::sdwan::TimeNs
Edge::LocalTime(Time simulated) const
{
    const std::int64_t now = simulated.GetNanoSeconds();
    const auto drift =
        static_cast<std::int64_t>(std::llround(static_cast<double>(now) * m_clockSkewPpm * 1e-6));
    return weft::sdwan::TimeNs{m_clockOffset.GetNanoSeconds() + now + drift};
}

void
Edge::DoInitialize()
{
    if (m_dataplane)
    {
        Drain();
    }
    Object::DoInitialize();
}

void
Edge::DoDispose()
{
    m_timer.Cancel();
    m_lan.clear();
    m_wan.clear();
    m_dataplane.reset();
    Object::DoDispose();
}

void
Edge::ReceiveFromLan(Ptr<NetDevice>,
                     Ptr<const Packet> packet,
                     std::uint16_t,
                     const Address&,
                     const Address&,
                     NetDevice::PacketType)
{
    m_scratch.resize(packet->GetSize());
    packet->CopyData(m_scratch.data(), packet->GetSize());
    const auto reason = m_dataplane->OnLanPacket(m_scratch, LocalTime(Simulator::Now()));
    if (reason != weft::sdwan::DropReason::None)
    {
        m_dropTrace(reason, packet->GetSize());
    }
    Drain();
}

void
Edge::ReceiveFromWan(Ptr<NetDevice> device,
                     Ptr<const Packet> packet,
                     std::uint16_t,
                     const Address&,
                     const Address&,
                     NetDevice::PacketType)
{
    std::uint16_t link = 0;
    while (m_wan[link] != device)
    {
        ++link;
    }
    m_scratch.resize(packet->GetSize());
    packet->CopyData(m_scratch.data(), packet->GetSize());
    const auto reason = m_dataplane->OnOuterPacket(link, m_scratch, LocalTime(Simulator::Now()));
    if (reason != weft::sdwan::DropReason::None)
    {
        m_dropTrace(reason, packet->GetSize());
    }
    Drain();
}

void
Edge::OnTimer()
{
    m_timerAt = weft::sdwan::NEVER;
    m_dataplane->OnDeadline(LocalTime(Simulator::Now()));
    Drain();
}

void
Edge::Drain()
{
    if (m_draining)
    {
        return;
    }
    m_draining = true;
    // Events first: whoever watches learns of a flow before the first datagram of it.
    while (auto* event = m_dataplane->PollEvent())
    {
        m_eventTrace(*event);
        m_dataplane->PopEvent();
    }
    while (auto* out = m_dataplane->PollTransmit())
    {
        weft::sdwan::WriteOuterHeader(
            out->bytes, out->meta.localAddress, out->meta.remoteAddress, out->meta.dscp);
        Ptr<Packet> packet = Create<Packet>(out->bytes.data(), out->bytes.size());
        const auto info = out->meta;
        m_dataplane->PopTransmit();
        m_transmitTrace(info, packet);
        Ptr<NetDevice> device = m_wan[info.link];
        device->Send(packet, device->GetBroadcast(), ETHERTYPE_IPV4);
    }
    while (auto* out = m_dataplane->PollDelivery())
    {
        Ptr<Packet> packet = Create<Packet>(out->bytes.data(), out->bytes.size());
        const Ipv4Address destination(out->meta.destination);
        m_dataplane->PopDelivery();
        const auto port = std::find_if(m_lan.begin(), m_lan.end(), [destination](const auto& p) {
            return p.mask.IsMatch(destination, p.network);
        });
        if (port == m_lan.end())
        {
            m_dropTrace(weft::sdwan::DropReason::NoRoute, packet->GetSize());
            continue;
        }
        port->device->Send(packet, port->device->GetBroadcast(), ETHERTYPE_IPV4);
    }
    m_draining = false;

    const auto next = m_dataplane->NextDeadline();
    if (next < m_timerAt)
    {
        // Waking too early is harmless; so a deadline that moves away leaves the timer where it is.
        m_timer.Cancel();
        m_timerAt = next;
        const auto wait = next - LocalTime(Simulator::Now());
        const auto local = std::max<std::int64_t>(wait.count(), 0);
        const auto simulated = static_cast<std::int64_t>(
            std::ceil(static_cast<double>(local) / (1.0 + m_clockSkewPpm * 1e-6)));
        m_timer = Simulator::Schedule(NanoSeconds(simulated), &Edge::OnTimer, this);
    }
}

} // namespace sdwan
} // namespace ns3
