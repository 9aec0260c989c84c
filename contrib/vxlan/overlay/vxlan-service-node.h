// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * A service node: takes one copy of a flooded frame and sends it to every other VTEP of its
 * network. It answers the VTEPs' BFD sessions, by which they notice its death.
 *
 * Copies keep the outer source of the VTEP that sent the frame, so that data-plane learning still
 * works; or they carry the node's own, as a control-plane-fed network may want.
 */
#ifndef VXLAN_SERVICE_NODE_H
#define VXLAN_SERVICE_NODE_H

#include "vxlan-bfd.h"
#include "vxlan-drops.h"
#include "vxlan-encapsulation.h"
#include "vxlan-replication.h"

#include <absl/container/flat_hash_map.h>

#include <optional>

namespace weft::vxlan
{

struct ServiceNodeConfig
{
    IpAddress address;
    EncapsulationConfig encapsulation;
    bool keepSource = true; ///< copies carry the sending VTEP's address
    BfdConfig probe;
    std::size_t maxSessions = 65536; ///< BFD sessions with VTEPs; more are not answered
    std::uint32_t mtu = 1500;        ///< packets beyond are dropped (TooBig)
};

struct ServiceNodeCounters
{
    std::uint64_t packets = 0;    ///< == replicated + segments + probes + drops.Total()
    std::uint64_t replicated = 0; ///< frames
    std::uint64_t copies = 0;
    std::uint64_t copyBytes = 0; ///< of IP packets
    std::uint64_t segments = 0;  ///< kept until their frame is complete (STT)
    std::uint64_t probes = 0;
    std::uint64_t probesSent = 0;
    std::uint64_t framesLost = 0; ///< incomplete frames given up
    DropCounts drops;
};

class ServiceNode
{
  public:
    /// @throws std::invalid_argument naming the field, its value and the rule
    explicit ServiceNode(const ServiceNodeConfig& config);
    ~ServiceNode();
    ServiceNode(const ServiceNode&) = delete;
    ServiceNode& operator=(const ServiceNode&) = delete;

    /// Sets all VTEPs of a network; an empty list removes it.
    void SetMembers(Vni vni, const std::vector<IpAddress>& vteps);
    bool Matches(ByteView ipPacket) const;
    DropReason OnUnderlayPacket(ByteView ipPacket, TimeNs now);
    bool PollUnderlay(Bytes& ipPacket);
    TimeNs NextDeadline() const;
    void OnDeadline(TimeNs now);
    const ServiceNodeCounters& Counters() const;

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace weft::vxlan

#endif
