// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Counter-based, named random streams.
 *
 * A stream is named by what it belongs to - (seed, name, direction, purpose) - and draw k of it is
 * a pure function of that name and k. There is no state: draws may be made in any order, any number
 * of times, by anyone, and creating one more stream never moves another.
 *
 * Generator: Philox4x32-10, Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1,
 * 2, 3", SC'11 (passes BigCrush). Names become keys by a chain of the SplitMix64 finaliser (Steele,
 * Lea and Flood, OOPSLA 2014).
 */
#ifndef UNDERLAY_RANDOM_H
#define UNDERLAY_RANDOM_H

#include "underlay-types.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>

namespace weft::underlay
{

/// One Philox4x32-10 block: 128 bits of counter and 64 bits of key to 128 random bits.
constexpr std::array<std::uint32_t, 4>
Philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key)
{
    for (int round = 0; round < 10; ++round)
    {
        const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
        const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
        counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0],
                   static_cast<std::uint32_t>(b),
                   static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1],
                   static_cast<std::uint32_t>(a)};
        key[0] += 0x9E3779B9;
        key[1] += 0xBB67AE85;
    }
    return counter;
}

/// A named stream of independent draws; see the head of this file. Copies are equal streams.
class RandomStream
{
  public:
    /**
     * @param seed of the whole run
     * @param name what the stream belongs to, such as the name of a path
     * @param direction along the path
     * @param purpose what is drawn; streams of the same name but another purpose are independent
     */
    constexpr RandomStream(std::uint64_t seed,
                           std::string_view name,
                           Direction direction,
                           std::string_view purpose)
    {
        // Lengths go in before texts, so that no two different names run together into one.
        std::uint64_t h = Mix(seed ^ 0x9E3779B97F4A7C15);
        h = Absorb(h, name);
        h = Mix(h ^ (static_cast<std::uint64_t>(direction) + 1));
        m_key = Absorb(h, purpose);
        m_high = Mix(m_key ^ 0xD1B54A32D192ED03);
    }

    /// @return 128 random bits of draw @p k, as two words.
    constexpr std::array<std::uint64_t, 2>
    Bits(std::uint64_t k) const
    {
        const auto r = Philox4x32(
            {static_cast<std::uint32_t>(k),
             static_cast<std::uint32_t>(k >> 32),
             static_cast<std::uint32_t>(m_high),
             static_cast<std::uint32_t>(m_high >> 32)},
            {static_cast<std::uint32_t>(m_key), static_cast<std::uint32_t>(m_key >> 32)});
        return {(std::uint64_t{r[1]} << 32) | r[0], (std::uint64_t{r[3]} << 32) | r[2]};
    }

    /// @return draw @p k, uniform in the open interval (0, 1).
    constexpr double
    Uniform(std::uint64_t k) const
    {
        return ToUnit(Bits(k)[0]);
    }

    /// @return draw @p k, exponential with mean 1.
    double
    Exponential(std::uint64_t k) const
    {
        return -std::log(Uniform(k));
    }

    /// @return draw @p k, normal with mean 0 and variance 1 (Box and Muller 1958).
    double
    Normal(std::uint64_t k) const
    {
        const auto bits = Bits(k);
        return std::sqrt(-2.0 * std::log(ToUnit(bits[0]))) *
               std::cos(2.0 * std::numbers::pi * ToUnit(bits[1]));
    }

  private:
    static constexpr std::uint64_t
    Mix(std::uint64_t x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    static constexpr std::uint64_t
    Absorb(std::uint64_t h, std::string_view text)
    {
        h = Mix(h ^ text.size());
        for (const char c : text)
        {
            h = Mix(h ^ static_cast<unsigned char>(c));
        }
        return h;
    }

    static constexpr double
    ToUnit(std::uint64_t bits)
    {
        return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
    }

    std::uint64_t m_key = 0;  ///< key of the block function
    std::uint64_t m_high = 0; ///< upper half of every counter: 128 bits of name in all
};

} // namespace weft::underlay

#endif
