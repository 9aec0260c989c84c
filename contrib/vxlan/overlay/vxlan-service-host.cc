// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-service-host.h"

#include "vxlan-reason.h"

#include <algorithm>
#include <stdexcept>

namespace weft::vxlan
{

namespace
{

netbase::EndpointConfig
WithReports(netbase::EndpointConfig config, bool reports)
{
    config.neighbours.reportsChanges = reports;
    return config;
}

} // namespace

ServiceHost::ServiceHost(const ServiceHostConfig& config, TimeNs now)
    : m_underlay(WithReports(config.underlay, config.tables), now), m_tables(config.tables)
{
    if (config.serviceNode)
    {
        if (config.serviceNode->address != config.underlay.address)
        {
            throw std::invalid_argument(
                "serviceHost.serviceNode.address is " + config.serviceNode->address.ToString() +
                "; it is the underlay's, " + config.underlay.address.ToString());
        }
        m_node = std::make_unique<ServiceNode>(*config.serviceNode);
    }
    for (const std::uint16_t port : config.ports)
    {
        m_udp.Bind(port);
    }
    Pump(now);
}

void
ServiceHost::OnFrame(ByteView frame, TimeNs now)
{
    ++m_counters.framesIn;
    if (!m_up)
    {
        m_counters.drops.Add(DropReason::NodeDown);
        return;
    }
    ByteView packet;
    m_underlay.Receive(frame, now, packet);
    if (!packet.empty())
    {
        OnPacket(packet, now);
    }
    Pump(now);
}

/// A whole IP packet came for this host.
void
ServiceHost::OnPacket(ByteView packet, TimeNs now)
{
    if (m_node && m_node->Matches(packet))
    {
        m_node->OnUnderlayPacket(packet, now);
        return;
    }
    DropReason reason = DropReason::None;
    if (!m_udp.Take(packet, reason))
    {
        reason = DropReason::NotForUs;
    }
    if (reason == DropReason::None)
    {
        ++m_counters.datagramsIn;
        return;
    }
    m_counters.drops.Add(reason);
}

void
ServiceHost::Pump(TimeNs now)
{
    while (m_underlay.PollPacket(m_packet))
    {
        OnPacket(m_packet, now);
    }
    while (m_node && m_node->PollUnderlay(m_packet))
    {
        const auto reason = m_underlay.SendPacket(m_packet, now);
        if (reason != netbase::DropReason::None)
        {
            m_counters.drops.Add(ToDropReason(reason));
        }
    }
    netbase::TableChange unread;
    while (!m_tables && m_underlay.PollTableChange(unread))
    {
    }
}

bool
ServiceHost::PollFrame(Bytes& frame)
{
    if (!m_underlay.PollFrame(frame))
    {
        return false;
    }
    ++m_counters.framesOut;
    return true;
}

DropReason
ServiceHost::SendDatagram(std::uint16_t sourcePort,
                          const IpAddress& to,
                          std::uint16_t destinationPort,
                          ByteView payload,
                          TimeNs now)
{
    const DropReason reason =
        m_up ? UdpPorts::Send(m_underlay, sourcePort, to, destinationPort, payload, now)
             : DropReason::NodeDown;
    if (reason == DropReason::None)
    {
        ++m_counters.datagramsOut;
        return reason;
    }
    m_counters.drops.Add(reason);
    return reason;
}

bool
ServiceHost::PollDatagram(Bytes& payload, UnderlayDatagram& datagram)
{
    return m_udp.Poll(payload, datagram);
}

void
ServiceHost::SetUp(bool up, TimeNs now)
{
    if (m_up == up)
    {
        return;
    }
    m_up = up;
    if (!up)
    {
        m_underlay.FlushNeighbours(now);
        Pump(now);
        while (m_underlay.PollFrame(m_packet))
        {
            m_counters.drops.Add(DropReason::NodeDown);
        }
        return;
    }
    OnDeadline(now); // what fell due meanwhile
}

bool
ServiceHost::IsUp() const
{
    return m_up;
}

TimeNs
ServiceHost::NextDeadline() const
{
    if (!m_up)
    {
        return NEVER;
    }
    return m_node ? std::min(m_node->NextDeadline(), m_underlay.NextDeadline())
                  : m_underlay.NextDeadline();
}

void
ServiceHost::OnDeadline(TimeNs now)
{
    if (!m_up)
    {
        return;
    }
    m_underlay.OnDeadline(now);
    if (m_node)
    {
        m_node->OnDeadline(now);
    }
    Pump(now);
}

bool
ServiceHost::PollTableChange(netbase::TableChange& change)
{
    return m_tables && m_underlay.PollTableChange(change);
}

const ServiceHostCounters&
ServiceHost::Counters() const
{
    return m_counters;
}

ServiceNode*
ServiceHost::Node()
{
    return m_node.get();
}

const ServiceNode*
ServiceHost::Node() const
{
    return m_node.get();
}

const netbase::IpEndpoint&
ServiceHost::Underlay() const
{
    return m_underlay;
}

} // namespace weft::vxlan
