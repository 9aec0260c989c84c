// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup vxlan
 * What a network card's checksum offload does for a stack that leaves checksums out.
 */
#ifndef VXLAN_OFFLOAD_H
#define VXLAN_OFFLOAD_H

#include "ns3/netbase-types.h"

#include <cstdint>
#include <span>

namespace ns3
{
namespace vxlan
{

/**
 * Computes those of the checksums of IPv4, TCP, UDP, ICMP and ICMPv6 that are 0 in a packet. In
 * fragments only that of IPv4 is: the others cover what is not there.
 *
 * @param packet complete IP packet; left alone if it is none
 */
void CompleteChecksums(std::span<uint8_t> packet);

} // namespace vxlan
} // namespace ns3

#endif
