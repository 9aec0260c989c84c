// SPDX-License-Identifier: GPL-2.0-only
/** @file Result files: columns, numbers, and that a run looks finished only when it is. */

#include "engine/record/text.h"
#include "engine/record/writers.h"
#include "support/workspace.h"

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weft::engine
{
namespace
{

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using support::ReadAll;

/// A recorder with one call of 2 s, a decision, a path sample and drops.
void
Fill(Recorder& recorder)
{
    FlowInfo info;
    info.name = "call";
    info.from = "bristol";
    info.to = "hq";
    info.kind = "voice";
    info.codec = "g711";
    info.trafficClass = "voice";
    info.rule = "teams-audio";
    info.start = seconds(0);
    info.stop = seconds(2);
    info.sla = {65, 15, 0.01, "stddev"};
    const FlowIndex call = recorder.AddFlow(info);
    recorder.AddEvent(
        {"spike", seconds(1), milliseconds(1500), "jitter 25 ms", "bristol.broadband>hq.dia"});
    recorder.OnPathUse(call, Direction::Forward, {seconds(0), "b", "broadband", "", ""});
    recorder.OnPathUse(call, Direction::Forward, {seconds(1), "b", "broadband", "m", "mpls"});
    for (std::uint64_t i = 0; i < 100; ++i)
    {
        const TimeNs sent = milliseconds(20) * i;
        recorder.OnSent(call, Direction::Forward, i, sent, 172);
        recorder.OnWire(call, Direction::Forward, sent, WireKind::Data, 240);
        if (i >= 50)
        {
            recorder.OnWire(call, Direction::Forward, sent, WireKind::Copy, 240);
        }
        if (i != 30)
        {
            recorder.OnReceived(call, Direction::Forward, i, sent, sent + milliseconds(6), 172);
        }
    }
    DecisionRecord decision;
    decision.time = seconds(1) + TimeNs(1);
    decision.edge = "bristol";
    decision.flow = "call";
    decision.flowId = 17;
    decision.rule = "teams-audio";
    decision.action = "duplicate";
    decision.metric = "jitter";
    decision.value = 19.25;
    decision.bound = 16.5;
    decision.threshold = 15;
    decision.timer = "duplicate-after";
    decision.timerSeconds = 0;
    decision.from = "broadband";
    decision.to = "mpls";
    decision.reason = "jitter over 15 ms, \"surely\"";
    recorder.OnDecision(decision);
    PathSample sample;
    sample.time = milliseconds(500);
    sample.observer = "hq";
    sample.path = "hq.dia>bristol.broadband";
    sample.outward = false;
    sample.latencyMs = 6.1;
    sample.samples = 25;
    sample.inSla = "voice:in;video:unknown";
    recorder.OnPathSample(sample);
    recorder.AddDrop("edge hq", "duplicate", 3, 720);
    recorder.AddDrop("cloud internet bristol.broadband>hq.dia", "loss", 1, 240);
    recorder.AddDrop("edge hq", "duplicate", 2, 480);
    recorder.SetScalar("edge.bristol.parity_sent", 0);
    recorder.Finish(seconds(4));
}

RunInfo
Info(double wall = 1.5)
{
    RunInfo run;
    run.version = "0.1.0";
    run.commit = "abc";
    run.scenario = "demo";
    run.digest = "0123456789abcdef";
    run.duration = seconds(4);
    run.recordInterval = milliseconds(500);
    run.command = {"weft", "run", "demo.weft.yaml"};
    run.seed = 7;
    run.sites = {{"bristol", "10.20.30.0/24", {{"broadband", "internet", 2e8, 2e8}}}};
    run.clouds = {{"internet", "internet"}};
    run.paths = {{"bristol.broadband", "hq.dia", 12, 4, 0.001}};
    run.books = {100, 99, 1, 0};
    run.volatileInfo.wallSeconds = wall;
    run.volatileInfo.host = "here";
    return run;
}

std::vector<Verdict>
Verdicts()
{
    Verdict verdict;
    verdict.name = "lan-clean";
    verdict.kind = "lan";
    verdict.statement = "No loss.";
    verdict.measured = 1;
    verdict.threshold = 0;
    verdict.unit = "packets";
    verdict.margin = -1;
    verdict.detail = "packet 30 lost";
    return {verdict};
}

class Results : public testing::Test
{
  protected:
    fs::path
    WriteOnce(double wall = 1.5)
    {
        Recorder recorder;
        Fill(recorder);
        ResultsDir dir(m_root, "demo", "0123456789abcdef", 7);
        WriteResults(dir, Info(wall), recorder, Verdicts(), "scenario: demo\n");
        return dir.FinalPath();
    }

    /// @return names of everything below the results folder whose name is @p name
    std::size_t
    CountFiles(const std::string& name) const
    {
        std::size_t count = 0;
        for (const auto& entry : fs::recursive_directory_iterator(m_root))
        {
            count += entry.path().filename() == name;
        }
        return count;
    }

    /// @return entries beside the run's folder, hidden ones included
    std::size_t
    CountRuns() const
    {
        const fs::path parent = m_root / "demo" / "01234567";
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(parent), fs::directory_iterator()));
    }

    support::Workspace m_workspace;
    const fs::path m_root = m_workspace.Path() / "results";
};

