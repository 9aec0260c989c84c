// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * A virtual router of VRRP on an end host: a virtual machine that stands in for another one.
 *
 * It drives a netbase::IpEndpoint: a Master holds the virtual addresses with the virtual MAC, a
 * Backup does not. The endpoint answers echo requests for what it holds, whatever
 * VrrpConfig::accept says.
 */
#ifndef VXLAN_VRRP_HOST_H
#define VXLAN_VRRP_HOST_H

#include "vxlan-vrrp.h"

#include "netbase-endpoint.h"

namespace weft::vxlan
{

/// Sans-I/O. The endpoint has to outlive it and is shared: whoever owns it polls its frames too.
class VrrpHost
{
  public:
    /// The endpoint's address is the primary one. Joins 224.0.0.18.
    /// @throws std::invalid_argument as Vrrp; and for priority 255, since an endpoint's own address
    /// cannot move to the virtual MAC
    VrrpHost(const VrrpConfig& config, netbase::IpEndpoint& endpoint, TimeNs now);

    void Start(TimeNs now);
    /// @param orderly a Master says so with priority 0; else it just dies
    void Stop(TimeNs now, bool orderly);

    /// A packet for upper layers that the endpoint delivered. @return whether it was VRRP's
    bool OnPacket(ByteView packet, TimeNs now);

    /// Takes a frame to send: advertisements, gratuitous ARP.
    bool PollFrame(Bytes& frame);
    bool PollTransition(VrrpTransition& transition);

    TimeNs NextDeadline() const;
    void OnDeadline(TimeNs now);

    const Vrrp& Router() const;

  private:
    void Follow(TimeNs now);

    netbase::IpEndpoint& m_endpoint;
    Vrrp m_vrrp;
    bool m_holds = false; ///< whether the endpoint has the virtual addresses
};

} // namespace weft::vxlan

#endif
