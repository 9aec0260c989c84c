// SPDX-License-Identifier: GPL-2.0-only
/** @file What scenarios with fabrics, virtual networks and variants resolve to. */

#include "engine/spec/check.h"
#include "engine/spec/graph.h"
#include "engine/spec/load.h"
#include "support/workspace.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <iterator>
#include <random>
#include <set>

namespace
{

using namespace weft::spec;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
using weft::support::Has;
using weft::support::ReadAll;

const fs::path DATA = fs::path(WEFT_SOURCE_DIR) / "tests/unit/engine/data";
const std::string EXAMPLE = ReadAll(DATA / "example-fabric.weft.yaml");

const std::string SMALL = R"(scenario: small
duration: 10s
fabric: {}
networks: { web: {} }
hypervisors: { host: { count: 4 } }
vms: { vm: { count: 6 } }
traffic: { ping: { kind: ping, from: vm1, to: vm2 } }
)";

Scenario
Valid(const std::string& text,
      const std::vector<std::string>& overrides = {},
      const std::string& variant = {})
{
    const auto result = ParseScenario("test.yaml", text, overrides, variant);
    EXPECT_EQ(result.diagnostics.Text(), "");
    return result.scenario.value_or(Scenario{});
}

std::string
ErrorOf(const std::vector<std::string>& overrides)
{
    const auto result = ParseScenario("test.yaml", SMALL, overrides);
    EXPECT_FALSE(result.scenario);
    return result.diagnostics.All().empty() ? "" : result.diagnostics.All().front().message;
}

TEST(SpecFabric, SmallOneIsCompleted)
{
    const auto s = Valid(SMALL);
    ASSERT_TRUE(s.fabric);
    ASSERT_EQ(s.fabric->routers.size(), 4u);
    EXPECT_EQ(s.fabric->routers[0].name, "leaf1");
    EXPECT_TRUE(s.fabric->routers[1].leaf);
    EXPECT_EQ(s.fabric->routers[3].name, "spine2");
    EXPECT_EQ(s.fabric->routers[3].address.ToString(), "10.255.0.4");
    ASSERT_EQ(s.fabric->links.size(), 4u);
    EXPECT_EQ(s.fabric->links[1].name, "leaf1.spine2");
    EXPECT_EQ(s.fabric->links[1].settings.rate, 10e9);
    EXPECT_EQ(s.overlay.replication, Replication::HeadEnd) << "no multicast in the fabric";
    ASSERT_EQ(s.hypervisors.size(), 4u);
    const auto& third = s.hypervisors[2];
    EXPECT_EQ(third.name, "host3");
    EXPECT_EQ(third.attachment.router, 0u) << "leaves in turn";
    EXPECT_EQ(third.attachment.address.ToString(), "10.1.2.10");
    EXPECT_EQ(third.attachment.prefixLength, 24u);
    EXPECT_EQ(third.attachment.gateway.ToString(), "10.1.2.1");
    EXPECT_EQ(third.attachment.mac.ToString(), "02:00:00:00:00:03");
    EXPECT_TRUE(third.vtep);
    ASSERT_EQ(s.vms.size(), 6u);
    EXPECT_EQ(s.vms[4].name, "vm5");
    EXPECT_EQ(s.vms[4].hypervisor, 0u) << "hypervisors in turn";
    EXPECT_EQ(s.vms[4].address.ToString(), "192.168.0.14");
    EXPECT_EQ(s.vms[4].mac.ToString(), "00:50:56:00:00:05");
    EXPECT_EQ(s.networks[0].vni, 5001u);
    EXPECT_EQ(s.networks[0].group.ToString(), "239.0.19.137"); // 5001 = 0x1389
    EXPECT_EQ(s.traffic[0].size, 56u);
    EXPECT_EQ(s.traffic[0].interval, 1s);
    EXPECT_TRUE(s.clouds.empty());
}

