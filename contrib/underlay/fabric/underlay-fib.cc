// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-fib.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace weft::underlay
{

using netbase::IpAddress;
using netbase::IpPrefix;

namespace
{

std::uint32_t
MaskV4(unsigned length)
{
    return length == 0 ? 0 : ~std::uint32_t{0} << (32 - length);
}

/// @return the address without the bits behind the prefix length
IpAddress
Masked(const IpAddress& address, unsigned length)
{
    IpAddress out;
    for (unsigned i = 0; i < 16 && length > 0; ++i)
    {
        const unsigned bits = std::min(length, 8u);
        out.octets[i] = address.octets[i] & static_cast<std::uint8_t>(0xff00u >> bits);
        length -= bits;
    }
    return out;
}

void
Check(const IpPrefix& prefix)
{
    const bool v4 = prefix.address.IsV4();
    const unsigned most = v4 ? 32 : 128;
    if (prefix.length > most)
    {
        throw std::invalid_argument("prefix " + prefix.address.ToString() + "/" +
                                    std::to_string(prefix.length) + ": length is at most " +
                                    std::to_string(most));
    }
    const IpAddress network = v4 ? IpAddress::V4(prefix.address.ToV4() & MaskV4(prefix.length))
                                 : Masked(prefix.address, prefix.length);
    if (network != prefix.address)
    {
        throw std::invalid_argument("prefix " + prefix.ToString() +
                                    ": bits behind the length must be zero");
    }
}

/// The table of a length, made in its place (longest first) where there is none.
template <typename Table>
Table&
TableOf(std::vector<Table>& tables, unsigned length)
{
    auto at = std::find_if(
        tables.begin(), tables.end(), [length](const Table& t) { return t.length <= length; });
    if (at == tables.end() || at->length != length)
    {
        Table table{};
        table.length = length;
        at = tables.insert(at, std::move(table));
    }
    return *at;
}

template <typename Table, typename Key>
bool
RemoveFrom(std::vector<Table>& tables, unsigned length, const Key& key)
{
    const auto at = std::find_if(
        tables.begin(), tables.end(), [length](const Table& t) { return t.length == length; });
    if (at == tables.end() || at->entries.erase(key) == 0)
    {
        return false;
    }
    if (at->entries.empty())
    {
        tables.erase(at);
    }
    return true;
}

} // namespace

bool
Fib::Insert(const IpPrefix& prefix, Value value)
{
    Check(prefix);
    bool added;
    if (prefix.address.IsV4())
    {
        TableV4& table = TableOf(m_v4, prefix.length);
        table.mask = MaskV4(prefix.length);
        added = table.entries.insert_or_assign(prefix.address.ToV4(), value).second;
    }
    else
    {
        added = TableOf(m_v6, prefix.length).entries.insert_or_assign(prefix.address, value).second;
    }
    m_size += added;
    return added;
}

bool
Fib::Remove(const IpPrefix& prefix)
{
    const bool removed = prefix.address.IsV4()
                             ? RemoveFrom(m_v4, prefix.length, prefix.address.ToV4())
                             : RemoveFrom(m_v6, prefix.length, prefix.address);
    m_size -= removed;
    return removed;
}

std::optional<Fib::Value>
Fib::LookUpV4(std::uint32_t address) const
{
    for (const TableV4& table : m_v4)
    {
        const auto at = table.entries.find(address & table.mask);
        if (at != table.entries.end())
        {
            return at->second;
        }
    }
    return std::nullopt;
}

std::optional<Fib::Value>
Fib::LookUp(const IpAddress& address) const
{
    if (address.IsV4())
    {
        return LookUpV4(address.ToV4());
    }
    for (const TableV6& table : m_v6)
    {
        const auto at = table.entries.find(Masked(address, table.length));
        if (at != table.entries.end())
        {
            return at->second;
        }
    }
    return std::nullopt;
}

std::optional<Fib::Value>
Fib::Find(const IpPrefix& prefix) const
{
    if (prefix.address.IsV4())
    {
        for (const TableV4& table : m_v4)
        {
            const auto at = table.entries.find(prefix.address.ToV4());
            if (table.length == prefix.length && at != table.entries.end())
            {
                return at->second;
            }
        }
        return std::nullopt;
    }
    for (const TableV6& table : m_v6)
    {
        const auto at = table.entries.find(prefix.address);
        if (table.length == prefix.length && at != table.entries.end())
        {
            return at->second;
        }
    }
    return std::nullopt;
}

std::vector<std::pair<IpPrefix, Fib::Value>>
Fib::Entries() const
{
    std::vector<std::pair<IpPrefix, Value>> entries;
    entries.reserve(m_size);
    for (const TableV4& table : m_v4)
    {
        for (const auto& [address, value] : table.entries)
        {
            entries.push_back({{IpAddress::V4(address), table.length}, value});
        }
    }
    for (const TableV6& table : m_v6)
    {
        for (const auto& [address, value] : table.entries)
        {
            entries.push_back({{address, table.length}, value});
        }
    }
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
        const bool a6 = !a.first.address.IsV4();
        const bool b6 = !b.first.address.IsV4();
        return a6 != b6                           ? b6
               : a.first.length != b.first.length ? a.first.length > b.first.length
                                                  : a.first.address < b.first.address;
    });
    return entries;
}

} // namespace weft::underlay
