// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-control-message.h"

#include "sdwan-delay-stamp.h"

#include <algorithm>
#include <cmath>

namespace weft::sdwan
{

namespace
{

enum Type : std::uint8_t
{
    PROBE = 1,
    PROBE_REPLY = 2,
    REPORT = 3,
    FLOW_AFFINITY = 4,
};

constexpr std::size_t HEADING = 3;
constexpr std::size_t PROBE_SIZE = 4;
constexpr std::size_t PROBE_REPLY_SIZE = 12;
constexpr std::size_t STATISTICS_SIZE = 68;
constexpr std::size_t REPORT_SIZE = 12 + 2 * STATISTICS_SIZE;
constexpr std::size_t FLOW_AFFINITY_SIZE = 22;

/// Delays travel in units of 1/16 microsecond.
constexpr double DELAY_SCALE = 16;
constexpr double CORRELATION_SCALE = 65536;

class Writer
{
  public:
    explicit Writer(Bytes& out) : m_out(out)
    {
    }

    void
    U8(std::uint32_t v)
    {
        m_out.push_back(static_cast<std::uint8_t>(v));
    }

    void
    U16(std::uint32_t v)
    {
        U8(v >> 8);
        U8(v);
    }

    void
    U32(std::uint32_t v)
    {
        U16(v >> 16);
        U16(v);
    }

    /// A non-negative real number; clamped.
    void
    Scaled(double v, double scale, double most)
    {
        U32(static_cast<std::uint32_t>(std::clamp(std::round(v * scale), 0.0, most)));
    }

    void
    Delay(double us)
    {
        Scaled(us, DELAY_SCALE, 4294967295.0);
    }

    void
    Percentile(const PercentileUs& p)
    {
        Delay(p.value);
        Delay(p.lower);
        Delay(p.upper);
    }

    void
    Statistics(const WindowStatistics& s)
    {
        U32(s.received);
        U32(s.lost);
        U32(s.lossRuns);
        U32(s.reordered);
        U32(s.delays);
        Scaled(std::fmod(s.minUs, STAMP_PERIOD), DELAY_SCALE, STAMP_PERIOD * DELAY_SCALE - 1);
        Delay(s.meanExcessUs);
        Delay(s.deviationUs);
        U16(static_cast<std::uint32_t>(
            std::clamp(std::round(s.correlation * CORRELATION_SCALE), 0.0, 65535.0)));
        U16(0);
        Delay(s.rfc3550Us);
        Delay(s.ipdvDeviationUs);
        Percentile(s.pdv95);
        Percentile(s.pdv99);
    }

  private:
    Bytes& m_out;
};

/// Reads a value whose length has been checked.
class Reader
{
  public:
    explicit Reader(const std::uint8_t* at) : m_at(at)
    {
    }

    std::uint8_t
    U8()
    {
        return *m_at++;
    }

    std::uint16_t
    U16()
    {
        const std::uint16_t high = U8();
        return static_cast<std::uint16_t>(high << 8 | U8());
    }

    std::uint32_t
    U32()
    {
        const std::uint32_t high = U16();
        return high << 16 | U16();
    }

    double
    Delay()
    {
        return U32() / DELAY_SCALE;
    }

    /// @return false if the bounds do not enclose the value
    bool
    Percentile(PercentileUs& p)
    {
        p.value = Delay();
        p.lower = Delay();
        p.upper = Delay();
        return p.lower <= p.value && p.value <= p.upper;
    }

    bool
    Statistics(WindowStatistics& s)
    {
        s.received = U32();
        s.lost = U32();
        s.lossRuns = U32();
        s.reordered = U32();
        s.delays = U32();
        s.minUs = Delay();
        s.meanExcessUs = Delay();
        s.deviationUs = Delay();
        s.correlation = U16() / CORRELATION_SCALE;
        const bool reserved = U16() != 0;
        s.rfc3550Us = Delay();
        s.ipdvDeviationUs = Delay();
        const bool percentiles = Percentile(s.pdv95);
        return Percentile(s.pdv99) && percentiles && !reserved && s.lossRuns <= s.lost &&
               s.minUs < static_cast<double>(STAMP_PERIOD);
    }

