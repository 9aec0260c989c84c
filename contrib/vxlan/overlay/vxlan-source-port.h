// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The outer source port: entropy of the inner flow for switches that hash outer headers only
 * (RFC 7348 section 5, RFC 7637 section 3.1, RFC 8926 section 3.3).
 *
 * Invariant: one inner flow always has the same port. The hash takes the inner addresses, protocol
 * and TCP or UDP ports, never ICMP's identifier; of what is not IP, the MAC addresses and the
 * EtherType.
 */
#ifndef VXLAN_SOURCE_PORT_H
#define VXLAN_SOURCE_PORT_H

#include "vxlan-encapsulation.h"

#include "netbase-flow-hash.h"

namespace weft::vxlan
{

/// Ports, both inclusive.
struct PortRange
{
    std::uint16_t first = 0;
    std::uint16_t last = 0;
};

/// @return the ports a mode draws from
inline PortRange
SourcePorts(const EncapsulationConfig& config)
{
    switch (config.sourcePort)
    {
    case SourcePortMode::Rfc:
        return {49152, 65535};
    case SourcePortMode::Linux:
        return {32768, 60999};
    case SourcePortMode::TopBit:
        return {32768, 65535};
    case SourcePortMode::Full:
        return {0, 65535};
    case SourcePortMode::Fixed:
        return {config.fixedSourcePort, config.fixedSourcePort};
    case SourcePortMode::Range:
        return {config.sourcePortMin, config.sourcePortMax};
    }
    return {49152, 65535};
}

/// @param hash all 64 bits are used; a uniform hash gives uniform ports
inline std::uint16_t
SourcePort(PortRange range, std::uint64_t hash)
{
    const std::uint64_t ports = std::uint64_t{range.last} - range.first + 1;
    return static_cast<std::uint16_t>(range.first + ((hash >> 32) * ports >> 32));
}

/// @return hash of the flow an inner Ethernet frame belongs to
inline std::uint64_t
EntropyHash(const EncapsulationConfig& config, ByteView frame)
{
    return netbase::FlowHash(netbase::ReadFlowFields(frame), config.hashKey, config.symmetricHash);
}

} // namespace weft::vxlan

#endif
