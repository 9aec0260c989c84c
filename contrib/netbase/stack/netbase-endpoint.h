// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * An IP end host on an Ethernet: network card, ARP or neighbour discovery, IP with fragmentation
 * and reassembly, ICMP echo, multicast membership. A virtual machine, the underlay side of a VTEP,
 * a controller.
 *
 * Frames come in by OnFrame(), go out by PollFrame(); packets come in by SendPacket(), are
 * delivered by PollPacket(). Poll after every call until nothing is left.
 *
 * Invariants: a frame that is not for this host is dropped under a named reason; ARP is answered
 * for own addresses only; packets sent = frames sent on their behalf + waiting for a neighbour +
 * dropped by name. An idle instance keeps no queue, cache, IGMP or reassembly: these come with
 * their first use.
 *
 * Limits: one link; no routing header or MLD; multicast is sent, not looped back.
 */
#ifndef NETBASE_ENDPOINT_H
#define NETBASE_ENDPOINT_H

#include "netbase-arp.h"
#include "netbase-drop-reason.h"
#include "netbase-ethernet.h"
#include "netbase-icmp.h"
#include "netbase-igmp-host.h"
#include "netbase-ip.h"
#include "netbase-ndp.h"
#include "netbase-neighbour-cache.h"
#include "netbase-output-queue.h"
#include "netbase-reassembly.h"
#include "netbase-table-change.h"

#include <memory>

namespace weft::netbase
{

struct EndpointConfig
{
    MacAddress mac;            ///< not zero, not a group
    IpAddress address;         ///< unicast
    unsigned prefixLength = 0; ///< of the link's network: IPv4 0 to 32, IPv6 0 to 128
    IpAddress gateway;         ///< none: on-link destinations only; else on the link, same family
    std::uint32_t mtu = 1500;  ///< longest IP packet of a frame: IPv4 68, IPv6 1280, to 65535
    bool resolves = true; ///< false: a link without ARP; every unicast goes to the broadcast MAC
    bool fragmentsIpv6 = true; ///< cut own IPv6 packets that are too long; false: TooBig
    bool answersEcho = true;
    std::uint8_t ttl = 64;        ///< of packets made here
    std::uint8_t igmpVersion = 3; ///< 1 to 3
    std::uint64_t key = 0;        ///< of random choices (IGMP delays); different for every host
    NeighbourConfig neighbours{};
    ReassemblyConfig reassembly{};
};

/// What one packet asks for beside its own header.
struct SendOptions
{
    std::optional<MacAddress> sourceMac; ///< default: the MAC of the packet's source address
    bool dontFragment = false;           ///< TooBig rather than fragments, whatever its header says
};

struct EndpointCounts
{
    std::uint64_t framesIn = 0;
    std::uint64_t framesOut = 0;
    std::uint64_t packetsSent = 0;   ///< IP packets given to SendPacket(), or made here (but for
                                     ///< neighbour discovery)
    std::uint64_t packetsLooped = 0; ///< of these, to an own address
    std::uint64_t packetsFragmented = 0; ///< of these, sent in fragments
    std::uint64_t packetsDelivered = 0;  ///< to upper layers
    std::uint64_t fragmentsOut = 0;      ///< frames that carry a fragment
    std::uint64_t requestsOut = 0;       ///< ARP requests or neighbour solicitations
    std::uint64_t repliesOut = 0;        ///< ARP replies or neighbour advertisements
    std::uint64_t announcements = 0;     ///< GARP, RARP, unsolicited advertisements
    std::uint64_t echoes = 0;            ///< echo requests answered
    DropCounters drops; ///< frames and packets, both ways; of the neighbour cache too
};

class IpEndpoint
{
  public:
    /// Octets that SendInPlace() wants free before the packet.
    static constexpr std::size_t HEADROOM = ETHERNET_HEADER;

