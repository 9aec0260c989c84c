// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * One end of a full-duplex Ethernet link.
 */
#ifndef UNDERLAY_ETHERNET_DEVICE_H
#define UNDERLAY_ETHERNET_DEVICE_H

#include "ns3/netbase-types.h"
#include "ns3/underlay-hash-mode.h"
#include "underlay-frame-drop.h"

#include "ns3/callback.h"
#include "ns3/data-rate.h"
#include "ns3/mac48-address.h"
#include "ns3/net-device.h"
#include "ns3/nstime.h"
#include "ns3/packet.h"
#include "ns3/ptr.h"
#include "ns3/traced-callback.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace ns3
{

class Node;

namespace underlay
{

class EthernetLane;
class EthernetLink;

/**
 * @ingroup underlay
 *
 * A net device at one end of an EthernetLink. A frame is a complete Ethernet II frame: 14 octets of
 * header (18 with an 802.1Q tag) and payload, without FCS. Frames are not padded to the minimum of
 * 60 octets, so that what a receiver gets is what was sent; on the wire and in the queue a frame
 * takes its size and OVERHEAD (FCS, preamble, gap).
 *
 * A crossing costs one event, the delivery: the times of a frame on the line are computed when it
 * is sent (FifoLine). A link may be a bundle of several members (link aggregation): each is a line
 * with a queue of its own, and a hash of the frame chooses among those that are up.
 *
 * Invariants:
 * - every frame given to Send(), SendFrom() or SendFrame() ends in exactly one way: received by the
 *   far device, dropped under one reason at one place, or still under way; losses on the wire are
 *   counted, and traced, at the sender, when the frame is sent;
 * - every received frame is delivered to the frame handler or the node, or dropped under one
 *   reason at the receiver;
 * - frames of one member are received in the order in which they were sent.
 *
 * Link state. The device works while it is administratively up, its node has power, the link is up
 * and so is the far end. When that ends, frames waiting, being transmitted and on the wire are lost
 * (LinkDown).
 */
class EthernetDevice : public NetDevice
{
  public:
    /// What each frame takes on the wire besides its octets: FCS 4, preamble 8, gap 12.
    static constexpr uint32_t OVERHEAD = 24;

    /// What is hashed to choose among the members of a bundle.
    enum BundleHash
    {
        LAYER_2, ///< MAC addresses, EtherType, VLAN: all frames between two routers take one member
        LAYER_3, ///< IP addresses
        LAYER_4, ///< addresses, protocol, ports
    };

    /// Offered every received frame; returns whether it took it. It may alter the frame.
    using FrameHandler = Callback<bool, Ptr<Packet>>;

    /// @param frame the frame @param reason why it ended
    typedef void (*DropTracedCallback)(Ptr<const Packet> frame, FrameDrop reason);
    /// @param frame the frame @param departure when its last bit leaves; not before now
    typedef void (*TransmitTracedCallback)(Ptr<const Packet> frame, Time departure);

    /// @return the TypeId
    static TypeId GetTypeId();
    EthernetDevice();
    ~EthernetDevice() override;

    /// @param handler is offered received frames before the node's protocol handlers, which get
    /// what it does not take, without their Ethernet header; a null callback takes none
    void SetFrameHandler(FrameHandler handler);

    /**
     * Sends a complete frame as it is. An outer tag, where the device has one, is added.
     *
     * @param frame becomes the device's: the caller must not touch it afterwards
     * @return false if it was dropped at once (for any reason but a loss on the wire)
     */
    bool SendFrame(Ptr<Packet> frame);

    /// @param up administrative state of this end
    void SetAdminUp(bool up);
    /// @return administrative state of this end
    bool IsAdminUp() const;
    /// @param on whether the node of this device has power
    void SetPowered(bool on);

    /// @param mac address; unicast
    void SetMac(const weft::netbase::MacAddress& mac);
    /// @return the address
    const weft::netbase::MacAddress& GetMac() const;

    /// @return the link; null before EthernetLink::Attach()
    Ptr<EthernetLink> GetLink() const;
    /// @return whether this is the first end, whose frames go forward
    bool IsFirst() const;
    /// @return the far device; null before EthernetLink::Attach()
    Ptr<EthernetDevice> GetPeer() const;

    /// @return members of the bundle; 1 for a plain link, 0 before EthernetLink::Attach()
    uint32_t GetNMembers() const;
    /// @return what one member transmitted: frames that got onto the line or into its queue
    /// @param member below GetNMembers()
    const PacketCount& GetMemberTransmitted(uint32_t member) const;

    /// @return frames given to Send(), SendFrom() and SendFrame()
    const PacketCount& GetOffered() const;
    /// @return frames that got onto the line or into its queue
    const PacketCount& GetTransmitted() const;
    /// @return frames that arrived
    const PacketCount& GetReceived() const;
    /// @return drops of frames offered here: before the line, on it and on the wire
    const FrameDropCounts& GetSendDrops() const;
    /// @return drops of frames that arrived here
    const FrameDropCounts& GetReceiveDrops() const;
    /// @return frames under way to this device
    uint64_t GetUnderWay() const;
    /// @return how much time the lines have spent on frames so far, those accepted included
    Time GetBusyTime() const;

    /// @return rate of each member
    DataRate GetRate() const;
    /// @return octets that may wait before each member's line
    uint32_t GetQueueLimit() const;

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
    /**
     * An IPv4 header checksum of zero, as ns-3's stack leaves it by default, is filled in.
     *
     * @param packet payload of the frame; not modified
     * @param dest MAC address
     * @param protocolNumber EtherType
     * @return false if it was dropped at once
     */
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
    friend class EthernetLane;
    friend class EthernetLink;

    /// Counts and traces. @param frame what @param reason why @return false
    bool DropSent(Ptr<const Packet> frame, FrameDrop reason);
    /// Counts and traces. @param frame what @param reason why
    void DropReceived(Ptr<const Packet> frame, FrameDrop reason);
    /// @param frame arrived
    void Receive(Ptr<Packet> frame);
    /// @param frame arrived, that the handler did not take; to the node
    void ToNode(Ptr<Packet> frame);
    /// @return the member for a frame, GetNMembers() when none is up @param frame complete
    uint32_t ChooseMember(Ptr<const Packet> frame) const;
    /// Works out whether the link works at both ends and tells whoever asked.
    void Update();
    /// @param works whether the link works from here on
    void SetWorking(bool works);
    /// @param rate of each member
    void SetRate(DataRate rate);
    /// @param bytes limit of each member's queue
    void SetQueueLimit(uint32_t bytes);

    Ptr<Node> m_node;                 ///< node
    uint32_t m_nodeId{0};             ///< its id, the context of deliveries
    uint32_t m_ifIndex{0};            ///< index in the node
    weft::netbase::MacAddress m_mac;  ///< address
    Address m_address;                ///< the same, for ns-3
    uint32_t m_mtu{1500};             ///< largest IP packet, bytes
    uint16_t m_outerVlan{0};          ///< tag of all frames on this link; 0: none
    DataRate m_rate;                  ///< of each member
    uint32_t m_queueLimit{0};         ///< of each member
    BundleHash m_bundleHash{LAYER_4}; ///< chooses the member
    uint64_t m_hashSeed{0};           ///< key of that hash
    bool m_adminUp{true};             ///< this end
    bool m_powered{true};             ///< the node
    bool m_works{false};              ///< the whole link
    bool m_first{true};               ///< which end

    Ptr<EthernetLink> m_link;                           ///< link
    EthernetDevice* m_peer{nullptr};                    ///< far end
    std::vector<std::unique_ptr<EthernetLane>> m_lanes; ///< from here to the far end, by member

    FrameHandler m_frameHandler;                              ///< offered frames first
    NetDevice::ReceiveCallback m_receive;                     ///< node
    PromiscReceiveCallback m_promiscuous;                     ///< node
    PacketCount m_offered;                                    ///< Send()
    PacketCount m_transmitted;                                ///< got onto a line
    PacketCount m_received;                                   ///< arrived
    FrameDropCounts m_sendDrops;                              ///< by reason
    FrameDropCounts m_receiveDrops;                           ///< by reason
    TracedCallback<> m_linkChange;                            ///< IsLinkUp() changed
    TracedCallback<Ptr<const Packet>, FrameDrop> m_dropTrace; ///< Drop
    TracedCallback<Ptr<const Packet>, Time> m_transmitTrace;  ///< Transmit
    TracedCallback<Ptr<const Packet>> m_receiveTrace;         ///< Receive
};

} // namespace underlay
} // namespace ns3

#endif
