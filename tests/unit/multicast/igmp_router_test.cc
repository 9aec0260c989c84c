// SPDX-License-Identifier: GPL-2.0-only
// Router side of IGMP on one link, against messages made by hand and against netbase's host.
#include "network.h"
#include "underlay-igmp-router.h"

#include <gtest/gtest.h>

#include <random>

namespace weft::multicast::test
{
namespace
{

using netbase::IgmpMessage;
using netbase::IgmpRecordType;
using netbase::IgmpType;

const IpAddress GROUP = Ip("239.1.2.3");
const IpAddress S1 = Ip("10.9.9.1");
const IpAddress S2 = Ip("10.9.9.2");
const IpAddress S3 = Ip("10.9.9.3");

/// One port of one router.
struct Link
{
    explicit Link(unsigned version = 3)
    {
        RouterConfig config;
        config.igmpVersion = version;
        config.ports = {{.address = Ip("10.0.0.2")}};
        router = std::make_unique<IgmpRouter>(config, now);
        Run(TimeNs(0));
    }

    DropReason
    Hear(const IgmpMessage& message, const IpAddress& from = Ip("10.0.0.100"))
    {
        Bytes payload;
        netbase::AppendIgmp(payload, message);
        const DropReason reason = router->OnMessage(0, payload, from, now);
        Pump();
        return reason;
    }

    DropReason
    Report(IgmpRecordType type, const std::vector<IpAddress>& sources = {})
    {
        IgmpMessage message;
        message.type = IgmpType::V3Report;
        message.records = {{type, GROUP, sources}};
        return Hear(message);
    }

    DropReason
    Old(IgmpType type)
    {
        IgmpMessage message;
        message.type = type;
        message.version = 2;
        message.group = GROUP;
        return Hear(message);
    }

    void
    Run(TimeNs length)
    {
        const TimeNs end = now + length;
        while (router->NextDeadline() <= end)
        {
            now = std::max(now, router->NextDeadline());
            router->OnDeadline(now);
            Pump();
        }
        now = end;
    }

    void
    Pump()
    {
        Bytes packet;
        PortIndex port = NO_PORT;
        while (router->PollPacket(packet, port))
        {
            Ipv4Header header;
            IgmpMessage query;
            ASSERT_EQ(netbase::ReadIpv4(packet, header), netbase::DropReason::None);
            ASSERT_EQ(netbase::ReadIgmp(ByteView(packet).subspan(header.headerLength), query),
                      netbase::DropReason::None);
            EXPECT_EQ(header.ttl, 1);
            EXPECT_TRUE(header.routerAlert);
            EXPECT_EQ(header.destination.ToV4(),
                      query.group.ToV4() == 0 ? 0xe0000001 : query.group.ToV4());
            queries.emplace_back(now, query);
        }
    }

    /// @return what is wanted of the group: "", "exclude ...", "include ..."
    std::string
    State() const
    {
        const auto* ports = router->Find(GROUP);
        return ports && ports->contains(0) ? ports->at(0).shown : "";
    }

    bool
    Wants(const IpAddress& source) const
    {
        const auto* ports = router->Find(GROUP);
        return ports && ports->contains(0) && ports->at(0).Wants(source);
    }

