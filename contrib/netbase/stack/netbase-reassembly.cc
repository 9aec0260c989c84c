// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-reassembly.h"

#include "netbase-ipv4.h"
#include "netbase-ipv6.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace weft::netbase
{

namespace
{

constexpr std::size_t NOT_FOUND = std::numeric_limits<std::size_t>::max();
constexpr std::size_t MAX_EXPIRED = 4;
constexpr std::uint32_t MAX_PACKET = 65535;
constexpr std::uint8_t ECN_MASK = 3;

} // namespace

Reassembly::Reassembly(const ReassemblyConfig& config) : m_config(config)
{
    Check(config);
}

void
Reassembly::Check(const ReassemblyConfig& config)
{
    if (config.timeout <= TimeNs::zero())
    {
        throw std::invalid_argument("timeout: " + std::to_string(config.timeout.count()) +
                                    " ns; has to be positive");
    }
    if (config.maxDatagrams == 0)
    {
        throw std::invalid_argument("maxDatagrams: 0; has to be at least 1");
    }
    if (config.maxOctets < MAX_PACKET)
    {
        throw std::invalid_argument("maxOctets: " + std::to_string(config.maxOctets) +
                                    "; has to be at least 65535");
    }
}

DropReason
Reassembly::OnFragment(ByteView packet, const IpFacts& facts, TimeNs now, Bytes& whole)
{
    whole.clear();
    ++m_counts.fragments;
    const ByteView payload = facts.Payload(packet);
    Datagram key;
    key.source = facts.source;
    key.destination = facts.destination;
    bool more = false;
    if (facts.v6)
    {
        Ipv6Upper upper;
        ReadIpv6Upper(packet, upper);
        key.id = upper.id;
        key.nextHeaderField = upper.nextHeaderField;
        more = upper.moreFragments;
    }
    else
    {
        key.id = Read16(packet.data() + 4);
        key.protocol = facts.protocol;
        more = (packet[6] & 0x20) != 0;
    }
    const Part part{facts.fragmentOffset,
                    facts.fragmentOffset + static_cast<std::uint32_t>(payload.size())};
    if (payload.empty() || (more && payload.size() % 8 != 0))
    {
        return m_counts.drops.Add(DropReason::BadHeader);
    }
    std::size_t index = Find(key);
    const std::size_t held = index == NOT_FOUND ? 0 : m_datagrams[index].payload.size();
    const std::uint32_t growth = part.end > held ? part.end - static_cast<std::uint32_t>(held) : 0;
    while (m_octets + growth > m_config.maxOctets ||
           (index == NOT_FOUND && m_datagrams.size() == m_config.maxDatagrams))
    {
        Drop(index == 0 ? 1 : 0, DropReason::FragmentEvicted);
        index = Find(key);
    }
    if (index == NOT_FOUND)
    {
        index = m_datagrams.size();
        key.expires = now + m_config.timeout;
        m_datagrams.push_back(std::move(key));
    }
    Datagram& datagram = m_datagrams[index];
    const std::uint32_t last = datagram.parts.empty() ? 0 : datagram.parts.back().end;
    const bool contradicts =
        more ? datagram.size != 0 && part.end > datagram.size
             : part.end < last || (datagram.size != 0 && part.end != datagram.size);
    if (contradicts)
    {
        return m_counts.drops.Add(DropReason::BadHeader);
    }
    const DropReason reason = Insert(datagram, part, payload);
    if (reason == DropReason::FragmentOverlap)
    {
        Drop(index, reason);
    }
    if (reason != DropReason::None)
    {
        return m_counts.drops.Add(reason);
    }
    datagram.congestion = datagram.congestion || (facts.tos & ECN_MASK) == ECN_MASK;
    if (!more)
    {
        datagram.size = part.end;
    }
    if (part.offset == 0)
    {
        datagram.header.assign(packet.begin(), packet.begin() + facts.payloadOffset);
        datagram.nextHeaderField = key.nextHeaderField;
    }
    return datagram.covered == datagram.size ? Complete(index, whole) : DropReason::None;
}

DropReason
Reassembly::Insert(Datagram& datagram, Part part, ByteView payload)
{
    const auto after = std::lower_bound(
        datagram.parts.begin(), datagram.parts.end(), part, [](const Part& a, const Part& b) {
            return a.offset < b.offset;
        });
    if (after != datagram.parts.end() && after->offset < part.end)
    {
        return after->offset == part.offset && after->end == part.end
                   ? DropReason::FragmentDuplicate
                   : DropReason::FragmentOverlap;
    }
    if (after != datagram.parts.begin() && std::prev(after)->end > part.offset)
    {
        return DropReason::FragmentOverlap;
    }
    datagram.parts.insert(after, part);
    datagram.covered += part.end - part.offset;
    if (part.end > datagram.payload.size())
    {
        m_octets += part.end - static_cast<std::uint32_t>(datagram.payload.size());
        datagram.payload.resize(part.end);
    }
    std::copy(payload.begin(), payload.end(), datagram.payload.begin() + part.offset);
    return DropReason::None;
}

DropReason
Reassembly::Complete(std::size_t index, Bytes& whole)
{
    Datagram& datagram = m_datagrams[index];
    const bool v6 = datagram.header[0] >> 4 == 6;
    const std::size_t header = datagram.header.size() - (v6 ? IPV6_FRAGMENT_HEADER : 0);
    const std::size_t length = header + datagram.size - (v6 ? IPV6_HEADER : 0);
    if (length > MAX_PACKET)
    {
        Drop(index, DropReason::TooBig);
        return DropReason::TooBig;
    }
    whole.assign(datagram.header.begin(), datagram.header.begin() + header);
    whole.insert(whole.end(), datagram.payload.begin(), datagram.payload.end());
    std::uint8_t tos = 0;
    if (v6)
    {
        Write16(whole.data() + 4, static_cast<std::uint16_t>(length));
        whole[datagram.nextHeaderField] = datagram.header[header];
        tos = static_cast<std::uint8_t>(Read16(whole.data()) >> 4);
    }
    else
    {
        // The fragment's checksum was correct, so replacing words keeps it so.
        ReplaceIpv4Word(whole, 2, static_cast<std::uint16_t>(length));
        ReplaceIpv4Word(whole, 6, Read16(whole.data() + 6) & 0x4000);
        tos = whole[1];
    }
    if (datagram.congestion && (tos & ECN_MASK) != 0)
    {
        SetTos(whole, tos | ECN_MASK);
    }
    m_counts.used += datagram.parts.size();
    ++m_counts.datagrams;
    m_octets -= static_cast<std::uint32_t>(datagram.payload.size());
    m_datagrams.erase(m_datagrams.begin() + static_cast<std::ptrdiff_t>(index));
    return DropReason::None;
}

TimeNs
Reassembly::NextDeadline() const
{
    return m_datagrams.empty() ? NEVER : m_datagrams.front().expires;
}

void
Reassembly::OnDeadline(TimeNs now)
{
    while (!m_datagrams.empty() && m_datagrams.front().expires <= now)
    {
        const Datagram& datagram = m_datagrams.front();
        if (!datagram.header.empty())
        {
            if (m_expired.size() == MAX_EXPIRED)
            {
                m_expired.erase(m_expired.begin());
            }
            Bytes& first = m_expired.emplace_back(datagram.header);
            first.insert(first.end(),
                         datagram.payload.begin(),
                         datagram.payload.begin() + datagram.parts.front().end);
        }
        Drop(0, DropReason::FragmentTimeout);
    }
}

bool
Reassembly::PollExpired(Bytes& fragment)
{
    if (m_expired.empty())
    {
        return false;
    }
    fragment = std::move(m_expired.front());
    m_expired.erase(m_expired.begin());
    return true;
}

std::uint64_t
Reassembly::Waiting() const
{
    std::uint64_t fragments = 0;
    for (const Datagram& datagram : m_datagrams)
    {
        fragments += datagram.parts.size();
    }
    return fragments;
}

std::size_t
Reassembly::Find(const Datagram& key) const
{
    for (std::size_t i = 0; i < m_datagrams.size(); ++i)
    {
        const Datagram& d = m_datagrams[i];
        if (d.id == key.id && d.protocol == key.protocol && d.source == key.source &&
            d.destination == key.destination)
        {
            return i;
        }
    }
    return NOT_FOUND;
}

void
Reassembly::Drop(std::size_t index, DropReason reason)
{
    m_counts.drops.Add(reason, m_datagrams[index].parts.size());
    m_octets -= static_cast<std::uint32_t>(m_datagrams[index].payload.size());
    m_datagrams.erase(m_datagrams.begin() + static_cast<std::ptrdiff_t>(index));
}

} // namespace weft::netbase
