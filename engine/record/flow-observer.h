// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What a traffic application tells about its packets, in plain C++.
 *
 * Everything reported was read from the bytes of the packet by the host that reports it: no packet
 * tag, no packet id.
 */
#ifndef WEFT_ENGINE_RECORD_FLOW_OBSERVER_H
#define WEFT_ENGINE_RECORD_FLOW_OBSERVER_H

#include <chrono>
#include <cstdint>
#include <string_view>

namespace weft::engine
{

/// Instant of simulated time since the start of the run, or a length of time.
using TimeNs = std::chrono::nanoseconds;

/// Index of a flow, dense from 0 in the order of Recorder::AddFlow.
using FlowIndex = std::uint32_t;

/// Forward is from the flow's `from` site to its `to` site; backward the other way on the same
/// 5-tuple reversed.
enum class Direction : std::uint8_t
{
    Forward = 0,
    Backward = 1,
};

inline constexpr std::size_t DIRECTIONS = 2;

constexpr std::string_view
ToString(Direction direction)
{
    return direction == Direction::Forward ? "forward" : "backward";
}

/// Sees every packet of every flow leave its sending host and arrive at its receiving host.
class FlowObserver
{
  public:
    virtual ~FlowObserver() = default;

    /**
     * A host hands a packet to its IP stack.
     *
     * @param flow the flow
     * @param direction the direction the packet travels
     * @param sequence position in the flow and direction: 0, 1, 2, ... without a gap
     * @param time the instant, never before that of the packet before it
     * @param bytes size of the transport payload (UDP payload, or block of a TCP stream)
     */
    virtual void OnSent(FlowIndex flow,
                        Direction direction,
                        std::uint64_t sequence,
                        TimeNs time,
                        std::uint32_t bytes) = 0;

    /**
     * The other host receives a packet.
     *
     * @param flow the flow
     * @param direction the direction the packet travelled
     * @param sequence the sequence number its bytes carry
     * @param sentTime the sending instant its bytes carry
     * @param time the instant of reception
     * @param bytes size of the transport payload
     */
    virtual void OnReceived(FlowIndex flow,
                            Direction direction,
                            std::uint64_t sequence,
                            TimeNs sentTime,
                            TimeNs time,
                            std::uint32_t bytes) = 0;
};

} // namespace weft::engine

#endif
