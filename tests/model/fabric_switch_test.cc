// SPDX-License-Identifier: GPL-2.0-only
/** @file VLAN switches end to end: learning, VLANs, tags, bounded tables, freedom of loops. */
#include "fabric_fixture.h"

#include "ns3/uinteger.h"

#include <algorithm>
#include <random>
#include <set>

namespace weft::tests
{
namespace
{

/// A station on a switch: sends frames with a number, keeps what comes.
class Station
{
  public:
    Station(FabricHelper& fabric,
            const std::string& bridge,
            std::vector<std::uint16_t> vlans = {},
            std::uint16_t native = 1)
        : place(fabric.AttachHost(bridge, ns3::CreateObject<ns3::Node>(), Config(vlans, native)))
    {
        place.device->SetFrameHandler(ns3::MakeCallback(&Station::OnFrame, this));
    }

    Station(const Station&) = delete;
    Station& operator=(const Station&) = delete;

    void
    Send(const MacAddress& to, std::uint32_t id, std::optional<std::uint16_t> tci = {})
    {
        netbase::EthernetHeader header;
        header.destination = to;
        header.source = place.mac;
        header.type = 0x88b5; // for experiments
        header.tci = tci;
        Bytes frame;
        netbase::AppendEthernet(frame, header);
        frame.resize(frame.size() + 50);
        netbase::Write32(&frame[frame.size() - 50], id);
        place.device->SendFrame(ToPacket(frame));
    }

    struct Came
    {
        std::uint32_t id;
        std::optional<std::uint16_t> tci;
        MacAddress source;
    };

    std::vector<std::uint32_t>
    Ids() const
    {
        std::vector<std::uint32_t> ids;
        for (const Came& c : came)
        {
            ids.push_back(c.id);
        }
        return ids;
    }

    FabricAttachment place;
    std::vector<Came> came;

  private:
    static FabricHostConfig
    Config(const std::vector<std::uint16_t>& vlans, std::uint16_t native)
    {
        FabricHostConfig config;
        config.vlans = vlans;
        config.nativeVlan = native;
        return config;
    }

    bool
    OnFrame(Ptr<ns3::Packet> frame)
    {
        const Bytes bytes = ToBytes(frame);
        netbase::EthernetHeader header;
        EXPECT_EQ(netbase::ReadEthernet(bytes, header), netbase::DropReason::None);
        EXPECT_EQ(header.type, 0x88b5);
        came.push_back({netbase::Read32(&bytes[header.payloadOffset]), header.tci, header.source});
        return true;
    }
};

class FabricSwitchTest : public FabricTest
{
  protected:
    /// Lets frames under way arrive, but nothing age.
    static void
    Settle()
    {
        RunUntil(Simulator::Now() + MilliSeconds(1));
    }

