// SPDX-License-Identifier: GPL-2.0-only
/** @file Shortest paths and spanning trees of random graphs, against definitions. */
#include "underlay-shortest-paths.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <stdexcept>

namespace weft::underlay
{
namespace
{

Graph
RandomGraph(std::mt19937_64& random)
{
    const auto nodes = static_cast<std::uint32_t>(1 + random() % 14);
    std::vector<GraphEdge> edges(random() % (3 * nodes));
    for (GraphEdge& edge : edges)
    {
        // Parallel links and links to itself included.
        edge = {static_cast<std::uint32_t>(random() % nodes),
                static_cast<std::uint32_t>(random() % nodes),
                static_cast<std::uint32_t>(1 + random() % 4)};
    }
    return {nodes, edges};
}

/// All distances (Floyd and Warshall).
std::vector<std::vector<std::uint64_t>>
AllDistances(const Graph& graph)
{
    const std::uint64_t far = 1u << 30;
    const std::uint32_t n = graph.Nodes();
    std::vector<std::vector<std::uint64_t>> d(n, std::vector<std::uint64_t>(n, far));
    for (std::uint32_t i = 0; i < n; ++i)
    {
        d[i][i] = 0;
    }
    for (const GraphEdge& edge : graph.Edges())
    {
        if (edge.a != edge.b)
        {
            d[edge.a][edge.b] = std::min<std::uint64_t>(d[edge.a][edge.b], edge.cost);
            d[edge.b][edge.a] = d[edge.a][edge.b];
        }
    }
    for (std::uint32_t k = 0; k < n; ++k)
    {
        for (std::uint32_t i = 0; i < n; ++i)
        {
            for (std::uint32_t j = 0; j < n; ++j)
            {
                d[i][j] = std::min(d[i][j], d[i][k] + d[k][j]);
            }
        }
    }
    for (auto& row : d)
    {
        for (auto& value : row)
        {
            value = value >= far ? UNREACHABLE : value;
        }
    }
    return d;
}

TEST(ShortestPaths, DistancesAndAllFirstStepsMatchFloydWarshall)
{
    std::mt19937_64 random(11);
    std::size_t several = 0;
    for (int round = 0; round < 1000; ++round)
    {
        const Graph graph = RandomGraph(random);
        const auto all = AllDistances(graph);
        std::vector<std::uint32_t> targets{static_cast<std::uint32_t>(random() % graph.Nodes()),
                                           static_cast<std::uint32_t>(random() % graph.Nodes())};
        const auto distances = DistancesTo(graph, targets);
        for (std::uint32_t node = 0; node < graph.Nodes(); ++node)
        {
            const auto nearest = std::min(all[node][targets[0]], all[node][targets[1]]);
            ASSERT_EQ(distances[node], nearest);
            std::vector<std::uint32_t> expected;
            for (std::uint32_t e = 0; e < graph.Edges().size(); ++e)
            {
                const GraphEdge& edge = graph.Edges()[e];
                if (nearest == 0 || nearest == UNREACHABLE || edge.a == edge.b ||
                    (edge.a != node && edge.b != node))
                {
                    continue;
                }
                const auto& beyond = all[edge.a == node ? edge.b : edge.a];
                if (edge.cost + std::min(beyond[targets[0]], beyond[targets[1]]) == nearest)
                {
                    expected.push_back(e);
                }
            }
            const auto steps = FirstSteps(graph, distances, node);
            ASSERT_EQ(steps, expected);
            several += steps.size() > 1;
        }
    }
    EXPECT_GT(several, 500u) << "equal-cost ways were put to the test";
}

TEST(SpanningTree, ConnectsEveryPartWithoutALoopByShortestPathsToItsLowestId)
{
    std::mt19937_64 random(12);
    for (int round = 0; round < 1000; ++round)
    {
        const Graph graph = RandomGraph(random);
        const std::uint32_t n = graph.Nodes();
        std::vector<std::uint64_t> ids(n);
        std::iota(ids.begin(), ids.end(), 100);
        std::shuffle(ids.begin(), ids.end(), random);
        const ActiveTopology tree = ComputeSpanningTree(graph, ids);
        const auto all = AllDistances(graph);
        std::uint32_t parts = 0;
        std::uint32_t active = 0;
        std::vector<GraphEdge> kept;
        for (std::uint32_t e = 0; e < graph.Edges().size(); ++e)
        {
            if (tree.active[e])
            {
                ++active;
                kept.push_back(graph.Edges()[e]);
            }
        }
        const auto along = AllDistances(Graph(n, kept));
        for (std::uint32_t node = 0; node < n; ++node)
        {
            std::uint32_t root = node;
            for (std::uint32_t other = 0; other < n; ++other)
            {
                if (all[node][other] != UNREACHABLE && ids[other] < ids[root])
                {
                    root = other;
                }
                ASSERT_EQ(along[node][other] == UNREACHABLE, all[node][other] == UNREACHABLE)
                    << "what hangs together stays together";
            }
            ASSERT_EQ(tree.roots[node], root);
            ASSERT_EQ(along[node][root], all[node][root]);
            parts += root == node;
        }
        ASSERT_EQ(active + parts, n) << "so many links make a forest";
    }
}

TEST(SpanningTree, TiesGoToTheLowerBridgeThenTheLowerLink)
{
    // 0 is the root; 3 hangs on 1 (id 30) and 2 (id 20) at equal cost, on 2 twice.
    const Graph graph(4, {{0, 1, 1}, {0, 2, 1}, {1, 3, 1}, {3, 2, 1}, {2, 3, 1}});
    const ActiveTopology tree = ComputeSpanningTree(graph, {10, 30, 20, 40});
    EXPECT_EQ(tree.active, (std::vector<bool>{true, true, false, true, false}));
}

TEST(ShortestPaths, RefusesWhatIsNoGraph)
{
    EXPECT_THROW(Graph(2, {{0, 2, 1}}), std::invalid_argument);
    EXPECT_THROW(Graph(2, {{0, 1, 0}}), std::invalid_argument);
}

} // namespace
} // namespace weft::underlay
