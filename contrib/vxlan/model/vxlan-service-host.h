// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup vxlan
 * A service node of an overlay on a node of ns-3.
 */
#ifndef VXLAN_SERVICE_HOST_H
#define VXLAN_SERVICE_HOST_H

#include "vxlan-underlay-host.h"

#include "ns3/vxlan-service-node.h"

#include <memory>
#include <vector>

namespace ns3
{
namespace vxlan
{

/**
 * @ingroup vxlan
 * Replicates flooded frames for VTEPs: a device and a timer around a weft::vxlan::ServiceNode.
 */
class ServiceNode : public UnderlayHost
{
  public:
    /// @return the TypeId
    static TypeId GetTypeId();
    ServiceNode();
    ~ServiceNode() override;

    /**
     * Builds the node. Call once, with the object aggregated to its node.
     *
     * @param config throws std::invalid_argument naming the field when it is wrong
     * @param endpoint its address is that of @p config
     * @param uplink device of the node
     */
    void Configure(const weft::vxlan::ServiceNodeConfig& config,
                   weft::netbase::EndpointConfig endpoint,
                   Ptr<NetDevice> uplink);
    /// Says which VTEPs a network has. @param vni network @param vteps all of its VTEPs
    void SetMembers(weft::vxlan::Vni vni, const std::vector<weft::netbase::IpAddress>& vteps);
    /// @return the core, for counters
    const weft::vxlan::ServiceNode& GetCore() const;

  protected:
    void DoDispose() override;
    void OnPacket(weft::netbase::ByteView packet) override;
    bool PollPacket(weft::netbase::Bytes& packet) override;
    weft::netbase::TimeNs NextDeadline() const override;
    void OnDeadline() override;

  private:
    std::unique_ptr<weft::vxlan::ServiceNode> m_core;
};

} // namespace vxlan
} // namespace ns3

#endif
