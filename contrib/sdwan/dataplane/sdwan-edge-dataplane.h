// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The data plane of an SD-WAN Edge: policy, flow table, steering, remedies, tunnels. Sans-I/O.
 *
 * Driving it. Hand in LAN packets, outer packets and the passing of deadlines; after each call take
 * what PollTransmit(), PollDelivery() and PollEvent() have, and call OnDeadline() at NextDeadline()
 * (earlier does no harm). Time is the Edge's own clock, never runs backwards, and need not agree
 * with that of any peer.
 *
 * Invariants. Every LAN packet taken in is sent at least once or refused with a reason. Every
 * packet handed to the LAN was sealed by a peer, is handed over once, and - for flows whose rule
 * has a jitter buffer - in the order in which the peer took it in. Once warm, no call on the packet
 * path allocates.
 *
 * Order of operations outbound: flow look-up (first packet: route, policy, steering) - selection -
 * FEC - seal - transmit. Inbound: tunnel look-up - open (authenticate, replay) - measure - FEC -
 * deduplicate - jitter buffer - LAN.
 */
#ifndef SDWAN_EDGE_DATAPLANE_H
#define SDWAN_EDGE_DATAPLANE_H

#include "sdwan-deadline-queue.h"
#include "sdwan-edge-config.h"
#include "sdwan-edge-state.h"
#include "sdwan-flow-table.h"
#include "sdwan-outer-header.h"
#include "sdwan-output-queue.h"

#include <absl/container/flat_hash_map.h>

#include <array>
#include <memory>
#include <vector>

namespace weft::sdwan
{

/// Where a datagram goes, and what it carries.
struct TransmitInfo
{
    TunnelId tunnel = NO_TUNNEL;
    std::uint16_t link = 0;
    std::uint32_t localAddress = 0;  ///< outer source, host byte order
    std::uint32_t remoteAddress = 0; ///< outer destination, host byte order
    std::uint8_t dscp = 0;
    std::uint8_t flags = 0; ///< of the VCMP header
    FlowId flow = 0;        ///< of DATA; of PARITY: the flow it is charged to
    std::uint16_t peer = 0;
};

/// A packet for the LAN.
struct DeliveryInfo
{
    std::uint32_t destination = 0; ///< host byte order
    std::uint8_t segment = 0;
};

/// Something the Edge decided or noticed. `decision.at` is the Edge's local time.
struct EdgeEvent
{
    Decision decision;
    std::uint16_t peer = 0;
    bool ofFlow = false; ///< false: of a tunnel; flow, key and opener mean nothing
    FlowId flow = 0;
    FlowKey key;         ///< in the direction in which this Edge sends
    bool opener = false; ///< this Edge opened the flow
};

/// Packets and bytes refused or discarded for one reason.
struct DropCounter
{
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
};

class EdgeDataplane
{
  public:
    /**
     * @param config checked here
     * @param now the present
     * @throws std::invalid_argument naming the field, its value and the rule
     */
    EdgeDataplane(EdgeConfig config, TimeNs now);
    ~EdgeDataplane();
    EdgeDataplane(const EdgeDataplane&) = delete;
    EdgeDataplane& operator=(const EdgeDataplane&) = delete;

    /**
     * A packet from the LAN.
     *
     * @param packet IPv4; trailing link padding is ignored
     * @return None if it was sent on at least one tunnel; NotIpv4, Truncated, TtlExpired, NoRoute,
     * NoPath, TooBig
     */
    DropReason OnLanPacket(ByteView packet, TimeNs now);

    /**
     * A packet from an underlay, from its outer IPv4 header on.
     *
     * @param link index of the link it arrived on
     * @return None if it was of use (also a duplicate that was expected is a Duplicate, and counted
     * as such)
     */
    DropReason OnOuterPacket(std::uint16_t link, ByteView packet, TimeNs now);

    /// Runs whatever is due.
    void OnDeadline(TimeNs now);

    /// When OnDeadline() wants to be called; never NEVER once there is a tunnel.
    TimeNs
    NextDeadline() const
    {
        return m_deadlines.Next();
    }

    using TransmitQueue = OutputQueue<TransmitInfo>;
    using DeliveryQueue = OutputQueue<DeliveryInfo>;

    /// @return the next datagram to send, or null; transmitHeadroom bytes in front of it are the
    /// host's
    TransmitQueue::Slot*
    PollTransmit()
    {
        return m_transmit.Empty() ? nullptr : &m_transmit.Front();
    }

    void
    PopTransmit()
    {
        m_transmit.Pop();
    }

    /// @return the next packet for the LAN, or null
    DeliveryQueue::Slot*
    PollDelivery()
    {
        return m_delivery.Empty() ? nullptr : &m_delivery.Front();
    }

    void
    PopDelivery()
    {
        m_delivery.Pop();
    }

    /// @return the next event, or null
    EdgeEvent*
    PollEvent()
    {
        return m_eventHead < m_events.size() ? &m_events[m_eventHead] : nullptr;
    }

    void PopEvent();

    // ------------------------------------------------------------ what it shows

    const EdgeConfig&
    Config() const
    {
        return m_config;
    }

    /// Largest IPv4 packet the LAN may send: it fits every link with the overhead, and so can move
    /// between them.
    std::size_t
    LanMtu() const
    {
        return m_lanMtu;
    }

    std::size_t
    TunnelCount() const
    {
        return m_tunnels.size();
    }

    const TunnelState&
    Tunnel(TunnelId tunnel) const
    {
        return *m_tunnels[tunnel];
    }

    const PairClock&
    Clock(std::uint16_t peer) const
    {
        return m_peers[peer].clock;
    }

