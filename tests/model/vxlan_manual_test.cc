// SPDX-License-Identifier: GPL-2.0-only
// The module's manual names everything that can be set, watched, or be the reason of a drop.
#include "ns3/type-id.h"
#include "ns3/vxlan-controller-node.h"
#include "ns3/vxlan-hypervisor-node.h"
#include "ns3/vxlan-underlay-host.h"
#include "ns3/vxlan-vm-device.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

namespace
{

using namespace ns3;

std::string
Manual()
{
    std::ifstream file(WEFT_SOURCE_DIR "/contrib/vxlan/doc/vxlan.rst");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// @return the part from a heading to the next one of its rank
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

TEST(VxlanManual, NamesEveryAttributeAndTraceSource)
{
    vxlan::Hypervisor::GetTypeId();
    vxlan::VmDevice::GetTypeId();
    vxlan::ServiceNode::GetTypeId();
    vxlan::ControllerNode::GetTypeId();
    const std::string manual = Manual();
    const std::string attributes = Section(manual, "Attributes");
    const std::string traces = Section(manual, "Traces");
    int found = 0;
    int types = 0;
    for (uint16_t i = 0; i < TypeId::GetRegisteredN(); ++i)
    {
        const TypeId type = TypeId::GetRegistered(i);
        if (type.GetGroupName() != "Vxlan")
        {
            continue;
        }
        ++types;
        EXPECT_NE(attributes.find("``" + type.GetName() + "``"), std::string::npos)
            << type.GetName();
        EXPECT_NE(traces.find("``" + type.GetName() + "``"), std::string::npos) << type.GetName();
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
    EXPECT_GE(types, 6);
    EXPECT_GE(found, 60);
}

TEST(VxlanManual, NamesEveryReasonOfADrop)
{
    const std::string traces = Section(Manual(), "Traces");
    int found = 0;
    for (int i = 1; i < 256; ++i)
    {
        const std::string name(ToString(static_cast<weft::vxlan::DropReason>(i)));
        if (name == "?")
        {
            break;
        }
        ++found;
        EXPECT_NE(traces.find(name), std::string::npos) << name;
    }
    EXPECT_GE(found, 28);
}

} // namespace
