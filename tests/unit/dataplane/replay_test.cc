// SPDX-License-Identifier: GPL-2.0-only
// The sliding bitmap against a set that remembers everything.
#include "sdwan-replay-window.h"
#include "wire_test_util.h"

#include <gtest/gtest.h>
#include <unordered_set>

namespace weft::sdwan::test
{
namespace
{

template <unsigned BITS>
void
CompareWithSet(std::uint32_t size, std::int64_t start, std::int64_t maxStep, std::uint64_t seed)
{
    Random random(seed);
    SequenceWindow<BITS> window(size);
    ASSERT_EQ(window.Size(), size);
    std::unordered_set<std::int64_t> seen;
    std::int64_t newest = start;
    bool any = false;
    for (int i = 0; i < 300'000; ++i)
    {
        const auto behind = static_cast<std::int64_t>(Below(random, 2 * window.Size()));
        const bool forward = Below(random, 3) == 0;
        const std::int64_t at =
            forward
                ? newest + 1 +
                      static_cast<std::int64_t>(Below(random, static_cast<std::uint64_t>(maxStep)))
                : newest - behind;
        const auto wire =
            static_cast<std::uint32_t>(static_cast<std::uint64_t>(at)) & SERIAL_MASK<BITS>;
        using State = typename SequenceWindow<BITS>::State;
        State expected = seen.contains(at) ? State::Seen : State::New;
        if (any && newest - at >= static_cast<std::int64_t>(window.Size()))
        {
            expected = State::TooOld;
        }
        ASSERT_EQ(window.Look(wire), expected) << "at " << at << " newest " << newest;
        if (expected == State::New)
        {
            window.Mark(wire);
            seen.insert(at);
            newest = any ? std::max(newest, at) : at;
            any = true;
            ASSERT_EQ(window.Newest(),
                      static_cast<std::uint32_t>(static_cast<std::uint64_t>(newest)) &
                          SERIAL_MASK<BITS>);
        }
    }
}

TEST(SequenceWindow, AgreesWithASetThatForgetsNothing)
{
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
    {
        CompareWithSet<32>(4096, 0, 3, seed);
        CompareWithSet<32>(64, 0xffffff00, 5, seed);
        CompareWithSet<32>(4096, 0xfffff000, 20'000, seed);
        CompareWithSet<24>(1024, 0xffff00, 4, seed);
        CompareWithSet<24>(1000, 0, 3000, seed); // a million packets: wraps dozens of times
        CompareWithSet<24>(64, 5, 64, seed);
    }
}

TEST(SequenceWindow, JumpsOfAnySizeClearTheBitmap)
{
    for (unsigned shift = 0; shift < 31; ++shift)
    {
        SequenceWindow<32> window(256);
        for (std::uint32_t s = 0; s < 1000; ++s)
        {
            window.Mark(s);
        }
        const std::uint32_t to = 999 + (1U << shift);
        ASSERT_EQ(window.Look(to), SequenceWindow<32>::State::New);
        window.Mark(to);
        for (std::uint32_t back = 1; back < window.Size(); ++back)
        {
            const auto expected =
                to - back < 1000 ? SequenceWindow<32>::State::Seen : SequenceWindow<32>::State::New;
            ASSERT_EQ(window.Look(to - back), expected) << "jump 2^" << shift << " back " << back;
        }
        ASSERT_EQ(window.Look(to - window.Size()), SequenceWindow<32>::State::TooOld);
    }
}

TEST(SequenceWindow, SizeIsChecked)
{
    EXPECT_THROW(SequenceWindow<32>(63), std::invalid_argument);
    EXPECT_THROW(SequenceWindow<24>((1 << 21) + 1), std::invalid_argument);
    EXPECT_EQ(SequenceWindow<32>(64).Size(), 64U);
    EXPECT_EQ(SequenceWindow<32>(1000).Size(), 1000U);
}

} // namespace
} // namespace weft::sdwan::test
