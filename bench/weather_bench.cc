// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Nanoseconds and allocations of one weather sample. A stock ns-3 hop is about 5 us: 5 % of it is
 * 250 ns.
 */
#include "meter.h"
#include "underlay-path-weather.h"

#include <benchmark/benchmark.h>

namespace
{

using namespace weft::underlay;
using namespace std::chrono_literals;

void
Sample(benchmark::State& state, const WeatherConfig& config, TimeNs gap)
{
    PathWeather weather(1, "bristol.broadband>hq.dia", Direction::Forward, config);
    TimeNs t{0};
    const weft::bench::AllocationMeter meter(state);
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(weather.At(t));
        t += gap;
    }
    meter.Report();
}

const WeatherConfig CALM{.delay = 6ms};
const WeatherConfig BURSTY{.delay = 6ms, .jitter = 4ms, .loss = 0.001, .badPeriod = 20ms};
const WeatherConfig INDEPENDENT{.delay = 6ms, .jitter = 4ms, .loss = 0.001};

WeatherConfig
Eventful()
{
    WeatherConfig c = BURSTY;
    c.reorder = 0.01;
    c.reorderDelay = 5ms;
    c.common.push_back({"duct", 0.01, 10ms});
    c.events.push_back({.name = "torrent", .jitter = 25ms, .loss = 0.02, .badPeriod = 30ms});
    c.events.push_back({.name = "wave", .shape = EventShape::Square, .period = 2s, .delay = 20ms});
    return c;
}

BENCHMARK_CAPTURE(Sample, calm_every_12us, CALM, 12us);
BENCHMARK_CAPTURE(Sample, jitter_bursty_loss_every_12us, BURSTY, 12us);
BENCHMARK_CAPTURE(Sample, jitter_bursty_loss_every_1ms, BURSTY, 1ms);
BENCHMARK_CAPTURE(Sample, jitter_bursty_loss_every_20ms, BURSTY, 20ms);
BENCHMARK_CAPTURE(Sample, jitter_independent_loss_every_12us, INDEPENDENT, 12us);
BENCHMARK_CAPTURE(Sample, everything_every_12us, Eventful(), 12us);
BENCHMARK_CAPTURE(Sample, everything_every_20ms, Eventful(), 20ms);

void
PhiloxDraw(benchmark::State& state)
{
    const RandomStream stream(1, "path", Direction::Forward, "draw");
    std::uint64_t k = 0;
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(stream.Uniform(k++));
    }
}

BENCHMARK(PhiloxDraw);

} // namespace
