// SPDX-License-Identifier: GPL-2.0-only
/** @file The verbs that need no simulation, run as a user runs them: exit codes, stdout, stderr,
 * JSON. */

#include "support/workspace.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/wait.h>

namespace
{

namespace fs = std::filesystem;
using weft::support::Has;
using weft::support::ReadAll;

const std::string ROOT = WEFT_SOURCE_DIR;
const std::string EXAMPLE = ROOT + "/tests/unit/engine/data/example.weft.yaml";
const std::string FABRIC = ROOT + "/tests/unit/engine/data/example-fabric.weft.yaml";
const std::string INVALID_DATA = ROOT + "/tests/unit/engine/data/invalid";

/// What a command printed and returned.
struct Outcome
{
    int code = -1;
    std::string out;
    std::string err;
};

/// A folder of its own for each test.
class Cli : public testing::Test
{
  protected:
    /// Runs weft with arguments as a shell reads them.
    Outcome
    Weft(const std::string& arguments, const std::string& input = {}) const
    {
        std::ofstream(m_folder / "in") << input;
        const auto command = "cd '" + m_folder.string() + "' && " + "'" + WEFT_BINARY_DIR +
                             "/bin/weft-cli' " + arguments + " <in >out 2>err";
        const int status = std::system(command.c_str());
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                ReadAll(m_folder / "out"),
                ReadAll(m_folder / "err")};
    }

    weft::support::Workspace m_workspace;
    const fs::path m_folder = m_workspace.Path();
};

TEST_F(Cli, HelpListsTheVerbs)
{
    for (const auto arguments : {"--help", "-h", "help"})
    {
        const auto o = Weft(arguments);
        EXPECT_EQ(o.code, 0);
        EXPECT_EQ(o.err, "");
        for (const auto verb : {"validate", "explain", "schema", "new", "graph", "Exit codes"})
        {
            EXPECT_TRUE(Has(o.out, verb)) << verb;
        }
    }
    EXPECT_EQ(Weft("").code, 2);
    EXPECT_EQ(Weft("").out, "");
    EXPECT_EQ(Weft("--version").out.substr(0, 5), "weft ");
}

TEST_F(Cli, EveryVerbExplainsItself)
{
    for (const auto verb : {"validate", "explain", "schema", "new", "graph"})
    {
        const auto o = Weft(std::string(verb) + " --help");
        EXPECT_EQ(o.code, 0);
        EXPECT_TRUE(Has(o.out, std::string("Usage: weft ") + verb));
        EXPECT_EQ(Weft(std::string("help ") + verb).out, o.out);
    }
}

TEST_F(Cli, UnknownWordsAreRefusedWithASuggestion)
{
    auto o = Weft("vaildate x");
    EXPECT_EQ(o.code, 2);
    EXPECT_EQ(o.out, "");
    EXPECT_EQ(o.err,
              "weft: error: unknown verb 'vaildate'; did you mean 'validate'?\n"
              "`weft --help` shows what is understood.\n");
    o = Weft("validate --jsn x");
    EXPECT_EQ(o.code, 2);
    EXPECT_TRUE(Has(o.err, "unknown option '--jsn'; did you mean '--json'?"));
    EXPECT_EQ(Weft("validate --js x").code, 2) << "options are not abbreviated";
    EXPECT_EQ(Weft("validate").code, 2);
    EXPECT_EQ(Weft("validate --set").code, 2);
    EXPECT_EQ(Weft("schema operand").code, 2);
    EXPECT_EQ(Weft("graph a b").code, 2);
    EXPECT_EQ(Weft("--hepl").code, 2);
}

TEST_F(Cli, ValidateAcceptsWhatIsValid)
{
    const auto o = Weft("validate '" + EXAMPLE + "'");
    EXPECT_EQ(o.code, 0);
    EXPECT_EQ(o.err, "");
    EXPECT_TRUE(Has(o.out, ": valid (scenario example, digest "));
}

TEST_F(Cli, ValidateReportsOnStderr)
{
    const auto o = Weft("validate '" + INVALID_DATA + "/twice.yaml'");
    EXPECT_EQ(o.code, 2);
    EXPECT_EQ(o.out, "");
    EXPECT_TRUE(Has(o.err, "/twice.yaml:9:16: error: the path between"));
    EXPECT_TRUE(Has(o.err, "/twice.yaml: 1 error\n"));
    EXPECT_FALSE(Has(o.err, "\x1b")) << "no colour but on a terminal";
    EXPECT_EQ(Weft("validate nowhere.yaml").code, 2);
}

TEST_F(Cli, ValidateReadsStandardInput)
{
    const auto o = Weft("validate -", "scenario: x\n");
    EXPECT_EQ(o.code, 2);
    EXPECT_TRUE(Has(o.err, "<stdin>:1:1: error: missing key 'duration'"));
    EXPECT_EQ(Weft("validate -", ReadAll(EXAMPLE)).code, 0);
}

