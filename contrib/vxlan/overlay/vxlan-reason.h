// SPDX-License-Identifier: GPL-2.0-only
/** @file Reasons of the IP stack below, in the overlay's words. */
#ifndef VXLAN_REASON_H
#define VXLAN_REASON_H

#include "vxlan-types.h"

#include "netbase-drop-reason.h"

namespace weft::vxlan
{

inline DropReason
ToDropReason(netbase::DropReason reason)
{
    switch (reason)
    {
    case netbase::DropReason::None:
        return DropReason::None;
    case netbase::DropReason::Truncated:
        return DropReason::Truncated;
    case netbase::DropReason::BadChecksum:
        return DropReason::BadChecksum;
    case netbase::DropReason::TooBig:
        return DropReason::TooBig;
    case netbase::DropReason::NoRoute:
        return DropReason::NoRoute;
    case netbase::DropReason::NeighbourFailed:
        return DropReason::NoNeighbour;
    case netbase::DropReason::CacheFull:
    case netbase::DropReason::PendingFull:
        return DropReason::NoBuffer;
    default:
        return DropReason::BadInnerFrame;
    }
}

} // namespace weft::vxlan

#endif
