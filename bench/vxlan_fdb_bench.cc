// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The forwarding tables: look-up, refresh and learning at 10,000 and a million entries, with random
 * keys; ageing of a table under constant refresh.
 *
 * Keys are asked for in random order from an array that is larger than the caches, as packets bring
 * them. A look-up is timed twice: independent ones, which a processor overlaps (lookup), and each
 * waiting for the one before (lookup_chained), the latency of one.
 */
#include "meter.h"
#include "vxlan-fdb.h"

#include "absl/container/flat_hash_map.h"

#include <benchmark/benchmark.h>
#include <random>

namespace
{

using namespace weft::vxlan;
using namespace weft::bench;
using namespace std::chrono_literals;

constexpr std::size_t QUESTIONS = 1 << 20;

MacAddress
Station(std::uint64_t number)
{
    // Addresses as a cloud hands them out: one vendor, random below.
    return MacAddress::FromInteger(0x005056000000 | ((number * 0x9e3779b1) & 0xffffff) |
                                   (number >> 24) << 24);
}

IpAddress
Remote(std::uint64_t number)
{
    return IpAddress::V4(0x0a000000 + static_cast<std::uint32_t>(number % 256));
}

struct Filled
{
    explicit Filled(std::size_t entries)
        : fdb({.ageing = 300s, .mode = AgeingMode::Exact, .maxEntries = std::size_t{1} << 21}, 0s)
    {
        for (std::size_t i = 0; i < entries; ++i)
        {
            fdb.Learn(static_cast<std::uint16_t>(i % 16), Station(i), Remote(i), TimeNs{i});
        }
        std::mt19937_64 random(1);
        questions.reserve(QUESTIONS);
        for (std::size_t i = 0; i < QUESTIONS; ++i)
        {
            const std::uint64_t n = random() % entries;
            questions.emplace_back(static_cast<std::uint16_t>(n % 16), Station(n));
        }
    }

    VtepFdb fdb;
    std::vector<std::pair<std::uint16_t, MacAddress>> questions;
};

void
BM_Lookup(benchmark::State& state)
{
    const Filled filled(static_cast<std::size_t>(state.range(0)));
    const AllocationMeter meter(state);
    std::size_t i = 0;
    for (auto _ : state)
    {
        const auto& [domain, mac] = filled.questions[i++ & (QUESTIONS - 1)];
        benchmark::DoNotOptimize(filled.fdb.Find(domain, mac));
    }
    meter.Report();
    state.counters["B/entry"] =
        static_cast<double>(filled.fdb.Entries().Footprint()) / static_cast<double>(state.range(0));
}

BENCHMARK(BM_Lookup)->Arg(10'000)->Arg(1'000'000);

void
BM_LookupChained(benchmark::State& state)
{
    const Filled filled(static_cast<std::size_t>(state.range(0)));
    std::size_t i = 0;
    for (auto _ : state)
    {
        const auto& [domain, mac] = filled.questions[i & (QUESTIONS - 1)];
        const IpAddress* remote = filled.fdb.Find(domain, mac);
        i += 1 + (remote->octets[0] & 1); // always one further: the address begins with a zero
        benchmark::DoNotOptimize(i);
    }
}

BENCHMARK(BM_LookupChained)->Arg(10'000)->Arg(1'000'000);

void
BM_LookupMiss(benchmark::State& state)
{
    const Filled filled(static_cast<std::size_t>(state.range(0)));
    std::size_t i = 0;
    for (auto _ : state)
    {
        const auto& [domain, mac] = filled.questions[i++ & (QUESTIONS - 1)];
        benchmark::DoNotOptimize(filled.fdb.Find(static_cast<std::uint16_t>(domain + 16), mac));
    }
}

BENCHMARK(BM_LookupMiss)->Arg(10'000)->Arg(1'000'000);

/// The same question to a general hash map with the same key and value, for comparison.
void
BM_LookupFlatHashMap(benchmark::State& state)
{
    const Filled filled(static_cast<std::size_t>(state.range(0)));
    absl::flat_hash_map<std::uint64_t, std::uint32_t> map;
    for (std::size_t i = 0; i < static_cast<std::size_t>(state.range(0)); ++i)
    {
        map[MacTable::Key(static_cast<std::uint16_t>(i % 16), Station(i))] =
            static_cast<std::uint32_t>(i % 256);
    }
    std::size_t i = 0;
    for (auto _ : state)
    {
        const auto& [domain, mac] = filled.questions[i++ & (QUESTIONS - 1)];
        benchmark::DoNotOptimize(map.find(MacTable::Key(domain, mac)));
    }
}

BENCHMARK(BM_LookupFlatHashMap)->Arg(10'000)->Arg(1'000'000);

/// A frame from a known station: found and refreshed.
void
BM_Refresh(benchmark::State& state)
{
    Filled filled(static_cast<std::size_t>(state.range(0)));
    const AllocationMeter meter(state);
    TimeNs now = 1s;
    std::size_t i = 0;
    for (auto _ : state)
    {
        const auto& [domain, mac] = filled.questions[i++ & (QUESTIONS - 1)];
        const IpAddress remote = *filled.fdb.Find(domain, mac);
        now += 1us;
        filled.fdb.Expire(now);
        benchmark::DoNotOptimize(filled.fdb.Learn(domain, mac, remote, now));
    }
    meter.Report();
}

BENCHMARK(BM_Refresh)->Arg(10'000)->Arg(1'000'000);

/// A steady stream of frames while stations age: the table turns over about once per ageing time.
void
BM_LearnAndAge(benchmark::State& state)
{
    const auto stations = static_cast<std::uint64_t>(state.range(0));
    VtepFdb fdb({.ageing = 1us * stations, .maxEntries = std::size_t{1} << 21}, 0s);
    std::mt19937_64 random(1);
    TimeNs now{0};
    for (std::uint64_t i = 0; i < 4 * stations; ++i)
    {
        now += 1us;
        fdb.Expire(now);
        fdb.Learn(0, Station(random() % stations), Remote(i), now);
    }
    const auto aged = fdb.Counters().aged;
    const AllocationMeter meter(state);
    for (auto _ : state)
    {
        now += 1us;
        fdb.Expire(now);
        const auto n = random() % stations;
        benchmark::DoNotOptimize(fdb.Learn(0, Station(n), Remote(n), now));
    }
    meter.Report();
    state.counters["aged/frame"] =
        static_cast<double>(fdb.Counters().aged - aged) / static_cast<double>(state.iterations());
}

BENCHMARK(BM_LearnAndAge)->Arg(10'000)->Arg(1'000'000);

} // namespace