TEST(Text, Numbers)
{
    EXPECT_EQ(Number(0.1), "0.1");
    EXPECT_EQ(Number(1.0 / 3), "0.3333333333333333");
    EXPECT_EQ(Number(12), "12");
    EXPECT_EQ(Number(-0.0), "0");
    EXPECT_EQ(Number(NOT_AVAILABLE), "");
    EXPECT_EQ(Number(std::numeric_limits<double>::infinity()), "");
    for (const double value : {1e-9, 6.283185307179586, 1e22, 4.9e-324, 123456789.123})
    {
        EXPECT_EQ(std::strtod(Number(value).c_str(), nullptr), value);
    }
}

TEST(Text, TimesAreExact)
{
    EXPECT_EQ(Seconds(TimeNs(0)), "0");
    EXPECT_EQ(Seconds(milliseconds(1500)), "1.5");
    EXPECT_EQ(Seconds(TimeNs(1)), "0.000000001");
    EXPECT_EQ(Seconds(seconds(30) + TimeNs(20)), "30.00000002");
    EXPECT_EQ(Seconds(seconds(100)), "100");
    EXPECT_EQ(Seconds(-milliseconds(250)), "-0.25");
}

TEST(Text, CsvQuotesOnlyWhatNeedsIt)
{
    CsvWriter csv("a,b");
    csv.Text("plain text").Text("a, \"b\"").EndRow();
    csv.Text("").Value(NOT_AVAILABLE).EndRow();
    EXPECT_EQ(csv.Take(), "a,b\nplain text,\"a, \"\"b\"\"\"\n,\n");
}

TEST(Text, Json)
{
    JsonWriter json;
    json.BeginObject();
    json.Text("text", "a \"b\" \\ \n \x01 \xc3\xa9");
    json.Value("none", NOT_AVAILABLE);
    json.BeginArray("empty");
    json.EndArray();
    json.BeginArray("list");
    json.Text({}, "x");
    json.Count({}, 2);
    json.EndArray();
    json.BeginObject("object");
    json.Flag("yes", true);
    json.EndObject();
    json.EndObject();
    EXPECT_EQ(
        json.Take(),
        "{\n  \"text\": \"a \\\"b\\\" \\\\ \\n \\u0001 \xc3\xa9\",\n  \"none\": null,\n  "
        "\"empty\": [],\n"
        "  \"list\": [\n    \"x\",\n    2\n  ],\n  \"object\": {\n    \"yes\": true\n  }\n}\n");
}

TEST(Writers, FlowsCsv)
{
    Recorder recorder;
    Fill(recorder);
    const std::string csv = FlowsCsv(recorder, milliseconds(500));
    std::vector<std::string> lines;
    std::istringstream in(csv);
    for (std::string line; std::getline(in, line);)
    {
        lines.push_back(line);
    }
    ASSERT_EQ(lines.size(), 9u) << "a header and 8 bins; nothing was sent backward";
    EXPECT_EQ(
        lines[0],
        "time_s,flow,direction,sent,delivered,lost,duplicates,reordered,delay_mean_ms,delay_p95_ms,"
        "delay_max_ms,jitter_ms,loss,mos,copies,parity,bytes_wire,path");
    const double best = RateCall(CODEC_G711, DelayImpairment::Full, 86, 0).mos;
    EXPECT_EQ(lines[1],
              "0,call,forward,25,25,0,0,0,6,6,6,0,0," + Number(best) + ",1,0,6000,broadband");
    EXPECT_EQ(lines[2].substr(0, 42), "0.5,call,forward,25,24,1,0,0,6,6,6,0,0.04,");
    EXPECT_EQ(lines[3],
              "1,call,forward,25,25,0,0,0,6,6,6,0,0," + Number(best) + ",2,0,12000,broadband+mpls");
    EXPECT_EQ(lines[5], "2,call,forward,0,0,0,0,0,,,,,,,,0,0,broadband+mpls");
}

