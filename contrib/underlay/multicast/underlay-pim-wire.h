// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Numbers of the PIM wire format that reading and writing share (RFC 7761 section 4.9; options from
 * IANA's registry "PIM-Hello Options").
 */
#ifndef UNDERLAY_PIM_WIRE_H
#define UNDERLAY_PIM_WIRE_H

#include <cstdint>

namespace weft::multicast::pim_wire
{

inline constexpr std::uint8_t VERSION = 2;
inline constexpr std::uint8_t FAMILY_IPV4 = 1; ///< with native encoding, 0
inline constexpr std::uint16_t OPTION_HOLDTIME = 1;
inline constexpr std::uint16_t OPTION_LAN_PRUNE_DELAY = 2;
inline constexpr std::uint16_t OPTION_DR_PRIORITY = 19;
inline constexpr std::uint16_t OPTION_GENERATION_ID = 20;
inline constexpr std::uint16_t OPTION_STATE_REFRESH = 21;
inline constexpr std::uint16_t OPTION_BIDIRECTIONAL = 22;
inline constexpr std::uint16_t OPTION_ADDRESS_LIST = 24;
inline constexpr std::uint32_t REGISTER_BORDER = 0x80000000;
inline constexpr std::uint32_t REGISTER_NULL = 0x40000000;
inline constexpr std::uint32_t RP_TREE_BIT = 0x80000000;

} // namespace weft::multicast::pim_wire

#endif