TEST(SpecFabric, ReadsEveryKey)
{
    const auto s = Valid(EXAMPLE);
    ASSERT_TRUE(s.fabric);
    const auto& fabric = *s.fabric;
    EXPECT_EQ(fabric.ecmpHash, EcmpHash::Layer3);
    EXPECT_EQ(fabric.ecmpSeed, EcmpSeed::Same);
    EXPECT_TRUE(fabric.ecmpResilient);
    EXPECT_EQ(fabric.convergence, 20ms);
    EXPECT_EQ(fabric.multicast.mode, MulticastMode::PimSm);
    EXPECT_EQ(fabric.multicast.rendezvousPoint, 3u);
    EXPECT_EQ(fabric.multicast.igmpVersion, 2u);
    EXPECT_EQ(fabric.multicast.spt, SptSwitch::Threshold);
    EXPECT_EQ(fabric.multicast.sptThreshold, 64e3);
    EXPECT_EQ(fabric.routers[0].subnet.ToString(), "10.20.0.0/24");
    ASSERT_EQ(fabric.links.size(), 5u);
    const auto& slow = fabric.links[0];
    EXPECT_EQ(slow.name, "leaf1.spine1");
    EXPECT_EQ(slow.settings.members, 4u);
    EXPECT_EQ(slow.settings.lagHash, LagHash::Layer3);
    EXPECT_EQ(slow.settings.firewall, FirewallKind::Dns);
    EXPECT_EQ(slow.settings.outerVlan, 100u);
    EXPECT_EQ(slow.settings.loss, 0.01);
    EXPECT_EQ(fabric.links[1].settings.rate, 40e9);
    EXPECT_EQ(fabric.links[1].settings.mtu, 9000u);

    EXPECT_EQ(s.overlay.encapsulation, EncapsulationKind::Geneve);
    EXPECT_EQ(s.overlay.sourcePort, SourcePortKind::TopBit);
    EXPECT_TRUE(s.overlay.ttlInherit);
    EXPECT_EQ(s.overlay.tos, 184u);
    const auto& host1 = s.hypervisors[0];
    EXPECT_EQ(host1.attachment.address.ToString(), "10.20.0.50");
    EXPECT_EQ(host1.attachment.prefixLength, 24u);
    EXPECT_EQ(host1.attachment.gateway.ToString(), "10.20.0.1");
    EXPECT_EQ(host1.attachment.settings.members, 2u);
    EXPECT_EQ(host1.overlay.encapsulation, EncapsulationKind::Vxlan);
    EXPECT_EQ(host1.overlay.destinationPort, 8472u);
    EXPECT_EQ(host1.overlay.sourcePort, SourcePortKind::Fixed);
    EXPECT_EQ(host1.overlay.fixedSourcePort, 5000u);
    EXPECT_FALSE(host1.overlay.ttlInherit);
    EXPECT_EQ(host1.overlay.ttl, 3u);
    const auto& host2 = s.hypervisors[1];
    EXPECT_EQ(host2.name, "host2");
    EXPECT_EQ(host2.overlay.destinationPort, 6082u);

    ASSERT_EQ(s.networks.size(), 5u);
    EXPECT_EQ(s.networks[4].name, "tenant3");
    EXPECT_EQ(s.networks[4].vni, 5002u);
    EXPECT_EQ(s.networks[4].vlan, 102u);
    EXPECT_EQ(s.networks[1].subnet.ToString(), "192.168.1.0/24");
    ASSERT_TRUE(s.vms[0].vrrp);
    EXPECT_EQ(s.vms[0].vrrp->advertise, 100ms);
    EXPECT_FALSE(s.vms[0].vrrp->preempt);
    EXPECT_EQ(s.vms[0].address.ToString(), "192.168.0.100");
    EXPECT_EQ(s.vms[1].address.ToString(), "192.168.0.11") << "counted up from the first's";
    EXPECT_EQ(s.vms[1].gateway.ToString(), "192.168.0.1") << "the gateway in its network";
    EXPECT_EQ(s.vms[6].gateway.ToString(), "192.168.1.254") << "its virtual address goes first";
    EXPECT_EQ(s.gateways[0].interfaces[1].network, 1u);
    ASSERT_TRUE(s.controller);
    EXPECT_EQ(s.controller->pushDelay, 20ms);
    EXPECT_EQ(s.serviceNodes[1].attachment.address.ToString(), "10.2.8.11");

    EXPECT_EQ(s.record.frames.size(), 3u);
    EXPECT_EQ(s.Name(s.record.frames[2]), "vm1.port");
}

