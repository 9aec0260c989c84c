// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * The spanning tree of a fabric of switches, computed over the whole graph.
 */
#ifndef UNDERLAY_SPANNING_TREE_H
#define UNDERLAY_SPANNING_TREE_H

#include "underlay-ethernet-link.h"
#include "underlay-vlan-switch.h"

#include "ns3/event-id.h"
#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/ptr.h"

#include <cstdint>
#include <vector>

namespace ns3
{
namespace underlay
{

/**
 * @ingroup underlay
 *
 * What IEEE 802.1D would settle on, without its messages: the switch of the lowest bridge id is the
 * root, every other forwards towards it over its best port (least cost, then lowest bridge id, then
 * lowest port beyond), and all other ports between switches block. Ports to hosts always forward.
 * Convergence after a link changed, all switches take up the new tree at the same instant and
 * forget what they learned.
 */
class SpanningTree : public Object
{
  public:
    /// @return the TypeId
    static TypeId GetTypeId();
    SpanningTree();
    ~SpanningTree() override;

    /// @param bridge to be part of the tree
    void AddSwitch(Ptr<VlanSwitch> bridge);
    /// @param link between ports of two switches that were added @param cost at least 1
    void AddLink(Ptr<EthernetLink> link, uint32_t cost = 1);
    /// Computes the tree and sets the ports, now. All tables are flushed if any port changed.
    void Compute();
    /// @return the root; null where there is no switch
    Ptr<VlanSwitch> GetRoot() const;
    /// @return how often the tree was computed
    uint32_t GetComputations() const;

  protected:
    void DoDispose() override;

  private:
    /// A link between two switches.
    struct Edge
    {
        Ptr<EthernetLink> link; ///< link
        uint32_t cost;          ///< cost
        uint32_t bridge[2];     ///< first and second end
        uint32_t port[2];       ///< their ports
    };

    /// @param works whether a link works now
    void OnChange(bool works);

    Time m_convergence;                      ///< from a change to the new tree
    EventId m_pending;                       ///< that computation
    uint32_t m_computations{0};              ///< so far
    Ptr<VlanSwitch> m_root;                  ///< of the last computation
    std::vector<Ptr<VlanSwitch>> m_switches; ///< by number
    std::vector<Edge> m_edges;               ///< links
};

} // namespace underlay
} // namespace ns3

#endif
