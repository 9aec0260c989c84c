// SPDX-License-Identifier: GPL-2.0-only
/** @file The shipped scenarios keep their promises, repeat byte for byte, and meet the same
 * weather. */
#include "runner.h"

#include <regex>

namespace weft::testing
{

namespace
{

const fs::path TEAMS_CALL = SCENARIOS / "globalco" / "teams-call.weft.yaml";

/// The file without the `volatile` object, which ends run.json.
std::string
WithoutVolatile(const fs::path& runJson)
{
    const std::string text = ReadAll(runJson);
    return text.substr(0, text.find("\"volatile\""));
}

} // namespace

class ShippedScenario : public ::testing::TestWithParam<fs::path>
{
};

TEST_P(ShippedScenario, MeetsItsExpectations)
{
    const Workspace here;
    const Result result = RunWeft(here, {"check", GetParam().string()});
    EXPECT_EQ(result.code, 0) << result.out << result.err;
}

namespace
{

std::vector<fs::path>
Shipped()
{
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(SCENARIOS))
    {
        if (entry.path().string().ends_with(".weft.yaml"))
        {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Scenarios,
                         ShippedScenario,
                         ::testing::ValuesIn(Shipped()),
                         [](const auto& info) {
                             const std::string name = info.param.stem().stem().string();
                             return std::regex_replace(name, std::regex("[^A-Za-z0-9]"), "_");
                         });

TEST(TeamsCall, TwoRunsAreByteIdenticalButForTheVolatileKey)
{
    const Workspace first;
    const Workspace second;
    for (const auto* here : {&first, &second})
    {
        const Result result = RunWeft(
            *here,
            {"run", TEAMS_CALL.string(), "--no-report", "--quiet", "--set", "record.capture=true"});
        ASSERT_EQ(result.code, 0) << result.out << result.err;
    }
    for (const std::string name : {"flows.csv",
                                   "paths.csv",
                                   "decisions.csv",
                                   "drops.csv",
                                   "scenario.yaml",
                                   "capture.pcapng"})
    {
        const auto a = Find(first.Path() / "results", name);
        const auto b = Find(second.Path() / "results", name);
        ASSERT_EQ(a.size(), 1u) << name;
        ASSERT_EQ(b.size(), 1u) << name;
        EXPECT_FALSE(ReadAll(a[0]).empty());
        EXPECT_EQ(ReadAll(a[0]), ReadAll(b[0])) << name << " differs";
    }
    const std::string run = WithoutVolatile(Find(first.Path() / "results", "run.json").at(0));
    EXPECT_GT(run.size(), 1000u);
    EXPECT_EQ(run, WithoutVolatile(Find(second.Path() / "results", "run.json").at(0)));
}

TEST(TeamsCall, EveryVariantMeetsTheSameWeather)
{
    std::vector<std::string> weather;
    const Workspace here;
    for (const auto& file : Shipped())
    {
        if (file.string().find("teams-call") == std::string::npos)
        {
            continue;
        }
        ASSERT_EQ(RunWeft(here, {"run", file.string(), "--no-report", "--quiet"}).code, 0);
    }
    for (const auto& file : Find(here.Path() / "results", "paths.csv"))
    {
        std::string truth;
        for (const Row& row : ReadCsv(file))
        {
            truth += row.at("time_s") + row.at("path") + row.at("direction") + " " +
                     row.at("true_latency_ms") + " " + row.at("true_jitter_ms") + " " +
                     row.at("true_loss") + "\n";
        }
        weather.push_back(truth);
    }
    ASSERT_EQ(weather.size(), 5u);
    for (const auto& truth : weather)
    {
        EXPECT_EQ(truth, weather.front());
    }
}

/// Other seeds are other weather: the order of the decisions holds in each, whatever their
/// instants.
class TeamsCallSeed : public ::testing::TestWithParam<int>
{
};

TEST_P(TeamsCallSeed, CopiesThenMovesThenReturns)
{
    const Workspace here;
    const Result result =
        RunWeft(here,
                {"run",
                 TEAMS_CALL.string(),
                 "--no-report",
                 "--quiet",
                 "--seed",
                 std::to_string(GetParam()),
                 // Eight seconds of bad jitter, so that slow detection is no excuse.
                 "--set",
                 "events.neighbour-torrent.for=8s",
                 "--set",
                 "duration=90s"});
    ASSERT_TRUE(result.code == 0 || result.code == 1) << result.err;
    std::vector<std::string> story;
    double copied = 0;
    double moved = 0;
    for (const Row& row : ReadCsv(Find(here.Path() / "results", "decisions.csv").at(0)))
    {
        const std::string& action = row.at("action");
        if (row.at("edge") == "bristol" && row.at("flow") == "call" && action.rfind("fec", 0) != 0)
        {
            story.push_back(action + " " + row.at("to"));
            copied = action == "duplicate" ? std::stod(row.at("time_s")) : copied;
            moved = action == "switch" ? std::stod(row.at("time_s")) : moved;
        }
    }
    EXPECT_EQ(story,
              (std::vector<std::string>{
                  "open broadband", "duplicate mpls", "switch mpls", "return broadband"}));
    EXPECT_GT(copied, 30.0);
    EXPECT_NEAR(moved - copied, 2.0, 0.2);
    for (const Row& row : ReadCsv(Find(here.Path() / "results", "flows.csv").at(0)))
    {
        EXPECT_EQ(row.at("duplicates"), "0");
        EXPECT_EQ(row.at("reordered"), "0");
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, TeamsCallSeed, ::testing::Range(1, 11));

} // namespace weft::testing
