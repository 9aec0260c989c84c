// SPDX-License-Identifier: GPL-2.0-only
// The module's manual names everything that can be set, watched, or be the reason of a drop.
#include "sdwan_fixture.h"

#include "ns3/type-id.h"

#include <fstream>
#include <sstream>

namespace
{

using namespace ns3;

std::string
Manual()
{
    std::ifstream file(WEFT_SOURCE_DIR "/contrib/sdwan/doc/sdwan.rst");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// @return the part from a heading to the next one.
std::string
Section(const std::string& manual, const std::string& heading)
{
    const std::size_t from = manual.find("\n" + heading + "\n");
    if (from == std::string::npos)
    {
        return {};
    }
    std::size_t to = manual.size();
    for (const char* rule : {"\n----", "\n~~~~"})
    {
        const std::size_t underline = manual.find(rule, from + 2 * heading.size() + 3);
        to = std::min(to, underline == std::string::npos ? to : manual.rfind('\n', underline - 1));
    }
    return manual.substr(from, to - from);
}

TEST(SdwanManual, NamesEveryAttributeAndTraceSource)
{
    sdwan::Edge::GetTypeId();
    const std::string manual = Manual();
    const std::string attributes = Section(manual, "Attributes");
    const std::string traces = Section(manual, "Traces");
    int found = 0;
    for (uint16_t i = 0; i < TypeId::GetRegisteredN(); ++i)
    {
        const TypeId type = TypeId::GetRegistered(i);
        if (type.GetGroupName() != "Sdwan")
        {
            continue;
        }
        EXPECT_NE(attributes.find("``" + type.GetName() + "``"), std::string::npos);
        EXPECT_NE(traces.find("``" + type.GetName() + "``"), std::string::npos);
        for (std::size_t a = 0; a < type.GetAttributeN(); ++a, ++found)
        {
            EXPECT_NE(attributes.find("``" + type.GetAttribute(a).name + "``"), std::string::npos)
                << type.GetAttribute(a).name;
        }
        for (std::size_t t = 0; t < type.GetTraceSourceN(); ++t, ++found)
        {
            EXPECT_NE(traces.find("``" + type.GetTraceSource(t).name + "``"), std::string::npos)
                << type.GetTraceSource(t).name;
        }
    }
    EXPECT_GE(found, 5);
}

TEST(SdwanManual, NamesEveryReasonOfADropAndEveryDecision)
{
    const std::string traces = Section(Manual(), "Traces");
    for (int i = 1; i < static_cast<int>(weft::sdwan::DropReason::Count); ++i)
    {
        const std::string name(ToString(static_cast<weft::sdwan::DropReason>(i)));
        EXPECT_NE(traces.find(name), std::string::npos) << name;
    }
    for (int i = 0; i <= static_cast<int>(weft::sdwan::SteeringAction::PathUp); ++i)
    {
        const std::string name(ToString(static_cast<weft::sdwan::SteeringAction>(i)));
        EXPECT_NE(traces.find(name), std::string::npos) << name;
    }
}

} // namespace
