// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Collects everything a run leaves behind: flows packet by packet, decisions, path samples, drops,
 * events, scalars.
 */
#ifndef WEFT_ENGINE_RECORD_RECORDER_H
#define WEFT_ENGINE_RECORD_RECORDER_H

#include "engine/record/flow-log.h"
#include "engine/record/flow-observer.h"
#include "engine/record/overlay-records.h"
#include "engine/record/records.h"

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weft::engine
{

/**
 * The one collector of a run. Plain C++: whoever runs the simulation calls it, and the writers and
 * the expectations read it afterwards. Calls of one kind come in order of time.
 */
class Recorder : public FlowObserver
{
  public:
    /// One flow with its two directions.
    struct Flow
    {
        FlowInfo info;
        std::array<FlowLog, DIRECTIONS> logs;

        const FlowLog&
        Log(Direction direction) const
        {
            return logs[static_cast<std::size_t>(direction)];
        }
    };

    /// @return the index to report the flow's packets under. Throws std::invalid_argument on a
    /// second flow of the same
    ///         name and on an unknown codec.
    FlowIndex AddFlow(FlowInfo info);
    void AddEvent(EventRecord event);

    void OnSent(FlowIndex flow,
                Direction direction,
                std::uint64_t sequence,
                TimeNs time,
                std::uint32_t bytes) override;
    void OnReceived(FlowIndex flow,
                    Direction direction,
                    std::uint64_t sequence,
                    TimeNs sentTime,
                    TimeNs time,
                    std::uint32_t bytes) override;

    /**
     * A packet of the flow, or a parity packet charged to it, goes onto a WAN link.
     *
     * @param bytes size of the outer IP packet
     */
    void OnWire(
        FlowIndex flow, Direction direction, TimeNs time, WireKind kind, std::uint32_t bytes);
    /// The flow's direction uses another tunnel (or starts or stops copying) from use.time on.
    void OnPathUse(FlowIndex flow, Direction direction, PathUse use);
    void OnDecision(DecisionRecord decision);
    void OnPathSample(PathSample sample);
    /// Adds to the count of (place, reason).
    void AddDrop(std::string_view place,
                 std::string_view reason,
                 std::uint64_t count,
                 std::uint64_t bytes);
    /// Sets a scalar of run.json, e.g. "edge.bristol.parity_sent". Scalars appear in the order
    /// first set.
    void SetScalar(std::string_view name, double value);
    /**
     * Ends the record and computes the scalars of every flow ("call.forward.loss" and so on). Call
     * once.
     *
     * @param end the end of the run
     * @param interval length of the bins that MOS is averaged over
     */
    void Finish(TimeNs end, TimeNs interval = std::chrono::milliseconds(500));

    const std::deque<Flow>& Flows() const;
    /// @return the flow of that name, or nullptr
    const Flow* FindFlow(std::string_view name) const;
    const std::vector<EventRecord>& Events() const;
    const EventRecord* FindEvent(std::string_view name) const;
    const std::vector<DecisionRecord>& Decisions() const;
    const std::vector<PathSample>& PathSamples() const;
    /// @return drops sorted by place, then reason
    std::vector<DropRecord> Drops() const;
    const std::vector<std::pair<std::string, double>>& Scalars() const;
    /// @return the scalar of that name
    std::optional<double> FindScalar(std::string_view name) const;
    TimeNs End() const;

    /// What only runs with a fabric have.
    OverlayRecord&
    Overlay()
    {
        return m_overlay;
    }

    const OverlayRecord&
    Overlay() const
    {
        return m_overlay;
    }

  private:
    FlowLog& Log(FlowIndex flow, Direction direction);

    std::deque<Flow> m_flows;
    std::vector<EventRecord> m_events;
    std::vector<DecisionRecord> m_decisions;
    std::vector<PathSample> m_samples;
    std::map<std::pair<std::string, std::string>, DropRecord> m_drops; ///< by place and reason
    std::vector<std::pair<std::string, double>> m_scalars;
    std::unordered_map<std::string, std::size_t> m_scalarIndex;
    OverlayRecord m_overlay;
    TimeNs m_end{0};
};

} // namespace weft::engine

#endif
