// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Shortest paths with all equal-cost first steps (Dijkstra 1959), and the spanning tree of a
 * bridged network (IEEE 802.1D-2004 section 17).
 */
#ifndef UNDERLAY_SHORTEST_PATHS_H
#define UNDERLAY_SHORTEST_PATHS_H

#include <cstdint>
#include <vector>

namespace weft::underlay
{

/// A link between two nodes, usable either way at the same cost.
struct GraphEdge
{
    std::uint32_t a = 0;
    std::uint32_t b = 0;
    std::uint32_t cost = 1; ///< at least 1
};

/// Nodes and links. Several links may join two nodes; a link from a node to itself is never used.
class Graph
{
  public:
    /// @throws std::invalid_argument where an edge names a node that is not there, or costs nothing
    Graph(std::uint32_t nodes, std::vector<GraphEdge> edges);

    std::uint32_t
    Nodes() const
    {
        return static_cast<std::uint32_t>(m_adjacent.size());
    }

    const std::vector<GraphEdge>&
    Edges() const
    {
        return m_edges;
    }

    /// @return numbers of the edges at a node, ascending
    const std::vector<std::uint32_t>&
    At(std::uint32_t node) const
    {
        return m_adjacent[node];
    }

    /// @return the other end of an edge at @p node
    std::uint32_t
    Beyond(std::uint32_t edge, std::uint32_t node) const
    {
        return m_edges[edge].a == node ? m_edges[edge].b : m_edges[edge].a;
    }

  private:
    std::vector<GraphEdge> m_edges;
    std::vector<std::vector<std::uint32_t>> m_adjacent;
};

/// "Cannot be reached."
inline constexpr std::uint64_t UNREACHABLE = ~std::uint64_t{0};

/// @return by node: the least cost to the nearest of @p targets, UNREACHABLE where there is no way
std::vector<std::uint64_t> DistancesTo(const Graph& graph,
                                       const std::vector<std::uint32_t>& targets);

/// @param distances from DistancesTo() @return edges at @p node that begin a shortest path,
/// ascending; none at a target and where there is no way
std::vector<std::uint32_t> FirstSteps(const Graph& graph,
                                      const std::vector<std::uint64_t>& distances,
                                      std::uint32_t node);

/// A bridged network's active topology.
struct ActiveTopology
{
    std::vector<std::uint32_t> roots; ///< by node: the root of its part of the network
    std::vector<bool> active;         ///< by edge: whether both its ports forward
};

/**
 * Every part that hangs together gets a tree: the lowest bridge id is its root, and every other
 * node reaches it over its root port, by (least cost; lowest id of the bridge beyond; lowest edge
 * number).
 *
 * @param ids bridge ids by node, all different
 */
ActiveTopology ComputeSpanningTree(const Graph& graph, const std::vector<std::uint64_t>& ids);

} // namespace weft::underlay

#endif
