// SPDX-License-Identifier: GPL-2.0-only
// VRRP: timers against RFC 5798's formulas, who is Master and when, on a link that can lose.
#include "vxlan-vrrp.h"

#include "netbase-arp.h"
#include "netbase-ethernet.h"
#include "netbase-ipv4.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <stdexcept>

namespace weft::vxlan::test
{
namespace
{

using namespace std::chrono_literals;
using netbase::EthernetHeader;

const IpAddress VIRTUAL = IpAddress::V4(0xc0a800fe); // 192.168.0.254

IpAddress
Primary(unsigned station)
{
    return IpAddress::V4(0xc0a80001 + station);
}

VrrpConfig
Config(std::uint8_t priority)
{
    VrrpConfig config;
    config.vrid = 10;
    config.priority = priority;
    config.addresses = {VIRTUAL};
    return config;
}

/// Virtual routers on one link without delay; the link may be cut per direction.
class Link
{
  public:
    Vrrp&
    Add(const VrrpConfig& config)
    {
        m_routers.push_back(std::make_unique<Vrrp>(config, Primary(m_routers.size())));
        return *m_routers.back();
    }

    Vrrp&
    operator[](std::size_t i)
    {
        return *m_routers[i];
    }

    /// Runs all timers up to an instant, and exchanges what is said.
    void
    RunTo(TimeNs until)
    {
        Exchange();
        while (true)
        {
            TimeNs next = NEVER;
            for (const auto& router : m_routers)
            {
                next = std::min(next, router->NextDeadline());
            }
            if (next > until)
            {
                break;
            }
            ASSERT_GE(next, now) << "a deadline in the past";
            now = next;
            for (const auto& router : m_routers)
            {
                router->OnDeadline(now);
            }
            Exchange();
        }
        now = until;
    }

    void
    Exchange()
    {
        Bytes frame;
        for (std::size_t from = 0; from < m_routers.size(); ++from)
        {
            while (m_routers[from]->PollFrame(frame))
            {
                EthernetHeader header;
                ASSERT_EQ(netbase::ReadEthernet(frame, header), netbase::DropReason::None);
                EXPECT_EQ(header.source, m_routers[from]->Mac());
                if (header.type == netbase::ethertype::ARP)
                {
                    garps.push_back({now, frame});
                    continue;
                }
                for (std::size_t to = 0; to < m_routers.size(); ++to)
                {
                    if (to != from && !cut(from, to))
                    {
                        m_routers[to]->OnPacket(ByteView(frame).subspan(header.payloadOffset), now);
                    }
                }
            }
            VrrpTransition transition;
            while (m_routers[from]->PollTransition(transition))
            {
                transitions.push_back({from, transition});
            }
        }
    }

    int
    Masters() const
    {
        int masters = 0;
        for (const auto& router : m_routers)
        {
            masters += router->State() == VrrpState::Master ? 1 : 0;
        }
        return masters;
    }

    TimeNs now{0};
    std::function<bool(std::size_t, std::size_t)> cut = [](std::size_t, std::size_t) {
        return false;
    };
    std::vector<std::pair<TimeNs, Bytes>> garps;
    std::vector<std::pair<std::size_t, VrrpTransition>> transitions;

