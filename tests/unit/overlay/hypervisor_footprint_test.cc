// SPDX-License-Identifier: GPL-2.0-only
// What a hypervisor costs: memory in a large network, and no allocation for a packet once warm.
#include "hypervisor_world.h"

#include <cstdlib>
#include <malloc.h>
#include <new>

namespace
{

std::uint64_t allocations = 0;

} // namespace

// Not inlined, or the compiler sees a free() of what a new gave.
[[gnu::noinline]] void*
operator new(std::size_t size)
{
    ++allocations;
    if (void* memory = std::malloc(size == 0 ? 1 : size))
    {
        return memory;
    }
    throw std::bad_alloc();
}

[[gnu::noinline]] void
operator delete(void* memory) noexcept
{
    std::free(memory);
}

[[gnu::noinline]] void
operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory);
}

namespace weft::vxlan::test
{
namespace
{

std::size_t
HeapInUse()
{
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

TEST(HypervisorFootprint, AThousandWithTwentyMachinesEach)
{
    const unsigned count = 1000;
    const std::size_t before = HeapInUse();
    if (before == 0)
    {
        GTEST_SKIP() << "this allocator keeps no count";
    }
    std::vector<std::unique_ptr<Hypervisor>> hosts;
    hosts.reserve(count);
    Bytes frame;
    for (unsigned i = 0; i < count; ++i)
    {
        hosts.push_back(std::make_unique<Hypervisor>(HostConfig(i), 0s));
        Hypervisor& host = *hosts.back();
        for (unsigned machine = 0; machine < 20; ++machine)
        {
            PortConfig port;
            port.vni = machine % 2 == 0 ? WEB : DB;
            host.AddPort(port, 0s);
        }
        std::uint32_t uplink = 0;
        while (host.PollUplinkFrame(frame, uplink))
        {
        }
    }
    const std::size_t idle = (HeapInUse() - before) / count;
    for (auto& host : hosts)
    {
        for (unsigned machine = 0; machine < 20; ++machine)
        {
            Bytes garp;
            netbase::BuildGarp(garp, MachineMac(machine), MachineAddress(0, machine));
            host->OnPortFrame(static_cast<PortId>(machine + 1), garp, 1s);
            std::uint32_t uplink = 0;
            while (host->PollUplinkFrame(frame, uplink))
            {
            }
            PortId port = NO_PORT;
            while (host->PollPortFrame(frame, port))
            {
            }
        }
    }
    const std::size_t busy = (HeapInUse() - before) / count;
    RecordProperty("idle_bytes", static_cast<int>(idle));
    RecordProperty("busy_bytes", static_cast<int>(busy));
    EXPECT_LE(idle, 10'000U);
    EXPECT_LE(busy, 18'000U) << "after every machine has spoken: FDB entries and frame buffers";
}

/// Two hypervisors, a warm flow between two machines across the tunnel and to a local third.
TEST(HypervisorFootprint, AWarmPacketAllocatesNothing)
{
    Hypervisor a(HostConfig(0), 0s);
    Hypervisor b(HostConfig(1), 0s);
    PortConfig port;
    port.vni = WEB;
    const PortId one = a.AddPort(port, 0s);
    const PortId local = a.AddPort(port, 0s);
    const PortId far = b.AddPort(port, 0s);
    Bytes frame;
    const auto carry = [&](TimeNs now) {
        std::uint32_t uplink = 0;
        for (int round = 0; round < 4; ++round)
        {
            while (a.PollUplinkFrame(frame, uplink))
            {
                b.OnUplinkFrame(0, frame, now);
            }
            while (b.PollUplinkFrame(frame, uplink))
            {
                a.OnUplinkFrame(0, frame, now);
            }
        }
        PortId out = NO_PORT;
        int delivered = 0;
        while (a.PollPortFrame(frame, out) || b.PollPortFrame(frame, out))
        {
            ++delivered;
        }
        return delivered;
    };
    const auto make = [&](unsigned from, unsigned to) {
        Bytes made;
        netbase::AppendEthernet(made,
                                {.destination = MachineMac(to),
                                 .source = MachineMac(from),
                                 .tci = {},
                                 .type = netbase::ethertype::IPV4});
        netbase::AppendUdpPacket(made,
                                 {.source = MachineAddress(0, from),
                                  .destination = MachineAddress(0, to),
                                  .sourcePort = 1,
                                  .destinationPort = 2},
                                 Bytes(1000));
        return made;
    };
    const Bytes there = make(1, 3);
    const Bytes back = make(3, 1);
    const Bytes here = make(1, 2);
    const Bytes hereBack = make(2, 1);
    int delivered = 0;
    const auto round = [&](TimeNs now) {
        a.OnPortFrame(one, there, now);
        delivered += carry(now);
        b.OnPortFrame(far, back, now);
        delivered += carry(now);
        a.OnPortFrame(one, here, now);
        delivered += carry(now);
        a.OnPortFrame(local, hereBack, now);
        delivered += carry(now);
    };
    for (int i = 0; i < 50; ++i)
    {
        round(1ms * i);
    }
    delivered = 0;
    const std::uint64_t before = allocations;
    for (int i = 50; i < 1050; ++i)
    {
        round(1ms * i);
    }
    EXPECT_EQ(allocations - before, 0U);
    EXPECT_EQ(delivered, 4000);
}

/// The same through a router between two networks.
TEST(HypervisorFootprint, AWarmRoutedPacketAllocatesNothing)
{
    Hypervisor host(HostConfig(0), 0s);
    RouterConfig config;
    config.interfaces.resize(2);
    for (unsigned n = 0; n < 2; ++n)
    {
        config.interfaces[n].vni = n == 0 ? WEB : DB;
        config.interfaces[n].mac = MacAddress::FromInteger(0x02000000aa00 + n);
        config.interfaces[n].address = MachineAddress(n, 1);
    }
    host.AddRouter(config, 0s);
    PortConfig port;
    port.vni = WEB;
    const PortId from = host.AddPort(port, 0s);
    port.vni = DB;
    const PortId to = host.AddPort(port, 0s);
    Bytes frame;
    for (unsigned n = 0; n < 2; ++n)
    {
        netbase::BuildArpRequest(
            frame, MachineMac(10 + n), MachineAddress(n, 10 + n), MachineAddress(n, 1));
        host.OnPortFrame(n == 0 ? from : to, frame, 0s);
    }
    Bytes packet;
    netbase::AppendEthernet(packet,
                            {.destination = config.interfaces[0].mac,
                             .source = MachineMac(10),
                             .tci = {},
                             .type = netbase::ethertype::IPV4});
    netbase::AppendUdpPacket(packet,
                             {.source = MachineAddress(0, 10),
                              .destination = MachineAddress(1, 11),
                              .sourcePort = 1,
                              .destinationPort = 2},
                             Bytes(1000));
    int delivered = 0;
    std::uint64_t before = 0;
    PortId out = NO_PORT;
    std::uint32_t uplink = 0;
    for (int i = 0; i < 1100; ++i)
    {
        if (i == 100)
        {
            before = allocations;
            delivered = 0;
        }
        host.OnPortFrame(from, packet, 1ms * i);
        while (host.PollPortFrame(frame, out))
        {
            delivered += out == to && frame.size() == packet.size() ? 1 : 0;
        }
        while (host.PollUplinkFrame(frame, uplink))
        {
        }
    }
    EXPECT_EQ(allocations - before, 0U);
    EXPECT_EQ(delivered, 1000);
}

} // namespace
} // namespace weft::vxlan::test
