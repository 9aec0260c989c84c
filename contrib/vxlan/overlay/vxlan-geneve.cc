// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-geneve.h"

#include "netbase-ethernet.h"
#include "netbase-ipv4.h"
#include "netbase-ipv6.h"
#include "netbase-udp.h"

#include <algorithm>
#include <stdexcept>

namespace weft::vxlan
{

namespace
{

constexpr std::uint8_t FLAG_CONTROL = 0x80;
constexpr std::uint8_t FLAG_CRITICAL = 0x40;
constexpr std::uint8_t TYPE_CRITICAL = 0x80; ///< of an option's type
constexpr std::size_t OPTION_HEADER = 4;

struct OptionFacts
{
    bool whole = true; ///< they fill their space exactly
    bool critical = false;
    bool reserved = false; ///< reserved bits are set
};

OptionFacts
ReadOptions(ByteView options)
{
    OptionFacts facts;
    while (!options.empty())
    {
        if (options.size() < OPTION_HEADER)
        {
            facts.whole = false;
            return facts;
        }
        const std::size_t size = OPTION_HEADER + std::size_t{4} * (options[3] & 0x1f);
        facts.critical |= (options[2] & TYPE_CRITICAL) != 0;
        facts.reserved |= (options[3] & 0xe0) != 0;
        if (size > options.size())
        {
            facts.whole = false;
            return facts;
        }
        options = options.subspan(size);
    }
    return facts;
}

} // namespace

GeneveEncapsulation::GeneveEncapsulation(const EncapsulationConfig& config)
    : UdpTunnel(config, GENEVE_PORT)
{
    const Bytes& options = config.geneveOptions;
    const OptionFacts facts = ReadOptions(options);
    if (options.size() > GENEVE_MAX_OPTIONS || !facts.whole)
    {
        throw std::invalid_argument("geneveOptions: " + std::to_string(options.size()) +
                                    " bytes; must be whole options (RFC 8926 section 3.5) of at "
                                    "most 252 bytes together");
    }
    m_header[0] = static_cast<std::uint8_t>(options.size() / 4);
    m_header[1] = facts.critical ? FLAG_CRITICAL : 0;
    netbase::Write16(&m_header[2], netbase::ethertype::TEB);
    std::copy(options.begin(), options.end(), m_header.begin() + GENEVE_HEADER);
    m_headerSize += options.size();
}

DropReason
GeneveEncapsulation::Encapsulate(ByteView frame,
                                 Vni vni,
                                 const TunnelEnds& ends,
                                 PacketQueue& packets)
{
    if (!CarriesVni(vni))
    {
        return DropReason::UnknownVni;
    }
    netbase::Write24(&m_header[4], vni);
    return Wrap(frame, ByteView(m_header).first(m_headerSize), ends, packets);
}

DropReason
GeneveEncapsulation::Decapsulate(ByteView packet,
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
    if (payload.size() < GENEVE_HEADER)
    {
        return DropReason::Truncated;
    }
    if (payload[0] >> 6 != 0)
    {
        return DropReason::BadTunnelHeader;
    }
    const std::size_t header = GENEVE_HEADER + std::size_t{4} * (payload[0] & 0x3f);
    if (payload.size() < header)
    {
        return DropReason::Truncated;
    }
    const OptionFacts options = ReadOptions(payload.subspan(GENEVE_HEADER, header - GENEVE_HEADER));
    // RFC 8926 section 3.5.1: options are walked when the C bit says that one is critical; their
    // lengths must be right in any case.
    if (!options.whole || ((payload[1] & FLAG_CRITICAL) != 0 && options.critical))
    {
        return DropReason::BadTunnelHeader;
    }
    if ((payload[1] & FLAG_CONTROL) != 0 || netbase::Read16(&payload[2]) != netbase::ethertype::TEB)
    {
        return DropReason::NotForUs;
    }
    if (m_config.dropReservedBits &&
        ((payload[1] & 0x3f) != 0 || payload[7] != 0 || options.reserved))
    {
        return DropReason::ReservedBits;
    }
    facts.vni = netbase::Read24(&payload[4]);
    return OpenInner(m_config, tos, payload.subspan(header), frame);
}

std::uint32_t
GeneveEncapsulation::Overhead(std::size_t /* frameSize */, bool ipv6) const
{
    return static_cast<std::uint32_t>((ipv6 ? netbase::IPV6_HEADER : netbase::IPV4_HEADER) +
                                      netbase::UDP_HEADER + m_headerSize);
}

} // namespace weft::vxlan
