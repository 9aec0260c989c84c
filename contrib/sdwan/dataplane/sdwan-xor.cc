// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-xor.h"

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

/// 32 bytes; the compiler splits them where the CPU has no registers that wide.
using Block [[gnu::vector_size(32)]] = std::uint64_t;

/// dst ^= src for 32 bytes at any address. memcpy is how an unaligned load or store is written.
inline __attribute__((always_inline)) void
XorBlock(std::uint8_t* dst, const std::uint8_t* src)
{
    Block a;
    Block b;
    std::memcpy(&a, dst, sizeof a);
    std::memcpy(&b, src, sizeof b);
    a ^= b;
    std::memcpy(dst, &a, sizeof a);
}

} // namespace

WEFT_XOR_CLONES void
XorInto(std::uint8_t* __restrict dst, const std::uint8_t* __restrict src, std::size_t n)
{
    std::size_t i = 0;
    for (; i + 128 <= n; i += 128)
    {
        XorBlock(dst + i, src + i);
        XorBlock(dst + i + 32, src + i + 32);
        XorBlock(dst + i + 64, src + i + 64);
        XorBlock(dst + i + 96, src + i + 96);
    }
    for (; i + 8 <= n; i += 8)
    {
        std::uint64_t a;
        std::uint64_t b;
        std::memcpy(&a, dst + i, 8);
        std::memcpy(&b, src + i, 8);
        a ^= b;
        std::memcpy(dst + i, &a, 8);
    }
    for (; i < n; ++i)
    {
        dst[i] ^= src[i];
    }
}

} // namespace weft::sdwan
