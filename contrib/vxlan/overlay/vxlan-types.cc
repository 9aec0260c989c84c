// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-types.h"

namespace weft::vxlan
{

std::string_view
ToString(DropReason reason)
{
    switch (reason)
    {
    case DropReason::None:
        return "none";
    case DropReason::Truncated:
        return "truncated";
    case DropReason::NotForUs:
        return "not-for-us";
    case DropReason::BadOuterHeader:
        return "bad-outer-header";
    case DropReason::BadChecksum:
        return "bad-checksum";
    case DropReason::ReservedBits:
        return "reserved-bits";
    case DropReason::NoVniFlag:
        return "no-vni-flag";
    case DropReason::UnknownVni:
        return "unknown-vni";
    case DropReason::BadInnerFrame:
        return "bad-inner-frame";
    case DropReason::InnerVlan:
        return "inner-vlan";
    case DropReason::EcnCe:
        return "ecn-ce";
    case DropReason::OwnSource:
        return "own-source";
    case DropReason::StaticConflict:
        return "static-conflict";
    case DropReason::SplitHorizon:
        return "split-horizon";
    case DropReason::SamePort:
        return "same-port";
    case DropReason::NoDestination:
        return "no-destination";
    case DropReason::UnknownUnicast:
        return "unknown-unicast";
    case DropReason::ArpSuppressed:
        return "arp-suppressed";
    case DropReason::TooBig:
        return "too-big";
    case DropReason::FragmentLost:
        return "fragment-lost";
    case DropReason::NoBuffer:
        return "no-buffer";
    case DropReason::PortDown:
        return "port-down";
    case DropReason::NoNeighbour:
        return "no-neighbour";
    case DropReason::TtlExpired:
        return "ttl-expired";
    case DropReason::NoRoute:
        return "no-route";
    case DropReason::VlanMismatch:
        return "vlan-mismatch";
    case DropReason::BadTunnelHeader:
        return "bad-tunnel-header";
    case DropReason::Duplicate:
        return "duplicate";
    case DropReason::VacantPort:
        return "vacant-port";
    case DropReason::VmPaused:
        return "vm-paused";
    case DropReason::NodeDown:
        return "node-down";
    }
    return "?";
}

} // namespace weft::vxlan