TEST(SpecFabric, ResolvesTrafficEventsAndExpectations)
{
    const auto s = Valid(EXAMPLE);
    const auto find = [&](const auto& things, std::string_view name) {
        for (const auto& thing : things)
        {
            if (thing.name == name)
            {
                return thing;
            }
        }
        ADD_FAILURE() << name;
        return things.at(0);
    };
    EXPECT_EQ(s.Name(s.traffic[0].From()), "vm1");
    EXPECT_EQ(s.traffic[0].packets, 20u);
    EXPECT_EQ(s.traffic[1].toAddress->ToString(), "192.168.0.254");
    EXPECT_EQ(s.traffic[2].toKind, NodeKind::None);
    const auto many3 = find(s.traffic, "many3");
    EXPECT_EQ(many3.sourcePort, 40002u);
    EXPECT_EQ(many3.destinationPort, 5002u);
    EXPECT_EQ(many3.toKind, NodeKind::Vm);
    EXPECT_EQ(find(s.traffic, "stretch").fromKind, NodeKind::Hypervisor);

    const auto& move = s.events[0];
    EXPECT_EQ(move.kind, EventKind::Move);
    EXPECT_EQ(move.end, 10100ms);
    EXPECT_EQ(move.move.announce, Announcement::Qemu);
    EXPECT_TRUE(move.move.newFirst);
    EXPECT_EQ(s.Name(s.events[1].wire), "leaf1.spine1.2");
    EXPECT_TRUE(s.events[2].wire.reversed);
    EXPECT_TRUE(s.events[2].wireForward);
    EXPECT_FALSE(s.events[2].wireBackward);
    EXPECT_EQ(s.Name(s.events[3].node), "spine1");

    const auto gap = find(s.expectations, "gap");
    EXPECT_EQ(gap.kind, ExpectKind::Outage);
    EXPECT_EQ(gap.below, 1.0);
    const auto knows = find(s.expectations, "knows");
    ASSERT_TRUE(knows.has);
    EXPECT_EQ(knows.has->domain, 864u);
    EXPECT_EQ(knows.has->mac->ToString(), "00:50:56:00:00:01");
    EXPECT_EQ(knows.has->remote, s.hypervisors[3].attachment.address);
    EXPECT_EQ(knows.at->kind, Moment::Kind::EventEnd);
    EXPECT_EQ(knows.atMost, 2u);
    const auto resolves = find(s.expectations, "resolves");
    EXPECT_EQ(resolves.has->mac, s.gateways[0].interfaces[0].mac);
    const auto trees = find(s.expectations, "trees");
    EXPECT_EQ(trees.has->address->ToString(), "239.0.3.96");
    EXPECT_TRUE(trees.has->source->IsNone());
    const auto asks = find(s.expectations, "asks");
    EXPECT_EQ(asks.direction, FlowDirection::Forward);
    EXPECT_EQ(asks.count, 0u);
    for (const auto& pattern : asks.where)
    {
        if (pattern.column == "destination")
        {
            EXPECT_EQ(pattern.values, std::vector<std::string>{"239.0.3.96"});
        }
        if (pattern.column == "eth_source")
        {
            EXPECT_EQ(pattern.values.size(), 2u) << "both interfaces of the gateway";
        }
        if (pattern.column == "source_port")
        {
            EXPECT_EQ(pattern.range, std::pair(std::uint64_t{49152}, std::uint64_t{65535}));
        }
    }
    const auto copies = find(s.expectations, "copies");
    EXPECT_EQ(copies.equals, 3.0);
    EXPECT_EQ(copies.tolerance, 1.0);
    EXPECT_FALSE(find(s.expectations, "spread").even);
}

