// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file The build front, `wscript`, and the launcher, `weft`, run as a user runs them. Debian's
 * package programs are played by small scripts put first on PATH, so nothing is ever installed.
 */

#include "support/workspace.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

namespace
{

namespace fs = std::filesystem;
using weft::support::Has;
using weft::support::Printed;
using weft::support::ReadAll;

const fs::path ROOT = WEFT_SOURCE_DIR;

/// What a command says on stdout and stderr, as it comes.
Printed
Shell(const std::string& command)
{
    return weft::support::Shell("{ " + command + "; } 2>&1");
}

/// A folder of its own for each test, and stand-ins for programs that are found first on PATH.
class Front : public testing::Test
{
  protected:
    Front()
    {
        fs::create_directory(m_folder / "bin");
    }

    void
    WriteScript(const fs::path& path, const std::string& body)
    {
        fs::create_directories(path.parent_path());
        std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
        fs::permissions(path, fs::perms::owner_all);
    }

    /// dpkg-query lists everything but `missing` as installed; apt-get notes its arguments and ends
    /// with `code`.
    void
    PlayDebian(const std::string& missing, bool listsKnowIt = true, int code = 0)
    {
        WriteScript(m_folder / "bin/dpkg-query",
                    "shift 3; for p; do case \" " + missing +
                        " \" in *\" $p \"*) ;; *) echo \"$p installed\" ;; esac; done\n"
                        "echo 'ninja-build config-files'");
        WriteScript(m_folder / "bin/apt-cache", listsKnowIt ? "exit 0" : "exit 100");
        WriteScript(m_folder / "bin/apt-get",
                    "echo \"$@\" >>" + (m_folder / "apt.log").string() + "; exit " +
                        std::to_string(code));
        WriteScript(m_folder / "bin/sudo", "exec \"$@\"");
    }

    Printed
    Wscript(const std::string& arguments)
    {
        return Shell("PATH=" + (m_folder / "bin").string() + ":$PATH " +
                     (ROOT / "wscript").string() + " " + arguments);
    }

    /// A folder with what every ns-3 source tree since 3.36 has.
    fs::path
    MakeNs3Tree()
    {
        const fs::path tree = m_folder / "ns-3";
        for (const char* folder : {"src/core/model", "src/network/model", "contrib"})
        {
            fs::create_directories(tree / folder);
        }
        for (const char* file : {"CMakeLists.txt", "VERSION", "ns3"})
        {
            std::ofstream(tree / file) << "\n";
        }
        return tree;
    }

