// SPDX-License-Identifier: GPL-2.0-only
// The manual names every attribute, trace source and drop reason there is.
#include "ns3/type-id.h"
#include "ns3/underlay-access-device.h"
#include "ns3/underlay-ethernet-device.h"
#include "ns3/underlay-ethernet-link.h"
#include "ns3/underlay-fabric-router.h"
#include "ns3/underlay-fabric-routing.h"
#include "ns3/underlay-firewall.h"
#include "ns3/underlay-provider-cloud.h"
#include "ns3/underlay-spanning-tree.h"
#include "ns3/underlay-vlan-switch.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace
{

using namespace ns3::underlay;

TEST(UnderlayManual, IsComplete)
{
    std::ifstream file(WEFT_SOURCE_DIR "/contrib/underlay/doc/underlay.rst");
    ASSERT_TRUE(file);
    std::stringstream stream;
    stream << file.rdbuf();
    const std::string manual = stream.str();
    int names = 0;
    const auto expect = [&](const std::string& text) {
        EXPECT_NE(manual.find(text), std::string::npos) << text << " is not in the manual";
        ++names;
    };
    for (const ns3::TypeId& tid : {AccessDevice::GetTypeId(),
                                   ProviderCloud::GetTypeId(),
                                   EthernetDevice::GetTypeId(),
                                   EthernetLink::GetTypeId(),
                                   FabricRouter::GetTypeId(),
                                   FabricRouting::GetTypeId(),
                                   VlanSwitch::GetTypeId(),
                                   SpanningTree::GetTypeId(),
                                   Firewall::GetTypeId()})
    {
        expect("``" + tid.GetName() + "``");
        for (std::size_t i = 0; i < tid.GetAttributeN(); ++i)
        {
            expect("``" + tid.GetAttribute(i).name + "``");
        }
        for (std::size_t i = 0; i < tid.GetTraceSourceN(); ++i)
        {
            expect("``" + tid.GetTraceSource(i).name + "``");
        }
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(DropReason::Count); ++i)
    {
        expect(ToString(static_cast<DropReason>(i)));
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(FrameDrop::Count); ++i)
    {
        expect(ToString(static_cast<FrameDrop>(i)));
    }
    EXPECT_GE(names, 9 + 27 + 10 + 14 + 26);
    EXPECT_STREQ(ToString(DropReason::Count), "none");
    EXPECT_STREQ(ToString(FrameDrop::Count), "none");
}

} // namespace
