// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-controller-agent.h"

#include "vxlan-vtep.h"

#include "netbase-flow-hash.h"

#include <algorithm>
#include <stdexcept>

namespace weft::vxlan
{

ControllerAgent::ControllerAgent(const ControllerAgentConfig& config, TimeNs now)
    : m_config(config), m_channel(config.channel)
{
    Validate(config.channel);
    if (config.hello <= TimeNs{0})
    {
        throw std::invalid_argument("hello: must be positive");
    }
    Begin(now);
}

void
ControllerAgent::Begin(TimeNs now)
{
    // Drawn from the time too: a host that comes back begins another session.
    const std::uint64_t seed =
        m_config.key ^ static_cast<std::uint64_t>(now.count()) ^ std::uint64_t{m_session} << 32;
    m_session = static_cast<std::uint32_t>(netbase::Mix64(seed + 1));
    m_session += m_session == 0;
    m_channel = ControllerChannel(m_config.channel);
    m_established = false;
    m_helloDue = true;
    m_nextHello = now;
}

void
ControllerAgent::Join(Vni vni, TimeNs /* now */)
{
    if (m_networks.insert(vni).second && m_established)
    {
        m_channel.Send({.type = ControllerRecordType::Join, .vni = vni});
    }
}

void
ControllerAgent::Leave(Vni vni, TimeNs /* now */)
{
    if (m_networks.erase(vni) == 0)
    {
        return;
    }
    const auto inNetwork = [vni](const auto& entry) { return entry.first.first == vni; };
    std::erase_if(m_local, inNetwork);
    for (auto it = m_remote.begin(); it != m_remote.end();)
    {
        const auto next = std::next(it);
        if (inNetwork(*it))
        {
            DropRemote(Key(it->first));
        }
        it = next;
    }
    if (m_established)
    {
        m_channel.Send({.type = ControllerRecordType::Leave, .vni = vni});
    }
}

void
ControllerAgent::Learn(Vni vni, const MacAddress& mac, const IpAddress& address, TimeNs now)
{
    const Key key{vni, mac};
    auto [it, fresh] = m_local.try_emplace(key, Local{address, now});
    if (!fresh)
    {
        it->second.since = now;
        if (!address.IsNone())
        {
            it->second.address = address;
        }
    }
    DropRemote(key);
    if (m_established)
    {
        m_channel.Send({.type = ControllerRecordType::Learn,
                        .vni = vni,
                        .mac = mac,
                        .address = it->second.address,
                        .at = ControllerClock(now)});
    }
}

void
ControllerAgent::Lose(Vni vni, const MacAddress& mac, TimeNs now)
{
    if (m_local.erase({vni, mac}) != 0 && m_established)
    {
        m_channel.Send({.type = ControllerRecordType::Lose,
                        .vni = vni,
                        .mac = mac,
                        .at = ControllerClock(now)});
    }
}

void
ControllerAgent::OnStation(const StationReport& report, TimeNs now)
{
    if (report.event == StationEvent::Gone)
    {
        Lose(report.vni, report.mac, now);
        return;
    }
    Learn(report.vni, report.mac, report.address, now);
}

ControllerReason
ControllerAgent::Refuse(ControllerReason reason)
{
    if (reason != ControllerReason::None)
    {
        ++m_counters.refused[static_cast<std::size_t>(reason)];
    }
    return reason;
}

void
ControllerAgent::Established(std::uint32_t peer, TimeNs now)
{
    m_established = true;
    m_helloDue = false;
    m_channel.Open(m_session, peer, now);
    for (const Vni vni : m_networks)
    {
        m_channel.Send({.type = ControllerRecordType::Join, .vni = vni});
    }
    for (const auto& [key, local] : m_local)
    {
        m_channel.Send({.type = ControllerRecordType::Learn,
                        .vni = key.first,
                        .mac = key.second,
                        .address = local.address,
                        .at = ControllerClock(local.since)});
    }
    m_channel.Send({.type = ControllerRecordType::End});
}

ControllerReason
ControllerAgent::OnDatagram(ByteView payload, TimeNs now)
{
    ++m_counters.datagramsReceived;
    ControllerHeader header;
    ByteView records;
    if (const ControllerReason reason = ReadController(payload, header, records);
        reason != ControllerReason::None)
    {
        return Refuse(reason);
    }
    if (header.peerSession != m_session ||
        (m_established && header.session != m_channel.PeerSession()))
    {
        return Refuse(ControllerReason::StaleSession);
    }
    m_heard = now;
    switch (header.type)
    {
    case ControllerMessage::Hello:
        return Refuse(ControllerReason::BadMessage);
    case ControllerMessage::Welcome:
        if (!m_established)
        {
            Established(header.session, now);
        }
        return ControllerReason::None;
    case ControllerMessage::Reset:
        Begin(now);
        return ControllerReason::None;
    case ControllerMessage::KeepAlive:
    case ControllerMessage::Update:
        break;
    }
    if (!m_established)
    {
        return Refuse(ControllerReason::UnknownPeer); // overtook the welcome
    }
    const ControllerReason reason = m_channel.OnDatagram(header, records, now);
    TakeRecords(now);
    return Refuse(reason);
}

void
ControllerAgent::TakeRecords(TimeNs /* now */)
{
    for (ControllerChannel::Received received; m_channel.PollRecord(received);)
    {
        TakeRecord(received.record);
    }
}

void
ControllerAgent::Command(ControllerCommandKind kind, const Key& key, const Remote& remote)
{
    m_counters.installs += kind == ControllerCommandKind::Install;
    m_counters.withdraws += kind == ControllerCommandKind::Withdraw;
    m_commands.push_back({.kind = kind,
                          .vni = key.first,
                          .mac = key.second,
                          .remote = remote.remote,
                          .address = remote.address});
}

void
ControllerAgent::DropRemote(const Key& key)
{
    if (const auto it = m_remote.find(key); it != m_remote.end())
    {
        Command(ControllerCommandKind::Withdraw, key, it->second);
        m_remote.erase(it);
    }
}

void
ControllerAgent::TakeRecord(const ControllerRecord& record)
{
    const Key key{record.vni, record.mac};
    switch (record.type)
    {
    case ControllerRecordType::Install:
    {
        if (!m_networks.contains(record.vni))
        {
            return; // crossed our leaving
        }
        Remote& remote = m_remote[key];
        const bool known = remote.session != 0 && remote.remote == record.remote &&
                           remote.address == record.address;
        if (!known && !remote.address.IsNone() && remote.address != record.address)
        {
            Command(ControllerCommandKind::Withdraw, key, remote);
        }
        remote = {record.remote, record.address, m_session};
        if (!known)
        {
            Command(ControllerCommandKind::Install, key, remote);
        }
        return;
    }
    case ControllerRecordType::Withdraw:
        DropRemote(key);
        return;
    case ControllerRecordType::End:
        TakeEnd();
        return;
    case ControllerRecordType::Join:
    case ControllerRecordType::Leave:
    case ControllerRecordType::Learn:
    case ControllerRecordType::Lose:
        Refuse(ControllerReason::BadMessage); // an agent's, not a server's
        return;
    }
}

void
ControllerAgent::TakeEnd()
{
    for (auto it = m_remote.begin(); it != m_remote.end();)
    {
        const auto next = std::next(it);
        if (it->second.session != m_session)
        {
            DropRemote(Key(it->first));
        }
        it = next;
    }
    if (!m_connected)
    {
        m_connected = true;
        ++m_counters.back;
        m_commands.push_back({.kind = ControllerCommandKind::Back});
    }
}

bool
ControllerAgent::PollDatagram(Bytes& payload, TimeNs now)
{
    bool some = false;
    if (m_established)
    {
        some = m_channel.PollDatagram(payload, now);
    }
    else if (m_helloDue)
    {
        StartController(payload,
                        {.type = ControllerMessage::Hello,
                         .session = m_session,
                         .clock = ControllerClock(now)});
        FinishController(payload, 0, ControllerClock(now));
        ++m_counters.hellos;
        m_helloDue = false;
        m_nextHello = now + m_config.hello;
        some = true;
    }
    if (some)
    {
        ++m_counters.datagramsSent;
        m_counters.bytesSent += payload.size();
    }
    return some;
}

bool
ControllerAgent::PollCommand(ControllerCommand& command)
{
    if (m_commands.empty())
    {
        return false;
    }
    command = m_commands.front();
    m_commands.pop_front();
    return true;
}

TimeNs
ControllerAgent::NextDeadline() const
{
    const TimeNs silence =
        m_connected ? m_heard + m_config.channel.misses * m_config.channel.keepalive : NEVER;
    return std::min(silence, m_established ? m_channel.NextDeadline() : m_nextHello);
}

void
ControllerAgent::OnDeadline(TimeNs now)
{
    if (m_connected && now >= m_heard + m_config.channel.misses * m_config.channel.keepalive)
    {
        m_connected = false;
        m_remote.clear(); // the mapping makes learned entries of them
        ++m_counters.lost;
        m_commands.push_back({.kind = ControllerCommandKind::Lost});
    }
    if (m_established && m_channel.Dead(now))
    {
        Begin(now);
    }
    if (!m_established && now >= m_nextHello)
    {
        m_helloDue = true;
    }
}

DropReason
Apply(const ControllerCommand& command, Vtep& vtep, TimeNs now)
{
    switch (command.kind)
    {
    case ControllerCommandKind::Install:
        return vtep.Install(
            command.vni, command.mac, command.remote, FdbOrigin::Controller, now, command.address);
    case ControllerCommandKind::Withdraw:
        return vtep.Withdraw(command.vni, command.mac, FdbOrigin::Controller, now, command.address);
    case ControllerCommandKind::Back:
    case ControllerCommandKind::Lost:
        vtep.SetControllerConnected(command.kind == ControllerCommandKind::Back, now);
        break;
    }
    return DropReason::None;
}

} // namespace weft::vxlan
