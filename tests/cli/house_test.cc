// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file The rules of the house that a compiler does not hold: what may include what, and what every
 * file begins with.
 *
 * Debian installs ns-3's headers on the default include path, so that a core builds even when it
 * includes them; hence the text is looked at.
 */
#include "support/workspace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <vector>

namespace
{

namespace fs = std::filesystem;
using weft::support::Has;
using weft::support::ReadAll;

const fs::path ROOT = WEFT_SOURCE_DIR;
const std::string SPDX = "SPDX-License-Identifier: GPL-2.0-only";

bool
IsCxx(const fs::path& file)
{
    return file.extension() == ".cc" || file.extension() == ".h";
}

bool
IsPython(const fs::path& file)
{
    return file.extension() == ".py" || file.filename() == "wscript";
}

/// Every file below folders of the source tree, in order. A folder must hold some.
std::vector<fs::path>
FilesBelow(const std::vector<std::string>& folders,
           const std::function<bool(const fs::path&)>& wanted)
{
    std::vector<fs::path> files;
    for (const auto& folder : folders)
    {
        const auto before = files.size();
        for (const auto& entry : fs::recursive_directory_iterator(ROOT / folder))
        {
            if (entry.is_regular_file() && wanted(entry.path()))
            {
                files.push_back(entry.path());
            }
        }
        EXPECT_GT(files.size(), before) << folder << " holds nothing to look at";
    }
    std::sort(files.begin(), files.end());
    return files;
}

/// An #include directive as it is written, and where.
struct Include
{
    std::string where;
    char form; ///< '<' or '"'
    std::string name;
};

std::vector<Include>
IncludesOf(const fs::path& file)
{
    std::vector<Include> includes;
    std::istringstream text(ReadAll(file));
    int number = 0;
    for (std::string line; std::getline(text, line);)
    {
        ++number;
        line.erase(
            std::remove_if(line.begin(), line.end(), [](char c) { return c == ' ' || c == '\t'; }),
            line.end());
        const std::string directive = "#include";
        if (!line.starts_with(directive) || line.size() < directive.size() + 2)
        {
            continue;
        }
        const char form = line[directive.size()];
        const auto end = line.find(form == '<' ? '>' : form, directive.size() + 1);
        includes.push_back({fs::relative(file, ROOT).string() + ":" + std::to_string(number),
                            form,
                            line.substr(directive.size() + 1, end - directive.size() - 1)});
    }
    return includes;
}

/// Holds every include of the C++ files below @p folders against a rule.
void
ExpectIncludes(const std::vector<std::string>& folders,
               const std::string& rule,
               const std::function<bool(const fs::path& file, const Include&)>& allowed)
{
    std::size_t seen = 0;
    for (const auto& file : FilesBelow(folders, IsCxx))
    {
        for (const auto& include : IncludesOf(file))
        {
            ++seen;
            EXPECT_TRUE(allowed(file, include))
                << include.where << ": includes " << include.name << "; " << rule;
        }
    }
    EXPECT_GT(seen, 0u);
}

/// @return whether a header's file name, in whatever folder, begins so
bool
NameBegins(const Include& include, const std::string& prefix)
{
    return fs::path(include.name).filename().string().starts_with(prefix);
}

TEST(House, CoresStandOnTheStandardLibraryAlone)
{
    const std::set<std::string> c{"assert.h",
                                  "ctype.h",
                                  "errno.h",
                                  "float.h",
                                  "limits.h",
                                  "math.h",
                                  "stdarg.h",
                                  "stddef.h",
                                  "stdint.h",
                                  "stdio.h",
                                  "stdlib.h",
                                  "string.h",
                                  "time.h"};
    std::vector<std::string> cores;
    for (const auto& module : fs::directory_iterator(ROOT / "contrib"))
    {
        for (const char* core : {"weather", "dataplane", "stack", "fabric", "multicast", "overlay"})
        {
            if (fs::exists(module.path() / core))
            {
                cores.push_back(fs::relative(module.path() / core, ROOT).string());
            }
        }
    }
    EXPECT_EQ(cores.size(), 6u);
    ExpectIncludes(cores,
                   "a core knows the C and C++ standard library, its own folder, netbase, openssl and absl",
                   [&c](const fs::path& file, const Include& include) {
                       if (include.form == '"')
                       {
                           return !Has(include.name, "/") &&
                                  (fs::exists(file.parent_path() / include.name) ||
                                   fs::exists(ROOT / "contrib/netbase/stack" / include.name));
                       }
                       const bool cxx = include.name.find_first_of("./") == std::string::npos;
                       return cxx || c.contains(include.name) ||
                              include.name.starts_with("openssl/") ||
                              include.name.starts_with("absl/");
                   });
}

TEST(House, ModulesDoNotKnowEachOther)
{
    ExpectIncludes(
        {"contrib/underlay"},
        "the underlay does not know what runs over it",
        [](const fs::path&, const Include& include) {
            return !NameBegins(include, "sdwan-") && !NameBegins(include, "vxlan-");
        });
    ExpectIncludes({"contrib/sdwan"},
                   "SD-WAN runs over any underlay",
                   [](const fs::path&, const Include& include) {
                       return !NameBegins(include, "underlay-") && !NameBegins(include, "vxlan-");
                   });
    ExpectIncludes({"contrib/vxlan"},
                   "VXLAN runs over any underlay",
                   [](const fs::path&, const Include& include) {
                       return !NameBegins(include, "underlay-") && !NameBegins(include, "sdwan-");
                   });
    ExpectIncludes({"contrib/netbase"},
                   "netbase knows no other module",
                   [](const fs::path&, const Include& include) {
                       return !NameBegins(include, "underlay-") &&
                              !NameBegins(include, "sdwan-") && !NameBegins(include, "vxlan-");
                   });
    ExpectIncludes({"contrib"},
                   "a module stands in ns-3's tree without the rest of this one",
                   [](const fs::path&, const Include& include) {
                       return !include.name.starts_with("engine/") &&
                              !include.name.starts_with("cli/") && !Has(include.name, "..");
                   });
}

TEST(House, ModulesIncludeWhatTheyUse)
{
    ExpectIncludes({"contrib"},
                   "headers of whole modules differ between ns-3's releases and builds",
                   [](const fs::path&, const Include& include) {
                       return !include.name.ends_with("-module.h") &&
                              !NameBegins(include, "singleton.h");
                   });
}

TEST(House, ReadingAndJudgingNeedNoSimulator)
{
    ExpectIncludes({"engine/spec", "engine/record", "engine/study"},
                   "scenarios are read and results judged without a simulator",
                   [](const fs::path&, const Include& include) {
                       return !include.name.starts_with("ns3/") &&
                              !include.name.starts_with("engine/build/") &&
                              !include.name.starts_with("engine/run/") &&
                              !include.name.starts_with("engine/traffic/");
                   });
}

TEST(House, TheReportReadsResultsAlone)
{
    for (const auto& file : FilesBelow({"report"}, IsPython))
    {
        const auto text = ReadAll(file);
        for (const char* word : {"weft-cli",
                                 "subprocess",
                                 "ctypes",
                                 "cffi",
                                 "os.system",
                                 "os.exec",
                                 "os.spawn",
                                 "os.popen",
                                 "ns.core",
                                 "import ns"})
        {
            EXPECT_FALSE(Has(text, word))
                << fs::relative(file, ROOT) << ": " << word
                << "; a report is made from result files, by no program of the simulation";
        }
    }
}

TEST(House, EverySourceFileNamesItsLicence)
{
    const std::vector<std::string> folders{
        "bench", "cli", "cmake", "contrib", "engine", "report", "tests"};
    auto files =
        FilesBelow(folders, [](const fs::path& f) { return IsCxx(f) || f.extension() == ".py"; });
    files.insert(files.end(), {ROOT / "weft", ROOT / "wscript", ROOT / ".ci/run"});
    for (const auto& file : files)
    {
        std::istringstream text(ReadAll(file));
        std::string first;
        std::getline(text, first);
        if (!IsCxx(file) && first.starts_with("#!"))
        {
            std::getline(text, first);
        }
        EXPECT_EQ(first, (IsCxx(file) ? "// " : "# ") + SPDX) << fs::relative(file, ROOT);
    }
}

TEST(House, ShippedScenariosNameTheirSchema)
{
    const auto yaml = [](const fs::path& f) { return f.string().ends_with(".yaml"); };
    const std::string modeline = "# yaml-language-server: $schema=";
    for (const auto& file : FilesBelow({"scenarios"}, yaml))
    {
        EXPECT_TRUE(file.string().ends_with(".weft.yaml")) << file;
        std::istringstream text(ReadAll(file));
        std::string first;
        std::getline(text, first);
        ASSERT_TRUE(first.starts_with(modeline)) << file << ": " << first;
        const auto schema = file.parent_path() / first.substr(modeline.size());
        EXPECT_EQ(schema.lexically_normal(), (ROOT / "doc/scenario.schema.json").lexically_normal())
            << file;
        EXPECT_TRUE(fs::exists(schema)) << file;
    }
}

} // namespace
