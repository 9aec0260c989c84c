// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/quantity.h"

#include "engine/spec/suggest.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

namespace weft::spec
{

namespace
{

/// A unit is @p factor times ten to the @p exponent base units.
struct Unit
{
    Dimension dimension;
    std::string_view name;
    std::int64_t factor;
    int exponent;
};

constexpr std::array UNITS{
    Unit{Dimension::Time, "ns", 1, 0},        Unit{Dimension::Time, "us", 1, 3},
    Unit{Dimension::Time, "ms", 1, 6},        Unit{Dimension::Time, "s", 1, 9},
    Unit{Dimension::Time, "min", 60, 9},      Unit{Dimension::Time, "h", 3600, 9},
    Unit{Dimension::Rate, "bps", 1, 0},       Unit{Dimension::Rate, "kbps", 1, 3},
    Unit{Dimension::Rate, "Mbps", 1, 6},      Unit{Dimension::Rate, "Gbps", 1, 9},
    Unit{Dimension::Size, "B", 1, 0},         Unit{Dimension::Size, "kB", 1, 3},
    Unit{Dimension::Size, "KiB", 1 << 10, 0}, Unit{Dimension::Size, "MB", 1, 6},
    Unit{Dimension::Size, "MiB", 1 << 20, 0}, Unit{Dimension::Size, "GB", 1, 9},
    Unit{Dimension::Size, "GiB", 1 << 30, 0}, Unit{Dimension::Fraction, "ppm", 1, -6},
    Unit{Dimension::Fraction, "%", 1, -2},    Unit{Dimension::Skew, "ppm", 1, 0},
    Unit{Dimension::Copies, "x", 1, 0},
};

constexpr std::size_t MOST_DIGITS = 18;

const Unit*
FindUnit(std::string_view name, Dimension dimension)
{
    for (const auto& unit : UNITS)
    {
        if (unit.dimension == dimension && unit.name == name)
        {
            return &unit;
        }
    }
    return nullptr;
}

std::string
Join(const std::vector<std::string>& words)
{
    return fmt::format("{}", fmt::join(words, ", "));
}

/// A decimal number: digits times ten to the exponent.
struct Decimal
{
    bool negative = false;
    std::int64_t digits = 0;
    int exponent = 0;
};

/// Reads the number that @p text begins with and removes it. @return what is wrong, or nothing
std::optional<std::string>
TakeNumber(std::string_view& text, Decimal& number)
{
    std::size_t i = 0;
    std::size_t significant = 0;
    bool any = false;
    bool point = false;
    for (; i < text.size(); ++i)
    {
        const char c = text[i];
        if (c == '.' && !point)
        {
            point = true;
            continue;
        }
        if (c < '0' || c > '9')
        {
            break;
        }
        any = true;
        if (significant > 0 || c != '0')
        {
            if (++significant > MOST_DIGITS)
            {
                return fmt::format("more than {} digits", MOST_DIGITS);
            }
        }
        number.digits = number.digits * 10 + (c - '0');
        number.exponent -= point ? 1 : 0;
    }
    if (!any)
    {
        return "no number";
    }
    if (text[0] == '.' || text[i - 1] == '.')
    {
        return "a decimal point needs a digit on either side";
    }
    if (i > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9')
    {
        return "a number does not begin with 0";
    }
    if (-number.exponent > 30)
    {
        return "more than 30 decimals";
    }
    text.remove_prefix(i);
    return std::nullopt;
}

/// Fills a quantity with number times unit, exactly. @return whether it can be represented
bool
Scale(const Decimal& number, const Unit& unit, Quantity& quantity)
{
    __extension__ using Wide = __int128;
    Wide whole = Wide{number.digits} * unit.factor;
    int exponent = number.exponent + unit.exponent;
    while (exponent < 0 && whole != 0 && whole % 10 == 0)
    {
        whole /= 10;
        ++exponent;
    }
    if (whole > Wide{std::numeric_limits<std::int64_t>::max()})
    {
        return false;
    }
    const auto digits = fmt::format("{}{}e{}",
                                    number.negative && whole != 0 ? "-" : "",
                                    static_cast<std::int64_t>(whole),
                                    whole == 0 ? 0 : exponent);
    std::from_chars(digits.data(), digits.data() + digits.size(), quantity.value);
    if (whole == 0)
    {
        return true;
    }
    if (exponent >= 0)
    {
        for (; exponent > 0; --exponent)
        {
            whole *= 10;
            if (whole > Wide{std::numeric_limits<std::int64_t>::max()})
            {
                return false;
            }
        }
        quantity.integer = static_cast<std::int64_t>(number.negative ? -whole : whole);
        return true;
    }
    return unit.dimension != Dimension::Time && unit.dimension != Dimension::Size;
}

QuantityResult
Fail(std::string error, std::string hint = {})
{
    return {{}, std::move(error), std::move(hint)};
}

/// @return what is wrong with a unit that the dimension does not have
QuantityResult
WrongUnit(std::string_view number, std::string_view unit, Dimension dimension)
{
    const auto needs =
        fmt::format("{} is needed ({})", Describe(dimension), Join(UnitsOf(dimension)));
    for (const auto& other : UNITS)
    {
        if (other.name == unit)
        {
            return Fail(fmt::format(
                "'{}{}' is {}, but {}", number, unit, Describe(other.dimension), needs));
        }
    }
    std::string hint;
    if (const auto near = Suggest(unit, UnitsOf(dimension)))
    {
        hint = fmt::format("did you mean '{}{}'?", number, *near);
    }
    return Fail(fmt::format("unknown unit '{}'; {}", unit, needs), hint);
}

} // namespace

QuantityResult
ParseQuantity(std::string_view text, Dimension dimension)
{
    const auto whole = text;
    QuantityResult result;
    Decimal number;
    if (text.starts_with('+'))
    {
        result.quantity.plus = true;
        text.remove_prefix(1);
    }
    else if (text.starts_with('-'))
    {
        number.negative = true;
        text.remove_prefix(1);
    }
    if (const auto wrong = TakeNumber(text, number))
    {
        if (*wrong == "no number")
        {
            return Fail(fmt::format("'{}' is not {}", whole, Describe(dimension)));
        }
        return Fail(fmt::format("'{}': {}", whole, *wrong));
    }
    const auto written = whole.substr(0, whole.size() - text.size());
    while (text.starts_with(' '))
    {
        text.remove_prefix(1);
    }
    static constexpr Unit BARE{Dimension::None, "", 1, 0};
    const Unit* unit = dimension == Dimension::None ? &BARE : FindUnit(text, dimension);
    if (dimension == Dimension::None)
    {
        if (!text.empty())
        {
            return Fail(fmt::format("'{}' is not a bare number", whole));
        }
    }
    else if (text.empty())
    {
        return Fail(fmt::format("'{}' has no unit; {} is needed ({})",
                                whole,
                                Describe(dimension),
                                Join(UnitsOf(dimension))));
    }
    else if (!unit)
    {
        return WrongUnit(written, text, dimension);
    }
    const bool signedKind = dimension == Dimension::None || dimension == Dimension::Time ||
                            dimension == Dimension::Skew;
    if (number.negative && !signedKind)
    {
        return Fail(fmt::format("'{}' is negative", whole));
    }
    if (!Scale(number, *unit, result.quantity))
    {
        const bool fine = number.exponent < 0 && number.digits < 1'000'000'000;
        return Fail(fine && dimension == Dimension::Time
                        ? fmt::format("'{}' is finer than a nanosecond", whole)
                    : fine && dimension == Dimension::Size
                        ? fmt::format("'{}' is no whole number of bytes", whole)
                        : fmt::format("'{}' is too large or too fine", whole));
    }
    return result;
}

const std::vector<std::string>&
UnitsOf(Dimension dimension)
{
    static const auto all = [] {
        std::array<std::vector<std::string>, 7> lists;
        for (const auto& unit : UNITS)
        {
            lists[static_cast<std::size_t>(unit.dimension)].emplace_back(unit.name);
        }
        return lists;
    }();
    return all[static_cast<std::size_t>(dimension)];
}

std::string_view
Describe(Dimension dimension)
{
    switch (dimension)
    {
    case Dimension::None:
        return "a number";
    case Dimension::Time:
        return "a time";
    case Dimension::Rate:
        return "a rate";
    case Dimension::Size:
        return "a size";
    case Dimension::Fraction:
        return "a fraction";
    case Dimension::Skew:
        return "a clock skew";
    case Dimension::Copies:
        return "a number of copies";
    }
    return "";
}

std::string
FormatQuantity(double value, Dimension dimension)
{
    if (dimension == Dimension::None)
    {
        return fmt::format("{}", value);
    }
    if (dimension == Dimension::Fraction)
    {
        return fmt::format("{:.10g}%", value * 100);
    }
    const Unit* best = nullptr;
    for (const auto& unit : UNITS)
    {
        if (unit.dimension != dimension || unit.name == "min" || unit.name == "h")
        {
            continue;
        }
        const double size = static_cast<double>(unit.factor) * std::pow(10, unit.exponent);
        const bool binary = unit.name.find('i') != std::string_view::npos;
        // A binary unit only where it divides the value; a decimal one wherever it is not larger.
        if (!best || (std::abs(value) >= size && (!binary || std::fmod(value, size) == 0)))
        {
            best = &unit;
        }
    }
    const double size = static_cast<double>(best->factor) * std::pow(10, best->exponent);
    return fmt::format("{:.10g}{}", value / size, best->name);
}

} // namespace weft::spec
