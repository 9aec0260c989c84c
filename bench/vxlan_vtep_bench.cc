// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The VTEP's packet path: unicast with few and with many remotes, floods against as many unicast
 * tunnel packets, a frame from bridge to bridge; memory of an idle VTEP.
 */
#include "meter.h"
#include "vxlan-bridge.h"
#include "vxlan-vtep.h"

#include <benchmark/benchmark.h>
#include <cstdlib>
#include <malloc.h>
#include <memory>
#include <random>

namespace
{

using namespace weft::vxlan;
using namespace weft::bench;
using namespace std::chrono_literals;

constexpr Vni NETWORK = 5000;

IpAddress
Address(std::uint32_t host)
{
    return IpAddress::V4(0x0a000001 + host);
}

MacAddress
Station(std::uint32_t number)
{
    return MacAddress::FromInteger(0x020000000000 | number);
}

/// An IPv4/UDP frame of @p size bytes between stations.
Bytes
Frame(const MacAddress& to, const MacAddress& from, std::size_t size)
{
    Bytes frame(size, 0x5a);
    to.Write(frame);
    from.Write(std::span(frame).subspan(6));
    const std::uint8_t header[] = {8, 0,   0x45, 0, 0, 0,   0,   0, 0, 0,    64,   17, 0,
                                   0, 192, 168,  0, 1, 192, 168, 0, 2, 0x9c, 0x40, 0,  9};
    std::copy(std::begin(header), std::end(header), frame.begin() + 12);
    weft::netbase::Write16(&frame[16], static_cast<std::uint16_t>(size - 14));
    return frame;
}

VtepConfig
Config(std::uint32_t others)
{
    VtepConfig config;
    config.address = Address(0);
    config.replication = ReplicationKind::HeadEnd;
    config.mtu = 9000;
    NetworkConfig network{.vni = NETWORK};
    for (std::uint32_t i = 1; i <= others; ++i)
    {
        network.floodList.push_back(Address(i));
    }
    config.networks = {network};
    return config;
}

/// A VTEP that knows one station behind each of its remotes.
struct Sender
{
    Sender(std::uint32_t remotes, std::size_t size) : vtep(Config(remotes), 0s)
    {
        std::mt19937 random(1);
        for (std::uint32_t i = 1; i <= remotes; ++i)
        {
            vtep.Install(NETWORK, Station(i), Address(i), FdbOrigin::Static, 0s);
        }
        for (std::size_t i = 0; i < 1024; ++i)
        {
            frames.push_back(Frame(Station(1 + random() % remotes), Station(0), size));
        }
    }

    /// One frame in, its packets out.
    void
    Send(ByteView frame)
    {
        vtep.OnLocalFrame(NETWORK, frame, 1s);
        while (vtep.PollUnderlay(packet, meta))
        {
            benchmark::DoNotOptimize(packet.data());
        }
    }

    void
    SendNext()
    {
        Send(frames[next++ % frames.size()]);
    }