TEST(Writers, DecisionsCsv)
{
    Recorder recorder;
    Fill(recorder);
    EXPECT_EQ(DecisionsCsv(recorder),
              "time_s,edge,flow,flow_id,rule,action,metric,value,bound,threshold,timer,timer_s,"
              "from,to,reason\n"
              "1.000000001,bristol,call,17,teams-audio,duplicate,jitter,19.25,16.5,15,duplicate-"
              "after,0,broadband,"
              "mpls,\"jitter over 15 ms, \"\"surely\"\"\"\n");
}

TEST(Writers, PathsCsv)
{
    Recorder recorder;
    Fill(recorder);
    EXPECT_EQ(
        PathsCsv(recorder),
        "time_s,observer,path,direction,state,latency_ms,latency_low_ms,latency_high_ms,jitter_ms,"
        "jitter_low_ms,jitter_high_ms,loss,loss_low,loss_high,smoothed_latency_ms,smoothed_jitter_"
        "ms,"
        "smoothed_loss,samples,rtt_ms,true_latency_ms,true_jitter_ms,true_loss,in_sla\n"
        "0.5,hq,hq.dia>bristol.broadband,in,up,6.1,,,,,,,,,,,,25,,,,,voice:in;video:unknown\n");
}

TEST(Writers, DropsAreSummedAndSorted)
{
    Recorder recorder;
    Fill(recorder);
    EXPECT_EQ(DropsCsv(recorder),
              "place,reason,count,bytes\n"
              "cloud internet bristol.broadband>hq.dia,loss,1,240\n"
              "edge hq,duplicate,5,1200\n");
}

TEST(Writers, Scalars)
{
    Recorder recorder;
    Fill(recorder);
    const auto scalar = [&](std::string_view name) {
        for (const auto& [key, value] : recorder.Scalars())
        {
            if (key == name)
            {
                return value;
            }
        }
        return NOT_AVAILABLE;
    };
    EXPECT_EQ(scalar("call.forward.loss"), 0.01);
    EXPECT_EQ(scalar("call.forward.delay_p95_ms"), 6);
    EXPECT_EQ(scalar("call.forward.copies"), 1.5);
    EXPECT_LT(scalar("call.forward.mos_min"), scalar("call.forward.mos_mean"));
    EXPECT_TRUE(std::isnan(scalar("call.backward.loss"))) << "nothing was sent backward";
}

TEST(Writers, RefuseWrongFlows)
{
    Recorder recorder;
    FlowInfo info;
    info.name = "call";
    recorder.AddFlow(info);
    EXPECT_THROW(recorder.AddFlow(info), std::invalid_argument);
    info.name = "other";
    info.codec = "speex";
    EXPECT_THROW(recorder.AddFlow(info), std::invalid_argument);
}

TEST_F(Results, AllFilesAndNothingElse)
{
    const fs::path run = WriteOnce();
    EXPECT_EQ(run, m_root / "demo" / "01234567" / "run-7");
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(run))
    {
        names.insert(entry.path().filename());
    }
    EXPECT_EQ(
        names,
        (std::set<std::string>{
            "decisions.csv", "drops.csv", "flows.csv", "paths.csv", "run.json", "scenario.yaml"}));
    EXPECT_EQ(CountRuns(), 1u);
    EXPECT_EQ(ReadAll(run / "scenario.yaml"), "scenario: demo\n");
}

