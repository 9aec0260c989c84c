// SPDX-License-Identifier: GPL-2.0-only
// A host's side of IGMP against queries of every version.
#include "netbase-igmp-host.h"
#include "netbase-ipv4.h"
#include "netbase_test_util.h"

#include <algorithm>

namespace weft::netbase::test
{
namespace
{

using namespace std::chrono_literals;

const IpAddress HOST = IpAddress::V4(0x0a000001);
const IpAddress ROUTER = IpAddress::V4(0x0a0000fe);
const IpAddress ALL_HOSTS = IpAddress::V4(IGMP_ALL_HOSTS);
const IpAddress G = IpAddress::V4(0xef000360);
const IpAddress H = IpAddress::V4(0xef000361);

struct Sent
{
    TimeNs at;
    IpAddress to;
    IgmpMessage message;
};

/// Runs a host's timers up to an instant and collects what it says.
class Driven
{
  public:
    explicit Driven(const IgmpHostConfig& config) : host(config)
    {
    }

    std::vector<Sent>
    Until(TimeNs end)
    {
        std::vector<Sent> sent;
        Collect(sent);
        while (host.NextDeadline() <= end)
        {
            now = std::max(now, host.NextDeadline());
            host.OnDeadline(now);
            Collect(sent);
        }
        now = end;
        return sent;
    }

    DropReason
    Query(const IgmpMessage& query)
    {
        Bytes payload;
        AppendIgmp(payload, query);
        return host.OnMessage(
            payload, ROUTER, query.group.ToV4() == 0 ? ALL_HOSTS : query.group, now);
    }

    DropReason
    Hear(IgmpType type, const IpAddress& group)
    {
        IgmpMessage message;
        message.type = type;
        message.group = group;
        Bytes payload;
        AppendIgmp(payload, message);
        return host.OnMessage(payload, ROUTER, group, now);
    }

    IgmpHost host;
    TimeNs now{0};

  private:
    void
    Collect(std::vector<Sent>& sent)
    {
        Bytes packet;
        while (host.PollPacket(packet))
        {
            Ipv4Header header;
            ASSERT_EQ(ReadIpv4(packet, header), DropReason::None);
            EXPECT_EQ(header.ttl, 1);
            EXPECT_TRUE(header.routerAlert);
            EXPECT_EQ(header.source, HOST);
            Sent one{now, header.destination, {}};
            ASSERT_EQ(ReadIgmp(ByteView(packet).subspan(24), one.message), DropReason::None);
            sent.push_back(one);
        }
    }
};

IgmpHostConfig
Config(unsigned version = 3, std::uint64_t key = 1)
{
    IgmpHostConfig config;
    config.address = HOST;
    config.version = version;
    config.key = key;
    return config;
}

IgmpMessage
Query(unsigned version, const IpAddress& group = IpAddress::V4(0), TimeNs maxResponse = 10s)
{
    IgmpMessage query;
    query.version = version;
    query.group = group;
    query.maxResponse = maxResponse;
    query.queryInterval = 125s;
    return query;
}

TEST(IgmpHost, Version3JoinAndLeaveAreSaidTwice)
{
    Driven run(Config());
    EXPECT_TRUE(run.host.Join(G, 0s));
    EXPECT_FALSE(run.host.Join(G, 0s));
    EXPECT_FALSE(run.host.Join(ALL_HOSTS, 0s));
    auto sent = run.Until(60s);
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_EQ(sent[0].at, 0s);
    EXPECT_LE(sent[1].at, 1s); // unsolicited report interval of version 3
    for (const Sent& one : sent)
    {
        EXPECT_EQ(one.to, IpAddress::V4(IGMP_V3_REPORTS));
        ASSERT_EQ(one.message.records.size(), 1u);
        EXPECT_EQ(one.message.records[0], (IgmpRecord{IgmpRecordType::ChangeToExclude, G, {}}));
    }
    EXPECT_TRUE(run.host.Leave(G, run.now));
    EXPECT_FALSE(run.host.Leave(G, run.now));
    sent = run.Until(120s);
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_EQ(sent[0].message.records[0].type, IgmpRecordType::ChangeToInclude);
    EXPECT_EQ(run.host.NextDeadline(), NEVER);
}

TEST(IgmpHost, RejoiningTakesTheLeaveBack)
{
    Driven run(Config());
    run.host.Join(G, 0s);
    run.Until(10s);
    run.host.Leave(G, 10s);
    run.host.Join(G, 10s);
    const auto sent = run.Until(20s);
    ASSERT_EQ(sent.size(), 3u) << "leave once, join twice";
    EXPECT_EQ(sent.back().message.records[0].type, IgmpRecordType::ChangeToExclude);
}

TEST(IgmpHost, GeneralQueryIsAnsweredOnceForAllGroups)
{
    Driven run(Config());
    run.host.Join(G, 0s);
    run.host.Join(H, 0s);
    run.Until(100s);
    EXPECT_EQ(run.Query(Query(3)), DropReason::None);
    const auto sent = run.Until(200s);
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_GE(sent[0].at, 100s);
    EXPECT_LE(sent[0].at, 110s);
    ASSERT_EQ(sent[0].message.records.size(), 2u);
    EXPECT_EQ(sent[0].message.records[1].type, IgmpRecordType::ModeIsExclude);
}

TEST(IgmpHost, GroupAndSourceQueries)
{
    Driven run(Config());
    run.host.Join(G, 0s);
    run.Until(100s);
    EXPECT_EQ(run.Query(Query(3, H, 1s)), DropReason::NotJoined);
    EXPECT_EQ(run.Query(Query(3, G, 1s)), DropReason::None);
    auto sent = run.Until(110s);
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_LE(sent[0].at, 101s);
    EXPECT_EQ(sent[0].message.records[0], (IgmpRecord{IgmpRecordType::ModeIsExclude, G, {}}));
    IgmpMessage query = Query(3, G, 1s);
    query.sources = {HOST};
    run.Query(query);
    query.sources = {ROUTER};
    run.Query(query);
    sent = run.Until(120s);
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].message.records[0],
              (IgmpRecord{IgmpRecordType::ModeIsInclude, G, {HOST, ROUTER}}));
    query.sources = {HOST};
    run.Query(query);
    run.Query(Query(3, G, 1s)); // asks for all: takes the place of the list
    sent = run.Until(130s);
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].message.records[0], (IgmpRecord{IgmpRecordType::ModeIsExclude, G, {}}));
}

