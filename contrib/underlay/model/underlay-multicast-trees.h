// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * Static multicast trees of a fabric: computed centrally, installed at once.
 */
#ifndef UNDERLAY_MULTICAST_TREES_H
#define UNDERLAY_MULTICAST_TREES_H

#include "ns3/underlay-static-planner.h"
#include "underlay-ethernet-link.h"
#include "underlay-multicast-agent.h"

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
 * The cheap mode for large sweeps: no PIM message crosses the fabric, and a membership change that
 * a router learns by IGMP alters the trees of all routers in the same instant. Links that stop
 * working are taken out when unicast routes change.
 *
 * It reaches into all routers' nodes, so it cannot be used across the processes of an MPI run.
 */
class MulticastTrees : public Object
{
  public:
    /// @return the TypeId
    static TypeId GetTypeId();
    MulticastTrees();
    ~MulticastTrees() override;

    /// @param agent of mode STATIC, started @return its number
    uint32_t AddRouter(Ptr<MulticastAgent> agent);
    /// @param link between two routers that were added @param cost of crossing it
    void AddLink(Ptr<EthernetLink> link, uint32_t cost);
    /// Computes trees; once all is added. @param root number of the router at which all trees are
    /// rooted
    void Start(uint32_t root);

  protected:
    void DoDispose() override;

  private:
    /// @param trees whom to tell @param router number @param port of it @param group what
    /// @param member whether it is wanted
    static void Notify(MulticastTrees* trees,
                       uint32_t router,
                       uint32_t port,
                       weft::netbase::IpAddress group,
                       bool member);
    void OnRoutes();
    void Install();

    weft::multicast::StaticTreePlanner m_planner; ///< what computes
    std::vector<Ptr<MulticastAgent>> m_agents;    ///< by number
    std::vector<Ptr<EthernetLink>> m_links;       ///< by number
    bool m_installing{false};                     ///< guards against recursion
};

} // namespace underlay
} // namespace ns3

#endif
