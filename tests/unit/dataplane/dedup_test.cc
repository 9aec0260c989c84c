// SPDX-License-Identifier: GPL-2.0-only
// Each sequence of a flow passes once.
#include "sdwan-dedup-window.h"
#include "wire_test_util.h"

#include <gtest/gtest.h>

namespace weft::sdwan::test
{
namespace
{

TEST(DedupWindow, TwoCopiesShuffledAcrossTheWrapPassOnce)
{
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
    {
        Random random(seed);
        DedupWindow window(1024);
        std::vector<std::uint8_t> passed(300'000);
        std::vector<std::uint32_t> air;
        const std::uint32_t start = 0xffffff - 150'000;
        for (std::uint32_t i = 0; i < passed.size(); ++i)
        {
            air.push_back(i);
            air.push_back(i);
            while (air.size() > 600) // a copy may lag by hundreds of packets
            {
                std::swap(air[Below(random, 100)], air.back());
                const std::uint32_t at = air.back();
                air.pop_back();
                passed[at] += window.Accept(SerialAdd<24>(start, at)) == DropReason::None;
                ASSERT_LE(passed[at], 1);
                // Bound the lag: the oldest leaves first every other time.
                std::swap(air.front(), air.back());
                const std::uint32_t old = air.back();
                air.pop_back();
                passed[old] += window.Accept(SerialAdd<24>(start, old)) == DropReason::None;
                ASSERT_LE(passed[old], 1);
                std::sort(air.begin(), air.end());
            }
            if (i > 20'000)
            {
                break;
            }
        }
        EXPECT_EQ(window.Restarts(), 0U);
        EXPECT_EQ(window.Accepted() + window.Duplicates() + air.size(), 2U * 20'002);
    }
}

TEST(DedupWindow, FirstPacketsOutOfOrderAllPass)
{
    DedupWindow window;
    for (const std::uint32_t s : {5U, 3U, 4U, 0U, 1U, 2U, 6U})
    {
        EXPECT_EQ(window.Accept(s), DropReason::None) << s;
        EXPECT_EQ(window.Accept(s), DropReason::Duplicate) << s;
    }
}

TEST(DedupWindow, JumpsForwardAreFollowedAtOnce)
{
    DedupWindow window;
    std::uint32_t s = 0;
    for (const std::uint32_t jump : {1U, 5'000U, 50'000U, 4'000'000U, 8'000'000U, 8'388'606U})
    {
        s = SerialAdd<24>(s, jump);
        for (int i = 0; i < 100; ++i)
        {
            ASSERT_EQ(window.Accept(s), DropReason::None) << jump;
            ASSERT_EQ(window.Accept(s), DropReason::Duplicate);
            s = SerialAdd<24>(s, 1);
        }
    }
    EXPECT_EQ(window.Restarts(), 0U);
}

TEST(DedupWindow, ARestartedSenderIsFollowedAfterARun)
{
    for (const std::uint32_t old : {5'000U, 100'000U, 8'000'000U})
    {
        DedupWindow window;
        for (std::uint32_t s = old - 2000; s < old; ++s)
        {
            ASSERT_EQ(window.Accept(s), DropReason::None);
        }
        std::uint32_t refused = 0;
        for (std::uint32_t s = 0; s < 500; ++s)
        {
            refused += window.Accept(s) != DropReason::None;
        }
        EXPECT_EQ(window.Restarts(), 1U);
        EXPECT_EQ(refused, DedupWindow::RESTART_RUN - 1);
    }
}

TEST(DedupWindow, StragglersBetweenFreshPacketsNeverRestartIt)
{
    DedupWindow window(64);
    for (std::uint32_t s = 10'000; s < 20'000; ++s)
    {
        ASSERT_EQ(window.Accept(s), DropReason::None);
        ASSERT_EQ(window.Accept(s - 5'000), DropReason::Duplicate)
            << "far behind, ascending, but not alone";
    }
    EXPECT_EQ(window.Restarts(), 0U);
}

TEST(DedupWindow, SizeIsChecked)
{
    EXPECT_THROW(DedupWindow(10), std::invalid_argument);
}

} // namespace
} // namespace weft::sdwan::test
