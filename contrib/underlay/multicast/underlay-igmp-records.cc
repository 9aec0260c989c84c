// SPDX-License-Identifier: GPL-2.0-only
/** @file What group records do to the state of a group: the tables of RFC 3376 section 6.4. */
#include "underlay-igmp-router.h"

namespace weft::multicast
{

using netbase::IgmpRecord;
using netbase::IgmpRecordType;
using netbase::TableCause;

void
IgmpRouter::OnRecord(PortIndex port, const IgmpRecord& record, TimeNs now)
{
    const IpAddress& name = record.group;
    if (IsLinkLocal(name))
    {
        return; // 224.0.0.0/24 is never forwarded, so that its members do not matter
    }
    IgmpGroup& group = m_groups[name][port];
    Sources sources(record.sources.begin(), record.sources.end());
    IgmpRecordType type = record.type;
    // RFC 3376 section 7.3.2: older members on the link would not hear of these.
    const bool ignored = (group.hostVersion < 3 && type == IgmpRecordType::BlockOldSources) ||
                         (group.hostVersion == 1 && type == IgmpRecordType::ChangeToInclude);
    if (group.hostVersion < 3 && type == IgmpRecordType::ChangeToExclude)
    {
        sources.clear();
    }
    if (!ignored)
    {
        if (group.exclude)
        {
            OnExclude(port, name, group, type, sources, now);
        }
        else
        {
            OnInclude(port, name, group, type, sources, now);
        }
    }
    Settle(port, name, TableCause::Protocol, now);
}

// RFC 3376 section 6.4, tables for a group in INCLUDE mode.
void
IgmpRouter::OnInclude(PortIndex port,
                      const IpAddress& name,
                      IgmpGroup& group,
                      IgmpRecordType type,
                      const Sources& sources,
                      TimeNs now)
{
    const TimeNs until = now + m_config.igmp.Membership();
    const Sources before = group.wanted;
    Sources asked;
    switch (type)
    {
    case IgmpRecordType::ModeIsInclude:
    case IgmpRecordType::AllowNewSources:
    case IgmpRecordType::ChangeToInclude:
        for (const IpAddress& source : sources)
        {
            Want(port, name, group, source, until);
        }
        if (type == IgmpRecordType::ChangeToInclude)
        {
            std::set_difference(before.begin(),
                                before.end(),
                                sources.begin(),
                                sources.end(),
                                std::inserter(asked, asked.end()));
        }
        break;
    case IgmpRecordType::BlockOldSources:
        std::set_intersection(before.begin(),
                              before.end(),
                              sources.begin(),
                              sources.end(),
                              std::inserter(asked, asked.end()));
        break;
    case IgmpRecordType::ModeIsExclude:
    case IgmpRecordType::ChangeToExclude:
        group.exclude = true;
        m_timers.Set({Kind::Group, port, name, {}}, until);
        for (const IpAddress& source : before)
        {
            if (!sources.contains(source))
            {
                Forget(port, name, group, source);
            }
        }
        for (const IpAddress& source : sources)
        {
            if (!before.contains(source))
            {
                group.unwanted.insert(source);
            }
            else if (type == IgmpRecordType::ChangeToExclude)
            {
                asked.insert(source);
            }
        }
        break;
    }
    QuerySources(port, name, group, asked, now);
}

// The same for a group in EXCLUDE mode.
void
IgmpRouter::OnExclude(PortIndex port,
                      const IpAddress& name,
                      IgmpGroup& group,
                      IgmpRecordType type,
                      const Sources& sources,
                      TimeNs now)
{
    const TimeNs until = now + m_config.igmp.Membership();
    const TimeNs groupTimer = m_timers.At({Kind::Group, port, name, {}});
    const Sources wanted = group.wanted;
    const Sources unwanted = group.unwanted;
    Sources asked;
    switch (type)
    {
    case IgmpRecordType::ModeIsInclude:
    case IgmpRecordType::AllowNewSources:
    case IgmpRecordType::ChangeToInclude:
        for (const IpAddress& source : sources)
        {
            Want(port, name, group, source, until);
        }
        if (type == IgmpRecordType::ChangeToInclude)
        {
            std::set_difference(wanted.begin(),
                                wanted.end(),
                                sources.begin(),
                                sources.end(),
                                std::inserter(asked, asked.end()));
            QuerySources(port, name, group, asked, now);
            QueryGroup(port, name, group, now);
        }
        return;
    case IgmpRecordType::BlockOldSources:
        for (const IpAddress& source : sources)
        {
            if (!unwanted.contains(source))
            {
                if (!wanted.contains(source))
                {
                    Want(port, name, group, source, groupTimer);
                }
                asked.insert(source);
            }
        }
        break;
    case IgmpRecordType::ModeIsExclude:
    case IgmpRecordType::ChangeToExclude:
        for (const IpAddress& source : wanted)
        {
            if (!sources.contains(source))
            {
                Forget(port, name, group, source);
            }
        }
        std::erase_if(group.unwanted,
                      [&sources](const IpAddress& source) { return !sources.contains(source); });
        for (const IpAddress& source : sources)
        {
            if (unwanted.contains(source))
            {
                continue;
            }
            if (!wanted.contains(source))
            {
                Want(port,
                     name,
                     group,
                     source,
                     type == IgmpRecordType::ModeIsExclude ? until : groupTimer);
            }
            if (type == IgmpRecordType::ChangeToExclude)
            {
                asked.insert(source);
            }
        }
        m_timers.Set({Kind::Group, port, name, {}}, until);
        break;
    }
    QuerySources(port, name, group, asked, now);
}

void
IgmpRouter::Want(
    PortIndex port, const IpAddress& name, IgmpGroup& group, const IpAddress& source, TimeNs until)
{
    group.wanted.insert(source);
    group.unwanted.erase(source);
    group.sourceQueriesLeft.erase(source);
    m_timers.Set({Kind::Source, port, name, source}, until);
}

void
IgmpRouter::Forget(PortIndex port, const IpAddress& name, IgmpGroup& group, const IpAddress& source)
{
    group.wanted.erase(source);
    group.sourceQueriesLeft.erase(source);
    m_timers.Stop({Kind::Source, port, name, source});
}

} // namespace weft::multicast
