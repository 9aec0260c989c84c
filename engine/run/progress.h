// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Says on stderr how far a run has come: a live line on a terminal, a plain line now and then
 * elsewhere.
 */
#ifndef WEFT_ENGINE_RUN_PROGRESS_H
#define WEFT_ENGINE_RUN_PROGRESS_H

#include "engine/spec/scenario.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace weft::engine
{

/// @return "12.5 s of 80 s (16 %), 210x real time, 1.2 M events/s, 3 s left"
std::string ProgressText(double simulated, double duration, double wall, std::uint64_t events);

class Progress
{
  public:
    /**
     * @param name what runs
     * @param duration simulated length
     * @param quiet say nothing
     */
    Progress(std::string name, spec::Duration duration, bool quiet);

    /// Tells where the run is; writes only when enough wall time has passed.
    void Update(spec::Duration simulated, std::uint64_t events);
    /// Ends the line.
    void Finish(spec::Duration simulated, std::uint64_t events);

    /// @return seconds of wall time since construction
    double Wall() const;

  private:
    void Write(spec::Duration simulated, std::uint64_t events, bool last);

    using Clock = std::chrono::steady_clock;
    std::string m_name;
    spec::Duration m_duration;
    bool m_quiet;
    bool m_terminal;
    Clock::time_point m_start;
    Clock::time_point m_written;
};

} // namespace weft::engine

#endif
