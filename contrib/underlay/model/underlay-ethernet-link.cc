// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-ethernet-link.h"

#include "underlay-ethernet-device.h"
#include "underlay-ethernet-lane.h"
#include "underlay-firewall.h"

#include "ns3/abort.h"
#include "ns3/log.h"
#include "ns3/uinteger.h"

namespace ns3
{
namespace underlay
{

NS_LOG_COMPONENT_DEFINE("UnderlayEthernetLink");
NS_OBJECT_ENSURE_REGISTERED(EthernetLink);

TypeId
EthernetLink::GetTypeId()
{
    static TypeId tid = TypeId("ns3::underlay::EthernetLink")
                            .SetParent<Channel>()
                            .SetGroupName("Underlay")
                            .AddConstructor<EthernetLink>()
                            .AddAttribute("Delay",
                                          "Propagation delay.",
                                          TimeValue(MicroSeconds(1)),
                                          MakeTimeAccessor(&EthernetLink::m_delay),
                                          MakeTimeChecker(Time(0)))
                            .AddAttribute("Members",
                                          "Parallel cables of a bundle; set before Attach().",
                                          UintegerValue(1),
                                          MakeUintegerAccessor(&EthernetLink::m_members),
                                          MakeUintegerChecker<uint32_t>(1, 64));
    return tid;
}

EthernetLink::EthernetLink() = default;

EthernetLink::~EthernetLink() = default;

void
EthernetLink::DoDispose()
{
    for (const auto& device : {m_first, m_second})
    {
        if (device)
        {
            device->m_lanes.clear();
            device->m_peer = nullptr;
        }
    }
    m_first = nullptr;
    m_second = nullptr;
    m_firewall = nullptr;
    m_changed.clear();
    Channel::DoDispose();
}

void
EthernetLink::Attach(Ptr<EthernetDevice> first, Ptr<EthernetDevice> second, const std::string& name)
{
    NS_ABORT_MSG_IF(m_first, "link " << m_name << " has its ends already");
    NS_ABORT_MSG_IF(first == second || first->m_link || second->m_link,
                    "link " << name << ": needs two devices that have no link yet");
    m_name = name;
    m_first = first;
    m_second = second;
    for (const auto& device : {first, second})
    {
        NS_ABORT_MSG_UNLESS(device->m_node, "link " << name << ": a device is on no node");
        device->m_link = this;
        device->m_first = device == first;
        device->m_peer = PeekPointer(device == first ? second : first);
        for (uint32_t i = 0; i < m_members; ++i)
        {
            device->m_lanes.push_back(
                std::make_unique<EthernetLane>(*device, *device->m_peer, *this));
            FifoLine& line = device->m_lanes.back()->GetLine();
            line.SetRate(device->m_rate);
            line.SetLimit(device->m_queueLimit);
        }
    }
    Update();
}

void
EthernetLink::Update()
{
    if (!m_first)
    {
        return;
    }
    bool lane = false;
    for (const auto& l : m_first->m_lanes)
    {
        lane = lane || l->IsUp();
    }
    const bool works = m_up && lane && m_first->m_adminUp && m_second->m_adminUp &&
                       m_first->m_powered && m_second->m_powered;
    if (works == m_works)
    {
        return;
    }
    NS_LOG_INFO(m_name << (works ? " comes up" : " goes down"));
    m_works = works;
    m_first->SetWorking(works);
    m_second->SetWorking(works);
    for (const auto& changed : m_changed)
    {
        changed(works);
    }
}

void
EthernetLink::SetUp(bool up)
{
    m_up = up;
    Update();
}

bool
EthernetLink::IsUp() const
{
    return m_up;
}

void
EthernetLink::SetMemberUp(uint32_t member, bool up)
{
    NS_ABORT_MSG_UNLESS(m_first && member < m_members,
                        "link " << m_name << " has no member " << member);
    for (const auto& device : {m_first, m_second})
    {
        EthernetLane& lane = *device->m_lanes[member];
        lane.SetUp(up);
        if (!up)
        {
            lane.Flush();
        }
    }
    Update();
}

bool
EthernetLink::IsWorking() const
{
    return m_works;
}

void
EthernetLink::SetWeather(uint64_t seed,
                         const weft::underlay::WeatherConfig& forward,
                         const weft::underlay::WeatherConfig& backward)
{
    using weft::underlay::Direction;
    NS_ABORT_MSG_UNLESS(m_first, "a link without ends has no weather");
    for (uint32_t i = 0; i < m_members; ++i)
    {
        const std::string name = m_members == 1 ? m_name : m_name + "#" + std::to_string(i);
        m_first->m_lanes[i]->SetWeather(
            std::make_unique<weft::underlay::PathWeather>(seed, name, Direction::Forward, forward));
        m_second->m_lanes[i]->SetWeather(std::make_unique<weft::underlay::PathWeather>(
            seed, name, Direction::Backward, backward));
    }
}

void
EthernetLink::SetFirewall(Ptr<Firewall> firewall)
{
    m_firewall = firewall;
}

Ptr<Firewall>
EthernetLink::GetFirewall() const
{
    return m_firewall;
}

void
EthernetLink::AddChangeCallback(ChangeCallback callback)
{
    m_changed.push_back(callback);
}

const std::string&
EthernetLink::GetName() const
{
    return m_name;
}

Time
EthernetLink::GetDelay() const
{
    return m_delay;
}

uint32_t
EthernetLink::GetNMembers() const
{
    return m_members;
}

Ptr<EthernetDevice>
EthernetLink::GetFirst() const
{
    return m_first;
}

Ptr<EthernetDevice>
EthernetLink::GetSecond() const
{
    return m_second;
}

std::vector<FrameDropRecord>
EthernetLink::GetDrops() const
{
    std::vector<FrameDropRecord> records;
    if (m_first)
    {
        AppendDrops(m_name + " forward", m_first->m_sendDrops, records);
        AppendDrops(m_name + " backward", m_second->m_sendDrops, records);
        AppendDrops(m_name + " at first", m_first->m_receiveDrops, records);
        AppendDrops(m_name + " at second", m_second->m_receiveDrops, records);
    }
    return records;
}

uint64_t
EthernetLink::GetUnderWay() const
{
    return m_first ? m_first->GetUnderWay() + m_second->GetUnderWay() : 0;
}

std::size_t
EthernetLink::GetNDevices() const
{
    return m_first ? 2 : 0;
}

Ptr<NetDevice>
EthernetLink::GetDevice(std::size_t i) const
{
    return i == 0 ? m_first : m_second;
}

} // namespace underlay
} // namespace ns3
