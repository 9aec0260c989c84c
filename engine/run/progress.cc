// SPDX-License-Identifier: GPL-2.0-only
#include "engine/run/progress.h"

#include <fmt/format.h>

#include <cstdio>
#include <unistd.h>

namespace weft::engine
{

namespace
{

constexpr std::chrono::milliseconds LIVE_INTERVAL{100};
constexpr std::chrono::seconds PLAIN_INTERVAL{5};

std::string
Short(double value)
{
    return value >= 10 ? fmt::format("{:.0f}", value) : fmt::format("{:.1f}", value);
}

} // namespace

std::string
ProgressText(double simulated, double duration, double wall, std::uint64_t events)
{
    std::string text = fmt::format("{:.1f} s of {:g} s ({:.0f} %)",
                                   simulated,
                                   duration,
                                   duration > 0 ? 100 * simulated / duration : 100.0);
    if (wall > 0 && simulated > 0)
    {
        const double speed = simulated / wall;
        const double rate = static_cast<double>(events) / wall;
        text += fmt::format(", {}x real time, {} events/s",
                            Short(speed),
                            rate >= 1e6 ? Short(rate / 1e6) + " M" : Short(rate / 1e3) + " k");
        if (simulated < duration)
        {
            text += fmt::format(", {} s left", Short((duration - simulated) / speed));
        }
    }
    return text;
}

Progress::Progress(std::string name, spec::Duration duration, bool quiet)
    : m_name(std::move(name)), m_duration(duration), m_quiet(quiet),
      m_terminal(isatty(STDERR_FILENO) != 0), m_start(Clock::now()), m_written(m_start)
{
}

double
Progress::Wall() const
{
    return std::chrono::duration<double>(Clock::now() - m_start).count();
}

void
Progress::Update(spec::Duration simulated, std::uint64_t events)
{
    const auto now = Clock::now();
    if (m_quiet || now - m_written < (m_terminal ? Clock::duration(LIVE_INTERVAL)
                                                 : Clock::duration(PLAIN_INTERVAL)))
    {
        return;
    }
    m_written = now;
    Write(simulated, events, false);
}

void
Progress::Finish(spec::Duration simulated, std::uint64_t events)
{
    if (!m_quiet)
    {
        Write(simulated, events, true);
    }
}

void
Progress::Write(spec::Duration simulated, std::uint64_t events, bool last)
{
    const std::string text = m_name + ": " +
                             ProgressText(std::chrono::duration<double>(simulated).count(),
                                          std::chrono::duration<double>(m_duration).count(),
                                          Wall(),
                                          events);
    // On a terminal the line is written over and over; elsewhere each is a line of its own.
    std::fputs((m_terminal ? "\r\x1b[K" + text + (last ? "\n" : "") : text + "\n").c_str(), stderr);
    std::fflush(stderr);
}

} // namespace weft::engine
