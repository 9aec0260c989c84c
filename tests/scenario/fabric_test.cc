// SPDX-License-Identifier: GPL-2.0-only
/** @file Runs over fabrics: cost of broadcasts against the number of VTEPs, repetition, books. */
#include "runner.h"

#include <cmath>
#include <limits>

namespace weft::testing
{

namespace
{

constexpr int BROADCASTS = 10;

/// @return a figure of run.json; NaN where there is none
double
Figure(const std::string& runJson, const std::string& name)
{
    const std::string key = "\"" + name + "\": ";
    const auto at = runJson.find(key);
    return at == std::string::npos ? std::numeric_limits<double>::quiet_NaN()
                                   : std::strtod(runJson.c_str() + at + key.size(), nullptr);
}

/// @p vteps VTEPs, one a leaf, one machine each, and one leaf more for whoever replicates.
std::string
BroadcastScenario(int vteps, const std::string& overlay)
{
    const std::string n = std::to_string(vteps);
    const std::string last = "leaf" + std::to_string(vteps + 1);
    return "scenario: sweep\nabout: broadcasts\nduration: 3s\n"
           "fabric: { leaves: " +
           std::to_string(vteps + 1) +
           ", spines: 2, rate: 10Gbps, multicast: { mode: static } }\n"
           "overlay: { " +
           overlay +
           " }\n"
           "networks: { tenant: { vni: 5000 } }\n"
           "hypervisors: { host: { count: " +
           n + ", rate: 1Gbps } }\n" +
           (overlay.find("service-node") == std::string::npos
                ? std::string()
                : "service_nodes: { sn: { leaf: " + last + " } }\n") +
           "vms: { vm: { count: " + n +
           " } }\n"
           "traffic: { shout: { kind: broadcast, from: vm1, size: 1400B, rate: 1120kbps, "
           "packets: " +
           std::to_string(BROADCASTS) + ", start: 1s } }\n";
}

/// Runs a scenario's text. @return its run.json
std::string
RunText(const Workspace& here, const std::string& text)
{
    here.Write("it.weft.yaml", text);
    const Result run = RunWeft(here, {"run", "it.weft.yaml", "--no-report", "--quiet"});
    EXPECT_EQ(run.code, 0) << run.out << run.err;
    const auto found = Find(here.Path() / "results", "run.json");
    return found.empty() ? std::string() : ReadAll(found.front());
}

class BroadcastCost : public ::testing::TestWithParam<int>
{
};

} // namespace

TEST_P(BroadcastCost, MulticastCrossesTheFabricOncePerLeaf)
{
    const int n = GetParam();
    const Workspace here;
    const std::string run = RunText(here, BroadcastScenario(n, "replication: multicast"));
    EXPECT_EQ(Figure(run, "shout.arrivals"), BROADCASTS * (n - 1));
    EXPECT_EQ(Figure(run, "vtep.host1.flooded_copies"), BROADCASTS);
    EXPECT_EQ(Figure(run, "fabric.frames"), BROADCASTS * n);
}

TEST_P(BroadcastCost, HeadEndCrossesItTwicePerReceiverAndSkews)
{
    const int n = GetParam();
    const Workspace here;
    const std::string run = RunText(here, BroadcastScenario(n, "replication: head-end"));
    EXPECT_EQ(Figure(run, "shout.arrivals"), BROADCASTS * (n - 1));
    EXPECT_EQ(Figure(run, "vtep.host1.flooded_copies"), BROADCASTS * (n - 1));
    EXPECT_EQ(Figure(run, "fabric.frames"), BROADCASTS * 2 * (n - 1));
    // (N - 2) copies of 1,516 bytes on the wire at 1 Gbit/s between the first and the last.
    EXPECT_NEAR(Figure(run, "shout.skew_max_us"), (n - 2) * 12.128, 0.01);
}

TEST_P(BroadcastCost, ServiceNodeTakesTheCopiesOffTheSender)
{
    const int n = GetParam();
    const Workspace here;
    const std::string run = RunText(here, BroadcastScenario(n, "replication: service-node"));
    EXPECT_EQ(Figure(run, "shout.arrivals"), BROADCASTS * (n - 1));
    EXPECT_EQ(Figure(run, "vtep.host1.flooded_copies"), BROADCASTS);
    EXPECT_GE(Figure(run, "fabric.frames"), BROADCASTS * (2 + 2 * (n - 1)))
        << "two crossings to the node and two to each receiver, besides the probes";
}

TEST_P(BroadcastCost, LocalAnswersFloodNothing)
{
    const int n = GetParam();
    const Workspace here;
    const std::string run =
        RunText(here, BroadcastScenario(n, "replication: none, learning: static"));
    EXPECT_EQ(Figure(run, "shout.arrivals"), 0);
    EXPECT_EQ(Figure(run, "fabric.frames"), 0);
}

INSTANTIATE_TEST_SUITE_P(Vteps, BroadcastCost, ::testing::Values(3, 6, 12, 24));

TEST(FabricRun, TwoRunsAreByteIdentical)
{
    const fs::path file = SCENARIOS / "vxlan" / "mobility.weft.yaml";
    const Workspace first;
    const Workspace second;
    for (const auto* here : {&first, &second})
    {
        const Result run = RunWeft(*here,
                                   {"run",
                                    file.string(),
                                    "--variant",
                                    "controller",
                                    "--no-report",
                                    "--quiet",
                                    "--set",
                                    "record.frames=[host1.uplink]",
                                    "--set",
                                    "record.capture=true"});
        ASSERT_EQ(run.code, 0) << run.out << run.err;
    }
    for (const std::string name :
         {"flows.csv", "tables.csv", "frames.csv", "links.csv", "vteps.csv", "drops.csv"})
    {
        const auto a = Find(first.Path() / "results", name);
        const auto b = Find(second.Path() / "results", name);
        ASSERT_EQ(a.size(), 1u) << name;
        ASSERT_EQ(b.size(), 1u) << name;
        EXPECT_EQ(ReadAll(a[0]), ReadAll(b[0])) << name;
        EXPECT_GT(ReadAll(a[0]).size(), 100u) << name;
    }
}

TEST(FabricRun, BooksOfItsLinksBalance)
{
    for (const std::string scenario : {"pim", "mobility", "link-failure", "lossy-multicast"})
    {
        const Workspace here;
        const Result run = RunWeft(here,
                                   {"run",
                                    (SCENARIOS / "vxlan" / (scenario + ".weft.yaml")).string(),
                                    "--no-report",
                                    "--quiet",
                                    "--seed",
                                    "7"});
        ASSERT_TRUE(run.code == 0 || run.code == 1) << run.err;
        const std::string json = ReadAll(Find(here.Path() / "results", "run.json").at(0));
        const std::string books = json.substr(json.find("\"books\""));
        const double sent = Figure(books, "sent");
        EXPECT_GT(sent, 100) << scenario;
        EXPECT_EQ(sent,
                  Figure(books, "delivered") + Figure(books, "dropped") +
                      Figure(books, "in_flight"))
            << scenario;
    }
}

TEST(FabricRun, MeetsItsExpectationsWithOtherSeeds)
{
    for (const std::string scenario :
         {"silent-move", "vrrp-failover", "mobility", "controller-failover", "pim", "bum"})
    {
        for (const std::string seed : {"2", "3", "4"})
        {
            const Workspace here;
            const Result result =
                RunWeft(here,
                        {"check",
                         (SCENARIOS / "vxlan" / (scenario + ".weft.yaml")).string(),
                         "--seed",
                         seed});
            EXPECT_EQ(result.code, 0) << scenario << " seed " << seed << "\n" << result.out;
        }
    }
}

} // namespace weft::testing
