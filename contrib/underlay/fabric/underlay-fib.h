// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Forwarding table: longest prefix match for IPv4 and IPv6.
 *
 * One hash table for each prefix length in use; a look-up tries them longest first. Fabrics use few
 * lengths (hosts, loopbacks), so that the first or second try hits.
 */
#ifndef UNDERLAY_FIB_H
#define UNDERLAY_FIB_H

#include "netbase-types.h"

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace weft::underlay
{

class Fib
{
  public:
    /// What an entry leads to; its meaning is the owner's (number of a next-hop group).
    using Value = std::uint32_t;

    /**
     * Adds an entry or replaces its value.
     *
     * @return whether it is new
     * @throws std::invalid_argument where bits behind the prefix length are set, or the length is
     * above 32 (IPv4) or 128
     */
    bool Insert(const netbase::IpPrefix& prefix, Value value);

    /// @return whether there was such an entry
    bool Remove(const netbase::IpPrefix& prefix);

    /// @return value of the longest prefix that contains @p address
    std::optional<Value> LookUp(const netbase::IpAddress& address) const;

    /// @return the same for an IPv4 address in host byte order
    std::optional<Value> LookUpV4(std::uint32_t address) const;

    /// @return the entry of exactly this prefix
    std::optional<Value> Find(const netbase::IpPrefix& prefix) const;

    std::size_t
    Size() const
    {
        return m_size;
    }

    /// @return every entry: IPv4 before IPv6, longest prefix first, then by address
    std::vector<std::pair<netbase::IpPrefix, Value>> Entries() const;

  private:
    struct TableV4
    {
        unsigned length;
        std::uint32_t mask;
        absl::flat_hash_map<std::uint32_t, Value> entries;
    };

    struct TableV6
    {
        unsigned length;
        absl::flat_hash_map<netbase::IpAddress, Value> entries;
    };

    std::vector<TableV4> m_v4; ///< longest first
    std::vector<TableV6> m_v6; ///< longest first
    std::size_t m_size = 0;
};

} // namespace weft::underlay

#endif
