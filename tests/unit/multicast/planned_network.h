// SPDX-License-Identifier: GPL-2.0-only
/** @file Static trees on a network in memory: a planner that is told of memberships and links. */
#ifndef WEFT_TESTS_MULTICAST_PLANNED_NETWORK_H
#define WEFT_TESTS_MULTICAST_PLANNED_NETWORK_H

#include "network.h"
#include "underlay-static-planner.h"

namespace weft::multicast::test
{

class PlannedNetwork
{
  public:
    /// @param links the first so many of the network join two routers each
    PlannedNetwork(Network& network, std::size_t links, std::size_t root) : m_network(network)
    {
        for (std::size_t r = 0; r < network.Routers(); ++r)
        {
            m_planner.AddRouter();
        }
        for (std::size_t link = 0; link < links; ++link)
        {
            const auto& ends = network.Attached(link);
            const auto cost = network.CostOf(link);
            m_planner.AddLink(ends[0].router, ends[0].port, ends[1].router, ends[1].port, cost);
        }
        m_planner.SetRoot(root);
        network.onMembership =
            [this](std::size_t router, PortIndex port, const IpAddress& group, bool member) {
                m_planner.SetMember(router, port, group, member);
                Install();
            };
        Install();
    }

    void
    SetLinkUp(std::size_t link, bool up)
    {
        m_planner.SetLinkUp(link, up);
        Install();
    }

    StaticTreePlanner&
    Planner()
    {
        return m_planner;
    }

  private:
    void
    Install()
    {
        PlannedTree tree;
        while (m_planner.PollTree(tree))
        {
            MulticastRouter& router = m_network.Router(tree.router);
            if (tree.group.IsNone())
            {
                router.SetRoot(tree.upstream, m_network.Now());
            }
            else
            {
                router.InstallTree(tree.group, tree.upstream, tree.ports, m_network.Now());
            }
        }
    }

    Network& m_network;
    StaticTreePlanner m_planner;
};

} // namespace weft::multicast::test

#endif
