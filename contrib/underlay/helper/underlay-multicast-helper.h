// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * Gives all routers of a fabric multicast routing.
 */
#ifndef UNDERLAY_MULTICAST_HELPER_H
#define UNDERLAY_MULTICAST_HELPER_H

#include "ns3/attribute.h"
#include "ns3/object-factory.h"
#include "ns3/ptr.h"
#include "ns3/underlay-fabric-helper.h"
#include "ns3/underlay-multicast-agent.h"
#include "ns3/underlay-multicast-trees.h"

#include <map>
#include <string>

namespace ns3
{
namespace underlay
{

/**
 * @ingroup underlay
 *
 * @code
 *   MulticastHelper multicast(seed);
 *   multicast.SetAttribute("Mode", StringValue("Sparse"));
 *   multicast.SetRendezvousPoint("spine1");
 *   multicast.Install(fabric); // after FabricHelper::Start()
 * @endcode
 */
class MulticastHelper
{
  public:
    /// @param seed of the run: keys random delays, with the routers' names
    explicit MulticastHelper(uint64_t seed);

    /// @param name of an attribute of MulticastAgent @param value value
    void SetAttribute(const std::string& name, const AttributeValue& value);
    /// @param router name of the Rendezvous Point of all groups: needed by the modes Sparse and
    /// Bidirectional; with Static it is the root of all trees
    void SetRendezvousPoint(const std::string& router);

    /// @param link name @param cost of crossing it, with Static trees; 1 if not set: to be given
    /// where FabricLinkConfig::cost is another
    void SetLinkCost(const std::string& link, uint32_t cost);

    /**
     * Starts multicast routing on every router of a fabric, now. All hosts have to be attached and
     * FabricHelper::Start() called.
     *
     * @param fabric of routers
     * @throws std::invalid_argument when the Rendezvous Point is missing or unknown, or has no
     * loopback of IPv4
     */
    void Install(const FabricHelper& fabric);

    /// @param router name @return its agent, null if there is none
    Ptr<MulticastAgent> GetAgent(const std::string& router) const;

    /**
     * Everything is keyed by seed and name and draws from no ns-3 stream.
     *
     * @param stream first stream index to use
     * @return 0, the number of streams used
     */
    int64_t AssignStreams(int64_t stream) const;

  private:
    ObjectFactory m_factory;                             ///< makes agents
    std::string m_rendezvousPoint;                       ///< router
    std::map<std::string, Ptr<MulticastAgent>> m_agents; ///< by router
    std::map<std::string, uint32_t> m_costs;             ///< by link
    Ptr<MulticastTrees> m_trees;                         ///< mode Static
};

} // namespace underlay
} // namespace ns3

#endif
