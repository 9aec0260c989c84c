// SPDX-License-Identifier: GPL-2.0-only
/** @file What the pictures of sites and of fabrics share. */
#ifndef WEFT_SPEC_GRAPH_TEXT_H
#define WEFT_SPEC_GRAPH_TEXT_H

#include "engine/spec/scenario.h"

#include <string>
#include <string_view>

namespace weft::spec
{

inline constexpr std::string_view INK = "#1f2933";
inline constexpr std::string_view FAINT = "#616e7c";
inline constexpr std::string_view ALARM = "#b42318";

/// @return text as it stands in Graphviz's HTML labels
std::string Html(std::string_view text);

/// @return text for inside Mermaid's quotes
std::string Mermaid(std::string_view text);

/// @return "50ms", "6s"
std::string Time(Duration time);

/// @return the beginning of a Graphviz graph
std::string DotHead(const Scenario& s, std::string_view view, std::string_view layout);

/// @return the lines of the fabric and its hosts; nothing without them
std::string DotFabricUnderlay(const Scenario& scenario);
std::string DotFabricOverlay(const Scenario& scenario);
std::string MermaidFabricUnderlay(const Scenario& scenario);
std::string MermaidFabricOverlay(const Scenario& scenario);

} // namespace weft::spec

#endif
