// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-neighbour-cache.h"
#include "netbase_test_util.h"

#include <map>

namespace weft::netbase::test
{
namespace
{

using namespace std::chrono_literals;
using State = NeighbourCache::State;

const IpAddress A = IpAddress::V4(0x0a000001);
const IpAddress B = IpAddress::V4(0x0a000002);
const MacAddress MAC_A = MacAddress::FromInteger(0x020000000001);
const MacAddress MAC_B = MacAddress::FromInteger(0x020000000002);

std::vector<NeighbourCache::Request>
Requests(NeighbourCache& cache)
{
    std::vector<NeighbourCache::Request> requests;
    NeighbourCache::Request request;
    while (cache.PollRequest(request))
    {
        requests.push_back(request);
    }
    return requests;
}

std::vector<Bytes>
Released(NeighbourCache& cache)
{
    std::vector<Bytes> packets;
    Bytes packet;
    MacAddress mac;
    while (cache.PollReleased(packet, mac))
    {
        packets.push_back(packet);
    }
    return packets;
}

std::vector<TableChange>
Changes(NeighbourCache& cache)
{
    std::vector<TableChange> changes;
    TableChange change;
    while (cache.PollTableChange(change))
    {
        changes.push_back(change);
    }
    return changes;
}

std::optional<State>
StateOf(const NeighbourCache& cache, const IpAddress& address, TimeNs now)
{
    const auto found = cache.Find(address, now);
    return found ? std::optional(found->first) : std::nullopt;
}

void
ExpectBooks(const NeighbourCache& cache)
{
    const auto& c = cache.Counters();
    EXPECT_EQ(c.held, c.released + c.failed + c.drops.Total() + cache.Waiting());
}

TEST(NeighbourCache, MergeFlagOfRfc826)
{
    NeighbourCache cache{NeighbourConfig{}};
    // Unknown: an overheard packet creates nothing, one to us does.
    EXPECT_FALSE(cache.Update(A, MAC_A, 0s));
    EXPECT_EQ(cache.Size(), 0u);
    cache.Learn(A, MAC_A, 0s);
    EXPECT_EQ(StateOf(cache, A, 0s), State::Stale);
    // Known: also an overheard packet changes it.
    EXPECT_TRUE(cache.Update(A, MAC_B, 1s));
    ASSERT_NE(cache.Lookup(A, 1s), nullptr);
    EXPECT_EQ(*cache.Lookup(A, 1s), MAC_B);
    const auto changes = Changes(cache);
    ASSERT_EQ(changes.size(), 2u);
    EXPECT_EQ(changes[0].op, TableOp::Add);
    EXPECT_EQ(changes[1].op, TableOp::Update);
    EXPECT_EQ(changes[1].cause, TableCause::Moved);
    EXPECT_EQ(changes[1].mac, MAC_B);
    // An answer nobody asked for creates nothing.
    EXPECT_FALSE(cache.OnAnswer(B, MAC_B, 1s));
    EXPECT_EQ(cache.Size(), 1u);
    // Where requests are no source of knowledge.
    NeighbourConfig deaf;
    deaf.learnsFromRequests = false;
    NeighbourCache other(deaf);
    other.Learn(A, MAC_A, 0s);
    EXPECT_EQ(other.Size(), 0u);
}

TEST(NeighbourCache, AsksThreeTimesThenGivesUp)
{
    NeighbourCache cache{NeighbourConfig{}};
    EXPECT_EQ(cache.Lookup(A, 0s), nullptr);
    EXPECT_TRUE(Requests(cache).empty()) << "looking does not ask";
    EXPECT_EQ(cache.Hold(A, Hex("01"), 0s), DropReason::None);
    EXPECT_EQ(cache.Hold(A, Hex("02"), 500ms), DropReason::None);
    EXPECT_EQ(Requests(cache).size(), 1u);
    for (const TimeNs at : {TimeNs(1s), TimeNs(2s)})
    {
        EXPECT_EQ(cache.NextDeadline(), at);
        cache.OnDeadline(at);
        const auto requests = Requests(cache);
        ASSERT_EQ(requests.size(), 1u);
        EXPECT_FALSE(requests[0].unicast);
    }
    cache.OnDeadline(3s);
    EXPECT_TRUE(Requests(cache).empty());
    Bytes packet;
    IpAddress address;
    ASSERT_TRUE(cache.PollFailed(packet, address));
    EXPECT_EQ(packet, Hex("01"));
    EXPECT_EQ(address, A);
    ASSERT_TRUE(cache.PollFailed(packet, address));
    EXPECT_EQ(packet, Hex("02"));
    EXPECT_EQ(cache.Size(), 0u);
    EXPECT_TRUE(Changes(cache).empty()) << "what was never known is not reported as lost";
    // The next packet asks afresh.
    cache.Hold(A, Hex("03"), 10s);
    EXPECT_EQ(Requests(cache).size(), 1u);
    EXPECT_TRUE(cache.OnAnswer(A, MAC_A, 10s));
    EXPECT_EQ(Released(cache), std::vector<Bytes>{Hex("03")});
    EXPECT_EQ(StateOf(cache, A, 10s), State::Reachable);
    ExpectBooks(cache);
}

TEST(NeighbourCache, QueueKeepsTheNewest)
{
    NeighbourConfig config;
    config.pendingPackets = 3;
    NeighbourCache cache(config);
    for (std::uint8_t i = 0; i < 10; ++i)
    {
        cache.Hold(A, Bytes{i}, 0s);
    }
    EXPECT_EQ(cache.Waiting(), 3u);
    EXPECT_EQ(cache.Counters().drops.Of(DropReason::PendingFull), 7u);
    cache.OnAnswer(A, MAC_A, 100ms);
    EXPECT_EQ(Released(cache), (std::vector<Bytes>{{7}, {8}, {9}}));
    ExpectBooks(cache);
}

/// Linux: reachable 30 s, stale until used, delay 5 s, 3 unicast questions 1 s apart, gone.
TEST(NeighbourCache, RevalidationOfLinux)
{
    NeighbourCache cache(NeighbourConfig::Linux());
    cache.Hold(A, Hex("01"), 0s);
    cache.OnAnswer(A, MAC_A, 0s);
    Requests(cache);
    EXPECT_NE(cache.Lookup(A, 29s), nullptr);
    EXPECT_EQ(StateOf(cache, A, 29s), State::Reachable);
    EXPECT_EQ(StateOf(cache, A, 30s), State::Stale);
    EXPECT_NE(cache.Lookup(A, 40s), nullptr) << "stale entries are used";
    EXPECT_EQ(StateOf(cache, A, 40s), State::Delay);
    cache.OnDeadline(44s);
    EXPECT_TRUE(Requests(cache).empty());
    for (int i = 0; i < 3; ++i)
    {
        cache.OnDeadline(45s + i * 1s);
        const auto requests = Requests(cache);
        ASSERT_EQ(requests.size(), 1u) << i;
        EXPECT_EQ(requests[0].unicast, MAC_A);
        EXPECT_NE(cache.Lookup(A, 45s + i * 1s), nullptr) << "still used while probed";
    }
    cache.OnDeadline(48s);
    EXPECT_EQ(cache.Lookup(A, 48s), nullptr);
    const auto changes = Changes(cache);
    ASSERT_EQ(changes.size(), 2u);
    EXPECT_EQ(changes[1].op, TableOp::Remove);
    EXPECT_EQ(changes[1].cause, TableCause::Aged);
    EXPECT_EQ(changes[1].at, 48s);

    // An answer in time keeps it; so does an upper layer's confirmation, without a question.
    cache.Learn(A, MAC_A, 50s);
    cache.Lookup(A, 50s);
    cache.OnDeadline(55s);
    EXPECT_EQ(Requests(cache).size(), 1u);
    cache.OnAnswer(A, MAC_A, 55s);
    EXPECT_EQ(StateOf(cache, A, 60s), State::Reachable);
    cache.Lookup(A, 86s);
    cache.Confirm(A, 87s);
    cache.OnDeadline(91s);
    EXPECT_TRUE(Requests(cache).empty());
    EXPECT_EQ(StateOf(cache, A, 91s), State::Reachable);
}

TEST(NeighbourCache, UnusedEntriesGoAfterTheGarbageTime)
{
    NeighbourCache cache(NeighbourConfig::Linux());
    cache.Learn(A, MAC_A, 0s);
    cache.Learn(B, MAC_B, 0s);
    cache.OnAnswer(B, MAC_B, 45s); // reachable until 75 s
    TimeNs now = 0s;
    while (cache.NextDeadline() != NEVER)
    {
        now = cache.NextDeadline();
        cache.OnDeadline(now);
    }
    const auto changes = Changes(cache);
    ASSERT_EQ(changes.size(), 4u);
    EXPECT_EQ(changes[2].address, A);
    EXPECT_EQ(changes[2].at, 60s);
    EXPECT_EQ(changes[3].address, B);
    EXPECT_EQ(changes[3].at, 75s);
}

TEST(NeighbourCache, RoutersForgetOnTheMinute)
{
    NeighbourCache cache(NeighbourConfig::Router(60s));
    cache.Learn(A, MAC_A, 0s);
    for (TimeNs now = 1s; now < 60s; now += 1s)
    {
        EXPECT_NE(cache.Lookup(A, now), nullptr);
    }
    EXPECT_EQ(cache.Lookup(A, 60s), nullptr) << "even before the timer ran";
    cache.Learn(A, MAC_A, 100s);
    cache.Update(A, MAC_A, 150s); // heard again: refreshed
    cache.OnDeadline(160s);
    EXPECT_NE(cache.Lookup(A, 209s), nullptr);
    cache.OnDeadline(cache.NextDeadline());
    cache.OnDeadline(210s);
    EXPECT_EQ(cache.Size(), 0u);
    EXPECT_TRUE(Requests(cache).empty());
}

TEST(NeighbourCache, EvictsTheLeastRecentlyUsed)
{
    NeighbourConfig config;
    config.maxEntries = 4;
    NeighbourCache cache(config);
    const auto address = [](std::uint32_t i) { return IpAddress::V4(0x0a000000 + i); };
    cache.AddStatic(address(0), MAC_B, 0s);
    for (std::uint32_t i = 1; i <= 3; ++i)
    {
        cache.Learn(address(i), MAC_A, 0s);
    }
    cache.Lookup(address(1), 1s);
    cache.Learn(address(9), MAC_A, 2s);
    EXPECT_FALSE(cache.Find(address(2), 2s)) << "the oldest unused went";
    EXPECT_TRUE(cache.Find(address(1), 2s));
    EXPECT_TRUE(cache.Find(address(0), 2s));
    EXPECT_EQ(cache.Counters().evictions, 1u);
    EXPECT_EQ(cache.Size(), 4u);
    for (std::uint32_t i = 10; i < 13; ++i)
    {
        cache.AddStatic(address(i), MAC_A, 3s);
    }
    EXPECT_EQ(cache.Hold(address(20), Hex("01"), 4s), DropReason::CacheFull);
    EXPECT_THROW(cache.AddStatic(address(30), MAC_A, 4s), std::invalid_argument);
    cache.Learn(address(31), MAC_A, 4s);
    EXPECT_EQ(cache.Counters().unlearned, 1u);
    EXPECT_EQ(cache.Size(), 4u);
    cache.Flush(5s);
    EXPECT_EQ(cache.Size(), 4u) << "static entries stay";
    ExpectBooks(cache);
}

TEST(NeighbourCache, StaticEntriesDoNotMove)
{
    NeighbourCache cache{NeighbourConfig{}};
    cache.Hold(A, Hex("01"), 0s);
    cache.AddStatic(A, MAC_A, 0s);
    EXPECT_EQ(Released(cache).size(), 1u);
    cache.Update(A, MAC_B, 1s);
    cache.OnAnswer(A, MAC_B, 1s);
    EXPECT_EQ(*cache.Lookup(A, 1h), MAC_A);
    cache.OnDeadline(1h);
    EXPECT_EQ(StateOf(cache, A, 1h), State::Static);
    EXPECT_EQ(cache.NextDeadline(), NEVER);
    EXPECT_TRUE(cache.Remove(A, 1h));
    EXPECT_FALSE(cache.Remove(A, 1h));
    EXPECT_EQ(cache.Lookup(A, 1h), nullptr);
}

TEST(NeighbourCache, RefusesNonsense)
{
    const auto with = [](auto change) {
        NeighbourConfig config;
        change(config);
        return config;
    };
    for (const auto& config : {with([](auto& c) { c.reachable = 0s; }),
                               with([](auto& c) { c.retransmit = -1s; }),
                               with([](auto& c) { c.maxEntries = 0; }),
                               with([](auto& c) { c.pendingPackets = 0; }),
                               with([](auto& c) { c.multicastProbes = 0; })})
    {
        EXPECT_THROW(NeighbourCache{config}, std::invalid_argument);
    }
}

/// Random use against a world in which stations answer, move and die: bounds, books, and the log of
/// changes replays into the table.
TEST(NeighbourCache, RandomUseKeepsBoundsBooksAndLog)
{
    for (std::uint64_t seed = 1; seed <= 6; ++seed)
    {
        Random random(seed);
        NeighbourConfig config =
            seed % 2 == 0 ? NeighbourConfig::Linux() : NeighbourConfig::Router(20s);
        config.maxEntries = 20;
        config.pendingPackets = 2;
        NeighbourCache cache(config);
        std::map<IpAddress, MacAddress> log;
        TimeNs now = 0s;
        for (int i = 0; i < 50'000; ++i)
        {
            now += TimeNs(static_cast<std::int64_t>(Below(random, 400'000'000)));
            while (cache.NextDeadline() <= now)
            {
                cache.OnDeadline(cache.NextDeadline());
            }
            const IpAddress address =
                IpAddress::V4(static_cast<std::uint32_t>(1 + Below(random, 40)));
            const MacAddress mac = MacAddress::FromInteger(2 + Below(random, 3));
            switch (Below(random, 8))
            {
            case 0:
                cache.Update(address, mac, now);
                break;
            case 1:
                cache.Learn(address, mac, now);
                break;
            case 2:
                cache.Confirm(address, now);
                break;
            case 3:
                if (Below(random, 20) == 0)
                {
                    cache.Remove(address, now);
                }
                break;
            default:
                if (cache.Lookup(address, now) == nullptr)
                {
                    cache.Hold(address, Bytes{1}, now);
                }
            }
            for (const auto& request : Requests(cache))
            {
                if (request.address.ToV4() % 3 != 0)
                {
                    cache.OnAnswer(request.address, mac, now);
                }
            }
            Released(cache);
            Bytes packet;
            IpAddress failed;
            while (cache.PollFailed(packet, failed))
            {
            }
            for (const auto& change : Changes(cache))
            {
                if (change.op == TableOp::Add)
                {
                    ASSERT_TRUE(log.emplace(change.address, change.mac).second);
                }
                else if (change.op == TableOp::Update)
                {
                    ASSERT_TRUE(log.contains(change.address));
                    log[change.address] = change.mac;
                }
                else
                {
                    ASSERT_EQ(log.erase(change.address), 1u);
                }
            }
            ASSERT_LE(cache.Size(), 20u);
        }
        for (std::uint32_t i = 1; i <= 40; ++i)
        {
            const auto found = cache.Find(IpAddress::V4(i), now);
            const auto logged = log.find(IpAddress::V4(i));
            if (found && found->first != State::Incomplete)
            {
                ASSERT_NE(logged, log.end());
                EXPECT_EQ(found->second, logged->second);
            }
        }
        ExpectBooks(cache);
        EXPECT_GT(cache.Counters().failed, 100u);
        EXPECT_GT(cache.Counters().evictions, 100u);
    }
}

} // namespace
} // namespace weft::netbase::test
