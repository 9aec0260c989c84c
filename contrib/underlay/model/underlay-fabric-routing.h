// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * Routes of a fabric: all shortest paths between its routers, computed anew some time after a link
 * or router changed.
 */
#ifndef UNDERLAY_FABRIC_ROUTING_H
#define UNDERLAY_FABRIC_ROUTING_H

#include "ns3/netbase-types.h"
#include "underlay-ethernet-link.h"
#include "underlay-fabric-router.h"

#include "ns3/event-id.h"
#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/ptr.h"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace ns3
{
namespace underlay
{

/**
 * @ingroup underlay
 *
 * What a link-state or path-vector protocol would settle on, without its messages: every prefix
 * that a router has connected is reached from every other over all paths of least cost. The first
 * computation takes no time; after a change of a link, all routers change at the same instant,
 * Convergence later. Changes meanwhile are taken in at that instant.
 */
class FabricRouting : public Object
{
  public:
    /// @return the TypeId
    static TypeId GetTypeId();
    FabricRouting();
    ~FabricRouting() override;

    /// @param router whose connected prefixes others have to reach
    void AddRouter(Ptr<FabricRouter> router);
    /// @param link between ports of two routers that were added, with neighbours configured
    /// @param cost of crossing it either way; at least 1
    void AddLink(Ptr<EthernetLink> link, uint32_t cost = 1);

    /// Computes and installs all routes now. To be called when the fabric is complete, and after
    /// prefixes were added.
    void Compute();

    /// @return how often routes were computed
    uint32_t GetComputations() const;

  protected:
    void DoDispose() override;

  private:
    /// A link between two routers.
    struct Edge
    {
        Ptr<EthernetLink> link; ///< link
        uint32_t cost;          ///< cost
        uint32_t router[2];     ///< first and second end
        uint32_t port[2];       ///< their ports
    };

    /// @param works whether a link works now
    void OnChange(bool works);

    /// @param edge link @param end which of its ends @param v6 family wanted @return address there
    weft::netbase::IpAddress NeighbourAt(const Edge& edge, int end, bool v6) const;
    /**
     * Sets a router's way to what a set of routers has.
     *
     * @param router number
     * @param who the set
     * @param prefixes what they have
     * @param v6 family to set
     * @param steps edges of the graph that begin a shortest path
     * @param links link by edge of the graph
     * @param distance least cost
     */
    void Install(uint32_t router,
                 const std::vector<uint32_t>& who,
                 const std::vector<weft::netbase::IpPrefix>& prefixes,
                 bool v6,
                 const std::vector<uint32_t>& steps,
                 const std::vector<uint32_t>& links,
                 uint64_t distance);

    Time m_convergence;                       ///< from a change to new routes
    EventId m_pending;                        ///< that computation
    uint32_t m_computations{0};               ///< so far
    std::vector<Ptr<FabricRouter>> m_routers; ///< by number
    std::vector<Edge> m_edges;                ///< links
    /// Groups of each router by the set of routers they lead to, and the family.
    std::vector<std::map<std::pair<std::vector<uint32_t>, bool>, FabricRouter::GroupId>> m_groups;
};

} // namespace underlay
} // namespace ns3

#endif
