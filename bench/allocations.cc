// SPDX-License-Identifier: GPL-2.0-only
#include "allocations.h"

#include <cstdlib>
#include <new>

namespace
{

std::uint64_t g_allocations = 0; ///< calls of operator new

} // namespace

[[gnu::noinline]] void*
operator new(std::size_t size)
{
    ++g_allocations;
    if (void* p = std::malloc(size))
    {
        return p;
    }
    throw std::bad_alloc();
}

void*
operator new[](std::size_t size)
{
    return operator new(size);
}

[[gnu::noinline]] void
operator delete(void* p) noexcept
{
    std::free(p);
}

[[gnu::noinline]] void
operator delete(void* p, std::size_t) noexcept
{
    std::free(p);
}

void
operator delete[](void* p) noexcept
{
    std::free(p);
}

void
operator delete[](void* p, std::size_t) noexcept
{
    std::free(p);
}

std::uint64_t
weft::bench::Allocations()
{
    return g_allocations;
}
