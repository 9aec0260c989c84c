// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-flow-key.h"

namespace weft::sdwan
{

namespace
{

std::uint16_t
Load16(const std::uint8_t* p)
{
    return static_cast<std::uint16_t>(p[0] << 8 | p[1]);
}

std::uint32_t
Load32(const std::uint8_t* p)
{
    return std::uint32_t{Load16(p)} << 16 | Load16(p + 2);
}

/// Whether a protocol's header starts with source and destination port.
bool
HasPorts(std::uint8_t protocol)
{
    return protocol == 17 || protocol == 6 || protocol == 33 || protocol == 132 || protocol == 136;
}

} // namespace

DropReason
ParseFlowKey(ByteView packet, std::uint8_t segment, FlowKey& key, Ipv4Info* info)
{
    if (packet.empty())
    {
        return DropReason::Truncated;
    }
    const std::uint8_t* p = packet.data();
    const std::size_t headerLength = std::size_t{4} * (p[0] & 0x0f);
    if (p[0] >> 4 != 4 || headerLength < 20)
    {
        return DropReason::NotIpv4;
    }
    if (packet.size() < headerLength)
    {
        return DropReason::Truncated;
    }
    const std::size_t totalLength = Load16(p + 2);
    if (totalLength < headerLength)
    {
        return DropReason::NotIpv4;
    }
    if (packet.size() < totalLength)
    {
        return DropReason::Truncated;
    }
    const std::uint16_t fragment = Load16(p + 6);
    const bool later = (fragment & 0x1fff) != 0;
    FlowKey k;
    k.source = Load32(p + 12);
    k.destination = Load32(p + 16);
    k.protocol = p[9];
    k.segment = segment;
    if (!later && HasPorts(k.protocol))
    {
        if (totalLength < headerLength + 4)
        {
            return DropReason::Truncated;
        }
        k.sourcePort = Load16(p + headerLength);
        k.destinationPort = Load16(p + headerLength + 2);
    }
    key = k;
    if (info)
    {
        info->totalLength = static_cast<std::uint16_t>(totalLength);
        info->headerLength = static_cast<std::uint8_t>(headerLength);
        info->timeToLive = p[8];
        info->trafficClass = p[1];
        info->dontFragment = fragment & 0x4000;
        info->fragment = (fragment & 0x3fff) != 0;
        info->laterFragment = later;
    }
    return DropReason::None;
}

} // namespace weft::sdwan
