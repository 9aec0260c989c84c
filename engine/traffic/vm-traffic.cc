// SPDX-License-Identifier: GPL-2.0-only
#include "engine/traffic/vm-traffic.h"

#include "engine/traffic/stamp.h"

#include "ns3/callback.h"
#include "ns3/netbase-arp.h"
#include "ns3/netbase-ethernet.h"
#include "ns3/netbase-icmp.h"
#include "ns3/netbase-ip.h"
#include "ns3/netbase-ipv4.h"
#include "ns3/netbase-udp.h"
#include "ns3/node.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <fmt/format.h>

namespace weft::engine
{

namespace
{

constexpr std::uint32_t ARP_FRAME = netbase::ETHERNET_HEADER + netbase::ARP_SIZE;

TimeNs
Now()
{
    return TimeNs(ns3::Simulator::Now().GetNanoSeconds());
}

std::uint32_t
ContextOf(const ns3::Ptr<ns3::vxlan::VmDevice>& vm)
{
    const auto hypervisor = vm->GetHypervisor();
    const auto node = hypervisor ? hypervisor->GetObject<ns3::Node>() : vm->GetNode();
    return node ? node->GetId() : ns3::Simulator::NO_CONTEXT;
}

} // namespace

Sender::Sender(SendPlan plan, std::uint32_t context, std::function<void(std::uint64_t)> send)
    : m_plan(plan), m_send(std::move(send))
{
    const TimeNs wait = std::max(m_plan.start - Now(), TimeNs(0));
    ns3::Simulator::ScheduleWithContext(
        context, ns3::NanoSeconds(wait.count()), &Sender::Next, this);
}

Sender::~Sender()
{
    m_event.Cancel();
}

void
Sender::Next()
{
    if (Now() >= m_plan.stop || (m_plan.packets && m_sent >= *m_plan.packets))
    {
        return;
    }
    m_send(m_sent++);
    // From the start, so that rounding does not add up.
    const TimeNs due = m_plan.start + m_plan.interval * static_cast<std::int64_t>(m_sent);
    m_event =
        ns3::Simulator::Schedule(ns3::NanoSeconds((due - Now()).count()), &Sender::Next, this);
}

// ---------------------------------------------------------------- ping

PingTraffic::PingTraffic(FlowIndex flow,
                         ns3::Ptr<ns3::vxlan::VmDevice> from,
                         const netbase::IpAddress& to,
                         std::uint32_t size,
                         bool dontFragment,
                         const SendPlan& plan,
                         FlowObserver& observer)
    : m_flow(flow), m_from(from), m_to(to), m_size(size), m_dontFragment(dontFragment),
      m_observer(observer),
      m_sender(plan, ContextOf(from), [this](std::uint64_t number) { Send(number); })
{
    m_from->TraceConnectWithoutContext("PingReply", ns3::MakeCallback(&PingTraffic::OnReply, this));
}

void
PingTraffic::Send(std::uint64_t number)
{
    m_observer.OnSent(m_flow, Direction::Forward, number, Now(), m_size);
    m_sending = number;
    m_outstanding[m_from->Ping(m_to, m_size, m_dontFragment)] = number;
    m_sending.reset();
}

void
PingTraffic::OnReply(const ns3::vxlan::PingReply& reply)
{
    if (m_sending)
    {
        // From a machine of the same host: the answer is here before Ping() returns.
        m_outstanding[reply.sequence] = *m_sending;
    }
    const auto found = m_outstanding.find(reply.sequence);
    if (found != m_outstanding.end())
    {
        const TimeNs now = Now();
        m_observer.OnReceived(m_flow,
                              Direction::Forward,
                              found->second,
                              now - TimeNs(reply.rtt.GetNanoSeconds()),
                              now,
                              reply.size);
    }
}

UnderlayPingTraffic::UnderlayPingTraffic(FlowIndex flow,
                                         ns3::Ptr<ns3::vxlan::Hypervisor> from,
                                         const netbase::IpAddress& to,
                                         std::uint32_t size,
                                         const SendPlan& plan,
                                         FlowObserver& observer)
    : m_flow(flow), m_from(from), m_to(to), m_payload(size), m_observer(observer),
      m_sender(plan, from->GetObject<ns3::Node>()->GetId(), [this](std::uint64_t number) {
          Send(number);
      })
{
    m_from->TraceConnectWithoutContext("Receive",
                                       ns3::MakeCallback(&UnderlayPingTraffic::OnFrame, this));
}

void
UnderlayPingTraffic::Send(std::uint64_t number)
{
    m_observer.OnSent(
        m_flow, Direction::Forward, number, Now(), static_cast<std::uint32_t>(m_payload.size()));
    m_sentAt.push_back(Now());
    m_from->Do([&](vxlan::Hypervisor& core, netbase::TimeNs now) {
        core.Ping(m_to,
                  static_cast<std::uint16_t>(m_flow),
                  static_cast<std::uint16_t>(number),
                  m_payload,
                  now);
    });
}

void
UnderlayPingTraffic::OnFrame(netbase::ByteView frame, std::uint32_t)
{
    netbase::EthernetHeader ethernet;
    netbase::IcmpMessage icmp;
    netbase::IpFacts ip;
    if (netbase::ReadEthernet(frame, ethernet) != netbase::DropReason::None)
    {
        return;
    }
    const netbase::ByteView packet = frame.subspan(ethernet.payloadOffset);
    if (netbase::ReadIp(packet, ip) != netbase::DropReason::None || ip.source != m_to ||
        netbase::ReadIcmp(packet, icmp) != netbase::DropReason::None ||
        icmp.kind != netbase::IcmpKind::EchoReply || icmp.id != static_cast<std::uint16_t>(m_flow))
    {
        return;
    }
    // ICMP has 16 bits of the number; the newest ping with these is the one.
    std::uint64_t number = icmp.sequence;
    constexpr std::uint64_t ROUND = 0x10000;
    while (number + ROUND < m_sentAt.size())
    {
        number += ROUND;
    }
    if (number < m_sentAt.size())
    {
        m_observer.OnReceived(m_flow,
                              Direction::Forward,
                              number,
                              m_sentAt[number],
                              Now(),
                              static_cast<std::uint32_t>(m_payload.size()));
    }
}

// ---------------------------------------------------------------- broadcast

void
UdpPorts::Bind(ns3::Ptr<ns3::vxlan::VmDevice> vm, std::uint16_t port, Handler handler)
{
    auto& ports = m_ports[ns3::PeekPointer(vm)];
    if (!ports)
    {
        ports = std::make_shared<Ports>();
        vm->SetPacketHandler([ports](netbase::ByteView packet) {
            netbase::IpFacts ip;
            netbase::UdpHeader udp;
            if (netbase::ReadIp(packet, ip) != netbase::DropReason::None || ip.fragment ||
                ip.protocol != netbase::protocol::UDP)
            {
                return false;
            }
            const netbase::ByteView segment = ip.Payload(packet);
            if (netbase::ReadUdp(segment, udp) != netbase::DropReason::None ||
                !netbase::UdpChecksumOk(ip.source, ip.destination, segment))
            {
                return false;
            }
            const auto found = ports->find(udp.destinationPort);
            if (found == ports->end())
            {
                return false;
            }
            for (const Handler& each : found->second)
            {
                each(segment.subspan(netbase::UDP_HEADER));
            }
            return true;
        });
    }
    (*ports)[port].push_back(std::move(handler));
}

BroadcastTraffic::BroadcastTraffic(Config config, UdpPorts& ports, FlowObserver& observer)
    : m_config(std::move(config)), m_observer(observer), m_seen(m_config.receivers.size()),
      m_payload(m_config.size),
      m_sender(
          m_config.plan, ContextOf(m_config.from), [this](std::uint64_t number) { Send(number); })
{
    for (std::size_t r = 0; r < m_config.receivers.size(); ++r)
    {
        ports.Bind(m_config.receivers[r],
                   m_config.destinationPort,
                   [this, r](netbase::ByteView payload) { OnArrival(r, payload); });
    }
}

void
BroadcastTraffic::Send(std::uint64_t number)
{
    const TimeNs now = Now();
    Stamp{m_config.flow, Direction::Forward, number, now}.Write(m_payload);
    netbase::UdpDatagram datagram;
    datagram.source = m_config.source;
    datagram.destination = netbase::IpAddress::V4(0xffffffffu);
    datagram.sourcePort = m_config.sourcePort;
    datagram.destinationPort = m_config.destinationPort;
    m_packet.clear();
    netbase::AppendUdpPacket(m_packet, datagram, m_payload);
    m_datagrams.emplace_back();
    m_observer.OnSent(m_config.flow, Direction::Forward, number, now, m_config.size);
    m_config.from->SendPacket(m_packet);
}

void
BroadcastTraffic::OnArrival(std::size_t receiver, netbase::ByteView payload)
{
    const auto stamp = Stamp::Read(payload);
    if (!stamp || stamp->flow != m_config.flow || stamp->sequence >= m_datagrams.size())
    {
        return;
    }
    auto& seen = m_seen[receiver];
    seen.resize(m_datagrams.size());
    if (seen[stamp->sequence])
    {
        ++m_duplicates;
        return;
    }
    seen[stamp->sequence] = true;
    ++m_arrivals;
    Datagram& datagram = m_datagrams[stamp->sequence];
    const TimeNs now = Now();
    if (datagram.arrivals++ == 0)
    {
        datagram.first = now;
    }
    datagram.last = now;
    if (datagram.arrivals == m_config.receivers.size())
    {
        m_observer.OnReceived(m_config.flow,
                              Direction::Forward,
                              stamp->sequence,
                              stamp->time,
                              now,
                              static_cast<std::uint32_t>(payload.size()));
    }
}

void
BroadcastTraffic::Finish(Recorder& recorder) const
{
    std::int64_t sum = 0;
    std::int64_t largest = 0;
    std::uint64_t complete = 0;
    for (const Datagram& datagram : m_datagrams)
    {
        if (datagram.arrivals == m_config.receivers.size() && datagram.arrivals > 0)
        {
            const std::int64_t skew = (datagram.last - datagram.first).count();
            ++complete;
            sum += skew;
            largest = std::max(largest, skew);
        }
    }
    const auto set = [&](std::string_view figure, double value) {
        recorder.SetScalar(fmt::format("{}.{}", m_config.name, figure), value);
    };
    set("receivers", static_cast<double>(m_config.receivers.size()));
    set("arrivals", static_cast<double>(m_arrivals));
    set("arrivals_duplicate", static_cast<double>(m_duplicates));
    const double expected =
        static_cast<double>(m_datagrams.size()) * static_cast<double>(m_config.receivers.size());
    set("arrivals_lost", expected - static_cast<double>(m_arrivals));
    set("complete", static_cast<double>(complete));
    if (complete > 0)
    {
        set("skew_mean_us", static_cast<double>(sum) / static_cast<double>(complete) * 1e-3);
        set("skew_max_us", static_cast<double>(largest) * 1e-3);
    }
}

// ---------------------------------------------------------------- ARP

ArpTraffic::ArpTraffic(FlowIndex flow,
                       ns3::Ptr<ns3::vxlan::VmDevice> from,
                       const netbase::IpAddress& target,
                       const SendPlan& plan,
                       FlowObserver& observer)
    : m_flow(flow), m_from(from), m_target(target), m_observer(observer),
      m_sender(plan, ContextOf(from), [this](std::uint64_t number) { Send(number); })
{
    m_from->TraceConnectWithoutContext("Receive", ns3::MakeCallback(&ArpTraffic::OnFrame, this));
}

void
ArpTraffic::Send(std::uint64_t number)
{
    m_asked = number;
    m_askedAt = Now();
    m_observer.OnSent(m_flow, Direction::Forward, number, m_askedAt, ARP_FRAME);
    m_from->Resolve(m_target);
}

void
ArpTraffic::OnFrame(netbase::ByteView frame)
{
    netbase::EthernetHeader ethernet;
    netbase::ArpPacket arp;
    if (!m_asked || netbase::ReadEthernet(frame, ethernet) != netbase::DropReason::None ||
        ethernet.type != netbase::ethertype::ARP ||
        netbase::ReadArp(frame.subspan(ethernet.payloadOffset), arp) != netbase::DropReason::None ||
        arp.operation != netbase::ArpOperation::Reply || arp.sender != m_target)
    {
        return;
    }
    m_observer.OnReceived(m_flow, Direction::Forward, *m_asked, m_askedAt, Now(), ARP_FRAME);
    m_asked.reset();
}

} // namespace weft::engine
