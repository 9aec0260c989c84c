// SPDX-License-Identifier: GPL-2.0-only
// What moves: machines, announced or silent, under both ageing clocks; the virtual MAC of VRRP.
#include "hypervisor_world.h"

#include "vxlan-vrrp-host.h"

namespace weft::vxlan::test
{
namespace
{

constexpr TimeNs PERIOD = 100ms; ///< of the stream

/// A stream of datagrams to a machine that says nothing, and when they arrived.
class SilentMove
{
  public:
    explicit SilentMove(const std::function<void(HypervisorConfig&)>& change = {},
                        bool staticArp = true)
    {
        for (unsigned i = 0; i < 4; ++i)
        {
            HypervisorConfig config = HostConfig(i);
            if (change)
            {
                change(config);
            }
            world.AddHost(config);
        }
        sender = world.AddMachine(0, WEB, 0, 100);
        mover = world.AddMachine(1, WEB, 0, 101);
        witness = world.AddMachine(3, WEB, 0, 102);
        world.Ping(mover, MachineAddress(0, 100), 1);
        world.Ping(mover, MachineAddress(0, 102), 1);
        world.RunTo(1s);
        if (staticArp)
        {
            world.Vm(sender).endpoint->AddNeighbour(
                MachineAddress(0, 101), MachineMac(101), world.now);
            world.Vm(mover).endpoint->AddNeighbour(
                MachineAddress(0, 102), MachineMac(102), world.now);
        }
    }

    /// Sends every 100 ms up to an instant.
    void
    Stream(TimeNs until)
    {
        for (TimeNs at = world.now; at < until; at += PERIOD)
        {
            world.At(at, [this] { world.SendUdp(sender, MachineAddress(0, 101), Bytes(100)); });
        }
        world.RunTo(until);
    }

    /// @return the longest time without delivery
    TimeNs
    LongestGap()
    {
        TimeNs longest{0};
        const auto& packets = world.Vm(mover).packets;
        for (std::size_t i = 1; i < packets.size(); ++i)
        {
            longest = std::max(longest, packets[i].at - packets[i - 1].at);
        }
        return longest;
    }

    TimeNs
    LastDelivery()
    {
        return world.Vm(mover).packets.empty() ? TimeNs(0) : world.Vm(mover).packets.back().at;
    }

