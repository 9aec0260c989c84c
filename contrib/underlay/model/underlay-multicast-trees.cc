// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-multicast-trees.h"

#include "ns3/callback.h"

#include <stdexcept>
#include <utility>

namespace ns3
{
namespace underlay
{

NS_OBJECT_ENSURE_REGISTERED(MulticastTrees);

namespace multicast = weft::multicast;

TypeId
MulticastTrees::GetTypeId()
{
    static TypeId tid = TypeId("ns3::underlay::MulticastTrees")
                            .SetParent<Object>()
                            .SetGroupName("Underlay")
                            .AddConstructor<MulticastTrees>();
    return tid;
}

MulticastTrees::MulticastTrees() = default;
MulticastTrees::~MulticastTrees() = default;

void
MulticastTrees::DoDispose()
{
    m_agents.clear();
    m_links.clear();
    Object::DoDispose();
}

uint32_t
MulticastTrees::AddRouter(Ptr<MulticastAgent> agent)
{
    m_agents.push_back(agent);
    return static_cast<uint32_t>(m_planner.AddRouter());
}

void
MulticastTrees::AddLink(Ptr<EthernetLink> link, uint32_t cost)
{
    const auto end = [this](Ptr<EthernetDevice> device) {
        for (std::size_t r = 0; r < m_agents.size(); ++r)
        {
            const FabricRouter& router = *m_agents[r]->GetRouter();
            for (uint32_t port = 0; port < router.GetNPorts(); ++port)
            {
                if (router.GetPortDevice(port) == device)
                {
                    return std::pair(r, static_cast<multicast::PortIndex>(port));
                }
            }
        }
        throw std::invalid_argument("link: no end of it is a port of a router that was added");
    };
    const auto [a, portOfA] = end(link->GetFirst());
    const auto [b, portOfB] = end(link->GetSecond());
    const auto number = m_planner.AddLink(a, portOfA, b, portOfB, cost);
    m_planner.SetLinkUp(number, link->IsWorking());
    m_links.push_back(link);
}

void
MulticastTrees::Start(uint32_t root)
{
    for (std::size_t r = 0; r < m_agents.size(); ++r)
    {
        m_agents[r]->SetMembershipCallback(
            MakeBoundCallback(&MulticastTrees::Notify, this, static_cast<uint32_t>(r)));
    }
    m_planner.SetRoot(root);
    if (!m_agents.empty())
    {
        // All routers change at the same instant; the last one stands for all, so that the others
        // have changed already.
        m_agents.back()->GetRouter()->AddRouteChangeCallback(
            MakeCallback(&MulticastTrees::OnRoutes, this));
    }
    Install();
}

void
MulticastTrees::Notify(MulticastTrees* trees,
                       uint32_t router,
                       uint32_t port,
                       weft::netbase::IpAddress group,
                       bool member)
{
    trees->m_planner.SetMember(router, static_cast<multicast::PortIndex>(port), group, member);
    trees->Install();
}

void
MulticastTrees::OnRoutes()
{
    for (std::size_t i = 0; i < m_links.size(); ++i)
    {
        m_planner.SetLinkUp(i, m_links[i]->IsWorking());
    }
    Install();
}

void
MulticastTrees::Install()
{
    if (m_installing)
    {
        return; // the loop below takes what was added meanwhile
    }
    m_installing = true;
    multicast::PlannedTree tree;
    while (m_planner.PollTree(tree))
    {
        if (tree.group.IsNone())
        {
            m_agents[tree.router]->SetRoot(tree.upstream);
        }
        else
        {
            m_agents[tree.router]->InstallTree(tree.group, tree.upstream, tree.ports);
        }
    }
    m_installing = false;
}

} // namespace underlay
} // namespace ns3
