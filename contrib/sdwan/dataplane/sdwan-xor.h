// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The one arithmetic operation of XOR parity.
 */
#ifndef SDWAN_XOR_H
#define SDWAN_XOR_H

#include <cstddef>
#include <cstdint>

namespace weft::sdwan
{

/// `dst[i] ^= src[i]` for i in 0..n-1. The ranges must not overlap; any alignment. Vectorised for
/// the CPU it runs on.
void XorInto(std::uint8_t* dst, const std::uint8_t* src, std::size_t n);

/// `dst[i]` = XOR of `sources[k][i]` over all k: one pass over the destination for up to eight
/// sources. With none, nothing.
void XorAll(std::uint8_t* dst,
            const std::uint8_t* const* sources,
            std::size_t count,
            std::size_t n);

} // namespace weft::sdwan

#endif
