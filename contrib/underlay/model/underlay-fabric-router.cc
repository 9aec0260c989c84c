// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-fabric-router.h"

#include "ns3/netbase-ethernet.h"
#include "ns3/netbase-flow-hash.h"
#include "ns3/netbase-ip.h"
#include "underlay-compat.h"
#include "underlay-fabric-router-impl.h"
#include "underlay-frame-edit.h"

#include "ns3/abort.h"
#include "ns3/boolean.h"
#include "ns3/enum.h"
#include "ns3/log.h"
#include "ns3/node.h"
#include "ns3/trace-source-accessor.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <array>

namespace ns3
{
namespace underlay
{

NS_LOG_COMPONENT_DEFINE("UnderlayFabricRouter");
NS_OBJECT_ENSURE_REGISTERED(FabricRouter);

namespace netbase = weft::netbase;
using netbase::IpAddress;
using netbase::IpPrefix;
using weft::underlay::HashMode;
using weft::underlay::NextHop;

namespace
{

/// @return the prefix that is one address @param address any
IpPrefix
Whole(const IpAddress& address)
{
    return {address, address.IsV4() ? 32u : 128u};
}

/// @return the network of an address @param address any @param length of its prefix
IpPrefix
NetworkOf(const IpAddress& address, unsigned length)
{
    IpPrefix network{address, length};
    const unsigned first = address.IsV4() ? 96 + length : length;
    for (unsigned bit = first; bit < 128; ++bit)
    {
        network.address.octets[bit / 8] &= static_cast<uint8_t>(~(0x80u >> bit % 8));
    }
    return network;
}

// The values of the attribute are those of the core.
static_assert(static_cast<int>(HashMode::FiveTuple) == FabricRouter::FIVE_TUPLE &&
              static_cast<int>(HashMode::Layer3) == FabricRouter::LAYER_3 &&
              static_cast<int>(HashMode::Inner) == FabricRouter::INNER &&
              static_cast<int>(HashMode::GreKey) == FabricRouter::GRE_KEY &&
              static_cast<int>(HashMode::PerPacket) == FabricRouter::PER_PACKET);

} // namespace

TypeId
FabricRouter::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::underlay::FabricRouter")
            .SetParent<Object>()
            .SetGroupName("Underlay")
            .AddConstructor<FabricRouter>()
            .AddAttribute("EcmpHash",
                          "What is hashed to choose among equal-cost next hops.",
                          EnumValue(FIVE_TUPLE),
                          MakeEnumMemberAccessor<EcmpHash>(&FabricRouter::m_ecmpHash),
                          MakeEnumChecker(FIVE_TUPLE,
                                          "FiveTuple",
                                          LAYER_3,
                                          "Layer3",
                                          INNER,
                                          "Inner",
                                          GRE_KEY,
                                          "GreKey",
                                          PER_PACKET,
                                          "PerPacket"))
            .AddAttribute("HashSeed",
                          "Key of the hash. Routers of the same key choose alike.",
                          UintegerValue(0),
                          MakeUintegerAccessor(&FabricRouter::m_hashSeed),
                          MakeUintegerChecker<uint64_t>())
            .AddAttribute("ResilientBuckets",
                          "Buckets of each next-hop group made from here on, at least as many as "
                          "members; 0: hash-threshold without a table.",
                          UintegerValue(0),
                          MakeUintegerAccessor(&FabricRouter::m_buckets),
                          MakeUintegerChecker<uint32_t>(0, 65535))
            .AddAttribute("Fragment",
                          "Whether IPv4 packets over the MTU of their way out, without DF, are cut "
                          "into fragments; otherwise they are dropped.",
                          BooleanValue(true),
                          MakeBooleanAccessor(&FabricRouter::m_fragment),
                          MakeBooleanChecker())
            .AddAttribute("ArpTimeout",
                          "How long a host's MAC address is known after its last confirmation; set "
                          "before the first packet.",
                          TimeValue(Seconds(14400)),
                          MakeTimeAccessor(&FabricRouter::m_arpTimeout),
                          MakeTimeChecker(NanoSeconds(1)))
            .AddAttribute("ArpLimit",
                          "Most hosts whose MAC addresses are known at a time; set before the "
                          "first packet.",
                          UintegerValue(65536),
                          MakeUintegerAccessor(&FabricRouter::m_arpLimit),
                          MakeUintegerChecker<uint32_t>(1))
            .AddAttribute("PendingLimit",
                          "Most frames that wait for one host's MAC address; a newer one takes the "
                          "oldest's place.",
                          UintegerValue(100),
                          MakeUintegerAccessor(&FabricRouter::m_pendingLimit),
                          MakeUintegerChecker<uint32_t>(1))
            .AddTraceSource("Drop",
                            "A packet is discarded inside the router.",
                            MakeTraceSourceAccessor(&FabricRouter::m_dropTrace),
                            "ns3::underlay::FabricRouter::DropTracedCallback")
            .AddTraceSource("TableChange",
                            "An entry of the routes or of the ARP table came, changed or went.",
                            MakeTraceSourceAccessor(&FabricRouter::m_tableTrace),
                            "ns3::underlay::FabricRouter::TableChangeTracedCallback");
    return tid;
}

FabricRouter::Impl::Impl(FabricRouter& router) : owner(router), deadline(this)
{
}

FabricRouter::FabricRouter() : m_impl(std::make_unique<Impl>(*this))
{
}

FabricRouter::~FabricRouter() = default;

void
FabricRouter::DoDispose()
{
    for (const auto& port : m_impl->ports)
    {
        port->device->SetFrameHandler(EthernetDevice::FrameHandler());
        port->device = nullptr;
    }
    m_impl->waiting.clear();
    m_impl->multicast = MulticastHandler();
    m_impl->portChanged.clear();
    m_impl->routesChanged.clear();
    Object::DoDispose();
}

netbase::NeighbourCache&
FabricRouter::Impl::Cache()
{
    if (!cache)
    {
        auto config = netbase::NeighbourConfig::Router(
            std::chrono::nanoseconds(owner.m_arpTimeout.GetNanoSeconds()));
        config.maxEntries = owner.m_arpLimit;
        config.pendingPackets = 1; // stands for the frames, which wait here
        cache = std::make_unique<netbase::NeighbourCache>(config);
    }
    return *cache;
}

void
FabricRouter::SetName(const std::string& name)
{
    m_impl->name = name;
}

const std::string&
FabricRouter::GetName() const
{
    return m_impl->name;
}

uint32_t
FabricRouter::AddPort(Ptr<EthernetDevice> device, const std::string& name)
{
    NS_ABORT_MSG_UNLESS(device && device->GetNode(), "port " << name << ": device is on no node");
    auto port = std::make_unique<Impl::Port>();
    port->router = m_impl.get();
    port->number = GetNPorts();
    port->device = device;
    port->name = name;
    port->up = device->IsLinkUp();
    device->SetFrameHandler(MakeCallback(&Impl::Port::OnFrame, port.get()));
    device->AddLinkChangeCallback(MakeCallback(&Impl::Port::OnLinkChange, port.get()));
    m_impl->nodeId = device->GetNode()->GetId();
    m_impl->ports.push_back(std::move(port));
    if (!m_impl->up)
    {
        device->SetPowered(false);
    }
    return GetNPorts() - 1;
}

FabricRouter::GroupId
FabricRouter::Impl::OnLink(Port& port)
{
    if (port.onLink == LOCAL)
    {
        port.onLink = owner.AddGroup();
        owner.SetGroup(port.onLink, {NextHop{port.number, {}}}, 0);
    }
    return port.onLink;
}

void
FabricRouter::AddPortAddress(uint32_t port, const PortAddress& address, bool onLink)
{
    Impl::Port& p = *m_impl->ports.at(port);
    p.addresses.push_back(address);
    m_impl->fib.Insert(Whole(address.address), Impl::LOCAL);
    const IpPrefix network = NetworkOf(address.address, address.prefixLength);
    if (onLink && network != Whole(address.address))
    {
        m_impl->fib.Insert(network, m_impl->OnLink(p));
        m_impl->networks.push_back(network);
    }
}

void
FabricRouter::AddLoopback(const IpAddress& address)
{
    m_impl->loopbacks.push_back(address);
    m_impl->fib.Insert(Whole(address), Impl::LOCAL);
}

void
FabricRouter::AddHost(uint32_t port, const IpAddress& address)
{
    Impl::Port& p = *m_impl->ports.at(port);
    p.hosts.push_back(address);
    m_impl->fib.Insert(Whole(address), m_impl->OnLink(p));
}

void
FabricRouter::SetNeighbour(uint32_t port, const IpAddress& address, const netbase::MacAddress& mac)
{
    Impl::Port& p = *m_impl->ports.at(port);
    for (auto& [known, at] : p.neighbours)
    {
        if (known == address)
        {
            at = mac;
            return;
        }
    }
    p.neighbours.emplace_back(address, mac);
}

uint32_t
FabricRouter::GetNPorts() const
{
    return static_cast<uint32_t>(m_impl->ports.size());
}

Ptr<EthernetDevice>
FabricRouter::GetPortDevice(uint32_t port) const
{
    return m_impl->ports.at(port)->device;
}

const std::string&
FabricRouter::GetPortName(uint32_t port) const
{
    return m_impl->ports.at(port)->name;
}

const std::vector<PortAddress>&
FabricRouter::GetPortAddresses(uint32_t port) const
{
    return m_impl->ports.at(port)->addresses;
}

bool
FabricRouter::IsFabricPort(uint32_t port) const
{
    return !m_impl->ports.at(port)->neighbours.empty();
}

bool
FabricRouter::IsPortUp(uint32_t port) const
{
    return m_impl->ports.at(port)->up;
}

const std::vector<IpAddress>&
FabricRouter::GetLoopbacks() const
{
    return m_impl->loopbacks;
}

std::vector<IpPrefix>
FabricRouter::GetConnected() const
{
    std::vector<IpPrefix> prefixes;
    for (const IpAddress& address : m_impl->loopbacks)
    {
        prefixes.push_back(Whole(address));
    }
    for (const auto& port : m_impl->ports)
    {
        for (const PortAddress& own : port->addresses)
        {
            prefixes.push_back(Whole(own.address));
        }
        for (const IpAddress& host : port->hosts)
        {
            prefixes.push_back(Whole(host));
        }
    }
    prefixes.insert(prefixes.end(), m_impl->networks.begin(), m_impl->networks.end());
    return prefixes;
}

bool
FabricRouter::IsOwnAddress(const IpAddress& address) const
{
    return m_impl->fib.Find(Whole(address)) == std::optional(Impl::LOCAL);
}

void
FabricRouter::SetMulticastHandler(MulticastHandler handler)
{
    m_impl->multicast = handler;
}

void
FabricRouter::SendOnPort(uint32_t port, Ptr<Packet> packet, const netbase::MacAddress& destination)
{
    Impl::Port& p = *m_impl->ports.at(port);
    std::array<uint8_t, netbase::ETHERNET_HEADER> start{};
    uint8_t version = 0;
    packet->CopyData(&version, 1);
    destination.Write(start);
    p.device->GetMac().Write(std::span(start).subspan(6));
    netbase::Write16(&start[12], netbase::EtherTypeOf({&version, 1}));
    ReplaceStart(packet, 0, start);
    m_impl->Emit(p, packet);
}

bool
FabricRouter::SendIp(Ptr<Packet> packet)
{
    return m_impl->SendOwn(packet);
}

void
FabricRouter::AddPortChangeCallback(PortCallback callback)
{
    m_impl->portChanged.push_back(callback);
}

void
FabricRouter::AddRouteChangeCallback(Callback<void> callback)
{
    m_impl->routesChanged.push_back(callback);
}

void
FabricRouter::SetUp(bool up)
{
    m_impl->SetUp(up);
}

bool
FabricRouter::IsUp() const
{
    return m_impl->up;
}

const FabricRouter::Counts&
FabricRouter::GetCounts() const
{
    return m_impl->counts;
}

const FrameDropCounts&
FabricRouter::GetDrops() const
{
    return m_impl->drops;
}

uint64_t
FabricRouter::GetPending() const
{
    return m_impl->waitingFrames;
}

} // namespace underlay
} // namespace ns3