    /// @throws std::invalid_argument naming the field, its value and the rule
    IpEndpoint(const EndpointConfig& config, TimeNs now);
    ~IpEndpoint();
    IpEndpoint(IpEndpoint&&) noexcept;
    IpEndpoint& operator=(IpEndpoint&&) noexcept;

    // -- from and to the wire

    /// Takes a frame. @return None, or why it was ignored (also counted)
    DropReason OnFrame(ByteView frame, TimeNs now);

    /// As OnFrame(), but a packet for upper layers that is complete in this frame is not queued:
    /// it is returned, without copy. Reassembled ones come by PollPacket().
    /// @param[out] packet the packet within @p frame, padding cut off; empty when there is none
    DropReason Receive(ByteView frame, TimeNs now, ByteView& packet);

    /// Takes the next frame to send; buffers are exchanged, so that capacities circulate.
    bool PollFrame(Bytes& frame);

    // -- upper layers

    /**
     * Sends a packet: chooses the next hop, resolves it, cuts the packet up if it is longer than
     * the MTU or the known path MTU and may be.
     *
     * @param packet complete IP packet; its source address is not checked. To an own address: it is
     * delivered here
     * @return None: sent, or waiting for the neighbour's answer; TooBig (look at PathMtu());
     * NoRoute; CacheFull; Truncated, BadHeader for what is no IP packet
     */
    DropReason SendPacket(ByteView packet, TimeNs now, const SendOptions& options = {});

    /// As SendPacket(), without copying: @p buffer holds HEADROOM octets for the Ethernet header,
    /// then the packet. It is taken, and comes back as some other buffer, its content unspecified.
    DropReason SendInPlace(Bytes& buffer, TimeNs now, const SendOptions& options = {});

    /// Takes the next packet for upper layers: whatever was sent to an own address, a joined group
    /// or broadcast, whole, but for echo requests that were answered. Echo replies, errors, IGMP
    /// and protocols of which nothing is known here are among them.
    bool PollPacket(Bytes& packet);

    /// Sends an echo request from the address of this host. The reply comes by PollPacket().
    DropReason Ping(const IpAddress& to,
                    std::uint16_t id,
                    std::uint16_t sequence,
                    ByteView data,
                    TimeNs now,
                    bool dontFragment = false);

    // -- addresses and groups

    /// Announces addresses by gratuitous ARP (IPv6: unsolicited neighbour advertisement).
    /// @param address one of ours; none: all of them
    /// @throws std::invalid_argument when it is none of ours
    void AnnounceGarp(TimeNs now, const IpAddress& address = {}, GarpForm form = GarpForm::Request);

    /// Announces the MAC address by RARP, as hypervisors do for a VM.
    void AnnounceRarp(TimeNs now);

    /// Adds an address of this host with a MAC of its own (VRRP's virtual router), which is
    /// announced only by AnnounceGarp(). @param mac default: the host's. Frames to it are received.
    /// @throws std::invalid_argument for a group or none address, a group MAC, or one that exists
    void AddAddress(const IpAddress& address, TimeNs now, std::optional<MacAddress> mac = {});

    /// Removes an address added before. @return false when there is none such
    bool RemoveAddress(const IpAddress& address);

    bool OwnsAddress(const IpAddress& address) const;

    /// Receives a group's packets; IPv4 groups are reported by IGMP.
    /// @throws std::invalid_argument when it is no group @return false when it was joined already
    bool JoinGroup(const IpAddress& group, TimeNs now);
    bool LeaveGroup(const IpAddress& group, TimeNs now);
    bool IsMember(const IpAddress& group) const;

    // -- link

    /// @return longest packet to a destination: the MTU, or what "too big" messages said within the
    /// last 10 minutes (RFC 1191 section 6.3, RFC 8201)
    std::uint32_t PathMtu(const IpAddress& to, TimeNs now) const;

    /// Changes the MTU. @throws std::invalid_argument as the constructor
    void SetMtu(std::uint32_t mtu);

    /// Forgets all neighbours but static ones: the cable went.
    void FlushNeighbours(TimeNs now, TableCause cause = TableCause::PortDown);

