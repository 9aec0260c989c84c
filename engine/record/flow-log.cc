// SPDX-License-Identifier: GPL-2.0-only
#include "engine/record/flow-log.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace weft::engine
{

namespace
{

/// The E-model's burst ratio is defined from 1 (independent losses); G.107 gives it no meaning
/// beyond 8.
constexpr double MAXIMUM_BURST_RATIO = 8;

double
ToMs(std::int64_t nanoseconds)
{
    return static_cast<double>(nanoseconds) / 1e6;
}

/// @return the @p percent percentile by nearest rank of @p sorted, which is not empty
std::int64_t
NearestRank(const std::vector<std::int64_t>& sorted, std::size_t percent)
{
    const std::size_t rank = (sorted.size() * percent + 99) / 100;
    return sorted[std::max<std::size_t>(rank, 1) - 1];
}

} // namespace

FlowLog::FlowLog(const Codec* codec, PlayoutBuffer playout) : m_codec(codec), m_playout(playout)
{
}

void
FlowLog::OnSent(std::uint64_t sequence, TimeNs time, std::uint32_t bytes)
{
    if (sequence != m_packets.size())
    {
        throw std::logic_error("FlowLog::OnSent: sequence numbers have to be dense from 0");
    }
    m_packets.push_back({time.count(), NOT_ARRIVED, bytes});
}

void
FlowLog::OnReceived(std::uint64_t sequence,
                    TimeNs sentTime,
                    TimeNs time,
                    [[maybe_unused]] std::uint32_t bytes)
{
    // What the bytes claim has to be what was sent, or the packet is not ours.
    if (sequence >= m_packets.size() || m_packets[sequence].sent != sentTime.count())
    {
        ++m_unknown;
        return;
    }
    PacketRecord& packet = m_packets[sequence];
    if (packet.delay != NOT_ARRIVED)
    {
        m_odd.push_back({FlowAnomaly::Kind::Duplicate, sequence, time});
        return;
    }
    packet.delay = time.count() - packet.sent;
    if (sequence + 1 < m_highest)
    {
        m_odd.push_back({FlowAnomaly::Kind::Reordered, sequence, time});
    }
    m_highest = std::max(m_highest, sequence + 1);
    if (m_lastDelay != NOT_ARRIVED)
    {
        const auto step = static_cast<double>(std::abs(packet.delay - m_lastDelay));
        m_jitterNs += (step - m_jitterNs) / 16;
    }
    m_lastDelay = packet.delay;
    m_minimumDelay =
        m_minimumDelay == NOT_ARRIVED ? packet.delay : std::min(m_minimumDelay, packet.delay);
    m_arrivals.push_back({time.count(), static_cast<std::uint32_t>(sequence), m_jitterNs / 1e6});
}

void
FlowLog::OnWire(TimeNs time, WireKind kind, std::uint32_t bytes)
{
    m_wire.push_back({time.count(), bytes, kind});
}

void
FlowLog::OnPathUse(PathUse use)
{
    if (!m_paths.empty() && m_paths.back().time == use.time)
    {
        m_paths.back() = std::move(use);
    }
    else
    {
        m_paths.push_back(std::move(use));
    }
}

void
FlowLog::Finish(TimeNs end)
{
    m_end = end;
}

FlowLog::PacketRange
FlowLog::SentIn(Window window) const
{
    const auto at = [this](TimeNs time) {
        const auto found = std::partition_point(
            m_packets.begin(), m_packets.end(), [&](const PacketRecord& packet) {
                return packet.sent < time.count();
            });
        return static_cast<std::size_t>(found - m_packets.begin());
    };
    const std::size_t first = at(window.from);
    return {first, std::max(first, at(window.to))};
}

FlowLog::PacketRange
FlowLog::ArrivedIn(Window window) const
{
    const auto at = [this](TimeNs time) {
        const auto found = std::partition_point(
            m_arrivals.begin(), m_arrivals.end(), [&](const ArrivalRecord& arrival) {
                return arrival.time < time.count();
            });
        return static_cast<std::size_t>(found - m_arrivals.begin());
    };
    const std::size_t first = at(window.from);
    return {first, std::max(first, at(window.to))};
}

bool
FlowLog::Settled(const PacketRecord& packet) const
{
    return packet.delay != NOT_ARRIVED || packet.sent <= (m_end - LOSS_WAIT).count();
}

std::optional<CallQuality>
FlowLog::Quality(PacketRange range) const
{
    if (!m_codec)
    {
        return std::nullopt;
    }
    const std::int64_t base = m_minimumDelay == NOT_ARRIVED ? 0 : m_minimumDelay;
    const auto depth = static_cast<std::int64_t>(std::llround(m_playout.depthMs * 1e6));
    std::uint64_t settled = 0;
    std::uint64_t missing = 0;
    std::uint64_t bursts = 0;
    bool inBurst = false;
    for (std::size_t i = range.first; i < range.last; ++i)
    {
        const PacketRecord& packet = m_packets[i];
        if (!Settled(packet))
        {
            continue;
        }
        ++settled;
        const bool gone = packet.delay == NOT_ARRIVED || packet.delay > base + depth;
        missing += gone;
        bursts += gone && !inBurst;
        inBurst = gone;
    }
    if (settled == 0)
    {
        return std::nullopt;
    }
    const double loss = static_cast<double>(missing) / static_cast<double>(settled);
    double burstR = 1;
    if (bursts > 0)
    {
        // Independent losses at this rate come in bursts of 1 / (1 - loss) on average.
        const double mean = static_cast<double>(missing) / static_cast<double>(bursts);
        burstR = std::clamp(mean * (1 - loss), 1.0, MAXIMUM_BURST_RATIO);
    }
    return RateCall(*m_codec,
                    DelayImpairment::Full,
                    ToMs(base) + m_playout.depthMs + m_codec->ownDelayMs,
                    loss,
                    burstR);
}

FlowStatistics
FlowLog::Statistics(Window window) const
{
    FlowStatistics s;
    const PacketRange sent = SentIn(window);
    std::vector<std::int64_t> delays;
    delays.reserve(sent.last - sent.first);
    std::int64_t sum = 0;
    s.sent = sent.last - sent.first;
    for (std::size_t i = sent.first; i < sent.last; ++i)
    {
        const PacketRecord& packet = m_packets[i];
        if (packet.delay != NOT_ARRIVED)
        {
            delays.push_back(packet.delay);
            sum += packet.delay;
            s.deliveredBytes += packet.bytes;
        }
        else
        {
            s.lost += Settled(packet);
        }
    }
    s.delivered = delays.size();
    if (s.delivered + s.lost > 0)
    {
        s.loss = static_cast<double>(s.lost) / static_cast<double>(s.delivered + s.lost);
    }
    if (!delays.empty())
    {
        std::sort(delays.begin(), delays.end());
        s.delayMeanMs = ToMs(sum) / static_cast<double>(delays.size());
        s.delayP50Ms = ToMs(NearestRank(delays, 50));
        s.delayP95Ms = ToMs(NearestRank(delays, 95));
        s.delayP99Ms = ToMs(NearestRank(delays, 99));
        s.delayMaxMs = ToMs(delays.back());
    }
    s.quality = Quality(sent);

    const PacketRange arrived = ArrivedIn(window);
    for (std::size_t i = arrived.first; i < arrived.last; ++i)
    {
        s.receivedBytes += m_packets[m_arrivals[i].sequence].bytes;
        s.jitterMaxMs = std::fmax(s.jitterMaxMs, m_arrivals[i].jitterMs);
    }
    if (arrived.first < arrived.last)
    {
        s.jitterMs = m_arrivals[arrived.last - 1].jitterMs;
    }
    const TimeNs length = std::min(window.to, m_end) - window.from;
    if (length.count() > 0 && m_end != TimeNs::max())
    {
        s.throughputBps =
            static_cast<double>(s.receivedBytes) * 8e9 / static_cast<double>(length.count());
    }
    for (auto odd =
             std::partition_point(m_odd.begin(),
                                  m_odd.end(),
                                  [&](const FlowAnomaly& a) { return a.time < window.from; });
         odd != m_odd.end() && odd->time < window.to;
         ++odd)
    {
        ++(odd->kind == FlowAnomaly::Kind::Duplicate ? s.duplicates : s.reordered);
    }

    for (auto wire = std::partition_point(
             m_wire.begin(),
             m_wire.end(),
             [&](const WireRecord& w) { return w.time < window.from.count(); });
         wire != m_wire.end() && wire->time < window.to.count();
         ++wire)
    {
        s.wireData += wire->kind == WireKind::Data;
        s.wireCopies += wire->kind == WireKind::Copy;
        s.wireParity += wire->kind == WireKind::Parity;
        s.wireBytes += wire->bytes;
    }
    if (s.wireData > 0)
    {
        s.copies = static_cast<double>(s.wireData + s.wireCopies) / static_cast<double>(s.wireData);
    }
    return s;
}

std::vector<FlowStatistics>
FlowLog::Bins(TimeNs interval) const
{
    if (interval.count() <= 0 || m_end == TimeNs::max())
    {
        throw std::logic_error("FlowLog::Bins: needs an interval and the end of the run");
    }
    std::vector<FlowStatistics> bins;
    for (TimeNs from{0}; from < m_end; from += interval)
    {
        bins.push_back(Statistics({from, from + interval}));
    }
    return bins;
}

FlowOutage
FlowLog::LongestOutage(Window window) const
{
    FlowOutage longest;
    FlowOutage current;
    const PacketRange sent = SentIn(window);
    const auto close = [&](TimeNs end, bool recovered) {
        current.length = end - current.from;
        current.recovered = recovered;
        if (current.lost > 0 && current.length > longest.length)
        {
            longest = current;
        }
        current = {};
    };
    for (std::size_t i = sent.first; i < sent.last; ++i)
    {
        const PacketRecord& packet = m_packets[i];
        if (packet.delay != NOT_ARRIVED)
        {
            close(TimeNs(packet.sent), true);
        }
        else if (Settled(packet))
        {
            if (current.lost == 0)
            {
                current.from = TimeNs(packet.sent);
            }
            ++current.lost;
        }
    }
    // A flow that has stopped is not silent for want of delivery.
    TimeNs end = std::min(window.to, m_end);
    if (sent.last >= sent.first + 2)
    {
        const std::int64_t last = m_packets[sent.last - 1].sent;
        end = std::min(end, TimeNs(last + (last - m_packets[sent.last - 2].sent)));
    }
    close(end, false);
    return longest;
}

std::vector<FlowAnomaly>
FlowLog::Anomalies(Window window) const
{
    std::vector<FlowAnomaly> found;
    const PacketRange sent = SentIn(window);
    for (const FlowAnomaly& odd : m_odd)
    {
        if (odd.sequence >= sent.first && odd.sequence < sent.last)
        {
            found.push_back(odd);
        }
    }
    for (std::size_t i = sent.first; i < sent.last; ++i)
    {
        if (m_packets[i].delay == NOT_ARRIVED && Settled(m_packets[i]))
        {
            found.push_back({FlowAnomaly::Kind::Lost, i, TimeNs(m_packets[i].sent)});
        }
    }
    std::stable_sort(found.begin(), found.end(), [](const FlowAnomaly& a, const FlowAnomaly& b) {
        return a.time < b.time;
    });
    return found;
}

QualityRange
FlowLog::QualityOver(Window window, TimeNs interval) const
{
    const TimeNs end = std::min(window.to, m_end);
    QualityRange range;
    double sum = 0;
    double weight = 0;
    for (TimeNs bin = window.from / interval * interval; bin < end; bin += interval)
    {
        const PacketRange sent =
            SentIn({std::max(bin, window.from), std::min(bin + interval, end)});
        const std::optional<CallQuality> quality = Quality(sent);
        if (!quality)
        {
            continue;
        }
        const auto packets = static_cast<double>(sent.last - sent.first);
        sum += quality->mos * packets;
        weight += packets;
        if (sent.last - sent.first >= MOS_LEAST_PACKETS && !(range.minimum <= quality->mos))
        {
            range.minimum = quality->mos;
            range.minimumAt = std::max(bin, window.from);
        }
    }
    if (weight > 0)
    {
        range.mean = sum / weight;
    }
    return range;
}

const PathUse*
FlowLog::PathAt(TimeNs time) const
{
    const auto after = std::partition_point(
        m_paths.begin(), m_paths.end(), [&](const PathUse& use) { return use.time <= time; });
    return after == m_paths.begin() ? nullptr : &*std::prev(after);
}

const std::vector<PathUse>&
FlowLog::PathUses() const
{
    return m_paths;
}

std::uint64_t
FlowLog::Sent() const
{
    return m_packets.size();
}

std::uint64_t
FlowLog::Unknown() const
{
    return m_unknown;
}

TimeNs
FlowLog::End() const
{
    return m_end;
}

double
FlowLog::MinimumDelayMs() const
{
    return m_minimumDelay == NOT_ARRIVED ? NOT_AVAILABLE : ToMs(m_minimumDelay);
}

} // namespace weft::engine