TEST(SpecFabric, BridgedOneHasNoVteps)
{
    const auto s = Valid(ReadAll(DATA / "example-bridged.weft.yaml"));
    EXPECT_EQ(s.fabric->macTable, 100u);
    EXPECT_FALSE(s.hypervisors[0].vtep);
    EXPECT_TRUE(s.hypervisors[0].attachment.address.IsNone());
    EXPECT_EQ(s.expectations[0].has->domain, 10u) << "a network is a VLAN here";
}

TEST(SpecFabric, PresetsDecideWhatIsNotGiven)
{
    const auto linux = Valid(SMALL, {"overlay.preset=linux", "overlay.udp_checksum=off"}).overlay;
    EXPECT_EQ(linux.sourcePort, SourcePortKind::Linux);
    EXPECT_TRUE(linux.symmetricHash);
    EXPECT_FALSE(linux.udpChecksum) << "given";
    EXPECT_EQ(linux.multicastTtl, 1u);
    const auto mixed = Valid(
        SMALL, {"overlay.ageing=7s", "overlay.df=inherit", "hypervisors.host2.overlay.preset=ovs"});
    EXPECT_EQ(mixed.hypervisors[1].overlay.df, OuterDf::Set) << "of its preset";
    EXPECT_EQ(mixed.hypervisors[1].overlay.ageing, 7s) << "of no preset, so of all";
    EXPECT_EQ(mixed.hypervisors[0].overlay.df, OuterDf::Inherit);
    EXPECT_EQ(mixed.hypervisors.size(), 4u);
    const auto gre = Valid(SMALL, {"overlay.encapsulation=gre", "overlay.preset=linux"}).overlay;
    EXPECT_FALSE(gre.udpChecksum) << "there is no UDP";
    EXPECT_EQ(gre.destinationPort, 0u);
    EXPECT_EQ(Valid(SMALL, {"overlay.encapsulation=geneve"}).overlay.destinationPort, 6081u);
}

TEST(SpecFabric, WorksOverIpv6)
{
    const auto s = Valid(SMALL, {"fabric.ip=6"});
    EXPECT_EQ(s.hypervisors[1].attachment.address.ToString(), "fd00:0:2:1::10");
    EXPECT_EQ(s.hypervisors[1].attachment.gateway.ToString(), "fd00:0:2:1::1");
    EXPECT_EQ(s.hypervisors[1].attachment.prefixLength, 64u);
    EXPECT_TRUE(s.networks[0].group.IsNone());
}

/// What is generated has distinct names and addresses, whatever the numbers, and names what exists.
TEST(SpecFabric, GeneratedThingsAreDistinct)
{
    for (const auto& [hosts, vms] : {std::pair(1, 1), std::pair(7, 30), std::pair(600, 2000)})
    {
        const auto s = Valid(SMALL,
                             {"hypervisors.host.count=" + std::to_string(hosts),
                              "vms.vm.count=" + std::to_string(vms + 1),
                              "networks.web.subnet=10.0.0.0/16"});
        ASSERT_EQ(s.hypervisors.size(), static_cast<std::size_t>(hosts));
        std::set<std::string> names;
        std::set<IpAddress> addresses;
        std::set<MacAddress> macs;
        for (const auto& h : s.hypervisors)
        {
            EXPECT_TRUE(addresses.insert(h.attachment.address).second);
            EXPECT_TRUE(macs.insert(h.attachment.mac).second);
            EXPECT_NE(h.attachment.address, h.attachment.gateway);
        }
        addresses.clear();
        for (const auto& vm : s.vms)
        {
            EXPECT_TRUE(names.insert(vm.name).second);
            EXPECT_TRUE(addresses.insert(vm.address).second);
            EXPECT_TRUE(macs.insert(vm.mac).second);
            EXPECT_TRUE(s.networks[0].subnet.Contains(vm.address));
        }
    }
}

