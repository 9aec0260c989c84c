// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Numbers with units, as scenario files write them: "5ms", "0.1%", "50Mbps", "256KiB".
 *
 * A quantity is a decimal number without exponent, at most 18 digits, and a unit, with or without a
 * space between. Arithmetic is exact: "0.1%" and "1000ppm" give the same bits, and a time that is
 * no whole number of nanoseconds is refused rather than rounded.
 */
#ifndef WEFT_SPEC_QUANTITY_H
#define WEFT_SPEC_QUANTITY_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weft::spec
{

/// What a quantity measures.
enum class Dimension
{
    None,     ///< a bare number
    Time,     ///< ns us ms s min h
    Rate,     ///< bps kbps Mbps Gbps
    Size,     ///< B kB MB GB KiB MiB GiB
    Fraction, ///< % ppm
    Skew,     ///< ppm, may be negative
    Copies,   ///< x
};

/// A parsed quantity. Base units: ns, bit/s, byte, fraction of one, ppm (skew), one.
struct Quantity
{
    double value = 0;         ///< in base units, correctly rounded
    std::int64_t integer = 0; ///< the same when it is whole (always for Time and Size)
    bool plus = false;        ///< written with a leading '+'
};

/// A parsed quantity, or what is wrong with it.
struct QuantityResult
{
    Quantity quantity;
    std::string error; ///< empty when all is well
    std::string hint;  ///< "did you mean '5Mbps'?"
    explicit operator bool() const
    {
        return error.empty();
    }
};

/// Reads a quantity of the given dimension. A leading '+' is accepted and reported; a leading '-'
/// only for None, Time and Skew.
QuantityResult ParseQuantity(std::string_view text, Dimension dimension);

/// @return the units of a dimension, the smallest first
const std::vector<std::string>& UnitsOf(Dimension dimension);

/// @return "a time", "a rate" ...
std::string_view Describe(Dimension dimension);

/// @return a value in base units with the largest unit that keeps it short: 0.065 s as "65ms"
std::string FormatQuantity(double value, Dimension dimension);

} // namespace weft::spec

#endif
