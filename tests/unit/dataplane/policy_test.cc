// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-policy.h"

#include <gtest/gtest.h>

namespace weft::sdwan
{
namespace
{

using namespace std::chrono_literals;

constexpr std::uint32_t
Address(int a, int b, int c, int d)
{
    return static_cast<std::uint32_t>(a << 24 | b << 16 | c << 8 | d);
}

constexpr std::uint8_t UDP = 17;
constexpr std::uint8_t TCP = 6;

const FlowKey CALL{Address(10, 20, 30, 5), Address(10, 20, 10, 9), 50003, 3479, UDP, 0};

Application
TeamsAudio()
{
    return {"teams-audio",
            {.protocol = UDP,
             .sourcePorts = {{50000, 50019}},
             .destinationPorts = {{3478, 3481}},
             .sources = {},
             .destinations = {}}};
}

PolicyRule
Rule(std::string name, RuleMatch match = {})
{
    PolicyRule r;
    r.name = std::move(name);
    r.match = std::move(match);
    return r;
}

TEST(Policy, FirstMatchWins)
{
    const Policy p({Rule("tcp",
                         {.application = {},
                          .tuple = {.protocol = TCP,
                                    .sourcePorts = {},
                                    .destinationPorts = {},
                                    .sources = {},
                                    .destinations = {}},
                          .segment = {}}),
                    Rule("teams", {.application = "teams-audio", .tuple = {}, .segment = {}}),
                    Rule("teams-too", {.application = "teams-audio", .tuple = {}, .segment = {}}),
                    Rule("rest")},
                   {TeamsAudio()});
    const Classification c = p.Classify(CALL);
    EXPECT_EQ(c.rule->name, "teams");
    EXPECT_EQ(c.ruleIndex, 1);
    EXPECT_EQ(c.application, "teams-audio");
    EXPECT_FALSE(c.reversed);
    FlowKey other = CALL;
    other.sourcePort = 50020; // just outside
    EXPECT_EQ(p.Classify(other).rule->name, "rest");
    EXPECT_EQ(p.Classify(other).application, "");
    other.protocol = TCP;
    EXPECT_EQ(p.Classify(other).rule->name, "tcp");
}

// The far end sees the call from the other side and finds the same rule, reversed.
TEST(Policy, TheAnsweringEndFindsTheSameRule)
{
    PolicyRule rule = Rule("teams", {.application = "teams-audio", .tuple = {}, .segment = {}});
    rule.match.tuple.sources = {{Address(10, 20, 30, 0), 24}};
    const Policy p({rule}, {TeamsAudio()});
    EXPECT_EQ(p.Classify(CALL).rule->name, "teams");
    EXPECT_FALSE(p.Classify(CALL).reversed);
    EXPECT_EQ(p.Classify(CALL.Reversed()).rule->name, "teams");
    EXPECT_TRUE(p.Classify(CALL.Reversed()).reversed);
    EXPECT_EQ(p.Classify(CALL.Reversed()).application, "teams-audio");
    FlowKey elsewhere = CALL;
    elsewhere.source = Address(10, 20, 31, 5);
    EXPECT_EQ(p.Classify(elsewhere).rule->name, "default");
    EXPECT_EQ(p.Classify(elsewhere).ruleIndex, 1);
}

TEST(Policy, PrefixesPortsAndSegment)
{
    const Ipv4Prefix any{0, 0};
    EXPECT_TRUE(any.Contains(0xffffffff));
    const Ipv4Prefix host{Address(1, 2, 3, 4), 32};
    EXPECT_TRUE(host.Contains(Address(1, 2, 3, 4)));
    EXPECT_FALSE(host.Contains(Address(1, 2, 3, 5)));
    const Ipv4Prefix half{Address(128, 0, 0, 0), 1};
    EXPECT_TRUE(half.Contains(Address(200, 1, 1, 1)));
    EXPECT_FALSE(half.Contains(Address(100, 1, 1, 1)));
    EXPECT_TRUE((PortRange{5, 5}.Contains(5)));
    EXPECT_FALSE((PortRange{5, 5}.Contains(6)));

    const Policy p({Rule("guests", {.application = {}, .tuple = {}, .segment = std::uint8_t{3}})});
    FlowKey guest = CALL;
    guest.segment = 3;
    EXPECT_EQ(p.Classify(guest).rule->name, "guests");
    EXPECT_EQ(p.Classify(CALL).rule->name, "default");
}

TEST(Policy, LinkRanks)
{
    const LinkSelection voice{.prefer = {"broadband"}, .mandatory = {}, .backup = {"lte"}};
    EXPECT_EQ(voice.Rank("broadband"), LinkRank::Preferred);
    EXPECT_EQ(voice.Rank("mpls"), LinkRank::Available);
    EXPECT_EQ(voice.Rank("lte"), LinkRank::Backup);
    const LinkSelection only{.prefer = {"b"}, .mandatory = {"a", "b"}, .backup = {}};
    EXPECT_EQ(only.Rank("a"), LinkRank::Available);
    EXPECT_EQ(only.Rank("b"), LinkRank::Preferred);
    EXPECT_EQ(only.Rank("c"), LinkRank::Forbidden);
}

TEST(Policy, RuleToSteering)
{
    PolicyRule r = Rule("voice");
    r.trafficClass = TrafficClass::Voice;
    r.remedies.duplicate = true;
    r.remedies.switchPaths = false;
    r.remedies.fec.mode = FecMode::Lossy;
    r.remedies.duplicateAfter = 1s;
    r.remedies.switchAfter = 4s;
    r.remedies.returnAfter = 30s;
    r.remedies.holdDown = 7s;
    const SteeringConfig c = r.Steering(FlowRole::Follower);
    EXPECT_EQ(c.role, FlowRole::Follower);
    EXPECT_TRUE(c.duplicate);
    EXPECT_FALSE(c.switchPaths);
    EXPECT_EQ(c.fec, FecMode::Lossy);
    EXPECT_EQ(c.fecLossLevel, 0.01);
    EXPECT_EQ(c.duplicateAfter, TimeNs{1s});
    EXPECT_EQ(c.switchAfter, TimeNs{4s});
    EXPECT_EQ(c.returnAfter, TimeNs{30s});
    EXPECT_EQ(c.holdDown, TimeNs{7s});
    EXPECT_EQ(r.Sla().name, "voice");
    r.sla = SlaProfile{};
    r.sla->name = "own";
    EXPECT_EQ(r.Sla().name, "own");
    EXPECT_NO_THROW(ThresholdSteering(r.Steering(FlowRole::Opener), r.name)); // loss without limit
}

template <typename F>
std::string
Refusal(F make)
{
    try
    {
        make();
    }
    catch (const std::invalid_argument& e)
    {
        return e.what();
    }
    return "";
}

TEST(Policy, RefusalsNameRuleAndField)
{
    EXPECT_EQ(Refusal([] { Policy({Rule("a"), Rule("a")}); }), "policy: rule a: is defined twice");
    EXPECT_EQ(Refusal([] { Policy({Rule("")}); }), "policy: rule 1: has no name");
    EXPECT_EQ(
        Refusal([] { Policy({Rule("a", {.application = "zoom", .tuple = {}, .segment = {}})}); }),
        "policy: rule a: application zoom is not defined");
    PolicyRule r = Rule("a");
    r.match.tuple.sourcePorts = {{9, 5}};
    EXPECT_EQ(Refusal([&] { Policy({r}); }), "policy: rule a: port range 9-5 is empty");
    r = Rule("a");
    r.match.tuple.sources = {{0, 33}};
    EXPECT_EQ(Refusal([&] { Policy({r}); }), "policy: rule a: prefix length 33 is not in 0..32");
    r = Rule("a");
    r.remedies.fec.mode = FecMode::Always;
    r.remedies.fec.data = 1;
    EXPECT_EQ(Refusal([&] { Policy({r}); }), "policy: rule a: fec.data = 1 is not in 2..32");
    r = Rule("a");
    r.remedies.switchAfter = -1s;
    EXPECT_EQ(Refusal([&] { Policy({r}); }), "policy: rule a: remedy timers must not be negative");
    EXPECT_EQ(Refusal([] {
                  Policy({}, {TeamsAudio(), TeamsAudio()});
              }),
              "policy: application teams-audio: is defined twice");
}

} // namespace
} // namespace weft::sdwan
