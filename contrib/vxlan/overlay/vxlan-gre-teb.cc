// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-gre-teb.h"

#include "netbase-ipv4.h"
#include "netbase-ipv6.h"

namespace weft::vxlan
{

GreTebEncapsulation::GreTebEncapsulation(const EncapsulationConfig& config) : GreTunnel(config)
{
}

DropReason
GreTebEncapsulation::Encapsulate(ByteView frame,
                                 Vni vni,
                                 const TunnelEnds& ends,
                                 PacketQueue& packets)
{
    return Wrap(frame,
                {.hasKey = vni != 0,
                 .key = vni,
                 .hasChecksum = m_config.checksum == ChecksumMode::Computed},
                ends,
                packets);
}

DropReason
GreTebEncapsulation::Decapsulate(ByteView packet,
                                 TimeNs /* now */,
                                 Bytes& frame,
                                 Decapsulated& facts)
{
    frame.clear();
    GreHeader header;
    std::uint8_t tos = 0;
    ByteView payload;
    if (const DropReason reason = Unwrap(packet, header, tos, payload, facts);
        reason != DropReason::None)
    {
        return reason;
    }
    facts.vni = header.key; // 0 without one
    return OpenInner(m_config, tos, payload, frame);
}

bool
GreTebEncapsulation::CarriesVni(Vni /* vni */) const
{
    return true;
}

std::uint32_t
GreTebEncapsulation::Overhead(std::size_t /* frameSize */, bool ipv6) const
{
    return static_cast<std::uint32_t>((ipv6 ? netbase::IPV6_HEADER : netbase::IPV4_HEADER) + 8 +
                                      (m_config.checksum == ChecksumMode::Computed ? 4 : 0));
}

} // namespace weft::vxlan
