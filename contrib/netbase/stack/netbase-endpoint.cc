// SPDX-License-Identifier: GPL-2.0-only
// Configuration, addresses, groups and time of an end host.
#include "netbase-endpoint.h"

#include "netbase-endpoint-extra.h"
#include "netbase-ipv4.h"
#include "netbase-ipv6.h"

#include <algorithm>
#include <stdexcept>

namespace weft::netbase
{

namespace
{

[[noreturn]] void
Refuse(const char* field, const std::string& value, const char* rule)
{
    throw std::invalid_argument(std::string(field) + ": " + value + "; " + rule);
}

void
CheckUnicast(const char* field, const IpAddress& address)
{
    if (address.IsNone() || address.IsMulticast() ||
        (address.IsV4() && (address.ToV4() == 0 || address.ToV4() == 0xffffffff)))
    {
        Refuse(field, address.ToString(), "has to be the address of one host");
    }
}

void
CheckMac(const char* field, const MacAddress& mac)
{
    if (mac.IsZero() || mac.IsGroup())
    {
        Refuse(field, mac.ToString(), "has to be the address of one station");
    }
}

void
CheckMtu(std::uint32_t mtu, bool v6)
{
    if (mtu < (v6 ? IPV6_MIN_MTU : IPV4_MIN_MTU) || mtu > 65535)
    {
        Refuse(
            "mtu", std::to_string(mtu), v6 ? "has to be 1280 to 65535" : "has to be 68 to 65535");
    }
}

} // namespace

IpEndpoint::IpEndpoint(const EndpointConfig& config, TimeNs now) : m_config(config)
{
    static_cast<void>(now);
    CheckMac("mac", config.mac);
    CheckUnicast("address", config.address);
    const bool v6 = !config.address.IsV4();
    if (config.prefixLength > (v6 ? 128 : 32))
    {
        Refuse("prefixLength",
               std::to_string(config.prefixLength),
               v6 ? "has to be 0 to 128" : "has to be 0 to 32");
    }
    CheckMtu(config.mtu, v6);
    if (!config.gateway.IsNone())
    {
        CheckUnicast("gateway", config.gateway);
        if (!IsOnLink(config.gateway))
        {
            Refuse("gateway", config.gateway.ToString(), "has to be on the link");
        }
    }
    if (config.igmpVersion < 1 || config.igmpVersion > 3)
    {
        Refuse("igmpVersion", std::to_string(config.igmpVersion), "has to be 1 to 3");
    }
    if (config.ttl == 0)
    {
        Refuse("ttl", "0", "has to be 1 to 255");
    }
    NeighbourCache::Check(config.neighbours);
    Reassembly::Check(config.reassembly);
}

IpEndpoint::~IpEndpoint() = default;
IpEndpoint::IpEndpoint(IpEndpoint&&) noexcept = default;
IpEndpoint& IpEndpoint::operator=(IpEndpoint&&) noexcept = default;

NeighbourCache&
IpEndpoint::Cache()
{
    if (!m_neighbours)
    {
        m_neighbours = std::make_unique<NeighbourCache>(m_config.neighbours);
    }
    return *m_neighbours;
}

IpEndpoint::Extra&
IpEndpoint::Rare()
{
    if (!m_extra)
    {
        m_extra = std::make_unique<Extra>();
    }
    return *m_extra;
}

const Reassembly*
IpEndpoint::Fragments() const
{
    return m_extra ? m_extra->reassembly.get() : nullptr;
}

const IgmpHost*
IpEndpoint::Igmp() const
{
    return m_extra ? m_extra->igmp.get() : nullptr;
}

void
IpEndpoint::AddAddress(const IpAddress& address, TimeNs now, std::optional<MacAddress> mac)
{
    static_cast<void>(now);
    CheckUnicast("address", address);
    if (address.IsV4() != m_config.address.IsV4())
    {
        Refuse(
            "address", address.ToString(), "has to be of the family of the host's first address");
    }
    if (mac)
    {
        CheckMac("mac", *mac);
    }
    if (OwnsAddress(address))
    {
        Refuse("address", address.ToString(), "is one of this host's already");
    }
    Rare().addresses.push_back({address, mac.value_or(m_config.mac)});
}

bool
IpEndpoint::RemoveAddress(const IpAddress& address)
{
    return m_extra && std::erase_if(m_extra->addresses, [&address](const LocalAddress& local) {
                          return local.address == address;
                      }) > 0;
}

bool
IpEndpoint::OwnsAddress(const IpAddress& address) const
{
    return FindLocal(address).has_value();
}

std::optional<IpEndpoint::LocalAddress>
IpEndpoint::FindLocal(const IpAddress& address) const
{
    if (address == m_config.address)
    {
        return LocalAddress{m_config.address, m_config.mac};
    }
    if (m_extra)
    {
        for (const LocalAddress& local : m_extra->addresses)
        {
            if (local.address == address)
            {
                return local;
            }
        }
    }
    return std::nullopt;
}

bool
IpEndpoint::OwnsMac(const MacAddress& mac) const
{
    return mac == m_config.mac ||
           (m_extra && std::any_of(m_extra->addresses.begin(),
                                   m_extra->addresses.end(),
                                   [&mac](const LocalAddress& local) { return local.mac == mac; }));
}

bool
IpEndpoint::IsOnLink(const IpAddress& address) const
{
    if (address.IsV4() != m_config.address.IsV4())
    {
        return false;
    }
    if (!address.IsV4())
    {
        return (address.octets[0] == 0xfe && (address.octets[1] & 0xc0) == 0x80) ||
               IpPrefix{m_config.address, m_config.prefixLength}.Contains(address);
    }
    const unsigned host = 32 - m_config.prefixLength;
    return host >= 32 || (address.ToV4() ^ m_config.address.ToV4()) >> host == 0;
}

bool
IpEndpoint::IsBroadcast(const IpAddress& address) const
{
    if (!address.IsV4() || !m_config.address.IsV4())
    {
        return false;
    }
    const std::uint32_t value = address.ToV4();
    const std::uint32_t host =
        m_config.prefixLength == 0 ? 0xffffffff : (1ull << (32 - m_config.prefixLength)) - 1;
    // A network of one or two hosts has no broadcast address (RFC 3021).
    return value == 0xffffffff || (host > 1 && value == (m_config.address.ToV4() | host));
}

bool
IpEndpoint::IsOurGroup(const IpAddress& group) const
{
    if (group.IsV4() ? group.ToV4() == IGMP_ALL_HOSTS : group == ALL_NODES)
    {
        return true;
    }
    if (!group.IsV4() && !m_config.address.IsV4() &&
        (group == SolicitedNode(m_config.address) ||
         (m_extra && std::any_of(m_extra->addresses.begin(),
                                 m_extra->addresses.end(),
                                 [&group](const LocalAddress& local) {
                                     return group == SolicitedNode(local.address);
                                 }))))
    {
        return true;
    }
    return m_extra && m_extra->groups.contains(group);
}

bool
IpEndpoint::JoinGroup(const IpAddress& group, TimeNs now)
{
    if (!group.IsMulticast())
    {
        Refuse("group", group.ToString(), "has to be a multicast address");
    }
    Extra& extra = Rare();
    if (!extra.groups.insert(group).second)
    {
        return false;
    }
    ++extra.groupMacs[GroupMac(group)];
    if (m_config.neighbours.reportsChanges)
    {
        TableChange& change = extra.changes.Push().meta;
        change.at = now;
        change.table = Table::Groups;
        change.op = TableOp::Add;
        change.cause = TableCause::Configured;
        change.address = group;
    }
    if (group.IsV4() && m_config.address.IsV4())
    {
        if (!extra.igmp)
        {
            IgmpHostConfig config;
            config.address = m_config.address;
            config.version = m_config.igmpVersion;
            config.key = m_config.key;
            extra.igmp = std::make_unique<IgmpHost>(config);
        }
        extra.igmp->Join(group, now);
        PumpGroups(now);
    }
    return true;
}

bool
IpEndpoint::LeaveGroup(const IpAddress& group, TimeNs now)
{
    if (!m_extra || m_extra->groups.erase(group) == 0)
    {
        return false;
    }
    const auto mac = m_extra->groupMacs.find(GroupMac(group));
    if (--mac->second == 0)
    {
        m_extra->groupMacs.erase(mac);
    }
    if (m_config.neighbours.reportsChanges)
    {
        TableChange& change = m_extra->changes.Push().meta;
        change.at = now;
        change.table = Table::Groups;
        change.op = TableOp::Remove;
        change.cause = TableCause::Configured;
        change.address = group;
    }
    if (m_extra->igmp)
    {
        m_extra->igmp->Leave(group, now);
        PumpGroups(now);
    }
    return true;
}

bool
IpEndpoint::IsMember(const IpAddress& group) const
{
    return m_extra && m_extra->groups.contains(group);
}

std::uint32_t
IpEndpoint::PathMtu(const IpAddress& to, TimeNs now) const
{
    std::uint32_t mtu = m_config.mtu;
    if (m_extra)
    {
        for (const Extra::PathLimit& limit : m_extra->limits)
        {
            if (limit.to == to && limit.until > now)
            {
                mtu = std::min(mtu, limit.mtu);
            }
        }
    }
    return mtu;
}

void
IpEndpoint::SetMtu(std::uint32_t mtu)
{
    CheckMtu(mtu, !m_config.address.IsV4());
    m_config.mtu = mtu;
}

void
IpEndpoint::FlushNeighbours(TimeNs now, TableCause cause)
{
    if (m_neighbours)
    {
        m_neighbours->Flush(now, cause);
        Pump(now);
    }
}

void
IpEndpoint::AddNeighbour(const IpAddress& address, const MacAddress& mac, TimeNs now)
{
    CheckUnicast("neighbour", address);
    CheckMac("mac", mac);
    Cache().AddStatic(address, mac, now);
    Pump(now);
}

bool
IpEndpoint::PollFrame(Bytes& frame)
{
    NoMeta meta;
    return m_frames.Pop(frame, meta);
}

bool
IpEndpoint::PollPacket(Bytes& packet)
{
    NoMeta meta;
    return m_packets.Pop(packet, meta);
}

bool
IpEndpoint::PollTableChange(TableChange& change)
{
    if (m_neighbours && m_neighbours->PollTableChange(change))
    {
        return true;
    }
    Bytes unused;
    return m_extra && m_extra->changes.Pop(unused, change);
}

TimeNs
IpEndpoint::NextDeadline() const
{
    TimeNs next = m_neighbours ? m_neighbours->NextDeadline() : NEVER;
    if (m_extra)
    {
        next = m_extra->igmp ? std::min(next, m_extra->igmp->NextDeadline()) : next;
        next = m_extra->reassembly ? std::min(next, m_extra->reassembly->NextDeadline()) : next;
    }
    return next;
}

void
IpEndpoint::OnDeadline(TimeNs now)
{
    if (m_neighbours)
    {
        m_neighbours->OnDeadline(now);
    }
    if (m_extra && m_extra->reassembly)
    {
        m_extra->reassembly->OnDeadline(now);
        Mirror(m_extra->reassembly->Counters().drops, m_extra->reassemblyDrops);
        Bytes fragment;
        while (m_extra->reassembly->PollExpired(fragment))
        {
            IpFacts facts;
            ReadIp(fragment, facts);
            const auto local = FindLocal(facts.destination);
            m_made.assign(HEADROOM, 0);
            if (local &&
                AppendTimeExceeded(m_made, local->address, fragment, true) == DropReason::None)
            {
                SendMade(now);
            }
        }
    }
    if (m_extra && m_extra->igmp)
    {
        m_extra->igmp->OnDeadline(now);
        PumpGroups(now);
    }
    Pump(now);
}

std::size_t
IpEndpoint::Waiting() const
{
    return m_neighbours ? m_neighbours->Waiting() : 0;
}

} // namespace weft::netbase
