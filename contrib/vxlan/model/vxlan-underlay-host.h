// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup vxlan
 * An IP host of the underlay that is no hypervisor: what a service node and a controller have in
 * common.
 */
#ifndef VXLAN_UNDERLAY_HOST_H
#define VXLAN_UNDERLAY_HOST_H

#include "vxlan-timer.h"
#include "vxlan-uplink.h"

#include "ns3/net-device.h"
#include "ns3/netbase-endpoint.h"
#include "ns3/object.h"
#include "ns3/traced-callback.h"

#include <memory>
#include <string>
#include <string_view>

namespace ns3
{
namespace vxlan
{

/**
 * @ingroup vxlan
 *
 * A weft::netbase::IpEndpoint on one device of a node: answers ARP and ping. Packets that are for
 * it go to the derived class, which has packets to send in turn. Aggregate it to a node; the node
 * needs no IP stack.
 */
class UnderlayHost : public Object
{
  public:
    /// @return the TypeId
    static TypeId GetTypeId();
    UnderlayHost();
    ~UnderlayHost() override;

    /// The host fails or comes back. While it is down, what comes to it is lost (NodeDown) and its
    /// deadlines wait. @param up whether it works
    void SetUp(bool up);
    /// @return whether it works
    bool IsUp() const;
    /// @return the IP end, for counters
    const weft::netbase::IpEndpoint& GetEndpoint() const;
    /// @return name
    const std::string& GetName() const;

    /// TracedCallback signature. @param frame complete Ethernet frame @param uplink always 0
    typedef void (*FrameTracedCallback)(weft::netbase::ByteView frame, uint32_t uplink);
    /// TracedCallback signature. @param reason why @param bytes of the frame or packet
    typedef void (*DropTracedCallback)(std::string_view reason, uint32_t bytes);
    /// TracedCallback signature. @param change of the neighbour cache
    typedef void (*TableChangeTracedCallback)(const weft::netbase::TableChange& change);

  protected:
    void DoDispose() override;

    /**
     * Makes the IP end. Call once, with the object aggregated to its node.
     *
     * @param config its MAC address and whether it resolves addresses are taken from the device
     * @param uplink device of the node
     */
    void AttachTo(weft::netbase::EndpointConfig config, Ptr<NetDevice> uplink);
    /// Sends what there is and moves the timer; after everything that may have made packets.
    void Drain();
    /// @param packet sent to this host, whole
    virtual void OnPacket(weft::netbase::ByteView packet) = 0;
    /// @return whether there was a packet to send @param[out] packet whole
    virtual bool PollPacket(weft::netbase::Bytes& packet) = 0;
    /// @return when OnDeadline() is to be called
    virtual weft::netbase::TimeNs NextDeadline() const = 0;
    /// The deadline has come, or will.
    virtual void OnDeadline() = 0;
    /// The host failed, or came back. @param up whether it works
    virtual void OnUp(bool up);
    /// @param reason why @param bytes how many
    void Drop(std::string_view reason, std::size_t bytes);

  private:
    /// @param frame that came @param uplink always 0
    void OnFrame(weft::netbase::ByteView frame, uint32_t uplink);
    /// A deadline has come.
    void OnTimer();

    std::string m_name;                                    ///< for messages
    std::unique_ptr<weft::netbase::IpEndpoint> m_endpoint; ///< IP end
    std::unique_ptr<Uplink> m_uplink;                      ///< the wire
    uint32_t m_context{0};                                 ///< id of the node
    bool m_up{true};                                       ///< it works
    bool m_draining{false};                                ///< Drain() is at work further up
    weft::netbase::Bytes m_buffer;                         ///< packet or frame being moved
    Timer m_timer;                                         ///< the one event
    TracedCallback<weft::netbase::ByteView, uint32_t> m_transmitTrace; ///< Transmit
    TracedCallback<weft::netbase::ByteView, uint32_t> m_receiveTrace;  ///< Receive
    TracedCallback<std::string_view, uint32_t> m_dropTrace;            ///< Drop
    TracedCallback<const weft::netbase::TableChange&> m_tableTrace;    ///< TableChange
};

} // namespace vxlan
} // namespace ns3

#endif
