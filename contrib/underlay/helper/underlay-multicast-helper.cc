// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-multicast-helper.h"

#include "ns3/enum.h"
#include "ns3/node.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <stdexcept>

namespace ns3
{
namespace underlay
{

using weft::netbase::IpAddress;

MulticastHelper::MulticastHelper(uint64_t seed)
{
    m_factory.SetTypeId("ns3::underlay::MulticastAgent");
    m_factory.Set("Seed", UintegerValue(seed));
}

void
MulticastHelper::SetAttribute(const std::string& name, const AttributeValue& value)
{
    m_factory.Set(name, value);
}

void
MulticastHelper::SetRendezvousPoint(const std::string& router)
{
    m_rendezvousPoint = router;
}

void
MulticastHelper::SetLinkCost(const std::string& link, uint32_t cost)
{
    m_costs[link] = cost;
}

void
MulticastHelper::Install(const FabricHelper& fabric)
{
    StringValue mode;
    m_factory.Create<MulticastAgent>()->GetAttribute("Mode", mode);
    const bool isStatic = mode.Get() == "Static";
    const auto root = m_rendezvousPoint.empty() ? nullptr : fabric.GetRouter(m_rendezvousPoint);
    if (!root && mode.Get() != "Dense")
    {
        throw std::invalid_argument("rendezvous point: '" + m_rendezvousPoint +
                                    "': has to be a router of the fabric");
    }
    IpAddress rp;
    if (root)
    {
        for (const IpAddress& loopback : root->GetLoopbacks())
        {
            rp = rp.IsNone() && loopback.IsV4() ? loopback : rp;
        }
        if (rp.IsNone() && !isStatic)
        {
            throw std::invalid_argument("rendezvous point: '" + m_rendezvousPoint +
                                        "': has no IPv4 loopback address");
        }
    }
    m_trees = isStatic ? CreateObject<MulticastTrees>() : nullptr;
    uint32_t rootNumber = 0;
    for (const std::string& name : fabric.GetRouterNames())
    {
        const auto agent = m_factory.Create<MulticastAgent>();
        if (!rp.IsNone())
        {
            agent->AddRendezvousPoint(rp);
        }
        agent->Start(fabric.GetRouter(name));
        m_agents[name] = agent;
        if (m_trees)
        {
            const uint32_t number = m_trees->AddRouter(agent);
            rootNumber = name == m_rendezvousPoint ? number : rootNumber;
        }
    }
    if (!m_trees)
    {
        return;
    }
    for (const std::string& name : fabric.GetLinkNames())
    {
        const auto link = fabric.GetLink(name);
        if (link->GetFirst()->GetNode()->GetObject<MulticastAgent>() &&
            link->GetSecond()->GetNode()->GetObject<MulticastAgent>())
        {
            const auto cost = m_costs.find(name);
            m_trees->AddLink(link, cost == m_costs.end() ? 1 : cost->second);
        }
    }
    m_trees->Start(rootNumber);
}

Ptr<MulticastAgent>
MulticastHelper::GetAgent(const std::string& router) const
{
    const auto it = m_agents.find(router);
    return it == m_agents.end() ? nullptr : it->second;
}

int64_t
MulticastHelper::AssignStreams(int64_t) const
{
    return 0;
}

} // namespace underlay
} // namespace ns3
