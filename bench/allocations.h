// SPDX-License-Identifier: GPL-2.0-only
/** @file Counts heap allocations: linking allocations.cc replaces operator new and delete. */
#ifndef WEFT_BENCH_ALLOCATIONS_H
#define WEFT_BENCH_ALLOCATIONS_H

#include <cstdint>

namespace weft::bench
{

/// @return calls of operator new so far, in libraries too
std::uint64_t Allocations();

} // namespace weft::bench

#endif