    FabricHelper fabric{1};
};

TEST_F(FabricSwitchTest, LearnsAndThenSendsToOnePort)
{
    const auto bridge = fabric.AddSwitch("s1");
    Station a(fabric, "s1");
    Station b(fabric, "s1");
    Station c(fabric, "s1");
    fabric.Start();
    a.Send(b.place.mac, 1); // unknown: to all
    Settle();
    EXPECT_EQ(b.Ids(), std::vector<std::uint32_t>{1});
    EXPECT_EQ(c.Ids(), std::vector<std::uint32_t>{1});
    b.Send(a.place.mac, 2);
    Settle();
    a.Send(b.place.mac, 3);
    a.Send(MacAddress::Broadcast(), 4);
    Settle();
    EXPECT_EQ(a.Ids(), std::vector<std::uint32_t>{2});
    EXPECT_EQ(b.Ids(), (std::vector<std::uint32_t>{1, 3, 4}));
    EXPECT_EQ(c.Ids(), (std::vector<std::uint32_t>{1, 4}));
    EXPECT_EQ(bridge->GetCounts().flooded.packets, 2u);
    EXPECT_EQ(bridge->GetCounts().copies.packets, 4u);
    EXPECT_EQ(bridge->GetCounts().forwarded.packets, 2u);
    EXPECT_EQ(bridge->GetTable().Size(), 2u);
    // A frame to the own port goes nowhere; ageing and the move of an address.
    b.Send(b.place.mac, 5);
    Settle();
    EXPECT_EQ(bridge->GetDrops().Of(FrameDrop::NoOutput).packets, 1u);
    RunUntil(Simulator::Now() + Seconds(301));
    a.Send(b.place.mac, 6);
    Settle();
    EXPECT_EQ(c.Ids(), (std::vector<std::uint32_t>{1, 4, 6})) << "forgotten, flooded";
    EXPECT_EQ(bridge->GetTable().GetCounters().aged, 2u);
}

TEST_F(FabricSwitchTest, FullTableMeansFlooding)
{
    fabric.SetSwitchAttribute("TableLimit", ns3::UintegerValue(1));
    const auto bridge = fabric.AddSwitch("s1");
    Station a(fabric, "s1");
    Station b(fabric, "s1");
    Station c(fabric, "s1");
    fabric.Start();
    a.Send(b.place.mac, 1);
    Settle();
    b.Send(a.place.mac, 2);
    Settle();
    a.Send(b.place.mac, 3);
    Settle();
    EXPECT_EQ(c.Ids(), (std::vector<std::uint32_t>{1, 3})) << "b found no room";
    EXPECT_EQ(bridge->GetTable().GetCounters().refused, 1u);
    EXPECT_EQ(bridge->GetTable().GetCounters().learned, 1u);
}

TEST_F(FabricSwitchTest, VlansAreApartAndTagsArePutOnAndTakenOff)
{
    const auto s1 = fabric.AddSwitch("s1");
    fabric.AddSwitch("s2");
    fabric.Connect("s1", "s2", {});
    Station web(fabric, "s1", {10}, 10);      // access port of VLAN 10
    Station trunk(fabric, "s2", {10, 20}, 0); // both, tagged
    Station db(fabric, "s2", {20}, 20);       // access port of VLAN 20
    fabric.Start();
    web.Send(MacAddress::Broadcast(), 1);
    Settle();
    ASSERT_EQ(trunk.Ids(), std::vector<std::uint32_t>{1});
    EXPECT_EQ(trunk.came[0].tci, netbase::MakeTci(10));
    EXPECT_TRUE(db.came.empty());
    trunk.Send(MacAddress::Broadcast(), 2, netbase::MakeTci(20, 5));
    trunk.Send(web.place.mac, 3, netbase::MakeTci(10));
    Settle();
    ASSERT_EQ(db.Ids(), std::vector<std::uint32_t>{2});
    EXPECT_EQ(db.came[0].tci, std::nullopt);
    ASSERT_EQ(web.Ids(), std::vector<std::uint32_t>{3});
    EXPECT_EQ(web.came[0].tci, std::nullopt);
    // Of a VLAN the port does not carry, and untagged where that is refused.
    trunk.Send(MacAddress::Broadcast(), 4, netbase::MakeTci(30));
    trunk.Send(MacAddress::Broadcast(), 5);
    web.Send(MacAddress::Broadcast(), 6, netbase::MakeTci(20));
    Settle();
    EXPECT_EQ(fabric.GetSwitch("s2")->GetDrops().Of(FrameDrop::VlanDenied).packets, 2u);
    EXPECT_EQ(s1->GetDrops().Of(FrameDrop::VlanDenied).packets, 1u);
    EXPECT_EQ(db.came.size(), 1u);
    EXPECT_EQ(trunk.came.size(), 1u);
    // A priority-tagged frame belongs to the access port's VLAN and keeps its priority.
    web.Send(MacAddress::Broadcast(), 7, netbase::MakeTci(0, 3));
    Settle();
    ASSERT_EQ(trunk.came.size(), 2u);
    EXPECT_EQ(trunk.came[1].tci, netbase::MakeTci(10, 3));
}

TEST_F(FabricSwitchTest, TheSameAddressInTwoVlansIsTwoEntries)
{
    const auto bridge = fabric.AddSwitch("s1");
    Station a(fabric, "s1", {10}, 10);
    Station b(fabric, "s1", {20}, 20);
    Station trunk(fabric, "s1", {10, 20}, 0);
    const auto mac = MacAddress::FromInteger(0x0200000000aa);
    a.place.device->SetMac(mac);
    b.place.device->SetMac(mac);
    a.place.mac = b.place.mac = mac;
    fabric.Start();
    a.Send(MacAddress::Broadcast(), 1);
    b.Send(MacAddress::Broadcast(), 2);
    Settle();
    trunk.Send(mac, 3, netbase::MakeTci(10));
    trunk.Send(mac, 4, netbase::MakeTci(20));
    Settle();
    EXPECT_EQ(a.Ids(), std::vector<std::uint32_t>{3});
    EXPECT_EQ(b.Ids(), std::vector<std::uint32_t>{4});
    EXPECT_EQ(bridge->GetTable().Size(), 4u) << "the trunk's station is in both VLANs, too";
}

TEST_F(FabricSwitchTest, LeafSpineHasOneRootAndNoLoop)
{
    fabric.LeafSpine(4, 2, {}, true);
    std::vector<std::unique_ptr<Station>> stations;
    for (int leaf = 1; leaf <= 4; ++leaf)
    {
        for (int i = 0; i < 2; ++i)
        {
            stations.push_back(std::make_unique<Station>(fabric, "leaf" + std::to_string(leaf)));
        }
    }
    fabric.GetSwitch("spine2")->SetPriority(4096);
    fabric.Start();
    EXPECT_EQ(fabric.GetSpanningTree()->GetRoot(), fabric.GetSwitch("spine2"));
    stations[0]->Send(MacAddress::Broadcast(), 1);
    RunUntil(Seconds(1));
    EXPECT_TRUE(Simulator::IsFinished() || fabric.GetLink("leaf1.spine2")->GetUnderWay() == 0);
    EXPECT_TRUE(stations[0]->came.empty());
    for (std::size_t i = 1; i < stations.size(); ++i)
    {
        EXPECT_EQ(stations[i]->Ids(), std::vector<std::uint32_t>{1}) << "exactly one copy";
    }
    // The root's link to leaf 1 is cut: silence until the new tree, then all is well.
    fabric.GetLink("leaf1.spine2")->SetUp(false);
    stations[0]->Send(MacAddress::Broadcast(), 2);
    RunUntil(Seconds(2));
    EXPECT_EQ(stations[1]->Ids(), (std::vector<std::uint32_t>{1, 2})) << "the same leaf";
    EXPECT_EQ(stations[2]->Ids(), std::vector<std::uint32_t>{1});
    EXPECT_EQ(fabric.GetSpanningTree()->GetComputations(), 2u);
    EXPECT_EQ(fabric.GetSwitch("leaf1")->GetTable().Size(), 0u) << "flushed";
    stations[0]->Send(MacAddress::Broadcast(), 3);
    RunUntil(Seconds(3));
    for (std::size_t i = 2; i < stations.size(); ++i)
    {
        EXPECT_EQ(stations[i]->Ids(), (std::vector<std::uint32_t>{1, 3}));
    }
}

TEST_F(FabricTest, RandomSwitchedGraphsDeliverOneCopyEverywhereWhateverFails)
{
    std::mt19937_64 random(21);
    for (int round = 0; round < 60; ++round)
    {
        FabricHelper fabric(static_cast<std::uint64_t>(round));
        const int n = 2 + static_cast<int>(random() % 7);
        std::vector<std::unique_ptr<Station>> stations;
        std::vector<std::pair<int, int>> ends;
        for (int i = 0; i < n; ++i)
        {
            fabric.AddSwitch("s" + std::to_string(i));
        }
        for (int i = 0; i < 2 * n; ++i)
        {
            const int a = static_cast<int>(random() % n);
            const int b = static_cast<int>(random() % n);
            if (a != b)
            {
                FabricLinkConfig config;
                config.cost = 1 + random() % 3;
                fabric.Connect("s" + std::to_string(a),
                               "s" + std::to_string(b),
                               config,
                               "l" + std::to_string(ends.size()));
                ends.emplace_back(a, b);
            }
        }
        for (int i = 0; i < n; ++i)
        {
            stations.push_back(std::make_unique<Station>(fabric, "s" + std::to_string(i)));
        }
        fabric.Start();
        std::vector<bool> up(ends.size(), true);
        for (std::uint32_t step = 0; step < 6; ++step)
        {
            // Which stations can hear each other now (transitive closure over working links).
            std::vector<int> part(n);
            for (int i = 0; i < n; ++i)
            {
                part[i] = i;
            }
            for (int pass = 0; pass < n; ++pass)
            {
                for (std::size_t l = 0; l < ends.size(); ++l)
                {
                    if (up[l])
                    {
                        const int low = std::min(part[ends[l].first], part[ends[l].second]);
                        part[ends[l].first] = part[ends[l].second] = low;
                    }
                }
            }
            const int from = static_cast<int>(random() % n);
            for (const auto& station : stations)
            {
                station->came.clear();
            }
            stations[from]->Send(MacAddress::Broadcast(), step);
            RunUntil(Simulator::Now() + MilliSeconds(100));
            for (int i = 0; i < n; ++i)
            {
                ASSERT_EQ(stations[i]->came.size(),
                          static_cast<std::size_t>(i != from && part[i] == part[from]))
                    << "round " << round << " step " << step << " station " << i;
            }
            if (!ends.empty())
            {
                const auto l = random() % ends.size();
                up[l] = !up[l];
                fabric.GetLink("l" + std::to_string(l))->SetUp(up[l]);
            }
            RunUntil(Simulator::Now() + MilliSeconds(100));
        }
        Simulator::Destroy();
    }
}

TEST_F(FabricSwitchTest, TableChangesCanBeWatched)
{
    const auto bridge = fabric.AddSwitch("s1");
    Station a(fabric, "s1");
    Station b(fabric, "s1");

    struct Watcher
    {
        std::vector<netbase::TableChange> changes;

        void
        OnChange(const netbase::TableChange& change)
        {
            changes.push_back(change);
        }
    } watcher;

    fabric.Start();
    bridge->TraceConnectWithoutContext("TableChange",
                                       ns3::MakeCallback(&Watcher::OnChange, &watcher));
    a.Send(MacAddress::Broadcast(), 1);
    Settle();
    ASSERT_EQ(watcher.changes.size(), 1u);
    EXPECT_EQ(watcher.changes[0].mac, a.place.mac);
    EXPECT_EQ(watcher.changes[0].port, static_cast<std::int32_t>(a.place.port));
    EXPECT_EQ(watcher.changes[0].op, netbase::TableOp::Add);
    RunUntil(Seconds(400));
    ASSERT_EQ(watcher.changes.size(), 2u) << "told when it ages, without another frame";
    EXPECT_EQ(watcher.changes[1].op, netbase::TableOp::Remove);
    EXPECT_EQ(watcher.changes[1].cause, netbase::TableCause::Aged);
    EXPECT_EQ(watcher.changes[1].at - watcher.changes[0].at, std::chrono::seconds(300));
    b.Send(a.place.mac, 2);
    Settle();
    b.place.link->SetUp(false);
    ASSERT_EQ(watcher.changes.size(), 4u);
    EXPECT_EQ(watcher.changes[3].cause, netbase::TableCause::PortDown);
}

} // namespace
} // namespace weft::tests
