// SPDX-License-Identifier: GPL-2.0-only
/** @file Mapping by configuration alone. */
#ifndef VXLAN_MAPPING_STATIC_H
#define VXLAN_MAPPING_STATIC_H

#include "vxlan-mapping.h"

namespace weft::vxlan
{

class StaticMapping : public Mapping
{
  public:
    MappingKind
    Kind() const override
    {
        return MappingKind::Static;
    }

    /// Learns nothing. A frame that contradicts the table is dropped, as Linux does.
    DropReason
    OnRemoteSource(VtepFdb& fdb,
                   std::uint16_t domain,
                   const MacAddress& mac,
                   const IpAddress& remote,
                   bool known,
                   TimeNs) override
    {
        return known && fdb.Contradicts(domain, mac, remote) ? DropReason::StaticConflict
                                                             : DropReason::None;
    }
};

} // namespace weft::vxlan

#endif