    World world;
    std::size_t sender = 0;
    std::size_t mover = 0;
    std::size_t witness = 0;
};

TEST(SilentMoveTest, HealsWhenTheEntryAgesByReception)
{
    SilentMove run([](HypervisorConfig& config) {
        config.vtep.fdb.ageing = 60s;
        config.bridge.fdb.ageing = 30s;
    });
    // What the sender's VTEP last heard of the mover: its echo request, within the first ms.
    run.Stream(10s);
    ASSERT_LE(run.LongestGap(), PERIOD + 1ms);
    run.world.Move(run.mover, 2, WEB);
    run.Stream(100s);
    // Deaf from the move until the entry's age is over; then unknown unicast floods.
    const TimeNs gap = run.LongestGap();
    EXPECT_GE(gap, 50s);
    EXPECT_LE(gap, 50s + 2 * PERIOD);
    EXPECT_GE(run.LastDelivery(), 100s - 2 * PERIOD);
    EXPECT_GT(run.world.Host(0).GetVtep()->Counters().Flooded(FloodKind::UnknownUnicast).frames,
              0U);
}

TEST(SilentMoveTest, TheNewHostsBridgeHasAClockOfItsOwn)
{
    // Its bridge once learned the mover behind the tunnel, and what comes out of the tunnel does
    // not go back: flooding to the right host is in vain until that entry too has aged.
    SilentMove run([](HypervisorConfig& config) {
        config.vtep.fdb.ageing = 20s;
        config.bridge.fdb.ageing = 60s;
    });
    run.Stream(10s);
    run.world.Move(run.mover, 2, WEB);
    ASSERT_EQ(run.world.Host(2).GetBridge().Find(WEB, MachineMac(101)), TUNNEL_PORT);
    run.Stream(100s);
    EXPECT_GE(run.LongestGap(), 50s);
    EXPECT_LE(run.LongestGap(), 50s + 2 * PERIOD);
    EXPECT_GT(run.world.Host(2).GetBridge().Counters().drops[DropReason::SplitHorizon], 300U);
}

TEST(SilentMoveTest, NeverHealsWhileTransmissionRefreshesTheEntry)
{
    SilentMove run([](HypervisorConfig& config) {
        config.vtep.fdb.ageing = 60s;
        config.bridge.fdb.ageing = 30s;
        config.vtep.ageRefresh = AgeRefresh::OnReceiveOrTransmit;
    });
    run.Stream(10s);
    run.world.Move(run.mover, 2, WEB);
    run.Stream(400s);
    EXPECT_LT(run.LastDelivery(), 10s + 1ms);
    EXPECT_EQ(*run.world.Host(0).GetVtep()->Find(WEB, MachineMac(101)), HostAddress(1));
}

TEST(SilentMoveTest, ArpOfTheSenderHealsItSooner)
{
    // An ordinary sender: 30 s after the last answer its entry is stale, 5 s later it asks thrice
    // by unicast, in vain, then by broadcast, which the mover answers from its new place.
    SilentMove run(
        [](HypervisorConfig& config) { config.vtep.ageRefresh = AgeRefresh::OnReceiveOrTransmit; },
        false);
    run.Stream(10s);
    run.world.Move(run.mover, 2, WEB);
    run.Stream(100s);
    EXPECT_GE(run.LongestGap(), 20s);
    EXPECT_LE(run.LongestGap(), 45s);
    EXPECT_GE(run.LastDelivery(), 100s - 2 * PERIOD);
}

TEST(SilentMoveTest, AGarpHealsItAtOnce)
{
    for (const bool garp : {true, false}) // or RARP, from which bridges and VTEPs learn as well
    {
        SilentMove run;
        run.Stream(10s);
        run.world.Move(run.mover, 2, WEB);
        if (garp)
        {
            run.world.Vm(run.mover).endpoint->AnnounceGarp(run.world.now);
        }
        else
        {
            run.world.Vm(run.mover).endpoint->AnnounceRarp(run.world.now);
        }
        run.Stream(20s);
        EXPECT_LE(run.LongestGap(), 2 * PERIOD + 1ms);
        EXPECT_EQ(*run.world.Host(0).GetVtep()->Find(WEB, MachineMac(101)), HostAddress(2));
    }
}

TEST(SilentMoveTest, AnOldPortThatStaysUpHoldsTheBridgeEntry)
{
    for (const bool portDown : {true, false})
    {
        SilentMove run([](HypervisorConfig& config) { config.vtep.fdb.ageing = 60s; });
        run.Stream(10s);
        run.world.Move(run.mover, 2, WEB, portDown);
        run.Stream(15s);
        EXPECT_EQ(run.world.Host(1).GetBridge().Find(WEB, MachineMac(101)) == NO_PORT, portDown);
        if (portDown)
        {
            EXPECT_EQ(run.world.vacant, 0U);
        }
        else
        {
            EXPECT_GE(run.world.vacant, 45U) << "delivered to nobody";
        }
    }
}

/// After a silent move the machine sends one datagram to a station that its new VTEP knows.
TimeNs
GapWithAWord(bool floodOnNewLocalMac, std::uint64_t* newSourceFloods)
{
    SilentMove run(
        [&](HypervisorConfig& config) { config.vtep.floodOnNewLocalMac = floodOnNewLocalMac; });
    // Host 2's VTEP learns the witness from a broadcast.
    run.world.Vm(run.witness).endpoint->AnnounceGarp(run.world.now);
    run.Stream(10s);
    run.world.Move(run.mover, 2, WEB);
    run.world.At(12s, [&] { run.world.SendUdp(run.mover, MachineAddress(0, 102), Bytes(50)); });
    run.Stream(60s);
    EXPECT_EQ(run.world.Vm(run.witness).packets.size(), 1U) << "one copy, flooded or not";
    *newSourceFloods = run.world.Host(2).GetVtep()->Counters().Flooded(FloodKind::NewSource).frames;
    return run.LongestGap() > 3s || run.LastDelivery() < 59s ? NEVER : run.LongestGap();
}

TEST(SilentMoveTest, FloodOnNewLocalMacMakesTheFirstWordHeardByAll)
{
    std::uint64_t floods = 0;
    EXPECT_EQ(GapWithAWord(false, &floods), NEVER) << "only the witness's VTEP learned";
    EXPECT_EQ(floods, 0U);
    const TimeNs gap = GapWithAWord(true, &floods);
    EXPECT_GE(gap, 2s);
    EXPECT_LE(gap, 2s + 2 * PERIOD + 1ms);
    EXPECT_EQ(floods, 1U);
}

// -- VRRP over two hypervisors ---------------------------------------------------------------

/// Two gateways on two hypervisors, a client network and a server network on two more.
class GatewayPair
{
  public:
    GatewayPair()
    {
        for (unsigned i = 0; i < 5; ++i)
        {
            world.AddHost(HostConfig(i));
        }
        for (unsigned i = 0; i < 2; ++i)
        {
            RouterConfig config;
            config.interfaces.resize(2);
            for (unsigned n = 0; n < 2; ++n)
            {
                RouterInterfaceConfig& interface = config.interfaces[n];
                interface.vni = n == 0 ? WEB : DB;
                interface.mac = MacAddress::FromInteger(0x02000000aa00 + 16 * i + n);
                interface.address = MachineAddress(n, 2 + i);
                interface.vrrp =
                    VrrpConfig{.vrid = static_cast<std::uint8_t>(10 + n),
                               .priority = static_cast<std::uint8_t>(i == 0 ? 200 : 100),
                               .addresses = {MachineAddress(n, 254)}};
            }
            world.Host(i).AddRouter(config, world.now);
        }
        const auto gateway = [](unsigned network) {
            return [network](EndpointConfig& config) {
                config.gateway = MachineAddress(network, 254);
            };
        };
        client = world.AddMachine(2, WEB, 0, 100, gateway(0));
        server = world.AddMachine(3, DB, 1, 101, gateway(1));
        world.AddMachine(4, WEB, 0, 102);
    }

