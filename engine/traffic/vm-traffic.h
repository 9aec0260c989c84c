// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Traffic that a machine's network card can do by itself: pings, broadcasts, ARP.
 *
 * Everything measured is read from bytes that arrived. Pings are reported forward, an arrival being
 * that of the reply, so that the delay of a ping's flow is its round trip.
 */
#ifndef WEFT_ENGINE_TRAFFIC_VM_TRAFFIC_H
#define WEFT_ENGINE_TRAFFIC_VM_TRAFFIC_H

#include "engine/record/recorder.h"

#include "ns3/event-id.h"
#include "ns3/netbase-types.h"
#include "ns3/ptr.h"
#include "ns3/vxlan-hypervisor-node.h"
#include "ns3/vxlan-vm-device.h"

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace weft::engine
{

/// When something is sent: every interval from start to before stop, at most so often.
struct SendPlan
{
    TimeNs start{0};
    TimeNs stop{0};
    TimeNs interval{0};
    std::optional<std::uint64_t> packets;
};

/// Calls something by a plan, with the number of the call from 0 on.
class Sender
{
  public:
    /// @param context id of the node whose events they are
    Sender(SendPlan plan, std::uint32_t context, std::function<void(std::uint64_t)> send);
    ~Sender();
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;

  private:
    void Next();

    SendPlan m_plan;
    std::function<void(std::uint64_t)> m_send;
    std::uint64_t m_sent = 0;
    ns3::EventId m_event;
};

/// Something of a run that has figures to report at its end.
class VmTraffic
{
  public:
    virtual ~VmTraffic() = default;

    /// Sets the scalars of the flow.
    virtual void
    Finish(Recorder& recorder) const
    {
        static_cast<void>(recorder);
    }
};

/// Pings from a machine.
class PingTraffic : public VmTraffic
{
  public:
    /// @param size bytes of ICMP payload, at least 8 @param dontFragment whether DF is set
    PingTraffic(FlowIndex flow,
                ns3::Ptr<ns3::vxlan::VmDevice> from,
                const netbase::IpAddress& to,
                std::uint32_t size,
                bool dontFragment,
                const SendPlan& plan,
                FlowObserver& observer);

  private:
    void Send(std::uint64_t number);
    void OnReply(const ns3::vxlan::PingReply& reply);

    FlowIndex m_flow;
    ns3::Ptr<ns3::vxlan::VmDevice> m_from;
    netbase::IpAddress m_to;
    std::uint32_t m_size;
    bool m_dontFragment;
    FlowObserver& m_observer;
    std::unordered_map<std::uint16_t, std::uint64_t> m_outstanding; ///< number, by ICMP sequence
    std::optional<std::uint64_t> m_sending;                         ///< while Ping() runs
    Sender m_sender; ///< last: its events use the rest
};

/// Pings from a hypervisor's own address in the underlay.
class UnderlayPingTraffic : public VmTraffic
{
  public:
    UnderlayPingTraffic(FlowIndex flow,
                        ns3::Ptr<ns3::vxlan::Hypervisor> from,
                        const netbase::IpAddress& to,
                        std::uint32_t size,
                        const SendPlan& plan,
                        FlowObserver& observer);

  private:
    void Send(std::uint64_t number);
    void OnFrame(netbase::ByteView frame, std::uint32_t uplink);

    FlowIndex m_flow;
    ns3::Ptr<ns3::vxlan::Hypervisor> m_from;
    netbase::IpAddress m_to;
    netbase::Bytes m_payload;
    FlowObserver& m_observer;
    std::vector<TimeNs> m_sentAt; ///< by number
    Sender m_sender;              ///< last: its events use the rest
};

/// Hands the packets that arrive at machines to whoever waits for their UDP port.
class UdpPorts
{
  public:
    /// Called with the UDP payload and the source.
    using Handler = std::function<void(netbase::ByteView payload)>;

    /// @param vm from here on its card hands packets to this
    void Bind(ns3::Ptr<ns3::vxlan::VmDevice> vm, std::uint16_t port, Handler handler);

  private:
    using Ports = std::unordered_map<std::uint16_t, std::vector<Handler>>;
    std::unordered_map<const ns3::vxlan::VmDevice*, std::shared_ptr<Ports>> m_ports;
};

/**
 * UDP broadcasts from a machine to all others of its network. A datagram counts as delivered when
 * it has reached them all.
 *
 * Scalars: NAME.receivers, NAME.arrivals (at all of them), NAME.skew_mean_us and NAME.skew_max_us:
 * time between a datagram's first and last arrival.
 */
class BroadcastTraffic : public VmTraffic
{
  public:
    struct Config
    {
        FlowIndex flow = 0;
        std::string name;
        ns3::Ptr<ns3::vxlan::VmDevice> from;
        netbase::IpAddress source;
        std::vector<ns3::Ptr<ns3::vxlan::VmDevice>> receivers;
        std::uint16_t sourcePort = 0;
        std::uint16_t destinationPort = 0;
        std::uint32_t size = 0; ///< bytes of UDP payload, at least those of a stamp
        SendPlan plan;
    };

    BroadcastTraffic(Config config, UdpPorts& ports, FlowObserver& observer);
    void Finish(Recorder& recorder) const override;

  private:
    struct Datagram
    {
        TimeNs first{0};
        TimeNs last{0};
        std::uint32_t arrivals = 0;
    };

    void Send(std::uint64_t number);
    void OnArrival(std::size_t receiver, netbase::ByteView payload);

    Config m_config;
    FlowObserver& m_observer;
    std::vector<Datagram> m_datagrams;     ///< by number
    std::vector<std::vector<bool>> m_seen; ///< by receiver and number
    std::uint64_t m_arrivals = 0;
    std::uint64_t m_duplicates = 0;
    netbase::Bytes m_payload;
    netbase::Bytes m_packet;
    Sender m_sender; ///< last: its events use the rest
};

/// Resolves an address by ARP, whatever the cache holds. The delay of the flow is the answer's.
class ArpTraffic : public VmTraffic
{
  public:
    ArpTraffic(FlowIndex flow,
               ns3::Ptr<ns3::vxlan::VmDevice> from,
               const netbase::IpAddress& target,
               const SendPlan& plan,
               FlowObserver& observer);

  private:
    void Send(std::uint64_t number);
    void OnFrame(netbase::ByteView frame);

    FlowIndex m_flow;
    ns3::Ptr<ns3::vxlan::VmDevice> m_from;
    netbase::IpAddress m_target;
    FlowObserver& m_observer;
    std::optional<std::uint64_t> m_asked; ///< number of the question not yet answered
    TimeNs m_askedAt{0};
    Sender m_sender; ///< last: its events use the rest
};

} // namespace weft::engine

#endif
