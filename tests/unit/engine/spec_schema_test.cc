// SPDX-License-Identifier: GPL-2.0-only
/** @file The field table's own consistency, and the pages generated from it. */

#include "engine/spec/check.h"
#include "engine/spec/describe.h"
#include "engine/spec/presets.h"
#include "support/workspace.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>

namespace
{

using namespace weft::spec;
namespace fs = std::filesystem;
using weft::support::ReadAll;

const fs::path ROOT = WEFT_SOURCE_DIR;

TEST(SpecTable, IsConsistent)
{
    std::set<std::string_view> seen;
    for (const auto& field : Fields())
    {
        EXPECT_TRUE(seen.insert(field.path).second) << field.path << " twice";
        EXPECT_TRUE(field.Parent().empty() ||
                    (seen.count(field.Parent()) && HasKeys(FindField(field.Parent())->type)))
            << field.path << " before its parent";
        EXPECT_TRUE(field.doc.ends_with('.')) << field.path;
        EXPECT_EQ(HasKeys(field.type), !ChildrenOf(field.path).empty()) << field.path;
        const bool word = field.type == Type::ChoiceOrInteger ||
                          field.type == Type::ChoiceOrQuantity || field.type == Type::Choice;
        const bool worded = field.type == Type::Pattern || field.type == Type::Bound;
        EXPECT_TRUE(worded || word == !field.values.empty()) << field.path;
        EXPECT_EQ(field.type == Type::Quantity || field.type == Type::ChoiceOrQuantity,
                  field.dimension != Dimension::None)
            << field.path;
        EXPECT_TRUE(field.unless.empty() || (field.required && FindField(field.unless)))
            << field.path;
        EXPECT_TRUE(field.why.empty() || field.why.size() > 10) << field.path;
        EXPECT_FALSE(field.required && !field.fallback.empty()) << field.path;
        for (const auto text :
             {field.fallback, HasKeys(field.type) ? std::string_view() : field.example})
        {
            if (text.empty() || text.starts_with('[') || text.starts_with('{') ||
                field.type == Type::MapOrOff)
            {
                continue;
            }
            Node node;
            node.text = text;
            Diagnostics diagnostics;
            diagnostics.AddSource("", "");
            CheckScalar(node, field, diagnostics);
            EXPECT_EQ(diagnostics.Text(), "") << field.path << ": " << text;
        }
        for (const auto bound : {field.min, field.max})
        {
            if (!bound.empty())
            {
                EXPECT_TRUE(ParseQuantity(bound, field.dimension)) << field.path << ": " << bound;
            }
        }
        for (const auto& alternative :
             field.with.empty() ? std::vector<std::string>{} : Split(field.with, ','))
        {
            const auto equals = alternative.find('=');
            for (const auto& key : equals == std::string::npos
                                       ? Split(alternative, '|')
                                       : std::vector{alternative.substr(0, equals)})
            {
                const auto path =
                    field.Parent().empty() ? key : std::string(field.Parent()) + "." + key;
                EXPECT_TRUE(FindField(path)) << field.path << " goes with " << path;
            }
        }
    }
}

/// The reader takes the position of a choice for the enumerator; the names have to agree.
template <typename E>
void
ExpectNames(std::string_view path)
{
    const auto values = Split(FindField(path)->values, '|');
    for (std::size_t i = 0; i < values.size(); ++i)
    {
        EXPECT_EQ(values[i], ToString(static_cast<E>(i))) << path;
    }
}

TEST(SpecTable, ChoicesAreThoseOfTheEnumerations)
{
    ExpectNames<CloudKind>("clouds.kind");
    ExpectNames<QueueKind>("sites.links.queue");
    ExpectNames<Cipher>("tunnels.cipher");
    ExpectNames<JitterMetric>("slas.jitter_metric");
    ExpectNames<TrafficClass>("policy.class");
    ExpectNames<FecGroup>("policy.remedies.fec.group");
    ExpectNames<FecWhen>("policy.remedies.fec.when");
    ExpectNames<TrafficKind>("traffic.kind");
    ExpectNames<Codec>("traffic.codec");
    ExpectNames<EventShape>("events.shape");
    ExpectNames<Action>("expect.decision");
    ExpectNames<Action>("expect.no_decision");
    ExpectNames<Metric>("expect.metric");
    ExpectNames<TableKind>("expect.table");
    ExpectNames<BalanceOf>("expect.of");
    ExpectNames<FabricKind>("fabric.kind");
    ExpectNames<Forwarding>("fabric.forwarding");
    ExpectNames<EcmpHash>("fabric.ecmp.hash");
    ExpectNames<EcmpSeed>("fabric.ecmp.seed");
    ExpectNames<LagHash>("fabric.links.lag_hash");
    ExpectNames<FirewallKind>("fabric.links.firewall");
    ExpectNames<Announcement>("events.announce");
    for (const std::string overlay : {"overlay", "hypervisors.overlay"})
    {
        ExpectNames<OverlayPreset>(overlay + ".preset");
        ExpectNames<EncapsulationKind>(overlay + ".encapsulation");
        ExpectNames<Learning>(overlay + ".learning");
        ExpectNames<Replication>(overlay + ".replication");
        ExpectNames<AgeRefresh>(overlay + ".age_refresh");
        ExpectNames<OuterDf>(overlay + ".df");
    }
    const auto classes = Split(FindField("policy.class")->values, '|');
    for (std::size_t i = 0; i < classes.size(); ++i)
    {
        EXPECT_EQ(Presets()[i].name, classes[i]);
    }
}

TEST(SpecTable, ResolvesPathsOfFiles)
{
    EXPECT_EQ(ResolvePath("sites.links.mtu"), FindField("sites.links.mtu"));
    EXPECT_EQ(ResolvePath("sites.bristol.links.mpls.mtu"), FindField("sites.links.mtu"));
    EXPECT_EQ(ResolvePath("sites.*.links.NAME.mtu"), FindField("sites.links.mtu"));
    EXPECT_EQ(ResolvePath("paths.0.forward.loss"), FindField("paths.forward.loss"));
    EXPECT_EQ(ResolvePath("sites.bristol.extra.mtu"), nullptr);
    EXPECT_EQ(ResolvePath("sites.bristol.links.mpls"), FindField("sites.links"));
    EXPECT_EQ(ResolvePath("sites.links.mtuu"), nullptr);
    EXPECT_EQ(ResolvePath("nothing"), nullptr);
    EXPECT_EQ(ResolvePath(""), nullptr);
    EXPECT_EQ(DisplayPath(*FindField("sites.links.mtu")), "sites.NAME.links.NAME.mtu");
    EXPECT_EQ(DisplayPath(*FindField("policy.remedies.fec.data")), "policy.N.remedies.fec.data");
}

TEST(SpecGenerated, SchemaIsUpToDate)
{
    EXPECT_EQ(ReadAll(ROOT / "doc/scenario.schema.json"), JsonSchema())
        << "run: weft schema > doc/scenario.schema.json";
}

TEST(SpecGenerated, ReferencePageIsUpToDate)
{
    EXPECT_EQ(ReadAll(ROOT / "doc/scenario-reference.md"), ReferencePage())
        << "run: weft schema --reference > doc/scenario-reference.md";
}

TEST(SpecGenerated, SchemaHasNoUnions)
{
    const auto schema = JsonSchema();
    EXPECT_EQ(schema.find("oneOf"), std::string::npos);
    EXPECT_EQ(schema.find("anyOf"), std::string::npos);
}

TEST(SpecGenerated, EveryKeyIsOnTheReferencePage)
{
    const auto page = ReferencePage();
    for (const auto& field : Fields())
    {
        if (!field.path.starts_with("paths.backward."))
        {
            EXPECT_NE(page.find("| `" + std::string(field.Key()) + "` |"), std::string::npos)
                << field.path;
        }
    }
}

/// An independent validator takes the shipped scenarios and refuses a wrong one.
TEST(SpecGenerated, SchemaAgreesWithAValidator)
{
    if (std::system("/usr/bin/python3 -c 'import jsonschema, yaml' >/dev/null 2>&1") != 0)
    {
        GTEST_SKIP() << "python3-jsonschema and python3-yaml are not installed";
    }
    const auto script = R"(
import glob, json, sys, jsonschema, yaml
root = sys.argv[1]
schema = json.load(open(root + '/doc/scenario.schema.json'))
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
class Loader(yaml.SafeLoader):  # only true and false are booleans, as in YAML 1.2
    yaml_implicit_resolvers = {
        first: [r for r in resolvers if first in 'tTfF' or r[0] != 'tag:yaml.org,2002:bool']
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items() }
load = lambda file: yaml.load(open(file), Loader)
files = glob.glob(root + '/scenarios/**/*.weft.yaml', recursive=True)
files += glob.glob(root + '/tests/unit/engine/data/*.weft.yaml')
wrong = [(f, e.message) for f in files for e in validator.iter_errors(load(f))]
for w in wrong: print(*w)
invalid = glob.glob(root + '/tests/unit/engine/data/invalid/')[0]
for name in ('unknown-keys', 'units', 'ranges', 'choices', 'names', 'wrong-kinds', 'signs', 'fabric-overlay',
             'fabric-machines', 'fabric-missing', 'variants'):
    if validator.is_valid(load(invalid + name + '.yaml')):
        wrong.append(name); print('accepted', name)
sys.exit(bool(wrong))
)";
    const weft::support::Workspace here;
    const auto file = here.Write("validate.py", script);
    EXPECT_EQ(
        std::system(("/usr/bin/python3 '" + file.string() + "' '" + ROOT.string() + "'").c_str()),
        0);
}

} // namespace
