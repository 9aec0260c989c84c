// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup vxlan
 * A virtual machine's network card, with the neighbour cache and the IP of the machine behind it.
 */
#ifndef VXLAN_VM_DEVICE_H
#define VXLAN_VM_DEVICE_H

#include "vxlan-move.h"
#include "vxlan-timer.h"

#include "ns3/callback.h"
#include "ns3/ipv4-address.h"
#include "ns3/mac48-address.h"
#include "ns3/net-device.h"
#include "ns3/netbase-endpoint.h"
#include "ns3/netbase-output-queue.h"
#include "ns3/netbase-table-change.h"
#include "ns3/nstime.h"
#include "ns3/traced-callback.h"
#include "ns3/vxlan-types.h"
#include "ns3/vxlan-vrrp-host.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace ns3
{
namespace vxlan
{

class Hypervisor;

/// Nothing accompanies the bytes.
struct NoMeta
{
};

/// The answer to an echo request.
struct PingReply
{
    weft::netbase::IpAddress from; ///< who answered
    uint16_t sequence;             ///< of the request
    uint32_t size;                 ///< bytes of payload
    Time rtt;                      ///< from the instant stamped into the request to the present
};

/**
 * @ingroup vxlan
 *
 * The network card of a virtual machine and what any machine has behind it: an IP address, a
 * neighbour cache that follows RFC 826, answers to ARP and ping. It knows nothing of overlays.
 * Attach it to a Hypervisor, in one of two forms:
 *
 * - alone: a machine that is idle but for Ping(), Announce() and what a handler does with
 *   SendPacket() and SetPacketHandler(). It needs no node, and costs a few hundred bytes;
 * - as a device of a node with an Internet stack: sockets and applications run on it. NeedsArp() is
 *   false, since the card resolves addresses itself: give the interface of the stack the same
 *   address and mask as the card and a default route out of it; the card finds the next hop from
 *   its own configuration. It completes checksums that the stack leaves out (offload), so that
 *   what leaves is what a real machine sends.
 *
 * The card and the switch of its hypervisor are one logical process. A frame reaches the switch
 * in the event that sent it, and the machine in the event of its arrival at the switch; a machine
 * with a node of its own gets an event of its own, in the context of that node. The hypervisor's
 * PortDelay is the time from the switch to the machine.
 *
 * A machine that is being moved does not run: what it sends is discarded (VmPaused), and so is what
 * comes for it.
 */
class VmDevice : public NetDevice
{
  public:
    /// @return the TypeId
    static TypeId GetTypeId();
    VmDevice();
    ~VmDevice() override;

    /**
     * Gives the machine its addresses and its MTU. Call once, before it is attached.
     *
     * @param config throws std::invalid_argument naming the field when it is wrong
     */
    void Configure(const weft::netbase::EndpointConfig& config);
    /// @return the machine's name, for messages: the attribute Name
    const std::string& GetName() const;

    /// @return ARP cache, counters
    const weft::netbase::IpEndpoint& GetEndpoint() const;

    /**
     * Sends an echo request with the present stamped into it. The answer comes by the trace
     * PingReply.
     *
     * @param to whom
     * @param size bytes of payload, at least 8
     * @param dontFragment whether DF is set
     * @return its sequence number: 1, 2, ...
     */
    uint16_t Ping(const weft::netbase::IpAddress& to,
                  uint32_t size = 56,
                  bool dontFragment = false);

    /// Sends a gratuitous ARP request (RFC 5227) as a machine does that takes an address over.
    void SendGarp();
    /// Sends a RARP request as hypervisors do on behalf of a machine that came to them.
    void SendRarp();
    /**
     * Sends an IP packet as a stack would.
     *
     * @param packet complete IP packet, checksums included
     * @return whether the card took it
     */
    bool SendPacket(weft::netbase::ByteView packet);
    /**
     * Asks for an address by ARP, whatever the machine knows about it.
     *
     * @param address IPv4, on the machine's link
     */
    void Resolve(const weft::netbase::IpAddress& address);

    /// Takes a packet delivered to this machine; returns whether it consumed it.
    using PacketHandler = std::function<bool(weft::netbase::ByteView packet)>;
    /// @param handler offered packets before the node's stack; empty: none
    void SetPacketHandler(PacketHandler handler);

    /// Tells the machine of a neighbour that it then never asks for.
    /// @param address of it @param mac of it
    void AddNeighbour(const weft::netbase::IpAddress& address,
                      const weft::netbase::MacAddress& mac);

    /**
     * Makes the machine part of a virtual router; the card answers for the router's addresses while
     * it is master. It starts when the machine is attached. Call once, after Configure().
     *
     * @param config of VRRP (RFC 5798); throws std::invalid_argument when it is wrong
     */
    void EnableVrrp(const weft::vxlan::VrrpConfig& config);
    /// @return the virtual router, null if there is none
    const weft::vxlan::Vrrp* GetVrrp() const;

    /// Switches the machine off or on. Off, it neither sends nor receives (NodeDown).
    /// @param up whether it is to run
    void SetUp(bool up);
    /// @return whether it is switched on and not in the middle of a move
    bool IsRunning() const;

    /// @return whether it is in the middle of a move
    bool IsMoving() const;

    /// @return where it is attached; null if nowhere
    Ptr<Hypervisor> GetHypervisor() const;
    /// @return its port there
    uint32_t GetPort() const;

    /// TracedCallback signature. @param reason why @param bytes of the frame or packet
    typedef void (*DropTracedCallback)(weft::vxlan::DropReason reason, uint32_t bytes);
    /// TracedCallback signature. @param reason why the machine's IP ignored it @param bytes of the
    /// frame or packet
    typedef void (*HostDropTracedCallback)(weft::netbase::DropReason reason, uint32_t bytes);
    /// TracedCallback signature. @param change of the ARP cache or of memberships
    typedef void (*TableChangeTracedCallback)(const weft::netbase::TableChange& change);
    /// TracedCallback signature. @param reply to an echo request
    typedef void (*PingReplyTracedCallback)(const PingReply& reply);
    /// TracedCallback signature. @param event step of a move
    typedef void (*MoveTracedCallback)(const MoveEvent& event);
    /// TracedCallback signature. @param frame complete Ethernet frame
    typedef void (*FrameTracedCallback)(weft::netbase::ByteView frame);
    /// TracedCallback signature. @param transition of the virtual router
    typedef void (*VrrpTracedCallback)(const weft::vxlan::VrrpTransition& transition);

    // From NetDevice.
    void SetIfIndex(const uint32_t index) override;
    uint32_t GetIfIndex() const override;
    Ptr<Channel> GetChannel() const override;
    void SetAddress(Address address) override;
    Address GetAddress() const override;
    bool SetMtu(const uint16_t mtu) override;
    uint16_t GetMtu() const override;
    bool IsLinkUp() const override;
    void AddLinkChangeCallback(Callback<void> callback) override;
    bool IsBroadcast() const override;
    Address GetBroadcast() const override;
    bool IsMulticast() const override;
    Address GetMulticast(Ipv4Address multicastGroup) const override;
    Address GetMulticast(Ipv6Address addr) const override;
    bool IsBridge() const override;
    bool IsPointToPoint() const override;
    bool Send(Ptr<Packet> packet, const Address& dest, uint16_t protocolNumber) override;
    bool SendFrom(Ptr<Packet> packet,
                  const Address& source,
                  const Address& dest,
                  uint16_t protocolNumber) override;
    Ptr<Node> GetNode() const override;
    void SetNode(Ptr<Node> node) override;
    bool NeedsArp() const override;
    void SetReceiveCallback(NetDevice::ReceiveCallback cb) override;
    void SetPromiscReceiveCallback(PromiscReceiveCallback cb) override;
    bool SupportsSendFrom() const override;

  protected:
    void DoDispose() override;

  private:
    friend class Hypervisor;
    friend class Mover;

    /// A frame on its way from the switch.
    struct Arrival
    {
        weft::netbase::TimeNs at; ///< when it is there
        weft::netbase::Bytes frame;
    };

    /// @param hypervisor it is attached to from here on @param port there
    void Attach(Hypervisor* hypervisor, uint32_t port);
    /// The hypervisor is gone, or the machine has left it.
    void Detach();
    /// A frame for the machine leaves the switch. @param frame it @param delay of the port
    void Deliver(weft::netbase::ByteView frame, Time delay);
    /// @return whether there was a frame for the switch @param[out] frame it
    bool PollFrame(weft::netbase::Bytes& frame);
    /// @param paused whether the machine stands still, as during a move
    void SetPaused(bool paused);
    /// @param frame taken in by the card
    void Take(weft::netbase::ByteView frame);
    /// Discards what is under way to the machine. @param reason why
    void DropArrivals(weft::vxlan::DropReason reason);
    /// A deadline of the card has come, or a frame has crossed the port.
    void OnTimer();
    /// Hands up whatever the card has ready, tells the switch of frames, and moves the timer.
    void Flush();
    /// Moves the timer to what is next.
    void Arm();
    /**
     * @param packet delivered to this machine
     * @param from MAC address it came from
     */
    void HandUp(weft::netbase::ByteView packet, const weft::netbase::MacAddress& from);
    /// @return whether it answers a Ping() @param packet any
    bool TakePing(weft::netbase::ByteView packet);
    /// Sends the packet in m_out. @return whether the card took it
    bool Transmit();
    /// @param reason why @param bytes how many
    void Drop(weft::vxlan::DropReason reason, std::size_t bytes);
    /// @return why the machine cannot send or receive; None if it can
    weft::vxlan::DropReason Impediment() const;
    /// @return id of the node its events belong to
    uint32_t GetContext() const;

    std::string m_name;                                    ///< for messages
    std::unique_ptr<weft::netbase::IpEndpoint> m_endpoint; ///< null before Configure()
    std::unique_ptr<weft::vxlan::VrrpHost> m_vrrp;         ///< null without a virtual router
    Hypervisor* m_hypervisor{nullptr};                     ///< where it is; null if nowhere
    uint32_t m_port{0};                                    ///< its port there
    uint32_t m_moves{0};                                   ///< moves begun
    bool m_up{true};                                       ///< switched on
    bool m_paused{false};                                  ///< in the middle of a move
    bool m_ready{false};    ///< the hypervisor knows of frames to take
    bool m_flushing{false}; ///< handlers may send while called
    uint16_t m_vlan{0};     ///< tag of its frames; 0: none
    uint16_t m_sequence{0}; ///< of the last Ping()
    std::unique_ptr<std::deque<Arrival>>
        m_arrivals;                           ///< frames crossing the port; null: none ever did
    weft::netbase::OutputQueue<NoMeta> m_raw; ///< frames to send that are not from the IP
    weft::netbase::Bytes m_out;               ///< packet being sent, with room for a header
    weft::netbase::Bytes m_in;                ///< packet being handed up
    Timer m_timer;                            ///< the one event
    PacketHandler m_handler;                  ///< offered packets first
    bool m_offload{true};                     ///< completes checksums

    Ptr<Node> m_node;                                ///< null if the machine is alone
    uint32_t m_ifIndex{0};                           ///< index in the node
    Mac48Address m_mac;                              ///< of the card
    uint16_t m_mtu{1500};                            ///< largest IP packet
    TracedCallback<> m_linkChange;                   ///< IsLinkUp() changed
    NetDevice::ReceiveCallback m_receive;            ///< node
    NetDevice::PromiscReceiveCallback m_promiscuous; ///< node

    TracedCallback<weft::vxlan::DropReason, uint32_t> m_dropTrace;       ///< Drop
    TracedCallback<weft::netbase::DropReason, uint32_t> m_hostDropTrace; ///< HostDrop
    TracedCallback<const weft::netbase::TableChange&> m_tableTrace;      ///< TableChange
    TracedCallback<const PingReply&> m_pingTrace;                        ///< PingReply
    TracedCallback<const MoveEvent&> m_moveTrace;                        ///< Move
    TracedCallback<weft::netbase::ByteView> m_transmitTrace;             ///< Transmit
    TracedCallback<weft::netbase::ByteView> m_receiveTrace;              ///< Receive
    TracedCallback<const weft::vxlan::VrrpTransition&> m_vrrpTrace;      ///< Vrrp
};

} // namespace vxlan
} // namespace ns3

#endif
