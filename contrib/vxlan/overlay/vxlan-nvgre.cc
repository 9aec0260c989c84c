// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-nvgre.h"

#include "vxlan-source-port.h"

#include "netbase-ipv4.h"
#include "netbase-ipv6.h"

#include <stdexcept>

namespace weft::vxlan
{

NvgreEncapsulation::NvgreEncapsulation(const EncapsulationConfig& config) : GreTunnel(config)
{
    if (config.checksum == ChecksumMode::Computed)
    {
        throw std::invalid_argument(
            "checksum: computed; NVGRE has no checksum (RFC 7637 section 3.2)");
    }
}

DropReason
NvgreEncapsulation::Encapsulate(ByteView frame,
                                Vni vni,
                                const TunnelEnds& ends,
                                PacketQueue& packets)
{
    if (!CarriesVni(vni))
    {
        return DropReason::UnknownVni;
    }
    const auto flow = static_cast<std::uint32_t>(EntropyHash(m_config, frame) >> 56);
    return Wrap(frame, {.hasKey = true, .key = vni << 8 | flow}, ends, packets);
}

DropReason
NvgreEncapsulation::Decapsulate(ByteView packet,
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
    if (!header.hasKey || header.hasChecksum || header.hasSequence)
    {
        return DropReason::BadTunnelHeader;
    }
    facts.vni = header.key >> 8;
    if (!CarriesVni(facts.vni))
    {
        return DropReason::UnknownVni;
    }
    return OpenInner(m_config, tos, payload, frame);
}

bool
NvgreEncapsulation::CarriesVni(Vni vni) const
{
    return vni < MAX_VNI && (vni > 0xfff || m_config.reservedVsids);
}

std::uint32_t
NvgreEncapsulation::Overhead(std::size_t /* frameSize */, bool ipv6) const
{
    return static_cast<std::uint32_t>((ipv6 ? netbase::IPV6_HEADER : netbase::IPV4_HEADER) + 8);
}

} // namespace weft::vxlan
