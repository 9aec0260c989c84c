// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-helper.h"

#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/ipv4.h"
#include "ns3/pcap-file-wrapper.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/trace-helper.h"
#include "ns3/uinteger.h"
#include "ns3/vxlan-key.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace ns3
{
namespace vxlan
{

namespace
{

using weft::netbase::IpAddress;
using weft::netbase::MacAddress;

/// LINKTYPE_ETHERNET of the pcap format.
constexpr auto LINKTYPE_ETHERNET = static_cast<PcapHelper::DataLinkType>(1);
/// Locally administered addresses (IEEE 802): the first octet of those made here.
constexpr uint64_t LOCAL_MAC = 0x020000000000;
constexpr uint64_t LOW_40_BITS = 0xffffffffff;

/// @param what is wrong
[[noreturn]] void
Refuse(const std::string& what)
{
    throw std::invalid_argument("VXLAN helper: " + what);
}

/// @return the address @param text of it @param what it is
IpAddress
ParseAddress(const std::string& text, const std::string& what)
{
    const auto address = IpAddress::Parse(text);
    if (!address)
    {
        Refuse(what + ": '" + text + "' is no IP address");
    }
    return *address;
}

/// Reads "10.0.0.1/24". @param text it @param what it is @param[out] endpoint address and prefix
void
ParsePrefix(const std::string& text,
            const std::string& what,
            weft::netbase::EndpointConfig& endpoint)
{
    const auto slash = text.find('/');
    const std::string length = slash == std::string::npos ? "" : text.substr(slash + 1);
    endpoint.address = ParseAddress(text.substr(0, slash), what);
    const auto [end, error] =
        std::from_chars(length.data(), length.data() + length.size(), endpoint.prefixLength);
    const unsigned longest = endpoint.address.IsV4() ? 32 : 128;
    if (length.empty() || error != std::errc() || end != length.data() + length.size() ||
        endpoint.prefixLength > longest)
    {
        Refuse(what + ": '" + text + "' has no prefix length from 0 to " + std::to_string(longest));
    }
}

/// @return the thing of that name @param things that have names @param kind of thing
/// @param name of the one wanted
template <typename Things>
auto&
Find(Things& things, const std::string& kind, const std::string& name)
{
    std::string known;
    for (auto& thing : things)
    {
        if (thing.name == name)
        {
            return thing;
        }
        known += (known.empty() ? "" : ", ") + thing.name;
    }
    Refuse("there is no " + kind + " '" + name + "' (known: " + (known.empty() ? "none" : known) +
           ")");
}

/// @param things that have names @param kind of thing @param name that must be new
template <typename T>
void
CheckNew(const std::vector<T>& things, const std::string& kind, const std::string& name)
{
    for (const T& thing : things)
    {
        if (thing.name == name)
        {
            Refuse("there is a " + kind + " '" + name + "' already");
        }
    }
}

} // namespace

VxlanHelper::VxlanHelper(uint64_t seed) : m_seed(seed)
{
    m_hypervisorFactory.SetTypeId(Hypervisor::GetTypeId());
    m_vmFactory.SetTypeId(VmDevice::GetTypeId());
}

void
VxlanHelper::SetHypervisorAttribute(const std::string& name, const AttributeValue& value)
{
    m_hypervisorFactory.Set(name, value);
}

void
VxlanHelper::SetVmAttribute(const std::string& name, const AttributeValue& value)
{
    m_vmFactory.Set(name, value);
}

void
VxlanHelper::SetNeighbours(const weft::netbase::NeighbourConfig& neighbours)
{
    m_neighbours = neighbours;
}

void
VxlanHelper::AddNetwork(uint32_t vni, const std::string& group, uint16_t vlan)
{
    CheckInstalled(false, "AddNetwork()");
    const std::string what = "network " + std::to_string(vni);
    for (const auto& network : m_networks)
    {
        if (network.vni == vni)
        {
            Refuse("there is a " + what + " already");
        }
    }
    weft::vxlan::NetworkConfig network;
    network.vni = vni;
    network.vlan = vlan;
    if (!group.empty())
    {
        network.group = ParseAddress(group, "group of " + what);
    }
    m_networks.push_back(network);
}

void
VxlanHelper::AddHypervisor(const std::string& name,
                           Ptr<Node> node,
                           Ptr<NetDevice> uplink,
                           const std::string& address,
                           const std::string& gateway)
{
    CheckInstalled(false, "AddHypervisor()");
    CheckNew(m_hosts, "hypervisor", name);
    if (!node || !uplink || uplink->GetNode() != node)
    {
        Refuse("the uplink of hypervisor '" + name + "' is not a device of its node");
    }
    if (node->GetObject<Hypervisor>())
    {
        Refuse("the node of hypervisor '" + name + "' has a Hypervisor already");
    }
    Host host;
    host.name = name;
    host.node = node;
    host.uplink = uplink;
    ParsePrefix(address, "address of hypervisor '" + name + "'", host.underlay);
    if (!gateway.empty())
    {
        host.underlay.gateway = ParseAddress(gateway, "gateway of hypervisor '" + name + "'");
    }
    for (const Host& other : m_hosts)
    {
        if (other.underlay.address == host.underlay.address)
        {
            Refuse("hypervisor '" + name + "' has the address of '" + other.name + "'");
        }
    }
    host.hypervisor = m_hypervisorFactory.Create<Hypervisor>();
    host.hypervisor->SetAttribute("Name", StringValue(name));
    host.hypervisor->SetAttribute("Seed", UintegerValue(m_seed));
    // One per node is checked at once, not at Install().
    node->AggregateObject(host.hypervisor);
    m_hosts.push_back(host);
}

void
VxlanHelper::AddVm(const std::string& name,
                   const std::string& hypervisor,
                   uint32_t vni,
                   const std::string& address,
                   const std::string& gateway,
                   Ptr<Node> node)
{
    CheckInstalled(false, "AddVm()");
    CheckNew(m_guests, "machine", name);
    Guest guest;
    guest.name = name;
    guest.host = static_cast<std::size_t>(&Find(m_hosts, "hypervisor", hypervisor) - &m_hosts[0]);
    guest.vni = vni;
    guest.node = node;
    if (std::none_of(m_networks.begin(), m_networks.end(), [vni](const auto& network) {
            return network.vni == vni;
        }))
    {
        Refuse("machine '" + name + "': there is no network " + std::to_string(vni));
    }
    auto& endpoint = guest.endpoint;
    ParsePrefix(address, "address of machine '" + name + "'", endpoint);
    if (!gateway.empty())
    {
        endpoint.gateway = ParseAddress(gateway, "gateway of machine '" + name + "'");
    }
    endpoint.key = DeriveKey(m_seed, "machine " + name);
    endpoint.mac =
        MacAddress::FromInteger(LOCAL_MAC | (DeriveKey(m_seed, "MAC of " + name) & LOW_40_BITS));
    endpoint.neighbours = m_neighbours;
    for (const Guest& other : m_guests)
    {
        if (other.vni == vni &&
            (other.endpoint.address == endpoint.address || other.endpoint.mac == endpoint.mac))
        {
            Refuse("machine '" + name + "' has the address of '" + other.name + "'");
        }
    }
    if (node && !node->GetObject<Ipv4>())
    {
        Refuse("the node of machine '" + name + "' has no Internet stack");
    }
    if (node && !endpoint.address.IsV4())
    {
        Refuse("the node of machine '" + name + "' gets IPv4 addresses only");
    }
    guest.device = m_vmFactory.Create<VmDevice>();
    guest.device->SetAttribute("Name", StringValue(name));
    endpoint.mtu = guest.device->GetMtu();
    m_guests.push_back(guest);
}

void
VxlanHelper::Install()
{
    CheckInstalled(false, "Install()");
    m_installed = true;
    std::vector<weft::netbase::IpAddress> vteps;
    for (const Host& host : m_hosts)
    {
        vteps.push_back(host.underlay.address);
    }
    for (Host& host : m_hosts)
    {
        auto config = host.hypervisor->MakeConfig();
        config.underlay = host.underlay;
        config.vtep.address = host.underlay.address;
        config.vtep.networks = m_networks;
        for (auto& network : config.vtep.networks)
        {
            network.floodList = vteps;
        }
        host.hypervisor->Configure(std::move(config), {host.uplink});
    }
    for (Guest& guest : m_guests)
    {
        guest.device->Configure(guest.endpoint);
        if (guest.node)
        {
            Connect(guest);
        }
        weft::vxlan::PortConfig port;
        port.vni = guest.vni;
        m_hosts[guest.host].hypervisor->AddVm(guest.device, port);
    }
}

void
VxlanHelper::Connect(const Guest& guest)
{
    guest.node->AddDevice(guest.device);
    const Ptr<Ipv4> ipv4 = guest.node->GetObject<Ipv4>();
    const uint32_t interface = ipv4->AddInterface(guest.device);
    const unsigned length = guest.endpoint.prefixLength;
    const Ipv4Mask mask(length == 0 ? 0 : ~uint32_t{0} << (32 - length));
    ipv4->AddAddress(interface,
                     Ipv4InterfaceAddress(Ipv4Address(guest.endpoint.address.ToV4()), mask));
    ipv4->SetUp(interface);
    // The card finds the next hop itself.
    if (const auto routing = Ipv4StaticRoutingHelper().GetStaticRouting(ipv4))
    {
        routing->SetDefaultRoute(Ipv4Address::GetZero(), interface);
    }
}

Ptr<Hypervisor>
VxlanHelper::GetHypervisor(const std::string& name) const
{
    CheckInstalled(true, "GetHypervisor()");
    return Find(m_hosts, "hypervisor", name).hypervisor;
}

Ptr<VmDevice>
VxlanHelper::GetVm(const std::string& name) const
{
    CheckInstalled(true, "GetVm()");
    return Find(m_guests, "machine", name).device;
}

void
VxlanHelper::Move(const std::string& vm,
                  const std::string& hypervisor,
                  const MoveOptions& options) const
{
    MoveVm(GetVm(vm), GetHypervisor(hypervisor), options);
}

void
VxlanHelper::EnablePcap(const std::string& prefix) const
{
    CheckInstalled(true, "EnablePcap()");
    for (const Host& host : m_hosts)
    {
        PcapHelper pcap;
        const Ptr<PcapFileWrapper> file =
            pcap.CreateFile(prefix + "-" + host.name + ".pcap", std::ios::out, LINKTYPE_ETHERNET);
        const Callback<void, weft::netbase::ByteView, uint32_t> write(
            [file](weft::netbase::ByteView frame, uint32_t) {
                file->Write(Simulator::Now(), frame.data(), static_cast<uint32_t>(frame.size()));
            });
        host.hypervisor->TraceConnectWithoutContext("Transmit", write);
        host.hypervisor->TraceConnectWithoutContext("Receive", write);
    }
}

int64_t
VxlanHelper::AssignStreams(int64_t) const
{
    return 0;
}

void
VxlanHelper::CheckInstalled(bool installed, const char* what) const
{
    if (m_installed != installed)
    {
        throw std::logic_error(std::string("VXLAN helper: ") + what + " comes " +
                               (installed ? "after" : "before") + " Install()");
    }
}

} // namespace vxlan
} // namespace ns3