TEST_F(Results, RunJsonIsJsonWithItsKeysInOrder)
{
    const fs::path run = WriteOnce();
    const std::string command = "python3 -c 'import json,sys; r=json.load(open(sys.argv[1]));"
                                "assert "
                                "list(r)==[\"weft\",\"scenario\",\"command\",\"overrides\","
                                "\"seed\",\"topology\",\"events\",\"flows\","
                                "\"scalars\",\"verdicts\",\"books\",\"volatile\"], list(r);"
                                "assert r[\"verdicts\"][0][\"status\"]==\"fail\";"
                                "assert r[\"flows\"][0][\"sla\"][\"jitter_ms\"]==15;"
                                "assert r[\"events\"][0][\"end_s\"]==1.5;"
                                "assert r[\"scalars\"][\"call.forward.lost\"]==1' " +
                                (run / "run.json").string();
    EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST_F(Results, RepeatedRunsDifferOnlyInVolatile)
{
    fs::path run = WriteOnce(1.5);
    std::map<std::string, std::string> first;
    for (const auto& entry : fs::directory_iterator(run))
    {
        first[entry.path().filename()] = ReadAll(entry.path());
    }
    run = WriteOnce(99.25);
    for (const auto& [name, content] : first)
    {
        const std::string again = ReadAll(run / name);
        if (name == "run.json")
        {
            EXPECT_NE(again, content);
            EXPECT_EQ(again.substr(0, again.find("\"volatile\"")),
                      content.substr(0, content.find("\"volatile\"")));
        }
        else
        {
            EXPECT_EQ(again, content) << name;
        }
    }
    EXPECT_EQ(CountRuns(), 1u);
}

TEST_F(Results, AnAbandonedRunLeavesTheEarlierOneAlone)
{
    const fs::path run = WriteOnce();
    {
        ResultsDir dir(m_root, "demo", "0123456789abcdef", 7);
        dir.WriteFile("flows.csv", "half\n");
        EXPECT_EQ(CountRuns(), 2u);
    }
    EXPECT_EQ(CountRuns(), 1u);
    EXPECT_TRUE(fs::exists(run / "run.json"));
    EXPECT_NE(ReadAll(run / "flows.csv"), "half\n");
}

TEST_F(Results, AKilledProcessLeavesNothingFinished)
{
    const pid_t child = ::fork();
    if (child == 0)
    {
        ResultsDir dir(m_root, "demo", "0123456789abcdef", 7);
        dir.WriteFile("flows.csv", "half\n");
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(CountFiles("run.json"), 0u);
    EXPECT_EQ(CountFiles("flows.csv"), 1u) << "the hidden folder stays behind";
    EXPECT_FALSE(fs::exists(m_root / "demo" / "01234567" / "run-7"));
    WriteOnce();
    EXPECT_EQ(CountRuns(), 1u) << "the next run of that name cleans up";
    EXPECT_EQ(CountFiles("run.json"), 1u);
}

TEST(OutputFileTest, FullDiskIsReported)
{
    OutputFile file("/dev/full");
    try
    {
        file.Write("some text");
        file.Close();
        FAIL() << "a full disk went unnoticed";
    }
    catch (const ResultsError& error)
    {
        const std::string text = error.what();
        EXPECT_NE(text.find("/dev/full"), std::string::npos) << text;
        EXPECT_NE(text.find("No space left"), std::string::npos) << text;
        EXPECT_NE(text.find("free some space"), std::string::npos) << text;
    }
}

/// Runs out of room after @p limit bytes in one file, as a full disk would; exit code 42 says it
/// was reported.
int
WriteWithLimit(const fs::path& root, rlim_t limit)
{
    const pid_t child = ::fork();
    if (child == 0)
    {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit room{limit, limit};
        ::setrlimit(RLIMIT_FSIZE, &room);
        try
        {
            Recorder recorder;
            Fill(recorder);
            ResultsDir dir(root, "demo", "0123456789abcdef", 7);
            WriteResults(dir, Info(), recorder, Verdicts(), "scenario: demo\n");
        }
        catch (const ResultsError& error)
        {
            const std::string text = error.what();
            ::_exit(text.find(root.string()) != std::string::npos ? 42 : 43);
        }
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(Results, RunningOutOfRoomLeavesNothingFinished)
{
    // Below the size of each file in turn; run.json is the largest.
    for (const rlim_t limit : {5, 40, 200, 500, 1000, 1500})
    {
        SCOPED_TRACE(limit);
        EXPECT_EQ(WriteWithLimit(m_root, limit), 42);
        EXPECT_EQ(CountFiles("run.json"), 0u);
        EXPECT_EQ(CountRuns(), 0u);
    }
    EXPECT_EQ(WriteWithLimit(m_root, 1 << 20), 0);
    EXPECT_EQ(CountFiles("run.json"), 1u);
}

TEST_F(Results, RunningOutOfRoomKeepsTheEarlierRun)
{
    const fs::path run = WriteOnce();
    const std::string before = ReadAll(run / "run.json");
    EXPECT_EQ(WriteWithLimit(m_root, 1000), 42);
    EXPECT_EQ(ReadAll(run / "run.json"), before);
    EXPECT_EQ(CountRuns(), 1u);
}

TEST_F(Results, SomethingInTheWayIsReported)
{
    fs::create_directories(m_root);
    std::ofstream(m_root / "demo") << "a file where the folder should be";
    try
    {
        ResultsDir dir(m_root, "demo", "0123456789abcdef", 7);
        FAIL() << "expected an error";
    }
    catch (const ResultsError& error)
    {
        const std::string text = error.what();
        EXPECT_NE(text.find((m_root / "demo").string()), std::string::npos) << text;
        EXPECT_NE(text.find("choose another results folder"), std::string::npos) << text;
    }
}

TEST_F(Results, CommitThatCannotRenameLeavesNothingFinished)
{
    Recorder recorder;
    Fill(recorder);
    ResultsDir dir(m_root, "demo", "0123456789abcdef", 7);
    fs::remove_all(m_root); // somebody cleaned up in the meantime
    EXPECT_THROW(WriteResults(dir, Info(), recorder, Verdicts(), "scenario: demo\n"), ResultsError);
    EXPECT_FALSE(fs::exists(dir.FinalPath()));
}

} // namespace
} // namespace weft::engine
