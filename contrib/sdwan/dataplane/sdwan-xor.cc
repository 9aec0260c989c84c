// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-xor.h"

#include <algorithm>
#include <cstring>

// One object file serves old and new CPUs: the loader picks the clone. Sanitizers start too late
// for such a choice.
#if defined(__x86_64__) && defined(__ELF__) && defined(__GNUC__) && !defined(__clang__) &&         \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WEFT_XOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define WEFT_XOR_CLONES
#endif

namespace weft::sdwan
{

namespace
{

/// 32 bytes in a register (two, where the CPU has none that wide). Loaded and stored at any
/// address.
using Block [[gnu::vector_size(32)]] = std::uint64_t;

/// One pass over the destination (itself a source if ADD), whatever the number of sources.
template <std::size_t SOURCES, bool ADD>
[[gnu::always_inline]] inline void
Pass(std::uint8_t* __restrict dst, const std::uint8_t* const* sources, std::size_t n)
{
    const std::uint8_t* src[SOURCES];
    std::copy_n(sources, SOURCES, src);
    std::size_t i = 0;
    for (; i + 64 <= n; i += 64)
    {
        Block low{};
        Block high{};
        if constexpr (ADD)
        {
            std::memcpy(&low, dst + i, 32);
            std::memcpy(&high, dst + i + 32, 32);
        }
        for (std::size_t k = 0; k < SOURCES; ++k)
        {
            Block sourceLow;
            Block sourceHigh;
            std::memcpy(&sourceLow, src[k] + i, 32);
            std::memcpy(&sourceHigh, src[k] + i + 32, 32);
            low ^= sourceLow;
            high ^= sourceHigh;
        }
        std::memcpy(dst + i, &low, 32);
        std::memcpy(dst + i + 32, &high, 32);
    }
    for (; i + 8 <= n; i += 8)
    {
        std::uint64_t sum = 0;
        if constexpr (ADD)
        {
            std::memcpy(&sum, dst + i, 8);
        }
        for (std::size_t k = 0; k < SOURCES; ++k)
        {
            std::uint64_t word;
            std::memcpy(&word, src[k] + i, 8);
            sum ^= word;
        }
        std::memcpy(dst + i, &sum, 8);
    }
    for (; i < n; ++i)
    {
        std::uint8_t sum = ADD ? dst[i] : std::uint8_t{0};
        for (std::size_t k = 0; k < SOURCES; ++k)
        {
            sum ^= src[k][i];
        }
        dst[i] = sum;
    }
}

} // namespace

WEFT_XOR_CLONES void
XorInto(std::uint8_t* dst, const std::uint8_t* src, std::size_t n)
{
    Pass<1, true>(dst, &src, n);
}

WEFT_XOR_CLONES void
XorAll(std::uint8_t* dst, const std::uint8_t* const* sources, std::size_t count, std::size_t n)
{
    switch (count)
    {
    case 0:
        return;
    case 1:
        return Pass<1, false>(dst, sources, n);
    case 2:
        return Pass<2, false>(dst, sources, n);
    case 3:
        return Pass<3, false>(dst, sources, n);
    case 4:
        return Pass<4, false>(dst, sources, n);
    case 5:
        return Pass<5, false>(dst, sources, n);
    case 6:
        return Pass<6, false>(dst, sources, n);
    case 7:
        return Pass<7, false>(dst, sources, n);
    default:
        break;
    }
    Pass<8, false>(dst, sources, n);
    count -= 8;
    sources += 8;
    for (; count >= 4; count -= 4, sources += 4)
    {
        Pass<4, true>(dst, sources, n);
    }
    for (; count >= 2; count -= 2, sources += 2)
    {
        Pass<2, true>(dst, sources, n);
    }
    if (count == 1)
    {
        Pass<1, true>(dst, sources, n);
    }
}

} // namespace weft::sdwan