TEST(SpecFabric, DuplicateMacsAreOfDifferentNetworksOnly)
{
    const std::vector<std::string> two{"networks.db={}",
                                       "vms={ a: { network: web, mac: 00:50:56:00:00:64 }, b: { "
                                       "network: db, mac: 00:50:56:00:00:64 } }",
                                       "traffic.ping.from=a",
                                       "traffic.ping.to=host1",
                                       "traffic={ p: { kind: ping, from: host1, to: host2 } }"};
    EXPECT_EQ(Valid(SMALL, two).vms[1].mac, Valid(SMALL, two).vms[0].mac);
    auto one = two;
    one.push_back("vms.b.network=web");
    EXPECT_TRUE(Has(ErrorOf(one), "is the MAC address of 'a' already"));
}

TEST(SpecFabric, TooLargeMachinesAreWarnedOf)
{
    const auto result = ParseScenario("t", SMALL, {"fabric.mtu=1500B"});
    ASSERT_TRUE(result.scenario) << "a warning is no error";
    ASSERT_EQ(result.diagnostics.All().size(), 1u);
    EXPECT_EQ(result.diagnostics.All()[0].severity, Severity::Warning);
    EXPECT_TRUE(Has(result.diagnostics.All()[0].message, "1500 + 50 bytes of vxlan"));
    Valid(SMALL, {"fabric.mtu=1550B"});
    Valid(SMALL, {"fabric.mtu=1500B", "overlay.fragment=on"});
    Valid(SMALL, {"fabric.mtu=1500B", "overlay.encapsulation=stt"});
}

TEST(SpecFabric, DigestCoversWhatDecidesARun)
{
    const auto digest = [](const std::vector<std::string>& overrides) {
        return Valid(SMALL, overrides).digest;
    };
    const auto base = digest({});
    EXPECT_EQ(base, digest({"fabric.about=two by two"}));
    EXPECT_EQ(base, digest({"fabric.leaves=2", "overlay.preset=rfc7348"})) << "defaults";
    std::set<std::string> digests{base};
    for (const auto override : {"fabric.spines=3",
                                "fabric.links=[{ between: [leaf1, spine1], loss: 1% }]",
                                "overlay.encapsulation=stt",
                                "overlay.ageing=299s",
                                "hypervisors.host2.overlay.ttl=9",
                                "networks.web.vni=7",
                                "vms.vm2.mac=00:50:56:00:01:00",
                                "vms.vm2.on=host1",
                                "traffic.ping.interval=2s",
                                "record.frames=all",
                                "events={ m: { at: 1s, move: vm1, to: host2 } }",
                                "events={ m: { at: 1s, move: vm1, to: host2, announce: none } }",
                                "expect={ c: { counter: a.b, equals: 1 } }",
                                "expect={ c: { counter: a.b, equals: 2 } }"})
    {
        EXPECT_TRUE(digests.insert(digest({override})).second) << override;
    }
}

TEST(SpecVariants, ApplyBeforeOverrides)
{
    const auto base = Valid(EXAMPLE);
    const auto quiet = Valid(EXAMPLE, {}, "quiet");
    EXPECT_EQ(base.variant, "base");
    EXPECT_EQ(quiet.variant, "quiet");
    EXPECT_NE(base.digest, quiet.digest);
    EXPECT_EQ(base.digest, Valid(EXAMPLE, {}, "base").digest);
    EXPECT_EQ(quiet.traffic[2].packets, 1u);
    EXPECT_EQ(Valid(EXAMPLE, {"traffic.noise.packets=3"}, "quiet").traffic[2].packets, 3u);
    EXPECT_EQ(quiet.overrides.size(), 2u);
    ASSERT_EQ(base.variants.size(), 1u);
    EXPECT_EQ(base.variants[0].about, "no noise");
}

TEST(SpecVariants, ChooseExpectations)
{
    const auto names = [](const Scenario& s) {
        std::set<std::string> all;
        for (const auto& e : s.expectations)
        {
            all.insert(e.name);
        }
        return all;
    };
    const auto base = names(Valid(EXAMPLE));
    EXPECT_TRUE(base.contains("copies"));
    EXPECT_TRUE(base.contains("spread"));
    const auto quiet = names(Valid(EXAMPLE, {}, "quiet"));
    EXPECT_TRUE(quiet.contains("copies"));
    EXPECT_FALSE(quiet.contains("spread"));
}

