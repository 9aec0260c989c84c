// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Measurement, policy and steering: nanoseconds and heap allocations per packet.
 */
#include "meter.h"
#include "sdwan-flow-key.h"
#include "sdwan-flow-table.h"
#include "sdwan-path-monitor.h"
#include "sdwan-policy.h"

#include <benchmark/benchmark.h>
#include <random>
#include <unordered_map>

namespace
{

using namespace std::chrono_literals;
using namespace weft::bench;
using namespace weft::sdwan;

constexpr std::size_t FLOWS = 10000;

FlowKey
Key(std::uint32_t n)
{
    return {0x0a140000 + n % 251,
            0x0a150000 + n / 251,
            static_cast<std::uint16_t>(49152 + n % 7919),
            static_cast<std::uint16_t>(n % 3 ? 443 : 3479),
            static_cast<std::uint8_t>(n % 4 ? 17 : 6),
            0};
}

/// Keys in a random order, as packets of many flows arrive; the array is walked so that drawing
/// costs nothing.
std::vector<FlowKey>
Arrivals()
{
    std::mt19937 random(1);
    std::vector<FlowKey> keys(1 << 16);
    for (auto& k : keys)
    {
        k = Key(static_cast<std::uint32_t>(random() % FLOWS));
    }
    return keys;
}

struct Hash
{
    std::size_t
    operator()(const FlowKey& k) const
    {
        return absl::Hash<FlowKey>{}(k);
    }
};

void
FlowLookup(benchmark::State& state)
{
    FlowTable<std::uint64_t> table(2 * FLOWS, 5min);
    for (std::uint32_t i = 0; i < FLOWS; ++i)
    {
        table.Insert(Key(i), 0s, [](auto&) {});
    }
    const auto keys = Arrivals();
    std::size_t i = 0;
    const AllocationMeter meter(state);
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(table.Find(keys[i], 1s));
        i = (i + 1) & (keys.size() - 1);
    }
    meter.Report();
}

BENCHMARK(FlowLookup);

/// The same through absl::flat_hash_map alone, and through std::unordered_map with the same hash,
/// for comparison.
template <typename Map>
void
MapLookup(benchmark::State& state)
{
    Map map;
    for (std::uint32_t i = 0; i < FLOWS; ++i)
    {
        map.emplace(Key(i), i);
    }
    const auto keys = Arrivals();
    std::size_t i = 0;
    const AllocationMeter meter(state);
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(map.find(keys[i])->second);
        i = (i + 1) & (keys.size() - 1);
    }
    meter.Report();
}

using AbslMap = absl::flat_hash_map<FlowKey, std::uint64_t>;
using StdMap = std::unordered_map<FlowKey, std::uint64_t, Hash>;
BENCHMARK_TEMPLATE(MapLookup, AbslMap);
BENCHMARK_TEMPLATE(MapLookup, StdMap);

void
ParseKey(benchmark::State& state)
{
    const Bytes packet = {0x45, 0,  0,  32, 0,    0,    0x40, 0,    64, 17, 0, 0, 10, 20, 30, 5,
                          10,   20, 10, 9,  0xc3, 0x53, 0x0d, 0x97, 0,  12, 0, 0, 1,  2,  3,  4};
    FlowKey key;
    const AllocationMeter meter(state);
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(ParseFlowKey(packet, 0, key));
        benchmark::DoNotOptimize(key);
    }
    meter.Report();
}

BENCHMARK(ParseKey);

/// The first packet of a flow, against twenty rules and ten applications of which the last ones
/// match.
void
Classify(benchmark::State& state)
{
    std::vector<Application> applications;
    std::vector<PolicyRule> rules;
    for (int i = 0; i < 10; ++i)
    {
        Application a;
        a.name = "application-" + std::to_string(i);
        a.match.protocol = std::uint8_t{17};
        const auto port = static_cast<std::uint16_t>(3470 + i);
        a.match.destinationPorts = {{port, port}};
        applications.push_back(a);
        PolicyRule r;
        r.name = "rule-" + std::to_string(i);
        r.match.application = a.name;
        rules.push_back(r);
        r.name += "-tcp";
        r.match.application.reset();
        r.match.tuple.protocol = std::uint8_t{6};
        r.match.tuple.destinationPorts = {{port, port}};
        rules.insert(rules.begin(), r);
    }
    const Policy policy(rules, applications);
    const FlowKey key{0x0a141e05, 0x0a140a09, 50003, 3479, 17, 0};
    const AllocationMeter meter(state);
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(policy.Classify(key));
    }
    meter.Report();
}

