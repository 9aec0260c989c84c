// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-key.h"

namespace ns3
{
namespace vxlan
{

namespace
{

/// The finalizer of SplitMix64. @return mixed bits @param bits any
uint64_t
Mix(uint64_t bits)
{
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    return bits ^ (bits >> 31);
}

} // namespace

uint64_t
DeriveKey(uint64_t seed, std::string_view name)
{
    // FNV-1a over the name, from a start that the seed decides.
    uint64_t hash = 0xcbf29ce484222325 ^ Mix(seed + 0x9e3779b97f4a7c15);
    for (const char c : name)
    {
        hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
    }
    return Mix(hash);
}

} // namespace vxlan
} // namespace ns3