TEST(SpecVariants, UnknownOnesAreReported)
{
    const auto result = ParseScenario("t", EXAMPLE, {}, "quit");
    EXPECT_FALSE(result.scenario);
    EXPECT_EQ(result.diagnostics.Text(),
              "--variant:1:1: error: no variant 'quit'\n   1 | quit\n     | ^^^^ did you mean "
              "'quiet'?\nnote: variants: base, quiet\n");
    EXPECT_FALSE(ParseScenario("t", SMALL, {}, "any").scenario);
}

TEST(SpecVariants, SayWhereTheyAreWrong)
{
    const auto text = SMALL + "variants: { bad: { set: [fabric.leaves=none] } }\n";
    EXPECT_TRUE(ParseScenario("t", text).scenario);
    const auto result = ParseScenario("t", text, {}, "bad");
    EXPECT_FALSE(result.scenario);
    EXPECT_TRUE(Has(result.diagnostics.Text(), "variants.bad.set.0:1:15: error: 'none'"))
        << result.diagnostics.Text();
}

/// A reference to an expectation that is not of the variant is an error, and the others keep
/// theirs.
TEST(SpecVariants, ReferencesBetweenExpectationsFollow)
{
    const auto example = ReadAll(DATA / "example.weft.yaml");
    const auto with = [&](const std::string& name) {
        return ParseScenario("t",
                             example + "variants: { other: { set: [seed=2] } }\n",
                             {"expect." + name + ".except=[other]"},
                             "other");
    };
    const auto kept = with("opens");
    ASSERT_TRUE(kept.scenario) << kept.diagnostics.Text();
    for (const auto& e : kept.scenario->expectations)
    {
        if (e.name == "moves")
        {
            EXPECT_EQ(kept.scenario->expectations[e.window.after->index].name, "copies");
        }
    }
    const auto lost = with("copies");
    EXPECT_FALSE(lost.scenario);
    EXPECT_TRUE(Has(lost.diagnostics.Text(), "'copies', which is not expected in variant 'other'"));
}

/// Together the examples use every key of the format.
TEST(SpecExamples, UseEveryKey)
{
    std::set<std::string_view> used;
    const std::function<void(const Node&)> visit = [&](const Node& node) {
        if (node.field)
        {
            used.insert(node.field->path);
        }
        for (const auto& entry : node.entries)
        {
            visit(entry.node);
        }
    };
    for (const auto name : {"example", "example-fabric", "example-bridged"})
    {
        const auto text = ReadAll(DATA / (std::string(name) + ".weft.yaml"));
        Diagnostics diagnostics;
        const auto source = diagnostics.AddSource(name, text);
        auto root = ReadDocument(text, source, diagnostics);
        ASSERT_TRUE(root);
        CheckDocument(*root, diagnostics);
        EXPECT_EQ(diagnostics.Text(), "");
        visit(*root);
    }
    // Keys of a map whose twin is used, and what only stands behind an Edge.
    const std::set<std::string_view> elsewhere{"hypervisors.site"};
    for (const auto& field : Fields())
    {
        const bool twin = field.path.starts_with("expect.has.") ||
                          field.path.starts_with("expect.lacks.") ||
                          field.path.starts_with("paths.backward.");
        EXPECT_TRUE(used.contains(field.path) || twin || elsewhere.contains(field.path))
            << field.path;
    }
}

