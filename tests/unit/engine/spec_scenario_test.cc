// SPDX-License-Identifier: GPL-2.0-only
/** @file What a valid scenario resolves to, its digest, overrides, and rough handling. */

#include "engine/spec/geography.h"
#include "engine/spec/load.h"
#include "support/workspace.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

namespace
{

using namespace weft::spec;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
using weft::support::ReadAll;

const std::string EXAMPLE =
    ReadAll(fs::path(WEFT_SOURCE_DIR) / "tests/unit/engine/data/example.weft.yaml");

const std::string SMALL = R"(scenario: small
duration: 60s
clouds: { internet: { kind: internet } }
sites:
  a: { lan: 10.1.0.0/24, links: { x: { cloud: internet, rate: 50Mbps } } }
  b: { lan: 10.0.0.0/24, links: { y: { cloud: internet, rate: 1Gbps } } }
paths:
  - { between: [a.x, b.y], rtt: 12ms, jitter: 4ms, loss: 0.1% }
policy:
  - { rule: calls, match: { protocol: udp }, class: voice }
traffic:
  call: { kind: voice, from: a, to: b, start: 5s, stop: 55s }
)";

Scenario
Valid(const std::string& text, const std::vector<std::string>& overrides = {})
{
    const auto result = ParseScenario("test.yaml", text, overrides);
    EXPECT_EQ(result.diagnostics.Text(), "");
    return result.scenario.value_or(Scenario{});
}