  private:
    std::vector<std::unique_ptr<Vrrp>> m_routers;
};

TEST(VrrpTimers, SkewAndMasterDownAreRfc5798s)
{
    // Skew = (256 - priority) x interval / 256, Master_Down = 3 x interval + Skew.
    for (const auto& [priority, skew] : {std::pair<int, TimeNs>{100, 609'375us},
                                         {254, 7'812'500ns},
                                         {1, 996'093'750ns},
                                         {128, 500ms}})
    {
        const Vrrp router(Config(static_cast<std::uint8_t>(priority)), Primary(0));
        EXPECT_EQ(router.Skew(), skew) << priority;
        EXPECT_EQ(router.MasterDown(), 3s + skew) << priority;
    }
    VrrpConfig fast = Config(100);
    fast.interval = 10ms;
    EXPECT_EQ(Vrrp(fast, Primary(0)).MasterDown(), 30ms + 6'093'750ns);
}

TEST(VrrpTimers, ALoneBackupBecomesMasterAfterMasterDown)
{
    Link link;
    Vrrp& router = link.Add(Config(100));
    router.Start(5s);
    EXPECT_EQ(router.State(), VrrpState::Backup);
    EXPECT_EQ(router.NextDeadline(), 5s + 3'609'375us);
    router.OnDeadline(5s + 3'609'374us); // waking early does no harm
    EXPECT_EQ(router.State(), VrrpState::Backup);
    link.RunTo(5s + 3'609'375us);
    EXPECT_EQ(router.State(), VrrpState::Master);
    ASSERT_EQ(link.transitions.size(), 2U);
    EXPECT_EQ(link.transitions[1].second.cause, VrrpCause::MasterDown);
    link.RunTo(5s + 3'609'375us + 10s);
    EXPECT_EQ(router.Counters().advertsSent, 11U) << "one at once and one a second";
}

TEST(VrrpTimers, FailoverTakesThreeIntervalsAndSkew)
{
    Link link;
    Vrrp& master = link.Add(Config(200));
    Vrrp& backup = link.Add(Config(100));
    master.Start(0s);
    backup.Start(0s);
    link.RunTo(20s);
    ASSERT_EQ(master.State(), VrrpState::Master);
    ASSERT_EQ(backup.State(), VrrpState::Backup);
    ASSERT_EQ(link.Masters(), 1);
    const TimeNs lastAdvert = master.NextDeadline() - 1s;
    master.Fail(link.now);
    link.RunTo(60s);
    ASSERT_EQ(backup.State(), VrrpState::Master);
    EXPECT_EQ(link.transitions.back().second.at - lastAdvert, 3'609'375us);
    EXPECT_EQ(link.transitions.back().second.cause, VrrpCause::MasterDown);
}

TEST(VrrpTimers, ResignationLeavesOnlySkew)
{
    Link link;
    link.Add(Config(200)).Start(0s);
    link.Add(Config(100)).Start(0s);
    link.RunTo(20s);
    link[0].Shutdown(link.now);
    EXPECT_EQ(link[0].State(), VrrpState::Initialize);
    EXPECT_EQ(link[0].NextDeadline(), NEVER);
    link.RunTo(60s);
    EXPECT_EQ(link[1].State(), VrrpState::Master);
    EXPECT_EQ(link.transitions.back().second.at, 20s + 609'375us);
    EXPECT_EQ(link.transitions.back().second.cause, VrrpCause::Resigned);
    EXPECT_EQ(link[0].Counters().resignationsSent, 1U);
    EXPECT_EQ(link[1].Counters().resignationsReceived, 1U);
}

TEST(VrrpTimers, ABackupLearnsTheMastersInterval)
{
    Link link;
    VrrpConfig slow = Config(200);
    slow.interval = 4s;
    link.Add(slow).Start(0s);
    link.RunTo(20s);
    link.Add(Config(100)).Start(20s);
    link.RunTo(60s);
    ASSERT_EQ(link[0].State(), VrrpState::Master);
    // It may have been Master itself until it heard the slow one; now it keeps to the slow
    // interval.
    EXPECT_EQ(link[1].State(), VrrpState::Backup);
    EXPECT_EQ(link[1].MasterDown(), 12s + 2437500us);
}

TEST(Vrrp, OwnerIsMasterAtOnce)
{
    Link link;
    VrrpConfig owner = Config(255);
    owner.addresses = {Primary(0)};
    Vrrp& router = link.Add(owner);
    router.Start(1s);
    EXPECT_EQ(router.State(), VrrpState::Master);
    link.Exchange();
    EXPECT_EQ(link.garps.size(), 1U);
    EXPECT_EQ(link.transitions.front().second.cause, VrrpCause::Owner);
}

TEST(Vrrp, BecomingMasterAnnouncesEveryAddress)
{
    Link link;
    VrrpConfig config = Config(100);
    config.addresses = {VIRTUAL, IpAddress::V4(0xc0a800fd), IpAddress::V4(0xc0a800fc)};
    link.Add(config).Start(0s);
    link.RunTo(4s);
    ASSERT_EQ(link.garps.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i)
    {
        const auto& [at, frame] = link.garps[i];
        EthernetHeader header;
        netbase::ArpPacket arp;
        ASSERT_EQ(netbase::ReadEthernet(frame, header), netbase::DropReason::None);
        ASSERT_EQ(netbase::ReadArp(ByteView(frame).subspan(header.payloadOffset), arp),
                  netbase::DropReason::None);
        EXPECT_TRUE(header.destination.IsBroadcast());
        EXPECT_EQ(header.source.ToString(), "00:00:5e:00:01:0a");
        EXPECT_TRUE(netbase::IsGratuitous(arp));
        EXPECT_EQ(arp.senderMac, header.source);
        EXPECT_EQ(arp.sender, config.addresses[i]);
        EXPECT_EQ(at, 3'609'375us);
    }
}

TEST(VrrpPreemption, AHigherPriorityTakesOverAfterMasterDown)
{
    Link link;
    link.Add(Config(100)).Start(0s);
    link.Add(Config(200));
    link.RunTo(30s);
    ASSERT_EQ(link[0].State(), VrrpState::Master);
    link[1].Start(30s);
    link.RunTo(60s);
    EXPECT_EQ(link[1].State(), VrrpState::Master);
    EXPECT_EQ(link[0].State(), VrrpState::Backup);
    // Skew of priority 200 is 56/256 s; the lower Master's adverts do not put it off.
    bool seen = false;
    for (const auto& [who, transition] : link.transitions)
    {
        if (who == 1 && transition.to == VrrpState::Master)
        {
            seen = true;
            EXPECT_EQ(transition.at, 30s + 3'218'750us);
            EXPECT_EQ(transition.cause, VrrpCause::Preempted);
        }
    }
    EXPECT_TRUE(seen);
}

TEST(VrrpPreemption, WithoutItTheLowerMasterStays)
{
    Link link;
    VrrpConfig polite = Config(200);
    polite.preempt = false;
    link.Add(Config(100)).Start(0s);
    link.Add(polite);
    link.RunTo(30s);
    link[1].Start(30s);
    link.RunTo(100s);
    EXPECT_EQ(link[0].State(), VrrpState::Master);
    EXPECT_EQ(link[1].State(), VrrpState::Backup);
    link[0].Fail(100s);
    link.RunTo(110s);
    EXPECT_EQ(link[1].State(), VrrpState::Master);
}

TEST(VrrpPreemption, TheDelayCountsFromTheFirstLowerAdvert)
{
    Link link;
    VrrpConfig patient = Config(200);
    patient.preemptDelay = 20s;
    link.Add(Config(100)).Start(0s);
    link.Add(patient);
    link.RunTo(30s);
    link[1].Start(30s);
    const TimeNs firstAdvert = link[0].NextDeadline();
    ASSERT_GT(firstAdvert, 30s);
    link.RunTo(firstAdvert + 20s - 1ns);
    EXPECT_EQ(link[1].State(), VrrpState::Backup);
    link.RunTo(firstAdvert + 20s);
    EXPECT_EQ(link[1].State(), VrrpState::Master);
    EXPECT_EQ(link[0].State(), VrrpState::Backup);
}

TEST(VrrpPreemption, ADelayedRouterStillReplacesADeadMaster)
{
    Link link;
    VrrpConfig patient = Config(200);
    patient.preemptDelay = 600s;
    link.Add(Config(100)).Start(0s);
    link.Add(patient);
    link.RunTo(30s);
    link[1].Start(30s);
    link.RunTo(40s);
    const TimeNs lastAdvert = link[0].NextDeadline() - 1s;
    link[0].Fail(40s);
    link.RunTo(60s);
    EXPECT_EQ(link[1].State(), VrrpState::Master);
    EXPECT_EQ(link.transitions.back().second.at, lastAdvert + 3'218'750us);
}

TEST(VrrpElection, EqualPrioritiesGoToTheHigherAddress)
{
    Link link;
    for (int i = 0; i < 4; ++i)
    {
        link.Add(Config(100)).Start(0s);
    }
    link.RunTo(10s);
    EXPECT_EQ(link.Masters(), 1);
    EXPECT_EQ(link[3].State(), VrrpState::Master);
}

TEST(VrrpSplitBrain, LostAdvertsMakeTwoMastersAndHealingLeavesOne)
{
    Link link;
    link.Add(Config(200)).Start(0s);
    link.Add(Config(100)).Start(0s);
    link.RunTo(10s);
    ASSERT_EQ(link.Masters(), 1);
    link.cut = [](std::size_t, std::size_t) { return true; };
    link.RunTo(20s);
    EXPECT_EQ(link.Masters(), 2);
    link.cut = [](std::size_t, std::size_t) { return false; };
    link.RunTo(21s); // the next advert of the stronger one decides
    EXPECT_EQ(link.Masters(), 1);
    EXPECT_EQ(link[0].State(), VrrpState::Master);
    EXPECT_EQ(link[0].Counters().becameMaster, 1U);
    EXPECT_EQ(link[1].Counters().becameMaster, 1U);
    EXPECT_EQ(link.transitions.back().second.cause, VrrpCause::Preempted);
}

TEST(VrrpSplitBrain, TwoLostAdvertsAreForgivenAndThreeAreNot)
{
    for (const int lost : {2, 3})
    {
        Link link;
        link.Add(Config(200)).Start(0s);
        link.Add(Config(100)).Start(0s);
        link.RunTo(10s);
        const TimeNs next = link[0].NextDeadline();
        link.cut = [&](std::size_t from, std::size_t) {
            return from == 0 && link.now >= next && link.now < next + lost * 1s;
        };
        link.RunTo(next + 10s);
        EXPECT_EQ(link[1].Counters().becameMaster, lost == 3 ? 1U : 0U) << lost;
        EXPECT_EQ(link.Masters(), 1);
    }
}

TEST(VrrpElection, RandomStartsFailuresAndLossSettleOnTheStrongestAlive)
{
    std::mt19937_64 random(7);
    for (int run = 0; run < 200; ++run)
    {
        Link link;
        std::vector<int> priorities;
        const std::size_t routers = 2 + random() % 4;
        for (std::size_t i = 0; i < routers; ++i)
        {
            priorities.push_back(static_cast<int>(1 + random() % 254));
            link.Add(Config(static_cast<std::uint8_t>(priorities.back())));
        }
        std::vector<bool> alive(routers);
        for (int step = 0; step < 20; ++step)
        {
            const std::size_t who = random() % routers;
            alive[who] = random() % 3 != 0;
            if (alive[who])
            {
                link[who].Start(link.now);
            }
            else if (random() % 2 == 0)
            {
                link[who].Shutdown(link.now);
            }
            else
            {
                link[who].Fail(link.now);
            }
            link.cut = [&](std::size_t, std::size_t) { return random() % 3 == 0; };
            link.RunTo(link.now + TimeNs(random() % 5'000'000'000));
        }
        link.cut = [](std::size_t, std::size_t) { return false; };
        link.RunTo(link.now + 10s);
        std::size_t strongest = routers;
        for (std::size_t i = 0; i < routers; ++i)
        {
            if (alive[i] && (strongest == routers || priorities[i] >= priorities[strongest]))
            {
                strongest = i; // of equals the later one has the higher address
            }
        }
        ASSERT_EQ(link.Masters(), strongest == routers ? 0 : 1) << "run " << run;
        if (strongest != routers)
        {
            ASSERT_EQ(link[strongest].State(), VrrpState::Master) << "run " << run;
        }
    }
}

TEST(VrrpConfigRefused, NamesFieldValueAndRule)
{
    const auto refusal = [](VrrpConfig config, IpAddress source = Primary(0)) -> std::string {
        try
        {
            Vrrp router(config, source);
        }
        catch (const std::invalid_argument& error)
        {
            return error.what();
        }
        return {};
    };
    EXPECT_EQ(refusal(Config(100)), "");
    VrrpConfig config = Config(100);
    config.vrid = 0;
    EXPECT_EQ(refusal(config), "vrrp.vrid is 0; it is 1 to 255");
    config = Config(0);
    EXPECT_NE(refusal(config).find("vrrp.priority is 0"), std::string::npos);
    config = Config(100);
    config.addresses.clear();
    EXPECT_NE(refusal(config).find("vrrp.addresses has 0 entries"), std::string::npos);
    config.addresses = {*IpAddress::Parse("2001:db8::1")};
    EXPECT_NE(refusal(config).find("2001:db8::1"), std::string::npos);
    for (const TimeNs interval : {TimeNs(9ms), TimeNs(15ms), TimeNs(40'960ms), TimeNs(0)})
    {
        config = Config(100);
        config.interval = interval;
        EXPECT_NE(refusal(config).find("vrrp.interval"), std::string::npos) << interval.count();
    }
    EXPECT_NE(refusal(Config(255)).find("owner"), std::string::npos) << "does not own the address";
    config = Config(100);
    config.addresses = {Primary(0)};
    EXPECT_NE(refusal(config).find("owner"), std::string::npos) << "owns the address";
    config = Config(100);
    config.preemptDelay = -1s;
    EXPECT_NE(refusal(config).find("vrrp.preemptDelay"), std::string::npos);
}

} // namespace
} // namespace weft::vxlan::test
