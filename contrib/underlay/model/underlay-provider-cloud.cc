// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-provider-cloud.h"

#include "underlay-access-device.h"
#include "underlay-compat.h"

#include "ns3/abort.h"
#include "ns3/enum.h"
#include "ns3/log.h"
#include "ns3/simulator.h"
#include "ns3/string.h"

#include <algorithm>

namespace ns3
{
namespace underlay
{

NS_LOG_COMPONENT_DEFINE("UnderlayProviderCloud");
NS_OBJECT_ENSURE_REGISTERED(ProviderCloud);

namespace
{

/// @return the drop reason for a packet the weather took.
DropReason
ReasonOf(weft::underlay::LossReason reason)
{
    switch (reason)
    {
    case weft::underlay::LossReason::CommonLoss:
        return DropReason::CommonLoss;
    case weft::underlay::LossReason::EventLoss:
        return DropReason::EventLoss;
    case weft::underlay::LossReason::Down:
        return DropReason::PathDown;
    default:
        return DropReason::Loss;
    }
}

} // namespace

TypeId
ProviderCloud::GetTypeId()
{
    static TypeId tid = TypeId("ns3::underlay::ProviderCloud")
                            .SetParent<Channel>()
                            .SetGroupName("Underlay")
                            .AddConstructor<ProviderCloud>()
                            .AddAttribute("Name",
                                          "Name of the cloud, as drops are reported under.",
                                          StringValue("cloud"),
                                          MakeStringAccessor(&ProviderCloud::m_name),
                                          MakeStringChecker())
                            .AddAttribute("Kind",
                                          "What kind of network it is.",
                                          EnumValue(Internet),
                                          MakeEnumMemberAccessor<Kind>(&ProviderCloud::m_kind),
                                          MakeEnumChecker(Internet, "Internet", L3vpn, "L3vpn"));
    return tid;
}

ProviderCloud::ProviderCloud() = default;
ProviderCloud::~ProviderCloud() = default;

void
ProviderCloud::DoDispose()
{
    ForgetLookups();
    m_members.clear();
    m_byName.clear();
    m_byAddress.clear();
    m_routes.clear();
    m_paths.clear();
    Channel::DoDispose();
}

void
ProviderCloud::Attach(Ptr<AccessDevice> device, Ipv4Address address, const std::string& name)
{
    NS_ABORT_MSG_IF(device->m_cloud, name << ": the device is attached to a cloud already");
    NS_ABORT_MSG_IF(m_byName.count(name), name << ": the cloud has a member of this name");
    NS_ABORT_MSG_IF(m_byAddress.count(address),
                    name << ": the cloud has a member of address " << address);
    const auto number = static_cast<uint32_t>(m_members.size());
    m_members.push_back(device);
    m_byName.emplace(name, number);
    m_byAddress.emplace(address, number);
    device->m_cloud = this;
    device->m_name = name;
    device->m_cloudAddress = address;
    device->m_member = number;
    ForgetLookups();
    device->m_linkChange();
}

void
ProviderCloud::AddRoute(Ipv4Address network, Ipv4Mask mask, const std::string& name)
{
    const auto shorter = std::find_if(m_routes.begin(), m_routes.end(), [&](const Route& route) {
        return route.mask.GetPrefixLength() < mask.GetPrefixLength();
    });
    m_routes.insert(shorter, {network.CombineMask(mask), mask, Number(name)});
    ForgetLookups();
}

void
ProviderCloud::SetPath(const std::string& from,
                       const std::string& to,
                       std::shared_ptr<weft::underlay::PathWeather> weather)
{
    NS_ABORT_MSG_IF(!weather, from << " to " << to << ": no weather given");
    NS_ABORT_MSG_IF(from == to, from << ": no path to itself");
    CloudPath& path = m_paths[{Number(from), Number(to)}];
    path.from = PeekPointer(m_members[Number(from)]);
    path.to = PeekPointer(m_members[Number(to)]);
    path.weather = std::move(weather);
}

void
ProviderCloud::SetPaths(uint64_t seed,
                        const std::string& from,
                        const std::string& to,
                        const weft::underlay::WeatherConfig& forward,
                        const weft::underlay::WeatherConfig& backward)
{
    using weft::underlay::Direction;
    using weft::underlay::PathWeather;
    const std::string name = from + ">" + to;
    SetPath(from, to, std::make_shared<PathWeather>(seed, name, Direction::Forward, forward));
    SetPath(to, from, std::make_shared<PathWeather>(seed, name, Direction::Backward, backward));
}

void
ProviderCloud::Carry(AccessDevice& from, Ptr<Packet> packet, int64_t departure)
{
    uint8_t header[20];
    packet->CopyData(header, sizeof(header));
    const uint32_t address = (uint32_t{header[16]} << 24) | (uint32_t{header[17]} << 16) |
                             (uint32_t{header[18]} << 8) | header[19];
    CloudPath* path = from.m_lastPath;
    if (!path || address != from.m_lastTo)
    {
        DropReason reason = DropReason::NoPath;
        path = FindPath(from, Ipv4Address(address), reason);
        if (!path)
        {
            from.Drop(AccessDevice::Side::Up, packet, reason);
            return;
        }
        from.m_lastTo = address;
        from.m_lastPath = path;
    }
    const uint32_t size = packet->GetSize();
    const weft::underlay::Fate fate = path->weather->At(weft::underlay::TimeNs{departure});
    if (fate.lost)
    {
        const DropReason reason = ReasonOf(fate.reason);
        path->drops[static_cast<std::size_t>(reason)].Add(size);
        from.m_dropTrace(packet, reason);
        return;
    }
    path->carried.Add(size);
    // At least a nanosecond, so that nothing is sent and arrives at one instant.
    const int64_t delay = std::max<int64_t>(1, fate.delay.count());
    path->to->Expect({packet, from.m_member, size, departure + delay, departure});
}

CloudPath*
ProviderCloud::FindPath(AccessDevice& from, Ipv4Address address, DropReason& reason)
{
    const auto known = from.m_paths.find(address.Get());
    if (known != from.m_paths.end())
    {
        return known->second;
    }
    uint32_t to = 0;
    const auto member = m_byAddress.find(address);
    if (member != m_byAddress.end())
    {
        to = member->second;
    }
    else
    {
        const auto route = std::find_if(m_routes.begin(), m_routes.end(), [&](const Route& r) {
            return r.mask.IsMatch(r.network, address);
        });
        if (route == m_routes.end())
        {
            reason = m_kind == L3vpn ? DropReason::NotInVpn : DropReason::NoSuchMember;
            return nullptr;
        }
        to = route->member;
    }
    const auto path = m_paths.find({from.m_member, to});
    if (path == m_paths.end())
    {
        reason = DropReason::NoPath;
        return nullptr;
    }
    from.m_paths.emplace(address.Get(), &path->second);
    return &path->second;
}

void
ProviderCloud::Revoke(AccessDevice& device)
{
    const int64_t now = Simulator::Now().GetNanoSeconds();
    std::vector<Ptr<Packet>> revoked;
    for (const Ptr<AccessDevice>& member : m_members)
    {
        const auto path = m_paths.find({device.m_member, member->m_member});
        if (path == m_paths.end())
        {
            continue;
        }
        revoked.clear();
        member->m_arrivals.Revoke(device.m_member, now, revoked);
        for (const Ptr<Packet>& packet : revoked)
        {
            --path->second.carried.packets;
            path->second.carried.bytes -= packet->GetSize();
            device.Drop(AccessDevice::Side::Up, packet, DropReason::LinkDown);
        }
    }
}

uint32_t
ProviderCloud::Number(const std::string& name) const
{
    const auto found = m_byName.find(name);
    NS_ABORT_MSG_IF(found == m_byName.end(), name << " is no member of cloud " << m_name);
    return found->second;
}

void
ProviderCloud::ForgetLookups()
{
    for (const Ptr<AccessDevice>& member : m_members)
    {
        member->m_lastPath = nullptr;
        member->m_paths.clear();
    }
}

const CloudPath*
ProviderCloud::GetPath(const std::string& from, const std::string& to) const
{
    const auto a = m_byName.find(from);
    const auto b = m_byName.find(to);
    if (a == m_byName.end() || b == m_byName.end())
    {
        return nullptr;
    }
    const auto path = m_paths.find({a->second, b->second});
    return path == m_paths.end() ? nullptr : &path->second;
}

std::shared_ptr<weft::underlay::PathWeather>
ProviderCloud::GetWeather(const std::string& from, const std::string& to) const
{
    const CloudPath* path = GetPath(from, to);
    return path ? path->weather : nullptr;
}

Ptr<AccessDevice>
ProviderCloud::GetMember(const std::string& name) const
{
    const auto found = m_byName.find(name);
    return found == m_byName.end() ? nullptr : m_members[found->second];
}

const std::string&
ProviderCloud::GetName() const
{
    return m_name;
}

std::vector<DropRecord>
ProviderCloud::GetDrops() const
{
    std::vector<DropRecord> records;
    for (const Ptr<AccessDevice>& member : m_members)
    {
        AppendDrops("link " + member->GetName() + " up", member->GetUpDrops(), records);
        AppendDrops("link " + member->GetName() + " down", member->GetDownDrops(), records);
    }
    std::map<std::string, const DropCounts*> byPlace;
    for (const auto& [key, path] : m_paths)
    {
        byPlace.emplace("cloud " + m_name + " " + path.from->GetName() + ">" + path.to->GetName(),
                        &path.drops);
    }
    for (const auto& [place, counts] : byPlace)
    {
        AppendDrops(place, *counts, records);
    }
    return records;
}

uint64_t
ProviderCloud::GetUnderWay() const
{
    uint64_t sum = 0;
    for (const Ptr<AccessDevice>& member : m_members)
    {
        sum += member->GetUnderWay();
    }
    return sum;
}

std::size_t
ProviderCloud::GetNDevices() const
{
    return m_members.size();
}

Ptr<NetDevice>
ProviderCloud::GetDevice(std::size_t i) const
{
    return m_members[i];
}

} // namespace underlay
} // namespace ns3
