// SPDX-License-Identifier: GPL-2.0-only
/** @file A router's table of routes, and what it tells of it. */
#include "underlay-fabric-router-impl.h"

#include "ns3/abort.h"

#include <algorithm>

namespace ns3
{
namespace underlay
{

namespace netbase = weft::netbase;
using netbase::IpAddress;
using netbase::IpPrefix;
using weft::underlay::NextHop;

FabricRouter::GroupId
FabricRouter::AddGroup()
{
    m_impl->groups.emplace_back(m_buckets);
    m_impl->turns.push_back(0);
    return static_cast<GroupId>(m_impl->groups.size() - 1);
}

void
FabricRouter::SetGroup(GroupId group, const std::vector<NextHop>& members, uint32_t metric)
{
    for (const NextHop& member : members)
    {
        NS_ABORT_MSG_UNLESS(member.port < GetNPorts(),
                            GetName() << ": no port " << member.port << " for a next hop");
    }
    m_impl->groups.at(group).Set(members, metric);
}

const weft::underlay::NextHopGroup&
FabricRouter::GetGroup(GroupId group) const
{
    return m_impl->groups.at(group);
}

void
FabricRouter::AddRoute(const IpPrefix& prefix, GroupId group)
{
    NS_ABORT_MSG_UNLESS(group < m_impl->groups.size(), GetName() << ": no group " << group);
    m_impl->fib.Insert(prefix, group);
}

FabricRouter::GroupId
FabricRouter::AddRoute(const IpPrefix& prefix, const std::vector<NextHop>& members, uint32_t metric)
{
    const GroupId group = AddGroup();
    SetGroup(group, members, metric);
    AddRoute(prefix, group);
    return group;
}

bool
FabricRouter::RemoveRoute(const IpPrefix& prefix)
{
    return m_impl->fib.Remove(prefix);
}

std::optional<FabricRoute>
FabricRouter::RouteTo(const IpAddress& address) const
{
    const auto value = m_impl->fib.LookUp(address);
    if (!value)
    {
        return std::nullopt;
    }
    if (*value == Impl::LOCAL)
    {
        return FabricRoute{true, 0, {}, 0};
    }
    const auto& group = m_impl->groups[*value];
    if (group.IsEmpty())
    {
        return std::nullopt;
    }
    const NextHop& hop = *std::max_element(
        group.Members().begin(), group.Members().end(), [](const NextHop& a, const NextHop& b) {
            return a.neighbour < b.neighbour;
        });
    return FabricRoute{false, hop.port, hop.neighbour, group.Metric()};
}

std::string
FabricRouter::Impl::Describe(GroupId value) const
{
    if (value == LOCAL)
    {
        return "local";
    }
    std::string text;
    for (const NextHop& hop : groups[value].Members())
    {
        text += (text.empty() ? "" : " ") + ports[hop.port]->name;
    }
    return text.empty() ? "unreachable" : text;
}

void
FabricRouter::Impl::ReportRoutes()
{
    if (owner.m_tableTrace.IsEmpty())
    {
        return;
    }
    netbase::TableChange change;
    change.at = Now();
    change.table = netbase::Table::Routes;
    change.cause =
        reported.empty() ? netbase::TableCause::Configured : netbase::TableCause::Protocol;
    auto before = std::move(reported);
    reported.clear();
    for (const auto& [prefix, value] : fib.Entries())
    {
        std::string text = Describe(value);
        change.domain = prefix.length;
        change.address = prefix.address;
        const auto known = before.find({prefix.address, prefix.length});
        if (known == before.end() || known->second != text)
        {
            change.op = known == before.end() ? netbase::TableOp::Add : netbase::TableOp::Update;
            change.text = text;
            owner.m_tableTrace(change);
        }
        if (known != before.end())
        {
            before.erase(known);
        }
        reported.emplace(std::pair(prefix.address, prefix.length), std::move(text));
    }
    change.op = netbase::TableOp::Remove;
    change.text.clear();
    for (const auto& [key, text] : before)
    {
        change.address = key.first;
        change.domain = key.second;
        owner.m_tableTrace(change);
    }
}

void
FabricRouter::NotifyRoutesChanged()
{
    m_impl->ReportRoutes();
    for (const auto& changed : m_impl->routesChanged)
    {
        changed();
    }
}

std::vector<std::pair<IpPrefix, FabricRouter::GroupId>>
FabricRouter::GetRoutes() const
{
    std::vector<std::pair<IpPrefix, GroupId>> routes;
    for (const auto& entry : m_impl->fib.Entries())
    {
        if (entry.second != Impl::LOCAL)
        {
            routes.push_back(entry);
        }
    }
    return routes;
}

} // namespace underlay
} // namespace ns3
