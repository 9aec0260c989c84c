// SPDX-License-Identifier: GPL-2.0-only
/** @file Multicast in a fabric of ns-3 nodes, end to end: hosts join by IGMP, routers speak PIM. */
#include "multicast_member.h"

#include "ns3/underlay-multicast-helper.h"

#include <memory>
#include <set>

namespace weft::tests
{
namespace
{

using multicast::DropReason;
using netbase::Table;
using netbase::TableOp;
using ns3::underlay::MulticastAgent;
using ns3::underlay::MulticastHelper;

class Multicast : public FabricTest
{
  protected:
    /// Four leaves with a host each, two spines; the first spine is the Rendezvous Point.
    void
    Build(const std::string& mode)
    {
        fabric.LeafSpine(4, 2);
        for (int leaf = 1; leaf <= 4; ++leaf)
        {
            hosts.push_back(std::make_unique<Member>(fabric, "leaf" + std::to_string(leaf)));
        }
        fabric.Start();
        helper.SetAttribute("Mode", ns3::StringValue(mode));
        helper.SetRendezvousPoint("spine1");
        helper.Install(fabric);
        for (const std::string& name : fabric.GetRouterNames())
        {
            const auto agent = helper.GetAgent(name);
            agent->TraceConnectWithoutContext("TableChange",
                                              ns3::MakeCallback(&Multicast::OnTable, this));
            agent->TraceConnectWithoutContext("Control",
                                              ns3::MakeCallback(&Multicast::OnControl, this));
            agent->TraceConnectWithoutContext("Drop", ns3::MakeCallback(&Multicast::OnDrop, this));
        }
    }

    const multicast::RouterCounters&
    Counters(const std::string& router) const
    {
        return helper.GetAgent(router)->GetCore()->Counters();
    }

    /// Copies of data that crossed the links between routers, or went to hosts.
    std::uint64_t
    Copies() const
    {
        std::uint64_t sum = 0;
        for (const std::string& name : fabric.GetRouterNames())
        {
            sum += Counters(name).copiesOut;
        }
        return sum;
    }

    FabricHelper fabric{1};
    MulticastHelper helper{1};
    std::vector<std::unique_ptr<Member>> hosts;
    std::vector<netbase::TableChange> changes;
    std::uint64_t pim = 0; ///< PIM packets sent on links
    std::map<DropReason, unsigned> drops;
    const IpAddress group = *IpAddress::Parse("239.0.3.96");

  private:
    void
    OnTable(const netbase::TableChange& change)
    {
        changes.push_back(change);
    }

    void
    OnControl(std::uint32_t, Ptr<const ns3::Packet> packet)
    {
        pim += ToBytes(packet)[9] == netbase::protocol::PIM ? 1 : 0;
    }

