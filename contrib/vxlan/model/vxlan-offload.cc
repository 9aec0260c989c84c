// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-offload.h"

#include "ns3/netbase-checksum.h"
#include "ns3/netbase-ip.h"
#include "ns3/netbase-ipv4.h"

namespace ns3
{
namespace vxlan
{

using namespace weft::netbase;

namespace
{

constexpr std::size_t IPV4_CHECKSUM = 10; ///< place of the checksum in an IPv4 header

/// @return place of the checksum behind the IP header, 0 if there is none @param upper protocol
std::size_t
ChecksumPlace(uint8_t upper)
{
    switch (upper)
    {
    case protocol::TCP:
        return 16;
    case protocol::UDP:
        return 6;
    case protocol::ICMP:
    case protocol::ICMPV6:
        return 2;
    default:
        return 0;
    }
}

} // namespace

void
CompleteChecksums(std::span<uint8_t> packet)
{
    if (packet.size() >= IPV4_HEADER && packet[0] >> 4 == 4)
    {
        const std::size_t header = (packet[0] & 15) * 4;
        if (header >= IPV4_HEADER && header <= packet.size() && Read16(&packet[IPV4_CHECKSUM]) == 0)
        {
            Write16(&packet[IPV4_CHECKSUM], Checksum(packet.first(header)));
        }
    }
    IpFacts facts;
    if (ReadIp(packet, facts) != DropReason::None || facts.fragment)
    {
        return;
    }
    const std::size_t place = ChecksumPlace(facts.protocol);
    const std::size_t size = facts.totalLength - facts.payloadOffset;
    if (place == 0 || size < place + 2)
    {
        return;
    }
    const auto upper = packet.subspan(facts.payloadOffset, size);
    if (Read16(&upper[place]) != 0)
    {
        return;
    }
    const uint32_t pseudo =
        facts.protocol == protocol::ICMP
            ? 0
            : PseudoHeaderSum(
                  facts.source, facts.destination, facts.protocol, static_cast<uint32_t>(size));
    const uint16_t sum = ChecksumFinish(ChecksumAdd(upper, pseudo));
    // A computed zero is sent as its other form: zero means "none" in UDP.
    Write16(&upper[place], sum == 0 && facts.protocol == protocol::UDP ? 0xffff : sum);
}

} // namespace vxlan
} // namespace ns3
