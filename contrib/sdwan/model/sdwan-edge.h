// SPDX-License-Identifier: GPL-2.0-only
#ifndef SDWAN_EDGE_H
#define SDWAN_EDGE_H

#include "ns3/callback.h"
#include "ns3/event-id.h"
#include "ns3/ipv4-address.h"
#include "ns3/net-device.h"
#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/packet.h"
#include "ns3/sdwan-edge-dataplane.h"
#include "ns3/traced-callback.h"

#include <functional>
#include <memory>
#include <vector>

namespace ns3
{
namespace sdwan
{

/**
 * @ingroup sdwan
 * An SD-WAN Edge: LAN and WAN devices and one timer around a weft::sdwan::EdgeDataplane, and
 * nothing else.
 *
 * Aggregate it to a node. LAN devices hand it IPv4 packets; WAN devices hand it outer datagrams; it
 * needs no IP stack of its own on either side. All state belongs to its node.
 *
 * The Edge's own clock need not agree with simulated time: local = ClockOffset + now * (1 +
 * ClockSkew * 1e-6).
 */
class Edge : public Object
{
  public:
    /// @return the TypeId
    static TypeId GetTypeId();
    Edge();
    ~Edge() override;

    /**
     * Builds the data plane. Call once, after the attributes are set and before any device is
     * added.
     *
     * @param config the data plane's configuration; its transmitHeadroom is set here. Throws
     * std::invalid_argument naming the field when it is wrong.
     */
    void Configure(weft::sdwan::EdgeConfig config);

    /**
     * Adds a LAN device. Packets to @p network leave by it.
     *
     * @param device a device of this node that carries IPv4 without address resolution (point to
     * point)
     * @param network network address
     * @param mask network mask
     */
    void AddLanDevice(Ptr<NetDevice> device, Ipv4Address network, Ipv4Mask mask);

    /**
     * Adds a WAN device.
     *
     * @param link index of the link in EdgeConfig::links
     * @param device a device of this node that carries IPv4 without address resolution
     */
    void AddWanDevice(std::uint16_t link, Ptr<NetDevice> device);

    /// @return the data plane, for counters and measurements
    const weft::sdwan::EdgeDataplane& GetDataplane() const;

    /// @return the Edge's local time for a simulated instant, in nanoseconds since its epoch
    weft::sdwan::TimeNs LocalTime(Time simulated) const;

    /// TracedCallback signature for the data plane's events (decisions, paths going up and down).
    typedef void (*EventTracedCallback)(const weft::sdwan::EdgeEvent& event);
    /// TracedCallback signature for discarded packets.
    typedef void (*DropTracedCallback)(weft::sdwan::DropReason reason, std::uint32_t bytes);
    /// TracedCallback signature for datagrams put on a WAN link.
    typedef void (*TransmitTracedCallback)(const weft::sdwan::TransmitInfo& info,
                                           Ptr<const Packet> packet);

  protected:
    void DoInitialize() override;
    void DoDispose() override;

  private:
    struct LanPort
    {
        Ptr<NetDevice> device;
        Ipv4Address network;
        Ipv4Mask mask;
    };

    void ReceiveFromLan(Ptr<NetDevice> device,
                        Ptr<const Packet> packet,
                        std::uint16_t protocol,
                        const Address& from,
                        const Address& to,
                        NetDevice::PacketType type);
    void ReceiveFromWan(Ptr<NetDevice> device,
                        Ptr<const Packet> packet,
                        std::uint16_t protocol,
                        const Address& from,
                        const Address& to,
                        NetDevice::PacketType type);
    /// Sends, delivers and reports whatever the data plane has ready, and moves the timer.
    void Drain();
    void OnTimer();

    std::unique_ptr<weft::sdwan::EdgeDataplane> m_dataplane;
    std::vector<LanPort> m_lan;
    std::vector<Ptr<NetDevice>> m_wan; ///< by link index
    weft::sdwan::Bytes m_scratch;      ///< bytes of the packet being taken in
    EventId m_timer;
    weft::sdwan::TimeNs m_timerAt; ///< local time of m_timer; NEVER when it is not running
    bool m_draining = false;       ///< a device may call back while it is being sent to

    Time m_clockOffset;
    double m_clockSkewPpm;

    TracedCallback<const weft::sdwan::EdgeEvent&> m_eventTrace;
    TracedCallback<weft::sdwan::DropReason, std::uint32_t> m_dropTrace;
    TracedCallback<const weft::sdwan::TransmitInfo&, Ptr<const Packet>> m_transmitTrace;
};

} // namespace sdwan
} // namespace ns3

#endif
