// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-fabric-helper.h"

#include "ns3/enum.h"
#include "ns3/node.h"
#include "ns3/uinteger.h"
#include "ns3/underlay-firewall.h"
#include "ns3/underlay-random.h"

#include <stdexcept>

namespace ns3
{
namespace underlay
{

namespace netbase = weft::netbase;
using netbase::IpAddress;
using netbase::MacAddress;
using weft::underlay::Direction;
using weft::underlay::RandomStream;
using weft::underlay::VlanPort;
using weft::underlay::WeatherConfig;

namespace
{

/// @return 10.255.0.0 and the like @param a first octet @param b second @param c third @param d
/// fourth
IpAddress
V4(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    return IpAddress::V4(a << 24 | b << 16 | c << 8 | d);
}

/// @return fd00:SECOND:THIRD:FOURTH::LAST @param second group of 16 bits @param third likewise
/// @param fourth likewise @param last 32 bits
IpAddress
V6(uint32_t second, uint32_t third, uint32_t fourth, uint32_t last)
{
    IpAddress address;
    netbase::Write16(&address.octets[0], 0xfd00);
    netbase::Write16(&address.octets[2], static_cast<uint16_t>(second));
    netbase::Write16(&address.octets[4], static_cast<uint16_t>(third));
    netbase::Write16(&address.octets[6], static_cast<uint16_t>(fourth));
    netbase::Write32(&address.octets[12], last);
    return address;
}

/// @return the address next to a host's that its router takes: the other one of two, otherwise the
/// first of the network, or the second where the host has the first
/// @param host its address @param length of its network's prefix
IpAddress
GatewayOf(const IpAddress& host, unsigned length)
{
    IpAddress gateway = host;
    const unsigned bits = host.IsV4() ? 32 : 128;
    if (length + 1 == bits)
    {
        gateway.octets[15] ^= 1;
        return gateway;
    }
    for (unsigned bit = 128 - (bits - length); bit < 128; ++bit)
    {
        gateway.octets[bit / 8] &= static_cast<uint8_t>(~(0x80u >> bit % 8));
    }
    gateway.octets[15] |= 1;
    if (gateway == host)
    {
        gateway.octets[15] ^= 3;
    }
    return gateway;
}

/// @return whether anything happens in a weather @param config the weather
bool
IsRough(const WeatherConfig& config)
{
    return config.delay.count() != 0 || config.jitter.count() != 0 || config.loss > 0 ||
           config.reorder > 0 || !config.common.empty() || !config.events.empty();
}

/// @param what thing named @param name its name @param rule what is wrong
[[noreturn]] void
Refuse(const std::string& what, const std::string& name, const std::string& rule)
{
    throw std::invalid_argument(what + " '" + name + "': " + rule);
}

} // namespace

FabricHelper::FabricHelper(uint64_t seed)
    : m_seed(seed), m_routing(CreateObject<FabricRouting>()), m_tree(CreateObject<SpanningTree>())
{
    m_routerFactory.SetTypeId(FabricRouter::GetTypeId());
    m_switchFactory.SetTypeId(VlanSwitch::GetTypeId());
}

void
FabricHelper::SetRouterAttribute(const std::string& name, const AttributeValue& value)
{
    m_routerFactory.Set(name, value);
}

void
FabricHelper::SetSwitchAttribute(const std::string& name, const AttributeValue& value)
{
    m_switchFactory.Set(name, value);
}

void
FabricHelper::SetConvergence(Time time)
{
    m_routing->SetAttribute("Convergence", TimeValue(time));
    m_tree->SetAttribute("Convergence", TimeValue(time));
}

void
FabricHelper::SetIpv6(bool v6)
{
    m_v6 = v6;
}

void
FabricHelper::SetSameHashSeed(bool same)
{
    m_sameHashSeed = same;
}

MacAddress
FabricHelper::NextMac()
{
    return MacAddress::FromInteger(0x020000000000ull + ++m_macs);
}

Ptr<FabricRouter>
FabricHelper::AddRouter(const std::string& name)
{
    if (m_routers.contains(name) || m_switches.contains(name))
    {
        Refuse("router", name, "the name is taken");
    }
    Ptr<FabricRouter> router = m_routerFactory.Create<FabricRouter>();
    router->SetName(name);
    const RandomStream key(m_seed, m_sameHashSeed ? "" : name, Direction::Forward, "ecmp");
    router->SetAttribute("HashSeed", UintegerValue(key.Bits(0)[0]));
    CreateObject<Node>()->AggregateObject(router);
    m_routers[name] = router;
    m_routerNames.push_back(name);
    const auto n = static_cast<uint32_t>(m_routerNames.size());
    router->AddLoopback(m_v6 ? V6(0xffff, 0, 0, n) : V4(10, 255, n / 256, n % 256));
    m_routing->AddRouter(router);
    return router;
}

Ptr<VlanSwitch>
FabricHelper::AddSwitch(const std::string& name)
{
    if (m_routers.contains(name) || m_switches.contains(name))
    {
        Refuse("switch", name, "the name is taken");
    }
    Ptr<VlanSwitch> bridge = m_switchFactory.Create<VlanSwitch>();
    bridge->SetName(name);
    CreateObject<Node>()->AggregateObject(bridge);
    m_switches[name] = bridge;
    m_switchNames.push_back(name);
    m_tree->AddSwitch(bridge);
    return bridge;
}

Ptr<EthernetDevice>
FabricHelper::MakeDevice(Ptr<Node> node, const FabricLinkConfig& config, const std::string& key)
{
    Ptr<EthernetDevice> device = CreateObject<EthernetDevice>();
    device->SetMac(NextMac());
    device->SetAttribute("Rate", DataRateValue(config.rate));
    device->SetAttribute("QueueLimit", UintegerValue(config.queueLimit));
    device->SetAttribute("Mtu", UintegerValue(config.mtu));
    device->SetAttribute("OuterVlan", UintegerValue(config.outerVlan));
    device->SetAttribute("BundleHash", EnumValue(config.bundleHash));
    const RandomStream seed(m_seed, m_sameHashSeed ? "" : key, Direction::Forward, "bundle");
    device->SetAttribute("HashSeed", UintegerValue(seed.Bits(0)[0]));
    node->AddDevice(device);
    return device;
}

Ptr<EthernetLink>
FabricHelper::MakeLink(Ptr<EthernetDevice> first,
                       Ptr<EthernetDevice> second,
                       const FabricLinkConfig& config,
                       const std::string& name)
{
    Ptr<EthernetLink> link = CreateObject<EthernetLink>();
    link->SetAttribute("Delay", TimeValue(config.delay));
    link->SetAttribute("Members", UintegerValue(config.members));
    link->Attach(first, second, name);
    if (IsRough(config.forward) || IsRough(config.backward))
    {
        link->SetWeather(m_seed, config.forward, config.backward);
    }
    if (config.firewall)
    {
        link->SetFirewall(CreateObject<Firewall>());
    }
    m_linksByName[name] = link;
    m_linkNames.push_back(name);
    return link;
}

Ptr<EthernetLink>
FabricHelper::Connect(const std::string& first,
                      const std::string& second,
                      const FabricLinkConfig& config,
                      const std::string& name)
{
    const std::string called = name.empty() ? first + "." + second : name;
    if (m_linksByName.contains(called))
    {
        Refuse("link", called, "the name is taken");
    }
    if (first == second)
    {
        Refuse("link", called, "has to join two nodes");
    }
    const auto router = GetRouter(first);
    const auto farRouter = GetRouter(second);
    if (router && farRouter)
    {
        const Ptr<EthernetDevice> near =
            MakeDevice(router->GetObject<Node>(), config, called + ">" + second);
        const Ptr<EthernetDevice> far =
            MakeDevice(farRouter->GetObject<Node>(), config, called + ">" + first);
        const auto link = MakeLink(near, far, config, called);
        const uint32_t port = router->AddPort(near, second);
        const uint32_t farPort = farRouter->AddPort(far, first);
        const uint32_t pair = m_links++ * 2;
        const IpAddress here = m_v6 ? V6(0xfffe, 0, 0, pair) : IpAddress::V4(0xac100000u + pair);
        const IpAddress there =
            m_v6 ? V6(0xfffe, 0, 0, pair + 1) : IpAddress::V4(0xac100000u + pair + 1);
        const unsigned length = m_v6 ? 127 : 31;
        router->AddPortAddress(port, {here, length}, false);
        farRouter->AddPortAddress(farPort, {there, length}, false);
        router->SetNeighbour(port, there, far->GetMac());
        farRouter->SetNeighbour(farPort, here, near->GetMac());
        m_routing->AddLink(link, config.cost);
        return link;
    }
    const auto bridge = GetSwitch(first);
    const auto farBridge = GetSwitch(second);
    if (!bridge || !farBridge)
    {
        Refuse("link", called, "needs two routers or two switches that exist");
    }
    const Ptr<EthernetDevice> near =
        MakeDevice(bridge->GetObject<Node>(), config, called + ">" + second);
    const Ptr<EthernetDevice> far =
        MakeDevice(farBridge->GetObject<Node>(), config, called + ">" + first);
    const auto link = MakeLink(near, far, config, called);
    bridge->AddPort(near, second, VlanPort());
    farBridge->AddPort(far, first, VlanPort());
    m_tree->AddLink(link, config.cost);
    return link;
}

void
FabricHelper::LeafSpine(uint32_t leaves,
                        uint32_t spines,
                        const FabricLinkConfig& config,
                        bool bridged)
{
    const auto add = [this, bridged](const std::string& name) {
        if (bridged)
        {
            AddSwitch(name);
        }
        else
        {
            AddRouter(name);
        }
    };
    for (uint32_t leaf = 1; leaf <= leaves; ++leaf)
    {
        add("leaf" + std::to_string(leaf));
    }
    for (uint32_t spine = 1; spine <= spines; ++spine)
    {
        add("spine" + std::to_string(spine));
    }
    for (uint32_t leaf = 1; leaf <= leaves; ++leaf)
    {
        for (uint32_t spine = 1; spine <= spines; ++spine)
        {
            Connect("leaf" + std::to_string(leaf), "spine" + std::to_string(spine), config);
        }
    }
}

FabricAttachment
FabricHelper::AttachHost(const std::string& name, Ptr<Node> host, const FabricHostConfig& config)
{
    const auto router = GetRouter(name);
    const auto bridge = GetSwitch(name);
    if (!router && !bridge)
    {
        Refuse("host at", name, "there is no such router or switch");
    }
    const uint32_t h = ++m_hosts[name];
    const std::string called =
        config.name.empty() ? "host" + std::to_string(h) + "." + name : config.name;
    if (m_linksByName.contains(called))
    {
        Refuse("link", called, "the name is taken");
    }
    FabricAttachment place;
    place.device = MakeDevice(host, config.link, called + ">" + name);
    const Ptr<Node> node = router ? router->GetObject<Node>() : bridge->GetObject<Node>();
    place.farDevice = MakeDevice(node, config.link, called + "<" + name);
    if (config.mac)
    {
        place.device->SetMac(*config.mac);
    }
    if (config.gatewayMac)
    {
        place.farDevice->SetMac(*config.gatewayMac);
    }
    place.mac = place.device->GetMac();
    place.gatewayMac = place.farDevice->GetMac();
    place.link = MakeLink(place.device, place.farDevice, config.link, called);
    place.address = config.address;
    place.gateway = config.gateway;
    if (bridge)
    {
        place.prefixLength = config.prefixLength;
        place.port = bridge->AddPort(
            place.farDevice, called, VlanPort::Trunk(config.vlans, config.nativeVlan));
        return place;
    }
    if (place.address.IsNone())
    {
        uint32_t n = 1;
        while (m_routerNames[n - 1] != name)
        {
            ++n;
        }
        if (!m_v6 && (n > 254 || h > 254))
        {
            Refuse("host at",
                   name,
                   "addresses are chosen for 254 routers with 254 hosts each: give one");
        }
        place.address = m_v6 ? V6(0, n, h, 0x10) : V4(10, n, h, 10);
    }
    const unsigned bits = place.address.IsV4() ? 32 : 128;
    place.prefixLength =
        config.prefixLength > 0 ? config.prefixLength : (place.address.IsV4() ? 24 : 64);
    if (place.prefixLength >= bits)
    {
        Refuse("host at",
               name,
               "prefix length " + std::to_string(place.prefixLength) +
                   " leaves no address for its gateway");
    }
    if (place.gateway.IsNone())
    {
        place.gateway = GatewayOf(place.address, place.prefixLength);
    }
    if (place.gateway == place.address)
    {
        Refuse("host at", name, "its gateway has the address of the host");
    }
    place.port = router->AddPort(place.farDevice, called);
    router->AddPortAddress(place.port, {place.gateway, place.prefixLength}, false);
    router->AddHost(place.port, place.address);
    return place;
}

void
FabricHelper::Start()
{
    m_routing->Compute();
    m_tree->Compute();
}

Ptr<FabricRouter>
FabricHelper::GetRouter(const std::string& name) const
{
    const auto at = m_routers.find(name);
    return at == m_routers.end() ? nullptr : at->second;
}

Ptr<VlanSwitch>
FabricHelper::GetSwitch(const std::string& name) const
{
    const auto at = m_switches.find(name);
    return at == m_switches.end() ? nullptr : at->second;
}

Ptr<EthernetLink>
FabricHelper::GetLink(const std::string& name) const
{
    const auto at = m_linksByName.find(name);
    return at == m_linksByName.end() ? nullptr : at->second;
}

const std::vector<std::string>&
FabricHelper::GetRouterNames() const
{
    return m_routerNames;
}

const std::vector<std::string>&
FabricHelper::GetSwitchNames() const
{
    return m_switchNames;
}

const std::vector<std::string>&
FabricHelper::GetLinkNames() const
{
    return m_linkNames;
}

Ptr<FabricRouting>
FabricHelper::GetRouting() const
{
    return m_routing;
}

Ptr<SpanningTree>
FabricHelper::GetSpanningTree() const
{
    return m_tree;
}

std::vector<FrameDropRecord>
FabricHelper::GetDrops() const
{
    std::vector<FrameDropRecord> records;
    for (const std::string& name : m_linkNames)
    {
        const auto drops = GetLink(name)->GetDrops();
        records.insert(records.end(), drops.begin(), drops.end());
    }
    for (const std::string& name : m_routerNames)
    {
        AppendDrops("router " + name, GetRouter(name)->GetDrops(), records);
    }
    for (const std::string& name : m_switchNames)
    {
        AppendDrops("switch " + name, GetSwitch(name)->GetDrops(), records);
    }
    return records;
}

int64_t
FabricHelper::AssignStreams(int64_t /* stream */) const
{
    return 0;
}

} // namespace underlay
} // namespace ns3
