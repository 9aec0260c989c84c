// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * The access link of a site into a provider cloud.
 */
#ifndef UNDERLAY_ACCESS_DEVICE_H
#define UNDERLAY_ACCESS_DEVICE_H

#include "underlay-arrival-queue.h"
#include "underlay-deadline.h"
#include "underlay-drop-reason.h"
#include "underlay-fifo-line.h"
#include "underlay-fq-codel-line.h"
#include "underlay-ring.h"

#include "ns3/callback.h"
#include "ns3/data-rate.h"
#include "ns3/ipv4-address.h"
#include "ns3/mac48-address.h"
#include "ns3/net-device.h"
#include "ns3/nstime.h"
#include "ns3/packet.h"
#include "ns3/ptr.h"
#include "ns3/traced-callback.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace ns3
{

class EventImpl;
class Node;

namespace underlay
{

class ProviderCloud;
struct CloudPath;

/**
 * @ingroup underlay
 *
 * A net device that is both ends of a site's access link: the uplink with the queue before it, and
 * the downlink with the provider's queue before it. Frames are bare IPv4 packets; where they go is
 * read from their destination address, so there is no ARP and the link-layer destination of Send()
 * is ignored.
 *
 * With the Fifo queue both lines are computed (FifoLine) and a packet costs one event from sender
 * to receiver: the delivery. With FqCoDel a line costs one event more a packet.
 *
 * Invariants:
 * - every packet given to Send() ends in exactly one way: delivered to the node at the far end,
 * counted under one DropReason at one place, or still under way;
 * - the sender keeps its packet: what travels is a copy;
 * - packets are delivered in order of their arrival at the downlink;
 * - a drop at a FIFO uplink and a loss in the cloud are decided, counted and traced when the packet
 * is sent, a drop before a downlink no later than the next delivery of that device.
 *
 * Link state. While the link is down nothing enters it on either side. When it goes down, what
 * waits before it or is being transmitted is lost (LinkDown); what is inside the cloud travels on
 * and is lost if it arrives while the far link is down.
 *
 * All devices of one cloud belong to one logical process: the cloud puts arrivals into the far
 * device directly.
 */
class AccessDevice : public NetDevice
{
  public:
    /// Discipline of the queues before the two lines.
    enum QueueKind
    {
        Fifo,    ///< byte-limited first in, first out
        FqCoDel, ///< ns-3's FqCoDelQueueDisc, its limit the packets of MTU size that QueueLimit
                 ///< holds
    };

    /// Offered every arriving packet, IPv4 header first; returns whether it consumed the packet.
    using DatagramHandler = Callback<bool, Ptr<Packet>>;

    /**
     * @param packet the packet
     * @param reason why it ended
     */
    typedef void (*DropTracedCallback)(Ptr<const Packet> packet, DropReason reason);
    /**
     * @param packet the packet
     * @param departure when its last bit leaves the uplink; not before now
     */
    typedef void (*TransmitTracedCallback)(Ptr<const Packet> packet, Time departure);

    /// @return the TypeId
    static TypeId GetTypeId();
    AccessDevice();
    ~AccessDevice() override;

    /**
     * @param handler takes arriving packets before the protocol handlers of the node, which get
     * what it does not consume; a null callback takes none
     */
    void SetDatagramHandler(DatagramHandler handler);

    /// @param up whether the link works; see the class for what happens to packets on it
    void SetAdminUp(bool up);
    /// @return whether the link works
    bool IsAdminUp() const;

    /// @return name of the link, as given to ProviderCloud::Attach()
    const std::string& GetName() const;
    /// @return address in the cloud; 0.0.0.0 before ProviderCloud::Attach()
    Ipv4Address GetCloudAddress() const;
    /// @return the cloud, null before ProviderCloud::Attach()
    Ptr<ProviderCloud> GetCloud() const;

    /// @return packets that were given to Send()
    const PacketCount& GetOffered() const;
    /// @return packets that got onto the uplink
    const PacketCount& GetTransmitted() const;
    /// @return packets that were delivered to the node
    const PacketCount& GetReceived() const;
    /// @return drops before and on the uplink, and of packets with no way through the cloud
    const DropCounts& GetUpDrops() const;
    /// @return drops before and on the downlink
    const DropCounts& GetDownDrops() const;
    /// @return packets waiting before the uplink under FqCoDel, and all under way to this device
    uint64_t GetUnderWay() const;

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
     * @param packet IPv4 packet, header included; not modified
     * @param dest ignored
     * @param protocolNumber 0x0800
     * @return false if it was discarded before or on the uplink
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
    friend class ProviderCloud;
    friend class Deadline<AccessDevice>;

    /// A packet that has its place on the downlink.
    struct Delivery
    {
        int64_t at{0};      ///< its last bit
        Ptr<Packet> packet; ///< the packet
    };

    /// Where a drop happens.
    enum class Side
    {
        Up,
        Down,
    };

    /// @param rate of the uplink
    void SetUplinkRate(DataRate rate);
    /// @return rate of the uplink
    DataRate GetUplinkRate() const;
    /// @param rate of the downlink
    void SetDownlinkRate(DataRate rate);
    /// @return rate of the downlink
    DataRate GetDownlinkRate() const;
    /// @param bytes limit of each queue
    void SetQueueLimit(uint32_t bytes);
    /// @return limit of each queue, bytes
    uint32_t GetQueueLimit() const;
    /// @param bytes limit of the queue before the downlink; 0 leaves it
    void SetDownlinkQueueLimit(uint32_t bytes);
    /// @return limit of the queue before the downlink, bytes
    uint32_t GetDownlinkQueueLimit() const;

    /**
     * @param side where
     * @param packet what
     * @param reason why
     * @return false
     */
    bool Drop(Side side, Ptr<const Packet> packet, DropReason reason);
    /**
     * Gives a packet that is on the uplink to the cloud.
     *
     * @param packet the device's own copy
     * @param departure its last bit, ns
     */
    void Depart(Ptr<Packet> packet, int64_t departure);
    /**
     * Takes note of a packet that will arrive; called by the cloud.
     *
     * @param entry the packet and its times
     */
    void Expect(const ArrivalQueue::Entry& entry);
    /// Makes sure that an event is pending for the earliest thing that can happen on the downlink.
    void Arm();
    /// The event: lets arrive and delivers what is due.
    void OnDeadline();
    /// @param now lets every packet arrive that did so by this instant, and delivers those whose
    /// last bit came
    void Advance(int64_t now);
    /// @param entry a packet at the downlink queue
    void Arrive(const ArrivalQueue::Entry& entry);
    /// @param packet to the node
    void Deliver(Ptr<Packet> packet);
    /// Makes the FqCoDel lines, if that is the queue and they are not yet there.
    void MakeFqCodel();
    /// @param packet on the downlink @param end its last bit
    void OnDownStart(Ptr<Packet> packet, int64_t end);
    /// @param packet discarded before the uplink @param codel by CoDel rather than by the limit
    void OnUpDrop(Ptr<const Packet> packet, bool codel);
    /// @param packet discarded before the downlink @param codel by CoDel rather than by the limit
    void OnDownDrop(Ptr<const Packet> packet, bool codel);
    /// @param packet flushed from before the uplink
    void OnUpFlush(Ptr<const Packet> packet);
    /// @param packet flushed from before the downlink
    void OnDownFlush(Ptr<const Packet> packet);

    Ptr<Node> m_node;              ///< node
    uint32_t m_nodeId{0};          ///< its id, the context of deliveries
    uint32_t m_ifIndex{0};         ///< index in the node
    Mac48Address m_mac;            ///< needed by the node's stack, not on the wire
    Address m_macAddress;          ///< the same, as handed to receive callbacks
    uint32_t m_mtu{1500};          ///< largest packet, bytes
    uint32_t m_overhead{0};        ///< framing, bytes a packet
    QueueKind m_queueKind{Fifo};   ///< queue discipline
    bool m_adminUp{true};          ///< link works
    TracedCallback<> m_linkChange; ///< called on change of IsLinkUp()

    Ptr<ProviderCloud> m_cloud;     ///< cloud
    std::string m_name;             ///< name of the link
    Ipv4Address m_cloudAddress;     ///< address in the cloud
    uint32_t m_member{0};           ///< number in the cloud
    uint32_t m_lastTo{0};           ///< destination address last looked up
    CloudPath* m_lastPath{nullptr}; ///< and where it led; null: nowhere looked up yet
    std::unordered_map<uint32_t, CloudPath*> m_paths; ///< destination addresses looked up before

    FifoLine m_up;                            ///< uplink
    FifoLine m_down;                          ///< downlink
    std::unique_ptr<FqCodelLine> m_upCodel;   ///< uplink under FqCoDel
    std::unique_ptr<FqCodelLine> m_downCodel; ///< downlink under FqCoDel
    ArrivalQueue m_arrivals;                  ///< inside the cloud
    Ring<Delivery> m_deliveries;              ///< on the downlink and before it
    Deadline<AccessDevice> m_deadline;        ///< the next thing that can happen

    DatagramHandler m_datagramHandler;                         ///< offered packets first
    NetDevice::ReceiveCallback m_receive;                      ///< node
    NetDevice::PromiscReceiveCallback m_promiscuous;           ///< node
    PacketCount m_offered;                                     ///< Send()
    PacketCount m_transmitted;                                 ///< got onto the uplink
    PacketCount m_received;                                    ///< delivered
    DropCounts m_upDrops{};                                    ///< by reason
    DropCounts m_downDrops{};                                  ///< by reason
    TracedCallback<Ptr<const Packet>, DropReason> m_dropTrace; ///< Drop
    TracedCallback<Ptr<const Packet>, Time> m_transmitTrace;   ///< Transmit
    TracedCallback<Ptr<const Packet>> m_receiveTrace;          ///< Receive
};

} // namespace underlay
} // namespace ns3

#endif
