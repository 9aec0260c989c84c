// SPDX-License-Identifier: GPL-2.0-only
/** @file Mapping by flood and learn (RFC 7348 section 4.1). */
#ifndef VXLAN_MAPPING_DATA_PLANE_H
#define VXLAN_MAPPING_DATA_PLANE_H

#include "vxlan-mapping.h"

namespace weft::vxlan
{

class DataPlaneMapping : public Mapping
{
  public:
    MappingKind
    Kind() const override
    {
        return MappingKind::DataPlane;
    }

    DropReason
    OnRemoteSource(VtepFdb& fdb,
                   std::uint16_t domain,
                   const MacAddress& mac,
                   const IpAddress& remote,
                   bool known,
                   TimeNs now) override
    {
        return known && fdb.Learn(domain, mac, remote, now) == LearnResult::Conflict
                   ? DropReason::StaticConflict
                   : DropReason::None;
    }
};

} // namespace weft::vxlan

#endif
