// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file Every kind of mistake against its diagnostics. Beside each data/invalid/NAME.yaml stands
 * NAME.txt, the exact text: position, message, source line, caret, suggestion, notes.
 */

#include "engine/spec/load.h"
#include "engine/spec/suggest.h"
#include "support/workspace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace
{

using namespace weft::spec;
namespace fs = std::filesystem;
using weft::support::ReadAll;

const fs::path DATA = fs::path(WEFT_SOURCE_DIR) / "tests/unit/engine/data";

class SpecDiagnostics : public testing::TestWithParam<std::string>
{
};

TEST_P(SpecDiagnostics, AreThoseExpected)
{
    const auto file = GetParam() + ".yaml";
    const auto result = ParseScenario(file, ReadAll(DATA / "invalid" / file));
    EXPECT_FALSE(result.scenario);
    EXPECT_GT(result.diagnostics.Errors(), 0u);
    EXPECT_EQ(result.diagnostics.Text(), ReadAll(DATA / "invalid" / (GetParam() + ".txt")));
}

std::vector<std::string>
InvalidFiles()
{
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(DATA / "invalid"))
    {
        if (entry.path().extension() == ".yaml")
        {
            names.push_back(entry.path().stem().string());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

INSTANTIATE_TEST_SUITE_P(Invalid,
                         SpecDiagnostics,
                         testing::ValuesIn(InvalidFiles()),
                         [](const auto& info) {
                             auto name = info.param;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

TEST(SpecDiagnosticsText, HasColourOnlyWhenAsked)
{
    const auto result = ParseScenario("x.yaml", "scenarioo: x\n");
    EXPECT_EQ(result.diagnostics.Text(false).find('\x1b'), std::string::npos);
    EXPECT_NE(result.diagnostics.Text(true).find("\x1b[1;31merror:"), std::string::npos);
}

TEST(SpecDiagnosticsText, CountsColumnsPastTabsAndUmlauts)
{
    Diagnostics diagnostics;
    diagnostics.AddSource("f", "\tü: x\n");
    diagnostics.Error({0, 1, 6, 1}, "here");
    EXPECT_EQ(diagnostics.Text(), "f:1:6: error: here\n   1 | \tü: x\n     | \t   ^\n");
}

TEST(SpecDiagnosticsText, IsJsonForEditors)
{
    Diagnostics diagnostics;
    diagnostics.AddSource("a \"file\"", "abc: def\n");
    diagnostics.Error({0, 1, 6, 3}, "wrong", "did you mean 'x'?").notes.push_back("a\nnote");
    EXPECT_EQ(diagnostics.Json(),
              "[{\"file\": \"a \\\"file\\\"\", \"line\": 1, \"column\": 6, \"end_column\": 9, "
              "\"severity\": \"error\", \"message\": \"wrong\", \"hint\": \"did you mean 'x'?\", "
              "\"notes\": [\"a\\nnote\"]}]");
}

TEST(SpecDiagnosticsText, StopsAfterAHundred)
{
    std::string text;
    for (int i = 0; i < 300; ++i)
    {
        text += "key" + std::to_string(i) + ": 1\n";
    }
    const auto result = ParseScenario("x.yaml", text);
    EXPECT_GE(result.diagnostics.Errors(), 300u);
    EXPECT_NE(result.diagnostics.Text().find("... and 2"), std::string::npos);
}

TEST(SpecDiagnosticsText, NamesAFileThatIsNotThere)
{
    const auto result = LoadScenario("/no/such/file.yaml");
    EXPECT_FALSE(result.scenario);
    EXPECT_EQ(result.diagnostics.Text(), "/no/such/file.yaml: error: No such file or directory\n");
    EXPECT_FALSE(LoadScenario("/").scenario);
}

TEST(SpecSuggest, CountsEdits)
{
    EXPECT_EQ(EditDistance("", ""), 0u);
    EXPECT_EQ(EditDistance("", "abc"), 3u);
    EXPECT_EQ(EditDistance("jitter", "jiter"), 1u);
    EXPECT_EQ(EditDistance("bristol", "brsitol"), 1u); // neighbours swapped
    EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

TEST(SpecSuggest, FindsTheNearest)
{
    const std::vector<std::string> keys{"loss", "jitter", "source_ports", "destination_ports"};
    EXPECT_EQ(Suggest("lozz", keys), "loss");
    EXPECT_EQ(Suggest("JITTER", keys), "jitter");
    EXPECT_EQ(Suggest("ports", keys), "source_ports");
    EXPECT_EQ(Suggest("colour", keys), std::nullopt);
    EXPECT_EQ(Suggest("", keys), std::nullopt);
    EXPECT_EQ(Suggest("x", std::vector<std::string>{"y"}), std::nullopt);
}

} // namespace
