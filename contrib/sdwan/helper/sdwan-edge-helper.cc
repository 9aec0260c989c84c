// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-edge-helper.h"

#include "ns3/channel.h"
#include "ns3/pcap-file-wrapper.h"
#include "ns3/sdwan-key-schedule.h"
#include "ns3/simulator.h"
#include "ns3/trace-helper.h"

#include <algorithm>
#include <stdexcept>

namespace ns3
{
namespace sdwan
{

namespace
{

using weft::sdwan::Bytes;
using weft::sdwan::ByteView;
using weft::sdwan::EdgeConfig;

constexpr std::size_t SECRET_SIZE = 32;
/// LINKTYPE_RAW of the pcap format: a packet starts with its IP header.
constexpr auto LINKTYPE_RAW = static_cast<PcapHelper::DataLinkType>(101);

/// @param what is wrong
[[noreturn]] void
Refuse(const std::string& what)
{
    throw std::invalid_argument("SD-WAN helper: " + what);
}

/// @return the names, comma-separated @param list of things with a name
template <typename T>
std::string
Names(const std::vector<T>& list)
{
    std::string names;
    for (const auto& item : list)
    {
        names += (names.empty() ? "" : ", ") + item.name;
    }
    return names.empty() ? "none" : names;
}

/// @return a tunnel's secret @param seed of the run @param name of the tunnel
Bytes
SecretOf(uint64_t seed, const std::string& name)
{
    const auto bytes = [](const std::string& text) {
        return ByteView(reinterpret_cast<const uint8_t*>(text.data()), text.size());
    };
    Bytes secret(SECRET_SIZE);
    weft::sdwan::HkdfSha256(
        bytes("weft helper " + std::to_string(seed)), bytes(name), ByteView(), secret);
    return secret;
}

} // namespace

EdgeHelper::EdgeHelper(uint64_t seed) : m_seed(seed)
{
    m_factory.SetTypeId(Edge::GetTypeId());
}

void
EdgeHelper::SetEdgeAttribute(const std::string& name, const AttributeValue& value)
{
    m_factory.Set(name, value);
}

void
EdgeHelper::AddEdge(
    const std::string& name, Ptr<Node> node, Ptr<NetDevice> lan, Ipv4Address network, Ipv4Mask mask)
{
    CheckOpen();
    for (const Site& site : m_sites)
    {
        if (site.config.name == name)
        {
            Refuse("there is an edge '" + name + "' already");
        }
        if (site.node == node)
        {
            Refuse("the node of edge '" + name + "' has edge '" + site.config.name + "' already");
        }
    }
    if (!node || !lan || lan->GetNode() != node)
    {
        Refuse("the LAN device of edge '" + name + "' is not a device of its node");
    }
    if (node->GetObject<Edge>())
    {
        Refuse("the node of edge '" + name + "' has an Edge already");
    }
    Site site;
    site.config.name = name;
    site.config.lan = {{network.CombineMask(mask).Get(), uint8_t(mask.GetPrefixLength())}};
    site.node = node;
    site.lan = lan;
    site.network = network.CombineMask(mask);
    site.mask = mask;
    site.edge = m_factory.Create<Edge>();
    m_sites.push_back(site);
}

void
EdgeHelper::AddLink(const std::string& edge,
                    const std::string& link,
                    Ptr<NetDevice> wan,
                    Ipv4Address address)
{
    CheckOpen();
    Site& site = m_sites[Find(edge)];
    const std::string name = edge + "." + link;
    if (!wan || wan->GetNode() != site.node)
    {
        Refuse("the device of link '" + name + "' is not a device of the edge's node");
    }
    if (wan == site.lan || std::find(site.wan.begin(), site.wan.end(), wan) != site.wan.end())
    {
        Refuse("the device of link '" + name + "' has another use already");
    }
    for (const Site& other : m_sites)
    {
        for (const auto& there : other.config.links)
        {
            if (&other == &site && there.name == link)
            {
                Refuse("there is a link '" + name + "' already");
            }
            if (there.address == address.Get())
            {
                Refuse("link '" + name + "' has the address of link '" + other.config.name + "." +
                       there.name + "'");
            }
        }
    }
    site.config.links.push_back({link, address.Get(), 0});
    site.wan.push_back(wan);
}

void
EdgeHelper::Connect(const std::string& edge,
                    const std::string& link,
                    const std::string& peer,
                    const std::string& peerLink)
{
    CheckOpen();
    const std::size_t ends[2] = {Find(edge), Find(peer)};
    if (ends[0] == ends[1])
    {
        Refuse("edge '" + edge + "' cannot be connected to itself");
    }
    const uint16_t links[2] = {FindLink(m_sites[ends[0]], link),
                               FindLink(m_sites[ends[1]], peerLink)};
    const Bytes secret = SecretOf(m_seed, edge + "." + link + ">" + peer + "." + peerLink);
    for (int i = 0; i < 2; ++i)
    {
        const auto& there = m_sites[ends[1 - i]].config.links[links[1 - i]];
        weft::sdwan::EdgeTunnel tunnel;
        tunnel.peer = Meet(ends[i], ends[1 - i]);
        tunnel.link = links[i];
        tunnel.remoteLink = there.name;
        tunnel.remoteAddress = there.address;
        tunnel.secret = secret;
        tunnel.initiator = i == 0;
        m_sites[ends[i]].config.tunnels.push_back(tunnel);
    }
}

void
EdgeHelper::AddRule(const weft::sdwan::PolicyRule& rule)
{
    m_common.rules.push_back(rule);
}

void
EdgeHelper::SetDefaultRule(const weft::sdwan::PolicyRule& rule)
{
    m_common.defaultRule = rule;
}

void
EdgeHelper::AddApplication(const weft::sdwan::Application& application)
{
    m_common.applications.push_back(application);
}

void
EdgeHelper::SetCipher(weft::sdwan::CipherSuite suite)
{
    m_common.suite = suite;
}

void
EdgeHelper::SetRekeyInterval(Time interval)
{
    m_common.rekeyInterval = weft::sdwan::TimeNs(interval.GetNanoSeconds());
}

void
EdgeHelper::SetMonitor(const weft::sdwan::PathMonitorConfig& monitor)
{
    m_common.monitor = monitor;
}

void
EdgeHelper::Install()
{
    CheckOpen();
    m_installed = true;
    for (Site& site : m_sites)
    {
        EdgeConfig config = m_common;
        config.name = site.config.name;
        config.lan = site.config.lan;
        config.links = site.config.links;
        config.peers = site.config.peers;
        config.tunnels = site.config.tunnels;
        for (std::size_t link = 0; link < site.wan.size(); ++link)
        {
            config.links[link].mtu = site.wan[link]->GetMtu();
        }
        site.edge->Configure(std::move(config));
        site.node->AggregateObject(site.edge);
        site.edge->AddLanDevice(site.lan, site.network, site.mask);
        for (std::size_t link = 0; link < site.wan.size(); ++link)
        {
            site.edge->AddWanDevice(static_cast<uint16_t>(link), site.wan[link]);
        }
        const auto mtu = static_cast<uint16_t>(site.edge->GetDataplane().LanMtu());
        const Ptr<Channel> channel = site.lan->GetChannel();
        site.lan->SetMtu(mtu);
        for (std::size_t i = 0; channel && i < channel->GetNDevices(); ++i)
        {
            channel->GetDevice(i)->SetMtu(mtu);
        }
    }
}

Ptr<Edge>
EdgeHelper::GetEdge(const std::string& name) const
{
    if (!m_installed)
    {
        throw std::logic_error("SD-WAN helper: GetEdge() comes after Install()");
    }
    return m_sites[Find(name)].edge;
}

void
EdgeHelper::EnablePcap(const std::string& filename) const
{
    PcapHelper pcap;
    Ptr<PcapFileWrapper> file = pcap.CreateFile(filename, std::ios::out, LINKTYPE_RAW);
    for (const Site& site : m_sites)
    {
        site.edge->TraceConnectWithoutContext(
            "Transmit",
            Callback<void, const weft::sdwan::TransmitInfo&, Ptr<const Packet>>(
                [file](const weft::sdwan::TransmitInfo&, Ptr<const Packet> packet) {
                    file->Write(Simulator::Now(), packet);
                }));
    }
}

int64_t
EdgeHelper::AssignStreams(int64_t stream) const
{
    (void)stream;
    return 0;
}

std::size_t
EdgeHelper::Find(const std::string& name) const
{
    std::string known;
    for (std::size_t i = 0; i < m_sites.size(); ++i)
    {
        if (m_sites[i].config.name == name)
        {
            return i;
        }
        known += (i ? ", " : "") + m_sites[i].config.name;
    }
    Refuse("there is no edge '" + name + "' (edges: " + (known.empty() ? "none" : known) + ")");
}

uint16_t
EdgeHelper::FindLink(const Site& site, const std::string& name)
{
    const auto& links = site.config.links;
    for (std::size_t i = 0; i < links.size(); ++i)
    {
        if (links[i].name == name)
        {
            return static_cast<uint16_t>(i);
        }
    }
    Refuse("edge '" + site.config.name + "' has no link '" + name + "' (links: " + Names(links) +
           ")");
}

uint16_t
EdgeHelper::Meet(std::size_t site, std::size_t other)
{
    EdgeConfig& config = m_sites[site].config;
    const auto [found, isNew] =
        m_sites[site].to.emplace(other, static_cast<uint16_t>(config.peers.size()));
    if (isNew)
    {
        weft::sdwan::EdgePeer peer;
        peer.name = m_sites[other].config.name;
        peer.flowIdTopBit = site > other;
        peer.prefixes = m_sites[other].config.lan;
        config.peers.push_back(peer);
    }
    return found->second;
}

void
EdgeHelper::CheckOpen() const
{
    if (m_installed)
    {
        throw std::logic_error("SD-WAN helper: nothing can be added after Install()");
    }
}

} // namespace sdwan
} // namespace ns3
