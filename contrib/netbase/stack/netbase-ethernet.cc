// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-ethernet.h"

#include <algorithm>

namespace weft::netbase
{

namespace
{
constexpr std::size_t TYPE_OFFSET = 12;
}

DropReason
ReadEthernet(ByteView frame, EthernetHeader& header)
{
    if (frame.size() < ETHERNET_HEADER)
    {
        return DropReason::Truncated;
    }
    header.destination = MacAddress::Read(frame);
    header.source = MacAddress::Read(frame.subspan(6));
    header.tci.reset();
    header.type = Read16(frame.data() + TYPE_OFFSET);
    header.payloadOffset = ETHERNET_HEADER;
    if (header.type == ethertype::VLAN)
    {
        if (frame.size() < ETHERNET_HEADER + VLAN_TAG)
        {
            return DropReason::Truncated;
        }
        header.tci = Read16(frame.data() + TYPE_OFFSET + 2);
        header.type = Read16(frame.data() + TYPE_OFFSET + VLAN_TAG);
        header.payloadOffset += VLAN_TAG;
    }
    return DropReason::None;
}

std::size_t
WriteEthernet(std::span<std::uint8_t> out, const EthernetHeader& header)
{
    header.destination.Write(out);
    header.source.Write(out.subspan(6));
    std::size_t at = TYPE_OFFSET;
    if (header.tci)
    {
        Write16(out.data() + at, ethertype::VLAN);
        Write16(out.data() + at + 2, *header.tci);
        at += VLAN_TAG;
    }
    Write16(out.data() + at, header.type);
    return at + 2;
}

void
AppendEthernet(Bytes& out, const EthernetHeader& header)
{
    const std::size_t start = out.size();
    out.resize(start + ETHERNET_HEADER + (header.tci ? VLAN_TAG : 0));
    WriteEthernet(std::span(out).subspan(start), header);
}

void
InsertTag(Bytes& frame, std::uint16_t tci)
{
    frame.resize(frame.size() + VLAN_TAG);
    std::copy_backward(frame.begin() + TYPE_OFFSET, frame.end() - VLAN_TAG, frame.end());
    Write16(frame.data() + TYPE_OFFSET, ethertype::VLAN);
    Write16(frame.data() + TYPE_OFFSET + 2, tci);
}

std::optional<std::uint16_t>
RemoveTag(Bytes& frame)
{
    if (frame.size() < ETHERNET_HEADER + VLAN_TAG ||
        Read16(frame.data() + TYPE_OFFSET) != ethertype::VLAN)
    {
        return std::nullopt;
    }
    const std::uint16_t tci = Read16(frame.data() + TYPE_OFFSET + 2);
    frame.erase(frame.begin() + TYPE_OFFSET, frame.begin() + TYPE_OFFSET + VLAN_TAG);
    return tci;
}

} // namespace weft::netbase
