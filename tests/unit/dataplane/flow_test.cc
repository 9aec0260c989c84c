// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-flow-key.h"
#include "sdwan-flow-table.h"

#include <gtest/gtest.h>
#include <random>
#include <set>
#include <unordered_map>

namespace weft::sdwan
{
namespace
{

using namespace std::chrono_literals;

Bytes
UdpPacket()
{
    return {0x45, 0xb8, 0,  32, 0x12, 0x34, 0x40, 0,    64, 17, 0, 0, 10, 20, 30, 5,
            10,   20,   10, 9,  0xc3, 0x53, 0x0d, 0x97, 0,  12, 0, 0, 1,  2,  3,  4};
}

TEST(FlowKey, ParsesUdp)
{
    FlowKey key;
    Ipv4Info info;
    ASSERT_EQ(ParseFlowKey(UdpPacket(), 7, key, &info), DropReason::None);
    EXPECT_EQ(key, (FlowKey{0x0a141e05, 0x0a140a09, 50003, 3479, 17, 7}));
    EXPECT_EQ(info.totalLength, 32);
    EXPECT_EQ(info.headerLength, 20);
    EXPECT_EQ(info.timeToLive, 64);
    EXPECT_EQ(info.trafficClass, 0xb8);
    EXPECT_TRUE(info.dontFragment);
    EXPECT_FALSE(info.fragment);
}

TEST(FlowKey, OptionsPaddingAndOtherProtocols)
{
    Bytes p = UdpPacket();
    p[0] = 0x46; // one word of options
    p.insert(p.begin() + 20, {1, 1, 1, 0});
    p[3] = 36;
    p.resize(60); // Ethernet padding
    FlowKey key;
    ASSERT_EQ(ParseFlowKey(p, 0, key), DropReason::None);
    EXPECT_EQ(key.sourcePort, 50003);
    p = UdpPacket();
    p[9] = 1; // ICMP has no ports
    ASSERT_EQ(ParseFlowKey(p, 0, key), DropReason::None);
    EXPECT_EQ(key.sourcePort, 0);
    EXPECT_EQ(key.destinationPort, 0);
    EXPECT_EQ(key.protocol, 1);
}

TEST(FlowKey, LaterFragmentsHaveNoPorts)
{
    Bytes p = UdpPacket();
    p[6] = 0x20; // first of several
    FlowKey key;
    Ipv4Info info;
    ASSERT_EQ(ParseFlowKey(p, 0, key, &info), DropReason::None);
    EXPECT_EQ(key.sourcePort, 50003);
    EXPECT_TRUE(info.fragment);
    EXPECT_FALSE(info.laterFragment);
    p[7] = 2;
    ASSERT_EQ(ParseFlowKey(p, 0, key, &info), DropReason::None);
    EXPECT_EQ(key.sourcePort, 0);
    EXPECT_TRUE(info.laterFragment);
}

TEST(FlowKey, RefusesWithReasons)
{
    FlowKey key{1, 2, 3, 4, 5, 6};
    const FlowKey untouched = key;
    Bytes p = UdpPacket();
    for (std::size_t n = 0; n < p.size(); ++n)
    {
        EXPECT_EQ(ParseFlowKey(ByteView(p).first(n), 0, key), DropReason::Truncated) << n;
    }
    p[0] = 0x65;
    EXPECT_EQ(ParseFlowKey(p, 0, key), DropReason::NotIpv4);
    p[0] = 0x44;
    EXPECT_EQ(ParseFlowKey(p, 0, key), DropReason::NotIpv4);
    p = UdpPacket();
    p[3] = 19; // total length below the header's
    EXPECT_EQ(ParseFlowKey(p, 0, key), DropReason::NotIpv4);
    p[3] = 23; // not even ports
    EXPECT_EQ(ParseFlowKey(p, 0, key), DropReason::Truncated);
    EXPECT_EQ(key, untouched);
}

TEST(FlowKey, RandomBytesNeverCrash)
{
    std::mt19937_64 random(1);
    for (int i = 0; i < 200000; ++i)
    {
        Bytes p(random() % 64);
        for (auto& b : p)
        {
            b = static_cast<std::uint8_t>(random());
        }
        if (!p.empty() && i % 2)
        {
            p[0] = static_cast<std::uint8_t>(0x40 | (p[0] & 0x0f));
        }
        FlowKey key;
        Ipv4Info info;
        if (ParseFlowKey(p, 0, key, &info) == DropReason::None)
        {
            EXPECT_LE(info.totalLength, p.size());
        }
    }
}

FlowKey
Key(std::uint32_t n)
{
    return {n, ~n, static_cast<std::uint16_t>(n), 53, 17, 0};
}

TEST(FlowTable, FindsWhatWasInserted)
{
    FlowTable<int> table(100000, 1min);
    std::vector<FlowTable<int>::Entry*> places;
    for (std::uint32_t i = 0; i < 50000; ++i)
    {
        auto& e = table.Insert(Key(i), 0s, [](auto&) { FAIL(); });
        e.value = static_cast<int>(i);
        places.push_back(&e);
    }
    EXPECT_EQ(table.Size(), 50000U);
    for (std::uint32_t i = 0; i < 50000; ++i)
    {
        ASSERT_EQ(table.Find(Key(i), 1s), places[i]); // pointers stay
        EXPECT_EQ(places[i]->value, static_cast<int>(i));
    }
    EXPECT_EQ(table.Find(Key(50000), 1s), nullptr);
    EXPECT_TRUE(table.Erase(Key(7)));
    EXPECT_FALSE(table.Erase(Key(7)));
    EXPECT_EQ(table.Peek(Key(7)), nullptr);
}

TEST(FlowTable, ExpiresExactlyAndEvictsTheLeastRecentlyUsed)
{
    // Against a plain model.
    std::mt19937_64 random(4);
    FlowTable<int> table(50, 10s);
    std::unordered_map<std::uint32_t, TimeNs> model;
    for (int i = 0; i < 200000; ++i)
    {
        const TimeNs now = i * 7ms + 1ns * (i % 3);
        const auto n = static_cast<std::uint32_t>(random() % (i / 50000 * 20 + 30));
        std::size_t expired = std::erase_if(model, [&](auto& m) { return now - m.second >= 10s; });
        EXPECT_EQ(table.ExpireIdle(now, [](auto&) {}), expired);
        EXPECT_TRUE(table.Size() == 0 || table.NextExpiry() - 10s <= now);
        if (table.Find(Key(n), now))
        {
            ASSERT_TRUE(model.contains(n));
        }
        else
        {
            ASSERT_FALSE(model.contains(n));
            if (model.size() == 50)
            {
                const auto oldest =
                    std::min_element(model.begin(), model.end(), [](auto& a, auto& b) {
                        return a.second < b.second;
                    });
                const FlowKey key = Key(oldest->first);
                model.erase(oldest);
                table.Insert(Key(n), now, [&](auto& e) { EXPECT_EQ(e.key, key); });
            }
            else
            {
                table.Insert(Key(n), now, [](auto&) { FAIL(); });
            }
        }
        model[n] = now;
        ASSERT_EQ(table.Size(), model.size());
        if (i % 1000 == 999)
        {
            std::size_t live = 0;
            table.ForEach([&live](auto&) { ++live; });
            EXPECT_EQ(live, model.size());
        }
    }
}

TEST(FlowTable, EmptyAndRefusals)
{
    FlowTable<int> table(10, 1s);
    EXPECT_EQ(table.NextExpiry(), NEVER);
    EXPECT_EQ(table.ExpireIdle(1h, [](auto&) {}), 0U);
    EXPECT_THROW(FlowTable<int>(0, 1s), std::invalid_argument);
    EXPECT_THROW(FlowTable<int>(10, 0s), std::invalid_argument);
    EXPECT_THROW(FlowTable<int>(std::size_t{1} << 23, 1s), std::invalid_argument);
}

TEST(FlowIds, TwoEndsNeverCollideAndReuseIsLate)
{
    FlowIdAllocator zero(false);
    FlowIdAllocator one(true);
    std::set<FlowId> seen;
    for (int i = 0; i < 1000; ++i)
    {
        const FlowId a = zero.Allocate();
        const FlowId b = one.Allocate();
        EXPECT_TRUE(seen.insert(a).second);
        EXPECT_TRUE(seen.insert(b).second);
        EXPECT_LE(a, 0x7fffffU);
        EXPECT_GE(b, 0x800000U);
        EXPECT_LE(b, 0xffffffU);
        EXPECT_TRUE(zero.Own(a) && !zero.Own(b));
        zero.Release(a);
    }
    // All the way round: an identifier in use is passed over.
    FlowIdAllocator round(true);
    const FlowId held = round.Allocate();
    for (int i = 0; i < 0x7fffff; ++i)
    {
        round.Release(round.Allocate());
    }
    EXPECT_NE(round.Allocate(), held);
}

} // namespace
} // namespace weft::sdwan