TEST_F(Cli, ValidateSpeaksJson)
{
    auto o = Weft("validate --json '" + INVALID_DATA + "/twice.yaml'");
    EXPECT_EQ(o.code, 2);
    EXPECT_EQ(o.err, "");
    EXPECT_TRUE(Has(o.out, "\"valid\": false"));
    EXPECT_TRUE(Has(o.out, "\"line\": 9, \"column\": 16"));
    o = Weft("validate --json '" + EXAMPLE + "' '" + EXAMPLE + "'");
    EXPECT_EQ(o.code, 0);
    EXPECT_EQ(o.out.front(), '[');
    EXPECT_TRUE(Has(o.out, "\"valid\": true, \"scenario\": \"example\""));
}

TEST_F(Cli, SetOverridesAnyKey)
{
    auto o = Weft("validate --set duration=95s --set 'paths.*.loss=1%' '" + EXAMPLE + "'");
    EXPECT_EQ(o.code, 0);
    EXPECT_FALSE(o.out == Weft("validate '" + EXAMPLE + "'").out) << "another digest";
    o = Weft("validate --set duration=95 '" + EXAMPLE + "'");
    EXPECT_EQ(o.code, 2);
    EXPECT_TRUE(Has(o.err, "--set #1:1:10: error: '95' has no unit"));
}

TEST_F(Cli, ValidateGoesThroughVariants)
{
    auto o = Weft("validate '" + FABRIC + "'");
    EXPECT_EQ(o.code, 0);
    EXPECT_EQ(o.err, "");
    EXPECT_TRUE(Has(o.out, ": 4 routers, 4 hypervisors, 7 VMs, 5 networks, "));
    EXPECT_TRUE(Has(o.out, ", variant quiet: valid (scenario example-fabric, digest "));
    o = Weft("validate --variant quiet '" + FABRIC + "'");
    EXPECT_EQ(o.code, 0);
    EXPECT_FALSE(Has(o.out, "variant")) << "the one that was asked for";
    o = Weft("validate --variant quit '" + FABRIC + "'");
    EXPECT_EQ(o.code, 2);
    EXPECT_TRUE(Has(o.err, "no variant 'quit'"));
    EXPECT_TRUE(Has(o.err, "did you mean 'quiet'?"));
    EXPECT_TRUE(Has(Weft("validate --json '" + FABRIC + "'").out,
                    "\"variants\": [{\"variant\": \"quiet\", \"valid\": true, \"digest\": \""));
}

TEST_F(Cli, ValidateSaysWhichVariantIsWrong)
{
    const auto text = ReadAll(EXAMPLE) + "variants:\n  good: { set: [seed=3] }\n  bad: { set: "
                                         "[seed=4, duration=95] }\n";
    auto o = Weft("validate -", text);
    EXPECT_EQ(o.code, 2);
    EXPECT_TRUE(Has(o.out, "-: valid (scenario example")) << o.out;
    EXPECT_TRUE(Has(o.out, "-, variant good: valid"));
    EXPECT_TRUE(Has(o.err, "variants.bad.set.1:1:10: error: '95' has no unit"));
    EXPECT_TRUE(Has(o.err, "-, variant bad: 1 error\n"));
    o = Weft("validate --json -", text);
    EXPECT_EQ(o.code, 2);
    EXPECT_TRUE(Has(o.out, "\"valid\": false"));
    EXPECT_TRUE(Has(o.out, "{\"variant\": \"bad\", \"valid\": false, \"digest\": null"));
}

TEST_F(Cli, GraphDrawsFabricsAndTheirVariants)
{
    const auto underlay = Weft("graph '" + FABRIC + "'");
    EXPECT_EQ(underlay.code, 0) << underlay.err;
    EXPECT_TRUE(Has(underlay.out, "\"router spine1\" -- \"router leaf1\""));
    EXPECT_TRUE(Has(underlay.out, "\"router leaf1\" -- \"host host1\""));
    EXPECT_TRUE(Has(Weft("graph --view overlay '" + FABRIC + "'").out, "\"network web\""));
    const auto text = ReadAll(FABRIC) + "  wide: { set: [fabric.spines=3] }\n";
    EXPECT_FALSE(Has(Weft("graph -", text).out, "spine3"));
    EXPECT_TRUE(Has(Weft("graph --variant wide -", text).out, "\"router spine3\""));
}

