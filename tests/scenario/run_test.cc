// SPDX-License-Identifier: GPL-2.0-only
/** @file `weft run` and `weft check`: exit codes, interruption, errors. */
#include "runner.h"

namespace weft::testing
{

namespace
{

/// Two sites, one path, one call; @p more is appended.
std::string
SmallScenario(const std::string& duration, const std::string& more)
{
    return R"(scenario: small
about: A call between two sites.
duration: )" +
           duration + R"(
clouds: { internet: { kind: internet } }
sites:
  a: { lan: 10.1.0.0/24, links: { wan: { cloud: internet, rate: 10Mbps } } }
  b: { lan: 10.2.0.0/24, links: { wan: { cloud: internet, rate: 10Mbps } } }
paths:
  - { between: [a.wan, b.wan], rtt: 10ms }
traffic:
  call: { kind: voice, from: a, to: b, both_ways: true, start: 1s, stop: 2s, source_port: 1000, destination_port: 2000 }
)" + more;
}

constexpr const char* MET =
    "expect: { fast: { metric: delay.max, flow: call, below: 20ms, between: [1s, 2s] } }\n";
constexpr const char* FAILED =
    "expect: { fast: { metric: delay.max, flow: call, below: 1ms, between: [1s, 2s] } }\n";

} // namespace

TEST(Run, ExitCodeTellsWhatHappened)
{
    const Workspace here;
    here.Write("met.weft.yaml", SmallScenario("4s", MET));
    here.Write("failed.weft.yaml", SmallScenario("4s", FAILED));
    here.Write("silent.weft.yaml", SmallScenario("4s", ""));
    here.Write("wrong.weft.yaml", SmallScenario("4", MET));
    EXPECT_EQ(RunWeft(here, {"run", "met.weft.yaml", "--no-report"}).code, 0);
    EXPECT_EQ(RunWeft(here, {"run", "silent.weft.yaml", "--no-report"}).code, 0)
        << "run asks for no expectation";
    EXPECT_EQ(RunWeft(here, {"check", "met.weft.yaml"}).code, 0);

    const Result failed = RunWeft(here, {"run", "failed.weft.yaml", "--no-report"});
    EXPECT_EQ(failed.code, 1);
    EXPECT_NE(failed.out.find("FAIL  fast"), std::string::npos) << failed.out;
    EXPECT_EQ(RunWeft(here, {"check", "met.weft.yaml", "failed.weft.yaml"}).code, 1);

    const Result silent = RunWeft(here, {"check", "silent.weft.yaml"});
    EXPECT_EQ(silent.code, 2);
    EXPECT_NE(silent.err.find("nothing is expected"), std::string::npos) << silent.err;
    const Result wrong = RunWeft(here, {"run", "wrong.weft.yaml", "--no-report"});
    EXPECT_EQ(wrong.code, 2);
    EXPECT_NE(wrong.err.find("wrong.weft.yaml:3:11: error:"), std::string::npos) << wrong.err;
    EXPECT_TRUE(wrong.out.empty());
    EXPECT_EQ(RunWeft(here, {"run", "missing.weft.yaml"}).code, 2);
    EXPECT_EQ(RunWeft(here, {"run"}).code, 2);
    EXPECT_EQ(RunWeft(here, {"rum", "met.weft.yaml"}).code, 2);
}

