// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-replication-node.h"

#include "netbase-flow-hash.h"

#include <algorithm>
#include <stdexcept>

namespace weft::vxlan
{

NodeReplication::NodeReplication(const ReplicationConfig& config, Leaf leaf, TimeNs now)
    : m_leaf(leaf), m_nodes(config.nodes)
{
    if (m_nodes.empty() && leaf == Leaf::Pure)
    {
        throw std::invalid_argument("nodes is empty, but replication by service nodes needs one");
    }
    for (const IpAddress& node : m_nodes)
    {
        if (node.IsNone() || node.IsMulticast() || node.IsV4() != config.address.IsV4())
        {
            throw std::invalid_argument("nodes holds " + node.ToString() +
                                        ", but a node has a unicast address of the VTEP's family");
        }
        if (config.probes)
        {
            m_sessions.emplace_back(config.probe,
                                    config.address,
                                    node,
                                    static_cast<std::uint32_t>(m_sessions.size() + 1),
                                    config.key,
                                    now);
        }
    }
    Refresh();
}

AddressList
NodeReplication::Targets(const FloodNetwork& network, FloodKind kind, std::uint64_t hash)
{
    const bool unicast = kind == FloodKind::UnknownUnicast || kind == FloodKind::NewSource;
    if (m_leaf == Leaf::Assisted && (unicast || m_alive.empty()))
    {
        return network.others;
    }
    if (m_alive.empty())
    {
        return nullptr;
    }
    return m_alive[netbase::HashBelow(hash, static_cast<std::uint32_t>(m_alive.size()))];
}

bool
NodeReplication::SourceIsOrigin(const IpAddress& source) const
{
    return std::find(m_nodes.begin(), m_nodes.end(), source) == m_nodes.end();
}

bool
NodeReplication::OnBfd(const IpAddress& source, const BfdPacket& packet, TimeNs now)
{
    const auto session =
        std::find_if(m_sessions.begin(), m_sessions.end(), [&source](const BfdSession& s) {
            return s.Remote() == source;
        });
    if (session == m_sessions.end())
    {
        return false;
    }
    session->OnPacket(packet, now);
    Refresh();
    return true;
}

bool
NodeReplication::PollProbe(Bytes& packet)
{
    return std::any_of(m_sessions.begin(), m_sessions.end(), [&packet](BfdSession& session) {
        return session.Poll(packet);
    });
}

TimeNs
NodeReplication::NextDeadline() const
{
    TimeNs next = NEVER;
    for (const auto& session : m_sessions)
    {
        next = std::min(next, session.NextDeadline());
    }
    return next;
}

void
NodeReplication::OnDeadline(TimeNs now)
{
    for (auto& session : m_sessions)
    {
        session.OnDeadline(now);
    }
    Refresh();
}

/// Notes who is alive. Lists are made anew only when that changed.
void
NodeReplication::Refresh()
{
    std::size_t alive = 0;
    bool changed = false;
    for (std::size_t i = 0; i < m_nodes.size(); ++i)
    {
        if (m_sessions.empty() || m_sessions[i].Usable())
        {
            changed = changed || alive == m_alive.size() || m_alive[alive]->front() != m_nodes[i];
            ++alive;
        }
    }
    if (!changed && alive == m_alive.size())
    {
        return;
    }
    m_alive.clear();
    for (std::size_t i = 0; i < m_nodes.size(); ++i)
    {
        if (m_sessions.empty() || m_sessions[i].Usable())
        {
            m_alive.push_back(std::make_shared<const std::vector<IpAddress>>(1, m_nodes[i]));
        }
    }
}

} // namespace weft::vxlan
