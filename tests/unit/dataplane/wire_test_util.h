// SPDX-License-Identifier: GPL-2.0-only
/// @file Helpers of the wire tests: hex, random bytes, packet channels clocked by packet,
/// intervals.
#ifndef WEFT_WIRE_TEST_UTIL_H
#define WEFT_WIRE_TEST_UTIL_H

#include "sdwan-types.h"

#include <cmath>
#include <random>
#include <string_view>
#include <vector>

namespace weft::sdwan::test
{

inline Bytes
Hex(std::string_view text)
{
    const auto digit = [](char c) {
        return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10);
    };
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    {
        bytes.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
    }
    return bytes;
}

using Random = std::mt19937_64;

inline Bytes
RandomBytes(Random& random, std::size_t n)
{
    Bytes bytes(n);
    for (auto& b : bytes)
    {
        b = static_cast<std::uint8_t>(random());
    }
    return bytes;
}

/// Uniform in [0, n).
inline std::uint64_t
Below(Random& random, std::uint64_t n)
{
    return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random);
}

inline double
Uniform(Random& random)
{
    return std::uniform_real_distribution<double>()(random);
}

inline Bytes
Copy(ByteView view)
{
    return {view.begin(), view.end()};
}

/// Two-state loss clocked by packet: lost in the bad state. Bernoulli when r = 1 - a. Starts
/// stationary.
class PacketChannel
{
  public:
    PacketChannel(double a, double r, std::uint64_t seed)
        : m_random(seed), m_a(a), m_r(r), m_bad(Uniform(m_random) < a / (a + r))
    {
    }

    bool
    Lost()
    {
        const bool lost = m_bad;
        m_bad = Uniform(m_random) < (m_bad ? 1 - m_r : m_a);
        return lost;
    }

  private:
    Random m_random;
    double m_a;
    double m_r;
    bool m_bad;
};

/**
 * Mean of a stationary series by batch means: the interval holds for correlated terms as long as a
 * batch is far longer than the correlation. With 5.8 standard errors and 200 batches a false alarm
 * is rarer than 1e-7 (Student's t).
 */
class BatchMean
{
  public:
    explicit BatchMean(std::size_t batch) : m_batch(batch)
    {
    }

    void
    Add(double value)
    {
        m_sum += value;
        if (++m_count == m_batch)
        {
            const double mean = m_sum / static_cast<double>(m_batch);
            m_total += mean;
            m_squares += mean * mean;
            ++m_batches;
            m_sum = 0;
            m_count = 0;
        }
    }

    double
    Mean() const
    {
        return m_total / static_cast<double>(m_batches);
    }

    double
    HalfWidth() const
    {
        const auto n = static_cast<double>(m_batches);
        return 5.8 * std::sqrt((m_squares / n - Mean() * Mean()) / (n - 1));
    }

    std::size_t
    Batches() const
    {
        return m_batches;
    }

  private:
    std::size_t m_batch;
    std::size_t m_count = 0;
    std::size_t m_batches = 0;
    double m_sum = 0;
    double m_total = 0;
    double m_squares = 0;
};

} // namespace weft::sdwan::test

#endif
