// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What a silent move costs: closed forms for both clocks of the VTEP FDB, and what flooding the
 * frames of new local stations changes.
 */
#include "overlay_net.h"

#include <gtest/gtest.h>

namespace
{

using namespace weft::vxlan;
using namespace weft::vxlan::test;

constexpr Vni NETWORK = 864;
const MacAddress A = StationMac(1);
const MacAddress B = StationMac(2);
const MacAddress C = StationMac(3);
constexpr TimeNs SPACING = 10ms;

class SilentMove
{
  public:
    SilentMove(AgeRefresh refresh,
               AgeingMode mode,
               TimeNs ageing,
               bool floodNew = false,
               TimeNs bridgeAgeing = 0s)
    {
        BridgeConfig bridge;
        bridge.fdb.ageing = bridgeAgeing == 0s ? ageing : bridgeAgeing;
        for (std::size_t i = 0; i < 4; ++i)
        {
            VtepConfig config;
            config.address = VtepAddress(i);
            config.networks = {{.vni = NETWORK, .group = Ip("239.0.3.96")}};
            config.ageRefresh = refresh;
            config.fdb.ageing = ageing;
            config.fdb.mode = mode;
            config.floodOnNewLocalMac = floodNew;
            m_port[i] = m_net.AddHost(config, bridge).bridge.AddPort({.vni = NETWORK});
        }
    }

    /// Station at a host sends. @return hosts where it arrived
    std::set<std::size_t>
    Send(std::size_t host, const MacAddress& from, const MacAddress& to)
    {
        m_net.TakeDeliveries();
        m_net.Send(host, m_port[host], PlainFrame(to, from));
        std::set<std::size_t> hosts;
        for (const auto& delivery : m_net.TakeDeliveries())
        {
            hosts.insert(delivery.host);
        }
        return hosts;
    }

    /**
     * B (host 1) is heard, falls silent for @p idle, moves to host 2 with its old port up. A (host
     * 0) goes on sending to it every SPACING from @p start.
     * @return time from the move to the first frame at host 2; NEVER when it takes over 1000 s
     */
    TimeNs
    Outage(TimeNs start, TimeNs idle)
    {
        m_net.RunUntil(start);
        Send(1, B, MacAddress::Broadcast());
        Send(0, A, MacAddress::Broadcast());
        const TimeNs moved = start + idle;
        for (TimeNs now = start; now < moved + 1000s; now += SPACING)
        {
            m_net.RunUntil(now);
            if (Send(0, A, B).contains(2) && now >= moved)
            {
                return now - moved;
            }
        }
        return NEVER;
    }

