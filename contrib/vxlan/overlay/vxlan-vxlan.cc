// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-vxlan.h"

#include "netbase-ipv4.h"
#include "netbase-ipv6.h"
#include "netbase-udp.h"

namespace weft::vxlan
{

namespace
{

// The first 32 bits of the header.
constexpr std::uint32_t FLAG_I = 0x08000000;
constexpr std::uint32_t FLAG_G = 0x80000000; ///< the low 16 bits are a group policy id
constexpr std::uint32_t FLAG_D = 0x00400000; ///< do not learn from it
constexpr std::uint32_t FLAG_A = 0x00080000; ///< policy has been applied
constexpr std::uint32_t POLICY_ID = 0x0000ffff;

} // namespace

VxlanEncapsulation::VxlanEncapsulation(const EncapsulationConfig& config)
    : UdpTunnel(config, VXLAN_PORT)
{
}

DropReason
VxlanEncapsulation::Encapsulate(ByteView frame,
                                Vni vni,
                                const TunnelEnds& ends,
                                PacketQueue& packets)
{
    if (!CarriesVni(vni))
    {
        return DropReason::UnknownVni;
    }
    std::uint32_t word = FLAG_I;
    if (m_config.groupPolicy && m_config.groupPolicyId != 0)
    {
        word |= FLAG_G | m_config.groupPolicyId;
    }
    std::array<std::uint8_t, VXLAN_HEADER> header;
    netbase::Write32(&header[0], word);
    netbase::Write32(&header[4], vni << 8);
    return Wrap(frame, header, ends, packets);
}

DropReason
VxlanEncapsulation::Decapsulate(ByteView packet,
                                TimeNs /* now */,
                                Bytes& frame,
                                Decapsulated& facts)
{
    frame.clear();
    std::uint8_t tos = 0;
    ByteView payload;
    if (const DropReason reason = Unwrap(packet, tos, payload, facts); reason != DropReason::None)
    {
        return reason;
    }
    if (payload.size() < VXLAN_HEADER)
    {
        return DropReason::Truncated;
    }
    const std::uint32_t first = netbase::Read32(&payload[0]);
    const std::uint32_t second = netbase::Read32(&payload[4]);
    if ((first & FLAG_I) == 0)
    {
        return DropReason::NoVniFlag;
    }
    const bool policy = m_config.groupPolicy && (first & FLAG_G) != 0;
    const std::uint32_t known = FLAG_I | (policy ? FLAG_G | FLAG_D | FLAG_A | POLICY_ID : 0);
    if (m_config.dropReservedBits && ((first & ~known) != 0 || (second & 0xff) != 0))
    {
        return DropReason::ReservedBits;
    }
    facts.vni = second >> 8;
    facts.dontLearn = policy && (first & FLAG_D) != 0;
    return OpenInner(m_config, tos, payload.subspan(VXLAN_HEADER), frame);
}

std::uint32_t
VxlanEncapsulation::Overhead(std::size_t /* frameSize */, bool ipv6) const
{
    return static_cast<std::uint32_t>((ipv6 ? netbase::IPV6_HEADER : netbase::IPV4_HEADER) +
                                      netbase::UDP_HEADER + VXLAN_HEADER);
}

} // namespace weft::vxlan
