// SPDX-License-Identifier: GPL-2.0-only
/** @file One end of a UDP flow: voice, on/off or bulk. */
#ifndef WEFT_ENGINE_TRAFFIC_UDP_TRAFFIC_H
#define WEFT_ENGINE_TRAFFIC_UDP_TRAFFIC_H

#include "engine/record/e-model.h"
#include "engine/record/flow-observer.h"

#include "ns3/application.h"
#include "ns3/event-id.h"
#include "ns3/ipv4-address.h"
#include "ns3/ptr.h"
#include "ns3/socket.h"

#include <cstdint>
#include <vector>

namespace weft::engine
{

/// When packets leave and how large they are. Packet n of a period leaves exactly n * payloadBytes
/// * 8 / rate into it.
struct UdpPattern
{
    double rateBps = 0;             ///< UDP payload while on
    std::uint32_t payloadBytes = 0; ///< UDP payload of a packet, RTP included; at least Stamp::SIZE
    TimeNs on{0};                   ///< length of an on period; 0: always on
    TimeNs off{0};
    const Codec* codec = nullptr; ///< voice: puts an RTP header first

    /// @return a codec's constant rate: its payload with RTP, one packet each packet interval
    static UdpPattern Voice(const Codec& codec);
};

/// One end of a flow on a 5-tuple.
struct UdpEnd
{
    FlowIndex flow = 0;
    Direction sends = Direction::Forward; ///< the caller sends forward, the callee backward
    ns3::Ipv4Address localAddress;
    std::uint16_t localPort = 0;
    ns3::Ipv4Address peerAddress;
    std::uint16_t peerPort = 0;
    bool active = true; ///< false: only receives
    bool answers =
        false; ///< sends only once it has received: the callee, who hears the caller first
    UdpPattern pattern;
};

/**
 * Sends by a pattern and receives on the same UDP port, as an RTP endpoint does (RFC 4961). The
 * caller and the callee of a flow are one UdpTraffic each, with addresses and ports exchanged; a
 * flow of one direction has an inactive callee.
 *
 * Start and stop are those of ns3::Application. The socket stays open after the stop, so that what
 * is under way is still received.
 */
class UdpTraffic : public ns3::Application
{
  public:
    static ns3::TypeId GetTypeId();
    UdpTraffic();
    ~UdpTraffic() override;

    /**
     * Call before the start.
     *
     * @param end the end. Throws std::invalid_argument on a payload without room for the stamp or
     * no rate.
     * @param observer told of every packet; outlives the application
     */
    void Configure(const UdpEnd& end, FlowObserver& observer);

    std::uint64_t Sent() const;
    std::uint64_t Received() const;
    /// @return datagrams on our port that carry no stamp of this flow's other direction
    std::uint64_t Foreign() const;
    /// @return sends that the IP stack refused; they count as sent
    std::uint64_t Refused() const;

  protected:
    void DoDispose() override;

  private:
    void StartApplication() override;
    void StopApplication() override;
    void SendNext();
    void ScheduleNext();
    void Receive(ns3::Ptr<ns3::Socket> socket);

    UdpEnd m_end;
    FlowObserver* m_observer = nullptr;
    ns3::Ptr<ns3::Socket> m_socket;
    ns3::EventId m_next;
    std::vector<std::uint8_t> m_payload; ///< of the next packet
    std::int64_t m_periodStart = 0;      ///< ns
    std::uint64_t m_inPeriod = 0;        ///< packets sent in the period
    bool m_waiting = false;              ///< for the first packet from the other end
    std::uint64_t m_sequence = 0;
    std::uint64_t m_received = 0;
    std::uint64_t m_foreign = 0;
    std::uint64_t m_refused = 0;
};

} // namespace weft::engine

#endif
