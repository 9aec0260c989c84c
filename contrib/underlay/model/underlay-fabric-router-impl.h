// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * Inside of FabricRouter: for its own sources only.
 */
#ifndef UNDERLAY_FABRIC_ROUTER_IMPL_H
#define UNDERLAY_FABRIC_ROUTER_IMPL_H

#include "ns3/netbase-neighbour-cache.h"
#include "ns3/underlay-fib.h"
#include "underlay-deadline.h"
#include "underlay-fabric-router.h"
#include "underlay-ring.h"

#include "ns3/simulator.h"

#include "absl/container/flat_hash_map.h"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ns3
{
namespace underlay
{

/// Everything of a FabricRouter.
class FabricRouter::Impl
{
  public:
    /// Value of the forwarding table for the router's own addresses.
    static constexpr GroupId LOCAL = ~GroupId{0};

    /// Start of a frame on the stack, enough for headers and for the hash.
    struct Start
    {
        uint8_t octets[weft::underlay::HASHED_OCTETS]; ///< bytes
        uint32_t size{0};                              ///< how many are there

        /// @return the bytes
        std::span<const uint8_t>
        View() const
        {
            return {octets, size};
        }
    };

    /// An interface.
    struct Port
    {
        Impl* router{nullptr};                       ///< owner
        uint32_t number{0};                          ///< index
        Ptr<EthernetDevice> device;                  ///< device
        std::string name;                            ///< name
        std::vector<PortAddress> addresses;          ///< own
        std::vector<weft::netbase::IpAddress> hosts; ///< behind it, to be resolved
        /// Configured neighbours.
        std::vector<std::pair<weft::netbase::IpAddress, weft::netbase::MacAddress>> neighbours;
        GroupId onLink{LOCAL}; ///< group of what is on the link; LOCAL: not made yet
        bool up{false};        ///< as last told

        /// @param frame from the device @return true: always taken
        bool OnFrame(Ptr<Packet> frame);
        /// The device's link came up or went down.
        void OnLinkChange();
        /// @return the first own address of a family; none if there is none @param v6 family
        weft::netbase::IpAddress OwnAddress(bool v6) const;
    };

    /// Frames that wait for a host's MAC address.
    struct Waiting
    {
        uint32_t port{0};         ///< way out
        Ring<Ptr<Packet>> frames; ///< complete but for the destination address
    };

    /// @param router owner
    explicit Impl(FabricRouter& router);

    /// @return the simulation's time
    static weft::netbase::TimeNs
    Now()
    {
        return weft::netbase::TimeNs(Simulator::Now().GetNanoSeconds());
    }

    /// @return MAC addresses of hosts
    weft::netbase::NeighbourCache& Cache();
    /// @return octets of each frame to look at
    uint32_t PeekSize() const;

    // Packets in (underlay-fabric-router-forward.cc).

    /// @param in port @param frame from its device
    void Receive(Port& in, Ptr<Packet> frame);
    /// @param in port @param frame with IPv4 in it @param start its start
    void ReceiveV4(Port& in, Ptr<Packet> frame, Start& start);
    /// @param in port @param frame with IPv6 in it @param start its start
    void ReceiveV6(Port& in, Ptr<Packet> frame, Start& start);
    /// Forwards, past the look-up. @param in port @param frame frame @param start its start
    /// @param group where to
    void Forward(Port& in, Ptr<Packet> frame, Start& start, GroupId group);
    /// @return a member of a group for a frame @param group not empty @param start of the frame
    const weft::underlay::NextHop& Choose(GroupId group, const Start& start);
    /// Sends a frame whose TTL is done over a next hop. @param frame complete but for addresses
    /// @param start its start @param edited octets of @p start, from its beginning, to be written
    /// @param hop next hop @return false if it was dropped at once
    bool Output(Ptr<Packet> frame,
                Start& start,
                uint32_t edited,
                const weft::underlay::NextHop& hop);
    /// A packet over the MTU of its way out. @param in port it came in by; null: own
    /// @param frame frame @param start its start, TTL not decremented @param hop next hop
    void TooLong(Port* in, Ptr<Packet> frame, Start& start, const weft::underlay::NextHop& hop);
    /// Cuts an IPv4 packet. @param packet bytes, TTL decremented @param mtu octets
    /// @return the fragments
    std::vector<weft::netbase::Bytes> Cut(weft::netbase::ByteView packet, uint32_t mtu);
    /// @param frame dropped @param reason why
    void Drop(Ptr<const Packet> frame, FrameDrop reason);

    // Neighbours (underlay-fabric-router-neighbours.cc).

    /// @param in port @param frame with ARP in it
    void ReceiveArp(Port& in, Ptr<Packet> frame);
    /// @param in port @param frame neighbour solicitation or advertisement @return whether it was
    bool ReceiveNdp(Port& in, Ptr<Packet> frame);
    /// @param port where a host is @param address its address @param frame for it
    void Resolve(Port& port, const weft::netbase::IpAddress& address, Ptr<Packet> frame);
    /// Carries out what the neighbour cache wants.
    void ServeCache();
    /// @param port where @param address whom to ask for @param unicast whom to ask; null: all
    void Ask(Port& port,
             const weft::netbase::IpAddress& address,
             const weft::netbase::MacAddress* unicast);
    /// @return whether an address may be learned on a port @param in port @param address address
    bool IsBehind(const Port& in, const weft::netbase::IpAddress& address) const;
    /// @return whether the router answers for an address on a port @param in port
    /// @param target asked for @param asker who asks
    bool AnswersFor(const Port& in,
                    const weft::netbase::IpAddress& target,
                    const weft::netbase::IpAddress& asker) const;
    /// Timer of the neighbour cache.
    void OnDeadline();

    // The router's own part (underlay-fabric-router-control.cc).

    /// A packet for the router. @param in port @param frame frame @param protocol upper layer
    void Local(Port& in, Ptr<Packet> frame, uint8_t protocol);
    /// @param in port where the answer's source is @param frame complained about @param append
    /// builds the message: (out, source, offending)
    template <typename Append>
    void SendError(Port* in, Ptr<const Packet> frame, Append append);
    /// @param in port @param frame complained about
    void SendTimeExceeded(Port* in, Ptr<const Packet> frame);
    /// @param in port @param frame complained about @param mtu octets
    void SendTooBig(Port* in, Ptr<const Packet> frame, uint32_t mtu);
    /// @param in port @param frame complained about @param what as
    /// weft::netbase::Unreachable
    void SendUnreachable(Port* in, Ptr<const Packet> frame, uint8_t what);
    /// @param packet of the router's own @return false if it was dropped at once
    bool SendOwn(Ptr<Packet> packet);
    /// @param port way out @param frame of the router's own
    void Emit(Port& port, Ptr<Packet> frame);
    /// Stops or starts. @param on whether the router runs
    void SetUp(bool on);

    // Table (underlay-fabric-router-table.cc).

    /// @param port number @return group of what is on its link
    GroupId OnLink(Port& port);
    /// Reports what changed since the last time, where somebody listens.
    void ReportRoutes();
    /// @return text of where a value of the table leads @param value group or LOCAL
    std::string Describe(GroupId value) const;

    FabricRouter& owner;                              ///< has attributes and traces
    std::string name;                                 ///< of the router
    uint32_t nodeId{0};                               ///< context of events
    bool up{true};                                    ///< runs
    std::vector<std::unique_ptr<Port>> ports;         ///< by number
    std::vector<weft::netbase::IpAddress> loopbacks;  ///< own
    std::vector<weft::netbase::IpPrefix> networks;    ///< on links as a whole
    weft::underlay::Fib fib;                          ///< group by prefix
    std::vector<weft::underlay::NextHopGroup> groups; ///< by number
    std::vector<uint64_t> turns; ///< packets so far, by group (per-packet mode)
    std::unique_ptr<weft::netbase::NeighbourCache> cache;           ///< see Cache()
    absl::flat_hash_map<weft::netbase::IpAddress, Waiting> waiting; ///< frames, by host
    uint64_t waitingFrames{0};                                      ///< their number
    Deadline<Impl> deadline;                                        ///< of the cache
    MulticastHandler multicast;                                     ///< multicast
    std::vector<PortCallback> portChanged;                          ///< to call
    std::vector<Callback<void>> routesChanged;                      ///< to call
    std::map<std::pair<weft::netbase::IpAddress, unsigned>, std::string>
        reported;          ///< text by prefix, as last traced
    Counts counts;         ///< packets
    FrameDropCounts drops; ///< drops
};

} // namespace underlay
} // namespace ns3

#endif
