// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What a tunnel costs: encapsulation plus decapsulation of one frame, nanoseconds and heap
 * allocations (none once warm). A stock ns-3 hop is about 5 us; both together have to stay below
 * half of that.
 */
#include "meter.h"
#include "netbase-ethernet.h"
#include "netbase-udp.h"
#include "vxlan-preset.h"

#include <benchmark/benchmark.h>

namespace
{

using namespace weft::bench;
using namespace weft::vxlan;

/// @return a frame with a UDP datagram, without FCS @param size at least 42
Bytes
Frame(std::size_t size)
{
    namespace netbase = weft::netbase;
    Bytes frame;
    netbase::AppendEthernet(frame,
                            {.destination = MacAddress::FromInteger(0x005056000065),
                             .source = MacAddress::FromInteger(0x005056000064),
                             .tci = {},
                             .type = netbase::ethertype::IPV4});
    netbase::AppendUdpPacket(frame,
                             {.source = IpAddress::V4(0xc0a80064),
                              .destination = IpAddress::V4(0xc0a80065),
                              .sourcePort = 40000,
                              .destinationPort = 9},
                             Bytes(size - 42, 0x17));
    return frame;
}

void
BM_Tunnel(benchmark::State& state,
          EncapsulationKind kind,
          ChecksumMode checksum = ChecksumMode::Zero)
{
    EncapsulationConfig config = MakeConfig(Preset::Rfc7348, kind);
    config.checksum = checksum;
    const auto sender = MakeEncapsulation(config);
    const auto receiver = MakeEncapsulation(config);
    const TunnelEnds ends{IpAddress::V4(0x0a01010a), IpAddress::V4(0x0a010214)};
    const Bytes frame = Frame(static_cast<std::size_t>(state.range(0)));
    PacketQueue queue;
    NoMeta meta;
    Bytes packet;
    Bytes out;
    Decapsulated facts;
    std::uint64_t delivered = 0;
    const auto cross = [&] {
        sender->Encapsulate(frame, 0x1234, ends, queue);
        while (queue.Pop(packet, meta))
        {
            receiver->Decapsulate(packet, weft::netbase::TimeNs{0}, out, facts);
            delivered += !out.empty();
        }
        benchmark::DoNotOptimize(out.data());
    };
    for (int i = 0; i < 16; ++i)
    {
        cross(); // buffers grow
    }
    delivered = 0;
    const AllocationMeter meter(state);
    for (auto _ : state)
    {
        cross();
    }
    meter.Report();
    if (delivered != static_cast<std::uint64_t>(state.iterations()))
    {
        state.SkipWithError("a frame was not delivered");
    }
}

BENCHMARK_CAPTURE(BM_Tunnel, vxlan, EncapsulationKind::Vxlan)->Arg(64)->Arg(1500);
BENCHMARK_CAPTURE(BM_Tunnel, vxlan_checksum, EncapsulationKind::Vxlan, ChecksumMode::Computed)
    ->Arg(64)
    ->Arg(1500);
BENCHMARK_CAPTURE(BM_Tunnel, nvgre, EncapsulationKind::Nvgre)->Arg(64)->Arg(1500);
BENCHMARK_CAPTURE(BM_Tunnel, gre_teb, EncapsulationKind::GreTeb)->Arg(64)->Arg(1500);
BENCHMARK_CAPTURE(BM_Tunnel, stt, EncapsulationKind::Stt)->Arg(64)->Arg(1500);
BENCHMARK_CAPTURE(BM_Tunnel, geneve, EncapsulationKind::Geneve)->Arg(64)->Arg(1500);

} // namespace
