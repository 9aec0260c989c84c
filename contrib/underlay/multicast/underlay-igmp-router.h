// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Router side of IGMP on all of a router's links: version 3 (RFC 3376 section 6) with compatibility
 * to hosts of versions 2 and 1 (section 7.3), or version 2 alone (RFC 2236).
 *
 * Invariants: a group is known on a port exactly while its group timer or the timer of one of its
 * sources runs; in INCLUDE mode every source's timer runs; in EXCLUDE mode sources without timer
 * are those that nobody wants. Only the querier of a link asks; all routers of a link keep equal
 * state, for they hear the same reports and queries.
 *
 * Simplification: a non-querier does not adopt the querier's robustness and interval.
 */
#ifndef UNDERLAY_IGMP_ROUTER_H
#define UNDERLAY_IGMP_ROUTER_H

#include "underlay-multicast-config.h"
#include "underlay-timer-set.h"

#include "netbase-igmp.h"
#include "netbase-output-queue.h"
#include "netbase-table-change.h"

#include <map>
#include <set>

namespace weft::multicast
{

/// What the hosts of one link want of one group.
struct IgmpGroup
{
    bool exclude = false;         ///< filter mode; false: INCLUDE
    std::set<IpAddress> wanted;   ///< sources whose timer runs
    std::set<IpAddress> unwanted; ///< EXCLUDE: sources that nobody wants
    unsigned hostVersion = 3;     ///< Group Compatibility Mode: 1 to 3
    unsigned queriesLeft = 0;     ///< group-specific queries still to be sent
    std::map<IpAddress, unsigned> sourceQueriesLeft;
    std::string shown; ///< as last reported to those who watch

    /// @return whether packets of a source are wanted
    bool
    Wants(const IpAddress& source) const
    {
        return wanted.contains(source) || (exclude && !unwanted.contains(source));
    }
};

class IgmpRouter
{
  public:
    using PortGroups = std::map<PortIndex, IgmpGroup>;

    /// @param config checked by the caller
    IgmpRouter(const RouterConfig& config, TimeNs now);

    /// Takes an IGMP message. @param payload of the IP packet; the others are its addresses
    /// @return None, or why it was dropped
    DropReason OnMessage(PortIndex port, ByteView payload, const IpAddress& source, TimeNs now);

    void SetPortUp(PortIndex port, bool up, TimeNs now);

    /// @return the ports where a group is known, with what is wanted there; nullptr: none
    const PortGroups* Find(const IpAddress& group) const;

    bool
    IsQuerier(PortIndex port) const
    {
        return m_ports[static_cast<std::size_t>(port)].querier;
    }

    /// Takes the next group whose members changed on a port.
    bool PollChange(PortIndex& port, IpAddress& group);

    /// Takes the next query to send. @param[out] packet complete IPv4 packet
    bool PollPacket(Bytes& packet, PortIndex& port);

    bool PollTableChange(netbase::TableChange& change);

    TimeNs
    NextDeadline() const
    {
        return m_timers.NextDeadline();
    }

    void OnDeadline(TimeNs now);

  private:
    enum class Kind : std::uint8_t
    {
        GeneralQuery,
        OtherQuerier,
        Group,
        Source,
        GroupQuery,
        SourceQuery,
        V2Host,
        V1Host,
    };

    struct Key
    {
        Kind kind;
        PortIndex port;
        IpAddress group;
        IpAddress source;
        friend bool operator==(const Key&, const Key&) = default;

        template <typename H>
        friend H
        AbslHashValue(H state, const Key& key)
        {
            return H::combine(std::move(state), key.kind, key.port, key.group, key.source);
        }
    };

    struct Port
    {
        PortConfig config;
        bool up = false;
        bool querier = false;
        unsigned startupLeft = 0; ///< general queries at the shorter interval
    };

    struct NoMeta
    {
    };

    using Sources = std::set<IpAddress>;

    void OnQuery(Port& port,
                 PortIndex index,
                 const netbase::IgmpMessage& query,
                 const IpAddress& source,
                 TimeNs now);
    void OnRecord(PortIndex port, const netbase::IgmpRecord& record, TimeNs now);
    void OnInclude(PortIndex port,
                   const IpAddress& name,
                   IgmpGroup& group,
                   netbase::IgmpRecordType type,
                   const Sources& sources,
                   TimeNs now);
    void OnExclude(PortIndex port,
                   const IpAddress& name,
                   IgmpGroup& group,
                   netbase::IgmpRecordType type,
                   const Sources& sources,
                   TimeNs now);
    void OnOldReport(PortIndex port, const IpAddress& group, unsigned version, TimeNs now);
    void Want(PortIndex port,
              const IpAddress& name,
              IgmpGroup& group,
              const IpAddress& source,
              TimeNs until);
    void Forget(PortIndex port, const IpAddress& name, IgmpGroup& group, const IpAddress& source);
    void QueryGroup(PortIndex port, const IpAddress& name, IgmpGroup& group, TimeNs now);
    void QuerySources(PortIndex port,
                      const IpAddress& name,
                      IgmpGroup& group,
                      const Sources& sources,
                      TimeNs now);
    void SendSourceQueries(PortIndex port, const IpAddress& name, IgmpGroup& group, TimeNs now);
    void SendGeneralQuery(PortIndex port, TimeNs now);
    void SendQuery(PortIndex port,
                   const IpAddress& group,
                   const Sources& sources,
                   TimeNs response,
                   bool suppress);
    void StartQuerier(PortIndex port, TimeNs now);
    void OnTimer(const Key& key, TimeNs now);
    void Settle(PortIndex port, const IpAddress& name, netbase::TableCause cause, TimeNs now);
    IgmpGroup* FindOn(PortIndex port, const IpAddress& name);

    RouterConfig m_config;
    std::vector<Port> m_ports;
    absl::flat_hash_map<IpAddress, PortGroups> m_groups;
    TimerSet<Key> m_timers;
    netbase::OutputQueue<PortIndex> m_packets;
    netbase::OutputQueue<std::pair<PortIndex, IpAddress>> m_changes;
    netbase::OutputQueue<netbase::TableChange> m_tableChanges;
};

} // namespace weft::multicast

#endif
