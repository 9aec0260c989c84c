// SPDX-License-Identifier: GPL-2.0-only
/** @file Pictures of a scenario, drawn from the file alone. */
#ifndef WEFT_SPEC_GRAPH_H
#define WEFT_SPEC_GRAPH_H

#include "engine/spec/scenario.h"

#include <string>

namespace weft::spec
{

/// What a picture shows.
enum class GraphView
{
    Underlay, ///< sites, links, clouds, in each cloud the paths and their weather; routers and
              ///< hosts
    Overlay,  ///< sites, a line for each tunnel, an arrow for each flow; hypervisors and networks
};

/// @return the picture as a Graphviz graph
std::string DotGraph(const Scenario& scenario, GraphView view);

/// @return the picture as a Mermaid flowchart
std::string MermaidGraph(const Scenario& scenario, GraphView view);

} // namespace weft::spec

#endif
