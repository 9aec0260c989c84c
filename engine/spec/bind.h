// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * From a checked document to the resolved scenario: fills the structures, completes them and checks
 * what concerns several keys at once. Keys found wrong before are passed over.
 */
#ifndef WEFT_SPEC_BIND_H
#define WEFT_SPEC_BIND_H

#include "engine/spec/view.h"

namespace weft::spec
{

/// What the binding functions share. They run in the order of their declarations.
struct Binding
{
    Scenario scenario;
    View root;
    Diagnostics& diagnostics;
    bool cloudsKnown = true; ///< false when a link's cloud is not known
    bool pathsKnown = true;  ///< false once something wrong hides which sites reach each other
};

/// Name, duration, seed, recording, tunnels.
void BindGeneral(Binding& binding);

/// Clouds, sites, links and paths.
void BindTopology(Binding& binding);

/// Applications, SLAs and policy.
void BindPolicy(Binding& binding);

/// Flows, each between sites that reach each other.
void BindTraffic(Binding& binding);

/// Events.
void BindEvents(Binding& binding);

/// Expectations.
void BindExpectations(Binding& binding);

/// @return the index of the thing of that name in one of the scenario's lists
template <typename T>
std::optional<Index>
IndexOf(const std::vector<T>& things, std::string_view name)
{
    for (Index i = 0; i < things.size(); ++i)
    {
        if (things[i].name == name)
        {
            return i;
        }
    }
    return std::nullopt;
}

/// @return the link that "site.link" names
std::optional<LinkRef> FindLink(const Scenario& scenario, std::string_view name);

/// @return the index of the path between two links, and whether they are named in the path's order
std::optional<std::pair<Index, bool>> FindPath(const Scenario& scenario,
                                               const LinkRef& a,
                                               const LinkRef& b);

/// Reads a pair of links that have to be the ends of a path. Adds to the diagnostics when they are
/// not.
std::optional<std::pair<Index, bool>> BindPath(Binding& binding,
                                               const View& view,
                                               std::string_view key);

/// @return the key's text, or nothing written
std::string About(const View& view);

} // namespace weft::spec

#endif
