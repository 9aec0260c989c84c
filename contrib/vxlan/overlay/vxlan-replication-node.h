// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Replication by nodes that VTEPs hand one copy to: service nodes (NVP), replicators of assisted
 * replication (RFC 9574).
 *
 * Among the nodes that are alive, a frame's flow chooses one by hash. When none is left, a service
 * node's client floods nothing (NoDestination), while an assisted leaf falls back to head-end
 * replication, which it also uses for unicast frames at all times.
 */
#ifndef VXLAN_REPLICATION_NODE_H
#define VXLAN_REPLICATION_NODE_H

#include "vxlan-replication.h"

#include <deque>

namespace weft::vxlan
{

class NodeReplication : public Replication
{
  public:
    enum class Leaf : std::uint8_t
    {
        Pure,     ///< everything goes to a node
        Assisted, ///< broadcast and multicast only
    };

    NodeReplication(const ReplicationConfig& config, Leaf leaf, TimeNs now);

    AddressList Targets(const FloodNetwork& network, FloodKind kind, std::uint64_t hash) override;
    bool SourceIsOrigin(const IpAddress& source) const override;
    bool OnBfd(const IpAddress& source, const BfdPacket& packet, TimeNs now) override;
    bool PollProbe(Bytes& packet) override;
    TimeNs NextDeadline() const override;
    void OnDeadline(TimeNs now) override;

  private:
    void Refresh();

    Leaf m_leaf;
    std::vector<IpAddress> m_nodes;
    std::deque<BfdSession> m_sessions; ///< by node; none without probes
    std::vector<AddressList> m_alive;  ///< each a list of one
};

} // namespace weft::vxlan

#endif
