// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Host side of IGMP: version 3 (RFC 3376), falling back to versions 2 (RFC 2236) and 1 (RFC 1112)
 * while such a querier is heard. Memberships are "any source" (EXCLUDE with an empty source list).
 *
 * Invariants: 224.0.0.1 is always joined and never reported. Random delays are drawn from the key,
 * the group and a counter: equal inputs give equal outputs.
 */
#ifndef NETBASE_IGMP_HOST_H
#define NETBASE_IGMP_HOST_H

#include "netbase-igmp.h"
#include "netbase-output-queue.h"
#include "netbase-types.h"

namespace weft::netbase
{

struct IgmpHostConfig
{
    IpAddress address;       ///< source of reports; IPv4, 0.0.0.0 allowed
    unsigned version = 3;    ///< 1 to 3: the newest that is spoken
    unsigned robustness = 2; ///< unsolicited reports on a change, 1 to 7; a version 3 querier's QRV
                             ///< takes its place
    TimeNs unsolicitedV2{std::chrono::seconds(10)}; ///< longest time between these; positive
    TimeNs unsolicitedV3{std::chrono::seconds(1)};
    std::uint64_t key = 0; ///< of the random delays; different for every host
};

class IgmpHost
{
  public:
    struct Counts
    {
        std::uint64_t queries = 0;    ///< heard and valid
        std::uint64_t reports = 0;    ///< packets sent, leaves included
        std::uint64_t suppressed = 0; ///< version 1 and 2: answers left to another member
        DropCounters drops;           ///< messages heard that meant nothing to us, by reason
    };

    /// @throws std::invalid_argument naming the field, its value and the rule
    explicit IgmpHost(const IgmpHostConfig& config);

    /// Becomes a member; reports it `robustness` times. @param group IPv4 group
    /// @return false when it was one already, or for 224.0.0.1
    bool Join(const IpAddress& group, TimeNs now);

    /// Ends membership and says so (version 2: only if this host reported last).
    /// @return false when it was no member
    bool Leave(const IpAddress& group, TimeNs now);

    bool IsMember(const IpAddress& group) const;

    /// @return groups joined, in order of joining; without 224.0.0.1
    std::vector<IpAddress> Groups() const;

    /// Takes an IGMP message. @param payload of an IPv4 packet @param source and @param destination
    /// its addresses @return None, or why it was ignored
    DropReason OnMessage(ByteView payload,
                         const IpAddress& source,
                         const IpAddress& destination,
                         TimeNs now);

    /// Takes the next complete IPv4 packet to send to the group it is addressed to.
    bool PollPacket(Bytes& packet);

    /// @return the version spoken at an instant, 1 to 3
    unsigned Version(TimeNs now) const;

    TimeNs NextDeadline() const;
    void OnDeadline(TimeNs now);

    const Counts&
    Counters() const
    {
        return m_counts;
    }

  private:
    struct Membership
    {
        IpAddress group;
        TimeNs answerAt{NEVER};         ///< to a query
        std::vector<IpAddress> queried; ///< sources that the query named; empty: all
        TimeNs changeAt{NEVER};         ///< next unsolicited report
        unsigned changesLeft = 0;
        bool lastReporter = false; ///< version 2: no other host reported since
    };

    /// A group that was left, still being reported by version 3.
    struct Departure
    {
        IpAddress group;
        TimeNs at{NEVER};
        unsigned left = 0;
    };

    Membership* FindMember(const IpAddress& group);
    TimeNs Draw(TimeNs most, const IpAddress& group);
    void Note(TimeNs deadline);
    void FollowVersion(TimeNs now);
    DropReason OnQuery(const IgmpMessage& query, TimeNs now);
    void ScheduleAnswer(Membership& membership, const IgmpMessage& query, TimeNs at);
    void AnswerGeneral();
    void Answer(Membership& membership);
    void ReportChange(Membership& membership, TimeNs now);
    void ReportDeparture(Departure& departure, TimeNs now);
    void Send(const IgmpMessage& message, const IpAddress& destination);
    unsigned Robustness() const;

    IgmpHostConfig m_config;
    std::vector<Membership> m_members;
    std::vector<Departure> m_departures;
    TimeNs m_generalAt{NEVER};       ///< version 3: answer to a general query
    TimeNs m_v1Until{TimeNs::min()}; ///< older version querier present
    TimeNs m_v2Until{TimeNs::min()};
    unsigned m_heardRobustness = 0;
    TimeNs m_heardInterval{std::chrono::seconds(125)};
    std::uint64_t m_draws = 0;
    unsigned m_spoken;    ///< version at the last call
    TimeNs m_next{NEVER}; ///< not after the earliest timer
    struct NoMeta
    {
    };
    OutputQueue<NoMeta> m_packets;
    Counts m_counts;
};

} // namespace weft::netbase

#endif