    TimeNs now{0};
    std::unique_ptr<IgmpRouter> router;
    std::vector<std::pair<TimeNs, IgmpMessage>> queries;
};

TEST(IgmpRouter, QueriesComeAtOnceThenSoonThenRegularly)
{
    Link l;
    l.Run(500s);
    std::vector<double> at;
    for (const auto& [when, query] : l.queries)
    {
        at.push_back(std::chrono::duration<double>(when).count());
        EXPECT_EQ(query.maxResponse, 10s);
        EXPECT_EQ(query.version, 3u);
        EXPECT_EQ(query.robustness, 2u);
        EXPECT_EQ(query.queryInterval, 125s);
    }
    EXPECT_EQ(at, (std::vector<double>{0, 31.25, 156.25, 281.25, 406.25}));
}

TEST(IgmpRouter, MembershipLastsTwoQueryIntervalsAndAResponse)
{
    Link l;
    l.Report(IgmpRecordType::ModeIsExclude);
    EXPECT_EQ(l.State(), "exclude");
    l.Run(259s);
    EXPECT_EQ(l.State(), "exclude");
    l.Run(1s);
    EXPECT_EQ(l.State(), "");
}

TEST(IgmpRouter, LeaveAsksTwiceAndThenForgets)
{
    for (const bool old : {false, true})
    {
        Link l(old ? 2 : 3);
        old ? l.Old(IgmpType::V2Report) : l.Report(IgmpRecordType::ChangeToExclude);
        l.Run(5s);
        l.queries.clear();
        const TimeNs left = l.now;
        old ? l.Old(IgmpType::V2Leave) : l.Report(IgmpRecordType::ChangeToInclude);
        l.Run(1999ms);
        EXPECT_TRUE(l.Wants(S1));
        l.Run(1ms);
        EXPECT_FALSE(l.Wants(S1));
        ASSERT_EQ(l.queries.size(), 2u);
        EXPECT_EQ(l.queries[0].first, left);
        EXPECT_EQ(l.queries[1].first, left + 1s);
        EXPECT_EQ(l.queries[0].second.group, GROUP);
        EXPECT_EQ(l.queries[0].second.maxResponse, 1s);
        EXPECT_EQ(l.queries[0].second.version, old ? 2u : 3u);
    }
}

TEST(IgmpRouter, AnotherMembersAnswerKeepsTheGroup)
{
    Link l;
    l.Report(IgmpRecordType::ChangeToExclude);
    l.Report(IgmpRecordType::ChangeToInclude);
    l.Run(500ms);
    l.Report(IgmpRecordType::ModeIsExclude);
    l.Run(100s);
    EXPECT_EQ(l.State(), "exclude");
}

TEST(IgmpRouter, TheLowestAddressAsks)
{
    Link l;
    IgmpMessage query;
    query.maxResponse = 10s;
    query.queryInterval = 125s;
    l.Hear(query, Ip("10.0.0.9"));
    EXPECT_TRUE(l.router->IsQuerier(0));
    l.Hear(query, Ip("10.0.0.1"));
    EXPECT_FALSE(l.router->IsQuerier(0));
    l.queries.clear();
    l.Run(254s);
    EXPECT_TRUE(l.queries.empty());
    EXPECT_FALSE(l.router->IsQuerier(0));
    l.Run(2s);
    EXPECT_TRUE(l.router->IsQuerier(0)) << "other querier present interval: 255 s";
    EXPECT_EQ(l.queries.size(), 1u);
}

TEST(IgmpRouter, WhoDoesNotAskLowersTimersWithTheQuerier)
{
    Link l;
    IgmpMessage query;
    query.maxResponse = 10s;
    l.Hear(query, Ip("10.0.0.1"));
    l.Report(IgmpRecordType::ChangeToExclude);
    l.Report(IgmpRecordType::ChangeToInclude); // the querier's business
    l.Run(100s);
    EXPECT_TRUE(l.Wants(S1));
    query.group = GROUP;
    query.maxResponse = 1s;
    query.suppress = true;
    l.Hear(query, Ip("10.0.0.1"));
    l.Run(10s);
    EXPECT_TRUE(l.Wants(S1)) << "the S flag says: leave timers alone";
    query.suppress = false;
    l.Hear(query, Ip("10.0.0.1"));
    l.Run(2s);
    EXPECT_FALSE(l.Wants(S1));
}

// RFC 3376 section 6.4.1 and 6.4.2, row by row: state before, record, state after.
TEST(IgmpRouter, RecordsChangeStateAsTheTablesSay)
{
    using Type = IgmpRecordType;
    struct Row
    {
        std::vector<std::pair<Type, std::vector<IpAddress>>> before;
        Type type;
        std::vector<IpAddress> sources;
        std::string after;
        std::size_t queries;
    };

    const std::pair<Type, std::vector<IpAddress>> include12{Type::AllowNewSources, {S1, S2}};
    const std::pair<Type, std::vector<IpAddress>> exclude{Type::ChangeToExclude, {S1}};
    const std::vector<Row> rows{
        // INCLUDE(S1,S2)
        {{include12}, Type::ModeIsInclude, {S3}, "include 10.9.9.1 10.9.9.2 10.9.9.3", 0},
        {{include12}, Type::AllowNewSources, {S2, S3}, "include 10.9.9.1 10.9.9.2 10.9.9.3", 0},
        {{include12}, Type::ModeIsExclude, {S2, S3}, "exclude 10.9.9.3", 0},
        {{include12}, Type::ChangeToExclude, {S2, S3}, "exclude 10.9.9.3", 1},
        {{include12}, Type::BlockOldSources, {S1, S3}, "include 10.9.9.1 10.9.9.2", 1},
        {{include12}, Type::ChangeToInclude, {S1}, "include 10.9.9.1 10.9.9.2", 1},
        // EXCLUDE({}, S1)
        {{exclude}, Type::ModeIsInclude, {S1}, "exclude", 0},
        {{exclude}, Type::AllowNewSources, {S1}, "exclude", 0},
        {{exclude}, Type::ModeIsExclude, {S1, S2}, "exclude 10.9.9.1", 0},
        {{exclude}, Type::ModeIsExclude, {S2}, "exclude", 0},
        {{exclude}, Type::ChangeToExclude, {S1}, "exclude 10.9.9.1", 0},
        {{exclude}, Type::ChangeToExclude, {S2}, "exclude", 1},
        {{exclude}, Type::BlockOldSources, {S2}, "exclude 10.9.9.1", 1},
        {{exclude}, Type::ChangeToInclude, {}, "exclude 10.9.9.1", 1},
    };
    for (std::size_t i = 0; i < rows.size(); ++i)
    {
        Link l;
        for (const auto& [type, sources] : rows[i].before)
        {
            l.Report(type, sources);
        }
        l.queries.clear();
        l.Report(rows[i].type, rows[i].sources);
        EXPECT_EQ(l.State(), rows[i].after) << "row " << i;
        EXPECT_EQ(l.queries.size(), rows[i].queries) << "row " << i;
    }
}

TEST(IgmpRouter, BlockedSourcesGoAfterTheyWereAskedAbout)
{
    Link l;
    l.Report(IgmpRecordType::AllowNewSources, {S1, S2});
    l.queries.clear();
    l.Report(IgmpRecordType::BlockOldSources, {S1});
    ASSERT_EQ(l.queries.size(), 1u);
    EXPECT_EQ(l.queries[0].second.sources, std::vector<IpAddress>{S1});
    l.Run(2s);
    EXPECT_EQ(l.queries.size(), 2u);
    EXPECT_EQ(l.State(), "include 10.9.9.2");
    // In EXCLUDE mode it is remembered as unwanted.
    l.Report(IgmpRecordType::ChangeToExclude);
    l.Report(IgmpRecordType::BlockOldSources, {S3});
    l.Run(2s);
    EXPECT_FALSE(l.Wants(S3));
    EXPECT_TRUE(l.Wants(S1));
}

TEST(IgmpRouter, OlderHostsAreUnderstood)
{
    Link l;
    l.Old(IgmpType::V2Report);
    EXPECT_EQ(l.State(), "exclude");
    l.Report(IgmpRecordType::BlockOldSources, {S1});
    EXPECT_TRUE(l.Wants(S1)) << "a host of version 2 would not say that it wants S1";
    l.Old(IgmpType::V1Report);
    l.Old(IgmpType::V2Leave);
    l.Run(3s);
    EXPECT_EQ(l.State(), "exclude") << "a host of version 1 would not answer the question";
    l.Run(258s);
    l.Report(IgmpRecordType::ModeIsExclude);
    l.Old(IgmpType::V2Leave);
    l.Run(2s);
    EXPECT_EQ(l.State(), "") << "they have not been heard for 260 s";
}

TEST(IgmpRouter, WhatIsNoneOfItsBusinessHasAReason)
{
    Link l;
    IgmpMessage report;
    report.type = IgmpType::V2Report;
    report.version = 2;
    report.group = GROUP;
    EXPECT_EQ(l.Hear(report, Ip("10.0.1.100")), DropReason::NotOnLink);
    EXPECT_EQ(l.Hear(report, Ip("0.0.0.0")), DropReason::None) << "a host without address yet";
    EXPECT_EQ(l.Hear(report, Ip("10.0.0.2")), DropReason::OwnPacket);
    Bytes bad;
    netbase::AppendIgmp(bad, report);
    bad[7] ^= 1;
    EXPECT_EQ(l.router->OnMessage(0, bad, Ip("10.0.0.100"), l.now), DropReason::BadChecksum);
    EXPECT_EQ(l.router->OnMessage(0, ByteView(bad).first(5), Ip("10.0.0.100"), l.now),
              DropReason::Truncated);
    Link old(2);
    EXPECT_EQ(old.Report(IgmpRecordType::ModeIsExclude), DropReason::Unsupported);
    report.group = Ip("224.0.0.251");
    l.Hear(report);
    EXPECT_EQ(l.router->Find(report.group), nullptr) << "never forwarded, so not kept";
}

TEST(IgmpRouter, HostAndRouterAgreeUnderLoss)
{
    // Ten hosts join and leave at random while a fifth of all messages gets lost; when they have
    // been quiet for a membership interval, the router knows exactly what they want.
    for (const unsigned version : {2u, 3u})
    {
        Network network(version);
        network.AddRouter();
        const std::size_t link = network.AddLink({0});
        std::vector<std::size_t> hosts;
        for (int i = 0; i < 10; ++i)
        {
            hosts.push_back(network.AddHost(link, version));
        }
        RouterConfig config;
        config.mode = Mode::Dense;
        config.igmpVersion = version;
        network.Start(config);
        std::mt19937_64 random(version);
        bool lossy = true;
        network.loses = [&](std::size_t, std::size_t, ByteView) {
            return lossy && random() % 5 == 0;
        };
        std::map<IpAddress, std::set<std::size_t>> members;
        for (int i = 0; i < 300; ++i)
        {
            const std::size_t host = hosts[random() % hosts.size()];
            const IpAddress group =
                IpAddress::V4(0xef010100 + static_cast<std::uint32_t>(random() % 8));
            if (members[group].contains(host))
            {
                network.Leave(host, group);
                members[group].erase(host);
            }
            else
            {
                network.Join(host, group);
                members[group].insert(host);
            }
            network.Run(TimeNs(static_cast<std::int64_t>(random() % 3'000'000'000)));
        }
        lossy = false;
        network.Run(265s);
        for (std::uint32_t g = 0; g < 8; ++g)
        {
            const IpAddress group = IpAddress::V4(0xef010100 + g);
            EXPECT_EQ(network.Router(0).HasMember(0, group), !members[group].empty())
                << group.ToString() << " version " << version;
        }
    }
}

} // namespace
} // namespace weft::multicast::test
