// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * Bytes at the start of a packet: looked at and replaced.
 */
#ifndef UNDERLAY_FRAME_EDIT_H
#define UNDERLAY_FRAME_EDIT_H

#include "ns3/packet.h"
#include "ns3/ptr.h"

#include <cstdint>
#include <span>
#include <vector>

namespace ns3
{
namespace underlay
{

/**
 * Replaces the first bytes of a packet, in place where no other packet shares them.
 *
 * @param packet to alter
 * @param remove how many go; at most its size
 * @param bytes what comes in their place
 */
void ReplaceStart(Ptr<Packet> packet, uint32_t remove, std::span<const uint8_t> bytes);

/// @param packet packet @return its bytes
std::vector<uint8_t> BytesOf(Ptr<const Packet> packet);

/// @param bytes of a packet @return the packet
Ptr<Packet> MakePacket(std::span<const uint8_t> bytes);

} // namespace underlay
} // namespace ns3

#endif