BENCHMARK(Classify);

/// Every authenticated datagram; 10,000 packets a second with 1 ms of wander.
void
MonitorOnReceived(benchmark::State& state)
{
    PairClock clock;
    PathMonitor monitor({}, clock, 0s);
    std::mt19937 random(1);
    std::vector<TimeNs> delays(4096);
    for (auto& d : delays)
    {
        d = 5ms + std::chrono::microseconds{random() % 1000};
    }
    std::uint32_t sequence = 0;
    TimeNs sent = 0s;
    const AllocationMeter meter(state);
    for (auto _ : state)
    {
        sent += 100us;
        monitor.OnReceived(sequence, StampOf(sent), sent + delays[sequence & 4095], true);
        ++sequence;
    }
    meter.Report();
}

BENCHMARK(MonitorOnReceived);

/// Every datagram sent.
void
MonitorOnSent(benchmark::State& state)
{
    PairClock clock;
    PathMonitor monitor({}, clock, 0s);
    TimeNs now = 0s;
    const AllocationMeter meter(state);
    for (auto _ : state)
    {
        now += 100us;
        monitor.OnSent(now, true);
    }
    meter.Report();
}

BENCHMARK(MonitorOnSent);

/// The 100 ms work of a tunnel that carries 50 or 10,000 packets a second: statistics of both
/// windows and a report of them.
void
MonitorReport(benchmark::State& state)
{
    PairClock clock;
    PathMonitor monitor({}, clock, 0s);
    std::mt19937 random(1);
    const auto packets = static_cast<std::uint32_t>(state.range(0));
    std::uint32_t sequence = 0;
    TimeNs now = 0s;
    Bytes payload;
    payload.reserve(1000);
    const auto tick = [&] {
        for (std::uint32_t i = 0; i < packets; ++i)
        {
            now += TimeNs{100ms} / packets;
            monitor.OnReceived(sequence++,
                               StampOf(now - 5ms - std::chrono::microseconds{random() % 1000}),
                               now,
                               true);
        }
    };
    for (int i = 0; i < 1300; ++i)
    {
        tick();
        while (monitor.PollControl(now))
        {
        }
    }
    const AllocationMeter meter(state);
    for (auto _ : state)
    {
        state.PauseTiming();
        tick();
        state.ResumeTiming();
        payload.clear();
        while (const auto m = monitor.PollControl(now))
        {
            Encode(*m, payload);
        }
        benchmark::DoNotOptimize(payload.data());
    }
    meter.Report();
}

BENCHMARK(MonitorReport)->Arg(5)->Arg(1000);

/// One flow's decision when nothing changes.
void
EvaluateSteering(benchmark::State& state)
{
    SteeringConfig config;
    config.duplicate = true;
    ThresholdSteering steering(config, "rule");
    const PathQuality quality;
    std::vector<Candidate> candidates(2);
    for (TunnelId i = 0; i < 2; ++i)
    {
        candidates[i].tunnel = i;
        candidates[i].usable = true;
        candidates[i].quality = &quality;
        candidates[i].sla.state = SlaState::In;
    }
    std::vector<Decision> decisions;
    TimeNs now = 0s;
    steering.Evaluate(candidates, now, decisions);
    const AllocationMeter meter(state);
    for (auto _ : state)
    {
        now += 1ms;
        steering.Evaluate(candidates, now, decisions);
    }
    meter.Report();
    benchmark::DoNotOptimize(decisions.size());
}

BENCHMARK(EvaluateSteering);

} // namespace
