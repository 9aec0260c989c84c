// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The simulated fabric of a scenario: routers or switches, the links between them, and the links of
 * the hosts attached.
 */
#ifndef WEFT_ENGINE_BUILD_FABRIC_H
#define WEFT_ENGINE_BUILD_FABRIC_H

#include "engine/spec/scenario.h"

#include "ns3/node.h"
#include "ns3/underlay-ethernet-device.h"
#include "ns3/underlay-ethernet-link.h"
#include "ns3/underlay-fabric-helper.h"
#include "ns3/underlay-multicast-helper.h"

#include <string>
#include <vector>

namespace weft::engine
{

/// A link of the fabric, or of a host to it.
struct Wire
{
    std::string name; ///< "leaf1.spine1", "host1.uplink"
    ns3::Ptr<ns3::underlay::EthernetLink> link;
    spec::WireRef ref;
};

class Fabric
{
  public:
    /// Builds routers and links. @param scenario has a fabric; must outlive this
    explicit Fabric(const spec::Scenario& scenario);

    /**
     * Links a host to its router or switch.
     *
     * @param host hypervisor, controller or service node, attached to a router
     * @param node its node
     * @return its place
     */
    ns3::underlay::FabricAttachment Attach(const spec::NodeRef& host, ns3::Ptr<ns3::Node> node);

    /// Computes routes and starts multicast routing. Call once, after the last Attach().
    void Start();

    /// All wires: links of the fabric first, then hosts' in order of Attach().
    const std::vector<Wire>&
    Wires() const
    {
        return m_wires;
    }

    /// @return the link that a reference means (the whole bundle for a member); null for ports and
    /// for hosts behind a site
    ns3::Ptr<ns3::underlay::EthernetLink> Find(const spec::WireRef& ref) const;

    /// @return the router; null in a bridged fabric
    ns3::Ptr<ns3::underlay::FabricRouter> Router(spec::Index index) const;
    /// @return the switch; null in a routed fabric
    ns3::Ptr<ns3::underlay::VlanSwitch> Switch(spec::Index index) const;

    /// @return the router's multicast routing; null without
    ns3::Ptr<ns3::underlay::MulticastAgent> Multicast(spec::Index router) const;

    const ns3::underlay::FabricHelper&
    Helper() const
    {
        return m_helper;
    }

  private:
    const spec::Scenario& m_scenario;
    ns3::underlay::FabricHelper m_helper;
    ns3::underlay::MulticastHelper m_multicast;
    std::vector<Wire> m_wires;
};

/// @return the loss of a link as weather, with the events that touch it laid over it
/// @param scenario the scenario @param ref the wire, without member @param forward direction
underlay::WeatherConfig LossOf(const spec::Scenario& scenario,
                               const spec::WireRef& ref,
                               bool forward);

} // namespace weft::engine

#endif
