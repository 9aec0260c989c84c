// SPDX-License-Identifier: GPL-2.0-only
// The central controller over a network that loses, doubles and reorders: every table converges to
// the truth; delays, costs, failure and recovery take the time that is configured.
#include "controller_net.h"

#include <gtest/gtest.h>

namespace weft::vxlan::test
{
namespace
{

using namespace std::chrono_literals;

MacAddress
VmMac(std::uint64_t n)
{
    return MacAddress::FromInteger(0x005056000000 + n);
}

IpAddress
VmAddress(std::uint32_t n)
{
    return IpAddress::V4(0xc0a80000 + n);
}

/// What agent @p i should hold: all stations of its networks that are elsewhere.
std::map<Station, IpAddress>
Expected(const std::map<Station, std::size_t>& truth,
         const std::vector<std::set<Vni>>& networks,
         std::size_t i)
{
    std::map<Station, IpAddress> table;
    for (const auto& [station, owner] : truth)
    {
        if (owner != i && networks[i].contains(station.first))
        {
            table[station] = ControllerNet::AddressOf(owner);
        }
    }
    return table;
}

struct Storm
{
    std::size_t agents = 6;
    unsigned stations = 40;
    TimeNs length = 30s;
    bool restarts = false;
};

/// Stations appear, move and go at random; then there is peace, and tables must be the truth.
void
Converge(const Storm& storm, const Weather& weather, std::uint64_t seed)
{
    Random random(seed);
    ControllerNet net(storm.agents, {}, weather, seed + 1000);
    std::vector<std::set<Vni>> networks(storm.agents);
    for (std::size_t i = 0; i < storm.agents; ++i)
    {
        for (const Vni vni : {10u, 20u, 30u})
        {
            if (Below(random, 4) != 0)
            {
                networks[i].insert(vni);
                net.Agent(i).Join(vni, 0s);
            }
        }
    }
    std::map<Station, std::size_t> truth;
    const auto schedule = [&](const Station& station, TimeNs at) {
        const std::size_t to = Below(random, storm.agents + 1);
        const auto was = truth.find(station);
        const bool there = to < storm.agents && networks[to].contains(station.first);
        if (there && (was == truth.end() || was->second != to))
        {
            net.At(at, [&net, to, station] {
                net.Agent(to).Learn(
                    station.first,
                    station.second,
                    VmAddress(static_cast<std::uint32_t>(station.second.ToInteger() & 0xffff)),
                    net.Now());
            });
        }
        if (was != truth.end() && (!there || was->second != to))
        {
            // The old port goes down before or after the new one has come up.
            const TimeNs gap = 1ms * static_cast<int>(Below(random, 60)) - 30ms;
            net.At(at + gap, [&net, from = was->second, station] {
                net.Agent(from).Lose(station.first, station.second, net.Now());
            });
        }
        if (there)
        {
            truth[station] = to;
        }
        else
        {
            truth.erase(station);
        }
    };
    for (unsigned n = 0; n < storm.stations; ++n)
    {
        const Station station{10 + 10 * (n % 3), VmMac(n / 2)}; // the same MAC in several networks
        for (TimeNs at = 100ms + 1ms * static_cast<int>(Below(random, 1000)); at < storm.length;
             at += 200ms + 1ms * static_cast<int>(Below(random, 5000)))
        {
            schedule(station, at);
        }
    }
    if (storm.restarts)
    {
        net.At(9s, [&net] { net.SetServerUp(false); });
        net.At(10500ms, [&net] { net.SetServerUp(true); }); // unnoticed but by a reset
        net.At(15s, [&net] { net.SetServerUp(false); });
        net.At(21s, [&net] { net.SetServerUp(true); });
        net.At(17s, [&net] { net.SetReachable(1, false); });
        net.At(25s, [&net] { net.SetReachable(1, true); });
    }
    // Under loss three signs of life may be missed at any time, also at the end: fair weather then.
    net.RunUntil(storm.length + 5s);
    net.Sky() = {};
    net.RunUntil(storm.length + 60s);
    for (std::size_t i = 0; i < storm.agents; ++i)
    {
        ASSERT_TRUE(net.Agent(i).Connected());
        ASSERT_EQ(net.Agent(i).Outstanding(), 0u);
        ASSERT_EQ(net.TableOf(i), Expected(truth, networks, i))
            << "agent " << i << " seed " << seed;
    }
    ASSERT_EQ(net.Server().Stations(), truth.size());
    for (const auto& [station, owner] : truth)
    {
        const IpAddress* found = net.Server().Find(station.first, station.second);
        ASSERT_NE(found, nullptr);
        ASSERT_EQ(*found, ControllerNet::AddressOf(owner));
    }
    EXPECT_GT(net.Server().Counters().moves, 0u);
    EXPECT_EQ(net.Server().ChannelCounters().retransmitted > 0, weather.loss > 0 || storm.restarts);
}

TEST(Controller, ConvergesInFairWeather)
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
    {
        Converge({}, {}, seed);
    }
}

TEST(Controller, ConvergesThroughLossDuplicationAndReordering)
{
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
    {
        Converge({}, {.loss = 0.2, .twice = 0.2, .jitter = 30ms}, seed);
    }
}

TEST(Controller, ConvergesThroughFailuresOfTheServerAndOfAPath)
{
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
    {
        Converge({.restarts = true}, {.loss = 0.1, .twice = 0.1, .jitter = 20ms}, seed);
    }
}

class ControllerTimes : public testing::Test
{
  protected:
    ControllerTimes()
    {
        m_config.pushDelay = 10ms;
        m_config.updateCost = 50us;
    }

