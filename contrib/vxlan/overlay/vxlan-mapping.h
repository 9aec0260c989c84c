// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What fills the VTEP FDB: learning from the data plane, configuration, a controller.
 *
 * A strategy decides what the source of a decapsulated frame means and who else may write. The
 * table is the VTEP's; a control plane such as EVPN would be one more strategy, fed with the
 * bridge's StationReports and writing by Install() and Withdraw().
 */
#ifndef VXLAN_MAPPING_H
#define VXLAN_MAPPING_H

#include "vxlan-fdb.h"

#include <memory>

namespace weft::vxlan
{

enum class MappingKind : std::uint8_t
{
    DataPlane,  ///< flood and learn (RFC 7348 section 4.1)
    Static,     ///< configured entries only
    Controller, ///< pushed by a controller; flood and learn while it is lost
};

class Mapping
{
  public:
    virtual ~Mapping() = default;

    virtual MappingKind Kind() const = 0;

    /**
     * The source of a frame that came from a remote VTEP.
     *
     * @param known false when the outer source does not say where the station is
     * @return None, or StaticConflict when the frame has to be dropped
     */
    virtual DropReason OnRemoteSource(VtepFdb& fdb,
                                      std::uint16_t domain,
                                      const MacAddress& mac,
                                      const IpAddress& remote,
                                      bool known,
                                      TimeNs now) = 0;

    /// The control plane behind the strategy came or went.
    virtual void
    SetConnected(VtepFdb& fdb, bool connected, TimeNs now)
    {
        static_cast<void>(fdb);
        static_cast<void>(connected);
        static_cast<void>(now);
    }

    /// @return false while its control plane is lost and the VTEP has to help itself
    virtual bool
    Connected() const
    {
        return true;
    }
};

std::unique_ptr<Mapping> MakeMapping(MappingKind kind);

} // namespace weft::vxlan

#endif