    weft::support::Workspace m_workspace;
    const fs::path m_folder = m_workspace.Path();
};

TEST_F(Front, HelpNamesEveryVerb)
{
    const auto [code, text] = Wscript("--help");
    EXPECT_EQ(code, 0);
    for (const char* verb :
         {"deps", "configure", "build", "test", "bench", "link-into", "clean", "distclean"})
    {
        EXPECT_TRUE(Has(text, std::string("\n  ") + verb)) << verb << text;
    }
}

TEST_F(Front, MistakesAreNamedAndNothingIsDone)
{
    PlayDebian("libfmt-dev");
    const std::array<std::array<const char*, 2>, 9> cases{{
        {"biuld", "unknown verb 'biuld'; did you mean 'build'?"},
        {"deps --dryrun", "unknown option '--dryrun'; did you mean '--dry-run'?"},
        {"deps teh", "unknown verb 'teh'"},
        {"configure --preset relaese", "unknown preset 'relaese'; did you mean 'release'?"},
        {"deps --preset", "--preset needs a value"},
        {"deps --purpose fun", "--purpose takes one of run, test, bench, all, not 'fun'"},
        {"deps -j0", "--jobs takes a number from 1 up, not '0'"},
        {"link-into", "link-into needs the folder of an ns-3 source tree"},
        {"", "verbs, done in the order given"},
    }};
    for (const auto& [arguments, message] : cases)
    {
        const auto [code, text] = Wscript(arguments);
        EXPECT_EQ(code, 2) << arguments;
        EXPECT_TRUE(Has(text, message)) << arguments << "\n" << text;
        EXPECT_FALSE(Has(text, "Traceback")) << text;
    }
    EXPECT_FALSE(fs::exists(m_folder / "apt.log"));
}

TEST_F(Front, DryRunListsOnlyWhatIsMissing)
{
    PlayDebian("ninja-build libfmt-dev libisal-dev");
    EXPECT_EQ(Wscript("deps --dry-run").text, "ninja-build\nlibfmt-dev\nlibisal-dev\n");
    EXPECT_EQ(Wscript("deps --dry-run --purpose run").text, "ninja-build\nlibfmt-dev\n");
    EXPECT_FALSE(fs::exists(m_folder / "apt.log"));
}

TEST_F(Front, DepsInstallsOnlyWhatIsMissingAndSaysWhy)
{
    PlayDebian("libfmt-dev libssl-dev");
    const auto [code, text] = Wscript("deps");
    EXPECT_EQ(code, 0) << text;
    EXPECT_TRUE(Has(text, "libfmt-dev " + std::string(19, ' ') + "text formatting")) << text;
    const std::string log = ReadAll(m_folder / "apt.log");
    EXPECT_TRUE(log.ends_with("install -y --no-install-recommends libfmt-dev libssl-dev\n")) << log;
    EXPECT_FALSE(Has(log, "update")) << log;
}

TEST_F(Front, DepsLeavesAptAloneWhenNothingIsMissing)
{
    PlayDebian("");
    EXPECT_EQ(Wscript("deps").code, 0);
    EXPECT_EQ(Wscript("deps --quiet").text, "");
    EXPECT_FALSE(fs::exists(m_folder / "apt.log"));
}

TEST_F(Front, ListsAreRefreshedOnlyWhenTheyDoNotKnowAPackage)
{
    PlayDebian("libfmt-dev", false);
    EXPECT_EQ(Wscript("deps").code, 0);
    const std::string log = ReadAll(m_folder / "apt.log");
    EXPECT_TRUE(Has(log, " update\n")) << log;
    EXPECT_LT(log.find("update"), log.find("install")) << log;
}

TEST_F(Front, FailureToInstallIsPlain)
{
    PlayDebian("libfmt-dev", true, 100);
    const auto [code, text] = Wscript("deps");
    EXPECT_EQ(code, 1);
    EXPECT_TRUE(Has(text, "apt-get could not install libfmt-dev")) << text;
    EXPECT_TRUE(Has(text, "is there a network")) << text;
}

TEST_F(Front, OtherSystemsGetTheList)
{
    const auto [code, text] = Shell("PATH=" + (m_folder / "bin").string() + " /usr/bin/python3 " +
                                    (ROOT / "wscript").string() + " deps");
    EXPECT_EQ(code, 1);
    EXPECT_TRUE(Has(text, "this is not Debian")) << text;
    EXPECT_TRUE(Has(text, "libns3-dev")) << text;
}

TEST_F(Front, LinkIntoRefusesOtherFolders)
{
    EXPECT_EQ(Wscript("link-into " + (m_folder / "nowhere").string()).code, 2);
    const auto [code, text] = Wscript("link-into " + m_folder.string());
    EXPECT_EQ(code, 2);
    EXPECT_TRUE(Has(text, "is not an ns-3 source tree: it has no src/core/model")) << text;

    const fs::path tree = MakeNs3Tree();
    fs::create_directory(tree / "contrib/sdwan");
    const auto taken = Wscript("link-into " + tree.string());
    EXPECT_EQ(taken.code, 2);
    EXPECT_TRUE(Has(taken.text, "exists and is not ours")) << taken.text;
    EXPECT_FALSE(fs::exists(tree / "contrib/underlay")) << "refused, and yet something was changed";
}

TEST_F(Front, LinkIntoLinksOrCopiesAndMayBeRepeated)
{
    const fs::path tree = MakeNs3Tree();
    for (const char* option : {"", "", " --copy", " --copy", ""})
    {
        const auto [code, text] = Wscript("link-into " + tree.string() + option);
        ASSERT_EQ(code, 0) << text;
        EXPECT_TRUE(Has(text, "./ns3 configure")) << text;
        for (const char* module : {"underlay", "sdwan"})
        {
            EXPECT_EQ(fs::is_symlink(tree / "contrib" / module), *option == '\0');
            EXPECT_EQ(ReadAll(tree / "contrib" / module / "CMakeLists.txt"),
                      ReadAll(ROOT / "contrib" / module / "CMakeLists.txt"));
        }
    }
}

// waf compiles the file and runs it in a bare module, without __file__; its parser is optparse up
// to 2.0 and argparse after.
TEST_F(Front, LoadsAsWafLoadsIt)
{
    std::ofstream(m_folder / "load.py") << R"(
import argparse, optparse, sys
space = {}
exec(compile(open("wscript").read(), "wscript", "exec"), space)
for name in ("options", "configure", "build", "test", "bench", "deps", "link_into"):
    assert callable(space[name]), name
assert space["top"] == "." and space["out"] == "build" and space["APPNAME"] == "weft"
class Context: pass
for parser in (optparse.OptionParser(), argparse.ArgumentParser()):
    parser.add_option = getattr(parser, "add_option", None) or parser.add_argument
    space["options"](parser)
    parsed = parser.parse_args(["--preset", "debug", "--purpose=test"])
    context = Context()
    context.options = parsed[0] if isinstance(parsed, tuple) else parsed
    settings = space["_settings_of"](context)
    assert (settings.preset, settings.purpose, settings.copy) == ("debug", "test", False)
    assert settings.folder.endswith("/build/debug")
)";
    const auto [code, text] =
        Shell("cd " + ROOT.string() + " && /usr/bin/python3 " + (m_folder / "load.py").string());
    EXPECT_EQ(code, 0) << text;

