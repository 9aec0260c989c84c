// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Watches the wires of a fabric for the record: counts and utilisation of all, frames of those that
 * a scenario names, and which flows took those that have to share a load.
 *
 * It only looks: a run with and without it is the same.
 */
#ifndef WEFT_ENGINE_RUN_WIRE_WATCH_H
#define WEFT_ENGINE_RUN_WIRE_WATCH_H

#include "engine/build/overlay.h"
#include "engine/record/pcapng.h"
#include "engine/record/recorder.h"
#include "engine/run/frame-decode.h"
#include "engine/spec/scenario.h"

#include <array>
#include <memory>
#include <unordered_set>
#include <vector>

namespace weft::engine
{

class WireWatch
{
  public:
    /// Connects to what is watched. @param scenario the scenario @param overlay its overlay
    /// @param recorder where everything goes; all three must outlive this
    WireWatch(const spec::Scenario& scenario, const Overlay& overlay, Recorder& recorder);
    ~WireWatch();

    /// Also writes every watched frame. Throws ResultsError.
    void Capture(PcapngWriter& writer);

    /// Records what every wire has carried in the present bin. @param start its start
    /// @param bin its length
    void Sample(TimeNs start, spec::Duration bin);

    /// Records totals and drops at the end of the run, and adds to the books.
    void Finish(Books& books);

  private:
    /// What was counted when the last bin ended.
    struct Counted
    {
        std::uint64_t frames = 0;
        std::uint64_t bytes = 0;
        std::uint64_t drops = 0;
        std::int64_t busy = 0; ///< ns of all members
    };

    struct WireState
    {
        std::uint32_t index = 0; ///< in the record
        std::array<Counted, 2> last;
    };

    class Watched; ///< the trace sinks of one wire

    void WatchFrames();
    void CountFlows();
    Watched& WatchOf(const spec::WireRef& ref);

    const spec::Scenario& m_scenario;
    const Overlay& m_overlay;
    Recorder& m_recorder;
    std::vector<WireState> m_wires; ///< as Fabric::Wires()
    std::vector<std::unique_ptr<Watched>> m_watched;
    std::vector<FrameRecord> m_frames; ///< in the order in which devices took them
    PcapngWriter* m_capture = nullptr;
    EnvelopeHints m_hints;
};

} // namespace weft::engine

#endif
