// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup vxlan
 * A net device of ns-3 as what a core knows: a wire for Ethernet frames.
 */
#ifndef VXLAN_UPLINK_H
#define VXLAN_UPLINK_H

#include "ns3/address.h"
#include "ns3/callback.h"
#include "ns3/mac48-address.h"
#include "ns3/net-device.h"
#include "ns3/netbase-types.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/ptr.h"
#include "ns3/simple-ref-count.h"

#include <cstdint>

namespace ns3
{
namespace vxlan
{

/// @return an address of ns-3 as a core has it; zero if it is no EUI-48 @param address any
weft::netbase::MacAddress ToCore(const Address& address);
/// @return an address of a core as ns-3 has it @param address any
Mac48Address ToNs3(const weft::netbase::MacAddress& address);

/**
 * @ingroup vxlan
 *
 * ns-3 hands protocol handlers a frame's payload and the addresses apart: here they become one
 * frame again, and are taken apart on the way out. Padding that a device does not remove stays in
 * the frame. Bytes are copied once each way.
 *
 * On a device without address resolution (NeedsArp() is false: point to point, the LAN side of a
 * router) there is nobody else to send to; a unicast frame that arrives there is for this node,
 * whatever address the device puts on it.
 */
class Uplink
{
  public:
    /// Called with a frame that arrived, valid during the call, and the index of the uplink.
    using FrameHandler = Callback<void, weft::netbase::ByteView, uint32_t>;
    /// Called when the device went up or down, with the index of the uplink.
    using LinkHandler = Callback<void, uint32_t>;

    /**
     * @param device of a node
     * @param index number handed to the handlers
     * @param frame takes what arrives
     * @param link told of changes; may be null
     * @param promiscuous whether unicast frames for other stations are handed over too
     */
    Uplink(Ptr<NetDevice> device,
           uint32_t index,
           FrameHandler frame,
           LinkHandler link,
           bool promiscuous);
    ~Uplink();
    Uplink(const Uplink&) = delete;
    Uplink& operator=(const Uplink&) = delete;

    /// @param frame complete frame @return whether the device took it
    bool Send(weft::netbase::ByteView frame);
    /// @return the device
    Ptr<NetDevice> GetDevice() const;
    /// @return its address
    weft::netbase::MacAddress GetMac() const;
    /// @return whether neighbours on it are found by ARP or neighbour discovery
    bool Resolves() const;
    /// @return whether the device is up
    bool IsUp() const;

  private:
    /// What the device calls when it goes up or down; it cannot be told to forget it.
    struct Relay : public SimpleRefCount<Relay>
    {
        /// Tells the uplink, if there is one still.
        void Fire();

        Uplink* uplink{nullptr}; ///< null when it is gone
    };

    /// Protocol handler of the node; its parameters are those of Node::ProtocolHandler.
    void Receive(Ptr<NetDevice> device,
                 Ptr<const Packet> packet,
                 uint16_t protocol,
                 const Address& from,
                 const Address& to,
                 NetDevice::PacketType type);

    Ptr<NetDevice> m_device;         ///< the wire
    Ptr<Relay> m_relay;              ///< null when nobody wants to know
    uint32_t m_index;                ///< number of the uplink
    FrameHandler m_frame;            ///< takes frames
    LinkHandler m_link;              ///< told of changes
    Node::ProtocolHandler m_handler; ///< as registered with the node
    bool m_promiscuous;              ///< takes frames for others
    weft::netbase::MacAddress m_mac; ///< of the device
    weft::netbase::Bytes m_scratch;  ///< the frame being taken in
};

} // namespace vxlan
} // namespace ns3

#endif