  private:
    const std::uint8_t* m_at;
};

bool
Decode(Reader r, Probe& m)
{
    m.id = r.U32();
    return true;
}

bool
Decode(Reader r, ProbeReply& m)
{
    m.id = r.U32();
    m.stamp = r.U32();
    m.holdUs = r.U32();
    return m.stamp <= STAMP_MASK;
}

bool
Decode(Reader r, Report& m)
{
    m.highestSequence = r.U32();
    m.stamp = r.U32();
    m.holdUs = r.U32();
    const bool instantaneous = r.Statistics(m.instantaneous);
    return r.Statistics(m.smoothed) && instantaneous && m.stamp <= STAMP_MASK;
}

bool
Decode(Reader r, FlowAffinity& m)
{
    m.flow = r.U32();
    m.key.source = r.U32();
    m.key.destination = r.U32();
    m.key.sourcePort = r.U16();
    m.key.destinationPort = r.U16();
    m.key.protocol = r.U8();
    m.key.segment = r.U8();
    m.fromSequence = r.U32();
    return m.flow <= 0xffffff && m.fromSequence <= 0xffffff;
}

template <typename M>
DropReason
DecodeInto(ByteView value, std::size_t size, ControlMessage& message)
{
    M m;
    if (value.size() != size || !Decode(Reader(value.data()), m))
    {
        return DropReason::BadControl;
    }
    message = m;
    return DropReason::None;
}

DropReason
DecodeOne(std::uint8_t type, ByteView value, ControlMessage& message)
{
    switch (type)
    {
    case PROBE:
        return DecodeInto<Probe>(value, PROBE_SIZE, message);
    case PROBE_REPLY:
        return DecodeInto<ProbeReply>(value, PROBE_REPLY_SIZE, message);
    case REPORT:
        return DecodeInto<Report>(value, REPORT_SIZE, message);
    case FLOW_AFFINITY:
        return DecodeInto<FlowAffinity>(value, FLOW_AFFINITY_SIZE, message);
    default:
        return DropReason::BadControl;
    }
}

} // namespace

std::size_t
EncodedSize(const ControlMessage& message)
{
    constexpr std::size_t sizes[] = {PROBE_SIZE, PROBE_REPLY_SIZE, REPORT_SIZE, FLOW_AFFINITY_SIZE};
    return HEADING + sizes[message.index()];
}

void
Encode(const ControlMessage& message, Bytes& payload)
{
    Writer w(payload);
    w.U8(static_cast<std::uint32_t>(message.index()) + PROBE);
    w.U16(static_cast<std::uint32_t>(EncodedSize(message) - HEADING));
    if (const auto* probe = std::get_if<Probe>(&message))
    {
        w.U32(probe->id);
    }
    else if (const auto* reply = std::get_if<ProbeReply>(&message))
    {
        w.U32(reply->id);
        w.U32(reply->stamp & STAMP_MASK);
        w.U32(reply->holdUs);
    }
    else if (const auto* report = std::get_if<Report>(&message))
    {
        w.U32(report->highestSequence);
        w.U32(report->stamp & STAMP_MASK);
        w.U32(report->holdUs);
        w.Statistics(report->instantaneous);
        w.Statistics(report->smoothed);
    }
    else if (const auto* affinity = std::get_if<FlowAffinity>(&message))
    {
        w.U32(affinity->flow & 0xffffff);
        w.U32(affinity->key.source);
        w.U32(affinity->key.destination);
        w.U16(affinity->key.sourcePort);
        w.U16(affinity->key.destinationPort);
        w.U8(affinity->key.protocol);
        w.U8(affinity->key.segment);
        w.U32(affinity->fromSequence & 0xffffff);
    }
}

DropReason
ControlReader::Next(ControlMessage& message)
{
    const ByteView rest = std::exchange(m_rest, {});
    if (rest.size() < HEADING)
    {
        return DropReason::BadControl;
    }
    const std::size_t length = std::size_t{rest[1]} << 8 | rest[2];
    if (rest.size() - HEADING < length)
    {
        return DropReason::BadControl;
    }
    const DropReason reason = DecodeOne(rest[0], rest.subspan(HEADING, length), message);
    if (reason == DropReason::None)
    {
        m_rest = rest.subspan(HEADING + length);
    }
    return reason;
}

DropReason
CheckControlPayload(ByteView payload)
{
    if (payload.empty())
    {
        return DropReason::BadControl;
    }
    ControlReader reader(payload);
    ControlMessage message;
    while (!reader.AtEnd())
    {
        if (const DropReason reason = reader.Next(message); reason != DropReason::None)
        {
            return reason;
        }
    }
    return DropReason::None;
}

} // namespace weft::sdwan
