// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/graph.h"

#include "engine/spec/graph-text.h"
#include "engine/spec/quantity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace weft::spec
{

namespace
{

/// A cloud with more paths than this tells how many it has instead.
constexpr std::size_t MOST_PATHS = 12;

/// Line and fill colours of clouds: blues and greens for the Internet, violets and browns for VPNs.
struct Colour
{
    std::string_view line;
    std::string_view fill;
};

Colour
ColourOf(const Scenario& s, Index cloud)
{
    static constexpr std::array INTERNET{
        Colour{"#2563a8", "#e8f1fb"}, Colour{"#0f766e", "#e3f4f1"}, Colour{"#4d7c0f", "#eef6df"}};
    static constexpr std::array VPN{
        Colour{"#9a5b13", "#fbf0e1"}, Colour{"#6b3fa0", "#f2ebfa"}, Colour{"#9d174d", "#fbe9f1"}};
    const auto kind = s.clouds[cloud].kind;
    const auto before = static_cast<std::size_t>(
        std::count_if(s.clouds.begin(),
                      s.clouds.begin() + static_cast<std::ptrdiff_t>(cloud),
                      [&](const Cloud& c) { return c.kind == kind; }));
    const auto& colours = kind == CloudKind::Internet ? INTERNET : VPN;
    return colours[before % colours.size()];
}

std::string
Rate(const Link& link)
{
    const auto up = FormatQuantity(link.up, Dimension::Rate);
    const auto down = FormatQuantity(link.down, Dimension::Rate);
    return up == down ? up : fmt::format("{} up, {} down", up, down);
}

/// @return "RTT 12ms, jitter 4ms, loss 0.1%": jitter and loss of the worse direction where they
/// differ
std::string
WeatherOf(const Path& path)
{
    const auto jitter = std::max(path.forward.jitter, path.backward.jitter);
    const auto loss = std::max(path.forward.loss, path.backward.loss);
    return fmt::format("RTT {}, jitter {}, loss {}",
                       Time(path.forward.delay + path.backward.delay),
                       Time(jitter),
                       FormatQuantity(loss, Dimension::Fraction));
}

/// @return "neighbour-torrent, 30s to 35s" for every event that touches the path
std::vector<std::string>
EventsOf(const Scenario& s, Index path)
{
    std::vector<std::string> events;
    for (const auto& event : s.events)
    {
        if (std::any_of(event.targets.begin(), event.targets.end(), [&](const EventTarget& t) {
                return t.path == path;
            }))
        {
            events.push_back(
                fmt::format("{}, {} to {}", event.name, Time(event.at), Time(event.end)));
        }
    }
    return events;
}

std::vector<Index>
PathsOf(const Scenario& s, Index cloud)
{
    std::vector<Index> paths;
    for (Index i = 0; i < s.paths.size(); ++i)
    {
        if (s.At(s.paths[i].first).cloud == cloud)
        {
            paths.push_back(i);
        }
    }
    return paths;
}

std::string
DotSite(const Site& site)
{
    std::string about;
    if (!site.about.empty() && site.about.size() <= 40)
    {
        about = fmt::format(
            "<br/><font point-size=\"10\" color=\"{}\">{}</font>", FAINT, Html(site.about));
    }
    return fmt::format(
        "  \"site {0}\" [shape=box, style=\"rounded,filled\", fillcolor=\"#ffffff\", "
        "color=\"{1}\", penwidth=1.6, margin=\"0.22,0.14\",\n"
        "    label=<<b>{0}</b>{2}<br/><font point-size=\"10\" color=\"{3}\">{4}</font>>];\n",
        site.name,
        INK,
        about,
        FAINT,
        ToString(site.lan));
}

std::string
DotCloud(const Scenario& s, Index index)
{
    const auto& cloud = s.clouds[index];
    const auto colour = ColourOf(s, index);
    std::string rows;
    const auto paths = PathsOf(s, index);
    if (paths.size() > MOST_PATHS)
    {
        rows =
            fmt::format("<tr><td colspan=\"2\"><font point-size=\"10\">{} paths</font></td></tr>",
                        paths.size());
    }
    else
    {
        for (const auto i : paths)
        {
            const auto& path = s.paths[i];
            rows += fmt::format("<tr><td align=\"left\"><font point-size=\"10\">{} – {}</font></td>"
                                "<td align=\"left\"><font point-size=\"10\">{}</font></td></tr>",
                                s.sites[path.first.site].name,
                                s.sites[path.second.site].name,
                                WeatherOf(path));
            for (const auto& event : EventsOf(s, i))
            {
                rows += fmt::format("<tr><td></td><td align=\"left\"><font point-size=\"10\" "
                                    "color=\"{}\">{}</font></td></tr>",
                                    ALARM,
                                    event);
            }
        }
    }
    return fmt::format(
        "  \"cloud {0}\" [shape=box, style=\"rounded,filled\", margin=\"0.14,0.06\", "
        "fillcolor=\"{1}\", color=\"{2}\", penwidth=1.2,\n"
        "    label=<<table border=\"0\" cellborder=\"0\" cellspacing=\"1\" cellpadding=\"2\">"
        "<tr><td colspan=\"2\"><b><font color=\"{2}\">{0}</font></b> "
        "<font point-size=\"10\" color=\"{3}\">{4}</font></td></tr>{5}</table>>];\n",
        cloud.name,
        colour.fill,
        colour.line,
        FAINT,
        cloud.kind == CloudKind::Internet ? "Internet" : "L3VPN",
        rows);
}

std::string
DotUnderlay(const Scenario& s)
{
    auto text = DotHead(s, "underlay", "rankdir=TB, ranksep=0.7, nodesep=0.5");
    for (const auto& site : s.sites)
    {
        text += DotSite(site);
    }
    for (Index i = 0; i < s.clouds.size(); ++i)
    {
        text += DotCloud(s, i);
    }
    text += DotFabricUnderlay(s);
    for (Index i = 0; i < s.sites.size(); ++i)
    {
        for (const auto& link : s.sites[i].links)
        {
            // Every other site stands below the clouds.
            const auto site = fmt::format("\"site {}\"", s.sites[i].name);
            const auto cloud = fmt::format("\"cloud {}\"", s.clouds[link.cloud].name);
            text += fmt::format("  {} -- {} [color=\"{}\", penwidth=2, "
                                "label=<&nbsp;<b>{}</b>&nbsp;<br/>&nbsp;{}&nbsp;>];\n",
                                i % 2 == 0 ? site : cloud,
                                i % 2 == 0 ? cloud : site,
                                ColourOf(s, link.cloud).line,
                                link.name,
                                Rate(link));
        }
    }
    return text + "}\n";
}

std::string
DotOverlay(const Scenario& s)
{
    auto text = DotHead(s, "overlay", "rankdir=LR, ranksep=1.6, nodesep=0.35");
    for (const auto& site : s.sites)
    {
        text += DotSite(site);
    }
    for (Index i = 0; i < s.paths.size(); ++i)
    {
        const auto& path = s.paths[i];
        const auto& first = s.At(path.first);
        const auto colour = ColourOf(s, first.cloud);
        std::string events;
        for (const auto& event : EventsOf(s, i))
        {
            events += fmt::format("<br/><font color=\"{}\">{}</font>", ALARM, event);
        }
        text += fmt::format("  \"site {}\" -- \"site {}\" [color=\"{}\", penwidth=2, "
                            "label=<<font color=\"{}\"><b>{} – {}</b></font><br/>{}{}>];\n",
                            s.sites[path.first.site].name,
                            s.sites[path.second.site].name,
                            colour.line,
                            colour.line,
                            first.name,
                            s.At(path.second).name,
                            WeatherOf(path),
                            events);
    }
    text += DotFabricOverlay(s);
    for (const auto& flow : s.traffic)
    {
        if (flow.fromKind != NodeKind::Site)
        {
            continue;
        }
        text += fmt::format("  \"site {}\" -- \"site {}\" [style=dashed, color=\"{}\", dir={}, "
                            "arrowsize=0.8, penwidth=1.2, label=<<i>{}</i> ({})>];\n",
                            s.sites[flow.from].name,
                            s.sites[flow.to].name,
                            INK,
                            flow.bothWays ? "both" : "forward",
                            flow.name,
                            ToString(flow.kind));
    }
    return text + "}\n";
}

/// @return the name of a node: Mermaid takes no hyphens next to its own arrows
std::string
MermaidId(char kind, Index index)
{
    return fmt::format("{}{}", kind, index);
}

std::string
MermaidSites(const Scenario& s)
{
    std::string text;
    for (Index i = 0; i < s.sites.size(); ++i)
    {
        const auto& site = s.sites[i];
        text += fmt::format("  {}[\"<b>{}</b><br/>{}{}\"]\n",
                            MermaidId('s', i),
                            site.name,
                            site.about.empty() ? "" : Mermaid(site.about) + "<br/>",
                            ToString(site.lan));
    }
    return text;
}

std::string
MermaidUnderlay(const Scenario& s)
{
    std::string text = "flowchart TB\n" + MermaidSites(s) + MermaidFabricUnderlay(s);
    std::string styles;
    for (Index i = 0; i < s.clouds.size(); ++i)
    {
        std::string rows;
        const auto paths = PathsOf(s, i);
        for (const auto p : paths.size() > MOST_PATHS ? std::vector<Index>{} : paths)
        {
            rows += fmt::format("<br/>{} – {}: {}",
                                s.sites[s.paths[p].first.site].name,
                                s.sites[s.paths[p].second.site].name,
                                WeatherOf(s.paths[p]));
            for (const auto& event : EventsOf(s, p))
            {
                rows += fmt::format("<br/>({})", event);
            }
        }
        text += fmt::format("  {}([\"<b>{}</b>{}\"])\n", MermaidId('c', i), s.clouds[i].name, rows);
        styles += fmt::format("  style {} fill:{},stroke:{}\n",
                              MermaidId('c', i),
                              ColourOf(s, i).fill,
                              ColourOf(s, i).line);
    }
    for (Index i = 0; i < s.sites.size(); ++i)
    {
        for (const auto& link : s.sites[i].links)
        {
            const auto site = MermaidId('s', i);
            const auto cloud = MermaidId('c', link.cloud);
            text += fmt::format("  {} ---|\"{}<br/>{}\"| {}\n",
                                i % 2 == 0 ? site : cloud,
                                link.name,
                                Rate(link),
                                i % 2 == 0 ? cloud : site);
        }
    }
    return text + styles;
}

std::string
MermaidOverlay(const Scenario& s)
{
    std::string text = "flowchart LR\n" + MermaidSites(s);
    for (Index i = 0; i < s.paths.size(); ++i)
    {
        const auto& path = s.paths[i];
        std::string events;
        for (const auto& event : EventsOf(s, i))
        {
            events += fmt::format("<br/>({})", event);
        }
        text += fmt::format("  {} ===|\"{} – {}<br/>{}{}\"| {}\n",
                            MermaidId('s', path.first.site),
                            s.At(path.first).name,
                            s.At(path.second).name,
                            WeatherOf(path),
                            events,
                            MermaidId('s', path.second.site));
    }
    text += MermaidFabricOverlay(s);
    for (const auto& flow : s.traffic)
    {
        if (flow.fromKind != NodeKind::Site)
        {
            continue;
        }
        text += fmt::format("  {} {}|\"{} ({})\"| {}\n",
                            MermaidId('s', flow.from),
                            flow.bothWays ? "<-.->" : "-.->",
                            flow.name,
                            ToString(flow.kind),
                            MermaidId('s', flow.to));
    }
    return text;
}

} // namespace

std::string
DotGraph(const Scenario& scenario, GraphView view)
{
    return view == GraphView::Underlay ? DotUnderlay(scenario) : DotOverlay(scenario);
}

std::string
MermaidGraph(const Scenario& scenario, GraphView view)
{
    return view == GraphView::Underlay ? MermaidUnderlay(scenario) : MermaidOverlay(scenario);
}

} // namespace weft::spec
