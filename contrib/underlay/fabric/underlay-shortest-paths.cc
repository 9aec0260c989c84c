// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-shortest-paths.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

namespace weft::underlay
{

Graph::Graph(std::uint32_t nodes, std::vector<GraphEdge> edges)
    : m_edges(std::move(edges)), m_adjacent(nodes)
{
    for (std::uint32_t i = 0; i < m_edges.size(); ++i)
    {
        const GraphEdge& edge = m_edges[i];
        if (edge.a >= nodes || edge.b >= nodes || edge.cost < 1)
        {
            throw std::invalid_argument("edge " + std::to_string(edge.a) + "-" +
                                        std::to_string(edge.b) + " of cost " +
                                        std::to_string(edge.cost) + ": needs nodes below " +
                                        std::to_string(nodes) + " and a cost of at least 1");
        }
        if (edge.a != edge.b)
        {
            m_adjacent[edge.a].push_back(i);
            m_adjacent[edge.b].push_back(i);
        }
    }
}

std::vector<std::uint64_t>
DistancesTo(const Graph& graph, const std::vector<std::uint32_t>& targets)
{
    using Reached = std::pair<std::uint64_t, std::uint32_t>;
    std::vector<std::uint64_t> distance(graph.Nodes(), UNREACHABLE);
    std::priority_queue<Reached, std::vector<Reached>, std::greater<>> open;
    for (const std::uint32_t target : targets)
    {
        distance[target] = 0;
        open.emplace(0, target);
    }
    while (!open.empty())
    {
        const auto [cost, node] = open.top();
        open.pop();
        if (cost > distance[node])
        {
            continue;
        }
        for (const std::uint32_t edge : graph.At(node))
        {
            const std::uint32_t beyond = graph.Beyond(edge, node);
            const std::uint64_t there = cost + graph.Edges()[edge].cost;
            if (there < distance[beyond])
            {
                distance[beyond] = there;
                open.emplace(there, beyond);
            }
        }
    }
    return distance;
}

std::vector<std::uint32_t>
FirstSteps(const Graph& graph, const std::vector<std::uint64_t>& distances, std::uint32_t node)
{
    std::vector<std::uint32_t> steps;
    if (distances[node] == 0 || distances[node] == UNREACHABLE)
    {
        return steps;
    }
    for (const std::uint32_t edge : graph.At(node))
    {
        const std::uint64_t beyond = distances[graph.Beyond(edge, node)];
        if (beyond != UNREACHABLE && beyond + graph.Edges()[edge].cost == distances[node])
        {
            steps.push_back(edge);
        }
    }
    return steps;
}

ActiveTopology
ComputeSpanningTree(const Graph& graph, const std::vector<std::uint64_t>& ids)
{
    const std::uint32_t nodes = graph.Nodes();
    constexpr std::uint32_t NONE = ~std::uint32_t{0};
    ActiveTopology tree;
    tree.roots.assign(nodes, NONE);
    tree.active.assign(graph.Edges().size(), false);
    // Nodes by ascending id: the first that has no root yet is the root of its part.
    std::vector<std::uint32_t> order(nodes);
    for (std::uint32_t i = 0; i < nodes; ++i)
    {
        order[i] = i;
    }
    std::sort(order.begin(), order.end(), [&ids](std::uint32_t a, std::uint32_t b) {
        return ids[a] < ids[b];
    });
    for (const std::uint32_t root : order)
    {
        if (tree.roots[root] != NONE)
        {
            continue;
        }
        const auto distance = DistancesTo(graph, {root});
        for (std::uint32_t node = 0; node < nodes; ++node)
        {
            if (distance[node] == UNREACHABLE)
            {
                continue;
            }
            tree.roots[node] = root;
            std::uint32_t best = NONE;
            for (const std::uint32_t edge : FirstSteps(graph, distance, node))
            {
                const auto key = [&](std::uint32_t e) {
                    return std::tuple(ids[graph.Beyond(e, node)], e);
                };
                if (best == NONE || key(edge) < key(best))
                {
                    best = edge;
                }
            }
            if (best != NONE)
            {
                tree.active[best] = true;
            }
        }
    }
    return tree;
}

} // namespace weft::underlay
