// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Computes the trees of the static mode from topology and memberships: for every group the shortest
 * paths from a root router to all routers with members.
 *
 * Invariant: at every instant, what was polled so far describes trees: on a link of a group's tree
 * both ends, or none, have it, once all entries are polled.
 *
 * Cost: a membership change walks from the router to the root and stops at the first router that is
 * on the tree already.
 */
#ifndef UNDERLAY_STATIC_PLANNER_H
#define UNDERLAY_STATIC_PLANNER_H

#include "underlay-multicast-types.h"

#include <deque>
#include <map>

namespace weft::multicast
{

/// What a router is to be told: MulticastRouter::InstallTree(), or with a none group SetRoot().
struct PlannedTree
{
    std::size_t router = 0;
    IpAddress group;
    PortIndex upstream = NO_PORT;
    PortSet ports; ///< upstream among them; empty: the router leaves the tree
};

class StaticTreePlanner
{
  public:
    /// @return number of the router, from 0 up
    std::size_t AddRouter();

    /// Connects two routers. @param cost positive; of equal ways the one by the lowest number of
    /// the router next to the root, then the lowest port, is taken
    /// @return number of the link @throws std::invalid_argument for unknown routers or cost 0
    std::size_t AddLink(
        std::size_t a, PortIndex portOfA, std::size_t b, PortIndex portOfB, std::uint32_t cost);

    /// Chooses the root of all trees and computes paths; again after links were added.
    /// @throws std::invalid_argument for an unknown router
    void SetRoot(std::size_t router);

    /// Cuts or mends a link: trees are computed anew.
    void SetLinkUp(std::size_t link, bool up);

    /// Hosts on a port of a router came or went.
    void SetMember(std::size_t router, PortIndex port, const IpAddress& group, bool member);

    /// Takes the next thing to tell a router.
    bool PollTree(PlannedTree& tree);

    /// @return port of a router towards the root; NO_PORT at the root or without a way
    PortIndex Upstream(std::size_t router) const;

  private:
    struct Link
    {
        std::size_t a, b;
        PortIndex portOfA, portOfB;
        std::uint32_t cost;
        bool up;
    };

    struct Router
    {
        PortIndex upstream = NO_PORT;
        std::size_t parent = 0;
        PortIndex portOfParent = NO_PORT;
        bool reachable = false;
        std::vector<std::size_t> links;
    };

    struct Node
    {
        PortSet members; ///< ports with hosts
        PortSet children;
    };

    using Tree = std::map<std::size_t, Node>; ///< by router

    void Compute();
    void Attach(Tree& tree, const IpAddress& group, std::size_t router);
    void Detach(Tree& tree, const IpAddress& group, std::size_t router);
    void Tell(const Tree& tree, const IpAddress& group, std::size_t router);

    std::size_t m_root = 0;
    std::vector<Router> m_routers;
    std::vector<Link> m_links;
    std::map<IpAddress, Tree> m_trees;
    std::deque<PlannedTree> m_told;
};

} // namespace weft::multicast

#endif