TEST(IgmpHost, FallsBackToVersion2AndReturns)
{
    Driven run(Config());
    run.host.Join(G, 0s);
    run.Until(100s);
    EXPECT_EQ(run.host.Version(run.now), 3u);
    run.Query(Query(2));
    EXPECT_EQ(run.host.Version(run.now), 2u);
    auto sent = run.Until(120s);
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].message.type, IgmpType::V2Report);
    EXPECT_EQ(sent[0].to, G);
    // Version 3 queries are answered as version 2 meanwhile.
    run.Query(Query(3));
    sent = run.Until(140s);
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].message.type, IgmpType::V2Report);
    // The last reporter says so when it leaves.
    run.host.Leave(G, run.now);
    sent = run.Until(150s);
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].message.type, IgmpType::V2Leave);
    EXPECT_EQ(sent[0].to, IpAddress::V4(IGMP_ALL_ROUTERS));
    // 2 x 125 s + 10 s after the version 2 query of 100 s.
    EXPECT_EQ(run.host.Version(360s - 1ns), 2u);
    EXPECT_EQ(run.host.Version(360s), 3u);
    run.Until(400s);
    run.host.Join(G, run.now);
    sent = run.Until(401s);
    ASSERT_FALSE(sent.empty());
    EXPECT_EQ(sent[0].message.type, IgmpType::V3Report);
}

TEST(IgmpHost, Version1HasNoLeave)
{
    Driven run(Config());
    run.host.Join(G, 0s);
    run.Until(10s);
    run.Query(Query(1));
    EXPECT_EQ(run.host.Version(run.now), 1u);
    auto sent = run.Until(20s);
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].message.type, IgmpType::V1Report);
    run.host.Leave(G, run.now);
    EXPECT_TRUE(run.Until(100s).empty());
}

TEST(IgmpHost, Version2LeavesTheAnswerToAnotherMember)
{
    Driven run(Config(2));
    run.host.Join(G, 0s);
    EXPECT_EQ(run.Until(100s).size(), 2u);
    run.Query(Query(2));
    EXPECT_EQ(run.Hear(IgmpType::V2Report, G), DropReason::None);
    EXPECT_EQ(run.Hear(IgmpType::V2Report, H), DropReason::NotJoined);
    EXPECT_TRUE(run.Until(120s).empty());
    EXPECT_EQ(run.host.Counters().suppressed, 1u);
    run.host.Leave(G, run.now);
    EXPECT_TRUE(run.Until(130s).empty()) << "another reported last";
}

TEST(IgmpHost, RobustnessFollowsTheQuerier)
{
    Driven run(Config());
    IgmpMessage query = Query(3);
    query.robustness = 4;
    run.Query(query);
    run.host.Join(G, 0s);
    const auto sent = run.Until(60s);
    EXPECT_EQ(std::count_if(sent.begin(),
                            sent.end(),
                            [](const Sent& one) {
                                return one.message.records[0].type ==
                                       IgmpRecordType::ChangeToExclude;
                            }),
              4);
    EXPECT_EQ(sent.size(), 5u) << "and the query's answer";
}

/// Answers are spread evenly over the response time: 2000 hosts, 10 bins, chi-square below its
/// 1 - 1e-7 quantile at 9 degrees of freedom (50.9).
TEST(IgmpHost, AnswersAreSpread)
{
    std::array<int, 10> bins{};
    for (std::uint64_t key = 0; key < 2'000; ++key)
    {
        Driven run(Config(3, key));
        run.host.Join(G, 0s);
        run.Until(10s);
        run.Query(Query(3));
        const auto sent = run.Until(30s);
        ASSERT_EQ(sent.size(), 1u);
        ++bins[std::min<std::size_t>(9, static_cast<std::size_t>((sent[0].at - 10s) / 1s))];
    }
    double chi = 0;
    for (const int count : bins)
    {
        chi += (count - 200.0) * (count - 200.0) / 200.0;
    }
    EXPECT_LT(chi, 50.9);
}

TEST(IgmpHost, NoiseIsCountedAndChangesNothing)
{
    Random random(31);
    Driven run(Config());
    run.host.Join(G, 0s);
    run.Until(10s);
    for (int i = 0; i < 20'000; ++i)
    {
        Bytes payload;
        AppendIgmp(payload, Query(3, G, 1s));
        payload[Below(random, payload.size())] ^= static_cast<std::uint8_t>(1 + Below(random, 255));
        ASSERT_NE(run.host.OnMessage(payload, ROUTER, G, run.now), DropReason::None);
    }
    EXPECT_EQ(run.host.Counters().drops.Total(), 20'000u);
    EXPECT_EQ(run.host.NextDeadline(), NEVER);
    EXPECT_THROW(IgmpHost(Config(4)), std::invalid_argument);
}

} // namespace
} // namespace weft::netbase::test