TEST_F(Cli, ExplainFindsKeys)
{
    auto o = Weft("explain sites.bristol.links.mpls.mtu");
    EXPECT_EQ(o.code, 0);
    EXPECT_TRUE(Has(o.out, "sites.NAME.links.NAME.mtu"));
    EXPECT_TRUE(Has(o.out, "576B to 9216B"));
    EXPECT_EQ(Weft("explain sites.links.mtu").out, o.out);
    EXPECT_EQ(Weft("explain convergence").out, Weft("explain fabric.convergence").out)
        << "one key only has this name";
    EXPECT_TRUE(Has(Weft("explain mtu").err, "sites.links.mtu or fabric.mtu or "));
    EXPECT_TRUE(Has(Weft("explain").out, "traffic"));
    EXPECT_TRUE(Has(Weft("explain --json policy.remedies.fec").out, "\"keys\": [\"data\""));
    o = Weft("explain sites.links.mtuu");
    EXPECT_EQ(o.code, 2);
    EXPECT_EQ(o.out, "");
    EXPECT_TRUE(Has(o.err, "did you mean sites.links.mtu?"));
    EXPECT_EQ(Weft("explain nonsense").code, 2);
}

TEST_F(Cli, SchemaPrintsTheCommittedPages)
{
    EXPECT_EQ(Weft("schema").out, ReadAll(ROOT + "/doc/scenario.schema.json"));
    EXPECT_EQ(Weft("schema --reference").out, ReadAll(ROOT + "/doc/scenario-reference.md"));
}

TEST_F(Cli, NewWritesValidScenarios)
{
    std::istringstream list(Weft("new --list").out);
    int templates = 0;
    for (std::string line; std::getline(list, line); ++templates)
    {
        const auto name = line.substr(0, line.find(' '));
        const auto file = "my-" + name;
        EXPECT_EQ(Weft("new --template " + name + " " + file).code, 0);
        const auto o = Weft("validate " + file + ".weft.yaml");
        EXPECT_EQ(o.code, 0) << o.err;
        EXPECT_TRUE(Has(o.out, "scenario my-" + name));
        EXPECT_EQ(Weft("new --template " + name + " " + file).code, 2) << "never over a file";
        EXPECT_EQ(Weft("new --force --template " + name + " " + file).code, 0);
    }
    EXPECT_GE(templates, 3);
    EXPECT_TRUE(Has(ReadAll(m_folder / "my-branch.weft.yaml"), "# yaml-language-server: $schema="));
    EXPECT_EQ(Weft("new --template brnch").code, 2);
    EXPECT_TRUE(Has(Weft("new --template brnch").err, "did you mean 'branch'?"));
    EXPECT_EQ(Weft("new 'Not A Name'").code, 2);
}

TEST_F(Cli, GraphDrawsBothViews)
{
    const auto underlay = Weft("graph '" + EXAMPLE + "'");
    EXPECT_EQ(underlay.code, 0);
    EXPECT_EQ(underlay.err, "");
    EXPECT_TRUE(Has(underlay.out, "graph \"example\" {"));
    EXPECT_TRUE(Has(underlay.out, "\"cloud vpn\""));
    EXPECT_TRUE(Has(underlay.out, "torrent, 30s to 35s"));
    const auto overlay = Weft("graph --view overlay '" + EXAMPLE + "'");
    EXPECT_TRUE(Has(overlay.out, "\"site bristol\" -- \"site hq\""));
    EXPECT_TRUE(Has(overlay.out, "<i>call</i>"));
    EXPECT_TRUE(Has(Weft("graph -f mermaid '" + EXAMPLE + "'").out, "flowchart TB"));
    EXPECT_TRUE(Has(Weft("graph -f mermaid --view overlay '" + EXAMPLE + "'").out, "flowchart LR"));
    EXPECT_EQ(Weft("graph --view sideways '" + EXAMPLE + "'").code, 2);
    EXPECT_EQ(Weft("graph -f gif '" + EXAMPLE + "'").code, 2);
    EXPECT_EQ(Weft("graph '" + INVALID_DATA + "/twice.yaml'").code, 2);
}

TEST_F(Cli, GraphDrawsSvgWithGraphviz)
{
    if (std::system("dot -V >/dev/null 2>&1") != 0)
    {
        const auto o = Weft("graph -f svg '" + EXAMPLE + "'");
        EXPECT_EQ(o.code, 2);
        EXPECT_TRUE(Has(o.err, "need Graphviz"));
        GTEST_SKIP() << "Graphviz is not installed";
    }
    const auto o = Weft("graph -o picture.svg '" + EXAMPLE + "'");
    EXPECT_EQ(o.code, 0);
    EXPECT_EQ(o.out, "");
    const auto svg = ReadAll(m_folder / "picture.svg");
    EXPECT_TRUE(Has(svg, "<svg"));
    EXPECT_TRUE(Has(svg, "bristol"));
}

/// Every scenario that is shipped is valid.
TEST_F(Cli, ShippedScenariosAreValid)
{
    int count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(ROOT + "/scenarios"))
    {
        if (entry.path().string().ends_with(".weft.yaml"))
        {
            const auto o = Weft("validate '" + entry.path().string() + "'");
            EXPECT_EQ(o.code, 0) << o.err;
            ++count;
        }
    }
    EXPECT_GT(count, 0);
}

} // namespace
