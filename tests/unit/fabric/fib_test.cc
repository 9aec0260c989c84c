// SPDX-License-Identifier: GPL-2.0-only
/** @file Longest prefix match against a list that is searched from end to end. */
#include "underlay-fib.h"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>

namespace weft::underlay
{
namespace
{

using netbase::IpAddress;
using netbase::IpPrefix;

IpPrefix
Prefix(const char* address, unsigned length)
{
    return {*IpAddress::Parse(address), length};
}

/// Every prefix in a list.
class NaiveFib
{
  public:
    void
    Insert(const IpPrefix& prefix, Fib::Value value)
    {
        Remove(prefix);
        m_entries.emplace_back(prefix, value);
    }

    bool
    Remove(const IpPrefix& prefix)
    {
        return std::erase_if(m_entries, [&](const auto& e) { return e.first == prefix; }) > 0;
    }

    std::optional<Fib::Value>
    LookUp(const IpAddress& address) const
    {
        std::optional<Fib::Value> best;
        unsigned length = 0;
        for (const auto& [prefix, value] : m_entries)
        {
            if (prefix.address.IsV4() == address.IsV4() && prefix.Contains(address) &&
                (!best || prefix.length >= length))
            {
                best = value;
                length = prefix.length;
            }
        }
        return best;
    }

    std::size_t
    Size() const
    {
        return m_entries.size();
    }

  private:
    std::vector<std::pair<IpPrefix, Fib::Value>> m_entries;
};

/// An address of few different bits, so that prefixes overlap.
IpAddress
RandomAddress(std::mt19937_64& random, bool v6)
{
    if (!v6)
    {
        return IpAddress::V4(0x0a000000u | (random() & 0x00030303u));
    }
    IpAddress address;
    netbase::Write16(&address.octets[0], 0xfd00);
    for (const int i : {2, 7, 15})
    {
        address.octets[i] = static_cast<std::uint8_t>(random() & 3);
    }
    return address;
}

IpPrefix
RandomPrefix(std::mt19937_64& random, bool v6)
{
    IpPrefix prefix{RandomAddress(random, v6), 0};
    // Few short ones, or nothing would ever be without a route.
    const unsigned shortest = random() % 1000 == 0 ? 0 : v6 ? 60 : 23;
    const unsigned longest = v6 ? 128 : 32;
    prefix.length = shortest + static_cast<unsigned>(random() % (longest - shortest + 1));
    for (unsigned bit = v6 ? prefix.length : 96 + prefix.length; bit < 128; ++bit)
    {
        prefix.address.octets[bit / 8] &= static_cast<std::uint8_t>(~(0x80u >> bit % 8));
    }
    return prefix;
}

TEST(Fib, MatchesTheNaiveSearchWhateverComesAndGoes)
{
    std::mt19937_64 random(1);
    Fib fib;
    NaiveFib naive;
    std::size_t hits = 0;
    for (int step = 0; step < 20000; ++step)
    {
        const bool v6 = random() & 1;
        const IpPrefix prefix = RandomPrefix(random, v6);
        if (random() % 3 == 0)
        {
            ASSERT_EQ(fib.Remove(prefix), naive.Remove(prefix)) << prefix.ToString();
        }
        else if (naive.Size() < 300)
        {
            const auto value = static_cast<Fib::Value>(random() & 0xff);
            fib.Insert(prefix, value);
            naive.Insert(prefix, value);
        }
        ASSERT_EQ(fib.Size(), naive.Size());
        for (int i = 0; i < 5; ++i)
        {
            const IpAddress address = RandomAddress(random, random() & 1);
            const auto expected = naive.LookUp(address);
            ASSERT_EQ(fib.LookUp(address), expected) << address.ToString();
            hits += expected.has_value();
        }
    }
    EXPECT_GT(hits, 10000u);
    EXPECT_LT(hits, 98000u);
}

TEST(Fib, EntriesAreListedLongestFirst)
{
    Fib fib;
    EXPECT_TRUE(fib.Insert(Prefix("0.0.0.0", 0), 1));
    EXPECT_TRUE(fib.Insert(Prefix("::", 0), 2));
    EXPECT_TRUE(fib.Insert(Prefix("10.0.0.0", 8), 3));
    EXPECT_TRUE(fib.Insert(Prefix("10.0.0.9", 32), 4));
    EXPECT_TRUE(fib.Insert(Prefix("fd00::", 8), 5));
    EXPECT_FALSE(fib.Insert(Prefix("10.0.0.0", 8), 6));
    std::vector<Fib::Value> order;
    for (const auto& [prefix, value] : fib.Entries())
    {
        order.push_back(value);
        EXPECT_EQ(fib.Find(prefix), value);
    }
    EXPECT_EQ(order, (std::vector<Fib::Value>{4, 6, 1, 5, 2}));
    EXPECT_EQ(fib.LookUpV4(0x0a000009), 4u);
    EXPECT_EQ(fib.LookUpV4(0x0b000009), 1u);
    EXPECT_EQ(fib.Find(Prefix("10.0.0.0", 9)), std::nullopt);
}

TEST(Fib, RefusesPrefixesThatAreNone)
{
    Fib fib;
    EXPECT_THROW(fib.Insert(Prefix("10.0.0.1", 24), 1), std::invalid_argument);
    EXPECT_THROW(fib.Insert(Prefix("10.0.0.0", 33), 1), std::invalid_argument);
    EXPECT_THROW(fib.Insert(Prefix("fd00::1", 64), 1), std::invalid_argument);
    EXPECT_THROW(fib.Insert(Prefix("fd00::", 129), 1), std::invalid_argument);
    EXPECT_EQ(fib.Size(), 0u);
}

} // namespace
} // namespace weft::underlay
