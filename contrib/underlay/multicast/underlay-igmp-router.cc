// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-igmp-router.h"

namespace weft::multicast
{

using netbase::IgmpMessage;
using netbase::IgmpRecord;
using netbase::IgmpRecordType;
using netbase::IgmpType;
using netbase::TableCause;
using netbase::TableOp;

namespace
{

DropReason
Translate(netbase::DropReason reason)
{
    switch (reason)
    {
    case netbase::DropReason::None:
        return DropReason::None;
    case netbase::DropReason::Truncated:
        return DropReason::Truncated;
    case netbase::DropReason::BadChecksum:
        return DropReason::BadChecksum;
    case netbase::DropReason::Unsupported:
        return DropReason::Unsupported;
    default:
        return DropReason::BadHeader;
    }
}

} // namespace

IgmpRouter::IgmpRouter(const RouterConfig& config, TimeNs now) : m_config(config)
{
    for (const PortConfig& port : config.ports)
    {
        m_ports.push_back({.config = port});
    }
    for (std::size_t i = 0; i < m_ports.size(); ++i)
    {
        SetPortUp(static_cast<PortIndex>(i), m_ports[i].config.up, now);
    }
}

void
IgmpRouter::SetPortUp(PortIndex index, bool up, TimeNs now)
{
    Port& port = m_ports[static_cast<std::size_t>(index)];
    if (!port.config.igmp || port.up == up)
    {
        return;
    }
    port.up = up;
    m_timers.Stop({Kind::GeneralQuery, index, {}, {}});
    m_timers.Stop({Kind::OtherQuerier, index, {}, {}});
    if (up)
    {
        StartQuerier(index, now);
        return;
    }
    port.querier = false;
    std::vector<IpAddress> known;
    for (const auto& [name, ports] : m_groups)
    {
        if (ports.contains(index))
        {
            known.push_back(name);
        }
    }
    std::sort(known.begin(), known.end());
    for (const IpAddress& name : known)
    {
        IgmpGroup& group = *FindOn(index, name);
        for (const IpAddress& source : Sources(group.wanted))
        {
            Forget(index, name, group, source);
        }
        group.exclude = false;
        m_timers.Stop({Kind::Group, index, name, {}});
        Settle(index, name, TableCause::PortDown, now);
    }
}

void
IgmpRouter::StartQuerier(PortIndex index, TimeNs now)
{
    Port& port = m_ports[static_cast<std::size_t>(index)];
    port.querier = true;
    port.startupLeft = m_config.igmp.robustness;
    m_timers.Set({Kind::GeneralQuery, index, {}, {}}, now);
}

IgmpGroup*
IgmpRouter::FindOn(PortIndex port, const IpAddress& name)
{
    const auto it = m_groups.find(name);
    if (it == m_groups.end())
    {
        return nullptr;
    }
    const auto onPort = it->second.find(port);
    return onPort == it->second.end() ? nullptr : &onPort->second;
}

const IgmpRouter::PortGroups*
IgmpRouter::Find(const IpAddress& group) const
{
    const auto it = m_groups.find(group);
    return it == m_groups.end() ? nullptr : &it->second;
}

DropReason
IgmpRouter::OnMessage(PortIndex index, ByteView payload, const IpAddress& source, TimeNs now)
{
    Port& port = m_ports[static_cast<std::size_t>(index)];
    if (!port.config.igmp)
    {
        return DropReason::Disabled;
    }
    const IpAddress& own = port.config.address;
    // Hosts without address yet may report (RFC 3376 section 4.2.13); queries need one.
    const bool onLink = (own.ToV4() ^ source.ToV4()) >> (32 - port.config.prefixLength) == 0;
    IgmpMessage message;
    if (const DropReason reason = Translate(netbase::ReadIgmp(payload, message));
        reason != DropReason::None)
    {
        return reason;
    }
    if (!onLink && (source.ToV4() != 0 || message.type == IgmpType::Query))
    {
        return DropReason::NotOnLink;
    }
    if (source == own)
    {
        return DropReason::OwnPacket;
    }
    switch (message.type)
    {
    case IgmpType::Query:
        OnQuery(port, index, message, source, now);
        return DropReason::None;
    case IgmpType::V1Report:
        OnOldReport(index, message.group, 1, now);
        return DropReason::None;
    case IgmpType::V2Report:
        OnOldReport(index, message.group, 2, now);
        return DropReason::None;
    case IgmpType::V2Leave:
        OnRecord(index, {IgmpRecordType::ChangeToInclude, message.group, {}}, now);
        return DropReason::None;
    case IgmpType::V3Report:
        if (m_config.igmpVersion < 3)
        {
            return DropReason::Unsupported;
        }
        for (const IgmpRecord& record : message.records)
        {
            OnRecord(index, record, now);
        }
        return DropReason::None;
    }
    return DropReason::Unsupported;
}

void
IgmpRouter::OnQuery(
    Port& port, PortIndex index, const IgmpMessage& query, const IpAddress& source, TimeNs now)
{
    // RFC 3376 section 6.6.2: the lowest address asks.
    if (source < port.config.address)
    {
        port.querier = false;
        m_timers.Stop({Kind::GeneralQuery, index, {}, {}});
        m_timers.Set({Kind::OtherQuerier, index, {}, {}}, now + m_config.igmp.OtherQuerier());
    }
    // Section 6.6.1: those who do not ask lower their timers as the querier does.
    IgmpGroup* group = query.suppress ? nullptr : FindOn(index, query.group);
    if (!group || port.querier)
    {
        return;
    }
    const TimeNs until = now + m_config.igmp.LastMember();
    const Key groupKey{Kind::Group, index, query.group, {}};
    if (query.sources.empty() && m_timers.At(groupKey) > until && m_timers.IsRunning(groupKey))
    {
        m_timers.Set(groupKey, until);
    }
    for (const IpAddress& wanted : query.sources)
    {
        const Key key{Kind::Source, index, query.group, wanted};
        if (m_timers.IsRunning(key) && m_timers.At(key) > until)
        {
            m_timers.Set(key, until);
        }
    }
}

void
IgmpRouter::OnOldReport(PortIndex port, const IpAddress& name, unsigned version, TimeNs now)
{
    if (IsLinkLocal(name))
    {
        return;
    }
    IgmpGroup& group = m_groups[name][port];
    group.hostVersion = std::min(group.hostVersion, version);
    // Older Host Present Interval: as long as a membership (RFC 3376 section 8.13).
    m_timers.Set({version == 1 ? Kind::V1Host : Kind::V2Host, port, name, {}},
                 now + m_config.igmp.Membership());
    OnRecord(port, {IgmpRecordType::ModeIsExclude, name, {}}, now);
}

void
IgmpRouter::QueryGroup(PortIndex port, const IpAddress& name, IgmpGroup& group, TimeNs now)
{
    if (!IsQuerier(port))
    {
        return;
    }
    // RFC 3376 section 6.6.3.1: the timer is lowered, then the question asked several times.
    const Key key{Kind::Group, port, name, {}};
    const TimeNs until = now + m_config.igmp.LastMember();
    if (m_timers.IsRunning(key) && m_timers.At(key) > until)
    {
        m_timers.Set(key, until);
    }
    group.queriesLeft = m_config.igmp.lastMemberCount - 1;
    SendQuery(port, name, {}, m_config.igmp.lastMemberInterval, false);
    if (group.queriesLeft > 0)
    {
        m_timers.Set({Kind::GroupQuery, port, name, {}}, now + m_config.igmp.lastMemberInterval);
    }
}

void
IgmpRouter::QuerySources(
    PortIndex port, const IpAddress& name, IgmpGroup& group, const Sources& sources, TimeNs now)
{
    if (sources.empty() || !IsQuerier(port))
    {
        return;
    }
    const TimeNs until = now + m_config.igmp.LastMember();
    for (const IpAddress& source : sources)
    {
        const Key key{Kind::Source, port, name, source};
        if (m_timers.IsRunning(key) && m_timers.At(key) > until)
        {
            m_timers.Set(key, until);
        }
        group.sourceQueriesLeft[source] = m_config.igmp.lastMemberCount;
    }
    SendSourceQueries(port, name, group, now);
}

void
IgmpRouter::SendSourceQueries(PortIndex port, const IpAddress& name, IgmpGroup& group, TimeNs now)
{
    // Sources whose timer was refreshed meanwhile are asked about with the S flag set, so that
    // other routers leave their timers alone (RFC 3376 section 6.6.3.2).
    Sources doubtful;
    Sources refreshed;
    const TimeNs until = now + m_config.igmp.LastMember();
    for (auto& [source, left] : group.sourceQueriesLeft)
    {
        const TimeNs at = m_timers.At({Kind::Source, port, name, source});
        (at > until ? refreshed : doubtful).insert(source);
        --left;
    }
    if (!doubtful.empty())
    {
        SendQuery(port, name, doubtful, m_config.igmp.lastMemberInterval, false);
    }
    if (!refreshed.empty())
    {
        SendQuery(port, name, refreshed, m_config.igmp.lastMemberInterval, true);
    }
    std::erase_if(group.sourceQueriesLeft, [](const auto& entry) { return entry.second == 0; });
    if (!group.sourceQueriesLeft.empty())
    {
        m_timers.Set({Kind::SourceQuery, port, name, {}}, now + m_config.igmp.lastMemberInterval);
    }
}

void
IgmpRouter::SendGeneralQuery(PortIndex index, TimeNs now)
{
    Port& port = m_ports[static_cast<std::size_t>(index)];
    SendQuery(index, IpAddress::V4(0), {}, m_config.igmp.queryResponse, false);
    TimeNs interval = m_config.igmp.queryInterval;
    if (port.startupLeft > 1)
    {
        interval /= 4; // Startup Query Interval (RFC 3376 section 8.6)
    }
    port.startupLeft -= port.startupLeft > 0 ? 1 : 0;
    m_timers.Set({Kind::GeneralQuery, index, {}, {}}, now + interval);
}

void
IgmpRouter::SendQuery(
    PortIndex port, const IpAddress& group, const Sources& sources, TimeNs response, bool suppress)
{
    IgmpMessage query;
    query.type = IgmpType::Query;
    query.version = m_config.igmpVersion;
    query.group = group;
    query.maxResponse = response;
    query.suppress = suppress;
    query.robustness = m_config.igmp.robustness;
    query.queryInterval = m_config.igmp.queryInterval;
    query.sources.assign(sources.begin(), sources.end());
    auto& slot = m_packets.Push();
    slot.meta = port;
    netbase::AppendIgmpPacket(slot.bytes,
                              m_ports[static_cast<std::size_t>(port)].config.address,
                              group.ToV4() == 0 ? IpAddress::V4(netbase::IGMP_ALL_HOSTS) : group,
                              query);
}

void
IgmpRouter::OnDeadline(TimeNs now)
{
    Key key;
    while (m_timers.PopDue(now, key))
    {
        OnTimer(key, now);
    }
}

void
IgmpRouter::OnTimer(const Key& key, TimeNs now)
{
    if (key.kind == Kind::GeneralQuery)
    {
        SendGeneralQuery(key.port, now);
        return;
    }
    if (key.kind == Kind::OtherQuerier)
    {
        StartQuerier(key.port, now);
        m_ports[static_cast<std::size_t>(key.port)].startupLeft = 0; // no new start of the link
        return;
    }
    IgmpGroup* group = FindOn(key.port, key.group);
    if (!group)
    {
        return;
    }
    switch (key.kind)
    {
    case Kind::Group:
        // RFC 3376 section 6.5: what is still wanted becomes the INCLUDE list.
        group->exclude = false;
        group->unwanted.clear();
        break;
    case Kind::Source:
        group->wanted.erase(key.source);
        if (group->exclude)
        {
            group->unwanted.insert(key.source);
        }
        break;
    case Kind::GroupQuery:
    {
        if (group->queriesLeft == 0 || !IsQuerier(key.port))
        {
            return;
        }
        --group->queriesLeft;
        const TimeNs at = m_timers.At({Kind::Group, key.port, key.group, {}});
        SendQuery(key.port,
                  key.group,
                  {},
                  m_config.igmp.lastMemberInterval,
                  at != NEVER && at > now + m_config.igmp.LastMember());
        if (group->queriesLeft > 0)
        {
            m_timers.Set(key, now + m_config.igmp.lastMemberInterval);
        }
        return;
    }
    case Kind::SourceQuery:
        if (IsQuerier(key.port))
        {
            SendSourceQueries(key.port, key.group, *group, now);
        }
        return;
    case Kind::V1Host:
        group->hostVersion = m_timers.IsRunning({Kind::V2Host, key.port, key.group, {}}) ? 2 : 3;
        return;
    case Kind::V2Host:
        group->hostVersion = m_timers.IsRunning({Kind::V1Host, key.port, key.group, {}}) ? 1 : 3;
        return;
    case Kind::GeneralQuery:
    case Kind::OtherQuerier:
        return;
    }
    Settle(key.port, key.group, TableCause::Aged, now);
}

// After any change: drops what is empty, and tells others what differs from what they were told.
void
IgmpRouter::Settle(PortIndex port, const IpAddress& name, TableCause cause, TimeNs now)
{
    IgmpGroup* group = FindOn(port, name);
    std::string text;
    if (group->exclude || !group->wanted.empty())
    {
        text = group->exclude ? "exclude" : "include";
        for (const IpAddress& source : group->exclude ? group->unwanted : group->wanted)
        {
            text += " " + source.ToString();
        }
    }
    if (text != group->shown)
    {
        netbase::TableChange& change = m_tableChanges.Push().meta;
        change.at = now;
        change.table = netbase::Table::Igmp;
        change.op = group->shown.empty() ? TableOp::Add
                    : text.empty()       ? TableOp::Remove
                                         : TableOp::Update;
        change.cause = cause;
        change.domain = static_cast<std::uint32_t>(port); // a group is known on each port by itself
        change.address = name;
        change.port = port;
        change.text = text;
        m_changes.Push().meta = {port, name};
        group->shown = text;
    }
    if (text.empty())
    {
        for (const Kind kind :
             {Kind::Group, Kind::GroupQuery, Kind::SourceQuery, Kind::V1Host, Kind::V2Host})
        {
            m_timers.Stop({kind, port, name, {}});
        }
        auto ports = m_groups.find(name);
        ports->second.erase(port);
        if (ports->second.empty())
        {
            m_groups.erase(ports);
        }
    }
}

bool
IgmpRouter::PollChange(PortIndex& port, IpAddress& group)
{
    Bytes none;
    std::pair<PortIndex, IpAddress> change;
    if (!m_changes.Pop(none, change))
    {
        return false;
    }
    std::tie(port, group) = change;
    return true;
}

bool
IgmpRouter::PollPacket(Bytes& packet, PortIndex& port)
{
    return m_packets.Pop(packet, port);
}

bool
IgmpRouter::PollTableChange(netbase::TableChange& change)
{
    Bytes none;
    return m_tableChanges.Pop(none, change);
}

} // namespace weft::multicast
