// SPDX-License-Identifier: GPL-2.0-only
// Moves of machines: what is lost and for how long, and properties over random moves.
#include "vxlan_fixture.h"

#include <random>
#include <set>

namespace vxlan_testing
{

namespace
{

using vxlan::Announce;
using vxlan::MoveOptions;
using vxlan::MoveOrder;
using vxlan::MoveStep;

/// Longest time between answers to pings every 10 ms from one machine to another that moves.
struct Outage
{
    Lan lan;
    std::vector<Ptr<Hypervisor>> hosts;
    Ptr<VmDevice> still;
    Ptr<VmDevice> mover;
    std::set<uint16_t> answered;

    explicit Outage(const Lan::Edit& edit = [](auto&) {})
    {
        for (int i = 1; i <= 3; ++i)
        {
            hosts.push_back(lan.AddHost(i, edit));
        }
        still = lan.AddVm(hosts[0], 1);
        mover = lan.AddVm(hosts[1], 2);
        still->TraceConnectWithoutContext(
            "PingReply", Callback<void, const vxlan::PingReply&>([this](const auto& reply) {
                answered.insert(reply.sequence);
            }));
    }

    /// @param until end of the pings @return pings not answered
    int
    Run(const MoveOptions& options, Time until = Seconds(4))
    {
        const int count = static_cast<int>((until - Seconds(1)).GetMilliSeconds() / 10);
        for (int i = 0; i < count; ++i)
        {
            Simulator::Schedule(Seconds(1) + MilliSeconds(10) * i,
                                [this]() { still->Ping(Lan::VmAddress(2)); });
        }
        Simulator::Schedule(MilliSeconds(1995),
                            [this, options]() { vxlan::MoveVm(mover, hosts[2], options); });
        Lan::RunUntil(until + Seconds(1));
        return count - static_cast<int>(answered.size());
    }
};

TEST(VxlanMove, AnnouncedItCostsTheStunTime)
{
    for (const auto announce : {Announce::Garp, Announce::Rarp, Announce::Qemu})
    {
        for (const int stunMs : {0, 50, 200, 1000})
        {
            for (const bool down : {true, false})
            {
                for (const auto order : {MoveOrder::OldFirst, MoveOrder::NewFirst})
                {
                    Outage world;
                    const int lost = world.Run({announce, MilliSeconds(stunMs), down, order});
                    // A ping every 10 ms, 5 ms from the move's beginning.
                    EXPECT_EQ(lost, stunMs / 10)
                        << static_cast<int>(announce) << " " << stunMs << " " << down;
                }
            }
        }
    }
}

TEST(VxlanMove, SilentWithTheOldPortUpItLastsUntilTheMachineSpeaks)
{
    Outage world;
    Simulator::Schedule(MilliSeconds(3502), [&world]() { world.mover->Ping(Lan::VmAddress(1)); });
    // From 1.995 s until the request of its own at 3.502 s, which its switch floods or sends.
    EXPECT_EQ(world.Run({Announce::None, MilliSeconds(0), false}), 151);
    EXPECT_EQ(world.lan.drops["vacant-port"], 151);
}

TEST(VxlanMove, SilentItHealsByAgeingOfTheVtep)
{
    // What is sent to the station does not keep its entry; so it goes, and frames are flooded.
    Outage world([](auto& config) {
        config.vtep.fdb.ageing = std::chrono::seconds(2);
        config.bridge.fdb.ageing = std::chrono::seconds(2);
    });
    const int lost = world.Run({Announce::None, MilliSeconds(0), false}, Seconds(6));
    EXPECT_EQ(lost, 200) << "two seconds from the last answer";
}

TEST(VxlanMove, SilentItDoesNotHealWhileWhatIsSentKeepsTheEntry)
{
    Outage world([](auto& config) {
        config.vtep.fdb.ageing = std::chrono::seconds(2);
        config.bridge.fdb.ageing = std::chrono::seconds(2);
        config.vtep.ageRefresh = weft::vxlan::AgeRefresh::OnReceiveOrTransmit;
    });
    const int lost = world.Run({Announce::None, MilliSeconds(0), false}, Seconds(6));
    EXPECT_EQ(lost, 400) << "all since";
}

TEST(VxlanMove, QemuAnnouncesFiveTimes)
{
    Outage world;
    std::vector<int64_t> times;
    world.mover->TraceConnectWithoutContext(
        "Move", Callback<void, const vxlan::MoveEvent&>([&times](const auto& event) {
            if (event.step == MoveStep::Announced)
            {
                times.push_back((Simulator::Now() - MilliSeconds(2095)).GetMilliSeconds());
            }
        }));
    world.Run({Announce::Qemu, MilliSeconds(100)});
    EXPECT_EQ(times, (std::vector<int64_t>{0, 50, 200, 450, 800}));
}

TEST(VxlanMove, ASecondMoveEndsTheAnnouncementsOfTheFirst)
{
    Outage world;
    int announced = 0;
    world.mover->TraceConnectWithoutContext(
        "Move", Callback<void, const vxlan::MoveEvent&>([&announced](const auto& event) {
            announced += event.step == MoveStep::Announced;
        }));
    Simulator::Schedule(MilliSeconds(2100),
                        [&world]() { vxlan::MoveVm(world.mover, world.hosts[1]); });
    world.Run({Announce::Qemu});
    EXPECT_EQ(announced, 2 + 1);
    EXPECT_EQ(world.mover->GetHypervisor(), world.hosts[1]);
}

TEST(VxlanMove, SwitchedOffOnTheWayItArrivesSwitchedOff)
{
    Outage world;
    Simulator::Schedule(MilliSeconds(2000), [&world]() { world.mover->SetUp(false); });
    EXPECT_EQ(world.Run({Announce::Garp, MilliSeconds(100)}), 200);
    EXPECT_EQ(world.mover->GetHypervisor(), world.hosts[2]);
    EXPECT_FALSE(world.mover->IsRunning());
    world.mover->SetUp(true);
    world.mover->SendGarp();
    Lan::RunUntil(Simulator::Now() + MilliSeconds(1));
    EXPECT_EQ(Lan::Ping(world.still, Lan::VmAddress(2)), 3);
}

TEST(VxlanMove, TwoMachinesChangePlaces)
{
    Lan lan;
    const auto h1 = lan.AddHost(1);
    const auto h2 = lan.AddHost(2);
    const auto a = lan.AddVm(h1, 1);
    const auto b = lan.AddVm(h2, 2);
    EXPECT_EQ(Lan::Ping(a, Lan::VmAddress(2)), 3);
    vxlan::MoveVm(a, h2, {Announce::Garp, MilliSeconds(10)});
    vxlan::MoveVm(b, h1, {Announce::Garp, MilliSeconds(10)});
    Lan::RunUntil(Simulator::Now() + Seconds(1));
    EXPECT_EQ(a->GetHypervisor(), h2);
    EXPECT_EQ(b->GetHypervisor(), h1);
    EXPECT_EQ(Lan::Ping(a, Lan::VmAddress(2)), 3);
    EXPECT_EQ(Lan::Where(h1, 1), "10.0.0.2");
    EXPECT_EQ(Lan::Where(h2, 2), "10.0.0.1");
}

/// Machines of two networks with the same addresses on random hosts move at random; everybody
/// sends to everybody, numbered.
TEST(VxlanMove, RandomMovesNeitherLeakNorMultiplyAndHeal)
{
    for (unsigned seed = 1; seed <= 12; ++seed)
    {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const auto draw = [&random](int limit) {
            return std::uniform_int_distribution<int>(0, limit - 1)(random);
        };
        constexpr int HOSTS = 4;
        constexpr int MACHINES = 5; ///< a network
        Lan lan;
        lan.networks = {Lan::Network(VNI), Lan::Network(VNI + 1)};
        const bool headEnd = draw(2) == 0;
        std::vector<IpAddress> vteps;
        for (int i = 1; i <= HOSTS; ++i)
        {
            vteps.push_back(Ip("10.0.0." + std::to_string(i)));
        }
        std::vector<Ptr<Hypervisor>> hosts;
        for (int i = 1; i <= HOSTS; ++i)
        {
            hosts.push_back(lan.AddHost(i, [&](auto& config) {
                config.vtep.replication = headEnd ? weft::vxlan::ReplicationKind::HeadEnd
                                                  : weft::vxlan::ReplicationKind::Multicast;
                for (auto& network : config.vtep.networks)
                {
                    network.floodList = vteps;
                }
            }));
        }
        std::vector<Ptr<VmDevice>> vms; ///< of the first network, then of the second
        std::map<std::pair<VmDevice*, uint16_t>, int> answers;
        std::map<VmDevice*, std::map<uint16_t, IpAddress>> asked;
        int strangers = 0;
        for (int network = 0; network < 2; ++network)
        {
            for (int i = 1; i <= MACHINES; ++i)
            {
                vms.push_back(lan.AddVm(hosts[draw(HOSTS)], i, VNI + network));
                const auto vm = PeekPointer(vms.back());
                vm->TraceConnectWithoutContext(
                    "PingReply",
                    Callback<void, const vxlan::PingReply&>([&, vm](const auto& reply) {
                        ++answers[{vm, reply.sequence}];
                        strangers += asked[vm][reply.sequence] != reply.from;
                    }));
            }
        }
        // The second network lacks its last machine: who asks for it in there gets no answer.
        vms.back()->GetHypervisor()->RemoveVm(vms.back());
        vms.pop_back();
        const auto ping = [&](int from, int to) {
            // Numbers are 1, 2, ...; the answer of a neighbour comes before Ping() returns.
            auto& mine = asked[PeekPointer(vms[from])];
            const auto number = static_cast<uint16_t>(mine.size() + 1);
            mine[number] = Lan::VmAddress(to);
            EXPECT_EQ(vms[from]->Ping(Lan::VmAddress(to)), number);
        };
        for (int i = 0; i < 600; ++i)
        {
            const int from = draw(static_cast<int>(vms.size()));
            const int to = 1 + draw(MACHINES);
            Simulator::Schedule(MilliSeconds(1000 + draw(8000)), [&, from, to]() {
                if (vms[from]->IsRunning())
                {
                    ping(from, to);
                }
            });
        }
        for (int i = 0; i < 30; ++i)
        {
            const int which = draw(static_cast<int>(vms.size()));
            const int where = draw(HOSTS);
            const MoveOptions options{draw(4) == 0 ? Announce::None : Announce::Garp,
                                      MilliSeconds(draw(300)),
                                      draw(2) == 0,
                                      draw(2) == 0 ? MoveOrder::OldFirst : MoveOrder::NewFirst};
            Simulator::Schedule(MilliSeconds(1000 + draw(8000)), [&, which, where, options]() {
                if (!vms[which]->IsMoving() && vms[which]->GetHypervisor() != hosts[where])
                {
                    vxlan::MoveVm(vms[which], hosts[where], options);
                }
            });
        }
        Lan::RunUntil(Seconds(12));
        EXPECT_EQ(strangers, 0);
        for (const auto& [key, count] : answers)
        {
            EXPECT_EQ(count, 1) << "an answer came more than once";
        }
        EXPECT_GT(answers.size(), 300u);
        for (std::size_t i = MACHINES; i < vms.size(); ++i)
        {
            for (const auto& [sequence, to] : asked[PeekPointer(vms[i])])
            {
                if (to == Lan::VmAddress(MACHINES))
                {
                    EXPECT_EQ(answers.count({PeekPointer(vms[i]), sequence}), 0u)
                        << "an answer from the other network";
                }
            }
        }
        // All speak up, and then everybody reaches everybody of its network.
        for (const auto& vm : vms)
        {
            EXPECT_TRUE(vm->IsRunning());
            vm->SendGarp();
        }
        Lan::RunUntil(Simulator::Now() + MilliSeconds(10));
        for (std::size_t from = 0; from < vms.size(); ++from)
        {
            const int others = from < MACHINES ? MACHINES : MACHINES - 1;
            for (int to = 1; to <= others; ++to)
            {
                if (Lan::VmAddress(to) != vms[from]->GetEndpoint().Config().address)
                {
                    EXPECT_EQ(Lan::Ping(vms[from], Lan::VmAddress(to), 1), 1)
                        << from << " to " << to;
                }
            }
        }
        // The switches' books: every frame taken in was sent on or dropped for one reason.
        for (const auto& host : hosts)
        {
            const auto& counters = host->GetCore().GetBridge().Counters();
            EXPECT_EQ(counters.framesIn,
                      counters.unicast + counters.flooded + counters.drops.Total());
        }
    }
}

} // namespace

} // namespace vxlan_testing
