// SPDX-License-Identifier: GPL-2.0-only
/** @file weft graph: draws a scenario's topology. */

#include "cli/verb.h"

#include "engine/spec/graph.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace
{

using namespace weft;
namespace po = boost::program_options;

/// Has Graphviz draw a graph. @return the picture; throws when there is no Graphviz or it fails
std::string
Draw(const std::string& dot, const std::string& format)
{
    auto pattern = (std::filesystem::temp_directory_path() / "weft-graph-XXXXXX").string();
    const int descriptor = mkstemp(pattern.data());
    if (descriptor < 0)
    {
        throw std::runtime_error("no temporary file can be made");
    }
    close(descriptor);
    const auto command = fmt::format("dot -T{} -o '{}'", format, pattern);
    auto* pipe = popen(command.c_str(), "w");
    int status = -1;
    if (pipe)
    {
        std::fwrite(dot.data(), 1, dot.size(), pipe);
        status = pclose(pipe);
    }
    std::ifstream in(pattern, std::ios::binary);
    std::ostringstream picture;
    picture << in.rdbuf();
    std::filesystem::remove(pattern);
    constexpr int COMMAND_NOT_FOUND = 127;
    if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == COMMAND_NOT_FOUND)
    {
        throw cli::UsageError("svg and png need Graphviz (Debian package graphviz); "
                              "--format dot and mermaid do not");
    }
    if (status != 0)
    {
        throw std::runtime_error("Graphviz failed");
    }
    return picture.str();
}

int
Run(const cli::Arguments& arguments)
{
    const auto& file = arguments.Only("FILE");
    std::string format = "dot";
    const auto output =
        arguments.Has("output") ? arguments.options["output"].as<std::string>() : "";
    if (arguments.Has("format"))
    {
        format = arguments.options["format"].as<std::string>();
    }
    else if (const auto extension = std::filesystem::path(output).extension(); !extension.empty())
    {
        const auto name = extension.string().substr(1);
        format = name == "mmd" ? "mermaid" : name == "gv" ? "dot" : name;
    }
    if (format != "dot" && format != "mermaid" && format != "svg" && format != "png")
    {
        throw cli::UsageError(
            fmt::format("unknown format '{}'; it is one of dot, mermaid, svg, png", format));
    }
    const auto name = arguments.options["view"].as<std::string>();
    if (name != "underlay" && name != "overlay")
    {
        throw cli::UsageError(fmt::format("unknown view '{}'; it is underlay or overlay", name));
    }
    const auto view = name == "overlay" ? spec::GraphView::Overlay : spec::GraphView::Underlay;
    const auto result = cli::LoadOrReport(arguments, file);
    if (!result)
    {
        return cli::INVALID;
    }
    const auto& scenario = *result->scenario;
    auto text =
        format == "mermaid" ? spec::MermaidGraph(scenario, view) : spec::DotGraph(scenario, view);
    if (format == "svg" || format == "png")
    {
        text = Draw(text, format);
    }
    if (output.empty() || output == "-")
    {
        std::fwrite(text.data(), 1, text.size(), stdout);
        return cli::OK;
    }
    std::ofstream out(output, std::ios::binary);
    out << text;
    out.close();
    if (!out)
    {
        throw cli::UsageError(fmt::format("cannot write '{}'", output));
    }
    fmt::print(stderr, "wrote {}\n", output);
    return cli::OK;
}

const cli::Registration REGISTRATION{{
    .name = "graph",
    .summary = "draw the topology of a scenario",
    .operands = "FILE",
    .details =
        "The picture is drawn from the file alone; nothing is run.\n"
        "underlay: sites, links and clouds, with the weather of each path.\n"
        "Of a fabric: routers, hosts and their links.\n"
        "overlay: a line for each tunnel, a dashed arrow for each flow; hypervisors and the\n"
        "virtual networks on them.\n"
        "Where the directions of a path differ, jitter and loss are those of the worse.\n",
    .options =
        [](auto& options) {
            options.add_options()(
                "view", po::value<std::string>()->default_value("underlay"), "underlay or overlay")(
                "format,f",
                po::value<std::string>(),
                "dot, mermaid, svg or png; by default that of the output's name, or dot")(
                "output,o", po::value<std::string>(), "file to write; by default stdout");
            cli::AddScenarioOptions(options);
        },
    .run = Run,
}};

} // namespace