    /// Adds a neighbour that is never asked for.
    void AddNeighbour(const IpAddress& address, const MacAddress& mac, TimeNs now);

    /// @return reassembly; nullptr while no fragment ever came. Its drops are in Counters() too
    const Reassembly* Fragments() const;

    /// @return the host side of IGMP; nullptr while no IPv4 group was ever joined
    const IgmpHost* Igmp() const;

    /// @return the cache; nullptr while nothing was ever resolved or learned. Its drops are in
    /// Counters() too
    const NeighbourCache*
    Neighbours() const
    {
        return m_neighbours.get();
    }

    // -- host

    /// Takes the next change of the neighbour cache (Table::Arp) or of memberships (Table::Groups).
    bool PollTableChange(TableChange& change);

    /// @return when to call OnDeadline(): may be early, never late; NEVER when nothing is pending
    TimeNs NextDeadline() const;
    void OnDeadline(TimeNs now);

    const EndpointCounts&
    Counters() const
    {
        return m_counts;
    }

    const EndpointConfig&
    Config() const
    {
        return m_config;
    }

    /// @return packets that wait for a neighbour's answer
    std::size_t Waiting() const;

  private:
    struct LocalAddress
    {
        IpAddress address;
        MacAddress mac;
    };

    struct Extra; ///< what only some hosts need

    struct NoMeta
    {
    };

    DropReason Filter(const EthernetHeader& header) const;
    DropReason OnArp(ByteView payload, bool unicast, TimeNs now);
    DropReason OnNdp(ByteView packet, TimeNs now);
    DropReason OnIp(ByteView payload, bool v6, TimeNs now, ByteView& packet);
    DropReason OnFragment(ByteView packet, const IpFacts& facts, TimeNs now);
    DropReason OnWhole(ByteView packet, const IpFacts& facts, TimeNs now, bool& consumed);
    DropReason Loop(ByteView packet, TimeNs now);
    bool OwnsMac(const MacAddress& mac) const;
    bool IsOurGroup(const IpAddress& group) const;
    bool IsBroadcast(const IpAddress& address) const;
    bool IsOnLink(const IpAddress& address) const;
    std::optional<LocalAddress> FindLocal(const IpAddress& address) const;
    void NoteTooBig(const IcmpMessage& message, TimeNs now);
    DropReason Transmit(Bytes& buffer, TimeNs now, const SendOptions& options);
    DropReason TransmitFragments(const Bytes& buffer,
                                 const IpAddress& nextHop,
                                 std::uint32_t mtu,
                                 TimeNs now);
    DropReason SendFrame(Bytes& frame, const IpAddress& nextHop, TimeNs now);
    void PushFrame(Bytes& frame);
    DropReason SendMade(TimeNs now, const SendOptions& options = {});
    void SendQuestion(const NeighbourCache::Request& request);
    void Advertise(const LocalAddress& local, const IpAddress& to, bool solicited, TimeNs now);
    void SendNdp(const NdpMessage& message, const MacAddress& source, const MacAddress& to);
    void Pump(TimeNs now);
    void PumpGroups(TimeNs now);
    void Mirror(const DropCounters& from, DropCounters& seen);
    NeighbourCache& Cache();
    Extra& Rare();

    EndpointConfig m_config;
    OutputQueue<NoMeta> m_frames;
    OutputQueue<NoMeta> m_packets;
    std::unique_ptr<NeighbourCache> m_neighbours;
    std::unique_ptr<Extra> m_extra;
    DropCounters m_neighbourDrops; ///< of the cache's, what is in our counters
    Bytes m_made;                  ///< packet made here, behind its headroom
    Bytes m_swap;                  ///< buffer on its way to or from a queue
    bool m_held = false;           ///< a packet was held since the last Pump()
    std::uint32_t m_packetId = 0;  ///< identification of packets made here
    EndpointCounts m_counts;
};

} // namespace weft::netbase

#endif
