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

} // namespace weft::engine
