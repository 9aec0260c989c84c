// SPDX-License-Identifier: GPL-2.0-only
// What agents' reports do to the controller's table, and whom they concern.
#include "vxlan-controller-server.h"

#include <algorithm>

namespace weft::vxlan
{

namespace
{

ControllerRecord
InstallRecord(Vni vni, const MacAddress& mac, const IpAddress& address, const IpAddress& remote)
{
    return {.type = ControllerRecordType::Install,
            .vni = vni,
            .mac = mac,
            .address = address,
            .remote = remote};
}

} // namespace

void
ControllerServer::PushToMembers(const ControllerRecord& record, AgentId except, TimeNs at)
{
    m_pushes.push_back({.at = at + m_config.pushDelay, .except = except, .record = record});
}

void
ControllerServer::PushTo(AgentId target, const ControllerRecord& record, TimeNs at)
{
    m_pushes.push_back({.at = at + m_config.pushDelay,
                        .target = target,
                        .session = m_agents[target]->session,
                        .record = record});
}

void
ControllerServer::PushWithdraw(Vni vni, const MacAddress& mac, const Station& station, TimeNs at)
{
    PushToMembers({.type = ControllerRecordType::Withdraw,
                   .vni = vni,
                   .mac = mac,
                   .address = station.address},
                  station.owner,
                  at);
}

void
ControllerServer::Work(const Job& job, TimeNs at)
{
    const ControllerRecord& record = job.report.record;
    Agent& agent = *m_agents[job.agent];
    switch (record.type)
    {
    case ControllerRecordType::Join:
    {
        agent.networks.insert(record.vni);
        agent.confirmed.insert(record.vni);
        Network& network = m_networks[record.vni];
        network.members.insert(job.agent);
        for (const auto& [mac, station] : network.stations)
        {
            if (station.owner != job.agent)
            {
                PushTo(
                    job.agent,
                    InstallRecord(record.vni, mac, station.address, m_agents[station.owner]->vtep),
                    at);
            }
        }
        return;
    }
    case ControllerRecordType::Leave:
        Leave(job.agent, record.vni, at);
        return;
    case ControllerRecordType::Learn:
        Learn(job.agent, job.report, at);
        return;
    case ControllerRecordType::Lose:
    {
        const auto network = m_networks.find(record.vni);
        if (network == m_networks.end())
        {
            ++m_counters.ignored;
            return;
        }
        const auto station = network->second.stations.find(record.mac);
        if (station == network->second.stations.end() || station->second.owner != job.agent)
        {
            ++m_counters.late; // it is somebody else's by now, or nobody's
            return;
        }
        PushWithdraw(record.vni, record.mac, station->second, at);
        network->second.stations.erase(station);
        return;
    }
    case ControllerRecordType::End:
    {
        const std::set<Vni> before = agent.networks;
        for (const Vni vni : before)
        {
            if (!agent.confirmed.contains(vni))
            {
                Leave(job.agent, vni, at);
            }
        }
        Forget(job.agent, false, at);
        PushTo(job.agent, {.type = ControllerRecordType::End}, at);
        return;
    }
    case ControllerRecordType::Install:
    case ControllerRecordType::Withdraw:
        ++m_counters.ignored; // a server's, not an agent's
        return;
    }
}

void
ControllerServer::Learn(AgentId id, const ControllerChannel::Received& report, TimeNs at)
{
    const ControllerRecord& record = report.record;
    const Agent& agent = *m_agents[id];
    if (!agent.networks.contains(record.vni))
    {
        ++m_counters.ignored;
        return;
    }
    auto& stations = m_networks[record.vni].stations;
    const auto [it, fresh] = stations.try_emplace(record.mac);
    Station& station = it->second;
    if (!fresh && station.owner != id)
    {
        if (report.happened < station.since)
        {
            ++m_counters.late;
            return;
        }
        ++m_counters.moves;
        PushTo(id,
               {.type = ControllerRecordType::Withdraw,
                .vni = record.vni,
                .mac = record.mac,
                .address = station.address},
               at);
    }
    const IpAddress address = record.address.IsNone() ? station.address : record.address;
    const bool changed = station.owner != id || station.address != address;
    station = {id, agent.session, address, std::max(station.since, report.happened)};
    if (changed)
    {
        PushToMembers(InstallRecord(record.vni, record.mac, address, agent.vtep), id, at);
    }
}

void
ControllerServer::Leave(AgentId id, Vni vni, TimeNs at)
{
    m_agents[id]->networks.erase(vni);
    m_agents[id]->confirmed.erase(vni);
    const auto network = m_networks.find(vni);
    if (network == m_networks.end())
    {
        return;
    }
    network->second.members.erase(id);
    std::erase_if(network->second.stations, [&](const auto& entry) {
        if (entry.second.owner != id)
        {
            return false;
        }
        PushWithdraw(vni, entry.first, entry.second, at);
        return true;
    });
}

/// Withdraws an agent's stations: all, or those its present session has not confirmed.
void
ControllerServer::Forget(AgentId id, bool all, TimeNs at)
{
    for (const Vni vni : m_agents[id]->networks)
    {
        std::erase_if(m_networks[vni].stations, [&](const auto& entry) {
            if (entry.second.owner != id || (!all && entry.second.session == m_agents[id]->session))
            {
                return false;
            }
            PushWithdraw(vni, entry.first, entry.second, at);
            return true;
        });
    }
}

} // namespace weft::vxlan
