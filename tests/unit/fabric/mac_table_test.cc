// SPDX-License-Identifier: GPL-2.0-only
/** @file MAC table and VLAN ports against naive models. */
#include "underlay-mac-table.h"
#include "underlay-vlan-port.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <stdexcept>

namespace weft::underlay
{
namespace
{

using namespace std::chrono_literals;
using netbase::MacAddress;
using netbase::TableCause;
using netbase::TableChange;
using netbase::TableOp;
using netbase::TimeNs;

MacAddress
Mac(std::uint64_t number)
{
    return MacAddress::FromInteger(0x020000000000 + number);
}

using Key = std::pair<std::uint16_t, MacAddress>;

struct Known
{
    std::uint32_t port;
    TimeNs seen;
};

TEST(MacTable, MatchesTheNaiveTableAndReportsEveryChange)
{
    for (const std::size_t limit : {std::size_t{8}, std::size_t{1000}})
    {
        std::mt19937_64 random(limit);
        MacTable table(limit, 1s);
        table.SetReporting(true);
        std::map<Key, Known> naive;
        std::map<Key, std::uint32_t> replayed;
        MacTable::Counters expected;
        TimeNs now{0};
        const auto age = [&] {
            expected.aged += std::erase_if(
                naive, [&](const auto& entry) { return entry.second.seen + 1s <= now; });
        };
        for (int step = 0; step < 30000; ++step)
        {
            now += TimeNs(random() % 100'000'000);
            age();
            const auto vlan = static_cast<std::uint16_t>(1 + random() % 3);
            const MacAddress mac = Mac(random() % 12);
            const auto port = static_cast<std::uint32_t>(random() % 4);
            const auto what = random() % 100;
            if (what < 60)
            {
                table.Learn(vlan, mac, port, now);
                const auto at = naive.find({vlan, mac});
                if (at != naive.end())
                {
                    expected.moved += at->second.port != port;
                    at->second = {port, now};
                }
                else if (naive.size() < limit)
                {
                    ++expected.learned;
                    naive[{vlan, mac}] = {port, now};
                }
                else
                {
                    ++expected.refused;
                }
            }
            else if (what == 60)
            {
                table.FlushPort(port, now);
                expected.flushed += std::erase_if(
                    naive, [&](const auto& entry) { return entry.second.port == port; });
            }
            else if (what == 61)
            {
                table.Flush(now);
                expected.flushed += naive.size();
                naive.clear();
            }
            const auto found = table.LookUp(vlan, mac, now);
            const auto at = naive.find({vlan, mac});
            ASSERT_EQ(found, at == naive.end() ? std::nullopt : std::optional(at->second.port));
            ASSERT_EQ(table.Size(), naive.size());
            for (TableChange change; table.PollTableChange(change);)
            {
                const Key key{static_cast<std::uint16_t>(change.domain), change.mac};
                ASSERT_LE(change.at, now);
                ASSERT_EQ(change.op == TableOp::Add, !replayed.contains(key));
                if (change.op == TableOp::Remove)
                {
                    replayed.erase(key);
                }
                else
                {
                    replayed[key] = static_cast<std::uint32_t>(change.port);
                }
            }
            ASSERT_EQ(replayed.size(), naive.size());
            for (const auto& [key, known] : naive)
            {
                ASSERT_EQ(replayed.at(key), known.port);
            }
        }
        const auto& counters = table.GetCounters();
        EXPECT_EQ(counters.learned, expected.learned);
        EXPECT_EQ(counters.moved, expected.moved);
        EXPECT_EQ(counters.aged, expected.aged);
        EXPECT_EQ(counters.flushed, expected.flushed);
        EXPECT_EQ(counters.refused, expected.refused);
        EXPECT_GT(counters.aged, 100u);
        EXPECT_EQ(counters.refused > 0, limit == 8);
        const auto entries = table.Entries();
        ASSERT_EQ(entries.size(), naive.size());
        EXPECT_TRUE(std::equal(
            entries.begin(), entries.end(), naive.begin(), [](const auto& a, const auto& b) {
                return Key{a.vlan, a.mac} == b.first && a.port == b.second.port;
            }));
    }
}

TEST(MacTable, AgesToTheNanosecondAndSaysWhen)
{
    MacTable table(10, 300s);
    table.SetReporting(true);
    EXPECT_EQ(table.NextDeadline(), netbase::NEVER);
    table.Learn(1, Mac(1), 5, 10s);
    table.Learn(1, Mac(2), 5, 20s);
    table.Learn(1, Mac(1), 5, 30s);
    EXPECT_EQ(table.NextDeadline(), 320s);
    EXPECT_EQ(table.LookUp(1, Mac(2), 320s - 1ns), 5u);
    EXPECT_EQ(table.LookUp(1, Mac(2), 320s), std::nullopt);
    EXPECT_EQ(table.NextDeadline(), 330s);
    table.OnDeadline(400s);
    EXPECT_EQ(table.Size(), 0u);
    TableChange change;
    std::vector<TimeNs> removed;
    while (table.PollTableChange(change))
    {
        if (change.op == TableOp::Remove)
        {
            EXPECT_EQ(change.cause, TableCause::Aged);
            removed.push_back(change.at);
        }
    }
    EXPECT_EQ(removed, (std::vector<TimeNs>{320s, 330s})) << "not when it was noticed";
}

TEST(MacTable, NeverLearnsGroupsAndNeverAgesAtZero)
{
    MacTable table(10, 0s);
    table.Learn(1, MacAddress::Broadcast(), 1, 0s);
    EXPECT_EQ(table.Size(), 0u);
    table.Learn(1, Mac(1), 1, 0s);
    EXPECT_EQ(table.LookUp(1, Mac(1), std::chrono::hours(10000)), 1u);
    EXPECT_EQ(table.NextDeadline(), netbase::NEVER);
    EXPECT_THROW(MacTable(0, 1s), std::invalid_argument);
    EXPECT_THROW(MacTable(1, -1s), std::invalid_argument);
}

TEST(VlanPort, AccessAndTrunk)
{
    const VlanPort access = VlanPort::Access(10);
    EXPECT_EQ(access.Classify(std::nullopt), 10);
    EXPECT_EQ(access.Classify(0), 10) << "priority tag";
    EXPECT_EQ(access.Classify(10), 10);
    EXPECT_EQ(access.Classify(11), std::nullopt);
    EXPECT_TRUE(access.Untags(10));
    const VlanPort trunk = VlanPort::Trunk({10, 20}, 0);
    EXPECT_EQ(trunk.Classify(std::nullopt), std::nullopt);
    EXPECT_EQ(trunk.Classify(20), 20);
    EXPECT_EQ(trunk.Classify(30), std::nullopt);
    EXPECT_FALSE(trunk.Untags(20));
    const VlanPort native = VlanPort::Trunk({10}, 5);
    EXPECT_EQ(native.Classify(std::nullopt), 5);
    EXPECT_TRUE(native.Carries(10));
    EXPECT_TRUE(native.Untags(5));
    const VlanPort all;
    for (std::uint16_t vlan = 1; vlan < 4095; ++vlan)
    {
        ASSERT_EQ(all.Classify(vlan), vlan);
    }
    EXPECT_EQ(all.Classify(4095), std::nullopt);
    EXPECT_EQ(all.Classify(std::nullopt), 1);
    EXPECT_THROW(VlanPort::Access(0), std::invalid_argument);
    EXPECT_THROW(VlanPort::Access(4095), std::invalid_argument);
    EXPECT_THROW(VlanPort::Trunk({4095}), std::invalid_argument);
}

} // namespace
} // namespace weft::underlay
