// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Two Edges' path monitors over simulated tunnels: a tiny event loop for tests of measurement.
 * Packets are numbers, not bytes; each end has a clock of its own.
 */
#ifndef TESTS_TWO_ENDS_H
#define TESTS_TWO_ENDS_H

#include "sdwan-path-monitor.h"

#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <vector>

namespace weft::sdwan::test
{

using namespace std::chrono_literals;

inline double
Seconds(TimeNs t)
{
    return std::chrono::duration<double>(t).count();
}

/// A clock that is off: local = true time * (1 + skew) + offset.
struct LocalClock
{
    TimeNs offset{0};
    double skew = 0;

    TimeNs
    Local(TimeNs t) const
    {
        return t + offset +
               TimeNs{static_cast<std::int64_t>(skew * static_cast<double>(t.count()))};
    }

    /// The first true instant whose local time is at least @p local.
    TimeNs
    True(TimeNs local) const
    {
        TimeNs t{
            static_cast<std::int64_t>(static_cast<double>((local - offset).count()) / (1 + skew))};
        while (Local(t) < local)
        {
            t += 1ns;
        }
        return t;
    }
};

/// Simulates any number of tunnels between ends 0 and 1.
class TwoEnds
{
  public:
    /// Delay of a packet entering tunnel @p tunnel from end @p from at @p t; nullopt: lost.
    using Weather = std::function<std::optional<TimeNs>(std::size_t tunnel, int from, TimeNs t)>;

    TwoEnds(std::size_t tunnels,
            Weather weather,
            PathMonitorConfig config = {},
            LocalClock one = {})
        : m_weather(std::move(weather))
    {
        clocks[1] = one;
        for (std::size_t i = 0; i < tunnels; ++i)
        {
            for (int end = 0; end < 2; ++end)
            {
                m_ends[end].push_back(
                    std::make_unique<End>(config, pairClocks[end], clocks[end].Local(0ns)));
            }
        }
        for (std::size_t i = 0; i < tunnels; ++i)
        {
            Push(0ns, Kind::Timer, i, 0);
            Push(0ns, Kind::Timer, i, 1);
        }
    }

    PathMonitor&
    Monitor(int end, std::size_t tunnel = 0)
    {
        return m_ends[end][tunnel]->monitor;
    }

    /// Data from an end each @p spacing, in [from, to) of true time.
    void
    Stream(int end, std::size_t tunnel, TimeNs from, TimeNs to, TimeNs spacing)
    {
        m_streams.push_back({end, tunnel, to, spacing});
        Push(from, Kind::Data, m_streams.size() - 1, end);
    }

    void
    RunUntil(TimeNs until)
    {
        while (!m_queue.empty() && m_queue.top().at <= until)
        {
            const Event e = m_queue.top();
            m_queue.pop();
            now = e.at;
            Handle(e);
        }
        now = until;
    }

    /// Called after each renewal: (end, tunnel).
    std::function<void(int, std::size_t)> onRenewal = [](int, std::size_t) {};
    std::function<void(int, std::size_t, const PathEvent&)> onEvent =
        [](int, std::size_t, const PathEvent&) {};

    TimeNs now{0}; ///< true time
    LocalClock clocks[2];
    PairClock pairClocks[2];
    std::uint64_t probes = 0;
    std::uint64_t controlDatagrams = 0;
    std::uint32_t firstSequence = 0; ///< set before running, to test wrap

  private:
    enum class Kind
    {
        Timer,
        Data,
        Arrival,
    };

    struct Event
    {
        TimeNs at;
        std::uint64_t serial;
        Kind kind;
        std::size_t index; ///< tunnel, or stream
        int end;
        std::uint32_t sequence;
        std::uint32_t stamp;
        std::shared_ptr<std::vector<ControlMessage>> control;

        bool
        operator<(const Event& o) const
        {
            return at != o.at ? at > o.at : serial > o.serial;
        }
    };

    struct End
    {
        End(const PathMonitorConfig& config, PairClock& clock, TimeNs start)
            : monitor(config, clock, start)
        {
        }

        PathMonitor monitor;
        std::uint32_t sent = 0;
        TimeNs queued = NEVER;
        std::uint64_t version = 0;
    };

    struct Flow
    {
        int end;
        std::size_t tunnel;
        TimeNs to;
        TimeNs spacing;
    };

    void
    Push(TimeNs at,
         Kind kind,
         std::size_t index,
         int end,
         std::uint32_t sequence = 0,
         std::uint32_t stamp = 0,
         std::shared_ptr<std::vector<ControlMessage>> control = {})
    {
        m_queue.push({at, m_serial++, kind, index, end, sequence, stamp, std::move(control)});
    }

    void
    Send(int end, std::size_t tunnel, std::shared_ptr<std::vector<ControlMessage>> control)
    {
        End& e = *m_ends[end][tunnel];
        const TimeNs local = clocks[end].Local(now);
        const std::uint32_t sequence = firstSequence + e.sent++;
        e.monitor.OnSent(local, !control);
        if (const auto delay = m_weather(tunnel, end, now))
        {
            Push(now + *delay,
                 Kind::Arrival,
                 tunnel,
                 1 - end,
                 sequence,
                 StampOf(local),
                 std::move(control));
        }
    }

    void
    Service(int end, std::size_t tunnel)
    {
        End& e = *m_ends[end][tunnel];
        const TimeNs local = clocks[end].Local(now);
        auto control = std::make_shared<std::vector<ControlMessage>>();
        while (auto m = e.monitor.PollControl(local))
        {
            probes += std::holds_alternative<Probe>(*m);
            control->push_back(*m);
        }
        if (!control->empty())
        {
            ++controlDatagrams;
            Send(end, tunnel, control);
        }
        while (auto event = e.monitor.PollEvent())
        {
            onEvent(end, tunnel, *event);
        }
        if (e.version != e.monitor.Version())
        {
            e.version = e.monitor.Version();
            onRenewal(end, tunnel);
        }
        const TimeNs next = std::max(now, clocks[end].True(e.monitor.NextDeadline()));
        if (next < e.queued)
        {
            e.queued = next;
            Push(next, Kind::Timer, tunnel, end);
        }
    }

    void
    Handle(const Event& e)
    {
        if (e.kind == Kind::Data)
        {
            const Flow& f = m_streams[e.index];
            Send(f.end, f.tunnel, nullptr);
            if (now + f.spacing < f.to)
            {
                Push(now + f.spacing, Kind::Data, e.index, f.end);
            }
            Service(f.end, f.tunnel);
            return;
        }
        End& end = *m_ends[e.end][e.index];
        const TimeNs local = clocks[e.end].Local(now);
        if (e.kind == Kind::Timer)
        {
            if (end.queued == e.at)
            {
                end.queued = NEVER;
            }
        }
        else
        {
            end.monitor.OnReceived(e.sequence, e.stamp, local, !e.control);
            if (e.control)
            {
                for (const ControlMessage& m : *e.control)
                {
                    end.monitor.OnControl(m, local);
                }
            }
        }
        Service(e.end, e.index);
    }

    Weather m_weather;
    std::vector<std::unique_ptr<End>> m_ends[2];
    std::vector<Flow> m_streams;
    std::priority_queue<Event> m_queue;
    std::uint64_t m_serial = 0;
};

} // namespace weft::sdwan::test

#endif
