// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-path-weather.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <utility>

namespace weft::underlay
{

namespace
{

__extension__ typedef __int128 Int128;

void
Require(bool holds, const std::string& path, const std::string& what, const std::string& rule)
{
    if (!holds)
    {
        throw std::invalid_argument("weather of " + path + ": " + what + " " + rule);
    }
}

std::string
Text(TimeNs t)
{
    return std::to_string(t.count()) + " ns";
}

void
Validate(const std::string& path, const WeatherConfig& c, const std::vector<WeatherEvent>& events)
{
    const auto fraction = [&](const std::string& field, double value) {
        Require(value >= 0 && value <= 1,
                path,
                field + " " + std::to_string(value),
                "must be within 0 and 1");
    };
    const auto length = [&](const std::string& field, TimeNs value) {
        Require(value >= TimeNs{0}, path, field + " " + Text(value), "must not be negative");
    };
    length("delay", c.delay);
    length("jitter", c.jitter);
    fraction("loss", c.loss);
    length("bad period", c.badPeriod);
    fraction("reorder", c.reorder);
    length("reorder delay", c.reorderDelay);
    for (const auto& common : c.common)
    {
        fraction("common loss " + common.name, common.loss);
        length("bad period of common loss " + common.name, common.badPeriod);
    }
    TimeNs least = c.delay;
    for (const auto& e : events)
    {
        length("start of event " + e.name, e.at);
        length("jitter of event " + e.name, e.jitter.value_or(TimeNs{0}));
        fraction("loss of event " + e.name, e.loss);
        length("bad period of event " + e.name, e.badPeriod.value_or(TimeNs{0}));
        Require(e.duration > TimeNs{0},
                path,
                "duration of event " + e.name + " " + Text(e.duration),
                "must be positive");
        Require(e.shape != EventShape::Ramp || e.duration != FOREVER,
                path,
                "ramp of event " + e.name,
                "must have an end");
        Require(e.shape != EventShape::Square || e.period >= TimeNs{2},
                path,
                "period of event " + e.name + " " + Text(e.period),
                "must be at least 2 ns for a square wave");
        for (const auto& other : events)
        {
            Require(&other == &e || other.name != e.name || e.loss == 0,
                    path,
                    "event name " + e.name,
                    "must be unique");
        }
        least += std::min(e.delay, TimeNs{0});
    }
    Require(least >= TimeNs{0},
            path,
            "delay with every negative event " + Text(least),
            "must not be negative");
}

std::vector<WeatherEvent>
EventsOf(const WeatherConfig& config, Direction direction)
{
    std::vector<WeatherEvent> events;
    for (const auto& event : config.events)
    {
        if (Touches(event.scope, direction))
        {
            events.push_back(event);
        }
    }
    return events;
}

} // namespace

double
PathWeather::JitterScale(double gridCorrelation)
{
    // E[max(0,X) max(0,Y)] = (sin a + (pi - a) cos a) / (2 pi) with cos a the correlation.
    const double pi = std::numbers::pi;
    const double a = std::acos(gridCorrelation);
    const double variance = 0.5 - 0.5 / pi;
    const double covariance = (std::sin(a) + (pi - a) * gridCorrelation) / (2 * pi) - 1 / (2 * pi);
    return 1 / std::sqrt((2 * variance + covariance) / 3);
}

PathWeather::PathWeather(std::uint64_t seed,
                         std::string name,
                         Direction direction,
                         const WeatherConfig& config)
    : m_seed(seed), m_name(std::move(name)), m_direction(direction), m_config(config),
      m_loss((Validate(m_name, config, EventsOf(config, direction)),
              GilbertElliott(
                  RandomStream(seed, m_name, direction, "loss"), config.loss, config.badPeriod))),
      m_reorder(seed, m_name, direction, "reorder")
{
    bool jitters = config.jitter > TimeNs{0};
    for (const auto& common : config.common)
    {
        // Keyed by the cause alone: every path that names it meets the same process.
        m_common.emplace_back(RandomStream(seed, common.name, Direction::Forward, "common loss"),
                              common.loss,
                              common.badPeriod);
    }
    for (auto& event : EventsOf(config, direction))
    {
        jitters = jitters || event.jitter.value_or(TimeNs{0}) > TimeNs{0};
        std::optional<GilbertElliott> loss;
        if (event.loss > 0)
        {
            loss.emplace(RandomStream(seed, m_name, direction, "loss of event " + event.name),
                         event.loss,
                         event.badPeriod.value_or(config.badPeriod));
        }
        const RandomStream thinning(seed, m_name, direction, "thinning of event " + event.name);
        m_events.push_back({std::move(event), std::move(loss), thinning});
    }
    if (jitters)
    {
        m_ou.emplace(RandomStream(seed, m_name, direction, "jitter"), config.jitterCorrelation);
        m_scale = JitterScale(m_ou->GridCorrelation());
    }
    m_now.losing.reserve(m_events.size());
    m_checkpoints.reserve(64);
    m_checkpoints.push_back({TimeNs{0}, TimeNs{0}});
    Enter(0, TimeNs{0}, TimeNs{0});
}

TimeNs
PathWeather::End(const WeatherEvent& event)
{
    return event.duration >= FOREVER - event.at ? FOREVER : event.at + event.duration;
}

bool
PathWeather::IsOn(const WeatherEvent& event, TimeNs t)
{
    if (t < event.at || t >= End(event))
    {
        return false;
    }
    return event.shape != EventShape::Square || (t - event.at) % event.period < event.period / 2;
}

double
PathWeather::Strength(const WeatherEvent& event, TimeNs t)
{
    return event.shape == EventShape::Ramp ? static_cast<double>((t - event.at).count()) /
                                                 static_cast<double>(event.duration.count())
                                           : 1.0;
}

TimeNs
PathWeather::NextKnot(const WeatherEvent& event, TimeNs t)
{
    if (t < event.at)
    {
        return event.at;
    }
    const TimeNs end = End(event);
    if (t >= end)
    {
        return FOREVER;
    }
    if (event.shape == EventShape::Square)
    {
        const TimeNs phase = (t - event.at) % event.period;
        const TimeNs half = event.period / 2;
        return std::min(end, t - phase + (phase < half ? half : event.period));
    }
    return end;
}

// d at t as seen from inside the stretch that starts at `within`: at its end, that is the limit
// from the left.
std::int64_t
PathWeather::RawDelay(TimeNs t, TimeNs within)
{
    auto delay = static_cast<double>(m_config.delay.count());
    auto jitter = static_cast<double>(m_config.jitter.count());
    for (const auto& event : m_events)
    {
        if (!IsOn(event.config, within))
        {
            continue;
        }
        const double strength = Strength(event.config, t);
        delay += strength * static_cast<double>(event.config.delay.count());
        if (event.config.jitter)
        {
            jitter += strength * (static_cast<double>(event.config.jitter->count()) - jitter);
        }
    }
    if (m_ou && jitter > 0)
    {
        const TimeNs grid = m_ou->Grid();
        const auto cell = static_cast<std::uint64_t>(within / grid);
        const double left = std::max(0.0, m_ou->AtGrid(cell));
        const double right = std::max(0.0, m_ou->AtGrid(cell + 1));
        const double part = static_cast<double>((t - within / grid * grid).count()) /
                            static_cast<double>(grid.count());
        delay += m_scale * jitter * (left + (right - left) * part);
    }
    return std::max<std::int64_t>(0, std::llround(delay));
}

void
PathWeather::Enter(std::uint64_t index, TimeNs start, TimeNs before)
{
    Stretch& s = m_now;
    s.index = index;
    s.start = start;
    s.end = FOREVER;
    s.down = false;
    s.losing.clear();
    for (std::uint32_t i = 0; i < m_events.size(); ++i)
    {
        const WeatherEvent& event = m_events[i].config;
        s.end = std::min(s.end, NextKnot(event, start));
        if (IsOn(event, start))
        {
            s.down = s.down || event.down;
            if (m_events[i].loss)
            {
                s.losing.push_back(i);
            }
        }
    }
    if (m_ou)
    {
        s.end = std::min(s.end, (start / m_ou->Grid() + 1) * m_ou->Grid());
    }
    s.delayStart = RawDelay(start, start);
    // A stretch without end has no jitter and no ramp, so its delay is constant.
    s.rise = s.end == FOREVER ? 0 : RawDelay(s.end, start) - s.delayStart;
    std::int64_t product = 0;
    s.wide = __builtin_mul_overflow(s.rise, (s.end - s.start).count(), &product);
    s.before = before;
    s.peak = std::max(before, start + TimeNs{s.delayStart});
}

void
PathWeather::Seek(TimeNs t)
{
    if (t < m_now.start)
    {
        const auto after = std::upper_bound(
            m_checkpoints.begin(), m_checkpoints.end(), t, [](TimeNs value, const Checkpoint& c) {
                return value < c.start;
            });
        const auto checkpoint = static_cast<std::uint64_t>(after - m_checkpoints.begin()) - 1;
        Enter(checkpoint * CHECKPOINT_STRETCHES,
              m_checkpoints[checkpoint].start,
              m_checkpoints[checkpoint].before);
    }
    while (t >= m_now.end && m_now.end != FOREVER)
    {
        const TimeNs left = m_now.end + TimeNs{m_now.delayStart + m_now.rise};
        Enter(m_now.index + 1, m_now.end, std::max(m_now.peak, left));
        if (m_now.index == m_checkpoints.size() * CHECKPOINT_STRETCHES)
        {
            m_checkpoints.push_back({m_now.start, m_now.before});
        }
    }
}

// Rounded down, so that t + d(t) keeps its order exactly where d falls by no more than 1 s a
// second.
std::int64_t
PathWeather::RiseTo(TimeNs t) const
{
    const Stretch& s = m_now;
    if (s.rise == 0)
    {
        return 0;
    }
    const std::int64_t length = (s.end - s.start).count();
    const std::int64_t x = (t - s.start).count();
    if (s.wide)
    {
        const Int128 product = static_cast<Int128>(s.rise) * x;
        const auto quotient = static_cast<std::int64_t>(product / length);
        return quotient - (product % length < 0 ? 1 : 0);
    }
    const std::int64_t product = s.rise * x;
    return product / length - (product % length < 0 ? 1 : 0);
}

TimeNs
PathWeather::DelayAt(TimeNs t)
{
    t = std::max(t, TimeNs{0});
    if (t < m_now.start || t >= m_now.end)
    {
        Seek(t);
    }
    return std::max(m_now.peak, t + TimeNs{m_now.delayStart + RiseTo(t)}) - t;
}

Fate
PathWeather::At(TimeNs t)
{
    t = std::max(t, TimeNs{0});
    const auto key = static_cast<std::uint64_t>(t.count());
    Fate fate;
    fate.delay = DelayAt(t);
    if (m_config.reorder > 0 && m_reorder.Uniform(key) < m_config.reorder)
    {
        fate.delay += m_config.reorderDelay;
        fate.heldBack = true;
    }
    if (m_now.down)
    {
        fate.reason = LossReason::Down;
    }
    else if (m_loss.IsLost(t))
    {
        fate.reason = LossReason::Loss;
    }
    else
    {
        for (auto& common : m_common)
        {
            if (common.IsLost(t))
            {
                fate.reason = LossReason::CommonLoss;
                break;
            }
        }
        for (const std::uint32_t i : m_now.losing)
        {
            if (fate.reason != LossReason::None)
            {
                break;
            }
            Event& event = m_events[i];
            if (event.loss->IsLost(t) && (event.config.shape != EventShape::Ramp ||
                                          event.thinning.Uniform(key) < Strength(event.config, t)))
            {
                fate.reason = LossReason::EventLoss;
            }
        }
    }
    fate.lost = fate.reason != LossReason::None;
    return fate;
}

double
PathWeather::LossProbability(TimeNs t)
{
    if (m_now.down)
    {
        return 1;
    }
    double kept = 1 - m_loss.LossProbability(t);
    for (auto& common : m_common)
    {
        kept *= 1 - common.LossProbability(t);
    }
    for (const std::uint32_t i : m_now.losing)
    {
        Event& event = m_events[i];
        kept *= 1 - event.loss->LossProbability(t) * Strength(event.config, t);
    }
    return 1 - kept;
}

TimeNs
PathWeather::NextChange(TimeNs t)
{
    TimeNs next = std::min(m_now.end, m_loss.PeriodEnd(t));
    for (auto& common : m_common)
    {
        next = std::min(next, common.PeriodEnd(t));
    }
    for (const std::uint32_t i : m_now.losing)
    {
        next = std::min(next, m_events[i].loss->PeriodEnd(t));
    }
    return next;
}

Truth
PathWeather::TruthOver(TimeNs from, TimeNs to)
{
    if (!m_truth)
    {
        m_truth = std::make_unique<PathWeather>(m_seed, m_name, m_direction, m_config);
    }
    return m_truth->MeasureTruth(std::max(from, TimeNs{0}), to);
}

Truth
PathWeather::MeasureTruth(TimeNs from, TimeNs to)
{
    to = std::max(to, from + TimeNs{1});
    Truth truth;
    // One pass for delay and one for loss, each forwards. Delays are taken against the first, to
    // keep their digits.
    const TimeNs first = DelayAt(from);
    double sum = 0;
    double squares = 0;
    double samples = 0;
    double lostNs = 0;
    double downNs = 0;
    TimeNs sample = from;
    for (TimeNs t = from; t < to;)
    {
        Seek(t);
        const TimeNs next = std::min(to, NextChange(t));
        const auto length = static_cast<double>((next - t).count());
        lostNs += length * LossProbability(t + (next - t) / 2);
        downNs += m_now.down ? length : 0;
        for (; sample < next; sample += std::chrono::milliseconds{1})
        {
            const auto x = static_cast<double>((DelayAt(sample) - first).count());
            sum += x;
            squares += x * x;
            ++samples;
        }
        t = next;
    }
    const double mean = sum / samples;
    const double span = static_cast<double>((to - from).count());
    truth.meanDelay = first + TimeNs{std::llround(mean)};
    truth.sdDelay = TimeNs{std::llround(std::sqrt(std::max(0.0, squares / samples - mean * mean)))};
    truth.lost = lostNs / span;
    truth.down = downNs / span;
    return truth;
}

std::string_view
ToString(LossReason reason)
{
    constexpr std::string_view names[] = {"none", "loss", "common-loss", "event-loss", "down"};
    return names[static_cast<std::size_t>(reason)];
}

} // namespace weft::underlay
