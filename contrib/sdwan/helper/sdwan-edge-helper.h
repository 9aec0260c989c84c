// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup sdwan
 * Builds Edges out of nodes and devices that exist already.
 */
#ifndef SDWAN_EDGE_HELPER_H
#define SDWAN_EDGE_HELPER_H

#include "ns3/attribute.h"
#include "ns3/ipv4-address.h"
#include "ns3/net-device.h"
#include "ns3/node.h"
#include "ns3/nstime.h"
#include "ns3/object-factory.h"
#include "ns3/ptr.h"
#include "ns3/sdwan-edge.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace ns3
{
namespace sdwan
{

/**
 * @ingroup sdwan
 *
 * Describe the Edges and their links, say which links reach each other, then Install().
 *
 * @code
 *   EdgeHelper helper(1);
 *   helper.AddEdge("bristol", bristol, bristolLan, "10.20.30.0", "255.255.255.0");
 *   helper.AddLink("bristol", "mpls", bristolMpls, "172.16.0.1");
 *   helper.AddLink("bristol", "broadband", bristolBroadband, "198.18.0.1");
 *   ... the same for "hq", with the links "mpls" and "dia" ...
 *   helper.Connect("bristol", "mpls", "hq", "mpls");
 *   helper.Connect("bristol", "broadband", "hq", "dia");
 *   helper.Install();
 * @endcode
 *
 * Both ends of a tunnel get configurations that mirror each other: the one named first in Connect()
 * opens the tunnel, and of two peers the one added first allocates flow identifiers without the top
 * bit. Rules and applications are the same at every Edge.
 *
 * Tunnel secrets are derived (HKDF-SHA256) from the seed and the names of the two links. They stand
 * in for a key exchange, and are as secret as the seed.
 *
 * Every mistake throws std::invalid_argument naming what was given and what would be right.
 */
class EdgeHelper
{
  public:
    /// @param seed of the tunnels' secrets
    explicit EdgeHelper(uint64_t seed);

    /**
     * @param name of an attribute of Edge, for the Edges added from here on
     * @param value its value
     */
    void SetEdgeAttribute(const std::string& name, const AttributeValue& value);

    /**
     * Describes an Edge.
     *
     * @param name unique
     * @param node without an Edge
     * @param lan device of the node towards the LAN; carries IPv4 without address resolution
     * @param network of the LAN; other Edges reach it through their tunnels to this one
     * @param mask of the LAN
     */
    void AddEdge(const std::string& name,
                 Ptr<Node> node,
                 Ptr<NetDevice> lan,
                 Ipv4Address network,
                 Ipv4Mask mask);

    /**
     * Gives an Edge a link into an underlay. Its MTU is the device's at the time of Install().
     *
     * @param edge name of an Edge
     * @param link name, unique at this Edge; rules speak of it
     * @param wan device of the Edge's node; carries IPv4 without address resolution
     * @param address in the underlay; unique
     */
    void AddLink(const std::string& edge,
                 const std::string& link,
                 Ptr<NetDevice> wan,
                 Ipv4Address address);

    /**
     * Says that two links reach each other: one tunnel.
     *
     * @param edge name of the Edge that opens the tunnel
     * @param link name of its link
     * @param peer name of another Edge
     * @param peerLink name of that one's link
     */
    void Connect(const std::string& edge,
                 const std::string& link,
                 const std::string& peer,
                 const std::string& peerLink);

    /// @param rule of the Business Policy, after those added before: the first that matches holds
    void AddRule(const weft::sdwan::PolicyRule& rule);
    /// @param rule what holds where no other matches; its match is ignored
    void SetDefaultRule(const weft::sdwan::PolicyRule& rule);
    /// @param application a label that rules may name, after those added before
    void AddApplication(const weft::sdwan::Application& application);
    /// @param suite cipher of every tunnel; AES-128-GCM unless set
    void SetCipher(weft::sdwan::CipherSuite suite);
    /// @param interval between two keys of a tunnel, positive; 8 minutes unless set
    void SetRekeyInterval(Time interval);
    /// @param monitor how paths are measured
    void SetMonitor(const weft::sdwan::PathMonitorConfig& monitor);

    /**
     * Makes the Edges, aggregates each to its node and gives it its devices. The LAN device of each
     * and whatever shares its channel get the largest MTU that fits every link with the tunnels'
     * overhead (EdgeDataplane::LanMtu()). Call once.
     */
    void Install();

    /// @return the Edge, after Install() @param name of it
    Ptr<Edge> GetEdge(const std::string& name) const;

    /**
     * Writes every datagram to one pcap file (raw IPv4) when an Edge sends it. Call after
     * Install().
     *
     * @param filename of the capture
     */
    void EnablePcap(const std::string& filename) const;

    /**
     * Edges draw no random numbers: nothing here comes from ns-3's streams.
     *
     * @param stream first stream index to use
     * @return 0, the number of streams used
     */
    int64_t AssignStreams(int64_t stream) const;

  private:
    /// What is to become an Edge.
    struct Site
    {
        weft::sdwan::EdgeConfig config;     ///< without what all Edges have in common
        Ptr<Node> node;                     ///< its node
        Ptr<NetDevice> lan;                 ///< LAN device
        Ipv4Address network;                ///< of the LAN
        Ipv4Mask mask;                      ///< of the LAN
        std::vector<Ptr<NetDevice>> wan;    ///< by link
        std::map<std::size_t, uint16_t> to; ///< index in config.peers by index of the site
        Ptr<Edge> edge;                     ///< made but not yet installed, then installed
    };

    /// @return index of the site @param name of the Edge
    std::size_t Find(const std::string& name) const;
    /// @return index of the link @param site of it @param name of it
    static uint16_t FindLink(const Site& site, const std::string& name);
    /// @return index of the peer in the configuration of @p site, added if need be
    /// @param site index of one @param other index of the other
    uint16_t Meet(std::size_t site, std::size_t other);
    /// @throws std::logic_error once installed
    void CheckOpen() const;

    uint64_t m_seed;                  ///< of the secrets
    bool m_installed = false;         ///< Install() was called
    ObjectFactory m_factory;          ///< makes Edges
    std::vector<Site> m_sites;        ///< in order of AddEdge()
    weft::sdwan::EdgeConfig m_common; ///< what all Edges have in common
};

} // namespace sdwan
} // namespace ns3

#endif
