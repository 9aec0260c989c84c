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

/// 32 bytes at any address; the compiler splits it where the CPU has no registers that wide.
using Wide [[gnu::vector_size(32)]] = std::uint64_t;
// A type of its own: vector_size on the same declaration would bring its own alignment back.
using Block [[gnu::aligned(1), gnu::may_alias]] = Wide;

} // namespace

WEFT_XOR_CLONES void
XorInto(std::uint8_t* __restrict dst, const std::uint8_t* __restrict src, std::size_t n)
{
    std::size_t i = 0;
    for (; i + 128 <= n; i += 128)
    {
        auto* d = reinterpret_cast<Block*>(dst + i);
        const auto* s = reinterpret_cast<const Block*>(src + i);
        d[0] ^= s[0];
        d[1] ^= s[1];
        d[2] ^= s[2];
        d[3] ^= s[3];
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
