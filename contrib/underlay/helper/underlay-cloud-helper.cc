// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-cloud-helper.h"

#include "ns3/enum.h"
#include "ns3/node.h"
#include "ns3/string.h"

namespace ns3
{
namespace underlay
{

CloudHelper::CloudHelper(const std::string& name, ProviderCloud::Kind kind, uint64_t seed)
    : m_cloud(CreateObject<ProviderCloud>()), m_seed(seed)
{
    m_cloud->SetAttribute("Name", StringValue(name));
    m_cloud->SetAttribute("Kind", EnumValue(kind));
    m_devices.SetTypeId(AccessDevice::GetTypeId());
}

void
CloudHelper::SetDeviceAttribute(const std::string& name, const AttributeValue& value)
{
    m_devices.Set(name, value);
}

Ptr<AccessDevice>
CloudHelper::Install(Ptr<Node> node, const std::string& link, Ipv4Address address) const
{
    Ptr<AccessDevice> device = m_devices.Create<AccessDevice>();
    node->AddDevice(device);
    m_cloud->Attach(device, address, link);
    return device;
}

void
CloudHelper::Connect(const std::string& from,
                     const std::string& to,
                     const weft::underlay::WeatherConfig& weather) const
{
    Connect(from, to, weather, weather);
}

void
CloudHelper::Connect(const std::string& from,
                     const std::string& to,
                     const weft::underlay::WeatherConfig& forward,
                     const weft::underlay::WeatherConfig& backward) const
{
    m_cloud->SetPaths(m_seed, from, to, forward, backward);
}

Ptr<ProviderCloud>
CloudHelper::GetCloud() const
{
    return m_cloud;
}

int64_t
CloudHelper::AssignStreams(int64_t /* stream */) const
{
    return 0;
}

} // namespace underlay
} // namespace ns3