    if (Shell("command -v waf").code != 0)
    {
        return; // the real thing has its say only where it is installed
    }
    for (const char* file : {"wscript", "VERSION", "CMakePresets.json"})
    {
        fs::copy(ROOT / file, m_folder / file);
    }
    PlayDebian("libfmt-dev");
    const Printed waf =
        Shell("cd " + m_folder.string() + " && PATH=" + (m_folder / "bin").string() +
              ":$PATH waf deps --dry-run --purpose=run --preset=release");
    EXPECT_EQ(waf.code, 0) << waf.text;
    EXPECT_TRUE(Has(waf.text, "libfmt-dev\n")) << waf.text;
}

TEST_F(Front, CountsAreThoseOfTheTests)
{
    std::ofstream(m_folder / "tests.xml")
        << R"(<testsuite><testcase status="run"/><testcase status="run"/><testcase status="run"/>
<testcase status="fail"><failure message=""/></testcase>
<testcase status="notrun"><skipped message="Unable to find executable"/></testcase>
<testcase status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/></testcase>
<testcase status="disabled"/></testsuite>)";
    std::ofstream(m_folder / "count.py") << "space = {'__name__': 'front'}\n"
                                            "exec(open('wscript').read(), space)\n"
                                            "print(space['_count_results']('"
                                         << (m_folder / "tests.xml").string() << "'))\n";
    EXPECT_EQ(
        Shell("cd " + ROOT.string() + " && /usr/bin/python3 " + (m_folder / "count.py").string())
            .text,
        "(3, 2, 2)\n");
}

TEST_F(Front, LauncherWorksThroughASymlinkFromElsewhere)
{
    const fs::path house = m_folder / "a house";
    fs::create_directory(house);
    fs::copy(ROOT / "weft", house / "weft");
    std::ofstream(house / "wscript") << "import sys\nprint('set-up:', *sys.argv[1:])\n";
    WriteScript(house / "build/release/bin/weft-cli", "printf '<%s>' \"$@\"; pwd; exit 3");
    fs::create_directory(m_folder / "elsewhere");
    fs::create_symlink(house / "weft", m_folder / "bin/weft");
    const std::string go = "cd " + (m_folder / "elsewhere").string() + " && ../bin/weft ";

    const Printed ran = Shell("{ " + go + "run 'a b.yaml' --json 2>/dev/null; }");
    EXPECT_EQ(ran.code, 3);
    EXPECT_EQ(ran.text, "<run><a b.yaml><--json>" + (m_folder / "elsewhere").string() + "\n")
        << "stdout is the program's alone, and it runs in the caller's folder";

    EXPECT_EQ(Shell(go + "test -R 'a b'").text,
              "set-up: --quiet --preset release --purpose test deps build test -- -R a b\n");
    EXPECT_EQ(Shell("export WEFT_SKIP_DEPS=1 WEFT_PRESET=debug; " + go + "bench").text,
              "set-up: --quiet --preset debug --purpose bench build bench --\n");
}

TEST_F(Front, LauncherStopsWhenSetUpFails)
{
    fs::copy(ROOT / "weft", m_folder / "weft");
    std::ofstream(m_folder / "wscript") << "raise SystemExit(7)\n";
    WriteScript(m_folder / "build/release/bin/weft-cli", "echo ran");
    const auto [code, text] = Shell((m_folder / "weft").string() + " run x.yaml");
    EXPECT_EQ(code, 7);
    EXPECT_EQ(text, "");
}

TEST_F(Front, CiEndsWithTheCountsEvenWhenNoTestRan)
{
    fs::create_directory(m_folder / ".ci");
    fs::copy(ROOT / ".ci/run", m_folder / ".ci/run");
    WriteScript(m_folder / "weft",
                "echo working; echo '12 passed, 1 failed, 2 skipped'; echo late >&2; exit 8");
    const Printed failed = Shell((m_folder / ".ci/run").string());
    EXPECT_EQ(failed.code, 8);
    EXPECT_TRUE(failed.text.ends_with("\n12 passed, 1 failed, 2 skipped\n")) << failed.text;

    WriteScript(m_folder / "weft", "echo 'no compiler'; exit 1");
    const Printed broken = Shell((m_folder / ".ci/run").string());
    EXPECT_EQ(broken.code, 1);
    EXPECT_TRUE(broken.text.ends_with("\n0 passed, 1 failed\n")) << broken.text;
}

} // namespace