    Net m_net;
    PortId m_port[4];
};

TEST(SilentMove, OnReceiveHealsWhenTheEntryAgesOut)
{
    Random random(5);
    for (int i = 0; i < 30; ++i)
    {
        const TimeNs ageing = 1ms * (2'000 + static_cast<int>(Below(random, 20'000)));
        const TimeNs idle = ageing * static_cast<int>(Below(random, 1000)) / 1000;
        const TimeNs start = 1ms * static_cast<int>(Below(random, 30'000));
        SilentMove exact(AgeRefresh::OnReceive, AgeingMode::Exact, ageing);
        const auto outage = exact.Outage(start, idle);
        EXPECT_GE(outage, ageing - idle);
        EXPECT_LT(outage, ageing - idle + SPACING);

        SilentMove swept(AgeRefresh::OnReceive, AgeingMode::LinuxSweep, ageing);
        const auto late = swept.Outage(start, idle);
        EXPECT_GE(late, ageing - idle);
        EXPECT_LT(late, ageing - idle + (ageing < 10s ? 10s : 0s) + SPACING);
    }
}

TEST(SilentMove, TheNewHostsBridgeHasToForgetToo)
{
    // That bridge still has B behind the tunnel, and sends nothing back where it came from: the
    // later of both clocks decides.
    SilentMove move(AgeRefresh::OnReceive, AgeingMode::Exact, 12s, false, 30s);
    const auto outage = move.Outage(1s, 5s);
    EXPECT_GE(outage, 25s);
    EXPECT_LT(outage, 25s + SPACING);
    EXPECT_GT(move.m_net.At(2).bridge.Counters().drops[DropReason::SplitHorizon], 0u);
}

TEST(SilentMove, OnReceiveOrTransmitNeverHealsWhileSomebodySends)
{
    SilentMove move(AgeRefresh::OnReceiveOrTransmit, AgeingMode::Exact, 12s);
    EXPECT_EQ(move.Outage(1s, 3s), NEVER);
    // A pause of the sender as long as the ageing time heals it, no shorter one.
    move.m_net.RunUntil(move.m_net.Now() + 11s);
    EXPECT_FALSE(move.Send(0, A, B).contains(2));
    move.m_net.RunUntil(move.m_net.Now() + 12s);
    EXPECT_TRUE(move.Send(0, A, B).contains(2));
}

TEST(SilentMove, AFrameFromTheNewPlaceTeachesThoseWhoHearIt)
{
    for (const bool floodNew : {false, true})
    {
        SilentMove move(AgeRefresh::OnReceive, AgeingMode::Exact, 300s, floodNew);
        move.Send(0, A, MacAddress::Broadcast());
        move.Send(1, B, MacAddress::Broadcast());
        move.Send(3, C, MacAddress::Broadcast());
        // B moves to host 2 and goes on talking to A, whose VTEP is known there.
        EXPECT_TRUE(move.Send(2, B, A).contains(0));
        EXPECT_TRUE(move.Send(0, A, B).contains(2)) << "A's VTEP saw the move";
        // C's VTEP noticed only if the frame was flooded.
        EXPECT_EQ(move.Send(3, C, B).contains(2), floodNew);
        EXPECT_EQ(move.Send(3, C, B).contains(1), !floodNew) << "sent to the old place";
        const auto& flooded = move.m_net.At(2).vtep.Counters().Flooded(FloodKind::NewSource);
        EXPECT_EQ(flooded.frames, floodNew ? 1u : 0u);
        // Its second frame goes to one place again.
        move.m_net.TakeCrossings();
        move.Send(2, B, A);
        EXPECT_EQ(move.m_net.At(2).vtep.Counters().Flooded(FloodKind::NewSource).frames,
                  floodNew ? 1u : 0u);
    }
}

TEST(SilentMove, ALocalFrameDoesNotUseUpTheFlood)
{
    SilentMove move(AgeRefresh::OnReceive, AgeingMode::Exact, 300s, true);
    Bridge& bridge = move.m_net.At(2).bridge;
    const PortId neighbour = bridge.AddPort({.vni = NETWORK});
    move.Send(0, A, MacAddress::Broadcast());
    move.m_net.Send(2, neighbour, PlainFrame(MacAddress::Broadcast(), C));
    move.Send(2, B, C); // stays local: no VTEP heard it
    EXPECT_EQ(move.m_net.At(2).vtep.Counters().localFrames, 1u);
    move.Send(2, B, A);
    EXPECT_EQ(move.m_net.At(2).vtep.Counters().Flooded(FloodKind::NewSource).frames, 1u);
}

TEST(SilentMove, TheBridgeAndTheVtepForgetSeparately)
{
    Net net;
    VtepConfig config;
    config.address = VtepAddress(0);
    config.networks = {{.vni = NETWORK, .group = Ip("239.0.3.96")}};
    config.fdb.ageing = 100s;
    BridgeConfig bridge;
    bridge.fdb.ageing = 40s;
    Host& here = net.AddHost(config, bridge);
    config.address = VtepAddress(1);
    const PortId port = here.bridge.AddPort({.vni = NETWORK});
    const PortId far = net.AddHost(config, bridge).bridge.AddPort({.vni = NETWORK});
    net.Send(0, port, PlainFrame(MacAddress::Broadcast(), A));
    net.Send(1, far, PlainFrame(A, B));
    net.RunUntil(50s);
    EXPECT_EQ(here.bridge.Find(NETWORK, B), NO_PORT);
    ASSERT_TRUE(here.vtep.Find(NETWORK, B));
    // The bridge floods, the tunnel does not: one packet, to one remote.
    net.TakeCrossings();
    net.Send(0, port, PlainFrame(B, A));
    const auto wire = net.TakeCrossings();
    ASSERT_EQ(wire.size(), 1u);
    EXPECT_EQ(wire[0].meta.destination, VtepAddress(1));
    net.RunUntil(100s);
    EXPECT_FALSE(here.vtep.Find(NETWORK, B));
}

} // namespace