    const Vrrp&
    Of(std::size_t host, std::uint32_t interface)
    {
        return *world.Host(host).GetRouter(0).VrrpOf(interface);
    }

    /// Pings every 100 ms up to an instant.
    void
    Stream(TimeNs until)
    {
        std::uint16_t sequence = 0;
        for (TimeNs at = world.now; at < until; at += PERIOD)
        {
            world.At(at,
                     [this, sequence] { world.Ping(client, MachineAddress(1, 101), sequence); });
            ++sequence;
        }
        world.RunTo(until);
    }

    TimeNs
    LongestGap()
    {
        TimeNs longest{0};
        const auto& replies = world.Vm(client).replies;
        for (std::size_t i = 1; i < replies.size(); ++i)
        {
            longest = std::max(longest, replies[i].at - replies[i - 1].at);
        }
        return longest;
    }

    /// @return where a host's VTEP believes the virtual MAC of the clients' network to be
    const IpAddress*
    WhereIs(std::size_t host)
    {
        return world.Host(host).GetVtep()->Find(WEB, VrrpMac(10));
    }

    World world;
    std::size_t client = 0;
    std::size_t server = 0;
};

TEST(GatewayPairTest, FailoverTakesMasterDownAndMovesTheMacEverywhere)
{
    GatewayPair pair;
    pair.world.RunTo(10s);
    ASSERT_EQ(pair.Of(0, 0).State(), VrrpState::Master);
    ASSERT_EQ(pair.Of(1, 0).State(), VrrpState::Backup);
    pair.Stream(15s);
    ASSERT_LE(pair.LongestGap(), PERIOD + 1ms);
    ASSERT_GE(pair.world.Vm(pair.client).replies.size(), 48U);
    for (const std::size_t host : {1, 2, 4})
    {
        EXPECT_EQ(*pair.WhereIs(host), HostAddress(0)) << host;
    }
    const TimeNs lastAdvert = pair.Of(0, 0).NextDeadline() - 1s;
    const TimeNs died = pair.world.now;
    pair.world.Host(0).SetNodeUp(false, died);
    pair.Stream(30s);
    ASSERT_EQ(pair.Of(1, 0).State(), VrrpState::Master);
    VrrpTransition transition;
    std::size_t router = 0;
    std::uint32_t interface = 0;
    TimeNs tookOver = NEVER;
    while (pair.world.Host(1).PollTransition(transition, router, interface))
    {
        if (interface == 0 && transition.to == VrrpState::Master)
        {
            tookOver = transition.at;
            EXPECT_EQ(transition.cause, VrrpCause::MasterDown);
        }
    }
    // 3 s and the skew of priority 100 after the last advertisement, which crossed the wire.
    EXPECT_EQ(tookOver - lastAdvert, 3'609'375us + 10us);
    EXPECT_GT(pair.world.Host(1).GetBridge().Find(WEB, VrrpMac(10)), TUNNEL_PORT)
        << "the virtual MAC is local now";
    for (const std::size_t host : {2, 3, 4})
    {
        ASSERT_NE(pair.WhereIs(host), nullptr) << host;
        EXPECT_EQ(*pair.WhereIs(host), HostAddress(1)) << host;
    }
    EXPECT_LE(pair.LongestGap(), tookOver - died + 2 * PERIOD);
    EXPECT_GE(pair.LongestGap(), tookOver - died - PERIOD);
    EXPECT_GE(pair.world.Vm(pair.client).replies.back().at, 30s - 2 * PERIOD);
}

TEST(GatewayPairTest, OrderlyShutdownCostsTheSkewOnly)
{
    GatewayPair pair;
    pair.world.RunTo(10s);
    pair.Stream(15s);
    pair.world.Host(0).SetRouterUp(0, false, pair.world.now);
    pair.Stream(20s);
    EXPECT_LE(pair.LongestGap(), 609'375us + 3 * PERIOD);
    EXPECT_GE(pair.LongestGap(), 609'375us - PERIOD);
    EXPECT_EQ(pair.Of(1, 0).State(), VrrpState::Master);
    // Back in service it preempts, and nothing is lost: its GARP moves the MAC.
    pair.world.Host(0).SetRouterUp(0, true, pair.world.now);
    pair.Stream(40s);
    EXPECT_EQ(pair.Of(0, 0).State(), VrrpState::Master);
    EXPECT_EQ(pair.Of(1, 0).State(), VrrpState::Backup);
    EXPECT_LE(pair.LongestGap(), 609'375us + 3 * PERIOD);
    EXPECT_EQ(*pair.WhereIs(4), HostAddress(0));
}

TEST(GatewayPairTest, LostAdvertsMakeTwoMastersUntilTheWireHeals)
{
    GatewayPair pair;
    pair.world.RunTo(10s);
    pair.world.loses = [](std::size_t from, std::size_t to, ByteView) {
        return from + to == 1; // between the two gateways
    };
    pair.world.RunTo(20s);
    EXPECT_EQ(pair.Of(0, 0).State(), VrrpState::Master);
    EXPECT_EQ(pair.Of(1, 0).State(), VrrpState::Master);
    pair.world.loses = [](std::size_t, std::size_t, ByteView) { return false; };
    pair.world.RunTo(22s);
    EXPECT_EQ(pair.Of(0, 0).State(), VrrpState::Master);
    EXPECT_EQ(pair.Of(1, 0).State(), VrrpState::Backup);
}

TEST(GatewayPairTest, AFailedHostComesBackAndServes)
{
    GatewayPair pair;
    pair.world.RunTo(10s);
    Hypervisor& host = pair.world.Host(0);
    std::uint64_t heard = 0;
    pair.world.tap = [&](std::size_t from, std::uint32_t, ByteView) { heard += from == 0 ? 1 : 0; };
    host.SetNodeUp(false, pair.world.now);
    EXPECT_EQ(host.NextDeadline(), NEVER);
    EXPECT_EQ(host.GetVtep()->Fdb().Size(), 0U);
    EXPECT_EQ(host.GetBridge().Fdb().Size(), 0U);
    EXPECT_FALSE(host.GetUnderlay()->IsMember(Network(WEB).group));
    EXPECT_EQ(host.OnPortFrame(1, Bytes(64), pair.world.now), DropReason::NodeDown);
    pair.world.RunTo(20s);
    EXPECT_EQ(pair.Of(1, 0).State(), VrrpState::Master);
    EXPECT_GT(host.Counters().drops[DropReason::NodeDown], 1U);
    EXPECT_EQ(heard, 0U) << "not even its last words";
    host.SetNodeUp(true, pair.world.now);
    EXPECT_TRUE(host.GetUnderlay()->IsMember(Network(WEB).group));
    pair.world.RunTo(30s);
    EXPECT_EQ(pair.Of(0, 0).State(), VrrpState::Master);
    pair.Stream(35s);
    EXPECT_GE(pair.world.Vm(pair.client).replies.size(), 48U);
}

// -- VRRP on machines ------------------------------------------------------------------------

TEST(VrrpHostTest, TwoMachinesShareAnAddress)
{
    World world;
    for (unsigned i = 0; i < 3; ++i)
    {
        world.AddHost(HostConfig(i));
    }
    const auto client = world.AddMachine(2, WEB, 0, 100);
    std::vector<std::unique_ptr<VrrpHost>> routers;
    std::vector<std::size_t> machines;
    for (unsigned i = 0; i < 2; ++i)
    {
        machines.push_back(world.AddMachine(i, WEB, 0, 11 + i));
        VrrpConfig config{.vrid = 5,
                          .priority = static_cast<std::uint8_t>(i == 0 ? 200 : 100),
                          .addresses = {MachineAddress(0, 254)}};
        routers.push_back(
            std::make_unique<VrrpHost>(config, *world.Vm(machines[i]).endpoint, world.now));
        routers[i]->Start(world.now);
    }
    const auto step = [&](TimeNs until, std::size_t alive) {
        for (; world.now < until; world.RunFor(1ms))
        {
            for (std::size_t i = alive; i < 2; ++i)
            {
                for (const Received& packet : world.Vm(machines[i]).packets)
                {
                    EXPECT_TRUE(routers[i]->OnPacket(packet.packet, world.now));
                }
                world.Vm(machines[i]).packets.clear();
                if (routers[i]->NextDeadline() <= world.now)
                {
                    routers[i]->OnDeadline(world.now);
                }
                Bytes frame;
                while (routers[i]->PollFrame(frame))
                {
                    world.Inject(machines[i], frame);
                }
            }
        }
    };
    step(10s, 0);
    EXPECT_EQ(routers[0]->Router().State(), VrrpState::Master);
    EXPECT_EQ(routers[1]->Router().State(), VrrpState::Backup);
    EXPECT_TRUE(world.Vm(machines[0]).endpoint->OwnsAddress(MachineAddress(0, 254)));
    EXPECT_FALSE(world.Vm(machines[1]).endpoint->OwnsAddress(MachineAddress(0, 254)));
    world.Ping(client, MachineAddress(0, 254), 1);
    step(11s, 0);
    EXPECT_EQ(world.Vm(client).replies.size(), 1U);
    EXPECT_EQ(*world.Host(2).GetVtep()->Find(WEB, VrrpMac(5)), HostAddress(0));

    world.Host(0).SetPortUp(world.Vm(machines[0]).port, false, world.now);
    routers[0]->Stop(world.now, false);
    EXPECT_FALSE(world.Vm(machines[0]).endpoint->OwnsAddress(MachineAddress(0, 254)));
    step(16s, 1);
    EXPECT_EQ(routers[1]->Router().State(), VrrpState::Master);
    world.Ping(client, MachineAddress(0, 254), 2);
    step(17s, 1);
    EXPECT_EQ(world.Vm(client).replies.size(), 2U) << "the client's ARP entry is as it was";
    EXPECT_EQ(*world.Host(2).GetVtep()->Find(WEB, VrrpMac(5)), HostAddress(1));
    VrrpConfig owner{.vrid = 6, .priority = 255, .addresses = {MachineAddress(0, 11)}};
    EXPECT_THROW(VrrpHost(owner, *world.Vm(machines[0]).endpoint, world.now),
                 std::invalid_argument);
}

} // namespace
} // namespace weft::vxlan::test