    void
    OnDrop(Ptr<const ns3::Packet>, DropReason reason)
    {
        ++drops[reason];
    }
};

class MulticastModes : public Multicast, public testing::WithParamInterface<const char*>
{
};

TEST_P(MulticastModes, EveryMemberGetsExactlyOneCopy)
{
    Build(GetParam());
    for (const std::size_t member : {1, 2})
    {
        hosts[member]->JoinAt(Seconds(10), group);
    }
    for (std::uint32_t id = 1; id <= 30; ++id)
    {
        hosts[0]->SendAt(Seconds(20 + id), group, id);
    }
    hosts[3]->JoinAt(Seconds(40.5), group);
    hosts[1]->LeaveAt(Seconds(45.5), group);
    RunUntil(Seconds(60));
    for (std::uint32_t id = 4; id <= 30; ++id)
    {
        const double at = 20.0 + id;
        EXPECT_EQ(hosts[0]->Received(id), 0u) << "no echo of " << id;
        EXPECT_EQ(hosts[2]->Received(id), 1u) << id;
        EXPECT_EQ(hosts[3]->Received(id), at > 42 ? 1u : hosts[3]->Received(id)) << id;
        EXPECT_EQ(hosts[3]->Received(id) > 0, at > 40.5) << id;
        if (at < 45.5)
        {
            EXPECT_EQ(hosts[1]->Received(id), 1u) << id;
        }
        if (at > 49)
        {
            EXPECT_EQ(hosts[1]->Received(id), 0u) << id << ": three seconds after it left";
        }
    }
    EXPECT_EQ(Dropped(fabric), 0u);
}

INSTANTIATE_TEST_SUITE_P(All,
                         MulticastModes,
                         testing::Values("Sparse", "Dense", "Bidirectional", "Static"),
                         [](const auto& info) { return std::string(info.param); });

TEST_F(Multicast, FirstPacketGoesByRegister)
{
    Build("Sparse");
    hosts[1]->JoinAt(Seconds(10), group);
    hosts[0]->SendAt(Seconds(20), group, 1);
    hosts[0]->SendAt(Seconds(21), group, 2);
    hosts[0]->SendAt(Seconds(22), group, 3);
    RunUntil(Seconds(23));
    EXPECT_EQ(hosts[1]->Received(1), 1u);
    // Both trees carry the second; one copy more is what RFC 7761 section 4.2.1 accepts.
    EXPECT_GE(hosts[1]->Received(2), 1u);
    EXPECT_LE(hosts[1]->Received(2), 2u);
    EXPECT_EQ(hosts[1]->Received(3), 1u);
    EXPECT_EQ(Counters("spine1").decapsulated, 1u);
    EXPECT_EQ(Counters("leaf1").registersOut, 2u) << "the second still, for it draws the stop";
    EXPECT_EQ(Counters("leaf1").registerStopsIn, 1u);
    EXPECT_EQ(Counters("spine1").registerStopsOut, 1u);
}

TEST_F(Multicast, FirstPacketIsLostWhereTheRendezvousPointDoesNotForwardRegisters)
{
    helper.SetAttribute("RegisterForwarding", ns3::StringValue("false"));
    Build("Sparse");
    hosts[1]->JoinAt(Seconds(10), group);
    hosts[0]->SendAt(Seconds(20), group, 1);
    hosts[0]->SendAt(Seconds(21), group, 2);
    RunUntil(Seconds(22));
    EXPECT_EQ(drops[DropReason::RegisterNotForwarded], 0u) << "it is no packet of a link";
    EXPECT_EQ(hosts[1]->Received(1), 0u) << "the tree did not exist yet";
    EXPECT_GE(hosts[1]->Received(2), 1u) << "and does, a second later";
    EXPECT_EQ(Counters("spine1").dataDrops.Of(DropReason::RegisterNotForwarded), 1u);
}

TEST_F(Multicast, TablesSayWhoListensAndWherePacketsGo)
{
    Build("Sparse");
    hosts[1]->JoinAt(Seconds(10), group);
    hosts[0]->SendAt(Seconds(20), group, 1);
    hosts[0]->SendAt(Seconds(21), group, 2);
    hosts[0]->SendAt(Seconds(22), group, 3);
    RunUntil(Seconds(23));
    const auto seen = [this](Table table, TableOp op, const IpAddress& source) {
        return std::any_of(changes.begin(), changes.end(), [&](const netbase::TableChange& c) {
            return c.table == table && c.op == op && c.address == group && c.source == source;
        });
    };
    EXPECT_TRUE(seen(Table::Igmp, TableOp::Add, {}));
    EXPECT_TRUE(seen(Table::Multicast, TableOp::Add, {}));
    EXPECT_TRUE(seen(Table::Multicast, TableOp::Add, hosts[0]->place.address));
    const auto entries = helper.GetAgent("leaf2")->GetCore()->Entries();
    ASSERT_EQ(entries.size(), 2u);
    EXPECT_TRUE(entries[0].source.IsNone());
    EXPECT_EQ(entries[1].source, hosts[0]->place.address);
    const auto host = static_cast<multicast::PortIndex>(hosts[1]->place.port);
    EXPECT_EQ(entries[0].outgoing, std::vector<multicast::PortIndex>{host});
    EXPECT_EQ(entries[1].outgoing, std::vector<multicast::PortIndex>{host});
    EXPECT_NE(entries[1].flags.find("spt"), std::string::npos);
    EXPECT_TRUE(helper.GetAgent("leaf2")->GetCore()->HasMember(host, group));
}

TEST_F(Multicast, AfterALinkFailedTheTreeFollowsTheRoutes)
{
    Build("Sparse");
    hosts[1]->JoinAt(Seconds(10), group);
    for (std::uint32_t id = 1; id <= 200; ++id)
    {
        hosts[0]->SendAt(Seconds(20) + MilliSeconds(20 * id), group, id);
    }
    RunUntil(Seconds(22));
    // Whichever spine the source's tree uses loses its link to the receiver's leaf.
    const auto entries = helper.GetAgent("leaf2")->GetCore()->Entries();
    ASSERT_EQ(entries.size(), 2u);
    const auto in = static_cast<std::uint32_t>(entries[1].incoming);
    const auto link = fabric.GetRouter("leaf2")->GetPortDevice(in)->GetLink();
    link->SetUp(false);
    RunUntil(Seconds(30));
    unsigned lost = 0;
    for (std::uint32_t id = 1; id <= 200; ++id)
    {
        EXPECT_LE(hosts[1]->Received(id), id < 5 ? 2u : 1u) << id;
        lost += hosts[1]->Received(id) == 0 ? 1 : 0;
    }
    EXPECT_GE(lost, 1u) << "routes converge only after 50 ms";
    EXPECT_LE(lost, 5u) << "and then the join takes microseconds";
    EXPECT_NE(helper.GetAgent("leaf2")->GetCore()->Entries()[1].incoming,
              static_cast<multicast::PortIndex>(in));
}

TEST_F(Multicast, StaticTreesSendNoMessage)
{
    Build("Static");
    hosts[1]->JoinAt(Seconds(10), group);
    hosts[2]->JoinAt(Seconds(10), group);
    hosts[0]->SendAt(Seconds(20), group, 1);
    RunUntil(Seconds(21));
    EXPECT_EQ(pim, 0u);
    EXPECT_EQ(hosts[1]->Received(1), 1u);
    EXPECT_EQ(hosts[2]->Received(1), 1u);
    EXPECT_EQ(Copies(), 5u) << "up to the spine, down to two leaves, to two hosts";
}

TEST_F(Multicast, PacketsOfKnownStateTakeTheShortWay)
{
    Build("Sparse");
    hosts[1]->JoinAt(Seconds(10), group);
    for (std::uint32_t id = 1; id <= 100; ++id)
    {
        hosts[0]->SendAt(Seconds(20) + MilliSeconds(50 * id), group, id);
    }
    RunUntil(Seconds(21));
    std::map<std::string, std::uint64_t> before;
    for (const std::string& name : fabric.GetRouterNames())
    {
        before[name] = Counters(name).cacheMisses;
    }
    RunUntil(Seconds(30));
    for (const std::string& name : fabric.GetRouterNames())
    {
        EXPECT_EQ(Counters(name).cacheMisses, before[name]) << name;
    }
    EXPECT_EQ(hosts[1]->Received(100), 1u);
}

} // namespace
} // namespace weft::tests
