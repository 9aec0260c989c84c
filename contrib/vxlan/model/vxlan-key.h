// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup vxlan
 * Keys from names, so that adding one thing leaves the randomness of all others as it was.
 */
#ifndef VXLAN_KEY_H
#define VXLAN_KEY_H

#include <cstdint>
#include <string_view>

namespace ns3
{
namespace vxlan
{

/// @return a number that looks random @param seed of all keys @param name of what it is for
uint64_t DeriveKey(uint64_t seed, std::string_view name);

} // namespace vxlan
} // namespace ns3

#endif
