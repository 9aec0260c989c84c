// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What an Edge is told: its links, LAN, peers, tunnels and policy. Plain values, as an Orchestrator
 * would push them.
 */
#ifndef SDWAN_EDGE_CONFIG_H
#define SDWAN_EDGE_CONFIG_H

#include "sdwan-cipher.h"
#include "sdwan-path-monitor.h"
#include "sdwan-policy.h"

#include <string>
#include <vector>

namespace weft::sdwan
{

/// An attachment of this Edge to an underlay.
struct EdgeLink
{
    std::string name;
    std::uint32_t address = 0; ///< host byte order
    std::uint16_t mtu = 1500;  ///< largest outer IPv4 packet, 576..65535 bytes
};

/// Another Edge.
struct EdgePeer
{
    std::string name;
    /// Value of the top bit of flow identifiers allocated here for this peer; the peer has the
    /// other one.
    bool flowIdTopBit = false;
    std::vector<Ipv4Prefix> prefixes; ///< reachable behind it
};

/// One tunnel: a pair of underlay attachments that reach each other.
struct EdgeTunnel
{
    std::uint16_t peer = 0;          ///< index into EdgeConfig::peers
    std::uint16_t link = 0;          ///< index into EdgeConfig::links
    std::string remoteLink;          ///< the peer's name of its attachment
    std::uint32_t remoteAddress = 0; ///< host byte order
    Bytes secret;                    ///< shared with the peer, at least SECRET_MIN_SIZE bytes
    bool initiator = false;          ///< exactly one of the two ends is
};

struct EdgeConfig
{
    std::string name;
    std::vector<EdgeLink> links;
    std::vector<Ipv4Prefix> lan; ///< own prefixes: what may be delivered here
    std::vector<EdgePeer> peers;
    std::vector<EdgeTunnel> tunnels;
    std::uint8_t segment = 0; ///< the segment of the LAN
    std::vector<PolicyRule> rules;
    std::vector<Application> applications;
    PolicyRule defaultRule = Policy::DefaultRule();
    CipherSuite suite = CipherSuite::Aes128Gcm;
    TimeNs rekeyInterval = std::chrono::minutes{8};
    TimeNs rekeyOverlap = std::chrono::seconds{10};       ///< both epochs are accepted for so long
    std::uint32_t packetsPerKey = std::uint32_t{1} << 29; ///< a key is replaced after so many
    PathMonitorConfig monitor;
    std::size_t maxFlows = 65536;
    TimeNs flowIdleTimeout = std::chrono::minutes{5};
    std::size_t transmitHeadroom = 0; ///< bytes left free for the host in front of each datagram
};

/**
 * Checks a configuration.
 *
 * @throws std::invalid_argument naming the field, its value and the rule it breaks
 */
void Check(const EdgeConfig& config);

} // namespace weft::sdwan

#endif
