// SPDX-License-Identifier: GPL-2.0-only
#include "engine/record/recorder.h"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

namespace weft::engine
{

FlowIndex
Recorder::AddFlow(FlowInfo info)
{
    if (FindFlow(info.name))
    {
        throw std::invalid_argument(
            fmt::format("Recorder::AddFlow: name: a flow {} exists already", info.name));
    }
    const Codec* codec = nullptr;
    if (!info.codec.empty())
    {
        codec = FindCodec(info.codec);
        if (!codec)
        {
            throw std::invalid_argument(fmt::format("Recorder::AddFlow: codec: {} is not one of "
                                                    "g711, g711-no-plc, teams",
                                                    info.codec));
        }
    }
    m_flows.push_back({std::move(info), {FlowLog(codec), FlowLog(codec)}});
    return static_cast<FlowIndex>(m_flows.size() - 1);
}

void
Recorder::AddEvent(EventRecord event)
{
    m_events.push_back(std::move(event));
}

FlowLog&
Recorder::Log(FlowIndex flow, Direction direction)
{
    return m_flows.at(flow).logs[static_cast<std::size_t>(direction)];
}

void
Recorder::OnSent(
    FlowIndex flow, Direction direction, std::uint64_t sequence, TimeNs time, std::uint32_t bytes)
{
    Log(flow, direction).OnSent(sequence, time, bytes);
}

void
Recorder::OnReceived(FlowIndex flow,
                     Direction direction,
                     std::uint64_t sequence,
                     TimeNs sentTime,
                     TimeNs time,
                     std::uint32_t bytes)
{
    Log(flow, direction).OnReceived(sequence, sentTime, time, bytes);
}

void
Recorder::OnWire(
    FlowIndex flow, Direction direction, TimeNs time, WireKind kind, std::uint32_t bytes)
{
    Log(flow, direction).OnWire(time, kind, bytes);
}

void
Recorder::OnPathUse(FlowIndex flow, Direction direction, PathUse use)
{
    Log(flow, direction).OnPathUse(std::move(use));
}

void
Recorder::OnDecision(DecisionRecord decision)
{
    m_decisions.push_back(std::move(decision));
}

void
Recorder::OnPathSample(PathSample sample)
{
    m_samples.push_back(std::move(sample));
}

void
Recorder::AddDrop(std::string_view place,
                  std::string_view reason,
                  std::uint64_t count,
                  std::uint64_t bytes)
{
    DropRecord& drop = m_drops[{std::string(place), std::string(reason)}];
    drop.count += count;
    drop.bytes += bytes;
}

void
Recorder::SetScalar(std::string_view name, double value)
{
    const auto [found, fresh] = m_scalarIndex.try_emplace(std::string(name), m_scalars.size());
    if (fresh)
    {
        m_scalars.emplace_back(name, value);
    }
    else
    {
        m_scalars[found->second].second = value;
    }
}

std::optional<double>
Recorder::FindScalar(std::string_view name) const
{
    const auto found = m_scalarIndex.find(std::string(name));
    return found == m_scalarIndex.end() ? std::nullopt
                                        : std::optional(m_scalars[found->second].second);
}

void
Recorder::Finish(TimeNs end, TimeNs interval)
{
    m_end = end;
    for (Flow& flow : m_flows)
    {
        for (const Direction direction : {Direction::Forward, Direction::Backward})
        {
            FlowLog& log = flow.logs[static_cast<std::size_t>(direction)];
            log.Finish(end);
            if (log.Sent() == 0)
            {
                continue;
            }
            const FlowStatistics s = log.Statistics({});
            const auto set = [&](std::string_view metric, double value) {
                SetScalar(fmt::format("{}.{}.{}", flow.info.name, ToString(direction), metric),
                          value);
            };
            set("sent", static_cast<double>(s.sent));
            set("delivered", static_cast<double>(s.delivered));
            set("lost", static_cast<double>(s.lost));
            set("duplicates", static_cast<double>(s.duplicates));
            set("reordered", static_cast<double>(s.reordered));
            set("unknown", static_cast<double>(log.Unknown()));
            set("loss", s.loss);
            set("delay_min_ms", log.MinimumDelayMs());
            set("delay_mean_ms", s.delayMeanMs);
            set("delay_p50_ms", s.delayP50Ms);
            set("delay_p95_ms", s.delayP95Ms);
            set("delay_p99_ms", s.delayP99Ms);
            set("delay_max_ms", s.delayMaxMs);
            set("jitter_max_ms", s.jitterMaxMs);
            set("delivered_bytes", static_cast<double>(s.deliveredBytes));
            const FlowOutage outage = log.LongestOutage({});
            set("outage_s", static_cast<double>(outage.length.count()) / 1e9);
            if (outage.lost > 0)
            {
                set("outage_from_s", static_cast<double>(outage.from.count()) / 1e9);
            }
            if (s.quality)
            {
                const QualityRange quality = log.QualityOver({}, interval);
                set("mos", s.quality->mos);
                set("mos_mean", quality.mean);
                set("mos_min", quality.minimum);
                set("unplayable", s.quality->loss);
            }
            if (s.wireData > 0)
            {
                set("copies", s.copies);
                set("copies_sent", static_cast<double>(s.wireCopies));
                set("parity_sent", static_cast<double>(s.wireParity));
                set("bytes_wire", static_cast<double>(s.wireBytes));
            }
        }
    }
}

const std::deque<Recorder::Flow>&
Recorder::Flows() const
{
    return m_flows;
}

const Recorder::Flow*
Recorder::FindFlow(std::string_view name) const
{
    const auto found = std::find_if(
        m_flows.begin(), m_flows.end(), [&](const Flow& flow) { return flow.info.name == name; });
    return found == m_flows.end() ? nullptr : &*found;
}

const std::vector<EventRecord>&
Recorder::Events() const
{
    return m_events;
}

const EventRecord*
Recorder::FindEvent(std::string_view name) const
{
    const auto found = std::find_if(m_events.begin(),
                                    m_events.end(),
                                    [&](const EventRecord& event) { return event.name == name; });
    return found == m_events.end() ? nullptr : &*found;
}

const std::vector<DecisionRecord>&
Recorder::Decisions() const
{
    return m_decisions;
}

const std::vector<PathSample>&
Recorder::PathSamples() const
{
    return m_samples;
}

std::vector<DropRecord>
Recorder::Drops() const
{
    std::vector<DropRecord> drops;
    for (const auto& [key, drop] : m_drops)
    {
        drops.push_back({key.first, key.second, drop.count, drop.bytes});
    }
    return drops;
}

const std::vector<std::pair<std::string, double>>&
Recorder::Scalars() const
{
    return m_scalars;
}

TimeNs
Recorder::End() const
{
    return m_end;
}

} // namespace weft::engine
