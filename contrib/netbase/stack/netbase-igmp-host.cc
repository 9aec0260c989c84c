// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-igmp-host.h"

#include "netbase-flow-hash.h"

#include <algorithm>
#include <stdexcept>

namespace weft::netbase
{

namespace
{

using std::chrono::seconds;

constexpr std::size_t RECORDS_PER_REPORT = 180; ///< 8 octets each: fits an MTU of 1500
constexpr std::size_t MAX_QUERIED = 360;        ///< sources of one answer: fits an MTU of 1500
constexpr TimeNs DEFAULT_INTERVAL = seconds(125);

void
CheckPositive(const char* field, TimeNs value)
{
    if (value <= TimeNs::zero())
    {
        throw std::invalid_argument(std::string(field) + ": " + std::to_string(value.count()) +
                                    " ns; has to be positive");
    }
}

void
CheckRange(const char* field, unsigned value, unsigned low, unsigned high)
{
    if (value < low || value > high)
    {
        throw std::invalid_argument(std::string(field) + ": " + std::to_string(value) +
                                    "; has to be " + std::to_string(low) + " to " +
                                    std::to_string(high));
    }
}

} // namespace

IgmpHost::IgmpHost(const IgmpHostConfig& config) : m_config(config), m_spoken(config.version)
{
    if (!config.address.IsV4())
    {
        throw std::invalid_argument("address: " + config.address.ToString() + "; IGMP is for IPv4");
    }
    CheckRange("version", config.version, 1, 3);
    CheckRange("robustness", config.robustness, 1, 7);
    CheckPositive("unsolicitedV2", config.unsolicitedV2);
    CheckPositive("unsolicitedV3", config.unsolicitedV3);
}

bool
IgmpHost::Join(const IpAddress& group, TimeNs now)
{
    if (!group.IsV4() || !group.IsMulticast() || group.ToV4() == IGMP_ALL_HOSTS || IsMember(group))
    {
        return false;
    }
    FollowVersion(now);
    // Joining again takes the place of what is still to be said about leaving.
    std::erase_if(m_departures, [&group](const Departure& d) { return d.group == group; });
    Membership& membership = m_members.emplace_back();
    membership.group = group;
    membership.changesLeft = Robustness();
    ReportChange(membership, now);
    return true;
}

bool
IgmpHost::Leave(const IpAddress& group, TimeNs now)
{
    Membership* membership = FindMember(group);
    if (membership == nullptr)
    {
        return false;
    }
    FollowVersion(now);
    const bool lastReporter = membership->lastReporter;
    m_members.erase(m_members.begin() + (membership - m_members.data()));
    if (m_spoken == 3)
    {
        Departure& departure = m_departures.emplace_back();
        departure.group = group;
        departure.left = Robustness();
        ReportDeparture(departure, now);
        std::erase_if(m_departures, [](const Departure& d) { return d.left == 0; });
    }
    else if (m_spoken == 2 && lastReporter)
    {
        IgmpMessage leave;
        leave.type = IgmpType::V2Leave;
        leave.group = group;
        Send(leave, IpAddress::V4(IGMP_ALL_ROUTERS));
    }
    return true;
}

bool
IgmpHost::IsMember(const IpAddress& group) const
{
    return std::any_of(m_members.begin(), m_members.end(), [&group](const Membership& m) {
        return m.group == group;
    });
}

std::vector<IpAddress>
IgmpHost::Groups() const
{
    std::vector<IpAddress> groups;
    for (const Membership& membership : m_members)
    {
        groups.push_back(membership.group);
    }
    return groups;
}

DropReason
IgmpHost::OnMessage(ByteView payload,
                    const IpAddress& source,
                    const IpAddress& destination,
                    TimeNs now)
{
    IgmpMessage message;
    const DropReason reason = ReadIgmp(payload, message);
    if (reason != DropReason::None)
    {
        return m_counts.drops.Add(reason);
    }
    switch (message.type)
    {
    case IgmpType::Query:
        // RFC 3376 section 9.1 and 4.1.12: a general query goes to 224.0.0.1, others to their
        // group.
        if (message.group.ToV4() == 0 && destination.ToV4() != IGMP_ALL_HOSTS)
        {
            return m_counts.drops.Add(DropReason::BadHeader);
        }
        return m_counts.drops.Add(OnQuery(message, now));
    case IgmpType::V1Report:
    case IgmpType::V2Report:
    {
        FollowVersion(now);
        Membership* membership = FindMember(message.group);
        if (membership == nullptr || source == m_config.address)
        {
            return m_counts.drops.Add(DropReason::NotJoined);
        }
        if (m_spoken < 3)
        {
            // Another member answered: RFC 2236 section 3.
            if (membership->answerAt != NEVER)
            {
                membership->answerAt = NEVER;
                ++m_counts.suppressed;
            }
            membership->changeAt = NEVER;
            membership->changesLeft = 0;
            membership->lastReporter = false;
        }
        return DropReason::None;
    }
    default:
        return m_counts.drops.Add(DropReason::Unsupported); // for routers
    }
}

DropReason
IgmpHost::OnQuery(const IgmpMessage& query, TimeNs now)
{
    ++m_counts.queries;
    if (query.version == 3)
    {
        m_heardRobustness = query.robustness;
        m_heardInterval =
            query.queryInterval > TimeNs::zero() ? query.queryInterval : DEFAULT_INTERVAL;
    }
    else
    {
        // RFC 3376 section 8.12: older version querier present timeout.
        TimeNs& until = query.version == 1 ? m_v1Until : m_v2Until;
        until = now + Robustness() * m_heardInterval + query.maxResponse;
    }
    FollowVersion(now);
    const bool general = query.group.ToV4() == 0;
    if (m_spoken == 3)
    {
        const TimeNs at = now + Draw(query.maxResponse, query.group);
        if (m_generalAt <= at)
        {
            return DropReason::None;
        }
        if (general)
        {
            m_generalAt = at;
            Note(at);
            return DropReason::None;
        }
        Membership* membership = FindMember(query.group);
        if (membership == nullptr)
        {
            return DropReason::NotJoined;
        }
        ScheduleAnswer(*membership, query, at);
        return DropReason::None;
    }
    bool member = general;
    for (Membership& membership : m_members)
    {
        if (general || membership.group == query.group)
        {
            member = true;
            // A running timer stays unless it would run longer than the query allows.
            if (membership.answerAt == NEVER || membership.answerAt - now > query.maxResponse)
            {
                membership.answerAt = now + Draw(query.maxResponse, membership.group);
                Note(membership.answerAt);
            }
        }
    }
    return member ? DropReason::None : DropReason::NotJoined;
}

/// RFC 3376 section 5.2, rules 3 to 5.
void
IgmpHost::ScheduleAnswer(Membership& membership, const IgmpMessage& query, TimeNs at)
{
    if (membership.answerAt == NEVER)
    {
        membership.queried = query.sources;
    }
    else if (query.sources.empty() || membership.queried.empty())
    {
        membership.queried.clear();
    }
    else
    {
        for (const IpAddress& source : query.sources)
        {
            if (std::find(membership.queried.begin(), membership.queried.end(), source) ==
                membership.queried.end())
            {
                membership.queried.push_back(source);
            }
        }
        if (membership.queried.size() > MAX_QUERIED)
        {
            membership.queried.clear(); // answers for every source instead
        }
    }
    membership.answerAt = std::min(membership.answerAt, at);
    Note(membership.answerAt);
}

bool
IgmpHost::PollPacket(Bytes& packet)
{
    NoMeta meta;
    return m_packets.Pop(packet, meta);
}

unsigned
IgmpHost::Version(TimeNs now) const
{
    const unsigned heard = now < m_v1Until ? 1 : now < m_v2Until ? 2 : 3;
    return std::min(heard, m_config.version);
}

TimeNs
IgmpHost::NextDeadline() const
{
    return m_next;
}

void
IgmpHost::OnDeadline(TimeNs now)
{
    FollowVersion(now);
    if (m_generalAt <= now)
    {
        m_generalAt = NEVER;
        AnswerGeneral();
    }
    for (Membership& membership : m_members)
    {
        if (membership.answerAt <= now)
        {
            Answer(membership);
        }
        if (membership.changeAt <= now)
        {
            ReportChange(membership, now);
        }
    }
    for (Departure& departure : m_departures)
    {
        if (departure.at <= now)
        {
            ReportDeparture(departure, now);
        }
    }
    std::erase_if(m_departures, [](const Departure& d) { return d.left == 0; });
    m_next = m_generalAt;
    for (const Membership& membership : m_members)
    {
        m_next = std::min({m_next, membership.answerAt, membership.changeAt});
    }
    for (const Departure& departure : m_departures)
    {
        m_next = std::min(m_next, departure.at);
    }
}

IgmpHost::Membership*
IgmpHost::FindMember(const IpAddress& group)
{
    const auto found = std::find_if(
        m_members.begin(), m_members.end(), [&group](const auto& m) { return m.group == group; });
    return found == m_members.end() ? nullptr : &*found;
}

/// @return evenly distributed from 0 to @p most
TimeNs
IgmpHost::Draw(TimeNs most, const IpAddress& group)
{
    const std::uint64_t hash =
        Mix64(m_config.key ^ Mix64(std::uint64_t{group.ToV4()} << 32 ^ m_draws++));
    return TimeNs(static_cast<std::int64_t>(hash % (static_cast<std::uint64_t>(most.count()) + 1)));
}

void
IgmpHost::Note(TimeNs deadline)
{
    m_next = std::min(m_next, deadline);
}

/// On a change of version all pending answers and repetitions are cancelled (RFC 3376
/// section 7.2.1).
void
IgmpHost::FollowVersion(TimeNs now)
{
    const unsigned version = Version(now);
    if (version == m_spoken)
    {
        return;
    }
    m_spoken = version;
    m_generalAt = NEVER;
    m_departures.clear();
    for (Membership& membership : m_members)
    {
        membership.answerAt = NEVER;
        membership.changeAt = NEVER;
        membership.changesLeft = 0;
    }
}

void
IgmpHost::AnswerGeneral()
{
    IgmpMessage report;
    report.type = IgmpType::V3Report;
    for (const Membership& membership : m_members)
    {
        report.records.push_back({IgmpRecordType::ModeIsExclude, membership.group, {}});
        if (report.records.size() == RECORDS_PER_REPORT)
        {
            Send(report, IpAddress::V4(IGMP_V3_REPORTS));
            report.records.clear();
        }
    }
    if (!report.records.empty())
    {
        Send(report, IpAddress::V4(IGMP_V3_REPORTS));
    }
}

void
IgmpHost::Answer(Membership& membership)
{
    membership.answerAt = NEVER;
    if (m_spoken == 3)
    {
        // Every source is wanted: of those asked for, all (RFC 3376 section 5.2).
        IgmpMessage report;
        report.type = IgmpType::V3Report;
        report.records.push_back({membership.queried.empty() ? IgmpRecordType::ModeIsExclude
                                                             : IgmpRecordType::ModeIsInclude,
                                  membership.group,
                                  std::move(membership.queried)});
        membership.queried.clear();
        Send(report, IpAddress::V4(IGMP_V3_REPORTS));
        return;
    }
    IgmpMessage report;
    report.type = m_spoken == 2 ? IgmpType::V2Report : IgmpType::V1Report;
    report.group = membership.group;
    Send(report, membership.group);
    membership.lastReporter = true;
}

/// Reports a join, and sets the timer for doing so again.
void
IgmpHost::ReportChange(Membership& membership, TimeNs now)
{
    if (m_spoken == 3)
    {
        IgmpMessage report;
        report.type = IgmpType::V3Report;
        report.records.push_back({IgmpRecordType::ChangeToExclude, membership.group, {}});
        Send(report, IpAddress::V4(IGMP_V3_REPORTS));
    }
    else
    {
        const TimeNs answerAt = membership.answerAt; // a query's answer stays due
        Answer(membership);
        membership.answerAt = answerAt;
    }
    --membership.changesLeft;
    membership.changeAt = NEVER;
    if (membership.changesLeft > 0)
    {
        membership.changeAt =
            now +
            Draw(m_spoken == 3 ? m_config.unsolicitedV3 : m_config.unsolicitedV2, membership.group);
        Note(membership.changeAt);
    }
}

void
IgmpHost::ReportDeparture(Departure& departure, TimeNs now)
{
    IgmpMessage report;
    report.type = IgmpType::V3Report;
    report.records.push_back({IgmpRecordType::ChangeToInclude, departure.group, {}});
    Send(report, IpAddress::V4(IGMP_V3_REPORTS));
    --departure.left;
    departure.at = now + Draw(m_config.unsolicitedV3, departure.group);
    Note(departure.at);
}

void
IgmpHost::Send(const IgmpMessage& message, const IpAddress& destination)
{
    AppendIgmpPacket(m_packets.Push().bytes, m_config.address, destination, message);
    ++m_counts.reports;
}

unsigned
IgmpHost::Robustness() const
{
    return m_heardRobustness == 0 ? m_config.robustness : m_heardRobustness;
}

} // namespace weft::netbase
