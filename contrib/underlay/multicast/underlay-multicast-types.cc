// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-multicast-types.h"

#include <algorithm>
#include <numeric>

namespace weft::multicast
{

std::string_view
ToString(DropReason reason)
{
    constexpr std::array<std::string_view, static_cast<std::size_t>(DropReason::Count)> NAMES{
        "none",
        "truncated",
        "bad-header",
        "bad-checksum",
        "unsupported",
        "port-down",
        "not-multicast",
        "link-local",
        "ttl-expired",
        "own-packet",
        "no-neighbour",
        "not-for-us",
        "wrong-mode",
        "wrong-rp",
        "disabled",
        "not-on-link",
        "no-rp",
        "no-route",
        "no-state",
        "rpf-failed",
        "no-listener",
        "pruned",
        "not-forwarder",
        "register-not-forwarded",
        "register-too-long",
        "late-register",
        "cache-full",
    };
    const auto index = static_cast<std::size_t>(reason);
    return index < NAMES.size() ? NAMES[index] : "unknown";
}

std::uint64_t
DropCounters::Total() const
{
    return std::accumulate(m_counts.begin() + 1, m_counts.end(), std::uint64_t{0});
}

PortSet::PortSet(std::initializer_list<PortIndex> ports)
{
    for (const PortIndex port : ports)
    {
        Add(port);
    }
}

void
PortSet::Add(PortIndex port)
{
    const auto word = static_cast<std::size_t>(port) / 64;
    if (word >= m_words.size())
    {
        m_words.resize(word + 1);
    }
    m_words[word] |= std::uint64_t{1} << (port % 64);
}

void
PortSet::Remove(PortIndex port)
{
    const auto word = static_cast<std::size_t>(port) / 64;
    if (port >= 0 && word < m_words.size())
    {
        m_words[word] &= ~(std::uint64_t{1} << (port % 64));
    }
}

bool
PortSet::Empty() const
{
    return std::all_of(m_words.begin(), m_words.end(), [](std::uint64_t w) { return w == 0; });
}

std::size_t
PortSet::Size() const
{
    std::size_t size = 0;
    for (const std::uint64_t word : m_words)
    {
        size += static_cast<std::size_t>(std::popcount(word));
    }
    return size;
}

PortSet&
PortSet::operator|=(const PortSet& other)
{
    m_words.resize(std::max(m_words.size(), other.m_words.size()));
    for (std::size_t i = 0; i < other.m_words.size(); ++i)
    {
        m_words[i] |= other.m_words[i];
    }
    return *this;
}

PortSet&
PortSet::operator-=(const PortSet& other)
{
    for (std::size_t i = 0; i < std::min(m_words.size(), other.m_words.size()); ++i)
    {
        m_words[i] &= ~other.m_words[i];
    }
    return *this;
}

bool
operator==(const PortSet& a, const PortSet& b)
{
    return (a - b).Empty() && (b - a).Empty();
}

std::vector<PortIndex>
PortSet::ToVector() const
{
    std::vector<PortIndex> ports;
    ForEach([&ports](PortIndex port) { ports.push_back(port); });
    return ports;
}

std::string
PortSet::ToString() const
{
    std::string text;
    ForEach([&text](PortIndex port) { text += (text.empty() ? "" : " ") + std::to_string(port); });
    return text;
}

} // namespace weft::multicast
