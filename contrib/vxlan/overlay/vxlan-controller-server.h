// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The central controller: knows from the VTEPs' agents which station is behind which VTEP, and
 * tells every VTEP that has the station's network.
 *
 * It is one serial server: what agents report waits in one queue, each report takes updateCost (a
 * network's table for a VTEP that joins: as much for every entry of it), and what follows from it
 * leaves pushDelay later. A station belongs to the VTEP whose report is of the latest event, by the
 * agents' own account of how long ago it was: a report that was late on its way does not undo a
 * newer one.
 *
 * Invariant: once nothing is under way, every agent's table is all stations of its networks that
 * are behind others.
 */
#ifndef VXLAN_CONTROLLER_SERVER_H
#define VXLAN_CONTROLLER_SERVER_H

#include "vxlan-controller-channel.h"

#include <absl/container/flat_hash_map.h>

#include <deque>
#include <map>
#include <memory>
#include <set>

namespace weft::vxlan
{

struct ControllerServerConfig
{
    ControllerChannelConfig channel{};
    TimeNs pushDelay = std::chrono::milliseconds{10}; ///< from a report's end to its pushes
    TimeNs updateCost = std::chrono::microseconds{50};
    /// Stations of an agent that is silent are kept for so long; NEVER: for ever.
    TimeNs hold = std::chrono::seconds{60};
    std::size_t maxAgents = 65536;
    std::uint64_t key = 0; ///< session numbers are drawn from it
};

struct ControllerServerCounters
{
    std::uint64_t datagramsReceived = 0;
    std::uint64_t datagramsSent = 0;
    std::uint64_t bytesSent = 0;       ///< UDP payload
    std::uint64_t reports = 0;         ///< records of agents that were worked off
    std::uint64_t moves = 0;           ///< stations reported by another VTEP than before
    std::uint64_t late = 0;            ///< reports that a newer one had overtaken
    std::uint64_t ignored = 0;         ///< of networks the agent has not joined, or a past session
    std::uint64_t installsPushed = 0;  ///< to one agent each
    std::uint64_t withdrawsPushed = 0; ///< likewise
    std::uint64_t agentsLost = 0;      ///< times an agent fell silent
    std::uint64_t agentsForgotten = 0; ///< of these: its stations withdrawn
    std::uint64_t longestQueue = 0;    ///< reports waiting at once
    TimeNs longestWait{0};             ///< of a report, from arrival to its end
    std::array<std::uint64_t, static_cast<std::size_t>(ControllerReason::Count)> refused{};
};

class ControllerServer
{
  public:
    /// @throws std::invalid_argument naming the field, its value and the rule
    ControllerServer(const ControllerServerConfig& config, TimeNs now);

    /// A datagram from an agent, whose address is its VTEP's. @return why it was not heeded
    ControllerReason OnDatagram(const IpAddress& from,
                                std::uint16_t port,
                                ByteView payload,
                                TimeNs now);
    /// Takes the next datagram to an agent.
    bool PollDatagram(Bytes& payload, IpAddress& to, std::uint16_t& port, TimeNs now);

    /// Forgets everything, as a host that failed and comes back. Counters stay.
    void Restart(TimeNs now);

    TimeNs NextDeadline() const;
    void OnDeadline(TimeNs now);

    /// @return the VTEP a station is behind; nullptr when it is unknown
    const IpAddress* Find(Vni vni, const MacAddress& mac) const;
    std::size_t Stations() const;
    /// @return agents with a session
    std::size_t Agents() const;
    /// @return reports that wait
    std::size_t Queue() const;

    const ControllerServerCounters&
    Counters() const
    {
        return m_counters;
    }

    /// @return of all sessions together
    ControllerChannelCounters ChannelCounters() const;

  private:
    using AgentId = std::uint32_t;
    static constexpr AgentId NOBODY = 0xffffffff;

    struct Agent
    {
        IpAddress vtep;
        std::uint16_t port = 0;
        std::uint32_t session = 0; ///< the agent's own; 0: none at present
        ControllerChannel channel;
        bool welcome = false;    ///< to be sent
        std::set<Vni> networks;  ///< joined, also in past sessions
        std::set<Vni> confirmed; ///< of these: in the present session
        TimeNs forgetAt = NEVER; ///< while it is silent
        TimeNs timer = NEVER;    ///< its entry in m_timers

        explicit Agent(const ControllerChannelConfig& config) : channel(config)
        {
        }
    };

    struct Station
    {
        AgentId owner = NOBODY;
        std::uint32_t session = 0; ///< of the owner, which confirmed it last
        IpAddress address;
        TimeNs since{0};
    };

    struct Network
    {
        std::map<MacAddress, Station> stations;
        std::set<AgentId> members;
    };

    /// A report that waits.
    struct Job
    {
        AgentId agent = NOBODY;
        std::uint32_t session = 0;
        ControllerChannel::Received report;
        TimeNs arrived{0};
    };

    /// A record on its way out.
    struct Push
    {
        TimeNs at{0};
        AgentId target = NOBODY; ///< NOBODY: all members of the network but @ref except
        AgentId except = NOBODY;
        std::uint32_t session = 0; ///< of the target
        ControllerRecord record{};
    };

    struct Answer
    {
        IpAddress to;
        std::uint16_t port = 0;
        Bytes bytes;
    };

    AgentId Greet(const IpAddress& from, std::uint16_t port, std::uint32_t session, TimeNs now);
    void Leave(AgentId id, Vni vni, TimeNs at);
    void Advance(TimeNs now);
    void StartJob(TimeNs at);
    void Work(const Job& job, TimeNs at);
    void Learn(AgentId id, const ControllerChannel::Received& report, TimeNs at);
    void PushToMembers(const ControllerRecord& record, AgentId except, TimeNs at);
    void PushTo(AgentId target, const ControllerRecord& record, TimeNs at);
    void PushWithdraw(Vni vni, const MacAddress& mac, const Station& station, TimeNs at);
    void Forget(AgentId id, bool all, TimeNs at);
    void Lose(AgentId id, TimeNs now);
    void SendDue(TimeNs now);
    void Touch(AgentId id);
    void SetTimer(AgentId id);
    std::uint32_t NewSession(TimeNs now);
    ControllerReason Refuse(ControllerReason reason);

    ControllerServerConfig m_config;
    std::vector<std::unique_ptr<Agent>> m_agents;
    absl::flat_hash_map<IpAddress, AgentId> m_byAddress;
    std::map<Vni, Network> m_networks;
    std::deque<Job> m_jobs; ///< the first is being worked on
    TimeNs m_jobDone = NEVER;
    std::deque<Push> m_pushes;
    std::set<AgentId> m_ready; ///< may have something to send
    std::set<std::pair<TimeNs, AgentId>> m_timers;
    std::deque<Answer> m_answers;
    std::uint32_t m_sessions = 0; ///< drawn so far
    ControllerServerCounters m_counters;
};

} // namespace weft::vxlan

#endif
