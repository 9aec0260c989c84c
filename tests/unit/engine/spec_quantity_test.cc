// SPDX-License-Identifier: GPL-2.0-only
/** @file Numbers with units. */

#include "engine/spec/quantity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace
{

using namespace weft::spec;

double
Read(std::string_view text, Dimension dimension)
{
    const auto result = ParseQuantity(text, dimension);
    EXPECT_TRUE(result) << text << ": " << result.error;
    return result.quantity.value;
}

TEST(SpecQuantity, ReadsEveryUnit)
{
    EXPECT_EQ(Read("7ns", Dimension::Time), 7);
    EXPECT_EQ(Read("7us", Dimension::Time), 7e3);
    EXPECT_EQ(Read("7ms", Dimension::Time), 7e6);
    EXPECT_EQ(Read("7s", Dimension::Time), 7e9);
    EXPECT_EQ(Read("7min", Dimension::Time), 420e9);
    EXPECT_EQ(Read("7h", Dimension::Time), 25200e9);
    EXPECT_EQ(Read("7bps", Dimension::Rate), 7);
    EXPECT_EQ(Read("7kbps", Dimension::Rate), 7e3);
    EXPECT_EQ(Read("7Mbps", Dimension::Rate), 7e6);
    EXPECT_EQ(Read("7Gbps", Dimension::Rate), 7e9);
    EXPECT_EQ(Read("7B", Dimension::Size), 7);
    EXPECT_EQ(Read("7kB", Dimension::Size), 7000);
    EXPECT_EQ(Read("7KiB", Dimension::Size), 7168);
    EXPECT_EQ(Read("7MB", Dimension::Size), 7e6);
    EXPECT_EQ(Read("7MiB", Dimension::Size), 7340032);
    EXPECT_EQ(Read("7GB", Dimension::Size), 7e9);
    EXPECT_EQ(Read("7GiB", Dimension::Size), 7516192768);
    EXPECT_EQ(Read("7%", Dimension::Fraction), 0.07);
    EXPECT_EQ(Read("7ppm", Dimension::Fraction), 7e-6);
    EXPECT_EQ(Read("-7ppm", Dimension::Skew), -7);
    EXPECT_EQ(Read("1.5x", Dimension::Copies), 1.5);
    EXPECT_EQ(Read("-0.1276", Dimension::None), -0.1276);
    EXPECT_EQ(Read("0.5 ms", Dimension::Time), 5e5);
    EXPECT_EQ(Read("-1h", Dimension::Time), -3600e9);
}

TEST(SpecQuantity, IsExact)
{
    EXPECT_EQ(Read("0.1%", Dimension::Fraction), 0.001);
    EXPECT_EQ(Read("0.1%", Dimension::Fraction), Read("1000ppm", Dimension::Fraction));
    EXPECT_EQ(ParseQuantity("0.000000001s", Dimension::Time).quantity.integer, 1);
    EXPECT_EQ(ParseQuantity("0.0005KiB", Dimension::Size).error,
              "'0.0005KiB' is no whole number of bytes");
    EXPECT_FALSE(ParseQuantity("0.1ns", Dimension::Time));
    EXPECT_FALSE(ParseQuantity("9999999999h", Dimension::Time));
    EXPECT_FALSE(ParseQuantity("1234567890123456789s", Dimension::Time));
}

TEST(SpecQuantity, RefusesWhatIsNoQuantity)
{
    for (const auto text : {"",
                            "5",
                            "ms",
                            "5 5ms",
                            "5mss",
                            "1e3ms",
                            "1.ms",
                            ".5ms",
                            "05ms",
                            "--5ms",
                            "+-5ms",
                            "0x5ms",
                            "5,5ms",
                            "nan",
                            "infms",
                            "5ms ",
                            "5Ms"})
    {
        EXPECT_FALSE(ParseQuantity(text, Dimension::Time)) << text;
    }
    EXPECT_FALSE(ParseQuantity("-5%", Dimension::Fraction));
    EXPECT_FALSE(ParseQuantity("-5Mbps", Dimension::Rate));
}

TEST(SpecQuantity, SuggestsTheUnitMeant)
{
    EXPECT_EQ(ParseQuantity("50mbps", Dimension::Rate).hint, "did you mean '50Mbps'?");
    EXPECT_EQ(ParseQuantity("5Ms", Dimension::Time).hint, "did you mean '5ms'?");
    EXPECT_EQ(ParseQuantity("5kib", Dimension::Size).hint, "did you mean '5KiB'?");
}

/// Whatever whole number of base units is spelt in whichever unit, it reads back the same.
TEST(SpecQuantity, ReadsTheSameInEveryUnit)
{
    std::mt19937_64 random(1);
    for (int i = 0; i < 2000; ++i)
    {
        const auto ms = static_cast<long long>(random() % 1'000'000'000);
        const auto fraction = static_cast<unsigned>(ms % 1000);
        char seconds[64];
        std::snprintf(seconds, sizeof seconds, "%lld.%03us", ms / 1000, fraction);
        EXPECT_EQ(ParseQuantity(seconds, Dimension::Time).quantity.integer, ms * 1'000'000);
        EXPECT_EQ(ParseQuantity(std::to_string(ms) + "ms", Dimension::Time).quantity.integer,
                  ms * 1'000'000);
        EXPECT_EQ(ParseQuantity(std::to_string(ms * 1000) + "us", Dimension::Time).quantity.integer,
                  ms * 1'000'000);
    }
}

/// Formatting keeps the value: reading it again gives it back to ten digits.
TEST(SpecQuantity, FormatsWhatItReads)
{
    std::mt19937_64 random(2);
    for (const auto dimension :
         {Dimension::Time, Dimension::Rate, Dimension::Size, Dimension::Fraction})
    {
        for (int i = 0; i < 500; ++i)
        {
            const auto digits = static_cast<double>(random() % 100000);
            const double value =
                dimension == Dimension::Fraction ? digits / 1e6 : digits * std::pow(10, i % 5);
            const auto text = FormatQuantity(value, dimension);
            const auto result = ParseQuantity(text, dimension);
            ASSERT_TRUE(result) << text << ": " << result.error;
            EXPECT_NEAR(result.quantity.value, value, std::abs(value) * 1e-9) << text;
        }
    }
    EXPECT_EQ(FormatQuantity(65e6, Dimension::Time), "65ms");
    EXPECT_EQ(FormatQuantity(50e6, Dimension::Rate), "50Mbps");
    EXPECT_EQ(FormatQuantity(262144, Dimension::Size), "256KiB");
    EXPECT_EQ(FormatQuantity(0.001, Dimension::Fraction), "0.1%");
}

TEST(SpecQuantity, NeverCrashesOnRandomText)
{
    std::mt19937_64 random(3);
    constexpr std::string_view LETTERS = "0123456789.+- %msnuhiMGKBbpx\xc3\xb5";
    for (int i = 0; i < 20000; ++i)
    {
        std::string text;
        for (auto n = random() % 24; n > 0; --n)
        {
            text += LETTERS[random() % LETTERS.size()];
        }
        for (int d = 0; d <= static_cast<int>(Dimension::Copies); ++d)
        {
            const auto result = ParseQuantity(text, static_cast<Dimension>(d));
            EXPECT_TRUE(!result || std::isfinite(result.quantity.value)) << text;
        }
    }
}

} // namespace