TEST(Run, VariantsAreRunAndJudgedByTheirOwnExpectations)
{
    const Workspace here;
    const std::string more = R"(expect:
  near: { metric: delay.max, flow: call, below: 20ms, between: [1s, 2s], except: [far] }
  late: { metric: delay.max, flow: call, above: 100ms, between: [1s, 2s], only: [far] }
variants:
  far: { about: Across an ocean., set: [paths.0.rtt=300ms] }
)";
    here.Write("two.weft.yaml", SmallScenario("4s", more));
    const Result both = RunWeft(here, {"check", "two.weft.yaml"});
    EXPECT_EQ(both.code, 0) << both.out;
    EXPECT_NE(both.out.find("two.weft.yaml\n"), std::string::npos) << both.out;
    EXPECT_NE(both.out.find("pass  near"), std::string::npos);
    const auto far = both.out.find("two.weft.yaml, variant far\n");
    ASSERT_NE(far, std::string::npos);
    EXPECT_EQ(both.out.find("near", far), std::string::npos);
    EXPECT_NE(both.out.find("pass  late", far), std::string::npos);

    const Result one = RunWeft(here, {"check", "--variant", "far", "two.weft.yaml"});
    EXPECT_EQ(one.code, 0);
    EXPECT_EQ(one.out.find("near"), std::string::npos);
    const std::vector<std::string> near{
        "check", "two.weft.yaml", "--set", "variants.far.set=[paths.0.rtt=11ms]"};
    EXPECT_EQ(RunWeft(here, near).code, 1) << "the variant itself is overridden";
    EXPECT_EQ(RunWeft(here, {"check", "two.weft.yaml", "--set", "paths.0.rtt=12ms"}).code, 1)
        << "what is set comes after the variant";
    EXPECT_EQ(RunWeft(here, {"run", "--no-report", "--variant", "fra", "two.weft.yaml"}).code, 2);
    const Result run =
        RunWeft(here, {"run", "--no-report", "--json", "--variant", "far", "two.weft.yaml"});
    EXPECT_EQ(run.code, 0);
    EXPECT_NE(run.out.find("\"variant\": \"far\""), std::string::npos) << run.out;
}

TEST(Run, ResultsThatCannotBeWrittenAreASimulationFailureThatSaysWhere)
{
    const Workspace here;
    here.Write("met.weft.yaml", SmallScenario("4s", MET));
    here.Write("file", "in the way");
    const Result result =
        RunWeft(here, {"run", "met.weft.yaml", "--no-report", "--results", "file/results"});
    EXPECT_EQ(result.code, 3);
    EXPECT_NE(result.err.find("file/results"), std::string::npos) << result.err;
    EXPECT_TRUE(Find(here.Path(), "run.json").empty());
}

TEST(Run, JsonIsTheWholeOfStdout)
{
    const Workspace here;
    here.Write("met.weft.yaml", SmallScenario("4s", MET));
    const Result result = RunWeft(here, {"run", "met.weft.yaml", "--no-report", "--json"});
    EXPECT_EQ(result.code, 0);
    EXPECT_EQ(result.out.front(), '{');
    EXPECT_NE(result.out.find("\"passed\": true"), std::string::npos);
    EXPECT_EQ(result.out.find("pass  "), std::string::npos);
    EXPECT_NE(result.err.find("small: "), std::string::npos) << "progress goes to stderr";
    EXPECT_EQ(result.err.find('\r'), std::string::npos) << "plain lines when it is no terminal";
}

TEST(Run, SeedAndOverridesAreKeptInTheResults)
{
    const Workspace here;
    here.Write("met.weft.yaml", SmallScenario("4s", MET));
    ASSERT_EQ(
        RunWeft(here,
                {"run", "met.weft.yaml", "--no-report", "--seed", "7", "--set", "paths.0.rtt=12ms"})
            .code,
        0);
    const auto found = Find(here.Path() / "results", "run.json");
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].parent_path().filename(), "run-7");
    const std::string run = ReadAll(found[0]);
    EXPECT_NE(run.find("\"paths.0.rtt=12ms\""), std::string::npos);
    EXPECT_NE(run.find("\"seed\": 7"), std::string::npos);
}

class Stopped : public ::testing::TestWithParam<int>
{
};

TEST_P(Stopped, LeavesNothingThatLooksFinished)
{
    const Workspace here;
    // Ten days: nobody waits for the end.
    here.Write("long.weft.yaml", SmallScenario("240h", MET));
    const pid_t child =
        Start(here, {"run", "long.weft.yaml", "--no-report", "--results", "results"});
    // Its folder exists once it simulates.
    for (int i = 0; i < 3000 &&
                    (!fs::exists(here.Path() / "results") || fs::is_empty(here.Path() / "results"));
         ++i)
    {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    kill(child, GetParam());
    const Result result = Finish(here, child);
    EXPECT_EQ(result.code, GetParam() == SIGKILL ? 128 + SIGKILL : 130) << result.err;
    EXPECT_TRUE(Find(here.Path() / "results", "run.json").empty());
    if (GetParam() != SIGKILL)
    {
        EXPECT_NE(result.err.find("stopped by"), std::string::npos) << result.err;
    }
}

INSTANTIATE_TEST_SUITE_P(Signals, Stopped, ::testing::Values(SIGINT, SIGTERM, SIGKILL));

} // namespace weft::testing
