// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * A host on the underlay that serves VTEPs: its network card and IP, and on top a service node, UDP
 * ports for a controller, or both.
 */
#ifndef VXLAN_SERVICE_HOST_H
#define VXLAN_SERVICE_HOST_H

#include "vxlan-service-node.h"
#include "vxlan-udp-ports.h"

namespace weft::vxlan
{

struct ServiceHostConfig
{
    netbase::EndpointConfig underlay;
    /// Its address is the underlay's.
    std::optional<ServiceNodeConfig> serviceNode;
    std::vector<std::uint16_t> ports; ///< UDP ports of PollDatagram()
    bool tables = false;              ///< changes of the ARP cache, for PollTableChange()
};

struct ServiceHostCounters
{
    std::uint64_t framesIn = 0;
    std::uint64_t framesOut = 0;
    std::uint64_t datagramsIn = 0;
    std::uint64_t datagramsOut = 0;
    DropCounts
        drops; ///< the host's own: NodeDown, BadChecksum, NoBuffer, NotForUs, TooBig, NoRoute
};

/// Sans-I/O: after every call that takes a time, poll until the Poll functions return false.
class ServiceHost
{
  public:
    /// @throws std::invalid_argument naming the field, its value and the rule
    ServiceHost(const ServiceHostConfig& config, TimeNs now);

    void OnFrame(ByteView frame, TimeNs now);
    bool PollFrame(Bytes& frame);

    /// @return why it was not sent
    DropReason SendDatagram(std::uint16_t sourcePort,
                            const IpAddress& to,
                            std::uint16_t destinationPort,
                            ByteView payload,
                            TimeNs now);
    bool PollDatagram(Bytes& payload, UnderlayDatagram& datagram);

    /// The host fails without a word, or comes back. While it is down everything that comes is
    /// dropped (NodeDown), and nothing goes out.
    void SetUp(bool up, TimeNs now);
    bool IsUp() const;

    TimeNs NextDeadline() const;
    void OnDeadline(TimeNs now);
    bool PollTableChange(netbase::TableChange& change);

    const ServiceHostCounters& Counters() const;
    /// @return the service node, or nullptr
    ServiceNode* Node();
    const ServiceNode* Node() const;
    const netbase::IpEndpoint& Underlay() const;

  private:
    void OnPacket(ByteView packet, TimeNs now);
    void Pump(TimeNs now);

    netbase::IpEndpoint m_underlay;
    std::unique_ptr<ServiceNode> m_node;
    UdpPorts m_udp;
    bool m_tables;
    bool m_up = true;
    Bytes m_packet;
    ServiceHostCounters m_counters;
};

} // namespace weft::vxlan

#endif