std::string
Replace(std::string text, std::string_view what, std::string_view with)
{
    const auto at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

TEST(SpecScenario, ReadsEveryKey)
{
    const auto s = Valid(EXAMPLE);
    EXPECT_EQ(s.name, "example");
    EXPECT_EQ(s.duration, 90s);
    EXPECT_EQ(s.seed, 7u);
    EXPECT_EQ(s.record.interval, 250ms);
    EXPECT_TRUE(s.record.capture);
    ASSERT_EQ(s.clouds.size(), 2u);
    EXPECT_EQ(s.clouds[1].kind, CloudKind::L3vpn);
    ASSERT_EQ(s.sites.size(), 2u);
    const auto& bristol = s.sites[0];
    EXPECT_EQ(ToString(bristol.lan), "10.20.30.0/24");
    EXPECT_EQ(bristol.clock.offset, -1h);
    EXPECT_EQ(bristol.clock.skewPpm, 100);
    const auto& mpls = bristol.links[0];
    EXPECT_EQ(mpls.cloud, 1u);
    EXPECT_EQ(mpls.up, 50e6);
    EXPECT_EQ(mpls.down, 40e6);
    EXPECT_EQ(mpls.queue, QueueKind::FqCodel);
    EXPECT_EQ(mpls.upQueueLimit, 262144u);
    EXPECT_EQ(mpls.mtu, 1400u);
    EXPECT_EQ(bristol.links[1].upQueueLimit, 1250000u); // 50 ms of 200 Mbit/s
    EXPECT_EQ(s.Name(s.paths[1]), "hq.dia>bristol.broadband");
    EXPECT_EQ(s.paths[0].forward.delay, 2500us);
    const auto& forward = s.paths[1].forward;
    const auto& backward = s.paths[1].backward;
    EXPECT_EQ(forward.delay, 7ms);
    EXPECT_EQ(backward.delay, 6ms);
    EXPECT_EQ(forward.jitter, 5ms);
    EXPECT_EQ(backward.jitter, 4ms);
    EXPECT_EQ(forward.loss, 0.002);
    EXPECT_EQ(backward.loss, 0);
    EXPECT_EQ(forward.badPeriod, 30ms);
    EXPECT_EQ(backward.badPeriod, 20ms);
    EXPECT_EQ(forward.jitterCorrelation, 60ms);
    EXPECT_EQ(backward.reorder, 0.01);
    EXPECT_EQ(backward.reorderDelay, 5ms);
    EXPECT_EQ(s.tunnels.cipher, Cipher::Null);
    EXPECT_EQ(s.tunnels.idleProbe, 1s);
}

TEST(SpecScenario, ResolvesPolicy)
{
    const auto s = Valid(EXAMPLE);
    const auto& application = s.applications[0];
    EXPECT_EQ(application.protocol, Protocol::Udp);
    EXPECT_EQ(application.destinationPorts, (std::vector<PortRange>{{3478, 3478}, {3479, 3481}}));
    ASSERT_EQ(s.slas.size(), 6u); // four built in, one of them changed
    EXPECT_EQ(s.slas[3].loss, 0.05);
    EXPECT_EQ(s.slas[3].latency, 500ms);
    ASSERT_EQ(s.rules.size(), 3u); // the last one is added
    const auto& rule = s.rules[0];
    EXPECT_EQ(rule.match.application, 0u);
    EXPECT_EQ(rule.match.segment, 0u);
    EXPECT_EQ(s.slas[rule.sla].name, "teams");
    EXPECT_EQ(s.slas[rule.sla].latency, 65ms);
    EXPECT_EQ(s.slas[rule.sla].jitter, 15ms);
    EXPECT_EQ(s.slas[rule.sla].jitterMetric, JitterMetric::Pdv95);
    ASSERT_TRUE(rule.remedies.fec);
    EXPECT_EQ(rule.remedies.fec->data, 8u);
    EXPECT_EQ(rule.remedies.fec->group, FecGroup::Flow);
    EXPECT_EQ(rule.remedies.fec->when, FecWhen::Lossy);
    ASSERT_TRUE(rule.remedies.jitterBuffer);
    EXPECT_EQ(rule.remedies.jitterBuffer->packets, 20u);
    EXPECT_FALSE(s.rules[1].remedies.fec);
    EXPECT_FALSE(s.rules[1].remedies.switchPath);
    EXPECT_EQ(s.rules[2].name, "default");
    EXPECT_EQ(s.rules[2].trafficClass, TrafficClass::Bulk);
    EXPECT_TRUE(s.rules[2].remedies.switchPath);
}

TEST(SpecScenario, ResolvesTrafficEventsAndExpectations)
{
    const auto s = Valid(EXAMPLE);
    EXPECT_EQ(s.traffic[0].codec, Codec::Teams);
    EXPECT_EQ(s.traffic[1].bothWays, false);
    EXPECT_EQ(s.traffic[1].stop, 90s);
    EXPECT_EQ(s.traffic[3].TransportProtocol(), Protocol::Tcp);
    EXPECT_EQ(s.traffic[3].bytes, 10'000'000u);
    EXPECT_NE(s.traffic[1].sourcePort, s.traffic[2].sourcePort);
    // The event names the path against its direction: its forward is the path's backward.
    const auto& torrent = s.events[0];
    ASSERT_EQ(torrent.targets.size(), 1u);
    EXPECT_EQ(torrent.targets[0].path, 1u);
    EXPECT_FALSE(torrent.targets[0].forward);
    EXPECT_TRUE(torrent.targets[0].backward);
    EXPECT_EQ(torrent.jitter, Duration(25ms));
    EXPECT_EQ(torrent.addLoss, 0.01);
    EXPECT_EQ(torrent.addDelay, 20ms);
    EXPECT_TRUE(s.events[1].down);
    EXPECT_EQ(s.events[1].period, 2s);
    EXPECT_EQ(s.events[2].end, 90s);
    const auto& e = s.expectations;
    EXPECT_EQ(e[0].window.from, 5s);
    EXPECT_EQ(e[0].window.to, 6s);
    EXPECT_EQ(e[1].window.after->kind, Moment::Kind::EventStart);
    EXPECT_EQ(e[1].window.after->time, 30s);
    EXPECT_EQ(e[1].count, 1u);
    EXPECT_EQ(e[2].window.after->time, 35s);
    EXPECT_EQ(e[3].window.after->kind, Moment::Kind::Decision);
    EXPECT_EQ(e[3].window.after->index, 1u);
    EXPECT_EQ(e[3].edge, 0u);
    EXPECT_EQ(e[4].path, 0u);
    EXPECT_EQ(e[6].cost, 2);
    EXPECT_EQ(e[6].tolerance, 0.05);
    EXPECT_EQ(e[7].edge, 1u);
    EXPECT_EQ(e[8].below, 0.05); // seconds
    EXPECT_EQ(e[9].above, 3.5);
    EXPECT_EQ(e[10].below, 0.01);
    EXPECT_EQ(e[11].above, 1e6);
}

TEST(SpecScenario, FillsDefaults)
{
    const auto s = Valid(SMALL);
    EXPECT_EQ(s.seed, 1u);
    EXPECT_EQ(s.record.interval, 500ms);
    EXPECT_EQ(s.tunnels.probe, 100ms);
    EXPECT_EQ(s.tunnels.idleProbe, 500ms);
    EXPECT_EQ(s.tunnels.idleAfter, 5min);
    EXPECT_TRUE(s.traffic[0].bothWays);
    EXPECT_EQ(s.traffic[0].codec, Codec::G711);
    EXPECT_EQ(s.slas[s.rules[0].sla].name, "voice");
    EXPECT_TRUE(s.rules[0].remedies.jitterBuffer);
    EXPECT_FALSE(s.rules[0].remedies.duplicate);
    EXPECT_EQ(s.rules[0].remedies.switchAfter, 2s);
    EXPECT_EQ(s.rules[0].remedies.returnAfter, 20s);
}

// ---------------------------------------------------------------- digest

TEST(SpecDigest, IgnoresSpelling)
{
    const auto digest = Valid(SMALL).digest;
    EXPECT_EQ(digest.size(), 8u);
    EXPECT_EQ(digest.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_EQ(Valid("# a comment\n" + SMALL).digest, digest);
    EXPECT_EQ(Valid(Replace(SMALL, "60s", "1min")).digest, digest);
    EXPECT_EQ(Valid(Replace(SMALL, "0.1%", "1000 ppm")).digest, digest);
    EXPECT_EQ(Valid(Replace(SMALL, "1Gbps", "1000Mbps")).digest, digest);
    EXPECT_EQ(Valid(Replace(SMALL, "rtt: 12ms, jitter: 4ms", "jitter: 4000us, delay: 6ms")).digest,
              digest);
    EXPECT_EQ(Valid(SMALL + "about: prose\nseed: 42\n").digest, digest);
    EXPECT_EQ(Valid(SMALL + "tunnels: { probe: 100ms }\n").digest, digest);
    const auto a = SMALL.find("  a: {");
    const auto b = SMALL.find("  b: {");
    const auto end = SMALL.find("paths:");
    EXPECT_EQ(Valid(SMALL.substr(0, a) + SMALL.substr(b, end - b) + SMALL.substr(a, b - a) +
                    SMALL.substr(end))
                  .digest,
              digest);
}

TEST(SpecDigest, ChangesWithWhatDecidesARun)
{
    const auto digest = Valid(SMALL).digest;
    for (const auto override : {"duration=61s",
                                "scenario=other",
                                "sites.a.lan=10.2.0.0/24",
                                "sites.a.links.x.rate=51Mbps",
                                "sites.a.clock.skew=1ppm",
                                "paths.0.loss=0.2%",
                                "paths.0.backward.jitter=5ms",
                                "policy.calls.class=video",
                                "policy.0.remedies.fec.data=4",
                                "slas.voice.latency=60ms",
                                "traffic.call.stop=50s",
                                "events={ e: { at: 1s, link: a.x, state: down } }",
                                "expect={ e: { cost: 1x, flow: call } }",
                                "tunnels.cipher=null"})
    {
        EXPECT_NE(Valid(SMALL, {override}).digest, digest) << override;
    }
}

// ---------------------------------------------------------------- overrides

TEST(SpecOverride, SetsWhatThePathNames)
{
    EXPECT_EQ(Valid(SMALL, {"duration=70s"}).duration, 70s);
    EXPECT_EQ(Valid(SMALL, {"paths.0.jitter=5ms"}).paths[0].forward.jitter, 5ms);
    EXPECT_EQ(Valid(SMALL, {"paths.*.jitter=5ms"}).paths[0].backward.jitter, 5ms);
    EXPECT_EQ(Valid(SMALL, {"sites.*.links.*.rate=5Mbps"}).sites[1].links[0].up, 5e6);
    EXPECT_EQ(Valid(SMALL, {"policy.calls.remedies.duplicate=on"}).rules[0].remedies.duplicate,
              true);
    EXPECT_EQ(Valid(SMALL, {"policy.calls.remedies.fec=off", "policy.calls.remedies.fec.data=6"})
                  .rules[0]
                  .remedies.fec->data,
              6u);
    EXPECT_EQ(Valid(SMALL, {"policy.calls.links={ prefer: [x] }"}).rules[0].links.prefer,
              std::vector<std::string>{"x"});
    EXPECT_EQ(Valid(SMALL, {"seed=2", "seed=3"}).seed, 3u);
    EXPECT_EQ(Valid(SMALL, {"about=a = b"}).about, "a = b");
}

TEST(SpecOverride, ReportsItsOwnPositions)
{
    const auto text = [](const std::string& override) {
        return ParseScenario("f", SMALL, {"seed=1", override}).diagnostics.Text();
    };
    EXPECT_EQ(text("paths.0.jitter=5").substr(0, 33), "--set #2:1:16: error: '5' has no ");
    EXPECT_EQ(text("paths.3.jitter=5ms").substr(0, 30), "--set #2:1:7: error: no item '");
    EXPECT_EQ(text("policy.cals.class=voice"),
              "--set #2:1:8: error: no item 'cals' in a list of 1 (the first is 0)\n"
              "   1 | policy.cals.class=voice\n"
              "     |        ^^^^ did you mean 'calls'?\n");
    EXPECT_EQ(text("duratoin=5s").substr(0, 43), "--set #2:1:1: error: unknown key 'duratoin'");
    EXPECT_EQ(text("seed"),
              "--set #2:1:1: error: an override is written path=value\n   1 | seed\n     | ^^^^\n");
    EXPECT_EQ(text("seed="),
              "--set #2:1:5: error: no value after '='\n   1 | seed=\n     |     ^\n");
    EXPECT_EQ(text("a..b=1").substr(0, 46), "--set #2:1:3: error: empty component in the pa");
}

// ---------------------------------------------------------------- rough handling

TEST(SpecDocument, ReadsAliases)
{
    const auto text = Replace(Replace(SMALL, "a: { lan", "a: { clock: &c { skew: 5ppm }, lan"),
                              "b: { lan",
                              "b: { clock: *c, lan");
    EXPECT_EQ(Valid(text).sites[1].clock.skewPpm, 5);
}

TEST(SpecDocument, RefusesAnAliasBomb)
{
    std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i)
    {
        const auto before = "*a" + std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
        for (int j = 1; j < 10; ++j)
        {
            text += ", " + before;
        }
        text += "]\n";
    }
    const auto result = ParseScenario("bomb", text);
    EXPECT_FALSE(result.scenario);
    EXPECT_NE(result.diagnostics.Text().find("aliases make the document too large"),
              std::string::npos);
}

TEST(SpecDocument, RefusesWhatIsNoText)
{
    EXPECT_NE(
        ParseScenario("f", "scenario: \xff\n").diagnostics.Text().find("f:1:11: error: not UTF-8"),
        std::string::npos);
    EXPECT_NE(ParseScenario("f", std::string("a: b\0c", 6))
                  .diagnostics.Text()
                  .find("f:1:5: error: control"),
              std::string::npos);
    EXPECT_FALSE(ParseScenario("f", "").scenario);
    EXPECT_FALSE(ParseScenario("f", std::string(100000, '[')).scenario);
    EXPECT_FALSE(ParseScenario("f", std::string(100000, '{')).scenario);
}

TEST(SpecDocument, ReadsLinesThatEndInCarriageReturns)
{
    std::string text;
    for (const char c : SMALL)
    {
        text += c == '\n' ? "\r\n" : std::string(1, c);
    }
    EXPECT_EQ(Valid(text).digest, Valid(SMALL).digest);
}

/// Damaged scenarios never crash the reader, and never pass with an error reported.
TEST(SpecDocument, SurvivesDamage)
{
    std::mt19937_64 random(4);
    constexpr std::string_view PIECES[] = {"{",     "}",    "[",    "]",   ":",  ",",   "\n",
                                           "  ",    "- ",   "&a ",  "*a ", "\"", "'",   "!x ",
                                           "---\n", "null", "off",  "9",   "ms", "%",   "#",
                                           "? ",    "|\n",  "<<: ", "\t",  "hq", "call"};
    for (int i = 0; i < 3000; ++i)
    {
        auto text = i % 2 ? EXAMPLE : SMALL;
        for (auto n = 1 + random() % 3; n > 0; --n)
        {
            const auto at = random() % text.size();
            const auto& piece = PIECES[random() % std::size(PIECES)];
            text.replace(at, random() % 12, random() % 3 ? piece : "");
        }
        const auto result = ParseScenario("f", text);
        EXPECT_EQ(result.scenario.has_value(), result.diagnostics.Errors() == 0);
        result.diagnostics.Text();
        result.diagnostics.Json();
    }
}

TEST(SpecGeography, KnowsTheFibreBound)
{
    const Location london{51.5072, -0.1276};
    const Location newYork{40.7128, -74.006};
    const Location bristol{51.4545, -2.5879};
    const auto rtt = [](const Location& a, const Location& b) {
        return 2 * GreatCircleKm(a, b) / FIBRE_KM_PER_MS;
    };
    EXPECT_NEAR(FIBRE_KM_PER_MS, 204.2, 0.05);
    EXPECT_NEAR(rtt(london, newYork), 54.6, 0.1);
    EXPECT_NEAR(rtt(london, bristol), 1.7, 0.05);
    EXPECT_EQ(GreatCircleKm(london, london), 0);
    EXPECT_NEAR(GreatCircleKm({0, 0}, {0, 180}), 20015.1, 0.1);
}

} // namespace