    /// The state of a flow in its sending direction, or null. @p key as the LAN sends it.
    const SendFlow* FindSendFlow(const FlowKey& key) const;
    /// The state of a flow in its receiving direction, or null.
    const ReceiveFlow* FindReceiveFlow(std::uint16_t peer, FlowId flow) const;

    const DropCounter&
    Drops(DropReason reason) const
    {
        return m_drops[static_cast<std::size_t>(reason)];
    }

    /// Packets waiting in jitter buffers.
    std::size_t Buffered() const;

    /// Copies, rebuilt and late packets of all flows so far, see ReceiveCounters.
    const ReceiveCounters&
    Received() const
    {
        return m_received;
    }

    /// Sum of the FEC counters of all encoders and decoders.
    FecCounters Fec() const;

  private:
    struct PeerState
    {
        PairClock clock;
        FlowIdAllocator ids;
        std::vector<TunnelId> tunnels;
        std::vector<std::vector<Candidate>>
            candidates;              ///< by rule index; empty until the rule is used
    };

    using SendTable = FlowTable<SendFlow>;
    using SendEntry = SendTable::Entry;

    DropReason Count(DropReason reason, std::size_t bytes);
    void AddTunnel(const EdgeTunnel& tunnel, TimeNs now);
    const PolicyRule& RuleAt(std::size_t index) const;
    static std::uint64_t
    FlowIndex(std::uint16_t peer, FlowId flow)
    {
        return (std::uint64_t{peer} << 24) | flow;
    }

    // sending (sdwan-edge-send.cc)
    SendEntry* OpenFlow(const FlowKey& key, TimeNs now, DropReason& reason);
    SendEntry& AddSendFlow(
        const FlowKey& key, std::uint16_t peer, FlowId id, TunnelId learned, TimeNs now);
    void LearnPath(std::uint64_t index,
                   ReceiveFlow& flow,
                   std::uint32_t sequence,
                   TunnelId tunnel,
                   TimeNs now);
    void ForgetSendFlow(SendEntry& entry);
    std::size_t SendOn(
        TunnelId tunnel, const VcmpHeader& header, ByteView payload, TimeNs now, std::uint8_t dscp);
    void SendParity(FecEncoder& encoder, TunnelId tunnel, SendFlow* flow, TimeNs now);
    FecEncoder& EncoderFor(SendFlow& flow, TunnelId tunnel);
    void Protect(SendFlow& flow, const VcmpHeader& header, ByteView payload, TimeNs now);

    // steering (sdwan-edge-steer.cc)
    void Judge(std::uint16_t peer, std::size_t rule, TimeNs now);
    void Steer(SendEntry& entry, TimeNs now);
    void SteerPeer(std::uint16_t peer, TimeNs now);
    void ServiceTunnel(TunnelId tunnel, TimeNs now);
    void Announce(const EdgeEvent& event, TimeNs now);

    // receiving (sdwan-edge-receive.cc)
    DropReason OnData(
        TunnelId tunnel, const VcmpHeader& header, ByteView payload, bool rebuilt, TimeNs now);
    DropReason OnControl(TunnelId tunnel, ByteView payload, TimeNs now);
    DropReason OnParity(TunnelId tunnel, const VcmpHeader& header, ByteView payload, TimeNs now);
    void TakeRebuilt(FecDecoder& decoder, TunnelId tunnel, TimeNs now);
    ReceiveFlow* ReceiverOf(TunnelId tunnel,
                            const VcmpHeader& header,
                            ByteView payload,
                            bool rebuilt,
                            TimeNs now,
                            DropReason& reason);
    void ForgetReceiveFlow(const ReceiveFlow& flow);
    void EvictReceiveFlows(TimeNs now);
    void UpdateHold(ReceiveFlow& flow, TunnelId tunnel, TimeNs now);
    void Release(std::uint64_t index, ReceiveFlow& flow, TimeNs now);
    DropReason Order(std::uint64_t index,
                     ReceiveFlow& flow,
                     const VcmpHeader& header,
                     ByteView payload,
                     TunnelId tunnel,
                     TimeNs now);
    DropReason Deliver(ReceiveFlow& flow, ByteView packet);

    EdgeConfig m_config;
    Policy m_policy;
    std::size_t m_lanMtu = 0;
    std::vector<PeerState> m_peers;
    std::vector<std::unique_ptr<TunnelState>> m_tunnels;
    absl::flat_hash_map<std::uint64_t, TunnelId> m_tunnelByAddresses; ///< local << 32 | remote
    SendTable m_sendFlows;
    absl::flat_hash_map<std::uint64_t, SendEntry*> m_sendById;
    absl::flat_hash_map<std::uint64_t, std::unique_ptr<ReceiveFlow>> m_receiveFlows;
    DeadlineQueue m_deadlines;
    TimeNs m_housekeepingQueued = NEVER;

    TransmitQueue m_transmit;
    DeliveryQueue m_delivery;
    std::vector<EdgeEvent> m_events;
    std::size_t m_eventHead = 0;
    std::vector<Decision> m_decisions; ///< scratch of Steer()
    Bytes m_control;                   ///< scratch of ServiceTunnel()
    Bytes m_parity;                    ///< scratch of SendParity()
    Bytes m_packet;                    ///< scratch: the LAN packet with its TTL taken down
    std::array<DropCounter, static_cast<std::size_t>(DropReason::Count)> m_drops{};
    ReceiveCounters m_received; ///< of all flows
    FecCounters m_retired;      ///< FEC counters of flows that are gone
    bool m_evicted = false;     ///< a flow that may still be in use was forgotten for want of room
};

} // namespace weft::sdwan

#endif
