// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Mapping by a controller; by the data plane while the controller is lost.
 *
 * When it is lost, its entries become learned ones: they go on serving, but may move and age. When
 * it is back it pushes its table again, which replaces what was learned meanwhile.
 */
#ifndef VXLAN_MAPPING_CONTROLLER_H
#define VXLAN_MAPPING_CONTROLLER_H

#include "vxlan-mapping.h"

namespace weft::vxlan
{

class ControllerMapping : public Mapping
{
  public:
    MappingKind
    Kind() const override
    {
        return MappingKind::Controller;
    }

    /// While connected nothing is learned, and a frame from elsewhere than the controller said is
    /// taken: its push may be under way. Configured entries are defended at all times.
    DropReason
    OnRemoteSource(VtepFdb& fdb,
                   std::uint16_t domain,
                   const MacAddress& mac,
                   const IpAddress& remote,
                   bool known,
                   TimeNs now) override
    {
        const bool conflict =
            known && (m_connected ? fdb.Contradicts(domain, mac, remote)
                                  : fdb.Learn(domain, mac, remote, now) == LearnResult::Conflict);
        return conflict ? DropReason::StaticConflict : DropReason::None;
    }

    void
    SetConnected(VtepFdb& fdb, bool connected, TimeNs now) override
    {
        if (m_connected && !connected)
        {
            fdb.ReleaseController(now);
        }
        m_connected = connected;
    }

    bool
    Connected() const override
    {
        return m_connected;
    }

  private:
    bool m_connected = false;
};

} // namespace weft::vxlan

#endif
