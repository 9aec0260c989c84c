// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * A VTEP's side of the central controller: tells it of local stations, takes its pushes.
 *
 * It says hello until the server answers, tells everything it knows, and is connected once the
 * server has told everything too. Silence of the server (three keepalive intervals of a second by
 * default) means that it is lost: the VTEP helps itself by flooding and learning, and the agent
 * says hello again. What a new session does not confirm is withdrawn at its end of table.
 *
 * Sans-I/O: UDP payloads in and out; commands for the mapping are polled and given to Apply().
 */
#ifndef VXLAN_CONTROLLER_AGENT_H
#define VXLAN_CONTROLLER_AGENT_H

#include "vxlan-bridge.h"
#include "vxlan-controller-channel.h"

#include <deque>
#include <map>
#include <set>

namespace weft::vxlan
{

class Vtep;

struct ControllerAgentConfig
{
    TimeNs hello = std::chrono::seconds{1}; ///< between hellos while there is no session
    ControllerChannelConfig channel{};
    std::uint64_t key = 0; ///< different for every agent: session numbers are drawn from it
};

enum class ControllerCommandKind : std::uint8_t
{
    Install,  ///< a station is behind a remote VTEP
    Withdraw, ///< it is not
    Back,     ///< the controller's table is complete here
    Lost,     ///< the controller is silent: flood and learn
};

/// What the mapping has to do.
struct ControllerCommand
{
    ControllerCommandKind kind = ControllerCommandKind::Lost;
    Vni vni = 0;
    MacAddress mac{};
    IpAddress remote{};
    IpAddress address{}; ///< of the station, where known
};

struct ControllerAgentCounters
{
    std::uint64_t datagramsReceived = 0;
    std::uint64_t datagramsSent = 0;
    std::uint64_t bytesSent = 0; ///< UDP payload
    std::uint64_t hellos = 0;
    std::uint64_t installs = 0;
    std::uint64_t withdraws = 0;
    std::uint64_t lost = 0; ///< times the controller was lost
    std::uint64_t back = 0; ///< times it came (back)
    std::array<std::uint64_t, static_cast<std::size_t>(ControllerReason::Count)> refused{};
};

class ControllerAgent
{
  public:
    /// @throws std::invalid_argument naming the field, its value and the rule
    ControllerAgent(const ControllerAgentConfig& config, TimeNs now);

    // -- What the VTEP knows ---------------------------------------------------------------------

    /// Networks whose stations it wants to know.
    void Join(Vni vni, TimeNs now);
    void Leave(Vni vni, TimeNs now);
    /// A station is local: new, or with an address now. @param address none: as before
    void Learn(Vni vni, const MacAddress& mac, const IpAddress& address, TimeNs now);
    /// It is no longer. Unknown ones are ignored.
    void Lose(Vni vni, const MacAddress& mac, TimeNs now);
    /// A report of the bridge: Learn() or Lose().
    void OnStation(const StationReport& report, TimeNs now);

    // -- Datagrams
    // ---------------------------------------------------------------------------------

    /// A datagram from the server. @return why it was not heeded
    ControllerReason OnDatagram(ByteView payload, TimeNs now);
    /// Takes the next datagram to the server, CONTROLLER_PORT.
    bool PollDatagram(Bytes& payload, TimeNs now);

    bool PollCommand(ControllerCommand& command);
    /// @return whether its table is the controller's
    bool
    Connected() const
    {
        return m_connected;
    }

    TimeNs NextDeadline() const;
    void OnDeadline(TimeNs now);

    const ControllerAgentCounters&
    Counters() const
    {
        return m_counters;
    }

    const ControllerChannelCounters&
    ChannelCounters() const
    {
        return m_channel.Counters();
    }

    /// @return records the server has not acknowledged
    std::size_t
    Outstanding() const
    {
        return m_channel.Outstanding();
    }

  private:
    using Key = std::pair<Vni, MacAddress>;

    struct Local
    {
        IpAddress address;
        TimeNs since{0};
    };

    struct Remote
    {
        IpAddress remote;
        IpAddress address;
        std::uint32_t session = 0; ///< that confirmed it last
    };

    void Begin(TimeNs now);
    void Established(std::uint32_t peer, TimeNs now);
    void TakeRecords(TimeNs now);
    void TakeRecord(const ControllerRecord& record);
    void TakeEnd();
    void Command(ControllerCommandKind kind, const Key& key, const Remote& remote);
    void DropRemote(const Key& key);
    ControllerReason Refuse(ControllerReason reason);

    ControllerAgentConfig m_config;
    ControllerChannel m_channel;
    std::uint32_t m_session = 0; ///< of the present attempt
    bool m_established = false;  ///< the server has answered
    bool m_connected = false;
    bool m_helloDue = true;
    TimeNs m_nextHello{0};
    TimeNs m_heard{0}; ///< the server, at last, while connected
    std::set<Vni> m_networks;
    std::map<Key, Local> m_local;
    std::map<Key, Remote> m_remote;
    std::deque<ControllerCommand> m_commands;
    ControllerAgentCounters m_counters;
};

/// Does what a command says: Install, Withdraw or SetControllerConnected of a VTEP.
/// @return the VTEP's objection, if any
DropReason Apply(const ControllerCommand& command, Vtep& vtep, TimeNs now);

} // namespace weft::vxlan

#endif
