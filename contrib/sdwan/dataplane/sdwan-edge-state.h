// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The state an Edge keeps per tunnel and per flow, and the counters it shows.
 */
#ifndef SDWAN_EDGE_STATE_H
#define SDWAN_EDGE_STATE_H

#include "sdwan-dedup-window.h"
#include "sdwan-fec.h"
#include "sdwan-jitter-buffer.h"
#include "sdwan-path-monitor.h"
#include "sdwan-policy.h"
#include "sdwan-secure-tunnel.h"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace weft::sdwan
{

/// What an Edge counts about one flow in its sending direction.
struct SendCounters
{
    std::uint64_t packets = 0; ///< LAN packets accepted
    std::uint64_t copies =
        0; ///< datagrams of DATA put on links: `packets` while nothing is duplicated
    std::uint64_t parity =
        0; ///< parity packets sent for groups of which this flow filled the last place
    std::uint64_t wireBytes = 0; ///< outer IPv4 bytes of all of these
};

/// FEC of a whole Edge: what its encoders sent, and what became of the parity it received. See
/// FecEncoderCounters and FecDecoderCounters for the meanings.
struct FecCounters
{
    std::uint64_t sent = 0;
    std::uint64_t flushed = 0;
    std::uint64_t received = 0;
    std::uint64_t used = 0;
    std::uint64_t wasted = 0;
    std::uint64_t unrecoverable = 0;
    std::uint64_t late = 0;
    std::uint64_t malformed = 0;

    FecCounters& operator+=(const FecEncoderCounters& c);
    FecCounters& operator+=(const FecDecoderCounters& c);
};

/// What an Edge counts about one flow in its receiving direction.
struct ReceiveCounters
{
    std::uint64_t delivered = 0;  ///< packets handed to the LAN
    std::uint64_t rebuilt = 0;    ///< of these, the ones rebuilt from parity
    std::uint64_t duplicates = 0; ///< copies dropped
    std::uint64_t late = 0;       ///< dropped because their place had been given up
    std::uint64_t reordered = 0;  ///< came to the jitter buffer after a later one
};

/// One tunnel at one end. Lives at a fixed address, as its monitor refers to the peer's clock.
struct TunnelState
{
    TunnelState(const SecureTunnelConfig& crypto,
                const PathMonitorConfig& measurement,
                PairClock& clock,
                TimeNs now)
        : secure(crypto, now), monitor(measurement, clock, now)
    {
    }

    std::uint16_t peer = 0;
    std::uint16_t link = 0;
    std::uint32_t remoteAddress = 0;
    std::string remoteLink;
    SecureTunnel secure;
    PathMonitor monitor;
    std::uint64_t versionSeen = 0; ///< of the monitor, at the last judgement
    FecDecoder fecDecoder;
    std::array<std::unique_ptr<FecEncoder>, TRAFFIC_CLASSES> fecEncoders; ///< made on first use
    std::vector<std::unique_ptr<SlaJudge>> judges; ///< by rule index; made on first use
    std::vector<FlowAffinity> affinities;          ///< waiting to be sent
    TimeNs queued = NEVER;                         ///< see DeadlineQueue
    std::array<TimeNs, TRAFFIC_CLASSES> fecQueued{NEVER, NEVER, NEVER, NEVER};
    std::array<FlowId, TRAFFIC_CLASSES> fecFlow{}; ///< whose packet was protected last
};

/// A flow in the direction in which this Edge sends it.
struct SendFlow
{
    FlowId id = 0;
    std::uint16_t peer = 0;
    std::uint16_t ruleIndex = 0;
    const PolicyRule* rule = nullptr;
    bool opener = false;
    std::uint32_t nextSequence = 0;
    std::unique_ptr<SteeringStrategy> steering;
    std::unique_ptr<FecEncoder> fec; ///< only when the rule groups by flow
    SendCounters counters;
    TimeNs queued = NEVER; ///< steering deadline, see DeadlineQueue
    TimeNs fecQueued = NEVER;
};

/// A flow in the direction in which this Edge receives it.
struct ReceiveFlow
{
    /// When the flow's packets last came by a tunnel.
    struct Arrival
    {
        TunnelId tunnel = NO_TUNNEL;
        TimeNs at{0};
    };

    ReceiveFlow(const FlowKey& flowKey, const PolicyRule& matched)
        : key(flowKey), rule(&matched),
          buffer(JitterBufferConfig{.cap = matched.remedies.jitterBuffer.cap,
                                    .maxPackets = matched.remedies.jitterBuffer.packets})
    {
    }

    FlowKey key; ///< as the packets carry it
    const PolicyRule* rule;
    bool seen = false;        ///< newest means something
    std::uint32_t newest = 0; ///< newest flow sequence that told where the peer sends
    DedupWindow dedup;
    JitterBuffer buffer;
    std::unique_ptr<FecDecoder> fecDecoder; ///< only when the sender groups by flow
    std::vector<Arrival> arrivals;          ///< one per tunnel seen
    TimeNs protectedAt = NEVER;             ///< last packet that parity will cover; NEVER: none yet
    TimeNs holdUntil{0};                    ///< the hold is recomputed from then on
    std::uint64_t restarts = 0;             ///< of the dedup window, as the buffer knows
    TimeNs lastUsed{0};
    TimeNs queued = NEVER;
    ReceiveCounters counters;
};

} // namespace weft::sdwan

#endif
