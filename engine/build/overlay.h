// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What runs over a scenario's fabric in the simulator: hypervisors, virtual machines, gateways,
 * the controller and service nodes.
 *
 * A machine that carries a flow of UDP or TCP gets a node with a stock IP stack; all others are
 * their network card alone, which has ARP, answers pings and keeps quiet.
 */
#ifndef WEFT_ENGINE_BUILD_OVERLAY_H
#define WEFT_ENGINE_BUILD_OVERLAY_H

#include "engine/build/fabric.h"
#include "engine/build/network.h"
#include "engine/spec/scenario.h"

#include "ns3/node.h"
#include "ns3/vxlan-controller-node.h"
#include "ns3/vxlan-hypervisor-node.h"
#include "ns3/vxlan-underlay-host.h"
#include "ns3/vxlan-vm-device.h"

#include <memory>
#include <string>
#include <vector>

namespace weft::engine
{

class Overlay
{
  public:
    /**
     * Builds everything at simulated time zero.
     *
     * @param scenario has a fabric, or hypervisors at sites
     * @param network its sites; both must outlive this
     * @throws std::invalid_argument when a model refuses its configuration
     */
    Overlay(const spec::Scenario& scenario, const Network& network);

    /// @return the fabric; null when there is none
    const Fabric*
    GetFabric() const
    {
        return m_fabric.get();
    }

    /// By index of spec::Scenario::hypervisors.
    const std::vector<ns3::Ptr<ns3::vxlan::Hypervisor>>&
    Hypervisors() const
    {
        return m_hypervisors;
    }

    /// By index of spec::Scenario::vms.
    const std::vector<ns3::Ptr<ns3::vxlan::VmDevice>>&
    Vms() const
    {
        return m_vms;
    }

    /// By index of spec::Scenario::gateways: the router's number at its hypervisor.
    const std::vector<std::uint32_t>&
    Gateways() const
    {
        return m_gateways;
    }

    /// @return the controller; null when there is none
    ns3::Ptr<ns3::vxlan::ControllerNode>
    Controller() const
    {
        return m_controller;
    }

    /// By index of spec::Scenario::serviceNodes.
    const std::vector<ns3::Ptr<ns3::vxlan::ServiceNode>>&
    ServiceNodes() const
    {
        return m_serviceNodes;
    }

  private:
    void AddController();
    void AddServiceNodes();
    void AddHypervisor(spec::Index index, const Network& network);
    void AddVm(spec::Index index);
    void InstallStaticEntries();
    bool NeedsStack(spec::Index vm) const;

    const spec::Scenario& m_scenario;
    std::unique_ptr<Fabric> m_fabric;
    std::vector<ns3::Ptr<ns3::vxlan::Hypervisor>> m_hypervisors;
    std::vector<ns3::Ptr<ns3::vxlan::VmDevice>> m_vms;
    std::vector<std::uint32_t> m_gateways;
    ns3::Ptr<ns3::vxlan::ControllerNode> m_controller;
    std::vector<ns3::Ptr<ns3::vxlan::ServiceNode>> m_serviceNodes;
};

} // namespace weft::engine

#endif
