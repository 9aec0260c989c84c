// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup vxlan
 * A central controller of an overlay on a node of ns-3.
 */
#ifndef VXLAN_CONTROLLER_NODE_H
#define VXLAN_CONTROLLER_NODE_H

#include "vxlan-underlay-host.h"

#include "ns3/nstime.h"
#include "ns3/vxlan-controller-server.h"

#include <memory>

namespace ns3
{
namespace vxlan
{

/**
 * @ingroup vxlan
 * A weft::vxlan::ControllerServer on an underlay host. Hypervisor::SetController() joins it.
 */
class ControllerNode : public UnderlayHost
{
  public:
    /// @return the TypeId
    static TypeId GetTypeId();
    ControllerNode();
    ~ControllerNode() override;

    /// @return a configuration that says what the attributes say
    weft::vxlan::ControllerServerConfig MakeConfig() const;
    /**
     * Builds the controller. Call once, with the object aggregated to its node.
     *
     * @param config throws std::invalid_argument naming the field when it is wrong. A key of 0 is
     * derived from Name
     * @param underlay as for UnderlayHost::Configure()
     * @param uplink device of the node
     */
    void Configure(weft::vxlan::ControllerServerConfig config,
                   const weft::netbase::EndpointConfig& underlay,
                   Ptr<NetDevice> uplink);
    /// @return the core, for counters
    const weft::vxlan::ControllerServer& GetServer() const;

  protected:
    void DoDispose() override;
    void OnDatagram(weft::netbase::ByteView payload,
                    const weft::vxlan::UnderlayDatagram& from) override;
    bool SendMore() override;
    weft::netbase::TimeNs NextDeadline() const override;
    void OnDeadline() override;
    void OnUp(bool up) override;

  private:
    Time m_pushDelay;                                      ///< from a report to its pushes
    Time m_updateCost;                                     ///< of a report
    Time m_hold;                                           ///< of a silent agent's stations
    std::unique_ptr<weft::vxlan::ControllerServer> m_core; ///< the controller
    weft::netbase::Bytes m_payload;                        ///< being sent
};

} // namespace vxlan
} // namespace ns3

#endif
