// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * From the bytes of an IPv4 packet (RFC 791) to its FlowKey.
 */
#ifndef SDWAN_FLOW_KEY_H
#define SDWAN_FLOW_KEY_H

#include "sdwan-types.h"

namespace weft::sdwan
{

/// Header facts found on the way to the key.
struct Ipv4Info
{
    std::uint16_t totalLength =
        0; ///< bytes, header included; the buffer may be longer (Ethernet padding)
    std::uint8_t headerLength = 0; ///< bytes, 20..60
    std::uint8_t timeToLive = 0;
    std::uint8_t trafficClass = 0; ///< the TOS/DSCP+ECN octet
    bool dontFragment = false;
    bool fragment = false;      ///< any fragment, the first included
    bool laterFragment = false; ///< not the first: the ports of the key are 0
};

/**
 * Reads the 5-tuple. Ports are read for TCP, UDP, UDP-Lite, DCCP and SCTP.
 *
 * @param packet starts at the IPv4 header
 * @param segment goes into the key
 * @param[out] key set only on success
 * @param[out] info set only on success; may be null
 * @return None; NotIpv4 (version or header length field wrong); Truncated (shorter than its header,
 * its total length or the ports)
 */
DropReason ParseFlowKey(ByteView packet,
                        std::uint8_t segment,
                        FlowKey& key,
                        Ipv4Info* info = nullptr);

} // namespace weft::sdwan

#endif
