// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-controller-server.h"

#include "netbase-flow-hash.h"

#include <algorithm>
#include <stdexcept>

namespace weft::vxlan
{

namespace
{

TimeNs
Later(TimeNs at, TimeNs wait)
{
    return wait >= NEVER - at ? NEVER : at + wait;
}

} // namespace

ControllerServer::ControllerServer(const ControllerServerConfig& config, TimeNs /* now */)
    : m_config(config)
{
    Validate(config.channel);
    for (const auto& [name, value] : {std::pair{"pushDelay", config.pushDelay},
                                      std::pair{"updateCost", config.updateCost},
                                      std::pair{"hold", config.hold}})
    {
        if (value < TimeNs{0})
        {
            throw std::invalid_argument(std::string(name) + ": must not be negative");
        }
    }
    if (config.maxAgents == 0)
    {
        throw std::invalid_argument("maxAgents: 0; must be 1 or more");
    }
}

std::uint32_t
ControllerServer::NewSession(TimeNs now)
{
    const auto session = static_cast<std::uint32_t>(
        netbase::Mix64(m_config.key + static_cast<std::uint64_t>(now.count()) +
                       (std::uint64_t{++m_sessions} << 40)));
    return session + (session == 0);
}

void
ControllerServer::Restart(TimeNs /* now */)
{
    m_byAddress.clear();
    m_agents.clear();
    m_networks.clear();
    m_jobs.clear();
    m_jobDone = NEVER;
    m_pushes.clear();
    m_ready.clear();
    m_timers.clear();
    m_answers.clear();
}

ControllerReason
ControllerServer::Refuse(ControllerReason reason)
{
    if (reason != ControllerReason::None)
    {
        ++m_counters.refused[static_cast<std::size_t>(reason)];
    }
    return reason;
}

void
ControllerServer::SetTimer(AgentId id)
{
    Agent& agent = *m_agents[id];
    const TimeNs next = agent.session == 0 ? agent.forgetAt : agent.channel.NextDeadline();
    if (next == agent.timer)
    {
        return;
    }
    if (agent.timer != NEVER)
    {
        m_timers.erase({agent.timer, id});
    }
    agent.timer = next;
    if (next != NEVER)
    {
        m_timers.emplace(next, id);
    }
}

/// Something changed for an agent: PollDatagram() looks at it, and sets its timer when it is done.
void
ControllerServer::Touch(AgentId id)
{
    m_ready.insert(id);
}

ControllerServer::AgentId
ControllerServer::Greet(const IpAddress& from,
                        std::uint16_t port,
                        std::uint32_t session,
                        TimeNs now)
{
    const auto found = m_byAddress.find(from);
    AgentId id = NOBODY;
    if (found != m_byAddress.end())
    {
        id = found->second;
    }
    else if (m_agents.size() < m_config.maxAgents)
    {
        id = static_cast<AgentId>(m_agents.size());
        m_agents.push_back(std::make_unique<Agent>(m_config.channel));
        m_agents[id]->vtep = from;
        m_byAddress.emplace(from, id);
    }
    else
    {
        return NOBODY;
    }
    Agent& agent = *m_agents[id];
    agent.port = port;
    agent.welcome = true;
    if (agent.session != session)
    {
        // Its networks and stations stay until its end of table says otherwise.
        agent.session = session;
        agent.confirmed.clear();
        agent.forgetAt = NEVER;
        agent.channel.Open(NewSession(now), session, now);
    }
    Touch(id);
    return id;
}

ControllerReason
ControllerServer::OnDatagram(const IpAddress& from,
                             std::uint16_t port,
                             ByteView payload,
                             TimeNs now)
{
    Advance(now);
    ++m_counters.datagramsReceived;
    ControllerHeader header;
    ByteView records;
    if (const ControllerReason reason = ReadController(payload, header, records);
        reason != ControllerReason::None)
    {
        return Refuse(reason);
    }
    switch (header.type)
    {
    case ControllerMessage::Hello:
        return Refuse(Greet(from, port, header.session, now) == NOBODY ? ControllerReason::TooMany
                                                                       : ControllerReason::None);
    case ControllerMessage::Welcome:
    case ControllerMessage::Reset:
        return Refuse(ControllerReason::BadMessage);
    case ControllerMessage::KeepAlive:
    case ControllerMessage::Update:
        break;
    }
    const auto found = m_byAddress.find(from);
    const bool present = found != m_byAddress.end() && m_agents[found->second]->session != 0;
    if (!present || m_agents[found->second]->session != header.session ||
        m_agents[found->second]->channel.Session() != header.peerSession)
    {
        Answer& answer = m_answers.emplace_back();
        answer.to = from;
        answer.port = port;
        StartController(answer.bytes,
                        {.type = ControllerMessage::Reset,
                         .session = header.peerSession,
                         .peerSession = header.session,
                         .clock = ControllerClock(now)});
        return Refuse(present ? ControllerReason::StaleSession : ControllerReason::UnknownPeer);
    }
    const AgentId id = found->second;
    Agent& agent = *m_agents[id];
    const ControllerReason reason = agent.channel.OnDatagram(header, records, now);
    for (ControllerChannel::Received report; agent.channel.PollRecord(report);)
    {
        m_jobs.push_back({id, agent.session, report, now});
        if (m_jobs.size() == 1)
        {
            StartJob(now);
        }
    }
    m_counters.longestQueue = std::max<std::uint64_t>(m_counters.longestQueue, m_jobs.size());
    Touch(id);
    Advance(now); // what costs nothing is done at once
    return Refuse(reason);
}

void
ControllerServer::StartJob(TimeNs at)
{
    if (m_jobs.empty())
    {
        m_jobDone = NEVER;
        return;
    }
    std::int64_t units = 1;
    const ControllerRecord& record = m_jobs.front().report.record;
    if (record.type == ControllerRecordType::Join)
    {
        if (const auto network = m_networks.find(record.vni); network != m_networks.end())
        {
            units += static_cast<std::int64_t>(network->second.stations.size());
        }
    }
    m_jobDone = at + units * m_config.updateCost;
}

void
ControllerServer::Advance(TimeNs now)
{
    while (!m_jobs.empty() && m_jobDone <= now)
    {
        const TimeNs at = m_jobDone;
        const Job job = m_jobs.front();
        m_jobs.pop_front();
        m_counters.longestWait = std::max(m_counters.longestWait, at - job.arrived);
        if (m_agents[job.agent]->session == job.session)
        {
            ++m_counters.reports;
            Work(job, at);
        }
        else
        {
            ++m_counters.ignored; // the new session tells everything again
        }
        StartJob(at);
    }
    SendDue(now);
}

void
ControllerServer::SendDue(TimeNs now)
{
    while (!m_pushes.empty() && m_pushes.front().at <= now)
    {
        const Push push = m_pushes.front();
        m_pushes.pop_front();
        const auto send = [&](AgentId id) {
            Agent& agent = *m_agents[id];
            if (agent.session == 0)
            {
                return; // it will be told everything when it comes back
            }
            m_counters.installsPushed += push.record.type == ControllerRecordType::Install;
            m_counters.withdrawsPushed += push.record.type == ControllerRecordType::Withdraw;
            agent.channel.Send(push.record);
            Touch(id);
        };
        if (push.target != NOBODY)
        {
            if (m_agents[push.target]->session == push.session)
            {
                send(push.target);
            }
            continue;
        }
        for (const AgentId id : m_networks[push.record.vni].members)
        {
            if (id != push.except)
            {
                send(id);
            }
        }
    }
}

void
ControllerServer::Lose(AgentId id, TimeNs now)
{
    Agent& agent = *m_agents[id];
    if (agent.session != 0)
    {
        if (agent.channel.Dead(now))
        {
            ++m_counters.agentsLost;
            agent.session = 0;
            agent.welcome = false;
            agent.forgetAt = Later(now, m_config.hold);
        }
        return;
    }
    if (agent.forgetAt <= now)
    {
        agent.forgetAt = NEVER;
        ++m_counters.agentsForgotten;
        Forget(id, true, now);
        for (const Vni vni : agent.networks)
        {
            m_networks[vni].members.erase(id);
        }
        agent.networks.clear();
    }
}

bool
ControllerServer::PollDatagram(Bytes& payload, IpAddress& to, std::uint16_t& port, TimeNs now)
{
    const auto sent = [&](const IpAddress& address, std::uint16_t toPort) {
        to = address;
        port = toPort;
        ++m_counters.datagramsSent;
        m_counters.bytesSent += payload.size();
        return true;
    };
    if (!m_answers.empty())
    {
        Answer answer = std::move(m_answers.front());
        m_answers.pop_front();
        payload.swap(answer.bytes);
        return sent(answer.to, answer.port);
    }
    while (!m_ready.empty())
    {
        const AgentId id = *m_ready.begin();
        Agent& agent = *m_agents[id];
        if (agent.session != 0 && agent.welcome)
        {
            agent.welcome = false;
            StartController(payload,
                            {.type = ControllerMessage::Welcome,
                             .session = agent.channel.Session(),
                             .peerSession = agent.session,
                             .clock = ControllerClock(now)});
            return sent(agent.vtep, agent.port);
        }
        if (agent.session != 0 && agent.channel.PollDatagram(payload, now))
        {
            return sent(agent.vtep, agent.port);
        }
        m_ready.erase(m_ready.begin());
        SetTimer(id);
    }
    return false;
}

TimeNs
ControllerServer::NextDeadline() const
{
    TimeNs next = m_jobDone;
    if (!m_pushes.empty())
    {
        next = std::min(next, m_pushes.front().at);
    }
    if (!m_timers.empty())
    {
        next = std::min(next, m_timers.begin()->first);
    }
    return next;
}

void
ControllerServer::OnDeadline(TimeNs now)
{
    Advance(now);
    while (!m_timers.empty() && m_timers.begin()->first <= now)
    {
        const AgentId id = m_timers.begin()->second;
        m_timers.erase(m_timers.begin());
        m_agents[id]->timer = NEVER;
        Lose(id, now);
        Touch(id);
    }
    SendDue(now);
}

const IpAddress*
ControllerServer::Find(Vni vni, const MacAddress& mac) const
{
    const auto network = m_networks.find(vni);
    if (network == m_networks.end())
    {
        return nullptr;
    }
    const auto station = network->second.stations.find(mac);
    return station == network->second.stations.end() ? nullptr
                                                     : &m_agents[station->second.owner]->vtep;
}

std::size_t
ControllerServer::Stations() const
{
    std::size_t count = 0;
    for (const auto& [vni, network] : m_networks)
    {
        count += network.stations.size();
    }
    return count;
}

std::size_t
ControllerServer::Agents() const
{
    return static_cast<std::size_t>(std::count_if(
        m_agents.begin(), m_agents.end(), [](const auto& agent) { return agent->session != 0; }));
}

std::size_t
ControllerServer::Queue() const
{
    return m_jobs.size();
}

ControllerChannelCounters
ControllerServer::ChannelCounters() const
{
    ControllerChannelCounters sum;
    for (const auto& agent : m_agents)
    {
        sum += agent->channel.Counters();
    }
    return sum;
}

} // namespace weft::vxlan
