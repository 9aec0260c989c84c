// SPDX-License-Identifier: GPL-2.0-only
/** @file What a scenario makes of its Edges. */
#include "engine/build/translate.h"
#include "engine/spec/load.h"

#include "ns3/sdwan-edge-dataplane.h"

#include <gtest/gtest.h>

namespace weft::engine
{

namespace
{

spec::Scenario
Parse(const std::vector<std::string>& overrides)
{
    const auto loaded = spec::ParseScenario("translate.weft.yaml",
                                            R"(scenario: translate
about: Two sites.
duration: 10s
clouds: { internet: { kind: internet } }
sites:
  a: { lan: 10.1.0.0/24, links: { wan: { cloud: internet, rate: 10Mbps } } }
  b: { lan: 10.2.0.0/24, links: { wan: { cloud: internet, rate: 10Mbps } } }
paths:
  - { between: [a.wan, b.wan], rtt: 10ms }
traffic:
  call: { kind: voice, from: a, to: b, start: 1s, stop: 2s, source_port: 1000, destination_port: 2000 }
)",
                                            overrides);
    EXPECT_TRUE(loaded.scenario);
    return *loaded.scenario;
}

} // namespace

TEST(Translate, EveryRekeyIntervalOfAScenarioIsOneAnEdgeTakes)
{
    for (const std::string rekey : {"1s", "5s", "10s", "60s", "8h"})
    {
        const spec::Scenario scenario = Parse({"tunnels.rekey=" + rekey});
        EXPECT_NO_THROW(sdwan::EdgeDataplane(EdgeConfigOf(scenario, 0), sdwan::TimeNs{0}))
            << "rekey " << rekey;
    }
}

TEST(Translate, AnEdgeSendsNothingThatTheFarLinkCannotCarry)
{
    const spec::Scenario scenario = Parse({"sites.b.links.wan.mtu=1400B"});
    EXPECT_EQ(EdgeConfigOf(scenario, 0).links[0].mtu, 1400);
    EXPECT_EQ(EdgeConfigOf(scenario, 1).links[0].mtu, 1400);
}

/// A tunnel stands for each pair of attachments that reach each other: two where MPLS and the
/// Internet are disjoint, four where they are joined.
TEST(Translate, OneTunnelForEachPairOfAttachmentsThatMeet)
{
    const auto teams =
        spec::LoadScenario(WEFT_SOURCE_DIR "/scenarios/globalco/teams-call.weft.yaml");
    ASSERT_TRUE(teams.scenario);
    const auto joined = spec::ParseScenario("joined.weft.yaml", R"(scenario: joined
duration: 10s
clouds: { internet: { kind: internet } }
sites:
  bristol: { lan: 10.1.0.0/24, links: { mpls: { cloud: internet, rate: 10Mbps }, broadband: { cloud: internet, rate: 10Mbps } } }
  hq: { lan: 10.2.0.0/24, links: { mpls: { cloud: internet, rate: 10Mbps }, dia: { cloud: internet, rate: 10Mbps } } }
paths:
  - { between: [bristol.mpls, hq.mpls], rtt: 5ms }
  - { between: [bristol.mpls, hq.dia], rtt: 9ms }
  - { between: [bristol.broadband, hq.mpls], rtt: 10ms }
  - { between: [bristol.broadband, hq.dia], rtt: 12ms }
traffic:
  call: { kind: voice, from: bristol, to: hq, start: 1s, stop: 2s, source_port: 1000, destination_port: 2000 }
)");
    ASSERT_TRUE(joined.scenario) << joined.diagnostics.Text(false);
    for (const auto& [scenario, tunnels] :
         {std::pair(&*teams.scenario, 2u), std::pair(&*joined.scenario, 4u)})
    {
        const auto near = EdgeConfigOf(*scenario, 0).tunnels;
        const auto far = EdgeConfigOf(*scenario, 1).tunnels;
        ASSERT_EQ(near.size(), tunnels);
        ASSERT_EQ(far.size(), tunnels);
        for (std::size_t t = 0; t < tunnels; ++t)
        {
            EXPECT_EQ(near[t].secret, far[t].secret);
            EXPECT_NE(near[t].initiator, far[t].initiator);
            EXPECT_EQ(near[t].remoteAddress, EdgeConfigOf(*scenario, 1).links[far[t].link].address);
            for (std::size_t other = 0; other < t; ++other)
            {
                EXPECT_NE(near[t].secret, near[other].secret) << "every tunnel has its own secret";
            }
        }
    }
}

} // namespace weft::engine