    void
    Start(std::size_t agents)
    {
        m_net = std::make_unique<ControllerNet>(agents, m_config, Weather{.delay = 1ms}, 5);
        for (std::size_t i = 0; i < agents; ++i)
        {
            m_net->Agent(i).Join(10, 0s);
        }
        m_net->RunUntil(500ms);
    }

    ControllerServerConfig m_config;
    std::unique_ptr<ControllerNet> m_net;
};

TEST_F(ControllerTimes, FirstConnection)
{
    // Hello, welcome, Join and End, End: two round trips, two reports (the last of the two agents
    // waits for the first), the push delay.
    Start(2);
    EXPECT_EQ(m_net->BackAt(0), 4 * 1ms + 2 * 50us + 10ms);
    EXPECT_EQ(m_net->BackAt(1), 4 * 1ms + 4 * 50us + 10ms);
    EXPECT_EQ(m_net->LostAt(0), -1ns);
}

/// N reports of one instant are served one after the other.
TEST_F(ControllerTimes, UpdatesQueueAtTheServer)
{
    Start(3);
    const TimeNs start = m_net->Now();
    constexpr int COUNT = 200;
    for (int n = 0; n < COUNT; ++n)
    {
        m_net->Agent(0).Learn(10, VmMac(n), VmAddress(n), start);
    }
    m_net->RunUntil(start + 2s);
    for (int n = 0; n < COUNT; ++n)
    {
        for (const std::size_t i : {1u, 2u})
        {
            ASSERT_EQ(m_net->ChangedAt(i, {10, VmMac(n)}),
                      start + 1ms + (n + 1) * 50us + 10ms + 1ms)
                << n;
        }
    }
    EXPECT_EQ(m_net->Server().Counters().longestWait, COUNT * 50us);
    EXPECT_EQ(m_net->Server().Counters().longestQueue, COUNT);
    EXPECT_EQ(m_net->TableOf(0).size(), 0u);
}

TEST_F(ControllerTimes, ANewMembersTableCostsByItsEntries)
{
    Start(2);
    for (int n = 0; n < 100; ++n)
    {
        m_net->Agent(0).Learn(20, VmMac(n), {}, m_net->Now()); // not joined yet: ignored
    }
    m_net->Agent(0).Join(20, m_net->Now());
    for (int n = 0; n < 100; ++n)
    {
        m_net->Agent(0).Learn(20, VmMac(n), {}, m_net->Now());
    }
    m_net->RunUntil(1s);
    EXPECT_EQ(m_net->Server().Counters().ignored, 100u);
    EXPECT_EQ(m_net->Server().Stations(), 100u);
    m_net->Agent(1).Join(20, 1s);
    m_net->RunUntil(1s + 1ms + 101 * 50us + 10ms + 1ms - 1ns);
    EXPECT_EQ(m_net->TableOf(1).size(), 0u);
    m_net->RunUntil(1s + 1ms + 101 * 50us + 10ms + 1ms);
    EXPECT_EQ(m_net->TableOf(1).size(), 100u);
    m_net->Agent(1).Leave(20, m_net->Now());
    m_net->RunUntil(2s);
    EXPECT_EQ(m_net->TableOf(1).size(), 0u);
    m_net->Agent(0).Learn(20, VmMac(500), {}, 2s);
    m_net->RunUntil(3s);
    EXPECT_EQ(m_net->TableOf(1).size(), 0u) << "what it left does not concern it";
}

TEST_F(ControllerTimes, SilenceOfThreeKeepalivesIsLossAndAHelloEndsIt)
{
    Start(3);
    m_net->Agent(0).Learn(10, VmMac(1), VmAddress(1), m_net->Now());
    m_net->RunUntil(20s);
    EXPECT_EQ(m_net->LostAt(1), -1ns);
    m_net->SetServerUp(false);
    m_net->RunUntil(40s);
    for (std::size_t i = 0; i < 3; ++i)
    {
        // The last sign of life was at most a keepalive old, and a millisecond on its way.
        EXPECT_GT(m_net->LostAt(i), 22s);
        EXPECT_LE(m_net->LostAt(i), 23s + 1ms);
        EXPECT_FALSE(m_net->Agent(i).Connected());
        EXPECT_EQ(m_net->Agent(i).Counters().lost, 1u);
        EXPECT_TRUE(m_net->TableOf(i).empty());
    }
    m_net->SetServerUp(true);
    m_net->RunUntil(50s);
    for (std::size_t i = 0; i < 3; ++i)
    {
        // The next hello is at most a second away; then as at the first connection.
        EXPECT_GT(m_net->BackAt(i), 40s);
        EXPECT_LE(m_net->BackAt(i), 41s + 4 * 1ms + 9 * 50us + 10ms);
        EXPECT_TRUE(m_net->Agent(i).Connected());
    }
    EXPECT_EQ(m_net->TableOf(1).at({10, VmMac(1)}), ControllerNet::AddressOf(0))
        << "it learned everything anew";
}

TEST_F(ControllerTimes, AServerThatComesBackSoonIsNotMissed)
{
    Start(2);
    m_net->Agent(0).Learn(10, VmMac(1), {}, m_net->Now());
    m_net->RunUntil(10s);
    m_net->SetServerUp(false);
    m_net->RunUntil(11s);
    m_net->SetServerUp(true);
    m_net->RunUntil(20s);
    EXPECT_EQ(m_net->Agent(1).Counters().lost, 0u);
    EXPECT_EQ(m_net->Agent(1).Counters().back, 1u);
    EXPECT_EQ(m_net->TableOf(1).size(), 1u);
    EXPECT_EQ(m_net->Server().Stations(), 1u);
}

TEST_F(ControllerTimes, StationsOfASilentVtepAreHeldAndThenForgotten)
{
    m_config.hold = 5s;
    Start(3);
    m_net->Agent(0).Learn(10, VmMac(1), {}, m_net->Now());
    m_net->RunUntil(10s);
    m_net->SetReachable(0, false);
    m_net->RunUntil(20s);
    const TimeNs gone = m_net->ChangedAt(1, {10, VmMac(1)});
    EXPECT_GT(gone, 12s + 5s);
    EXPECT_LE(gone, 13s + 5s + 10ms + 2ms);
    EXPECT_TRUE(m_net->TableOf(1).empty());
    EXPECT_EQ(m_net->Server().Counters().agentsLost, 1u);
    EXPECT_EQ(m_net->Server().Counters().agentsForgotten, 1u);
    m_net->SetReachable(0, true);
    m_net->RunUntil(25s);
    EXPECT_EQ(m_net->TableOf(1).size(), 1u) << "it told everything again";
}

TEST_F(ControllerTimes, AHostThatComesBackEmptyLosesItsStations)
{
    Start(2);
    m_net->Agent(0).Learn(10, VmMac(1), {}, m_net->Now());
    m_net->Agent(0).Learn(10, VmMac(2), {}, m_net->Now());
    m_net->RunUntil(10s);
    m_net->RestartAgent(0);
    m_net->Agent(0).Join(10, 10s);
    m_net->Agent(0).Learn(10, VmMac(2), {}, 10s);
    m_net->RunUntil(11s);
    EXPECT_EQ(m_net->TableOf(1).size(), 1u);
    EXPECT_TRUE(m_net->TableOf(1).contains({10, VmMac(2)}));
}

/// A report that was lost and came late does not undo what happened after it.
TEST_F(ControllerTimes, TheLatestEventCountsNotTheLatestReport)
{
    Start(3);
    m_net->SetReachable(0, false);
    m_net->Agent(0).Learn(10, VmMac(1), {}, m_net->Now()); // sent again until it gets through
    m_net->At(600ms, [this] { m_net->Agent(1).Learn(10, VmMac(1), {}, m_net->Now()); });
    m_net->At(900ms, [this] { m_net->SetReachable(0, true); });
    m_net->RunUntil(3s);
    EXPECT_EQ(m_net->Server().Counters().late, 1u);
    EXPECT_EQ(m_net->TableOf(2).at({10, VmMac(1)}), ControllerNet::AddressOf(1));
    EXPECT_EQ(m_net->TableOf(0).at({10, VmMac(1)}), ControllerNet::AddressOf(1));
    EXPECT_TRUE(m_net->TableOf(1).empty());
}

TEST_F(ControllerTimes, ThereIsNoMoreRoomThanConfigured)
{
    m_config.maxAgents = 2;
    Start(3);
    EXPECT_EQ(m_net->Server().Agents(), 2u);
    EXPECT_FALSE(m_net->Agent(2).Connected());
    EXPECT_GT(
        m_net->Server().Counters().refused[static_cast<std::size_t>(ControllerReason::TooMany)],
        0u);
}

TEST(Controller, BadConfigurationNamesFieldAndRule)
{
    const auto refusal = [](const ControllerServerConfig& config) -> std::string {
        try
        {
            ControllerServer server(config, 0s);
            return {};
        }
        catch (const std::invalid_argument& e)
        {
            return e.what();
        }
    };
    ControllerServerConfig config;
    config.pushDelay = -1ns;
    EXPECT_EQ(refusal(config), "pushDelay: must not be negative");
    config = {};
    config.channel.datagram = 100;
    EXPECT_EQ(refusal(config), "datagram: 100; must be 128 to 65000 bytes");
    config = {};
    config.channel.misses = 0;
    EXPECT_EQ(refusal(config), "misses: 0; must be 1 or more");
    config = {};
    config.maxAgents = 0;
    EXPECT_EQ(refusal(config), "maxAgents: 0; must be 1 or more");
    EXPECT_THROW(ControllerAgent({.hello = 0s}, 0s), std::invalid_argument);
}

} // namespace
} // namespace weft::vxlan::test
