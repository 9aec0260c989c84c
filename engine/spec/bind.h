// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * From a checked document to the resolved scenario: fills the structures, completes them and checks
 * what concerns several keys at once. Keys found wrong before are passed over.
 */
#ifndef WEFT_SPEC_BIND_H
#define WEFT_SPEC_BIND_H

#include "engine/spec/view.h"

#include <map>

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
    bool fabricKnown = true; ///< false once something wrong hides routers, links or hosts
    std::map<std::string, NodeRef, std::less<>> nodes{}; ///< everything that BindNode finds
};

/// Name, duration, seed, recording, tunnels.
void BindGeneral(Binding& binding);

/// Clouds, sites, links and paths.
void BindTopology(Binding& binding);

/// The fabric: routers, links, multicast.
void BindFabric(Binding& binding);

/// Networks, hypervisors, controller and service nodes, with the settings of VTEPs.
void BindOverlay(Binding& binding);

/// VMs and gateways.
void BindMachines(Binding& binding);

/// What concerns fabric and overlay as a whole.
void CheckOverlay(Binding& binding);

/// What is recorded; needs the fabric.
void BindRecord(Binding& binding);

/// Applications, SLAs and policy.
void BindPolicy(Binding& binding);

/// Flows, each between sites that reach each other or between VMs.
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

/// Reads rate, delay, MTU and so on of a link, starting from those of the fabric.
/// @param members the key for the number of links: "members" or "uplinks"
EthernetSettings BindEthernet(const View& view,
                              const EthernetSettings& base,
                              std::string_view members);

/// Makes a node known by its name; says so when the name is another's.
void AddNode(Binding& binding, Span span, const std::string& name, NodeRef node);

/// @return the node of that name
std::optional<NodeRef> FindNode(const Binding& binding, std::string_view name);

/// @return the wire that a text names; adds to the diagnostics when there is none
/// @param ports whether a VM's port will do
std::optional<WireRef> BindWire(Binding& binding, Span span, const std::string& text, bool ports);

/// Reads a list of wires.
std::vector<WireRef> BindWires(Binding& binding,
                               const View& view,
                               std::string_view key,
                               bool ports);

/// Reads what an entry of a table has to hold.
TablePattern BindTablePattern(Binding& binding, const View& view, TableKind table);

/// Reads what frames have to hold.
std::vector<ColumnPattern> BindColumns(Binding& binding, const View& view);

/// @return the address of a key that holds one
std::optional<IpAddress> AddressIn(const View& view, std::string_view key);
/// @return the MAC address of a key that holds one
std::optional<MacAddress> MacIn(const View& view, std::string_view key);

} // namespace weft::spec

#endif
