// SPDX-License-Identifier: GPL-2.0-only
// What an end host's packet costs: the fast path of the underlay side of every tunnel end point.
#include "meter.h"
#include "netbase-endpoint.h"
#include "netbase-flow-hash.h"
#include "netbase-udp.h"

#include <benchmark/benchmark.h>

#include <algorithm>

namespace
{

using namespace weft::netbase;
using namespace std::chrono_literals;

EndpointConfig
Config(unsigned number)
{
    EndpointConfig config;
    config.mac = MacAddress::FromInteger(0x020000000000 + number);
    config.address = IpAddress::V4(0x0a000000 + number);
    config.prefixLength = 24;
    return config;
}

Bytes
Packet(std::size_t size)
{
    UdpDatagram datagram;
    datagram.source = Config(1).address;
    datagram.destination = Config(2).address;
    datagram.checksum = false;
    Bytes packet;
    AppendUdpPacket(packet, datagram, Bytes(size - 28));
    return packet;
}

void
Resolve(IpEndpoint& host)
{
    Bytes frame;
    BuildArpRequest(frame, Config(2).mac, Config(2).address, Config(1).address);
    host.OnFrame(frame, 0s);
    while (host.PollFrame(frame))
    {
    }
}

/// Copies once: SendPacket() and PollFrame().
void
Send(benchmark::State& state)
{
    IpEndpoint host(Config(1), 0s);
    Resolve(host);
    const Bytes packet = Packet(static_cast<std::size_t>(state.range(0)));
    Bytes frame;
    const auto step = [&] {
        host.SendPacket(packet, 1s);
        host.PollFrame(frame);
        benchmark::DoNotOptimize(frame.data());
    };
    for (int i = 0; i < 16; ++i)
    {
        step(); // buffers circulate: all of them grow once
    }
    const weft::bench::AllocationMeter meter(state);
    for (auto _ : state)
    {
        step();
    }
    meter.Report();
}
BENCHMARK(Send)->Arg(100)->Arg(1500);

/// Copies nothing.
void
SendInPlace(benchmark::State& state)
{
    IpEndpoint host(Config(1), 0s);
    Resolve(host);
    const Bytes packet = Packet(1500);
    Bytes frame(IpEndpoint::HEADROOM + packet.size());
    std::copy(packet.begin(), packet.end(), frame.begin() + IpEndpoint::HEADROOM);
    for (auto _ : state)
    {
        host.SendInPlace(frame, 1s);
        host.PollFrame(frame);
        benchmark::DoNotOptimize(frame.data());
    }
}
BENCHMARK(SendInPlace);

void
Receive(benchmark::State& state)
{
    IpEndpoint sender(Config(1), 0s);
    IpEndpoint receiver(Config(2), 0s);
    Resolve(sender);
    sender.SendPacket(Packet(1500), 1s);
    Bytes frame;
    sender.PollFrame(frame);
    for (auto _ : state)
    {
        ByteView packet;
        receiver.Receive(frame, 1s, packet);
        benchmark::DoNotOptimize(packet.data());
    }
}
BENCHMARK(Receive);

/// A broadcast ARP that concerns others: every idle host of a network pays for it.
void
OverhearArp(benchmark::State& state)
{
    IpEndpoint host(Config(1), 0s);
    Bytes frame;
    BuildArpRequest(frame, Config(2).mac, Config(2).address, Config(3).address);
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(host.OnFrame(frame, 1s));
    }
}
BENCHMARK(OverhearArp);

void
Construct(benchmark::State& state)
{
    const EndpointConfig config = Config(1);
    for (auto _ : state)
    {
        IpEndpoint host(config, 0s);
        benchmark::DoNotOptimize(&host);
    }
}
BENCHMARK(Construct);

void
Hash(benchmark::State& state)
{
    const Bytes packet = Packet(1500);
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(FlowHash(ReadIpFlowFields(packet), 1));
    }
}
BENCHMARK(Hash);

} // namespace
