// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The simulated network of a scenario: clouds, Edges, LAN hosts.
 *
 * Every site is two nodes: a host with a stock IP stack, oblivious to the overlay, and the Edge. A
 * gigabit LAN link joins them; the host's MTU is the one its Edge advertises.
 */
#ifndef WEFT_ENGINE_BUILD_NETWORK_H
#define WEFT_ENGINE_BUILD_NETWORK_H

#include "engine/spec/scenario.h"

#include "ns3/node.h"
#include "ns3/sdwan-edge.h"
#include "ns3/underlay-access-device.h"
#include "ns3/underlay-path-weather.h"
#include "ns3/underlay-provider-cloud.h"

#include <memory>
#include <vector>

namespace weft::engine
{

/// A site in the simulator.
struct SiteNodes
{
    ns3::Ptr<ns3::Node> host;
    ns3::Ptr<ns3::Node> node; ///< the Edge's
    ns3::Ptr<ns3::sdwan::Edge> edge;
    std::vector<ns3::Ptr<ns3::underlay::AccessDevice>> links; ///< by link index
};

/// One direction of a path.
struct PathEnds
{
    std::shared_ptr<underlay::PathWeather> forward;
    std::shared_ptr<underlay::PathWeather> backward;
};

class Network
{
  public:
    /**
     * Builds the network at simulated time zero.
     *
     * @param scenario must outlive this
     * @throws std::invalid_argument when a model refuses its configuration
     */
    explicit Network(const spec::Scenario& scenario);

    const std::vector<SiteNodes>&
    Sites() const
    {
        return m_sites;
    }

    /// By index of spec::Scenario::paths.
    const std::vector<PathEnds>&
    Paths() const
    {
        return m_paths;
    }

    /// By index of spec::Scenario::clouds.
    const std::vector<ns3::Ptr<ns3::underlay::ProviderCloud>>&
    Clouds() const
    {
        return m_clouds;
    }

  private:
    void AddSite(const spec::Scenario& scenario, spec::Index site);

    std::vector<SiteNodes> m_sites;
    std::vector<PathEnds> m_paths;
    std::vector<ns3::Ptr<ns3::underlay::ProviderCloud>> m_clouds;
};

} // namespace weft::engine

#endif