    Vtep vtep;
    std::vector<Bytes> frames;
    std::size_t next = 0;
    Bytes packet;
    UnderlayMeta meta;
};

/// Unicast with 256 remotes against unicast with 4: at most 1.1.
void
BM_UnicastManyAgainstFew(benchmark::State& state)
{
    const auto size = static_cast<std::size_t>(state.range(0));
    Sender many(256, size);
    Sender few(4, size);
    Against(
        state, 512, [&] { many.SendNext(); }, [&] { few.SendNext(); });
}

BENCHMARK(BM_UnicastManyAgainstFew)->Arg(100)->Arg(1514)->Iterations(2000)->UseManualTime();

/// A head-end flood against as many unicast tunnel packets: at most 1.2.
void
BM_FloodAgainstUnicast(benchmark::State& state)
{
    const auto copies = static_cast<std::uint32_t>(state.range(0));
    const auto size = static_cast<std::size_t>(state.range(1));
    Sender sender(copies, size);
    const auto flood = Frame(MacAddress::Broadcast(), Station(0), size);
    Against(
        state,
        static_cast<int>(4096 / copies),
        [&] { sender.Send(flood); },
        [&] {
            for (std::uint32_t i = 0; i < copies; ++i)
            {
                sender.SendNext();
            }
        });
}

BENCHMARK(BM_FloodAgainstUnicast)
    ->Args({1, 100})
    ->Args({7, 100})
    ->Args({255, 100})
    ->Args({255, 1514})
    ->Iterations(400)
    ->UseManualTime();

/// From one bridge's port to another's: learning, encapsulation, decapsulation, learning.
void
BM_PortToPort(benchmark::State& state)
{
    const auto size = static_cast<std::size_t>(state.range(0));

    struct End
    {
        explicit End(const VtepConfig& config) : vtep(config, 0s), bridge({}, 0s)
        {
            bridge.AddNetwork(NETWORK, true);
            port = bridge.AddPort({.vni = NETWORK});
        }

        Vtep vtep;
        Bridge bridge;
        PortId port = NO_PORT;
    };

    auto config = Config(1);
    End here(config);
    config.address = Address(1);
    config.networks[0].floodList = {Address(0)};
    End there(config);
    Bytes buffer;
    const auto cross = [&buffer](End& from, End& to, ByteView frame) {
        TunnelMeta tunnel;
        UnderlayMeta underlay;
        LocalMeta local;
        PortId port = NO_PORT;
        std::size_t out = 0;
        from.bridge.OnFrame(from.port, frame, 1s);
        while (from.bridge.PollTunnel(buffer, tunnel))
        {
            from.vtep.OnLocalFrame(tunnel.vni, buffer, 1s, tunnel.newLocalSource);
        }
        while (from.vtep.PollUnderlay(buffer, underlay))
        {
            to.vtep.OnUnderlayPacket(buffer, 1s);
        }
        while (to.vtep.PollLocal(buffer, local))
        {
            to.bridge.OnTunnelFrame(local.vni, buffer, 1s);
        }
        while (to.bridge.PollFrame(buffer, port))
        {
            ++out;
        }
        return out;
    };
    const auto there1 = Frame(Station(2), Station(1), size);
    const auto back = Frame(Station(1), Station(2), size);
    for (int i = 0; i < 8; ++i)
    {
        cross(here, there, there1);
        cross(there, here, back);
    }
    const AllocationMeter meter(state);
    for (auto _ : state)
    {
        if (cross(here, there, there1) != 1)
        {
            state.SkipWithError("the frame did not arrive");
        }
    }
    meter.Report();
}

BENCHMARK(BM_PortToPort)->Arg(100)->Arg(1514);

/// Heap of an idle VTEP with one network, and of its bridge with a port.
void
BM_IdleMemory(benchmark::State& state)
{
    constexpr std::size_t COUNT = 1000;
    double vtep = 0;
    double bridge = 0;
    for (auto _ : state)
    {
        std::vector<std::unique_ptr<Vtep>> vteps(COUNT);
        std::vector<std::unique_ptr<Bridge>> bridges(COUNT);
        auto config = Config(0);
        config.networks[0].group = IpAddress::V4(0xef000360);
        config.replication = ReplicationKind::Multicast;
        const auto start = mallinfo2().uordblks;
        for (auto& each : vteps)
        {
            each = std::make_unique<Vtep>(config, 0s);
        }
        const auto between = mallinfo2().uordblks;
        for (auto& each : bridges)
        {
            each = std::make_unique<Bridge>(BridgeConfig{}, 0s);
            each->AddNetwork(NETWORK, true);
            each->AddPort({.vni = NETWORK});
        }
        vtep = static_cast<double>(between - start) / COUNT;
        bridge = static_cast<double>(mallinfo2().uordblks - between) / COUNT;
    }
    state.counters["B/vtep"] = vtep;
    state.counters["B/bridge"] = bridge;
}

BENCHMARK(BM_IdleMemory)->Iterations(1);

} // namespace
