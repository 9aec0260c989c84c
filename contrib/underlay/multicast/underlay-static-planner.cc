// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-static-planner.h"

#include <limits>
#include <set>
#include <stdexcept>
#include <tuple>

namespace weft::multicast
{

std::size_t
StaticTreePlanner::AddRouter()
{
    m_routers.emplace_back();
    return m_routers.size() - 1;
}

std::size_t
StaticTreePlanner::AddLink(
    std::size_t a, PortIndex portOfA, std::size_t b, PortIndex portOfB, std::uint32_t cost)
{
    if (a >= m_routers.size() || b >= m_routers.size())
    {
        throw std::invalid_argument("link: " + std::to_string(std::max(a, b)) +
                                    ": there is no such router");
    }
    if (cost == 0)
    {
        throw std::invalid_argument("cost: 0: has to be positive");
    }
    m_links.push_back({a, b, portOfA, portOfB, cost, true});
    m_routers[a].links.push_back(m_links.size() - 1);
    m_routers[b].links.push_back(m_links.size() - 1);
    return m_links.size() - 1;
}

void
StaticTreePlanner::SetRoot(std::size_t router)
{
    if (router >= m_routers.size())
    {
        throw std::invalid_argument("root: " + std::to_string(router) +
                                    ": there is no such router");
    }
    m_root = router;
    Compute();
}

void
StaticTreePlanner::SetLinkUp(std::size_t link, bool up)
{
    if (m_links.at(link).up != up)
    {
        m_links[link].up = up;
        Compute();
    }
}

// Dijkstra from the root; then all trees again, for the members that there are.
void
StaticTreePlanner::Compute()
{
    constexpr auto FAR = std::numeric_limits<std::uint64_t>::max();
    std::vector<std::uint64_t> distance(m_routers.size(), FAR);
    const std::vector<Router> before = m_routers;
    for (Router& router : m_routers)
    {
        router.upstream = NO_PORT;
        router.reachable = false;
    }
    std::set<std::pair<std::uint64_t, std::size_t>> open{{0, m_root}};
    distance[m_root] = 0;
    while (!open.empty())
    {
        const auto [cost, at] = *open.begin();
        open.erase(open.begin());
        if (m_routers[at].reachable)
        {
            continue;
        }
        m_routers[at].reachable = true;
        for (const std::size_t index : m_routers[at].links)
        {
            const Link& link = m_links[index];
            const bool forth = link.a == at;
            const std::size_t to = forth ? link.b : link.a;
            if (link.up && cost + link.cost < distance[to])
            {
                distance[to] = cost + link.cost;
                m_routers[to].parent = at;
                m_routers[to].upstream = forth ? link.portOfB : link.portOfA;
                m_routers[to].portOfParent = forth ? link.portOfA : link.portOfB;
                open.insert({distance[to], to});
            }
        }
    }
    for (std::size_t r = 0; r < m_routers.size(); ++r)
    {
        m_told.push_back(
            {.router = r, .group = {}, .upstream = m_routers[r].upstream, .ports = {}});
    }
    for (auto& [group, tree] : m_trees)
    {
        const Tree old = std::move(tree);
        tree.clear();
        for (const auto& [router, node] : old)
        {
            if (!node.members.Empty())
            {
                tree[router].members = node.members;
            }
        }
        for (const auto& [router, node] : Tree(tree))
        {
            Attach(tree, group, router);
        }
        for (const auto& [router, node] : old)
        {
            if (!tree.contains(router))
            {
                Tell(tree, group, router);
            }
        }
        for (const auto& [router, node] : tree)
        {
            Tell(tree, group, router);
        }
    }
}

// Makes a router's whole way to the root part of the tree.
void
StaticTreePlanner::Attach(Tree& tree, const IpAddress& group, std::size_t router)
{
    while (router != m_root && m_routers[router].reachable)
    {
        const Router& here = m_routers[router];
        Node& parent = tree[here.parent];
        const bool wasThere = !parent.children.Empty() || !parent.members.Empty();
        if (parent.children.Has(here.portOfParent))
        {
            return;
        }
        parent.children.Add(here.portOfParent);
        Tell(tree, group, here.parent);
        if (wasThere && !parent.children.Empty() && here.parent != m_root &&
            tree[m_routers[here.parent].parent].children.Has(m_routers[here.parent].portOfParent))
        {
            return;
        }
        router = here.parent;
    }
}

// Removes from the tree what leads to nobody any more.
void
StaticTreePlanner::Detach(Tree& tree, const IpAddress& group, std::size_t router)
{
    while (true)
    {
        const auto node = tree.find(router);
        const bool needed =
            node != tree.end() && (!node->second.members.Empty() || !node->second.children.Empty());
        if (!needed)
        {
            tree.erase(router);
        }
        Tell(tree, group, router);
        if (needed || router == m_root || !m_routers[router].reachable)
        {
            return;
        }
        const Router& here = m_routers[router];
        if (const auto parent = tree.find(here.parent); parent != tree.end())
        {
            parent->second.children.Remove(here.portOfParent);
        }
        router = here.parent;
    }
}

void
StaticTreePlanner::Tell(const Tree& tree, const IpAddress& group, std::size_t router)
{
    PlannedTree told{
        .router = router, .group = group, .upstream = m_routers[router].upstream, .ports = {}};
    if (const auto node = tree.find(router); node != tree.end())
    {
        told.ports = node->second.members | node->second.children;
        if (told.upstream != NO_PORT)
        {
            told.ports.Add(told.upstream);
        }
    }
    m_told.push_back(std::move(told));
}

void
StaticTreePlanner::SetMember(std::size_t router,
                             PortIndex port,
                             const IpAddress& group,
                             bool member)
{
    Tree& tree = m_trees[group];
    if (member)
    {
        tree[router].members.Add(port);
        Tell(tree, group, router);
        Attach(tree, group, router);
    }
    else if (const auto node = tree.find(router); node != tree.end())
    {
        node->second.members.Remove(port);
        Detach(tree, group, router);
    }
    if (tree.empty())
    {
        m_trees.erase(group);
    }
}

bool
StaticTreePlanner::PollTree(PlannedTree& tree)
{
    if (m_told.empty())
    {
        return false;
    }
    tree = std::move(m_told.front());
    m_told.pop_front();
    return true;
}

PortIndex
StaticTreePlanner::Upstream(std::size_t router) const
{
    return m_routers.at(router).upstream;
}

} // namespace weft::multicast