/// Damaged scenarios never crash the reader, and never pass with an error reported.
TEST(SpecExamples, SurviveDamage)
{
    std::mt19937_64 random(5);
    const std::string bridged = ReadAll(DATA / "example-bridged.weft.yaml");
    constexpr std::string_view PIECES[] = {
        "{",    "}",     "[",        "]",        ":",      ",",       "\n",       "off",
        "9",    "ms",    "%",        "host1",    "vm1",    "leaf1.",  "web",      "uplink",
        "none", "::1",   "0",        "10.0.0.1", "custom", "bridged", "nvgre",    "count",
        "base", "quiet", "12345678", "port",     "site",   "-",       "224.0.0.9"};
    constexpr std::string_view VALUES[] = {"{}",
                                           "[]",
                                           "off",
                                           "0",
                                           "1",
                                           "70000",
                                           "x",
                                           "{ a: {} }",
                                           "[a, b]",
                                           "custom",
                                           "bridged",
                                           "6",
                                           "10.0.0.1",
                                           "host1",
                                           "vm2",
                                           "leaf1.spine1"};
    for (int i = 0; i < 2000; ++i)
    {
        auto text = i % 3 == 0 ? bridged : EXAMPLE;
        std::vector<std::string> overrides;
        if (i % 2)
        {
            for (auto n = 1 + random() % 3; n > 0; --n)
            {
                const auto at = random() % text.size();
                const auto& piece = PIECES[random() % std::size(PIECES)];
                text.replace(at, random() % 12, random() % 3 ? piece : "");
            }
        }
        else
        {
            const auto& field = Fields()[random() % Fields().size()];
            const auto names =
                field.path.starts_with("fabric") || field.path.starts_with("overlay");
            auto path = std::string(field.path);
            if (const auto dot = path.find('.'); dot != std::string::npos && !names)
            {
                path.insert(dot, ".*");
            }
            overrides.push_back(path + "=" + std::string(VALUES[random() % std::size(VALUES)]));
        }
        const auto result = ParseScenario("f", text, overrides, i % 5 ? "" : "quiet");
        EXPECT_EQ(result.scenario.has_value(), result.diagnostics.Errors() == 0);
        result.diagnostics.Text();
        if (result.scenario)
        {
            DotGraph(*result.scenario, GraphView::Overlay);
            MermaidGraph(*result.scenario, GraphView::Underlay);
        }
    }
}

TEST(SpecFabric, StandsBehindAnEdge)
{
    const auto example = ReadAll(DATA / "example.weft.yaml");
    const std::vector<std::string> overrides{
        "networks={ web: {} }",
        "hypervisors={ a: { site: bristol }, b: { site: hq } }",
        "vms={ v: { count: 2 } }",
        "traffic.ping={ kind: ping, from: v1, to: v2 }"};
    const auto s = Valid(example, overrides);
    EXPECT_FALSE(s.fabric);
    EXPECT_EQ(s.hypervisors[0].attachment.site, 0u);
    EXPECT_EQ(s.hypervisors[0].attachment.address.ToString(), "10.20.30.11");
    EXPECT_EQ(s.hypervisors[0].attachment.gateway.ToString(), "10.20.30.1");
    EXPECT_EQ(s.overlay.replication, Replication::HeadEnd);
    auto wrong = overrides;
    wrong.push_back("overlay.replication=multicast");
    const auto result = ParseScenario("t", example, wrong);
    EXPECT_TRUE(Has(result.diagnostics.Text(), "the SD-WAN overlay carries none"));
}

TEST(SpecFabric, IsDrawn)
{
    const auto s = Valid(EXAMPLE);
    const auto underlay = DotGraph(s, GraphView::Underlay);
    EXPECT_TRUE(Has(underlay, "\"router spine1\" -- \"router leaf1\""));
    EXPECT_TRUE(Has(underlay, "4 x 1Gbps, loss 1%, firewall, VLAN 100"));
    EXPECT_TRUE(Has(underlay, "\"router leaf1\" -- \"host host1\""));
    EXPECT_TRUE(Has(underlay, "dead, 40s to 42s"));
    const auto overlay = DotGraph(s, GraphView::Overlay);
    EXPECT_TRUE(Has(overlay, "\"host host1\" -- \"network web\""));
    EXPECT_TRUE(Has(overlay, "ping: vm1 to vm2 (ping)"));
    EXPECT_TRUE(Has(MermaidGraph(s, GraphView::Underlay), "r2 ---|\"4 x 1Gbps"));
    EXPECT_TRUE(Has(MermaidGraph(s, GraphView::Overlay), "h0 --- v0"));
}

} // namespace
